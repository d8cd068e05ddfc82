/* huyang canary: the device of somebody who does not exist. It presses SOS, once or again and again, over the
 * way that a real wristband's press takes, and says whether the call was heard: the gateway has it on disk,
 * and its prompt came back and was played. It is the real device core on a connection of its own; what the
 * gateway makes of a resident with the tag canary (a drill that reaches nobody) is the registry's matter. */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "api_client.h"
#include "apps/wristband.h"
#include "command.h"
#include "core/clock.h"
#include "core/text.h"
#include "fleet_mqtt.h"
#include "hal/host/file_flash.h"
#include "huyang/v1/link.pb-c.h"
#include "provision.h"
#include "testing/ram_flash.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    FILTERS = 3, /* acknowledgements, commands, the gateway's state */
    PEM_MAX = 1 << 16,
    TURN_MS = 50,
    GOODBYE_MS = 2000,
    TIMEOUT_S = 60,
    TIMEOUT_MOST_S = 3600,
    EVERY_MOST_MIN = 1440,
};

static const char help[] =
    "usage: huyang canary --broker (tcp|ssl)://HOST[:PORT] --county CODE --device ID [--tls-dir DIR]\n"
    "                     [--username NAME [--password-file FILE]]\n"
    "                     [--every MINUTES] [--timeout SECONDS] [--state-dir DIR]\n"
    "\n"
    "Presses the SOS of a device that belongs to a resident with the tag canary, and waits until the "
    "gateway\n"
    "has it on disk and the prompt that answers it was played. The gateway closes the alert by itself when\n"
    "its notification was delivered too; watch.canary_s makes it an alert when that fails.\n"
    "\n"
    "  --tls-dir DIR       with ssl://: ca.pem, devices/ID/cert.pem and devices/ID/key.pem, as in the "
    "folder\n"
    "                      of huyang provision (a copy of these three is enough)\n"
    "  --username NAME     for a broker that asks for a name, and --password-file for a password: its first "
    "line\n"
    "  --every MINUTES     1 to 1440: again and again, until a signal; without: once\n"
    "  --timeout SECONDS   1 to 3600: how long a call may take (default 60)\n"
    "  --state-dir DIR     keep the device's flash in DIR/ID.flash, so that a call outlives a restart\n"
    "                      (default: in memory)\n"
    "\n"
    "Each call is a line: \"heard\" with milliseconds to the acknowledgement and to the spoken prompt, or\n"
    "\"missed\" with what did not come.\n"
    "\n"
    "examples:\n"
    "  huyang canary --broker ssl://127.0.0.1:8883 --tls-dir /etc/huyang/canary --county 330402 --device "
    "wb-canary\n"
    "  huyang canary --broker tcp://127.0.0.1:1883 --county 330402 --device wb-canary --every 10\n"
    "\n"
    "exit status: 0 heard (with --every: ended by a signal, the last call heard), 1 missed, 2 wrong usage\n";

struct options {
    const char *broker, *county, *device, *tls_dir, *state_dir, *username, *password_file;
    int64_t every_min, timeout_s; /* every 0 = once */
};

struct canary {
    struct options options;
    struct wristband band;
    struct device_scratch scratch;
    struct ram_flash ram;
    struct file_flash file;
    struct fleet_mqtt mqtt;
    struct tls_client *tls;
    struct pki_identity identity;
    char filters[FILTERS][DEVICE_TOPIC_MAX];
    uint32_t speaking;                       /* token of the prompt that is played; 0 = silent */
    bool started;                            /* … and has been said to have begun */
    uint64_t seq;                            /* of the call; 0 = not stored yet */
    int64_t pressed_ms, acked_ms, played_ms; /* 0 = not yet */
    int signal_fd;
    bool signalled;
};

static int64_t mono_ms(void)
{
    return clock_now().mono_ms;
}

/* ---- the device's surroundings ---- */

static uint32_t entropy(void *context)
{
    uint32_t bits = 0;
    (void)context;
    (void)!getrandom(&bits, sizeof(bits), 0);
    return bits;
}

static int publish(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain)
{
    struct canary *canary = context;
    return fleet_mqtt_publish(&canary->mqtt, topic, bytes, length, qos, retain) ? 0 : -1;
}

static Huyang__V1__FailReason play(void *context, uint32_t token, const struct device_prompt *prompt)
{
    struct canary *canary = context;
    (void)prompt;
    canary->speaking = token;
    canary->started = false;
    return HUYANG__V1__FAIL_REASON__FAIL_REASON_UNSPECIFIED;
}

static void stop(void *context, uint32_t token)
{
    struct canary *canary = context;
    if (canary->speaking == token)
        canary->speaking = 0;
}

