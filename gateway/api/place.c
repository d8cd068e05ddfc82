#include "api/place.h"

#include <string.h>

#include "api/pages.h"
#include "api/put.h"

void place_find(const struct registry *registry, struct subject subject, struct reader_place *ret_place)
{
    uint32_t household = REGISTRY_NONE, at = registry_subject_territory(registry, subject);

    ret_place->resident[0] = ret_place->household[0] = '\0';
    ret_place->territory_count = 0;
    ret_place->police = false;
    ret_place->family = FAMILY_COVERAGE; /* a family sees it with the resident's consent only */
    if (subject.kind == SUBJECT_RESIDENT) {
        const struct resident *resident = registry_resident(registry, subject.no);
        (void)text_copy(ret_place->resident, ID_SIZE, resident->id);
        household = resident->household;
    } else if (subject.kind == SUBJECT_HOUSEHOLD) {
        household = subject.no;
    } else if (subject.kind == SUBJECT_DEVICE) {
        const struct device *device = registry_device(registry, subject.no);
        household = device->household;
        if (device->resident != REGISTRY_NONE)
            (void)text_copy(ret_place->resident, ID_SIZE, registry_resident(registry, device->resident)->id);
    }
    if (household != REGISTRY_NONE)
        (void)text_copy(ret_place->household, ID_SIZE, registry_household(registry, household)->id);
    for (; at != REGISTRY_NONE && ret_place->territory_count < READER_TERRITORIES;
         at = registry_territory(registry, at)->parent)
        (void)text_copy(ret_place->territories[ret_place->territory_count++].code,
                        sizeof(ret_place->territories[0].code), registry_territory(registry, at)->code);
}

/* A number of a registry that is on disk and not yet in force is nobody here. */
static bool is_known(const struct registry *registry, struct subject subject)
{
    static const enum registry_table tables[] = {[SUBJECT_RESIDENT] = REGISTRY_RESIDENT,
                                                 [SUBJECT_HOUSEHOLD] = REGISTRY_HOUSEHOLD,
                                                 [SUBJECT_TERRITORY] = REGISTRY_TERRITORY,
                                                 [SUBJECT_DEVICE] = REGISTRY_DEVICE};

    return subject.kind >= SUBJECT_RESIDENT && subject.kind <= SUBJECT_DEVICE &&
           subject.no < registry_count(registry, tables[subject.kind]);
}

bool place_is_seen(const struct registry *registry, const struct person *person, struct subject subject)
{
    struct reader_place place;

    if (!is_known(registry, subject))
        return false;
    place_find(registry, subject, &place);
    return access_sees(person, &place);
}

void place_put_territories(const struct registry *registry, uint32_t territory, struct buf *out)
{
    put_open(out, "territories", '[');
    for (unsigned depth = 0; territory != REGISTRY_NONE && depth < READER_TERRITORIES; depth++) {
        put_open(out, NULL, '{');
        put_text(out, "code", registry_territory(registry, territory)->code);
        put_text(out, "name", registry_vault(registry, REGISTRY_TERRITORY, territory, "name"));
        buf_putc(out, '}');
        territory = registry_territory(registry, territory)->parent;
    }
    buf_putc(out, ']');
}

bool place_is_within(const struct registry *registry, uint32_t territory, const char *code)
{
    for (unsigned depth = 0; territory != REGISTRY_NONE && depth < READER_TERRITORIES; depth++) {
        if (strcmp(registry_territory(registry, territory)->code, code) == 0)
            return true;
        territory = registry_territory(registry, territory)->parent;
    }
    return false;
}

bool place_find_resident(const struct view *view, struct request *request, enum desk_part part,
                         uint32_t *ret_no)
{
    if (!page_begin(view, request, part))
        return false;
    uint32_t no = registry_find(view->registry, REGISTRY_RESIDENT, request->name);
    if (no == REGISTRY_NONE || !place_is_seen(view->registry, &request->person,
                                              (struct subject){.kind = SUBJECT_RESIDENT, .no = no})) {
        reply_said(request, 404, "there is no resident of this id", "没有这个编号的老人");
        return false;
    }
    *ret_no = no;
    return true;
}

void place_put_point(struct buf *out, const char *name, struct geo_point point, int decimals)
{
    put_open(out, name, '[');
    put_real(out, NULL, point.lat, decimals);
    put_real(out, NULL, point.lon, decimals);
    buf_putc(out, ']');
}

void place_put_outline(const struct zone *zone, struct buf *out)
{
    if (zone->count == 1)
        put_real(out, "radius_m", zone->radius_m, 0);
    put_open(out, "points", '[');
    for (uint32_t i = 0; i < zone->count; i++)
        place_put_point(out, NULL, zone->points[i], 6);
    buf_putc(out, ']');
}

static double cell_middle(double degrees)
{
    return (double)(int64_t)(degrees * 100) / 100 + (degrees < 0 ? -0.005 : 0.005);
}

void place_put_position(struct geo_point at, double accuracy_m, bool sharp, struct buf *out)
{
    enum { CELL_M = 800 };

    if (!sharp)
        at = (struct geo_point){.lat = cell_middle(at.lat), .lon = cell_middle(at.lon)};
    place_put_point(out, "at", at, sharp ? 6 : 3);
    put_integer(out, "accuracy_m", sharp ? (int64_t)accuracy_m : CELL_M);
}

enum err place_has_alert(const struct view *view, const char *resident, bool *ret_open)
{
    const struct reader_filter filter = {
        .state = ALERT_OPEN, .level = -1, .family = -1, .resident = resident, .limit = 1};
    unsigned count = 0;
    struct buf list;

    buf_init(&list, API_REPLY_MAX);
    const enum err err = view->reader != NULL ? reader_alerts(view->reader, &filter, &list, &count) : ERR_OK;
    buf_release(&list);
    *ret_open = count != 0;
    return err;
}
