#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "watch_bridge.h"

enum { STATUS_OK, STATUS_USAGE = 2, PORT = 8101, CONNECTIONS = 4096 };

static const char help[] =
    "usage: huyang watch-bridge --broker URL --county CODE --watches FILE --state-dir DIR\n"
    "                           [--listen ADDRESS] [--port N] [--max-connections N]\n"
    "                           [--tls-dir DIR] [--username NAME] [--password-file FILE]\n"
    "                           [--voices DIR]\n"
    "\n"
    "Watches that speak the bracket protocol over TCP ([3G*ID*LEN*LK…], also SG, CS, ZJ and others) become\n"
    "wristbands of the county: what they say is kept on disk and sent to the gateway until it has committed "
    "it;\n"
    "prompts reach them as text or voice. An alarm is answered only when it is on disk.\n"
    "\n"
    "The protocol has no passwords: whoever reaches the port and knows a watch's id speaks for it. Let only "
    "the\n"
    "mobile operator's network reach it.\n"
    "\n"
    "  --broker URL         tcp://HOST[:PORT] or ssl://HOST[:PORT] of the MQTT broker\n"
    "  --tls-dir DIR        with ssl://: ca.pem and each device's devices/ID/cert.pem and key.pem, as in "
    "the\n"
    "                       folder of huyang provision: each watch connects under its own certificate\n"
    "  --county CODE        six digits, as the gateway's\n"
    "  --watches FILE       CSV: watch,device; the id a watch says, and the device in the registry\n"
    "  --state-dir DIR      one outbox a watch, 152 KiB each; made when it is missing\n"
    "  --listen ADDRESS     numeric address to listen on (default 127.0.0.1)\n"
    "  --port N             default 8101; 0 = any free one\n"
    "  --max-connections N  more are refused (default 4096)\n"
    "  --username, --password-file   for the broker\n"
    "  --voices DIR         PROMPT.LANGUAGE.amr is spoken instead of the prompt's text\n"
    "\n"
    "The first line of output is \"watch-bridge tcp://ADDRESS:PORT watches N\". Ends on SIGINT or SIGTERM.\n"
    "\n"
    "examples:\n"
    "  huyang watch-bridge --broker tcp://127.0.0.1:1883 --county 341282 --watches watches.csv --state-dir "
    "bridge\n"
    "  huyang watch-bridge --broker ssl://127.0.0.1:8883 --tls-dir /etc/huyang/bridge --county 341282\n"
    "      --watches watches.csv --state-dir bridge --listen 0.0.0.0 --port 8001 --voices "
    "/etc/huyang/voices\n";

static int usage(const char *why)
{
    fprintf(stderr, "huyang watch-bridge: %s (see huyang watch-bridge --help)\n", why);
    return STATUS_USAGE;
}

static int take_number(const char *name, int64_t low, int64_t high, unsigned *ret_value)
{
    int64_t value;
    if (!text_to_int(optarg, low, high, &value))
        return usage(name);
    *ret_value = (unsigned)value;
    return STATUS_OK;
}

/* Only letters that getopt can hand out. */
static int take(int letter, struct watch_bridge_options *options)
{
    switch (letter) {
    case 'b': options->broker = optarg; break;
    case 'c': options->county = optarg; break;
    case 'w': options->watches = optarg; break;
    case 's': options->state_dir = optarg; break;
    case 'l': options->listen = optarg; break;
    case 'u': options->username = optarg; break;
    case 'f': options->password_file = optarg; break;
    case 'v': options->voices = optarg; break;
    case 't': options->tls_dir = optarg; break;
    case 'p': return take_number("--port is a number from 0 to 65535", 0, 65535, &options->port);
    case 'm':
        return take_number("--max-connections is a number from 1 to 100000", 1, 100000,
                           &options->connections_max);
    default: return usage("unknown option, or one without its value");
    }
    return STATUS_OK;
}

static int run(int argc, char **argv)
{
    static const struct option names[] = {
        {"broker", required_argument, NULL, 'b'},          {"county", required_argument, NULL, 'c'},
        {"watches", required_argument, NULL, 'w'},         {"state-dir", required_argument, NULL, 's'},
        {"listen", required_argument, NULL, 'l'},          {"port", required_argument, NULL, 'p'},
        {"max-connections", required_argument, NULL, 'm'}, {"username", required_argument, NULL, 'u'},
        {"password-file", required_argument, NULL, 'f'},   {"voices", required_argument, NULL, 'v'},
        {"tls-dir", required_argument, NULL, 't'},         {NULL, 0, NULL, 0},
    };
    struct watch_bridge_options options = {
        .listen = "127.0.0.1", .port = PORT, .connections_max = CONNECTIONS};
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "+", names, NULL)) != -1;) {
        const int status = take(letter, &options);
        if (status != STATUS_OK)
            return status;
    }
    if (optind != argc)
        return usage("too many arguments");
    if (options.broker == NULL || options.county == NULL || options.watches == NULL ||
        options.state_dir == NULL)
        return usage("--broker, --county, --watches and --state-dir are needed");
    if (!text_is_county(options.county, strlen(options.county)))
        return usage("--county is six digits");
    log_init(LOG_INFO, 2);
    return watch_bridge_run(&options);
}

const struct command cmd_watch_bridge = {
    .name = "watch-bridge",
    .summary = "watches that speak the bracket protocol over TCP, as wristbands",
    .help = help,
    .run = run,
};
