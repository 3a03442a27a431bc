"""Processes that never listen, on the compiled engine: what they will send is handed to the kernel ahead of time.

Such a process says with `program` what it would send at its next times (see `Process`). The kernel keeps that, sends
each part when its time has come, and never stops for it. Afterwards the process is brought to where it would have got
by itself, so that nobody who looks, saves or loads can tell the difference.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn.engines import loop
from eventsnn.engines.rows import zeros
from eventsnn.events import kind_of_port
from eventsnn.processes import Process, Program

if TYPE_CHECKING:
    from eventsnn.engines.compiled_guests import Guests, Station

MOMENT = np.dtype(
    [("window", "i8"), ("offset", "f8"), ("sender", "i8"), ("sent", "i8"), ("start", "i8"), ("stop", "i8")], align=True
)
ENTRIES = 16384  # so many are made at a time, or those of one moment: fewer cost more stops, more are far apart
MOST = 1 << 20  # moments in one window; a process that has more speaks for itself
Notes = dict[tuple[int, str], list[tuple[np.ndarray, ...]]]  # by population and name: times, members, values


def fields() -> dict[str, np.ndarray]:
    """What a kernel knows of messages to come: moments, and the entries of each as `push_many` takes them."""
    return {"moments": zeros(0, MOMENT), "ahead": np.zeros((0, 10), np.int64), "values_ahead": np.zeros((0, 2))}


@dataclass(eq=False)
class Speaker:
    """A process whose messages are known ahead."""

    station: "Station"
    known: Program | None = None  # what the kernel has of it
    done: int = 0  # times of that which have been
    count: int = 1  # times it was asked for last


class Ahead:
    """All such processes of an engine."""

    def __init__(self, guests: "Guests") -> None:
        self.guests, self.plan, self.width = guests, guests.engine.plan, guests.width
        self.speakers = {
            number: Speaker(station) for number, station in guests.stations.items() if self._is_one(station)
        }
        self.engine.arrays.net.i[loop.KNOWN_END] = 0 if self.speakers else loop.NO_VISIT

    @property
    def engine(self) -> Any:
        """The engine."""
        return self.guests.engine

    def _is_one(self, station: "Station") -> bool:
        """Whether a process has a program, written by who wrote what it does, and nobody speaks to it."""
        kind = type(station.model)
        owner = {name: next(c for c in kind.__mro__ if name in vars(c)) for name in ("run", "program")}
        alone = int(station.cells.incoming[station.index]) == 0
        return owner["program"] is owner["run"] is not Process and alone and self.plan.grid is None

    def owns(self, number: int) -> bool:
        """Whether the kernel, and no alarm, sees to it that this process has its turn."""
        return number in self.speakers

    # -- to the kernel --------------------------------------------------------------------------------------------

    def refill(self) -> None:
        """Tell the kernel what comes next."""
        self.settle()
        window = int(self.engine.arrays.net.i[loop.WINDOW])
        made, end = [], loop.NO_VISIT
        for number, speaker in list(self.speakers.items()):
            parts, following = self._entries(speaker, window)
            if parts is None:
                self._dismiss(number)
                continue
            made.append(parts)
            end = min(end, following)
        moments = np.concatenate([m for m, _, _ in made]) if made else np.zeros(0, MOMENT)
        first = np.cumsum([0, *(len(rows) for _, rows, _ in made)])
        shift = np.repeat(first[:-1], [len(m) for m, _, _ in made])
        moments["start"] += shift
        moments["stop"] += shift
        moments = moments[np.lexsort([moments[name] for name in ("sender", "offset", "window")])]
        self._hand_over(moments, [rows for _, rows, _ in made], [values for _, _, values in made])
        self.engine.arrays.net.i[loop.KNOWN_END] = end

    def _hand_over(self, moments: np.ndarray, rows: list[np.ndarray], values: list[np.ndarray]) -> None:
        a, count = self.engine.arrays, sum(map(len, rows))
        net = a.net
        if len(moments) > len(net.moments) or count > len(net.ahead):
            room, more = max(len(moments), len(net.moments)), max(count, len(net.ahead))
            net = net._replace(
                moments=zeros(room, MOMENT), ahead=np.zeros((more, 10), np.int64), values_ahead=np.zeros((more, 2))
            )
            a.net = net
        net.moments[: len(moments)] = moments
        if count:
            net.ahead[:count], net.values_ahead[:count] = np.concatenate(rows), np.concatenate(values)
        most = int((moments["stop"] - moments["start"]).max(initial=0))
        net.i[loop.NEED] = max(int(net.i[loop.NEED]), most + 8)
        net.i[loop.NEXT_KNOWN], net.i[loop.KNOWN] = 0, len(moments)
        if net.i[loop.FREE] <= net.i[loop.NEED]:
            a.make_room()

    def _entries(self, speaker: "Speaker", window: int) -> tuple[Any, int]:
        """(moments, entries, payloads) of a process's next times, and the window of the one after them.

        None in their place if it has to speak for itself.
        """
        station, count = speaker.station, speaker.count
        model, state = station.model, station.guest.handle.state
        while True:
            program = model.program(state, count)
            if program is None or not len(program.times) or count > MOST or not self._fits(station, program):
                return None, 0
            at = _instants(program.times, self.width)
            size = self._size(station, program)
            following = int(_instants(np.array([program.following]), self.width)[0][0])
            whole, over = ENTRIES // max(size, 1), len(program.times) < count
            if following > window and (over or count >= whole):
                break
            if over:
                return None, 0
            count = max(2 * count, whole)
        speaker.known, speaker.done, speaker.count = program, 0, count
        return self._made(station, program, at), following

    def _fits(self, station: "Station", program: Program) -> bool:
        """Whether all is as it should be; or else the process shall speak for itself, and get the error."""
        for port, payload, _ in program.sends:
            for line, runs in station.rows.get(port, ()):
                if payload.ndim == 2 and payload.shape[1] != line.plan.post.size:
                    return False
                if any(delay >= loop.HORIZON * self.width for delay, _, _ in runs):
                    return False
        return True

    def _size(self, station: "Station", program: Program) -> int:
        """Entries that the process makes at one time."""
        return sum(
            stop - start if payload.ndim == 2 else 1
            for port, payload, _ in program.sends
            for _, runs in station.rows.get(port, ())
            for _, start, stop in runs
        )

    def _made(self, station: "Station", program: Program, at: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, ...]:
        n = len(program.times)
        sends = [send for send in program.sends if station.rows.get(send[0])]
        spoken = np.array([which for _, _, which in sends]).reshape(len(sends), n)
        sent = int(self.engine.arrays.net.nodes["sent"][station.number])
        before = sent + np.concatenate(([0], np.cumsum(spoken.sum(axis=0))))
        nth = before[:-1] + np.cumsum(spoken, axis=0) - spoken
        rows, values, there = [], [], []
        for (port, payload, which), number in zip(sends, nth, strict=True):
            for line, runs in station.rows[port]:
                for delay, start, stop in runs:
                    entries, each = self._block(station, line, port, payload, start, stop)
                    total = at[1] + delay
                    ahead = np.floor(total / self.width)
                    entries = np.repeat(entries[None], n, axis=0)
                    entries[:, :, 0] = (at[0] + ahead.astype(np.int64))[:, None]
                    entries[:, :, 4] = number[:, None]
                    offsets = np.repeat((total - ahead * self.width)[:, None], entries.shape[1], axis=1)
                    rows.append(entries)
                    values.append(np.stack([offsets, np.broadcast_to(each, offsets.shape)], axis=2))
                    there.append(np.repeat(which[:, None], entries.shape[1], axis=1))
        if not rows:
            rows, values, there = [np.zeros((n, 0, 10), np.int64)], [np.zeros((n, 0, 2))], [np.zeros((n, 0), bool)]
        kept = np.concatenate(there, axis=1)
        moments = zeros(n, MOMENT)
        moments["window"], moments["offset"], moments["sender"] = *at, station.number
        moments["sent"] = before[1:]
        moments["stop"] = np.cumsum(kept.sum(axis=1))
        moments["start"][1:] = moments["stop"][:-1]
        return moments, np.concatenate(rows, axis=1)[kept], np.concatenate(values, axis=1)[kept]

    def _block(
        self, station: "Station", line: Any, port: str, payload: np.ndarray, start: int, stop: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The entries of a message along synapses of equal delay, and their payloads at each time."""
        kind = int(kind_of_port(port))
        entries = line.entries(start, stop, kind, station.number)
        if payload.ndim == 2:
            return entries, payload[:, line.plan.target[start:stop]]
        entries = entries[:1]
        entries[0, 6], entries[0, 7] = start, stop
        return entries, payload[:, None]

    # -- back from the kernel -------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring every process to where it has got."""
        net = self.engine.arrays.net
        gone = net.moments[: int(net.i[loop.NEXT_KNOWN])]
        notes: Notes = {}
        for number, speaker in self.speakers.items():
            total = int((gone["sender"] == number).sum())
            if speaker.known is not None and total > speaker.done:
                self._bring(speaker, speaker.known, total, notes)
        for place, parts in notes.items():
            t, i, value = (np.concatenate(column) for column in zip(*parts, strict=True))
            order = np.argsort(t, kind="stable")
            self.engine.recorder.note_columns(*place).extend(t=t[order], i=i[order], value=value[order])

    def _bring(self, speaker: "Speaker", program: Program, total: int, notes: "Notes") -> None:
        station = speaker.station
        new = slice(speaker.done, total)
        at = _instants(program.times[new], self.width)
        time = at[0] * self.width + at[1]
        for name, values in program.notes.items():
            columns = time, np.full(len(time), station.index), values[new]
            notes.setdefault((station.cells.index, name), []).append(columns)
        guest = station.guest
        if guest.due is not None:
            self.guests.alarms.pop(guest.due, None)
            guest.due = None
        guest.handle.state.update(program.state(total))
        guest.since = float(time[-1])
        speaker.done = total
        station.mailbox.life = guest.live()
        next(station.mailbox.life)

    def _dismiss(self, number: int) -> None:
        """Let a process go on by itself, from where it is."""
        guest = self.speakers.pop(number).station.guest
        if guest.due is not None:
            self.guests.ring(guest.due)
            self.guests.hand_over()


def _instants(times: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Windows and offsets, as `events.instant` has them."""
    windows = np.floor(np.minimum(times, loop.HORIZON * width) / width)  # what lies beyond never comes
    return windows.astype(np.int64), np.where(times < loop.HORIZON * width, times - windows * width, 0.0)
