"""Sources on the compiled engine: Python draws their spikes ahead, and the kernel sends them at their times."""

import math
from collections.abc import Iterator

import numpy as np

from eventsnn.engines.rows import in_time, rows
from eventsnn.events import Instant, instant, seconds
from eventsnn.model import Source
from eventsnn.plan import Plan

FEED = np.dtype([("window", "i8"), ("offset", "f8"), ("node", "i8")], align=True)


class Sources:
    """The spikes of all sources, drawn as far ahead as a run goes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lives: list[tuple[int, Iterator[float]]] | None = None
        self.ahead: list[float] = []  # the next time of each, drawn and not handed out; inf for none

    def until(self, end: Instant, emitted: np.ndarray, width: float) -> np.ndarray:
        """Window, offset and member of every spike before an instant that was not handed out before, in order."""
        if self.lives is None:
            self.lives = []
            for c in self.plan.cells:
                if isinstance(c.model, Source):
                    for i in range(c.size):
                        times = c.model.times(i, c.size, self.plan.seed, c.name)
                        for _ in range(int(emitted[c.offset + i])):
                            next(times, None)
                        self.lives.append((c.offset + i, times))
            self.ahead = [next(times, math.inf) for _, times in self.lives]
        limit = seconds(*end, width)
        drawn: list[float] = []
        count = []
        for k, (_, times) in enumerate(self.lives):
            before, time = len(drawn), self.ahead[k]
            while time < limit or (time == limit < math.inf and instant(time, width) < end):
                drawn.append(time)
                time = next(times, math.inf)
            self.ahead[k] = time
            count.append(len(drawn) - before)
        found = rows(np.zeros(len(drawn), FEED))
        at = np.array(drawn)
        windows = np.floor(at / width)  # as `events.instant`; a width is a power of two, so nothing rounds
        found["window"], found["offset"] = windows, at - windows * width
        found["node"] = np.repeat([node for node, _ in self.lives], count)
        ordered: np.ndarray = found[in_time(at, found, ("window", "offset", "node"))]
        return ordered
