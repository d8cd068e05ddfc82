#include "provision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

enum {
    SMALL_MAX = 1 << 20,
    SERVER_DAYS = 825,
    GATEWAY_DAYS = 825,
    BROKER_HOSTS_MAX = PROVISION_HOSTS_MAX + 2,
    SKEW_S = 300,             /* a list is in force a little before it is written: clocks differ */
    CANARY_LIFE = 2,          /* of a list's life: it must outlive the list that revokes it */
    KEPT_S = PROVISION_DAY_S, /* a revoked certificate stays listed so long after its end */
};

bool provision_is_device(const char *id)
{
    const bool is_id = text_is_id(id, strlen(id));
    const bool reserved = strncmp(id, PROVISION_RESERVED, strlen(PROVISION_RESERVED)) == 0;
    if (!is_id)
        files_fault(id, "no device id: letters, digits, _ and -, at most 64");
    else if (reserved)
        files_fault(id, "ids that begin with " PROVISION_RESERVED " are the authority's own");
    return is_id && !reserved;
}

enum err provision_place(const struct provision_options *options, const char *dir,
                         struct provision *provision)
{
    *provision = (struct provision){
        .options = options, .dir = dir, .index = {.fd = -1}, .now_s = clock_now().wall_ms / 1000};
    buf_init(&provision->root_pem, SMALL_MAX);
    buf_init(&provision->issuing_pem, SMALL_MAX);
    enum err err = files_join(provision->broker_dir, dir, "broker");
    if (err == ERR_OK)
        err = files_join(provision->gateway_dir, dir, "gateway");
    if (err == ERR_OK)
        err = files_join(provision->devices_dir, dir, "devices");
    return err;
}

void provision_close(struct provision *provision)
{
    index_close(&provision->index);
    pki_key_free(provision->issuing_key);
    pki_cert_free(provision->issuing);
    buf_release(&provision->root_pem);
    buf_release(&provision->issuing_pem);
}

static enum err load_issuing(struct provision *provision, bool with_key)
{
    struct buf key;
    buf_init(&key, SMALL_MAX);
    enum err err = files_read(provision->dir, "ca.pem", &provision->root_pem);
    if (err == ERR_OK)
        err = files_read(provision->dir, "issuing.pem", &provision->issuing_pem);
    if (err == ERR_NOT_FOUND) {
        files_fault(provision->dir, "there is no authority here; `huyang provision init` makes one");
        return err;
    }
    if (err == ERR_OK)
        err = pki_cert_parse(buf_text(&provision->issuing_pem), provision->issuing_pem.len,
                             &provision->issuing);
    if (err == ERR_OK && with_key)
        err = files_read(provision->dir, "issuing.key", &key);
    if (err == ERR_OK && with_key)
        err = pki_key_parse(buf_text(&key), key.len, NULL, &provision->issuing_key);
    if (err == ERR_OK && with_key && !pki_fits(provision->issuing, provision->issuing_key))
        err = ERR_CORRUPT;
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT || err == ERR_REFUSED)
        files_fault(provision->dir, "the issuing authority's key or certificate cannot be used");
    if (key.data != NULL)
        explicit_bzero(key.data, key.len);
    buf_release(&key);
    return err;
}

enum err provision_open(const struct provision_options *options, bool writing,
                        struct provision *ret_provision)
{
    struct provision provision;
    enum err err = provision_place(options, options->dir, &provision);
    if (err == ERR_OK)
        err = load_issuing(&provision, writing);
    if (err == ERR_OK)
        err = index_open(options->dir, writing, &provision.index);
    if (err == ERR_OK && writing)
        err = provision_settle(&provision);
    if (err != ERR_OK)
        provision_close(&provision);
    else
        *ret_provision = provision;
    return err;
}

enum err provision_sign(const struct provision *provision, const struct pki_wish *wish,
                        struct evp_pkey_st **ret_key, struct x509_st **ret_cert)
{
    struct evp_pkey_st *key = NULL;
    struct x509_st *cert = NULL;
    enum err err = pki_key_new(&key);
    if (err == ERR_OK)
        err = pki_issue(wish, key, provision->issuing, provision->issuing_key, &cert);
    if (err != ERR_OK) {
        files_fault(wish->name,
                    err == ERR_INVALID ? "a host is neither a name nor an address" : err_text(err));
        pki_key_free(key);
        return err;
    }
    *ret_key = key;
    *ret_cert = cert;
    return ERR_OK;
}

