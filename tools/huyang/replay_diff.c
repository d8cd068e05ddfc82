#include "replay_diff.h"

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "core/buf.h"
#include "core/json.h"
#include "core/text.h"
#include "detect/detectors.h"

#define CHANGE_MAP(X) X(SAME, same) X(NEW, new) X(GONE, gone) X(RAISED, raised) X(LOWERED, lowered)
enum change {
#define X(name, text) CHANGE_##name,
    CHANGE_MAP(X)
#undef X
        CHANGES
};
static const char *const change_names[CHANGES] = {
#define X(name, text) #text,
    CHANGE_MAP(X)
#undef X
};

struct diff_alert {
    char id[40], kind[16], subject[ID_SIZE], opened[32];
    int64_t opened_ms;
    uint8_t family, level;   /* level: the highest it had */
    uint32_t detectors;      /* bits of those that it had then */
    char *reason;            /* of the first of them */
    struct diff_alert *mate; /* the same one on the other side, NULL = none */
};

static uint64_t hash_of(const char *id)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * UINT64_C(1099511628211);
    return hash;
}

/* The alert's slot, or the free one where it belongs. */
static size_t slot_of(const struct diff_side_alerts *side, const char *id)
{
    size_t slot = hash_of(id) & (side->slot_count - 1);
    while (side->slots[slot] != 0 && strcmp(side->alerts[side->slots[slot] - 1].id, id) != 0)
        slot = (slot + 1) & (side->slot_count - 1);
    return slot;
}

static enum err grow(struct diff_side_alerts *side)
{
    const size_t room = side->room > 0 ? side->room * 2 : 64;
    struct diff_alert *alerts = realloc(side->alerts, room * sizeof(*alerts));
    if (alerts == NULL)
        return ERR_NOMEM;
    side->alerts = alerts;
    uint32_t *slots = calloc(room * 2, sizeof(*slots));
    if (slots == NULL)
        return ERR_NOMEM;
    free(side->slots);
    side->slots = slots;
    side->slot_count = room * 2;
    side->room = room;
    for (size_t i = 0; i < side->count; i++)
        side->slots[slot_of(side, side->alerts[i].id)] = (uint32_t)i + 1;
    return ERR_OK;
}

static const char *text_at(const struct json *node, const char *key)
{
    const char *text = json_string(json_get(node, key));
    return text != NULL ? text : "";
}

/* The alert as it stands at its highest level. */
static enum err note_height(struct diff_alert *alert, uint8_t level, const struct json *findings)
{
    const char *reason = text_at(json_at(findings, 0), "reason");
    char *copy = strdup(reason);
    if (copy == NULL)
        return ERR_NOMEM;
    free(alert->reason);
    alert->reason = copy;
    alert->level = level;
    alert->detectors = 0;
    for (size_t i = 0; i < json_count(findings); i++) {
        const unsigned detector = detector_find(text_at(json_at(findings, i), "detector"));
        if (detector < detector_count())
            alert->detectors |= UINT32_C(1) << detector;
    }
    return ERR_OK;
}

static enum err take_line(struct diff_side_alerts *side, int64_t t_ms, const struct json *line)
{
    const char *id = text_at(line, "alert");
    const enum level level = level_from_name(text_at(line, "level"));
    const enum family family = family_from_name(text_at(line, "family"));
    const struct json *findings = json_get(line, "findings"), *name = NULL;
    const char *kind = "";
    size_t iter = 0;
    if (!json_next(json_get(line, "subject"), &iter, &kind, &name) || level == LEVEL_COUNT ||
        family == FAMILY_COUNT)
        return ERR_INVALID;
    if (side->count == side->room && grow(side) != ERR_OK)
        return ERR_NOMEM;
    const size_t slot = slot_of(side, id);
    if (side->slots[slot] != 0) {
        struct diff_alert *known = &side->alerts[side->slots[slot] - 1];
        return level > known->level ? note_height(known, (uint8_t)level, findings) : ERR_OK;
    }
    struct diff_alert *alert = &side->alerts[side->count];
    *alert = (struct diff_alert){.opened_ms = t_ms, .family = (uint8_t)family};
    if (!text_copy(alert->id, sizeof(alert->id), id) || !text_copy(alert->kind, sizeof(alert->kind), kind) ||
        !text_copy(alert->subject, sizeof(alert->subject), json_string(name) ? json_string(name) : "") ||
        !text_copy(alert->opened, sizeof(alert->opened), text_at(line, "t")))
        return ERR_INVALID;
    const enum err err = note_height(alert, (uint8_t)level, findings);
    if (err == ERR_OK)
        side->slots[slot] = (uint32_t)++side->count;
    return err;
}

