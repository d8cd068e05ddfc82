/* huyang roster: who is on duty, and what people change about it, through the gateway's API. */
#include <stdio.h>
#include <string.h>

#include "api_words.h"
#include "columns.h"
#include "command.h"
#include "core/buf.h"

static const char help[] =
    "usage: huyang roster oncall [--at TIME]\n"
    "       huyang roster show NAME [--at TIME] [--days N]\n"
    "       huyang roster override NAME --by WHO --note WHY --to ID --from TIME --until TIME [--instead ID]\n"
    "       huyang roster swap NAME --by WHO --note WHY --to ID --instead ID --from TIME --until TIME\n"
    "                              --back-from TIME --back-until TIME\n"
    "       huyang roster cancel CHANGE --by WHO\n"
    "\n"
    "Rosters stand in the configuration (`rosters:`; `huyang config show` explains the keys, `huyang policy "
    "check`\n"
    "finds their gaps). `oncall` says for each who is on now, who comes next and when nobody would be on; "
    "`show`\n"
    "lists the shifts of some days (14) and the changes. With `override` somebody stands in: for one person, "
    "or\n"
    "without --instead for whoever is on. With `swap` ID stands in for the other in one stretch, and the "
    "other\n"
    "for ID in the second. Times are ISO 8601 with an offset. A change is told by its id, which `show` "
    "prints;\n"
    "`cancel` takes it back, a swap with both its halves.\n"
    "\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang roster oncall\n"
    "  huyang roster override county-night --by wang --note '李请假' --to d-0003 --instead d-0002 \\\n"
    "      --from 2026-03-03T20:00:00+08:00 --until 2026-03-04T08:00:00+08:00\n"
    "  huyang roster show county-night --days 7\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const char *const options[] = {"by",      "note",      "from",       "until", "to",
                                      "instead", "back-from", "back-until", "at",    "days",
                                      "url",     "state-dir", "token-file"};
enum { MEMBERS = 10, AT = 8, DAYS = 9 };

static void print_people(const struct json *people)
{
    if (json_count(people) == 0)
        fputs("nobody", stdout);
    for (size_t i = 0; i < json_count(people); i++) {
        const struct json *person = json_at(people, i);
        const char *name = api_member(person, "name");
        printf("%s%s ", i ? ", " : "", api_member(person, "id"));
        columns_print(stdout, *name ? name : "(not in the registry)", 0);
    }
}

static void print_head(const struct json *roster)
{
    const struct json *gap = json_get(roster, "gap");
    columns_print(stdout, api_member(roster, "name"), 20);
    fputs("  now ", stdout);
    print_people(json_get(roster, "on"));
    if (*api_member(roster, "next_from")) {
        printf("; from %s ", api_member(roster, "next_from"));
        print_people(json_get(roster, "next"));
    }
    if (gap != NULL)
        printf("; nobody from %s until %s%s", api_member(gap, "from"), api_member(gap, "until"),
               strcmp(api_member(roster, "gaps"), "meant") == 0 ? " (meant)" : "");
    fputc('\n', stdout);
}

static void print_whole(const struct json *roster)
{
    const struct json *shifts = json_get(roster, "shifts"), *changes = json_get(roster, "changes");
    print_head(roster);
    for (size_t i = 0; i < json_count(shifts); i++) {
        const struct json *shift = json_at(shifts, i);
        printf("%s  %s  ", api_member(shift, "from"), api_member(shift, "until"));
        print_people(json_get(shift, "on"));
        fputc('\n', stdout);
    }
    for (size_t i = 0; i < json_count(changes); i++) {
        const struct json *change = json_at(changes, i);
        const char *instead = api_member(change, "instead");
        printf("%s  %s  %s  %s for %s, by %s: ", api_member(change, "id"), api_member(change, "from"),
               api_member(change, "until"), api_member(change, "to"), *instead ? instead : "whoever is on",
               api_member(change, "by"));
        columns_print(stdout, api_member(change, "note"), 0);
        if (*api_member(change, "cancelled"))
            printf(" (cancelled by %s)", api_member(change, "cancelled_by"));
        fputc('\n', stdout);
    }
}

static void put_query(struct buf *path, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(path, "%c%s=", strchr(buf_text(path), '?') ? '&' : '?', name);
    http_escape(path, value);
}

static int look(const struct api_words *words)
{
    struct buf path;
    buf_init(&path, 1000);
    buf_puts(&path, "/api/v1/rosters");
    if (words->plain != NULL)
        buf_printf(&path, "/%.64s", words->plain);
    put_query(&path, "at", words->values[AT]);
    put_query(&path, "days", words->values[DAYS]);
    struct json *root = api_client_fetch(&words->client, buf_text(&path), NULL, words->json);
    buf_release(&path);
    if (root == NULL)
        return EXIT_FAILED;
    const struct json *rosters = json_get(root, "rosters");
    if (!words->json && words->plain != NULL)
        print_whole(root);
    for (size_t i = 0; !words->json && i < json_count(rosters); i++)
        print_head(json_at(rosters, i));
    json_free(root);
    return EXIT_WELL;
}

static int run_verb(const struct api_words *words, const char *verb)
{
    char path[128];
    if (strcmp(verb, "oncall") == 0 || strcmp(verb, "show") == 0)
        return look(words);
    if (strcmp(verb, "cancel") == 0)
        snprintf(path, sizeof path, "/api/v1/roster-changes/%.64s/cancel", words->plain);
    else
        snprintf(path, sizeof path, "/api/v1/rosters/%.64s/%s", words->plain, verb);
    return api_words_act(words, path);
}

static int run(int argc, char **argv)
{
    static const char *const verbs[] = {"oncall", "show", "override", "swap", "cancel"};
    enum { VERBS = sizeof verbs / sizeof *verbs };
    struct api_words words = {.command = "roster", .options = options, .members = MEMBERS};
    size_t verb = 0;
    while (argc >= 2 && verb < VERBS && strcmp(verbs[verb], argv[1]) != 0)
        verb++;
    if (argc < 2 || verb == VERBS)
        return api_words_usage(&words, "oncall, show, override, swap or cancel is expected", "");
    int status = api_words_read(&words, argc, argv, verb != 0, verb == 4 ? "which change?" : "which roster?");
    if (status != EXIT_WELL)
        return status;
    if (!api_words_open(&words))
        return EXIT_FAILED;
    status = run_verb(&words, argv[1]);
    api_client_close(&words.client);
    return status;
}

const struct command cmd_roster = {
    .name = "roster", .summary = "who is on duty now and next; stand in, swap", .help = help, .run = run};
