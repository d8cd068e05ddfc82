#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "config_keys.h"

/* Parses; on success the configuration, on failure NULL and the errors' text in `errors` (static, of the last
 * call). */
static char errors[20000];

static struct config *parse_bytes(const char *text, size_t len)
{
    struct buf out;
    struct config *config = NULL;
    buf_init(&out, sizeof errors - 1);
    enum err err = config_parse(text, len, "h.yaml", &config, &out);
    assert_true(err == ERR_OK || err == ERR_INVALID);
    assert_int_equal(err == ERR_OK, config != NULL);
    assert_int_equal(err == ERR_OK, out.len == 0);
    assert_true(text_copy(errors, sizeof errors, buf_text(&out)));
    buf_release(&out);
    return config;
}

static struct config *parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static struct config *parse_well(const char *text)
{
    struct config *config = parse(text);
    if (!config)
        fail_msg("%s", errors);
    return config;
}

static void refuse(const char *text, const char *expected)
{
    struct config *config = parse(text);
    config_free(config);
    assert_null(config);
    assert_string_equal(errors, expected);
}

static char *show(const struct config *config)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    config_show(config, &out);
    assert_false(out.failed);
    return out.data;
}

static void without_a_file_every_default_holds(void **state)
{
    (void)state;
    struct buf out;
    struct config *c = NULL;
    buf_init(&out, 100);
    assert_int_equal(config_load(NULL, &c, &out), ERR_OK);
    assert_string_equal(c->county, "000000");
    assert_string_equal(c->instance, "huyang");
    assert_string_equal(c->state_dir, "./state");
    assert_string_equal(c->registry_dir, "");
    assert_string_equal(c->time_zone, "Asia/Shanghai");
    assert_int_equal(c->log_level, LOG_INFO);
    assert_int_equal(c->lateness_s, 120);
    assert_string_equal(c->broker.url, "tcp://127.0.0.1:1883");
    assert_string_equal(c->api.listen, "127.0.0.1");
    assert_int_equal(c->api.port, 8460);
    assert_int_equal(c->ingest.urgent_ring_bytes, 1 << 20);
    assert_int_equal(c->ingest.routine_ring_bytes, 8 << 20);
    assert_int_equal(c->ingest.gap_wait_ms, 10000);
    assert_int_equal(c->store.commit_ms, 100);
    assert_int_equal(c->store.commit_events, 500);
    assert_int_equal(c->store.ballast_bytes, 16 << 20);
    assert_int_equal(c->store.snapshot_inputs, 100000);
    assert_int_equal(c->store.fail_open_ms, 1000);
    assert_int_equal(c->watch.stall_s, 5);
    assert_int_equal(c->watch.after_s, 10);
    assert_int_equal(c->watch.calm_s, 60);
    assert_int_equal(c->detect.fall_cancel_s, 30);
    assert_int_equal(c->alert.verify_timeout_s, 90);
    assert_int_equal(c->relay.timeout_s, 10);
    assert_false(c->relay.allow_private);
    assert_true(c->alert.rule_count > 0);
    config_free(c);
    buf_release(&out);
}

