#include "desk.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/text.h"
#include "desk_check.h"
#include "desk_people.h"
#include "desk_phones.h"
#include "desk_platform.h"

enum { BODY_MAX = 1 << 20, SLOW_MS = 2000, LOOK_MS = 100, CONNECTIONS_MAX = 1024, SECRET_MAX = 256 };

struct desk {
    struct MHD_Daemon *daemon;
    struct desk_options options;
    struct desk_records *records;
    struct desk_phones *phones;
    char url[64];
    uint8_t secret[SECRET_MAX];
    size_t secret_len;
    char *cert, *key;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool stopping;
};

/* One request while it comes in. */
struct request {
    struct buf body;
    bool too_long;
    char query[1024]; /* as it came */
};
/* A message, what was found, and what it will be answered. */
struct verdict {
    struct desk *desk;
    struct MHD_Connection *connection;
    struct desk_message message;
    struct desk_checked checked;
    enum desk_mode mode;
    bool duplicate, acted;
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? value : "";
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              const char *body, size_t len)
{
    union {
        const char *in;
        void *out;
    } text = {.in = body};
    struct MHD_Response *response = MHD_create_response_from_buffer(len, text.out, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    if (status == 307)
        MHD_add_response_header(response, "Location", "/elsewhere");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *body)
{
    return answer(connection, status, "application/json", body, strlen(body));
}

static ssize_t half_an_answer(void *self, uint64_t at, char *out, size_t max)
{
    (void)self;
    if (at > 0 || max == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    out[0] = '{';
    return 1;
}

static enum MHD_Result answer_half(struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_from_callback(1000, 64, half_an_answer, NULL, NULL);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static bool peer_is_gone(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    return !info || recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Sleeps so long, or (for ever = -1) until the peer has gone; ends early when the desk stops. */
static void wait_ms(struct desk *desk, struct MHD_Connection *connection, int ms)
{
    pthread_mutex_lock(&desk->mutex);
    for (int waited = 0; !desk->stopping && (ms < 0 || waited < ms) && !peer_is_gone(connection);
         waited += LOOK_MS) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&desk->ended, &desk->mutex, &until);
    }
    pthread_mutex_unlock(&desk->mutex);
}

static void record(const struct verdict *verdict, unsigned status)
{
    char digest[2 * SHA256_SIZE + 1];
    uint8_t sum[SHA256_SIZE];
    hash_sha256(buf_text(verdict->message.body), verdict->message.body->len, sum);
    hash_hex(sum, sizeof sum, digest);
    struct buf line;
    buf_init(&line, BODY_MAX);
    desk_records_open(&line, verdict->message.path, verdict->checked.id);
    buf_printf(&line, ",\"mode\":\"%s\",\"answer\":%u,\"valid\":%s,\"why\":", desk_mode_name(verdict->mode),
               status, verdict->checked.valid ? "true" : "false");
    buf_json_string(&line, buf_text(&verdict->checked.why));
    buf_printf(&line,
               ",\"duplicate\":%s,\"acted\":%s,\"signature\":\"%s\",\"unpersisted\":%s,\"bytes\":%zu,"
               "\"digest\":\"%s\"",
               verdict->duplicate ? "true" : "false", verdict->acted ? "true" : "false",
               verdict->checked.signature, verdict->message.unpersisted ? "true" : "false",
               verdict->message.body->len, digest);
    buf_append(&line, buf_text(&verdict->checked.fields), verdict->checked.fields.len);
    buf_putc(&line, '}');
    if (!line.failed)
        desk_records_add(verdict->desk->records, line.data, line.len);
    buf_release(&line);
}

/* The standard's own receipt. */
static void put_cap_answer(const struct verdict *verdict, const char *type, const char *note, struct buf *out)
{
    static const char *const names[] = {"sender", "sent"};
    struct civil now;
    clock_civil(NULL, clock_now().wall_ms, &now);
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert "
                  "xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n<identifier>");
    buf_printf(out, "%s-", type);
    buf_xml_text(out, verdict->checked.id);
    buf_printf(out, "</identifier>\n<%s>huyang-desk</%s>\n<%s>%04d-%02d-%02dT%02d:%02d:%02d-00:00</%s>\n",
               names[0], names[0], names[1], now.year, now.month, now.day, now.hour, now.minute, now.second,
               names[1]);
    buf_printf(out, "<status>%s</status>\n<msgType>%s</msgType>\n<scope>Private</scope>\n<addresses>",
               strcmp(verdict->checked.cap.status, "Exercise") == 0 ? "Exercise" : "Actual", type);
    buf_xml_text(out, verdict->checked.cap.sender);
    buf_puts(out, "</addresses>\n<note>");
    buf_xml_text(out, note);
    buf_puts(out, "</note>\n<references>");
    buf_xml_text(out, verdict->checked.cap.sender);
    buf_putc(out, ',');
    buf_xml_text(out, verdict->checked.cap.identifier);
    buf_putc(out, ',');
    buf_xml_text(out, verdict->checked.cap.sent);
    buf_puts(out, "</references>\n</alert>\n");
}

/* What the answer's first line says. A platform refuses by it, the others in the body. */
static unsigned status_of(const struct verdict *verdict)
{
    switch (verdict->mode) {
    case DESK_HANG: return 0;
    case DESK_REDIRECT: return 307;
    case DESK_NAK:
    case DESK_GARBAGE:
    case DESK_BAD_CRC:
    case DESK_ERROR: return 500;
    case DESK_CLOSE:
    case DESK_SILENT: return 200;
    default:
        return desk_platform_is(verdict->message.path) &&
                       (verdict->mode == DESK_REJECT || !verdict->checked.valid)
                   ? 422
                   : 200;
    }
}

static enum MHD_Result speak(const struct verdict *verdict, bool accepted, const char *reason)
{
    struct buf text;
    buf_init(&text, 16384);
    bool cap = strcmp(verdict->message.path, "/cap") == 0;
    if (desk_people_is(verdict->message.path)) {
        desk_people_answer(verdict->message.path, accepted, verdict->checked.id, &text);
    } else if (cap) {
        put_cap_answer(verdict, accepted ? "Ack" : "Error", accepted ? "accepted" : reason, &text);
    } else if (accepted) {
        buf_puts(&text, "{\"state\":\"accepted\"}");
    } else {
        buf_puts(&text, "{\"state\":\"rejected\",\"reason\":");
        buf_json_string(&text, reason);
        buf_putc(&text, '}');
    }
    enum MHD_Result result =
        answer(verdict->connection, status_of(verdict), cap ? "application/cap+xml" : "application/json",
               buf_text(&text), text.len);
    buf_release(&text);
    return result;
}

static enum MHD_Result behave(struct verdict *verdict)
{
    struct MHD_Connection *connection = verdict->connection;
    switch (verdict->mode) {
    case DESK_HANG: wait_ms(verdict->desk, connection, -1); return MHD_NO;
    case DESK_NAK:
    case DESK_GARBAGE:
    case DESK_BAD_CRC:
    case DESK_ERROR: return answer_text(connection, 500, "{\"reason\":\"told to fail\"}");
    case DESK_REDIRECT: return answer_text(connection, 307, "");
    case DESK_CLOSE: return answer_half(connection);
    case DESK_SILENT: return answer(connection, 200, "text/plain", "", 0);
    case DESK_SLOW: wait_ms(verdict->desk, connection, SLOW_MS); break;
    default: break;
    }
    if (!verdict->checked.valid)
        return speak(verdict, false, buf_text(&verdict->checked.why));
    return speak(verdict, verdict->mode != DESK_REJECT, "refused by the desk");
}

/* The telephone a message acted on is for rings before it is answered: a crash of the sender in between loses
 * nothing and doubles nothing. */
static void ring(const struct verdict *verdict)
{
    struct json *root = NULL;
    struct buf fields;
    bool call = strcmp(verdict->message.path, "/voice") == 0;
    if (!verdict->acted || (!call && strcmp(verdict->message.path, "/sms") != 0))
        return;
    buf_init(&fields, BODY_MAX);
    buf_printf(&fields, "{\"a\":0%s}", buf_text(&verdict->checked.fields));
    if (json_parse(buf_text(&fields), fields.len, &root, NULL) == ERR_OK) {
        const char *phone = json_string(json_get(root, "phone"));
        desk_phones_ring(verdict->desk->phones, call, verdict->checked.id, phone ? phone : "");
    }
    json_free(root);
    buf_release(&fields);
}

static enum MHD_Result take(struct desk *desk, struct MHD_Connection *connection, const char *path,
                            const struct request *request)
{
    const struct buf *body = &request->body;
    struct verdict verdict = {
        .desk = desk, .connection = connection, .mode = desk_records_mode(desk->records, path)};
    verdict.message = (struct desk_message){
        .path = path,
        .body = body,
        .id_header = header(connection, "X-Huyang-Id"),
        .key_header = header(connection, "Idempotency-Key"),
        .time_header = header(connection, "X-Huyang-Time"),
        .signature_header = header(connection, "X-Huyang-Signature"),
        .authorization = header(connection, "Authorization"),
        .query = request->query,
        .secret = desk->secret,
        .secret_len = desk->secret_len,
        .unpersisted = header(connection, "X-Huyang-Unpersisted")[0] != 0,
    };
    desk_check(&verdict.message, &verdict.checked);
    bool may_act = verdict.checked.valid && desk_mode_acts(verdict.mode) && status_of(&verdict) != 500;
    if (verdict.checked.id[0])
        desk_records_note(desk->records, verdict.checked.id, may_act, &verdict.duplicate, &verdict.acted);
    /* What was answered already cannot be called off. */
    if (verdict.acted && desk_people_cancels(path) &&
        !desk_phones_cancel(desk->phones, verdict.checked.id + sizeof "cancel-" - 1)) {
        verdict.acted = false;
        verdict.mode = DESK_REJECT;
    }
    /* Recorded before it is answered: whoever has the answer finds the record. */
    record(&verdict, status_of(&verdict));
    ring(&verdict);
    enum MHD_Result result = behave(&verdict);
    desk_checked_release(&verdict.checked);
    return result;
}

/* Who presses what, and where the operator reports to. */
static enum err control_phones(struct desk *desk, const struct json *root)
{
    const char *phone = json_string(json_get(root, "phone")), *press = json_string(json_get(root, "press")),
               *callback = json_string(json_get(root, "callback")),
               *token = json_string(json_get(root, "token_file"));
    enum desk_press does = press ? desk_press_from_name(press) : DESK_PRESS_COUNT;
    enum err err = ERR_INVALID;
    if (phone && does != DESK_PRESS_COUNT)
        err = desk_phones_set(desk->phones, phone, does);
    if (callback && token)
        err = desk_phones_report_to(desk->phones, callback, token);
    return err;
}

static enum MHD_Result phone_status(struct desk *desk, struct MHD_Connection *connection)
{
    const char *ref = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "ref");
    struct buf text;
    buf_init(&text, 1024);
    desk_phones_status(desk->phones, ref ? ref : "", &text);
    enum MHD_Result result = answer_text(connection, 200, buf_text(&text));
    buf_release(&text);
    return result;
}

