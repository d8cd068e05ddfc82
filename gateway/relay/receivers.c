#include "relay/receivers.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

static void bind_one(struct receivers *receivers, const char *name, const char *url, const char *secret_file,
                     bool is_police)
{
    if (!url[0])
        return;
    struct receiver *receiver = find_used(receivers, name);
    for (unsigned i = 0; !receiver && i < RECEIVERS_MAX; i++)
        if (!receivers->all[i].used) {
            receiver = &receivers->all[i];
            *receiver = (struct receiver){.used = true};
            text_copy(receiver->name, sizeof receiver->name, name);
        }
    /* All slots busy with the past: the rows wait as for an unknown receiver until the next binding. */
    if (!receiver)
        return;
    if (strcmp(receiver->url, url) != 0) {
        receiver->failures = 0;
        receiver->blocked_until_ms = 0;
    }
    receiver->configured = true;
    receiver->is_police = is_police;
    text_copy(receiver->url, sizeof receiver->url, url);
    text_copy(receiver->secret_file, sizeof receiver->secret_file, secret_file);
    receiver->secret_len = 0; /* read again: a reload is how a key is changed */
}

void receivers_bind(struct receivers *receivers, const struct relay_settings *settings)
{
    for (unsigned i = 0; i < RECEIVERS_MAX; i++)
        receivers->all[i].configured = false;
    bind_one(receivers, RECEIVER_POLICE, settings->police_url, "", true);
    bind_one(receivers, RECEIVER_POLICE_BACKUP, settings->police_backup_url, "", true);
    for (unsigned i = 0; i < settings->webhook_count; i++)
        bind_one(receivers, settings->webhooks[i].name, settings->webhooks[i].url,
                 settings->webhooks[i].secret_file, false);
    for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
        struct receiver *receiver = &receivers->all[i];
        if (receiver->used && !receiver->configured && is_idle(receiver))
            explicit_bzero(receiver, sizeof *receiver);
    }
}

struct receiver *receivers_find(struct receivers *receivers, const char *name)
{
    struct receiver *receiver = find_used(receivers, name);
    return receiver && receiver->configured ? receiver : NULL;
}

/* The file's bytes without the line end an editor leaves behind. */
enum err receiver_load_secret(struct receiver *receiver)
{
    if (!receiver->secret_file[0] || receiver->secret_len > 0)
        return ERR_OK;
    int fd = open(receiver->secret_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ERR_IO;
    ssize_t len = read(fd, receiver->secret, sizeof receiver->secret);
    close(fd);
    while (len > 0 && (receiver->secret[len - 1] == '\n' || receiver->secret[len - 1] == '\r'))
        len--;
    if (len <= 0)
        return ERR_IO;
    receiver->secret_len = (size_t)len;
    return ERR_OK;
}

void receivers_release(struct receivers *receivers)
{
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
