/* The link against a real mosquitto on a free loopback port: full speed, broker restarts, a frozen broker,
 * full rings, last wills. Every wait ends with what it waits for; WAIT_MS is only how long a broken link may
 * fool us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "ingest/link.h"
#include "ingest/link_socket.h"

enum { WAIT_MS = 30000, TICK_MS = 500, FULL_SPEED = 10000 };
#define COUNTY "500101"

struct world {
    char folder[64], url[64], config[96], port_text[8];
    int port;
    pid_t broker;
    int wake_fd;
    struct link *link;
    int64_t next_tick_ms;
    unsigned urgent, routine, out_of_order; /* taken from the rings */
    unsigned next_urgent, next_routine;     /* what the next payload must be */
    size_t largest;
    bool drain;
};

static void wake(void *self)
{
    uint64_t one = 1;
    const struct world *world = self;
    if (write(world->wake_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: awake already */
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Runs a program with its standard input from a file (or /dev/null) and its output into one (or /dev/null).
 */
static pid_t run(const char *const *arguments, const char *input, const char *output)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int in = open(input != NULL ? input : "/dev/null", O_RDONLY);
        int out = open(output != NULL ? output : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
            _exit(126);
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return pid;
}

static bool broker_listens(const struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)world->port);
    bool listens = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return listens;
}

static void start_broker(struct world *world)
{
    const char *const arguments[] = {"mosquitto", "-c", world->config, NULL};
    int64_t until = clock_now().mono_ms + WAIT_MS;

    world->broker = run(arguments, NULL, NULL);
    while (!broker_listens(world)) {
        assert_true(clock_now().mono_ms < until);
        poll(NULL, 0, 10);
    }
}

static void kill_broker(struct world *world)
{
    kill(world->broker, SIGKILL);
    waitpid(world->broker, NULL, 0);
    world->broker = 0;
}

static void take(struct world *world, struct ring *ring, unsigned *count, unsigned *next)
{
    size_t len;
    const unsigned char *bytes;

    while ((bytes = ring_peek(ring, &len)) != NULL) {
        struct link_record record;
        char text[32] = "";
        memcpy(&record, bytes, sizeof(record));
        assert_int_equal(len, sizeof(record) + record.topic_len + record.payload_len);
        memcpy(text, bytes + sizeof(record) + record.topic_len,
               record.payload_len < sizeof(text) ? record.payload_len : sizeof(text) - 1);
        world->out_of_order += strtoul(text, NULL, 10) != *next;
        world->largest = record.payload_len > world->largest ? record.payload_len : world->largest;
        ++*next;
        ++*count;
        ring_drop(ring);
    }
}

/* One turn of what the core loop does. */
static void turn(struct world *world)
{
    struct pollfd waiting = {.fd = world->wake_fd, .events = POLLIN};
    uint64_t ignored;

    poll(&waiting, 1, 20);
    if (read(world->wake_fd, &ignored, sizeof(ignored)) < 0)
        ignored = 0;
    if (world->drain) {
        take(world, link_urgent(world->link), &world->urgent, &world->next_urgent);
        take(world, link_routine(world->link), &world->routine, &world->next_routine);
    }
    int64_t now = clock_now().mono_ms;
    if (now >= world->next_tick_ms) {
        world->next_tick_ms = now + TICK_MS;
        assert_true(link_tick(world->link, now));
    }
}

#define WAIT_FOR(world, condition)                                                                           \
    do {                                                                                                     \
        int64_t until_ms = clock_now().mono_ms + WAIT_MS;                                                    \
        while (!(condition)) {                                                                               \
            if (clock_now().mono_ms > until_ms)                                                              \
                fail_msg("never came: %s", #condition);                                                      \
            turn(world);                                                                                     \
        }                                                                                                    \
    } while (0)

static struct link_stats stats(const struct world *world)
{
    struct link_stats stats;
    link_stats(world->link, &stats);
    return stats;
}

static struct link_config usual_config(struct world *world)
{
    return (struct link_config){.url = world->url,
                                .username = "",
                                .password_file = "",
                                .ca_file = "",
                                .cert_file = "",
                                .key_file = "",
                                .county = COUNTY,
                                .instance = "test",
                                .urgent_ring_bytes = 1 << 20,
                                .routine_ring_bytes = 8 << 20,
                                .wake = wake,
                                .self = world};
}

static void open_link(struct world *world, const struct link_config *config)
{
    assert_int_equal(link_new(config, &world->link), ERR_OK);
    assert_int_equal(link_start(world->link), ERR_OK);
    WAIT_FOR(world, link_is_up(world->link));
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    snprintf(world->folder, sizeof(world->folder), "/tmp/huyang-link-XXXXXX");
    if (mkdtemp(world->folder) == NULL)
        return -1;
    world->port = free_port();
    world->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    world->drain = true;
    snprintf(world->url, sizeof(world->url), "tcp://127.0.0.1:%d", world->port);
    snprintf(world->port_text, sizeof(world->port_text), "%d", world->port);
    snprintf(world->config, sizeof(world->config), "%s/broker.conf", world->folder);
    FILE *file = fopen(world->config, "w");
    fprintf(file,
            "listener %d 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_dest "
            "none\n"
            "max_queued_messages 100000\nmax_inflight_messages 200\n",
            world->port);
    fclose(file);
    start_broker(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    char command[128];

    if (world->broker > 0)
        kill(world->broker, SIGCONT);
    link_stop(world->link, 500);
    if (world->broker > 0)
        kill_broker(world);
    close(world->wake_fd);
    snprintf(command, sizeof(command), "rm -r %s", world->folder);
    int rc = system(command);
    free(world);
    return rc;
}

/* A publisher that sends the lines "0".."count - 1" to the topic as fast as it can. */
static pid_t publish_lines(struct world *world, const char *topic, const char *qos, unsigned count)
{
    char path[96];
    const char *const arguments[] = {
        "mosquitto_pub", "-h", "127.0.0.1", "-p", world->port_text, "-t", topic, "-q", qos, "-l", NULL};

    snprintf(path, sizeof(path), "%s/lines", world->folder);
    FILE *file = fopen(path, "w");
    for (unsigned i = 0; i < count; i++)
        fprintf(file, "%u\n", i);
    fclose(file);
    return run(arguments, path, NULL);
}

/* The retained state of the gateway, as a fresh subscriber sees it: 1 up, 2 down. */
static int told_state(struct world *world)
{
    char path[96], text[256] = "";
    const char *const arguments[] = {"mosquitto_sub",
                                     "-h",
                                     "127.0.0.1",
                                     "-p",
                                     world->port_text,
                                     "-t",
                                     "huyang/v1/" COUNTY "/gateway",
                                     "-C",
                                     "1",
                                     "-W",
                                     "2",
                                     "-F",
                                     "%x",
                                     NULL};

    snprintf(path, sizeof(path), "%s/state", world->folder);
    waitpid(run(arguments, NULL, path), NULL, 0);
    FILE *file = fopen(path, "r");
    if (fgets(text, sizeof(text), file) == NULL)
        text[0] = '\0';
    fclose(file);
    return strncmp(text, "0801", 4) == 0 ? 1 : strncmp(text, "0802", 4) == 0 ? 2 : 0;
}

static void ten_thousand_messages_at_full_speed_arrive_in_order_on_both_lanes(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    open_link(world, &config);
    pid_t publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/urgent", "1", FULL_SPEED);
    WAIT_FOR(world, world->urgent == FULL_SPEED);
    waitpid(publisher, NULL, 0);
    publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/routine", "1", FULL_SPEED);
    WAIT_FOR(world, world->routine == FULL_SPEED);
    waitpid(publisher, NULL, 0);
    assert_int_equal(world->out_of_order, 0);
    assert_int_equal(stats(world).refused_urgent + stats(world).refused_routine, 0);
    assert_int_equal(stats(world).received_urgent, FULL_SPEED);
}

static void a_restarted_broker_is_found_again_and_subscribed_again(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    open_link(world, &config);
    for (unsigned round = 1; round <= 3; round++) {
        unsigned changes = link_changes(world->link), before = world->urgent;
        kill_broker(world);
        WAIT_FOR(world, !link_is_up(world->link));
        WAIT_FOR(world,
                 link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/ack", "x", 1, 0, false) == ERR_BUSY);
        start_broker(world); /* without any memory of our sessions */
        WAIT_FOR(world, link_is_up(world->link));
        assert_int_equal(link_changes(world->link), changes + 2);
        world->next_urgent = 0;
        pid_t publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/urgent", "1", 100);
        WAIT_FOR(world, world->urgent == before + 100);
        waitpid(publisher, NULL, 0);
        publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/routine", "1", 100);
        WAIT_FOR(world, world->routine == 100 * round);
        waitpid(publisher, NULL, 0);
        WAIT_FOR(world, told_state(world) == 1);
    }
    assert_int_equal(stats(world).connects, 8);
    assert_int_equal(stats(world).losses, 6);
}

static unsigned drain_dialects(struct world *world)
{
    unsigned count = 0;
    size_t len;
    while (ring_peek(link_dialects(world->link), &len) != NULL) {
        ring_drop(link_dialects(world->link));
        count++;
    }
    return count;
}

/* Foreign messages have a session and a ring: full of them, the lanes go on; a new broker is asked for them
 * again. */
static void a_flood_of_foreign_messages_is_no_matter_of_the_lanes(void **state)
{
    static const char filters[][TOPIC_SIZE] = {"frigate/events", "owntracks/+/+"};
    struct world *world = *state;
    struct link_config config = usual_config(world);
    unsigned urgent = 0;

    config.dialect_filters = filters;
    config.dialect_filter_count = 2;
    config.dialect_ring_bytes = 64 << 10;
    open_link(world, &config);
    for (unsigned round = 0; round < 2; round++) {
        const uint64_t received = stats(world).received_dialects;
        /* The third session may still be on its way: published until one arrives. */
        do {
            waitpid(publish_lines(world, "owntracks/a/b", "1", 1), NULL, 0);
            turn(world);
        } while (stats(world).received_dialects == received);
        pid_t flood = publish_lines(world, "frigate/events", "1", FULL_SPEED);
        WAIT_FOR(world, stats(world).received_dialects >= received + FULL_SPEED);
        waitpid(flood, NULL, 0);
        assert_true(stats(world).refused_dialects > 0);
        world->next_urgent = 0;
        pid_t publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/urgent", "1", 100);
        urgent += 100;
        WAIT_FOR(world, world->urgent == urgent);
        waitpid(publisher, NULL, 0);
        assert_true(drain_dialects(world) > 0);
        if (round == 0) {
            kill_broker(world);
            WAIT_FOR(world, !link_is_up(world->link));
            start_broker(world);
            WAIT_FOR(world, link_is_up(world->link));
        }
    }
}

static void a_link_may_be_started_before_its_broker(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    kill_broker(world);
    assert_int_equal(link_new(&config, &world->link), ERR_OK);
    assert_int_equal(link_start(world->link), ERR_OK);
    for (unsigned i = 0; i < 20; i++)
        turn(world);
    assert_false(link_is_up(world->link));
    start_broker(world);
    WAIT_FOR(world, link_is_up(world->link));
}

static void the_gateway_is_told_up_and_after_a_stop_down(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    open_link(world, &config);
    WAIT_FOR(world, told_state(world) == 1);
    link_stop(world->link, 2000);
    world->link = NULL;
    assert_int_equal(told_state(world), 2);
}

static void a_killed_gateway_is_told_down_by_its_last_will(void **state)
{
    struct world *world = *state;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct link_config config = usual_config(world);
        if (link_new(&config, &world->link) != ERR_OK || link_start(world->link) != ERR_OK)
            _exit(1);
        for (;;)
            turn(world);
    }
    while (told_state(world) != 1)
        ;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (told_state(world) != 2)
        ;
}

static void a_full_ring_drops_and_counts_and_never_blocks_the_beat(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    config.urgent_ring_bytes = 1 << 16;
    config.routine_ring_bytes = 1 << 16;
    world->drain = false;
    open_link(world, &config);
    pid_t publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/urgent", "1", FULL_SPEED);
    WAIT_FOR(world, stats(world).received_urgent == FULL_SPEED);
    waitpid(publisher, NULL, 0);
    uint64_t refused = stats(world).refused_urgent, beats = stats(world).beats_heard;
    assert_in_range(refused, 1, FULL_SPEED);
    WAIT_FOR(world, stats(world).beats_heard > beats);
    world->drain = true;
    WAIT_FOR(world, world->urgent == FULL_SPEED - refused);
    assert_int_equal(world->out_of_order, 0);
    assert_int_equal(stats(world).losses, 0);
}

static unsigned waking;
static void count_wake(void *self)
{
    waking++;
    wake(self);
}

static void routine_messages_wake_nobody_until_the_ring_is_half_full(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    config.wake = count_wake;
    config.routine_ring_bytes = 1 << 20;
    open_link(world, &config);
    world->drain = false;
    waking = 0;
    pid_t publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/routine", "1", 1000);
    WAIT_FOR(world, stats(world).received_routine == 1000);
    waitpid(publisher, NULL, 0);
    assert_true(ring_used(link_routine(world->link)) < 1 << 19);
    assert_int_equal(waking, 0);
    publisher = publish_lines(world, "huyang/v1/" COUNTY "/wb-1/routine", "1", 10000);
    WAIT_FOR(world, stats(world).received_routine == 11000);
    waitpid(publisher, NULL, 0);
    assert_in_range(waking, 1, 10000);
}

static void a_frozen_broker_is_left_after_six_missed_beats(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);

    open_link(world, &config);
    WAIT_FOR(world, stats(world).beats_heard > 0);
    kill(world->broker, SIGSTOP);
    WAIT_FOR(world, !link_is_up(world->link));
    kill(world->broker, SIGCONT);
    WAIT_FOR(world, link_is_up(world->link));
    uint64_t heard = stats(world).beats_heard;
    WAIT_FOR(world, stats(world).beats_heard > heard + 1);
    WAIT_FOR(world, told_state(world) == 1);
}

static void beats_return_within_a_blink_because_nagle_is_off(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);
    struct link_peer peer;
    unsigned sockets = 0;

    open_link(world, &config);
    WAIT_FOR(world, stats(world).beats_heard >= 2);
    assert_true(stats(world).last_beat_rtt_us > 0);
    DIR *fds = opendir("/proc/self/fd");
    for (const struct dirent *entry; (entry = readdir(fds)) != NULL;) {
        struct sockaddr_in address;
        socklen_t len = sizeof(address), on_len = sizeof(int);
        int fd = atoi(entry->d_name), on = 0;
        if (getpeername(fd, (struct sockaddr *)&address, &len) != 0 || address.sin_family != AF_INET ||
            ntohs(address.sin_port) != world->port)
            continue;
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &on_len), 0);
        assert_int_not_equal(on, 0);
        sockets++;
    }
    closedir(fds);
    assert_int_equal(sockets, 2);
    assert_int_equal(link_peer_parse(world->url, &peer), ERR_OK);
    assert_int_equal(link_socket_nodelay(&peer), 2);
    peer.address[3] = 2;
    assert_int_equal(link_socket_nodelay(&peer), 0);
}

