#include "relay/receivers.h"

#include <string.h>

#include "core/log.h"
#include "relay/dc09_client.h"
#include "relay/secret.h"

const char *const receiver_police[POLICE_WAYS] = {":police", ":police/2", ":police-backup",
                                                  ":police-backup/2"};

static struct receiver *find_used(struct receivers *receivers, const char *name)
{
    for (unsigned i = 0; i < RECEIVERS_MAX; i++)
        if (receivers->all[i].used && strcmp(receivers->all[i].name, name) == 0)
            return &receivers->all[i];
    return NULL;
}

static bool is_idle(const struct receiver *receiver)
{
    return !receiver->in_flight[0] && !receiver->in_flight[1] && !receiver->ready[0].first &&
           !receiver->ready[1].first && !receiver->warming;
}

/* The receiver of that name, taken or new; NULL when all slots are busy with the past: the rows wait as for
 * an unknown receiver until the next binding. */
static struct receiver *bind_one(struct receivers *receivers, const char *name, const char *url,
                                 const struct relay_tls *tls)
{
    struct receiver *receiver = find_used(receivers, name);
    for (unsigned i = 0; !receiver && i < RECEIVERS_MAX; i++)
        if (!receivers->all[i].used) {
            receiver = &receivers->all[i];
            *receiver = (struct receiver){.used = true};
            text_copy(receiver->name, sizeof receiver->name, name);
        }
    if (!receiver)
        return NULL;
    if (strcmp(receiver->url, url) != 0) {
        receiver->failures = 0;
        receiver->blocked_until_ms = 0;
    }
    receiver->configured = true;
    receiver->is_police = false;
    receiver->dc09 = NULL;
    receiver->operator_settings = NULL;
    receiver->mail = NULL;
    receiver->per_minute = 0;
    receiver->secret_file[0] = 0;
    receiver->tls = tls ? *tls : (struct relay_tls){.ca_file = ""};
    text_copy(receiver->url, sizeof receiver->url, url);
    receiver->secret_why = NULL;
    receiver->secret_len = 0; /* read again: a reload is how a key is changed */
    return receiver;
}

static void bind_dc09(struct receivers *receivers, const char *name, const struct dc09_settings *settings,
                      bool backup)
{
    if (backup && !settings->backup[0])
        return;
    struct receiver *receiver = bind_one(receivers, name, "", NULL);
    if (!receiver)
        return;
    receiver->dc09 = settings;
    receiver->dc09_backup = backup;
}

/* One place of the police: a DC-09 receiver stands before a CAP receiver. */
static void bind_police(struct receivers *receivers, const struct relay_settings *settings,
                        enum police_place place)
{
    const struct dc09_settings *dc09 = relay_dc09_of(settings, place);
    const char *url = place == POLICE_PRIMARY ? settings->police_url : settings->police_backup_url;
    const char *const *names = &receiver_police[2 * place];
    if (dc09) {
        bind_dc09(receivers, names[0], dc09, false);
        bind_dc09(receivers, names[1], dc09, true);
    } else if (url[0]) {
        struct receiver *receiver = bind_one(receivers, names[0], url, &settings->police_tls);
        if (receiver)
            receiver->is_police = true;
    }
}

static void bind_webhook(struct receivers *receivers, const struct webhook_settings *settings)
{
    static const uint16_t presets[PRESET_COUNT] = {
#define X(name, text, per_minute) [PRESET_##name] = per_minute,
        PRESET_MAP(X)
#undef X
    };
    struct receiver *receiver = bind_one(receivers, settings->name, settings->url, &settings->tls);
    if (!receiver)
        return;
    text_copy(receiver->secret_file, sizeof receiver->secret_file, settings->secret_file);
    receiver->per_minute = settings->per_minute ? settings->per_minute : presets[settings->preset];
}

static void bind_operator(struct receivers *receivers, const struct operator_settings *settings)
{
    struct receiver *receiver =
        bind_one(receivers, way_receiver((enum way)settings->way), settings->url, &settings->tls);
    if (!receiver)
        return;
    receiver->operator_settings = settings;
    receiver->per_minute = settings->per_minute;
    text_copy(receiver->secret_file, sizeof receiver->secret_file, settings->secret_file);
}

