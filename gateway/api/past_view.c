/* Recent weeks of a resident for those who look after them: the track, outings, visits, and how the week
 * usually goes. Each is a look at personal data; those who are shown no address are shown none of it, and
 * without the resident's consent there is nothing to show. */
#include <string.h>

#include "api/gate.h"
#include "api/pages.h"
#include "api/past.h"
#include "api/place.h"
#include "api/put.h"
#include "api/said.h"
#include "registry/admit.h"

enum { DAY_MS = 24 * 3600 * 1000, TRACK_DAYS = 1, WEEKS_DAYS = 28, ZONES_MAX = 64 };

/* [from, to) of the request; false: the reply is made. */
static bool read_range(struct request *request, int64_t days, int64_t *from_ms, int64_t *to_ms)
{
    bool has_from = false;

    *to_ms = clock_now().wall_ms;
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        int64_t *end_ms = strcmp(query->name, "from") == 0 ? from_ms
                          : strcmp(query->name, "to") == 0 ? to_ms
                                                           : NULL;
        if (end_ms == NULL) {
            reply_problem(request, 400, query->name, "unknown parameter");
            return false;
        }
        if (clock_parse(query->value, strlen(query->value), end_ms) != ERR_OK) {
            reply_problem(request, 400, query->name, "must be %s",
                          said(request->asked.zh, "an ISO 8601 time with an offset"));
            return false;
        }
        has_from = has_from || end_ms == from_ms;
    }
    if (!has_from)
        *from_ms = *to_ms - days * DAY_MS;
    if (*from_ms < *to_ms && *to_ms - *from_ms <= (int64_t)PAST_DAYS_MAX * DAY_MS)
        return true;
    reply_problem(request, 400, "from", "must lie before \"to\", by at most 56 days");
    return false;
}

/* Begins the answer: {"id","from","to","since"; "consent". The past, when there is something to show. */
static bool begin(const struct view *view, struct request *request, const char *what, int64_t days,
                  unsigned consents, uint32_t *ret_no, struct past **ret_past)
{
    struct buf *out = &request->reply.body;
    const struct tz *tz = view->config->tz;
    int64_t from_ms, to_ms;

    *ret_past = NULL;
    if (!place_find_resident(view, request, PART_RESIDENTS, ret_no) ||
        !read_range(request, days, &from_ms, &to_ms))
        return false;
    if (access_precision(&request->person) < PRECISION_ADDRESS) {
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
        return false;
    }
    const bool consent = (registry_effective_consent(view->registry, *ret_no) & consents) == consents;
    if (!view_reads(view, request))
        return false;
    gate_viewed(view->gate, request, what, request->name);
    const enum err err = consent ? past_read(view, *ret_no, from_ms, to_ms, ret_past) : ERR_OK;
    if (err != ERR_OK) {
        reply_database(request, err);
        return false;
    }
    put_open(out, NULL, '{');
    put_text(out, "id", request->name);
    put_time(out, tz, "from", from_ms);
    put_time(out, tz, "to", to_ms);
    put_time(out, tz, "since", consent ? (*ret_past)->since_ms : from_ms);
    put_bool(out, "consent", consent);
    return true;
}

static enum verdict end(struct request *request, struct past *past)
{
    past_free(past);
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

/* ---- the track ---- */

/* Places that are nobody's business are on no track, unless somebody has to be found. */
static bool is_private(const struct registry *registry, const uint32_t *zones, size_t count,
                       struct geo_point p)
{
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = registry_zone(registry, zones[i]);
        if (zone_kind_is_protected((enum zone_kind)zone->kind) && zone_contains(zone, p, NULL))
            return true;
    }
    return false;
}

static void put_fixes(const struct view *view, const struct past *past, uint32_t no, bool sharp,
                      struct buf *out)
{
    uint32_t zones[ZONES_MAX];
    const size_t count = registry_zones_of(view->registry, no, zones, ZONES_MAX);

    for (size_t i = 0; past != NULL && i < past->fix_count; i++) {
        const struct past_fix *fix = &past->fixes[i];
        if (!sharp && is_private(view->registry, zones, count, fix->p))
            continue;
        put_open(out, NULL, '{');
        place_put_position(fix->p, (double)fix->accuracy_m, sharp, out);
        put_time(out, view->config->tz, "t", fix->at_ms);
        buf_putc(out, '}');
    }
}

