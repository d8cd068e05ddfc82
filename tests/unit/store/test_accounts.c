/* Accounts, sessions and kept answers in a database of their own. */
#include "fixture.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "store/accounts.h"

struct drawer {
    char folder[FIXTURE_PATH];
    struct accounts *accounts;
};

static const uint8_t token_1[SHA256_SIZE] = {1}, token_2[SHA256_SIZE] = {2}, request_1[SHA256_SIZE] = {7};

static int open_place(void **state)
{
    struct drawer *drawer = calloc(1, sizeof(*drawer));
    assert_non_null(drawer);
    folder_new(drawer->folder);
    assert_int_equal(accounts_open(drawer->folder, &drawer->accounts), ERR_OK);
    *state = drawer;
    return 0;
}

static int close_place(void **state)
{
    struct drawer *drawer = *state;
    accounts_close(drawer->accounts);
    folder_remove(drawer->folder);
    free(drawer);
    return 0;
}

static struct account account_of(const char *id, unsigned role)
{
    struct account account = {.role = (uint8_t)role, .scope = "654321"};
    assert_true(text_copy(account.id, sizeof(account.id), id));
    assert_true(text_copy(account.name, sizeof(account.name), "王芳"));
    return account;
}

static void add_account(struct drawer *drawer, const char *id, unsigned role)
{
    struct account account = account_of(id, role);
    assert_int_equal(accounts_add(drawer->accounts, &account, "$argon2id$secret", false), ERR_OK);
}

