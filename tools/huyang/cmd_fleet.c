/* huyang fleet: a simulated county on the real device core (fleet.h). This file reads the options and puts
 * the parts together. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "core/text.h"
#include "fleet.h"
#include "homes.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, ERRORS_BYTES = 65536, WEEK_S = 604800 };

static const char help[] =
    "usage: huyang fleet --broker (tcp|ssl)://HOST[:PORT] (--registry DIR | --homes N) WHAT... [OPTION]...\n"
    "\n"
    "Simulates the devices of a county: each is the real device core with its own outbox, all share a few "
    "MQTT\n"
    "connections. It ends with a summary; the status is 0 only when every event was acknowledged.\n"
    "\n"
    "who:\n"
    "  --county CODE         six digits (default: 654321)\n"
    "  --registry DIR        the county's registry folder: every device of devices.csv, or those of the "
    "homes a\n"
    "                        script names\n"
    "  --homes N             make a county of N homes up, in a folder that is printed (see huyang registry "
    "generate)\n"
    "  --skip-homes N        leave the registry's first N homes to real devices (default 0)\n"
    "  --seed S              of homes, days, load and shares (default 1)\n"
    "what happens (any of):\n"
    "  --rate N              load: N events a second over all devices (fixes, heartbeats, activity)\n"
    "  --sos-every S         one SOS in the county every S seconds\n"
    "  --days                plausible days: sleep, errands, walks, couriers, trusted and unknown visitors\n"
    "  --story FILE          the device lines of a timeline, at their times relative to the start\n"
    "  --traces DIR          GPS traces (epoch_utc,lat,lon,altitude_ft): each file drives one wristband\n"
    "  --outings DIR         outings (leave,return,minutes; local time): presence at the door, fixes 500 m "
    "away\n"
    "how:\n"
    "  --duration S          end after S seconds (default: when the script ends, or at a signal)\n"
    "  --drain S             then wait up to S seconds for acknowledgements (default 30)\n"
    "  --speed X             days, stories, traces and outings run X times as fast; devices' own clocks do "
    "not\n"
    "  --virtual-clock       the fleet owns the time of a gateway that runs with --virtual-clock\n"
    "  --start TIME          when the script starts, ISO 8601 (default: now; by the virtual clock its first "
    "line,\n"
    "                        moved by whole weeks to 2024 or later)\n"
    "  --time-zone NAME      of days and outings (default Asia/Shanghai)\n"
    "  --fix-interval S      between two fixes on the way (default 600)\n"
    "  --heartbeat-interval S  of every device (default: the registry's; a day for load and scripts)\n"
    "  --play-ms MS          how long a prompt is spoken (default 3000)\n"
    "  --fail-prompts P      share of prompts whose speaker fails, 0..1\n"
    "  --offline P           share of devices out of reach at any time, 0..1, a quarter of an hour each\n"
    "  --connections N       MQTT connections, 1 to 16 (default 2; 1 by the virtual clock)\n"
    "  --username NAME, --password-file FILE  of the broker\n"
    "  --tls-dir DIR         with ssl://: each device has a TLS connection of its own, with its certificate "
    "from\n"
    "                        DIR, an authority of huyang provision\n"
    "  --state-dir DIR       keep the devices' flash in files (default: in memory)\n"
    "  --report FILE         JSON lines: every event stored, acknowledgement, command and what became of it\n"
    "\n"
    "examples:\n"
    "  huyang fleet --broker tcp://127.0.0.1:1883 --homes 2000 --rate 1000 --sos-every 5 --duration 60\n"
    "  huyang fleet --broker tcp://127.0.0.1:1883 --registry county --days --speed 60\n"
    "  huyang fleet --broker tcp://127.0.0.1:1883 --registry county --traces gps --virtual-clock\n";

enum option_of {
    OPTION_BROKER = 1,
    OPTION_COUNTY,
    OPTION_REGISTRY,
    OPTION_HOMES,
    OPTION_SKIP,
    OPTION_SEED,
    OPTION_RATE,
    OPTION_SOS_EVERY,
    OPTION_DAYS,
    OPTION_STORY,
    OPTION_TRACES,
    OPTION_OUTINGS,
    OPTION_DURATION,
    OPTION_DRAIN,
    OPTION_SPEED,
    OPTION_VIRTUAL,
    OPTION_START,
    OPTION_ZONE,
    OPTION_FIX,
    OPTION_HEARTBEAT,
    OPTION_PLAY,
    OPTION_FAIL,
    OPTION_OFFLINE,
    OPTION_CONNECTIONS,
    OPTION_USER,
    OPTION_PASSWORD,
    OPTION_STATE,
    OPTION_REPORT,
    OPTION_TLS,
};

static const struct option table[] = {
    {"broker", required_argument, NULL, OPTION_BROKER},
    {"county", required_argument, NULL, OPTION_COUNTY},
    {"registry", required_argument, NULL, OPTION_REGISTRY},
    {"homes", required_argument, NULL, OPTION_HOMES},
    {"skip-homes", required_argument, NULL, OPTION_SKIP},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"sos-every", required_argument, NULL, OPTION_SOS_EVERY},
    {"days", no_argument, NULL, OPTION_DAYS},
    {"story", required_argument, NULL, OPTION_STORY},
    {"traces", required_argument, NULL, OPTION_TRACES},
    {"outings", required_argument, NULL, OPTION_OUTINGS},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"drain", required_argument, NULL, OPTION_DRAIN},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"virtual-clock", no_argument, NULL, OPTION_VIRTUAL},
    {"start", required_argument, NULL, OPTION_START},
    {"time-zone", required_argument, NULL, OPTION_ZONE},
    {"fix-interval", required_argument, NULL, OPTION_FIX},
    {"heartbeat-interval", required_argument, NULL, OPTION_HEARTBEAT},
    {"play-ms", required_argument, NULL, OPTION_PLAY},
    {"fail-prompts", required_argument, NULL, OPTION_FAIL},
    {"offline", required_argument, NULL, OPTION_OFFLINE},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"username", required_argument, NULL, OPTION_USER},
    {"password-file", required_argument, NULL, OPTION_PASSWORD},
    {"state-dir", required_argument, NULL, OPTION_STATE},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"tls-dir", required_argument, NULL, OPTION_TLS},
    {NULL, 0, NULL, 0},
};

static bool whole(const char *text, int64_t low, int64_t high, unsigned *ret_value)
{
    int64_t value;
    if (!text_to_int(text, low, high, &value))
        return false;
    *ret_value = (unsigned)value;
    return true;
}

/* Options with a text as it stands. False: it is none of them. */
static bool take_text(struct fleet_options *options, int option, const char *text)
{
    switch (option) {
    case OPTION_BROKER: options->broker = text; return true;
    case OPTION_COUNTY: options->county = text; return true;
    case OPTION_REGISTRY: options->registry_dir = text; return true;
    case OPTION_STORY: options->story_path = text; return true;
    case OPTION_TRACES: options->traces_dir = text; return true;
    case OPTION_OUTINGS: options->outings_dir = text; return true;
    case OPTION_ZONE: options->time_zone = text; return true;
    case OPTION_USER: options->username = text; return true;
    case OPTION_PASSWORD: options->password_file = text; return true;
    case OPTION_STATE: options->state_dir = text; return true;
    case OPTION_REPORT: options->report_path = text; return true;
    case OPTION_TLS: options->tls_dir = text; return true;
    default: return false;
    }
}

