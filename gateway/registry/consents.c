/* Lines are sorted by person, class and time; the last of each person and class decides. Removed lines, and
 * those of persons who are gone, say nothing. Cost: one sort of the ledger. */
#include "registry/consents.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/build.h"

struct line {
    const struct consent_entry *entry;
    const char *person;
};

static int by_person(const void *a, const void *b)
{
    const struct line *one = a, *other = b;
    int order = strcmp(one->person, other->person);
    if (order != 0)
        return order;
    if (one->entry->class != other->entry->class)
        return one->entry->class < other->entry->class ? -1 : 1;
    if (one->entry->given_ms != other->entry->given_ms)
        return one->entry->given_ms < other->entry->given_ms ? -1 : 1;
    /* Two ways to write one moment: a withdrawal counts. */
    return (one->entry->withdrawn_ms != 0) - (other->entry->withdrawn_ms != 0);
}

/* The resident's row with its short form written anew. */
static enum err rewrite_row(struct registry *registry, uint32_t no, uint8_t set)
{
    struct table *table = &registry->tables[REGISTRY_RESIDENT];
    const struct table_spec *spec = table_spec(REGISTRY_RESIDENT);
    const char *row = table->rows[no];
    unsigned column = (unsigned)table_column(spec, "consent");
    const char *value = table_value(row, column), *rest = value + strlen(value) + 1;
    const char *end = table_value(row, spec->column_count);
    char list[96] = "";
    size_t len = 0, head = (size_t)(value - row), tail = (size_t)(end - rest);
    for (unsigned class = 0; class < CONSENT_COUNT; class ++)
        if (set & CONSENT_BIT(class))
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ";" : "",
                                    consent_name((enum consent) class));
    char *copy = arena_alloc(&registry->arena, head + len + 1 + tail);
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, row, head);
    memcpy(copy + head, list, len + 1);
    memcpy(copy + head + len + 1, rest, tail);
    table->rows[no] = copy;
    return ERR_OK;
}

/* A person's last words: which classes they are on, and which are in force. */
static enum err apply(struct registry *registry, const struct consent_entry *any, uint8_t known,
                      uint8_t given)
{
    if (any->person == PERSON_RESIDENT) {
        struct resident *resident = (struct resident *)registry->tables[REGISTRY_RESIDENT].items + any->no;
        uint8_t set = (uint8_t)((resident->consent & ~known) | given);
        if (set == resident->consent)
            return ERR_OK;
        resident->consent = set;
        return rewrite_row(registry, any->no, set);
    }
    if (any->person == PERSON_CORESIDENT) {
        const unsigned asked = CONSENT_BIT(CONSENT_CAMERA) | CONSENT_BIT(CONSENT_VISITOR);
        struct household *household =
            (struct household *)registry->tables[REGISTRY_HOUSEHOLD].items + any->no;
        household->withheld = (uint8_t)(household->withheld | (asked & ~(unsigned)given));
        return ERR_OK;
    }
    ((struct trusted_visitor *)registry->tables[REGISTRY_VISITOR].items)[any->no].refuses = given == 0;
    return ERR_OK;
}

enum err consents_apply(struct registry *registry)
{
    const struct table *table = &registry->tables[REGISTRY_CONSENT];
    const struct consent_entry *entries = table->items;
    uint32_t count = 0;
    enum err err = ERR_OK;
    if (table->count == 0)
        return ERR_OK;
    struct line *lines = calloc(table->count, sizeof *lines);
    if (!lines)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < table->count; i++)
        if (!entries[i].removed && entries[i].person != PERSON_NONE && entries[i].no != REGISTRY_NONE)
            lines[count++] = (struct line){&entries[i], table_value(table->rows[i], 0)};
    qsort(lines, count, sizeof *lines, by_person);
    uint8_t known = 0, given = 0;
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        uint8_t bit = (uint8_t)CONSENT_BIT(lines[i].entry->class);
        known |= bit;
        given = (uint8_t)(lines[i].entry->withdrawn_ms ? given & ~bit : given | bit);
        if (i + 1 < count && strcmp(lines[i].person, lines[i + 1].person) == 0)
            continue;
        err = apply(registry, lines[i].entry, known, given);
        known = given = 0;
    }
    free(lines);
    return err;
}

