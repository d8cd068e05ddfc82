/* Whose event is it: territories, households, residents, devices, zones, people on call. The tables of one
 * county.
 *
 * A registry is built all-or-nothing from rows (a folder of CSV + GeoJSON, or the database) and is const
 * afterwards; a new version is built beside the old one and replaces it between two inputs. Everything is
 * known by number: an index into its table, given in order of the ids at the first import and kept for ever
 * (a row that disappears stays as `removed`, a new one is appended), so that state keyed by number survives.
 *
 * Personal data (names, addresses, phones, coordinates of homes as written) stands in the vault only; every
 * other struct here is free of it, except household.home, which detection needs and which is erased with its
 * row.
 *
 * Ownership: everything returned is borrowed from the registry. Threads: const data; the core loop owns the
 * pointer. Format: contracts.md 7. */
#ifndef HUYANG_REGISTRY_REGISTRY_H
#define HUYANG_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "core/text.h"
#include "ingest/event.h"

#define REGISTRY_NONE UINT32_MAX

/* X(constant, file's short name). The order is the order of building. */
#define REGISTRY_TABLE_MAP(X)                                                                                \
    X(TERRITORY, territories)                                                                                \
    X(CALENDAR, calendars)                                                                                   \
    X(HOUSEHOLD, households)                                                                                 \
    X(RESIDENT, residents)                                                                                   \
    X(DEVICE, devices)                                                                                       \
    X(CONTACT, contacts)                                                                                     \
    X(RESPONDER, responders)                                                                                 \
    X(ROSTER, rosters)                                                                                       \
    X(VISITOR, visitors)                                                                                     \
    X(ZONE, zones)                                                                                           \
    X(ANNOUNCEMENT, announcements)                                                                           \
    X(CONSENT, consents)
enum registry_table {
#define X(name, text) REGISTRY_##name,
    REGISTRY_TABLE_MAP(X)
#undef X
        REGISTRY_TABLES
};
const char *registry_table_name(enum registry_table table);

#define TERRITORY_KIND_MAP(X) X(COUNTY, county) X(TOWN, town) X(VILLAGE, village) X(GRID, grid)
enum territory_kind {
    TERRITORY_KIND_NONE,
#define X(name, text) TERRITORY_##name,
    TERRITORY_KIND_MAP(X)
#undef X
};
#define ZONE_KIND_MAP(X)                                                                                     \
    X(HOME, home)                                                                                            \
    X(SAFE, safe)                                                                                            \
    X(MARKET, market)                                                                                        \
    X(PARK, park)                                                                                            \
    X(HOSPITAL, hospital)                                                                                    \
    X(BANK, bank)                                                                                            \
    X(VENUE, venue)                                                                                          \
    X(FORBIDDEN, forbidden)                                                                                  \
    X(GOVERNMENT, government)                                                                                \
    X(COURT, court)                                                                                          \
    X(PETITION, petition)                                                                                    \
    X(WORSHIP, worship)                                                                                      \
    X(PRIVATE, private)
enum zone_kind {
    ZONE_KIND_NONE,
#define X(name, text) ZONE_##name,
    ZONE_KIND_MAP(X)
#undef X
        ZONE_KIND_COUNT
};
const char *zone_kind_name(enum zone_kind kind);
/* Places that are nobody's business (practice.md 14): no finding, no label, no gathering. */
bool zone_kind_is_protected(enum zone_kind kind);

#define CONSENT_MAP(X)                                                                                       \
    X(LOCATION, location)                                                                                    \
    X(HEALTH, health)                                                                                        \
    X(CAMERA, camera) X(VISITOR, visitor) X(VOICE, voice) X(FAMILY, family) X(POLICE, police)
enum consent {
#define X(name, text) CONSENT_##name,
    CONSENT_MAP(X)
#undef X
        CONSENT_COUNT
};
const char *consent_name(enum consent class);
#define CONSENT_BIT(class) (1U << (class))

