"""Rules over the C sources. Each takes a Tree and returns the faults it found, as "path:line: what" strings."""

import fnmatch
import os
import re
import subprocess

SKIPPED = {"build", ".git", "node_modules", "__pycache__", ".pytest_cache", "demo-state", ".cache"}

# A stage may include its own headers and those of the stages before it; store and api see every stage.
STAGES = ["core", "ingest", "registry", "detect", "alert", "relay"]
STAGE_SEES = {stage: set(STAGES[: i + 1]) for i, stage in enumerate(STAGES)}
STAGE_SEES["store"] = set(STAGES) | {"store", ""}
STAGE_SEES["api"] = set(STAGES) | {"store", "api", ""}
STAGE_SEES["service"] = set(STAGES) | {"store", "api", "service", ""}
STAGE_SEES[""] = STAGE_SEES["service"]  # the pipeline's own files, directly in gateway/

# Which files may include a foreign header. The first pattern that matches the header decides.
FENCES = [
    (r"MQTTAsync\.h|MQTTClient\.h", ["gateway/ingest/link*.c", "firmware-stub/hal/host/*", "tools/huyang/*.c"]),
    (r".*\.pb-c\.h|protobuf-c/.*",
     ["gateway/ingest/decode*.c", "gateway/ingest/link*.c", "gateway/relay/command.c", "firmware-stub/*", "tools/huyang/*"]),
    (r"sqlite3\.h", ["gateway/store/sqlite/*"]),
    (r"microhttpd\.h", ["gateway/api/http*.[ch]", "tools/huyang/desk_http.c"]),
    (r"gnutls/.*", ["gateway/api/tls.[ch]"]),
    (r"curl/.*", ["gateway/relay/transport*.c", "tools/huyang/http_client.c", "firmware-stub/hal/host/host_clips.c"]),
    (r"jansson\.h", ["gateway/core/json.c"]),
    (r"yaml\.h", ["gateway/config*.c"]),
    (r"uv\.h", ["gateway/core/loop.c"]),
    (r"openssl/.*", ["gateway/core/hash.c", "gateway/core/pem.c", "gateway/relay/dc09_aes.c", "gateway/api/*", "tools/huyang/pki*.c",
                     "tools/huyang/tls.c", "tools/huyang/desk_dc09.c", "firmware-stub/hal/host/host_clips.c"]),
    (r"qrencode\.h", ["tools/huyang/qr.c"]),
    (r"sodium\.h|sodium/.*", ["gateway/api/*"]),
    (r"cmocka\.h", ["tests/*"]),
    (r"sanitizer/.*", ["gateway/core/arena.c"]),
]

# Decode, registry, detect and alert do no I/O and read no clock, and so does whatever of relay renders. The exceptions talk to the broker, or read a folder at
# import.
PURE = ["gateway/ingest/*", "gateway/registry/*", "gateway/detect/*", "gateway/alert/*", "gateway/gateway*.c", "gateway/input.c",
        "gateway/output.c", "gateway/batch.c", "gateway/report.c"]
PURE += ["gateway/relay/" + name for name in ("relays.c", "prompt*.c", "cap*.c", "webhook.c", "words.c", "xml.c", "command.c", "verdict.c", "police.c", "dc09.c",
                                           "dc09_aes.c", "dc09_render.c", "dc09_exchange.c")]
IMPURE = ["gateway/ingest/link*", "gateway/registry/folder.c"]
PURE_FORBIDS = [
    (r"\b(clock_now|clock_gettime|gettimeofday|time|clock|nanosleep|usleep|sleep|poll|select)\s*\(", "reads or waits for a clock"),
    (r"\b(fopen|open|openat|read|pread|write|pwrite|fread|fwrite|printf|puts|fputs|fprintf|socket|connect|send|recv|getenv|opendir|stat|unlink|rename|mkdir)"
     r"\s*\(", "does I/O"),
    (r"\b(rand|srand|random|getrandom|arc4random)\s*\(", "is random"),
    (r"\b(pthread_\w+|uv_\w+|sqlite3_\w+|MQTTAsync_\w+|curl_\w+)\s*\(", "calls a library that waits"),
    (r"#\s*include\s*[<\"]core/(loop|ring)\.h", "knows the loop"),
]
FIRMWARE_CORE_HEADERS = {"stdint.h", "stddef.h", "stdbool.h", "string.h", "protobuf-c/protobuf-c.h"}

