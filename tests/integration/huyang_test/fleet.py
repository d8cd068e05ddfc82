"""Many devices, on one MQTT connection or on one each where the broker wants to know them, each with the outbox a device must have: what is not acknowledged is sent again.

It is the load and the witness: every event that was published, every acknowledgement, every command and what was acted on
goes into a history (history.py), with the time.
"""
import collections
import json
import random
import threading
import time

import paho.mqtt.client as mqtt

from . import wire
from .county import CODE

WINDOW = 4          # batches on the way at a time, as contracts.md 3 has it
BATCH_EVENTS = 64
RESEND_S = {"urgent": (1.0, 5.0), "routine": (2.0, 10.0)}  # first and longest wait; shorter than a device's, so that tests end


class History:
    """Append-only; one JSON object a line when it has a path."""

    def __init__(self, path=None):
        self.rows, self.lock = collections.defaultdict(list), threading.Lock()
        self.file = open(path, "w", encoding="utf-8") if path else None

    def add(self, what, **row):
        row = dict(row, what=what, t=time.time())
        with self.lock:
            self.rows[what].append(row)
            if self.file:
                self.file.write(json.dumps(row) + "\n")

    def all(self, what):
        with self.lock:
            return list(self.rows[what])

    def count(self, what):
        with self.lock:
            return len(self.rows[what])


class Lane:
    def __init__(self, name, epoch):
        self.name, self.epoch = name, epoch
        self.events = []      # not acknowledged, oldest first
        self.base = 1         # seq of events[0]
        self.sent_to = 1      # seq below which everything was sent at least once
        self.due, self.wait_s = 0.0, 0.0


