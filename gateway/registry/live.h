/* What is known right now about each resident, home and device: the part of state that several detectors, the
 * relays and the desk look at. Updated by each admitted event before the detectors run; part of the fold, so
 * it is snapshotted and restored (versioned). Pure; owned by the core loop. */
#ifndef HUYANG_REGISTRY_LIVE_H
#define HUYANG_REGISTRY_LIVE_H

#include "core/hash.h"
#include "registry/battery.h"
#include "registry/registry.h"

enum { LIVE_FIRMWARE_SIZE = 33 };

enum live_tri { LIVE_UNKNOWN, LIVE_NO, LIVE_YES };

struct live_resident {
    int64_t fix_ms; /* at of the last usable fix, 0 = none */
    struct geo_point fix;
    float fix_accuracy_m; /* 0 = not told */
    uint8_t at_home;     /* enum live_tri; by presence, else by fix within max(100 m, 2 x accuracy) of home */
    int64_t at_home_ms;  /* since when */
    int64_t presence_ms; /* at of the last presence or departure that decided at_home; it holds against fixes
                            for 12 hours */
    int64_t seen_ms;     /* at of the last event that shows the person moved or was seen: steps, presence,
                            check-in, button */
    uint8_t status;      /* enum resident_status in force (registry + actions) */
    int64_t status_until_ms;
};
struct live_household {
    int64_t paused_until_ms; /* privacy */
    int64_t trusted_seen_ms; /* a trusted visitor was last seen inside or at the door */
};
struct live_device {
    int64_t heard_ms; /* arrival of the last input */
    uint64_t link_ordinal;
    uint8_t link_up; /* enum live_tri */
    uint8_t battery_percent, has_battery, charging;
    uint8_t worn;            /* enum live_tri */
    uint8_t pressed_in_test; /* the last press of a button was the drill of a test window */
    uint16_t firmware;       /* inside: its place, live_firmware() has the name */
    uint32_t interval_s;     /* its report interval, when one was ordered for good; 0 = the registry's */
    uint32_t trend;          /* inside: the place of the battery's, live_battery() has it */
    int64_t test_until_ms;   /* a test window of LIVE_TEST_WINDOW_MS waits for a press so long; 0 = none */
};
/* All that is known of one device, as one value: to be stored, and to be handed to another thread. */
struct live_device_row {
    struct live_device now; /* without its inside places */
    struct battery battery;
    char firmware[LIVE_FIRMWARE_SIZE];
};
/* How long a window is open, and how far a device's clock may be behind the one who opened it. */
enum { LIVE_TEST_WINDOW_MS = 600000, LIVE_TEST_CLOCK_MS = 30000 };

/* The gateway's own link to the broker: nobody is silent while we are deaf. */
struct live_gateway {
    int64_t connected_ms; /* since when, when it is not down; 0 = as long as anybody can tell */
    uint8_t down;
};

/* A visit or event that somebody announced for a territory and some hours. */
struct announcement {
    struct hash_id id;
    int64_t t_ms, from_ms, until_ms; /* when it was announced; the hours, [from, until) */
    int64_t removed_ms;              /* cancelled; 0 = not */
    uint32_t territory;
    uint8_t kind; /* enum announced */
    char by[ID_SIZE], note[256], removed_by[ID_SIZE];
};
enum { LIVE_ANNOUNCEMENTS_MAX = 256 };

struct live;
MUST_CHECK enum err live_new(const struct registry *registry, struct live **ret_live);
void live_free(struct live *live);
/* After a new registry version: grows, keeps what there is; imported status changes win. */
MUST_CHECK enum err live_rebind(struct live *live, const struct registry *registry);
const struct live_resident *live_resident(const struct live *live, uint32_t no);
const struct live_household *live_household(const struct live *live, uint32_t no);
const struct live_device *live_device(const struct live *live, uint32_t no);
/* The trend of a wristband's battery; of a device without one (a camera hangs on the mains), one that has
 * seen nothing. */
