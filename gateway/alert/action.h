/* What people do to alerts: inputs of the fold, from the API, the CLI and replay lines. Values only. */
#ifndef HUYANG_ALERT_ACTION_H
#define HUYANG_ALERT_ACTION_H

#include "core/hash.h"
#include "detect/detector.h"

/* acknowledge · close {disposition} · call {outcome}: the result of a call to the resident · comment ·
 * status: of a resident · silence {subject, family, until, note} · unsilence: of the silence whose id stands
 * where an alert's would · announce {territory, announced, from, until, note} ·
 * unannounce: likewise by id ·
 * task_…: of the task whose id stands there, or of the subject's open one of that
 * kind: assign {to, until = a new due time}, accept, arrive, finish {outcome} · assign {to}: whose alert it
 * is · snooze {until}: taken, and back at that time ·
 * speak {prompt, device}: say this now · hush {prompt}: take back what is being said · campaign: a prompt to
 * many, by its order · campaign_end: of the campaign whose id stands where an alert's would · ledger_…: of
 * the open entry that came of the alert whose id stands there, or of the subject's newest one: assign {to},
 * handle {note}, transfer {authority, receipt, from = when}, close {result}; until = a new due time ·
 * device_…: of the device that is the subject: locate, interval {interval_s, duration_s}, restart ·
 * roster_override {roster, from, until, to, note}: `to` stands in, for one person or for whoever is on ·
 * test_window: of the device that is the subject: its next press is a drill ·
 * roster_swap: and that person for `to` at another time · roster_cancel: of the change whose id stands there
 * · rollout_start: a setting to many devices by its order; rollout_pause, rollout_resume, rollout_abort: the
 * one there is
 * · handover_begin {roster, or role and a territory as subject; to, until = the shift's end} · handover_sign
 * {list}: of the handover whose id stands there, or of the one that waits for that roster or role
 * police {police_word}: what the police say of the alert, or of the message to them whose id stands there
 */
#define ACTION_MAP(X)                                                                                        \
    X(ACKNOWLEDGE, acknowledge)                                                                              \
    X(CLOSE, close)                                                                                          \
    X(CALL, call)                                                                                            \
    X(COMMENT, comment)                                                                                      \
    X(STATUS, status)                                                                                        \
    X(SILENCE, silence)                                                                                      \
    X(UNSILENCE, unsilence)                                                                                  \
    X(ANNOUNCE, announce)                                                                                    \
    X(UNANNOUNCE, unannounce)                                                                                \
    X(TASK_ASSIGN, task_assign)                                                                              \
    X(TASK_ACCEPT, task_accept)                                                                              \
    X(TASK_ARRIVE, task_arrive)                                                                              \
    X(TASK_FINISH, task_finish)                                                                              \
    X(ASSIGN, assign)                                                                                        \
    X(SNOOZE, snooze)                                                                                        \
    X(SPEAK, speak)                                                                                          \
    X(HUSH, hush)                                                                                            \
    X(CAMPAIGN, campaign)                                                                                    \
    X(CAMPAIGN_END, campaign_end)                                                                            \
    X(LEDGER_ASSIGN, ledger_assign)                                                                          \
    X(LEDGER_HANDLE, ledger_handle)                                                                          \
    X(LEDGER_TRANSFER, ledger_transfer)                                                                      \
    X(LEDGER_CLOSE, ledger_close)                                                                            \
    X(DEVICE_LOCATE, device_locate)                                                                          \
    X(DEVICE_INTERVAL, device_interval)                                                                      \
    X(DEVICE_RESTART, device_restart)                                                                        \
    X(ROSTER_OVERRIDE, roster_override)                                                                      \
    X(ROSTER_SWAP, roster_swap)                                                                              \
    X(ROSTER_CANCEL, roster_cancel)                                                                          \
    X(TEST_WINDOW, test_window)                                                                              \
    X(ROLLOUT_START, rollout_start)                                                                          \
    X(ROLLOUT_PAUSE, rollout_pause)                                                                          \
    X(ROLLOUT_RESUME, rollout_resume)                                                                        \
    X(ROLLOUT_ABORT, rollout_abort)                                                                          \
    X(HANDOVER_BEGIN, handover_begin)                                                                        \
    X(HANDOVER_SIGN, handover_sign)                                                                          \
    X(POLICE, police)
