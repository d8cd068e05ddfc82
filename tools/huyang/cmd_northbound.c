/* huyang northbound: passes the gateway's feed on to the county's platform, by webhook or MQTT. A process of
 * its own: a platform that hangs for a week costs the gateway nothing and misses nothing. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "api_client.h"
#include "command.h"
#include "core/clock.h"
#include "core/text.h"
#include "northbound.h"

enum {
    EXIT_WELL,
    EXIT_FAILED,
    EXIT_USAGE,
    POLL_MS = 1000,
    RETRY_MIN_MS = 1000,
    RETRY_MAX_MS = 60000,
    PLACE_SIZE = 80,
    PATH_SIZE = 4096,
    SECRET_MIN = 16,
    SECRET_SIZE = 513,
    PAGE_ITEMS = 500,
    HEARTBEAT_MAX_S = 3600
};

static const char help[] =
    "usage: huyang northbound --place FILE --webhook URL [--secret-file FILE] [--ca FILE] [--cert FILE] "
    "[--key FILE]\n"
    "       huyang northbound --place FILE --mqtt URL --topic TOPIC [--username NAME] [--password-file "
    "FILE]\n"
    "                         [--ca FILE] [--cert FILE] [--key FILE]\n"
    "\n"
    "Passes everything the gateway found, every change of an alert and every word of a relay on to the "
    "county's\n"
    "platform, in the order in which it was committed (GET /api/v1/feed; its schema is in openapi.json). "
    "FILE "
    "keeps\n"
    "the place up to which the platform has taken everything: after an hour, a week or a kill it goes on "
    "there. "
    "What\n"
    "was on its way then comes once more; each item has an id.\n"
    "\n"
    "  --webhook URL        POST of one page at a time, answered by any 2xx\n"
    "  --secret-file FILE   signs: X-Huyang-Signature is hex of HMAC-SHA256(secret, X-Huyang-Time \".\" "
    "X-Huyang-Id \".\" body)\n"
    "  --mqtt URL           tcp://HOST:PORT or ssl://HOST:PORT; each item at QoS 1 on TOPIC/KIND\n"
    "  --ca, --cert, --key  PEM, for https:// and ssl://\n"
    "  --heartbeat SECONDS  when nothing was passed on for so long, a page without items (MQTT: "
    "TOPIC/heartbeat) "
    "says that the\n"
    "                       gateway is ready; its silence is the alarm of whoever receives it (default: "
    "none)\n"
    "  --once               ends when there is nothing more, instead of waiting for it\n"
    "  --url URL            the gateway's API (default http://127.0.0.1:8460)\n"
    "  --state-dir DIR      the gateway's state folder, for its token (default ./state)\n"
    "  --token-file FILE    a file that holds the token instead\n"
    "\n"
    "examples:\n"
    "  huyang northbound --state-dir /var/lib/huyang/state --place /var/lib/huyang/platform.place \\\n"
    "      --webhook https://platform.example/huyang --secret-file /etc/huyang/platform.secret\n"
    "  huyang northbound --place platform.place --mqtt ssl://broker.example:8883 --topic huyang/341282 --ca "
    "ca.pem\n"
    "\n"
    "exit status: 0 well, 1 failed, 2 wrong usage\n";

enum option_name {
    PLACE,
    WEBHOOK,
    SECRET_FILE,
    MQTT,
    TOPIC,
    USERNAME,
    PASSWORD_FILE,
    CA,
    CERT,
    KEY,
    URL,
    STATE_DIR,
    TOKEN_FILE,
    HEARTBEAT,
    OPTIONS,
    ONCE = OPTIONS
};
static const struct option names[] = {
    {"place", required_argument, NULL, PLACE},
    {"webhook", required_argument, NULL, WEBHOOK},
    {"secret-file", required_argument, NULL, SECRET_FILE},
    {"mqtt", required_argument, NULL, MQTT},
    {"topic", required_argument, NULL, TOPIC},
    {"username", required_argument, NULL, USERNAME},
    {"password-file", required_argument, NULL, PASSWORD_FILE},
    {"ca", required_argument, NULL, CA},
    {"cert", required_argument, NULL, CERT},
    {"key", required_argument, NULL, KEY},
    {"url", required_argument, NULL, URL},
    {"state-dir", required_argument, NULL, STATE_DIR},
    {"token-file", required_argument, NULL, TOKEN_FILE},
    {"heartbeat", required_argument, NULL, HEARTBEAT},
    {"once", no_argument, NULL, ONCE},
    {NULL, 0, NULL, 0},
};

struct northbound {
    const char *values[OPTIONS];
    bool once;
    int64_t heartbeat_ms;   /* 0 = none */
    bool canary_late;       /* as /healthz said last: no heartbeat is due */
    int64_t passed_mono_ms; /* when the platform took something last */
    struct api_client api;
    struct northbound_mqtt_options mqtt_options;
    struct northbound_webhook *webhook;
    struct northbound_mqtt *mqtt;
    char secret[SECRET_SIZE]; /* of the webhook, or the broker's password; "" = none */
    char place[PLACE_SIZE];   /* "" = from the beginning */
    int signal_fd;
};

