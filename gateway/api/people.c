/* People: the first account, signing in and out, and the accounts an administrator keeps. */
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/gate.h"

static bool take_account(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) &&
           text_copy(pending->account.id, sizeof(pending->account.id), text);
}

static bool take_name(const char *text, struct pending *pending)
{
    return text[0] != '\0' && body_is_plain(text, false) &&
           text_copy(pending->account.name, sizeof(pending->account.name), text);
}

static bool take_role(const char *text, struct pending *pending)
{
    pending->account.role = (uint8_t)account_role_from_name(text);
    return pending->account.role != ROLE_NONE;
}

static bool take_scope(const char *text, struct pending *pending)
{
    return (text[0] == '\0' || text_is_id(text, strlen(text))) &&
           text_copy(pending->account.scope, sizeof(pending->account.scope), text);
}

static bool take_disabled(const char *text, struct pending *pending)
{
    pending->account.disabled = strcmp(text, "true") == 0;
    return true;
}

/* As it was set, of whatever length; a wrong one is wrong later. */
static bool take_password(const char *text, struct pending *pending)
{
    return text_copy(pending->password, sizeof(pending->password), text);
}

static bool take_new_password(const char *text, struct pending *pending)
{
    return strlen(text) >= PASSWORD_MIN && take_password(text, pending);
}

static bool take_replacement(const char *text, struct pending *pending)
{
    return strlen(text) >= PASSWORD_MIN &&
           text_copy(pending->replacement, sizeof(pending->replacement), text);
}

static bool take_code(const char *text, struct pending *pending)
{
    return text_copy(pending->code, sizeof(pending->code), text);
}

#define MUST_NEW "text of 10 to 128 bytes"
static const struct member
    account = {"account", take_account, "an id of letters, digits, - and _, at most 64", true, false},
    name = {"name", take_name, "text of 1 to 96 bytes", true, false},
    role = {"role", take_role, "family, grid_worker, town_desk, county_desk, police_desk or administrator",
            true, false},
    scope = {"scope", take_scope, "the code of a territory or the id of a resident", false, false},
    disabled = {"disabled", take_disabled, "true or false", true, true},
    password = {"password", take_password, "text of at most 128 bytes", true, false},
    new_password = {"password", take_new_password, MUST_NEW, true, false},
    maybe_password = {"password", take_new_password, MUST_NEW, false, false},
    replacement = {"replacement", take_replacement, MUST_NEW, true, false},
    code = {"code", take_code, "the code of the gateway's log", true, false};

static void put_account(struct buf *out, const struct account *one)
{
    buf_puts(out, "{\"account\":");
    buf_json_string(out, one->id);
    buf_puts(out, ",\"name\":");
    buf_json_string(out, one->name);
    buf_printf(out, ",\"role\":\"%s\",\"scope\":", account_role_name(one->role));
    buf_json_string(out, one->scope);
    buf_printf(out, ",\"disabled\":%s,\"version\":%u}", one->disabled ? "true" : "false", one->version);
}

static enum verdict refuse_store(struct request *request, enum err err)
{
    switch (err) {
    case ERR_EXISTS: reply_said(request, 409, "there is an account of this name", "该账号已存在"); break;
    case ERR_NOT_FOUND: reply_said(request, 404, "there is no such account", "没有这个账号"); break;
    case ERR_BUSY:
        reply_said(request, 412, "somebody changed it meanwhile; read it again",
                   "其间已被他人修改，请重新读取");
        break;
    case ERR_REFUSED:
        reply_said(request, 409, "one administrator must be able to sign in", "至少须保留一名可登录的管理员");
        break;
    default: reply_problem(request, 503, NULL, "the accounts cannot be used: %s", err_text(err));
    }
    return VERDICT_REPLY;
}

/* ---- sessions ---- */

