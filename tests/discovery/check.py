#!/usr/bin/env python3
"""Two machines and the name servers between them, with nothing faked: network namespaces for the machines, bind9 for the names.

A province on one machine, a city and a county on the other, each of which finds its parent by the zones that `wujitong topology zone` prints: the province's on
one name server, with the city's subtree delegated to another on the city's machine. Needs root, or user namespaces. Argument: path of the program. The last
line counts the checks. Where the kernel lets nobody make namespaces, as in some containers, nothing is checked, and it says so.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from checks import Checks, until

ZONE = "zj.example"
NAMES, PROVINCE, CITY = "10.77.0.1", "10.77.0.33", "10.77.0.8"
INSIDE = "DISCOVERY_CHECK_INSIDE"


class Ran(Checks):
    """Checks that also run commands."""

    def runs(self, what, command, **more):
        done = subprocess.run(command, capture_output=True, text=True, **more)
        self.check(what, done.returncode == 0, done.stdout + done.stderr)
        return done.stdout


def go_inside():
    """Begins anew in namespaces of its own, in which it may do what root may."""
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    unshare = ["unshare", *user, "--net", "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        print("discovery: network namespaces cannot be made here, so two machines are not tried", file=sys.stderr)
        print("0 passed, 0 failed")
        sys.exit(0)
    command = [*unshare, sys.executable, *sys.argv]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})


def sh(*command):
    subprocess.run(command, check=True)


def at(machine, *command):
    """Returns the command as it runs on a machine."""
    return ["nsenter", f"--net=/run/netns/{machine}", *command] if machine else list(command)


def lay_cables():
    # What is made in /run is gone with the namespace.
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.makedirs("/run/netns")
    sh("ip", "link", "set", "lo", "up")
    sh("ip", "link", "add", "lan", "type", "bridge")
    sh("ip", "addr", "add", f"{NAMES}/24", "dev", "lan")
    sh("ip", "link", "set", "lan", "up")
    for machine, address in (("province", PROVINCE), ("city", CITY)):
        sh("ip", "netns", "add", machine)
        sh("ip", "link", "add", f"to-{machine}", "type", "veth", "peer", "name", "eth0", "netns", machine)
        sh("ip", "link", "set", f"to-{machine}", "master", "lan", "up")
        sh(*at(machine, "ip", "link", "set", "lo", "up"))
        sh(*at(machine, "ip", "addr", "add", f"{address}/24", "dev", "eth0"))
        sh(*at(machine, "ip", "link", "set", "eth0", "up"))


class Started:
    """Processes that end with this one."""

    def __init__(self):
        self.all = []

    def start(self, machine, command, log):
        process = subprocess.Popen(at(machine, *command), stdout=log.open("ab"), stderr=subprocess.STDOUT)
        self.all.append(process)
        return process

    def stop(self):
        for process in reversed(self.all):
            process.send_signal(signal.SIGTERM)
        for process in self.all:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def name_server(started, machine, address, zones, folder, recursion):
    """Runs bind9 with these zones: names with their files."""
    folder.mkdir()
    zones = "\n".join(f'zone "{name}" {{ type primary; file "{file}"; }};' for name, file in zones)
    (folder / "named.conf").write_text(f"""
options {{
  directory "{folder}";
  pid-file "{folder}/named.pid";
  session-keyfile "{folder}/session.key";
  listen-on port 53 {{ {address}; }};
  listen-on-v6 {{ none; }};
  recursion {recursion};
  allow-recursion {{ any; }};
  dnssec-validation no;
  empty-zones-enable no;
}};
controls {{ }};
{zones}
""")
    return started.start(machine, ["named", "-g", "-c", str(folder / "named.conf")], folder / "log")


def linked_up(program, data):
    """Returns whether the node of a data directory is linked with its parent, as its status says."""
    told = subprocess.run([program, "--json", "status", "--data", str(data)], capture_output=True, text=True)
    nodes = json.loads(told.stdout)["nodes"] if told.returncode == 0 else []
    return any(link["up"] for node in nodes for link in node["links"] if link["side"] == "parent")


def found_by_name(program, data):
    """Takes the parent's address out of the configuration: it is found by its name from then on."""
    file = data / "node.toml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("parent")]
    dns = ["[dns]", f'servers = ["{NAMES}:53"]']
    file.write_text("\n".join([*kept[:-1], *dns, kept[-1]]) + "\n")


