/* The two ways time passes.
 *
 * By the wall clock the devices' clocks are the machine's, and only the script may go faster. By the virtual
 * clock time belongs to the fleet: each step says the next second at which somebody has something to do,
 * waits until the gateway has reached it (everything up to it is committed), lets the devices report, and
 * waits until all of that is acknowledged. Seconds in which nobody speaks cost nothing; the gateway fires its
 * timers of the time between at their own deadlines. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "fleet.h"

enum {
    CONNECT_MS = 30000,
    /* A handshake costs both sides about a millisecond; 60 were seen on a machine with ten times its work. */
    CONNECT_EACH_MS = 100,
    BURST_MAX = 500, /* events of the load in one turn, so that messages are served in between */
    TURN_MS = 5,     /* of the load */
    NUDGE_MS = 2000,
    STUCK_MS = 60000,
    GOODBYE_MS = 3000,
    PROGRESS_TERMINAL_MS = 500,
    PROGRESS_PLAIN_MS = 10000,
};

struct run {
    struct fleet *fleet;
    int signal_fd;
    bool signalled;
    int64_t progress_ms, load_done;
    uint32_t presses, next_presser; /* of SOS */
};

static int64_t mono_ms(void)
{
    return fleet_mono_us() / 1000;
}

/* Serves the connections once. */
static void serve(struct run *run, int64_t wait_ms)
{
    struct fleet *fleet = run->fleet;
    if (fleet->report != NULL)
        fflush(fleet->report);
    if (fleet_wire_run(fleet, run->signal_fd, wait_ms)) {
        char info[256];
        run->signalled |= read(run->signal_fd, info, sizeof(info)) > 0;
    }
    if (!fleet->options.virtual_clock)
        fleet->now_ms = mono_ms();
    if (fleet->down_up && fleet->slot != fleet->now_ms / FLEET_SLOT_MS)
        fleet_devices_reach(fleet, fleet->ending);
    if (mono_ms() >= run->progress_ms) {
        run->progress_ms = mono_ms() + (isatty(STDOUT_FILENO) ? PROGRESS_TERMINAL_MS : PROGRESS_PLAIN_MS);
        fleet_progress(fleet, false);
    }
}

/* How many are missing, and why one of them is. */
static void tell_missing(const struct fleet *fleet, unsigned up, int64_t waited_ms)
{
    const char *why = "";
    for (unsigned i = 0; i < fleet->line_count; i++)
        if (fleet->lines[i].mqtt.state != FLEET_MQTT_UP && fleet->lines[i].mqtt.why[0] != '\0')
            why = fleet->lines[i].mqtt.why;
    fprintf(stderr, "huyang fleet: %s: %u of %u connections stand after %lld s; %s\n", fleet->options.broker,
            up, fleet->line_count, (long long)waited_ms / 1000, why);
}

static bool connect_all(struct run *run)
{
    struct fleet *fleet = run->fleet;
    const int64_t start_ms = mono_ms(),
                  until_ms = start_ms + CONNECT_MS + fleet->line_count * CONNECT_EACH_MS;
    unsigned up = 0;
    fleet->slot = fleet->now_ms / FLEET_SLOT_MS; /* nobody is switched on before every connection stands */
    while (up < fleet->line_count && !run->signalled && mono_ms() < until_ms) {
        serve(run, 50);
        fleet->slot = fleet->now_ms / FLEET_SLOT_MS;
        up = fleet_wire_up(fleet);
    }
    if (up < fleet->line_count && !run->signalled)
        tell_missing(fleet, up, mono_ms() - start_ms);
    fleet->slot = -1;
    fleet->connect_ms = mono_ms() - start_ms;
    if (fleet->options.tls_dir != NULL) {
        fleet->down_up = up == fleet->line_count;
        printf("%u TLS connections in %.2f s\n", up, (double)fleet->connect_ms / 1e3);
        fflush(stdout);
    }
    return up == fleet->line_count;
}

static bool speaks(const struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++)
        if (fleet->devices[i].speaker.token != 0)
            return true;
    return false;
}

