/* Temporary: lets `huyang` link while the bench rows are written. Delete with the last of them. */
#include "bench.h"

#define PENDING __attribute__((weak))
PENDING void bench_pipeline(struct bench *bench) { (void)bench; }
PENDING void bench_latency(struct bench *bench) { (void)bench; }
PENDING void bench_restart(struct bench *bench) { (void)bench; }
PENDING void bench_memory(struct bench *bench) { (void)bench; }
PENDING int bench_bare_main(int argc, char **argv) { (void)argc; (void)argv; return 2; }
PENDING int bench_load_main(int argc, char **argv) { (void)argc; (void)argv; return 2; }
