#include "alert/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/campaigns.h"
#include "core/log.h"

enum {
    JOB_TTL_MS = 30 * 60000,
    JOB_TTL_LEAST_MS = 60000,
    LATE_MS = 60000,
    DAY_MS = 86400000,
    END_MAX_DAYS = 30
};

const char *campaign_state_name(unsigned state)
{
    static const char *const names[] = {
#define X(name, text) [CAMPAIGN_##name] = #text,
        CAMPAIGN_STATE_MAP(X)
#undef X
    };
    return state < CAMPAIGN_STATE_COUNT ? names[state] : "";
}

const char *reach_name(unsigned reach)
{
    static const char *const names[] = {
#define X(name, text) [REACH_##name] = #text,
        REACH_MAP(X)
#undef X
    };
    return reach < REACH_COUNT ? names[reach] : "";
}

static bool is_live(const struct campaign *campaign)
{
    static const struct hash_id none;
    return memcmp(&campaign->id, &none, sizeof none) != 0 && campaign->state <= CAMPAIGN_RUNNING;
}

/* ---- what is told ---- */

static void tell(struct alerts *alerts, uint32_t no, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    campaigns->dirty[no] = true;
    if (alerts->config.sink.campaign)
        alerts->config.sink.campaign(alerts->config.sink.self, &campaigns->all[no], t_ms);
}

static void set_reach(struct alerts *alerts, uint32_t no, uint32_t resident, enum reach reach, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    struct campaign_people *people = &campaigns->people[no];
    if (people->who[resident] == reach)
        return;
    people->who[resident] = (uint8_t)reach;
    people->dirty = true;
    if (alerts->config.sink.reach)
        alerts->config.sink.reach(alerts->config.sink.self, &campaigns->all[no], resident, (uint8_t)reach,
                                  t_ms);
}

static void finish(struct alerts *alerts, uint32_t no, enum campaign_state state, const char *by,
                   int64_t t_ms)
{
    struct campaign *campaign = &alerts->campaigns->all[no];
    campaign->state = (uint8_t)state;
    campaign->ended_ms = t_ms;
    text_copy(campaign->ended_by, sizeof campaign->ended_by, by);
    tell(alerts, no, t_ms);
}

/* ---- one person ---- */

static bool is_listed(const struct campaign_order *order, uint32_t resident)
{
    for (unsigned i = 0; i < order->count; i++)
        if (order->list[i] == resident)
            return true;
    return order->count == 0;
}

static bool is_meant(const struct alerts *alerts, const struct campaign_order *order, uint32_t resident)
{
    const struct registry *registry = alerts->config.registry;
    struct subject subject = {.kind = SUBJECT_RESIDENT, .no = resident};
    if (registry_resident(registry, resident)->removed || !is_listed(order, resident))
        return false;
    if (order->category[0] && !registry_resident_is(registry, resident, order->category))
        return false;
    return policy_is_within(registry, registry_subject_territory(registry, subject), order->territory);
}

/* The person as an alert would concern them, for what chooses devices and words. */
static struct alert about(const struct alerts *alerts, const struct campaign *campaign, uint32_t resident)
{
    struct alert alert;
    memset(&alert, 0, sizeof alert);
    alert.id = campaign->id;
    alert.subject = (struct subject){.kind = SUBJECT_RESIDENT, .no = resident};
    alert.resident = resident;
    alert.household = registry_resident(alerts->config.registry, resident)->household;
    alert.family = FAMILY_FLEET;
    alert.level = LEVEL_GREEN;
    alert.opened_ms = campaign->t_ms;
    return alert;
}

