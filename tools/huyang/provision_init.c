/* huyang provision init. Everything is made in a folder beside the wanted one, which takes its name at the
 * very end: after a kill there is nothing, or a whole authority. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "provision.h"

enum {
    ROOT_DAYS = 7300,
    ISSUING_DAYS = 3650,
    PASSPHRASE_MIN = 8,
    SMALL_MAX = 1 << 20,
};

/* ---- the passphrase: from a file or a terminal, never an argument ---- */

static enum err ask(const char *question, char *answer, size_t size)
{
    struct termios before, quiet;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        files_fault("passphrase", "no terminal to ask on; --passphrase-file names a file");
        return ERR_INVALID;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    /* Before the question: who answers at once must neither be shown nor thrown away. */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fputs(question, stderr);
    const bool read = fgets(answer, (int)size, stdin) != NULL;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    fputc('\n', stderr);
    answer[read ? strcspn(answer, "\r\n") : 0] = '\0';
    return read ? ERR_OK : ERR_IO;
}

static enum err read_passphrase(const struct provision_options *options, bool fresh,
                                char passphrase[PROVISION_SECRET_SIZE])
{
    char again[PROVISION_SECRET_SIZE] = "";
    enum err err;
    if (options->passphrase_file != NULL)
        return files_first_line(options->passphrase_file, passphrase, PROVISION_SECRET_SIZE);
    err = ask("Passphrase of the root's key: ", passphrase, PROVISION_SECRET_SIZE);
    if (err == ERR_OK && fresh)
        err = ask("The same again: ", again, sizeof(again));
    if (err == ERR_OK && fresh && strcmp(passphrase, again) != 0) {
        files_fault("passphrase", "the two are not the same");
        err = ERR_INVALID;
    }
    explicit_bzero(again, sizeof(again));
    return err;
}

/* ---- the root ---- */

struct root {
    struct evp_pkey_st *key;
    struct x509_st *cert;
};

static enum err make_root(const char *folder, const char *passphrase, int64_t now_s, struct root *root)
{
    const struct pki_wish wish = {.role = PKI_ROOT,
                                  .name = "Huyang root authority",
                                  .from_s = now_s - PROVISION_HOUR_S,
                                  .until_s = now_s + (int64_t)ROOT_DAYS * PROVISION_DAY_S};
    struct buf key, cert;
    buf_init(&key, SMALL_MAX);
    buf_init(&cert, SMALL_MAX);
    enum err err = files_make_folder(folder, 0700);
    if (err == ERR_OK)
        err = pki_key_new(&root->key);
    if (err == ERR_OK)
        err = pki_issue(&wish, root->key, NULL, NULL, &root->cert);
    if (err == ERR_OK)
        err = pki_key_pem(root->key, passphrase, &key);
    if (err == ERR_OK)
        err = pki_cert_pem(root->cert, &cert);
    if (err == ERR_OK)
        err = files_write(folder, "root.pem", &cert, 0644);
    /* The key last: its file is what says that a root is there. */
    if (err == ERR_OK)
        err = files_write(folder, "root.key", &key, 0600);
    buf_release(&key);
    buf_release(&cert);
    return err;
}

static enum err load_root(const char *folder, const char *passphrase, struct root *root)
{
    struct buf key, cert;
    buf_init(&key, SMALL_MAX);
    buf_init(&cert, SMALL_MAX);
    enum err err = files_read(folder, "root.key", &key);
    if (err == ERR_OK)
        err = files_read(folder, "root.pem", &cert);
    if (err == ERR_OK)
        err = pki_key_parse(buf_text(&key), key.len, passphrase, &root->key);
    if (err == ERR_OK)
        err = pki_cert_parse(buf_text(&cert), cert.len, &root->cert);
    if (err == ERR_OK && !pki_fits(root->cert, root->key))
        err = ERR_CORRUPT;
    if (err != ERR_OK)
        files_fault(folder, err == ERR_REFUSED ? "the passphrase is not that of this root's key"
                                               : "the root's key or certificate cannot be used");
    buf_release(&key);
    buf_release(&cert);
    return err;
}

/* A root that is there already signs one more authority; otherwise one is made. */
static enum err open_root(const struct provision_options *options, const char *folder, int64_t now_s,
                          struct root *root)
{
    char passphrase[PROVISION_SECRET_SIZE] = "";
    const bool fresh = !files_exist(folder, "root.key");
    enum err err = read_passphrase(options, fresh, passphrase);
    if (err == ERR_OK && fresh && strlen(passphrase) < PASSPHRASE_MIN) {
        files_fault("passphrase", "at least 8 characters are wanted");
        err = ERR_INVALID;
    }
    if (err == ERR_OK)
        err = fresh ? make_root(folder, passphrase, now_s, root) : load_root(folder, passphrase, root);
    explicit_bzero(passphrase, sizeof(passphrase));
    return err;
}

/* ---- the authority ---- */