enum err replay_diff_take(struct replay_diff *diff, enum diff_side side, int64_t t_ms, const char *line,
                          size_t len)
{
    struct json *root = NULL;
    enum err err = json_parse(line, len, &root, NULL);
    if (err == ERR_OK)
        err = take_line(&diff->sides[side], t_ms, root);
    json_free(root);
    return err;
}

/* ---- what is the same ---- */

/* Subject and family. */
static int compare_whose(const struct diff_alert *a, const struct diff_alert *b)
{
    int order = strcmp(a->kind, b->kind);
    if (order == 0)
        order = strcmp(a->subject, b->subject);
    return order != 0 ? order : (int)a->family - (int)b->family;
}

static int compare_times(const struct diff_alert *a, const struct diff_alert *b)
{
    if (a->opened_ms != b->opened_ms)
        return a->opened_ms < b->opened_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int by_whose_and_time(const void *a, const void *b)
{
    const struct diff_alert *const *one = a, *const *other = b;
    const int order = compare_whose(*one, *other);
    return order != 0 ? order : compare_times(*one, *other);
}

static int by_time(const void *a, const void *b)
{
    const struct diff_alert *const *one = a, *const *other = b;
    return compare_times(*one, *other);
}

/* Those of a side without a mate, sorted; freed by the caller. NULL: no memory. */
static struct diff_alert **leftovers(struct diff_side_alerts *side, size_t *ret_count)
{
    struct diff_alert **list = malloc((side->count + 1) * sizeof(struct diff_alert *));
    *ret_count = 0;
    for (size_t i = 0; list != NULL && i < side->count; i++)
        if (side->alerts[i].mate == NULL)
            list[(*ret_count)++] = &side->alerts[i];
    if (list != NULL)
        qsort(list, *ret_count, sizeof(struct diff_alert *), by_whose_and_time);
    return list;
}

static void marry(struct diff_alert *a, struct diff_alert *b)
{
    a->mate = b;
    b->mate = a;
}

static enum err pair_up(struct replay_diff *diff)
{
    struct diff_side_alerts *old = &diff->sides[DIFF_OLD], *new = &diff->sides[DIFF_NEW];
    for (size_t i = 0; i < new->count && old->count > 0; i++) {
        const uint32_t slot = old->slots[slot_of(old, new->alerts[i].id)];
        if (slot != 0)
            marry(&new->alerts[i], &old->alerts[slot - 1]);
    }
    size_t gone_count, come_count, i = 0, j = 0;
    struct diff_alert **gone = leftovers(old, &gone_count), **come = leftovers(new, &come_count);
    const bool fine = gone != NULL && come != NULL;
    while (fine && i < gone_count && j < come_count) {
        int order = compare_whose(gone[i], come[j]);
        if (order == 0 && llabs(gone[i]->opened_ms - come[j]->opened_ms) <= DIFF_PAIRED_WITHIN_MS) {
            marry(gone[i++], come[j++]);
            continue;
        }
        if (order == 0)
            order = compare_times(gone[i], come[j]);
        if (order < 0)
            i++;
        else
            j++;
    }
    free(gone);
    free(come);
    return fine ? ERR_OK : ERR_NOMEM;
}

/* ---- what is told ---- */

static enum change change_of(const struct diff_alert *alert, bool is_new)
{
    if (alert->mate == NULL)
        return is_new ? CHANGE_NEW : CHANGE_GONE;
    if (!is_new || alert->level == alert->mate->level)
        return CHANGE_SAME;
    return alert->level > alert->mate->level ? CHANGE_RAISED : CHANGE_LOWERED;
}

static void put_detectors(const struct diff_alert *alert, bool json, struct buf *out)
{
    bool first = true;
    for (unsigned i = 0; i < detector_count(); i++) {
        if (!(alert->detectors >> i & 1))
            continue;
        buf_printf(out, json ? "%s\"%s\"" : "%s%s", first ? "" : ",", detectors[i]->name);
        first = false;
    }
}

static void print_alert(const struct diff_alert *alert, enum change change, bool json, FILE *to)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    const char *was = alert->mate != NULL ? level_name(alert->mate->level) : "";
    if (json) {
        buf_printf(&out, "{\"change\":\"%s\",\"t\":\"%s\",\"alert\":\"%s\",\"subject\":{\"%s\":",
                   change_names[change], alert->opened, alert->id, alert->kind);
        buf_json_string(&out, alert->subject);
        buf_printf(&out, "},\"family\":\"%s\",\"level\":\"%s\"", family_name(alert->family),
                   level_name(alert->level));
        if (*was)
            buf_printf(&out, ",\"was\":\"%s\"", was);
        buf_puts(&out, ",\"detectors\":[");
        put_detectors(alert, true, &out);
        buf_puts(&out, "],\"reason\":");
        buf_json_string(&out, alert->reason);
        buf_putc(&out, '}');
        fprintf(to, "%s\n", buf_text(&out));
    } else {
        fprintf(to, "%-8s %-25s  %-9s ", change_names[change], alert->opened, alert->kind);
        columns_print(to, alert->subject, 20);
        char levels[24];
        snprintf(levels, sizeof(levels), "%s%s%s", was, *was ? " -> " : "", level_name(alert->level));
        put_detectors(alert, false, &out);
        fprintf(to, "  %-10s %-16s %s: %s\n", family_name(alert->family), levels, buf_text(&out),
                alert->reason);
    }
    buf_release(&out);
}