static void an_empty_or_commented_out_file_is_the_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# nothing\n", "---\n",
                                        "broker:\ndetect:\n  # fall_cancel_s: 20\n"};
    struct config *defaults = parse_well("");
    char *expected = show(defaults);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config *c = parse_well(texts[i]);
        char *shown = show(c);
        assert_string_equal(shown, expected);
        free(shown);
        config_free(c);
    }
    free(expected);
    config_free(defaults);
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    struct config *c =
        parse_well("county: 654321\n"
                   "log_level: warn\n"
                   "broker:\n"
                   "  url: ssl://broker.example:8883\n"
                   "  cert_file: /c.pem\n"
                   "  key_file: /k.pem\n"
                   "api: {listen: '::1', port: 0}\n"
                   "ingest: {urgent_ring_bytes: 2 MiB, routine_ring_bytes: 65536}\n"
                   "detect:\n"
                   "  fall_cancel_s: 5\n"
                   "relay:\n"
                   "  exercise: true\n"
                   "  police: {url: 'https://110.example/cap', direct: [sos, fall]}\n"
                   "  webhook:\n"
                   "    - {name: desk, role: county_desk, url: 'http://127.0.0.1:9/a', secret_file: s}\n"
                   "    - {name: all, url: 'https://b'}\n"
                   "prompts: {quiet_from: \"22:30\", quiet_to: \"06:05\", rest_from: \"11:30\", rest_to: "
                   "\"11:30\", daily_max: 0, language: en}\n"
                   "policy:\n"
                   "  - family: outing\n"
                   "    level: orange\n"
                   "    steps:\n"
                   "      - {do: prompt, prompt: outing-check}\n"
                   "      - {do: notify, role: county_desk, after_s: 600, unless: acknowledged}\n"
                   "  - {family: fleet, level: green, steps: []}\n");
    assert_string_equal(c->county, "654321");
    assert_int_equal(c->log_level, LOG_WARN);
    assert_string_equal(c->broker.url, "ssl://broker.example:8883");
    assert_string_equal(c->broker.cert_file, "/c.pem");
    assert_string_equal(c->api.listen, "::1");
    assert_int_equal(c->api.port, 0);
    assert_int_equal(c->ingest.urgent_ring_bytes, 2 << 20);
    assert_int_equal(c->ingest.routine_ring_bytes, 65536);
    assert_int_equal(c->detect.fall_cancel_s, 5);
    assert_true(c->relay.exercise);
    assert_string_equal(c->relay.police_url, "https://110.example/cap");
    assert_int_equal(c->alert.direct_count, 2);
    assert_string_equal(c->alert.direct[0], "sos");
    assert_string_equal(c->alert.direct[1], "fall");
    assert_int_equal(c->relay.webhook_count, 2);
    assert_int_equal(c->relay.webhooks[0].role, ROLE_COUNTY_DESK);
    assert_string_equal(c->relay.webhooks[0].secret_file, "s");
    assert_int_equal(c->relay.webhooks[1].role, ROLE_NONE);
    assert_string_equal(c->relay.webhooks[1].url, "https://b");
    assert_int_equal(c->relay.quiet_from_minute, 22 * 60 + 30);
    assert_int_equal(c->relay.quiet_to_minute, 6 * 60 + 5);
    assert_int_equal(c->relay.rest_from_minute, 11 * 60 + 30);
    assert_int_equal(c->relay.rest_to_minute, 11 * 60 + 30);
    assert_int_equal(c->alert.prompts_daily_max, 0);
    assert_string_equal(c->relay.language, "en");
    assert_int_equal(c->alert.rule_count, 2);
    assert_int_equal(c->alert.rules[0].family, FAMILY_OUTING);
    assert_int_equal(c->alert.rules[0].level, LEVEL_ORANGE);
    assert_int_equal(c->alert.rules[0].step_count, 2);
    assert_int_equal(c->alert.rules[0].steps[0].kind, STEP_PROMPT);
    assert_string_equal(c->alert.rules[0].steps[0].prompt, "outing-check");
    assert_int_equal(c->alert.rules[0].steps[1].role, ROLE_COUNTY_DESK);
    assert_int_equal(c->alert.rules[0].steps[1].after_s, 600);
    assert_int_equal(c->alert.rules[0].steps[1].unless_acknowledged, 1);
    assert_int_equal(c->alert.rules[1].step_count, 0);
    config_free(c);
}

static void what_is_shown_is_read_back_to_the_same_configuration(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "state_dir: \"a \\\"quoted\\\" \\\\ path: # \xE6\x8A\xA4\"\nrelay: {police: {direct: [sos, fall]}}\n",
        "policy: []\nrelay: {webhook: [{name: a, url: http://x}, {name: b, role: family, url: https://y/z, "
        "secret_file: f}]}\n",
        "relay: {webhook: [{name: a, url: https://x}]}\npolicy:\n  - family: visitor\n    level: orange\n"
        "    category: \xE5\xA4\xB1\xE6\x99\xBA\n    territory: \"330402\"\n    steps:\n"
        "      - {do: notify, to: d-1, after_s: 5, unless: acknowledged}\n"
        "      - {do: notify, role: town_desk, roster: \"3304\", after_s: 9, repeat_s: 60, repeat_max: 14}\n"
        "      - {do: webhook, to: a, after_s: 10, from: \"22:00\", until: \"06:00\"}\n"
        "      - {do: task, prompt: home_visit, role: grid_worker, after_s: 10, alerts: 3, within_min: 30}\n"
        "      - {do: stop, after_s: 11, until: \"07:00\"}\n",
        "prompts: {quiet_from: \"00:00\", quiet_to: \"23:59\"}\nlog_level: error\nstore: {ballast_bytes: 0}\n"
        "ingest: {urgent_ring_bytes: 65537}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config *first = parse_well(texts[i]);
        char *shown = show(first);
        struct config *second = parse_well(shown);
        char *again = show(second);
        assert_string_equal(shown, again);
        struct buf policy;
        buf_init(&policy, 1 << 20);
        config_show_policy(first, &policy);
        struct config *third = parse_well(buf_text(&policy));
        assert_memory_equal(&first->alert, &third->alert, sizeof first->alert);
        config_free(third);
        buf_release(&policy);
        config_free(first);
        config_free(second);
        free(shown);
        free(again);
    }
}

