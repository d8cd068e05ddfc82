/* huyang trace: the whole way of one event or alert, each stage with its time, from the database of a running
 * or stopped gateway. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "command.h"
#include "core/json.h"
#include "core/text.h"
#include "store/reader.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, TRACE_MAX_BYTES = 16 << 20, STEPS_MAX = 4096, WHAT_SIZE = 512 };

static const char help[] =
    "usage: huyang trace [--state-dir DIR] [--time-zone NAME] [--json] EVENT|ALERT\n"
    "\n"
    "EVENT is DEVICE/LANE/EPOCH/SEQ, as in the journal (wb-0001/urgent/1234/41); ALERT is an alert's id.\n"
    "Shows when it happened, arrived and was committed, what was found, how the alert changed, what was sent "
    "to\n"
    "whom and what came of it. Times of the gateway's own clock are marked with *.\n"
    "\n"
    "  --state-dir DIR    the gateway's state folder (default ./state)\n"
    "  --time-zone NAME   of the times that are shown (default Asia/Shanghai)\n"
    "  --json             the same as one JSON object\n"
    "\n"
    "examples:\n"
    "  huyang trace --state-dir /var/lib/huyang 3fa1c0de3fa1c0de3fa1c0de3fa1c0de\n"
    "  huyang trace wb-0001/urgent/1234/41\n"
    "\n"
    "exit status: 0 well, 1 not found or failed, 2 wrong usage\n";

struct step {
    int64_t t_ms;
    unsigned order; /* of equal times: as they were told */
    bool own_clock;
    const char *stage;
    char what[WHAT_SIZE];
};

