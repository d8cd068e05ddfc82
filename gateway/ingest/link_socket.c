#include "ingest/link_socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "core/text.h"

enum { HOST_SIZE = 256, FDS_WITHOUT_PROC = 1024 };

enum err link_peer_parse(const char *url, struct link_peer *ret_peer)
{
    struct link_peer peer = {.port = 1883};
    char host[HOST_SIZE];
    int64_t port;

    if (strncmp(url, "ssl://", 6) == 0)
        peer.port = 8883;
    else if (strncmp(url, "tcp://", 6) != 0)
        return ERR_INVALID;
    const char *start = url + 6, *end, *colon;
    if (*start == '[') {
        start++;
        end = strchr(start, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return ERR_INVALID;
        colon = end[1] == ':' ? end + 1 : NULL;
    } else {
        colon = strchr(start, ':');
        end = colon != NULL ? colon : start + strlen(start);
    }
    size_t len = (size_t)(end - start);
    if (len == 0 || len >= sizeof(host) || memchr(start, '/', len) != NULL)
        return ERR_INVALID;
    if (colon != NULL) {
        if (!text_to_int(colon + 1, 1, UINT16_MAX, &port))
            return ERR_INVALID;
        peer.port = (uint16_t)port;
    }
    memcpy(host, start, len);
    host[len] = '\0';
    if (inet_pton(AF_INET, host, peer.address) == 1)
        peer.family = AF_INET;
    else if (inet_pton(AF_INET6, host, peer.address) == 1)
        peer.family = AF_INET6;
    else if (start[-1] == '[')
        return ERR_INVALID;
    *ret_peer = peer;
    return ERR_OK;
}

static bool is_peer(int fd, const struct link_peer *peer)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof(storage);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(&storage, 0, sizeof(storage));
    if (getpeername(fd, (struct sockaddr *)&storage, &len) != 0)
        return false;
    if (storage.ss_family == AF_INET) {
        memcpy(&v4, &storage, sizeof(v4));
        return ntohs(v4.sin_port) == peer->port &&
               (peer->family != AF_INET || memcmp(&v4.sin_addr, peer->address, sizeof(v4.sin_addr)) == 0);
    }
    if (storage.ss_family == AF_INET6) {
        memcpy(&v6, &storage, sizeof(v6));
        return ntohs(v6.sin6_port) == peer->port &&
               (peer->family != AF_INET6 || memcmp(&v6.sin6_addr, peer->address, sizeof(v6.sin6_addr)) == 0);
    }
    return false;
}

static unsigned set_if_peer(int fd, const struct link_peer *peer)
{
    const int on = 1;
    return is_peer(fd, peer) && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

unsigned link_socket_nodelay(const struct link_peer *peer)
{
    unsigned count = 0;
    DIR *fds = opendir("/proc/self/fd");
    const struct dirent *entry;
    int64_t fd;

    if (fds == NULL) {
        for (int i = 0; i < FDS_WITHOUT_PROC; i++)
            count += set_if_peer(i, peer);
        return count;
    }
    while ((entry = readdir(fds)) != NULL)
        if (text_to_int(entry->d_name, 0, INT32_MAX, &fd))
            count += set_if_peer((int)fd, peer);
    closedir(fds);
    return count;
}
