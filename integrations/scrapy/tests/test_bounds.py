"""Nothing that a site or a spider does makes a report that the hub cannot take, or memory grow."""

from __future__ import annotations

import dataclasses
import json
import os
import unittest
from unittest import mock

from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Request
from scrapy.settings import Settings

from switchboard_scrapy import details, outbox, tracker
from switchboard_scrapy.options import Options
from switchboard_scrapy.outbox import PAGES, RESULTS, Outbox
from switchboard_scrapy.tracker import OTHERS, Tracker


class OptionsTest(unittest.TestCase):
    def test_the_environment_counts_where_the_settings_are_silent(self) -> None:
        environment = {"SWITCHBOARD_HUB": "https://hub.example/board/", "SWITCHBOARD_RUN_ID": "inherited"}
        with mock.patch.dict(os.environ, environment):
            options = Options.read(Settings())
            self.assertEqual((options.hub.geturl(), options.run_id), ("https://hub.example/board/", None))
            options = Options.read(Settings({"SWITCHBOARD_HUB": "http://[::1]:4100"}))
            self.assertEqual((options.hub.hostname, options.hub.port), ("::1", 4100))

    def test_what_makes_no_sense_is_refused_with_the_settings_name(self) -> None:
        for name, value in {
            "SWITCHBOARD_ENABLED": False,
            "SWITCHBOARD_HUB": "hub:4100",
            "SWITCHBOARD_KEY": "two\nlines",
            "SWITCHBOARD_ORGANIZATION": "x" * 257,
            "SWITCHBOARD_RUN_ID": "bell \x07",
            "SWITCHBOARD_INTERVAL": "soon",
            "SWITCHBOARD_CLOSE_TIMEOUT": -1,
        }.items():
            with self.assertRaisesRegex(NotConfigured, name):
                Options.read(Settings({name: value}))
        # The address is logged.
        with self.assertRaises(NotConfigured) as refused:
            Options.read(Settings({"SWITCHBOARD_HUB": "http://me:secret@hub.example/"}))
        self.assertNotIn("secret", str(refused.exception))


class OutboxTest(unittest.TestCase):
    def test_the_oldest_are_left_out_and_counted(self) -> None:
        box = Outbox("r", None)
        with mock.patch.object(outbox, "MOST_WAITING", 1000):
            for number in range(300):
                box.add(RESULTS if number % 3 == 0 else PAGES, b"%010d" % number)
        self.assertEqual(sum(box.left_out.values()), 200)
        self.assertEqual(box.left_out, {PAGES: 133, RESULTS: 67})
        [portion] = box.take()
        self.assertEqual(len(portion[PAGES]) + len(portion[RESULTS]), 100)
        self.assertEqual(portion[PAGES][-1], b"%010d" % 299)

    def test_a_batch_and_its_frames_stay_within_what_the_hub_takes(self) -> None:
        box = Outbox("r", "acme")
        item = b'{"fields":{"text":"' + b"x" * (details.LARGEST_ITEM - 30) + b'"}}'
        for _ in range(40):
            box.add(RESULTS, item)
        batches = 0
        while not box.is_empty:
            frames = [box.frame({"phase": "running"}, portion) for portion in box.take()]
            batches += 1
            self.assertLess(sum(map(len, frames)), 8 * 1024 * 1024)
            for frame in frames:
                self.assertLess(len(frame), 1024 * 1024)
                self.assertNotIn(b"\n", frame)
                self.assertTrue(json.loads(frame)["results"])
        self.assertGreater(batches, 1)

    def test_no_two_reports_have_the_same_id_also_in_two_runs_of_one_name(self) -> None:
        frames = [json.loads(box.frame({})) for box in (Outbox("r", None), Outbox("r", None)) for _ in range(50)]
        self.assertEqual(len({frame["id"] for frame in frames}), 100)


