/* Random events for property tests: every field of the table, within its range. Seeded, so that a failure can
 * be seen again. */
#ifndef HUYANG_TESTS_INGEST_SAMPLE_H
#define HUYANG_TESTS_INGEST_SAMPLE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "ingest/event_field.h"

struct random {
    uint64_t state; /* never 0 */
};

/* xorshift64* (Vigna 2016) */
static inline uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(2685821657736338717);
}

static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

static inline void sample_text(struct random *random, const struct event_field *field, char *to)
{
    static const char id_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = (size_t)random_below(random, event_field_text_size(field));

    if (len == 0 && field->required)
        len = 1;
    for (size_t i = 0; i < len; i++)
        to[i] = field->type == FIELD_ID ? id_letters[random_below(random, sizeof(id_letters) - 1)]
                                        : (char)(0x20 + random_below(random, 0x7f - 0x20));
    to[len] = '\0';
}

static inline void sample_fields(struct random *random, const struct event_field *fields, size_t count,
                                 void *base)
{
    for (size_t i = 0; i < count; i++) {
        const struct event_field *field = &fields[i];
        double number = field->low, unit = (double)(random_next(random) >> 11) * 0x1p-53;
        if (field->type == FIELD_ID || field->type == FIELD_TEXT) {
            sample_text(random, field, event_field_text(field, base));
            continue;
        }
        if (field->has_offset != FIELD_ALWAYS && random_below(random, 3) == 0)
            continue;
        if (field->type == FIELD_ENUM) {
            uint64_t least = field->required || field->fallback > 0 ? 1 : 0;
            number = (double)(least + random_below(random, field->name_count - least));
        } else {
            uint64_t choice = random_below(random, 8);
            number = choice == 0   ? field->low
                     : choice == 1 ? field->high
                                   : field->low + unit * (field->high - field->low);
            if (field->type == FIELD_F32) {
                number = (double)(float)number;
                if (number > field->high)
                    number = field->high;
            } else if (field->type != FIELD_F64) {
                number = floor(number);
            }
        }
        event_field_set_number(field, base, number);
        event_field_set_has(field, base);
    }
}

/* An event of that kind with random, allowed values. */
static inline void sample_event(struct random *random, enum event_kind kind, struct event *event)
{
    size_t count, person_count;
    const struct event_field *fields = event_fields(kind, &count);
    const struct event_field *persons = event_person_fields(&person_count);

    memset(event, 0, sizeof(*event));
    event->kind = (uint8_t)kind;
    sample_fields(random, fields, count, event);
    if (kind == EVENT_VISIT)
        for (unsigned i = 0; i < event->visit.people_count; i++)
            sample_fields(random, persons, person_count, &event->visit.people[i]);
    event_settle(event);
}

/* Equality of what an event says: kind, flags, times and every field, not of padding. */
static inline int sample_fields_equal(const struct event_field *fields, size_t count, const void *a,
                                      const void *b)
{
    for (size_t i = 0; i < count; i++) {
        const struct event_field *field = &fields[i];
        if (field->type == FIELD_ID || field->type == FIELD_TEXT) {
            if (strcmp((const char *)a + field->offset, (const char *)b + field->offset) != 0)
                return 0;
        } else if (event_field_has(field, a) != event_field_has(field, b)) {
            return 0;
        } else if (event_field_has(field, a)) {
            double x = event_field_number(field, a), y = event_field_number(field, b);
            if (x < y || x > y || signbit(x) != signbit(y))
                return 0;
        }
    }
    return 1;
}

static inline int sample_equal(const struct event *a, const struct event *b)
{
    size_t count, person_count;
    const struct event_field *fields = event_fields((enum event_kind)a->kind, &count);
    const struct event_field *persons = event_person_fields(&person_count);

    if (a->kind != b->kind || !sample_fields_equal(fields, count, a, b))
        return 0;
    if (a->kind == EVENT_VISIT)
        for (unsigned i = 0; i < a->visit.people_count; i++)
            if (!sample_fields_equal(persons, person_count, &a->visit.people[i], &b->visit.people[i]))
                return 0;
    return 1;
}

#endif
