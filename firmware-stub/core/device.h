/*
 * device: the portable core of a Huyang device, one static block of memory without heap, operating system or
 * clock.
 *
 * What is outside is given: flash, transport, what a person sees and hears (struct device_hal), and the time
 * as an argument, in milliseconds of a clock that never goes back. The same calls with the same entropy give
 * the same bytes. One thread calls a device; no hook may call back into it.
 *
 * The owner: calls device_init() once; before each connection device_will(), then connects with this last
 * will (retained, QoS 1), subscribes the topics of device_topic(), and says device_on_link(up); routes
 * incoming messages to device_on_message(); calls device_tick() no later than device_next_deadline().
 */
#ifndef HUYANG_FIRMWARE_DEVICE_H
#define HUYANG_FIRMWARE_DEVICE_H

#include "arena.h"
#include "commands.h"
#include "device_event.h"
#include "fallback.h"
#include "flash.h"
#include "ledger.h"
#include "outbox.h"
#include "sender.h"
#include "huyang/v1/link.pb-c.h"

enum {
    DEVICE_COUNTY_BYTES = 6, /* a division code of GB/T 2260 */
    DEVICE_TOPIC_MAX = 96,   /* with the terminating zero */
    DEVICE_WILL_MAX = 64,
    DEVICE_SECTORS_URGENT = 16, /* usual geometry: 2 + 16 + 20 sectors of 4 KiB, 152 KiB */
    DEVICE_SECTORS_ROUTINE = 20,
    DEVICE_SECTORS = DEVICE_LEDGER_SECTORS + DEVICE_SECTORS_URGENT + DEVICE_SECTORS_ROUTINE,
    DEVICE_SECTOR_BYTES = 4096,
};

enum device_topic {
    DEVICE_TOPIC_URGENT,  /* up */
    DEVICE_TOPIC_ROUTINE, /* up */
    DEVICE_TOPIC_LINK,    /* up, retained */
    DEVICE_TOPIC_ACK,     /* down, subscribe at QoS 0 */
    DEVICE_TOPIC_COMMAND, /* down, subscribe at QoS 1 */
    DEVICE_TOPIC_GATEWAY, /* down, retained, subscribe at QoS 1 */
    DEVICE_TOPICS,
};

enum device_error {
    DEVICE_OK = 0,
    DEVICE_ERROR_CONFIG = -1,  /* invalid id or county, or a flash too small for the guarantee */
    DEVICE_ERROR_STORAGE = -2, /* the flash failed: nothing was stored */
    DEVICE_ERROR_SIZE = -3,    /* no events, too many, or too large for one report */
};

/* What a person is to feel or see; none of it makes a sound but where a name says so. */
enum device_indication {
    DEVICE_INDICATE_VIBRATE,       /* short: taken */
    DEVICE_INDICATE_NOT_DELIVERED, /* "not delivered yet" */
    DEVICE_INDICATE_HELP_TOLD,     /* "help has been told" */
    DEVICE_INDICATE_HELP_COMING,   /* "help is on the way" */
};

struct device_transport {
    void *context;
    /* Takes one message for the broker and copies it. 0, or non-zero when it cannot be taken now; it is
     * offered again. */
    int (*publish)(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain);
};

enum device_note_kind {
    DEVICE_NOTE_STORED,   /* lane, seq of the first, count */
    DEVICE_NOTE_ACKED,    /* lane, seq: committed up to and with it */
    DEVICE_NOTE_LOST,     /* lane, seq: one event was given up */
    DEVICE_NOTE_DROPPED,  /* lane, count: the lane was full */
    DEVICE_NOTE_COMMAND,  /* id, state, reason */
    DEVICE_NOTE_CLOCK,    /* seq: the wall clock now, milliseconds since 1970 */
    DEVICE_NOTE_GATEWAY,  /* state: a LinkState */
    DEVICE_NOTE_FALLBACK, /* the local fallback was triggered */
};

/* One change of state, for logs, simulators and tests. */
struct device_note {
    enum device_note_kind kind;
    enum device_lane lane;
    uint64_t seq;
    uint32_t count;
    const char *id; /* borrowed until the hook returns */
    int state;
    int reason;
};

/* The device's surroundings. Every function but entropy may be NULL: the device then cannot do that, and says
 * so. */
struct device_hal {
    void *context;
    /* 32 random bits; called a few times from device_init() only. */
    uint32_t (*entropy)(void *context);
    /* Begins to speak. 0: device_on_speaker() follows with the token; else the reason why not. */
    Huyang__V1__FailReason (*play)(void *context, uint32_t token, const struct device_prompt *prompt);
    /* Falls silent; nothing need follow for this token. */
    void (*stop)(void *context, uint32_t token);
    /* Shows the text and vibrates, without a sound; with prompt->light it lights up too. True when it was
     * shown.
     */
    bool (*show)(void *context, const struct device_prompt *prompt);
    void (*indicate)(void *context, enum device_indication what);
    /* Calls or sends an SMS for help without the gateway. */
    void (*fallback)(void *context);
    /* Restarts the device soon, not from within this call. */
    void (*restart)(void *context);
    void (*note)(void *context, const struct device_note *note);
};

