/* huyang replay: the whole pipeline in one process on virtual time (contracts.md 6). Two passes over the
 * timeline: the first learns which relays have a result written down, the second folds. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config_prompts.h"
#include "gateway.h"
#include "output.h"
#include "replay_diff.h"
#include "timeline.h"

enum { BATCH_BYTES = 64 << 20 };

struct replay {
    FILE *file;
    const char *name;
    struct config *config;
    struct prompt_book *prompts; /* NULL = the catalogue compiled in */
    struct registry *registry;
    struct tz *tz;
    struct gateway *gateway;
    struct timeline *timeline;
    struct timeline_line *line;
    struct batch batch;
    struct buf out;
    bool findings, recorded;
    struct replay_diff *diff; /* takes the transitions instead of standard output; NULL = none */
    enum diff_side side;
    int64_t until_ms;
    unsigned long bad_lines;
    /* What the first pass found: ids with a result of their own (sorted), and how many results name each
     * kind. */
    struct hash_id *named;
    size_t named_count, named_cap;
    unsigned kind_results[JOB_KIND_COUNT];
    /* Jobs that wait for a kind's result, and what later jobs of a kind are answered when such a line found
     * none waiting. */
    struct withheld {
        struct hash_id job;
        enum job_kind kind;
    } * withheld;
    size_t withheld_count, withheld_cap;
    struct delivery standing[JOB_KIND_COUNT];
    bool has_standing[JOB_KIND_COUNT];
};

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash_id));
}

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return items;
    *cap = *cap > 0 ? *cap * 2 : 64;
    void *more = realloc(items, *cap * size);
    if (more == NULL) {
        fputs("huyang replay: out of memory\n", stderr);
        exit(1);
    }
    return more;
}

static bool is_named(const struct replay *replay, const struct hash_id *job)
{
    return replay->named_count > 0 &&
           bsearch(job, replay->named, replay->named_count, sizeof(*replay->named), compare_ids) != NULL;
}

/* gateway_config.answer: success at t+0 unless a line says otherwise. */
static enum delivery_state answer(void *self, const struct job *job, char reason[64])
{
    struct replay *replay = self;
    if (replay->recorded || is_named(replay, &job->id))
        return DELIVERY_COUNT;
    if (replay->has_standing[job->kind]) {
        text_copy(reason, 64, replay->standing[job->kind].reason);
        return replay->standing[job->kind].state;
    }
    if (replay->kind_results[job->kind] > 0) {
        replay->withheld =
            grow(replay->withheld, replay->withheld_count, &replay->withheld_cap, sizeof(*replay->withheld));
        replay->withheld[replay->withheld_count++] = (struct withheld){job->id, job->kind};
        return DELIVERY_COUNT;
    }
    return job_success(job->kind);
}

static void compare_later(struct replay *replay, const struct batch_item *item)
{
    const struct batch_transition *transition = &item->transition;
    if (item->kind != BATCH_TRANSITION)
        return;
    if (replay_diff_take(replay->diff, replay->side, transition->transition.t_ms, transition->line,
                         transition->len) != ERR_OK) {
        fputs("huyang replay: out of memory\n", stderr);
        exit(1);
    }
}

/* Prints what the last step decided and forgets it. */
static void flush(struct replay *replay)
{
    for (const struct batch_item *item = replay->batch.first; item != NULL; item = item->next) {
        if (replay->diff != NULL) {
            compare_later(replay, item);
            continue;
        }
        buf_clear(&replay->out);
        if (output_item(item, replay->findings, replay->registry, replay->tz, &replay->out)) {
            buf_putc(&replay->out, '\n');
            fwrite(replay->out.data, 1, replay->out.len, stdout);
        }
    }
    batch_reset(&replay->batch);
}

