"""Cold starts: a fresh process imports the app and answers its first request, with the files that the package ships.

Lambda's file system is read-only, so a process there has the byte code that the package brings and never makes its own.
Each process here runs on the unpacked zip, with Python's cache switched off, and with the botocore of this checkout's
environment in place of Lambda's own, byte code included, for ours and for the baseline alike. The baseline's own files,
Chalice's among them, are compiled as the package's are: with unchecked hashes. AWS is a server on loopback that has
every answer ready. What is counted is the processor's time of the whole process less that of an empty
Python: this machine may be busy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from chalicelib.checkpoint.code import issue
from chalicelib.settings import first_settings
from scripts.benches import Figure, beside, interleaved, of
from scripts.benches._public import FORM, KEY, KEYS, event, parties
from scripts.stacks.packaging import compile_tree, host_architecture, package

TURNS = 15

LAMBDAS_OWN = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")

BARE = """
import boto3
from chalice import Chalice
app = Chalice("bare")
client = boto3.client("dynamodb")
@app.route("/C/{code}")
def form(code):
    return {"code": code}
"""

FIRST = """
import json, sys
for handed in json.load(open(sys.argv[1])):
    answer = __import__(sys.argv[2], fromlist=["app"]).app(handed, None)
    if answer["statusCode"] not in (200, 201):
        raise SystemExit("answered %s" % answer["statusCode"])
"""


# Functions of their own begin with their own modules and never import the app, as their `Handler` says.
SUMMARISE = """
import chalicelib.jobs
from chalicelib import wiring
wiring.summary_bucket(), wiring.passage_reader(), wiring.current_settings().current()
"""

AUTHORISE = """
from chalicelib.web.desk.authoriser import authorise
asked = {"type": "TOKEN", "authorizationToken": "__Host-kakou=" + "A" * 43, "methodArn": "a:b:c:d:e:f/api/GET/"}
said = authorise(asked, None)
if said["policyDocument"]["Statement"][0]["Effect"] != "Deny":
    raise SystemExit("a stranger was let in")
