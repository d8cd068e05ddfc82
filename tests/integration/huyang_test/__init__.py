"""What the integration and fault tests share: a real broker, the real daemon, receivers and devices, each a process of its own.

Everything waits on something it can observe, with a deadline; nothing sleeps a fixed time.
"""
from .authority import Authority
from .broker import Broker, SecureBroker
from .county import County
from .desk import Desk
from .device import Device
from .fleet import Fleet
from .gateway import Gateway
from .process import free_port, root_folder, binary, wait_until

__all__ = ["Authority", "Broker", "County", "Desk", "Device", "Fleet", "Gateway", "SecureBroker", "binary", "free_port", "root_folder", "wait_until"]
