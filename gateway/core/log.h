/* Structured log lines with stable message ids, for people and for machines:
 *
 *     2026-03-01T09:12:00.123Z level=warn id=link.lost msg="broker closed the connection" county=654321
 *
 * A message id is `<room>.<event>` and never changes its meaning; text may. Values that come from outside are
 * escaped, so that a peer cannot forge a line. Any thread may log; one line is one write(2). No personal data
 * (names, addresses, phones, positions) is ever logged: numbers and ids only. */
#ifndef HUYANG_CORE_LOG_H
#define HUYANG_CORE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets the lowest level that is written (default LOG_INFO) and the file descriptor (default 2). Call before
 * threads start. */
void log_init(enum log_level lowest, int fd);

/* Writes one line. `id` is the stable id; `format` gives "msg text" optionally followed by TAB-separated
 * key=value fields: log_write(LOG_WARN, "link.lost", "broker closed\tcounty=%s", county). */
__attribute__((format(printf, 3, 4))) void log_write(enum log_level level, const char *id, const char *format,
                                                     ...);

/* For messages a peer can provoke: at most `burst` lines a minute for this site, then one line that says how
 * many were held back. `limit` is a static object of the call site; not shared between threads. `mono_ms` is
 * the caller's clock. Returns nonzero when the caller should write its line. */
struct log_limit {
    long long window_start_ms;
    unsigned written, held;
};
int log_allow(struct log_limit *limit, const char *id, unsigned burst, long long mono_ms);

#endif
