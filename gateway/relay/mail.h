/* An alert as an e-mail: a whole RFC 5322 message whose headers and text are UTF-8, encoded as RFC 2047 and
 * quoted-printable ask for it. Pure: date and Message-ID come from the job, so the same job gives the same
 * bytes. */
#ifndef HUYANG_RELAY_MAIL_H
#define HUYANG_RELAY_MAIL_H

#include "relay/relay.h"

/* A single address that can stand in an envelope and in a header without quoting. */
bool mail_is_address(const char *text);
void mail_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                 const char *to, struct buf *body);
/* The recipient of a rendered message, for the envelope; false when it has none. */
bool mail_recipient(const char *body, size_t len, char *to, size_t size);
/* "=?UTF-8?B?…?=" in lines of at most 75 characters; ASCII stays as it is. */
void mail_header(const char *text, struct buf *out);
/* Quoted-printable with CRLF; the hole for a link's token is never divided. */
void mail_quoted(const char *text, struct buf *out);

#endif
