"""What a broken or hostile device can send through the real broker. After each the gateway lives, has counted it, and handles an SOS."""
import random
import time

import paho.mqtt.client as mqtt
import pytest

from huyang_test import wait_until, wire
from huyang_test.county import CODE


class Stranger:
    """A client that publishes what it likes."""

    def __init__(self, broker):
        self.client = mqtt.Client(client_id=f"stranger-{random.randrange(10**9)}")
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def send(self, topic, payload, retain=False):
        info = self.client.publish(topic, bytes(payload), qos=1, retain=retain)
        info.wait_for_publish(timeout=10)
        assert info.is_published()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Stage:
    """Broker, gateway, a stranger, and a healthy fleet that proves afterwards that an SOS still works."""

    def __init__(self, world, **options):
        self.broker, self.desk, self.gateway = world.standard(homes=6, county=world.county(homes=6, no_consent=(5,)), **options)
        self.stranger = Stranger(self.broker)
        world.closing.append(self.stranger)
        self.fleet = world.fleet(self.broker, ["wb-0006", "cam-0006", "wb-0005"])
        wait_until(self.fleet.connected.is_set, 10, "the fleet is connected")

    def refused(self, reason):
        return self.gateway.metrics().get('huyang_refused_total{reason="%s"}' % reason, 0)

    def wait_refused(self, reason, count=1):
        return wait_until(lambda: self.refused(reason) >= count, 15, f"{count} x '{reason}' in /metrics, which says {self.refusals()}")

    def refusals(self):
        return {name: value for name, value in self.gateway.metrics().items() if "refused" in name and value > 0}

    def prove_life(self):
        lane, _, seq = self.fleet.report("wb-0006", wire.sos())
        wait_until(lambda: self.fleet.acked("wb-0006", lane, seq), 15, "an SOS after all this is acknowledged")
        self.gateway.wait_alert("emergency", "r-0006", level="red")
        self.desk.wait_record(lambda record: record.get("role") == "family", 15, "the family is told")
        assert self.gateway.alive()


@pytest.fixture
def stage(world):
    return Stage(world)


def topic(device="wb-0001", lane="urgent", county=CODE):
    return f"huyang/v1/{county}/{device}/{lane}"


def good(first_seq=1, lane="urgent", epoch=77, **options):
    return wire.batch([wire.sos()], lane=lane, epoch=epoch, first_seq=first_seq, **options).SerializeToString()


def test_truncated_messages(stage):
    whole = wire.batch([wire.visit("arrive", visit_id="v-" + "x" * 30), wire.sos()], epoch=5).SerializeToString()
    for end in range(1, len(whole)):
        stage.stranger.send(topic("cam-0001"), whole[:end])
    wait_until(lambda: stage.gateway.metric_sum(r"^huyang_refused_total") >= 1, 15, "refusals are counted")
    stage.prove_life()


def test_random_bytes(stage):
    dice = random.Random(1)
    for _ in range(500):
        stage.stranger.send(topic(lane=dice.choice(["urgent", "routine", "link"])), dice.randbytes(dice.randrange(0, 400)))
    stage.wait_refused("unparsable", 50)
    stage.prove_life()


def test_oversized_messages(stage):
    stage.stranger.send(topic(), b"\x2a" * 200000)
    many = wire.batch([wire.steps(i) for i in range(65)], lane="routine", epoch=3)
    stage.stranger.send(topic(lane="routine"), many.SerializeToString())
    wait_until(lambda: stage.gateway.metric_sum(r"oversized") >= 2, 15, f"oversized messages are counted; {stage.refusals()}")
    stage.prove_life()


def test_protobuf_that_wants_memory(stage):
    # Thousands of empty sub-messages: a few bytes each on the wire, a struct each in memory.
    stage.stranger.send(topic(), b"\x0d\x01\x00\x00\x00\x10\x01" + b"\x2a\x00" * 8000)
    # One event with a visit whose people repeat without end.
    person = b"\x22\x00" * 4000
    visit = b"\xaa\x01" + varint(len(person)) + person
    event = b"\x2a" + varint(len(visit)) + visit
    stage.stranger.send(topic("cam-0001"), b"\x0d\x01\x00\x00\x00\x10\x01\x20\x01" + event)
    # The same field given ten thousand times, and a length that lies.
    stage.stranger.send(topic(), b"\x20\x01" * 8000)
    stage.stranger.send(topic(), b"\x2a\xff\xff\xff\xff\x0f")
    # Nesting far deeper than any message of ours.
    nested = b""
    for _ in range(3000):
        nested = b"\x2a" + varint(len(nested)) + nested
        if len(nested) > 15000:
            break
    stage.stranger.send(topic(), nested)
    wait_until(lambda: stage.gateway.metric_sum(r"^huyang_refused_total") >= 4, 15, f"counted; {stage.refusals()}")
    stage.prove_life()


