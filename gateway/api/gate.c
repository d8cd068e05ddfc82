#include "api/gate.h"

#include <stdio.h>
#include <string.h>

#include "api/request.h"

static const struct throttle_rule by_account = {.burst = 8, .every_ms = 30000},
                                  by_address = {.burst = 24, .every_ms = 10000},
                                  from_outside = {.burst = 60, .every_ms = 2000};

enum err gate_open(struct gate *gate, const char *folder)
{
    unsigned count;
    enum err err = token_open(folder, gate->token);

    if (err == ERR_OK)
        err = accounts_open(folder, &gate->accounts);
    if (err == ERR_OK)
        err = accounts_count(gate->accounts, &count);
    if (err != ERR_OK)
        return err;
    secret_bytes(gate->throttle.secret, sizeof(gate->throttle.secret));
    if (count == 0) {
        secret_setup_code(gate->setup_code);
        log_write(LOG_WARN, "api.setup",
                  "nobody has an account yet: open the console and make the first with this code\tcode=%s",
                  gate->setup_code);
    }
    return ERR_OK;
}

void gate_close(struct gate *gate)
{
    accounts_close(gate->accounts);
    secret_wipe(gate, sizeof(*gate));
}

void gate_session_digest(const char *cookie, uint8_t digest[SHA256_SIZE])
{
    hash_sha256(cookie, strlen(cookie), digest);
}

void gate_csrf(const char *cookie, char csrf[SECRET_HEX_SIZE])
{
    static const char purpose[] = "csrf";
    uint8_t digest[SHA256_SIZE];

    hash_hmac(cookie, strlen(cookie), purpose, sizeof(purpose) - 1, digest);
    hash_hex(digest, sizeof(digest), csrf);
}

/* The account of a cookie, and what access.c needs to know of a family. */
static bool find_person(struct gate *gate, const char *cookie, struct reader *reader,
                        struct person *ret_person)
{
    struct person person = {.household = ""};
    uint8_t digest[SHA256_SIZE];

    if (cookie[0] == '\0')
        return false;
    gate_session_digest(cookie, digest);
    if (session_find(gate->accounts, digest, true, clock_now().wall_ms, &person.account) != ERR_OK)
        return false;
    if (access_scope_table(person.account.role) == REGISTRY_RESIDENT &&
        (reader == NULL ||
         reader_home_of(reader, person.account.scope, person.household, &person.family_consent) != ERR_OK))
        person.household[0] = '\0';
    *ret_person = person;
    return true;
}

static bool deny(struct gate *gate, struct request *request)
{
    gate->denied++;
    if (log_allow(&gate->denied_lines, "api.denied", 10, clock_now().mono_ms))
        log_write(LOG_WARN, "api.denied", "a request without a token or session\tpath=%s", request->path);
    request->reply.allow[0] = '\0';
    reply_said(request, 401, "sign in, or send a token: Authorization: Bearer TOKEN",
               "请先登录，或发送令牌：Authorization: Bearer TOKEN");
    request->reply.challenge = true;
    return false;
}

/* A change must come from our own page: nobody else's can send JSON without asking first, or know the
 * session's token. */
static bool is_ours(struct request *request)
{
    char csrf[SECRET_HEX_SIZE];
    const char *site = request->asked.fetch_site;
    bool ok = site[0] == '\0' || strcmp(site, "same-origin") == 0;

    ok = ok && request->asked.json;
    if (ok && request->signed_in) {
        gate_csrf(request->asked.cookie, csrf);
        ok = secret_equal(csrf, request->asked.csrf);
    }
    if (!ok)
        reply_said(request, 403, "this did not come from our own page: X-CSRF-Token or Content-Type is wrong",
                   "请求不是从本页面发出的：X-CSRF-Token 或 Content-Type 不对");
    return ok;
}

bool gate_admit(struct gate *gate, struct request *request, const struct route *route, const char *bearer,
                struct reader *reader)
{
    request->is_operator = token_matches(gate->token, bearer);
    request->signed_in = !request->is_operator && bearer == NULL &&
                         find_person(gate, request->asked.cookie, reader, &request->person);
    bool known = request->is_operator || request->signed_in;

    if (!known && (route == NULL || route->who > WHO_OUTSIDE))
        return deny(gate, request);
    if (route == NULL) /* its reply is made */
        return false;
    bool reads = strcmp(route->method, "GET") == 0 || route->who == WHO_OUTSIDE;
    if (!request->is_operator && !reads && !is_ours(request))
        return false;
    bool allowed = route->who <= WHO_KNOWN || request->is_operator ||
                   (route->who == WHO_ADMINISTRATOR && request->person.account.role == ACCOUNT_ADMINISTRATOR);
    if (!allowed)
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
    return allowed;
}

bool gate_still(struct gate *gate, const char *cookie, struct reader *reader, struct person *person)
{
    uint32_t version = person->account.version;

    return cookie[0] == '\0' ||
           (find_person(gate, cookie, reader, person) && person->account.version == version);
}

bool gate_try(struct gate *gate, struct request *request, const char *account)
{
    int64_t mono_ms = clock_now().mono_ms, wait_ms = 0;
    char name[ID_SIZE + 2], address[64];

    snprintf(name, sizeof(name), "a:%s", account);
    snprintf(address, sizeof(address), "i:%s", request->asked.address);
    if (throttle_take(&gate->throttle, &by_address, address, mono_ms, &wait_ms)) {
        if (throttle_take(&gate->throttle, &by_account, name, mono_ms, &wait_ms))
            return true;
        throttle_give_back(&gate->throttle, &by_address, address, false);
    }
    reply_said(request, 429, "too many tries; wait a moment", "尝试次数过多，请稍后再试");
    request->reply.retry_after_s = (unsigned)((wait_ms + 999) / 1000);
    return false;
}

