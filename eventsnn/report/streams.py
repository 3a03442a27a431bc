"""What is measured while a network runs: its messages and changes of weight, reduced to counts as they come.

The numbers do not depend on when they are reduced: an instant is reduced as a whole, once time has gone on.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.model import Rule
from eventsnn.plan import Cells, Plan, Synapses
from eventsnn.record import Columns, Recorder
from eventsnn.report.instrument import stretches_of
from eventsnn.report.reductions import Clock, Factor, Locks

CHUNK = 200_000  # events from one reduction to the next


class Streams:
    """Takes what an engine records, and keeps histograms and counters.

    Args:
        plan: of the network with counting rules.
        recorder: of the network; what the user did not ask for is taken away from it once it is counted.
        kept: projections whose changes of weight the user wants to keep.
    """

    def __init__(self, plan: Plan, recorder: Recorder, kept: set[int]) -> None:
        self.plan, self.recorder, self.kept = plan, recorder, kept
        n = plan.neurons
        self.received = np.zeros(n, np.int64)  # messages of every port so far, by neuron
        self.arrived = {s.index: np.zeros(s.post.size, np.int64) for s in plan.synapses}  # by target
        self.returned = np.zeros(n, np.int64)  # errors that came back, by source
        self.locks = {s.index: Locks(s, *makers(s.rule)) for s in plan.synapses if s.rule is not None}
        self.factors = {(c.index, port): Factor(c.size) for c, port in third_factors(plan)}
        self.seen: dict[int, int] = {}  # rows of what is kept that were counted; -1 stands for the messages
        recorder.log_messages()

    def run(self, engine: Any, end: float, control: Callable[[Any], bool], most: int | None) -> None:
        """Run an engine, and reduce what it records every so often."""
        steps = 0

        def follow(running: Any) -> bool:
            nonlocal steps
            steps += 1
            if steps % 1000 == 0 or running.name != "reference":
                self.reduce(running.now, running.ports.index("error"), CHUNK)
            return control(running)

        try:
            engine.run(end, follow, CHUNK if most is None else min(CHUNK, most))
        finally:
            self.reduce(engine.now, engine.ports.index("error"))

    def reduce(self, now: float, error: int, least: int = 0) -> None:
        """Count what happened before `now` [s], if that is at least so much; `error` is the number of that port."""
        messages = self.recorder.messages
        assert messages is not None
        streams = {-1: messages, **{q: self.recorder.weight_columns(q) for q in self.locks}}
        if sum(len(rows) - self.seen.get(which, 0) for which, rows in streams.items()) < least:
            return
        rows = self._take(-1, messages, now, self.recorder.keeps_messages)
        spikes_only = np.array([s.port != "error" for s in self.plan.synapses], bool)
        back = spikes_only[rows["projection"]] & (rows["port"] == error)
        changes = {q: self._take(q, streams[q], now, q in self.kept) for q in self.locks}
        clock = Clock(rows["t"], rows["target"], self.received, [change["t"] for change in changes.values()])
        for q, s in enumerate(self.plan.synapses):
            mine = (rows["projection"] == q) & ~back
            self.arrived[q] += np.bincount(rows["target"][mine] - s.post.offset, minlength=s.post.size)
            if q in self.locks:
                spikes, changed = (rows["t"][mine], rows["synapse"][mine]), (changes[q]["t"], changes[q]["k"])
                others = [self._delivered(rows, back, s.post, port) for port in sorted(self.locks[q].ports)]
                keys = [clock.key(target, t) for t, _, _, target, _ in others]
                self.locks[q].add(clock, spikes, changed, np.concatenate([*keys, np.zeros(0, np.int64)]))
        self.returned += np.bincount(rows["target"][back], minlength=len(self.returned))
        for (population, port), factor in self.factors.items():
            factor.add(*self._delivered(rows, back, self.plan.cells[population], port))
        self.received += np.bincount(rows["target"], minlength=len(self.received))

    def _delivered(self, rows: dict[str, Any], back: np.ndarray, c: Cells, port: str) -> list[np.ndarray]:
        """Time, sender, projection, target and value of what reached a population's neurons on a port."""
        mine = np.zeros(len(back), bool)
        value = rows["value"].copy()
        for s in self.plan.synapses:
            here = rows["projection"] == s.index
            if s.post is c and s.port == port:
                here &= ~back
                value[here] *= s.weight[rows["synapse"][here]]
                mine |= here
            elif s.pre is c and port == "error":
                mine |= here & back
        return [rows[name][mine] for name in ("t", "sender", "projection", "target")] + [value[mine]]

    def _take(self, which: int, columns: Columns, now: float, keep: bool) -> dict[str, Any]:
        """The rows before an instant that were not counted yet; they go unless they are kept."""
        start = self.seen.get(which, 0)
        n = bisect_left(columns.columns["t"], now, start)
        rows = {name: np.array(column[start:n], column.typecode) for name, column in columns.columns.items()}
        if keep:
            self.seen[which] = n
        else:
            self.seen[which] = 0
            for column in columns.columns.values():
                del column[:n]
        return rows

    def pack(self) -> dict[str, Any]:
        """Everything, for saving."""
        return {
            "keeps_messages": self.recorder.keeps_messages,
            "received": self.received,
            "returned": self.returned,
            "arrived": [self.arrived[s.index] for s in self.plan.synapses],
            "locks": [lock.pack() for lock in self.locks.values()],
            "factors": [factor.pack() for factor in self.factors.values()],
            "seen": [[q, n] for q, n in self.seen.items()],
        }

    def unpack(self, packed: dict[str, Any]) -> None:
        """Take back what `pack` gave."""
        self.recorder.keeps_messages = packed["keeps_messages"]
        self.received, self.returned = packed["received"], packed["returned"]
        self.arrived = dict(enumerate(packed["arrived"]))
        self.seen = {int(q): int(n) for q, n in packed["seen"]}
        for lock, saved in zip(self.locks.values(), packed["locks"], strict=True):
            lock.unpack(saved)
        for factor, saved in zip(self.factors.values(), packed["factors"], strict=True):
            factor.unpack(saved)


def makers(rule: Rule) -> tuple[frozenset[str], bool]:
    """The ports beside spikes whose messages may change a weight, and whether spikes may."""
    stretches = stretches_of(rule).stretches
    found = {s.root[3:] for s in stretches if s.cost["weight writes"] and s.root[:3] in ("on_", "at_")}
    return frozenset(found - {"pre", "post"}), bool(found & {"pre", "post"})


def third_factors(plan: Plan) -> list[tuple[Cells, str]]:
    """Populations and ports, other than spikes, whose messages wake synapses."""
    found = {}
    for s in plan.synapses:
        if s.rule is not None:
            for port in ports_of(s):
                if port not in ("pre", "post"):
                    found[s.post.index, port] = s.post
    return [(c, port) for (_, port), c in found.items()]


def ports_of(s: Synapses) -> list[str]:
    """The ports that a projection's rule reacts to; "pre" and "post" are the two neurons' spikes."""
    assert s.rule is not None
    return sorted({name[3:] for name in s.rule.handlers if name[:3] in ("on_", "at_")})
