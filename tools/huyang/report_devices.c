#include "report_devices.h"

#include <stdlib.h>
#include <string.h>

enum { VERSIONS_MAX = 64, CHARGE_MAX = 500 };

struct version {
    char firmware[33];
    uint8_t kind; /* enum device_kind */
    uint32_t devices;
};
struct charge {
    int64_t empty_ms; /* 0 = not known, but low */
    uint32_t no;
    uint8_t percent;
};
struct collected {
    const struct registry *registry;
    const struct tz *tz;
    int64_t now_ms;
    const struct detect_settings *settings;
    unsigned version_count, charge_count;
    uint32_t other_devices; /* that run a version for which there was no room */
    uint32_t other_charge;  /* bands to charge that are not listed */
    struct version versions[VERSIONS_MAX];
    struct charge charge[CHARGE_MAX];
};

static void count_version(struct collected *all, uint8_t kind, const char *firmware)
{
    unsigned i = 0;
    while (i < all->version_count &&
           (all->versions[i].kind != kind || strcmp(all->versions[i].firmware, firmware) != 0))
        i++;
    if (i == VERSIONS_MAX) {
        all->other_devices++;
        return;
    }
    if (i == all->version_count) {
        all->versions[all->version_count++].kind = kind;
        text_copy(all->versions[i].firmware, sizeof all->versions[i].firmware, firmware);
    }
    all->versions[i].devices++;
}

static enum err on_device(void *self, uint32_t no, const struct live_device_row *row)
{
    const struct live_device *now = &row->now;
    struct collected *all = self;
    if (no >= registry_count(all->registry, REGISTRY_DEVICE) || registry_device(all->registry, no)->removed)
        return ERR_OK;
    count_version(all, registry_device(all->registry, no)->kind, row->firmware);
    const bool low = now->has_battery && now->battery_percent <= all->settings->flat_percent;
    if (now->charging ||
        !(low || battery_is_due(&row->battery, all->tz, all->now_ms, all->settings->round_hour)))
        return ERR_OK;
    if (all->charge_count < CHARGE_MAX)
        all->charge[all->charge_count++] = (struct charge){
            .empty_ms = battery_empty_ms(&row->battery), .no = no, .percent = now->battery_percent};
    else
        all->other_charge++;
    return ERR_OK;
}

static int by_use(const void *left, const void *right)
{
    const struct version *a = left, *b = right;
    if (a->devices != b->devices)
        return a->devices < b->devices ? 1 : -1;
    return a->kind != b->kind ? a->kind - b->kind : strcmp(a->firmware, b->firmware);
}

/* Unknown first: those are low already. */
static int by_time(const void *left, const void *right)
{
    const struct charge *a = left, *b = right;
    if (a->empty_ms != b->empty_ms)
        return a->empty_ms > b->empty_ms ? 1 : -1;
    return a->no > b->no ? 1 : -1;
}

static void put_charge(const struct collected *all, struct document *document)
{
    static const struct document_name columns[] = {{"device", "device", "设备"},
                                                   {"wearer", "wearer", "佩戴人"},
                                                   {"battery", "battery (%)", "电量（%）"},
                                                   {"empty", "empty by", "预计耗尽"},
                                                   {NULL, NULL, NULL}};
    document_table(
        document,
        (struct document_name){"charge", "Bands to charge before tomorrow's round", "明日巡访前需充电的手环"},
        columns, false);
    for (unsigned i = 0; i < all->charge_count; i++) {
        const struct charge *charge = &all->charge[i];
        const struct device *device = registry_device(all->registry, charge->no);
        char text[CLOCK_TEXT_SIZE] = "";
        if (charge->empty_ms != 0)
            clock_format(all->tz, charge->empty_ms, text);
        document_cell(document, "%s", device->id);
        document_cell(
            document, "%s",
            device->resident != REGISTRY_NONE ? registry_resident(all->registry, device->resident)->id : "");
        document_cell(document, "%u", (unsigned)charge->percent);
        document_cell(document, "%.16s", text);
    }
    if (all->other_charge != 0) {
        document_cell(document, "%s: %u", document_say(document, "others", "其他"),
                      (unsigned)all->other_charge);
        for (unsigned i = 1; i < 4; i++)
            document_cell(document, "%s", "");
    }
}

static void put_versions(const struct collected *all, struct document *document)
{
    static const struct document_name columns[] = {{"kind", "kind", "类型"},
                                                   {"firmware", "firmware", "固件"},
                                                   {"devices", "devices", "设备数"},
                                                   {NULL, NULL, NULL}};
    document_table(document, (struct document_name){"firmware", "Firmware in use", "在用固件版本"}, columns,
                   false);
    for (unsigned i = 0; i < all->version_count; i++) {
        const struct version *version = &all->versions[i];
        document_cell(document, "%s",
                      version->kind == DEVICE_CAMERA ? document_say(document, "camera", "摄像头")
                                                     : document_say(document, "wristband", "手环"));
        document_cell(document, "%s",
                      version->firmware[0] ? version->firmware
                                           : document_say(document, "not told", "未上报"));
        document_cell(document, "%u", (unsigned)version->devices);
    }
    if (all->other_devices != 0) {
        document_cell(document, "%s", "");
        document_cell(document, "%s", document_say(document, "other versions", "其他版本"));
        document_cell(document, "%u", (unsigned)all->other_devices);
    }
}

enum err report_devices(struct reader *reader, const struct registry *registry, const struct tz *tz,
                        int64_t now_ms, const struct detect_settings *settings, struct document *document)
{
    struct collected *all = calloc(1, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    all->registry = registry;
    all->tz = tz;
    all->now_ms = now_ms;
    all->settings = settings;
    enum err err = reader_devices(reader, on_device, all);
    if (err == ERR_OK) {
        qsort(all->versions, all->version_count, sizeof all->versions[0], by_use);
        qsort(all->charge, all->charge_count, sizeof all->charge[0], by_time);
        put_charge(all, document);
        put_versions(all, document);
    }
    free(all);
    return err;
}