enum action_kind {
    ACTION_NONE,
#define X(name, text) ACTION_##name,
    ACTION_MAP(X)
#undef X
        ACTION_KIND_COUNT
};
#define DISPOSITION_MAP(X)                                                                                   \
    X(TRUE, true)                                                                                            \
    X(FALSE, false)                                                                                          \
    X(EXPECTED, expected)                                                                                    \
    X(DRILL, drill)                                                                                          \
    X(COULD_NOT_VERIFY, could_not_verify)                                                                    \
    X(TRANSFERRED, transferred)                                                                              \
    X(DECLINED, declined)
enum disposition {
    DISPOSITION_NONE,
#define X(name, text) DISPOSITION_##name,
    DISPOSITION_MAP(X)
#undef X
        DISPOSITION_COUNT
};
#define OUTCOME_MAP(X)                                                                                       \
    X(SAFE, safe)                                                                                            \
    X(NEEDS_HELP, needs_help)                                                                                \
    X(NO_ANSWER, no_answer)                                                                                  \
    X(OTHER_PERSON, other_person)                                                                            \
    X(WRONG_NUMBER, wrong_number)                                                                            \
    X(SEEN_WELL, seen_well)                                                                                  \
    X(SEEN_NEEDS_HELP, seen_needs_help)                                                                      \
    X(NOBODY_HOME, nobody_home)                                                                              \
    X(NOT_LET_IN, not_let_in)                                                                                \
    X(COLLECTED, collected)                                                                                  \
    X(LOST, lost)                                                                                            \
    X(SETTLED, settled)                                                                                      \
    X(NOT_NEEDED, not_needed)                                                                                \
    X(HANDED_OVER, handed_over)
enum outcome {
    OUTCOME_NONE,
#define X(name, text) OUTCOME_##name,
    OUTCOME_MAP(X)
#undef X
        OUTCOME_COUNT
};
/* How an entry of the ledger ended. unfounded: looked into, and it was none after all */
#define LEDGER_RESULT_MAP(X)                                                                                 \
    X(HANDLED, handled)                                                                                      \
    X(PREVENTED, prevented)                                                                                  \
    X(HELPED, helped)                                                                                        \
    X(CASE_FILED, case_filed)                                                                                \
    X(LOSS, loss)                                                                                            \
    X(UNFOUNDED, unfounded)
enum ledger_result {
    LEDGER_RESULT_NONE,
#define X(name, text) LEDGER_RESULT_##name,
    LEDGER_RESULT_MAP(X)
#undef X
        LEDGER_RESULT_COUNT
};
/* What the police say of a message, in the order in which it counts: what stands later is never undone by
 * what stands earlier, in whatever order they arrive. A refusal stands after an acceptance: when both are
 * said, a person must look; whoever sends a car after all has taken it. */
#define POLICE_WORD_MAP(X)                                                                                   \
    X(ACCEPTED, accepted)                                                                                    \
    X(REJECTED, rejected)                                                                                    \
    X(DISPATCHED, dispatched)                                                                                \
    X(ON_SCENE, on_scene)                                                                                    \
    X(CLOSED, closed)
enum police_word {
    POLICE_WORD_NONE,
#define X(name, text) POLICE_WORD_##name,
    POLICE_WORD_MAP(X)
#undef X
        POLICE_WORD_COUNT
};
const char *police_word_name(enum police_word word);
enum police_word police_word_from_name(const char *name); /* POLICE_WORD_NONE when unknown */
const char *action_name(enum action_kind kind);
enum action_kind action_from_name(const char *name); /* ACTION_NONE when unknown */
const char *disposition_name(enum disposition disposition);
enum disposition disposition_from_name(const char *name);
const char *outcome_name(enum outcome outcome);
enum outcome outcome_from_name(const char *name);
const char *ledger_result_name(enum ledger_result result);
enum ledger_result ledger_result_from_name(const char *name);

