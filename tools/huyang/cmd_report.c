/* huyang report: what happened in a county over some days, or around one alert, from the database of a
 * running or stopped gateway. Reads only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "gateway.h"
#include "report_devices.h"
#include "report_tables.h"
#include "report_urgent.h"
#include "store/reader.h"

enum { EXIT_WELL, EXIT_FAILED, EXIT_USAGE, OUT_MAX_BYTES = 16 << 20 };

static const char help[] =
    "usage: huyang report --daily | --weekly | --range A..B  [OPTIONS]\n"
    "       huyang report --alert ID [OPTIONS]\n"
    "\n"
    "Over the local days of a range: alerts by family, level, day and territory; how soon people answered, "
    "against\n"
    "the target of the configuration (report.answer_s, report.answer_permille); what people judged of each "
    "rule's\n"
    "alerts; tasks and the ledger of clues; homes and devices where our rules err most; the people who were "
    "reached; the budget of "
    "people's\n"
    "attention, used and left; the bands to charge before tomorrow's round and the firmware in use (both as "
    "of the\n"
    "gateway's last snapshot). Or everything about one alert on one page. No names, only ids.\n"
    "\n"
    "  --daily            the last whole day before the database's last commit\n"
    "  --weekly           the last seven of them\n"
    "  --range A..B       from day A to day B, both included: 2026-03-01..2026-03-07\n"
    "  --alert ID         one alert: what was seen, what happened when, who did what\n"
    "  --html --csv --json  instead of plain text; the HTML page prints well and needs no scripts\n"
    "  --lang zh|en       (default en)\n"
    "  --state-dir DIR    the gateway's state folder (default: the configuration's)\n"
    "  --config FILE      for the time zone and the target (default: the built-in one)\n"
    "\n"
    "examples:\n"
    "  huyang report --daily --state-dir /var/lib/huyang\n"
    "  huyang report --range 2026-03-01..2026-03-31 --html --lang zh > march.html\n"
    "  huyang report --alert 3fa1c0de3fa1c0de3fa1c0de3fa1c0de --html > alert.html\n"
    "\n"
    "exit status: 0 well, 1 failed or no such alert, 2 wrong usage\n";

struct words {
    const char *config, *state, *range, *alert, *lang;
    unsigned back_days; /* --daily, --weekly */
    enum document_form form;
};
struct work {
    struct words words;
    struct config *config;
    struct tz *tz;
    struct registry *registry;
    struct reader *reader;
    struct report *report;
    struct document document;
    uint8_t *heard; /* of each device */
    int64_t from_ms, to_ms;
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang report: %s%s\n`huyang report --help` explains.\n", complaint, word);
    return EXIT_USAGE;
}

static int failed(const char *what, enum err err)
{
    fprintf(stderr, "huyang report: %s: %s\n", what, err_text(err));
    return EXIT_FAILED;
}

static int read_words(struct words *words, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {{"--config", &words->config},
                   {"--state-dir", &words->state},
                   {"--range", &words->range},
                   {"--alert", &words->alert},
                   {"--lang", &words->lang}};
    for (int i = 1; i < argc; i++) {
        size_t k = 0, count = sizeof options / sizeof *options;
        while (k < count && strcmp(argv[i], options[k].name) != 0)
            k++;
        if (k < count && i + 1 == argc)
            return usage("a value is missing after ", argv[i]);
        if (k < count)
            *options[k].value = argv[++i];
        else if (strcmp(argv[i], "--daily") == 0)
            words->back_days = 1;
        else if (strcmp(argv[i], "--weekly") == 0)
            words->back_days = 7;
        else if (strcmp(argv[i], "--html") == 0)
            words->form = DOCUMENT_HTML;
        else if (strcmp(argv[i], "--csv") == 0)
            words->form = DOCUMENT_CSV;
        else if (strcmp(argv[i], "--json") == 0)
            words->form = DOCUMENT_JSON;
        else
            return usage("what is this? ", argv[i]);
    }
    if ((words->back_days != 0) + (words->range != NULL) + (words->alert != NULL) != 1)
        return usage("one of --daily, --weekly, --range and --alert is expected", "");
    if (words->lang != NULL && strcmp(words->lang, "zh") != 0 && strcmp(words->lang, "en") != 0)
        return usage("--lang is zh or en, not ", words->lang);
    return EXIT_WELL;
}

