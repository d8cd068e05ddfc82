#!/usr/bin/env python3
"""Writes the seed corpora of fuzz_decode, fuzz_topic and fuzz_event_json beside itself; the same files each time."""

import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent


def number(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint(field, value):
    return number(field << 3) + number(value)


def blob(field, data):
    data = data.encode() if isinstance(data, str) else data
    return number(field << 3 | 2) + number(len(data)) + data


def fixed32(field, value):
    return number(field << 3 | 5) + struct.pack("<I", value)


def real(field, value):
    return number(field << 3 | 5) + struct.pack("<f", value)


def double(field, value):
    return number(field << 3 | 1) + struct.pack("<d", value)


def batch(lane, *events, base=1, first=1):
    return fixed32(1, 0xC0FFEE) + varint(2, lane) + varint(3, base) + varint(4, first) + b"".join(
        blob(5, event) for event in events)


AT = varint(1, 1772327520000)
PERSON = varint(1, 3) + blob(2, "x_9") + real(3, 0.75) + varint(4, 1)
KINDS = {
    "heartbeat": (10, varint(1, 83) + varint(2, 1) + varint(3, 0) + varint(4, 141) + blob(5, "1.2.0")),
    "fix": (11, double(1, 29.35) + double(2, 106.75) + real(3, 12.5) + real(4, 1.25) + varint(5, 1) + varint(6, 2) +
            varint(7, 1)),
    "presence": (12, varint(1, 1) + varint(2, 3)),
    "vitals": (13, varint(1, 72) + varint(2, 97) + varint(3, 131) + varint(4, 84) + real(5, 36.6)),
    "activity": (14, varint(1, 40) + varint(2, 2)),
    "sos": (15, varint(1, 1)),
    "fall": (16, varint(1, 2)),
    "check_in": (17, b""),
    "suspicion": (18, b""),
    "pause": (19, varint(1, 1772337600000)),
    "tamper": (20, varint(1, 4)),
    "visit": (21, blob(1, "v-1") + varint(2, 2) + varint(3, 2) + blob(4, PERSON) + blob(4, varint(1, 1))),
    "departure": (22, varint(1, 3) + blob(2, "x_9")),
    "command_status": (23, blob(1, "00112233445566778899aabbccddeeff") + varint(2, 4) + varint(3, 2)),
    "device_fault": (24, varint(1, 3) + varint(2, 17)),
}

JSON = [
    '{"heartbeat":{"battery_percent":83,"charging":true,"worn":false,"signal_dbm":-71,"firmware":"1.2.0"}}',
    '{"fix":{"lat":29.35,"lon":106.75,"accuracy_m":12.5,"speed_mps":1.25,"source":"gnss","datum":"gcj02","valid":true},'
    '"at":"2026-03-01T09:12:00+08:00"}',
    '{"fix":{"valid":false}}',
    '{"presence":{"at_home":false,"source":"door"}}',
    '{"vitals":{"heart_rate_bpm":72,"spo2_percent":97,"systolic_mmhg":131,"diastolic_mmhg":84,"temperature_c":36.6}}',
    '{"activity":{"steps":40,"motion":"moving"}}',
    '{"sos":{"phase":"cancelled"},"at":1772327520000}',
    '{"fall":{}}',
    '{"check_in":{}}',
    '{"suspicion":{}}',
    '{"pause":{"until":"2026-03-01T12:00:00.250Z"}}',
    '{"tamper":{"kind":"strap_cut"}}',
    '{"visit":{"visit_id":"v-1","phase":"stay","place":"indoors","people":[{"class":"unknown","visitor_id":"x_9",'
    '"confidence":0.75,"face_seen":true},{"class":"resident"}]}}',
    '{"departure":{"with":"unknown","visitor_id":"x_9"}}',
    '{"command_status":{"command_id":"00112233445566778899aabbccddeeff","state":"failed","reason":"no_clip"}}',
    '{"device_fault":{"kind":"outbox_overflow","count":17}}',
]

TOPICS = [
    "huyang/v1/500101/wb-0001/urgent", "huyang/v1/500101/cam_2/routine", "huyang/v1/500101/cam_2/link",
    "huyang/v1/gateway/huyang/beat", "huyang/v1/500101/clock", "huyang/v1/500101/gateway",
    "huyang/v1/500101/clock/reached", "tcp://127.0.0.1:1883", "ssl://[::1]:8883", "ssl://broker.example",
]


def write(name, entries):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for entry, data in entries:
        (folder / entry).write_bytes(data.encode() if isinstance(data, str) else data)


def main():
    events = {kind: blob(field, payload) for kind, (field, payload) in KINDS.items()}
    decode = [(kind, b"\0" + batch(1, AT + event)) for kind, event in events.items()]
    decode.append(("report", b"\x01" + batch(2, *(varint(2, 7) + event for event in events.values()), base=5, first=9)))
    decode.append(("unknown", b"\0" + batch(1, blob(15, varint(1, 99)) + varint(99, 1), blob(25, b""))))
    decode.append(("link", b"\2" + varint(1, 1) + varint(2, 41) + varint(3, 2) + blob(4, "0.9-rc1")))
    decode.append(("clock", b"\3" + varint(1, 1772327520123)))
    decode.append(("stored_sos", b"\4" + bytes([1, 6, 0, 0, 0, 1, 1])))
    decode.append(("stored_visit", b"\4" + bytes([1, 12, 0, 2, 0, 15, 1]) + b"v" + bytes([1, 2, 1, 7, 3, 1]) + b"x" +
                   struct.pack("<f", 0.5)))
    write("decode", decode)
    write("topic", ((f"topic_{i:02}", text) for i, text in enumerate(TOPICS)))
    write("event_json", ((f"event_{i:02}", text) for i, text in enumerate(JSON)))


if __name__ == "__main__":
    main()
