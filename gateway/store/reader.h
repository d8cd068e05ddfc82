/* The readers' side of the database: for the API thread and the CLI. A connection of its own, read-only,
 * short transactions; one thread per reader. */
#ifndef HUYANG_STORE_READER_H
#define HUYANG_STORE_READER_H

#include "report.h"
#include "store/store.h"

struct reader;
/* `folder` is the state folder. ERR_NOT_FOUND when there is no database. */
MUST_CHECK enum err reader_open(const char *folder, struct reader **ret_reader);
void reader_close(struct reader *reader);

/* The zone that times are written in; borrowed until close. NULL (as after open) = UTC. */
void reader_set_zone(struct reader *reader, const struct tz *tz);

/* Several looks at one state of the database; cheaper than each for itself. Not nested, and not around
 * reader_alert. */
MUST_CHECK enum err reader_begin(struct reader *reader);
void reader_end(struct reader *reader);

struct reader_filter {
    int state;  /* enum alert_state, -1 = any */
    int level;  /* at least this enum level, -1 = any */
    int family; /* enum family, -1 = any */
    const char
        *resident;     /* id, NULL = any; alerts about the person, and about the home the person lives in */
    unsigned limit;    /* 1..500 */
    int64_t before_ms; /* opened before (cursor), 0 = from the newest */
    struct hash_id before_id;
};
/* Appends `[{alert},…]`, newest first (level is in the object). */
MUST_CHECK enum err reader_alerts(struct reader *reader, const struct reader_filter *filter, struct buf *out,
                                  unsigned *ret_count);
/* Hands each alert's object to `fn`, newest first; an error of `fn` stops the walk and is returned. The item
 * is borrowed for the call. filter->limit bounds the rows looked at (1..READER_WALK_MAX). */
enum { READER_WALK_MAX = 5000 };
struct reader_item {
    const char *json;
    size_t len;
    int64_t opened_ms;
    struct hash_id id;
};
MUST_CHECK enum err reader_alerts_walk(struct reader *reader, const struct reader_filter *filter,
                                       enum err (*fn)(void *self, const struct reader_item *item),
                                       void *self);
/* Appends the alert's object as it stands in lists. ERR_NOT_FOUND. */
MUST_CHECK enum err reader_alert_item(struct reader *reader, const struct hash_id *id, struct buf *out);

/* Where an alert is and whom it concerns, as the registry in force says; personal fields included: what of it
 * may be shown is api/access.c's to say. "" where there is none. */
enum { READER_TERRITORIES = 4, READER_NAME_SIZE = 128, READER_ADDRESS_SIZE = 256 };
struct reader_territory {
    char code[16], name[READER_NAME_SIZE];
};
struct reader_place {
    char resident[ID_SIZE], household[ID_SIZE]; /* resident: only when it is about one person */
    char name[READER_NAME_SIZE];                /* of that resident */
    char address[READER_ADDRESS_SIZE];
    struct reader_territory territories[READER_TERRITORIES]; /* the grid first, then what it lies in */
    unsigned territory_count;
    bool police;    /* a message to the police was made */
    uint8_t family; /* enum family of the alert */
};
MUST_CHECK enum err reader_place(struct reader *reader, const struct hash_id *alert,
                                 struct reader_place *ret_place);
/* A resident's home, and whether the family may know of more than emergencies. ERR_NOT_FOUND. */
MUST_CHECK enum err reader_home_of(struct reader *reader, const char *resident, char household[ID_SIZE],
                                   bool *ret_family_consent);
bool reader_has_territory(struct reader *reader, const char *code);

/* A message to a person, by the first bytes of its job's id. ERR_NOT_FOUND. */
enum { READER_PREFIX_SIZE = 8 };
struct reader_message {
    struct hash_id job, alert;
    int64_t created_ms;
    uint8_t role, state; /* enum role, enum delivery_state */
};
MUST_CHECK enum err reader_message(struct reader *reader, const uint8_t prefix[READER_PREFIX_SIZE],
                                   struct reader_message *ret_message);

/* How far somebody has followed what changes. */
struct reader_cursor {
    int64_t transition, delivery;
};
MUST_CHECK enum err reader_cursor(struct reader *reader, struct reader_cursor *ret_cursor);
/* Writes the alerts that changed after the cursor, each once, in the order of their last change, and moves
 * the cursor; at most `max` (<= 256) changes at a time, so call until none comes. */
