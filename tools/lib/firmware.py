#!/usr/bin/env python3
"""Compiles the device core for a Cortex-M3, runs it there (in QEMU), and holds what it says and what it costs.

  tools/lib/firmware.py            every check; ends with "N passed, N failed"
  tools/lib/firmware.py --write    measure, and write table and bytes into docs/device-integration.md

What must be there: the host's build (build/release, for huyang-walk) and packages-firmware.txt. protobuf-c is compiled
from Debian's source package, fetched once into build/cortex-m; nothing of it is committed.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "cortex-m")
DOCUMENT = os.path.join(ROOT, "docs", "device-integration.md")
KIB = 1024
BUDGET = {"flash": 48 * KIB, "ram": 8 * KIB, "stack": 3 * KIB}
# What of the link map counts as what; the story and the start-up code belong to the test, not to a device.
PARTS = [("core", "libcore.a"), ("application (wristband)", "libapplication.a"), ("messages (descriptors)", "libmessages.a"),
         ("protobuf-c", "libprotobuf-c.a"), ("compiler and C library", "libgcc.a libc_nano.a")]
SECTION = re.compile(r"^ \.(text|rodata|data|ARM)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$", re.MULTILINE)


class Failure(Exception):
    """A check that does not hold; its text says which and why."""


def run(command, **options):
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                            timeout=300, **options)
    if result.returncode != 0:
        raise Failure(f"{' '.join(command[:3])} ...: exit status {result.returncode}\n{result.stdout[-3000:]}")
    return result.stdout


def source_entries():
    """The machine's own package sources, for source packages too: the same mirrors, the same keys."""
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path, encoding="utf-8") as file:
            yield "huyang.sources", re.sub(r"^Types:.*$", "Types: deb-src", file.read(), flags=re.MULTILINE)
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*.list"))]:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                yield "huyang.list", "".join(re.sub(r"^deb(?=\s)", "deb-src", line) for line in file if re.match(r"deb\s", line))


