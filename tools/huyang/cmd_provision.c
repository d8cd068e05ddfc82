/* huyang provision: this file reads the words and options and hands them to the verb (provision.h). */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "provision.h"

static const char help[] =
    "usage: huyang provision init DIR --host HOST... [--root-dir DIR] [--passphrase-file FILE]\n"
    "       huyang provision device ID        [--days N] [--p12-password-file FILE]\n"
    "       huyang provision batch FILE.csv   [--days N] [--p12-password-file FILE]\n"
    "       huyang provision rotate ID        [--grace-days N] [--host HOST...]\n"
    "       huyang provision revoke ID        [--reason REASON] [--broker HOST:PORT ...]\n"
    "                                         [--gateway URL [--state-dir DIR | --token-file FILE]]\n"
    "       huyang provision crl              [--crl-days N] [--broker HOST:PORT ...]\n"
    "       huyang provision show             [--warn-days N] [--json]\n"
    "       huyang provision labels --out FILE.html [ID...]\n"
    "       huyang provision broker --county CODE... [--port N] [--bind ADDRESS] ...\n"
    "       huyang provision verify --county CODE --broker HOST:PORT [--device ID]\n"
    "\n"
    "init    makes an authority in DIR, which must be empty or missing: a root whose key is encrypted, an\n"
    "        issuing authority, certificates of the broker and the gateway, a revocation list. With\n"
    "        --root-dir the root stands there, on another medium; one that is there already is used.\n"
    "device  one certificate for a device, with its key, in DIR/devices/ID.\n"
    "batch   one for each device of a CSV file with a column `id` (the registry's devices.csv will do). The\n"
    "        file is checked whole first: with any fault nothing is issued. Devices that have one are "
    "passed\n"
    "        over, so that the same command goes on after an interruption.\n"
    "rotate  a new certificate; the old one is valid for --grace-days more (0: it is revoked at once). ID "
    "may\n"
    "        also be huyang-broker (with its --host) or huyang-gateway.\n"
    "revoke  a device is lost: its certificates are revoked. With --broker it is cut off at once: the "
    "broker\n"
    "        reads the new list, is seen to refuse what it revokes, and the device's connection is ended.\n"
    "        With --gateway it is also taken out of the registry, so that nothing it said is believed any "
    "more.\n"
    "crl     a new revocation list; also revokes what rotate replaced and whose grace is over. To be run\n"
    "        daily: a broker whose list has ended refuses every device.\n"
    "show    every certificate and the revocation list; the status is 1 when one has ended or will within\n"
    "        --warn-days.\n"
    "labels  sheets of A4 (3 x 8, 63.5 x 33.9 mm) for the named devices or all: id, QR code, fingerprint.\n"
    "broker  writes DIR/broker/mosquitto.conf and acl: a listener for devices, one for the gateway.\n"
    "verify  tries at the running broker what must be accepted and what must be refused, and tells both. "
    "With\n"
    "        --device that device's own certificate is used (it must not be in use: it would be "
    "disconnected).\n"
    "\n"
    "  --dir DIR                the authority's folder (default ./provision)\n"
    "  --host HOST              name or address by which devices reach the broker; as often as needed\n"
    "                           (localhost and 127.0.0.1 are always added)\n"
    "  --passphrase-file FILE   its first line is the passphrase of the root's key (default: asked for)\n"
    "  --days N                 of a certificate, 1 to 3650 (default 1825; broker and gateway 825)\n"
    "  --crl-days N             of a revocation list, 1 to 365 (default 30)\n"
    "  --grace-days N           0 to 365 (default 14)\n"
    "  --warn-days N            0 to 365 (default 14)\n"
    "  --p12-password-file FILE also write bundle.p12 (PKCS#12) under the password in its first line\n"
    "  --out FILE               where labels are written; open it in a browser and print without margins\n"
    "  --json                   one JSON object a line\n"
    "  --reason REASON          unspecified, key-compromise (default), superseded or cessation\n"
    "  --broker HOST:PORT       the devices' listener\n"
    "  --gateway-broker HOST:PORT  the gateway's (default 127.0.0.1:8884)\n"
    "  --pid-file FILE          of mosquitto, to be told of a new list (default DIR/broker/mosquitto.pid)\n"
    "  --reload-command COMMAND instead of that, for a broker elsewhere: copies the list there and reloads\n"
    "  --gateway URL            of the gateway's API, such as http://127.0.0.1:8460\n"
    "  --state-dir DIR, --token-file FILE  where its token is (default ./state)\n"
    "  --county CODE            six digits; as often as the broker serves counties\n"
    "  --port N, --bind ADDRESS of the devices' listener (default 8883 on 127.0.0.1)\n"
    "  --gateway-port N, --gateway-bind ADDRESS  of the gateway's (default 8884 on 127.0.0.1)\n"
    "  --dialect NAME:PREFIX    foreign devices below PREFIX, each with a certificate of its own: owntracks, "
    "g616\n"
    "  --dialect NAME:PREFIX:ID the same of a server, whose certificate is ID's: frigate, double-take\n"
    "  --data-dir DIR           of mosquitto (default DIR/broker/data)\n"
    "  --user NAME              whom mosquitto becomes when root starts it\n"
    "\n"
    "examples:\n"
    "  huyang provision init provision --host mqtt.county.example --root-dir /media/usb/root\n"
    "  huyang provision batch registry/devices.csv\n"
    "  huyang provision broker --county 654321 --bind 0.0.0.0 && mosquitto -c "
    "provision/broker/mosquitto.conf\n"
    "  huyang provision verify --county 654321 --broker mqtt.county.example:8883\n"
    "  huyang provision revoke wb-0001 --broker mqtt.county.example:8883 --gateway http://127.0.0.1:8460\n"
    "  huyang provision show --warn-days 30\n"
    "\n"
    "exit status: 0 well, 1 failed or something ends soon, 2 wrong usage or bad input\n";