static void bind_mail(struct receivers *receivers, const struct mail_settings *settings)
{
    struct receiver *receiver = bind_one(receivers, way_receiver(WAY_EMAIL), settings->url, &settings->tls);
    if (!receiver)
        return;
    receiver->mail = settings;
    text_copy(receiver->secret_file, sizeof receiver->secret_file, settings->password_file);
}

void receivers_bind(struct receivers *receivers, const struct relay_settings *settings)
{
    for (unsigned i = 0; i < RECEIVERS_MAX; i++)
        receivers->all[i].configured = false;
    bind_police(receivers, settings, POLICE_PRIMARY);
    bind_police(receivers, settings, POLICE_BACKUP);
    for (unsigned i = 0; i < settings->webhook_count; i++)
        bind_webhook(receivers, &settings->webhooks[i]);
    for (unsigned i = 0; i < settings->operator_count; i++)
        bind_operator(receivers, &settings->operators[i]);
    if (settings->mail.url[0])
        bind_mail(receivers, &settings->mail);
    for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
        struct receiver *receiver = &receivers->all[i];
        if (!receiver->used || receiver->configured)
            continue;
        receiver->dc09 = NULL;
        receiver->operator_settings = NULL;
        receiver->mail = NULL;
        if (is_idle(receiver)) {
            dc09_client_close(receiver->client);
            explicit_bzero(receiver, sizeof *receiver);
        }
    }
}

struct receiver *receivers_find(struct receivers *receivers, const char *name)
{
    struct receiver *receiver = find_used(receivers, name);
    return receiver && receiver->configured ? receiver : NULL;
}

const char *receiver_load_secret(struct receiver *receiver)
{
    if (!receiver->secret_file[0] || receiver->secret_len > 0)
        return NULL;
    const char *why =
        secret_load(receiver->secret_file, receiver->secret, sizeof receiver->secret, &receiver->secret_len);
    if (why && why != receiver->secret_why)
        log_write(LOG_ERROR, "relay.secret",
                  "nothing is sent to this receiver\treceiver=%s\tfile=%s\treason=%s", receiver->name,
                  receiver->secret_file, why);
    receiver->secret_why = why;
    return why;
}

/* A quarter of the minute's messages at once, the rest evenly: never more than per_minute in any minute, and
 * what red takes on top is taken off the others. */
int64_t receiver_pace_ms(struct receiver *receiver, bool red, int64_t mono_ms)
{
    if (receiver->per_minute == 0)
        return 0;
    int64_t every_ms = INT64_C(80000) / receiver->per_minute;
    int64_t burst = receiver->per_minute >= 4 ? receiver->per_minute / 4 : 1;
    if (receiver->paced_ms < mono_ms)
        receiver->paced_ms = mono_ms;
    int64_t over_ms = receiver->paced_ms - mono_ms - (burst - 1) * every_ms;
    if (!red && over_ms > 0)
        return over_ms;
    if (receiver->paced_ms < mono_ms + INT64_C(60000))
        receiver->paced_ms += every_ms;
    return 0;
}

void receivers_release(struct receivers *receivers)
{
    for (unsigned i = 0; i < RECEIVERS_MAX; i++)
        dc09_client_close(receivers->all[i].client);
    explicit_bzero(receivers, sizeof *receivers);
}

void ready_push(struct ready_list *list, struct entry *entry)
{
    entry->next = NULL;
    entry->previous = list->last;
    if (list->last)
        list->last->next = entry;
    else
        list->first = entry;
    list->last = entry;
}

void ready_remove(struct ready_list *list, struct entry *entry)
{
    if (entry->previous)
        entry->previous->next = entry->next;
    else
        list->first = entry->next;
    if (entry->next)
        entry->next->previous = entry->previous;
    else
        list->last = entry->previous;
    entry->next = entry->previous = NULL;
}
