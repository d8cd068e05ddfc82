/* A request's body: a strict JSON object. A member that is unknown, missing or out of range is an error that
 * names it, because a misspelt disposition must not become a default. */
#ifndef HUYANG_API_BODY_H
#define HUYANG_API_BODY_H

#include "api/request.h"

/* What a member may be. */
struct member {
    const char *name;
    bool (*take)(const char *text, struct pending *pending);
    const char *must; /* what it must be, for people */
    bool required;
    bool is_boolean; /* true or false, handed over as text */
};
/* `members` ends with NULL. False: request->reply says what is wrong. */
bool body_read(struct request *request, const struct member *const *members, struct pending *ret_pending);
/* Of several bodies: who (the operator only), why, until when. actions.c */
extern const struct member member_by, member_note, member_end, member_filled, member_to;
/* No control characters but, with `lines`, new lines and tabs. */
bool body_is_plain(const char *text, bool lines);

#endif
