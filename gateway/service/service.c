#include "service/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "relay/address.h"
#include "service/parts.h"

enum { LINK_TICK_MS = 500, METRICS_MS = 1000, STOP_WAIT_MS = 3000, VIRTUAL_PUMP_MS = 2 };

/* Is host:port on this machine itself? */
static bool is_loopback_address(const char *address)
{
    char host[TCP_ADDRESS_SIZE], url[TCP_ADDRESS_SIZE + 16];
    uint16_t port;
    if (address[0] == '\0')
        return true;
    if (!tcp_address_parse(address, host, &port))
        return false;
    snprintf(url, sizeof(url), strchr(host, ':') != NULL ? "tcp://[%s]" : "tcp://%s", host);
    return address_url_is_loopback(url);
}

enum err service_bind_to_exercise(struct relay_settings *relay)
{
    relay->exercise = true;
    bool loopback =
        address_url_is_loopback(relay->police_url) && address_url_is_loopback(relay->police_backup_url);
    for (unsigned i = 0; i < relay->webhook_count; i++)
        loopback = loopback && address_url_is_loopback(relay->webhooks[i].url);
    for (unsigned i = 0; i < relay->operator_count; i++)
        loopback = loopback && address_url_is_loopback(relay->operators[i].url) &&
                   address_url_is_loopback(relay->operators[i].poll_url);
    loopback = loopback && address_url_is_loopback(relay->mail.url);
    for (unsigned i = 0; i < relay->dc09_count; i++)
        loopback = loopback && is_loopback_address(relay->dc09[i].main) &&
                   is_loopback_address(relay->dc09[i].backup);
    return loopback ? ERR_OK : ERR_INVALID;
}

static void on_signal(void *self, int number)
{
    struct service *service = self;
    if (number == SIGHUP) {
        service->reload_asked = true; /* between two inputs, and when the batch has room for its mark */
        loop_wake_send(service->wake);
        return;
    }
    log_write(LOG_INFO, "service.stopping", "asked to stop\tsignal=%d", number);
    loop_stop(service->loop);
}

static void on_link_timer(void *self, struct now now)
{
    struct service *service = self;
    if (link_tick(service->link, now.mono_ms))
        return;
    log_write(LOG_ERROR, "link.dead", "the MQTT library gives no sign of life: leaving, to be started again");
    service->broken = true;
    loop_stop(service->loop);
}

static void wake(void *self)
{
    struct service *service = self;
    loop_wake_send(service->wake);
}

static enum err submit_action(void *self, uint64_t ticket, const struct action *action)
{
    struct service *service = self;
    return inbox_put(service->inbox, ticket, action);
}

static enum err submit_word(void *self, uint64_t ticket, const struct api_word *word)
{
    struct service *service = self;
    return reports_put(service->reports, ticket, word);
}

static enum err open_link(struct service *service)
{
    const struct config *config = service->config;
    char filters[LINK_FILTERS_MAX][TOPIC_SIZE];
    const struct link_config link = {.url = config->broker.url,
                                     .username = config->broker.username,
                                     .password_file = config->broker.password_file,
                                     .ca_file = config->broker.ca_file,
                                     .cert_file = config->broker.cert_file,
                                     .key_file = config->broker.key_file,
                                     .county = config->county,
                                     .instance = config->instance,
                                     .urgent_ring_bytes = config->ingest.urgent_ring_bytes,
                                     .routine_ring_bytes = config->ingest.routine_ring_bytes,
                                     .dialect_filters = filters,
                                     .dialect_filter_count = dialects_filters(
                                         config->dialects, config->dialect_count, filters, LINK_FILTERS_MAX),
                                     .dialect_ring_bytes = config->ingest.dialect_ring_bytes,
                                     .virtual_clock = service->options.virtual_clock,
                                     .wake = wake,
                                     .self = service};
    return link_new(&link, &service->link);
}