static enum MHD_Result control(struct desk *desk, struct MHD_Connection *connection, const struct buf *body)
{
    struct json *root = NULL;
    if (!desk->options.control)
        return answer_text(connection, 403, "{\"reason\":\"started without --control\"}");
    if (json_parse(buf_text(body), body->len, &root, NULL) != ERR_OK)
        return answer_text(connection, 400, "{\"reason\":\"not JSON\"}");
    if (json_get(root, "phone") || json_get(root, "callback")) {
        enum err told = control_phones(desk, root);
        json_free(root);
        return told == ERR_OK
                   ? answer_text(connection, 200, "{}")
                   : answer_text(connection, 400, "{\"reason\":\"phone, press, callback or token_file\"}");
    }
    const char *path = json_string(json_get(root, "path")), *name = json_string(json_get(root, "mode"));
    int64_t count = 0;
    const struct json *limit = json_get(root, "count");
    enum desk_mode mode = name ? desk_mode_from_name(name) : DESK_MODE_COUNT;
    bool well = path && mode != DESK_MODE_COUNT &&
                (!limit || (json_integer(limit, &count) && count >= 0 && count <= 1000000));
    enum err err = well ? desk_records_set_mode(desk->records, path, mode, (unsigned)count) : ERR_INVALID;
    json_free(root);
    return err == ERR_OK ? answer_text(connection, 200, "{}")
                         : answer_text(connection, 400, "{\"reason\":\"path, mode or count\"}");
}

