/* A dialect turns a foreign MQTT payload into our events: one file, one const struct, one line in dialects.c.
 *
 * What it is given: the part of the topic below its prefix, the bytes, its own settings and the arrival time.
 * What it gives back: whom the message is about in the sender's own words, events without a key, and the
 * names of people a camera believes it has recognised. Which of our devices and visitors those are is the
 * registry stage's affair (registry/foreign.h). A dialect never looks at an image, a thumbnail or an
 * embedding: struct event has no place for one.
 *
 * Pure: no clock, no I/O, no state between messages, any thread; what jansson allocates is freed before the
 * call returns. Hostile input is expected: every outcome but EVENTS is counted under its name and nothing
 * aborts. */
#ifndef HUYANG_INGEST_DIALECTS_DIALECT_H
#define HUYANG_INGEST_DIALECTS_DIALECT_H

#include "core/buf.h"
#include "ingest/event.h"

enum {
    FOREIGN_NAME_SIZE =
        65,                /* of a device, person or zone as the sender calls it; longer ones match nothing */
    FOREIGN_NAMES_MAX = 4, /* names one message may give its own device */
    FOREIGN_TYPE_SIZE = 33,  /* of a type named in the log */
    DIALECT_FILTERS_MAX = 3, /* topic filters of one dialect */
    DIALECT_PREFIX_SIZE = 65,
    DIALECT_MESSAGE_MAX = 256 << 10, /* bytes of one message: a camera's may carry an image we do not read */
    DIALECT_ENTRIES_MAX = 8,         /* entries of the configuration's list, and of each list within one */
    DIALECT_DEVICES_MAX = 96,
    DIALECT_PEOPLE_MAX = 48,
    DIALECT_ZONES_MAX = 24,
};

/* ---- settings ---- */

/* What a place named by the sender is to us. HOME is an OwnTracks region; IGNORED: what happens only there,
 * such as the street before the door, is nobody's visit. */
#define FOREIGN_PLACE_MAP(X) X(DOORSTEP, doorstep) X(INDOORS, indoors) X(HOME, home) X(IGNORED, ignored)
enum foreign_place {
#define X(name, text) FOREIGN_PLACE_##name,
    FOREIGN_PLACE_MAP(X)
#undef X
        FOREIGN_PLACE_COUNT
};
const char *foreign_place_name(enum foreign_place place);

struct dialect_name {
    char name[FOREIGN_NAME_SIZE]; /* the sender's */
    char id[ID_SIZE];             /* ours */
};
struct dialect_zone {
    char name[FOREIGN_NAME_SIZE];
    uint8_t place; /* enum foreign_place */
};
/* One entry of the configuration's list. No pointers. */
struct dialect_settings {
    char prefix[DIALECT_PREFIX_SIZE]; /* topics below it; no wildcards, no slash at either end */
    uint8_t dialect;                  /* index into dialects[] */
    uint8_t min_score_percent;        /* a recognition below it names nobody; 0 = the dialect's own bar */
    uint8_t device_count, people_count, zone_count;
    struct dialect_name devices[DIALECT_DEVICES_MAX];
    struct dialect_name people[DIALECT_PEOPLE_MAX];
    struct dialect_zone zones[DIALECT_ZONES_MAX];
};
/* FOREIGN_PLACE_COUNT when the settings do not have that zone. */
enum foreign_place dialect_zone_place(const struct dialect_settings *settings, const char *name);

/* ---- one message ---- */