BANNED = ("strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok strtok_r atoi atol atoll atof localtime gmtime ctime asctime localtime_r gmtime_r "
          "ctime_r asctime_r mktime rand srand random srandom drand48 rand_r system popen tmpnam tempnam mktemp alloca").split()
OWN = ["gateway/*", "firmware-stub/*", "tools/*"]

FILE_MAX, FILE_WISH = 600, 500
FUNCTION_MAX, FUNCTION_WISH = 120, 60


class Tree:
    """The project's files. `texts` (path -> text) stands for the disk in the lint's own tests."""

    def __init__(self, root, texts=None):
        self.root = root
        self.texts = dict(texts) if texts is not None else {}
        self.fixed = texts is not None
        self.paths = sorted(self.texts) if self.fixed else sorted(self._walk())

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if f not in SKIPPED]
            for name in files:
                yield os.path.relpath(os.path.join(folder, name), self.root).replace(os.sep, "/")

    def text(self, path):
        if path not in self.texts:
            with open(os.path.join(self.root, path), "rb") as file:
                self.texts[path] = file.read().decode("utf-8", "surrogateescape")
        return self.texts[path]

    def c_files(self, patterns=("*",)):
        return [p for p in self.paths if p.endswith((".c", ".h")) and matches(p, patterns)]


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def blank(text, keep_strings=False):
    """The code with comments (and what stands in strings) blanked out; lines keep their numbers."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def replace(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found if keep_strings else found[0] + found[0]
        return re.sub(r"[^\n]", " ", found)

    return re.sub(pattern, replace, text, flags=re.S)


def includes(tree, path):
    """(line, header) of each #include."""
    for number, line in enumerate(blank(tree.text(path), keep_strings=True).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(2)


def stage_of(path):
    """The stage folder of a file or header under gateway/; "" for the pipeline's own."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def include_directions(tree):
    faults = []
    for path in tree.c_files(["gateway/*"]):
        stage = stage_of(path)
        if stage not in STAGE_SEES:
            faults.append(f"{path}:1: no stage is named {stage}")
            continue
        for line, header in includes(tree, path):
            if header.startswith(("firmware-stub/", "tools/", "../", "./")):
                faults.append(f"{path}:{line}: {header} is none of the gateway's, or named by a way around")
            if "gateway/" + header not in tree.paths:
                continue
            target = stage_of("gateway/" + header)
            if target not in STAGE_SEES[stage]:
                faults.append(f"{path}:{line}: {stage or 'the pipeline'} must not see {header}")
    for path in tree.c_files(["firmware-stub/core/*"]):
        for line, header in includes(tree, path):
            own = "firmware-stub/core/" + header in tree.paths or "firmware-stub/" + header in tree.paths
            if not own and header not in FIRMWARE_CORE_HEADERS and not header.endswith(".pb-c.h"):
                faults.append(f"{path}:{line}: the portable core must not include {header}")
            if header.startswith("hal/") or header.startswith("apps/"):
                faults.append(f"{path}:{line}: the portable core must not see {header}")
    for path in tree.c_files(["firmware-stub/*"]):
        for line, header in includes(tree, path):
            if "gateway/" + header in tree.paths and header not in ("core/text.h", "core/buf.h") and not any(
                    p.endswith("/" + header) for p in tree.c_files(["firmware-stub/*"])):
                faults.append(f"{path}:{line}: a device knows nothing of the gateway's {header}")
    return faults


def fences(tree):
    faults = []
    for path in tree.c_files():
        for line, header in includes(tree, path):
            for pattern, allowed in FENCES:
                if re.fullmatch(pattern, header):
                    test = path.startswith("tests/")
                    if not test and not matches(path, allowed):
                        faults.append(f"{path}:{line}: {header} belongs to {', '.join(allowed)}")
                    break
    return faults


def purity(tree):
    faults = []
    for path in tree.c_files(PURE):
        if matches(path, IMPURE):
            continue
        code = blank(tree.text(path), keep_strings=True)
        for number, line in enumerate(code.split("\n"), 1):
            if not line.lstrip().startswith("#"):
                line = blank(line)
            for pattern, why in PURE_FORBIDS:
                match = re.search(pattern, line)
                # A declaration or a member of that name is no call of the library's function.
                if match and not re.search(r"(->|\.|\w[\s*]+)$", line[: match.start()].replace("return ", "=")):
                    faults.append(f"{path}:{number}: {match.group(0).strip()} {why}; this stage is pure")
    return faults


def banned_calls(tree):
    faults = []
    pattern = re.compile(r"\b(" + "|".join(BANNED) + r")\s*\(")
    for path in tree.c_files(OWN):
        for number, line in enumerate(blank(tree.text(path)).split("\n"), 1):
            match = pattern.search(line)
            if match and not re.search(r"(->|\.)\s*$", line[: match.start()]):
                faults.append(f"{path}:{number}: {match.group(1)} is banned (gateway/banned.h says what to use)")
    for path in tree.c_files(["tests/unit/*"]):
        for number, line in enumerate(blank(tree.text(path)).split("\n"), 1):
            if re.search(r"\b(sleep|usleep|nanosleep)\s*\(", line):
                faults.append(f"{path}:{number}: a unit test does not sleep")
    return faults


def functions(text):
    """(line, name, length) of each function, in code that clang-format wrote."""
    lines = text.split("\n")
    start = name = None
    for number, line in enumerate(lines, 1):
        if line == "{" and number > 1:
            start = number
            head = number - 2
            while head > 0 and lines[head][:1] in " \t":
                head -= 1
            match = re.search(r"(\w+)\(", lines[head])
            name = match.group(1) if match else "?"
        elif line == "}" and start:
            yield start, name, number - start + 1
            start = None


def sizes(tree, wishes=None):
    faults = []
    for path in tree.c_files(OWN + ["tests/*"]):
        text = tree.text(path)
        count = text.count("\n")
        test = path.startswith("tests/")
        if count > FILE_MAX and not test:
            faults.append(f"{path}:1: {count} lines; at most {FILE_MAX}, split by noun")
        elif count > FILE_WISH and wishes is not None:
            wishes.append(f"{path}: {count} lines")
        for line, name, length in functions(text):
            if length > FUNCTION_MAX and not test:
                faults.append(f"{path}:{line}: {name}() has {length} lines; at most {FUNCTION_MAX}")
            elif length > FUNCTION_WISH and wishes is not None and not test:
                wishes.append(f"{path}:{line}: {name}() has {length} lines")
    return faults


def habits(tree):
    """Things without a fence of their own: no typedef of a struct, no globals but const tables, a guard in each header."""
    faults = []
    variable = re.compile(r"(static\s+)?((unsigned|signed|struct|enum|_Atomic|volatile)\s+)*\w+[\s*]+\w+(\[[^\]]*\])*\s*(=.*|;)$")
    for path in tree.c_files(["gateway/*", "firmware-stub/*", "tools/*"]):
        code = blank(tree.text(path))
        for number, line in enumerate(code.split("\n"), 1):
            if re.search(r"\btypedef\s+(struct|union|enum)\b", line):
                faults.append(f"{path}:{number}: a typedef of a struct, union or enum")
            if path.endswith(".c") and variable.match(line) and not re.search(r"\bconst\b|^(extern|return|typedef|goto)\b|_Thread_local", line):
                faults.append(f"{path}:{number}: a variable at file level that is not const")
        if path.endswith(".h"):
            # A header of tables that is included several times for its X-macros has no guard, and says so by its name.
            if not re.search(r"#ifndef HUYANG_\w+_H\n#define HUYANG_\w+_H", code) and not path.endswith("_map.h"):
                faults.append(f"{path}:1: no include guard HUYANG_..._H")
    return faults


def words(tree):
    """What must not stand in any file of the project."""
    faults = []
    patterns = [
        (re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X:)\b"), "a thing left for later does not stand in the code"),
        (re.compile(r"(^|[\s\"'=(`])/wo" + r"rk/"), "a path of one machine"),
        (re.compile(r"https?://(registry|deb|packages|proxy)\.[a-z]"), "a package registry's host"),
    ]
    for path in tree.paths:
        if path.endswith((".png", ".ico", ".wav", ".woff2", ".db", ".bin", ".pyc")) or path.startswith("tests/data/"):
            continue
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            for pattern, why in patterns:
                if pattern.search(line):
                    faults.append(f"{path}:{number}: {why}")
    return faults


LOG_ID = re.compile(r'log_write\([A-Z_]+,\s*"([a-z_]+\.[a-z_]+)"')


def log_ids(tree):
    """Operators look log lines up by their ids: each id that the gateway writes stands in the handbook, and no other."""
    handbook = "docs/handbook.md"
    told = tree.text(handbook) if handbook in tree.paths else ""
    table = "\n".join(line for line in told.split("\n") if line.startswith("| `") and line.count("|") == 4)
    known = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", table))
    faults, written = [], set()
    for path in tree.c_files(["gateway/*"]):
        for found in LOG_ID.finditer(tree.text(path)):
            written.add(found.group(1))
            if found.group(1) not in known:
                faults.append(f"{path}: the log id {found.group(1)} is not in the table of {handbook}")
    for row in table.split("\n"):
        if re.search(r"\| (info|warn|error)", row):
            faults += [f"{handbook}: {name} is written nowhere" for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row) if name not in written]
    return sorted(set(faults))


TEST_REFERENCE = re.compile(r"`((?:unit|integration|fault)/[\w/.-]+)::(\w+)`|`(scenario/[\w.-]+)`")


def named_tests(tree):
    """What `path::name` or `scenario/NAME` the README of the tests names, in its table of what is held by which test, is there."""
    readme = "tests/README.md"
    faults = []
    in_table = False
    for number, line in enumerate(tree.text(readme).split("\n") if readme in tree.paths else [], 1):
        in_table = line.startswith("|") and (in_table or "| held by |" in line)
        references = list(TEST_REFERENCE.finditer(line)) if in_table else []
        if in_table and line.startswith("| ") and "| held by |" not in line and not references:
            faults.append(f"{readme}:{number}: no test is named")
        for found in references:
            path, name, scenario = found.groups()
            where = f"tests/{path or scenario + '/expect.json'}"
            if where not in tree.paths:
                faults.append(f"{readme}:{number}: there is no {where}")
            elif name and not re.search(rf"^(static void|def) {name}\(", tree.text(where), re.M):
                faults.append(f"{readme}:{number}: {where} has no test {name}")
    return faults


def formatting(tree):
    files = tree.c_files(OWN + ["tests/*"])
    if tree.fixed or not files:
        return []
    try:
        run = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *files], cwd=tree.root, capture_output=True, text=True,
                             check=False)
    except FileNotFoundError:
        return ["clang-format-14 is not installed"]
    faults = sorted({match.group(1) for match in re.finditer(r"^(\S+?):\d+:\d+: error", run.stderr, re.M)})
    if run.returncode != 0 and not faults:
        return [run.stderr.strip().split("\n")[-1]]
    return [f"{path}: not as clang-format-14 writes it" for path in faults]


RULES = [
    ("includes point upstream only", include_directions),
    ("foreign headers stay behind their fences", fences),
    ("pure stages read no clock and do no I/O", purity),
    ("banned functions are not called", banned_calls),
    ("files and functions keep their size", sizes),
    ("no typedefs of structs, no globals, guards in headers", habits),
    ("no leftovers, machine paths or registry hosts", words),
    ("every log id stands in the handbook", log_ids),
    ("the tests that the table of what broke elsewhere names are there", named_tests),
    ("the code is formatted", formatting),
]
