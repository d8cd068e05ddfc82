/* huyang ledger: what alerts that were true leave to be done, from a terminal. */
#include "command.h"
#include "verbs.h"

static const char help[] =
    "usage: huyang ledger list [--state S] [--overdue yes] [--responsible WHO] [--family F]\n"
    "                          [--all yes] [--limit N] [--cursor C]\n"
    "       huyang ledger show ENTRY\n"
    "       huyang ledger assign ENTRY --by WHO --to WHOM [--until TIME] [--note TEXT]\n"
    "       huyang ledger handle ENTRY --by WHO --note TEXT [--until TIME]\n"
    "       huyang ledger transfer ENTRY --by WHO --authority NAME [--receipt NUMBER] [--at TIME]\n"
    "                                    [--until TIME] [--note TEXT]\n"
    "       huyang ledger close ENTRY --by WHO --result R [--note TEXT]\n"
    "\n"
    "An alert that is closed as true or transferred opens an entry, which has the alert's id. list shows "
    "the\n"
    "open entries, what is due first on top; --all yes the closed ones too, newest first. --until sets the\n"
    "due date. What is not closed in time is told to the responsible person, then one desk up, again and\n"
    "again (ledger.due_s, ledger.calm_due_s).\n"
    "S: open, handling, transferred, closed. R: handled, prevented, helped, case_filed, loss, unfounded.\n"
    "F: emergency, health, visitor, outing, fraud, coverage, fleet.\n"
    "\n" VERBS_COMMON_HELP "\n"
    "examples:\n"
    "  huyang ledger list --overdue yes\n"
    "  huyang ledger handle 3fa1b2c3d4e5f60718293a4b5c6d7e8f --by g-0001 --note '已与家属一起劝阻'\n"
    "  huyang ledger transfer 3fa1b2c3d4e5f60718293a4b5c6d7e8f --by desk-1 --authority 县公安局 --receipt "
    "2026-0317\n"
    "  huyang ledger close 3fa1b2c3d4e5f60718293a4b5c6d7e8f --by desk-1 --result prevented\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const struct verb_column columns[] = {{"id", 32},     {"state", 11},    {"due", 11},
                                             {"level", 6},   {"family", 9},    {"responsible", 12},
                                             {"subject", 0}, {"authority", 0}, {NULL, 0}};
static const struct verb list[] = {
    {.name = "list", .path = "/api/v1/ledger", .list = "ledger", .columns = columns},
    {.name = "show",
     .path = "/api/v1/ledger/%s",
     .takes_id = true,
     .list = "",
     .columns = columns,
     .history = "history"},
    {.name = "assign", .path = "/api/v1/ledger/%s/assign", .takes_id = true, .posts = true},
    {.name = "handle", .path = "/api/v1/ledger/%s/handle", .takes_id = true, .posts = true},
    {.name = "transfer", .path = "/api/v1/ledger/%s/transfer", .takes_id = true, .posts = true},
    {.name = "close", .path = "/api/v1/ledger/%s/close", .takes_id = true, .posts = true},
};

static int run(int argc, char **argv)
{
    static const char *const options[] = {"state",   "all", "overdue", "responsible", "family", "limit",
                                          "cursor",  "by",  "to",      "until",       "note",   "authority",
                                          "receipt", "at",  "result",  NULL};
    static const struct verbs verbs = {.command = "huyang ledger",
                                       .verbs = list,
                                       .count = sizeof(list) / sizeof(list[0]),
                                       .options = options};
    return verbs_run(&verbs, argc, argv);
}

const struct command cmd_ledger = {.name = "ledger",
                                   .summary = "clues: who is responsible, by when, how it ended",
                                   .help = help,
                                   .run = run};