#define RESIDENT_STATUS_MAP(X)                                                                               \
    X(ACTIVE, active)                                                                                        \
    X(AWAY, away) X(HOSPITAL, hospital) X(PAUSED, paused) X(MOVED, moved) X(DECEASED, deceased)
enum resident_status {
#define X(name, text) STATUS_##name,
    RESIDENT_STATUS_MAP(X)
#undef X
};
/* "active", …; "?" when there is none such. */
const char *resident_status_name(enum resident_status status);
int resident_status_from_name(const char *name); /* -1 when unknown */
/* Tags that rules look at; other tags are kept as text only. */
enum resident_tag {
    TAG_DEMENTIA = 1 << 0 /* 失智, dementia */,
    TAG_WANDERED = 1 << 1 /* 走失史, wandered */
};

enum device_kind { DEVICE_WRISTBAND = 1, DEVICE_CAMERA = 2 };
#define ROLE_MAP(X)                                                                                          \
    X(FAMILY, family)                                                                                        \
    X(GRID_WORKER, grid_worker)                                                                              \
    X(TOWN_DESK, town_desk) X(COUNTY_DESK, county_desk) X(POLICE_DESK, police_desk)
enum role {
    ROLE_NONE,
#define X(name, text) ROLE_##name,
    ROLE_MAP(X)
#undef X
        ROLE_COUNT
};
const char *
role_name(enum role role); /* "family", "grid_worker", "town_desk", "county_desk", "police_desk" */
enum role role_from_name(const char *name);

struct territory {
    char code[16];
    uint8_t kind;    /* enum territory_kind */
    uint32_t parent; /* REGISTRY_NONE for the county */
    bool removed;
};
struct household {
    char id[ID_SIZE];
    uint32_t grid; /* territory */
    struct geo_point home;
    bool has_home;
    uint32_t first_resident, first_camera; /* heads of the lists below, REGISTRY_NONE when empty */
    uint8_t withheld; /* CONSENT_BIT set: what somebody who lives here unenrolled has not consented to */
    bool removed;
};
/* NONE: the column says "none", "deaf", "blind", "聋" or "盲"; POOR: anything else but "", "good", "normal",
 * "1".
 */
enum ability { ABILITY_GOOD, ABILITY_POOR, ABILITY_NONE };
struct resident {
    char id[ID_SIZE];
    uint32_t household;
    uint32_t next_in_household;
    uint32_t wristband; /* device, or REGISTRY_NONE */
    uint16_t birth_year;
    uint8_t consent; /* CONSENT_BIT set in force: the ledger's word, the short form where it has none */
    uint8_t status;  /* enum resident_status as imported */
    uint8_t tags;    /* enum resident_tag set */
    uint8_t hearing_poor, vision_poor, cognition_poor; /* enum ability */
    int64_t status_until_ms;                           /* 0 = open */
    char language[17];                                 /* "zh" when empty */
    bool removed;
};
struct device {
    char id[ID_SIZE];
    uint8_t kind;         /* enum device_kind */
    uint32_t resident;    /* wristband's wearer, or REGISTRY_NONE */
    uint32_t household;   /* camera's home; for a wristband the wearer's home; REGISTRY_NONE for spares */
    uint32_t next_camera; /* in the same household */
    uint32_t report_interval_s; /* 0 = unknown */
    int64_t adopted_ms; /* what happened before is not believed, but for emergencies; 0 = no such limit */
    bool indoors;       /* camera view: "indoors"/"living_room"; else doorstep */
    bool removed;
};
struct responder {
    char id[ID_SIZE];
    uint8_t role; /* enum role */
    uint32_t territory;
    bool removed;
};
struct contact {
    char id[ID_SIZE];
    uint32_t resident;
    bool removed;
};
/* A weekly window, local time. */
struct visitor_window {
    uint8_t weekdays;                /* bit 0 = Sunday */
    uint16_t from_minute, to_minute; /* of the day; to <= from wraps over midnight */
};
enum { VISITOR_WINDOWS_MAX = 4 };
struct trusted_visitor {
    uint32_t household;
    char visitor_id[ID_SIZE];
    struct visitor_window windows[VISITOR_WINDOWS_MAX]; /* none = always */
    uint8_t window_count;
    bool refuses; /* to be told apart: the ledger knows this visitor, and no `visitor` consent in force */
    bool removed;
};
/* One line of the consent ledger (practice.md 21): a person's word on one class. Of several words of a person
 * on a class the one given last counts, until it is withdrawn. */
