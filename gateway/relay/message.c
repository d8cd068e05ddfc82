#include "relay/message.h"

#include <string.h>

#include "core/text.h"
#include "relay/link.h"

enum { PART_MAX = 1024, ADDRESS_CLIP = 96 };

const char *message_level_word(uint8_t level, bool zh)
{
    static const char *const words[LEVEL_COUNT][2] = {
        [LEVEL_GREEN] = {"Green", "绿色"},
        [LEVEL_YELLOW] = {"Yellow", "黄色"},
        [LEVEL_ORANGE] = {"Orange", "橙色"},
        [LEVEL_RED] = {"Red", "红色"},
    };
    return level < LEVEL_COUNT ? words[level][zh] : "";
}

size_t message_units(const char *text)
{
    size_t units = 0, len = strlen(text);
    while (len > 0) {
        size_t step = text_utf8_step(text, len);
        step = step ? step : 1;
        units += step == 4 ? 2 : 1;
        text += step;
        len -= step;
    }
    return units;
}

const char *message_recipient(const struct relay_context *context, const struct job *job, const char *field)
{
    enum registry_table table = job->recipient_is_contact ? REGISTRY_CONTACT : REGISTRY_RESPONDER;
    if (job->recipient == REGISTRY_NONE || job->recipient >= registry_count(context->registry, table))
        return "";
    return registry_vault(context->registry, table, job->recipient, field);
}

bool message_is_zh(const struct relay_context *context, const struct job *job)
{
    const char *own = message_recipient(context, job, "language");
    return strncmp(own[0] ? own : context->settings->people_language, "en", 2) != 0;
}

bool message_is_precise(const struct job *job)
{
    return job->kind == JOB_TASK || job->level >= LEVEL_ORANGE || job->role == ROLE_FAMILY ||
           job->role == ROLE_GRID_WORKER;
}

/* The village the alert lies in, else the nearest territory above it. */
static const char *village(const struct relay_context *context, const struct alert *alert)
{
    const struct registry *registry = context->registry;
    uint32_t no = registry_subject_territory(registry, alert->subject);
    for (unsigned up = 0; no != REGISTRY_NONE && up < 8; up++) {
        const struct territory *territory = registry_territory(registry, no);
        if (territory->kind != TERRITORY_GRID)
            return registry_vault(registry, REGISTRY_TERRITORY, no, "name");
        no = territory->parent;
    }
    return "";
}

void message_place(const struct relay_context *context, const struct alert *alert,
                   const struct words_facts *facts, const struct job *job, struct buf *out)
{
    char clipped[ADDRESS_CLIP];
    const char *place =
        message_is_precise(job) && facts->address[0] ? facts->address : village(context, alert);
    text_copy(clipped, sizeof clipped, place);
    buf_puts(out, clipped);
}

/* A message about an entry of the ledger, whose alert has ended: there is nothing to take any more. */
static const char *clue_word(const struct job *job, bool zh)
{
    if (job->step == LEDGER_STEP_OVERDUE)
        return zh ? "线索逾期未结" : "Clue overdue";
    return zh ? "线索由您负责" : "Clue assigned to you";
}

static const char *to_do(const struct words_facts *facts, const struct job *job, bool zh)
{
    if (!ledger_is_step(job->step))
        return words_to_do(facts, job, zh);
    return zh ? "请在期限前办理，并在线索台账登记结果。"
              : "Handle it in time and record it in the ledger of clues.";
}

void message_title(const struct relay_context *context, const struct words_facts *facts,
                   const struct job *job, bool zh, struct buf *out)
{
    if (relay_is_exercise(context))
        buf_puts(out, zh ? "【演练】" : "[EXERCISE] ");
    if (ledger_is_step(job->step))
        buf_printf(out, "%s%s%s", clue_word(job, zh), zh ? "：" : ": ", words_event(facts, job->family, zh));
    else
        buf_printf(out, zh ? "%s：%s（%s）" : "%s: %s (%s)", message_level_word(job->level, zh),
                   words_event(facts, job->family, zh), words_to_be_verified(zh));
}