static void every_key_is_shown_with_its_help(void **state)
{
    (void)state;
    struct config *c = parse_well("");
    char *shown = show(c);
    for (size_t i = 0; i < config_key_count; i++) {
        char line[200];
        const char *dot = strrchr(config_keys[i].path, '.');
        snprintf(line, sizeof line, "%s:", dot ? dot + 1 : config_keys[i].path);
        assert_non_null(strstr(shown, line));
        snprintf(line, sizeof line, "# %.30s", config_keys[i].help);
        assert_non_null(strstr(shown, line));
    }
    assert_non_null(strstr(shown, "0..600 s; default 120)\nlateness_s: 120\n"));
    assert_non_null(strstr(shown, "default 1 MiB)\n  urgent_ring_bytes: 1 MiB\n"));
    free(shown);
    config_free(c);
}

/* For each number: both ends of its range are taken, the next value outside is not, and the error names the
 * range. */
static void every_number_is_held_to_its_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_key_count; i++) {
        const struct key *key = &config_keys[i];
        if (key->type != KEY_NUMBER && key->type != KEY_BYTES)
            continue;
        const int64_t values[] = {key->low, key->high, key->high + 1, key->low - 1};
        for (size_t v = 0; v < 4; v++) {
            char text[300];
            const char *rest = key->path, *dot;
            int at = 0, depth = 0;
            while ((dot = strchr(rest, '.'))) {
                at += snprintf(text + at, sizeof text - (size_t)at, "%*s%.*s:\n", depth, "",
                               (int)(dot - rest), rest);
                rest = dot + 1;
                depth++;
            }
            snprintf(text + at, sizeof text - (size_t)at, "%*s%s: %lld\n", depth, "", rest,
                     (long long)values[v]);
            struct config *c = parse(text);
            bool crossed = strstr(errors, "lies above") || /* flat_urgent_percent against flat_percent */
                           strstr(errors, "only with legal_basis");
            if (v < 2 && !crossed) {
                assert_non_null(c);
                assert_true(key_number(key, c) == (uint64_t)values[v]);
            } else if (v >= 2) {
                char range[80];
                snprintf(range, sizeof range, "%lld..%lld", (long long)key->low, (long long)key->high);
                assert_null(c);
                assert_non_null(strstr(errors, range));
                assert_non_null(strstr(errors, key->path));
            }
            config_free(c);
        }
    }
}

static void faults_name_file_line_column_and_what_is_allowed(void **state)
{
    (void)state;
    refuse("lateness_s: 18x83\n", "h.yaml:1:13: lateness_s: \"18x83\" is not a whole number in 0..600 s\n");
    refuse("api:\n  port: 70000\n", "h.yaml:2:9: api.port: \"70000\" is not a whole number in 0..65535\n");
    refuse("county: 65432\n", "h.yaml:1:9: county: \"65432\" is not allowed: six digits\n");
    refuse("log_level: loud\n", "h.yaml:1:12: log_level: \"loud\" is none of debug, info, warn, error\n");
    refuse("relay: {exercise: yes}\n", "h.yaml:1:19: relay.exercise: \"yes\" is neither true nor false\n");
    refuse("prompts: {quiet_from: 24:00}\n",
           "h.yaml:1:23: prompts.quiet_from: \"24:00\" is not a time of day, 00:00..23:59, in quotes\n");
    refuse("store: {ballast_bytes: 8 MB}\n", "h.yaml:1:24: store.ballast_bytes: \"8 MB\" is not a size in "
                                             "0..1073741824 bytes (KiB, MiB and GiB may follow)\n");
    refuse("store: {ballast_bytes: 9999999999999999999 GiB}\n",
           "h.yaml:1:24: store.ballast_bytes: \"9999999999999999999 GiB\" is not a size in 0..1073741824 "
           "bytes (KiB, MiB and GiB may follow)\n");
    refuse("time_zone: Asia/Atlantis\n", "h.yaml:1:12: time_zone: \"Asia/Atlantis\" is not allowed: name of "
                                         "an installed IANA zone, such as Asia/Shanghai\n");
    refuse("relay: {police: {direct: [sos, nobody]}}\n",
           "h.yaml:1:32: relay.police.direct[1]: \"nobody\" is not allowed: names of detectors\n");
    refuse("registry_dir: ~\n", "h.yaml:1:15: registry_dir: ~ is not a text here; for none write \"\"\n");
    refuse("registry_dir: \"a\\nb\"\n", "h.yaml:1:15: registry_dir: holds control characters\n");
}