/* Whether this person may be spoken to now; REACH_SENT = yes. */
static enum reach judge(struct alerts *alerts, const struct campaign *campaign, uint32_t resident,
                        size_t *ret_count, uint32_t devices[2])
{
    unsigned status = live_resident(alerts->config.live, resident)->status;
    if (status == STATUS_DECEASED)
        return REACH_DECEASED;
    if (!(registry_resident(alerts->config.registry, resident)->consent & CONSENT_BIT(CONSENT_VOICE)))
        return REACH_NO_CONSENT;
    if (status != STATUS_ACTIVE)
        return REACH_AWAY;
    struct alert alert = about(alerts, campaign, resident);
    *ret_count = audience_devices(alerts, &alert, campaign->prompt, true, devices);
    return *ret_count ? REACH_SENT : REACH_NO_DEVICE;
}

static void say_to(struct alerts *alerts, uint32_t no, uint32_t resident, uint32_t device, unsigned attempt,
                   int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    const struct campaign *campaign = &campaigns->all[no];
    struct alert alert = about(alerts, campaign, resident);
    struct campaign_job *kept = &campaigns->jobs[campaigns->job_count];
    int64_t quiet_ms = prompt_quiet_change_ms(&alerts->config.quiet, alerts->config.tz, t_ms, true);
    struct job job = job_draft(&alert, JOB_PROMPT, JOB_STEP_CAMPAIGN, t_ms);
    job.expires_ms = t_ms + JOB_TTL_MS;
    if (job.expires_ms > quiet_ms)
        job.expires_ms = quiet_ms;
    if (job.expires_ms > campaign->order.end_ms)
        job.expires_ms = campaign->order.end_ms;
    job.device = device;
    job.attempt = (uint8_t)attempt;
    text_copy(job.prompt, sizeof job.prompt, campaign->prompt);
    /* Somebody's second turn on a later day is another job. */
    job.transition = (uint32_t)(t_ms / 60000);
    job.id = job_id(alerts, &job);
    *kept = (struct campaign_job){.job = job, .campaign = no, .resident = resident, .state = DELIVERY_QUEUED};
    campaigns->job_count++;
    campaigns->jobs_dirty = true;
    set_reach(alerts, no, resident, REACH_SENT, t_ms);
    if (alerts->config.sink.job)
        alerts->config.sink.job(alerts->config.sink.self, &alert, &job);
}

/* ---- the run ---- */

/* Whose turn it is; the resident count when it is nobody's any more in this pass. Whom it does not concern,
 * or who cannot be spoken to, takes no turn. */
static uint32_t next_person(struct alerts *alerts, uint32_t no, int64_t t_ms, uint32_t *ret_device)
{
    struct campaign *campaign = &alerts->campaigns->all[no];
    struct campaign_people *people = &alerts->campaigns->people[no];
    while (campaign->cursor < people->count) {
        uint32_t resident = campaign->cursor++, devices[2];
        size_t count = 0;
        uint8_t reach = people->who[resident];
        if ((reach != REACH_NONE && reach != REACH_LATER) || !is_meant(alerts, &campaign->order, resident))
            continue;
        enum reach verdict = judge(alerts, campaign, resident, &count, devices);
        if (verdict == REACH_SENT && !prompt_day_take(alerts, resident, t_ms))
            verdict = REACH_LATER;
        if (verdict == REACH_SENT) {
            *ret_device = devices[0];
            return resident;
        }
        set_reach(alerts, no, resident, verdict, t_ms);
    }
    return people->count;
}

static bool has_jobs(const struct campaigns *campaigns, uint32_t no)
{
    for (unsigned i = 0; i < campaigns->job_count; i++)
        if (campaigns->jobs[i].campaign == no)
            return true;
    return false;
}

static bool has_reach(const struct campaign_people *people, enum reach reach)
{
    return people->count && memchr(people->who, (int)reach, people->count) != NULL;
}

/* The audience may have grown with the registry; numbers never change their meaning. */
static bool grow(struct campaign_people *people, uint32_t count)
{
    if (count <= people->count)
        return true;
    uint8_t *who = realloc(people->who, count);
    if (!who)
        return false;
    memset(who + people->count, REACH_NONE, count - people->count);
    people->who = who;
    people->count = count;
    people->dirty = true;
    return true;
}

