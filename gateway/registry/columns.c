/* Every table of the registry folder, column by column: what is read, what must be there, what is personal,
 * how it is parsed. The file formats, the rows of the store and the checks are all driven by these tables.
 * Adding a column is one line here and a member to hold it. */
#include <stddef.h>
#include <string.h>

#include "registry/build.h"
#include "registry/check.h"

#define ENUM_TEXT(name, text) #text,

static const char *const territory_kinds[] = {"", TERRITORY_KIND_MAP(ENUM_TEXT) NULL};
static const char *const zone_kinds[] = {"", ZONE_KIND_MAP(ENUM_TEXT) NULL};
static const char *const statuses[] = {RESIDENT_STATUS_MAP(ENUM_TEXT) NULL};
static const char *const device_kinds[] = {"", "wristband", "camera", NULL};
#define ANNOUNCED_TEXT(name, text, en, zh) #text,
static const char *const announced_kinds[] = {"", ANNOUNCED_MAP(ANNOUNCED_TEXT) NULL};
static const char *const consent_names[] = {CONSENT_MAP(ENUM_TEXT) NULL};
static const char *const signers[] = {"self", "guardian", NULL};
static const char *const roles[] = {"", ROLE_MAP(ENUM_TEXT) NULL};

/* Shorthands for the tables below; each column of a file is one line. */
#define AT(type, member) .offset = offsetof(struct type, member)
#define ID(type)                                                                                             \
    {                                                                                                        \
        .name = "id", .need = COLUMN_FILLED, .parse = cell_id, AT(type, id)                                  \
    }
#define REFERENCE(text, table, type, member)                                                                 \
    {                                                                                                        \
        .name = (text), .need = COLUMN_FILLED, .parse = cell_reference, .always = true, AT(type, member),    \
        .of = (table)                                                                                        \
    }
#define NAME                                                                                                 \
    {                                                                                                        \
        .name = "name", .need = COLUMN_REQUIRED, .personal = true, .parse = cell_text                        \
    }
#define CHANNELS                                                                                             \
    {                                                                                                        \
        .name = "channels", .parse = cell_list                                                               \
    }
#define LANGUAGE                                                                                             \
    {                                                                                                        \
        .name = "language", .parse = cell_text                                                               \
    }
#define EMAIL                                                                                                \
    {                                                                                                        \
        .name = "email", .personal = true, .parse = cell_text                                                \
    }
#define PHONE                                                                                                \
    {                                                                                                        \
        .name = "phone", .need = COLUMN_REQUIRED, .personal = true, .parse = cell_phone                      \
    }
#define DATUM_COLUMN                                                                                         \
    {                                                                                                        \
        .name = "datum", .parse = check_datum                                                                \
    }

