#include "service/doorkeeper.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

void doorkeeper_release(struct doorkeeper *doorkeeper)
{
    free(doorkeeper->meters);
    doorkeeper->meters = NULL;
    doorkeeper->count = 0;
}

/* NULL when memory is short: then nobody is limited. */
static struct conduct_meter *meter_of(struct doorkeeper *doorkeeper, const struct gateway *gateway,
                                      uint32_t device)
{
    if (device >= doorkeeper->count) {
        const uint32_t count = registry_count(gateway_registry(gateway), REGISTRY_DEVICE);
        struct conduct_meter *more = realloc(doorkeeper->meters, count * sizeof(*more));
        if (more == NULL)
            return NULL;
        memset(&more[doorkeeper->count], 0, (count - doorkeeper->count) * sizeof(*more));
        doorkeeper->meters = more;
        doorkeeper->count = count;
    }
    return &doorkeeper->meters[device];
}

/* False: the batch is full. */
static bool note(struct doorkeeper *doorkeeper, struct gateway *gateway, const struct door_message *message,
                 struct conduct_meter *meter, enum conduct_kind kind, uint32_t count)
{
    if (!conduct_note(meter, kind, count, message->t_ms))
        return true;
    struct input input = {.t_ms = message->t_ms,
                          .kind = INPUT_CONDUCT,
                          .conduct = {.device = message->device,
                                      .epoch = message->epoch,
                                      .lane = message->lane,
                                      .kind = (uint8_t)kind,
                                      .count = meter->count[kind],
                                      .since_ms = meter->since_ms[kind]}};
    if (gateway_on_input(gateway, &input) != ERR_OK) {
        meter->count[kind] -= count; /* it is offered again */
        return false;
    }
    conduct_told(meter, kind, message->t_ms);
    doorkeeper->told++;
    log_write(LOG_WARN, "fleet.conduct",
              "a device does what no honest device does\tdevice=%s\twhat=%s\tcount=%u",
              registry_device(gateway_registry(gateway), message->device)->id, conduct_name(kind),
              input.conduct.count);
    return true;
}

enum door_verdict doorkeeper_ask(struct doorkeeper *doorkeeper, struct gateway *gateway,
                                 const struct door_message *message)
{
    struct conduct_meter *meter = meter_of(doorkeeper, gateway, message->device);
    if (meter == NULL || conduct_spend(meter, &doorkeeper->settings, message->t_ms, message->events))
        return DOOR_OPEN;
    if (!note(doorkeeper, gateway, message, meter, CONDUCT_FLOOD, message->events))
        return DOOR_NO_ROOM;
    return message->emergency ? DOOR_OPEN : DOOR_SHUT;
}

void doorkeeper_give_back(struct doorkeeper *doorkeeper, const struct door_message *message)
{
    if (message->device < doorkeeper->count)
        conduct_give_back(&doorkeeper->meters[message->device], &doorkeeper->settings, message->events);
}

bool doorkeeper_note(struct doorkeeper *doorkeeper, struct gateway *gateway,
                     const struct door_message *message, enum conduct_kind kind)
{
    struct conduct_meter *meter = meter_of(doorkeeper, gateway, message->device);
    return meter == NULL || note(doorkeeper, gateway, message, meter, kind, message->events);
}
