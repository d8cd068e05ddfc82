/* huyang tasks: what people have to do, from a terminal. */
#include "command.h"
#include "verbs.h"

static const char help[] =
    "usage: huyang tasks list [--kind K] [--all yes]\n"
    "       huyang tasks show TASK\n"
    "       huyang tasks assign TASK --by WHO --to WHOM [--until TIME] [--note TEXT]\n"
    "       huyang tasks accept TASK --by WHO [--note TEXT]\n"
    "       huyang tasks arrive TASK --by WHO [--note TEXT]\n"
    "       huyang tasks finish TASK --by WHO --outcome O [--note TEXT]\n"
    "\n"
    "list shows the open tasks, what is due first on top; --all yes the newest 500, ended ones too. show "
    "adds\n"
    "the history. A task that is not finished in time goes one role up (grid worker, town desk, county "
    "desk)\n"
    "and is announced there again.\n"
    "K: call, call-back, verify, call-contacts, home_visit, collect_device, police-rejected, police-failed.\n"
    "O of a call: safe, needs_help, no_answer, other_person, wrong_number; of a visit: seen_well,\n"
    "seen_needs_help, nobody_home, not_let_in, not_needed; of devices: collected, lost, not_needed; of a\n"
    "message the police did not take: settled, not_needed. A call that reached nobody stays open and is due\n"
    "again after tasks.retry_s; tasks.unanswered_max of them make a home visit.\n"
    "\n" VERBS_COMMON_HELP "\n"
    "examples:\n"
    "  huyang tasks list\n"
    "  huyang tasks accept 3fa1b2c3d4e5f60718293a4b5c6d7e8f --by g-0001\n"
    "  huyang tasks finish 3fa1b2c3d4e5f60718293a4b5c6d7e8f --by g-0001 --outcome seen_well --note "
    "'在家，一切都好'\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const struct verb_column columns[] = {{"id", 32},       {"task", 15},   {"state", 9},
                                             {"due", 11},      {"level", 6},   {"role", 11},
                                             {"assignee", 12}, {"subject", 0}, {NULL, 0}};
static const struct verb list[] = {
    {.name = "list", .path = "/api/v1/tasks", .list = "tasks", .columns = columns},
    {.name = "show",
     .path = "/api/v1/tasks/%s",
     .takes_id = true,
     .list = "",
     .columns = columns,
     .history = "history"},
    {.name = "assign", .path = "/api/v1/tasks/%s/assign", .takes_id = true, .posts = true},
    {.name = "accept", .path = "/api/v1/tasks/%s/accept", .takes_id = true, .posts = true},
    {.name = "arrive", .path = "/api/v1/tasks/%s/arrive", .takes_id = true, .posts = true},
    {.name = "finish", .path = "/api/v1/tasks/%s/finish", .takes_id = true, .posts = true},
};

static int run(int argc, char **argv)
{
    static const char *const options[] = {"kind", "all", "by", "to", "until", "note", "outcome", NULL};
    static const struct verbs verbs = {.command = "huyang tasks",
                                       .verbs = list,
                                       .count = sizeof(list) / sizeof(list[0]),
                                       .options = options};
    return verbs_run(&verbs, argc, argv);
}

const struct command cmd_tasks = {.name = "tasks",
                                  .summary = "what people have to do: list, accept, arrive, finish",
                                  .help = help,
                                  .run = run};
