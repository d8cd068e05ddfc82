/* Errors: one enum for the whole gateway, 0 = ok. Foreign codes are converted inside the fence of their
 * library. Every function that can fail returns enum err and must be checked; outputs come last, have the
 * prefix ret_ and stay untouched on failure. */
#ifndef HUYANG_CORE_ERR_H
#define HUYANG_CORE_ERR_H

#define ERR_MAP(X)                                                                                           \
    X(OK, "ok")                                                                                              \
    X(NOMEM, "out of memory")                                                                                \
    X(FULL, "a limit is reached")                                                                            \
    X(INVALID, "malformed")                                                                                  \
    X(RANGE, "out of range")                                                                                 \
    X(NOT_FOUND, "not found")                                                                                \
    X(EXISTS, "exists already")                                                                              \
    X(BUSY, "busy")                                                                                          \
    X(IO, "input/output error")                                                                              \
    X(NO_SPACE, "no space left on the device")                                                               \
    X(CORRUPT, "corrupt")                                                                                    \
    X(UNSUPPORTED, "not supported")                                                                          \
    X(TIMEOUT, "timed out")                                                                                  \
    X(REFUSED, "refused")

enum err {
#define X(name, text) ERR_##name,
    ERR_MAP(X)
#undef X
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* A short English text for people; never NULL, also for values outside the enum. */
const char *err_text(enum err err);

#endif
