#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../hal/host/file_flash.h"
#include "../../hal/host/host_link.h"
#include "../../hal/host/host_speaker.h"
#include "host.h"
#include "words.h"

struct options {
    struct host_link_options link;
    const char *county, *device, *state_dir, *wav_dir, *clips_url;
    bool paced, no_wall_clock, no_speech;
    uint32_t interval_s;
};

struct host {
    const struct host_app *app;
    struct options options;
    struct file_flash flash;
    struct device_scratch scratch;
    struct host_link *link;
    struct host_speaker *speaker;
    int wake_fd, signal_fd;
    bool ending;
    char line[HOST_LINE_MAX];
    size_t line_length;
    bool line_too_long;
};

static const char *const lane_names[] = {"urgent", "routine"};

static int64_t clock_ms(clockid_t which)
{
    struct timespec time;

    clock_gettime(which, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* CLOCK_BOOTTIME goes on while the machine sleeps, like a device's own. */
static int64_t now_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

static void wake(void *context)
{
    struct host *host = context;
    uint64_t one = 1;

    while (write(host->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static uint32_t draw_entropy(void *context)
{
    uint32_t drawn = 0;

    (void)context;
    while (getrandom(&drawn, sizeof drawn, 0) < 0 && errno == EINTR)
        ;
    return drawn;
}

static Huyang__V1__FailReason play(void *context, uint32_t token, const struct device_prompt *prompt)
{
    struct host *host = context;

    return host->speaker ? host_speaker_play(host->speaker, host, token, prompt)
                         : HUYANG__V1__FAIL_REASON__FAIL_REASON_UNSUPPORTED;
}

static void stop(void *context, uint32_t token)
{
    struct host *host = context;

    if (host->speaker)
        host_speaker_stop(host->speaker, host, token);
}

static bool show(void *context, const struct device_prompt *prompt)
{
    (void)context;
    if (prompt->light)
        printf("light %s\n", prompt->command_id);
    printf("show %s %s\n", prompt->command_id, prompt->text);
    return true;
}

static void indicate(void *context, enum device_indication what)
{
    static const char *const names[] = {"vibrate", "not_delivered", "help_told", "help_coming"};

    (void)context;
    printf("indicate %s\n", names[what]);
}

static void fall_back(void *context)
{
    (void)context;
    printf("fallback call\n");
}

static void restart(void *context)
{
    struct host *host = context;

    printf("restart\n");
    host->ending = true;
}

static void note_command(const struct device_note *note)
{
    static const char *const states[] = {"?",      "received", "playing",  "played",
                                         "failed", "expired",  "cancelled"};
    static const char *const reasons[] = {"interrupted", "speaker", "no_clip",
                                          "unsupported", "busy",    "power"};

    printf("command %s %s%s%s\n", note->id, states[note->state],
           note->state == HUYANG__V1__COMMAND_STATE__COMMAND_STATE_FAILED ? " " : "",
           note->state == HUYANG__V1__COMMAND_STATE__COMMAND_STATE_FAILED ? reasons[note->reason] : "");
}

static void note(void *context, const struct device_note *note)
{
    const char *lane = lane_names[note->lane];

    (void)context;
    switch (note->kind) {
    case DEVICE_NOTE_STORED:
        printf("stored %s %llu %u\n", lane, (unsigned long long)note->seq, note->count);
        break;
    case DEVICE_NOTE_ACKED: printf("acked %s %llu\n", lane, (unsigned long long)note->seq); break;
    case DEVICE_NOTE_LOST: printf("lost %s %llu\n", lane, (unsigned long long)note->seq); break;
    case DEVICE_NOTE_DROPPED: printf("dropped %s %u\n", lane, note->count); break;
    case DEVICE_NOTE_COMMAND: note_command(note); break;
    case DEVICE_NOTE_CLOCK: printf("clock %llu\n", (unsigned long long)note->seq); break;
    case DEVICE_NOTE_GATEWAY:
        printf("gateway %s\n", note->state == HUYANG__V1__LINK_STATE__LINK_STATE_DEAD ? "down" : "up");
        break;
    case DEVICE_NOTE_FALLBACK: break; /* the hook has said it */
    }
}

static void told_link(void *context, bool up, uint64_t ordinal)
{
    (void)context;
    printf("link %s %llu\n", up ? "up" : "down", (unsigned long long)ordinal);
}

static int usage(const char *name)
{
    fprintf(stderr,
            "usage: %s --broker URI --county CODE --device ID --state-dir DIR [--wav-dir DIR] [--paced]\n"
            "       [--clips URL] [--no-speech]\n"
            "       [--interval SECONDS] [--password TEXT] [--cafile FILE --certfile FILE --keyfile FILE]\n"
            "       [--no-wall-clock]\n",
            name);
    return 2;
}

static bool read_options(int argc, char *argv[], struct options *options)
{
    static const struct option known[] = {
        {"broker", required_argument, NULL, 'b'},
        {"county", required_argument, NULL, 'c'},
        {"device", required_argument, NULL, 'd'},
        {"state-dir", required_argument, NULL, 's'},
        {"wav-dir", required_argument, NULL, 'w'},
        {"clips", required_argument, NULL, 'l'},
        {"no-speech", no_argument, NULL, 'm'},
        {"paced", no_argument, NULL, 'p'},
        {"interval", required_argument, NULL, 'i'},
        {"password", required_argument, NULL, 'P'},
        {"cafile", required_argument, NULL, 'A'},
        {"certfile", required_argument, NULL, 'C'},
        {"keyfile", required_argument, NULL, 'K'},
        {"no-wall-clock", no_argument, NULL, 'n'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'b': options->link.broker = optarg; break;
        case 'c': options->county = optarg; break;
        case 'd': options->device = optarg; break;
        case 's': options->state_dir = optarg; break;
        case 'w': options->wav_dir = optarg; break;
        case 'l': options->clips_url = optarg; break;
        case 'm': options->no_speech = true; break;
        case 'p': options->paced = true; break;
        case 'P': options->link.password = optarg; break;
        case 'A': options->link.cafile = optarg; break;
        case 'C': options->link.certfile = optarg; break;
        case 'K': options->link.keyfile = optarg; break;
        case 'n': options->no_wall_clock = true; break;
        case 'i':
            if (!words_whole(optarg, 10, 86400, &options->interval_s))
                return false;
            break;
        default: return false;
        }
    }
    return optind == argc && options->link.broker && options->county && options->device && options->state_dir;
}

/* The device, with everything that it stands on. False after saying why not. */
static bool start(struct host *host)
{
    struct device_config config = {.hal = {.context = host,
                                           .entropy = draw_entropy,
                                           .play = play,
                                           .stop = stop,
                                           .show = show,
                                           .indicate = indicate,
                                           .fallback = fall_back,
                                           .restart = restart,
                                           .note = note},
                                   .firmware = "huyang-stub-0.1",
                                   .scratch = &host->scratch};
    const struct options *options = &host->options;
    struct device_core *device;
    const char *why;
    char path[512];
    int error;

    if (strlen(options->county) != DEVICE_COUNTY_BYTES || !device_id_valid(options->device)) {
        fprintf(stderr, "%s: --county is six digits, --device is [A-Za-z0-9_-]{1,64}\n", host->app->name);
        return false;
    }
    memcpy(config.county, options->county, DEVICE_COUNTY_BYTES);
    memcpy(config.id, options->device, strlen(options->device));
    if (mkdir(options->state_dir, 0700) && errno != EEXIST) {
        fprintf(stderr, "%s: %s: %s\n", host->app->name, options->state_dir, strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "%s/%s.flash", options->state_dir, options->device);
    if (file_flash_open(&host->flash, path, DEVICE_SECTOR_BYTES, DEVICE_SECTORS)) {
        fprintf(stderr, "%s: %s: %s\n", host->app->name, path,
                errno == EWOULDBLOCK ? "another process runs this device" : strerror(errno));
        return false;
    }
    config.flash = file_flash_driver(&host->flash);
    if (options->wav_dir && mkdir(options->wav_dir, 0755) && errno != EEXIST) {
        fprintf(stderr, "%s: %s: %s\n", host->app->name, options->wav_dir, strerror(errno));
        return false;
    }
    if (options->wav_dir &&
        !(host->speaker = host_speaker_new(&(struct host_speaker_options){.folder = options->wav_dir,
                                                                          .clips_url = options->clips_url,
                                                                          .paced = options->paced,
                                                                          .mute = options->no_speech,
                                                                          .wake = wake,
                                                                          .context = host}))) {
        fprintf(stderr, "%s: speaker: %s\n", host->app->name, strerror(errno));
        return false;
    }
    host->link = host_link_new(&options->link, options->county, options->device, &why);
    if (!host->link) {
        fprintf(stderr, "%s: %s: %s\n", host->app->name, options->link.broker, why);
        return false;
    }
    config.transport = host_link_transport(host->link);
    error = host->app->init(host->app->context, &config, options->interval_s, now_ms());
    if (error) {
        fprintf(stderr, "%s: the device does not start (%d)\n", host->app->name, error);
        return false;
    }
    device = host->app->device(host->app->context);
    if (!options->no_wall_clock)
        device_set_clock(device, now_ms(), clock_ms(CLOCK_REALTIME));
    printf("boot epoch %08x urgent %llu %llu routine %llu %llu\n", device->outbox.epoch,
           (unsigned long long)device->outbox.lanes[DEVICE_URGENT].base,
           (unsigned long long)device->outbox.lanes[DEVICE_URGENT].next,
           (unsigned long long)device->outbox.lanes[DEVICE_ROUTINE].base,
           (unsigned long long)device->outbox.lanes[DEVICE_ROUTINE].next);
    return true;
}

static void do_line(struct host *host)
{
    char *words[HOST_WORDS_MAX], shown[HOST_LINE_MAX];
    size_t count;
    int answer;

    memcpy(shown, host->line, sizeof shown);
    count = words_cut(host->line, words, HOST_WORDS_MAX);
    if (count == 0)
        return;
    if (strcmp(words[0], "quit") == 0) {
        host->ending = true;
        return;
    }
    answer = host->app->command(host->app->context, count, words, now_ms());
    if (answer == HOST_UNKNOWN)
        printf("error unknown command: %s\n", shown);
    else if (answer)
        printf("error %d: %s\n", answer, shown);
}

/* False at the end of the input. */
static bool read_lines(struct host *host)
{
    char block[1024];
    ssize_t got = read(STDIN_FILENO, block, sizeof block);

    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    for (ssize_t i = 0; i < got; i++) {
        if (block[i] == '\n') {
            host->line[host->line_length] = '\0';
            if (host->line_too_long)
                printf("error line too long\n");
            else
                do_line(host);
            host->line_length = 0;
            host->line_too_long = false;
        } else if (host->line_length + 1 < sizeof host->line) {
            host->line[host->line_length++] = block[i];
        } else {
            host->line_too_long = true;
        }
    }
    return got > 0;
}

static void hear_speaker(struct host *host, struct device_core *device)
{
    struct host_speaker_answer answer;

    while (host->speaker && host_speaker_poll(host->speaker, &answer)) {
        if (answer.event == DEVICE_SPEAKER_STARTED)
            printf("wav %s %u\n", answer.path, answer.duration_ms);
        device_on_speaker(device, answer.token, answer.event, answer.reason, now_ms());
    }
}

static int timeout_of(struct host *host)
{
    int64_t deadline = host->app->deadline(host->app->context, now_ms()),
            link = host_link_deadline(host->link), left;

    left = (link < deadline ? link : deadline) - now_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void run(struct host *host)
{
    struct device_core *device = host->app->device(host->app->context);
    struct pollfd polled[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = host->wake_fd, .events = POLLIN},
                              {.fd = host->signal_fd, .events = POLLIN}};
    uint64_t count;

    while (!host->ending) {
        host->app->tick(host->app->context, now_ms());
        host_link_run(host->link, device, now_ms());
        hear_speaker(host, device);
        fflush(stdout);
        if (host->ending || (poll(polled, 3, timeout_of(host)) < 0 && errno != EINTR))
            break;
        if (polled[1].revents)
            (void)!read(host->wake_fd, &count, sizeof count);
        if (polled[2].revents)
            host->ending = true;
        if (polled[0].revents && !read_lines(host))
            polled[0].fd = -1;
        polled[0].revents = polled[1].revents = polled[2].revents = 0;
    }
}

int host_main(int argc, char *argv[], const struct host_app *app)
{
    struct host host = {.app = app, .flash = {.fd = -1}, .wake_fd = -1, .signal_fd = -1};
    sigset_t signals;
    int status = 1;

    if (!read_options(argc, argv, &host.options))
        return usage(app->name);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Before any thread starts, so that none of them takes these signals. */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    host.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    host.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    host.options.link.wake = wake;
    host.options.link.told = told_link;
    host.options.link.context = &host;
    if (host.wake_fd >= 0 && host.signal_fd >= 0 && start(&host)) {
        run(&host);
        status = 0;
    }
    if (host.link && host_link_dropped(host.link))
        fprintf(stderr, "%llu messages were dropped by the link\n",
                (unsigned long long)host_link_dropped(host.link));
    host_link_free(host.link);
    host_speaker_free(host.speaker);
    file_flash_close(&host.flash);
    if (host.wake_fd >= 0)
        close(host.wake_fd);
    if (host.signal_fd >= 0)
        close(host.signal_fd);
    return status;
}
