#include "report_tables.h"

#include <string.h>

#define LEVEL_COLUMNS                                                                                        \
    {"green", "green", "绿"}, {"yellow", "yellow", "黄"}, {"orange", "orange", "橙"}, {"red", "red", "红"},  \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

static const struct document_name family_words[FAMILY_COUNT] = {
    [FAMILY_EMERGENCY] = {"emergency", "emergency", "求助"},
    [FAMILY_HEALTH] = {"health", "health", "健康"},
    [FAMILY_VISITOR] = {"visitor", "visitor", "来访"},
    [FAMILY_OUTING] = {"outing", "outing", "外出"},
    [FAMILY_FRAUD] = {"fraud", "fraud", "可疑"},
    [FAMILY_COVERAGE] = {"coverage", "device", "设备"},
    [FAMILY_FLEET] = {"fleet", "system", "系统"},
};

static void count_row(struct document *document, const char *what, const uint64_t counts[LEVEL_COUNT])
{
    document_cell(document, "%s", what);
    for (unsigned level = 0; level < LEVEL_COUNT; level++)
        document_cell(document, "%llu", (unsigned long long)counts[level]);
}

static void families(const struct report_sums *sums, struct document *document)
{
    static const struct document_name columns[] = {{"family", "family", "类别"}, LEVEL_COLUMNS};
    document_table(
        document,
        (struct document_name){"alerts", "Alerts by family and highest level", "警情：类别与最高级别"},
        columns, false);
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        count_row(document, document_say(document, family_words[family].en, family_words[family].zh),
                  sums->by_level[family]);
}

static void days(const struct report_sums *sums, const struct tz *tz, int64_t from_ms,
                 struct document *document)
{
    static const struct document_name columns[] = {{"day", "day", "日期"}, LEVEL_COLUMNS};
    struct civil first;
    clock_civil(tz, from_ms, &first);
    document_table(document, (struct document_name){"days", "Alerts by day", "警情：逐日"}, columns, true);
    for (unsigned i = 0; i < sums->days; i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format(tz, clock_from_civil(tz, first.year, first.month, first.day + (int)i, 12, 0, 0), text);
        text[10] = 0;
        count_row(document, text, sums->by_day[i]);
    }
}

/* Town by town; villages and grids are in the journal. */
static void territories(const struct report *report, const struct registry *registry,
                        struct document *document)
{
    static const struct document_name columns[] = {{"territory", "territory", "区域"}, LEVEL_COLUMNS};
    document_table(document,
                   (struct document_name){"territories", "Alerts by town and village", "警情：乡镇与村"},
                   columns, false);
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_TERRITORY); no++) {
        const struct territory *territory = registry_territory(registry, no);
        uint64_t counts[LEVEL_COUNT], all = 0;
        for (unsigned level = 0; level < LEVEL_COUNT; level++)
            all += counts[level] = report_in_territory(report, no, (enum level)level);
        if (!territory->removed && all > 0 &&
            (territory->kind == TERRITORY_TOWN || territory->kind == TERRITORY_VILLAGE))
            count_row(document, territory->code, counts);
    }
}

static void time_cell(struct document *document, int64_t seconds)
{
    if (seconds < 0)
        document_cell(document, "%s", "");
    else
        document_cell(document, "%lld", (long long)seconds);
}

/* A share in per cent, or nothing where there is nothing to take a share of. */
static void share_cell(struct document *document, bool known, unsigned permille)
{
    if (known)
        document_cell(document, "%u.%u", permille / 10, permille % 10);
    else
        document_cell(document, "%s", "");
}

static void answer_row(struct document *document, const char *what, const struct report_answers *answers)
{
    unsigned permille = report_permille(answers->in_time, answers->count);
    document_cell(document, "%s", what);
    document_cell(document, "%llu", (unsigned long long)answers->count);
    document_cell(document, "%llu", (unsigned long long)answers->answered);
    time_cell(document, answers->p50_s);
    time_cell(document, answers->p95_s);
    share_cell(document, answers->count != 0, permille);
}

