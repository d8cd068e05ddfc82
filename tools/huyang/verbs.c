#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include "api_client.h"
#include "columns.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, OPTIONS_MAX = 16, TEXT_MAX_BYTES = 65536 };

struct given {
    const char *name, *value;
};
struct call {
    const struct verbs *verbs;
    struct api_client client;
    struct given given[OPTIONS_MAX];
    unsigned count;
    const char *id, *url, *state_dir, *token_file;
    bool json;
};

static int usage(const struct verbs *verbs, const char *complaint, const char *word)
{
    fprintf(stderr, "%s: %s%s\n`%s --help` explains.\n", verbs->command, complaint, word, verbs->command);
    return EXIT_USAGE;
}

static bool is_option(const struct verbs *verbs, const char *name)
{
    for (const char *const *option = verbs->options; *option != NULL; option++)
        if (strcmp(*option, name) == 0)
            return true;
    return false;
}

/* Where a common option's value goes; NULL: it is not one of them. */
static const char **common(struct call *call, const char *name)
{
    if (strcmp(name, "url") == 0)
        return &call->url;
    if (strcmp(name, "state-dir") == 0)
        return &call->state_dir;
    return strcmp(name, "token-file") == 0 ? &call->token_file : NULL;
}

static int read_words(struct call *call, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--json") == 0) {
            call->json = true;
            continue;
        }
        if (strncmp(word, "--", 2) != 0) {
            if (call->id != NULL)
                return usage(call->verbs, "what is this? ", word);
            call->id = word;
            continue;
        }
        const char **place = common(call, word + 2);
        if (place == NULL && (!is_option(call->verbs, word + 2) || call->count == OPTIONS_MAX))
            return usage(call->verbs, "unknown option ", word);
        if (i + 1 == argc)
            return usage(call->verbs, "a value is missing after ", word);
        if (place == NULL)
            place = &call->given[call->count].value, call->given[call->count++].name = word + 2;
        *place = argv[++i];
    }
    return EXIT_WELL;
}

/* "2026-03-01T09:12:00+08:00" -> "03-01 09:12" */
static void print_cell(const struct json *row, const struct verb_column *column)
{
    const struct json *node = json_get(row, column->member), *inner = NULL;
    const char *text = json_string(node), *kind = "";
    char shown[160] = "";
    size_t iter = 0;
    int64_t number;
    double real;
    bool yes;

    if (text != NULL && strlen(text) >= 19 && text[4] == '-' && text[10] == 'T')
        snprintf(shown, sizeof(shown), "%.5s %.5s", text + 5, text + 11);
    else if (text == NULL && json_integer(node, &number))
        snprintf(shown, sizeof(shown), "%lld", (long long)number);
    else if (text == NULL && json_bool(node, &yes))
        snprintf(shown, sizeof(shown), "%s", yes ? "yes" : "no");
    else if (text == NULL && json_number(node, &real))
        snprintf(shown, sizeof(shown), "%.1f", real);
    else if (text == NULL && node != NULL && json_next(node, &iter, &kind, &inner))
        snprintf(shown, sizeof(shown), "%.20s %.64s", kind,
                 json_string(inner) != NULL ? json_string(inner) : "-");
    columns_print(stdout, text != NULL && shown[0] == '\0' ? text : shown, column->width);
    fputs("  ", stdout);
}

static void print_row(const struct json *row, const struct verb_column *columns)
{
    for (; columns->member != NULL; columns++)
        print_cell(row, columns);
    fputc('\n', stdout);
}

static void print_answer(const struct verb *verb, const struct json *root)
{
    static const struct verb_column event[] = {{"t", 11}, {"kind", 10}, {"by", 12}, {"why", 0}, {NULL, 0}};

    if (verb->list == NULL) {
        columns_print(stdout, api_member(root, "text")[0] != '\0' ? api_member(root, "text") : "committed",
                      0);
        fputc('\n', stdout);
        return;
    }
    const struct json *rows = verb->list[0] != '\0' ? json_get(root, verb->list) : NULL;
    if (rows == NULL)
        print_row(root, verb->columns);
    for (size_t i = 0; i < json_count(rows); i++)
        print_row(json_at(rows, i), verb->columns);
    int64_t beyond;
    if (json_integer(json_get(root, "beyond"), &beyond))
        printf("%lld more that are not listed\n", (long long)beyond);
    const struct json *events = verb->history != NULL ? json_get(root, verb->history) : NULL;
    for (size_t i = 0; i < json_count(events); i++)
        print_row(json_at(events, i), event);
}

static void put_options(const struct call *call, bool posts, struct buf *path, struct buf *body)
{
    for (unsigned i = 0; i < call->count; i++) {
        const char *name = call->given[i].name;
        if (posts) {
            buf_puts(body, body->len == 0 ? "{\"" : ",\"");
            for (const char *c = name; *c != '\0'; c++) /* --interval-s is the member interval_s */
                buf_putc(body, *c == '-' ? '_' : *c);
            buf_puts(body, "\":");
            buf_json_string(body, call->given[i].value);
        } else {
            buf_printf(path, "%c%s=", i == 0 ? '?' : '&', name);
            http_escape(path, call->given[i].value);
        }
    }
    buf_puts(body, body->len == 0 ? "{}" : "}");
}

static int speak(const struct call *call, const struct verb *verb)
{
    struct buf path, body;
    const char *hole = strstr(verb->path, "%s");

    buf_init(&path, TEXT_MAX_BYTES);
    buf_init(&body, TEXT_MAX_BYTES);
    buf_append(&path, verb->path, hole != NULL ? (size_t)(hole - verb->path) : strlen(verb->path));
    if (hole != NULL) {
        http_escape(&path, call->id);
        buf_puts(&path, hole + 2);
    }
    put_options(call, verb->posts, &path, &body);
    struct json *root =
        api_client_fetch(&call->client, buf_text(&path), verb->posts ? buf_text(&body) : NULL, call->json);
    buf_release(&path);
    buf_release(&body);
    if (root == NULL)
        return EXIT_FAILED;
    if (!call->json)
        print_answer(verb, root);
    json_free(root);
    return EXIT_WELL;
}

int verbs_run(const struct verbs *verbs, int argc, char **argv)
{
    struct call call = {.verbs = verbs};
    unsigned which = 0;

    while (argc >= 2 && which < verbs->count && strcmp(verbs->verbs[which].name, argv[1]) != 0)
        which++;
    if (argc < 2 || which == verbs->count)
        return usage(verbs, argc < 2 ? "what shall be done?" : "there is no ", argc < 2 ? "" : argv[1]);
    const struct verb *verb = &verbs->verbs[which];
    int status = read_words(&call, argc, argv);
    if (status != EXIT_WELL)
        return status;
    if ((call.id != NULL) != verb->takes_id)
        return usage(verbs, call.id != NULL ? "what is this? " : "an id is missing after ",
                     call.id != NULL ? call.id : verb->name);
    if (!api_client_open(&call.client, verbs->command, call.url, call.state_dir, call.token_file))
        return EXIT_FAILED;
    status = speak(&call, verb);
    api_client_close(&call.client);
    return status;
}
