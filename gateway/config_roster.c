/* The keys of rosters, and what is wrong with one that no single key shows. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config_allowed.h"
#include "config_keys.h"

#define FIELD(type_name, field) .offset = offsetof(type_name, field), .size = sizeof(((type_name *)0)->field)
#define LIST_OF(array)                                                                                       \
    {                                                                                                        \
        .keys = (array), .count = sizeof(array) / sizeof((array)[0])                                         \
    }

static const struct key layer_keys[] = {
    {.path = "name",
     .help = "For people.",
     .type = KEY_TEXT,
     FIELD(struct roster_layer, name),
     .rule = "identifier, \"\" = none",
     .allowed = config_allows_id_or_none},
    {.path = "start",
     .help = "The local date on which the first member's turn begins, in quotes.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct roster_layer, start),
     .rule = "date, as in \"2026-03-02\"",
     .allowed = config_allows_date},
    {.path = "rotation",
     .help = "How long a turn lasts: a day, a week, or (custom) so many hours.",
     .type = KEY_NAME,
     .required = true,
     FIELD(struct roster_layer, rotation),
     .name = config_name_rotation},
    {.path = "hours",
     .help = "Length of a turn of rotation custom, on the local clock.",
     .unit = "h",
     .type = KEY_NUMBER,
     FIELD(struct roster_layer, hours),
     .high = ROSTER_HOURS_MAX},
    {.path = "handover",
     .help = "Local time at which a turn begins.",
     .type = KEY_TIME,
     FIELD(struct roster_layer, handover_minute)},
    {.path = "at_once",
     .help = "So many members are on duty together; 0 = one.",
     .unit = "people",
     .type = KEY_NUMBER,
     FIELD(struct roster_layer, at_once),
     .high = ROSTER_ON_MAX},
    {.path = "weekdays",
     .help = "Only on these days, as in mon-fri or sat,sun; what goes over midnight belongs to the day it "
             "begins on.",
     .type = KEY_TEXT,
     FIELD(struct roster_layer, weekdays),
     .rule = "weekdays, \"\" = every day",
     .allowed = config_allows_weekdays_or_none},
    {.path = "from",
     .help = "Only from this local time of a day.",
     .type = KEY_TIME,
     FIELD(struct roster_layer, from_minute)},
    {.path = "until",
     .help = "And before this one; not after from = over midnight.",
     .type = KEY_TIME,
     FIELD(struct roster_layer, to_minute)},
    {.path = "members",
     .help = "Responders of the registry, by id, in the order of their turns.",
     .type = KEY_WORDS,
     .required = true,
     FIELD(struct roster_layer, members),
     .high = ROSTER_MEMBERS_MAX,
     .rule = "identifiers",
     .allowed = config_allows_id,
     .count_offset = offsetof(struct roster_layer, member_count),
     .item_size = ID_SIZE},
};
static const struct key_list layer_list = LIST_OF(layer_keys);

static const struct key roster_keys[] = {
    {.path = "name",
     .help = "Its name: what a step's roster says, and people.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct roster_plan, name),
     .rule = "identifier",
     .allowed = config_allows_id},
    {.path = "role",
     .help = "As whom its people are told, and who answers when nobody is on.",
     .type = KEY_NAME,
     .required = true,
     FIELD(struct roster_plan, role),
     .name = config_name_role},
    {.path = "territory",
     .help =
         "Code of the territory whose people of the role answer when nobody is on; none = the alert's own.",
     .type = KEY_TEXT,
     FIELD(struct roster_plan, territory),
     .rule = "code of a territory, \"\" = the alert's",
     .allowed = config_allows_id_or_none},
    {.path = "gaps",
     .help = "Whether hours without anybody are told as a fault, or are meant.",
     .type = KEY_NAME,
     FIELD(struct roster_plan, gaps_meant),
     .name = config_name_gaps},
    {.path = "handover",
     .help = "Whether a turn from one shift to the next has to be signed for: required = one that is not "
             "leaves the outgoing shift on call, also when nobody began to hand over.",
     .type = KEY_NAME,
     FIELD(struct roster_plan, handover_required),
     .name = config_name_handover},
    {.path = "layers",
     .help = "Turns of people; the last layer that has somebody at a moment decides.",
     .type = KEY_LIST,
     .required = true,
     FIELD(struct roster_plan, layers),
     .high = ROSTER_LAYERS_MAX,
     .count_offset = offsetof(struct roster_plan, layer_count),
     .item_size = sizeof(struct roster_layer),
     .items = &layer_list},
};
const struct key_list config_roster_list = LIST_OF(roster_keys);

static const char *plan_fault(const struct alert_settings *alert, unsigned no, int *ret_layer)
{
    const struct roster_plan *plan = &alert->rosters[no];
    *ret_layer = -1;
    if (plan->role == ROLE_NONE || plan->role == ROLE_FAMILY)
        return "its role is one of responders, not none or family";
    if (roster_find(alert->rosters, no, plan->name))
        return "a second roster of this name";
    return roster_fault(plan, ret_layer);
}

void config_roster_faults(const struct alert_settings *alert,
                          void (*fault)(void *self, const void *item, const char *path, const char *why),
                          void *self)
{
    for (unsigned i = 0; i < alert->roster_count; i++) {
        const struct roster_plan *plan = &alert->rosters[i];
        char path[ID_SIZE + 40];
        int layer;
        const char *why = plan_fault(alert, i, &layer);
        if (!why)
            continue;
        if (layer < 0)
            snprintf(path, sizeof path, "rosters[%u] %s", i, plan->name);
        else
            snprintf(path, sizeof path, "rosters[%u] %s layer %d", i, plan->name, layer);
        fault(self, layer < 0 ? (const void *)plan : (const void *)&plan->layers[layer], path, why);
    }
}
