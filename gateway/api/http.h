/* Inside the fence around libmicrohttpd: what the files http*.c share. */
#ifndef HUYANG_API_HTTP_H
#define HUYANG_API_HTTP_H

#include <microhttpd.h>
#include <pthread.h>
#include <sys/socket.h>

#include "api/gate.h"
#include "api/request.h"
#include "api/tls.h"

enum {
    /* How long a client may take, whatever it trickles meanwhile: to its next request's head (the handshake
     * of TLS included), and from there to the end of the answer. Streams aside. */
    HEAD_MS = 20000,
    REQUEST_MS = 120000
};

/* A connection, from its beginning to its end. */
struct line {
    struct line *prev, *next; /* in api->lines */
    struct tls_pass *pass;
    MHD_socket fd;
    int64_t deadline_ms; /* monotonic; INT64_MAX = as long as it likes */
};

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
    struct tls *tls;       /* NULL = in clear */
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
    struct line *lines;
    int64_t slow_ms; /* when they are looked through next */
    struct stream *streams;
    unsigned stream_count;
    uint64_t changes, woken; /* commits that people may want to see; of those, the streams were woken for */
    int64_t woken_ms;
};

/* http.c, for the daemon. */
enum MHD_Result http_request(void *self, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data, size_t *data_len,
                             void **context);
void http_completed(void *self, struct MHD_Connection *connection, void **context,
                    enum MHD_RequestTerminationCode code);

/* http_daemon.c. Listens; on failure says why in the log. */
MUST_CHECK enum err http_start_daemon(struct api *api);
/* From now on the client has so long; INT64_MAX = no limit. MHD's thread. */
void http_line_wait(struct api *api, struct MHD_Connection *connection, int64_t wait_ms);
/* Under the lock, by the watch: ends the connections whose time is over; when to call it again, as below. */
int64_t http_end_slow(struct api *api, int64_t mono_ms);
/* Has the client shown the certificate that it must? */
bool http_knows(const struct api *api, struct MHD_Connection *connection);
/* A browser takes a cookie of the second name over TLS only, and from nobody but this very host. */
const char *http_cookie_name(bool https);
/* The address in either family; false when it is neither. */
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
