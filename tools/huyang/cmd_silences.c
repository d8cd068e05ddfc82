/* huyang silences: what people asked not to be told for a while, and what was held back. Through the
 * gateway's API, so that each is an input of the fold like any other action. */
#include <stdio.h>
#include <string.h>

#include "api_words.h"
#include "columns.h"
#include "command.h"

static const char help[] =
    "usage: huyang silences list | ledger\n"
    "       huyang silences add --by WHO --note WHY --until TIME\n"
    "                           --resident ID | --household ID | --territory CODE | --device ID  [--family "
    "F]\n"
    "       huyang silences remove SILENCE --by WHO\n"
    "\n"
    "A silence holds back notifications, prompts and tasks of one person, home, device or territory below "
    "the\n"
    "county, of one family or of all, until TIME (ISO 8601 with offset, at most 30 days ahead). The alerts\n"
    "themselves open and are listed as ever. Red alerts, the emergency family, the call that verifies before "
    "the\n"
    "police, and what the police send back are never held back. What was held back is not sent afterwards; "
    "`ledger`\n"
    "lists each with its rule, its author and the reason.\n"
    "\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang silences add --by wang --note '村里办喜事' --territory 330402100200 --family visitor \\\n"
    "      --until 2026-03-03T22:00:00+08:00\n"
    "  huyang silences list\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const char *const options[] = {"by",     "note",   "until", "resident",  "household", "territory",
                                      "device", "family", "url",   "state-dir", "token-file"};
enum { MEMBERS = 8 };

static void print_cell(const struct json *row, const char *name, unsigned width)
{
    columns_print(stdout, api_member(row, name), width);
    fputs("  ", stdout);
}

static void print_silence(const struct json *row)
{
    static const char *const subjects[] = {"resident", "household", "territory", "device"};
    print_cell(row, "id", 32);
    print_cell(row, "until", 25);
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (*api_member(row, subjects[i]))
            print_cell(row, subjects[i], 16);
    }
    columns_print(stdout, *api_member(row, "family") ? api_member(row, "family") : "all", 10);
    fputs("  ", stdout);
    print_cell(row, "by", 12);
    columns_print(stdout, api_member(row, "note"), 0);
    if (*api_member(row, "removed"))
        printf(" (removed by %s)", api_member(row, "removed_by"));
    fputc('\n', stdout);
}

static void print_suppression(const struct json *row)
{
    print_cell(row, "t", 25);
    print_cell(row, "alert", 8);
    print_cell(row, "level", 6);
    print_cell(row, "kind", 6);
    columns_print(stdout, *api_member(row, "who") ? api_member(row, "who") : api_member(row, "role"), 14);
    fputs("  ", stdout);
    print_cell(row, "what", 18);
    print_cell(row, "rule", 17);
    print_cell(row, "by", 12);
    columns_print(stdout, api_member(row, "note"), 0);
    fputc('\n', stdout);
}

static int run_verb(const struct api_words *words, const char *verb)
{
    char path[128];
    if (strcmp(verb, "list") == 0)
        return api_words_list(words, "silences", print_silence);
    if (strcmp(verb, "ledger") == 0)
        return api_words_list(words, "suppressions", print_suppression);
    if (strcmp(verb, "add") == 0)
        return api_words_act(words, "/api/v1/silences/add");
    snprintf(path, sizeof path, "/api/v1/silences/%.64s/remove", words->plain);
    return api_words_act(words, path);
}

static int run(int argc, char **argv)
{
    static const char *const verbs[] = {"list", "ledger", "add", "remove"};
    struct api_words words = {.command = "silences", .options = options, .members = MEMBERS};
    size_t verb = 0;
    while (argc >= 2 && verb < 4 && strcmp(verbs[verb], argv[1]) != 0)
        verb++;
    if (argc < 2 || verb == 4)
        return api_words_usage(&words, "list, ledger, add or remove is expected", "");
    int status = api_words_read(&words, argc, argv, strcmp(argv[1], "remove") == 0, "which silence?");
    if (status != EXIT_WELL)
        return status;
    if (!api_words_open(&words))
        return EXIT_FAILED;
    status = run_verb(&words, argv[1]);
    api_client_close(&words.client);
    return status;
}

const struct command cmd_silences = {.name = "silences",
                                     .summary = "hold back notifications for a while; what was held back",
                                     .help = help,
                                     .run = run};
