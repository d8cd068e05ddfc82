/* The receiving side of the relays, for demo, bench and tests: a police desk that takes CAP
 * and DC-09, and a county desk that takes webhooks, which check what they get, record it, and misbehave on
 * demand. Its own thread per connection; one lock around the state. Not part of the gateway. */
#ifndef HUYANG_TOOLS_DESK_H
#define HUYANG_TOOLS_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* What a receiver does with a request. "acts" = it counts as done there, whether or not the sender hears of
 * it. */
#define DESK_MODE_MAP(X)                                                                                     \
    X(ACCEPT, accept, true)      /* checks and answers as it should */                                       \
    X(REJECT, reject, false)     /* CAP Error, or {"state":"rejected"} */                                    \
    X(HANG, hang, false)         /* never answers */                                                         \
    X(ERROR, error, false)       /* 500 */                                                                   \
    X(REDIRECT, redirect, false) /* 307 elsewhere */                                                         \
    X(CLOSE, close, true)        /* takes it, but the connection ends half way through the answer */         \
    X(SLOW, slow, true)          /* as accept, two seconds later */                                          \
    X(SILENT, silent, true)      /* 200 without a word */                                                    \
    X(NAK, nak, false)           /* DC-09: "your clock is wrong", with the desk's own time */                \
    X(GARBAGE, garbage, true)    /* DC-09: bytes that are no frame */                                        \
    X(BAD_CRC, bad_crc, true)    /* DC-09: an ACK whose checksum does not fit */
enum desk_mode {
#define X(name, text, acts) DESK_##name,
    DESK_MODE_MAP(X)
#undef X
        DESK_MODE_COUNT
};
const char *desk_mode_name(enum desk_mode mode);
enum desk_mode desk_mode_from_name(const char *name); /* DESK_MODE_COUNT when unknown */
bool desk_mode_acts(enum desk_mode mode);

enum { DESK_LINES_MAX = 2 };
struct desk_options {
    unsigned port; /* 0 = any free one */
    enum desk_mode mode;
    bool control;                     /* POST /control is served */
    const char *record_path;          /* appended to; NULL = none */
    const char *cert_path, *key_path; /* both or none */
    const char *secret_path;          /* webhooks must be signed with it; NULL = not checked */
    unsigned dc09_count;              /* ports that take DC-09 */
    unsigned dc09_ports[DESK_LINES_MAX];
    const char *dc09_key_path; /* NULL = frames come in clear */
    bool takes_mail;           /* on smtp_port */
    unsigned smtp_port;
    int dc09_clock_s; /* the receiver's clock runs so far ahead of the machine's */
};
struct desk;
/* Serves until desk_free. On failure says why on standard error. */
MUST_CHECK enum err desk_new(const struct desk_options *options, struct desk **ret_desk);
void desk_free(struct desk *desk);
const char *desk_url(const struct desk *desk); /* "http://127.0.0.1:PORT" */
struct desk_records *desk_records_of(struct desk *desk);

/* --- desk_record.c: what was received; thread-safe
 * ------------------------------------------------------------------------------------- */
enum { DESK_RECORDS_BYTES_MAX = 64 << 20, DESK_IDS_MAX = 1 << 20, DESK_PATHS_MAX = 64 };
struct desk_records;
MUST_CHECK enum err desk_records_new(const char *path, enum desk_mode mode,
                                     struct desk_records **ret_records);
void desk_records_free(struct desk_records *records);
/* The mode for the next request on `path`; uses up one of a counted override. */
enum desk_mode desk_records_mode(struct desk_records *records, const char *path);
/* "*" = every path. count 0 = until changed. ERR_FULL. */
MUST_CHECK enum err desk_records_set_mode(struct desk_records *records, const char *path, enum desk_mode mode,
                                          unsigned count);
/* Notes an id: was it seen before, and does the desk act on it now (only the first time that `may_act`)? */
void desk_records_note(struct desk_records *records, const char *id, bool may_act, bool *ret_duplicate,
                       bool *ret_acted);
/* The members every record begins with: {"t":…,"t_us":…,"path":…,"id":… */
void desk_records_open(struct buf *line, const char *path, const char *id);
/* One JSON object without newline. The oldest lines go when the memory is full; the file keeps all. */
void desk_records_add(struct desk_records *records, const char *line, size_t len);
void desk_records_copy(struct desk_records *records, struct buf *out);

#endif
