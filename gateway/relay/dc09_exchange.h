/* One question to a DC-09 receiver and what became of it: one const table and one pure function. The client
 * (dc09_client.h) turns sockets, frames and clocks into inputs. */
#ifndef HUYANG_RELAY_DC09_EXCHANGE_H
#define HUYANG_RELAY_DC09_EXCHANGE_H

#include <stdbool.h>

#define DC09_STATE_MAP(X)                                                                                    \
    X(OFFERED, offered)             /* waits to be written, with the time of its making */                   \
    X(ASKED, asked)                 /* written; the answer is awaited */                                     \
    X(OFFERED_AGAIN, offered_again) /* the receiver said NAK: waits to be written with its time */           \
    X(ASKED_AGAIN, asked_again)     /* written with the receiver's time */                                   \
    X(TAKEN, taken)                 /* ACK: the receiver's machine has it */                                 \
    X(REFUSED, refused)             /* DUH, NAK although the time was its own, or no frame */                \
    X(UNANSWERED, unanswered)       /* no connection, or no answer in time */
enum dc09_state {
#define X(name, text) DC09_STATE_##name,
    DC09_STATE_MAP(X)
#undef X
        DC09_STATE_COUNT
};

#define DC09_INPUT_MAP(X)                                                                                    \
    X(WRITTEN) /* it is on its way over an open connection */                                                \
    X(ACK)                                                                                                   \
    X(NAK)                                                                                                   \
    X(DUH)                                                                                                   \
    X(STALE)   /* the connection is gone through no fault of this question: nobody saw it, perhaps */        \
    X(SILENCE) /* no connection came up, it broke, or the time is over */                                    \
    X(UNFIT)   /* it cannot be written as a frame */
enum dc09_input {
#define X(name) DC09_INPUT_##name,
    DC09_INPUT_MAP(X)
#undef X
        DC09_INPUT_COUNT
};

const char *dc09_state_name(enum dc09_state state);
/* What follows; inputs that cannot concern the state leave it as it is. */
enum dc09_state dc09_next(enum dc09_state state, enum dc09_input input);
bool dc09_state_is_final(enum dc09_state state);
bool dc09_state_is_offered(enum dc09_state state); /* waits to be written */
bool dc09_state_is_asked(enum dc09_state state);   /* waits for its answer */

#endif
