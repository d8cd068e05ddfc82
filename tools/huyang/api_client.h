/* What the subcommands that speak to a gateway's API share: its token, and an answer or a complaint. */
#ifndef HUYANG_TOOLS_API_CLIENT_H
#define HUYANG_TOOLS_API_CLIENT_H

#include "core/json.h"
#include "http_client.h"

struct api_client {
    struct http_client *http;
    const char *command; /* "huyang alerts", in complaints; static */
};
/* NULL: the default address, the state folder ./state, no token file. False after saying what is wrong. */
bool api_client_open(struct api_client *client, const char *command, const char *url, const char *state_dir,
                     const char *token_file);
/* The first line of a file (a token, a secret), cut to `size` - 1 bytes. False after saying what is wrong. */
bool api_client_read_line(const char *command, const char *file, char *line, size_t size);
void api_client_close(struct api_client *client);
/* Says on standard error why a call failed. */
void api_client_complain(const struct api_client *client, const struct http_answer *answer);
/* The parsed answer of a good call (GET when `body` is NULL), NULL after saying what went wrong. `raw` prints
 * it as it came. Free with json_free. */
struct json *api_client_fetch(const struct api_client *client, const char *path, const char *body, bool raw);
/* The text of the answer that api_client_fetch parsed last, good until its next call. */
const struct buf *api_client_body(const struct api_client *client);
/* A text member, "" when there is none. */
const char *api_member(const struct json *object, const char *name);

#endif