/* What a page needs to know of itself. `cookie` is the session's token. */
static void reply_session(struct request *request, int status, const struct account *one, const char *cookie)
{
    struct buf *body = &request->reply.body;
    struct person person = {.account = *one};
    char csrf[SECRET_HEX_SIZE];

    gate_csrf(cookie, csrf);
    buf_clear(body);
    buf_puts(body, "{\"account\":");
    put_account(body, one);
    buf_puts(body, ",\"may\":[");
    for (unsigned kind = ACTION_NONE + 1, count = 0; kind < ACTION_KIND_COUNT; kind++)
        if (access_acts(&person, (enum action_kind)kind))
            buf_printf(body, "%s\"%s\"", count++ != 0 ? "," : "", action_name((enum action_kind)kind));
    buf_puts(body, "],\"parts\":[");
    for (unsigned part = 0, count = 0; part < PART_COUNT; part++)
        if (access_has(&person, (enum desk_part)part))
            buf_printf(body, "%s\"%s\"", count++ != 0 ? "," : "", desk_part_name((enum desk_part)part));
    buf_printf(body, "],\"csrf\":\"%s\"}\n", csrf);
    reply_json(request, status);
}

static enum verdict begin_session(const struct view *view, struct request *request, const struct account *one)
{
    uint8_t digest[SHA256_SIZE];
    char cookie[SECRET_HEX_SIZE];

    secret_hex(cookie);
    gate_session_digest(cookie, digest);
    enum err err = session_add(view->gate->accounts, digest, one->id, clock_now().wall_ms);
    if (err != ERR_OK)
        return refuse_store(request, err);
    reply_session(request, 200, one, cookie);
    memcpy(request->reply.cookie, cookie, sizeof(cookie));
    return VERDICT_REPLY;
}

enum verdict people_session(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    if (request->signed_in) {
        reply_session(request, 200, &request->person.account, request->asked.cookie);
        return VERDICT_REPLY;
    }
    buf_printf(&request->reply.body, "{\"account\":null,\"setup\":%s}\n",
               view->gate->setup_code[0] != '\0' ? "true" : "false");
    reply_json(request, 200);
    return VERDICT_REPLY;
}

enum verdict people_sign_in(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!body_read(request, (const struct member *const[]){&account, &password, NULL}, ret_pending) ||
        !gate_try(view->gate, request, ret_pending->account.id))
        return VERDICT_REPLY;
    enum err err = accounts_find(view->gate->accounts, ret_pending->account.id, &ret_pending->account,
                                 ret_pending->secret);
    if (err == ERR_NOT_FOUND)
        ret_pending->secret[0] = '\0';
    else if (err != ERR_OK)
        return refuse_store(request, err);
    return VERDICT_CHECK;
}

enum verdict people_sign_in_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text)
{
    if (err == ERR_OK && !pending->account.disabled) {
        gate_was_right(view->gate, request, pending->account.id);
        return begin_session(view, request, &pending->account);
    }
    if (err == ERR_OK || err == ERR_REFUSED)
        reply_said(request, 401, "the account or the password is wrong", "账号或密码不正确");
    else
        reply_outcome(request, VERDICT_ACTION, err, text);
    return VERDICT_REPLY;
}

enum verdict people_sign_out(const struct view *view, struct request *request, struct pending *ret_pending)
{
    uint8_t digest[SHA256_SIZE];

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    if (request->signed_in) {
        gate_session_digest(request->asked.cookie, digest);
        enum err err = session_end(view->gate->accounts, digest);
        if (err != ERR_OK)
            return refuse_store(request, err);
    }
    buf_puts(&request->reply.body, "{\"account\":null}\n");
    reply_json(request, 200);
    (void)text_copy(request->reply.cookie, sizeof(request->reply.cookie), "-");
    return VERDICT_REPLY;
}

enum verdict people_password(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!request->signed_in) {
        reply_said(request, 403, "only somebody who is signed in has a password", "须先登录");
        return VERDICT_REPLY;
    }
    if (!body_read(request, (const struct member *const[]){&password, &replacement, NULL}, ret_pending) ||
        !gate_try(view->gate, request, request->person.account.id))
        return VERDICT_REPLY;
    enum err err = accounts_find(view->gate->accounts, request->person.account.id, &ret_pending->account,
                                 ret_pending->secret);
    return err == ERR_OK ? VERDICT_CHECK : refuse_store(request, err);
}