class DetailsTest(unittest.TestCase):
    def test_items_of_every_kind_become_json(self) -> None:
        @dataclasses.dataclass
        class Product:
            name: str
            price: float

        text = details.result(Product("half \ud800 of a pair", float("nan")), "http://x/", "x")
        self.assertEqual(
            json.loads(text or b""),
            {"url": "http://x/", "platform": "x", "fields": {"name": "half ? of a pair", "price": None}},
        )
        self.assertEqual(json.loads(details.result({"a": [1, "ü"]}, None, None) or b""), {"fields": {"a": [1, "ü"]}})

    def test_an_item_that_cannot_be_sent_is_left_out(self) -> None:
        circle: dict = {}
        circle["again"] = circle
        for item in ({"x": "y" * details.LARGEST_ITEM}, {"x": object()}, circle, 7):
            self.assertIsNone(details.result(item, None, None))

    def test_a_large_page_is_not_parsed_and_has_a_title(self) -> None:
        body = b"<title>Large</title>" + b"<a href='/x'>x</a>" * 100_000
        response = HtmlResponse("http://x/", body=body, headers={"Content-Type": "text/html"})
        with mock.patch.object(HtmlResponse, "xpath", side_effect=AssertionError("it was parsed")):
            self.assertEqual(details.of_response(response)["title"], "Large")

    def test_odd_pages_have_no_odd_members(self) -> None:
        for body in (b"", b"\x00\xff\xfe", b"<title>", b"<title></title>", b"<!-- -->", b"<title>" + b"x" * 9000):
            response = HtmlResponse("http://x/", status=200, body=body)
            members = details.of_response(response)
            self.assertLessEqual(len(members.get("title", "")), 500)
            json.loads(details.page("http://x/", "x", **members))

    def test_a_platform_is_a_host_with_the_port_that_is_not_usual(self) -> None:
        for url, platform in {
            "http://Example.org/x": "example.org",
            "https://example.org:443/": "example.org",
            "http://example.org:443/": "example.org:443",
            "http://[::1]:8000/": "[::1]:8000",
            "data:text/plain,x": "data",
        }.items():
            self.assertEqual(details.platform_of(Request(url)), platform)


class TrackerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.pages: list[bytes] = []
        self.tracker = Tracker(self.pages.append)

    def numbers(self) -> tuple[int, int]:
        numbers = self.tracker.numbers(None)
        return numbers["current"], numbers["total"]

    def test_hosts_beyond_the_bound_share_their_numbers(self) -> None:
        with mock.patch.object(tracker, "MOST_PLATFORMS", 3):
            for number in range(10):
                request = Request(f"http://host-{number}/")
                self.tracker.scheduled(request)
                self.tracker.started(request)
                self.tracker.failed(request, OSError("no"))
        self.assertEqual(list(self.tracker.platforms), ["host-0", "host-1", "host-2", OTHERS])
        self.assertEqual(self.tracker.platforms[OTHERS].done, 7)
        self.assertEqual(self.numbers(), (10, 10))
        self.assertEqual(json.loads(self.pages[-1])["platform"], "host-9", "the page itself names its host")

    # Links to hosts that a spider may not visit are announced too, and then filtered: each would have become a
    # platform.
    def test_hosts_that_are_never_visited_are_no_platforms_and_do_not_pile_up(self) -> None:
        with mock.patch.object(tracker, "_MOST_UNVISITED", 5):
            for number in range(100):
                self.tracker.scheduled(Request(f"http://elsewhere-{number}/"))
        self.assertEqual(self.tracker.platforms, {})
        self.assertEqual(len(self.tracker._unvisited), 5)

    # A spider that hands on `response.meta` hands on how often its page was tried and redirected, too.
    def test_a_request_that_inherits_the_marks_of_a_retry_and_a_redirect_is_a_page_of_its_own(self) -> None:
        origin = Request("http://x/", meta={"retry_times": 1, "redirect_urls": ["http://x/before"]})
        self.tracker.scheduled(origin)
        self.tracker.started(origin)
        self.tracker.answered(origin, HtmlResponse("http://x/"))
        following = Request("http://x/next", meta=dict(origin.meta))
        self.tracker.scheduled(following)
        self.assertEqual(self.numbers(), (1, 2))
        self.assertEqual(self.tracker.retries, 0)

    def test_what_vanishes_in_a_middleware_is_done_when_it_was_missing_twice(self) -> None:
        request = Request("http://x/")
        self.tracker.scheduled(request)
        self.tracker.started(request)
        self.tracker.settle({request})
        self.tracker.settle(())
        self.assertEqual(self.numbers(), (0, 1))
        self.tracker.settle(())
        self.assertEqual(self.numbers(), (1, 1))
