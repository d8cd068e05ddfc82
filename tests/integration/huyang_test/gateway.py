"""The real daemon: its configuration, its life and death, and its HTTP interface."""
import http.client
import json
import os
import re
import subprocess
import ssl
import urllib.error
import urllib.request

from .county import CODE
from .database import database
from .process import Process, binary, free_port, wait_until


def yaml_text(value, depth=0):
    """The little YAML a configuration needs: nested objects, lists of objects, scalars (as JSON, which YAML reads)."""
    pad = "  " * depth
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += [f"{pad}{key}:", yaml_text(item, depth + 1)]
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{pad}{key}:")
            for entry in item:
                body = yaml_text(entry, depth + 2).lstrip()
                lines.append(f"{pad}  - {body}")
        elif isinstance(item, list):
            lines.append(f"{pad}{key}: [{', '.join(map(str, item))}]")
        else:
            lines.append(f"{pad}{key}: {json.dumps(item, ensure_ascii=False)}")
    return "\n".join(lines)


def merge(base, more):
    result = dict(base)
    for key, value in more.items():
        result[key] = merge(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body}")
        self.status, self.body = status, body


class Gateway:
    def __init__(self, folder, broker, county, desk=None, settings=None, start=True, environment=None, ready=True):
        self.folder = str(folder)
        self.state_dir = os.path.join(self.folder, "state")
        self.environment = dict(environment or {})
        self.port = free_port()
        self.process = None
        self.tls = None  # how its clients trust it, when it listens with TLS
        os.makedirs(self.folder, exist_ok=True)
        base = {
            "county": CODE, "instance": "huyang-test", "state_dir": self.state_dir, "registry_dir": county.folder, "log_level": "info",
            "broker": broker.gateway_settings(), "api": {"listen": "127.0.0.1", "port": self.port},
            "store": {"ballast_bytes": 65536},
            # A test's device says in seconds what a real one says in weeks.
            "ingest": {"device_per_minute": 100000, "device_burst": 1000000},
            # Tests run at any hour of the day.
            "prompts": {"quiet_from": "00:00", "quiet_to": "00:00"},
            "relay": {"allow_private": True, "police": {"timeout_s": 5}},
        }
        if desk is not None:
            base["relay"]["police"]["url"] = desk.url + "/cap"
            base["relay"]["webhook"] = [{"name": "desk", "url": desk.url + "/hook/all", "secret_file": desk.secret_file}]
        self.config = os.path.join(self.folder, "config.yaml")
        self.settings = merge(base, settings or {})
        self.write_config()
        if start:
            self.start(ready)

    def write_config(self, more=None):
        self.settings = merge(self.settings, more or {})
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(yaml_text(self.settings) + "\n")

    def start(self, ready=True):
        self.process = Process([binary("huyang-gateway"), "--config", self.config], log_path=os.path.join(self.folder, "gateway.log"),
                               environment=self.environment)
        if ready:
            self.wait_ready()

    def wait_ready(self, timeout_s=30):
        wait_until(self.ready, timeout_s, "the gateway is ready (/healthz)")

    def ready(self):
        assert self.process.alive(), f"the gateway ended with {self.process.child.returncode}: {self.process.tail()}"
        return self.health()[0] == 200

    def alive(self):
        return self.process is not None and self.process.alive()

    def kill(self):
        self.process.kill()

    def stop(self):
        return self.process.stop()

    # ---- HTTP ----

    def trust(self, ca_file, **client):
        """From now on its clients speak TLS and know this authority; `client` is for load_cert_chain."""
        self.tls = ssl.create_default_context(cafile=ca_file)
        if client:
            self.tls.load_cert_chain(**client)

    def url(self, path):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def connection(self, timeout=20):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def health(self):
        """(status, text) of /healthz; (0, why) when nothing answers."""
        try:
            with urllib.request.urlopen(self.url("/healthz"), timeout=5, context=self.tls) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def token(self):
        with open(os.path.join(self.state_dir, "token"), encoding="ascii") as file:
            return file.read().strip()

    def request(self, method, path, body=None, token=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data=data, method=method,
                                         headers={"Authorization": "Bearer " + (token or self.token()), "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=15, context=self.tls) as answer:
                text = answer.read().decode()
                return json.loads(text) if "json" in answer.headers.get("Content-Type", "") and text else text
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode("utf-8", "replace")) from None

    def alerts(self, **filters):
        query = "&".join(f"{key}={value}" for key, value in filters.items())
        answer = self.request("GET", "/api/v1/alerts" + ("?" + query if query else ""))
        return answer["alerts"] if isinstance(answer, dict) else answer

    def alert_of(self, family, subject_id, **wanted):
        """The alert of this family about this resident or household, when there is one with these members. True asks for a member
        that is there (times are), False for one that is not."""
        def has(alert, key, value):
            return bool(alert.get(key)) == value if isinstance(value, bool) else alert.get(key) == value
        for alert in self.alerts(family=family):
            if subject_id in alert["subject"].values() and all(has(alert, key, value) for key, value in wanted.items()):
                return alert
        return None

    def jobs(self, alert_id, kind):
        """The alert's jobs of a kind, as its page shows them."""
        return [job for job in self.request("GET", f"/api/v1/alerts/{alert_id}").get("jobs", []) if job.get("kind") == kind]

    def wait_alert(self, family, subject_id, timeout_s=15, **wanted):
        return wait_until(lambda: self.alert_of(family, subject_id, **wanted), timeout_s,
                          f"an alert of family {family} about {subject_id} with {wanted}")

    def acknowledge(self, alert_id, by="g-0001"):
        return self.request("POST", f"/api/v1/alerts/{alert_id}/acknowledge", {"by": by})

    def call(self, alert_id, outcome, by="d-0001"):
        return self.request("POST", f"/api/v1/alerts/{alert_id}/call", {"by": by, "outcome": outcome})

    def close(self, alert_id, disposition, by="d-0001", note=""):
        body = {"by": by, "disposition": disposition}
        return self.request("POST", f"/api/v1/alerts/{alert_id}/close", dict(body, note=note) if note else body)

    def metrics(self):
        """Name (labels sorted away into the name as they stand) -> value."""
        found = {}
        for line in self.request("GET", "/metrics").splitlines():
            match = re.fullmatch(r"([a-z_][a-z0-9_]*(?:\{[^}]*\})?) (\S+)", line)
            if match:
                found[match.group(1)] = float(match.group(2))
        return found

    def metric_sum(self, pattern):
        return sum(value for name, value in self.metrics().items() if re.search(pattern, name))

    # ---- the tools that read the state folder ----

    def tool(self, *arguments, stdin=None, check=True):
        done = subprocess.run([binary("huyang"), *arguments], input=stdin, capture_output=True, timeout=120, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"huyang {' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode()[-1000:]}")
        return done.stdout

    def journal(self):
        """The input log as JSON objects."""
        return [json.loads(line) for line in self.tool("journal", "export", "--state-dir", self.state_dir).splitlines() if line.strip()]

    def stored_transitions(self):
        return self.tool("journal", "transitions", "--state-dir", self.state_dir)

    def replayed_transitions(self):
        """What replay makes of the journal, its transition lines only."""
        journal = self.tool("journal", "export", "--state-dir", self.state_dir)
        county = self.settings["registry_dir"]
        out = self.tool("replay", "--registry", county, "--config", self.config, "-", stdin=journal)
        return b"".join(line + b"\n" for line in out.splitlines() if b'"transition":' in line)

    def database(self):
        """The county's database; accounts.db beside it is the API's."""
        return database(os.path.join(self.state_dir, "huyang.db"))
