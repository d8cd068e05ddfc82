/* Prints a configuration as YAML, from the same table that reads it. */
#include "config_keys.h"

#include <stddef.h>
#include <string.h>

/* Appends `text` as comment lines of readable width behind `indent` spaces. */
static void show_comment(struct buf *out, int indent, const char *text)
{
    enum { WIDTH = 100 };
    while (*text) {
        size_t len = strlen(text);
        if (len > WIDTH) {
            len = WIDTH;
            while (len > 0 && text[len] != ' ')
                len--;
        }
        if (len == 0)
            len = strcspn(text, " "); /* one long word */
        buf_printf(out, "%*s# %.*s\n", indent, "", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

static void show_bytes(struct buf *out, uint64_t bytes)
{
    static const struct {
        unsigned shift;
        const char *name;
    } units[] = {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (bytes && bytes % (UINT64_C(1) << units[i].shift) == 0) {
            buf_printf(out, "%llu %s", (unsigned long long)(bytes >> units[i].shift), units[i].name);
            return;
        }
    }
    buf_printf(out, "%llu", (unsigned long long)bytes);
}

static size_t list_count(const struct key *key, const void *base)
{
    return ((const unsigned char *)base)[key->count_offset];
}

static void show_words(struct buf *out, const struct key *key, const void *base)
{
    const char *words = (const char *)base + key->offset;
    buf_putc(out, '[');
    for (size_t i = 0; i < list_count(key, base); i++) {
        buf_puts(out, i ? ", " : "");
        buf_json_string(out, words + i * key->item_size);
    }
    buf_putc(out, ']');
}

/* The value of anything but a list of structs, on one line. */
static void show_value(struct buf *out, const struct key *key, const void *base)
{
    uint64_t number = key->type == KEY_TEXT || key->type == KEY_WORDS ? 0 : key_number(key, base);
    switch (key->type) {
    case KEY_NUMBER: buf_printf(out, "%llu", (unsigned long long)number); break;
    case KEY_BYTES: show_bytes(out, number); break;
    case KEY_BOOL: buf_puts(out, number ? "true" : "false"); break;
    case KEY_TEXT: buf_json_string(out, (const char *)base + key->offset); break;
    case KEY_NAME: buf_puts(out, key->name((unsigned)number)); break;
    case KEY_TIME: buf_printf(out, "\"%02u:%02u\"", (unsigned)(number / 60), (unsigned)(number % 60)); break;
    case KEY_WORDS: show_words(out, key, base); break;
    case KEY_LIST: break;
    }
}

static void show_names(struct buf *out, const struct key *key)
{
    for (unsigned i = 0; key->name(i); i++)
        buf_printf(out, "%s%s", i ? " | " : "", key->name(i));
}

/* "0..600 s", "six digits", "true | false" */
static void show_range(struct buf *out, const struct key *key)
{
    switch (key->type) {
    case KEY_NUMBER:
        buf_printf(out, "%lld..%lld", (long long)key->low, (long long)key->high);
        if (key->unit)
            buf_printf(out, " %s", key->unit);
        break;
    case KEY_BYTES:
        show_bytes(out, (uint64_t)key->low);
        buf_puts(out, "..");
        show_bytes(out, (uint64_t)key->high);
        break;
    case KEY_BOOL: buf_puts(out, "true | false"); break;
    case KEY_TEXT:
        buf_puts(out, key->rule);
        if (key->size > ID_SIZE) /* shorter ones are identifiers and the like, whose rule says it */
            buf_printf(out, ", at most %zu bytes", key->size - 1);
        break;
    case KEY_NAME: show_names(out, key); break;
    case KEY_TIME: buf_puts(out, "HH:MM"); break;
    case KEY_WORDS: buf_printf(out, "%s, at most %lld", key->rule, (long long)key->high); break;
    case KEY_LIST: buf_printf(out, "at most %lld", (long long)key->high); break;
    }
}

/* Help and range of a key; and of the keys of a list's items, which stand nowhere else. */
static void show_help(struct buf *out, int indent, const struct key *key, const struct config *defaults)
{
    struct buf text;
    buf_init(&text, 2000);
    buf_printf(&text, "%s (", key->help);
    show_range(&text, key);
    if (defaults && key->type != KEY_LIST) {
        buf_puts(&text, "; default ");
        show_value(&text, key, defaults);
    }
    buf_putc(&text, ')');
    show_comment(out, indent, buf_text(&text));
    for (size_t i = 0; i < key_item_count(key); i++) {
        const struct key *item = &key->items->keys[i];
        buf_clear(&text);
        buf_printf(&text, "- %s: %s (", item->path, item->help);
        show_range(&text, item);
        buf_puts(&text, item->required ? "; required)" : ")");
        show_comment(out, indent, buf_text(&text));
        for (size_t j = 0; j < key_item_count(item); j++) {
            const struct key *inner = &item->items->keys[j];
            buf_clear(&text);
            buf_printf(&text, "-- %s: %s (", inner->path, inner->help);
            show_range(&text, inner);
            buf_puts(&text, inner->required ? "; required)" : ")");
            show_comment(out, indent, buf_text(&text));
        }
    }
    if (key->items && key->items->section)
        buf_printf(out, "%*s# - and the keys of %.*s, as they stand there\n", indent, "",
                   (int)strlen(key->items->section) - 1, key->items->section);
    buf_release(&text);
}

static bool has_lists(const struct key *key)
{
    for (size_t i = 0; i < key_item_count(key); i++)
        if (key->items->keys[i].type == KEY_LIST)
            return true;
    return false;
}

/* In a list's item what is empty is left out. */
static bool is_empty(const struct key *key, const void *base)
{
    if (key->required)
        return false;
    if (key->type == KEY_TEXT)
        return ((const char *)base)[key->offset] == 0;
    if (key->type == KEY_WORDS)
        return list_count(key, base) == 0;
    return (key->type == KEY_NAME || key->type == KEY_NUMBER || key->type == KEY_TIME) &&
           key_number(key, base) == 0;
}

/* The keys of the list's section that the item was given. */
static void show_given(struct buf *out, const struct key_list *list, const void *item)
{
    struct key key;
    for (size_t i = 0; i < config_key_count; i++) {
        if (!key_is_given(list, i, item, &key))
            continue;
        buf_printf(out, ", %s: ", key.path + strlen(list->section));
        show_value(out, &key, item);
    }
}

static void show_list(struct buf *out, int indent, const struct key *list, const void *base)
{
    size_t count = list_count(list, base);
    if (count == 0) {
        buf_puts(out, " []\n");
        return;
    }
    buf_putc(out, '\n');
    for (size_t i = 0; i < count; i++) {
        const unsigned char *item = (const unsigned char *)base + list->offset + i * list->item_size;
        bool block = has_lists(list);
        buf_printf(out, "%*s- %s", indent, "", block ? "" : "{");
        bool first = true;
        for (size_t j = 0; j < key_item_count(list); j++) {
            const struct key *key = &list->items->keys[j];
            if (is_empty(key, item))
                continue;
            if (!first)
                buf_printf(out, block ? "%*s" : ", ", indent + 2, "");
            first = false;
            buf_printf(out, "%s:", key->path);
            if (key->type == KEY_LIST) {
                show_list(out, indent + 4, key, item);
                continue;
            }
            buf_putc(out, ' ');
            show_value(out, key, item);
            buf_puts(out, block ? "\n" : "");
        }
        show_given(out, list->items, item);
        buf_puts(out, block ? "" : "}\n");
    }
}

/* Prints the headings of the sections that `path` enters and `before` was not in; returns the depth of the
 * key itself. */
static int show_sections(struct buf *out, const char *before, const char *path)
{
    int depth = 0;
    bool same = true;
    const char *start = path, *dot;
    while ((dot = strchr(start, '.'))) {
        same = same && strncmp(before, path, (size_t)(dot - path) + 1) == 0;
        if (!same)
            buf_printf(out, "%*s%.*s:\n", depth * 2, "", (int)(dot - start), start);
        start = dot + 1;
        depth++;
    }
    return depth;
}

/* What decides who is told: the alert stage's own settings, and the receivers its steps may name. */
static bool is_of_policy(const struct key *key)
{
    return (key->offset >= offsetof(struct config, alert) &&
            key->offset < offsetof(struct config, alert) + sizeof(struct alert_settings)) ||
           strcmp(key->path, "relay.webhook") == 0;
}

static void show_keys(const struct config *config, bool (*which)(const struct key *key), struct buf *out)
{
    struct config *defaults = NULL;
    struct buf none;
    buf_init(&none, 100);
    /* Without memory for the defaults the values still come out. */
    if (config_load(NULL, &defaults, &none) != ERR_OK)
        defaults = NULL;
    const char *before = "";
    for (size_t i = 0; i < config_key_count; i++) {
        const struct key *key = &config_keys[i];
        if (which && !which(key))
            continue;
        buf_putc(out, '\n');
        int indent = 2 * show_sections(out, before, key->path);
        const char *name = strrchr(key->path, '.');
        name = name ? name + 1 : key->path;
        show_help(out, indent, key, defaults);
        buf_printf(out, "%*s%s:", indent, "", name);
        if (key->type == KEY_LIST) {
            show_list(out, indent + 2, key, config);
        } else {
            buf_putc(out, ' ');
            show_value(out, key, config);
            buf_putc(out, '\n');
        }
        before = key->path;
    }
    config_free(defaults);
    buf_release(&none);
}

void config_show(const struct config *config, struct buf *out)
{
    buf_puts(out, "# Huyang's configuration. Every key may be left out; its default then holds.\n");
    show_keys(config, NULL, out);
}

void config_show_policy(const struct config *config, struct buf *out)
{
    buf_puts(out, "# Who is told what and when.\n");
    show_keys(config, is_of_policy, out);
}

/* The text of one key alone. */
static void show_alone(const struct config *config, const struct key *key, struct buf *out)
{
    if (key->type == KEY_LIST)
        show_list(out, 0, key, config);
    else
        show_value(out, key, config);
}

void config_changes(const struct config *before, const struct config *after,
                    void (*each)(void *self, const char *key, const char *from, const char *to), void *self)
{
    struct buf from, to, shown_from, shown_to;
    buf_init(&from, 1 << 20);
    buf_init(&to, 1 << 20);
    buf_init(&shown_from, 1 << 20);
    buf_init(&shown_to, 1 << 20);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct key *key = &config_keys[i];
        buf_clear(&from);
        buf_clear(&to);
        show_alone(before, key, &from);
        show_alone(after, key, &to);
        if (strcmp(buf_text(&from), buf_text(&to)) == 0)
            continue;
        const bool is_list = key->type == KEY_LIST;
        buf_clear(&shown_from);
        buf_clear(&shown_to);
        config_hide(buf_text(&from), &shown_from);
        config_hide(buf_text(&to), &shown_to);
        each(self, key->path, is_list ? NULL : buf_text(&shown_from), is_list ? NULL : buf_text(&shown_to));
    }
    buf_release(&from);
    buf_release(&to);
    buf_release(&shown_from);
    buf_release(&shown_to);
}
