/* huyang provision verify: tries at a running broker what it must refuse, and what it must not.
 *
 * A and B are two devices: A the one that --device names, or one with a certificate of an hour made for this,
 * B always such a one. The gateway's own certificate watches what really arrives, since a broker answers a
 * publish that it drops as if it had taken it. "Nothing arrived" is known without waiting: a broker keeps one
 * connection's messages in order, so when what may arrive is there, what came before it is not coming. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "provision.h"
#include "provision_contact.h"

enum { LIFE_S = PROVISION_HOUR_S };

#define VERIFY_A PROVISION_RESERVED "verify-a"
#define VERIFY_B PROVISION_RESERVED "verify-b"

struct verification {
    struct provision *provision;
    struct provision_contact contact;
    const char *a; /* A's id */
    struct pki_identity a_identity, b_identity, gateway, canary, expired, foreign;
    char urgent_a[PROBE_TOPIC_SIZE], routine_a[PROBE_TOPIC_SIZE], link_a[PROBE_TOPIC_SIZE],
        urgent_b[PROBE_TOPIC_SIZE];
    char command_a[PROBE_TOPIC_SIZE], ack_a[PROBE_TOPIC_SIZE], command_b[PROBE_TOPIC_SIZE],
        gateway_state[PROBE_TOPIC_SIZE];
    char all_urgent[PROBE_TOPIC_SIZE], all_routine[PROBE_TOPIC_SIZE], all_links[PROBE_TOPIC_SIZE],
        all_commands[PROBE_TOPIC_SIZE];
    char mark[PROBE_MARK_SIZE];
    char why[TLS_WHY_SIZE];
};

/* ---- who tries ---- */

/* A certificate of this authority, noted in the index unless it was never valid. */
static enum err make_own(struct provision *provision, const char *id, int64_t until_s,
                         struct pki_identity *ret_identity)
{
    const struct pki_wish wish = {
        .role = PKI_CLIENT, .name = id, .from_s = provision->now_s - 2 * LIFE_S, .until_s = until_s};
    struct pki_info info;
    struct buf issuer = provision->issuing_pem;
    enum err err = provision_sign(provision, &wish, &ret_identity->key, &ret_identity->cert);
    if (err == ERR_OK)
        err = pki_cert_parse(buf_text(&issuer), issuer.len, &ret_identity->issuer);
    if (err == ERR_OK)
        err = pki_cert_info(ret_identity->cert, &info);
    return err == ERR_OK && until_s > provision->now_s
               ? index_add_issued(&provision->index, &info, provision->now_s)
               : err;
}

/* A's name, under an authority that is nobody's. */
static enum err make_foreign(const struct provision *provision, const char *id,
                             struct pki_identity *ret_identity)
{
    const struct pki_wish root = {.role = PKI_ISSUING,
                                  .name = "Huyang issuing authority",
                                  .from_s = provision->now_s - LIFE_S,
                                  .until_s = provision->now_s + LIFE_S};
    const struct pki_wish wish = {
        .role = PKI_CLIENT, .name = id, .from_s = root.from_s, .until_s = root.until_s};
    struct evp_pkey_st *key = NULL;
    enum err err = pki_key_new(&key);
    if (err == ERR_OK)
        err = pki_issue(&root, key, NULL, NULL, &ret_identity->issuer);
    if (err == ERR_OK)
        err = pki_key_new(&ret_identity->key);
    if (err == ERR_OK)
        err = pki_issue(&wish, ret_identity->key, ret_identity->issuer, key, &ret_identity->cert);
    pki_key_free(key);
    return err;
}

static enum err load_device(const struct provision *provision, const char *id,
                            struct pki_identity *ret_identity)
{
    char folder[FILES_PATH_SIZE];
    const enum err err = files_join(folder, provision->devices_dir, id);
    return err == ERR_OK ? provision_identity(folder, "cert.pem", "key.pem", ret_identity) : err;
}

static enum err gather(struct verification *v)
{
    struct provision *provision = v->provision;
    const int64_t until_s = provision->now_s + LIFE_S;
    const char *device = provision->options->device;
    v->a = device != NULL ? device : VERIFY_A;
    enum err err = device != NULL ? load_device(provision, device, &v->a_identity)
                                  : make_own(provision, v->a, until_s, &v->a_identity);
    if (err == ERR_OK)
        err = make_own(provision, VERIFY_B, until_s, &v->b_identity);
    if (err == ERR_OK)
        err = make_own(provision, v->a, provision->now_s - LIFE_S, &v->expired);
    if (err == ERR_OK)
        err = make_foreign(provision, v->a, &v->foreign);
    if (err == ERR_OK)
        err = provision_identity(provision->gateway_dir, "gateway.pem", NULL, &v->gateway);
    if (err == ERR_OK)
        err = provision_identity(provision->dir, "canary.pem", NULL, &v->canary);
    return err == ERR_OK ? index_commit(&provision->index) : err;
}

