/* Residents and homes: the list and its search, one resident's card, their status. What stands in the
 * registry is read from the registry in force; what is so at present, the core is asked. */
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"

enum {
    WALK_MAX = 50000, /* rows that one request looks at; the page may then be short, with more behind it */
    ALERTS_SHOWN = 50,
    CONTACTS_MAX = 32,
    VISITORS_MAX = 64,
    ZONES_MAX = 64,
    COVERED_MS = 24 * 3600 * 1000 /* a device that was heard within a day covers what it can */
};

/* ---- the list ---- */

struct wanted {
    const char *text, *territory, *category;
    uint32_t from;
    unsigned limit;
};

static bool read_wanted(struct request *request, struct wanted *wanted)
{
    *wanted = (struct wanted){.limit = PAGE_DEFAULT};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        if (strcmp(query->name, "q") == 0)
            wanted->text = query->value;
        else if (strcmp(query->name, "territory") == 0)
            wanted->territory = query->value;
        else if (strcmp(query->name, "category") == 0)
            wanted->category = query->value;
        else if (!page_take(request, query, &wanted->from, &wanted->limit))
            return false;
    }
    return true;
}

/* In a name, an address or an id; names and addresses only for those who are shown them. */
static bool is_found(const struct registry *registry, uint32_t no, const char *text, bool named)
{
    const struct resident *resident = registry_resident(registry, no);

    if (strstr(resident->id, text) != NULL)
        return true;
    if (!named)
        return false;
    return strstr(registry_vault(registry, REGISTRY_RESIDENT, no, "name"), text) != NULL ||
           (resident->household != REGISTRY_NONE &&
            strstr(registry_vault(registry, REGISTRY_HOUSEHOLD, resident->household, "address"), text) !=
                NULL);
}

static bool is_wanted(const struct view *view, const struct request *request, const struct wanted *wanted,
                      uint32_t no)
{
    const struct registry *registry = view->registry;
    const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = no};
    bool named = access_precision(&request->person) >= PRECISION_ADDRESS;

    return !registry_resident(registry, no)->removed && place_is_seen(registry, &request->person, subject) &&
           (wanted->territory == NULL ||
            place_is_within(registry, registry_subject_territory(registry, subject), wanted->territory)) &&
           (wanted->category == NULL || (named && registry_resident_is(registry, no, wanted->category))) &&
           (wanted->text == NULL || is_found(registry, no, wanted->text, named));
}

enum verdict residents_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct wanted wanted;

    if (!page_begin(view, request, PART_RESIDENTS) || !read_wanted(request, &wanted))
        return VERDICT_REPLY;
    struct look *look = page_look(request);
    if (look == NULL)
        return VERDICT_REPLY;
    uint32_t no = wanted.from, count = registry_count(view->registry, REGISTRY_RESIDENT);
    for (uint32_t walked = 0; no < count && walked < WALK_MAX && look->count < wanted.limit; walked++, no++)
        if (is_wanted(view, request, &wanted, no))
            look->entries[look->count++] = (struct look_entry){.table = REGISTRY_RESIDENT, .no = no};
    look->next_no = no < count ? no : REGISTRY_NONE;
    gate_viewed(view->gate, request, "residents", wanted.text != NULL ? wanted.text : "");
    *ret_pending = (struct pending){.look = look};
    return VERDICT_LOOK;
}

static void put_live(const struct view *view, const struct live_resident *now, struct buf *out)
{
    static const char *const at_home[] = {[LIVE_NO] = "out", [LIVE_YES] = "home"};

    put_text(out, "status", resident_status_name((enum resident_status)now->status));
    put_time(out, view->config->tz, "status_until", now->status_until_ms);
    if (now->at_home == LIVE_NO || now->at_home == LIVE_YES) {
        put_text(out, "presence", at_home[now->at_home]);
        put_time(out, view->config->tz, "presence_since", now->at_home_ms);
    }
    put_time(out, view->config->tz, "seen", now->seen_ms);
}