static void print_summary(const struct replay_diff *diff, size_t counts[][CHANGES], bool json, FILE *to)
{
    const size_t all = detector_count();
    if (json)
        fprintf(to, "{\"alerts\":{\"old\":%zu,\"new\":%zu},\"changes\":{", diff->sides[DIFF_OLD].count,
                diff->sides[DIFF_NEW].count);
    else
        fprintf(to, "\n%zu alerts before, %zu now\n%-20s", diff->sides[DIFF_OLD].count,
                diff->sides[DIFF_NEW].count, "detector");
    for (unsigned change = 0; change < CHANGES; change++) {
        if (json)
            fprintf(to, "%s\"%s\":%zu", change > 0 ? "," : "", change_names[change], counts[all][change]);
        else
            fprintf(to, "%9s", change_names[change]);
    }
    fputs(json ? "},\"detectors\":{" : "\n", to);
    bool first = true;
    for (size_t i = 0; i <= all; i++) {
        size_t sum = 0;
        for (unsigned change = 0; change < CHANGES; change++)
            sum += counts[i][change];
        if (json ? i == all || sum == 0 : i < all && sum == 0)
            continue;
        const char *name = i < all ? detectors[i]->name : "all";
        if (json)
            fprintf(to, "%s\"%s\":{", first ? "" : ",", name);
        else
            fprintf(to, "%-20s", name);
        for (unsigned change = 0; change < CHANGES; change++) {
            if (json)
                fprintf(to, "%s\"%s\":%zu", change > 0 ? "," : "", change_names[change], counts[i][change]);
            else
                fprintf(to, "%9zu", counts[i][change]);
        }
        fputs(json ? "}" : "\n", to);
        first = false;
    }
    if (json)
        fputs("}}\n", to);
}

enum err replay_diff_print(struct replay_diff *diff, bool json, FILE *to, size_t *ret_differ)
{
    struct diff_side_alerts *old = &diff->sides[DIFF_OLD], *new = &diff->sides[DIFF_NEW];
    *ret_differ = 0;
    if (pair_up(diff) != ERR_OK)
        return ERR_NOMEM;
    struct diff_alert **list = malloc((old->count + new->count + 1) * sizeof(struct diff_alert *));
    size_t(*counts)[CHANGES] = calloc((size_t)detector_count() + 1, sizeof(*counts));
    size_t count = 0;
    for (size_t i = 0; list != NULL && i < new->count; i++)
        list[count++] = &new->alerts[i];
    for (size_t i = 0; list != NULL && i < old->count; i++)
        if (old->alerts[i].mate == NULL)
            list[count++] = &old->alerts[i];
    if (list != NULL && counts != NULL) {
        qsort(list, count, sizeof(struct diff_alert *), by_time);
        for (size_t i = 0; i < count; i++) {
            const bool is_new = list[i] >= new->alerts &&list[i] < new->alerts + new->count;
            const enum change change = change_of(list[i], is_new);
            counts[detector_count()][change]++;
            for (unsigned j = 0; j < detector_count(); j++)
                counts[j][change] += list[i]->detectors >> j & 1;
            if (change == CHANGE_SAME)
                continue;
            ++*ret_differ;
            print_alert(list[i], change, json, to);
        }
        print_summary(diff, counts, json, to);
    }
    const bool fine = list != NULL && counts != NULL;
    free(list);
    free(counts);
    return fine ? ERR_OK : ERR_NOMEM;
}

void replay_diff_release(struct replay_diff *diff)
{
    for (unsigned i = 0; i < DIFF_SIDES; i++) {
        for (size_t j = 0; j < diff->sides[i].count; j++)
            free(diff->sides[i].alerts[j].reason);
        free(diff->sides[i].alerts);
        free(diff->sides[i].slots);
    }
    *diff = (struct replay_diff){0};
}
