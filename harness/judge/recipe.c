#include "judge/recipe.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

#define MIB 1048576ULL

/*
 * V8 looks at buffers outside its heap after every 32 MiB of them (kExternalAllocationSoftLimit is 64 MiB); Go lets
 * the heap double (GOGC=100); the JVM and .NET may let theirs grow to what the cap allows.  Python and PHP count
 * references: what nobody uses goes at once.
 */
static const struct recipe recipes[] = {
	{ "node", "Node.js", 64 * MIB,
	  "start it with --expose-gc, call global.gc() twice, 300 ms apart, and answer 300 ms later (buffers are freed "
	  "after the collection); MALLOC_TRIM_THRESHOLD_=65536 lets glibc give back what was freed" },
	{ "go", "Go", 64 * MIB,
	  "call debug.FreeOSMemory() twice (finalizers run between), then answer; it collects and gives back at once" },
	{ "jvm", "a JVM", UINT64_MAX,
	  "call System.gc() (or jcmd PID GC.run), wait 1 s and answer; -XX:+UseSerialGC or "
	  "-XX:G1PeriodicGCInterval give the heap back, MALLOC_ARENA_MAX=2 bounds what is outside it" },
	{ "dotnet", ".NET", UINT64_MAX,
	  "call GC.Collect(), GC.WaitForPendingFinalizers(), GC.Collect() and wait 1 s; DOTNET_gcServer=0 and "
	  "DOTNET_GCConserveMemory=9 give the heap back" },
	{ "ruby", "Ruby", 64 * MIB,
	  "call GC.start(full_mark: true, immediate_sweep: true), wait 300 ms and answer; MALLOC_ARENA_MAX=2 or "
	  "jemalloc "
	  "keep glibc from holding what was freed" },
	{ "python", "Python", 0,
	  "call gc.collect() and ctypes.CDLL(None).malloc_trim(0), then answer; MALLOC_ARENA_MAX=2 bounds what "
	  "threads hold back" },
	{ "php", "PHP", 0, "call gc_collect_cycles() and gc_mem_caches() in each worker, then answer" },
};

const struct recipe *recipe_of(const char *runtime)
{
	for (size_t i = 0; i < COUNT(recipes); i++)
		if (strcmp(recipes[i].runtime, runtime) == 0)
			return &recipes[i];
	return NULL;
}
