/* What can be done: a body becomes an action, and the request waits until the core has committed it. Members
 * are strict: one that is unknown, missing or out of range is an error that names it, because a misspelt
 * disposition must not become a default. */
#include <string.h>

#include "api/request.h"
#include "core/json.h"

/* What a member of a body may be. */
struct member {
    const char *name;
    bool (*take)(const char *text, struct pending *pending);
    const char *must; /* what it must be, for people */
    bool required;
};

static bool take_by(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) && text_copy(pending->action.by, sizeof(pending->action.by), text);
}

static bool take_note(const char *text, struct pending *pending)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t')
            return false;
    return text_copy(pending->action.note, sizeof(pending->action.note), text);
}

static bool take_filled_note(const char *text, struct pending *pending)
{
    return text[0] != '\0' && take_note(text, pending);
}

static bool take_disposition(const char *text, struct pending *pending)
{
    pending->action.disposition = (uint8_t)disposition_from_name(text);
    return pending->action.disposition != DISPOSITION_NONE;
}

static bool take_outcome(const char *text, struct pending *pending)
{
    pending->action.outcome = (uint8_t)outcome_from_name(text);
    return pending->action.outcome != OUTCOME_NONE;
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

/* Exactly one of the four says what a silence is about. */
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
#define MUST_SUBJECT "an id, and the only one of resident, household, territory and device"
static const struct member
    by = {"by", take_by, MUST_BY, true},
    note = {"note", take_note, MUST_NOTE, false},
    text = {"note", take_filled_note, MUST_NOTE ", not empty", true},
    disposition = {"disposition", take_disposition,
                   "true, false, expected, drill, could_not_verify, transferred or declined", true},
    outcome = {"outcome", take_outcome, "safe, needs_help, no_answer, other_person or wrong_number", true},
    family = {"family", take_family, "health, visitor, outing, fraud, coverage or fleet", false},
    until = {"until", take_until, "an ISO 8601 time with an offset", true},
    resident = {"resident", take_resident, MUST_SUBJECT, false},
    household = {"household", take_household, MUST_SUBJECT, false},
    territory = {"territory", take_territory, MUST_SUBJECT, false},
    device = {"device", take_device, MUST_SUBJECT, false},
    folder = {"folder", take_folder, "the absolute path of a folder on this machine", true};

static const struct member *find_member(const struct member *const *members, const char *name)
{
    for (size_t i = 0; members[i] != NULL; i++)
        if (strcmp(members[i]->name, name) == 0)
            return members[i];
    return NULL;
}

/* False: request->reply says what is wrong. */
static bool read_members(struct request *request, const struct json *root,
                         const struct member *const *members, struct pending *pending)
{
    const struct json *value;
    const char *name;
    size_t iter = 0;

    if (json_type_of(root) != JSON_OBJECT_T) {
        reply_problem(request, 400, NULL, "the body must be a JSON object");
        return false;
    }
    while (json_next(root, &iter, &name, &value)) {
        const struct member *member = find_member(members, name);
        if (member == NULL) {
            reply_problem(request, 400, name, "unknown member");
            return false;
        }
        if (json_string(value) == NULL || !member->take(json_string(value), pending)) {
            reply_problem(request, 400, name, "must be %s", member->must);
            return false;
        }
    }
    for (size_t i = 0; members[i] != NULL; i++)
        if (members[i]->required && json_get(root, members[i]->name) == NULL) {
            reply_problem(request, 400, members[i]->name, "is missing: %s", members[i]->must);
            return false;
        }
    return true;
}

static bool read_body(struct request *request, const struct member *const *members,
                      struct pending *ret_pending)
{
    struct pending pending = {.action = {.has_alert = 1, .alert = request->id, .family = FAMILY_COUNT}};
    struct json_error error;
    struct json *root;

    if (request->query_count != 0) {
        reply_problem(request, 400, request->query[0].name, "unknown parameter");
        return false;
    }
    enum err err = json_parse(buf_text(&request->body), request->body.len, &root, &error);
    if (err == ERR_NOMEM) {
        reply_problem(request, 503, NULL, "out of memory");
        return false;
    }
    if (err != ERR_OK) {
        reply_problem(request, 400, NULL, "line %d, column %d: %s", error.line, error.column, error.text);
        return false;
    }
    bool ok = read_members(request, root, members, &pending);
    json_free(root);
    if (ok)
        *ret_pending = pending;
    return ok;
}

static enum verdict act(struct request *request, enum action_kind kind, const struct member *const *members,
                        struct pending *ret_pending)
{
    if (!read_body(request, members, ret_pending))
        return VERDICT_REPLY;
    ret_pending->action.kind = (uint8_t)kind;
    return VERDICT_ACTION;
}

enum verdict act_acknowledge(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return act(request, ACTION_ACKNOWLEDGE, (const struct member *const[]){&by, &note, NULL}, ret_pending);
}

enum verdict act_close(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return act(request, ACTION_CLOSE, (const struct member *const[]){&by, &disposition, &note, NULL},
               ret_pending);
}

enum verdict act_call(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return act(request, ACTION_CALL, (const struct member *const[]){&by, &outcome, &note, NULL}, ret_pending);
}

enum verdict act_comment(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return act(request, ACTION_COMMENT, (const struct member *const[]){&by, &text, NULL}, ret_pending);
}

/* What a silence may be is the alert stage's word (a 409); who and what it is about is looked up here. */
enum verdict act_silence(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!read_body(request,
                   (const struct member *const[]){&by, &text, &until, &family, &resident, &household,
                                                  &territory, &device, NULL},
                   ret_pending))
        return VERDICT_REPLY;
    if (ret_pending->subject_kind == SUBJECT_NONE) {
        reply_problem(request, 400, NULL, "one of resident, household, territory and device is missing");
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
    ret_pending->action.has_alert = 0;
    memset(&ret_pending->action.alert, 0, sizeof(ret_pending->action.alert));
    ret_pending->action.kind = ACTION_SILENCE;
    return VERDICT_ACTION;
}

enum verdict act_unsilence(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return act(request, ACTION_UNSILENCE, (const struct member *const[]){&by, &note, NULL}, ret_pending);
}

enum verdict act_import(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)view;
    return read_body(request, (const struct member *const[]){&folder, NULL}, ret_pending) ? VERDICT_IMPORT
                                                                                          : VERDICT_REPLY;
}
