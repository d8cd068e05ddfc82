/* POLICE and STAND_DOWN jobs -> a CAP 1.2 document. The element order is the schema's (an xs:sequence: it is
 * mandatory). */
#include "relay/cap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/police.h"
#include "alert/prompts.h"
#include "relay/relay.h"
#include "relay/words.h"

static const char xmlns[] = "urn:oasis:names:tc:emergency:cap:1.2";

void cap_identifier(const struct relay_context *context, const struct hash_id *job, int64_t t_ms,
                    char text[CAP_IDENTIFIER_SIZE])
{
    const char *institution = context->settings->police_institution;
    char id[HASH_ID_TEXT];
    hash_id_text(job, id);
    if (!institution[0]) {
        snprintf(text, CAP_IDENTIFIER_SIZE, "%.6s-%s", context->county, id);
        return;
    }
    struct civil local;
    clock_civil(context->tz, t_ms, &local);
    snprintf(text, CAP_IDENTIFIER_SIZE, "%.6s%.8s_%04d%02d%02d%02d%02d%02d_%s", context->county, institution,
             local.year % 10000, local.month, local.day, local.hour, local.minute, local.second, id);
}

void cap_time(const struct tz *tz, int64_t t_ms, char text[CAP_TIME_SIZE])
{
    struct civil local;
    clock_civil(tz, t_ms, &local);
    int32_t offset = tz_offset_s(tz, t_ms / 1000) / 60, minutes = abs(offset);
    snprintf(text, CAP_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", local.year % 10000, local.month,
             local.day, local.hour, local.minute, local.second, offset > 0 ? '+' : '-', (minutes / 60) % 100,
             minutes % 60);
}

static void put(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "<%s>", name);
    buf_xml_text(out, text);
    buf_printf(out, "</%s>\n", name);
}

static void put_named(struct buf *out, const char *element, const char *name, const char *value)
{
    buf_printf(out, "<%s><valueName>", element);
    buf_xml_text(out, name);
    buf_puts(out, "</valueName><value>");
    buf_xml_text(out, value);
    buf_printf(out, "</value></%s>\n", element);
}

/* Identifiers of the standard contain neither spaces nor commas nor '<' nor '&' (section 3.2.1): they stand
 * in a list in `references`. */
static void clean_sender(const char *sender, char text[ID_SIZE])
{
    text_copy(text, ID_SIZE, sender[0] ? sender : "huyang");
    for (char *c = text; *c; c++)
        if (*c == ' ' || *c == ',' || *c == '<' || *c == '&' || (unsigned char)*c < 0x20)
            *c = '_';
}

/* The first elements of every message, up to and including `addresses`. */
static void put_head(const struct relay_context *context, const struct job *job, const char *type,
                     struct buf *out)
{
    char identifier[CAP_IDENTIFIER_SIZE], sender[ID_SIZE], sent[CAP_TIME_SIZE];
    cap_identifier(context, &job->id, job->t_ms, identifier);
    clean_sender(context->settings->police_sender, sender);
    cap_time(context->tz, job->t_ms, sent);
    buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"%s\">\n", xmlns);
    put(out, "identifier", identifier);
    put(out, "sender", sender);
    put(out, "sent", sent);
    put(out, "status", relay_is_exercise(context) ? "Exercise" : "Actual");
    put(out, "msgType", type);
    put(out, "source", "Huyang");
    put(out, "scope", "Private");
    buf_printf(out, "<addresses>police-%.6s</addresses>\n", context->county);
    put(out, "code", "huyang-1");
}

static void put_incidents(const struct job *job, struct buf *out)
{
    char alert_id[HASH_ID_TEXT];
    hash_id_text(&job->alert, alert_id);
    put(out, "incidents", alert_id);
}

static const char *category(const struct words_facts *facts, uint8_t family)
{
    if (family == FAMILY_HEALTH || strcmp(facts->detector, "fall") == 0)
        return "Health";
    return family == FAMILY_FRAUD || family == FAMILY_VISITOR ? "Security" : "Safety";
}

