/* The registry in the database: each row without its personal fields, and those in the vault. A version
 * replaces the one before in one transaction. */
#include <stdio.h>
#include <string.h>

#include "store/sqlite/audit.h"
#include "store/sqlite/store_sqlite.h"

enum { FIELDS_MAX = 64, FIELDS_BYTES_MAX = 256 << 10 };

struct saver {
    struct store *store;
    sqlite3_stmt *row, *vault, *old, *device, *worn;
    struct buf fields;
};

/* Each new or changed line of the ledger of consents goes into the audit trail, whoever brought it: the old
 * version is still in the table. The evidence is in the vault, and named there only. */
static enum err note_consent(void *self, const struct registry_row *row)
{
    struct saver *saver = self;
    struct buf *text = &saver->fields;

    if (row->table != REGISTRY_CONSENT)
        return ERR_OK;
    buf_clear(text);
    for (size_t i = 0; i < row->count; i++)
        if (!row->fields[i].personal) {
            buf_append(text, row->fields[i].column, strlen(row->fields[i].column) + 1);
            buf_append(text, row->fields[i].value, strlen(row->fields[i].value) + 1);
        }
    sqlite3_bind_int64(saver->old, 1, row->number);
    sqlite3_bind_int(saver->old, 2, row->removed);
    db_bind_blob(saver->old, 3, text->data, text->len);
    int code = sqlite3_step(saver->old);
    sqlite3_reset(saver->old);
    if (code == SQLITE_ROW)
        return ERR_OK;
    enum err err = db_err(saver->store->db, code);
    buf_puts(text, row->removed ? "removed" : "stands");
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] == '\0')
            text->data[i] = '|';
    if (err == ERR_OK && text->failed)
        err = ERR_NOMEM;
    return err != ERR_OK ? err : audit_append(saver->store->db, "consent", text->data, text->len);
}

/* ---- whose a device was ---- */