static int usage(const char *why)
{
    fprintf(stderr, "huyang northbound: %s (see huyang northbound --help)\n", why);
    return EXIT_USAGE;
}

static int read_options(struct northbound *northbound, int argc, char **argv)
{
    const char **values = northbound->values;

    optind = 1;
    opterr = 0;
    for (int name; (name = getopt_long(argc, argv, "+", names, NULL)) != -1;) {
        if (name == '?')
            return usage("unknown option, or one without its value");
        if (name == ONCE)
            northbound->once = true;
        else
            values[name] = optarg;
    }
    if (optind != argc)
        return usage("too many arguments");
    if (values[HEARTBEAT] != NULL &&
        !text_to_int(values[HEARTBEAT], 1, HEARTBEAT_MAX_S, &northbound->heartbeat_ms))
        return usage("--heartbeat is a number of 1 to 3600");
    northbound->heartbeat_ms *= 1000;
    if (values[PLACE] == NULL)
        return usage("--place is needed: the file that keeps how far the platform has come");
    if ((values[WEBHOOK] == NULL) == (values[MQTT] == NULL))
        return usage("one of --webhook and --mqtt is needed");
    if ((values[MQTT] != NULL) != (values[TOPIC] != NULL))
        return usage("--topic goes with --mqtt");
    if (values[TOPIC] != NULL && strpbrk(values[TOPIC], "+#") != NULL)
        return usage("--topic is no filter");
    if (values[WEBHOOK] != NULL && (values[USERNAME] || values[PASSWORD_FILE]))
        return usage("--username and --password-file go with --mqtt");
    if (values[KEY] != NULL && values[CERT] == NULL)
        return usage("--key goes with --cert");
    if (values[MQTT] != NULL && values[SECRET_FILE] != NULL)
        return usage("--secret-file goes with --webhook");
    return EXIT_WELL;
}

