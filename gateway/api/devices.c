/* The fleet: devices with what was last heard of them, and those that nobody has registered. */
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"
#include "api/said.h"

enum {
    LOOKS_MAX = 40, /* of one request: about 20,000 devices, then the page ends where it stands */
    SILENT_MS = 600 * 1000,
    LOW_PERCENT = 15
};

/* What is wrong with a device, the gravest first. */
#define TROUBLE_MAP(X)                                                                                       \
    X(NEVER, never)   /* heard since the gateway knows of it */                                              \
    X(SILENT, silent) /* for 2.5 of its report intervals, ten minutes at least */                            \
    X(LOW, low)       /* battery, and not charging */                                                        \
    X(DUE, due)       /* by its trend empty before tomorrow's round */                                       \
    X(UNWORN, unworn)
enum trouble {
    TROUBLE_NONE,
#define X(name, text) TROUBLE_##name,
    TROUBLE_MAP(X)
#undef X
        TROUBLE_COUNT
};
static const char *const trouble_names[TROUBLE_COUNT] = {[TROUBLE_NONE] = "none",
#define X(name, text) [TROUBLE_##name] = #text,
                                                         TROUBLE_MAP(X)
#undef X
};

static enum trouble trouble_of(const struct view *view, const struct device *device,
                               const struct live_device_row *row, int64_t wall_ms)
{
    const struct live_device *now = &row->now;
    int64_t silent_ms = (int64_t)live_interval_s(now, device) * 2500;

    if (silent_ms < SILENT_MS)
        silent_ms = SILENT_MS;
    if (now->heard_ms == 0)
        return TROUBLE_NEVER;
    if (wall_ms - now->heard_ms > silent_ms)
        return TROUBLE_SILENT;
    if (now->has_battery && now->battery_percent <= LOW_PERCENT && !now->charging)
        return TROUBLE_LOW;
    if (view->detect != NULL && !now->charging &&
        battery_is_due(&row->battery, view->config->tz, wall_ms, view->detect->round_hour))
        return TROUBLE_DUE;
    return now->worn == LIVE_NO ? TROUBLE_UNWORN : TROUBLE_NONE;
}

/* Days from the newest reading to the empty battery; nothing where nobody knows. */
static void put_battery(const struct view *view, const struct live_device_row *row, struct buf *out)
{
    const struct live_device *now = &row->now;
    const int64_t empty_ms = battery_empty_ms(&row->battery);

    put_integer(out, "battery", now->battery_percent);
    put_bool(out, "charging", now->charging != 0);
    if (now->charging || empty_ms == 0)
        return;
    put_real(out, "battery_days_left", (double)(empty_ms - row->battery.last_ms) / 86400000, 1);
    put_time(out, view->config->tz, "battery_empty", empty_ms);
}

void devices_put(const struct view *view, const struct look_entry *entry, struct buf *out)
{
    const struct device *device = registry_device(view->registry, entry->no);
    const struct live_device_row *row = &entry->now.device;
    const struct live_device *now = &row->now;

    put_open(out, NULL, '{');
    put_text(out, "id", device->id);
    put_text(out, "kind", device->kind == DEVICE_CAMERA ? "camera" : "wristband");
    if (device->kind == DEVICE_CAMERA)
        put_text(out, "view", device->indoors ? "indoors" : "doorstep");
    if (device->resident != REGISTRY_NONE)
        put_text(out, "resident", registry_resident(view->registry, device->resident)->id);
    if (device->household != REGISTRY_NONE)
        put_text(out, "household", registry_household(view->registry, device->household)->id);
    put_text(out, "trouble", trouble_names[trouble_of(view, device, row, clock_now().wall_ms)]);
    put_time(out, view->config->tz, "heard", now->heard_ms);
    put_integer(out, "report_interval_s", live_interval_s(now, device));
    if (now->has_battery)
        put_battery(view, row, out);
    if (row->firmware[0] != '\0')
        put_text(out, "firmware", row->firmware);
    if (now->link_up != LIVE_UNKNOWN)
        put_bool(out, "connected", now->link_up == LIVE_YES);
    if (now->worn != LIVE_UNKNOWN)
        put_bool(out, "worn", now->worn == LIVE_YES);
    if (now->test_until_ms > clock_now().wall_ms)
        put_time(out, view->config->tz, "test_until", now->test_until_ms);
    buf_putc(out, '}');
}

struct wanted {
    const char *text, *territory;
    const char *firmware; /* NULL = any; "" = never told */
    int kind, trouble;    /* 0, -1 = any */
    bool any_trouble, charge;
    uint32_t from;
    unsigned limit;
};

static bool take_trouble(const char *text, struct wanted *wanted)
{
    wanted->any_trouble = strcmp(text, "any") == 0;
    wanted->charge = strcmp(text, "charge") == 0;
    if (wanted->any_trouble || wanted->charge)
        return true;
    for (int trouble = 0; trouble < TROUBLE_COUNT; trouble++)
        if (strcmp(trouble_names[trouble], text) == 0) {
            wanted->trouble = trouble;
            return true;
        }
    return false;
}