/* Twice: the old one was checked, the new one was made. */
enum verdict people_password_done(const struct view *view, struct request *request, struct pending *pending,
                                  enum err err, const char *text)
{
    if (err == ERR_REFUSED) {
        reply_said(request, 403, "the password is wrong", "原密码不正确");
        return VERDICT_REPLY;
    }
    if (err != ERR_OK) {
        reply_outcome(request, VERDICT_ACTION, err, text);
        return VERDICT_REPLY;
    }
    if (pending->replacement[0] != '\0') {
        gate_was_right(view->gate, request, pending->account.id);
        memcpy(pending->password, pending->replacement, sizeof(pending->password));
        pending->replacement[0] = '\0';
        return VERDICT_MAKE;
    }
    err = accounts_change(view->gate->accounts, &pending->account, text);
    if (err != ERR_OK)
        return refuse_store(request, err);
    pending->account.version++; /* every other session has ended with it */
    return begin_session(view, request, &pending->account);
}

/* ---- the first account ---- */

enum verdict people_setup(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!body_read(request, (const struct member *const[]){&code, &account, &name, &new_password, NULL},
                   ret_pending) ||
        !gate_try(view->gate, request, "setup"))
        return VERDICT_REPLY;
    if (view->gate->setup_code[0] == '\0') {
        reply_said(request, 409, "the first account was made already", "首个账号已创建");
        return VERDICT_REPLY;
    }
    if (!secret_equal(view->gate->setup_code, ret_pending->code)) {
        reply_said(request, 403, "this is not the code of the gateway's log", "安装码与网关日志中的不符");
        return VERDICT_REPLY;
    }
    ret_pending->account.role = ACCOUNT_ADMINISTRATOR;
    return VERDICT_MAKE;
}

enum verdict people_setup_done(const struct view *view, struct request *request, struct pending *pending,
                               enum err err, const char *text)
{
    if (err != ERR_OK) {
        reply_outcome(request, VERDICT_ACTION, err, text);
        return VERDICT_REPLY;
    }
    err = accounts_add(view->gate->accounts, &pending->account, text, true);
    if (err != ERR_OK)
        return refuse_store(request, err);
    view->gate->setup_code[0] = '\0';
    gate_was_right(view->gate, request, "setup");
    pending->account.version = 1;
    return begin_session(view, request, &pending->account);
}

/* ---- accounts ---- */

struct listing {
    struct buf *out;
    unsigned count;
};

static enum err list_one(void *self, const struct account *one)
{
    struct listing *listing = self;

    if (listing->count++ != 0)
        buf_putc(listing->out, ',');
    put_account(listing->out, one);
    return ERR_OK;
}

enum verdict people_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct listing listing = {.out = &request->reply.body};

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"accounts\":[");
    enum err err = accounts_each(view->gate->accounts, list_one, &listing);
    buf_puts(&request->reply.body, "]}\n");
    if (err != ERR_OK)
        return refuse_store(request, err);
    reply_json(request, 200);
    return VERDICT_REPLY;
}

static enum err list_name(void *self, const struct account *one)
{
    struct listing *listing = self;

    if (listing->count++ != 0)
        buf_putc(listing->out, ',');
    buf_json_string(listing->out, one->id);
    buf_putc(listing->out, ':');
    buf_json_string(listing->out, one->name);
    return ERR_OK;
}

/* Who is behind the accounts that a record names, for those who work together. */
enum verdict people_names(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct listing listing = {.out = &request->reply.body};
    enum err err = ERR_OK;

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"names\":{");
    if (access_precision(&request->person) >= PRECISION_CONTACTS)
        err = accounts_each(view->gate->accounts, list_name, &listing);
    buf_puts(&request->reply.body, "}}\n");
    if (err != ERR_OK)
        return refuse_store(request, err);
    reply_json(request, 200);
    return VERDICT_REPLY;
}

