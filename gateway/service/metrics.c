/* The numbers: Prometheus text and health, made once a second on the core loop and copied to the API thread.
 */
#include "service/parts.h"

static void put(struct buf *out, const char *name, const char *type, const char *help, double value)
{
    buf_printf(out, "# HELP huyang_%s %s\n# TYPE huyang_%s %s\nhuyang_%s %.17g\n", name, help, name, type,
               name, value);
}

static void put_intake(struct buf *out, const struct service *service)
{
    struct intake_stats stats;
    intake_stats(service->intake, &stats);
    put(out, "messages_total", "counter", "MQTT messages taken from the rings", (double)stats.messages);
    put(out, "events_total", "counter", "device events that entered the fold", (double)stats.events);
    put(out, "gaps_total", "counter", "runs of events a device declared lost", (double)stats.gaps);
    put(out, "held_messages", "gauge", "routine messages waiting for their predecessor", (double)stats.held);
    put(out, "quarantined_devices", "gauge", "devices heard that are not in the registry",
        (double)stats.quarantined);
    put(out, "unknown_enums_total", "counter", "enum values from a newer device",
        (double)stats.unknown_enums);
    put(out, "unknown_fields_total", "counter", "fields from a newer device", (double)stats.unknown_fields);
    buf_puts(out, "# HELP huyang_refused_total events and messages that were not used, by reason\n# TYPE "
                  "huyang_refused_total counter\n");
    for (unsigned i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
        buf_printf(out, "huyang_refused_total{reason=\"%s\"} %llu\n", refusal_name((enum refusal)i),
                   (unsigned long long)stats.refused[i]);
}

static void put_link(struct buf *out, const struct service *service)
{
    struct link_stats stats;
    link_stats(service->link, &stats);
    put(out, "broker_up", "gauge", "1 while connected and subscribed", service->broker_up);
    put(out, "link_received_total", "counter", "MQTT messages received",
        (double)(stats.received_urgent + stats.received_routine));
    put(out, "link_urgent_refused_total", "counter", "urgent messages dropped because the ring was full",
        (double)stats.refused_urgent);
    put(out, "link_routine_refused_total", "counter", "routine messages dropped because the ring was full",
        (double)stats.refused_routine);
    put(out, "link_oversized_total", "counter", "messages over the size limit", (double)stats.oversized);
    put(out, "link_published_total", "counter", "MQTT messages handed to the library",
        (double)stats.published);
    put(out, "link_publish_failed_total", "counter", "publishes the library refused or lost",
        (double)stats.publish_failed);
    put(out, "link_losses_total", "counter", "connections lost", (double)stats.losses);
    put(out, "link_beat_seconds", "gauge", "last round trip of the beat to ourselves",
        (double)stats.last_beat_rtt_us / 1e6);
}

static void put_fold(struct buf *out, const struct service *service)
{
    struct gateway_stats stats;
    gateway_stats(service->gateway, &stats);
    put(out, "inputs_total", "counter", "inputs folded since the start", (double)stats.inputs);
    put(out, "input_number", "counter", "number of the newest input", (double)gateway_n(service->gateway));
    put(out, "findings_total", "counter", "findings of the detectors", (double)stats.findings);
    put(out, "transitions_total", "counter", "alert transitions", (double)stats.transitions);
    put(out, "jobs_total", "counter", "jobs for the relays", (double)stats.jobs);
    put(out, "timers_fired_total", "counter", "timers of the fold that fired", (double)stats.timers_fired);
    put(out, "alerts_open", "gauge", "open alerts",
        (double)alerts_open_count(gateway_alerts(service->gateway)));
    put(out, "alerts_without_timer", "gauge",
        "unacknowledged alerts whose escalation has no live timer; must be 0",
        (double)alerts_without_timer(gateway_alerts(service->gateway)));
}

static void put_store(struct buf *out, const struct service *service)
{
    struct committer_stats stats;
    committer_stats(service->committer, &stats);
    put(out, "commits_total", "counter", "committed batches", (double)stats.commits);
    put(out, "commit_retries_total", "counter", "commits refused and tried again", (double)stats.retries);
    put(out, "commit_seconds", "gauge", "duration of the last commit", (double)stats.last_commit_us / 1e6);
    put(out, "store_ok", "gauge", "0 while commits are refused",
        committer_state(service->committer) == ERR_OK);
    put(out, "fail_open", "gauge", "1 while red alerts leave before they are on disk", service->fail_open);
    put(out, "fail_open_rows_total", "counter", "outbox rows that left before they were on disk",
        (double)service->fail_open_rows);
}

static void put_outbox(struct buf *out, const struct service *service)
{
    struct outbox_stats stats;
    outbox_stats(service->outbox, &stats);
    put(out, "outbox_waiting", "gauge", "rows not finished", (double)stats.waiting);
    put(out, "outbox_in_flight", "gauge", "attempts under way", (double)stats.in_flight);
    put(out, "outbox_sent_total", "counter", "attempts", (double)stats.sent);
    put(out, "outbox_delivered_total", "counter", "rows their receiver took", (double)stats.delivered);
    put(out, "outbox_failed_total", "counter", "attempts or rows that failed", (double)stats.failed);
    put(out, "outbox_expired_total", "counter", "rows that expired", (double)stats.expired);
    put(out, "outbox_oldest_red_seconds", "gauge", "age of the oldest unfinished red row",
        stats.oldest_red_ms != 0 ? (double)(clock_now().wall_ms - stats.oldest_red_ms) / 1e3 : 0.0);
    put(out, "deliveries_lost_total", "counter", "relays' words that found no room",
        (double)service->deliveries_lost);
}

void service_tell_metrics(void *self, struct now now)
{
    struct service *service = self;
    struct buf *out = &service->metrics;
    buf_clear(out);
    put_intake(out, service);
    put_link(out, service);
    expiry_tick(&service->expiry, now);
    expiry_put(&service->expiry, now, out);
    put_fold(out, service);
    put_store(out, service);
    put_outbox(out, service);
    put(out, "uptime_seconds", "counter", "since the process started",
        (double)(now.wall_ms - service->started_wall_ms) / 1e3);
    const struct api_health health = {.ready =
                                          service->broker_up && committer_state(service->committer) == ERR_OK,
                                      .broker_up = service->broker_up,
                                      .store_ok = committer_state(service->committer) == ERR_OK,
                                      .unpersisted = service->fail_open,
                                      .started_wall_ms = service->started_wall_ms,
                                      .last_commit_wall_ms = service->last_commit_wall_ms,
                                      .last_input_wall_ms = service->last_input_wall_ms};
    api_update(service->api, &health, out);
}
