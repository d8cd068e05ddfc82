/* One batch, one transaction. The cost of a routine event is its row in `input` and its share of a watermark:
 * about 3 us at 500 events a commit. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "detect/detector.h"
#include "store/sqlite/store_sqlite.h"

struct commit {
    struct store *store;
    struct store_position at; /* as it will be */
    uint64_t n;               /* of the last INPUT item, or of the commit before */
    struct buf scratch;
    bool has_state, state_done;
};

static sqlite3_stmt *statement(const struct commit *commit, enum statement which)
{
    return commit->store->statements[which];
}

static enum err put_input(struct commit *commit, const struct batch_input *input)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_INPUT);
    bool report = input->kind == INPUT_REPORT;

    db_bind_u64(s, 1, input->n);
    sqlite3_bind_int64(s, 2, input->t_ms);
    sqlite3_bind_int(s, 3, input->kind);
    db_bind_number(s, 4, input->device);
    for (int i = 5; i <= 8 && !report; i++)
        sqlite3_bind_null(s, i);
    if (report) {
        sqlite3_bind_int(s, 5, input->lane);
        sqlite3_bind_int64(s, 6, input->epoch);
        db_bind_u64(s, 7, input->first_seq);
        sqlite3_bind_int(s, 8, input->count);
    }
    db_bind_blob(s, 9, input->blob, input->len);
    commit->n = input->n;
    if (input->n > commit->at.mark.last_n)
        commit->at.mark.last_n = input->n;
    return db_run(s);
}

/* A JSON list; what is not a number of JSON becomes null. */
static void write_numbers(const struct finding *finding, char *text, size_t size)
{
    size_t len = 0;

    for (unsigned i = 0; i < FINDING_NUMBERS; i++) {
        const char *lead = i == 0 ? "[" : ",";
        int written = isfinite(finding->numbers[i])
                          ? snprintf(text + len, size - len, "%s%.15g", lead, finding->numbers[i])
                          : snprintf(text + len, size - len, "%snull", lead);
        len += (size_t)written;
    }
    snprintf(text + len, size - len, "]");
}

static enum err put_finding(struct commit *commit, const struct batch_finding *item)
{
    const struct finding *finding = &item->finding;
    const struct event_key *key = &finding->evidence[0];
    sqlite3_stmt *s = statement(commit, STATEMENT_FINDING);
    char numbers[FINDING_NUMBERS * 32];

    assert(finding->detector < detector_count());
    write_numbers(finding, numbers, sizeof(numbers));
    sqlite3_bind_int64(s, 1, commit->at.commit_id);
    db_bind_u64(s, 2, item->n);
    sqlite3_bind_int64(s, 3, finding->t_ms);
    sqlite3_bind_int64(s, 4, finding->at_ms);
    db_bind_text(s, 5, detectors[finding->detector]->name);
    db_bind_text(s, 6, finding_code(finding));
    db_bind_text(s, 7, numbers);
    sqlite3_bind_int(s, 8, finding->subject.kind);
    sqlite3_bind_int64(s, 9, finding->subject.no);
    sqlite3_bind_int(s, 10, finding->family);
    sqlite3_bind_int(s, 11, finding->level);
    sqlite3_bind_double(s, 12, finding->score);
    sqlite3_bind_int(s, 13, finding->flags);
    for (int i = 14; i <= 17; i++)
        sqlite3_bind_null(s, i);
    if (finding->evidence_count != 0) {
        db_bind_number(s, 14, key->device);
        sqlite3_bind_int(s, 15, key->lane);
        sqlite3_bind_int64(s, 16, key->epoch);
        db_bind_u64(s, 17, key->seq);
    }
    return db_run(s);
}

static enum err put_transition(struct commit *commit, const struct batch_transition *item)
{
    const struct transition *transition = &item->transition;
    sqlite3_stmt *s = statement(commit, STATEMENT_TRANSITION);
    uint8_t hash[SHA256_SIZE], digest[SHA256_SIZE], salt[CHAIN_SALT_SIZE];
    const struct chain_detail detail = {.salt = salt,
                                        .by = transition->by,
                                        .why = transition->why,
                                        .line = item->line,
                                        .line_len = item->len};
    struct chain_row row = {.n = item->n != 0 ? item->n : commit->n,
                            .t_ms = transition->t_ms,
                            .alert = transition->alert.bytes,
                            .number = transition->number,
                            .kind = transition->kind,
                            .digest = digest};