/* Wills for all, as the broker would publish them, and a clean end. */
static int finish(struct run *run)
{
    struct fleet *fleet = run->fleet;
    const int64_t until_ms = mono_ms() + GOODBYE_MS;
    const uint64_t left = fleet->pending;
    fleet_wire_release(fleet);
    for (uint32_t i = 0; fleet->down_up && i < fleet->count; i++)
        fleet_device_reach(&fleet->devices[i], false);
    fleet->slot = fleet->now_ms / FLEET_SLOT_MS; /* and nobody comes back */
    while (fleet->down_up && !fleet_wire_quiet(fleet) && mono_ms() < until_ms) {
        (void)fleet_wire_run(fleet, -1, 50);
        fleet->slot = fleet->now_ms / FLEET_SLOT_MS;
    }
    fleet_progress(fleet, true);
    fleet_summary(fleet);
    if (left > 0)
        fprintf(stderr, "huyang fleet: %" PRIu64 " events were not acknowledged\n", left);
    return left > 0 ? 1 : 0;
}

/* ---- by the wall clock ---- */

static uint32_t dice(struct fleet *fleet, uint32_t below)
{
    fleet->random = fleet_mix(fleet->random);
    return (uint32_t)((fleet->random >> 32) * below >> 32);
}

static struct device_event load_event(struct fleet *fleet, const struct fleet_device *device)
{
    const struct household *home = registry_household(fleet->registry, device->household);
    const uint32_t draw = dice(fleet, 100);
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_HEARTBEAT};
    if (device->is_camera || draw < 30 || (draw < 75 && !home->has_home)) {
        event.heartbeat = (struct device_heartbeat){.has_battery_percent = !device->is_camera,
                                                    .battery_percent = 30 + dice(fleet, 70),
                                                    .charging = device->is_camera,
                                                    .firmware = "fleet"};
    } else if (draw < 75) {
        event.kind = HUYANG__V1__EVENT__KIND_FIX;
        event.fix = (struct device_fix){.valid = true,
                                        .has_accuracy_m = true,
                                        .accuracy_m = 15,
                                        .source = HUYANG__V1__FIX_SOURCE__FIX_SOURCE_GNSS,
                                        .lat = home->home.lat + dice(fleet, 600) / 2e6 - 0.00015,
                                        .lon = home->home.lon + dice(fleet, 600) / 2e6 - 0.00015};
    } else {
        event.kind = HUYANG__V1__EVENT__KIND_ACTIVITY;
        event.activity.has_steps = true;
        event.activity.steps = dice(fleet, 300);
    }
    return event;
}

/* Residents press in turn, so that an alert is rarely joined by the next press. */
static void press_sos(struct run *run)
{
    struct fleet *fleet = run->fleet;
    uint32_t at = run->next_presser % fleet->count;
    for (uint32_t tries = 0; tries < fleet->count && fleet->devices[at].is_camera; tries++)
        at = (at + 1) % fleet->count;
    run->next_presser = at + 1;
    struct fleet_device *device = &fleet->devices[at];
    if (device->is_camera)
        return;
    fleet_device_enter(device);
    (void)wristband_sos(&device->app->band, fleet->now_ms);
    fleet_device_leave(device);
}

static void load(struct run *run)
{
    struct fleet *fleet = run->fleet;
    const double elapsed_s = (double)(fleet->now_ms - fleet->zero_ms) / 1000;
    const int64_t due = (int64_t)(elapsed_s * fleet->options.rate);
    for (unsigned burst = 0; run->load_done < due && burst < BURST_MAX; burst++, run->load_done++) {
        struct fleet_device *device = &fleet->devices[dice(fleet, fleet->count)];
        const struct device_event event = load_event(fleet, device);
        fleet_device_report(device, &event, 1);
    }
    if (fleet->options.sos_every_s > 0 &&
        elapsed_s >= fleet->options.sos_every_s * (double)(run->presses + 1)) {
        run->presses++;
        press_sos(run);
    }
}

static int64_t script_now(const struct fleet *fleet)
{
    return fleet->script_zero_ms + (int64_t)((double)(fleet->now_ms - fleet->zero_ms) * fleet->options.speed);
}

