/* One small parser for each kind of value. Each says what it wants, so that a clerk can mend the file without
 * asking. */
#include <stdio.h>
#include <string.h>

#include "registry/build.h"
#include "registry/calendar.h"

enum { TEXT_MAX = 500, LIST_TEXT_MAX = 64, PHONE_MAX = 32, SHOWN_SIZE = 80, POINTS_MAX = 10000 };

/* A value as it may stand in an error: cut, on one line. */
struct shown {
    char text[SHOWN_SIZE];
};
static struct shown show(const char *value)
{
    struct shown shown;
    if (!text_copy(shown.text, sizeof shown.text - 4, value))
        memcpy(shown.text + strlen(shown.text), "...", 4);
    for (char *p = shown.text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
    return shown;
}

/* Errors reach the log, where nothing personal may stand: place and column must do. */
static struct shown show_value(const struct cell *cell)
{
    return show(cell->column->personal ? "***" : cell->value);
}

static void *member(struct cell *cell)
{
    return (unsigned char *)cell->item + cell->column->offset;
}

bool cell_item(const char **rest, char separator, const char **ret_item, size_t *ret_len)
{
    const char *at = *rest;
    while (*at == ' ' || *at == separator)
        at++;
    if (!*at)
        return false;
    const char *end = strchr(at, separator);
    if (!end)
        end = at + strlen(at);
    *rest = end;
    while (end > at && end[-1] == ' ')
        end--;
    *ret_item = at;
    *ret_len = (size_t)(end - at);
    return true;
}

static bool item_is(const char *item, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(item, name, len) == 0;
}

bool cell_text(struct cell *cell)
{
    size_t len = strlen(cell->value);
    if (len > TEXT_MAX)
        return cell_fail(cell, "longer than %d bytes", TEXT_MAX);
    /* Such a text is spoken, sent as SMS and put into police messages: no control character may ride along.
     */
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)cell->value[i] < 0x20 || cell->value[i] == 0x7F)
            return cell_fail(cell, "has a control character (0x%02x)", (unsigned)cell->value[i]);
    return true;
}

bool cell_list(struct cell *cell)
{
    const char *rest = cell->value, *item;
    size_t len;
    while (cell_item(&rest, ';', &item, &len))
        if (len > LIST_TEXT_MAX)
            return cell_fail(cell, "an item is longer than %d bytes", LIST_TEXT_MAX);
    return cell_text(cell);
}

bool cell_phone(struct cell *cell)
{
    size_t len = strlen(cell->value);
    if (len > PHONE_MAX || strspn(cell->value, "0123456789+-*#,() ") != len)
        return cell_fail(cell, "\"%s\" is not a telephone number", show_value(cell).text);
    return true;
}

bool cell_id(struct cell *cell)
{
    size_t len = strlen(cell->value);
    if (!text_is_id(cell->value, len))
        return cell_fail(cell, "\"%s\" is not an id (1 to %d of A-Z a-z 0-9 _ -)", show_value(cell).text,
                         ID_MAX);
    memcpy(member(cell), cell->value, len + 1);
    return true;
}

bool cell_code(struct cell *cell)
{
    size_t len = strlen(cell->value);
    if (len > 15 || !text_is_id(cell->value, len))
        return cell_fail(cell, "\"%s\" is not a code (1 to 15 digits)", show_value(cell).text);
    memcpy(member(cell), cell->value, len + 1);
    return true;
}

bool cell_enum(struct cell *cell)
{
    const char *const *names = cell->column->names;
    char known[256];
    size_t used = 0;
    for (uint8_t i = 0; names[i]; i++) {
        if (names[i][0] == 0)
            continue;
        if (strcmp(names[i], cell->value) == 0) {
            memcpy(member(cell), &i, sizeof i);
            return true;
        }
        int len = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", names[i]);
        used += len > 0 && (size_t)len < sizeof known - used ? (size_t)len : 0;
    }
    return cell_fail(cell, "\"%s\" is none of: %s", show_value(cell).text, known);
}