    sqlite3_randomness(sizeof(salt), salt);
    chain_digest(&detail, &commit->scratch, digest);
    chain_next(commit->at.chain, &row, &commit->scratch, hash);
    if (commit->scratch.failed)
        return ERR_NOMEM;
    sqlite3_bind_int64(s, 1, commit->at.commit_id);
    db_bind_u64(s, 2, row.n);
    sqlite3_bind_int64(s, 3, transition->t_ms);
    db_bind_blob(s, 4, transition->alert.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 5, transition->number);
    sqlite3_bind_int(s, 6, transition->kind);
    db_bind_text(s, 7, transition->by);
    db_bind_text(s, 8, transition->why);
    sqlite3_bind_text64(s, 9, item->len != 0 ? item->line : "", item->len, SQLITE_STATIC, SQLITE_UTF8);
    db_bind_blob(s, 10, hash, sizeof(hash));
    db_bind_blob(s, 11, digest, sizeof(digest));
    db_bind_blob(s, 12, salt, sizeof(salt));
    enum err err = db_run(s);
    if (err != ERR_OK)
        return err;
    if (sqlite3_changes(commit->store->db) == 1)
        memcpy(commit->at.chain, hash, sizeof(hash));
    else
        log_write(LOG_WARN, "store.transition", "a transition of this number is there already\tnumber=%u",
                  transition->number);
    return ERR_OK;
}

static enum err put_alert(struct commit *commit, const struct batch_alert *alert)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_ALERT);

    db_bind_blob(s, 1, alert->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, alert->opened_ms);
    sqlite3_bind_int64(s, 3, alert->changed_ms);
    sqlite3_bind_int(s, 4, alert->subject.kind);
    sqlite3_bind_int64(s, 5, alert->subject.no);
    sqlite3_bind_int(s, 6, alert->family);
    sqlite3_bind_int(s, 7, alert->level);
    sqlite3_bind_int(s, 8, alert->state);
    sqlite3_bind_int(s, 9, alert->acknowledged);
    sqlite3_bind_text64(s, 10, alert->len != 0 ? alert->json : "", alert->len, SQLITE_STATIC, SQLITE_UTF8);
    return db_run(s);
}

static enum err put_job(struct commit *commit, const struct outbox_row *row)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_JOB);

    db_bind_blob(s, 1, row->id.bytes, HASH_ID_SIZE);
    db_bind_blob(s, 2, row->alert.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 3, commit->at.commit_id);
    sqlite3_bind_int64(s, 4, row->created_ms);
    sqlite3_bind_int64(s, 5, row->expires_ms);
    db_bind_number(s, 6, row->device);
    sqlite3_bind_int(s, 7, row->channel);
    sqlite3_bind_int(s, 8, row->job_kind);
    sqlite3_bind_int(s, 9, row->level);
    sqlite3_bind_int(s, 10, row->role);
    sqlite3_bind_int(s, 11, row->target);
    db_bind_text(s, 12, row->target_name);
    sqlite3_bind_int(s, 13, row->unpersisted);
    db_bind_blob(s, 14, row->body, row->len);
    sqlite3_bind_int(s, 15, DELIVERY_QUEUED);
    return db_run(s);
}

static enum err put_delivery(struct commit *commit, const struct batch_delivery *delivery)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_DELIVERY);

    sqlite3_bind_int64(s, 1, commit->at.commit_id);
    db_bind_blob(s, 2, delivery->job.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 3, delivery->t_ms);
    sqlite3_bind_int(s, 4, delivery->state);
    db_bind_text(s, 5, delivery->reason);
    enum err err = db_run(s);
    if (err != ERR_OK)
        return err;
    s = statement(commit, STATEMENT_JOB_STATE);
    db_bind_blob(s, 1, delivery->job.bytes, HASH_ID_SIZE);
    sqlite3_bind_int(s, 2, delivery->state);
    sqlite3_bind_int64(s, 3, delivery->t_ms);
    db_bind_text(s, 4, delivery->reason);
    sqlite3_bind_int(s, 5, delivery_is_final((enum delivery_state)delivery->state));
    return db_run(s);
}

/* A new epoch takes the row of the one before, which moves to the side: then, and only then, three more
 * statements. */
