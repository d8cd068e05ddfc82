"""Each rule of the lint proves on a small bad sample that it fails, and on a good one that it does not."""

import os
import tempfile

import schema
import sources


def tree(**texts):
    """A tree from path=text pairs; in the names `__` stands for "/" and `_c`, `_h` at the end for the extension."""
    return sources.Tree(".", {name.replace("__", "/").replace("firmware", "firmware-stub")[:-2] + "." + name[-1]: text
                              for name, text in texts.items()})


GUARD = "#ifndef HUYANG_A_H\n#define HUYANG_A_H\n#endif\n"

# (name of the case, rule, tree, number of faults)
SOURCE_CASES = [
    ("detect may include registry", sources.include_directions,
     tree(gateway__detect__a_c='#include "registry/r.h"\n', gateway__registry__r_h=GUARD), 0),
    ("registry must not include detect", sources.include_directions,
     tree(gateway__registry__a_c='#include "detect/d.h"\n', gateway__detect__d_h=GUARD), 1),
    ("relay must not include store", sources.include_directions,
     tree(gateway__relay__a_c='#include "store/s.h"\n', gateway__store__s_h=GUARD), 1),
    ("core must not include a header of the pipeline", sources.include_directions,
     tree(gateway__core__a_c='#include "input.h"\n', gateway__input_h=GUARD), 1),
    ("store may include a header of the pipeline", sources.include_directions,
     tree(gateway__store__a_c='#include "input.h"\n', gateway__input_h=GUARD), 0),
    ("an unknown stage is noticed", sources.include_directions, tree(gateway__utils__a_c="\n"), 1),
    ("the portable core must not include stdio", sources.include_directions, tree(firmware__core__a_c="#include <stdio.h>\n"), 1),
    ("an include in a comment does not count", sources.include_directions,
     tree(gateway__registry__a_c='/* #include "detect/d.h" */\n', gateway__detect__d_h=GUARD), 0),
    ("sqlite belongs to the store", sources.fences, tree(gateway__api__a_c="#include <sqlite3.h>\n"), 1),
    ("sqlite is fine in the store", sources.fences, tree(gateway__store__sqlite__a_c="#include <sqlite3.h>\n"), 0),
    ("yaml is fine in the configuration", sources.fences, tree(gateway__config_yaml_c="#include <yaml.h>\n"), 0),
    ("generated headers stay out of detect", sources.fences, tree(gateway__detect__a_c='#include "huyang/v1/event.pb-c.h"\n'), 1),
    ("libuv stays in the loop", sources.fences, tree(gateway__gateway_c="#include <uv.h>\n"), 1),
    ("a detector must not read the clock", sources.purity, tree(gateway__detect__a_c="int f(void)\n{\n    g(clock_now());\n}\n"), 1),
    ("returning the clock is reading it", sources.purity, tree(gateway__detect__a_c="    return clock_now();\n"), 1),
    ("a detector must not print", sources.purity, tree(gateway__detect__a_c='    printf("x");\n'), 1),
    ("a word in a string or comment is no call", sources.purity, tree(gateway__detect__a_c='    g("time (s)"); /* open() */\n'), 0),
    ("a member named read is no call of read", sources.purity, tree(gateway__alert__a_c="    x->read(1);\n    y.open(2);\n"), 0),
    ("alert must not know the loop", sources.purity, tree(gateway__alert__a_c='#include "core/loop.h"\n'), 1),
    ("strcpy is banned", sources.banned_calls, tree(gateway__core__a_c="    strcpy(a, b);\n"), 1),
    ("strcpy in a comment is not", sources.banned_calls, tree(gateway__core__a_c="    /* strcpy(a, b) */ // sprintf(x)\n"), 0),
    ("a longer name is another function", sources.banned_calls, tree(gateway__core__a_c="    my_strcpy(a); strcpy_s(b);\n"), 0),
    ("a unit test does not sleep", sources.banned_calls, tree(tests__unit__core__a_c="    sleep(1);\n"), 1),
    ("a file of 601 lines is too long", sources.sizes, tree(gateway__core__a_c="int x;\n" * 601), 1),
    ("a file of 600 lines is not", sources.sizes, tree(gateway__core__a_c="int x;\n" * 600), 0),
    ("a function of 121 lines is too long", sources.sizes, tree(gateway__core__a_c="int f(void)\n{\n" + "    x;\n" * 119 + "}\n"), 1),
    ("a function of 120 lines is not", sources.sizes, tree(gateway__core__a_c="int f(void)\n{\n" + "    x;\n" * 118 + "}\n"), 0),
    ("a global variable is noticed", sources.habits, tree(gateway__core__a_c="static int counter;\n"), 1),
    ("a global array is noticed", sources.habits, tree(gateway__core__a_c="struct thing things[8] = {0};\n"), 1),
    ("a const table is fine", sources.habits, tree(gateway__core__a_c="static const int table[] = {1};\nextern const int a[];\nint f(void);\n"), 0),
    ("a typedef of a struct is noticed", sources.habits, tree(gateway__core__a_c="typedef struct x x;\n"), 1),
    ("a header needs a guard", sources.habits, tree(gateway__core__a_h="int f(void);\n"), 1),
    ("leftovers are noticed", sources.words, tree(docs__a_c="TO" + "DO: later\n"), 1),
    ("a log id that the handbook lacks is noticed", sources.log_ids, tree(gateway__core__a_c='    log_write(LOG_WARN, "a.b", "x");\n'), 1),
    ("machine paths are noticed", sources.words, tree(docs__a_c='"/wo' + 'rk/main"\n'), 1),
]