static const struct column territories[] = {
    {.name = "code", .need = COLUMN_FILLED, .parse = cell_code, AT(territory, code)},
    {.name = "name", .need = COLUMN_REQUIRED, .parse = cell_text},
    {.name = "kind",
     .need = COLUMN_FILLED,
     .parse = cell_enum,
     AT(territory, kind),
     .names = territory_kinds},
    {.name = "parent",
     .need = COLUMN_REQUIRED,
     .parse = cell_reference,
     .always = true,
     AT(territory, parent),
     .of = REGISTRY_TERRITORY},
};
static const struct column calendars[] = {
    ID(calendar),
    {.name = "rule", .need = COLUMN_FILLED, .parse = cell_rule},
    {.name = "name", .need = COLUMN_REQUIRED, .parse = cell_text},
};
static const struct column households[] = {
    ID(household),
    REFERENCE("grid", REGISTRY_TERRITORY, household, grid),
    {.name = "address", .need = COLUMN_REQUIRED, .personal = true, .parse = cell_text},
    {.name = "lat",
     .need = COLUMN_REQUIRED,
     .personal = true,
     .parse = cell_real,
     AT(household, home.lat),
     .low = -90,
     .high = 90},
    {.name = "lon",
     .need = COLUMN_REQUIRED,
     .personal = true,
     .parse = cell_real,
     AT(household, home.lon),
     .low = -180,
     .high = 180},
    DATUM_COLUMN,
};
static const struct column residents[] = {
    ID(resident),
    REFERENCE("household", REGISTRY_HOUSEHOLD, resident, household),
    NAME,
    {.name = "birth_year",
     .need = COLUMN_REQUIRED,
     .parse = cell_u16,
     AT(resident, birth_year),
     .low = 1880,
     .high = 2099},
    {.name = "categories", .need = COLUMN_REQUIRED, .parse = cell_tags, AT(resident, tags)},
    {.name = "consent", .need = COLUMN_REQUIRED, .parse = cell_consent, AT(resident, consent)},
    {.name = "status", .parse = cell_enum, AT(resident, status), .names = statuses},
    {.name = "status_until", .parse = cell_until, AT(resident, status_until_ms)},
    {.name = "language", .parse = cell_language, .always = true, AT(resident, language)},
    {.name = "hearing", .parse = cell_ability, AT(resident, hearing_poor)},
    {.name = "vision", .parse = cell_ability, AT(resident, vision_poor)},
    {.name = "cognition", .parse = cell_ability, AT(resident, cognition_poor)},
    {.name = "tags", .parse = cell_tags, AT(resident, tags)},
};
static const struct column devices[] = {
    ID(device),
    {.name = "kind", .need = COLUMN_FILLED, .parse = cell_enum, AT(device, kind), .names = device_kinds},
    {.name = "resident",
     .need = COLUMN_REQUIRED,
     .parse = cell_reference,
     .always = true,
     AT(device, resident),
     .of = REGISTRY_RESIDENT},
    {.name = "household",
     .need = COLUMN_REQUIRED,
     .parse = cell_reference,
     .always = true,
     AT(device, household),
     .of = REGISTRY_HOUSEHOLD},
    {.name = "report_interval_s", .parse = cell_u32, AT(device, report_interval_s), .low = 0, .high = 86400},
    {.name = "view", .parse = cell_view, AT(device, indoors)},
    {.name = "adopted", .parse = cell_from, AT(device, adopted_ms)},
};
static const struct column contacts[] = {
    ID(contact), REFERENCE("resident", REGISTRY_RESIDENT, contact, resident),
    NAME,        {.name = "relation", .need = COLUMN_REQUIRED, .personal = true, .parse = cell_text},
    PHONE,       CHANNELS,
    EMAIL,       LANGUAGE,
};
static const struct column responders[] = {
    ID(responder),
    NAME,
    {.name = "role", .need = COLUMN_FILLED, .parse = cell_enum, AT(responder, role), .names = roles},
    REFERENCE("territory", REGISTRY_TERRITORY, responder, territory),
    PHONE,
    CHANNELS,
    EMAIL,
    LANGUAGE,
};
static const struct column rosters[] = {
    REFERENCE("territory", REGISTRY_TERRITORY, roster, territory),
    {.name = "role", .need = COLUMN_FILLED, .parse = cell_enum, AT(roster, role), .names = roles},
    REFERENCE("responder", REGISTRY_RESPONDER, roster, responder),
    {.name = "from", .need = COLUMN_FILLED, .parse = cell_from, AT(roster, from_ms)},
    {.name = "to", .need = COLUMN_FILLED, .parse = cell_until, AT(roster, to_ms)},
};
static const struct column visitors[] = {
    REFERENCE("household", REGISTRY_HOUSEHOLD, trusted_visitor, household),
    {.name = "visitor_id", .need = COLUMN_FILLED, .parse = cell_id, AT(trusted_visitor, visitor_id)},
    NAME,
    {.name = "windows", .parse = cell_windows},
};
static const struct column announcements[] = {
    REFERENCE("territory", REGISTRY_TERRITORY, announcement_row, territory),
    {.name = "kind",
     .need = COLUMN_FILLED,
     .parse = cell_enum,
     AT(announcement_row, kind),
     .names = announced_kinds},
    {.name = "from", .need = COLUMN_FILLED, .parse = cell_from, AT(announcement_row, from_ms)},
    {.name = "to", .need = COLUMN_FILLED, .parse = cell_until, AT(announcement_row, to_ms)},
    {.name = "note", .parse = cell_text},
};
/* A feature of zones.geojson as a row; its geometry becomes radius_m and a list of points. */
static const struct column zones[] = {
    ID(zone),
    {.name = "name", .need = COLUMN_REQUIRED, .personal = true, .parse = cell_text},
    {.name = "kind", .need = COLUMN_FILLED, .parse = cell_enum, AT(zone, kind), .names = zone_kinds},
    {.name = "owner", .need = COLUMN_FILLED, .parse = cell_owner, AT(zone, owner)},
    {.name = "calendar",
     .parse = cell_reference,
     .always = true,
     AT(zone, calendar),
     .of = REGISTRY_CALENDAR},
    DATUM_COLUMN,
    {.name = "radius_m", .parse = cell_real, AT(zone, radius_m), .low = 1, .high = 50000},
    {.name = "geometry", .need = COLUMN_FILLED, .personal = true, .parse = cell_points},
};

