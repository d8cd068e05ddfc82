"""One test's processes: made on demand, each with a folder of its own, ended in reverse order in every case."""
import os
import re

from .broker import Broker, SecureBroker
from .county import County
from .desk import Desk
from .device import Device
from .fleet import Fleet, History
from .gateway import Gateway

SANITIZER = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|Assertion .* failed")


class World:
    def __init__(self, folder):
        self.folder = str(folder)
        self.closing = []
        self.numbers = {}

    def path(self, name):
        self.numbers[name] = self.numbers.get(name, 0) + 1
        number = self.numbers[name]
        return os.path.join(self.folder, name if number == 1 else f"{name}-{number}")

    def _keep(self, thing):
        self.closing.append(thing)
        return thing

    def county(self, **options):
        return County(self.path("county"), **options)

    def broker(self, **options):
        return self._keep(Broker(self.path("broker"), **options))

    def secure_broker(self, **options):
        return self._keep(SecureBroker(self.path("broker"), **options))

    def desk(self, **options):
        return self._keep(Desk(self.path("desk"), **options))

    def gateway(self, broker, county, desk=None, **options):
        return self._keep(Gateway(self.path("gateway"), broker, county, desk, **options))

    def device(self, broker, device, **options):
        return self._keep(Device(self.path("devices"), broker, device, **options))

    def fleet(self, broker, devices, history=None, **options):
        return self._keep(Fleet(broker, devices, history or History(self.path("history.jsonl")), **options))

    def standard(self, homes=4, settings=None, county=None, broker=None, **options):
        """Broker, desk and gateway over a small county: what most tests start with."""
        broker, desk = broker or self.broker(), self.desk()
        county = county or self.county(homes=homes)
        return broker, desk, self.gateway(broker, county, desk, settings=settings, **options)

    def close(self):
        for thing in self.closing:
            if isinstance(thing, Device):
                thing.ask_to_end()
        for thing in reversed(self.closing):
            if getattr(thing, "process", True) is not None:
                thing.stop()
        faults = []
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith(".log"):
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                        faults += [f"{os.path.join(folder, name)}: {line.strip()}" for line in file if SANITIZER.search(line)]
        assert not faults, "a process complained about itself:\n" + "\n".join(faults[:10])
