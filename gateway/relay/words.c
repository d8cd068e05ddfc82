#include "relay/words.h"

#include <string.h>

enum { FIX_FRESH_MS = 30 * 60 * 1000, HOME_RADIUS_M = 50, FIX_RADIUS_M = 100, FIX_RADIUS_MAX_M = 5000 };

struct phrase {
    const char *zh, *en;
};

static const struct {
    const char *detector;
    struct phrase phrase;
} events[] = {
    {"sos", {"一键求助", "Call for help"}},
    {"fall", {"疑似跌倒", "Possible fall"}},
    {"suspicion", {"静默求助键", "Silent help button"}},
    {"unknown-visitor", {"陌生来访", "Unknown visitor"}},
    {"zone-exit", {"离开常去区域", "Left the usual area"}},
    {"flat", {"设备电量低", "Device battery low"}},
    {"vitals", {"健康读数异常", "Unusual health readings"}},
    {"no-motion", {"久无活动", "No sign of movement"}},
    {"check-in-missed", {"未报平安", "Check-in missed"}},
    {"familiar", {"常来访者", "Familiar visitor"}},
    {"repeat-visitor", {"陌生人再次来访", "The same stranger again"}},
    {"forbidden-zone", {"进入禁入区", "In a forbidden zone"}},
    {"unusual-outing", {"外出异于平日", "Unusual outing"}},
    {"overdue-return", {"未按时回家", "Overdue return"}},
    {"night-outing", {"夜间外出", "Outing at night"}},
    {"adopted-place", {"反复前往新地点", "A new place again and again"}},
    {"wandering", {"疑似徘徊", "Possible wandering"}},
    {"led-away", {"疑似被带离家", "Left with a stranger"}},
    {"visitor-then-bank", {"来访后去银行", "At a bank after a visit"}},
    {"risky-place", {"停留标记场所", "At a marked venue"}},
    {"gathering", {"多户聚集", "Gathering"}},
    {"canvassing", {"疑似逐户上门", "Strangers from door to door"}},
    {"canvassing-linked", {"疑似同一人逐户上门", "One stranger in many homes"}},
    {"tampered", {"设备被动过", "Device tampered with"}},
    {"unworn", {"手环未佩戴", "Wristband not worn"}},
    {"silent", {"设备失联", "Device not heard"}},
    {"area-outage", {"区域设备失联", "Area outage"}},
    {"swapped", {"手环疑似戴反", "Wristbands possibly swapped"}},
    {"without-band", {"外出未戴手环", "Out without the wristband"}},
    {"distrusted", {"设备行为可疑", "Suspicious device"}},
    {"distrusted-many", {"多台设备行为可疑", "Many suspicious devices"}},
    {"upkeep", {"运行维护", "Upkeep"}},
    {"gateway", {"告警网关故障", "Trouble with the alert gateway"}},
};
static const struct phrase families[FAMILY_COUNT] = {
    [FAMILY_EMERGENCY] = {"紧急情况", "Emergency"},
    [FAMILY_HEALTH] = {"健康关注", "Health concern"},
    [FAMILY_VISITOR] = {"来访情况", "Visit"},
    [FAMILY_OUTING] = {"外出情况", "Outing"},
    [FAMILY_FRAUD] = {"可疑情况", "Suspicious situation"},
    [FAMILY_COVERAGE] = {"设备情况", "Device condition"},
    [FAMILY_FLEET] = {"系统情况", "System condition"},
};

