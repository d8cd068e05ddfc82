/* Random days: any order of events, actions, deliveries and restarts keeps the rules of the stage, and a fold
 * that is restarted again and again says the same as one that never was. The generator is our own, so that a
 * failure repeats. */
#include "fold.h"

#include "alert/alerts.h"

enum { STEPS = 3000, SEEDS = 6, ROWS_MAX = 8192, IDS_MAX = 60000 };

struct row {
    char table[40];
    uint16_t version;
    uint32_t no;
    size_t len, cap;
    unsigned char *value;
};
struct rows {
    struct row row[ROWS_MAX];
    unsigned count;
};
struct seen {
    struct hash_id ended[IDS_MAX], jobs[IDS_MAX];
    unsigned ended_count, job_count;
};

static uint32_t next(uint32_t *seed, uint32_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % below;
}

static enum err keep_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct rows *rows = self;
    unsigned i = 0;
    while (i < rows->count && (rows->row[i].no != no || strcmp(rows->row[i].table, table) != 0))
        i++;
    assert_true(i < ROWS_MAX);
    struct row *row = &rows->row[i];
    if (i == rows->count)
        *(rows->count++, row) = (struct row){.no = no};
    if (len > row->cap) {
        row->value = realloc(row->value, len);
        row->cap = len;
        assert_non_null(row->value);
    }
    snprintf(row->table, sizeof row->table, "%s", table);
    row->version = version;
    row->len = len;
    if (len)
        memcpy(row->value, value, len);
    return ERR_OK;
}

static void save(struct fold *fold, struct rows *rows)
{
    assert_int_equal(live_snapshot(fold->world->live, keep_row, rows), ERR_OK);
    assert_int_equal(detect_snapshot(fold->world->detect, keep_row, rows), ERR_OK);
    assert_int_equal(alerts_snapshot(fold->alerts, keep_row, rows), ERR_OK);
    live_snapshot_done(fold->world->live);
    detect_snapshot_done(fold->world->detect);
    alerts_snapshot_done(fold->alerts);
}

static void restart(struct fold *fold, const struct rows *rows, uint32_t first)
{
    struct world *world = fold->world;
    alerts_free(fold->alerts);
    world_detect_release(world);
    live_free(world->live);
    assert_int_equal(live_new(world->registry, &world->live), ERR_OK);
    world_detect(world);
    fold_alerts(fold);
    for (unsigned j = 0; j < rows->count; j++) {
        const struct row *row = &rows->row[(first + j) % rows->count];
        enum err err;
        if (strncmp(row->table, "live.", 5) == 0)
            err = live_restore(world->live, row->table, row->version, row->no, row->value, row->len);
        else if (strncmp(row->table, "detect.", 7) == 0)
            err = detect_restore(world->detect, row->table, row->version, row->no, row->value, row->len);
        else
            err = alerts_restore(fold->alerts, row->table, row->version, row->no, row->value, row->len);
        assert_int_equal(err, ERR_OK);
    }
}

static void random_event(struct fold *fold, int64_t t_ms, uint32_t *seed)
{
    static const char *const bands[] = {"wb-1", "wb-2a", "wb-3", "wb-4"}, *const cameras[] = {
                                                                              "cam-1", "cam-1b", "cam-2"};
    static const char *const phases[] = {"arrive", "stay", "leave"}, *const places[] = {"doorstep",
                                                                                        "indoors"};
    static const char *const people[] = {"unknown",       "unclear",  "",
                                         "trusted:v-son", "resident", "unknown trusted:v-nurse"};
    static const char *const buttons[] = {SOS, CANCEL, FALL, FALL_OFF, SUSPICION};
    char json[100];
    int64_t at_ms = next(seed, 10) ? t_ms : t_ms - (int64_t)next(seed, 3600) * 1000;
    const char *band = bands[next(seed, 4)];
    switch (next(seed, 5)) {
    case 0:
        world_late(fold->world, t_ms, at_ms, next(seed, 6) ? band : "cam-2", buttons[next(seed, 5)]);
        break;
    case 1:
    case 2:
        snprintf(json, sizeof json, "v%u", (unsigned)next(seed, 4));
        world_visit(fold->world, t_ms, cameras[next(seed, 3)], json, phases[next(seed, 3)],
                    places[next(seed, 2)], people[next(seed, 6)]);
        break;
    case 3: world_fix(fold->world, t_ms, band, 43.80 + next(seed, 5) * 0.005, 87.6, 10); break;
    default:
        snprintf(json, sizeof json, "{\"heartbeat\":{\"battery_percent\":%u}}", (unsigned)next(seed, 30));
        event(fold, t_ms, band, json);
    }
}

static void random_action(struct fold *fold, int64_t t_ms, uint32_t *seed)
{
    static const char *const residents[] = {"r-1", "r-2a", "r-3", "r-4"};
    struct subject subject = next(seed, 3) ? who(fold, residents[next(seed, 4)])
                                           : household(fold->world, next(seed, 2) ? "h-1" : "h-2");
    struct action action = {.kind = (uint8_t)(1 + next(seed, 4)),
                            .family = (uint8_t)next(seed, FAMILY_COUNT + 1)};
    action.disposition = (uint8_t)next(seed, DISPOSITION_COUNT);
    action.outcome = (uint8_t)next(seed, OUTCOME_COUNT);
    (void)!act(fold, t_ms, subject, action);
}

/* An ended alert never speaks again, no job id comes twice, and at most one police job hangs on one
 * transition. */
