"""One real device: the firmware core on the host HAL (huyang-wristband, huyang-camera), told what happens by lines on its standard input."""
import os
import signal
import subprocess

from .county import CODE
from .process import Process, binary, wait_until


class Device:
    def __init__(self, folder, broker, device, kind=None, start=True, speaker=True, arguments=()):
        self.folder = os.path.join(str(folder), device)
        self.device = device
        self.kind = kind or ("camera" if device.startswith("cam") else "wristband")
        self.broker, self.process = broker, None
        self.wav_dir = os.path.join(self.folder, "wav")
        # Without a speaker the device answers every spoken prompt with failed.
        self.arguments = broker.device_arguments(device) + (["--wav-dir", self.wav_dir] if speaker else []) + list(arguments)
        os.makedirs(self.wav_dir, exist_ok=True)
        os.makedirs(os.path.join(self.folder, "flash"), exist_ok=True)
        self.marks = 0
        if start:
            self.start()

    def start(self):
        self.process = Process([binary("huyang-" + self.kind), "--broker", self.broker.url, "--county", CODE, "--device", self.device,
                                "--state-dir", os.path.join(self.folder, "flash"), *self.arguments],
                               log_path=os.path.join(self.folder, "device.log"), stdin=True)

    def do(self, line):
        """Something happens to the device: "sos", "fall cancel", "visit arrive indoors unknown", …"""
        self.process.write(line)

    def do_stored(self, *lines):
        """As do(), and back when the device has it in its flash: from then on it is the device's to keep."""
        for line in lines:
            self.do(line)
        # Lines are worked off in order, so that the answer to one it does not know comes after what the others stored.
        self.marks += 1
        self.do(f"mark-{self.marks}")
        self.wait(f"unknown command: mark-{self.marks}")

    def wait(self, pattern, timeout_s=15):
        """A line of its output, from now or before, that contains the text."""
        return wait_until(lambda: self._find(pattern), timeout_s, f"{self.device} says '{pattern}'")

    def _find(self, pattern):
        assert self.process.alive(), f"{self.device} ended with {self.process.child.returncode}: {self.process.tail()}"
        return next((line for line in self.process.lines if pattern in line), None)

    def count(self, pattern):
        return sum(pattern in line for line in self.process.lines)

    def log(self):
        """Everything it ever said, restarts included."""
        path = os.path.join(self.folder, "device.log")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()

    def wavs(self):
        return sorted(os.path.join(self.wav_dir, name) for name in os.listdir(self.wav_dir) if name.endswith(".wav"))

    def kill(self):
        self.process.kill()

    def ask_to_end(self):
        """A device says goodbye to the broker, which takes it a second or two: many are asked first and waited for afterwards."""
        if self.process:
            self.process.signal(signal.SIGTERM)

    def stop(self):
        if self.process:
            self.process.stop()


def loudness(path):
    """(seconds, RMS amplitude 0..1) of a WAV file, measured by sox."""
    done = subprocess.run(["sox", path, "-n", "stat"], capture_output=True, text=True, timeout=30, check=True)
    values = dict(line.split(":", 1) for line in done.stderr.splitlines() if ":" in line)
    return float(values["Length (seconds)"]), float(values["RMS     amplitude"])
