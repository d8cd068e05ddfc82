/* Lists are built from the highest number down, each row put in front, so that they run in order of number.
 * Cost: one pass over each table. */
#include "registry/links.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "registry/build.h"
#include "registry/consents.h"

static uint32_t *new_heads(uint32_t count)
{
    uint32_t *heads = malloc((count ? count : 1) * sizeof *heads);
    if (heads)
        memset(heads, 0xFF, (count ? count : 1) * sizeof *heads); /* REGISTRY_NONE */
    return heads;
}

static void push(struct chain *chain, uint32_t owner, uint32_t member)
{
    chain->next[member] = chain->heads[owner];
    chain->heads[owner] = member;
}

static enum err open_chains(struct registry *registry)
{
    uint32_t zones = registry_count(registry, REGISTRY_ZONE);
    uint32_t territories = registry_count(registry, REGISTRY_TERRITORY);
    uint32_t residents = registry_count(registry, REGISTRY_RESIDENT);
    uint32_t *zone_next = new_heads(zones);
    registry->zones_of_resident = (struct chain){new_heads(residents), zone_next};
    registry->zones_of_household =
        (struct chain){new_heads(registry_count(registry, REGISTRY_HOUSEHOLD)), zone_next};
    registry->zones_of_territory = (struct chain){new_heads(territories), zone_next};
    registry->responders_of_territory =
        (struct chain){new_heads(territories), new_heads(registry_count(registry, REGISTRY_RESPONDER))};
    registry->rosters_of_territory =
        (struct chain){new_heads(territories), new_heads(registry_count(registry, REGISTRY_ROSTER))};
    registry->contacts_of_resident =
        (struct chain){new_heads(residents), new_heads(registry_count(registry, REGISTRY_CONTACT))};
    registry->visitors_of_household = (struct chain){new_heads(registry_count(registry, REGISTRY_HOUSEHOLD)),
                                                     new_heads(registry_count(registry, REGISTRY_VISITOR))};
    bool fine = zone_next && registry->zones_of_resident.heads && registry->zones_of_household.heads &&
                registry->zones_of_territory.heads && registry->responders_of_territory.heads &&
                registry->responders_of_territory.next && registry->rosters_of_territory.heads &&
                registry->rosters_of_territory.next && registry->contacts_of_resident.heads &&
                registry->contacts_of_resident.next && registry->visitors_of_household.heads &&
                registry->visitors_of_household.next;
    return fine ? ERR_OK : ERR_NOMEM;
}

void links_release(struct registry *registry)
{
    free(registry->zones_of_resident.heads);
    free(registry->zones_of_household.heads);
    free(registry->zones_of_territory.heads);
    free(registry->zones_of_territory.next);
    free(registry->responders_of_territory.heads);
    free(registry->responders_of_territory.next);
    free(registry->rosters_of_territory.heads);
    free(registry->rosters_of_territory.next);
    free(registry->contacts_of_resident.heads);
    free(registry->contacts_of_resident.next);
    free(registry->visitors_of_household.heads);
    free(registry->visitors_of_household.next);
}

static void link_homes(struct registry *registry)
{
    struct household *households = registry->tables[REGISTRY_HOUSEHOLD].items;
    struct resident *residents = registry->tables[REGISTRY_RESIDENT].items;
    struct device *devices = registry->tables[REGISTRY_DEVICE].items;
    for (uint32_t i = 0; i < registry->tables[REGISTRY_HOUSEHOLD].count; i++)
        households[i].first_resident = households[i].first_camera = REGISTRY_NONE;
    for (uint32_t i = registry->tables[REGISTRY_RESIDENT].count; i-- > 0;) {
        struct resident *resident = &residents[i];
        resident->wristband = resident->next_in_household = REGISTRY_NONE;
        if (resident->removed || resident->household == REGISTRY_NONE)
            continue;
        resident->next_in_household = households[resident->household].first_resident;
        households[resident->household].first_resident = i;
    }
    for (uint32_t i = registry->tables[REGISTRY_DEVICE].count; i-- > 0;) {
        struct device *device = &devices[i];
        device->next_camera = REGISTRY_NONE;
        if (device->kind == DEVICE_WRISTBAND)
            device->household =
                device->resident == REGISTRY_NONE ? REGISTRY_NONE : residents[device->resident].household;
        if (device->removed)
            continue;
        if (device->kind == DEVICE_WRISTBAND && device->resident != REGISTRY_NONE)
            residents[device->resident].wristband = i;
        if (device->kind == DEVICE_CAMERA && device->household != REGISTRY_NONE) {
            device->next_camera = households[device->household].first_camera;
            households[device->household].first_camera = i;
        }
    }
}

