/* A webhook's far end with a stopwatch, over TLS as real ones are: answers 200 to everything and remembers
 * when each alert was first heard of. A thread of its own; loopback only. */
#ifndef HUYANG_TOOLS_BENCH_RECEIVER_H
#define HUYANG_TOOLS_BENCH_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>

struct bench_receiver;
/* Signs a certificate for itself and writes it to `ca_path`, for whoever shall trust it. NULL: it did not
 * work. */
struct bench_receiver *bench_receiver_new(const char *ca_path);
void bench_receiver_free(struct bench_receiver *receiver);
unsigned bench_receiver_port(const struct bench_receiver *receiver);
/* How many alerts it has heard of. */
size_t bench_receiver_count(struct bench_receiver *receiver);
/* Waits until it has heard of more than `count` alerts and gives the time (bench_mono_s) of number count.
 * False when that did not come by `until`. */
bool bench_receiver_wait(struct bench_receiver *receiver, size_t count, double until_s, double *ret_s);

#endif
