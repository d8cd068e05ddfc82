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
    const struct dialects_stats *foreign = dialects_stats(service->dialects);
    put(out, "messages_total", "counter", "MQTT messages taken from the rings",
        (double)(stats.messages + foreign->messages));
    put(out, "events_total", "counter", "device events that entered the fold",
        (double)(stats.events + foreign->events));
    put(out, "gaps_total", "counter", "runs of events a device declared lost", (double)stats.gaps);
    put(out, "held_messages", "gauge", "routine messages waiting for their predecessor", (double)stats.held);
    put(out, "conduct_told_total", "counter", "floods and replays of devices told to the fold",
        (double)service->doorkeeper.told);
    put(out, "quarantined_devices", "gauge", "devices heard that are not in the registry",
        (double)stats.quarantined);
    put(out, "unknown_enums_total", "counter", "enum values from a newer device",
        (double)stats.unknown_enums);
    put(out, "unknown_fields_total", "counter", "fields from a newer device", (double)stats.unknown_fields);
    buf_puts(out, "# HELP huyang_refused_total events and messages that were not used, by reason\n# TYPE "
                  "huyang_refused_total counter\n");
    for (unsigned i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++) {
        const unsigned long long refused = stats.refused[i] + foreign->refused[i];
        buf_printf(out, "huyang_refused_total{reason=\"%s\"} %llu\n", refusal_name((enum refusal)i), refused);
    }
}

static void put_dialects(struct buf *out, const struct service *service)
{
    const struct dialects_stats *stats = dialects_stats(service->dialects);
    bool used[DIALECTS_KINDS_MAX] = {false};
    for (unsigned i = 0; i < service->config->dialect_count; i++)
        used[service->config->dialects[i].dialect] = true;
    put(out, "dialect_unknown_topics_total", "counter", "foreign messages below no configured prefix",
        (double)stats->unknown_topics);
    buf_puts(out, "# HELP huyang_dialect_messages_total foreign messages by what became of them\n# TYPE "
                  "huyang_dialect_messages_total counter\n");
    for (unsigned i = 0; i < dialect_count(); i++)
        for (unsigned j = 0; used[i] && j < FOREIGN_OUTCOME_COUNT; j++)
            buf_printf(out, "huyang_dialect_messages_total{dialect=\"%s\",outcome=\"%s\"} %llu\n",
                       dialect_at(i)->name, foreign_outcome_name((enum foreign_outcome)j),
                       (unsigned long long)stats->outcomes[i][j]);
    buf_puts(out,
             "# HELP huyang_dialect_bad_fields_total fields of foreign messages that were left out\n# TYPE "
             "huyang_dialect_bad_fields_total counter\n");
    for (unsigned i = 0; i < dialect_count(); i++)
        if (used[i])
            buf_printf(out, "huyang_dialect_bad_fields_total{dialect=\"%s\"} %llu\n", dialect_at(i)->name,
                       (unsigned long long)stats->bad_fields[i]);
}

static void put_link(struct buf *out, const struct service *service)
{
    struct link_stats stats;
    link_stats(service->link, &stats);
    put(out, "broker_up", "gauge", "1 while connected and subscribed", service->broker_up);
    put(out, "link_received_total", "counter", "MQTT messages received",
        (double)(stats.received_urgent + stats.received_routine + stats.received_dialects));
    put(out, "link_urgent_refused_total", "counter", "urgent messages dropped because the ring was full",
        (double)stats.refused_urgent);
    put(out, "link_routine_refused_total", "counter", "routine messages dropped because the ring was full",
        (double)stats.refused_routine);
    put(out, "link_dialects_refused_total", "counter", "foreign messages dropped because the ring was full",
        (double)stats.refused_dialects);
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
    put(out, "tasks_open", "gauge", "Tasks that people have to do.",
        (double)alerts_task_count(gateway_alerts(service->gateway), 0));
    put(out, "tasks_overdue", "gauge", "Of those, not finished in time at least once.",
        (double)alerts_task_count(gateway_alerts(service->gateway), gateway_t_ms(service->gateway)));
    put(out, "ledger_open", "gauge", "Open entries of the ledger of clues.",
        (double)alerts_ledger_count(gateway_alerts(service->gateway), 0));
    put(out, "ledger_overdue", "gauge", "Of those, not closed by their due date.",
        (double)alerts_ledger_count(gateway_alerts(service->gateway), gateway_t_ms(service->gateway)));
    put(out, "alerts_without_timer", "gauge",
        "unacknowledged alerts whose escalation has no live timer; must be 0", (double)service->lost_timers);
}

