#include "ingest/link_state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/text.h"
#include "ingest/dialects/dialect.h"

enum {
    TOPIC_MAX = 256,     /* of a message that arrives */
    PAYLOAD_SLACK = 1024 /* a little over the limit still goes to the decoder, which knows the sender and
                            counts it there */
};

int64_t link_mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void link_count(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

uint64_t link_counter(const atomic_ullong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void link_answered(struct link *link)
{
    atomic_fetch_add_explicit(&link->answers, 1, memory_order_relaxed);
}

void link_set_state(struct session *session, enum session_state state)
{
    struct link *link = session->link;

    atomic_store(&session->state, (int)state);
    bool up = link_is_up(link);
    if (atomic_exchange(&link->was_up, up) != up) {
        atomic_fetch_add(&link->changes, 1);
        link->wake(link->self);
    }
}

static enum err read_password(const char *path, char to[LINK_TEXT_SIZE])
{
    enum err err = ERR_OK;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return ERR_NOT_FOUND;
    size_t len = fread(to, 1, LINK_TEXT_SIZE, file);
    if (ferror(file) != 0)
        err = ERR_IO;
    fclose(file);
    if (len == LINK_TEXT_SIZE) {
        len = 0;
        err = ERR_RANGE;
    }
    while (len > 0 && (to[len - 1] == '\n' || to[len - 1] == '\r'))
        len--;
    to[len] = '\0';
    return err;
}

static void add_filter(struct session *session, const char *filter, int qos)
{
    assert(session->filter_count < LINK_FILTERS_MAX);
    text_copy(session->filters[session->filter_count], TOPIC_SIZE, filter);
    session->qos[session->filter_count++] = qos;
}

static void add_filters(struct link *link, const struct link_config *config)
{
    char filter[TOPIC_SIZE];

    topic_filter(link->county, TOPIC_URGENT, filter);
    add_filter(&link->urgent, filter, 1);
    topic_filter(link->county, TOPIC_LINK, filter);
    add_filter(&link->urgent, filter, 1);
    add_filter(&link->urgent, link->beat_topic, 0);
    if (config->virtual_clock) {
        topic_filter(link->county, TOPIC_CLOCK, filter);
        add_filter(&link->urgent, filter, 1);
    }
    topic_filter(link->county, TOPIC_ROUTINE, filter);
    add_filter(&link->routine, filter, 0);
    for (size_t i = 0; i < config->dialect_filter_count && i < LINK_FILTERS_MAX; i++)
        add_filter(&link->dialects, config->dialect_filters[i], 1);
}

static bool copy_text(char to[LINK_TEXT_SIZE], const char *from)
{
    return text_copy(to, LINK_TEXT_SIZE, from != NULL ? from : "");
}

enum err link_copy_config(struct link *link, const struct link_config *config)
{
    if (!copy_text(link->url, config->url) || !copy_text(link->username, config->username) ||
        !copy_text(link->ca_file, config->ca_file) || !copy_text(link->cert_file, config->cert_file) ||
        !copy_text(link->key_file, config->key_file))
        return ERR_RANGE;
    if (!text_is_county(config->county, strlen(config->county)) ||
        !text_is_id(config->instance, strlen(config->instance)))
        return ERR_INVALID;
    text_copy(link->county, sizeof(link->county), config->county);
    text_copy(link->instance, sizeof(link->instance), config->instance);
    if (config->password_file != NULL && config->password_file[0] != '\0') {
        enum err err = read_password(config->password_file, link->password);
        if (err != ERR_OK)
            return err;
    }
    link->wake = config->wake;
    link->self = config->self;
    topic_beat(link->instance, link->beat_topic);
    topic_gateway(link->county, link->gateway_topic);
    link->will_len = encode_gateway_state(false, link->instance, link->will);
    add_filters(link, config);
    return link_peer_parse(link->url, &link->peer);
}

static void hear_beat(struct link *link, const void *payload, size_t len, bool retained)
{
    unsigned char expected[DECODE_SMALL_MAX];

    if (retained)
        return;
    link_count(&link->beats_heard);
    if (encode_beat(link_counter(&link->beat_number), expected) == len && memcmp(payload, expected, len) == 0)
        atomic_store(&link->beat_rtt_us, link_mono_us() - (int64_t)link_counter(&link->beat_sent_us));
}

void link_take(struct session *session, const char *topic, size_t topic_len, const void *payload,
               size_t payload_len, bool retained, bool duplicate)
{
    struct link *link = session->link;
    bool urgent = session == &link->urgent, routine = session == &link->routine;
    struct ring *ring = session->ring;

    if (urgent && topic_len == strlen(link->beat_topic) && memcmp(topic, link->beat_topic, topic_len) == 0) {
        hear_beat(link, payload, payload_len, retained);
        return;
    }
    link_count(urgent    ? &link->received_urgent
               : routine ? &link->received_routine
                         : &link->received_dialects);
    if (topic_len > TOPIC_MAX ||
        payload_len >
            (session == &link->dialects ? DIALECT_MESSAGE_MAX : EVENT_MESSAGE_MAX + PAYLOAD_SLACK)) {
        link_count(&link->oversized);
        return;
    }
    const struct link_record record = {.mono_ms = link_mono_us() / 1000,
                                       .payload_len = (uint32_t)payload_len,
                                       .topic_len = (uint16_t)topic_len,
                                       .retained = retained,
                                       .duplicate = duplicate};
    const struct ring_part parts[] = {{&record, sizeof(record)}, {topic, topic_len}, {payload, payload_len}};
    /* A full ring refuses and counts: what is not acknowledged comes again (a foreign message does not, and
     * has a ring of its own). Routine wakes nobody until its ring is half full. */
    if (ring_put(ring, parts, sizeof(parts) / sizeof(parts[0])) &&
        (!routine || ring_used(ring) > ring_size(ring) / 2))
        link->wake(link->self);
}

void link_publish_finished(struct outstanding *outstanding)
{
    unsigned left = atomic_load(&outstanding->count);

    while (left > 0 && !atomic_compare_exchange_weak(&outstanding->count, &left, left - 1))
        ;
}

unsigned link_outstanding(const struct link *link, unsigned qos)
{
    return atomic_load(&link->outstanding[atomic_load(&link->bank)][qos].count);
}

int64_t link_jitter_ms(unsigned backoff_ms)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = UINT32_MAX / 2;
    return backoff_ms / 2 + (int64_t)((uint64_t)backoff_ms * random / UINT32_MAX);
}

struct ring *link_urgent(struct link *link)
{
    return link->urgent.ring;
}

struct ring *link_routine(struct link *link)
{
    return link->routine.ring;
}

struct ring *link_dialects(struct link *link)
{
    return link->dialects.ring;
}

bool link_is_up(const struct link *link)
{
    return atomic_load(&link->urgent.state) == SESSION_READY &&
           atomic_load(&link->routine.state) == SESSION_READY;
}

unsigned link_changes(const struct link *link)
{
    return atomic_load(&link->changes);
}

void link_stats(const struct link *link, struct link_stats *ret_stats)
{
    *ret_stats = (struct link_stats){
        .received_urgent = link_counter(&link->received_urgent),
        .received_routine = link_counter(&link->received_routine),
        .received_dialects = link_counter(&link->received_dialects),
        .refused_urgent = ring_refused(link->urgent.ring),
        .refused_routine = ring_refused(link->routine.ring),
        .refused_dialects = link->dialects.ring != NULL ? ring_refused(link->dialects.ring) : 0,
        .oversized = link_counter(&link->oversized),
        .published = link_counter(&link->published),
        .publish_failed = link_counter(&link->publish_failed),
        .connects = link_counter(&link->connects),
        .losses = link_counter(&link->losses),
        .outstanding = link_outstanding(link, 0) + link_outstanding(link, 1),
        .beats_sent = link_counter(&link->beat_number),
        .beats_heard = link_counter(&link->beats_heard),
        .last_beat_rtt_us = atomic_load(&link->beat_rtt_us),
    };
}
