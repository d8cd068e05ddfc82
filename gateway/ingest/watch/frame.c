#include "ingest/watch/frame.h"

#include <string.h>

static const char escapes[] = {'}', '[', ']', ',', '*'}; /* by code, from 1 */

void watch_framer_init(struct watch_framer *framer)
{
    memset(framer, 0, sizeof(*framer));
    buf_init(&framer->raw, WATCH_RAW_MAX);
    buf_init(&framer->content, WATCH_RAW_MAX);
}

void watch_framer_release(struct watch_framer *framer)
{
    buf_release(&framer->raw);
    buf_release(&framer->content);
}

bool watch_framer_put(struct watch_framer *framer, const void *data, size_t len)
{
    struct buf *raw = &framer->raw;
    if (framer->from > 0) {
        memmove(raw->data, raw->data + framer->from, raw->len - framer->from);
        raw->len -= framer->from;
        framer->from = 0;
    }
    buf_append(raw, data, len);
    return !raw->failed;
}

/* What has not been taken yet. */
struct view {
    const char *data;
    size_t len;
};

static struct view view_of(const struct watch_framer *framer)
{
    return (struct view){framer->raw.data + framer->from, framer->raw.len - framer->from};
}

/* Drops `len` bytes at the front; what follows is looked at anew. */
static void drop(struct watch_framer *framer, size_t len)
{
    framer->from += len;
    framer->head = framer->at = framer->count = framer->depth = framer->bracket = framer->closed = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum found { FOUND, MORE, WRONG };

/* Four hex digits and '*' at `at`. */
static enum found find_length(struct view view, size_t at, size_t *ret_length)
{
    size_t length = 0;
    for (size_t i = 0; i < 4; i++) {
        if (at + i >= view.len)
            return MORE;
        if (hex_digit(view.data[at + i]) < 0)
            return WRONG;
        length = length * 16 + (size_t)hex_digit(view.data[at + i]);
    }
    if (at + 4 >= view.len)
        return MORE;
    if (view.data[at + 4] != '*')
        return WRONG;
    *ret_length = length;
    return FOUND;
}

/* The part from `at` up to a '*', which stands at *ret_end: at most `size` - 1 bytes of an identifier. */
static enum found find_part(struct view view, size_t at, size_t size, size_t *ret_end)
{
    for (size_t end = at; end < view.len && end - at < size; end++) {
        if (view.data[end] == '*' && end > at) {
            *ret_end = end;
            return FOUND;
        }
        if (!text_is_id(&view.data[end], 1))
            return WRONG;
    }
    return view.len - at >= size ? WRONG : MORE;
}

static void copy_part(char *to, struct view view, size_t from, size_t end)
{
    memcpy(to, view.data + from, end - from);
    to[end - from] = '\0';
}

/* What stands behind the id: LEN, or INDEX and LEN. A first part of four digits is an index when a length
 * follows it. */
static enum found find_sizes(struct watch_framer *framer, struct view view, size_t at)
{
    size_t index_end, first_length, second_length;
    const enum found first = find_length(view, at, &first_length);
    enum found found = find_part(view, at, sizeof(framer->frame.index), &index_end);
    if (found == FOUND)
        found = find_length(view, index_end + 1, &second_length);
    framer->frame.index[0] = '\0';
    if (first == MORE || found == MORE)
        return MORE;
    if (found == FOUND) {
        copy_part(framer->frame.index, view, at, index_end);
        framer->wanted = second_length;
        framer->head = index_end + 6;
    } else if (first == FOUND) {
        framer->wanted = first_length;
        framer->head = at + 5;
    } else {
        return WRONG;
    }
    framer->at = framer->head;
    return FOUND;
}

/* The head of the frame that begins here. */
static enum found find_head(struct watch_framer *framer, struct view view)
{
    size_t maker_end, id_end;
    enum found found = find_part(view, 1, sizeof(framer->frame.maker), &maker_end);
    if (found == FOUND && maker_end != sizeof(framer->frame.maker))
        return WRONG;
    if (found == FOUND)
        found = find_part(view, maker_end + 1, sizeof(framer->frame.id), &id_end);
    if (found != FOUND)
        return found;
    copy_part(framer->frame.maker, view, 1, maker_end);
    copy_part(framer->frame.id, view, maker_end + 1, id_end);
    return find_sizes(framer, view, id_end + 1);
}

/* The content's bytes from head to `end`, escapes undone, become the frame; the next one begins `end` + 1. */
static const struct watch_frame *finish(struct watch_framer *framer, size_t end)
{
    const char *raw = view_of(framer).data;
    buf_clear(&framer->content);
    for (size_t i = framer->head; i < end; i++) {
        const bool is_escape = raw[i] == '}' && i + 1 < end && raw[i + 1] >= 1 && raw[i + 1] <= 5;
        buf_putc(&framer->content, is_escape ? escapes[raw[i + 1] - 1] : raw[i]);
        i += is_escape;
    }
    framer->frame.kind = WATCH_BRACKET;
    framer->frame.content = buf_text(&framer->content);
    framer->frame.len = framer->content.len;
    framer->frame.bad_length = framer->content.len != framer->wanted;
    framer->bad_lengths += framer->frame.bad_length;
    drop(framer, end + 1);
    return framer->content.failed ? NULL : &framer->frame;
}

static void note_bracket(struct watch_framer *framer, char c)
{
    if (c == '[')
        framer->depth++;
    if (c != ']')
        return;
    if (framer->bracket == 0)
        framer->bracket = framer->at;
    if (framer->depth > 0)
        framer->depth--;
    else if (framer->closed == 0)
        framer->closed = framer->at;
}

/* Where the frame ends: at a bracket right behind the length told; else at the first that closes none of the
 * content's own; else, where one of those never closes, at the first. */
static enum found find_end(struct watch_framer *framer, struct view view, size_t *ret_end)
{
    const bool by_bracket = framer->bad_lengths >= WATCH_TRUST;
    for (; framer->at < view.len; framer->at++, framer->count++) {
        const char c = view.data[framer->at];
        note_bracket(framer, c);
        if (c == ']' && framer->count == framer->wanted) {
            *ret_end = framer->at;
            return FOUND;
        }
        const bool is_past = framer->count >= framer->wanted;
        if (framer->closed != 0 ? by_bracket || is_past : is_past && framer->bracket != 0) {
            *ret_end = framer->closed != 0 ? framer->closed : framer->bracket;
            return FOUND;
        }
        if (c != '}')
            continue;
        if (framer->at + 1 == view.len)
            return MORE;
        framer->at += view.data[framer->at + 1] >= 1 && view.data[framer->at + 1] <= 5;
    }
    return MORE;
}

/* ---- the second kind ---- */

static const char yx_head[] = {0, 1, 2}, yx_foot[] = {(char)0xFF, (char)0xFE, (char)0xFC};
enum { YX_HEAD = sizeof(yx_head) + 2 };

/* The part of the text from *at up to a '|', behind which *at then stands. */
static bool yx_part(struct view text, size_t *at, char *to, size_t size)
{
    const char *bar = *at < text.len ? memchr(text.data + *at, '|', text.len - *at) : NULL;
    const size_t len = bar != NULL ? (size_t)(bar - text.data) - *at : size;
    if (len == 0 || len >= size)
        return false;
    for (size_t i = *at; i < *at + len; i++)
        if (!text_is_id(&text.data[i], 1) && text.data[i] != '.')
            return false;
    copy_part(to, text, *at, *at + len);
    *at += len + 1;
    return true;
}

/* The text between head and footer as a frame; NULL when it is none. */
static const struct watch_frame *yx_text(struct watch_framer *framer, struct view text)
{
    struct watch_frame *frame = &framer->frame;
    char model[WATCH_INDEX_SIZE];
    size_t at = 2;
    if (text.len < 2 || memcmp(text.data, "YX", 2) != 0 ||
        !yx_part(text, &at, frame->id, sizeof(frame->id)) || !text_is_id(frame->id, strlen(frame->id)) ||
        !yx_part(text, &at, frame->index, sizeof(frame->index)) ||
        !yx_part(text, &at, model, sizeof(model)) || text.len - at < 4 || text.data[at] != '{' ||
        memcmp(text.data + text.len - 3, "}\r\n", 3) != 0)
        return NULL;
    copy_part(frame->maker, text, 0, 2);
    frame->kind = WATCH_YX;
    buf_clear(&framer->content);
    buf_append(&framer->content, text.data + at + 1, text.len - at - 4);
    frame->content = buf_text(&framer->content);
    frame->len = framer->content.len;
    return framer->content.failed ? NULL : frame;
}

/* A frame that begins here, from head to footer; FOUND with *ret_frame NULL: it was none and is passed over.
 */
static enum found yx_find(struct watch_framer *framer, struct view view, const struct watch_frame **ret_frame)
{
    const size_t known = view.len < sizeof(yx_head) ? view.len : sizeof(yx_head);
    if (memcmp(view.data, yx_head, known) != 0)
        return WRONG;
    if (view.len < YX_HEAD)
        return MORE;
    if (framer->at < YX_HEAD)
        framer->at = YX_HEAD;
    for (; framer->at + sizeof(yx_foot) <= view.len; framer->at++) {
        if (framer->at > WATCH_YX_MAX)
            return WRONG;
        if (memcmp(view.data + framer->at, yx_foot, sizeof(yx_foot)) != 0)
            continue;
        const struct view text = {view.data + YX_HEAD, framer->at - YX_HEAD};
        const size_t length = (size_t)(unsigned char)view.data[3] << 8 | (unsigned char)view.data[4];
        framer->frame.bad_length = length != text.len;
        *ret_frame = yx_text(framer, text);
        const size_t whole = framer->at + sizeof(yx_foot);
        framer->skipped += *ret_frame == NULL ? whole : 0;
        drop(framer, whole);
        return FOUND;
    }
    return MORE;
}

/* ---- both ---- */

/* The bracket frame that begins here. */
static enum found bracket_find(struct watch_framer *framer, struct view view,
                               const struct watch_frame **ret_frame)
{
    size_t end;
    enum found found = framer->head != 0 ? FOUND : find_head(framer, view);
    if (found == FOUND)
        found = find_end(framer, view, &end);
    if (found == FOUND)
        *ret_frame = finish(framer, end);
    return found;
}

static size_t find_start(struct view view)
{
    size_t at = 0;
    while (at < view.len && view.data[at] != '[' && view.data[at] != '\0')
        at++;
    return at;
}

const struct watch_frame *watch_framer_next(struct watch_framer *framer)
{
    for (;;) {
        const struct view view = view_of(framer);
        const struct watch_frame *frame = NULL;
        if (view.len == 0)
            return NULL;
        const size_t start = find_start(view);
        if (start > 0) {
            framer->skipped += start;
            drop(framer, start);
            continue;
        }
        const enum found found =
            view.data[0] == '[' ? bracket_find(framer, view, &frame) : yx_find(framer, view, &frame);
        if (found == MORE || frame != NULL)
            return frame;
        if (found == WRONG) {
            framer->skipped++;
            drop(framer, 1);
        }
    }
}

const struct watch_frame *watch_framer_flush(struct watch_framer *framer)
{
    return framer->head != 0 && framer->closed != 0 ? finish(framer, framer->closed) : NULL;
}

static size_t escape_of(char c)
{
    size_t code = 0;
    while (code < sizeof(escapes) && escapes[code] != c)
        code++;
    return code;
}

static void write_yx(const struct watch_frame *to, const char *text, struct buf *out)
{
    struct buf body;
    buf_init(&body, WATCH_YX_MAX);
    buf_printf(&body, "YX%s|%s|0|{%s}\r\n", to->id, to->index, text);
    if (!body.failed) {
        buf_append(out, yx_head, sizeof(yx_head));
        buf_putc(out, (char)(body.len >> 8));
        buf_putc(out, (char)(body.len & 0xFF));
        buf_append(out, body.data, body.len);
        buf_append(out, yx_foot, sizeof(yx_foot));
    }
    buf_release(&body);
}

void watch_frame_write(const struct watch_frame *to, const char *text, const void *data, size_t len,
                       struct buf *out)
{
    const char *bytes = data;
    const size_t total = strlen(text) + len;
    if (total > WATCH_CONTENT_MAX)
        return;
    if (to->kind == WATCH_YX) {
        write_yx(to, text, out);
        return;
    }
    buf_printf(out, "[%s*%s*%s%s%04zx*%s", to->maker, to->id, to->index, to->index[0] != '\0' ? "*" : "",
               total, text);
    for (size_t i = 0; i < len; i++) {
        const size_t code = escape_of(bytes[i]);
        if (code < sizeof(escapes))
            buf_putc(out, '}');
        buf_putc(out, code < sizeof(escapes) ? (char)(code + 1) : bytes[i]);
    }
    buf_putc(out, ']');
}