static void put_watch(struct buf *out, const struct service *service)
{
    buf_puts(out, "# HELP huyang_trouble 1 while an alert says that this part of the gateway is in trouble\n"
                  "# TYPE huyang_trouble gauge\n");
    for (unsigned part = 0; part < PART_OF_COUNT; part++)
        if (part != PART_OF_SHIFTS) /* people's, and of a territory each */
            buf_printf(out, "huyang_trouble{part=\"%s\"} %d\n", part_id((enum part)part),
                       service->watch.parts[part].told);
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

static void put_retention(struct buf *out, const struct service *service)
{
    struct retention_stats stats;
    store_sqlite.retention_stats(service->store, &stats);
    put(out, "retention_thinned_total", "counter", "old inputs made less exact", (double)stats.thinned);
    put(out, "retention_archived_total", "counter", "old inputs moved to the files of their days",
        (double)stats.archived);
    put(out, "retention_files_removed_total", "counter", "files of days that were removed",
        (double)stats.files_removed);
    put(out, "retention_failed_total", "counter", "steps of the retention that failed", (double)stats.failed);
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
    put(out, "outbox_called_off_total", "counter", "messages an operator took back",
        (double)stats.called_off);
    put(out, "outbox_not_called_off_total", "counter", "messages an operator would or could not take back",
        (double)stats.not_called_off);
    put(out, "outbox_oldest_red_seconds", "gauge", "age of the oldest unfinished red row",
        stats.oldest_red_ms != 0 ? (double)(clock_now().wall_ms - stats.oldest_red_ms) / 1e3 : 0.0);
    struct reports_stats reports;
    reports_stats(service->reports, &reports);
    put(out, "reports_total", "counter", "statuses of operators that said something", (double)reports.taken);
    put(out, "reports_refused_total", "counter", "reports with a wrong token", (double)reports.refused);
    put(out, "reports_unknown_total", "counter", "statuses of messages that are not known",
        (double)reports.unknown);
    put(out, "deliveries_lost_total", "counter", "relays' words that found no room",
        (double)service->deliveries_lost);
}

static double path_alive(const struct dc09_client_stats *stats)
{
    return stats->alive;
}

static double path_offset(const struct dc09_client_stats *stats)
{
    return (double)stats->offset_ms / 1e3;
}

static double path_sent(const struct dc09_client_stats *stats)
{
    return (double)stats->sent;
}

static double path_tests(const struct dc09_client_stats *stats)
{
    return (double)stats->tests;
}

static double path_losses(const struct dc09_client_stats *stats)
{
    return (double)stats->losses;
}

static void put_path_labels(struct buf *out, const char *name, const struct outbox_path *path)
{
    buf_printf(out, "huyang_%s{receiver=\"%s\",path=\"%s\"", name,
               path->place == POLICE_PRIMARY ? "primary" : "backup", path->backup ? "backup" : "main");
}

/* The lines of one metric stand together, one for each path of the police's DC-09 receivers. */
static void put_dc09(struct buf *out, const struct service *service)
{
    static const struct {
        const char *name, *type, *help;
        double (*value)(const struct dc09_client_stats *stats);
    } metrics[] = {
        {"dc09_up", "gauge",
         "1 while a path to the police answers, 0 before its first answer and when it is missed", path_alive},
        {"dc09_clock_offset_seconds", "gauge", "how far the receiver says its clock is ahead of ours",
         path_offset},
        {"dc09_sent_total", "counter", "frames sent on a path to the police", path_sent},
        {"dc09_link_tests_total", "counter", "link tests begun", path_tests},
        {"dc09_losses_total", "counter", "how often a path was lost", path_losses},
    };
    struct outbox_path path;
    if (!outbox_path(service->outbox, 0, &path))
        return;
    for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
        buf_printf(out, "# HELP huyang_%s %s\n# TYPE huyang_%s %s\n", metrics[m].name, metrics[m].help,
                   metrics[m].name, metrics[m].type);
        for (unsigned i = 0; outbox_path(service->outbox, i, &path); i++) {
            put_path_labels(out, metrics[m].name, &path);
            buf_printf(out, "} %.17g\n", metrics[m].value(path.stats));
        }
    }
    buf_puts(out, "# HELP huyang_dc09_answers_total answers of the police's receivers\n"
                  "# TYPE huyang_dc09_answers_total counter\n");
    for (unsigned i = 0; outbox_path(service->outbox, i, &path); i++) {
        const char *const names[] = {"ack", "nak", "duh"};
        const uint64_t counts[] = {path.stats->acks, path.stats->naks, path.stats->duhs};
        for (size_t a = 0; a < sizeof(names) / sizeof(names[0]); a++) {
            put_path_labels(out, "dc09_answers_total", &path);
            buf_printf(out, ",answer=\"%s\"} %llu\n", names[a], (unsigned long long)counts[a]);
        }
    }
    buf_puts(out, "# HELP huyang_dc09_refused_total what receivers sent that was not used, by reason\n"
                  "# TYPE huyang_dc09_refused_total counter\n");
    for (unsigned i = 0; outbox_path(service->outbox, i, &path); i++)
        for (unsigned f = DC09_FAULT_NONE + 1; f < DC09_FAULT_COUNT; f++) {
            put_path_labels(out, "dc09_refused_total", &path);
            buf_printf(out, ",reason=\"%s\"} %llu\n", dc09_fault_name((enum dc09_fault)f),
                       (unsigned long long)path.stats->faults[f]);
        }
}

void service_tell_metrics(void *self, struct now now)
{
    struct service *service = self;
    struct buf *out = &service->metrics;
    buf_clear(out);
    put_intake(out, service);
    put_dialects(out, service);
    put_link(out, service);
    expiry_tick(&service->expiry, now);
    expiry_put(&service->expiry, now, out);
    put_fold(out, service);
    put_watch(out, service);
    put_store(out, service);
    put_retention(out, service);
    put_outbox(out, service);
    put_dc09(out, service);
    put(out, "uptime_seconds", "counter", "since the process started",
        (double)(now.wall_ms - service->started_wall_ms) / 1e3);
    const struct api_health health = {.ready =
                                          service->broker_up && committer_state(service->committer) == ERR_OK,
                                      .broker_up = service->broker_up,
                                      .store_ok = committer_state(service->committer) == ERR_OK,
                                      .unpersisted = service->fail_open,
                                      .canary_late = service->canary_late,
                                      .started_wall_ms = service->started_wall_ms,
                                      .last_commit_wall_ms = service->last_commit_wall_ms,
                                      .last_input_wall_ms = service->last_input_wall_ms};
    api_update(service->api, &health, out);
}
