#include "registry/announced.h"
#include "registry/check.h"

#include <stdlib.h>
#include <string.h>

enum { TREE_DEPTH_MAX = 64 };

/* An error of this row at one of its columns. */
#define fail_column(cell, name, ...)                                                                         \
    ((cell)->removed ? false : build_fail((cell)->build, (cell)->line, (name), __VA_ARGS__))

static const char *value_of(const struct cell *cell, const char *row, const char *column)
{
    return table_value(row, (unsigned)table_column(table_spec(cell->build->table), column));
}

bool check_datum(struct cell *cell)
{
    if (strcmp(cell->value, "wgs84") == 0 || strcmp(cell->value, "gcj02") == 0)
        return true;
    return cell_fail(cell, "only wgs84 and gcj02 are known");
}

bool check_territory(struct cell *cell, const char *row)
{
    struct territory *territory = cell->item;
    const char *code = table_value(row, 0);
    if (territory->kind == TERRITORY_COUNTY) {
        if (!text_is_county(code, strlen(code)))
            return fail_column(cell, "code", "\"%s\": a county has six digits (GB/T 2260)", code);
        if (territory->parent != REGISTRY_NONE)
            return fail_column(cell, "parent", "a county has no parent here");
        return true;
    }
    if (territory->parent == REGISTRY_NONE && !*value_of(cell, row, "parent"))
        return fail_column(cell, "parent", "only the county has no parent");
    return true;
}

/* True when the parents lead back to `no`. */
static bool in_cycle(const struct territory *territories, uint32_t no)
{
    uint32_t at = territories[no].parent;
    for (int depth = 0; at != REGISTRY_NONE && depth < TREE_DEPTH_MAX; depth++) {
        if (at == no)
            return true;
        at = territories[at].parent;
    }
    return false;
}

void check_territories(struct build *build)
{
    const struct territory *territories = build->registry->tables[REGISTRY_TERRITORY].items;
    uint32_t county_line = 0;
    for (uint32_t i = 0; i < build->staged_count; i++) {
        const struct staged *staged = &build->staged[i];
        if (staged->number == REGISTRY_NONE || staged->broken || staged->removed)
            continue;
        const struct territory *territory = &territories[staged->number];
        if (in_cycle(territories, staged->number))
            build_fail(build, staged->line, "parent", "leads back to \"%s\" itself", territory->code);
        else if (territory->parent != REGISTRY_NONE && territory->kind &&
                 territories[territory->parent].kind >= territory->kind)
            build_fail(build, staged->line, "parent",
                       "must be of a wider kind (a county holds towns, a town villages, a village grids)");
        if (territory->kind != TERRITORY_COUNTY)
            continue;
        if (county_line)
            build_fail(build, staged->line, "kind",
                       "the county is already in line %u; a folder holds one county", county_line);
        county_line = staged->line;
    }
    bool store_empty = build->origin == BUILD_STORE && build->staged_count == 0;
    if (!county_line && !build->error_count && !store_empty)
        build_fail(build, 0, NULL, "there is no county");
}

static bool is_gcj02(const struct cell *cell, const char *row)
{
    return strcmp(value_of(cell, row, "datum"), "gcj02") == 0;
}

bool check_household(struct cell *cell, const char *row)
{
    struct household *household = cell->item;
    bool has_lat = *value_of(cell, row, "lat"), has_lon = *value_of(cell, row, "lon");
    if (has_lat != has_lon)
        return fail_column(cell, has_lat ? "lon" : "lat", "one coordinate without the other");
    if (!has_lat)
        return true;
    if (household->home.lat == 0 && household->home.lon == 0)
        return fail_column(cell, "lat", "0, 0 is no home; leave unknown coordinates empty");
    if (is_gcj02(cell, row))
        household->home = geo_gcj02_to_wgs84(household->home);
    household->has_home = true;
    return true;
}

bool check_device(struct cell *cell, const char *row)
{
    const struct device *device = cell->item;
    if (device->kind == DEVICE_WRISTBAND && *value_of(cell, row, "household"))
        return fail_column(cell, "household", "a wristband belongs to a resident; leave the household empty");
    if (device->kind == DEVICE_WRISTBAND && *value_of(cell, row, "view"))
        return fail_column(cell, "view", "a wristband has no view");
    if (device->kind == DEVICE_CAMERA && *value_of(cell, row, "resident"))
        return fail_column(cell, "resident", "a camera belongs to a household; leave the resident empty");
    return true;
}

void check_devices(struct build *build)
{
    const struct registry *registry = build->registry;
    const struct device *devices = registry->tables[REGISTRY_DEVICE].items;
    uint32_t *bands =
        calloc(registry->tables[REGISTRY_RESIDENT].count + 1, sizeof *bands); /* line of the wearer's band */
    if (!bands) {
        build->err = ERR_NOMEM;
        return;
    }
    for (uint32_t i = 0; i < build->staged_count; i++) {
        const struct staged *staged = &build->staged[i];
        if (staged->number == REGISTRY_NONE || staged->broken || staged->removed)
            continue;
        const struct device *device = &devices[staged->number];
        if (device->kind != DEVICE_WRISTBAND || device->resident == REGISTRY_NONE)
            continue;
        uint32_t *band = &bands[device->resident];
        if (*band)
            build_fail(build, staged->line, "resident", "\"%s\" has a wristband already (%s %u)",
                       table_value(registry->tables[REGISTRY_RESIDENT].rows[device->resident], 0),
                       build->origin == BUILD_CSV ? "line" : "row",
                       build->origin == BUILD_CSV ? *band : *band - 1);
        else
            *band = staged->line;
    }
    free(bands);
}

bool check_roster(struct cell *cell, const char *row)
{
    const struct roster *roster = cell->item;
    (void)row;
    if (roster->to_ms <= roster->from_ms)
        return fail_column(cell, "to", "is not after \"from\"");
    return true;
}

bool check_announcement(struct cell *cell, const char *row)
{
    const struct announcement_row *announcement = cell->item;
    const char *wrong = announced_fault(cell->build->registry, announcement->territory, announcement->from_ms,
                                        announcement->to_ms);
    (void)row;
    return wrong == NULL || fail_column(cell, "to", "%s", wrong);
}

static bool has_area(const struct geo_point *points, uint32_t count)
{
    double twice = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct geo_point a = points[i], b = points[(i + 1) % count];
        twice += (a.lon - points[0].lon) * (b.lat - points[0].lat) -
                 (b.lon - points[0].lon) * (a.lat - points[0].lat);
    }
    return twice > 1e-12 || twice < -1e-12;
}

bool check_zone(struct cell *cell, const char *row)
{
    struct zone *zone = cell->item;
    if (zone->count == 0)
        return true;
    if (*value_of(cell, row, "radius_m") && zone->count != 1)
        return fail_column(cell, "radius_m", "stands beside a Polygon; only a Point has one");
    if (!*value_of(cell, row, "radius_m") && zone->count == 1)
        return fail_column(cell, "radius_m", "a Point needs one (1 to 50000)");
    if (zone->count > 1 && (zone->count < 3 || !has_area(zone->points, zone->count)))
        return fail_column(cell, "geometry", "a polygon needs three corners that span an area");
    if (!is_gcj02(cell, row))
        return true;
    struct geo_point *points = arena_alloc(&cell->build->registry->arena, zone->count * sizeof *points);
    if (!points) {
        cell->build->err = ERR_NOMEM;
        return false;
    }
    for (uint32_t i = 0; i < zone->count; i++)
        points[i] = geo_gcj02_to_wgs84(zone->points[i]);
    zone->points = points;
    return true;
}
