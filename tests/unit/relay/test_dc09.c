#include "fixture.h"

#include "core/json.h"
#include "relay/dc09.h"

#define MORNING_MS INT64_C(1781512205000) /* 2026-06-15T08:30:05Z */

static const uint8_t no_pad[DC09_BLOCK];
static const struct dc09_key no_key;

static struct dc09_key key_of(const char *text)
{
    struct dc09_key key;
    assert_true(dc09_key_parse(text, strlen(text), &key));
    return key;
}

static enum dc09_fault read_frame(const char *bytes, size_t len, const struct dc09_key *key, char *text,
                                  struct dc09_frame *frame)
{
    /* A copy of exactly these bytes: whoever reads past them is seen by the sanitizer. */
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum dc09_fault fault = dc09_read(copy, len, key, text, frame);
    free(copy);
    return fault;
}

static void assert_written(const struct dc09_frame *frame, const struct dc09_key *key, const uint8_t *pad,
                           const char *wanted)
{
    struct buf out;
    buf_init(&out, DC09_FRAME_MAX);
    assert_int_equal(dc09_write(frame, key, pad, &out), ERR_OK);
    assert_string_equal(buf_text(&out), wanted);
    buf_release(&out);
}

/* --- Published vectors --- */

static const char null_frame[] = "\n28330015\"NULL\"0000R0L0#1234[]\r";
static const char event_frame[] = "\nBFFB005C\"SIA-DCS\"0001R0L0#001234[#001234|Nri12/"
                                  "PA003][X116E23.8277][Y39N54.9916]_00:30:05,06-15-2026\r";
static const char contact_frame[] =
    "\nD7720041\"ADM-CID\"0002R0L0#001234[#001234|1101 12 003]_08:30:05,06-15-2026\r";
static const char ack_frame[] = "\nF0560016\"ACK\"0001R0L0#001234[]\r";
static const char duh_frame[] = "\n140D0016\"DUH\"0001R0L0#001234[]\r";
static const char nak_frame[] = "\n4BE40025\"NAK\"0000R0L0A0[]_08:30:07,06-15-2026\r";
static const char secret_frame[] =
    "\nA77000B8\"*SIA-DCS\"0003R0L0#1234["
    "F4A9B738DB08709F623B7635880B620B156C1F4E0174A4DF07D01D5AC3727801F903EF6463432ABEF1D6A0DBCCA4839AD0DDDF11"
    "E4E9E5A94BE21BBC71968C8E9C6A25D583A92EB5A741C2656A596C2B\r";
static const char secret_null[] =
    "\n76D80055\"*NULL\"0000R0L0#AAAB[B4BC8B40D0E6D959D6BEA78E88CC0B2155741A3C44FBB96D476A3E557CAD64D9\r";

static const struct {
    const char *frame;
    enum dc09_kind kind;
    unsigned sequence;
    const char *account, *data, *extensions;
    int64_t time_ms;
} golden[] = {
    {null_frame, DC09_TEST, 0, "1234", "", "", 0},
    {event_frame, DC09_SIA_DCS, 1, "001234", "#001234|Nri12/PA003", "[X116E23.8277][Y39N54.9916]",
     MORNING_MS - 8 * 3600000},
    {contact_frame, DC09_ADM_CID, 2, "001234", "#001234|1101 12 003", "", MORNING_MS},
    {ack_frame, DC09_ACK, 1, "001234", "", "", 0},
    {duh_frame, DC09_DUH, 1, "001234", "", "", 0},
    {nak_frame, DC09_NAK, 0, "", "", "", MORNING_MS + 2000},
};

