#include <MQTTAsync.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/text.h"
#include "northbound.h"

enum {
    OUTSTANDING_MAX = 20, /* past the broker's Receive Maximum a publish waits for a second */
    WAIT_MS = 10000,
    TOPIC_SIZE = 256,
    KEEPALIVE_S = 30
};

struct northbound_mqtt {
    MQTTAsync client;
    const struct northbound_mqtt_options *options;
};

/* A client that asks for nothing and leaves nothing behind: its name need only be its own. */
static enum err create(struct northbound_mqtt *mqtt)
{
    char id[48];

    snprintf(id, sizeof id, "huyang-northbound-%ld", (long)getpid());
    return MQTTAsync_create(&mqtt->client, mqtt->options->url, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) ==
                   MQTTASYNC_SUCCESS
               ? ERR_OK
               : ERR_INVALID;
}

enum err northbound_mqtt_open(const struct northbound_mqtt_options *options, char why[NORTHBOUND_WHY_SIZE],
                              struct northbound_mqtt **ret_mqtt)
{
    struct northbound_mqtt *mqtt = calloc(1, sizeof *mqtt);
    enum err err;

    if (mqtt == NULL)
        return ERR_NOMEM;
    mqtt->options = options;
    err = create(mqtt);
    if (err != ERR_OK) {
        snprintf(why, NORTHBOUND_WHY_SIZE, "%s is no address of a broker", options->url);
        northbound_mqtt_close(mqtt);
        return err;
    }
    *ret_mqtt = mqtt;
    return ERR_OK;
}

void northbound_mqtt_close(struct northbound_mqtt *mqtt)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;

    if (mqtt == NULL)
        return;
    options.timeout = 1000;
    if (mqtt->client != NULL) {
        (void)MQTTAsync_disconnect(mqtt->client, &options);
        MQTTAsync_destroy(&mqtt->client);
    }
    free(mqtt);
}

static int connect_to(struct northbound_mqtt *mqtt)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;

    options.keepAliveInterval = KEEPALIVE_S;
    options.cleansession = 1;
    options.maxInflight = OUTSTANDING_MAX;
    options.connectTimeout = WAIT_MS / 1000;
    options.username = mqtt->options->username;
    options.password = *mqtt->options->password ? mqtt->options->password : NULL;
    if (strncmp(mqtt->options->url, "ssl://", 6) == 0) {
        tls.trustStore = mqtt->options->ca_file;
        tls.keyStore = mqtt->options->cert_file;
        tls.privateKey = mqtt->options->key_file;
        tls.enableServerCertAuth = 1;
        tls.verify = 1;
        options.ssl = &tls;
    }
    return MQTTAsync_connect(mqtt->client, &options);
}

static enum err connected(struct northbound_mqtt *mqtt, char *why)
{
    if (MQTTAsync_isConnected(mqtt->client))
        return ERR_OK;
    int code = connect_to(mqtt);
    /* Paho has no call that waits for a connection without a callback of ours; it tells when asked. */
    for (int waited_ms = 0; code == MQTTASYNC_SUCCESS && waited_ms < WAIT_MS; waited_ms += 20) {
        if (MQTTAsync_isConnected(mqtt->client))
            return ERR_OK;
        poll(NULL, 0, 20);
    }
    snprintf(why, NORTHBOUND_WHY_SIZE, "no connection to %s", mqtt->options->url);
    return ERR_REFUSED;
}

/* The kind that an item's line says: …,"kind":"alert",… */
static bool topic_of(const struct northbound_mqtt *mqtt, const char *line, size_t len, char topic[TOPIC_SIZE])
{
    static const char mark[] = "\"kind\":\"";
    const char *at = memmem(line, len, mark, sizeof mark - 1);

    if (at == NULL)
        return false;
    at += sizeof mark - 1;
    return snprintf(topic, TOPIC_SIZE, "%s/%.*s", mqtt->options->topic, (int)strcspn(at, "\""), at) <
           TOPIC_SIZE;
}

struct sending {
    MQTTAsync_token tokens[OUTSTANDING_MAX];
    size_t count;
};

static bool settle(struct northbound_mqtt *mqtt, struct sending *sending)
{
    bool taken = true;

    for (size_t i = 0; i < sending->count; i++)
        taken = MQTTAsync_waitForCompletion(mqtt->client, sending->tokens[i], WAIT_MS) == MQTTASYNC_SUCCESS &&
                taken;
    sending->count = 0;
    return taken;
}

static bool publish(struct northbound_mqtt *mqtt, const char *line, size_t len, struct sending *sending)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char topic[TOPIC_SIZE];

    if (sending->count == OUTSTANDING_MAX && !settle(mqtt, sending))
        return false;
    if (!topic_of(mqtt, line, len, topic) ||
        MQTTAsync_send(mqtt->client, topic, (int)len, line, 1, 0, &options) != MQTTASYNC_SUCCESS)
        return false;
    sending->tokens[sending->count++] = options.token;
    return true;
}

enum err northbound_mqtt_send(struct northbound_mqtt *mqtt, const struct northbound_page *page,
                              char why[NORTHBOUND_WHY_SIZE])
{
    struct sending sending = {.count = 0};
    enum err err = connected(mqtt, why);
    bool taken = err == ERR_OK, any = false;

    for (const char *line = page->body; taken && *line != '\0';) {
        size_t len = strcspn(line, "\n"), more = line[len] == '\n';
        /* Items begin with their id; the first and the last line of the page are not items. */
        bool item = strncmp(line, "{\"id\":", 6) == 0;
        any |= item;
        if (item)
            taken = publish(mqtt, line, len - (line[len - 1] == ','), &sending);
        line += len + more;
    }
    if (taken && !any) {
        char beat[128];
        int len = snprintf(beat, sizeof beat, "{\"kind\":\"heartbeat\",\"next\":\"%s\"}", page->next);
        taken = publish(mqtt, beat, (size_t)len, &sending);
    }
    taken = settle(mqtt, &sending) && taken;
    if (err == ERR_OK && !taken) {
        snprintf(why, NORTHBOUND_WHY_SIZE, "%s did not take everything", mqtt->options->url);
        err = ERR_REFUSED;
    }
    return err;
}
