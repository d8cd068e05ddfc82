/* How the authority's tools reach a running broker: its two listeners, whom to trust, identities from files.
 * Faults are told on standard error. */
#ifndef HUYANG_TOOLS_PROVISION_CONTACT_H
#define HUYANG_TOOLS_PROVISION_CONTACT_H

#include "provision.h"
#include "provision_probe.h"

enum { CONTACT_ADDRESS_SIZE = 300 };

struct contact {
    const char *broker;                        /* HOST:PORT of the devices' listener */
    char gateway_broker[CONTACT_ADDRESS_SIZE]; /* of the gateway's */
    struct tls_client *tls, *tls_1_1;
};

/* From options->broker and ->gateway_broker (by default the same host, port 8884). */
MUST_CHECK enum err contact_open(const struct provision *provision, struct contact *ret_contact);
void contact_close(struct contact *contact);
/* Certificate (and issuer) from one file; the key from the same, or from `key_name`. */
MUST_CHECK enum err contact_identity(const char *folder, const char *name, const char *key_name,
                                     struct pki_identity *ret_identity);
/* Connects once, leaves again, and tells what came of it; `why` when it was not accepted. */
enum probe_fate contact_try(const struct contact *contact, const char *address,
                            const struct pki_identity *identity, const char *client_id,
                            char why[TLS_WHY_SIZE]);

#endif
