/* huyang: the operator's tools. Each subcommand is one file; this table is the list. */
#include <stdio.h>
#include <string.h>

#include "command.h"

extern const struct command cmd_alerts, cmd_announce, cmd_backup, cmd_bench, cmd_campaign, cmd_canary,
    cmd_config, cmd_consent, cmd_desk, cmd_device, cmd_rollout, cmd_fleet, cmd_journal, cmd_northbound,
    cmd_policy, cmd_prompts, cmd_provision, cmd_quarantine, cmd_registry, cmd_report, cmd_resident,
    cmd_restore, cmd_retention, cmd_roster, cmd_handover, cmd_silences, cmd_tasks, cmd_ledger, cmd_replay,
    cmd_trace, cmd_watch_bridge;

static const struct command *const commands[] = {
    &cmd_registry,   &cmd_replay,    &cmd_desk,     &cmd_alerts,    &cmd_trace,        &cmd_journal,
    &cmd_northbound, &cmd_policy,    &cmd_prompts,  &cmd_campaign,  &cmd_report,       &cmd_roster,
    &cmd_handover,   &cmd_silences,  &cmd_announce, &cmd_tasks,     &cmd_ledger,       &cmd_consent,
    &cmd_resident,   &cmd_retention, &cmd_backup,   &cmd_restore,   &cmd_quarantine,   &cmd_device,
    &cmd_rollout,    &cmd_fleet,     &cmd_config,   &cmd_provision, &cmd_watch_bridge, &cmd_canary,
    &cmd_bench,
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *to)
{
    fputs("usage: huyang COMMAND [ARGUMENTS]\n\ncommands:\n", to);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`huyang COMMAND --help` explains each. The gateway itself is huyang-gateway.\n", to);
}

static int is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, argv[1]) != 0)
            continue;
        for (int a = 2; a < argc; a++)
            if (is_help(argv[a])) {
                fputs(commands[i]->help, stdout);
                return 0;
            }
        return commands[i]->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "huyang: there is no command '%s'\n\n", argv[1]);
    usage(stderr);
    return 2;
}
