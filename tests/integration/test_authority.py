"""huyang provision: what it makes is what the openssl program takes for good; and what a
kill leaves is always finished or gone."""
import os
import pty
import re
import stat
import shutil
import subprocess

import pytest

from huyang_test.authority import Authority
from huyang_test.process import binary, under_sanitizer

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kill_at.c")


def openssl(*words, status=0, text=True):
    done = subprocess.run(["openssl", *words], capture_output=True, text=text, timeout=60, check=False)
    assert status is None or done.returncode == status, f"openssl {words}: {done.stdout}{done.stderr}"
    return done.stdout


def serial_of(path):
    return openssl("x509", "-in", path, "-noout", "-serial").strip().split("=")[1].lower()


def verify(authority, cert, purpose, status=0):
    return openssl("verify", "-CAfile", authority.path("ca.pem"), "-untrusted", authority.path("issuing.pem"), "-purpose", purpose, "-crl_check",
                   "-CRLfile", authority.path("broker", "crl.pem"), cert, status=status)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


# ---- init ----

def test_init_makes_an_authority_whose_secrets_only_its_owner_reads(authority):
    assert files_below(authority.folder) == ["broker/clients.pem", "broker/crl.pem", "broker/gateway.pem", "broker/server.pem", "ca.pem", "canary.pem",
                                             "gateway/ca.pem", "gateway/crl.pem", "gateway/gateway.pem", "index.jsonl", "issuing.key", "issuing.pem",
                                             "root/root.key", "root/root.pem"]
    for name in ("issuing.key", "root/root.key", "broker/server.pem", "gateway/gateway.pem", "canary.pem", "index.jsonl"):
        assert stat.S_IMODE(os.stat(authority.path(name)).st_mode) == 0o600, name
    verify(authority, authority.path("broker", "server.pem"), "sslserver")
    verify(authority, authority.path("broker", "server.pem"), "sslclient", status=2)
    names = openssl("x509", "-in", authority.path("broker", "server.pem"), "-noout", "-ext", "subjectAltName")
    assert "IP Address:127.0.0.1" in names and "DNS:localhost" in names
    # The gateway's certificate is its own anchor, and no other authority's.
    openssl("verify", "-CAfile", authority.path("broker", "gateway.pem"), "-purpose", "sslclient", authority.path("gateway", "gateway.pem"))
    text = openssl("crl", "-in", authority.path("broker", "crl.pem"), "-noout", "-text", "-verify", "-CAfile", authority.path("issuing.pem"))
    assert re.search(r"X509v3 CRL Number: *\n *1\n", text)
    verify(authority, authority.path("canary.pem"), "sslclient", status=2)  # revoked from birth


def test_the_roots_key_is_encrypted_under_the_passphrase(authority):
    with open(authority.path("root", "root.key"), encoding="ascii") as file:
        assert "BEGIN ENCRYPTED PRIVATE KEY" in file.read()
    openssl("pkey", "-in", authority.path("root", "root.key"), "-passin", "file:" + authority.passphrase_file, "-noout")
    openssl("pkey", "-in", authority.path("root", "root.key"), "-passin", "pass:wrong", "-noout", status=1)


def test_init_never_overwrites(authority):
    before = {name: open(authority.path(name), "rb").read() for name in files_below(authority.folder)}
    done = authority.run("init", authority.folder, "--passphrase-file", authority.passphrase_file, *authority.hosts, status=2, directory=False)
    assert "nothing was overwritten" in done.stderr
    assert {name: open(authority.path(name), "rb").read() for name in files_below(authority.folder)} == before


def test_a_root_elsewhere_is_kept_elsewhere_and_signs_a_second_authority(tmp_path):
    root = str(tmp_path / "stick")
    first, second = Authority(tmp_path / "a", start=False), Authority(tmp_path / "b", start=False)
    first.init("--root-dir", root)
    assert "root" not in " ".join(files_below(first.folder)) and sorted(os.listdir(root)) == ["root.key", "root.pem"]
    key = open(os.path.join(root, "root.key"), "rb").read()
    second.init("--root-dir", root)
    assert open(os.path.join(root, "root.key"), "rb").read() == key
    assert open(first.path("ca.pem"), "rb").read() == open(second.path("ca.pem"), "rb").read()
    verify(second, second.path("broker", "server.pem"), "sslserver")
    with open(second.passphrase_file, "w", encoding="ascii") as file:
        file.write("another passphrase\n")
    third = Authority(tmp_path / "c", start=False)
    done = third.run("init", third.folder, "--passphrase-file", second.passphrase_file, *third.hosts, "--root-dir", root, status=2, directory=False)
    assert "the passphrase is not that of this root's key" in done.stderr and not os.path.exists(third.folder)


