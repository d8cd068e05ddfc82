/* A roll-out as it stands, and a line of its history whenever it moved. */
#include "alert/rollout.h"

#include <stdio.h>

#include "store/sqlite/store_sqlite.h"

/* The counts of the last look, as members of the API's object. */
static void counts_text(const struct rollout_counts *counts, char text[256])
{
    snprintf(text, 256,
             "\"audience\":%u,\"members\":%u,\"asked\":%u,\"pending\":%u,\"acked\":%u,\"refused\":%u,"
             "\"judged\":%u,\"troubled\":%u,\"rest\":%u,\"rest_troubled\":%u",
             counts->audience, counts->members, counts->asked, counts->pending, counts->acked,
             counts->refused, counts->judged, counts->troubled, counts->rest, counts->rest_troubled);
}

enum err store_put_rollout(sqlite3_stmt *row, sqlite3_stmt *event, const struct rollout *rollout)
{
    char stages[ROLLOUT_STAGES_TEXT], counts[256];

    rollout_stages_text(&rollout->order, stages);
    counts_text(&rollout->counts, counts);
    db_bind_blob(row, 1, rollout->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(row, 2, rollout->t_ms);
    db_bind_text(row, 3, rollout->by);
    db_bind_text(row, 4, rollout->note);
    sqlite3_bind_int64(row, 5, rollout->order.interval_s);
    db_bind_text(row, 6, stages);
    sqlite3_bind_int(row, 7, rollout->order.acked_permille);
    sqlite3_bind_int(row, 8, rollout->order.trouble_permille);
    sqlite3_bind_int64(row, 9, rollout->order.watch_s);
    sqlite3_bind_int64(row, 10, rollout->order.per_minute);
    db_bind_text(row, 11, rollout->order.territory);
    db_bind_text(row, 12, rollout->order.firmware);
    sqlite3_bind_int(row, 13, rollout->state);
    sqlite3_bind_int(row, 14, rollout->stage);
    sqlite3_bind_int(row, 15, rollout->verdict);
    db_bind_text(row, 16, counts);
    enum err err = db_run(row);
    if (err != ERR_OK)
        return err;
    db_bind_blob(event, 1, rollout->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(event, 2, rollout->changed_ms);
    sqlite3_bind_int(event, 3, rollout->state);
    sqlite3_bind_int(event, 4, rollout->stage);
    db_bind_text(event, 5, rollout->changed_by);
    db_bind_text(event, 6, rollout->why);
    return db_run(event);
}
