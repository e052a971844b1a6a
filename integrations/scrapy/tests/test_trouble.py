"""What a hub may do to those who report to it.

None of it may cost the crawl anything, or a report that could be brought.
"""

from __future__ import annotations

import threading
import unittest

from tests import crawl
from tests.servers import FakeHub, Site
from tests.test_crawl import unused_port


class TroubleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.paths = [f"/{number}" for number in range(30)]
        links = "".join(f"<a href='{path}'>x</a>" for path in self.paths)
        self.site = Site({"/": (200, links), **{path: (200, f"<title>{path}</title>") for path in self.paths}})
        self.addCleanup(self.site.close)

    def hub(self, script=None, **options) -> FakeHub:
        hub = FakeHub(script, **options)
        self.addCleanup(hub.close)
        return hub

    def crawl(self, hub: str, **settings) -> str:
        return crawl.run(self.site.url + "/", hub, **{"CONCURRENT_REQUESTS": 2, **settings})

    def assert_all_told(self, hub: FakeHub) -> None:
        told = sorted(page["url"].removeprefix(self.site.url) for page in hub.pages())
        self.assertEqual(told, sorted(["/", *self.paths]), "each page exactly once")
        self.assertEqual(len(hub.results()), 31)
        whole = hub.last()
        self.assertEqual((whole["phase"], whole["current"], whole["total"], whole["items"]), ("completed", 31, 31, 31))

    def test_a_hub_that_is_busy_gets_the_same_reports_later(self) -> None:
        def script(number, batch):
            busy = [(503, {"detail": "later"}, {}), (429, {"detail": "slow"}, {"Retry_After": "0"}), (500, {}, {})]
            return busy[number] if number < len(busy) else None

        hub = self.hub(script)
        log = self.crawl(hub.url)
        self.assert_all_told(hub)
        self.assertEqual(hub.phases(), ["pending", "running", "completed"])
        self.assertEqual(log.count("WARNING: The Switchboard hub"), 1, log)

    def test_a_report_whose_answer_was_lost_is_sent_again_under_the_same_id(self) -> None:
        hub = self.hub(lambda number, batch: "lose the answer" if number % 2 == 0 else None)
        self.crawl(hub.url)
        self.assert_all_told(hub)
        self.assertGreater(hub.duplicates, 0)

    def test_one_refused_frame_costs_that_frame_only(self) -> None:
        refused = []

        def script(number, batch):
            for index, frame in enumerate(batch):
                if (frame.get("platform") and not refused) or frame["id"] in refused:
                    refused.append(frame["id"])
                    return 400, {"detail": "`phase` is odd.", "index": index}, {}
            return None

        hub = self.hub(script)
        log = self.crawl(hub.url)
        self.assert_all_told(hub)
        self.assertEqual(len(refused), 1, "it is not sent a second time")
        self.assertNotIn(refused[0], {frame["id"] for frame in hub.frames})
        self.assertIn("refuses a report, which is left out: `phase` is odd.", log)

    def test_a_batch_that_is_too_large_is_sent_in_halves(self) -> None:
        hub = self.hub(lambda number, batch: (413, {"detail": "too large"}, {}) if len(batch) > 1 else None)
        self.crawl(hub.url)
        self.assert_all_told(hub)

    def test_a_hub_that_comes_late_is_told_everything(self) -> None:
        port = unused_port()
        late: list[FakeHub] = []

        def before(path: str) -> None:
            # The hub starts when half of the pages were asked for.
            if sum(self.site.requested.values()) == 15 and not late:
                late.append(self.hub(address=("127.0.0.1", port)))

        self.site.before = before
        log = self.crawl(f"http://127.0.0.1:{port}", CONCURRENT_REQUESTS=1)
        self.assert_all_told(late[0])
        self.assertEqual(log.count("WARNING: The Switchboard hub"), 1, log)
        self.assertIn("takes reports again", log)

    def test_the_end_is_told_after_everything_else_also_where_much_waits(self) -> None:
        # The items are more than one batch, and wait until the last page was asked for.
        for path in self.paths:
            self.site.pages[path] = (200, f"<title>{path}{'x' * 50_000}</title>")
        hub = self.hub(
            lambda number, batch: None if len(self.site.requested) == 31 else (503, {}, {"Retry_After": "0"})
        )
        self.crawl(hub.url, SWITCHBOARD_CLOSE_TIMEOUT=30)
        self.assert_all_told(hub)
        ends = [index for index, frame in enumerate(hub.frames) if frame.get("phase") == "completed"]
        details = [index for index, frame in enumerate(hub.frames) if frame.get("results")]
        self.assertGreater(len(details), 4, "it took several frames")
        self.assertGreaterEqual(min(ends), max(details[:-1]))
        self.assertEqual(ends[-1], len(hub.frames) - 1)

    def test_a_hub_that_is_never_there_costs_one_warning_and_a_last_one(self) -> None:
        log = self.crawl(f"http://127.0.0.1:{unused_port()}", SWITCHBOARD_CLOSE_TIMEOUT=0.5)
        self.assertEqual(len(self.site.requested), 31)
        self.assertEqual(log.count("WARNING: The Switchboard hub"), 2, log)
        self.assertIn("has not taken the last reports within 0.5 s", log)

    def test_a_hub_that_never_answers_holds_up_neither_the_crawl_nor_its_end(self) -> None:
        ended = threading.Event()
        self.addCleanup(ended.set)
        hub = self.hub(lambda number, batch: ended.wait(60) and None)
        log = self.crawl(hub.url, SWITCHBOARD_CLOSE_TIMEOUT=0.5)
        self.assertEqual(len(self.site.requested), 31)
        self.assertIn("Spider closed (finished)", log)
        self.assertEqual(hub.requests, 1)

    def test_a_wrong_key_is_said_once(self) -> None:
        hub = self.hub(lambda number, batch: (401, {"detail": "This hub asks for a key."}, {}))
        log = self.crawl(hub.url, SWITCHBOARD_CLOSE_TIMEOUT=0.5)
        self.assertEqual(log.count("This hub asks for a key."), 1, log)
