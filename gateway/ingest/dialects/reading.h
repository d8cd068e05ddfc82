/* What the dialects share in reading foreign JSON: tolerant of form (a number may be a text), strict of
 * range, and a bad value costs its field, not the message. Pure. */
#ifndef HUYANG_INGEST_DIALECTS_READING_H
#define HUYANG_INGEST_DIALECTS_READING_H

#include "core/json.h"
#include "ingest/dialects/dialect.h"

/* The member as a number within [low, high]. False when it is absent, null or an empty text; and when it is
 * of another type or out of range, which is noted under `key` (static). */
bool read_number(struct foreign *foreign, const struct json *object, const char *key, double low, double high,
                 double *ret_value);
/* The same for yes and no: true, "true" in letters of either case, 1 and "1". */
bool read_bool(struct foreign *foreign, const struct json *object, const char *key, bool *ret_value);
/* Seconds since 1970, fractions allowed, as milliseconds; 0 when there are none or they are no time. Sets
 * has_time. */
int64_t read_seconds(struct foreign *foreign, const struct json *object, const char *key);
/* A text, or a whole number as one with at least `digits` digits; "" for everything else. */
enum { READ_TEXT_SIZE = 32 };
const char *read_digits(const struct json *node, int digits, char to[READ_TEXT_SIZE]);
/* A list of texts in which `word` stands? False also for what is no list. */
bool read_list_has(const struct json *list, const char *word);

void note_bad(struct foreign *foreign, const char *field);
/* The sender's word for what it sent, cut and made safe to log. */
void note_type(struct foreign *foreign, const char *type);
/* One more name of the device; empty ones and ones that are too long are left out. */
void note_name(struct foreign *foreign, const char *name, size_t len);
void note_name_of(struct foreign *foreign, const struct json *node);

/* One more event with its kind set and all else zero, or NULL (noted) when there are EVENT_BATCH_MAX. */
struct event *foreign_add(struct foreign *foreign, enum event_kind kind, int64_t at_ms, unsigned report);
/* The last event as event_check wants it; what fails is taken back and noted. */
void foreign_settle(struct foreign *foreign);

/* A position in `datum`, when the object has both numbers; no fix at all when one is out of range. accuracy_m
 * below 0 = not told; 0,0 and what cannot be accurate become a fix that is not valid. */
struct fix_reading {
    double lat, lon;
    double accuracy_m, speed_kmh; /* < 0 = not told */
    enum fix_source source;
    enum datum datum;
    bool valid;
};
void foreign_add_fix(struct foreign *foreign, const struct fix_reading *fix, int64_t at_ms, unsigned report);

/* An id of ours from a foreign one: what may not stand in it becomes '_'. What is too long becomes a hash. */
void foreign_id(const char *text, char to[ID_SIZE]);

/* The place a list of zone names stands for: indoors before doorstep; IGNORED when all that are known to the
 * settings are ignored; FOREIGN_PLACE_COUNT when none is known. */
enum foreign_place read_zones(const struct dialect_settings *settings, const struct json *zones);
/* A visit under the id, with nobody in it yet. NULL as foreign_add. */
struct event *foreign_add_visit(struct foreign *foreign, const char *visit_id, enum visit_phase phase,
                                enum foreign_place place, int64_t at_ms);
/* One more person in the visit. `name` NULL or "" = nobody was recognised; score < 0 = not told. Past
 * EVENT_PEOPLE_MAX nobody is added. */
void foreign_add_person(struct foreign *foreign, struct event *visit, enum person_class person_class,
                        const char *name, double score, bool face_seen);

#endif