static enum err turn_epoch(struct commit *commit, sqlite3_int64 key, uint32_t epoch)
{
    sqlite3_stmt *away = statement(commit, STATEMENT_EPOCH_AWAY),
                 *back = statement(commit, STATEMENT_EPOCH_BACK);

    sqlite3_bind_int64(away, 1, key);
    enum err err = db_run(away);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(back, 1, key);
    sqlite3_bind_int64(back, 2, epoch);
    return db_run(back);
}

static enum err put_watermark(struct commit *commit, const struct batch_watermark *mark)
{
    sqlite3_int64 key = (sqlite3_int64)mark->device * 4 + mark->lane;
    unsigned char window[sizeof(mark->window)];
    enum err err = ERR_OK;

    for (unsigned i = 0; i < sizeof(window); i++)
        window[i] = (unsigned char)(mark->window[i / 8] >> (8 * (i % 8)));
    for (unsigned which = STATEMENT_WATERMARK; err == ERR_OK; which = STATEMENT_EPOCH_NEW) {
        sqlite3_stmt *s = statement(commit, (enum statement)which);
        sqlite3_bind_int64(s, 1, key);
        sqlite3_bind_int64(s, 2, mark->epoch);
        db_bind_u64(s, 3, mark->base);
        db_bind_u64(s, 4, mark->seen);
        sqlite3_bind_int64(s, 5, mark->last_ms);
        if ((mark->window[0] | mark->window[1] | mark->window[2] | mark->window[3]) == 0)
            sqlite3_bind_null(s, 6);
        else
            db_bind_blob(s, 6, window, sizeof(window));
        err = db_run(s);
        if (err != ERR_OK || sqlite3_changes(commit->store->db) != 0 || which == STATEMENT_EPOCH_NEW)
            return err;
        err = turn_epoch(commit, key, mark->epoch);
    }
    return err;
}

static enum err put_gap(struct commit *commit, const struct batch_gap *gap)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_GAP);

    sqlite3_bind_int64(s, 1, gap->device);
    sqlite3_bind_int(s, 2, gap->lane);
    sqlite3_bind_int64(s, 3, gap->epoch);
    db_bind_u64(s, 4, gap->from);
    db_bind_u64(s, 5, gap->to);
    sqlite3_bind_int64(s, 6, gap->t_ms);
    return db_run(s);
}

/* The number of a state table's name, given at its first use. */
static enum err state_table(struct commit *commit, const char *name, int *ret_id)
{
    struct store *store = commit->store;

    for (unsigned i = 0; i < commit->at.state_tables; i++)
        if (strcmp(store->names[i], name) == 0) {
            *ret_id = (int)i + 1;
            return ERR_OK;
        }
    assert(commit->at.state_tables < STORE_STATE_TABLES);
    bool fits = text_copy(store->names[commit->at.state_tables], ID_SIZE, name);
    assert(fits);
    *ret_id = (int)++commit->at.state_tables;
    sqlite3_stmt *s = statement(commit, STATEMENT_STATE_TABLE);
    sqlite3_bind_int(s, 1, *ret_id);
    db_bind_text(s, 2, name);
    return db_run(s);
}

static enum err put_state(struct commit *commit, const struct batch_state *state)
{
    int id;
    enum err err = state_table(commit, state->table, &id);

    if (err != ERR_OK)
        return err;
    commit->has_state = true;
    sqlite3_stmt *s = statement(commit, state->len == 0 ? STATEMENT_STATE_GONE : STATEMENT_STATE);
    sqlite3_bind_int(s, 1, id);
    sqlite3_bind_int64(s, 2, state->no);
    if (state->len != 0) {
        sqlite3_bind_int(s, 3, state->version);
        db_bind_blob(s, 4, state->value, state->len);
    }
    return db_run(s);
}

static enum err put_silence(struct commit *commit, const struct silence *silence)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_SILENCE);

    db_bind_blob(s, 1, silence->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, silence->t_ms);
    sqlite3_bind_int64(s, 3, silence->until_ms);
    sqlite3_bind_int(s, 4, silence->subject.kind);
    sqlite3_bind_int64(s, 5, silence->subject.no);
    sqlite3_bind_int(s, 6, silence->family);
    db_bind_text(s, 7, silence->by);
    db_bind_text(s, 8, silence->why);
    sqlite3_bind_int64(s, 9, silence->removed_ms);
    db_bind_text(s, 10, silence->removed_by);
    return db_run(s);
}

