/* The start: snapshot + inputs, muted, to the last committed (n, T); then everything is as it was, and time
 * may run on (contracts.md 1). */
#include "service/parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "store/store.h"

struct recovery {
    struct service *service;
    struct event events[EVENT_BATCH_MAX];
    uint64_t inputs, states, rows, refused;
    struct now now;
};

static enum err on_state(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct recovery *recovery = self;
    enum err err;
    if (strcmp(table, DIALECTS_TABLE) == 0)
        err = dialects_restore(recovery->service->dialects, version, no, value, len);
    else if (strcmp(table, QUARANTINE_TABLE) == 0)
        err = quarantine_restore(&recovery->service->quarantine, version, no, value, len);
    else
        err = gateway_restore(recovery->service->gateway, table, version, no, value, len);
    recovery->states++;
    if (err == ERR_OK || err == ERR_NOMEM)
        return err;
    recovery->refused++; /* of another version or a row that is gone: this state starts afresh, the rest is
                            kept */
    log_write(LOG_WARN, "recover.state",
              "a stored state could not be used and starts afresh\ttable=%s\tversion=%u\tno=%u\terror=%s",
              table, version, no, err_text(err));
    return ERR_OK;
}

static enum err on_watermark(void *self, const struct batch_watermark *watermark)
{
    struct recovery *recovery = self;
    seats_restore(recovery->service->seats, watermark);
    return ERR_OK;
}

static enum err on_input(void *self, const struct batch_input *stored)
{
    struct recovery *recovery = self;
    enum err err = gateway_replay_input(recovery->service->gateway, stored, recovery->events);
    if (err == ERR_NOT_FOUND || err == ERR_INVALID) { /* no reason not to serve */
        log_write(LOG_WARN, "recover.action", "a stored action no longer applies\tn=%llu\terror=%s",
                  (unsigned long long)stored->n, err_text(err));
        err = ERR_OK;
    }
    if (err == ERR_OK && stored->kind == INPUT_REPORT) {
        const struct report report = {
            .device = stored->device, .epoch = stored->epoch, .first_seq = stored->first_seq};
        err = dialects_replayed(recovery->service->dialects, &report, stored->t_ms);
    }
    if (err != ERR_OK)
        log_write(LOG_ERROR, "recover.input", "a stored input cannot be read\tn=%llu\terror=%s",
                  (unsigned long long)stored->n, err_text(err));
    recovery->inputs++;
    return err;
}

static enum err on_row(void *self, const struct outbox_row *row)
{
    struct recovery *recovery = self;
    recovery->rows++;
    if (row->channel == CHANNEL_NONE)
        return ERR_OK; /* a task waits for a person, not for us */
    const enum err err = outbox_add(recovery->service->outbox, row, recovery->now);
    return err == ERR_FULL ? ERR_OK : err; /* what finds no room stays on disk until the next start */
}

enum err service_check_county(const struct service *service, const struct registry *registry,
                              struct buf *errors)
{
    const char *county = gateway_county_of(registry);
    if (county == NULL || strcmp(county, service->config->county) == 0)
        return ERR_OK;
    buf_printf(errors, "the registry is of county %s, the configuration says %s", county,
               service->config->county);
    return ERR_INVALID;
}

/* The registry in force is the store's; the folder named in the configuration is imported at the first start
 * only. */
static enum err recover_registry(struct service *service)
{
    const struct store_ops *ops = &store_sqlite;
    struct buf errors;
    buf_init(&errors, 1 << 16);
    enum err err = ops->load_registry(service->store, service->tz, &errors, &service->registry);
    const bool first =
        err == ERR_NOT_FOUND || (err == ERR_OK && registry_count(service->registry, REGISTRY_TERRITORY) == 0);
    if (first && service->config->registry_dir[0] != '\0') {
        registry_free(service->registry);
        service->registry = NULL;
        err = registry_load(service->config->registry_dir, service->tz, NULL, &errors, &service->registry);
        if (err == ERR_OK)
            err = service_check_county(service, service->registry, &errors);
        if (err == ERR_OK)
            err = ops->save_registry(service->store, service->registry);
        if (err == ERR_OK)
            log_write(LOG_INFO, "registry.imported", "first import\tversion=%.12s\tresidents=%u\tdevices=%u",
                      registry_version(service->registry),
                      registry_count(service->registry, REGISTRY_RESIDENT),
                      registry_count(service->registry, REGISTRY_DEVICE));
    } else if (err == ERR_NOT_FOUND) {
        err = registry_empty(&service->registry);
    }
    if (err != ERR_OK)
        log_write(LOG_ERROR, "registry.unusable", "%s\terror=%s",
                  errors.len > 0 ? buf_text(&errors) : "the registry could not be read", err_text(err));
    buf_release(&errors);
    return err;
}

