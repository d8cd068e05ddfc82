/* Row store: what a durable commit costs, as the service makes it: 500 events, each a message of another
 * device, folded, recorded and with their watermarks. The yardstick writes as many bytes to a file of the
 * same folder and syncs it, which is the least any store must do. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "bench_county.h"
#include "bench_mix.h"
#include "ingest/decode.h"
#include "service/seats.h"
#include "store/store.h"

enum {
    BATCH_EVENTS = 500,
    BATCHES = 400,
    BATCHES_QUICK = 20,
    WARM = 10,
    BATCH_BYTES = 48 << 20,
    REST_EVERY = 50
};
static const int64_t start_ms = 1772326800000; /* 2026-03-01T09:00:00+08:00 */

struct store_row {
    struct bench_county county;
    struct gateway *gateway;
    struct decoder *decoder;
    struct seats *seats;
    struct store *store;
    struct batch batch;
    struct decoded_batch *decoded;
    struct mix mix;
    uint64_t number, *seqs; /* next message; next seq of each device and lane */
    char *block;            /* what the yardstick writes */
    int yardstick;
    double commit_s[BATCHES], cpu_s[BATCHES], write_s[BATCHES];
    double bytes;
    size_t events;
};

static void take_message(struct store_row *row)
{
    struct mix_message message;
    const enum lane lane = mix_lane(&row->mix, row->number);
    uint64_t *seq = &row->seqs[2 * mix_device(&row->mix, row->number) + (lane == LANE_ROUTINE)];
    const int64_t t_ms = start_ms + (int64_t)(row->number * MIX_ROUND_S * 1000 / row->mix.devices);
    mix_make(&row->mix, row->number++, t_ms, 1, *seq + 1, &message);
    if (decode_batch(row->decoder, lane, message.bytes, message.len, row->decoded) != REFUSAL_NONE)
        return;
    enum refusal refused[EVENT_BATCH_MAX];
    const unsigned kept =
        gateway_admit(row->gateway, message.device, t_ms, row->decoded->events, refused, row->decoded->count);
    struct input input = {.t_ms = t_ms,
                          .kind = INPUT_REPORT,
                          .report = {.device = message.device,
                                     .epoch = 1,
                                     .first_seq = *seq + 1,
                                     .lane = (uint8_t)lane,
                                     .count = (uint8_t)kept,
                                     .events = row->decoded->events}};
    if (kept > 0 && gateway_on_input(row->gateway, &input) != ERR_OK)
        return;
    struct sequence *sequence = seats_sequence(row->seats, message.device, lane);
    sequence_mark(sequence_open(sequence, 1, 1, t_ms), ++*seq);
    seats_changed(row->seats, message.device, lane, 1);
}

static double write_and_sync(struct store_row *row, size_t bytes)
{
    const double start = bench_mono_s();
    const ssize_t written = write(row->yardstick, row->block, bytes);
    if (written != (ssize_t)bytes || fdatasync(row->yardstick) != 0)
        return 0;
    return bench_mono_s() - start;
}

static void settle(struct store_row *row)
{
    for (const struct batch_item *item = row->batch.first; item != NULL; item = item->next)
        if (item->kind == BATCH_WATERMARK)
            seats_committed(row->seats, &item->watermark);
    batch_reset(&row->batch);
}

/* Commit number `i`; the first few only warm the file up. False when the disk refused. */
static bool commit_one(struct store_row *row, int i)
{
    while (row->batch.events < BATCH_EVENTS)
        take_message(row);
    if (!seats_close_batch(row->seats, &row->batch))
        return false;
    const size_t bytes = row->batch.arena.used;
    const double start = bench_mono_s(), cpu = bench_cpu_s();
    if (store_sqlite.commit(row->store, &row->batch) != ERR_OK)
        return false;
    const double took = bench_mono_s() - start, cpu_took = bench_cpu_s() - cpu;
    const double yardstick = write_and_sync(row, bytes);
    if (i >= 0) {
        row->commit_s[i] = took / (double)row->batch.events;
        row->cpu_s[i] = cpu_took / (double)row->batch.events;
        row->write_s[i] = yardstick / (double)row->batch.events;
        row->bytes += (double)bytes;
        row->events += row->batch.events;
    }
    settle(row);
    if (i >= 0 && i % REST_EVERY == REST_EVERY - 1)
        store_sqlite.rest(row->store);
    return yardstick > 0;
}

