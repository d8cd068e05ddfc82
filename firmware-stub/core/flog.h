/*
 * flog: records with a CRC in flash sectors, the one format that the outbox lanes and the ledger share.
 *
 * A sector is a head (which area it belongs to, its ordinal, the epoch of this formatting, two numbers of the
 * area's own) followed by records. A record is its header (type, count, length, two numbers, CRC-32) and its
 * payload, written in one call, aligned to 4 bytes. The CRC starts from the epoch, so that what an older
 * formatting left behind never passes. What a power cut tore is stepped over: a walk resynchronises at the
 * next record that checks, and a record is therefore there whole or not at all.
 *
 * No state of its own; the areas keep theirs. Errors: 0 is success, negative is the flash's failure.
 */
#ifndef HUYANG_FIRMWARE_FLOG_H
#define HUYANG_FIRMWARE_FLOG_H

#include <stdbool.h>

#include "flash.h"

enum {
    DEVICE_FLOG_HEAD_BYTES = 36,    /* of a sector */
    DEVICE_FLOG_RECORD_BYTES = 24,  /* header of a record */
    DEVICE_FLOG_PAYLOAD_MAX = 1024, /* of a record */
};

/* The head of a sector. */
struct device_flog_head {
    uint8_t area;     /* the area's own tag */
    uint32_t ordinal; /* rises by one with every sector the area opens */
    uint32_t epoch;
    uint64_t a;
    uint64_t b;
};

struct device_flog_record {
    uint8_t type; /* 1..254, the area's own */
    uint8_t count;
    uint16_t length; /* of the payload */
    uint64_t a;
    uint64_t b;
    uint32_t end; /* offset in the sector just behind the record, aligned */
};

/* Space a record with this payload takes. */
static inline uint32_t device_flog_space(size_t length)
{
    return (uint32_t)((DEVICE_FLOG_RECORD_BYTES + length + 3) & ~(size_t)3);
}

uint32_t device_flog_crc(uint32_t seed, const uint8_t *bytes, size_t length);

/* Erases a sector and writes its head. */
int device_flog_open(const struct device_flash *flash, uint32_t sector, const struct device_flog_head *head);

/* True when the sector has an intact head. */
bool device_flog_head(const struct device_flash *flash, uint32_t sector, struct device_flog_head *ret_head);

/* Finds the next intact record at or behind *offset and below limit; steps over what is torn. payload holds
 * DEVICE_FLOG_PAYLOAD_MAX bytes. False at the end; then *offset is untouched, else it is the record's end. */
bool device_flog_next(const struct device_flash *flash, uint32_t sector, uint32_t epoch, uint32_t limit,
                      uint32_t *offset, struct device_flog_record *ret_record, uint8_t *payload);

/* The first offset from which on the sector is erased, aligned; sector_bytes when there is none. */
uint32_t device_flog_free(const struct device_flash *flash, uint32_t sector);

/* Writes one record at offset. buffer holds header + DEVICE_FLOG_PAYLOAD_MAX bytes and already has the
 * payload behind the header's room. The caller has checked that it fits. Fills record->end. */
int device_flog_append(const struct device_flash *flash, uint32_t sector, uint32_t epoch, uint32_t offset,
                       struct device_flog_record *record, uint8_t *buffer);

#endif
