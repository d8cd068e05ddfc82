/* What of valid contact rules would come to nothing: people who are not there, channels without an operator.
 */
#include <stdio.h>

#include "alert/policy_reach.h"

unsigned contact_reach(const struct alert_settings *settings, const struct registry *registry,
                       void (*fault)(void *self, const void *item, const char *path, const char *why),
                       void *self)
{
    unsigned faults = 0;
    for (unsigned i = 0; i < settings->contact_count; i++) {
        const struct contact_rule *rule = &settings->contacts[i];
        char path[ID_SIZE + 32];
        snprintf(path, sizeof path, "contact_rules[%u] %s", i, rule->person);
        if (registry && registry_find(registry, REGISTRY_RESPONDER, rule->person) == REGISTRY_NONE &&
            registry_find(registry, REGISTRY_CONTACT, rule->person) == REGISTRY_NONE) {
            fault(self, rule, path, "the registry has neither a responder nor a contact of this id");
            faults++;
        }
        for (unsigned j = 0; j < rule->channel_count; j++) {
            if (rule->channels[j].way == WAY_APP || settings->ways >> rule->channels[j].way & 1)
                continue;
            fault(self, &rule->channels[j], path, "no operator serves this channel: it would be passed over");
            faults++;
        }
    }
    return faults;
}
