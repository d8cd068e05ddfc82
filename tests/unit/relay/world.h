/* An outbox with a server on loopback behind it, and everything it told and published. */
#ifndef HUYANG_TESTS_RELAY_WORLD_H
#define HUYANG_TESTS_RELAY_WORLD_H

#include "fixture.h"

#include "relay/outbox_inner.h"
#include "server.h"

enum { PATIENCE_MS = 60000, TOLD_MAX = 512, PUBLISHED_MAX = 512 };

struct told {
    struct hash_id job;
    enum delivery_state state;
    char reason[64];
};
struct world {
    struct fixture *f;
    struct server *server;
    struct loop *loop;
    struct loop_timer *patience;
    struct outbox *outbox;
    struct relay_settings settings;
    struct told told[TOLD_MAX];
    unsigned told_count, wanted;
    bool late;
    enum err publish_err;
    char published[PUBLISHED_MAX][32];
    unsigned published_count;
    bool adding;
};

static inline void out_of_patience(void *self, struct now now)
{
    (void)now;
    struct world *world = self;
    world->late = true;
    loop_stop(world->loop);
}

static inline void on_delivery(void *self, const struct delivery *delivery)
{
    struct world *world = self;
    assert_false(world->adding); /* never from inside outbox_add */
    assert_true(world->told_count < TOLD_MAX);
    struct told *told = &world->told[world->told_count++];
    told->job = delivery->job;
    told->state = (enum delivery_state)delivery->state;
    snprintf(told->reason, sizeof told->reason, "%s", delivery->reason);
    if (world->told_count >= world->wanted)
        loop_stop(world->loop);
}

static inline enum err publish(void *self, const char *device_id, const void *body, size_t len)
{
    struct world *world = self;
    assert_non_null(body);
    assert_true(len > 0);
    if (world->publish_err == ERR_OK) {
        assert_true(world->published_count < PUBLISHED_MAX);
        snprintf(world->published[world->published_count++], 32, "%s", device_id);
    }
    return world->publish_err;
}

static inline void open_outbox(struct world *world)
{
    struct outbox_config config = {.loop = world->loop,
                                   .settings = &world->settings,
                                   .county = "654321",
                                   .registry = world->f->registry,
                                   .publish = publish,
                                   .on_delivery = on_delivery,
                                   .self = world};
    assert_int_equal(outbox_new(&config, &world->outbox), ERR_OK);
}

static inline int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    void *fixture;
    fixture_setup(&fixture);
    world->f = fixture;
    world->server = server_start();
    assert_int_equal(loop_new(&world->loop), ERR_OK);
    assert_int_equal(loop_timer_new(world->loop, out_of_patience, world, &world->patience), ERR_OK);
    relay_settings_default(&world->settings);
    world->settings.allow_private = true;
    world->settings.police_warm_s = 0;
    world->settings.timeout_s = 20;
    open_outbox(world);
    *state = world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;
    outbox_free(world->outbox);
    loop_timer_close(world->patience);
    loop_free(world->loop);
    server_stop(world->server);
    void *fixture = world->f;
    fixture_teardown(&fixture);
    free(world);
    return 0;
}

/* Runs until `wanted` states were told since the start. */
static inline void run(struct world *world, unsigned wanted)
{
    world->wanted = wanted;
    if (world->told_count >= wanted)
        return;
    loop_timer_start(world->patience, PATIENCE_MS, 0);
    loop_run(world->loop);
    loop_timer_stop(world->patience);
    assert_false(world->late);
    assert_int_equal(world->told_count, wanted);
}

struct until {
    struct world *world;
    bool (*met)(struct world *world);
    struct loop_timer *timer;
};

static inline void look(void *self, struct now now)
{
    (void)now;
    struct until *until = self;
    if (until->met(until->world))
        loop_stop(until->world->loop);
}

