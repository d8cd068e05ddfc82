#include "relay/xml.h"

#include <string.h>

#include "core/text.h"

static enum xml_token bad(struct xml *xml, const char *error)
{
    xml->error = error;
    return XML_BAD;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Names as the standards we read have them; letters beyond ASCII are let through. */
static bool is_name(char c, bool first)
{
    unsigned char u = (unsigned char)c;
    if ((u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || u == '_' || u == ':' || u >= 0x80)
        return true;
    return !first && ((u >= '0' && u <= '9') || u == '-' || u == '.');
}

void xml_init(struct xml *xml, const char *data, size_t len)
{
    *xml = (struct xml){.at = data, .end = data + len};
    if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        xml->at += 3;
    if (!text_is_utf8(data, len, NULL))
        xml->error = "not UTF-8";
    for (size_t i = 0; !xml->error && i < len; i++)
        if ((unsigned char)data[i] < 0x20 && !is_blank(data[i]))
            xml->error = "a control character";
}

static bool starts(const struct xml *xml, const char *with)
{
    size_t len = strlen(with);
    return (size_t)(xml->end - xml->at) >= len && memcmp(xml->at, with, len) == 0;
}

/* Moves behind the next `mark`; false when there is none. */
static bool skip_behind(struct xml *xml, const char *mark)
{
    size_t len = strlen(mark);
    const char *found = memmem(xml->at, (size_t)(xml->end - xml->at), mark, len);
    if (!found)
        return false;
    xml->at = found + len;
    return true;
}

static struct xml_slice read_name(struct xml *xml)
{
    const char *start = xml->at;
    while (xml->at < xml->end && is_name(*xml->at, xml->at == start))
        xml->at++;
    return (struct xml_slice){start, (size_t)(xml->at - start)};
}

static void set_local_name(struct xml *xml, struct xml_slice name)
{
    const char *colon = memchr(name.data, ':', name.len);
    if (colon) {
        name.len -= (size_t)(colon + 1 - name.data);
        name.data = colon + 1;
    }
    xml->name = name;
}

static void skip_blanks(struct xml *xml)
{
    while (xml->at < xml->end && is_blank(*xml->at))
        xml->at++;
}

/* name="value" pairs up to '>' or '/'. */
static bool skip_attributes(struct xml *xml)
{
    for (;;) {
        const char *before = xml->at;
        skip_blanks(xml);
        if (xml->at == xml->end)
            return false;
        if (*xml->at == '>' || *xml->at == '/')
            return true;
        if (xml->at == before || read_name(xml).len == 0)
            return false;
        skip_blanks(xml);
        if (!starts(xml, "="))
            return false;
        xml->at++;
        skip_blanks(xml);
        if (xml->at == xml->end || (*xml->at != '"' && *xml->at != '\''))
            return false;
        char quote[2] = {*xml->at++, 0};
        const char *value = xml->at;
        if (!skip_behind(xml, quote) || memchr(value, '<', (size_t)(xml->at - value)))
            return false;
    }
}

static enum xml_token read_open(struct xml *xml)
{
    if (xml->open_count == 0 && xml->root_seen)
        return bad(xml, "a second root element");
    if (xml->open_count == XML_DEPTH_MAX)
        return bad(xml, "too deep");
    xml->at++;
    struct xml_slice name = read_name(xml);
    if (name.len == 0)
        return bad(xml, "an element without a name");
    const char *attributes = xml->at;
    if (!skip_attributes(xml))
        return bad(xml, "bad attributes");
    xml->attributes = (struct xml_slice){attributes, (size_t)(xml->at - attributes)};
    if (*xml->at == '/') {
        xml->at++;
        if (!starts(xml, ">"))
            return bad(xml, "a stray slash");
        xml->pending_close = true;
    }
    xml->at++;
    xml->root_seen = true;
    xml->open[xml->open_count++] = name;
    xml->depth = xml->open_count;
    set_local_name(xml, name);
    return XML_OPEN;
}

static enum xml_token close_element(struct xml *xml)
{
    xml->depth = xml->open_count;
    set_local_name(xml, xml->open[--xml->open_count]);
    return XML_CLOSE;
}

static enum xml_token read_close(struct xml *xml)
{
    xml->at += 2;
    struct xml_slice name = read_name(xml);
    skip_blanks(xml);
    if (!starts(xml, ">"))
        return bad(xml, "an end tag that does not end");
    xml->at++;
    if (xml->open_count == 0)
        return bad(xml, "an end tag without a start");
    struct xml_slice open = xml->open[xml->open_count - 1];
    if (open.len != name.len || memcmp(open.data, name.data, name.len) != 0)
        return bad(xml, "an end tag of another element");
    return close_element(xml);
}

static enum xml_token read_text(struct xml *xml)
{
    const char *start = xml->at, *next = memchr(start, '<', (size_t)(xml->end - start));
    xml->at = next ? next : xml->end;
    xml->text = (struct xml_slice){start, (size_t)(xml->at - start)};
    xml->cdata = false;
    if (memmem(start, xml->text.len, "]]>", 3))
        return bad(xml, "\"]]>\" in text");
    return XML_TEXT;
}

static enum xml_token read_cdata(struct xml *xml)
{
    xml->at += strlen("<![CDATA[");
    const char *start = xml->at;
    if (!skip_behind(xml, "]]>"))
        return bad(xml, "an open CDATA section");
    xml->text = (struct xml_slice){start, (size_t)(xml->at - start) - 3};
    xml->cdata = true;
    return XML_TEXT;
}

enum xml_token xml_next(struct xml *xml)
{
    if (xml->error)
        return XML_BAD;
    if (xml->pending_close) {
        xml->pending_close = false;
        return close_element(xml);
    }
    for (;;) {
        if (xml->open_count == 0)
            skip_blanks(xml);
        if (xml->at == xml->end) {
            if (xml->open_count > 0)
                return bad(xml, "the end is missing");
            return xml->root_seen ? XML_DONE : bad(xml, "empty");
        }
        if (starts(xml, "<!--")) {
            xml->at += 4;
            if (!skip_behind(xml, "-->"))
                return bad(xml, "an open comment");
        } else if (starts(xml, "<?")) {
            if (!skip_behind(xml, "?>"))
                return bad(xml, "an open processing instruction");
        } else if (starts(xml, "<![CDATA[") && xml->open_count > 0) {
            return read_cdata(xml);
        } else if (starts(xml, "<!")) {
            return bad(xml, "declarations are refused");
        } else if (starts(xml, "</")) {
            return read_close(xml);
        } else if (*xml->at == '<') {
            return read_open(xml);
        } else {
            return xml->open_count > 0 ? read_text(xml) : bad(xml, "text outside the root element");
        }
    }
}

bool xml_name_is(const struct xml *xml, const char *name)
{
    return xml->name.len == strlen(name) && memcmp(xml->name.data, name, xml->name.len) == 0;
}

static void put_utf8(struct buf *out, unsigned long code)
{
    char bytes[4];
    size_t len = 0;
    if (code < 0x80) {
        bytes[len++] = (char)code;
    } else if (code < 0x800) {
        bytes[len++] = (char)(0xC0 | (code >> 6));
        bytes[len++] = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        bytes[len++] = (char)(0xE0 | (code >> 12));
        bytes[len++] = (char)(0x80 | ((code >> 6) & 0x3F));
        bytes[len++] = (char)(0x80 | (code & 0x3F));
    } else {
        bytes[len++] = (char)(0xF0 | (code >> 18));
        bytes[len++] = (char)(0x80 | ((code >> 12) & 0x3F));
        bytes[len++] = (char)(0x80 | ((code >> 6) & 0x3F));
        bytes[len++] = (char)(0x80 | (code & 0x3F));
    }
    buf_append(out, bytes, len);
}

/* &#233; or &#xE9; between '&' and ';'. */
static bool put_number(const char *text, size_t len, struct buf *out)
{
    unsigned base = 10;
    size_t i = 1;
    if (len > 1 && text[1] == 'x') {
        base = 16;
        i = 2;
    }
    if (i == len)
        return false;
    unsigned long code = 0;
    for (; i < len; i++) {
        char c = text[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 99;
        if (digit >= base)
            return false;
        code = code * base + digit;
        if (code > 0x10FFFF)
            return false;
    }
    if ((code < 0x20 && code != 9 && code != 10 && code != 13) || (code >= 0xD800 && code < 0xE000) ||
        code == 0xFFFE || code == 0xFFFF)
        return false;
    put_utf8(out, code);
    return true;
}

static bool put_reference(const char *text, size_t len, struct buf *out)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    if (len > 0 && text[0] == '#')
        return put_number(text, len, out);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strlen(named[i].name) == len && memcmp(named[i].name, text, len) == 0) {
            buf_putc(out, named[i].c);
            return true;
        }
    return false;
}

bool xml_append_text(const struct xml *xml, struct buf *out)
{
    const char *at = xml->text.data, *end = at + xml->text.len;
    while (at < end) {
        const char *amp = xml->cdata ? NULL : memchr(at, '&', (size_t)(end - at));
        buf_append(out, at, (size_t)((amp ? amp : end) - at));
        if (!amp)
            break;
        const char *semicolon = memchr(amp, ';', (size_t)(end - amp));
        if (!semicolon || !put_reference(amp + 1, (size_t)(semicolon - amp) - 1, out))
            return false;
        at = semicolon + 1;
    }
    return true;
}
