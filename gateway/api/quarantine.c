/* Devices that were heard and may not speak: the list, and what a person makes of one. */
#include <stdlib.h>
#include <string.h>

#include "api/act.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/put.h"

const char *quarantine_reason_name(enum quarantine_reason reason)
{
    static const char *const names[] = {
#define X(name, text) [QUARANTINE_##name] = #text,
        QUARANTINE_REASON_MAP(X)
#undef X
    };
    return (unsigned)reason < QUARANTINE_REASONS ? names[reason] : "?";
}

/* ---- the list ---- */

enum verdict quarantine_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!page_begin(view, request, PART_STRANGERS) || !view_no_query(request))
        return VERDICT_REPLY;
    struct look *look = page_look(request);
    if (look == NULL)
        return VERDICT_REPLY;
    look->strangers = true;
    *ret_pending = (struct pending){.look = look};
    return VERDICT_LOOK;
}

static void put_one(const struct view *view, const struct look_stranger *one, struct buf *out)
{
    put_open(out, NULL, '{');
    put_text(out, "id", one->id);
    put_text(out, "reason", quarantine_reason_name((enum quarantine_reason)one->reason));
    put_time(out, view->config->tz, "first", one->first_ms);
    put_time(out, view->config->tz, "last", one->last_ms);
    put_integer(out, "times", (int64_t)one->times);
    if (one->dismissed_ms != 0) {
        put_time(out, view->config->tz, "dismissed", one->dismissed_ms);
        put_text(out, "dismissed_by", one->dismissed_by);
    }
    buf_putc(out, '}');
}

enum verdict quarantine_show_done(const struct view *view, struct request *request, struct pending *pending,
                                  enum err err, const char *text)
{
    struct buf *out = &request->reply.body;
    const struct look *look = pending->look;

    if (!page_looked(view, request, look, err, text))
        return VERDICT_REPLY;
    put_open(out, NULL, '{');
    put_open(out, "devices", '[');
    for (unsigned i = 0; i < look->count; i++)
        if (registry_find(view->registry, REGISTRY_DEVICE, look->list[i].id) == REGISTRY_NONE)
            put_one(view, &look->list[i], out); /* else it was adopted since */
    buf_putc(out, ']');
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

/* ---- adoption ---- */

static bool take_id(const char *text, char to[ID_SIZE])
{
    return text_is_id(text, strlen(text)) && text_copy(to, ID_SIZE, text);
}

static bool take_resident(const char *text, struct pending *pending)
{
    return take_id(text, pending->adoption.resident);
}

static bool take_household(const char *text, struct pending *pending)
{
    return take_id(text, pending->adoption.household);
}

static bool take_view(const char *text, struct pending *pending)
{
    return take_id(text, pending->adoption.view);
}

static bool take_interval(const char *text, struct pending *pending)
{
    int64_t value;
    if (!text_to_int(text, 1, 86400, &value))
        return false;
    pending->adoption.report_interval_s = (uint32_t)value;
    return true;
}

static bool take_version(const char *text, struct pending *pending)
{
    return text_copy(pending->adoption.version, sizeof(pending->adoption.version), text);
}

static bool take_preview(const char *text, struct pending *pending)
{
    pending->preview = strcmp(text, "true") == 0;
    return true;
}

static const struct member resident = {"resident", take_resident, "the id of the wristband's wearer", false,
                                       false},
                           household = {"household", take_household, "the id of the camera's home", false,
                                        false},
                           camera_view = {"view", take_view, "doorstep, indoors or living_room", false,
                                          false},
                           interval = {"report_interval_s", take_interval, "a text of 1 to 86400 seconds",
                                       false, false},
                           version = {"version", take_version, "the version of the preview", false, false},
                           preview = {"preview", take_preview, "true or false", false, true};

/* What the adoption would do; nothing changes. */
static void put_preview(const struct view *view, struct request *request, const struct adoption *adoption)
{
    struct buf errors, *out = &request->reply.body;
    struct registry *after = NULL;

    buf_init(&errors, 1 << 16);
    const enum err err =
        registry_adopt(view->registry, view->config->tz, clock_now().wall_ms, adoption, &errors, &after);
    if (err != ERR_OK) {
        reply_problem(request, err == ERR_NOMEM ? 503 : 409, NULL, "%s",
                      errors.len != 0 ? buf_text(&errors) : err_text(err));
    } else {
        const struct device *device =
            registry_device(after, registry_find(after, REGISTRY_DEVICE, adoption->device));
        put_open(out, NULL, '{');
        put_text(out, "device", device->id);
        put_text(out, "kind", device->kind == DEVICE_CAMERA ? "camera" : "wristband");
        if (device->resident != REGISTRY_NONE)
            put_text(out, "name", registry_vault(after, REGISTRY_RESIDENT, device->resident, "name"));
        if (device->household != REGISTRY_NONE)
            put_text(out, "household", registry_household(after, device->household)->id);
        put_text(out, "version", registry_version(view->registry));
        page_end(request, REGISTRY_NONE);
        gate_viewed(view->gate, request, "adopt-preview", adoption->device);
    }
    registry_free(after);
    buf_release(&errors);
}

enum verdict quarantine_adopt(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const struct member *const members[] = {&member_by, &resident, &household, &camera_view,
                                            &interval,  &version,  &preview,   NULL};

    if (!page_begin(view, request, PART_STRANGERS) ||
        !body_read(request, members + !request->is_operator, ret_pending))
        return VERDICT_REPLY;
    (void)text_copy(ret_pending->adoption.device, sizeof(ret_pending->adoption.device), request->name);
    if (ret_pending->preview) {
        put_preview(view, request, &ret_pending->adoption);
        return VERDICT_REPLY;
    }
    if (!gate_once(view->gate, request))
        return VERDICT_REPLY;
    gate_viewed(view->gate, request, "adopt", request->name);
    return VERDICT_ADOPT;
}

/* ---- dismissal ---- */

enum verdict quarantine_drop(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const struct member *const members[] = {&member_by, NULL};

    if (!page_begin(view, request, PART_STRANGERS) ||
        !body_read(request, members + !request->is_operator, ret_pending))
        return VERDICT_REPLY;
    struct look *look = page_look(request);
    if (look == NULL)
        return VERDICT_REPLY;
    act_sign(request, ret_pending);
    look->strangers = true;
    (void)text_copy(look->dismiss, sizeof(look->dismiss), request->name);
    (void)text_copy(look->by, sizeof(look->by), ret_pending->action.by);
    ret_pending->look = look;
    gate_viewed(view->gate, request, "dismiss", request->name);
    return VERDICT_LOOK;
}

enum verdict quarantine_drop_done(const struct view *view, struct request *request, struct pending *pending,
                                  enum err err, const char *text)
{
    if (!page_looked(view, request, pending->look, err, text))
        return VERDICT_REPLY;
    if (!pending->look->dismissed)
        reply_said(request, 404, "there is no such device in quarantine", "隔离名单中没有该设备");
    else
        reply_outcome(request, VERDICT_ACTION, ERR_OK, "done");
    return VERDICT_REPLY;
}