static void answers(const struct report_sums *sums, const struct report_settings *settings,
                    struct document *document)
{
    static const struct document_name columns[] = {{"level", "level", "级别"},
                                                   {"alerts", "alerts", "警情"},
                                                   {"answered", "answered", "已响应"},
                                                   {"p50_s", "half within (s)", "50% 用时（秒）"},
                                                   {"p95_s", "95 % within (s)", "95% 用时（秒）"},
                                                   {"in_time_percent", "in time (%)", "及时率（%）"},
                                                   {NULL, NULL, NULL}};
    static const struct document_name words[LEVEL_COUNT] = {[LEVEL_GREEN] = {"green", "green", "绿"},
                                                            [LEVEL_YELLOW] = {"yellow", "yellow", "黄"},
                                                            [LEVEL_ORANGE] = {"orange", "orange", "橙"},
                                                            [LEVEL_RED] = {"red", "red", "红"}};
    document_table(document, (struct document_name){"answers", "How soon a person answered", "人工响应用时"},
                   columns, false);
    answer_row(document, document_say(document, "red and orange", "红橙合计"), &sums->urgent_answers);
    for (unsigned level = LEVEL_COUNT; level-- > 0;)
        answer_row(document, document_say(document, words[level].en, words[level].zh), &sums->answers[level]);

    static const struct document_name target[] = {{"target", "target", "目标"},
                                                  {"wanted", "wanted (%)", "要求（%）"},
                                                  {"reached", "reached (%)", "达到（%）"},
                                                  {"met", "met", "达标"},
                                                  {NULL, NULL, NULL}};
    const struct report_answers *urgent = &sums->urgent_answers;
    unsigned permille = report_permille(urgent->in_time, urgent->count);
    document_table(document, (struct document_name){"target", "The target", "响应目标"}, target, false);
    document_cell(document,
                  document_say(document, "red and orange answered within %lu s", "红橙警情 %lu 秒内响应"),
                  (unsigned long)settings->answer_s);
    document_cell(document, "%lu.%lu", (unsigned long)settings->answer_permille / 10,
                  (unsigned long)settings->answer_permille % 10);
    share_cell(document, urgent->count != 0, permille);
    document_cell(document, "%s",
                  urgent->count == 0 ? document_say(document, "no alert", "无警情")
                  : urgent->in_time * 1000 >= (uint64_t)settings->answer_permille * urgent->count
                      ? document_say(document, "yes", "是")
                      : document_say(document, "no", "否"));
}

static void detectors_of(const struct report_sums *sums, struct document *document)
{
    static const struct document_name columns[] = {{"detector", "detector", "检测器"},
                                                   {"alerts", "alerts", "警情"},
                                                   {"confirmed", "confirmed", "属实"},
                                                   {"wrong", "false or expected", "误报或正常"},
                                                   {"precision_percent", "precision (%)", "准确率（%）"},
                                                   {"false_percent", "false alarms (%)", "误报率（%）"},
                                                   {NULL, NULL, NULL}};
    document_table(
        document,
        (struct document_name){"detectors", "What people judged of each rule's alerts", "各规则的人工判定"},
        columns, false);
    for (unsigned i = 0; i < detector_count() && i < REPORT_DETECTORS_MAX; i++) {
        const struct report_judged *judged = &sums->detectors[i];
        uint64_t both = judged->confirmed + judged->wrong;
        unsigned good = report_permille(judged->confirmed, both), bad = report_permille(judged->wrong, both);
        if (judged->alerts == 0)
            continue;
        document_cell(document, "%s", detectors[i]->name);
        document_cell(document, "%llu", (unsigned long long)judged->alerts);
        document_cell(document, "%llu", (unsigned long long)judged->confirmed);
        document_cell(document, "%llu", (unsigned long long)judged->wrong);
        share_cell(document, both, good);
        share_cell(document, both, bad);
    }
}

static void worst(const struct report_sums *sums, const struct registry *registry, struct document *document)
{
    static const struct document_name homes[] = {
        {"home", "home", "住户"}, {"wrong", "false or expected", "误报或正常"}, {NULL, NULL, NULL}};
    static const struct document_name devices[] = {
        {"device", "device", "设备"}, {"wrong", "false or expected", "误报或正常"}, {NULL, NULL, NULL}};
    document_table(
        document,
        (struct document_name){"homes", "Homes where our rules err most", "我们的规则误判最多的住户"}, homes,
        false);
    for (unsigned i = 0; i < sums->home_count; i++) {
        document_cell(document, "%s", registry_household(registry, sums->homes[i].no)->id);
        document_cell(document, "%lu", (unsigned long)sums->homes[i].wrong);
    }
    document_table(
        document,
        (struct document_name){"devices", "Devices where our rules err most", "我们的规则误判最多的设备"},
        devices, false);
    for (unsigned i = 0; i < sums->device_count; i++) {
        document_cell(document, "%s", registry_device(registry, sums->devices[i].no)->id);
        document_cell(document, "%lu", (unsigned long)sums->devices[i].wrong);
    }
}

