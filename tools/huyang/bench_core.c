/* Row core: decoding, admission, the fold and its record on one core, without a disk or a broker.
 *
 * The same encoded messages are run through more and more of the journey: protobuf-c alone (the yardstick),
 * the decoder, admission, the fold told nothing to write down, the whole. The difference of two passes is a
 * stage's share. What is counted is the thread's own CPU time, so that a busy machine disturbs only through
 * its caches. Simulated time runs as fast as the devices of such a county would make it run: each speaks once
 * in ten minutes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_county.h"
#include "bench_mix.h"
#include "ingest/decode.h"

enum {
    TAPE_MESSAGES = 400000,
    TAPE_MESSAGES_QUICK = 4000,
    SOS_EVERY = 20000,          /* messages of wristbands; some hundred times as often as in life */
    BATCH_EVENTS = 500,         /* events between two resets, as between two commits */
    BATCH_BYTES = 48 << 20,     /* as in the service, */
    SNAPSHOT_BYTES = 512 << 20, /* this too */
    PASSES = 3
};
static const int64_t start_ms = 1772326800000; /* 2026-03-01T09:00:00+08:00 */

enum depth { UNPACK, DECODE, ADMIT, FOLD, RECORD, DEPTHS };

struct tape_message {
    const unsigned char *bytes;
    uint16_t len;
    uint8_t lane;
    uint32_t device;
};
struct tape {
    struct tape_message *messages;
    unsigned char *bytes;
    size_t count, events;
    int64_t span_ms, t_ms; /* how long it lasts; when its next run starts */
};

struct core {
    struct bench_county county;
    struct gateway *gateway;
    struct decoder *decoder;
    struct mix_unpacker *unpacker;
    struct batch batch;
    struct decoded_batch *decoded;
    struct mix mix;
    uint64_t seq;
    size_t taken; /* events that entered the fold; keeps the compiler from dropping a pass */
};

/* One decoded message through admission and the fold, as intake.c has it: a report is one input. */
static void take(struct core *core, uint32_t device, int64_t t_ms, enum depth depth)
{
    struct decoded_batch *decoded = core->decoded;
    enum refusal refused[EVENT_BATCH_MAX];
    for (unsigned from = 0; from < decoded->count;) {
        unsigned to = from + 1;
        const uint32_t report = decoded->events[from].report;
        while (to < decoded->count && report != 0 && decoded->events[to].report == report)
            to++;
        const unsigned kept =
            gateway_admit(core->gateway, device, t_ms, &decoded->events[from], refused, to - from);
        core->taken += kept;
        if (kept > 0 && depth >= FOLD) {
            struct input input = {.t_ms = t_ms,
                                  .kind = INPUT_REPORT,
                                  .report = {.device = device,
                                             .epoch = decoded->epoch,
                                             .first_seq = decoded->events[from].key.seq,
                                             .lane = (uint8_t)decoded->lane,
                                             .count = (uint8_t)kept,
                                             .events = &decoded->events[from]}};
            if (core->batch.events >= BATCH_EVENTS)
                batch_reset(&core->batch);
            while (gateway_on_input(core->gateway, &input) == ERR_FULL)
                batch_reset(&core->batch);
        }
        from = to;
    }
}

static void run_message(struct core *core, const struct tape_message *message, int64_t t_ms, int64_t later_ms,
                        enum depth depth)
{
    if (depth == UNPACK) {
        core->taken += mix_unpack(core->unpacker, message->bytes, message->len);
        return;
    }
    if (decode_batch(core->decoder, (enum lane)message->lane, message->bytes, message->len, core->decoded) !=
        REFUSAL_NONE)
        return;
    core->taken += core->decoded->count;
    if (depth == DECODE)
        return;
    for (unsigned i = 0; i < core->decoded->count; i++)
        core->decoded->events[i].at_ms += later_ms;
    take(core, message->device, t_ms, depth);
}

/* CPU seconds of one run of the tape. */
static double run_tape(struct core *core, struct tape *tape, enum depth depth)
{
    gateway_set_batch(core->gateway, depth == RECORD ? &core->batch : NULL);
    const int64_t later_ms = tape->t_ms - start_ms;
    const double start = bench_cpu_s();
    for (size_t i = 0; i < tape->count; i++)
        run_message(core, &tape->messages[i], tape->t_ms + (int64_t)i * tape->span_ms / (int64_t)tape->count,
                    later_ms, depth);
    const double took = bench_cpu_s() - start;
    if (depth >= FOLD)
        tape->t_ms += tape->span_ms;
    batch_reset(&core->batch);
    return took;
}

/* ---- preparing ---- */

