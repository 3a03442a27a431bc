"""Sources on the compiled engine: Python draws their spikes ahead, and the kernel sends them at their times."""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from eventsnn.engines.rows import in_time, rows
from eventsnn.events import Instant, instant, seconds
from eventsnn.locality import classes
from eventsnn.model import Source
from eventsnn.plan import Cells, Plan

FEED = np.dtype([("window", "i8"), ("offset", "f8"), ("node", "i8")], align=True)
NUMBERS = 1 << 15  # of the table, if there are few sources
LEAST, MOST = 16, 1024  # times in a row of it


class Sources:
    """The spikes of all sources, drawn as far ahead as a run goes.

    The next times of every source are a row of a table, so that what is due is found for all of them at once. A row
    whose times are handed out gets the next ones of what the source has said.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.limit = 0.0  # of what is drawn now [s]
        self.table: np.ndarray | None = None  # inf where a time is handed out, or there is none

    def until(self, end: Instant, emitted: np.ndarray, width: float) -> np.ndarray:
        """Window, offset and member of every spike before an instant that was not handed out before, in order.

        Raises:
            EngineError: times of a source that are not numbers, or decrease; names the neuron.
        """
        self.limit = seconds(*end, width)
        rounded_down = self.limit < math.inf and instant(self.limit, width) < end
        before = np.less_equal if rounded_down else np.less
        if self.table is None:
            self._begin(emitted)
        assert self.table is not None
        times, nodes = [np.zeros(0)], [np.zeros(0, np.int64)]
        due = np.flatnonzero(before(self.next, self.limit))
        while due.size:
            found = self.table[due]
            now = before(found, self.limit)
            times.append(found[now])
            nodes.append(np.repeat(self.nodes[due], now.sum(axis=1)))
            found[now] = np.inf
            self.table[due] = found
            self.next[due] = found.min(axis=1)
            for k in due[np.isinf(self.next[due])].tolist():
                self._draw(k)
            due = due[before(self.next[due], self.limit)]
        at = np.concatenate(times)
        feed = rows(np.zeros(len(at), FEED))
        windows = np.floor(at / width)  # as `events.instant`; a width is a power of two, so nothing rounds
        feed["window"], feed["offset"], feed["node"] = windows, at - windows * width, np.concatenate(nodes)
        ordered: np.ndarray = feed[in_time(at, feed, ("window", "offset", "node"))]
        return ordered

    def _begin(self, emitted: np.ndarray) -> None:
        """Ask every source for what comes after the spikes that it has sent."""
        cells = [c for c in self.plan.cells if isinstance(c.model, Source)]
        self.members = [(c, i) for c in cells for i in range(c.size)]
        self.nodes = np.array([c.offset + i for c, i in self.members], dtype=np.int64)
        self.said = [self._says(c, i, int(emitted[c.offset + i])) for c, i in self.members]
        self.left = [np.zeros(0)] * len(self.said)  # of what each has said
        self.latest = [0.0] * len(self.said)
        length = min(max(NUMBERS // max(len(self.said), 1), LEAST), MOST)
        self.table, self.next = np.full((len(self.said), length), np.inf), np.full(len(self.said), np.inf)
        for k in range(len(self.said)):
            self._draw(k)

    def _says(self, cells: Cells, index: int, sent: int) -> Iterator[np.ndarray]:
        """The times of a source from a number on, as arrays."""
        model, asked = cells.model, (index, cells.size, self.plan.seed, cells.name)
        assert isinstance(model, Source)
        if "blocks" not in dir(model) or not classes.newest(type(model), "blocks", ("times",)):
            yield from self._one_by_one(islice(model.times(*asked), sent, None))
            return
        for block in model.blocks(*asked):  # type: ignore[attr-defined]
            yield block[sent:]
            sent = max(sent - len(block), 0)

    def _one_by_one(self, times: Iterator[float]) -> Iterator[np.ndarray]:
        """As arrays, but only one time beyond what is drawn now: to think of it may take long."""
        drawn = []
        for time in times:
            drawn.append(time)
            if not time < self.limit:
                yield np.array(drawn, dtype=np.float64)
                drawn.clear()
        yield np.array(drawn, dtype=np.float64)

    def _draw(self, k: int) -> None:
        """Put the next times of a source into its row, which is empty."""
        while not self.left[k].size:
            block = next(self.said[k], None)
            if block is None:
                return
            follows = block >= np.append(self.latest[k], block[:-1])
            if not follows.all():
                cells, index = self.members[k]
                raise cells.refused(index, float(block[np.argmin(follows)]))
            self.left[k], self.latest[k] = block, float(block[-1]) if len(block) else self.latest[k]
        assert self.table is not None
        row = self.table[k]
        now, self.left[k] = self.left[k][: len(row)], self.left[k][len(row) :]
        row[: len(now)] = now
        self.next[k] = now[0]