static void the_broker_is_reached_in_clear_on_this_machine_only(void **state)
{
    static const struct {
        const char *text;
        bool allowed;
    } cases[] = {
        {"broker: {url: 'tcp://127.0.0.1:1883'}\n", true},
        {"broker: {url: 'tcp://127.8.8.8:1883'}\n", true},
        {"broker: {url: 'tcp://localhost:1883'}\n", true},
        {"broker: {url: 'tcp://[::1]:1883'}\n", true},
        {"broker: {url: 'ssl://broker.example:8883'}\n", true},
        {"broker: {insecure: true, url: 'tcp://broker.example:1883'}\n", true},
        {"broker: {url: 'tcp://broker.example:1883'}\n", false},
        {"broker: {url: 'tcp://10.0.0.7:1883'}\n", false},
        {"broker: {url: 'tcp://[fd00::7]:1883'}\n", false},
        {"broker: {url: 'tcp://127.0.0.1.example:1883'}\n", false},
        {"broker: {url: 'tcp://localhost@broker.example:1883'}\n", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].allowed)
            config_free(parse_well(cases[i].text));
        else
            refuse(cases[i].text,
                   "h.yaml:1:15: broker.url: beyond loopback only with TLS (ssl://), or in clear through a "
                   "tunnel that encrypts with broker.insecure: true\n");
    }
}

static void texts_are_checked_for_what_they_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "broker: {url: 127.0.0.1:1883}",
        "broker: {url: 'tcp://:1883'}",
        "broker: {url: 'tcp://a'}",
        "broker: {url: 'tcp://a:0'}",
        "broker: {url: 'mqtt://a:1883'}",
        "broker: {url: 'tcp://a b:1883'}",
        "broker: {url: ''}",
        "api: {listen: localhost}",
        "api: {listen: ''}",
        "api: {listen: 1.2.3.256}",
        "instance: ''",
        "instance: 'a b'",
        "state_dir: ''",
        "relay: {police: {url: ftp://x}}",
        "relay: {police: {url: 'http://'}}",
        "relay: {police: {url: 'https:///x'}}",
        "relay: {police: {sender: 'a b'}}",
        "prompts: {language: fr}",
        "relay: {webhook: [{name: a, url: ''}]}",
        "relay: {police: {url: \"http://a\\x0d\\x0ab\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config *c = parse(bad[i]);
        assert_null(c);
        assert_int_equal(strncmp(errors, "h.yaml:1:", 9), 0);
    }
    char text[400] = "state_dir: ";
    memset(text + strlen(text), 'p', 256);
    refuse(text, "h.yaml:1:12: state_dir: longer than 255 bytes\n");
    text[strlen(text) - 1] = 0;
    config_free(parse_well(text));
}

static void unknown_keys_are_errors_and_a_near_miss_is_guessed(void **state)
{
    (void)state;
    refuse("latenes_s: 5\n", "h.yaml:1:1: latenes_s: unknown key; is \"lateness_s\" meant?\n");
    refuse("broker:\n  ulr: tcp://a:1\n", "h.yaml:2:3: broker.ulr: unknown key; is \"url\" meant?\n");
    refuse("brokre: {}\n", "h.yaml:1:1: brokre: unknown key; is \"broker\" meant?\n");
    refuse("surveillance: true\n", "h.yaml:1:1: surveillance: unknown key\n");
    refuse("broker.url: tcp://a:1\n", "h.yaml:1:1: broker.url: unknown key\n");
    refuse("policy: [{family: fraud, level: red, stesp: []}]\n",
           "h.yaml:1:38: policy[0].stesp: unknown key; is \"steps\" meant?\n");
    refuse("<<: {}\n", "h.yaml:1:1: <<: unknown key\n");
}

static void wrong_shapes_are_errors_too(void **state)
{
    (void)state;
    refuse("- a\n", "h.yaml:1:1: must be a mapping of keys to values\n");
    refuse("just words\n", "h.yaml:1:1: must be a mapping of keys to values\n");
    refuse("broker: tcp://a:1\n", "h.yaml:1:9: broker: must be a mapping of keys to values\n");
    refuse("county: [1]\n", "h.yaml:1:9: county: must be a single value\n");
    refuse("policy: none\n", "h.yaml:1:9: policy: must be a list\n");
    refuse("policy: [red]\n", "h.yaml:1:10: policy[0]: must be a mapping of keys to values\n");
    refuse("relay: {police: {direct: sos}}\n", "h.yaml:1:26: relay.police.direct: must be a list\n");
    refuse("relay: {police: {direct: [[sos]]}}\n", "h.yaml:1:27: relay.police.direct[0]: must be a text\n");
    refuse("? [a]\n: b\n", "h.yaml:1:3: a key must be a single word\n");
    refuse("policy: [{level: red, steps: [{role: family}]}]\n",
           "h.yaml:1:31: policy[0].steps[0]: \"do\" is missing\nh.yaml:1:10: policy[0]: \"family\" is "
           "missing\n");
    refuse("county: '000001'\ncounty: '000002'\n",
           "h.yaml:2:1: \"county\" is given twice, first in line 1\n");
    refuse("api: {port: 1, port: 2}\n", "h.yaml:1:16: api: \"port\" is given twice, first in line 1\n");
    refuse("---\n{}\n---\n{}\n", "h.yaml:4:1: a second document; the configuration is one\n");
}

