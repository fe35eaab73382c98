#!/usr/bin/env python3
"""Checks the public log of a running node with libraries that know nothing of this project.

Founds a province with a city and a county in a directory of its own, runs their nodes, lets the county write some hundred entries, and has
Go's checksum-database libraries verify its log over HTTP (`verify.go`), with the countersignatures of the two above. Argument: path of the program. The last line counts
the checks.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
# What the packages golang-go and golang-golang-x-mod-dev of Debian bring, built without the network.
GO = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
ROWS = 300


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until_up(node, url):
    for _ in range(600):
        if node.poll() is not None:
            sys.exit(f"the node ended with {node.returncode}")
        try:
            return urllib.request.urlopen(url, timeout=10).read()
        except OSError:
            time.sleep(0.1)
    sys.exit("the node does not answer")


def wait_until_countersigned(show):
    """Heads are a minute apart, so the last one may take that long."""
    for _ in range(150):
        log = show()
        head = log.get("countersigned")
        if head and head["size"] == log["size"] and not head["missing"]:
            return log
        time.sleep(1)
    sys.exit(f"the log was not countersigned: {log}")


def table(name, begin):
    rows = [f"{n},enforcement/rubbish,桥头垃圾 {n}" for n in range(begin, begin + ROWS)]
    name.write_text("id,category,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return name.name


def main(program):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wujitong-log-"))
    env = {**GO, "GOCACHE": str(folder / "go")}
    subprocess.run(["go", "build", "-o", folder / "verify", HERE / "verify.go"], env=env, check=True)

    def run(*words):
        done = subprocess.run([program, *words], cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout

    ports = {name: free_port() for name in ("province", "city", "county")}
    http = free_port()

    def enrol(name, division, *above):
        listen = ["--listen", f"127.0.0.1:{ports[name]}", "--http", f"127.0.0.1:{http}" if name == "county" else "off"]
        run("init", "--division", division, "--data", name, *listen, *above)

    enrol("province", "33", "--zone", "zj.example")
    enrol("city", "3308", "--issuer", "province", "--parent", f"127.0.0.1:{ports['province']}")
    enrol("county", "330825", "--issuer", "city", "--parent", f"127.0.0.1:{ports['city']}")
    base = f"http://127.0.0.1:{http}"
    nodes = [subprocess.Popen([program, "run", "--data", name], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) for name in ports]
    try:
        wait_until_up(nodes[-1], f"{base}/v1/nodes")
        at = ["--data", "county"]
        load = lambda n: run("import", table(folder / f"{n}.csv", n * ROWS), "--source", "test", "--as-new", *at)
        load(0)
        older = folder / "older.txt"
        older.write_text(run("log", "checkpoint", *at), encoding="utf-8")
        load(1)
        log = wait_until_countersigned(lambda: json.loads(run("log", "show", "--json", *at))["logs"][0])
        url = f"{base}/v1/nodes/330825000000/log/{log['epoch']}"
        witnesses = [one["key"] for one in log["countersigned"]["by"]]
        return subprocess.run([folder / "verify", url, log["key"], older, *witnesses]).returncode
    finally:
        for node in nodes:
            node.terminate()
        for node in nodes:
            node.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve())))
