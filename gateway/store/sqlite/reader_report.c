/* The facts of a report, one alert at a time: a walk along the index of alerts by opening time, with a short
 * look at each one's transitions, rows and first event by the indexes there are. Nothing is sorted or kept.
 */
#include <string.h>

#include "alert/campaign.h"
#include "core/json.h"
#include "core/text.h"
#include "registry/live.h"
#include "store/sqlite/reader_sqlite.h"

struct walk {
    struct reader *reader;
    sqlite3_stmt *transitions, *rows, *device;
    struct report_fact fact;
    int64_t opened_n; /* input at which it opened */
};

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* What came of it, from "call: safe. <note>"; OUTCOME_NONE when `why` is not of this kind. */
static enum outcome outcome_after(const char *why, const char *start)
{
    if (!begins_with(why, start))
        return OUTCOME_NONE;
    why += strlen(start);
    const size_t len = strcspn(why, ".");
    for (unsigned i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
        const char *name = outcome_name((enum outcome)i);
        if (strlen(name) == len && strncmp(why, name, len) == 0)
            return (enum outcome)i;
    }
    return OUTCOME_NONE;
}

/* One transition: how high the alert stood, and whether a person answered. */
static void read_transition(struct walk *walk, sqlite3_stmt *s)
{
    struct report_fact *fact = &walk->fact;
    int64_t t_ms = sqlite3_column_int64(s, 0);
    int kind = sqlite3_column_int(s, 1);
    const char *why = db_text(s, 2);
    enum level level = level_from_name(db_text(s, 3));
    enum outcome called = outcome_after(why, "call: "), visited = outcome_after(why, "visit: ");
    if (kind == TRANSITION_OPENED)
        walk->opened_n = sqlite3_column_int64(s, 4);
    if (level < LEVEL_COUNT && level > (enum level)fact->level)
        fact->level = (uint8_t)level;
    if (level < LEVEL_COUNT && level >= LEVEL_ORANGE && !fact->urgent_ms) {
        fact->urgent_ms = t_ms;
        fact->answered_ms = 0; /* whoever took it took a lesser one */
    }
    if (!fact->answered_ms &&
        (kind == TRANSITION_ACKNOWLEDGED || kind == TRANSITION_CLOSED || called || visited))
        fact->answered_ms = t_ms;
    const bool seen = visited == OUTCOME_SEEN_WELL || visited == OUTCOME_SEEN_NEEDS_HELP;
    fact->was_called |= called == OUTCOME_SAFE || called == OUTCOME_NEEDS_HELP;
    fact->was_seen |= seen;
    fact->verified |= seen || (called != OUTCOME_NONE && called != OUTCOME_WRONG_NUMBER) ||
                      begins_with(why, ALERT_WHY_UNANSWERED);
}

static enum err read_transitions(struct walk *walk)
{
    sqlite3_stmt *s = walk->transitions;
    int code;
    db_bind_blob(s, 1, walk->fact.id.bytes, HASH_ID_SIZE);
    while ((code = sqlite3_step(s)) == SQLITE_ROW)
        read_transition(walk, s);
    enum err err = db_err(walk->reader->db, code);
    sqlite3_reset(s);
    return err;
}

static enum err read_rows(struct walk *walk)
{
    sqlite3_stmt *s = walk->rows;
    int code;
    db_bind_blob(s, 1, walk->fact.id.bytes, HASH_ID_SIZE);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        int kind = sqlite3_column_int(s, 0), state = sqlite3_column_int(s, 1);
        walk->fact.prompts += kind == JOB_PROMPT;
        walk->fact.prompts_played += kind == JOB_PROMPT && state == DELIVERY_PLAYED;
        walk->fact.police += kind == JOB_POLICE;
    }
    enum err err = db_err(walk->reader->db, code);
    sqlite3_reset(s);
    return err;
}

static enum err read_device(struct walk *walk)
{
    sqlite3_stmt *s = walk->device;
    sqlite3_bind_int64(s, 1, walk->opened_n);
    sqlite3_bind_int(s, 2, walk->fact.subject.kind);
    sqlite3_bind_int64(s, 3, walk->fact.subject.no);
    sqlite3_bind_int(s, 4, walk->fact.family);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        walk->fact.device = db_number(s, 0);
    enum err err = db_err(walk->reader->db, code);
    sqlite3_reset(s);
    return err;
}

