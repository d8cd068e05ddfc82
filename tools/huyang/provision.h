/* huyang provision: the certificates of a county's devices, its broker and its gateway.
 *
 *     cmd_provision      words and options -> struct provision_options; the table of verbs
 *     provision_init     makes an authority: root, issuing authority, broker, gateway, first revocation list
 *     provision          opens an authority that is there; revocation lists and their canary
 *     provision_issue    device, batch, rotate
 *     provision_revoke   revoke, crl; cuts off a live connection
 *     provision_row      takes a lost device out of a running gateway's registry
 *     provision_show     who has what, what ends when
 *     provision_broker   mosquitto's configuration and access list
 *     provision_verify   tries at a running broker what must be refused, through
 *     provision_probe      connections that tell what became of them, and
 *     provision_contact    how a broker is reached
 *     provision_labels   sheets with a QR code per device
 *     provision_index    every certificate ever issued (append-only)
 *     provision_files    files replaced whole
 *     pki, tls, qr       the fences around libcrypto, libssl, libqrencode
 *
 * An authority's folder:
 *
 *     ca.pem              the root's certificate: whom devices and the gateway trust
 *     issuing.pem .key    signs devices, the broker and revocation lists
 *     index.jsonl         provision_index.h
 *     canary.pem          key and certificate that the newest revocation list revokes: refused by a broker
 *                         exactly when it has read that list
 *     broker/             for the broker: server.pem (key, certificate, issuer), clients.pem (who may sign
 *                         devices), crl.pem, gateway.pem (the gateway's certificates, nobody else's)
 *     gateway/            for the gateway: gateway.pem (key, certificate), ca.pem, crl.pem (to be watched)
 *     devices/ID/         for the device: key.pem, cert.pem (with its issuer), ca.pem, bundle.p12 if asked
 * for devices/.new/       being made; finished or removed by the next command after a kill devices/.old/ what
 * rotate replaced root/ or --root-dir root.pem, root.key (encrypted): needed by init alone
 *
 * The gateway's certificate is signed by itself and the broker's listener for it trusts exactly that one:
 * there client ids are free, and a device's certificate must not open it.
 *
 * One process at a time (the index is locked), one thread. Verbs return exit statuses. */
#ifndef HUYANG_TOOLS_PROVISION_H
#define HUYANG_TOOLS_PROVISION_H

#include "core/text.h"
#include "pki.h"
#include "provision_files.h"
#include "provision_index.h"

enum { PROVISION_WELL, PROVISION_FAILED, PROVISION_USAGE };
enum {
    PROVISION_HOSTS_MAX = 16,
    PROVISION_COUNTIES_MAX = 16,
    PROVISION_FOREIGN_MAX = 32,
    PROVISION_PREFIX_SIZE = 64,
    PROVISION_DAY_S = 86400,
    PROVISION_HOUR_S = 3600,
    PROVISION_SECRET_SIZE = 256
};

#define PROVISION_RESERVED "huyang-"
#define PROVISION_BROKER   "huyang-broker"
#define PROVISION_GATEWAY  "huyang-gateway"
#define PROVISION_CANARY   "huyang-canary"

struct dialect;
/* Devices that speak another language, below a topic prefix: each for itself (phones, watches), or one server
 * for many cameras. */
struct provision_foreign {
    const struct dialect *dialect;
    char prefix[PROVISION_PREFIX_SIZE];
    char server[ID_SIZE]; /* "" = each device for itself */
};

struct provision_options {
    const char *dir, *root_dir; /* root_dir NULL = DIR/root */
    const char *passphrase_file, *p12_password_file;
    const char *hosts[PROVISION_HOSTS_MAX];
    const char *counties[PROVISION_COUNTIES_MAX];
    struct provision_foreign foreign[PROVISION_FOREIGN_MAX];
    unsigned host_count, county_count, foreign_count;
    unsigned days, crl_days, grace_days, warn_days; /* days 0 = the default of what is issued */
    enum pki_reason reason;
    const char *reload_command, *pid_file;
    const char *broker, *gateway_broker; /* HOST:PORT of the devices' and the gateway's listener */
    const char *device, *out;
    const char *bind, *gateway_bind, *data_dir, *user;
    const char *gateway, *state_dir, *token_file; /* the gateway's API, as other commands reach it */
    unsigned port, gateway_port;
    bool json;
    char **words; /* beside the options */
    int word_count;
};

struct provision {
    const struct provision_options *options;
    const char *dir;
    char broker_dir[FILES_PATH_SIZE], gateway_dir[FILES_PATH_SIZE], devices_dir[FILES_PATH_SIZE];
    struct index index;
    struct evp_pkey_st *issuing_key; /* only when opened for writing */
    struct x509_st *issuing;
    struct buf root_pem, issuing_pem;
    int64_t now_s;
};

/* Opens the authority in options->dir. `writing` locks it, loads the issuing key and finishes what a killed
 * command left. Told on standard error. */
MUST_CHECK enum err provision_open(const struct provision_options *options, bool writing,
                                   struct provision *ret_provision);
void provision_close(struct provision *provision);
/* Fills the paths and the time; nothing is read. */
MUST_CHECK enum err provision_place(const struct provision_options *options, const char *dir,
                                    struct provision *provision);

/* DIALECT:PREFIX, and :ID for a dialect whose devices have one server. False: it is none of these. */
MUST_CHECK bool provision_foreign_parse(const char *text, struct provision_foreign *ret_foreign);

/* A key and a certificate of the issuing authority; neither is written anywhere. */
MUST_CHECK enum err provision_sign(const struct provision *provision, const struct pki_wish *wish,
                                   struct evp_pkey_st **ret_key, struct x509_st **ret_cert);
/* Certificate (and issuer) from one file of a folder; the key from the same, or from `key_name`. */
MUST_CHECK enum err provision_identity(const char *folder, const char *name, const char *key_name,
                                       struct pki_identity *ret_identity);
/* The broker's key and certificate for options->hosts, the gateway's: made, noted and written. */
MUST_CHECK enum err provision_make_broker(struct provision *provision);
MUST_CHECK enum err provision_make_gateway(struct provision *provision, const char *old_pem);
/* Revokes what is past its grace, writes a new revocation list with a canary of its own. Commits the index.
 */
MUST_CHECK enum err provision_make_crl(struct provision *provision);
/* Takes the device's row out of the registry of the gateway in options->gateway: from then on whatever comes
 * under its name is nobody's. One that is not there is well. Told on standard output and standard error. */
MUST_CHECK enum err provision_remove_row(const struct provision_options *options, const char *id);
/* Says on standard error whether an id may be a device's. */
bool provision_is_device(const char *id);
/* Finishes or removes what stands in devices/.new (see provision_issue.c). */
MUST_CHECK enum err provision_settle(struct provision *provision);

int provision_init(const struct provision_options *options);
int provision_device(const struct provision_options *options);
int provision_batch(const struct provision_options *options);
int provision_rotate(const struct provision_options *options);
int provision_revoke(const struct provision_options *options);
int provision_crl(const struct provision_options *options);
int provision_broker(const struct provision_options *options);
int provision_verify(const struct provision_options *options);
int provision_labels(const struct provision_options *options);
int provision_show(const struct provision_options *options);

#endif
