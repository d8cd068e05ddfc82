"""A person with an account: a browser's manners over plain HTTP, cookie and CSRF token included."""
import json
import re

from .process import wait_until

PASSWORD = "correct horse battery"


def setup_code(gateway):
    """The one-time code of the gateway's log."""
    def find():
        with open(gateway.process.log_path, encoding="utf-8", errors="replace") as log:
            found = re.findall(r"id=api\.setup .*code=(\S+)", log.read())
        return found[-1] if found else None
    return wait_until(find, 10, "a setup code in the log")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Person:
    def __init__(self, gateway):
        self.gateway, self.cookie, self.csrf = gateway, None, None

    def cookie_header(self):
        """Over TLS the cookie has another name, which a browser takes from this very host only."""
        return ("__Host-" if self.gateway.tls else "") + "huyang_session=" + self.cookie

    def send(self, method, path, body=None, headers=None, raw=None):
        """One request; keeps the cookie and the session's CSRF token as a browser's page does."""
        sent = {"Accept-Language": "en"}
        if self.cookie:
            sent["Cookie"] = self.cookie_header()
        if self.csrf and method != "GET":
            sent["X-CSRF-Token"] = self.csrf
        if method != "GET":
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = self.gateway.connection()
        try:
            connection.request(method, path, raw if raw is not None else None if body is None else json.dumps(body).encode(),
                               {key: value for key, value in sent.items() if value is not None})
            reply = connection.getresponse()
            answer = Answer(reply.status, reply.headers, reply.read().decode())
        finally:
            connection.close()
        match = re.match(r"(?:__Host-)?huyang_session=([0-9a-f]*);", answer.headers.get("Set-Cookie", ""))
        if match:
            self.cookie = match.group(1) or None
            self.csrf = answer.json.get("csrf")
        return answer

    def sign_in(self, account, password=PASSWORD):
        answer = self.send("POST", "/api/v1/session", {"account": account, "password": password})
        assert answer.status == 200, answer.body
        return self

    def alerts(self):
        return self.send("GET", "/api/v1/alerts").json["alerts"]


def first_administrator(gateway, account="root", password=PASSWORD):
    person = Person(gateway)
    answer = person.send("POST", "/api/v1/setup", {"code": setup_code(gateway), "account": account, "name": "管理员", "password": password})
    assert answer.status == 200, answer.body
    return person


def add_account(administrator, account, role, scope="", name=None, password=PASSWORD):
    """Made by the administrator, and signed in."""
    answer = administrator.send("POST", "/api/v1/accounts", {"account": account, "name": name or account, "role": role, "scope": scope, "password": password})
    assert answer.status == 201, answer.body
    return Person(administrator.gateway).sign_in(account, password)
