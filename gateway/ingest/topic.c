#include "ingest/topic.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "huyang/v1/";

struct part {
    const char *text;
    size_t len;
};

enum { PARTS_MAX = 3 };

static bool part_is(const struct part *part, const char *word)
{
    return part->len == strlen(word) && memcmp(part->text, word, part->len) == 0;
}

/* Cuts at the slashes; returns the number of parts, PARTS_MAX + 1 when there are more. */
static size_t split(const char *text, size_t len, struct part parts[PARTS_MAX])
{
    size_t count = 0;

    for (;;) {
        const char *slash = memchr(text, '/', len);
        if (count == PARTS_MAX)
            return PARTS_MAX + 1;
        parts[count].text = text;
        parts[count].len = slash != NULL ? (size_t)(slash - text) : len;
        count++;
        if (slash == NULL)
            return count;
        len -= (size_t)(slash - text) + 1;
        text = slash + 1;
    }
}

static void copy_part(char *to, const struct part *part)
{
    memcpy(to, part->text, part->len);
    to[part->len] = '\0';
}

static enum topic_kind device_topic(const struct part *last)
{
    if (part_is(last, "urgent"))
        return TOPIC_URGENT;
    if (part_is(last, "routine"))
        return TOPIC_ROUTINE;
    if (part_is(last, "link"))
        return TOPIC_LINK;
    return TOPIC_OTHER;
}

enum err topic_parse(const char *topic, size_t len, struct topic *ret_topic)
{
    struct part parts[PARTS_MAX];
    struct topic result = {.kind = TOPIC_OTHER};

    if (len <= sizeof(prefix) - 1 || memcmp(topic, prefix, sizeof(prefix) - 1) != 0)
        return ERR_INVALID;
    size_t count = split(topic + sizeof(prefix) - 1, len - (sizeof(prefix) - 1), parts);
    if (count < 2 || count > PARTS_MAX)
        return ERR_INVALID;
    if (count == 3 && part_is(&parts[0], "gateway") && part_is(&parts[2], "beat")) {
        if (!text_is_id(parts[1].text, parts[1].len))
            return ERR_INVALID;
        result.kind = TOPIC_BEAT;
        copy_part(result.device, &parts[1]);
        *ret_topic = result;
        return ERR_OK;
    }
    if (!text_is_county(parts[0].text, parts[0].len) || !text_is_id(parts[1].text, parts[1].len))
        return ERR_INVALID;
    copy_part(result.county, &parts[0]);
    if (count == 2) {
        if (!part_is(&parts[1], "clock") && !part_is(&parts[1], "gateway"))
            return ERR_INVALID;
        result.kind = part_is(&parts[1], "clock") ? TOPIC_CLOCK : TOPIC_OTHER;
    } else {
        if (!text_is_id(parts[2].text, parts[2].len))
            return ERR_INVALID;
        result.kind = device_topic(&parts[2]);
        copy_part(result.device, &parts[1]);
    }
    *ret_topic = result;
    return ERR_OK;
}

void topic_ack(const char *county, const char *device, char to[TOPIC_SIZE])
{
    snprintf(to, TOPIC_SIZE, "%s%s/%s/ack", prefix, county, device);
}

void topic_command(const char *county, const char *device, char to[TOPIC_SIZE])
{
    snprintf(to, TOPIC_SIZE, "%s%s/%s/command", prefix, county, device);
}

void topic_gateway(const char *county, char to[TOPIC_SIZE])
{
    snprintf(to, TOPIC_SIZE, "%s%s/gateway", prefix, county);
}

void topic_beat(const char *instance, char to[TOPIC_SIZE])
{
    snprintf(to, TOPIC_SIZE, "%sgateway/%s/beat", prefix, instance);
}

void topic_clock_reached(const char *county, char to[TOPIC_SIZE])
{
    snprintf(to, TOPIC_SIZE, "%s%s/clock/reached", prefix, county);
}

void topic_filter(const char *county, enum topic_kind kind, char to[TOPIC_SIZE])
{
    static const char *const last[] = {
        [TOPIC_OTHER] = "",    [TOPIC_URGENT] = "urgent", [TOPIC_ROUTINE] = "routine",
        [TOPIC_LINK] = "link", [TOPIC_BEAT] = "",         [TOPIC_CLOCK] = ""};

    if (kind == TOPIC_CLOCK)
        snprintf(to, TOPIC_SIZE, "%s%s/clock", prefix, county);
    else
        snprintf(to, TOPIC_SIZE, "%s%s/+/%s", prefix, county, last[kind]);
}
