/* Alerts -> the world. Two halves:
 *
 *  render  (pure, part of the fold): a job becomes one outbox row, its body rendered once, its id the job's.
 * The row commits with the alert. outbox  (I/O on the core loop, outbox.h): sends committed rows until they
 * are done, and says so; that word re-enters the fold as a delivery.
 *
 * A relay is one file that exports one const struct relay, plus one line in relays.c, plus one test. */
#ifndef HUYANG_RELAY_RELAY_H
#define HUYANG_RELAY_RELAY_H

#include "alert/alert.h"
#include "alert/prompts.h"
#include "core/buf.h"
#include "relay/dc09.h"

#define CHANNEL_MAP(X)                                                                                       \
    X(NONE, none)         /* nothing goes out: a task for a person, or nowhere to send */                    \
    X(COMMAND, command)   /* a Command to a device over MQTT */                                              \
    X(CAP, cap)           /* CAP 1.2 over HTTPS to the police */                                             \
    X(WEBHOOK, webhook)   /* signed JSON over HTTP(S) */                                                     \
    X(DC09, dc09)         /* SIA DC-09 over TCP to the police; a CAP document may follow in the body */      \
    X(SMS, sms)           /* an operator's HTTP interface; the body is its request */                        \
    X(VOICE, voice)       /* the same for a call that is read aloud and takes a key */                       \
    X(EMAIL, email)       /* a whole RFC 5322 message over SMTP */                                           \
    X(WECOM, wecom)       /* a WeCom group robot */                                                          \
    X(DINGTALK, dingtalk) /* a DingTalk group robot */                                                       \
    X(NTFY, ntfy)         /* an ntfy topic */
enum channel {
#define X(name, text) CHANNEL_##name,
    CHANNEL_MAP(X)
#undef X
        CHANNEL_COUNT
};
const char *channel_name(enum channel channel);

enum { RELAY_WEBHOOKS_MAX = 16, RELAY_URL_SIZE = 256, RELAY_PATH_SIZE = 256, RELAY_BODY_MAX = 16384 };

/* With whose certificates a receiver is talked to over TLS; "" = the system's authorities, and none of our
 * own. cert_file and key_file go together. */
struct relay_tls {
    char ca_file[RELAY_PATH_SIZE], cert_file[RELAY_PATH_SIZE], key_file[RELAY_PATH_SIZE];
};

/* What a receiver of relay.webhook understands. */
#define PRESET_MAP(X)                                                                                        \
    X(JSON, json, 0)    /* our own object, signed */                                                         \
    X(WECOM, wecom, 20) /* messages a minute its makers allow a robot */                                     \
    X(DINGTALK, dingtalk, 20)                                                                                \
    X(NTFY, ntfy, 0)
enum preset {
#define X(name, text, per_minute) PRESET_##name,
    PRESET_MAP(X)
#undef X
        PRESET_COUNT
};
struct webhook_settings {
    char name[ID_SIZE];
    uint8_t role; /* enum role whose people it reaches; ROLE_NONE = every notify and task */
    char url[RELAY_URL_SIZE];
    char secret_file[RELAY_PATH_SIZE]; /* HMAC key, DingTalk's secret or ntfy's token; "" = none */
    uint8_t preset;                    /* enum preset */
    uint16_t per_minute;               /* most messages but red; 0 = as the preset has it */
    struct relay_tls tls;
};
/* An operator that sends SMS or calls people and reads a text to them. */
enum {
    OPERATORS_MAX = 2, /* one a way */
    OPERATOR_FIELDS_MAX = 16,
    OPERATOR_CANCEL_FIELDS_MAX = 4,
    OPERATOR_HEADERS_MAX = 4,
    OPERATOR_STATES_MAX = 32,
    OPERATOR_VALUE_SIZE = 192
};
struct operator_field {
    char name[ID_SIZE];
    char value[OPERATOR_VALUE_SIZE]; /* with {id}, {phone}, {text}, … : operator.h */
};
/* What an operator's code means. */
#define OPERATOR_STATE_MAP(X)                                                                                \
    X(PENDING, pending)     /* nothing yet */                                                                \
    X(ANSWERED, answered)   /* the call was taken and is being heard; a key may follow */                    \
    X(DELIVERED, delivered) /* on the telephone; a call that was heard to its end */                         \
    X(FAILED, failed)       /* no answer, busy, switched off, refused */
