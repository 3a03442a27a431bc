"""What compiled code needs beyond locality is checked where handlers are: in `locality.ways`."""

from eventsnn.locality.ways import check, returns_value

__all__ = ["check", "returns_value"]
