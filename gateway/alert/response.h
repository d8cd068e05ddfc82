/* A prompt that was played is not a prompt that was heard (practice.md 13): after some of them (answer_s in
 * the catalogue) a sign of the resident is awaited, and its absence is escalated. What counts as one:
 *   always            a button: check-in, help, suspicion, a fall taken back
 *                     the door: presence or departure at the home
 *   a visit, fraud    the visitors have left
 *   an outing         the next valid fix
 * One prompt an alert is awaited, the newest. Inside of the alert stage; include alert/alerts.h. */
#ifndef HUYANG_ALERT_RESPONSE_H
#define HUYANG_ALERT_RESPONSE_H

#include "alert/alert.h"

enum { RESPONSES_MAX = 1024 };

struct response {
    struct hash_id alert;
    int64_t played_ms, due_ms;
    uint32_t resident, household; /* REGISTRY_NONE = not about one */
    uint8_t family, step;
    char prompt[ID_SIZE];
};
/* The live ones stand at the front: they are few, and each event looks through them. */
struct responses {
    unsigned count, stored; /* stored: rows that the last snapshot may hold */
    bool dirty;
    struct response all[RESPONSES_MAX];
};

struct alert_record;
void response_await(struct alerts *alerts, const struct alert_record *record, const struct job *job,
                    int64_t t_ms);
/* The alert has ended, or a person has reached the resident. */
void response_forget(struct alerts *alerts, const struct alert *alert);
/* INT64_MAX = nothing is awaited for the alert. */
int64_t response_due_ms(const struct alerts *alerts, const struct alert *alert);
/* What is overdue: said in the alert's record, and somebody calls. */
void response_expire(struct alerts *alerts, struct alert_record *record, int64_t t_ms);

MUST_CHECK enum err responses_snapshot(const struct alerts *alerts,
                                       enum err (*fn)(void *self, const char *table, uint16_t version,
                                                      uint32_t no, const void *value, size_t len),
                                       void *self);
void responses_snapshot_done(struct alerts *alerts);
/* ERR_NOT_FOUND: another table. */
MUST_CHECK enum err responses_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                                      const void *value, size_t len);

#endif
