#include "bench_county.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "homes.h"

bool bench_county_write(const struct bench *bench, unsigned homes, char folder[BENCH_PATH_SIZE],
                        struct buf *errors)
{
    char done[BENCH_PATH_SIZE + 32];
    struct stat status;
    const int len = snprintf(folder, BENCH_PATH_SIZE, "%s/county-%u", bench->folder, homes);
    if (len <= 0 || len >= BENCH_PATH_SIZE)
        return false;
    snprintf(done, sizeof(done), "%s/devices.csv", folder);
    return stat(done, &status) == 0 || homes_write(folder, homes, 1, BENCH_COUNTY, errors) == ERR_OK;
}

bool bench_county_read(const char *folder, struct bench_county *ret_county, struct buf *errors)
{
    memset(ret_county, 0, sizeof(*ret_county));
    config_defaults(&ret_county->config);
    text_copy(ret_county->folder, sizeof(ret_county->folder), folder);
    /* A tape holds the reports of some of the devices only: the others are not to fall silent meanwhile. */
    ret_county->config.detect.silent_s = 86400;
    const enum err err = tz_load(ret_county->config.time_zone, &ret_county->tz);
    if (err != ERR_OK)
        buf_printf(errors, "time zone %s: %s", ret_county->config.time_zone, err_text(err));
    else if (registry_load(folder, ret_county->tz, NULL, errors, &ret_county->registry) == ERR_OK)
        return true;
    bench_county_release(ret_county);
    return false;
}

bool bench_county_open(const struct bench *bench, unsigned homes, struct bench_county *ret_county,
                       struct buf *errors)
{
    char folder[BENCH_PATH_SIZE];
    return bench_county_write(bench, homes, folder, errors) && bench_county_read(folder, ret_county, errors);
}

void bench_county_release(struct bench_county *county)
{
    registry_free(county->registry);
    tz_free(county->tz);
    memset(county, 0, sizeof(*county));
    malloc_trim(0);
}

struct gateway *bench_county_gateway(const struct bench_county *county)
{
    struct gateway *gateway = NULL;
    const struct gateway_config config = {.county = BENCH_COUNTY,
                                          .instance = county->config.instance,
                                          .registry = county->registry,
                                          .detect = &county->config.detect,
                                          .alert = &county->config.alert,
                                          .relay = &county->config.relay,
                                          .tz = county->tz,
                                          .lateness_ms = (int64_t)county->config.lateness_s * 1000};
    return gateway_new(&config, &gateway) == ERR_OK ? gateway : NULL;
}

double bench_rss(int pid)
{
    char path[64], line[256] = "";
    unsigned long size, resident;
    if (pid == 0) {
        malloc_trim(0);
        pid = (int)getpid();
    }
    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const bool well = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    if (!well || sscanf(line, "%lu %lu", &size, &resident) != 2)
        return 0;
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* From each thread's schedstat: nanoseconds, where stat would count in ticks. A thread that has ended is not
 * in it; the daemons that are measured keep theirs. */
double bench_process_cpu_s(int pid)
{
    char path[320];
    double seconds = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        unsigned long long ns = 0;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, entry->d_name);
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%llu", &ns) == 1)
            seconds += (double)ns / 1e9;
        fclose(file);
    }
    closedir(tasks);
    return seconds;
}
