#include "relay/outbox_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_FIRST = 64, HEAP_FIRST = 16 };

static size_t slot_of(const struct outbox_rows *rows, const struct hash_id *id)
{
    return (size_t)hash_table(id->bytes, sizeof id->bytes) & (rows->cap - 1);
}

/* Where the id is, or the empty slot where it would be. The table is never full. */
static size_t probe(const struct outbox_rows *rows, const struct hash_id *id)
{
    size_t at = slot_of(rows, id);
    while (rows->table[at] && memcmp(&rows->table[at]->row.id, id, sizeof *id) != 0)
        at = (at + 1) & (rows->cap - 1);
    return at;
}

static enum err grow_table(struct outbox_rows *rows)
{
    if (rows->cap > 0 && rows->count < rows->cap / 2)
        return ERR_OK;
    struct outbox_rows bigger = {.cap = rows->cap ? rows->cap * 2 : TABLE_FIRST};
    bigger.table = calloc(bigger.cap, sizeof(struct entry *));
    if (!bigger.table)
        return ERR_NOMEM;
    for (size_t i = 0; i < rows->cap; i++)
        if (rows->table[i])
            bigger.table[probe(&bigger, &rows->table[i]->row.id)] = rows->table[i];
    free(rows->table);
    rows->table = bigger.table;
    rows->cap = bigger.cap;
    return ERR_OK;
}

/* Every heap has room for every row, so that scheduling cannot fail. */
static enum err grow_heap(struct outbox_heap *heap, size_t need)
{
    if (heap->cap >= need)
        return ERR_OK;
    size_t cap = heap->cap ? heap->cap : HEAP_FIRST;
    while (cap < need)
        cap *= 2;
    struct entry **entries = realloc(heap->entries, cap * sizeof(struct entry *));
    if (!entries)
        return ERR_NOMEM;
    heap->entries = entries;
    heap->cap = cap;
    return ERR_OK;
}

static enum outbox_lane lane_of(const struct outbox_row *row)
{
    if (row->channel == CHANNEL_COMMAND)
        return row->level == LEVEL_RED ? OUTBOX_COMMAND_RED : OUTBOX_COMMAND_REST;
    return row->level == LEVEL_RED ? OUTBOX_OUT_RED : OUTBOX_OUT_REST;
}

enum err rows_add(struct outbox_rows *rows, const struct outbox_row *row, struct entry **ret_entry)
{
    enum outbox_lane lane = lane_of(row);
    enum err err = grow_table(rows);
    if (err == ERR_OK)
        err = grow_heap(&rows->heaps[lane], rows->count + 1);
    if (err != ERR_OK)
        return err;
    size_t at = probe(rows, &row->id);
    if (rows->table[at])
        return ERR_EXISTS;
    struct entry *entry = malloc(sizeof *entry + row->len + 1);
    if (!entry)
        return ERR_NOMEM;
    *entry = (struct entry){.row = *row, .lane = (uint8_t)lane};
    char *body = rows_body(entry);
    if (row->len)
        memcpy(body, row->body, row->len);
    body[row->len] = 0;
    entry->row.body = body;
    rows->table[at] = entry;
    rows->count++;
    rows->bytes += row->len;
    *ret_entry = entry;
    return ERR_OK;
}

struct entry *rows_find(const struct outbox_rows *rows, const struct hash_id *id)
{
    return rows->count ? rows->table[probe(rows, id)] : NULL;
}

/* Closes the gap by moving back what was pushed past it, so that no tombstones are needed. */
void rows_remove(struct outbox_rows *rows, struct entry *entry)
{
    rows_unschedule(rows, entry);
    size_t gap = probe(rows, &entry->row.id), mask = rows->cap - 1;
    assert(rows->table[gap] == entry);
    for (size_t at = (gap + 1) & mask; rows->table[at]; at = (at + 1) & mask) {
        size_t home = slot_of(rows, &rows->table[at]->row.id);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            rows->table[gap] = rows->table[at];
            gap = at;
        }
    }
    rows->table[gap] = NULL;
    rows->count--;
    rows->bytes -= entry->row.len;
}

void entry_free(struct entry *entry)
{
    free(entry);
}

static void place(struct outbox_heap *heap, size_t at, struct entry *entry)
{
    heap->entries[at] = entry;
    entry->heap_at = at + 1;
}

static void sift(struct outbox_heap *heap, size_t at, struct entry *entry)
{
    while (at > 0 && heap->entries[(at - 1) / 2]->due_ms > entry->due_ms) {
        place(heap, at, heap->entries[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->entries[child + 1]->due_ms < heap->entries[child]->due_ms)
            child++;
        if (heap->entries[child]->due_ms >= entry->due_ms)
            break;
        place(heap, at, heap->entries[child]);
        at = child;
    }
    place(heap, at, entry);
}

void rows_schedule(struct outbox_rows *rows, struct entry *entry, int64_t due_ms)
{
    struct outbox_heap *heap = &rows->heaps[entry->lane];
    entry->due_ms = due_ms;
    if (entry->heap_at) {
        sift(heap, entry->heap_at - 1, entry);
        return;
    }
    assert(heap->count < heap->cap);
    heap->count++;
    sift(heap, heap->count - 1, entry);
}

void rows_unschedule(struct outbox_rows *rows, struct entry *entry)
{
    if (!entry->heap_at)
        return;
    struct outbox_heap *heap = &rows->heaps[entry->lane];
    size_t at = entry->heap_at - 1;
    struct entry *last = heap->entries[--heap->count];
    entry->heap_at = 0;
    if (last != entry)
        sift(heap, at, last);
}

struct entry *rows_first(const struct outbox_rows *rows, enum outbox_lane lane)
{
    return rows->heaps[lane].count ? rows->heaps[lane].entries[0] : NULL;
}

void rows_release(struct outbox_rows *rows)
{
    for (size_t i = 0; i < rows->cap; i++)
        if (rows->table[i])
            entry_free(rows->table[i]);
    free(rows->table);
    for (unsigned lane = 0; lane < OUTBOX_LANES; lane++)
        free(rows->heaps[lane].entries);
    *rows = (struct outbox_rows){0};
}
