/* The processes of a row: a real mosquitto on a free loopback port, the gateway that stands beside this
 * program, load, and whatever else; all of them ended and their folder left to the bench. */
#ifndef HUYANG_TOOLS_BENCH_WORLD_H
#define HUYANG_TOOLS_BENCH_WORLD_H

#include <stdio.h>

#include "bench.h"
#include "bench_county.h"

struct bench_child {
    int pid;        /* 0 = not running */
    FILE *in, *out; /* its standard input and output */
};

struct bench_world {
    const struct bench *bench;
    char county[BENCH_PATH_SIZE]; /* the registry's folder */
    char folder[BENCH_PATH_SIZE]; /* state, configuration and logs of this world */
    unsigned mqtt_port, api_port;
    unsigned gateway_port; /* of the broker, when the world is secure; else 0 */
    struct bench_child broker, gateway;
    char why[256]; /* the last thing that did not work */
};

/* Makes the county and its folder, starts the broker. `name` is the folder's. False: see why. */
bool bench_world_open(struct bench *bench, const char *name, unsigned homes, struct bench_world *ret_world);
void bench_world_close(struct bench_world *world);
/* Writes the configuration; `more` is YAML added to it. */
bool bench_world_configure(struct bench_world *world, const char *more);
/* Makes an authority with a certificate for each device, and the broker one that asks for them. */
bool bench_world_secure(struct bench_world *world);
/* Runs a subcommand of this program to its end; argv ends with NULL. True: status 0. */
bool bench_world_run(struct bench_world *world, char *const argv[]);
/* Starts the gateway and waits until /healthz says ready; *ret_s (may be NULL) is how long that took. */
bool bench_world_gateway(struct bench_world *world, double timeout_s, double *ret_s);
void bench_world_stop_gateway(struct bench_world *world, int signal);
/* Starts `huyang bench --role …`; argv ends with NULL. True once it said "ready". */
bool bench_world_role(struct bench_world *world, char *const argv[], struct bench_child *ret_child);
/* Starts the load (not yet running: bench_load_go). */
bool bench_world_load(struct bench_world *world, const char *county_code, double rate, double seconds,
                      bool any_answer, struct bench_child *ret_child);
void bench_load_go(struct bench_child *load);
struct bench_load_result {
    unsigned long sent, answered, left;
};
/* Waits for its end. */
bool bench_load_result(struct bench_child *load, struct bench_load_result *ret_result);
/* Ends a child and takes its streams back; fine when it is not running. */
void bench_child_end(struct bench_child *child, int signal);
/* The status of GET path on the gateway, 0 when nothing answers. */
int bench_world_http(const struct bench_world *world, const char *path);
unsigned bench_free_port(void);

#endif