enum operator_state {
#define X(name, text) OPERATOR_##name,
    OPERATOR_STATE_MAP(X)
#undef X
        OPERATOR_STATE_COUNT
};
struct operator_code {
    char code[ID_SIZE];
    uint8_t state; /* enum operator_state */
};
struct operator_settings {
    uint8_t way;  /* enum way: WAY_SMS or WAY_VOICE */
    uint8_t form; /* the body is application/x-www-form-urlencoded, not JSON */
    char url[RELAY_URL_SIZE];
    char secret_file[RELAY_PATH_SIZE];   /* {secret}; "" = none */
    char callback_file[RELAY_PATH_SIZE]; /* token that the operator's own requests carry; "" = they are
                                            refused */
    char success[OPERATOR_VALUE_SIZE];   /* "member=value" of a reply that took it; "" = any 2xx */
    char reply_id[ID_SIZE];              /* member of that reply: the operator's own id; "" = none */
    char poll_url[RELAY_URL_SIZE];       /* GET, with {id} and {ref}; "" = not asked */
    char cancel_url[RELAY_URL_SIZE];     /* POST, likewise: what was taken is not wanted any more; "" = that
                                            cannot be said */
    char status_id[ID_SIZE];             /* members of a status: our id or the operator's … */
    char status_code[ID_SIZE];
    char status_key[ID_SIZE]; /* … and the key that was pressed; "" = none */
    uint16_t poll_s;          /* 1..600 */
    uint16_t answer_s;        /* how long after it was taken a last word is waited for */
    uint16_t per_minute;      /* most messages but red; 0 = no limit */
    struct relay_tls tls;     /* of each of its URLs */
    uint8_t field_count, header_count, code_count, cancel_field_count;
    struct operator_field fields[OPERATOR_FIELDS_MAX];
    struct operator_field headers[OPERATOR_HEADERS_MAX];
    struct operator_field cancel_fields[OPERATOR_CANCEL_FIELDS_MAX]; /* its body; none = an empty one */
    struct operator_code codes[OPERATOR_STATES_MAX];
};
struct mail_settings {
    char url[RELAY_URL_SIZE]; /* smtp://host:port (STARTTLS) or smtps://host:port; "" = no mail */
    char from[ID_SIZE * 2];   /* address */
    char username[ID_SIZE * 2];
    char password_file[RELAY_PATH_SIZE];
    struct relay_tls tls;
    bool clear; /* without TLS: only with allow_private */
};
/* The police's receiver, or its backup, where that speaks DC-09. */
enum { RELAY_DC09_MAX = 2, RELAY_DC09_ACCOUNTS_MAX = 64, RELAY_ADDRESS_SIZE = 128 };
struct dc09_settings {
    uint8_t place;                                             /* enum police_place */
    char main[RELAY_ADDRESS_SIZE], backup[RELAY_ADDRESS_SIZE]; /* its paths, host:port; backup "" = none */
    char account[DC09_ACCOUNT_SIZE];
    char receiver[DC09_NUMBER_SIZE], line[DC09_NUMBER_SIZE]; /* receiver "" = not sent */
    char key_file[RELAY_PATH_SIZE];                          /* AES key; "" = in clear */
    uint16_t heartbeat_s;                                    /* a link test so often on each path; 0 = none */
};
enum police_place { POLICE_PRIMARY, POLICE_BACKUP, POLICE_PLACES };
/* Alerts of this territory go under this account, whichever receiver takes them. */
struct dc09_account_settings {
    char territory[ID_SIZE];
    char account[DC09_ACCOUNT_SIZE];
};
/* Institution, unit and extension of an identifier in the style of GB/T 35965.1. */
enum { INSTITUTION_SIZE = 9 };
struct relay_settings {
    /* CAP; "" = none there. Without any receiver police jobs fail to a person at once. */
    char police_url[RELAY_URL_SIZE], police_backup_url[RELAY_URL_SIZE];
    struct relay_tls police_tls;
    char police_sender[ID_SIZE];               /* CAP sender */
    char police_secret_file[RELAY_PATH_SIZE];  /* HMAC key of the CAP messages; "" = unsigned */
    char police_institution[INSTITUTION_SIZE]; /* eight letters or digits; "" = identifiers of our own form */
    uint32_t timeout_s;                        /* 10; 1..60, of one attempt */
    bool allow_private;                        /* may targets lie in private or loopback ranges */
    bool exercise;                             /* everything is marked as a drill */
    uint8_t webhook_count;
    struct webhook_settings webhooks[RELAY_WEBHOOKS_MAX];
    uint8_t dc09_count, dc09_account_count;
    struct dc09_settings dc09[RELAY_DC09_MAX];
    struct dc09_account_settings dc09_accounts[RELAY_DC09_ACCOUNTS_MAX];
    char language[17]; /* of prompts when the resident's own is not in the catalogue: "zh" */
    uint16_t quiet_from_minute, quiet_to_minute; /* local minutes of the day; equal = none; red is exempt */
    uint16_t rest_from_minute, rest_to_minute;   /* the midday rest: the same a second time */
    uint8_t operator_count;
    struct operator_settings operators[OPERATORS_MAX];
    struct mail_settings mail;
    char link_url[RELAY_URL_SIZE]; /* where people's telephones reach this gateway; "" = no links */
    uint32_t link_expires_s;       /* 86400; 60..604800 */
    char people_language[17];      /* of messages to people without one of their own: "zh" */
    uint16_t police_warm_s; /* 30; 0..600: an idle connection to the police is kept open by a HEAD so often, 0
                               = not */
};
void relay_settings_default(struct relay_settings *ret_settings);

