/* Where an alert is and whom it concerns, from the registry's rows; and what changed since. */
#include <string.h>

#include "store/reader.h"
#include "store/sqlite/reader_sqlite.h"
#include "store/sqlite/store_sqlite.h"

enum { CHANGES_MAX = 256 };

static const char vault_sql[] = "SELECT value FROM vault WHERE tbl=?1 AND number=?2 AND field=?3";

/* A personal field, "" when there is none. */
static enum err vault_of(struct reader *reader, enum registry_table table, uint32_t number, const char *field,
                         char *value, size_t size)
{
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, vault_sql, &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, registry_table_name(table));
    sqlite3_bind_int64(s, 2, number);
    db_bind_text(s, 3, field);
    int code = sqlite3_step(s);
    (void)text_copy(value, size, code == SQLITE_ROW ? db_text(s, 0) : "");
    err = db_err(reader->db, code);
    reader_done(s);
    return err;
}

/* A row's column; a column or row that is not there is "". */
static enum err value_or_none(struct reader *reader, enum registry_table table, uint32_t number,
                              const char *column, char value[ID_SIZE])
{
    value[0] = '\0';
    enum err err = registry_value_of(reader, table, number, column, value);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* From `code` up to the county. A parent that leads in a circle ends at the cap. */
static enum err place_in(struct reader *reader, const char *code, struct reader_place *place)
{
    char above[ID_SIZE], name[ID_SIZE];
    uint32_t number;
    enum err err = text_copy(above, sizeof(above), code) ? ERR_OK : ERR_CORRUPT;

    while (err == ERR_OK && above[0] != '\0' && place->territory_count < READER_TERRITORIES) {
        struct reader_territory *territory = &place->territories[place->territory_count];
        err = registry_number_of(reader, REGISTRY_TERRITORY, above, &number);
        if (err == ERR_NOT_FOUND)
            return ERR_OK;
        if (err == ERR_OK && !text_copy(territory->code, sizeof(territory->code), above))
            err = ERR_CORRUPT;
        if (err == ERR_OK)
            err = value_or_none(reader, REGISTRY_TERRITORY, number, "name", name);
        if (err == ERR_OK)
            err = value_or_none(reader, REGISTRY_TERRITORY, number, "parent", above);
        if (err != ERR_OK)
            return err;
        (void)text_copy(territory->name, sizeof(territory->name), name);
        place->territory_count++;
    }
    return err;
}

static enum err place_at_home(struct reader *reader, const char *household, struct reader_place *place)
{
    char grid[ID_SIZE];
    uint32_t number;
    enum err err = registry_number_of(reader, REGISTRY_HOUSEHOLD, household, &number);

    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err == ERR_OK)
        err = vault_of(reader, REGISTRY_HOUSEHOLD, number, "address", place->address, sizeof(place->address));
    if (err == ERR_OK)
        err = value_or_none(reader, REGISTRY_HOUSEHOLD, number, "grid", grid);
    if (err != ERR_OK)
        return err;
    (void)text_copy(place->household, sizeof(place->household), household);
    return place_in(reader, grid, place);
}

static enum err place_of_resident(struct reader *reader, uint32_t number, struct reader_place *place)
{
    char household[ID_SIZE];
    enum err err = registry_id_of(reader, REGISTRY_RESIDENT, number, place->resident);

    if (err == ERR_OK)
        err = vault_of(reader, REGISTRY_RESIDENT, number, "name", place->name, sizeof(place->name));
    if (err == ERR_OK)
        err = value_or_none(reader, REGISTRY_RESIDENT, number, "household", household);
    return err == ERR_OK ? place_at_home(reader, household, place) : err;
}

static enum err place_of_device(struct reader *reader, uint32_t number, struct reader_place *place)
{
    char owner[ID_SIZE];
    uint32_t resident;
    enum err err = value_or_none(reader, REGISTRY_DEVICE, number, "resident", owner);

    if (err == ERR_OK && owner[0] != '\0') {
        err = registry_number_of(reader, REGISTRY_RESIDENT, owner, &resident);
        if (err != ERR_NOT_FOUND)
            return err == ERR_OK ? place_of_resident(reader, resident, place) : err;
        err = ERR_OK;
    }
    if (err == ERR_OK)
        err = value_or_none(reader, REGISTRY_DEVICE, number, "household", owner);
    return err == ERR_OK && owner[0] != '\0' ? place_at_home(reader, owner, place) : err;
}

/* The gateway itself: whoever has the county sees what is wrong with it. */
static enum err place_in_county(struct reader *reader, struct reader_place *place)
{
    char code[ID_SIZE] = "";
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, "SELECT value FROM meta WHERE key='county'", &s);

    if (err != ERR_OK)
        return err;
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW)
        (void)text_copy(code, sizeof(code), db_text(s, 0));
    err = db_err(reader->db, step);
    reader_done(s);
    return err == ERR_OK ? place_in(reader, code, place) : err;
}

static enum err place_of(struct reader *reader, struct subject subject, struct reader_place *place)
{
    char id[ID_SIZE];
    enum err err = ERR_OK;

