/* Server-sent events: an alert each time it changes, for as long as somebody listens.
 *
 * Nothing is queued for anybody. A stream remembers how far it has told (the ids of the last transition and
 * delivery) and reads what came after from the database, when its socket takes more; so a slow reader costs
 * one page of text, catches up by leaps (an alert that changed ten times is told once), and one that does not
 * read at all is closed by the connection's timeout. The core only counts its commits up; the watch wakes
 * the streams. The id of an event is that position: a page that comes back goes on where it was, or is told
 * to load anew (`hello` with resumed false) when that is too long ago or of another database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"

enum {
    STREAM_CHANGES = 32, /* read at a time */
    STREAM_TEXT_MAX = 1 << 20,
    STREAM_BLOCK = 16 << 10,
    STREAM_BEHIND_MAX = 2000, /* changes a page may have missed and still go on */
    BEAT_MS = 5000,           /* below the connection's timeout */
    WAKE_EVERY_MS = 50,       /* a storm of commits wakes no more often */
    WAKE_TURN = 32,           /* so many at a time, that other requests have their turn between */
    WAKE_TURN_MS = 2
};

struct stream {
    struct stream *prev, *next;
    struct api *api;
    struct MHD_Connection *connection;
    char cookie[SECRET_HEX_SIZE];
    struct person person;
    struct reader_cursor at;
    struct buf out;
    size_t sent;   /* of out */
    uint64_t seen; /* api->changes when it last looked */
    bool more;     /* the last look was not the end */
    bool suspended;
    bool due; /* there is news, and it was not woken for it yet */
    int64_t beat_ms;
};

static void put_head(struct stream *stream, const char *event)
{
    buf_printf(&stream->out, "event: %s\nid: %" PRId64 "-%" PRId64 "\ndata: ", event, stream->at.transition,
               stream->at.delivery);
}

static enum err put_change(struct stream *stream, const struct hash_id *id, bool last)
{
    struct reader *reader = stream->api->reader;
    struct buf item, seen;

    buf_init(&item, STREAM_TEXT_MAX);
    buf_init(&seen, STREAM_TEXT_MAX);
    enum err err = reader_alert_item(reader, id, &item);
    if (err == ERR_OK)
        err = view_put_item(reader, &stream->person, id, buf_text(&item), item.len, &seen);
    if (err == ERR_OK) {
        /* The position counts once all before it were told. */
        if (last)
            put_head(stream, "alert");
        else
            buf_puts(&stream->out, "event: alert\ndata: ");
        buf_append(&stream->out, buf_text(&seen), seen.len);
        buf_puts(&stream->out, "\n\n");
    }
    buf_release(&item);
    buf_release(&seen);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err look_once(struct stream *stream)
{
    struct hash_id alerts[STREAM_CHANGES];
    struct reader_cursor before = stream->at;
    size_t count = 0;
    enum err err = reader_changes(stream->api->reader, &stream->at, alerts, STREAM_CHANGES, &count);

    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = put_change(stream, &alerts[i], i + 1 == count);
    stream->more = stream->at.transition != before.transition || stream->at.delivery != before.delivery;
    return err == ERR_OK && stream->out.failed ? ERR_FULL : err;
}

static enum err look(struct stream *stream)
{
    enum err err = reader_begin(stream->api->reader);

