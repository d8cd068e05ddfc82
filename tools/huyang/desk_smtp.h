/* A mail server for the desk: takes mails on loopback without TLS, checks their form and records them under
 * the path "/smtp". It can be told to reject (550), fail (451), hang, be slow, or end half way. One thread,
 * one connection at a time. */
#ifndef HUYANG_TOOLS_DESK_SMTP_H
#define HUYANG_TOOLS_DESK_SMTP_H

#include "desk.h"

struct desk_smtp;
/* `port` 0 = any free one. On failure says why on standard error. */
MUST_CHECK enum err desk_smtp_new(unsigned port, struct desk_records *records, struct desk_smtp **ret_smtp);
void desk_smtp_free(struct desk_smtp *smtp); /* NULL is fine */
unsigned desk_smtp_port(const struct desk_smtp *smtp);

#endif
