/* run/alloc_words.c: what programs print when an allocation has failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "run/alloc_words.h"

/* In pieces of that many bytes. */
static void find(const char *log, size_t len, size_t piece, char *out, size_t size)
{
	struct alloc_words a;
	alloc_words_init(&a);
	for (size_t at = 0; at < len; at += piece)
		alloc_words_feed(&a, log + at, len - at < piece ? len - at : piece);
	alloc_words_first(&a, out, size);
	alloc_words_release(&a);
}

static void test_words_of_runtimes(void **state)
{
	static const char *const rows[] = {
		"chunkserver: cannot allocate 67108864 bytes",
		"fork: Cannot allocate memory",
		"fatal error: runtime: out of memory",
		"runtime: cannot allocate memory",
		"fatal error: out of memory (stackalloc)",
		"fatal error: runtime: cannot map pages in arena address space",
		"runtime: failed to create new OS thread (have 9 already; errno=12)",
		"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
		"FATAL ERROR: invalid array length Allocation failed - JavaScript heap out of memory",
		"FATAL ERROR: CALL_AND_RETRY_LAST Allocation failed - process out of memory",
		"# Fatal process OOM in insufficient memory to create an Isolate",
		"# Fatal JavaScript invalid size error 169220804",
		"#\tFatal JavaScript invalid size error 169220804 (see crbug.com/1201626)",
		"RangeError: Array buffer allocation failed",
		"Error [ERR_WORKER_OUT_OF_MEMORY]: Worker terminated due to reaching memory limit: JS heap out of "
		"memory",
		"Error: spawn ENOMEM",
		"RangeError: WebAssembly.Memory(): could not allocate memory",
		"memory allocation of 8388608 bytes failed",
		"thread 'main' panicked at src/main.rs:4: TryReserveError { kind: AllocError { layout: Layout { size: "
		"8 } } }",
		"Error: Os { code: 12, kind: OutOfMemory, message: \"Cannot allocate memory\" }",
		"Cannot allocate memory (os error 12)",
		"terminate called after throwing an instance of 'std::bad_alloc'",
		"libc++abi: terminating due to uncaught exception of type std::bad_alloc: std::bad_alloc",
		"  what():  std::bad_alloc",
		"java.lang.OutOfMemoryError: Java heap space",
		"Exception in thread \"main\" java.lang.OutOfMemoryError: unable to create native thread",
		"# There is insufficient memory for the Java Runtime Environment to continue.",
		"# Native memory allocation (mmap) failed to map 16384 bytes for committing reserved memory.",
		"OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x1, 2, 0) failed; error='Not enough space' "
		"(errno=12)",
		"Error: Could not reserve enough space for object heap",
		"Could not reserve enough space for 2097152KB object heap",
		"java.io.IOException: error=12, Not enough space",
		"MemoryError",
		"numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array",
		"pyarrow.lib.ArrowMemoryError: malloc of size 4294967296 failed",
		"OSError: [Errno 12] Cannot allocate memory",
		"RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate 40 bytes",
		"Unable to allocate 7.45 GiB for an array with shape (1000, 1000)",
		"server.rb:3:in `*': failed to allocate memory (NoMemoryError)",
		"[FATAL] failed to allocate memory",
		"eheap_alloc: Cannot allocate 1318267840 bytes of memory (of type \"heap\").",
		"binary_alloc: Cannot reallocate 268435496 bytes of memory (of type \"binary\").",
		"Unhandled exception. System.OutOfMemoryException: Array dimensions exceeded supported range.",
		"System.InsufficientMemoryException: Insufficient memory to continue the execution of the program.",
		"GC heap initialization failed with error 0x8007000E",
		"Failed to create CoreCLR, HRESULT: 0x8007000E",
		"Fatal error: exception Out_of_memory",
		"Fatal error: exception Stdlib.Out_of_memory",
		"PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480)",
		"PHP Fatal error:  Out of memory (allocated 2097152) (tried to allocate 20480 bytes)",
		"Out of memory!",
		"Out of memory in perl:util:safesysrealloc",
		"srv: Heap exhausted;",
		"srv: internal error: Unable to commit 1048576 bytes of memory",
		"lua: not enough memory",
		"PANIC: unprotected error in call to Lua API (not enough memory)",
		"Error: cannot allocate vector of size 7.5 Gb",
		"Error: vector memory exhausted (limit reached?)",
		"Exhausted heap space, trying to allocate 1048592 bytes.",
		"<jemalloc>: Error in malloc(): out of memory",
		"src/tcmalloc.cc:332] Unable to allocate 1048576 bytes (new failed)",
		"mimalloc: error: unable to allocate OS memory (error: 12 (0x000C), size: 1 bytes)",
		"==7==ERROR: AddressSanitizer: out-of-memory: allocator is trying to allocate 0x1 bytes",
		"GLib-ERROR **: gmem.c:106: failed to allocate 1048576 bytes",
		"[emerg] 7#0: malloc(16384) failed (12: Cannot allocate memory)",
		"[alert] 7#7: posix_memalign(16, 16384) failed",
		"[crit] 7#0: ngx_slab_alloc() failed: no memory",
		"[crit] Memory allocation failed, aborting process.",
		"(12)Cannot allocate memory: AH00159: fork: Unable to fork new process",
		"mysqld: Out of memory (Needed 131072 bytes)",
		"InnoDB: mmap(137363456 bytes) failed; errno 12",
		"FATAL:  out of memory",
		"ERROR:  invalid memory alloc request size 1073741824",
		"# Out Of Memory allocating 1048576 bytes!",
		"bash: xrealloc: cannot allocate 18446744071562067968 bytes",
		"make: *** virtual memory exhausted",
		"sed: memory exhausted",
		"error: SQLITE_NOMEM",
		"OUT OF MEMORY",
		"{\"level\":\"fatal\",\"msg\":\"failed to allocate memory\",\"file\":\"a.bin\"}",
		"level=error msg=\"runtime: out of memory\" path=/upload",
		"\"out of memory\"",
		"2026-01-01 [error] upload failed: out of memory",
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[512] = "";
		find(rows[i], strlen(rows[i]), 3, out, sizeof(out));
		if (strcmp(out, rows[i]) != 0 && ++wrong)
			print_error("'%s': got '%s'\n", rows[i], out);
	}
	assert_int_equal(wrong, 0);
}

