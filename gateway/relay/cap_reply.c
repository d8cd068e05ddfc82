/* What a CAP receiver answers: an Ack or an Error is a CAP document of its own that refers to ours by
 * "sender,identifier,sent" (section 3.2.1). */
#include <string.h>

#include "core/text.h"
#include "relay/cap.h"
#include "relay/xml.h"

/* One of the space-separated triples names our identifier as its middle part. */
static bool refers_to(const char *references, const char *identifier)
{
    size_t len = strlen(identifier);
    for (const char *at = strchr(references, ','); at; at = strchr(at + 1, ','))
        if (strncmp(at + 1, identifier, len) == 0 && at[1 + len] == ',')
            return true;
    return false;
}

enum cap_verdict cap_reply(const char *body, size_t len, const char *identifier, char note[CAP_NOTE_SIZE])
{
    enum cap_verdict verdict = CAP_SILENT;
    struct buf type, references, remark, *into = NULL;
    buf_init(&type, 64);
    buf_init(&references, 4096);
    buf_init(&remark, 1024);
    struct xml xml;
    xml_init(&xml, body, len);
    enum xml_token token;
    bool ours = false, well = true;
    while (well && (token = xml_next(&xml)) != XML_DONE && token != XML_BAD) {
        if (token == XML_OPEN && xml.depth == 1) {
            ours = xml_name_is(&xml, "alert");
        } else if (token == XML_OPEN && xml.depth == 2) {
            into = xml_name_is(&xml, "msgType")      ? &type
                   : xml_name_is(&xml, "references") ? &references
                   : xml_name_is(&xml, "note")       ? &remark
                                                     : NULL;
        } else if (token == XML_CLOSE) {
            into = NULL;
        } else if (token == XML_TEXT && into) {
            well = xml_append_text(&xml, into);
        }
    }
    if (ours && well && !xml.error && refers_to(buf_text(&references), identifier)) {
        if (strcmp(buf_text(&type), "Ack") == 0)
            verdict = CAP_ACCEPTED;
        else if (strcmp(buf_text(&type), "Error") == 0)
            verdict = CAP_REJECTED;
    }
    if (verdict != CAP_SILENT)
        text_copy(note, CAP_NOTE_SIZE, buf_text(&remark));
    buf_release(&type);
    buf_release(&references);
    buf_release(&remark);
    return verdict;
}
