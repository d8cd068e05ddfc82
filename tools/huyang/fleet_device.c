/* A device is the core with an application on it; here is what surrounds it: flash, speaker, entropy, and the
 * bookkeeping of what it stored and what was acknowledged.
 *
 * Devices that are due stand in a heap by their next deadline, so that thousands of sleeping ones cost
 * nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/text.h"
#include "fleet.h"

enum { START_MS = 200 }; /* until a prompt is heard */

uint64_t fleet_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

double fleet_draw(uint64_t seed, uint64_t who, uint64_t day, unsigned what)
{
    const uint64_t x = fleet_mix(fleet_mix(fleet_mix(seed ^ (uint64_t)what << 48) ^ who) ^ day);
    return (double)(x >> 11) / 9007199254740992.0;
}

/* ---- the heap ---- */

static int64_t due_of(const struct fleet *fleet, uint32_t at)
{
    return fleet->devices[fleet->heap[at]].due_ms;
}

static void place(struct fleet *fleet, uint32_t at, uint32_t index)
{
    fleet->heap[at] = index;
    fleet->devices[index].heap_at = at;
}

static void swap(struct fleet *fleet, uint32_t a, uint32_t b)
{
    const uint32_t index = fleet->heap[a];
    place(fleet, a, fleet->heap[b]);
    place(fleet, b, index);
}

static void resort(struct fleet *fleet, uint32_t at)
{
    while (at > 0 && due_of(fleet, at) < due_of(fleet, (at - 1) / 2)) {
        swap(fleet, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < fleet->count; child++)
            if (due_of(fleet, child) < due_of(fleet, least))
                least = child;
        if (least == at)
            return;
        swap(fleet, at, least);
        at = least;
    }
}

int64_t fleet_devices_due(const struct fleet *fleet)
{
    return fleet->count > 0 ? due_of(fleet, 0) : FLEET_NEVER;
}

/* ---- what the core asks for ---- */

static uint32_t entropy(void *context)
{
    struct fleet_device *device = context;
    device->entropy = fleet_mix(device->entropy);
    return (uint32_t)device->entropy;
}

static int publish(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain)
{
    struct fleet_device *device = context;
    return fleet_wire_publish(device->fleet, device->number, topic, bytes, length, qos, retain) ? 0 : -1;
}

static Huyang__V1__FailReason play(void *context, uint32_t token, const struct device_prompt *prompt)
{
    struct fleet_device *device = context;
    struct fleet *fleet = device->fleet;
    (void)prompt;
    fleet->random = fleet_mix(fleet->random);
    device->speaker.token = token;
    device->speaker.started = false;
    device->speaker.fails = (double)(fleet->random >> 11) / 9007199254740992.0 < fleet->options.fail_prompts;
    device->speaker.due_ms = fleet->now_ms + START_MS;
    return HUYANG__V1__FAIL_REASON__FAIL_REASON_UNSPECIFIED;
}

static void stop(void *context, uint32_t token)
{
    struct fleet_device *device = context;
    if (device->speaker.token == token)
        device->speaker.token = 0;
}

static bool show(void *context, const struct device_prompt *prompt)
{
    (void)context;
    (void)prompt;
    return true;
}

static void fallback(void *context)
{
    struct fleet_device *device = context;
    device->fleet->counts.fallbacks++;
    fleet_report_line(device, "fallback");
}

static void forget_waiting(struct fleet_lane *lane)
{
    lane->first = (lane->first + 1) % lane->cap;
    lane->count--;
}

static void on_acked(struct fleet_device *device, enum device_lane which, uint64_t seq)
{
    struct fleet_lane *lane = &device->lanes[which];
    const int64_t now_us = fleet_mono_us();
    for (; lane->count > 0 && lane->ring[lane->first].seq <= seq; forget_waiting(lane)) {
        device->fleet->counts.acked++;
        fleet_histogram_add(&device->fleet->ack_us[which], now_us - lane->ring[lane->first].us);
    }
    fleet_report_ack(device, which, seq);
}

