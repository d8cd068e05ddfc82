/* The table of configuration keys: what config_yaml.c checks and config_show.c prints. Internal to config*.c.
 */
#ifndef HUYANG_CONFIG_KEYS_H
#define HUYANG_CONFIG_KEYS_H

#include "config.h"

enum key_type {
    KEY_NUMBER, /* unsigned integer of 1, 2 or 4 bytes */
    KEY_BYTES,  /* the same; KiB, MiB and GiB may follow the number */
    KEY_BOOL,
    KEY_TEXT,  /* char[size] */
    KEY_NAME,  /* an enum of 1 byte, written as a word */
    KEY_TIME,  /* minutes of the day in 2 bytes, written "HH:MM" */
    KEY_WORDS, /* a list of texts: char[max][item_size] */
    KEY_LIST,  /* a list of structs of item_size, each with the keys `items` */
};

struct key {
    const char *path; /* dotted, from the root or from the list's item */
    const char *help; /* one sentence */
    const char *unit; /* or NULL */
    enum key_type type;
    bool required; /* in a list's item: must be given */
    size_t offset, size;
    int64_t low, high;                   /* numbers: the range; lists: most items (high) */
    const char *rule;                    /* texts: what is allowed, in words */
    bool (*allowed)(const char *text);   /* texts; NULL = anything printable */
    const char *(*name)(unsigned value); /* names; NULL past the last one */
    size_t count_offset;                 /* lists: where the number of items stands (1 byte) */
    size_t item_size;
    const struct key_list *items;
};
struct key_list {
    const struct key *keys;
    size_t count;
    /* A section of the root whose keys an item may hold as well ("detect."), or NULL. The section's struct
     * stands at section_offset in struct config; the item has one of the same type at values_offset and one
     * at given_offset whose bytes are all ones where a value was given. */
    const char *section;
    size_t section_offset, values_offset, given_offset;
};

/* 0 for what is no list. */
static inline size_t key_item_count(const struct key *key)
{
    return key->items ? key->items->count : 0;
}

/* The keys of struct relay_tls in a list's item whose struct has it as its member `tls`. */
#define KEYS_OF_TLS(type_name)                                                                               \
    {.path = "ca_file",                                                                                      \
     .help = "Certificates that may sign the receiver's; none = the system's.",                              \
     .type = KEY_TEXT,                                                                                       \
     .offset = offsetof(type_name, tls.ca_file),                                                             \
     .size = RELAY_PATH_SIZE,                                                                                \
     .rule = "path of a file, \"\" = none"},                                                                 \
        {.path = "cert_file",                                                                                \
         .help = "The gateway's certificate for it.",                                                        \
         .type = KEY_TEXT,                                                                                   \
         .offset = offsetof(type_name, tls.cert_file),                                                       \
         .size = RELAY_PATH_SIZE,                                                                            \
         .rule = "path of a file, \"\" = none"},                                                             \
    {                                                                                                        \
        .path = "key_file", .help = "The key to that certificate.", .type = KEY_TEXT,                        \
        .offset = offsetof(type_name, tls.key_file), .size = RELAY_PATH_SIZE,                                \
        .rule = "path of a file, \"\" = none"                                                                \
    }

extern const struct key_list config_webhook_list, config_dc09_list, config_dc09_account_list,
    config_rule_list, config_dialect_list, config_operator_list, config_override_list, config_roster_list,
    config_contact_list;
extern const struct key config_keys[];
extern const size_t config_key_count;
enum { CONFIG_KEYS_MAX = 128 };

/* config_roster.c: calls `fault` for each thing that is wrong with the rosters; `item` = the plan's or
 * layer's struct in `alert`. */
void config_roster_faults(const struct alert_settings *alert,
                          void (*fault)(void *self, const void *item, const char *path, const char *why),
                          void *self);
/* config_contact.c: the same of the contact rules. */
void config_contact_faults(const struct alert_settings *alert,
                           void (*fault)(void *self, const void *item, const char *path, const char *why),
                           void *self);
/* config_people.c: what is wrong with how people are reached, and of which key; NULL = nothing. */
const char *config_people_fault(const struct relay_settings *relay, const char **ret_key);
/* config_api.c: the same of the way to the broker, and of who may listen to the HTTP interface. */
const char *config_broker_fault(const struct config_broker *broker, const char **ret_key);
const char *config_api_fault(const struct config_api *api, const char **ret_key);
/* Reads and writes a number of 1, 2 or 4 bytes. */
uint64_t key_number(const struct key *key, const void *base);
void key_set_number(const struct key *key, void *base, uint64_t value);
/* Index of the key with that dotted path in `keys`, or `count`. */
size_t key_find(const struct key *keys, size_t count, const char *path);
/* True when some key lies below `path`. */
bool key_is_section(const struct key *keys, size_t count, const char *path);

/* config_section.c. The key below the list's section, as it stands in an item; marks it as given in `item`.
 * False: none. */
bool key_of_section(const struct key_list *list, const char *path, struct key *ret_key, void *item);
/* The key of the root at `i` as it stands in `item`, when it was given there. */
bool key_is_given(const struct key_list *list, size_t i, const void *item, struct key *ret_key);

/* config_value.c. Whether a text has no control characters, which would forge log lines. */
bool value_is_printable(const char *text, size_t len);
/* "8 MiB", "8MiB" or "8388608"; false when it is none, or outside low..high. */
bool value_to_bytes(const char *text, int64_t low, int64_t high, int64_t *ret_value);
/* "HH:MM" as minutes of the day. */
bool value_to_minute(const char *text, int64_t *ret_value);
/* The known word at this place that is most like `word`, or "". `nearest` is filled. */
enum { KEY_WORD_MAX = 24 };
void key_nearest(const struct key *keys, size_t count, const char *prefix, const char *word,
                 char nearest[KEY_WORD_MAX + 1]);

/* The YAML side (config_yaml.c): fills `config`, which holds the defaults, and `places` unless it is NULL,
 * and appends faults to `errors`; the number of faults comes back. */
size_t config_read_yaml(const char *text, size_t len, const char *name, struct config *config,
                        struct config_places *places, struct buf *errors);

/* A file of another kind that is read by a table in the same strict way. `places` gets where each item of its
 * lists stands, in order of reading, for faults that are found afterwards. */
struct config_place {
    const void *slot;    /* the item's struct */
    size_t line, column; /* from 1 */
};
/* Of the configuration's lists: room for more than a policy, its rosters and the overrides can have. */
enum { CONFIG_PLACES_MAX = 4096 };
struct config_places {
    size_t count;
    struct config_place items[CONFIG_PLACES_MAX];
};
struct config_document {
    const char *what; /* "the catalogue": in faults */
    const struct key *keys;
    size_t key_count;
    void *base; /* holds its defaults */
    struct config_place *places;
    size_t place_max, place_count;
};
size_t config_read_document(const char *text, size_t len, const char *name, struct config_document *document,
                            struct buf *errors);

#endif
