/* Preloaded into the gateway by tests/fault: the wall clock is off by the number of seconds that the file
 * named by $STEP_CLOCK_FILE holds, read anew at most every 20 ms. The monotonic clock is left alone, as in a
 * machine whose time is set. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int clock_fn(clockid_t, struct timespec *);

static long read_offset(void)
{
    const char *path = getenv("STEP_CLOCK_FILE");
    char text[32] = "";
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    return len > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    static _Atomic(clock_fn *) real;
    static _Atomic long offset_s, read_ms;
    clock_fn *fn = atomic_load(&real);
    if (fn == NULL) {
        fn = (clock_fn *)dlsym(RTLD_NEXT, "clock_gettime");
        atomic_store(&real, fn);
    }
    int result = fn(id, at);
    if (id != CLOCK_REALTIME || result != 0)
        return result;
    struct timespec mono;
    fn(CLOCK_MONOTONIC, &mono);
    long now_ms = mono.tv_sec * 1000 + mono.tv_nsec / 1000000;
    if (now_ms - atomic_load(&read_ms) >= 20) {
        atomic_store(&read_ms, now_ms);
        atomic_store(&offset_s, read_offset());
    }
    at->tv_sec += atomic_load(&offset_s);
    return 0;
}