static void check_rules(const struct fold *fold, struct seen *seen)
{
    for (unsigned i = 0; i < fold->transition_count; i++) {
        for (unsigned j = 0; j < seen->ended_count; j++)
            assert_memory_not_equal(&seen->ended[j], &fold->transitions[i].alert, sizeof(struct hash_id));
        assert_int_equal(fold->after[i].transitions, fold->transitions[i].number);
        if (fold->after[i].state != ALERT_OPEN)
            seen->ended[seen->ended_count++] = fold->transitions[i].alert;
    }
    for (unsigned i = 0; i < fold->job_count; i++) {
        for (unsigned j = 0; j < seen->job_count; j++)
            assert_memory_not_equal(&seen->jobs[j], &fold->jobs[i].id, sizeof(struct hash_id));
        seen->jobs[seen->job_count++] = fold->jobs[i].id;
        assert_true(seen->job_count < IDS_MAX && seen->ended_count < IDS_MAX);
    }
}

/* Runs one random week; restarts = how often (one step in so many; 0 = never). Returns the hash of everything
 * said. */
static struct hash_id run(uint32_t first_seed, uint32_t restarts)
{
    struct fold *fold = fold_new();
    static struct rows rows;
    static struct seen seen;
    struct job recent[64];
    unsigned recent_count = 0;
    uint32_t seed = first_seed, restart_seed = first_seed + 77;
    int64_t t_ms = on(fold, 0, 0, 0);
    uint8_t digest[SHA256_SIZE] = {0};
    memset(&rows, 0, sizeof rows);
    memset(&seen, 0, sizeof seen);
    for (unsigned i = 0; i < STEPS; i++) {
        t_ms += next(&seed, 4) ? (int64_t)next(&seed, 40000) : (int64_t)next(&seed, 3600000);
        uint32_t what = next(&seed, 10);
        if (what < 6) {
            random_event(fold, t_ms, &seed);
        } else if (what < 7) {
            random_action(fold, t_ms, &seed);
        } else if (recent_count) {
            const struct job job = recent[next(&seed, recent_count)];
            deliver(fold, t_ms, &job, (enum delivery_state)next(&seed, DELIVERY_COUNT));
        } else {
            tick(fold, t_ms);
        }
        for (unsigned j = 0; j < fold->job_count; j++)
            recent[recent_count < 64 ? recent_count++ : next(&seed, 64)] = fold->jobs[j];
        check_rules(fold, &seen);
        hash_hmac(digest, sizeof digest, buf_text(&fold->world->log), fold->world->log.len, digest);
        buf_clear(&fold->world->log);
        fold->world->finding_count = fold->transition_count = fold->job_count = fold->event_count =
            fold->delivery_count = 0;
        if (restarts)
            save(fold, &rows);
        if (rows.count && next(&restart_seed, restarts) == 0)
            restart(fold, &rows, next(&restart_seed, rows.count));
    }
    assert_true(seen.job_count > 1000 && seen.ended_count > 20);
    assert_int_equal(fold->alerts->refused, 0);
    for (unsigned i = 0; i < rows.count; i++)
        free(rows.row[i].value);
    fold_free(fold);
    return hash_id_of(digest, sizeof digest);
}

static void random_days_keep_the_rules_and_restarts_change_nothing(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct hash_id whole = run(seed * 7919, 0), broken = run(seed * 7919, 5);
        if (memcmp(&whole, &broken, sizeof whole) != 0)
            print_error("seed %u\n", (unsigned)seed);
        assert_memory_equal(&whole, &broken, sizeof whole);
    }
}

static void when_all_places_are_taken_red_still_gets_one(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    fold->alerts->alerts.max = 2;
    world_visit(fold->world, on(fold, 9, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
    world_visit(fold->world, on(fold, 9, 0, 1), "cam-2", "v", "arrive", "indoors", "unknown");
    event(fold, on(fold, 9, 0, 2), "wb-1", "{\"heartbeat\":{\"battery_percent\":3}}");
    assert_int_equal(fold->transition_count, 2);
    assert_int_equal(fold->alerts->refused, 1);
    event(fold, on(fold, 9, 0, 3), "wb-1", SOS);
    assert_int_equal(fold->transition_count, 4);
    assert_int_equal(fold->transitions[2].kind, TRANSITION_LAPSED);
    assert_transition(fold, TRANSITION_OPENED, LEVEL_RED);
    assert_int_equal(alerts_open_count(fold->alerts), 2);
    fold_free(fold);
}

static void a_red_job_goes_out_even_when_it_cannot_be_kept(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    fold->alerts->jobs.max = 2;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(fold->job_count, 7);
    assert_int_equal(fold->alerts->refused, 4);
    event(fold, on(fold, 9, 0, 1), "wb-3", SUSPICION);
    assert_int_equal(fold->job_count, 7);
    fold_free(fold);
}

static void raised_again_and_again_an_alert_does_not_grow(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    for (unsigned i = 0; i < 500; i++) {
        event(fold, on(fold, 9, 0, 0) + i * 61000LL, "wb-1", SOS);
        for (unsigned j = 0; j < fold->job_count; j++)
            deliver(fold, fold->world->t_ms, &fold->jobs[j], job_success((enum job_kind)fold->jobs[j].kind));
        fold->world->finding_count = fold->transition_count = fold->job_count = fold->event_count =
            fold->delivery_count = 0;
        buf_clear(&fold->world->log);
        assert_true(fold->alerts->jobs.live_count < 20);
    }
    assert_int_equal(alerts_open_count(fold->alerts), 1);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_days_keep_the_rules_and_restarts_change_nothing),
        cmocka_unit_test(when_all_places_are_taken_red_still_gets_one),
        cmocka_unit_test(a_red_job_goes_out_even_when_it_cannot_be_kept),
        cmocka_unit_test(raised_again_and_again_an_alert_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
