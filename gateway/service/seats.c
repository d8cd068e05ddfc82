#include "service/seats.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 2 };

struct seat {
    struct sequence sequence;
    uint8_t changed; /* bit per epoch slot: in the `changed` list */
    uint8_t owed;    /* bit per epoch slot: in the `owed` list of its lane */
};

/* A list of (seat, epoch slot); an entry stands in it at most once, so its size is known from birth. */
struct slots {
    uint64_t *entries;
    size_t count;
};

struct seats {
    struct seat *seats;
    size_t count; /* devices * LANES */
    struct slots changed, owed[LANES];
};

static size_t seat_index(uint32_t device, enum lane lane)
{
    assert(lane == LANE_URGENT || lane == LANE_ROUTINE);
    return (size_t)device * LANES + (lane == LANE_URGENT ? 0 : 1);
}

static bool slots_grow(struct slots *slots, size_t seats)
{
    uint64_t *entries = realloc(slots->entries, (seats * SEQUENCE_EPOCHS + 1) * sizeof(*entries));
    if (entries == NULL)
        return false;
    slots->entries = entries;
    return true;
}

static void slots_add(struct slots *slots, uint8_t *bits, size_t seat, unsigned slot)
{
    if (*bits & (1U << slot))
        return;
    *bits |= (uint8_t)(1U << slot);
    slots->entries[slots->count++] = seat * SEQUENCE_EPOCHS + slot;
}

enum err seats_new(uint32_t devices, struct seats **ret_seats)
{
    struct seats *seats = calloc(1, sizeof(*seats));
    if (seats == NULL)
        return ERR_NOMEM;
    const enum err err = seats_grow(seats, devices);
    if (err != ERR_OK)
        seats_free(seats);
    else
        *ret_seats = seats;
    return err;
}

void seats_free(struct seats *seats)
{
    if (seats == NULL)
        return;
    free(seats->seats);
    free(seats->changed.entries);
    free(seats->owed[0].entries);
    free(seats->owed[1].entries);
    free(seats);
}

enum err seats_grow(struct seats *seats, uint32_t devices)
{
    const size_t count = (size_t)devices * LANES;
    if (count <= seats->count && seats->seats != NULL)
        return ERR_OK;
    if (!slots_grow(&seats->changed, count) || !slots_grow(&seats->owed[0], count) ||
        !slots_grow(&seats->owed[1], count))
        return ERR_NOMEM;
    struct seat *more = calloc(count + 1, sizeof(*more));
    if (more == NULL)
        return ERR_NOMEM;
    if (seats->seats != NULL)
        memcpy(more, seats->seats, seats->count * sizeof(*more));
    free(seats->seats);
    seats->seats = more;
    seats->count = count;
    return ERR_OK;
}

struct sequence *seats_sequence(struct seats *seats, uint32_t device, enum lane lane)
{
    return &seats->seats[seat_index(device, lane)].sequence;
}

static unsigned slot_of(const struct seat *seat, uint32_t epoch)
{
    unsigned slot = 0;
    while (slot < SEQUENCE_EPOCHS &&
           !(seat->sequence.epochs[slot].used && seat->sequence.epochs[slot].epoch == epoch))
        slot++;
    return slot;
}

void seats_changed(struct seats *seats, uint32_t device, enum lane lane, uint32_t epoch)
{
    const size_t index = seat_index(device, lane);
    struct seat *seat = &seats->seats[index];
    const unsigned slot = slot_of(seat, epoch);
    if (slot < SEQUENCE_EPOCHS)
        slots_add(&seats->changed, &seat->changed, index, slot);
}

void seats_owe_ack(struct seats *seats, uint32_t device, enum lane lane, uint32_t epoch)
{
    const size_t index = seat_index(device, lane);
    struct seat *seat = &seats->seats[index];
    const unsigned slot = slot_of(seat, epoch);
    if (slot < SEQUENCE_EPOCHS)
        slots_add(&seats->owed[index % LANES], &seat->owed, index, slot);
}

