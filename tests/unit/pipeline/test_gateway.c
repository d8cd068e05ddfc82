/* The fold over every scenario of tests/scenario: same input, same bytes, and a restart between any two
 * inputs changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glob.h>

#include <cmocka.h>

#include "config.h"
#include "detect/budget.h"
#include "gateway.h"
#include "output.h"
#include "timeline.h"

enum { STATES_MAX = 4096, HOUR_MS = 3600000 };

/* What a database would hold of the snapshots so far. */
struct kept {
    char table[64];
    uint16_t version;
    uint32_t no;
    size_t len;
    void *value;
};

struct world {
    struct tz *tz;
    struct registry *registry;
    struct config *config;
    struct timeline *timeline;
    struct timeline_line *line;
    struct gateway *gateway;
    struct batch batch;
    struct buf out;
    struct kept states[STATES_MAX];
    unsigned state_count;
};

static enum delivery_state answer(void *self, const struct job *job, char reason[64])
{
    (void)self;
    (void)reason;
    return job_success(job->kind);
}

static void make_gateway(struct world *world)
{
    const struct gateway_config config = {.instance = "test",
                                          .registry = world->registry,
                                          .detect = &world->config->detect,
                                          .alert = &world->config->alert,
                                          .relay = &world->config->relay,
                                          .tz = world->tz,
                                          .lateness_ms = 120000,
                                          .answer = answer};
    assert_int_equal(gateway_new(&config, &world->gateway), ERR_OK);
    gateway_set_batch(world->gateway, &world->batch);
}

static struct world *open_world(void)
{
    struct world *world = calloc(1, sizeof(*world));
    struct buf errors;
    assert_non_null(world);
    buf_init(&errors, 1 << 16);
    buf_init(&world->out, 64 << 20);
    batch_init(&world->batch, 64 << 20);
    assert_int_equal(tz_load("Asia/Shanghai", &world->tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/scenario/registry/village", world->tz, NULL, &errors,
                                   &world->registry),
                     ERR_OK);
    assert_int_equal(config_load(NULL, &world->config, &errors), ERR_OK);
    assert_int_equal(timeline_new(world->registry, world->tz, &world->timeline), ERR_OK);
    world->line = malloc(sizeof(*world->line));
    assert_non_null(world->line);
    make_gateway(world);
    buf_release(&errors);
    return world;
}

static void close_world(struct world *world)
{
    gateway_free(world->gateway);
    timeline_free(world->timeline);
    registry_free(world->registry);
    config_free(world->config);
    tz_free(world->tz);
    batch_release(&world->batch);
    buf_release(&world->out);
    for (unsigned i = 0; i < world->state_count; i++)
        free(world->states[i].value);
    free(world->line);
    free(world);
}

static void flush(struct world *world)
{
    for (const struct batch_item *item = world->batch.first; item != NULL; item = item->next)
        if (output_item(item, true, world->registry, world->tz, &world->out))
            buf_putc(&world->out, '\n');
    batch_reset(&world->batch);
}

static void keep(struct world *world, const struct batch_state *state)
{
    unsigned i = 0;
    while (i < world->state_count &&
           !(world->states[i].no == state->no && strcmp(world->states[i].table, state->table) == 0))
        i++;
    assert_in_range(i, 0, STATES_MAX - 1);
    if (i == world->state_count)
        world->state_count++;
    struct kept *kept = &world->states[i];
    free(kept->value);
    *kept = (struct kept){
        .version = state->version, .no = state->no, .len = state->len, .value = malloc(state->len + 1)};
    assert_non_null(kept->value);
    snprintf(kept->table, sizeof(kept->table), "%s", state->table);
    if (state->len > 0)
        memcpy(kept->value, state->value, state->len);
}

/* The process dies here and comes back with what the disk has. */
static void restart(struct world *world)
{
    const uint64_t n = gateway_n(world->gateway);
    const int64_t t_ms = gateway_t_ms(world->gateway);
    assert_int_equal(gateway_snapshot(world->gateway), ERR_OK);
    for (const struct batch_item *item = world->batch.first; item != NULL; item = item->next)
        if (item->kind == BATCH_STATE)
            keep(world, &item->state);
    batch_reset(&world->batch);
    gateway_free(world->gateway);
    make_gateway(world);
    for (unsigned i = 0; i < world->state_count; i++)
        if (world->states[i].len > 0) {
            const struct kept *kept = &world->states[i];
            const enum err err =
                gateway_restore(world->gateway, kept->table, kept->version, kept->no, kept->value, kept->len);
            if (err != ERR_OK)
                fail_msg("state %s %u: %s", kept->table, kept->no, err_text(err));
        }
    gateway_restore_mark(world->gateway, n, t_ms);
}

