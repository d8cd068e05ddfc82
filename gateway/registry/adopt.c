/* A device that was heard and may not speak gets its row, or gets it back. */
#include <stdio.h>
#include <string.h>

#include "registry/tables.h"
#include "registry/build.h"

enum err registry_adopt(const struct registry *registry, const struct tz *tz, int64_t t_ms,
                        const struct adoption *adoption, struct buf *errors, struct registry **ret_registry)
{
    const struct table *devices = &registry->tables[REGISTRY_DEVICE];
    const uint32_t number = table_find(devices, 1, adoption->device, strlen(adoption->device));
    char now[CLOCK_TEXT_SIZE], interval[16] = "";
    if (adoption->version[0] != '\0' && strcmp(adoption->version, registry->version) != 0) {
        buf_puts(errors, "the registry has changed since the preview; look again");
        return ERR_REFUSED;
    }
    if (number != REGISTRY_NONE && !devices->removed[number]) {
        buf_puts(errors, "this device is in the registry");
        return ERR_REFUSED;
    }
    if ((adoption->resident[0] != '\0') == (adoption->household[0] != '\0')) {
        buf_puts(errors, "a wristband needs a resident, a camera a household; one of them is expected");
        return ERR_INVALID;
    }
    clock_format(tz, t_ms, now);
    if (adoption->report_interval_s != 0)
        snprintf(interval, sizeof(interval), "%u", adoption->report_interval_s);
    const struct registry_field fields[] = {
        {.column = "id", .value = adoption->device},
        {.column = "kind", .value = adoption->household[0] != '\0' ? "camera" : "wristband"},
        {.column = "resident", .value = adoption->resident},
        {.column = "household", .value = adoption->household},
        {.column = "report_interval_s", .value = interval},
        {.column = "view", .value = adoption->view},
        {.column = "adopted", .value = now},
    };
    const struct registry_row row = {.table = REGISTRY_DEVICE,
                                     .number = number,
                                     .fields = fields,
                                     .count = sizeof fields / sizeof fields[0]};
    return registry_amend(registry, tz, &row, 1, errors, ret_registry);
}

bool registry_had_device(const struct registry *registry, const char *id)
{
    return table_find(&registry->tables[REGISTRY_DEVICE], 1, id, strlen(id)) != REGISTRY_NONE;
}
