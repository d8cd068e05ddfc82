"""A real mosquitto on a free loopback port, set up as a county's broker is, but for TLS and accounts."""
import os
import shutil
import socket

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

    def start(self):
        self.process = Process([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", self.config],
                               log_path=os.path.join(self.folder, "mosquitto.log"))
        wait_until(self._answers, 15, "the broker listens")

    def _answers(self):
        assert self.process.alive(), f"mosquitto ended: {self.process.tail()}"
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
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
