/* Plain arrays by number. A row that changes is put on its table's list of changed rows once, so that a
 * snapshot costs what changed, not what there is. A row is marked `written` when a snapshot took it and
 * `changed` when it moved (again) since; only the end of the snapshot takes written rows off the list, so
 * nothing that happens between the two is lost. After live_new and live_rebind nothing here allocates. */
#include "registry/live.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "registry/admit.h"
#include "registry/live_codec.h"
#include "registry/live_devices.h"

enum live_table { LIVE_RESIDENT, LIVE_HOUSEHOLD, LIVE_DEVICE, LIVE_GATEWAY, LIVE_ANNOUNCEMENT, LIVE_TABLES };
enum { CHANGED = 1, WRITTEN = 2 };
/* Of each table's stored rows. Of device rows see live_codec.c. */
static const uint16_t table_versions[LIVE_TABLES] = {1, 1, LIVE_DEVICE_VERSION, 1, 1};
static const int64_t presence_holds_ms = 12 * 3600 * 1000;
static const int64_t pause_max_ms = 4 * 3600 * 1000; /* practice: a button pauses for up to four hours */
static const double home_radius_m = 100;

static const char *const table_names[LIVE_TABLES] = {"live.resident", "live.household", "live.device",
                                                     "live.gateway", "live.announcement"};

struct marks {
    uint8_t *state; /* CHANGED, WRITTEN */
    uint32_t *listed;
    uint32_t listed_count, count;
};
struct live {
    struct live_resident *residents;
    struct live_imported *imported;
    struct live_household *households;
    struct live_devices devices;
    struct live_gateway gateway;
    struct announcement announcements[LIVE_ANNOUNCEMENTS_MAX];
    struct marks marks[LIVE_TABLES];
};

static void mark(struct live *live, enum live_table table, uint32_t no)
{
    struct marks *marks = &live->marks[table];
    if (marks->state[no] == 0)
        marks->listed[marks->listed_count++] = no;
    marks->state[no] |= CHANGED;
}

static bool grow_marks(struct marks *marks, uint32_t count)
{
    void *state = marks->state, *listed = marks->listed;
    bool fine = live_grow(&state, sizeof *marks->state, marks->count, count);
    marks->state = state;
    fine = fine && live_grow(&listed, sizeof *marks->listed, marks->count, count);
    marks->listed = listed;
    return fine;
}

enum err live_new(const struct registry *registry, struct live **ret_live)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        return ERR_NOMEM;
    enum err err = live_rebind(live, registry);
    if (err) {
        live_free(live);
        return err;
    }
    *ret_live = live;
    return ERR_OK;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    free(live->residents);
    free(live->imported);
    free(live->households);
    live_devices_release(&live->devices);
    for (int i = 0; i < LIVE_TABLES; i++) {
        free(live->marks[i].state);
        free(live->marks[i].listed);
    }
    free(live);
}

static enum err grow_all(struct live *live, const struct registry *registry)
{
    const uint32_t counts[LIVE_TABLES] = {
        registry_count(registry, REGISTRY_RESIDENT), registry_count(registry, REGISTRY_HOUSEHOLD),
        registry_count(registry, REGISTRY_DEVICE), 1, LIVE_ANNOUNCEMENTS_MAX};
    void *residents = live->residents, *imported = live->imported, *households = live->households;
    const uint32_t old = live->marks[LIVE_RESIDENT].count;
    bool fine = live_grow(&residents, sizeof *live->residents, old, counts[LIVE_RESIDENT]);
    fine &= live_grow(&imported, sizeof *live->imported, old, counts[LIVE_RESIDENT]);
    fine &= live_grow(&households, sizeof *live->households, live->marks[LIVE_HOUSEHOLD].count,
                      counts[LIVE_HOUSEHOLD]);
    fine &= live_devices_grow(&live->devices, registry);
    live->residents = residents;
    live->imported = imported;
    live->households = households;
    for (int i = 0; i < LIVE_TABLES; i++)
        fine &= grow_marks(&live->marks[i], counts[i]);
    if (!fine)
        return ERR_NOMEM;
    for (int i = 0; i < LIVE_TABLES; i++)
        if (counts[i] > live->marks[i].count)
            live->marks[i].count = counts[i];
    return ERR_OK;
}

static bool take_import(struct live *live, uint32_t no, const struct resident *row)
{
    struct live_imported *imported = &live->imported[no];
    if (imported->status == row->status && imported->status_until_ms == row->status_until_ms)
        return false;
    *imported = (struct live_imported){.status = row->status, .status_until_ms = row->status_until_ms};
    live->residents[no].status = row->status;
    live->residents[no].status_until_ms = row->status_until_ms;
    return true;
}

