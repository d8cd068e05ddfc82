#include "policy_explain.h"

#include <string.h>

#include "alert/explain.h"

struct telling {
    const struct shadow *shadow;
    const struct alert *alert;
    bool zh, json;
    unsigned count;
    struct buf *out;
};

/* What a step does, in both languages; %s = whom or what. */
static const struct {
    const char *en, *zh;
} deeds[STEP_KIND_COUNT] = {
    [STEP_PROMPT] = {"say to the resident", "对老人播报"},
    [STEP_NOTIFY] = {"tell", "通知"},
    [STEP_TASK] = {"task", "任务"},
    [STEP_VERIFY] = {"call the resident to verify", "电话核实"},
    [STEP_POLICE] = {"police message", "报警"},
    [STEP_WEBHOOK] = {"tell receiver", "通知接收端"},
    [STEP_STOP] = {"stop here", "到此为止"},
};
static const struct {
    const char *en, *zh;
} verdicts[STEP_VERDICT_COUNT] = {
    [VERDICT_STEP_ACTS] = {"", ""},
    [VERDICT_STEP_ACKNOWLEDGED] = {"skipped: somebody has acknowledged the alert", "跳过：已有人确认"},
    [VERDICT_STEP_OUT_OF_HOURS] = {"skipped: not in its hours, another step stands for it",
                                   "跳过：不在规定时段，由其他步骤代替"},
    [VERDICT_STEP_TOO_FEW_ALERTS] = {"skipped: too few alerts of the family lately",
                                     "跳过：近期同类警情不足"},
};
static const struct {
    const char *en, *zh;
} speeches[SPEECH_COUNT] = {
    [SPEECH_SPOKEN] = {"", ""},
    [SPEECH_NOBODY] = {"not spoken: nobody is there any more", "不播报：人已不在"},
    [SPEECH_NO_CONSENT] = {"not spoken: no consent to being spoken to", "不播报：未同意语音"},
    [SPEECH_DAY_IS_FULL] = {"not spoken: the most prompts of the day were heard", "不播报：今日播报已满"},
    [SPEECH_SILENCED] = {"not spoken: somebody has silenced it", "不播报：已设静默"},
    [SPEECH_NO_DEVICE] = {"no device to speak through: a call becomes due", "无可用设备：转为电话任务"},
};

static const char *say(const struct telling *telling, const char *en, const char *zh)
{
    return telling->zh ? zh : en;
}

static bool is_hushed(const struct telling *telling, const struct explain_step *step)
{
    return prompt_is_hushed(&telling->shadow->config->relay, telling->shadow->tz, step->t_ms,
                            telling->alert->family, telling->alert->level);
}

static enum registry_table table_of(const struct audience_person *person)
{
    return person->is_contact ? REGISTRY_CONTACT : REGISTRY_RESPONDER;
}

static const char *id_of(const struct registry *registry, const struct audience_person *person)
{
    return person->is_contact ? registry_contact(registry, person->no)->id
                              : registry_responder(registry, person->no)->id;
}

/* --- Text --- */

static const char *way_word(unsigned way)
{
    const char *receiver = way_receiver((enum way)way);
    return receiver[0] ? receiver + 1 : "app";
}

static void put_people(const struct telling *telling, const struct explain_step *step)
{
    const struct registry *registry = telling->shadow->registry;
    const char *and = say(telling, ", ", "、");
    if (step->people_count == 0)
        buf_puts(telling->out, say(telling, " nobody (no consent, or told in this moment already)",
                                   "：无人（未同意，或此刻已通知）"));
    for (unsigned i = 0; i < step->people_count; i++) {
        const struct audience_person *person = &step->people[i];
        buf_printf(telling->out, "%s%s ", i ? and : " ", role_name((enum role)person->role));
        if (person->no == REGISTRY_NONE)
            buf_puts(telling->out, say(telling, "(nobody is entered)", "（未登记人员）"));
        else
            buf_printf(telling->out, "%s%s", id_of(registry, person),
                       registry_has_channel(registry, table_of(person), person->no)
                           ? ""
                           : say(telling, " (no channel)", "（无联系方式）"));
        for (unsigned k = 0; k < step->way_count[i]; k++)
            buf_printf(telling->out, say(telling, "%s%s after %u s%s", "%s%s %u 秒后%s"),
                       k ? and : say(telling, " (", "（"), way_word(step->ways[i][k].way),
                       (unsigned)step->ways[i][k].after_s,
                       k + 1U < step->way_count[i] ? "" : say(telling, ")", "）"));
        if (step->held[i])
            buf_printf(telling->out, say(telling, " (held back: %s)", "（将被抑制：%s）"),
                       suppression_rule_name((enum suppression_rule)(step->held[i] - 1)));
    }
}