/* The key of a line of the ledger is whose word on what, and when: a new word is a new line. */
static const struct column consents[] = {
    {.name = "person", .need = COLUMN_FILLED, .parse = cell_person},
    {.name = "class",
     .need = COLUMN_FILLED,
     .parse = cell_enum,
     AT(consent_entry, class),
     .names = consent_names},
    {.name = "given", .need = COLUMN_FILLED, .parse = cell_from, AT(consent_entry, given_ms)},
    {.name = "by", .need = COLUMN_FILLED, .parse = cell_enum, AT(consent_entry, signer), .names = signers},
    {.name = "version", .need = COLUMN_FILLED, .parse = cell_text},
    {.name = "evidence", .need = COLUMN_FILLED, .personal = true, .parse = cell_text},
    {.name = "withdrawn", .parse = cell_from, AT(consent_entry, withdrawn_ms)},
    {.name = "recorded_by", .parse = cell_text},
};

#define COLUMNS(array) .columns = (array), .column_count = sizeof(array) / sizeof((array)[0])
#define ITEM(type)     .item_size = sizeof(struct type), .removed_at = offsetof(struct type, removed)

static const struct table_spec specs[REGISTRY_TABLES] = {
    [REGISTRY_TERRITORY] = {.name = "territories",
                            .required = true,
                            .key_columns = 1,
                            ITEM(territory),
                            COLUMNS(territories),
                            .check = check_territory,
                            .check_all = check_territories},
    [REGISTRY_CALENDAR] = {.name = "calendars", .key_columns = 1, ITEM(calendar), COLUMNS(calendars)},
    [REGISTRY_HOUSEHOLD] = {.name = "households",
                            .required = true,
                            .key_columns = 1,
                            ITEM(household),
                            COLUMNS(households),
                            .check = check_household},
    [REGISTRY_RESIDENT] =
        {.name = "residents", .required = true, .key_columns = 1, ITEM(resident), COLUMNS(residents)},
    [REGISTRY_DEVICE] = {.name = "devices",
                         .required = true,
                         .key_columns = 1,
                         ITEM(device),
                         COLUMNS(devices),
                         .check = check_device,
                         .check_all = check_devices},
    [REGISTRY_CONTACT] = {.name = "contacts", .key_columns = 1, ITEM(contact), COLUMNS(contacts)},
    [REGISTRY_RESPONDER] = {.name = "responders", .key_columns = 1, ITEM(responder), COLUMNS(responders)},
    [REGISTRY_ROSTER] =
        {.name = "rosters", .key_columns = 4, ITEM(roster), COLUMNS(rosters), .check = check_roster},
    [REGISTRY_VISITOR] = {.name = "visitors", .key_columns = 2, ITEM(trusted_visitor), COLUMNS(visitors)},
    [REGISTRY_ZONE] = {.name = "zones", .key_columns = 1, ITEM(zone), COLUMNS(zones), .check = check_zone},
    [REGISTRY_ANNOUNCEMENT] = {.name = "announcements",
                               .key_columns = 3,
                               ITEM(announcement_row),
                               COLUMNS(announcements),
                               .check = check_announcement},
    [REGISTRY_CONSENT] = {.name = "consents",
                          .key_columns = 3,
                          ITEM(consent_entry),
                          COLUMNS(consents),
                          .check = check_consent,
                          .stands = consent_stands},
};

const struct table_spec *table_spec(enum registry_table table)
{
    return &specs[table];
}

int table_column(const struct table_spec *spec, const char *name)
{
    for (unsigned i = 0; i < spec->column_count; i++)
        if (strcmp(spec->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *registry_table_name(enum registry_table table)
{
    return (unsigned)table < REGISTRY_TABLES ? specs[table].name : "?";
}

const char *zone_kind_name(enum zone_kind kind)
{
    return (unsigned)kind < ZONE_KIND_COUNT ? zone_kinds[kind] : "?";
}

const char *consent_name(enum consent class)
{
    return (unsigned)class < CONSENT_COUNT ? consent_names[class] : "?";
}

enum consent consent_from_name(const char *name)
{
    unsigned class = 0;
    while (class < CONSENT_COUNT && strcmp(consent_names[class], name) != 0)
        class ++;
    return (enum consent) class;
}

const char *resident_status_name(enum resident_status status)
{
    return (unsigned)status <= STATUS_DECEASED ? statuses[status] : "?";
}

int resident_status_from_name(const char *name)
{
    for (int status = 0; statuses[status] != NULL; status++)
        if (strcmp(statuses[status], name) == 0)
            return status;
    return -1;
}

const char *role_name(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? roles[role] : "?";
}

enum role role_from_name(const char *name)
{
    for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        if (strcmp(roles[role], name) == 0)
            return (enum role)role;
    return ROLE_NONE;
}