enum err live_rebind(struct live *live, const struct registry *registry)
{
    const bool first = live->residents == NULL;
    enum err err = grow_all(live, registry);
    if (err)
        return err;
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_RESIDENT); no++)
        if (take_import(live, no, registry_resident(registry, no)) && !first)
            mark(live, LIVE_RESIDENT, no);
    return ERR_OK;
}

const struct live_resident *live_resident(const struct live *live, uint32_t no)
{
    assert(no < live->marks[LIVE_RESIDENT].count);
    return &live->residents[no];
}

const struct live_household *live_household(const struct live *live, uint32_t no)
{
    assert(no < live->marks[LIVE_HOUSEHOLD].count);
    return &live->households[no];
}

const struct live_device *live_device(const struct live *live, uint32_t no)
{
    assert(no < live->marks[LIVE_DEVICE].count);
    return &live->devices.rows[no];
}

const struct battery *live_battery(const struct live *live, uint32_t no)
{
    assert(no < live->marks[LIVE_DEVICE].count);
    return live_devices_battery(&live->devices, no);
}

const char *live_firmware(const struct live *live, uint32_t no)
{
    assert(no < live->marks[LIVE_DEVICE].count);
    return live_devices_firmware(&live->devices, no);
}

void live_look_device(const struct live *live, uint32_t no, struct live_device_row *ret_row)
{
    assert(no < live->marks[LIVE_DEVICE].count);
    live_devices_get(&live->devices, no, ret_row);
}

const struct live_gateway *live_gateway(const struct live *live)
{
    return &live->gateway;
}

void live_forget(struct live *live, uint32_t no, uint8_t classes)
{
    assert(no < live->marks[LIVE_RESIDENT].count);
    struct live_resident *resident = &live->residents[no];
    if (!(classes & (CONSENT_BIT(CONSENT_LOCATION) | CONSENT_BIT(CONSENT_HEALTH))))
        return;
    if (classes & CONSENT_BIT(CONSENT_LOCATION)) {
        resident->fix_ms = resident->at_home_ms = resident->presence_ms = 0;
        resident->fix = (struct geo_point){0};
        resident->fix_accuracy_m = 0;
        resident->at_home = LIVE_UNKNOWN;
    }
    resident->seen_ms = 0;
    mark(live, LIVE_RESIDENT, no);
}

/* ---- events ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void set_at_home(struct live_resident *resident, bool at_home, int64_t at_ms)
{
    uint8_t value = at_home ? LIVE_YES : LIVE_NO;
    if (resident->at_home == value)
        return;
    resident->at_home = value;
    resident->at_home_ms = at_ms;
}

/* A door or a camera saw the person. A band that says again which network it hears says nothing of the kind:
 * it may lie on a table, or on somebody who lies on the floor. */
static bool is_sign(const struct live_resident *resident, const struct event_presence *presence)
{
    return presence->source == PRESENCE_SOURCE_DOOR || presence->source == PRESENCE_SOURCE_CAMERA ||
           (resident->at_home != LIVE_UNKNOWN &&
            resident->at_home != (presence->at_home ? LIVE_YES : LIVE_NO));
}

static void on_presence(struct live_resident *resident, bool at_home, int64_t at_ms)
{
    if (at_ms < resident->presence_ms)
        return;
    resident->presence_ms = at_ms;
    set_at_home(resident, at_home, at_ms);
}

static void on_fix(struct live_resident *resident, const struct registry *registry, uint32_t household,
                   const struct event *event)
{
    struct geo_point p;
    if (!registry_locate(&event->fix, &p) || event->at_ms < resident->fix_ms)
        return;
    resident->fix_ms = event->at_ms;
    resident->fix = p;
    resident->fix_accuracy_m = event->fix.has_accuracy ? event->fix.accuracy_m : 0;
    const struct household *home =
        household == REGISTRY_NONE ? NULL : registry_household(registry, household);
    bool presence_holds = resident->presence_ms && event->at_ms - resident->presence_ms < presence_holds_ms;
    if (!home || !home->has_home || presence_holds)
        return;
    double radius_m = fmax(home_radius_m, 2 * (double)resident->fix_accuracy_m);
    set_at_home(resident, geo_distance_m(home->home, p) <= radius_m, event->at_ms);
}

static bool sees_resident(const struct event_visit *visit)
{
    for (unsigned i = 0; i < visit->people_count && i < EVENT_PEOPLE_MAX; i++)
        if (visit->people[i].person_class == PERSON_CLASS_RESIDENT)
            return true;
    return false;
}

