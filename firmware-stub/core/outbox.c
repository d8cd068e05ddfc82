/*
 * The payload of a record is its events one after the other: kind, mark, 2 bytes length, the packed bytes.
 * The record's a is the seq of its first event and its b is the lane's base when it was written; a record
 * without events only carries a base.
 *
 * At boot each sector of the ring is walked once. Sectors are taken in the order of their ordinals and each
 * ends at the latest where the next begins. What lies behind a record that can no longer be read is kept;
 * what lies before it in the same sector is given up, so that a number is never used twice.
 *
 * Cost of reading: a walk through at most one sector before the first event, then one read per record.
 */
#include <string.h>

#include "bytes.h"
#include "device_event.h"
#include "outbox.h"

enum { RECORD_EVENTS = 1, RECORD_BASE = 2, EVENT_HEADER_BYTES = 4, AREA_URGENT = 'U', AREA_ROUTINE = 'R' };

static uint32_t sector_of(const struct device_outbox_lane *lane, uint32_t index)
{
    return lane->first_sector + index;
}

/* base may stand in a hole or below everything: move it to what is really held. */
static void normalise_base(struct device_outbox_lane *lane)
{
    uint64_t held = lane->next;

    for (uint32_t i = 0; i < lane->sector_count; i++) {
        const struct device_outbox_sector *sector = &lane->sectors[i];
        uint64_t from = sector->first > lane->base ? sector->first : lane->base;

        if (from < sector->end && from < held)
            held = from;
    }
    lane->base = held;
}

static void load_sector(struct device_outbox *outbox, struct device_outbox_lane *lane, uint32_t index,
                        const struct device_flog_head *head)
{
    struct device_outbox_sector *sector = &lane->sectors[index];
    uint8_t *payload = outbox->buffer + DEVICE_FLOG_RECORD_BYTES;
    uint32_t offset = DEVICE_FLOG_HEAD_BYTES;
    struct device_flog_record record;

    sector->first = sector->end = head->a;
    if (head->b > lane->base)
        lane->base = head->b;
    uint32_t limit = device_flog_free(outbox->flash, sector_of(lane, index));
    /* A record may end in 0xff, which looks erased: the walk may go to the end, only resuming is bounded. */
    while (offset < limit && device_flog_next(outbox->flash, sector_of(lane, index), outbox->epoch,
                                              outbox->flash->sector_bytes, &offset, &record, payload)) {
        if (record.b > lane->base)
            lane->base = record.b;
        if (record.type != RECORD_EVENTS || record.a < sector->end)
            continue;
        if (record.a > sector->end)
            sector->first = record.a;
        sector->end = record.a + record.count;
    }
    if (head->ordinal >= lane->ordinal) {
        lane->ordinal = head->ordinal;
        lane->active = index;
        lane->offset = offset > limit ? offset : limit;
    }
}

/* Ends each sector where its successor begins, going back from the active one. */
static void order_sectors(struct device_outbox_lane *lane)
{
    uint64_t ceiling = lane->next;

    for (uint32_t back = 0; back < lane->sector_count; back++) {
        uint32_t index = (lane->active + lane->sector_count - back) % lane->sector_count;
        struct device_outbox_sector *sector = &lane->sectors[index];

        if (sector->first == 0)
            continue;
        if (sector->end > ceiling)
            sector->end = ceiling;
        if (sector->first >= sector->end)
            sector->first = sector->end;
        ceiling = sector->first < ceiling ? sector->first : ceiling;
    }
}

static void load_lane(struct device_outbox *outbox, struct device_outbox_lane *lane)
{
    lane->active = lane->sector_count - 1;
    lane->offset = outbox->flash->sector_bytes;
    for (uint32_t i = 0; i < lane->sector_count; i++) {
        struct device_flog_head head;

        if (device_flog_head(outbox->flash, sector_of(lane, i), &head) && head.area == lane->area &&
            head.epoch == outbox->epoch && head.a > 0)
            load_sector(outbox, lane, i, &head);
    }
    lane->next = lane->sectors[lane->active].end;
    if (lane->next == 0)
        lane->next = 1;
    order_sectors(lane);
    normalise_base(lane);
    lane->base_stored = lane->base;
}

/* The guarantee of contracts.md 3, with the largest events and one sector just erased. */
static bool lane_large_enough(const struct device_flash *flash, uint32_t sectors, size_t event_max,
                              size_t minimum)
{
    size_t room = flash->sector_bytes - DEVICE_FLOG_HEAD_BYTES;
    size_t each = device_flog_space(event_max + EVENT_HEADER_BYTES);

    return sectors >= 2 && sectors <= DEVICE_LANE_SECTORS_MAX && (sectors - 1) * (room / each) >= minimum;
}

