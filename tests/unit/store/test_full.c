/* A full disk, on a file system of its own of 4 MiB. Mounting needs root; without it the tests say so and are
 * skipped. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { BALLAST = 1 << 20 };

static enum err open_small(const char *folder, struct store **ret_store)
{
    return store_sqlite.open(
        &(struct store_config){.folder = folder, .ballast_bytes = BALLAST, .county = "654321"}, ret_store);
}

static int mount_small(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    folder_new(f->folder);
    batch_init(&f->batch, 16 << 20);
    *state = f;
    if (mount("tmpfs", f->folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0700") != 0) {
        print_message("skipped: a small tmpfs cannot be mounted (%s); run as root\n", strerror(errno));
        return 0;
    }
    assert_int_equal(open_small(f->folder, &f->store), ERR_OK);
    return 0;
}

static int unmount(void **state)
{
    struct fixture *f = *state;

    store_sqlite.close(f->store);
    batch_release(&f->batch);
    if (umount2(f->folder, MNT_DETACH) != 0 && errno != EINVAL && errno != EPERM)
        print_message("%s stays mounted: %s\n", f->folder, strerror(errno));
    rmdir(f->folder);
    free(f);
    return 0;
}

/* Takes all space but `leave` bytes away, or gives it back (leave = SIZE_MAX). */
static void fill_disk(const struct fixture *f, size_t leave)
{
    char path[FIXTURE_PATH + 16];
    static const char block[4096];
    struct statvfs status;

    snprintf(path, sizeof(path), "%s/filler", f->folder);
    if (leave == SIZE_MAX) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (statvfs(f->folder, &status) == 0 &&
           (uint64_t)status.f_bavail * status.f_bsize >= leave + sizeof(block))
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
            break;
    close(fd);
}

static bool ballast_is_there(const struct fixture *f)
{
    char path[FIXTURE_PATH + 16];
    struct stat status;

    snprintf(path, sizeof(path), "%s/ballast", f->folder);
    return stat(path, &status) == 0;
}

static void add_many(struct fixture *f, uint64_t *n)
{
    for (int i = 0; i < 500; i++)
        add_input(&f->batch, ++*n);
}

static void a_full_disk_keeps_the_batch_and_gives_the_ballast(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;
    uint64_t n = 0;

    if (f->store == NULL)
        skip();
    add_many(f, &n);
    commit(f);
    assert_true(ballast_is_there(f));
    fill_disk(f, 0);
    enum err err;
    do { /* the log may still have room of its own */
        add_many(f, &n);
        err = store_sqlite.commit(f->store, &f->batch);
        if (err == ERR_OK)
            batch_reset(&f->batch);
    } while (err == ERR_OK);
    assert_int_equal(err, ERR_NO_SPACE);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.last_n, n - 500);
    assert_false(ballast_is_there(f));
    assert_true(store_sqlite.short_of_space(f->store));
    commit(f); /* the same batch, unchanged, into the ballast's room */

    do {
        add_many(f, &n);
        err = store_sqlite.commit(f->store, &f->batch);
        if (err == ERR_OK)
            batch_reset(&f->batch);
    } while (err == ERR_OK);
    assert_int_equal(err, ERR_NO_SPACE);
    for (int i = 0; i < 5; i++)
        assert_int_equal(store_sqlite.commit(f->store, &f->batch), ERR_NO_SPACE);
    fill_disk(f, SIZE_MAX);
    commit(f); /* the same connection recovers */
    store_sqlite.close(f->store);
    f->store = NULL;
    assert_int_equal(open_small(f->folder, &f->store), ERR_OK);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.last_n, n);
    struct loaded loaded;
    load(f->store, &loaded);
    assert_int_equal(loaded.inputs, n);
    buf_release(&loaded.text);
}

static void a_start_on_a_full_disk_releases_the_ballast_first(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;
    uint64_t n = 0;

    if (f->store == NULL)
        skip();
    add_many(f, &n);
    commit(f);
    store_sqlite.close(f->store);
    f->store = NULL;
    fill_disk(f, 0);
    assert_true(ballast_is_there(f));
    assert_int_equal(open_small(f->folder, &f->store), ERR_OK);
    assert_false(ballast_is_there(f));
    assert_true(store_sqlite.short_of_space(f->store));
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.last_n, n);
    add_input(&f->batch, n + 1);
    commit(f);
}

static void a_start_on_a_full_disk_without_ballast_says_no_space(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH + 16];

    if (f->store == NULL)
        skip();
    store_sqlite.close(f->store);
    f->store = NULL;
    snprintf(path, sizeof(path), "%s/ballast", f->folder);
    assert_int_equal(unlink(path), 0);
    fill_disk(f, 0);
    assert_int_equal(open_small(f->folder, &f->store), ERR_NO_SPACE);
    assert_null(f->store);
}

static void the_registry_of_a_full_disk_stays_the_old_one(void **state)
{
    struct fixture *f = *state;

    if (f->store == NULL)
        skip();
    struct registry *registry = sample_registry(), *back = NULL;
    struct buf errors;
    uint64_t n = 0;

    buf_init(&errors, 65536);
    assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_OK);
    fill_disk(f, 0);
    do
        add_many(f, &n);
    while (store_sqlite.commit(f->store, &f->batch) == ERR_OK && (batch_reset(&f->batch), true));
    fill_disk(f, 0); /* the ballast's room, too */
    while (store_sqlite.save_registry(f->store, registry) == ERR_OK)
        continue;
    assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_NO_SPACE);
    assert_int_equal(store_sqlite.load_registry(f->store, NULL, &errors, &back), ERR_OK);
    assert_string_equal(registry_version(back), registry_version(registry));
    registry_free(back);
    registry_free(registry);
    buf_release(&errors);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, mount_small, unmount)
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_keeps_the_batch_and_gives_the_ballast),
        TEST(a_start_on_a_full_disk_releases_the_ballast_first),
        TEST(a_start_on_a_full_disk_without_ballast_says_no_space),
        TEST(the_registry_of_a_full_disk_stays_the_old_one),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
