/* Roll-outs: the states as a table, the verdict, words, snapshot and restart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/rollout_inner.h"

enum { VERSION = 1 };
static const char rollout_table[] = "rollout", mark_table[] = "rollout_mark";

const char *rollout_state_name(unsigned state)
{
    static const char *const names[] = {
#define X(name, text) [ROLLOUT_##name] = #text,
        ROLLOUT_STATE_MAP(X)
#undef X
    };
    return state < ROLLOUT_STATE_COUNT ? names[state] : "";
}

const char *rollout_verdict_name(unsigned verdict)
{
    static const char *const names[] = {
#define X(name, text) [ROLLOUT_SAYS_##name] = #text,
        ROLLOUT_VERDICT_MAP(X)
#undef X
    };
    return verdict < ROLLOUT_VERDICT_COUNT ? names[verdict] : "";
}

enum rollout_state rollout_next(enum rollout_state state, enum rollout_input input)
{
#define NO ROLLOUT_STATE_COUNT
    static const uint8_t table[ROLLOUT_STATE_COUNT][ROLLOUT_INPUT_COUNT] = {
        /*                    start            pause           resume           abort
           stop             finish */
        [ROLLOUT_NONE] = {ROLLOUT_RUNNING, NO, NO, NO, NO, NO},
        [ROLLOUT_RUNNING] = {NO, ROLLOUT_PAUSED, NO, ROLLOUT_ABORTED, ROLLOUT_STOPPED, ROLLOUT_DONE},
        [ROLLOUT_PAUSED] = {NO, NO, ROLLOUT_RUNNING, ROLLOUT_ABORTED, NO, NO},
        [ROLLOUT_STOPPED] = {NO, NO, ROLLOUT_RUNNING, ROLLOUT_ABORTED, NO, NO},
        [ROLLOUT_DONE] = {ROLLOUT_RUNNING, NO, NO, NO, NO, NO},
        [ROLLOUT_ABORTED] = {ROLLOUT_RUNNING, NO, NO, NO, NO, NO},
    };
#undef NO
    return (unsigned)state < ROLLOUT_STATE_COUNT && (unsigned)input < ROLLOUT_INPUT_COUNT
               ? (enum rollout_state)table[state][input]
               : ROLLOUT_STATE_COUNT;
}

static uint64_t permille(uint32_t part, uint32_t whole)
{
    return whole ? (uint64_t)part * 1000 / whole : 0;
}

/* Gates, each with its sentence. */
enum rollout_verdict rollout_verdict(const struct rollout_order *order, const struct rollout_counts *counts,
                                     int64_t watched_s)
{
    /* More of those that were asked are in trouble than of the rest, by more than is allowed. */
    if (permille(counts->troubled, counts->judged) >
        permille(counts->rest_troubled, counts->rest) + order->trouble_permille)
        return ROLLOUT_SAYS_TROUBLE;
    if (counts->asked < counts->members)
        return ROLLOUT_SAYS_ASK;
    /* The share fell on nobody, as it may in a small fleet. */
    if (counts->members == 0)
        return ROLLOUT_SAYS_PASS;
    /* Who has not answered yet may; when nobody is left who may, too few stay too few. */
    if ((uint64_t)counts->acked * 1000 < (uint64_t)counts->members * order->acked_permille)
        return counts->pending ? ROLLOUT_SAYS_WAIT : ROLLOUT_SAYS_UNANSWERED;
    return watched_s < (int64_t)order->watch_s ? ROLLOUT_SAYS_WATCH : ROLLOUT_SAYS_PASS;
}

/* ---- words ---- */

struct rollout_order rollout_order_default(void)
{
    return (struct rollout_order){.stages = 4,
                                  .permille = {10, 100, 500, 1000},
                                  .acked_permille = 900,
                                  .trouble_permille = 50,
                                  .watch_s = 86400,
                                  .per_minute = 60};
}

/* "12.5" -> 125; *text behind it. */
static bool take_percent(const char **text, uint32_t *ret_permille)
{
    const char *c = *text;
    uint32_t value = 0;
    unsigned digits = 0;
    for (; *c >= '0' && *c <= '9' && digits < 4; c++, digits++)
        value = value * 10 + (uint32_t)(*c - '0');
    if (digits == 0)
        return false;
    value *= 10;
    if (*c == '.') {
        if (c[1] < '0' || c[1] > '9')
            return false;
        value += (uint32_t)(c[1] - '0');
        c += 2;
    }
    *text = c;
    *ret_permille = value;
    return value > 0 && value <= 1000;
}

bool rollout_stages_parse(const char *text, struct rollout_order *order)
{
    struct rollout_order read = {0};
    for (;;) {
        uint32_t permille;
        if (read.stages == ROLLOUT_STAGES_MAX || !take_percent(&text, &permille) ||
            (read.stages > 0 && permille <= read.permille[read.stages - 1]))
            return false;
        read.permille[read.stages++] = (uint16_t)permille;
        if (*text == '\0')
            break;
        if (*text++ != ',')
            return false;
    }
    order->stages = read.stages;
    memcpy(order->permille, read.permille, sizeof order->permille);
    return true;
}