static void complain(struct replay *replay, unsigned long number, const char *why)
{
    replay->bad_lines++;
    if (replay->diff == NULL || replay->side == DIFF_NEW) /* a line that is bad twice is told once */
        fprintf(stderr, "%s:%lu: %s\n", replay->name, number, why);
}

/* What the live gateway would refuse and count is a bad line here; but dropping without consent is the
 * registry at work. */
static void complain_refused(struct replay *replay, unsigned long number, enum refusal refusal,
                             const char *device)
{
    char why[TIMELINE_WHY];
    snprintf(why, sizeof(why), "refused: %s (device %s)", refusal_name(refusal), device);
    if (refusal != REFUSAL_NO_CONSENT)
        complain(replay, number, why);
}

static const char *take(struct replay *replay, struct input *input)
{
    enum err err;
    do {
        err = gateway_on_input(replay->gateway, input);
        flush(replay);
    } while (err == ERR_FULL);
    return err == ERR_OK          ? NULL
           : err == ERR_NOT_FOUND ? "action: there is no such open alert"
                                  : "action: not allowed in the alert's state";
}

static void tick(struct replay *replay, int64_t t_ms)
{
    bool reached;
    do {
        reached = gateway_on_tick(replay->gateway, t_ms);
        flush(replay);
    } while (!reached);
}

static void take_kind_result(struct replay *replay, enum job_kind kind, const struct input *input)
{
    bool any = false;
    if (input->t_ms > gateway_t_ms(replay->gateway))
        tick(replay, input->t_ms); /* what it answers may only now be due */
    replay->kind_results[kind]--;
    const size_t waiting = replay->withheld_count;
    size_t kept = 0;
    struct withheld *jobs = replay->withheld;
    for (size_t i = 0; i < waiting; i++) {
        if (jobs[i].kind != kind) {
            jobs[kept++] = jobs[i];
            continue;
        }
        any = true;
        struct input result = *input;
        result.delivery.job = jobs[i].job;
        take(replay, &result);
        jobs = replay->withheld; /* a new job may have been withheld meanwhile */
    }
    for (size_t i = waiting; i < replay->withheld_count; i++)
        jobs[kept++] = jobs[i];
    replay->withheld_count = kept;
    if (!any) {
        replay->standing[kind] = input->delivery;
        replay->has_standing[kind] = true;
    }
}

static void take_report(struct replay *replay, unsigned long number)
{
    struct report *report = &replay->line->input.report;
    enum refusal refused[EVENT_BATCH_MAX];
    const unsigned count = report->count;
    int64_t t_ms = replay->line->t_ms;
    if (t_ms < gateway_t_ms(replay->gateway))
        t_ms = gateway_t_ms(replay->gateway);
    for (unsigned i = 0; i < count; i++) /* a line whose time went back happened when the one before did */
        if (replay->line->events[i].at_ms == replay->line->t_ms)
            replay->line->events[i].at_ms = t_ms;
    const unsigned kept =
        gateway_admit(replay->gateway, report->device, t_ms, replay->line->events, refused, count);
    for (unsigned i = 0; i < count; i++)
        if (refused[i] != REFUSAL_NONE)
            complain_refused(replay, number, refused[i],
                             registry_device(replay->registry, report->device)->id);
    if (kept > 0) {
        report->count = (uint8_t)kept;
        report->first_seq = replay->line->events[0].key.seq;
        take(replay, &replay->line->input);
    }
}

static void take_line(struct replay *replay, unsigned long number)
{
    const char *why = NULL;
    switch (replay->line->what) {
    case TIMELINE_BLANK: break;
    case TIMELINE_TICK: tick(replay, replay->line->t_ms); break;
    case TIMELINE_RECORDED: replay->recorded = true; break;
    case TIMELINE_KIND_RESULT:
        take_kind_result(replay, replay->line->relay_kind, &replay->line->input);
        break;
    case TIMELINE_REPORT: take_report(replay, number); break;
    case TIMELINE_INPUT: why = take(replay, &replay->line->input); break;
    }
    if (why != NULL)
        complain(replay, number, why);
}

