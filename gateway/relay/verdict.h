/* What a receiver's answer means for a row. Pure; answers are hostile input.
 *
 * Two acknowledgements are never confused:
 *   taken      the link took the message: a 2xx. For a `notify` that is all a link can say (delivered); for a
 * task or a police message it is not an answer. accepted   somebody answers for it: a CAP Ack that refers to
 * ours, or {"state":"accepted"} from a CAP receiver. A webhook's {"state":"accepted"} is its own program
 * speaking, no person: it counts as taken. */
#ifndef HUYANG_RELAY_VERDICT_H
#define HUYANG_RELAY_VERDICT_H

#include "relay/dc09_exchange.h"
#include "relay/relay.h"
#include "relay/transport.h"

enum verdict_kind {
    VERDICT_TAKEN,
    VERDICT_ACCEPTED,
    VERDICT_REJECTED,  /* never sent again unchanged */
    VERDICT_ELSEWHERE, /* not to this receiver again, but others may take it */
    VERDICT_RETRY
};
enum { VERDICT_REASON_SIZE = 64, RETRY_AFTER_MAX_S = 300 };
struct verdict {
    enum verdict_kind kind;
    unsigned retry_after_s; /* at least so long, 0..RETRY_AFTER_MAX_S */
    char reason[VERDICT_REASON_SIZE];
};
struct verdict verdict_of(const struct outbox_row *row, const char *county,
                          const struct transport_reply *reply);
/* What a mail server said; of a lasting no (5xx on the recipient or the message) the row is rejected. */
struct verdict verdict_of_mail(const struct transport_reply *reply);
/* What became of a DC-09 message: a final state of dc09_exchange.h. An ACK is never more than taken: it is
 * the receiver's machine that speaks. */
struct verdict verdict_of_dc09(enum dc09_state state, const char *why);

#endif
