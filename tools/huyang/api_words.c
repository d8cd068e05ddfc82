#include "api_words.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/json.h"

enum { BODY_MAX_BYTES = 65536, ENDS = 3 };

int api_words_usage(const struct api_words *words, const char *complaint, const char *word)
{
    fprintf(stderr, "huyang %s: %s%s\n`huyang %s --help` explains.\n", words->command, complaint, word,
            words->command);
    return EXIT_USAGE;
}

int api_words_read(struct api_words *words, int argc, char **argv, bool takes_plain, const char *what)
{
    const size_t options = words->members + ENDS;
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        size_t k = 0;
        if (strcmp(word, "--json") == 0) {
            words->json = true;
            continue;
        }
        if (strncmp(word, "--", 2) != 0) {
            if (words->plain != NULL || !takes_plain)
                return api_words_usage(words, "what is this? ", word);
            words->plain = word;
            continue;
        }
        while (k < options && strcmp(words->options[k], word + 2) != 0)
            k++;
        if (k == options)
            return api_words_usage(words, "unknown option ", word);
        if (i + 1 == argc)
            return api_words_usage(words, "a value is missing after ", word);
        words->values[k] = argv[++i];
    }
    return takes_plain && words->plain == NULL ? api_words_usage(words, what, "") : EXIT_WELL;
}

bool api_words_open(struct api_words *words)
{
    const char *const *ends = words->values + words->members; /* url, state-dir, token-file */
    char name[40];
    snprintf(name, sizeof name, "huyang %s", words->command);
    return api_client_open(&words->client, name, ends[0], ends[1], ends[2]);
}

int api_words_list(const struct api_words *words, const char *name, void (*print)(const struct json *row))
{
    char path[64];
    snprintf(path, sizeof path, "/api/v1/%s", name);
    struct json *root = api_client_fetch(&words->client, path, NULL, words->json);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *rows = json_get(root, name);
    for (size_t i = 0; !words->json && i < json_count(rows); i++)
        print(json_at(rows, i));
    json_free(root);
    return EXIT_WELL;
}

int api_words_act(const struct api_words *words, const char *path)
{
    struct buf body;
    buf_init(&body, BODY_MAX_BYTES);
    for (size_t i = 0; i < words->members; i++) {
        if (words->values[i] == NULL)
            continue;
        buf_puts(&body, body.len == 0 ? "{\"" : ",\"");
        for (const char *name = words->options[i]; *name; name++)
            buf_putc(&body, *name == '-' ? '_' : *name);
        buf_puts(&body, "\":");
        buf_json_string(&body, words->values[i]);
    }
    buf_puts(&body, body.len == 0 ? "{}" : "}");
    struct json *root = api_client_fetch(&words->client, path, buf_text(&body), words->json);
    buf_release(&body);
    if (root == NULL)
        return EXIT_FAILED;
    json_free(root);
    return EXIT_WELL;
}
