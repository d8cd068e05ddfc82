/* The database and nobody else: an ops struct over whole batches, so that another engine can stand behind it.
 * SQLite is the embedded default.
 *
 * Threads: open, load and close where you like, but one at a time; commit and snapshot on the store thread
 * only (one connection does all writes and checkpoints). The readers' side (reader.h) has connections of its
 * own, read-only, with short transactions. */
#ifndef HUYANG_STORE_STORE_H
#define HUYANG_STORE_STORE_H

#include "batch.h"
#include "retention.h"

struct store_config {
    const char *folder;   /* the state folder; made with mode 0700 if absent */
    size_t ballast_bytes; /* released when the disk is full, made again when there is room */
    const char *county;   /* a database of another county is refused */
    struct retention retention;
};

/* What a restart needs, in this order: registry rows, vault merged in; states of the last snapshot;
 * watermarks; inputs after the snapshot; unfinished rows. */
struct store_loader {
    enum err (*state)(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                      size_t len);
    enum err (*watermark)(void *self, const struct batch_watermark *watermark);
    /* `n`, `t`, kind and blob of an input after the snapshot. */
    enum err (*input)(void *self, const struct batch_input *input);
    enum err (*row)(void *self, const struct outbox_row *row);
    void *self;
};
/* The order of a restart is the order of the members; rows come oldest first. Whatever is passed is borrowed
 * for the call; an error stops the walk and is returned. */
struct store_mark {
    uint64_t last_n;     /* highest committed input */
    int64_t t_ms;        /* time ran to here */
    uint64_t snapshot_n; /* inputs above it are replayed at start */
};

struct store;
struct store_ops {
    const char *name;
    /* ERR_BUSY: another gateway holds this folder (the message says its pid). ERR_NO_SPACE: opened in
     * fail-open mode is up to the caller after release_ballast. ERR_CORRUPT, ERR_IO, ERR_INVALID (other
     * county), ERR_UNSUPPORTED (written by a newer version). */
    enum err (*open)(const struct store_config *config, struct store **ret_store);
    void (*close)(struct store *store);
    enum err (*mark)(struct store *store, struct store_mark *ret_mark);
    enum err (*load)(struct store *store, const struct store_loader *loader);
    /* Only the unfinished rows, to loader->row: what did not fit into the outbox when it was committed. */
    enum err (*rows)(struct store *store, const struct store_loader *loader);
    /* One transaction. ERR_OK: durable (fsynced). ERR_NO_SPACE, ERR_BUSY, ERR_NOMEM: nothing changed, call
     * again with the same batch. ERR_IO, ERR_CORRUPT: stop, exit, recover. */
    enum err (*commit)(struct store *store, const struct batch *batch);
    /* Idle moments: a short checkpoint when there is enough to write back, and the ballast when it is
     * missing. May take some 20 ms; store thread only. */
    void (*rest)(struct store *store);
    /* One short step of what the retention asks for, as of the time of the last commit; rest() takes such
     * steps by itself. *ret_more: another step would find work. Store thread only; errors as of commit. */
    enum err (*retain)(struct store *store, bool *ret_more);
    /* Any thread. */
    void (*retention_stats)(const struct store *store, struct retention_stats *ret_stats);
    /* Registry rows, replaced as a whole version in one transaction (number, columns; personal fields go to
     * the vault table). Errors as of commit. */
    enum err (*save_registry)(struct store *store, const struct registry *registry);
    /* The same, with an entry of the audit trail about one row that a person edited. */
    enum err (*save_edited)(struct store *store, const struct registry *registry,
                            const struct registry_edit *edit);
    enum err (*load_registry)(struct store *store, const struct tz *tz, struct buf *errors,
                              struct registry **ret_registry);
    /* True when a registry was saved and no input committed since: the one that marks it is missing. Read at
     * open; of the first import, which nothing came before, it is false. */
    bool (*registry_is_unmarked)(const struct store *store);
    /* Frees the ballast; true when there was one. The first ERR_NO_SPACE of commit does it by itself. */
    bool (*release_ballast)(struct store *store);
    /* True from the release of the ballast until rest() could make it again: take nothing in that can wait.
     */
    bool (*short_of_space)(const struct store *store);
};
extern const struct store_ops store_sqlite;

#endif
