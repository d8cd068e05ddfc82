/* The territories a person works in, as choices: of an announcement, a campaign, a filter. No personal data.
 */
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
