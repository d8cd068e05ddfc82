/*
 * huyang-wear: how often a wristband's flash is erased in a year, by running the device core for 365 days on
 * a flash in memory that counts. The busiest sector ends the flash; NOR parts are usually rated for 100,000
 * erases of a sector.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../testing/ram_flash.h"
#include "../wristband.h"

enum { DAYS = 365, RATED_ERASES = 100000 };

/* A way of living; everything else is the same in each. */
struct life {
    const char *what;
    uint32_t interval_s; /* between reports */
    uint32_t presses;    /* SOS a day, each with its position */
    uint32_t prompts;    /* a day */
    uint32_t sessions;   /* connections begun in a day */
    bool heard;          /* the gateway acknowledges */
};

static const struct life lives[] = {
    {"every 10 minutes, a prompt and 4 connections a day", 600, 0, 1, 4, true},
    {"every 10 minutes, 10 SOS, 20 prompts, 100 connections a day", 600, 10, 20, 100, true},
    {"every 30 seconds", 30, 0, 1, 4, true},
    {"every 10 minutes, never acknowledged", 600, 0, 0, 4, false},
};

struct world {
    struct ram_flash flash;
    uint32_t erased[DEVICE_SECTORS];
    struct wristband band;
    struct device_scratch scratch;
    uint32_t entropy, prompts;
};

static uint32_t draw(void *context)
{
    struct world *world = context;

    world->entropy = world->entropy * 1664525 + 1013904223;
    return world->entropy;
}

static int publish(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain)
{
    (void)context, (void)topic, (void)bytes, (void)length, (void)qos, (void)retain;
    return 0;
}

static int flash_read(void *context, uint32_t offset, void *ret_bytes, size_t length)
{
    struct device_flash driver = ram_flash_driver(&((struct world *)context)->flash);

    return driver.read(driver.context, offset, ret_bytes, length);
}

static int flash_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    struct device_flash driver = ram_flash_driver(&((struct world *)context)->flash);

    return driver.write(driver.context, offset, bytes, length);
}

static int flash_erase(void *context, uint32_t sector)
{
    struct world *world = context;
    struct device_flash driver = ram_flash_driver(&world->flash);

    world->erased[sector]++;
    return driver.erase(driver.context, sector);
}

static bool show(void *context, const struct device_prompt *prompt)
{
    (void)context, (void)prompt;
    return true;
}

static void acknowledge(struct world *world, int64_t now_ms)
{
    struct device_core *device = &world->band.device;

    for (int i = 0; i < DEVICE_LANES; i++) {
        Huyang__V1__EventAck ack = HUYANG__V1__EVENT_ACK__INIT;
        uint8_t bytes[64];

        if (device_outbox_pending(&device->outbox, (enum device_lane)i) == 0)
            continue;
        ack.lane = i == DEVICE_URGENT ? HUYANG__V1__LANE__LANE_URGENT : HUYANG__V1__LANE__LANE_ROUTINE;
        ack.epoch = device->outbox.epoch;
        ack.seq = device->outbox.lanes[i].next - 1;
        device_on_message(device, DEVICE_TOPIC_ACK, bytes, huyang__v1__event_ack__pack(&ack, bytes), now_ms);
    }
}

static void prompt(struct world *world, int64_t now_ms)
{
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__Prompt body = HUYANG__V1__PROMPT__INIT;
    char id[33], language[] = "zh", text[] = "请不要转账";
    uint8_t bytes[256];

    (void)snprintf(id, sizeof id, "%032x", (unsigned)++world->prompts);
    command.id = id;
    command.ttl_s = 600;
    command.kind_case = HUYANG__V1__COMMAND__KIND_PROMPT;
    command.prompt = &body;
    body.language = language;
    body.text = text;
    body.manner = HUYANG__V1__MANNER__MANNER_DISCREET;
    device_on_message(&world->band.device, DEVICE_TOPIC_COMMAND, bytes,
                      huyang__v1__command__pack(&command, bytes), now_ms);
}

static void connect(struct world *world, int64_t now_ms)
{
    uint8_t will[DEVICE_WILL_MAX];

    device_on_link(&world->band.device, false, now_ms);
    (void)device_will(&world->band.device, now_ms, will);
    device_on_link(&world->band.device, true, now_ms);
}

/* What is due at this minute of the day, spread evenly. */
static bool due(uint32_t minute, uint32_t times_a_day)
{
    return times_a_day && minute % (1440 / times_a_day) == 0;
}

static bool live(struct world *world, const struct life *life)
{
    const struct device_config config = {
        .county = "341282",
        .id = "wb-0001",
        .firmware = "wear-1.0",
        .flash = {.context = world,
                  .sector_bytes = DEVICE_SECTOR_BYTES,
                  .sector_count = DEVICE_SECTORS,
                  .read = flash_read,
                  .write = flash_write,
                  .erase = flash_erase},
        .transport = {.context = world, .publish = publish},
        .hal = {.context = world, .entropy = draw, .show = show},
        .scratch = &world->scratch,
    };
    struct wristband *band = &world->band;
    struct device_fix fix = {.valid = true, .lat = 33.25, .lon = 115.375, .has_accuracy_m = true};

    if (wristband_init(band, &config, life->interval_s, 0) != DEVICE_OK)
        return false;
    for (uint32_t minute = 0; minute < DAYS * 1440; minute++) {
        for (uint32_t second = 0; second < 60; second += 30) {
            int64_t now_ms = ((int64_t)minute * 60 + second) * 1000;

            if (second == 0 && due(minute % 1440, life->sessions))
                connect(world, now_ms);
            (void)wristband_fix(band, &fix, false, now_ms);
            wristband_tick(band, now_ms);
            if (second == 0 && due(minute % 1440, life->presses))
                (void)wristband_sos(band, now_ms);
            if (second == 0 && due(minute % 1440, life->prompts))
                prompt(world, now_ms);
            if (life->heard)
                acknowledge(world, now_ms + 1);
        }
    }
    return true;
}

static uint32_t worst(const struct world *world, uint32_t first, uint32_t count)
{
    uint32_t most = 0;

    for (uint32_t i = first; i < first + count; i++)
        most = world->erased[i] > most ? world->erased[i] : most;
    return most;
}

int main(void)
{
    puts("| a wristband that reports | ledger | urgent lane | routine lane | years to 100,000 |");
    puts("|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        struct world *world = calloc(1, sizeof *world);
        uint32_t ledger, urgent, routine, most;

        if (!world || !ram_flash_init(&world->flash, DEVICE_SECTOR_BYTES, DEVICE_SECTORS) ||
            !live(world, &lives[i])) {
            fputs("huyang-wear: the device did not start\n", stderr);
            return 1;
        }
        ledger = worst(world, 0, DEVICE_LEDGER_SECTORS);
        urgent = worst(world, DEVICE_LEDGER_SECTORS, DEVICE_SECTORS_URGENT);
        routine = worst(world, DEVICE_LEDGER_SECTORS + DEVICE_SECTORS_URGENT, DEVICE_SECTORS_ROUTINE);
        most = ledger > urgent ? ledger : urgent;
        most = routine > most ? routine : most;
        printf("| %s | %u | %u | %u | %u |\n", lives[i].what, ledger, urgent, routine,
               most ? RATED_ERASES / most : RATED_ERASES);
        ram_flash_release(&world->flash);
        free(world);
    }
    return 0;
}