class Fleet:
    def __init__(self, broker, devices, history=None, seed=1):
        self.broker = broker
        self.history = history or History()
        self.dice = random.Random(seed)
        self.lock = threading.RLock()
        self.lanes = {(device, lane): Lane(lane, self.dice.randrange(1, 2**32)) for device in devices for lane in ("urgent", "routine")}
        self.busy = set()     # lanes with something to send
        self.ordinal = int(time.time() * 1000)  # of the session: higher than in any run before
        self.remembered = {}  # command ids a device acted on
        self.stopping = threading.Event()
        self.wake = threading.Event()
        self.connected = threading.Event()
        self.up, self.clients = set(), {}  # who is connected; device -> client
        devices = sorted({device for device, _ in self.lanes})
        if broker.own_identity(devices[0]) is None:
            self._open(f"fleet-{self.dice.randrange(10**9)}", devices, None)
        else:
            for device in devices:
                self._open(device, [device], broker.own_identity(device))
        self.sender = threading.Thread(target=self._send_loop, daemon=True)
        self.sender.start()

    # ---- what a test does ----

    def report(self, device, *events, lane=None):
        """The device stores and sends these events as one report; returns (lane, epoch, first seq)."""
        lane = lane or ("urgent" if any(e.WhichOneof("kind") in ("sos", "fall", "suspicion", "check_in", "tamper", "visit", "departure")
                                        for e in events) else "routine")
        with self.lock:
            box = self.lanes[device, lane]
            first = box.base + len(box.events)
            for number, event in enumerate(events):
                if event.at_ms == 0:
                    event.at_ms = int(time.time() * 1000)
                if len(events) > 1:
                    event.report = first % 2**31
                self.history.add("stored", device=device, lane=lane, epoch=box.epoch, seq=first + number, kind=event.WhichOneof("kind"))
                box.events.append(event)
            self.busy.add((device, lane))
        self.wake.set()
        return lane, box.epoch, first

    def acked(self, device, lane, seq):
        with self.lock:
            return self.lanes[device, lane].base > seq

    def unacked(self):
        with self.lock:
            return sum(len(lane.events) for lane in self.lanes.values())

    def unacked_devices(self, limit=5):
        with self.lock:
            return [(device, lane, len(box.events), box.base) for (device, lane), box in self.lanes.items() if box.events][:limit]

    def stop(self):
        self.stopping.set()
        self.wake.set()
        self.sender.join(timeout=10)
        for client in set(self.clients.values()):
            client.disconnect()
            client.loop_stop()

    # ---- the connections ----

    def _open(self, name, devices, identity):
        client = mqtt.Client(client_id=name, clean_session=True, userdata=devices)
        if identity:
            client.tls_set(ca_certs=identity[0], certfile=identity[1], keyfile=identity[2])
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(0.1, 1)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message = self._on_message
        client.connect_async("127.0.0.1", self.broker.port, keepalive=10)
        self.clients.update({device: client for device in devices})
        client.loop_start()

    def _on_connect(self, client, devices, flags, status):
        if status != 0:
            return
        whose = devices[0] if self.broker.own_identity(devices[0]) else "+"
        client.subscribe([(f"huyang/v1/{CODE}/{whose}/ack", 0), (f"huyang/v1/{CODE}/{whose}/command", 1)])
        with self.lock:
            self.ordinal += 1
        birth = wire.messages().link.Link(state=1, ordinal=self.ordinal, firmware="fleet").SerializeToString()
        for device in devices:
            client.publish(f"huyang/v1/{CODE}/{device}/link", birth, qos=1, retain=True)
        with self.lock:
            for (device, _), box in self.lanes.items():
                if device in devices:
                    box.due = 0.0
                    box.wait_s = 0.0
            self.busy |= {key for key, box in self.lanes.items() if box.events}
            self.up.add(client)
        if len(self.up) == len(set(self.clients.values())):
            self.connected.set()
        self.wake.set()

    def _on_disconnect(self, client, devices, status):
        with self.lock:
            self.up.discard(client)
        self.connected.clear()

    def _on_message(self, client, userdata, message):
        parts = message.topic.split("/")
        if len(parts) != 5 or (parts[3], "urgent") not in self.lanes:
            return  # another's device: the subscription is for all
        if parts[4] == "ack":
            self._on_ack(parts[3], message.payload)
        elif parts[4] == "command":
            self._on_command(parts[3], message.payload)

    def _on_ack(self, device, payload):
        ack = wire.messages().command.EventAck()
        ack.ParseFromString(payload)
        lane = {number: name for name, number in wire.LANES.items()}.get(ack.lane)
        self.history.add("ack", device=device, lane=lane, epoch=ack.epoch, seq=ack.seq)
        with self.lock:
            box = self.lanes.get((device, lane))
            if box is None or ack.epoch != box.epoch or ack.seq < box.base:
                return
            done = ack.seq + 1 - box.base
            if done > len(box.events):
                self.history.add("ack_beyond", device=device, lane=lane, epoch=ack.epoch, seq=ack.seq)
                done = len(box.events)
            del box.events[:done]
            box.base += done
            box.sent_to = max(box.sent_to, box.base)
            box.wait_s, box.due = 0.0, 0.0
            if not box.events:
                self.busy.discard((device, lane))
            elif box.sent_to < box.base + len(box.events):
                self.wake.set()

    def _on_command(self, device, payload):
        command = wire.messages().command.Command()
        command.ParseFromString(payload)
        kind = command.WhichOneof("kind")
        self.history.add("command", device=device, id=command.id, kind=kind, prompt=command.prompt.prompt_id if kind == "prompt" else "")
        with self.lock:
            known = self.remembered.setdefault(device, set())
            if command.id in known:
                return
            known.add(command.id)
        self.history.add("acted", device=device, id=command.id, kind=kind)
        lane = "urgent" if command.priority >= 2 else "routine"
        self.report(device, wire.command_status(command.id, "received"), lane=lane)
        if kind in ("prompt", "notice"):
            self.report(device, wire.command_status(command.id, "playing"), lane=lane)
            self.report(device, wire.command_status(command.id, "played"), lane=lane)

    # ---- the outbox ----

    def _send_loop(self):
        while not self.stopping.is_set():
            pause = self._send_due() if self.connected.is_set() else 0.1
            self.wake.wait(pause)
            self.wake.clear()

    def _send_due(self):
        now = time.monotonic()
        messages, earliest = [], now + 0.5
        with self.lock:
            for key in list(self.busy):
                device, lane = key
                box = self.lanes[key]
                end = box.base + len(box.events)
                if not box.events:
                    self.busy.discard(key)
                    continue
                # New events go out while the window has room; the first unacknowledged batch goes out again when it is due.
                while box.sent_to < end and box.sent_to < box.base + WINDOW * BATCH_EVENTS:
                    messages.append(self._batch(device, box, box.sent_to))
                    box.sent_to = min(box.sent_to + BATCH_EVENTS, end)
                    if box.due == 0.0:
                        box.due = now + self._next_wait(box)
                if box.due != 0.0 and now >= box.due:
                    messages.append(self._batch(device, box, box.base))
                    box.due = now + self._next_wait(box)
                elif box.due == 0.0:
                    box.due = now + self._next_wait(box)
                earliest = min(earliest, box.due)
        for topic, payload in messages:
            self.clients[topic.split("/")[3]].publish(topic, payload, qos=1)
        return max(0.005, earliest - now)

    def _next_wait(self, box):
        shortest, longest = RESEND_S[box.name]
        box.wait_s = shortest if box.wait_s == 0.0 else min(box.wait_s * 2, longest)
        return box.wait_s * self.dice.uniform(0.5, 1.5)

    def _batch(self, device, box, seq):
        offset = seq - box.base
        message = wire.batch(box.events[offset:offset + BATCH_EVENTS], box.name, box.epoch, seq, box.base)
        return f"huyang/v1/{CODE}/{device}/{box.name}", message.SerializeToString()
