"""Sources on the compiled engine: Python draws their spikes ahead, and the kernel sends them at their times."""

from collections.abc import Iterator

import numpy as np

from eventsnn.engines.rows import rows
from eventsnn.events import Instant, instant
from eventsnn.model import Source
from eventsnn.plan import Plan

FEED = np.dtype([("window", "i8"), ("offset", "f8"), ("node", "i8")], align=True)


class Sources:
    """The spikes of all sources, drawn as far ahead as a run goes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lives: list[tuple[int, Iterator[float], list[float]]] | None = None

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
                        self.lives.append((c.offset + i, times, []))
        found: list[tuple[int, float, int]] = []
        for node, times, ahead in self.lives:
            while True:
                time = ahead.pop() if ahead else next(times, None)
                if time is None:
                    break
                at = instant(time, width)
                if at >= end:
                    ahead.append(time)
                    break
                found.append((*at, node))
        found.sort()
        return rows(np.array(found, FEED))
