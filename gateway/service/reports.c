#include "service/reports.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "relay/operator.h"
#include "relay/secret.h"
#include "service/parts.h"

struct waiting {
    uint64_t ticket;
    struct api_word word;
};
struct reports {
    pthread_mutex_t lock;
    struct loop_wake *wake;
    struct waiting waiting[REPORTS_MAX];
    unsigned first, count;
    /* Core loop only. */
    char tokens[WAY_COUNT][API_WORD_TOKEN_SIZE]; /* "" = not read yet, or none */
    const char *whys[WAY_COUNT];                 /* what was logged of it last; NULL = nothing */
    struct operator_status statuses[OPERATOR_REPORTS_MAX];
    struct reports_stats stats;
    struct log_limit refused_lines;
};

enum err reports_new(struct loop_wake *wake, struct reports **ret_reports)
{
    struct reports *reports = calloc(1, sizeof(*reports));
    if (reports == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&reports->lock, NULL);
    reports->wake = wake;
    *ret_reports = reports;
    return ERR_OK;
}

void reports_free(struct reports *reports)
{
    if (reports == NULL)
        return;
    pthread_mutex_destroy(&reports->lock);
    explicit_bzero(reports, sizeof(*reports));
    free(reports);
}

enum err reports_put(struct reports *reports, uint64_t ticket, const struct api_word *word)
{
    pthread_mutex_lock(&reports->lock);
    const bool room = reports->count < REPORTS_MAX;
    if (room) {
        struct waiting *waiting = &reports->waiting[(reports->first + reports->count++) % REPORTS_MAX];
        waiting->ticket = ticket;
        waiting->word = *word;
    }
    pthread_mutex_unlock(&reports->lock);
    if (!room)
        return ERR_BUSY;
    loop_wake_send(reports->wake);
    return ERR_OK;
}

void reports_forget(struct reports *reports)
{
    explicit_bzero(reports->tokens, sizeof(reports->tokens));
}

void reports_stats(const struct reports *reports, struct reports_stats *ret_stats)
{
    *ret_stats = reports->stats;
}

static const char *token_of(struct reports *reports, const struct operator_settings *settings)
{
    char *token = reports->tokens[settings->way];
    if (token[0] != '\0' || settings->callback_file[0] == '\0')
        return token;
    size_t len;
    const char *why = secret_load(settings->callback_file, (uint8_t *)token, API_WORD_TOKEN_SIZE - 1, &len);
    token[len] = '\0';
    if (why != NULL && why != reports->whys[settings->way])
        log_write(LOG_ERROR, "operator.secret", "words of this operator are refused\tfile=%s\treason=%s",
                  settings->callback_file, why);
    reports->whys[settings->way] = why;
    return token;
}

/* In a time that does not depend on where they differ. */
static bool same(const char *a, const char *b)
{
    uint8_t one[SHA256_SIZE], other[SHA256_SIZE];
    unsigned differs = 0;
    hash_sha256(a, strlen(a), one);
    hash_sha256(b, strlen(b), other);
    for (size_t i = 0; i < sizeof(one); i++)
        differs |= (unsigned)(one[i] ^ other[i]);
    return differs == 0;
}

static enum way way_named(const char *name)
{
    char receiver[ID_SIZE + 1] = ":";
    (void)text_copy(receiver + 1, sizeof(receiver) - 1, name);
    return way_of_receiver(receiver);
}

/* A status is of a message that went out by this way, or of none. */
static void take_status(struct service *service, enum way way, const struct operator_settings *settings,
                        const struct operator_status *status, struct reports_stats *stats)
{
    struct delivery delivery;
    memset(&delivery, 0, sizeof(delivery));
    const bool known = hash_id_parse(status->id, &delivery.job) ||
                       outbox_find_ref(service->outbox, way, status->id, &delivery.job);
    const struct job *job = known ? alerts_job(gateway_alerts(service->gateway), &delivery.job) : NULL;
    if (job == NULL || job->kind != JOB_NOTIFY || way_of_receiver(job->prompt) != way) {
        stats->unknown++;
        return;
    }
    const enum delivery_state state = operator_delivery(settings, status, delivery.reason);
    if (state == DELIVERY_COUNT)
        return;
    delivery.state = (uint8_t)state;
    stats->taken++;
    service_on_delivery(service, &delivery);
}

/* ERR_OK: what it says stands in the open batch. */
static enum err take_report(struct reports *reports, struct service *service, const struct api_word *word,
                            const char **ret_text)
{
    const enum way way = way_named(word->way);
    const struct operator_settings *settings = relay_operator(&service->config->relay, way);
    const char *token = settings != NULL ? token_of(reports, settings) : "";
    size_t count = 0;
    if (token[0] == '\0' || !same(token, word->token)) {
        reports->stats.refused++;
        if (log_allow(&reports->refused_lines, "report.refused", 10, clock_now().mono_ms))
            log_write(LOG_WARN, "report.refused", "a report that is not the operator's was refused\tway=%s",
                      way == WAY_COUNT ? "?" : way_receiver(way) + (way != WAY_APP));
        *ret_text = "wrong token, or no operator of this name reports";
        return ERR_REFUSED;
    }
    if (!operator_report(settings, word->body, word->len, reports->statuses, &count)) {
        *ret_text = "no status in it: neither JSON nor a form with the configured members";
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++)
        take_status(service, way, settings, &reports->statuses[i], &reports->stats);
    return ERR_OK;
}

static enum err take_link(struct service *service, const struct api_word *word, const char **ret_text)
{
    if (alerts_job(gateway_alerts(service->gateway), &word->job) == NULL) {
        *ret_text = "the alert is over";
        return ERR_NOT_FOUND;
    }
    struct delivery delivery;
    memset(&delivery, 0, sizeof(delivery));
    delivery.job = word->job;
    delivery.state = DELIVERY_ACCEPTED;
    (void)text_copy(delivery.reason, sizeof(delivery.reason), "link");
    service_on_delivery(service, &delivery);
    return ERR_OK;
}

static bool peek(struct reports *reports, struct waiting *ret_waiting)
{
    pthread_mutex_lock(&reports->lock);
    const bool any = reports->count > 0;
    if (any)
        *ret_waiting = reports->waiting[reports->first];
    pthread_mutex_unlock(&reports->lock);
    return any;
}

static void drop(struct reports *reports)
{
    pthread_mutex_lock(&reports->lock);
    reports->first = (reports->first + 1) % REPORTS_MAX;
    reports->count--;
    pthread_mutex_unlock(&reports->lock);
}

void reports_drain(struct reports *reports, struct service *service)
{
    static struct waiting waiting;
    /* Behind deliveries that wait for room nothing is promised: it would be answered before it is kept. */
    while (service->pending_count == 0 && service->answers[0].count < SERVICE_ANSWERS_MAX &&
           batch_room(committer_fill(service->committer)) && peek(reports, &waiting)) {
        const char *text = "";
        const enum err err = waiting.word.kind == API_WORD_LINK
                                 ? take_link(service, &waiting.word, &text)
                                 : take_report(reports, service, &waiting.word, &text);
        drop(reports);
        if (err == ERR_OK && committer_fill(service->committer)->first != NULL)
            service->answers[0].tickets[service->answers[0].count++] = waiting.ticket;
        else
            api_answer(service->api, waiting.ticket, err, text);
    }
}
