/* Each kind of parent is a table of its children in order (an xs:sequence); a stack of positions in these
 * tables follows the document. */
#include "desk_cap.h"

#include <stdint.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "relay/xml.h"

enum { MANY = 255, STACK_MAX = 8 };

struct child {
    const char *name;
    uint8_t least, most;
    const char *values; /* " a b c " = nothing else; NULL = anything */
    bool time, language;
    const struct children *inner; /* NULL = text only */
    size_t field, size;           /* where in struct desk_cap its text goes; size 0 = nowhere */
};
struct children {
    const struct child *list;
    size_t count;
};

#define FIELD(member) .field = offsetof(struct desk_cap, member), .size = sizeof((struct desk_cap *)0)->member
#define CHILDREN(array)                                                                                      \
    {                                                                                                        \
        (array), sizeof(array) / sizeof((array)[0])                                                          \
    }

static const struct child named_list[] = {{.name = "valueName", .least = 1, .most = 1},
                                          {.name = "value", .least = 1, .most = 1}};
static const struct children named = CHILDREN(named_list);

static const struct child resource_list[] = {
    {.name = "resourceDesc", .least = 1, .most = 1},
    {.name = "mimeType", .least = 1, .most = 1},
    {.name = "size", .most = 1},
    {.name = "uri", .most = 1},
    {.name = "derefUri", .most = 1},
    {.name = "digest", .most = 1},
};
static const struct children resource = CHILDREN(resource_list);

static const struct child area_list[] = {
    {.name = "areaDesc", .least = 1, .most = 1},
    {.name = "polygon", .most = MANY},
    {.name = "circle", .most = MANY, FIELD(circle)},
    {.name = "geocode", .most = MANY, .inner = &named},
    {.name = "altitude", .most = 1},
    {.name = "ceiling", .most = 1},
};
static const struct children area = CHILDREN(area_list);

static const struct child info_list[] = {
    {.name = "language", .most = 1, .language = true},
    {.name = "category",
     .least = 1,
     .most = MANY,
     .values = " Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other ",
     FIELD(category)},
    {.name = "event", .least = 1, .most = 1, FIELD(event)},
    {.name = "responseType",
     .most = MANY,
     .values = " Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None "},
    {.name = "urgency",
     .least = 1,
     .most = 1,
     .values = " Immediate Expected Future Past Unknown ",
     FIELD(urgency)},
    {.name = "severity",
     .least = 1,
     .most = 1,
     .values = " Extreme Severe Moderate Minor Unknown ",
     FIELD(severity)},
    {.name = "certainty",
     .least = 1,
     .most = 1,
     .values = " Observed Likely Possible Unlikely Unknown ",
     FIELD(certainty)},
    {.name = "audience", .most = 1},
    {.name = "eventCode", .most = MANY, .inner = &named},
    {.name = "effective", .most = 1, .time = true},
    {.name = "onset", .most = 1, .time = true},
    {.name = "expires", .most = 1, .time = true},
    {.name = "senderName", .most = 1},
    {.name = "headline", .most = 1, FIELD(headline)},
    {.name = "description", .most = 1},
    {.name = "instruction", .most = 1},
    {.name = "web", .most = 1},
    {.name = "contact", .most = 1},
    {.name = "parameter", .most = MANY, .inner = &named},
    {.name = "resource", .most = MANY, .inner = &resource},
    {.name = "area", .most = MANY, .inner = &area},
};
static const struct children info = CHILDREN(info_list);