def varint(number):
    out = b""
    while True:
        out += bytes([number & 0x7F | (0x80 if number > 0x7F else 0)])
        number >>= 7
        if not number:
            return out


def test_wrong_topics(stage):
    for name in (topic("wb-0001") + "/more", topic(""), topic("wb 0001"), topic("a" * 65), topic("wb-0001", "loud"), "huyang/v2/990001/wb-0001/urgent",
                 "huyang/v1/99/wb-0001/urgent"):
        stage.stranger.send(name, good())
    stage.stranger.send(topic(county="110101"), good())
    stage.prove_life()
    assert stage.gateway.alert_of("emergency", "r-0001") is None


def test_unknown_devices(stage):
    for number in range(200):
        stage.stranger.send(topic(f"wb-9{number:03d}"), good())
    stage.wait_refused("unknown_device", 200)
    stage.prove_life()
    assert len(stage.gateway.alerts(family="emergency")) == 1


def test_a_lane_that_is_not_the_topics(stage):
    stage.stranger.send(topic(lane="routine"), good(lane="urgent"))
    stage.wait_refused("wrong_lane")
    stage.prove_life()


def test_an_event_that_is_not_the_devices_to_tell(stage):
    stage.stranger.send(topic("cam-0001"), wire.batch([wire.fix(34.0, 108.0)], epoch=4).SerializeToString())
    stage.stranger.send(topic("wb-0001"), wire.batch([wire.visit("arrive", "indoors")], epoch=4).SerializeToString())
    stage.wait_refused("not_its_kind", 2)
    stage.prove_life()
    assert stage.gateway.alert_of("visitor", "h-0001") is None


def test_a_retained_event_comes_back_with_every_restart_and_counts_once(stage):
    stage.stranger.send(topic("wb-0001"), good(), retain=True)
    alert = stage.gateway.wait_alert("emergency", "r-0001", level="red")
    stage.gateway.close(alert["id"], "drill")
    stage.gateway.stop()
    stage.gateway.start()
    stage.wait_refused("retained")
    stage.prove_life()
    assert len([one for one in stage.gateway.alerts(family="emergency") if "r-0001" in one["subject"].values()]) == 1


def test_a_retained_event_seen_on_subscribing_does_not_alert(world):
    broker = world.broker()
    stranger = Stranger(broker)
    world.closing.append(stranger)
    stranger.send(topic("wb-0001"), good(), retain=True)
    desk = world.desk()
    gateway = world.gateway(broker, world.county(), desk)  # its sessions are new: the broker hands over what it retains
    wait_until(lambda: gateway.metrics().get('huyang_refused_total{reason="retained"}', 0) >= 1, 15, "the retained event is counted")
    fleet = world.fleet(broker, ["wb-0002", "cam-0002"])
    fleet.report("wb-0002", wire.sos())
    gateway.wait_alert("emergency", "r-0002", level="red")
    assert gateway.alert_of("emergency", "r-0001") is None


def test_clocks_that_are_years_off(stage):
    for number, at_ms in enumerate((1, 4102444800000, -5, 2**62, -2**62, int(time.time() * 1000) + 86400000), 1):
        event = wire.sos() if number == 1 else wire.steps(number)
        event.at_ms = at_ms
        lane = "urgent"
        stage.stranger.send(topic("wb-0001", lane), wire.batch([event], lane=lane, epoch=9, first_seq=number).SerializeToString())
    alert = stage.gateway.wait_alert("emergency", "r-0001", level="red")
    assert alert is not None
    stage.prove_life()


def test_seq_going_back_and_epochs_coming_and_going(stage):
    for seq in (5, 4, 3, 5, 2, 1, 5, 6, 1):
        stage.stranger.send(topic("wb-0001"), wire.batch([wire.steps(seq)], epoch=11, first_seq=seq).SerializeToString())
    for epoch in range(100, 120):
        stage.stranger.send(topic("wb-0001"), wire.batch([wire.steps(1)], epoch=epoch).SerializeToString())
    stage.stranger.send(topic("wb-0001"), wire.batch([wire.steps(1)], epoch=11, first_seq=0).SerializeToString())
    stage.stranger.send(topic("wb-0001"), wire.batch([wire.steps(1)], epoch=11, first_seq=2**64 - 1).SerializeToString())
    stage.stranger.send(topic("wb-0001"), wire.batch([wire.steps(1)], epoch=11, first_seq=7, base=9).SerializeToString())
    stage.wait_refused("bad_seq", 2)
    stage.prove_life()


