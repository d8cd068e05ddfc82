#include <string.h>

#include "camera.h"

static bool set_interval(void *context, uint32_t interval_s, uint32_t duration_s, int64_t now_ms)
{
    struct camera *camera = context;

    if (interval_s < 10 || interval_s > 86400)
        return false;
    camera->interval_s = interval_s;
    camera->interval_until_ms = duration_s ? now_ms + (int64_t)duration_s * 1000 : INT64_MAX;
    if (now_ms + (int64_t)interval_s * 1000 < camera->report_ms)
        camera->report_ms = now_ms + (int64_t)interval_s * 1000;
    return true;
}

int camera_init(struct camera *camera, const struct device_config *config, uint32_t interval_s,
                int64_t now_ms)
{
    struct device_config own = *config;
    int error;

    own.kind = HUYANG__V1__DEVICE_KIND__DEVICE_KIND_CAMERA;
    memset(camera, 0, sizeof *camera);
    error = device_init(&camera->device, &own, now_ms);
    if (error)
        return error;
    camera->device.app = (struct device_app){.context = camera, .set_interval = set_interval};
    camera->own_interval_s = camera->interval_s = interval_s ? interval_s : CAMERA_INTERVAL_S;
    camera->interval_until_ms = camera->stay_ms = INT64_MAX;
    camera->pause_ms = INT64_MIN;
    camera->report_ms = now_ms + (int64_t)(device_random(&camera->device) % (camera->interval_s * 1000));
    return DEVICE_OK;
}

static bool paused(const struct camera *camera, int64_t now_ms)
{
    return camera->pause_ms != INT64_MIN && now_ms < camera->pause_ms;
}

static int report_visit(struct camera *camera, Huyang__V1__VisitPhase phase, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_VISIT, .visit = camera->visit};

    event.visit.phase = phase;
    camera->stay_ms = now_ms + CAMERA_STAY_MS;
    return device_report(&camera->device, &event, 1, now_ms);
}

/* Unique in this camera's life: the urgent lane's next number never comes back. */
static void name_visit(struct camera *camera)
{
    uint64_t parts[2] = {camera->device.outbox.epoch, camera->device.outbox.lanes[DEVICE_URGENT].next};
    char *to = camera->visit.visit_id;

    *to++ = 'v';
    for (size_t i = 0; i < 2; i++) {
        *to++ = '-';
        for (int shift = i ? 44 : 28; shift >= 0; shift -= 4)
            *to++ = "0123456789abcdef"[parts[i] >> shift & 15];
    }
    *to = '\0';
}

int camera_visit(struct camera *camera, Huyang__V1__Place place, const struct device_person *people,
                 size_t count, int64_t now_ms)
{
    bool arrives = camera->visit.visit_id[0] == '\0';

    if (paused(camera, now_ms))
        return CAMERA_ERROR_PAUSED;
    if (arrives)
        name_visit(camera);
    camera->visit.place = place;
    camera->visit.people_count = (uint8_t)(count < DEVICE_PEOPLE_MAX ? count : DEVICE_PEOPLE_MAX);
    for (size_t i = 0; i < camera->visit.people_count; i++)
        camera->visit.people[i] = people[i];
    return report_visit(camera,
                        arrives ? HUYANG__V1__VISIT_PHASE__VISIT_PHASE_ARRIVE
                                : HUYANG__V1__VISIT_PHASE__VISIT_PHASE_STAY,
                        now_ms);
}

int camera_visit_leave(struct camera *camera, int64_t now_ms)
{
    int error;

    if (camera->visit.visit_id[0] == '\0')
        return CAMERA_ERROR_NO_VISIT;
    error = report_visit(camera, HUYANG__V1__VISIT_PHASE__VISIT_PHASE_LEAVE, now_ms);
    camera->visit = (struct device_visit){0};
    camera->stay_ms = INT64_MAX;
    return error;
}

