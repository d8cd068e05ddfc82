#include "alert/contact.h"

#include <string.h>

const struct contact_rule *contact_find(const struct contact_rule *rules, size_t count, const char *person)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rules[i].person, person) == 0)
            return &rules[i];
    }
    return NULL;
}

bool contact_is_quiet(const struct contact_rule *rule, const struct civil *local)
{
    unsigned from = rule->quiet_from_minute, to = rule->quiet_to_minute,
             now = (unsigned)(local->hour * 60 + local->minute);
    return from < to ? from <= now && now < to : from != to && (from <= now || now < to);
}

const char *contact_fault(const struct contact_rule *rule)
{
    bool is_quiet = rule->quiet_from_minute != rule->quiet_to_minute;
    if (rule->channel_count == 0)
        return is_quiet ? NULL : "says nothing: it needs quiet hours or channels";
    if (rule->channels[0].after_s != 0)
        return "the first channel is used at once: its after_s is 0";
    for (unsigned i = 1; i < rule->channel_count; i++) {
        if (rule->channels[i].after_s <= rule->channels[i - 1].after_s)
            return "each channel comes later than the one before it: after_s has to grow";
        for (unsigned j = 0; j < i; j++) {
            if (rule->channels[i].way == rule->channels[j].way)
                return "names a channel twice";
        }
    }
    return NULL;
}
