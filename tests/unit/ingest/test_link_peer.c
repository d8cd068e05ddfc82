#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "ingest/link_socket.h"

static struct link_peer good(const char *url)
{
    struct link_peer peer;

    if (link_peer_parse(url, &peer) != ERR_OK)
        fail_msg("refused: %s", url);
    return peer;
}

static void the_usual_broker_urls_give_port_and_address(void **state)
{
    static const unsigned char loopback[] = {127, 0, 0, 1};
    static const unsigned char loopback6[16] = {[15] = 1};
    struct link_peer peer = good("tcp://127.0.0.1:1884");

    (void)state;
    assert_int_equal(peer.port, 1884);
    assert_int_equal(peer.family, AF_INET);
    assert_memory_equal(peer.address, loopback, sizeof(loopback));
    peer = good("ssl://[::1]:8884");
    assert_int_equal(peer.port, 8884);
    assert_int_equal(peer.family, AF_INET6);
    assert_memory_equal(peer.address, loopback6, sizeof(loopback6));
    peer = good("ssl://broker.example");
    assert_int_equal(peer.port, 8883);
    assert_int_equal(peer.family, 0);
    assert_int_equal(good("tcp://broker.example").port, 1883);
    assert_int_equal(good("tcp://[::1]").port, 1883);
}

static void other_urls_are_refused_and_the_output_untouched(void **state)
{
    static const char *const wrong[] = {"",
                                        "127.0.0.1:1883",
                                        "http://127.0.0.1",
                                        "tcp://",
                                        "tcp://:1883",
                                        "tcp://h:0",
                                        "tcp://h:65536",
                                        "tcp://h:",
                                        "tcp://h:18x83",
                                        "tcp://h:+1883",
                                        "tcp://[::1",
                                        "tcp://[::1]x",
                                        "tcp://[name]:1883",
                                        "tcp://a/b:1883",
                                        "tcp://h:1883/path",
                                        "TCP://h",
                                        "ws://h:1883/mqtt",
                                        "tcp://[127.0.0.1]:1x",
                                        "ssl://[::1]:none"};
    struct link_peer peer, before;

    (void)state;
    memset(&peer, 0x5a, sizeof(peer));
    before = peer;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (link_peer_parse(wrong[i], &peer) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
        assert_memory_equal(&peer, &before, sizeof(peer));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_broker_urls_give_port_and_address),
        cmocka_unit_test(other_urls_are_refused_and_the_output_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
