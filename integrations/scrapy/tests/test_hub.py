"""A real spider and the real hub, whose binary `SWITCHBOARD_BIN` names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
import unittest

from tests import crawl
from tests.servers import Site

_BINARY = os.environ.get("SWITCHBOARD_BIN", "")

#: How long the hub may take for anything, in seconds.
_LONGEST = 60


@unittest.skipUnless(_BINARY, "SWITCHBOARD_BIN does not name the hub's binary")
class HubTest(unittest.TestCase):
    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHBOARD_")}
        process = subprocess.Popen(
            [_BINARY, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

        def end() -> None:
            process.kill()
            process.communicate()

        self.addCleanup(end)
        # Nothing here waits for ever: an end of the process ends each read.
        watchdog = threading.Timer(_LONGEST, process.kill)
        watchdog.daemon = True
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        return process

    def test_the_hub_takes_every_report_and_shows_the_run(self) -> None:
        data = tempfile.TemporaryDirectory()
        self.addCleanup(data.cleanup)
        serve = self.start("serve", "--listen", "127.0.0.1:0", "--data", data.name)
        found = re.search(r"http://\S+", serve.stdout.readline())
        self.assertIsNotNone(found)
        hub = found.group().rstrip("/.")
        site = Site({"/": (200, "<title>ü</title><a href='/a'>x</a><a href='/gone'>x</a>"), "/a": (200, "")})
        self.addCleanup(site.close)

        tail = self.start("tail", "--hub", hub, "--json")
        log = crawl.run(site.url + "/", hub, SWITCHBOARD_RUN_ID="r-1")
        self.assertNotIn("WARNING: The Switchboard hub", log)

        phases, platforms = [], {}
        for line in tail.stdout:
            frame = json.loads(line)
            if frame.get("type") != "scrape_progress":
                continue
            self.assertEqual(frame["runId"], "r-1")
            if platform := frame.get("platform"):
                platforms[platform] = frame
            elif phase := frame.get("phase"):
                phases.append(phase)
                if phase == "completed":
                    break
        else:
            self.fail(f"the run's end never came: {phases}")
        self.assertEqual(list(dict.fromkeys(phases)), ["pending", "running", "completed"])
        self.assertEqual((frame["current"], frame["total"]), (3, 3))
        self.assertEqual({name: last["phase"] for name, last in platforms.items()}, {site.platform: "completed"})