/* Of "column NUL value NUL …", which ends in NUL; NULL when it is not there or empty. */
static const char *value_in(const char *data, size_t len, const char *column)
{
    for (size_t at = 0; at < len;) {
        const char *name = data + at, *value = name + strlen(name) + 1;
        if (value >= data + len)
            return NULL;
        if (strcmp(name, column) == 0)
            return value[0] != '\0' ? value : NULL;
        at = (size_t)(value - data) + strlen(value) + 1;
    }
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum err add_worn(struct saver *saver, uint32_t device, const struct store_mark *from,
                         const char *resident, const char *household)
{
    sqlite3_bind_int64(saver->worn, 1, device);
    db_bind_u64(saver->worn, 2, from->last_n);
    sqlite3_bind_int64(saver->worn, 3, from->t_ms);
    sqlite3_bind_text(saver->worn, 4, resident, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(saver->worn, 5, household, -1, SQLITE_TRANSIENT);
    return db_run(saver->worn);
}

/* A device that goes to somebody else, or back: what it told before stays whose it was. The old version is
 * still in the table. */
static enum err note_worn(void *self, const struct registry_row *row)
{
    static const struct store_mark always = {0};
    struct saver *saver = self;
    const char *resident = NULL, *household = NULL;
    if (row->table != REGISTRY_DEVICE)
        return ERR_OK;
    for (size_t i = 0; i < row->count; i++) {
        const struct registry_field *field = &row->fields[i];
        if (field->value[0] != '\0' && strcmp(field->column, "resident") == 0)
            resident = field->value;
        if (field->value[0] != '\0' && strcmp(field->column, "household") == 0)
            household = field->value;
    }
    sqlite3_bind_int64(saver->device, 1, row->number);
    const int code = sqlite3_step(saver->device);
    enum err err = db_err(saver->store->db, code);
    if (code == SQLITE_ROW) {
        const char *old = sqlite3_column_blob(saver->device, 0);
        const size_t len = (size_t)sqlite3_column_bytes(saver->device, 0);
        const bool ends = len != 0 && old[len - 1] == '\0';
        const char *old_resident = ends ? value_in(old, len, "resident") : NULL;
        const char *old_household = ends ? value_in(old, len, "household") : NULL;
        if (!is_same(resident, old_resident) || !is_same(household, old_household)) {
            if (sqlite3_column_int(saver->device, 1) == 0)
                err = add_worn(saver, row->number, &always, old_resident, old_household);
            if (err == ERR_OK)
                err = add_worn(saver, row->number, &saver->store->at.mark, resident, household);
        }
    }
    sqlite3_reset(saver->device);
    return err;
}

static enum err save_row(void *self, const struct registry_row *row)
{
    struct saver *saver = self;
    const char *table = registry_table_name(row->table);
    enum err err = ERR_OK;

    buf_clear(&saver->fields);
    for (size_t i = 0; i < row->count && err == ERR_OK; i++) {
        const struct registry_field *field = &row->fields[i];
        if (!field->personal) {
            buf_append(&saver->fields, field->column, strlen(field->column) + 1);
            buf_append(&saver->fields, field->value, strlen(field->value) + 1);
        } else {
            db_bind_text(saver->vault, 1, table);
            sqlite3_bind_int64(saver->vault, 2, row->number);
            db_bind_text(saver->vault, 3, field->column);
            db_bind_text(saver->vault, 4, field->value);
            err = db_run(saver->vault);
        }
    }
    if (err != ERR_OK || saver->fields.failed)
        return err != ERR_OK ? err : ERR_NOMEM;
    db_bind_text(saver->row, 1, table);
    sqlite3_bind_int64(saver->row, 2, row->number);
    sqlite3_bind_int(saver->row, 3, row->removed);
    db_bind_text(saver->row, 4, row->count != 0 && !row->fields[0].personal ? row->fields[0].value : "");
    db_bind_blob(saver->row, 5, saver->fields.data, saver->fields.len);
    return db_run(saver->row);
}

/* The input that marks the new version is the next one: until it is committed, what the version ends has not
 * ended. */
static enum err note_saved(struct store *store)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO meta VALUES('registry.saved_n', '%llu')",
             (unsigned long long)store->at.mark.last_n);
    return db_exec(store->db, sql);
}

enum err registry_saved_read(struct store *store)
{
    int64_t n;
    enum err err =
        db_integer(store->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='registry.saved_n'", 0, &n);
    if (err == ERR_OK)
        store->registry_n = (uint64_t)n;
    return err;
}

bool store_registry_is_unmarked(const struct store *store)
{
    return store->registry_n != 0 && store->registry_n == store->at.mark.last_n;
}

/* Whose data a row is, so that an erasure finds the entry (person_rows.c). */
static const char *resident_of(const struct registry *registry, enum registry_table table, uint32_t no)
{
    uint32_t resident = REGISTRY_NONE;

    if (table == REGISTRY_RESIDENT)
        resident = no;
    else if (table == REGISTRY_CONTACT)
        resident = registry_contact(registry, no)->resident;
    else if (table == REGISTRY_DEVICE)
        resident = registry_device(registry, no)->resident;
    else if (table == REGISTRY_ZONE && registry_zone(registry, no)->owner.kind == SUBJECT_RESIDENT)
        resident = registry_zone(registry, no)->owner.no;
    return resident != REGISTRY_NONE ? registry_resident(registry, resident)->id : "";
}

/* Which columns were said, not what: the values are in the tables, and erased with them. */
static enum err note_edit(struct store *store, const struct registry *registry,
                          const struct registry_edit *edit)
{
    const uint32_t no = edit->remove ? REGISTRY_NONE : registry_row_find(registry, edit->table, edit->key);
    struct buf text;

    buf_init(&text, FIELDS_BYTES_MAX);
    buf_printf(&text, "table|%s|key|%s|by|%s|what|%s|columns|", registry_table_name(edit->table), edit->key,
               edit->by,
               edit->remove           ? "removed"
               : edit->tag[0] != '\0' ? "changed"
                                      : "added");
    for (size_t i = 0; i < edit->changed_count; i++)
        buf_printf(&text, "%s%s", i != 0 ? ";" : "", edit->changed[i]);
    buf_printf(&text, "|person|resident:%s|",
               edit->remove && edit->table == REGISTRY_RESIDENT ? edit->key
               : no != REGISTRY_NONE                            ? resident_of(registry, edit->table, no)
                                                                : "");
    enum err err = text.failed ? ERR_NOMEM : audit_append(store->db, "edit", text.data, text.len);
    buf_release(&text);
    return err;
}

static enum err save(struct store *store, const struct registry *registry, const struct registry_edit *edit)
{
    struct saver saver = {.store = store};
    enum err err;