static void what_is_no_yaml_is_located(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place;
        size_t len;
    } cases[] = {
        {"a: b: c\n", "h.yaml:1:5: not YAML: ", 8},
        {"a: [1\n", "h.yaml:2:1: not YAML: ", 6},
        {"county: \"65\n", "h.yaml:", 12},
        {"\tcounty: 1\n", "h.yaml:1:1: not YAML: ", 11},
        {"x: 1\ncounty: \xB9\xAB\n", "h.yaml:2:9: not UTF-8 text\n", 16},
        {"x\0", "h.yaml:1:2: not UTF-8 text\n", 2},
        {"a: \x01\n", "h.yaml:1:4: not YAML: ", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(parse_bytes(cases[i].text, cases[i].len));
        if (strncmp(errors, cases[i].place, strlen(cases[i].place)) != 0)
            fail_msg("%s instead of %s", errors, cases[i].place);
    }
}

static void all_faults_of_a_file_come_at_once_and_past_twenty_their_number(void **state)
{
    (void)state;
    refuse("county: x\nfoo: 1\nlateness_s: 601\napi: {port: -1}\n",
           "h.yaml:1:9: county: \"x\" is not allowed: six digits\n"
           "h.yaml:2:1: foo: unknown key\n"
           "h.yaml:3:13: lateness_s: \"601\" is not a whole number in 0..600 s\n"
           "h.yaml:4:13: api.port: \"-1\" is not a whole number in 0..65535\n");
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "unheard_of_%d: 1\n", i);
    assert_null(parse(buf_text(&text)));
    size_t lines = 0;
    for (const char *at = errors; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 21);
    assert_non_null(strstr(errors, "h.yaml:20:1: unheard_of_19: unknown key\nh.yaml: and 4980 more\n"));
    buf_release(&text);
}

static void settings_that_contradict_each_other_are_faults_at_their_place(void **state)
{
    (void)state;
    refuse("broker:\n  cert_file: c\n", "h.yaml:2:14: broker.cert_file: needs broker.key_file as well\n");
    refuse("relay: {police: {key_file: k}}\n",
           "h.yaml:1:28: relay.police.key_file: needs relay.police.cert_file as well\n");
    refuse("detect:\n  flat_percent: 10\n  flat_urgent_percent: 11\n",
           "h.yaml:3:24: detect.flat_urgent_percent: 11 lies above detect.flat_percent, which is 10\n");
    refuse("privacy:\n  link_visitors: {false_match_ppm: 10, legal_basis: a decision, assessment: no. 7}\n",
           "h.yaml:2:36: privacy.link_visitors.false_match_ppm: visitors are linked across homes only with "
           "legal_basis, assessment and approved_by beside it\n");
    refuse("relay:\n  police:\n    url: http://110.example/cap\n",
           "h.yaml:3:10: relay.police.url: http:// only with relay.allow_private; the police are told over "
           "https://\n");
    refuse("relay:\n  webhook:\n  - {name: a, url: http://x}\n  - {name: a, url: http://y}\n",
           "h.yaml:3:3: relay.webhook: two receivers are named \"a\"\n");
    assert_null(parse("policy:\n  - {family: fraud, level: red, steps: [{do: notify}, {do: prompt}]}\n"));
    assert_string_equal(
        errors,
        "h.yaml:2:41: policy[0] fraud/red step 0: notify needs a role, a roster, or one person in to\n"
        "h.yaml:2:55: policy[0] fraud/red step 1: a prompt needs the id of its text\n");
    refuse("policy:\n  - {family: fraud, level: red}\n  - {family: fraud, level: red}\n",
           "h.yaml:3:5: policy[1] fraud/red: a second rule for this family, level, category and territory\n");
    refuse("policy:\n  - family: fraud\n    level: red\n    steps:\n      - {do: webhook, to: nobody}\n",
           "h.yaml:5:9: policy[0] fraud/red step 0: \"nobody\" is no receiver of relay.webhook\n");
    refuse("policy:\n  - {family: emergency, level: red, steps: [{do: prompt, prompt: sos-herd}]}\n",
           "h.yaml:2:45: policy[0] emergency/red step 0: \"sos-herd\" is none of the prompts: sos-heard, "
           "fall-check, visitor-discreet, outing-check, help-told, visitor-aloud, "
           "anti-fraud-line\n");
}