int camera_departure(struct camera *camera, Huyang__V1__Companion companion, const char *visitor_id,
                     int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_DEPARTURE};

    if (paused(camera, now_ms))
        return CAMERA_ERROR_PAUSED;
    event.departure.companion = companion;
    device_id_copy(event.departure.visitor_id, visitor_id);
    return device_report(&camera->device, &event, 1, now_ms);
}

int camera_presence(struct camera *camera, bool at_home, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_PRESENCE};

    if (paused(camera, now_ms))
        return CAMERA_ERROR_PAUSED;
    event.presence.at_home = at_home;
    event.presence.source = HUYANG__V1__PRESENCE_SOURCE__PRESENCE_SOURCE_CAMERA;
    return device_report(&camera->device, &event, 1, now_ms);
}

/* A pause is told in wall-clock time, so it waits for a clock. */
static int tell_pause(struct camera *camera, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_PAUSE};
    int64_t wall_ms = device_wall(&camera->device, now_ms);

    camera->pause_untold = wall_ms == 0;
    if (wall_ms == 0)
        return DEVICE_OK;
    event.pause_until_ms = paused(camera, now_ms) ? wall_ms + (camera->pause_ms - now_ms) : wall_ms;
    return device_report(&camera->device, &event, 1, now_ms);
}

int camera_pause(struct camera *camera, int64_t duration_ms, int64_t now_ms)
{
    if (duration_ms > CAMERA_PAUSE_MAX_MS)
        duration_ms = CAMERA_PAUSE_MAX_MS;
    camera->pause_ms = duration_ms > 0 ? now_ms + duration_ms : INT64_MIN;
    if (duration_ms > 0 && camera->visit.visit_id[0])
        (void)camera_visit_leave(camera, now_ms);
    return tell_pause(camera, now_ms);
}

int camera_tamper(struct camera *camera, Huyang__V1__TamperKind kind, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_TAMPER, .tamper = kind};

    if (paused(camera, now_ms) && kind == HUYANG__V1__TAMPER_KIND__TAMPER_KIND_COVERED)
        return CAMERA_ERROR_PAUSED;
    return device_report(&camera->device, &event, 1, now_ms);
}

static void report_heartbeat(struct camera *camera, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_HEARTBEAT};

    event.heartbeat.charging = true;
    memcpy(event.heartbeat.firmware, camera->device.config.firmware, sizeof event.heartbeat.firmware);
    camera->report_ms = now_ms + (int64_t)camera->interval_s * 1000;
    (void)device_report(&camera->device, &event, 1, now_ms); /* a failing flash is counted by the device */
}

void camera_tick(struct camera *camera, int64_t now_ms)
{
    if (now_ms >= camera->interval_until_ms) {
        camera->interval_s = camera->own_interval_s;
        camera->interval_until_ms = INT64_MAX;
    }
    if (camera->pause_ms != INT64_MIN && now_ms >= camera->pause_ms) {
        camera->pause_ms = INT64_MIN;
        camera->pause_untold = false;
    }
    if (camera->pause_untold && device_wall(&camera->device, now_ms) > 0)
        (void)tell_pause(camera, now_ms);
    if (now_ms >= camera->stay_ms)
        (void)report_visit(camera, HUYANG__V1__VISIT_PHASE__VISIT_PHASE_STAY, now_ms);
    if (now_ms >= camera->report_ms)
        report_heartbeat(camera, now_ms);
    device_tick(&camera->device, now_ms);
}

int64_t camera_next_deadline(const struct camera *camera, int64_t now_ms)
{
    int64_t deadline = device_next_deadline(&camera->device, now_ms);
    int64_t own[] = {camera->interval_until_ms, camera->stay_ms, camera->report_ms,
                     camera->pause_ms == INT64_MIN ? INT64_MAX : camera->pause_ms};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        deadline = own[i] < deadline ? own[i] : deadline;
    return deadline;
}