static bool make_tape(struct core *core, size_t count, bool single, struct tape *tape)
{
    struct mix_message message;
    size_t used = 0;
    const size_t limit = count * MIX_MESSAGE_MAX / 2;
    core->mix.single = single;
    *tape = (struct tape){.messages = calloc(count, sizeof(*tape->messages)), .bytes = malloc(limit)};
    if (tape->messages == NULL || tape->bytes == NULL)
        return false;
    tape->span_ms = (int64_t)((double)count * MIX_ROUND_S * 1000 / core->mix.devices) + 1;
    tape->t_ms = start_ms;
    for (; tape->count < count; tape->count++) {
        const int64_t t_ms = start_ms + (int64_t)tape->count * tape->span_ms / (int64_t)count;
        /* Whole rounds later than what filled the tables, so that the devices differ in what they draw. */
        mix_make(&core->mix, core->mix.devices + tape->count, t_ms, 1, core->seq, &message);
        core->seq += message.events;
        if (message.len > limit - used)
            return false;
        memcpy(tape->bytes + used, message.bytes, message.len);
        tape->messages[tape->count] =
            (struct tape_message){tape->bytes + used, message.len, message.lane, message.device};
        tape->events += message.events;
        used += message.len;
    }
    return true;
}

static void free_tape(struct tape *tape)
{
    free(tape->messages);
    free(tape->bytes);
    *tape = (struct tape){.messages = NULL};
}

/* Every device reports once, so that every state there will be is there. */
static void fill(struct core *core)
{
    struct mix_message message;
    gateway_set_batch(core->gateway, NULL);
    core->mix.single = false;
    for (uint64_t i = 0; i < core->mix.devices; i++) {
        const int64_t t_ms =
            start_ms - MIX_ROUND_S * 1000 + (int64_t)(i * MIX_ROUND_S * 1000 / core->mix.devices);
        mix_make(&core->mix, i, t_ms, 1, core->seq, &message);
        core->seq += message.events;
        const struct tape_message one = {message.bytes, message.len, message.lane, message.device};
        run_message(core, &one, t_ms, 0, FOLD);
    }
}

static bool open_core(struct bench *bench, unsigned homes, struct core *core, struct buf *errors)
{
    if (!bench_county_open(bench, homes, &core->county, errors))
        return false;
    mix_init(&core->mix, core->county.registry);
    core->mix.sos_every = SOS_EVERY;
    core->seq = 1;
    batch_init(&core->batch, BATCH_BYTES);
    core->gateway = bench_county_gateway(&core->county);
    core->unpacker = mix_unpacker_new();
    core->decoded = calloc(1, sizeof(*core->decoded));
    return core->gateway != NULL && core->unpacker != NULL && core->decoded != NULL &&
           decoder_new(&core->decoder) == ERR_OK;
}

static void close_core(struct core *core)
{
    gateway_free(core->gateway);
    decoder_free(core->decoder);
    mix_unpacker_free(core->unpacker);
    free(core->decoded);
    batch_release(&core->batch);
    bench_county_release(&core->county);
}

/* ---- figures ---- */

struct passes {
    double s[DEPTHS]; /* the best of PASSES runs */
};

static struct passes run_passes(struct bench *bench, struct core *core, struct tape *tape)
{
    struct passes passes;
    for (int depth = 0; depth < DEPTHS; depth++) {
        passes.s[depth] = 1e9;
        for (int i = 0; i < PASSES; i++) {
            bench_say(bench, "core: %u residents, pass %d of %d",
                      registry_count(core->county.registry, REGISTRY_RESIDENT), depth * PASSES + i + 1,
                      DEPTHS * PASSES);
            const double s = run_tape(core, tape, (enum depth)depth);
            passes.s[depth] = s < passes.s[depth] ? s : passes.s[depth];
        }
    }
    return passes;
}

