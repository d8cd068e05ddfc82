/* The fence around libmicrohttpd: connections, limits, the token, and the waiting of actions for their
 * commit.
 *
 * Threads: MHD's own (epoll) runs every handler, all reads of the database and all of the accounts. The core
 * answers from its thread, and the passwords' thread from its own, under the lock. One more thread does
 * nothing but wake: streams that have something to say, and requests whose answer does not come: a core that
 * hangs in fsync must not keep its callers.
 *
 * A waiting request: suspended first, then listed, then handed to the core; so its answer always finds it
 * listed and suspended. Whoever takes it off the list resumes it, exactly once. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "api/console.h"
#include "api/http.h"
#include "core/log.h"

enum {
    DISCARD_MAX = 1 << 20, /* bytes of a body that is too large before the connection is closed */
    METRICS_MAX = 1 << 20
};

/* Under the lock. */
static void unlist(struct api *api, struct exchange *exchange)
{
    *(exchange->prev != NULL ? &exchange->prev->next : &api->first) = exchange->next;
    *(exchange->next != NULL ? &exchange->next->prev : &api->last) = exchange->prev;
    exchange->prev = exchange->next = NULL;
    api->waiting--;
}

static void answer(struct api *api, struct exchange *exchange, enum err err, const char *text)
{
    unlist(api, exchange);
    exchange->outcome = err;
    (void)text_copy(exchange->text, sizeof(exchange->text), text);
    exchange->phase = PHASE_ANSWERED;
    MHD_resume_connection(exchange->connection);
}

void api_answer(struct api *api, uint64_t ticket, enum err err, const char *text)
{
    pthread_mutex_lock(&api->lock);
    for (struct exchange *exchange = api->first; exchange != NULL; exchange = exchange->next)
        if (exchange->ticket == ticket) {
            answer(api, exchange, err, text != NULL ? text : "");
            break;
        }
    pthread_mutex_unlock(&api->lock);
}

void api_looked(struct api *api, uint64_t ticket, struct look *look)
{
    pthread_mutex_lock(&api->lock);
    for (struct exchange *exchange = api->first; exchange != NULL; exchange = exchange->next)
        if (exchange->ticket == ticket) {
            exchange->pending.look = look;
            look = NULL;
            answer(api, exchange, ERR_OK, "");
            break;
        }
    pthread_mutex_unlock(&api->lock);
    free(look); /* nobody waits any more */
}

void api_update(struct api *api, const struct api_health *health, const struct buf *metrics)
{
    pthread_mutex_lock(&api->lock);
    api->health = *health;
    api->heard_ms = clock_now().mono_ms;
    buf_clear(&api->metrics);
    buf_append(&api->metrics, buf_text(metrics), metrics->len);
    pthread_mutex_unlock(&api->lock);
}

void api_prompts(struct api *api, const struct buf *json)
{
    pthread_mutex_lock(&api->lock);
    buf_clear(&api->prompts);
    buf_append(&api->prompts, buf_text(json), json->len);
    pthread_mutex_unlock(&api->lock);
}

void api_changed(struct api *api)
{
    pthread_mutex_lock(&api->lock);
    api->changes++;
    pthread_cond_signal(&api->changed);
    pthread_mutex_unlock(&api->lock);
}

static void *watch(void *self)
{
    struct api *api = self;

    pthread_mutex_lock(&api->lock);
    while (!api->stopping) {
        int64_t mono_ms = clock_now().mono_ms, until_ms = http_wake_streams(api, mono_ms),
                slow_ms = http_end_slow(api, mono_ms);
        if (slow_ms < until_ms)
            until_ms = slow_ms;
        if (api->first != NULL && api->first->deadline_ms <= mono_ms) {
            answer(api, api->first, ERR_TIMEOUT,
                   "no commit within 10 s; it may still happen: look before you ask again");
            continue;
        }
        if (api->first != NULL && api->first->deadline_ms < until_ms)
            until_ms = api->first->deadline_ms;
        if (until_ms == INT64_MAX) {
            pthread_cond_wait(&api->changed, &api->lock);
            continue;
        }
        const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&api->changed, &api->lock, &until);
    }
    pthread_mutex_unlock(&api->lock);
    return NULL;
}

