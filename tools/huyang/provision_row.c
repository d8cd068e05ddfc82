/* The registry's side of a lost device: its row is read with its tag and taken out, as a person at the desk
 * would, so that it stands in the row's history and the audit. */
#include <stdio.h>

#include "api_client.h"
#include "provision.h"

enum { TRIES = 3, STATUS_OK = 200, STATUS_ABSENT = 404, STATUS_CHANGED = 412 };

/* The status of the last answer; 0 = none came. */
static int remove_row(const struct api_client *api, const char *path, const char *id)
{
    int status = STATUS_CHANGED;
    /* Somebody may edit the row between the look and the deed. */
    for (int i = 0; i < TRIES && status == STATUS_CHANGED; i++) {
        const struct http_answer *answer = http_call(api->http, path, NULL);
        if (answer->status == STATUS_OK) {
            char tag[HTTP_TAG_SIZE];
            (void)text_copy(tag, sizeof(tag), answer->tag);
            answer = http_delete(api->http, path, tag);
        }
        status = answer->status;
        if (status == STATUS_OK)
            printf("%s: taken out of the registry\n", id);
        else if (status == STATUS_ABSENT)
            printf("%s: not in the registry\n", id);
        else if (status != STATUS_CHANGED || i + 1 == TRIES)
            api_client_complain(api, answer);
    }
    return status;
}

enum err provision_remove_row(const struct provision_options *options, const char *id)
{
    struct api_client api;
    char path[ID_SIZE + 32];
    if (!api_client_open(&api, "huyang provision", options->gateway, options->state_dir, options->token_file))
        return ERR_NOT_FOUND;
    snprintf(path, sizeof(path), "/api/v1/registry/devices/%s", id);
    const int status = remove_row(&api, path, id);
    api_client_close(&api);
    return status == STATUS_OK || status == STATUS_ABSENT ? ERR_OK : ERR_REFUSED;
}
