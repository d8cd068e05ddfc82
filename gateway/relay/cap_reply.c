/* What a CAP receiver answers: an Ack or an Error is a CAP document of its own that refers to ours by
 * "sender,identifier,sent" (section 3.2.1). */
#include <string.h>

#include "core/text.h"
#include "relay/cap.h"
#include "relay/xml.h"

/* One of the space-separated triples names our message as its middle part: that begins with the county and
 * ends with the job's id. What stands between is not compared: the institution may be configured after the
 * message went out. */
static bool refers_to(const char *references, const char *county, const char *id)
{
    size_t start = strlen(county), end = strlen(id);
    for (const char *at = strchr(references, ','); at; at = strchr(at + 1, ',')) {
        const char *name = at + 1;
        size_t len = strcspn(name, ", ");
        if (name[len] == ',' && len > start + end && strncmp(name, county, start) == 0 &&
            strchr("-_", name[len - end - 1]) && strncmp(name + len - end, id, end) == 0)
            return true;
    }
    return false;
}

enum cap_verdict cap_reply(const char *body, size_t len, const char *county, const char *id,
                           char note[CAP_NOTE_SIZE])
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
    if (ours && well && !xml.error && refers_to(buf_text(&references), county, id)) {
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