static enum err put_roster(struct commit *commit, const struct roster_change *change)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_ROSTER);

    db_bind_blob(s, 1, change->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, change->t_ms);
    sqlite3_bind_int64(s, 3, change->from_ms);
    sqlite3_bind_int64(s, 4, change->until_ms);
    sqlite3_bind_int64(s, 5, change->order);
    db_bind_text(s, 6, change->roster);
    db_bind_text(s, 7, change->person);
    db_bind_text(s, 8, change->instead);
    db_bind_text(s, 9, change->by);
    db_bind_text(s, 10, change->why);
    sqlite3_bind_int64(s, 11, change->removed_ms);
    db_bind_text(s, 12, change->removed_by);
    return db_run(s);
}

static enum err put_announcement(struct commit *commit, const struct announcement *announcement)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_ANNOUNCEMENT);

    db_bind_blob(s, 1, announcement->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, announcement->t_ms);
    sqlite3_bind_int64(s, 3, announcement->from_ms);
    sqlite3_bind_int64(s, 4, announcement->until_ms);
    sqlite3_bind_int64(s, 5, announcement->territory);
    db_bind_text(s, 6, announced_name((enum announced)announcement->kind));
    db_bind_text(s, 7, announcement->by);
    db_bind_text(s, 8, announcement->note);
    sqlite3_bind_int64(s, 9, announcement->removed_ms);
    db_bind_text(s, 10, announcement->removed_by);
    return db_run(s);
}

static enum err put_suppression(struct commit *commit, const struct batch_suppression *item)
{
    static const struct hash_id none;
    const struct suppression *held = &item->suppression;
    sqlite3_stmt *s = statement(commit, STATEMENT_SUPPRESSION);

    sqlite3_bind_int64(s, 1, commit->at.commit_id);
    sqlite3_bind_int64(s, 2, held->t_ms);
    db_bind_blob(s, 3, held->job.alert.bytes, HASH_ID_SIZE);
    sqlite3_bind_int(s, 4, held->job.kind);
    sqlite3_bind_int(s, 5, held->job.level);
    sqlite3_bind_int(s, 6, held->job.role);
    db_bind_text(s, 7, held->job.prompt);
    db_bind_text(s, 8, item->who);
    db_bind_text(s, 9, suppression_rule_name((enum suppression_rule)held->rule));
    if (memcmp(&held->silence, &none, sizeof(none)) == 0)
        sqlite3_bind_null(s, 10);
    else
        db_bind_blob(s, 10, held->silence.bytes, HASH_ID_SIZE);
    db_bind_text(s, 11, held->by);
    db_bind_text(s, 12, held->why);
    return db_run(s);
}

/* What happened to a task, an entry of the ledger or a handover: all three histories begin alike. */
#define BIND_EVENT(commit, which, of, event)                                                                 \
    bind_event(commit, which, of, (event)->number, (event)->t_ms, (event)->kind, (event)->by, (event)->why)
static sqlite3_stmt *bind_event(const struct commit *commit, enum statement which, const struct hash_id *of,
                                uint32_t number, int64_t t_ms, uint8_t kind, const char *by, const char *why)
{
    sqlite3_stmt *s = statement(commit, which);
    sqlite3_bind_int64(s, 1, commit->at.commit_id);
    db_bind_blob(s, 2, of->bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 3, number);
    sqlite3_bind_int64(s, 4, t_ms);
    sqlite3_bind_int(s, 5, kind);
    db_bind_text(s, 6, by);
    db_bind_text(s, 7, why);
    return s;
}

static enum err put_task(struct commit *commit, const struct batch_task *item)
{
    const struct task *task = &item->task;
    sqlite3_stmt *s = statement(commit, STATEMENT_TASK);

    db_bind_blob(s, 1, task->id.bytes, HASH_ID_SIZE);
    db_bind_blob(s, 2, task->alert.bytes, HASH_ID_SIZE);
    sqlite3_bind_int(s, 3, task->kind);
    sqlite3_bind_int(s, 4, task->state);
    sqlite3_bind_int(s, 5, task->role);
    db_bind_text(s, 6, task->assignee);
    sqlite3_bind_int64(s, 7, task->opened_ms);
    sqlite3_bind_int64(s, 8, task->due_ms);
    sqlite3_bind_int64(s, 9, task->changed_ms);
    sqlite3_bind_text64(s, 10, item->json, item->len, SQLITE_STATIC, SQLITE_UTF8);
    enum err err = db_run(s);
    if (err != ERR_OK)
        return err;
    return db_run(BIND_EVENT(commit, STATEMENT_TASK_EVENT, &task->id, &item->event));
}

