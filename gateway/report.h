/* What a county's report counts: facts about alerts go in one by one, sums come out. Pure: no database, no
 * clock, no text. The reader (store/reader.h) streams the facts, tools/huyang writes the report. Memory grows
 * with the registry, never with the alerts. Owned by the caller; one thread. */
#ifndef HUYANG_REPORT_H
#define HUYANG_REPORT_H

#include "alert/alert.h"

struct report_settings {
    uint32_t answer_s;        /* 60; 1..3600: a red or orange alert should be answered within this */
    uint32_t answer_permille; /* 975; 1..1000: so many of a thousand of them */
};

enum { REPORT_DETECTORS_MAX = 64, REPORT_DAYS_MAX = 400, REPORT_WORST = 10 };

/* One alert that opened in the range. */
struct report_fact {
    struct hash_id id;
    int64_t opened_ms;
    int64_t urgent_ms;   /* when it first was orange or red; 0 = never */
    int64_t answered_ms; /* when a person first acknowledged, called, visited or closed, since urgent_ms if it
                            was; 0 = nobody */
    struct subject subject;
    uint32_t device;    /* whose event began it, REGISTRY_NONE = not known */
    uint64_t detectors; /* bit per detector that had a share */
    uint32_t prompts, prompts_played, police;
    uint8_t family, level; /* the highest it had */
    uint8_t disposition;
    uint8_t exercise;   /* a drill: stands in no report */
    uint8_t was_called; /* a call reached the resident: safe or needs help */
    uint8_t was_seen;   /* a visit found the resident: well or in need of help */
    uint8_t verified; /* somebody called or saw the resident, or the call was not answered in time, before the
                         police message */
};

struct report_judged {                 /* of one detector's alerts */
    uint64_t alerts, confirmed, wrong; /* wrong: closed as false or as expected */
};
struct report_worst {
    uint32_t no;
    uint32_t wrong;
};
struct report_answers {
    uint64_t count, answered, in_time;
    int64_t p50_s, p95_s; /* of those answered; -1 = none */
};
struct report_sums {
    uint64_t alerts, urgent, unanswered_urgent;
    uint64_t by_level[FAMILY_COUNT][LEVEL_COUNT];
    uint64_t by_day[REPORT_DAYS_MAX][LEVEL_COUNT];
    uint64_t by_disposition[DISPOSITION_COUNT];
    unsigned days;
    struct report_answers answers[LEVEL_COUNT]; /* by the highest level */
    struct report_answers urgent_answers;       /* red and orange together, from urgent_ms */
    struct report_judged detectors[REPORT_DETECTORS_MAX];
    unsigned home_count, device_count;
    struct report_worst homes[REPORT_WORST],
        devices[REPORT_WORST]; /* most wrong first, then the lower number */
    uint64_t prompts, police, unverified_police, territory_alerts;
    uint64_t people_reached, people_by_prompt, people_by_call, people_by_visit,
        people_by_campaign; /* residents, each once; a home counts as one */
    uint64_t residents;     /* in the registry, not removed */
};

/* What was to be done: in the range opened, ended, set aside (a task cancelled, an entry of the ledger handed
 * over to another authority) and not done in time; and what stands open now. */
struct report_work {
    uint64_t opened, ended, aside, overdue;
    uint64_t open, open_overdue;
};
struct report_works {
    struct report_work tasks[TASK_KIND_COUNT], ledger[FAMILY_COUNT];
};

struct report;
/* The local days from the one of from_ms up to, not including, to_ms. ERR_RANGE: no day, or more than
 * REPORT_DAYS_MAX. */
MUST_CHECK enum err report_new(const struct registry *registry, const struct tz *tz, int64_t from_ms,
                               int64_t to_ms, const struct report_settings *settings,
                               struct report **ret_report);
void report_free(struct report *report);
void report_add(struct report *report, const struct report_fact *fact);
/* A resident whose device said a campaign's announcement in the range. */
void report_add_campaign(struct report *report, uint32_t resident);
/* May be called at any time. */
void report_sum(const struct report *report, struct report_sums *ret_sums);
/* Alerts of a level that lie in a territory or below it. */
uint64_t report_in_territory(const struct report *report, uint32_t territory, enum level level);
/* Everything together. */
struct report_work report_all_work(const struct report_work *works, unsigned count);
/* Parts of a thousand, rounded down; 0 of 0 is 0. */
unsigned report_permille(uint64_t part, uint64_t whole);
/* A sum per 1,000 residents and day, in thousandths. */
uint64_t report_per_thousand(const struct report_sums *sums, uint64_t count);

#endif
