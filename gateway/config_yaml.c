/* The fence around libyaml: walks a document along the key table. The whole document is read before anything
 * is judged, so every fault of a file is found in one go, each with the line and column where it stands. */
#include "config_allowed.h"
#include "config_keys.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "alert/prompts.h"

enum { PATH_SIZE = 160 };

struct walk {
    const char *name; /* of the file */
    yaml_document_t *document;
    struct buf *errors;
    size_t faults;
    yaml_mark_t marks[CONFIG_KEYS_MAX]; /* where a key of the root table was given; line + 1, 0 = not given */
    const struct config *config;        /* NULL = it is another document */
    struct config_places places;
    struct config_document *other; /* NULL = the configuration itself */
};

__attribute__((format(printf, 4, 5))) static void fault(struct walk *walk, const yaml_mark_t *mark,
                                                        const char *path, const char *format, ...)
{
    if (++walk->faults > CONFIG_ERRORS_MAX)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_printf(walk->errors, "%s:", walk->name);
    if (mark)
        buf_printf(walk->errors, "%zu:%zu:", mark->line + 1, mark->column + 1);
    buf_printf(walk->errors, " %s%s%s\n", path, *path ? ": " : "", text);
}

/* --- Values --- */

static const char *scalar(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static bool is_plain_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *text = scalar(node);
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static void set_text(struct walk *walk, const yaml_node_t *node, const char *path, const struct key *key,
                     void *base)
{
    const char *text = scalar(node);
    size_t len = node->data.scalar.length;
    char *field = (char *)base + key->offset;
    if (*text && is_plain_null(node))
        fault(walk, &node->start_mark, path, "%s is not a text here; for none write \"\"", text);
    else if (!value_is_printable(text, len))
        fault(walk, &node->start_mark, path, "holds control characters");
    else if (len >= key->size)
        fault(walk, &node->start_mark, path, "longer than %zu bytes", key->size - 1);
    else if (key->allowed && !key->allowed(text))
        fault(walk, &node->start_mark, path, "\"%s\" is not allowed: %s", text, key->rule);
    else {
        memset(field, 0, key->size); /* no rest of a longer default behind the NUL */
        memcpy(field, text, len);
    }
}

static void set_name(struct walk *walk, const yaml_node_t *node, const char *path, const struct key *key,
                     void *base)
{
    struct buf names;
    buf_init(&names, 400);
    for (unsigned i = 0; key->name(i); i++) {
        if (strcmp(key->name(i), scalar(node)) == 0) {
            key_set_number(key, base, i);
            buf_release(&names);
            return;
        }
        buf_printf(&names, "%s%s", i ? ", " : "", key->name(i));
    }
    fault(walk, &node->start_mark, path, "\"%.40s\" is none of %s", scalar(node), buf_text(&names));
    buf_release(&names);
}

static void set_scalar(struct walk *walk, const yaml_node_t *node, const char *path, const struct key *key,
                       void *base)
{
    const char *text = scalar(node);
    const char *unit = key->unit ? key->unit : "";
    int64_t value;
    switch (key->type) {
    case KEY_TEXT: set_text(walk, node, path, key, base); break;
    case KEY_NAME: set_name(walk, node, path, key, base); break;
    case KEY_NUMBER:
        if (text_to_int(text, key->low, key->high, &value))
            key_set_number(key, base, (uint64_t)value);
        else
            fault(walk, &node->start_mark, path, "\"%.40s\" is not a whole number in %lld..%lld%s%s", text,
                  (long long)key->low, (long long)key->high, *unit ? " " : "", unit);
        break;
    case KEY_BYTES:
        if (value_to_bytes(text, key->low, key->high, &value))
            key_set_number(key, base, (uint64_t)value);
        else
            fault(walk, &node->start_mark, path,
                  "\"%.40s\" is not a size in %lld..%lld bytes (KiB, MiB and GiB may follow)", text,
                  (long long)key->low, (long long)key->high);
        break;
    case KEY_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
            key_set_number(key, base, text[0] == 't');
        else
            fault(walk, &node->start_mark, path, "\"%.40s\" is neither true nor false", text);
        break;
    case KEY_TIME:
        if (value_to_minute(text, &value))
            key_set_number(key, base, (uint64_t)value);
        else
            fault(walk, &node->start_mark, path, "\"%.40s\" is not a time of day, 00:00..23:59, in quotes",
                  text);
        break;
    case KEY_WORDS:
    case KEY_LIST: assert(0 && "a list is no scalar"); break;
    }
}

/* --- Lists and mappings --- */

static void read_mapping(struct walk *walk, const yaml_node_t *node, const char *shown, const char *prefix,
                         const struct key_list *list, void *base, uint64_t *given);

static void check_required(struct walk *walk, const yaml_node_t *node, const char *path,
                           const struct key *list, uint64_t given)
{
    for (size_t i = 0; i < key_item_count(list); i++)
        if (list->items->keys[i].required && !(given >> i & 1))
            fault(walk, &node->start_mark, path, "\"%s\" is missing", list->items->keys[i].path);
}

/* Remembers the place of a list's item, for faults that are found afterwards. */
static void mark_item(struct walk *walk, const void *slot, const yaml_node_t *node)
{
    struct config_document *other = walk->other;
    const struct config_place place = {
        .slot = slot, .line = node->start_mark.line + 1, .column = node->start_mark.column + 1};
    if (other && other->place_count < other->place_max)
        other->places[other->place_count++] = place;
    else if (!other && walk->places.count < CONFIG_PLACES_MAX)
        walk->places.items[walk->places.count++] = place;
}

/* A list in the file replaces the default's. */
static void read_list(struct walk *walk, const yaml_node_t *node, const char *path, const struct key *key,
                      void *base)
{
    unsigned char *first = (unsigned char *)base + key->offset;
    unsigned char *count = (unsigned char *)base + key->count_offset;
    memset(first, 0, key->size);
    *count = 0;
    if (is_plain_null(node))
        return;
    if (node->type != YAML_SEQUENCE_NODE) {
        fault(walk, &node->start_mark, path, "must be a list");
        return;
    }
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top;
         item++) {
        const yaml_node_t *value = yaml_document_get_node(walk->document, *item);
        char shown[PATH_SIZE];
        snprintf(shown, sizeof shown, "%.140s[%u]", path, (unsigned)*count);
        if (*count >= key->high) {
            fault(walk, &value->start_mark, path, "more than %lld items", (long long)key->high);
            return;
        }
        unsigned char *slot = first + *count * key->item_size;
        ++*count;
        if (key->type == KEY_LIST) {
            mark_item(walk, slot, value);
            uint64_t given = 0;
            read_mapping(walk, value, shown, "", key->items, slot, &given);
            if (value->type == YAML_MAPPING_NODE)
                check_required(walk, value, shown, key, given);
        } else if (value->type != YAML_SCALAR_NODE) {
            fault(walk, &value->start_mark, shown, "must be a text");
        } else {
            const struct key word = {
                .type = KEY_TEXT, .size = key->item_size, .rule = key->rule, .allowed = key->allowed};
            set_text(walk, value, shown, &word, slot);
        }
    }
}