@pytest.mark.parametrize("words,complaint", [
    ([], "--host"), (["--host", "not a host"], "malformed"), (["--host", "x", "--days", "0"], "out of range"), (["--host", "x", "--grace-days", "1"], "does not take"),
])
def test_init_names_what_is_wrong_with_its_words(tmp_path, words, complaint):
    authority = Authority(tmp_path, start=False)
    done = authority.run("init", authority.folder, "--passphrase-file", authority.passphrase_file, *words, status=2, directory=False)
    assert complaint in done.stderr and not os.path.exists(authority.folder)


def test_a_short_or_missing_passphrase_makes_nothing(tmp_path):
    authority = Authority(tmp_path, start=False)
    for text in ("short\n", "\n", ""):
        with open(authority.passphrase_file, "w", encoding="ascii") as file:
            file.write(text)
        authority.run("init", authority.folder, "--passphrase-file", authority.passphrase_file, *authority.hosts, status=2, directory=False)
    done = authority.run("init", authority.folder, *authority.hosts, status=2, directory=False)
    assert "no terminal" in done.stderr
    assert sorted(os.listdir(authority.place)) == ["passphrase"]


def test_the_passphrase_is_asked_for_twice_on_a_terminal_and_not_shown(tmp_path):
    authority = Authority(tmp_path, start=False)

    def init(*answers):
        ours, theirs = pty.openpty()
        child = subprocess.Popen([binary("huyang"), "provision", "init", authority.folder, *authority.hosts], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        asked = b""
        for answer, question in zip(answers, (b"key: ", b"again: ")):
            while not asked.endswith(question):
                asked += child.stderr.read(1)
            os.write(ours, answer + b"\n")
        out, err = child.communicate(timeout=60)
        os.close(theirs)
        shown = b""
        try:
            while True:
                shown += os.read(ours, 4096)
        except OSError:
            pass  # the terminal is closed and empty
        os.close(ours)
        assert not any(answer in asked + err + shown + out for answer in answers)
        return child.returncode, err.decode()
    status, told = init(b"one passphrase", b"another passphrase")
    assert status == 2 and "not the same" in told and not os.path.exists(authority.folder)
    status, told = init(b"one passphrase", b"one passphrase")
    assert status == 0, told
    openssl("pkey", "-in", authority.path("root", "root.key"), "-passin", "pass:one passphrase", "-noout")


# ---- device ----

def test_a_devices_certificate_is_its_own_and_good_for_a_client_alone(authority):
    folder = authority.device("wb-0001")
    assert sorted(os.listdir(folder)) == ["ca.pem", "cert.pem", "key.pem"]
    assert stat.S_IMODE(os.stat(os.path.join(folder, "key.pem")).st_mode) == 0o600
    cert = os.path.join(folder, "cert.pem")
    verify(authority, cert, "sslclient")
    verify(authority, cert, "sslserver", status=2)
    assert "CN = wb-0001" in openssl("x509", "-in", cert, "-noout", "-subject")
    assert openssl("x509", "-in", cert, "-noout", "-pubkey") == openssl("pkey", "-in", os.path.join(folder, "key.pem"), "-pubout")
    row = [entry for entry in authority.shown() if entry["id"] == "wb-0001"][0]
    assert row["serial"] == serial_of(cert) and len(row["serial"]) == 32 and row["state"] == "valid"
    fingerprint = openssl("x509", "-in", cert, "-noout", "-fingerprint", "-sha256").strip().split("=")[1].replace(":", "").lower()
    assert row["fingerprint"] == fingerprint


def test_no_certificate_outlives_its_issuer(authority):
    authority.device("wb-0001", "--days", "3650")
    ends = [openssl("x509", "-in", path, "-noout", "-enddate") for path in (authority.path("devices", "wb-0001", "cert.pem"), authority.path("issuing.pem"))]
    assert ends[0] == ends[1]


def test_a_pkcs12_bundle_opens_with_its_password(authority, tmp_path):
    password = tmp_path / "p12"
    password.write_text("bundle password\n")
    folder = authority.device("wb-0001", "--p12-password-file", str(password))
    bundle = os.path.join(folder, "bundle.p12")
    assert stat.S_IMODE(os.stat(bundle).st_mode) == 0o600
    out = openssl("pkcs12", "-in", bundle, "-passin", "pass:bundle password", "-nodes")
    assert out.count("BEGIN CERTIFICATE") == 2 and out.count("BEGIN PRIVATE KEY") == 1
    openssl("pkcs12", "-in", bundle, "-passin", "pass:other", "-noout", status=1)


@pytest.mark.parametrize("device", ["", "wb 1", "wb/1", "../x", "a" * 65, "护养", "huyang-gateway", "huyang-x"])
def test_ids_that_are_none_get_no_certificate(authority, device):
    before = len(authority.index())
    assert authority.run("device", device, status=2).stderr
    assert len(authority.index()) == before and not os.path.exists(authority.path("devices", "x"))


def test_a_device_gets_one_certificate(authority):
    authority.device("wb-0001")
    done = authority.run("device", "wb-0001", status=2)
    assert "rotate" in done.stderr


def test_without_an_authority_every_verb_says_so(tmp_path):
    authority = Authority(tmp_path, start=False)
    for words in (["device", "wb-1"], ["show"], ["rotate", "wb-1"]):
        done = authority.run(*words, status=1)
        assert "huyang provision init" in done.stderr


def test_two_at_once_do_not_mix(authority):
    import fcntl
    with open(authority.path("index.jsonl"), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "another huyang provision is at work" in authority.run("device", "wb-0001", status=1).stderr
    authority.run("device", "wb-0001")


# ---- batch ----

def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_a_batch_gives_each_device_one_and_goes_on_where_it_ended(authority, tmp_path):
    path = write(tmp_path / "devices.csv", "kind,id,note\r\n" + "".join(f"wristband,wb-{i:04d},\"a, b\"\r\n" for i in range(150)))
    authority.device("wb-0003")
    assert "150 devices, 149 certificates issued, 1 had one" in authority.run("batch", path).stdout
    assert "150 devices, 0 certificates issued, 150 had one" in authority.run("batch", path).stdout
    rows = [entry for entry in authority.shown() if entry["id"].startswith("wb-")]
    assert len({row["id"] for row in rows}) == len({row["serial"] for row in rows}) == len(rows) == 150
    for row in rows:
        assert serial_of(authority.path("devices", row["id"], "cert.pem")) == row["serial"]
    assert not os.listdir(authority.path("devices", ".new"))


@pytest.mark.parametrize("text,faults", [
    ("id\nwb-1\nwb 2\nwb-3\nwb-1\nhuyang-x\n", [":3: column 1: 'wb 2' is no device id", ":5: column 1: 'wb-1' stands in line 2", ":6: column 1: 'huyang-x' is"]),
    ("kind,id\nwristband\n", [":2: column 2: the line ends before its id"]),
    ("kind,device\nwristband,wb-1\n", [":1: no column is named id"]),
    ("", [":1: the file is empty"]),
    ("id\nwb\x1b[2J\n", [":2: column 1: 'wb?[2J' is no device id"]),
    ("id\n\"wb-1\n", [":2:"]),
    (b"id\n\xbb\xa4-1\n", [":2:"]),
])
def test_a_file_with_a_fault_issues_nothing_and_names_every_place(authority, tmp_path, text, faults):
    path = write(tmp_path / "bad.csv", text)
    before = len(authority.index())
    done = authority.run("batch", path, status=2)
    for fault in faults:
        assert path + fault in done.stderr, done.stderr
    assert "Nothing was issued" in done.stderr and len(authority.index()) == before


def test_a_batch_that_finds_the_disk_full_says_so_and_goes_on_when_there_is_room(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "huyang-test", str(disk)], capture_output=True, check=False).returncode != 0:
        pytest.skip("no small file system can be mounted here (needs root)")
    try:
        authority = Authority(disk)
        path = write(tmp_path / "devices.csv", "id\n" + "".join(f"wb-{i:04d}\n" for i in range(300)))
        done = authority.run("batch", path, status=1)
        assert "No space left on device" in done.stderr and "goes on where it ended" in done.stderr
        issued = len([entry for entry in authority.shown() if entry["id"].startswith("wb-")])
        assert 0 < issued < 300
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        assert f"300 devices, {300 - issued} certificates issued, {issued} had one" in authority.run("batch", path).stdout
        assert sorted(name for name in os.listdir(authority.path("devices")) if name.startswith("wb-")) == [f"wb-{i:04d}" for i in range(300)]
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


# ---- rotate, show ----

def test_a_rotated_certificate_stands_beside_the_old_one_until_its_grace_ends(authority):
    folder = authority.device("wb-0001")
    old = serial_of(os.path.join(folder, "cert.pem"))
    authority.run("rotate", "wb-0001", "--grace-days", "7")
    states = {entry["serial"]: entry["state"] for entry in authority.shown() if entry["id"] == "wb-0001"}
    new = serial_of(os.path.join(folder, "cert.pem"))
    assert states == {old: "superseded", new: "valid"}
    kept = authority.path("devices", ".old", f"wb-0001.{old}", "cert.pem")
    verify(authority, kept, "sslclient")
    authority.run("rotate", "wb-0001", "--grace-days", "0")
    verify(authority, kept, "sslclient", status=2)
    verify(authority, os.path.join(folder, "cert.pem"), "sslclient")
    assert [entry["state"] for entry in authority.shown() if entry["id"] == "wb-0001"] == ["revoked", "revoked", "valid"]


def test_what_is_past_its_grace_is_told_by_show_and_revoked_by_the_daily_list(authority):
    authority.device("wb-0001")
    authority.run("rotate", "wb-0001")
    old = next(entry["serial"] for entry in authority.shown() if entry["state"] == "superseded")
    authority.run("crl")
    assert next(entry for entry in authority.shown() if entry["serial"] == old)["state"] == "superseded"  # not before its time
    with open(authority.path("index.jsonl"), "a", encoding="ascii") as file:  # two weeks go by
        file.write('{"t":"2020-01-01T00:00:00+00:00","superseded":"%s","revoke_at":"2020-01-15T00:00:00+00:00"}\n' % old)
    assert "1 replaced certificates are past their grace" in authority.run("show", status=1).stderr
    authority.run("crl")
    row = next(entry for entry in authority.shown() if entry["serial"] == old)
    assert (row["state"], row["reason"]) == ("revoked", "superseded")
    verify(authority, authority.path("devices", ".old", f"wb-0001.{old}", "cert.pem"), "sslclient", status=2)
    verify(authority, authority.path("devices", "wb-0001", "cert.pem"), "sslclient")
    assert authority.run("show").stderr == ""


def test_broker_and_gateway_get_new_certificates_too(authority):
    assert "--host" in authority.run("rotate", "huyang-broker", status=2).stderr
    authority.run("rotate", "huyang-broker", "--host", "192.0.2.7")
    names = openssl("x509", "-in", authority.path("broker", "server.pem"), "-noout", "-ext", "subjectAltName")
    assert names.split("\n")[1].strip() == "IP Address:192.0.2.7, DNS:localhost, IP Address:127.0.0.1"
    pins = authority.path("broker", "gateway.pem")
    authority.run("rotate", "huyang-gateway")
    assert open(pins, encoding="ascii").read().count("BEGIN CERTIFICATE") == 2  # the gateway still uses the old one
    authority.run("rotate", "huyang-gateway", "--grace-days", "0")
    assert open(pins, encoding="ascii").read().count("BEGIN CERTIFICATE") == 1
    openssl("verify", "-CAfile", pins, authority.path("gateway", "gateway.pem"))


def test_show_warns_before_something_ends(authority):
    assert authority.run("show").stderr == ""
    assert "the revocation list ends" in authority.run("show", "--warn-days", "31", status=1).stderr
    authority.device("wb-0001", "--days", "10")
    assert "the certificate of wb-0001 ends" in authority.run("show", "--warn-days", "10", status=1).stderr
    authority.run("rotate", "wb-0001")
    assert authority.run("show", "--warn-days", "10").stderr == ""  # the one that ends has a successor


def test_show_notices_a_revocation_list_that_is_not_the_newest(authority):
    with open(authority.path("broker", "crl.pem"), "rb") as file:
        old = file.read()
    authority.device("wb-0001")
    authority.run("rotate", "wb-0001", "--grace-days", "0", "--crl-days", "20")
    with open(authority.path("broker", "crl.pem"), "wb") as file:
        file.write(old)
    assert "does not hold all that is revoked" in authority.run("show", status=1).stderr


def test_a_damaged_index_is_named_and_not_guessed_at(authority):
    with open(authority.path("index.jsonl"), "r+", encoding="utf-8") as file:
        lines = file.readlines()
        file.seek(0)
        file.writelines(lines[:1] + ["{\"t\":\"2026-01-01T00:00:00Z\",\"revoked\":\"00\"}\n"] + lines[1:])
    assert "index.jsonl:2: is no line of an index" in authority.run("device", "wb-0001", status=1).stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_what_is_replaced_keeps_its_owner(authority):
    for name in ("broker/crl.pem", "broker/server.pem", "gateway/gateway.pem"):
        os.chown(authority.path(name), 12345, 12346)
    authority.run("crl")
    authority.run("rotate", "huyang-broker", *authority.hosts)
    authority.run("rotate", "huyang-gateway")
    for name, mode in (("broker/crl.pem", 0o644), ("broker/server.pem", 0o600), ("gateway/gateway.pem", 0o600)):
        found = os.stat(authority.path(name))
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12346, mode), name


