/* The ways to the police: the primary's main path, its backup path, then the backup's. A message takes the
 * first that stands; one that fails sends it to the next at once, and after a round of failures all are tried
 * again with growing waits until it expires. A way that refused a message (DUH) is not asked again for it;
 * when all have, a person hears of it at once. */
#include <assert.h>

#include "relay/dc09_client.h"
#include "relay/outbox_inner.h"
#include "relay/police.h"

static_assert((int)RELAY_ADDRESS_SIZE <= (int)TCP_ADDRESS_SIZE, "a configured address fits a path");

static bool is_set(uint8_t bits, unsigned way)
{
    return bits >> way & 1;
}

/* Can this way take the row in one of the forms it was rendered in? */
static struct receiver *usable(struct outbox *outbox, const struct entry *entry, unsigned way)
{
    size_t len;
    struct receiver *receiver = receivers_find(&outbox->receivers, receiver_police[way]);
    if (!receiver)
        return NULL;
    bool well =
        receiver->dc09 ? entry->row.channel == CHANNEL_DC09 : police_cap_part(&entry->row, &len) != NULL;
    return well ? receiver : NULL;
}

/* Lost, or resting after failures: to be passed over as long as another stands. */
static bool is_down(const struct receiver *receiver, struct now now)
{
    if (receiver->blocked_until_ms > now.mono_ms)
        return true;
    const struct dc09_client_stats *stats = receiver->client ? dc09_client_stats(receiver->client) : NULL;
    return stats && stats->lost;
}

struct receiver *outbox_choose_way(struct outbox *outbox, struct entry *entry, struct now now,
                                   bool *ret_refused)
{
    struct receiver *first = NULL, *found = NULL;
    unsigned first_way = 0;
    *ret_refused = false;
    for (unsigned way = 0; !found && way < POLICE_WAYS; way++) {
        struct receiver *receiver = usable(outbox, entry, way);
        if (!receiver)
            continue;
        if (is_set(entry->refused, way)) {
            *ret_refused = true;
            continue;
        }
        if (is_set(entry->tried, way))
            continue;
        if (!first) {
            first = receiver;
            first_way = way;
        }
        if (!is_down(receiver, now)) {
            found = receiver;
            entry->way = (uint8_t)way;
        }
    }
    if (found || !first)
        return found;
    entry->way = (uint8_t)first_way;
    return first;
}

bool outbox_next_way(struct outbox *outbox, struct entry *entry, bool refused)
{
    if (!outbox_is_police(&entry->row))
        return false;
    entry->tried = (uint8_t)(entry->tried | 1U << entry->way);
    if (refused)
        entry->refused = (uint8_t)(entry->refused | 1U << entry->way);
    bool untried = false, open = false;
    for (unsigned way = 0; way < POLICE_WAYS; way++) {
        bool can = usable(outbox, entry, way) && !is_set(entry->refused, way);
        open = open || can;
        untried = untried || (can && !is_set(entry->tried, way));
    }
    /* With every way closed the next attempt, at once, is the one that says so. */
    return untried || !open;
}

static void on_dc09_done(void *self, enum dc09_state state, const char *why, struct now now)
{
    struct entry *entry = self;
    struct verdict verdict = verdict_of_dc09(state, why);
    outbox_attempt_over(entry->outbox, entry, &verdict, now);
}

enum err outbox_send_dc09(struct receiver *receiver, struct entry *entry)
{
    struct dc09_block block;
    if (!dc09_block_read(entry->row.body, entry->row.len, &block))
        return ERR_INVALID;
    if (!receiver->client)
        return ERR_NOMEM;
    const struct dc09_message message = {
        .id = entry->row.id, .block = &block, .time_ms = entry->row.created_ms};
    return dc09_client_send(receiver->client, &message, on_dc09_done, entry);
}

static void fill_config(const struct outbox *outbox, const struct receiver *receiver,
                        struct dc09_client_config *config)
{
    const struct relay_settings *settings = outbox->config.settings;
    const struct dc09_settings *dc09 = receiver->dc09;
    *config = (struct dc09_client_config){.timeout_ms = settings->timeout_s * 1000,
                                          .heartbeat_ms = dc09->heartbeat_s * 1000U,
                                          .allow_private = settings->allow_private};
    text_copy(config->name, sizeof config->name, receiver->name);
    text_copy(config->address, sizeof config->address, receiver->dc09_backup ? dc09->backup : dc09->main);
    text_copy(config->account, sizeof config->account, dc09->account);
    text_copy(config->receiver, sizeof config->receiver, dc09->receiver);
    text_copy(config->line, sizeof config->line, dc09->line);
    text_copy(config->key_file, sizeof config->key_file, dc09->key_file);
}

enum err outbox_bind_dc09(struct outbox *outbox)
{
    enum err err = ERR_OK;
    for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
        struct receiver *receiver = &outbox->receivers.all[i];
        if (!receiver->dc09) {
            /* A path that became an HTTP receiver; one that is still asking ends with the next binding. */
            if (receiver->client && receiver->in_flight[0] + receiver->in_flight[1] == 0) {
                dc09_client_close(receiver->client);
                receiver->client = NULL;
            }
            continue;
        }
        struct dc09_client_config config;
        fill_config(outbox, receiver, &config);
        if (receiver->client)
            dc09_client_configure(receiver->client, &config);
        else if (dc09_client_new(outbox->config.loop, &config, &receiver->client) != ERR_OK)
            err = ERR_NOMEM;
    }
    return err;
}

bool outbox_path(struct outbox *outbox, unsigned n, struct outbox_path *ret_path)
{
    for (unsigned way = 0; way < POLICE_WAYS; way++) {
        const struct receiver *receiver = receivers_find(&outbox->receivers, receiver_police[way]);
        if (!receiver || !receiver->client || n-- > 0)
            continue;
        *ret_path = (struct outbox_path){.place = receiver->dc09->place,
                                         .backup = receiver->dc09_backup,
                                         .stats = dc09_client_stats(receiver->client)};
        return true;
    }
    return false;
}
