/* The parts of the gateway that may be in trouble: what an alert about the gateway itself names. Their
 * numbers are stored (subjects, inputs): new ones are only ever added at the end. */
#ifndef HUYANG_REGISTRY_PARTS_H
#define HUYANG_REGISTRY_PARTS_H

#define PART_MAP(X)                                                                                          \
    X(TIMERS, "timers")                           /* an alert whose timer was lost */                        \
    X(LOOP, "loop")                               /* the core loop stood still */                            \
    X(STORE, "store")                             /* commits hang or are refused */                          \
    X(BROKER, "broker")                           /* no connection to the MQTT broker */                     \
    X(OUTBOX, "outbox")                           /* messages that are due do not leave */                   \
    X(POLICE, "police")                           /* no way to the police stands */                          \
    X(POLICE_PRIMARY_MAIN, "police-primary-main") /* the ways to the police, in receiver_police's order */   \
    X(POLICE_PRIMARY_BACKUP, "police-primary-backup")                                                        \
    X(POLICE_BACKUP_MAIN, "police-backup-main")                                                              \
    X(POLICE_BACKUP_BACKUP, "police-backup-backup")                                                          \
    X(SMS, "sms")                                                                                            \
    X(VOICE, "voice")                                                                                        \
    X(MAIL, "mail")                                                                                          \
    X(WEBHOOKS, "webhooks")                                                                                  \
    X(CANARY, "canary")   /* the canary's call for help did not come through in time */                      \
    X(ROLLOUT, "rollout") /* stopped by itself; the fold's own word (alert/rollout.c) */                     \
    X(SHIFTS, "shifts")   /* a handover was not signed by the shift's end; its territory is the subject */   \
    X(EXPIRY, "expiry")   /* a certificate or the revocation list ends soon, or has ended */
enum part {
#define X(name, text) PART_OF_##name,
    PART_MAP(X)
#undef X
        PART_OF_COUNT
};
const char *part_id(enum part part);      /* "?" past the last one */
enum part part_from_id(const char *text); /* PART_OF_COUNT when unknown */

#endif