    if (store->broken != ERR_OK)
        return store->broken;
    buf_init(&saver.fields, FIELDS_BYTES_MAX);
    err = db_run(store->statements[STATEMENT_BEGIN]);
    if (err == ERR_OK)
        err = db_prepare(store->db,
                         "SELECT 1 FROM registry_row WHERE tbl='consents' AND number=?1 AND removed=?2 AND "
                         "fields=?3",
                         &saver.old);
    if (err == ERR_OK)
        err = registry_rows(registry, note_consent, &saver);
    if (err == ERR_OK)
        err = db_prepare(store->db,
                         "SELECT fields, EXISTS(SELECT 1 FROM worn WHERE device=number) FROM registry_row "
                         "WHERE tbl='devices' AND number=?1",
                         &saver.device);
    if (err == ERR_OK)
        err = db_prepare(store->db, "INSERT OR REPLACE INTO worn VALUES(?1,?2,?3,?4,?5)", &saver.worn);
    if (err == ERR_OK)
        err = registry_rows(registry, note_worn, &saver);
    if (err == ERR_OK)
        err = db_exec(store->db, "DELETE FROM registry_row; DELETE FROM vault");
    if (err == ERR_OK)
        err = db_prepare(store->db, "INSERT INTO registry_row VALUES(?1,?2,?3,?4,?5)", &saver.row);
    if (err == ERR_OK)
        err = db_prepare(store->db, "INSERT INTO vault VALUES(?1,?2,?3,?4)", &saver.vault);
    if (err == ERR_OK)
        err = registry_rows(registry, save_row, &saver);
    if (err == ERR_OK && edit != NULL)
        err = note_edit(store, registry, edit);
    if (err == ERR_OK)
        err = note_saved(store);
    if (err == ERR_OK)
        err = db_run(store->statements[STATEMENT_COMMIT]);
    if (err == ERR_OK)
        store->registry_n = store->at.mark.last_n;
    else
        err = store_failed(store, err, "save_registry");
    sqlite3_finalize(saver.old);
    sqlite3_finalize(saver.device);
    sqlite3_finalize(saver.worn);
    sqlite3_finalize(saver.row);
    sqlite3_finalize(saver.vault);
    buf_release(&saver.fields);
    store_rollback(store);
    return err;
}

enum err store_save_registry(struct store *store, const struct registry *registry)
{
    return save(store, registry, NULL);
}

enum err store_save_edited(struct store *store, const struct registry *registry,
                           const struct registry_edit *edit)
{
    return save(store, registry, edit);
}

struct loader {
    struct registry_builder *builder;
    sqlite3_stmt *rows, *vault;
    bool vault_row; /* the vault stands on a row that is not used yet */
};

/* Splits "column NUL value NUL …"; false when it is not of that form. */
static bool split(const char *data, size_t len, struct registry_field *fields, size_t *ret_count)
{
    size_t at = 0, count = 0;

    if (len != 0 && data[len - 1] != '\0')
        return false;
    for (; at < len; count++) {
        if (count == FIELDS_MAX)
            return false;
        const char *column = data + at;
        at += strlen(column) + 1;
        if (at >= len)
            return false;
        fields[count] = (struct registry_field){.column = column, .value = data + at};
        at += strlen(data + at) + 1;
    }
    *ret_count = count;
    return true;
}

/* Adds a row with its fields of the vault: both are read in the order of their numbers. The texts of the
 * vault's earlier rows are copied by the builder only at the end, so they are kept in `texts` meanwhile. */
static enum err load_row(struct loader *loader, enum registry_table table, struct buf *texts)
{
    struct registry_field fields[FIELDS_MAX];
    size_t offsets[FIELDS_MAX], count, plain;
    uint32_t number = (uint32_t)sqlite3_column_int64(loader->rows, 0);
    const char *data = sqlite3_column_blob(loader->rows, 2);