static void take_line(struct world *world, const char *text, size_t len)
{
    char why[TIMELINE_WHY];
    if (timeline_parse(world->timeline, text, len, world->line, why) != ERR_OK)
        return; /* bad lines are scenarios of their own */
    struct input *input = &world->line->input;
    if (world->line->what == TIMELINE_REPORT) {
        enum refusal refused[EVENT_BATCH_MAX];
        input->report.count = (uint8_t)gateway_admit(world->gateway, input->report.device, world->line->t_ms,
                                                     world->line->events, refused, input->report.count);
        if (input->report.count == 0)
            return;
        input->report.first_seq = world->line->events[0].key.seq;
    } else if (world->line->what != TIMELINE_INPUT) {
        return;
    }
    if (gateway_on_input(world->gateway, input) == ERR_FULL)
        fail_msg("a scenario's input fits a batch");
    flush(world);
}

static void run(struct world *world, const char *path, bool restarts)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;
    assert_non_null(file);
    while ((len = getline(&text, &cap, file)) >= 0) {
        take_line(world, text, (size_t)len - (text[len - 1] == '\n'));
        if (restarts)
            restart(world);
    }
    for (int hour = 0; hour < 24; hour++) {
        assert_true(gateway_on_tick(world->gateway, gateway_t_ms(world->gateway) + HOUR_MS));
        flush(world);
        if (restarts)
            restart(world);
    }
    free(text);
    fclose(file);
}

/* Runs every scenario both ways; returns how many produced output. */
static unsigned compare_all(bool restarts)
{
    glob_t found;
    unsigned loud = 0;
    assert_int_equal(glob(HUYANG_TEST_DATA "/scenario/*/timeline.jsonl", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct world *straight = open_world(), *other = open_world();
        run(straight, found.gl_pathv[i], false);
        run(other, found.gl_pathv[i], restarts);
        if (strcmp(buf_text(&straight->out), buf_text(&other->out)) != 0)
            fail_msg("%s:\n--- straight\n%s--- other\n%s", found.gl_pathv[i], buf_text(&straight->out),
                     buf_text(&other->out));
        loud += straight->out.len > 0;
        close_world(straight);
        close_world(other);
    }
    globfree(&found);
    return loud;
}

static void the_same_inputs_give_the_same_bytes(void **state)
{
    (void)state;
    assert_in_range(compare_all(false), 20, 10000);
}

static void a_restart_between_any_two_inputs_changes_nothing(void **state)
{
    (void)state;
    assert_in_range(compare_all(true), 20, 10000);
}

static void a_mute_refold_of_the_recorded_inputs_gives_the_same_state(void **state)
{
    static const char sos[] = "{\"t\":\"2026-03-03T09:00:00+08:00\",\"device\":\"wb-0001\",\"event\":{"
                              "\"sos\":{\"phase\":\"pressed\"}}}";
    static const char later[] = "{\"t\":\"2026-03-03T09:05:00+08:00\",\"device\":\"wb-0001\",\"event\":{"
                                "\"sos\":{\"phase\":\"pressed\"}}}";
    struct world *told = open_world(), *mute = open_world();
    (void)state;
    gateway_set_batch(mute->gateway, NULL);
    take_line(told, sos, strlen(sos));
    take_line(mute, sos, strlen(sos));
    assert_int_equal(mute->out.len, 0);
    assert_int_equal(gateway_n(mute->gateway), gateway_n(told->gateway));
    gateway_set_batch(mute->gateway, &mute->batch);
    buf_clear(&told->out);
    take_line(told, later, strlen(later));
    take_line(mute, later, strlen(later));
    assert_string_equal(buf_text(&mute->out), buf_text(&told->out));
    assert_true(told->out.len > 0);
    close_world(told);
    close_world(mute);
}

/* The body of the first row of that kind in the batch. */
static const char *body_of(const struct world *world, enum job_kind kind)
{
    for (const struct batch_item *item = world->batch.first; item != NULL; item = item->next)
        if (item->kind == BATCH_JOB && item->row.job_kind == kind)
            return item->row.body;
    return NULL;
}

static void the_police_are_told_what_the_resident_has_heard(void **state)
{
    static const char sos[] = "{\"t\":\"2026-03-03T09:00:00+08:00\",\"device\":\"wb-0001\",\"event\":{"
                              "\"sos\":{\"phase\":\"pressed\"}}}";
    struct world *world = open_world();
    (void)state;
    text_copy(world->config->relay.police_url, sizeof world->config->relay.police_url,
              "https://110.example/cap");
    take_line(world, sos, strlen(sos));
    assert_true(gateway_on_tick(world->gateway, gateway_t_ms(world->gateway) + 90000));
    const char *body = body_of(world, JOB_POLICE);
    assert_non_null(body);
    if (strstr(body, "Played to the resident:") == NULL)
        fail_msg("%s", body);
    close_world(world);
}

static void an_action_that_is_refused_is_no_input(void **state)
{
    struct world *world = open_world();
    struct input input = {.t_ms = 1772500000000,
                          .kind = INPUT_ACTION,
                          .action = {.kind = ACTION_ACKNOWLEDGE, .has_alert = 1, .by = "desk"}};
    (void)state;
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_NOT_FOUND);
    assert_int_equal(gateway_n(world->gateway), 0);
    assert_null(world->batch.first);
    close_world(world);
}

