/* Once a second: what can be seen of the gateway from outside the fold, and what of it is told. A loop that
 * never comes back cannot tell anything; then /healthz says so, and whoever reads the heartbeat (`huyang
 * northbound
 * --heartbeat`) hears it stop. */
#include "core/log.h"
#include "service/parts.h"

/* What is wrong with a part, as its sentence shows it; 0 = nothing. */
struct sights {
    uint32_t numbers[PART_OF_COUNT];
};

static uint32_t seconds(int64_t ms)
{
    return ms < 1000 ? 1 : ms > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)(ms / 1000);
}

static void see_loop(struct service *service, struct sights *sights, struct now now)
{
    const int64_t gap_ms = now.mono_ms - service->watched_mono_ms;
    service->watched_mono_ms = now.mono_ms;
    if (gap_ms >= SERVICE_WATCH_MS + (int64_t)service->config->watch.stall_s * 1000)
        sights->numbers[PART_OF_LOOP] = seconds(gap_ms);
}

static void see_store(const struct service *service, struct sights *sights, struct now now)
{
    const struct batch *batch = committer_under_way(service->committer);
    const int64_t age_ms = batch != NULL ? now.mono_ms - batch->opened_mono_ms : 0;
    if (age_ms >= (int64_t)service->config->watch.stall_s * 1000)
        sights->numbers[PART_OF_STORE] = seconds(age_ms);
}

static void see_broker(struct service *service, struct sights *sights, struct now now)
{
    if (service->broker_up)
        service->broker_lost_mono_ms = 0;
    else if (service->broker_lost_mono_ms == 0)
        service->broker_lost_mono_ms = now.mono_ms;
    if (!service->broker_up)
        sights->numbers[PART_OF_BROKER] = seconds(now.mono_ms - service->broker_lost_mono_ms);
}

static void see_timers(struct service *service, struct sights *sights)
{
    service->lost_timers = gateway_lost_timers(service->gateway); /* a slice of them each time */
    sights->numbers[PART_OF_TIMERS] = (uint32_t)service->lost_timers;
}

void service_watch_delivery(struct service *service, const struct batch_delivery *delivery, struct now now)
{
    const bool played = delivery->job_kind == JOB_PROMPT && delivery->state == DELIVERY_PLAYED;
    const bool told = delivery->job_kind == JOB_NOTIFY && delivery->state == DELIVERY_DELIVERED;
    if (!delivery->canary)
        return;
    if (played)
        service->canary_played_mono_ms = now.mono_ms;
    if (told)
        service->canary_told_mono_ms = now.mono_ms;
}

/* Late when either half of the way has not been seen for so long. */
static void see_canary(const struct service *service, struct sights *sights, struct now now)
{
    const int64_t last_ms = service->canary_played_mono_ms < service->canary_told_mono_ms
                                ? service->canary_played_mono_ms
                                : service->canary_told_mono_ms;
    const int64_t most_ms = (int64_t)service->config->watch.canary_s * 1000;
    if (most_ms != 0 && now.mono_ms - last_ms > most_ms)
        sights->numbers[PART_OF_CANARY] = seconds(now.mono_ms - last_ms);
}

/* What is measured against a limit of its own is told at once. */
static bool is_measured(enum part part)
{
    return part == PART_OF_TIMERS || part == PART_OF_LOOP || part == PART_OF_STORE ||
           part == PART_OF_OUTBOX || part == PART_OF_CANARY || part == PART_OF_EXPIRY;
}

static void tell(struct service *service, enum part part, uint32_t number, struct now now)
{
    struct input input = {.t_ms = service_t_ms(service, now),
                          .kind = INPUT_TROUBLE,
                          .trouble = {.part = (uint8_t)part, .on = number != 0, .number = number}};
    if (service_take(service, &input) != ERR_OK)
        return; /* seen again in a second */
    watch_told(&service->watch, part, number != 0, now.mono_ms);
    committer_fill(service->committer)->urgent = true;
    loop_wake_send(service->wake);
    if (number != 0)
        log_write(LOG_ERROR, "service.trouble", "a part of the gateway is in trouble\tpart=%s\tnumber=%lu",
                  part_id(part), (unsigned long)number);
    else
        log_write(LOG_INFO, "service.well", "a part of the gateway is well again\tpart=%s", part_id(part));
}

void service_watch(void *self, struct now now)
{
    struct service *service = self;
    const struct config_watch *config = &service->config->watch;
    struct sights sights = {{0}};
    see_loop(service, &sights, now);
    see_broker(service, &sights, now);
    see_timers(service, &sights);
    see_canary(service, &sights, now);
    expiry_tick(&service->expiry, now);
    sights.numbers[PART_OF_EXPIRY] = expiry_days(&service->expiry, now.wall_ms);
    service->canary_late = sights.numbers[PART_OF_CANARY] != 0;
    /* After a standstill everything looks late: the next look tells what really is. */
    if (sights.numbers[PART_OF_LOOP] == 0) {
        see_store(service, &sights, now);
        outbox_troubles(service->outbox, now, (int64_t)config->stall_s * 1000, sights.numbers);
    }
    for (unsigned part = 0; part < PART_OF_COUNT; part++) {
        if (part == PART_OF_ROLLOUT) /* the fold says that itself */
            continue;
        const int64_t after_ms = is_measured((enum part)part) ? 0 : (int64_t)config->after_s * 1000;
        if (watch_see(&service->watch, (enum part)part, sights.numbers[part] != 0, after_ms,
                      (int64_t)config->calm_s * 1000, now.mono_ms))
            tell(service, (enum part)part, sights.numbers[part], now);
    }
}

void service_watch_begin(struct service *service)
{
    watch_init(&service->watch);
    service->watched_mono_ms = clock_now().mono_ms;
    service->canary_played_mono_ms = service->canary_told_mono_ms = service->watched_mono_ms;
    for (unsigned part = 0; part < PART_OF_COUNT; part++) {
        const struct alert *alert =
            alerts_open_of(gateway_alerts(service->gateway),
                           (struct subject){.kind = SUBJECT_GATEWAY, .no = part}, FAMILY_FLEET);
        if (alert != NULL && alert->cleared_ms == 0 && part != PART_OF_ROLLOUT)
            watch_resume(&service->watch, (enum part)part);
    }
}
