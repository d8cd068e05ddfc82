#include "config_keys.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "config_allowed.h"

/* Rows of one section stand together; that is also the order in which they are shown. */

#define FIELD(type_name, field) .offset = offsetof(type_name, field), .size = sizeof(((type_name *)0)->field)
#define IN(field)               FIELD(struct config, field)
#define NUMBER(field, from, to) .type = KEY_NUMBER, IN(field), .low = (from), .high = (to)
#define BYTES(field, from, to)  .type = KEY_BYTES, .unit = "bytes", IN(field), .low = (from), .high = (to)
#define TEXT(field)             .type = KEY_TEXT, IN(field)
#define FILE_RULE               .rule = "path of a file, \"\" = none"

const struct key config_keys[] = {
    {.path = "county",
     .help = "Division code of the county (GB/T 2260); part of every topic and id.",
     TEXT(county),
     .rule = "six digits",
     .allowed = config_allows_county},
    {.path = "instance",
     .help = "Name of this gateway among others on the same broker.",
     TEXT(instance),
     .rule = "identifier: letters, digits, _ and -, at most 64",
     .allowed = config_allows_id},
    {.path = "state_dir",
     .help = "Folder of the database, made when it is missing.",
     TEXT(state_dir),
     .rule = "path of a folder",
     .allowed = config_allows_given},
    {.path = "registry_dir",
     .help = "Folder with the registry's CSV files, imported when the gateway starts for the first time.",
     TEXT(registry_dir),
     .rule = "path of a folder, \"\" = none"},
    {.path = "time_zone",
     .help = "Zone of local times: nights, quiet hours, routines.",
     TEXT(time_zone),
     .rule = "name of an installed IANA zone, such as Asia/Shanghai",
     .allowed = config_allows_time_zone},
    {.path = "log_level",
     .help = "Lowest level that is written to the log.",
     .type = KEY_NAME,
     IN(log_level),
     .name = config_name_log_level},
    {.path = "lateness_s",
     .help = "How much later than its time an event may arrive and still count as in time.",
     .unit = "s",
     NUMBER(lateness_s, 0, 600)},

    {.path = "broker.url",
     .help = "The MQTT broker.",
     TEXT(broker.url),
     .rule = "tcp://HOST:PORT or ssl://HOST:PORT",
     .allowed = config_allows_broker_url},
    {.path = "broker.username",
     .help = "Name to log in with.",
     TEXT(broker.username),
     .rule = "text, \"\" = none"},
    {.path = "broker.password_file",
     .help = "File whose first line is the password.",
     TEXT(broker.password_file),
     FILE_RULE},
    {.path = "broker.ca_file",
     .help = "Certificates that may sign the broker's, for ssl://; none = the system's.",
     TEXT(broker.ca_file),
     FILE_RULE},
    {.path = "broker.cert_file", .help = "The gateway's own certificate.", TEXT(broker.cert_file), FILE_RULE},
    {.path = "broker.key_file", .help = "The key to that certificate.", TEXT(broker.key_file), FILE_RULE},
    {.path = "broker.crl_file",
     .help = "The broker's revocation list, if it can be read here: watched only, for once it has ended the "
             "broker refuses every device.",
     TEXT(broker.crl_file),
     FILE_RULE},
    {.path = "broker.expiry_warn_days",
     .help = "The end of ca_file, cert_file or crl_file is announced so long before.",
     .unit = "days",
     NUMBER(broker.expiry_warn_days, 1, 365)},

    {.path = "api.listen",
     .help = "Address of the HTTP interface; put a TLS proxy in front of any other than loopback.",
     TEXT(api.listen),
     .rule = "numeric IPv4 or IPv6 address",
     .allowed = config_allows_address},
    {.path = "api.port",
     .help = "Its port; 0 takes any free one, and the log says which.",
     NUMBER(api.port, 0, 65535)},

    {.path = "clips.listen",
     .help = "Address on which devices fetch the prompts' clips; a listener apart from the API.",
     TEXT(clips.listen),
     .rule = "numeric address",
     .allowed = config_allows_address},
    {.path = "clips.port", .help = "Its port; 0 = clips are not served.", NUMBER(clips.port, 0, 65535)},

    {.path = "ingest.urgent_ring_bytes",
     .help = "Room between the broker's thread and the core for urgent messages; what does not fit is "
             "dropped and sent again by the device.",
     BYTES(ingest.urgent_ring_bytes, 64 << 10, 1 << 30)},
    {.path = "ingest.routine_ring_bytes",
     .help = "The same for routine messages.",
     BYTES(ingest.routine_ring_bytes, 64 << 10, 1 << 30)},
    {.path = "ingest.dialect_ring_bytes",
     .help = "The same for foreign messages; what does not fit is lost, since nobody sends it again.",
     BYTES(ingest.dialect_ring_bytes, 1 << 20, 1 << 30)},
    {.path = "ingest.gap_wait_ms",
     .help = "How long routine events wait for missing ones before them; urgent ones never wait.",
     .unit = "ms",
     NUMBER(ingest.gap_wait_ms, 0, 60000)},
    {.path = "ingest.device_per_minute",
     .help = "Events one device may go on sending; more is not taken until it has waited, and told as a "
             "flood. Emergencies always pass.",
     NUMBER(ingest.device.per_minute, 10, 100000)},
    {.path = "ingest.device_burst",
     .help = "Events it may send at once after a long silence: what its memory may hold, and some more.",
     NUMBER(ingest.device.burst, 64, 1000000)},

    {.path = "dialects",
     .help = "Devices that speak another language over the same broker, by topic prefix.",
     .type = KEY_LIST,
     IN(dialects),
     .high = DIALECT_ENTRIES_MAX,
     .count_offset = offsetof(struct config, dialect_count),
     .item_size = sizeof(struct dialect_settings),
     .items = &config_dialect_list},

    {.path = "store.commit_ms",
     .help = "Longest time a routine event waits for its commit; an urgent one commits at once.",
     .unit = "ms",
     NUMBER(store.commit_ms, 1, 1000)},
    {.path = "store.commit_events",
     .help = "A commit starts earlier when so many events wait.",
     .unit = "events",
     NUMBER(store.commit_events, 1, 10000)},
    {.path = "store.ballast_bytes",
     .help = "File that is given up when the disk is full, so that the gateway can still write.",
     BYTES(store.ballast_bytes, 0, 1 << 30)},
    {.path = "store.snapshot_inputs",
     .help = "A snapshot of the state is stored after so many inputs; a restart replays at most those.",
     .unit = "inputs",
     NUMBER(store.snapshot_inputs, 100, 10000000)},
    {.path = "store.fail_open_ms",
     .help = "A red alert that is not on disk after this goes out all the same, marked unpersisted.",
     .unit = "ms",
     NUMBER(store.fail_open_ms, 100, 10000)},

    {.path = "watch.stall_s",
     .help =
         "The core loop that stands still, a commit that hangs or messages that are due and do not leave for "
         "this long are an alert about the gateway.",
     .unit = "s",
     NUMBER(watch.stall_s, 1, 60)},
    {.path = "watch.after_s",
     .help =
         "So are a lost connection to the broker, a lost way to the police and receivers that do not answer, "
         "when they stay lost for this long.",
     .unit = "s",
     NUMBER(watch.after_s, 0, 600)},
    {.path = "watch.calm_s",
     .help = "Such an alert is over after this long without trouble; twice as long each time it comes back "
             "within an hour.",
     .unit = "s",
     NUMBER(watch.calm_s, 1, 3600)},
    {.path = "watch.canary_s",
     .help = "A call for help of a resident with the tag canary must have been answered by its device's "
             "voice and "
             "have reached a receiver within this, again and again; 0 = there is no canary.",
     .unit = "s",
     NUMBER(watch.canary_s, 0, 86400)},

    {.path = "retention.location_days",
     .help = "Positions older than this are kept as cells of 500 m; 0 = as they came, for ever.",
     .unit = "days",
     NUMBER(retention.location_days, 0, 3650)},
    {.path = "retention.health_days",
     .help = "Vital signs and steps go after this; 0 = never.",
     .unit = "days",
     NUMBER(retention.health_days, 0, 3650)},
    {.path = "retention.visitor_days",
     .help = "Visitors' ids go after this; 0 = never.",
     .unit = "days",
     NUMBER(retention.visitor_days, 0, 3650)},
    {.path = "retention.input_days",
     .help =
         "What devices told, and what was found in it, moves to files of their days after this; 0 = never.",
     .unit = "days",
     NUMBER(retention.input_days, 0, 3650)},
    {.path = "retention.archive_days",
     .help = "Such a file goes after this; 0 = never.",
     .unit = "days",
     NUMBER(retention.archive_days, 0, 3650)},
    {.path = "retention.text_days",
     .help = "Texts of alerts and tasks that are over, and what was said to whom, go after this; 0 = never.",
     .unit = "days",
     NUMBER(retention.text_days, 0, 3650)},

    {.path = "detect.fall_cancel_s",
     .help = "How long a detected fall is held for the wearer to cancel it, before it turns red.",
     .unit = "s",
     NUMBER(detect.fall_cancel_s, 5, 300)},
    {.path = "detect.zone_exit_confirm_fixes",
     .help = "Fixes in a row outside a zone that confirm an exit.",
     .unit = "fixes",
     NUMBER(detect.zone_exit_confirm_fixes, 1, 5)},
    {.path = "detect.zone_exit_confirm_s",
     .help = "And at least so long outside.",
     .unit = "s",
     NUMBER(detect.zone_exit_confirm_s, 0, 3600)},
    {.path = "detect.visit_gap_s",
     .help = "A visit seen again within this is still the same one.",
     .unit = "s",
     NUMBER(detect.visit_gap_s, 30, 3600)},
    {.path = "detect.visit_indoors_yellow_s",
     .help = "An unknown person indoors for so long turns yellow.",
     .unit = "s",
     NUMBER(detect.visit_indoors_yellow_s, 60, 7200)},
    {.path = "detect.flat_percent",
     .help = "Battery level that is reported.",
     .unit = "percent",
     NUMBER(detect.flat_percent, 1, 50)},
    {.path = "detect.flat_urgent_percent",
     .help = "Battery level that asks for a call; not above flat_percent.",
     .unit = "percent",
     NUMBER(detect.flat_urgent_percent, 1, 50)},
    {.path = "detect.silent_s",
     .help = "A device unheard for so long is silent; never earlier than 2.5 of its report intervals.",
     .unit = "s",
     NUMBER(detect.silent_s, 60, 86400)},
    {.path = "detect.unworn_s",
     .help = "A wristband that was taken off is told after so long; one on its charger after twice that.",
     .unit = "s",
     NUMBER(detect.unworn_s, 600, 86400)},
    {.path = "detect.no_motion_s",
     .help = "Waking time without any sign of movement that asks for a call.",
     .unit = "s",
     NUMBER(detect.no_motion_s, 3600, 43200)},
    {.path = "detect.unusual_outing_days",
     .help = "At most one day in so many is told as off the resident's routine.",
     .unit = "days",
     NUMBER(detect.unusual_outing_days, 10, 100)},

    {.path = "detect_overrides",
     .help =
         "Thresholds of some residents: each item names one category or one resident and any keys of "
         "detect. What is said of the resident goes before what is said of a category; among the like, the "
         "earlier in the list.",
     .type = KEY_LIST,
     IN(detect_overrides.entries),
     .high = DETECT_OVERRIDES_MAX,
     .count_offset = offsetof(struct config, detect_overrides.count),
     .item_size = sizeof(struct detect_override),
     .items = &config_override_list},

    {.path = "alert.repeat_silent_s",
     .help =
         "Repeats within this join an open alert silently; a later SOS, fall or suspicion notifies again.",
     .unit = "s",
     NUMBER(alert.repeat_silent_s, 0, 600)},
    {.path = "alert.acknowledge_expires_s",
     .help = "An acknowledgement that no disposition follows expires after this.",
     .unit = "s",
     NUMBER(alert.acknowledge_expires_s, 60, 86400)},
    {.path = "alert.lapse_after_s",
     .help = "A cleared alert that nobody touched lapses after this.",
     .unit = "s",
     NUMBER(alert.lapse_after_s, 600, 604800)},
    {.path = "alert.verify_timeout_s",
     .help = "No answer to the call within this counts as yes: the police message goes.",
     .unit = "s",
     NUMBER(alert.verify_timeout_s, 30, 600)},
    {.path = "alert.prompt_ttl_s",
     .help = "A prompt that was not played within this is not played any more.",
     .unit = "s",
     NUMBER(alert.prompt_ttl_s, 10, 3600)},

    {.path = "fleet.faster_interval_s",
     .help = "A band whose wearer wanders or is out unusually is asked to report so often; 0 = never, below "
             "10 counts as 10.",
     .unit = "s",
     NUMBER(alert.fleet.faster_interval_s, 0, 3600)},
    {.path = "fleet.faster_for_s",
     .help = "… for so long; the band then goes back by itself.",
     .unit = "s",
     NUMBER(alert.fleet.faster_for_s, 60, 14400)},
    {.path = "fleet.faster_battery_percent",
     .help = "… unless its battery is below this.",
     .unit = "%",
     NUMBER(alert.fleet.faster_battery_percent, 0, 100)},
    {.path = "fleet.faster_daily_max",
     .help = "… and at most so often a day.",
     NUMBER(alert.fleet.faster_daily_max, 0, 48)},

    {.path = "relay.allow_private",
     .help = "Whether receivers may lie in private address ranges, loopback included.",
     .type = KEY_BOOL,
     IN(relay.allow_private)},
    {.path = "relay.exercise",
     .help = "Marks everything that goes out as a drill.",
     .type = KEY_BOOL,
     IN(relay.exercise)},
    {.path = "relay.police.url",
     .help = "Where CAP 1.2 messages for the police go; none = a person is asked to call.",
     TEXT(relay.police_url),
     .rule = "http:// or https:// URL, \"\" = none",
     .allowed = config_allows_http_url_or_none},
    {.path = "relay.police.backup_url",
     .help = "Tried when the first one does not take it.",
     TEXT(relay.police_backup_url),
     .rule = "http:// or https:// URL, \"\" = none",
     .allowed = config_allows_http_url_or_none},
    {.path = "relay.police.ca_file",
     .help = "Certificates that may sign the receiver's; none = the system's.",
     TEXT(relay.police_ca),
     FILE_RULE},
    {.path = "relay.police.cert_file",
     .help = "The gateway's certificate for it.",
     TEXT(relay.police_cert),
     FILE_RULE},
    {.path = "relay.police.key_file",
     .help = "The key to that certificate.",
     TEXT(relay.police_key),
     FILE_RULE},
    {.path = "relay.police.sender",
     .help = "Sender of the CAP messages, as agreed with the receiver.",
     TEXT(relay.police_sender),
     .rule = "text without spaces, commas, < and &",
     .allowed = config_allows_cap_sender},
    {.path = "relay.police.timeout_s",
     .help = "Of one attempt, with the police and with webhooks.",
     .unit = "s",
     NUMBER(relay.timeout_s, 1, 60)},
    {.path = "relay.police.warm_s",
     .help = "An idle connection to the police is kept open by a HEAD request so often; 0 = not.",
     .unit = "s",
     NUMBER(relay.police_warm_s, 0, 600)},
    {.path = "relay.police.direct",
     .help = "Detectors whose red goes to the police without a call first, by written agreement only.",
     .type = KEY_WORDS,
     IN(alert.direct),
     .high = POLICY_DIRECT_MAX,
     .rule = "names of detectors",
     .allowed = config_allows_detector,
     .count_offset = offsetof(struct config, alert.direct_count),
     .item_size = ID_SIZE},
    {.path = "relay.dc09",
     .help = "Receivers of the police that take SIA DC-09 over TCP.",
     .type = KEY_LIST,
     IN(relay.dc09),
     .high = RELAY_DC09_MAX,
     .count_offset = offsetof(struct config, relay.dc09_count),
     .item_size = sizeof(struct dc09_settings),
     .items = &config_dc09_list},
    {.path = "relay.dc09_accounts",
     .help = "Accounts by territory: the smallest around the home counts.",
     .type = KEY_LIST,
     IN(relay.dc09_accounts),
     .high = RELAY_DC09_ACCOUNTS_MAX,
     .count_offset = offsetof(struct config, relay.dc09_account_count),
     .item_size = sizeof(struct dc09_account_settings),
     .items = &config_dc09_account_list},
    {.path = "relay.webhook",
     .help = "Receivers of signed JSON notifications.",
     .type = KEY_LIST,
     IN(relay.webhooks),
     .high = RELAY_WEBHOOKS_MAX,
     .count_offset = offsetof(struct config, relay.webhook_count),
     .item_size = sizeof(struct webhook_settings),
     .items = &config_webhook_list},

    {.path = "relay.operators",
     .help = "Who sends SMS and places calls, by the registry's column channels.",
     .type = KEY_LIST,
     IN(relay.operators),
     .high = OPERATORS_MAX,
     .count_offset = offsetof(struct config, relay.operator_count),
     .item_size = sizeof(struct operator_settings),
     .items = &config_operator_list},
    {.path = "relay.mail.url",
     .help = "Mail server for people with the channel email; smtp:// must take STARTTLS.",
     TEXT(relay.mail.url),
     .rule = "smtp://HOST:PORT or smtps://HOST:PORT, \"\" = none",
     .allowed = config_allows_mail_url_or_none},
    {.path = "relay.mail.from",
     .help = "Sender's address.",
     TEXT(relay.mail.from),
     .rule = "address, \"\" = none",
     .allowed = config_allows_mail_address_or_none},
    {.path = "relay.mail.username",
     .help = "Name to log in with.",
     TEXT(relay.mail.username),
     .rule = "text, \"\" = none"},
    {.path = "relay.mail.password_file",
     .help = "File whose text is the password.",
     TEXT(relay.mail.password_file),
     FILE_RULE},
    {.path = "relay.mail.ca_file",
     .help = "Certificates that may sign the server's; none = the system's.",
     TEXT(relay.mail.ca_file),
     FILE_RULE},
    {.path = "relay.mail.clear",
     .help = "Without TLS: only to a server on a network of one's own, with relay.allow_private.",
     .type = KEY_BOOL,
     IN(relay.mail.clear)},
    {.path = "relay.link.url",
     .help = "Where people's telephones reach this gateway: messages then carry a link to take the alert.",
     TEXT(relay.link_url),
     .rule = "http:// or https:// URL, \"\" = no links",
     .allowed = config_allows_http_url_or_none},
    {.path = "relay.link.expires_s",
     .help = "How long a link can be used; a change holds from the next start.",
     .unit = "s",
     NUMBER(relay.link_expires_s, 1, 604800)},
    {.path = "relay.people_language",
     .help = "Language of messages to people without one of their own in the registry.",
     TEXT(relay.people_language),
     .rule = "zh or en",
     .allowed = config_allows_language},

    {.path = "prompts.folder",
     .help =
         "Folder of the prompt catalogue (catalogue.yaml, clips.yaml, clips/); none = the one compiled in.",
     TEXT(prompts_folder),
     .rule = "path of a folder, \"\" = none"},
    {.path = "prompts.language",
     .help = "Language of prompts where the resident's own has no text.",
     TEXT(relay.language),
     .rule = "zh or en",
     .allowed = config_allows_language},
    {.path = "prompts.quiet_from",
     .help = "Start of the quiet hours, local time; red prompts are spoken all the same.",
     .type = KEY_TIME,
     IN(relay.quiet_from_minute)},
    {.path = "prompts.quiet_to",
     .help = "Their end; equal to quiet_from = no quiet hours.",
     .type = KEY_TIME,
     IN(relay.quiet_to_minute)},
    {.path = "prompts.rest_from",
     .help = "Start of the midday rest, quiet like the quiet hours.",
     .type = KEY_TIME,
     IN(relay.rest_from_minute)},
    {.path = "prompts.rest_to",
     .help = "Its end; equal to rest_from = no midday rest.",
     .type = KEY_TIME,
     IN(relay.rest_to_minute)},
    {.path = "prompts.daily_max",
     .help = "Most prompts a resident hears in a day; emergencies, orange and red do not count.",
     .unit = "prompts",
     NUMBER(alert.prompts_daily_max, 0, 100)},

    {.path = "tasks.call_due_s",
     .help =
         "A call of an orange or red alert or an emergency is due within this; later the next role is told.",
     .unit = "s",
     NUMBER(alert.tasks.call_due_s, 60, 604800)},
    {.path = "tasks.call_calm_due_s",
     .help = "The same of any other alert.",
     .unit = "s",
     NUMBER(alert.tasks.call_calm_due_s, 60, 604800)},
    {.path = "tasks.visit_due_s",
     .help = "A home visit of such an urgent alert is due within this, and again once it was accepted.",
     .unit = "s",
     NUMBER(alert.tasks.visit_due_s, 60, 604800)},
    {.path = "tasks.visit_calm_due_s",
     .help = "The same of any other alert.",
     .unit = "s",
     NUMBER(alert.tasks.visit_calm_due_s, 60, 604800)},
    {.path = "tasks.collect_due_s",
     .help = "Devices of somebody who died or moved away are to be collected within this.",
     .unit = "s",
     NUMBER(alert.tasks.collect_due_s, 3600, 2592000)},
    {.path = "tasks.retry_s",
     .help = "A call that reached nobody is due again after this.",
     .unit = "s",
     NUMBER(alert.tasks.retry_s, 60, 86400)},
    {.path = "tasks.unanswered_max",
     .help = "So many calls that reached nobody make a home visit.",
     .unit = "calls",
     NUMBER(alert.tasks.unanswered_max, 1, 10)},

    {.path = "ledger.due_s",
     .help = "An orange or red alert or an emergency that was true: its entry in the ledger is to be closed "
             "within this; later its responsible person is told, then the desk above.",
     .unit = "s",
     NUMBER(alert.ledger.due_s, 3600, 31536000)},
    {.path = "ledger.calm_due_s",
     .help = "The same of any other alert.",
     .unit = "s",
     NUMBER(alert.ledger.calm_due_s, 3600, 31536000)},

    {.path = "noise.cooldown_s",
     .help = "After a delivered notification, a new alert of the same subject and family that is not graver "
             "is not "
             "told again so soon; 0 = it is.",
     .unit = "s",
     NUMBER(alert.noise.cooldown_s, 0, 86400)},
    {.path = "noise.budget",
     .help = "Most notifications to one person within noise.budget_min; red and emergencies aside.",
     .unit = "notifications",
     NUMBER(alert.noise.budget, 1, 1000)},
    {.path = "noise.budget_min", .help = "Its time.", .unit = "min", NUMBER(alert.noise.budget_min, 1, 1440)},
    {.path = "noise.flood",
     .help = "So many alerts of yellow and above within noise.flood_min are a flood: yellow and orange then "
             "go into "
             "one digest.",
     .unit = "alerts",
     NUMBER(alert.noise.flood, 2, 500)},
    {.path = "noise.flood_min", .help = "Its time.", .unit = "min", NUMBER(alert.noise.flood_min, 1, 1440)},
    {.path = "noise.yellow_per_day",
     .help = "Alerts a day that may turn yellow, for each 1,000 residents; 0 = no limit.",
     NUMBER(alert.noise.yellow_per_day, 0, 1000)},
    {.path = "noise.digest_min",
     .help = "What was held back is told in one summary after this.",
     .unit = "min",
     NUMBER(alert.noise.digest_min, 1, 1440)},

    {.path = "report.answer_s",
     .help = "A red or orange alert should be answered by a person within this.",
     .unit = "s",
     NUMBER(report.answer_s, 1, 3600)},
    {.path = "report.answer_permille",
     .help = "So many of a thousand of them.",
     .unit = "permille",
     NUMBER(report.answer_permille, 1, 1000)},

    {.path = "policy",
     .help =
         "Who is told what and when: the steps for each family and level. Of the rules that fit, one that "
         "names a category goes before one that does not, then the nearer territory, then the earlier in the "
         "list. A list here replaces the whole default.",
     .type = KEY_LIST,
     IN(alert.rules),
     .high = POLICY_RULES_MAX,
     .count_offset = offsetof(struct config, alert.rule_count),
     .item_size = sizeof(struct policy_rule),
     .items = &config_rule_list},
};
const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];
static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_KEYS_MAX,
              "config_yaml keeps a mark for each key");

