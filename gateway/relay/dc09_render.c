#include "relay/dc09_render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "relay/police.h"
#include "relay/words.h"

enum { MINUTE_PARTS = 10000 }; /* a ten-thousandth of a minute is 0.2 m */

struct codes {
    const char *alarm, *restoral;
};
static const struct codes panic = {"PA", "PR"}, medical = {"MA", "MR"}, holdup = {"HA", "HR"},
                          emergency = {"QA", "QR"}, untyped = {"UA", "UR"}, drill = {"RX", "RX"};

/* What kind of help is asked for; the detector decides before the family does. */
static const struct codes *codes_of(const struct relay_context *context, const struct alert *alert,
                                    const struct words_facts *facts)
{
    if (relay_is_exercise(context))
        return &drill;
    if (strcmp(facts->detector, "fall") == 0)
        return &medical;
    if (strcmp(facts->detector, "suspicion") == 0)
        return &holdup;
    switch (alert->family) {
    case FAMILY_EMERGENCY: return &panic;
    case FAMILY_HEALTH: return &medical;
    case FAMILY_FRAUD: return &holdup;
    case FAMILY_OUTING: return &emergency;
    default: return &untyped;
    }
}

/* The account of the smallest territory that has one, from the home upwards; "" = none has. */
static const char *account_of(const struct relay_context *context, const struct alert *alert)
{
    const struct registry *registry = context->registry;
    const struct relay_settings *settings = context->settings;
    uint32_t at = alert->subject.kind == SUBJECT_TERRITORY ? alert->subject.no
                  : alert->household != REGISTRY_NONE ? registry_household(registry, alert->household)->grid
                                                      : REGISTRY_NONE;
    for (; at != REGISTRY_NONE; at = registry_territory(registry, at)->parent)
        for (unsigned i = 0; i < settings->dc09_account_count; i++)
            if (strcmp(settings->dc09_accounts[i].territory, registry_territory(registry, at)->code) == 0)
                return settings->dc09_accounts[i].account;
    return "";
}

/* Receivers of this protocol read ASCII. What would end a field becomes a blank, a run of anything else one
 * question mark: a screen full of them helps nobody. */
static void put_ascii(struct buf *out, const char *text)
{
    bool foreign = false;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c >= 0x20 && c < 0x7F;
        if (plain)
            buf_putc(out, strchr("[]|^\"", *text) ? ' ' : *text);
        else if (!foreign)
            buf_putc(out, c < 0x80 ? ' ' : '?');
        foreign = !plain;
    }
}

/* [X116E23.8277][Y39N54.9916] */
static void put_degrees(struct buf *out, char field, double degrees, const char *letters, int width)
{
    long long parts = llround(fabs(degrees) * 60 * MINUTE_PARTS), whole = 60LL * MINUTE_PARTS;
    buf_printf(out, "[%c%0*lld%c%02lld.%04lld]", field, width, parts / whole, letters[degrees < 0],
               parts % whole / MINUTE_PARTS, parts % MINUTE_PARTS);
}

/* What people at the receiver check the message by: ids, and how far the call for help is verified (ANSI/TMA
 * AVS-01). */
static void put_verification(const struct alert *alert, const struct job *job, struct buf *out)
{
    char id[HASH_ID_TEXT], alert_id[HASH_ID_TEXT];
    struct hash_id original;
    int64_t t_ms;
    hash_id_text(&job->id, id);
    hash_id_text(&job->alert, alert_id);
    buf_printf(out, "[Vid=%s;alert=%s", id, alert_id);
    if (job->kind == JOB_POLICE) {
        buf_printf(out, ";avs01=%u", (unsigned)alert->avs);
    } else if (police_withdrawn(job, &original, &t_ms)) {
        hash_id_text(&original, id);
        buf_printf(out, ";cancels=%s", id);
    }
    buf_putc(out, ']');
}