static bool take_kind(const char *text, struct wanted *wanted)
{
    wanted->kind = strcmp(text, "wristband") == 0 ? DEVICE_WRISTBAND
                   : strcmp(text, "camera") == 0  ? DEVICE_CAMERA
                                                  : 0;
    return wanted->kind != 0;
}

static bool read_wanted(struct request *request, struct wanted *wanted)
{
    *wanted = (struct wanted){.trouble = -1, .limit = PAGE_DEFAULT};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        const char *wrong = NULL;
        if (strcmp(query->name, "q") == 0)
            wanted->text = query->value;
        else if (strcmp(query->name, "territory") == 0)
            wanted->territory = query->value;
        else if (strcmp(query->name, "firmware") == 0)
            wanted->firmware = query->value;
        else if (strcmp(query->name, "kind") == 0)
            wrong = take_kind(query->value, wanted) ? NULL : "wristband or camera";
        else if (strcmp(query->name, "trouble") == 0)
            wrong = take_trouble(query->value, wanted)
                        ? NULL
                        : "none, any, charge, never, silent, low, due or unworn";
        else if (!page_take(request, query, &wanted->from, &wanted->limit))
            return false;
        if (wrong != NULL) {
            reply_problem(request, 400, query->name, "must be %s", said(request->asked.zh, wrong));
            return false;
        }
    }
    return true;
}

static bool is_asked_for(const struct view *view, const struct request *request, const struct wanted *wanted,
                         uint32_t no)
{
    const struct registry *registry = view->registry;
    const struct device *device = registry_device(registry, no);
    const struct subject subject = {.kind = SUBJECT_DEVICE, .no = no};

    return !device->removed && (wanted->kind == 0 || device->kind == wanted->kind) &&
           (wanted->text == NULL || strstr(device->id, wanted->text) != NULL ||
            (device->resident != REGISTRY_NONE &&
             strstr(registry_resident(registry, device->resident)->id, wanted->text) != NULL)) &&
           (wanted->territory == NULL ||
            place_is_within(registry, registry_subject_territory(registry, subject), wanted->territory)) &&
           place_is_seen(registry, &request->person, subject);
}

/* Devices from `from` on that may be wanted: those of which only the present state must still be known. */
static void ask(const struct view *view, const struct request *request, const struct wanted *wanted,
                uint32_t from, struct look *look)
{
    uint32_t no = from, count = registry_count(view->registry, REGISTRY_DEVICE);

    look->count = 0;
    for (; no < count && look->count < LOOK_MAX; no++)
        if (is_asked_for(view, request, wanted, no))
            look->entries[look->count++] = (struct look_entry){.table = REGISTRY_DEVICE, .no = no};
    look->next_no = no < count ? no : REGISTRY_NONE;
}

enum verdict devices_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct wanted wanted;

    if (!page_begin(view, request, PART_FLEET) || !read_wanted(request, &wanted))
        return VERDICT_REPLY;
    struct look *look = page_look(request);
    if (look == NULL)
        return VERDICT_REPLY;
    ask(view, request, &wanted, wanted.from, look);
    put_open(&request->reply.body, NULL, '{');
    put_open(&request->reply.body, "devices", '[');
    *ret_pending = (struct pending){.look = look};
    return VERDICT_LOOK;
}

/* Puts those of the look that are wanted; returns where the page ends, REGISTRY_NONE when it is not full. */
static uint32_t put_wanted(const struct view *view, struct request *request, const struct wanted *wanted,
                           struct pending *pending)
{
    const struct look *look = pending->look;
    int64_t wall_ms = clock_now().wall_ms;

    for (unsigned i = 0; i < look->count; i++) {
        const struct look_entry *entry = &look->entries[i];
        int trouble =
            (int)trouble_of(view, registry_device(view->registry, entry->no), &entry->now.device, wall_ms);
        if ((wanted->any_trouble && trouble == TROUBLE_NONE) ||
            (wanted->charge && trouble != TROUBLE_LOW && trouble != TROUBLE_DUE) ||
            (wanted->trouble >= 0 && trouble != wanted->trouble) ||
            (wanted->firmware != NULL && strcmp(wanted->firmware, entry->now.device.firmware) != 0))
            continue;
        if (pending->shown == wanted->limit)
            return entry->no;
        devices_put(view, entry, &request->reply.body);
        pending->shown++;
    }
    return REGISTRY_NONE;
}

enum verdict devices_list_done(const struct view *view, struct request *request, struct pending *pending,
                               enum err err, const char *text)
{
    struct wanted wanted;

    if (!page_looked(view, request, pending->look, err, text) || !read_wanted(request, &wanted))
        return VERDICT_REPLY;
    uint32_t next = put_wanted(view, request, &wanted, pending);
    struct look *look = pending->look;
    if (next == REGISTRY_NONE && look->next_no != REGISTRY_NONE && ++pending->walked < LOOKS_MAX) {
        ask(view, request, &wanted, look->next_no, look);
        return VERDICT_LOOK;
    }
    buf_putc(&request->reply.body, ']');
    page_end(request, next != REGISTRY_NONE ? next : look->next_no);
    return VERDICT_REPLY;
}