static enum MHD_Result take_query(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct request *request = self;
    struct query *query = &request->query[request->query_count];

    (void)kind;
    if (request->reply.status != 0)
        return MHD_NO;
    if (request->query_count == API_QUERY_MAX || !text_copy(query->name, sizeof(query->name), name) ||
        !text_copy(query->value, sizeof(query->value), value != NULL ? value : "")) {
        reply_problem(request, 400, NULL, "a parameter is too long, or there are too many");
        return MHD_NO;
    }
    for (unsigned i = 0; i < request->query_count; i++)
        if (strcmp(request->query[i].name, query->name) == 0) {
            reply_problem(request, 400, query->name, "is there twice");
            return MHD_NO;
        }
    request->query_count++;
    return MHD_YES;
}

static void take_header(struct MHD_Connection *connection, const char *name, char *value, size_t size)
{
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    if (header == NULL || !text_copy(value, size, header))
        value[0] = '\0';
}

/* An ETag without its quotes; anything else is "". */
static void take_etag(struct MHD_Connection *connection, const char *name, char *value, size_t size)
{
    char text[64] = "";
    size_t len;

    value[0] = '\0';
    take_header(connection, name, text, sizeof(text));
    const char *tag = strncmp(text, "W/", 2) == 0 ? text + 2 : text; /* a proxy that packs makes it weak */
    len = strlen(tag);
    if (len >= 2 && tag[0] == '"' && tag[len - 1] == '"' && len - 2 < size) {
        memcpy(value, tag + 1, len - 2);
        value[len - 2] = '\0';
    }
}

static void take_address(struct MHD_Connection *connection, char *text, socklen_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;

    if (address != NULL && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, size);
    else if (address != NULL && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, size);
}

static void take_headers(struct MHD_Connection *connection, bool is_tls, struct asked *asked)
{
    char text[128];
    take_header(connection, "X-Forwarded-Proto", text, sizeof(text));
    asked->https = is_tls || strcmp(text, "https") == 0;
    const char *cookie =
        MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, http_cookie_name(asked->https));
    if (cookie == NULL || !text_copy(asked->cookie, sizeof(asked->cookie), cookie))
        asked->cookie[0] = '\0';
    take_header(connection, "Authorization", asked->bearer, sizeof(asked->bearer));
    take_header(connection, "X-CSRF-Token", asked->csrf, sizeof(asked->csrf));
    take_header(connection, "Idempotency-Key", asked->once, sizeof(asked->once));
    take_header(connection, "Sec-Fetch-Site", asked->fetch_site, sizeof(asked->fetch_site));
    take_header(connection, "Last-Event-ID", asked->last_event, sizeof(asked->last_event));
    take_etag(connection, "If-Match", asked->if_match, sizeof(asked->if_match));
    take_etag(connection, "If-None-Match", asked->if_none, sizeof(asked->if_none));
    take_header(connection, "Accept-Language", text, sizeof(text));
    asked->zh = strncasecmp(text, "zh", 2) == 0;
    take_header(connection, "Accept-Encoding", text, sizeof(text));
    asked->gzip = strstr(text, "gzip") != NULL;
    take_header(connection, "Content-Type", text, sizeof(text));
    asked->json = strncasecmp(text, "application/json", 16) == 0;
    take_address(connection, asked->address, sizeof(asked->address));
}

static enum MHD_Result count_length(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    unsigned *count = self;

    (void)kind;
    (void)value;
    *count += strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
    return MHD_YES;
}

/* Where a body ends must be said once: who stands between could read it otherwise, and take what follows for
 * somebody else's request. */
static bool ends_clearly(struct exchange *exchange)
{
    unsigned count = 0;

    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, count_length, &count);
    if (count <= 1)
        return true;
    reply_said(&exchange->request, 400, "the length of the body is said twice", "请求内容的长度重复出现");
    exchange->closes = true;
    return false;
}