static enum err put_ledger(struct commit *commit, const struct batch_ledger *item)
{
    const struct ledger_entry *entry = &item->entry;
    sqlite3_stmt *s = statement(commit, STATEMENT_LEDGER);

    db_bind_blob(s, 1, entry->alert.bytes, HASH_ID_SIZE);
    sqlite3_bind_int(s, 2, entry->state);
    sqlite3_bind_int(s, 3, entry->family);
    db_bind_text(s, 4, entry->responsible);
    sqlite3_bind_int64(s, 5, entry->opened_ms);
    sqlite3_bind_int64(s, 6, entry->due_ms);
    sqlite3_bind_int64(s, 7, entry->changed_ms);
    sqlite3_bind_int64(s, 8, entry->closed_ms);
    sqlite3_bind_text64(s, 9, item->json, item->len, SQLITE_STATIC, SQLITE_UTF8);
    enum err err = db_run(s);
    if (err != ERR_OK)
        return err;
    s = BIND_EVENT(commit, STATEMENT_LEDGER_EVENT, &entry->alert, &item->event);
    sqlite3_bind_text64(s, 8, item->json, item->len, SQLITE_STATIC, SQLITE_UTF8);
    return db_run(s);
}

static enum err put_handover(struct commit *commit, const struct batch_handover *item)
{
    const struct handover *handover = &item->handover;
    sqlite3_stmt *s = statement(commit, STATEMENT_HANDOVER);

    db_bind_blob(s, 1, handover->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, handover->t_ms);
    sqlite3_bind_int(s, 3, handover->state);
    sqlite3_bind_int64(s, 4, handover->due_ms);
    db_bind_text(s, 5, handover->territory);
    sqlite3_bind_text64(s, 6, item->json, item->len, SQLITE_STATIC, SQLITE_UTF8);
    enum err err = db_run(s);
    if (err != ERR_OK)
        return err;
    return db_run(BIND_EVENT(commit, STATEMENT_HANDOVER_EVENT, &handover->id, &item->event));
}

static enum err put_spoken(struct commit *commit, const struct batch_spoken *item)
{
    static const uint8_t none[SHA256_SIZE];
    const struct prompt_spoken *spoken = &item->spoken;
    sqlite3_stmt *s = statement(commit, STATEMENT_SPOKEN);

    db_bind_blob(s, 1, item->job.bytes, HASH_ID_SIZE);
    db_bind_text(s, 2, spoken->prompt);
    db_bind_text(s, 3, spoken->language);
    sqlite3_bind_int(s, 4, spoken->manner);
    sqlite3_bind_int(s, 5, spoken->named);
    db_bind_text(s, 6, spoken->catalogue);
    if (memcmp(spoken->clip, none, sizeof(none)) == 0)
        sqlite3_bind_null(s, 7);
    else
        db_bind_blob(s, 7, spoken->clip, sizeof(spoken->clip));
    return db_run(s);
}

static enum err put_campaign(struct commit *commit, const struct campaign *campaign)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_CAMPAIGN);

    db_bind_blob(s, 1, campaign->id.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, campaign->t_ms);
    db_bind_text(s, 3, campaign->by);
    db_bind_text(s, 4, campaign->note);
    db_bind_text(s, 5, campaign->prompt);
    db_bind_text(s, 6, campaign->order.category);
    db_bind_text(s, 7, campaign->order.territory);
    sqlite3_bind_int(s, 8, campaign->order.count);
    sqlite3_bind_int64(s, 9, campaign->order.start_ms);
    sqlite3_bind_int64(s, 10, campaign->order.end_ms);
    sqlite3_bind_int64(s, 11, campaign->order.per_minute);
    sqlite3_bind_int(s, 12, campaign->state);
    sqlite3_bind_int64(s, 13, campaign->ended_ms);
    db_bind_text(s, 14, campaign->ended_by);
    return db_run(s);
}

static enum err put_reach(struct commit *commit, const struct batch_reach *reach)
{
    sqlite3_stmt *s = statement(commit, STATEMENT_REACH);

