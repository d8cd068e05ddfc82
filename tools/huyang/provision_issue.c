/* device, batch, rotate. A certificate comes to be in three steps, so that a kill between any two of them
 * leaves nothing half done:
 *
 *     1  key and certificate are written to devices/.new/ID and synced
 *     2  its line is written to the index and synced: from here on it is issued
 *     3  devices/.new/ID becomes devices/ID
 *
 * provision_settle() does step 3 for whatever the index knows and removes the rest; every command that opens
 * the authority for writing begins with it. A batch takes the steps for GROUP devices at a time, which costs
 * three syncs instead of three for each. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision.h"
#include "provision_list.h"

enum { GROUP = 64, DEVICE_DAYS = 1825, BACKDATED_S = PROVISION_DAY_S, SMALL_MAX = 1 << 20 };

/* ---- step 1 ---- */

static enum err stage_bundle(const struct provision *provision, const char *folder,
                             const struct evp_pkey_st *key, const struct x509_st *cert)
{
    char password[PROVISION_SECRET_SIZE];
    struct buf text;
    if (provision->options->p12_password_file == NULL)
        return ERR_OK;
    buf_init(&text, SMALL_MAX);
    enum err err = files_first_line(provision->options->p12_password_file, password, sizeof(password));
    if (err == ERR_OK)
        err = pki_bundle(cert, key, provision->issuing, password, &text);
    if (err == ERR_OK)
        err = files_stage(folder, "bundle.p12", &text, 0600);
    explicit_bzero(password, sizeof(password));
    buf_release(&text);
    return err;
}

static enum err stage_files(const struct provision *provision, const char *folder,
                            const struct evp_pkey_st *key, const struct x509_st *cert)
{
    struct buf key_pem, cert_pem;
    buf_init(&key_pem, SMALL_MAX);
    buf_init(&cert_pem, SMALL_MAX);
    enum err err = files_make_folder(folder, 0700);
    if (err == ERR_OK)
        err = pki_key_pem(key, NULL, &key_pem);
    if (err == ERR_OK)
        err = pki_cert_pem(cert, &cert_pem);
    buf_append(&cert_pem, buf_text(&provision->issuing_pem), provision->issuing_pem.len);
    if (err == ERR_OK)
        err = files_stage(folder, "key.pem", &key_pem, 0600);
    if (err == ERR_OK)
        err = files_stage(folder, "cert.pem", &cert_pem, 0644);
    if (err == ERR_OK)
        err = files_stage(folder, "ca.pem", &provision->root_pem, 0644);
    if (err == ERR_OK)
        err = stage_bundle(provision, folder, key, cert);
    if (key_pem.data != NULL)
        explicit_bzero(key_pem.data, key_pem.len);
    buf_release(&key_pem);
    buf_release(&cert_pem);
    return err;
}

static enum err new_folder(const struct provision *provision, char path[FILES_PATH_SIZE])
{
    return files_join(path, provision->devices_dir, ".new");
}

static enum err stage(struct provision *provision, const char *id)
{
    const unsigned days = provision->options->days > 0 ? provision->options->days : DEVICE_DAYS;
    /* A wristband's clock may be a day behind before it has heard of the time. */
    const struct pki_wish wish = {.role = PKI_CLIENT,
                                  .name = id,
                                  .from_s = provision->now_s - BACKDATED_S,
                                  .until_s = provision->now_s + (int64_t)days * PROVISION_DAY_S};
    char fresh[FILES_PATH_SIZE], place[FILES_PATH_SIZE];
    struct evp_pkey_st *key = NULL;
    struct x509_st *cert = NULL;
    struct pki_info info;
    enum err err = new_folder(provision, fresh);
    if (err == ERR_OK)
        err = files_make_folder(fresh, 0700);
    if (err == ERR_OK)
        err = files_join(place, fresh, id);
    if (err == ERR_OK)
        err = provision_sign(provision, &wish, &key, &cert);
    if (err == ERR_OK)
        err = stage_files(provision, place, key, cert);
    if (err == ERR_OK)
        err = pki_cert_info(cert, &info);
    if (err == ERR_OK)
        err = index_add_issued(&provision->index, &info, provision->now_s);
    pki_key_free(key);
    pki_cert_free(cert);
    return err;
}

/* ---- steps 2 and 3 ---- */

/* The serial number of the certificate in a device's folder; false when there is none that can be read. */
static bool serial_in(const char *folder, char serial[PKI_SERIAL_SIZE])
{
    struct x509_st *cert = NULL;
    struct pki_info info;
    struct buf text;
    buf_init(&text, SMALL_MAX);
    const bool read = files_read(folder, "cert.pem", &text) == ERR_OK &&
                      pki_cert_parse(buf_text(&text), text.len, &cert) == ERR_OK &&
                      pki_cert_info(cert, &info) == ERR_OK;
    pki_cert_free(cert);
    buf_release(&text);
    return read && text_copy(serial, PKI_SERIAL_SIZE, info.serial);
}