static void published_frames_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        char text[DC09_TEXT_SIZE];
        struct dc09_frame frame;
        assert_int_equal(read_frame(golden[i].frame, strlen(golden[i].frame), &no_key, text, &frame),
                         DC09_FAULT_NONE);
        assert_int_equal(frame.kind, golden[i].kind);
        assert_int_equal(frame.sequence, golden[i].sequence);
        assert_string_equal(frame.account, golden[i].account);
        assert_string_equal(frame.data, golden[i].data);
        assert_string_equal(frame.extensions, golden[i].extensions);
        assert_int_equal(frame.has_time, golden[i].time_ms != 0);
        assert_true(frame.time_ms == golden[i].time_ms);
        assert_false(frame.encrypted);
        assert_string_equal(frame.receiver, "0");
    }
}

static void published_frames_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        struct dc09_frame frame = {.kind = golden[i].kind,
                                   .sequence = golden[i].sequence,
                                   .receiver = "0",
                                   .line = "0",
                                   .data = golden[i].data,
                                   .extensions = golden[i].extensions,
                                   .has_time = golden[i].time_ms != 0,
                                   .time_ms = golden[i].time_ms};
        snprintf(frame.account, sizeof frame.account, "%s", golden[i].account);
        assert_written(&frame, &no_key, no_pad, golden[i].frame);
    }
}

static void published_encrypted_frames_are_read(void **state)
{
    (void)state;
    struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
    char text[DC09_TEXT_SIZE];
    struct dc09_frame frame;
    assert_int_equal(read_frame(secret_frame, sizeof secret_frame - 1, &key, text, &frame), DC09_FAULT_NONE);
    assert_true(frame.encrypted && frame.has_time);
    assert_int_equal(frame.kind, DC09_SIA_DCS);
    assert_string_equal(frame.data, "#1234|Nri12/PA003");
    assert_string_equal(frame.extensions, "[X116.397128][Y39.916527]");
    assert_true(frame.time_ms == MORNING_MS);
    /* A link test of a third party, whose pad ends without a bar. */
    assert_int_equal(read_frame(secret_null, sizeof secret_null - 1, &key, text, &frame), DC09_FAULT_NONE);
    assert_int_equal(frame.kind, DC09_TEST);
    assert_string_equal(frame.data, "");
    char time[DC09_TIME_TEXT];
    dc09_time_text(frame.time_ms, time);
    assert_string_equal(time, "18:24:52,07-05-2020");
}

static void the_published_encrypted_frame_is_written(void **state)
{
    (void)state;
    struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
    struct dc09_frame frame = {.kind = DC09_SIA_DCS,
                               .sequence = 3,
                               .receiver = "0",
                               .line = "0",
                               .account = "1234",
                               .data = "#1234|Nri12/PA003",
                               .extensions = "[X116.397128][Y39.916527]",
                               .has_time = true,
                               .time_ms = MORNING_MS};
    uint8_t pad[DC09_BLOCK];
    memset(pad, 'P' - 'A', sizeof pad); /* its pad is sixteen P */
    assert_written(&frame, &key, pad, secret_frame);
}

/* What senders in the field wrote; many lines are anonymised, so their checksum or length is stale, and the
 * file says which. */
static void lines_of_the_field_are_judged_as_the_file_says(void **state)
{
    (void)state;
    char *lines = read_text(HUYANG_TEST_DATA "/data/sia-dc09/pysiaalarm.jsonl");
    assert_non_null(lines);
    unsigned judged = 0, well = 0;
    for (char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1) {
        struct json *root = NULL;
        assert_int_equal(json_parse(line, (size_t)(end - line), &root, NULL), ERR_OK);
        const char *frame = json_string(json_get(root, "line"));
        const char *sum = json_string(json_get(root, "crc_calc"));
        const char *quote = frame ? strchr(frame, '"') : NULL;
        bool plain = frame && frame[0] != '<';
        for (const char *c = plain ? frame : ""; *c; c++)
            plain = plain && (unsigned char)*c < 0x80;
        if (sum && quote && plain) {
            char text[8], bytes[DC09_FRAME_MAX], scratch[DC09_TEXT_SIZE];
            snprintf(text, sizeof text, "%04X", (unsigned)dc09_crc(quote, strlen(quote)));
            assert_string_equal(text, sum);
            bool crc_ok = false, len_ok = false;
            bool len_told = json_bool(json_get(root, "len_ok"), &len_ok);
            assert_true(json_bool(json_get(root, "crc_ok"), &crc_ok));
            struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
            struct dc09_frame got;
            int len = snprintf(bytes, sizeof bytes, "\n%s\r", frame);
            enum dc09_fault fault = read_frame(bytes, (size_t)len, &key, scratch, &got);
            if (len_told && !len_ok)
                assert_int_equal(fault, DC09_FAULT_LENGTH);
            else if (!crc_ok)
                assert_int_equal(fault, DC09_FAULT_CRC);
            else if (fault == DC09_FAULT_NONE)
                well++;
            judged++;
        }
        json_free(root);
    }
    free(lines);
    assert_true(judged >= 15);
    assert_true(well >= 2);
}

