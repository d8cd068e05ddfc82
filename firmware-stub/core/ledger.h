/*
 * ledger: what a device must remember besides its events: the epoch of this formatting, the ordinal of its
 * last session, the report interval it was told to keep, and the commands it has taken (so that it acts on
 * none twice).
 *
 * Two flash sectors (flog.h): one is written until it is full, then a snapshot opens the other. At every byte
 * one of them is whole. Ids are remembered as 64-bit hashes, the last DEVICE_COMMANDS_REMEMBERED of them;
 * commands that are not yet finished, or whose end has not been reported, also with their name. One thread.
 * No heap.
 */
#ifndef HUYANG_FIRMWARE_LEDGER_H
#define HUYANG_FIRMWARE_LEDGER_H

#include "device_event.h"
#include "flog.h"
#include "limits.h"

enum {
    DEVICE_LEDGER_SECTORS = 2, /* the first two of the flash */
    DEVICE_COMMANDS_REMEMBERED = 64,
    /* Commands not yet done and reported: those in a slot, a cancel, its target. */
    DEVICE_LEDGER_OPEN_MAX = DEVICE_COMMAND_SLOTS + 2,
};

/* A command that is not over, or whose end is not yet in the outbox. */
struct device_ledger_entry {
    uint64_t hash; /* 0 = free */
    uint8_t lane;  /* enum device_lane */
    uint8_t state; /* Huyang__V1__CommandState; RECEIVED until it ended */
    uint8_t reason;
    char id[DEVICE_ID_MAX + 1];
};

struct device_ledger {
    const struct device_flash *flash;
    uint8_t *buffer; /* as the outbox's, may be the same */
    uint32_t epoch;
    uint32_t sector;  /* 0 or 1: the one that is written */
    uint32_t ordinal; /* of that sector */
    uint32_t offset;
    uint64_t session;                          /* ordinal of the last session */
    uint32_t interval_s;                       /* report interval the gateway set for good; 0 = none */
    uint64_t seen[DEVICE_COMMANDS_REMEMBERED]; /* a ring, oldest at seen_at */
    uint32_t seen_at;
    uint64_t failures; /* writes that failed twice */
    struct device_ledger_entry open[DEVICE_LEDGER_OPEN_MAX];
};

/* Reads the ledger. False when the flash holds none: then device_ledger_format(). */
bool device_ledger_init(struct device_ledger *ledger, const struct device_flash *flash, uint8_t *buffer);

/* Starts a new ledger with this epoch. 0, or negative when the flash failed. */
int device_ledger_format(struct device_ledger *ledger, uint32_t epoch);

/* The next session's ordinal, at least `floor` and above the last, stored before it is returned. When the
 * flash fails the number is given all the same, for a device that cannot speak helps nobody; the failure is
 * counted. */
uint64_t device_ledger_session(struct device_ledger *ledger, uint64_t floor);

/* Keeps the report interval; 0 = the device's own. 0, or negative when it could not be stored. */
int device_ledger_interval(struct device_ledger *ledger, uint32_t interval_s);

/* True when the id was taken before. */
bool device_ledger_knows(const struct device_ledger *ledger, const char *id);

/* Remembers an id before the command is acted on. 0, or negative when it could not be stored. */
int device_ledger_take(struct device_ledger *ledger, const char *id, uint8_t lane);

/* Notes how a command ended; its report follows. */
int device_ledger_end(struct device_ledger *ledger, const char *id, uint8_t state, uint8_t reason);

/* Notes that the end is in the outbox. */
int device_ledger_told(struct device_ledger *ledger, const char *id);

#endif
