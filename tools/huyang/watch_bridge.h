/* huyang watch-bridge: watches that speak the bracket protocol over TCP become devices of ours over MQTT.
 *
 * Each watch of the list has a seat: the device core of firmware-stub with its flash in a file, so what a
 * watch said survives a crash of the bridge, is sent until the gateway has committed it, and a command is
 * carried out at most once. An alarm is answered only when it is on that disk; the watch repeats it until
 * then. Each seat has an MQTT connection of its own, as the device it is (with TLS under its certificate),
 * from when the watch comes until it has left and its outbox is empty: the gateway sees each watch come, go,
 * and be cut off. Commands wait at the gateway until the watch is there.
 *
 * One thread and its loop (core/loop.h). watch_bridge.c: life; watch_seat.c: one watch; watch_line.c: its
 * MQTT connection; watch_socket.c: TCP connections. */
#ifndef HUYANG_TOOLS_WATCH_BRIDGE_H
#define HUYANG_TOOLS_WATCH_BRIDGE_H

#include "core/device.h"
#include "core/log.h"
#include "core/loop.h"
#include "fleet_mqtt.h"
#include "hal/host/file_flash.h"
#include "ingest/watch/message.h"

enum {
    WATCH_PATH_MAX = 512,
    WATCH_ALARMS = 8,
    WATCH_FILTERS = 3,    /* acknowledgements, commands, the gateway's state */
    WATCH_MINUTE_MAX = 60 /* reports of one watch in a minute; emergencies are not counted */
};

struct watch_bridge;
struct watch_connection;

struct watch_seat {
    struct watch_bridge *bridge;
    char watch[ID_SIZE];
    struct device_core core;
    struct file_flash flash;
    struct watch_connection *connection; /* NULL = the watch is not connected */
    struct fleet_mqtt mqtt;
    struct loop_poll *mqtt_poll;
    bool line_open;                                   /* the MQTT connection stands or is tried */
    unsigned failures_told;                           /* of it, in the log */
    char topics[WATCH_FILTERS + 1][DEVICE_TOPIC_MAX]; /* subscribed; the last one is the will's */
    struct pki_identity identity;                     /* with TLS */
    uint64_t alarms[WATCH_ALARMS]; /* hashes of the last ones stored: they are repeated until answered */
    unsigned next_alarm;
    int64_t minute_ms;         /* when the present minute began */
    unsigned reports;          /* in it */
    int64_t interval_until_ms; /* then the watch is told the ledger's interval; INT64_MAX = never */
    uint32_t token;            /* of the prompt that the watch has been sent, 0 = none */
    bool token_started;        /* the core knows that it was sent */
};

struct watch_bridge_options {
    const char *broker, *county, *watches, *state_dir, *listen, *username, *password_file, *voices, *tls_dir;
    unsigned port, connections_max;
};

struct watch_bridge_stats {
    uint64_t accepted, refused, frames, events, unusable, bad_fields, bad_lengths, repeated, shed,
        unknown_watches;
};

struct watch_bridge {
    struct watch_bridge_options options;
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_poll *listen_poll;
    int listen_fd;
    unsigned port;                        /* the one bound */
    struct fleet_mqtt_config mqtt_config; /* what is the same for all seats */
    struct tls_client *tls;               /* NULL = plain TCP */
    struct device_scratch scratch;        /* of all seats */
    struct foreign foreign;               /* of the frame under way */
    struct watch_seat *seats;             /* sorted by watch */
    size_t seat_count;
    struct watch_connection *connections;
    unsigned connection_count;
    struct watch_bridge_stats stats;
    struct log_limit limit;
    struct now now; /* of the present wake-up */
};

/* ---- watch_bridge.c ---- */

/* Runs until SIGINT or SIGTERM. The exit status; says why on standard error when it is not 0. */
int watch_bridge_run(const struct watch_bridge_options *options);

/* ---- watch_seat.c ---- */

/* Reads the list "watch,device" and opens a seat for each. False after saying why. */
bool watch_seats_open(struct watch_bridge *bridge);
void watch_seats_close(struct watch_bridge *bridge);
/* NULL = not in the list. */
struct watch_seat *watch_seat_find(struct watch_bridge *bridge, const char *watch);
/* One frame of its watch; what the watch must be answered is written to its connection. */
void watch_seat_frame(struct watch_seat *seat, const struct watch_frame *frame);
/* A message for its device. */
void watch_seat_message(struct watch_seat *seat, enum device_topic topic, const uint8_t *payload, size_t len);
void watch_seat_link(struct watch_seat *seat, bool up);
void watch_seat_tick(struct watch_seat *seat);
/* Appends `text` as UTF-16BE in hex digits, as the MESSAGE command wants it. */
void watch_seat_utf16(const char *text, struct buf *out);

/* ---- watch_line.c ---- */

/* The broker's address, name, password and authority; false after saying why. */
bool watch_lines_prepare(struct watch_bridge *bridge);
/* With TLS: the seat's certificate. False after saying why. */
bool watch_line_prepare(struct watch_seat *seat);
/* Opens the connection when it is wanted, keeps it, closes it when it is not any more. */
void watch_line_tick(struct watch_seat *seat);
bool watch_line_publish(struct watch_seat *seat, const char *topic, const void *bytes, size_t len, int qos,
                        bool retain);
/* Tells the gateway that the watch is gone, as its will would. */
void watch_line_close(struct watch_seat *seat);

/* ---- watch_socket.c ---- */

/* Listens; false after saying why. */
bool watch_socket_open(struct watch_bridge *bridge);
void watch_socket_close(struct watch_bridge *bridge);
/* Closes who was silent too long, and takes frames whose length was wrong. */
void watch_socket_tick(struct watch_bridge *bridge);
/* The answer a watch waits for, as its own frames are. */
void watch_connection_answer(struct watch_connection *connection, const char *text);
/* The second kind of frame has no command we know. */
bool watch_connection_obeys(const struct watch_connection *connection);
/* A command: `text`, then data with escapes. */
void watch_connection_command(struct watch_connection *connection, const char *text, const void *data,
                              size_t len);

#endif