static void link_zones(struct registry *registry)
{
    const struct zone *zones = registry->tables[REGISTRY_ZONE].items;
    for (uint32_t i = registry->tables[REGISTRY_ZONE].count; i-- > 0;) {
        if (zones[i].removed)
            continue;
        switch ((enum subject_kind)zones[i].owner.kind) {
        case SUBJECT_RESIDENT: push(&registry->zones_of_resident, zones[i].owner.no, i); break;
        case SUBJECT_HOUSEHOLD: push(&registry->zones_of_household, zones[i].owner.no, i); break;
        case SUBJECT_TERRITORY: push(&registry->zones_of_territory, zones[i].owner.no, i); break;
        case SUBJECT_NONE:
        case SUBJECT_DEVICE:
        case SUBJECT_GATEWAY: break;
        }
    }
}

static void link_people(struct registry *registry)
{
    const struct responder *responders = registry->tables[REGISTRY_RESPONDER].items;
    for (uint32_t i = registry->tables[REGISTRY_RESPONDER].count; i-- > 0;)
        if (!responders[i].removed)
            push(&registry->responders_of_territory, responders[i].territory, i);
    const struct roster *rosters = registry->tables[REGISTRY_ROSTER].items;
    for (uint32_t i = registry->tables[REGISTRY_ROSTER].count; i-- > 0;)
        if (!rosters[i].removed)
            push(&registry->rosters_of_territory, rosters[i].territory, i);
    const struct contact *contacts = registry->tables[REGISTRY_CONTACT].items;
    for (uint32_t i = registry->tables[REGISTRY_CONTACT].count; i-- > 0;)
        if (!contacts[i].removed)
            push(&registry->contacts_of_resident, contacts[i].resident, i);
    const struct trusted_visitor *visitors = registry->tables[REGISTRY_VISITOR].items;
    for (uint32_t i = registry->tables[REGISTRY_VISITOR].count; i-- > 0;)
        if (!visitors[i].removed)
            push(&registry->visitors_of_household, visitors[i].household, i);
}

/* A chain of SHA-256 over blocks of rows: each digest covers the one before. */
enum { VERSION_BLOCK = 65536 };
struct version {
    struct buf block;
    uint8_t digest[SHA256_SIZE];
};

static void version_flush(struct version *version)
{
    hash_sha256(version->block.data, version->block.len, version->digest);
    buf_clear(&version->block);
    buf_append(&version->block, version->digest, sizeof version->digest);
}

/* Only what is filled in counts, with its column's name: a later column leaves the versions of older rows
 * alone. */
static void version_row(struct version *version, const struct table_spec *spec, const char *value)
{
    for (unsigned i = 0; i < spec->column_count; i++) {
        size_t size = strlen(value) + 1;
        if (size > 1) {
            buf_append(&version->block, spec->columns[i].name, strlen(spec->columns[i].name) + 1);
            buf_append(&version->block, value, size);
        }
        value += size;
    }
}

static enum err compute_version(struct registry *registry)
{
    struct version version;
    buf_init(&version.block, 4 * VERSION_BLOCK + TABLE_COLUMNS_MAX * 65536);
    buf_puts(&version.block, "huyang registry 1\n");
    for (int table = 0; table < REGISTRY_TABLES; table++) {
        const struct table *rows = &registry->tables[table];
        const struct table_spec *spec = table_spec((enum registry_table)table);
        for (uint32_t i = 0; i < rows->count; i++) {
            unsigned char head[6] = {(unsigned char)table,     rows->removed[i],
                                     (unsigned char)(i >> 24), (unsigned char)(i >> 16),
                                     (unsigned char)(i >> 8),  (unsigned char)i};
            buf_append(&version.block, head, sizeof head);
            version_row(&version, spec, rows->rows[i]);
            if (version.block.len > VERSION_BLOCK)
                version_flush(&version);
        }
    }
    version_flush(&version);
    hash_hex(version.digest, sizeof version.digest, registry->version);
    bool failed = version.block.failed;
    buf_release(&version.block);
    return failed ? ERR_NOMEM : ERR_OK;
}

enum err links_build(struct registry *registry)
{
    enum err err = open_chains(registry);
    if (err)
        return err;
    link_homes(registry);
    link_zones(registry);
    link_people(registry);
    err = consents_apply(registry);
    if (err)
        return err;
    return compute_version(registry);
}
