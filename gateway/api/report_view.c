/* What happened over the last days, today included, as sums: the numbers of `huyang report`, for the page to
 * draw. */
#include <stdlib.h>
#include <string.h>

#include "api/pages.h"
#include "api/put.h"
#include "report.h"

enum { DAYS_DEFAULT = 7, DAYS_MAX = 31, DAY_TEXT = 10 };

static bool read_days(struct request *request, int64_t *days)
{
    *days = DAYS_DEFAULT;
    for (unsigned i = 0; i < request->query_count; i++) {
        bool known = strcmp(request->query[i].name, "days") == 0;
        if (known && text_to_int(request->query[i].value, 1, DAYS_MAX, days))
            continue;
        if (known)
            reply_problem(request, 400, "days", "must be a number of 1 to 31");
        else
            reply_problem(request, 400, request->query[i].name, "unknown parameter");
        return false;
    }
    return true;
}

static int64_t midnight(const struct tz *tz, int64_t t_ms, int days)
{
    struct civil civil;

    clock_civil(tz, t_ms, &civil);
    return clock_from_civil(tz, civil.year, civil.month, civil.day + days, 0, 0, 0);
}

static enum err on_fact(void *self, const struct report_fact *fact)
{
    report_add(self, fact);
    return ERR_OK;
}

static enum err on_campaign(void *self, uint32_t resident)
{
    report_add_campaign(self, resident);
    return ERR_OK;
}

static void put_levels(struct buf *out, const char *name, const uint64_t counts[LEVEL_COUNT])
{
    put_open(out, name, '{');
    for (int level = LEVEL_COUNT - 1; level >= 0; level--)
        put_integer(out, level_name((enum level)level), (int64_t)counts[level]);
    buf_putc(out, '}');
}

static void put_days(const struct report_sums *sums, const struct tz *tz, int64_t from_ms, struct buf *out)
{
    char text[CLOCK_TEXT_SIZE];

    put_open(out, "days", '[');
    for (unsigned day = 0; day < sums->days; day++) {
        clock_format(tz, midnight(tz, from_ms, (int)day), text);
        text[DAY_TEXT] = '\0';
        put_open(out, NULL, '{');
        put_text(out, "day", text);
        put_levels(out, "levels", sums->by_day[day]);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_answers(struct buf *out, const char *name, const struct report_answers *answers)
{
    put_open(out, name, '{');
    put_integer(out, "count", (int64_t)answers->count);
    put_integer(out, "answered", (int64_t)answers->answered);
    put_integer(out, "in_time", (int64_t)answers->in_time);
    if (answers->answered != 0) {
        put_integer(out, "p50_s", answers->p50_s);
        put_integer(out, "p95_s", answers->p95_s);
    }
    buf_putc(out, '}');
}

static void put_detectors(const struct report_sums *sums, struct buf *out)
{
    put_open(out, "detectors", '[');
    for (unsigned i = 0; i < detector_count() && i < REPORT_DETECTORS_MAX; i++) {
        const struct report_judged *judged = &sums->detectors[i];
        if (judged->alerts == 0)
            continue;
        put_open(out, NULL, '{');
        put_text(out, "detector", detectors[i]->name);
        put_integer(out, "alerts", (int64_t)judged->alerts);
        put_integer(out, "confirmed", (int64_t)judged->confirmed);
        put_integer(out, "wrong", (int64_t)judged->wrong);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_sums(const struct report_sums *sums, const struct report_settings *targets,
                     const struct tz *tz, int64_t from_ms, struct buf *out)
{
    put_integer(out, "alerts", (int64_t)sums->alerts);
    put_integer(out, "urgent", (int64_t)sums->urgent);
    put_integer(out, "unanswered", (int64_t)sums->unanswered_urgent);
    put_integer(out, "prompts", (int64_t)sums->prompts);
    put_integer(out, "police", (int64_t)sums->police);
    put_integer(out, "people_reached", (int64_t)sums->people_reached);
    put_integer(out, "residents", (int64_t)sums->residents);
    put_integer(out, "target_s", targets->answer_s);
    put_integer(out, "target_permille", targets->answer_permille);
    put_answers(out, "answers", &sums->urgent_answers);
    put_days(sums, tz, from_ms, out);
    put_open(out, "families", '[');
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        put_open(out, NULL, '{');
        put_text(out, "family", family_name((enum family)family));
        put_levels(out, "levels", sums->by_level[family]);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    put_open(out, "dispositions", '{');
    for (unsigned i = DISPOSITION_NONE + 1; i < DISPOSITION_COUNT; i++)
        put_integer(out, disposition_name((enum disposition)i), (int64_t)sums->by_disposition[i]);
    buf_putc(out, '}');
    put_detectors(sums, out);
}

static void put_work(struct buf *out, const char *name, const struct report_work *work, const char *ended,
                     const char *aside)
{
    put_open(out, name, '{');
    put_integer(out, "opened", (int64_t)work->opened);
    put_integer(out, ended, (int64_t)work->ended);
    put_integer(out, aside, (int64_t)work->aside);
    put_integer(out, "overdue", (int64_t)work->overdue);
    put_integer(out, "open", (int64_t)work->open);
    put_integer(out, "open_overdue", (int64_t)work->open_overdue);
    buf_putc(out, '}');
}

/* The days up to that of the last commit, which is not over yet. */
static enum err put_report(const struct view *view, int64_t days, struct buf *out)
{
    const struct tz *tz = view->config->tz;
    const struct report_settings *targets = view->config->report;
    struct report *report = NULL;
    struct report_sums *sums = calloc(1, sizeof(*sums));
    int64_t now_ms = 0;
    struct report_works works;
    enum err err = sums != NULL ? reader_time(view->reader, &now_ms) : ERR_NOMEM;

    const int64_t to_ms = midnight(tz, now_ms, 1), from_ms = midnight(tz, now_ms, 1 - (int)days);
    if (err == ERR_OK)
        err = report_new(view->registry, tz, from_ms, to_ms, targets, &report);
    if (err == ERR_OK)
        err = reader_report(view->reader, from_ms, to_ms, on_fact, report);
    if (err == ERR_OK)
        err = reader_campaign_heard(view->reader, from_ms, to_ms, on_campaign, report);
    if (err == ERR_OK)
        err = reader_works(view->reader, from_ms, to_ms, now_ms, &works);
    if (err == ERR_OK) {
        const struct report_work tasks = report_all_work(works.tasks, TASK_KIND_COUNT),
                                 ledger = report_all_work(works.ledger, FAMILY_COUNT);
        report_sum(report, sums);
        put_open(out, NULL, '{');
        put_time(out, tz, "from", from_ms);
        put_time(out, tz, "made", now_ms);
        put_sums(sums, targets, tz, from_ms, out);
        put_work(out, "tasks", &tasks, "done", "cancelled");
        put_work(out, "ledger", &ledger, "closed", "transferred");
    }
    report_free(report);
    free(sums);
    return err;
}

enum verdict report_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    int64_t days;

    (void)ret_pending;
    if (!page_begin(view, request, PART_REPORTS) || !read_days(request, &days))
        return VERDICT_REPLY;
    enum err err = view->reader != NULL ? put_report(view, days, &request->reply.body) : ERR_BUSY;
    if (err != ERR_OK)
        reply_database(request, err);
    else
        page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}
