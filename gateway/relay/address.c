#include "relay/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not global, RFC 6890 and its successors: network, prefix length. */
static const struct {
    uint32_t network;
    unsigned bits;
} special4[] = {
    {0x00000000, 8},  /* this network */
    {0x0A000000, 8},  /* private */
    {0x64400000, 10}, /* carrier-grade NAT */
    {0x7F000000, 8},  /* loopback */
    {0xA9FE0000, 16}, /* link-local */
    {0xAC100000, 12}, /* private */
    {0xC0000000, 24}, /* protocol assignments */
    {0xC0000200, 24}, /* documentation */
    {0xC0586300, 24}, /* 6to4 relays */
    {0xC0A80000, 16}, /* private */
    {0xC6120000, 15}, /* benchmarks */
    {0xC6336400, 24}, /* documentation */
    {0xCB007100, 24}, /* documentation */
    {0xE0000000, 4},  /* multicast */
    {0xF0000000, 4},  /* reserved, broadcast */
};

static bool public4(uint32_t host)
{
    for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++)
        if (((host ^ special4[i].network) >> (32 - special4[i].bits)) == 0)
            return false;
    return true;
}

static uint32_t read32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool public6(const uint8_t *b)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(b, mapped, sizeof mapped) == 0 || memcmp(b, nat64, sizeof nat64) == 0)
        return public4(read32(b + 12));
    if (b[0] == 0x20 && b[1] == 0x02)
        return public4(read32(b + 2));
    if (b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xFE) == 0x00)
        return false; /* 2001::/23: Teredo, ORCHID, benchmarks */
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8)
        return false;             /* documentation */
    return (b[0] & 0xE0) == 0x20; /* only 2000::/3 is global unicast today */
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return public6(in6.sin6_addr.s6_addr);
    }
    return false;
}

bool address_text_is_public(const char *text)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1)
        return public4(read32(bytes));
    return inet_pton(AF_INET6, text, bytes) == 1 && public6(bytes);
}

bool address_url_is_loopback(const char *url)
{
    const char *host = strstr(url, "://");
    if (url[0] == '\0')
        return true;
    if (host == NULL)
        return false;
    host += 3;
    const size_t authority = strcspn(host, "/?#\\");
    if (memchr(host, '@', authority) != NULL)
        return false;
    static const char v6[] = "[::1]";
    const bool is_v6 = strncmp(host, v6, sizeof(v6) - 1) == 0;
    const size_t len = is_v6 ? sizeof(v6) - 1 : strcspn(host, ":/?#\\");
    if (host[len] != '\0' && strchr(":/?#", host[len]) == NULL)
        return false;
    static const char name[] = "localhost";
    return is_v6 || (len == sizeof(name) - 1 && strncmp(host, name, len) == 0) ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len);
}