const struct battery *live_battery(const struct live *live, uint32_t no);
/* As its last heartbeat that named one said; "" = never told. Good until the device's next event. */
const char *live_firmware(const struct live *live, uint32_t no);
void live_look_device(const struct live *live, uint32_t no, struct live_device_row *ret_row);
const struct live_gateway *live_gateway(const struct live *live);
/* Whom a device speaks of: a wristband of its wearer, a camera of the one person who lives there. In a shared
 * home a camera speaks of nobody in particular: REGISTRY_NONE. */
uint32_t live_person_of(const struct registry *registry, const struct device *device);
/* What an event of a device that speaks of the person says about them; `household` is where they live. True
 * when it says anything. Pure: also for reading the past again. */
bool live_person_on_event(struct live_resident *resident, const struct registry *registry, uint32_t household,
                          const struct event *event);
/* One admitted event of device `event->key.device`, arrived at t. */
void live_on_event(struct live *live, const struct registry *registry, int64_t t_ms,
                   const struct event *event);
/* Would live_on_link change anything? A session's birth and its last will carry the same ordinal, the will
 * being the later. False also for numbers outside the registry. */
bool live_link_is_news(const struct live *live, uint32_t device, bool up, uint64_t ordinal);
/* Birth or last will; false when the ordinal shows it is stale (ignored). */
bool live_on_link(struct live *live, uint32_t device, int64_t t_ms, bool up, uint64_t ordinal);
/* The link to the broker came up or went down at t. */
void live_on_broker(struct live *live, int64_t t_ms, bool up);
/* The next press of this device's SOS or silent button, until LIVE_TEST_WINDOW_MS from t, is a drill. One
 * that comes late, or was made before the window was opened, is none and leaves the window as it is. */
void live_open_test_window(struct live *live, uint32_t device, int64_t t_ms);
/* Is this event, which live_on_event has just seen, the drill of a test window, or the cancel of one? */
bool live_is_drill(const struct live *live, const struct event *event);
/* The device took a report interval for good; 0 = the registry's again. */
void live_set_interval(struct live *live, uint32_t device, uint32_t interval_s);
/* How often it reports, in seconds: what it was told for good, else what its row says; 0 = unknown. */
uint32_t live_interval_s(const struct live_device *now, const struct device *device);
/* One stored row of "live.device". ERR_UNSUPPORTED, ERR_CORRUPT. */
MUST_CHECK enum err live_read_device(uint16_t version, const void *value, size_t len,
                                     struct live_device_row *ret_row);
/* Forgets what the classes that were withdrawn had told about a resident (CONSENT_BIT set). */
void live_forget(struct live *live, uint32_t resident, uint8_t classes);
void live_set_status(struct live *live, uint32_t resident, enum resident_status status, int64_t until_ms);

/* Takes a free place or that of one that has ended. ERR_FULL: LIVE_ANNOUNCEMENTS_MAX run or wait for their
 * hours. */
MUST_CHECK enum err live_announce(struct live *live, int64_t t_ms, const struct announcement *announcement);
/* The announcement that was cancelled, or NULL: there is none of this id, or it has ended. */
const struct announcement *live_unannounce(struct live *live, int64_t t_ms, const struct hash_id *id,
                                           const char *by);
/* `slot` below LIVE_ANNOUNCEMENTS_MAX; all zero = never used. */
const struct announcement *live_announcement(const struct live *live, unsigned slot);

/* Snapshot: calls fn for every row changed since the last live_snapshot_done, with an opaque versioned value.
 */
MUST_CHECK enum err live_snapshot(const struct live *live,
                                  enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                                 const void *value, size_t len),
                                  void *self);
void live_snapshot_done(struct live *live);
/* ERR_UNSUPPORTED for a version that cannot be migrated, ERR_NOT_FOUND for a number outside (ignored by
 * callers). */
MUST_CHECK enum err live_restore(struct live *live, const char *table, uint16_t version, uint32_t no,
                                 const void *value, size_t len);

#endif
