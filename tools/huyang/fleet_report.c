#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "fleet.h"
#include "ingest/event.h"

int64_t fleet_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- latencies ---- */

static unsigned bucket_of(int64_t us)
{
    const uint64_t value = us > 16 ? (uint64_t)us : 16;
    const unsigned power = 63 - (unsigned)__builtin_clzll(value);
    const unsigned bucket = (power - 4) * 16 + (unsigned)(value >> (power - 4) & 15);
    return bucket < FLEET_HISTOGRAM ? bucket : FLEET_HISTOGRAM - 1;
}

void fleet_histogram_add(struct fleet_histogram *histogram, int64_t us)
{
    histogram->count++;
    histogram->buckets[bucket_of(us)]++;
    if (us > histogram->max_us)
        histogram->max_us = us;
}

int64_t fleet_histogram_quantile(const struct fleet_histogram *histogram, double q)
{
    uint64_t left = (uint64_t)((double)histogram->count * q);
    for (unsigned i = 0; histogram->count > 0 && i < FLEET_HISTOGRAM; i++) {
        if (left < histogram->buckets[i]) {
            const int64_t top = (int64_t)(16 + i % 16 + 1) << i / 16;
            return top < histogram->max_us ? top : histogram->max_us;
        }
        left -= histogram->buckets[i];
    }
    return histogram->max_us;
}

/* ---- the record ---- */

static double seconds(const struct fleet *fleet)
{
    return (double)(fleet->options.virtual_clock ? fleet->now_ms : clock_now().wall_ms) / 1000;
}

static const char *lane_text(enum device_lane lane)
{
    return lane == DEVICE_URGENT ? "urgent" : "routine";
}

/* Ids are [A-Za-z0-9_-], so nothing needs escaping. */
static bool open_line(struct fleet_device *device, const char *what)
{
    const struct fleet *fleet = device->fleet;
    if (fleet->report == NULL)
        return false;
    fprintf(fleet->report, "{\"what\":\"%s\",\"t\":%.3f,\"device\":\"%s\"", what, seconds(fleet), device->id);
    return true;
}

static void put_key(struct fleet_device *device, enum device_lane lane, uint64_t seq)
{
    fprintf(device->fleet->report, ",\"lane\":\"%s\",\"epoch\":%" PRIu32 ",\"seq\":%" PRIu64, lane_text(lane),
            device->core->outbox.epoch, seq);
}

void fleet_report_stored(struct fleet_device *device, enum device_lane lane, uint64_t seq, unsigned kind)
{
    if (!open_line(device, "stored"))
        return;
    put_key(device, lane, seq);
    /* The kinds of the wire are numbered from HEARTBEAT on in the order of enum event_kind. */
    fprintf(device->fleet->report, ",\"kind\":\"%s\"}\n",
            event_kind_name((enum event_kind)(kind - HUYANG__V1__EVENT__KIND_HEARTBEAT + EVENT_HEARTBEAT)));
}

void fleet_report_ack(struct fleet_device *device, enum device_lane lane, uint64_t seq)
{
    if (!open_line(device, "ack"))
        return;
    put_key(device, lane, seq);
    fputs("}\n", device->fleet->report);
}

void fleet_report_command(struct fleet_device *device, const char *id, const char *kind, const char *prompt)
{
    if (device_id_valid(id) && open_line(device, "command"))
        fprintf(device->fleet->report, ",\"id\":\"%s\",\"kind\":\"%s\",\"prompt\":\"%s\"}\n", id, kind,
                device_id_valid(prompt) ? prompt : "");
}

void fleet_report_state(struct fleet_device *device, const char *id, int state, int reason)
{
    static const char *const states[] = {"none",   "received", "playing",  "played",
                                         "failed", "expired",  "cancelled"};
    const unsigned known = (unsigned)state < sizeof(states) / sizeof(*states) ? (unsigned)state : 0;
    /* An id is taken once in a device's life: that is when it acts. */
    if (state == HUYANG__V1__COMMAND_STATE__COMMAND_STATE_RECEIVED && open_line(device, "acted"))
        fprintf(device->fleet->report, ",\"id\":\"%s\"}\n", id);
    if (open_line(device, "state"))
        fprintf(device->fleet->report, ",\"id\":\"%s\",\"state\":\"%s\",\"reason\":%d}\n", id, states[known],
                reason);
}

void fleet_report_line(struct fleet_device *device, const char *what)
{
    if (open_line(device, what))
        fputs("}\n", device->fleet->report);
}

/* ---- for people ---- */

