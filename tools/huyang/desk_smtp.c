#include "desk_smtp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/text.h"

enum { LINE_SIZE = 1100, MAIL_MAX = 1 << 20, SLOW_MS = 2000, QUIET_MS = 60000 };

struct desk_smtp {
    struct desk_records *records;
    pthread_t thread;
    int fd, stop[2];
    unsigned port;
    bool running;
};
struct session {
    struct desk_smtp *smtp;
    int fd;
    char held[LINE_SIZE];
    size_t len;
    char from[256], to[256];
    struct buf mail;
};

static bool say(const struct session *session, const char *text)
{
    return send(session->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* Waits for bytes, at most so long (-1 = until the desk ends or the peer goes); false: nothing more comes. */
static bool wait_for(const struct session *session, int ms)
{
    struct pollfd fds[2] = {{.fd = session->smtp->stop[0], .events = POLLIN},
                            {.fd = session->fd, .events = POLLIN}};
    return poll(fds, 2, ms) > 0 && !fds[0].revents;
}

/* One line without its end; false when the peer is gone or the line is too long. */
static bool read_line(struct session *session, char line[LINE_SIZE])
{
    for (;;) {
        char *end = memmem(session->held, session->len, "\r\n", 2);
        if (end) {
            size_t len = (size_t)(end - session->held);
            memcpy(line, session->held, len);
            line[len] = 0;
            session->len -= len + 2;
            memmove(session->held, end + 2, session->len);
            return true;
        }
        if (session->len == sizeof session->held || !wait_for(session, QUIET_MS))
            return false;
        ssize_t got = recv(session->fd, session->held + session->len, sizeof session->held - session->len, 0);
        if (got <= 0)
            return false;
        session->len += (size_t)got;
    }
}

/* "<a@b>" of MAIL FROM and RCPT TO. */
static bool take_path(const char *line, const char *verb, char path[256])
{
    size_t len = strlen(verb);
    if (strncasecmp(line, verb, len) != 0 || line[len] != '<')
        return false;
    size_t end = strcspn(line + len + 1, ">");
    if (end >= 256 || line[len + 1 + end] != '>')
        return false;
    memcpy(path, line + len + 1, end);
    path[end] = 0;
    return true;
}

static bool read_mail(struct session *session)
{
    char line[LINE_SIZE];
    buf_clear(&session->mail);
    while (read_line(session, line)) {
        if (strcmp(line, ".") == 0)
            return !session->mail.failed;
        buf_puts(&session->mail, line[0] == '.' ? line + 1 : line);
        buf_puts(&session->mail, "\r\n");
    }
    return false;
}

/* The value of a header, unfolded; "" when there is none. */
static void header_of(const char *mail, const char *name, struct buf *out)
{
    const char *body = strstr(mail, "\r\n\r\n"), *at = mail;
    size_t len = strlen(name);
    while (at && body && at < body) {
        bool is = strncasecmp(at, name, len) == 0 && at[len] == ':';
        const char *end = strstr(at, "\r\n");
        if (is)
            buf_append(out, at + len + 1, (size_t)(end - at) - len - 1);
        while (end && (end[2] == ' ' || end[2] == '\t')) {
            at = end + 2;
            end = strstr(at, "\r\n");
            if (is)
                buf_append(out, at, (size_t)(end - at));
        }
        if (is)
            return;
        at = end ? end + 2 : NULL;
    }
}

static const char *fault_of(const struct session *session, const char *id)
{
    const char *mail = buf_text(&session->mail);
    if (!strstr(mail, "\r\n\r\n"))
        return "no end of the headers";
    for (const char *c = mail; *c; c++)
        if ((unsigned char)*c >= 0x80)
            return "bytes that are not ASCII";
    if (!strstr(mail, "MIME-Version: 1.0\r\n") || !strstr(mail, "charset=utf-8"))
        return "no MIME headers";
    return id[0] ? "" : "no Message-ID";
}

static void record(struct session *session, enum desk_mode mode, bool may_act)
{
    char id[80] = "";
    struct buf line, value;
    bool duplicate = false, acted = false;
    buf_init(&line, MAIL_MAX * 2);
    buf_init(&value, MAIL_MAX);
    header_of(buf_text(&session->mail), "Message-ID", &value);
    const char *open = strchr(buf_text(&value), '<');
    if (open)
        text_copy(id, sizeof id, open + 1);
    id[strcspn(id, "@>")] = 0;
    const char *why = fault_of(session, id);
    if (id[0])
        desk_records_note(session->smtp->records, id, may_act && !why[0], &duplicate, &acted);
    desk_records_open(&line, "/smtp", id);
    buf_printf(&line, ",\"mode\":\"%s\",\"valid\":%s,\"why\":\"%s\",\"duplicate\":%s,\"acted\":%s,\"from\":",
               desk_mode_name(mode), why[0] ? "false" : "true", why, duplicate ? "true" : "false",
               acted ? "true" : "false");
    buf_json_string(&line, session->from);
    buf_puts(&line, ",\"to\":");
    buf_json_string(&line, session->to);
    buf_puts(&line, ",\"mail\":");
    buf_json_string(&line, buf_text(&session->mail));
    buf_putc(&line, '}');
    if (!line.failed)
        desk_records_add(session->smtp->records, line.data, line.len);
    buf_release(&value);
    buf_release(&line);
}

/* The end of DATA; false: the connection is over. */
static bool take_mail(struct session *session, enum desk_mode mode)
{
    if (!say(session, "354 go on\r\n") || !read_mail(session))
        return false;
    record(session, mode, desk_mode_acts(mode));
    switch (mode) {
    case DESK_HANG: wait_for(session, -1); return false;
    case DESK_CLOSE: return false;
    case DESK_ERROR: return say(session, "451 try again later\r\n");
    case DESK_SLOW: wait_for(session, SLOW_MS); break;
    default: break;
    }
    return say(session, "250 taken\r\n");
}

static void serve(struct session *session)
{
    char line[LINE_SIZE];
    enum desk_mode mode = DESK_ACCEPT;
    bool on = say(session, "220 desk ESMTP\r\n");
    while (on && read_line(session, line)) {
        if (strncasecmp(line, "EHLO ", 5) == 0 || strncasecmp(line, "HELO ", 5) == 0) {
            on = say(session, "250-desk\r\n250 SIZE 1048576\r\n");
        } else if (take_path(line, "MAIL FROM:", session->from)) {
            mode = desk_records_mode(session->smtp->records, "/smtp");
            on = say(session, "250 ok\r\n");
        } else if (take_path(line, "RCPT TO:", session->to)) {
            on = say(session, mode == DESK_REJECT ? "550 no such mailbox\r\n" : "250 ok\r\n");
        } else if (strcasecmp(line, "DATA") == 0) {
            on = take_mail(session, mode);
        } else if (strcasecmp(line, "QUIT") == 0) {
            say(session, "221 bye\r\n");
            on = false;
        } else {
            on = say(session, strcasecmp(line, "RSET") == 0 || strcasecmp(line, "NOOP") == 0
                                  ? "250 ok\r\n"
                                  : "500 what?\r\n");
        }
    }
}

static void *run(void *self)
{
    struct desk_smtp *smtp = self;
    for (;;) {
        struct pollfd fds[2] = {{.fd = smtp->stop[0], .events = POLLIN}, {.fd = smtp->fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 || fds[0].revents)
            return NULL;
        struct session session = {.smtp = smtp, .fd = accept4(smtp->fd, NULL, NULL, SOCK_CLOEXEC)};
        if (session.fd < 0)
            continue;
        buf_init(&session.mail, MAIL_MAX);
        serve(&session);
        buf_release(&session.mail);
        close(session.fd);
    }
}

enum err desk_smtp_new(unsigned port, struct desk_records *records, struct desk_smtp **ret_smtp)
{
    struct desk_smtp *smtp = calloc(1, sizeof *smtp);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int one = 1;
    if (!smtp)
        return ERR_NOMEM;
    smtp->records = records;
    smtp->stop[0] = smtp->stop[1] = -1;
    smtp->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool well = smtp->fd >= 0 && pipe2(smtp->stop, O_CLOEXEC) == 0 &&
                setsockopt(smtp->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                bind(smtp->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                listen(smtp->fd, 16) == 0 && getsockname(smtp->fd, (struct sockaddr *)&address, &size) == 0;
    smtp->port = ntohs(address.sin_port);
    smtp->running = well && pthread_create(&smtp->thread, NULL, run, smtp) == 0;
    if (!smtp->running) {
        fprintf(stderr, "desk: cannot take mail on port %u\n", port);
        desk_smtp_free(smtp);
        return ERR_IO;
    }
    *ret_smtp = smtp;
    return ERR_OK;
}

void desk_smtp_free(struct desk_smtp *smtp)
{
    if (!smtp)
        return;
    if (smtp->stop[1] >= 0)
        close(smtp->stop[1]);
    if (smtp->running)
        pthread_join(smtp->thread, NULL);
    if (smtp->stop[0] >= 0)
        close(smtp->stop[0]);
    if (smtp->fd >= 0)
        close(smtp->fd);
    free(smtp);
}

unsigned desk_smtp_port(const struct desk_smtp *smtp)
{
    return smtp->port;
}
