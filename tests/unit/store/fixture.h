/* A store in a folder of its own, and short ways to fill a batch. */
#ifndef HUYANG_TESTS_STORE_FIXTURE_H
#define HUYANG_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "../folder.h"
#include "sample_registry.h"
#include "store/reader.h"
#include "store/store.h"

#define T0 INT64_C(1772327520000) /* 2026-03-01T09:12:00+08:00 */
enum { FIXTURE_PATH = FOLDER_PATH, FIXTURE_BALLAST = 1 << 16 };

struct fixture {
    char folder[FIXTURE_PATH];
    struct store *store;
    struct batch batch;
};

static inline enum err store_open_in(const char *folder, struct store **ret_store)
{
    return store_sqlite.open(
        &(struct store_config){.folder = folder, .ballast_bytes = FIXTURE_BALLAST, .county = "654321"},
        ret_store);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    folder_new(f->folder);
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
    batch_init(&f->batch, 16 << 20);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    store_sqlite.close(f->store);
    batch_release(&f->batch);
    folder_remove(f->folder);
    free(f);
    return 0;
}

static inline void reopen(struct fixture *f)
{
    store_sqlite.close(f->store);
    f->store = NULL;
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
}

static inline void commit(struct fixture *f)
{
    assert_int_equal(store_sqlite.commit(f->store, &f->batch), ERR_OK);
    batch_reset(&f->batch);
}

static inline struct hash_id id_of(unsigned number)
{
    struct hash_id id = {.bytes = {(uint8_t)(number >> 8), (uint8_t)number, 0x5a}};
    return id;
}

static inline struct batch_item *add(struct batch *batch, enum batch_kind kind)
{
    struct batch_item *item = batch_add(batch, kind);
    assert_non_null(item);
    return item;
}

/* A report with one sos of wb-0001. */
static inline void add_input(struct batch *batch, uint64_t n)
{
    struct event event;
    struct buf blob;
    struct input input = {.n = n, .t_ms = T0 + (int64_t)n, .kind = INPUT_REPORT};

    event_clear(&event, EVENT_SOS);
    event.sos.phase = SOS_PHASE_PRESSED;
    event_set_time(&event, input.t_ms - 500, input.t_ms, 120000);
    event.flags |= n == 2 ? EVENT_LIFE_SAFETY : 0; /* the second one comes without consent */
    input.report = (struct report){
        .device = 0, .epoch = 7, .first_seq = n, .lane = LANE_URGENT, .count = 1, .events = &event};
    buf_init(&blob, 65536);
    input_encode(&input, &blob);
    struct batch_input *item = &add(batch, BATCH_INPUT)->input;
    *item = (struct batch_input){.n = n,
                                 .t_ms = input.t_ms,
                                 .kind = INPUT_REPORT,
                                 .device = 0,
                                 .epoch = 7,
                                 .first_seq = n,
                                 .lane = LANE_URGENT,
                                 .count = 1,
                                 .len = blob.len};
    item->blob = arena_copy(&batch->arena, blob.data, blob.len);
    assert_non_null(item->blob);
    buf_release(&blob);
    batch->events++;
    if (n > batch->last_n)
        batch->last_n = n;
    if (input.t_ms > batch->t_ms)
        batch->t_ms = input.t_ms;
}

static inline void add_alert(struct batch *batch, unsigned number, int64_t opened_ms, enum level level,
                             enum alert_state state, struct subject subject)
{
    char json[256], id[HASH_ID_TEXT];
    struct batch_alert *alert = &add(batch, BATCH_ALERT)->alert;

    alert->id = id_of(number);
    hash_id_text(&alert->id, id);
    alert->len = (size_t)snprintf(json, sizeof(json),
                                  "{\"id\":\"%s\",\"transitions\":12,\"number\":%u,\"state\":\"%s\"}", id,
                                  number, alert_state_name(state));
    alert->json = arena_copy(&batch->arena, json, alert->len);
    alert->opened_ms = alert->changed_ms = opened_ms;
    alert->subject = subject;
    alert->family = FAMILY_EMERGENCY;
    alert->level = (uint8_t)level;
    alert->state = (uint8_t)state;
}

static inline void add_transition(struct batch *batch, unsigned alert, unsigned number,
                                  enum transition_kind kind, const char *why)
{
    struct batch_transition *item = &add(batch, BATCH_TRANSITION)->transition;
    char line[400];

