#include "cmd_registry_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "core/json.h"
#include "http_client.h"
#include "registry_offline.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, TOKEN_ROOM = 80, BODY_MAX = 16384, HTTP_OK = 200 };

enum { HTTP_REFUSED = 422, HTTP_BUSY = 503, HTTP_LATE = 504 };

struct words {
    const char *url, *state_dir, *token_file, *config, *folder;
    bool offline, running; /* options of one kind or the other were given */
};

static int usage(const char *complaint)
{
    fprintf(stderr, "huyang registry import: %s\n`huyang registry --help` explains.\n", complaint);
    return EXIT_USAGE;
}

static bool read_words(struct words *words, int argc, char **argv)
{
    *words = (struct words){.url = "http://127.0.0.1:8460", .state_dir = "./state"};
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--url") == 0          ? &words->url
                             : strcmp(argv[i], "--state-dir") == 0  ? &words->state_dir
                             : strcmp(argv[i], "--token-file") == 0 ? &words->token_file
                             : strcmp(argv[i], "--config") == 0     ? &words->config
                                                                    : NULL;
        if (strcmp(argv[i], "--offline") == 0) {
            words->offline = true;
        } else if (value != NULL && i + 1 < argc) {
            words->running |= value != &words->config;
            *value = argv[++i];
        } else if (value != NULL || argv[i][0] == '-' || words->folder != NULL) {
            return false;
        } else {
            words->folder = argv[i];
        }
    }
    return words->folder != NULL;
}

static bool read_token(const struct words *words, char token[TOKEN_ROOM])
{
    if (words->token_file == NULL) {
        const enum err err = api_token(words->state_dir, token, TOKEN_ROOM);
        if (err != ERR_OK)
            fprintf(stderr,
                    "huyang registry import: no token in %s (%s); name the gateway's state folder with "
                    "--state-dir, or a file with --token-file\n",
                    words->state_dir, err_text(err));
        return err == ERR_OK;
    }
    const int fd = open(words->token_file, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd >= 0 ? read(fd, token, TOKEN_ROOM - 1) : -1;
    if (len <= 0)
        fprintf(stderr, "huyang registry import: %s: %s\n", words->token_file,
                len == 0 ? "is empty" : strerror(errno));
    if (fd >= 0)
        close(fd);
    if (len <= 0)
        return false;
    token[len] = '\0';
    token[strcspn(token, "\r\n ")] = '\0';
    return true;
}

/* The member of the answer that is meant for people, or the answer as it came. */
static void print_answer(FILE *to, const struct http_answer *answer, const char *member)
{
    struct json *root = NULL;
    struct json_error error;
    const char *text = NULL;
    if (json_parse(buf_text(&answer->body), answer->body.len, &root, &error) == ERR_OK)
        text = json_string(json_get(root, member));
    fprintf(to, "%s\n", text != NULL ? text : buf_text(&answer->body));
    json_free(root);
}

static int judge(const struct http_answer *answer, const struct words *words)
{
    if (answer->status == HTTP_OK) {
        printf("%s: ", words->folder);
        print_answer(stdout, answer, "text");
        return EXIT_WELL;
    }
    if (answer->status == 0) {
        fprintf(stderr, "huyang registry import: no answer from %s: %s\n", words->url, answer->error);
        return EXIT_FAILED;
    }
    print_answer(stderr, answer, "detail");
    switch (answer->status) {
    case HTTP_REFUSED:
        fputs("Nothing was imported; `huyang registry check` lists every error.\n", stderr);
        return EXIT_USAGE;
    case HTTP_BUSY: fputs("Nothing was imported; try again.\n", stderr); return EXIT_FAILED;
    case HTTP_LATE:
        fputs("The gateway is still at it; its log tells when the new registry is in force.\n", stderr);
        return EXIT_FAILED;
    default: fprintf(stderr, "HTTP %d\n", answer->status); return EXIT_FAILED;
    }
}

int registry_import(int argc, char **argv)
{
    struct words words;
    char token[TOKEN_ROOM];
    if (!read_words(&words, argc, argv))
        return usage("one folder is expected");
    if (words.offline != (words.config != NULL) || (words.offline && words.running))
        return usage("--offline goes with --config, and both without the others");
    if (words.offline)
        return registry_import_offline(words.config, words.folder);
    /* The gateway reads the folder itself, from wherever it was started. */
    char *path = realpath(words.folder, NULL);
    if (path == NULL) {
        fprintf(stderr, "huyang registry import: %s: %s\n", words.folder, strerror(errno));
        return EXIT_USAGE;
    }
    int status = EXIT_FAILED;
    struct http_client *client = NULL;
    struct buf body;
    buf_init(&body, BODY_MAX);
    buf_puts(&body, "{\"folder\":");
    buf_json_string(&body, path);
    buf_putc(&body, '}');
    if (read_token(&words, token) && http_client_new(words.url, token, &client) == ERR_OK)
        status = judge(http_call(client, "/api/v1/registry/import", buf_text(&body)), &words);
    http_client_free(client);
    buf_release(&body);
    free(path);
    return status;
}
