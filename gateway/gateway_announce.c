/* Announced visits and events: what a person announces or takes back becomes part of the live state. */
#include <stdio.h>
#include <string.h>

#include "gateway_inner.h"
#include "registry/announced.h"

static struct hash_id id_of(const struct gateway *gateway, const struct announcement *announcement)
{
    char text[768];
    const int len = snprintf(text, sizeof(text), "announcement|%s|%lld|%lld|%lld|%s|%u|%s|%s",
                             gateway->config.county, (long long)announcement->t_ms,
                             (long long)announcement->from_ms, (long long)announcement->until_ms,
                             registry_territory(gateway->config.registry, announcement->territory)->code,
                             announcement->kind, announcement->by, announcement->note);
    return hash_id_of(text, len > 0 && (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

enum err gateway_announce(struct gateway *gateway, const struct action *action,
                          struct announcement *ret_announcement)
{
    const struct registry *registry = gateway->config.registry;
    if (action->subject.kind != SUBJECT_TERRITORY ||
        action->subject.no >= registry_count(registry, REGISTRY_TERRITORY))
        return ERR_NOT_FOUND;
    if (action->by[0] == '\0' || action->announced == ANNOUNCED_NONE ||
        action->announced >= ANNOUNCED_COUNT || action->until_ms <= gateway->t_ms ||
        announced_fault(registry, action->subject.no, action->from_ms, action->until_ms) != NULL)
        return ERR_INVALID;
    struct announcement announcement = {.t_ms = gateway->t_ms,
                                        .from_ms = action->from_ms,
                                        .until_ms = action->until_ms,
                                        .territory = action->subject.no,
                                        .kind = action->announced};
    text_copy(announcement.by, sizeof(announcement.by), action->by);
    text_copy(announcement.note, sizeof(announcement.note), action->note);
    announcement.id = id_of(gateway, &announcement);
    if (live_announce(gateway->live, gateway->t_ms, &announcement) != ERR_OK)
        return ERR_INVALID;
    *ret_announcement = announcement;
    return ERR_OK;
}

enum err gateway_unannounce(struct gateway *gateway, const struct action *action,
                            struct announcement *ret_announcement)
{
    const struct announcement *announcement =
        action->has_alert ? live_unannounce(gateway->live, gateway->t_ms, &action->alert, action->by) : NULL;
    if (announcement == NULL)
        return ERR_NOT_FOUND;
    *ret_announcement = *announcement;
    return ERR_OK;
}