enum option_of {
    OPTION_DIR,
    OPTION_ROOT,
    OPTION_PASSPHRASE,
    OPTION_HOST,
    OPTION_DAYS,
    OPTION_CRL_DAYS,
    OPTION_GRACE,
    OPTION_WARN,
    OPTION_P12,
    OPTION_JSON,
    OPTION_REASON,
    OPTION_BROKER,
    OPTION_GATEWAY_BROKER,
    OPTION_PID_FILE,
    OPTION_RELOAD,
    OPTION_COUNTY,
    OPTION_PORT,
    OPTION_BIND,
    OPTION_GATEWAY_PORT,
    OPTION_GATEWAY_BIND,
    OPTION_DATA_DIR,
    OPTION_USER,
    OPTION_DEVICE,
    OPTION_DIALECT,
    OPTION_OUT,
    OPTION_GATEWAY,
    OPTION_STATE_DIR,
    OPTION_TOKEN,
    OPTION_COUNT
};
enum { ANY = -1 };
#define BIT(option) (1U << OPTION_##option)
#define CONTACT     (BIT(BROKER) | BIT(GATEWAY_BROKER))
#define REGISTRY    (BIT(GATEWAY) | BIT(STATE_DIR) | BIT(TOKEN))
#define IN_FORCE    (CONTACT | BIT(PID_FILE) | BIT(RELOAD) | BIT(CRL_DAYS))