static enum verdict show(struct request *request, int status, const struct account *one)
{
    buf_clear(&request->reply.body);
    put_account(&request->reply.body, one);
    buf_putc(&request->reply.body, '\n');
    reply_json(request, status);
    request->reply.version = one->version;
    return VERDICT_REPLY;
}

enum verdict people_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!view_no_query(request))
        return VERDICT_REPLY;
    enum err err = accounts_find(view->gate->accounts, request->name, &ret_pending->account, NULL);
    return err == ERR_OK ? show(request, 200, &ret_pending->account) : refuse_store(request, err);
}

/* The scope must name what the role needs, and that must be there. */
static bool scope_fits(const struct view *view, struct request *request, const struct account *one)
{
    char household[ID_SIZE];
    bool consent, fits;

    switch (access_scope_table(one->role)) {
    case REGISTRY_TERRITORY:
        fits = view->reader != NULL && reader_has_territory(view->reader, one->scope);
        break;
    case REGISTRY_RESIDENT:
        fits =
            view->reader != NULL && reader_home_of(view->reader, one->scope, household, &consent) == ERR_OK;
        break;
    default: fits = one->scope[0] == '\0';
    }
    if (!fits)
        reply_problem(
            request, 422, "scope",
            "must be the code of a territory for grid_worker and town_desk, the id of a resident for "
            "family, and empty for the others");
    return fits;
}

enum verdict people_add(const struct view *view, struct request *request, struct pending *ret_pending)
{
    if (!body_read(request,
                   (const struct member *const[]){&account, &name, &role, &scope, &new_password, NULL},
                   ret_pending) ||
        !scope_fits(view, request, &ret_pending->account))
        return VERDICT_REPLY;
    return VERDICT_MAKE;
}

enum verdict people_add_done(const struct view *view, struct request *request, struct pending *pending,
                             enum err err, const char *text)
{
    if (err != ERR_OK) {
        reply_outcome(request, VERDICT_ACTION, err, text);
        return VERDICT_REPLY;
    }
    err = accounts_add(view->gate->accounts, &pending->account, text, false);
    if (err != ERR_OK)
        return refuse_store(request, err);
    view->gate->setup_code[0] = '\0'; /* made with the machine's token, it is the first one all the same */
    pending->account.version = 1;
    return show(request, 201, &pending->account);
}

static enum verdict change(const struct view *view, struct request *request, struct pending *pending,
                           const char *secret)
{
    enum err err = accounts_change(view->gate->accounts, &pending->account, secret);

    if (err != ERR_OK)
        return refuse_store(request, err);
    pending->account.version++;
    return show(request, 200, &pending->account);
}

enum verdict people_change(const struct view *view, struct request *request, struct pending *ret_pending)
{
    int64_t version;

    if (!body_read(request,
                   (const struct member *const[]){&name, &role, &scope, &disabled, &maybe_password, NULL},
                   ret_pending))
        return VERDICT_REPLY;
    if (!text_to_int(request->asked.if_match, 1, UINT32_MAX, &version)) {
        reply_problem(request, 428, "If-Match", "must be the ETag of the account as it was read");
        return VERDICT_REPLY;
    }
    memcpy(ret_pending->account.id, request->name, sizeof(request->name));
    ret_pending->account.version = (uint32_t)version;
    if (!scope_fits(view, request, &ret_pending->account))
        return VERDICT_REPLY;
    return ret_pending->password[0] != '\0' ? VERDICT_MAKE : change(view, request, ret_pending, NULL);
}

enum verdict people_change_done(const struct view *view, struct request *request, struct pending *pending,
                                enum err err, const char *text)
{
    if (err == ERR_OK)
        return change(view, request, pending, text);
    reply_outcome(request, VERDICT_ACTION, err, text);
    return VERDICT_REPLY;
}