/* Runs until something that can be observed has happened. */
static inline void run_until(struct world *world, bool (*met)(struct world *world))
{
    struct until until = {.world = world, .met = met};
    world->wanted = UINT32_MAX;
    assert_int_equal(loop_timer_new(world->loop, look, &until, &until.timer), ERR_OK);
    loop_timer_start(until.timer, 1, 1);
    loop_timer_start(world->patience, PATIENCE_MS, 0);
    loop_run(world->loop);
    loop_timer_stop(world->patience);
    loop_timer_close(until.timer);
    assert_false(world->late);
}

static inline size_t in_flight(const struct world *world)
{
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    return stats.in_flight;
}

static inline bool is_idle(struct world *world)
{
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    return stats.sent > 0 && stats.in_flight == 0;
}

static inline bool are_two_failed(struct world *world)
{
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    return stats.failed >= 2 && stats.in_flight == 0;
}

static inline void webhook(struct world *world, const char *name, const char *path)
{
    struct webhook_settings *hook = &world->settings.webhooks[world->settings.webhook_count++];
    *hook = (struct webhook_settings){0};
    snprintf(hook->name, sizeof hook->name, "%s", name);
    snprintf(hook->url, sizeof hook->url, "http://127.0.0.1:%u%s", world->server->port, path);
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
}

static inline void police(struct world *world, const char *primary, const char *backup)
{
    snprintf(world->settings.police_url, sizeof world->settings.police_url, "http://127.0.0.1:%u%s",
             world->server->port, primary);
    if (backup)
        snprintf(world->settings.police_backup_url, sizeof world->settings.police_backup_url,
                 "http://127.0.0.1:%u%s", world->server->port, backup);
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
}

static inline struct outbox_row row_of(enum job_kind kind, enum level level, const char *target, unsigned n)
{
    char seed[64];
    int len = snprintf(seed, sizeof seed, "row %u", n);
    struct now now = clock_now();
    struct outbox_row row = {.id = hash_id_of(seed, (size_t)len),
                             .created_ms = now.wall_ms,
                             .expires_ms = now.wall_ms + 600000,
                             .device = REGISTRY_NONE,
                             .channel = kind == JOB_POLICE ? CHANNEL_CAP : CHANNEL_WEBHOOK,
                             .job_kind = (uint8_t)kind,
                             .level = (uint8_t)level,
                             .body = "{\"n\":1}",
                             .len = 7};
    snprintf(row.target_name, sizeof row.target_name, "%s", target);
    return row;
}

static inline void add(struct world *world, const struct outbox_row *row)
{
    world->adding = true;
    assert_int_equal(outbox_add(world->outbox, row, clock_now()), ERR_OK);
    world->adding = false;
}

static inline struct now later(int64_t ms)
{
    struct now now = clock_now();
    now.mono_ms += ms;
    return now;
}

/* A police row with a body as relay_cap writes it. */
static inline void add_police(struct world *world, unsigned n)
{
    struct fixture *f = world->f;
    struct outbox_row row = row_of(JOB_POLICE, LEVEL_RED, "police", n);
    fixture_alert(f, "r-1", "sos", JOB_POLICE);
    f->job.id = row.id;
    render(f);
    row.body = f->row.body;
    row.len = f->row.len;
    add(world, &row);
}

static inline void assert_told(const struct world *world, unsigned i, enum delivery_state state,
                               const char *reason)
{
    assert_true(i < world->told_count);
    assert_string_equal(delivery_name(world->told[i].state), delivery_name(state));
    assert_string_equal(world->told[i].reason, reason);
}

/* Commands: nothing of the network, so all times are this test's own. */
static inline struct outbox_row command_of(const struct world *world, const char *device, enum level level,
                                           unsigned n)
{
    struct outbox_row row = row_of(JOB_PROMPT, level, device, n);
    row.channel = CHANNEL_COMMAND;
    row.device = number_of(world->f, REGISTRY_DEVICE, device);
    row.created_ms = 1000000;
    row.expires_ms = 1120000;
    return row;
}

#endif
