/* Frames of the bracket protocol, however the bytes come; and what they say, against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/json.h"
#include "ingest/watch/message.h"

struct bench {
    struct watch_framer framer;
    struct foreign foreign;
    struct watch_message message;
};

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    watch_framer_init(&bench->framer);
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    watch_framer_release(&bench->framer);
    free(bench);
    return 0;
}

static void put(struct bench *bench, const char *text)
{
    assert_true(watch_framer_put(&bench->framer, text, strlen(text)));
}

static const struct watch_frame *next(struct bench *bench)
{
    return watch_framer_next(&bench->framer);
}

static void expect(struct bench *bench, const char *maker, const char *id, const char *index,
                   const char *content)
{
    const struct watch_frame *frame = next(bench);
    assert_non_null(frame);
    assert_string_equal(frame->maker, maker);
    assert_string_equal(frame->id, id);
    assert_string_equal(frame->index, index);
    assert_string_equal(frame->content, content);
    assert_int_equal(frame->len, strlen(content));
}

static void two_frames_at_once_are_two(void **state)
{
    struct bench *bench = *state;
    put(bench, "[SG*8800000015*0002*LK][ZJ*014111001350304*0034*0009*LK,0,0,19]");
    expect(bench, "SG", "8800000015", "", "LK");
    expect(bench, "ZJ", "014111001350304", "0034", "LK,0,0,19");
    assert_null(next(bench));
    assert_int_equal(bench->framer.skipped, 0);
    assert_int_equal(bench->framer.bad_lengths, 0);
}

static void a_frame_may_come_a_byte_at_a_time(void **state)
{
    static const char text[] = "[CS*1234567890*0034*000e*TK,#!AMR}\x01}\x02}\x03}\x04}\x05\xff]";
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_null(next(bench));
        assert_true(watch_framer_put(&bench->framer, text + i, 1));
    }
    expect(bench, "CS", "1234567890", "0034", "TK,#!AMR}[],*\xff");
    assert_false(bench->framer.frame.bad_length);
    assert_null(next(bench));
}

static void brackets_in_a_networks_name_do_not_end_the_frame(void **state)
{
    struct bench *bench = *state;
    put(bench, "[3G*1*0008*UD,[a]b]][3G*1*0006*UD,a[b][3G*1*0002*LK]");
    expect(bench, "3G", "1", "", "UD,[a]b]");
    expect(bench, "3G", "1", "", "UD,a[b");
    expect(bench, "3G", "1", "", "LK");
    put(bench, "[3G*1*0040*UD,[a]b]");
    assert_null(next(bench));
    assert_string_equal(watch_framer_flush(&bench->framer)->content, "UD,[a]b");
    assert_null(next(bench));
}

static void a_wrong_length_costs_nothing_but_the_count(void **state)
{
    struct bench *bench = *state;
    put(bench, "[SG*1*0001*LK,0,0,9][SG*1*00FF*LK][SG*1*0002*LK]");
    expect(bench, "SG", "1", "", "LK,0,0,9");
    assert_null(next(bench)); /* 255 bytes may still come */
    assert_non_null(watch_framer_flush(&bench->framer));
    assert_string_equal(bench->framer.frame.content, "LK");
    expect(bench, "SG", "1", "", "LK");
    assert_int_equal(bench->framer.bad_lengths, 2);
    put(bench, "[SG*1*00FF*A]");
    assert_null(next(bench));
    assert_non_null(watch_framer_flush(&bench->framer));
    put(bench, "[SG*1*00FF*B]"); /* its lengths are believed no more */
    expect(bench, "SG", "1", "", "B");
    assert_null(watch_framer_flush(&bench->framer));
}

static void what_stands_between_frames_is_passed_over(void **state)
{
    static const char junk[] =
        "\r\nGET / HTTP/1.1\r\n[[3G]*[LK][3G*a b*0002*LK][3GX*1*0002*LK][*1*0002*LK][3G*1*xyz*LK]";
    struct bench *bench = *state;
    put(bench, junk);
    put(bench, "[3G*1*0002*LK]junk");
    expect(bench, "3G", "1", "", "LK");
    assert_null(next(bench));
    assert_int_equal(bench->framer.skipped, strlen(junk) + 4);
}