/* A pass is over: who has heard enough today has another turn tomorrow; else only answers are waited for. */
static void end_pass(struct alerts *alerts, uint32_t no, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    struct campaign *campaign = &campaigns->all[no];
    struct civil local;
    clock_civil(alerts->config.tz, t_ms, &local);
    if (has_reach(&campaigns->people[no], REACH_LATER)) {
        campaign->cursor = 0;
        campaign->next_ms =
            clock_from_civil(alerts->config.tz, local.year, local.month, local.day + 1, 0, 0, 0);
        tell(alerts, no, t_ms);
    } else if (has_jobs(campaigns, no)) {
        campaign->next_ms = INT64_MAX;
        campaigns->dirty[no] = true;
    } else {
        finish(alerts, no, CAMPAIGN_DONE, "policy", t_ms);
    }
}

/* The end that was ordered: who waits for another day is not reached any more. */
static void run_out(struct alerts *alerts, uint32_t no, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    struct campaign *campaign = &campaigns->all[no];
    if (!grow(&campaigns->people[no], registry_count(alerts->config.registry, REGISTRY_RESIDENT)))
        campaign->cursor = UINT32_MAX;
    for (; campaign->cursor < campaigns->people[no].count; campaign->cursor++)
        if (campaigns->people[no].who[campaign->cursor] == REACH_NONE &&
            is_meant(alerts, &campaign->order, campaign->cursor))
            set_reach(alerts, no, campaign->cursor, REACH_EXPIRED, t_ms);
    for (uint32_t i = 0; i < campaigns->people[no].count; i++)
        if (campaigns->people[no].who[i] == REACH_LATER)
            set_reach(alerts, no, i, REACH_EXPIRED, t_ms);
    campaign->next_ms = INT64_MAX;
    if (!has_jobs(campaigns, no))
        finish(alerts, no, CAMPAIGN_DONE, "policy", t_ms);
}

static void step(struct alerts *alerts, uint32_t no, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    struct campaign *campaign = &campaigns->all[no];
    struct campaign_people *people = &campaigns->people[no];
    uint32_t device = REGISTRY_NONE;
    campaigns->dirty[no] = true;
    if (campaign->state == CAMPAIGN_SCHEDULED) {
        campaign->state = CAMPAIGN_RUNNING;
        tell(alerts, no, t_ms);
    }
    if (t_ms >= campaign->order.end_ms) {
        run_out(alerts, no, t_ms);
        return;
    }
    /* Nothing begins in quiet hours, nor so shortly before them that no device could answer. */
    int64_t clear_ms = prompt_quiet_change_ms(&alerts->config.quiet, alerts->config.tz, t_ms, false);
    if (clear_ms == t_ms &&
        prompt_is_quiet(&alerts->config.quiet, alerts->config.tz, t_ms + JOB_TTL_LEAST_MS))
        clear_ms =
            prompt_quiet_change_ms(&alerts->config.quiet, alerts->config.tz, t_ms + JOB_TTL_LEAST_MS, false);
    if (clear_ms > t_ms) {
        campaign->next_ms = clear_ms < campaign->order.end_ms ? clear_ms : campaign->order.end_ms;
        return;
    }
    if (campaigns->job_count == CAMPAIGN_JOBS_MAX ||
        !grow(people, registry_count(alerts->config.registry, REGISTRY_RESIDENT))) {
        campaign->next_ms = t_ms + LATE_MS; /* no room: those on their way answer or expire */
        return;
    }
    uint32_t resident = next_person(alerts, no, t_ms, &device);
    if (resident == people->count) {
        end_pass(alerts, no, t_ms);
        return;
    }
    say_to(alerts, no, resident, device, 0, t_ms);
    /* After a long stop what was missed is not caught up with in one burst. */
    int64_t due_ms = campaign->next_ms < t_ms - LATE_MS ? t_ms : campaign->next_ms;
    campaign->next_ms = due_ms + 60000 / (int64_t)campaign->order.per_minute;
}

