"""Recordings: events with times and places, such as those of an event camera, and what each of them shows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eventsnn.errors import NetworkError


@dataclass(frozen=True)
class Recordings:
    """Events of many recordings, one recording after another; what `Playback` plays.

    Args:
        times: of each event since its recording began [s], shape (events,); they never decrease within a recording.
        channels: which input each event comes from, shape (events,).
        begins: where the events of each recording begin, and where the last ones end, shape (recordings + 1,).
        labels: class of each recording, shape (recordings,); -1 where it is not told.
        duration: how long a recording lasts [s]; all its events come before.
        shape: of the inputs, such as (2, 34, 34); an input's number counts through it in C order.

    Raises:
        NetworkError: arrays that do not match, or an event outside; names its place.
    """

    times: np.ndarray = field(repr=False)
    channels: np.ndarray = field(repr=False)
    begins: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    duration: float
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        kinds = {"times": np.float64, "channels": np.int32, "begins": np.int64, "labels": np.int64}
        for name, kind in kinds.items():
            own = np.array(getattr(self, name), dtype=kind)
            own.flags.writeable = False  # so that processes may share it
            object.__setattr__(self, name, own)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "duration", float(self.duration))
        n, begins = len(self.labels), self.begins
        if begins.shape != (n + 1,) or begins[0] != 0 or np.any(np.diff(begins) < 0):
            raise NetworkError(
                f"Recordings: begins has shape {begins.shape} for {n} labels; give {n + 1} numbers of events, from 0, "
                "that never decrease"
            )
        if self.times.shape != (begins[-1],) or self.channels.shape != (begins[-1],):
            raise NetworkError(
                f"Recordings: times has shape {self.times.shape}, channels {self.channels.shape}, and the last "
                f"recording ends at event {begins[-1]}; give as many of each"
            )
        self._check_events()

    def _check_events(self) -> None:
        late = np.diff(self.times, prepend=0.0) < 0
        late[self.begins[:-1][np.diff(self.begins) > 0]] = False  # there a recording begins
        checks = (
            ("times", ~((self.times >= 0) & (self.times < self.duration)), f"lie in [0, {self.duration})"),
            ("times", late, "never decrease within a recording; sort its events"),
            ("channels", (self.channels < 0) | (self.channels >= self.inputs), f"are from 0 to {self.inputs - 1}"),
        )
        for name, bad, wanted in checks:
            if bad.any():
                k = int(np.argmax(bad))
                which = int(np.searchsorted(self.begins, k, side="right")) - 1
                place = f"{name} of event {k - self.begins[which]} of recording {which}"
                raise NetworkError(f"Recordings: {place} is {getattr(self, name)[k]}; {name} {wanted}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return int(np.prod(self.shape))

    def __getitem__(self, which: slice | np.ndarray) -> "Recordings":
        rows = np.arange(len(self))[which]
        sizes = np.diff(self.begins)[rows]
        begins = np.concatenate([[0], np.cumsum(sizes)])
        events = np.repeat(self.begins[:-1][rows] - begins[:-1], sizes) + np.arange(begins[-1])
        return self._with(self.times[events], self.channels[events], begins, self.labels[rows])

    def without_labels(self) -> "Recordings":
        """The same recordings with label -1, from which nothing is learned."""
        return self._with(self.times, self.channels, self.begins, np.full(len(self), -1))

    @staticmethod
    def join(*parts: "Recordings") -> "Recordings":
        """One after another; all with the same inputs and duration."""
        if any((p.shape, p.duration) != (parts[0].shape, parts[0].duration) for p in parts):
            raise NetworkError("these recordings differ in inputs or duration; read all of them in the same way")
        ends = np.cumsum([0, *(len(p.times) for p in parts)])
        begins = [p.begins[:-1] + end for p, end in zip(parts, ends[:-1], strict=True)]
        together: Any = [np.concatenate([getattr(p, name) for p in parts]) for name in ("times", "channels", "labels")]
        return parts[0]._with(together[0], together[1], np.concatenate([*begins, ends[-1:]]), together[2])

    def moved(self, down: int, right: int) -> "Recordings":
        """So many inputs lower and further right, along the last two dimensions of `shape`; what leaves is lost.

        Recordings in several places teach that the place does not matter: `join` them.
        """
        (rest, row, column), (height, width) = self._places("moved"), self.shape[-2:]
        row, column = row + int(down), column + int(right)
        seen = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        return self._only(seen, (rest * height + row) * width + column)

    def merged(self, side: int) -> "Recordings":
        """Squares of `side` by `side` inputs become one, which has the events of all of them."""
        if not isinstance(side, (int, np.integer)) or side < 1:
            raise NetworkError(f"Recordings.merged: side is {side!r}; give a whole number from 1")
        (rest, row, column), (height, width) = self._places("merged"), (-(-n // side) for n in self.shape[-2:])
        channels = (rest * height + row // side) * width + column // side
        shape = (*self.shape[:-2], height, width)
        return Recordings(self.times, channels, self.begins, self.labels, self.duration, shape)

    def _places(self, what: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each event, its place in the other dimensions, its row and its column."""
        if len(self.shape) < 2:
            raise NetworkError(
                f"Recordings.{what}: the inputs have shape {self.shape}; give rows and columns, (..., rows, columns)"
            )
        height, width = self.shape[-2:]
        return self.channels // (height * width), self.channels // width % height, self.channels % width

    def refractory(self, duration: float) -> "Recordings":
        """Without the events that an input has within `duration` [s] after one that was kept: fewer, and as telling.

        Where pixels were merged, what several of them see at once is then one event.
        """
        if not duration >= 0:
            raise NetworkError(f"Recordings.refractory: duration is {duration}; give seconds >= 0")
        which = np.repeat(np.arange(len(self)), np.diff(self.begins))
        place, times = which * self.inputs + self.channels, self.times.tolist()
        free = [0.0] * (len(self) * self.inputs)
        kept = np.zeros(len(times), bool)
        for k, i in enumerate(place.tolist()):
            if times[k] >= free[i]:
                kept[k], free[i] = True, times[k] + duration
        return self._only(kept, self.channels)

    def by_part(self, parts: int) -> "Recordings":
        """With inputs of their own for each of so many equal parts of a recording: their shape is (parts, *shape).

        So a network knows which turn of the camera an event belongs to, as the camera's motor does.
        """
        if not isinstance(parts, (int, np.integer)) or parts < 1:
            raise NetworkError(f"Recordings.by_part: parts is {parts!r}; give a whole number from 1")
        channels = self._part(parts) * self.inputs + self.channels
        return Recordings(self.times, channels, self.begins, self.labels, self.duration, (parts, *self.shape))

    def _part(self, parts: int) -> np.ndarray:
        """Of each event, in which of so many equal parts of its recording it lies."""
        found: np.ndarray = np.minimum((self.times * (parts / self.duration)).astype(np.int64), parts - 1)
        return found

    def counts(self, bins: int = 1) -> np.ndarray:
        """How many events each input has in each of so many equal parts of a recording, (recordings, bins, inputs)."""
        which = np.repeat(np.arange(len(self)), np.diff(self.begins))
        flat = (which * bins + self._part(bins)) * self.inputs + self.channels
        return np.bincount(flat, minlength=len(self) * bins * self.inputs).reshape(len(self), bins, self.inputs)

    def _only(self, kept: np.ndarray, channels: np.ndarray) -> "Recordings":
        """The events that are kept, at these inputs."""
        begins = np.concatenate([[0], np.cumsum(kept)])[self.begins]
        return self._with(self.times[kept], channels[kept], begins, self.labels)

    def _with(self, times: np.ndarray, channels: np.ndarray, begins: np.ndarray, labels: np.ndarray) -> "Recordings":
        return Recordings(times, channels, begins, labels, self.duration, self.shape)