enum consent_person { PERSON_NONE, PERSON_RESIDENT, PERSON_CORESIDENT, PERSON_VISITOR };
struct consent_entry {
    uint32_t no; /* resident, household of a co-resident, trusted visitor; REGISTRY_NONE: not in the tables */
    uint8_t person;                 /* enum consent_person */
    uint8_t class;                  /* enum consent */
    uint8_t signer;                 /* 0 self, 1 guardian */
    int64_t given_ms, withdrawn_ms; /* withdrawn 0 = in force */
    bool removed;
};
/* What something is about. GATEWAY: a part of the gateway itself (parts.h), which lies in the county. */
#define SUBJECT_MAP(X)                                                                                       \
    X(NONE, none)                                                                                            \
    X(RESIDENT, resident)                                                                                    \
    X(HOUSEHOLD, household)                                                                                  \
    X(TERRITORY, territory)                                                                                  \
    X(DEVICE, device)                                                                                        \
    X(GATEWAY, gateway)
enum subject_kind {
#define X(name, text) SUBJECT_##name,
    SUBJECT_MAP(X)
#undef X
};
enum { SUBJECT_KIND_COUNT = SUBJECT_GATEWAY + 1 };
const char *subject_kind_name(unsigned kind); /* "none" when unknown */
struct subject {
    uint32_t no;
    uint8_t kind; /* enum subject_kind */
};
struct zone {
    char id[ID_SIZE];
    uint8_t kind; /* enum zone_kind */
    struct subject owner;
    uint32_t calendar; /* or REGISTRY_NONE; the zone counts only on its days */
    /* A circle (count 1, radius_m > 0) or the outer ring of a polygon (count >= 3). */
    const struct geo_point *points;
    uint32_t count;
    double radius_m;
    bool removed;
};
/* Days a fair or rule is on. */
struct calendar {
    char id[ID_SIZE];
    uint8_t rule_kind;   /* enum calendar_rule in calendar.c: weekly, solar_digit, lunar_digit, dates */
    uint16_t mask;       /* weekdays (bit 0 = Sunday) or last digits 0..9 */
    const int64_t *days; /* day numbers, sorted, for dates */
    uint32_t day_count;
    bool removed;
};

/* What a visit or an event is announced as (practice.md 10). */
#define ANNOUNCED_MAP(X)                                                                                     \
    X(CENSUS, census, "census", "人口普查")                                                                  \
    X(PENSION_CHECK, pension_check, "pension check", "养老金认证")                                           \
    X(GAS_SAFETY, gas_safety, "gas safety check", "燃气安检")                                                \
    X(FREE_CLINIC, free_clinic, "free clinic", "义诊")                                                       \
    X(CEREMONY, ceremony, "wedding or funeral", "红白事")                                                    \
    X(MEETING, meeting, "meeting", "村民会议")                                                               \
    X(FAIR, fair, "fair", "集市")
enum announced {
    ANNOUNCED_NONE,
#define X(name, text, en, zh) ANNOUNCED_##name,
    ANNOUNCED_MAP(X)
#undef X
        ANNOUNCED_COUNT
};
const char *announced_name(enum announced kind);           /* "census"; "none" */
enum announced announced_from_name(const char *name);      /* ANNOUNCED_NONE when unknown */
const char *announced_words(enum announced kind, bool zh); /* for people; "?" when none */
/* A line of announcements.csv. */
struct announcement_row {
    uint32_t territory;
    int64_t from_ms, to_ms;
    uint8_t kind; /* enum announced */
    bool removed;
};

