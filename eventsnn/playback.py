"""The source that plays recordings: each event is a spike of its input, one recording after another, without pause."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.errors import NetworkError
from eventsnn.model import Source
from eventsnn.recordings import Recordings
from eventsnn.stimulus import Stimulus


class Playback(Source):
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

    Raises:
        NetworkError: no recordings, or a period in which they do not fit.
    """

    def __init__(
        self,
        recordings: Recordings,
        passes: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        start: float = 0.0,
        period: float | None = None,
    ) -> None:
        super().__init__()
        if not len(recordings):
            raise NetworkError("Playback: there are no recordings; give at least one")
        period = recordings.duration if period is None else float(period)
        if not period >= recordings.duration:
            raise NetworkError(
                f"Playback.period is {period}, but the recordings last {recordings.duration} s; give at least that"
            )
        self._given = {
            "recordings": recordings,
            "passes": passes,
            "shuffle": shuffle,
            "seed": seed,
            "start": start,
            "period": period,
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

    def times(self, index: int, n: int, seed: int, name: str) -> Iterator[float]:
        """The spike times [s] of one input, in order."""
        recordings = self._given["recordings"]
        if n != recordings.inputs:
            raise NetworkError(f"{name}: the recordings have {recordings.inputs} inputs; the population has {n}")
        count = len(recordings)
        first = self._first[index * count : (index + 1) * count + 1].tolist()
        if first[0] == first[-1]:
            return  # this input has no event in any recording
        start, period = self._given["start"], self._given["period"]
        k, order = 0, self.stimulus()
        while (sample := order.sample(k)) >= 0:
            begin = start + k * period
            for t in self._times[first[sample] : first[sample + 1]].tolist():
                yield begin + t
            k += 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Playback) and _same(self._given, other._given)

    __hash__ = None  # type: ignore[assignment]


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    x, y = vars(a["recordings"]), vars(b["recordings"])
    return all(a[k] == b[k] for k in a if k != "recordings") and all(np.array_equal(x[k], y[k]) for k in x)
