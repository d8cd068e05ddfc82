/* huyang bench: the figures the design promises, each beside its yardstick from the same run. It measures and
 * tells; it asserts nothing. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "core/log.h"
#include "core/text.h"

enum { REPORT_BYTES_MAX = 1 << 20, REMOVE_FDS = 16 };

static const struct row {
    const char *name, *help;
    void (*run)(struct bench *bench);
} rows[] = {
    {"core", "decode, detect and alert on one core, 2,000 and 1,000,000 residents", bench_core},
    {"store", "a durable commit of 500 events", bench_store},
    {"pipeline", "the gateway's CPU per event beside a bare MQTT client's", bench_pipeline},
    {"latency", "an SOS to the first prompt and the first HTTPS message", bench_latency},
    {"restart", "kill -9 until ready again; 1,000,000 residents until ready", bench_restart},
    {"memory", "the gateway's memory, one county and per resident", bench_memory},
    {"tls", "a county of devices with a TLS connection each", bench_tls},
    {"alerts", "100,000 open alerts: raising, ticks, the start, a page of the list", bench_alerts},
    {"desk", "the same latency without and with 1,000 pages on the stream", bench_desk},
    {"lists", "the desk's lists over HTTP, 100,000 residents", bench_lists},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char help[] =
    "usage: huyang bench [--row NAME]... [--quick] [--folder DIR] [--json FILE]\n"
    "\n"
    "Measures the gateway on this machine, each figure beside a yardstick from the same run, and prints\n"
    "them as a table. Nothing is asserted: the exit status tells only whether everything could be\n"
    "measured. A whole run takes about ten minutes and 5 GB of memory; let nothing else run meanwhile.\n"
    "\n"
    "  --row NAME    only this row; may be given again. All when it is not given:\n"
    "                core      decode, detect and alert on one core, 2,000 and 1,000,000 residents\n"
    "                store     a durable commit of 500 events\n"
    "                pipeline  the gateway's CPU per event beside a bare MQTT client's\n"
    "                latency   an SOS to the first prompt and the first HTTPS message\n"
    "                restart   kill -9 until ready again; 1,000,000 residents until ready\n"
    "                memory    the gateway's memory, one county and per resident\n"
    "                tls       a county of devices with a TLS connection each\n"
    "                alerts    100,000 open alerts: raising, ticks, the start, a page of the list\n"
    "  --quick       small and short: shows that it works, not how fast it is\n"
    "  --folder DIR  where the databases are made and removed (default $TMPDIR or /tmp): its disk is "
    "measured\n"
    "  --json FILE   the same figures as JSON (- = standard output, without the table)\n"
    "\n"
    "huyang-gateway is taken from beside this program, mosquitto from the system (package mosquitto).\n"
    "\n"
    "examples:\n"
    "  huyang bench --row core --row store\n"
    "  huyang bench --json figures.json\n"
    "\n"
    "exit status: 0 measured, 1 something could not be measured, 2 wrong usage\n";

/* ---- what rows use ---- */

double bench_mono_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_values(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_quantile(double *values, size_t count, double part)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), compare_values);
    size_t rank = (size_t)(part * (double)count + 0.999999);
    rank = rank > 0 ? rank - 1 : 0;
    return values[rank < count ? rank : count - 1];
}

void bench_add(struct bench *bench, const struct bench_figure *figure)
{
    if (bench->count == BENCH_FIGURES_MAX)
        abort();
    bench->figures[bench->count++] = *figure;
}

void bench_missing(struct bench *bench, const char *row, const char *name, const char *why, ...)
{
    struct bench_figure figure = {.row = row, .missing = true, .unit = ""};
    va_list args;
    va_start(args, why);
    vsnprintf(figure.note, sizeof(figure.note), why, args);
    va_end(args);
    text_copy(figure.name, sizeof(figure.name), name);
    bench_add(bench, &figure);
}

