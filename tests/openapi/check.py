#!/usr/bin/env python3
"""Checks the OpenAPI document of a running node with a validator and a code generator.

Founds a province in a directory of its own, runs its node, and checks that the document is valid, that
openapi-python-client generates a client from it without a warning, and that this client reports a matter
and finds it again. Argument: path of the program. Prints a line for each check; the last line counts them.
"""

import importlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

passed = failed = 0


def check(what, holds, detail=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(f"{'ok    ' if holds else 'FAILED'} {what}{'' if holds else f': {detail}'}", flush=True)
    return holds


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answer(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read()


def wait_until_up(node, url):
    for _ in range(600):
        if node.poll() is not None:
            sys.exit(f"the node ended with {node.returncode}")
        try:
            return answer(url)
        except OSError:
            time.sleep(0.1)
    sys.exit("the node does not answer")


def hold_against_the_specification(document):
    from openapi_spec_validator import OpenAPIV31SpecValidator

    errors = [e.message for e in OpenAPIV31SpecValidator(document).iter_errors()]
    check("the document is valid OpenAPI 3.1", not errors, errors[:3])


def make_a_client(folder):
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json",
         "--output-path", "made", "--meta", "none", "--fail-on-warning",
         "--config", str(pathlib.Path(__file__).with_name("generator.yaml"))],
        cwd=folder, capture_output=True, text=True,
    )
    told = made.stdout + made.stderr
    if not check("a code generator makes a client of it without a warning", made.returncode == 0, told[-2000:]):
        return None
    sys.path.insert(0, str(folder))
    return importlib.import_module("made")


def use_the_client(client, base):
    from made.api.about import list_problems, nodes
    from made.models import Nodes

    api = client.Client(base_url=base)
    hosted = nodes.sync(client=api)
    holds = isinstance(hosted, Nodes) and [str(node.division) for node in hosted.nodes] == ["330000000000"]
    check("the client finds the hosted node", holds, hosted)
    kinds = list_problems.sync(client=api)
    check("the client reads every kind of problem", kinds and all(kind.code for kind in kinds), kinds)


def main(program):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wujitong-openapi-"))
    run = lambda *words: subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)
    run("init", "--division", "33", "--zone", "zj.example", "--data", "province")
    base = f"http://127.0.0.1:{free_port()}"
    listen = ["--set", f"http.listen={base.removeprefix('http://')}", "--set", f"listen=127.0.0.1:{free_port()}"]
    node = subprocess.Popen([program, "run", "--config", "province/node.toml", *listen], cwd=folder,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        document = wait_until_up(node, f"{base}/v1/openapi.json")
        (folder / "openapi.json").write_bytes(document)
        hold_against_the_specification(json.loads(document))
        client = make_a_client(folder)
        if client:
            use_the_client(client, base)
    finally:
        node.terminate()
        node.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve())))
