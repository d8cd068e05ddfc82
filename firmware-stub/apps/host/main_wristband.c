/* huyang-wristband: one wristband on this host, driven by lines such as `sos` or `fix 33.9 115.8 12`. */
#include <stdio.h>
#include <string.h>

#include "../wristband.h"
#include "host.h"
#include "words.h"

static struct device_core *device(void *context)
{
    return &((struct wristband *)context)->device;
}

static int init(void *context, const struct device_config *config, uint32_t interval_s, int64_t now_ms)
{
    return wristband_init(context, config, interval_s, now_ms);
}

static void tick(void *context, int64_t now_ms)
{
    wristband_tick(context, now_ms);
}

static int64_t deadline(const void *context, int64_t now_ms)
{
    return wristband_next_deadline(context, now_ms);
}

static int do_fix(struct wristband *band, size_t count, char *const words[], int64_t now_ms)
{
    struct device_fix fix = {.has_accuracy_m = true,
                             .valid = true,
                             .source = HUYANG__V1__FIX_SOURCE__FIX_SOURCE_GNSS,
                             .datum = HUYANG__V1__DATUM__DATUM_WGS84};
    double accuracy_m;

    if (count == 2 && strcmp(words[1], "none") == 0) {
        fix = (struct device_fix){.valid = false};
    } else {
        if (count != 4 || !words_number(words[1], -90, 90, &fix.lat) ||
            !words_number(words[2], -180, 180, &fix.lon) || !words_number(words[3], 0, 100000, &accuracy_m))
            return HOST_UNKNOWN;
        fix.accuracy_m = (float)accuracy_m;
    }
    return wristband_fix(band, &fix, true, now_ms);
}

static int do_numbers(struct wristband *band, size_t count, char *const words[], int64_t now_ms)
{
    static const char *const switches[] = {"no", "yes", NULL};
    struct device_vitals vitals = {.has_heart_rate_bpm = true};
    uint32_t number;

    if (count != 2)
        return HOST_UNKNOWN;
    if (strcmp(words[0], "battery") == 0 && words_whole(words[1], 0, 100, &number))
        return wristband_battery(band, number, false, now_ms);
    if (strcmp(words[0], "steps") == 0 && words_whole(words[1], 0, 1000000, &number))
        return wristband_steps(band, number, now_ms);
    if (strcmp(words[0], "heart") == 0 && words_whole(words[1], 20, 300, &vitals.heart_rate_bpm))
        return wristband_vitals(band, &vitals, now_ms);
    if (strcmp(words[0], "worn") == 0 && words_choice(words[1], switches) >= 0)
        return wristband_worn(band, words_choice(words[1], switches) == 1, now_ms);
    if (strcmp(words[0], "home") == 0 && words_choice(words[1], switches) >= 0)
        return wristband_presence(band, words_choice(words[1], switches) == 1,
                                  HUYANG__V1__PRESENCE_SOURCE__PRESENCE_SOURCE_BLE, now_ms);
    return HOST_UNKNOWN;
}

static int command(void *context, size_t count, char *const words[], int64_t now_ms)
{
    struct wristband *band = context;
    bool cancel = count == 2 && strcmp(words[1], "cancel") == 0;

    if (strcmp(words[0], "sos") == 0 && (count == 1 || cancel))
        return cancel ? wristband_sos_cancel(band, now_ms) : wristband_sos(band, now_ms);
    if (strcmp(words[0], "fall") == 0 && (count == 1 || cancel))
        return cancel ? wristband_fall_cancel(band, now_ms) : wristband_fall(band, now_ms);
    if (strcmp(words[0], "fix") == 0)
        return do_fix(band, count, words, now_ms);
    if (count != 1)
        return do_numbers(band, count, words, now_ms);
    if (strcmp(words[0], "suspicion") == 0)
        return wristband_suspicion(band, now_ms);
    if (strcmp(words[0], "checkin") == 0)
        return wristband_check_in(band, now_ms);
    if (strcmp(words[0], "heartbeat") == 0)
        return wristband_heartbeat(band, now_ms);
    if (strcmp(words[0], "strapcut") == 0)
        return wristband_tamper(band, HUYANG__V1__TAMPER_KIND__TAMPER_KIND_STRAP_CUT, now_ms);
    return HOST_UNKNOWN;
}

int main(int argc, char *argv[])
{
    struct wristband band;
    const struct host_app app = {.name = "huyang-wristband",
                                 .context = &band,
                                 .device = device,
                                 .init = init,
                                 .tick = tick,
                                 .deadline = deadline,
                                 .command = command};

    return host_main(argc, argv, &app);
}
