/*
 * Records: a snapshot (always the first of a sector; a = session, b = interval), a session's ordinal, an
 * interval, a command taken, ended, told. The
 * sector with the higher ordinal whose first record is a snapshot counts; a half-written snapshot leaves the
 * old one.
 */
#include <string.h>

#include "bytes.h"
#include "ledger.h"

enum { AREA_LEDGER = 'L' };
enum { RECORD_SNAPSHOT = 1, RECORD_SESSION, RECORD_TAKEN, RECORD_ENDED, RECORD_TOLD, RECORD_INTERVAL };
enum { OPEN_BYTES = 4 + DEVICE_ID_MAX, SNAPSHOT_BYTES = DEVICE_COMMANDS_REMEMBERED * 8 };

_Static_assert(SNAPSHOT_BYTES + DEVICE_LEDGER_OPEN_MAX * OPEN_BYTES <= DEVICE_FLOG_PAYLOAD_MAX,
               "a snapshot is one record");

/* FNV-1a; 0 stands for an empty place. Ids are digests themselves, so nothing stronger is needed. */
static uint64_t hash_of(const char *id)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * 0x100000001b3u;
    return hash ? hash : 1;
}

static struct device_ledger_entry *entry_of(struct device_ledger *ledger, uint64_t hash)
{
    for (size_t i = 0; i < DEVICE_LEDGER_OPEN_MAX; i++)
        if (ledger->open[i].hash == hash)
            return &ledger->open[i];
    return NULL;
}

static void remember(struct device_ledger *ledger, uint64_t hash)
{
    ledger->seen[ledger->seen_at] = hash;
    ledger->seen_at = (ledger->seen_at + 1) % DEVICE_COMMANDS_REMEMBERED;
}

static void open_entry(struct device_ledger *ledger, uint64_t hash, uint8_t lane, const char *id,
                       size_t length)
{
    struct device_ledger_entry *entry = entry_of(ledger, 0);

    if (!entry || length > DEVICE_ID_MAX)
        return; /* only its report after a power cut is lost, not that it was taken */
    *entry = (struct device_ledger_entry){
        .hash = hash, .lane = lane, .state = HUYANG__V1__COMMAND_STATE__COMMAND_STATE_RECEIVED};
    memcpy(entry->id, id, length);
}

static uint8_t *payload_of(struct device_ledger *ledger)
{
    return ledger->buffer + DEVICE_FLOG_RECORD_BYTES;
}

static size_t pack_snapshot(struct device_ledger *ledger)
{
    uint8_t *to = payload_of(ledger);

    for (size_t i = 0; i < DEVICE_COMMANDS_REMEMBERED; i++, to += 8)
        device_put_le(to, ledger->seen[(ledger->seen_at + i) % DEVICE_COMMANDS_REMEMBERED], 8);
    for (size_t i = 0; i < DEVICE_LEDGER_OPEN_MAX; i++) {
        const struct device_ledger_entry *entry = &ledger->open[i];

        if (!entry->hash)
            continue;
        to[0] = entry->lane;
        to[1] = entry->state;
        to[2] = entry->reason;
        to[3] = 0;
        memcpy(to + 4, entry->id, DEVICE_ID_MAX);
        to += OPEN_BYTES;
    }
    return (size_t)(to - payload_of(ledger));
}

static void load_snapshot(struct device_ledger *ledger, const struct device_flog_record *record)
{
    const uint8_t *from = payload_of(ledger), *end = from + record->length;

    ledger->session = record->a;
    ledger->interval_s = (uint32_t)record->b;
    for (size_t i = 0; i < DEVICE_COMMANDS_REMEMBERED; i++, from += 8)
        ledger->seen[i] = device_get_le(from, 8);
    for (size_t i = 0; from < end && i < DEVICE_LEDGER_OPEN_MAX; i++, from += OPEN_BYTES) {
        struct device_ledger_entry *entry = &ledger->open[i];

        entry->lane = from[0];
        entry->state = from[1];
        entry->reason = from[2];
        memcpy(entry->id, from + 4, DEVICE_ID_MAX);
        entry->hash = hash_of(entry->id);
    }
}

/* Opens the other sector with a snapshot of everything. */
static int compact(struct device_ledger *ledger)
{
    uint32_t sector = 1 - ledger->sector;
    struct device_flog_head head = {
        .area = AREA_LEDGER, .ordinal = ledger->ordinal + 1, .epoch = ledger->epoch, .a = 1};
    struct device_flog_record record = {
        .type = RECORD_SNAPSHOT, .a = ledger->session, .b = ledger->interval_s};
    int error = device_flog_open(ledger->flash, sector, &head);

    if (error)
        return error;
    record.length = (uint16_t)pack_snapshot(ledger);
    error = device_flog_append(ledger->flash, sector, ledger->epoch, DEVICE_FLOG_HEAD_BYTES, &record,
                               ledger->buffer);
    if (error)
        return error;
    ledger->sector = sector;
    ledger->ordinal++;
    ledger->offset = record.end;
    return 0;
}

/* Writes what RAM already knows: as a record, or, when that does not fit or fails, as a snapshot. */
static int write_record(struct device_ledger *ledger, uint8_t type, uint64_t a, uint64_t b, const char *id)
{
    struct device_flog_record record = {.type = type, .a = a, .b = b, .length = (uint16_t)strlen(id)};
    int error = -1;

    if (ledger->offset + device_flog_space(record.length) <= ledger->flash->sector_bytes) {
        memcpy(payload_of(ledger), id, record.length);
        error = device_flog_append(ledger->flash, ledger->sector, ledger->epoch, ledger->offset, &record,
                                   ledger->buffer);
        ledger->offset = error ? ledger->flash->sector_bytes : record.end;
    }
    if (error)
        error = compact(ledger);
    if (error)
        ledger->failures++;
    return error;
}

