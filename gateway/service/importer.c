/* A new registry version, or new settings, into the running gateway: read and checked aside, put into force
 * between two inputs, or not at all. */
#include "service/parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/policy_reach.h"
#include "core/log.h"

enum { MARK_WAIT_MS = 5000 };

/* One at a time: true when it may begin; `errors` is then for hand_over to release. API thread. The registry
 * in force changes only through service_apply_import, which cannot run before what was begun here is ready:
 * until then it may be read here.
 */
static bool begin(struct import *import, struct buf *errors)
{
    pthread_mutex_lock(&import->lock);
    const bool free_now = !import->busy;
    if (free_now)
        import->is_edit = false;
    import->busy = true;
    pthread_mutex_unlock(&import->lock);
    if (free_now)
        buf_init(errors, 1 << 16);
    return free_now;
}

/* Leaves the new registry to the core loop, or says what is wrong. */
static void hand_over(struct service *service, uint64_t ticket, enum err err, struct registry *registry,
                      struct buf *errors)
{
    struct import *import = &service->import;
    pthread_mutex_lock(&import->lock);
    import->busy = err == ERR_OK;
    import->registry = registry;
    import->ticket = ticket;
    pthread_mutex_unlock(&import->lock);
    if (err != ERR_OK)
        api_answer(service->api, ticket, err, errors->len > 0 ? buf_text(errors) : err_text(err));
    else
        loop_wake_send(service->wake);
    buf_release(errors);
}

enum err service_import(void *self, uint64_t ticket, const char *folder)
{
    struct service *service = self;
    struct registry *registry = NULL;
    struct buf errors;
    if (!begin(&service->import, &errors))
        return ERR_BUSY;
    enum err err = registry_load(folder, service->tz, service->registry, &errors, &registry);
    if (err == ERR_OK && (err = service_check_county(service, registry, &errors)) != ERR_OK) {
        registry_free(registry);
        registry = NULL;
    }
    hand_over(service, ticket, err, registry, &errors);
    return ERR_OK;
}

enum err service_change_consent(void *self, uint64_t ticket, const struct consent_change *change)
{
    struct service *service = self;
    struct registry *registry = NULL;
    struct buf errors;
    if (!begin(&service->import, &errors))
        return ERR_BUSY;
    const enum err err = registry_change_consent(service->registry, service->tz, clock_now().wall_ms, change,
                                                 &errors, &registry);
    hand_over(service, ticket, err, registry, &errors);
    return ERR_OK;
}

enum err service_adopt(void *self, uint64_t ticket, const struct adoption *adoption)
{
    struct service *service = self;
    struct registry *registry = NULL;
    struct buf errors;
    if (!begin(&service->import, &errors))
        return ERR_BUSY;
    const enum err err =
        registry_adopt(service->registry, service->tz, clock_now().wall_ms, adoption, &errors, &registry);
    hand_over(service, ticket, err, registry, &errors);
    return ERR_OK;
}

enum err service_edit(void *self, uint64_t ticket, const struct registry_edit *wanted)
{
    struct service *service = self;
    struct registry *registry = NULL;
    struct buf errors;
    if (!begin(&service->import, &errors))
        return ERR_BUSY;
    struct registry_edit *edit = &service->import.edit; /* nobody looks at it before the registry is there */
    *edit = *wanted;
    const enum err err = registry_edit(service->registry, service->tz, edit, &errors, &registry);
    edit->fields = NULL; /* the caller's */
    edit->count = 0;
    service->import.is_edit = true;
    hand_over(service, ticket, err, registry, &errors);
    return ERR_OK;
}

struct gateway_config service_gateway_config(const struct service *service)
{
    return (struct gateway_config){.county = service->config->county,
                                   .instance = service->config->instance,
                                   .registry = service->registry,
                                   .detect = &service->config->detect,
                                   .overrides = &service->config->detect_overrides,
                                   .alert = &service->config->alert,
                                   .relay = &service->config->relay,
                                   .prompts = service->prompts != NULL ? &service->prompts->catalogue : NULL,
                                   .tz = service->tz,
                                   .lateness_ms = (int64_t)service->config->lateness_s * 1000};
}

