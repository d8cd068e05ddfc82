#include "config_allowed.h"

#include <arpa/inet.h>
#include <string.h>

#include "relay/mail.h"
#include "relay/tcp.h"

bool config_allows_id(const char *text)
{
    return text_is_id(text, strlen(text));
}

bool config_allows_id_or_none(const char *text)
{
    return !*text || config_allows_id(text);
}

bool config_allows_date(const char *text)
{
    return roster_is_date(text);
}

bool config_allows_weekdays_or_none(const char *text)
{
    return roster_is_weekdays(text);
}

bool config_allows_county(const char *text)
{
    return text_is_county(text, strlen(text));
}

bool config_allows_given(const char *text)
{
    return *text != 0;
}

bool config_allows_time_zone(const char *text)
{
    struct tz *tz;
    if (tz_load(text, &tz) != ERR_OK)
        return false;
    tz_free(tz);
    return true;
}

/* What follows the scheme: at least one character of a host, nothing that could split a header or a line. */
static bool is_rest_of_url(const char *rest)
{
    if (!*rest || *rest == '/' || *rest == ':')
        return false;
    for (; *rest; rest++)
        if ((unsigned char)*rest <= ' ' || (unsigned char)*rest >= 0x7f)
            return false;
    return true;
}

bool config_allows_broker_url(const char *text)
{
    bool known = strncmp(text, "tcp://", 6) == 0 || strncmp(text, "ssl://", 6) == 0;
    const char *colon = known ? strrchr(text + 6, ':') : NULL;
    int64_t port;
    return colon && colon > text + 6 && is_rest_of_url(text + 6) && text_to_int(colon + 1, 1, 65535, &port);
}

bool config_allows_http_url(const char *text)
{
    if (strncmp(text, "http://", 7) == 0)
        return is_rest_of_url(text + 7);
    return strncmp(text, "https://", 8) == 0 && is_rest_of_url(text + 8);
}

bool config_allows_http_url_or_none(const char *text)
{
    return !*text || config_allows_http_url(text);
}

bool config_allows_address(const char *text)
{
    unsigned char address[16];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* CAP 1.2 forbids spaces, commas, < and & in a sender. */
bool config_allows_cap_sender(const char *text)
{
    return *text && !strpbrk(text, " ,<&");
}

bool config_allows_institution_or_none(const char *text)
{
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t len = strlen(text);
    return len == 0 || (len == INSTITUTION_SIZE - 1 && strspn(text, plain) == len);
}

bool config_allows_tcp_address(const char *text)
{
    char host[TCP_ADDRESS_SIZE];
    uint16_t port;
    return tcp_address_parse(text, host, &port);
}

bool config_allows_tcp_address_or_none(const char *text)
{
    return !*text || config_allows_tcp_address(text);
}

bool config_allows_dc09_account(const char *text)
{
    return dc09_is_account(text);
}

bool config_allows_dc09_number(const char *text)
{
    return dc09_is_number(text);
}

bool config_allows_dc09_number_or_none(const char *text)
{
    return !*text || dc09_is_number(text);
}

bool config_allows_language(const char *text)
{
    return strcmp(text, "zh") == 0 || strcmp(text, "en") == 0;
}

bool config_allows_detector(const char *text)
{
    return detector_find(text) < detector_count();
}

bool config_allows_word(const char *text)
{
    return *text && !strpbrk(text, " \t:");
}

bool config_allows_member_value_or_none(const char *text)
{
    const char *equals = strchr(text, '=');
    return !*text || (equals && equals > text && equals[1]);
}

bool config_allows_mail_url_or_none(const char *text)
{
    if (!*text)
        return true;
    if (strncmp(text, "smtp://", 7) == 0)
        return is_rest_of_url(text + 7);
    return strncmp(text, "smtps://", 8) == 0 && is_rest_of_url(text + 8);
}

bool config_allows_mail_address_or_none(const char *text)
{
    return !*text || mail_is_address(text);
}

bool config_allows_prefix(const char *text)
{
    return dialect_prefix_ok(text);
}

/* As the enum counts, of which the two that need an operator have a name here. */
const char *config_name_way(unsigned value)
{
    static const char *const names[] = {
#define X(name, text) #text,
        WAY_MAP(X)
#undef X
    };
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_rotation(unsigned value)
{
    return value < ROSTER_ROTATION_COUNT ? roster_rotation_name((enum roster_rotation)value) : NULL;
}

const char *config_name_outside(unsigned value)
{
    static const char *const names[] = {"wait", "skip"};
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_gaps(unsigned value)
{
    static const char *const names[] = {"told", "meant"};
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_handover(unsigned value)
{
    static const char *const names[] = {"free", "required"};
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_form(unsigned value)
{
    static const char *const names[] = {"json", "form"};
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_preset(unsigned value)
{
    return preset_name((enum preset)value);
}

const char *config_name_operator_state(unsigned value)
{
    return operator_state_name((enum operator_state)value);
}

const char *config_name_dialect(unsigned value)
{
    return value < dialect_count() ? dialect_at(value)->name : NULL;
}

const char *config_name_place(unsigned value)
{
    return foreign_place_name((enum foreign_place)value);
}

const char *config_name_log_level(unsigned value)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_family(unsigned value)
{
    return value < FAMILY_COUNT ? family_name((enum family)value) : NULL;
}

const char *config_name_level(unsigned value)
{
    return value < LEVEL_COUNT ? level_name((enum level)value) : NULL;
}

const char *config_name_step(unsigned value)
{
    return value < STEP_KIND_COUNT ? step_name((enum step_kind)value) : NULL;
}

const char *config_name_role(unsigned value)
{
    if (value == ROLE_NONE)
        return "none";
    return value < ROLE_COUNT ? role_name((enum role)value) : NULL;
}

const char *config_name_unless(unsigned value)
{
    static const char *const names[] = {"never", "acknowledged"};
    return value < sizeof names / sizeof names[0] ? names[value] : NULL;
}

const char *config_name_police_place(unsigned value)
{
    static const char *const names[POLICE_PLACES] = {"primary", "backup"};
    return value < POLICE_PLACES ? names[value] : NULL;
}
