#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "config_files.h"
#include "config_keys.h"

void config_defaults(struct config *ret_config)
{
    struct config *c = ret_config;
    memset(c, 0, sizeof *c);
    text_copy(c->county, sizeof c->county, "000000");
    text_copy(c->instance, sizeof c->instance, "huyang");
    text_copy(c->state_dir, sizeof c->state_dir, "./state");
    text_copy(c->time_zone, sizeof c->time_zone, "Asia/Shanghai");
    c->log_level = LOG_INFO;
    c->lateness_s = 120;
    text_copy(c->broker.url, sizeof c->broker.url, "tcp://127.0.0.1:1883");
    c->broker.expiry_warn_days = 14;
    text_copy(c->api.listen, sizeof c->api.listen, "127.0.0.1");
    c->api.port = 8460;
    text_copy(c->clips.listen, sizeof c->clips.listen, "127.0.0.1");
    c->ingest = (struct config_ingest){.urgent_ring_bytes = 1 << 20,
                                       .routine_ring_bytes = 8 << 20,
                                       .dialect_ring_bytes = 4 << 20,
                                       .gap_wait_ms = 10000,
                                       .device = {.per_minute = 600, .burst = 4096}};
    c->store = (struct config_store){.commit_ms = 100,
                                     .commit_events = 500,
                                     .ballast_bytes = 16 << 20,
                                     .snapshot_inputs = 100000,
                                     .fail_open_ms = 1000};
    c->watch = (struct config_watch){.stall_s = 5, .after_s = 10, .calm_s = 60};
    ret_config->retention = (struct retention){.location_days = 30,
                                               .health_days = 180,
                                               .visitor_days = 30,
                                               .input_days = 180,
                                               .archive_days = 730,
                                               .text_days = 730};
    c->report = (struct report_settings){.answer_s = 60, .answer_permille = 975};
    c->detect = detect_settings_default();
    alert_settings_default(&c->alert);
    relay_settings_default(&c->relay);
}

static enum err parse(const char *text, size_t len, const char *name, struct config **ret_config,
                      struct config_places *places, struct buf *errors)
{
    struct config *config = malloc(sizeof *config);
    if (!config)
        return ERR_NOMEM;
    config_defaults(config);
    if (config_read_yaml(text, len, name, config, places, errors) != 0) {
        free(config);
        return ERR_INVALID;
    }
    config->alert.ways = relay_ways(&config->relay);
    relay_chats(&config->relay, &config->alert.chats);
    config->alert.ways_back = relay_ways_back(&config->relay);
    *ret_config = config;
    return ERR_OK;
}

enum err config_parse(const char *text, size_t len, const char *name, struct config **ret_config,
                      struct buf *errors)
{
    return parse(text, len, name, ret_config, NULL, errors);
}

static enum err load(const char *path, struct config **ret_config, struct config_places *places,
                     struct buf *errors)
{
    if (!path)
        return parse("", 0, "defaults", ret_config, places, errors);
    size_t len = 0;
    char *text = NULL;
    enum err err = config_read_file(path, CONFIG_FILE_MAX, &text, &len, errors);
    if (err == ERR_OK)
        err = parse(text, len, path, ret_config, places, errors);
    free(text);
    return err;
}

enum err config_load(const char *path, struct config **ret_config, struct buf *errors)
{
    return load(path, ret_config, NULL, errors);
}

enum err config_load_placed(const char *path, struct config **ret_config, struct config_places **ret_places,
                            struct buf *errors)
{
    struct config_places *places = calloc(1, sizeof *places);
    enum err err = places ? load(path, ret_config, places, errors) : ERR_NOMEM;
    if (err == ERR_OK)
        *ret_places = places;
    else
        free(places);
    return err;
}

void config_place_of(const struct config_places *places, const void *item, size_t *ret_line,
                     size_t *ret_column)
{
    *ret_line = *ret_column = 0;
    for (size_t i = 0; i < places->count; i++) {
        if (places->items[i].slot != item)
            continue;
        *ret_line = places->items[i].line;
        *ret_column = places->items[i].column;
    }
}

void config_free(struct config *config)
{
    free(config);
}
