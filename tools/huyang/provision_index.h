/* Every certificate that was ever issued, in a file that only grows (index.jsonl, one JSON object a line):
 *
 *     {"t":…,"issued":ID,"serial":…,"until":…,"fingerprint":…}
 *     {"t":…,"superseded":SERIAL,"revoke_at":…}              valid until then, revoked from then on
 *     {"t":…,"revoked":SERIAL,"reason":…}
 *     {"t":…,"crl":NUMBER,"until":…}
 *
 * Records that are written together reach the disk with one write and one sync. A line that a killed process
 * left unfinished is cut off when the index is next opened for writing, and passed over until then. Times are
 * seconds since 1970. Faults are told on standard error. One process writes (lock), one thread. */
#ifndef HUYANG_TOOLS_PROVISION_INDEX_H
#define HUYANG_TOOLS_PROVISION_INDEX_H

#include "pki.h"

enum { INDEX_ENTRIES_MAX = 4 << 20, INDEX_NONE = -1 };

struct index_entry {
    char id[ID_SIZE], serial[PKI_SERIAL_SIZE], fingerprint[PKI_FINGERPRINT_SIZE];
    int64_t issued_s, until_s;
    int64_t revoke_at_s; /* a newer certificate has taken its place; 0 = none has */
    int64_t revoked_s;   /* 0 = it is not */
    enum pki_reason reason;
    int32_t before; /* the same id's certificate before this one, INDEX_NONE */
};

struct index_slots {
    int32_t *slots;
    size_t size; /* a power of two */
};

struct index {
    struct index_entry *entries; /* in the order they were issued */
    int32_t count, cap;
    struct index_slots by_id /* the newest */, by_serial;
    uint64_t crl_number; /* of the newest list, 0 = none */
    int64_t crl_until_s;
    bool crl_lags;      /* something was revoked since */
    struct buf pending; /* lines not yet written */
    int fd;             /* -1: for reading only */
};

/* Opens and locks the index of a folder; for writing it is made when it is missing. ERR_BUSY: another process
 * has it; ERR_CORRUPT: a line that is none, told with its number. */
MUST_CHECK enum err index_open(const char *folder, bool writing, struct index *ret_index);
void index_close(struct index *index);

/* The newest certificate of an id, INDEX_NONE when there was none. */
int32_t index_of_id(const struct index *index, const char *id);
int32_t index_of_serial(const struct index *index, const char *serial);
/* Is it good for something at this moment: neither expired, nor revoked, nor past its grace? */
bool index_is_valid(const struct index_entry *entry, int64_t now_s);

/* Note a fact; nothing is on disk before index_commit. ERR_FULL, ERR_NOMEM. */
MUST_CHECK enum err index_add_issued(struct index *index, const struct pki_info *info, int64_t now_s);
MUST_CHECK enum err index_add_superseded(struct index *index, int32_t entry, int64_t revoke_at_s,
                                         int64_t now_s);
MUST_CHECK enum err index_add_revoked(struct index *index, int32_t entry, enum pki_reason reason,
                                      int64_t now_s);
MUST_CHECK enum err index_add_crl(struct index *index, uint64_t number, int64_t until_s, int64_t now_s);
MUST_CHECK enum err index_commit(struct index *index);

#endif
