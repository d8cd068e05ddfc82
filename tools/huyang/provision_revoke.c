/* revoke, crl. A certificate that is revoked is refused at the next handshake, once the broker has read the
 * new list; a connection that stands goes on (measured on mosquitto 2.0.11). So a device is cut off in steps,
 * each seen to have happened before the next:
 *
 *     0  the gateway takes its row out of the registry: what it still says is nobody's from here on
 *     1  the list is written, and the broker told to read it (SIGHUP, or a command)
 *     2  the canary, revoked by this very list, is refused: the list is in force
 *     3  the gateway's certificate connects with the device's client id: the broker ends the old connection,
 *        and the device cannot come back
 *
 * A gateway that does not answer holds up nothing: the rest is done, and the status says that it is missing.
 * A broker that reads its list anew also forgets its TLS tickets, so that no session is resumed past it. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "core/clock.h"
#include "provision.h"
#include "provision_contact.h"

enum { IN_FORCE_MS = 10000, BETWEEN_NS = 50000000 };

extern char **environ;

/* ---- 1 ---- */

static enum err signal_broker(const char *pid_path)
{
    char line[PROVISION_SECRET_SIZE];
    int64_t pid;
    const enum err err = files_first_line(pid_path, line, sizeof(line));
    if (err != ERR_OK)
        return err;
    if (!text_to_int(line, 2, INT32_MAX, &pid) || kill((pid_t)pid, SIGHUP) != 0) {
        files_fault(pid_path, "the broker cannot be told: is it running?");
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

static enum err run_command(const char *command)
{
    char *const arguments[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)command,
                               NULL};
    pid_t pid;
    int status = -1;
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ) != 0)
        return ERR_NOMEM;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        files_fault(command, "did not end well");
        return ERR_REFUSED;
    }
    return ERR_OK;
}

static enum err reload(const struct provision *provision)
{
    const struct provision_options *options = provision->options;
    char path[FILES_PATH_SIZE];
    if (options->reload_command != NULL)
        return run_command(options->reload_command);
    if (options->pid_file != NULL)
        return signal_broker(options->pid_file);
    const enum err err = files_join(path, provision->broker_dir, "mosquitto.pid");
    return err == ERR_OK ? signal_broker(path) : err;
}

/* ---- 2 ---- */

static enum err wait_in_force(const struct provision *provision, const struct provision_contact *contact)
{
    const struct timespec between = {.tv_nsec = BETWEEN_NS};
    const int64_t until_ms = clock_now().mono_ms + IN_FORCE_MS;
    struct pki_identity canary;
    enum probe_fate fate;
    char why[TLS_WHY_SIZE] = "";
    enum err err = provision_identity(provision->dir, "canary.pem", NULL, &canary);
    if (err != ERR_OK)
        return err;
    while ((fate = contact_try(contact, contact->broker, &canary, PROVISION_CANARY, why)) == PROBE_ACCEPTED &&
           clock_now().mono_ms < until_ms)
        nanosleep(&between, NULL);
    pki_identity_release(&canary);
    if (fate == PROBE_REFUSED)
        return ERR_OK;
    files_fault(contact->broker,
                fate == PROBE_ACCEPTED ? "still accepts what the new list revokes: it has not read it" : why);
    return ERR_REFUSED;
}

/* ---- 3 ---- */

static enum err kick(const struct provision *provision, const struct provision_contact *contact,
                     const char *id)
{
    struct pki_identity gateway;
    char why[TLS_WHY_SIZE] = "";
    enum err err = provision_identity(provision->gateway_dir, "gateway.pem", NULL, &gateway);
    if (err != ERR_OK)
        return err;
    if (contact_try(contact, contact->gateway_broker, &gateway, id, why) != PROBE_ACCEPTED) {
        files_fault(contact->gateway_broker, why);
        err = ERR_REFUSED;
    }
    pki_identity_release(&gateway);
    return err;
}

static enum err put_in_force(const struct provision *provision, const char *id)
{
    struct provision_contact contact;
    enum err err = contact_open(provision, &contact);
    if (err != ERR_OK)
        return err;
    err = reload(provision);
    if (err == ERR_OK)
        err = wait_in_force(provision, &contact);
    if (err == ERR_OK && id != NULL)
        err = kick(provision, &contact, id);
    contact_close(&contact);
    return err;
}

static enum err revoke_all(struct provision *provision, const char *id, unsigned *ret_count)
{
    enum err err = ERR_OK;
    unsigned count = 0;
    for (int32_t at = index_of_id(&provision->index, id); at != INDEX_NONE && err == ERR_OK;
         at = provision->index.entries[at].before) {
        const struct index_entry *entry = &provision->index.entries[at];
        if (entry->revoked_s != 0 || entry->until_s <= provision->now_s)
            continue;
        err = index_add_revoked(&provision->index, at, provision->options->reason, provision->now_s);
        count++;
    }
    *ret_count = count;
    return err;
}

/* Writes the list and, when a broker is named, sees it in force; tells what is left to do otherwise. */
static int publish(struct provision *provision, const char *id)
{
    if (provision_make_crl(provision) != ERR_OK)
        return PROVISION_FAILED;
    if (provision->options->broker == NULL) {
        printf("%s/crl.pem: revocation list %llu; the broker must read it (SIGHUP)%s\n",
               provision->broker_dir, (unsigned long long)provision->index.crl_number,
               id != NULL ? ", and a connection that stands goes on: --broker cuts it" : "");
        return PROVISION_WELL;
    }
    if (put_in_force(provision, id) != ERR_OK) {
        fprintf(stderr, "%s%s\n", id != NULL ? id : "The list",
                id != NULL ? " is revoked, but not cut off; run the same command again."
                           : " is written, but not in force; run the same command again.");
        return PROVISION_FAILED;
    }
    printf("revocation list %llu is in force%s%s\n", (unsigned long long)provision->index.crl_number,
           id != NULL ? "; disconnected: " : "", id != NULL ? id : "");
    return PROVISION_WELL;
}

int provision_revoke(const struct provision_options *options)
{
    struct provision provision;
    const char *id = options->words[0];
    unsigned count = 0;
    int status = PROVISION_USAGE;
    if (!provision_is_device(id))
        return PROVISION_USAGE;
    if (provision_open(options, true, &provision) != ERR_OK)
        return PROVISION_FAILED;
    if (index_of_id(&provision.index, id) == INDEX_NONE) {
        files_fault(id, "never had a certificate");
    } else if (revoke_all(&provision, id, &count) != ERR_OK) {
        status = PROVISION_FAILED;
    } else {
        printf("%s: %u certificates revoked (%s)\n", id, count, pki_reason_name(options->reason));
        const enum err row = options->gateway != NULL ? provision_remove_row(options, id) : ERR_OK;
        status = publish(&provision, id);
        if (row != ERR_OK) {
            fprintf(stderr, "%s is still in the gateway's registry; run the same command again.\n", id);
            status = PROVISION_FAILED;
        } else if (options->gateway == NULL) {
            fprintf(stderr,
                    "%s: its row in the gateway's registry, if any, stays active; --gateway takes it out.\n",
                    id);
        }
    }
    provision_close(&provision);
    return status;
}

int provision_crl(const struct provision_options *options)
{
    struct provision provision;
    if (provision_open(options, true, &provision) != ERR_OK)
        return PROVISION_FAILED;
    const int status = publish(&provision, NULL);
    provision_close(&provision);
    return status;
}