/* --- Boundaries --- */

static void every_length_of_data_survives_encryption_under_every_size_of_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"0123456789abcdef0123456789abcdef",
                                       "0123456789abcdef0123456789abcdef0123456789abcdef",
                                       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
    char data[80] = "", text[DC09_TEXT_SIZE];
    for (size_t k = 0; k < 3; k++) {
        struct dc09_key key = key_of(keys[k]);
        assert_int_equal(key.len, 16 + 8 * k);
        for (size_t n = 0; n + 1 < sizeof data; n++) {
            memset(data, 'x', n);
            data[n] = 0;
            struct dc09_frame frame = {.kind = DC09_SIA_DCS,
                                       .sequence = 9999,
                                       .account = "ABCDEF0123456789",
                                       .line = "1",
                                       .data = data,
                                       .extensions = "",
                                       .has_time = true,
                                       .time_ms = MORNING_MS},
                              back;
            struct buf out;
            buf_init(&out, DC09_FRAME_MAX);
            assert_int_equal(dc09_write(&frame, &key, no_pad, &out), ERR_OK);
            assert_int_equal(read_frame(out.data, out.len, &key, text, &back), DC09_FAULT_NONE);
            assert_string_equal(back.data, data);
            assert_string_equal(back.account, "ABCDEF0123456789");
            assert_int_equal(back.sequence, 9999);
            assert_true(back.time_ms == MORNING_MS);
            buf_release(&out);
        }
    }
}

static void pads_hide_equal_beginnings_and_equal_pads_give_equal_bytes(void **state)
{
    (void)state;
    struct dc09_key key = key_of("0123456789abcdef0123456789abcdef");
    struct dc09_frame frame = {.kind = DC09_TEST,
                               .line = "0",
                               .account = "1234",
                               .data = "",
                               .extensions = "",
                               .has_time = true,
                               .time_ms = MORNING_MS};
    static const uint8_t other[DC09_BLOCK] = {1};
    struct buf out[3];
    for (size_t i = 0; i < 3; i++) {
        buf_init(&out[i], DC09_FRAME_MAX);
        assert_int_equal(dc09_write(&frame, &key, i == 2 ? other : no_pad, &out[i]), ERR_OK);
    }
    assert_string_equal(buf_text(&out[0]), buf_text(&out[1]));
    assert_string_not_equal(buf_text(&out[0]), buf_text(&out[2]));
    for (size_t i = 0; i < 3; i++)
        buf_release(&out[i]);
}

