"""Measuring as a network does it: its rules get counters, its runs are followed."""

from collections.abc import Callable
from typing import Any

from eventsnn.graph import Description
from eventsnn.report import instrument
from eventsnn.report.streams import Streams


class Measurement:
    """What `Network.measure` begins.

    Args:
        packed: what `pack` gave, of a network that was saved.
    """

    def __init__(self, packed: dict[str, Any] | None = None) -> None:
        self._packed = packed
        self.engine: Any = None
        self.streams: Streams | None = None

    def counting(self, description: Description) -> Description:
        """The network that is run in place of the one described."""
        return instrument.measured(description)

    def without_counters(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """What a projection of that network holds, as it is without counting."""
        return instrument.without_counters(arrays)

    def watch(self, engine: Any, description: Description) -> None:
        """Follow an engine that runs the counting network."""
        kept = {k for k, p in enumerate(description.projections) if "weights" in p.record}
        self.engine, self.streams = engine, Streams(engine.plan, engine.recorder, kept)
        if self._packed is not None:
            self.streams.unpack(self._packed)

    def run(self, end: float, control: Callable[[Any], bool], most: int | None) -> None:
        """Run the engine, and count."""
        assert self.streams is not None
        self.streams.run(self.engine, end, control, most)

    def pack(self) -> dict[str, Any]:
        """Everything counted so far, for saving."""
        assert self.streams is not None
        return self.streams.pack()