struct registry;

/* Reads a folder (contracts.md 7). On any error nothing is built, `errors` (may be NULL) lists up to 50 of
 * them, one a line, and how many more there were: "residents.csv:12:5: name: …" (line and column from 1; the
 * column counts fields), "zones.geojson:feature 3: …" (from 1). The return is then ERR_INVALID; ERR_NOMEM and
 * ERR_FULL (more than 4,000,000 numbers in a table) come without a list. `previous` (may be NULL) keeps
 * numbers. `tz` gives the end of a day to a status_until that is a date; NULL = UTC. */
MUST_CHECK enum err registry_load(const char *folder, const struct tz *tz, const struct registry *previous,
                                  struct buf *errors, struct registry **ret_registry);
/* An empty registry (every device unknown). */
MUST_CHECK enum err registry_empty(struct registry **ret_registry);
void registry_free(struct registry *registry);

/* A row as it was read: what the store keeps. Personal fields are marked, so that the store can put them into
 * the vault. */
struct registry_field {
    const char *column, *value;
    bool personal;
};
struct registry_row {
    enum registry_table table;
    uint32_t number;
    bool removed;
    const struct registry_field *fields;
    size_t count;
};
/* Walks all rows in (table, number) order; stops at the first error of `fn` and returns it. */
MUST_CHECK enum err registry_rows(const struct registry *registry,
                                  enum err (*fn)(void *self, const struct registry_row *row), void *self);
/* What became of a row from one version to the next; both keep their numbers. */
enum registry_change { REGISTRY_SAME, REGISTRY_ADDED, REGISTRY_CHANGED, REGISTRY_REMOVED };
enum registry_change registry_compare(const struct registry *before, const struct registry *after,
                                      enum registry_table table, uint32_t no);
/* The first value of a row: its id, or the first part of its key. */
const char *registry_row_key(const struct registry *registry, enum registry_table table, uint32_t no);
/* The way back: rows in any order within a table, numbers given, tables in order. begin/add/finish; finish
 * validates everything as registry_load does. */
struct registry_builder;
MUST_CHECK enum err registry_builder_new(const struct tz *tz, struct registry_builder **ret_builder);
MUST_CHECK enum err registry_builder_add(struct registry_builder *builder, const struct registry_row *row);
/* Frees the builder in any case. */
MUST_CHECK enum err registry_builder_finish(struct registry_builder *builder, struct buf *errors,
                                            struct registry **ret_registry);
void registry_builder_free(struct registry_builder *builder);

/* The same registry with some rows changed: `number` of a change says which row, REGISTRY_NONE = a new one.
 * Fields that a change does not name keep their value. Everything is checked as in registry_load; on
 * ERR_INVALID `errors` says why. */
MUST_CHECK enum err registry_amend(const struct registry *registry, const struct tz *tz,
                                   const struct registry_row *changes, size_t count, struct buf *errors,
                                   struct registry **ret_registry);
/* One row as people edit it. Its key stands in a path: the values of its key columns joined by
 * REGISTRY_KEY_JOIN, which no id has; tables with longer keys (rosters, announcements, consents) have ways of
 * their own. */