static void an_oversized_message_is_dropped_and_counted(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);
    char path[96];
    static const char bytes[EVENT_MESSAGE_MAX + 1025];

    open_link(world, &config);
    for (unsigned over = 0; over <= 1; over++) {
        const char *const arguments[] = {"mosquitto_pub",
                                         "-h",
                                         "127.0.0.1",
                                         "-p",
                                         world->port_text,
                                         "-t",
                                         "huyang/v1/" COUNTY "/wb-1/urgent",
                                         "-f",
                                         path,
                                         NULL};
        snprintf(path, sizeof(path), "%s/bytes", world->folder);
        FILE *file = fopen(path, "w");
        fwrite(bytes, 1, sizeof(bytes) - 1 + over, file);
        fclose(file);
        waitpid(run(arguments, NULL, NULL), NULL, 0);
    }
    WAIT_FOR(world, stats(world).received_urgent == 2);
    WAIT_FOR(world, stats(world).oversized == 1 && world->urgent == 1);
    assert_int_equal(world->largest, EVENT_MESSAGE_MAX + 1024);
}

static void never_more_than_twenty_publishes_at_qos_1_are_outstanding(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);
    unsigned sent = 0;

    open_link(world, &config);
    WAIT_FOR(world, told_state(world) == 1);
    WAIT_FOR(world, stats(world).outstanding == 0);
    kill(world->broker, SIGSTOP);
    while (sent < 100 &&
           link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/command", "x", 1, 1, false) == ERR_OK)
        sent++;
    assert_int_equal(sent, 20);
    assert_int_equal(link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/command", "x", 1, 1, false),
                     ERR_BUSY);
    assert_int_equal(link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/ack", "x", 1, 0, false), ERR_OK);
    kill(world->broker, SIGCONT);
    WAIT_FOR(world, stats(world).outstanding == 0);
    assert_int_equal(link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/command", "x", 1, 1, false),
                     ERR_OK);
    assert_int_equal(stats(world).publish_failed, 0);
}

static void acks_of_a_lost_connection_do_not_stay_outstanding(void **state)
{
    struct world *world = *state;
    struct link_config config = usual_config(world);
    unsigned sent = 0;

    open_link(world, &config);
    WAIT_FOR(world, stats(world).outstanding == 0);
    kill(world->broker, SIGSTOP);
    while (sent < 20 &&
           link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/command", "x", 1, 1, false) == ERR_OK)
        sent++;
    kill_broker(world);
    WAIT_FOR(world, !link_is_up(world->link));
    start_broker(world);
    WAIT_FOR(world, link_is_up(world->link));
    WAIT_FOR(world, stats(world).outstanding == 0);
    for (unsigned round = 0; round < 100; round++)
        WAIT_FOR(world,
                 link_publish(world->link, "huyang/v1/" COUNTY "/wb-1/command", "x", 1, 1, false) == ERR_OK);
    WAIT_FOR(world, stats(world).outstanding == 0);
}

static void bad_configurations_are_refused(void **state)
{
    struct world *world = *state;
    struct link *link = NULL;
    struct link_config config = usual_config(world);

    config.url = "http://127.0.0.1:1883";
    assert_int_equal(link_new(&config, &link), ERR_INVALID);
    config = usual_config(world);
    config.county = "50010";
    assert_int_equal(link_new(&config, &link), ERR_INVALID);
    config = usual_config(world);
    config.instance = "a b";
    assert_int_equal(link_new(&config, &link), ERR_INVALID);
    config = usual_config(world);
    config.password_file = "/nonexistent/password";
    assert_int_equal(link_new(&config, &link), ERR_NOT_FOUND);
    assert_null(link);
    link_stop(NULL, 10);
}

/* With an argument: only the tests whose names match it (* and ? as in a shell). */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_thousand_messages_at_full_speed_arrive_in_order_on_both_lanes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restarted_broker_is_found_again_and_subscribed_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_foreign_messages_is_no_matter_of_the_lanes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_may_be_started_before_its_broker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_gateway_is_told_up_and_after_a_stop_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_gateway_is_told_down_by_its_last_will, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_ring_drops_and_counts_and_never_blocks_the_beat, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(routine_messages_wake_nobody_until_the_ring_is_half_full, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_frozen_broker_is_left_after_six_missed_beats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beats_return_within_a_blink_because_nagle_is_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_oversized_message_is_dropped_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(never_more_than_twenty_publishes_at_qos_1_are_outstanding, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(acks_of_a_lost_connection_do_not_stay_outstanding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_configurations_are_refused, set_up, tear_down),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
