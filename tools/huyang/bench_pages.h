/* Pages that listen to the gateway's stream, as many as the row wants: read by a thread of this process, and
 * thrown away. */
#ifndef HUYANG_TOOLS_BENCH_PAGES_H
#define HUYANG_TOOLS_BENCH_PAGES_H

#include "bench_world.h"

struct bench_pages;
/* Lets this process and the gateway that it starts after this have files for `pages` of them. */
void bench_pages_room(unsigned pages);
/* NULL: see world->why. Each has heard the stream's greeting. */
struct bench_pages *bench_pages_new(struct bench_world *world, unsigned pages);
/* Alerts that all of them together have been told. */
unsigned long bench_pages_told(struct bench_pages *pages);
/* How many the gateway has given up. */
unsigned bench_pages_lost(struct bench_pages *pages);
void bench_pages_free(struct bench_pages *pages); /* NULL is fine */

#endif
