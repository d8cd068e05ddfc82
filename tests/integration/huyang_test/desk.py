"""The receivers' side: `huyang desk` takes CAP messages and webhooks, judges them and keeps a record of each."""
import json
import os
import secrets
import urllib.request

from .process import Process, binary, wait_until


class Desk:
    def __init__(self, folder, arguments=(), port=0):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.secret_file = os.path.join(self.folder, "secret")
        with open(self.secret_file, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32) + "\n")
        self.record_file = os.path.join(self.folder, "desk.jsonl")
        self.process = Process([binary("huyang"), "desk", "--port", str(port), "--control", "--record", self.record_file,
                                "--secret-file", self.secret_file, *arguments], log_path=os.path.join(self.folder, "desk.log"))
        line = self.process.wait_line(lambda text: text.startswith("desk "), 15, "the desk's address")
        self.url = line.split()[1]
        self.dc09 = [self.process.wait_line(lambda text: text.startswith("dc09 "), 15, "the DC-09 port").split()[1]
                     for _ in range(list(arguments).count("--dc09"))]
        self.smtp = self.process.wait_line(lambda text: text.startswith("smtp "), 15, "the mail port").split()[1] if "--smtp" in arguments else None

    def set_mode(self, path, mode, count=None):
        self.control({"path": path, "mode": mode} if count is None else {"path": path, "mode": mode, "count": count})

    def press(self, phone, what):
        """What the person at this telephone does with a call."""
        self.control({"phone": phone, "press": what})

    def operator(self, way, **more):
        """The settings of relay.operators for the desk's own operator."""
        codes = {"DELIVRD": "delivered", "UNDELIV": "failed", "ANSWERED": "answered", "COMPLETED": "delivered", "NOANSWER": "failed", "OFF": "failed"}
        settings = {"way": way, "url": f"{self.url}/{way}", "secret_file": self.secret_file, "callback_file": self.secret_file,
                    "cancel_url": f"{self.url}/{way}/cancel", "cancel_fields": [{"name": "ref", "value": "{id}"}], "success": "code=0", "reply_id": "data.0.sid", "status_id": "ref", "status_code": "status", "status_key": "digits",
                    "fields": [{"name": "to", "value": "{phone}"}, {"name": "content", "value": "{text}"}, {"name": "ref", "value": "{id}"}],
                    "headers": [{"name": "Authorization", "value": "Bearer {secret}"}],
                    "codes": [{"code": code, "state": state} for code, state in codes.items()]}
        return dict(settings, **more)

    def control(self, body):
        request = urllib.request.Request(self.url + "/control", data=json.dumps(body).encode(), method="POST",
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10):
            pass

    def records(self):
        """Every request so far, oldest first."""
        found = []
        if os.path.exists(self.record_file):
            with open(self.record_file, encoding="utf-8") as file:
                for line in file:
                    if not line.endswith("\n"):
                        break  # being written just now: what comes after it would be the rest of this line
                    found.append(json.loads(line))
        return found

    def wait_record(self, accept, timeout_s, what):
        def look():
            return next((record for record in self.records() if accept(record)), None)
        return wait_until(look, timeout_s, what + " at the desk")

    def stop(self):
        self.process.stop()
