/* huyang resident: a resident's rights, export and erasure, and the legal hold that forbids an erasure. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "store/erase.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, WHY_MAX = 1 << 16, CERTIFICATE_MAX = 1 << 16, REASON_MAX = 200 };

static const char help[] =
    "usage: huyang resident export ID --out FOLDER [--config FILE]\n"
    "       huyang resident erase ID --reason TEXT --by WHO [--dry-run] [--config FILE]\n"
    "       huyang resident hold ID --reference TEXT --by WHO [--config FILE]\n"
    "       huyang resident release ID --by WHO [--config FILE]\n"
    "\n"
    "export   writes everything that is held about the person, and nothing about others: JSON lines, an "
    "index, a\n"
    "         manifest of SHA-256. Beside a running gateway or without one.\n"
    "erase    takes it out of the database, the files of past days, the accounts' database, and the registry "
    "with\n"
    "         its folder (registry_dir); a home where nobody else who is enrolled lives goes with the "
    "person. Prints a\n"
    "         certificate of what went, which also stands in the state folder (erasures/) and in the audit "
    "trail.\n"
    "         --dry-run only counts. If it is cut short, the same command finishes it.\n"
    "hold     forbids the erasure, under a reference; release allows it again.\n"
    "\n"
    "erase, hold and release need the state folder for themselves: stop the gateway, and start it "
    "afterwards.\n"
    "Devices keep what happens meanwhile and send it then. Backups made before still hold the person.\n"
    "\n"
    "  --config FILE  the gateway's configuration (default: the built-in values, state folder ./state)\n"
    "\n"
    "examples:\n"
    "  huyang resident export r-0001 --out /tmp/r-0001 --config /etc/huyang/gateway.yaml\n"
    "  huyang resident erase r-0001 --dry-run --reason 'asked on 2026-03-01' --by wang\n"
    "  huyang resident hold r-0001 --reference '(2026) 12' --by wang\n"
    "\n"
    "exit status: 0 well, 1 failed or refused, 2 wrong usage\n";

struct words {
    const char *verb, *id, *out, *reason, *reference, *by, *config;
    bool dry_run;
};

static int usage(const char *complaint)
{
    fprintf(stderr, "huyang resident: %s\n`huyang resident --help` explains.\n", complaint);
    return EXIT_USAGE;
}

static bool is_verb(const struct words *words, const char *verb)
{
    return strcmp(words->verb, verb) == 0;
}

/* NULL, or what is wrong. */
static const char *read_words(struct words *words, int argc, char **argv)
{
    *words = (struct words){.verb = argc > 1 ? argv[1] : "", .id = argc > 2 ? argv[2] : ""};
    if (!is_verb(words, "export") && !is_verb(words, "erase") && !is_verb(words, "hold") &&
        !is_verb(words, "release"))
        return "export, erase, hold or release is expected";
    if (!text_is_id(words->id, strlen(words->id)))
        return "the id of a resident is expected";
    for (int i = 3; i < argc; i++) {
        const char **value = strcmp(argv[i], "--config") == 0                              ? &words->config
                             : strcmp(argv[i], "--out") == 0 && is_verb(words, "export")   ? &words->out
                             : strcmp(argv[i], "--reason") == 0 && is_verb(words, "erase") ? &words->reason
                             : strcmp(argv[i], "--reference") == 0 && is_verb(words, "hold")
                                 ? &words->reference
                             : strcmp(argv[i], "--by") == 0 && !is_verb(words, "export") ? &words->by
                                                                                         : NULL;
        if (strcmp(argv[i], "--dry-run") == 0 && is_verb(words, "erase"))
            words->dry_run = true;
        else if (value != NULL && i + 1 < argc && strlen(argv[i + 1]) <= REASON_MAX)
            *value = argv[++i];
        else
            return argv[i];
    }
    if (is_verb(words, "export"))
        return words->out == NULL ? "--out is missing" : NULL;
    if (is_verb(words, "erase") && (words->reason == NULL || words->reason[0] == '\0'))
        return "--reason is missing";
    if (is_verb(words, "hold") && (words->reference == NULL || words->reference[0] == '\0'))
        return "--reference is missing";
    return words->by == NULL || !text_is_id(words->by, strlen(words->by)) ? "--by is missing, or no id"
                                                                          : NULL;
}

static enum err work(const struct words *words, const struct config *config, const struct tz *tz,
                     struct buf *said, struct buf *why)
{
    const struct erase_order order = {.state_dir = config->state_dir,
                                      .county = config->county,
                                      .registry_dir = config->registry_dir,
                                      .resident = words->id,
                                      .reason = words->reason,
                                      .by = words->by,
                                      .tz = tz,
                                      .dry_run = words->dry_run};
    if (is_verb(words, "export"))
        return person_export(config->state_dir, words->id, tz, words->out, why);
    if (is_verb(words, "erase"))
        return erase_resident(&order, said, why);
    return erase_hold(&order, words->reference != NULL ? words->reference : "", why);
}

static int run(int argc, char **argv)
{
    struct words words;
    struct config *config = NULL;
    struct tz *tz = NULL;
    struct buf said, why;
    const char *complaint = read_words(&words, argc, argv);
    if (complaint != NULL)
        return usage(complaint);
    buf_init(&why, WHY_MAX);
    buf_init(&said, CERTIFICATE_MAX);
    enum err err = config_load(words.config, &config, &why);
    if (err == ERR_OK)
        err = tz_load(config->time_zone, &tz);
    if (err == ERR_OK)
        err = work(&words, config, tz, &said, &why);
    if (err == ERR_OK)
        fputs(buf_text(&said), stdout);
    else
        fprintf(stderr, "huyang resident: %s", why.len != 0 ? buf_text(&why) : "failed\n");
    tz_free(tz);
    config_free(config);
    buf_release(&said);
    buf_release(&why);
    return err == ERR_OK ? EXIT_WELL : EXIT_FAILED;
}

const struct command cmd_resident = {.name = "resident",
                                     .summary = "a resident's rights: export, erase, legal hold",
                                     .help = help,
                                     .run = run};