bool live_person_on_event(struct live_resident *resident, const struct registry *registry, uint32_t household,
                          const struct event *event)
{
    switch ((enum event_kind)event->kind) {
    case EVENT_FIX: on_fix(resident, registry, household, event); return true;
    case EVENT_PRESENCE:
        if (is_sign(resident, &event->presence))
            resident->seen_ms = later(resident->seen_ms, event->at_ms);
        on_presence(resident, event->presence.at_home, event->at_ms);
        return true;
    case EVENT_DEPARTURE:
        resident->seen_ms = later(resident->seen_ms, event->at_ms);
        on_presence(resident, false, event->at_ms);
        return true;
    case EVENT_ACTIVITY:
        if (!(event->activity.has_steps && event->activity.steps) && event->activity.motion != MOTION_MOVING)
            return false;
        break;
    case EVENT_VISIT:
        if (!sees_resident(&event->visit))
            return false;
        break;
    case EVENT_FALL:
        if (event->fall.phase != FALL_PHASE_CANCELLED)
            return false;
        break;
    case EVENT_SOS:
    case EVENT_SUSPICION:
    case EVENT_CHECK_IN:
    case EVENT_PAUSE: break; /* a hand pressed something */
    case EVENT_NONE:
    case EVENT_HEARTBEAT:
    case EVENT_VITALS:
    case EVENT_TAMPER:
    case EVENT_COMMAND_STATUS:
    case EVENT_DEVICE_FAULT:
    case EVENT_KIND_COUNT: return false;
    }
    resident->seen_ms = later(resident->seen_ms, event->at_ms);
    return true;
}

uint32_t live_person_of(const struct registry *registry, const struct device *device)
{
    if (device->kind == DEVICE_WRISTBAND)
        return device->resident;
    uint32_t only = REGISTRY_NONE;
    if (device->household == REGISTRY_NONE)
        return only;
    for (uint32_t no = registry_household(registry, device->household)->first_resident; no != REGISTRY_NONE;
         no = registry_resident(registry, no)->next_in_household) {
        uint8_t status = registry_resident(registry, no)->status;
        if (status == STATUS_MOVED || status == STATUS_DECEASED)
            continue;
        if (only != REGISTRY_NONE)
            return REGISTRY_NONE;
        only = no;
    }
    return only;
}

static bool sees_trusted(const struct registry *registry, uint32_t household, const struct event_visit *visit)
{
    for (unsigned i = 0; i < visit->people_count && i < EVENT_PEOPLE_MAX; i++)
        if (visit->people[i].person_class == PERSON_CLASS_TRUSTED ||
            registry_trusted(registry, household, visit->people[i].visitor_id))
            return true;
    return false;
}

static bool on_home(struct live_household *household, const struct registry *registry, uint32_t no,
                    int64_t t_ms, const struct event *event)
{
    if (event->kind == EVENT_PAUSE) {
        int64_t until_ms = event->pause.until_ms;
        household->paused_until_ms = until_ms < t_ms + pause_max_ms ? until_ms : t_ms + pause_max_ms;
        return true;
    }
    if (event->kind != EVENT_VISIT || !sees_trusted(registry, no, &event->visit))
        return false;
    household->trusted_seen_ms = later(household->trusted_seen_ms, event->at_ms);
    return true;
}

/* Worn and at home, as far as anybody knows, and known of lately. */
static bool is_back(const struct live *live, const struct registry *registry, uint32_t no, int64_t t_ms)
{
    const struct live_resident *resident = &live->residents[no];
    uint32_t band = registry_resident(registry, no)->wristband;
    return band != REGISTRY_NONE && live->devices.rows[band].worn == LIVE_YES &&
           resident->at_home == LIVE_YES &&
           t_ms - later(resident->presence_ms, resident->fix_ms) < presence_holds_ms;
}

/* Who has moved or died does not come back without a person's word. */
static bool may_end_itself(const struct live_resident *resident)
{
    return resident->status == STATUS_AWAY || resident->status == STATUS_HOSPITAL ||
           (resident->status == STATUS_PAUSED && resident->status_until_ms);
}

/* A status ends with its time. Who is away or in hospital is back when the band is worn at home, which must
 * have become so since: on the day a status is set most people are still at home (practice.md 1). */
static bool end_status(struct live_resident *resident, int64_t t_ms, bool came_back)
{
    bool over = resident->status_until_ms && t_ms >= resident->status_until_ms;
    if (!over && (resident->status == STATUS_PAUSED || !came_back))
        return false;
    resident->status = STATUS_ACTIVE;
    resident->status_until_ms = 0;
    return true;
}

