/* A disk that fails: the Nth write or sync of the database gives an error, once or for good. Whatever
 * happens, what was told as committed is there afterwards, a commit that failed is there whole or not at all,
 * and a store whose sync failed never says "committed" again. */
#include "fixture.h"

#include <sqlite3.h>

#include "core/log.h"

enum fault { FAULT_NONE, FAULT_WRITE, FAULT_WRITE_FULL, FAULT_SYNC };

/* The shim's state; SQLite hands a VFS nothing of ours at the right places. */
static struct {
    sqlite3_vfs *real;
    enum fault fault;
    int countdown; /* calls of that kind until the fault */
    bool for_good;
    int happened;
} shim;

struct shim_file {
    sqlite3_file base;
    sqlite3_io_methods methods; /* the real file's, two of them ours */
    sqlite3_file *real;
};

static bool strikes(enum fault fault)
{
    if (shim.fault != fault || shim.countdown-- > 0)
        return false;
    if (!shim.for_good)
        shim.fault = FAULT_NONE;
    else
        shim.countdown = 0;
    shim.happened++;
    return true;
}

#define REAL(file) (((struct shim_file *)(void *)(file))->real)
#define PASS(name, parameters, arguments)                                                                    \
    static int pass_##name parameters                                                                        \
    {                                                                                                        \
        return REAL(file)->pMethods->name arguments;                                                         \
    }
PASS(xRead, (sqlite3_file * file, void *to, int len, sqlite3_int64 at), (REAL(file), to, len, at))
PASS(xTruncate, (sqlite3_file * file, sqlite3_int64 size), (REAL(file), size))
PASS(xFileSize, (sqlite3_file * file, sqlite3_int64 *size), (REAL(file), size))
PASS(xLock, (sqlite3_file * file, int lock), (REAL(file), lock))
PASS(xUnlock, (sqlite3_file * file, int lock), (REAL(file), lock))
PASS(xCheckReservedLock, (sqlite3_file * file, int *out), (REAL(file), out))
PASS(xFileControl, (sqlite3_file * file, int op, void *arg), (REAL(file), op, arg))
PASS(xSectorSize, (sqlite3_file * file), (REAL(file)))
PASS(xDeviceCharacteristics, (sqlite3_file * file), (REAL(file)))
PASS(xShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile **out),
     (REAL(file), page, size, extend, out))
PASS(xShmLock, (sqlite3_file * file, int offset, int n, int flags), (REAL(file), offset, n, flags))
PASS(xShmUnmap, (sqlite3_file * file, int delete), (REAL(file), delete))

static void pass_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int shim_close(sqlite3_file *file)
{
    int code = REAL(file)->pMethods->xClose(REAL(file));
    sqlite3_free(REAL(file));
    return code;
}

static int shim_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    if (strikes(FAULT_WRITE_FULL)) {
        REAL(file)->pMethods->xWrite(REAL(file), data, len / 2, at); /* a short write before the end */
        return SQLITE_FULL;
    }
    if (strikes(FAULT_WRITE))
        return SQLITE_IOERR_WRITE;
    return REAL(file)->pMethods->xWrite(REAL(file), data, len, at);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return strikes(FAULT_SYNC) ? SQLITE_IOERR_FSYNC : REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct shim_file *own = (struct shim_file *)(void *)file;

    (void)vfs;
    memset(own, 0, sizeof(*own));
    own->real = sqlite3_malloc(shim.real->szOsFile);
    memset(own->real, 0, (size_t)shim.real->szOsFile);
    int code = shim.real->xOpen(shim.real, name, own->real, flags, out);
    if (own->real->pMethods == NULL) {
        sqlite3_free(own->real);
        return code;
    }
    own->methods = (sqlite3_io_methods){.iVersion = 2,
                                        .xClose = shim_close,
                                        .xRead = pass_xRead,
                                        .xWrite = shim_write,
                                        .xTruncate = pass_xTruncate,
                                        .xSync = shim_sync,
                                        .xFileSize = pass_xFileSize,
                                        .xLock = pass_xLock,
                                        .xUnlock = pass_xUnlock,
                                        .xCheckReservedLock = pass_xCheckReservedLock,
                                        .xFileControl = pass_xFileControl,
                                        .xSectorSize = pass_xSectorSize,
                                        .xDeviceCharacteristics = pass_xDeviceCharacteristics,
                                        .xShmMap = pass_xShmMap,
                                        .xShmLock = pass_xShmLock,
                                        .xShmBarrier = pass_barrier,
                                        .xShmUnmap = pass_xShmUnmap};
    file->pMethods = &own->methods;
    return code;
}

