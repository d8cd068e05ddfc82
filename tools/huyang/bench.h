/* The inside of `huyang bench`: what its rows share. A row measures one promise of the design beside its
 * yardstick, in the same run, and adds figures; nothing here decides whether the program is good. One thread,
 * but for what a row starts itself. */
#ifndef HUYANG_TOOLS_BENCH_H
#define HUYANG_TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

enum { BENCH_FIGURES_MAX = 96, BENCH_NAME_SIZE = 96, BENCH_NOTE_SIZE = 384, BENCH_PATH_SIZE = 512 };

/* One measured number. A member that is 0 or "" says nothing. */
struct bench_figure {
    const char *row; /* static */
    char name[BENCH_NAME_SIZE];
    const char *unit; /* static */
    double value;
    const char *yardstick; /* what was measured beside it, in the same unit; NULL = nothing. Static */
    double yardstick_value;
    double at_least, at_most; /* the target; 0 = none on that side */
    bool of_ratio;            /* the target is about value / yardstick_value */
    bool failed;              /* the target is not met whatever the number says; the note says why */
    bool missing;             /* it could not be measured; the note says why */
    char note[BENCH_NOTE_SIZE];
};

struct bench {
    bool quick;
    bool progress;                /* somebody watches */
    char folder[BENCH_PATH_SIZE]; /* temporary, emptied at the end */
    char self[BENCH_PATH_SIZE];   /* the program that runs */
    struct bench_figure figures[BENCH_FIGURES_MAX];
    unsigned count;
};

/* Adds a copy; what is past BENCH_FIGURES_MAX is a bug. */
void bench_add(struct bench *bench, const struct bench_figure *figure);
/* A figure that could not be had, and why. */
__attribute__((format(printf, 4, 5))) void bench_missing(struct bench *bench, const char *row,
                                                         const char *name, const char *why, ...);
/* One line that replaces the last one, on a terminal only. */
__attribute__((format(printf, 2, 3))) void bench_say(const struct bench *bench, const char *format, ...);

/* bench_report.c: both append. The table ends with the facts about the machine. */
void bench_table(const struct bench *bench, struct buf *out);
void bench_json(const struct bench *bench, struct buf *out);

/* The rows. */
void bench_core(struct bench *bench);
void bench_store(struct bench *bench);
void bench_pipeline(struct bench *bench);
void bench_latency(struct bench *bench);
void bench_restart(struct bench *bench);
void bench_memory(struct bench *bench);
void bench_tls(struct bench *bench);
void bench_alerts(struct bench *bench);
void bench_desk(struct bench *bench);
void bench_lists(struct bench *bench);

/* What the bench runs in processes of their own: `huyang bench --role NAME …`. Each says "ready" on standard
 * output. */
int bench_bare_main(int argc, char **argv); /* --url URL --county CODE */
int bench_load_main(int argc, char **argv); /* --port P --county CODE --registry DIR --rate R --seconds S … */

/* Seconds, of a clock that only goes forward; of this thread's own CPU time. */
double bench_mono_s(void);
double bench_cpu_s(void);
/* The value below which `part` (0..1) of the sorted copy lies, by the nearest rank. `values` are reordered.
 */
double bench_quantile(double *values, size_t count, double part);

#endif
