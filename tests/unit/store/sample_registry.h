/* A registry of one county, one grid, two homes, two residents and two devices, made without files. */
#ifndef HUYANG_TESTS_STORE_SAMPLE_REGISTRY_H
#define HUYANG_TESTS_STORE_SAMPLE_REGISTRY_H

#include <string.h>

#include "registry/registry.h"

enum { SAMPLE_FIELDS = 8 };

/* One row from "column=value|column=value"; `personal` names the columns of the vault. */
static inline enum err sample_add(struct registry_builder *builder, enum registry_table table,
                                  uint32_t number, const char *text)
{
    static const char *const personal[] = {"name", "address", "lat", "lon", "phone"};
    struct registry_field fields[SAMPLE_FIELDS];
    char copy[512], *rest = copy, *part;
    size_t count = 0;

    if (!text_copy(copy, sizeof(copy), text))
        return ERR_RANGE;
    while ((part = strsep(&rest, "|")) != NULL && count < SAMPLE_FIELDS) {
        char *value = strchr(part, '=');
        *value++ = '\0';
        fields[count] = (struct registry_field){.column = part, .value = value};
        for (size_t i = 0; i < sizeof(personal) / sizeof(personal[0]); i++)
            if (table != REGISTRY_TERRITORY && strcmp(part, personal[i]) == 0)
                fields[count].personal = true;
        count++;
    }
    const struct registry_row row = {.table = table, .number = number, .fields = fields, .count = count};
    return registry_builder_add(builder, &row);
}

static inline struct registry *sample_registry(void)
{
    static const struct {
        enum registry_table table;
        uint32_t number;
        const char *text;
    } rows[] = {
        {REGISTRY_TERRITORY, 0, "code=654321|name=测试县|kind=county|parent="},
        {REGISTRY_TERRITORY, 1, "code=654321001|name=测试镇|kind=town|parent=654321"},
        {REGISTRY_TERRITORY, 2, "code=654321001001|name=测试村|kind=village|parent=654321001"},
        {REGISTRY_TERRITORY, 3, "code=6543210010011|name=一网格|kind=grid|parent=654321001001"},
        {REGISTRY_HOUSEHOLD, 0, "id=h-001|grid=6543210010011|address=测试路 1 号|lat=40.5|lon=81.25"},
        {REGISTRY_HOUSEHOLD, 1, "id=h-002|grid=6543210010011|address=测试路 2 号|lat=|lon="},
        {REGISTRY_RESIDENT, 0,
         "id=r-001|household=h-001|name=张三|birth_year=1940|categories=|consent=location;health"},
        {REGISTRY_RESIDENT, 1, "id=r-002|household=h-002|name=李四|birth_year=1938|categories=|consent="},
        {REGISTRY_DEVICE, 0, "id=wb-0001|kind=wristband|resident=r-001|household="},
        {REGISTRY_DEVICE, 1, "id=cam-0001|kind=camera|resident=|household=h-001"},
    };
    struct registry_builder *builder;
    struct registry *registry = NULL;
    struct buf errors;

    buf_init(&errors, 65536);
    if (registry_builder_new(NULL, &builder) != ERR_OK)
        return NULL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (sample_add(builder, rows[i].table, rows[i].number, rows[i].text) != ERR_OK) {
            registry_builder_free(builder);
            return NULL;
        }
    if (registry_builder_finish(builder, &errors, &registry) != ERR_OK)
        fprintf(stderr, "%s", buf_text(&errors));
    buf_release(&errors);
    return registry;
}

#endif