/* Marks in the input log what was bound. With a snapshot in the same commit: no start shall replay inputs
 * from before it under what came after. */
static enum err mark(struct service *service, enum input_kind kind, const char *version, struct now now)
{
    struct input input = {.t_ms = service_t_ms(service, now), .kind = (uint8_t)kind};
    text_copy(input.version, sizeof(input.version), version);
    service->snapshot_due = true;
    return service_take(service, &input);
}

enum err service_mark_registry(struct service *service, struct now now)
{
    if (!store_sqlite.registry_is_unmarked(service->store))
        return ERR_OK;
    enum err err = gateway_recheck_consent(service->gateway);
    if (err == ERR_OK)
        err = mark(service, INPUT_REGISTRY, registry_version(service->registry), now);
    if (err != ERR_OK) {
        log_write(LOG_ERROR, "registry.bind",
                  "the registry in force could not be entered in the log\terror=%s", err_text(err));
        return err;
    }
    log_write(LOG_INFO, "registry.marked",
              "the registry was saved before the last end and is in force from here on\tversion=%.12s",
              registry_version(service->registry));
    /* Before anything is sent that it takes back. */
    if (service_submit(service))
        (void)committer_wait(service->committer, MARK_WAIT_MS);
    return ERR_OK;
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
    return mark(service, kind, version, now);
}

void service_tell_prompts(struct service *service)
{
    struct buf json;
    buf_init(&json, 1 << 20);
    prompts_to_json(service->prompts != NULL ? &service->prompts->catalogue : NULL, &json);
    api_prompts(service->api, &json);
    buf_release(&json);
    if (service->clips != NULL)
        clips_set_folder(service->clips, service->config->prompts_folder);
}

struct save {
    struct store *store;
    const struct registry *registry;
    const struct registry_edit *edit; /* NULL: not one row by a person */
};

static enum err save_registry(void *self)
{
    const struct save *save = self;
    return save->edit != NULL ? store_sqlite.save_edited(save->store, save->registry, save->edit)
                              : store_sqlite.save_registry(save->store, save->registry);
}

bool service_import_waits(struct service *service, struct now now)
{
    struct import *import = &service->import;
    pthread_mutex_lock(&import->lock);
    const bool waits = import->registry != NULL;
    pthread_mutex_unlock(&import->lock);
    /* A disk that refuses or hangs makes the import wait, never an emergency. */
    const struct batch *under_way = committer_under_way(service->committer);
    return waits && committer_state(service->committer) == ERR_OK &&
           (under_way == NULL ||
            now.mono_ms - under_way->opened_mono_ms < service->config->store.fail_open_ms);
}

/* Everything folded so far is on disk, together with a snapshot of where it led: what the next start replays
 * begins after it. */
static bool is_settled(const struct service *service)
{
    return !service->snapshot_due && service->snapshot_n == gateway_n(service->gateway) &&
           committer_fill(service->committer)->first == NULL && !seats_have_changed(service->seats) &&
           committer_under_way(service->committer) == NULL;
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
    /* What was folded with the old registry goes first. */
    if (!is_settled(service)) {
        if (service->snapshot_n != gateway_n(service->gateway))
            service->snapshot_due = true;
        service_submit(service);
        return;
    }
    struct registry *before = service->registry;
    struct save save = {service->store, registry, import->is_edit ? &import->edit : NULL};
    enum err err = committer_with_store(service->committer, save_registry, &save);
    if (err == ERR_OK) {
        pthread_rwlock_wrlock(
            &service->registry_lock); /* whoever of the API looks at the old one is waited for */
        service->registry = registry;
        pthread_rwlock_unlock(&service->registry_lock);
        err = bind(service, INPUT_REGISTRY, registry_version(registry), now);
        if (err != ERR_OK) { /* half bound: the next start reads the new version whole */
            log_write(LOG_ERROR, "registry.bind",
                      "the new registry could not be put into force: leaving, to recover\terror=%s",
                      err_text(err));
            _exit(75);
        }
        registry_free(before);
        service_check_reach(service, now);
        log_write(LOG_INFO, "registry.imported",
                  "a new registry is in force\tversion=%.12s\tresidents=%u\tdevices=%u",
                  registry_version(registry), registry_count(registry, REGISTRY_RESIDENT),
                  registry_count(registry, REGISTRY_DEVICE));
    } else {
        registry_free(registry);
    }
    pthread_mutex_lock(&import->lock);
    import->registry = NULL;
    import->busy = false;
    pthread_mutex_unlock(&import->lock);
    /* Last: whoever hears that this one is done may send the next at once. */
    api_answer(service->api, ticket, err, err == ERR_OK ? "imported" : err_text(err));
}

