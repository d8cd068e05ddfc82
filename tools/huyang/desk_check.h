/* Is a message what its sender promises? Pure but for the clock that a signature's age is judged by. */
#ifndef HUYANG_TOOLS_DESK_CHECK_H
#define HUYANG_TOOLS_DESK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "desk_cap.h"

/* One request; everything is borrowed, headers that did not come are "". */
struct desk_message {
    const char *path;
    const struct buf *body;
    const char *id_header, *key_header, *time_header, *signature_header, *authorization;
    const char *query;     /* of the URL, as it came, without the question mark */
    const uint8_t *secret; /* length 0 = signatures are not checked */
    size_t secret_len;
    bool unpersisted;
};
struct desk_checked {
    bool valid;
    char id[80];           /* "" when there is none to be read */
    const char *signature; /* "valid", "none", "bad", "old", "unchecked" */
    struct buf why;        /* why it is not valid */
    struct buf fields;     /* ,"name":"value" … for the record */
    struct desk_cap cap;   /* of a CAP message */
};
void desk_check(const struct desk_message *message, struct desk_checked *ret_checked);
void desk_checked_release(struct desk_checked *checked);

#endif