static enum err build_parts(struct service *service)
{
    const struct gateway_config gateway = service_gateway_config(service);
    enum err err = gateway_new(&gateway, &service->gateway);
    if (err == ERR_OK)
        err = seats_new(registry_count(service->registry, REGISTRY_DEVICE), &service->seats);
    service->doorkeeper.settings = service->config->ingest.device;
    const struct intake_config intake = {.gateway = service->gateway,
                                         .seats = service->seats,
                                         .quarantine = &service->quarantine,
                                         .doorkeeper = &service->doorkeeper,
                                         .county = service->config->county,
                                         .gap_wait_ms = service->config->ingest.gap_wait_ms,
                                         .on_heard = service_on_heard,
                                         .on_gone = service_on_gone,
                                         .on_clock = service->options.virtual_clock ? service_on_clock : NULL,
                                         .self = service};
    if (err == ERR_OK)
        err = intake_new(&intake, &service->intake);
    const struct dialects_config dialects = {.gateway = service->gateway,
                                             .quarantine = &service->quarantine,
                                             .doorkeeper = &service->doorkeeper,
                                             .entries = service->config->dialects,
                                             .entry_count = &service->config->dialect_count,
                                             .on_heard = service_on_heard,
                                             .self = service};
    if (err == ERR_OK)
        err = dialects_new(&dialects, &service->dialects);
    return err;
}

static enum err publish_command(void *self, const char *device_id, const void *body, size_t len)
{
    struct service *service = self;
    char topic[TOPIC_SIZE];
    if (service->link == NULL || !service->broker_up)
        return ERR_BUSY;
    const uint32_t device = registry_find(service->registry, REGISTRY_DEVICE, device_id);
    if (dialects_speaks(service->dialects, device))
        return service_say_foreign(service, device, body, len);
    topic_command(service->config->county, device_id, topic);
    return link_publish(service->link, topic, body, len, 1, false);
}

/* Commands and messages expire by the time their rows were made in: a wall clock that leaps for a moment must
 * not expire everything that waits. */
static int64_t fold_ms(void *self)
{
    return service_t_ms(self, clock_now());
}

enum err service_recover(struct service *service)
{
    const struct store_ops *ops = &store_sqlite;
    const struct store_config store = {.folder = service->config->state_dir,
                                       .ballast_bytes = service->config->store.ballast_bytes,
                                       .county = service->config->county,
                                       .retention = service->config->retention};
    enum err err = ops->open(&store, &service->store);
    if (err != ERR_OK) {
        log_write(LOG_ERROR, "store.open", "the state folder cannot be used\tfolder=%s\terror=%s",
                  service->config->state_dir, err_text(err));
        return err;
    }
    err = link_key_open(service->config->state_dir, service->link_key);
    if (err != ERR_OK) {
        log_write(LOG_ERROR, "link.key", "there is no usable key for links\tfile=%s/link.key\terror=%s",
                  service->config->state_dir, err_text(err));
        return err;
    }
    if ((err = recover_registry(service)) != ERR_OK || (err = build_parts(service)) != ERR_OK)
        return err;
    const struct outbox_config outbox = {.loop = service->loop,
                                         .settings = &service->config->relay,
                                         .county = service->config->county,
                                         .registry = service->registry,
                                         .publish = publish_command,
                                         .on_delivery = service_on_delivery,
                                         .link_key = service->link_key,
                                         .wall_ms = fold_ms,
                                         .self = service};
    struct store_mark mark;
    if ((err = outbox_new(&outbox, &service->outbox)) != ERR_OK ||
        (err = ops->mark(service->store, &mark)) != ERR_OK)
        return err;

    struct recovery *recovery = calloc(1, sizeof(*recovery));
    if (recovery == NULL)
        return ERR_NOMEM;
    recovery->service = service;
    recovery->now = clock_now();
    gateway_set_batch(service->gateway, NULL);
    gateway_restore_mark(service->gateway, mark.snapshot_n, 0);
    const struct store_loader loader = {
        .state = on_state, .watermark = on_watermark, .input = on_input, .row = on_row, .self = recovery};
    err = ops->load(service->store, &loader);
    if (err != ERR_OK)
        log_write(LOG_ERROR, "recover.failed",
                  "the stored state cannot be brought back\terror=%s\tinputs=%llu\trows=%llu", err_text(err),
                  (unsigned long long)recovery->inputs, (unsigned long long)recovery->rows);
    if (err == ERR_OK) {
        /* To where time had come. A mark from before the last input is that of an earlier commit: what was
         * due after it was not said yet, and is not to be fired unheard. */
        if (mark.t_ms >= gateway_t_ms(service->gateway))
            gateway_on_tick(service->gateway, mark.t_ms);
        service->snapshot_n = mark.snapshot_n;
        service->virtual_ms = gateway_t_ms(service->gateway);
        fold_clock_init(&service->fold_clock, gateway_t_ms(service->gateway));
        log_write(LOG_INFO, "recover.done",
                  "the state of the last commit is back\tn=%llu\tstates=%llu\tinputs=%llu\trows=%llu "
                  "open_alerts=%zu\tms=%lld",
                  (unsigned long long)mark.last_n, (unsigned long long)recovery->states,
                  (unsigned long long)recovery->inputs, (unsigned long long)recovery->rows,
                  alerts_open_count(gateway_alerts(service->gateway)),
                  (long long)(clock_now().mono_ms - recovery->now.mono_ms));
    }
    free(recovery);
    return err;
}
