"""The messages of proto/huyang/v1 for Python, made by protoc when the tests start; nothing generated is kept."""
import importlib
import os
import subprocess
import sys
import tempfile
import threading

from .process import root_folder

_lock = threading.Lock()
_made = []


def messages():
    """A namespace with event_pb2, command_pb2 and link_pb2."""
    with _lock:  # a module may be registered with protobuf only once, whichever thread comes first
        if not _made:
            _made.append(_make())
        return _made[0]


def _make():
    scratch = tempfile.TemporaryDirectory(prefix="huyang-proto-")
    protos = os.path.join(root_folder(), "proto")
    names = [os.path.join("huyang/v1", name) for name in sorted(os.listdir(os.path.join(protos, "huyang/v1"))) if name.endswith(".proto")]
    subprocess.run(["protoc", "-I", protos, "--python_out", scratch.name, *names], check=True)
    sys.path.insert(0, scratch.name)

    class Namespace:
        folder = scratch  # removed when the tests end
        event = importlib.import_module("huyang.v1.event_pb2")
        command = importlib.import_module("huyang.v1.command_pb2")
        link = importlib.import_module("huyang.v1.link_pb2")
    return Namespace


LANES = {"urgent": 1, "routine": 2}


def sos(cancelled=False):
    event = messages().event.Event()
    event.sos.phase = 2 if cancelled else 1
    return event


def fall():
    event = messages().event.Event()
    event.fall.phase = 1
    return event


def heartbeat(battery=80, worn=True):
    event = messages().event.Event()
    event.heartbeat.battery_percent = battery
    event.heartbeat.worn = worn
    return event


def fix(lat, lon, accuracy=10.0, valid=True):
    event = messages().event.Event()
    event.fix.lat, event.fix.lon, event.fix.accuracy_m, event.fix.valid, event.fix.source = lat, lon, accuracy, valid, 1
    return event


def steps(count):
    event = messages().event.Event()
    event.activity.steps = count
    return event


def visit(phase, place="doorstep", person="unknown", visit_id="v-1"):
    event = messages().event.Event()
    event.visit.visit_id = visit_id
    event.visit.phase = {"arrive": 1, "stay": 2, "leave": 3}[phase]
    event.visit.place = {"doorstep": 1, "indoors": 2}[place]
    someone = event.visit.people.add()
    someone.person_class = {"resident": 1, "trusted": 2, "unknown": 3, "unclear": 4}[person]
    someone.confidence = 0.9
    return event


def command_status(command_id, state):
    event = messages().event.Event()
    event.command_status.command_id = command_id
    event.command_status.state = {"received": 1, "playing": 2, "played": 3, "failed": 4, "expired": 5, "cancelled": 6}[state]
    return event


def batch(events, lane="urgent", epoch=1, first_seq=1, base=1):
    message = messages().event.EventBatch(epoch=epoch, lane=LANES[lane], base_seq=base, first_seq=first_seq)
    message.events.extend(events)
    return message
