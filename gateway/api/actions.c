/* What can be done: a body becomes an action, and the request waits until the core has committed it. Whoever
 * is signed in is its actor; only the machine's token may name somebody else. */
#include <string.h>

#include "api/act.h"
#include "api/body.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/said.h"

bool act_take_by(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) && text_copy(pending->action.by, sizeof(pending->action.by), text);
}

bool act_take_note(const char *text, struct pending *pending)
{
    return body_is_plain(text, true) && text_copy(pending->action.note, sizeof(pending->action.note), text);
}

static bool take_filled_note(const char *text, struct pending *pending)
{
    return text[0] != '\0' && act_take_note(text, pending);
}

static bool take_disposition(const char *text, struct pending *pending)
{
    pending->action.disposition = (uint8_t)disposition_from_name(text);
    return pending->action.disposition != DISPOSITION_NONE;
}

static bool take_any_outcome(const char *text, struct pending *pending)
{
    pending->action.outcome = (uint8_t)outcome_from_name(text);
    return pending->action.outcome != OUTCOME_NONE;
}

static bool take_outcome(const char *text, struct pending *pending)
{
    return take_any_outcome(text, pending) && pending->action.outcome <= OUTCOME_WRONG_NUMBER;
}

static bool take_to(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) && text_copy(pending->action.to, sizeof(pending->action.to), text);
}

static bool take_folder(const char *text, struct pending *pending)
{
    return text[0] == '/' && text_copy(pending->folder, sizeof(pending->folder), text);
}

static bool take_family(const char *text, struct pending *pending)
{
    pending->action.family = (uint8_t)family_from_name(text);
    return pending->action.family != FAMILY_COUNT && pending->action.family != FAMILY_EMERGENCY;
}

static bool take_until(const char *text, struct pending *pending)
{
    return clock_parse(text, strlen(text), &pending->action.until_ms) == ERR_OK;
}

static bool take_from(const char *text, struct pending *pending)
{
    return clock_parse(text, strlen(text), &pending->action.from_ms) == ERR_OK;
}

static bool take_announced(const char *text, struct pending *pending)
{
    pending->action.announced = (uint8_t)announced_from_name(text);
    return pending->action.announced != ANNOUNCED_NONE;
}

/* Exactly one of the four says what it is about. */
static bool take_subject(const char *text, struct pending *pending, enum subject_kind kind)
{
    if (pending->subject_kind != SUBJECT_NONE || !text_is_id(text, strlen(text)))
        return false;
    pending->subject_kind = (uint8_t)kind;
    return text_copy(pending->subject, sizeof(pending->subject), text);
}

static bool take_resident(const char *text, struct pending *pending)
{
    return take_subject(text, pending, SUBJECT_RESIDENT);
}

static bool take_household(const char *text, struct pending *pending)
{
    return take_subject(text, pending, SUBJECT_HOUSEHOLD);
}

static bool take_territory(const char *text, struct pending *pending)
{
    return take_subject(text, pending, SUBJECT_TERRITORY);
}

static bool take_device(const char *text, struct pending *pending)
{
    return take_subject(text, pending, SUBJECT_DEVICE);
}

#define MUST_BY      "an id of letters, digits, - and _, at most 64"
#define MUST_NOTE    "text of at most 255 bytes"
#define MUST_TIME    "an ISO 8601 time with an offset"
#define MUST_SUBJECT "an id, and the only one of resident, household, territory and device"
const struct member member_by = {"by", act_take_by, MUST_BY, true, false},
                    member_note = {"note", act_take_note, MUST_NOTE, false, false},
                    member_end = {"until", take_until, MUST_TIME, false, false},
                    member_filled = {"note", take_filled_note, MUST_NOTE ", not empty", true, false},
                    member_to = {"to", take_to, MUST_BY, true, false};
