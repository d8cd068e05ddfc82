#include "provision_probe.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"

enum { TURN_MS = 20, PROBES_MAX = 4 };

static void on_state(void *self, bool up)
{
    struct probe *probe = self;
    if (up)
        probe->fate = PROBE_ACCEPTED;
    else
        probe->ended = true;
}

static void on_message(void *self, const char *topic, size_t topic_len, const uint8_t *payload, size_t len,
                       bool retained)
{
    struct probe *probe = self;
    (void)retained;
    if (len != strlen(probe->mark) || memcmp(payload, probe->mark, len) != 0 ||
        topic_len >= PROBE_TOPIC_SIZE || probe->seen_count == PROBE_SEEN_MAX)
        return;
    memcpy(probe->seen[probe->seen_count], topic, topic_len);
    probe->seen[probe->seen_count++][topic_len] = '\0';
}

enum err probe_open(const struct probe_wish *wish, struct probe *probe)
{
    struct fleet_mqtt_config config = {.self = probe,
                                       .on_state = on_state,
                                       .on_message = on_message,
                                       .tls = wish->tls,
                                       .identity = wish->identity};
    char url[sizeof(config.host) + sizeof(config.port) + sizeof("ssl://:")];
    *probe = (struct probe){.fate = PROBE_TRYING, .mqtt = {.fd = -1}};
    const int len = snprintf(url, sizeof(url), "%s://%s", wish->tls != NULL ? "ssl" : "tcp", wish->address);
    if (len < 0 || (size_t)len >= sizeof(url) || fleet_mqtt_parse_url(url, &config) != ERR_OK ||
        !text_copy(config.client_id, sizeof(config.client_id), wish->client_id) ||
        !text_copy(config.username, sizeof(config.username), wish->username != NULL ? wish->username : "") ||
        !text_copy(config.password, sizeof(config.password), wish->password != NULL ? wish->password : ""))
        return ERR_INVALID;
    for (unsigned i = 0; i < FLEET_MQTT_FILTERS_MAX; i++) {
        config.filters[i] = wish->filters[i];
        config.qos[i] = 1;
    }
    text_copy(probe->mark, sizeof(probe->mark), wish->mark != NULL ? wish->mark : "");
    fleet_mqtt_init(&probe->mqtt, &config);
    return ERR_OK;
}

void probe_close(struct probe *probe)
{
    fleet_mqtt_release(&probe->mqtt);
}

static bool is_at_work(const struct probe *probe)
{
    return (probe->fate == PROBE_TRYING || probe->fate == PROBE_ACCEPTED) && !probe->ended;
}

static void note_fate(struct probe *probe)
{
    if (probe->fate == PROBE_TRYING && probe->mqtt.failures > 0)
        probe->fate = probe->mqtt.refused ? PROBE_REFUSED : PROBE_FAULT;
}

static void turn(struct probe *const *probes, unsigned count)
{
    struct pollfd fds[PROBES_MAX];
    const int64_t now_ms = clock_now().mono_ms;
    for (unsigned i = 0; i < count; i++) {
        if (is_at_work(probes[i]))
            fleet_mqtt_tick(&probes[i]->mqtt, now_ms);
        note_fate(probes[i]);
        fds[i] = (struct pollfd){.fd = probes[i]->mqtt.fd, .events = fleet_mqtt_events(&probes[i]->mqtt)};
    }
    if (poll(fds, count, TURN_MS) <= 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        if (fds[i].revents != 0)
            fleet_mqtt_io(&probes[i]->mqtt, fds[i].revents, clock_now().mono_ms);
        note_fate(probes[i]);
    }
}

bool probe_run(struct probe *const *probes, unsigned count, bool (*done)(void *self), void *self)
{
    const int64_t until_ms = clock_now().mono_ms + PROBE_TIMEOUT_MS;
    while (!done(self) && clock_now().mono_ms < until_ms)
        turn(probes, count);
    return done(self);
}

static bool is_decided(void *self)
{
    const struct probe *probe = self;
    return probe->fate != PROBE_TRYING;
}

enum probe_fate probe_wait(struct probe *probe)
{
    if (!probe_run(&probe, 1, is_decided, probe)) {
        probe->fate = PROBE_FAULT;
        text_copy(probe->mqtt.why, sizeof(probe->mqtt.why), "no answer");
    }
    return probe->fate;
}

bool probe_has_seen(const struct probe *probe, const char *topic)
{
    for (unsigned i = 0; i < probe->seen_count; i++)
        if (strcmp(probe->seen[i], topic) == 0)
            return true;
    return false;
}

bool probe_say(struct probe *probe, const char *topic)
{
    return fleet_mqtt_publish(&probe->mqtt, topic, probe->mark, strlen(probe->mark), 1, false);
}