MUST_CHECK enum err reader_changes(struct reader *reader, struct reader_cursor *cursor,
                                   struct hash_id *alerts, size_t max, size_t *ret_count);

/* The feed of a platform: a place in it, and what came after. */
struct reader_feed {
    int64_t finding, transition, delivery, ledger; /* the ids of the last rows that were told */
};
/* The place behind everything there is. */
MUST_CHECK enum err reader_feed_end(struct reader *reader, struct reader_feed *ret_feed);
/* Appends `[{item},…]`, each on a line of its own, at most `limit` of what was committed after the place, in
 * the order of the commits, and moves the place behind them; *ret_more: there is more. ERR_FULL: `out` is. */
MUST_CHECK enum err reader_feed(struct reader *reader, struct reader_feed *feed, unsigned limit,
                                struct buf *out, bool *ret_more);
/* Appends the alert's object with "transitions" and "jobs" (states with times). ERR_NOT_FOUND. */
MUST_CHECK enum err reader_alert(struct reader *reader, const struct hash_id *id, struct buf *out);
/* Every input in (n) order, for `journal export`; stops when fn returns an error. from_n inclusive. */
MUST_CHECK enum err reader_inputs(struct reader *reader, uint64_t from_n, uint64_t to_n,
                                  enum err (*fn)(void *self, const struct batch_input *input), void *self);
/* Reports of these devices that arrived in [from_ms, to_ms), in order; the input is borrowed for the call of
 * `fn`, whose error stops the walk and is returned. The log has no index by device: at most `walk` inputs,
 * the last ones, are looked at. *ret_from_ms: from when on nothing was left out, from_ms where all was seen.
 * Archived days are not read. */
enum { READER_DEVICES_MAX = 32 };
MUST_CHECK enum err reader_reports(struct reader *reader, const uint32_t *devices, size_t count,
                                   int64_t from_ms, int64_t to_ms, uint64_t walk,
                                   enum err (*fn)(void *self, const struct batch_input *input), void *self,
                                   int64_t *ret_from_ms);
/* Transitions in the order they happened: fn(n of the input, transition). */
MUST_CHECK enum err
reader_transitions(struct reader *reader,
                   enum err (*fn)(void *self, uint64_t n, const struct transition *transition), void *self);
/* The same as the lines that replay prints, in order; transitions without a line are left out. */
MUST_CHECK enum err reader_transition_lines(struct reader *reader,
                                            enum err (*fn)(void *self, const char *line, size_t len),
                                            void *self);
/* Recomputes the chains of the audit trail: the transitions', then that of what was done about people's data,
 * which is anchored in it. *ret_rows = rows that were looked at; ERR_CORRUPT: *ret_rows is the row at which
 * the chain breaks. */
MUST_CHECK enum err reader_audit(struct reader *reader, uint64_t *ret_rows);
/* The whole way of an alert or an event for `trace`, as a JSON object: arrival, input number, findings,
 * transitions, commit time, rows with their states and times. `key` = alert id (32 hex) or
 * DEVICE/LANE/EPOCH/SEQ. ERR_INVALID: neither; ERR_NOT_FOUND. Looking for an event reads the whole input log
 * (no index on it). */
MUST_CHECK enum err reader_trace(struct reader *reader, const char *key, struct buf *out);
/* As store_ops.load_registry. */
MUST_CHECK enum err reader_registry(struct reader *reader, const struct tz *tz, struct buf *errors,
                                    struct registry **ret_registry);
/* The fold's state as of one commit: the mark, then loader->state and loader->input as at a restart; its
 * other members are not called. For a gateway that looks and takes nothing in. */
MUST_CHECK enum err reader_fold(struct reader *reader, const struct store_loader *loader,
                                enum err (*mark)(void *self, const struct store_mark *mark));
/* The facts of each alert that opened in [from_ms, to_ms), in order of opening; stops when fn returns an
 * error. One alert at a time in memory. */
MUST_CHECK enum err reader_report(struct reader *reader, int64_t from_ms, int64_t to_ms,
                                  enum err (*fn)(void *self, const struct report_fact *fact), void *self);
/* Tasks and the ledger over [from_ms, to_ms), and as they stand; overdue at now_ms. */
MUST_CHECK enum err reader_works(struct reader *reader, int64_t from_ms, int64_t to_ms, int64_t now_ms,
                                 struct report_works *ret_works);
