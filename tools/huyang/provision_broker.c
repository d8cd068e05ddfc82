/* huyang provision broker: mosquitto's configuration and access list for these certificates.
 *
 * What stands in it was measured on mosquitto 2.0.11. Two listeners, both with client certificates: on the
 * devices' one the client id is the certificate's name (use_username_as_clientid), so that nobody takes
 * another's session; the gateway needs two ids, so it has one of its own, which trusts its certificate alone.
 * There is no listener without TLS. One access list for both: with per_listener_settings the queue of a
 * session that waits for its client would be denied after a restart of the broker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/dialects/dialects.h"
#include "provision.h"

enum { TEXT_MAX = 1 << 20 };

static void put_listener(struct buf *out, const char *what, unsigned port, const char *bind, const char *dir,
                         const char *trusted)
{
    buf_printf(out,
               "\n# %s\n"
               "listener %u %s\n"
               "cafile %s/%s\n"
               "certfile %s/server.pem\n"
               "keyfile %s/server.pem\n"
               "tls_version tlsv1.2\n"
               "require_certificate true\n"
               "use_identity_as_username true\n",
               what, port, bind, dir, trusted, dir, dir);
}

static void put_config(const struct provision_options *options, const char *dir, const char *data_dir,
                       struct buf *out)
{
    buf_puts(out, "# Written by huyang provision broker; changes here are lost when it is run again.\n");
    if (options->user != NULL)
        buf_printf(out, "user %s\n", options->user);
    buf_printf(out,
               "pid_file %s\n"
               "allow_anonymous false\n"
               "acl_file %s/acl\n"
               "set_tcp_nodelay true\n"
               "max_inflight_messages 200\n"
               "# 0 would disconnect a client whose publish is denied.\n"
               "max_queued_messages 100000\n"
               "max_queued_bytes 268435456\n"
               "max_packet_size 262144\n"
               "persistent_client_expiration 30d\n"
               "persistence true\n"
               "persistence_location %s/\n"
               "autosave_interval 60\n"
               "log_dest stderr\n"
               "log_type error\n"
               "log_type warning\n"
               "log_type notice\n"
               "log_type information\n",
               options->pid_file, dir, data_dir);
    put_listener(out,
                 "Devices: a certificate of the issuing authority, not revoked; it names user and client id.",
                 options->port, options->bind, dir, "clients.pem");
    buf_printf(out, "crlfile %s/crl.pem\nuse_username_as_clientid true\n", dir);
    put_listener(out, "The gateway: its own certificate and no other.", options->gateway_port,
                 options->gateway_bind, dir, "gateway.pem");
}

static void put_county(const char *county, struct buf *out)
{
    static const char *const up[] = {"urgent", "routine", "link"}, *const down[] = {"ack", "command"};
    for (unsigned i = 0; i < sizeof(up) / sizeof(up[0]); i++)
        buf_printf(out, "topic read huyang/v1/%s/+/%s\n", county, up[i]);
    for (unsigned i = 0; i < sizeof(down) / sizeof(down[0]); i++)
        buf_printf(out, "topic write huyang/v1/%s/+/%s\n", county, down[i]);
    buf_printf(out, "topic write huyang/v1/%s/gateway\n", county);
}

static void put_patterns(const char *county, struct buf *out)
{
    buf_printf(out,
               "pattern write huyang/v1/%s/%%u/urgent\n"
               "pattern write huyang/v1/%s/%%u/routine\n"
               "pattern write huyang/v1/%s/%%u/link\n"
               "pattern read huyang/v1/%s/%%u/ack\n"
               "pattern read huyang/v1/%s/%%u/command\n"
               "pattern read huyang/v1/%s/gateway\n",
               county, county, county, county, county, county);
}

/* ---- foreign devices ---- */

/* Below the prefix, %u the name in the certificate. A phone's user and device are both its id: the gateway
 * takes either for the device's name. */
static const struct {
    const struct dialect *dialect;
    const char *says, *both; /* both: what it is told, and answers on the same topic */
} own_topics[] = {
    {&dialect_owntracks, "%u/%u", "%u/%u/+"},
    {&dialect_g616, "status/%u", "cmd/%u/+"},
};
enum { OWN_TOPICS = sizeof(own_topics) / sizeof(own_topics[0]) };

static unsigned own_topics_of(const struct dialect *dialect)
{
    unsigned i = 0;
    while (i < OWN_TOPICS && own_topics[i].dialect != dialect)
        i++;
    return i;
}

