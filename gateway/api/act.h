/* Inside the API: what the files with actions share. */
#ifndef HUYANG_API_ACT_H
#define HUYANG_API_ACT_H

#include "api/body.h"

/* May this person do this to this alert? An alert that is not theirs is not there. False: the reply is made.
 */
bool act_may(const struct view *view, struct request *request, const struct hash_id *alert,
             enum action_kind kind);
/* The body of an action on the path's alert. `members` begins with `by`, which a session has no use for. */
enum verdict act_on(const struct view *view, struct request *request, enum action_kind kind,
                    const struct member *const *members, struct pending *ret_pending);
bool act_take_by(const char *text, struct pending *pending);
bool act_take_note(const char *text, struct pending *pending);

#endif
