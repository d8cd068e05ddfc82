/* Noise: what keeps one person from being told so much that the rest is lost. Notifications beyond a rule's
 * or a person's share, and all yellow and orange ones while alerts pour in, are held back, written into the
 * ledger of suppressions, and told in one summary with counts when the window ends. Red and emergencies never
 * come here (job_is_exempt). Part of the alert stage: pure, same thread. */
#ifndef HUYANG_ALERT_NOISE_H
#define HUYANG_ALERT_NOISE_H

#include "core/timers.h"
#include "detect/detector.h"

struct noise_settings {
    uint32_t cooldown_s; /* 0; 0..86400: a new alert of the same subject and family, not graver, is not told
                            to the people of a role again so soon after a notification that one of them got */
    uint16_t budget;     /* 30; 1..1000: notifications to one person … */
    uint16_t budget_min; /* 60; 1..1440: … within so many minutes */
    uint16_t flood;      /* 50; 2..500: so many alerts of yellow and above … */
    uint16_t flood_min;  /* 10; 1..1440: … within so many minutes: the rest goes into the digest */
    uint16_t yellow_per_day; /* 30; 0..1000: alerts that become yellow a day for each 1,000 residents, all
                                detectors together (detect/budget.h); 0 = no limit */
    uint16_t digest_min;     /* 10; 1..1440: what was held back is told after so many minutes */
};

enum { METERS_MAX = 1024, DIGEST_PEOPLE = 64 };
/* What one person, or the notifications of one rule, have had in the running window. */
struct meter {
    uint64_t key; /* of texts, so that no import order changes it; 0 = free */
    int64_t since_ms;
    uint32_t count, zero;
};
/* What waits to be told in one summary. */
struct digest {
    int64_t since_ms, due_ms; /* 0 = nothing waits */
    uint32_t held[LEVEL_COUNT];
    uint32_t people_count;
    struct digest_person {
        uint32_t no; /* as of a job */
        uint8_t role, is_contact, zero[2];
    } people[DIGEST_PEOPLE]; /* whoever comes after these is not told of the summary, the list has it */
    struct timer_slot timer;
};

#endif
