/* What is remembered of one device that speaks a dialect: its last messages, so that none counts twice; where
 * its visits are; what it was told. Times are the fold's. Core loop only. */
#ifndef HUYANG_SERVICE_FOREIGN_MEMORY_H
#define HUYANG_SERVICE_FOREIGN_MEMORY_H

#include "core/hash.h"
#include "ingest/dialects/dialect.h"

enum {
    FOREIGN_SEEN = 32,          /* messages */
    FOREIGN_SAID = 8,           /* jobs; none is said twice */
    FOREIGN_VISITS = 4,         /* whose place is remembered for messages that do not tell it */
    FOREIGN_REPEAT_MS = 60000,  /* within this, equal words are the same message though they tell no time */
    FOREIGN_MINUTE_MAX = 600,   /* messages of one source */
    FOREIGN_ANSWER_MS = 120000, /* a device answers within this, or not to that job */
    FOREIGN_MEMORY_VERSION = 1
};

struct foreign_seen {
    uint64_t tag;
    int64_t t_ms; /* arrival; 0 = free */
};
/* The snapshot keeps this much of it. */
struct foreign_kept {
    struct foreign_seen seen[FOREIGN_SEEN];
    char prefix[DIALECT_PREFIX_SIZE]; /* of the entry it was last heard under; "" = not yet */
    char name[FOREIGN_NAME_SIZE];     /* what it called itself then */
};
struct foreign_said {
    struct hash_id job;
    int64_t t_ms;  /* 0 = free */
    bool answered; /* or never to be */
};
struct foreign_memory {
    struct foreign_kept kept;
    bool changed; /* since the last snapshot */
    struct foreign_said said[FOREIGN_SAID];
    struct {
        uint64_t visit; /* hash of its id, 0 = free */
        uint8_t place;
    } visits[FOREIGN_VISITS];
    int64_t minute_ms; /* when the present minute began */
    unsigned messages; /* in it */
    unsigned next, next_said, next_visit;
};

/* The tag of a message with this topic and payload (topic_len + payload_len bytes); false when it was taken
 * before. What may be said again in the same words gets another tag each time. */
bool foreign_memory_tag(const struct foreign_memory *memory, const void *topic, size_t topic_len,
                        size_t payload_len, bool has_time, int64_t t_ms, uint64_t *ret_tag);
void foreign_memory_take(struct foreign_memory *memory, uint64_t tag, int64_t t_ms);
/* What the snapshot kept comes back. */
void foreign_memory_restore(struct foreign_memory *memory, const struct foreign_kept *kept);

/* enum place; PLACE_NONE = not known. */
uint8_t foreign_memory_place(const struct foreign_memory *memory, uint64_t visit);
void foreign_memory_set_place(struct foreign_memory *memory, uint64_t visit, uint8_t place);

/* May the source say one more thing in this minute? Counts it. */
bool foreign_memory_budget(struct foreign_memory *memory, int64_t t_ms);

bool foreign_memory_was_said(const struct foreign_memory *memory, const struct hash_id *job);
void foreign_memory_say(struct foreign_memory *memory, const struct hash_id *job, bool answers, int64_t t_ms);
/* The oldest job whose answer may still come; NULL = none. */
struct foreign_said *foreign_memory_unanswered(struct foreign_memory *memory, int64_t t_ms);

#endif
