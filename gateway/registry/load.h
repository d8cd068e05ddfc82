/* Inside the registry: the texts of a folder's files -> staged rows of the table under way (build_begin was
 * called). Errors go to the build. Pure; the files themselves are read by folder.c. */
#ifndef HUYANG_REGISTRY_LOAD_H
#define HUYANG_REGISTRY_LOAD_H

#include "registry/build.h"

/* `data` has len bytes and one more that may be written; it is overwritten. */
void load_csv(struct build *build, char *data, size_t len);
/* A FeatureCollection of zones (RFC 7946); features count from 1. */
void load_geojson(struct build *build, const char *data, size_t len);

#endif