static void read_value(struct walk *walk, const yaml_node_t *value, const char *place, const struct key *key,
                       void *base)
{
    if (key->type == KEY_LIST || key->type == KEY_WORDS)
        read_list(walk, value, place, key, base);
    else if (value->type != YAML_SCALAR_NODE)
        fault(walk, &value->start_mark, place, "must be a single value");
    else
        set_scalar(walk, value, place, key, base);
}

static void read_pair(struct walk *walk, const yaml_node_t *name, const yaml_node_t *value, const char *shown,
                      const char *prefix, const struct key_list *list, void *base, uint64_t *given)
{
    const struct key *keys = list->keys;
    const size_t count = list->count;
    char path[PATH_SIZE], place[PATH_SIZE], section[PATH_SIZE];
    snprintf(path, sizeof path, "%s%.60s", prefix, scalar(name));
    snprintf(place, sizeof place, "%s%s%.60s", shown, *shown ? "." : "", scalar(name));
    /* Sections are nested; a dotted word is no way around that, or a key could be given twice unseen. */
    bool dotted = strchr(scalar(name), '.') != NULL;
    size_t found = dotted ? count : key_find(keys, count, path);
    if (found == count && !dotted && key_is_section(keys, count, path)) {
        snprintf(section, sizeof section, "%.150s.", path);
        if (!is_plain_null(value))
            read_mapping(walk, value, place, section, list, base, given);
        return;
    }
    struct key borrowed;
    if (found == count && !dotted && key_of_section(list, path, &borrowed, base)) {
        read_value(walk, value, place, &borrowed, base);
        return;
    }
    if (found == count || !value_is_printable(scalar(name), name->data.scalar.length)) {
        char nearest[KEY_WORD_MAX + 1];
        key_nearest(keys, count, prefix, scalar(name), nearest);
        if (!*nearest && list->section)
            key_nearest(config_keys, config_key_count, list->section, scalar(name), nearest);
        fault(walk, &name->start_mark, value_is_printable(place, strlen(place)) ? place : "",
              "unknown key%s%s%s", *nearest ? "; is \"" : "", nearest, *nearest ? "\" meant?" : "");
        return;
    }
    const struct key *key = &keys[found];
    if (keys == config_keys)
        walk->marks[found] =
            (yaml_mark_t){.line = value->start_mark.line + 1, .column = value->start_mark.column};
    else if (given)
        *given |= UINT64_C(1) << found;
    read_value(walk, value, place, key, base);
}