static void name_topics(struct verification *v)
{
    const char *county = v->provision->options->counties[0];
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        random = (uint64_t)v->provision->now_s;
    snprintf(v->mark, sizeof(v->mark), "huyang-verify-%016" PRIx64, random);
    const struct {
        char *topic;
        const char *device, *what;
    } names[] = {
        {v->urgent_a, v->a, "urgent"},       {v->routine_a, v->a, "routine"},
        {v->link_a, v->a, "link"},           {v->urgent_b, VERIFY_B, "urgent"},
        {v->command_a, v->a, "command"},     {v->ack_a, v->a, "ack"},
        {v->command_b, VERIFY_B, "command"}, {v->all_urgent, "+", "urgent"},
        {v->all_routine, "+", "routine"},    {v->all_links, "+", "link"},
        {v->all_commands, "+", "command"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        snprintf(names[i].topic, PROBE_TOPIC_SIZE, "huyang/v1/%s/%s/%s", county, names[i].device,
                 names[i].what);
    snprintf(v->gateway_state, sizeof(v->gateway_state), "huyang/v1/%s/gateway", county);
}

/* ---- the connections ---- */

static enum probe_fate connect_with(struct verification *v, const char *address,
                                    const struct pki_identity *identity, const char *client_id,
                                    const char *const filters[FLEET_MQTT_FILTERS_MAX], struct probe *probe)
{
    struct probe_wish wish = {.address = address,
                              .tls = v->contact.tls,
                              .identity = identity,
                              .client_id = client_id,
                              .mark = v->mark};
    for (unsigned i = 0; filters != NULL && i < FLEET_MQTT_FILTERS_MAX; i++)
        wish.filters[i] = filters[i];
    if (probe_open(&wish, probe) != ERR_OK)
        return PROBE_FAULT;
    const enum probe_fate fate = probe_wait(probe);
    if (fate != PROBE_ACCEPTED)
        text_copy(v->why, sizeof(v->why), probe->mqtt.why);
    return fate;
}

static enum probe_fate watch(struct verification *v, struct probe *watcher)
{
    const char *const filters[FLEET_MQTT_FILTERS_MAX] = {v->all_urgent, v->all_routine, v->all_links};
    return connect_with(v, v->contact.gateway_broker, &v->gateway, PROVISION_RESERVED "verify", filters,
                        watcher);
}

/* Waits until a topic was seen by the second probe, or one of the two has ended. */
struct arrival {
    struct probe *from, *to;
    const char *topic;
};

static bool has_arrived(void *self)
{
    const struct arrival *arrival = self;
    return probe_has_seen(arrival->to, arrival->topic) || arrival->from->ended || arrival->to->ended;
}

/* `from` says what is allowed, and `to` hears it. */
static bool arrives(struct verification *v, struct probe *from, struct probe *to, const char *topic)
{
    struct probe *both[] = {from, to};
    struct arrival arrival = {from, to, topic};
    if (probe_say(from, topic) && probe_run(both, 2, has_arrived, &arrival) && probe_has_seen(to, topic))
        return true;
    text_copy(v->why, sizeof(v->why), "what is allowed did not arrive");
    return false;
}

enum { TOPICS_MAX = 4 };
struct topics {
    const char *of[TOPICS_MAX]; /* NULL ends them */
};

static bool say_each(struct probe *from, const struct topics *topics)
{
    bool said = true;
    for (unsigned i = 0; i < TOPICS_MAX && topics->of[i] != NULL && said; i++)
        said = probe_say(from, topics->of[i]);
    return said;
}

static enum probe_fate heard_any(const struct probe *to, const struct topics *topics)
{
    for (unsigned i = 0; i < TOPICS_MAX && topics->of[i] != NULL; i++)
        if (probe_has_seen(to, topics->of[i]))
            return PROBE_ACCEPTED;
    return PROBE_REFUSED;
}

/* `from` says each of the topics and then `last`, which must arrive at `to`: did one of the others? */
static enum probe_fate pass(struct verification *v, struct probe *from, struct probe *to,
                            const struct topics *topics, const char *last)
{
    if (!say_each(from, topics) || !arrives(v, from, to, last))
        return PROBE_FAULT;
    return heard_any(to, topics);
}

/* ---- what is tried ---- */

static enum probe_fate own_certificate(struct verification *v)
{
    return contact_try(&v->contact, v->contact.broker, &v->a_identity, v->a, v->why);
}

/* A connection that is no question here but is needed: without it nothing can be said. */
static enum probe_fate needed(enum probe_fate fate)
{
    return fate == PROBE_ACCEPTED ? PROBE_ACCEPTED : PROBE_FAULT;
}

/* What `speaker` says on the topics must (not) reach the gateway. */
static enum probe_fate say_to_gateway(struct verification *v, const struct pki_identity *identity,
                                      const char *id, const struct topics *topics, const char *last)
{
    struct probe watcher, speaker;
    enum probe_fate fate = needed(watch(v, &watcher));
    if (fate == PROBE_ACCEPTED) {
        fate = needed(connect_with(v, v->contact.broker, identity, id, NULL, &speaker));
        if (fate == PROBE_ACCEPTED)
            fate = pass(v, &speaker, &watcher, topics, last);
        probe_close(&speaker);
    }
    probe_close(&watcher);
    return fate;
}

static enum probe_fate publish_own(struct verification *v)
{
    const struct topics topics = {{v->urgent_a}};
    return say_to_gateway(v, &v->a_identity, v->a, &topics, v->urgent_a);
}

static enum probe_fate publish_as_other(struct verification *v)
{
    const struct topics topics = {{v->urgent_a, v->routine_a, v->link_a}};
    return say_to_gateway(v, &v->b_identity, VERIFY_B, &topics, v->urgent_b);
}

/* A listener with these filters must (not) hear what the gateway says on the topics. */
static enum probe_fate hear(struct verification *v, const struct pki_identity *identity, const char *id,
                            const char *const filters[FLEET_MQTT_FILTERS_MAX], const struct topics *topics,
                            const char *last)
{
    struct probe watcher, listener;
    enum probe_fate fate = needed(watch(v, &watcher));
    if (fate == PROBE_ACCEPTED) {
        fate = needed(connect_with(v, v->contact.broker, identity, id, filters, &listener));
        if (fate == PROBE_ACCEPTED)
            fate = pass(v, &watcher, &listener, topics, last);
        probe_close(&listener);
    }
    probe_close(&watcher);
    return fate;
}

static enum probe_fate read_own(struct verification *v)
{
    const char *const filters[FLEET_MQTT_FILTERS_MAX] = {v->command_a};
    const struct topics topics = {{v->command_a}};
    return hear(v, &v->a_identity, v->a, filters, &topics, v->command_a);
}

static enum probe_fate read_others(struct verification *v)
{
    const char *const filters[FLEET_MQTT_FILTERS_MAX] = {v->command_a, v->ack_a, v->command_b};
    const struct topics topics = {{v->command_a, v->ack_a}};
    return hear(v, &v->b_identity, VERIFY_B, filters, &topics, v->command_b);
}

static enum probe_fate read_by_wildcard(struct verification *v)
{
    const char *const filters[FLEET_MQTT_FILTERS_MAX] = {"#", v->all_commands, "+/+/+/+/command"};
    const struct topics topics = {{v->command_a, v->ack_a}};
    return hear(v, &v->b_identity, VERIFY_B, filters, &topics, v->command_b);
}

/* What one device says to another. The gateway is in between: when it has heard what the speaker said last
 * (`via`), the broker has dealt with the rest, and what it then says itself (`proof`) reaches the listener
 * behind it. */
struct whisper {
    const struct pki_identity *speaker, *listener;
    const char *speaker_id, *listener_id;
    const char *filters[FLEET_MQTT_FILTERS_MAX];
    struct topics topics;
    const char *via, *proof;
};

static enum probe_fate overhear(struct verification *v, const struct whisper *whisper)
{
    struct probe watcher, listener, speaker;
    enum probe_fate fate = needed(watch(v, &watcher));
    if (fate != PROBE_ACCEPTED) {
        probe_close(&watcher);
        return fate;
    }
    fate = needed(connect_with(v, v->contact.broker, whisper->listener, whisper->listener_id,
                               whisper->filters, &listener));
    if (fate == PROBE_ACCEPTED) {
        fate =
            needed(connect_with(v, v->contact.broker, whisper->speaker, whisper->speaker_id, NULL, &speaker));
        if (fate == PROBE_ACCEPTED)
            fate = say_each(&speaker, &whisper->topics) && arrives(v, &speaker, &watcher, whisper->via) &&
                           arrives(v, &watcher, &listener, whisper->proof)
                       ? heard_any(&listener, &whisper->topics)
                       : PROBE_FAULT;
        probe_close(&speaker);
    }
    probe_close(&listener);
    probe_close(&watcher);
    return fate;
}

static enum probe_fate command_another(struct verification *v)
{
    const struct whisper whisper = {.speaker = &v->b_identity,
                                    .speaker_id = VERIFY_B,
                                    .listener = &v->a_identity,
                                    .listener_id = v->a,
                                    .filters = {v->command_a, v->ack_a},
                                    .topics = {{v->command_a}},
                                    .via = v->urgent_b,
                                    .proof = v->ack_a};
    return overhear(v, &whisper);
}

/* Its state, which all devices read, and an acknowledgement, at which a device forgets an event. */
static enum probe_fate speak_as_gateway(struct verification *v)
{
    const struct whisper whisper = {.speaker = &v->b_identity,
                                    .speaker_id = VERIFY_B,
                                    .listener = &v->a_identity,
                                    .listener_id = v->a,
                                    .filters = {v->command_a, v->ack_a, v->gateway_state},
                                    .topics = {{v->gateway_state, v->ack_a}},
                                    .via = v->urgent_b,
                                    .proof = v->command_a};
    return overhear(v, &whisper);
}

static enum probe_fate read_reports(struct verification *v)
{
    const struct whisper whisper = {.speaker = &v->a_identity,
                                    .speaker_id = v->a,
                                    .listener = &v->b_identity,
                                    .listener_id = VERIFY_B,
                                    .filters = {v->urgent_a, v->routine_a, v->link_a, v->command_b},
                                    .topics = {{v->routine_a, v->link_a, v->urgent_a}},
                                    .via = v->urgent_a,
                                    .proof = v->command_b};
    return overhear(v, &whisper);
}

static bool is_answered(void *self)
{
    const struct probe *probe = self;
    return probe->ended || probe->mqtt.unanswered == 0;
}

static enum probe_fate take_client_id(struct verification *v)
{
    struct probe victim, thief, *both[] = {&victim, &thief};
    enum probe_fate fate = connect_with(v, v->contact.broker, &v->a_identity, v->a, NULL, &victim);
    if (fate != PROBE_ACCEPTED) {
        probe_close(&victim);
        return needed(fate);
    }
    (void)connect_with(v, v->contact.broker, &v->b_identity, v->a, NULL, &thief);
    /* The victim's connection stands when the broker answers it after the thief's attempt was decided. */
    fate = PROBE_FAULT;
    if (probe_say(&victim, v->urgent_a) && probe_run(both, 2, is_answered, &victim))
        fate = victim.ended ? PROBE_ACCEPTED : PROBE_REFUSED;
    probe_close(&victim);
    probe_close(&thief);
    return fate;
}

/* One connection that shows nothing, or the wrong thing. */
static enum probe_fate come_as(struct verification *v, struct tls_client *tls, const char *username)
{
    const struct probe_wish wish = {.address = v->contact.broker,
                                    .tls = tls,
                                    .client_id = v->a,
                                    .username = username,
                                    .password = username != NULL ? "password" : NULL};
    struct probe probe;
    if (probe_open(&wish, &probe) != ERR_OK)
        return PROBE_FAULT;
    const enum probe_fate fate = probe_wait(&probe);
    text_copy(v->why, sizeof(v->why), probe.mqtt.why);
    probe_close(&probe);
    return fate;
}

static enum probe_fate anonymous(struct verification *v)
{
    return come_as(v, v->contact.tls, NULL);
}

static enum probe_fate password_instead(struct verification *v)
{
    return come_as(v, v->contact.tls, v->a);
}

static enum probe_fate without_tls(struct verification *v)
{
    return come_as(v, NULL, v->a);
}

static enum probe_fate old_tls(struct verification *v)
{
    struct provision_contact old = v->contact;
    old.tls = v->contact.tls_1_1;
    return contact_try(&old, old.broker, &v->a_identity, v->a, v->why);
}

static enum probe_fate foreign_authority(struct verification *v)
{
    return contact_try(&v->contact, v->contact.broker, &v->foreign, v->a, v->why);
}

static enum probe_fate expired_certificate(struct verification *v)
{
    return contact_try(&v->contact, v->contact.broker, &v->expired, v->a, v->why);
}

static enum probe_fate revoked_certificate(struct verification *v)
{
    return contact_try(&v->contact, v->contact.broker, &v->canary, PROVISION_CANARY, v->why);
}

static enum probe_fate device_as_gateway(struct verification *v)
{
    return contact_try(&v->contact, v->contact.gateway_broker, &v->b_identity, v->a, v->why);
}

static enum probe_fate gateway_certificate(struct verification *v)
{
    return contact_try(&v->contact, v->contact.gateway_broker, &v->gateway, PROVISION_RESERVED "verify",
                       v->why);
}

static enum probe_fate gateway_as_device(struct verification *v)
{
    return contact_try(&v->contact, v->contact.broker, &v->gateway, v->a, v->why);
}

static const struct check {
    const char *what;
    enum probe_fate wanted;
    enum probe_fate (*run)(struct verification *v);
} checks[] = {
    {"a device with its certificate", PROBE_ACCEPTED, own_certificate},
    {"the gateway with its certificate, on its listener", PROBE_ACCEPTED, gateway_certificate},
    {"a device publishes on its own topic", PROBE_ACCEPTED, publish_own},
    {"a device reads its own commands", PROBE_ACCEPTED, read_own},
    {"a device publishes as another", PROBE_REFUSED, publish_as_other},
    {"a device reads another's commands", PROBE_REFUSED, read_others},
    {"a device reads everything by wildcards", PROBE_REFUSED, read_by_wildcard},
    {"a device commands another", PROBE_REFUSED, command_another},
    {"a device speaks as the gateway", PROBE_REFUSED, speak_as_gateway},
    {"a device reads another's reports", PROBE_REFUSED, read_reports},
    {"a device takes another's client id and session", PROBE_REFUSED, take_client_id},
    {"a device on the gateway's listener", PROBE_REFUSED, device_as_gateway},
    {"the gateway on the devices' listener", PROBE_REFUSED, gateway_as_device},
    {"nobody's certificate", PROBE_REFUSED, anonymous},
    {"name and password instead of a certificate", PROBE_REFUSED, password_instead},
    {"MQTT without TLS", PROBE_REFUSED, without_tls},
    {"TLS 1.1", PROBE_REFUSED, old_tls},
    {"a foreign authority's certificate", PROBE_REFUSED, foreign_authority},
    {"an expired certificate", PROBE_REFUSED, expired_certificate},
    {"a revoked certificate", PROBE_REFUSED, revoked_certificate},
};

static const char *fate_name(enum probe_fate fate)
{
    return fate == PROBE_ACCEPTED ? "accepted" : fate == PROBE_REFUSED ? "refused" : "no answer";
}

static unsigned try_all(struct verification *v)
{
    unsigned wrong = 0;
    printf("%-50s %-9s %-9s %s\n", "WHO TRIES WHAT", "MUST BE", "IS", "");
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        v->why[0] = '\0';
        const enum probe_fate fate = checks[i].run(v);
        const bool right = fate == checks[i].wanted;
        wrong += !right;
        printf("%-50s %-9s %-9s %s%s\n", checks[i].what, fate_name(checks[i].wanted), fate_name(fate),
               right ? "" : "WRONG  ", fate != PROBE_ACCEPTED ? v->why : "");
        fflush(stdout);
    }
    return wrong;
}

int provision_verify(const struct provision_options *options)
{
    struct provision provision;
    struct verification v = {.provision = &provision};
    int status = PROVISION_FAILED;
    if (options->device != NULL && !provision_is_device(options->device))
        return PROVISION_USAGE;
    if (provision_open(options, true, &provision) != ERR_OK)
        return PROVISION_FAILED;
    if (contact_open(&provision, &v.contact) == ERR_OK) {
        if (gather(&v) == ERR_OK) {
            name_topics(&v);
            const unsigned wrong = try_all(&v);
            printf("\n%u of %zu are not as they must be\n", wrong, sizeof(checks) / sizeof(checks[0]));
            status = wrong == 0 ? PROVISION_WELL : PROVISION_FAILED;
        }
        contact_close(&v.contact);
    }
    struct pki_identity *const identities[] = {&v.a_identity, &v.b_identity, &v.gateway,
                                               &v.canary,     &v.expired,    &v.foreign};
    for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++)
        pki_identity_release(identities[i]);
    provision_close(&provision);
    return status;
}