static const struct member
    disposition = {"disposition", take_disposition,
                   "true, false, expected, drill, could_not_verify, transferred or declined", true, false},
    outcome = {"outcome", take_outcome, "safe, needs_help, no_answer, other_person or wrong_number", true,
               false},
    any_outcome = {"outcome", take_any_outcome, "an outcome that fits the task", true, false},
    when = {"until", take_until, "an ISO 8601 time with an offset", false, false},
    family = {"family", take_family, "health, visitor, outing, fraud, coverage or fleet", false, false},
    until = {"until", take_until, MUST_TIME, true, false}, from = {"from", take_from, MUST_TIME, true, false},
    announced = {"announced", take_announced,
                 "census, pension_check, gas_safety, free_clinic, ceremony, meeting or fair", true, false},
    resident = {"resident", take_resident, MUST_SUBJECT, false, false},
    household = {"household", take_household, MUST_SUBJECT, false, false},
    territory = {"territory", take_territory, MUST_SUBJECT, false, false},
    device = {"device", take_device, MUST_SUBJECT, false, false},
    folder = {"folder", take_folder, "the absolute path of a folder on this machine", true, false};

bool act_may(const struct view *view, struct request *request, const struct hash_id *alert,
             enum action_kind kind)
{
    struct reader_place place;

    if (request->is_operator)
        return true;
    if (!view_reads(view, request))
        return false;
    enum err err = reader_place(view->reader, alert, &place);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !access_sees(&request->person, &place)))
        reply_said(request, 404, "there is no alert of this id", "没有这个编号的告警");
    else if (err != ERR_OK)
        reply_problem(request, 503, NULL, "the database cannot be read: %s", err_text(err));
    else if (!access_acts(&request->person, kind))
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
    else
        return true;
    return false;
}

void act_sign(const struct request *request, struct pending *pending)
{
    if (!request->is_operator)
        (void)text_copy(pending->action.by, sizeof(pending->action.by), request->person.account.id);
}

static bool take_action(const struct view *view, struct request *request, enum action_kind kind,
                        const struct member *const *members, struct pending *ret_pending)
{
    if (!body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return false;
    ret_pending->action.kind = (uint8_t)kind;
    act_sign(request, ret_pending);
    return true;
}

enum verdict act_on(const struct view *view, struct request *request, enum action_kind kind,
                    const struct member *const *members, struct pending *ret_pending)
{
    return act_may(view, request, &request->id, kind) &&
                   take_action(view, request, kind, members, ret_pending)
               ? VERDICT_ACTION
               : VERDICT_REPLY;
}

/* The same for a task: whose it is is its alert's to say. */
static enum verdict act_task(const struct view *view, struct request *request, enum action_kind kind,
                             const struct member *const *members, struct pending *ret_pending)
{
    struct hash_id alert;
    enum err err = view->reader == NULL ? ERR_BUSY : reader_task_alert(view->reader, &request->id, &alert);

    if (err == ERR_NOT_FOUND)
        reply_said(request, 404, "there is no task of this id", "没有这个编号的任务");
    else if (err != ERR_OK)
        reply_problem(request, 503, NULL, "the database cannot be read: %s", err_text(err));
    else if (act_may(view, request, &alert, kind) && take_action(view, request, kind, members, ret_pending))
        return VERDICT_ACTION;
    return VERDICT_REPLY;
}

enum verdict act_done(const struct view *view, struct request *request, struct pending *pending, enum err err,
                      const char *why)
{
    bool action = pending->action.kind != ACTION_NONE;

    reply_outcome(request, action ? VERDICT_ACTION : VERDICT_IMPORT, err, why);
    if (err == ERR_TIMEOUT) /* it may still be committed */
        gate_once_lost(view->gate, request);
    gate_once_done(view->gate, request, err == ERR_OK ? buf_text(&request->reply.body) : NULL);
    return VERDICT_REPLY;
}

enum verdict act_acknowledge(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_ACKNOWLEDGE,
                  (const struct member *const[]){&member_by, &member_note, NULL}, ret_pending);
}

enum verdict act_close(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_CLOSE,
                  (const struct member *const[]){&member_by, &disposition, &member_note, NULL}, ret_pending);
}

enum verdict act_call(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_CALL,
                  (const struct member *const[]){&member_by, &outcome, &member_note, NULL}, ret_pending);
}

enum verdict act_comment(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_COMMENT,
                  (const struct member *const[]){&member_by, &member_filled, NULL}, ret_pending);
}

enum verdict act_assign(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_ASSIGN,
                  (const struct member *const[]){&member_by, &member_to, &member_note, NULL}, ret_pending);
}

enum verdict act_snooze(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_SNOOZE,
                  (const struct member *const[]){&member_by, &until, &member_note, NULL}, ret_pending);
}

enum verdict act_task_assign(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_task(view, request, ACTION_TASK_ASSIGN,
                    (const struct member *const[]){&member_by, &member_to, &when, &member_note, NULL},
                    ret_pending);
}

