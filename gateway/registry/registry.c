#include "registry/registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "registry/build.h"
#include "registry/links.h"
#include "registry/parts.h"

enum err registry_empty(struct registry **ret_registry)
{
    struct build build;
    build_init(&build, NULL, NULL, NULL);
    return build_finish(&build, ret_registry);
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    for (int table = 0; table < REGISTRY_TABLES; table++)
        table_release(&registry->tables[table]);
    links_release(registry);
    arena_release(&registry->arena);
    free(registry);
}

uint32_t registry_count(const struct registry *registry, enum registry_table table)
{
    return registry->tables[table].count;
}

#define LOOKUP(function, type, table)                                                                        \
    const struct type *function(const struct registry *registry, uint32_t no)                                \
    {                                                                                                        \
        assert(no < registry->tables[table].count);                                                          \
        return &((const struct type *)registry->tables[table].items)[no];                                    \
    }
LOOKUP(registry_territory, territory, REGISTRY_TERRITORY)
LOOKUP(registry_household, household, REGISTRY_HOUSEHOLD)
LOOKUP(registry_resident, resident, REGISTRY_RESIDENT)
LOOKUP(registry_device, device, REGISTRY_DEVICE)
LOOKUP(registry_responder, responder, REGISTRY_RESPONDER)
LOOKUP(registry_contact, contact, REGISTRY_CONTACT)
LOOKUP(registry_zone, zone, REGISTRY_ZONE)
LOOKUP(registry_announcement, announcement_row, REGISTRY_ANNOUNCEMENT)
LOOKUP(registry_calendar, calendar, REGISTRY_CALENDAR)
LOOKUP(registry_visitor, trusted_visitor, REGISTRY_VISITOR)
LOOKUP(registry_consent, consent_entry, REGISTRY_CONSENT)

uint32_t registry_find(const struct registry *registry, enum registry_table table, const char *id)
{
    const struct table *rows = &registry->tables[table];
    uint32_t number = table_find(rows, table_spec(table)->key_columns, id, strlen(id));
    return number == REGISTRY_NONE || rows->removed[number] ? REGISTRY_NONE : number;
}

const struct trusted_visitor *registry_trusted(const struct registry *registry, uint32_t household,
                                               const char *visitor_id)
{
    const struct table *rows = &registry->tables[REGISTRY_VISITOR];
    char key[2 * ID_SIZE];
    const char *id = registry_household(registry, household)->id;
    size_t id_len = strlen(id), visitor_len = strlen(visitor_id);
    if (rows->count == 0 || visitor_len == 0 || visitor_len > ID_MAX)
        return NULL;
    memcpy(key, id, id_len + 1);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a key with its length, no text. */
    memcpy(key + id_len + 1, visitor_id, visitor_len);
    uint32_t number = table_find(rows, 2, key, id_len + 1 + visitor_len);
    return number == REGISTRY_NONE || rows->removed[number] ? NULL : registry_visitor(registry, number);
}

bool visitor_in_window(const struct trusted_visitor *visitor, const struct civil *local)
{
    if (visitor->window_count == 0)
        return true;
    int minute = local->hour * 60 + local->minute;
    int yesterday = (local->weekday + 6) % 7;
    for (unsigned i = 0; i < visitor->window_count; i++) {
        const struct visitor_window *window = &visitor->windows[i];
        bool today = window->weekdays >> local->weekday & 1;
        if (window->from_minute < window->to_minute) {
            if (today && minute >= window->from_minute && minute < window->to_minute)
                return true;
        } else if ((today && minute >= window->from_minute) ||
                   ((window->weekdays >> yesterday & 1) && minute < window->to_minute)) {
            return true;
        }
    }
    return false;
}

static const char *const subject_kinds[SUBJECT_KIND_COUNT] = {
#define X(name, text) [SUBJECT_##name] = #text,
    SUBJECT_MAP(X)
#undef X
};