static void on_command_state(struct fleet_device *device, const struct device_note *note)
{
    struct fleet_counts *counts = &device->fleet->counts;
    struct fleet_home *home = &device->fleet->homes[device->household];
    switch ((Huyang__V1__CommandState)note->state) {
    case HUYANG__V1__COMMAND_STATE__COMMAND_STATE_RECEIVED: counts->received++; break;
    case HUYANG__V1__COMMAND_STATE__COMMAND_STATE_PLAYING: counts->playing++; break;
    case HUYANG__V1__COMMAND_STATE__COMMAND_STATE_PLAYED:
        counts->played++;
        if (home->spoken_sos_us != 0)
            fleet_histogram_add(&device->fleet->spoken_us, fleet_mono_us() - home->spoken_sos_us);
        home->spoken_sos_us = 0;
        break;
    case HUYANG__V1__COMMAND_STATE__COMMAND_STATE_FAILED: counts->failed++; break;
    case HUYANG__V1__COMMAND_STATE__COMMAND_STATE_EXPIRED: counts->expired++; break;
    case HUYANG__V1__COMMAND_STATE__COMMAND_STATE_CANCELLED: counts->cancelled++; break;
    default: break;
    }
    fleet_report_state(device, note->id, note->state, note->reason);
}

static void on_note(void *context, const struct device_note *note)
{
    struct fleet_device *device = context;
    struct fleet_counts *counts = &device->fleet->counts;
    switch (note->kind) {
    case DEVICE_NOTE_STORED:
        /* The core must not be asked from within: the kinds are read when the call is over. */
        if (device->stored_count < FLEET_STORED_MAX)
            device->stored[device->stored_count++] = *note;
        break;
    case DEVICE_NOTE_ACKED: on_acked(device, note->lane, note->seq); break;
    case DEVICE_NOTE_LOST: counts->lost += note->count; break;
    case DEVICE_NOTE_DROPPED:
        counts->dropped += note->count;
        for (uint32_t i = 0; i < note->count && device->lanes[note->lane].count > 0; i++)
            forget_waiting(&device->lanes[note->lane]);
        break;
    case DEVICE_NOTE_COMMAND: on_command_state(device, note); break;
    case DEVICE_NOTE_CLOCK:
    case DEVICE_NOTE_GATEWAY:
    case DEVICE_NOTE_FALLBACK: break;
    }
}

/* ---- around each call ---- */

static void follow(struct fleet_device *device, enum device_lane which, uint64_t seq, int64_t us)
{
    struct fleet_lane *lane = &device->lanes[which];
    if (lane->count == lane->cap) {
        const uint32_t cap = lane->cap > 0 ? lane->cap * 2 : 16;
        struct fleet_waiting *ring = cap <= FLEET_WAITING_MAX ? malloc(cap * sizeof(*ring)) : NULL;
        if (ring == NULL)
            return; /* its latency is not measured */
        for (uint32_t i = 0; i < lane->count; i++)
            ring[i] = lane->ring[(lane->first + i) % lane->cap];
        free(lane->ring);
        *lane = (struct fleet_lane){.ring = ring, .count = lane->count, .cap = cap};
    }
    lane->ring[(lane->first + lane->count++) % lane->cap] = (struct fleet_waiting){seq, us};
}

static void on_stored(struct fleet_device *device, const struct device_note *note)
{
    struct fleet *fleet = device->fleet;
    const int64_t now_us = fleet_mono_us();
    struct device_outbox_cursor cursor = {.seq = note->seq};
    struct device_outbox_event event;
    for (uint32_t i = 0; i < note->count; i++) {
        unsigned kind = 0;
        if (device_outbox_read(&device->core->outbox, note->lane, &cursor, &event)) {
            kind = event.kind;
            if (kind == HUYANG__V1__EVENT__KIND_SOS &&
                event.mark != HUYANG__V1__SOS_PHASE__SOS_PHASE_CANCELLED) {
                struct fleet_home *home = &fleet->homes[device->household];
                fleet->counts.sos++;
                home->sos_us = home->spoken_sos_us = now_us;
            }
        }
        fleet->counts.stored++;
        follow(device, note->lane, note->seq + i, now_us);
        fleet_report_stored(device, note->lane, note->seq + i, kind);
    }
}