void rollout_stages_text(const struct rollout_order *order, char text[ROLLOUT_STAGES_TEXT])
{
    size_t len = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < order->stages && i < ROLLOUT_STAGES_MAX; i++) {
        unsigned whole = order->permille[i] / 10U, tenth = order->permille[i] % 10U;
        char decimal[3] = {'.', (char)('0' + tenth), '\0'};
        int more = snprintf(text + len, ROLLOUT_STAGES_TEXT - len, "%s%u%s", i ? "," : "", whole,
                            tenth ? decimal : "");
        if (more < 0 || (size_t)more >= ROLLOUT_STAGES_TEXT - len)
            return;
        len += (size_t)more;
    }
}

/* ---- life ---- */

enum err rollouts_new(struct rollouts **ret_rollouts)
{
    *ret_rollouts = calloc(1, sizeof **ret_rollouts);
    return *ret_rollouts ? ERR_OK : ERR_NOMEM;
}

void rollouts_free(struct rollouts *rollouts)
{
    if (rollouts)
        free(rollouts->marks);
    free(rollouts);
}

static bool grow_to(struct rollouts *rollouts, uint32_t count)
{
    /* Whole pages, so that a page is always written whole. */
    count = (count + MARK_PAGE - 1) / MARK_PAGE * MARK_PAGE;
    if (count <= rollouts->count)
        return true;
    uint8_t *marks = realloc(rollouts->marks, count);
    if (!marks)
        return false;
    memset(marks + rollouts->count, MARK_NONE, count - rollouts->count);
    rollouts->marks = marks;
    rollouts->count = count;
    return true;
}

bool rollout_grow(struct alerts *alerts)
{
    return grow_to(alerts->rollouts, registry_count(alerts->config.registry, REGISTRY_DEVICE));
}

/* ---- snapshot ---- */

enum err rollout_snapshot(const struct alerts *alerts,
                          enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                         const void *value, size_t len),
                          void *self)
{
    const struct rollouts *rollouts = alerts->rollouts;
    enum err err = ERR_OK;
    if (rollouts->dirty)
        err = fn(self, rollout_table, VERSION, 0, &rollouts->now, sizeof rollouts->now);
    for (uint32_t page = 0; rollouts->marks_dirty && page < rollouts->count / MARK_PAGE && err == ERR_OK;
         page++)
        err = fn(self, mark_table, VERSION, page, rollouts->marks + (size_t)page * MARK_PAGE, MARK_PAGE);
    return err;
}

void rollout_snapshot_done(struct alerts *alerts)
{
    alerts->rollouts->dirty = alerts->rollouts->marks_dirty = false;
}

static enum err restore_now(struct rollouts *rollouts, const void *value, size_t len)
{
    struct rollout now;
    if (len != sizeof now)
        return ERR_CORRUPT;
    memcpy(&now, value, len);
    if (now.state >= ROLLOUT_STATE_COUNT || now.order.stages > ROLLOUT_STAGES_MAX ||
        (now.order.stages != 0 && now.stage >= now.order.stages))
        return ERR_CORRUPT;
    now.by[ID_SIZE - 1] = now.changed_by[ID_SIZE - 1] = 0;
    now.note[sizeof now.note - 1] = now.why[sizeof now.why - 1] = 0;
    now.order.territory[sizeof now.order.territory - 1] = 0;
    now.order.firmware[sizeof now.order.firmware - 1] = 0;
    rollouts->now = now;
    return ERR_OK;
}

static enum err restore_marks(struct rollouts *rollouts, uint32_t page, const void *value, size_t len)
{
    const uint8_t *marks = value;
    if (len != MARK_PAGE || page >= UINT32_MAX / MARK_PAGE - 1)
        return ERR_CORRUPT;
    for (size_t i = 0; i < len; i++)
        if (marks[i] >= MARK_COUNT)
            return ERR_CORRUPT;
    if (!grow_to(rollouts, (page + 1) * MARK_PAGE))
        return ERR_NOMEM;
    memcpy(rollouts->marks + (size_t)page * MARK_PAGE, marks, len);
    return ERR_OK;
}

enum err rollout_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                         const void *value, size_t len)
{
    const bool is_now = strcmp(table, rollout_table) == 0;
    if (!is_now && strcmp(table, mark_table) != 0)
        return ERR_NOT_FOUND;
    if (version != VERSION)
        return ERR_UNSUPPORTED;
    enum err err =
        is_now ? restore_now(alerts->rollouts, value, len) : restore_marks(alerts->rollouts, no, value, len);
    if (err == ERR_OK && is_now)
        rollout_arm(alerts);
    return err;
}
