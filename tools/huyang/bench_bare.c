/* The yardstick of row pipeline: the least a client on paho can do. Two handles as the gateway has them,
 * urgent at QoS 1 and routine at QoS 0; each message is answered from the callback with one QoS 0 publish of
 * an acknowledgement's size, and forgotten. Nothing is decoded and nothing is stored. Ends with its standard
 * input. */
#include <getopt.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <MQTTAsync.h>

#include "bench.h"
#include "ingest/decode.h"
#include "ingest/link_socket.h"
#include "ingest/topic.h"

struct bare_handle {
    struct bare *bare;
    MQTTAsync client;
    char filter[TOPIC_SIZE];
    int qos;
};
struct bare {
    struct bare_handle urgent, routine;
    const char *county;
    unsigned char answer[DECODE_SMALL_MAX];
    int answer_len;
    sem_t subscribed;
};

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    const struct bare_handle *handle = context;
    struct bare *bare = handle->bare;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    struct topic name;
    char to[TOPIC_SIZE];
    if (topic_parse(topic, topic_len > 0 ? (size_t)topic_len : strlen(topic), &name) == ERR_OK) {
        topic_ack(bare->county, name.device, to);
        MQTTAsync_send(bare->urgent.client, to, bare->answer_len, bare->answer, 0, 0, &options);
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_subscribed(void *context, MQTTAsync_successData *response)
{
    struct bare_handle *handle = context;
    (void)response;
    sem_post(&handle->bare->subscribed);
}

static void on_connected(void *context, MQTTAsync_successData *response)
{
    struct bare_handle *handle = context;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    (void)response;
    options.onSuccess = on_subscribed;
    options.context = handle;
    MQTTAsync_subscribe(handle->client, handle->filter, handle->qos, &options);
}

static bool open_handle(struct bare *bare, struct bare_handle *handle, const char *url, enum topic_kind kind)
{
    char id[64];
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    handle->bare = bare;
    handle->qos = kind == TOPIC_URGENT ? 1 : 0;
    topic_filter(bare->county, kind, handle->filter);
    snprintf(id, sizeof(id), "bench-bare-%d", handle->qos);
    options.cleansession = 0;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.keepAliveInterval = 10;
    options.onSuccess = on_connected;
    options.context = handle;
    return MQTTAsync_create(&handle->client, url, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) ==
               MQTTASYNC_SUCCESS &&
           MQTTAsync_setCallbacks(handle->client, handle, NULL, on_message, NULL) == MQTTASYNC_SUCCESS &&
           MQTTAsync_connect(handle->client, &options) == MQTTASYNC_SUCCESS;
}

int bench_bare_main(int argc, char **argv)
{
    static const struct option options[] = {
        {"url", required_argument, NULL, 'u'}, {"county", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
    static struct bare bare; /* paho's threads outlive main's frame */
    const char *url = "";
    struct link_peer peer;
    char line[16];
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (option == '?')
            return 2;
        *(option == 'u' ? &url : &bare.county) = optarg;
    }
    if (bare.county == NULL)
        return 2;
    sem_init(&bare.subscribed, 0, 0);
    bare.answer_len = (int)encode_ack(LANE_ROUTINE, 0x12345678, 1000, 1772326800000, bare.answer);
    if (!open_handle(&bare, &bare.urgent, url, TOPIC_URGENT) ||
        !open_handle(&bare, &bare.routine, url, TOPIC_ROUTINE))
        return 1;
    sem_wait(&bare.subscribed);
    sem_wait(&bare.subscribed);
    if (link_peer_parse(url, &peer) == ERR_OK)
        link_socket_nodelay(&peer); /* as the gateway has it */
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL)
        ;
    _Exit(0); /* paho's threads have nothing that must be kept */
}
