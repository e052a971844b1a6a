"""A spider that reports to a hub, slowly enough to be watched.

    python -m scrapy runspider links.py -a start=http://127.0.0.1:8000/ -a delay=0.2 \
        -s SWITCHBOARD_HUB=http://127.0.0.1:4100 -s SWITCHBOARD_RUN_ID=shop-1

It follows every link on the start's host, and on those that `hosts` names with commas between them, and yields an item
for each page that answers.
"""

from urllib.parse import urlsplit

import scrapy


class LinksSpider(scrapy.Spider):
    name = "links"
    custom_settings = {
        "EXTENSIONS": {"switchboard_scrapy.SwitchboardExtension": 500},
        "TELNETCONSOLE_ENABLED": False,
        "RETRY_TIMES": 1,
    }

    def __init__(self, start="http://127.0.0.1:8000/", hosts="", delay="0", **arguments):
        super().__init__(**arguments)
        self.first = start
        self.allowed_domains = [urlsplit(start).hostname, *filter(None, hosts.split(","))]

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        # With a delay, one request at a time, so that a run has a length that can be foreseen.
        delay = float(kwargs.get("delay", "0"))
        crawler.settings.set("DOWNLOAD_DELAY", delay, priority="spider")
        if delay:
            crawler.settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", 1, priority="spider")
        return super().from_crawler(crawler, *args, **kwargs)

    async def start(self):
        yield scrapy.Request(self.first)

    def parse(self, response):
        yield {"title": response.css("title::text").get(), "url": response.url}
        yield from response.follow_all(css="a")