/* A prompt to an audience: everybody in a territory, of a category, or on a list; all of them that are given
 * must fit. */
enum { FLEET_INTERVAL_LEAST_S = 10, FLEET_INTERVAL_MOST_S = 86400 };
enum { CAMPAIGN_LIST_MAX = 200, CAMPAIGN_RATE_MAX = 600, CAMPAIGN_CATEGORY_SIZE = 64 };
struct campaign_order {
    int64_t start_ms, end_ms;
    uint32_t per_minute;                   /* devices, 1..CAMPAIGN_RATE_MAX */
    char category[CAMPAIGN_CATEGORY_SIZE]; /* of categories or tags in the registry; "" = any */
    char territory[16];                    /* its code; "" = anywhere */
    uint16_t count;                        /* residents on the list; 0 = there is no list */
    uint32_t list[CAMPAIGN_LIST_MAX];
};

enum { AUTHORITY_SIZE = 96, RECEIPT_SIZE = 64 };
/* A change of a roster; who stands in is `to`, and from when until when stands in the action. */
struct roster_order {
    char name[ID_SIZE];
    char instead[ID_SIZE];               /* for whom; override: "" = whoever is on */
    int64_t back_from_ms, back_until_ms; /* swap: when `instead` stands in for `to` */
};

/* A report interval for many wristbands, a share of them at a time (rollout.h). */
enum { ROLLOUT_STAGES_MAX = 6, ROLLOUT_RATE_MAX = 600, ROLLOUT_WATCH_MOST_S = 604800 };
struct rollout_order {
    uint32_t interval_s;                   /* FLEET_INTERVAL_… */
    uint32_t watch_s;                      /* a stage is watched so long, 0..ROLLOUT_WATCH_MOST_S */
    uint32_t per_minute;                   /* devices, 1..ROLLOUT_RATE_MAX */
    uint16_t permille[ROLLOUT_STAGES_MAX]; /* of the audience, rising, 1..1000 */
    uint16_t acked_permille;               /* of a stage must have taken it, 1..1000 */
    uint16_t trouble_permille;             /* more than among the rest is too much, 0..1000 */
    uint8_t stages;
    char territory[16]; /* its code; "" = anywhere */
    char firmware[33];  /* "" = any */
};

struct action {
    struct hash_id alert;   /* which alert, when has_alert */
    struct subject subject; /* else the open alert of this subject … */
    uint8_t family;         /* … and family; FAMILY_COUNT = its most urgent open one */
    uint8_t has_alert;
    uint8_t preview;                      /* speak: only asked what it would do; never an input */
    uint8_t kind;                         /* enum action_kind */
    uint8_t disposition, outcome, status; /* enums; status = enum resident_status */
    uint8_t announced;                    /* enum announced */
    int64_t from_ms;                      /* of an announcement; of a transfer, when; 0 = now */
    int64_t until_ms;                     /* of a status (0 = open), silence or announcement */
    char by[ID_SIZE];                     /* who; identifier */
    char note[256];                       /* UTF-8, may be empty */
    uint8_t task;                         /* task_…: enum task_kind; TASK_NONE = any */
    char to[ID_SIZE];                     /* task_…, assign: to whom; identifier, "" = nobody */
    char prompt[ID_SIZE]; /* speak, campaign: catalogue id; hush: id of the job, "" = all of the alert */
    uint32_t device;      /* speak: through this one; REGISTRY_NONE = the best */
    uint32_t interval_s,
        duration_s; /* device_interval: FLEET_INTERVAL_…; duration 0 = until told otherwise */
    struct campaign_order campaign;
    char authority[AUTHORITY_SIZE], receipt[RECEIPT_SIZE]; /* ledger_transfer; UTF-8 */
    uint8_t result;                                        /* ledger_close: enum ledger_result */
    struct roster_order roster;                            /* handover_…: its name alone */
    struct rollout_order rollout;                          /* rollout_start */
    uint8_t role;        /* handover_…: enum role, ROLE_NONE = of a roster */
    uint32_t list;       /* handover_sign: the number of the list that was seen */
    uint8_t police_word; /* police: enum police_word; `note` is the reason of a refusal */
};

#endif
