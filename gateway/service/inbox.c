#include "service/inbox.h"

#include <pthread.h>
#include <stdlib.h>

struct inbox {
    pthread_mutex_t lock;
    struct loop_wake *wake;
    struct inbox_entry entries[INBOX_MAX];
    unsigned first, count;
};

enum err inbox_new(struct loop_wake *wake, struct inbox **ret_inbox)
{
    struct inbox *inbox = calloc(1, sizeof(*inbox));
    if (inbox == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->wake = wake;
    *ret_inbox = inbox;
    return ERR_OK;
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    pthread_mutex_destroy(&inbox->lock);
    free(inbox);
}

enum err inbox_put(struct inbox *inbox, uint64_t ticket, const struct action *action)
{
    pthread_mutex_lock(&inbox->lock);
    const bool room = inbox->count < INBOX_MAX;
    if (room)
        inbox->entries[(inbox->first + inbox->count++) % INBOX_MAX] =
            (struct inbox_entry){.ticket = ticket, .action = *action};
    pthread_mutex_unlock(&inbox->lock);
    if (!room)
        return ERR_BUSY;
    loop_wake_send(inbox->wake);
    return ERR_OK;
}

bool inbox_peek(struct inbox *inbox, struct inbox_entry *ret_entry)
{
    pthread_mutex_lock(&inbox->lock);
    const bool any = inbox->count > 0;
    if (any)
        *ret_entry = inbox->entries[inbox->first];
    pthread_mutex_unlock(&inbox->lock);
    return any;
}

void inbox_drop(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->first = (inbox->first + 1) % INBOX_MAX;
    inbox->count--;
    pthread_mutex_unlock(&inbox->lock);
}