    db_bind_blob(s, 1, reach->campaign.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 2, reach->resident);
    sqlite3_bind_int(s, 3, reach->reach);
    sqlite3_bind_int64(s, 4, reach->t_ms);
    return db_run(s);
}

static enum err put_item(struct commit *commit, const struct batch_item *item)
{
    switch (item->kind) {
    case BATCH_INPUT: return put_input(commit, &item->input);
    case BATCH_FINDING: return put_finding(commit, &item->finding);
    case BATCH_TRANSITION: return put_transition(commit, &item->transition);
    case BATCH_ALERT: return put_alert(commit, &item->alert);
    case BATCH_JOB: return put_job(commit, &item->row);
    case BATCH_DELIVERY: return put_delivery(commit, &item->delivery);
    case BATCH_WATERMARK: return put_watermark(commit, &item->watermark);
    case BATCH_GAP: return put_gap(commit, &item->gap);
    case BATCH_STATE: return put_state(commit, &item->state);
    case BATCH_ROSTER: return put_roster(commit, &item->roster);
    case BATCH_SILENCE: return put_silence(commit, &item->silence);
    case BATCH_ANNOUNCEMENT: return put_announcement(commit, &item->announcement);
    case BATCH_SUPPRESSION: return put_suppression(commit, &item->suppression);
    case BATCH_TASK: return put_task(commit, &item->task);
    case BATCH_LEDGER: return put_ledger(commit, &item->ledger);
    case BATCH_HANDOVER: return put_handover(commit, &item->handover);
    case BATCH_SPOKEN: return put_spoken(commit, &item->spoken);
    case BATCH_CAMPAIGN: return put_campaign(commit, &item->campaign.campaign);
    case BATCH_REACH: return put_reach(commit, &item->reach);
    case BATCH_ORDER: return store_put_order(statement(commit, STATEMENT_ORDER), &item->order);
    case BATCH_ROLLOUT:
        return store_put_rollout(statement(commit, STATEMENT_ROLLOUT),
                                 statement(commit, STATEMENT_ROLLOUT_EVENT), &item->rollout);
    case BATCH_STATE_DONE: commit->state_done = true; return ERR_OK;
    }
    return ERR_OK;
}

static enum err put_mark(struct commit *commit, const struct batch *batch)
{
    struct store_mark *mark = &commit->at.mark;
    sqlite3_stmt *s = statement(commit, STATEMENT_MARK);

    if (batch->last_n > mark->last_n)
        mark->last_n = batch->last_n;
    if (batch->t_ms > mark->t_ms)
        mark->t_ms = batch->t_ms;
    if (commit->state_done || batch->snapshot)
        mark->snapshot_n = mark->last_n;
    db_bind_u64(s, 1, mark->last_n);
    sqlite3_bind_int64(s, 2, mark->t_ms);
    db_bind_u64(s, 3, mark->snapshot_n);
    enum err err = db_run(s);
    if (err != ERR_OK || batch->items == 0)
        return err;
    s = statement(commit, STATEMENT_COMMITS);
    sqlite3_bind_int64(s, 1, commit->at.commit_id);
    db_bind_u64(s, 2, mark->last_n);
    sqlite3_bind_int64(s, 3, mark->t_ms);
    sqlite3_bind_int64(s, 4, clock_now().wall_ms);
    return db_run(s);
}

enum err store_commit(struct store *store, const struct batch *batch)
{
    struct commit commit = {.store = store, .at = store->at, .n = store->at.mark.last_n};
    enum err err;

    if (store->broken != ERR_OK)
        return store->broken;
    buf_init(&commit.scratch, CHAIN_SCRATCH);
    commit.at.commit_id++;
    err = db_run(store->statements[STATEMENT_BEGIN]);
    for (const struct batch_item *item = batch->first; item != NULL && err == ERR_OK; item = item->next)
        err = put_item(&commit, item);
    /* State without its end would be a snapshot of no moment at all. */
    assert(err != ERR_OK || !commit.has_state || commit.state_done || batch->snapshot);
    if (err == ERR_OK)
        err = put_mark(&commit, batch);
    if (err == ERR_OK)
        err = db_run(store->statements[STATEMENT_COMMIT]);
    buf_release(&commit.scratch);
    if (err != ERR_OK) {
        err = store_failed(store, err, "commit");
        store_rollback(store);
        return err;
    }
    store->at = commit.at;
    return ERR_OK;
}