void message_link(const struct relay_context *context, const struct job *job, struct buf *out)
{
    const char *base = context->settings->link_url;
    size_t len = strlen(base);
    if (len == 0 || job->kind != JOB_NOTIFY || job->role == ROLE_NONE || ledger_is_step(job->step))
        return;
    buf_printf(out, "%s%sa/" LINK_HOLE, base, base[len - 1] == '/' ? "" : "/");
}

static void put_time(const struct relay_context *context, int64_t t_ms, bool zh, struct buf *out)
{
    struct civil local;
    clock_civil(context->tz, t_ms, &local);
    buf_printf(out, zh ? "%d月%d日%02d:%02d" : "%d-%02d %02d:%02d", local.month, local.day, local.hour,
               local.minute);
}

/* Whether a text of so many units, with `more`, is within the parts. */
static bool fits(const struct buf *text, const char *more)
{
    size_t units = message_units(buf_text(text)) + message_units(more);
    return units <= (size_t)SMS_PARTS_MAX * SMS_PART_UNITS;
}

static const char *first_reason(const struct relay_context *context, const struct alert *alert, bool zh,
                                struct buf *out)
{
    const struct finding *finding = words_main_finding(alert);
    buf_clear(out);
    if (finding)
        finding_sentence(finding, context->registry, context->tz, zh, out);
    return buf_text(out);
}

/* One message in the place of many. */
static void put_bundle(const struct relay_context *context, const struct job *job, bool zh, struct buf *out)
{
    if (relay_is_exercise(context))
        buf_puts(out, zh ? "【演练】" : "[EXERCISE] ");
    if (zh)
        buf_printf(out, "近10分钟另有%u条提醒未逐条发送，最高为%s（待核实）。请登录平台逐条查看。",
                   (unsigned)job->attempt, message_level_word(job->level, zh));
    else
        buf_printf(
            out,
            "%u more messages of the last 10 minutes were not sent one by one, %s at most (to be verified). "
            "Sign in to see each of them.",
            (unsigned)job->attempt, message_level_word(job->level, zh));
}

void message_sms(const struct relay_context *context, const struct alert *alert, const struct job *job,
                 struct buf *out)
{
    struct words_facts facts;
    struct buf link, more;
    bool zh = message_is_zh(context, job);
    if (job->attempt) {
        put_bundle(context, job, zh, out);
        return;
    }
    buf_init(&link, PART_MAX);
    buf_init(&more, PART_MAX);
    words_facts(context, alert, job->t_ms, &facts);
    message_title(context, &facts, job, zh, out);
    buf_puts(out, zh ? "：" : ": ");
    words_who(&facts, zh, out);
    buf_puts(out, zh ? "，" : ", ");
    message_place(context, alert, &facts, job, out);
    buf_puts(out, zh ? "，" : ", ");
    put_time(context, job->t_ms, zh, out);
    buf_puts(out, zh ? "。" : ". ");
    message_link(context, job, &link);
    if (link.len > 0) {
        buf_puts(&more, zh ? "接手请点：" : "To take it: ");
        buf_append(&more, buf_text(&link), link.len);
        buf_clear(&link);
        buf_append(&link, buf_text(&more), more.len);
    }
    /* What to do before why: whoever reads it is to act. */
    buf_clear(&more);
    buf_append(&more, buf_text(&link), link.len);
    buf_puts(&more, to_do(&facts, job, zh));
    if (fits(out, buf_text(&more)))
        buf_puts(out, to_do(&facts, job, zh));
    buf_clear(&more);
    struct buf why;
    buf_init(&why, PART_MAX);
    first_reason(context, alert, zh, &why);
    buf_append(&more, buf_text(&link), link.len);
    buf_append(&more, buf_text(&why), why.len);
    if (why.len > 0 && !why.failed && fits(out, buf_text(&more)))
        buf_append(out, buf_text(&why), why.len);
    if (link.len > 0 && !zh)
        buf_putc(out, ' ');
    buf_append(out, buf_text(&link), link.len);
    buf_release(&why);
    buf_release(&more);
    buf_release(&link);
}