void fleet_device_enter(struct fleet_device *device)
{
    device->stored_count = 0;
}

static void count_pending(struct fleet_device *device, bool online)
{
    struct fleet *fleet = device->fleet;
    uint64_t pending = 0;
    for (int lane = 0; lane < DEVICE_LANES; lane++)
        pending += device_outbox_pending(&device->core->outbox, (enum device_lane)lane);
    fleet->pending += pending - device->pending;
    fleet->pending_offline -= device->online ? 0 : device->pending;
    fleet->pending_offline += online ? 0 : pending;
    device->pending = pending;
    device->online = online;
}

void fleet_device_leave(struct fleet_device *device)
{
    struct fleet *fleet = device->fleet;
    for (unsigned i = 0; i < device->stored_count; i++)
        on_stored(device, &device->stored[i]);
    device->stored_count = 0;
    count_pending(device, device->online);
    int64_t due_ms = device->is_camera ? camera_next_deadline(&device->app->camera, fleet->now_ms)
                                       : wristband_next_deadline(&device->app->band, fleet->now_ms);
    if (device->speaker.token != 0 && device->speaker.due_ms < due_ms)
        due_ms = device->speaker.due_ms;
    device->due_ms = due_ms;
    resort(fleet, device->heap_at);
}

/* ---- life ---- */

static bool open_flash(struct fleet_device *device, struct device_flash *ret_flash)
{
    const char *folder = device->fleet->options.state_dir;
    if (folder == NULL) {
        if (!ram_flash_init(&device->ram, DEVICE_SECTOR_BYTES, DEVICE_SECTORS))
            return false;
        *ret_flash = ram_flash_driver(&device->ram);
        return true;
    }
    char path[4096];
    const int len = snprintf(path, sizeof(path), "%s/%s.flash", folder, device->id);
    device->file.lazy = true; /* a killed process loses nothing the kernel has */
    if (len <= 0 || (size_t)len >= sizeof(path) ||
        file_flash_open(&device->file, path, DEVICE_SECTOR_BYTES, DEVICE_SECTORS) != 0) {
        fprintf(stderr, "huyang fleet: %s: %s\n", path,
                errno == EWOULDBLOCK ? "another fleet or device uses it" : strerror(errno));
        return false;
    }
    device->file.lazy = true;
    *ret_flash = file_flash_driver(&device->file);
    return true;
}

/* In virtual time everybody reports on the same seconds, so that a step has much to do; by the wall clock a
 * county must not. */
static void align_reports(struct fleet_device *device, uint32_t interval_s)
{
    const int64_t interval_ms = (int64_t)interval_s * 1000;
    const int64_t at_ms = (device->fleet->now_ms / interval_ms + 1) * interval_ms;
    *(device->is_camera ? &device->app->camera.report_ms : &device->app->band.report_ms) = at_ms;
}

