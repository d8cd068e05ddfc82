/* The whole way of an event or an alert. An event is looked for by reading the input log once: the log has no
 * index on it, because that index would cost every event five times its insert, and `trace` is asked for by a
 * person. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "ingest/event_json.h"
#include "store/sqlite/reader_sqlite.h"
#include "store/sqlite/store_sqlite.h"

enum { SEQ_REACH = EVENT_BATCH_MAX + 256 /* how far an event's number may lie above its report's first */ };

/* "input":{…}: when it came and when it was on disk. */
static enum err put_input(struct reader *reader, const struct batch_input *input, struct buf *out)
{
    char id[ID_SIZE];
    sqlite3_stmt *s;
    enum err err = ERR_OK;

    json_member_integer("n", (int64_t)input->n, out);
    json_member_time(reader, "t", input->t_ms, out);
    json_member_text("kind", input_kind_name((enum input_kind)input->kind), out);
    if (input->device != REGISTRY_NONE) {
        err = registry_id_of(reader, REGISTRY_DEVICE, input->device, id);
        json_member_text("device", id, out);
    }
    if (err == ERR_OK && input->kind == INPUT_REPORT)
        buf_printf(out, ",\"lane\":\"%s\",\"epoch\":%u,\"seq\":%llu,\"count\":%u",
                   lane_name((enum lane)input->lane), input->epoch, (unsigned long long)input->first_seq,
                   input->count);
    if (err == ERR_OK)
        err = db_prepare(reader->db, "SELECT id FROM commits WHERE n >= ?1 ORDER BY n, id LIMIT 1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_u64(s, 1, input->n);
    int code = sqlite3_step(s);
    err = db_err(reader->db, code);
    if (code == SQLITE_ROW)
        err = json_committed(reader, sqlite3_column_int64(s, 0), out);
    sqlite3_finalize(s);
    return err;
}

/* The inputs at which an alert changed. */
static enum err put_inputs(struct reader *reader, const struct hash_id *alert, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db,
                              "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM input "
                              "WHERE n IN (SELECT n FROM transition WHERE alert=?1) ORDER BY n",
                              &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, alert->bytes, HASH_ID_SIZE);
    for (unsigned i = 0; err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW; i++) {
        struct batch_input input;
        input_of_row(s, &input);
        buf_puts(out, i == 0 ? "{" : ",{");
        err = put_input(reader, &input, out);
        buf_putc(out, '}');
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static enum err put_alert(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    char text[HASH_ID_TEXT];
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT json FROM alert WHERE id=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    hash_id_text(id, text);
    if (err == ERR_OK)
        buf_printf(out, "{\"alert\":\"%s\",\"now\":%s", text, db_text(s, 0));
    sqlite3_finalize(s);
    if (err != ERR_OK)
        return err;
    buf_puts(out, ",\"inputs\":[");
    err = put_inputs(reader, id, out);
    buf_puts(out, "],\"findings\":");
    if (err == ERR_OK)
        err = json_findings(reader, id, out);
    buf_puts(out, ",\"transitions\":");
    if (err == ERR_OK)
        err = json_transitions(reader, id, true, out);
    buf_puts(out, ",\"jobs\":");
    if (err == ERR_OK)
        err = json_jobs(reader, id, true, out);
    buf_putc(out, '}');
    return err;
}

/* The alerts that changed at an input. */
static enum err put_alerts_at(struct reader *reader, uint64_t n, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err =
        db_prepare(reader->db, "SELECT alert FROM transition WHERE n=?1 GROUP BY alert ORDER BY min(id)", &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    db_bind_u64(s, 1, n);
    for (unsigned i = 0; err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW; i++) {
        struct hash_id id;
        if (sqlite3_column_bytes(s, 0) != HASH_ID_SIZE) {
            err = ERR_CORRUPT;
            break;
        }
        memcpy(id.bytes, sqlite3_column_blob(s, 0), HASH_ID_SIZE);
        if (i != 0)
            buf_putc(out, ',');
        err = put_alert(reader, &id, out);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

/* "DEVICE/LANE/EPOCH/SEQ" */
static bool parse_key(const char *text, char device[ID_SIZE], struct event_key *ret_key)
{
    char parts[4][ID_SIZE];
    int64_t epoch, seq;

    for (unsigned i = 0; i < 4; i++) {
        size_t len = strcspn(text, "/");
        if (len == 0 || len >= ID_SIZE || (text[len] == '\0') != (i == 3))
            return false;
        memcpy(parts[i], text, len);
        parts[i][len] = '\0';
        text += len + (i < 3);
    }
    memcpy(device, parts[0], ID_SIZE);
    *ret_key = (struct event_key){.lane = LANE_NONE};
    for (unsigned lane = LANE_URGENT; lane < LANE_COUNT; lane++)
        if (strcmp(parts[1], lane_name((enum lane)lane)) == 0)
            ret_key->lane = (uint8_t)lane;
    if (ret_key->lane == LANE_NONE || !text_to_int(parts[2], 0, UINT32_MAX, &epoch) ||
        !text_to_int(parts[3], 0, INT64_MAX, &seq))
        return false;
    ret_key->epoch = (uint32_t)epoch;
    ret_key->seq = (uint64_t)seq;
    return text_is_id(device, strlen(device));
}

/* Appends the event's own part if the input holds it; ERR_NOT_FOUND otherwise. `events` has room for a
 * report. */
static enum err put_event(struct reader *reader, const struct batch_input *input, const struct event_key *key,
                          struct event *events, struct buf *out)
{
    struct input whole;
    enum err err = input_decode(input->n, input->t_ms, (enum input_kind)input->kind, input->blob, input->len,
                                events, &whole);

    for (unsigned i = 0; err == ERR_OK && i < whole.report.count; i++) {
        if (!event_key_equal(&events[i].key, key))
            continue;
        buf_puts(out, "\"event\":");
        event_to_json(&events[i], (events[i].flags & EVENT_NO_TIME) != 0 ? 0 : events[i].at_ms, reader->tz,
                      out);
        if ((events[i].flags & EVENT_LIFE_SAFETY) != 0)
            json_member_text("basis", "life_safety", out);
        buf_puts(out, ",\"input\":{");
        err = put_input(reader, input, out);
        buf_puts(out, "},\"alerts\":[");
        if (err == ERR_OK)
            err = put_alerts_at(reader, input->n, out);
        buf_putc(out, ']');
        return err;
    }
    return err == ERR_OK ? ERR_NOT_FOUND : err;
}

static enum err trace_event(struct reader *reader, const char *device, struct event_key *key, struct buf *out)
{
    sqlite3_stmt *s = NULL;
    struct event *events = NULL;
    int code = SQLITE_DONE;
    enum err err = registry_number_of(reader, REGISTRY_DEVICE, device, &key->device);

    if (err == ERR_OK)
        err = db_prepare(reader->db,
                         "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM input "
                         "WHERE device=?1 AND lane=?2 AND epoch=?3 AND seq<=?4 AND seq>?4-?5 ORDER BY n",
                         &s);
    if (err == ERR_OK && (events = calloc(EVENT_BATCH_MAX, sizeof(*events))) == NULL)
        err = ERR_NOMEM;
    if (err != ERR_OK)
        goto out;
    sqlite3_bind_int64(s, 1, key->device);
    sqlite3_bind_int(s, 2, key->lane);
    sqlite3_bind_int64(s, 3, key->epoch);
    db_bind_u64(s, 4, key->seq);
    sqlite3_bind_int(s, 5, SEQ_REACH);
    err = ERR_NOT_FOUND;
    while (err == ERR_NOT_FOUND && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct batch_input input;
        input_of_row(s, &input);
        err = put_event(reader, &input, key, events, out);
    }
    if (err == ERR_NOT_FOUND && code != SQLITE_DONE)
        err = db_err(reader->db, code);
out:
    free(events);
    sqlite3_finalize(s);
    return err;
}

enum err reader_trace(struct reader *reader, const char *key, struct buf *out)
{
    char device[ID_SIZE];
    struct event_key event;
    struct hash_id id;
    bool alert = hash_id_parse(key, &id) != 0;

    if (!alert && !parse_key(key, device, &event))
        return ERR_INVALID;
    enum err err = db_exec(reader->db, "BEGIN");
    if (err != ERR_OK)
        return err;
    if (alert) {
        err = put_alert(reader, &id, out);
    } else {
        buf_putc(out, '{');
        err = trace_event(reader, device, &event, out);
        buf_putc(out, '}');
    }
    (void)!db_exec(reader->db, "ROLLBACK");
    return err == ERR_OK && out->failed ? ERR_FULL : err;
}