/* The gates before a body is read; false = the reply is made. */
static bool admit(struct api *api, struct exchange *exchange, const char *method, const char *url)
{
    struct request *request = &exchange->request;
    struct MHD_Connection *connection = exchange->connection;
    const char *header;
    int64_t len;

    take_headers(connection, api->tls != NULL, &request->asked);
    if (!text_copy(request->path, sizeof(request->path), url)) {
        reply_problem(request, 414, NULL, "the path is too long");
        return false;
    }
    if (!ends_clearly(exchange))
        return false;
    if (!http_knows(api, connection)) {
        reply_said(request, 403, "this needs a client certificate of our authority",
                   "需要由本机构签发的客户端证书");
        return false;
    }
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (reads && (exchange->file = console_find(request->path)) != NULL)
        return true;
    if (api->reader == NULL && reader_open(api->config.folder, &api->reader) == ERR_OK)
        reader_set_zone(api->reader, api->config.tz);
    exchange->route = route_find(request, method);
    header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    if (!gate_admit(&api->gate, request, exchange->route, header, api->reader))
        return false;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_query, request);
    if (request->reply.status != 0)
        return false;
    header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
    if (header != NULL && !reads && !request->asked.json && exchange->route->who != WHO_OUTSIDE &&
        !exchange->route->is_xml) {
        reply_problem(request, 415, NULL, "the body must be application/json");
        return false;
    }
    header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (exchange->route->body_max != 0)
        request->body.max = exchange->route->body_max;
    if (header != NULL && text_to_int(header, 0, INT64_MAX, &len) && len > (int64_t)request->body.max) {
        reply_problem(request, 413, NULL, "a body is at most %d bytes", (int)request->body.max);
        return false;
    }
    return true;
}

/* Hands what waits to whom it waits for. */
static enum err pass_on(struct api *api, uint64_t ticket, enum verdict verdict, struct pending *pending)
{
    enum err err;

    switch (verdict) {
    case VERDICT_LOOK:
        err = api->config.look != NULL ? api->config.look(api->config.self, ticket, pending->look)
                                       : ERR_UNSUPPORTED;
        if (err == ERR_OK)
            pending->look = NULL; /* the core's now */
        return err;
    case VERDICT_ACTION: return api->config.submit(api->config.self, ticket, &pending->action);
    case VERDICT_WORD: return api->config.say(api->config.self, ticket, &pending->word);
    case VERDICT_IMPORT: return api->config.import(api->config.self, ticket, pending->folder);
    case VERDICT_RELOAD:
        return api->config.reload != NULL ? api->config.reload(api->config.self, ticket) : ERR_UNSUPPORTED;
    case VERDICT_ADOPT: return api->config.adopt(api->config.self, ticket, &pending->adoption);
    case VERDICT_EDIT:
        return api->config.edit != NULL ? api->config.edit(api->config.self, ticket, &pending->edit->edit)
                                        : ERR_UNSUPPORTED;
    case VERDICT_CONSENT: return api->config.consent(api->config.self, ticket, &pending->consent);
    default:
        err = passwords_put(api->passwords, ticket, verdict == VERDICT_MAKE ? PASSWORD_MAKE : PASSWORD_CHECK,
                            pending->password, pending->secret[0] != '\0' ? pending->secret : NULL);
        return err;
    }
}

/* The connection is suspended before anybody can know of it. `pending` is a copy: from the moment the core
 * knows, the exchange may be answered and gone. */
static void hand_over(struct api *api, struct exchange *exchange, enum verdict verdict,
                      struct pending pending)
{
    const char *refusal = NULL;
    uint64_t ticket = 0;

    exchange->pending.look = NULL; /* the copy carries it on */
    MHD_suspend_connection(exchange->connection);
    exchange->deadline_ms = clock_now().mono_ms + API_ANSWER_TIMEOUT_MS;
    pthread_mutex_lock(&api->lock);
    exchange->phase = PHASE_WAITING;
    exchange->prev = api->last;
    exchange->next = NULL;
    *(api->last != NULL ? &api->last->next : &api->first) = exchange;
    api->last = exchange;
    ticket = exchange->ticket = ++api->tickets;
    if (++api->waiting > API_PENDING_MAX)
        refusal = "too many actions wait";
    else if (api->stopping)
        refusal = "the gateway is stopping";
    if (refusal != NULL)
        answer(api, exchange, ERR_BUSY, refusal);
    else
        pthread_cond_signal(&api->changed);
    pthread_mutex_unlock(&api->lock);
    if (refusal == NULL) {
        enum err err = pass_on(api, ticket, verdict, &pending);
        if (err != ERR_OK)
            api_answer(api, ticket, err, err == ERR_BUSY ? "too many wait already" : err_text(err));
    }
    free(pending.look);
    secret_wipe(&pending, sizeof(pending));
}

