#include "api_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "columns.h"

enum { TOKEN_ROOM = 80 };

const char *api_member(const struct json *object, const char *name)
{
    const char *text = json_string(json_get(object, name));
    return text != NULL ? text : "";
}

bool api_client_read_line(const char *command, const char *file, char *line, size_t size)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, line, size - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (len <= 0) {
        fprintf(stderr, "%s: %s: %s\n", command, file, len == 0 ? "is empty" : strerror(errno));
        return false;
    }
    line[len] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

static bool read_token(const char *command, const char *folder, const char *file, char token[TOKEN_ROOM])
{
    if (file == NULL) {
        enum err err = api_token(folder != NULL ? folder : "./state", token, TOKEN_ROOM);
        if (err != ERR_OK)
            fprintf(stderr,
                    "%s: no token in %s (%s); name the state folder with --state-dir, or a file "
                    "with --token-file\n",
                    command, folder != NULL ? folder : "./state", err_text(err));
        return err == ERR_OK;
    }
    return api_client_read_line(command, file, token, TOKEN_ROOM);
}

bool api_client_open(struct api_client *client, const char *command, const char *url, const char *state_dir,
                     const char *token_file)
{
    char token[TOKEN_ROOM];

    client->command = command;
    if (!read_token(command, state_dir, token_file, token) ||
        http_client_new(url != NULL ? url : "http://127.0.0.1:8460", token, &client->http) != ERR_OK)
        return false;
    const char *authorities = getenv("HUYANG_CA_FILE"); /* for https:// to a certificate of one's own */
    return authorities == NULL || http_client_trust(client->http, authorities) == ERR_OK;
}

void api_client_close(struct api_client *client)
{
    http_client_free(client->http);
}

void api_client_complain(const struct api_client *client, const struct http_answer *answer)
{
    struct json *root = NULL;

    if (answer->status == 0) {
        fprintf(stderr, "%s: no answer from the gateway: %s\n", client->command, answer->error);
        return;
    }
    fprintf(stderr, "%s: the gateway refused (%d): ", client->command, answer->status);
    if (json_parse(buf_text(&answer->body), answer->body.len, &root, NULL) == ERR_OK) {
        const char *place = api_member(root, "place");
        if (place[0] != '\0')
            fprintf(stderr, "%s: ", place);
        columns_print(stderr, api_member(root, "detail"), 0);
    }
    fputc('\n', stderr);
    json_free(root);
}

const struct buf *api_client_body(const struct api_client *client)
{
    return http_body(client->http);
}

struct json *api_client_fetch(const struct api_client *client, const char *path, const char *body, bool raw)
{
    const struct http_answer *answer = http_call(client->http, path, body);
    struct json *root = NULL;

    if (answer->status != 200) {
        api_client_complain(client, answer);
        return NULL;
    }
    if (json_parse(buf_text(&answer->body), answer->body.len, &root, NULL) != ERR_OK) {
        fprintf(stderr, "%s: the answer is not JSON; is this a gateway's address?\n", client->command);
        return NULL;
    }
    if (raw)
        fputs(buf_text(&answer->body), stdout);
    return root;
}
