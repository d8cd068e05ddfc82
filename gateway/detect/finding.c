/* Names of families and levels, and the sentence a finding explains itself with. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "detect/detector.h"

static const char *const family_names[FAMILY_COUNT] = {
#define X(name, text) [FAMILY_##name] = #text,
    FAMILY_MAP(X)
#undef X
};
static const char *const level_names[LEVEL_COUNT] = {
#define X(name, text) [LEVEL_##name] = #text,
    LEVEL_MAP(X)
#undef X
};

const char *family_name(enum family family)
{
    return (unsigned)family < FAMILY_COUNT ? family_names[family] : "none";
}

enum family family_from_name(const char *name)
{
    unsigned i = 0;
    while (i < FAMILY_COUNT && strcmp(family_names[i], name) != 0)
        i++;
    return (enum family)i;
}

const char *level_name(enum level level)
{
    return (unsigned)level < LEVEL_COUNT ? level_names[level] : "none";
}

enum level level_from_name(const char *name)
{
    unsigned i = 0;
    while (i < LEVEL_COUNT && strcmp(level_names[i], name) != 0)
        i++;
    return (enum level)i;
}

static const struct reason *reason_of(const struct finding *finding)
{
    static const struct reason unknown = {"unknown", "Unknown reason", "原因不明"};
    if (finding->detector >= detector_count())
        return &unknown;
    const struct detector *detector = detectors[finding->detector];
    return finding->reason < detector->reason_count ? &detector->reasons[finding->reason] : &unknown;
}

const char *finding_code(const struct finding *finding)
{
    return reason_of(finding)->code;
}

/* One placeholder, `len` bytes between the braces. Anything the table's author got wrong is shown as it
 * stands. */
static void put_placeholder(const char *spec, size_t len, const struct finding *finding,
                            const struct registry *registry, const struct tz *tz, bool zh, struct buf *out)
{
    if (len == 9 && memcmp(spec, "announced", 9) == 0) {
        double kind = finding->numbers[3];
        buf_puts(out, announced_words(
                          kind > 0 && kind < ANNOUNCED_COUNT ? (enum announced)kind : ANNOUNCED_NONE, zh));
        return;
    }
    if (len == 4 && memcmp(spec, "zone", 4) == 0) {
        bool known =
            finding->zone != REGISTRY_NONE && finding->zone < registry_count(registry, REGISTRY_ZONE);
        buf_puts(out, known ? registry_zone(registry, finding->zone)->id : "?");
        return;
    }
    double number =
        len && spec[0] >= '0' && spec[0] < '0' + FINDING_NUMBERS ? finding->numbers[spec[0] - '0'] : 0;
    if (!isfinite(number) || fabs(number) > 1e15)
        number = 0;
    if (len == 1) {
        buf_printf(out, "%lld", llround(number));
    } else if (len == 3 && memcmp(spec + 1, ".1", 2) == 0) {
        buf_printf(out, "%.1f", number);
    } else if (len == 2 && spec[1] == 'm') {
        buf_printf(out, "%lld", (long long)floor(number / 60));
    } else if (len == 2 && spec[1] == 't') {
        struct civil local;
        clock_civil(tz, (int64_t)number * 1000, &local);
        buf_printf(out, "%02d:%02d", local.hour, local.minute);
    } else {
        buf_append(out, spec - 1, len + 2);
    }
}

void finding_sentence(const struct finding *finding, const struct registry *registry, const struct tz *tz,
                      bool zh, struct buf *out)
{
    const struct reason *reason = reason_of(finding);
    const char *at = zh ? reason->zh : reason->en;
    while (*at) {
        size_t plain = strcspn(at, "{");
        buf_append(out, at, plain);
        at += plain;
        if (!*at)
            break;
        size_t len = strcspn(at + 1, "}");
        assert(at[1 + len] == '}');
        put_placeholder(at + 1, len, finding, registry, tz, zh, out);
        at += len + 2;
    }
}
