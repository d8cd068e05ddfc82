#include "service/foreign_memory.h"

#include <string.h>

enum { MINUTE_MS = 60000 };

static const struct foreign_seen *find_seen(const struct foreign_memory *memory, uint64_t tag)
{
    for (unsigned i = 0; i < FOREIGN_SEEN; i++)
        if (memory->kept.seen[i].tag == tag && memory->kept.seen[i].t_ms != 0)
            return &memory->kept.seen[i];
    return NULL;
}

bool foreign_memory_tag(const struct foreign_memory *memory, const void *topic, size_t topic_len,
                        size_t payload_len, bool has_time, int64_t t_ms, uint64_t *ret_tag)
{
    uint8_t key[16] = "huyang-dialects";
    key[14] = (uint8_t)topic_len; /* where the topic ends belongs to the message */
    for (unsigned round = 0; round < FOREIGN_SEEN; round++) {
        key[15] = (uint8_t)round;
        const uint64_t tag = hash_siphash(key, topic, topic_len + payload_len);
        const struct foreign_seen *seen = find_seen(memory, tag);
        if (seen == NULL) {
            *ret_tag = tag;
            return true;
        }
        if (has_time || t_ms - seen->t_ms < FOREIGN_REPEAT_MS)
            return false;
    }
    return false;
}

void foreign_memory_take(struct foreign_memory *memory, uint64_t tag, int64_t t_ms)
{
    if (find_seen(memory, tag) != NULL)
        return;
    memory->kept.seen[memory->next] = (struct foreign_seen){tag, t_ms};
    memory->next = (memory->next + 1) % FOREIGN_SEEN;
    memory->changed = true;
}

void foreign_memory_restore(struct foreign_memory *memory, const struct foreign_kept *kept)
{
    memory->kept = *kept;
    memory->kept.prefix[sizeof(memory->kept.prefix) - 1] = '\0';
    memory->kept.name[sizeof(memory->kept.name) - 1] = '\0';
    memory->next = 0; /* the oldest, or a free place, gives way first */
    for (unsigned i = 1; i < FOREIGN_SEEN; i++)
        if (memory->kept.seen[i].t_ms < memory->kept.seen[memory->next].t_ms)
            memory->next = i;
}

uint8_t foreign_memory_place(const struct foreign_memory *memory, uint64_t visit)
{
    for (unsigned i = 0; i < FOREIGN_VISITS; i++)
        if (memory->visits[i].visit == visit)
            return memory->visits[i].place;
    return PLACE_NONE;
}

void foreign_memory_set_place(struct foreign_memory *memory, uint64_t visit, uint8_t place)
{
    unsigned i = 0;
    while (i < FOREIGN_VISITS && memory->visits[i].visit != visit)
        i++;
    if (i == FOREIGN_VISITS) {
        i = memory->next_visit;
        memory->next_visit = (i + 1) % FOREIGN_VISITS;
    }
    memory->visits[i].visit = visit;
    memory->visits[i].place = place;
}

bool foreign_memory_budget(struct foreign_memory *memory, int64_t t_ms)
{
    if (t_ms - memory->minute_ms >= MINUTE_MS) {
        memory->minute_ms = t_ms;
        memory->messages = 0;
    }
    return memory->messages++ < FOREIGN_MINUTE_MAX;
}

bool foreign_memory_was_said(const struct foreign_memory *memory, const struct hash_id *job)
{
    for (unsigned i = 0; i < FOREIGN_SAID; i++)
        if (memory->said[i].t_ms != 0 && memcmp(&memory->said[i].job, job, sizeof(*job)) == 0)
            return true;
    return false;
}

void foreign_memory_say(struct foreign_memory *memory, const struct hash_id *job, bool answers, int64_t t_ms)
{
    memory->said[memory->next_said] = (struct foreign_said){.job = *job, .t_ms = t_ms, .answered = !answers};
    memory->next_said = (memory->next_said + 1) % FOREIGN_SAID;
}

struct foreign_said *foreign_memory_unanswered(struct foreign_memory *memory, int64_t t_ms)
{
    for (unsigned i = 0; i < FOREIGN_SAID; i++) {
        struct foreign_said *said = &memory->said[(memory->next_said + i) % FOREIGN_SAID];
        if (said->t_ms != 0 && !said->answered && t_ms - said->t_ms < FOREIGN_ANSWER_MS)
            return said;
    }
    return NULL;
}