static int64_t job_due(const struct campaign_job *job)
{
    struct job_record record = {.job = job->job, .state = job->state};
    return job_expires(&record);
}

void campaigns_arm(struct alerts *alerts)
{
    struct campaigns *campaigns = alerts->campaigns;
    int64_t due_ms = INT64_MAX;
    for (uint32_t i = 0; i < CAMPAIGNS_MAX; i++) {
        const struct campaign *campaign = &campaigns->all[i];
        if (!is_live(campaign))
            continue;
        due_ms = campaign->next_ms < due_ms ? campaign->next_ms : due_ms;
        /* With nobody's turn left the end adds nothing but to who waits. */
        if (campaign->next_ms != INT64_MAX && campaign->order.end_ms < due_ms)
            due_ms = campaign->order.end_ms;
    }
    for (unsigned i = 0; i < campaigns->job_count; i++) {
        int64_t job_ms = job_due(&campaigns->jobs[i]);
        due_ms = job_ms < due_ms ? job_ms : due_ms;
    }
    if (due_ms == INT64_MAX)
        due_ms = TIMER_OFF;
    if (timers_arm(alerts->config.timers, timer_owner((struct subject){0}, TIMER_SLOT_CAMPAIGNS),
                   &campaigns->timer, due_ms) != ERR_OK)
        log_write(LOG_ERROR, "campaign.timer", "no room for a timer, campaigns wait for the next event");
}

struct timer_slot *campaigns_slot(struct alerts *alerts)
{
    return &alerts->campaigns->timer;
}

/* ---- answers ---- */

static void forget_job(struct campaigns *campaigns, unsigned i)
{
    campaigns->jobs[i] = campaigns->jobs[--campaigns->job_count];
    campaigns->jobs_dirty = true;
}

/* A job has ended. One that did not get through has a second try on the person's other device. */
static void settle(struct alerts *alerts, unsigned i, enum delivery_state state, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    const struct campaign_job ended = campaigns->jobs[i];
    const struct campaign *campaign = &campaigns->all[ended.campaign];
    uint32_t devices[2], other = REGISTRY_NONE;
    size_t count = 0;
    forget_job(campaigns, i);
    bool missed = state == DELIVERY_FAILED || state == DELIVERY_EXPIRED;
    if (missed && ended.job.attempt == 0 && is_live(campaign) &&
        t_ms + JOB_TTL_LEAST_MS < campaign->order.end_ms &&
        !prompt_is_quiet(&alerts->config.quiet, alerts->config.tz, t_ms + JOB_TTL_LEAST_MS) &&
        judge(alerts, campaign, ended.resident, &count, devices) == REACH_SENT)
        for (size_t j = 0; j < count && other == REGISTRY_NONE; j++)
            other = devices[j] != ended.job.device ? devices[j] : REGISTRY_NONE;
    if (other != REGISTRY_NONE) {
        say_to(alerts, ended.campaign, ended.resident, other, 1, t_ms);
        return;
    }
    set_reach(alerts, ended.campaign, ended.resident,
              state == DELIVERY_PLAYED      ? REACH_HEARD
              : state == DELIVERY_EXPIRED   ? REACH_EXPIRED
              : state == DELIVERY_CANCELLED ? REACH_CANCELLED
                                            : REACH_FAILED,
              t_ms);
    if (is_live(campaign) && campaign->next_ms == INT64_MAX && !has_jobs(campaigns, ended.campaign))
        finish(alerts, ended.campaign, CAMPAIGN_DONE, "policy", t_ms);
}

