/* ANSI/SIA DC-09: one frame of the alarm industry's Internet protocol, written and read. Pure: no socket, no
 * clock; what comes in is hostile.
 *
 *   LF CRC LLLL "ID" sequence [Rreceiver] Lline #account [data] {[extension]} [_HH:MM:SS,MM-DD-YYYY] CR
 *
 * CRC is CRC-16/ARC, LLLL the number of bytes, both in four hexadecimal digits, over everything from the
 * first quote up to the CR. Encrypted, the name is "*ID" and what follows the first bracket is AES-CBC under
 * a zero IV in hexadecimal: pad characters, '|', then data, bracket, extensions and time. */
#ifndef HUYANG_RELAY_DC09_H
#define HUYANG_RELAY_DC09_H

#include "core/buf.h"
#include "relay/dc09_aes.h"

enum {
    DC09_BODY_MAX = 0xFFF, /* what three hexadecimal digits of length can say */
    DC09_FRAME_MAX = 1 + 8 + DC09_BODY_MAX + 1,
    DC09_TEXT_SIZE = DC09_BODY_MAX + 1, /* what is between the brackets, terminated */
    DC09_ACCOUNT_SIZE = 17,             /* 16 hexadecimal digits; the standard asks for 3 and more */
    DC09_NUMBER_SIZE = 7,               /* receiver and line: six hexadecimal digits */
    DC09_SEQUENCES = 9999,              /* 1..9999; 0 stands in NULL and NAK */
    DC09_TIME_TEXT = 20,                /* "HH:MM:SS,MM-DD-YYYY" and a NUL */
};

#define DC09_KIND_MAP(X)                                                                                     \
    X(SIA_DCS, "SIA-DCS") /* an event in SIA's own codes */                                                  \
    X(ADM_CID, "ADM-CID") /* an event in Contact ID; read only */                                            \
    X(TEST, "NULL")       /* supervision of the link */                                                      \
    X(ACK, "ACK")         /* the receiver's machine has it: no person said anything */                       \
    X(NAK, "NAK")         /* its time is too far from the receiver's, which stands in it */                  \
    X(DUH, "DUH")         /* understood, but the receiver cannot take it */                                  \
    X(RSP, "RSP")         /* an answer to a question we never ask; read only */
enum dc09_kind {
#define X(name, text) DC09_##name,
    DC09_KIND_MAP(X)
#undef X
        DC09_KIND_COUNT
};
const char *dc09_kind_name(enum dc09_kind kind);

/* Why a frame was not used. */
#define DC09_FAULT_MAP(X)                                                                                    \
    X(NONE, none, "well-formed")                                                                             \
    X(HUGE, huge, "longer than a frame can be")                                                              \
    X(FRAMING, framing, "bytes that are no frame")                                                           \
    X(LENGTH, length, "its length is not the one it names")                                                  \
    X(CRC, crc, "its checksum is wrong")                                                                     \
    X(HEADER, header, "its name, numbers or account are malformed")                                          \
    X(BODY, body, "its brackets or characters are malformed")                                                \
    X(CLEAR, clear, "in clear where the key is demanded")                                                    \
    X(KEY, key, "it does not decrypt under this key")                                                        \
    X(TIME, time, "its time is missing, malformed or too far off")                                           \
    X(STRAY, stray, "an answer to nothing that was asked")
enum dc09_fault {
#define X(name, word, text) DC09_FAULT_##name,
    DC09_FAULT_MAP(X)
#undef X
        DC09_FAULT_COUNT
};
const char *dc09_fault_name(enum dc09_fault fault); /* one word: a label */
const char *dc09_fault_text(enum dc09_fault fault);

/* All texts are borrowed and terminated. */
struct dc09_frame {
    enum dc09_kind kind;
    unsigned sequence;                                       /* 0..9999 */
    char receiver[DC09_NUMBER_SIZE], line[DC09_NUMBER_SIZE]; /* "" = not given; a written line is */
    char account[DC09_ACCOUNT_SIZE];                         /* "" only in a NAK, where it is A0 */
    const char *data;                                        /* between the first brackets, without them */
    const char *extensions;                                  /* "[X…][Y…]", with theirs */
    bool has_time, encrypted;
    int64_t time_ms; /* whole seconds, UTC */
};

/* CRC-16/ARC: reflected polynomial 0xA001, start 0. */
uint16_t dc09_crc(const void *data, size_t len);
/* "HH:MM:SS,MM-DD-YYYY", UTC. */
void dc09_time_text(int64_t time_ms, char text[DC09_TIME_TEXT]);

/* Appends the frame, encrypted when key->len is not 0 (then has_time must be set). Of `pad` as many
 * characters are made as the blocks need: bytes nobody can guess, since with a zero IV they are all that
 * hides equal beginnings; the same bytes give the same frame. ERR_RANGE: longer than a frame can be.
 * ERR_INVALID: an account, line or receiver that is not hexadecimal, or text with brackets, control
 * characters or (data) '['. */
MUST_CHECK enum err dc09_write(const struct dc09_frame *frame, const struct dc09_key *key,
                               const uint8_t pad[DC09_BLOCK], struct buf *out);

/* Looks at the front of a stream and returns how many bytes are done with; 0 = more must come first.
 * *ret_len > 0: a frame stands at bytes + *ret_from. *ret_fault says why bytes were thrown away, if they
 * were. CR, LF and NUL between frames are nothing. Never keeps more than DC09_FRAME_MAX bytes waiting. */
size_t dc09_scan(const char *bytes, size_t len, size_t *ret_from, size_t *ret_len,
                 enum dc09_fault *ret_fault);

/* Reads one frame, from its LF to its CR. `text` receives what data and extensions point to. The key is used
 * for encrypted frames only; whoever demands encryption looks at `encrypted`. An encrypted frame needs a
 * time. Only on DC09_FAULT_NONE is *ret_frame written. */
enum dc09_fault dc09_read(const char *bytes, size_t len, const struct dc09_key *key,
                          char text[DC09_TEXT_SIZE], struct dc09_frame *ret_frame);

/* A key as people write it: 32, 48 or 64 hexadecimal digits, or 16, 24 or 32 characters; 32 characters that
 * are all hexadecimal digits are digits. False when it is neither. */
bool dc09_key_parse(const char *text, size_t len, struct dc09_key *ret_key);
/* 3..16 hexadecimal digits; 1..6. */
bool dc09_is_account(const char *text);
bool dc09_is_number(const char *text);

#endif
