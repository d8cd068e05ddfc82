#include "detect/position.h"

#include "registry/day_class.h"

#define GNSS_ACCURACY_M 30.0
#define WIFI_ACCURACY_M 100.0
#define CELL_ACCURACY_M 1000.0

double position_accuracy_m(const struct event_fix *fix)
{
    if (fix->has_accuracy)
        return (double)fix->accuracy_m;
    return fix->source == FIX_SOURCE_CELL   ? CELL_ACCURACY_M
           : fix->source == FIX_SOURCE_WIFI ? WIFI_ACCURACY_M
                                            : GNSS_ACCURACY_M;
}

int64_t position_interval_ms(const struct detect_context *context, const struct event *event)
{
    uint32_t interval_s = registry_device(context->registry, event->key.device)->report_interval_s;
    return (int64_t)(interval_s ? interval_s : POSITION_INTERVAL_S) * 1000;
}

bool position_zone_is_on(const struct detect_context *context, const struct zone *zone, int64_t at_ms)
{
    if (zone->removed)
        return false;
    if (zone->calendar == REGISTRY_NONE)
        return true;
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    return day_class_calendar_is_on(context->registry, registry_calendar(context->registry, zone->calendar),
                                    &local);
}

uint32_t position_zone_at(const struct detect_context *context, uint32_t resident, struct geo_point p,
                          uint32_t kinds)
{
    uint32_t zones[POSITION_ZONES_MAX];
    size_t count = registry_zones_of(context->registry, resident, zones, POSITION_ZONES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = registry_zone(context->registry, zones[i]);
        if (!zone->removed && kinds & UINT32_C(1) << zone->kind && zone_contains(zone, p, NULL))
            return zones[i];
    }
    return REGISTRY_NONE;
}

bool position_is_at_fair(const struct detect_context *context, uint32_t resident, struct geo_point p,
                         int64_t at_ms)
{
    uint32_t no = position_zone_at(context, resident, p, UINT32_C(1) << ZONE_MARKET);
    if (no == REGISTRY_NONE)
        return false;
    const struct zone *zone = registry_zone(context->registry, no);
    return zone->calendar != REGISTRY_NONE && position_zone_is_on(context, zone, at_ms);
}

bool position_is_protected(const struct detect_context *context, uint32_t resident, struct geo_point p)
{
    uint32_t kinds = 0;
    for (unsigned kind = 0; kind < ZONE_KIND_COUNT; kind++)
        kinds |= zone_kind_is_protected((enum zone_kind)kind) ? UINT32_C(1) << kind : 0;
    return position_zone_at(context, resident, p, kinds) != REGISTRY_NONE;
}
