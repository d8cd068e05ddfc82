#include "api/throttle.h"

#include <string.h>

#include "core/hash.h"

static uint64_t key_of(const struct throttle *throttle, const char *who)
{
    uint64_t key = hash_siphash(throttle->secret, who, strlen(who));
    return key != 0 ? key : 1;
}

static int64_t level_at(const struct throttle_slot *slot, int64_t mono_ms)
{
    int64_t level = slot->key != 0 ? slot->level_ms - (mono_ms - slot->at_ms) : 0;
    return level > 0 ? level : 0;
}

/* The slot of the key, or the emptiest of its set. */
static struct throttle_slot *slot_of(struct throttle *throttle, uint64_t key, int64_t mono_ms)
{
    struct throttle_slot *set = throttle->slots[key % THROTTLE_SETS], *found = &set[0];

    for (unsigned i = 0; i < THROTTLE_WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (level_at(&set[i], mono_ms) < level_at(found, mono_ms))
            found = &set[i];
    }
    return found;
}

bool throttle_take(struct throttle *throttle, const struct throttle_rule *rule, const char *who,
                   int64_t mono_ms, int64_t *ret_wait_ms)
{
    uint64_t key = key_of(throttle, who);
    struct throttle_slot *slot = slot_of(throttle, key, mono_ms);
    int64_t level = slot->key == key ? level_at(slot, mono_ms) : 0;
    int64_t over = level + rule->every_ms - (int64_t)rule->burst * rule->every_ms;

    if (over > 0) {
        *ret_wait_ms = over;
        return false;
    }
    *slot = (struct throttle_slot){.key = key, .level_ms = level + rule->every_ms, .at_ms = mono_ms};
    return true;
}

void throttle_give_back(struct throttle *throttle, const struct throttle_rule *rule, const char *who,
                        bool all)
{
    uint64_t key = key_of(throttle, who);
    struct throttle_slot *set = throttle->slots[key % THROTTLE_SETS];

    for (unsigned i = 0; i < THROTTLE_WAYS; i++)
        if (set[i].key == key)
            set[i].level_ms = all ? 0 : set[i].level_ms - rule->every_ms;
}
