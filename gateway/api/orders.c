/* Commands to a device by a person's order: locate now, another report interval, restart; a test window; and
 * what was asked of a device before. */
#include <string.h>

#include "api/act.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"

enum { ORDERS_SHOWN = 200 };

static bool take_seconds(const char *text, int64_t low, uint32_t *ret_s)
{
    int64_t seconds;
    if (!text_to_int(text, low, FLEET_INTERVAL_MOST_S, &seconds))
        return false;
    *ret_s = (uint32_t)seconds;
    return true;
}

static bool take_interval(const char *text, struct pending *pending)
{
    return take_seconds(text, FLEET_INTERVAL_LEAST_S, &pending->action.interval_s);
}

static bool take_duration(const char *text, struct pending *pending)
{
    return take_seconds(text, 0, &pending->action.duration_s);
}

static bool take_reason(const char *text, struct pending *pending)
{
    return text[0] != '\0' && act_take_note(text, pending);
}

static const struct member by = {"by", act_take_by, "an id of letters, digits, - and _, at most 64", true,
                                 false},
                           note = {"note", take_reason, "text of at most 255 bytes, not empty", true, false},
                           interval = {"interval_s", take_interval, "a number of 10 to 86400 as text", true,
                                       false},
                           duration = {"duration_s", take_duration, "a number of 0 to 86400 as text", false,
                                       false};

static bool find_device(const struct view *view, struct request *request, uint32_t *ret_no)
{
    if (!page_begin(view, request, PART_FLEET))
        return false;
    uint32_t no = registry_find(view->registry, REGISTRY_DEVICE, request->name);
    if (no == REGISTRY_NONE || !place_is_seen(view->registry, &request->person,
                                              (struct subject){.kind = SUBJECT_DEVICE, .no = no})) {
        reply_said(request, 404, "there is no device of this id", "没有这个编号的设备");
        return false;
    }
    *ret_no = no;
    return true;
}

static enum verdict order(const struct view *view, struct request *request, enum action_kind kind,
                          const struct member *const *members, struct pending *ret_pending)
{
    uint32_t no;
    if (!find_device(view, request, &no))
        return VERDICT_REPLY;
    if (!request->is_operator && !access_acts(&request->person, kind)) {
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
        return VERDICT_REPLY;
    }
    if (!body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    struct action *action = &ret_pending->action;
    action->kind = (uint8_t)kind;
    action->has_alert = 0;
    action->subject = (struct subject){.kind = SUBJECT_DEVICE, .no = no};
    act_sign(request, ret_pending);
    gate_viewed(view->gate, request, action_name(kind), request->name);
    return VERDICT_ACTION;
}

enum verdict orders_locate(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return order(view, request, ACTION_DEVICE_LOCATE, (const struct member *const[]){&by, &note, NULL},
                 ret_pending);
}

enum verdict orders_interval(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return order(view, request, ACTION_DEVICE_INTERVAL,
                 (const struct member *const[]){&by, &note, &interval, &duration, NULL}, ret_pending);
}

enum verdict orders_restart(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return order(view, request, ACTION_DEVICE_RESTART, (const struct member *const[]){&by, &note, NULL},
                 ret_pending);
}

enum verdict orders_test_window(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return order(view, request, ACTION_TEST_WINDOW, (const struct member *const[]){&by, &note, NULL},
                 ret_pending);
}

enum verdict orders_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    uint32_t no;
    (void)ret_pending;
    if (!find_device(view, request, &no) || !view_no_query(request))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"commands\":");
    enum err err = reader_orders(view->reader, no, ORDERS_SHOWN, &request->reply.body);
    buf_puts(&request->reply.body, "}\n");
    if (err == ERR_OK)
        reply_json(request, 200);
    else
        reply_database(request, err);
    return VERDICT_REPLY;
}