static bool same_broker(const struct config_broker *a, const struct config_broker *b)
{
    return strcmp(a->url, b->url) == 0 && strcmp(a->username, b->username) == 0 &&
           strcmp(a->password_file, b->password_file) == 0 && strcmp(a->ca_file, b->ca_file) == 0 &&
           strcmp(a->cert_file, b->cert_file) == 0 && strcmp(a->key_file, b->key_file) == 0 &&
           strcmp(a->crl_file, b->crl_file) == 0 && a->expiry_warn_days == b->expiry_warn_days &&
           a->insecure == b->insecure;
}

static bool same_api(const struct config_api *a, const struct config_api *b)
{
    return strcmp(a->listen, b->listen) == 0 && a->port == b->port && a->insecure == b->insecure &&
           strcmp(a->cert_file, b->cert_file) == 0 && strcmp(a->key_file, b->key_file) == 0 &&
           strcmp(a->client_ca_file, b->client_ca_file) == 0;
}

/* What cannot change under a running gateway. */
const char *service_needs_restart(const struct config *before, const struct config *after)
{
    if (strcmp(before->county, after->county) != 0)
        return "county";
    if (strcmp(before->instance, after->instance) != 0)
        return "instance";
    if (strcmp(before->state_dir, after->state_dir) != 0)
        return "state_dir";
    if (strcmp(before->time_zone, after->time_zone) != 0)
        return "time_zone";
    if (!same_broker(&before->broker, &after->broker))
        return "broker";
    if (!same_api(&before->api, &after->api))
        return "api";
    if (memcmp(&before->clips, &after->clips, sizeof(before->clips)) != 0)
        return "clips";
    if (memcmp(&before->ingest, &after->ingest, sizeof(before->ingest)) != 0)
        return "ingest";
    if (before->dialect_count != after->dialect_count)
        return "dialects";
    for (unsigned i = 0; i < before->dialect_count; i++)
        if (strcmp(before->dialects[i].prefix, after->dialects[i].prefix) != 0 ||
            before->dialects[i].dialect != after->dialects[i].dialect)
            return "dialects: prefix or dialect";
    if (before->log_level != after->log_level)
        return "log_level";
    if (before->store.ballast_bytes != after->store.ballast_bytes)
        return "store.ballast_bytes";
    if (memcmp(&before->retention, &after->retention, sizeof(before->retention)) != 0)
        return "retention";
    return NULL;
}

/* The API looks at the settings as it does at the registry. */
static void set_config(struct service *service, const struct config *config)
{
    pthread_rwlock_wrlock(&service->registry_lock);
    *service->config = *config;
    pthread_rwlock_unlock(&service->registry_lock);
}

/* Puts a checked configuration and its prompts into force, or leaves the old ones. In place: the parts hold
 * pointers into it. *prompts is then what is no longer in force. */
static enum err put_into_force(struct service *service, const struct config *config,
                               struct prompt_book **prompts, struct now now,
                               char version[2 * SHA256_SIZE + 1])
{
    uint8_t digest[SHA256_SIZE];
    struct buf text;
    buf_init(&text, 1 << 20);
    config_show(config, &text);
    if (*prompts != NULL) /* what is said is part of what is in force */
        buf_puts(&text, (*prompts)->catalogue.version);
    hash_sha256(buf_text(&text), text.len, digest);
    hash_hex(digest, sizeof(digest), version);
    buf_release(&text);
    const struct config before = *service->config;
    struct prompt_book *const prompts_before = service->prompts;
    set_config(service, config);
    reports_forget(service->reports);
    service->prompts = *prompts;
    const enum err err = bind(service, INPUT_CONFIG, version, now);
    if (err != ERR_OK) {
        set_config(service, &before);
        service->prompts = prompts_before;
        const struct gateway_config old = service_gateway_config(service);
        if (gateway_rebind(service->gateway, &old) != ERR_OK)
            log_write(LOG_ERROR, "config.rebind", "the old configuration is in force only in part");
        outbox_rebind(service->outbox, &service->config->relay, service->registry);
    } else {
        *prompts = prompts_before;
    }
    return err;
}

