/* Response times are kept as counts of seconds up to an hour, of minutes up to a week and one for all beyond,
 * so a percentile is exact to the second where the target lies, and to the minute after an hour. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

enum { SECONDS = 3600, MINUTES = 7 * 24 * 60, SLOTS = SECONDS + MINUTES + 1 };

struct times {
    uint64_t count, answered, in_time;
    uint32_t slots[SLOTS];
};
struct report {
    const struct registry *registry;
    const struct tz *tz;
    struct report_settings settings;
    int64_t first_day;
    struct report_sums sums; /* what is only counted */
    struct times by_level[LEVEL_COUNT], urgent;
    uint64_t (*territories)[LEVEL_COUNT];
    uint32_t *homes, *devices; /* wrong alerts of each */
    uint8_t *reached;          /* of each resident: REACHED_… */
};
enum { REACHED_PROMPT = 1, REACHED_CALL = 2 };

static void *table(const struct registry *registry, enum registry_table which, size_t size)
{
    size_t count = registry_count(registry, which);
    return calloc(count ? count : 1, size);
}

static int64_t day_of(const struct report *report, int64_t t_ms)
{
    struct civil local;
    clock_civil(report->tz, t_ms, &local);
    return local.day_number;
}

enum err report_new(const struct registry *registry, const struct tz *tz, int64_t from_ms, int64_t to_ms,
                    const struct report_settings *settings, struct report **ret_report)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return ERR_NOMEM;
    report->registry = registry;
    report->tz = tz;
    report->settings = *settings;
    report->first_day = day_of(report, from_ms);
    int64_t days = to_ms > from_ms ? day_of(report, to_ms - 1) - report->first_day + 1 : 0;
    if (days < 1 || days > REPORT_DAYS_MAX) {
        free(report);
        return ERR_RANGE;
    }
    report->sums.days = (unsigned)days;
    report->territories = table(registry, REGISTRY_TERRITORY, sizeof *report->territories);
    report->homes = table(registry, REGISTRY_HOUSEHOLD, sizeof *report->homes);
    report->devices = table(registry, REGISTRY_DEVICE, sizeof *report->devices);
    report->reached = table(registry, REGISTRY_RESIDENT, sizeof *report->reached);
    if (!report->territories || !report->homes || !report->devices || !report->reached) {
        report_free(report);
        return ERR_NOMEM;
    }
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_RESIDENT); no++)
        report->sums.residents +=
            !registry_resident(registry, no)->removed && !registry_is_canary(registry, no, REGISTRY_NONE);
    *ret_report = report;
    return ERR_OK;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    free(report->territories);
    free(report->homes);
    free(report->devices);
    free(report->reached);
    free(report);
}

static size_t slot_of(int64_t seconds)
{
    if (seconds < SECONDS)
        return seconds < 0 ? 0 : (size_t)seconds;
    return seconds / 60 < MINUTES + 60 ? (size_t)(SECONDS + seconds / 60 - 60) : SLOTS - 1;
}

static int64_t seconds_of(size_t slot)
{
    return slot < SECONDS ? (int64_t)slot : ((int64_t)slot - SECONDS + 60) * 60;
}

static void add_time(const struct report *report, struct times *times, int64_t from_ms, int64_t answered_ms)
{
    times->count++;
    if (!answered_ms)
        return;
    /* A second that has begun is over the target: 60.4 s are not 60. */
    int64_t seconds = (answered_ms - from_ms + 999) / 1000;
    times->answered++;
    times->in_time += seconds <= report->settings.answer_s;
    times->slots[slot_of(seconds)]++;
}

/* Nearest rank: the least time that so many of a hundred do not exceed. */
static int64_t percentile(const struct times *times, unsigned percent)
{
    uint64_t rank = (times->answered * percent + 99) / 100, seen = 0;
    for (size_t slot = 0; times->answered && slot < SLOTS; slot++) {
        seen += times->slots[slot];
        if (seen >= rank)
            return seconds_of(slot);
    }
    return -1;
}

static uint32_t household_of(const struct report *report, struct subject subject)
{
    const struct registry *registry = report->registry;
    if (subject.kind == SUBJECT_RESIDENT && subject.no < registry_count(registry, REGISTRY_RESIDENT))
        return registry_resident(registry, subject.no)->household;
    if (subject.kind == SUBJECT_HOUSEHOLD && subject.no < registry_count(registry, REGISTRY_HOUSEHOLD))
        return subject.no;
    if (subject.kind == SUBJECT_DEVICE && subject.no < registry_count(registry, REGISTRY_DEVICE))
        return registry_device(registry, subject.no)->household;
    return REGISTRY_NONE;
}

/* Who was reached: the person, or one of the home. */
static uint32_t resident_of(const struct report *report, struct subject subject)
{
    if (subject.kind == SUBJECT_RESIDENT)
        return subject.no < registry_count(report->registry, REGISTRY_RESIDENT) ? subject.no : REGISTRY_NONE;
    uint32_t household = household_of(report, subject);
    return household == REGISTRY_NONE ? REGISTRY_NONE
                                      : registry_household(report->registry, household)->first_resident;
}

static void add_place(struct report *report, const struct report_fact *fact)
{
    uint32_t count = registry_count(report->registry, REGISTRY_TERRITORY),
             territory = registry_subject_territory(report->registry, fact->subject);
    for (unsigned up = 0; territory < count && up < TERRITORY_GRID; up++) {
        report->territories[territory][fact->level]++;
        territory = registry_territory(report->registry, territory)->parent;
    }
    /* Our own bookkeeping about a place is no alert of that place. */
    report->sums.territory_alerts += fact->subject.kind == SUBJECT_TERRITORY && fact->family != FAMILY_FLEET;
}

