#include "desk_phones.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/text.h"
#include "http_client.h"

enum {
    CALLS_MAX = 4096,
    RULES_MAX = 64,
    RING_MS = 100,
    AGAIN_MS = 200,
    TRIES_MAX = 600, /* two minutes of a gateway that is away */
    URL_SIZE = 256,
    TOKEN_SIZE = 128
};

static const char *const press_names[DESK_PRESS_COUNT] = {
#define X(name, text) #text,
    DESK_PRESS_MAP(X)
#undef X
};

struct call {
    char ref[64], phone[32];
    const char *status, *digits;
    int64_t due_ms;
    unsigned tries;
    uint8_t press; /* enum desk_press */
    bool is_call, used, answered, over;
};
struct rule {
    char phone[32];
    enum desk_press press;
};
struct desk_phones {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool running, stopping;
    struct rule rules[RULES_MAX];
    unsigned rule_count, next;
    char url[URL_SIZE], token[TOKEN_SIZE];
    struct http_client *client;
    struct call calls[CALLS_MAX]; /* a ring: the oldest are forgotten */
};

enum desk_press desk_press_from_name(const char *name)
{
    unsigned i = 0;
    while (i < DESK_PRESS_COUNT && strcmp(press_names[i], name) != 0)
        i++;
    return (enum desk_press)i;
}

/* The next word of the call's life. */
static void advance(struct call *call)
{
    enum desk_press press = (enum desk_press)call->press;
    call->digits = "";
    if (!call->is_call) {
        call->status = press == DESK_PRESS_OFF ? "UNDELIV" : "DELIVRD";
        call->over = true;
    } else if (press == DESK_PRESS_NOTHING || press == DESK_PRESS_OFF) {
        call->status = press == DESK_PRESS_OFF ? "OFF" : "NOANSWER";
        call->over = true;
    } else if (!call->answered) {
        call->status = "ANSWERED";
        call->answered = true;
    } else {
        call->status = "COMPLETED";
        call->digits = press == DESK_PRESS_ONE ? "1" : press == DESK_PRESS_TWO ? "2" : "";
        call->over = true;
    }
}

static void put_status(const struct call *call, struct buf *out)
{
    buf_puts(out, "{\"ref\":");
    buf_json_string(out, call->ref);
    buf_printf(out, ",\"status\":\"%s\",\"digits\":\"%s\"}", call->status, call->digits);
}

/* Without the lock: a gateway that hangs must not hold the desk. */
static bool report(struct http_client *client, bool is_call, const char *body)
{
    const struct http_answer *answer =
        http_call(client, is_call ? "/api/v1/operators/voice/status" : "/api/v1/operators/sms/status", body);
    return answer->status == 200;
}

static struct call *first_due(struct desk_phones *phones, int64_t now_ms, int64_t *ret_next_ms)
{
    struct call *found = NULL;
    *ret_next_ms = now_ms + 1000;
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        struct call *call = &phones->calls[i];
        if (!call->used || call->due_ms == INT64_MAX)
            continue;
        if (call->due_ms <= now_ms && (!found || call->due_ms < found->due_ms))
            found = call;
        if (call->due_ms < *ret_next_ms)
            *ret_next_ms = call->due_ms;
    }
    return found;
}

static void serve_one(struct desk_phones *phones, struct call *call, int64_t now_ms)
{
    struct buf body;
    bool is_call = call->is_call, told = true;
    buf_init(&body, 1024);
    if (call->tries == 0)
        advance(call);
    put_status(call, &body);
    char ref[sizeof call->ref];
    text_copy(ref, sizeof ref, call->ref);
    struct http_client *client = phones->client;
    if (client) {
        pthread_mutex_unlock(&phones->mutex);
        told = report(client, is_call, buf_text(&body));
        pthread_mutex_lock(&phones->mutex);
    }
    if (strcmp(ref, call->ref) == 0) { /* its place in the ring was not taken meanwhile */
        call->tries = told ? 0 : call->tries + 1;
        call->due_ms = told && call->over                ? INT64_MAX
                       : told || call->tries < TRIES_MAX ? now_ms + (told ? RING_MS : AGAIN_MS)
                                                         : INT64_MAX;
    }
    buf_release(&body);
}

static void *run(void *self)
{
    struct desk_phones *phones = self;
    pthread_mutex_lock(&phones->mutex);
    while (!phones->stopping) {
        int64_t now_ms = clock_now().wall_ms, next_ms;
        struct call *call = first_due(phones, now_ms, &next_ms);
        if (call) {
            serve_one(phones, call, now_ms);
            continue;
        }
        const struct timespec until = {.tv_sec = next_ms / 1000, .tv_nsec = next_ms % 1000 * 1000000};
        pthread_cond_timedwait(&phones->changed, &phones->mutex, &until);
    }
    pthread_mutex_unlock(&phones->mutex);
    return NULL;
}