/* "2026-03-01" as the first moment of that local day; false when it is none. */
static bool read_day(const struct tz *tz, const char *text, size_t len, int64_t *ret_ms)
{
    char full[32];
    struct civil civil;
    int64_t utc_ms;
    if (len != 10)
        return false;
    snprintf(full, sizeof full, "%.10sT00:00:00Z", text);
    if (clock_parse(full, strlen(full), &utc_ms) != ERR_OK)
        return false;
    clock_civil(NULL, utc_ms, &civil);
    *ret_ms = clock_from_civil(tz, civil.year, civil.month, civil.day, 0, 0, 0);
    return true;
}

static int64_t midnight(const struct tz *tz, int64_t t_ms, int days)
{
    struct civil civil;
    clock_civil(tz, t_ms, &civil);
    return clock_from_civil(tz, civil.year, civil.month, civil.day + days, 0, 0, 0);
}

static int find_range(struct work *work, int64_t now_ms)
{
    const char *range = work->words.range;
    if (range == NULL) {
        work->to_ms = midnight(work->tz, now_ms, 0);
        work->from_ms = midnight(work->tz, now_ms, -(int)work->words.back_days);
        return EXIT_WELL;
    }
    const char *dots = strstr(range, "..");
    int64_t last_ms;
    if (dots == NULL || !read_day(work->tz, range, (size_t)(dots - range), &work->from_ms) ||
        !read_day(work->tz, dots + 2, strlen(dots + 2), &last_ms) || last_ms < work->from_ms)
        return usage("--range is two days in order, such as 2026-03-01..2026-03-07, not ", range);
    work->to_ms = midnight(work->tz, last_ms, 1);
    return EXIT_WELL;
}

static int open_all(struct work *work)
{
    struct buf errors;
    buf_init(&errors, 1 << 16);
    int status = EXIT_USAGE;
    enum err err = config_load(work->words.config, &work->config, &errors);
    if (err == ERR_OK)
        err = tz_load(work->config->time_zone, &work->tz);
    if (err == ERR_OK) {
        const char *state = work->words.state != NULL ? work->words.state : work->config->state_dir;
        status = EXIT_FAILED;
        err = reader_open(state, &work->reader);
        if (err != ERR_OK)
            buf_printf(&errors, "%s: no database of a gateway; name --state-dir\n", state);
    }
    if (err == ERR_OK)
        err = reader_registry(work->reader, work->tz, &errors, &work->registry);
    if (err != ERR_OK)
        fprintf(stderr, "huyang report: %s\n", errors.len > 0 ? buf_text(&errors) : err_text(err));
    buf_release(&errors);
    return err == ERR_OK ? EXIT_WELL : status;
}

static enum err on_fact(void *self, const struct report_fact *fact)
{
    struct work *work = self;
    report_add(work->report, fact);
    return ERR_OK;
}

static enum err on_campaign(void *self, uint32_t resident)
{
    report_add_campaign(((struct work *)self)->report, resident);
    return ERR_OK;
}

static enum err on_heard(void *self, uint32_t device)
{
    struct work *work = self;
    if (device < registry_count(work->registry, REGISTRY_DEVICE))
        work->heard[device] = 1;
    return ERR_OK;
}

/* Of the resident's own band, or of a camera at home. */
static void cover(const struct work *work, uint32_t resident, struct report_coverage *coverage)
{
    const struct resident *person = registry_resident(work->registry, resident);
    bool has = person->wristband != REGISTRY_NONE, heard = has && work->heard[person->wristband];
    uint32_t camera = person->household == REGISTRY_NONE
                          ? REGISTRY_NONE
                          : registry_household(work->registry, person->household)->first_camera;
    for (; camera != REGISTRY_NONE; camera = registry_device(work->registry, camera)->next_camera) {
        has = true;
        heard |= work->heard[camera] != 0;
    }
    coverage->with_device += has;
    coverage->heard += heard;
}

static enum err find_coverage(struct work *work, int64_t now_ms, struct report_coverage *ret_coverage)
{
    uint32_t devices = registry_count(work->registry, REGISTRY_DEVICE);
    *ret_coverage = (struct report_coverage){0};
    work->heard = calloc(devices ? devices : 1, 1);
    if (work->heard == NULL)
        return ERR_NOMEM;
    enum err err = reader_heard(work->reader, now_ms - INT64_C(86400000), on_heard, work);
    for (uint32_t no = 0; err == ERR_OK && no < registry_count(work->registry, REGISTRY_RESIDENT); no++) {
        if (!registry_resident(work->registry, no)->removed &&
            !registry_is_canary(work->registry, no, REGISTRY_NONE))
            cover(work, no, ret_coverage);
    }
    return err;
}

