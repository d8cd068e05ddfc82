#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_clips.h"

enum { TIMEOUT_S = 20, CONNECT_TIMEOUT_S = 5, HEX_SIZE = 65, PATH_SIZE = 512 };

#define REASON(name) HUYANG__V1__FAIL_REASON__FAIL_REASON_##name

struct host_clips {
    CURL *curl;
    char folder[300], url[256];
};

/* What is being fetched. */
struct fetch {
    FILE *file;
    uint64_t bytes, most;
    bool over; /* more came than may */
    bool (*stopped)(void *context);
    void *context;
};

struct host_clips *host_clips_new(const char *folder, const char *url)
{
    struct host_clips *clips = calloc(1, sizeof *clips);

    if (!clips || strlen(url) >= sizeof clips->url || !(clips->curl = curl_easy_init())) {
        free(clips);
        return NULL;
    }
    snprintf(clips->folder, sizeof clips->folder, "%.255s/clips", folder);
    memcpy(clips->url, url, strlen(url) + 1);
    return clips;
}

void host_clips_free(struct host_clips *clips)
{
    if (!clips)
        return;
    curl_easy_cleanup(clips->curl);
    free(clips);
}

/* Copies `from` to `to` (NULL = only looks); true when all of it has that digest and size. */
static bool is_whole(const char *from, const char *to, const uint8_t sha256[32], uint32_t bytes)
{
    uint8_t block[8192], digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    uint64_t total = 0;
    size_t got;
    FILE *in = fopen(from, "rb"), *out = in && to ? fopen(to, "wb") : NULL;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool ok = in && hash && (!to || out) && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;

    while (ok && (got = fread(block, 1, sizeof block, in)) > 0) {
        total += got;
        ok = EVP_DigestUpdate(hash, block, got) == 1 && (!out || fwrite(block, 1, got, out) == got);
    }
    ok = ok && !ferror(in) && EVP_DigestFinal_ex(hash, digest, &digest_len) == 1 && digest_len == 32 &&
         memcmp(digest, sha256, 32) == 0 && (bytes == 0 || total == bytes);
    EVP_MD_CTX_free(hash);
    if (out && fclose(out))
        ok = false;
    if (in)
        fclose(in);
    if (!ok && to)
        unlink(to);
    return ok;
}

static size_t take(char *data, size_t size, size_t count, void *self)
{
    struct fetch *fetch = self;
    size_t len = size * count;

    fetch->over = len > fetch->most - fetch->bytes;
    if (fetch->over)
        return 0;
    fetch->bytes += len;
    return fwrite(data, 1, len, fetch->file);
}

static int look(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct fetch *fetch = self;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return fetch->stopped && fetch->stopped(fetch->context);
}

/* True when the whole answer stands in `part`. */
static bool fetch_into(struct host_clips *clips, const char *hex, const char *part, struct fetch *fetch)
{
    char url[sizeof clips->url + HEX_SIZE + 16];
    long status = 0;
    bool ok;

    snprintf(url, sizeof url, "%s/clips/%s.wav", clips->url, hex);
    if (!(fetch->file = fopen(part, "wb")))
        return false;
    curl_easy_reset(clips->curl);
    curl_easy_setopt(clips->curl, CURLOPT_URL, url);
    curl_easy_setopt(clips->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(clips->curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(clips->curl, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(clips->curl, CURLOPT_XFERINFODATA, fetch);
    curl_easy_setopt(clips->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(clips->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(clips->curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(clips->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(clips->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(clips->curl, CURLOPT_FOLLOWLOCATION, 0L);
    ok = curl_easy_perform(clips->curl) == CURLE_OK &&
         curl_easy_getinfo(clips->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
    return fclose(fetch->file) == 0 && ok;
}

Huyang__V1__FailReason host_clips_get(struct host_clips *clips, const uint8_t sha256[32], uint32_t bytes,
                                      bool (*stopped)(void *context), void *context, const char *path)
{
    struct fetch fetch = {.most = bytes && bytes < HOST_CLIP_BYTES_MAX ? bytes : HOST_CLIP_BYTES_MAX,
                          .stopped = stopped,
                          .context = context};
    char hex[HEX_SIZE], kept[PATH_SIZE], part[PATH_SIZE + 8];

    for (int i = 0; i < 32; i++)
        snprintf(hex + (size_t)2 * (size_t)i, 3, "%02x", sha256[i]);
    snprintf(kept, sizeof kept, "%s/%s.wav", clips->folder, hex);
    snprintf(part, sizeof part, "%s.part", kept);
    if (mkdir(clips->folder, 0755) && errno != EEXIST)
        return REASON(NO_CLIP);
    if (is_whole(kept, path, sha256, bytes))
        return 0;
    if (!fetch_into(clips, hex, part, &fetch)) {
        unlink(part);
        return fetch.over ? REASON(BAD_CLIP) : REASON(NO_CLIP);
    }
    if (!is_whole(part, path, sha256, bytes) || rename(part, kept)) {
        unlink(part);
        return REASON(BAD_CLIP);
    }
    return 0;
}