@pytest.mark.skipif(under_sanitizer(), reason="the shim stands before the sanitizer's own")
def test_a_revocation_killed_anywhere_is_in_the_list_after_the_next(tmp_path, kill_at, template):
    number, was_killed = 1, True
    while was_killed:
        authority = copy_of(template, tmp_path / str(number))
        was_killed = killed(authority, kill_at, number, "revoke", "wb-0001")
        states = [entry["state"] for entry in authority.shown() if entry["id"] == "wb-0001"]
        shown = authority.run("show", status=None)
        # Noted as revoked and not yet in the list: show says that something is amiss.
        if states == ["revoked"] and shown.returncode == 0:
            verify(authority, authority.path("devices", "wb-0001", "cert.pem"), "sslclient", status=2)
        authority.run("revoke", "wb-0001")
        verify(authority, authority.path("devices", "wb-0001", "cert.pem"), "sslclient", status=2)
        assert authority.run("show").returncode == 0
        number += 1
    assert number > 10


# ---- labels ----

def scanned(svg, folder):
    """What a scanner reads from the picture (zbarimg), 8 pixels a module."""
    size = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1))
    rows = [[255] * size for _ in range(size)]
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
        for at in range(int(x), int(x) + int(run)):
            rows[int(y)][at] = 0
    path = folder / "label.pgm"
    path.write_bytes(b"P5 %d %d 255\n" % (size * 8, size * 8) + b"".join(bytes(b for b in row for _ in range(8)) * 8 for row in rows))
    return subprocess.run(["zbarimg", "-q", "--raw", str(path)], capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def test_labels_hold_each_devices_id_and_fingerprint_and_no_secret(authority, tmp_path):
    devices = [f"wb-{i:04d}" for i in range(24)] + ["x" * 64]
    authority.batch(devices)
    authority.run("rotate", "wb-0001")
    page = tmp_path / "labels.html"
    assert "25 labels, 2 sheets" in authority.run("labels", "--out", page).stdout
    text = page.read_text(encoding="utf-8")
    prints = {entry["id"]: entry["fingerprint"] for entry in authority.shown()}  # the newest counts
    labels = re.findall(r'<div class="label">(<svg.*?</svg>)', text)
    assert text.count('<div class="sheet">') == 2 and "@page { size: A4" in text
    assert sorted(scanned(svg, tmp_path) for svg in labels) == sorted(f"HUYANG:{device}:SHA256:{prints[device].upper()}" for device in devices)
    assert "huyang-" not in text and "PRIVATE" not in text and "http" not in text  # nobody else's, nothing secret, nothing fetched
    with open(authority.path("devices", "wb-0000", "key.pem"), encoding="ascii") as file:
        assert file.read().splitlines()[1] not in text


def test_labels_of_chosen_devices_come_in_that_order_and_only_for_valid_certificates(authority, tmp_path):
    authority.batch(["wb-1", "wb-2", "wb-3"])
    page = tmp_path / "labels.html"
    authority.run("labels", "--out", page, "wb-3", "wb-1")
    assert re.findall(r'<div class="id">(.*?)</div>', page.read_text(encoding="utf-8")) == ["wb-3", "wb-1"]
    authority.run("revoke", "wb-1")
    page.unlink()
    assert "wb-1: has no valid certificate" in authority.run("labels", "--out", page, "wb-1", status=2).stderr
    assert not page.exists()
    assert "needs --out" in authority.run("labels", status=2).stderr


# ---- killed at every step ----

@pytest.fixture(scope="module")
def kill_at(tmp_path_factory):
    library = str(tmp_path_factory.mktemp("shim") / "kill_at.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An authority with wb-0001, to be copied: making one takes longer than most of what is tried on it."""
    authority = Authority(tmp_path_factory.mktemp("template"))
    authority.device("wb-0001")
    return authority


def copy_of(template, place):
    authority = Authority(place, start=False)
    shutil.copytree(template.folder, authority.folder)
    return authority


def killed(authority, library, number, *words, directory=True):
    """True when the command was killed before its `number`-th change of the disk."""
    done = authority.run(*words, status=None, directory=directory, environment={"LD_PRELOAD": library, "KILL_AT": str(number)})
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def check_whole(authority):
    """Each line of the index has its files and each file its line."""
    newest = {entry["id"]: entry["serial"] for entry in authority.shown() if not entry["id"].startswith("huyang-")}
    folders = [name for name in os.listdir(authority.path("devices")) if not name.startswith(".")]
    assert sorted(folders) == sorted(newest)
    for device, serial in newest.items():
        folder = authority.path("devices", device)
        assert sorted(os.listdir(folder)) == ["ca.pem", "cert.pem", "key.pem"]
        assert serial_of(os.path.join(folder, "cert.pem")) == serial
        assert openssl("x509", "-in", os.path.join(folder, "cert.pem"), "-noout", "-pubkey") == openssl("pkey", "-in", os.path.join(folder, "key.pem"), "-pubout")


@pytest.mark.skipif(under_sanitizer(), reason="the shim stands before the sanitizer's own")
def test_a_batch_killed_before_any_change_of_the_disk_goes_on(tmp_path, kill_at, template):
    path = write(tmp_path / "two.csv", "id\nwb-0002\nwb-0003\n")
    number, was_killed = 1, True
    while was_killed:
        authority = copy_of(template, tmp_path / str(number))
        was_killed = killed(authority, kill_at, number, "batch", path)
        authority.run("device", "wb-0004")  # opens the authority: finishes or removes what was left
        check_whole(authority)
        assert "2 devices" in authority.run("batch", path).stdout
        check_whole(authority)
        assert sorted(entry["id"] for entry in authority.shown() if entry["id"].startswith("wb-")) == ["wb-0001", "wb-0002", "wb-0003", "wb-0004"]
        number += 1
    assert number > 20


@pytest.mark.skipif(under_sanitizer(), reason="the shim stands before the sanitizer's own")
def test_a_rotation_killed_anywhere_leaves_one_usable_certificate_and_a_true_index(tmp_path, kill_at, template):
    number, was_killed = 1, True
    while was_killed:
        authority = copy_of(template, tmp_path / str(number))
        was_killed = killed(authority, kill_at, number, "rotate", "wb-0001", "--grace-days", "0")
        authority.run("device", "wb-0002")
        check_whole(authority)
        authority.run("rotate", "wb-0001", "--grace-days", "0")
        check_whole(authority)
        verify(authority, authority.path("devices", "wb-0001", "cert.pem"), "sslclient")
        assert authority.run("show").returncode == 0
        number += 1
    assert number > 20


@pytest.mark.skipif(under_sanitizer(), reason="the shim stands before the sanitizer's own")
def test_an_init_killed_anywhere_can_be_run_again(tmp_path, kill_at, full):
    number, was_killed = 1, True
    while was_killed:
        authority = Authority(tmp_path / str(number), start=False)
        words = ("init", authority.folder, "--passphrase-file", authority.passphrase_file, *authority.hosts)
        was_killed = killed(authority, kill_at, number, *words, directory=False)
        if not os.path.exists(authority.folder):
            authority.init()
        assert authority.run("show").returncode == 0
        authority.device("wb-0001")
        verify(authority, authority.path("devices", "wb-0001", "cert.pem"), "sslclient")
        number += 1 if full else 5
    assert number > 20


def test_help_names_every_verb():
    text = subprocess.run([binary("huyang"), "provision", "--help"], capture_output=True, text=True, check=True).stdout
    for verb in ("init", "device", "batch", "rotate", "revoke", "crl", "show", "labels", "broker", "verify"):
        assert f"huyang provision {verb}" in text
