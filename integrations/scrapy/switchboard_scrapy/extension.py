"""The extension: Scrapy's signals in, reports out."""

from __future__ import annotations

import functools
import inspect
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timezone
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy import Spider, signals
from scrapy.http import Request, Response
from scrapy.utils.asyncio import create_looping_call, sleep

from switchboard_scrapy import details
from switchboard_scrapy.middleware import ORDER, OutcomeMiddleware
from switchboard_scrapy.options import LONGEST_NAME, Options
from switchboard_scrapy.outbox import PAGES, RESULTS, Outbox
from switchboard_scrapy.sender import Sender
from switchboard_scrapy.tracker import Tracker

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

#: How often the closing spider looks whether the last report arrived, in seconds.
_CLOSING_INTERVAL = 0.02

#: The reasons with which Scrapy closes a spider because somebody wanted it.
_CANCELLED = {"cancelled", "shutdown"}


def _harmless(handler: Callable[..., None]) -> Callable[..., None]:
    """A mistake in here is logged once, and the crawl goes on as if the extension were not there."""
    # The dispatcher leaves out what a handler does not ask for, but not where it sees `**named`.
    wanted = set(inspect.signature(handler).parameters)

    @functools.wraps(handler)
    def guarded(self: SwitchboardExtension, *arguments: Any, **named: Any) -> None:
        try:
            handler(self, *arguments, **{name: value for name, value in named.items() if name in wanted})
        except Exception:
            level = logging.DEBUG if self.is_broken else logging.ERROR
            self.is_broken = True
            logger.log(level, "Reporting to Switchboard went wrong; its numbers may be too", exc_info=True)

    return guarded