bool device_outbox_init(struct device_outbox *outbox, const struct device_flash *flash, uint8_t *buffer,
                        uint32_t epoch, uint32_t first_sector, uint32_t urgent_sectors,
                        uint32_t routine_sectors)
{
    memset(outbox, 0, sizeof *outbox);
    outbox->flash = flash;
    outbox->buffer = buffer;
    outbox->epoch = epoch;
    if (!lane_large_enough(flash, urgent_sectors, DEVICE_EVENT_MAX, DEVICE_URGENT_EVENTS_MIN) ||
        !lane_large_enough(flash, routine_sectors, DEVICE_ROUTINE_MAX, DEVICE_ROUTINE_EVENTS_MIN) ||
        first_sector + urgent_sectors + routine_sectors > flash->sector_count)
        return false;
    outbox->lanes[DEVICE_URGENT] = (struct device_outbox_lane){
        .area = AREA_URGENT, .first_sector = first_sector, .sector_count = urgent_sectors, .base = 1};
    outbox->lanes[DEVICE_ROUTINE] = (struct device_outbox_lane){.area = AREA_ROUTINE,
                                                                .first_sector = first_sector + urgent_sectors,
                                                                .sector_count = routine_sectors,
                                                                .base = 1};
    for (int i = 0; i < DEVICE_LANES; i++)
        load_lane(outbox, &outbox->lanes[i]);
    return true;
}

uint32_t device_outbox_salvage_epoch(const struct device_flash *flash, uint32_t first_sector, uint32_t count)
{
    uint32_t epoch = 0, newest = 0;

    for (uint32_t i = first_sector; i < first_sector + count && i < flash->sector_count; i++) {
        struct device_flog_head head;

        if (device_flog_head(flash, i, &head) && (head.area == AREA_URGENT || head.area == AREA_ROUTINE) &&
            head.ordinal >= newest) {
            newest = head.ordinal;
            epoch = head.epoch;
        }
    }
    return epoch;
}

uint8_t *device_outbox_room(const struct device_outbox *outbox, const struct device_outbox_report *report,
                            size_t *ret_capacity)
{
    if (report->count == DEVICE_REPORT_EVENTS_MAX ||
        report->length + EVENT_HEADER_BYTES >= DEVICE_FLOG_PAYLOAD_MAX)
        return NULL;
    *ret_capacity = DEVICE_FLOG_PAYLOAD_MAX - report->length - EVENT_HEADER_BYTES;
    return outbox->buffer + DEVICE_FLOG_RECORD_BYTES + report->length + EVENT_HEADER_BYTES;
}

void device_outbox_add(struct device_outbox *outbox, struct device_outbox_report *report, uint8_t kind,
                       uint8_t mark, size_t length)
{
    uint8_t *header = outbox->buffer + DEVICE_FLOG_RECORD_BYTES + report->length;

    header[0] = kind;
    header[1] = mark;
    device_put_le(header + 2, length, 2);
    report->length += EVENT_HEADER_BYTES + length;
    report->count++;
}

/* Opens the sector behind the active one; what it held and nobody acknowledged is dropped. */
static int open_sector(struct device_outbox *outbox, struct device_outbox_lane *lane)
{
    uint32_t index = (lane->active + 1) % lane->sector_count;
    struct device_outbox_sector *sector = &lane->sectors[index];
    uint64_t from = sector->first > lane->base ? sector->first : lane->base;
    int error;

    if (from < sector->end)
        lane->dropped += sector->end - from;
    sector->first = sector->end = lane->next;
    normalise_base(lane);
    /* Whatever comes of it, this sector is the active one from now on: the next try takes the one behind it.
     */
    lane->active = index;
    lane->offset = outbox->flash->sector_bytes;
    lane->ordinal++;
    error = device_flog_open(outbox->flash, sector_of(lane, index),
                             &(struct device_flog_head){.area = lane->area,
                                                        .ordinal = lane->ordinal,
                                                        .epoch = outbox->epoch,
                                                        .a = lane->next,
                                                        .b = lane->base});
    if (!error) {
        lane->offset = DEVICE_FLOG_HEAD_BYTES;
        lane->base_stored = lane->base;
    }
    return error;
}

static bool fits(const struct device_outbox *outbox, const struct device_outbox_lane *lane, size_t length)
{
    return lane->offset + device_flog_space(length) <= outbox->flash->sector_bytes;
}

static int write_record(struct device_outbox *outbox, struct device_outbox_lane *lane, uint8_t type,
                        uint8_t count, size_t length)
{
    struct device_flog_record record = {
        .type = type, .count = count, .length = (uint16_t)length, .a = lane->next, .b = lane->base};
    int error = device_flog_append(outbox->flash, sector_of(lane, lane->active), outbox->epoch, lane->offset,
                                   &record, outbox->buffer);

    /* After a failed write the rest of the sector is not to be trusted. */
    lane->offset = error ? outbox->flash->sector_bytes : record.end;
    if (!error)
        lane->base_stored = lane->base;
    return error;
}