/* What to do: the first row that fits. "" fits everything; ANY fits every family, role and kind. */
enum { ANY = 255 };
static const struct {
    uint8_t kind, family, role;
    const char *task, *detector;
    struct phrase phrase;
} to_do[] = {
    {JOB_TASK,
     ANY,
     ANY,
     "police-rejected",
     "",
     {"警方接收端拒收了这条信息：请看原因，马上打电话联系警方；不会原样重发。",
      "The police's receiver refused this message: see why, and telephone the police now. It is not sent "
      "again unchanged."}},
    {JOB_TASK,
     ANY,
     ANY,
     "police-failed",
     "",
     {"没有警方人员确认收到这条信息：请马上打电话联系警方。",
      "Nobody at the police has confirmed this message: telephone them now."}},
    {JOB_TASK,
     ANY,
     ANY,
     "nobody-reached",
     "",
     {"电话和短信都没有人接手：请马上人工联系责任人，并登记由谁处理。",
      "Nobody took the calls and messages: reach somebody responsible yourself now, and record who has it."}},
    {JOB_TASK,
     ANY,
     ANY,
     "",
     "suspicion",
     {"请以社区工作人员身份给老人打电话，不要提到按键、不要提到警方，先听对方说。",
      "Call the resident as a community worker. Do not mention the button or the police; listen first."}},
    {JOB_TASK,
     ANY,
     ANY,
     "verify",
     "",
     {"请马上给老人打电话核实。需要帮助或无人接听，将通知警方；误按请选“平安”。",
      "Call the resident now to verify. If help is needed or nobody answers, the police are told; for a "
      "mistake record \"safe\"."}},
    {JOB_TASK,
     ANY,
     ANY,
     "call-back",
     "",
     {"求助被取消，请回电确认本人平安；取消也可能是别人按的。",
      "The call for help was cancelled. Call back and make sure that the resident is well: somebody else may "
      "have pressed cancel."}},
    {JOB_TASK,
     ANY,
     ANY,
     "call-contacts",
     "",
     {"登记显示佩戴者已故：请给家属或同住人打电话，问清是谁按了求助，不要拨打逝者电话。",
      "The wearer is recorded as deceased: call the family or whoever lives there and ask who pressed for "
      "help. Do not call the person who has died."}},
    {JOB_TASK,
     ANY,
     ANY,
     "home_visit",
     "",
     {"请上门看望老人，见到本人后登记情况。",
      "Visit the resident at home, and record how things are once you have seen them in person."}},
    {JOB_TASK,
     ANY,
     ANY,
     "clue",
     "",
     {"台账条目已到期未办结：请办理并登记处置、移交或结果。",
      "An entry of the ledger is past its due date: see to it, and record what was done, where it went or "
      "how "
      "it ended."}},
    {JOB_TASK,
     ANY,
     ANY,
     "collect_device",
     "",
     {"请上门收回设备并登记。", "Collect the device from the home, and record it."}},
    {JOB_TASK,
     FAMILY_FRAUD,
     ANY,
     "",
     "",
     {"请以社区工作人员身份给老人打电话了解情况，不要惊动旁人。",
      "Call the resident as a community worker and ask how things are, without alarming anybody present."}},
    {JOB_TASK,
     FAMILY_COVERAGE,
     ANY,
     "",
     "",
     {"请联系老人或家人，给设备充电或检查设备。",
      "Ask the resident or the family to charge or check the device."}},
    {JOB_TASK,
     ANY,
     ANY,
     "",
     "",
     {"请给老人打电话了解情况，并登记结果。",
      "Call the resident, ask how things are, and record the outcome."}},
    {ANY,
     FAMILY_EMERGENCY,
     ROLE_GRID_WORKER,
     "",
     "",
     {"请马上确认收到，联系老人并尽快到场。",
      "Acknowledge now, contact the resident and go there as soon as you can."}},
    {ANY,
     FAMILY_EMERGENCY,
     ROLE_FAMILY,
     "",
     "",
     {"请马上联系老人；联系上或到场后请确认。",
      "Contact the resident now, and acknowledge once you have reached them."}},
    {ANY,
     FAMILY_EMERGENCY,
     ANY,
     "",
     "",
     {"请马上确认收到并安排人员联系老人、到场查看。",
      "Acknowledge now and make sure that somebody reaches the resident."}},
    {ANY,
     FAMILY_FRAUD,
     ANY,
     "",
     "suspicion",
     {"请尽快以社区工作人员身份到场或致电，不要提到按键，不要惊动来人。",
      "Go there or call soon, as a community worker. Do not mention the button and do not alarm the "
      "visitor."}},
    {ANY,
     FAMILY_FRAUD,
     ANY,
     "",
     "",
     {"请尽快联系老人了解情况，提醒先不付款、不签字。",
      "Reach the resident soon, and advise not to pay or sign anything yet."}},
    {ANY,
     FAMILY_VISITOR,
     ANY,
     "",
     "",
     {"请今天联系老人，了解来访情况。", "Contact the resident today and ask about the visit."}},
    {ANY,
     FAMILY_OUTING,
     ANY,
     "",
     "",
     {"请联系老人，确认外出是否正常；联系不上请前往查看。",
      "Contact the resident and find out whether the outing is all right; if you cannot reach them, go and "
      "look."}},
    {ANY,
     FAMILY_HEALTH,
     ANY,
     "",
     "",
     {"请联系老人，了解身体情况。", "Contact the resident and ask how they are feeling."}},
    {ANY,
     FAMILY_FLEET,
     ANY,
     "",
     "gateway",
     {"请马上通知系统管理员；恢复之前请用电话确认重要告警有人接手。",
      "Tell the system's administrator now; until it is well again make sure by telephone that somebody has "
      "the "
      "grave alerts."}},
    {ANY, ANY, ANY, "", "", {"请查看情况并登记处理结果。", "Have a look and record what was done."}},
};