    if (!split(data, (size_t)sqlite3_column_bytes(loader->rows, 2), fields, &count))
        return ERR_CORRUPT;
    plain = count;
    buf_clear(texts);
    while (loader->vault_row && (uint32_t)sqlite3_column_int64(loader->vault, 0) <= number) {
        if ((uint32_t)sqlite3_column_int64(loader->vault, 0) == number) {
            const char *column = db_text(loader->vault, 1), *value = db_text(loader->vault, 2);
            if (count == FIELDS_MAX)
                return ERR_CORRUPT;
            offsets[count++] = texts->len;
            buf_append(texts, column, strlen(column) + 1);
            buf_append(texts, value, strlen(value) + 1);
        }
        int code = sqlite3_step(loader->vault);
        loader->vault_row = code == SQLITE_ROW;
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return db_err(sqlite3_db_handle(loader->vault), code);
    }
    if (texts->failed)
        return ERR_NOMEM;
    for (size_t i = plain; i < count; i++) {
        const char *column = texts->data + offsets[i];
        fields[i] =
            (struct registry_field){.column = column, .value = column + strlen(column) + 1, .personal = true};
    }
    const struct registry_row row = {.table = table,
                                     .number = number,
                                     .removed = sqlite3_column_int(loader->rows, 1) != 0,
                                     .fields = fields,
                                     .count = count};
    return registry_builder_add(loader->builder, &row);
}

static enum err load_table(struct loader *loader, enum registry_table table, struct buf *texts)
{
    sqlite3 *db = sqlite3_db_handle(loader->rows);
    enum err err = ERR_OK;
    int code;

    sqlite3_reset(loader->rows);
    sqlite3_reset(loader->vault);
    db_bind_text(loader->rows, 1, registry_table_name(table));
    db_bind_text(loader->vault, 1, registry_table_name(table));
    code = sqlite3_step(loader->vault);
    loader->vault_row = code == SQLITE_ROW;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return db_err(db, code);
    while (err == ERR_OK && (code = sqlite3_step(loader->rows)) == SQLITE_ROW)
        err = load_row(loader, table, texts);
    return err != ERR_OK ? err : db_err(db, code);
}

enum err registry_rows_load(sqlite3 *db, const struct tz *tz, struct buf *errors,
                            struct registry **ret_registry)
{
    struct loader loader = {.builder = NULL};
    struct buf texts;
    enum err err = registry_builder_new(tz, &loader.builder);

    if (err != ERR_OK)
        return err;
    buf_init(&texts, FIELDS_BYTES_MAX);
    err = db_exec(db, "BEGIN");
    if (err == ERR_OK)
        err = db_prepare(db, "SELECT number, removed, fields FROM registry_row WHERE tbl=?1 ORDER BY number",
                         &loader.rows);
    if (err == ERR_OK)
        err = db_prepare(db, "SELECT number, field, value FROM vault WHERE tbl=?1 ORDER BY number, field",
                         &loader.vault);
    for (unsigned table = 0; table < REGISTRY_TABLES && err == ERR_OK; table++)
        err = load_table(&loader, (enum registry_table)table, &texts);
    sqlite3_finalize(loader.rows);
    sqlite3_finalize(loader.vault);
    buf_release(&texts);
    if (!sqlite3_get_autocommit(db))
        (void)!db_exec(db, "ROLLBACK");
    if (err == ERR_OK)
        return registry_builder_finish(loader.builder, errors, ret_registry);
    registry_builder_free(loader.builder);
    return err;
}
