/* huyang rollout: a setting to a share of the fleet after the other. Each command is an input of the fold. */
#include <stddef.h>

#include "command.h"
#include "verbs.h"

static const char help[] =
    "usage: huyang rollout start --by WHO --note WHY --interval-s N [--stages 1,10,50,100] [--acked-percent "
    "N]\n"
    "                            [--trouble-percent N] [--watch-s N] [--per-minute N] [--territory CODE]\n"
    "                            [--firmware V]\n"
    "       huyang rollout status\n"
    "       huyang rollout pause|resume|abort --by WHO --note WHY\n"
    "\n"
    "start gives wristbands another report interval for good, a share of them at a time: those of the\n"
    "territory and firmware, chosen by a hash of their ids. The next stage begins when every device of the\n"
    "stage was asked (per-minute, 60), acked-percent (90) of them have taken it, and it was watched for "
    "watch-s\n"
    "(86400). It stops by itself, with an alert, when more than trouble-percent (5) more of the devices "
    "that\n"
    "were asked are in trouble than of the others: refused, silent, or with a coverage or fleet alert since\n"
    "the beginning; or when too few have taken it after a day. What devices have taken stays.\n"
    "pause asks nobody more; resume goes on, also after a stop: the trouble seen by then counts as known. "
    "abort\n"
    "ends it and takes back what is on its way. One at a time. status shows them, the newest first; the\n"
    "history of each is in --json.\n"
    "\n" VERBS_COMMON_HELP "\n"
    "examples:\n"
    "  huyang rollout start --by d-0001 --note '省电试点' --interval-s 900 --territory 110101001\n"
    "  huyang rollout abort --by d-0001 --note '手环重启'\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

static const struct verb_column columns[] = {{"t", 11},         {"state", 8},    {"stage", 5}, {"stages", 16},
                                             {"interval_s", 6}, {"audience", 8}, {"asked", 6}, {"acked", 6},
                                             {"refused", 7},    {"troubled", 8}, {"by", 12},   {"why", 0},
                                             {NULL, 0}};
static const struct verb list[] = {
    {.name = "start", .path = "/api/v1/rollouts/start", .posts = true},
    {.name = "status", .path = "/api/v1/rollouts", .list = "rollouts", .columns = columns},
    {.name = "pause", .path = "/api/v1/rollouts/pause", .posts = true},
    {.name = "resume", .path = "/api/v1/rollouts/resume", .posts = true},
    {.name = "abort", .path = "/api/v1/rollouts/abort", .posts = true},
};

static int run(int argc, char **argv)
{
    static const char *const options[] = {
        "by",        "note",     "interval-s",      "stages", "acked-percent", "watch-s", "per-minute",
        "territory", "firmware", "trouble-percent", NULL};
    static const struct verbs verbs = {.command = "huyang rollout",
                                       .verbs = list,
                                       .count = sizeof(list) / sizeof(list[0]),
                                       .options = options};
    return verbs_run(&verbs, argc, argv);
}

const struct command cmd_rollout = {.name = "rollout",
                                    .summary = "a setting to a share of the fleet after the other",
                                    .help = help,
                                    .run = run};
