"""Judges what happened in a run against the promise (the gateway's README, "what an acknowledgement means").

Evidence comes from outside the gateway: what the devices stored and which acknowledgements they got (Fleet's History), what the
desk took, what the devices acted on; and from inside: the input log (`huyang journal export`), the alerts, the stored transitions.

    acked       an event with an acknowledgement stands in the input log, once, unless the registry refused it
    honest      nothing stands in the log that no device ever stored, and no acknowledgement goes beyond what was stored
    red         every SOS in the log has a red alert about its resident
    told        every red alert reached the desk: people at least, and the police where they are due
    once        nothing acted twice on the same id: neither the desk nor a device
"""
import collections


class Log:
    """The input log, looked at by event."""

    def __init__(self, journal):
        self.events = collections.Counter()
        self.kinds = {}
        for line in journal:
            if "device" not in line or "seq" not in line:
                continue
            events = line["events"] if "events" in line else [line["event"]]
            numbers = line.get("seqs") or range(line["seq"], line["seq"] + len(events))
            for seq, event in zip(numbers, events):
                key = (line["device"], line["lane"], line["epoch"], seq)
                self.events[key] += 1
                self.kinds[key] = next(name for name in event if name != "at")


def acked_keys(history):
    """Every event that some acknowledgement covers."""
    highest = {}
    for row in history.all("ack"):
        key = (row["device"], row["lane"], row["epoch"])
        highest[key] = max(highest.get(key, 0), row["seq"])
    return {(row["device"], row["lane"], row["epoch"], row["seq"]): row["kind"] for row in history.all("stored")
            if row["seq"] <= highest.get((row["device"], row["lane"], row["epoch"]), 0)}


def resident_of(device):
    return device.replace("wb-", "r-")


def check(history, journal, alerts=None, desk=None, refused=lambda device, kind: False, complete=True):
    """Sentences about broken promises, none when all were kept. `refused(device, kind)`: events the registry is expected to refuse.
    `complete`: every stored event was waited for, so every one must be acknowledged."""
    faults = []
    stored = {(row["device"], row["lane"], row["epoch"], row["seq"]): row["kind"] for row in history.all("stored")}
    acked = acked_keys(history)
    log = Log(journal)
    for key, kind in acked.items():
        if key not in log.events and not refused(key[0], kind):
            faults.append(f"acknowledged and lost: {kind} {key}")
    for key, count in log.events.items():
        if count > 1:
            faults.append(f"{count} times in the log: {key}")
        if key not in stored and any(key[0] == device for device, _, _, _ in stored):
            faults.append(f"in the log, but no device stored it: {key}")
    if complete:
        faults += [f"never acknowledged: {kind} {key}" for key, kind in stored.items() if key not in acked]
    faults += [f"acknowledged beyond what was stored: {row}" for row in history.all("ack_beyond")]
    acted = collections.Counter((row["device"], row["id"]) for row in history.all("acted"))
    faults += [f"a device acted {count} times on {key}" for key, count in acted.items() if count > 1]
    if alerts is not None:
        faults += check_alerts(log, alerts)
    if desk is not None:
        faults += check_desk(desk, alerts)
    return faults


def check_alerts(log, alerts):
    red = {member for alert in alerts if alert["family"] == "emergency" for member in alert["subject"].values()}
    missing = {resident_of(key[0]) for key, kind in log.kinds.items() if kind == "sos"} - red
    return [f"an SOS of {resident} is in the log, but no emergency alert is about them" for resident in sorted(missing)]


def check_desk(desk, alerts):
    faults = []
    acted = collections.Counter(record["id"] for record in desk if record.get("acted"))
    faults += [f"the desk acted {count} times on {key}" for key, count in acted.items() if count > 1]
    bodies = collections.defaultdict(set)
    for record in desk:
        if record.get("id") and record.get("digest"):
            bodies[record["id"]].add(record["digest"])
        if record.get("valid") is False:
            faults.append(f"the desk found a message invalid: {record.get('why')} ({record.get('path')})")
    faults += [f"{len(digests)} different bodies under the id {key}" for key, digests in bodies.items() if len(digests) > 1]
    if alerts is not None:
        told = {record.get("alert") for record in desk}
        for alert in alerts:
            if alert["family"] == "emergency" and alert["level"] == "red" and alert["id"] not in told:
                faults.append(f"nobody was told of the red alert {alert['id']} about {alert['subject']}")
    return faults