static bool show(void *context, const struct device_prompt *prompt)
{
    (void)context;
    (void)prompt;
    return true;
}

static void on_note(void *context, const struct device_note *note)
{
    struct canary *canary = context;
    if (canary->pressed_ms == 0)
        return;
    if (note->kind == DEVICE_NOTE_STORED && note->lane == DEVICE_URGENT && canary->seq == 0)
        canary->seq = note->seq;
    else if (note->kind == DEVICE_NOTE_ACKED && note->lane == DEVICE_URGENT && canary->seq != 0 &&
             note->seq >= canary->seq && canary->acked_ms == 0)
        canary->acked_ms = mono_ms();
    else if (note->kind == DEVICE_NOTE_COMMAND &&
             note->state == HUYANG__V1__COMMAND_STATE__COMMAND_STATE_PLAYED && canary->played_ms == 0)
        canary->played_ms = mono_ms();
}

/* There is no loudspeaker: what would be spoken is over at once. */
static void run_speaker(struct canary *canary, int64_t now_ms)
{
    const uint32_t token = canary->speaking;
    if (token == 0)
        return;
    if (canary->started)
        canary->speaking = 0;
    device_on_speaker(&canary->band.device, token,
                      canary->started ? DEVICE_SPEAKER_DONE : DEVICE_SPEAKER_STARTED,
                      HUYANG__V1__FAIL_REASON__FAIL_REASON_UNSPECIFIED, now_ms);
    canary->started = true;
}

/* ---- the connection ---- */

static void on_state(void *self, bool up)
{
    struct canary *canary = self;
    uint8_t will[DEVICE_WILL_MAX];
    if (up)
        (void)device_will(&canary->band.device, mono_ms(), will); /* the next session's number */
    device_on_link(&canary->band.device, up, mono_ms());
}

static void on_message(void *self, const char *topic, size_t topic_len, const uint8_t *payload, size_t len,
                       bool retained)
{
    static const enum device_topic topics[FILTERS] = {DEVICE_TOPIC_ACK, DEVICE_TOPIC_COMMAND,
                                                      DEVICE_TOPIC_GATEWAY};
    struct canary *canary = self;
    for (unsigned i = 0; i < FILTERS; i++) {
        if (strlen(canary->filters[i]) != topic_len || memcmp(canary->filters[i], topic, topic_len) != 0)
            continue;
        if (retained && topics[i] == DEVICE_TOPIC_COMMAND)
            return; /* an old one must not be done again */
        device_on_message(&canary->band.device, topics[i], payload, len, mono_ms());
    }
}

static bool open_tls(struct canary *canary)
{
    char folder[FILES_PATH_SIZE];
    struct buf ca;
    const int len =
        snprintf(folder, sizeof(folder), "%s/devices/%s", canary->options.tls_dir, canary->options.device);
    buf_init(&ca, PEM_MAX);
    const bool made = len > 0 && len < (int)sizeof(folder) &&
                      files_read(canary->options.tls_dir, "ca.pem", &ca) == ERR_OK &&
                      tls_client_new(buf_text(&ca), ca.len, false, &canary->tls) == ERR_OK &&
                      provision_identity(folder, "cert.pem", "key.pem", &canary->identity) == ERR_OK;
    buf_release(&ca);
    if (!made)
        fprintf(stderr, "huyang canary: --tls-dir: %s needs ca.pem, devices/%s/cert.pem and key.pem\n",
                canary->options.tls_dir, canary->options.device);
    return made;
}

static bool open_line(struct canary *canary)
{
    static const enum device_topic topics[FILTERS] = {DEVICE_TOPIC_ACK, DEVICE_TOPIC_COMMAND,
                                                      DEVICE_TOPIC_GATEWAY};
    struct fleet_mqtt_config config = {.self = canary, .on_state = on_state, .on_message = on_message};
    if (fleet_mqtt_parse_url(canary->options.broker, &config) != ERR_OK) {
        fprintf(stderr, "huyang canary: --broker: '%s' is not tcp://HOST[:PORT] or ssl://HOST[:PORT]\n",
                canary->options.broker);
        return false;
    }
    if (config.secure != (canary->options.tls_dir != NULL)) {
        fputs("huyang canary: ssl:// needs --tls-dir, and tcp:// has no use for it\n", stderr);
        return false;
    }
    if (config.secure && !open_tls(canary))
        return false;
    const struct options *options = &canary->options;
    if (options->username != NULL &&
        !text_copy(config.username, sizeof(config.username), options->username)) {
        fputs("huyang canary: --username: too long\n", stderr);
        return false;
    }
    if (options->password_file != NULL && !api_client_read_line("huyang canary", options->password_file,
                                                                config.password, sizeof(config.password)))
        return false;
    config.tls = canary->tls;
    config.identity = config.secure ? &canary->identity : NULL;
    text_copy(config.client_id, sizeof(config.client_id), canary->options.device);
    for (unsigned i = 0; i < FILTERS; i++) {
        device_topic(&canary->band.device, topics[i], canary->filters[i]);
        config.filters[i] = canary->filters[i];
        config.qos[i] = topics[i] != DEVICE_TOPIC_ACK;
    }
    fleet_mqtt_init(&canary->mqtt, &config);
    return true;
}

