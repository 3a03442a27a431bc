"""Threads of the compiled engine: who takes which neurons of a stage, and what becomes of what they send."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from eventsnn.engines import logs, loop
from eventsnn.engines.arrays import RING, SPIKES, Arrays, with_pool, with_spikes
from eventsnn.engines.kinds import stage_projections
from eventsnn.engines.rows import zeros
from eventsnn.plan import Cells

SHARE_FROM = 20_000  # messages in one window and stage that are worth waking threads for


class Threads:
    """Shares out the neurons of a stage whenever many messages wait for it. The bits do not depend on it."""

    def __init__(self, engine: Any, number: int) -> None:
        self.engine, self.number = engine, number
        arrays: Arrays = engine.arrays
        self.population = dict(zip(arrays.population, engine.models, strict=False))
        self.projection = dict(zip(arrays.projection, engine.models[len(arrays.population) :], strict=True))
        self.parts = [_part(arrays) for _ in range(number)]
        self.bundles = [engine.calls.bundle(part) for part in self.parts]  # one costs as much as a small window
        self.pool = ThreadPoolExecutor(number)
        plan = engine.plan
        recorded = any(logs.records_state(c) for c in plan.cells) or any(logs.records_weights(s) for s in plan.synapses)
        if not recorded and len(arrays.net.arrivals) <= 1:  # what is recorded goes through one buffer
            arrays.net.i[loop.SHARE_FROM] = SHARE_FROM

    def take_stage(self, k: int) -> None:
        """Work through stage k of the present window."""
        engine, a = self.engine, self.engine.arrays
        c, window = engine.plan.stages[k], int(a.net.i[loop.WINDOW])
        count = int(engine.call("gather", a.net, window, k))
        projections = [self.projection[s.index] for s in stage_projections(engine.plan, c)]
        models, bounds = [self.population[c.index], *projections], self._bounds(c)

        def work(which: int) -> None:
            low, high = int(bounds[which]), int(bounds[which + 1])
            self._ready(which, window, count)
            fresh, whole = count, (window, a.net.width, k, low, high)
            while not engine.call(f"part_{c.index}", a.net, self.bundles[which], *models, fresh, *whole):
                if self.parts[which].i[loop.FAULT] != 0:
                    return
                self._grow(which)
                fresh = 0

        for done in [self.pool.submit(work, which) for which in range(self.number)]:
            done.result()
        for which in range(self.number):
            while not engine.call("merge", a.net, self.bundles[which]):
                a.grow_pool()
                a.grow_spikes(len(self.parts[which].spikes))
        a.net.i[loop.STAGE] += 1

    def _bounds(self, c: Cells) -> np.ndarray:
        """Equal shares; neurons whose visits are looked through together stay together."""
        share = np.arange(1, self.number) * c.size // self.number
        inner = (c.offset + share + loop.BLOCK // 2) // loop.BLOCK * loop.BLOCK - c.offset
        return np.concatenate(([0], np.clip(inner, 0, c.size), [c.size]))

    def _ready(self, which: int, window: int, count: int) -> None:
        """Have room for as many messages as there are, in the window to come."""
        i = self.parts[which].i
        i[loop.WINDOW] = window
        while i[loop.FREE] <= count + i[loop.NEED]:
            self._replace(which, with_pool(self.parts[which], 2 * len(self.parts[which].pool)))

    def _grow(self, which: int) -> None:
        part = with_pool(self.parts[which], 2 * len(self.parts[which].pool))
        self._replace(which, with_spikes(part, len(part.spikes)))

    def _replace(self, which: int, part: Any) -> None:
        self.parts[which], self.bundles[which] = part, self.engine.calls.bundle(part)


def _part(arrays: Arrays) -> Any:
    """An agenda of its own over the same neurons and synapses."""
    net = arrays.net
    i = np.zeros_like(net.i)
    i[loop.NEED], i[loop.LOG_NEED] = net.i[loop.NEED], net.i[loop.LOG_NEED]
    buckets = np.full((RING, net.stages + 1), -1, np.int64)
    buckets[:, net.stages] = 0
    part = net._replace(
        i=i, f=np.zeros_like(net.f), pool=net.pool[:0].copy(), lists=net.lists[:, :0].copy(), buckets=buckets,
        bins=np.zeros_like(net.bins), touched=np.zeros_like(net.touched), spikes=zeros(SPIKES, net.spikes.dtype),
        inbox=net.inbox[:0].copy(), counts=np.zeros_like(net.counts), kept=np.full_like(net.kept, np.nan),
    )  # fmt: skip
    return with_pool(part, len(net.pool))
