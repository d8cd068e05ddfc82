/* A look at what only the core knows: the present state of residents, homes and devices. The API's thread
 * names rows, the core copies them between two inputs; a handful of microseconds, and bounded.
 *
 * Ownership: made by the API, handed to the core with the ticket, handed back by api_looked(). */
#ifndef HUYANG_API_LOOK_H
#define HUYANG_API_LOOK_H

#include "registry/live.h"

enum { LOOK_MAX = 512, LOOK_STRANGERS_MAX = 256, LOOK_VERSIONS_MAX = 64 };

struct look_entry {
    uint8_t table; /* REGISTRY_RESIDENT, REGISTRY_HOUSEHOLD or REGISTRY_DEVICE; else it is left as it is */
    uint32_t no;
    union {
        struct live_resident resident;
        struct live_household household;
        struct live_device_row device;
    } now;
};
/* Why a device may not speak. Numbers are stored. */
#define QUARANTINE_REASON_MAP(X)                                                                             \
    X(UNKNOWN, unknown)   /* it is not in the registry */                                                    \
    X(INACTIVE, inactive) /* its row was taken out */                                                        \
    X(COUNTY, wrong_county)
enum quarantine_reason {
#define X(name, text) QUARANTINE_##name,
    QUARANTINE_REASON_MAP(X)
#undef X
        QUARANTINE_REASONS
};
const char *quarantine_reason_name(enum quarantine_reason reason); /* "unknown" */

/* A device that was heard and may not speak. Its bytes are stored. */
struct look_stranger {
    char id[ID_SIZE];
    int64_t first_ms, last_ms; /* wall; heard */
    uint64_t times;
    int64_t dismissed_ms; /* wall; 0 = not */
    char dismissed_by[ID_SIZE];
    uint8_t reason; /* enum quarantine_reason */
    uint8_t spare[5];
};
/* Devices of a kind that run a firmware; "" = they never told. */
struct look_version {
    char firmware[LIVE_FIRMWARE_SIZE];
    uint8_t kind; /* enum device_kind */
    uint32_t devices;
};
struct look {
    bool statuses;                      /* asked for the residents who are not simply at home … */
    char within[16];                    /* … in the territory of that code; "" = anywhere */
    bool strangers;                     /* asked for them instead of entries */
    char dismiss[ID_SIZE], by[ID_SIZE]; /* of strangers: whom to dismiss first, in whose name; "" = nobody */
    bool dismissed;                     /* done */
    unsigned count;                     /* of entries or strangers */
    uint32_t next_no;                   /* for the asker: where its walk goes on */
    unsigned version_count;             /* for the asker, who counts over several looks */
    uint32_t versions_beyond;           /* devices of versions that found no place */
    struct look_version versions[LOOK_VERSIONS_MAX];
    union {
        struct look_entry entries[LOOK_MAX];
        struct look_stranger list[LOOK_STRANGERS_MAX];
    };
};

#endif