enum { REGISTRY_FIELDS_MAX = 20, REGISTRY_KEY_SIZE = 2 * ID_SIZE + 1, REGISTRY_KEY_JOIN = '~' };
struct registry_edit {
    enum registry_table table;
    char key[REGISTRY_KEY_SIZE];
    char tag[HASH_ID_TEXT];              /* of the row as it was read; "": there must be none */
    bool remove;                         /* else it is set, whole: a column that is not named is empty */
    const struct registry_field *fields; /* borrowed; `personal` does not count */
    size_t count;
    char by[ID_SIZE];
    const char
        *changed[REGISTRY_FIELDS_MAX]; /* columns whose values differ, static; registry_edit fills it */
    size_t changed_count;
};
bool registry_is_editable(enum registry_table table);
/* REGISTRY_NONE: there is none, or it was taken out. */
uint32_t registry_row_find(const struct registry *registry, enum registry_table table, const char *key);
/* Every column in order; returns their count. Personal values are among them: callers are api only. */
size_t registry_row_fields(const struct registry *registry, enum registry_table table, uint32_t no,
                           struct registry_field fields[REGISTRY_FIELDS_MAX]);
/* Differs whenever a value of the row does. */
void registry_row_tag(const struct registry *registry, enum registry_table table, uint32_t no,
                      char tag[HASH_ID_TEXT]);
/* Everything is checked as in registry_load; *errors says why not: ERR_REFUSED: the tag is of another state;
 * ERR_NOT_FOUND: nothing to take out; ERR_INVALID: "residents: row 4: birth_year: …". */
MUST_CHECK enum err registry_edit(const struct registry *registry, const struct tz *tz,
                                  struct registry_edit *edit, struct buf *errors,
                                  struct registry **ret_registry);
/* Gives or withdraws one consent, written down as a line of the ledger: the way of the API and the CLI. */
struct consent_change {
    char person[2 * ID_SIZE + 16]; /* as in consents.csv */
    uint8_t class;                 /* enum consent */
    bool withdraw;
    char signer[16], version[ID_SIZE], evidence[128]; /* of a consent given */
    char recorded_by[ID_SIZE];
};
/* ERR_NOT_FOUND: nothing is in force that could be withdrawn (*errors says so). */
MUST_CHECK enum err registry_change_consent(const struct registry *registry, const struct tz *tz,
                                            int64_t t_ms, const struct consent_change *change,
                                            struct buf *errors, struct registry **ret_registry);

/* A device gets its row: a wristband its resident's, a camera its household's. What it says happened before
 * that, is not believed but for emergencies (registry_admit's caller). */
struct adoption {
    char device[ID_SIZE], resident[ID_SIZE], household[ID_SIZE]; /* one of the last two is "" */
    char view[ID_SIZE];                                          /* of a camera; "" = the doorstep */
    char version[65];           /* of the registry it was previewed against; "" = whatever is in force */
    uint32_t report_interval_s; /* 0 = unknown */
};
/* ERR_REFUSED, ERR_INVALID: *errors says why. */
MUST_CHECK enum err registry_adopt(const struct registry *registry, const struct tz *tz, int64_t t_ms,
                                   const struct adoption *adoption, struct buf *errors,
                                   struct registry **ret_registry);
/* Is there a row of this id, be it one that was taken out? */
bool registry_had_device(const struct registry *registry, const char *id);

/* Rows of a table, removed ones included. */
uint32_t registry_count(const struct registry *registry, enum registry_table table);
/* By number; the number must be below the count (asserted). */
const struct territory *registry_territory(const struct registry *registry, uint32_t no);
const struct household *registry_household(const struct registry *registry, uint32_t no);
const struct resident *registry_resident(const struct registry *registry, uint32_t no);
const struct device *registry_device(const struct registry *registry, uint32_t no);
const struct responder *registry_responder(const struct registry *registry, uint32_t no);
const struct contact *registry_contact(const struct registry *registry, uint32_t no);
const struct zone *registry_zone(const struct registry *registry, uint32_t no);
const struct calendar *registry_calendar(const struct registry *registry, uint32_t no);
const struct announcement_row *registry_announcement(const struct registry *registry, uint32_t no);
const struct trusted_visitor *registry_visitor(const struct registry *registry, uint32_t no);
const struct consent_entry *registry_consent(const struct registry *registry, uint32_t no);
const char *consent_name(enum consent class);
enum consent consent_from_name(const char *name); /* CONSENT_COUNT when unknown */
/* By id (territories: code); REGISTRY_NONE when there is none or it is removed. O(1). Visitors and rosters
 * have no id: see registry_trusted. */
