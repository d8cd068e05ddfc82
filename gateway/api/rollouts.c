/* Roll-outs of a setting: begin one, steer it, and see how it stands. */
#include <string.h>

#include "alert/rollout.h"
#include "api/act.h"
#include "api/gate.h"
#include "api/pages.h"

enum { ROLLOUTS_SHOWN = 20 };

static bool take_number(const char *text, int64_t low, int64_t high, uint32_t *ret_value)
{
    int64_t value;
    if (!text_to_int(text, low, high, &value))
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

/* The order as it is read: what is not said holds as by default. A body clears all before. */
static struct rollout_order *order_of(struct pending *pending)
{
    struct rollout_order *order = &pending->action.rollout;
    if (order->stages == 0)
        *order = rollout_order_default();
    return order;
}

static bool take_interval(const char *text, struct pending *pending)
{
    return take_number(text, FLEET_INTERVAL_LEAST_S, FLEET_INTERVAL_MOST_S, &order_of(pending)->interval_s);
}

static bool take_watch(const char *text, struct pending *pending)
{
    return take_number(text, 0, ROLLOUT_WATCH_MOST_S, &order_of(pending)->watch_s);
}

static bool take_rate(const char *text, struct pending *pending)
{
    return take_number(text, 1, ROLLOUT_RATE_MAX, &order_of(pending)->per_minute);
}

static bool take_percent(const char *text, int64_t low, uint16_t *ret_permille)
{
    uint32_t percent;
    if (!take_number(text, low, 100, &percent))
        return false;
    *ret_permille = (uint16_t)(percent * 10);
    return true;
}

static bool take_acked(const char *text, struct pending *pending)
{
    return take_percent(text, 1, &order_of(pending)->acked_permille);
}

static bool take_trouble(const char *text, struct pending *pending)
{
    return take_percent(text, 0, &order_of(pending)->trouble_permille);
}

static bool take_stages(const char *text, struct pending *pending)
{
    return rollout_stages_parse(text, order_of(pending));
}

static bool take_territory(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) &&
           text_copy(order_of(pending)->territory, sizeof(order_of(pending)->territory), text);
}

static bool take_firmware(const char *text, struct pending *pending)
{
    return text[0] != '\0' && body_is_plain(text, false) &&
           text_copy(order_of(pending)->firmware, sizeof(order_of(pending)->firmware), text);
}

static bool take_reason(const char *text, struct pending *pending)
{
    return text[0] != '\0' && act_take_note(text, pending);
}

static const struct member
    by = {"by", act_take_by, "an id of letters, digits, - and _, at most 64", true, false},
    note = {"note", take_reason, "text of at most 255 bytes, not empty", true, false},
    interval = {"interval_s", take_interval, "a number of 10 to 86400 as text", true, false},
    stages = {"stages", take_stages, "rising percents such as 1,10,50,100, at most 6", false, false},
    acked = {"acked_percent", take_acked, "a number of 1 to 100 as text", false, false},
    trouble = {"trouble_percent", take_trouble, "a number of 0 to 100 as text", false, false},
    watch = {"watch_s", take_watch, "a number of 0 to 604800 as text", false, false},
    rate = {"per_minute", take_rate, "a number of 1 to 600 as text", false, false},
    territory = {"territory", take_territory, "the code of a territory", false, false},
    firmware = {"firmware", take_firmware, "a version of at most 32 bytes", false, false};

static enum verdict act(const struct view *view, struct request *request, enum action_kind kind,
                        const struct member *const *members, struct pending *ret_pending)
{
    if (!page_begin(view, request, PART_FLEET))
        return VERDICT_REPLY;
    if (!request->is_operator && !access_acts(&request->person, kind)) {
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
        return VERDICT_REPLY;
    }
    if (!body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = (uint8_t)kind;
    ret_pending->action.has_alert = 0;
    ret_pending->action.subject = (struct subject){0};
    act_sign(request, ret_pending);
    gate_viewed(view->gate, request, action_name(kind), "");
    return VERDICT_ACTION;
}

enum verdict rollouts_start(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act(view, request, ACTION_ROLLOUT_START,
               (const struct member *const[]){&by, &note, &interval, &stages, &acked, &trouble, &watch, &rate,
                                              &territory, &firmware, NULL},
               ret_pending);
}

enum verdict rollouts_pause(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act(view, request, ACTION_ROLLOUT_PAUSE, (const struct member *const[]){&by, &note, NULL},
               ret_pending);
}

enum verdict rollouts_resume(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act(view, request, ACTION_ROLLOUT_RESUME, (const struct member *const[]){&by, &note, NULL},
               ret_pending);
}

enum verdict rollouts_abort(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act(view, request, ACTION_ROLLOUT_ABORT, (const struct member *const[]){&by, &note, NULL},
               ret_pending);
}

enum verdict rollouts_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    if (!page_begin(view, request, PART_FLEET) || !view_no_query(request))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"rollouts\":");
    enum err err = reader_rollouts(view->reader, ROLLOUTS_SHOWN, &request->reply.body);
    buf_puts(&request->reply.body, "}\n");
    if (err == ERR_OK)
        reply_json(request, 200);
    else
        reply_database(request, err);
    return VERDICT_REPLY;
}