static int over_days(struct work *work)
{
    struct report_coverage coverage;
    struct report_works works;
    int64_t now_ms;
    enum err err = reader_time(work->reader, &now_ms);
    if (err != ERR_OK)
        return failed("the database", err);
    int status = find_range(work, now_ms);
    if (status != EXIT_WELL)
        return status;
    err = report_new(work->registry, work->tz, work->from_ms, work->to_ms, &work->config->report,
                     &work->report);
    if (err == ERR_RANGE)
        return usage("a report is over at most 400 days", "");
    if (err == ERR_OK)
        err = reader_report(work->reader, work->from_ms, work->to_ms, on_fact, work);
    if (err == ERR_OK)
        err = reader_campaign_heard(work->reader, work->from_ms, work->to_ms, on_campaign, work);
    if (err == ERR_OK)
        err = find_coverage(work, now_ms, &coverage);
    if (err == ERR_OK)
        err = reader_works(work->reader, work->from_ms, work->to_ms, now_ms, &works);
    if (err != ERR_OK)
        return failed("the database", err);
    struct report_sums *sums = malloc(sizeof *sums);
    if (sums == NULL)
        return failed("the sums", ERR_NOMEM);
    report_sum(work->report, sums);
    const char *county = gateway_county_of(work->registry);
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], made[CLOCK_TEXT_SIZE];
    clock_format(work->tz, work->from_ms, from);
    clock_format(work->tz, work->to_ms - 1, to);
    clock_format(work->tz, now_ms, made);
    struct document *document = &work->document;
    snprintf(document->title, sizeof document->title,
             document_say(document, "County %s: %.10s to %.10s", "%s 县报告：%.10s 至 %.10s"),
             county != NULL ? county : work->config->county, from, to);
    snprintf(document->subtitle, sizeof document->subtitle,
             document_say(document,
                          "%llu alerts, %llu of them orange or red, %llu of those never answered; as of %s",
                          "警情 %llu 起，其中橙红 %llu 起，无人响应 %llu 起；数据截至 %s"),
             (unsigned long long)sums->alerts, (unsigned long long)sums->urgent,
             (unsigned long long)sums->unanswered_urgent, made);
    report_tables(work->report, sums, work->registry, work->tz, work->from_ms, &work->config->report,
                  &coverage, &works, document);
    free(sums);
    err = report_devices(work->reader, work->registry, work->tz, now_ms, &work->config->detect, document);
    return err == ERR_OK ? EXIT_WELL : failed("the devices", err);
}

static int about_alert(struct work *work)
{
    struct buf trace;
    struct hash_id id;
    if (!hash_id_parse(work->words.alert, &id))
        return usage("not the id of an alert: ", work->words.alert);
    buf_init(&trace, OUT_MAX_BYTES);
    reader_set_zone(work->reader, work->tz);
    enum err err = reader_trace(work->reader, work->words.alert, &trace);
    if (err == ERR_OK)
        err = report_urgent(buf_text(&trace), trace.len, &work->document);
    buf_release(&trace);
    if (err == ERR_NOT_FOUND) {
        fputs("huyang report: there is no such alert\n", stderr);
        return EXIT_FAILED;
    }
    return err == ERR_OK ? EXIT_WELL : failed("the alert", err);
}

static int print(const struct work *work)
{
    struct buf out;
    buf_init(&out, OUT_MAX_BYTES);
    document_write(&work->document, work->words.form, &out);
    bool well = !out.failed && fwrite(buf_text(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
    buf_release(&out);
    return well ? EXIT_WELL : failed("writing", ERR_IO);
}

static int run(int argc, char **argv)
{
    struct work work = {0};
    int status = read_words(&work.words, argc, argv);
    if (status != EXIT_WELL)
        return status;
    document_init(&work.document, work.words.lang != NULL && strcmp(work.words.lang, "zh") == 0);
    status = open_all(&work);
    if (status == EXIT_WELL)
        status = work.words.alert != NULL ? about_alert(&work) : over_days(&work);
    if (status == EXIT_WELL)
        status = print(&work);
    report_free(work.report);
    document_release(&work.document);
    reader_close(work.reader);
    registry_free(work.registry);
    tz_free(work.tz);
    config_free(work.config);
    free(work.heard);
    return status;
}

const struct command cmd_report = {.name = "report",
                                   .summary = "what happened over some days, or around one alert",
                                   .help = help,
                                   .run = run};
