/* The keys of contact rules, and what is wrong with one that no single key shows. */
#include <stddef.h>
#include <stdio.h>

#include "config_allowed.h"
#include "config_keys.h"

#define FIELD(type_name, field) .offset = offsetof(type_name, field), .size = sizeof(((type_name *)0)->field)
#define LIST_OF(array)                                                                                       \
    {                                                                                                        \
        .keys = (array), .count = sizeof(array) / sizeof((array)[0])                                         \
    }

static const struct key channel_keys[] = {
    {.path = "by",
     .help = "The channel.",
     .type = KEY_NAME,
     .required = true,
     FIELD(struct contact_channel, way),
     .name = config_name_way},
    {.path = "after_s",
     .help = "Used so long after the person was to be told, while nobody has acknowledged.",
     .unit = "s",
     .type = KEY_NUMBER,
     FIELD(struct contact_channel, after_s),
     .high = CONTACT_AFTER_MAX_S},
};
static const struct key_list channel_list = LIST_OF(channel_keys);

static const struct key rule_keys[] = {
    {.path = "person",
     .help = "A responder or contact of the registry, by id.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct contact_rule, person),
     .rule = "identifier",
     .allowed = config_allows_id},
    {.path = "quiet_from",
     .help = "From this local time on the person is not told of anything below red …",
     .type = KEY_TIME,
     FIELD(struct contact_rule, quiet_from_minute)},
    {.path = "quiet_until",
     .help = "… until this one; before quiet_from = over midnight, equal to it = never quiet.",
     .type = KEY_TIME,
     FIELD(struct contact_rule, quiet_to_minute)},
    {.path = "channels",
     .help = "In their order, in the place of the registry's; none = as the registry says.",
     .type = KEY_LIST,
     FIELD(struct contact_rule, channels),
     .high = CONTACT_CHANNELS_MAX,
     .count_offset = offsetof(struct contact_rule, channel_count),
     .item_size = sizeof(struct contact_channel),
     .items = &channel_list},
};
const struct key_list config_contact_list = LIST_OF(rule_keys);

void config_contact_faults(const struct alert_settings *alert,
                           void (*fault)(void *self, const void *item, const char *path, const char *why),
                           void *self)
{
    for (unsigned i = 0; i < alert->contact_count; i++) {
        const struct contact_rule *rule = &alert->contacts[i];
        const char *why = contact_find(alert->contacts, i, rule->person) ? "a second rule for this person"
                                                                         : contact_fault(rule);
        char path[ID_SIZE + 32];
        snprintf(path, sizeof path, "contact_rules[%u] %s", i, rule->person);
        if (why)
            fault(self, rule, path, why);
    }
}