static void an_account_is_kept_over_a_restart_in_a_private_file(void **state)
{
    struct drawer *drawer = *state;
    char path[FIXTURE_PATH + 16], secret[ACCOUNT_SECRET_SIZE];
    struct account found;
    struct stat status;
    unsigned count;

    add_account(drawer, "wang", ROLE_TOWN_DESK);
    accounts_close(drawer->accounts);
    assert_int_equal(accounts_open(drawer->folder, &drawer->accounts), ERR_OK);
    assert_int_equal(accounts_find(drawer->accounts, "wang", &found, secret), ERR_OK);
    assert_string_equal(found.name, "王芳");
    assert_string_equal(found.scope, "654321");
    assert_string_equal(secret, "$argon2id$secret");
    assert_int_equal(found.role, ROLE_TOWN_DESK);
    assert_int_equal(found.version, 1);
    assert_int_equal(accounts_count(drawer->accounts, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(accounts_find(drawer->accounts, "wan", &found, NULL), ERR_NOT_FOUND);
    snprintf(path, sizeof(path), "%s/accounts.db", drawer->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void an_id_is_given_once_and_the_first_account_is_the_first(void **state)
{
    struct drawer *drawer = *state;
    struct account wang = account_of("wang", ACCOUNT_ADMINISTRATOR), li = account_of("li", ROLE_COUNTY_DESK);

    assert_int_equal(accounts_add(drawer->accounts, &wang, "x", true), ERR_OK);
    assert_int_equal(accounts_add(drawer->accounts, &wang, "y", false), ERR_EXISTS);
    assert_int_equal(accounts_add(drawer->accounts, &li, "y", true), ERR_EXISTS);
    assert_int_equal(accounts_add(drawer->accounts, &li, "y", false), ERR_OK);
}

static enum err note_id(void *self, const struct account *account)
{
    buf_printf(self, "%s/%s ", account->id, account_role_name(account->role));
    return ERR_OK;
}

static void accounts_are_listed_by_id(void **state)
{
    struct drawer *drawer = *state;
    struct buf out;

    buf_init(&out, 1024);
    add_account(drawer, "wang", ACCOUNT_ADMINISTRATOR);
    add_account(drawer, "li", ROLE_FAMILY);
    assert_int_equal(accounts_each(drawer->accounts, note_id, &out), ERR_OK);
    assert_string_equal(buf_text(&out), "li/family wang/administrator ");
    buf_release(&out);
}

static void a_change_wants_the_newest_version_and_ends_the_sessions(void **state)
{
    struct drawer *drawer = *state;
    struct account wang, before;
    char secret[ACCOUNT_SECRET_SIZE];

    add_account(drawer, "root", ACCOUNT_ADMINISTRATOR);
    add_account(drawer, "wang", ROLE_TOWN_DESK);
    assert_int_equal(session_add(drawer->accounts, token_1, "wang", T0), ERR_OK);
    assert_int_equal(accounts_find(drawer->accounts, "wang", &before, NULL), ERR_OK);
    wang = before;
    wang.role = ROLE_COUNTY_DESK;
    assert_int_equal(accounts_change(drawer->accounts, &wang, NULL), ERR_OK);
    assert_int_equal(accounts_find(drawer->accounts, "wang", &wang, secret), ERR_OK);
    assert_int_equal(wang.role, ROLE_COUNTY_DESK);
    assert_int_equal(wang.version, 2);
    assert_string_equal(secret, "$argon2id$secret");
    assert_int_equal(session_find(drawer->accounts, token_1, false, T0 + 1, &wang), ERR_NOT_FOUND);
    assert_int_equal(accounts_change(drawer->accounts, &before, NULL), ERR_BUSY);
    wang.version = 2;
    assert_int_equal(accounts_change(drawer->accounts, &wang, "$new"), ERR_OK);
    assert_int_equal(accounts_find(drawer->accounts, "wang", &wang, secret), ERR_OK);
    assert_string_equal(secret, "$new");
    assert_true(text_copy(wang.id, sizeof(wang.id), "nobody"));
    assert_int_equal(accounts_change(drawer->accounts, &wang, NULL), ERR_NOT_FOUND);
}

static void the_last_administrator_stays(void **state)
{
    struct drawer *drawer = *state;
    struct account root;

    add_account(drawer, "root", ACCOUNT_ADMINISTRATOR);
    assert_int_equal(accounts_find(drawer->accounts, "root", &root, NULL), ERR_OK);
    root.disabled = true;
    assert_int_equal(accounts_change(drawer->accounts, &root, NULL), ERR_REFUSED);
    root.disabled = false;
    root.role = ROLE_COUNTY_DESK;
    assert_int_equal(accounts_change(drawer->accounts, &root, NULL), ERR_REFUSED);
    assert_int_equal(accounts_find(drawer->accounts, "root", &root, NULL), ERR_OK);
    assert_int_equal(root.role, ACCOUNT_ADMINISTRATOR);
    assert_int_equal(root.version, 1);
}

static void a_session_ends_when_idle_when_old_and_when_told(void **state)
{
    struct drawer *drawer = *state;
    struct account found;
    int64_t t = T0;

    add_account(drawer, "wang", ROLE_TOWN_DESK);
    assert_int_equal(session_add(drawer->accounts, token_1, "wang", t), ERR_OK);
    assert_int_equal(session_find(drawer->accounts, token_2, true, t, &found), ERR_NOT_FOUND);
    /* Looked at without use, it grows idle; used, it lives on until it is too old. */
    assert_int_equal(session_find(drawer->accounts, token_1, false, t + SESSION_IDLE_MS - 1, &found), ERR_OK);
    assert_int_equal(session_find(drawer->accounts, token_1, false, t + SESSION_IDLE_MS, &found),
                     ERR_NOT_FOUND);
    for (t = T0; t + SESSION_IDLE_MS / 2 < T0 + SESSION_MAX_MS; t += SESSION_IDLE_MS / 2)
        assert_int_equal(session_find(drawer->accounts, token_1, true, t, &found), ERR_OK);
    assert_string_equal(found.id, "wang");
    assert_int_equal(session_find(drawer->accounts, token_1, true, T0 + SESSION_MAX_MS - 1, &found), ERR_OK);
    assert_int_equal(session_find(drawer->accounts, token_1, true, T0 + SESSION_MAX_MS, &found),
                     ERR_NOT_FOUND);
    assert_int_equal(session_add(drawer->accounts, token_2, "wang", t), ERR_OK);
    assert_int_equal(session_end(drawer->accounts, token_2), ERR_OK);
    assert_int_equal(session_find(drawer->accounts, token_2, true, t, &found), ERR_NOT_FOUND);
}

static void one_account_has_so_many_sessions_and_the_oldest_gives_way(void **state)
{
    struct drawer *drawer = *state;
    struct account found;
    uint8_t token[SHA256_SIZE] = {0};

    add_account(drawer, "wang", ROLE_TOWN_DESK);
    for (int i = 0; i <= ACCOUNT_SESSIONS_MAX; i++) {
        token[31] = (uint8_t)(i + 1);
        assert_int_equal(session_add(drawer->accounts, token, "wang", T0 + i), ERR_OK);
    }
    assert_int_equal(session_find(drawer->accounts, token, false, T0 + 99, &found), ERR_OK);
    token[31] = 2;
    assert_int_equal(session_find(drawer->accounts, token, false, T0 + 99, &found), ERR_OK);
    token[31] = 1;
    assert_int_equal(session_find(drawer->accounts, token, false, T0 + 99, &found), ERR_NOT_FOUND);
}

static void an_answer_is_kept_for_its_request_only_and_for_a_day(void **state)
{
    struct drawer *drawer = *state;
    char body[ONCE_BODY_SIZE] = "";

    assert_int_equal(once_find(drawer->accounts, token_1, request_1, T0, body), ERR_NOT_FOUND);
    assert_int_equal(once_add(drawer->accounts, token_1, request_1, T0, "{}"), ERR_OK);
    assert_int_equal(once_find(drawer->accounts, token_1, request_1, T0 + 1, body), ERR_OK);
    assert_string_equal(body, "{}");
    assert_int_equal(once_find(drawer->accounts, token_1, token_2, T0 + 1, body), ERR_REFUSED);
    assert_int_equal(once_find(drawer->accounts, token_1, request_1, T0 + ONCE_KEEP_MS, body), ERR_NOT_FOUND);
}

struct seen {
    char text[512];
    int64_t last;
};

static enum err see(void *self, const struct viewed *viewed)
{
    struct seen *seen = self;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%s:%s ", viewed->account, viewed->what,
             viewed->subject);
    seen->last = viewed->id;
    return ERR_OK;
}

static const char *views_of(struct drawer *drawer, struct seen *seen, const char *account,
                            const char *subject, int64_t before, unsigned limit)
{
    *seen = (struct seen){.last = 0};
    assert_int_equal(views_each(drawer->accounts, account, subject, before, limit, see, seen), ERR_OK);
    return seen->text;
}

static void views_come_back_newest_first_page_by_page(void **state)
{
    struct drawer *drawer = *state;
    struct seen seen;

    assert_int_equal(views_add(drawer->accounts, T0, "wang", "resident", "r-1"), ERR_OK);
    assert_int_equal(views_add(drawer->accounts, T0 + 1, "li", "alert", "a-1"), ERR_OK);
    assert_int_equal(views_add(drawer->accounts, T0 + 2, "wang", "resident", "r-2"), ERR_OK);
    assert_string_equal(views_of(drawer, &seen, "", "", 0, 2), "wang:resident:r-2 li:alert:a-1 ");
    assert_string_equal(views_of(drawer, &seen, "", "", seen.last, 2), "wang:resident:r-1 ");
    assert_string_equal(views_of(drawer, &seen, "wang", "r-1", 0, 9), "wang:resident:r-1 ");
    assert_string_equal(views_of(drawer, &seen, "nobody", "", 0, 9), "");
    accounts_close(drawer->accounts);
    assert_int_equal(accounts_open(drawer->folder, &drawer->accounts), ERR_OK);
    assert_string_equal(views_of(drawer, &seen, "li", "", 0, 9), "li:alert:a-1 ");
}

static void accounts_of_the_version_before_are_brought_up_to_date(void **state)
{
    struct drawer *drawer = *state;
    char path[FIXTURE_PATH + 16];
    struct account found;
    sqlite3 *db;

    add_account(drawer, "wang", ROLE_TOWN_DESK);
    accounts_close(drawer->accounts);
    snprintf(path, sizeof(path), "%s/accounts.db", drawer->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE viewed; PRAGMA user_version=1", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(accounts_open(drawer->folder, &drawer->accounts), ERR_OK);
    assert_int_equal(accounts_find(drawer->accounts, "wang", &found, NULL), ERR_OK);
    assert_int_equal(views_add(drawer->accounts, T0, "wang", "resident", "r-1"), ERR_OK);
}

static void a_newer_schema_and_a_broken_file_are_refused(void **state)
{
    struct drawer *drawer = *state;
    struct accounts *accounts = NULL;
    char path[FIXTURE_PATH + 16], folder[FIXTURE_PATH];

    folder_new(folder);
    snprintf(path, sizeof(path), "%s/accounts.db", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 200; i++)
        fputs("this is no database ", file);
    fclose(file);
    assert_int_equal(accounts_open(folder, &accounts), ERR_CORRUPT);
    folder_remove(folder);
    /* The version in the file's header, at its place in the format. */
    accounts_close(drawer->accounts);
    drawer->accounts = NULL;
    snprintf(path, sizeof(path), "%s/accounts.db", drawer->folder);
    file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 60, SEEK_SET), 0);
    assert_int_equal(fwrite("\0\0\0\x63", 1, 4, file), 4);
    fclose(file);
    assert_int_equal(accounts_open(drawer->folder, &accounts), ERR_UNSUPPORTED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)
    const struct CMUnitTest tests[] = {
        TEST(an_account_is_kept_over_a_restart_in_a_private_file),
        TEST(an_id_is_given_once_and_the_first_account_is_the_first),
        TEST(accounts_are_listed_by_id),
        TEST(a_change_wants_the_newest_version_and_ends_the_sessions),
        TEST(the_last_administrator_stays),
        TEST(a_session_ends_when_idle_when_old_and_when_told),
        TEST(one_account_has_so_many_sessions_and_the_oldest_gives_way),
        TEST(an_answer_is_kept_for_its_request_only_and_for_a_day),
        TEST(views_come_back_newest_first_page_by_page),
        TEST(accounts_of_the_version_before_are_brought_up_to_date),
        TEST(a_newer_schema_and_a_broken_file_are_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