static void replay(struct device_ledger *ledger, const struct device_flog_record *record)
{
    struct device_ledger_entry *entry;

    switch (record->type) {
    case RECORD_SESSION: ledger->session = record->a > ledger->session ? record->a : ledger->session; break;
    case RECORD_INTERVAL: ledger->interval_s = (uint32_t)record->a; break;
    case RECORD_TAKEN:
        remember(ledger, record->a);
        open_entry(ledger, record->a, (uint8_t)record->b, (const char *)payload_of(ledger), record->length);
        break;
    case RECORD_ENDED:
        if ((entry = entry_of(ledger, record->a))) {
            entry->state = (uint8_t)record->b;
            entry->reason = (uint8_t)(record->b >> 8);
        }
        break;
    case RECORD_TOLD:
        if ((entry = entry_of(ledger, record->a)))
            *entry = (struct device_ledger_entry){0};
        break;
    default: break;
    }
}

/* Loads the sector if it is a whole ledger. */
static bool load(struct device_ledger *ledger, uint32_t sector, const struct device_flog_head *head)
{
    uint32_t offset = DEVICE_FLOG_HEAD_BYTES, bytes = ledger->flash->sector_bytes;
    uint32_t limit = device_flog_free(ledger->flash, sector);
    struct device_flog_record record;

    if (!device_flog_next(ledger->flash, sector, head->epoch, bytes, &offset, &record, payload_of(ledger)) ||
        record.type != RECORD_SNAPSHOT || record.length < SNAPSHOT_BYTES ||
        (record.length - SNAPSHOT_BYTES) % OPEN_BYTES != 0)
        return false;
    ledger->sector = sector;
    ledger->ordinal = head->ordinal;
    ledger->epoch = head->epoch;
    load_snapshot(ledger, &record);
    while (offset < limit &&
           device_flog_next(ledger->flash, sector, head->epoch, bytes, &offset, &record, payload_of(ledger)))
        replay(ledger, &record);
    ledger->offset = offset > limit ? offset : limit;
    return true;
}

bool device_ledger_init(struct device_ledger *ledger, const struct device_flash *flash, uint8_t *buffer)
{
    struct device_flog_head heads[DEVICE_LEDGER_SECTORS];
    bool valid[DEVICE_LEDGER_SECTORS];
    uint32_t newer;

    *ledger = (struct device_ledger){.flash = flash, .buffer = buffer};
    for (uint32_t i = 0; i < DEVICE_LEDGER_SECTORS; i++)
        valid[i] = device_flog_head(flash, i, &heads[i]) && heads[i].area == AREA_LEDGER;
    newer = valid[1] && (!valid[0] || heads[1].ordinal > heads[0].ordinal) ? 1 : 0;
    if (valid[newer] && load(ledger, newer, &heads[newer]))
        return true;
    return valid[1 - newer] && load(ledger, 1 - newer, &heads[1 - newer]);
}

int device_ledger_format(struct device_ledger *ledger, uint32_t epoch)
{
    *ledger = (struct device_ledger){.flash = ledger->flash, .buffer = ledger->buffer, .epoch = epoch};
    ledger->offset = ledger->flash->sector_bytes;
    return compact(ledger);
}

uint64_t device_ledger_session(struct device_ledger *ledger, uint64_t floor)
{
    ledger->session = ledger->session + 1 > floor ? ledger->session + 1 : floor;
    (void)write_record(ledger, RECORD_SESSION, ledger->session, 0, "");
    return ledger->session;
}

int device_ledger_interval(struct device_ledger *ledger, uint32_t interval_s)
{
    if (ledger->interval_s == interval_s)
        return 0;
    ledger->interval_s = interval_s;
    return write_record(ledger, RECORD_INTERVAL, interval_s, 0, "");
}

bool device_ledger_knows(const struct device_ledger *ledger, const char *id)
{
    uint64_t hash = hash_of(id);

    for (size_t i = 0; i < DEVICE_COMMANDS_REMEMBERED; i++)
        if (ledger->seen[i] == hash)
            return true;
    return false;
}

int device_ledger_take(struct device_ledger *ledger, const char *id, uint8_t lane)
{
    remember(ledger, hash_of(id));
    open_entry(ledger, hash_of(id), lane, id, strlen(id));
    return write_record(ledger, RECORD_TAKEN, hash_of(id), lane, id);
}

int device_ledger_end(struct device_ledger *ledger, const char *id, uint8_t state, uint8_t reason)
{
    struct device_ledger_entry *entry = entry_of(ledger, hash_of(id));

    if (entry) {
        entry->state = state;
        entry->reason = reason;
    }
    return write_record(ledger, RECORD_ENDED, hash_of(id), (uint64_t)state | (uint64_t)reason << 8, "");
}

int device_ledger_told(struct device_ledger *ledger, const char *id)
{
    struct device_ledger_entry *entry = entry_of(ledger, hash_of(id));

    if (entry)
        *entry = (struct device_ledger_entry){0};
    return write_record(ledger, RECORD_TOLD, hash_of(id), 0, "");
}
