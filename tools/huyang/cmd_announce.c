/* huyang announce: visits and events that the desk knows of beforehand. Through the gateway's API, so that
 * each is an input of the fold like any other action. */
#include <stdio.h>
#include <string.h>

#include "api_words.h"
#include "columns.h"
#include "command.h"

static const char help[] =
    "usage: huyang announce list\n"
    "       huyang announce add --by WHO --announced KIND --territory CODE --from TIME --until TIME [--note "
    "WHAT]\n"
    "       huyang announce cancel ANNOUNCEMENT --by WHO\n"
    "\n"
    "Somebody will come round, or there is an event: KIND is census, pension_check, gas_safety, free_clinic, "
    "ceremony\n"
    "(红白事), meeting or fair. For visits that come to homes of the territory (below the county) within "
    "those hours "
    "(at\n"
    "most 15 days) an unknown person indoors, and many homes visited in a village, are told one level lower, "
    "and the "
    "alert\n"
    "says why. An unknown person who stays indoors for 15 minutes is told as ever; leaving with the resident "
    "and the "
    "way\n"
    "to the bank are not touched. What the registry's announcements.csv announces is not listed here.\n"
    "\n"
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE  a file that holds the token instead\n"
    "  --json             the API's answer as it came\n"
    "\n"
    "examples:\n"
    "  huyang announce add --by wang --announced gas_safety --territory 330402100200 \\\n"
    "      --from 2026-03-03T08:00:00+08:00 --until 2026-03-03T18:00:00+08:00 --note '燃气公司入户安检'\n"
    "  huyang announce list\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const char *const options[] = {"by",    "note", "announced", "territory", "from",
                                      "until", "url",  "state-dir", "token-file"};
enum { MEMBERS = 6 };

static void print_announcement(const struct json *row)
{
    static const struct {
        const char *name;
        unsigned width;
    } cells[] = {{"id", 32}, {"from", 25}, {"until", 25}, {"territory", 16}, {"announced", 13}, {"by", 12}};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        columns_print(stdout, api_member(row, cells[i].name), cells[i].width);
        fputs("  ", stdout);
    }
    columns_print(stdout, api_member(row, "note"), 0);
    if (*api_member(row, "cancelled"))
        printf(" (cancelled by %s)", api_member(row, "cancelled_by"));
    fputc('\n', stdout);
}

static int run(int argc, char **argv)
{
    struct api_words words = {.command = "announce", .options = options, .members = MEMBERS};
    const char *verb = argc >= 2 ? argv[1] : "";
    const bool lists = strcmp(verb, "list") == 0, cancels = strcmp(verb, "cancel") == 0;
    if (!lists && !cancels && strcmp(verb, "add") != 0)
        return api_words_usage(&words, "list, add or cancel is expected", "");
    int status = api_words_read(&words, argc, argv, cancels, "which announcement?");
    if (status != EXIT_WELL)
        return status;
    if (!api_words_open(&words))
        return EXIT_FAILED;
    char path[128];
    snprintf(path, sizeof path, cancels ? "/api/v1/announcements/%.64s/cancel" : "/api/v1/announcements",
             cancels ? words.plain : "");
    status =
        lists ? api_words_list(&words, "announcements", print_announcement) : api_words_act(&words, path);
    api_client_close(&words.client);
    return status;
}

const struct command cmd_announce = {.name = "announce",
                                     .summary =
                                         "visits and events known beforehand: census, gas check, wedding",
                                     .help = help,
                                     .run = run};