static const char *say(struct phrase phrase, bool zh)
{
    return zh ? phrase.zh : phrase.en;
}

const char *words_event(const struct words_facts *facts, uint8_t family, bool zh)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcmp(events[i].detector, facts->detector) == 0)
            return say(events[i].phrase, zh);
    return say(families[family < FAMILY_COUNT ? family : FAMILY_FLEET], zh);
}

const char *words_to_do(const struct words_facts *facts, const struct job *job, bool zh)
{
    size_t i = 0;
    for (; i + 1 < sizeof to_do / sizeof to_do[0]; i++) {
        if (to_do[i].kind != ANY && to_do[i].kind != job->kind)
            continue;
        if (to_do[i].family != ANY && to_do[i].family != job->family)
            continue;
        if (to_do[i].role != ANY && to_do[i].role != job->role)
            continue;
        if (to_do[i].task[0] && strcmp(to_do[i].task, job->prompt) != 0)
            continue;
        if (to_do[i].detector[0] && strcmp(to_do[i].detector, facts->detector) != 0)
            continue;
        break;
    }
    return say(to_do[i].phrase, zh);
}

const char *words_to_be_verified(bool zh)
{
    return zh ? "待核实" : "to be verified";
}

void words_who(const struct words_facts *facts, bool zh, struct buf *out)
{
    if (facts->people_count == 0 && facts->is_gateway)
        buf_puts(out, zh ? "本网关" : "this gateway");
    else if (facts->people_count == 0)
        buf_puts(out, zh ? "住户" : "a resident");
    for (unsigned i = 0; i < facts->people_count; i++) {
        const struct words_person *person = &facts->people[i];
        if (i > 0)
            buf_puts(out, zh ? "、" : ", ");
        buf_puts(out, person->name);
        if (person->age > 0)
            buf_printf(out, zh ? "（%d岁）" : " (%d)", person->age);
    }
}

const struct finding *words_main_finding(const struct alert *alert)
{
    const struct alert_share *best = NULL;
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];
        if (!best || share->active > best->active ||
            (share->active == best->active && share->finding.level > best->finding.level))
            best = share;
    }
    return best ? &best->finding : NULL;
}

static int age_in(const struct relay_context *context, const struct resident *resident, int64_t t_ms)
{
    struct civil local;
    clock_civil(context->tz, t_ms, &local);
    int age = local.year - resident->birth_year;
    return resident->birth_year > 0 && age > 0 && age < 130 ? age : 0;
}

