/* Any bytes as one file of a registry folder; the first byte says which, the other files are small and valid.
 * What loads must also survive the way through rows and back with the same version. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[REGISTRY_TABLES] = {
    [REGISTRY_TERRITORY] = "code,name,kind,parent\n654321,c,county,\n654321100,t,town,654321\n",
    [REGISTRY_CALENDAR] = "id,rule,name\nfair,\"lunar 3,6,9\",f\n",
    [REGISTRY_HOUSEHOLD] = "id,grid,address,lat,lon\nh-1,654321100,a,38.9,82.4\n",
    [REGISTRY_RESIDENT] = "id,household,name,birth_year,categories,consent\nr-1,h-1,n,1940,,camera\n",
    [REGISTRY_DEVICE] = "id,kind,resident,household\nwb-1,wristband,r-1,\n",
    [REGISTRY_CONTACT] = "id,resident,name,relation,phone\n",
    [REGISTRY_RESPONDER] = "id,name,role,territory,phone\np,n,town_desk,654321100,1\n",
    [REGISTRY_ROSTER] = "territory,role,responder,from,to\n",
    [REGISTRY_VISITOR] = "household,visitor_id,name\n",
    [REGISTRY_ZONE] = "{\"type\":\"FeatureCollection\",\"features\":[]}",
    [REGISTRY_ANNOUNCEMENT] =
        "territory,kind,from,to\n654321100,census,2026-03-02T08:00:00+08:00,2026-03-02T18:00:00+08:00\n",
    [REGISTRY_CONSENT] =
        "person,class,given,by,version,evidence\nresident:r-1,camera,2026-01-01,self,1,A-1\n",
};

static void load(struct build *build, enum registry_table table, const void *data, size_t size)
{
    build_begin(build, table, table == REGISTRY_ZONE ? BUILD_GEOJSON : BUILD_CSV);
    char *text = malloc(size + 1);
    if (text && size)
        memcpy(text, data, size);
    if (text && table == REGISTRY_ZONE)
        load_geojson(build, text, size);
    else if (text)
        load_csv(build, text, size);
    free(text);
    build_end(build);
}

static enum err add_row(void *self, const struct registry_row *row)
{
    return registry_builder_add(self, row);
}

static void check_round_trip(const struct registry *registry)
{
    struct registry_builder *builder = NULL;
    struct registry *again = NULL;
    struct buf errors;
    buf_init(&errors, 65536);
    enum err err = registry_builder_new(NULL, &builder);
    assert(err == ERR_OK);
    err = registry_rows(registry, add_row, builder);
    assert(err == ERR_OK);
    err = registry_builder_finish(builder, &errors, &again);
    assert(err == ERR_OK);
    assert(strcmp(registry_version(again), registry_version(registry)) == 0);
    registry_free(again);
    buf_release(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    unsigned chosen = data[0] % REGISTRY_TABLES;
    struct build build;
    struct buf errors;
    struct registry *registry = NULL;
    buf_init(&errors, 65536);
    build_init(&build, NULL, NULL, &errors);
    for (unsigned table = 0; table < REGISTRY_TABLES; table++) {
        if (table == chosen)
            load(&build, (enum registry_table)table, data + 1, size - 1);
        else
            load(&build, (enum registry_table)table, files[table], strlen(files[table]));
    }
    if (build_finish(&build, &registry) == ERR_OK) {
        check_round_trip(registry);
        registry_free(registry);
    } else {
        assert(errors.len > 0);
    }
    buf_release(&errors);
    return 0;
}
