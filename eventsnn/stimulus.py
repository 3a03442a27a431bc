"""The stimulus as a process: it presents samples one after another, by messages like any other."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eventsnn import rng
from eventsnn.errors import NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator, Program


@dataclass(eq=False)
class Stimulus(Process):
    """Presents a sample every `period` seconds, over and over, without ever asking whether anybody is ready.

    For each sample it sends, along whatever projections of these ports the user made: `apply` for the sample before
    (if that one had a label), `reset`, `label` (the class, or -1), and `value` (a latency for each input neuron).

    Args:
        times: latencies [s], shape (samples, inputs); `inf` where an input stays silent. With `levels`, whole numbers
            that say which of the levels: a byte per input then, instead of eight, also in a saved file.
        labels: class of each sample, shape (samples,); -1 where it is not told, so that nothing is learned from it.
        period: time from one sample to the next [s].
        start: time of the first sample [s].
        shuffle: present every pass over the samples in another order, drawn from `seed`.
        passes: how many times all samples are presented; 0 for ever.
        levels: the latencies [s] that there are, shape (levels,); None if `times` are latencies themselves.
        batch: `apply` is sent after every so many samples only, `gather` after the others: changes add up until then.
        lost: part of the input spikes that do not come, others each time, drawn from `seed` (input dropout: Srivastava
            et al. 2014, but no other weight makes up for it).
        shape: of samples that are images, (rows, columns).
        moved: images come up to so many pixels higher or lower, and so many to the left or right, others each time,
            drawn from `seed`; what moves in from outside is silent.

    Raises:
        NetworkError: shapes that do not match, a latency that is negative or NaN, or no such level.
    """

    times: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    period: float
    start: float = 0.0
    shuffle: bool = False
    passes: int = 0
    seed: int = 0
    levels: np.ndarray | None = field(default=None, repr=False)
    batch: int = 1
    lost: float = 0.0
    shape: tuple[int, int] | None = None
    moved: int = 0

    def __post_init__(self) -> None:
        self.times = np.asarray(self.times, dtype=np.float64 if self.levels is None else None)
        labels = np.asarray(self.labels)
        if labels.dtype.kind not in "iu":
            raise NetworkError(f"Stimulus: labels has type {labels.dtype}; give whole numbers, -1 where not told")
        self.labels = labels.astype(np.int64)
        if self.times.ndim != 2 or self.labels.shape != self.times.shape[:1] or not len(self.times):
            raise NetworkError(
                f"Stimulus: times has shape {self.times.shape}, labels {self.labels.shape}; "
                "give (samples, inputs) and (samples,)"
            )
        if self.levels is not None:
            self._check_levels()
        given, name = (self.times, "times") if self.levels is None else (self.levels, "levels")
        bad = np.argwhere(~(given >= 0))
        if len(bad):
            place = ", ".join(map(str, bad[0]))
            raise NetworkError(
                f"Stimulus: {name}[{place}] is {given[tuple(bad[0])]}; a latency is >= 0, or inf for none"
            )
        if not 0 < self.period < np.inf:
            raise NetworkError(f"Stimulus.period is {self.period}; it must be positive and finite")
        if not 0 <= self.start < np.inf:
            raise NetworkError(f"Stimulus.start is {self.start}; it must be finite and not negative")
        if self.passes < 0:
            raise NetworkError(f"Stimulus.passes is {self.passes}; give how many, or 0 for ever")
        if self.batch < 1:
            raise NetworkError(f"Stimulus.batch is {self.batch}; give how many samples, from 1")
        if not 0 <= self.lost < 1:
            raise NetworkError(f"Stimulus.lost is {self.lost}; give a part of the spikes, from 0 to below 1")
        if self.moved < 0 or (self.moved and (self.shape is None or np.prod(self.shape) != self.times.shape[1])):
            raise NetworkError(
                f"Stimulus: moved is {self.moved} and shape {self.shape}; give a number of pixels and the (rows, "
                f"columns) of {self.times.shape[1]} inputs"
            )

    def _check_levels(self) -> None:
        self.levels = np.asarray(self.levels, dtype=np.float64)
        if self.levels.ndim != 1 or self.times.dtype.kind not in "iu":
            raise NetworkError(
                f"Stimulus: levels has shape {self.levels.shape} and times type {self.times.dtype}; "
                "give a list of latencies, and times that are whole numbers"
            )
        low, high = int(self.times.min(initial=0)), int(self.times.max(initial=0))
        if low < 0 or high >= len(self.levels):
            raise NetworkError(f"Stimulus: times go from {low} to {high}, but there are {len(self.levels)} levels")

    def presented(self, first: int, samples: list[int]) -> np.ndarray:
        """Latencies [s] of what is presented first-th and then, without lost spikes, shape (samples, inputs)."""
        rows: np.ndarray = self.times[samples]
        rows = rows if self.levels is None else np.asarray(self.levels[rows])
        if self.moved:
            rows = self._moved(first, rows)
        if self.lost == 0.0:
            return rows
        drawn = [rng.stream(self.seed, "stimulus/lost", first + k).random(rows.shape[1]) for k in range(len(samples))]
        return np.where(np.reshape(drawn, rows.shape) >= self.lost, rows, np.inf)

    def _moved(self, first: int, rows: np.ndarray) -> np.ndarray:
        """Images somewhere else."""
        assert self.shape is not None
        (height, width), m = self.shape, self.moved
        images = np.pad(rows.reshape(len(rows), height, width), ((0, 0), (m, m), (m, m)), constant_values=np.inf)
        places = [
            rng.stream(self.seed, "stimulus/moved", first + k).integers(0, 2 * m + 1, 2) for k in range(len(rows))
        ]
        shown = [image[y : y + height, x : x + width] for image, (y, x) in zip(images, places, strict=True)]
        return np.reshape(shown, rows.shape)

    @property
    def end(self) -> float:
        """When the period of the last sample is over [s]; infinite if the samples are presented for ever."""
        return self.start + self.passes * len(self.labels) * self.period if self.passes else np.inf

    def order(self, which: int) -> np.ndarray:
        """The order of the samples in one pass."""
        n = len(self.labels)
        return rng.stream(self.seed, "stimulus/order", which).permutation(n) if self.shuffle else np.arange(n)

    def sample(self, k: int) -> int:
        """The number of the sample that is presented k-th, or -1 after the last."""
        which, place = divmod(k, len(self.labels))
        if self.passes and which >= self.passes:
            return -1
        if getattr(self, "_pass", (-1,))[0] != which:
            self._pass = (which, self.order(which))
        return int(self._pass[1][place])

    def run(self, cell: Handle) -> ProcessGenerator:
        """Send what belongs to each sample at its time."""
        while True:
            k = cell.state.get("presented", 0)
            yield cell.until(self.start + k * self.period)
            sample = self.sample(k)
            if k > 0 and self.labels[self.sample(k - 1)] >= 0:
                _send(cell, "apply" if k % self.batch == 0 else "gather", 1.0)
            if sample < 0:
                return
            _send(cell, "reset", 0.0)
            _send(cell, "label", float(self.labels[sample]))
            _send(cell, "value", self.presented(k, [sample])[0])
            cell.note("sample", sample)
            cell.state["presented"] = k + 1

    def program(self, state: dict[str, Any], count: int) -> Program:
        """The next samples."""
        first = state.get("presented", 0)
        samples = [self.sample(k) for k in range(first, first + count)]
        samples = samples[: samples.index(-1)] if -1 in samples else samples
        n = len(samples)
        k, labels = first + np.arange(n), self.labels[samples]
        before = np.concatenate((self.labels[[self.sample(first - 1)]] if first else [-1], labels[:-1]))[:n]
        ends, every = k % self.batch == 0, np.ones(n, bool)
        sends = [
            ("apply", np.ones(n), (before >= 0) & ends),
            ("gather", np.ones(n), (before >= 0) & ~ends),
            ("reset", np.zeros(n), every),
            ("label", labels.astype(np.float64), every),
            ("value", self.presented(first, samples), every),
        ]
        return Program(
            self.start + k * self.period, sends, {"sample": np.array(samples, np.float64)},
            self.start + (first + n) * self.period, lambda done: {"presented": first + done},
        )  # fmt: skip


def _send(cell: Handle, port: str, value: float | np.ndarray) -> None:
    """Send where the user made a projection for it."""
    if cell.reaches(port):
        cell.send(port, value)
