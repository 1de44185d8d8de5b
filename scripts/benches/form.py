"""The form on a slow phone and a slow network, beside a peer that asks the same questions.

The peer is SurveyJS (survey-core with its own user interface, as published on npm): the same questions and choices in
Chinese, without its translations and further themes, which would make it heavier. It is fetched by npm on first use and
kept. Both are served compressed from loopback to Debian's Chromium at 360 x 740, which slows the processor down four
times and gives the network 400 ms of round trip and 400 kbit/s. Interactive is when an input is there and the first
view's scripts have run, counted from the first byte of the page.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from chalicelib import divisions
from chalicelib.passage import codes, values
from chalicelib.web import words
from chalicelib.web.language import CHINESE, messages
from scripts.benches import Figure, beside, of
from scripts.benches._public import event, public

TURNS = 3
SLOWER = 4
ROUND_TRIP_MS = 400
BYTES_PER_SECOND = 400_000 / 8

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".local" / "peer"
PEER = {
    "survey-core": ("2.5.38", "985e53ca7050955190becf13f5b8623355dc89391af19bb46b98f9e8bfb27808"),
    "survey-js-ui": ("2.5.38", "b5d0e22c2c12266579b4eaa02cac7655022f966fead8c988c96161420fb181ca"),
}
"""npm package -> version, SHA-256 of its tarball."""
FILES = {
    "survey.core.min.js": "survey-core",
    "survey-js-ui.min.js": "survey-js-ui",
    "survey-core.fontless.min.css": "survey-core",
}

READY = """() => {
  const seen = () => {
    const input = document.querySelector('form input:not([type=hidden]), .sd-question input');
    const page = performance.getEntriesByType('navigation')[0];
    if (input && page.domContentLoadedEventEnd) {
      window.interactive = performance.now() - page.responseStart;
    } else setTimeout(seen, 20);
  };
  seen();
}"""


NEEDED = re.compile(r'<(?:script|link)[^>]* (?:src|href)="([^":]+)"')
"""What the page as it is sent names: what a script fetches afterwards is not the first view."""


class NoPeer(RuntimeError):
    """The peer cannot be had here; says why."""


def measure(count: int | None = None) -> list[Figure]:
    """The figures of `count` openings of each form in turn."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("no Chromium here (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    turns = count or TURNS
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with public() as stack, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        try:
            peer: Path | None = _peer(Path(folder))
        except NoPeer as missing:
            peer = None
            print(f"NO PEER TO COMPARE WITH: {missing}", file=sys.stderr)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with _serving(peer) as address:
            own = address + stack.address(stack.settings.checkpoints[0].id)
            for _ in range(turns):
                ours.append(_opened(browser, own))
                if peer:
                    theirs.append(_opened(browser, address + "/peer/index.html"))
            if peer:
                _works(browser, address + "/peer/index.html")
        browser.close()
    first = [each["first"] for each in ours]
    seconds = [each["interactive"] / 1000 for each in ours]
    if not theirs:
        return [
            of("first view on the wire", first, "bytes", at_most=14_600),
            of("interactive after the first byte", seconds, "s", at_most=2),
        ]
    name = "SurveyJS {}: the same form".format(PEER["survey-core"][0])
    weight = [each["first"] for each in theirs]
    waited = [each["interactive"] / 1000 for each in theirs]
    return [
        of(f"{name}, bytes", weight, "bytes", bare=True),
        of("first view on the wire", first, "bytes", at_most=14_600),
        beside("the same, so many times lighter", first, "bytes", name, weight, at_least=25),
        of("everything fetched for the form, in the background too", [each["all"] for each in ours], "bytes"),
        of(f"{name}, interactive", waited, "s", bare=True),
        of("interactive after the first byte", seconds, "s", at_most=2),
        beside("the same, so many times sooner", seconds, "s", name, waited, at_least=1),
    ]


def _opened(browser: Any, address: str) -> dict[str, float]:
    """Bytes on the wire (headers included) until the form was interactive and in all, and when that was, in ms."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN", service_workers="block")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ROUND_TRIP_MS,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        },
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    asked: dict[str, str] = {}
    came: dict[str, float] = {}
    session.on("Network.requestWillBeSent", lambda told: asked.update({told["requestId"]: told["request"]["url"]}))
    session.on("Network.loadingFinished", lambda told: came.update({told["requestId"]: told["encodedDataLength"]}))
    page.add_init_script(f"({READY})()")
    answer = page.goto(address, wait_until="load", timeout=120_000)
    interactive = float(_soon(page, "window.interactive"))
    page.wait_for_load_state("networkidle", timeout=120_000)
    needed = {address} | {urljoin(address, each) for each in NEEDED.findall(answer.text())}
    context.close()
    return {
        "interactive": interactive,
        "first": sum(size for request, size in came.items() if asked.get(request) in needed),
        "all": sum(came.values()),
    }


def _soon(page: Any, asked: str) -> Any:
    """What `asked` gives once it gives something; a page's policy may forbid Playwright's own waiting."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if found := page.evaluate(asked):
            return found
        page.wait_for_timeout(50)
    raise RuntimeError(f"the page never had {asked}")


def _works(browser: Any, address: str) -> None:
    """The peer's form takes a party and refuses none of it: it does the same work. Raises RuntimeError."""
    page = browser.new_page()
    page.goto(address)
    _soon(page, "!!window.survey")
    missing = page.evaluate("survey.completeLastPage()")
    done = page.evaluate(
        "answers => { survey.data = answers; return survey.completeLastPage() }",
        {
            "vehicle": "car",
            "plate": "辽CA1234",
            "travellers": [
                {
                    "name": "王小明", "document": "resident_id", "number": "210381198001010015", "phone": "13800138000",
                    "origin": "武汉", "township": "elsewhere", "purpose": "transit", "address": "中心街1号",
                    "key_region_stay": "no", "symptoms": ["none"], "temperature": "36.5",
                }
            ],
        },
    )  # fmt: skip
    page.close()
    if missing or not done:
        raise RuntimeError("the peer's form does not do what ours does")


def _peer(folder: Path) -> Path:
    """A folder with the peer's page and its files. Raises NoPeer."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for package, (version, digest) in PEER.items():
        tarball = KEPT / f"{package}-{version}.tgz"
        if not tarball.exists():
            if shutil.which("npm") is None:
                raise NoPeer("npm is not installed")
            done = subprocess.run(
                ["npm", "pack", "--silent", "--pack-destination", str(KEPT), f"{package}@{version}"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise NoPeer(f"npm pack {package}: {done.stderr.strip()[-300:]}")
        if hashlib.sha256(tarball.read_bytes()).hexdigest() != digest:
            tarball.unlink()
            raise NoPeer(f"{tarball.name} is not the file that was compared with")
        with tarfile.open(tarball) as packed:
            for name, of_package in FILES.items():
                if of_package == package:
                    inside = packed.extractfile(f"package/{name}")
                    if inside is None:
                        raise NoPeer(f"{tarball.name} has no {name}")
                    (folder / name).write_bytes(inside.read())
    (folder / "index.html").write_text(_peers_page(), encoding="utf-8")
    return folder


def _peers_page() -> str:
    say = messages(CHINESE).gettext

    def choices(names: Any) -> list[dict[str, str]]:
        return [{"value": code, "text": say(label)} for code, label in names.items()]

    def ask(kind: str, field: str, **more: Any) -> dict[str, Any]:
        asked = {"type": kind, "name": field, "title": say(words.FIELDS[field]), "isRequired": True}
        return asked | more

    def matching(pattern: str) -> list[dict[str, str]]:
        return [{"type": "regex", "regex": pattern}]

    city = "210381"
    places = {place.code: place.name for place in divisions.townships(city)} | {codes.ELSEWHERE: "外地"}
    own = [
        ask("text", "name", maxLength=values.NAME_MAX, minLength=values.NAME_MIN),
        ask("radiogroup", "document", choices=choices(words.DOCUMENTS)),
        ask("text", "number", visibleIf="{panel.document} <> 'none'", validators=matching("^[0-9A-Za-z -]{3,24}$")),
        ask("text", "phone", inputType="tel", validators=matching(r"^\+?[0-9() -]+$")),
        ask("text", "origin"),
        ask("dropdown", "township", choices=[{"value": code, "text": name} for code, name in places.items()]),
        ask("text", "address", maxLength=values.ADDRESS_MAX),
        ask("radiogroup", "purpose", choices=choices(words.PURPOSES)),
        ask("radiogroup", "key_region_stay", choices=choices(words.YES_NO)),
        ask("checkbox", "symptoms", choices=choices(words.SYMPTOMS)),
        ask("text", "temperature", isRequired=False, validators=matching("^[0-9]{2}([.,][0-9])?$")),
    ]
    form = {
        "elements": [
            ask("radiogroup", "vehicle", choices=choices(words.VEHICLES)),
            ask("text", "plate", visibleIf="{vehicle} <> 'rail' and {vehicle} <> 'foot'"),
            {
                "type": "paneldynamic", "name": "travellers", "title": say("Travellers"), "panelCount": 1,
                "minPanelCount": 1, "maxPanelCount": codes.MAX_TRAVELLERS, "templateElements": own,
            },
        ],
        "completeText": "登记",
    }  # fmt: skip
    return f"""<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,"><title>登记</title>
<link rel="stylesheet" href="survey-core.fontless.min.css">
<script defer src="survey.core.min.js"></script><script defer src="survey-js-ui.min.js"></script>
</head><body><div id="form"></div><script>
document.addEventListener("DOMContentLoaded", () => {{
  window.survey = new Survey.Model({json.dumps(form, ensure_ascii=False)});
  survey.onComplete.add((sender) => fetch("sent", {{method: "POST", body: JSON.stringify(sender.data)}}));
  survey.render(document.getElementById("form"));
}});
</script></body></html>"""


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: dict[str, bytes]
    """Path -> content, compressed."""

    def do_GET(self) -> None:
        if self.path.startswith("/peer/"):
            name = self.path.removeprefix("/peer/")
            kind = {"css": "text/css", "js": "text/javascript"}.get(name.rpartition(".")[2], "text/html")
            headers = {"content-type": f"{kind}; charset=utf-8", "content-encoding": "gzip"}
            self._answer(200 if name in self.peer else 404, headers, self.peer.get(name, b""))
            return
        from app import app

        answer = app(event("GET", self.path), None)
        self._answer(answer["statusCode"], answer["headers"], base64.b64decode(answer["body"]))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self._answer(201, {}, b"")

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _serving(peer: Path | None) -> Iterator[str]:
    files = {each.name: gzip.compress(each.read_bytes(), 9) for each in peer.iterdir()} if peer else {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Pages", (_Pages,), {"peer": files}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
