/* One foreign message through a dialect, shown as the lines of a journal: what the tests compare with. */
#ifndef HUYANG_TESTS_INGEST_DIALECT_H
#define HUYANG_TESTS_INGEST_DIALECT_H

#include <stdio.h>
#include <string.h>

#include "ingest/dialects/dialects.h"
#include "ingest/event_json.h"

/* 2026-03-01T08:00:00+08:00 */
#define ARRIVAL_MS INT64_C(1772323200000)

struct spoken {
    struct foreign foreign;
    struct dialect_settings settings;
    struct buf text; /* one line an event */
};

static inline void zone(struct dialect_settings *settings, const char *name, enum foreign_place place)
{
    struct dialect_zone *to = &settings->zones[settings->zone_count++];
    text_copy(to->name, sizeof(to->name), name);
    to->place = (uint8_t)place;
}

/* The events' lines stand in spoken->text. Topic and payload are given without a terminator, so that a read
 * past their end is seen by the sanitizer. */
static inline enum foreign_outcome speak_bytes(struct spoken *spoken, const struct dialect *dialect,
                                               const char *topic, const void *payload, size_t len)
{
    const size_t topic_len = strlen(topic);
    char *topic_copy = test_malloc(topic_len), *payload_copy = test_malloc(len > 0 ? len : 1);
    memcpy(topic_copy, topic, topic_len);
    memcpy(payload_copy, payload, len);
    const struct foreign_message message = {.topic = topic_copy,
                                            .topic_len = topic_len,
                                            .payload = payload_copy,
                                            .len = len,
                                            .settings = &spoken->settings,
                                            .t_ms = ARRIVAL_MS};
    foreign_clear(&spoken->foreign);
    const enum foreign_outcome outcome = dialect->decode(&message, &spoken->foreign);
    test_free(topic_copy);
    test_free(payload_copy);
    buf_clear(&spoken->text);
    for (unsigned i = 0; outcome == FOREIGN_EVENTS && i < spoken->foreign.count; i++) {
        event_to_json(&spoken->foreign.events[i], spoken->foreign.events[i].at_ms, NULL, &spoken->text);
        buf_putc(&spoken->text, '\n');
    }
    return outcome;
}

static inline enum foreign_outcome speak(struct spoken *spoken, const struct dialect *dialect,
                                         const char *topic, const char *payload)
{
    return speak_bytes(spoken, dialect, topic, payload, strlen(payload));
}

#define assert_outcome(got, wanted)                                                                          \
    assert_string_equal(foreign_outcome_name(got), foreign_outcome_name(wanted))

static inline int open_spoken(void **state)
{
    struct spoken *spoken = calloc(1, sizeof(*spoken));
    assert_non_null(spoken);
    buf_init(&spoken->text, 1 << 20);
    *state = spoken;
    return 0;
}

static inline int close_spoken(void **state)
{
    struct spoken *spoken = *state;
    buf_release(&spoken->text);
    free(spoken);
    return 0;
}

#endif