uint64_t key_number(const struct key *key, const void *base)
{
    const unsigned char *field = (const unsigned char *)base + key->offset;
    uint16_t half;
    uint32_t word;
    switch (key->size) {
    case 1: return *field;
    case 2: memcpy(&half, field, sizeof half); return half;
    case 4: memcpy(&word, field, sizeof word); return word;
    default: assert(0 && "a number of 1, 2 or 4 bytes"); return 0;
    }
}

void key_set_number(const struct key *key, void *base, uint64_t value)
{
    unsigned char *field = (unsigned char *)base + key->offset;
    uint8_t byte = (uint8_t)value;
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;
    switch (key->size) {
    case 1: *field = byte; break;
    case 2: memcpy(field, &half, sizeof half); break;
    case 4: memcpy(field, &word, sizeof word); break;
    default: assert(0 && "a number of 1, 2 or 4 bytes");
    }
}

size_t key_find(const struct key *keys, size_t count, const char *path)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i].path, path) != 0)
        i++;
    return i;
}

bool key_is_section(const struct key *keys, size_t count, const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < count; i++)
        if (strncmp(keys[i].path, path, len) == 0 && keys[i].path[len] == '.')
            return true;
    return false;
}

/* The row of the root as it stands in an item of the list. */
static struct key moved(const struct key_list *list, const struct key *key)
{
    struct key borrowed = *key;
    borrowed.offset = key->offset - list->section_offset + list->values_offset;
    return borrowed;
}

bool key_of_section(const struct key_list *list, const char *path, struct key *ret_key, void *item)
{
    const size_t len = list->section ? strlen(list->section) : 0;
    for (size_t i = 0; len > 0 && i < config_key_count; i++) {
        const struct key *key = &config_keys[i];
        if (strncmp(key->path, list->section, len) != 0 || strcmp(key->path + len, path) != 0)
            continue;
        *ret_key = moved(list, key);
        memset((unsigned char *)item + ret_key->offset - list->values_offset + list->given_offset, 0xFF,
               key->size);
        return true;
    }
    return false;
}

bool key_is_given(const struct key_list *list, size_t i, const void *item, struct key *ret_key)
{
    const struct key *key = &config_keys[i];
    if (!list->section || strncmp(key->path, list->section, strlen(list->section)) != 0)
        return false;
    *ret_key = moved(list, key);
    return ((const unsigned char *)item)[ret_key->offset - list->values_offset + list->given_offset] != 0;
}