/* Whether the same key stands earlier in the mapping. Quadratic, over mappings that have at most some thirty
 * known keys; the first fault ends a long list. */
static const yaml_node_t *earlier(struct walk *walk, const yaml_node_t *node, const yaml_node_pair_t *pair)
{
    const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
    for (yaml_node_pair_t *other = node->data.mapping.pairs.start; other < pair; other++) {
        const yaml_node_t *word = yaml_document_get_node(walk->document, other->key);
        if (word->type == YAML_SCALAR_NODE && strcmp(scalar(word), scalar(name)) == 0)
            return word;
    }
    return NULL;
}

/* `shown` is the path for people, `prefix` the one in `list`; `given` gets a bit for each key of a list's
 * item. */
static void read_mapping(struct walk *walk, const yaml_node_t *node, const char *shown, const char *prefix,
                         const struct key_list *list, void *base, uint64_t *given)
{
    if (node->type != YAML_MAPPING_NODE) {
        fault(walk, &node->start_mark, shown, "must be a mapping of keys to values");
        return;
    }
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(walk->document, pair->value);
        if (walk->faults > CONFIG_ERRORS_MAX) {
            walk->faults++; /* no longer looked at, but counted */
            continue;
        }
        if (name->type != YAML_SCALAR_NODE) {
            fault(walk, &name->start_mark, shown, "a key must be a single word");
            continue;
        }
        const yaml_node_t *first = earlier(walk, node, pair);
        if (first)
            fault(walk, &name->start_mark, shown, "\"%.40s\" is given twice, first in line %zu", scalar(name),
                  first->start_mark.line + 1);
        else
            read_pair(walk, name, value, shown, prefix, list, base, given);
    }
}

/* --- The document --- */

/* Line and column of a byte, for faults that libyaml does not place. */
static yaml_mark_t mark_of(const char *text, size_t at)
{
    yaml_mark_t mark = {.index = at};
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static void syntax_fault(struct walk *walk, const yaml_parser_t *parser, const char *text)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        fault(walk, NULL, "", "out of memory");
        return;
    }
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR)
        mark = mark_of(text, parser->problem_offset);
    fault(walk, &mark, "", "not YAML: %s", parser->problem ? parser->problem : "cannot be read");
}