static enum MHD_Result recorded(struct desk *desk, struct MHD_Connection *connection)
{
    struct buf lines;
    buf_init(&lines, DESK_RECORDS_BYTES_MAX);
    desk_records_copy(desk->records, &lines);
    enum MHD_Result result = answer(connection, 200, "application/jsonl", buf_text(&lines), lines.len);
    buf_release(&lines);
    return result;
}

static enum MHD_Result route(struct desk *desk, struct MHD_Connection *connection, const char *method,
                             const char *path, const struct request *request)
{
    bool post = strcmp(method, "POST") == 0, mailbox = strcmp(path, "/cap") == 0 ||
                                                       strncmp(path, "/hook/", 6) == 0 ||
                                                       desk_people_is(path) || desk_platform_is(path);
    bool asks = strcmp(path, "/sms/status") == 0 || strcmp(path, "/voice/status") == 0;
    if (request->too_long)
        return answer_text(connection, 413, "{\"reason\":\"too long\"}");
    if (post && mailbox)
        return take(desk, connection, path, request);
    if (post && strcmp(path, "/control") == 0)
        return control(desk, connection, &request->body);
    if (strcmp(method, "GET") == 0 && asks)
        return phone_status(desk, connection);
    if (strcmp(method, "GET") == 0 && strcmp(path, "/") == 0)
        return answer_text(connection, 404, "{\"reason\":\"not here\"}");
    if (strcmp(method, "GET") == 0 && strcmp(path, "/recorded") == 0)
        return recorded(desk, connection);
    if (strcmp(method, "HEAD") == 0 && mailbox) {
        /* Somebody keeps a connection open, or looks whether we are there: a mode of its own. */
        struct verdict verdict = {
            .desk = desk, .connection = connection, .mode = desk_records_mode(desk->records, "/head")};
        return verdict.mode == DESK_HANG ? behave(&verdict) : answer_text(connection, 200, "");
    }
    return answer_text(connection, mailbox ? 405 : 404, "{\"reason\":\"not here\"}");
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *len,
                                  void **request_self)
{
    (void)version;
    struct request *request = *request_self;
    if (!request)
        return MHD_NO;
    if (request->body.max == 0) { /* made by on_uri: the headers are here */
        buf_init(&request->body, BODY_MAX);
        return MHD_YES;
    }
    if (*len > 0) {
        buf_append(&request->body, data, *len);
        request->too_long = request->too_long || request->body.failed;
        *len = 0;
        return MHD_YES;
    }
    return route(self, connection, method, path, request);
}