static void the_longest_frame_goes_and_one_byte_more_does_not(void **state)
{
    (void)state;
    char *data = calloc(1, DC09_BODY_MAX + 2), text[DC09_TEXT_SIZE];
    assert_non_null(data);
    struct dc09_frame frame = {
        .kind = DC09_SIA_DCS, .account = "1234", .line = "0", .data = data, .extensions = ""};
    size_t head = strlen("\"SIA-DCS\"0000L0#1234[]");
    memset(data, 'x', DC09_BODY_MAX - head);
    struct buf out;
    buf_init(&out, DC09_FRAME_MAX + 10);
    assert_int_equal(dc09_write(&frame, &no_key, no_pad, &out), ERR_OK);
    assert_int_equal(out.len, DC09_FRAME_MAX);
    assert_int_equal(read_frame(out.data, out.len, &no_key, text, &frame), DC09_FAULT_NONE);
    frame.data = data;
    data[DC09_BODY_MAX - head] = 'x';
    assert_int_equal(dc09_write(&frame, &no_key, no_pad, &out), ERR_RANGE);
    struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
    frame.has_time = true;
    assert_int_equal(dc09_write(&frame, &key, no_pad, &out), ERR_RANGE);
    buf_release(&out);
    free(data);
}

static void what_would_not_be_read_is_not_written(void **state)
{
    (void)state;
    const struct dc09_frame well = {.kind = DC09_SIA_DCS,
                                    .sequence = 1,
                                    .account = "1234",
                                    .line = "0",
                                    .data = "#1234|Nri1/PA001",
                                    .extensions = "[Ihello]"};
    struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
    struct buf out;
    buf_init(&out, DC09_FRAME_MAX);
    assert_int_equal(dc09_write(&well, &no_key, no_pad, &out), ERR_OK);
    /* Encrypted needs a time. */
    assert_int_equal(dc09_write(&well, &key, no_pad, &out), ERR_INVALID);
#define REFUSED(change)                                                                                      \
    do {                                                                                                     \
        struct dc09_frame ill = well;                                                                        \
        change;                                                                                              \
        assert_int_equal(dc09_write(&ill, &no_key, no_pad, &out), ERR_INVALID);                              \
    } while (0)
    REFUSED(ill.sequence = 10000);
    REFUSED(memcpy(ill.account, "12", 3));
    REFUSED(memcpy(ill.account, "12G4", 5));
    REFUSED(memcpy(ill.receiver, "x", 2));
    REFUSED(ill.line[0] = 0);
    REFUSED(ill.data = "a]b");
    REFUSED(ill.data = "a[b");
    REFUSED(ill.data = "a\nb");
    REFUSED(ill.data = "a\rb");
    REFUSED(ill.extensions = "X1");
    REFUSED(ill.extensions = "[]");
    REFUSED(ill.extensions = "[X1");
    REFUSED(ill.extensions = "[X[1]]");
    REFUSED(ill.extensions = "[X1] [Y1]");
    REFUSED(ill.extensions = "[X\r1]");
    REFUSED(ill.kind = DC09_KIND_COUNT);
#undef REFUSED
    buf_release(&out);
}

/* Around a body, the CRC and length that fit it. */
static enum dc09_fault judge(const char *body, size_t len, const struct dc09_key *key)
{
    char bytes[DC09_FRAME_MAX + 64], text[DC09_TEXT_SIZE];
    struct dc09_frame frame;
    int head = snprintf(bytes, sizeof bytes, "\n%04X%04X", (unsigned)dc09_crc(body, len), (unsigned)len);
    memcpy(bytes + head, body, len);
    bytes[(size_t)head + len] = '\r';
    return read_frame(bytes, (size_t)head + len + 1, key, text, &frame);
}

