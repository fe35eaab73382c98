#!/usr/bin/env python3
"""Checks what `deploy/` brings with the programs it is for: systemd, Prometheus, nginx, dpkg.

Founds a province in a directory of its own, runs its node, and lets a real Prometheus with the rules and every query of the Grafana dashboard, and a real nginx
with the example, work with it. Argument: path of the program. The last line counts the checks.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
# systemd's own scale is 0 (safe) to 10; its threshold is ten times that.
MOST_EXPOSED = 20
ZONE = "ywt.zj.example"
HOST = f"33.{ZONE}"
DEBIAN = ["/usr/sbin/nginx", "/usr/bin/nginx"]


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds, told=""):
        print("ok    " if holds else "FAILED", what, "" if holds else f"\n{told}")
        self.passed += bool(holds)
        self.failed += not holds

    def runs(self, what, command, **more):
        done = subprocess.run(command, capture_output=True, text=True, **more)
        self.check(what, done.returncode == 0, done.stdout + done.stderr)
        return done


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, holds, process):
    last = None
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"{what}: the process ended with {process.returncode}")
        try:
            found = holds()
            if found:
                return found
        except OSError as error:
            last = error
        time.sleep(0.1)
    sys.exit(f"never came true: {what} ({last})")


def get(url):
    return urllib.request.urlopen(url, timeout=10).read()


def unit(checks, program, home):
    """The hardened unit, as systemd judges it."""
    text = (DEPLOY / "systemd/wujitong.service").read_text()
    # systemd looks whether the program is there.
    mine = home / "wujitong.service"
    mine.write_text(text.replace("/usr/bin/wujitong", str(program)))
    checks.runs("systemd takes the unit", ["systemd-analyze", "verify", mine])
    judged = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", mine]
    checks.runs("the unit is exposed at most 2.0 by systemd's scale", judged)


def queries():
    """Every query of the dashboard, for all divisions."""
    board = json.loads((DEPLOY / "grafana/wujitong.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$division", ".*")


def names(checks):
    """Nothing asks for a metric that does not exist."""
    known = set(re.findall(r"`(wujitong_\w+)`", (ROOT / "docs/metrics.md").read_text()))
    asked = (DEPLOY / "prometheus/alerts.yml").read_text() + "".join(q for _, q in queries())
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"wujitong_\w+", asked)}
    checks.check("alerts and dashboard ask for metrics that docs/metrics.md knows", asked <= known, asked - known)


def prometheus(checks, home, node_port):
    folder = DEPLOY / "prometheus"
    for what, command in [
        ("the rules are well formed", ["check", "rules", "alerts.yml"]),
        ("the configuration is well formed", ["check", "config", "prometheus.yml"]),
        ("alerts are made when they must be, and only then", ["test", "rules", "alerts.test.yml"]),
    ]:
        checks.runs(what, ["promtool", *command], cwd=folder)
    served = get(f"http://127.0.0.1:{node_port}/metrics").decode()
    checks.runs("the metrics follow the conventions", ["promtool", "check", "metrics"], input=served)

    config = (folder / "prometheus.yml").read_text().replace("127.0.0.1:7480", f"127.0.0.1:{node_port}")
    config = config.replace("15s", "1s").replace("alerts.yml", str(folder / "alerts.yml"))
    (home / "prometheus.yml").write_text(config)
    port = free_port()
    at = f"http://127.0.0.1:{port}/api/v1"
    command = ["prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/tsdb",
               f"--web.listen-address=127.0.0.1:{port}"]
    log = open(home / "prometheus.log", "w")
    running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        def ask(path):
            return json.loads(get(f"{at}/{path}"))["data"]

        def query(text):
            return ask("query?" + urllib.parse.urlencode({"query": text}))["result"]

        until("Prometheus sees the node", lambda: query('up{job="wujitong"} == 1'), running)
        checks.check("a real Prometheus reads the node's metrics", True)

        def rules():
            found = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
            return found if all(rule["health"] != "unknown" for rule in found) else None

        judged = until("every rule was evaluated", rules, running)
        wrong = [rule for rule in judged if rule["health"] != "ok"]
        checks.check(f"it evaluates all {len(judged)} rules", judged and not wrong, wrong)
        refused = []
        for title, text in queries():
            try:
                query(text)
            except OSError as error:
                refused.append((title, text, str(error)))
        checks.check("it answers every query of the dashboard", not refused, refused)
    finally:
        running.terminate()
        running.wait()


def nginx(checks, home, node_port):
    program = next((one for one in DEBIAN if pathlib.Path(one).exists()), "nginx")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN=*.{ZONE}", "-addext", f"subjectAltName=DNS:*.{ZONE}", "-keyout", home / "pages.key",
                    "-out", home / "pages.pem"], check=True, capture_output=True)
    plain, secure = free_port(), free_port()
    text = (DEPLOY / "nginx/wujitong.conf").read_text()
    for mine, theirs in [("/etc/wujitong/tls", str(home)), ("127.0.0.1:7480", f"127.0.0.1:{node_port}"),
                         ("    listen [::]:80;\n", ""), ("    listen [::]:443 ssl http2;\n", ""),
                         ("listen 80;", f"listen 127.0.0.1:{plain};"), ("listen 443", f"listen 127.0.0.1:{secure}")]:
        assert mine in text, mine
        text = text.replace(mine, theirs)
    (home / "site.conf").write_text(text)
    temporary = "\n".join(f"{kind}_temp_path {home}/{kind};" for kind in
                          ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    (home / "nginx.conf").write_text(
        f"daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log;\nevents {{}}\n"
        f"http {{ access_log off; {temporary}\ninclude {home}/site.conf; }}\n")
    checks.runs("nginx takes the example", [program, "-t", "-c", home / "nginx.conf"])
    running = subprocess.Popen([program, "-c", home / "nginx.conf"], stderr=subprocess.DEVNULL)
    trusted = ssl.create_default_context(cafile=str(home / "pages.pem"))

    def ask(path, host=HOST, headers=None):
        connection = http.client.HTTPSConnection("127.0.0.1", secure, context=trusted, timeout=10)
        connection._create_connection = lambda *_, **__: socket.create_connection(("127.0.0.1", secure), 10)
        connection.host = host
        connection.request("GET", path, headers={"Host": host, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read().decode(errors="replace")

    try:
        until("nginx answers", lambda: ask("/")[0], running)
        status, headers, page = ask("/")
        checks.check("a division's page comes through it over TLS", status == 200 and "浙江省" in page, (status, page[:400]))
        checks.check("browsers are told to stay with TLS", any(name == "Strict-Transport-Security" for name, _ in headers), headers)
        for hidden in ["/metrics", "/healthz", "/readyz"]:
            checks.check(f"{hidden} is not for the public", ask(hidden)[0] == 404)
        status = ask("/", host=f"330825002222.{ZONE}")[0]
        checks.check("a division that is not here is refused", status in (404, 421), status)
        insecure = http.client.HTTPConnection("127.0.0.1", plain, timeout=10)
        insecure.request("GET", "/report?x=1", headers={"Host": HOST})
        moved = insecure.getresponse()
        there = (moved.status, moved.getheader("Location"))
        checks.check("without TLS it leads to the same page with TLS", there == (308, f"https://{HOST}/report?x=1"), there)
        status, _, text = ask("/v1/nodes")
        checks.check("the API answers through it", status == 200 and "330000000000" in text, (status, text[:400]))
    finally:
        running.send_signal(signal.SIGQUIT)
        running.wait()


def package(checks, program, home):
    """The Debian package: made, unpacked into a root with nothing but what its dependencies bring, and used there."""
    stripped, root = home / "wujitong", home / "root"
    subprocess.run(["strip", "-o", stripped, program], check=True)
    made = checks.runs("a Debian package is made", [DEPLOY / "debian/build", stripped, home / "out"],
                       env={**os.environ, "DPKG_DEB_OPTIONS": "-Zgzip -z1"})
    if made.returncode:
        return
    deb = made.stdout.strip()
    told = subprocess.run(["dpkg-deb", "-f", deb], capture_output=True, text=True).stdout
    needed = re.search(r"libc6 \(>= (2\.\d+)\)", told)
    checks.check("it says which C library it needs", needed and "Depends: adduser" in told, told)
    for script in ["postinst", "prerm", "postrm"]:
        checks.runs(f"{script} is a shell script", ["dash", "-n", DEPLOY / "debian" / script])
    subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    brought = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    promised = ["usr/lib/systemd/system/wujitong.service", "usr/lib/systemd/system/wujitong-backup.timer", "usr/share/man/man1/wujitong-join.1.gz",
                "usr/share/bash-completion/completions/wujitong", "usr/share/wujitong/templates/village-affairs.toml",
                "usr/share/wujitong/prometheus/alerts.yml", "usr/share/doc/wujitong/changelog.gz"]
    checks.check("it brings unit, manual, completions, templates and alerts", brought.issuperset(promised), brought)
    # `man` warns of what it cannot set.
    page = subprocess.run(["gzip", "-dc", root / "usr/share/man/man1/wujitong-join.1.gz"], capture_output=True, text=True).stdout
    checks.check("its manual pages have the examples of the help", ".SH NAME" in page and "wujitong join" in page, page[:400])
    if os.geteuid() != 0:
        return
    libraries = subprocess.run(["ldd", root / "usr/bin/wujitong"], capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+\.so\S*)", libraries):
        target = root / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    inside = ["chroot", root, "/usr/bin/wujitong"]
    checks.runs("what was unpacked founds a network where there is nothing else",
                [*inside, "init", "--division", "33", "--zone", "zj.example", "--listen", "127.0.0.1:0", "--http", "off"])
    # As the unit runs it: with the configuration of the machine, or else the one that lies beside the keys.
    configured, beside = root / "etc/wujitong/node.toml", root / "var/lib/wujitong/node.toml"
    for where, prepare in [("beside the keys", lambda: None), ("in /etc/wujitong", lambda: move(beside, configured))]:
        prepare()
        runs_inside(checks, home, inside, where)


def move(file, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(file.read_text().replace('data = "."', 'data = "/var/lib/wujitong"'))
    file.unlink()


def runs_inside(checks, home, inside, where):
    log = open(home / "chroot.log", "w")
    node = subprocess.Popen([*inside, "run"], stdout=log, stderr=log)
    try:
        status = [*inside, "status", "--brief"]
        up = lambda: subprocess.run(status, capture_output=True).returncode == 0
        checks.check(f"and runs its node with the configuration {where}", until("the node in the package's root answers", up, node))
    finally:
        node.terminate()
        node.wait()


def supervised(checks, home, start):
    """What systemd is told: ready, alive every third of its patience, stopping."""
    at = home / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(at))
        manager.settimeout(60)
        node = start({"NOTIFY_SOCKET": str(at), "WATCHDOG_USEC": "300000"})
        heard = []

        def hear(word):
            while not any(word in one for one in heard):
                heard.append(manager.recv(4096).decode())

        try:
            hear("READY=1")
            checks.check("systemd is told that the node is ready", True)
            heard.clear()
            hear("WATCHDOG=1")
            checks.check("and that it lives", True)
        finally:
            node.terminate()
        hear("STOPPING=1")
        checks.check("and that it stops", node.wait(timeout=40) == 0)


def main(program):
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        unit(checks, program, home)
        package(checks, program, home)
        names(checks)
        data, port = home / "province", free_port()
        subprocess.run([program, "init", "--division", "33", "--zone", "zj.example", "--data", data], check=True, capture_output=True)
        command = [program, "run", "--data", data, "--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}",
                   "--set", f"pages.zone={ZONE}", "--set", "http.proxies=127.0.0.1"]
        log = open(home / "node.log", "w")

        def start(environment=None):
            return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **(environment or {})})

        supervised(checks, home, start)
        node = start()
        try:
            until("the node is ready", lambda: get(f"http://127.0.0.1:{port}/readyz"), node)
            prometheus(checks, home, port)
            nginx(checks, home, port)
        finally:
            node.terminate()
            node.wait()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
