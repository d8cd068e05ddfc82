/* What a device is made to do: a happening of the script becomes a call of its application. A device that
 * refuses (a full flash, a camera that rests) says so by itself. */
#include "core/text.h"
#include "fleet.h"

void fleet_device_report(struct fleet_device *device, const struct device_event *events, size_t count)
{
    fleet_device_enter(device);
    for (size_t i = 0; i < count; i += DEVICE_REPORT_EVENTS_MAX) {
        const size_t left = count - i;
        (void)device_report(device->core, events + i,
                            left < DEVICE_REPORT_EVENTS_MAX ? left : DEVICE_REPORT_EVENTS_MAX,
                            device->fleet->now_ms); /* a full flash drops and says so in a note */
    }
    fleet_device_leave(device);
}

static void do_visit(struct fleet_device *device, const struct fleet_happening *happening)
{
    struct device_person person = {.person_class = (Huyang__V1__PersonClass)happening->visit.person_class,
                                   .has_confidence = true,
                                   .confidence = 0.9f,
                                   .face_seen = true};
    if (happening->visit.visitor != REGISTRY_NONE)
        text_copy(person.visitor_id, sizeof(person.visitor_id),
                  registry_visitor(device->fleet->registry, happening->visit.visitor)->visitor_id);
    (void)camera_visit(&device->app->camera, (Huyang__V1__Place)happening->visit.place, &person, 1,
                       device->fleet->now_ms);
}

static void do_story(struct fleet_device *device, const struct fleet_happening *happening)
{
    const int64_t now_ms = device->fleet->now_ms, wall_ms = device_wall(device->core, now_ms);
    if (happening->told.device_ms != 0)
        device_set_clock(device->core, now_ms, happening->told.device_ms);
    (void)device_report(device->core, happening->told.report->events, happening->told.report->count, now_ms);
    if (happening->told.device_ms != 0)
        device_set_clock(device->core, now_ms, wall_ms);
}

void fleet_device_do(struct fleet_device *device, const struct fleet_happening *happening)
{
    struct wristband *band = &device->app->band;
    struct camera *camera = &device->app->camera;
    const int64_t now_ms = device->fleet->now_ms;
    fleet_device_enter(device);
    switch ((enum fleet_act)happening->act) {
    case FLEET_FIX: {
        const struct device_fix fix = {.valid = true,
                                       .lat = happening->fix.lat,
                                       .lon = happening->fix.lon,
                                       .has_accuracy_m = true,
                                       .accuracy_m = happening->fix.accuracy_m,
                                       .source = HUYANG__V1__FIX_SOURCE__FIX_SOURCE_GNSS,
                                       .datum = HUYANG__V1__DATUM__DATUM_WGS84};
        (void)wristband_fix(band, &fix, true, now_ms);
        break;
    }
    case FLEET_PRESENCE:
        (void)wristband_presence(band, happening->at_home, HUYANG__V1__PRESENCE_SOURCE__PRESENCE_SOURCE_DOOR,
                                 now_ms);
        break;
    case FLEET_STEPS: (void)wristband_steps(band, happening->number, now_ms); break;
    case FLEET_BATTERY: (void)wristband_battery(band, happening->number, false, now_ms); break;
    case FLEET_VISIT: do_visit(device, happening); break;
    case FLEET_VISIT_LEAVE: (void)camera_visit_leave(camera, now_ms); break;
    case FLEET_DEPARTURE:
        (void)camera_departure(camera, (Huyang__V1__Companion)happening->companion, "", now_ms);
        break;
    case FLEET_REPORT: do_story(device, happening); break;
    }
    fleet_device_leave(device);
}