void bench_say(const struct bench *bench, const char *format, ...)
{
    if (!bench->progress)
        return;
    va_list args;
    va_start(args, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
}

/* ---- the run ---- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static bool make_folder(struct bench *bench, const char *parent)
{
    if (parent == NULL)
        parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0')
        parent = "/tmp";
    const int len = snprintf(bench->folder, sizeof(bench->folder), "%s/huyang-bench-XXXXXX", parent);
    if (len > 0 && (size_t)len < sizeof(bench->folder) - 64 && mkdtemp(bench->folder) != NULL)
        return true;
    fprintf(stderr, "huyang bench: no folder can be made in %s: %s\n", parent, strerror(errno));
    return false;
}

static bool write_json(const struct bench *bench, const char *path)
{
    struct buf json;
    buf_init(&json, REPORT_BYTES_MAX);
    bench_json(bench, &json);
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    bool well = file != NULL && fwrite(json.data, 1, json.len, file) == json.len;
    if (file != NULL)
        well = (file == stdout ? fflush(file) : fclose(file)) == 0 && well;
    buf_release(&json);
    if (!well)
        fprintf(stderr, "huyang bench: %s cannot be written: %s\n", path, strerror(errno));
    return well;
}

static int report(const struct bench *bench, const char *json)
{
    struct buf table;
    int status = 0;
    if (json == NULL || strcmp(json, "-") != 0) {
        buf_init(&table, REPORT_BYTES_MAX);
        bench_table(bench, &table);
        fputs(buf_text(&table), stdout);
        fflush(stdout);
        buf_release(&table);
    }
    if (json != NULL && !write_json(bench, json))
        status = 1;
    for (unsigned i = 0; i < bench->count; i++)
        if (bench->figures[i].missing)
            status = 1;
    return status;
}

static int find_row(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

static int run_role(int argc, char **argv)
{
    log_init(LOG_ERROR, 2);
    if (argc >= 3 && strcmp(argv[2], "bare") == 0)
        return bench_bare_main(argc - 2, argv + 2);
    if (argc >= 3 && strcmp(argv[2], "load") == 0)
        return bench_load_main(argc - 2, argv + 2);
    return 2;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{"row", required_argument, NULL, 'r'},
                                            {"quick", no_argument, NULL, 'q'},
                                            {"folder", required_argument, NULL, 'f'},
                                            {"json", required_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    if (argc >= 2 && strcmp(argv[1], "--role") == 0)
        return run_role(argc, argv);
    const char *json = NULL, *parent = NULL;
    bool chosen[ROWS] = {false}, any = false;
    struct bench *bench = calloc(1, sizeof(*bench));
    if (bench == NULL)
        return 1;
    int option, status = 2;
    while ((option = getopt_long(argc, argv, "r:qf:j:", options, NULL)) >= 0) {
        const int row = option == 'r' ? find_row(optarg) : 0;
        if (row < 0)
            fprintf(stderr, "huyang bench: there is no row '%s'; see huyang bench --help\n", optarg);
        if (row < 0 || option == '?')
            goto out;
        if (option == 'r')
            chosen[row] = any = true;
        else if (option == 'q')
            bench->quick = true;
        else
            *(option == 'f' ? &parent : &json) = optarg;
    }
    if (optind != argc) {
        fprintf(stderr, "huyang bench: '%s' is not expected; see huyang bench --help\n", argv[optind]);
        goto out;
    }
    log_init(LOG_ERROR, 2);
    bench->progress = isatty(2) == 1;
    const ssize_t len = readlink("/proc/self/exe", bench->self, sizeof(bench->self) - 1);
    status = 1;
    if (len <= 0 || !make_folder(bench, parent))
        goto out;
    for (int i = 0; i < ROWS; i++)
        if (!any || chosen[i])
            rows[i].run(bench);
    bench_say(bench, "%s", "");
    status = report(bench, json);
    nftw(bench->folder, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS);
out:
    free(bench);
    return status;
}

extern const struct command cmd_bench;
const struct command cmd_bench = {.name = "bench",
                                  .summary = "measure this machine against the design's targets",
                                  .help = help,
                                  .run = run};