static void a_sender_without_end_is_refused(void **state)
{
    static char block[4096];
    struct bench *bench = *state;
    size_t taken = 0;
    memset(block, 'x', sizeof(block));
    put(bench, "[3G*1*FFFF*");
    while (taken < 2 * WATCH_RAW_MAX && watch_framer_put(&bench->framer, block, sizeof(block))) {
        assert_null(next(bench));
        taken += sizeof(block);
    }
    assert_true(taken <= WATCH_RAW_MAX);
}

static void an_answer_carries_what_the_watch_sent(void **state)
{
    struct bench *bench = *state;
    struct buf out;
    buf_init(&out, 1000);
    put(bench, "[ZJ*014111001350304*0034*0002*LK][SG*8800000015*0002*LK]");
    watch_frame_write(next(bench), "LK", NULL, 0, &out);
    assert_string_equal(buf_text(&out), "[ZJ*014111001350304*0034*0002*LK]");
    buf_clear(&out);
    watch_frame_write(next(bench), "TK,", "#!AMR}[],*", 10, &out);
    assert_string_equal(buf_text(&out), "[SG*8800000015*000d*TK,#!AMR}\x01}\x02}\x03}\x04}\x05]");
    put(bench, buf_text(&out));
    expect(bench, "SG", "8800000015", "", "TK,#!AMR}[],*");
    buf_release(&out);
}

static void put_yx(struct bench *bench, const char *text)
{
    const size_t len = strlen(text);
    const char head[] = {0, 1, 2, (char)(len >> 8), (char)(len & 0xFF)};
    assert_true(watch_framer_put(&bench->framer, head, sizeof(head)));
    put(bench, text);
    put(bench, "\xff\xfe\xfc");
}

static void frames_with_a_footer_may_stand_beside_bracket_frames(void **state)
{
    struct bench *bench = *state;
    struct buf out;
    put_yx(bench, "YX868704044750055|V1.0|1|{F01#94,1,100}\r\n");
    put(bench, "[3G*1*0002*LK]");
    put_yx(bench, "YX1|V1.0|1|{F64#1}");      /* no line's end */
    put_yx(bench, "QQ1|V1.0|1|{F64#1}\r\n");  /* not its maker */
    put_yx(bench, "YX1|V1.0|{F64#1}\r\n");    /* no model */
    put_yx(bench, "YX1*|V1.0|1|{F64#1}\r\n"); /* no identifier */
    put_yx(bench, "YX1|V1.0|1|{F64#1}\r\n");
    expect(bench, "YX", "868704044750055", "V1.0", "F01#94,1,100");
    assert_int_equal(bench->framer.frame.kind, WATCH_YX);
    assert_false(bench->framer.frame.bad_length);
    expect(bench, "3G", "1", "", "LK");
    assert_int_equal(bench->framer.frame.kind, WATCH_BRACKET);
    expect(bench, "YX", "1", "V1.0", "F64#1");
    assert_null(next(bench));
    buf_init(&out, 200);
    watch_frame_write(&bench->framer.frame, "F64#1", NULL, 0, &out);
    assert_int_equal(out.len, 8 + strlen("YX1|V1.0|0|{F64#1}\r\n"));
    assert_true(watch_framer_put(&bench->framer, out.data, out.len));
    expect(bench, "YX", "1", "V1.0", "F64#1");
    assert_false(bench->framer.frame.bad_length);
    buf_release(&out);
}

/* ---- what frames say ---- */

static enum foreign_outcome say(struct bench *bench, const char *content)
{
    const size_t len = strlen(content);
    char *copy = test_malloc(len);
    memcpy(copy, content, len);
    foreign_clear(&bench->foreign);
    const enum foreign_outcome outcome = watch_decode(copy, len, &bench->foreign, &bench->message);
    test_free(copy);
    return outcome;
}

static const struct event *find(const struct bench *bench, enum event_kind kind)
{
    for (unsigned i = 0; i < bench->foreign.count; i++)
        if (bench->foreign.events[i].kind == kind)
            return &bench->foreign.events[i];
    return NULL;
}

#define POSITION(valid, battery, status)                                                                     \
    "010326,001500," valid ",22.571707,N,113.8613968,E,3.6,0.0,100,7,60," battery ",1000,50," status         \
    ",0,0,15.5"

