/* What a platform reads: everything that was found, changed and sent, from a place of its own on. */
#include <inttypes.h>
#include <string.h>

#include "api/request.h"

enum { FEED_LIMIT = 500, FEED_LIMIT_MAX = 1000 };

/* "FINDING.TRANSITION.DELIVERY.LEDGER"; opaque to whoever gets it. Without the last one it is of a gateway
 * that had no ledger yet. */
static bool read_place(const char *text, struct reader_feed *ret_feed)
{
    enum { PARTS = 4 };
    int64_t numbers[PARTS] = {0};
    char part[24];
    size_t count = 0;

    for (bool more = true; more; count++) {
        size_t len = strcspn(text, ".");
        more = text[len] == '.';
        if (count == PARTS || len >= sizeof(part))
            return false;
        memcpy(part, text, len);
        part[len] = '\0';
        if (!text_to_int(part, 0, INT64_MAX, &numbers[count]))
            return false;
        text += len + more;
    }
    *ret_feed = (struct reader_feed){
        .finding = numbers[0], .transition = numbers[1], .delivery = numbers[2], .ledger = numbers[3]};
    return count >= PARTS - 1;
}

/* False: the reply says which parameter is wrong. */
static bool read_query(struct request *request, struct reader_feed *ret_feed, unsigned *ret_limit)
{
    int64_t limit = FEED_LIMIT;

    *ret_feed = (struct reader_feed){.finding = 0};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        const char *wrong = NULL;
        if (strcmp(query->name, "after") == 0)
            wrong = read_place(query->value, ret_feed) ? NULL : "the \"next\" of an earlier page";
        else if (strcmp(query->name, "limit") == 0)
            wrong = text_to_int(query->value, 1, FEED_LIMIT_MAX, &limit) ? NULL : "a number of 1 to 1000";
        else
            wrong = "nothing of this path: unknown parameter";
        if (wrong != NULL) {
            reply_problem(request, 400, query->name, "must be %s", wrong);
            return false;
        }
    }
    *ret_limit = (unsigned)limit;
    return true;
}

/* A place behind the end is of another database, or of one that was set back: whoever has it must hear that,
 * not silence. */
static enum err answer(struct reader *reader, struct reader_feed feed, unsigned limit, struct buf *body)
{
    struct reader_feed end;
    bool more = false;
    enum err err = reader_feed_end(reader, &end);

    if (err == ERR_OK && (feed.finding > end.finding || feed.transition > end.transition ||
                          feed.delivery > end.delivery || feed.ledger > end.ledger))
        return ERR_RANGE;
    if (err != ERR_OK)
        return err;
    buf_puts(body, "{\"items\":");
    err = reader_feed(reader, &feed, limit, body, &more);
    buf_printf(body, ",\n\"next\":\"%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64 "\",\"more\":%s}\n",
               feed.finding, feed.transition, feed.delivery, feed.ledger, more ? "true" : "false");
    return err;
}

enum verdict view_feed(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_feed feed;
    unsigned limit;

    (void)ret_pending;
    if (!read_query(request, &feed, &limit))
        return VERDICT_REPLY;
    enum err err = view->reader == NULL ? ERR_BUSY : reader_begin(view->reader);
    if (err == ERR_OK) {
        err = answer(view->reader, feed, limit, &request->reply.body);
        reader_end(view->reader);
    }
    if (err == ERR_OK)
        reply_json(request, 200);
    else if (err == ERR_RANGE)
        reply_problem(request, 409, "after", "this place is not of this gateway's feed: start without it");
    else
        reply_problem(request, 503, NULL, "the database is busy: %s", err_text(err));
    return VERDICT_REPLY;
}
