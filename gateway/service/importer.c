/* A new registry version, or new settings, into the running gateway: read and checked aside, put into force
 * between two inputs, or not at all. */
#include "service/parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum err service_import(void *self, uint64_t ticket, const char *folder)
{
    struct service *service = self;
    struct import *import = &service->import;
    pthread_mutex_lock(&import->lock);
    const bool busy = import->busy;
    import->busy = true;
    pthread_mutex_unlock(&import->lock);
    if (busy)
        return ERR_BUSY;
    struct buf errors;
    buf_init(&errors, 1 << 16);
    struct registry *registry = NULL;
    /* The registry in force changes only through service_apply_import, which cannot run before this import is
     * ready: it may be read here. */
    const enum err err = registry_load(folder, service->tz, service->registry, &errors, &registry);
    pthread_mutex_lock(&import->lock);
    import->busy = err == ERR_OK;
    import->registry = registry;
    import->ticket = ticket;
    pthread_mutex_unlock(&import->lock);
    if (err != ERR_OK)
        api_answer(service->api, ticket, err, errors.len > 0 ? buf_text(&errors) : err_text(err));
    else
        loop_wake_send(service->wake);
    buf_release(&errors);
    return ERR_OK;
}

struct gateway_config service_gateway_config(const struct service *service)
{
    return (struct gateway_config){.county = service->config->county,
                                   .instance = service->config->instance,
                                   .registry = service->registry,
                                   .detect = &service->config->detect,
                                   .alert = &service->config->alert,
                                   .relay = &service->config->relay,
                                   .tz = service->tz,
                                   .lateness_ms = (int64_t)service->config->lateness_s * 1000};
}

/* Puts service->registry and service->config into force and marks it in the input log. */
static enum err bind(struct service *service, enum input_kind kind, const char *version, struct now now)
{
    const struct gateway_config config = service_gateway_config(service);
    enum err err = seats_grow(service->seats, registry_count(service->registry, REGISTRY_DEVICE));
    if (err == ERR_OK)
        err = gateway_rebind(service->gateway, &config);
    if (err != ERR_OK)
        return err;
    outbox_rebind(service->outbox, &service->config->relay, service->registry);
    struct input input = {.t_ms = service_t_ms(service, now), .kind = (uint8_t)kind};
    text_copy(input.version, sizeof(input.version), version);
    return gateway_on_input(service->gateway, &input);
}

struct save {
    struct store *store;
    const struct registry *registry;
};

static enum err save_registry(void *self)
{
    const struct save *save = self;
    return store_sqlite.save_registry(save->store, save->registry);
}

void service_apply_import(struct service *service, struct now now)
{
    struct import *import = &service->import;
    pthread_mutex_lock(&import->lock);
    struct registry *registry = import->registry;
    const uint64_t ticket = import->ticket;
    pthread_mutex_unlock(&import->lock);
    if (registry == NULL)
        return;
    /* A batch under way was folded with the old registry: it goes first. */
    if (committer_fill(service->committer)->first != NULL ||
        committer_under_way(service->committer) != NULL) {
        service_submit(service);
        return;
    }
    struct registry *before = service->registry;
    struct save save = {service->store, registry};
    enum err err = committer_with_store(service->committer, save_registry, &save);
    if (err == ERR_OK) {
        service->registry = registry;
        err = bind(service, INPUT_REGISTRY, registry_version(registry), now);
        if (err != ERR_OK) { /* half bound: the next start reads the new version whole */
            log_write(LOG_ERROR, "registry.bind",
                      "the new registry could not be put into force: leaving, to recover\terror=%s",
                      err_text(err));
            exit(75);
        }
        registry_free(before);
        log_write(LOG_INFO, "registry.imported",
                  "a new registry is in force\tversion=%.12s residents=%u devices=%u",
                  registry_version(registry), registry_count(registry, REGISTRY_RESIDENT),
                  registry_count(registry, REGISTRY_DEVICE));
    } else {
        registry_free(registry);
    }
    api_answer(service->api, ticket, err, err == ERR_OK ? "imported" : err_text(err));
    pthread_mutex_lock(&import->lock);
    import->registry = NULL;
    import->busy = false;
    pthread_mutex_unlock(&import->lock);
}

/* What cannot change under a running gateway. */
static const char *needs_restart(const struct config *before, const struct config *after)
{
    if (strcmp(before->county, after->county) != 0)
        return "county";
    if (strcmp(before->instance, after->instance) != 0)
        return "instance";
    if (strcmp(before->state_dir, after->state_dir) != 0)
        return "state_dir";
    if (strcmp(before->time_zone, after->time_zone) != 0)
        return "time_zone";
    if (memcmp(&before->broker, &after->broker, sizeof(before->broker)) != 0)
        return "broker";
    if (memcmp(&before->api, &after->api, sizeof(before->api)) != 0)
        return "api";
    return NULL;
}

void service_reload(struct service *service, struct now now)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    struct config *config = NULL;
    const enum err err = config_load(service->options.config_path, &config, &text);
    const char *key = err == ERR_OK ? needs_restart(service->config, config) : NULL;
    if (err != ERR_OK || key != NULL) {
        log_write(LOG_ERROR, "config.refused", "the old configuration stays in force: %s%s",
                  key != NULL ? "a restart is needed to change " : "", key != NULL ? key : buf_text(&text));
    } else {
        uint8_t digest[SHA256_SIZE];
        char version[2 * SHA256_SIZE + 1];
        buf_clear(&text);
        config_show(config, &text);
        hash_sha256(buf_text(&text), text.len, digest);
        hash_hex(digest, sizeof(digest), version);
        /* In place: the parts hold pointers into it. */
        const struct config before = *service->config;
        *service->config = *config;
        const enum err bound = bind(service, INPUT_CONFIG, version, now);
        if (bound != ERR_OK) {
            *service->config = before;
            log_write(LOG_ERROR, "config.refused", "the old configuration stays in force\terror=%s",
                      err_text(bound));
        } else {
            log_write(LOG_INFO, "config.reloaded", "the new configuration is in force\tversion=%.12s",
                      version);
        }
    }
    config_free(config);
    buf_release(&text);
}