static void add_speed(struct bench *bench, const struct core *core, const struct tape *tape,
                      const struct passes *passes, const char *packing, double target)
{
    const double all = passes->s[RECORD], decode = passes->s[DECODE];
    struct bench_figure figure = {.row = "core",
                                  .unit = "events/s",
                                  .value = (double)tape->events / all,
                                  .yardstick = "protobuf-c unpacks the same bytes, nothing else",
                                  .yardstick_value = (double)tape->events / passes->s[UNPACK],
                                  .at_least = target};
    snprintf(figure.name, sizeof(figure.name), "%u residents, %s",
             registry_count(core->county.registry, REGISTRY_RESIDENT), packing);
    struct gateway_stats stats;
    gateway_stats(core->gateway, &stats);
    snprintf(figure.note, sizeof(figure.note),
             "%.2f events a message; of %.0f ns an event: unpack %.0f%%, checks and copies of decode %.0f%%, "
             "admit %.0f%%, fold %.0f%%, record %.0f%%; %llu findings, %llu transitions, %llu timers, %zu "
             "alerts open at the end",
             (double)tape->events / (double)tape->count, all / (double)tape->events * 1e9,
             100 * passes->s[UNPACK] / all, 100 * (decode - passes->s[UNPACK]) / all,
             100 * (passes->s[ADMIT] - decode) / all, 100 * (passes->s[FOLD] - passes->s[ADMIT]) / all,
             100 * (all - passes->s[FOLD]) / all, (unsigned long long)stats.findings,
             (unsigned long long)stats.transitions, (unsigned long long)stats.timers_fired,
             alerts_open_count(gateway_alerts(core->gateway)));
    bench_add(bench, &figure);
}

/* Judged in the large county only: in a small one what the process itself needs outweighs the residents. */
static void add_memory(struct bench *bench, const struct core *core, double registry_bytes, double fold_bytes)
{
    const double residents = registry_count(core->county.registry, REGISTRY_RESIDENT);
    struct bench_figure figure = {.row = "core",
                                  .unit = "bytes",
                                  .value = (registry_bytes + fold_bytes) / residents,
                                  .at_most = residents >= 100000 ? 4096 : 0};
    snprintf(figure.name, sizeof(figure.name), "memory per resident of %.0f", residents);
    snprintf(figure.note, sizeof(figure.note),
             "registry %.0f, state of the fold %.0f bytes; resident pages after every device reported once, "
             "%.2f devices a resident",
             registry_bytes / residents, fold_bytes / residents, core->mix.devices / residents);
    bench_add(bench, &figure);
}

/* What the core loop spends on a snapshot of everything that changed: nothing else happens meanwhile. */
static void add_snapshot(struct bench *bench, struct core *core)
{
    const size_t limit = core->batch.arena.limit;
    gateway_set_batch(core->gateway, &core->batch);
    arena_set_limit(&core->batch.arena, limit + SNAPSHOT_BYTES);
    const double start = bench_cpu_s();
    const enum err err = gateway_snapshot(core->gateway);
    const double took = bench_cpu_s() - start;
    struct bench_figure figure = {.row = "core", .unit = "ms", .value = took * 1e3};
    snprintf(figure.name, sizeof(figure.name), "snapshot of %u residents, all changed",
             registry_count(core->county.registry, REGISTRY_RESIDENT));
    snprintf(figure.note, sizeof(figure.note),
             "%zu states, %.1f MB of at most %d%s; the core loop stands still meanwhile", core->batch.items,
             (double)core->batch.arena.used / 1e6, SNAPSHOT_BYTES / 1000000,
             err == ERR_OK ? "" : ": there is no room for it");
    figure.failed = err != ERR_OK;
    bench_add(bench, &figure);
    batch_reset(&core->batch);
    arena_set_limit(&core->batch.arena, limit);
}

static void measure(struct bench *bench, unsigned homes, double target)
{
    struct core core = {0};
    struct tape tape = {0};
    struct buf errors;
    buf_init(&errors, 1 << 16);
    const size_t messages = bench->quick ? TAPE_MESSAGES_QUICK : TAPE_MESSAGES;
    const double before = bench_rss(0);
    bench_say(bench, "core: a county of %u homes", homes);
    if (!open_core(bench, homes, &core, &errors)) {
        bench_missing(bench, "core", "events/s", "%s", errors.len > 0 ? buf_text(&errors) : "out of memory");
        goto out;
    }
    gateway_free(core.gateway);
    core.gateway = NULL;
    const double with_registry = bench_rss(0);
    core.gateway = bench_county_gateway(&core.county);
    if (core.gateway == NULL)
        goto out;
    fill(&core);
    const double filled = bench_rss(0);
    for (int single = 0; single < 2; single++) {
        if (!make_tape(&core, messages, single, &tape))
            break;
        const struct passes passes = run_passes(bench, &core, &tape);
        add_speed(bench, &core, &tape, &passes, single ? "one event a message" : "as devices send",
                  single ? 0 : target);
        free_tape(&tape);
    }
    add_memory(bench, &core, with_registry - before, filled - with_registry);
    add_snapshot(bench, &core);
out:
    free_tape(&tape);
    close_core(&core);
    buf_release(&errors);
}

void bench_core(struct bench *bench)
{
    /* One home in seven has two residents; above a million devices per kind there is no room for that. */
    measure(bench, bench->quick ? 200 : 1760, 1e6);
    measure(bench, bench->quick ? 2000 : 1000000, 5e5);
}
