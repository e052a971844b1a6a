"""What waits to be sent, and frames made of it.

Numbers are not kept here: they are totals, so the newest are all that a hub needs. Pages and items are told once, so
they wait, within a bound. Beyond it the oldest are left out and counted.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable
from typing import Any

from switchboard_scrapy import details

#: The most bytes of pages and items that wait while the hub is away.
MOST_WAITING = 8 * 1024 * 1024

#: The most bytes of pages and items in one batch; the hub takes 8 MiB.
LARGEST_BATCH = 1024 * 1024

#: The most bytes of pages and items in one frame; the hub takes 1 MiB.
LARGEST_FRAME = 256 * 1024

PAGES = "pages"
RESULTS = "results"


class Outbox:
    """The frames of one run."""

    def __init__(self, run_id: str, organization: str | None) -> None:
        self._head: dict[str, Any] = {"type": "scrape_progress", "runId": run_id}
        if organization is not None:
            self._head["organizationId"] = organization
        # A report's id is unique for ever, also where somebody uses a run id a second time.
        self._token = secrets.token_hex(8)
        self._sent = 0
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        #: How many pages and items were left out, because more waited than may.
        self.left_out = {PAGES: 0, RESULTS: 0}

    @property
    def is_empty(self) -> bool:
        """Whether no page and no item waits."""
        return not self._waiting

    def add(self, kind: str, text: bytes) -> None:
        """A page or an item, as it stands in a frame."""
        self._waiting.append((kind, text))
        self._bytes += len(text)
        while self._bytes > MOST_WAITING:
            kind, text = self._waiting.popleft()
            self._bytes -= len(text)
            self.left_out[kind] += 1

    def take(self) -> list[dict[str, list[bytes]]]:
        """Pages and items for one batch, the oldest first, in portions of a frame's size. At least one portion."""
        portions: list[dict[str, list[bytes]]] = [{PAGES: [], RESULTS: []}]
        batch = portion = 0
        while self._waiting and batch + len(self._waiting[0][1]) <= LARGEST_BATCH:
            kind, text = self._waiting.popleft()
            self._bytes -= len(text)
            if portion and portion + len(text) > LARGEST_FRAME:
                portions.append({PAGES: [], RESULTS: []})
                portion = 0
            portions[-1][kind].append(text)
            batch += len(text)
            portion += len(text)
        return portions

    def frame(self, members: dict[str, Any], portion: dict[str, Iterable[bytes]] | None = None) -> bytes:
        """A frame with these members, and with these pages and items."""
        self._sent += 1
        text = details.write({**self._head, **members, "timestamp": details.now(), "id": f"{self._token}-{self._sent}"})
        for kind, texts in (portion or {}).items():
            if texts:
                text = text[:-1] + b',"' + kind.encode() + b'":[' + b",".join(texts) + b"]}"
        return text