static bool init_device(struct fleet_device *device)
{
    struct fleet *fleet = device->fleet;
    const struct fleet_options *options = &fleet->options;
    struct device_config config = {
        .firmware = "fleet",
        .transport = {.context = device, .publish = publish},
        .hal = {.context = device,
                .entropy = entropy,
                .play = play,
                .stop = stop,
                .show = show,
                .fallback = fallback,
                .note = on_note},
        .scratch = &fleet->scratch,
    };
    const struct device *row = registry_device(fleet->registry, device->number);
    device->app = calloc(1, sizeof(*device->app));
    if (device->app == NULL || !text_copy(config.county, sizeof(config.county), options->county) ||
        !text_copy(config.id, sizeof(config.id), device->id) || !open_flash(device, &config.flash))
        return false;
    uint32_t interval_s = options->heartbeat_interval_s;
    if (interval_s == 0)
        interval_s = row->report_interval_s > 0 ? row->report_interval_s : WRISTBAND_INTERVAL_S;
    device->core = device->is_camera ? &device->app->camera.device : &device->app->band.device;
    fleet_device_enter(device);
    const int error = device->is_camera
                          ? camera_init(&device->app->camera, &config, interval_s, fleet->now_ms)
                          : wristband_init(&device->app->band, &config, interval_s, fleet->now_ms);
    if (error != DEVICE_OK) {
        fprintf(stderr, "huyang fleet: %s: the device core does not start (%d)\n", device->id, error);
        return false;
    }
    if (options->virtual_clock)
        align_reports(device, interval_s);
    device_set_clock(device->core, fleet->now_ms,
                     options->virtual_clock ? fleet->now_ms : clock_now().wall_ms);
    if (!device->is_camera) {
        device->app->band.heartbeat.has_battery_percent = device->app->band.heartbeat.has_worn = true;
        device->app->band.heartbeat.battery_percent = 60 + (uint32_t)(device->entropy % 40);
        device->app->band.heartbeat.worn = true;
    }
    fleet_device_leave(device);
    return true;
}

static bool is_wanted(const struct fleet *fleet, const bool *wanted, uint32_t number)
{
    const struct device *row = registry_device(fleet->registry, number);
    return !row->removed && row->household != REGISTRY_NONE && wanted[number];
}

