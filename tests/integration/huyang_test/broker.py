"""A real mosquitto on a free loopback port: Broker set up as a county's is, but for TLS and accounts; SecureBroker exactly so."""
import os
import shutil
import signal
import socket

from .authority import Authority
from .county import CODE
from .process import Process, free_port, wait_until

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 200
max_queued_messages 100000
max_queued_bytes 268435456
max_packet_size {max_packet}
persistence true
persistence_location {folder}/data/
autosave_interval 60
persistent_client_expiration 30d
sys_interval 1
log_dest stderr
log_type error
log_type warning
log_type notice
{user}
"""


class Broker:
    host = "127.0.0.1"

    def __init__(self, folder, max_packet=262144):
        self.folder = str(folder)
        self.port = free_port()
        self.process = None
        os.makedirs(os.path.join(self.folder, "data"), exist_ok=True)
        self.config = os.path.join(self.folder, "mosquitto.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            # As root mosquitto would change to a user that cannot write here.
            file.write(CONFIG.format(port=self.port, folder=self.folder, max_packet=max_packet,
                                     user="user root" if os.getuid() == 0 else ""))
        self.start()

    @property
    def url(self):
        return f"tcp://127.0.0.1:{self.port}"

    def gateway_settings(self):
        """The gateway's settings below `broker`."""
        return {"url": self.url}

    def device_arguments(self, device):
        """What a device's program needs beside the URL."""
        return []

    def fleet_arguments(self):
        """What `huyang fleet` needs to reach it."""
        return ["--broker", self.url]

    def own_identity(self, device):
        """None: devices may share a connection. Else (authority, certificate, key), files of this device alone."""
        return None

    def start(self):
        self.process = Process([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", self.config],
                               log_path=os.path.join(self.folder, "mosquitto.log"))
        wait_until(self._answers, 15, "the broker listens")

    def _answers(self):
        assert self.process.alive(), f"mosquitto ended: {self.process.tail()}"
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def kill(self, emptied=False):
        """kill -9; `emptied`: its stored sessions and messages are lost too."""
        self.process.kill()
        if emptied:
            shutil.rmtree(os.path.join(self.folder, "data"))
            os.makedirs(os.path.join(self.folder, "data"))

    def stop(self):
        self.process.stop()


class SecureBroker(Broker):
    """mTLS as `huyang provision broker` writes it, with an authority of its own; no listener without TLS."""

    def __init__(self, folder, authority=None, edit=None, host="127.0.0.1", dialects=(), acl=()):
        self.folder, self.host = str(folder), host
        self.authority = authority or Authority(self.folder)
        self.port, self.gateway_port = free_port(), free_port()
        self.process = None
        arguments = ["--county", CODE, "--port", self.port, "--gateway-port", self.gateway_port, "--bind", host, "--gateway-bind", host]
        if os.getuid() == 0:
            arguments += ["--user", "root"]
        for dialect in dialects:
            arguments += ["--dialect", dialect]
        self.authority.run("broker", *arguments)
        self.config = self.authority.path("broker", "mosquitto.conf")
        with open(self.authority.path("broker", "acl"), "a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in acl)
        if edit:
            with open(self.config, encoding="utf-8") as file:
                text = edit(file.read())
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(text)
        self.start()

    @property
    def address(self):
        return self._at(self.port)

    def _at(self, port):
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    @property
    def contact(self):
        """For revoke, crl and verify."""
        return ["--broker", self.address, "--gateway-broker", self._at(self.gateway_port)]

    @property
    def url(self):
        return f"ssl://{self.address}"

    def reload(self):
        """Reads its revocation list anew; back when it has."""
        def count():
            return sum("Reloading config" in line for line in self.process.lines)
        before = count()
        self.process.signal(signal.SIGHUP)
        wait_until(lambda: count() > before, 10, "the broker reloads")

    def gateway_settings(self):
        folder = self.authority.path("gateway")
        pair = os.path.join(folder, "gateway.pem")
        return {"url": f"ssl://{self._at(self.gateway_port)}", "ca_file": os.path.join(folder, "ca.pem"), "cert_file": pair, "key_file": pair}

    def device_arguments(self, device):
        ca, cert, key = self.own_identity(device)
        return ["--cafile", ca, "--certfile", cert, "--keyfile", key]

    def fleet_arguments(self):
        return ["--broker", self.url, "--tls-dir", self.authority.folder]

    def own_identity(self, device):
        folder = self.authority.device(device)
        return tuple(os.path.join(folder, name) for name in ("ca.pem", "cert.pem", "key.pem"))
