/* huyang provision show: who has what, what ends when. The exit status is 1 when something has ended or will
 * within --warn-days, so that a timer can tell somebody. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/pem.h"
#include "provision.h"

enum { DATE_SIZE = 17, ID_COLUMNS = 24 };

static const char *state_of(const struct index_entry *entry, int64_t now_s)
{
    if (entry->revoked_s != 0)
        return "revoked";
    if (entry->until_s <= now_s)
        return "expired";
    if (entry->revoke_at_s != 0)
        return entry->revoke_at_s <= now_s ? "to be revoked" : "superseded";
    return "valid";
}

/* "2031-11-26 09:12", UTC. */
static const char *date(int64_t at_s, char text[CLOCK_TEXT_SIZE])
{
    clock_format(NULL, at_s * 1000, text);
    text[10] = ' ';
    text[DATE_SIZE - 1] = '\0';
    return text;
}

/* Canaries and what verify makes for an hour: nobody's. */
static bool is_own(const struct index_entry *entry)
{
    static const char verify[] = PROVISION_RESERVED "verify-";
    return strcmp(entry->id, PROVISION_CANARY) == 0 || strncmp(entry->id, verify, sizeof(verify) - 1) == 0;
}

static void print_table(const struct provision *provision)
{
    char text[CLOCK_TEXT_SIZE];
    printf("%-*s %-32s %-16s  %-13s %s\n", ID_COLUMNS, "ID", "SERIAL", "UNTIL (UTC)", "STATE", "SINCE, WHY");
    for (int32_t i = 0; i < provision->index.count; i++) {
        const struct index_entry *entry = &provision->index.entries[i];
        if (is_own(entry))
            continue;
        printf("%-*s %s %s  ", ID_COLUMNS, entry->id, entry->serial, date(entry->until_s, text));
        printf("%-13s", state_of(entry, provision->now_s));
        if (entry->revoked_s != 0)
            printf(" %s %s", date(entry->revoked_s, text), pki_reason_name(entry->reason));
        else if (entry->revoke_at_s != 0)
            printf(" ends %s", date(entry->revoke_at_s, text));
        putchar('\n');
    }
}

static void print_json(const struct provision *provision)
{
    char text[CLOCK_TEXT_SIZE];
    for (int32_t i = 0; i < provision->index.count; i++) {
        const struct index_entry *entry = &provision->index.entries[i];
        if (is_own(entry))
            continue;
        clock_format(NULL, entry->until_s * 1000, text);
        printf("{\"id\":\"%s\",\"serial\":\"%s\",\"fingerprint\":\"%s\",\"until\":\"%s\",\"state\":\"%s\"",
               entry->id, entry->serial, entry->fingerprint, text, state_of(entry, provision->now_s));
        if (entry->revoked_s != 0)
            printf(",\"reason\":\"%s\"", pki_reason_name(entry->reason));
        puts("}");
    }
}

/* ---- warnings ---- */

static unsigned warn(const struct provision *provision, const char *what, int64_t until_s)
{
    const int64_t left_s = until_s - provision->now_s;
    char text[CLOCK_TEXT_SIZE];
    if (left_s > (int64_t)provision->options->warn_days * PROVISION_DAY_S)
        return 0;
    fprintf(stderr, "huyang provision: %s %s %s UTC\n", what, left_s <= 0 ? "has ended" : "ends",
            date(until_s, text));
    return 1;
}

static unsigned warn_entries(const struct provision *provision)
{
    unsigned warned = 0;
    for (int32_t i = 0; i < provision->index.count; i++) {
        const struct index_entry *entry = &provision->index.entries[i];
        char what[ID_SIZE + sizeof("the certificate of ")];
        /* What a newer one has replaced may end; what nobody has must not. */
        if (is_own(entry) || entry->revoked_s != 0 || index_of_id(&provision->index, entry->id) != i)
            continue;
        snprintf(what, sizeof(what), "the certificate of %s", entry->id);
        warned += warn(provision, what, entry->until_s);
    }
    return warned;
}

static unsigned warn_graces(const struct provision *provision)
{
    unsigned due = 0;
    for (int32_t i = 0; i < provision->index.count; i++)
        due += strcmp(state_of(&provision->index.entries[i], provision->now_s), "to be revoked") == 0;
    if (due > 0)
        fprintf(stderr,
                "huyang provision: %u replaced certificates are past their grace; `huyang provision crl` "
                "revokes them\n",
                due);
    return due;
}

static unsigned warn_crl(const struct provision *provision)
{
    struct buf text;
    uint64_t number = 0;
    unsigned warned = 1;
    buf_init(&text, FILES_MAX);
    if (files_read(provision->broker_dir, "crl.pem", &text) != ERR_OK ||
        pki_crl_number(buf_text(&text), text.len, &number) != ERR_OK)
        files_fault(provision->broker_dir, "crl.pem cannot be read; `huyang provision crl` writes it anew");
    else if (number != provision->index.crl_number || provision->index.crl_lags)
        files_fault(provision->broker_dir,
                    "crl.pem does not hold all that is revoked; `huyang provision crl` writes it anew");
    else
        warned = warn(provision, "the revocation list", provision->index.crl_until_s);
    buf_release(&text);
    return warned;
}

static unsigned warn_pem(const struct provision *provision, const char *what, const struct buf *pem)
{
    int64_t until_s;
    return pem_until(buf_text(pem), pem->len, &until_s) == ERR_OK ? warn(provision, what, until_s) : 1;
}

int provision_show(const struct provision_options *options)
{
    struct provision provision;
    char text[CLOCK_TEXT_SIZE];
    if (provision_open(options, false, &provision) != ERR_OK)
        return PROVISION_FAILED;
    if (options->json) {
        print_json(&provision);
    } else {
        print_table(&provision);
        printf("\nrevocation list %llu, until %s UTC\n", (unsigned long long)provision.index.crl_number,
               date(provision.index.crl_until_s, text));
    }
    fflush(stdout);
    const unsigned warned =
        warn_pem(&provision, "the root's certificate", &provision.root_pem) +
        warn_pem(&provision, "the issuing authority's certificate", &provision.issuing_pem) +
        warn_entries(&provision) + warn_graces(&provision) + warn_crl(&provision);
    provision_close(&provision);
    return warned > 0 ? PROVISION_FAILED : PROVISION_WELL;
}
