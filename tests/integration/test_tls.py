"""The API over TLS, with a client that is not ours: what it refuses, what it tells a browser, and that its certificate is replaced under open pages."""
import os
import signal
import socket
import ssl
import subprocess

import pytest

from huyang_test import wait_until
from huyang_test.person import PASSWORD, Person
from huyang_test.process import binary
from test_people import Listener, add_account, first_administrator, press_sos
from test_service import wait_log

ROOT_CSR = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]


def certificate(place, name, days=30):
    """(certificate, key): an authority of its own."""
    cert, key = (os.path.join(str(place), name + end) for end in (".pem", ".key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days), *ROOT_CSR,
                    "-keyout", key, "-out", cert], capture_output=True, check=True, timeout=60)
    return cert, key


def settings(cert, key, **more):
    return {"api": {"tls": {"cert_file": cert, "key_file": key, **more}}}


@pytest.fixture
def secure(world, tmp_path):
    """(world, broker, gateway) with TLS."""
    cert, key = certificate(tmp_path, "api")
    broker, _, gateway = world.standard(settings=settings(cert, key), start=False)
    gateway.trust(cert)
    gateway.start()
    return world, broker, gateway


def shake(gateway, **limits):
    """The handshake of a client with these limits, which trusts anybody: (protocol, cipher)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(limits.pop("ciphers", "ALL") + ":@SECLEVEL=0")
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as plain, context.wrap_socket(plain) as peer:
        return peer.version(), peer.cipher()[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_protocols_and_weak_ciphers_are_refused(secure):
    _, _, gateway = secure
    old, two, three = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    assert shake(gateway)[0] == "TLSv1.3"
    assert shake(gateway, maximum_version=two)[0] == "TLSv1.2"
    assert shake(gateway, minimum_version=three)[0] == "TLSv1.3"
    for limits in ({"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": old}, {"maximum_version": two, "ciphers": "ECDHE-ECDSA-AES128-SHA256"},
                   {"maximum_version": two, "ciphers": "ECDHE-ECDSA-AES256-SHA"}):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(gateway, **limits)
    assert gateway.ready()


def test_who_speaks_http_to_it_learns_nothing(secure):
    _, _, gateway = secure
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        try:
            while block := peer.recv(4096):
                received += block
        except ConnectionError:
            pass
    assert b"HTTP/" not in received
    assert gateway.ready()


def test_a_session_over_tls_has_a_cookie_of_this_host_only(secure):
    _, _, gateway = secure
    first_administrator(gateway)
    person = Person(gateway)
    answer = person.send("POST", "/api/v1/session", {"account": "root", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-huyang_session=") and "; Secure" in cookie and "HttpOnly" in cookie and "; Path=/;" in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    page = person.send("GET", "/", headers={"Accept-Encoding": None})
    assert page.status == 200 and page.headers["Strict-Transport-Security"]
    assert person.send("GET", "/api/v1/alerts").status == 200
    # The same token under the name that any page of the host may have set in clear.
    assert Person(gateway).send("GET", "/api/v1/alerts", headers={"Cookie": "huyang_session=" + person.cookie}).status == 401


def test_the_stream_tells_an_alert_over_tls(secure):
    world, broker, gateway = secure
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    listener = Listener(desk)
    press_sos(world, broker, gateway, 1)
    listener.wait_alert("the press on the stream", family="emergency", subject={"resident": "r-0001"})
    listener.close()


def peer_certificate(gateway):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as plain, context.wrap_socket(plain) as peer:
        return peer.getpeercert(binary_form=True)


def der(path):
    with open(path, encoding="ascii") as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


def test_the_certificate_is_replaced_under_open_pages_and_a_bad_one_never(secure, tmp_path):
    world, broker, gateway = secure
    cert, key = (gateway.settings["api"]["tls"][name] for name in ("cert_file", "key_file"))
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    listener = Listener(desk)
    before = der(cert)
    assert peer_certificate(gateway) == before
    # Another certificate with the old key: refused, and the old pair stays.
    other, other_key = certificate(tmp_path, "other")
    os.replace(other, cert)
    gateway.process.child.send_signal(signal.SIGHUP)
    refused = wait_log(gateway, "config.refused")[-1]
    assert key in refused
    assert peer_certificate(gateway) == before
    os.replace(other_key, key)
    gateway.process.child.send_signal(signal.SIGHUP)
    wait_log(gateway, "config.reloaded")
    assert peer_certificate(gateway) == der(cert) != before
    gateway.trust(cert)
    press_sos(world, broker, gateway, 2)
    listener.wait_alert("the press on the page that was open", subject={"resident": "r-0002"})
    assert not listener.closed.is_set()
    listener.close()


def test_handshakes_that_do_not_go_on_hold_nobody_up_and_are_ended(secure):
    world, broker, gateway = secure
    begun = [socket.create_connection(("127.0.0.1", gateway.port), timeout=60) for _ in range(100)]
    for peer in begun[1:]:
        peer.sendall(b"\x16\x03\x01\x02")
    assert gateway.ready()
    press_sos(world, broker, gateway, 1)
    for peer in begun:
        try:
            while peer.recv(100):
                pass
        except ConnectionError:
            pass
        peer.close()


def test_clients_must_show_a_certificate_where_one_is_asked_for(world, tmp_path):
    cert, key = certificate(tmp_path, "api")
    ours, our_key = certificate(tmp_path, "client")
    strange, strange_key = certificate(tmp_path, "strange")
    _, _, gateway = world.standard(settings=settings(cert, key, client_ca_file=ours), start=False)
    gateway.trust(cert, certfile=ours, keyfile=our_key)
    gateway.start()
    assert isinstance(gateway.alerts(), list)
    gateway.trust(cert)
    assert gateway.health()[0] == 0, "no certificate, no handshake"
    gateway.trust(cert, certfile=strange, keyfile=strange_key)
    assert gateway.health()[0] in (0, 403), "a certificate of anybody is none"


def test_the_end_of_the_certificate_is_announced(world, tmp_path):
    cert, key = certificate(tmp_path, "api", days=3)
    _, _, gateway = world.standard(settings=settings(cert, key), start=False)
    gateway.trust(cert)
    gateway.start()
    assert "key=api.tls.cert_file" in wait_log(gateway, "link.expiring")[0]
    left = wait_until(lambda: gateway.metrics().get('huyang_expiry_seconds{key="api.tls.cert_file"}'), 10, "the metric")
    assert 2 * 86400 < left <= 3 * 86400


BAD_FILES = [("cert_file", "/nowhere/api.pem", "/nowhere/api.pem"), ("key_file", "/nowhere/api.key", "/nowhere/api.key"),
             ("cert_file", "/etc/hostname", "/etc/hostname"), ("client_ca_file", "/etc/hostname", "/etc/hostname")]


@pytest.mark.parametrize("name, path, said", BAD_FILES)
def test_files_that_cannot_be_used_are_named_at_the_start(world, tmp_path, name, path, said):
    cert, key = certificate(tmp_path, "api")
    _, _, gateway = world.standard(settings=settings(cert, key), start=False)
    gateway.write_config({"api": {"tls": {name: path}}})
    gateway.start(ready=False)
    wait_until(lambda: not gateway.alive(), 10, "it ends")
    assert said in wait_log(gateway, "api.tls")[0]


REACHES = [({"listen": "0.0.0.0"}, "api.listen"), ({"listen": "::"}, "api.listen"), ({"listen": "0.0.0.0", "insecure": True}, None),
           ({"listen": "127.0.0.5"}, None), ({"listen": "::1"}, None), ({"listen": "0.0.0.0", "tls": {"cert_file": "a", "key_file": "b"}}, None),
           ({"tls": {"cert_file": "a"}}, "api.tls.key_file"), ({"tls": {"key_file": "a"}}, "api.tls.cert_file"), ({"tls": {"client_ca_file": "a"}}, "api.tls.cert_file")]


@pytest.mark.parametrize("api, key", REACHES)
def test_it_listens_beyond_loopback_with_tls_or_by_explicit_word_only(world, api, key):
    _, _, gateway = world.standard(settings={"api": api}, start=False)
    done = subprocess.run([binary("huyang-gateway"), "--config", gateway.config, "--check"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == (0 if key is None else 2), done.stderr
    if key:
        line = next(line for line in done.stderr.splitlines() if f": {key}: " in line)
        assert line.startswith(gateway.config + ":"), line


def test_the_command_line_reaches_it_by_its_authority(secure):
    _, _, gateway = secure
    words = [binary("huyang"), "alerts", "list", "--url", gateway.url(""), "--state-dir", gateway.state_dir]
    trusted = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False,
                             env=dict(os.environ, HUYANG_CA_FILE=gateway.settings["api"]["tls"]["cert_file"]))
    assert trusted.returncode == 0, trusted.stderr
    assert subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).returncode != 0, "an unknown authority is none"