/* With the rule and step as policy_check() counts them. */
static void warn_policy(void *self, int rule, int step, const char *why)
{
    const struct alert_settings *settings = self;
    char path[96] = "policy", at[24] = "";
    if (step >= 0)
        snprintf(at, sizeof(at), " step %d", step);
    if (rule >= 0)
        snprintf(path, sizeof(path), "policy[%d] %s/%s%s", rule,
                 family_name((enum family)settings->rules[rule].family),
                 level_name((enum level)settings->rules[rule].level), at);
    log_write(LOG_WARN, "policy.fault", "%s: %s", path, why);
}

static void warn_contact(void *self, const void *item, const char *path, const char *why)
{
    (void)self;
    (void)item;
    log_write(LOG_WARN, "contact.fault", "%s: %s", path, why);
}

static void warn_roster(void *self, const void *item, const char *path, const char *why)
{
    (void)self;
    (void)item;
    log_write(LOG_WARN, "roster.fault", "%s: %s", path, why);
}

void service_check_reach(const struct service *service, struct now now)
{
    const struct roster_view view = alerts_rosters(gateway_alerts(service->gateway));
    struct alert_settings *settings = &service->config->alert;
    (void)policy_reach(settings, service->registry, now.wall_ms, warn_policy, settings);
    (void)contact_reach(settings, service->registry, warn_contact, NULL);
    (void)roster_reach(settings, service->registry, &view, now.wall_ms, warn_roster, NULL);
}

/* Whoever asked hears of it with the commit of its mark. */
static void answer_reload(struct service *service, uint64_t ticket, enum err err, const struct buf *errors)
{
    struct answers *answers = &service->answers[0];
    if (ticket == 0)
        return;
    if (err == ERR_OK && answers->count < SERVICE_ANSWERS_MAX)
        answers->tickets[answers->count++] = ticket;
    else
        api_answer(service->api, ticket, err, errors->len > 0 ? buf_text(errors) : err_text(err));
}

void service_reload(struct service *service, struct now now)
{
    char version[2 * SHA256_SIZE + 1];
    const uint64_t ticket = service_reload_ticket(service, true);
    struct buf errors;
    buf_init(&errors, 1 << 16);
    struct config *config = NULL;
    enum err err = config_load(service->options.config_path, &config, &errors);
    const char *key = err == ERR_OK ? service_needs_restart(service->config, config) : NULL;
    if (key != NULL) {
        buf_printf(&errors, "a restart is needed to change %s", key);
        err = ERR_INVALID;
    }
    if (err == ERR_OK && service->options.virtual_clock) {
        err = service_bind_to_exercise(&config->relay);
        if (err != ERR_OK)
            buf_puts(&errors, "--virtual-clock allows relays on loopback only");
    }
    struct prompt_book *prompts = NULL;
    if (err == ERR_OK)
        err = prompts_of_config(config, &prompts, &errors);
    if (err == ERR_OK)
        err = api_reload(service->api, &errors);
    if (err == ERR_OK)
        err = put_into_force(service, config, &prompts, now, version);
    if (err == ERR_OK) {
        service_tell_prompts(service);
        service_check_reach(service, now);
    }
    if (err == ERR_OK)
        log_write(LOG_INFO, "config.reloaded",
                  "the new configuration is in force\tversion=%.12s\tprompts=%.12s", version,
                  service->prompts != NULL ? service->prompts->catalogue.version : prompts_builtin.version);
    else
        log_write(LOG_ERROR, "config.refused", "the old configuration stays in force: %s",
                  errors.len > 0 ? buf_text(&errors) : err_text(err));
    answer_reload(service, ticket, err, &errors);
    prompts_free(prompts);
    config_free(config);
    buf_release(&errors);
}