/* Until something is due; the script's time is converted to the devices'. */
static int64_t idle_ms(struct fleet *fleet)
{
    const int64_t script_ms = fleet_script_due(fleet);
    int64_t due_ms = fleet_devices_due(fleet);
    if (script_ms != FLEET_NEVER) {
        const double left = (double)(script_ms - script_now(fleet)) / fleet->options.speed;
        const int64_t at_ms = fleet->now_ms + (int64_t)fmin(fmax(left, 0), 1e6);
        due_ms = at_ms < due_ms ? at_ms : due_ms;
    }
    if (fleet->options.rate > 0 || fleet->options.sos_every_s > 0)
        due_ms = fleet->now_ms + TURN_MS < due_ms ? fleet->now_ms + TURN_MS : due_ms;
    return due_ms - fleet->now_ms < 500 ? due_ms - fleet->now_ms : 500;
}

static bool is_over(struct fleet *fleet)
{
    const struct fleet_options *options = &fleet->options;
    if (options->duration_s > 0)
        return (double)(fleet->now_ms - fleet->zero_ms) >= options->duration_s * 1000;
    return options->rate <= 0 && options->sos_every_s <= 0 && !options->days &&
           fleet_script_due(fleet) == FLEET_NEVER;
}

static void drain(struct run *run)
{
    struct fleet *fleet = run->fleet;
    fleet->ending = true;
    fleet->now_ms = mono_ms();
    const int64_t until_ms = fleet->now_ms + (int64_t)(fleet->options.drain_s * 1000);
    for (uint32_t i = 0; i < fleet->count; i++)
        fleet_device_retire(&fleet->devices[i]);
    fleet->slot = -1; /* everybody comes back to tell the rest */
    run->signalled = false;
    while ((fleet->pending > 0 || speaks(fleet)) && !run->signalled && fleet->now_ms < until_ms) {
        fleet_devices_tick(fleet);
        const int64_t wait_ms = fleet_devices_due(fleet) - fleet->now_ms;
        serve(run, wait_ms < 100 ? wait_ms : 100);
    }
}

int fleet_run_wall(struct fleet *fleet, int signal_fd)
{
    struct run run = {.fleet = fleet, .signal_fd = signal_fd};
    if (!connect_all(&run))
        return 1;
    fleet->zero_ms = fleet->now_ms = mono_ms();
    while (!run.signalled && !is_over(fleet)) {
        (void)fleet_script_run(fleet, script_now(fleet));
        load(&run);
        fleet_devices_tick(fleet);
        serve(&run, idle_ms(fleet));
    }
    drain(&run);
    return finish(&run);
}

/* ---- by the virtual clock ---- */

static bool all_acked(const struct fleet *fleet)
{
    return fleet->down_up && fleet->slot >= 0 && fleet->pending == fleet->pending_offline;
}

static bool clock_reached(const struct fleet *fleet)
{
    return fleet->reached_ms >= fleet->now_ms;
}

/* An acknowledgement may be lost (QoS 0), and no device sends again while its clock stands still: begin anew.
 */
static void nudge_devices(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++) {
        struct fleet_device *device = &fleet->devices[i];
        if (!device->online || device->pending == 0)
            continue;
        fleet_device_enter(device);
        device_on_link(device->core, true, fleet->now_ms);
        fleet_device_leave(device);
    }
}

static void complain_stuck(const struct fleet *fleet)
{
    if (!clock_reached(fleet)) {
        fprintf(stderr, "huyang fleet: the gateway does not say that it reached the time; does it run with "
                        "--virtual-clock?\n");
        return;
    }
    for (uint32_t i = 0, told = 0; i < fleet->count && told < 5; i++)
        if (fleet->devices[i].online && fleet->devices[i].pending > 0) {
            fprintf(stderr,
                    "huyang fleet: %s: %" PRIu64 " events stay unacknowledged; does the gateway know it?\n",
                    fleet->devices[i].id, fleet->devices[i].pending);
            told++;
        }
}

