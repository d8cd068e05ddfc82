/* The telephones behind the desk's SMS and voice operator, and the people who hold them: who answers, what
 * they press. Each message's fate is reported to the gateway, again until it takes the report, and can be
 * asked for. A thread of its own. */
#ifndef HUYANG_TOOLS_DESK_PHONES_H
#define HUYANG_TOOLS_DESK_PHONES_H

#include "core/buf.h"

/* What a person does with a call. An SMS is delivered unless the telephone is off; lost: nobody ever says. */
#define DESK_PRESS_MAP(X)                                                                                    \
    X(NOTHING, nothing) /* does not answer */                                                                \
    X(ONE, 1)                                                                                                \
    X(TWO, 2)                                                                                                \
    X(LISTENS, listens) /* answers and presses no key */                                                     \
    X(OFF, off)                                                                                              \
    X(LOST, lost)
enum desk_press {
#define X(name, text) DESK_PRESS_##name,
    DESK_PRESS_MAP(X)
#undef X
        DESK_PRESS_COUNT
};
enum desk_press desk_press_from_name(const char *name); /* DESK_PRESS_COUNT when unknown */

struct desk_phones;
MUST_CHECK enum err desk_phones_new(struct desk_phones **ret_phones);
void desk_phones_free(struct desk_phones *phones); /* NULL is fine */
/* "*" = everybody else. ERR_FULL. */
MUST_CHECK enum err desk_phones_set(struct desk_phones *phones, const char *phone, enum desk_press press);
/* Where reports go ("http://127.0.0.1:8460") and the file with their token. ERR_IO. */
MUST_CHECK enum err desk_phones_report_to(struct desk_phones *phones, const char *url,
                                          const char *token_path);
/* A message that was taken and is acted on. `call` = it is read aloud. */
void desk_phones_ring(struct desk_phones *phones, bool call, const char *ref, const char *phone);
/* The operator is asked to take it back; false when it is not known, was answered or is over. */
bool desk_phones_cancel(struct desk_phones *phones, const char *ref);
/* Appends {"ref":…,"status":…,"digits":…}. */
void desk_phones_status(struct desk_phones *phones, const char *ref, struct buf *out);

#endif