void live_on_event(struct live *live, const struct registry *registry, int64_t t_ms,
                   const struct event *event)
{
    uint32_t no = event->key.device;
    const struct device *device = registry_device(registry, no);
    uint32_t resident = live_person_of(registry, device);
    struct live_resident *row = resident != REGISTRY_NONE ? &live->residents[resident] : NULL;
    bool may_end = row && may_end_itself(row);
    bool was_back = may_end && is_back(live, registry, resident, t_ms);
    live_devices_on_event(&live->devices, no, t_ms, event);
    mark(live, LIVE_DEVICE, no);
    bool changed = row && live_person_on_event(row, registry, device->household, event);
    if (may_end)
        changed |= end_status(row, t_ms, !was_back && is_back(live, registry, resident, t_ms));
    if (changed)
        mark(live, LIVE_RESIDENT, resident);
    if (device->household != REGISTRY_NONE &&
        on_home(&live->households[device->household], registry, device->household, t_ms, event))
        mark(live, LIVE_HOUSEHOLD, device->household);
}

bool live_link_is_news(const struct live *live, uint32_t no, bool up, uint64_t ordinal)
{
    if (no >= live->marks[LIVE_DEVICE].count)
        return false;
    const struct live_device *device = &live->devices.rows[no];
    if (device->link_up == LIVE_UNKNOWN || ordinal > device->link_ordinal)
        return true;
    return ordinal == device->link_ordinal && device->link_up == LIVE_YES && !up;
}

bool live_on_link(struct live *live, uint32_t no, int64_t t_ms, bool up, uint64_t ordinal)
{
    if (!live_link_is_news(live, no, up, ordinal))
        return false;
    struct live_device *device = &live->devices.rows[no];
    device->link_up = up ? LIVE_YES : LIVE_NO;
    device->link_ordinal = ordinal;
    if (up) /* a last will is the broker speaking */
        device->heard_ms = later(device->heard_ms, t_ms);
    mark(live, LIVE_DEVICE, no);
    return true;
}

void live_on_broker(struct live *live, int64_t t_ms, bool up)
{
    live->gateway.down = !up;
    live->gateway.connected_ms = up ? t_ms : 0;
    mark(live, LIVE_GATEWAY, 0);
}

void live_set_interval(struct live *live, uint32_t no, uint32_t interval_s)
{
    assert(no < live->marks[LIVE_DEVICE].count);
    live->devices.rows[no].interval_s = interval_s;
    mark(live, LIVE_DEVICE, no);
}

uint32_t live_interval_s(const struct live_device *now, const struct device *device)
{
    return now->interval_s ? now->interval_s : device->report_interval_s;
}

enum err live_read_device(uint16_t version, const void *value, size_t len, struct live_device_row *ret_row)
{
    if (version == 0 || version > LIVE_DEVICE_VERSION)
        return ERR_UNSUPPORTED;
    return live_get_device(value, len, version, ret_row) ? ERR_OK : ERR_CORRUPT;
}

void live_set_status(struct live *live, uint32_t no, enum resident_status status, int64_t until_ms)
{
    assert(no < live->marks[LIVE_RESIDENT].count);
    live->residents[no].status = (uint8_t)status;
    live->residents[no].status_until_ms = until_ms;
    mark(live, LIVE_RESIDENT, no);
}

void live_open_test_window(struct live *live, uint32_t no, int64_t t_ms)
{
    assert(no < live->marks[LIVE_DEVICE].count);
    live->devices.rows[no].test_until_ms = t_ms + LIVE_TEST_WINDOW_MS;
    mark(live, LIVE_DEVICE, no);
}

bool live_is_drill(const struct live *live, const struct event *event)
{
    return (event->kind == EVENT_SOS || event->kind == EVENT_SUSPICION) &&
           live->devices.rows[event->key.device].pressed_in_test;
}

static bool has_ended(const struct announcement *announcement, int64_t t_ms)
{
    return announcement->until_ms <= t_ms || announcement->removed_ms != 0;
}

enum err live_announce(struct live *live, int64_t t_ms, const struct announcement *announcement)
{
    unsigned slot = 0;
    while (slot < LIVE_ANNOUNCEMENTS_MAX && !has_ended(&live->announcements[slot], t_ms))
        slot++;
    if (slot == LIVE_ANNOUNCEMENTS_MAX)
        return ERR_FULL;
    live->announcements[slot] = *announcement;
    mark(live, LIVE_ANNOUNCEMENT, slot);
    return ERR_OK;
}