/* The others; false: the value is out of its range. */
static bool take_value(struct fleet_options *options, int option, const char *text)
{
    int64_t value;
    switch (option) {
    case OPTION_DAYS: options->days = true; return true;
    case OPTION_VIRTUAL: options->virtual_clock = true; return true;
    case OPTION_HOMES: return whole(text, 1, HOMES_MAX, &options->homes);
    case OPTION_SKIP: return whole(text, 0, HOMES_MAX, &options->skip_homes);
    case OPTION_SEED:
        if (!text_to_int(text, 0, INT64_MAX, &value))
            return false;
        options->seed = (uint64_t)value;
        return true;
    case OPTION_RATE: return text_to_double(text, 0, 1e6, &options->rate);
    case OPTION_SOS_EVERY: return text_to_double(text, 0.01, 1e6, &options->sos_every_s);
    case OPTION_DURATION: return text_to_double(text, 0, 1e10, &options->duration_s);
    case OPTION_DRAIN: return text_to_double(text, 0, 1e6, &options->drain_s);
    case OPTION_SPEED: return text_to_double(text, 0.001, 1e6, &options->speed);
    case OPTION_START: return clock_parse(text, strlen(text), &options->start_ms) == ERR_OK;
    case OPTION_FIX: return whole(text, 1, 86400, &options->fix_interval_s);
    case OPTION_HEARTBEAT: return whole(text, 10, 86400, &options->heartbeat_interval_s);
    case OPTION_PLAY: return whole(text, 0, 600000, &options->play_ms);
    case OPTION_FAIL: return text_to_double(text, 0, 1, &options->fail_prompts);
    case OPTION_OFFLINE: return text_to_double(text, 0, 1, &options->offline);
    case OPTION_CONNECTIONS: return whole(text, 1, FLEET_CONNECTIONS_MAX, &options->connections);
    default: return false;
    }
}