static void add_judgement(struct report *report, const struct report_fact *fact)
{
    bool confirmed = fact->disposition == DISPOSITION_TRUE || fact->disposition == DISPOSITION_TRANSFERRED,
         wrong = fact->disposition == DISPOSITION_FALSE || fact->disposition == DISPOSITION_EXPECTED;
    for (unsigned i = 0; i < REPORT_DETECTORS_MAX; i++) {
        if (!(fact->detectors >> i & 1))
            continue;
        report->sums.detectors[i].alerts++;
        report->sums.detectors[i].confirmed += confirmed;
        report->sums.detectors[i].wrong += wrong;
    }
    uint32_t household = household_of(report, fact->subject);
    if (wrong && household != REGISTRY_NONE)
        report->homes[household]++;
    if (wrong && fact->device < registry_count(report->registry, REGISTRY_DEVICE))
        report->devices[fact->device]++;
}

/* What a canary raises is no news about anybody, and nobody answers it. */
static bool is_drill(const struct report *report, struct subject subject)
{
    uint32_t household = household_of(report, subject), resident = resident_of(report, subject);
    return registry_is_canary(report->registry, subject.kind == SUBJECT_RESIDENT ? resident : REGISTRY_NONE,
                              household);
}

void report_add(struct report *report, const struct report_fact *fact)
{
    struct report_sums *sums = &report->sums;
    int64_t day = day_of(report, fact->opened_ms) - report->first_day;
    if (fact->exercise || is_drill(report, fact->subject))
        return;
    if (day < 0 || day >= sums->days || fact->family >= FAMILY_COUNT || fact->level >= LEVEL_COUNT)
        return;
    sums->alerts++;
    sums->by_level[fact->family][fact->level]++;
    sums->by_day[day][fact->level]++;
    sums->by_disposition[fact->disposition < DISPOSITION_COUNT ? fact->disposition : DISPOSITION_NONE]++;
    add_time(report, &report->by_level[fact->level], fact->urgent_ms ? fact->urgent_ms : fact->opened_ms,
             fact->answered_ms);
    if (fact->urgent_ms)
        add_time(report, &report->urgent, fact->urgent_ms, fact->answered_ms);
    sums->prompts += fact->prompts;
    sums->police += fact->police;
    sums->unverified_police += fact->verified ? 0 : fact->police;
    uint32_t resident = resident_of(report, fact->subject);
    if (resident != REGISTRY_NONE)
        report->reached[resident] |=
            (uint8_t)((fact->prompts_played ? REACHED_PROMPT : 0) | (fact->was_called ? REACHED_CALL : 0));
    add_place(report, fact);
    add_judgement(report, fact);
}

static unsigned find_worst(const uint32_t *wrong, uint32_t count, struct report_worst worst[REPORT_WORST])
{
    unsigned found = 0;
    for (uint32_t no = 0; no < count; no++) {
        unsigned at = found;
        while (at > 0 && worst[at - 1].wrong < wrong[no])
            at--;
        if (wrong[no] == 0 || at == REPORT_WORST)
            continue;
        unsigned kept = found < REPORT_WORST ? found : REPORT_WORST - 1;
        memmove(worst + at + 1, worst + at, (kept - at) * sizeof *worst);
        worst[at] = (struct report_worst){.no = no, .wrong = wrong[no]};
        found = kept + 1;
    }
    return found;
}

static struct report_answers answers_of(const struct times *times)
{
    return (struct report_answers){.count = times->count,
                                   .answered = times->answered,
                                   .in_time = times->in_time,
                                   .p50_s = percentile(times, 50),
                                   .p95_s = percentile(times, 95)};
}

void report_sum(const struct report *report, struct report_sums *ret_sums)
{
    struct report_sums *sums = ret_sums;
    *sums = report->sums;
    for (unsigned level = 0; level < LEVEL_COUNT; level++)
        sums->answers[level] = answers_of(&report->by_level[level]);
    sums->urgent_answers = answers_of(&report->urgent);
    sums->urgent = sums->urgent_answers.count;
    sums->unanswered_urgent = sums->urgent - sums->urgent_answers.answered;
    sums->home_count =
        find_worst(report->homes, registry_count(report->registry, REGISTRY_HOUSEHOLD), sums->homes);
    sums->device_count =
        find_worst(report->devices, registry_count(report->registry, REGISTRY_DEVICE), sums->devices);
    for (uint32_t no = 0; no < registry_count(report->registry, REGISTRY_RESIDENT); no++) {
        sums->people_reached += report->reached[no] != 0;
        sums->people_by_prompt += (report->reached[no] & REACHED_PROMPT) != 0;
        sums->people_by_call += (report->reached[no] & REACHED_CALL) != 0;
    }
}

uint64_t report_in_territory(const struct report *report, uint32_t territory, enum level level)
{
    return report->territories[territory][level];
}

struct report_work report_all_work(const struct report_work *works, unsigned count)
{
    struct report_work all = {0};
    for (unsigned i = 0; i < count; i++) {
        all.opened += works[i].opened;
        all.ended += works[i].ended;
        all.aside += works[i].aside;
        all.overdue += works[i].overdue;
        all.open += works[i].open;
        all.open_overdue += works[i].open_overdue;
    }
    return all;
}

unsigned report_permille(uint64_t part, uint64_t whole)
{
    return whole ? (unsigned)(part * 1000 / whole) : 0;
}

uint64_t report_per_thousand(const struct report_sums *sums, uint64_t count)
{
    uint64_t resident_days = sums->residents * sums->days;
    return resident_days ? count * 1000000 / resident_days : 0;
}