/* ---- life ---- */

static bool open_flash(struct canary *canary, struct device_flash *ret_flash)
{
    char path[FILES_PATH_SIZE];
    if (canary->options.state_dir == NULL) {
        if (!ram_flash_init(&canary->ram, DEVICE_SECTOR_BYTES, DEVICE_SECTORS))
            return false;
        *ret_flash = ram_flash_driver(&canary->ram);
        return true;
    }
    const int len =
        snprintf(path, sizeof(path), "%s/%s.flash", canary->options.state_dir, canary->options.device);
    if (len <= 0 || len >= (int)sizeof(path) ||
        file_flash_open(&canary->file, path, DEVICE_SECTOR_BYTES, DEVICE_SECTORS) != 0) {
        fprintf(stderr, "huyang canary: --state-dir: %s cannot be opened, or another process has it\n", path);
        return false;
    }
    *ret_flash = file_flash_driver(&canary->file);
    return true;
}

static bool open_band(struct canary *canary)
{
    struct device_config config = {
        .firmware = "canary",
        .transport = {.context = canary, .publish = publish},
        .hal = {.context = canary,
                .entropy = entropy,
                .play = play,
                .stop = stop,
                .show = show,
                .note = on_note},
        .scratch = &canary->scratch,
    };
    if (!text_copy(config.county, sizeof(config.county), canary->options.county) ||
        !text_copy(config.id, sizeof(config.id), canary->options.device)) {
        fputs("huyang canary: --county is six digits, --device an id of the registry\n", stderr);
        return false;
    }
    if (!open_flash(canary, &config.flash))
        return false;
    const int error = wristband_init(&canary->band, &config, 0, mono_ms());
    if (error != DEVICE_OK) {
        fprintf(stderr, "huyang canary: --county, --device: the device core does not take them (%d)\n",
                error);
        return false;
    }
    canary->band.heartbeat = (struct device_heartbeat){
        .has_battery_percent = true, .battery_percent = 100, .has_worn = true, .worn = true};
    device_set_clock(&canary->band.device, mono_ms(), clock_now().wall_ms);
    return true;
}

/* One turn of the connection, the speaker and the core. */
static void serve(struct canary *canary)
{
    fleet_mqtt_tick(&canary->mqtt, mono_ms());
    struct pollfd fds[] = {{.fd = canary->mqtt.fd, .events = fleet_mqtt_events(&canary->mqtt)},
                           {.fd = canary->signal_fd, .events = POLLIN}};
    if (poll(fds, sizeof(fds) / sizeof(fds[0]), TURN_MS) < 0)
        return;
    canary->signalled |= fds[1].revents != 0;
    fleet_mqtt_io(&canary->mqtt, fds[0].revents, mono_ms());
    run_speaker(canary, mono_ms());
    wristband_tick(&canary->band, mono_ms());
    fleet_mqtt_flush(&canary->mqtt, mono_ms());
}

static bool call(struct canary *canary)
{
    const int64_t until_ms = mono_ms() + canary->options.timeout_s * 1000;
    char at[CLOCK_TEXT_SIZE];
    clock_format(NULL, clock_now().wall_ms, at);
    while (canary->mqtt.state != FLEET_MQTT_UP && !canary->signalled && mono_ms() < until_ms)
        serve(canary);
    const bool up = canary->mqtt.state == FLEET_MQTT_UP;
    canary->seq = 0;
    canary->acked_ms = canary->played_ms = 0;
    canary->pressed_ms = mono_ms();
    const bool stored = up && wristband_sos(&canary->band, mono_ms()) == DEVICE_OK;
    while (stored && (canary->acked_ms == 0 || canary->played_ms == 0) && !canary->signalled &&
           mono_ms() < until_ms)
        serve(canary);
    const bool heard = canary->acked_ms != 0 && canary->played_ms != 0;
    if (heard)
        printf("%s heard acknowledged_ms=%lld played_ms=%lld\n", at,
               (long long)(canary->acked_ms - canary->pressed_ms),
               (long long)(canary->played_ms - canary->pressed_ms));
    else
        printf("%s missed: %s%s\n", at,
               !up                     ? "no connection to the broker; "
               : !stored               ? "the device could not store the call"
               : canary->acked_ms == 0 ? "the gateway did not acknowledge the call"
                                       : "the gateway has it, but no prompt was played",
               up ? "" : canary->mqtt.why);
    fflush(stdout);
    canary->pressed_ms = 0;
    return heard;
}