static void service_row(struct document *document, const char *en, const char *zh, uint64_t count)
{
    document_cell(document, "%s", document_say(document, en, zh));
    document_cell(document, "%llu", (unsigned long long)count);
}

static void services(const struct report_sums *sums, const struct report_coverage *coverage,
                     struct document *document)
{
    static const struct document_name columns[] = {
        {"service", "service", "服务"}, {"people", "people", "人数"}, {NULL, NULL, NULL}};
    document_table(document,
                   (struct document_name){"services", "Services given: people, each counted once",
                                          "服务人数（每人计一次）"},
                   columns, false);
    service_row(document, "reached in any way", "以任何方式联系到", sums->people_reached);
    service_row(document, "heard a prompt that was played", "听到已播报的提示", sums->people_by_prompt);
    service_row(document, "spoken to on the telephone", "电话通话", sums->people_by_call);
    service_row(document, "seen in person", "上门见到", sums->people_by_visit);
    service_row(document, "heard an announcement of a campaign", "听到宣传广播", sums->people_by_campaign);
    document_table(document,
                   (struct document_name){"coverage", "Residents covered, at the last commit",
                                          "覆盖情况（最近一次入库时）"},
                   columns, false);
    service_row(document, "residents", "在册老人", sums->residents);
    service_row(document, "with a band or a camera at home", "有手环或家中有摄像头", coverage->with_device);
    service_row(document, "of these, heard within a day", "其中一日内有上报", coverage->heard);
}

static void dispositions(const struct report_sums *sums, struct document *document)
{
    static const struct document_name columns[] = {
        {"disposition", "closed as", "结案判定"}, {"alerts", "alerts", "警情"}, {NULL, NULL, NULL}};
    static const struct document_name words[DISPOSITION_COUNT] = {
        [DISPOSITION_NONE] = {"none", "not closed by a person", "未经人工结案"},
        [DISPOSITION_TRUE] = {"true", "true", "属实"},
        [DISPOSITION_FALSE] = {"false", "false", "误报"},
        [DISPOSITION_EXPECTED] = {"expected", "expected", "正常"},
        [DISPOSITION_DRILL] = {"drill", "drill", "演练"},
        [DISPOSITION_COULD_NOT_VERIFY] = {"could_not_verify", "could not verify", "无法核实"},
        [DISPOSITION_TRANSFERRED] = {"transferred", "transferred", "已移交"},
        [DISPOSITION_DECLINED] = {"declined", "declined", "本人拒绝"}};
    document_table(document, (struct document_name){"dispositions", "How alerts ended", "结案情况"}, columns,
                   false);
    for (unsigned i = 0; i < DISPOSITION_COUNT; i++)
        service_row(document, words[i].en, words[i].zh, sums->by_disposition[i]);
}

/* `used` and `budget` in thousandths. */
static void budget_row(struct document *document, const char *en, const char *zh, uint64_t used,
                       uint64_t budget)
{
    document_cell(document, "%s", document_say(document, en, zh));
    document_cell(document, "%llu.%03llu", (unsigned long long)used / 1000, (unsigned long long)used % 1000);
    document_cell(document, "%llu", (unsigned long long)budget / 1000);
    document_cell(document, used > budget ? "-%llu.%03llu" : "%llu.%03llu",
                  (unsigned long long)(used > budget ? used - budget : budget - used) / 1000,
                  (unsigned long long)(used > budget ? used - budget : budget - used) % 1000);
}

static void budget(const struct report_sums *sums, struct document *document)
{
    enum { YELLOW = 30, ORANGE = 5, PROMPTS = 50 };
    static const struct document_name columns[] = {{"what", "what", "项目"},
                                                   {"used", "used", "已用"},
                                                   {"budget", "budget", "预算"},
                                                   {"left", "left", "剩余"},
                                                   {NULL, NULL, NULL}};
    uint64_t yellow = 0, orange = 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        yellow += sums->by_level[family][LEVEL_YELLOW];
        orange += sums->by_level[family][LEVEL_ORANGE];
    }
    document_table(document, (struct document_name){"budget", "The people's budget", "人力预算"}, columns,
                   false);
    budget_row(document, "yellow, per 1,000 residents and day", "黄色，每千人每日",
               report_per_thousand(sums, yellow), YELLOW * 1000);
    budget_row(document, "orange, per 1,000 residents and day", "橙色，每千人每日",
               report_per_thousand(sums, orange), ORANGE * 1000);
    budget_row(document, "prompts (loud or not), per 1,000 residents and day", "提示（含静音），每千人每日",
               report_per_thousand(sums, sums->prompts), PROMPTS * 1000);
    budget_row(document, "unverified to the police", "未核实即报警", sums->unverified_police * 1000, 0);
    budget_row(document, "territory alerts a week", "区域警情，每周",
               sums->territory_alerts * 7000 / sums->days, 1000);
}