const struct announcement *live_unannounce(struct live *live, int64_t t_ms, const struct hash_id *id,
                                           const char *by)
{
    for (unsigned slot = 0; slot < LIVE_ANNOUNCEMENTS_MAX; slot++) {
        struct announcement *announcement = &live->announcements[slot];
        if (has_ended(announcement, t_ms) || memcmp(&announcement->id, id, sizeof *id) != 0)
            continue;
        announcement->removed_ms = t_ms;
        text_copy(announcement->removed_by, sizeof announcement->removed_by, by);
        mark(live, LIVE_ANNOUNCEMENT, slot);
        return announcement;
    }
    return NULL;
}

const struct announcement *live_announcement(const struct live *live, unsigned slot)
{
    assert(slot < LIVE_ANNOUNCEMENTS_MAX);
    return &live->announcements[slot];
}

/* ---- snapshot ---- */

static size_t put_row(const struct live *live, enum live_table table, uint32_t no,
                      unsigned char value[LIVE_VALUE_MAX])
{
    struct live_device_row device;
    switch (table) {
    case LIVE_RESIDENT: return live_put_resident(&live->residents[no], &live->imported[no], value);
    case LIVE_HOUSEHOLD: return live_put_household(&live->households[no], value);
    case LIVE_DEVICE: live_devices_get(&live->devices, no, &device); return live_put_device(&device, value);
    case LIVE_GATEWAY: return live_put_gateway(&live->gateway, value);
    case LIVE_ANNOUNCEMENT: return live_put_announcement(&live->announcements[no], value);
    case LIVE_TABLES: break;
    }
    return 0;
}

enum err live_snapshot(const struct live *live,
                       enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                      const void *value, size_t len),
                       void *self)
{
    for (int table = 0; table < LIVE_TABLES; table++) {
        const struct marks *marks = &live->marks[table];
        for (uint32_t i = 0; i < marks->listed_count; i++) {
            unsigned char value[LIVE_VALUE_MAX];
            uint32_t no = marks->listed[i];
            size_t len = put_row(live, (enum live_table)table, no, value);
            enum err err = fn(self, table_names[table], table_versions[table], no, value, len);
            if (err)
                return err;
            marks->state[no] = WRITTEN;
        }
    }
    return ERR_OK;
}

void live_snapshot_done(struct live *live)
{
    for (int table = 0; table < LIVE_TABLES; table++) {
        struct marks *marks = &live->marks[table];
        uint32_t kept = 0;
        for (uint32_t i = 0; i < marks->listed_count; i++) {
            uint32_t no = marks->listed[i];
            if (marks->state[no] & CHANGED) {
                marks->state[no] = CHANGED;
                marks->listed[kept++] = no;
            } else {
                marks->state[no] = 0;
            }
        }
        marks->listed_count = kept;
    }
}

static bool restore_resident(struct live *live, uint32_t no, const void *value, size_t len)
{
    struct live_resident row;
    struct live_imported imported;
    if (!live_get_resident(value, len, &row, &imported))
        return false;
    /* The registry may be newer than the snapshot: a status that it changed since holds. */
    struct live_imported now = live->imported[no];
    if (now.status != imported.status || now.status_until_ms != imported.status_until_ms) {
        row.status = now.status;
        row.status_until_ms = now.status_until_ms;
    }
    live->residents[no] = row;
    return true;
}

enum err live_restore(struct live *live, const char *name, uint16_t version, uint32_t no, const void *value,
                      size_t len)
{
    enum live_table table = 0;
    while (table < LIVE_TABLES && strcmp(table_names[table], name) != 0)
        table++;
    if (table == LIVE_TABLES || version == 0 || version > table_versions[table])
        return ERR_UNSUPPORTED;
    if (no >= live->marks[table].count)
        return ERR_NOT_FOUND;
    struct live_device_row device;
    bool fine = false;
    switch (table) {
    case LIVE_RESIDENT: fine = restore_resident(live, no, value, len); break;
    case LIVE_HOUSEHOLD: fine = live_get_household(value, len, &live->households[no]); break;
    case LIVE_DEVICE:
        fine = live_get_device(value, len, version, &device);
        if (fine)
            live_devices_set(&live->devices, no, &device);
        break;
    case LIVE_GATEWAY: fine = live_get_gateway(value, len, &live->gateway); break;
    case LIVE_ANNOUNCEMENT: fine = live_get_announcement(value, len, &live->announcements[no]); break;
    case LIVE_TABLES: break;
    }
    return fine ? ERR_OK : ERR_CORRUPT;
}