static const char *urgency(uint8_t level)
{
    return level == LEVEL_RED ? "Immediate" : level == LEVEL_ORANGE ? "Expected" : "Future";
}

static const char *severity(uint8_t level, uint8_t avs)
{
    if (avs >= 4)
        return "Extreme";
    return level == LEVEL_RED ? "Severe" : level == LEVEL_ORANGE ? "Moderate" : "Minor";
}

/* AVS-01 counts how well a call for help is verified; CAP's certainty says the same in words. */
static const char *certainty(uint8_t avs)
{
    static const char *const words[] = {"Unknown", "Possible", "Likely", "Likely", "Observed"};
    return avs < sizeof words / sizeof words[0] ? words[avs] : "Unknown";
}

static void put_headline(const struct words_facts *facts, uint8_t family, bool exercise, bool zh,
                         struct buf *out)
{
    struct buf line;
    buf_init(&line, 1024);
    if (exercise)
        buf_puts(&line, zh ? "【演练】" : "[EXERCISE] ");
    buf_puts(&line, words_event(facts, family, zh));
    buf_puts(&line, zh ? "：" : ": ");
    words_who(facts, zh, &line);
    buf_printf(&line, zh ? "（%s）" : " (%s)", words_to_be_verified(zh));
    put(out, "headline", buf_text(&line));
    buf_release(&line);
}

/* What was said already: the police must know what the resident, and whoever stands beside them, has heard.
 */
static void add_said(const struct relay_context *context, bool zh, struct buf *line)
{
    const struct prompt *prompt = context->said ? prompt_find(context->prompts, context->said) : NULL;
    if (!prompt)
        return;
    char text[PROMPT_TEXT_SIZE];
    if (!prompt_fill(prompt_text_in(prompt, zh ? "zh" : "en", "zh")->text, "", "…", text))
        return;
    if (zh)
        buf_printf(line, "%s“%s”",
                   context->said_played ? "已向老人播放：" : "已向老人发送语音提示（是否播放未知）：", text);
    else
        buf_printf(line, "%s \"%s\" ",
                   context->said_played ? "Played to the resident:"
                                        : "Sent to the resident, not known to be played:",
                   text);
}

static void put_description(const struct relay_context *context, const struct alert *alert, bool zh,
                            struct buf *out)
{
    struct buf line;
    buf_init(&line, 4096);
    for (unsigned i = 0; i < alert->share_count; i++) {
        if (!alert->shares[i].active)
            continue;
        finding_sentence(&alert->shares[i].finding, context->registry, context->tz, zh, &line);
        buf_puts(&line, zh ? "。" : ". ");
    }
    add_said(context, zh, &line);
    buf_puts(&line, zh ? "以上情况待核实。" : "All of this is to be verified.");
    put(out, "description", buf_text(&line));
    buf_release(&line);
}

static void put_contact(const struct words_facts *facts, struct buf *out)
{
    if (facts->contact_count == 0)
        return;
    struct buf line;
    buf_init(&line, 1024);
    for (unsigned i = 0; i < facts->contact_count; i++)
        buf_printf(&line, "%s%s %s", i ? "; " : "", facts->contacts[i].name, facts->contacts[i].phone);
    put(out, "contact", buf_text(&line));
    buf_release(&line);
}

static void put_area(const struct relay_context *context, const struct alert *alert,
                     const struct words_facts *facts, bool zh, struct buf *out)
{
    buf_puts(out, "<area>\n");
    put(out, "areaDesc", facts->address[0] ? facts->address : zh ? "地址未登记" : "address not registered");
    if (facts->has_where)
        buf_printf(out, "<circle>%.6f,%.6f %.3f</circle>\n", facts->where.lat, facts->where.lon,
                   facts->radius_m / 1000);
    put_named(out, "geocode", "GB/T 2260", context->county);
    uint32_t territory = registry_subject_territory(context->registry, alert->subject);
    if (territory != REGISTRY_NONE)
        put_named(out, "geocode", "territory", registry_territory(context->registry, territory)->code);
    buf_puts(out, "</area>\n");
}