static void status_bits_are_a_set(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(say(bench, "AL," POSITION("A", "4", "00730011")), FOREIGN_EVENTS);
    assert_non_null(find(bench, EVENT_SOS));
    assert_non_null(find(bench, EVENT_FALL));
    assert_int_equal(find(bench, EVENT_HEARTBEAT)->heartbeat.battery_percent, 4);
    assert_true(find(bench, EVENT_HEARTBEAT)->heartbeat.has_worn);
    assert_false(find(bench, EVENT_HEARTBEAT)->heartbeat.worn);
    assert_int_equal(find(bench, EVENT_ACTIVITY)->activity.motion, MOTION_MOVING);
    const struct event_fix *fix = &find(bench, EVENT_FIX)->fix;
    assert_true(fix->valid && fix->lat == 22.571707 && fix->lon == 113.8613968);
    assert_float_equal(fix->accuracy_m, 15.5, 0);
    assert_float_equal(fix->speed_mps, 1, 1e-6);
    for (unsigned i = 0; i < bench->foreign.count; i++) {
        assert_int_equal(bench->foreign.events[i].at_ms, INT64_C(1772324100000));
        assert_int_equal(bench->foreign.events[i].report, 1);
    }
    assert_string_equal(bench->message.answer, "AL");
    assert_true(bench->message.is_alarm);
}

static void each_bit_is_its_own_and_an_alarm_without_a_reason_is_the_button(void **state)
{
    static const struct {
        const char *type, *status;
        enum event_kind kind; /* NONE: nothing beside heartbeat and fix */
    } bits[] = {
        {"AL", "00010000", EVENT_SOS},  {"UD", "00200000", EVENT_FALL},     {"AL", "00400000", EVENT_FALL},
        {"AL", "4000", EVENT_TAMPER},   {"UD", "00000010", EVENT_ACTIVITY}, {"UD", "0", EVENT_NONE},
        {"AL", "000E0006", EVENT_NONE}, {"AL", "80000000", EVENT_NONE},     {"AL", "1", EVENT_NONE},
        {"AL", "0", EVENT_SOS},         {"AL_LTE", "?", EVENT_SOS},         {"AL", "", EVENT_SOS}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "%s,010326,001500,V,0.0,N,0.0,E,0,0,0,0,100,50,0,0,%s,0,0,0",
                 bits[i].type, bits[i].status);
        assert_int_equal(say(bench, text), FOREIGN_EVENTS);
        assert_int_equal(bench->foreign.count, bits[i].kind == EVENT_NONE ? 2 : 3);
        if (bits[i].kind != EVENT_NONE)
            assert_non_null(find(bench, bits[i].kind));
        assert_true(bits[i].kind != EVENT_SOS || bench->foreign.events[0].kind == EVENT_SOS);
        assert_false(find(bench, EVENT_FIX)->fix.valid);
    }
}

static void low_battery_without_a_number_is_low(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(say(bench, "AL," POSITION("A", "", "00020000")), FOREIGN_EVENTS);
    assert_int_equal(find(bench, EVENT_HEARTBEAT)->heartbeat.battery_percent, 10);
}

static void a_place_that_is_none_is_not_valid(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(say(bench, "UD," POSITION("V", "50", "0")), FOREIGN_EVENTS);
    assert_false(find(bench, EVENT_FIX)->fix.valid);
    assert_int_equal(say(bench, "UD_LTE,010326,001500,A,0.0,N,0.0,E,0,0,0,9,100,50,0,0,0,0,0"),
                     FOREIGN_EVENTS);
    assert_false(find(bench, EVENT_FIX)->fix.valid);
    assert_int_equal(say(bench, "UD,010326,001500,A,91.0,N,113.0,E,0,0,0,9,100,50,0,0,0,0,0"),
                     FOREIGN_EVENTS);
    assert_false(find(bench, EVENT_FIX)->fix.valid);
    assert_string_equal(bench->foreign.bad_field, "lat");
}