static void own_metrics(struct api *api, struct buf *out)
{
    buf_puts(out, "# HELP huyang_api_replies_total HTTP replies by class of status.\n# TYPE "
                  "huyang_api_replies_total counter\n");
    for (unsigned i = 2; i <= 5; i++)
        buf_printf(out, "huyang_api_replies_total{class=\"%uxx\"} %llu\n", i,
                   (unsigned long long)api->replies[i]);
    buf_printf(out,
               "# HELP huyang_api_denied_total Requests without a token or session.\n# TYPE "
               "huyang_api_denied_total counter\n"
               "huyang_api_denied_total %llu\n",
               (unsigned long long)api->gate.denied);
    pthread_mutex_lock(&api->lock);
    unsigned streams = api->stream_count;
    pthread_mutex_unlock(&api->lock);
    buf_printf(out,
               "# HELP huyang_api_streams Pages that listen.\n# TYPE huyang_api_streams gauge\n"
               "huyang_api_streams %u\n",
               streams);
}

/* The handler, or after a wait its second half; then what it decided. */
static enum MHD_Result dispatch(struct api *api, struct exchange *exchange)
{
    struct view view = {.config = &api->config, .gate = &api->gate, .reader = api->reader};
    const struct route *route = exchange->route;
    enum verdict verdict;
    struct buf metrics;

    buf_init(&metrics, METRICS_MAX);
    pthread_mutex_lock(&api->lock);
    view.health = api->health;
    view.heard = api->heard_ms != 0 && clock_now().mono_ms - api->heard_ms <= API_SILENCE_MS;
    if (route->handle == view_metrics || route->handle == records_health)
        buf_append(&metrics, buf_text(&api->metrics), api->metrics.len);
    if (route->handle == say_prompts)
        buf_append(&metrics, buf_text(&api->prompts), api->prompts.len);
    pthread_mutex_unlock(&api->lock);
    if (route->handle == view_metrics || route->handle == records_health)
        own_metrics(api, &metrics);
    view.metrics = &metrics;
    if (api->config.borrow != NULL)
        view.registry = api->config.borrow(api->config.self);
    view.settings = api->config.settings;
    view.detect = api->config.detect;
    if (exchange->phase == PHASE_ANSWERED)
        verdict =
            route->finish(&view, &exchange->request, &exchange->pending, exchange->outcome, exchange->text);
    else
        verdict = route->handle(&view, &exchange->request, &exchange->pending);
    if (view.registry != NULL)
        api->config.give_back(api->config.self);
    buf_release(&metrics);
    secret_wipe(exchange->text, sizeof(exchange->text));
    if (verdict == VERDICT_REPLY)
        return http_send_reply(api, exchange);
    if (verdict == VERDICT_STREAM)
        return http_send_stream(api, exchange);
    hand_over(api, exchange, verdict, exchange->pending);
    return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *len)
{
    struct buf *body = &exchange->request.body;

    if (body->failed || *len > body->max - body->len) {
        body->failed = true;
        exchange->discarded += *len;
        if (exchange->discarded > DISCARD_MAX)
            return MHD_NO;
    } else {
        buf_append(body, data, *len);
    }
    *len = 0;
    return MHD_YES;
}