/* The person's line on that class that was given last, REGISTRY_NONE when there is none. */
static uint32_t last_line(const struct registry *registry, const char *person, unsigned class)
{
    const struct table *table = &registry->tables[REGISTRY_CONSENT];
    const struct consent_entry *entries = table->items;
    uint32_t last = REGISTRY_NONE;
    for (uint32_t i = 0; i < table->count; i++)
        if (!entries[i].removed && entries[i].class == class && strcmp(table->rows[i], person) == 0 &&
            (last == REGISTRY_NONE || entries[i].given_ms >= entries[last].given_ms))
            last = i;
    return last;
}

/* May a withdrawal be a line of its own? A resident's only when the short form gives that class; a visitor or
 * co-resident of whom nothing is written may still say no; somebody unknown is named by the checks of the
 * line. */
static bool may_end_unwritten(const struct registry *registry, const struct consent_change *change)
{
    static const char prefix[] = "resident:";
    if (strncmp(change->person, prefix, sizeof prefix - 1) != 0)
        return true;
    uint32_t no = registry_find(registry, REGISTRY_RESIDENT, change->person + sizeof prefix - 1);
    return no == REGISTRY_NONE || (registry_resident(registry, no)->consent & CONSENT_BIT(change->class));
}

enum err registry_change_consent(const struct registry *registry, const struct tz *tz, int64_t t_ms,
                                 const struct consent_change *change, struct buf *errors,
                                 struct registry **ret_registry)
{
    uint32_t last = last_line(registry, change->person, change->class);
    bool in_force = last != REGISTRY_NONE && registry_consent(registry, last)->withdrawn_ms == 0;
    char now[CLOCK_TEXT_SIZE];
    if (last != REGISTRY_NONE && registry_consent(registry, last)->given_ms >= t_ms)
        t_ms = registry_consent(registry, last)->given_ms +
               !in_force; /* a line of its own needs its own moment */
    if (change->withdraw && !in_force && (last != REGISTRY_NONE || !may_end_unwritten(registry, change))) {
        buf_puts(errors, "no consent of this class is in force");
        return ERR_NOT_FOUND;
    }
    if (!change->withdraw && in_force) {
        buf_puts(errors, "this consent is in force already: withdraw it first, or leave it");
        return ERR_REFUSED;
    }
    clock_format(tz, t_ms, now);
    /* A withdrawal of what only the short form said is a line of its own: given at an unknown time, and
     * ended. */
    const struct registry_field fields[] = {
        {.column = "person", .value = change->person},
        {.column = "class", .value = consent_name((enum consent)change->class)},
        {.column = "given", .value = now},
        {.column = "by", .value = change->signer[0] ? change->signer : "self"},
        {.column = "version", .value = change->version[0] ? change->version : "short-form"},
        {.column = "evidence", .value = change->evidence[0] ? change->evidence : "-", .personal = true},
        {.column = "recorded_by", .value = change->recorded_by},
        {.column = "withdrawn", .value = change->withdraw ? now : ""},
    };
    const struct registry_field end[] = {{.column = "withdrawn", .value = now},
                                         {.column = "recorded_by", .value = change->recorded_by}};
    bool ends = change->withdraw && in_force;
    const struct registry_row row = {.table = REGISTRY_CONSENT,
                                     .number = ends ? last : REGISTRY_NONE,
                                     .fields = ends ? end : fields,
                                     .count = ends ? sizeof end / sizeof end[0]
                                                   : sizeof fields / sizeof fields[0]};
    return registry_amend(registry, tz, &row, 1, errors, ret_registry);
}