const char *preset_name(enum preset preset);                /* NULL past the last one */
const char *operator_state_name(enum operator_state state); /* the same */
/* The operator of a way, NULL = none. */
const struct operator_settings *relay_operator(const struct relay_settings *settings, enum way way);
/* Bit 1 << enum way for each way there is an operator or mail server for. */
uint8_t relay_ways(const struct relay_settings *settings);
/* The same for those whose operator takes back what it has not brought yet. */
uint8_t relay_ways_back(const struct relay_settings *settings);

/* Which receivers are chat groups, and whose messages they get. */
void relay_chats(const struct relay_settings *settings, struct chat_groups *ret_chats);

/* The DC-09 receiver of that place, NULL = it has none. */
const struct dc09_settings *relay_dc09_of(const struct relay_settings *settings, enum police_place place);

/* What is sent, whole and final. Pointer-free but for the body, which is borrowed. */
struct outbox_row {
    struct hash_id id, alert; /* id = job id */
    int64_t created_ms, expires_ms;
    uint32_t device; /* COMMAND: to whom, else REGISTRY_NONE */
    uint8_t channel, job_kind, level, role;
    uint8_t target;      /* WEBHOOK: index in settings */
    uint8_t urgent;      /* may go out before it is on disk: red, and what the gateway says of itself; not
                            stored */
    uint8_t unpersisted; /* went out before it was on disk (fail-open) */
    uint8_t sent;        /* read back from disk: told as sent before the restart */
    char target_name[ID_SIZE]; /* webhook name, ":sms", device id, "police": stable across configuration
                                  changes */
    char ref[64];              /* SMS, VOICE read back from disk: the operator's own id, "" = none */
    size_t len;
    const char *body;
};

struct relay_context {
    int64_t t_ms;
    const char *county, *instance;
    const struct registry *registry;
    const struct live *live;
    const struct relay_settings *settings;
    const struct prompt_catalogue *prompts; /* NULL = the one compiled in */
    const struct tz *tz;
    const char *said; /* catalogue id of the last prompt that went out for this alert; NULL or "" = none, or
                         not known */
    bool said_played; /* … and its device says that it was played */
    bool drill;       /* the alert is a drill by itself (alert_is_exercise) */
    struct prompt_spoken *spoken; /* out: what a prompt's command says; NULL = nobody asks */
};

/* What goes out is marked as a drill: all of it, or this alert's. */
static inline bool relay_is_exercise(const struct relay_context *context)
{
    return context->settings->exercise || context->drill;
}

/* A stand-down's job->prompt names the police job it withdraws: "<job id>@<that job's t_ms>"; without it the
 * message refers to the alert only. A job without expiry gets one: a police message 15 minutes, the rest a
 * day.
 *
 * Job -> row. `body` is cleared and holds row.body afterwards. Never fails: what cannot be sent gets channel
 * NONE and *ret_why says why ("" otherwise); the caller then answers the job with failed(why), except tasks,
 * which are NONE by nature. Deterministic. */
void relay_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                  struct buf *body, struct outbox_row *ret_row, const char **ret_why);

struct prompt_quiet relay_quiet(const struct relay_settings *settings);
/* True in quiet hours for what does not break them: a wristband then vibrates, and nothing is spoken aloud.
 */
bool prompt_is_hushed(const struct relay_settings *settings, const struct tz *tz, int64_t t_ms,
                      uint8_t family, uint8_t level);

/* One relay: how its kind of job is written. */
struct relay {
    enum channel channel;
    /* Appends the body; ERR_UNSUPPORTED when this job cannot be sent this way (*ret_why set to a static
     * text). Fills target, device, expiry of the row as needed, and may choose another channel. */
    enum err (*render)(const struct relay_context *context, const struct alert *alert, const struct job *job,
                       struct outbox_row *row, struct buf *body, const char **ret_why);
};
extern const struct relay relay_prompt, relay_police, relay_webhook, relay_person;

#endif
