/* What a frame of the bracket "watch" protocol says, as our events, and what the watch must be answered.
 *
 * Status bits are a set: low battery hides no SOS, and one report carries both. An alarm frame without a
 * reason is an SOS. A fix is valid when the watch says A and the place is not 0,0; without satellites it was
 * made from Wi-Fi or cells and counts as wide as the watch says, or as such fixes are. A value out of range
 * costs its field. Steps are the day's sum and become no activity. Voice and pictures are answered and
 * dropped: no event can hold them.
 *
 * Content of the second kind of frame (Fnn#…) is told by its type: F01 state, F02 positions, F03 and F04
 * networks without a position, F64 an echo. Its clock is UTC, to the minute.
 *
 * Pure; any thread. */
#ifndef HUYANG_INGEST_WATCH_MESSAGE_H
#define HUYANG_INGEST_WATCH_MESSAGE_H

#include "ingest/dialects/dialect.h"
#include "ingest/watch/frame.h"

enum { WATCH_ANSWER_SIZE = 65, WATCH_TYPE_SIZE = 17 };

struct watch_message {
    char type[WATCH_TYPE_SIZE];     /* "LK", "AL_LTE", …; cut and safe to log */
    char answer[WATCH_ANSWER_SIZE]; /* content of the frame the watch waits for; "" = none */
    /* An AL comes again until it is answered: the answer must wait for the disk, and equal bytes are the same
     * alarm. */
    bool is_alarm;
    /* The watch repeats a command's type when it has carried it out; of a voice it says whether it could. */
    bool is_echo, has_failed;
};

/* FOREIGN_EVENTS: *ret_foreign (cleared by the caller) has events of one report, routine ones after urgent
 * ones; names are left to the caller, who knows the frame's id. NO_NEWS, MALFORMED, BAD_VALUE, UNKNOWN_TYPE:
 * none. *ret_message is filled in every case. */
enum foreign_outcome watch_decode(const char *content, size_t len, struct foreign *ret_foreign,
                                  struct watch_message *ret_message);

#endif