static void put_info(const struct relay_context *context, const struct alert *alert, const struct job *job,
                     const struct words_facts *facts, int64_t expires_ms, bool zh, struct buf *out)
{
    char text[CAP_TIME_SIZE], alert_id[HASH_ID_TEXT], avs[8];
    bool silent = strcmp(facts->detector, "suspicion") == 0;
    buf_puts(out, "<info>\n");
    put(out, "language", zh ? "zh-CN" : "en-US");
    put(out, "category", category(facts, alert->family));
    put(out, "event", words_event(facts, alert->family, zh));
    put(out, "responseType", "Assess");
    put(out, "urgency", urgency(job->level));
    put(out, "severity", severity(job->level, alert->avs));
    put(out, "certainty", certainty(alert->avs));
    if (facts->detector[0])
        put_named(out, "eventCode", "huyang", facts->detector);
    if (facts->main) {
        cap_time(context->tz, facts->main->at_ms, text);
        put(out, "onset", text);
    }
    cap_time(context->tz, expires_ms, text);
    put(out, "expires", text);
    buf_printf(out,
               zh ? "<senderName>护养告警网关 %.6s</senderName>\n"
                  : "<senderName>Huyang alert gateway %.6s</senderName>\n",
               context->county);
    put_headline(facts, alert->family, relay_is_exercise(context), zh, out);
    put_description(context, alert, zh, out);
    if (silent)
        put(out, "instruction",
            zh ? "静默求助：请勿拨打老人身边的扬声设备，勿提及按键。"
               : "Silent call for help: do not use a loudspeaker near the resident and do not mention the "
                 "button.");
    put_contact(facts, out);
    snprintf(avs, sizeof avs, "%u", (unsigned)alert->avs);
    hash_id_text(&job->alert, alert_id);
    put_named(out, "parameter", "AVS01", avs);
    put_named(out, "parameter", "alert", alert_id);
    put_named(out, "parameter", "level", level_name(job->level));
    put_named(out, "parameter", "family", family_name(alert->family));
    put_area(context, alert, facts, zh, out);
    buf_puts(out, "</info>\n");
}

/* A Cancel without personal data. A job that does not say what it withdraws still goes out: `incidents` names
 * the alert in both messages. */
static void put_cancel(const struct relay_context *context, const struct job *job, struct buf *out)
{
    struct hash_id original;
    int64_t t_ms;
    put_head(context, job, "Cancel", out);
    put(out, "note", "撤回：经核实无需出警。 Stand down: checked, no response is needed.");
    if (police_withdrawn(job, &original, &t_ms)) {
        char identifier[CAP_IDENTIFIER_SIZE], sender[ID_SIZE], sent[CAP_TIME_SIZE];
        cap_identifier(context, &original, t_ms, identifier);
        clean_sender(context->settings->police_sender, sender);
        cap_time(context->tz, t_ms, sent);
        buf_puts(out, "<references>");
        buf_xml_text(out, sender);
        buf_printf(out, ",%s,%s</references>\n", identifier, sent);
    }
    put_incidents(job, out);
    buf_puts(out, "</alert>\n");
}

void cap_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                int64_t expires_ms, struct buf *body)
{
    if (job->kind == JOB_STAND_DOWN) {
        put_cancel(context, job, body);
        return;
    }
    struct words_facts facts;
    words_facts(context, alert, job->t_ms, &facts);
    put_head(context, job, "Alert", body);
    if (relay_is_exercise(context))
        put(body, "note", "演练，请勿出警。 Exercise: do not respond.");
    put_incidents(job, body);
    put_info(context, alert, job, &facts, expires_ms, true, body);
    put_info(context, alert, job, &facts, expires_ms, false, body);
    buf_puts(body, "</alert>\n");
}