static enum err read_json(struct walk *walk, sqlite3_stmt *s)
{
    struct json *root;
    enum err err =
        json_parse((const char *)sqlite3_column_text(s, 5), (size_t)sqlite3_column_bytes(s, 5), &root, NULL);
    if (err != ERR_OK)
        return err == ERR_NOMEM ? err : ERR_CORRUPT;
    const char *disposition = json_string(json_get(root, "disposition"));
    walk->fact.disposition =
        (uint8_t)(disposition != NULL ? disposition_from_name(disposition) : DISPOSITION_NONE);
    walk->fact.exercise = json_get(root, "exercise") != NULL;
    const struct json *findings = json_get(root, "findings");
    for (size_t i = 0; i < json_count(findings); i++) {
        const char *name = json_string(json_get(json_at(findings, i), "detector"));
        unsigned detector = name != NULL ? detector_find(name) : detector_count();
        if (detector < detector_count() && detector < REPORT_DETECTORS_MAX)
            walk->fact.detectors |= UINT64_C(1) << detector;
    }
    json_free(root);
    return ERR_OK;
}

static enum err read_alert(struct walk *walk, sqlite3_stmt *s)
{
    if (sqlite3_column_bytes(s, 0) != HASH_ID_SIZE)
        return ERR_CORRUPT;
    walk->opened_n = 0;
    walk->fact =
        (struct report_fact){.opened_ms = sqlite3_column_int64(s, 1),
                             .subject = {.kind = (uint8_t)sqlite3_column_int(s, 2), .no = db_number(s, 3)},
                             .family = (uint8_t)sqlite3_column_int(s, 4),
                             .device = REGISTRY_NONE};
    memcpy(walk->fact.id.bytes, sqlite3_column_blob(s, 0), HASH_ID_SIZE);
    enum err err = read_json(walk, s);
    if (err == ERR_OK)
        err = read_transitions(walk);
    if (err == ERR_OK)
        err = read_rows(walk);
    return err == ERR_OK ? read_device(walk) : err;
}

enum err reader_report(struct reader *reader, int64_t from_ms, int64_t to_ms,
                       enum err (*fn)(void *self, const struct report_fact *fact), void *self)
{
    struct walk walk = {.reader = reader};
    sqlite3_stmt *s = NULL;
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db,
                              "SELECT id, opened, subject_kind, subject_no, family, json FROM alert "
                              "WHERE opened >= ?1 AND opened < ?2 ORDER BY opened, id",
                              &s);
    if (err == ERR_OK)
        err =
            db_prepare(reader->db,
                       "SELECT t, kind, why, json_extract(line, '$.level'), n FROM transition WHERE alert=?1 "
                       "ORDER BY number",
                       &walk.transitions);
    if (err == ERR_OK)
        err = db_prepare(reader->db, "SELECT job_kind, state FROM outbox WHERE alert=?1", &walk.rows);
    if (err == ERR_OK)
        err = db_prepare(
            reader->db,
            "SELECT device FROM finding WHERE n=?1 AND subject_kind=?2 AND subject_no=?3 AND family=?4 "
            "AND device IS NOT NULL ORDER BY id LIMIT 1",
            &walk.device);
    if (err == ERR_OK) {
        sqlite3_bind_int64(s, 1, from_ms);
        sqlite3_bind_int64(s, 2, to_ms);
    }
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        err = read_alert(&walk, s);
        if (err == ERR_OK)
            err = fn(self, &walk.fact);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(walk.transitions);
    sqlite3_finalize(walk.rows);
    sqlite3_finalize(walk.device);
    sqlite3_finalize(s);
    return err;
}

/* Gives each row's number to fn, until one fails, and ends the statement. */
static enum err each_number(struct reader *reader, sqlite3_stmt *s, enum err (*fn)(void *self, uint32_t no),
                            void *self)
{
    int code = SQLITE_DONE;
    enum err err = ERR_OK;
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = fn(self, (uint32_t)sqlite3_column_int64(s, 0));
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_campaign_heard(struct reader *reader, int64_t from_ms, int64_t to_ms,
                               enum err (*fn)(void *self, uint32_t resident), void *self)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(
        reader->db, "SELECT DISTINCT resident FROM campaign_person WHERE reach = ?1 AND t >= ?2 AND t < ?3",
        &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int(s, 1, REACH_HEARD);
    sqlite3_bind_int64(s, 2, from_ms);
    sqlite3_bind_int64(s, 3, to_ms);
    return each_number(reader, s, fn, self);
}

enum err reader_heard(struct reader *reader, int64_t since_ms, enum err (*fn)(void *self, uint32_t device),
                      void *self)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT DISTINCT key / 4 FROM watermark WHERE last_ms >= ?1", &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, since_ms);
    return each_number(reader, s, fn, self);
}

enum err reader_devices(struct reader *reader,
                        enum err (*fn)(void *self, uint32_t device, const struct live_device_row *row),
                        void *self)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db,
                              "SELECT no, version, value FROM state WHERE tbl = (SELECT id FROM state_table "
                              "WHERE name = 'live.device') ORDER BY no",
                              &s);
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct live_device_row row;
        if (live_read_device((uint16_t)sqlite3_column_int(s, 1), sqlite3_column_blob(s, 2),
                             (size_t)sqlite3_column_bytes(s, 2), &row) == ERR_OK)
            err = fn(self, (uint32_t)sqlite3_column_int64(s, 0), &row);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}
