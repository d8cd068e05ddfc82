/* What of valid rosters would come to nothing: people who are not there, hours without anybody. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alert/policy_reach.h"

struct reach {
    const struct alert_settings *settings;
    const struct registry *registry;
    const struct roster_view *view;
    int64_t t_ms;
    void (*fault)(void *self, const void *item, const char *path, const char *why);
    void *self;
    unsigned faults;
};

__attribute__((format(printf, 4, 5))) static void
tell(struct reach *reach, const void *item, const struct roster_plan *plan, const char *format, ...)
{
    char why[256], path[ID_SIZE + 16];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    snprintf(path, sizeof path, "roster %s", plan->name);
    reach->fault(reach->self, item, path, why);
    reach->faults++;
}

static void check_members(struct reach *reach, const struct roster_plan *plan)
{
    for (unsigned i = 0; reach->registry && i < plan->layer_count; i++) {
        const struct roster_layer *layer = &plan->layers[i];
        for (unsigned j = 0; j < layer->member_count; j++) {
            if (registry_find(reach->registry, REGISTRY_RESPONDER, layer->members[j]) == REGISTRY_NONE)
                tell(reach, layer, plan, "layer %u: there is no responder %s", i, layer->members[j]);
        }
    }
    if (reach->registry && plan->territory[0] &&
        registry_find(reach->registry, REGISTRY_TERRITORY, plan->territory) == REGISTRY_NONE)
        tell(reach, plan, plan, "there is no territory %s", plan->territory);
}

static void check_gap(struct reach *reach, const struct roster_plan *plan)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    int64_t from_ms, until_ms, end_ms = reach->t_ms + ROSTER_LOOK_MS;
    if (plan->gaps_meant || !roster_gap(reach->view, plan, reach->t_ms, end_ms, &from_ms, &until_ms))
        return;
    clock_format(reach->view->tz, from_ms, from);
    clock_format(reach->view->tz, until_ms, until);
    tell(reach, plan, plan, "nobody is on duty from %s until %s%s", from, until,
         until_ms == end_ms ? " or longer" : "");
}

static bool is_told(const struct alert_settings *settings, const struct roster_plan *plan)
{
    for (unsigned i = 0; i < settings->rule_count; i++) {
        for (unsigned j = 0; j < settings->rules[i].step_count; j++) {
            if (policy_roster(settings, &settings->rules[i].steps[j]) == plan)
                return true;
        }
    }
    return false;
}

unsigned roster_reach(const struct alert_settings *settings, const struct registry *registry,
                      const struct roster_view *view, int64_t t_ms,
                      void (*fault)(void *self, const void *item, const char *path, const char *why),
                      void *self)
{
    struct reach reach = {
        .settings = settings, .registry = registry, .view = view, .t_ms = t_ms, .fault = fault, .self = self};
    for (unsigned i = 0; i < settings->roster_count; i++) {
        const struct roster_plan *plan = &settings->rosters[i];
        check_members(&reach, plan);
        check_gap(&reach, plan);
        if (!is_told(settings, plan))
            tell(&reach, plan, plan, "no step of the policy tells this roster");
    }
    return reach.faults;
}