/* Who and where, as far as the person is shown it. */
static void put_resident(const struct view *view, const struct request *request, uint32_t no, struct buf *out)
{
    const struct registry *registry = view->registry;
    const struct resident *resident = registry_resident(registry, no);
    const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = no};

    put_text(out, "id", resident->id);
    if (access_precision(&request->person) >= PRECISION_ADDRESS)
        put_text(out, "name", registry_vault(registry, REGISTRY_RESIDENT, no, "name"));
    if (resident->household != REGISTRY_NONE) {
        put_text(out, "household", registry_household(registry, resident->household)->id);
        if (access_precision(&request->person) >= PRECISION_ADDRESS)
            put_text(out, "address",
                     registry_vault(registry, REGISTRY_HOUSEHOLD, resident->household, "address"));
    }
    place_put_territories(registry, registry_subject_territory(registry, subject), out);
}

enum verdict residents_list_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text)
{
    struct buf *out = &request->reply.body;
    const struct look *look = pending->look;

    if (!page_looked(view, request, look, err, text))
        return VERDICT_REPLY;
    put_open(out, NULL, '{');
    put_open(out, "residents", '[');
    for (unsigned i = 0; i < look->count; i++) {
        put_open(out, NULL, '{');
        put_resident(view, request, look->entries[i].no, out);
        put_live(view, &look->entries[i].now.resident, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    page_end(request, look->next_no);
    return VERDICT_REPLY;
}

/* ---- one resident ---- */

static void ask_for(struct look *look, enum registry_table table, uint32_t no)
{
    if (no != REGISTRY_NONE && look->count < LOOK_MAX)
        look->entries[look->count++] = (struct look_entry){.table = (uint8_t)table, .no = no};
}

/* The resident, the home, the band, the cameras, in this order. */
static void ask_for_home(const struct registry *registry, uint32_t no, struct look *look)
{
    const struct resident *resident = registry_resident(registry, no);

    ask_for(look, REGISTRY_RESIDENT, no);
    ask_for(look, REGISTRY_HOUSEHOLD, resident->household);
    ask_for(look, REGISTRY_DEVICE, resident->wristband);
    uint32_t camera = resident->household != REGISTRY_NONE
                          ? registry_household(registry, resident->household)->first_camera
                          : REGISTRY_NONE;
    for (; camera != REGISTRY_NONE; camera = registry_device(registry, camera)->next_camera)
        ask_for(look, REGISTRY_DEVICE, camera);
}

enum verdict residents_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    uint32_t no;

    if (!place_find_resident(view, request, PART_RESIDENTS, &no) || !view_no_query(request))
        return VERDICT_REPLY;
    struct look *look = page_look(request);
    if (look == NULL)
        return VERDICT_REPLY;
    ask_for_home(view->registry, no, look);
    gate_viewed(view->gate, request, "resident", request->name);
    *ret_pending = (struct pending){.look = look};
    return VERDICT_LOOK;
}

static void put_contacts(const struct registry *registry, uint32_t no, struct buf *out)
{
    uint32_t contacts[CONTACTS_MAX];
    size_t count = registry_contacts(registry, no, contacts, CONTACTS_MAX);

    put_open(out, "contacts", '[');
    for (size_t i = 0; i < count; i++) {
        put_open(out, NULL, '{');
        put_text(out, "id", registry_contact(registry, contacts[i])->id);
        put_text(out, "name", registry_vault(registry, REGISTRY_CONTACT, contacts[i], "name"));
        put_text(out, "relation", registry_vault(registry, REGISTRY_CONTACT, contacts[i], "relation"));
        put_text(out, "phone", registry_vault(registry, REGISTRY_CONTACT, contacts[i], "phone"));
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

void residents_put_people(const struct registry *registry, uint32_t household, struct buf *out)
{
    uint32_t no = registry_household(registry, household)->first_resident;

    put_open(out, "people", '[');
    for (; no != REGISTRY_NONE; no = registry_resident(registry, no)->next_in_household) {
        if (registry_resident(registry, no)->removed)
            continue;
        put_open(out, NULL, '{');
        put_text(out, "id", registry_resident(registry, no)->id);
        put_text(out, "name", registry_vault(registry, REGISTRY_RESIDENT, no, "name"));
        put_contacts(registry, no, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_consent(uint8_t consent, struct buf *out)
{
    put_open(out, "consent", '[');
    for (unsigned class = 0; class < CONSENT_COUNT; class ++)
        if ((consent & CONSENT_BIT(class)) != 0)
            put_text(out, NULL, consent_name((enum consent) class));
    buf_putc(out, ']');
}

static void put_visitors(const struct registry *registry, uint32_t household, struct buf *out)
{
    uint32_t visitors[VISITORS_MAX];
    size_t count = registry_visitors(registry, household, visitors, VISITORS_MAX);

    put_open(out, "visitors", '[');
    for (size_t i = 0; i < count; i++) {
        put_open(out, NULL, '{');
        put_text(out, "id", registry_visitor(registry, visitors[i])->visitor_id);
        put_text(out, "name", registry_vault(registry, REGISTRY_VISITOR, visitors[i], "name"));
        put_text(out, "windows", registry_vault(registry, REGISTRY_VISITOR, visitors[i], "windows"));
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

/* What we could notice or do for this resident now: "covered", or the first reason why not. */
static void put_cover(struct buf *out, const char *what, bool consents, bool has_device, bool is_heard)
{
    put_open(out, NULL, '{');
    put_text(out, "what", what);
    put_text(out, "state",
             !consents     ? "no_consent"
             : !has_device ? "no_device"
             : !is_heard   ? "not_heard"
                           : "covered");
    buf_putc(out, '}');
}

static void put_coverage(const struct registry *registry, const struct look *look, struct buf *out)
{
    const struct resident *resident = registry_resident(registry, look->entries[0].no);
    int64_t since_ms = clock_now().wall_ms - COVERED_MS;
    bool band = false, band_heard = false, camera = false, camera_heard = false;

    for (unsigned i = 0; i < look->count; i++) {
        const struct look_entry *entry = &look->entries[i];
        if (entry->table != REGISTRY_DEVICE)
            continue;
        bool heard = entry->now.device.now.heard_ms >= since_ms;
        if (registry_device(registry, entry->no)->kind == DEVICE_WRISTBAND) {
            band = true;
            band_heard |= heard;
        } else {
            camera = true;
            camera_heard |= heard;
        }
    }
#define CONSENTS(name) ((resident->consent & CONSENT_BIT(CONSENT_##name)) != 0)
    put_open(out, "coverage", '[');
    put_cover(out, "emergency", true, band, band_heard);
    put_cover(out, "outings", CONSENTS(LOCATION), band, band_heard);
    put_cover(out, "vitals", CONSENTS(HEALTH), band, band_heard);
    put_cover(out, "visits", CONSENTS(CAMERA) && CONSENTS(VISITOR), camera, camera_heard);
    put_cover(out, "voice", CONSENTS(VOICE), band || camera, band_heard || camera_heard);
#undef CONSENTS
    buf_putc(out, ']');
}

static enum err put_alerts(const struct view *view, const char *resident, struct buf *out)
{
    const struct reader_filter filter = {
        .state = ALERT_OPEN, .level = -1, .family = -1, .resident = resident, .limit = ALERTS_SHOWN};
    unsigned count = 0;

    if (view->reader == NULL)
        return ERR_OK;
    put_open(out, "alerts", '[');
    out->len--; /* the list brings its own bracket */
    return reader_alerts(view->reader, &filter, out, &count);
}

/* What only those who handle alerts are shown. */
static void put_card(const struct view *view, uint32_t no, struct buf *out)
{
    const struct registry *registry = view->registry;
    const struct resident *resident = registry_resident(registry, no);

    put_integer(out, "birth_year", resident->birth_year);
    put_list(out, "categories", registry_vault(registry, REGISTRY_RESIDENT, no, "categories"));
    put_list(out, "tags", registry_vault(registry, REGISTRY_RESIDENT, no, "tags"));
    put_text(out, "language", resident->language);
    put_text(out, "hearing", registry_vault(registry, REGISTRY_RESIDENT, no, "hearing"));
    put_text(out, "vision", registry_vault(registry, REGISTRY_RESIDENT, no, "vision"));
    put_text(out, "cognition", registry_vault(registry, REGISTRY_RESIDENT, no, "cognition"));
    if (resident->household != REGISTRY_NONE) {
        residents_put_people(registry, resident->household, out);
        put_visitors(registry, resident->household, out);
    }
}

enum verdict residents_show_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text)
{
    struct buf *out = &request->reply.body;
    const struct look *look = pending->look;

    if (!page_looked(view, request, look, err, text))
        return VERDICT_REPLY;
    uint32_t no = look->entries[0].no;
    put_open(out, NULL, '{');
    put_resident(view, request, no, out);
    put_live(view, &look->entries[0].now.resident, out);
    put_consent(registry_resident(view->registry, no)->consent, out);
    put_coverage(view->registry, look, out);
    put_open(out, "devices", '[');
    for (unsigned i = 0; i < look->count; i++)
        if (look->entries[i].table == REGISTRY_DEVICE)
            devices_put(view, &look->entries[i], out);
    buf_putc(out, ']');
    if (look->count > 1 && look->entries[1].table == REGISTRY_HOUSEHOLD &&
        look->entries[1].now.household.paused_until_ms > clock_now().wall_ms)
        put_time(out, view->config->tz, "paused_until", look->entries[1].now.household.paused_until_ms);
    if (access_precision(&request->person) >= PRECISION_CONTACTS)
        put_card(view, no, out);
    err = put_alerts(view, request->name, out);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

/* ---- the map of a resident ---- */

/* Places that are nobody's business are on no map. */
static void put_zones(const struct registry *registry, uint32_t no, struct buf *out)
{
    uint32_t zones[ZONES_MAX];
    size_t count = registry_zones_of(registry, no, zones, ZONES_MAX);

    put_open(out, "zones", '[');
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = registry_zone(registry, zones[i]);
        if (zone_kind_is_protected((enum zone_kind)zone->kind))
            continue;
        put_open(out, NULL, '{');
        put_text(out, "id", zone->id);
        put_text(out, "name", registry_vault(registry, REGISTRY_ZONE, zones[i], "name"));
        put_text(out, "kind", zone_kind_name((enum zone_kind)zone->kind));
        place_put_outline(zone, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_fix(const struct view *view, const struct live_resident *now, enum sharpness sharpness,
                    struct buf *out)
{
    if (now->fix_ms == 0 || sharpness == POSITION_HIDDEN)
        return;
    put_open(out, "fix", '{');
    place_put_position(now->fix, (double)now->fix_accuracy_m, sharpness == POSITION_SHARP, out);
    put_bool(out, "sharp", sharpness == POSITION_SHARP);
    put_time(out, view->config->tz, "t", now->fix_ms);
    buf_putc(out, '}');
}

enum verdict residents_map_done(const struct view *view, struct request *request, struct pending *pending,
                                enum err err, const char *text)
{
    struct buf *out = &request->reply.body;
    const struct look *look = pending->look;
    bool open = false;

    if (!page_looked(view, request, look, err, text))
        return VERDICT_REPLY;
    uint32_t no = look->entries[0].no, household = registry_resident(view->registry, no)->household;
    err = place_has_alert(view, request->name, &open);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    put_open(out, NULL, '{');
    put_text(out, "id", request->name);
    if (access_precision(&request->person) >= PRECISION_ADDRESS) {
        if (household != REGISTRY_NONE && registry_household(view->registry, household)->has_home)
            place_put_point(out, "home", registry_household(view->registry, household)->home, 6);
        put_zones(view->registry, no, out);
        put_fix(view, &look->entries[0].now.resident, access_position(&request->person, open), out);
    }
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

/* ---- status ---- */

static bool take_status(const char *text, struct pending *pending)
{
    int status = resident_status_from_name(text);

    pending->action.status = (uint8_t)(status < 0 ? 0 : status);
    return status >= 0;
}

enum verdict residents_status(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const struct member status = {"status", take_status,
                                         "active, away, hospital, paused, moved or deceased", true, false};
    const struct member *const members[] = {&member_by, &status, &member_end, &member_note, NULL};
    uint32_t no;

    if (!place_find_resident(view, request, PART_STATUS, &no) ||
        !body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    struct action *action = &ret_pending->action;
    action->kind = ACTION_STATUS;
    action->has_alert = 0;
    action->subject = (struct subject){.kind = SUBJECT_RESIDENT, .no = no};
    act_sign(request, ret_pending);
    gate_viewed(view->gate, request, "status", request->name);
    return VERDICT_ACTION;
}
