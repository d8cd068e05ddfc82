#include "registry_offline.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "core/clock.h"
#include "gateway.h"
#include "store/store.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, ERRORS_MAX_BYTES = 65536 };

struct offline {
    const struct config *config;
    const char *folder;
    struct tz *tz;
    struct store *store;
    struct registry *before, *after;
    struct buf why;
};

static int fail(struct offline *work, int status, const char *what)
{
    buf_printf(&work->why, "%s\n", what);
    return status;
}

static int open_store(struct offline *work)
{
    const struct store_config config = {.folder = work->config->state_dir,
                                        .ballast_bytes = work->config->store.ballast_bytes,
                                        .county = work->config->county,
                                        .retention = work->config->retention};
    struct stat info;
    if (stat(config.folder, &info) != 0)
        return fail(work, EXIT_FAILED,
                    "there is no state folder yet: the first start imports registry_dir by itself");
    const enum err err = store_sqlite.open(&config, &work->store);
    if (err == ERR_BUSY)
        return fail(work, EXIT_FAILED, "a gateway holds the state folder: import without --offline");
    return err == ERR_OK ? EXIT_WELL : fail(work, EXIT_FAILED, err_text(err));
}

/* A start would fold what the last snapshot lacks, and has to do so with the registry it came under. */
static int check_order(struct offline *work)
{
    struct store_mark mark;
    const enum err err = store_sqlite.mark(work->store, &mark);
    if (err != ERR_OK)
        return fail(work, EXIT_FAILED, err_text(err));
    return mark.snapshot_n == mark.last_n
               ? EXIT_WELL
               : fail(work, EXIT_FAILED,
                      "the gateway did not stop in order: start it, stop it, and try again");
}

static int load_both(struct offline *work)
{
    enum err err = store_sqlite.load_registry(work->store, work->tz, &work->why, &work->before);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return fail(work, EXIT_FAILED, err_text(err));
    err = registry_load(work->folder, work->tz, work->before, &work->why, &work->after);
    if (err != ERR_OK)
        return work->why.len != 0 ? EXIT_USAGE : fail(work, EXIT_USAGE, err_text(err));
    const char *county = gateway_county_of(work->after);
    if (county == NULL || strcmp(county, work->config->county) == 0)
        return EXIT_WELL;
    buf_printf(&work->why, "the registry is of county %s, the configuration says %s\n", county,
               work->config->county);
    return EXIT_USAGE;
}

static int save(struct offline *work)
{
    const enum err err = store_sqlite.save_registry(work->store, work->after);
    if (err != ERR_OK)
        return fail(work, EXIT_FAILED, err_text(err));
    printf("%s: in place for the next start: version %.12s, %u residents, %u devices\n", work->folder,
           registry_version(work->after), registry_count(work->after, REGISTRY_RESIDENT),
           registry_count(work->after, REGISTRY_DEVICE));
    return EXIT_WELL;
}

static int run(struct offline *work)
{
    static int (*const steps[])(struct offline * work) = {open_store, check_order, load_both, save};
    int status = EXIT_WELL;
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == EXIT_WELL; i++)
        status = steps[i](work);
    return status;
}

int registry_import_offline(const char *config_path, const char *folder)
{
    struct offline work = {.folder = folder};
    struct config *config = NULL;
    int status = EXIT_USAGE;
    buf_init(&work.why, ERRORS_MAX_BYTES);
    enum err err = config_load(config_path, &config, &work.why);
    if (err == ERR_OK)
        err = tz_load(config->time_zone, &work.tz);
    if (err == ERR_OK) {
        work.config = config;
        status = run(&work);
    }
    if (status != EXIT_WELL) {
        fprintf(stderr, "huyang registry import: %s", work.why.len != 0 ? buf_text(&work.why) : "failed\n");
        fputs("Nothing was imported.\n", stderr);
    }
    registry_free(work.before);
    registry_free(work.after);
    if (work.store != NULL)
        store_sqlite.close(work.store);
    tz_free(work.tz);
    config_free(config);
    buf_release(&work.why);
    return status;
}
