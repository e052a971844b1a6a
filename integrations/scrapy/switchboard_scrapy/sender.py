"""Brings batches of frames to the hub, in a thread of its own.

A thread and the standard library's client, because that works the same with each of Scrapy's event loops, and because
whatever a hub does, the crawl does not notice. The thread holds one batch at a time. While it cannot be delivered,
what is to be reported next waits elsewhere, where it is bounded.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import logging
import random
import threading
import time
from dataclasses import dataclass

from switchboard_scrapy.options import Options

logger = logging.getLogger(__name__)

#: How long one exchange with the hub may stand still, in seconds.
_TIMEOUT = 10.0

#: The longest pause between two attempts, in seconds.
_LONGEST_PAUSE = 30.0

#: The longest pause that a hub is granted by its Retry-After, in seconds: while the spider runs, and while it closes.
_LONGEST_RETRY_AFTER = 60.0
_LONGEST_RETRY_AFTER_CLOSING = 2.0

#: The longest pause while the spider closes and waits for the last report, in seconds.
_CLOSING_PAUSE = 0.3

#: How much of an answer is read.
_LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True)
class _Answer:
    status: int
    retry_after: float | None
    detail: str
    index: int | None


class Sender(threading.Thread):
    """Delivers what is handed to `submit`, and tries again until the hub has taken it."""

    def __init__(self, options: Options) -> None:
        super().__init__(name="switchboard-sender", daemon=True)
        self._hub = options.hub
        self._path = options.hub.path.rstrip("/") + "/api/events"
        self._headers = {"Content-Type": "application/x-ndjson", "User-Agent": "switchboard-scrapy"}
        if options.key is not None:
            self._headers["Authorization"] = f"Bearer {options.key}"
        self._connection: http.client.HTTPConnection | None = None
        self._changed = threading.Condition()
        self._batch: list[bytes] | None = None
        self._closing = threading.Event()
        self._stopped = threading.Event()
        self._warned: set[str] = set()
        self._away = False

    @property
    def idle(self) -> bool:
        """Whether everything that was submitted is delivered, or refused for good."""
        return self._batch is None

    def submit(self, batch: list[bytes]) -> None:
        """Hands over frames, each the text of one JSON object. Only when idle."""
        with self._changed:
            self._batch = batch
            self._changed.notify_all()

    def hurry(self) -> None:
        """From now on a failed attempt is repeated soon, because the spider waits for it."""
        self._closing.set()

    def stop(self) -> None:
        """Gives up what is not delivered. The thread ends after the attempt that it may be in."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()

    def run(self) -> None:
        """Not to be called: this is the thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batch is not None or self._stopped.is_set())
                batch = self._batch
            if self._stopped.is_set() or batch is None:
                break
            try:
                self._deliver(batch)
            except Exception:
                # A mistake in here must not keep the spider from closing, and must be seen.
                logger.exception("A report to the Switchboard hub failed, and is left out")
            with self._changed:
                self._batch = None
        self._disconnect()

    def _deliver(self, batch: list[bytes]) -> None:
        parts = [batch]
        failures = 0
        while parts and not self._stopped.is_set():
            part = parts.pop(0)
            try:
                answer = self._post(part)
            except (OSError, http.client.HTTPException) as error:
                self._warn_away(f"cannot be reached ({type(error).__name__}: {error})")
                failures += 1
                parts.insert(0, part)
                self._pause(self._backoff(failures))
                continue
            if 200 <= answer.status < 300:
                failures = 0
                self._came_back()
            elif answer.status == 400:
                parts[:0] = self._without_bad_frame(part, answer)
            elif answer.status == 413:
                parts[:0] = self._halves(part, answer)
            else:
                # Also what only a person can mend, such as a wrong key: the hub's side may be what is mended.
                self._warn_away(f"answers {answer.status}: {answer.detail}")
                failures += 1
                parts.insert(0, part)
                self._pause(self._granted(answer.retry_after) or self._backoff(failures))

    def _post(self, frames: list[bytes]) -> _Answer:
        body = b"\n".join(frames)
        reused = self._connection is not None
        try:
            return self._exchange(body)
        except (OSError, http.client.HTTPException):
            self._disconnect()
            if not reused:
                raise
        # A hub closes connections that were not used for a while. That is no failure.
        try:
            return self._exchange(body)
        except (OSError, http.client.HTTPException):
            self._disconnect()
            raise

    def _exchange(self, body: bytes) -> _Answer:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._hub.scheme == "https" else http.client.HTTPConnection
            # Always with a port: without one, the client looks for it behind the last colon, also in an IPv6 address.
            port = self._hub.port or kind.default_port
            self._connection = kind(self._hub.hostname or "", port, timeout=_TIMEOUT)
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        text = response.read(_LONGEST_ANSWER)
        if not response.isclosed() or response.will_close:
            self._disconnect()
        detail, index = _problem(text)
        retry_after = _retry_after(response.getheader("Retry-After"))
        return _Answer(response.status, retry_after, detail or response.reason, index)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _without_bad_frame(self, part: list[bytes], answer: _Answer) -> list[list[bytes]]:
        """The hub refuses a batch whole, and says which frame is the reason."""
        index = answer.index if answer.index is not None else (0 if len(part) == 1 else None)
        if index is None or not 0 <= index < len(part):
            # It does not say which: then the bad one is found by halving.
            return [part[: len(part) // 2], part[len(part) // 2 :]]
        self._refuse(part[index], answer)
        rest = part[:index] + part[index + 1 :]
        return [rest] if rest else []

    def _halves(self, part: list[bytes], answer: _Answer) -> list[list[bytes]]:
        if len(part) > 1:
            return [part[: len(part) // 2], part[len(part) // 2 :]]
        self._refuse(part[0], answer)
        return []

    def _refuse(self, frame: bytes, answer: _Answer) -> None:
        level = logging.DEBUG if "refused" in self._warned else logging.WARNING
        self._warned.add("refused")
        text = frame[:200].decode("utf-8", "replace")
        logger.log(level, "The Switchboard hub refuses a report, which is left out: %s (%s)", answer.detail, text)

    def _warn_away(self, what: str) -> None:
        level = logging.DEBUG if "away" in self._warned else logging.WARNING
        self._warned.add("away")
        self._away = True
        logger.log(
            level, "The Switchboard hub at %s %s. The crawl goes on; reports are sent again.", self._hub.geturl(), what
        )

    def _came_back(self) -> None:
        if self._away:
            self._away = False
            logger.info("The Switchboard hub at %s takes reports again", self._hub.geturl())

    def _backoff(self, failures: int) -> float:
        if self._closing.is_set():
            return _CLOSING_PAUSE
        return min(0.5 * 2 ** min(failures - 1, 10), _LONGEST_PAUSE) * random.uniform(0.7, 1.0)

    def _granted(self, retry_after: float | None) -> float | None:
        if retry_after is None:
            return None
        return min(retry_after, _LONGEST_RETRY_AFTER_CLOSING if self._closing.is_set() else _LONGEST_RETRY_AFTER)

    def _pause(self, seconds: float) -> None:
        (self._stopped if self._closing.is_set() else self._closing).wait(seconds)


def _problem(body: bytes) -> tuple[str | None, int | None]:
    """Detail and index of an `application/problem+json`, where it is one."""
    try:
        problem = json.loads(body)
    except ValueError:
        return None, None
    if not isinstance(problem, dict):
        return None, None
    detail, index = problem.get("detail"), problem.get("index")
    return (
        detail[:500] if isinstance(detail, str) else None,
        index if isinstance(index, int) and not isinstance(index, bool) else None,
    )


def _retry_after(text: str | None) -> float | None:
    """Seconds or a date, in seconds from now."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None
