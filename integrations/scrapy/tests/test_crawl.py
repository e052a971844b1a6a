"""A real spider, a local site with every kind of trouble, and a hub that takes what it gets."""

from __future__ import annotations

import signal
import socket
import unittest
from collections import Counter

from tests import crawl
from tests.servers import FakeHub, Site

#: Scrapy's three ways to wait: asyncio, Twisted's own loop, and asyncio without Twisted.
LOOPS = {
    "asyncio": {},
    "twisted": {"TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"},
    "no reactor": {"TWISTED_REACTOR_ENABLED": "False"},
}


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Endless(dict[str, tuple[int, str]]):
    """A site on which each page links to a further one."""

    def get(self, path: str, default: object = None) -> tuple[int, str]:
        return 200, f"<a href='{path}x'>further</a>"


class CrawlTest(unittest.TestCase):
    maxDiff = None

    def site(self, pages: dict[str, tuple[int, str]], host: str = "127.0.0.1") -> Site:
        site = Site(pages, host)
        self.addCleanup(site.close)
        return site

    def hub(self) -> FakeHub:
        hub = FakeHub()
        self.addCleanup(hub.close)
        return hub

    def test_every_page_number_and_phase_is_told_in_each_of_scrapys_event_loops(self) -> None:
        other = self.site({"/": (200, "<title>Other</title>")}, "127.0.0.2")
        refused = f"127.0.0.1:{unused_port()}"
        links = [
            "/a",
            "/a#twice",
            "/moved",
            "/gone",
            "/broken",
            other.url + "/",
            f"http://{refused}/",
            "http://offsite.invalid/",
        ]
        site = self.site(
            {
                "/": (200, "<title> The \n start </title>" + "".join(f"<a href='{link}'>x</a>" for link in links)),
                "/a": (200, "<title>A</title><a href='/'>back</a>"),
                "/moved": (302, "/target"),
                "/target": (200, "<title>Target</title>"),
                "/broken": (500, "no"),
            }
        )
        for loop, settings in LOOPS.items():
            with self.subTest(loop):
                hub = self.hub()
                crawl.run(
                    site.url + "/", hub.url, arguments={"hosts": "127.0.0.2"}, SWITCHBOARD_RUN_ID="r-1", **settings
                )

                self.assertEqual({frame["runId"] for frame in hub.frames}, {"r-1"})
                told = {page["url"]: page for page in hub.pages()}
                self.assertEqual(len(told), len(hub.pages()), "a page was told twice")
                self.assertEqual(
                    {url: page.get("status") for url, page in told.items()},
                    {
                        site.url + "/": 200,
                        site.url + "/a": 200,
                        site.url + "/moved": 302,
                        site.url + "/target": 200,
                        site.url + "/gone": 404,
                        site.url + "/broken": 500,
                        other.url + "/": 200,
                        f"http://{refused}/": None,
                    },
                )
                start, target = told[site.url + "/"], told[site.url + "/target"]
                self.assertEqual((start["title"], start["links"], start["contentType"]), ("The start", 8, "text/html"))
                self.assertEqual((start["depth"], told[site.url + "/a"]["depth"]), (0, 1))
                self.assertEqual(start["bytes"], len(site.pages["/"][1]))
                self.assertGreaterEqual(start["durationMs"], 0)
                self.assertEqual(told[site.url + "/moved"]["redirect"], target["url"])
                self.assertEqual(target["note"], f"Redirected from {site.url}/moved")
                self.assertRegex(told[f"http://{refused}/"]["error"], "refused|[Cc]annot connect|failed")

                whole = hub.last()
                self.assertEqual((whole["current"], whole["total"], whole["errors"], whole["items"]), (8, 8, 3, 4))
                # The page that answers 500 came twice: it was tried again.
                sizes = sum(len(text) for path, (status, text) in site.pages.items() if status == 200)
                self.assertEqual(hub.last(site.platform)["bytes"], sizes + len("gone") + 2 * len("no"))
                numbers = {
                    platform: (hub.last(platform)["current"], hub.last(platform)["total"], hub.last(platform)["errors"])
                    for platform in {frame["platform"] for frame in hub.frames if "platform" in frame}
                }
                self.assertEqual(numbers, {site.platform: (6, 6, 2), other.platform: (1, 1, 0), refused: (1, 1, 1)})
                self.assertIn("2 requests were repeated", whole["message"])

                self.assertEqual(hub.phases(), ["pending", "running", "completed"])
                self.assertEqual(hub.frames[-1], whole, "the run's end is the last that is told")
                for platform in numbers:
                    self.assertEqual(hub.last(platform)["phase"], "completed")
                found = Counter((result["url"], result["fields"]["url"]) for result in hub.results())
                pages_with_items = [site.url + path for path in ("/", "/a", "/target")] + [other.url + "/"]
                self.assertEqual(found, Counter((url, url) for url in pages_with_items))

    def test_numbers_only_grow_and_are_told_while_the_spider_runs(self) -> None:
        hub = self.hub()
        pages = {f"/{number}": (200, f"<title>{number}</title>") for number in range(12)}
        site = self.site({"/": (200, "".join(f"<a href='{path}'>x</a>" for path in pages)), **pages})
        # The last pages are held back until the hub has heard of the first ones.
        site.before = lambda path: hub.wait_for(lambda _: len(hub.pages()) >= 5) if path > "/7" else None
        crawl.run(site.url + "/", hub.url, CONCURRENT_REQUESTS_PER_DOMAIN=1)
        done = [frame["current"] for frame in hub.run() if "current" in frame]
        self.assertEqual(done, sorted(done))
        self.assertEqual(done[-1], 13)
        self.assertTrue(any(0 < number < 13 for number in done))
        for frame in hub.run():
            self.assertLessEqual(frame["current"], frame["total"])
        known = [frame["total"] for frame in hub.run() if frame["current"] >= 5]
        self.assertEqual(set(known), {13}, "what waits in the queue is a part of the total")

    def test_robots_txt_is_no_page_and_what_it_forbids_is_told(self) -> None:
        hub = self.hub()
        site = self.site(
            {
                "/robots.txt": (200, "User-agent: *\nDisallow: /private\n"),
                "/": (200, "<a href='/private'>x</a>"),
            }
        )
        crawl.run(site.url + "/", hub.url, ROBOTSTXT_OBEY=True)
        told = {page["url"].removeprefix(site.url): page for page in hub.pages()}
        self.assertEqual(set(told), {"/", "/private"})
        self.assertEqual(told["/private"]["error"], "Not requested: Forbidden by robots.txt")
        self.assertEqual((hub.last()["current"], hub.last()["total"], hub.last()["errors"]), (2, 2, 1))

    # A redirect that Scrapy gives up is an error inside a middleware: no signal tells of it, and the page was under way
    # for ever.
    def test_too_many_redirects_end_as_an_error(self) -> None:
        hub = self.hub()
        site = self.site({"/": (302, "/1"), "/1": (302, "/2"), "/2": (302, "/3"), "/3": (200, "")})
        crawl.run(site.url + "/", hub.url, REDIRECT_MAX_TIMES=2)
        whole = hub.last()
        self.assertEqual((whole["phase"], whole["current"], whole["total"], whole["errors"]), ("completed", 3, 3, 1))
        self.assertIn("redirect was not followed", hub.pages()[-1]["error"])

    def test_a_spider_that_is_interrupted_is_cancelled(self) -> None:
        hub = self.hub()
        site = self.site(Endless())
        process = crawl.start(site.url + "/", hub.url, arguments={"delay": "0.05"})
        hub.wait_for(lambda _: "running" in hub.phases())
        process.send_signal(signal.SIGINT)
        crawl.finish(process)
        self.assertEqual(hub.phases(), ["pending", "running", "cancelled"])
        self.assertIn("shutdown", hub.last()["message"])

    def test_a_spider_that_ends_for_another_reason_failed_and_says_why(self) -> None:
        hub = self.hub()
        site = self.site({"/": (200, "".join(f"<a href='/{number}'>x</a>" for number in range(50)))})
        crawl.run(site.url + "/", hub.url, CLOSESPIDER_PAGECOUNT=2, CONCURRENT_REQUESTS=1)
        self.assertEqual(hub.phases(), ["pending", "running", "failed"])
        self.assertIn("closespider_pagecount", hub.last()["message"])

    def test_key_and_organization_go_with_every_report_and_items_only_if_wanted(self) -> None:
        hub = self.hub()
        site = self.site({"/": (200, "<title>x</title>")})
        crawl.run(
            site.url + "/",
            hub.url,
            SWITCHBOARD_KEY="s3cret",
            SWITCHBOARD_ORGANIZATION="acme",
            SWITCHBOARD_RESULTS=False,
        )
        self.assertEqual({headers.get("Authorization") for headers in hub.headers}, {"Bearer s3cret"})
        self.assertEqual({frame["organizationId"] for frame in hub.frames}, {"acme"})
        self.assertEqual((hub.results(), hub.last()["items"]), ([], 1))
        self.assertEqual(len({frame["runId"] for frame in hub.frames}), 1)
        self.assertTrue(hub.frames[0]["runId"].startswith("links-"))

    def test_without_a_usable_setting_the_spider_runs_and_the_log_says_what_is_wrong(self) -> None:
        site = self.site({"/": (200, "")})
        log = crawl.run(site.url + "/", "not an address")
        self.assertIn("SWITCHBOARD_HUB must be an address such as http://127.0.0.1:4100, not 'not an address'", log)
        self.assertEqual(site.requested["/"], 1)