static void shim_register(void)
{
    static sqlite3_vfs vfs;

    shim.real = sqlite3_vfs_find(NULL);
    vfs = *shim.real;
    vfs.zName = "shim";
    vfs.szOsFile = (int)sizeof(struct shim_file);
    vfs.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/* Commits ten batches with a checkpoint in the middle, against a fault that strikes at the `nth` call.
 * Returns whether it struck. */
static bool run_against(enum fault fault, int nth, bool for_good)
{
    struct fixture *f;
    void *state;
    struct store_mark mark;
    struct reader *reader;
    uint64_t told = 0, tried = 0, audited;

    set_up(&state);
    f = state;
    shim.fault = fault;
    shim.countdown = nth;
    shim.for_good = for_good;
    shim.happened = 0;
    enum err err = ERR_OK;
    for (unsigned k = 1; k <= 10 && (err == ERR_OK || err == ERR_NO_SPACE); k++) {
        for (unsigned i = 0; i < 40; i++)
            add_input(&f->batch, ++tried);
        add_transition(&f->batch, 1, k, TRANSITION_UPDATED, "fault");
        err = store_sqlite.commit(f->store, &f->batch);
        if (err == ERR_NO_SPACE) { /* the batch is kept: room comes back, and it goes through */
            shim.fault = FAULT_NONE;
            err = store_sqlite.commit(f->store, &f->batch);
            assert_int_equal(err, ERR_OK);
        }
        batch_reset(&f->batch);
        if (err == ERR_OK)
            told = tried;
        if (k == 5)
            store_sqlite.rest(f->store);
    }
    assert_true(err == ERR_OK || err == ERR_IO);
    shim.fault = FAULT_NONE;
    if (err == ERR_IO) { /* never again, though the disk is well now */
        add_input(&f->batch, tried + 1);
        assert_int_equal(store_sqlite.commit(f->store, &f->batch), ERR_IO);
        batch_reset(&f->batch);
    }
    bool struck = shim.happened != 0;
    reopen(f);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_true(mark.last_n == told || mark.last_n == tried);
    struct loaded loaded;
    load(f->store, &loaded);
    assert_int_equal(loaded.inputs, mark.last_n);
    buf_release(&loaded.text);
    assert_int_equal(reader_open(f->folder, &reader), ERR_OK);
    assert_int_equal(reader_audit(reader, &audited), ERR_OK);
    assert_int_equal(audited, mark.last_n / 40);
    reader_close(reader);
    tear_down(&state);
    return struck;
}

/* Every call of the kind in turn, until there is none left to strike. */
static void run_all(enum fault fault, bool for_good)
{
    int nth = 0;

    while (run_against(fault, nth, for_good))
        nth++;
    assert_true(nth >= 10);
}

static void every_write_may_fail_once(void **state)
{
    (void)state;
    run_all(FAULT_WRITE, false);
}

static void every_write_may_fail_for_good(void **state)
{
    (void)state;
    run_all(FAULT_WRITE, true);
}

static void every_sync_may_fail_once(void **state)
{
    (void)state;
    run_all(FAULT_SYNC, false);
}

static void every_sync_may_fail_for_good(void **state)
{
    (void)state;
    run_all(FAULT_SYNC, true);
}

static void the_disk_may_be_full_at_every_write_and_the_same_batch_goes_through_later(void **state)
{
    (void)state;
    run_all(FAULT_WRITE_FULL, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_may_fail_once),
        cmocka_unit_test(every_write_may_fail_for_good),
        cmocka_unit_test(every_sync_may_fail_once),
        cmocka_unit_test(every_sync_may_fail_for_good),
        cmocka_unit_test(the_disk_may_be_full_at_every_write_and_the_same_batch_goes_through_later),
    };
    shim_register();
    log_init(LOG_ERROR + 1, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