/* What the application on top does for commands; set by the application's init. */
struct device_app {
    void *context;
    /* Reports a position at once. False when it cannot. */
    bool (*locate)(void *context, int64_t now_ms);
    /* duration_s 0 = until told otherwise. False when it cannot. */
    bool (*set_interval)(void *context, uint32_t interval_s, uint32_t duration_s, int64_t now_ms);
};

/* Working memory of one call; devices of one thread may share it. A message is never built while another one
 * is read (device_report_in), so both take the same place. */
struct device_scratch {
    union {
        _Alignas(16) uint8_t arena[DEVICE_ARENA_BYTES]; /* a message that is read */
        uint8_t message[DEVICE_BATCH_BYTES];            /* a message that is sent */
    };
    uint8_t record[DEVICE_FLOG_RECORD_BYTES + DEVICE_FLOG_PAYLOAD_MAX];
};

struct device_config {
    char county[DEVICE_COUNTY_BYTES + 1];
    char id[DEVICE_ID_MAX + 1];
    char firmware[DEVICE_FIRMWARE_MAX + 1];
    Huyang__V1__DeviceKind kind;
    uint32_t urgent_sectors, routine_sectors; /* 0 = the usual geometry */
    struct device_flash flash;
    struct device_transport transport;
    struct device_hal hal;
    struct device_scratch *scratch; /* outlives the device */
};

enum device_clock { DEVICE_CLOCK_NONE, DEVICE_CLOCK_GATEWAY, DEVICE_CLOCK_OWN };

struct device_core {
    struct device_config config;
    struct device_app app;
    struct device_outbox outbox;
    struct device_sender sender;
    struct device_ledger ledger;
    struct device_commands commands;
    struct device_fallback fallback;
    struct device_arena arena;
    uint32_t random;
    bool reading; /* a message lies in the arena: what it makes the device report is sent after it */
    bool link_up;
    bool birth_due; /* the transport refused the birth message: offer it again */
    bool gateway_down;
    uint64_t session;
    enum device_clock clock;
    int64_t wall_offset_ms; /* wall clock minus own clock */
    int64_t trim_ms;        /* when bases are stored, INT64_MAX = nothing to store */
    int64_t fault_ms;       /* no fault is reported before this */
    uint32_t overflow;      /* dropped and not yet reported */
    uint32_t lost;          /* given up and not yet reported */
    uint32_t storage;       /* failed writes not yet reported */
    uint64_t dropped_seen[DEVICE_LANES];
    uint64_t failures_seen;
    uint64_t downlink_bad; /* messages that could not be read */
};

/* Copies config, reads or formats the flash. The device must not be moved afterwards. */
int device_init(struct device_core *device, const struct device_config *config, int64_t now_ms);

/* The topic's text; ret_topic holds DEVICE_TOPIC_MAX bytes. */
void device_topic(const struct device_core *device, enum device_topic topic, char *ret_topic);

/* Begins a session: stores its ordinal and gives the last will for it, at most DEVICE_WILL_MAX bytes. Returns
 * the length. The birth message of device_on_link(up) carries the same ordinal. */
size_t device_will(struct device_core *device, int64_t now_ms, uint8_t *ret_bytes);

void device_on_link(struct device_core *device, bool up, int64_t now_ms);

/* A message on one of the three topics that come down. Anything unreadable is counted and dropped. */
void device_on_message(struct device_core *device, enum device_topic topic, const uint8_t *bytes,
                       size_t length, int64_t now_ms);

/* Stores 1..DEVICE_REPORT_EVENTS_MAX events as one report in the lane they belong to, and sends it when it
 * can. On DEVICE_OK they survive a power cut. */
int device_report(struct device_core *device, const struct device_event *events, size_t count,
                  int64_t now_ms);

/* The same with the lane given: command statuses take their command's. */
int device_report_in(struct device_core *device, enum device_lane lane, const struct device_event *events,
                     size_t count, int64_t now_ms);

/* The speaker's answers to play(). */
void device_on_speaker(struct device_core *device, uint32_t token, enum device_speaker_event event,
                       Huyang__V1__FailReason reason, int64_t now_ms);

/* The device has a clock of its own (satellites, network): it is used from now on, and the gateway's is not.
 */
void device_set_clock(struct device_core *device, int64_t now_ms, int64_t wall_ms);

/* Milliseconds since 1970, or 0 while the device has no clock. */
int64_t device_wall(const struct device_core *device, int64_t now_ms);

/* Does everything that is due. */
void device_tick(struct device_core *device, int64_t now_ms);

/* When device_tick() is next needed; INT64_MAX = not before something happens. */
int64_t device_next_deadline(const struct device_core *device, int64_t now_ms);

/* For the core's own files: 32 bits of the device's generator, and a note to the owner. */
uint32_t device_random(struct device_core *device);
void device_tell(struct device_core *device, const struct device_note *note);

#endif