static void hostile_frames_are_refused_by_reason(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum dc09_fault fault;
    } cases[] = {
        {"\"ACK\"0001R0L0#1234[]", DC09_FAULT_NONE},
        {"\"ACK\"0001L0#1234[]", DC09_FAULT_NONE},
        {"\"ACK\"0001#1234[]", DC09_FAULT_NONE},
        {"\"RSP\"0001R0L0#1234[hello]", DC09_FAULT_NONE},
        {"ACK\"0001R0L0#1234[]", DC09_FAULT_HEADER},
        {"\"ACK0001R0L0#1234[]", DC09_FAULT_HEADER},
        {"\"ACKS\"0001R0L0#1234[]", DC09_FAULT_HEADER},
        {"\"\"0001R0L0#1234[]", DC09_FAULT_HEADER},
        {"\"ACK\"001R0L0#1234[]", DC09_FAULT_HEADER},
        {"\"ACK\"0A01R0L0#1234[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001RL0#1234[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001R1234567L0#1234[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001R0L0#12[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001R0L0#12345678901234567[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001R0L0#12x4[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001R0L0[]", DC09_FAULT_HEADER},
        {"\"ACK\"0001R0L0#1234", DC09_FAULT_HEADER},
        {"\"ACK\"", DC09_FAULT_HEADER},
        {"\"", DC09_FAULT_HEADER},
        {"\"ACK\"0001R0L0#1234[", DC09_FAULT_BODY},
        {"\"ACK\"0001R0L0#1234[]x", DC09_FAULT_BODY},
        {"\"ACK\"0001R0L0#1234[][]", DC09_FAULT_BODY},
        {"\"ACK\"0001R0L0#1234[][X1", DC09_FAULT_BODY},
        {"\"ACK\"0001R0L0#1234[a\x01]", DC09_FAULT_BODY},
        {"\"ACK\"0001R0L0#1234[a[b]", DC09_FAULT_BODY},
        {"\"NAK\"0000R0L0A0[]_08:30:07,06-15-2026", DC09_FAULT_NONE},
        {"\"NAK\"0000R0L0A0[]_08:30:07,06-15-2026 ", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_8:30:07,06-15-2026", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_24:30:07,06-15-2026", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_23:60:07,06-15-2026", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_23:59:60,06-15-2026", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_08:30:07,02-29-2026", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_08:30:07,02-29-2028", DC09_FAULT_NONE},
        {"\"NAK\"0000R0L0A0[]_08:30:07,13-01-2026", DC09_FAULT_TIME},
        {"\"NAK\"0000R0L0A0[]_08:30:07,06-15-1969", DC09_FAULT_TIME},
        {"\"*ACK\"0001R0L0#1234[]", DC09_FAULT_BODY},
        {"\"*ACK\"0001R0L0#1234[0123]", DC09_FAULT_BODY},
        {"\"*ACK\"0001R0L0#1234[0123456789ABCDEF0123456789ABCDEG", DC09_FAULT_BODY},
        {"\"*ACK\"0001R0L0#1234[0123456789ABCDEF0123456789ABCDEF", DC09_FAULT_KEY},
    };
    struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(dc09_fault_name(judge(cases[i].body, strlen(cases[i].body), &key)),
                            dc09_fault_name(cases[i].fault));
    assert_int_equal(judge("\"ACK\"0001R0L0#1234[\0]", 22, &no_key), DC09_FAULT_BODY);
}

static void a_wrong_key_and_a_missing_time_are_told_apart(void **state)
{
    (void)state;
    char text[DC09_TEXT_SIZE];
    struct dc09_frame frame;
    struct dc09_key wrong = key_of("BAAAAAAAAAAAAAAA"), right = key_of("AAAAAAAAAAAAAAAA");
    assert_int_equal(read_frame(secret_frame, sizeof secret_frame - 1, &wrong, text, &frame), DC09_FAULT_KEY);
    assert_int_equal(read_frame(secret_frame, sizeof secret_frame - 1, &no_key, text, &frame),
                     DC09_FAULT_KEY);
    /* Encrypted rightly, but as nobody should: without a time. */
    static const char plain[] = "PPPPPPPPPPPPP|]x" /* no time but an x */, timeless[] = "PPPPPPPPPPPPPP|]";
    for (size_t i = 0; i < 2; i++) {
        uint8_t secret[DC09_BLOCK];
        char body[128], hex[2 * DC09_BLOCK + 1];
        assert_int_equal(dc09_aes(&right, true, i ? timeless : plain, DC09_BLOCK, secret), ERR_OK);
        hash_hex(secret, sizeof secret, hex);
        int len = snprintf(body, sizeof body, "\"*ACK\"0001R0L0#1234[%s", hex);
        assert_int_equal(judge(body, (size_t)len, &right), i ? DC09_FAULT_TIME : DC09_FAULT_KEY);
    }
}

