"""Between the gateway and its broker: holds back the broker's PUBACKs on demand, so that whoever was published to answers before them."""
import socket
import threading

PUBACK = 4


class LatePuback:
    """Listens on `port`; give its `settings()` to the gateway. Devices connect to the broker itself."""

    def __init__(self, broker):
        self.broker, self.held, self._holds, self._lock, self._open = broker, 0, False, threading.Lock(), []
        self._kept = []  # (connection, frame)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def settings(self):
        return {"broker": {"url": f"tcp://127.0.0.1:{self.port}"}}

    def hold(self):
        self._holds = True

    def release(self):
        with self._lock:
            self._holds = False
            for connection, frame in self._kept:
                connection.sendall(frame)
            self._kept.clear()

    def stop(self):
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        try:
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.broker.port))
                self._open += [near, far]
                threading.Thread(target=self._up, args=(near, far), daemon=True).start()
                threading.Thread(target=self._down, args=(far, near), daemon=True).start()
        except OSError:
            pass

    @staticmethod
    def _up(near, far):
        try:
            while piece := near.recv(65536):
                far.sendall(piece)
        except OSError:
            pass
        far.close()

    def _down(self, far, near):
        stream = far.makefile("rb")
        try:
            while head := stream.read(1):
                length, shift, sizes = 0, 0, b""
                while not sizes or sizes[-1] & 0x80:  # the remaining length, MQTT 3.1.1 section 2.2.3
                    sizes += stream.read(1)
                    length |= (sizes[-1] & 0x7F) << shift
                    shift += 7
                frame = head + sizes + stream.read(length)
                with self._lock:
                    if self._holds and head[0] >> 4 == PUBACK:
                        self._kept.append((near, frame))
                        self.held += 1
                    else:
                        near.sendall(frame)
        except (OSError, ValueError, IndexError):
            pass
        near.close()