static void a_place_without_satellites_is_as_wide_as_its_source(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(
        say(bench, "UD,010326,001500,A,22.5,S,113.8,W,0,0,0,0,100,50,0,0,0,1,0,460,0,1,2,3,1,n,m,-5,30.5"),
        FOREIGN_EVENTS);
    assert_int_equal(find(bench, EVENT_FIX)->fix.source, FIX_SOURCE_WIFI);
    assert_float_equal(find(bench, EVENT_FIX)->fix.accuracy_m, 30.5, 0);
    assert_true(find(bench, EVENT_FIX)->fix.lat == -22.5 && find(bench, EVENT_FIX)->fix.lon == -113.8);
    assert_int_equal(say(bench, "UD,010326,001500,A,22.5,N,113.8,E,0,0,0,0,100,50,0,0,0,0,1,n,m,-5"),
                     FOREIGN_EVENTS);
    assert_float_equal(find(bench, EVENT_FIX)->fix.accuracy_m, 100, 0);
    assert_int_equal(say(bench, "UD,010326,001500,A,22.5,N,113.8,E,0,0,0,0,100,50,0,0,0,0,0"),
                     FOREIGN_EVENTS);
    assert_int_equal(find(bench, EVENT_FIX)->fix.source, FIX_SOURCE_CELL);
    assert_float_equal(find(bench, EVENT_FIX)->fix.accuracy_m, 1000, 0);
}

static void a_bad_value_costs_its_field_only(void **state)
{
    static const struct {
        const char *text, *field;
    } bad[] = {{"AL,320126,001500,A,1.0,N,2.0,E,0,0,0,5,60,50,0,0,00010000,0,0", "date"},
               {"AL,010326,001560,A,1.0,N,2.0,E,0,0,0,5,60,50,0,0,00010000,0,0", "date"},
               {"AL,010326,001500,A,1.0,N,2.0,E,0,0,0,5,60,150,0,0,00010000,0,0", "battery"},
               {"AL,010326,001500,A,x,N,2.0,E,0,0,0,5,60,50,0,0,00010000,0,0", "lat"},
               {"AL,010326,001500,A,1.0,N,2.0,E,fast,0,0,5,60,50,0,0,00010000,0,0", "speed"},
               {"AL,010326,001500,B,1.0,N,2.0,E,0,0,0,5,60,50,0,0,00010000,0,0", "valid"},
               {"AL,010326,001500,A,1.0,N,2.0,E,0,0,0,5,60,50,0,0,00010000,999,0", "cells"},
               {"AL,010326,001500,A,1.0,N,2.0,E,0,0,0,5,60,50,0,0,00010000,0,0,-7", "accuracy"}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(say(bench, bad[i].text), FOREIGN_EVENTS);
        assert_non_null(find(bench, EVENT_SOS));
        assert_int_equal(bench->foreign.bad_fields, 1);
        assert_string_equal(bench->foreign.bad_field, bad[i].field);
    }
    assert_int_equal(say(bench, "AL,010326,001500,A,1.0,N"), FOREIGN_MALFORMED);
    assert_string_equal(bench->message.answer, "AL");
    assert_int_equal(say(bench, "AL,010326,001500,A,1.0,N,2.0,E,0,0,0,5,60,50,0,0,zz,0,0"), FOREIGN_EVENTS);
    assert_string_equal(bench->foreign.bad_field, "status");
}

static void answers_are_what_each_type_waits_for(void **state)
{
    static const struct {
        const char *content, *answer;
        enum foreign_outcome outcome;
        bool is_echo;
    } said[] = {{"LK", "LK", FOREIGN_EVENTS, false},
                {"LK,50,100,80", "LK", FOREIGN_EVENTS, false},
                {"INIT,123", "INIT,1", FOREIGN_NO_NEWS, false},
                {"TKQ", "TKQ", FOREIGN_NO_NEWS, false},
                {"TKQ2", "TKQ2", FOREIGN_NO_NEWS, false},
                {"TK,#!AMR...", "TK,1", FOREIGN_NO_NEWS, false},
                {"TK,1", "", FOREIGN_NO_NEWS, true},
                {"JXTK,a,1,2,x", "JXTKR,1", FOREIGN_NO_NEWS, false},
                {"MESSAGE", "", FOREIGN_NO_NEWS, true},
                {"CR", "", FOREIGN_NO_NEWS, true},
                {"img,5,190101,\xff\xd8", "", FOREIGN_NO_NEWS, false},
                {"DANCE,1", "", FOREIGN_UNKNOWN_TYPE, false},
                {"", "", FOREIGN_UNKNOWN_TYPE, false}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        assert_int_equal(say(bench, said[i].content), said[i].outcome);
        assert_string_equal(bench->message.answer, said[i].answer);
        assert_int_equal(bench->message.is_echo, said[i].is_echo);
    }
    assert_int_equal(say(bench, "TK,0"), FOREIGN_NO_NEWS);
    assert_true(bench->message.is_echo && bench->message.has_failed);
    assert_int_equal(say(bench, "TK,1"), FOREIGN_NO_NEWS);
    assert_false(bench->message.has_failed);
    assert_int_equal(say(bench, "LK,50,100,80"), FOREIGN_EVENTS);
    assert_int_equal(bench->foreign.events[0].heartbeat.battery_percent, 80);
}