static bool set_state(struct alerts *alerts, unsigned i, enum delivery_state state, const char *reason,
                      int64_t t_ms)
{
    struct campaign_job *job = &alerts->campaigns->jobs[i];
    struct delivery delivery = {.job = job->job.id, .state = (uint8_t)state};
    if (!delivery_may_follow((enum delivery_state)job->state, state))
        return false;
    text_copy(delivery.reason, sizeof delivery.reason, reason);
    job->state = (uint8_t)state;
    alerts->campaigns->jobs_dirty = true;
    if (alerts->config.sink.delivery)
        alerts->config.sink.delivery(alerts->config.sink.self, &job->job, &delivery, t_ms);
    if (delivery_is_final(state))
        settle(alerts, i, state, t_ms);
    return true;
}

bool campaigns_on_delivery(struct alerts *alerts, int64_t t_ms, const struct delivery *delivery)
{
    struct campaigns *campaigns = alerts->campaigns;
    unsigned i = 0;
    while (i < campaigns->job_count &&
           memcmp(&campaigns->jobs[i].job.id, &delivery->job, sizeof delivery->job) != 0)
        i++;
    bool changed = i < campaigns->job_count &&
                   set_state(alerts, i, (enum delivery_state)delivery->state, delivery->reason, t_ms);
    if (changed)
        campaigns_arm(alerts);
    return changed;
}

void campaigns_run(struct alerts *alerts, int64_t t_ms)
{
    struct campaigns *campaigns = alerts->campaigns;
    for (unsigned i = campaigns->job_count; i-- > 0;)
        if (i < campaigns->job_count && job_due(&campaigns->jobs[i]) <= t_ms)
            set_state(alerts, i, DELIVERY_EXPIRED, "expired", t_ms);
    for (uint32_t no = 0; no < CAMPAIGNS_MAX; no++) {
        const struct campaign *campaign = &campaigns->all[no];
        bool over = campaign->next_ms != INT64_MAX && campaign->order.end_ms <= t_ms;
        if (is_live(campaign) && (campaign->next_ms <= t_ms || over))
            step(alerts, no, t_ms);
    }
    campaigns_arm(alerts);
}

/* ---- orders ---- */

static enum err refuse(struct alerts *alerts, const char *why)
{
    alerts->refusal = why;
    return ERR_INVALID;
}

/* A free place; else that of the campaign that ended first. CAMPAIGNS_MAX = all of them run. */
static uint32_t find_place(const struct campaigns *campaigns)
{
    static const struct hash_id none;
    uint32_t oldest = CAMPAIGNS_MAX;
    for (uint32_t no = 0; no < CAMPAIGNS_MAX; no++) {
        const struct campaign *campaign = &campaigns->all[no];
        if (memcmp(&campaign->id, &none, sizeof none) == 0)
            return no;
        if (!is_live(campaign) && !has_jobs(campaigns, no) &&
            (oldest == CAMPAIGNS_MAX || campaign->ended_ms < campaigns->all[oldest].ended_ms))
            oldest = no;
    }
    return oldest;
}

static const char *why_not(const struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    const struct campaign_order *order = &action->campaign;
    if (!prompt_find(alerts->config.prompts, action->prompt))
        return "there is no such prompt in the catalogue";
    if (order->territory[0] &&
        registry_find(alerts->config.registry, REGISTRY_TERRITORY, order->territory) == REGISTRY_NONE)
        return "there is no such territory";
    if (order->per_minute < 1 || order->per_minute > CAMPAIGN_RATE_MAX)
        return "per_minute is 1..600";
    if (order->end_ms <= order->start_ms || order->end_ms <= t_ms ||
        order->end_ms > t_ms + (int64_t)END_MAX_DAYS * DAY_MS)
        return "a campaign ends after its start, and within 30 days";
    if (!order->category[0] && !order->territory[0] && order->count == 0)
        return "a campaign needs a category, a territory or a list of residents";
    for (unsigned i = 0; i < order->count; i++)
        if (order->list[i] >= registry_count(alerts->config.registry, REGISTRY_RESIDENT))
            return "the list names somebody who is not in the registry";
    return NULL;
}