def fetch_protobuf_c():
    """Debian's source of protobuf-c, verified by apt; returns the unpacked folder."""
    folder = os.path.join(BUILD, "source")
    found = glob.glob(os.path.join(folder, "protobuf-c-*", "protobuf-c", "protobuf-c.c"))
    if not found:
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            os.makedirs(os.path.join(folder, name))
        for number, (name, text) in enumerate(source_entries()):
            with open(os.path.join(folder, "parts", f"{number}-{name}"), "w", encoding="utf-8") as file:
                file.write(text)
        apt = ["apt-get", "-q", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={folder}/parts", "-o", f"Dir::State::lists={folder}/lists",
               "-o", f"Dir::Cache={folder}/cache", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"]
        run([*apt, "update"])
        run(["bash", "-c", 'cd "$1" && shift && exec "$@"', "bash", folder, *apt, "source", "--download-only", "protobuf-c"])
        archives = glob.glob(os.path.join(folder, "protobuf-c_*.orig.tar.*"))
        if not archives:
            raise Failure("the source package of protobuf-c has no archive")
        run(["tar", "-xf", archives[0], "-C", folder])
        found = glob.glob(os.path.join(folder, "protobuf-c-*", "protobuf-c", "protobuf-c.c"))
    if not found:
        raise Failure("the source package of protobuf-c holds no protobuf-c.c")
    return os.path.dirname(os.path.dirname(found[0]))


def compile_core():
    run(["cmake", "-S", "firmware-stub/hal/cortex-m", "-B", BUILD, "-G", "Ninja", f"-DPROTOBUF_C_SOURCE={fetch_protobuf_c()}"])
    run(["cmake", "--build", BUILD])


def told_by_target():
    return run(["qemu-system-arm", "-M", "mps2-an385", "-nographic", "-semihosting-config", "enable=on,target=native", "-kernel",
                os.path.join(BUILD, "walk.elf")]).replace("\r", "")


def told_by_host():
    return run([os.path.join(ROOT, "build", "release", "bin", "huyang-walk")])


def flash_by_part():
    """Bytes of flash per part, read off the link map. Long section names break their line there."""
    with open(os.path.join(BUILD, "walk.map"), encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"^( \.\S+)\n\s+", r"\1 ", text[text.index("Linker script and memory map"):], flags=re.MULTILINE)
    sizes = Counter()
    for section, size, owner in SECTION.findall(text):
        part = next((name for name, libraries in PARTS if any(library + "(" in owner for library in libraries.split())), None)
        if part and section != "ARM":
            sizes[part] += int(size, 16)
    return sizes


def symbols():
    table = {}
    for line in run(["arm-none-eabi-nm", "-S", os.path.join(BUILD, "walk.elf")]).splitlines():
        words = line.split()
        if len(words) == 4:
            table[words[3]] = int(words[1], 16)
        elif words:
            table.setdefault(words[-1], 0)
    return table


def member_sizes():
    """struct wristband holds struct device_core; the scratch stands beside it."""
    source = os.path.join(BUILD, "sizes.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write('#include "apps/wristband.h"\nchar core[sizeof(struct device_core)], band[sizeof(struct wristband)], scratch[sizeof(struct device_scratch)];\n')
    run(["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-DDEVICE_SMALL", "-Ifirmware-stub", f"-I{BUILD}", f"-I{fetch_protobuf_c()}", "-c", source, "-o",
         source + ".o"])
    sizes = {}
    for line in run(["arm-none-eabi-nm", "-S", source + ".o"]).splitlines():
        words = line.split()
        sizes[words[3]] = int(words[1], 16)
    return sizes


class Measured:
    def __init__(self):
        self.flash = flash_by_part()
        self.members = member_sizes()
        self.target = told_by_target()
        self.wear = run([os.path.join(ROOT, "build", "release", "bin", "huyang-wear")])
        stack = re.search(r"^# stack (\d+)$", self.target, re.MULTILINE)
        if not stack:
            raise Failure("the target did not reach its end:\n" + self.target[-500:])
        self.stack = int(stack.group(1))
        self.story = self.target[:stack.start()]
        self.flash_sum = sum(self.flash.values())
        self.ram_sum = self.members["band"] + self.members["scratch"]

    def table(self):
        rows = ["| part | flash | RAM |", "|---|---|---|"]
        rows += [f"| {name} | {self.flash[name]:,} | {ram} |" for (name, _), ram in
                 zip(PARTS, [f"{self.members['core']:,}", f"{self.members['band'] - self.members['core']:,}", "", "", ""])]
        rows += [f"| buffers, shared by all that is read and sent | | {self.members['scratch']:,} |",
                 f"| **together** | **{self.flash_sum:,}** of {BUDGET['flash']:,} | **{self.ram_sum:,}** of {BUDGET['ram']:,} |",
                 f"| stack, the deepest seen in the story below | | {self.stack:,} of {BUDGET['stack']:,} |"]
        return "\n".join(rows) + "\n"

    def scenes(self):
        """The story up to the hour offline, which is long."""
        return "```\n" + self.story[:self.story.index("# an hour")] + "```\n"

    def parts(self):
        return [("sizes", self.table()), ("one SOS", self.scenes()), ("wear", self.wear)]


def between(text, name, new=None):
    """The part of the document between two marks, or the document with it replaced."""
    start, end = f"<!-- measured: {name} -->\n", "<!-- end -->"
    if start not in text:
        raise Failure(f"docs/device-integration.md has no part {name}")
    at = text.index(start) + len(start)
    return text[at:text.index(end, at)] if new is None else text[:at] + new + text[text.index(end, at):]


def check_story(measured):
    host = told_by_host()
    if measured.story != host:
        different = next(i for i, pair in enumerate(zip(measured.story.splitlines() + [""], host.splitlines() + [""])) if pair[0] != pair[1])
        raise Failure(f"Cortex-M and host tell different stories from line {different + 1} on")


def check_budget(name, value):
    if not 0 < value <= BUDGET[name]:
        raise Failure(f"{name}: {value} bytes, allowed {BUDGET[name]}")


def check_heap(_):
    found = sorted(set(symbols()) & {"malloc", "free", "calloc", "realloc", "_sbrk", "_malloc_r", "_free_r"})
    if found:
        raise Failure("a heap was linked: " + ", ".join(found))


def check_document(measured):
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    for name, value in measured.parts():
        if between(text, name) != value:
            raise Failure(f"docs/device-integration.md: the part \"{name}\" is not what was measured; tools/lib/firmware.py --write mends it")


def write_document(measured):
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    for name, value in measured.parts():
        text = between(text, name, value)
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(text)


CHECKS = [("Cortex-M and host tell the same story", check_story), ("no heap is linked", check_heap),
          ("flash budget", lambda m: check_budget("flash", m.flash_sum)), ("RAM budget", lambda m: check_budget("ram", m.ram_sum)),
          ("stack budget", lambda m: check_budget("stack", m.stack)), ("the document says what was measured", check_document)]


def main():
    if sys.argv[1:] not in ([], ["--write"]):
        sys.exit(__doc__)
    passed, failed, measured = 0, 0, None
    try:
        compile_core()
        measured = Measured()
        passed += 1
        print(measured.table())
    except Failure as failure:
        print(f"FAILED: it compiles and runs: {failure}")
        failed = 1
    if measured and sys.argv[1:]:
        write_document(measured)
    for name, check in CHECKS if measured else []:
        try:
            check(measured)
            passed += 1
            print(f"ok: {name}")
        except Failure as failure:
            failed += 1
            print(f"FAILED: {name}: {failure}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