const char *subject_kind_name(unsigned kind)
{
    return subject_kinds[kind < SUBJECT_KIND_COUNT ? kind : SUBJECT_NONE];
}

const char *registry_subject_id(const struct registry *registry, struct subject subject)
{
    switch ((enum subject_kind)subject.kind) {
    case SUBJECT_RESIDENT:
        return subject.no < registry_count(registry, REGISTRY_RESIDENT)
                   ? registry_resident(registry, subject.no)->id
                   : "?";
    case SUBJECT_HOUSEHOLD:
        return subject.no < registry_count(registry, REGISTRY_HOUSEHOLD)
                   ? registry_household(registry, subject.no)->id
                   : "?";
    case SUBJECT_TERRITORY:
        return subject.no < registry_count(registry, REGISTRY_TERRITORY)
                   ? registry_territory(registry, subject.no)->code
                   : "?";
    case SUBJECT_DEVICE:
        return subject.no < registry_count(registry, REGISTRY_DEVICE)
                   ? registry_device(registry, subject.no)->id
                   : "?";
    case SUBJECT_GATEWAY: return part_id((enum part)subject.no);
    case SUBJECT_NONE: break;
    }
    return "?";
}

static bool subject_table(enum subject_kind kind, enum registry_table *ret_table)
{
    switch (kind) {
    case SUBJECT_RESIDENT: *ret_table = REGISTRY_RESIDENT; return true;
    case SUBJECT_HOUSEHOLD: *ret_table = REGISTRY_HOUSEHOLD; return true;
    case SUBJECT_TERRITORY: *ret_table = REGISTRY_TERRITORY; return true;
    case SUBJECT_DEVICE: *ret_table = REGISTRY_DEVICE; return true;
    case SUBJECT_GATEWAY:
    case SUBJECT_NONE: break;
    }
    return false;
}

struct subject registry_subject_find(const struct registry *registry, enum subject_kind kind, const char *id)
{
    enum registry_table table;
    struct subject none = {.no = REGISTRY_NONE, .kind = SUBJECT_NONE};
    if (!subject_table(kind, &table))
        return none;
    uint32_t number = registry_find(registry, table, id);
    return number == REGISTRY_NONE ? none : (struct subject){.no = number, .kind = (uint8_t)kind};
}

uint32_t registry_subject_territory(const struct registry *registry, struct subject subject)
{
    uint32_t household = REGISTRY_NONE;
    enum registry_table table;
    if (!subject_table((enum subject_kind)subject.kind, &table) ||
        subject.no >= registry_count(registry, table))
        return REGISTRY_NONE;
    switch ((enum subject_kind)subject.kind) {
    case SUBJECT_RESIDENT: household = registry_resident(registry, subject.no)->household; break;
    case SUBJECT_HOUSEHOLD: household = subject.no; break;
    case SUBJECT_TERRITORY: return subject.no;
    case SUBJECT_DEVICE: household = registry_device(registry, subject.no)->household; break;
    case SUBJECT_GATEWAY:
    case SUBJECT_NONE: break;
    }
    return household == REGISTRY_NONE ? REGISTRY_NONE : registry_household(registry, household)->grid;
}

static const char *value_of(const struct registry *registry, enum registry_table table, uint32_t no,
                            const char *column)
{
    int found = table_column(table_spec(table), column);
    return found < 0 ? "" : table_value(registry->tables[table].rows[no], (unsigned)found);
}

const char *registry_vault(const struct registry *registry, enum registry_table table, uint32_t no,
                           const char *field)
{
    assert(no < registry->tables[table].count);
    return value_of(registry, table, no, field);
}

/* Lists are separated by ";" (contracts.md 7), with blanks around their items. */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);
    while (*list) {
        list += strspn(list, "; ");
        size_t item = strcspn(list, ";"), bare = item;
        while (bare > 0 && list[bare - 1] == ' ')
            bare--;
        if (len > 0 && bare == len && memcmp(list, word, len) == 0)
            return true;
        list += item;
    }
    return false;
}

