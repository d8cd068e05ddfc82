/* What happens to whom and when: one list in order of time, grown to twice its size when full, sorted when
 * something was added. Days are planned one at a time, so it holds at most a day of the county besides what
 * files gave. */
#include <stdlib.h>
#include <string.h>

#include "fleet.h"

enum { SCRIPT_MAX = 1 << 24 };

bool fleet_script_add(struct fleet *fleet, const struct fleet_happening *happening)
{
    struct fleet_script *script = &fleet->script;
    if (script->count == script->cap) {
        const size_t cap = script->cap > 0 ? script->cap * 2 : 1024;
        struct fleet_happening *items =
            cap <= SCRIPT_MAX ? realloc(script->items, cap * sizeof(*items)) : NULL;
        if (items == NULL) {
            fputs("huyang fleet: the script is too long\n", stderr);
            return false;
        }
        script->items = items;
        script->cap = cap;
    }
    script->items[script->count] = *happening;
    script->items[script->count].order = (uint32_t)script->count;
    script->count++;
    script->sorted = false;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct fleet_happening *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void fleet_script_sort(struct fleet *fleet)
{
    struct fleet_script *script = &fleet->script;
    if (!script->sorted && script->count > script->next)
        qsort(script->items + script->next, script->count - script->next, sizeof(*script->items), compare);
    script->sorted = true;
}

static void forget(struct fleet_happening *happening)
{
    if (happening->act == FLEET_REPORT)
        free(happening->told.report);
}

void fleet_script_free(struct fleet *fleet)
{
    struct fleet_script *script = &fleet->script;
    for (size_t i = script->next; i < script->count; i++)
        forget(&script->items[i]);
    free(script->items);
}

void fleet_script_shift(struct fleet *fleet, int64_t by_ms)
{
    struct fleet_script *script = &fleet->script;
    for (size_t i = script->next; i < script->count; i++) {
        script->items[i].at_ms += by_ms;
        if (script->items[i].act == FLEET_REPORT && script->items[i].told.device_ms != 0)
            script->items[i].told.device_ms += by_ms;
    }
}

/* Another day, when what is left does not reach beyond the one that is planned. */
static void plan(struct fleet *fleet)
{
    struct fleet_script *script = &fleet->script;
    fleet_script_sort(fleet);
    while (fleet->options.days && !fleet->ending &&
           (script->next == script->count || script->items[script->next].at_ms >= script->days_to_ms)) {
        if (script->count > 0)
            memmove(script->items, script->items + script->next,
                    (script->count - script->next) * sizeof(*script->items));
        script->count -= script->next;
        script->next = 0;
        for (size_t i = 0; i < script->count; i++)
            script->items[i].order = (uint32_t)i;
        if (!fleet_days_plan(fleet, script->days_to_ms, &script->days_to_ms))
            fleet->ending = true;
        fleet_script_sort(fleet);
    }
}

int64_t fleet_script_due(struct fleet *fleet)
{
    struct fleet_script *script = &fleet->script;
    plan(fleet);
    return script->next < script->count && !fleet->ending ? script->items[script->next].at_ms : FLEET_NEVER;
}

unsigned fleet_script_run(struct fleet *fleet, int64_t script_ms)
{
    unsigned done = 0;
    while (fleet_script_due(fleet) <= script_ms) {
        struct fleet_happening *happening = &fleet->script.items[fleet->script.next++];
        struct fleet_device *device = fleet_device_of(fleet, happening->device);
        if (device != NULL)
            fleet_device_do(device, happening);
        forget(happening);
        done++;
    }
    return done;
}

void fleet_script_skip(struct fleet *fleet, int64_t before_ms)
{
    while (fleet_script_due(fleet) < before_ms)
        forget(&fleet->script.items[fleet->script.next++]);
}
