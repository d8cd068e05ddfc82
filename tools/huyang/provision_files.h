/* The files of a certificate authority: read whole, replaced whole, on disk when a call returns. Faults are
 * told on standard error with the file's name; the caller only passes the error on. One thread. */
#ifndef HUYANG_TOOLS_PROVISION_FILES_H
#define HUYANG_TOOLS_PROVISION_FILES_H

#include <sys/types.h>

#include "core/buf.h"

enum { FILES_PATH_SIZE = 1024, FILES_MAX = 256 << 20 };

/* "folder/name"; ERR_RANGE when it is too long. */
MUST_CHECK enum err files_join(char path[FILES_PATH_SIZE], const char *folder, const char *name);
/* Appends the file. ERR_NOT_FOUND is not told: not every file must be there. */
MUST_CHECK enum err files_read_path(const char *path, struct buf *out);
MUST_CHECK enum err files_read(const char *folder, const char *name, struct buf *out);
/* Replaces the file: the old one or the new one is there at any moment, also after a power cut. For
 * root it keeps its owner: the broker and the gateway read theirs as users of their own. */
MUST_CHECK enum err files_write(const char *folder, const char *name, const struct buf *text, mode_t mode);
/* As files_write, without a sync: for a folder that nobody looks at until files_sync_all. */
MUST_CHECK enum err files_stage(const char *folder, const char *name, const struct buf *text, mode_t mode);
/* Everything of the folder's file system is on disk. */
MUST_CHECK enum err files_sync_all(const char *folder);
MUST_CHECK enum err files_sync_folder(const char *folder);
/* A folder that is there already is fine. */
MUST_CHECK enum err files_make_folder(const char *folder, mode_t mode);
MUST_CHECK enum err files_move(const char *from, const char *to);
/* Removes a folder with everything in it; one that is not there is fine. */
MUST_CHECK enum err files_remove_folder(const char *folder);
bool files_exist(const char *folder, const char *name);
/* The first line of a file (a passphrase): at most `size` - 1 bytes, not empty. */
MUST_CHECK enum err files_first_line(const char *path, char *line, size_t size);

/* Tells a fault on standard error: "huyang provision: WHAT: WHY". */
void files_fault(const char *what, const char *why);

#endif
