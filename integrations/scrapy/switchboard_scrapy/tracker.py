"""What became of each request, and the numbers of each platform.

A request is *queued* until the downloader takes it, *active* until it is answered, and then *done*. A repeated request
is the same page once more, so it is queued again and not counted twice. A redirect is a page of its own, as it is where
the hub scrapes by itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container
from time import monotonic
from typing import Any

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from switchboard_scrapy import details

#: The most platforms that have numbers of their own. Further ones share a set.
MOST_PLATFORMS = 1000

#: What the further ones are called.
OTHERS = "(other hosts)"

#: The most hosts whose requests are counted before the first of them is sent. Links to hosts that a spider may not
#: visit are scheduled and then filtered, and would otherwise be kept for ever.
_MOST_UNVISITED = 10_000


class Platform:
    """The numbers of one host."""

    __slots__ = ("active", "bytes", "changed", "done", "errors", "items", "queued")

    def __init__(self, queued: int = 0) -> None:
        self.queued = queued
        self.active = self.done = self.errors = self.items = self.bytes = 0
        self.changed = True

    def numbers(self) -> dict[str, int]:
        """As members of a frame."""
        return {
            "current": self.done,
            "total": self.done + self.active + self.queued,
            "items": self.items,
            "bytes": self.bytes,
            "errors": self.errors,
        }


class _Pass:
    """One request on its way through the downloader and its middlewares."""

    __slots__ = ("bytes", "ended", "headers_at", "milliseconds", "platform", "redirects_to", "status")

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.headers_at: float | None = None
        self.milliseconds: int | None = None
        self.status: int | None = None
        self.bytes: int | None = None
        self.redirects_to = False
        # Whether it was seen to have left the downloader without a result.
        self.ended = False


class Tracker:
    """Follows every request of a crawl. `tell` is called with the JSON text of each page that is done."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self._tell = tell
        self._passes: dict[Request, _Pass] = {}
        self._unvisited: OrderedDict[str, int] = OrderedDict()
        self.platforms: dict[str, Platform] = {}
        #: Whether anything happened since somebody last set this to false.
        self.changed = True
        #: Requests that were repeated.
        self.retries = 0
        #: Items that belong to no page.
        self.items_elsewhere = 0

    def numbers(self, queued: int | None) -> dict[str, int]:
        """The whole run's, as members of a frame. `queued` is what the scheduler says, where it says it."""
        everything = Platform()
        for platform in self.platforms.values():
            for name in ("queued", "active", "done", "errors", "items", "bytes"):
                setattr(everything, name, getattr(everything, name) + getattr(platform, name))
        everything.items += self.items_elsewhere
        if queued is not None:
            everything.queued = queued
        return everything.numbers()

    @property
    def active(self) -> int:
        """How many requests are being made."""
        return len(self._passes)

    def scheduled(self, request: Request) -> None:
        """The spider or a middleware wants this request to be made."""
        self.changed = True
        if not self._is_redirect(request):
            self._is_retry(request)
        name = details.platform_of(request)
        if (known := self._known(name)) is not None:
            known.queued += 1
            known.changed = True
            return
        self._unvisited[name] = self._unvisited.get(name, 0) + 1
        if len(self._unvisited) > _MOST_UNVISITED:
            self._unvisited.popitem(last=False)

    def dropped(self, request: Request) -> None:
        """The scheduler does not take it, mostly because it was made before."""
        self.changed = True
        name = details.platform_of(request)
        if (known := self._known(name)) is not None:
            known.queued = max(known.queued - 1, 0)
            known.changed = True
        elif self._unvisited.get(name, 0) > 1:
            self._unvisited[name] -= 1
        else:
            self._unvisited.pop(name, None)

    def started(self, request: Request) -> None:
        """It is about to pass the middlewares and to be made."""
        if _is_robots(request):
            return
        self.changed = True
        host = details.platform_of(request)
        name = self._name(host)
        known = self.platforms.setdefault(name, Platform())
        known.queued += self._unvisited.pop(host, 0)
        known.active += 1
        # Pipelines ask the downloader itself; such a request was never queued.
        if request.callback is not NO_CALLBACK:
            known.queued = max(known.queued - 1, 0)
        known.changed = True
        self._passes[request] = _Pass(name)

    def headers(self, request: Request) -> None:
        """The head of its response came."""
        if (current := self._passes.get(request)) is not None:
            current.headers_at = monotonic()

    def downloaded(self, request: Request, response: Response) -> None:
        """Its response is here, as it came over the network."""
        if (current := self._passes.get(request)) is None:
            return
        latency = request.meta.get("download_latency")
        if isinstance(latency, (int, float)):
            body = monotonic() - current.headers_at if current.headers_at is not None else 0.0
            current.milliseconds = round((latency + body) * 1000)
        current.status = response.status
        current.bytes = len(response.body)
        current.redirects_to = 300 <= response.status < 400 and "Location" in response.headers
        platform = self.platforms[current.platform]
        platform.bytes += len(response.body)
        platform.changed = self.changed = True

    def answered(self, request: Request, response: Response) -> None:
        """The spider gets this response."""
        if (current := self._passes.pop(request, None)) is None:
            return
        members = details.of_response(response)
        if redirects := request.meta.get("redirect_urls"):
            members["note"] = "Redirected from " + details.shortened(str(redirects[-1]))
        # A response from a cache did not come over the network.
        self._done(request, current, response.status >= 400, members)

    def failed(self, request: Request, error: BaseException) -> None:
        """There is no response, and no middleware tries again."""
        if (current := self._passes.pop(request, None)) is None:
            return
        text = details.of_error(error)
        if isinstance(error, IgnoreRequest):
            text = f"Not requested: {text}"
        self._done(request, current, True, {"status": current.status, "error": text})

    def item(self, platform: str | None) -> None:
        """An item was found in a page of this platform."""
        self.changed = True
        known = self._known(platform) if platform is not None else None
        if known is None:
            self.items_elsewhere += 1
        else:
            known.items += 1
            known.changed = True

    def settle(self, in_downloader: Container[Request] | None) -> None:
        """Ends what left the downloader without a word: a middleware raised an error while it looked at the response,
        or made something else of it. `in_downloader` are those that are there; `None` says that nothing can be.

        Between the downloader and the queue a request is in neither for a moment, so it must be missing twice.
        """
        for request, current in list(self._passes.items()):
            if in_downloader is not None and request in in_downloader:
                continue
            if in_downloader is not None and not current.ended:
                current.ended = True
                continue
            del self._passes[request]
            members: dict[str, Any] = {"status": current.status}
            if current.redirects_to:
                members["error"] = "The redirect was not followed; perhaps there were too many."
            else:
                members["note"] = "A middleware kept the response from the spider."
            self._done(request, current, current.redirects_to or (current.status or 0) >= 400, members)

    def queue_is_empty(self) -> None:
        """Nothing waits any more, whatever was counted: a handler may have refused requests before they were queued."""
        for platform in self.platforms.values():
            if platform.queued:
                platform.queued = 0
                platform.changed = self.changed = True

    def _known(self, host: str) -> Platform | None:
        return self.platforms.get(self._name(host))

    def _name(self, host: str) -> str:
        """Under which name a host is counted."""
        return host if host in self.platforms or len(self.platforms) < MOST_PLATFORMS else OTHERS

    def _is_redirect(self, request: Request) -> bool:
        """Whether the request continues one that is under way; then that one is done, and says where it leads."""
        redirects = request.meta.get("redirect_urls")
        if not redirects:
            return False
        for origin, current in self._passes.items():
            if origin.url == redirects[-1] and len(origin.meta.get("redirect_urls", ())) == len(redirects) - 1:
                del self._passes[origin]
                members = {"status": current.status, "redirect": request.url[:4096]}
                self._done(origin, current, False, members)
                return True
        return False

    def _is_retry(self, request: Request) -> None:
        """Whether the request repeats one that is under way; then that one is not done, but queued again."""
        if not (times := request.meta.get("retry_times")):
            return
        for origin, current in self._passes.items():
            if origin.url == request.url and origin.meta.get("retry_times", 0) == times - 1:
                del self._passes[origin]
                platform = self.platforms[current.platform]
                platform.active -= 1
                self.retries += 1
                return

    def _done(self, request: Request, current: _Pass, is_error: bool, members: dict[str, Any]) -> None:
        platform = self.platforms[current.platform]
        platform.active -= 1
        platform.done += 1
        platform.errors += is_error
        platform.changed = self.changed = True
        depth = request.meta.get("depth", 0)
        self._tell(
            details.page(
                request.url,
                details.platform_of(request) if current.platform == OTHERS else current.platform,
                **members,
                durationMs=current.milliseconds,
                bytes=current.bytes,
                depth=depth if isinstance(depth, int) and depth >= 0 else None,
            )
        )


def _is_robots(request: Request) -> bool:
    """Whether Scrapy asks on its own behalf whether it may visit a host."""
    return request.callback is NO_CALLBACK and urlparse_cached(request).path == "/robots.txt"
