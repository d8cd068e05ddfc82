/* The compact form of events in the input log. One event is: version byte, kind, flags, at - arrival (zig-zag
 * varint), report (varint), a varint whose bit i says that field i of the kind's table is there, then those
 * fields in table order: varints (zig-zag when signed), IEEE 754 little endian, texts with their length. A
 * field that was added at the end of a table is simply absent in older records. Unknown versions are refused,
 * not guessed. Pure. */
#ifndef HUYANG_INGEST_EVENT_CODEC_H
#define HUYANG_INGEST_EVENT_CODEC_H

#include <stddef.h>

#include "core/err.h"
#include "ingest/event.h"

enum { EVENT_CODEC_MAX = 1024 }; /* most bytes of one event */

/* Writes one event (without its key) at `to`, which has room for EVENT_CODEC_MAX bytes; returns the bytes
 * written. */
size_t event_encode(const struct event *event, int64_t arrival_ms, unsigned char *to);
/* Reads one event back; *ret_used = bytes taken. ERR_CORRUPT on anything unexpected; the key is left zeroed.
 * Of *ret_event only event_size(kind) bytes are written. */
MUST_CHECK enum err event_decode(const unsigned char *from, size_t len, int64_t arrival_ms,
                                 struct event *ret_event, size_t *ret_used);

#endif