static void overrides_take_any_key_of_detect_and_show_only_what_is_given(void **state)
{
    (void)state;
    struct config *config = parse_well("detect_overrides:\n"
                                       "  - {category: 失智, silent_s: 1200, zone_exit_confirm_s: 0}\n"
                                       "  - {resident: r-1, no_motion_s: 7200}\n");
    const struct detect_override *first = &config->detect_overrides.entries[0];
    assert_int_equal(config->detect_overrides.count, 2);
    assert_string_equal(first->category, "失智");
    assert_int_equal(first->values.silent_s, 1200);
    assert_int_equal(first->given.silent_s, UINT32_MAX);
    assert_int_equal(first->given.zone_exit_confirm_s, UINT32_MAX); /* zero is a value like any other */
    assert_int_equal(first->given.no_motion_s, 0);
    assert_int_equal(config->detect.silent_s, 600);
    char *shown = show(config);
    assert_non_null(strstr(shown, "  - {category: \"失智\", zone_exit_confirm_s: 0, silent_s: 1200}\n"
                                  "  - {resident: \"r-1\", no_motion_s: 7200}\n"));
    struct config *again = parse_well(shown);
    assert_memory_equal(&again->detect_overrides, &config->detect_overrides, sizeof config->detect_overrides);
    free(shown);
    config_free(again);
    config_free(config);
}

static void overrides_are_checked_like_the_keys_they_replace(void **state)
{
    (void)state;
    refuse("detect_overrides: [{category: a, silent_s: 5}]\n",
           "h.yaml:1:44: detect_overrides[0].silent_s: \"5\" is not a whole number in 60..86400 s\n");
    refuse("detect_overrides: [{category: a, silent: 90}]\n",
           "h.yaml:1:34: detect_overrides[0].silent: unknown key; is \"silent_s\" meant?\n");
    refuse("detect_overrides: [{category: a, silent_s: 60, silent_s: 61}]\n",
           "h.yaml:1:48: detect_overrides[0]: \"silent_s\" is given twice, first in line 1\n");
    refuse("detect_overrides:\n  - {silent_s: 90}\n",
           "h.yaml:2:5: detect_overrides[0]: needs a category or a resident\n");
    refuse("detect_overrides:\n  - {category: a, resident: r, silent_s: 90}\n",
           "h.yaml:2:5: detect_overrides[0]: either a category or a resident, not both\n");
    refuse("detect_overrides:\n  - {category: a, silent_s: 90}\n  - {category: b}\n",
           "h.yaml:3:5: detect_overrides[1]: gives no key of detect\n");
    refuse("detect_overrides:\n  - {category: a, flat_percent: 4}\n",
           "h.yaml:2:5: detect_overrides[0]: flat_urgent_percent 5 lies above flat_percent, which is 4\n");
    refuse("detect_overrides:\n  - {category: a, flat_percent: 10}\n  - {resident: r, flat_urgent_percent: "
           "12}\n",
           "h.yaml:2:5: detect_overrides[0]: flat_urgent_percent 12 lies above flat_percent, which is 10 "
           "together with detect_overrides[1]\n"
           "h.yaml:3:5: detect_overrides[1]: flat_urgent_percent 12 lies above flat_percent, which is 10 "
           "together with detect_overrides[0]\n");
}

static void lists_have_a_cap(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 100000);
    buf_puts(&text, "relay:\n  webhook:\n");
    for (int i = 0; i < 17; i++)
        buf_printf(&text, "    - {name: w%d, url: http://x}\n", i);
    refuse(buf_text(&text), "h.yaml:19:7: relay.webhook: more than 16 items\n");
    buf_clear(&text);
    buf_puts(&text, "policy:\n  - family: fraud\n    level: red\n    steps:\n");
    for (int i = 0; i < 17; i++)
        buf_puts(&text, "      - {do: police}\n");
    refuse(buf_text(&text), "h.yaml:21:9: policy[0].steps: more than 16 items\n");
    buf_release(&text);
}

static void aliases_cannot_blow_up_the_reader(void **state)
{
    (void)state;
    config_free(
        parse("a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
              "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\npolicy: *d\n"));
    config_free(parse("policy: &p\n  - {family: fraud, level: red, steps: *p}\n"));
    char deep[4001];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    config_free(parse(deep));
}