static void time_never_runs_back(void **state)
{
    struct world *world = open_world();
    struct input input = {.t_ms = 1000, .kind = INPUT_BROKER, .broker_up = 1};
    (void)state;
    assert_true(gateway_on_tick(world->gateway, 5000));
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_OK);
    assert_int_equal(input.t_ms, 5000);
    assert_int_equal(input.n, 1);
    close_world(world);
}

/* The unknown person indoors of that scenario, in a county that had far too many alerts. */
static void below_the_bar(bool restarts, bool bar)
{
    struct world *world = open_world();
    const struct budget budget = {.bar_db = BUDGET_BAR_MAX_DB, .t_ms = 4102444800000};
    if (bar)
        assert_int_equal(gateway_restore(world->gateway, "budget", 1, 0, &budget, sizeof(budget)), ERR_OK);
    run(world, HUYANG_TEST_DATA "/scenario/unknown-indoors-ten-minutes/timeline.jsonl", restarts);
    const char *out = buf_text(&world->out);
    assert_true((strstr(out, "\"held\":{\"rarity_db\":") != NULL) == bar);
    assert_true((strstr(out, "\"rule\":\"yellow_budget\"") != NULL) == bar);
    assert_non_null(strstr(out, "unknown person has been indoors"));
    close_world(world);
}

static void a_finding_below_the_bar_is_held_and_stands_in_the_ledger(void **state)
{
    (void)state;
    below_the_bar(false, false);
    below_the_bar(false, true);
    below_the_bar(true, true);
}

static void a_bar_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct world *world = open_world();
    struct budget budget = {.bar_db = BUDGET_BAR_MAX_DB + 1};
    assert_int_equal(gateway_restore(world->gateway, "budget", 1, 0, &budget, sizeof(budget)), ERR_CORRUPT);
    budget.bar_db = 0;
    assert_int_equal(gateway_restore(world->gateway, "budget", 1, 0, &budget, 3), ERR_CORRUPT);
    assert_int_equal(gateway_restore(world->gateway, "budget", 2, 0, &budget, sizeof(budget)),
                     ERR_UNSUPPORTED);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_inputs_give_the_same_bytes),
        cmocka_unit_test(a_restart_between_any_two_inputs_changes_nothing),
        cmocka_unit_test(a_mute_refold_of_the_recorded_inputs_gives_the_same_state),
        cmocka_unit_test(the_police_are_told_what_the_resident_has_heard),
        cmocka_unit_test(an_action_that_is_refused_is_no_input),
        cmocka_unit_test(time_never_runs_back),
        cmocka_unit_test(a_finding_below_the_bar_is_held_and_stands_in_the_ledger),
        cmocka_unit_test(a_bar_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
