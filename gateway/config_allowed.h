/* What the texts of the configuration may be, and the words for its enums. Internal to config*.c. Each check
 * takes a terminated text; an empty one means "none" where the name says so. */
#ifndef HUYANG_CONFIG_ALLOWED_H
#define HUYANG_CONFIG_ALLOWED_H

#include <stdbool.h>

#include "config.h"

bool config_allows_date(const char *text);
bool config_allows_weekdays_or_none(const char *text);
bool config_allows_id(const char *text);
bool config_allows_id_or_none(const char *text);
bool config_allows_county(const char *text);
bool config_allows_given(const char *text);
bool config_allows_time_zone(const char *text);
bool config_allows_broker_url(const char *text);
bool config_allows_http_url(const char *text);
bool config_allows_http_url_or_none(const char *text);
bool config_allows_address(const char *text);
bool config_allows_cap_sender(const char *text);
bool config_allows_institution_or_none(const char *text);
bool config_allows_tcp_address(const char *text);
bool config_allows_tcp_address_or_none(const char *text);
bool config_allows_dc09_account(const char *text);
bool config_allows_dc09_number(const char *text);
bool config_allows_dc09_number_or_none(const char *text);
bool config_allows_language(const char *text);
bool config_allows_detector(const char *text);
bool config_allows_word(const char *text);
bool config_allows_member_value_or_none(const char *text);
bool config_allows_mail_url_or_none(const char *text);
bool config_allows_mail_address_or_none(const char *text);
bool config_allows_prefix(const char *text);

/* NULL past the last value. */
const char *config_name_log_level(unsigned value);
const char *config_name_family(unsigned value);
const char *config_name_level(unsigned value);
const char *config_name_step(unsigned value);
const char *config_name_role(unsigned value);
const char *config_name_unless(unsigned value);
const char *config_name_rotation(unsigned value);
const char *config_name_outside(unsigned value);
const char *config_name_gaps(unsigned value);
const char *config_name_handover(unsigned value);
const char *config_name_way(unsigned value);
const char *config_name_form(unsigned value);
const char *config_name_preset(unsigned value);
const char *config_name_operator_state(unsigned value);
const char *config_name_dialect(unsigned value);
const char *config_name_place(unsigned value);
const char *config_name_police_place(unsigned value);

#endif
