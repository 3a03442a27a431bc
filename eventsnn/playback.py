"""The source that plays recordings: each event is a spike of its input, one recording after another, without pause."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn import rng
from eventsnn.errors import NetworkError
from eventsnn.neurons.sources import Trains
from eventsnn.recordings import Recordings
from eventsnn.stimulus import Stimulus


class Playback(Trains):
    """Plays recordings one after another, over and over; the next begins at the instant at which one is over.

        playback = es.Playback(recordings, passes=5, shuffle=True)
        pixels = net.add(playback, recordings.inputs)
        stimulus = net.add(playback.stimulus())  # tells the labels, in the same order

    Args:
        recordings: what to play.
        passes: how many times all recordings are played; 0 for ever.
        shuffle: play every pass in another order, drawn from `seed`.
        seed: of the order.
        start: when the first recording begins [s].
        period: time from one to the next [s]; the recordings' duration unless given, and not less.
        lost: part of the events that do not come, others each time, drawn from `seed`.
        moved: recordings come up to so many inputs higher or lower, and so many to the left or right, others each time,
            drawn from `seed`: along the last two dimensions of their `shape`. What leaves on one side is lost.

    Raises:
        NetworkError: no recordings, a period in which they do not fit, or a number out of range.
    """

    def __init__(
        self,
        recordings: Recordings,
        passes: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        start: float = 0.0,
        period: float | None = None,
        lost: float = 0.0,
        moved: int = 0,
    ) -> None:
        super().__init__()
        period = recordings.duration if period is None else float(period)
        _check(recordings, period, lost, moved)
        self._given = {
            "recordings": recordings,
            "passes": passes,
            "shuffle": shuffle,
            "seed": seed,
            "start": start,
            "period": period,
            "lost": lost,
            "moved": moved,
        }
        self._sort(recordings)

    def _sort(self, recordings: Recordings) -> None:
        """Sort the events by input and recording: where each input's events of each recording begin."""
        n, inputs = len(recordings), recordings.inputs
        which = np.repeat(np.arange(n), np.diff(recordings.begins))
        place = recordings.channels.astype(np.int64) * n + which
        order = np.argsort(place, kind="stable")
        self._times = recordings.times[order]
        self._first = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=inputs * n))])
        for array in (self._times, self._first):
            array.flags.writeable = False  # all members read them

    def stimulus(self) -> Stimulus:
        """A process that tells the labels of the recordings as they begin; it sends no values."""
        given = self._given
        labels = given["recordings"].labels
        how = {name: given[name] for name in ("start", "shuffle", "passes", "seed")}
        return Stimulus(np.full((len(labels), 1), np.inf), labels.copy(), given["period"], **how)

    def size(self) -> int:
        """The number of inputs."""
        return int(self._given["recordings"].inputs)

    def blocks(self, index: int, n: int, seed: int, name: str) -> Iterator[np.ndarray]:
        """The spike times [s] of one input, in order, as arrays."""
        recordings = self._given["recordings"]
        if n != recordings.inputs:
            raise NetworkError(f"{name}: the recordings have {recordings.inputs} inputs; the population has {n}")
        if not self._ever(index):
            return
        start, period = self._given["start"], self._given["period"]
        for k, times in enumerate(self._shown(index)):
            yield start + k * period + times

    def _shown(self, index: int) -> Iterator[np.ndarray]:
        """The events [s] that one input has in what is played first, second and so on, since that began."""
        given, order = self._given, self.stimulus()
        count, m, lost = len(given["recordings"]), given["moved"], given["lost"]
        which = 0
        while order.sample(which * count) >= 0:
            away = rng.stream(given["seed"], "playback/moved", which).integers(-m, m + 1, (count, 2)) if m else None
            draw = rng.stream(given["seed"], "playback/lost", index, which)
            for k, sample in enumerate(order.order(which)):
                seen = index if away is None else self._source(index, *away[k])
                here = seen * count + sample
                times = self._times[self._first[here] : self._first[here + 1]] if seen >= 0 else self._times[:0]
                yield times[draw.random(len(times)) >= lost] if lost else times
            which += 1

    def _ever(self, index: int) -> bool:
        """Whether an input may have an event at all, in any recording, be it one that moved."""
        count, m = len(self._given["recordings"]), self._given["moved"]
        away = [(down, right) for down in range(-m, m + 1) for right in range(-m, m + 1)]
        seen = [self._source(index, *by) for by in away] if m else [index]
        return any(i >= 0 and self._first[i * count] < self._first[(i + 1) * count] for i in seen)

    def _source(self, index: int, down: int, right: int) -> int:
        """The input whose events reach another one when all move so far; -1 if that lies outside."""
        height, width = self._given["recordings"].shape[-2:]
        y, x = index // width % height - down, index % width - right
        return int(index - down * width - right) if 0 <= y < height and 0 <= x < width else -1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Playback) and _same(self._given, other._given)

    __hash__ = None  # type: ignore[assignment]


def _check(recordings: Recordings, period: float, lost: float, moved: int) -> None:
    """Refuse what cannot be played."""
    if not len(recordings):
        raise NetworkError("Playback: there are no recordings; give at least one")
    if not period >= recordings.duration:
        raise NetworkError(
            f"Playback.period is {period}, but the recordings last {recordings.duration} s; give at least that"
        )
    if not 0 <= lost < 1:
        raise NetworkError(f"Playback.lost is {lost}; give a part of the events, from 0 to below 1")
    if not isinstance(moved, (int, np.integer)) or moved < 0:
        raise NetworkError(f"Playback.moved is {moved!r}; give a whole number of inputs, from 0")
    if moved and len(recordings.shape) < 2:
        raise NetworkError(
            f"Playback: moved is {moved}, but the recordings' inputs have shape {recordings.shape}; give recordings "
            "with rows and columns, shape (..., rows, columns)"
        )


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    x, y = vars(a["recordings"]), vars(b["recordings"])
    return all(a[k] == b[k] for k in a if k != "recordings") and all(np.array_equal(x[k], y[k]) for k in x)