static void work_row(struct document *document, const char *what, const struct report_work *work)
{
    const uint64_t cells[] = {work->opened,  work->ended, work->aside,
                              work->overdue, work->open,  work->open_overdue};
    document_cell(document, "%s", what);
    for (unsigned i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        document_cell(document, "%llu", (unsigned long long)cells[i]);
}

/* Kinds and families with which something is or was to be done, then all of them. */
static void tasks(const struct report_works *works, struct document *document)
{
    static const struct document_name columns[] = {{"task", "task", "任务"},
                                                   {"opened", "opened", "新增"},
                                                   {"done", "done", "办结"},
                                                   {"cancelled", "cancelled", "取消"},
                                                   {"overdue", "overdue", "超期"},
                                                   {"open", "open now", "现未办结"},
                                                   {"open_overdue", "of these overdue", "其中超期"},
                                                   {NULL, NULL, NULL}};
    static const struct document_name words[TASK_KIND_COUNT] = {
        [TASK_CALL] = {"call", "call", "电话"},
        [TASK_CALL_BACK] = {"call-back", "call back", "回访电话"},
        [TASK_VERIFY] = {"verify", "verify", "核实"},
        [TASK_CALL_CONTACTS] = {"call-contacts", "call contacts", "联系亲友"},
        [TASK_HOME_VISIT] = {"home_visit", "home visit", "上门"},
        [TASK_COLLECT_DEVICE] = {"collect_device", "collect device", "收回设备"},
        [TASK_POLICE_REJECTED] = {"police-rejected", "rejected by the police", "警方拒收"},
        [TASK_POLICE_FAILED] = {"police-failed", "police not reached", "未送达警方"}};
    struct report_work all = report_all_work(works->tasks, TASK_KIND_COUNT);
    document_table(document, (struct document_name){"tasks", "Tasks", "任务"}, columns, false);
    for (unsigned kind = TASK_NONE + 1; kind < TASK_KIND_COUNT; kind++) {
        const struct report_work *work = &works->tasks[kind];
        if (work->opened || work->ended || work->aside || work->overdue || work->open)
            work_row(document, document_say(document, words[kind].en, words[kind].zh), work);
    }
    work_row(document, document_say(document, "all", "合计"), &all);
}

static void ledger(const struct report_works *works, struct document *document)
{
    static const struct document_name columns[] = {{"family", "family", "类别"},
                                                   {"opened", "opened", "新增"},
                                                   {"closed", "closed", "办结"},
                                                   {"transferred", "handed over", "移交"},
                                                   {"overdue", "overdue", "超期"},
                                                   {"open", "open now", "现未办结"},
                                                   {"open_overdue", "of these overdue", "其中超期"},
                                                   {NULL, NULL, NULL}};
    struct report_work all = report_all_work(works->ledger, FAMILY_COUNT);
    document_table(document, (struct document_name){"ledger", "Ledger of clues", "线索台账"}, columns, false);
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        const struct report_work *work = &works->ledger[family];
        if (work->opened || work->ended || work->aside || work->overdue || work->open)
            work_row(document, document_say(document, family_words[family].en, family_words[family].zh),
                     work);
    }
    work_row(document, document_say(document, "all", "合计"), &all);
}

void report_tables(const struct report *report, const struct report_sums *sums,
                   const struct registry *registry, const struct tz *tz, int64_t from_ms,
                   const struct report_settings *settings, const struct report_coverage *coverage,
                   const struct report_works *works, struct document *document)
{
    families(sums, document);
    days(sums, tz, from_ms, document);
    answers(sums, settings, document);
    dispositions(sums, document);
    tasks(works, document);
    ledger(works, document);
    detectors_of(sums, document);
    worst(sums, registry, document);
    services(sums, coverage, document);
    budget(sums, document);
    territories(report, registry, document);
}