bool provision_foreign_parse(const char *text, struct provision_foreign *ret_foreign)
{
    struct provision_foreign foreign = {0};
    const char *prefix = strchr(text, ':');
    if (prefix == NULL)
        return false;
    for (unsigned i = 0; i < dialect_count(); i++)
        if (strncmp(dialect_at(i)->name, text, (size_t)(prefix - text)) == 0 &&
            dialect_at(i)->name[prefix - text] == '\0')
            foreign.dialect = dialect_at(i);
    prefix++;
    const size_t len = strcspn(prefix, ":");
    const bool server = prefix[len] == ':';
    if (foreign.dialect == NULL || len >= sizeof(foreign.prefix))
        return false;
    memcpy(foreign.prefix, prefix, len);
    if (server && (!provision_is_device(prefix + len + 1) ||
                   !text_copy(foreign.server, sizeof(foreign.server), prefix + len + 1)))
        return false;
    *ret_foreign = foreign;
    return server == (own_topics_of(foreign.dialect) == OWN_TOPICS) && dialect_prefix_ok(foreign.prefix) &&
           strpbrk(foreign.prefix, " \t\r\n%") == NULL;
}

/* What the gateway hears of them; it answers those that can be told something. */
static void put_gateway_foreign(const struct provision_foreign *foreign, struct buf *out)
{
    for (unsigned i = 0; foreign->dialect->filters[i] != NULL; i++)
        buf_printf(out, "topic %s %s/%s\n", foreign->dialect->say != NULL ? "readwrite" : "read",
                   foreign->prefix, foreign->dialect->filters[i]);
}

static void put_server(const struct provision_foreign *foreign, struct buf *out)
{
    buf_printf(out, "\nuser %s\n", foreign->server);
    for (unsigned i = 0; foreign->dialect->filters[i] != NULL; i++)
        buf_printf(out, "topic write %s/%s\n", foreign->prefix, foreign->dialect->filters[i]);
}

static void put_own_topics(const struct provision_foreign *foreign, struct buf *out)
{
    const unsigned own = own_topics_of(foreign->dialect);
    buf_printf(out, "pattern write %s/%s\npattern readwrite %s/%s\n", foreign->prefix, own_topics[own].says,
               foreign->prefix, own_topics[own].both);
}

static void put_acl(const struct provision_options *options, struct buf *out)
{
    buf_puts(out, "# Written by huyang provision broker. What is not allowed here is denied.\n"
                  "user " PROVISION_GATEWAY "\n");
    for (unsigned i = 0; i < options->county_count; i++)
        put_county(options->counties[i], out);
    buf_puts(out, "topic readwrite huyang/v1/gateway/+/beat\n"
                  "topic read $SYS/#\n");
    for (unsigned i = 0; i < options->foreign_count; i++)
        put_gateway_foreign(&options->foreign[i], out);
    for (unsigned i = 0; i < options->foreign_count; i++)
        if (options->foreign[i].server[0] != '\0')
            put_server(&options->foreign[i], out);
    buf_puts(
        out,
        "\n# Each device, by the name in its certificate. The gateway's state is for all of them; mosquitto\n"
        "# warns that its pattern names nobody, but has no other rule for everybody who is known.\n");
    for (unsigned i = 0; i < options->county_count; i++)
        put_patterns(options->counties[i], out);
    for (unsigned i = 0; i < options->foreign_count; i++)
        if (options->foreign[i].server[0] == '\0')
            put_own_topics(&options->foreign[i], out);
}

int provision_broker(const struct provision_options *given)
{
    struct provision_options options = *given;
    struct provision provision;
    char pid_file[FILES_PATH_SIZE], data_dir[FILES_PATH_SIZE];
    struct buf config, acl;
    if (provision_open(given, false, &provision) != ERR_OK)
        return PROVISION_FAILED;
    buf_init(&config, TEXT_MAX);
    buf_init(&acl, TEXT_MAX);
    char *dir = realpath(provision.broker_dir, NULL);
    enum err err = dir != NULL ? files_join(pid_file, dir, "mosquitto.pid") : ERR_IO;
    if (err == ERR_OK)
        err = files_join(data_dir, dir, "data");
    if (err == ERR_OK && given->data_dir == NULL)
        err = files_make_folder(data_dir, 0700);
    if (err == ERR_OK) {
        options.pid_file = given->pid_file != NULL ? given->pid_file : pid_file;
        put_config(&options, dir, given->data_dir != NULL ? given->data_dir : data_dir, &config);
        put_acl(&options, &acl);
        err = files_write(provision.broker_dir, "acl", &acl, 0600);
    }
    if (err == ERR_OK)
        err = files_write(provision.broker_dir, "mosquitto.conf", &config, 0600);
    if (err == ERR_OK)
        printf("%s/mosquitto.conf: devices on %s port %u, the gateway on %s port %u\n", dir, options.bind,
               options.port, options.gateway_bind, options.gateway_port);
    free(dir);
    buf_release(&config);
    buf_release(&acl);
    provision_close(&provision);
    return err == ERR_OK ? PROVISION_WELL : PROVISION_FAILED;
}
