/* huyang backup, huyang restore: a state folder as a folder of verified copies, and the way back. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "store/backup.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE };

static const char backup_help[] = "usage: huyang backup [--state-dir DIR] --to FOLDER\n"
                                  "\n"
                                  "Copies the databases of a state folder while its gateway runs: each as of "
                                  "one moment, and nothing that moves "
                                  "between\n"
                                  "them meanwhile is in none. Every copy is checked, and the chains of the "
                                  "audit trail with it; FOLDER appears when "
                                  "all of\n"
                                  "it is well. It holds personal data: keep it as the gateway's own folder "
                                  "is kept, and no longer than that (docs/"
                                  "privacy.md).\n"
                                  "\n"
                                  "  --state-dir DIR  the gateway's state folder (default ./state)\n"
                                  "  --to FOLDER      must not exist\n"
                                  "\n"
                                  "examples:\n"
                                  "  huyang backup --state-dir /var/lib/huyang --to /backup/2026-03-01\n"
                                  "\n"
                                  "exit status: 0 well, 1 failed, 2 wrong usage\n";

static const char restore_help[] =
    "usage: huyang restore --from FOLDER [--state-dir DIR]\n"
    "\n"
    "Brings a backup back into a new state folder: every file is held against the manifest first. A folder "
    "in use, or "
    "one\n"
    "that was, is never written over. Then start the gateway: it goes on from the last commit in the backup, "
    "and devices\n"
    "send again what it does not have, as far as they still hold it. The API's token and the key of links\n"
    "are made anew: links in messages sent before are dead.\n"
    "\n"
    "  --from FOLDER    of `huyang backup`\n"
    "  --state-dir DIR  absent or empty (default ./state)\n"
    "\n"
    "examples:\n"
    "  huyang restore --from /backup/2026-03-01 --state-dir /var/lib/huyang\n"
    "\n"
    "exit status: 0 well, 1 failed, 2 wrong usage\n";

static int usage(const char *command, const char *complaint, const char *word)
{
    fprintf(stderr, "huyang %s: %s%s\n`huyang %s --help` explains.\n", command, complaint, word, command);
    return EXIT_USAGE;
}

static int run_either(int argc, char **argv, const char *command, const char *folder_option,
                      enum err (*work)(const char *from, const char *to, struct buf *said),
                      bool state_is_first)
{
    const char *state_dir = "./state", *folder = NULL;
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--state-dir") == 0)
            state_dir = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], folder_option) == 0)
            folder = argv[++i];
        else
            return usage(command, "what is this? ", argv[i]);
    }
    if (folder == NULL)
        return usage(command, "a folder is missing: ", folder_option);
    struct buf said;
    buf_init(&said, 1 << 20);
    const enum err err = state_is_first ? work(state_dir, folder, &said) : work(folder, state_dir, &said);
    if (err == ERR_OK)
        fputs(buf_text(&said), stdout);
    else
        fprintf(stderr, "huyang %s: %s%s\n", command, buf_text(&said), err_text(err));
    buf_release(&said);
    return err == ERR_OK ? EXIT_WELL : EXIT_FAILED;
}

static int run_backup(int argc, char **argv)
{
    return run_either(argc, argv, "backup", "--to", backup_make, true);
}

static int run_restore(int argc, char **argv)
{
    return run_either(argc, argv, "restore", "--from", backup_restore, false);
}

const struct command cmd_backup = {.name = "backup",
                                   .summary = "copy a state folder while it is used",
                                   .help = backup_help,
                                   .run = run_backup};
const struct command cmd_restore = {.name = "restore",
                                    .summary = "a backup into a new state folder",
                                    .help = restore_help,
                                    .run = run_restore};