void fleet_progress(struct fleet *fleet, bool last)
{
    const struct fleet_counts *counts = &fleet->counts;
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    char time[CLOCK_TEXT_SIZE];
    clock_format(fleet->tz, fleet->options.virtual_clock ? fleet->now_ms : clock_now().wall_ms, time);
    printf("%s%.19s  events %" PRIu64 "  acked %" PRIu64 "  outstanding %" PRIu64 "  commands %" PRIu64
           "  played %" PRIu64 "%s",
           terminal ? "\r" : "", time, counts->stored, counts->acked, fleet->pending, counts->commands,
           counts->played, terminal && !last ? "    " : "\n");
    fflush(stdout);
}

static void print_latency(const char *name, const struct fleet_histogram *histogram)
{
    if (histogram->count > 0)
        printf("%-22s p50 %.1f ms  p99 %.1f ms  max %.1f ms  (%" PRIu64 ")\n", name,
               (double)fleet_histogram_quantile(histogram, 0.5) / 1000,
               (double)fleet_histogram_quantile(histogram, 0.99) / 1000, (double)histogram->max_us / 1000,
               histogram->count);
}

static void put_latency(FILE *report, const char *name, const struct fleet_histogram *histogram)
{
    fprintf(report, ",\"%s\":{\"count\":%" PRIu64 ",\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 "}", name,
            histogram->count, fleet_histogram_quantile(histogram, 0.5),
            fleet_histogram_quantile(histogram, 0.99));
}

void fleet_summary(struct fleet *fleet)
{
    const struct fleet_counts *counts = &fleet->counts;
    uint64_t ignored = 0, batches = 0;
    for (uint32_t i = 0; i < fleet->count; i++) {
        ignored += fleet->devices[i].core->sender.acks_ignored;
        batches += fleet->devices[i].core->sender.batches_sent;
    }
    printf("devices %" PRIu32 "\nevents stored %" PRIu64 ", acknowledged %" PRIu64 ", outstanding %" PRIu64
           ", dropped %" PRIu64 ", lost %" PRIu64 "\n",
           fleet->count, counts->stored, counts->acked, fleet->pending, counts->dropped, counts->lost);
    printf("batches sent %" PRIu64 ", acknowledgements ignored %" PRIu64 ", fallbacks %" PRIu64 "\n", batches,
           ignored, counts->fallbacks);
    printf("sos %" PRIu64 ", commands %" PRIu64 ": received %" PRIu64 ", played %" PRIu64 ", failed %" PRIu64
           ", expired %" PRIu64 ", cancelled %" PRIu64 "\n",
           counts->sos, counts->commands, counts->received, counts->played, counts->failed, counts->expired,
           counts->cancelled);
    if (fleet->options.virtual_clock)
        printf("steps of the virtual clock %" PRIu64 "\n", counts->steps);
    print_latency("ack, urgent", &fleet->ack_us[DEVICE_URGENT]);
    print_latency("ack, routine", &fleet->ack_us[DEVICE_ROUTINE]);
    print_latency("sos to command", &fleet->command_us);
    print_latency("sos to played", &fleet->spoken_us);
    fflush(stdout);
    if (fleet->report == NULL)
        return;
    fprintf(fleet->report,
            "{\"what\":\"summary\",\"t\":%.3f,\"devices\":%" PRIu32 ",\"stored\":%" PRIu64
            ",\"acked\":%" PRIu64 ",\"outstanding\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"lost\":%" PRIu64
            ",\"sos\":%" PRIu64 ",\"commands\":%" PRIu64 ",\"played\":%" PRIu64 ",\"acks_ignored\":%" PRIu64
            ",\"steps\":%" PRIu64 ",\"connect_ms\":%" PRId64,
            seconds(fleet), fleet->count, counts->stored, counts->acked, fleet->pending, counts->dropped,
            counts->lost, counts->sos, counts->commands, counts->played, ignored, counts->steps,
            fleet->connect_ms);
    if (fleet->options.virtual_clock) {
        char end[CLOCK_TEXT_SIZE];
        clock_format(fleet->tz, fleet->now_ms, end);
        fprintf(fleet->report, ",\"virtual_end\":\"%s\"", end);
    }
    put_latency(fleet->report, "ack_urgent", &fleet->ack_us[DEVICE_URGENT]);
    put_latency(fleet->report, "ack_routine", &fleet->ack_us[DEVICE_ROUTINE]);
    put_latency(fleet->report, "sos_to_command", &fleet->command_us);
    put_latency(fleet->report, "sos_to_played", &fleet->spoken_us);
    fputs("}\n", fleet->report);
}