/* devices/ID, if there is one, becomes devices/.old/ID.SERIAL. */
static enum err put_aside(const struct provision *provision, const char *id, const char *place)
{
    char old[FILES_PATH_SIZE], to[FILES_PATH_SIZE], name[FILES_PATH_SIZE];
    char serial[PKI_SERIAL_SIZE] = "unknown";
    if (!files_exist(provision->devices_dir, id))
        return ERR_OK;
    (void)serial_in(place, serial);
    snprintf(name, sizeof(name), "%s.%s", id, serial);
    enum err err = files_join(old, provision->devices_dir, ".old");
    if (err == ERR_OK)
        err = files_make_folder(old, 0700);
    if (err == ERR_OK)
        err = files_join(to, old, name);
    return err == ERR_OK ? files_move(place, to) : err;
}

static enum err settle_one(const struct provision *provision, const char *fresh, const char *id)
{
    char from[FILES_PATH_SIZE], place[FILES_PATH_SIZE], serial[PKI_SERIAL_SIZE];
    enum err err = files_join(from, fresh, id);
    if (err == ERR_OK)
        err = files_join(place, provision->devices_dir, id);
    if (err != ERR_OK)
        return err;
    if (!serial_in(from, serial) || index_of_serial(&provision->index, serial) == INDEX_NONE)
        return files_remove_folder(from); /* step 2 was not reached */
    err = put_aside(provision, id, place);
    return err == ERR_OK ? files_move(from, place) : err;
}

enum err provision_settle(struct provision *provision)
{
    char fresh[FILES_PATH_SIZE];
    const struct dirent *entry;
    enum err err = new_folder(provision, fresh);
    if (err != ERR_OK)
        return err;
    DIR *folder = opendir(fresh);
    if (folder == NULL) {
        if (errno == ENOENT)
            return ERR_OK;
        files_fault(fresh, strerror(errno));
        return ERR_IO;
    }
    while (err == ERR_OK && (entry = readdir(folder)) != NULL)
        if (text_is_id(entry->d_name, strlen(entry->d_name)))
            err = settle_one(provision, fresh, entry->d_name);
    closedir(folder);
    return err == ERR_OK ? files_sync_folder(provision->devices_dir) : err;
}

static enum err finish_group(struct provision *provision)
{
    enum err err = files_sync_all(provision->devices_dir);
    if (err == ERR_OK)
        err = index_commit(&provision->index);
    return err == ERR_OK ? provision_settle(provision) : err;
}

/* ---- the verbs ---- */

static const struct index_entry *newest(const struct provision *provision, const char *id)
{
    const int32_t at = index_of_id(&provision->index, id);
    return at == INDEX_NONE ? NULL : &provision->index.entries[at];
}

static void tell_folder(const struct provision *provision, const char *id)
{
    const struct index_entry *entry = newest(provision, id);
    printf("%s: %s/%s, serial %s, SHA-256 %s\n", id, provision->devices_dir, id, entry->serial,
           entry->fingerprint);
}

int provision_device(const struct provision_options *options)
{
    struct provision provision;
    const char *id = options->words[0];
    int status = PROVISION_FAILED;
    if (!provision_is_device(id))
        return PROVISION_USAGE;
    if (provision_open(options, true, &provision) != ERR_OK)
        return PROVISION_FAILED;
    if (newest(&provision, id) != NULL) {
        files_fault(id, "has a certificate, or had one; `rotate` gives it a new one");
        status = PROVISION_USAGE;
    } else if (stage(&provision, id) == ERR_OK && finish_group(&provision) == ERR_OK) {
        tell_folder(&provision, id);
        status = PROVISION_WELL;
    }
    provision_close(&provision);
    return status;
}

static enum err issue_list(struct provision *provision, const struct provision_list *list,
                           uint32_t *ret_issued)
{
    enum err err = ERR_OK;
    uint32_t staged = 0, issued = 0;
    for (uint32_t i = 0; i < list->count && err == ERR_OK; i++) {
        if (newest(provision, list->rows[i].id) != NULL)
            continue;
        err = stage(provision, list->rows[i].id);
        if (err == ERR_OK && ++staged == GROUP) {
            err = finish_group(provision);
            issued += staged;
            staged = 0;
        }
    }
    if (err == ERR_OK && staged > 0)
        err = finish_group(provision);
    *ret_issued = issued + staged;
    return err;
}