/* Calls fn for each line until it returns false. */
static int each_line(struct replay *replay,
                     bool (*fn)(struct replay *replay, const char *line, size_t len, unsigned long number))
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    unsigned long number = 0;
    rewind(replay->file);
    while ((len = getline(&line, &cap, replay->file)) >= 0) {
        number++;
        const char *text = line;
        if (number == 1 && len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* editors on Windows */
            text += 3;
            len -= 3;
        }
        while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
            len--;
        if (!fn(replay, text, (size_t)len, number))
            break;
    }
    free(line);
    if (ferror(replay->file)) {
        fprintf(stderr, "huyang replay: cannot read %s\n", replay->name);
        return 1;
    }
    return 0;
}

static bool first_pass(struct replay *replay, const char *line, size_t len, unsigned long number)
{
    (void)number;
    struct hash_id job;
    enum job_kind kind;
    if (!timeline_names_relay(line, len, &job, &kind))
        return true;
    if (kind != JOB_KIND_COUNT) {
        replay->kind_results[kind]++;
        return true;
    }
    replay->named = grow(replay->named, replay->named_count, &replay->named_cap, sizeof(*replay->named));
    replay->named[replay->named_count++] = job;
    return true;
}

static bool second_pass(struct replay *replay, const char *line, size_t len, unsigned long number)
{
    char why[TIMELINE_WHY];
    if (timeline_parse(replay->timeline, line, len, replay->line, why) != ERR_OK) {
        complain(replay, number, why);
        return true;
    }
    if (replay->line->what != TIMELINE_BLANK && replay->until_ms != 0 &&
        replay->line->t_ms > replay->until_ms)
        return false;
    take_line(replay, number);
    return true;
}

/* A pipe cannot be read twice: it is kept in an unnamed temporary file. */
static FILE *spool(FILE *from)
{
    FILE *to = tmpfile();
    char block[65536];
    size_t len;
    while (to != NULL && (len = fread(block, 1, sizeof(block), from)) > 0)
        if (fwrite(block, 1, len, to) != len) {
            fclose(to);
            return NULL;
        }
    return to;
}

/* `file`: the timeline, when it is open already; NULL = to be opened here. */
static int open_all(struct replay *replay, const char *registry, const char *config, const char *timeline,
                    FILE *file)
{
    struct buf errors;
    buf_init(&errors, 1 << 16);
    int status = 2;
    if (config_load(config, &replay->config, &errors) != ERR_OK ||
        prompts_of_config(replay->config, &replay->prompts, &errors) != ERR_OK)
        goto out;
    if (tz_load(replay->config->time_zone, &replay->tz) != ERR_OK) {
        buf_printf(&errors, "time zone '%s' is not on this machine (package tzdata)\n",
                   replay->config->time_zone);
        goto out;
    }
    const enum err err = registry_load(registry, replay->tz, NULL, &errors, &replay->registry);
    if (err != ERR_OK) {
        struct buf named;
        buf_init(&named, 1 << 17);
        buf_printf(&named, "registry %s: %s\n%s", registry,
                   errors.len > 0 ? "nothing was read" : err_text(err), buf_text(&errors));
        buf_clear(&errors);
        buf_puts(&errors, buf_text(&named));
        buf_release(&named);
        goto out;
    }
    replay->name = strcmp(timeline, "-") == 0 ? "standard input" : timeline;
    replay->file = file != NULL ? file : strcmp(timeline, "-") == 0 ? spool(stdin) : fopen(timeline, "r");
    if (replay->file == NULL) {
        buf_printf(&errors, "%s: cannot be read\n", replay->name);
        goto out;
    }
    status = 0;
out:
    if (status != 0)
        fprintf(stderr, "huyang replay: %s%s", buf_text(&errors),
                errors.len > 0 && errors.data[errors.len - 1] == '\n' ? "" : "\n");
    buf_release(&errors);
    return status;
}

