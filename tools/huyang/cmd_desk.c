#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/text.h"
#include "desk.h"
#include "desk_dc09.h"
#include "desk_smtp.h"

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

static const char help[] =
    "usage: huyang desk [--port N] [--https CERT KEY] [--secret-file FILE] [--record FILE.jsonl] [--mode "
    "MODE] [--control]\n"
    "                   [--dc09 PORT [--dc09 PORT]] [--dc09-key-file FILE] [--dc09-clock SECONDS] [--smtp "
    "PORT]\n"
    "\n"
    "The receiving side, for demo, bench and tests: POST /cap takes CAP 1.2 as a police desk would, POST "
    "/hook/ROLE takes webhooks as the desk of\n"
    "that role would. Each message is checked (CAP: well-formed, elements in the schema's order; webhook: "
    "members, ids, signature), recorded, and\n"
    "answered: CAP by an Ack or Error that refers to it, webhooks by {\"state\":\"accepted\"} or "
    "\"rejected\" with a reason. A message is acted on once,\n"
    "by its id, however often it comes: \"acted\":true stands in one record only.\n"
    "\n"
    "It is also an operator (POST /sms and /voice: {\"to\",\"content\",\"ref\"} as JSON or form with "
    "Authorization: "
    "Bearer and the secret; GET /voice/status?ref=…; POST /voice/cancel and /sms/cancel with {\"ref\"} take "
    "back "
    "what nobody has answered),\n"
    "a WeCom and a DingTalk robot (POST /wecom?key=SECRET, /dingtalk, signed with it), an ntfy server (POST "
    "/) and "
    "a mail server, each as strict as the real one, and a county's platform (POST /platform takes pages of "
    "the "
    "feed\n"
    "from huyang northbound; refused ones get 422).\n"
    "\n"
    "The first line of output is \"desk http://127.0.0.1:PORT\", then one \"dc09 127.0.0.1:PORT\" for each, "
    "then \"smtp 127.0.0.1:PORT\". "
    "Ends on SIGINT or SIGTERM.\n"
    "\n"
    "  --port N           listen there on 127.0.0.1 (default 0: any free port)\n"
    "  --https CERT KEY   TLS with these PEM files\n"
    "  --secret-file FILE webhooks must be signed with this key, within five minutes\n"
    "  --record FILE      append each record as a line of JSON\n"
    "  --mode MODE        accept (default) | reject | hang | error | redirect | close (half way, after "
    "acting) | slow (2 s) | silent (200, no word)\n"
    "  --dc09 PORT        also take SIA DC-09 over TCP there (0: any free port), path \"/dc09\"; a second "
    "time: "
    "path \"/dc09/2\".\n"
    "                     Link tests have the paths \"/dc09/null\" and \"/dc09/2/null\". reject answers DUH, "
    "slow ACKs 2 s late,\n"
    "                     error and redirect end the connection, silent acts and says nothing; only here: "
    "nak "
    "| garbage | bad_crc\n"
    "  --dc09-key-file FILE  AES key: 32, 48 or 64 hexadecimal digits, or 16, 24 or 32 characters; frames "
    "in clear are refused\n"
    "  --dc09-clock SECONDS  the receiver's clock runs so far ahead; a frame's time may differ by -40..+20 "
    "s, "
    "else NAK\n"
    "  --smtp PORT        also take mail there, without TLS (0: any free port), path \"/smtp\": reject "
    "answers 550, "
    "error 451\n"
    "  --control          serve POST /control {\"path\":\"/cap\",\"mode\":\"hang\",\"count\":3}; path \"*\" "
    "= every path, no count = until changed;\n"
    "                     path \"/head\" with mode hang: requests for nothing but the head get no answer\n"
    "\n"
    "                     {\"phone\":\"13800000001\",\"press\":\"1\"}: what its holder does with a call: 1 | "
    "2 | "
    "listens | nothing (default) | off | lost; phone \"*\" = all others\n"
    "                     {\"callback\":\"http://127.0.0.1:8460\",\"token_file\":FILE}: where the operator "
    "reports "
    "to, again until it is taken\n"
    "\n"
    "GET /recorded returns the records as lines of JSON.\n"
    "\n"
    "examples:\n"
    "  huyang desk --port 9000 --record desk.jsonl\n"
    "  huyang desk --control & curl -d '{\"path\":\"/cap\",\"mode\":\"error\",\"count\":2}' "
    "http://127.0.0.1:9000/control\n"
    "  huyang desk --dc09 9999 --dc09-key-file dc09.key --control\n";