enum verdict act_task_accept(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_task(view, request, ACTION_TASK_ACCEPT,
                    (const struct member *const[]){&member_by, &member_note, NULL}, ret_pending);
}

enum verdict act_task_arrive(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_task(view, request, ACTION_TASK_ARRIVE,
                    (const struct member *const[]){&member_by, &member_note, NULL}, ret_pending);
}

enum verdict act_task_finish(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_task(view, request, ACTION_TASK_FINISH,
                    (const struct member *const[]){&member_by, &any_outcome, &member_note, NULL},
                    ret_pending);
}

/* What is about a subject and no alert. What such an action may be is the core's word (a 409); who and what
 * it is about is looked up here. `kinds` says which subjects, for people. */
static enum verdict act_about(const struct view *view, struct request *request, enum action_kind kind,
                              const struct member *const *members, const char *kinds,
                              struct pending *ret_pending)
{
    if (!page_begin(view, request, PART_SILENCES) ||
        !body_read(request, members + !request->is_operator, ret_pending))
        return VERDICT_REPLY;
    if (ret_pending->subject_kind == SUBJECT_NONE) {
        reply_problem(request, 400, NULL, "%s is missing", said(request->asked.zh, kinds));
        return VERDICT_REPLY;
    }
    enum err err = view->reader == NULL
                       ? ERR_NOT_FOUND
                       : reader_subject(view->reader, (enum subject_kind)ret_pending->subject_kind,
                                        ret_pending->subject, &ret_pending->action.subject);
    if (err != ERR_OK) {
        reply_problem(request, err == ERR_NOT_FOUND ? 400 : 503, NULL, "%s is not in the registry",
                      ret_pending->subject);
        return VERDICT_REPLY;
    }
    if (!place_is_seen(view->registry, &request->person, ret_pending->action.subject)) {
        reply_said(request, 403, "that is not of your territory", "不在您的辖区内");
        return VERDICT_REPLY;
    }
    act_sign(request, ret_pending);
    ret_pending->action.has_alert = 0;
    memset(&ret_pending->action.alert, 0, sizeof(ret_pending->action.alert));
    ret_pending->action.kind = (uint8_t)kind;
    return gate_once(view->gate, request) ? VERDICT_ACTION : VERDICT_REPLY;
}

/* Takes a silence or an announcement back, of one's own territory. */
static enum verdict act_back(const struct view *view, struct request *request, enum action_kind kind,
                             struct pending *ret_pending)
{
    const struct member *const members[] = {&member_by, &member_note, NULL};
    bool silence = kind == ACTION_UNSILENCE;
    struct subject subject;

    if (!page_begin(view, request, PART_SILENCES))
        return VERDICT_REPLY;
    enum err err = view->reader == NULL ? ERR_NOT_FOUND
                   : silence            ? reader_silence(view->reader, &request->id, &subject)
                                        : reader_announcement(view->reader, &request->id, &subject);
    if (err != ERR_OK || !place_is_seen(view->registry, &request->person, subject)) {
        if (silence)
            reply_said(request, 404, "there is no silence of this id", "没有这个编号的静默");
        else
            reply_said(request, 404, "there is no announcement of this id", "没有这个编号的预告");
        return VERDICT_REPLY;
    }
    if (!body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = (uint8_t)kind;
    act_sign(request, ret_pending);
    return VERDICT_ACTION;
}

enum verdict act_silence(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_about(view, request, ACTION_SILENCE,
                     (const struct member *const[]){&member_by, &member_filled, &until, &family, &resident,
                                                    &household, &territory, &device, NULL},
                     "one of resident, household, territory and device", ret_pending);
}

enum verdict act_announce(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_about(
        view, request, ACTION_ANNOUNCE,
        (const struct member *const[]){&member_by, &announced, &from, &until, &territory, &member_note, NULL},
        "territory", ret_pending);
}

enum verdict act_unannounce(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_back(view, request, ACTION_UNANNOUNCE, ret_pending);
}

enum verdict act_unsilence(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_back(view, request, ACTION_UNSILENCE, ret_pending);
}

enum verdict act_import(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return body_read(request, (const struct member *const[]){&folder, NULL}, ret_pending) ? VERDICT_IMPORT
                                                                                          : VERDICT_REPLY;
}