static const yaml_mark_t *mark_for(struct walk *walk, const char *path, yaml_mark_t *mark)
{
    *mark = walk->marks[key_find(config_keys, config_key_count, path)];
    if (mark->line == 0)
        return NULL;
    mark->line--;
    return mark;
}

static void check_pair_of_files(struct walk *walk, const char *cert_path, const char *cert,
                                const char *key_path, const char *key)
{
    yaml_mark_t mark;
    if (*cert && !*key)
        fault(walk, mark_for(walk, cert_path, &mark), cert_path, "needs %s as well", key_path);
    if (*key && !*cert)
        fault(walk, mark_for(walk, key_path, &mark), key_path, "needs %s as well", cert_path);
}

/* A fault of a list's item, where it stands; at the key of the root when it is one of the defaults. */
static void item_fault(struct walk *walk, const void *item, const char *root, const char *path,
                       const char *why)
{
    yaml_mark_t mark;
    const yaml_mark_t *place = mark_for(walk, root, &mark);
    size_t line, column;
    config_place_of(&walk->places, item, &line, &column);
    if (line) {
        mark = (yaml_mark_t){.line = line - 1, .column = column - 1};
        place = &mark;
    }
    fault(walk, place, "", "%s: %s", path, why);
}

/* Of the policy: where its rule (step -1) or step stands. */
static void policy_fault(void *self, int rule, int step, const char *why)
{
    struct walk *walk = self;
    const struct policy_rule *of = rule < 0 ? NULL : &walk->config->alert.rules[rule];
    char path[96] = "policy";
    int len = of ? snprintf(path, sizeof path, "policy[%d] %s/%s", rule, family_name((enum family)of->family),
                            level_name((enum level)of->level))
                 : 0;
    if (of && step >= 0)
        snprintf(path + len, sizeof path - (size_t)len, " step %d", step);
    item_fault(walk, of && step >= 0 ? (const void *)&of->steps[step] : of, "policy", path, why);
}

static void roster_fault_of(void *self, const void *item, const char *path, const char *why)
{
    item_fault(self, item, "rosters", path, why);
}

static void contact_fault_of(void *self, const void *item, const char *path, const char *why)
{
    item_fault(self, item, "contact_rules", path, why);
}

static void override_fault(void *self, unsigned entry, const char *why)
{
    struct walk *walk = self;
    char path[40];
    snprintf(path, sizeof path, "detect_overrides[%u]", entry);
    item_fault(walk, &walk->config->detect_overrides.entries[entry], "detect_overrides", path, why);
}

