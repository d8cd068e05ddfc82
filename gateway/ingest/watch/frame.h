/* The frames of the bracket "watch" protocol (3G, SG, CS, ZJ, HYK … watches over TCP):
 *
 *     [MAKER*ID*LEN*TYPE,…]    or    [MAKER*ID*INDEX*LEN*TYPE,…]
 *
 * MAKER is two letters, LEN four hex digits: the bytes of the content once '}' escapes are undone (01 '}',
 * 02 '[', 03 ']', 04 ',', 05 '*'). Brackets may stand in the content as they are (names of Wi-Fi networks),
 * so the length decides; where it is wrong, which some watches get, the first bracket that closes no other
 * does. Some wristbands speak another frame on the same kind of connection, told by its first byte:
 *
 *     00 01 02 LEN(2 bytes) YXid|version|model|{Fnn#…} CR LF FF FE FC
 *
 * whose end is its footer, whatever LEN says. What stands between frames is passed over and counted.
 *
 * Fed with whatever the socket gives, a byte at a time or many frames at once. A sender whose lengths were
 * wrong WATCH_TRUST times is taken at its brackets from then on: its frames so wait for nothing, and no byte
 * is looked at over and over. Pure; memory grows up to WATCH_RAW_MAX and is released with the framer. */
#ifndef HUYANG_INGEST_WATCH_FRAME_H
#define HUYANG_INGEST_WATCH_FRAME_H

#include "core/buf.h"
#include "core/text.h"

enum {
    WATCH_CONTENT_MAX = 0xFFFF,
    WATCH_RAW_MAX = 2 * WATCH_CONTENT_MAX + 128, /* every byte escaped, and the head */
    WATCH_INDEX_SIZE = 17,
    WATCH_YX_MAX = 8192, /* bytes of a frame with a footer */
    WATCH_TRUST = 3
};

enum watch_kind { WATCH_BRACKET, WATCH_YX };

struct watch_frame {
    enum watch_kind kind;
    char maker[3]; /* "YX" of the second kind */
    char id[ID_SIZE];
    char index[WATCH_INDEX_SIZE]; /* "" = the watch sends none; of the second kind, its version */
    const char *content;          /* escapes undone, NUL-terminated; good until the next call */
    size_t len;
    bool bad_length; /* LEN was not the content's */
};

struct watch_framer {
    struct buf raw;
    struct buf content; /* of the frame last returned */
    size_t from;        /* what lies before in raw is done with; the places below count from here */
    size_t head;        /* where the content begins, 0 = not known yet */
    size_t wanted;      /* LEN */
    size_t at, count;   /* looked at up to here; content bytes so far */
    size_t depth;       /* brackets open within the content */
    size_t bracket;     /* the first ']' of the content, 0 = none yet */
    size_t closed;      /* the first that closes none of the content's own */
    unsigned bad_lengths;
    struct watch_frame frame;
    uint64_t skipped; /* bytes that belonged to no frame */
};

void watch_framer_init(struct watch_framer *framer);
void watch_framer_release(struct watch_framer *framer);
/* Takes bytes from the socket. False: memory is short or more than WATCH_RAW_MAX waits; close the connection.
 */
bool watch_framer_put(struct watch_framer *framer, const void *data, size_t len);
/* The next whole frame, or NULL when more bytes are needed. */
const struct watch_frame *watch_framer_next(struct watch_framer *framer);
/* The sender has been silent for a while: a frame that has a closing bracket, but not at its length, is taken
 * as it stands. NULL when there is none. */
const struct watch_frame *watch_framer_flush(struct watch_framer *framer);

/* Appends a frame to the watch `to` came from: `text` as it is, then `len` bytes of `data` with escapes made.
 * Nothing when both together are longer than WATCH_CONTENT_MAX; the second kind takes no data. */
void watch_frame_write(const struct watch_frame *to, const char *text, const void *data, size_t len,
                       struct buf *out);

#endif