bool registry_resident_is(const struct registry *registry, uint32_t resident, const char *word)
{
    assert(resident < registry->tables[REGISTRY_RESIDENT].count);
    return list_has(value_of(registry, REGISTRY_RESIDENT, resident, "categories"), word) ||
           list_has(value_of(registry, REGISTRY_RESIDENT, resident, "tags"), word);
}

bool registry_is_canary(const struct registry *registry, uint32_t resident, uint32_t household)
{
    if (resident != REGISTRY_NONE)
        return registry_resident_is(registry, resident, REGISTRY_CANARY);
    uint32_t no =
        household == REGISTRY_NONE ? REGISTRY_NONE : registry_household(registry, household)->first_resident;
    if (no == REGISTRY_NONE)
        return false;
    for (; no != REGISTRY_NONE; no = registry_resident(registry, no)->next_in_household)
        if (!registry_resident(registry, no)->removed && !registry_resident_is(registry, no, REGISTRY_CANARY))
            return false;
    return true;
}

bool registry_has_channel(const struct registry *registry, enum registry_table table, uint32_t no)
{
    assert(no < registry->tables[table].count);
    return value_of(registry, table, no, "channels")[0] != 0;
}

bool registry_channel(const struct registry *registry, enum registry_table table, uint32_t no, unsigned index,
                      char word[REGISTRY_CHANNEL_SIZE])
{
    assert(no < registry->tables[table].count);
    const char *list = value_of(registry, table, no, "channels");
    while (*list) {
        list += strspn(list, "; ");
        size_t len = strcspn(list, "; ");
        if (len > 0 && index-- == 0) {
            size_t cut = len < REGISTRY_CHANNEL_SIZE ? len : REGISTRY_CHANNEL_SIZE - 1;
            memcpy(word, list, cut);
            word[cut] = 0;
            return true;
        }
        list += len;
    }
    return false;
}

const char *registry_version(const struct registry *registry)
{
    return registry->version;
}

enum err registry_rows(const struct registry *registry,
                       enum err (*fn)(void *self, const struct registry_row *row), void *self)
{
    for (int table = 0; table < REGISTRY_TABLES; table++) {
        const struct table *rows = &registry->tables[table];
        const struct table_spec *spec = table_spec((enum registry_table)table);
        for (uint32_t i = 0; i < rows->count; i++) {
            struct registry_field fields[TABLE_COLUMNS_MAX];
            const char *value = rows->rows[i];
            for (unsigned column = 0; column < spec->column_count; column++) {
                fields[column] = (struct registry_field){.column = spec->columns[column].name,
                                                         .value = value,
                                                         .personal = spec->columns[column].personal};
                value += strlen(value) + 1;
            }
            struct registry_row row = {.table = (enum registry_table)table,
                                       .number = i,
                                       .removed = rows->removed[i],
                                       .fields = fields,
                                       .count = spec->column_count};
            enum err err = fn(self, &row);
            if (err)
                return err;
        }
    }
    return ERR_OK;
}

enum registry_change registry_compare(const struct registry *before, const struct registry *after,
                                      enum registry_table table, uint32_t no)
{
    const struct table *old = &before->tables[table], *new = &after->tables[table];
    unsigned columns = table_spec(table)->column_count;
    bool was = no < old->count && !old->removed[no], is = no < new->count && !new->removed[no];
    if (was != is)
        return is ? REGISTRY_ADDED : REGISTRY_REMOVED;
    if (!is)
        return REGISTRY_SAME;
    size_t len = table_key_len(old->rows[no], columns);
    bool same =
        len == table_key_len(new->rows[no], columns) && memcmp(old->rows[no], new->rows[no], len) == 0;
    return same ? REGISTRY_SAME : REGISTRY_CHANGED;
}

const char *registry_row_key(const struct registry *registry, enum registry_table table, uint32_t no)
{
    assert(no < registry->tables[table].count);
    return table_value(registry->tables[table].rows[no], 0);
}