static void a_file_is_read_and_a_missing_or_huge_one_is_an_error(void **state)
{
    (void)state;
    char path[] = "/tmp/huyang-config-XXXXXX";
    struct config *c = NULL;
    struct buf out;
    buf_init(&out, 1000);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "lateness_s: 7\n", 14), 14);
    assert_int_equal(config_load(path, &c, &out), ERR_OK);
    assert_int_equal(c->lateness_s, 7);
    config_free(c);
    c = NULL;
    assert_int_equal(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
    assert_int_equal(config_load(path, &c, &out), ERR_RANGE);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(config_load(path, &c, &out), ERR_NOT_FOUND);
    assert_int_equal(config_load("/tmp", &c, &out), ERR_IO);
    assert_null(c);
    assert_non_null(strstr(buf_text(&out), "larger than 1024 KiB"));
    buf_release(&out);
}

#define DC09(place, more) "{place: " place ", main: 'a:1', account: 123a, line: 0, heartbeat_s: 60" more "}"

static void receivers_that_take_dc09_are_read_and_checked(void **state)
{
    (void)state;
    struct config *c = parse_well(
        "relay:\n"
        "  police: {backup_url: 'https://b'}\n"
        "  dc09:\n"
        "    - {place: primary, main: 'police.example:9999', backup: '[2001:db8::1]:9998', account: 1234AB,\n"
        "       receiver: 1F, line: 0, key_file: k, heartbeat_s: 85}\n"
        "  dc09_accounts: [{territory: '990001001', account: AAA}]\n");
    assert_int_equal(c->relay.dc09_count, 1);
    const struct dc09_settings *dc09 = relay_dc09_of(&c->relay, POLICE_PRIMARY);
    assert_string_equal(dc09->main, "police.example:9999");
    assert_string_equal(dc09->backup, "[2001:db8::1]:9998");
    assert_string_equal(dc09->account, "1234AB");
    assert_string_equal(dc09->receiver, "1F");
    assert_string_equal(dc09->line, "0");
    assert_string_equal(dc09->key_file, "k");
    assert_int_equal(dc09->heartbeat_s, 85);
    assert_null(relay_dc09_of(&c->relay, POLICE_BACKUP));
    assert_int_equal(c->relay.dc09_account_count, 1);
    assert_string_equal(c->relay.dc09_accounts[0].territory, "990001001");
    config_free(c);
    config_free(parse_well("relay: {allow_private: true, dc09: [" DC09("backup", "") "]}"));
    refuse("relay: {dc09: [" DC09("primary", "") "]}",
           "h.yaml:1:15: relay.dc09: the primary receiver needs a key_file: in clear only with "
           "relay.allow_private\n");
    refuse("relay: {dc09: [" DC09("backup", ", key_file: k") ", " DC09("backup", ", key_file: k") "]}",
           "h.yaml:1:15: relay.dc09: two receivers are backup\n");
    refuse("relay: {police: {url: 'https://a'}, dc09: [" DC09("primary", ", key_file: k") "]}",
           "h.yaml:1:43: relay.dc09: the primary receiver has a CAP URL already (relay.police.url)\n");
    refuse("relay: {allow_private: true, dc09: [{place: primary, main: a, account: 12, line: x}]}",
           "h.yaml:1:60: relay.dc09[0].main: \"a\" is not allowed: host:port\n"
           "h.yaml:1:72: relay.dc09[0].account: \"12\" is not allowed: 3 to 16 hexadecimal digits\n"
           "h.yaml:1:82: relay.dc09[0].line: \"x\" is not allowed: 1 to 6 hexadecimal digits\n"
           "h.yaml:1:37: relay.dc09[0]: \"heartbeat_s\" is missing\n");
}

static void dialects_are_a_list_with_lists(void **state)
{
    (void)state;
    struct config *config = parse_well("dialects:\n"
                                       "  - prefix: frigate\n"
                                       "    dialect: frigate\n"
                                       "    min_score_percent: 85\n"
                                       "    devices: [{name: front door, device: cam-0001}]\n"
                                       "    people:\n      - {name: 女儿, id: v-daughter}\n"
                                       "    zones:\n      - {name: porch, place: doorstep}\n"
                                       "      - {name: street, place: ignored}\n"
                                       "  - {prefix: atom/g616, dialect: g616}\n");
    assert_int_equal(config->dialect_count, 2);
    assert_string_equal(dialect_at(config->dialects[0].dialect)->name, "frigate");
    assert_int_equal(config->dialects[0].min_score_percent, 85);
    assert_string_equal(config->dialects[0].devices[0].name, "front door");
    assert_string_equal(config->dialects[0].devices[0].id, "cam-0001");
    assert_string_equal(config->dialects[0].people[0].id, "v-daughter");
    assert_int_equal(config->dialects[0].zones[1].place, FOREIGN_PLACE_IGNORED);
    assert_string_equal(config->dialects[1].prefix, "atom/g616");
    char *shown = show(config);
    struct config *again = parse_well(shown);
    assert_memory_equal(again->dialects, config->dialects, sizeof config->dialects);
    free(shown);
    config_free(again);
    config_free(config);
}

