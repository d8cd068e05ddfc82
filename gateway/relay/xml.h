/* A pull reader for small XML documents from strangers: well-formed elements, text, CDATA, comments and
 * processing instructions (XML 1.0, fifth edition); a document type declaration is refused, so there are no
 * entities of a document's own, nothing external and nothing that grows. UTF-8 only, depth capped. It checks
 * well-formedness, not validity. Nothing is allocated: tokens point into the input. Pure. */
#ifndef HUYANG_RELAY_XML_H
#define HUYANG_RELAY_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

enum { XML_DEPTH_MAX = 32 };

enum xml_token {
    XML_DONE,  /* the root was closed and nothing but blanks and comments follow */
    XML_OPEN,  /* name, attributes */
    XML_CLOSE, /* name; also follows the XML_OPEN of an empty element */
    XML_TEXT,  /* text, raw; `cdata` when no reference in it is to be resolved */
    XML_BAD,   /* `error`; every further call says the same */
};
struct xml_slice {
    const char *data;
    size_t len;
};
struct xml {
    /* of the last token: */
    struct xml_slice name;       /* local name, without prefix */
    struct xml_slice attributes; /* raw text between name and '>' */
    struct xml_slice text;
    bool cdata;
    unsigned depth;    /* of the element of the last XML_OPEN or XML_CLOSE; the root is 1 */
    const char *error; /* static */
    /* the rest is the reader's own */
    const char *at, *end;
    struct xml_slice open[XML_DEPTH_MAX];
    unsigned open_count;
    bool pending_close, root_seen;
};

void xml_init(struct xml *xml, const char *data, size_t len);
enum xml_token xml_next(struct xml *xml);
bool xml_name_is(const struct xml *xml, const char *name);
/* Appends the text of an XML_TEXT token with its references resolved. False on a reference that is none. */
bool xml_append_text(const struct xml *xml, struct buf *out);

#endif
