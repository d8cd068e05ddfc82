/* The ledger of consents: a word on paper becomes a line of the registry (consents.csv), and holds from the
 * next input on. */
#include <string.h>

#include "api/body.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"

static bool take_person(const char *text, struct pending *pending)
{
    return text[0] != '\0' && body_is_plain(text, false) &&
           text_copy(pending->consent.person, sizeof(pending->consent.person), text);
}

static bool take_class(const char *text, struct pending *pending)
{
    pending->consent.class = (uint8_t)consent_from_name(text);
    return pending->consent.class != CONSENT_COUNT;
}

static bool take_signer(const char *text, struct pending *pending)
{
    return (strcmp(text, "self") == 0 || strcmp(text, "guardian") == 0) &&
           text_copy(pending->consent.signer, sizeof(pending->consent.signer), text);
}

static bool take_version(const char *text, struct pending *pending)
{
    return text[0] != '\0' && body_is_plain(text, false) &&
           text_copy(pending->consent.version, sizeof(pending->consent.version), text);
}

static bool take_evidence(const char *text, struct pending *pending)
{
    return text[0] != '\0' && body_is_plain(text, false) &&
           text_copy(pending->consent.evidence, sizeof(pending->consent.evidence), text);
}

static bool take_recorder(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) &&
           text_copy(pending->consent.recorded_by, sizeof(pending->consent.recorded_by), text);
}

static const struct member
    person = {"person", take_person, "resident:ID, coresident:HOUSEHOLD/ID or visitor:HOUSEHOLD/ID", true,
              false},
    class = {"class", take_class, "location, health, camera, visitor, voice, family or police", true, false},
    signer = {"signer", take_signer, "self or guardian", true, false},
    version = {"version", take_version, "the version of the document, at most 64 bytes", true, false},
    evidence = {"evidence", take_evidence, "where the signed document is, at most 127 bytes", true, false},
    by = {"by", take_recorder, "an id of letters, digits, - and _, at most 64: who writes it down", true,
          false};

/* Is that person of the caller's territory? The id is of the ledger: kind:ID or kind:HOUSEHOLD/ID. False: the
 * reply is made; whose territory it is is told to nobody. */
static bool may_see(const struct view *view, struct request *request, const char *whose)
{
    const char *colon = strchr(whose, ':'), *id = colon != NULL ? colon + 1 : whose;
    size_t len = strcspn(id, "/");
    bool resident = strncmp(whose, "resident:", 9) == 0;
    struct subject subject = {.kind = resident ? SUBJECT_RESIDENT : SUBJECT_HOUSEHOLD};
    char text[ID_SIZE];

    if (request->is_operator)
        return true;
    if (!page_begin(view, request, PART_STATUS))
        return false;
    if (len < sizeof(text)) {
        memcpy(text, id, len);
        text[len] = '\0';
        subject.no = registry_find(view->registry, resident ? REGISTRY_RESIDENT : REGISTRY_HOUSEHOLD, text);
        if (subject.no != REGISTRY_NONE && place_is_seen(view->registry, &request->person, subject)) {
            gate_viewed(view->gate, request, "consents", text);
            return true;
        }
    }
    reply_problem(request, 404, "person", "nobody of this id is in the registry");
    return false;
}

/* `members` begins with `by`, which a session has no use for. */
static enum verdict change(const struct view *view, struct request *request,
                           const struct member *const *members, bool withdraw, struct pending *ret_pending)
{
    if (!request->is_operator && !page_begin(view, request, PART_STATUS))
        return VERDICT_REPLY;
    if (!body_read(request, members + !request->is_operator, ret_pending) ||
        !may_see(view, request, ret_pending->consent.person) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    if (!request->is_operator)
        (void)text_copy(ret_pending->consent.recorded_by, sizeof(ret_pending->consent.recorded_by),
                        request->person.account.id);
    ret_pending->consent.withdraw = withdraw;
    return VERDICT_CONSENT;
}

enum verdict consents_give(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return change(view, request,
                  (const struct member *const[]){&by, &person, &class, &signer, &version, &evidence, NULL},
                  false, ret_pending);
}

enum verdict consents_withdraw(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return change(view, request, (const struct member *const[]){&by, &person, &class, NULL}, true,
                  ret_pending);
}

enum verdict consents_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const char *whose = NULL;

    (void)ret_pending;
    for (unsigned i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, "person") != 0) {
            reply_problem(request, 400, request->query[i].name, "unknown parameter");
            return VERDICT_REPLY;
        }
        whose = request->query[i].value;
    }
    if (whose == NULL && !request->is_operator) {
        reply_problem(request, 400, "person", "%s is missing", "person");
        return VERDICT_REPLY;
    }
    if (whose != NULL && !may_see(view, request, whose))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    enum err err = reader_consents(view->reader, whose, &request->reply.body);
    if (err == ERR_NOT_FOUND)
        reply_problem(request, 404, "person", "nobody of this id is in the registry");
    else if (err != ERR_OK)
        reply_problem(request, 503, NULL, "the database cannot be read: %s", err_text(err));
    else
        reply_json(request, 200);
    buf_putc(&request->reply.body, '\n');
    return VERDICT_REPLY;
}
