/* Keeps each device within its budget and tells the fold of floods and replays: one meter for each device
 * (ingest/conduct.h), grown with the registry. Its memory ends with the process: after a start every device
 * has its whole budget. Core loop only. */
#ifndef HUYANG_SERVICE_DOORKEEPER_H
#define HUYANG_SERVICE_DOORKEEPER_H

#include "gateway.h"
#include "ingest/conduct.h"

struct doorkeeper {
    struct conduct_settings settings;
    struct conduct_meter *meters;
    uint32_t count;
    uint64_t told; /* inputs */
};

/* A message at the door: how many new events it brings, and whether one of them is a cry for help. */
struct door_message {
    uint32_t device, epoch;
    uint8_t lane; /* enum lane */
    bool emergency;
    uint32_t events;
    int64_t t_ms;
};

void doorkeeper_release(struct doorkeeper *doorkeeper);
enum door_verdict { DOOR_OPEN, DOOR_SHUT, DOOR_NO_ROOM };
/* DOOR_SHUT: over the budget; the message is not taken and gets no answer. DOOR_NO_ROOM: the fold could not
 * be told; offer the message again. Never shut for an emergency. */
enum door_verdict doorkeeper_ask(struct doorkeeper *doorkeeper, struct gateway *gateway,
                                 const struct door_message *message);
/* What was let in could not be taken, and comes again. */
void doorkeeper_give_back(struct doorkeeper *doorkeeper, const struct door_message *message);
/* Notes a message of a kind that was noticed elsewhere. False: no room, offer the message again. */
bool doorkeeper_note(struct doorkeeper *doorkeeper, struct gateway *gateway,
                     const struct door_message *message, enum conduct_kind kind);

#endif