bool fleet_devices_new(struct fleet *fleet, const bool *wanted)
{
    const uint32_t rows = registry_count(fleet->registry, REGISTRY_DEVICE);
    struct rlimit files;
    if (fleet->options.state_dir != NULL && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* a descriptor for each device */
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (fleet->options.state_dir != NULL && mkdir(fleet->options.state_dir, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "huyang fleet: %s: %s\n", fleet->options.state_dir, strerror(errno));
        return false;
    }
    fleet->of_number = calloc(rows + 1, sizeof(*fleet->of_number));
    fleet->devices = calloc(rows + 1, sizeof(*fleet->devices));
    fleet->heap = calloc(rows + 1, sizeof(*fleet->heap));
    fleet->homes = calloc(registry_count(fleet->registry, REGISTRY_HOUSEHOLD) + 1, sizeof(*fleet->homes));
    if (fleet->of_number == NULL || fleet->devices == NULL || fleet->heap == NULL || fleet->homes == NULL)
        return false;
    for (uint32_t number = 0; number < rows; number++) {
        fleet->of_number[number] = REGISTRY_NONE;
        if (!is_wanted(fleet, wanted, number))
            continue;
        const struct device *row = registry_device(fleet->registry, number);
        struct fleet_device *device = &fleet->devices[fleet->count];
        *device = (struct fleet_device){.fleet = fleet,
                                        .number = number,
                                        .household = row->household,
                                        .id = row->id,
                                        .is_camera = row->kind == DEVICE_CAMERA,
                                        .entropy = fleet_mix(fleet->run ^ fleet_mix(number + 1)),
                                        .heap_at = fleet->count,
                                        .due_ms = FLEET_NEVER};
        device->file.fd = -1;
        fleet->heap[fleet->count] = fleet->count;
        fleet->of_number[number] = fleet->count++;
        if (!init_device(device))
            return false;
    }
    return true;
}

void fleet_devices_free(struct fleet *fleet)
{
    for (uint32_t i = 0; fleet->devices != NULL && i < fleet->count; i++) {
        struct fleet_device *device = &fleet->devices[i];
        if (device->file.fd >= 0)
            file_flash_close(&device->file);
        ram_flash_release(&device->ram);
        for (int lane = 0; lane < DEVICE_LANES; lane++)
            free(device->lanes[lane].ring);
        free(device->app);
    }
    free(fleet->devices);
    free(fleet->of_number);
    free(fleet->heap);
    free(fleet->homes);
}

struct fleet_device *fleet_device_of(struct fleet *fleet, uint32_t number)
{
    const uint32_t index = number != REGISTRY_NONE ? fleet->of_number[number] : REGISTRY_NONE;
    return index != REGISTRY_NONE ? &fleet->devices[index] : NULL;
}

void fleet_device_reach(struct fleet_device *device, bool online)
{
    struct fleet *fleet = device->fleet;
    uint8_t will[DEVICE_WILL_MAX];
    char topic[DEVICE_TOPIC_MAX];
    fleet_device_enter(device);
    if (online) {
        (void)device_will(device->core, fleet->now_ms, will); /* the next session's number */
    } else {
        /* As the broker would publish the last will of a connection of its own. */
        Huyang__V1__Link link = HUYANG__V1__LINK__INIT;
        link.state = HUYANG__V1__LINK_STATE__LINK_STATE_DEAD;
        link.ordinal = device->core->session;
        link.kind = device->core->config.kind;
        link.firmware = device->core->config.firmware;
        device_topic(device->core, DEVICE_TOPIC_LINK, topic);
        fleet_wire_publish(fleet, device->number, topic, will, huyang__v1__link__pack(&link, will), 1, true);
    }
    count_pending(device, online);
    device_on_link(device->core, online, fleet->now_ms);
    fleet_device_leave(device);
}

void fleet_devices_reach(struct fleet *fleet, bool everybody)
{
    fleet->slot = fleet->now_ms / FLEET_SLOT_MS;
    for (uint32_t i = 0; i < fleet->count; i++) {
        struct fleet_device *device = &fleet->devices[i];
        const bool online = fleet_wire_reaches(fleet, device) &&
                            (everybody || fleet_draw(fleet->options.seed, device->number,
                                                     (uint64_t)fleet->slot, 0) >= fleet->options.offline);
        if (online != device->online)
            fleet_device_reach(device, online);
    }
}

/* ---- what happens to it ---- */

void fleet_device_message(struct fleet_device *device, enum device_topic topic, const uint8_t *payload,
                          size_t len)
{
    if (!device->online)
        return;
    fleet_device_enter(device);
    device_on_message(device->core, topic, payload, len, device->fleet->now_ms);
    fleet_device_leave(device);
}

static void run_speaker(struct fleet_device *device)
{
    const int64_t now_ms = device->fleet->now_ms;
    const uint32_t token = device->speaker.token;
    if (token == 0 || device->speaker.due_ms > now_ms)
        return;
    if (device->speaker.fails) {
        device->speaker.token = 0;
        device_on_speaker(device->core, token, DEVICE_SPEAKER_FAILED,
                          HUYANG__V1__FAIL_REASON__FAIL_REASON_SPEAKER, now_ms);
    } else if (!device->speaker.started) {
        device->speaker.started = true;
        device->speaker.due_ms = now_ms + device->fleet->options.play_ms;
        device_on_speaker(device->core, token, DEVICE_SPEAKER_STARTED, 0, now_ms);
    } else {
        device->speaker.token = 0;
        device_on_speaker(device->core, token, DEVICE_SPEAKER_DONE, 0, now_ms);
    }
}

void fleet_device_tick(struct fleet_device *device)
{
    fleet_device_enter(device);
    run_speaker(device);
    if (device->is_camera)
        camera_tick(&device->app->camera, device->fleet->now_ms);
    else
        wristband_tick(&device->app->band, device->fleet->now_ms);
    fleet_device_leave(device);
}

void fleet_devices_tick(struct fleet *fleet)
{
    /* Each device once: what is still due afterwards has the next call. */
    for (uint32_t turns = fleet->count; turns > 0 && fleet_devices_due(fleet) <= fleet->now_ms; turns--)
        fleet_device_tick(&fleet->devices[fleet->heap[0]]);
}

void fleet_device_retire(struct fleet_device *device)
{
    fleet_device_enter(device);
    if (device->is_camera)
        device->app->camera.report_ms = device->app->camera.stay_ms = FLEET_NEVER;
    else
        device->app->band.report_ms = FLEET_NEVER;
    fleet_device_leave(device);
}
