"""A certificate authority made by `huyang provision`, for tests and the demo."""
import json
import os
import subprocess

from .process import binary


class Authority:
    """`place` is a folder that is there; the authority stands in its subfolder `provision`."""

    def __init__(self, place, hosts=("127.0.0.1", "localhost"), start=True):
        self.place = str(place)
        self.folder = os.path.join(self.place, "provision")
        self.passphrase_file = os.path.join(self.place, "passphrase")
        self.hosts = [word for host in hosts for word in ("--host", host)]
        os.makedirs(self.place, exist_ok=True)
        with open(self.passphrase_file, "w", encoding="ascii") as file:
            file.write("correct horse battery\n")
        if start:
            self.init()

    def init(self, *more):
        self.run("init", self.folder, "--passphrase-file", self.passphrase_file, *self.hosts, *more, directory=False)

    def run(self, verb, *words, status=0, directory=True, environment=None):
        """The completed process; its exit status must be the expected one (None: any)."""
        done = subprocess.run([binary("huyang"), "provision", verb, *map(str, words), *(["--dir", self.folder] if directory else [])],
                              capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
                              env=dict(os.environ, **(environment or {})))
        assert status is None or done.returncode == status, f"huyang provision {verb} {words} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def device(self, device, *more):
        """Its folder, with a certificate in it."""
        if not os.path.exists(self.path("devices", device)):
            self.run("device", device, *more)
        return self.path("devices", device)

    def batch(self, devices):
        path = os.path.join(self.place, "batch.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("id\n" + "".join(device + "\n" for device in devices))
        self.run("batch", path)

    def index(self):
        with open(self.path("index.jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def shown(self):
        """What `show --json` tells, newest last."""
        return [json.loads(line) for line in self.run("show", "--json", status=None).stdout.splitlines()]
