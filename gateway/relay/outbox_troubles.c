/* What the outbox knows of its receivers, for the alerts about the gateway itself. */
#include "registry/parts.h"
#include "relay/dc09_client.h"
#include "relay/outbox_inner.h"

_Static_assert(PART_OF_POLICE_BACKUP_BACKUP - PART_OF_POLICE_PRIMARY_MAIN + 1 == POLICE_WAYS,
               "a part for each way to the police");

/* A DC-09 path by its link tests, an HTTP receiver by the HEAD that keeps its connection; either by its
 * messages. */
static bool is_lost(const struct receiver *receiver)
{
    if (!receiver->dc09)
        return receiver->unreached || receiver->failures >= RECEIVER_FAILURES;
    if (receiver->dc09->heartbeat_s == 0) /* not supervised: its messages alone say so */
        return receiver->failures > 0;
    return receiver->client && dc09_client_stats(receiver->client)->lost;
}

static void see_police(struct outbox *outbox, uint32_t *numbers)
{
    uint32_t ways = 0, lost = 0;
    for (unsigned way = 0; way < POLICE_WAYS; way++) {
        const struct receiver *receiver = receivers_find(&outbox->receivers, receiver_police[way]);
        if (!receiver)
            continue;
        ways++;
        numbers[PART_OF_POLICE_PRIMARY_MAIN + way] = is_lost(receiver);
        lost += is_lost(receiver);
    }
    numbers[PART_OF_POLICE] = lost == ways ? lost : 0;
}

static void see_people(const struct outbox *outbox, uint32_t *numbers)
{
    for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
        const struct receiver *receiver = &outbox->receivers.all[i];
        if (!receiver->used || !receiver->configured || receiver->is_police || receiver->dc09 ||
            !is_lost(receiver))
            continue;
        if (receiver->mail)
            numbers[PART_OF_MAIL] = 1;
        else if (receiver->operator_settings)
            numbers[receiver->operator_settings->way == WAY_SMS ? PART_OF_SMS : PART_OF_VOICE] = 1;
        else
            numbers[PART_OF_WEBHOOKS]++;
    }
}

void outbox_troubles(struct outbox *outbox, struct now now, int64_t stall_ms, uint32_t *numbers)
{
    see_police(outbox, numbers);
    see_people(outbox, numbers);
    for (unsigned lane = 0; lane < OUTBOX_LANES; lane++) {
        const struct entry *entry = rows_first(&outbox->rows, (enum outbox_lane)lane);
        const int64_t late_ms = entry && entry->due_ms < now.mono_ms ? now.mono_ms - entry->due_ms : 0;
        if (late_ms >= stall_ms && late_ms / 1000 > numbers[PART_OF_OUTBOX])
            numbers[PART_OF_OUTBOX] = (uint32_t)(late_ms / 1000);
    }
}
