/* What the policy would do with an alert, step by step, without doing it: for a dry run by people. Uses the
 * rule, the moments, the conditions and the audience of the escalation itself (escalation.c, audience.c), and
 * supposes that nobody touches the alert from now on. Not for deciding anything. Pure; part of the alert
 * stage, same thread. */
#ifndef HUYANG_ALERT_EXPLAIN_H
#define HUYANG_ALERT_EXPLAIN_H

#include "alert/alert.h"

enum { AUDIENCE_MAX = 8, AUDIENCE_DEVICES = 2 };
struct audience_person {
    uint32_t no;  /* responder or contact, REGISTRY_NONE = nobody is entered: the role as such */
    uint8_t role; /* enum role: as whom the person is told */
    bool is_contact;
};

/* Why a prompt is not spoken. */
#define EXPLAIN_SPEECH_MAP(X)                                                                                \
    X(SPOKEN, spoken)                                                                                        \
    X(NOBODY, nobody)         /* everybody it concerns has died */                                           \
    X(NO_CONSENT, no_consent) /* to being spoken to */                                                       \
    X(DAY_IS_FULL, day_is_full)                                                                              \
    X(SILENCED, silenced)                                                                                    \
    X(NO_DEVICE, no_device) /* a person has to call */
enum explain_speech {
#define X(name, text) SPEECH_##name,
    EXPLAIN_SPEECH_MAP(X)
#undef X
        SPEECH_COUNT
};
const char *explain_speech_name(enum explain_speech speech);

/* A channel of a person, so long after the step. */
struct explain_way {
    uint16_t after_s;
    uint8_t way; /* enum way */
};
struct explain_step {
    int64_t t_ms;
    uint32_t after_s;
    unsigned number, repeat;        /* of the rule's step, from 0; repeat 0 = the first time */
    bool fenced;                    /* the alert is a canary's: this step comes to nobody */
    bool has_been;                  /* its moment has passed for this alert */
    uint8_t verdict;                /* enum step_verdict */
    uint8_t speech;                 /* enum explain_speech, of a prompt */
    const struct policy_step *step; /* borrowed from the settings */
    unsigned people_count, device_count;
    struct audience_person people[AUDIENCE_MAX];
    uint8_t held[AUDIENCE_MAX]; /* each: enum suppression_rule + 1 of what would hold it back as things stand
                                   now (cooldown, silence, budget, …), 0 = nothing */
    uint8_t way_count[AUDIENCE_MAX]; /* each: how many ways follow each other by a contact rule; 0 = none */
    struct explain_way ways[AUDIENCE_MAX][WAY_COUNT];
    uint32_t devices[AUDIENCE_DEVICES]; /* of a prompt, first choice first */
    int64_t police_ms; /* verify, police: when the message goes unless a call says safe; 0 = not */
};

/* Calls `fn` for each moment of each step, in order, and returns the rule (NULL = none: nothing is done).
 * `alert` need not be one of `alerts`: its family, level, subject, resident, household, last_notify_ms,
 * escalated_s and acknowledged_ms are looked at. */
const struct policy_rule *alerts_explain(const struct alerts *alerts, const struct alert *alert,
                                         void (*fn)(void *self, const struct explain_step *step), void *self);

#endif
