#include "batch.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

void batch_init(struct batch *batch, size_t limit)
{
    *batch = (struct batch){.first = NULL};
    arena_init(&batch->arena, limit);
}

void batch_release(struct batch *batch)
{
    arena_release(&batch->arena);
    *batch = (struct batch){.first = NULL};
}

void batch_reset(struct batch *batch)
{
    struct arena arena = batch->arena;

    arena_reset(&arena);
    *batch = (struct batch){.arena = arena};
}

/* Bytes an item of this kind needs. The largest member is several times the smallest, and a routine batch is
 * nearly all inputs. */
static size_t item_size(enum batch_kind kind)
{
    size_t head = offsetof(struct batch_item, input);

    switch (kind) {
    case BATCH_INPUT: return head + sizeof(struct batch_input);
    case BATCH_FINDING: return head + sizeof(struct batch_finding);
    case BATCH_TRANSITION: return head + sizeof(struct batch_transition);
    case BATCH_ALERT: return head + sizeof(struct batch_alert);
    case BATCH_JOB: return head + sizeof(struct outbox_row);
    case BATCH_DELIVERY: return head + sizeof(struct batch_delivery);
    case BATCH_WATERMARK: return head + sizeof(struct batch_watermark);
    case BATCH_GAP: return head + sizeof(struct batch_gap);
    case BATCH_STATE: return head + sizeof(struct batch_state);
    case BATCH_STATE_DONE: return head;
    case BATCH_SILENCE: return head + sizeof(struct silence);
    case BATCH_ROSTER: return head + sizeof(struct roster_change);
    case BATCH_ANNOUNCEMENT: return head + sizeof(struct announcement);
    case BATCH_SUPPRESSION: return head + sizeof(struct batch_suppression);
    case BATCH_TASK: return head + sizeof(struct batch_task);
    case BATCH_LEDGER: return head + sizeof(struct batch_ledger);
    case BATCH_HANDOVER: return head + sizeof(struct batch_handover);
    case BATCH_SPOKEN: return head + sizeof(struct batch_spoken);
    case BATCH_CAMPAIGN: return head + sizeof(struct batch_campaign);
    case BATCH_REACH: return head + sizeof(struct batch_reach);
    case BATCH_ORDER: return head + sizeof(struct device_order);
    case BATCH_ROLLOUT: return head + sizeof(struct rollout);
    }
    assert(0 && "an item has a kind");
    return sizeof(struct batch_item);
}

struct batch_item *batch_add(struct batch *batch, enum batch_kind kind)
{
    size_t size = item_size(kind);
    struct batch_item *item = arena_alloc(&batch->arena, size);

    if (item == NULL)
        return NULL;
    memset(item, 0, size);
    item->kind = kind;
    if (batch->last != NULL)
        batch->last->next = item;
    else
        batch->first = item;
    batch->last = item;
    batch->items++;
    return item;
}

bool batch_room(const struct batch *batch)
{
    size_t need = BATCH_INPUT_BYTES;

    if (need > batch->arena.limit / 2)
        need = batch->arena.limit / 2;
    return batch->items == 0 || batch->arena.limit - batch->arena.used >= need;
}
