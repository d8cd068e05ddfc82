/* Comma-separated values as people export them (RFC 4180): quotes, line breaks inside quotes, LF or CRLF, a
 * byte order mark. Not a general reader: one record at a time, in place, with the limits of the registry
 * folder.
 *
 * Ownership: the caller owns the text, which is overwritten while it is read; a record's values point into
 * it. One thread. */
#ifndef HUYANG_REGISTRY_CSV_H
#define HUYANG_REGISTRY_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CSV_LINE_MAX = 65536, /* bytes of a record, line breaks inside quotes included */
    CSV_FIELDS_MAX = 64,  /* fields of a record */
    CSV_REASON_SIZE = 160
};

struct csv {
    char *at, *end;
    uint32_t line;       /* of the next record, from 1 */
    bool seen_multibyte; /* a well-formed character outside ASCII was read: the file is UTF-8 */
    /* Where and why, after CSV_BAD. The column counts fields from 1; 0 = the line as a whole. */
    uint32_t bad_line, bad_column;
    char reason[CSV_REASON_SIZE];
};

struct csv_record {
    uint32_t line; /* on which it starts */
    uint32_t count;
    char *values[CSV_FIELDS_MAX]; /* each ended by NUL */
};

enum csv_result {
    CSV_END,    /* nothing is left */
    CSV_RECORD, /* one record; empty lines are skipped */
    CSV_BAD     /* a line that cannot be read was skipped; the reader goes on after it, or ends when the whole
                   file is hopeless */
};

/* `data` has `len` bytes and one more that may be written. */
void csv_init(struct csv *csv, char *data, size_t len);
enum csv_result csv_next(struct csv *csv, struct csv_record *ret_record);
/* Are the bytes well-formed GBK or GB 18030, with at least one Chinese character? */
bool csv_looks_like_gbk(const char *data, size_t len);

#endif
