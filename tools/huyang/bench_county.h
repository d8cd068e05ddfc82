/* A made-up county for a row: the registry folder (homes.h), read; and what the process itself costs. */
#ifndef HUYANG_TOOLS_BENCH_COUNTY_H
#define HUYANG_TOOLS_BENCH_COUNTY_H

#include "bench.h"
#include "config.h"
#include "gateway.h"
#include "registry/registry.h"

#define BENCH_COUNTY "654321"

struct bench_county {
    char folder[BENCH_PATH_SIZE];
    struct tz *tz;
    struct registry *registry;
    struct config config; /* the defaults */
};

/* Writes the folder when it is not there yet. False: `errors` says why. */
bool bench_county_write(const struct bench *bench, unsigned homes, char folder[BENCH_PATH_SIZE],
                        struct buf *errors);
bool bench_county_open(const struct bench *bench, unsigned homes, struct bench_county *ret_county,
                       struct buf *errors);
/* Only reads a folder that is there. */
bool bench_county_read(const char *folder, struct bench_county *ret_county, struct buf *errors);
void bench_county_release(struct bench_county *county);
/* A fold over it, without relays. NULL when memory is short. */
struct gateway *bench_county_gateway(const struct bench_county *county);

/* Resident bytes of a process, 0 = this one; 0 when it is gone. */
double bench_rss(int pid);
/* CPU seconds a process used since it started, all its threads; 0 when it is gone. */
double bench_process_cpu_s(int pid);

#endif
