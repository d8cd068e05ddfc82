/* Contact rules: when one person is not to be disturbed, and by which channels they are told in which order,
 * one after the other while nobody has acknowledged. Of the configuration (`contact_rules:`), for a responder
 * or contact by id; who has no rule is told as the registry's column `channels` says (reach.c). Pure. */
#ifndef HUYANG_ALERT_CONTACT_H
#define HUYANG_ALERT_CONTACT_H

#include <stddef.h>

#include "core/clock.h"
#include "core/text.h"

enum { CONTACT_RULES_MAX = 128, CONTACT_CHANNELS_MAX = 4, CONTACT_AFTER_MAX_S = 3600 };

struct contact_channel {
    uint8_t way; /* enum way */
    uint16_t
        after_s; /* 0..CONTACT_AFTER_MAX_S since the step that tells the person; 0 first, then ascending */
};
struct contact_rule {
    char person[ID_SIZE];                        /* a responder or contact */
    uint16_t quiet_from_minute, quiet_to_minute; /* [from, to) of the local day, over midnight when to < from;
                                                    equal = never. Red is told all the same. */
    uint8_t channel_count;                       /* 0 = as the registry says, at once */
    struct contact_channel channels[CONTACT_CHANNELS_MAX];
};

/* The person's rule, NULL = none. */
const struct contact_rule *contact_find(const struct contact_rule *rules, size_t count, const char *person);
bool contact_is_quiet(const struct contact_rule *rule, const struct civil *local);
/* What is wrong with the rule in itself; NULL = nothing. */
const char *contact_fault(const struct contact_rule *rule);

#endif