enum verdict past_track(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf *out = &request->reply.body;
    struct past *past;
    bool open = false;
    uint32_t no;

    (void)ret_pending;
    if (!begin(view, request, "track", TRACK_DAYS, CONSENT_BIT(CONSENT_LOCATION), &no, &past))
        return VERDICT_REPLY;
    const enum err err = place_has_alert(view, request->name, &open);
    if (err != ERR_OK) {
        past_free(past);
        buf_clear(out);
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    const bool sharp = access_position(&request->person, open) == POSITION_SHARP;
    put_bool(out, "sharp", sharp);
    put_integer(out, "one_in", past != NULL ? past->stride : 1);
    put_open(out, "fixes", '[');
    put_fixes(view, past, no, sharp, out);
    buf_putc(out, ']');
    return end(request, past);
}

/* ---- outings, visits ---- */

enum verdict past_outings(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf *out = &request->reply.body;
    struct past *past;
    uint32_t no;

    (void)ret_pending;
    if (!begin(view, request, "outings", WEEKS_DAYS, CONSENT_BIT(CONSENT_LOCATION), &no, &past))
        return VERDICT_REPLY;
    put_open(out, "outings", '[');
    for (size_t i = past != NULL ? past->outing_count : 0; i-- > 0;) {
        put_open(out, NULL, '{');
        put_time(out, view->config->tz, "left", past->outings[i].left_ms);
        put_time(out, view->config->tz, "back", past->outings[i].back_ms);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return end(request, past);
}

static void put_classes(unsigned classes, struct buf *out)
{
    static const char *const names[] = {[PERSON_CLASS_NONE] = "unclear",
#define X(prefix, name, text) [prefix##_##name] = #text,
                                        PERSON_CLASS_MAP(X)
#undef X
    };

    put_open(out, "who", '[');
    for (unsigned class = PERSON_CLASS_NONE + 1; class < PERSON_CLASS_COUNT; class ++)
        if ((classes & (1U << class)) != 0)
            put_text(out, NULL, names[class]);
    buf_putc(out, ']');
}

static void put_visit(const struct view *view, const struct request *request, const struct past_visit *visit,
                      struct buf *out)
{
    put_open(out, NULL, '{');
    put_time(out, view->config->tz, "from", visit->from_ms);
    put_time(out, view->config->tz, "to", visit->to_ms);
    put_bool(out, "left", visit->left);
    put_text(out, "place", visit->indoors ? "indoors" : "doorstep");
    put_text(out, "device", registry_device(view->registry, visit->device)->id);
    put_integer(out, "people", visit->people);
    put_classes(visit->classes, out);
    if (access_precision(&request->person) >= PRECISION_CONTACTS) {
        put_open(out, "visitors", '[');
        for (unsigned i = 0; i < visit->by_count; i++)
            put_text(out, NULL, registry_vault(view->registry, REGISTRY_VISITOR, visit->by[i], "name"));
        buf_putc(out, ']');
    }
    buf_putc(out, '}');
}

enum verdict past_visits(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf *out = &request->reply.body;
    struct past *past;
    uint32_t no;

    (void)ret_pending;
    if (!begin(view, request, "visits", WEEKS_DAYS,
               CONSENT_BIT(CONSENT_CAMERA) | CONSENT_BIT(CONSENT_VISITOR), &no, &past))
        return VERDICT_REPLY;
    put_open(out, "visits", '[');
    for (size_t i = past != NULL ? past->visit_count : 0; i-- > 0;)
        put_visit(view, request, &past->visits[i], out);
    buf_putc(out, ']');
    return end(request, past);
}

/* ---- the week ---- */

enum verdict past_routine(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const char *const names[PAST_WEEKDAYS] = {"sunday",   "monday", "tuesday", "wednesday",
                                                     "thursday", "friday", "saturday"};
    struct buf *out = &request->reply.body;
    struct past *past;
    uint32_t no;

    (void)ret_pending;
    if (!begin(view, request, "routine", WEEKS_DAYS, CONSENT_BIT(CONSENT_LOCATION), &no, &past))
        return VERDICT_REPLY;
    put_open(out, "weekdays", '[');
    for (unsigned i = 1; past != NULL && i <= PAST_WEEKDAYS; i++) { /* a week begins on Monday */
        const unsigned day = i % PAST_WEEKDAYS;
        put_open(out, NULL, '{');
        put_text(out, "day", names[day]);
        put_integer(out, "days", past->week.days[day]);
        put_open(out, "out", '[');
        for (unsigned hour = 0; hour < PAST_HOURS; hour++) {
            const int64_t known_ms = past->week.known_ms[day][hour];
            if (known_ms != 0)
                put_real(out, NULL, (double)past->week.out_ms[day][hour] / (double)known_ms, 3);
            else
                buf_puts(out, hour != 0 ? ",null" : "null");
        }
        buf_puts(out, "]}");
    }
    buf_putc(out, ']');
    return end(request, past);
}