/* A missing file is the beginning; an unreadable one is no reason to send everything again. */
static bool load_place(struct northbound *northbound)
{
    const char *path = northbound->values[PLACE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return true;
    ssize_t len = fd >= 0 ? read(fd, northbound->place, sizeof northbound->place - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (len <= 0) {
        fprintf(stderr, "huyang northbound: %s: %s\n", path, len == 0 ? "is empty" : strerror(errno));
        return false;
    }
    northbound->place[len] = '\0';
    northbound->place[strcspn(northbound->place, "\r\n")] = '\0';
    if (northbound->place[strspn(northbound->place, "0123456789.")] != '\0') {
        fprintf(stderr, "huyang northbound: %s: is no place of a feed\n", path);
        return false;
    }
    return true;
}

/* On disk before it counts: a kill leaves the old place or the new one. */
static bool store_place(const struct northbound *northbound, const char *place)
{
    const char *path = northbound->values[PLACE];
    char next[PATH_SIZE];
    size_t len = strlen(place);
    bool well = snprintf(next, sizeof next, "%s.next", path) < (int)sizeof next;
    int fd = well ? open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

    well = fd >= 0 && write(fd, place, len) == (ssize_t)len && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    if (fd >= 0)
        well = close(fd) == 0 && well;
    well = well && rename(next, path) == 0;
    if (!well)
        fprintf(stderr, "huyang northbound: %s: %s\n", path, strerror(errno));
    return well;
}

static bool open_target(struct northbound *northbound)
{
    const char *const *values = northbound->values;
    const char *secret_file = values[WEBHOOK] != NULL ? values[SECRET_FILE] : values[PASSWORD_FILE];
    char why[NORTHBOUND_WHY_SIZE] = "";
    enum err err;

    if (secret_file != NULL &&
        !api_client_read_line("huyang northbound", secret_file, northbound->secret, SECRET_SIZE))
        return false;
    if (values[SECRET_FILE] != NULL && strlen(northbound->secret) < SECRET_MIN) {
        fprintf(stderr, "huyang northbound: %s: a secret has at least %d bytes\n", secret_file, SECRET_MIN);
        return false;
    }
    if (values[WEBHOOK] != NULL) {
        const struct northbound_webhook_options options = {.url = values[WEBHOOK],
                                                           .secret = northbound->secret,
                                                           .ca_file = values[CA],
                                                           .cert_file = values[CERT],
                                                           .key_file = values[KEY]};
        err = northbound_webhook_open(&options, why, &northbound->webhook);
    } else {
        northbound->mqtt_options = (struct northbound_mqtt_options){.url = values[MQTT],
                                                                    .topic = values[TOPIC],
                                                                    .username = values[USERNAME],
                                                                    .password = northbound->secret,
                                                                    .ca_file = values[CA],
                                                                    .cert_file = values[CERT],
                                                                    .key_file = values[KEY]};
        err = northbound_mqtt_open(&northbound->mqtt_options, why, &northbound->mqtt);
    }
    if (err != ERR_OK)
        fprintf(stderr, "huyang northbound: %s\n", why[0] != '\0' ? why : err_text(err));
    return err == ERR_OK;
}

/* Nothing was said for long enough, and the gateway is well: the core has spoken lately, the broker is there,
 * the disk takes commits, and a canary's call, where there is a canary, came through in time. Only then is
 * there something to say. */
static bool heartbeat_is_due(struct northbound *northbound)
{
    if (northbound->heartbeat_ms == 0 ||
        clock_now().mono_ms - northbound->passed_mono_ms < northbound->heartbeat_ms)
        return false;
    struct json *health = api_client_fetch(&northbound->api, "/healthz", NULL, false);
    bool well = health != NULL, canary_late = false;
    if (health != NULL && json_bool(json_get(health, "canary_late"), &canary_late) && canary_late)
        well = false;
    if (health != NULL && canary_late != northbound->canary_late)
        fprintf(stderr, "huyang northbound: %s\n",
                canary_late ? "no heartbeat: no canary's call for help has come through in time"
                            : "a canary's call for help has come through again");
    if (health != NULL)
        northbound->canary_late = canary_late;
    json_free(health);
    return well;
}

/* One page to the platform. *ret_more: there is more at once. A page that cannot be had or passed on is an
 * error, said on stderr; nothing is lost by it. */
static bool pass_page(struct northbound *northbound, bool *ret_more)
{
    char path[PLACE_SIZE + 64], why[NORTHBOUND_WHY_SIZE] = "";
    char next[PLACE_SIZE];
    bool more = false, well = true, heartbeat = heartbeat_is_due(northbound);

    snprintf(path, sizeof path, "/api/v1/feed?limit=%d%s%s", PAGE_ITEMS,
             northbound->place[0] ? "&after=" : "", northbound->place);
    struct json *page = api_client_fetch(&northbound->api, path, NULL, false);
    if (page == NULL)
        return false;
    if ((heartbeat || json_count(json_get(page, "items")) > 0) &&
        text_copy(next, sizeof next, api_member(page, "next"))) {
        const struct buf *body = api_client_body(&northbound->api);
        const struct northbound_page sent = {.body = buf_text(body), .len = body->len, .next = next};
        enum err err = northbound->webhook != NULL ? northbound_webhook_send(northbound->webhook, &sent, why)
                                                   : northbound_mqtt_send(northbound->mqtt, &sent, why);
        if (err != ERR_OK)
            fprintf(stderr, "huyang northbound: %s\n", why[0] != '\0' ? why : err_text(err));
        well = err == ERR_OK && store_place(northbound, next) &&
               text_copy(northbound->place, sizeof northbound->place, next);
        if (well)
            northbound->passed_mono_ms = clock_now().mono_ms;
        (void)json_bool(json_get(page, "more"), &more);
    }
    json_free(page);
    *ret_more = well && more;
    return well;
}

/* True when it is to end. */
static bool rest(const struct northbound *northbound, int ms)
{
    struct pollfd signalled = {.fd = northbound->signal_fd, .events = POLLIN};

    return poll(&signalled, 1, ms) > 0;
}

static int serve(struct northbound *northbound)
{
    int retry_ms = RETRY_MIN_MS;

    for (;;) {
        bool more = false;
        if (!pass_page(northbound, &more)) {
            if (northbound->once)
                return EXIT_FAILED;
            if (rest(northbound, retry_ms))
                return EXIT_WELL;
            retry_ms = retry_ms * 2 < RETRY_MAX_MS ? retry_ms * 2 : RETRY_MAX_MS;
            continue;
        }
        retry_ms = RETRY_MIN_MS;
        if (!more && northbound->once)
            return EXIT_WELL;
        if (rest(northbound, more ? 0 : POLL_MS))
            return EXIT_WELL;
    }
}

static int open_signals(void)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    return signalfd(-1, &wanted, SFD_CLOEXEC);
}

static int run(int argc, char **argv)
{
    struct northbound northbound = {.signal_fd = -1};
    int status = read_options(&northbound, argc, argv);

    if (status != EXIT_WELL)
        return status;
    northbound.signal_fd = open_signals();
    status = EXIT_FAILED;
    if (northbound.signal_fd >= 0 && load_place(&northbound) && open_target(&northbound) &&
        api_client_open(&northbound.api, "huyang northbound", northbound.values[URL],
                        northbound.values[STATE_DIR], northbound.values[TOKEN_FILE]))
        status = serve(&northbound);
    api_client_close(&northbound.api);
    northbound_webhook_close(northbound.webhook);
    northbound_mqtt_close(northbound.mqtt);
    if (northbound.signal_fd >= 0)
        close(northbound.signal_fd);
    return status;
}

const struct command cmd_northbound = {
    .name = "northbound",
    .summary = "pass everything on to the county's platform",
    .help = help,
    .run = run,
};