static enum err build(struct replay *replay)
{
    const struct config *config = replay->config;
    const struct gateway_config gateway = {.instance = config->instance,
                                           .registry = replay->registry,
                                           .detect = &config->detect,
                                           .overrides = &config->detect_overrides,
                                           .alert = &config->alert,
                                           .relay = &config->relay,
                                           .prompts = replay->prompts ? &replay->prompts->catalogue : NULL,
                                           .tz = replay->tz,
                                           .lateness_ms = (int64_t)config->lateness_s * 1000,
                                           .answer = answer,
                                           .answer_self = replay};
    enum err err = gateway_new(&gateway, &replay->gateway);
    if (err == ERR_OK)
        err = timeline_new(replay->registry, replay->tz, &replay->timeline);
    replay->line = malloc(sizeof(*replay->line));
    if (replay->line == NULL)
        err = ERR_NOMEM;
    if (err == ERR_OK)
        gateway_set_batch(replay->gateway, &replay->batch);
    return err;
}

static void release(struct replay *replay)
{
    free(replay->named);
    free(replay->withheld);
    free(replay->line);
    timeline_free(replay->timeline);
    gateway_free(replay->gateway);
    registry_free(replay->registry);
    tz_free(replay->tz);
    prompts_free(replay->prompts);
    config_free(replay->config);
    batch_release(&replay->batch);
    buf_release(&replay->out);
}

/* The whole timeline through one configuration. */
static int run_once(struct replay *replay)
{
    if (build(replay) != ERR_OK) {
        fputs("huyang replay: out of memory\n", stderr);
        return 1;
    }
    int status = each_line(replay, first_pass);
    if (status != 0)
        return status;
    if (replay->named_count > 0)
        qsort(replay->named, replay->named_count, sizeof(*replay->named), compare_ids);
    status = each_line(replay, second_pass);
    if (status == 0 && replay->until_ms > gateway_t_ms(replay->gateway))
        tick(replay, replay->until_ms);
    return status;
}

struct words {
    const char *registry, *config, *against, *timeline;
    bool findings, json;
    int64_t until_ms;
};

static int usage(const char *complaint)
{
    fprintf(stderr, "huyang replay: %s; see huyang replay --help\n", complaint);
    return 2;
}

static int read_words(int argc, char **argv, struct words *words)
{
    static const struct option options[] = {{"registry", required_argument, NULL, 'r'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"against", required_argument, NULL, 'a'},
                                            {"findings", no_argument, NULL, 'f'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"until", required_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "r:c:fu:", options, NULL)) >= 0) {
        switch (option) {
        case 'r': words->registry = optarg; break;
        case 'c': words->config = optarg; break;
        case 'a': words->against = optarg; break;
        case 'f': words->findings = true; break;
        case 'j': words->json = true; break;
        case 'u':
            if (clock_parse(optarg, strlen(optarg), &words->until_ms) != ERR_OK) {
                fprintf(stderr, "huyang replay: --until: '%s' is not an ISO 8601 time with an offset\n",
                        optarg);
                return 2;
            }
            break;
        default: return 2;
        }
    }
    if (optind + 1 != argc)
        return usage("exactly one TIMELINE.jsonl (or -) is expected");
    words->timeline = argv[optind];
    if (words->registry == NULL) {
        fputs("huyang replay: --registry DIR is needed: without it every device is unknown\n", stderr);
        return 2;
    }
    if (words->against != NULL ? words->findings : words->json)
        return usage(words->findings ? "--against compares alerts: --findings has no place beside it"
                                     : "--json is for --against; without it all output is JSON lines");
    return 0;
}

/* Replays `config`; with `diff` for one side of a comparison. *file: the timeline, opened by the first call;
 * *bad becomes true when a line was. */
