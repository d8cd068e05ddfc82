/* What people read about an alert: headline, what to do, who, where, why. Shared by the relays that speak to
 * people. Pure.
 *
 * Personal data comes out of the registry's vault here, clipped, and goes nowhere but into a body. */
#ifndef HUYANG_RELAY_WORDS_H
#define HUYANG_RELAY_WORDS_H

#include "relay/relay.h"

enum {
    WORDS_NAME_SIZE = 96,
    WORDS_ADDRESS_SIZE = 256,
    WORDS_PHONE_SIZE = 48,
    WORDS_CONTACTS_MAX = 4,
    WORDS_PEOPLE_MAX = 4
};

struct words_person {
    char name[WORDS_NAME_SIZE];
    char phone[WORDS_PHONE_SIZE]; /* "" when not known */
    int age;                      /* years in the year of the job, 0 = not known */
};
struct words_facts {
    const struct finding *main; /* the most urgent active finding; never NULL for an alert that has one */
    const char *detector;       /* its detector's name, "" without a finding */
    bool is_gateway;            /* it is about the gateway itself, not about people */
    char address[WORDS_ADDRESS_SIZE];
    bool has_where;
    struct geo_point where;
    double radius_m; /* how uncertain `where` is */
    unsigned people_count, contact_count;
    struct words_person people[WORDS_PEOPLE_MAX];     /* the resident, or those of the home */
    struct words_person contacts[WORDS_CONTACTS_MAX]; /* of the resident */
};

void words_facts(const struct relay_context *context, const struct alert *alert, int64_t t_ms,
                 struct words_facts *ret_facts);
/* "一键求助" / "Call for help": what is reported, in a few words. */
const char *words_event(const struct words_facts *facts, uint8_t family, bool zh);
/* One or two sentences for this job's reader. */
const char *words_to_do(const struct words_facts *facts, const struct job *job, bool zh);
/* "待核实" / "to be verified": every text says so until a person has judged. */
const char *words_to_be_verified(bool zh);
/* "张三（78岁）、李四" / "张三 (78), 李四"; a stand-in when nobody is known. */
void words_who(const struct words_facts *facts, bool zh, struct buf *out);
/* Which finding of the alert is the most urgent active one; NULL when it has none. */
const struct finding *words_main_finding(const struct alert *alert);

#endif
