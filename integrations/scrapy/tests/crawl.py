"""Runs a spider as its user would: as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SPIDER = Path(__file__).parent / "spiders" / "links.py"

#: No test takes nearly as long; a spider that never ends must not hold up all others.
_LONGEST = 60


def start(site: str, hub: str, *, arguments: dict[str, str] | None = None, **settings: object) -> subprocess.Popen[str]:
    """Starts a crawl of `site` that reports to `hub`."""
    settings = {
        "SWITCHBOARD_HUB": hub,
        "SWITCHBOARD_INTERVAL": 0.1,
        "LOG_LEVEL": "INFO",
        "ROBOTSTXT_OBEY": False,
        **settings,
    }
    command = [sys.executable, "-m", "scrapy", "runspider", str(SPIDER), "-a", f"start={site}"]
    for name, value in (arguments or {}).items():
        command += ["-a", f"{name}={value}"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHBOARD_")}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Waits for the spider's end. Answers its log; fails where it failed."""
    try:
        log, _ = process.communicate(timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        log, _ = process.communicate()
        raise AssertionError(f"the spider did not end:\n{log}") from None
    assert process.returncode == 0, f"the spider ended with {process.returncode}:\n{log}"
    assert "Reporting to Switchboard went wrong" not in log, log
    return log


def run(site: str, hub: str, *, arguments: dict[str, str] | None = None, **settings: object) -> str:
    """Both."""
    return finish(start(site, hub, arguments=arguments, **settings))