static void add_person(const struct relay_context *context, uint32_t no, int64_t t_ms,
                       struct words_facts *facts)
{
    const struct resident *resident = registry_resident(context->registry, no);
    if (resident->removed || facts->people_count == WORDS_PEOPLE_MAX)
        return;
    struct words_person *person = &facts->people[facts->people_count++];
    text_copy(person->name, sizeof person->name,
              registry_vault(context->registry, REGISTRY_RESIDENT, no, "name"));
    person->age = age_in(context, resident, t_ms);
}

static void add_contacts(const struct relay_context *context, uint32_t resident, struct words_facts *facts)
{
    uint32_t numbers[WORDS_CONTACTS_MAX];
    size_t count = registry_contacts(context->registry, resident, numbers, WORDS_CONTACTS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct words_person *person = &facts->contacts[facts->contact_count++];
        text_copy(person->name, sizeof person->name,
                  registry_vault(context->registry, REGISTRY_CONTACT, numbers[i], "name"));
        text_copy(person->phone, sizeof person->phone,
                  registry_vault(context->registry, REGISTRY_CONTACT, numbers[i], "phone"));
    }
}

/* Where to go: where the evidence was; else where the person is known to be while away from home; else the
 * home. */
static void find_place(const struct relay_context *context, const struct alert *alert, int64_t t_ms,
                       const struct household *home, struct words_facts *facts)
{
    const struct live_resident *live = alert->resident != REGISTRY_NONE && context->live
                                           ? live_resident(context->live, alert->resident)
                                           : NULL;
    const struct finding *finding = facts->main && facts->main->has_where ? facts->main : NULL;
    for (unsigned i = 0; !finding && i < alert->share_count; i++)
        if (alert->shares[i].active && alert->shares[i].finding.has_where)
            finding = &alert->shares[i].finding;
    double accuracy = live && live->fix_accuracy_m > 0 ? (double)live->fix_accuracy_m : FIX_RADIUS_M;
    if (accuracy > FIX_RADIUS_MAX_M)
        accuracy = FIX_RADIUS_MAX_M;
    facts->has_where = true;
    if (finding) {
        facts->where = finding->where;
        facts->radius_m = live && live->fix_ms != 0 ? accuracy : FIX_RADIUS_M;
    } else if (live && live->fix_ms != 0 && live->at_home == LIVE_NO && t_ms - live->fix_ms <= FIX_FRESH_MS) {
        facts->where = live->fix;
        facts->radius_m = accuracy;
    } else if (home && home->has_home) {
        facts->where = home->home;
        facts->radius_m = HOME_RADIUS_M;
    } else {
        facts->has_where = false;
    }
}

void words_facts(const struct relay_context *context, const struct alert *alert, int64_t t_ms,
                 struct words_facts *ret_facts)
{
    struct words_facts facts = {.main = words_main_finding(alert),
                                .detector = "",
                                .is_gateway = alert->subject.kind == SUBJECT_GATEWAY};
    if (facts.main && facts.main->detector < detector_count())
        facts.detector = detectors[facts.main->detector]->name;
    uint32_t household = alert->household;
    if (household == REGISTRY_NONE && alert->resident != REGISTRY_NONE)
        household = registry_resident(context->registry, alert->resident)->household;
    const struct household *home =
        household == REGISTRY_NONE ? NULL : registry_household(context->registry, household);
    if (home)
        text_copy(facts.address, sizeof facts.address,
                  registry_vault(context->registry, REGISTRY_HOUSEHOLD, household, "address"));
    if (alert->resident != REGISTRY_NONE) {
        add_person(context, alert->resident, t_ms, &facts);
        add_contacts(context, alert->resident, &facts);
    } else if (home) {
        for (uint32_t no = home->first_resident; no != REGISTRY_NONE;
             no = registry_resident(context->registry, no)->next_in_household)
            add_person(context, no, t_ms, &facts);
        if (home->first_resident != REGISTRY_NONE)
            add_contacts(context, home->first_resident, &facts);
    }
    find_place(context, alert, t_ms, home, &facts);
    *ret_facts = facts;
}
