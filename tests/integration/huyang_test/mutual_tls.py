"""Before a desk: ends mutual TLS, so that whoever has no certificate of the county's reaches nothing behind it."""
import os
import socket
import ssl
import subprocess
import threading


def self_signed(folder, name):
    """(certificate, key) of `name` at 127.0.0.1, which nobody else signed."""
    cert, key = os.path.join(str(folder), f"{name}.pem"), os.path.join(str(folder), f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class MutualTls:
    """`url` stands for the desk's; only who shows `client` is let in, and only who trusts `server` comes."""

    def __init__(self, folder, desk):
        self.server, self.client = self_signed(folder, "receiver"), self_signed(folder, "gateway")
        self.let_in, self.turned_away = 0, 0
        self._target = ("127.0.0.1", int(desk.url.rsplit(":", 1)[1]))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*self.server)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_verify_locations(self.client[0])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = []
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def settings(self, cert=True):
        """Keys of a receiver behind it."""
        return dict({"ca_file": self.server[0]}, **({"cert_file": self.client[0], "key_file": self.client[1]} if cert else {}))

    def stop(self):
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        try:
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def _serve(self, raw):
        self._open.append(raw)
        try:
            near = self._context.wrap_socket(raw, server_side=True)
        except (OSError, ssl.SSLError):
            self.turned_away += 1
            return
        far = socket.create_connection(self._target)
        self._open += [near, far]
        self.let_in += 1
        threading.Thread(target=self._down, args=(far, near), daemon=True).start()
        try:
            while piece := near.recv(65536):
                far.sendall(piece)
        except OSError:
            pass
        far.close()

    @staticmethod
    def _down(far, near):
        try:
            while piece := far.recv(65536):
                near.sendall(piece)
        except OSError:
            pass
        near.close()