enum err provision_identity(const char *folder, const char *name, const char *key_name,
                            struct pki_identity *ret_identity)
{
    struct buf cert, key;
    buf_init(&cert, SMALL_MAX);
    buf_init(&key, SMALL_MAX);
    enum err err = files_read(folder, name, &cert);
    if (err == ERR_OK && key_name != NULL)
        err = files_read(folder, key_name, &key);
    if (err == ERR_OK)
        err = pki_identity_parse(buf_text(&cert), cert.len, key_name != NULL ? buf_text(&key) : NULL, key.len,
                                 ret_identity);
    if (err != ERR_OK)
        files_fault(folder, "the key or the certificate there cannot be used");
    if (key.data != NULL)
        explicit_bzero(key.data, key.len);
    if (cert.data != NULL)
        explicit_bzero(cert.data, cert.len);
    buf_release(&cert);
    buf_release(&key);
    return err;
}

/* Key and certificate (and the issuer's, when `chain`) as one text, noted in the index. */
static enum err put_pair(struct provision *provision, const struct evp_pkey_st *key,
                         const struct x509_st *cert, bool chain, struct buf *out)
{
    struct pki_info info;
    enum err err = pki_key_pem(key, NULL, out);
    if (err == ERR_OK)
        err = pki_cert_pem(cert, out);
    if (err == ERR_OK && chain)
        buf_append(out, buf_text(&provision->issuing_pem), provision->issuing_pem.len);
    if (err == ERR_OK)
        err = pki_cert_info(cert, &info);
    return err == ERR_OK ? index_add_issued(&provision->index, &info, provision->now_s) : err;
}

static unsigned days_or(const struct provision *provision, unsigned days)
{
    return provision->options->days > 0 ? provision->options->days : days;
}

/* The hosts that were named, and this machine itself, on which the gateway's listener is by default. */
static unsigned gather_hosts(const struct provision_options *options, const char *hosts[BROKER_HOSTS_MAX])
{
    static const char *const always[] = {"localhost", "127.0.0.1"};
    unsigned count = 0;
    for (; count < options->host_count; count++)
        hosts[count] = options->hosts[count];
    for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        unsigned at = 0;
        while (at < count && strcmp(hosts[at], always[i]) != 0)
            at++;
        if (at == count)
            hosts[count++] = always[i];
    }
    return count;
}

enum err provision_make_broker(struct provision *provision)
{
    const char *hosts[BROKER_HOSTS_MAX];
    const unsigned host_count = gather_hosts(provision->options, hosts);
    const struct pki_wish wish = {.role = PKI_SERVER,
                                  .name = PROVISION_BROKER,
                                  .hosts = hosts,
                                  .host_count = host_count,
                                  .from_s = provision->now_s - PROVISION_HOUR_S,
                                  .until_s = provision->now_s +
                                             (int64_t)days_or(provision, SERVER_DAYS) * PROVISION_DAY_S};
    struct evp_pkey_st *key = NULL;
    struct x509_st *cert = NULL;
    struct buf text;
    buf_init(&text, SMALL_MAX);
    enum err err = provision_sign(provision, &wish, &key, &cert);
    if (err == ERR_OK)
        err = put_pair(provision, key, cert, true, &text);
    if (err == ERR_OK)
        err = index_commit(&provision->index);
    if (err == ERR_OK)
        err = files_write(provision->broker_dir, "server.pem", &text, 0600);
    pki_key_free(key);
    pki_cert_free(cert);
    buf_release(&text);
    return err;
}

enum err provision_make_gateway(struct provision *provision, const char *old_pem)
{
    const struct pki_wish wish = {.role = PKI_CLIENT,
                                  .name = PROVISION_GATEWAY,
                                  .from_s = provision->now_s - PROVISION_HOUR_S,
                                  .until_s = provision->now_s +
                                             (int64_t)days_or(provision, GATEWAY_DAYS) * PROVISION_DAY_S};
    struct evp_pkey_st *key = NULL;
    struct x509_st *cert = NULL;
    struct buf pair, trusted;
    buf_init(&pair, SMALL_MAX);
    buf_init(&trusted, SMALL_MAX);
    enum err err = pki_key_new(&key);
    if (err == ERR_OK)
        err = pki_issue(&wish, key, NULL, NULL, &cert);
    if (err == ERR_OK)
        err = put_pair(provision, key, cert, false, &pair);
    if (err == ERR_OK)
        err = pki_cert_pem(cert, &trusted);
    buf_puts(&trusted, old_pem);
    if (err == ERR_OK)
        err = index_commit(&provision->index);
    /* The broker's side first: a gateway with the new key would not get in otherwise. */
    if (err == ERR_OK)
        err = files_write(provision->broker_dir, "gateway.pem", &trusted, 0644);
    if (err == ERR_OK)
        err = files_write(provision->gateway_dir, "ca.pem", &provision->root_pem, 0644);
    if (err == ERR_OK)
        err = files_write(provision->gateway_dir, "gateway.pem", &pair, 0600);
    pki_key_free(key);
    pki_cert_free(cert);
    buf_release(&pair);
    buf_release(&trusted);
    return err;
}