static enum err open_loop_parts(struct service *service)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    enum err err = loop_wake_new(service->loop, service_pump, service, &service->wake);
    if (err == ERR_OK)
        err = loop_timer_new(service->loop, service_pump, service, &service->pump_timer);
    if (err == ERR_OK)
        err = loop_timer_new(service->loop, on_link_timer, service, &service->link_timer);
    if (err == ERR_OK)
        err = loop_timer_new(service->loop, service_tell_metrics, service, &service->metrics_timer);
    if (err == ERR_OK)
        err = loop_timer_new(service->loop, service_watch, service, &service->watch_timer);
    for (size_t i = 0; err == ERR_OK && i < sizeof(signals) / sizeof(signals[0]); i++)
        err = loop_on_signal(service->loop, signals[i], on_signal, service);
    if (err == ERR_OK)
        err = inbox_new(service->wake, &service->inbox);
    if (err == ERR_OK)
        err = reports_new(service->wake, &service->reports);
    return err;
}

static enum err open_committer(struct service *service)
{
    const struct committer_config config = {.loop = service->loop,
                                            .ops = &store_sqlite,
                                            .store = service->store,
                                            .batch_bytes = SERVICE_BATCH_BYTES,
                                            .on_committed = service_on_committed,
                                            .self = service};
    const enum err err = committer_new(&config, &service->committer);
    if (err == ERR_OK)
        gateway_set_batch(service->gateway, committer_fill(service->committer));
    return err;
}

static enum err open_api(struct service *service)
{
    const struct api_config config = {.folder = service->config->state_dir,
                                      .listen = service->config->api.listen,
                                      .port = service->config->api.port,
                                      .cert_file = service->config->api.cert_file,
                                      .key_file = service->config->api.key_file,
                                      .client_ca_file = service->config->api.client_ca_file,
                                      .tz = service->tz,
                                      .submit = submit_action,
                                      .say = submit_word,
                                      .link_key = service->link_key,
                                      .link_expires_s = service->config->relay.link_expires_s,
                                      .import = service_import,
                                      .consent = service_change_consent,
                                      .adopt = service_adopt,
                                      .edit = service_edit,
                                      .look = service_look,
                                      .show_config = service_show_config,
                                      .check_config = service_check_config,
                                      .reload = service_ask_reload,
                                      .borrow = service_borrow,
                                      .give_back = service_give_back,
                                      .settings = &service->config->alert,
                                      .detect = &service->config->detect,
                                      .report = &service->config->report,
                                      .self = service};
    /* Its thread may ask for an import before the pointer is stored: it waits for that here. */
    pthread_mutex_lock(&service->import.lock);
    enum err err = api_start(&config, &service->api);
    pthread_mutex_unlock(&service->import.lock);
    if (err == ERR_OK && service->config->clips.port != 0)
        err = clips_start(service->config->clips.listen, service->config->clips.port, &service->clips);
    if (err == ERR_OK)
        service_tell_prompts(service);
    return err;
}

enum err service_new(struct config *config, struct prompt_book *prompts,
                     const struct service_options *options, struct service **ret_service)
{
    struct service *service = calloc(1, sizeof(*service));
    if (service == NULL) {
        prompts_free(prompts);
        config_free(config);
        return ERR_NOMEM;
    }
    service->config = config;
    service->prompts = prompts;
    service->options = *options;
    service->started_wall_ms = clock_now().wall_ms;
    buf_init(&service->metrics, 1 << 18);
    expiry_init(&service->expiry, config);
    pthread_mutex_init(&service->import.lock, NULL);
    pthread_mutex_init(&service->looks.lock, NULL);
    pthread_rwlock_init(&service->registry_lock, NULL);
    enum err err = options->virtual_clock ? service_bind_to_exercise(&config->relay) : ERR_OK;
    if (err != ERR_OK)
        log_write(LOG_ERROR, "config.virtual", "--virtual-clock allows relays on loopback only");
    if (err == ERR_OK && (err = tz_load(config->time_zone, &service->tz)) != ERR_OK)
        log_write(LOG_ERROR, "config.time_zone",
                  "the time zone is not on this machine (package tzdata)\ttime_zone=%s", config->time_zone);
    if (err == ERR_OK)
        err = loop_new(&service->loop);
    if (err == ERR_OK)
        err = open_loop_parts(service);
    if (err == ERR_OK)
        err = service_recover(service);
    if (err == ERR_OK)
        err = open_link(service);
    if (err == ERR_OK)
        err = open_committer(service);
    if (err == ERR_OK)
        err = open_api(service);
    if (err == ERR_OK)
        err = service_mark_registry(service, clock_now());
    if (err != ERR_OK)
        service_free(service);
    else
        *ret_service = service;
    return err;
}

