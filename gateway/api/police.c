/* What the police say of a message: at their desk or the county's, or as a CAP Ack or Error that their
 * machine sends later than with its answer. */
#include <string.h>

#include "api/act.h"
#include "api/body.h"
#include "api/gate.h"
#include "relay/cap.h"

static bool take_state(const char *text, struct pending *pending)
{
    pending->action.police_word = (uint8_t)police_word_from_name(text);
    return pending->action.police_word != POLICE_WORD_NONE;
}

static const struct member state = {"state", take_state, "accepted, rejected, dispatched, on_scene or closed",
                                    true, false};

enum verdict act_police(const struct view *view, struct request *request, struct pending *ret_pending)
{
    enum verdict verdict =
        act_on(view, request, ACTION_POLICE,
               (const struct member *const[]){&member_by, &state, &member_note, NULL}, ret_pending);

    if (verdict != VERDICT_ACTION || ret_pending->action.police_word != POLICE_WORD_REJECTED ||
        ret_pending->action.note[0] != '\0')
        return verdict;
    gate_once_done(view->gate, request, NULL);
    reply_problem(request, 400, "note", "a refusal needs its reason");
    return VERDICT_REPLY;
}

enum verdict police_cap(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct cap_answer answer;
    struct action *action = &ret_pending->action;

    if (!cap_answer(buf_text(&request->body), request->body.len, &answer)) {
        reply_problem(request, 422, NULL,
                      "a CAP Ack or Error is expected whose references name a message of ours");
        return VERDICT_REPLY;
    }
    if (!gate_once(view->gate, request))
        return VERDICT_REPLY;
    action->kind = ACTION_POLICE;
    action->has_alert = 1;
    action->alert = answer.message;
    action->police_word = (uint8_t)answer.word;
    (void)text_copy(action->by, sizeof(action->by), "police");
    (void)text_copy(action->note, sizeof(action->note), body_is_plain(answer.note, true) ? answer.note : "");
    return VERDICT_ACTION;
}
