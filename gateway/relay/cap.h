/* CAP 1.2 (OASIS, July 2010): our messages, their names, and what a receiver answered. Pure; replies are
 * hostile input. */
#ifndef HUYANG_RELAY_CAP_H
#define HUYANG_RELAY_CAP_H

#include "core/hash.h"
#include "relay/relay.h"

enum { CAP_IDENTIFIER_SIZE = 48, CAP_NOTE_SIZE = 48, CAP_TIME_SIZE = 32 };

/* "654321-0123…": county and job id. */
void cap_identifier(const char *county, const struct hash_id *job, char text[CAP_IDENTIFIER_SIZE]);
struct tz;
/* "2026-03-01T09:12:00+08:00": local time, whole seconds, and -00:00 for UTC, as the standard wants it. */
void cap_time(const struct tz *tz, int64_t t_ms, char text[CAP_TIME_SIZE]);

/* Appends the document of a POLICE or STAND_DOWN job. */
void cap_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                int64_t expires_ms, struct buf *body);

/* CAP_SILENT: not a CAP document, or not about us. */
enum cap_verdict { CAP_SILENT, CAP_ACCEPTED, CAP_REJECTED };
/* Reads a reply to the message `identifier`: an Ack that refers to it accepts, an Error that refers to it
 * rejects with its note. */
enum cap_verdict cap_reply(const char *body, size_t len, const char *identifier, char note[CAP_NOTE_SIZE]);

/* The same when it comes by itself: which of our messages it is about, and what is said of it. An Ack whose
 * note begins with the name of a word ("dispatched: car 12") says that word, any other that it is accepted;
 * an Error that it is rejected. False: it is none, or refers to no message of this program. */
struct cap_answer {
    struct hash_id message; /* the job */
    enum police_word word;
    char note[CAP_NOTE_SIZE]; /* cut between characters */
};
bool cap_answer(const char *body, size_t len, struct cap_answer *ret_answer);

#endif
