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

/* What counts of a CAP document. */
struct parts {
    struct buf type, references, note;
};

static bool read_parts(const char *body, size_t len, struct parts *parts)
{
    struct buf *into = NULL;
    struct xml xml;
    xml_init(&xml, body, len);
    enum xml_token token;
    bool ours = false, well = true;
    buf_init(&parts->type, 64);
    buf_init(&parts->references, 4096);
    buf_init(&parts->note, 1024);
    while (well && (token = xml_next(&xml)) != XML_DONE && token != XML_BAD) {
        if (token == XML_OPEN && xml.depth == 1) {
            ours = xml_name_is(&xml, "alert");
        } else if (token == XML_OPEN && xml.depth == 2) {
            into = xml_name_is(&xml, "msgType")      ? &parts->type
                   : xml_name_is(&xml, "references") ? &parts->references
                   : xml_name_is(&xml, "note")       ? &parts->note
                                                     : NULL;
        } else if (token == XML_CLOSE) {
            into = NULL;
        } else if (token == XML_TEXT && into) {
            well = xml_append_text(&xml, into);
        }
    }
    return ours && well && !xml.error;
}

static void release(struct parts *parts)
{
    buf_release(&parts->type);
    buf_release(&parts->references);
    buf_release(&parts->note);
}

static enum cap_verdict verdict_of_type(const struct parts *parts)
{
    if (strcmp(buf_text(&parts->type), "Ack") == 0)
        return CAP_ACCEPTED;
    return strcmp(buf_text(&parts->type), "Error") == 0 ? CAP_REJECTED : CAP_SILENT;
}

enum cap_verdict cap_reply(const char *body, size_t len, const char *identifier, char note[CAP_NOTE_SIZE])
{
    struct parts parts;
    enum cap_verdict verdict = CAP_SILENT;
    if (read_parts(body, len, &parts) && refers_to(buf_text(&parts.references), identifier))
        verdict = verdict_of_type(&parts);
    if (verdict != CAP_SILENT)
        text_copy(note, CAP_NOTE_SIZE, buf_text(&parts.note));
    release(&parts);
    return verdict;
}

/* The first identifier in the list that is built like ours: six digits of the county, '-', a job's id. */
static bool find_message(const char *references, struct hash_id *ret_message)
{
    enum { COUNTY = 6 };
    for (const char *at = strchr(references, ','); at; at = strchr(at + 1, ',')) {
        char id[HASH_ID_TEXT];
        size_t len = strcspn(at + 1, ", ");
        if (len != COUNTY + 1 + HASH_ID_TEXT - 1 || at[1 + COUNTY] != '-')
            continue;
        memcpy(id, at + 1 + COUNTY + 1, HASH_ID_TEXT - 1);
        id[HASH_ID_TEXT - 1] = 0;
        if (hash_id_parse(id, ret_message))
            return true;
    }
    return false;
}

static enum police_word word_of(const char *note)
{
    char first[16];
    size_t len = strcspn(note, " :,.");
    if (len >= sizeof first)
        return POLICE_WORD_ACCEPTED;
    memcpy(first, note, len);
    first[len] = 0;
    enum police_word word = police_word_from_name(first);
    return word == POLICE_WORD_NONE ? POLICE_WORD_ACCEPTED : word;
}

bool cap_answer(const char *body, size_t len, struct cap_answer *ret_answer)
{
    struct parts parts;
    enum cap_verdict verdict = CAP_SILENT;
    *ret_answer = (struct cap_answer){.word = POLICE_WORD_REJECTED};
    if (read_parts(body, len, &parts) && find_message(buf_text(&parts.references), &ret_answer->message))
        verdict = verdict_of_type(&parts);
    if (verdict == CAP_ACCEPTED)
        ret_answer->word = word_of(buf_text(&parts.note));
    text_copy(ret_answer->note, CAP_NOTE_SIZE, buf_text(&parts.note));
    release(&parts);
    return verdict != CAP_SILENT;
}
