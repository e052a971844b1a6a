"""Sees each request before every other middleware, and what became of it after every other one.

Signals alone do not tell why a request failed, nor whether it is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.exceptions import NotConfigured
from scrapy.http import Request, Response

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from switchboard_scrapy.extension import SwitchboardExtension

#: Nearer to the engine than any other, which have numbers from 0 to 1000.
ORDER = -1000


class OutcomeMiddleware:
    """Tells the extension. It changes nothing, and it is the extension that installs it."""

    def __init__(self, extension: SwitchboardExtension) -> None:
        self._extension = extension

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> OutcomeMiddleware:
        from switchboard_scrapy.extension import SwitchboardExtension

        extension = crawler.get_extension(SwitchboardExtension)
        if extension is None:
            raise NotConfigured("it is a part of switchboard_scrapy.SwitchboardExtension, which is not enabled")
        return cls(extension)

    def process_request(self, request: Request, spider: Any = None) -> None:
        self._extension.request_started(request)

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Response:
        self._extension.request_answered(request, response)
        return response

    def process_exception(self, request: Request, exception: Exception, spider: Any = None) -> None:
        self._extension.request_failed(request, exception)