static bool watch(struct canary *canary)
{
    bool heard = false;
    while (!canary->signalled) {
        const int64_t next_ms = mono_ms() + canary->options.every_min * 60000;
        heard = call(canary);
        if (canary->options.every_min == 0)
            break;
        while (!canary->signalled && mono_ms() < next_ms)
            serve(canary);
    }
    return heard;
}

/* The gateway shall not take the end of this process for a device that fell silent. */
static void say_goodbye(struct canary *canary)
{
    Huyang__V1__Link link = HUYANG__V1__LINK__INIT;
    uint8_t bytes[DEVICE_WILL_MAX];
    char topic[DEVICE_TOPIC_MAX];
    const int64_t until_ms = mono_ms() + GOODBYE_MS;
    if (canary->mqtt.state != FLEET_MQTT_UP)
        return;
    link.state = HUYANG__V1__LINK_STATE__LINK_STATE_DEAD;
    link.ordinal = canary->band.device.session;
    link.kind = canary->band.device.config.kind;
    link.firmware = canary->band.device.config.firmware;
    device_topic(&canary->band.device, DEVICE_TOPIC_LINK, topic);
    (void)fleet_mqtt_publish(&canary->mqtt, topic, bytes, huyang__v1__link__pack(&link, bytes), 1, true);
    while (canary->mqtt.state == FLEET_MQTT_UP && mono_ms() < until_ms &&
           (canary->mqtt.unanswered > 0 || canary->mqtt.out.to > canary->mqtt.out.from))
        serve(canary);
}

static int usage_error(const char *what)
{
    fprintf(stderr, "huyang canary: %s; see huyang canary --help\n", what);
    return EXIT_USAGE;
}

static int parse(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"broker", required_argument, NULL, 'b'},        {"county", required_argument, NULL, 'c'},
        {"device", required_argument, NULL, 'd'},        {"tls-dir", required_argument, NULL, 't'},
        {"state-dir", required_argument, NULL, 's'},     {"every", required_argument, NULL, 'e'},
        {"timeout", required_argument, NULL, 'w'},       {"username", required_argument, NULL, 'u'},
        {"password-file", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0},
    };
    int option;
    *options = (struct options){.timeout_s = TIMEOUT_S};
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 'b': options->broker = optarg; break;
        case 'c': options->county = optarg; break;
        case 'd': options->device = optarg; break;
        case 't': options->tls_dir = optarg; break;
        case 's': options->state_dir = optarg; break;
        case 'u': options->username = optarg; break;
        case 'p': options->password_file = optarg; break;
        case 'e':
            if (!text_to_int(optarg, 1, EVERY_MOST_MIN, &options->every_min))
                return usage_error("--every is a number of 1 to 1440 minutes");
            break;
        case 'w':
            if (!text_to_int(optarg, 1, TIMEOUT_MOST_S, &options->timeout_s))
                return usage_error("--timeout is a number of 1 to 3600 seconds");
            break;
        default: return EXIT_USAGE;
        }
    }
    if (optind != argc)
        return usage_error("it takes options only");
    if (options->broker == NULL || options->county == NULL || options->device == NULL)
        return usage_error("--broker, --county and --device are needed");
    if (options->password_file != NULL && options->username == NULL)
        return usage_error("--password-file goes with --username");
    return 0;
}

static int run(int argc, char **argv)
{
    static struct canary canary; /* too large for the stack */
    sigset_t set;
    const int status = parse(argc, argv, &canary.options);
    if (status != 0)
        return status;
    canary.file.fd = -1;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    canary.signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    const bool opened = open_band(&canary) && open_line(&canary);
    const bool heard = opened && watch(&canary);
    if (opened) {
        say_goodbye(&canary);
        fleet_mqtt_release(&canary.mqtt);
    }
    pki_identity_release(&canary.identity);
    tls_client_free(canary.tls);
    ram_flash_release(&canary.ram);
    if (canary.file.fd >= 0)
        file_flash_close(&canary.file);
    close(canary.signal_fd);
    return !opened ? EXIT_USAGE : heard ? 0 : EXIT_FAILED;
}

const struct command cmd_canary = {.name = "canary",
                                   .summary =
                                       "a call for help of nobody, through all of the way, on a schedule",
                                   .help = help,
                                   .run = run};