static void no_cut_and_no_changed_byte_passes(void **state)
{
    (void)state;
    static const char *const frames[] = {event_frame, secret_frame, nak_frame};
    struct dc09_key key = key_of("AAAAAAAAAAAAAAAA");
    char text[DC09_TEXT_SIZE], bytes[512];
    struct dc09_frame frame;
    for (size_t f = 0; f < 3; f++) {
        size_t len = strlen(frames[f]);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_not_equal(read_frame(frames[f], cut, &key, text, &frame), DC09_FAULT_NONE);
        for (size_t at = 0; at < len; at++) {
            memcpy(bytes, frames[f], len);
            bytes[at] ^= 0x01;
            assert_int_not_equal(read_frame(bytes, len, &key, text, &frame), DC09_FAULT_NONE);
        }
    }
    memset(bytes, 'x', sizeof bytes);
    char *huge = calloc(1, DC09_FRAME_MAX + 2);
    assert_non_null(huge);
    assert_int_equal(read_frame(huge, DC09_FRAME_MAX + 1, &key, text, &frame), DC09_FAULT_HUGE);
    free(huge);
}

/* --- The stream --- */

struct scanned {
    unsigned frames, faults[DC09_FAULT_COUNT];
    size_t left;
};

/* Feeds a stream in pieces of `step` bytes, as a socket may. */
static struct scanned scan(const char *stream, size_t len, size_t step)
{
    struct scanned result = {0};
    char waiting[2 * DC09_FRAME_MAX + 2];
    size_t held = 0;
    for (size_t at = 0; at < len;) {
        size_t more = step < len - at ? step : len - at;
        assert_true(held + more <= sizeof waiting);
        memcpy(waiting + held, stream + at, more);
        held += more;
        at += more;
        for (size_t used, from = 0, size; held > 0;) {
            enum dc09_fault fault;
            used = dc09_scan(waiting, held, &from, &size, &fault);
            assert_true(used <= held);
            result.frames += size > 0;
            if (size > 0) {
                assert_true(from + size <= used);
                assert_int_equal(waiting[from], '\n');
                assert_int_equal(waiting[from + size - 1], '\r');
            }
            result.faults[fault]++;
            if (used == 0)
                break;
            memmove(waiting, waiting + used, held - used);
            held -= used;
        }
        assert_true(held <= DC09_FRAME_MAX);
    }
    result.left = held;
    return result;
}

static void frames_are_found_in_a_stream_however_it_is_cut(void **state)
{
    (void)state;
    struct buf stream;
    buf_init(&stream, 65536);
    buf_puts(&stream, ack_frame);
    buf_append(&stream, "\0\0\r\n", 4); /* padding, and the line ends some receivers add */
    buf_puts(&stream, duh_frame);
    buf_puts(&stream, "noise");
    buf_puts(&stream, "\nF0560016\"ACK\"0001R0"); /* cut off by the next one */
    buf_puts(&stream, nak_frame);
    buf_puts(&stream, "\nF056");
    for (size_t step = 1; step <= stream.len; step++) {
        struct scanned got = scan(stream.data, stream.len, step);
        assert_int_equal(got.frames, 3);
        assert_true(got.faults[DC09_FAULT_FRAMING] >= 2);
        assert_int_equal(got.left, 5);
    }
    buf_release(&stream);
}

