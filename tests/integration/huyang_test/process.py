"""Processes under test: started with their output read line by line, ended for certain."""
import os
import queue
import random
import signal
import socket
import subprocess
import threading
import time


def root_folder():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def binary(name):
    """A program of the build under test: $HUYANG_BIN, or the release build."""
    return os.path.join(os.environ.get("HUYANG_BIN", os.path.join(root_folder(), "build", "release", "bin")), name)


def under_sanitizer():
    return "asan" in os.environ.get("HUYANG_BIN", "")


def free_port():
    """A port for a server that is started a moment later. Drawn below the range from which outgoing connections get theirs, so that
    none of those, of this run or of one beside it, takes it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Timeout(AssertionError):
    pass


def wait_until(look, timeout_s, what):
    """Calls look() until it returns something true, which it returns; fails with `what` when the deadline passes."""
    deadline = time.monotonic() + timeout_s
    pause = 0.005
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {timeout_s} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Process:
    """A child whose output is kept (the last lines) and can be waited for."""

    KEPT = 5000

    def __init__(self, command, log_path=None, environment=None, stdin=False, cwd=None):
        self.command = command
        self.lines = []
        self.new_lines = queue.SimpleQueue()
        self.log_path = log_path
        if log_path:
            os.makedirs(os.path.dirname(log_path), exist_ok=True)
        log = open(log_path, "ab") if log_path else None  # a file that cannot be is the test's failure, not a thread's
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, **(environment or {})), cwd=cwd)
        self.reader = threading.Thread(target=self._read, args=(log,), daemon=True)
        self.reader.start()

    def _read(self, log):
        with self.child.stdout as output:
            for raw in output:
                if log:
                    log.write(raw)
                    log.flush()
                text = raw.decode("utf-8", "replace").rstrip("\n")
                self.lines.append(text)
                self.new_lines.put(text)
                if len(self.lines) > self.KEPT:
                    del self.lines[: self.KEPT // 2]
        if log:
            log.close()

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def write(self, line):
        self.child.stdin.write((line + "\n").encode())
        self.child.stdin.flush()

    def wait_line(self, accept, timeout_s, what):
        """The next line for which accept(line) holds; earlier ones are skipped."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            try:
                line = self.new_lines.get(timeout=max(left, 0.001))
            except queue.Empty:
                line = None
            if line is not None and accept(line):
                return line
            if line is None and not self.alive() and self.new_lines.empty():
                raise Timeout(f"{what}: {self.command[0]} ended with {self.child.returncode}; it said: {self.tail()}")
            if left <= 0:
                raise Timeout(f"not within {timeout_s} s: {what}; {self.command[0]} said: {self.tail()}")

    def tail(self, count=15):
        return "\n".join(self.lines[-count:])

    def kill(self):
        """kill -9, and gone when this returns."""
        self.signal(signal.SIGKILL)
        self.child.wait()
        self.reader.join(timeout=5)

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def stop(self, timeout_s=20):
        """Asks it to end; returns the exit status, or None when it had to be killed."""
        self.signal(signal.SIGTERM)
        try:
            status = self.child.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        self.reader.join(timeout=5)
        return status