def test_duplicates_and_shuffles_count_once(stage):
    dice = random.Random(3)
    batches = [wire.batch([wire.steps(seq)], lane="routine", epoch=21, first_seq=seq).SerializeToString() for seq in range(1, 41)]
    sent = batches * 3
    dice.shuffle(sent)
    for payload in sent:
        stage.stranger.send(topic("wb-0002", "routine"), payload)

    def taken():
        return [line for line in stage.gateway.journal() if line.get("device") == "wb-0002"]
    wait_until(lambda: sum(len(line["events"]) for line in taken()) >= 40, 30, "forty events are in the journal")
    stage.prove_life()
    seqs = [seq for line in taken() for seq in line.get("seqs") or range(line["seq"], line["seq"] + len(line["events"]))]
    assert sorted(seqs) == list(range(1, 41))


def test_a_poison_event_does_not_take_its_neighbours_along(stage):
    poison = wire.messages().event.Event()  # no kind at all
    wild = wire.fix(91.0, 500.0)
    stage.stranger.send(topic("wb-0003"), wire.batch([wire.steps(1), poison, wild, wire.sos()], epoch=31).SerializeToString())
    stage.gateway.wait_alert("emergency", "r-0003", level="red")
    stage.wait_refused("no_kind")
    stage.wait_refused("bad_value")
    stage.prove_life()


@pytest.mark.parametrize("lat,lon", [(float("nan"), 108.0), (34.0, float("inf")), (-91.0, 108.0), (34.0, 181.0), (1e300, 1e300)])
def test_impossible_coordinates(stage, lat, lon):
    stage.stranger.send(topic("wb-0001", "routine"), wire.batch([wire.fix(lat, lon)], lane="routine", epoch=41).SerializeToString())
    stage.wait_refused("bad_value")
    stage.prove_life()


def test_text_that_is_none(stage):
    event = wire.visit("arrive", "indoors", visit_id="abc")
    whole = wire.batch([event], epoch=51).SerializeToString()
    for bad in (b"a\x00c", b"\xff\xfec", b"a/c"):
        stage.stranger.send(topic("cam-0001"), whole.replace(b"abc", bad))
    wait_until(lambda: stage.gateway.metric_sum(r"^huyang_refused_total") >= 3, 15, f"counted; {stage.refusals()}")
    stage.prove_life()
    assert stage.gateway.alert_of("visitor", "h-0001") is None


def test_unknown_fields_are_tolerated(stage):
    stage.stranger.send(topic("wb-0001"), good() + b"\xfa\x3f\x03abc")
    stage.gateway.wait_alert("emergency", "r-0001", level="red")
    stage.prove_life()


def test_a_device_without_consent_keeps_its_sos(stage):
    stage.fleet.report("wb-0005", wire.fix(34.5, 108.5), lane="routine")
    stage.wait_refused("no_consent")
    stage.fleet.report("wb-0005", wire.sos(), wire.fix(34.5, 108.5))
    stage.gateway.wait_alert("emergency", "r-0005", level="red")
    wait_until(lambda: stage.fleet.unacked() == 0, 15, "what was refused is acknowledged too")
    stage.prove_life()
    kept = [event for line in stage.gateway.journal() if line.get("device") == "wb-0005" for event in line["events"]]
    assert [next(iter(event)) for event in kept if "sos" in event or "fix" in event].count("fix") == 1


def test_stale_last_wills_are_ignored(stage):
    link = wire.messages().link.Link
    stage.stranger.send(topic("wb-0001", "link"), link(state=1, ordinal=5, kind=1).SerializeToString(), retain=True)
    stage.stranger.send(topic("wb-0001", "link"), link(state=2, ordinal=4, kind=1).SerializeToString(), retain=True)
    stage.stranger.send(topic("wb-0001", "link"), b"\xff\xff\xff", retain=True)

    def links():
        return [line["link"] for line in stage.gateway.journal() if "link" in line and line["link"].get("device") == "wb-0001"]
    wait_until(links, 15, "the birth is in the journal")
    stage.prove_life()
    assert all(link["up"] for link in links() if link["ordinal"] == 5)
    assert not any(link["ordinal"] == 4 for link in links())