void gate_was_right(struct gate *gate, const struct request *request, const char *account)
{
    char name[ID_SIZE + 2], address[64];

    snprintf(name, sizeof(name), "a:%s", account);
    snprintf(address, sizeof(address), "i:%s", request->asked.address);
    throttle_give_back(&gate->throttle, &by_account, name, true);
    throttle_give_back(&gate->throttle, &by_address, address, false);
}

bool gate_outside(struct gate *gate, struct request *request)
{
    int64_t wait_ms = 0;
    char address[64];

    snprintf(address, sizeof(address), "o:%s", request->asked.address);
    if (throttle_take(&gate->throttle, &from_outside, address, clock_now().mono_ms, &wait_ms))
        return true;
    reply_said(request, 429, "too many tries; wait a moment", "尝试次数过多，请稍后再试");
    request->reply.retry_after_s = (unsigned)((wait_ms + 999) / 1000);
    return false;
}

void gate_outside_was_right(struct gate *gate, const struct request *request)
{
    char address[64];

    snprintf(address, sizeof(address), "o:%s", request->asked.address);
    throttle_give_back(&gate->throttle, &from_outside, address, false);
}

/* ---- views ---- */

void gate_viewed(struct gate *gate, const struct request *request, const char *what, const char *subject)
{
    const char *account = request->is_operator ? "operator" : request->person.account.id;
    struct now now = clock_now();
    struct buf text;

    buf_init(&text, 1024);
    buf_printf(&text, "%s\n%s\n%s", account, what, subject);
    uint64_t hash = hash_table(buf_text(&text), text.len);
    buf_release(&text);
    size_t place = hash % GATE_VIEWED_MAX;
    if (gate->viewed[place].what == hash && now.mono_ms - gate->viewed[place].mono_ms < GATE_VIEWED_MS)
        return;
    gate->viewed[place].what = hash;
    gate->viewed[place].mono_ms = now.mono_ms;
    enum err err = views_add(gate->accounts, now.wall_ms, account, what, subject);
    if (err != ERR_OK)
        log_write(LOG_ERROR, "api.accounts", "a view could not be noted\terror=%s", err_text(err));
}

/* ---- once ---- */

static int find_flying(const struct gate *gate, const uint8_t key[SHA256_SIZE])
{
    for (unsigned i = 0; i < gate->flying_count; i++)
        if (memcmp(gate->flying[i], key, SHA256_SIZE) == 0)
            return (int)i;
    return -1;
}

static void digest_once(struct request *request)
{
    struct buf text;

    buf_init(&text, API_BODY_MAX + 1024);
    buf_printf(&text, "%s\n%s", request->person.account.id, request->asked.once);
    hash_sha256(buf_text(&text), text.len, request->once_key);
    buf_clear(&text);
    buf_printf(&text, "%s\n", request->path);
    buf_append(&text, buf_text(&request->body), request->body.len);
    hash_sha256(buf_text(&text), text.len, request->once_request);
    buf_release(&text);
}

bool gate_once(struct gate *gate, struct request *request)
{
    char body[ONCE_BODY_SIZE];

    if (request->asked.once[0] == '\0')
        return true;
    digest_once(request);
    enum err err =
        once_find(gate->accounts, request->once_key, request->once_request, clock_now().wall_ms, body);
    if (err == ERR_OK && body[0] == '\0') {
        reply_problem(request, 409, "Idempotency-Key",
                      find_flying(gate, request->once_key) >= 0
                          ? "a request with this key is under way"
                          : "it is not known what became of this; look, and use another key to do it again");
        return false;
    }
    if (err == ERR_OK) {
        buf_clear(&request->reply.body);
        buf_puts(&request->reply.body, body);
        reply_json(request, 200);
        return false;
    }
    if (err == ERR_REFUSED) {
        reply_problem(request, 422, "Idempotency-Key", "this key belongs to another request");
        return false;
    }
    if (err != ERR_NOT_FOUND) {
        reply_problem(request, 503, NULL, "kept answers cannot be read: %s", err_text(err));
        return false;
    }
    if (gate->flying_count == GATE_FLYING_MAX) {
        reply_problem(request, 503, NULL, "too many actions wait");
        return false;
    }
    err = once_add(gate->accounts, request->once_key, request->once_request, clock_now().wall_ms, "");
    if (err != ERR_OK) {
        reply_problem(request, 503, NULL, "kept answers cannot be read: %s", err_text(err));
        return false;
    }
    memcpy(gate->flying[gate->flying_count++], request->once_key, SHA256_SIZE);
    request->flies = true;
    return true;
}

void gate_once_lost(struct gate *gate, struct request *request)
{
    if (!request->flies)
        return;
    request->flies = false;
    int at = find_flying(gate, request->once_key);
    if (at >= 0)
        memmove(gate->flying[at], gate->flying[--gate->flying_count], SHA256_SIZE);
}

void gate_once_done(struct gate *gate, struct request *request, const char *body)
{
    if (!request->flies)
        return;
    gate_once_lost(gate, request);
    enum err err = body == NULL ? once_forget(gate->accounts, request->once_key)
                                : once_add(gate->accounts, request->once_key, request->once_request,
                                           clock_now().wall_ms, body);
    if (err != ERR_OK)
        log_write(LOG_ERROR, "api.accounts", "an answer could not be kept\terror=%s", err_text(err));
}
