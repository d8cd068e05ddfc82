"""Builds everything and runs every test, stage by stage; called by tools/check.

Each test is counted once, by the report of whoever ran it: JUnit files of ctest, pytest and the scenario runner, the last
line of the lint. A build counts as one test; so does a fuzz harness. A stage that could not run is one failure. What each
stage printed stays in build/check/STAGE.log.
"""
import argparse
import glob
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGS = os.path.join(ROOT, "build", "check")
PYTHON = "/usr/bin/python3"
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed\s*$", re.MULTILINE)
JOBS = str(max(2, os.cpu_count() or 2))
NAMED = 20  # failures of a stage that the table names
COLOUR = sys.stdout.isatty()


def paint(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


class Result:
    def __init__(self, passed=0, failed=0, skipped=0, failures=(), note=""):
        self.passed, self.failed, self.skipped, self.note = passed, failed, skipped, note
        self.failures = list(failures)


class Stage:
    """One line of the table: a name, what it is for, and a function that runs it."""

    def __init__(self, name, what, run, quick=False, needs=()):
        self.name, self.what, self.run, self.quick, self.needs = name, what, run, quick, needs


def log_path(name):
    return os.path.join(LOGS, name + ".log")


def run(name, command, timeout_s, environment=None):
    """Runs a command of a stage, output to its log; returns the exit status, 124 when it took too long."""
    with open(log_path(name), "ab") as log:
        log.write(("+ " + " ".join(command) + "\n").encode())
        log.flush()
        # A session of its own, so that a stage that hangs is ended with all it started.
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   env=dict(os.environ, **(environment or {})), start_new_session=True)
        try:
            return process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            log.write(f"\ncheck: ended after {timeout_s} s\n".encode())
            return 124
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def read_log(name):
    if not os.path.exists(log_path(name)):
        return ""
    with open(log_path(name), encoding="utf-8", errors="replace") as file:
        return file.read()


def read_junit(path, status):
    """Counts a JUnit report. A runner that says it failed without naming a test is one failure more."""
    try:
        root = xml.parse(path).getroot()
    except (OSError, xml.ParseError):
        return Result(failed=1, failures=["no report"], note=f"exit status {status}, no report")
    result = Result()
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}: {case.get('name', '')}".strip(": ")
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            result.failed += 1
            result.failures.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            result.skipped += 1
        else:
            result.passed += 1
    if status != 0 and result.failed == 0:
        result.failed += 1
        result.failures.append(f"the runner ended with status {status}")
    if result.passed + result.failed == 0:
        result.failed, result.note = 1, "no test was found"
    return result


def harnesses():
    return sorted(os.path.basename(path)[:-2] for path in glob.glob(os.path.join(ROOT, "tests", "fuzz", "fuzz_*.c")))


def build(preset, targets=lambda: ()):
    """Everything, or what targets() names."""
    def work(name):
        status = run(name, ["cmake", "--preset", preset], 600)
        if status == 0:
            command = ["cmake", "--build", os.path.join("build", preset), "-j", JOBS]
            status = run(name, command + (["--target", *targets()] if targets() else []), 3000)
        return Result(1, 0) if status == 0 else Result(0, 1, failures=[f"build {preset}"], note=f"exit status {status}")
    return work


def script(path):
    """A script of ours whose last line is its verdict."""
    def work(name):
        status = run(name, [PYTHON, path], 900)
        found = SUMMARY.findall(read_log(name))
        if not found:
            return Result(0, 1, failures=[f"{path} gave no verdict"], note=f"exit status {status}")
        result = Result(*(int(text) for text in found[-1]))
        if status != 0 and result.failed == 0:
            result.failed = 1
        if result.failed:
            result.failures.append(f"{result.failed} of its rules, see build/check/{name}.log")
        return result
    return work


def tidy(name):
    command = f"find gateway firmware-stub -name '*.c' -not -path '*/cortex-m/*' -print0 | xargs -0 -n1 -P{JOBS} clang-tidy-14 -p build/release --quiet --warnings-as-errors='*'"
    status = run(name, ["bash", "-o", "pipefail", "-c", command], 1800)
    return Result(1, 0) if status == 0 else Result(0, 1, failures=[f"clang-tidy, see build/check/{name}.log"], note=f"exit status {status}")


def ctest(preset, label, only=None):
    def work(name):
        report = os.path.join(LOGS, name + ".xml")
        remove(report)
        command = ["ctest", "--test-dir", os.path.join("build", preset), "-j", JOBS, "--timeout", "600", "--output-on-failure",
                   "-L", f"^{label}$", "--output-junit", report]
        environment = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1",
                       "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
        return read_junit(report, run(name, command + (["-R", only] if only else []), 2400, environment))
    return work


def scenario(preset):
    def work(name):
        report = os.path.join(LOGS, name + ".xml")
        remove(report)
        status = run(name, [PYTHON, "tests/scenario/run.py", "--huyang", os.path.join("build", preset, "bin", "huyang"),
                            "--junit", report], 1800)
        return read_junit(report, status)
    return work


def pytest(folder, preset, workers):
    """Most of such a test is waiting for processes, so several files run side by side."""
    def work(name):
        report = os.path.join(LOGS, name + ".xml")
        remove(report)
        command = [PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-ra", "--tb=short", "-v", "--junitxml", report, "-n", str(workers), "--dist", "loadfile",
                   folder]
        status = run(name, command, 2400, {"HUYANG_BIN": os.path.join(ROOT, "build", preset, "bin"), "PYTHONDONTWRITEBYTECODE": "1"})
        return read_junit(report, status)
    return work


