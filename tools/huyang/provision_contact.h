/* How the authority's tools reach a running broker: its two listeners, whom to trust.
 * Faults are told on standard error. */
#ifndef HUYANG_TOOLS_PROVISION_CONTACT_H
#define HUYANG_TOOLS_PROVISION_CONTACT_H

#include "provision.h"
#include "provision_probe.h"

struct provision_contact {
    const char *broker, *gateway_broker; /* HOST:PORT of the two listeners */
    struct tls_client *tls, *tls_1_1;
};

/* From options->broker and ->gateway_broker. */
MUST_CHECK enum err contact_open(const struct provision *provision, struct provision_contact *ret_contact);
void contact_close(struct provision_contact *contact);
/* Connects once, leaves again, and tells what came of it; `why` when it was not accepted. */
enum probe_fate contact_try(const struct provision_contact *contact, const char *address,
                            const struct pki_identity *identity, const char *client_id,
                            char why[TLS_WHY_SIZE]);

#endif
