/* Of the keys of the broker and of the HTTP interface, what no single one shows. */
#include <arpa/inet.h>
#include <string.h>

#include "config_keys.h"
#include "relay/address.h"

static bool is_loopback(const char *text)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

const char *config_broker_fault(const struct config_broker *broker, const char **ret_key)
{
    *ret_key = "broker.url";
    if (strncmp(broker->url, "ssl://", 6) != 0 && !broker->insecure && !address_url_is_loopback(broker->url))
        return "beyond loopback only with TLS (ssl://), or in clear through a tunnel that encrypts with "
               "broker.insecure: true";
    return NULL;
}

const char *config_api_fault(const struct config_api *api, const char **ret_key)
{
    *ret_key = "api.tls.key_file";
    if (*api->cert_file && !*api->key_file)
        return "is missing: api.tls.cert_file and it belong together";
    *ret_key = "api.tls.cert_file";
    if (!*api->cert_file && *api->key_file)
        return "is missing: api.tls.key_file and it belong together";
    if (!*api->cert_file && *api->client_ca_file)
        return "is missing: clients show certificates over TLS only";
    *ret_key = "api.listen";
    if (!*api->cert_file && !api->insecure && !is_loopback(api->listen))
        return "beyond loopback only with TLS (api.tls.cert_file and key_file), or in clear behind a proxy "
               "that "
               "does it with api.insecure: true";
    return NULL;
}