static int usage(const char *why)
{
    fprintf(stderr, "huyang desk: %s (see huyang desk --help)\n", why);
    return STATUS_USAGE;
}

/* Only letters that getopt can hand out; the order is that of `names`. */
static int parse(int argc, char **argv, struct desk_options *options)
{
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},
        {"https", required_argument, NULL, 't'},
        {"secret-file", required_argument, NULL, 's'},
        {"record", required_argument, NULL, 'r'},
        {"mode", required_argument, NULL, 'm'},
        {"control", no_argument, NULL, 'c'},
        {"dc09", required_argument, NULL, 'd'},
        {"dc09-key-file", required_argument, NULL, 'k'},
        {"dc09-clock", required_argument, NULL, 'o'},
        {"smtp", required_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    int64_t number = 0;
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "+", names, NULL)) != -1;) {
        switch (letter) {
        case 'p':
            if (!text_to_int(optarg, 0, 65535, &number))
                return usage("--port is a number from 0 to 65535");
            options->port = (unsigned)number;
            break;
        case 't':
            if (optind >= argc)
                return usage("--https needs two files: CERT KEY");
            options->cert_path = optarg;
            options->key_path = argv[optind++];
            break;
        case 's': options->secret_path = optarg; break;
        case 'r': options->record_path = optarg; break;
        case 'm':
            options->mode = desk_mode_from_name(optarg);
            if (options->mode == DESK_MODE_COUNT)
                return usage("no such mode");
            break;
        case 'c': options->control = true; break;
        case 'd':
            if (options->dc09_count == DESK_LINES_MAX || !text_to_int(optarg, 0, 65535, &number))
                return usage("--dc09 is a number from 0 to 65535, given at most twice");
            options->dc09_ports[options->dc09_count++] = (unsigned)number;
            break;
        case 'l':
            if (!text_to_int(optarg, 0, 65535, &number))
                return usage("--smtp is a number from 0 to 65535");
            options->takes_mail = true;
            options->smtp_port = (unsigned)number;
            break;
        case 'k': options->dc09_key_path = optarg; break;
        case 'o':
            if (!text_to_int(optarg, -86400, 86400, &number))
                return usage("--dc09-clock is a number of seconds from -86400 to 86400");
            options->dc09_clock_s = (int)number;
            break;
        default: return usage("unknown option, or one without its value");
        }
    }
    return optind == argc ? STATUS_OK : usage("too many arguments");
}

static int run(int argc, char **argv)
{
    struct desk_options options = {.mode = DESK_ACCEPT};
    int status = parse(argc, argv, &options);
    if (status != STATUS_OK)
        return status;
    /* Blocked before the threads start, so that they inherit it and only sigwait sees them. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct desk *desk = NULL;
    if (desk_new(&options, &desk) != ERR_OK)
        return STATUS_FAILED;
    struct desk_lines *lines = NULL;
    if (desk_lines_new(&options, desk_records_of(desk), &lines) != ERR_OK) {
        desk_free(desk);
        return STATUS_FAILED;
    }
    struct desk_smtp *smtp = NULL;
    if (options.takes_mail && desk_smtp_new(options.smtp_port, desk_records_of(desk), &smtp) != ERR_OK) {
        desk_lines_free(lines);
        desk_free(desk);
        return STATUS_FAILED;
    }
    printf("desk %s\n", desk_url(desk));
    for (unsigned i = 0; i < options.dc09_count; i++)
        printf("dc09 127.0.0.1:%u\n", desk_lines_port(lines, i));
    if (smtp)
        printf("smtp 127.0.0.1:%u\n", desk_smtp_port(smtp));
    fflush(stdout);
    int caught;
    sigwait(&ends, &caught);
    desk_smtp_free(smtp);
    desk_lines_free(lines);
    desk_free(desk);
    return STATUS_OK;
}

const struct command cmd_desk = {
    .name = "desk",
    .summary = "receivers for police messages and webhooks, which check and record",
    .help = help,
    .run = run,
};
