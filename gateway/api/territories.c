/* The territories a person works in, as choices: of an announcement, a campaign, a filter. No personal data.
 * And the zones that lie in them. */
#include <string.h>

#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"

static const char *kind_name(unsigned kind)
{
    static const char *const names[] = {
#define X(name, text) [TERRITORY_##name] = #text,
        TERRITORY_KIND_MAP(X)
#undef X
    };
    return kind != TERRITORY_KIND_NONE && kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "";
}

enum verdict territories_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf *out = &request->reply.body;

    (void)ret_pending;
    if (!page_begin(view, request, PART_RESIDENTS) || !view_no_query(request))
        return VERDICT_REPLY;
    put_open(out, NULL, '{');
    put_open(out, "territories", '[');
    for (uint32_t no = 0; no < registry_count(view->registry, REGISTRY_TERRITORY); no++) {
        const struct territory *territory = registry_territory(view->registry, no);
        const struct subject subject = {.kind = SUBJECT_TERRITORY, .no = no};
        if (territory->removed || !place_is_seen(view->registry, &request->person, subject))
            continue;
        put_open(out, NULL, '{');
        put_text(out, "code", territory->code);
        put_text(out, "name", registry_vault(view->registry, REGISTRY_TERRITORY, no, "name"));
        put_text(out, "level", kind_name(territory->kind));
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

/* ---- zones ---- */

struct wanted {
    const char *territory;
    uint32_t from;
    unsigned limit;
};

static bool read_wanted(struct request *request, struct wanted *wanted)
{
    *wanted = (struct wanted){.limit = PAGE_DEFAULT};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        if (strcmp(query->name, "territory") == 0)
            wanted->territory = query->value;
        else if (!page_take(request, query, &wanted->from, &wanted->limit))
            return false;
    }
    return true;
}

static void put_zone(const struct registry *registry, uint32_t no, struct buf *out)
{
    const struct zone *zone = registry_zone(registry, no);

    put_open(out, NULL, '{');
    put_text(out, "id", zone->id);
    put_text(out, "name", registry_vault(registry, REGISTRY_ZONE, no, "name"));
    put_text(out, "kind", zone_kind_name((enum zone_kind)zone->kind));
    put_open(out, "of", '{');
    put_text(out, subject_kind_name(zone->owner.kind), registry_subject_id(registry, zone->owner));
    buf_putc(out, '}');
    if (zone->calendar != REGISTRY_NONE)
        put_text(out, "calendar", registry_calendar(registry, zone->calendar)->id);
    place_put_outline(zone, out);
    buf_putc(out, '}');
}

/* A person's zone tells where they live or go: for whom an address is. Protected places are on no map. */
enum verdict zones_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf *out = &request->reply.body;
    struct wanted wanted;

    (void)ret_pending;
    if (!page_begin(view, request, PART_RESIDENTS) || !read_wanted(request, &wanted))
        return VERDICT_REPLY;
    const struct registry *registry = view->registry;
    const bool personal = access_precision(&request->person) >= PRECISION_ADDRESS;
    const uint32_t count = registry_count(registry, REGISTRY_ZONE);
    uint32_t no = wanted.from;
    put_open(out, NULL, '{');
    put_open(out, "zones", '[');
    for (unsigned shown = 0; no < count && shown < wanted.limit; no++) {
        const struct zone *zone = registry_zone(registry, no);
        if (zone->removed || zone_kind_is_protected((enum zone_kind)zone->kind) ||
            (zone->owner.kind != SUBJECT_TERRITORY && !personal) ||
            !place_is_seen(registry, &request->person, zone->owner) ||
            (wanted.territory != NULL &&
             !place_is_within(registry, registry_subject_territory(registry, zone->owner), wanted.territory)))
            continue;
        put_zone(registry, no, out);
        shown++;
    }
    buf_putc(out, ']');
    if (personal)
        gate_viewed(view->gate, request, "zones", wanted.territory != NULL ? wanted.territory : "");
    page_end(request, no < count ? no : REGISTRY_NONE);
    return VERDICT_REPLY;
}