/* Looks at the row last referred to and the one after it before the index is asked. */
static uint32_t find_row(struct build *build, enum registry_table of, const char *id)
{
    const struct table *table = &build->registry->tables[of];
    uint32_t number = build->guess[of];
    for (uint32_t i = number; i < table->count && i <= number + 1; i++)
        if (strcmp(table->rows[i], id) == 0)
            return build->guess[of] = i;
    number = table_find(table, 1, id, strlen(id));
    if (number != REGISTRY_NONE)
        build->guess[of] = number;
    return number;
}

/* The number of a row another row speaks of. A row that is gone may speak of others that are gone. */
static bool refer(struct cell *cell, enum registry_table of, const char *id, uint32_t *ret_number)
{
    struct build *build = cell->build;
    uint32_t number = find_row(build, of, id);
    if (number != REGISTRY_NONE && (cell->removed || !build->registry->tables[of].removed[number])) {
        *ret_number = number;
        return true;
    }
    if (build->unreadable[of])
        return false;
    return cell_fail(cell, "\"%s\" does not stand in %s", show(id).text, table_spec(of)->name);
}

bool cell_reference(struct cell *cell)
{
    uint32_t number = REGISTRY_NONE;
    bool fine = true;
    if (*cell->value)
        fine = refer(cell, cell->column->of, cell->value, &number);
    else if (cell->column->need == COLUMN_FILLED)
        fine = cell_fail(cell, "must not be empty");
    memcpy(member(cell), &number, sizeof number);
    return fine;
}

static bool integer(struct cell *cell, int64_t *ret_value)
{
    int64_t low = (int64_t)cell->column->low, high = (int64_t)cell->column->high;
    if (text_to_int(cell->value, low, high, ret_value))
        return true;
    return cell_fail(cell, "\"%s\" is not a whole number from %lld to %lld", show_value(cell).text,
                     (long long)low, (long long)high);
}

bool cell_u16(struct cell *cell)
{
    int64_t value;
    if (!integer(cell, &value))
        return false;
    uint16_t narrow = (uint16_t)value;
    memcpy(member(cell), &narrow, sizeof narrow);
    return true;
}

bool cell_u32(struct cell *cell)
{
    int64_t value;
    if (!integer(cell, &value))
        return false;
    uint32_t narrow = (uint32_t)value;
    memcpy(member(cell), &narrow, sizeof narrow);
    return true;
}

bool cell_real(struct cell *cell)
{
    double value;
    if (!text_to_double(cell->value, cell->column->low, cell->column->high, &value))
        return cell_fail(cell, "\"%s\" is not a number from %g to %g", show_value(cell).text,
                         cell->column->low, cell->column->high);
    memcpy(member(cell), &value, sizeof value);
    return true;
}

/* A time, or a date: the day's first moment for what begins then, its last for what ends. */
static bool read_moment(struct cell *cell, bool end_of_day)
{
    int year, month, day;
    int64_t value;
    if (calendar_parse_date(cell->value, strlen(cell->value), &year, &month, &day)) {
        value = end_of_day ? clock_from_civil(cell->build->tz, year, month, day, 23, 59, 59) + 1000
                           : clock_from_civil(cell->build->tz, year, month, day, 0, 0, 0);
    } else if (clock_parse(cell->value, strlen(cell->value), &value)) {
        return cell_fail(cell, "\"%s\" is neither a date (2026-03-01) nor a time (2026-03-01T08:00:00+08:00)",
                         show_value(cell).text);
    }
    memcpy(member(cell), &value, sizeof value);
    return true;
}

bool cell_from(struct cell *cell)
{
    return read_moment(cell, false);
}

bool cell_until(struct cell *cell)
{
    return read_moment(cell, true);
}

bool cell_consent(struct cell *cell)
{
    const char *rest = cell->value, *item;
    size_t len;
    uint8_t set = 0;
    while (cell_item(&rest, ';', &item, &len)) {
        unsigned class = 0;
        while (class < CONSENT_COUNT && !item_is(item, len, consent_name((enum consent) class)))
            class ++;
        if (class == CONSENT_COUNT)
            return cell_fail(cell, "\"%s\": only location, health, camera, visitor, voice, family, police",
                             show_value(cell).text);
        set = (uint8_t)(set | CONSENT_BIT(class));
    }
    memcpy(member(cell), &set, sizeof set);
    return true;
}