    switch (subject.kind) {
    case SUBJECT_RESIDENT: return place_of_resident(reader, subject.no, place);
    case SUBJECT_DEVICE: return place_of_device(reader, subject.no, place);
    case SUBJECT_HOUSEHOLD:
        err = registry_id_of(reader, REGISTRY_HOUSEHOLD, subject.no, id);
        return err == ERR_OK ? place_at_home(reader, id, place) : err;
    case SUBJECT_TERRITORY:
        err = registry_id_of(reader, REGISTRY_TERRITORY, subject.no, id);
        return err == ERR_OK ? place_in(reader, id, place) : err;
    case SUBJECT_GATEWAY: return place_in_county(reader, place);
    default: return ERR_OK;
    }
}

static const char place_sql[] = "SELECT subject_kind, subject_no, family, EXISTS(SELECT 1 FROM outbox WHERE "
                                "alert=?1 AND job_kind=?2) FROM alert WHERE id=?1";

enum err reader_place(struct reader *reader, const struct hash_id *alert, struct reader_place *ret_place)
{
    struct reader_place place = {.territory_count = 0};
    struct subject subject = {.kind = SUBJECT_NONE};
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, place_sql, &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, alert->bytes, HASH_ID_SIZE);
    sqlite3_bind_int(s, 2, JOB_POLICE);
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    if (err == ERR_OK) {
        subject = (struct subject){.kind = (uint8_t)sqlite3_column_int(s, 0),
                                   .no = (uint32_t)sqlite3_column_int64(s, 1)};
        place.family = (uint8_t)sqlite3_column_int(s, 2);
        place.police = sqlite3_column_int(s, 3) != 0;
    }
    reader_done(s);
    if (err == ERR_OK)
        err = place_of(reader, subject, &place);
    if (err == ERR_OK)
        *ret_place = place;
    return err;
}

enum err reader_home_of(struct reader *reader, const char *resident, char household[ID_SIZE],
                        bool *ret_family_consent)
{
    char consent[ID_SIZE];
    uint32_t number;
    enum err err = registry_number_of(reader, REGISTRY_RESIDENT, resident, &number);

    if (err == ERR_OK)
        err = value_or_none(reader, REGISTRY_RESIDENT, number, "consent", consent);
    if (err == ERR_OK)
        err = value_or_none(reader, REGISTRY_RESIDENT, number, "household", household);
    if (err == ERR_OK)
        *ret_family_consent = strstr(consent, "family") != NULL;
    return err;
}

bool reader_has_territory(struct reader *reader, const char *code)
{
    uint32_t number;
    return registry_number_of(reader, REGISTRY_TERRITORY, code, &number) == ERR_OK;
}

/* ---- what changed ---- */

enum err reader_cursor(struct reader *reader, struct reader_cursor *ret_cursor)
{
    struct reader_cursor cursor = {.delivery = 0};
    enum err err =
        db_integer(reader->db, "SELECT coalesce(max(id), 0) FROM transition", 0, &cursor.transition);

    if (err == ERR_OK)
        err = db_integer(reader->db, "SELECT coalesce(max(id), 0) FROM delivery", 0, &cursor.delivery);
    if (err == ERR_OK)
        *ret_cursor = cursor;
    return err;
}

/* The alerts of `sql`'s rows `id, alert` after *at, the newest mention of each kept. */
static enum err take_changes(struct reader *reader, const char *sql, size_t max, int64_t *at,
                             struct hash_id *alerts, size_t *count)
{
    sqlite3_stmt *s;
    struct hash_id id;
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db, sql, &s);

    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, *at);
    sqlite3_bind_int64(s, 2, (int64_t)max);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        size_t same = 0;
        *at = sqlite3_column_int64(s, 0);
        if (sqlite3_column_bytes(s, 1) != HASH_ID_SIZE) /* a job whose row is gone */
            continue;
        memcpy(id.bytes, sqlite3_column_blob(s, 1), HASH_ID_SIZE);
        while (same < *count && memcmp(alerts[same].bytes, id.bytes, HASH_ID_SIZE) != 0)
            same++;
        if (same == *count)
            (*count)++;
        else
            memmove(&alerts[same], &alerts[same + 1], (*count - same - 1) * sizeof(*alerts));
        alerts[*count - 1] = id;
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_changes(struct reader *reader, struct reader_cursor *cursor, struct hash_id *alerts,
                        size_t max, size_t *ret_count)
{
    struct reader_cursor next = *cursor;
    size_t count = 0;

    if (max < 2 || max > CHANGES_MAX)
        return ERR_RANGE;
    enum err err = take_changes(reader, "SELECT id, alert FROM transition WHERE id > ?1 ORDER BY id LIMIT ?2",
                                max / 2, &next.transition, alerts, &count);
    if (err == ERR_OK)
        err = take_changes(reader,
                           "SELECT d.id, o.alert FROM delivery d LEFT JOIN outbox o ON o.id=d.job WHERE d.id "
                           "> ?1 ORDER BY d.id LIMIT ?2",
                           max / 2, &next.delivery, alerts, &count);
    if (err != ERR_OK)
        return err;
    *cursor = next;
    *ret_count = count;
    return ERR_OK;
}
