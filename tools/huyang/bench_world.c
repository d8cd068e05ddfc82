#include "bench_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/text.h"

extern char **environ;

enum { BROKER_WAIT_S = 10, STOP_WAIT_S = 20, LINE_SIZE = 256 };

__attribute__((format(printf, 2, 3))) static bool fail(struct bench_world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(world->why, sizeof(world->why), format, args);
    va_end(args);
    return false;
}

static void rest(double seconds)
{
    const struct timespec some = {.tv_sec = 0, .tv_nsec = (long)(seconds * 1e9)};
    nanosleep(&some, NULL);
}

/* ---- children ---- */

/* Its standard error goes to `log`. */
static bool spawn(struct bench_child *child, const char *program, char *const argv[], const char *log)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int failed = posix_spawn(&pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    if (failed != 0) {
        close(in[1]);
        close(out[0]);
        return false;
    }
    *child = (struct bench_child){.pid = (int)pid, .in = fdopen(in[1], "w"), .out = fdopen(out[0], "r")};
    return child->in != NULL && child->out != NULL;
}

static bool is_alive(struct bench_child *child)
{
    if (child->pid != 0 && waitpid(child->pid, NULL, WNOHANG) == child->pid)
        child->pid = 0;
    return child->pid != 0;
}

void bench_child_end(struct bench_child *child, int number)
{
    if (child->in != NULL)
        fclose(child->in);
    if (is_alive(child)) {
        kill(child->pid, number);
        const double until = bench_mono_s() + STOP_WAIT_S;
        while (is_alive(child) && bench_mono_s() < until)
            rest(0.001);
        if (is_alive(child)) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, NULL, 0);
        }
    }
    if (child->out != NULL)
        fclose(child->out);
    *child = (struct bench_child){.pid = 0};
}

bool bench_world_role(struct bench_world *world, char *const argv[], struct bench_child *ret_child)
{
    char log[BENCH_PATH_SIZE + 32], line[LINE_SIZE];
    snprintf(log, sizeof(log), "%s/role.log", world->folder);
    *ret_child = (struct bench_child){.pid = 0};
    if (spawn(ret_child, world->bench->self, argv, log) &&
        fgets(line, sizeof(line), ret_child->out) != NULL && strcmp(line, "ready\n") == 0)
        return true;
    bench_child_end(ret_child, SIGKILL);
    return fail(world, "a process of the bench did not start (%s)", argv[3]);
}

bool bench_world_load(struct bench_world *world, const char *county_code, double rate, double seconds,
                      bool any_answer, struct bench_child *ret_child)
{
    char port[16], rate_text[32], seconds_text[32];
    snprintf(port, sizeof(port), "%u", world->mqtt_port);
    snprintf(rate_text, sizeof(rate_text), "%.3f", rate);
    snprintf(seconds_text, sizeof(seconds_text), "%.3f", seconds);
    char *const argv[] = {"huyang",
                          "bench",
                          "--role",
                          "load",
                          "--port",
                          port,
                          "--county",
                          (char *)(uintptr_t)county_code,
                          "--registry",
                          world->county,
                          "--rate",
                          rate_text,
                          "--seconds",
                          seconds_text,
                          any_answer ? "--any-answer" : NULL,
                          NULL};
    return bench_world_role(world, argv, ret_child);
}

void bench_load_go(struct bench_child *load)
{
    fputs("go\n", load->in);
    fflush(load->in);
}

bool bench_load_result(struct bench_child *load, struct bench_load_result *ret_result)
{
    char line[LINE_SIZE];
    struct bench_load_result result;
    if (load->out == NULL || fgets(line, sizeof(line), load->out) == NULL ||
        sscanf(line, "sent %lu answered %lu left %lu", &result.sent, &result.answered, &result.left) != 3)
        return false;
    *ret_result = result;
    return true;
}

/* ---- sockets ---- */

unsigned bench_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned port = 0;
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static int dial(unsigned port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 2};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int bench_world_http(const struct bench_world *world, const char *path)
{
    char text[LINE_SIZE];
    int status = 0;
    const int fd = dial(world->api_port);
    if (fd < 0)
        return 0;
    const int len =
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n",
                 path, world->api_port);
    if (write(fd, text, (size_t)len) == len) {
        const ssize_t got = read(fd, text, sizeof(text) - 1);
        text[got > 0 ? got : 0] = '\0';
        if (sscanf(text, "HTTP/1.1 %d", &status) != 1)
            status = 0;
    }
    close(fd);
    return status;
}

