/* The configuration: one commented YAML file becomes one struct that is const from then on. Every key has a
 * row in a table (config_keys.c) with its type, range, unit and one sentence of help; defaults come from the
 * stages that own the settings. Not for anything that changes while the gateway runs: that is the registry's
 * and the alerts' business.
 *
 * Errors: an unknown key, a key given twice, a value of the wrong type or out of range, and a setting that
 * contradicts another is one line each, `FILE:LINE:COLUMN: key: what is wrong`; all of a file are reported at
 * once (at most CONFIG_ERRORS_MAX, then their number). Nothing is loaded then. Any thread; the result is
 * owned by the caller. */
#ifndef HUYANG_CONFIG_H
#define HUYANG_CONFIG_H

#include "alert/policy.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/log.h"
#include "core/text.h"
#include "detect/overrides.h"
#include "ingest/conduct.h"
#include "ingest/dialects/dialects.h"
#include "relay/relay.h"
#include "report.h"
#include "retention.h"

enum { CONFIG_PATH_SIZE = 256, CONFIG_URL_SIZE = 256, CONFIG_FILE_MAX = 1 << 20, CONFIG_ERRORS_MAX = 20 };

struct config_broker {
    char url[CONFIG_URL_SIZE]; /* tcp://host:port or ssl://host:port */
    char username[128];        /* "" = none */
    char password_file[CONFIG_PATH_SIZE];
    char ca_file[CONFIG_PATH_SIZE], cert_file[CONFIG_PATH_SIZE], key_file[CONFIG_PATH_SIZE];
    char crl_file[CONFIG_PATH_SIZE]; /* only watched */
    uint32_t expiry_warn_days;
    bool insecure; /* beyond loopback without TLS */
};
struct config_api {
    char listen[64];                                              /* a numeric address */
    uint16_t port;                                                /* 0 = any free */
    bool insecure;                                                /* beyond loopback without TLS */
    char cert_file[CONFIG_PATH_SIZE], key_file[CONFIG_PATH_SIZE]; /* "" = without TLS */
    char client_ca_file[CONFIG_PATH_SIZE];
};
/* Where devices fetch the prompts' clips; a listener of its own, apart from the API. */
struct config_clips {
    char listen[64]; /* a numeric address */
    uint16_t port;   /* 0 = clips are not served */
};
struct config_ingest {
    uint32_t urgent_ring_bytes, routine_ring_bytes, dialect_ring_bytes;
    uint32_t gap_wait_ms;
    struct conduct_settings device;
};
struct config_store {
    uint32_t commit_ms, commit_events;
    uint32_t ballast_bytes;
    uint32_t snapshot_inputs;
    uint32_t fail_open_ms;
};

/* What the gateway watches of itself. */
struct config_watch {
    uint32_t stall_s, after_s, calm_s;
    uint32_t canary_s; /* 0 = there is no canary */
};

/* What permits comparing visitors across homes; all of it, or none. Texts for whoever audits. */
struct config_privacy {
    char legal_basis[CONFIG_PATH_SIZE], assessment[CONFIG_PATH_SIZE], approved_by[CONFIG_PATH_SIZE];
};

/* No pointers: may be copied and hashed as text (config_show). */
struct config {
    char county[7];
    char instance[ID_SIZE];
    char state_dir[CONFIG_PATH_SIZE];
    char registry_dir[CONFIG_PATH_SIZE]; /* "" = none */
    char time_zone[65];
    uint8_t log_level; /* enum log_level */
    uint32_t lateness_s;
    struct config_broker broker;
    struct config_api api;
    struct config_clips clips;
    char prompts_folder[CONFIG_PATH_SIZE]; /* "" = the catalogue compiled in */
    struct config_ingest ingest;
    uint8_t dialect_count;
    struct dialect_settings dialects[DIALECT_ENTRIES_MAX];
    struct config_store store;
    struct config_watch watch;
    struct retention retention;
    struct detect_settings detect;
    struct detect_overrides detect_overrides;
    struct config_privacy privacy;
    struct alert_settings alert;
    struct relay_settings relay;
    struct report_settings report;
};

/* Overwrites all of it. */
void config_defaults(struct config *ret_config);

/* Reads `path`; NULL = the defaults. ERR_INVALID: `errors` (appended to) has the lines. ERR_NOT_FOUND,
 * ERR_IO, ERR_RANGE (larger than CONFIG_FILE_MAX) have one line there as well; ERR_NOMEM may have none. Free
 * with config_free. */
MUST_CHECK enum err config_load(const char *path, struct config **ret_config, struct buf *errors);
/* The same, and where each item of its lists stands: for faults that are found later. Free with free(). */
struct config_places;
MUST_CHECK enum err config_load_placed(const char *path, struct config **ret_config,
                                       struct config_places **ret_places, struct buf *errors);
/* Line and column from 1 of a rule, step, roster or layer; 0 when it is one of the defaults. */
void config_place_of(const struct config_places *places, const void *item, size_t *ret_line,
                     size_t *ret_column);
/* The same from memory; `name` stands for the file in errors. */
MUST_CHECK enum err config_parse(const char *text, size_t len, const char *name, struct config **ret_config,
                                 struct buf *errors);
void config_free(struct config *config);

/* Appends the whole configuration as commented YAML: every key with its value, help, range, unit and default.
 * Reading that text gives the same configuration, and showing it again the same bytes, so its hash names a
 * configuration. About 16 KiB. */
void config_show(const struct config *config, struct buf *out);
/* The same of what decides who is told: config.alert, and the receivers that its steps may name. Reading that
 * text gives the same config.alert. */
void config_show_policy(const struct config *config, struct buf *out);
/* Appends a text of the above without what is secret in it: the path and query of every address, names in
 * front of its host, and operators' fields that hold nothing to be filled in. */
void config_hide(const char *yaml, struct buf *out);
/* Each key that differs, in the order of the table, with its values as they are shown, without secrets; of a
 * list only that it differs (NULL). */
void config_changes(const struct config *before, const struct config *after,
                    void (*each)(void *self, const char *key, const char *from, const char *to), void *self);

#endif
