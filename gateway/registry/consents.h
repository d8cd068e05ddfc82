/* Inside the registry: what the ledger of consents comes to. Not for other stages. */
#ifndef HUYANG_REGISTRY_CONSENTS_H
#define HUYANG_REGISTRY_CONSENTS_H

#include "registry/registry.h"

/* Sets what is in force: the residents' consent (and the short form in their rows, so that whoever reads rows
 * reads the same), what co-residents withhold from a household's cameras, which trusted visitors refuse. */
MUST_CHECK enum err consents_apply(struct registry *registry);

#endif