GOOD = """syntax = "proto3"; package huyang.v1;
enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }
message Inner { repeated uint32 numbers = 1; }
message Outer { oneof one { Inner inner = 1; } Kind kind = 2; bytes clip_sha256 = 3; repeated Inner more = 4; }
"""
# (name of the case, rule, change of GOOD, number of faults)
SCHEMA_CASES = [
    ("a sound schema passes", None, ("", ""), 0),
    ("a message in itself is noticed", schema.no_recursion, ("repeated uint32 numbers = 1;", "repeated Outer numbers = 1;"), 2),
    ("a quadratic merge is noticed", schema.no_quadratic_merge, ("oneof one { Inner inner = 1; }", "Inner inner = 1;"), 1),
    ("optional is noticed", schema.no_optional, ("Kind kind = 2;", "optional Kind kind = 2;"), 1),
    ("an enum without UNSPECIFIED is noticed", schema.enums_start_unspecified, ("KIND_UNSPECIFIED", "KIND_NONE"), 1),
    ("a field named base is noticed", schema.no_clash_in_c, ("Kind kind = 2;", "Kind base = 2;"), 1),
    ("a field named like a count is noticed", schema.no_clash_in_c, ("Kind kind = 2;", "uint32 n_more = 2;"), 1),
    ("an embedding is noticed", schema.no_biometrics, ("Kind kind = 2;", "repeated float face_embedding = 2;"), 1),
    ("plain bytes are noticed", schema.no_biometrics, ("bytes clip_sha256", "bytes clip"), 1),
    ("an added field that is not in the golden yet is noticed", "golden", ("Kind kind = 2;", "Kind kind = 2; uint32 extra = 9;"), 1),
    ("a renamed field is noticed", "golden", ("Kind kind = 2;", "Kind sort = 2;"), 1),
    ("a changed type is noticed", "golden", ("Kind kind = 2;", "uint32 kind = 2;"), 1),
    ("a moved number is noticed", "golden", ("Kind kind = 2;", "Kind kind = 7;"), 2),
    ("a dropped field whose number is reserved is fine", "golden", ("Kind kind = 2;", "reserved 2;"), 0),
    ("leaving a oneof is noticed", "golden", ("oneof one { Inner inner = 1; }", "Inner inner = 1;"), 1),
    ("a changed enum value is noticed", "golden", ("KIND_A = 1", "KIND_B = 1"), 1),
]


TABLE = "| what | held by |\n|---|---|\n| a | `scenario/a`, `unit/alert/t.c::f` |\n"
HOLDING = {"tests/scenario/a/expect.json": "{}", "tests/unit/alert/t.c": "static void f(void **state)\n"}
TABLE_CASES = [
    ("a table whose tests are there is fine", TABLE, 0),
    ("a scenario that is not there is noticed", TABLE.replace("scenario/a", "scenario/b"), 1),
    ("a test that is not there is noticed", TABLE.replace("::f", "::g"), 1),
    ("a row that names no test is noticed", TABLE + "| b | by hand |\n", 1),
    ("another table may name what it likes", TABLE.replace("held by", "test").replace("scenario/a", "scenario/b"), 0),
]


def compiled(text):
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "huyang", "v1"))
        with open(os.path.join(folder, "huyang", "v1", "t.proto"), "w", encoding="utf-8") as file:
            file.write(text)
        return schema.compile_protos(folder)


def run():
    """(name, faults) of each case."""
    for name, rule, sample, expected in SOURCE_CASES:
        found = rule(sample)
        yield "lint: " + name, [] if len(found) == expected else [f"{expected} faults expected, found {found}"]
    for name, table, expected in TABLE_CASES:
        found = sources.named_tests(sources.Tree(".", {"tests/README.md": table, **HOLDING}))
        yield "lint: " + name, [] if len(found) == expected else [f"{expected} faults expected, found {found}"]
    found = schema.uncommented_fields("message A {\n  uint32 a_m = 1;\n  uint32 b_m = 2;  // metres\n}\nenum B {\n  B_UNSPECIFIED = 0;\n}\n")
    yield "lint: a field without a comment is noticed", [] if found == ["A.a_m has no comment"] else [f"found {found}"]
    golden = schema.golden_of(compiled(GOOD))
    for name, rule, (old, new), expected in SCHEMA_CASES:
        descriptors = compiled(GOOD.replace(old, new) if old else GOOD)
        if rule == "golden":
            found = schema.compare_with_golden(descriptors, golden)
        elif rule:
            found = rule(descriptors)
        else:
            found = [f for _, each in schema.RULES[:-1] for f in each(descriptors)]
        yield "lint: " + name, [] if len(found) == expected else [f"{expected} faults expected, found {found}"]
