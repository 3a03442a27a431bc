"""Populations that only send: given spike times, Poisson and regular trains, and intensities coded as latencies."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from eventsnn import rng
from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, Source, State

BLOCK = 256  # intervals drawn at once


class Trains(Source, abstract=True):
    """A source that knows many of a neuron's spike times at once: write `blocks` instead of `times`.

    `blocks(index, n, seed, name)` is an iterator over arrays of any length; joined, they are the spike times [s] of
    neuron `index` of n, never decreasing. The compiled engine takes them as they are, far ahead.
    """

    def blocks(self, index: int, n: int, seed: int, name: str) -> Iterator[np.ndarray]:
        """The spike times [s] of one neuron, in order, as arrays."""
        raise NotImplementedError

    def times(self, index: int, n: int, seed: int, name: str) -> Iterator[float]:
        """The spike times [s] of one neuron, in order."""
        for block in self.blocks(index, n, seed, name):
            yield from block.tolist()


class SpikeTrain(Trains):
    """Spikes at given times [s].

    Args:
        times: one increasing sequence per neuron, or one sequence for a population of one.

    Raises:
        NetworkError: times that are not finite, negative, unsorted or repeated; names the neuron and the entry.
    """

    def __init__(self, times: Sequence[Sequence[float]] | Sequence[float] | np.ndarray) -> None:
        super().__init__()
        nested = len(times) > 0 and not np.isscalar(times[0])
        trains = [np.asarray(train, dtype=np.float64) for train in (times if nested else [times])]
        for i, train in enumerate(trains):
            _check_train(i, train)
        self._given = {"times": trains}

    def size(self) -> int:
        """The number of neurons for which times were given."""
        return len(self._given["times"])

    def blocks(self, index: int, n: int, seed: int, name: str) -> Iterator[np.ndarray]:
        """The spike times [s] of one neuron: all at once."""
        trains = self._given["times"]
        if len(trains) != n:
            raise NetworkError(f"{name}: SpikeTrain has times for {len(trains)} neurons; the population has {n}")
        yield trains[index]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return False
        a, b = self._given["times"], other._given["times"]
        return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


class Poisson(Trains):
    """Independent Poisson trains of constant rate, from `start` to `stop`."""

    rate: float = 10.0  # expected spikes per second [1/s]
    start: float = 0.0  # when the train begins [s]
    stop: float = math.inf  # when it ends [s]

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        if not 0 <= self.rate < math.inf:
            raise NetworkError(f"Poisson.rate is {self.rate}; it must be finite and not negative")
        _check_span("Poisson", self.start, self.stop)
        return {}

    def blocks(self, index: int, n: int, seed: int, name: str) -> Iterator[np.ndarray]:
        """The spike times [s] of one neuron, in order, as arrays."""
        t, block = self.start, 0
        while self.rate > 0.0 and t < self.stop:
            intervals = rng.stream(seed, f"{name}/spikes", index, block).exponential(1.0 / self.rate, BLOCK)
            times = np.cumsum(np.append(t, intervals))[1:]  # one interval added after another
            yield times[times < self.stop]
            t, block = times[-1], block + 1


class Regular(Trains):
    """Regular trains: a spike every `period` from `start` to `stop`; neuron k of n is late by `k/n * spread`."""

    period: float = 0.1  # time between two spikes [s]
    start: float = 0.0  # time of the first spike [s]
    stop: float = math.inf  # no spike at or after this time [s]
    spread: float = 0.0  # how far the population's first spikes are spread over time [s]

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        if not 0 < self.period < math.inf:
            raise NetworkError(f"Regular.period is {self.period}; it must be positive and finite")
        _check_span("Regular", self.start, self.stop)
        return {}

    def blocks(self, index: int, n: int, seed: int, name: str) -> Iterator[np.ndarray]:
        """The spike times [s] of one neuron, in order, as arrays."""
        first, k = self.start + self.spread * index / n, 0
        while first + k * self.period < self.stop:
            times = first + np.arange(k, k + BLOCK) * self.period
            yield times[times < self.stop]
            k += BLOCK


class Latency(Neuron):
    """An input neuron that turns a `value` message into one spike: the payload is the latency in seconds.

    A payload of `math.inf` means no spike. A new value replaces one that has not led to a spike yet.
    """

    left: State = math.inf  # time left until the spike [s]

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        cell.left -= dt

    def receive(self, cell, w):
        """Spikes have no effect on an input neuron."""

    def on_value(self, cell, value):
        """Take the latency of the next spike."""
        cell.left = value

    def next_spike(self, cell):
        """Seconds from now until the spike."""
        return max(cell.left, 0.0)

    def fire(self, cell, t):
        """One spike per value."""
        cell.left = math.inf

    def rest(self, cell):
        """A reset forgets a value that has not led to a spike."""
        cell.left = math.inf


def _check_train(index: int, train: np.ndarray) -> None:
    where = f"SpikeTrain: times[{index}]"
    if train.ndim != 1:
        raise NetworkError(f"{where} has shape {train.shape}; give one increasing sequence of times per neuron")
    bad = np.flatnonzero(~np.isfinite(train) | (train < 0))
    if bad.size:
        raise NetworkError(f"{where}[{bad[0]}] is {train[bad[0]]}; times are finite seconds from 0")
    late = np.flatnonzero(np.diff(train) <= 0)
    if late.size:
        k = int(late[0])
        raise NetworkError(
            f"{where}: {train[k + 1]} follows {train[k]}; sort the times and remove duplicates (numpy.unique does both)"
        )


def _check_span(owner: str, start: float, stop: float) -> None:
    if not 0 <= start < math.inf:
        raise NetworkError(f"{owner}.start is {start}; it must be finite and not negative")
    if stop < start:
        raise NetworkError(f"{owner}.stop is {stop}; it must not come before start = {start}")
