/* Zones, and who answers where: the questions that walk the tree of territories. */
#include <assert.h>
#include <math.h>

#include "registry/tables.h"

enum { DEPTH_MAX = 8 /* the tree is four kinds deep */, CHAINS_MAX = 2 + DEPTH_MAX };

bool zone_kind_is_protected(enum zone_kind kind)
{
    return kind == ZONE_GOVERNMENT || kind == ZONE_COURT || kind == ZONE_PETITION || kind == ZONE_WORSHIP ||
           kind == ZONE_PRIVATE;
}

bool zone_contains(const struct zone *zone, struct geo_point p, double *ret_border_m)
{
    if (zone->count == 1) {
        double distance_m = geo_distance_m(zone->points[0], p);
        if (ret_border_m)
            *ret_border_m = fabs(distance_m - zone->radius_m);
        return distance_m <= zone->radius_m;
    }
    if (zone->count < 3) {
        if (ret_border_m)
            *ret_border_m = INFINITY;
        return false;
    }
    if (ret_border_m)
        *ret_border_m = geo_ring_distance_m(zone->points, zone->count, p);
    return geo_in_ring(zone->points, zone->count, p);
}

/* Do the segments a-b and c-d meet? Planar in degrees: at the scale of a county the error is far below that
 * of a fix. */
static bool segments_meet(struct geo_point a, struct geo_point b, struct geo_point c, struct geo_point d)
{
    double x1 = b.lon - a.lon, y1 = b.lat - a.lat, x2 = d.lon - c.lon, y2 = d.lat - c.lat;
    double det = x1 * y2 - y1 * x2, dx = c.lon - a.lon, dy = c.lat - a.lat;
    if (det == 0)
        return false;
    double s = (dx * y2 - dy * x2) / det, t = (dx * y1 - dy * x1) / det;
    return s >= 0 && s <= 1 && t >= 0 && t <= 1;
}

bool zone_is_crossed(const struct zone *zone, struct geo_point a, struct geo_point b)
{
    if (zone->count == 1)
        return geo_segment_distance_m(a, b, zone->points[0]) <= zone->radius_m;
    if (zone->count < 3)
        return false;
    for (uint32_t i = 0; i < zone->count; i++) {
        if (segments_meet(a, b, zone->points[i], zone->points[(i + 1) % zone->count]))
            return true;
    }
    return geo_in_ring(zone->points, zone->count, a);
}

/* Merges the lists, each of which runs in order of number. */
size_t registry_zones_of(const struct registry *registry, uint32_t resident, uint32_t *zones, size_t max)
{
    uint32_t at[CHAINS_MAX];
    unsigned chains = 0;
    uint32_t household = registry_resident(registry, resident)->household;
    at[chains++] = registry->zones_of_resident.heads[resident];
    if (household != REGISTRY_NONE) {
        at[chains++] = registry->zones_of_household.heads[household];
        uint32_t territory = registry_household(registry, household)->grid;
        while (territory != REGISTRY_NONE && chains < CHAINS_MAX) {
            at[chains++] = registry->zones_of_territory.heads[territory];
            territory = registry_territory(registry, territory)->parent;
        }
    }
    const uint32_t *next = registry->zones_of_territory.next;
    size_t count = 0;
    while (count < max) {
        unsigned lowest = 0;
        for (unsigned i = 1; i < chains; i++)
            if (at[i] < at[lowest])
                lowest = i;
        if (at[lowest] == REGISTRY_NONE)
            break;
        zones[count++] = at[lowest];
        at[lowest] = next[at[lowest]];
    }
    return count;
}

static bool has(const uint32_t *numbers, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Who is on duty there by the roster; a stand-in may come from elsewhere. */
static size_t on_duty(const struct registry *registry, enum role role, uint32_t territory, int64_t t_ms,
                      uint32_t *numbers, size_t max)
{
    const struct roster *rosters = registry->tables[REGISTRY_ROSTER].items;
    size_t count = 0;
    for (uint32_t i = registry->rosters_of_territory.heads[territory]; i != REGISTRY_NONE && count < max;
         i = registry->rosters_of_territory.next[i])
        if (rosters[i].role == role && rosters[i].from_ms <= t_ms && t_ms < rosters[i].to_ms &&
            !has(numbers, count, rosters[i].responder))
            numbers[count++] = rosters[i].responder;
    return count;
}

bool registry_roster_has_ended(const struct registry *registry, enum role role, uint32_t territory,
                               int64_t t_ms)
{
    const struct roster *rosters = registry->tables[REGISTRY_ROSTER].items;
    bool any = false;
    for (uint32_t i = registry->rosters_of_territory.heads[territory]; i != REGISTRY_NONE;
         i = registry->rosters_of_territory.next[i]) {
        if (rosters[i].role == role && rosters[i].to_ms > t_ms)
            return false;
        any |= rosters[i].role == role;
    }
    return any;
}

size_t registry_responders(const struct registry *registry, enum role role, uint32_t territory, int64_t t_ms,
                           uint32_t *numbers, size_t max)
{
    for (int depth = 0; territory != REGISTRY_NONE && depth < DEPTH_MAX; depth++) {
        size_t count = on_duty(registry, role, territory, t_ms, numbers, max);
        if (count)
            return count;
        /* Without a roster, and in a hole of one, all of them: a gap in a plan must not leave an alert with
         * nobody. */
        for (uint32_t i = registry->responders_of_territory.heads[territory];
             i != REGISTRY_NONE && count < max; i = registry->responders_of_territory.next[i])
            if (registry_responder(registry, i)->role == role)
                numbers[count++] = i;
        if (count)
            return count;
        territory = registry_territory(registry, territory)->parent;
    }
    return 0;
}

size_t registry_contacts(const struct registry *registry, uint32_t resident, uint32_t *numbers, size_t max)
{
    assert(resident < registry_count(registry, REGISTRY_RESIDENT));
    size_t count = 0;
    for (uint32_t i = registry->contacts_of_resident.heads[resident]; i != REGISTRY_NONE && count < max;
         i = registry->contacts_of_resident.next[i])
        numbers[count++] = i;
    return count;
}

bool registry_is_within(const struct registry *registry, uint32_t territory, uint32_t above)
{
    while (territory != REGISTRY_NONE && territory != above)
        territory = registry_territory(registry, territory)->parent;
    return territory != REGISTRY_NONE;
}
