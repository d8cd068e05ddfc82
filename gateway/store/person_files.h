/* The registry folder that a county imports from, as far as an erasure goes: a person's lines out of its
 * files. */
#ifndef HUYANG_STORE_PERSON_FILES_H
#define HUYANG_STORE_PERSON_FILES_H

#include "registry/person.h"

/* Takes the person's lines out of the folder's files, each file by a new one in its place; other lines stay
 * as they are. `write` false: only counts. *ret_lines is added to. ERR_NOT_FOUND: there is no such folder;
 * ERR_INVALID: a file cannot be read as what it should be, and stays as it is (named in `errors`). */
MUST_CHECK enum err person_scrub_folder(const struct person *person, const char *folder, bool write,
                                        struct buf *errors, uint64_t *ret_lines);
/* The same for the text of one table's file, which ends in NUL behind `len` bytes: what it becomes is
 * appended to `out`, which needs room for twice the text. Pure. */
MUST_CHECK enum err person_scrub_text(const struct person *person, enum registry_table table,
                                      const char *text, size_t len, struct buf *out, struct buf *errors,
                                      uint64_t *ret_lines);

#endif