    item->transition = (struct transition){
        .t_ms = T0 + number, .alert = id_of(alert), .number = number, .kind = (uint8_t)kind, .by = "policy"};
    assert_true(text_copy(item->transition.why, sizeof(item->transition.why), why));
    item->len = (size_t)snprintf(line, sizeof(line), "{\"transition\":%u,\"why\":\"%s\"}", number, why);
    item->line = arena_copy(&batch->arena, line, item->len);
}

static inline void add_job(struct batch *batch, unsigned number, unsigned alert, const char *body)
{
    struct outbox_row *row = &add(batch, BATCH_JOB)->row;

    *row = (struct outbox_row){.id = id_of(number),
                               .alert = id_of(alert),
                               .created_ms = T0 + number,
                               .expires_ms = T0 + 120000,
                               .device = REGISTRY_NONE,
                               .channel = CHANNEL_WEBHOOK,
                               .job_kind = JOB_NOTIFY,
                               .level = LEVEL_RED,
                               .role = ROLE_GRID_WORKER,
                               .target = 2,
                               .target_name = "desk",
                               .len = strlen(body),
                               .body = body};
}

static inline void add_delivery(struct batch *batch, unsigned job, enum delivery_state state,
                                const char *reason)
{
    struct batch_delivery *delivery = &add(batch, BATCH_DELIVERY)->delivery;

    *delivery = (struct batch_delivery){.job = id_of(job), .t_ms = T0 + 1000, .state = (uint8_t)state};
    assert_true(text_copy(delivery->reason, sizeof(delivery->reason), reason));
}

static inline void add_state(struct batch *batch, const char *table, uint32_t no, const char *value)
{
    add(batch, BATCH_STATE)->state =
        (struct batch_state){.table = table, .version = 3, .no = no, .len = strlen(value), .value = value};
}

/* What load hands out, as text. */
struct loaded {
    struct buf text;
    unsigned inputs;
    uint64_t first_n, last_n;
    struct batch_watermark mark;
    struct outbox_row row;
};

static inline enum err on_state(void *self, const char *table, uint16_t version, uint32_t no,
                                const void *value, size_t len)
{
    buf_printf(&((struct loaded *)self)->text, "state %s %u %u %.*s\n", table, version, no, (int)len,
               (const char *)value);
    return ERR_OK;
}

static inline enum err on_watermark(void *self, const struct batch_watermark *mark)
{
    struct loaded *loaded = self;

    loaded->mark = *mark;
    buf_printf(&loaded->text, "watermark %u %u %u seen %llu\n", mark->device, mark->lane, mark->epoch,
               (unsigned long long)mark->seen);
    return ERR_OK;
}

static inline enum err on_input(void *self, const struct batch_input *input)
{
    struct loaded *loaded = self;
    struct event events[EVENT_BATCH_MAX];
    struct input whole;

    assert_int_equal(input_decode(input->n, input->t_ms, (enum input_kind)input->kind, input->blob,
                                  input->len, events, &whole),
                     ERR_OK);
    if (loaded->inputs++ == 0)
        loaded->first_n = input->n;
    else
        assert_int_equal(input->n, loaded->last_n + 1);
    loaded->last_n = input->n;
    buf_printf(&loaded->text, "input %llu %s %u\n", (unsigned long long)input->n,
               input_kind_name((enum input_kind)input->kind), input->count);
    return ERR_OK;
}

static inline enum err on_row(void *self, const struct outbox_row *row)
{
    struct loaded *loaded = self;

    loaded->row = *row;
    loaded->row.body = NULL;
    buf_printf(&loaded->text, "row %02x%02x %s %.*s\n", row->id.bytes[0], row->id.bytes[1], row->target_name,
               (int)row->len, row->body);
    return ERR_OK;
}

/* Release loaded->text afterwards. */
static inline void load(struct store *store, struct loaded *loaded)
{
    *loaded = (struct loaded){.inputs = 0};
    buf_init(&loaded->text, 1 << 20);
    assert_int_equal(store_sqlite.load(store, &(struct store_loader){.state = on_state,
                                                                     .watermark = on_watermark,
                                                                     .input = on_input,
                                                                     .row = on_row,
                                                                     .self = loaded}),
                     ERR_OK);
}

#endif
