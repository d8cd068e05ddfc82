#!/usr/bin/env python3
"""The lint: include directions, fences, purity, banned calls, sizes, the wire schema, formatting. Run it as

    /usr/bin/python3 tests/lint/lint.py [--update-golden] [--wishes]

It ends with a line `N passed, N failed`; the exit status is 1 when anything failed. --update-golden writes the golden descriptor of the wire schema anew,
which is right after adding to it and never after changing it. --wishes also lists what is longer than it should be."""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import schema  # noqa: E402
import selftest  # noqa: E402
import sources  # noqa: E402

SHOWN = 40  # faults of one rule


def report(name, faults):
    print(("ok    " if not faults else "FAIL  ") + name)
    for fault in faults[:SHOWN]:
        print("      " + fault)
    if len(faults) > SHOWN:
        print(f"      and {len(faults) - SHOWN} more")
    return not faults


def results(root, update_golden, wishes):
    yield from selftest.run()
    tree = sources.Tree(root)
    for name, rule in sources.RULES:
        yield name, rule(tree, wishes) if rule is sources.sizes else rule(tree)
    try:
        descriptors = schema.compile_protos(os.path.join(root, "proto"))
    except RuntimeError as error:
        yield "the wire schema compiles", [str(error)]
        return
    if update_golden:
        schema.update_golden(descriptors)
    for name, rule in schema.RULES:
        yield "wire schema: " + name, rule(descriptors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--update-golden", action="store_true", help="write the golden descriptor anew")
    parser.add_argument("--wishes", action="store_true", help="list files over 500 and functions over 60 lines")
    arguments = parser.parse_args()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    wishes = []
    passed = failed = 0
    for name, faults in results(root, arguments.update_golden, wishes):
        if report(name, faults):
            passed += 1
        else:
            failed += 1
    if arguments.wishes:
        for wish in wishes:
            print("wish  " + wish)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
