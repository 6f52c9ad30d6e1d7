/*
 * long_record - the row files of a run of so many hours at 100 samples a second,
 * made up: a leak with a sawtooth of page cache on top, one sample far above all
 * others (PEAK), a request every two seconds.  Writes samples.csv, requests.csv and app.jsonl
 * into a folder that holds a run.json.
 *
 *   long_record FOLDER HOURS
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"

#define HZ 100
#define PEAK 222298112ULL

static FILE *create(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *out = fopen(path, "we");
	if (out == NULL) {
		perror(path);
		exit(2);
	}
	free(path);
	return out;
}

static void finish(FILE *out)
{
	if (fclose(out) != 0) {
		perror("fclose");
		exit(2);
	}
}

static void write_samples(FILE *out, unsigned long long rows)
{
	fputs("t_ns,lateness_ns,reason,usage_bytes,anon_bytes,file_bytes,shmem_bytes,mapped_file_bytes,dirty_bytes,"
	      "writeback_bytes,kernel_bytes,sock_bytes,unevictable_bytes,inactive_file_bytes,swap_bytes,major_faults,"
	      "oom_kills,"
	      "limit_hits,under_oom,slab_reclaimable_bytes,ooms,oom_kills_local,pressure_some_us,pressure_full_us,high_"
	      "hits,"
	      "oom_group_kills,processes,rss_anon_bytes,rss_file_bytes,rss_shmem_bytes,main_rss_anon_bytes,vm_hwm_"
	      "bytes,threads,"
	      "open_files,disk_data_bytes,disk_wal_bytes,disk_tmp_bytes\n",
	      out);
	for (unsigned long long i = 0; i < rows; i++) {
		unsigned long long anon = (8ULL << 20) + i * (128ULL << 20) / rows / 4096 * 4096;
		unsigned long long file = i % 6000 * 16384, kernel = 2 << 20;
		if (i == rows / 3)
			anon = PEAK;
		fprintf(out,
			"%llu,12345,tick,%llu,%llu,%llu,0,65536,%llu,0,%llu,,0,%llu,0,3,0,%llu,0,,,,,,,,1,%llu,8736768,"
			"0,%llu,%llu,9,21,"
			"123456789,65536,0\n",
			i * (NS_PER_S / HZ), anon + file + kernel, anon, file, file / 8, kernel, file / 2, i / 500,
			anon, anon, anon);
	}
}

static void write_requests(FILE *out, unsigned long long seconds)
{
	fputs("sequence,phase,group,client,kind,end,status,object,offset,size_bytes,sent_bytes,received_bytes,intended_"
	      "ns,"
	      "started_ns,connected_ns,first_byte_ns,finished_ns,verified,corrupt_at,curl_code,error,death\n",
	      out);
	for (unsigned long long s = 2; s < seconds; s += 2)
		fprintf(out,
			"%llu,load,\"tabs\",1,upload,ok,200,%llu,0,1000000,1000000,20,%llu,%llu,%llu,%llu,%llu,,,0,"
			"\"\",\n",
			s / 2, s / 2, (s - 1) * NS_PER_S, (s - 1) * NS_PER_S, (s - 1) * NS_PER_S + 1000,
			s * NS_PER_S - 2000, s * NS_PER_S - s % 7 * 100000000);
}

static void write_figures(FILE *out, unsigned long long seconds)
{
	for (unsigned long long s = 0; s < seconds; s++)
		fprintf(out, "{\"t_ns\":%llu,\"figures\":{\"heapUsed\":%llu,\"external\":65536,\"rss\":99999744}}\n",
			s * NS_PER_S, 4000000 + s * 1000);
}

int main(int argc, char **argv)
{
	if (argc != 3 || atof(argv[2]) <= 0) {
		fprintf(stderr, "usage: long_record FOLDER HOURS\n");
		return 2;
	}
	unsigned long long seconds = (unsigned long long)(atof(argv[2]) * 3600);
	FILE *out = create(argv[1], "samples.csv");
	write_samples(out, seconds * HZ);
	finish(out);
	out = create(argv[1], "requests.csv");
	write_requests(out, seconds);
	finish(out);
	out = create(argv[1], "app.jsonl");
	write_figures(out, seconds);
	finish(out);
	return 0;
}
