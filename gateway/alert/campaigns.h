/* The inside of the campaigns, shared by campaign.c (the rules) and campaign_state.c (snapshot), and by
 * nobody else. */
#ifndef HUYANG_ALERT_CAMPAIGNS_H
#define HUYANG_ALERT_CAMPAIGNS_H

#include "alert/alerts.h"

struct campaign_people {
    uint8_t *who; /* enum reach by resident number */
    uint32_t count;
    bool dirty;
};
/* A prompt on its way. */
struct campaign_job {
    struct job job;
    uint32_t campaign, resident;
    uint8_t state; /* enum delivery_state */
};
struct campaigns {
    struct campaign all[CAMPAIGNS_MAX];
    bool dirty[CAMPAIGNS_MAX];
    struct campaign_people people[CAMPAIGNS_MAX];
    struct campaign_job jobs[CAMPAIGN_JOBS_MAX]; /* the live ones stand at the front */
    unsigned job_count, jobs_stored;
    bool jobs_dirty;
    struct timer_slot timer;
};

/* Sets the timer from the facts. */
void campaigns_arm(struct alerts *alerts);

#endif
