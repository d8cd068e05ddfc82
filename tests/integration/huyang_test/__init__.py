"""What the integration and fault tests share: a real broker, the real daemon, receivers and devices, each a process of its own.

Everything waits on something it can observe, with a deadline; nothing sleeps a fixed time.
"""
from .broker import Broker
from .county import County
from .desk import Desk
from .device import Device
from .fleet import Fleet
from .gateway import Gateway
from .process import free_port, root_folder, binary, wait_until

__all__ = ["Broker", "County", "Desk", "Device", "Fleet", "Gateway", "binary", "free_port", "root_folder", "wait_until"]