/* Residents whose device said a campaign's announcement in [from_ms, to_ms), each once. */
MUST_CHECK enum err reader_campaign_heard(struct reader *reader, int64_t from_ms, int64_t to_ms,
                                          enum err (*fn)(void *self, uint32_t resident), void *self);
/* Devices of which something was taken in since then. */
MUST_CHECK enum err reader_heard(struct reader *reader, int64_t since_ms,
                                 enum err (*fn)(void *self, uint32_t device), void *self);
/* What was known of each device at the last snapshot, by number; one that cannot be read is left out. */
struct live_device_row;
MUST_CHECK enum err
reader_devices(struct reader *reader,
               enum err (*fn)(void *self, uint32_t device, const struct live_device_row *row), void *self);
/* Silences that end after since_ms (0 = all), the last to end first, at most READER_SILENCES_MAX; and the
 * newest lines of the ledger. Each appends a JSON list; `keep` (NULL = all) leaves out what is not for the
 * asker. */
enum { READER_SILENCES_MAX = 1000, READER_ANNOUNCEMENTS_MAX = 1000 };
MUST_CHECK enum err reader_silences(struct reader *reader, int64_t since_ms,
                                    bool (*keep)(void *self, struct subject subject), void *self,
                                    struct buf *out);
/* The changes of rosters that end after since_ms, the newest first, at most `max`, those taken back too. */
struct roster_change;
MUST_CHECK enum err reader_roster_changes(struct reader *reader, int64_t since_ms,
                                          struct roster_change *changes, size_t max, size_t *ret_count);
/* Handovers of shifts that were begun after since_ms, the newest first, at most READER_HANDOVERS_MAX; the
 * JSON is borrowed for the call of `fn`, whose error stops the walk. */
enum { READER_HANDOVERS_MAX = 500 };
struct reader_handover {
    const char *territory; /* its code, "" = the county */
    const char *json;
    size_t len;
};
MUST_CHECK enum err reader_handovers(struct reader *reader, int64_t since_ms,
                                     enum err (*fn)(void *self, const struct reader_handover *handover),
                                     void *self);
/* Appends the handover's object with its "history", and says where it belongs to. ERR_NOT_FOUND. */
MUST_CHECK enum err reader_handover(struct reader *reader, const struct hash_id *id, struct buf *out,
                                    char territory[ID_SIZE]);
/* What a silence is about. ERR_NOT_FOUND. */
MUST_CHECK enum err reader_silence(struct reader *reader, const struct hash_id *id,
                                   struct subject *ret_subject);
MUST_CHECK enum err reader_suppressions(struct reader *reader, unsigned limit,
                                        bool (*keep)(void *self, const struct hash_id *alert), void *self,
                                        struct buf *out);
/* Announcements likewise, those that people made; the registry's own stand in its file. */
MUST_CHECK enum err reader_announcements(struct reader *reader, int64_t since_ms,
                                         bool (*keep)(void *self, struct subject subject), void *self,
                                         struct buf *out);
/* Where it holds. ERR_NOT_FOUND. */
MUST_CHECK enum err reader_announcement(struct reader *reader, const struct hash_id *id,
                                        struct subject *ret_territory);
/* What the retention would do now: inputs that wait for each of its steps, as of the time of the last commit.
 */
struct reader_retention {
    int64_t inputs, oldest_ms; /* in the database; 0 = none */
    int64_t location_due, health_due, visitor_due, input_due;
};
MUST_CHECK enum err reader_retention(struct reader *reader, const struct retention *retention,
                                     struct reader_retention *ret_status);
/* The ledger of consents, one person's (NULL = all); and of a resident what is in force. Appends a JSON
 * object. */
MUST_CHECK enum err reader_consents(struct reader *reader, const char *person, struct buf *out);
/* The audit trail backwards: transitions before the id (0 = from the newest), of that actor ("" = any), at
 * most `walk` looked at. An error of `fn` stops and is returned. The texts are borrowed for the call. */
struct reader_change {
    int64_t id, t_ms;
    struct hash_id alert;
    uint8_t kind; /* enum transition_kind */
    const char *by, *why;
};
MUST_CHECK enum err reader_changes_back(struct reader *reader, const char *by, int64_t before, unsigned walk,
                                        enum err (*fn)(void *self, const struct reader_change *change),
                                        void *self);
/* Edits of one row of the registry by people, the newest first; of those that an erasure reached nothing is
 * left. The texts are borrowed for the call. */