static const struct option table[] = {
    {"dir", required_argument, NULL, OPTION_DIR},
    {"root-dir", required_argument, NULL, OPTION_ROOT},
    {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
    {"host", required_argument, NULL, OPTION_HOST},
    {"days", required_argument, NULL, OPTION_DAYS},
    {"crl-days", required_argument, NULL, OPTION_CRL_DAYS},
    {"grace-days", required_argument, NULL, OPTION_GRACE},
    {"warn-days", required_argument, NULL, OPTION_WARN},
    {"p12-password-file", required_argument, NULL, OPTION_P12},
    {"json", no_argument, NULL, OPTION_JSON},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"broker", required_argument, NULL, OPTION_BROKER},
    {"gateway-broker", required_argument, NULL, OPTION_GATEWAY_BROKER},
    {"pid-file", required_argument, NULL, OPTION_PID_FILE},
    {"reload-command", required_argument, NULL, OPTION_RELOAD},
    {"county", required_argument, NULL, OPTION_COUNTY},
    {"port", required_argument, NULL, OPTION_PORT},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"gateway-port", required_argument, NULL, OPTION_GATEWAY_PORT},
    {"gateway-bind", required_argument, NULL, OPTION_GATEWAY_BIND},
    {"data-dir", required_argument, NULL, OPTION_DATA_DIR},
    {"user", required_argument, NULL, OPTION_USER},
    {"device", required_argument, NULL, OPTION_DEVICE},
    {"dialect", required_argument, NULL, OPTION_DIALECT},
    {"out", required_argument, NULL, OPTION_OUT},
    {"gateway", required_argument, NULL, OPTION_GATEWAY},
    {"state-dir", required_argument, NULL, OPTION_STATE_DIR},
    {"token-file", required_argument, NULL, OPTION_TOKEN},
    {NULL, 0, NULL, 0},
};

struct verb {
    const char *name, *wants; /* its words, in a sentence */
    int words;
    unsigned options, needed;
    int (*run)(const struct provision_options *options);
};
static const struct verb verbs[] = {
    {"init", "one folder", 1, BIT(ROOT) | BIT(PASSPHRASE) | BIT(HOST) | BIT(DAYS) | BIT(CRL_DAYS), 0,
     provision_init},
    {"device", "one device id", 1, BIT(DIR) | BIT(DAYS) | BIT(P12), 0, provision_device},
    {"batch", "one CSV file", 1, BIT(DIR) | BIT(DAYS) | BIT(P12), 0, provision_batch},
    {"rotate", "one id", 1, BIT(DIR) | BIT(DAYS) | BIT(P12) | BIT(GRACE) | BIT(HOST) | BIT(CRL_DAYS), 0,
     provision_rotate},
    {"revoke", "one device id", 1, BIT(DIR) | BIT(REASON) | IN_FORCE | REGISTRY, 0, provision_revoke},
    {"crl", "no word more", 0, BIT(DIR) | IN_FORCE, 0, provision_crl},
    {"show", "no word more", 0, BIT(DIR) | BIT(WARN) | BIT(JSON), 0, provision_show},
    {"labels", "device ids, or none for all", ANY, BIT(DIR) | BIT(OUT), BIT(OUT), provision_labels},
    {"broker", "no word more", 0,
     BIT(DIR) | BIT(COUNTY) | BIT(PORT) | BIT(BIND) | BIT(GATEWAY_PORT) | BIT(GATEWAY_BIND) | BIT(DATA_DIR) |
         BIT(USER) | BIT(PID_FILE) | BIT(DIALECT),
     BIT(COUNTY), provision_broker},
    {"verify", "no word more", 0, BIT(DIR) | BIT(COUNTY) | BIT(DEVICE) | CONTACT, BIT(COUNTY) | BIT(BROKER),
     provision_verify},
};

static int usage(const char *complaint, const char *word)
{
    fprintf(stderr, "huyang provision: %s%s\n`huyang provision --help` explains.\n", complaint, word);
    return PROVISION_USAGE;
}

static bool whole(const char *text, int64_t low, int64_t high, unsigned *ret_value)
{
    int64_t value;
    if (!text_to_int(text, low, high, &value))
        return false;
    *ret_value = (unsigned)value;
    return true;
}