static void vitals_of_each_sort(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(say(bench, "bphrt,109,68,77"), FOREIGN_EVENTS);
    assert_int_equal(bench->foreign.events[0].vitals.systolic_mmhg, 109);
    assert_int_equal(bench->foreign.events[0].vitals.diastolic_mmhg, 68);
    assert_int_equal(bench->foreign.events[0].vitals.heart_rate_bpm, 77);
    assert_int_equal(say(bench, "btemp2,1,36.5"), FOREIGN_EVENTS);
    assert_float_equal(bench->foreign.events[0].vitals.temperature_c, 36.5, 0);
    assert_int_equal(say(bench, "btemp2,0,36.5"), FOREIGN_NO_NEWS);
    assert_int_equal(say(bench, "oxygen,0,97"), FOREIGN_EVENTS);
    assert_int_equal(bench->foreign.events[0].vitals.spo2_percent, 97);
    assert_int_equal(say(bench, "oxygen,97,,"), FOREIGN_EVENTS); /* empty fields may stand at the end */
    assert_int_equal(bench->foreign.events[0].vitals.spo2_percent, 97);
    assert_int_equal(say(bench, "TEMP,36.5,"), FOREIGN_EVENTS);
    assert_float_equal(bench->foreign.events[0].vitals.temperature_c, 36.5, 0);
    assert_int_equal(say(bench, "bphrt,120,79,,,,,"), FOREIGN_EVENTS);
    assert_false(bench->foreign.events[0].vitals.has_heart_rate);
    assert_int_equal(say(bench, "heart, "), FOREIGN_NO_NEWS); /* a space is nothing, and no fault */
    assert_int_equal(bench->foreign.bad_fields, 0);
    assert_int_equal(say(bench, "heart,0"), FOREIGN_NO_NEWS);
    assert_int_equal(say(bench, "heart,7"), FOREIGN_BAD_VALUE);
    assert_int_equal(say(bench, "heart"), FOREIGN_NO_NEWS);
}

static void a_watch_that_asks_where_it_is_says_so_first(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(say(bench, "WG,010326,001500,V,0.0,N,0.0,E,0,0,0,0,60,50,0,0,00010000,0,0"),
                     FOREIGN_EVENTS);
    assert_non_null(find(bench, EVENT_SOS)); /* the bits of an asking report count like any other's */
    assert_int_equal(say(bench, "WAD,CH,010326,001500,A,22.5,N,113.8,E,0,0,0,5,60,50,0,0,00000000,0,0"),
                     FOREIGN_EVENTS);
    assert_true(find(bench, EVENT_FIX)->fix.valid && find(bench, EVENT_FIX)->fix.lat == 22.5);
    assert_string_equal(bench->message.answer, "");
    assert_int_equal(say(bench, "WAD"), FOREIGN_MALFORMED);
    assert_int_equal(say(bench, "WAD,CH"), FOREIGN_MALFORMED);
}

static void the_second_kind_says_state_and_positions(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(say(bench, "F01#94,1,100,0,31000,900"), FOREIGN_EVENTS);
    assert_int_equal(bench->foreign.events[0].heartbeat.battery_percent, 94);
    assert_string_equal(bench->message.answer, "F01#1");
    assert_int_equal(
        say(bench,
            "F02#113.8,22.5,202603010015,3.6|0,0,202603010016,0|200,22.5,202603010017,0|113.8,22.5,x,0"),
        FOREIGN_EVENTS);
    assert_int_equal(bench->foreign.count, 3);
    assert_true(bench->foreign.events[0].fix.valid && bench->foreign.events[0].fix.lat == 22.5);
    assert_int_equal(bench->foreign.events[0].at_ms, INT64_C(1772324100000));
    assert_false(bench->foreign.events[1].fix.valid);
    assert_int_equal(bench->foreign.events[2].at_ms, 0);
    assert_int_equal(bench->foreign.bad_fields, 2);
    assert_int_equal(say(bench, "F03#34:34,-5_00:11,-6|18,7,3,590192,30"), FOREIGN_EVENTS);
    assert_false(bench->foreign.events[0].fix.valid);
    assert_int_equal(say(bench, "F64#1,2"), FOREIGN_NO_NEWS);
    assert_string_equal(bench->message.answer, "F64#1,2");
    assert_int_equal(say(bench, "F01#194"), FOREIGN_BAD_VALUE);
    assert_int_equal(say(bench, "F02"), FOREIGN_MALFORMED);
    assert_int_equal(say(bench, "F02#"), FOREIGN_NO_NEWS);
    assert_int_equal(say(bench, "F77#1"), FOREIGN_UNKNOWN_TYPE);
}

