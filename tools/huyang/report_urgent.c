#include "report_urgent.h"

#include <string.h>

#include "core/json.h"

/* Words of the record, in Chinese; what is not here is written as it is. */
static const char *const words[][2] = {
    {"opened", "发生"},
    {"updated", "更新"},
    {"acknowledged", "已确认"},
    {"cleared", "情况解除"},
    {"lapsed", "自动失效"},
    {"closed", "结案"},
    {"absorbed", "并入他案"},
    {"prompt", "播报"},
    {"notify", "通知"},
    {"task", "任务"},
    {"police", "报警"},
    {"stand_down", "撤警"},
    {"notice", "回执提示"},
    {"queued", "待发"},
    {"sent", "已发出"},
    {"received", "已收到"},
    {"playing", "播报中"},
    {"played", "已播报"},
    {"delivered", "已送达"},
    {"accepted", "已受理"},
    {"rejected", "被退回"},
    {"failed", "失败"},
    {"expired", "过期"},
    {"cancelled", "取消"},
    {"done", "完成"},
    {"emergency", "求助"},
    {"health", "健康"},
    {"visitor", "来访"},
    {"outing", "外出"},
    {"fraud", "可疑"},
    {"coverage", "设备"},
    {"fleet", "系统"},
    {"green", "绿"},
    {"yellow", "黄"},
    {"orange", "橙"},
    {"red", "红"},
    {"open", "未结"},
    {"true", "属实"},
    {"false", "误报"},
    {"expected", "正常"},
    {"drill", "演练"},
    {"declined", "本人拒绝"},
    {"transferred", "已移交"},
    {"could_not_verify", "无法核实"},
    {"safe", "平安"},
    {"needs_help", "需要帮助"},
    {"no_answer", "无人接听"},
    {"other_person", "他人接听"},
    {"family", "家属"},
    {"grid_worker", "网格员"},
    {"town_desk", "镇值班"},
    {"county_desk", "县值班"},
    {"police_desk", "警务"},
};

static const char *word(const struct document *document, const char *text)
{
    for (size_t i = 0; document->zh && i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i][0], text) == 0)
            return words[i][1];
    }
    return text;
}

static const char *text_of(const struct json *object, const char *name)
{
    const char *text = json_string(json_get(object, name));
    return text != NULL ? text : "";
}

/* "2026-03-01 09:12:00", without the zone, which the page's head names. */
static void time_cell(struct document *document, const struct json *object, const char *name)
{
    const char *text = text_of(object, name);
    bool whole = strlen(text) >= 19;
    document_cell(document, "%.10s%s%.8s", text, whole ? " " : "", whole ? text + 11 : "");
}

static void fact(struct document *document, const char *en, const char *zh, const char *value)
{
    if (!*value)
        return;
    document_cell(document, "%s", document_say(document, en, zh));
    document_cell(document, "%s", value);
}

static void facts(const struct json *now, struct document *document)
{
    static const struct document_name columns[] = {{"what", "", ""}, {"value", "", ""}, {NULL, NULL, NULL}};
    size_t iter = 0;
    const char *kind = "", *subject = "";
    const struct json *value;
    if (json_next(json_get(now, "subject"), &iter, &kind, &value))
        subject = json_string(value);
    document_table(document, (struct document_name){"facts", "What it is", "基本情况"}, columns, false);
    fact(document, "about", "对象", subject != NULL ? subject : "");
    fact(document, "home", "住户", text_of(now, "household"));
    fact(document, "family", "类别", word(document, text_of(now, "family")));
    fact(document, "level", "级别", word(document, text_of(now, "level")));
    fact(document, "state", "状态", word(document, text_of(now, "state")));
    fact(document, "opened", "发生", text_of(now, "opened"));
    fact(document, "acknowledged by", "确认人", text_of(now, "acknowledged_by"));
    fact(document, "last call to the resident", "最近一次通话", word(document, text_of(now, "outcome")));
    fact(document, "judged", "判定", word(document, text_of(now, "disposition")));
    if (!*text_of(now, "disposition"))
        fact(document, "judged", "判定", document_say(document, "to be verified", "待核实"));
}

