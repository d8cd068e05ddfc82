/* What the desk's look-alikes of operators and robots take, as strictly as the real ones, and what they
 * answer. Pure but for the clock that a signature's age is judged by.
 *
 *  /sms, /voice   {"to","content","ref"} as JSON or form, Authorization: Bearer SECRET
 *  /wecom         a text message, ?key=SECRET
 *  /dingtalk      a text message, ?access_token=…&timestamp=…&sign=… with SECRET
 *  /              ntfy's JSON, Authorization: Bearer SECRET */
#ifndef HUYANG_TOOLS_DESK_PEOPLE_H
#define HUYANG_TOOLS_DESK_PEOPLE_H

#include "desk_check.h"

/* Is the path one of them? */
bool desk_people_is(const char *path);
/* A message is called off: the checked field "ref" says which. */
bool desk_people_cancels(const char *path);
/* Fills valid, id, signature, why and fields; `phone` gets the number of an SMS or call. */
void desk_people_check(const struct desk_message *message, struct desk_checked *checked);
/* The body of the answer. */
void desk_people_answer(const char *path, bool accepted, const char *id, struct buf *out);

#endif