enum err desk_phones_new(struct desk_phones **ret_phones)
{
    struct desk_phones *phones = calloc(1, sizeof *phones);
    if (!phones)
        return ERR_NOMEM;
    pthread_mutex_init(&phones->mutex, NULL);
    pthread_cond_init(&phones->changed, NULL);
    phones->running = pthread_create(&phones->thread, NULL, run, phones) == 0;
    if (!phones->running) {
        desk_phones_free(phones);
        return ERR_NOMEM;
    }
    *ret_phones = phones;
    return ERR_OK;
}

void desk_phones_free(struct desk_phones *phones)
{
    if (!phones)
        return;
    pthread_mutex_lock(&phones->mutex);
    phones->stopping = true;
    pthread_cond_signal(&phones->changed);
    pthread_mutex_unlock(&phones->mutex);
    if (phones->running)
        pthread_join(phones->thread, NULL);
    http_client_free(phones->client);
    pthread_cond_destroy(&phones->changed);
    pthread_mutex_destroy(&phones->mutex);
    free(phones);
}

enum err desk_phones_set(struct desk_phones *phones, const char *phone, enum desk_press press)
{
    pthread_mutex_lock(&phones->mutex);
    unsigned i = 0;
    while (i < phones->rule_count && strcmp(phones->rules[i].phone, phone) != 0)
        i++;
    enum err err = i < RULES_MAX ? ERR_OK : ERR_FULL;
    if (err == ERR_OK) {
        text_copy(phones->rules[i].phone, sizeof phones->rules[i].phone, phone);
        phones->rules[i].press = press;
        phones->rule_count = i == phones->rule_count ? i + 1 : phones->rule_count;
    }
    pthread_mutex_unlock(&phones->mutex);
    return err;
}

enum err desk_phones_report_to(struct desk_phones *phones, const char *url, const char *token_path)
{
    char token[TOKEN_SIZE] = "";
    FILE *file = fopen(token_path, "re");
    size_t len = file ? fread(token, 1, sizeof token - 1, file) : 0;
    if (file)
        fclose(file);
    token[strcspn(token, "\r\n")] = 0;
    struct http_client *client = NULL;
    if (len == 0 || http_client_new(url, token, &client) != ERR_OK)
        return ERR_IO;
    pthread_mutex_lock(&phones->mutex);
    bool first = !phones->client;
    if (first)
        phones->client = client;
    pthread_cond_signal(&phones->changed);
    pthread_mutex_unlock(&phones->mutex);
    if (!first) {
        http_client_free(client);
        return ERR_EXISTS;
    }
    return ERR_OK;
}

static enum desk_press press_of(const struct desk_phones *phones, const char *phone)
{
    enum desk_press others = DESK_PRESS_NOTHING;
    for (unsigned i = 0; i < phones->rule_count; i++) {
        if (strcmp(phones->rules[i].phone, phone) == 0)
            return phones->rules[i].press;
        if (strcmp(phones->rules[i].phone, "*") == 0)
            others = phones->rules[i].press;
    }
    return others;
}

void desk_phones_ring(struct desk_phones *phones, bool call, const char *ref, const char *phone)
{
    pthread_mutex_lock(&phones->mutex);
    struct call *place = &phones->calls[phones->next++ % CALLS_MAX];
    *place = (struct call){.used = true, .is_call = call, .status = "RINGING", .digits = ""};
    text_copy(place->ref, sizeof place->ref, ref);
    text_copy(place->phone, sizeof place->phone, phone);
    place->press = (uint8_t)press_of(phones, phone);
    place->due_ms = place->press == DESK_PRESS_LOST ? INT64_MAX : clock_now().wall_ms + RING_MS;
    pthread_cond_signal(&phones->changed);
    pthread_mutex_unlock(&phones->mutex);
}

bool desk_phones_cancel(struct desk_phones *phones, const char *ref)
{
    bool well = false;
    pthread_mutex_lock(&phones->mutex);
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        struct call *call = &phones->calls[i];
        if (!call->used || call->answered || call->over || strcmp(call->ref, ref) != 0)
            continue;
        call->status = "CANCELLED";
        call->over = well = true;
        call->due_ms = INT64_MAX;
    }
    pthread_mutex_unlock(&phones->mutex);
    return well;
}

void desk_phones_status(struct desk_phones *phones, const char *ref, struct buf *out)
{
    const struct call none = {.status = "UNKNOWN", .digits = ""}, *found = &none;
    pthread_mutex_lock(&phones->mutex);
    for (unsigned i = 0; i < CALLS_MAX; i++)
        if (phones->calls[i].used && strcmp(phones->calls[i].ref, ref) == 0)
            found = &phones->calls[i];
    put_status(found, out);
    pthread_mutex_unlock(&phones->mutex);
}
