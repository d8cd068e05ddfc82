/* huyang provision labels: sheets to print and stick on devices. A label holds what anybody may know: the
 * device's id and its certificate's fingerprint, to be compared with `show` when it is handed over.
 *
 * A4, three columns of eight, 63.5 x 33.9 mm each: the common format of adhesive sheets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "provision.h"
#include "qr.h"

enum { PER_SHEET = 24, CODE_TEXT_SIZE = 256, DATE_SIZE = 11, GROUP = 16, LONG_ID = 30 };

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"zh\">\n"
    "<meta charset=\"utf-8\">\n"
    "<title>设备标签 · Device labels</title>\n"
    "<style>\n"
    "@page { size: A4; margin: 0 }\n"
    "* { box-sizing: border-box; margin: 0 }\n"
    "body { font-family: sans-serif; color: #000; background: #fff; -webkit-print-color-adjust: exact; "
    "print-color-adjust: exact }\n"
    ".sheet { width: 210mm; height: 296.9mm; padding: 12.9mm 7.2mm; display: grid; align-content: start;\n"
    "  grid-template-columns: repeat(3, 63.5mm); grid-auto-rows: 33.9mm; column-gap: 2.5mm; break-after: "
    "page; "
    "overflow: hidden }\n"
    ".sheet:last-child { break-after: auto }\n"
    ".label { display: flex; gap: 1mm; align-items: center; padding: 1.5mm; overflow: hidden; break-inside: "
    "avoid }\n"
    ".label svg { width: 29mm; height: 29mm; flex: none }\n"
    ".id { font-size: 10pt; font-weight: bold; overflow-wrap: anywhere; line-height: 1.1 }\n"
    ".long { font-size: 6.5pt }\n"
    ".print { font-family: monospace; font-size: 5.5pt; line-height: 1.25 }\n"
    ".what { font-size: 6pt }\n"
    "@media screen { .label { outline: 0.2mm dashed #999 } }\n"
    "</style>\n";

static enum err put_label(const struct index_entry *entry, struct buf *out)
{
    char text[CODE_TEXT_SIZE], until[CLOCK_TEXT_SIZE], print[PKI_FINGERPRINT_SIZE];
    text_copy(print, sizeof(print), entry->fingerprint);
    for (char *at = print; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'f')
            *at = (char)(*at - 'a' + 'A'); /* a QR code holds upper-case letters in less room */
    snprintf(text, sizeof(text), "HUYANG:%s:SHA256:%s", entry->id, print);
    clock_format(NULL, entry->until_s * 1000, until);
    until[DATE_SIZE - 1] = '\0';
    buf_puts(out, "<div class=\"label\">");
    const enum err err = qr_svg(text, out);
    /* An id has no character that means anything in HTML. */
    buf_printf(
        out,
        "<div><div class=\"id%s\">%s</div><div class=\"what\">有效期至 until %s</div><div class=\"print\">",
        strlen(entry->id) > LONG_ID ? " long" : "", entry->id, until);
    for (size_t at = 0; at < strlen(print); at += GROUP)
        buf_printf(out, "%.*s<br>", GROUP, print + at);
    buf_puts(out, "</div></div></div>\n");
    return out->failed ? ERR_NOMEM : err;
}

/* The entries to print, in the order they were named or issued. Told: an id without a valid certificate. */
static enum err choose(const struct provision *provision, int32_t **ret_chosen, int32_t *ret_count)
{
    const struct provision_options *options = provision->options;
    const struct index *index = &provision->index;
    const int32_t most = options->word_count > 0 ? options->word_count : index->count;
    int32_t *chosen = calloc((size_t)most + 1, sizeof(*chosen)), count = 0;
    enum err err = chosen != NULL ? ERR_OK : ERR_NOMEM;
    for (int32_t i = 0; i < most && err == ERR_OK; i++) {
        const int32_t at = options->word_count > 0 ? index_of_id(index, options->words[i]) : i;
        const bool valid = at != INDEX_NONE && index_is_valid(&index->entries[at], provision->now_s);
        if (options->word_count > 0 && !valid) {
            files_fault(options->words[i], "has no valid certificate");
            err = ERR_INVALID;
        } else if (valid && index_of_id(index, index->entries[at].id) == at &&
                   strncmp(index->entries[at].id, PROVISION_RESERVED, strlen(PROVISION_RESERVED)) != 0) {
            chosen[count++] = at;
        }
    }
    if (err != ERR_OK) {
        free(chosen);
        return err;
    }
    *ret_chosen = chosen;
    *ret_count = count;
    return ERR_OK;
}

static enum err put_sheets(const struct index *index, const int32_t *chosen, int32_t count, struct buf *out)
{
    enum err err = ERR_OK;
    buf_puts(out, head);
    for (int32_t i = 0; i < count && err == ERR_OK; i++) {
        if (i % PER_SHEET == 0)
            buf_puts(out, "<div class=\"sheet\">\n");
        err = put_label(&index->entries[chosen[i]], out);
        if (i % PER_SHEET == PER_SHEET - 1 || i == count - 1)
            buf_puts(out, "</div>\n");
    }
    return out->failed ? ERR_NOMEM : err;
}

static enum err write_sheets(const char *path, const struct buf *html)
{
    char folder[FILES_PATH_SIZE];
    if (!text_copy(folder, sizeof(folder), path))
        return ERR_RANGE;
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return files_write(".", path, html, 0644);
    *slash = '\0';
    return files_write(slash == folder ? "/" : folder, slash + 1, html, 0644);
}

int provision_labels(const struct provision_options *options)
{
    struct provision provision;
    struct buf html;
    int32_t *chosen = NULL, count = 0;
    if (provision_open(options, false, &provision) != ERR_OK)
        return PROVISION_FAILED;
    buf_init(&html, FILES_MAX);
    enum err err = choose(&provision, &chosen, &count);
    if (err == ERR_OK && count == 0) {
        files_fault(provision.dir, "no device has a valid certificate");
        err = ERR_INVALID;
    }
    if (err == ERR_OK)
        err = put_sheets(&provision.index, chosen, count, &html);
    if (err == ERR_OK)
        err = write_sheets(options->out, &html);
    if (err == ERR_OK)
        printf("%s: %d labels, %d sheets of A4\n", options->out, count, (count + PER_SHEET - 1) / PER_SHEET);
    free(chosen);
    buf_release(&html);
    provision_close(&provision);
    return err == ERR_OK ? PROVISION_WELL : err == ERR_INVALID ? PROVISION_USAGE : PROVISION_FAILED;
}