/* ---- broker and gateway ---- */

/* The last line of a log, which is where a process says why it ended. */
static void last_line(const char *log, char *to, size_t size)
{
    char line[LINE_SIZE];
    FILE *file = fopen(log, "re");
    to[0] = '\0';
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            text_copy(to, size, line);
    }
    if (file != NULL)
        fclose(file);
}

/* Starts mosquitto and waits until it listens on mqtt_port. */
static bool launch_broker(struct bench_world *world, char *config)
{
    static const char *const programs[] = {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto",
                                           "/usr/bin/mosquitto"};
    char log[BENCH_PATH_SIZE + 32];
    const char *program = NULL;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && program == NULL; i++)
        program = access(programs[i], X_OK) == 0 ? programs[i] : NULL;
    if (program == NULL)
        return fail(world, "mosquitto is not installed (package mosquitto)");
    snprintf(log, sizeof(log), "%s/mosquitto.log", world->folder);
    char *const argv[] = {"mosquitto", "-c", config, NULL};
    if (!spawn(&world->broker, program, argv, log))
        return fail(world, "mosquitto could not be started");
    const double until = bench_mono_s() + BROKER_WAIT_S;
    while (is_alive(&world->broker) && bench_mono_s() < until) {
        const int fd = dial(world->mqtt_port);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        rest(0.01);
    }
    return fail(world, "mosquitto does not listen; see %s", log);
}

static bool start_broker(struct bench_world *world)
{
    char path[BENCH_PATH_SIZE + 32];
    world->mqtt_port = bench_free_port();
    snprintf(path, sizeof(path), "%s/mosquitto.conf", world->folder);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return fail(world, "%s: %s", path, strerror(errno));
    fprintf(file,
            "listener %u 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 200\n"
            "max_queued_messages 100000\nmax_queued_bytes 268435456\nmax_packet_size 262144\n"
            "persistence false\nlog_dest stderr\nlog_type error\n%s",
            world->mqtt_port, geteuid() == 0 ? "user root\n" : "");
    fclose(file);
    return launch_broker(world, path);
}

bool bench_world_run(struct bench_world *world, char *const argv[])
{
    struct bench_child child;
    char log[BENCH_PATH_SIZE + 32], line[LINE_SIZE];
    int status = -1;
    snprintf(log, sizeof(log), "%s/run.log", world->folder);
    if (!spawn(&child, world->bench->self, argv, log))
        return fail(world, "huyang %s could not be started", argv[1]);
    while (fgets(line, sizeof(line), child.out) != NULL)
        ; /* what it tells people; a full pipe would hold it up */
    if (waitpid(child.pid, &status, 0) == child.pid)
        child.pid = 0;
    bench_child_end(&child, SIGTERM);
    last_line(log, line, sizeof(line));
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || fail(world, "huyang %s: %s", argv[1], line);
}

bool bench_world_secure(struct bench_world *world)
{
    char authority[BENCH_PATH_SIZE + 16], secret[BENCH_PATH_SIZE + 16], devices[BENCH_PATH_SIZE + 16],
        port[16], gateway_port[16], config[BENCH_PATH_SIZE + 48];
    snprintf(authority, sizeof(authority), "%s/provision", world->folder);
    snprintf(secret, sizeof(secret), "%s/passphrase", world->folder);
    snprintf(devices, sizeof(devices), "%s/devices.csv", world->county);
    snprintf(config, sizeof(config), "%s/broker/mosquitto.conf", authority);
    world->mqtt_port = bench_free_port();
    world->gateway_port = bench_free_port();
    snprintf(port, sizeof(port), "%u", world->mqtt_port);
    snprintf(gateway_port, sizeof(gateway_port), "%u", world->gateway_port);
    FILE *file = fopen(secret, "we");
    if (file == NULL || fputs("of a bench, for minutes\n", file) < 0 || fclose(file) != 0)
        return fail(world, "%s: %s", secret, strerror(errno));
    char *const init[] = {"huyang",    "provision",         "init", authority, "--host",
                          "127.0.0.1", "--passphrase-file", secret, NULL};
    char *const batch[] = {"huyang", "provision", "batch", devices, "--dir", authority, NULL};
    char *const broker[] = {
        "huyang",     "provision", "broker", "--dir",          authority,    "--county",
        BENCH_COUNTY, "--port",    port,     "--gateway-port", gateway_port, geteuid() == 0 ? "--user" : NULL,
        "root",       NULL};
    bench_child_end(&world->broker, SIGTERM);
    return bench_world_run(world, init) && bench_world_run(world, batch) && bench_world_run(world, broker) &&
           launch_broker(world, config) && bench_world_configure(world, "");
}