#define FOREIGN_OUTCOME_MAP(X)                                                                               \
    X(EVENTS, events)                 /* there are events */                                                 \
    X(MALFORMED, malformed)           /* no JSON, or not the shape its type must have */                     \
    X(BAD_VALUE, bad_value)           /* nothing in it is within range */                                    \
    X(UNKNOWN_TYPE, unknown_type)     /* well-formed, of a type this version does not know */                \
    X(ENCRYPTED, encrypted)           /* we have no key to it, and want none */                              \
    X(ECHO, echo)                     /* the device has done what it was told; names say which device */     \
    X(NO_NEWS, no_news)               /* known, and nothing in it concerns us */                             \
    X(NOT_A_PERSON, not_a_person)     /* a car, a dog: no visitor */                                         \
    X(FALSE_POSITIVE, false_positive) /* the camera itself takes it back */                                  \
    X(RETAINED, retained)             /* a retained message is not new */                                    \
    X(UNKNOWN_TOPIC, unknown_topic)   /* below no prefix of the configuration */                             \
    X(UNKNOWN_DEVICE, unknown_device) /* nobody in the registry: quarantined */                              \
    X(REPEATED, repeated)             /* the same message again */                                           \
    X(OVERLOAD, overload)             /* more than a source may say in a minute, and no emergency */         \
    X(NOT_ADMITTED, not_admitted)     /* the registry's gate let none of it in */
enum foreign_outcome {
#define X(name, text) FOREIGN_##name,
    FOREIGN_OUTCOME_MAP(X)
#undef X
        FOREIGN_OUTCOME_COUNT
};
const char *foreign_outcome_name(enum foreign_outcome outcome);

struct foreign_message {
    const char *topic; /* below the prefix, not terminated */
    size_t topic_len;
    const void *payload;
    size_t len;
    const struct dialect_settings *settings;
    int64_t t_ms; /* arrival, for times that leave something open */
};

struct foreign {
    /* What the sender calls its device, the most trustworthy name first: what stands in the topic, then what
     * the payload says. */
    char names[FOREIGN_NAMES_MAX][FOREIGN_NAME_SIZE];
    unsigned name_count;
    /* Key unset, at_ms = the sender's time or 0. Events of one list element carry one report number, from 1.
     */
    struct event events[EVENT_BATCH_MAX];
    unsigned count;
    /* Of every visit in it: people[i].visitor_id is still empty, these are the sender's names ("" = nobody
     * was recognised). */
    char people[EVENT_PEOPLE_MAX][FOREIGN_NAME_SIZE];
    bool place_known; /* the visits' place comes from a zone and is not a guess */
    bool has_time;    /* the sender says when: equal bytes are then the same message, however late */
    /* What was left out: values out of range, named by the last one, and list elements past the limit. */
    unsigned bad_fields;
    const char *bad_field;        /* static */
    char type[FOREIGN_TYPE_SIZE]; /* the sender's word for what it is, safe to log; "" = none */
};

/* What is to be said at, or done by, a foreign device. */
enum foreign_deed { FOREIGN_SPEAK, FOREIGN_LOCATE, FOREIGN_INTERVAL, FOREIGN_RESTART };
struct foreign_words {
    uint8_t deed;                /* enum foreign_deed; the rest is of SPEAK */
    const char *language, *text; /* UTF-8 */
    bool exercise;               /* a drill; to be said before the text */
};
/* Whether anybody learns that it was. */
enum foreign_saying {
    FOREIGN_MUTE,     /* this cannot be said there */
    FOREIGN_ANSWERED, /* the device answers by an ECHO, in order */
    FOREIGN_UNSURE    /* it may be seen, and nobody will know */
};

struct dialect {
    const char *name; /* identifier, in the configuration and in metrics */
    /* Topic filters below the prefix, NULL after the last: nothing else is subscribed, so that snapshots
     * never come near us. */
    const char *filters[DIALECT_FILTERS_MAX + 1];
    /* Fills *ret_foreign (the caller has called foreign_clear). FOREIGN_EVENTS: count > 0, each event has
     * passed event_check, name_count > 0. Otherwise events mean nothing; `type` may name what it was. */
    enum foreign_outcome (*decode)(const struct foreign_message *message, struct foreign *ret_foreign);
    /* Appends the topic below the prefix and the payload that say `words` at the device that calls itself
     * `name` (the first of struct foreign's names). NULL: nothing can be said in this dialect. */
    enum foreign_saying (*say)(const char *name, const struct foreign_words *words, struct buf *topic,
                               struct buf *payload);
};

/* What a message may touch is emptied; not the whole struct, which is large. */
void foreign_clear(struct foreign *foreign);

#endif