static const struct child alert_list[] = {
    {.name = "identifier", .least = 1, .most = 1, FIELD(identifier)},
    {.name = "sender", .least = 1, .most = 1, FIELD(sender)},
    {.name = "sent", .least = 1, .most = 1, .time = true, FIELD(sent)},
    {.name = "status", .least = 1, .most = 1, .values = " Actual Exercise System Test Draft ", FIELD(status)},
    {.name = "msgType", .least = 1, .most = 1, .values = " Alert Update Cancel Ack Error ", FIELD(type)},
    {.name = "source", .most = 1},
    {.name = "scope", .least = 1, .most = 1, .values = " Public Restricted Private "},
    {.name = "restriction", .most = 1},
    {.name = "addresses", .most = 1},
    {.name = "code", .most = MANY},
    {.name = "note", .most = 1},
    {.name = "references", .most = 1, FIELD(references)},
    {.name = "incidents", .most = 1, FIELD(incidents)},
    {.name = "info", .most = MANY, .inner = &info},
};
static const struct children alert = CHILDREN(alert_list);

struct level {
    const struct children *children; /* NULL: text only */
    size_t at;                       /* index in children */
    unsigned count;                  /* how often children[at] came */
};
struct check {
    struct desk_cap *cap;
    struct buf *why;
    struct level stack[STACK_MAX];
    unsigned depth; /* open elements */
    const struct child *leaf;
    struct buf text;
    char value_name[32]; /* of the parameter that is being read */
    bool is_private, has_addresses;
};

static bool wrong(struct check *check, const char *format, const char *what)
{
    if (check->why->len == 0)
        buf_printf(check->why, format, what);
    return false;
}

/* The element is the next of its parent's sequence, or a repetition of the present one. */
static bool enter(struct check *check, const struct xml *xml)
{
    if (check->depth == STACK_MAX)
        return wrong(check, "%s", "too deep");
    if (check->depth == 0) {
        if (!xml_name_is(xml, "alert"))
            return wrong(check, "%s", "the root is not alert");
        static const char name_space[] = "urn:oasis:names:tc:emergency:cap:1.2";
        if (!memmem(xml->attributes.data, xml->attributes.len, name_space, sizeof name_space - 1))
            return wrong(check, "%s", "not in the namespace of CAP 1.2");
        check->stack[check->depth++] = (struct level){.children = &alert};
        return true;
    }
    struct level *parent = &check->stack[check->depth - 1];
    char name[32];
    size_t len = xml->name.len < sizeof name - 1 ? xml->name.len : sizeof name - 1;
    memcpy(name, xml->name.data, len);
    name[len] = 0;
    if (!parent->children)
        return wrong(check, "%s stands inside a text element", name);
    size_t at = parent->at;
    while (at < parent->children->count && !xml_name_is(xml, parent->children->list[at].name)) {
        if ((at > parent->at || parent->count == 0) && parent->children->list[at].least > 0)
            return wrong(check, "%s is missing or out of order", parent->children->list[at].name);
        at++;
    }
    if (at == parent->children->count)
        return wrong(check, "%s is unknown or out of order", name);
    parent->count = at == parent->at ? parent->count + 1 : 1;
    parent->at = at;
    if (parent->count > parent->children->list[at].most && parent->children->list[at].most != MANY)
        return wrong(check, "%s stands twice", name);
    check->leaf = &parent->children->list[at];
    buf_clear(&check->text);
    check->stack[check->depth++] = (struct level){.children = check->leaf->inner};
    return true;
}

/* \d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d, and a moment that exists. */
static bool is_time(const char *text)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:ddsdd:dd";
    for (size_t i = 0; i < sizeof pattern; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9', sign = text[i] == '+' || text[i] == '-';
        if (pattern[i] == 'd' ? !digit : pattern[i] == 's' ? !sign : text[i] != pattern[i])
            return false;
    }
    int64_t moment;
    return clock_parse(text, strlen(text), &moment) == ERR_OK;
}

/* xs:language: up to eight letters, then groups of up to eight letters and digits behind hyphens. */
static bool is_language(const char *text)
{
    size_t group = 0;
    bool first = true;
    for (; *text; text++) {
        bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'),
             digit = *text >= '0' && *text <= '9';
        if (*text == '-' && group > 0) {
            first = false;
            group = 0;
        } else if (!(letter || (digit && !first)) || ++group > 8) {
            return false;
        }
    }
    return group > 0;
}