/* The settings of a secure world's broker connection. */
static void put_secure(const struct bench_world *world, FILE *file)
{
    fprintf(file,
            "broker:\n  url: \"ssl://127.0.0.1:%u\"\n  ca_file: \"%s/provision/gateway/ca.pem\"\n"
            "  cert_file: \"%s/provision/gateway/gateway.pem\"\n"
            "  key_file: \"%s/provision/gateway/gateway.pem\"\n",
            world->gateway_port, world->folder, world->folder, world->folder);
}

bool bench_world_configure(struct bench_world *world, const char *more)
{
    char path[BENCH_PATH_SIZE + 32];
    snprintf(path, sizeof(path), "%s/gateway.yaml", world->folder);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return fail(world, "%s: %s", path, strerror(errno));
    fprintf(file,
            "county: \"%s\"\ninstance: bench\nstate_dir: \"%s/state\"\nregistry_dir: \"%s\"\n"
            "log_level: warn\napi:\n  listen: 127.0.0.1\n  port: %u\n%s",
            BENCH_COUNTY, world->folder, world->county, world->api_port, more);
    if (world->gateway_port != 0)
        put_secure(world, file);
    else
        fprintf(file, "broker:\n  url: \"tcp://127.0.0.1:%u\"\n", world->mqtt_port);
    return fclose(file) == 0;
}

bool bench_world_gateway(struct bench_world *world, double timeout_s, double *ret_s)
{
    char program[BENCH_PATH_SIZE + 32], config[BENCH_PATH_SIZE + 32], log[BENCH_PATH_SIZE + 32];
    const char *slash = strrchr(world->bench->self, '/');
    snprintf(program, sizeof(program), "%.*s/huyang-gateway", (int)(slash - world->bench->self),
             world->bench->self);
    snprintf(config, sizeof(config), "%s/gateway.yaml", world->folder);
    snprintf(log, sizeof(log), "%s/gateway.log", world->folder);
    if (access(program, X_OK) != 0)
        return fail(world, "huyang-gateway does not stand beside this program");
    char *const argv[] = {"huyang-gateway", "--config", config, NULL};
    const double start = bench_mono_s();
    if (!spawn(&world->gateway, program, argv, log))
        return fail(world, "huyang-gateway could not be started");
    while (is_alive(&world->gateway) && bench_mono_s() < start + timeout_s) {
        if (bench_world_http(world, "/healthz") == 200) {
            if (ret_s != NULL)
                *ret_s = bench_mono_s() - start;
            return true;
        }
        rest(0.002);
    }
    const bool alive = is_alive(&world->gateway);
    char said[160];
    bench_world_stop_gateway(world, SIGTERM);
    last_line(log, said, sizeof(said));
    return alive ? fail(world, "the gateway was not ready (/healthz) within %.0f s: %s", timeout_s, said)
                 : fail(world, "the gateway ended at once: %s", said);
}

void bench_world_stop_gateway(struct bench_world *world, int number)
{
    bench_child_end(&world->gateway, number);
}

bool bench_world_open(struct bench *bench, const char *name, unsigned homes, struct bench_world *ret_world)
{
    struct buf errors;
    memset(ret_world, 0, sizeof(*ret_world));
    ret_world->bench = bench;
    ret_world->api_port = bench_free_port();
    signal(SIGPIPE, SIG_IGN);
    snprintf(ret_world->folder, sizeof(ret_world->folder), "%.*s/%s", BENCH_PATH_SIZE - 64, bench->folder,
             name);
    buf_init(&errors, 1 << 16);
    const bool well =
        mkdir(ret_world->folder, 0700) == 0 && bench_county_write(bench, homes, ret_world->county, &errors);
    if (!well)
        fail(ret_world, "%s", errors.len > 0 ? buf_text(&errors) : strerror(errno));
    buf_release(&errors);
    return well && start_broker(ret_world) && bench_world_configure(ret_world, "");
}

void bench_world_close(struct bench_world *world)
{
    bench_world_stop_gateway(world, SIGTERM);
    bench_child_end(&world->broker, SIGTERM);
}