static int replay_with(const struct words *words, const char *config, struct replay_diff *diff,
                       enum diff_side side, FILE **file, bool *bad)
{
    struct replay replay = {
        .diff = diff, .side = side, .findings = words->findings, .until_ms = words->until_ms};
    batch_init(&replay.batch, BATCH_BYTES);
    buf_init(&replay.out, 1 << 20);
    int status = open_all(&replay, words->registry, config, words->timeline, *file);
    if (status == 0) {
        *file = replay.file;
        status = run_once(&replay);
    }
    *bad |= replay.bad_lines > 0;
    release(&replay);
    return status;
}

static int run(int argc, char **argv)
{
    enum { EXIT_DIFFERS = 3 };
    struct words words = {.until_ms = 0};
    struct replay_diff diff = {0};
    FILE *file = NULL;
    size_t differ = 0;
    bool bad = false;
    int status = read_words(argc, argv, &words);
    if (status != 0)
        return status;
    if (words.against != NULL)
        status = replay_with(&words, words.against, &diff, DIFF_OLD, &file, &bad);
    if (status == 0)
        status =
            replay_with(&words, words.config, words.against != NULL ? &diff : NULL, DIFF_NEW, &file, &bad);
    if (status == 0 && words.against != NULL &&
        replay_diff_print(&diff, words.json, stdout, &differ) != ERR_OK) {
        fputs("huyang replay: out of memory\n", stderr);
        status = 1;
    }
    replay_diff_release(&diff);
    if (file != NULL)
        fclose(file);
    if (status == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        fputs("huyang replay: cannot write the output\n", stderr);
        status = 1;
    }
    if (status == 0 && bad)
        status = 2;
    return status == 0 && differ > 0 ? EXIT_DIFFERS : status;
}

const struct command cmd_replay = {
    .name = "replay",
    .summary = "the whole pipeline over a timeline, on virtual time",
    .help =
        "usage: huyang replay --registry DIR [--config FILE] [--findings] [--until TIME] TIMELINE.jsonl\n"
        "       huyang replay --registry DIR [--config NEW] --against OLD [--json] [--until TIME] "
        "TIMELINE.jsonl\n"
        "\n"
        "Feeds recorded or written events through the gateway's own pipeline, as fast as it goes, "
        "without a broker, and\n"
        "prints alert transitions and relays as JSON lines. The same input gives the same bytes. `-` "
        "reads standard input.\n"
        "\n"
        "  --registry DIR  the county's registry folder (CSV + GeoJSON)\n"
        "  --config FILE   settings other than the defaults\n"
        "  --findings      print every finding too, also those that raise no alert\n"
        "  --until TIME    stop at lines after TIME, and let timers run until then\n"
        "  --against OLD   print instead which alerts the configuration OLD did not raise (new), only it "
        "raised (gone),\n"
        "                  or had at another highest level (raised, lowered), and their numbers by "
        "detector; an alert\n"
        "                  counts for each detector it had at its height. The same alert: of the same id, "
        "or of the same\n"
        "                  subject and family and opened within an hour\n"
        "  --json          that comparison as JSON lines\n"
        "\n"
        "Relays succeed at once unless a line says otherwise: {\"t\":…,\"relay_result\":{\"relay\":ID or "
        "kind,\"state\":…}}.\n"
        "Exit status: 0 well, 1 failed, 2 a bad argument, file or line (each is told as FILE:LINE: "
        "reason and skipped),\n"
        "3 with --against: some alert differs.\n"
        "\n"
        "examples:\n"
        "  huyang replay --registry county/ day.jsonl\n"
        "  huyang journal export | huyang replay --registry county/ -\n"
        "  huyang journal export | huyang replay --registry county/ --config new.yaml --against "
        "/etc/huyang/huyang.yaml -\n"
        "  huyang replay --registry county/ --findings --until 2026-03-02T00:00:00+08:00 day.jsonl\n",
    .run = run,
};