"""


def measure(count: int | None = None) -> list[Figure]:
    """The figures of `count` starts of each kind."""
    turns = count or TURNS
    settings = first_settings("kakou-bench", "https://kakou.haicheng.gov.cn", "2020-02-10T07:00:00.000Z")
    address = f"/C/{issue(settings, KEYS, settings.checkpoints[0].id)}"
    (_, form, _), *_ = parties(1)
    with tempfile.TemporaryDirectory() as made, aws(msgspec.json.encode(settings)) as endpoint:
        folder = Path(made)
        runtime = _runtime(folder)
        shipped = {stack: _unpacked(stack, folder / stack) for stack in ("public", "command")}
        sources = _without_byte_code(shipped["public"], folder / "public-sources")
        bare = folder / "bare"
        (bare / "chalice").mkdir(parents=True)
        (bare / "bare.py").write_text(BARE)
        for name in ("__init__.py", "app.py"):
            shutil.copy(shipped["public"] / "chalice" / name, bare / "chalice" / name)
        compile_tree(bare)
        (folder / "first.py").write_text(FIRST)
        (folder / "summarise.py").write_text(SUMMARISE)
        (folder / "authorise.py").write_text(AUTHORISE)
        opening, sending = event("GET", address), event("POST", address, form, FORM)
        (folder / "open.json").write_text(json.dumps([opening]))
        (folder / "send.json").write_text(json.dumps([opening, sending]))

        def starting(code: Path | None, script: str, *arguments: str, stack: str = "public") -> float:
            return _processor_time(
                [str(folder / script), *arguments] if script else ["-c", "pass"],
                {
                    "PYTHONPATH": os.pathsep.join(map(str, [code, code / "vendor", runtime] if code else [runtime])),
                    "KAKOU_STACK": stack,
                    **_environment(endpoint),
                },
            )

        ran = interleaved(
            turns,
            {
                "empty": lambda: starting(None, ""),
                "bare": lambda: starting(bare, "first.py", str(folder / "open.json"), "bare"),
                "public": lambda: starting(shipped["public"], "first.py", str(folder / "open.json"), "app"),
                "sources": lambda: starting(sources, "first.py", str(folder / "open.json"), "app"),
                "submission": lambda: starting(shipped["public"], "first.py", str(folder / "send.json"), "app"),
                "command": lambda: starting(shipped["command"], "summarise.py", stack="command"),
                "authoriser": lambda: starting(shipped["command"], "authorise.py", stack="command"),
            },
        )
    in_ms = {
        name: [1000 * (own - empty) for own, empty in zip(runs, ran["empty"], strict=True)]
        for name, runs in ran.items()
        if name != "empty"
    }
    floor = "bare Chalice, its route answered, and one boto3 client"
    return [
        of(floor, in_ms["bare"], "ms", bare=True),
        beside("public: the form", in_ms["public"], "ms", floor, in_ms["bare"], at_most=1.3),
        beside("public: the form, without the byte code it ships", in_ms["sources"], "ms", floor, in_ms["bare"]),
        beside("public: the form and a submission", in_ms["submission"], "ms", floor, in_ms["bare"]),
        beside("command: the schedule's clients and settings", in_ms["command"], "ms", floor, in_ms["bare"]),
        beside("command: the desk's authoriser, its first answer", in_ms["authoriser"], "ms", floor, in_ms["bare"]),
    ]


def _processor_time(command: list[str], environment: dict[str, str]) -> float:
    process = subprocess.Popen(
        [sys.executable, "-S", "-B", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None  # noqa: S101 (asked for above)
    said = process.stderr.read().decode(errors="replace")
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a cold start failed: {said[-600:]}")
    return used.ru_utime + used.ru_stime


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_NEW_RETRIES_2026": "false",
        "KAKOU_DEPLOYMENT": "kakou-bench",
        "KAKOU_TABLE": "passages",
        "KAKOU_SESSIONS": "sessions",
        "KAKOU_SEALING_KEY": KEY,
        "KAKOU_SETTINGS_BUCKET": "settings",
        "KAKOU_SUMMARIES_BUCKET": "summaries",
        "KAKOU_CODE_KEYS_SECRET": "code-keys",
        "KAKOU_PUBLIC_SECRET": "public",
    }


def _runtime(folder: Path) -> Path:
    """What Lambda brings and nothing else of this environment, with byte code."""
    import botocore

    installed = Path(botocore.__file__).parents[1]
    runtime = folder / "runtime"
    runtime.mkdir()
    for name in LAMBDAS_OWN:
        if (installed / name).exists():
            (runtime / name).symlink_to(installed / name)
    return runtime


def _unpacked(stack: str, folder: Path) -> Path:
    code = package(stack, host_architecture()).code
    if code is None:
        raise RuntimeError(f"stack {stack} has no functions")
    with zipfile.ZipFile(code) as zipped:
        zipped.extractall(folder)
    return folder


def _without_byte_code(shipped: Path, folder: Path) -> Path:
    shutil.copytree(shipped, folder, ignore=shutil.ignore_patterns("*.pyc"))
    return folder


class _Answers(BaseHTTPRequestHandler):
    settings = b""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self.settings)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        asked = self.headers.get("x-amz-target", "")
        if "GetSecretValue" in asked:
            keys = {"public": "s" * 64, **{kid: key.decode() for kid, key in KEYS.items()}}
            self._answer(json.dumps({"SecretString": json.dumps(keys)}).encode())
        elif "GenerateDataKey" in asked:
            self._answer(
                json.dumps({"CiphertextBlob": "Y2Nj" * 60, "Plaintext": "a2tr" * 10 + "a2s=", "KeyId": KEY}).encode()
            )
        else:
            self._answer(b"{}")

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(content)))
        self.send_header("etag", '"bench"')
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def aws(settings: bytes) -> Iterator[str]:
    """The address of something that answers like S3, Secrets Manager, KMS and DynamoDB, as far as a first request
    asks."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"settings": settings}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