enum err campaign_add(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct campaigns *campaigns = alerts->campaigns;
    const char *why = why_not(alerts, t_ms, action);
    uint32_t no = find_place(campaigns);
    char text[256];
    if (why || no == CAMPAIGNS_MAX)
        return refuse(alerts, why ? why : "no more than 64 campaigns run at once");
    int len = snprintf(text, sizeof text, "campaign|%s|%s|%s|%lld|%u", alerts->config.county, action->prompt,
                       action->by, (long long)t_ms, (unsigned)no);
    struct campaign *campaign = &campaigns->all[no];
    memset(campaign, 0, sizeof *campaign);
    campaign->id = hash_id_of(text, (size_t)len);
    campaign->t_ms = t_ms;
    campaign->order = action->campaign;
    campaign->next_ms = action->campaign.start_ms > t_ms ? action->campaign.start_ms : t_ms;
    text_copy(campaign->prompt, sizeof campaign->prompt, action->prompt);
    text_copy(campaign->by, sizeof campaign->by, action->by);
    text_copy(campaign->note, sizeof campaign->note, action->note);
    free(campaigns->people[no].who);
    campaigns->people[no] = (struct campaign_people){.dirty = true};
    tell(alerts, no, t_ms);
    campaigns_arm(alerts);
    return ERR_OK;
}

/* What is on its way of this campaign (or to this resident) is taken back, from the device too. */
static void take_back(struct alerts *alerts, int64_t t_ms, uint32_t no, uint32_t resident, const char *why)
{
    struct campaigns *campaigns = alerts->campaigns;
    for (unsigned i = campaigns->job_count; i-- > 0;) {
        if (i >= campaigns->job_count || (no != CAMPAIGNS_MAX && campaigns->jobs[i].campaign != no) ||
            (resident != REGISTRY_NONE && campaigns->jobs[i].resident != resident))
            continue;
        const struct campaign_job job = campaigns->jobs[i];
        set_state(alerts, i, DELIVERY_CANCELLED, why, t_ms);
        if (job.state == DELIVERY_QUEUED || !alerts->config.sink.job)
            continue;
        struct alert alert = about(alerts, &campaigns->all[job.campaign], job.resident);
        struct job hush = job_draft(&alert, JOB_HUSH, JOB_STEP_CAMPAIGN, t_ms);
        hush.expires_ms = t_ms + JOB_TTL_MS;
        hush.device = job.job.device;
        hash_id_text(&job.job.id, hush.prompt);
        hush.id = job_id(alerts, &hush);
        alerts->config.sink.job(alerts->config.sink.self, &alert, &hush);
    }
}

enum err campaign_end(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct campaigns *campaigns = alerts->campaigns;
    for (uint32_t no = 0; no < CAMPAIGNS_MAX; no++) {
        if (!is_live(&campaigns->all[no]) ||
            memcmp(&campaigns->all[no].id, &action->alert, sizeof action->alert) != 0)
            continue;
        finish(alerts, no, CAMPAIGN_CANCELLED, action->by, t_ms);
        take_back(alerts, t_ms, no, REGISTRY_NONE, "the campaign was ended");
        for (uint32_t i = 0; i < campaigns->people[no].count; i++)
            if (campaigns->people[no].who[i] == REACH_LATER)
                set_reach(alerts, no, i, REACH_CANCELLED, t_ms);
        campaigns_arm(alerts);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

void campaigns_forget(struct alerts *alerts, int64_t t_ms, uint32_t resident, enum reach reach,
                      const char *why)
{
    take_back(alerts, t_ms, CAMPAIGNS_MAX, resident, why);
    for (uint32_t no = 0; no < CAMPAIGNS_MAX; no++) {
        struct campaign_people *people = &alerts->campaigns->people[no];
        uint8_t before = resident < people->count ? people->who[resident] : REACH_NONE;
        if (is_live(&alerts->campaigns->all[no]) && (before == REACH_LATER || before == REACH_CANCELLED))
            set_reach(alerts, no, resident, reach, t_ms);
    }
    campaigns_arm(alerts);
}