bool seats_close_batch(struct seats *seats, struct batch *batch)
{
    /* A commit of inputs without their watermarks would be taken in again after a crash: these always fit. */
    arena_set_limit(&batch->arena, batch->arena.limit + seats->changed.count * sizeof(struct batch_item));
    size_t done = 0;
    for (; done < seats->changed.count; done++) {
        const uint64_t entry = seats->changed.entries[done];
        struct seat *seat = &seats->seats[entry / SEQUENCE_EPOCHS];
        const unsigned slot = (unsigned)(entry % SEQUENCE_EPOCHS);
        const struct sequence_epoch *epoch = &seat->sequence.epochs[slot];
        struct batch_item *item = batch_add(batch, BATCH_WATERMARK);
        if (item == NULL)
            break;
        item->watermark = (struct batch_watermark){
            .device = (uint32_t)(entry / SEQUENCE_EPOCHS / LANES),
            .epoch = epoch->epoch,
            .lane = entry / SEQUENCE_EPOCHS % LANES == 0 ? LANE_URGENT : LANE_ROUTINE,
            .base = epoch->base,
            .seen = epoch->seen,
            .last_ms = epoch->last_ms};
        memcpy(item->watermark.window, epoch->window, sizeof(epoch->window));
        seat->changed &= (uint8_t) ~(1U << slot);
    }
    seats->changed.count -= done;
    memmove(seats->changed.entries, seats->changed.entries + done,
            seats->changed.count * sizeof(*seats->changed.entries));
    return seats->changed.count == 0;
}

bool seats_have_changed(const struct seats *seats)
{
    return seats->changed.count > 0;
}

void seats_committed(struct seats *seats, const struct batch_watermark *watermark)
{
    struct sequence_epoch *epoch =
        sequence_find(seats_sequence(seats, watermark->device, watermark->lane), watermark->epoch);
    if (epoch == NULL)
        return; /* forgotten meanwhile: the device has formatted its flash four times */
    sequence_commit(epoch, watermark->seen);
    seats_owe_ack(seats, watermark->device, watermark->lane, watermark->epoch);
}

void seats_restore(struct seats *seats, const struct batch_watermark *watermark)
{
    if (seat_index(watermark->device, watermark->lane) >= seats->count)
        return;
    struct sequence_epoch *epoch = sequence_open(seats_sequence(seats, watermark->device, watermark->lane),
                                                 watermark->epoch, watermark->base, watermark->last_ms);
    epoch->base = watermark->base;
    epoch->seen = watermark->seen;
    epoch->committed = watermark->seen;
    memcpy(epoch->window, watermark->window, sizeof(epoch->window));
}

size_t seats_send_acks(struct seats *seats,
                       enum err (*send)(void *self, uint32_t device, enum lane lane, uint32_t epoch,
                                        uint64_t seq),
                       void *self)
{
    size_t left = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct slots *owed = &seats->owed[lane];
        size_t kept = 0;
        bool busy = left > 0;
        for (size_t i = 0; i < owed->count; i++) {
            const uint64_t entry = owed->entries[i];
            struct seat *seat = &seats->seats[entry / SEQUENCE_EPOCHS];
            const unsigned slot = (unsigned)(entry % SEQUENCE_EPOCHS);
            const struct sequence_epoch *epoch = &seat->sequence.epochs[slot];
            busy = busy ||
                   send(self, (uint32_t)(entry / SEQUENCE_EPOCHS / LANES),
                        lane == 0 ? LANE_URGENT : LANE_ROUTINE, epoch->epoch, epoch->committed) != ERR_OK;
            if (busy)
                owed->entries[kept++] = entry;
            else
                seat->owed &= (uint8_t) ~(1U << slot);
        }
        owed->count = kept;
        left += kept;
    }
    return left;
}