static void put_speech(const struct telling *telling, const struct explain_step *step)
{
    const struct registry *registry = telling->shadow->registry;
    buf_printf(telling->out, " \"%s\"", step->step->prompt);
    for (unsigned i = 0; i < step->device_count; i++)
        buf_printf(telling->out, "%s%s",
                   i ? say(telling, ", else ", "，否则 ") : say(telling, " through ", "，经 "),
                   registry_device(registry, step->devices[i])->id);
    if (step->speech != SPEECH_SPOKEN)
        buf_printf(telling->out, "; %s", say(telling, speeches[step->speech].en, speeches[step->speech].zh));
    else if (is_hushed(telling, step))
        buf_puts(telling->out, say(telling, "; quiet hours: a wristband vibrates, a camera stays silent",
                                   "；静默时段：手环只振动，摄像头不出声"));
}

static void put_police(const struct telling *telling, const struct explain_step *step)
{
    char at[CLOCK_TEXT_SIZE];
    if (step->police_ms == 0) {
        buf_puts(telling->out, say(telling, "; the police are not told: no consent", "；不报警：未同意"));
        return;
    }
    clock_format(telling->shadow->tz, step->police_ms, at);
    if (step->step->kind == STEP_VERIFY)
        buf_printf(telling->out,
                   say(telling, "; police at %.8s unless the call says safe", "；除非确认平安，%.8s 报警"),
                   at + 11);
}

static void put_what(const struct telling *telling, const struct explain_step *step)
{
    const struct policy_step *what = step->step;
    buf_puts(telling->out, say(telling, deeds[what->kind].en, deeds[what->kind].zh));
    if (step->fenced) {
        buf_puts(telling->out, say(telling, ": nobody, a canary's alert reaches no person and no police",
                                   "：无人，演练求助不通知任何人，也不报警"));
        return;
    }
    switch ((enum step_kind)what->kind) {
    case STEP_NOTIFY: put_people(telling, step); break;
    case STEP_PROMPT: put_speech(telling, step); break;
    case STEP_TASK:
        buf_printf(telling->out, " %s → %s", what->prompt[0] ? what->prompt : "call",
                   role_name((enum role)what->role));
        break;
    case STEP_WEBHOOK: buf_printf(telling->out, " %s", what->to); break;
    case STEP_VERIFY:
    case STEP_POLICE: put_police(telling, step); break;
    case STEP_STOP:
    case STEP_KIND_COUNT: break;
    }
}

static void put_conditions(const struct telling *telling, const struct policy_step *step)
{
    if (step->unless_acknowledged)
        buf_puts(telling->out, say(telling, " [unless acknowledged]", "【无人确认时】"));
    if (step->from_minute != step->to_minute)
        buf_printf(telling->out, say(telling, " [only %02u:%02u-%02u:%02u]", "【仅 %02u:%02u-%02u:%02u】"),
                   step->from_minute / 60U, step->from_minute % 60U, step->to_minute / 60U,
                   step->to_minute % 60U);
    if (step->alerts_least)
        buf_printf(telling->out,
                   say(telling, " [only with %u alerts within %u min]", "【仅 %u 起警情/%u 分钟】"),
                   (unsigned)step->alerts_least, (unsigned)step->alerts_within_min);
}

/* Its own delay was over before. */
static bool is_late(const struct explain_step *step)
{
    return step->after_s > step->step->after_s + step->repeat * step->step->repeat_s;
}

static void tell_text(const struct telling *telling, const struct explain_step *step)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format(telling->shadow->tz, step->t_ms, at);
    buf_printf(telling->out, "%.10s %.8s  +%-6lu %s", at, at + 11, (unsigned long)step->after_s,
               step->has_been ? say(telling, "(done) ", "（已过）") : "");
    put_what(telling, step);
    if (step->repeat)
        buf_printf(telling->out, say(telling, " (repeat %u of %u)", "（重复 %u/%u）"), step->repeat,
                   (unsigned)step->step->repeat_max);
    put_conditions(telling, step->step);
    if (is_late(step))
        buf_puts(telling->out, say(telling, " (waited for its hours)", "（等到规定时段）"));
    if (step->verdict != VERDICT_STEP_ACTS)
        buf_printf(telling->out, " — %s",
                   say(telling, verdicts[step->verdict].en, verdicts[step->verdict].zh));
    buf_putc(telling->out, '\n');
}

/* --- JSON --- */

static void json_text(const struct telling *telling, const char *name, const char *value)
{
    buf_printf(telling->out, ",\"%s\":", name);
    buf_json_string(telling->out, value);
}

static void json_people(const struct telling *telling, const struct explain_step *step)
{
    const struct registry *registry = telling->shadow->registry;
    buf_puts(telling->out, ",\"people\":[");
    for (unsigned i = 0; i < step->people_count; i++) {
        const struct audience_person *person = &step->people[i];
        buf_printf(telling->out, "%s{\"role\":\"%s\"", i ? "," : "", role_name((enum role)person->role));
        if (person->no != REGISTRY_NONE)
            buf_printf(telling->out, ",\"%s\":\"%s\",\"channel\":%s",
                       person->is_contact ? "contact" : "responder", id_of(registry, person),
                       registry_has_channel(registry, table_of(person), person->no) ? "true" : "false");
        if (step->held[i])
            json_text(telling, "held", suppression_rule_name((enum suppression_rule)(step->held[i] - 1)));
        for (unsigned k = 0; k < step->way_count[i]; k++)
            buf_printf(telling->out, "%s{\"by\":\"%s\",\"after_s\":%u}%s", k ? "," : ",\"channels\":[",
                       way_word(step->ways[i][k].way), (unsigned)step->ways[i][k].after_s,
                       k + 1U < step->way_count[i] ? "" : "]");
        buf_putc(telling->out, '}');
    }
    buf_putc(telling->out, ']');
}