void message_voice(const struct relay_context *context, const struct alert *alert, const struct job *job,
                   struct buf *out)
{
    struct words_facts facts;
    bool zh = message_is_zh(context, job);
    words_facts(context, alert, job->t_ms, &facts);
    buf_puts(out, zh ? "这里是养老服务平台。" : "This is the elder care service. ");
    if (relay_is_exercise(context))
        buf_puts(out, zh ? "这是演练。" : "This is an exercise. ");
    buf_printf(out, zh ? "%s，%s，%s。" : "%s: %s, %s. ", message_level_word(job->level, zh),
               words_event(&facts, job->family, zh), words_to_be_verified(zh));
    words_who(&facts, zh, out);
    buf_puts(out, zh ? "，" : ", ");
    message_place(context, alert, &facts, job, out);
    buf_puts(out, zh ? "。" : ". ");
    buf_puts(out, words_to_do(&facts, job, zh));
    buf_puts(out, zh ? "由您接手请按1，转给下一位请按2。" : " To take it press 1; to pass it on press 2.");
}

static void put_line(struct buf *out, bool zh, const char *zh_label, const char *en_label, const char *text)
{
    if (text[0])
        buf_printf(out, zh ? "%s：%s\n" : "%s: %s\n", zh ? zh_label : en_label, text);
}

static void put_reasons(const struct relay_context *context, const struct alert *alert, bool zh, size_t room,
                        struct buf *out)
{
    struct buf line;
    buf_init(&line, PART_MAX);
    for (unsigned i = 0; i < alert->share_count; i++) {
        if (!alert->shares[i].active)
            continue;
        buf_clear(&line);
        finding_sentence(&alert->shares[i].finding, context->registry, context->tz, zh, &line);
        if (line.failed || line.len == 0 || line.len + 32 > room)
            continue;
        room -= line.len + 32;
        put_line(out, zh, "原因", "Why", buf_text(&line));
    }
    buf_release(&line);
}

void message_chat(const struct relay_context *context, const struct alert *alert, const struct job *job,
                  size_t max, struct buf *out)
{
    struct words_facts facts;
    struct buf part, end;
    bool zh = message_is_zh(context, job);
    if (job->attempt) {
        put_bundle(context, job, zh, out);
        return;
    }
    buf_init(&part, PART_MAX);
    buf_init(&end, PART_MAX);
    words_facts(context, alert, job->t_ms, &facts);
    put_line(&end, zh, "请做", "Do", to_do(&facts, job, zh));
    message_link(context, job, &part);
    put_line(&end, zh, "接手", "Take it", buf_text(&part));
    message_title(context, &facts, job, zh, out);
    buf_putc(out, '\n');
    buf_clear(&part);
    words_who(&facts, zh, &part);
    put_line(out, zh, "对象", "Who", buf_text(&part));
    buf_clear(&part);
    message_place(context, alert, &facts, job, &part);
    if (facts.has_where && message_is_precise(job) && job->level >= LEVEL_ORANGE)
        buf_printf(&part, zh ? "（%.6f,%.6f，约%.0f米）" : " (%.6f,%.6f, some %.0f m)", facts.where.lat,
                   facts.where.lon, facts.radius_m);
    put_line(out, zh, "地点", "Where", buf_text(&part));
    buf_clear(&part);
    put_time(context, job->t_ms, zh, &part);
    put_line(out, zh, "时间", "When", buf_text(&part));
    size_t used = out->len + end.len;
    put_reasons(context, alert, zh, used < max ? max - used : 0, out);
    buf_append(out, buf_text(&end), end.len);
    while (out->len > 0 && out->data[out->len - 1] == '\n')
        out->data[--out->len] = 0;
    out->failed = out->failed || part.failed || end.failed;
    buf_release(&end);
    buf_release(&part);
}