class SwitchboardExtension:
    """Reports a crawl as a scrape run. `EXTENSIONS = {"switchboard_scrapy.SwitchboardExtension": 500}` enables it."""

    def __init__(self, crawler: Crawler, options: Options) -> None:
        self.is_broken = False
        self._crawler = crawler
        self._options = options
        self._outbox: Outbox | None = None
        self._sender: Sender | None = None
        self._timer: Any = None
        self._tracker = Tracker(lambda page: self._keep(PAGES, page))
        self._phase = "pending"
        self._started_untold = False
        self._reason: str | None = None
        self._is_idle = False
        self._spider_errors = 0
        self._unshown_results = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SwitchboardExtension:
        """Called by Scrapy, while settings can still be changed."""
        extension = cls(crawler, Options.read(crawler.settings))
        crawler.settings.setdefault_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", OutcomeMiddleware, ORDER)
        for handler, signal in (
            (extension.spider_opened, signals.spider_opened),
            (extension.engine_started, signals.engine_started),
            (extension.spider_idle, signals.spider_idle),
            (extension.spider_error, signals.spider_error),
            (extension.spider_closed, signals.spider_closed),
            (extension.request_scheduled, signals.request_scheduled),
            (extension.request_dropped, signals.request_dropped),
            (extension.headers_received, signals.headers_received),
            (extension.response_downloaded, signals.response_downloaded),
            (extension.item_scraped, signals.item_scraped),
        ):
            crawler.signals.connect(handler, signal=signal)
        return extension

    # What Scrapy tells by its signals.

    @_harmless
    def spider_opened(self, spider: Spider) -> None:
        run_id = self._options.run_id or _new_run_id(spider.name)
        self._outbox = Outbox(run_id, self._options.organization)
        self._sender = Sender(self._options)
        self._sender.start()
        logger.info("Reporting run %s to the Switchboard hub at %s", run_id, self._options.hub.geturl())
        self._report()
        self._timer = create_looping_call(self._report)
        self._timer.start(self._options.interval, now=False)

    @_harmless
    def engine_started(self) -> None:
        self._phase = "running"
        self._started_untold = True
        self._tracker.changed = True

    @_harmless
    def spider_idle(self, spider: Spider) -> None:
        self._is_idle = True
        self._tracker.changed = True

    @_harmless
    def spider_error(self, failure: Any, response: Response | None, spider: Spider) -> None:
        self._spider_errors += 1
        self._tracker.changed = True

    @_harmless
    def request_scheduled(self, request: Request, spider: Spider) -> None:
        self._is_idle = False
        self._tracker.scheduled(request)

    @_harmless
    def request_dropped(self, request: Request, spider: Spider) -> None:
        self._tracker.dropped(request)

    @_harmless
    def headers_received(self, request: Request, spider: Spider) -> None:
        self._tracker.headers(request)

    @_harmless
    def response_downloaded(self, request: Request, response: Response, spider: Spider) -> None:
        self._tracker.downloaded(request, response)

    @_harmless
    def item_scraped(self, item: Any, response: Response | None, spider: Spider) -> None:
        # An item that `start()` yields comes from no page.
        page = response if isinstance(response, Response) else None
        platform = details.platform_of(page) if page is not None else None
        self._tracker.item(platform)
        if not self._options.results:
            return
        text = details.result(item, page.url if page is not None else None, platform)
        if text is None:
            self._unshown_results += 1
        else:
            self._keep(RESULTS, text)

    # What the middleware tells.

    @_harmless
    def request_started(self, request: Request) -> None:
        self._tracker.started(request)

    @_harmless
    def request_answered(self, request: Request, response: Response) -> None:
        self._tracker.answered(request, response)

    @_harmless
    def request_failed(self, request: Request, exception: Exception) -> None:
        self._tracker.failed(request, exception)

    # Reporting.

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Scrapy waits for this, and it waits for the hub, as long as the settings allow."""
        try:
            if self._timer is not None and self._timer.running:
                self._timer.stop()
            self._conclude(reason)
            if self._sender is not None:
                await self._send_the_rest(self._sender)
        except Exception:
            logger.exception("The last report to Switchboard went wrong")
        finally:
            if self._sender is not None:
                self._sender.stop()

    @_harmless
    def _conclude(self, reason: str) -> None:
        self._tracker.settle(None)
        self._is_idle = False
        self._tracker.changed = True
        if reason == "finished":
            self._phase = "completed"
            self._tracker.queue_is_empty()
        else:
            self._phase = "cancelled" if reason in _CANCELLED else "failed"
            self._reason = details.shortened(str(reason))

    async def _send_the_rest(self, sender: Sender) -> None:
        sender.hurry()
        deadline = monotonic() + self._options.close_timeout
        while True:
            if sender.idle:
                batch = self._batch()
                if not batch:
                    return
                sender.submit(batch)
            elif monotonic() >= deadline:
                break
            else:
                await sleep(_CLOSING_INTERVAL)
        logger.warning(
            "The Switchboard hub has not taken the last reports within %g s; they are left out",
            self._options.close_timeout,
        )

    @_harmless
    def _report(self) -> None:
        # A downloader of the user's own may not say what it works on; then nothing can be settled before the end.
        active = getattr(self._crawler.engine.downloader, "active", None)
        if active is not None:
            self._tracker.settle(active)
        # One batch at a time: while the hub is away, numbers grow and details wait here.
        if self._sender is not None and self._sender.idle and (batch := self._batch()):
            self._sender.submit(batch)

    def _keep(self, kind: str, text: bytes) -> None:
        if self._outbox is not None:
            self._outbox.add(kind, text)

    def _batch(self) -> list[bytes]:
        """The frames that say what is new; none where nothing is."""
        outbox, tracker = self._outbox, self._tracker
        if outbox is None or not (tracker.changed or not outbox.is_empty):
            return []
        tracker.changed = False
        portions = outbox.take()
        # The end is told in the last frame of all.
        is_last = outbox.is_empty
        has_ended = self._phase not in ("pending", "running")
        phase = self._phase if is_last or not has_ended else "running"
        if has_ended and not is_last:
            tracker.changed = True
        frames = []
        if self._started_untold:
            # Also of a run that is shorter than the interval.
            self._started_untold = False
            if has_ended:
                frames.append(outbox.frame({"phase": "running"}))
        frames += [outbox.frame({}, portion) for portion in portions[:-1]]
        for name, platform in tracker.platforms.items():
            if platform.changed or (has_ended and is_last):
                platform.changed = False
                frames.append(outbox.frame({"phase": phase, "platform": name, **platform.numbers()}))
        run = {"phase": phase, **tracker.numbers(self._queued()), "message": self._message(phase)}
        frames.append(outbox.frame(run, portions[-1]))
        return frames

    def _queued(self) -> int | None:
        """How many requests wait, where the scheduler can say it."""
        if self._phase == "completed":
            return 0
        engine = self._crawler.engine
        # Scrapy 2.18 has it in a place of its own.
        scheduler = getattr(engine, "scheduler", None) or getattr(getattr(engine, "_slot", None), "scheduler", None)
        try:
            return len(scheduler)  # type: ignore[arg-type]
        except Exception:
            return None

    def _message(self, phase: str) -> str:
        numbers: list[tuple[int, str, str]] = [
            (self._tracker.active if phase == "running" else 0, "request under way", "requests under way"),
            (self._tracker.retries, "request was repeated", "requests were repeated"),
            (self._spider_errors, "error in the spider", "errors in the spider"),
            (self._unshown_results, "item cannot be shown", "items cannot be shown"),
        ]
        if self._outbox is not None:
            left_out = self._outbox.left_out
            numbers.append((left_out[PAGES], "page detail was left out", "page details were left out"))
            numbers.append((left_out[RESULTS], "item was left out", "items were left out"))
        parts = [f"{number:,} {one if number == 1 else many}" for number, one, many in numbers if number]
        if self._is_idle and phase == "running":
            parts.insert(0, "Waiting for requests")
        if self._reason is not None and phase in ("failed", "cancelled"):
            parts.insert(0, self._reason)
        # Never empty: a hub keeps the last message, and that of a run that ended must not speak of its requests.
        return ", ".join(parts) or {"pending": "Opened", "running": "Crawling"}.get(phase, "Finished")


def _new_run_id(spider: str) -> str:
    time = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = "".join(character if character.isprintable() else "_" for character in spider)
    tail = f"-{time}-{secrets.token_hex(4)}"
    return name.encode("utf-8", "ignore")[: LONGEST_NAME - len(tail)].decode("utf-8", "ignore") + tail