def scenario(program, checks, started, folder):
    run = lambda *words: checks.runs(" ".join(words[:3]), [program, *words])
    province, city, county = (folder / name for name in ("province", "city", "county"))

    zone33 = run("topology", "zone", "33", "--zone", ZONE, "--ns", f"ns.33.{ZONE}={NAMES}", "--host", f"node.33.{ZONE}:7450",
                 "--delegate", f"3308=ns.08.33.{ZONE}={CITY}")
    zone33 += f"node A {PROVINCE}\n"
    zone08 = run("topology", "zone", "3308", "--zone", ZONE, "--ns", f"ns.08.33.{ZONE}={CITY}", "--host", f"dead.08.33.{ZONE}:7459",
                 "--host", f"node.08.33.{ZONE}:7450")
    zone08 += f"node A {CITY}\ndead A {CITY}\n"
    files = {}
    for name, text in ((f"33.{ZONE}", zone33), (f"08.33.{ZONE}", zone08)):
        files[name] = folder / f"{name}.zone"
        files[name].write_text(text)
        checks.runs(f"bind takes the zone {name}", ["named-checkzone", "-q", "-i", "local", name, str(files[name])])

    name_server(started, None, NAMES, [(f"33.{ZONE}", files[f"33.{ZONE}"])], folder / "names", "yes")
    name_server(started, "city", CITY, [(f"08.33.{ZONE}", files[f"08.33.{ZONE}"])], folder / "names-city", "no")
    ask = ["dig", "+short", "+time=1", "+tries=1", f"@{NAMES}", "SRV"]
    answer = lambda name: subprocess.run([*ask, name], capture_output=True, text=True).stdout
    checks.check("the province's server answers for its own node", until(lambda: "7450 node.33" in answer(f"_wujitong._tcp.33.{ZONE}"), 20))
    below = f"_wujitong._tcp.25.08.33.{ZONE}"
    checks.check("and for the county by the city's server", until(lambda: "7450 node.08" in answer(below), 20), answer(below))

    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {NAMES}\noptions timeout:1\n")
    sh("mount", "--bind", str(resolv), "/etc/resolv.conf")

    checks.runs("a province is founded", [program, "init", "--division", "33", "--zone", ZONE, "--data", str(province), "--listen", f"{PROVINCE}:7450",
                                          "--http", "off"])
    started.start("province", [program, "run", "--data", str(province)], folder / "province.log")
    up = lambda data: subprocess.run([program, "status", "--data", str(data)], capture_output=True).returncode == 0
    checks.check("its node runs", until(lambda: up(province)), (folder / "province.log").read_text())
    for child, above, data, parent, machine, port in (("3308", "33", city, province, "province", 7450), ("330825", "3308", county, city, "city", 7451)):
        invite = [program, "--json", "invite", child, "--data", str(parent), "--address", f"node.{'33' if above == '33' else '08.33'}.{ZONE}:7450"]
        made = checks.runs(f"{above} invites {child}", invite)
        text = json.loads(made)["text"] if made else ""
        checks.runs(f"{child} joins from its machine by the parent's host name", at("city", program, "join", text, "--data", str(data)))
        found_by_name(program, data)
        started.start("city", [program, "run", "--data", str(data), "--listen", f"{CITY}:{port}", "--http", "off"], folder / f"{child}.log")
        checks.check(f"the node of {child} runs", until(lambda: up(data)), (folder / f"{child}.log").read_text())
        checks.check(f"and finds its parent by the zone", until(lambda: linked_up(program, data)), (folder / f"{child}.log").read_text())

    told = checks.runs("the county reports to the province", [program, "--json", "matter", "report", "--data", str(county), "--category", "enforcement/rubbish",
                                                            "--escalate-to", "33", "桥头垃圾"])
    matter = json.loads(told).get("id", "") if told else ""
    held = [program, "--json", "matter", "show", matter, "--data", str(province)]
    checks.check("and the matter arrives there, over two links", until(lambda: matter in subprocess.run(held, capture_output=True, text=True).stdout))


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    if INSIDE not in os.environ:
        go_inside()
    if not shutil.which("named"):
        sys.exit("bind9 is missing")
    checks, started = Ran(), Started()
    with tempfile.TemporaryDirectory() as folder:
        lay_cables()
        try:
            scenario(program, checks, started, pathlib.Path(folder))
        finally:
            started.stop()
    sys.exit(checks.end())


main()
