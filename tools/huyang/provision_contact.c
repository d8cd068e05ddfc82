#include "provision_contact.h"

enum err contact_open(const struct provision *provision, struct provision_contact *ret_contact)
{
    const struct provision_options *options = provision->options;
    const struct buf *ca = &provision->root_pem;
    struct provision_contact contact = {.broker = options->broker, .gateway_broker = options->gateway_broker};
    enum err err = tls_client_new(buf_text(ca), ca->len, false, &contact.tls);
    if (err == ERR_OK)
        err = tls_client_new(buf_text(ca), ca->len, true, &contact.tls_1_1);
    if (err != ERR_OK) {
        files_fault("the root's certificate", err_text(err));
        contact_close(&contact);
        return err;
    }
    *ret_contact = contact;
    return ERR_OK;
}

void contact_close(struct provision_contact *contact)
{
    tls_client_free(contact->tls);
    tls_client_free(contact->tls_1_1);
    *contact = (struct provision_contact){.tls = NULL};
}

enum probe_fate contact_try(const struct provision_contact *contact, const char *address,
                            const struct pki_identity *identity, const char *client_id,
                            char why[TLS_WHY_SIZE])
{
    const struct probe_wish wish = {
        .address = address, .tls = contact->tls, .identity = identity, .client_id = client_id};
    struct probe probe;
    if (probe_open(&wish, &probe) != ERR_OK) {
        text_copy(why, TLS_WHY_SIZE, "HOST:PORT is expected");
        return PROBE_FAULT;
    }
    const enum probe_fate fate = probe_wait(&probe);
    text_copy(why, TLS_WHY_SIZE, probe.mqtt.why);
    probe_close(&probe);
    return fate;
}
