"""Reports the progress of a Scrapy spider live to a Switchboard hub."""

from switchboard_scrapy.extension import SwitchboardExtension

__all__ = ["SwitchboardExtension"]
__version__ = "0.1.0"