struct reader_edit {
    int64_t t_ms;
    const char *by, *what, *columns; /* what: "added", "changed", "removed"; columns between semicolons */
};
MUST_CHECK enum err reader_edits(struct reader *reader, const char *table, const char *key, unsigned limit,
                                 enum err (*fn)(void *self, const struct reader_edit *edit), void *self);
/* What detectors found about a resident or the home (REGISTRY_NONE = no home), the newest first. */
struct reader_finding {
    int64_t id;
    struct finding finding; /* without its evidence */
    const char *detector, *code;
};
MUST_CHECK enum err reader_findings(struct reader *reader, uint32_t resident, uint32_t household,
                                    int64_t before, unsigned limit,
                                    enum err (*fn)(void *self, const struct reader_finding *finding),
                                    void *self);
/* Tasks; the JSON is borrowed for the call of `fn`, whose error stops the walk and is returned. */
enum { READER_TASKS_MAX = 5000 };
struct reader_task_filter {
    bool open;    /* open ones, the first due on top; else the newest */
    uint8_t kind; /* enum task_kind, TASK_NONE = any */
    unsigned limit;
    const struct hash_id *alert; /* of this one, ended ones too, in the order they came; NULL = any */
};
struct reader_task {
    struct hash_id id, alert;
    const char *json;
    size_t len;
};
MUST_CHECK enum err reader_tasks(struct reader *reader, const struct reader_task_filter *filter,
                                 enum err (*fn)(void *self, const struct reader_task *task), void *self);
/* Appends the task's object with its "history". ERR_NOT_FOUND. */
MUST_CHECK enum err reader_task(struct reader *reader, const struct hash_id *id, struct buf *out);
MUST_CHECK enum err reader_task_alert(struct reader *reader, const struct hash_id *id,
                                      struct hash_id *ret_alert);
/* Entries of the ledger of clues; the JSON is borrowed for the call of `fn`, whose error stops the walk. */
struct reader_ledger_filter {
    bool ended;              /* closed ones too, the newest first; else open ones, what is due first on top */
    int state, family;       /* enum ledger_state, enum family; -1 = any */
    const char *responsible; /* NULL = anybody */
    int64_t due_by_ms;       /* only open ones that were due by then; 0 = any */
    bool has_place;          /* only what comes after this place */
    int64_t place_ms;
    struct hash_id place_id;
    unsigned limit;
};
struct reader_ledger_entry {
    struct hash_id id;
    int64_t place_ms; /* with the id its place in the order asked for */
    const char *json;
    size_t len;
};
MUST_CHECK enum err reader_ledger(struct reader *reader, const struct reader_ledger_filter *filter,
                                  enum err (*fn)(void *self, const struct reader_ledger_entry *entry),
                                  void *self);
/* Appends the entry's object with its "history". ERR_NOT_FOUND. */
MUST_CHECK enum err reader_ledger_one(struct reader *reader, const struct hash_id *id, struct buf *out);
/* Campaigns, the newest first, each with how many people stand how ("people"): a list; and one with its
 * people by id ("reached"). ERR_NOT_FOUND. */
MUST_CHECK enum err reader_campaigns(struct reader *reader, unsigned limit, struct buf *out);
MUST_CHECK enum err reader_campaign(struct reader *reader, const struct hash_id *id, struct buf *out);
/* What was asked of a device (fleet.h), the newest first, as a list. */
MUST_CHECK enum err reader_orders(struct reader *reader, uint32_t device, unsigned limit, struct buf *out);
/* Roll-outs (rollout.h), the newest first, each with its history ("events"): a list. */
MUST_CHECK enum err reader_rollouts(struct reader *reader, unsigned limit, struct buf *out);
/* ERR_NOT_FOUND: nobody and nothing of that id. */
MUST_CHECK enum err reader_subject(struct reader *reader, enum subject_kind kind, const char *id,
                                   struct subject *ret_subject);
/* Cheap enough for once a second. */
/* The moment to which time had run at the last commit, in wall milliseconds. */
MUST_CHECK enum err reader_time(struct reader *reader, int64_t *ret_t_ms);
struct reader_counts {
    uint64_t inputs, alerts_open, alerts_total, rows_waiting, gaps;
};
MUST_CHECK enum err reader_counts(struct reader *reader, struct reader_counts *ret_counts);

#endif