    if (err != ERR_OK)
        return err;
    err = look_once(stream);
    reader_end(stream->api->reader);
    return err;
}

/* Fills `out` if there is something to say; false: the stream ends, the page comes back. */
static bool fill(struct stream *stream)
{
    struct api *api = stream->api;
    int64_t mono_ms = clock_now().mono_ms;

    buf_clear(&stream->out);
    stream->sent = 0;
    pthread_mutex_lock(&api->lock);
    uint64_t changes = api->changes;
    bool stopping = api->stopping;
    pthread_mutex_unlock(&api->lock);
    if (stopping)
        return false;
    if (mono_ms >= stream->beat_ms) {
        if (!gate_still(&api->gate, stream->cookie, api->reader, &stream->person))
            return false;
        put_head(stream, "beat");
        buf_puts(&stream->out, "{}\n\n");
        stream->beat_ms = mono_ms + BEAT_MS;
    }
    if (changes == stream->seen && !stream->more)
        return true;
    stream->seen = changes;
    return look(stream) == ERR_OK;
}

/* MHD asks for more text: only when the socket takes it. */
static ssize_t read_stream(void *self, uint64_t position, char *to, size_t max)
{
    struct stream *stream = self;
    struct api *api = stream->api;

    (void)position;
    if (stream->sent == stream->out.len && !fill(stream))
        return MHD_CONTENT_READER_END_OF_STREAM;
    size_t len = stream->out.len - stream->sent;
    if (len == 0) {
        buf_release(&stream->out); /* who listens and hears nothing holds no page of text */
        buf_init(&stream->out, STREAM_TEXT_MAX);
        pthread_mutex_lock(&api->lock);
        if (!stream->more && stream->seen == api->changes && !api->stopping) {
            stream->suspended = true;
            MHD_suspend_connection(stream->connection);
            pthread_cond_signal(&api->changed); /* the watch learns of its next beat */
        }
        pthread_mutex_unlock(&api->lock);
        return 0;
    }
    len = len < max ? len : max;
    memcpy(to, stream->out.data + stream->sent, len);
    stream->sent += len;
    return (ssize_t)len;
}

static void free_stream(void *self)
{
    struct stream *stream = self;
    struct api *api = stream->api;

    pthread_mutex_lock(&api->lock);
    *(stream->prev != NULL ? &stream->prev->next : &api->streams) = stream->next;
    if (stream->next != NULL)
        stream->next->prev = stream->prev;
    api->stream_count--;
    pthread_mutex_unlock(&api->lock);
    buf_release(&stream->out);
    secret_wipe(stream->cookie, sizeof(stream->cookie));
    free(stream);
}

int64_t http_wake_streams(struct api *api, int64_t mono_ms)
{
    bool news = api->changes != api->woken && mono_ms - api->woken_ms >= WAKE_EVERY_MS;
    int64_t next_ms = api->changes != api->woken && !news && api->streams != NULL
                          ? api->woken_ms + WAKE_EVERY_MS
                          : INT64_MAX;

    if (news) {
        api->woken = api->changes;
        api->woken_ms = mono_ms;
    }
    unsigned woken = 0;
    for (struct stream *stream = api->streams; stream != NULL; stream = stream->next) {
        stream->due |= news;
        if (!stream->suspended)
            continue;
        const bool wakes = stream->due || stream->beat_ms <= mono_ms;
        if (api->stopping || (wakes && woken < WAKE_TURN)) {
            woken++;
            stream->suspended = stream->due = false;
            MHD_resume_connection(stream->connection);
        } else if (wakes) {
            next_ms = mono_ms + WAKE_TURN_MS;
        } else if (stream->beat_ms < next_ms) {
            next_ms = stream->beat_ms;
        }
    }
    return next_ms;
}

/* "T-D", not from the future and not too long ago. */
static bool find_position(const char *text, const struct reader_cursor *now, struct reader_cursor *ret_at)
{
    struct reader_cursor at;
    char first[24];
    size_t len = strcspn(text, "-");

    if (text[len] != '-' || len >= sizeof(first))
        return false;
    memcpy(first, text, len);
    first[len] = '\0';
    if (!text_to_int(first, 0, now->transition, &at.transition) ||
        !text_to_int(text + len + 1, 0, now->delivery, &at.delivery) ||
        now->transition - at.transition > STREAM_BEHIND_MAX ||
        now->delivery - at.delivery > STREAM_BEHIND_MAX)
        return false;
    *ret_at = at;
    return true;
}

/* Under the lock. */
static bool has_room(const struct api *api, const struct stream *asking)
{
    unsigned own = 0;

    if (api->stream_count > API_STREAMS_MAX)
        return false;
    for (const struct stream *stream = api->streams; stream != NULL && asking->cookie[0] != '\0';
         stream = stream->next)
        own += stream->cookie[0] != '\0' && strcmp(stream->person.account.id, asking->person.account.id) == 0;
    return own <= API_STREAMS_EACH;
}

static struct stream *new_stream(struct api *api, struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    *stream = (struct stream){
        .api = api, .connection = exchange->connection, .person = request->person, .more = true};
    memcpy(stream->cookie, request->asked.cookie, sizeof(stream->cookie));
    if (!request->signed_in)
        stream->cookie[0] = '\0';
    buf_init(&stream->out, STREAM_TEXT_MAX);
    stream->beat_ms = clock_now().mono_ms + BEAT_MS;
    pthread_mutex_lock(&api->lock);
    stream->next = api->streams;
    if (api->streams != NULL)
        api->streams->prev = stream;
    api->streams = stream;
    api->stream_count++;
    bool room = has_room(api, stream);
    pthread_mutex_unlock(&api->lock);
    if (!room) {
        free_stream(stream);
        return NULL;
    }
    return stream;
}

enum MHD_Result http_send_stream(struct api *api, struct exchange *exchange)
{
    struct reader_cursor now;
    enum err err = reader_cursor(api->reader, &now);
    struct stream *stream = err == ERR_OK ? new_stream(api, exchange) : NULL;

    if (stream == NULL) {
        reply_said(&exchange->request, 503, "too many pages listen, or the database is busy",
                   "实时连接过多或数据库忙");
        return http_send_reply(api, exchange);
    }
    bool resumed = find_position(exchange->request.asked.last_event, &now, &stream->at);
    if (!resumed)
        stream->at = now;
    buf_puts(&stream->out, "retry: 1000\n");
    put_head(stream, "hello");
    buf_printf(&stream->out, "{\"resumed\":%s}\n\n", resumed ? "true" : "false");
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, stream, free_stream);
    if (response == NULL) {
        free_stream(stream);
        return MHD_NO;
    }
    api->replies[2]++;
    http_line_wait(api, exchange->connection, INT64_MAX); /* who reads nothing is MHD's timeout's business */
    (void)MHD_add_response_header(response, "Content-Type", "text/event-stream; charset=utf-8");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(response, "X-Accel-Buffering", "no");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    enum MHD_Result result = MHD_queue_response(exchange->connection, 200, response);
    MHD_destroy_response(response);
    return result;
}