uint32_t registry_find(const struct registry *registry, enum registry_table table, const char *id);
/* The trusted visitor of a household, or NULL. */
const struct trusted_visitor *registry_trusted(const struct registry *registry, uint32_t household,
                                               const char *visitor_id);
bool visitor_in_window(const struct trusted_visitor *visitor, const struct civil *local);
/* Zones that concern a resident: own, of the household, and of the territories above, in order of number.
 * Writes at most `max`; returns the count written. */
size_t registry_zones_of(const struct registry *registry, uint32_t resident, uint32_t *zones, size_t max);
/* Is p inside the zone; *ret_border_m (may be NULL) = distance to its border in metres. */
bool zone_contains(const struct zone *zone, struct geo_point p, double *ret_border_m);
/* Does the straight way from a to b touch the zone? For ways of a few kilometres. */
bool zone_is_crossed(const struct zone *zone, struct geo_point a, struct geo_point b);
bool calendar_is_on(const struct calendar *calendar, const struct civil *local);
/* The responders of a role for a territory: those of the nearest ancestor that has any. A roster of that role
 * and territory narrows them to who is on duty at `t_ms` (a stand-in may belong elsewhere); where it names
 * nobody for that moment, all of them answer. Writes numbers; returns the count. */
size_t registry_responders(const struct registry *registry, enum role role, uint32_t territory, int64_t t_ms,
                           uint32_t *numbers, size_t max);
/* The trusted visitors of a home. */
size_t registry_visitors(const struct registry *registry, uint32_t household, uint32_t *numbers, size_t max);
size_t registry_contacts(const struct registry *registry, uint32_t resident, uint32_t *numbers, size_t max);

/* True when there is a roster of that role for exactly that territory, and it names nobody from t_ms on. */
bool registry_roster_has_ended(const struct registry *registry, enum role role, uint32_t territory,
                               int64_t t_ms);
/* True when the resident's categories or tags have this word, as written in the file. */
bool registry_resident_is(const struct registry *registry, uint32_t resident, const char *word);
/* The tag of somebody who does not exist: whose device calls for help so that the whole way is tried, all of
 * it a drill. True for that resident, or a home of nobody else. */
#define REGISTRY_CANARY "canary"
bool registry_is_canary(const struct registry *registry, uint32_t resident, uint32_t household);
/* True when a contact or responder names a channel to be reached by. */
bool registry_has_channel(const struct registry *registry, enum registry_table table, uint32_t no);
/* The index'th of a contact's or responder's channels, clipped; false past the last one. */
enum { REGISTRY_CHANNEL_SIZE = 16 };
bool registry_channel(const struct registry *registry, enum registry_table table, uint32_t no, unsigned index,
                      char word[REGISTRY_CHANNEL_SIZE]);

/* Is `territory` the territory `above` or within it? */
bool registry_is_within(const struct registry *registry, uint32_t territory, uint32_t above);

/* The id of a subject as it appears outside ("r-001"); "?" when there is none. */
const char *registry_subject_id(const struct registry *registry, struct subject subject);
struct subject registry_subject_find(const struct registry *registry, enum subject_kind kind, const char *id);
/* The territory a subject lies in (its grid), or REGISTRY_NONE; also for the gateway itself, which lies
 * nowhere. */
uint32_t registry_subject_territory(const struct registry *registry, struct subject subject);

/* The vault: a personal field of a row ("name", "address", "phone"), "" when absent. Callers are relay and
 * api only (lint). */
const char *registry_vault(const struct registry *registry, enum registry_table table, uint32_t no,
                           const char *field);

/* SHA-256 hex of all rows: which version this is. */
const char *registry_version(const struct registry *registry);

#endif
