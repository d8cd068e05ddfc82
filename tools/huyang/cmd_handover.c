/* huyang handover: one shift hands over to the next, by two signatures, through the gateway's API. */
#include <stdio.h>
#include <string.h>

#include "api_words.h"
#include "columns.h"
#include "command.h"

static const char help[] =
    "usage: huyang handover list\n"
    "       huyang handover show HANDOVER\n"
    "       huyang handover begin --by WHO --to WHO [--note TEXT] --roster NAME [--until TIME]\n"
    "       huyang handover begin --by WHO --to WHO [--note TEXT] --role ROLE [--territory CODE] --until "
    "TIME\n"
    "       huyang handover sign HANDOVER --by WHO --list N [--note TEXT]\n"
    "\n"
    "Who goes off begins it and names who comes on: for a roster of the configuration, or for a role "
    "(grid_worker,\n"
    "town_desk, county_desk, police_desk) in a territory. `show` says what is handed over: open alerts and "
    "tasks,\n"
    "silences, residents who are away, in hospital or paused. Who comes on signs the list they saw, by its "
    "number;\n"
    "when more has come since, a new list is made instead: look again, and sign that. --until is the shift's "
    "end\n"
    "(of a roster its next turn). What is not signed by then keeps the outgoing shift on call, and the "
    "town's "
    "desk\n"
    "is told; then anybody but who began it may sign.\n"
    "\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang handover begin --by wang --to li --roster county-night --note '河湾村停电'\n"
    "  huyang handover sign 0123456789abcdef0123456789abcdef --by li --list 1\n"
    "\n"
    "exit status: 0 well, 1 failed, refused, or more has come since, 2 wrong usage\n";

static const char *const options[] = {"by",    "to",   "note", "roster",    "role",      "territory",
                                      "until", "list", "url",  "state-dir", "token-file"};
enum { MEMBERS = 8 };

static void print_cell(const struct json *row, const char *name, unsigned width)
{
    columns_print(stdout, api_member(row, name), width);
    fputs("  ", stdout);
}

static long long number_of(const struct json *row, const char *name)
{
    int64_t value = 0;
    (void)json_integer(json_get(row, name), &value);
    return (long long)value;
}

static void print_handover(const struct json *row)
{
    const struct json *counts = json_get(row, "counts");
    const char *roster = api_member(row, "roster");
    print_cell(row, "id", 32);
    print_cell(row, "state", 8);
    print_cell(row, "due", 25);
    columns_print(stdout, *roster ? roster : api_member(row, "role"), 14);
    fputs("  ", stdout);
    print_cell(row, "territory", 12);
    columns_print(stdout, api_member(row, "from"), 0);
    fputs(" -> ", stdout);
    columns_print(stdout,
                  *api_member(row, "signed_by") ? api_member(row, "signed_by") : api_member(row, "to"), 0);
    printf("  list %lld: %lld alerts, %lld tasks, %lld silences, %lld statuses\n", number_of(row, "list"),
           number_of(counts, "alerts"), number_of(counts, "tasks"), number_of(counts, "silences"),
           number_of(counts, "statuses"));
}

/* One line for each: what is new since the list before is marked with *. */
static void print_items(const struct json *root, const char *name, const char *came,
                        const char *const members[4])
{
    const struct json *rows = json_get(root, name);
    const char *since = api_member(root, "since");
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_at(rows, i);
        const bool is_new = *since && came != NULL && strcmp(api_member(row, came), since) >= 0;
        printf("%s %-8s  ", is_new ? "*" : " ", name);
        for (unsigned k = 0; k < 4 && members[k] != NULL; k++)
            print_cell(row, members[k], k == 0 ? 32 : 10);
        fputc('\n', stdout);
    }
}

static void print_whole(const struct json *root)
{
    const struct json *history = json_get(root, "history");
    print_handover(root);
    print_items(root, "alerts", "changed", (const char *const[]){"id", "level", "family", "acknowledged_by"});
    print_items(root, "tasks", "opened", (const char *const[]){"id", "task", "state", "assignee"});
    print_items(root, "silences", "t", (const char *const[]){"id", "by", "note", NULL});
    print_items(root, "statuses", NULL, (const char *const[]){"resident", "status", "until", NULL});
    for (size_t i = 0; i < json_count(history); i++) {
        const struct json *event = json_at(history, i);
        print_cell(event, "t", 25);
        print_cell(event, "kind", 8);
        print_cell(event, "by", 12);
        columns_print(stdout, api_member(event, "why"), 0);
        fputc('\n', stdout);
    }
}

/* `wanted`: print only when it is in this state, "" = in any; else say that there is more. */
static int look(const struct api_words *words, const char *wanted)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/handovers/%.64s", words->plain);
    struct json *root = api_client_fetch(&words->client, path, NULL, words->json);
    if (root == NULL)
        return EXIT_FAILED;
    const bool fits = !*wanted || strcmp(api_member(root, "state"), wanted) == 0;
    if (!words->json && (!*wanted || !fits))
        print_whole(root);
    if (!fits)
        fprintf(stderr,
                "huyang handover: more has come since; look at what is marked with * and sign list %lld\n",
                number_of(root, "list"));
    json_free(root);
    return fits ? EXIT_WELL : EXIT_FAILED;
}

static int run_verb(const struct api_words *words, const char *verb)
{
    char path[128];
    if (strcmp(verb, "list") == 0)
        return api_words_list(words, "handovers", print_handover);
    if (strcmp(verb, "show") == 0)
        return look(words, "");
    if (strcmp(verb, "begin") == 0)
        return api_words_act(words, "/api/v1/handovers/begin");
    snprintf(path, sizeof path, "/api/v1/handovers/%.64s/sign", words->plain);
    const int status = api_words_act(words, path);
    return status == EXIT_WELL ? look(words, "signed") : status;
}

static int run(int argc, char **argv)
{
    static const char *const verbs[] = {"list", "begin", "show", "sign"};
    enum { VERBS = sizeof verbs / sizeof *verbs, WITH_ID = 2 };
    struct api_words words = {.command = "handover", .options = options, .members = MEMBERS};
    size_t verb = 0;
    while (argc >= 2 && verb < VERBS && strcmp(verbs[verb], argv[1]) != 0)
        verb++;
    if (argc < 2 || verb == VERBS)
        return api_words_usage(&words, "list, show, begin or sign is expected", "");
    int status = api_words_read(&words, argc, argv, verb >= WITH_ID, "which handover?");
    if (status != EXIT_WELL)
        return status;
    if (!api_words_open(&words))
        return EXIT_FAILED;
    status = run_verb(&words, argv[1]);
    api_client_close(&words.client);
    return status;
}

const struct command cmd_handover = {.name = "handover",
                                     .summary = "one shift hands over to the next, by two signatures",
                                     .help = help,
                                     .run = run};
