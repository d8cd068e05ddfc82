/*
 * outbox: two lanes of events in flash, in the order they were reported, until the gateway has committed
 * them.
 *
 * A lane is a ring of sectors (flog.h). A report is one record: it is there whole or not at all, and what
 * device_outbox_append() returned 0 for survives a power cut at any byte that follows. Numbers (seq) start at
 * 1 and go on over reboots. An acknowledgement only moves `base` in RAM; it reaches flash with the next
 * record or by device_outbox_trim(), since sending again is harmless (the gateway drops what it has).
 *
 * Full: opening a sector drops the events of the lane's oldest one, moves base and counts them in `dropped`.
 * It is not for sending (sender.h) and knows nothing of time. One thread. No heap.
 */
#ifndef HUYANG_FIRMWARE_OUTBOX_H
#define HUYANG_FIRMWARE_OUTBOX_H

#include "flog.h"
#include "limits.h"

enum {
    DEVICE_REPORT_EVENTS_MAX = 8,
    DEVICE_URGENT_EVENTS_MIN = 64, /* what a lane must be able to hold at least */
    DEVICE_ROUTINE_EVENTS_MIN = 512,
};

enum device_lane { DEVICE_URGENT, DEVICE_ROUTINE, DEVICE_LANES };

/* The events of one sector: first <= seq < end. Empty when first == end. */
struct device_outbox_sector {
    uint64_t first;
    uint64_t end;
};

struct device_outbox_lane {
    uint8_t area;
    uint32_t first_sector;
    uint32_t sector_count;
    uint32_t active;  /* index in sectors[] of the one that is written */
    uint32_t ordinal; /* of the active sector */
    uint32_t offset;  /* where the next record goes */
    uint64_t base;    /* oldest seq still held and not acknowledged */
    uint64_t next;    /* seq of the next event */
    uint64_t base_stored;
    uint64_t dropped; /* events lost to a full lane or a worn sector since boot */
    struct device_outbox_sector sectors[DEVICE_LANE_SECTORS_MAX];
};

struct device_outbox {
    const struct device_flash *flash;
    uint8_t *buffer; /* DEVICE_FLOG_RECORD_BYTES + DEVICE_FLOG_PAYLOAD_MAX bytes, the owner's */
    uint32_t epoch;
    struct device_outbox_lane lanes[DEVICE_LANES];
};

/* One stored event while it is read; bytes point into the outbox's buffer and are good until the next call.
 */
struct device_outbox_event {
    uint64_t seq;
    uint8_t kind; /* Huyang__V1__Event__KindCase */
    uint8_t mark; /* the kind's phase as the caller gave it, for what must be found again after a reboot */
    const uint8_t *bytes;
    size_t length;
};

/* A report being put together in the outbox's buffer. */
struct device_outbox_report {
    uint8_t count;
    size_t length;
};

/* Where a reading stands. */
struct device_outbox_cursor {
    uint64_t seq; /* the next event to return */
    bool placed;
    uint32_t sector, offset;
    uint32_t in_record, record_count;
    uint64_t record_first;
    size_t at, length;
};

/* Reads what the flash holds of this epoch; lane i uses sectors [first_sector, first_sector + count).
 * False when a lane cannot hold its minimum. */
bool device_outbox_init(struct device_outbox *outbox, const struct device_flash *flash, uint8_t *buffer,
                        uint32_t epoch, uint32_t first_sector, uint32_t urgent_sectors,
                        uint32_t routine_sectors);

/* The epoch of the newest sector of either lane, for a device whose ledger was destroyed; 0 when there is
 * none. */
uint32_t device_outbox_salvage_epoch(const struct device_flash *flash, uint32_t first_sector, uint32_t count);

/* Puts a report together: room for one event's bytes (NULL when the report is full), then how many were used.
 */
uint8_t *device_outbox_room(const struct device_outbox *outbox, const struct device_outbox_report *report,
                            size_t *ret_capacity);
void device_outbox_add(struct device_outbox *outbox, struct device_outbox_report *report, uint8_t kind,
                       uint8_t mark, size_t length);

/* Stores the report in the buffer. 0 and the seq of its first event; negative when the flash failed twice,
 * then nothing was stored. */
int device_outbox_append(struct device_outbox *outbox, enum device_lane lane,
                         const struct device_outbox_report *report, uint64_t *ret_first);

/* Moves base up to seq (never down, never beyond next). */
void device_outbox_advance(struct device_outbox *outbox, enum device_lane lane, uint64_t seq);

/* Stores base, if that needs no sector to be opened. */
void device_outbox_trim(struct device_outbox *outbox, enum device_lane lane);

/* Stores the event at base again as the newest one and lets the old go, in one record. 0, or negative. */
int device_outbox_requeue(struct device_outbox *outbox, enum device_lane lane, uint64_t *ret_seq);

/* The next event at or behind cursor->seq, without a gap: false at the end of the lane and where the next one
 * held does not follow the last one returned. Set cursor->seq, zero the rest, to start. */
bool device_outbox_read(struct device_outbox *outbox, enum device_lane lane,
                        struct device_outbox_cursor *cursor, struct device_outbox_event *ret_event);

static inline uint64_t device_outbox_pending(const struct device_outbox *outbox, enum device_lane lane)
{
    return outbox->lanes[lane].next - outbox->lanes[lane].base;
}

#endif