bool cell_tags(struct cell *cell)
{
    static const struct {
        const char *name;
        enum resident_tag tag;
    } known[] = {{"失智", TAG_DEMENTIA},
                 {"dementia", TAG_DEMENTIA},
                 {"走失史", TAG_WANDERED},
                 {"wandered", TAG_WANDERED}};
    const char *rest = cell->value, *item;
    size_t len;
    uint8_t *tags = member(cell);
    while (cell_item(&rest, ';', &item, &len))
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
            if (item_is(item, len, known[i].name))
                *tags = (uint8_t)(*tags | known[i].tag);
    return cell_list(cell);
}

bool cell_ability(struct cell *cell)
{
    static const char *const words[][5] = {{"good", "normal", "1"}, {"none", "deaf", "blind", "聋", "盲"}};
    uint8_t ability = ABILITY_POOR;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < 5 && words[i][j]; j++)
            if (strcmp(cell->value, words[i][j]) == 0)
                ability = i == 0 ? ABILITY_GOOD : ABILITY_NONE;
    memcpy(member(cell), &ability, sizeof ability);
    return cell_text(cell);
}

bool cell_language(struct cell *cell)
{
    const char *value = *cell->value ? cell->value : "zh";
    size_t len = strlen(value);
    if (len > 16 || !text_is_id(value, len))
        return cell_fail(cell, "\"%s\" is not a language such as zh or ug", show(value).text);
    memcpy(member(cell), value, len + 1);
    return true;
}

bool cell_view(struct cell *cell)
{
    static const struct {
        const char *name;
        bool indoors;
    } views[] = {{"doorstep", false}, {"door", false}, {"indoors", true}, {"living_room", true}};
    for (unsigned i = 0; i < sizeof views / sizeof views[0]; i++)
        if (strcmp(views[i].name, cell->value) == 0) {
            memcpy(member(cell), &views[i].indoors, sizeof views[i].indoors);
            return true;
        }
    return cell_fail(cell, "\"%s\" is none of: doorstep, door, indoors, living_room", show_value(cell).text);
}

/* "08:00", minutes of the day; "24:00" is the end of it. */
static bool minute_of(const char *text, size_t len, uint16_t *ret_minute)
{
    if (len != 5 || text[2] != ':')
        return false;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (text[i] < '0' || text[i] > '9'))
            return false;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    if (minute > 59 || hour > 24 || (hour == 24 && minute != 0))
        return false;
    *ret_minute = (uint16_t)(hour * 60 + minute);
    return true;
}

bool cell_windows(struct cell *cell)
{
    struct trusted_visitor *visitor = cell->item;
    const char *rest = cell->value, *item;
    size_t len;
    while (cell_item(&rest, ';', &item, &len)) {
        if (visitor->window_count == VISITOR_WINDOWS_MAX)
            return cell_fail(cell, "more than %d windows", VISITOR_WINDOWS_MAX);
        struct visitor_window window;
        const char *space = memchr(item, ' ', len);
        size_t days_len = space ? (size_t)(space - item) : 0, hours_len = space ? len - days_len - 1 : 0;
        window.weekdays = calendar_weekdays(item, days_len);
        if (!window.weekdays || hours_len != 11 || space[6] != '-' ||
            !minute_of(space + 1, 5, &window.from_minute) || !minute_of(space + 7, 5, &window.to_minute) ||
            window.from_minute == 1440)
            return cell_fail(cell,
                             "\"%s\" is not like: mon-fri 08:00-12:00;sat 09:00-11:00;daily 18:00-20:00",
                             show(item).text);
        visitor->windows[visitor->window_count++] = window;
    }
    return true;
}

bool cell_rule(struct cell *cell)
{
    const char *wrong = calendar_parse(cell->value, &cell->build->registry->arena, cell->item);
    if (wrong)
        return cell_fail(cell, "\"%s\": %s", show_value(cell).text, wrong);
    return true;
}

