#include "shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fill {
    struct shadow *shadow;
    struct event *events;
    struct store_mark mark;
};

static enum err on_mark(void *self, const struct store_mark *mark)
{
    struct fill *fill = self;
    fill->mark = *mark;
    gateway_restore_mark(fill->shadow->gateway, mark->snapshot_n, 0);
    return ERR_OK;
}

/* As at a restart: a state that cannot be used starts afresh. */
static enum err on_state(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct fill *fill = self;
    enum err err = gateway_restore(fill->shadow->gateway, table, version, no, value, len);
    return err == ERR_NOMEM ? err : ERR_OK;
}

static enum err on_input(void *self, const struct batch_input *stored)
{
    struct fill *fill = self;
    enum err err = gateway_replay_input(fill->shadow->gateway, stored, fill->events);
    return err == ERR_NOT_FOUND || err == ERR_INVALID ? ERR_OK : err;
}

static enum err fill_from(struct shadow *shadow)
{
    struct fill fill = {.shadow = shadow, .events = calloc(EVENT_BATCH_MAX, sizeof(struct event))};
    const struct store_loader loader = {.state = on_state, .input = on_input, .self = &fill};
    enum err err = fill.events != NULL ? reader_fold(shadow->reader, &loader, on_mark) : ERR_NOMEM;
    if (err == ERR_OK && fill.mark.t_ms >= gateway_t_ms(shadow->gateway))
        gateway_on_tick(shadow->gateway, fill.mark.t_ms);
    free(fill.events);
    return err;
}

static enum err open_registry(struct shadow *shadow, const char *folder, const char *state,
                              struct buf *errors)
{
    if (folder != NULL)
        return registry_load(folder, shadow->tz, NULL, errors, &shadow->registry);
    enum err err = reader_open(state != NULL ? state : shadow->config->state_dir, &shadow->reader);
    if (err == ERR_OK)
        err = reader_registry(shadow->reader, shadow->tz, errors, &shadow->registry);
    else
        buf_printf(errors, "%s: no database of a gateway; name --state-dir or --registry\n",
                   state != NULL ? state : shadow->config->state_dir);
    return err;
}

int shadow_open(struct shadow *shadow, const char *config, const char *registry, const char *state)
{
    struct buf errors;
    int status = 2;
    *shadow = (struct shadow){0};
    buf_init(&errors, 1 << 16);
    enum err err = config_load(config, &shadow->config, &errors);
    if (err == ERR_OK)
        err = prompts_of_config(shadow->config, &shadow->prompts, &errors);
    if (err == ERR_OK)
        err = tz_load(shadow->config->time_zone, &shadow->tz);
    if (err != ERR_OK)
        goto out;
    err = open_registry(shadow, registry, state, &errors);
    if (err != ERR_OK)
        goto out;
    status = 1;
    const struct gateway_config gateway = {.county = shadow->config->county,
                                           .instance = shadow->config->instance,
                                           .registry = shadow->registry,
                                           .detect = &shadow->config->detect,
                                           .overrides = &shadow->config->detect_overrides,
                                           .alert = &shadow->config->alert,
                                           .relay = &shadow->config->relay,
                                           .prompts = shadow->prompts ? &shadow->prompts->catalogue : NULL,
                                           .tz = shadow->tz,
                                           .lateness_ms = (int64_t)shadow->config->lateness_s * 1000};
    err = gateway_new(&gateway, &shadow->gateway);
    if (err == ERR_OK && shadow->reader != NULL)
        err = fill_from(shadow);
out:
    if (err != ERR_OK)
        fprintf(stderr, "huyang: %s\n", errors.len > 0 ? buf_text(&errors) : err_text(err));
    buf_release(&errors);
    return err == ERR_OK ? 0 : status;
}

void shadow_release(struct shadow *shadow)
{
    gateway_free(shadow->gateway);
    reader_close(shadow->reader);
    registry_free(shadow->registry);
    tz_free(shadow->tz);
    prompts_free(shadow->prompts);
    config_free(shadow->config);
}
