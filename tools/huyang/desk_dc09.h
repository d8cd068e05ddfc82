/* A DC-09 receiver for demo and tests: reads, judges and answers frames without a line of the gateway's own
 * codec, so that two readings of the standard must agree. Not part of the gateway. */
#ifndef HUYANG_TOOLS_DESK_DC09_H
#define HUYANG_TOOLS_DESK_DC09_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "desk.h"

enum {
    DESK_DC09_FRAME_MAX = 8192,
    DESK_DC09_LATE_MS = 40000, /* a frame's time may lie so far behind the desk's … */
    DESK_DC09_EARLY_MS = 20000 /* … and so far before it */
};

struct desk_dc09_key {
    uint8_t bytes[32];
    size_t len; /* 0 = frames come in clear */
};
/* 32, 48 or 64 hexadecimal digits, or 16, 24 or 32 characters. */
bool desk_dc09_key(const char *text, size_t len, struct desk_dc09_key *ret_key);

/* What the answer should be. */
enum desk_dc09_word { DESK_DC09_NOTHING, DESK_DC09_ACK, DESK_DC09_NAK, DESK_DC09_DUH };

struct desk_dc09_frame {
    enum desk_dc09_word word;
    char why[96]; /* why it is not ACK; "" when it is */
    bool encrypted, is_test, is_exercise, has_place;
    char name[16]; /* SIA-DCS, NULL … */
    char sequence[5], receiver[8], line[8], account[20];
    char code[4], zone[8], label[72]; /* PA, 001, what stands between ^ and ^ */
    char text[300], verification[200], occurred[24], time[24];
    char id[80]; /* of the message: named in [V…], else account and sequence */
    double lat, lon;
};
/* `bytes` from the LF to the CR. `now_ms`: the desk's own clock. */
void desk_dc09_judge(const char *bytes, size_t len, const struct desk_dc09_key *key, int64_t now_ms,
                     struct desk_dc09_frame *ret_frame);
/* Appends an answer to that frame. `spoil` = with a checksum that does not fit. */
void desk_dc09_answer(const struct desk_dc09_frame *frame, enum desk_dc09_word word,
                      const struct desk_dc09_key *key, int64_t now_ms, bool spoil, struct buf *out);

/* --- desk_lines.c: the sockets --- */
struct desk_lines;
/* Listens on 127.0.0.1; the first port's mode is that of the path "/dc09", the second's of "/dc09/2", and
 * link tests have "/dc09/null" and "/dc09/2/null". On failure says why on standard error. */
MUST_CHECK enum err desk_lines_new(const struct desk_options *options, struct desk_records *records,
                                   struct desk_lines **ret_lines);
void desk_lines_free(struct desk_lines *lines);
unsigned desk_lines_port(const struct desk_lines *lines, unsigned which);

#endif
