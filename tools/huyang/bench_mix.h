/* What a county says on an ordinary day, as the bytes its devices send: mostly positions, steps and
 * heartbeats; now and then somebody is out for an hour, a visitor stands at a door; very rarely an SOS. Every
 * device speaks once in each round, in scattered order. Deterministic: message i of a mix is always the same.
 */
#ifndef HUYANG_TOOLS_BENCH_MIX_H
#define HUYANG_TOOLS_BENCH_MIX_H

#include "ingest/event.h"
#include "registry/registry.h"

enum { MIX_MESSAGE_MAX = 512, MIX_ROUND_S = 600 };

struct mix {
    const struct registry *registry;
    uint32_t devices;
    uint64_t stride;      /* has no common divisor with devices */
    unsigned sos_every;   /* one message of wristbands in so many is an SOS; 0 = none */
    unsigned visit_every; /* one pair of rounds of a camera in so many is a visit */
    bool single;          /* one event per message; else a device sends its whole report */
    bool home;            /* nobody goes out: nothing for an alert to be about */
};
struct mix_message {
    uint32_t device;
    uint8_t lane; /* enum lane */
    uint8_t events;
    uint16_t len;
    unsigned char bytes[MIX_MESSAGE_MAX];
};

void mix_init(struct mix *mix, const struct registry *registry);
uint32_t mix_device(const struct mix *mix, uint64_t number);
/* The lane of message `number`, for its sequence number must be known before it can be made. */
enum lane mix_lane(const struct mix *mix, uint64_t number);
/* Message `number`, sent at t_ms, whose first event has the number first_seq. */
void mix_make(const struct mix *mix, uint64_t number, int64_t t_ms, uint32_t epoch, uint64_t first_seq,
              struct mix_message *ret_message);
/* One SOS of a wristband. */
void mix_make_sos(uint32_t device, int64_t t_ms, uint32_t epoch, uint64_t first_seq,
                  struct mix_message *ret_message);
/* What the device answers to a command: it was heard. False when the bytes are no command. */
bool mix_make_answer(uint32_t device, const void *command, size_t len, int64_t t_ms, uint32_t epoch,
                     uint64_t first_seq, struct mix_message *ret_message);
/* The highest number an EventAck speaks of, 0 for what is none; its lane too. */
uint64_t mix_read_ack(const void *payload, size_t len, enum lane *ret_lane);

/* The yardstick: protobuf-c alone, into memory that is given out from the front. Returns the events. */
struct mix_unpacker;
struct mix_unpacker *mix_unpacker_new(void);
void mix_unpacker_free(struct mix_unpacker *unpacker);
unsigned mix_unpack(struct mix_unpacker *unpacker, const void *bytes, size_t len);

#endif
