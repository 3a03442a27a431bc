"""Counts made from streams of messages and changes of weight: how long a change waited, and how fine an error is."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from eventsnn.plan import Synapses
from eventsnn.report.histogram import Histogram

DISTINCT = 64  # different values of a third factor that are told apart
PRIME = 2**61 - 1  # of the checksum that tells sequences of values apart (Fletcher 1982, with a larger modulus)


class Clock:
    """How many messages each neuron had received by which time.

    Args:
        t: times [s] of messages, in order; target: their receivers.
        received: how many messages each neuron had received before.
        others: further times that will be asked for.
    """

    def __init__(self, t: np.ndarray, target: np.ndarray, received: np.ndarray, others: Iterable[np.ndarray]) -> None:
        self.times = np.unique(np.concatenate([t, *others]))
        self.stride = len(self.times) + 1
        self.keys = np.sort(self.key(target, t))
        self.received = received.copy()

    def key(self, which: np.ndarray, t: np.ndarray) -> np.ndarray:
        """A whole number for every pair of a number and a time, in their order."""
        found: np.ndarray = which.astype(np.int64) * self.stride + np.searchsorted(self.times, t)
        return found

    def count(self, neuron: np.ndarray, t: np.ndarray, until: str) -> np.ndarray:
        """How many messages neurons had received before times ("left"), or at the times too ("right")."""
        here = np.searchsorted(self.keys, self.key(neuron, t), side=until)  # type: ignore[call-overload]
        earlier = np.searchsorted(self.keys, neuron.astype(np.int64) * self.stride)
        found: np.ndarray = self.received[neuron] + here - earlier
        return found


class Locks:
    """How long the changes of a projection's weights waited.

    For every change: the time since the latest spike that arrived at this synapse, and how many messages of any port
    its neuron received in between. A spike that arrives at the very instant of a change came before it, unless the
    neuron received another message then that could have made the change: such messages come before spikes.

    Args:
        s: the plan of the projection.
        ports: those beside spikes whose messages may change the weight.
        direct: whether a spike may, that of the sender or that of the neuron.
    """

    def __init__(self, s: Synapses, ports: frozenset[str], direct: bool) -> None:
        self.ports, self.direct = ports, direct
        self.neuron = s.post.offset + s.target.astype(np.int64)
        self.last = np.full(len(s), -np.inf)  # latest arrival [s]
        self.by_then = np.zeros(len(s), np.int64)  # messages to the neuron up to it
        self.time, self.events = Histogram(), Histogram(whole=True)
        self.without_spike = 0  # changes at synapses that no spike had reached
        self.changes = 0

    def add(
        self, clock: Clock, spikes: tuple[np.ndarray, ...], changes: tuple[np.ndarray, ...], others: np.ndarray
    ) -> None:
        """Take further spikes and changes, both as times and synapses in order.

        Args:
            clock: of the time that they cover.
            others: keys (see `Clock.key`) of the other messages that may have changed weights.
        """
        (t, j), (changed, k) = spikes, changes
        by_then = clock.count(self.neuron[j], t, "right")
        keys = clock.key(j, t)
        order = np.argsort(keys, kind="stable")
        wanted = clock.key(k, changed)
        found = np.searchsorted(keys[order], wanted, side="right") - 1
        before = np.isin(clock.key(self.neuron[k], changed), others)
        if self.direct:  # of several changes at one instant, the last is that of the spike
            before &= ~_last_of_several(wanted)
        place = np.where(before, np.searchsorted(keys[order], wanted, side="left") - 1, found)
        if len(t):
            latest = order[np.maximum(place, 0)]
            new = (place >= 0) & (j[latest] == k)
            spike = np.where(new, t[latest], self.last[k])
            passed = np.where(new, by_then[latest], self.by_then[k])
        else:
            spike, passed = self.last[k], self.by_then[k]
        known = spike > -np.inf
        between = clock.count(self.neuron[k], changed, "left") - passed
        self.changes += len(k)
        self.without_spike += int((~known).sum())
        self.time.add((changed - spike)[known])
        self.events.add(np.maximum(between, 0)[known].astype(np.float64))
        self.last[j], self.by_then[j] = t, by_then  # of several, the latest stays

    def pack(self) -> dict[str, Any]:
        """Everything, for saving."""
        return {
            "last": self.last,
            "by_then": self.by_then,
            "time": self.time.pack(),
            "events": self.events.pack(),
            "counts": [self.changes, self.without_spike],
        }

    def unpack(self, packed: dict[str, Any]) -> None:
        """Take back what `pack` gave."""
        self.last, self.by_then = packed["last"], packed["by_then"]
        self.time.unpack(packed["time"])
        self.events.unpack(packed["events"])
        self.changes, self.without_spike = packed["counts"]


def _last_of_several(keys: np.ndarray) -> np.ndarray:
    """Which entries are the last of at least two equal ones."""
    order = np.argsort(keys, kind="stable")
    same = np.diff(keys[order]) == 0
    last = np.zeros(len(keys), bool)
    last[order] = np.concatenate(([False], same)) & ~np.concatenate((same, [False])) if len(keys) else last
    return last


class Factor:
    """How fine the messages of one port are that reach a population: one number for all neurons, or one for each.

    A group is what one sender sent at one time along one projection. A group is coarse if it reached every neuron of
    the population with the same value.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.messages, self.groups, self.coarse = 0, 0, 0
        self.values: set[float] = set()  # no more are taken when there are more than DISTINCT
        self.sums = (0, 0)  # a checksum of the coarse groups' values in their order

    def add(
        self, t: np.ndarray, sender: np.ndarray, projection: np.ndarray, target: np.ndarray, value: np.ndarray
    ) -> None:
        """Take further messages, whole instants of them."""
        self.messages += len(t)
        if not len(t):
            return
        if len(self.values) <= DISTINCT:
            self.values.update(np.unique(value).tolist())
        order = np.lexsort((target, projection, sender, t))
        t, sender, projection, target, value = (x[order] for x in (t, sender, projection, target, value))
        new = (np.diff(t) != 0) | (np.diff(sender) != 0) | (np.diff(projection) != 0)
        start = np.concatenate(([0], np.flatnonzero(new) + 1))
        other = np.concatenate(([True], new | (np.diff(target) != 0)))  # a further target of the group
        reached = np.add.reduceat(other.astype(np.int64), start)
        least, most = np.minimum.reduceat(value, start), np.maximum.reduceat(value, start)
        coarse = (reached == self.size) & (least == most)
        self.groups += len(start)
        self.coarse += int(coarse.sum())
        self._follow(least[coarse])

    def _follow(self, values: np.ndarray) -> None:
        """A number for the sequence of values so far."""
        first, second = self.sums
        for bits in values.view(np.int64).tolist():
            first = (first + bits) % PRIME
            second = (second + first) % PRIME
        self.sums = (first, second)

    @property
    def granularity(self) -> str:
        """ "none", "neuron" (neurons get numbers of their own), or "population" (all get the same)."""
        if self.groups == 0:
            return "none"
        return "population" if self.coarse == self.groups else "neuron"

    def pack(self) -> dict[str, Any]:
        """Everything, for saving."""
        return {
            "counts": [self.messages, self.groups, self.coarse],
            "values": sorted(self.values),
            "sums": [str(part) for part in self.sums],
        }

    def unpack(self, packed: dict[str, Any]) -> None:
        """Take back what `pack` gave."""
        self.messages, self.groups, self.coarse = packed["counts"]
        self.values = set(packed["values"])
        first, second = packed["sums"]
        self.sums = (int(first), int(second))