static enum err make_issuing(struct provision *provision, const struct root *root)
{
    const struct pki_wish wish = {.role = PKI_ISSUING,
                                  .name = "Huyang issuing authority",
                                  .from_s = provision->now_s - PROVISION_HOUR_S,
                                  .until_s = provision->now_s + (int64_t)ISSUING_DAYS * PROVISION_DAY_S};
    struct buf key, clients;
    buf_init(&key, SMALL_MAX);
    buf_init(&clients, SMALL_MAX);
    enum err err = pki_key_new(&provision->issuing_key);
    if (err == ERR_OK)
        err = pki_issue(&wish, provision->issuing_key, root->cert, root->key, &provision->issuing);
    if (err == ERR_OK)
        err = pki_key_pem(provision->issuing_key, NULL, &key);
    if (err == ERR_OK)
        err = pki_cert_pem(provision->issuing, &provision->issuing_pem);
    if (err == ERR_OK)
        err = pki_cert_pem(root->cert, &provision->root_pem);
    buf_append(&clients, buf_text(&provision->issuing_pem), provision->issuing_pem.len);
    buf_append(&clients, buf_text(&provision->root_pem), provision->root_pem.len);
    if (err == ERR_OK)
        err = files_write(provision->dir, "ca.pem", &provision->root_pem, 0644);
    if (err == ERR_OK)
        err = files_write(provision->dir, "issuing.pem", &provision->issuing_pem, 0644);
    if (err == ERR_OK)
        err = files_write(provision->dir, "issuing.key", &key, 0600);
    if (err == ERR_OK)
        err = files_write(provision->broker_dir, "clients.pem", &clients, 0644);
    buf_release(&key);
    buf_release(&clients);
    return err;
}

static enum err make_authority(struct provision *provision, const char *root_dir)
{
    struct root root = {NULL, NULL};
    const char *folders[] = {provision->dir, provision->broker_dir, provision->gateway_dir,
                             provision->devices_dir};
    enum err err = ERR_OK;
    for (unsigned i = 0; err == ERR_OK && i < sizeof(folders) / sizeof(folders[0]); i++)
        err = files_make_folder(folders[i], i == 0 ? 0711 : 0700); /* the first is only passed through */
    if (err == ERR_OK)
        err = open_root(provision->options, root_dir, provision->now_s, &root);
    if (err == ERR_OK)
        err = index_open(provision->dir, true, &provision->index);
    if (err == ERR_OK)
        err = make_issuing(provision, &root);
    if (err == ERR_OK)
        err = provision_make_broker(provision);
    if (err == ERR_OK)
        err = provision_make_gateway(provision, "");
    if (err == ERR_OK)
        err = provision_make_crl(provision);
    pki_key_free(root.key);
    pki_cert_free(root.cert);
    return err;
}

/* The parent, whose entry the folder becomes. */
static enum err sync_parent(const char *dir)
{
    char parent[FILES_PATH_SIZE];
    if (!text_copy(parent, sizeof(parent), dir))
        return ERR_RANGE;
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        return files_sync_folder(".");
    *(slash == parent ? slash + 1 : slash) = '\0';
    return files_sync_folder(parent);
}

int provision_init(const struct provision_options *options)
{
    char dir[FILES_PATH_SIZE - sizeof(".new")], fresh[FILES_PATH_SIZE], root_dir[FILES_PATH_SIZE];
    struct provision provision;
    if (!text_copy(dir, sizeof(dir), options->dir)) {
        files_fault(options->dir, "the path is too long");
        return PROVISION_USAGE;
    }
    for (size_t len = strlen(dir); len > 1 && dir[len - 1] == '/'; len--)
        dir[len - 1] = '\0';
    snprintf(fresh, sizeof(fresh), "%s.new", dir);
    /* rename(2) takes the place of an empty folder, and of nothing else. */
    if (rmdir(dir) != 0 && errno != ENOENT) {
        files_fault(dir, errno == ENOTEMPTY ? "is there already and not empty: nothing was overwritten"
                                            : strerror(errno));
        return PROVISION_USAGE;
    }
    enum err err = files_remove_folder(fresh);
    if (err == ERR_OK && options->root_dir != NULL)
        err = text_copy(root_dir, sizeof(root_dir), options->root_dir) ? ERR_OK : ERR_RANGE;
    else if (err == ERR_OK)
        err = files_join(root_dir, fresh, "root");
    if (err == ERR_OK)
        err = provision_place(options, fresh, &provision);
    if (err != ERR_OK)
        return PROVISION_FAILED;
    err = make_authority(&provision, root_dir);
    provision_close(&provision);
    if (err == ERR_OK)
        err = files_sync_all(fresh);
    if (err == ERR_OK)
        err = files_move(fresh, dir);
    if (err == ERR_OK)
        err = sync_parent(dir);
    if (err != ERR_OK) {
        if (files_remove_folder(fresh) != ERR_OK)
            return PROVISION_FAILED;
        return err == ERR_INVALID || err == ERR_REFUSED ? PROVISION_USAGE : PROVISION_FAILED;
    }
    printf("%s: a new authority; its root's key is in %s%s\n", dir,
           options->root_dir != NULL ? options->root_dir : dir,
           options->root_dir != NULL ? "" : "/root: keep a copy elsewhere and take it off this machine");
    return PROVISION_WELL;
}