static const char *check_options(const struct fleet_options *options)
{
    const bool script = options->days || options->story_path || options->traces_dir || options->outings_dir;
    const bool load = options->rate > 0 || options->sos_every_s > 0;
    if (options->broker == NULL)
        return "--broker is needed";
    if ((options->registry_dir != NULL) == (options->homes > 0))
        return "either --registry or --homes is needed";
    if (!text_is_county(options->county, strlen(options->county)))
        return "--county: six digits are expected";
    if (!script && !load)
        return "nothing would happen: --rate, --sos-every, --days, --story, --traces or --outings is needed";
    if (options->virtual_clock && load)
        return "--rate and --sos-every are for the wall clock: --virtual-clock goes as fast as it can";
    if (options->virtual_clock && options->tls_dir != NULL)
        return "--virtual-clock is told over a shared connection, not over devices' own";
    if (options->virtual_clock && options->days && options->duration_s <= 0)
        return "--days never end: by the virtual clock --duration is needed";
    return NULL;
}

static bool read_options(struct fleet_options *options, int argc, char **argv)
{
    int option, index = 0;
    while ((option = getopt_long(argc, argv, "", table, &index)) >= 0) {
        if (option == '?')
            return false;
        if (!take_text(options, option, optarg) && !take_value(options, option, optarg)) {
            fprintf(stderr, "huyang fleet: --%s: '%s' is malformed or out of range\n", table[index].name,
                    optarg);
            return false;
        }
    }
    const char *complaint =
        optind < argc ? "an argument that is none of its options" : check_options(options);
    if (complaint != NULL)
        fprintf(stderr, "huyang fleet: %s; see huyang fleet --help\n", complaint);
    if (options->virtual_clock)
        options->connections = 1; /* one order for everything */
    if (options->heartbeat_interval_s == 0 && !options->days)
        options->heartbeat_interval_s = 86400;
    return complaint == NULL;
}

/* ---- putting it together ---- */

static bool open_registry(struct fleet *fleet)
{
    struct fleet_options *options = &fleet->options;
    static const char pattern[] = "/tmp/huyang-fleet-XXXXXX";
    char folder[sizeof(pattern)];
    struct buf errors;
    const char *from = options->registry_dir;
    buf_init(&errors, ERRORS_BYTES);
    enum err err = ERR_OK;
    if (from == NULL) {
        memcpy(folder, pattern, sizeof(folder));
        from = mkdtemp(folder);
        err = from == NULL ? ERR_IO
                           : homes_write(from, options->homes, options->seed, options->county, &errors);
        if (err == ERR_OK)
            printf("registry %s\n", from);
    }
    if (err == ERR_OK)
        err = tz_load(options->time_zone, &fleet->tz);
    if (err == ERR_OK)
        err = registry_load(from, fleet->tz, NULL, &errors, &fleet->registry);
    if (err != ERR_OK)
        fprintf(stderr, "huyang fleet: %s: %s\n%s", from != NULL ? from : "/tmp", err_text(err),
                buf_text(&errors));
    buf_release(&errors);
    return err == ERR_OK;
}

static bool read_files(struct fleet *fleet)
{
    const struct fleet_options *options = &fleet->options;
    uint32_t next_device = 0;
    return (options->traces_dir == NULL || fleet_files_traces(fleet, options->traces_dir, &next_device)) &&
           (options->outings_dir == NULL || fleet_files_outings(fleet, options->outings_dir, &next_device)) &&
           (options->story_path == NULL || fleet_files_story(fleet, options->story_path));
}

/* A device takes no time before 2024 for true. Whole weeks keep weekday and time of day. */
static int64_t weeks_to_2024(int64_t ms)
{
    const int64_t low_s = 1704067200, s = ms / 1000;
    return s >= low_s ? 0 : (low_s - s + WEEK_S - 1) / WEEK_S * WEEK_S * 1000;
}

/* Where the script and the devices' clocks begin. */
static void set_times(struct fleet *fleet)
{
    const struct fleet_options *options = &fleet->options;
    fleet_script_sort(fleet);
    const bool told = fleet->script.count > 0;
    const int64_t first_ms = told ? fleet->script.items[0].at_ms : 0;
    if (!options->virtual_clock) {
        fleet->script_zero_ms = options->start_ms != 0 ? options->start_ms : clock_now().wall_ms;
        if (told)
            fleet_script_shift(fleet, fleet->script_zero_ms - first_ms);
        fleet->now_ms = fleet_mono_us() / 1000;
    } else {
        int64_t start_ms = options->start_ms;
        const int64_t weeks_ms = told ? weeks_to_2024(first_ms) : 0;
        if (weeks_ms > 0)
            printf("the script is moved by %lld weeks\n", (long long)(weeks_ms / 1000 / WEEK_S));
        fleet_script_shift(fleet, weeks_ms);
        if (start_ms == 0)
            start_ms = told ? first_ms + weeks_ms : clock_from_civil(fleet->tz, 2026, 3, 1, 0, 0, 0);
        fleet->now_ms = fleet->script_zero_ms = start_ms / 1000 * 1000;
    }
    fleet->script.days_to_ms = fleet->script_zero_ms;
}

