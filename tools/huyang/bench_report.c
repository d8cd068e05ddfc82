/* The figures as a table for people and as JSON for machines, with the facts of the machine they come from.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"
#include "core/clock.h"
#include "core/text.h"

enum { LINE_SIZE = 512, WRAP_AT = 96 };

struct facts {
    char cpu[128], kernel[160], disk[160], when[CLOCK_TEXT_SIZE];
    long cores;
    double memory_gib, load; /* load: of the last minute, when the bench ended */
};

/* The text after "KEY : " of the first line that begins with KEY. */
static void read_key(const char *path, const char *key, char *to, size_t size)
{
    char line[LINE_SIZE];
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *value = strchr(line, ':');
        value = value != NULL ? value + 1 + strspn(value + 1, " \t") : line;
        line[strcspn(line, "\n")] = '\0';
        text_copy(to, size, value);
        break;
    }
    if (file != NULL)
        fclose(file);
}

static const char *file_system_name(long type)
{
    switch ((unsigned long)type) {
    case 0xEF53: return "ext4";
    case 0x58465342: return "xfs";
    case 0x9123683E: return "btrfs";
    case 0x01021994: return "tmpfs (memory: fsync costs nothing)";
    case 0x794C7630: return "overlayfs";
    case 0x2FC12FC1: return "zfs";
    default: return "other file system";
    }
}

/* What the databases were written to: file system, and the kind of device as far as the kernel tells. */
static void read_disk(const char *folder, char *to, size_t size)
{
    struct statfs system;
    struct stat status;
    if (statfs(folder, &system) != 0 || stat(folder, &status) != 0)
        return;
    char path[128], kind = 0, target[256] = "";
    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(status.st_dev), minor(status.st_dev));
    const ssize_t len = readlink(path, target, sizeof(target) - 1);
    const char *device = len > 0 ? strrchr(target, '/') : NULL;
    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/rotational", major(status.st_dev),
             minor(status.st_dev));
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fread(&kind, 1, 1, file) != 1)
            kind = 0;
        fclose(file);
    }
    snprintf(to, size, "%s on %s, %s", file_system_name((long)system.f_type),
             device != NULL ? device + 1 : "a device without a name",
             kind == '1'   ? "rotating (or a virtual disk that says so)"
             : kind == '0' ? "not rotating"
                           : "kind unknown");
}

static void collect(const struct bench *bench, struct facts *facts)
{
    struct utsname name;
    double loads[1];
    *facts = (struct facts){.cpu = "unknown", .disk = "unknown"};
    facts->cores = sysconf(_SC_NPROCESSORS_ONLN);
    facts->memory_gib = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 1073741824.0;
    read_key("/proc/cpuinfo", "model name", facts->cpu, sizeof(facts->cpu));
    if (uname(&name) == 0)
        snprintf(facts->kernel, sizeof(facts->kernel), "%.60s %.60s %.20s", name.sysname, name.release,
                 name.machine);
    read_disk(bench->folder, facts->disk, sizeof(facts->disk));
    if (getloadavg(loads, 1) == 1)
        facts->load = loads[0];
    clock_format(NULL, clock_now().wall_ms, facts->when);
}

/* ---- verdicts ---- */

static double ratio_of(const struct bench_figure *figure)
{
    return figure->yardstick != NULL && figure->yardstick_value > 0 ? figure->value / figure->yardstick_value
                                                                    : 0;
}

static bool has_target(const struct bench_figure *figure)
{
    return figure->at_least > 0 || figure->at_most > 0;
}

static bool is_met(const struct bench_figure *figure)
{
    const double value = figure->of_ratio ? ratio_of(figure) : figure->value;
    return !figure->failed && (figure->at_least <= 0 || value >= figure->at_least) &&
           (figure->at_most <= 0 || value <= figure->at_most);
}

static const char *verdict(const struct bench_figure *figure)
{
    if (figure->missing)
        return "not measured";
    if (!has_target(figure))
        return "";
    return is_met(figure) ? "met" : "NOT MET";
}

/* Three digits that matter, thousands apart. */
static void put_number(char *to, size_t size, double value)
{
    char digits[48];
    const double size_of = fabs(value);
    const int places = size_of >= 100 ? 0 : size_of >= 10 ? 1 : 2;
    snprintf(digits, sizeof(digits), "%.*f", places, value);
    const size_t whole = strcspn(digits, ".");
    const size_t sign = digits[0] == '-' ? 1 : 0;
    size_t at = 0;
    for (size_t i = 0; digits[i] != '\0' && at + 2 < size; i++) {
        if (i > sign && i < whole && (whole - i) % 3 == 0)
            to[at++] = ',';
        to[at++] = digits[i];
    }
    to[at] = '\0';
}