int device_outbox_append(struct device_outbox *outbox, enum device_lane which,
                         const struct device_outbox_report *report, uint64_t *ret_first)
{
    struct device_outbox_lane *lane = &outbox->lanes[which];
    int error = -1;

    if (report->count == 0)
        return error;
    for (int attempt = 0; attempt < 2 && error; attempt++) {
        if (!fits(outbox, lane, report->length) && (error = open_sector(outbox, lane)) != 0)
            continue;
        error = write_record(outbox, lane, RECORD_EVENTS, report->count, report->length);
    }
    if (error)
        return error;
    *ret_first = lane->next;
    lane->next += report->count;
    lane->sectors[lane->active].end = lane->next;
    return 0;
}

void device_outbox_advance(struct device_outbox *outbox, enum device_lane which, uint64_t seq)
{
    struct device_outbox_lane *lane = &outbox->lanes[which];

    if (seq > lane->base) {
        lane->base = seq < lane->next ? seq : lane->next;
        normalise_base(lane);
    }
}

void device_outbox_trim(struct device_outbox *outbox, enum device_lane which)
{
    struct device_outbox_lane *lane = &outbox->lanes[which];

    if (lane->base != lane->base_stored && fits(outbox, lane, 0))
        (void)write_record(outbox, lane, RECORD_BASE, 0,
                           0); /* a failure only means that more is sent again */
}

/* Puts the cursor's next record into the buffer; false when there is none that follows. */
static bool load_record(struct device_outbox *outbox, struct device_outbox_lane *lane,
                        struct device_outbox_cursor *cursor)
{
    struct device_flog_record record;

    for (uint32_t hops = 0; hops <= lane->sector_count; hops++) {
        if (!cursor->placed) {
            uint32_t i = 0;

            while (i < lane->sector_count &&
                   !(lane->sectors[i].first <= cursor->seq && cursor->seq < lane->sectors[i].end))
                i++;
            if (i == lane->sector_count)
                return false;
            cursor->sector = i;
            cursor->offset = DEVICE_FLOG_HEAD_BYTES;
            cursor->placed = true;
        }
        struct device_outbox_sector *sector = &lane->sectors[cursor->sector];

        while (cursor->seq < sector->end &&
               device_flog_next(outbox->flash, sector_of(lane, cursor->sector), outbox->epoch,
                                outbox->flash->sector_bytes, &cursor->offset, &record,
                                outbox->buffer + DEVICE_FLOG_RECORD_BYTES)) {
            if (record.type != RECORD_EVENTS || record.a + record.count <= cursor->seq)
                continue;
            if (record.a > cursor->seq)
                break;
            cursor->record_first = record.a;
            cursor->record_count = record.count;
            cursor->in_record = 0;
            cursor->at = 0;
            cursor->length = record.length;
            return true;
        }
        cursor->placed = false;
        if (cursor->seq >= sector->end)
            continue;
        /* An event that was readable at boot no longer is: it and what the sector holds behind it are lost.
         */
        lane->dropped += sector->end - cursor->seq;
        sector->first = sector->end;
        normalise_base(lane);
        return false;
    }
    return false;
}

bool device_outbox_read(struct device_outbox *outbox, enum device_lane which,
                        struct device_outbox_cursor *cursor, struct device_outbox_event *ret_event)
{
    struct device_outbox_lane *lane = &outbox->lanes[which];
    const uint8_t *payload = outbox->buffer + DEVICE_FLOG_RECORD_BYTES;

    for (;;) {
        if (cursor->in_record == cursor->record_count && !load_record(outbox, lane, cursor))
            return false;
        const uint8_t *header = payload + cursor->at;
        size_t left = cursor->length - cursor->at;
        size_t length = left >= EVENT_HEADER_BYTES ? (size_t)device_get_le(header + 2, 2) : 0;

        if (left < EVENT_HEADER_BYTES || length > left - EVENT_HEADER_BYTES)
            return false; /* the CRC was right and the content is not: only a bug of ours writes that */
        ret_event->seq = cursor->record_first + cursor->in_record;
        ret_event->kind = header[0];
        ret_event->mark = header[1];
        ret_event->bytes = header + EVENT_HEADER_BYTES;
        ret_event->length = length;
        cursor->in_record++;
        cursor->at += EVENT_HEADER_BYTES + length;
        if (ret_event->seq < cursor->seq)
            continue;
        cursor->seq = ret_event->seq + 1;
        return true;
    }
}

int device_outbox_requeue(struct device_outbox *outbox, enum device_lane which, uint64_t *ret_seq)
{
    struct device_outbox_lane *lane = &outbox->lanes[which];
    struct device_outbox_cursor cursor = {.seq = lane->base};
    struct device_outbox_report report = {0};
    struct device_outbox_event event;
    uint64_t before = lane->base;
    size_t capacity;
    int error;

    if (!device_outbox_read(outbox, which, &cursor, &event))
        return -1;
    uint8_t *room = device_outbox_room(outbox, &report, &capacity);
    memmove(room, event.bytes, event.length);
    device_outbox_add(outbox, &report, event.kind, event.mark, event.length);
    /* The new record carries the new base, so a power cut leaves either the old event or the new one. */
    device_outbox_advance(outbox, which, before + 1);
    error = device_outbox_append(outbox, which, &report, ret_seq);
    if (error && lane->base == before + 1)
        lane->base = before;
    return error;
}