enum err service_run(struct service *service)
{
    const enum err err = link_start(service->link);
    if (err != ERR_OK)
        return err;
    const unsigned pump_ms = service->options.virtual_clock ? VIRTUAL_PUMP_MS : SERVICE_PUMP_MS;
    loop_timer_start(service->pump_timer, pump_ms, pump_ms);
    loop_timer_start(service->link_timer, LINK_TICK_MS, LINK_TICK_MS);
    loop_timer_start(service->metrics_timer, 0, METRICS_MS);
    if (!service->options.virtual_clock) { /* the machine's seconds mean nothing to simulated days */
        service_watch_begin(service);
        loop_timer_start(service->watch_timer, SERVICE_WATCH_MS, SERVICE_WATCH_MS);
    }
    service_check_reach(service, clock_now());
    log_write(LOG_INFO, "service.running", "serving\tcounty=%s\tapi_port=%u\tvirtual_clock=%d",
              service->config->county, api_port(service->api), service->options.virtual_clock);
    loop_run(service->loop);
    return service->broken ? ERR_IO : ERR_OK;
}

/* What has been taken in is committed with a snapshot, so that the next start has nothing to replay, and
 * acknowledged while the link still stands. A disk that refuses is not waited for long: what is not committed
 * was not acknowledged either, and comes again. */
static void settle(struct service *service)
{
    service->stopping = true;
    if (!committer_wait(service->committer, STOP_WAIT_MS)) {
        log_write(LOG_WARN, "service.unsettled",
                  "the disk does not take the last batch: what is in it will be sent again\terror=%s",
                  err_text(committer_state(service->committer)));
        return;
    }
    gateway_on_tick(service->gateway, service_t_ms(service, clock_now()));
    service->snapshot_due = true;
    if (service_submit(service) && !committer_wait(service->committer, STOP_WAIT_MS))
        log_write(LOG_WARN, "service.unsettled", "the last snapshot could not be written\terror=%s",
                  err_text(committer_state(service->committer)));
}

void service_free(struct service *service)
{
    if (service == NULL)
        return;
    if (service->api != NULL)
        settle(service);
    clips_stop(service->clips);
    api_stop(service->api);
    service_drop_looks(service);
    link_stop(service->link, STOP_WAIT_MS);
    committer_free(service->committer, 0);
    outbox_free(service->outbox);
    intake_free(service->intake);
    doorkeeper_release(&service->doorkeeper);
    dialects_free(service->dialects);
    seats_free(service->seats);
    gateway_free(service->gateway);
    registry_free(service->registry);
    registry_free(service->import.registry);
    if (service->store != NULL)
        store_sqlite.close(service->store);
    inbox_free(service->inbox);
    reports_free(service->reports);
    if (service->wake != NULL)
        loop_wake_close(service->wake);
    struct loop_timer *timers[] = {service->pump_timer, service->link_timer, service->metrics_timer,
                                   service->watch_timer};
    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
        if (timers[i] != NULL)
            loop_timer_close(timers[i]);
    if (service->loop != NULL)
        loop_free(service->loop);
    tz_free(service->tz);
    prompts_free(service->prompts);
    config_free(service->config);
    buf_release(&service->metrics);
    explicit_bzero(service->link_key, sizeof(service->link_key));
    pthread_mutex_destroy(&service->import.lock);
    pthread_mutex_destroy(&service->looks.lock);
    pthread_rwlock_destroy(&service->registry_lock);
    free(service);
}