int provision_batch(const struct provision_options *options)
{
    struct provision provision;
    struct provision_list list;
    int status = PROVISION_FAILED;
    uint32_t issued = 0;
    if (provision_open(options, true, &provision) != ERR_OK)
        return PROVISION_FAILED;
    enum err err = provision_list_read(options->words[0], &provision.index, provision.now_s, &list);
    if (err == ERR_INVALID || err == ERR_NOT_FOUND) {
        status = PROVISION_USAGE;
    } else if (err == ERR_OK) {
        err = issue_list(&provision, &list, &issued);
        if (err == ERR_OK) {
            printf("%s: %u devices, %u certificates issued, %u had one\n", options->words[0], list.count,
                   issued, list.count - issued);
            status = PROVISION_WELL;
        } else {
            fputs("What was issued stays so; the same command goes on where it ended.\n", stderr);
        }
        provision_list_free(&list);
    }
    provision_close(&provision);
    return status;
}

/* Every certificate of the id that is still good for something ends after the grace. */
static enum err supersede(struct provision *provision, int32_t at)
{
    const int64_t grace_s = (int64_t)provision->options->grace_days * PROVISION_DAY_S;
    enum err err = ERR_OK;
    for (; at != INDEX_NONE && err == ERR_OK; at = provision->index.entries[at].before) {
        const struct index_entry *entry = &provision->index.entries[at];
        if (index_is_valid(entry, provision->now_s) &&
            (entry->revoke_at_s == 0 || entry->revoke_at_s > provision->now_s + grace_s))
            err = index_add_superseded(&provision->index, at, provision->now_s + grace_s, provision->now_s);
    }
    return err;
}

static enum err rotate_device(struct provision *provision, const char *id)
{
    const int32_t old = index_of_id(&provision->index, id);
    enum err err = stage(provision, id);
    if (err == ERR_OK)
        err = supersede(provision, old);
    if (err == ERR_OK)
        err = finish_group(provision);
    if (err == ERR_OK)
        tell_folder(provision, id);
    return err;
}

static enum err rotate_gateway(struct provision *provision)
{
    struct buf old;
    buf_init(&old, SMALL_MAX);
    /* Of the old ones only the newest stays, which the gateway still uses. */
    enum err err = files_read(provision->gateway_dir, "gateway.pem", &old);
    struct x509_st *cert = NULL;
    if (err == ERR_OK)
        err = pki_cert_parse(buf_text(&old), old.len, &cert);
    buf_clear(&old);
    if (err == ERR_OK && provision->options->grace_days > 0)
        err = pki_cert_pem(cert, &old);
    if (err == ERR_OK)
        err = supersede(provision, index_of_id(&provision->index, PROVISION_GATEWAY));
    if (err == ERR_OK)
        err = provision_make_gateway(provision, buf_text(&old));
    if (err == ERR_OK)
        printf("%s: %s/gateway.pem; restart the broker (a reload is not enough): the gateway comes back with "
               "it\n",
               PROVISION_GATEWAY, provision->gateway_dir);
    pki_cert_free(cert);
    buf_release(&old);
    return err;
}

static enum err rotate_broker(struct provision *provision)
{
    enum err err = supersede(provision, index_of_id(&provision->index, PROVISION_BROKER));
    if (err == ERR_OK)
        err = provision_make_broker(provision);
    if (err == ERR_OK)
        printf("%s: %s/server.pem; reload the broker\n", PROVISION_BROKER, provision->broker_dir);
    return err;
}

int provision_rotate(const struct provision_options *options)
{
    struct provision provision;
    const char *id = options->words[0];
    const bool broker = strcmp(id, PROVISION_BROKER) == 0, gateway = strcmp(id, PROVISION_GATEWAY) == 0;
    int status = PROVISION_USAGE;
    if (!broker && !gateway && !provision_is_device(id))
        return PROVISION_USAGE;
    if (broker && options->host_count == 0) {
        files_fault(id, "--host is needed: the names and addresses by which it is reached");
        return PROVISION_USAGE;
    }
    if (provision_open(options, true, &provision) != ERR_OK)
        return PROVISION_FAILED;
    if (newest(&provision, id) == NULL) {
        files_fault(id, "never had a certificate; `device` gives it one");
    } else {
        enum err err = broker    ? rotate_broker(&provision)
                       : gateway ? rotate_gateway(&provision)
                                 : rotate_device(&provision, id);
        if (err == ERR_OK && options->grace_days == 0)
            err = provision_make_crl(&provision); /* the old one ends now */
        status = err == ERR_OK ? PROVISION_WELL : PROVISION_FAILED;
    }
    provision_close(&provision);
    return status;
}