static bool is_listed(const char *values, const char *text)
{
    char wanted[32];
    if (strlen(text) + 3 > sizeof wanted || strchr(text, ' '))
        return false;
    struct buf word;
    buf_init(&word, sizeof wanted);
    buf_printf(&word, " %s ", text);
    bool found = strstr(values, buf_text(&word)) != NULL;
    buf_release(&word);
    return found;
}

static void keep_parameter(struct desk_cap *cap, const char *name, const char *value)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } known[] = {{"AVS01", cap->avs, sizeof cap->avs},
                 {"alert", cap->alert, sizeof cap->alert},
                 {"level", cap->level, sizeof cap->level},
                 {"family", cap->family, sizeof cap->family}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            text_copy(known[i].to, known[i].size, value);
}

static bool leave_leaf(struct check *check)
{
    const struct child *leaf = check->leaf;
    const char *text = buf_text(&check->text);
    check->leaf = NULL;
    if (leaf->language && text[0] && !is_language(text)) /* empty = the schema's default */
        return wrong(check, "%s is not a language tag", leaf->name);
    if (leaf->time && !is_time(text))
        return wrong(check, "%s is not a time of the standard's form", leaf->name);
    if (leaf->values && !is_listed(leaf->values, text))
        return wrong(check, "%s has a value that is not listed", leaf->name);
    if ((strcmp(leaf->name, "identifier") == 0 || strcmp(leaf->name, "sender") == 0) &&
        (text[0] == 0 || strpbrk(text, " ,<&")))
        return wrong(check, "%s is empty or holds a forbidden character", leaf->name);
    if (strcmp(leaf->name, "scope") == 0)
        check->is_private = strcmp(text, "Private") == 0;
    if (strcmp(leaf->name, "addresses") == 0)
        check->has_addresses = text[0] != 0;
    if (strcmp(leaf->name, "valueName") == 0)
        text_copy(check->value_name, sizeof check->value_name, text);
    if (strcmp(leaf->name, "value") == 0)
        keep_parameter(check->cap, check->value_name, text);
    if (leaf->size)
        text_copy((char *)check->cap + leaf->field, leaf->size, text);
    return true;
}

static bool leave(struct check *check)
{
    struct level *level = &check->stack[--check->depth];
    if (!level->children)
        return leave_leaf(check);
    for (size_t at = level->at; at < level->children->count; at++)
        if ((at > level->at || level->count == 0) && level->children->list[at].least > 0)
            return wrong(check, "%s is missing", level->children->list[at].name);
    return true;
}

static bool read_text(struct check *check, const struct xml *xml)
{
    if (check->leaf && !check->leaf->inner)
        return xml_append_text(xml, &check->text) || wrong(check, "%s", "a reference that is none");
    for (size_t i = 0; i < xml->text.len; i++)
        if (!strchr(" \t\r\n", xml->text.data[i]))
            return wrong(check, "%s", "text between elements");
    return true;
}

bool desk_cap_check(const char *text, size_t len, struct desk_cap *ret_cap, struct buf *why)
{
    *ret_cap = (struct desk_cap){.identifier = ""};
    buf_clear(why);
    struct check check = {.cap = ret_cap, .why = why};
    buf_init(&check.text, 65536);
    struct xml xml;
    xml_init(&xml, text, len);
    bool well = true;
    enum xml_token token = XML_BAD;
    while (well && (token = xml_next(&xml)) != XML_DONE && token != XML_BAD) {
        if (token == XML_OPEN)
            well = enter(&check, &xml);
        else if (token == XML_CLOSE)
            well = leave(&check);
        else
            well = read_text(&check, &xml);
    }
    if (well && token == XML_BAD)
        well = wrong(&check, "not well-formed: %s", xml.error);
    if (well && check.is_private && !check.has_addresses)
        well = wrong(&check, "%s", "a private message needs addresses");
    if (well && strcmp(ret_cap->type, "Alert") != 0 && !ret_cap->references[0])
        well = wrong(&check, "a message of type %s needs references", ret_cap->type);
    buf_release(&check.text);
    return well;
}
