/* What the API asks of the present state: copied out between two inputs, at most a look of LOOK_MAX rows for
 * each turn of the loop, so that no curiosity holds up an event. */
#include "service/parts.h"

#include <stdlib.h>

enum err service_look(void *self, uint64_t ticket, struct look *look)
{
    struct service *service = self;
    struct looks *looks = &service->looks;
    pthread_mutex_lock(&looks->lock);
    const bool room = looks->count < SERVICE_LOOKS_MAX;
    if (room) {
        looks->waiting[looks->count].ticket = ticket;
        looks->waiting[looks->count].look = look;
        looks->count++;
    }
    pthread_mutex_unlock(&looks->lock);
    if (!room)
        return ERR_BUSY;
    loop_wake_send(service->wake);
    return ERR_OK;
}

static bool take(struct looks *looks, uint64_t *ret_ticket, struct look **ret_look, bool *ret_more)
{
    pthread_mutex_lock(&looks->lock);
    const bool any = looks->count != 0;
    if (any) {
        *ret_ticket = looks->waiting[0].ticket;
        *ret_look = looks->waiting[0].look;
        looks->count--;
        for (unsigned i = 0; i < looks->count; i++)
            looks->waiting[i] = looks->waiting[i + 1];
    }
    *ret_more = looks->count != 0;
    pthread_mutex_unlock(&looks->lock);
    return any;
}

/* A number of another registry than the one in force is left as it was asked. */
static void fill(const struct service *service, struct look *look)
{
    const struct live *live = gateway_live(service->gateway);
    for (unsigned i = 0; i < look->count; i++) {
        struct look_entry *entry = &look->entries[i];
        if (entry->table >= REGISTRY_TABLES ||
            entry->no >= registry_count(service->registry, (enum registry_table)entry->table))
            continue;
        if (entry->table == REGISTRY_RESIDENT)
            entry->now.resident = *live_resident(live, entry->no);
        else if (entry->table == REGISTRY_HOUSEHOLD)
            entry->now.household = *live_household(live, entry->no);
        else if (entry->table == REGISTRY_DEVICE)
            live_look_device(live, entry->no, &entry->now.device);
    }
}

/* Cost: one pass over the residents, as far as LOOK_MAX of them. */
static void find_statuses(const struct service *service, struct look *look)
{
    const struct registry *registry = service->registry;
    const struct live *live = gateway_live(service->gateway);
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_RESIDENT) && look->count < LOOK_MAX; no++) {
        const struct live_resident *now = live_resident(live, no);
        const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = no};
        if (now->status == STATUS_ACTIVE || registry_resident(registry, no)->removed ||
            !policy_is_within(registry, registry_subject_territory(registry, subject), look->within))
            continue;
        look->entries[look->count++] =
            (struct look_entry){.table = REGISTRY_RESIDENT, .no = no, .now.resident = *now};
    }
}

void service_answer_looks(struct service *service)
{
    struct look *look;
    uint64_t ticket;
    bool more;
    if (!take(&service->looks, &ticket, &look, &more))
        return;
    if (look->strangers) {
        look->dismissed = look->dismiss[0] != '\0' && quarantine_dismiss(&service->quarantine, look->dismiss,
                                                                         look->by, clock_now()) == ERR_OK;
        quarantine_list(&service->quarantine, look);
    } else if (look->statuses) {
        find_statuses(service, look);
    } else {
        fill(service, look);
    }
    api_looked(service->api, ticket, look);
    if (more)
        loop_wake_send(service->wake);
}

void service_drop_looks(struct service *service)
{
    for (unsigned i = 0; i < service->looks.count; i++)
        free(service->looks.waiting[i].look);
    service->looks.count = 0;
}

const struct registry *service_borrow(void *self)
{
    struct service *service = self;
    pthread_rwlock_rdlock(&service->registry_lock);
    return service->registry;
}

void service_give_back(void *self)
{
    struct service *service = self;
    pthread_rwlock_unlock(&service->registry_lock);
}
