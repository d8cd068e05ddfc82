/* The device ids of a CSV file, checked whole before anything is issued. One column must be named `id`;
 * others are passed over, so that the registry's own devices.csv will do. */
#ifndef HUYANG_TOOLS_PROVISION_LIST_H
#define HUYANG_TOOLS_PROVISION_LIST_H

#include "provision_index.h"

enum { PROVISION_LIST_MAX = 1 << 20, PROVISION_LIST_FAULTS_MAX = 50 };

struct provision_row {
    const char *id; /* in the list's text */
    uint32_t line;
};
struct provision_list {
    struct provision_row *rows; /* in the file's order, no id twice */
    uint32_t count, cap;
    struct buf text;
};

/* ERR_INVALID: something in the file is wrong; every fault (at most 50) is told on standard error as
 * FILE:LINE: column N: reason. A device whose certificate was revoked or has expired is one: `rotate` is the
 * way back. */
MUST_CHECK enum err provision_list_read(const char *path, const struct index *index, int64_t now_s,
                                        struct provision_list *ret_list);
void provision_list_free(struct provision_list *list);

#endif
