/* How often somebody may try a password: leaky buckets by name, in a table of fixed size. A try is charged
 * before it is made and given back when it was right. Whoever floods the table with names pushes out the
 * emptiest buckets first, so what is under attack stays. One thread. */
#ifndef HUYANG_API_THROTTLE_H
#define HUYANG_API_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_WAYS = 4, THROTTLE_SETS = 512 };

struct throttle_rule {
    uint32_t burst;    /* tries at once */
    uint32_t every_ms; /* one more each */
};
struct throttle_slot {
    uint64_t key;            /* 0 = free */
    int64_t level_ms, at_ms; /* debt in milliseconds at that moment */
};
struct throttle {
    uint8_t secret[16]; /* of the hash; random, set by the owner */
    struct throttle_slot slots[THROTTLE_SETS][THROTTLE_WAYS];
};

/* Charges one try of `who`; false: too many, and *ret_wait_ms says when the next is allowed. */
bool throttle_take(struct throttle *throttle, const struct throttle_rule *rule, const char *who,
                   int64_t mono_ms, int64_t *ret_wait_ms);
/* The try was right: it is given back, and with `all` every one before it too. */
void throttle_give_back(struct throttle *throttle, const struct throttle_rule *rule, const char *who,
                        bool all);

#endif