/* ---- published vectors ---- */

static FILE *open_vectors(const char *name)
{
    FILE *file = fopen(name, "re");
    assert_non_null(file);
    return file;
}

static size_t unhex(const char *hex, unsigned char *to)
{
    size_t len = 0;
    for (; hex[2 * len] != '\0'; len++) {
        unsigned value;
        assert_int_equal(sscanf(hex + 2 * len, "%2x", &value), 1);
        to[len] = (unsigned char)value;
    }
    return len;
}

/* The owner's frame with its head cut off: LEN counts what is behind it. */
static const unsigned char *content_of(const unsigned char *frame, size_t len, size_t *ret_len)
{
    unsigned stars = 0;
    size_t at = 0;
    const bool has_index = memcmp(frame, "[ZJ", 3) == 0;
    while (stars < (has_index ? 4U : 3U))
        stars += frame[at++] == '*';
    *ret_len = len - at - 1;
    return frame + at;
}

static void a_peers_frames_are_cut_alike_at_once_and_byte_by_byte(void **state)
{
    struct bench *bench = *state;
    FILE *file = open_vectors(HUYANG_TEST_DATA "/data/watch-protocols/frames.jsonl");
    char line[4096];
    unsigned count = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        static unsigned char stream[2048], wanted[2048];
        struct json *root;
        size_t content_len;
        assert_int_equal(json_parse(line, strlen(line), &root, NULL), ERR_OK);
        const size_t len = unhex(json_string(json_get(root, "stream_hex")), stream);
        const size_t wanted_len = unhex(json_string(json_get(root, "frame_hex")), wanted);
        const unsigned char *content = content_of(wanted, wanted_len, &content_len);
        for (int way = 0; way < 2; way++) {
            watch_framer_release(&bench->framer);
            watch_framer_init(&bench->framer);
            const struct watch_frame *frame = NULL;
            for (size_t i = 0; frame == NULL && i < len; i += way == 0 ? len : 1) {
                assert_true(watch_framer_put(&bench->framer, stream + i, way == 0 ? len : 1));
                frame = next(bench);
            }
            if (frame == NULL)
                frame = watch_framer_flush(&bench->framer); /* made anonymous, with another length */
            assert_non_null(frame);
            assert_int_equal(frame->len, content_len);
            assert_memory_equal(frame->content, content, content_len);
        }
        json_free(root);
        count++;
    }
    fclose(file);
    assert_int_equal(count, 7);
}

static void as_its_owner_demands(struct bench *bench, const struct json *root)
{
    const char *wanted = json_string(json_get(root, "assert"));
    const char *value = json_string(json_get(json_get(root, "expect"), "value"));
    const struct json *position = json_get(root, "expect_position");
    const struct event *fix = find(bench, EVENT_FIX);
    if (strcmp(wanted, "verifyNull") == 0)
        assert_null(fix);
    if (strcmp(wanted, "verifyPosition") == 0)
        assert_non_null(fix);
    if (strcmp(wanted, "verifyAttributes") == 0)
        assert_non_null(find(bench, EVENT_VITALS));
    if (value != NULL && strcmp(value, "sos") == 0)
        assert_non_null(find(bench, EVENT_SOS));
    if (value != NULL && strcmp(value, "removing") == 0)
        assert_true(find(bench, EVENT_HEARTBEAT)->heartbeat.has_worn &&
                    !find(bench, EVENT_HEARTBEAT)->heartbeat.worn);
    if (position == NULL)
        return;
    bool valid = false;
    double lat = 0, lon = 0;
    char time[CLOCK_TEXT_SIZE];
    const char *utc = json_string(json_get(position, "utc"));
    assert_true(json_bool(json_get(position, "valid"), &valid));
    assert_true(json_number(json_get(position, "lat"), &lat) && json_number(json_get(position, "lon"), &lon));
    clock_format(NULL, fix->at_ms, time);
    assert_memory_equal(time, utc, 10);
    assert_memory_equal(time + 11, utc + 11, 8);
    assert_int_equal(fix->fix.valid, valid);
    if (valid) { /* what is no fix has no place */
        assert_float_equal(fix->fix.lat, lat, 1e-5);
        assert_float_equal(fix->fix.lon, lon, 1e-5);
    }
}

