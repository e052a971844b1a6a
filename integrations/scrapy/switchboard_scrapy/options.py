"""What the settings say, checked once before the spider starts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

#: Where a hub listens that was started without options.
DEFAULT_HUB = "http://127.0.0.1:4100"

#: The shortest time between two reports, in seconds.
SHORTEST_INTERVAL = 0.1

#: The longest name that a hub takes, in bytes of UTF-8.
LONGEST_NAME = 256


@dataclass(frozen=True)
class Options:
    """The settings of one crawl."""

    hub: SplitResult
    key: str | None
    organization: str | None
    run_id: str | None
    interval: float
    results: bool
    close_timeout: float

    @classmethod
    def read(cls, settings: BaseSettings) -> Options:
        """Reads the settings. Raises `NotConfigured`, whose text says which of them is wrong and what it must be."""
        if not settings.getbool("SWITCHBOARD_ENABLED", True):
            raise NotConfigured("SWITCHBOARD_ENABLED is off, so nothing is reported")
        key = _text(settings, "SWITCHBOARD_KEY")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise NotConfigured("SWITCHBOARD_KEY has characters that an HTTP header cannot hold")
        return cls(
            hub=_hub(_text(settings, "SWITCHBOARD_HUB") or DEFAULT_HUB),
            key=key,
            organization=_name(settings, "SWITCHBOARD_ORGANIZATION"),
            run_id=_name(settings, "SWITCHBOARD_RUN_ID"),
            interval=max(_seconds(settings, "SWITCHBOARD_INTERVAL", 0.5), SHORTEST_INTERVAL),
            results=settings.getbool("SWITCHBOARD_RESULTS", True),
            close_timeout=_seconds(settings, "SWITCHBOARD_CLOSE_TIMEOUT", 10.0),
        )


#: Those that the hub's own command line reads from the environment too. A run id is not among them: every run needs
#: its own, and a variable is inherited by all.
_FROM_ENVIRONMENT = {"SWITCHBOARD_HUB", "SWITCHBOARD_KEY", "SWITCHBOARD_ORGANIZATION"}


def _text(settings: BaseSettings, name: str) -> str | None:
    value = settings.get(name)
    if value is None and name in _FROM_ENVIRONMENT:
        value = os.environ.get(name)
    text = "" if value is None else str(value).strip()
    return text or None


def _name(settings: BaseSettings, name: str) -> str | None:
    text = _text(settings, name)
    if text is None:
        return None
    size = len(text.encode("utf-8", "replace"))
    if size > LONGEST_NAME or any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        raise NotConfigured(f"{name} must have at most {LONGEST_NAME} bytes and no control characters")
    return text


def _seconds(settings: BaseSettings, name: str, default: float) -> float:
    try:
        seconds = settings.getfloat(name, default)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise NotConfigured(f"{name} must be a number of seconds from 0 to 3600, not {settings.get(name)!r}")
    return seconds


def _hub(text: str) -> SplitResult:
    wrong = NotConfigured(f"SWITCHBOARD_HUB must be an address such as {DEFAULT_HUB}, not {text!r}")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise wrong from None
    if "@" in url.netloc:
        # The address is logged, so the wrong one is not shown here either.
        raise NotConfigured(
            "SWITCHBOARD_HUB must not hold a user name; set SWITCHBOARD_KEY where the hub asks for a key"
        )
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise wrong
    if not text.isascii() or any(character.isspace() for character in text):
        raise wrong
    return url
