/* familiar: somebody nobody has listed who keeps coming, without concern.
 *
 * Most unlisted people at a door are neighbours, couriers and meter readers (practice.md 9). A camera gives
 * them opaque ids of its own; the last IDS of a home are remembered for 30 days (the camera's salt does not
 * live longer). One seen on FAMILIAR_DAYS days is familiar: their visits stay green. A visit that
 * unknown-visitor raised to yellow is a concern and keeps its visitors from becoming familiar, until a person
 * closes that alert as false or expected after a call that reached the resident or the family (else it may be
 * the swindler's word), or until they are an acquaintance of NEW_DAYS: a swindler's courtship is over by
 * then, or has led to what led-away, the bank or a person told. Such a fraud alert keeps them out as long as
 * they are remembered, whatever it is closed as (no word excuses a led-away); one closed as true, for
 * REVOKED_DAYS.
 *
 * Blind spots: a camera that gives one person two ids sees two people, and one that confuses two people makes
 * both familiar; a swindler who stays under the limit of unknown-visitor on four days becomes familiar, which
 * is why led-away and the bank do not ask here. Cost: IDS comparisons for each person of a visit. */
#include "detect/familiar.h"

#include <string.h>

#include "core/hash.h"
#include "detect/detectors.h"
#include "detect/sight.h"

enum {
    IDS = 16,
    FAMILIAR_DAYS = 4,
    KEPT_DAYS = 30,
    CONCERN_APART_DAYS = 10,
    NEW_DAYS = 14,
    REVOKED_DAYS = 90,
    SLACK_MS = 60 * 1000, /* between a visitor's last event and the finding about the visit */
};

enum acquaintance_flag {
    ACQUAINTANCE_TOLD = 1 << 0,    /* that they are familiar now */
    ACQUAINTANCE_CONCERN = 1 << 1, /* a visit was yellow or worse, and nobody has said that it was fine */
    ACQUAINTANCE_REVOKED = 1 << 2, /* an alert about them was true */
    ACQUAINTANCE_FRAUD = 1 << 3,   /* a fraud alert of the home is about them */
};
struct acquaintance {
    uint64_t id;          /* hash of the camera's id; 0 = free */
    int64_t last_ms;      /* when last seen, by the camera's time */
    uint16_t last_day;    /* since 1970, local */
    uint16_t concern_day; /* of the last concern */
    uint8_t days;         /* on which they were seen */
    uint8_t concern_days; /* each at most CONCERN_APART_DAYS after the one before */
    uint8_t flags;        /* enum acquaintance_flag set */
    uint16_t first_day;   /* on which they were seen */
    uint16_t revoked_day; /* when REVOKED was said */
};
struct familiar_state {
    struct acquaintance people[IDS];
};

enum { REASON_FAMILIAR };
static const struct reason reasons[] = {
    [REASON_FAMILIAR] = {"familiar", "Somebody not on the list was seen on {0} days without concern",
                         "一位未登记的来访者已有 {0} 天来访，未见异常"},
};

static uint64_t id_of(const char *visitor_id)
{
    uint64_t id = hash_table(visitor_id, strlen(visitor_id));
    return id ? id : 1;
}

static uint16_t day_of(const struct detect_context *context, int64_t at_ms)
{
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    return (uint16_t)local.day_number;
}

static bool is_new(const struct acquaintance *person)
{
    return person->last_day - person->first_day < NEW_DAYS;
}

bool familiar_saw_before(const void *opaque, const char *visitor_id, uint16_t day)
{
    const struct familiar_state *state = opaque;
    uint64_t id = id_of(visitor_id);
    for (unsigned i = 0; visitor_id[0] && i < IDS; i++) {
        if (state->people[i].id == id)
            return state->people[i].first_day < day;
    }
    return false;
}

bool familiar_knows(const void *opaque, const char *visitor_id)
{
    const struct familiar_state *state = opaque;
    uint64_t id = id_of(visitor_id);
    for (unsigned i = 0; visitor_id[0] && i < IDS; i++) {
        const struct acquaintance *person = &state->people[i];
        if (person->id == id)
            return person->days >= FAMILIAR_DAYS &&
                   !(person->flags & (ACQUAINTANCE_FRAUD | ACQUAINTANCE_REVOKED)) &&
                   !(person->flags & ACQUAINTANCE_CONCERN && is_new(person));
    }
    return false;
}

unsigned familiar_concern_days(const void *opaque, int64_t since_ms)
{
    const struct familiar_state *state = opaque;
    unsigned most = 0;
    for (unsigned i = 0; i < IDS; i++) {
        const struct acquaintance *person = &state->people[i];
        if (person->id && person->last_ms >= since_ms - SLACK_MS && is_new(person) &&
            person->concern_days > most)
            most = person->concern_days;
    }
    return most;
}