enum MHD_Result http_request(void *self, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data, size_t *data_len,
                             void **context)
{
    struct api *api = self;
    struct exchange *exchange = *context;

    (void)version;
    if (exchange == NULL) {
        exchange = calloc(1, sizeof(*exchange));
        if (exchange == NULL)
            return MHD_NO;
        *context = exchange;
        exchange->connection = connection;
        http_line_wait(api, connection, REQUEST_MS);
        buf_init(&exchange->request.body, API_BODY_MAX);
        buf_init(&exchange->request.reply.body, API_REPLY_MAX);
        return admit(api, exchange, method, url) ? MHD_YES : http_send_reply(api, exchange);
    }
    if (*data_len != 0)
        return take_body(exchange, data, data_len);
    if (exchange->request.body.failed) {
        reply_problem(&exchange->request, 413, NULL, "a body is at most %d bytes",
                      (int)exchange->request.body.max);
        return http_send_reply(api, exchange);
    }
    if (exchange->file != NULL)
        return http_send_file(api, exchange);
    assert(exchange->phase != PHASE_WAITING);
    return dispatch(api, exchange);
}

void http_completed(void *self, struct MHD_Connection *connection, void **context,
                    enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *context;
    struct api *api = self;

    (void)code;
    http_line_wait(api, connection, HEAD_MS);
    if (exchange == NULL)
        return;
    pthread_mutex_lock(&api->lock);
    bool left = exchange->phase != PHASE_READING;
    if (exchange->phase == PHASE_WAITING)
        unlist(api, exchange);
    pthread_mutex_unlock(&api->lock);
    if (left) /* the core has it, or had it; whoever asked hears nothing of that */
        gate_once_lost(&api->gate, &exchange->request);
    gate_once_done(&api->gate, &exchange->request, NULL);
    buf_release(&exchange->request.body);
    buf_release(&exchange->request.reply.body);
    free(exchange->pending.look);
    edit_free(exchange->pending.edit);
    secret_wipe(exchange, sizeof(*exchange));
    free(exchange);
    *context = NULL;
}

static void api_free(struct api *api)
{
    tls_close(api->tls); /* MHD has said good-bye to every connection */
    passwords_free(api->passwords);
    reader_close(api->reader);
    buf_release(&api->metrics);
    buf_release(&api->prompts);
    pthread_cond_destroy(&api->changed);
    pthread_mutex_destroy(&api->lock);
    gate_close(&api->gate);
    free(api);
}

static void on_password(void *self, uint64_t ticket, enum err err, const char *text)
{
    api_answer(self, ticket, err, text);
}

enum err api_start(const struct api_config *config, struct api **ret_api)
{
    struct api *api = calloc(1, sizeof(*api));
    pthread_condattr_t monotonic;

    if (api == NULL)
        return ERR_NOMEM;
    api->config = *config;
    buf_init(&api->metrics, METRICS_MAX);
    buf_init(&api->prompts, METRICS_MAX);
    pthread_mutex_init(&api->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&api->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum err err = gate_open(&api->gate, config->folder);
    if (err == ERR_OK)
        err = passwords_new(on_password, api, &api->passwords);
    if (err == ERR_OK && pthread_create(&api->watch, NULL, watch, api) != 0)
        err = ERR_NOMEM;
    else if (err == ERR_OK && (err = http_start_daemon(api)) != ERR_OK) {
        api_stop(api);
        return err;
    }
    if (err != ERR_OK) {
        api_free(api);
        return err;
    }
    *ret_api = api;
    return ERR_OK;
}

void api_stop(struct api *api)
{
    if (api == NULL)
        return;
    pthread_mutex_lock(&api->lock);
    api->stopping = true;
    (void)http_wake_streams(api, clock_now().mono_ms);
    while (api->first != NULL) /* the core has it: nobody knows whether it will still be done */
        answer(api, api->first, ERR_TIMEOUT, "the gateway is stopping");
    pthread_cond_signal(&api->changed);
    pthread_mutex_unlock(&api->lock);
    pthread_join(api->watch, NULL);
    if (api->daemon != NULL)
        MHD_stop_daemon(api->daemon); /* every suspended connection is resumed by now */
    api_free(api);
}

enum err api_reload(struct api *api, struct buf *why)
{
    return api->tls != NULL ? tls_reload(api->tls, why) : ERR_OK;
}

uint16_t api_port(const struct api *api)
{
    return api->port;
}
