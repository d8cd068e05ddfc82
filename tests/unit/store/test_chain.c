/* The chain of transitions: texts can be erased from it, in the part from before there were digests too, and
 * nothing else. */
#include <sqlite3.h>

#include "fixture.h"

static void sql(const struct fixture *f, const char *text, int expected)
{
    char path[FIXTURE_PATH + 16];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), expected);
    sqlite3_close(db);
}

static void verify(const struct fixture *f, enum err expected, uint64_t expected_rows)
{
    struct reader *reader;
    uint64_t rows = 0;

    assert_int_equal(reader_open(f->folder, &reader), ERR_OK);
    assert_int_equal(reader_audit(reader, &rows), expected);
    reader_close(reader);
    assert_int_equal(rows, expected_rows);
}

static void add_rows(struct fixture *f, unsigned from, unsigned to)
{
    for (unsigned number = from; number <= to; number++) {
        add_transition(&f->batch, 1, number, TRANSITION_UPDATED, "Wang said so");
        commit(f);
    }
}

/* What the chain was before there were digests: SHA-256(hash before | "n|t|alert|number|kind|by" 0 why 0
 * line). */
static void make_old(struct fixture *f)
{
    char path[FIXTURE_PATH + 16], alert[HASH_ID_TEXT];
    uint8_t chain[SHA256_SIZE] = {0};
    struct buf text;
    sqlite3 *db;
    sqlite3_stmt *s, *set;

    store_sqlite.close(f->store);
    f->store = NULL;
    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "DROP TRIGGER transition_is_only_erased; DROP TRIGGER transition_stays; ALTER TABLE "
            "transition DROP COLUMN erased;"
            "ALTER TABLE transition DROP COLUMN salt; ALTER TABLE transition DROP COLUMN digest;"
            /* what later migrations made */
            "DROP TABLE ledger_event; DROP TABLE ledger; DROP TABLE device_order; DROP TABLE roster_change; "
            "DROP TABLE worn; DROP TABLE rollout; DROP TABLE rollout_event; DROP TABLE handover; DROP TABLE "
            "handover_event",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT id, n, t, alert, number, kind, by, why, line FROM transition ORDER BY id",
                           -1, &s, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE transition SET hash=?2 WHERE id=?1", -1, &set, NULL),
                     SQLITE_OK);
    buf_init(&text, 4096);
    while (sqlite3_step(s) == SQLITE_ROW) {
        hash_hex(sqlite3_column_blob(s, 3), HASH_ID_SIZE, alert);
        buf_clear(&text);
        buf_append(&text, chain, SHA256_SIZE);
        buf_printf(&text, "%lld|%lld|%s|%d|%d|%s", sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
                   alert, sqlite3_column_int(s, 4), sqlite3_column_int(s, 5),
                   (const char *)sqlite3_column_text(s, 6));
        buf_putc(&text, '\0');
        buf_puts(&text, (const char *)sqlite3_column_text(s, 7));
        buf_putc(&text, '\0');
        buf_puts(&text, (const char *)sqlite3_column_text(s, 8));
        hash_sha256(text.data, text.len, chain);
        sqlite3_bind_int64(set, 1, sqlite3_column_int64(s, 0));
        sqlite3_bind_blob(set, 2, chain, SHA256_SIZE, SQLITE_TRANSIENT);
        assert_int_equal(sqlite3_step(set), SQLITE_DONE);
        sqlite3_reset(set);
    }
    buf_release(&text);
    sqlite3_finalize(s);
    sqlite3_finalize(set);
    assert_int_equal(
        sqlite3_exec(
            db,
            "CREATE TRIGGER transition_stays BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, ''); END;"
            "PRAGMA user_version=7",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
}

#define ERASE(where) "UPDATE transition SET by='', why='', line='', salt=NULL, erased=1 WHERE " where

static void a_text_is_erased_and_the_chain_holds(void **state)
{
    struct fixture *f = *state;
    add_rows(f, 1, 4);
    sql(f, ERASE("number IN (2, 4)"), SQLITE_OK);
    verify(f, ERR_OK, 4);
    add_rows(f, 5, 5);
    reopen(f);
    add_rows(f, 6, 6);
    verify(f, ERR_OK, 6);
}

static void the_part_from_before_the_digests_is_verified_and_erased_likewise(void **state)
{
    struct fixture *f = *state;
    add_rows(f, 1, 3);
    make_old(f);
    verify(f, ERR_OK, 3); /* as a backup from then is */
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
    verify(f, ERR_OK, 3 + 1); /* and the seal */
    add_rows(f, 4, 5);
    sql(f, ERASE("number IN (1, 3, 4)"), SQLITE_OK);
    verify(f, ERR_OK, 5 + 1);

    sql(f, "DROP TRIGGER transition_stays; UPDATE transition SET kind=kind+1 WHERE number=1", SQLITE_OK);
    verify(f, ERR_CORRUPT, 4); /* the seal stands behind the third */
    sql(f,
        "UPDATE transition SET kind=kind-1 WHERE number=1; DROP TRIGGER transition_is_only_erased;"
        "UPDATE transition SET why='Li said so' WHERE number=2",
        SQLITE_OK);
    verify(f, ERR_CORRUPT, 2);
    sql(f,
        "UPDATE transition SET why='Wang said so' WHERE number=2; UPDATE transition SET why='Li said so' "
        "WHERE number=3",
        SQLITE_OK);
    verify(f, ERR_CORRUPT, 3); /* what is erased has no text */
    sql(f, "UPDATE transition SET why='' WHERE number=3; UPDATE audit SET detail=NULL WHERE kind='seal'",
        SQLITE_OK);
    verify(f, ERR_CORRUPT, 1); /* nor does the old part stand without its seal */
}

static void an_old_part_that_was_changed_before_the_migration_is_found(void **state)
{
    struct fixture *f = *state;
    add_rows(f, 1, 3);
    make_old(f);
    sql(f,
        "DROP TRIGGER transition_stays; UPDATE transition SET why='Li said so' WHERE number=2;"
        "CREATE TRIGGER transition_stays BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, ''); END",
        SQLITE_OK);
    verify(f, ERR_CORRUPT, 2);
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
    verify(f, ERR_CORRUPT, 2);
}

static void the_database_allows_an_erasure_and_no_other_change(void **state)
{
    struct fixture *f = *state;
    add_rows(f, 1, 2);
    sql(f, "UPDATE transition SET why='other'", SQLITE_CONSTRAINT);
    sql(f, "UPDATE transition SET by='', why='', line='', erased=1",
        SQLITE_CONSTRAINT); /* with its salt it can be guessed */
    sql(f, "UPDATE transition SET digest=zeroblob(32)", SQLITE_CONSTRAINT);
    sql(f, "UPDATE transition SET hash=zeroblob(32)", SQLITE_CONSTRAINT);
    sql(f, ERASE("number=1"), SQLITE_OK);
    sql(f, "UPDATE transition SET why='other' WHERE number=1", SQLITE_CONSTRAINT);
    verify(f, ERR_OK, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_text_is_erased_and_the_chain_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_part_from_before_the_digests_is_verified_and_erased_likewise,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_old_part_that_was_changed_before_the_migration_is_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_database_allows_an_erasure_and_no_other_change, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