struct story {
    struct step *steps;
    unsigned count;
    bool cut;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang trace: %s%s\n`huyang trace --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static const char *member(const struct json *object, const char *name)
{
    const char *text = json_string(json_get(object, name));
    return text != NULL ? text : "";
}

static long long number(const struct json *object, const char *name)
{
    int64_t value = 0;
    return json_integer(json_get(object, name), &value) ? value : 0;
}

/* A place for a step at the time that `object` has under `time`; NULL when it has none, or the story is full.
 */
static struct step *add(struct story *story, const struct json *object, const char *time, const char *stage)
{
    const char *text = member(object, time);
    int64_t t_ms;

    if (clock_parse(text, strlen(text), &t_ms) != ERR_OK)
        return NULL;
    if (story->count == STEPS_MAX) {
        story->cut = true;
        return NULL;
    }
    struct step *step = &story->steps[story->count];
    *step = (struct step){
        .t_ms = t_ms, .order = story->count++, .stage = stage, .own_clock = strcmp(time, "committed") == 0};
    return step;
}

static void tell_input(struct story *story, const struct json *input)
{
    struct step *step = add(story, input, "t", "arrived");

    if (step != NULL)
        snprintf(step->what, WHAT_SIZE, "input %lld: %s%s%s", number(input, "n"), member(input, "kind"),
                 member(input, "device")[0] != '\0' ? " of " : "", member(input, "device"));
    step = add(story, input, "committed", "committed");
    if (step != NULL)
        snprintf(step->what, WHAT_SIZE, "input %lld is on disk", number(input, "n"));
}

static void tell_jobs(struct story *story, const struct json *jobs)
{
    for (size_t i = 0; i < json_count(jobs); i++) {
        const struct json *job = json_at(jobs, i), *history = json_get(job, "history");
        char name[160];
        snprintf(name, sizeof(name), "%s%s%s via %s%s%s [%.8s]", member(job, "kind"),
                 member(job, "role")[0] != '\0' ? " to " : "", member(job, "role"), member(job, "channel"),
                 member(job, "target")[0] != '\0' ? " " : "", member(job, "target"), member(job, "id"));
        struct step *step = add(story, job, "created", "queued");
        if (step != NULL)
            snprintf(step->what, WHAT_SIZE, "%s", name);
        for (size_t k = 0; k < json_count(history); k++) {
            const struct json *word = json_at(history, k);
            step = add(story, word, "t", "relay");
            if (step != NULL)
                snprintf(step->what, WHAT_SIZE, "%s: %s%s%s", name, member(word, "state"),
                         member(word, "reason")[0] != '\0' ? ", " : "", member(word, "reason"));
        }
    }
}

static void tell_alert(struct story *story, const struct json *alert, bool with_inputs)
{
    const struct json *inputs = json_get(alert, "inputs"), *findings = json_get(alert, "findings"),
                      *transitions = json_get(alert, "transitions");
    struct step *step;

    for (size_t i = 0; with_inputs && i < json_count(inputs); i++)
        tell_input(story, json_at(inputs, i));
    for (size_t i = 0; i < json_count(findings); i++) {
        const struct json *finding = json_at(findings, i);
        double score = 0;
        (void)json_number(json_get(finding, "score"), &score);
        if ((step = add(story, finding, "t", "found")) != NULL)
            snprintf(step->what, WHAT_SIZE, "%s: %s, %s, score %.2f", member(finding, "detector"),
                     member(finding, "reason"), member(finding, "level"), score);
    }
    for (size_t i = 0; i < json_count(transitions); i++) {
        const struct json *transition = json_at(transitions, i);
        if ((step = add(story, transition, "t", "alert")) != NULL)
            snprintf(step->what, WHAT_SIZE, "%.8s %s by %s: %s", member(alert, "alert"),
                     member(transition, "kind"), member(transition, "by"), member(transition, "why"));
        if ((step = add(story, transition, "committed", "committed")) != NULL)
            snprintf(step->what, WHAT_SIZE, "%.8s %s is on disk", member(alert, "alert"),
                     member(transition, "kind"));
    }
    tell_jobs(story, json_get(alert, "jobs"));
}

static int by_time(const void *a, const void *b)
{
    const struct step *x = a, *y = b;

    if (x->t_ms != y->t_ms)
        return x->t_ms < y->t_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void print_story(struct story *story, const struct tz *tz)
{
    if (story->count == 0) {
        puts("(nothing is known of it)");
        return;
    }
    qsort(story->steps, story->count, sizeof(*story->steps), by_time);
    printf("%-24s %12s  %-10s %s\n", "TIME", "AFTER", "STAGE", "WHAT");
    for (unsigned i = 0; i < story->count; i++) {
        const struct step *step = &story->steps[i];
        struct civil c;
        clock_civil(tz, step->t_ms, &c);
        printf("%04d-%02d-%02d %02d:%02d:%02d.%03d%c %10.3f s  %-10s ", c.year, c.month, c.day, c.hour,
               c.minute, c.second, (int)(step->t_ms % 1000), step->own_clock ? '*' : ' ',
               (double)(step->t_ms - story->steps[0].t_ms) / 1000, step->stage);
        columns_print(stdout, step->what, 0);
        putchar('\n');
    }
    if (story->cut)
        puts("(there is more; --json shows all)");
}

static int tell(const struct buf *text, const struct tz *tz)
{
    struct story story = {.steps = calloc(STEPS_MAX, sizeof(*story.steps))};
    struct json *root = NULL;

    if (story.steps == NULL || json_parse(buf_text(text), text->len, &root, NULL) != ERR_OK) {
        free(story.steps);
        fputs("huyang trace: the answer of the database cannot be read\n", stderr);
        return EXIT_FAILED;
    }
    const struct json *event = json_get(root, "event"), *alerts = json_get(root, "alerts"), *value;
    if (event != NULL) {
        const char *kind = "";
        size_t iter = 0;
        (void)json_next(event, &iter, &kind, &value);
        struct step *step = add(&story, event, "at", "happened");
        if (step != NULL)
            snprintf(step->what, WHAT_SIZE, "%s, by the device's clock%s", kind,
                     strcmp(member(root, "basis"), "life_safety") == 0
                         ? "; kept without consent, for the safety of life"
                         : "");
        tell_input(&story, json_get(root, "input"));
        for (size_t i = 0; i < json_count(alerts); i++)
            tell_alert(&story, json_at(alerts, i), false);
    } else {
        tell_alert(&story, root, true);
    }
    print_story(&story, tz);
    json_free(root);
    free(story.steps);
    return EXIT_WELL;
}

static int run_trace(const char *folder, const char *key, const struct tz *tz, bool json)
{
    struct reader *reader = NULL;
    struct buf out;
    int status = EXIT_FAILED;

    enum err err = reader_open(folder, &reader);
    if (err != ERR_OK) {
        fprintf(stderr, "huyang trace: %s: %s\n", folder,
                err == ERR_NOT_FOUND ? "there is no database" : err_text(err));
        return EXIT_FAILED;
    }
    buf_init(&out, TRACE_MAX_BYTES);
    reader_set_zone(reader, tz);
    err = reader_trace(reader, key, &out);
    if (err == ERR_INVALID)
        status = usage("neither an alert's id nor DEVICE/LANE/EPOCH/SEQ: ", key);
    else if (err == ERR_NOT_FOUND)
        fprintf(stderr, "huyang trace: there is no %s\n", key);
    else if (err != ERR_OK)
        fprintf(stderr, "huyang trace: %s\n", err_text(err));
    else if (json)
        status = puts(buf_text(&out)) >= 0 ? EXIT_WELL : EXIT_FAILED;
    else
        status = tell(&out, tz);
    buf_release(&out);
    reader_close(reader);
    return status;
}

static int run(int argc, char **argv)
{
    const char *folder = "./state", *zone = "Asia/Shanghai", *key = NULL;
    bool json = false;
    struct tz *tz;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--state-dir") == 0 && i + 1 < argc)
            folder = argv[++i];
        else if (strcmp(argv[i], "--time-zone") == 0 && i + 1 < argc)
            zone = argv[++i];
        else if (argv[i][0] == '-')
            return usage("unknown option, or a value is missing: ", argv[i]);
        else if (key != NULL)
            return usage("one event or alert at a time, not also ", argv[i]);
        else
            key = argv[i];
    }
    if (key == NULL)
        return usage("which event or alert?", "");
    if (tz_load(zone, &tz) != ERR_OK)
        return usage("there is no time zone ", zone);
    int status = run_trace(folder, key, tz, json);
    tz_free(tz);
    return status;
}

extern const struct command cmd_trace;
const struct command cmd_trace = {
    .name = "trace", .summary = "the whole way of one event or alert, with times", .help = help, .run = run};