static bool is_receiver(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->relay.webhook_count; i++) {
        if (strcmp(config->relay.webhooks[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A prompt that nobody ever wrote, or a receiver that is none, would fail only when it is needed. */
static void check_names(struct walk *walk, const struct config *config)
{
    struct buf why;
    buf_init(&why, 4096);
    for (int i = 0; i < config->alert.rule_count; i++) {
        const struct policy_rule *rule = &config->alert.rules[i];
        for (int j = 0; j < rule->step_count; j++) {
            const struct policy_step *step = &rule->steps[j];
            buf_clear(&why);
            /* Those of a folder are looked at when it is read (config_prompts.h). */
            if (step->kind == STEP_PROMPT && !*config->prompts_folder && !prompt_find(NULL, step->prompt)) {
                buf_printf(&why, "\"%s\" is none of the prompts: ", step->prompt);
                for (size_t k = 0; k < prompts_builtin.count; k++)
                    buf_printf(&why, "%s%s", k ? ", " : "", prompts_builtin.prompts[k].id);
            } else if (step->kind == STEP_WEBHOOK && !is_receiver(config, step->to)) {
                buf_printf(&why, "\"%s\" is no receiver of relay.webhook", step->to);
            }
            if (why.len > 0)
                policy_fault(walk, i, j, buf_text(&why));
        }
    }
    buf_release(&why);
}

/* Names and addresses cross no open network in clear: http:// is for receivers on this machine or its own
 * network. */
static void check_secrecy(struct walk *walk, const char *key, const char *url, bool allow_private)
{
    yaml_mark_t mark;
    if (!allow_private && strncmp(url, "http://", 7) == 0)
        fault(walk, mark_for(walk, key, &mark), key,
              "http:// only with relay.allow_private; the police are told over https://");
}

/* Two receivers in one place, or one place with both kinds, would leave it open who is told. */
static void check_dc09(struct walk *walk, const struct relay_settings *relay)
{
    yaml_mark_t mark;
    const char *urls[POLICE_PLACES] = {relay->police_url, relay->police_backup_url};
    for (unsigned i = 0; i < relay->dc09_count; i++) {
        const struct dc09_settings *dc09 = &relay->dc09[i];
        if (i > 0 && dc09->place == relay->dc09[0].place)
            fault(walk, mark_for(walk, "relay.dc09", &mark), "relay.dc09", "two receivers are %s",
                  config_name_police_place(dc09->place));
        if (*urls[dc09->place])
            fault(walk, mark_for(walk, "relay.dc09", &mark), "relay.dc09",
                  "the %s receiver has a CAP URL already (relay.police.%s)",
                  config_name_police_place(dc09->place),
                  dc09->place == POLICE_PRIMARY ? "url" : "backup_url");
        if (!*dc09->key_file && !relay->allow_private)
            fault(walk, mark_for(walk, "relay.dc09", &mark), "relay.dc09",
                  "the %s receiver needs a key_file: in clear only with relay.allow_private",
                  config_name_police_place(dc09->place));
    }
}

static void check_parts(struct walk *walk, const struct config *config)
{
    yaml_mark_t mark;
    const char *key, *why = config_people_fault(&config->relay, &key);
    if (why)
        fault(walk, mark_for(walk, key, &mark), key, "%s", why);
    if ((why = config_broker_fault(&config->broker, &key)) != NULL)
        fault(walk, mark_for(walk, key, &mark), key, "%s", why);
    if ((why = config_api_fault(&config->api, &key)) != NULL)
        fault(walk, mark_for(walk, key, &mark), key, "%s", why);
}

/* A topic belongs to one entry. */
static void check_dialects(struct walk *walk, const struct config *config)
{
    yaml_mark_t mark;
    for (unsigned i = 0; i < config->dialect_count; i++) {
        const char *prefix = config->dialects[i].prefix;
        const size_t len = strlen(prefix);
        for (unsigned j = 0; j < config->dialect_count; j++) {
            const char *other = config->dialects[j].prefix;
            if (j == i || strncmp(prefix, other, len) != 0 || (other[len] != '/' && other[len] != '\0') ||
                (other[len] == '\0' && j < i))
                continue;
            fault(walk, mark_for(walk, "dialects", &mark), "dialects", "\"%s\" and \"%s\" share topics",
                  prefix, other);
        }
    }
}

/* What no single key shows. */
static void check_whole(struct walk *walk, const struct config *config)
{
    yaml_mark_t mark;
    check_pair_of_files(walk, "broker.cert_file", config->broker.cert_file, "broker.key_file",
                        config->broker.key_file);
    check_pair_of_files(walk, "relay.police.cert_file", config->relay.police_tls.cert_file,
                        "relay.police.key_file", config->relay.police_tls.key_file);
    if (config->detect.flat_urgent_percent > config->detect.flat_percent)
        fault(walk, mark_for(walk, "detect.flat_urgent_percent", &mark), "detect.flat_urgent_percent",
              "%u lies above detect.flat_percent, which is %u", config->detect.flat_urgent_percent,
              config->detect.flat_percent);
    else
        detect_overrides_check(&config->detect_overrides, &config->detect, override_fault, walk);
    if (config->detect.link_visitors_ppm &&
        !(*config->privacy.legal_basis && *config->privacy.assessment && *config->privacy.approved_by))
        fault(walk, mark_for(walk, "privacy.link_visitors.false_match_ppm", &mark),
              "privacy.link_visitors.false_match_ppm",
              "visitors are linked across homes only with legal_basis, assessment and approved_by beside it");
    const struct relay_settings *relay = &config->relay;
    check_dc09(walk, relay);
    check_secrecy(walk, "relay.police.url", relay->police_url, relay->allow_private);
    check_secrecy(walk, "relay.police.backup_url", relay->police_backup_url, relay->allow_private);
    for (size_t i = 0; i < config->relay.webhook_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(config->relay.webhooks[i].name, config->relay.webhooks[j].name) == 0)
                fault(walk, mark_for(walk, "relay.webhook", &mark), "relay.webhook",
                      "two receivers are named \"%s\"", config->relay.webhooks[i].name);
    check_parts(walk, config);
    check_dialects(walk, config);
    config_roster_faults(&config->alert, roster_fault_of, walk);
    config_contact_faults(&config->alert, contact_fault_of, walk);
    if (policy_check(&config->alert, policy_fault, walk) == 0)
        check_names(walk, config);
}

static void read_document(struct walk *walk, yaml_parser_t *parser, const char *text, struct config *config)
{
    yaml_document_t document, more;
    if (!yaml_parser_load(parser, &document)) {
        syntax_fault(walk, parser, text);
        return;
    }
    walk->document = &document;
    const struct config_document *other = walk->other;
    const struct key_list keys = {.keys = other ? other->keys : config_keys,
                                  .count = other ? other->key_count : config_key_count};
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    if (root && !is_plain_null(root))
        read_mapping(walk, root, "", "", &keys, walk->other ? walk->other->base : config, NULL);
    if (root && !yaml_parser_load(parser, &more)) {
        syntax_fault(walk, parser, text);
    } else if (root) {
        const yaml_node_t *second = yaml_document_get_root_node(&more);
        if (second)
            fault(walk, &second->start_mark, "", "a second document; %s is one",
                  walk->other ? walk->other->what : "the configuration");
        yaml_document_delete(&more);
    }
    yaml_document_delete(&document);
    walk->document = NULL;
    if (walk->faults == 0 && config)
        check_whole(walk, config);
}

static size_t read_yaml(const char *text, size_t len, const char *name, struct config *config,
                        struct config_document *other, struct config_places *places, struct buf *errors)
{
    struct walk *walk = calloc(1, sizeof *walk);
    if (!walk) {
        buf_printf(errors, "%s: out of memory\n", name);
        return 1;
    }
    walk->name = name;
    walk->errors = errors;
    walk->other = other;
    walk->config = config;
    size_t bad_at;
    yaml_parser_t parser;
    if (!text_is_utf8(text, len, &bad_at)) {
        yaml_mark_t mark = mark_of(text, bad_at);
        fault(walk, &mark, "", "not UTF-8 text");
    } else if (!yaml_parser_initialize(&parser)) {
        fault(walk, NULL, "", "out of memory");
    } else {
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
        read_document(walk, &parser, text, config);
        yaml_parser_delete(&parser);
    }
    if (walk->faults > CONFIG_ERRORS_MAX)
        buf_printf(errors, "%s: and %zu more\n", name, walk->faults - CONFIG_ERRORS_MAX);
    size_t faults = walk->faults;
    if (places)
        *places = walk->places;
    free(walk);
    return faults;
}

size_t config_read_yaml(const char *text, size_t len, const char *name, struct config *config,
                        struct config_places *places, struct buf *errors)
{
    return read_yaml(text, len, name, config, NULL, places, errors);
}

size_t config_read_document(const char *text, size_t len, const char *name, struct config_document *document,
                            struct buf *errors)
{
    return read_yaml(text, len, name, NULL, document, NULL, errors);
}
