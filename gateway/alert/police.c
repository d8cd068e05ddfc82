/* What the police say of the messages to them. Their words come late, twice and out of order: what counts is
 * the furthest of them (enum police_word), and saying it again changes nothing. */
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"

/* It is never resent unchanged (practice.md 8). */
void police_fall_back(struct alerts *alerts, struct alert_record *record, const struct job *failed,
                      bool rejected, int64_t t_ms)
{
    struct job job = job_draft(&record->alert, JOB_TASK, failed->step, t_ms);
    job.transition = failed->transition;
    job.role = ROLE_COUNTY_DESK;
    if (record->alert.state != ALERT_OPEN)
        job.expires_ms = t_ms + NOTIFY_EXPIRES_MS; /* nobody will close it any more */
    text_copy(job.prompt, sizeof job.prompt, rejected ? "police-rejected" : "police-failed");
    job_issue(alerts, record, &job);
}

static bool same_id(const struct hash_id *a, const struct hash_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The alert, and which message of it: the one whose id stands where the alert's would, else the newest. */
static enum err find(struct alerts *alerts, const struct action *action, struct alert_record **ret_record,
                     struct hash_id *ret_message)
{
    if (action->has_alert) {
        const struct job *message = alerts_job(alerts, &action->alert);
        bool known = message && (message->kind == JOB_POLICE || message->kind == JOB_STAND_DOWN);
        uint32_t no = alert_find_no(alerts, known ? &message->alert : &action->alert);
        if (no == NONE)
            return ERR_NOT_FOUND;
        *ret_record = alert_at(alerts, no);
        *ret_message = known ? message->id : (*ret_record)->alert.police_job;
    } else {
        enum err err = find_target(alerts, action, ret_record);
        if (err != ERR_OK)
            return err;
        *ret_message = (*ret_record)->alert.police_job;
    }
    return ERR_OK;
}

/* How the message stands follows from what was said of it; false: that was known. */
static bool settle_message(struct alerts *alerts, struct alert_record *record, const struct hash_id *message,
                           int64_t t_ms, enum police_word word, const char *note)
{
    enum delivery_state state = word == POLICE_WORD_REJECTED ? DELIVERY_REJECTED : DELIVERY_ACCEPTED;
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        if (same_id(&job_at(alerts, no)->job.id, message))
            return job_set_state(alerts, no, state, note[0] ? note : police_word_name(word), t_ms);
    }
    return false;
}

/* Refused: a person telephones. Anything else: somebody answers for it, and nobody needs to. */
static void follow(struct alerts *alerts, struct alert_record *record, const struct hash_id *message,
                   int64_t t_ms, const struct action *action, const char *why)
{
    struct job job = {.step = JOB_STEP_POLICE, .transition = record->alert.transitions};
    const struct job *kept = alerts_job(alerts, message);
    bool rejected = action->police_word == POLICE_WORD_REJECTED;
    if (kept)
        job = *kept;
    if (rejected)
        police_fall_back(alerts, record, &job, true, t_ms);
    else
        task_needless(alerts, record, t_ms, TASK_POLICE_REJECTED, action->by, why);
    task_needless(alerts, record, t_ms, TASK_POLICE_FAILED, action->by, why);
}

enum err police_act(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct alert_record *record;
    struct hash_id message;
    char why[320], what[64], note[sizeof((struct delivery *)0)->reason];
    enum police_word word = (enum police_word)action->police_word;
    if (word == POLICE_WORD_NONE || word >= POLICE_WORD_COUNT)
        return ERR_INVALID;
    enum err err = find(alerts, action, &record, &message);
    if (err != ERR_OK)
        return err;
    struct alert *alert = &record->alert;
    uint32_t case_no = record->case_no;
    if (!alert->police_sent) {
        alerts->refusal = "nothing of this alert was sent to the police";
        return ERR_INVALID;
    }
    text_copy(note, sizeof note, action->note);
    bool newest = same_id(&message, &alert->police_job);
    bool further = newest && word > (enum police_word)alert->police_word;
    if (newest && !further)
        return ERR_OK; /* said before, or something later was */
    bool settled = settle_message(alerts, record, &message, t_ms, word, note);
    if (!further) {
        /* Of an earlier message, or of a stand-down: the alert itself waits for another answer. */
        case_sweep(alerts, case_no);
        case_rearm(alerts, case_no);
        return ERR_OK;
    }
    if (alert->state != ALERT_OPEN && !settled) {
        alerts->refusal = "the alert has ended";
        return ERR_INVALID;
    }
    alert->police_word = (uint8_t)word;
    alert_mark(alerts, record);
    snprintf(what, sizeof what, "police: %s", police_word_name(word));
    act_put_why(why, sizeof why, what, action->note);
    /* An alert that has ended takes no note: there the message itself says it. */
    (void)alert_apply(alerts, record, t_ms, INPUT_NOTE, action->by, why);
    follow(alerts, record, &message, t_ms, action, why);
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
    return ERR_OK;
}