/* False: the value is malformed or out of range. */
static bool take_text(struct provision_options *options, int option, const char *text)
{
    const char **to = option == OPTION_DIR              ? &options->dir
                      : option == OPTION_ROOT           ? &options->root_dir
                      : option == OPTION_PASSPHRASE     ? &options->passphrase_file
                      : option == OPTION_P12            ? &options->p12_password_file
                      : option == OPTION_BROKER         ? &options->broker
                      : option == OPTION_GATEWAY_BROKER ? &options->gateway_broker
                      : option == OPTION_PID_FILE       ? &options->pid_file
                      : option == OPTION_RELOAD         ? &options->reload_command
                      : option == OPTION_DATA_DIR       ? &options->data_dir
                      : option == OPTION_USER           ? &options->user
                      : option == OPTION_DEVICE         ? &options->device
                      : option == OPTION_OUT            ? &options->out
                      : option == OPTION_GATEWAY        ? &options->gateway
                      : option == OPTION_STATE_DIR      ? &options->state_dir
                      : option == OPTION_TOKEN          ? &options->token_file
                      : option == OPTION_BIND           ? &options->bind
                      : option == OPTION_GATEWAY_BIND   ? &options->gateway_bind
                                                        : NULL;
    /* They stand in a configuration file of one line each. */
    if (to == NULL || text[0] == '\0' || strpbrk(text, "\r\n") != NULL)
        return false;
    *to = text;
    return true;
}

static bool take(struct provision_options *options, int option, const char *text)
{
    switch (option) {
    case OPTION_JSON: options->json = true; return true;
    case OPTION_HOST:
        if (options->host_count == PROVISION_HOSTS_MAX || !pki_is_host(text))
            return false;
        options->hosts[options->host_count++] = text;
        return true;
    case OPTION_DAYS: return whole(text, 1, 3650, &options->days);
    case OPTION_CRL_DAYS: return whole(text, 1, 365, &options->crl_days);
    case OPTION_GRACE: return whole(text, 0, 365, &options->grace_days);
    case OPTION_WARN: return whole(text, 0, 365, &options->warn_days);
    case OPTION_REASON: return pki_reason_parse(text, &options->reason);
    case OPTION_COUNTY:
        if (options->county_count == PROVISION_COUNTIES_MAX || !text_is_county(text, strlen(text)))
            return false;
        options->counties[options->county_count++] = text;
        return true;
    case OPTION_DIALECT:
        return options->foreign_count < PROVISION_FOREIGN_MAX &&
               provision_foreign_parse(text, &options->foreign[options->foreign_count++]);
    case OPTION_PORT: return whole(text, 1, 65535, &options->port);
    case OPTION_GATEWAY_PORT: return whole(text, 1, 65535, &options->gateway_port);
    default: return take_text(options, option, text);
    }
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    struct provision_options options = {.dir = "./provision",
                                        .crl_days = 30,
                                        .grace_days = 14,
                                        .warn_days = 14,
                                        .reason = PKI_REASON_KEY_COMPROMISE,
                                        .gateway_broker = "127.0.0.1:8884",
                                        .bind = "127.0.0.1",
                                        .gateway_bind = "127.0.0.1",
                                        .port = 8883,
                                        .gateway_port = 8884};
    unsigned given = 0;
    int option, index = 0;
    while ((option = getopt_long(argc, argv, "", table, &index)) >= 0) {
        if (option == '?')
            return usage("see above; the verb was ", verb->name);
        if ((verb->options & 1U << option) == 0)
            return usage("this verb does not take --", table[index].name);
        if (!take(&options, option, optarg)) {
            fprintf(stderr, "huyang provision: --%s: '%s' is malformed or out of range\n", table[index].name,
                    optarg);
            return PROVISION_USAGE;
        }
        given |= 1U << option;
    }
    for (option = 0; option < OPTION_COUNT; option++)
        if ((verb->needed & ~given & 1U << option) != 0)
            return usage("this verb needs --", table[option].name);
    options.words = argv + optind;
    options.word_count = argc - optind;
    if (verb->words != ANY && options.word_count != verb->words)
        return usage("expected is ", verb->wants);
    if (verb->run == provision_init) {
        options.dir = options.words[0];
        if (options.host_count == 0)
            return usage("init needs --host: a name or address by which devices reach the broker", "");
    }
    return verb->run(&options);
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return usage("what is to be done?", "");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].name, argv[1]) == 0)
            return run_verb(&verbs[i], argc - 1, argv + 1);
    return usage("there is no verb ", argv[1]);
}

extern const struct command cmd_provision;
const struct command cmd_provision = {.name = "provision",
                                      .summary =
                                          "certificates of devices, broker and gateway: issue, revoke, check",
                                      .help = help,
                                      .run = run};