static bool open_row(struct bench *bench, struct store_row *row, struct buf *errors)
{
    char path[BENCH_PATH_SIZE + 32], folder[BENCH_PATH_SIZE + 32];
    if (!bench_county_open(bench, bench->quick ? 400 : 1000, &row->county, errors))
        return false;
    mix_init(&row->mix, row->county.registry);
    row->mix.single = true;
    batch_init(&row->batch, BATCH_BYTES);
    snprintf(path, sizeof(path), "%s/yardstick", bench->folder);
    snprintf(folder, sizeof(folder), "%s/store", bench->folder);
    row->yardstick = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    row->block = calloc(1, BATCH_BYTES);
    row->seqs = calloc(2 * (size_t)row->mix.devices, sizeof(*row->seqs));
    row->decoded = calloc(1, sizeof(*row->decoded));
    row->gateway = bench_county_gateway(&row->county);
    const struct store_config config = {.folder = folder, .county = BENCH_COUNTY};
    if (row->yardstick < 0 || row->block == NULL || row->seqs == NULL || row->decoded == NULL ||
        row->gateway == NULL || decoder_new(&row->decoder) != ERR_OK ||
        seats_new(row->mix.devices, &row->seats) != ERR_OK)
        return false;
    gateway_set_batch(row->gateway, &row->batch);
    enum err err = store_sqlite.open(&config, &row->store);
    if (err == ERR_OK)
        err = store_sqlite.save_registry(row->store, row->county.registry);
    if (err != ERR_OK)
        buf_printf(errors, "the database in %s: %s", folder, err_text(err));
    return err == ERR_OK;
}

static void close_row(struct store_row *row)
{
    if (row->store != NULL)
        store_sqlite.close(row->store);
    if (row->yardstick >= 0)
        close(row->yardstick);
    gateway_free(row->gateway);
    seats_free(row->seats);
    decoder_free(row->decoder);
    batch_release(&row->batch);
    bench_county_release(&row->county);
    free(row->block);
    free(row->seqs);
    free(row->decoded);
    free(row);
}

static void add_figures(struct bench *bench, struct store_row *row, size_t batches)
{
    struct bench_figure figure = {.row = "store",
                                  .name = "durable commit of 500 events, per event",
                                  .unit = "us",
                                  .value = 1e6 * bench_quantile(row->commit_s, batches, 0.5),
                                  .yardstick = "the same bytes written to a file and synced",
                                  .yardstick_value = 1e6 * bench_quantile(row->write_s, batches, 0.5)};
    snprintf(figure.note, sizeof(figure.note),
             "median of %zu commits, one device per event; p99 %.1f us an event, that is %.1f ms a commit; "
             "%.0f bytes an event handed over",
             batches, 1e6 * bench_quantile(row->commit_s, batches, 0.99),
             1e3 * BATCH_EVENTS * bench_quantile(row->commit_s, batches, 0.99),
             row->bytes / (double)row->events);
    bench_add(bench, &figure);
    struct bench_figure cpu = {.row = "store",
                               .name = "of which CPU of the store thread",
                               .unit = "us",
                               .value = 1e6 * bench_quantile(row->cpu_s, batches, 0.5)};
    bench_add(bench, &cpu);
}

/* What an SOS may have to wait for: a commit that also carries the state of every device that spoke. */
static bool add_snapshot(struct bench *bench, struct store_row *row)
{
    take_message(row);
    if (!seats_close_batch(row->seats, &row->batch))
        return false;
    const double start = bench_mono_s();
    const bool gathered = gateway_snapshot(row->gateway) == ERR_OK;
    const double gather_s = bench_mono_s() - start;
    const size_t states = row->batch.items;
    if (!gathered || store_sqlite.commit(row->store, &row->batch) != ERR_OK)
        return false;
    struct bench_figure figure = {.row = "store",
                                  .name = "commit that carries a snapshot",
                                  .unit = "ms",
                                  .value = 1e3 * (bench_mono_s() - start)};
    snprintf(figure.note, sizeof(figure.note),
             "%zu states of %u devices, the core loop stands still for %.1f ms of it; an SOS that comes "
             "meanwhile waits for the rest",
             states, row->mix.devices, 1e3 * gather_s);
    bench_add(bench, &figure);
    settle(row);
    return true;
}

void bench_store(struct bench *bench)
{
    struct store_row *row = calloc(1, sizeof(*row));
    struct buf errors;
    const int batches = bench->quick ? BATCHES_QUICK : BATCHES;
    if (row == NULL)
        return;
    row->yardstick = -1;
    buf_init(&errors, 1 << 16);
    bool well = open_row(bench, row, &errors);
    for (int i = -WARM; well && i < batches; i++) {
        bench_say(bench, "store: commit %d of %d", i + 1, batches);
        well = commit_one(row, i);
    }
    if (well)
        add_figures(bench, row, (size_t)batches);
    if (!well || !add_snapshot(bench, row))
        bench_missing(bench, "store", "durable commit", "%s",
                      errors.len > 0 ? buf_text(&errors) : "a commit or the yardstick's file was refused");
    close_row(row);
    buf_release(&errors);
}