static void evidence(const struct json *findings, struct document *document)
{
    static const struct document_name columns[] = {
        {"at", "when", "时间"},     {"what", "what was seen", "依据"}, {"detector", "rule", "规则"},
        {"level", "level", "级别"}, {"score", "score", "评分"},        {NULL, NULL, NULL}};
    document_table(document, (struct document_name){"evidence", "Evidence", "依据"}, columns, false);
    for (size_t i = 0; i < json_count(findings); i++) {
        const struct json *finding = json_at(findings, i);
        double score = 0;
        (void)json_number(json_get(finding, "score"), &score);
        time_cell(document, finding, "at");
        document_cell(document, "%s", text_of(finding, document->zh ? "reason_zh" : "reason"));
        document_cell(document, "%s", text_of(finding, "detector"));
        document_cell(document, "%s", word(document, text_of(finding, "level")));
        document_cell(document, "%.2f", score);
    }
}

static void timeline(const struct json *transitions, struct document *document)
{
    static const struct document_name columns[] = {{"t", "when", "时间"},
                                                   {"what", "what", "事项"},
                                                   {"by", "by", "经手"},
                                                   {"why", "note", "说明"},
                                                   {NULL, NULL, NULL}};
    document_table(document,
                   (struct document_name){"timeline", "What happened, and who did it", "经过与经手人"},
                   columns, false);
    for (size_t i = 0; i < json_count(transitions); i++) {
        const struct json *transition = json_at(transitions, i);
        time_cell(document, transition, "t");
        document_cell(document, "%s", word(document, text_of(transition, "kind")));
        document_cell(document, "%s", text_of(transition, "by"));
        document_cell(document, "%s", text_of(transition, "why"));
    }
}

static void told(const struct json *jobs, struct document *document)
{
    static const struct document_name columns[] = {{"t", "when", "时间"},       {"what", "what", "方式"},
                                                   {"role", "to", "对象"},      {"target", "through", "经由"},
                                                   {"state", "result", "结果"}, {"state_at", "at", "时间"},
                                                   {"reason", "note", "说明"},  {NULL, NULL, NULL}};
    document_table(document, (struct document_name){"told", "Who was told", "通知与处置"}, columns, false);
    for (size_t i = 0; i < json_count(jobs); i++) {
        const struct json *job = json_at(jobs, i);
        time_cell(document, job, "created");
        document_cell(document, "%s", word(document, text_of(job, "kind")));
        document_cell(document, "%s", word(document, text_of(job, "role")));
        document_cell(document, "%s", text_of(job, "target"));
        document_cell(document, "%s", word(document, text_of(job, "state")));
        time_cell(document, job, "state_at");
        document_cell(document, "%s", text_of(job, "reason"));
    }
}

enum err report_urgent(const char *trace, size_t len, struct document *document)
{
    struct json *root;
    enum err err = json_parse(trace, len, &root, NULL);
    if (err != ERR_OK)
        return err == ERR_NOMEM ? err : ERR_CORRUPT;
    const struct json *now = json_get(root, "now");
    snprintf(document->title, sizeof document->title,
             document_say(document, "Urgent report: alert %s", "要情报告：警情 %s"), text_of(root, "alert"));
    snprintf(document->subtitle, sizeof document->subtitle, document_say(document, "as of %s", "截至 %s"),
             text_of(now, "changed"));
    facts(now, document);
    evidence(json_get(now, "findings"), document);
    timeline(json_get(root, "transitions"), document);
    told(json_get(root, "jobs"), document);
    err = now != NULL ? ERR_OK : ERR_CORRUPT;
    json_free(root);
    return err;
}
