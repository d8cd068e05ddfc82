/* The one table of an event's fields: name, place in the struct, type, range. JSON, the compact form and the
 * range checks walk it. */
#ifndef HUYANG_INGEST_EVENT_FIELD_H
#define HUYANG_INGEST_EVENT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "ingest/event.h"

enum field_type {
    FIELD_BOOL, /* uint8_t 0/1 */
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_I16,
    FIELD_F32,
    FIELD_F64,
    FIELD_TIME,  /* int64_t milliseconds since 1970; ISO 8601 in JSON */
    FIELD_ENUM,  /* uint8_t; 0 = unspecified, left out in JSON */
    FIELD_ID,    /* char[ID_SIZE], "" = left out */
    FIELD_TEXT,  /* char[33], printable ASCII, "" = left out */
    FIELD_PEOPLE /* the visit's list */
};

#define FIELD_ALWAYS SIZE_MAX

/* Times of events lie in 1970..2199, what clock_parse accepts, so that a stored one can always be written and
 * read again. */
#define EVENT_TIME_HIGH 7258118399999.0

struct event_field {
    const char *name; /* as in JSON */
    const char
        *wire_name; /* the .proto's where that differs, NULL = the same; read in JSON too, never written */
    enum field_type type;
    size_t offset;            /* in struct event (in struct event_person for the people's own table) */
    size_t has_offset;        /* of the uint8_t that says whether it is there; FIELD_ALWAYS = always */
    double low, high;         /* inclusive range of numbers */
    const char *const *names; /* FIELD_ENUM: names[value], names[0] = NULL */
    unsigned name_count;
    bool required;   /* in JSON; a required enum or id may not be empty on the wire either */
    double fallback; /* an enum's or bool's value when JSON leaves it out or the wire says unspecified; 0 =
                        none */
};

/* The fields of a kind; *ret_count may be 0. Never NULL for kinds inside the enum. */
const struct event_field *event_fields(enum event_kind kind, size_t *ret_count);
/* The fields of one person of a visit. */
const struct event_field *event_person_fields(size_t *ret_count);

/* How the walkers read and write one field. `base` is the event, or the person for the people's fields.
 * Numbers are every type but FIELD_ID and FIELD_TEXT (a bool is 0 or 1, an enum its value, FIELD_PEOPLE the
 * count, FIELD_TIME exact up to its range); a number that is set must have passed event_field_number_ok.
 * Negative zero is stored as zero. */
double event_field_number(const struct event_field *field, const void *base);
void event_field_set_number(const struct event_field *field, void *base, double value);
bool event_field_number_ok(const struct event_field *field, double value);
bool event_field_has(const struct event_field *field, const void *base);
void event_field_set_has(const struct event_field *field, void *base);
/* For FIELD_ID and FIELD_TEXT: where the text stands, the bytes there with the terminator, and whether `len`
 * bytes may stand there. */
char *event_field_text(const struct event_field *field, void *base);
size_t event_field_text_size(const struct event_field *field);
bool event_field_text_ok(const struct event_field *field, const char *text, size_t len);

/* Brings an event from outside to its one canonical form: a fix that is not valid has no position. Call
 * before event_check. */
void event_settle(struct event *event);

/* Checks every number, enum, id and text of the event. *ret_field (may be NULL) names the first bad one. */
MUST_CHECK enum err event_check(const struct event *event, const char **ret_field);

#endif