static void json_speech(const struct telling *telling, const struct explain_step *step)
{
    buf_printf(telling->out, ",\"speech\":\"%s\",\"quiet_hours\":%s,\"devices\":[",
               explain_speech_name((enum explain_speech)step->speech),
               is_hushed(telling, step) ? "true" : "false");
    for (unsigned i = 0; i < step->device_count; i++)
        buf_printf(telling->out, "%s\"%s\"", i ? "," : "",
                   registry_device(telling->shadow->registry, step->devices[i])->id);
    buf_putc(telling->out, ']');
}

static void tell_json(struct telling *telling, const struct explain_step *step)
{
    const struct policy_step *what = step->step;
    char at[CLOCK_TEXT_SIZE];
    clock_format(telling->shadow->tz, step->t_ms, at);
    buf_printf(telling->out,
               "%s{\"t\":\"%s\",\"after_s\":%lu,\"step\":%u,\"repeat\":%u,\"do\":\"%s\",\"done\":%s,"
               "\"verdict\":\"%s\"",
               telling->count ? "," : "", at, (unsigned long)step->after_s, step->number, step->repeat,
               step_name((enum step_kind)what->kind), step->has_been ? "true" : "false",
               step_verdict_name((enum step_verdict)step->verdict));
    if (what->prompt[0])
        json_text(telling, what->kind == STEP_TASK ? "task" : "prompt", what->prompt);
    if (what->role != ROLE_NONE)
        json_text(telling, "role", role_name((enum role)what->role));
    if (what->to[0])
        json_text(telling, "to", what->to);
    if (what->unless_acknowledged)
        buf_puts(telling->out, ",\"unless\":\"acknowledged\"");
    if (step->fenced)
        buf_puts(telling->out, ",\"fenced\":\"canary\"");
    if (what->kind == STEP_NOTIFY && !step->fenced)
        json_people(telling, step);
    if (what->kind == STEP_PROMPT)
        json_speech(telling, step);
    if (step->police_ms) {
        clock_format(telling->shadow->tz, step->police_ms, at);
        json_text(telling, "police", at);
    }
    buf_putc(telling->out, '}');
}

/* --- The whole --- */

static void on_step(void *self, const struct explain_step *step)
{
    struct telling *telling = self;
    if (telling->json)
        tell_json(telling, step);
    else
        tell_text(telling, step);
    telling->count++;
}

static void put_head(const struct telling *telling)
{
    const struct alert *alert = telling->alert;
    buf_printf(telling->out,
               telling->json ? "{\"subject\":\"%s\",\"family\":\"%s\",\"level\":\"%s\"" : "%s  %s/%s\n",
               registry_subject_id(telling->shadow->registry, alert->subject),
               family_name((enum family)alert->family), level_name((enum level)alert->level));
}

static void put_rule(const struct telling *telling, const struct policy_rule *rule)
{
    unsigned no = rule ? (unsigned)(rule - telling->shadow->config->alert.rules) : 0;
    if (telling->json) {
        if (rule) {
            buf_printf(telling->out, ",\"rule\":%u", no);
            json_text(telling, "category", rule->category);
            json_text(telling, "territory", rule->territory);
        } else {
            buf_puts(telling->out, ",\"rule\":null");
        }
        return;
    }
    if (!rule) {
        buf_puts(telling->out, say(telling, "No rule: it is recorded, and nobody is told.\n",
                                   "没有规则：只记录，不通知任何人。\n"));
        return;
    }
    buf_printf(telling->out, say(telling, "rule policy[%u]%s%s%s%s\n", "规则 policy[%u]%s%s%s%s\n"), no,
               rule->category[0] ? say(telling, ", category ", "，类别 ") : "", rule->category,
               rule->territory[0] ? say(telling, ", territory ", "，区域 ") : "", rule->territory);
}

void policy_explain(const struct shadow *shadow, const struct alert *alert, enum policy_form form,
                    struct buf *out)
{
    struct buf steps;
    buf_init(&steps, 1 << 20);
    struct telling telling = {.shadow = shadow,
                              .alert = alert,
                              .zh = form == POLICY_TEXT_ZH,
                              .json = form == POLICY_JSON,
                              .out = &steps};
    const struct policy_rule *rule =
        alerts_explain(gateway_alerts(shadow->gateway), alert, on_step, &telling);
    telling.out = out;
    put_head(&telling);
    put_rule(&telling, rule);
    buf_puts(out, telling.json ? ",\"steps\":[" : "");
    buf_append(out, buf_text(&steps), steps.len);
    buf_puts(out, telling.json ? "]}\n" : "");
    buf_release(&steps);
}
