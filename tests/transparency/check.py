#!/usr/bin/env python3
"""Checks the public log of a running node with libraries that know nothing of this project.

Founds a province in a directory of its own, runs its node, lets it write some hundred entries, and has Go's
checksum-database libraries verify the log over HTTP (`verify.go`). Argument: path of the program. The last line counts
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

    run("init", "--division", "33", "--zone", "zj.example", "--data", "province")
    base = f"http://127.0.0.1:{free_port()}"
    listen = ["--set", f"http.listen={base.removeprefix('http://')}", "--set", f"listen=127.0.0.1:{free_port()}"]
    node = subprocess.Popen([program, "run", "--config", "province/node.toml", *listen], cwd=folder,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_up(node, f"{base}/v1/nodes")
        at = ["--data", "province"]
        load = lambda n: run("import", table(folder / f"{n}.csv", n * ROWS), "--source", "test", "--as-new", *at)
        load(0)
        older = folder / "older.txt"
        older.write_text(run("log", "checkpoint", *at), encoding="utf-8")
        load(1)
        log = json.loads(run("log", "show", "--json", *at))["logs"][0]
        url = f"{base}/v1/nodes/330000000000/log/{log['epoch']}"
        return subprocess.run([folder / "verify", url, log["key"], older]).returncode
    finally:
        node.terminate()
        node.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve())))
