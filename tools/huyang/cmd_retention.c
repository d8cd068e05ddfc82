/* huyang retention: how long what devices told is kept; what is due; and doing it on a stopped gateway's
 * folder. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "store/reader.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE };

static const char help[] =
    "usage: huyang retention show [--config FILE]\n"
    "       huyang retention run [--dry-run] [--config FILE]\n"
    "\n"
    "show   the days of each class, from the configuration's section `retention`, and how many inputs are "
    "due. Works "
    "on\n"
    "       the folder of a running or stopped gateway.\n"
    "run    does what is due now. A running gateway does it by itself, in idle moments, and holds its "
    "folder: this is "
    "for\n"
    "       a stopped one. --dry-run says what it would do, and does nothing.\n"
    "\n"
    "Only inputs that a restart no longer needs are touched. Times are those of arrival, as of the last "
    "commit.\n"
    "\n"
    "  --config FILE  the gateway's configuration (default: the built-in values, state folder ./state)\n"
    "\n"
    "examples:\n"
    "  huyang retention show --config /etc/huyang/gateway.yaml\n"
    "  huyang retention run --dry-run --config /etc/huyang/gateway.yaml\n"
    "\n"
    "exit status: 0 well, 1 failed, 2 wrong usage\n";

static int failed(const char *what, enum err err)
{
    fprintf(stderr, "huyang retention: %s: %s\n", what, err_text(err));
    return EXIT_FAILED;
}

static void print_class(const char *name, uint32_t days, const char *then, int64_t due)
{
    if (days == 0)
        printf("%-9s  for ever\n", name);
    else
        printf("%-9s  %4u days, then %-42s  due now: %lld\n", name, days, then, (long long)due);
}

static int show(const struct config *config)
{
    struct reader *reader = NULL;
    struct reader_retention status;
    const struct retention *keep = &config->retention;
    enum err err = reader_open(config->state_dir, &reader);
    if (err == ERR_OK)
        err = reader_retention(reader, keep, &status);
    reader_close(reader);
    if (err != ERR_OK)
        return failed(config->state_dir, err);
    print_class("location", keep->location_days, "cells of 500 m", status.location_due);
    print_class("health", keep->health_days, "vital signs and steps go", status.health_due);
    print_class("visitor", keep->visitor_days, "visitors' ids go", status.visitor_due);
    print_class("input", keep->input_days, "inputs and findings move to a file of the day", status.input_due);
    if (keep->archive_days != 0)
        printf("%-9s  %4u days, then a day's file goes\n", "archive", keep->archive_days);
    if (keep->text_days != 0)
        printf("%-9s  %4u days, then texts of alerts and tasks go, and what was said to whom\n", "text",
               keep->text_days);
    printf("inputs in the database: %lld\n", (long long)status.inputs);
    return EXIT_WELL;
}

static int run_now(const struct config *config)
{
    struct store *store = NULL;
    struct retention_stats stats;
    const struct store_config settings = {
        .folder = config->state_dir, .county = config->county, .retention = config->retention};
    bool more = true;
    enum err err = store_sqlite.open(&settings, &store);
    if (err != ERR_OK)
        return failed(err == ERR_BUSY ? "a gateway holds this folder, and does this by itself"
                                      : config->state_dir,
                      err);
    while (err == ERR_OK && more)
        err = store_sqlite.retain(store, &more);
    store_sqlite.retention_stats(store, &stats);
    store_sqlite.close(store);
    printf("made less exact: %llu\nmoved to files of their days: %llu\nfiles removed: %llu\n",
           (unsigned long long)stats.thinned, (unsigned long long)stats.archived,
           (unsigned long long)stats.files_removed);
    return err == ERR_OK ? EXIT_WELL : failed("not everything was done", err);
}

static int usage(const char *complaint)
{
    fprintf(stderr, "huyang retention: %s\n`huyang retention --help` explains.\n", complaint);
    return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    const char *file = NULL;
    bool dry = false, runs = argc >= 2 && strcmp(argv[1], "run") == 0;
    if (!runs && (argc < 2 || strcmp(argv[1], "show") != 0))
        return usage("show or run is expected");
    for (int i = 2; i < argc; i++) {
        if (runs && strcmp(argv[i], "--dry-run") == 0)
            dry = true;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            file = argv[++i];
        else
            return usage(argv[i]);
    }
    struct config *config = NULL;
    struct buf errors;
    buf_init(&errors, 1 << 16);
    int status = EXIT_FAILED;
    if (config_load(file, &config, &errors) != ERR_OK)
        fprintf(stderr, "huyang retention: %s", buf_text(&errors));
    else
        status = runs && !dry ? run_now(config) : show(config);
    config_free(config);
    buf_release(&errors);
    return status;
}

const struct command cmd_retention = {
    .name = "retention", .summary = "how long data is kept; what is due", .help = help, .run = run};