def fuzz(seconds):
    def work(name):
        result = Result()
        for harness in harnesses():
            corpus = os.path.join(ROOT, "tests", "fuzz", "corpus", harness[len("fuzz_"):])
            scratch = os.path.join(LOGS, harness + ".corpus")
            os.makedirs(scratch, exist_ok=True)
            command = [os.path.join(ROOT, "build", "fuzz", "bin", harness), f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10",
                       f"-artifact_prefix={LOGS}/{harness}-", "-print_final_stats=1", scratch]
            status = run(name, command + ([corpus] if os.path.isdir(corpus) else []), seconds * 6 + 60) if os.path.exists(command[0]) else 127
            if status == 0:
                result.passed += 1
            else:
                result.failed += 1
                result.failures.append(f"{harness} (exit status {status})")
        return result if harnesses() else Result(0, 1, note="no harness was found")
    return work


def remove(path):
    if os.path.exists(path):
        os.unlink(path)


STAGES = [
    Stage("build-release", "compile as shipped", build("release"), quick=True),
    Stage("lint", "include directions, fences, banned calls, schema, format", script("tests/lint/lint.py"), quick=True),
    Stage("tidy", "clang-tidy over gateway and firmware", tidy, needs=["build-release"]),
    Stage("unit", "unit tests", ctest("release", "unit"), quick=True, needs=["build-release"]),
    Stage("firmware", "the device core on a Cortex-M3: same bytes, sizes, no heap", script("tools/lib/firmware.py"), needs=["build-release"]),
    Stage("scenario", "timelines through replay", scenario("release"), quick=True, needs=["build-release"]),
    Stage("broker", "the link against a real broker", ctest("release", "fault"), needs=["build-release"]),
    Stage("integration", "real broker, daemon, receivers", pytest("tests/integration", "release", 3), needs=["build-release"]),
    Stage("build-asan", "compile with ASan and UBSan", build("asan")),
    Stage("unit-asan", "unit tests under ASan and UBSan", ctest("asan", "unit"), needs=["build-asan"]),
    Stage("scenario-asan", "timelines under ASan and UBSan", scenario("asan"), needs=["build-asan"]),
    Stage("fault-asan", "full disk, hung fsync, kills, under ASan", pytest("tests/fault", "asan", 2), needs=["build-asan"]),
    Stage("build-tsan", "compile with TSan", build("tsan")),
    Stage("unit-tsan", "unit tests of what has threads", ctest("tsan", "unit", r"^unit\.(core|store|api|relay|pipeline)\."), needs=["build-tsan"]),
    Stage("build-fuzz", "compile the fuzz harnesses", build("fuzz", harnesses)),
    Stage("fuzz", "each parser for a short while", fuzz(10), needs=["build-fuzz"]),
]


def chosen(options):
    if not options.only:
        return [stage for stage in STAGES if stage.quick or not options.quick]
    names = {stage.name: stage for stage in STAGES}
    wanted = set(options.only)
    for name in options.only:
        wanted.update(names[name].needs)
    return [stage for stage in STAGES if stage.name in wanted]


def table(rows):
    width = max(len(name) for name, _, _ in rows)
    print(f"\n{'stage'.ljust(width)}  passed  failed  skipped   seconds")
    for name, result, seconds in rows:
        line = f"{name.ljust(width)}  {result.passed:6d}  {result.failed:6d}  {result.skipped:7d}  {seconds:8.1f}  {result.note}".rstrip()
        print(paint(line, "31") if result.failed else line)
    for name, result, _ in rows:
        for failure in result.failures[:NAMED]:
            print(paint(f"failed in {name}: {failure}", "31"))
        if len(result.failures) > NAMED:
            print(paint(f"failed in {name}: and {len(result.failures) - NAMED} more, see build/check/{name}.log", "31"))


def main():
    parser = argparse.ArgumentParser(prog="tools/check", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Installs what is missing, builds, runs every test, and ends with one line `N passed, N failed`.",
                                     epilog="stages, in order:\n" + "\n".join(f"  {s.name:<14} {s.what}" for s in STAGES))
    parser.add_argument("--quick", action="store_true", help="only the stages that need no sanitizer build and no broker")
    parser.add_argument("--only", action="append", metavar="STAGE", choices=[stage.name for stage in STAGES],
                        help="only this stage and the build it needs; may be given several times")
    options = parser.parse_args()
    os.makedirs(LOGS, exist_ok=True)
    rows, broken = [], set()
    for stage in chosen(options):
        remove(log_path(stage.name))
        print(f"{stage.name}: {stage.what} ...", flush=True)
        start = time.monotonic()
        lacking = [need for need in stage.needs if need in broken]
        if lacking:
            result = Result(0, 1, failures=["did not run"], note=f"did not run: {lacking[0]} failed")
        else:
            try:
                result = stage.run(stage.name)
            except OSError as error:
                result = Result(0, 1, failures=[str(error)], note=str(error))
        seconds = time.monotonic() - start
        if result.failed and stage.name.startswith("build"):
            broken.add(stage.name)
        rows.append((stage.name, result, seconds))
        verdict = paint("FAILED", "31") if result.failed else paint("ok", "32")
        print(f"{stage.name}: {verdict}, {result.passed} passed, {result.failed} failed"
              f"{f', {result.skipped} skipped' if result.skipped else ''}, {seconds:.0f} s", flush=True)
        if result.failed:
            for line in read_log(stage.name).splitlines()[-40:]:
                print("    " + line)
    table(rows)
    passed, failed = sum(r.passed for _, r, _ in rows), sum(r.failed for _, r, _ in rows)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
