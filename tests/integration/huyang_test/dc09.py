"""SIA DC-09 a third time, from the standard's text and in another language: what the gateway sends and the desk answers is judged by it. Frames are
bytes from the LF to the CR; the cipher is python3-cryptography's."""
import calendar
import re
import socket
import threading
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HEAD = re.compile(rb'"(?P<star>\*?)(?P<name>[A-Z-]+)"(?P<seq>\d{4})(?:R(?P<receiver>[0-9A-F]{1,6}))?L(?P<line>[0-9A-F]{1,6})#(?P<account>[0-9A-F]{3,16})\[')
CONTENT = re.compile(r"(?P<data>[^\[\]]*)\](?P<extensions>(?:\[[A-Z][^\[\]]*\])*)(?:_(?P<time>\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?")


def crc(body):
    value = 0
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def framed(body, spoil=0):
    return b"\n%04X%04X%s\r" % (crc(body) ^ spoil, len(body), body)


def stamp(seconds=None):
    return time.strftime("_%H:%M:%S,%m-%d-%Y", time.gmtime(seconds))


def _cbc(key):
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))


def encrypt(key, content):
    pad = 16 - (len(content) + 1) % 16
    engine = _cbc(key).encryptor()
    return (engine.update(b"p" * pad + b"|" + content) + engine.finalize()).hex().upper().encode()


def decrypt(key, digits):
    engine = _cbc(key).decryptor()
    plain = engine.update(bytes.fromhex(digits.decode("ascii"))) + engine.finalize()
    pad, bar, content = plain.partition(b"|")
    assert bar and 1 <= len(pad) <= 16 and not set(pad) & set(b"[]|"), f"no pad: {plain!r}"
    return content


def build(name, sequence, account, data="", extensions="", when=None, key=None, receiver="0"):
    """A frame; `when` in seconds or a text, None = without a time."""
    time_text = when if isinstance(when, str) else stamp(when) if when is not None else ""
    head = f'"{"*" if key else ""}{name}"{sequence:04d}{"R" + receiver if receiver else ""}L0#{account}['.encode()
    content = f"{data}]{extensions}{time_text}".encode()
    return framed(head + (encrypt(key, content) if key else content))


class Bad(Exception):
    pass


class Frame:
    """A frame taken apart; raises Bad with what is wrong with it."""

    def __init__(self, raw, key=None):
        self.raw = raw
        if raw[:1] != b"\n" or raw[-1:] != b"\r" or len(raw) < 12:
            raise Bad("no frame")
        body = raw[9:-1]
        if raw[1:5] != b"%04X" % crc(body):
            raise Bad("checksum")
        if raw[5:9] != b"%04X" % len(body):
            raise Bad("length")
        if body.startswith(b'"NAK"'):
            match = re.fullmatch(rb'"NAK"0000R0L0A0\[\]_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})', body)
            if not match:
                raise Bad("NAK")
            self.name, self.time = "NAK", match.group(1).decode()
            return
        head = HEAD.match(body)
        if not head:
            raise Bad("header")
        self.name, self.sequence = head["name"].decode(), int(head["seq"])
        self.account, self.encrypted = head["account"].decode(), bool(head["star"])
        rest = body[head.end():]
        if self.encrypted:
            try:
                rest = decrypt(key, rest)
            except (AssertionError, ValueError, TypeError) as error:
                raise Bad(f"cannot be decrypted: {error}") from error
        content = CONTENT.fullmatch(rest.decode("ascii"))
        if not content:
            raise Bad(f"content: {rest!r}")
        self.data, self.time = content["data"], content["time"]
        self.extensions = {part[0]: part[1:] for part in re.findall(r"\[([^\]]*)\]", content["extensions"])}
        if self.encrypted and not self.time:
            raise Bad("encrypted without a time")

    def seconds(self):
        return time_seconds(self.time)


def time_seconds(text):
    return calendar.timegm(time.strptime(text, "%H:%M:%S,%m-%d-%Y"))


def read_frame(connection):
    """The bytes of the next frame, b"" when the peer is gone."""
    held = b""
    while True:
        byte = connection.recv(1)
        if not byte:
            return b""
        held = byte if byte == b"\n" else held + byte
        if byte == b"\r" and held[:1] == b"\n":
            return held


def ask(address, frame, timeout_s=20):
    """Sends one frame on a connection of its own and returns the answer's bytes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=timeout_s) as connection:
        connection.sendall(frame)
        return read_frame(connection)


class Receiver:
    """A receiver that is neither the gateway's nor the desk's. `behave(frame, count)` returns the bytes to answer, None = hold the answer back for ever, or
    raises ConnectionError to end the connection. Every frame and every fault is kept."""

    def __init__(self, key=None, behave=None, port=0):
        self.key, self.behave = key, behave or self.accept
        self.frames, self.faults, self.connections = [], [], []
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", port))
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        self.process = True  # World.close asks for it
        threading.Thread(target=self._accept, daemon=True).start()

    def accept(self, frame, _count=0):
        return build("ACK", frame.sequence, frame.account, key=self.key if frame.encrypted else None, when=time.time() if frame.encrypted else None)

    def events(self):
        with self.lock:
            return [frame for frame in self.frames if frame.name != "NULL"]

    def tests(self):
        with self.lock:
            return [frame for frame in self.frames if frame.name == "NULL"]

    def _accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            while True:
                try:
                    raw = read_frame(connection)
                except OSError:
                    return
                if not raw:
                    return
                try:
                    frame = Frame(raw, self.key)
                except Bad as error:
                    self.faults.append((str(error), raw))
                    continue
                with self.lock:
                    self.frames.append(frame)
                    count = sum(one.name != "NULL" for one in self.frames)
                try:
                    answer = self.accept(frame) if frame.name == "NULL" else self.behave(frame, count)
                    if answer is not None:
                        connection.sendall(answer)
                except OSError:
                    return

    def stop(self):
        # Shut down before it is closed: an accept that is under way holds the port open otherwise.
        for one in (self.server, *self.connections):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.server.close()