/* ---- revocation lists ---- */

static enum err make_canary(struct provision *provision, struct buf *ret_pair)
{
    const int64_t life_s = (int64_t)provision->options->crl_days * PROVISION_DAY_S * CANARY_LIFE;
    const struct pki_wish wish = {.role = PKI_CLIENT,
                                  .name = PROVISION_CANARY,
                                  .from_s = provision->now_s - PROVISION_HOUR_S,
                                  .until_s = provision->now_s + life_s};
    struct evp_pkey_st *key = NULL;
    struct x509_st *cert = NULL;
    enum err err = provision_sign(provision, &wish, &key, &cert);
    if (err == ERR_OK)
        err = put_pair(provision, key, cert, true, ret_pair);
    if (err == ERR_OK)
        err = index_add_revoked(&provision->index, provision->index.count - 1, PKI_REASON_CESSATION,
                                provision->now_s);
    pki_key_free(key);
    pki_cert_free(cert);
    return err;
}

static enum err end_graces(struct provision *provision)
{
    struct index *index = &provision->index;
    for (int32_t i = 0; i < index->count; i++) {
        const struct index_entry *entry = &index->entries[i];
        if (entry->revoked_s != 0 || entry->revoke_at_s == 0 || entry->revoke_at_s > provision->now_s)
            continue;
        const enum err err = index_add_revoked(index, i, PKI_REASON_SUPERSEDED, provision->now_s);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err put_crl(const struct provision *provision, struct buf *out)
{
    const struct index *index = &provision->index;
    struct pki_revoked *revoked = calloc((size_t)index->count + 1, sizeof(*revoked));
    struct pki_crl crl = {.revoked = revoked,
                          .number = index->crl_number,
                          .from_s = provision->now_s - SKEW_S,
                          .until_s = index->crl_until_s};
    if (revoked == NULL)
        return ERR_NOMEM;
    for (int32_t i = 0; i < index->count; i++) {
        const struct index_entry *entry = &index->entries[i];
        if (entry->revoked_s != 0 && entry->until_s + KEPT_S > provision->now_s)
            revoked[crl.count++] = (struct pki_revoked){entry->serial, entry->revoked_s, entry->reason};
    }
    const enum err err = pki_crl_pem(&crl, provision->issuing, provision->issuing_key, out);
    free(revoked);
    return err;
}

enum err provision_make_crl(struct provision *provision)
{
    const int64_t until_s = provision->now_s + (int64_t)provision->options->crl_days * PROVISION_DAY_S;
    struct buf canary, crl;
    buf_init(&canary, SMALL_MAX);
    buf_init(&crl, FILES_MAX);
    enum err err = end_graces(provision);
    if (err == ERR_OK)
        err = make_canary(provision, &canary);
    if (err == ERR_OK)
        err = index_add_crl(&provision->index, provision->index.crl_number + 1, until_s, provision->now_s);
    /* What the index says is revoked stays so, whatever happens to the files: they are written again by the
     * next command that makes a list. */
    if (err == ERR_OK)
        err = index_commit(&provision->index);
    if (err == ERR_OK)
        err = put_crl(provision, &crl);
    if (err == ERR_OK)
        err = files_write(provision->dir, "canary.pem", &canary, 0600);
    if (err == ERR_OK)
        err = files_write(provision->gateway_dir, "crl.pem", &crl, 0644);
    if (err == ERR_OK)
        err = files_write(provision->broker_dir, "crl.pem", &crl, 0644);
    if (err != ERR_OK)
        files_fault("the revocation list", err_text(err));
    buf_release(&canary);
    buf_release(&crl);
    return err;
}
