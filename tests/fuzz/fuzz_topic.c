/* Topic names as a broker may hand them over, NULs and all, and broker addresses from the configuration. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/link_socket.h"
#include "ingest/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct topic topic;
    struct link_peer peer;
    char text[TOPIC_SIZE];

    if (topic_parse((const char *)data, size, &topic) == ERR_OK) {
        assert(topic.county[0] == '\0' || text_is_county(topic.county, strlen(topic.county)));
        assert(topic.device[0] == '\0' || text_is_id(topic.device, strlen(topic.device)));
        if (topic.kind == TOPIC_BEAT) {
            topic_beat(topic.device, text);
            assert(strlen(text) == size && memcmp(text, data, size) == 0);
        }
    }
    char *url = malloc(size + 1);
    if (url != NULL) {
        memcpy(url, data, size);
        url[size] = '\0';
        if (link_peer_parse(url, &peer) == ERR_OK)
            assert(peer.port > 0);
        free(url);
    }
    return 0;
}
