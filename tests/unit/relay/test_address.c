#include "fixture.h"

#include "relay/address.h"
#include "relay/tcp.h"

static void public_addresses_are_public(void **state)
{
    (void)state;
    static const char *const good[] = {
        "1.1.1.1",      "8.8.8.8",        "172.15.255.255",   "172.32.0.0",      "100.63.255.255",
        "100.128.0.0",  "198.17.255.255", "198.20.0.0",       "223.255.255.255", "192.169.0.0",
        "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(address_text_is_public(good[i]));
}

static void private_local_and_reserved_addresses_are_not(void **state)
{
    (void)state;
    static const char *const bad[] = {"0.0.0.0",
                                      "0.1.2.3",
                                      "10.0.0.1",
                                      "10.255.255.255",
                                      "100.64.0.1",
                                      "100.127.255.255",
                                      "127.0.0.1",
                                      "127.255.255.254",
                                      "169.254.169.254",
                                      "172.16.0.1",
                                      "172.31.255.255",
                                      "192.0.0.1",
                                      "192.0.2.1",
                                      "192.88.99.1",
                                      "192.168.0.1",
                                      "198.18.0.1",
                                      "198.19.255.255",
                                      "198.51.100.1",
                                      "203.0.113.1",
                                      "224.0.0.1",
                                      "239.255.255.255",
                                      "240.0.0.1",
                                      "255.255.255.255",
                                      "::",
                                      "::1",
                                      "::ffff:127.0.0.1",
                                      "::ffff:10.0.0.1",
                                      "64:ff9b::10.0.0.1",
                                      "2002:7f00:1::",
                                      "fc00::1",
                                      "fd12::1",
                                      "fe80::1",
                                      "fec0::1",
                                      "ff02::1",
                                      "2001::1",
                                      "2001:db8::1",
                                      "100::1",
                                      "::127.0.0.1",
                                      "",
                                      "localhost",
                                      "1.2.3",
                                      "0x7f.1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(address_text_is_public(bad[i]));
}

static void other_families_are_never_public(void **state)
{
    (void)state;
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    assert_false(address_is_public((const struct sockaddr *)&address));
}

static void a_host_and_a_port_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        unsigned port;
    } cases[] = {{"127.0.0.1:9999", "127.0.0.1", 9999},
                 {"police.example:1", "police.example", 1},
                 {"[2001:db8::1]:65535", "2001:db8::1", 65535}};
    static const char *const none[] = {"",           "host",          "host:",   ":9999",   "host:0",
                                       "host:65536", "2001:db8::1:9", "[]:9999", "ho st:9", "host:9x",
                                       "a@host:9",   "[::1:9",        "host/:9", "h\x80:9"};
    char host[TCP_ADDRESS_SIZE], huge[TCP_ADDRESS_SIZE + 8];
    uint16_t port;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(tcp_address_parse(cases[i].text, host, &port));
        assert_string_equal(host, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(tcp_address_parse(none[i], host, &port));
    memset(huge, 'h', sizeof huge);
    memcpy(huge + sizeof huge - 3, ":9", 3);
    assert_false(tcp_address_parse(huge, host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_and_a_port_are_told_apart),
        cmocka_unit_test(public_addresses_are_public),
        cmocka_unit_test(private_local_and_reserved_addresses_are_not),
        cmocka_unit_test(other_families_are_never_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