/* The query as it came: a signature is over its escapes' meaning, which MHD would take away. */
static void *on_uri(void *self, const char *uri, struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof *request);
    const char *query = strchr(uri, '?');
    (void)self;
    (void)connection;
    if (request && query)
        text_copy(request->query, sizeof request->query, query + 1);
    return request;
}

static void on_end(void *self, struct MHD_Connection *connection, void **request_self,
                   enum MHD_RequestTerminationCode code)
{
    (void)self;
    (void)connection;
    (void)code;
    struct request *request = *request_self;
    if (request) {
        buf_release(&request->body);
        free(request);
    }
    *request_self = NULL;
}

static char *read_file(const char *path, size_t max, size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    char *text = file ? calloc(1, max + 1) : NULL;
    if (text)
        *ret_len = fread(text, 1, max, file);
    if (file)
        fclose(file);
    return text;
}

static bool load_files(struct desk *desk)
{
    size_t len = 0;
    const struct desk_options *options = &desk->options;
    if (options->cert_path) {
        desk->cert = read_file(options->cert_path, 65536, &len);
        desk->key = read_file(options->key_path, 65536, &len);
        if (!desk->cert || !desk->key) {
            fprintf(stderr, "desk: cannot read %s\n", desk->cert ? options->key_path : options->cert_path);
            return false;
        }
    }
    if (options->secret_path) {
        char *secret = read_file(options->secret_path, SECRET_MAX, &len);
        while (secret && len > 0 && (secret[len - 1] == '\n' || secret[len - 1] == '\r'))
            len--;
        if (!secret || len == 0) {
            fprintf(stderr, "desk: no secret in %s\n", options->secret_path);
            free(secret);
            return false;
        }
        memcpy(desk->secret, secret, len);
        desk->secret_len = len;
        free(secret);
    }
    return true;
}

enum err desk_new(const struct desk_options *options, struct desk **ret_desk)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ERR_NOMEM;
    desk->options = *options;
    pthread_mutex_init(&desk->mutex, NULL);
    pthread_cond_init(&desk->ended, NULL);
    enum err err =
        load_files(desk) ? desk_records_new(options->record_path, options->mode, &desk->records) : ERR_IO;
    if (err == ERR_OK)
        err = desk_phones_new(&desk->phones);
    if (err != ERR_OK) {
        if (options->record_path && !desk->records)
            fprintf(stderr, "desk: %s: %s\n", options->record_path, err_text(err));
        desk_free(desk);
        return err;
    }
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)options->port)};
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
                     (desk->cert ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, desk->cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, desk->key},
                                   {MHD_OPTION_END, 0, NULL}};
    desk->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, desk, MHD_OPTION_SOCK_ADDR,
                                    (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
                                    MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)CONNECTIONS_MAX, MHD_OPTION_ARRAY, desk->cert ? tls : &tls[2],
                                    MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        desk->daemon ? MHD_get_daemon_info(desk->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info) {
        fprintf(stderr, "desk: cannot listen on port %u\n", options->port);
        desk_free(desk);
        return ERR_IO;
    }
    snprintf(desk->url, sizeof desk->url, "%s://127.0.0.1:%u", desk->cert ? "https" : "http",
             (unsigned)info->port);
    *ret_desk = desk;
    return ERR_OK;
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    pthread_mutex_lock(&desk->mutex);
    desk->stopping = true;
    pthread_cond_broadcast(&desk->ended);
    pthread_mutex_unlock(&desk->mutex);
    if (desk->daemon)
        MHD_stop_daemon(desk->daemon);
    desk_phones_free(desk->phones);
    desk_records_free(desk->records);
    free(desk->cert);
    free(desk->key);
    pthread_cond_destroy(&desk->ended);
    pthread_mutex_destroy(&desk->mutex);
    free(desk);
}

struct desk_records *desk_records_of(struct desk *desk)
{
    return desk->records;
}

const char *desk_url(const struct desk *desk)
{
    return desk->url;
}
