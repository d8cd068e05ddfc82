/* Inside the SQLite store: which rows of the county's database and of the files of days are about a person.
 * An export, a dry run and an erasure walk the same list, so that none of them knows of more than the others.
 */
#ifndef HUYANG_STORE_SQLITE_PERSON_ROWS_H
#define HUYANG_STORE_SQLITE_PERSON_ROWS_H

#include "registry/person.h"
#include "store/sqlite/db.h"

/* Parameters of `where` and of the others: ?1 resident's number, ?2 the household's when the person lives
 * there alone, else -1, ?3 the resident's id, ?4 the household's when alone, else NULL. */
struct person_rows {
    const char *table, *where;
    const char *erase; /* NULL: DELETE */
    bool internal;     /* the machine's own form of what other tables say: not exported */
};
extern const struct person_rows person_rows[];
enum { PERSON_ROWS = 22 };
/* And of a file of a day, attached as `day`. */
extern const struct person_rows person_day_rows[];
enum { PERSON_DAY_ROWS = 2 };

/* Makes the temporary tables that the list refers to: the person's alerts, devices, jobs, and inputs that are
 * no device's. They live as long as the connection. */
MUST_CHECK enum err person_sets(sqlite3 *db, const struct registry *registry, const struct person *person);
/* The inputs of `schema` ("main", "day") that name one of them. */
MUST_CHECK enum err person_inputs(sqlite3 *db, const char *schema, const struct person *person);
/* Reports that are not the person's (a camera of a home that others share) and name the person among who came
 * or went: the id is taken out of them, or they are only counted. *ret_count is added to. */
MUST_CHECK enum err person_unname(sqlite3 *db, const char *schema, const struct person *person, bool write,
                                  int64_t *ret_count);
void person_bind(sqlite3_stmt *s, const struct person *person);
MUST_CHECK enum err person_count(sqlite3 *db, const struct person_rows *rows, const struct person *person,
                                 int64_t *ret_count);

#endif