/* Such words, but about something else, or about what has not happened. */
static void test_words_about_something_else(void **state)
{
	static const char *const rows[] = {
		"",
		"listening on port 8080",
		"failed to allocate port 8080",
		"cannot allocate a slot: memory cache is warm",
		"cannot allocate file descriptor",
		"memory: 64 MiB",
		"127.0.0.1 - - [01/Jan/2026] \"PUT /out of memory.txt HTTP/1.1\" 201 -",
		"127.0.0.1 - - [01/Jan/2026] \"GET /docs?q=out of memory HTTP/1.1\" 200 -",
		"PUT /files/out of memory 201",
		"stored 'MemoryError.pdf', 12 bytes",
		"stored \"cannot allocate memory\" as object 4",
		"stored MemoryError.pdf, 12 bytes",
		"stored OutOfMemoryError.java (3 MB)",
		"stored my OutOfMemory-2.log",
		"saved out of memory.docx",
		"upload name=\"out of memory\" size=4",
		"{\"level\":\"info\",\"msg\":\"stored\",\"name\":\"out of memory\"}",
		"{\"level\":\"info\",\"msg\":\"stored out of memory.txt\"}",
		"GET https://example.org/java.lang.OutOfMemoryError 200",
		"java -XX:+ExitOnOutOfMemoryError -XX:OnOutOfMemoryError=true -jar s.jar",
		"Picked up JAVA_TOOL_OPTIONS: -XX:+HeapDumpOnOutOfMemoryError",
		"WARNING overcommit_memory is set to 0! Background save may fail under low memory condition",
		"a smaller pool avoids out of memory",
		"the server may run out of memory with 9 workers",
		"    raise MemoryError",
		"    throw new OutOfMemoryError();",
		"installed the out of memory handler",
		"\tat java.base/java.lang.OutOfMemoryError.<init>(OutOfMemoryError.java:48)",
		" 3: 0xb7 v8::internal::V8::FatalProcessOutOfMemory(v8::internal::Isolate*) [node]",
		"Not enough space on the device",
		"upload refused: not enough space",
		"port allocation failed",
		"[7:0x1] 9 ms: Scavenge 58.5 (60.2) -> 58.0 (60.7) MB, 1 / 0.00 ms (average mu = 0.3) allocation "
		"failure;",
		"[GC (Allocation Failure)  33280K->9000K(125952K), 0.0100 secs]",
		"[0.5s][info][gc] GC(3) Pause Young (Allocation Failure) 34M->9M(123M) 5.0ms",
		"errno=128",
		"ERROR:  out of shared memory",
		"tcmalloc: large alloc 1073741824 bytes == 0x1 @",
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[512] = "";
		find(rows[i], strlen(rows[i]), 3, out, sizeof(out));
		if (out[0] != '\0' && ++wrong)
			print_error("'%s' was taken for a failed allocation\n", rows[i]);
	}
	assert_int_equal(wrong, 0);
}

