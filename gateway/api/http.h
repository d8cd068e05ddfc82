/* Inside the fence around libmicrohttpd: what http.c, http_reply.c and http_stream.c share. */
#ifndef HUYANG_API_HTTP_H
#define HUYANG_API_HTTP_H

#include <microhttpd.h>
#include <pthread.h>
#include <sys/socket.h>

#include "api/gate.h"
#include "api/request.h"

enum phase { PHASE_READING, PHASE_WAITING, PHASE_ANSWERED };
struct exchange {
    struct exchange *prev, *next; /* in api->waiting */
    struct MHD_Connection *connection;
    const struct route *route;
    const struct console_file *file; /* asked for one */
    struct request request;
    struct pending pending;
    enum phase phase;
    uint64_t ticket;
    int64_t deadline_ms;
    size_t discarded;
    enum err outcome;
    char text[1024];
};

struct stream;
struct api {
    struct api_config config;
    struct MHD_Daemon *daemon;
    struct reader *reader; /* MHD's thread only */
    struct gate gate;      /* MHD's thread only */
    struct passwords *passwords;
    uint16_t port;
    uint64_t replies[6]; /* by hundreds of the status; MHD's thread only */
    pthread_t watch;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    struct exchange *first, *last; /* waiting, oldest first */
    unsigned waiting;
    uint64_t tickets;
    bool stopping;
    struct api_health health;
    int64_t heard_ms; /* monotonic, 0 = never */
    struct buf metrics, prompts;
    struct stream *streams;
    unsigned stream_count;
    uint64_t changes, woken; /* commits that people may want to see; of those, the streams were woken for */
    int64_t woken_ms;
};

/* http.c. The address in either family; false when it is neither. */
bool http_parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret_address);

/* http_reply.c: queues the reply, or the file, of an exchange. */
enum MHD_Result http_send_reply(struct api *api, struct exchange *exchange);
enum MHD_Result http_send_file(struct api *api, struct exchange *exchange);

/* http_stream.c. The reply that goes on. */
enum MHD_Result http_send_stream(struct api *api, struct exchange *exchange);
/* Under the lock, by the watch: wakes the streams that have something to say; returns when it wants to be
 * called again without having been signalled (monotonic, INT64_MAX = never). */
int64_t http_wake_streams(struct api *api, int64_t mono_ms);

#endif