static void put_target(const struct bench_figure *figure, char *to, size_t size)
{
    char number[48];
    to[0] = '\0';
    if (!has_target(figure))
        return;
    put_number(number, sizeof(number), figure->at_least > 0 ? figure->at_least : figure->at_most);
    snprintf(to, size, "%s %s%s", figure->at_least > 0 ? ">=" : "<=", number, figure->of_ratio ? "x" : "");
}

/* ---- the table ---- */

static void put_wrapped(struct buf *out, const char *text)
{
    while (*text != '\0') {
        size_t len = strlen(text);
        if (len > WRAP_AT) {
            len = WRAP_AT;
            while (len > 0 && text[len] != ' ')
                len--;
            len = len == 0 ? WRAP_AT : len;
        }
        buf_printf(out, "           %.*s\n", (int)len, text);
        text += len + (text[len] == ' ');
    }
}

static void put_figure(const struct bench_figure *figure, struct buf *out)
{
    char value[48] = "-", beside[48] = "", ratio[48] = "", target[64];
    if (!figure->missing)
        put_number(value, sizeof(value), figure->value);
    if (figure->yardstick != NULL && !figure->missing) {
        put_number(beside, sizeof(beside), figure->yardstick_value);
        snprintf(ratio, sizeof(ratio), "%.2fx", ratio_of(figure));
    }
    put_target(figure, target, sizeof(target));
    buf_printf(out, "%-9s %-52s %14s %-15s %14s %8s %13s  %s\n", figure->row, figure->name, value,
               figure->unit, beside, ratio, target, verdict(figure));
    if (figure->yardstick != NULL && !figure->missing)
        buf_printf(out, "           beside: %s\n", figure->yardstick);
    put_wrapped(out, figure->note);
}

void bench_table(const struct bench *bench, struct buf *out)
{
    struct facts facts;
    collect(bench, &facts);
    buf_printf(out, "%-9s %-52s %14s %-15s %14s %8s %13s\n", "row", "what", "measured", "unit", "yardstick",
               "ratio", "target");
    for (unsigned i = 0; i < bench->count; i++)
        put_figure(&bench->figures[i], out);
    buf_printf(out, "\n%ld cores, %s; %.0f GiB; %s\ndisk: %s\n%s, load average at the end %.2f%s\n",
               facts.cores, facts.cpu, facts.memory_gib, facts.kernel, facts.disk, facts.when, facts.load,
               bench->quick ? "\n--quick: shows that it works, not how fast it is" : "");
}

/* ---- JSON ---- */

static void put_string(struct buf *out, const char *key, const char *text)
{
    buf_printf(out, ",\"%s\":", key);
    buf_json_string(out, text);
}

static void put_real(struct buf *out, const char *key, double value)
{
    buf_printf(out, ",\"%s\":%.9g", key, isfinite(value) ? value : 0.0);
}

static void put_json_figure(const struct bench_figure *figure, struct buf *out)
{
    buf_puts(out, "{\"row\":");
    buf_json_string(out, figure->row);
    put_string(out, "name", figure->name);
    if (!figure->missing) {
        put_real(out, "value", figure->value);
        put_string(out, "unit", figure->unit);
    }
    if (figure->yardstick != NULL && !figure->missing) {
        put_string(out, "yardstick", figure->yardstick);
        put_real(out, "yardstick_value", figure->yardstick_value);
        put_real(out, "ratio", ratio_of(figure));
    }
    if (has_target(figure)) {
        put_string(out, "target_of", figure->of_ratio ? "ratio" : "value");
        put_real(out, figure->at_least > 0 ? "at_least" : "at_most",
                 figure->at_least > 0 ? figure->at_least : figure->at_most);
        if (!figure->missing)
            buf_printf(out, ",\"met\":%s", is_met(figure) ? "true" : "false");
    }
    buf_printf(out, ",\"measured\":%s", figure->missing ? "false" : "true");
    if (figure->note[0] != '\0')
        put_string(out, "note", figure->note);
    buf_putc(out, '}');
}

void bench_json(const struct bench *bench, struct buf *out)
{
    struct facts facts;
    collect(bench, &facts);
    buf_printf(out, "{\"quick\":%s,\"machine\":{\"cores\":%ld", bench->quick ? "true" : "false", facts.cores);
    put_string(out, "cpu", facts.cpu);
    put_real(out, "memory_gib", facts.memory_gib);
    put_string(out, "kernel", facts.kernel);
    put_string(out, "disk", facts.disk);
    put_string(out, "ended", facts.when);
    put_real(out, "load_average", facts.load);
    buf_puts(out, "},\"figures\":[\n");
    for (unsigned i = 0; i < bench->count; i++) {
        put_json_figure(&bench->figures[i], out);
        buf_puts(out, i + 1 < bench->count ? ",\n" : "\n");
    }
    buf_puts(out, "]}\n");
}
