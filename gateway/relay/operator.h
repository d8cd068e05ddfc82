/* The generic HTTP profile of an operator that sends SMS or calls people: how a request is filled in, and
 * what its replies and reports say. Pure; everything an operator says is hostile input.
 *
 * Templates: {id} our id of the message, {phone}, {name}, {title}, {text}, {level}; {secret} in headers and
 * URLs only, {ref} the operator's own id in poll_url, cancel_url and cancel_fields. A member is a dotted path
 * into JSON ("data.0.id"), or the name of a form field. */
#ifndef HUYANG_RELAY_OPERATOR_H
#define HUYANG_RELAY_OPERATOR_H

#include "relay/relay.h"

enum { OPERATOR_REF_SIZE = 64, OPERATOR_REPORT_MAX = 16384, OPERATOR_REPORTS_MAX = 100 };

struct operator_values {
    const char *id, *phone, *name, *title, *text, *level, *secret, *ref; /* NULL = stays as it is written */
};
/* Appends the template with its values; `url` escapes each for a URL. */
void operator_fill(const char *template_text, const struct operator_values *values, bool url,
                   struct buf *out);
/* The whole body of a request, as JSON object or form. */
void operator_body(const struct operator_settings *settings, const struct operator_values *values,
                   struct buf *out);

/* The body that calls a message off, as operator_body. */
void operator_cancel_body(const struct operator_settings *settings, const struct operator_values *values,
                          struct buf *out);
/* Whether a message can be called off: where the operator's own id is asked for, `ref` must not be "". */
bool operator_may_cancel(const struct operator_settings *settings, const char *ref);

enum operator_answer { OPERATOR_TOOK, OPERATOR_REFUSED, OPERATOR_UNCLEAR };
/* What a 2xx to a submission says: `ref` gets the operator's id ("" = none), `why` one line when it refused.
 */
enum operator_answer operator_reply(const struct operator_settings *settings, const char *body, size_t len,
                                    char ref[OPERATOR_REF_SIZE], char why[64]);

/* One status, of a report or of an answer to a poll. */
struct operator_status {
    char id[OPERATOR_REF_SIZE]; /* ours or the operator's, as configured */
    uint8_t state;              /* enum operator_state */
    char key;                   /* the key that was pressed, 0 = none */
    char code[32];              /* as the operator wrote it */
};
/* Reads a JSON object or array of objects, or a form; writes at most OPERATOR_REPORTS_MAX. False when it is
 * none of them, or nothing in it has an id (*ret_count is then 0). */
bool operator_report(const struct operator_settings *settings, const char *body, size_t len,
                     struct operator_status *statuses, size_t *ret_count);
/* What a status makes of the job; DELIVERY_COUNT = nothing new. `reason` is one line. */
enum delivery_state operator_delivery(const struct operator_settings *settings,
                                      const struct operator_status *status, char reason[64]);

#endif