static bool wait_for(struct run *run, bool (*is_done)(const struct fleet *fleet))
{
    struct fleet *fleet = run->fleet;
    int64_t nudge_ms = mono_ms() + NUDGE_MS;
    const int64_t stuck_ms = mono_ms() + STUCK_MS;
    while (!is_done(fleet) && !run->signalled) {
        const int64_t now_ms = mono_ms();
        if (now_ms >= stuck_ms) {
            complain_stuck(fleet);
            return false;
        }
        if (now_ms >= nudge_ms) {
            nudge_ms = now_ms + NUDGE_MS;
            if (!clock_reached(fleet))
                fleet_wire_clock(fleet, fleet->now_ms);
            else
                nudge_devices(fleet);
        }
        serve(run, 100);
    }
    return !run->signalled;
}

/* Everything of the second that ends at fleet->now_ms. */
static bool step(struct run *run)
{
    struct fleet *fleet = run->fleet;
    fleet->holding = true;
    if (fleet->slot != fleet->now_ms / FLEET_SLOT_MS)
        fleet_devices_reach(fleet, fleet->ending);
    (void)fleet_script_run(fleet, fleet->now_ms);
    while (fleet_devices_due(fleet) <= fleet->now_ms)
        fleet_devices_tick(fleet);
    if (fleet->held.to == 0) {
        fleet->holding = false;
        return true; /* nobody spoke: the gateway need not know this second */
    }
    fleet->counts.steps++;
    fleet_wire_clock(fleet, fleet->now_ms);
    if (!wait_for(run, clock_reached))
        return false;
    fleet_wire_release(fleet);
    return wait_for(run, all_acked);
}

static int64_t next_second(struct fleet *fleet)
{
    const int64_t script_ms = fleet_script_due(fleet), device_ms = fleet_devices_due(fleet);
    const int64_t due_ms = script_ms < device_ms ? script_ms : device_ms;
    if (due_ms == FLEET_NEVER)
        return FLEET_NEVER;
    const int64_t second_ms = (due_ms + 999) / 1000 * 1000;
    return second_ms > fleet->now_ms ? second_ms : fleet->now_ms + 1000;
}

static bool begin(struct run *run)
{
    struct fleet *fleet = run->fleet;
    if (!connect_all(run))
        return false;
    fleet->slot = fleet->now_ms / FLEET_SLOT_MS; /* the gateway's clock first, then the devices */
    fleet_wire_clock(fleet, fleet->now_ms);
    if (!wait_for(run, clock_reached))
        return false;
    if (fleet->reached_ms > fleet->now_ms) {
        char text[CLOCK_TEXT_SIZE];
        clock_format(fleet->tz, fleet->reached_ms, text);
        fprintf(stderr,
                "huyang fleet: the gateway's time is %s already; give it an empty state folder or a later "
                "--start\n",
                text);
        return false;
    }
    fleet_devices_reach(fleet, false);
    return wait_for(run, all_acked);
}

int fleet_run_virtual(struct fleet *fleet, int signal_fd)
{
    struct run run = {.fleet = fleet, .signal_fd = signal_fd};
    const int64_t end_ms = fleet->options.duration_s > 0
                               ? fleet->now_ms + (int64_t)(fleet->options.duration_s * 1000)
                               : FLEET_NEVER;
    fleet->zero_ms = fleet->now_ms;
    bool well = begin(&run);
    while (well) {
        const bool told =
            fleet->options.duration_s <= 0 && !fleet->options.days && fleet_script_due(fleet) == FLEET_NEVER;
        int64_t at_ms = next_second(fleet);
        if (!fleet->ending && (told || at_ms > end_ms)) {
            fleet->ending = true; /* what speaks may finish, nothing new begins */
            fleet->slot = -1;
            for (uint32_t i = 0; i < fleet->count; i++)
                fleet_device_retire(&fleet->devices[i]);
            at_ms = fleet->pending > 0 ? fleet->now_ms + 1000 : next_second(fleet);
        }
        if (fleet->ending && fleet->pending == 0 && !speaks(fleet))
            break;
        if (at_ms == FLEET_NEVER)
            break;
        fleet->now_ms = at_ms;
        well = step(&run);
    }
    const int status = finish(&run);
    return well || run.signalled ? status : 1;
}