static void a_frame_without_an_end_is_thrown_away_at_its_limit(void **state)
{
    (void)state;
    size_t len = 3 * DC09_FRAME_MAX;
    char *stream = malloc(len);
    assert_non_null(stream);
    memset(stream, 'x', len);
    stream[0] = '\n';
    for (size_t step = 1; step < 5000; step = step * 3 + 1) {
        struct scanned got = scan(stream, len, step);
        assert_int_equal(got.frames, 0);
        assert_true(got.faults[DC09_FAULT_HUGE] == 1);
        assert_int_equal(got.left, 0);
    }
    stream[DC09_FRAME_MAX] = '\r'; /* in one piece, with an end, but a byte too long */
    struct scanned got = scan(stream, DC09_FRAME_MAX + 1, DC09_FRAME_MAX + 1);
    assert_int_equal(got.frames, 0);
    assert_int_equal(got.faults[DC09_FAULT_HUGE], 1);
    free(stream);
}

/* --- Small things --- */

static void keys_are_digits_or_characters(void **state)
{
    (void)state;
    struct dc09_key key;
    assert_true(dc09_key_parse("00112233445566778899AABBCCddeeff", 32, &key));
    assert_int_equal(key.len, 16);
    assert_int_equal(key.bytes[0], 0);
    assert_int_equal(key.bytes[15], 0xFF);
    assert_true(dc09_key_parse("not hexadecimal, 32 characters!!", 32, &key));
    assert_int_equal(key.len, 32);
    assert_int_equal(key.bytes[31], '!');
    assert_true(dc09_key_parse("AAAAAAAAAAAAAAAA", 16, &key));
    assert_int_equal(key.len, 16);
    for (size_t len = 0; len <= 70; len++) {
        char text[71];
        memset(text, 'z', sizeof text);
        assert_int_equal(dc09_key_parse(text, len, &key), len == 16 || len == 24 || len == 32);
    }
}

static void accounts_and_numbers_are_hexadecimal(void **state)
{
    (void)state;
    assert_true(dc09_is_account("AAA") && dc09_is_account("0123456789abcdef"));
    assert_false(dc09_is_account("AA") || dc09_is_account("0123456789abcdef0") || dc09_is_account("12G") ||
                 dc09_is_account(""));
    assert_true(dc09_is_number("0") && dc09_is_number("789ABC"));
    assert_false(dc09_is_number("") || dc09_is_number("1234567") || dc09_is_number("x"));
}

static void names_do_not_end_at_the_enums_end(void **state)
{
    (void)state;
    assert_string_equal(dc09_kind_name(DC09_TEST), "NULL");
    assert_string_equal(dc09_kind_name(DC09_KIND_COUNT), "none");
    assert_string_equal(dc09_fault_name(DC09_FAULT_STRAY), "stray");
    assert_string_equal(dc09_fault_name(DC09_FAULT_COUNT), "none");
    assert_string_equal(dc09_fault_text(DC09_FAULT_COUNT), "unknown fault");
    assert_string_equal(dc09_fault_text(DC09_FAULT_KEY), "it does not decrypt under this key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_frames_are_read),
        cmocka_unit_test(published_frames_are_written),
        cmocka_unit_test(published_encrypted_frames_are_read),
        cmocka_unit_test(the_published_encrypted_frame_is_written),
        cmocka_unit_test(lines_of_the_field_are_judged_as_the_file_says),
        cmocka_unit_test(every_length_of_data_survives_encryption_under_every_size_of_key),
        cmocka_unit_test(pads_hide_equal_beginnings_and_equal_pads_give_equal_bytes),
        cmocka_unit_test(the_longest_frame_goes_and_one_byte_more_does_not),
        cmocka_unit_test(what_would_not_be_read_is_not_written),
        cmocka_unit_test(hostile_frames_are_refused_by_reason),
        cmocka_unit_test(a_wrong_key_and_a_missing_time_are_told_apart),
        cmocka_unit_test(no_cut_and_no_changed_byte_passes),
        cmocka_unit_test(frames_are_found_in_a_stream_however_it_is_cut),
        cmocka_unit_test(a_frame_without_an_end_is_thrown_away_at_its_limit),
        cmocka_unit_test(keys_are_digits_or_characters),
        cmocka_unit_test(accounts_and_numbers_are_hexadecimal),
        cmocka_unit_test(names_do_not_end_at_the_enums_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