/* The place of that id: its own, a free one, or that of whom was not seen for longest. */
static struct acquaintance *place_of(struct familiar_state *state, uint64_t id)
{
    struct acquaintance *oldest = &state->people[0];
    for (unsigned i = 0; i < IDS; i++) {
        struct acquaintance *person = &state->people[i];
        if (person->id == id)
            return person;
        if (person->last_ms < oldest->last_ms)
            oldest = person;
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->id = id;
    return oldest;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct familiar_state *state = opaque;
    uint16_t day = day_of(context, event->at_ms);
    for (unsigned i = 0; i < event->visit.people_count; i++) {
        const struct event_person *seen = &event->visit.people[i];
        if (seen->person_class != PERSON_CLASS_UNKNOWN || !seen->visitor_id[0] ||
            registry_trusted(context->registry, context->household, seen->visitor_id))
            continue;
        struct acquaintance *person = place_of(state, id_of(seen->visitor_id));
        if (person->last_day && day > person->last_day + KEPT_DAYS) {
            uint64_t id = person->id;
            memset(person, 0, sizeof *person); /* the camera's salt is a new one: somebody else */
            person->id = id;
        }
        if (event->at_ms > person->last_ms)
            person->last_ms = event->at_ms;
        if (day <= person->last_day)
            continue;
        person->last_day = day;
        if (!person->days)
            person->first_day = day;
        if (person->flags & ACQUAINTANCE_REVOKED && day - person->revoked_day > REVOKED_DAYS)
            person->flags = 0;
        if (person->days < UINT8_MAX)
            person->days++;
        if (person->days < FAMILIAR_DAYS || person->flags)
            continue;
        person->flags |= ACQUAINTANCE_TOLD;
        struct finding finding = detect_finding(context, REASON_FAMILIAR, LEVEL_GREEN, 0.1);
        detect_add_evidence(&finding, event);
        finding.flags |= FINDING_RECORD;
        finding.numbers[0] = person->days;
        detect_emit(context, &finding);
    }
}

/* A visit that gave concern: numbers[1] of its finding is when it began, in seconds. */
static void on_finding(const struct detect_context *context, void *opaque, const struct finding *finding)
{
    struct familiar_state *state = opaque;
    if (finding->level < LEVEL_YELLOW || finding->flags & (FINDING_CLEARS | FINDING_LOWERS | FINDING_RECORD))
        return;
    int64_t since_ms = (int64_t)finding->numbers[1] * 1000 - SLACK_MS;
    uint16_t day = day_of(context, finding->at_ms);
    for (unsigned i = 0; i < IDS; i++) {
        struct acquaintance *person = &state->people[i];
        bool fraud = finding->family == FAMILY_FRAUD && !(person->flags & ACQUAINTANCE_FRAUD);
        if (!person->id || person->last_ms < since_ms || (person->concern_day == day && !fraud))
            continue;
        if (person->concern_day + CONCERN_APART_DAYS < day)
            person->concern_days = 0;
        if (person->concern_day != day && person->concern_days < UINT8_MAX)
            person->concern_days++;
        person->concern_day = day;
        person->flags |= finding->family == FAMILY_FRAUD ? ACQUAINTANCE_CONCERN | ACQUAINTANCE_FRAUD
                                                         : ACQUAINTANCE_CONCERN;
    }
}

static void on_closing(const struct detect_context *context, void *opaque, const struct closing *closing)
{
    struct familiar_state *state = opaque;
    if (closing->family != FAMILY_VISITOR && closing->family != FAMILY_FRAUD)
        return;
    uint16_t opened = day_of(context, closing->opened_ms);
    for (unsigned i = 0; i < IDS; i++) {
        struct acquaintance *person = &state->people[i];
        if (!(person->flags & ACQUAINTANCE_CONCERN) || person->concern_day < opened)
            continue;
        if (closing->lesson == LESSON_TRUE) {
            person->flags |= ACQUAINTANCE_REVOKED;
            person->revoked_day = person->last_day;
        } else {
            person->concern_days = 0; /* repeat-visitor counts from here on */
            if (closing->reached && !(person->flags & ACQUAINTANCE_FRAUD))
                person->flags &= (uint8_t)~ACQUAINTANCE_CONCERN;
        }
    }
}

/* Version 1 did not know when it had met people: at the latest as many days ago as it saw them on. A concern
 * may have been fraud. */
static enum err migrate(uint16_t version, const void *value, size_t len, void *opaque)
{
    struct acquaintance_1 {
        uint64_t id;
        int64_t last_ms;
        uint16_t last_day, concern_day;
        uint8_t days, concern_days, flags;
    } from[IDS];
    struct familiar_state *state = opaque;
    if (version != 1 || len != sizeof from)
        return ERR_UNSUPPORTED;
    memcpy(from, value, len);
    for (unsigned i = 0; i < IDS; i++) {
        struct acquaintance *person = &state->people[i];
        person->id = from[i].id;
        person->last_ms = from[i].last_ms;
        person->last_day = from[i].last_day;
        person->concern_day = from[i].concern_day;
        person->days = from[i].days;
        person->concern_days = from[i].concern_days;
        person->flags = from[i].flags;
        if (person->flags & ACQUAINTANCE_CONCERN)
            person->flags |= ACQUAINTANCE_FRAUD;
        person->first_day = (uint16_t)(person->last_day - (person->days ? person->days - 1 : 0));
        person->revoked_day = person->flags & ACQUAINTANCE_REVOKED ? person->last_day : 0;
    }
    return ERR_OK;
}

static const struct detector *const hears[] = {&detector_unknown_visitor, &detector_led_away, NULL};

const struct detector detector_familiar = {
    .name = "familiar",
    .family = FAMILY_VISITOR,
    .state_of = SUBJECT_HOUSEHOLD,
    .kinds = EVENT_BIT(EVENT_VISIT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 2,
    .state_size = sizeof(struct familiar_state),
    .sparse = true,
    .on_event = on_event,
    .hears = hears,
    .on_finding = on_finding,
    .on_closing = on_closing,
    .migrate = migrate,
};
