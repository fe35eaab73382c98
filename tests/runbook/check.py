#!/usr/bin/env python3
"""Runs every command of `docs/runbook.md` from the state that its section is for, on real processes: a province, a city and a county.

The commands are read from the page, so that it cannot say what does not work. Clocks are moved with faketime, a disk is filled on a small file system of its own;
where that may not be mounted, the section is not tried, and it says so. Argument: path of the program. The last line counts the checks.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from checks import Checks, until

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs" / "runbook.md"
ZONE = "zj.example"
PARENTS = {"3308": "33", "330825": "3308"}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Machine:
    """A machine with one node: a directory, a port, a clock."""

    def __init__(self, program, name, code, folder):
        self.program, self.name, self.code = program, name, code
        self.data, self.log = folder / name, folder / f"{name}.log"
        self.port, self.days, self.process = free_port(), 0, None

    def command(self, words):
        """Returns the words of a command as this machine runs them, and its environment."""
        env = {**os.environ, "WUJITONG_DATA": str(self.data), "LANG": "C", "LC_ALL": "C"}
        if self.days:
            # What measures how long something takes goes on as it is.
            env |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
            words = ["faketime", "-f", f"{self.days:+}d", *words]
        return words, env

    def run(self, *words):
        words, env = self.command([self.program, *words])
        return subprocess.run(words, capture_output=True, text=True, env=env, timeout=300)

    def start(self):
        words = [self.program, "run", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", "--http", "off", "--set", "links.backoff_max_ms=2000"]
        words, env = self.command(words)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=env, start_new_session=True)
        return until(lambda: self.status() or self.process.poll() is not None) and self.status()

    def stop(self, how=signal.SIGTERM):
        if self.process:
            os.killpg(self.process.pid, how)
            self.process.wait(90)
            self.process = None

    def status(self):
        told = self.run("--json", "status")
        return json.loads(told.stdout)["nodes"][0] if told.returncode == 0 else None

    def is_linked(self, side="parent"):
        status = self.status()
        return bool(status) and any(link["up"] for link in status["links"] if link["side"] == side)

    def alarms(self):
        told = self.run("--json", "alarm", "list")
        return told.stdout if told.returncode == 0 else ""


class World:
    def __init__(self, program, checks, folder):
        self.checks, self.folder = checks, folder
        self.all = {code: Machine(program, code, code, folder) for code in ("33", "3308", "330825")}
        self.copy = Machine(program, "copy", "330825", folder)
        self.text = ""
        for name in ("backup", "key"):
            (folder / name).mkdir()

    def __getitem__(self, code):
        return self.all[code]

    def stop(self):
        for machine in [*self.all.values(), self.copy]:
            machine.stop(signal.SIGKILL)

    def section(self, title):
        """Runs the commands of a section of the page, each on its machine."""
        page = PAGE.read_text()
        body = page.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]
        machine = None
        for block in re.findall(r"```sh\n(.*?)```", body, re.S):
            for line in block.splitlines():
                if line.startswith("# on the machine of "):
                    name = line.removeprefix("# on the machine of ").strip()
                    machine = self.copy if name == "the copy" else self.all[name]
                elif line.strip():
                    self.does(title, machine, line)

    def does(self, title, machine, line):
        what = f"{title.split(' ')[0].lower()}: {machine.name}: {line}"
        words = shlex.split(line.removeprefix("sudo -u wujitong "))
        if words[0] == "systemctl":
            if words[1] in ("stop", "restart"):
                machine.stop()
            if words[1] in ("start", "restart"):
                machine.start()
            running = machine.status() is not None
            self.checks.check(what, running == (words[1] != "stop"), self.tail(machine))
            return
        words = [str(self.at(machine, word)) for word in words[1:]]
        if words[0] == "join":
            start = words.index("WJT1Q9X2...")
            words[start : start + 1] = [self.text]
        told = machine.run("--json", *words) if words[0] == "invite" else machine.run(*words)
        if words[0] == "readmit" and told.returncode != 0:
            # Who is let in again asks by itself within minutes, and the next one below only then.
            until(lambda: machine.run(*words).returncode == 0, 900)
            told = machine.run(*words)
        if words[0] == "invite" and told.returncode == 0:
            self.text = json.loads(told.stdout)["text"]
        if "--new-key" in words and told.returncode == 0:
            recipient = re.search(r"age1[0-9a-z]+", told.stdout).group(0)
            (self.folder / "key" / "recipients").write_text(recipient + "\n")
        # Warnings of the doctor, and a number that is not yet, are told with an exit code of their own.
        fine = told.returncode == 0 or (words[0] == "doctor" and told.returncode == 1)
        self.checks.check(what, fine, told.stdout + told.stderr + self.tail(machine))

    def at(self, machine, word):
        for path, here in (("/var/lib/wujitong", machine.data), ("/mnt/backup", self.folder / "backup"), ("/mnt/key", self.folder / "key")):
            if word.startswith(path):
                return str(here) + word.removeprefix(path)
        return word

    def tail(self, machine):
        return machine.log.read_text()[-3000:] if machine.log.exists() else ""

    def true(self, what, holds, machine=None):
        self.checks.check(what, until(holds), self.tail(machine) if machine else "")


def aside(machine):
    """Takes the directory of a machine away."""
    machine.stop(signal.SIGKILL)
    shutil.rmtree(machine.data)


def found(world):
    province = world["33"]
    told = province.run("init", "--division", "33", "--zone", ZONE, "--data", str(province.data), "--listen", f"127.0.0.1:{province.port}", "--http", "off")
    world.checks.check("a province is founded", told.returncode == 0, told.stderr)
    world.checks.check("its node runs", province.start(), world.tail(province))
    for child, above in PARENTS.items():
        parent, machine = world[above], world[child]
        made = parent.run("--json", "invite", child, "--address", f"127.0.0.1:{parent.port}")
        joined = machine.run("join", json.loads(made.stdout)["text"], "--data", str(machine.data), "--yes")
        world.checks.check(f"{child} joins", joined.returncode == 0, joined.stdout + joined.stderr)
        machine.start()
        world.true(f"{child} is linked", machine.is_linked, machine)


def report(machine, text, *more):
    told = machine.run("--json", "matter", "report", "--category", "enforcement/rubbish", *more, text)
    return json.loads(told.stdout)["id"] if told.returncode == 0 else None


def shows(machine, matter):
    return lambda: matter and machine.run("matter", "show", matter).returncode == 0


def scenario(world):
    province, city, county = world["33"], world["3308"], world["330825"]
    found(world)
    before = report(county, "桥头垃圾")
    world.section("Before anything goes wrong")
    after = report(county, "村口垃圾", "--escalate-to", "3308")
    world.true("the city has what was handed up after the backup", shows(city, after), city)

    county.stop(signal.SIGKILL)
    world.true("the city sees that the county is silent", lambda: not city.is_linked("child"), city)
    world.section("Silent child")
    world.true("and that it is back", lambda: city.is_linked("child"), city)

    aside(county)
    world.section("Lost node")
    world.true("the county is linked again", county.is_linked, county)
    world.true("it has what it had", shows(county, before), county)
    world.true("and what came after the backup, from the city", shows(county, after), county)

    aside(county)
    world.section("Lost keys")
    world.true("the county is linked with its new keys", county.is_linked, county)

    thief = world.folder / "stolen"
    county.stop()
    shutil.copytree(county.data, thief)
    county.start()
    world.true("the county is linked before its key is stolen", county.is_linked, county)
    # Its directory is moved away before it joins anew, as the page says.
    held = county.stop
    county.stop = lambda how=signal.SIGTERM: (held(how), shutil.move(county.data, world.folder / "evidence"))[0]
    world.section("Stolen key")
    county.stop = held
    world.true("the county is linked with keys that nobody else has", county.is_linked, county)
    world.copy.data = thief
    world.copy.start()
    time.sleep(5)
    world.checks.check("the thief is not let in", not world.copy.is_linked(), world.tail(world.copy))
    world.copy.stop()

    county.stop()
    world.copy.data = world.folder / "twin"
    shutil.copytree(county.data, world.copy.data)
    county.start()
    world.true("the county is linked before there are two", county.is_linked, county)
    world.copy.start()
    two = lambda: any("second-machine" in machine.alarms() for machine in (city, county, world.copy))
    world.true("two machines with one identity are noticed", two, city)
    world.section("Twin")
    world.true("the real one is linked", county.is_linked, county)

    full_disk(world)

    county.stop()
    county.days = 0.02
    county.start()
    world.true("a clock half an hour ahead is doubted", lambda: "clock-doubted" in county.alarms(), county)
    # NTP sets it.
    county.stop()
    county.days = 0
    county.start()
    world.section("Wrong clock")
    world.true("the county is linked with the right time", county.is_linked, county)

    for machine in (county, city, province):
        machine.stop()
        machine.days = 120
    for machine in (province, city, county):
        machine.start()
    world.section("Expired chain")
    world.true("the city is back after 120 days", city.is_linked, city)
    world.true("and the county", county.is_linked, county)


def full_disk(world):
    county = world["330825"]
    county.stop()
    kept = world.folder / "kept"
    shutil.move(county.data, kept)
    county.data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(county.data)], capture_output=True)
    if mounted.returncode != 0:
        print("runbook: a small file system may not be mounted here, so no disk is filled", file=sys.stderr)
        county.data.rmdir()
        shutil.move(kept, county.data)
        county.start()
        return
    shutil.copytree(kept, county.data, dirs_exist_ok=True)
    county.start()
    filler = county.data / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            pass
    long = "大" * 1500
    refused = lambda: report(county, long) is None
    world.true("the full disk refuses new work", refused, county)
    # The section begins with the look, then space is freed, then it goes on.
    look = county.run("status")
    world.checks.check("status says that the disk is full", "full" in look.stdout, look.stdout)
    filler.unlink()
    world.true("it goes on by itself once there is room", lambda: report(county, "又有地方了"), county)
    world.section("Full disk")
    world.true("the county is linked after its store was made small", county.is_linked, county)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    if not shutil.which("faketime"):
        sys.exit("faketime is missing")
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        world = World(program, checks, pathlib.Path(folder))
        try:
            scenario(world)
        finally:
            world.stop()
            # Also while a process on it is still ending.
            subprocess.run(["umount", "--lazy", str(world["330825"].data)], capture_output=True)
    sys.exit(checks.end())


main()