static void put_people(const struct words_facts *facts, struct buf *text)
{
    for (unsigned i = 0; i < facts->people_count; i++)
        if (facts->people[i].age > 0)
            buf_printf(text, " Age %d.", facts->people[i].age);
    for (unsigned i = 0; i < facts->contact_count; i++)
        if (facts->contacts[i].phone[0])
            buf_printf(text, " Family %s.", facts->contacts[i].phone);
}

/* At most DC09_ALARM_TEXT_MAX characters, what matters most first: numbers at the end may be cut off. */
static void put_text(const struct relay_context *context, const struct alert *alert, const struct job *job,
                     const struct words_facts *facts, struct buf *out)
{
    struct buf text, ascii;
    buf_init(&text, 2048);
    buf_init(&ascii, 2048);
    if (relay_is_exercise(context))
        buf_puts(&text, "EXERCISE, DO NOT RESPOND. ");
    if (job->kind == JOB_STAND_DOWN) {
        buf_puts(&text, "STAND DOWN: checked, no response needed.");
    } else {
        buf_printf(&text, "%s, %s.", words_event(facts, alert->family, false), words_to_be_verified(false));
        if (strcmp(facts->detector, "suspicion") == 0)
            buf_puts(&text, " SILENT: no loudspeaker near the resident, do not mention the button.");
        put_people(facts, &text);
    }
    put_ascii(&ascii, buf_text(&text));
    buf_printf(out, "[I%.*s]", (int)DC09_ALARM_TEXT_MAX, buf_text(&ascii));
    buf_release(&ascii);
    buf_release(&text);
}

void dc09_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                 struct buf *body)
{
    struct words_facts facts;
    words_facts(context, alert, job->t_ms, &facts);
    const struct codes *codes = codes_of(context, alert, &facts);
    buf_printf(body, "%s\tNri1/%s001", account_of(context, alert),
               job->kind == JOB_STAND_DOWN ? codes->restoral : codes->alarm);
    /* The home by its id, which is ASCII and no name; the receiver's file knows whose it is. */
    if (alert->household != REGISTRY_NONE)
        buf_printf(body, "^%s^", registry_household(context->registry, alert->household)->id);
    buf_putc(body, '\t');
    if (job->kind == JOB_POLICE && facts.main) {
        char time[DC09_TIME_TEXT];
        dc09_time_text(facts.main->at_ms, time);
        buf_printf(body, "[H%s]", time);
    }
    if (job->kind == JOB_POLICE && facts.has_where) {
        put_degrees(body, 'X', facts.where.lon, "EW", 3);
        put_degrees(body, 'Y', facts.where.lat, "NS", 2);
    }
    put_verification(alert, job, body);
    put_text(context, alert, job, &facts, body);
    buf_putc(body, '\n');
}

size_t dc09_block_len(const char *body, size_t len)
{
    const char *end = len ? memchr(body, '\n', len) : NULL;
    return end ? (size_t)(end + 1 - body) : 0;
}

/* Up to `stop`, which the text before `end` must have; what follows it, or NULL. */
static const char *take(const char *at, const char *end, char stop, char *to, size_t size)
{
    const char *found = at ? memchr(at, stop, (size_t)(end - at)) : NULL;
    if (!found || (size_t)(found - at) >= size)
        return NULL;
    memcpy(to, at, (size_t)(found - at));
    to[found - at] = 0;
    return found + 1;
}

bool dc09_block_read(const char *body, size_t len, struct dc09_block *ret_block)
{
    const char *end = body + dc09_block_len(body, len);
    const char *at = take(body, end, '\t', ret_block->account, sizeof ret_block->account);
    at = take(at, end, '\t', ret_block->data, sizeof ret_block->data);
    return take(at, end, '\n', ret_block->extensions, sizeof ret_block->extensions) != NULL;
}

unsigned dc09_sequence(const struct hash_id *job)
{
    const uint8_t *b = job->bytes;
    uint32_t word = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return 1 + word % DC09_SEQUENCES;
}
