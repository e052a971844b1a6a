"""What the tests crawl, and what they report to."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: what matters is recorded."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is a part of what is tested."""


class Local:
    """An HTTP server on loopback, from its making to `close`."""

    def __init__(self, handler: type[_Handler], address: tuple[str, int]) -> None:
        self.server = _Server(address, handler)
        self.address: tuple[str, int] = self.server.server_address[:2]
        self.url = f"http://{self.address[0]}:{self.address[1]}"
        self.platform = f"{self.address[0]}:{self.address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Site(Local):
    """Pages by their path: a status with a body, or for a redirect with an address."""

    def __init__(self, pages: dict[str, tuple[int, str]], host: str = "127.0.0.1") -> None:
        self.pages = pages
        self.requested: Counter[str] = Counter()
        self.changed = threading.Condition()
        #: Called with each path before it is answered.
        self.before: Callable[[str], None] = lambda path: None
        site = self

        class Handler(_Handler):
            def do_GET(self) -> None:
                with site.changed:
                    site.requested[self.path] += 1
                    site.changed.notify_all()
                site.before(self.path)
                status, text = site.pages.get(self.path, (404, "gone"))
                if 300 <= status < 400:
                    self.answer(status, Location=text)
                else:
                    self.answer(status, text.encode(), Content_Type="text/html; charset=utf-8")

        super().__init__(Handler, (host, 0))


class FakeHub(Local):
    """Takes reports as a hub does, and misbehaves as it is told: `script` answers a batch, or `None` to take it."""

    def __init__(
        self,
        script: Callable[[int, list[dict[str, Any]]], tuple[int, dict[str, Any], dict[str, str]] | str | None]
        | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.frames: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.requests = 0
        self.duplicates = 0
        self.changed = threading.Condition()
        self._ids: set[str] = set()
        hub = self

        class Handler(_Handler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                batch = [json.loads(line) for line in body.splitlines()]
                with hub.changed:
                    number, hub.requests = hub.requests, hub.requests + 1
                    hub.headers.append(dict(self.headers))
                order = script(number, batch) if script is not None and self.path == "/api/events" else None
                if isinstance(order, tuple):
                    status, problem, headers = order
                    self.answer(status, json.dumps(problem).encode(), **headers)
                    return
                with hub.changed:
                    for frame in batch:
                        if frame["id"] in hub._ids:
                            hub.duplicates += 1
                        else:
                            hub._ids.add(frame["id"])
                            hub.frames.append(frame)
                    hub.changed.notify_all()
                if order == "lose the answer":
                    self.close_connection = True
                    return
                self.answer(202, b'{"accepted":1,"duplicates":0,"seq":1}')

        super().__init__(Handler, address)

    def wait_for(self, condition: Callable[[list[dict[str, Any]]], Any]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.frames), 30), f"it did not happen: {self.frames}"

    def run(self) -> list[dict[str, Any]]:
        """The frames about the whole run."""
        return [frame for frame in self.frames if "platform" not in frame]

    def last(self, platform: str | None = None) -> dict[str, Any]:
        """The newest numbers of a platform, or of the whole run."""
        return [frame for frame in self.frames if frame.get("platform") == platform and "current" in frame][-1]

    def phases(self, platform: str | None = None) -> list[str]:
        """The phases in the order in which they were reported, each once."""
        named = [frame["phase"] for frame in self.frames if frame.get("platform") == platform and "phase" in frame]
        return list(dict.fromkeys(named))

    def pages(self) -> list[dict[str, Any]]:
        return [page for frame in self.frames for page in frame.get("pages", ())]

    def results(self) -> list[dict[str, Any]]:
        return [result for frame in self.frames for result in frame.get("results", ())]