bool cell_owner(struct cell *cell)
{
    static const struct {
        const char *prefix;
        enum subject_kind kind;
        enum registry_table of;
    } owners[] = {{"resident:", SUBJECT_RESIDENT, REGISTRY_RESIDENT},
                  {"household:", SUBJECT_HOUSEHOLD, REGISTRY_HOUSEHOLD},
                  {"territory:", SUBJECT_TERRITORY, REGISTRY_TERRITORY}};
    for (unsigned i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        size_t len = strlen(owners[i].prefix);
        if (strncmp(cell->value, owners[i].prefix, len) != 0)
            continue;
        struct subject owner = {.kind = (uint8_t)owners[i].kind};
        const char *id = cell->value + len;
        if (!refer(cell, owners[i].of, id, &owner.no))
            return false;
        memcpy(member(cell), &owner, sizeof owner);
        return true;
    }
    return cell_fail(cell, "\"%s\" is not resident:ID, household:ID or territory:CODE",
                     show_value(cell).text);
}

/* "household/id" as the household's number; the id must be one. */
static bool household_part(struct cell *cell, const char *value, uint32_t *ret_household)
{
    char id[ID_SIZE];
    const char *slash = strchr(value, '/');
    size_t len = slash ? (size_t)(slash - value) : ID_SIZE;
    if (len >= sizeof id || !text_is_id(slash + 1, strlen(slash + 1)))
        return cell_fail(cell, "\"%s\" is not HOUSEHOLD/ID", show(value).text);
    memcpy(id, value, len);
    id[len] = 0;
    return refer(cell, REGISTRY_HOUSEHOLD, id, ret_household);
}

bool cell_person(struct cell *cell)
{
    static const char resident[] = "resident:", coresident[] = "coresident:", visitor[] = "visitor:";
    struct consent_entry *entry = cell->item;
    const char *value = cell->value;
    entry->no = REGISTRY_NONE;
    if (strncmp(value, resident, sizeof resident - 1) == 0) {
        entry->person = PERSON_RESIDENT;
        return refer(cell, REGISTRY_RESIDENT, value + sizeof resident - 1, &entry->no);
    }
    if (strncmp(value, coresident, sizeof coresident - 1) == 0) {
        entry->person = PERSON_CORESIDENT;
        return household_part(cell, value + sizeof coresident - 1, &entry->no);
    }
    if (strncmp(value, visitor, sizeof visitor - 1) == 0) {
        entry->person = PERSON_VISITOR;
        uint32_t household;
        const char *key_text = value + sizeof visitor - 1;
        char key[2 * ID_SIZE];
        if (!household_part(cell, key_text, &household) || !text_copy(key, sizeof key, key_text))
            return false;
        *strchr(key, '/') = 0; /* the key of visitors.csv is two values */
        const struct table *visitors = &cell->build->registry->tables[REGISTRY_VISITOR];
        entry->no = table_find(visitors, 2, key, strlen(key_text));
        if (entry->no != REGISTRY_NONE && (cell->removed || !visitors->removed[entry->no]))
            return true;
        entry->no = REGISTRY_NONE;
        return cell_fail(cell, "\"%s\" does not stand in visitors", show(value).text);
    }
    return cell_fail(cell, "\"%s\" is not resident:ID, coresident:HOUSEHOLD/ID or visitor:HOUSEHOLD/ID",
                     show(value).text);
}

/* "87.1 44.2;87.2 44.2;…", longitude first as in GeoJSON. */
static bool point_of(const char *item, size_t len, struct geo_point *ret_point)
{
    char text[64];
    if (len >= sizeof text)
        return false;
    memcpy(text, item, len);
    text[len] = 0;
    char *space = strchr(text, ' ');
    if (!space)
        return false;
    *space = 0;
    return text_to_double(text, -180, 180, &ret_point->lon) &&
           text_to_double(space + 1, -90, 90, &ret_point->lat);
}

bool cell_points(struct cell *cell)
{
    struct zone *zone = cell->item;
    const char *rest = cell->value, *item;
    size_t len;
    uint32_t count = 0, at = 0;
    for (const char *p = cell->value; *p; p++)
        count += *p == ';';
    if (++count > POINTS_MAX)
        return cell_fail(cell, "more than %d points", POINTS_MAX);
    struct geo_point *points = arena_alloc(&cell->build->registry->arena, count * sizeof *points);
    if (!points) {
        cell->build->err = ERR_NOMEM;
        return false;
    }
    while (at < count && cell_item(&rest, ';', &item, &len))
        if (!point_of(item, len, &points[at++]))
            return cell_fail(cell, "point %u is not a longitude (-180 to 180) and a latitude (-90 to 90)",
                             at);
    zone->points = points;
    zone->count = at;
    return true;
}
