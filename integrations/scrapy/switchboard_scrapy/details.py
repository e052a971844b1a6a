"""What is told of one page and of one item: JSON text, bounded, written once."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from itemadapter import ItemAdapter
from scrapy.http import HtmlResponse, Request, Response
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.serialize import ScrapyJSONEncoder

#: The largest HTML body that is parsed for its title and links. Parsing costs about 40 µs a KiB, and most spiders parse
#: the page anyway: the response keeps the tree, so it is parsed once for both. A larger one is only searched for a
#: title.
_LARGEST_PARSED = 256 * 1024

#: How much of a larger one is searched.
_SEARCHED = 64 * 1024

_LONGEST_URL = 4096
_LONGEST_TEXT = 500

#: The largest item that is sent, in bytes of JSON.
LARGEST_ITEM = 64 * 1024

_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_encoder = ScrapyJSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def now() -> str:
    """The time as the hub writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write(value: Any) -> bytes:
    """JSON as the hub reads it: UTF-8, also where a page's text has halves of surrogate pairs."""
    return _encoder.encode(value).encode("utf-8", "replace")


def platform_of(request: Request | Response) -> str:
    """The host, and the port where it is not the scheme's; the scheme where there is no host."""
    url = urlparse_cached(request)
    host = url.hostname
    if not host:
        return url.scheme or "unknown"
    if ":" in host:
        host = f"[{host}]"
    try:
        port = url.port
    except ValueError:
        port = None
    return host if port in (None, _DEFAULT_PORTS.get(url.scheme)) else f"{host}:{port}"


def shortened(text: str, most: int = _LONGEST_TEXT) -> str:
    """The text on one line and not longer than `most` characters."""
    text = " ".join(text[: most * 4].split())
    return text if len(text) <= most else text[: most - 1] + "…"


def page(url: str, platform: str, **members: Any) -> bytes:
    """One page of a frame. Members that are `None` are left out."""
    known = {name: value for name, value in members.items() if value is not None}
    return write({"url": url[:_LONGEST_URL], "platform": platform, **known, "timestamp": now()})


def of_response(response: Response) -> dict[str, Any]:
    """What the response itself says of its page."""
    content_type = (response.headers.get("Content-Type") or b"").split(b";")[0].strip().lower()
    members: dict[str, Any] = {"status": response.status}
    if content_type:
        members["contentType"] = shortened(content_type.decode("latin-1"))
    if isinstance(response, HtmlResponse) and response.body:
        members.update(_of_html(response))
    return members


def _of_html(response: HtmlResponse) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if len(response.body) <= _LARGEST_PARSED:
        title = response.xpath("string((//title)[1])").get() or ""
        members["links"] = int(float(response.xpath("count(//a[@href])").get() or 0))
    else:
        found = _TITLE.search(response.body[:_SEARCHED])
        title = found.group(1).decode(response.encoding or "utf-8", "replace") if found else ""
    if title := shortened(title):
        members["title"] = title
    return members


def of_error(error: BaseException) -> str:
    """Why there is no response, in words."""
    # Twisted wraps what happened on a connection in a list of its reasons.
    reasons = getattr(error, "reasons", None)
    if isinstance(reasons, (list, tuple)) and reasons:
        error = getattr(reasons[0], "value", error)
    return shortened(str(error)) or type(error).__name__


def result(item: Any, url: str | None, platform: str | None) -> bytes | None:
    """One item of a frame; `None` where it is too large to send, or cannot be written as JSON."""
    try:
        fields = ItemAdapter(item).asdict()
        try:
            text = write(fields)
        except ValueError:
            text = write(_without_odd_numbers(fields))
        if len(text) > LARGEST_ITEM:
            return None
        head = {"url": url and url[:_LONGEST_URL], "platform": platform}
        known = write({name: value for name, value in head.items() if value is not None})
        return known[:-1] + (b"," if len(known) > 2 else b"") + b'"fields":' + text + b"}"
    except (TypeError, ValueError, RecursionError):
        return None


def _without_odd_numbers(value: Any) -> Any:
    """JSON has no NaN and no infinity; they become null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {name: _without_odd_numbers(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_odd_numbers(member) for member in value]
    return value
