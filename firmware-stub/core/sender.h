/*
 * sender: brings the outbox to the gateway, by the rules of contracts.md 3: in order, at most four batches on
 * their way a lane, only the first unacknowledged one sent again (urgent 2 s to 30 s, routine 5 s to 5 min,
 * each +-50 %), the routine lane at rest while the gateway says that it is down.
 *
 * A batch the gateway cannot read is never acknowledged. Silence alone proves nothing, so it is only doubted
 * on evidence that the gateway commits other things meanwhile; see sender.c. sos, fall and suspicion are
 * never given up: they go to the end of the lane instead, so that they block nothing.
 *
 * One thread; never calls back into its caller but through the device's transport and notes.
 */
#ifndef HUYANG_FIRMWARE_SENDER_H
#define HUYANG_FIRMWARE_SENDER_H

#include "outbox.h"

struct device_core;

enum {
    DEVICE_WINDOW = 4,
    DEVICE_BATCH_EVENTS = 64,
    DEVICE_SPLIT_AFTER = 3, /* resends of a doubted batch before it is cut into single events */
    DEVICE_LOST_TRIES = 3,  /* sends of a single event, each refuted by evidence, before it is lost */
};

struct device_batch {
    uint64_t first;
    uint32_t count;
};

struct device_sender_lane {
    struct device_batch window[DEVICE_WINDOW];
    uint32_t in_flight;
    uint64_t sent_end;  /* above the highest seq that may have been sent, before a reboot too */
    int64_t due_ms;     /* when the first batch is sent again */
    int64_t blocked_ms; /* the transport refused: not before this */
    uint32_t attempt;   /* resends since the last progress; the exponent of the delay */
    uint64_t head;      /* the base that the following four are about */
    uint32_t resends;   /* of the first batch */
    bool doubted;       /* evidence since the first batch was first sent */
    bool echoed;     /* strong evidence since it was last sent: this lane was acknowledged up to it, not it */
    bool overtaken;  /* weak evidence since it was last sent: the other lane made progress */
    uint32_t points; /* against a single event, see sender.c */
    uint64_t single_end; /* below this seq every batch is one event */
};

struct device_sender {
    struct device_sender_lane lanes[DEVICE_LANES];
    uint64_t acks_ignored; /* other epoch, unknown lane, or beyond what was sent */
    uint64_t events_lost;  /* given up, each reported as FAULT_KIND_EVENT_LOST */
    uint64_t requeued;     /* sos, fall or suspicion moved to the end */
    uint64_t batches_sent;
};

void device_sender_init(struct device_core *device);

/* A connection began: what was on its way may be lost with the old one, so everything unacknowledged starts
 * again. */
void device_sender_link_up(struct device_core *device, int64_t now_ms);

/* The gateway came back: start with short delays, spread over some seconds for the routine lane. */
void device_sender_gateway_up(struct device_core *device, int64_t now_ms);

/* Sends what is due. */
void device_sender_run(struct device_core *device, int64_t now_ms);

/* Takes an EventAck's content. */
void device_sender_ack(struct device_core *device, enum device_lane lane, uint32_t epoch, uint64_t seq,
                       int64_t now_ms);

/* The time from which on device_sender_run() has something to do, INT64_MAX for never. */
int64_t device_sender_deadline(const struct device_core *device);

#endif