/* Which rows of devices.csv are simulated: everybody's, or, for a script alone, those of the homes it names;
 * never those of the homes that are left to others. NULL = no memory; the caller frees. */
static bool *choose(const struct fleet *fleet)
{
    const struct fleet_options *options = &fleet->options;
    const uint32_t rows = registry_count(fleet->registry, REGISTRY_DEVICE);
    const uint32_t homes = registry_count(fleet->registry, REGISTRY_HOUSEHOLD);
    const bool all = options->days || options->rate > 0 || options->sos_every_s > 0;
    bool *named = calloc(homes + 1, sizeof(*named));
    bool *wanted = calloc(rows + 1, sizeof(*wanted));
    for (size_t i = 0; named != NULL && i < fleet->script.count; i++) {
        const uint32_t home = registry_device(fleet->registry, fleet->script.items[i].device)->household;
        if (home != REGISTRY_NONE)
            named[home] = true;
    }
    for (uint32_t i = 0; named != NULL && wanted != NULL && i < rows; i++) {
        const uint32_t home = registry_device(fleet->registry, i)->household;
        wanted[i] = home != REGISTRY_NONE && home >= options->skip_homes && (all || named[home]);
    }
    if (named == NULL) {
        free(wanted);
        return NULL;
    }
    free(named);
    return wanted;
}

static bool open_report(struct fleet *fleet)
{
    if (fleet->options.report_path == NULL)
        return true;
    fleet->report = fopen(fleet->options.report_path, "we");
    if (fleet->report == NULL)
        fprintf(stderr, "huyang fleet: %s: %s\n", fleet->options.report_path, strerror(errno));
    return fleet->report != NULL;
}

/* By the virtual clock a run is its seed's; by the wall clock a device begins with a new epoch each time, as
 * its numbers begin anew with a flash in memory. */
static bool seed(struct fleet *fleet)
{
    uint64_t own = 0;
    if (!fleet->options.virtual_clock && getrandom(&own, sizeof(own), 0) != sizeof(own))
        return false;
    fleet->random = fleet_mix(fleet->options.seed);
    fleet->run = fleet->random ^ own;
    return true;
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void release(struct fleet *fleet)
{
    fleet_wire_close(fleet);
    fleet_devices_free(fleet);
    fleet_script_free(fleet);
    registry_free(fleet->registry);
    tz_free(fleet->tz);
    if (fleet->report != NULL)
        fclose(fleet->report);
    free(fleet);
}

static int simulate(struct fleet *fleet)
{
    if (!open_registry(fleet) || !read_files(fleet))
        return EXIT_USAGE;
    set_times(fleet);
    if (!open_report(fleet) || !seed(fleet))
        return EXIT_USAGE;
    bool *wanted = choose(fleet);
    const bool made = wanted != NULL && fleet_devices_new(fleet, wanted);
    free(wanted);
    if (!made)
        return EXIT_FAILED;
    if (fleet->count == 0) {
        fputs("huyang fleet: there is no device to simulate\n", stderr);
        return EXIT_USAGE;
    }
    if (!fleet_wire_open(fleet))
        return EXIT_USAGE;
    const int signal_fd = open_signals();
    printf("fleet of %u devices on %s\n", fleet->count, fleet->options.broker);
    fflush(stdout);
    fleet_script_skip(fleet, fleet->script_zero_ms); /* earlier today */
    const int status =
        fleet->options.virtual_clock ? fleet_run_virtual(fleet, signal_fd) : fleet_run_wall(fleet, signal_fd);
    close(signal_fd);
    return status;
}

static int run(int argc, char **argv)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    if (fleet == NULL)
        return EXIT_FAILED;
    fleet->options = (struct fleet_options){.county = "654321",
                                            .time_zone = "Asia/Shanghai",
                                            .connections = 2,
                                            .seed = 1,
                                            .drain_s = 30,
                                            .speed = 1,
                                            .fix_interval_s = 600,
                                            .play_ms = 3000};
    const int status = read_options(&fleet->options, argc, argv) ? simulate(fleet) : EXIT_USAGE;
    release(fleet);
    return status;
}

const struct command cmd_fleet = {
    .name = "fleet",
    .summary = "a simulated county of devices: load, days, stories, traces",
    .help = help,
    .run = run,
};
