#include "fixture.h"

#include "relay/address.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_addresses_are_public),
        cmocka_unit_test(private_local_and_reserved_addresses_are_not),
        cmocka_unit_test(other_families_are_never_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