static void a_peers_messages_say_what_their_owner_demands(void **state)
{
    struct bench *bench = *state;
    FILE *file = open_vectors(HUYANG_TEST_DATA "/data/watch-protocols/watch.jsonl");
    char line[4096];
    unsigned count = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        struct json *root;
        assert_int_equal(json_parse(line, strlen(line), &root, NULL), ERR_OK);
        watch_framer_release(&bench->framer);
        watch_framer_init(&bench->framer);
        put(bench, json_string(json_get(root, "payload")));
        const struct watch_frame *frame = next(bench);
        if (frame == NULL)
            frame = watch_framer_flush(&bench->framer); /* made anonymous, with another length */
        assert_non_null(frame);
        foreign_clear(&bench->foreign);
        const enum foreign_outcome outcome =
            watch_decode(frame->content, frame->len, &bench->foreign, &bench->message);
        assert_true(outcome == FOREIGN_EVENTS || outcome == FOREIGN_NO_NEWS);
        assert_int_equal(bench->foreign.bad_fields, 0);
        as_its_owner_demands(bench, root);
        json_free(root);
        count++;
    }
    fclose(file);
    assert_int_equal(count, 25);
}

static void a_peers_wristband_says_what_its_owner_demands(void **state)
{
    struct bench *bench = *state;
    FILE *file = open_vectors(HUYANG_TEST_DATA "/data/watch-protocols/wristband.jsonl");
    char line[4096];
    unsigned count = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        static unsigned char bytes[2048];
        struct json *root;
        assert_int_equal(json_parse(line, strlen(line), &root, NULL), ERR_OK);
        const size_t len = unhex(json_string(json_get(root, "payload")), bytes);
        const struct watch_frame *frame = NULL;
        for (size_t i = 0; i < len; i++) {
            assert_null(frame);
            assert_true(watch_framer_put(&bench->framer, bytes + i, 1));
            frame = next(bench);
        }
        assert_non_null(frame);
        assert_string_equal(frame->id, "868704044750055");
        assert_false(frame->bad_length);
        foreign_clear(&bench->foreign);
        const enum foreign_outcome outcome =
            watch_decode(frame->content, frame->len, &bench->foreign, &bench->message);
        const bool null = strcmp(json_string(json_get(root, "assert")), "verifyNull") == 0;
        assert_int_equal(outcome, null ? FOREIGN_NO_NEWS : FOREIGN_EVENTS);
        json_free(root);
        count++;
    }
    fclose(file);
    assert_int_equal(count, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_frames_at_once_are_two),
        TEST(a_frame_may_come_a_byte_at_a_time),
        TEST(brackets_in_a_networks_name_do_not_end_the_frame),
        TEST(a_wrong_length_costs_nothing_but_the_count),
        TEST(what_stands_between_frames_is_passed_over),
        TEST(a_sender_without_end_is_refused),
        TEST(an_answer_carries_what_the_watch_sent),
        TEST(status_bits_are_a_set),
        TEST(each_bit_is_its_own_and_an_alarm_without_a_reason_is_the_button),
        TEST(low_battery_without_a_number_is_low),
        TEST(a_place_that_is_none_is_not_valid),
        TEST(a_place_without_satellites_is_as_wide_as_its_source),
        TEST(a_bad_value_costs_its_field_only),
        TEST(answers_are_what_each_type_waits_for),
        TEST(vitals_of_each_sort),
        TEST(a_watch_that_asks_where_it_is_says_so_first),
        TEST(a_peers_frames_are_cut_alike_at_once_and_byte_by_byte),
        TEST(a_peers_messages_say_what_their_owner_demands),
        TEST(frames_with_a_footer_may_stand_beside_bracket_frames),
        TEST(the_second_kind_says_state_and_positions),
        TEST(a_peers_wristband_says_what_its_owner_demands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
