/* huyang campaign: a prompt to many, and who heard it. Through the gateway's API, so that each is an input of
 * the fold like any other action. */
#include <stdio.h>
#include <string.h>

#include "api_client.h"
#include "columns.h"
#include "command.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, BODY_MAX_BYTES = 65536 };

static const char help[] =
    "usage: huyang campaign create --by WHO --prompt ID --start TIME --end TIME --per-minute N\n"
    "                              [--category C] [--territory CODE] [--residents 'ID ID …'] [--note TEXT]\n"
    "       huyang campaign list\n"
    "       huyang campaign show CAMPAIGN\n"
    "       huyang campaign cancel CAMPAIGN --by WHO [--note TEXT]\n"
    "\n"
    "Says a prompt of the catalogue to everybody of a category, in a territory or on a list (all that are "
    "given must\n"
    "fit), N devices a minute, from START on and never after END (ISO 8601 with offset, at most 30 days "
    "ahead).\n"
    "Nothing is said in quiet hours, to who did not agree to be spoken to, has died, or is away, and nobody "
    "hears\n"
    "more prompts a day than prompts.daily_max; who has heard enough today has another turn tomorrow. `show` "
    "counts\n"
    "people, not messages: heard means that a device of theirs has said it. `cancel` also takes back what is "
    "on its\n"
    "way.\n"
    "\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang campaign create --by d-0001 --prompt anti-fraud-line --territory 330402100200 --per-minute 30 "
    "\\\n"
    "      --start 2026-03-03T09:00:00+08:00 --end 2026-03-03T18:00:00+08:00\n"
    "  huyang campaign show 5f0c0a4be2c64b3f9f0d7a3c1b2d4e6f\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

/* What goes into the body of an order comes first. */
enum {
    BY,
    NOTE,
    PROMPT,
    START,
    END,
    PER_MINUTE,
    CATEGORY,
    TERRITORY,
    RESIDENTS,
    MEMBERS,
    URL = MEMBERS,
    STATE_DIR,
    TOKEN_FILE,
    OPTIONS
};
static const char *const options[OPTIONS] = {"by",        "note",       "prompt",    "start",
                                             "end",       "per-minute", "category",  "territory",
                                             "residents", "url",        "state-dir", "token-file"};
struct call {
    struct api_client client;
    const char *values[OPTIONS], *plain;
    bool json;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang campaign: %s%s\n`huyang campaign --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static int read_words(struct call *call, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        size_t k = 0;
        if (strcmp(word, "--json") == 0) {
            call->json = true;
            continue;
        }
        if (strncmp(word, "--", 2) != 0) {
            if (call->plain != NULL)
                return usage("what is this? ", word);
            call->plain = word;
            continue;
        }
        while (k < OPTIONS && strcmp(options[k], word + 2) != 0)
            k++;
        if (k == OPTIONS)
            return usage("unknown option ", word);
        if (i + 1 == argc)
            return usage("a value is missing after ", word);
        call->values[k] = argv[++i];
    }
    return EXIT_WELL;
}

static void print_campaign(const struct json *row)
{
    const struct json *people = json_get(row, "people"), *count;
    const char *state;
    size_t at = 0;
    columns_print(stdout, api_member(row, "id"), 32);
    fputs("  ", stdout);
    columns_print(stdout, api_member(row, "state"), 9);
    fputs("  ", stdout);
    columns_print(stdout, api_member(row, "prompt"), 20);
    printf("  %s – %s", api_member(row, "start"), api_member(row, "end"));
    while (json_next(people, &at, &state, &count)) {
        int64_t number = 0;
        (void)json_integer(count, &number);
        printf("  %s %lld", state, (long long)number);
    }
    fputs("  ", stdout);
    columns_print(stdout, api_member(row, "note"), 0);
    fputc('\n', stdout);
}

static int look(const struct call *call, const char *path)
{
    struct json *root = api_client_fetch(&call->client, path, NULL, call->json);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *rows = json_get(root, "campaigns"), *reached = json_get(root, "reached");
    for (size_t i = 0; !call->json && i < json_count(rows); i++)
        print_campaign(json_at(rows, i));
    if (!call->json && rows == NULL)
        print_campaign(root);
    for (size_t i = 0; !call->json && i < json_count(reached); i++) {
        const struct json *person = json_at(reached, i);
        columns_print(stdout, api_member(person, "resident"), 16);
        fputs("  ", stdout);
        columns_print(stdout, api_member(person, "state"), 11);
        printf("  %s\n", api_member(person, "t"));
    }
    json_free(root);
    return EXIT_WELL;
}

static int act(const struct call *call, const char *path)
{
    struct buf body;
    buf_init(&body, BODY_MAX_BYTES);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (call->values[i] == NULL)
            continue;
        buf_printf(&body, "%s\"%s\":", body.len == 0 ? "{" : ",",
                   i == PER_MINUTE ? "per_minute" : options[i]);
        buf_json_string(&body, call->values[i]);
    }
    buf_puts(&body, body.len == 0 ? "{}" : "}");
    struct json *root = api_client_fetch(&call->client, path, buf_text(&body), call->json);
    buf_release(&body);
    if (root == NULL)
        return EXIT_FAILED;
    json_free(root);
    return EXIT_WELL;
}

static int run(int argc, char **argv)
{
    static const char *const verbs[] = {"create", "list", "show", "cancel"};
    enum { CREATE, LIST, SHOW, CANCEL, VERBS };
    struct call call = {.plain = NULL};
    char path[128] = "/api/v1/campaigns";
    unsigned verb = 0;
    while (argc >= 2 && verb < VERBS && strcmp(verbs[verb], argv[1]) != 0)
        verb++;
    if (argc < 2 || verb == VERBS)
        return usage("create, list, show or cancel is expected", "");
    int status = read_words(&call, argc, argv);
    if (status != EXIT_WELL)
        return status;
    if ((call.plain != NULL) != (verb >= SHOW))
        return usage(call.plain != NULL ? "what is this? " : "which campaign?",
                     call.plain != NULL ? call.plain : "");
    if (verb == CREATE)
        snprintf(path, sizeof path, "/api/v1/campaigns/add");
    else if (verb != LIST)
        snprintf(path, sizeof path, "/api/v1/campaigns/%.64s%s", call.plain, verb == CANCEL ? "/cancel" : "");
    if (!api_client_open(&call.client, "huyang campaign", call.values[URL], call.values[STATE_DIR],
                         call.values[TOKEN_FILE]))
        return EXIT_FAILED;
    status = verb == LIST || verb == SHOW ? look(&call, path) : act(&call, path);
    api_client_close(&call.client);
    return status;
}

const struct command cmd_campaign = {
    .name = "campaign", .summary = "a prompt to many people, and who heard it", .help = help, .run = run};
