/* Members of JSON objects, for the answers that are made here: a comma is set before each unless an object or
 * list begins. `name` NULL puts an item of a list. Pure. */
#ifndef HUYANG_API_PUT_H
#define HUYANG_API_PUT_H

#include "core/buf.h"
#include "core/clock.h"

void put_text(struct buf *out, const char *name, const char *text);
void put_integer(struct buf *out, const char *name, int64_t value);
void put_bool(struct buf *out, const char *name, bool value);
/* Degrees and the like, `decimals` after the point. */
void put_real(struct buf *out, const char *name, double value, int decimals);
/* Wall milliseconds as ISO 8601 in that zone; 0 puts nothing. */
void put_time(struct buf *out, const struct tz *tz, const char *name, int64_t wall_ms);
/* Items between semicolons, as the registry's files have them, as a list. */
void put_list(struct buf *out, const char *name, const char *items);
/* '{' or '['; its end is buf_putc's. */
void put_open(struct buf *out, const char *name, char bracket);

#endif