static void dialects_must_not_share_topics(void **state)
{
    (void)state;
    refuse("dialects: [{prefix: a, dialect: frigate}, {prefix: a/b, dialect: g616}]\n",
           "h.yaml:1:11: dialects: \"a\" and \"a/b\" share topics\n");
    refuse("dialects: [{prefix: a, dialect: frigate}, {prefix: a, dialect: g616}]\n",
           "h.yaml:1:11: dialects: \"a\" and \"a\" share topics\n");
    config_free(parse_well("dialects: [{prefix: a, dialect: frigate}, {prefix: ab, dialect: g616}]\n"));
    refuse(
        "dialects: [{prefix: huyang/v1, dialect: frigate}]\n",
        "h.yaml:1:21: dialects[0].prefix: \"huyang/v1\" is not allowed: levels of a topic without + and #, "
        "not below huyang or $SYS\n");
    refuse(
        "dialects: [{prefix: a, dialect: klingon}]\n",
        "h.yaml:1:33: dialects[0].dialect: \"klingon\" is none of owntracks, frigate, double-take, g616\n");
}

static void what_is_secret_is_hidden_and_nothing_else(void **state)
{
    static const struct {
        const char *text, *seen;
    } cases[] = {
        {"url: \"https://host/send?key=K\"\n", "url: \"https://host/\xe2\x80\xa6\"\n"},
        {"url: \"https://host?key=K\"\n", "url: \"https://host/\xe2\x80\xa6\"\n"},
        {"url: \"https://me:pw@host:1/x\"\n", "url: \"https://\xe2\x80\xa6@host:1/\xe2\x80\xa6\"\n"},
        {"url: \"tcp://[::1]:1883\"\n", "url: \"tcp://[::1]:1883\"\n"},
        {"- {name: \"K\", value: \"abc\\\"def\"}\n", "- {name: \"K\", value: \"\xe2\x80\xa6\"}\n"},
        {"- {name: \"to\", value: \"{phone}\"}\n", "- {name: \"to\", value: \"{phone}\"}\n"},
        {"  # http://h/p or \"https://h/p\"\na: \"b\"\n", "  # http://h/p or \"https://h/p\"\na: \"b\"\n"},
        {"a: \"x\", b: \"ftp://h/\"\n", "a: \"x\", b: \"ftp://h/\"\n"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&out);
        config_hide(cases[i].text, &out);
        assert_string_equal(buf_text(&out), cases[i].seen);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receivers_that_take_dc09_are_read_and_checked),
        cmocka_unit_test(dialects_are_a_list_with_lists),
        cmocka_unit_test(dialects_must_not_share_topics),
        cmocka_unit_test(without_a_file_every_default_holds),
        cmocka_unit_test(an_empty_or_commented_out_file_is_the_defaults),
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(what_is_shown_is_read_back_to_the_same_configuration),
        cmocka_unit_test(every_key_is_shown_with_its_help),
        cmocka_unit_test(every_number_is_held_to_its_range),
        cmocka_unit_test(faults_name_file_line_column_and_what_is_allowed),
        cmocka_unit_test(the_broker_is_reached_in_clear_on_this_machine_only),
        cmocka_unit_test(texts_are_checked_for_what_they_name),
        cmocka_unit_test(unknown_keys_are_errors_and_a_near_miss_is_guessed),
        cmocka_unit_test(wrong_shapes_are_errors_too),
        cmocka_unit_test(what_is_no_yaml_is_located),
        cmocka_unit_test(all_faults_of_a_file_come_at_once_and_past_twenty_their_number),
        cmocka_unit_test(settings_that_contradict_each_other_are_faults_at_their_place),
        cmocka_unit_test(overrides_take_any_key_of_detect_and_show_only_what_is_given),
        cmocka_unit_test(overrides_are_checked_like_the_keys_they_replace),
        cmocka_unit_test(lists_have_a_cap),
        cmocka_unit_test(aliases_cannot_blow_up_the_reader),
        cmocka_unit_test(a_file_is_read_and_a_missing_or_huge_one_is_an_error),
        cmocka_unit_test(what_is_secret_is_hidden_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
