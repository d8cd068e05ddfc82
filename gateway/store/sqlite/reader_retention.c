#include <stdio.h>

#include "store/sqlite/reader_sqlite.h"
#include "store/thin.h"

/* Inputs after the place up to which that thinning was done, and older than its days. */
static enum err count_due(struct reader *reader, const char *place, uint32_t days, int64_t *ret_due)
{
    char sql[400];

    *ret_due = 0;
    if (days == 0)
        return ERR_OK;
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM input WHERE n > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE "
             "key='%s'), "
             "0) AND n <= (SELECT snapshot_n FROM mark) AND t < (SELECT t FROM mark) - %lld",
             place, (long long)days * 86400000);
    return db_integer(reader->db, sql, 0, ret_due);
}

enum err reader_retention(struct reader *reader, const struct retention *retention,
                          struct reader_retention *ret_status)
{
    const uint32_t days[THIN_COUNT] = {retention->location_days, retention->health_days,
                                       retention->visitor_days};
    struct reader_retention status = {.oldest_ms = 0};
    char place[48];
    int64_t *due[THIN_COUNT] = {&status.location_due, &status.health_due, &status.visitor_due};
    enum err err = db_integer(reader->db, "SELECT t FROM input ORDER BY n LIMIT 1", 0, &status.oldest_ms);

    for (unsigned what = 0; what < THIN_COUNT && err == ERR_OK; what++) {
        snprintf(place, sizeof(place), "thinned.%s", thin_name((enum thin)what));
        err = count_due(reader, place, days[what], due[what]);
    }
    if (err == ERR_OK)
        err = count_due(reader, "archived", retention->input_days, &status.input_due);
    if (err == ERR_OK)
        err = db_integer(reader->db, "SELECT count(*) FROM input", 0, &status.inputs);
    if (err == ERR_OK)
        *ret_status = status;
    return err;
}