/* The first line of a failure, not what it led to; of two failures far apart the last. */
static void test_the_line_that_tells_the_cause(void **state)
{
	static const char node[] =
		"<--- Last few GCs --->\n\n[7:0x1] 9 ms: Mark-sweep (reduce) 254.2 (257.1) -> 253.9 (257.4) MB\n"
		"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n"
		" 1: 0xb7a940 node::Abort() [node]\n 2: 0xa8e823 node::OOMErrorHandler(char const*) [node]\n"
		" 3: 0xd5c990 v8::Utils::ReportOOMFailure() out of memory [node]\n";
	static const char log[] = "start\nbinary\0junk\nMemoryError: b\0c\nstd::bad_\0alloc\nout of memory\nbye";
	char out[512] = "", cut[8] = "";

	(void)state;
	find(node, sizeof(node) - 1, 7, out, sizeof(out));
	assert_string_equal(out, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory");
	find(log, sizeof(log) - 1, 1, out, sizeof(out));
	assert_string_equal(out, "MemoryError: b?c");
	find(log, sizeof(log) - 1, sizeof(log), cut, sizeof(cut));
	assert_string_equal(cut, "MemoryE");
	find("", 0, 1, out, sizeof(out));
	assert_string_equal(out, "MemoryError: b?c");

	char *far = calloc(1, 20000), *end = far;
	end += sprintf(end, "out of memory, evicting\n");
	for (int i = 0; i < 2000; i++)
		end += sprintf(end, "ok %d\n", i);
	sprintf(end, "fatal: memory exhausted\nout of memory\n");
	find(far, strlen(far), 100, out, sizeof(out));
	assert_string_equal(out, "fatal: memory exhausted");
	free(far);
}

/* No newline at all, words across the border of two parts: found, shown with what is around them, in flat memory. */
static void test_endless_lines(void **state)
{
	static char log[3 * ALLOC_WORDS_LINE_MAX];
	static const char said[] = "<std::bad_alloc>";

	(void)state;
	for (size_t at = 0; at + sizeof(said) < sizeof(log); at += 509) {
		char out[512] = "";
		memset(log, 'x', sizeof(log));
		memcpy(log + at, said, sizeof(said) - 1);
		find(log, sizeof(log), 1000, out, sizeof(out));
		if (strstr(out, said) == NULL)
			fail_msg("at %zu: got '%s'", at, out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_runtimes),
		cmocka_unit_test(test_words_about_something_else),
		cmocka_unit_test(test_the_line_that_tells_the_cause),
		cmocka_unit_test(test_endless_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
