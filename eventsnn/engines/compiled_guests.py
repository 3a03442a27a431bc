"""User processes as guests of the compiled engine: Python runs them at their turn within each window."""

from bisect import insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eventsnn.engines import loop
from eventsnn.engines.arrays import ENTRY
from eventsnn.engines.guests import Guest, Wake, refuse_unsavable
from eventsnn.engines.nodes import pieces
from eventsnn.engines.nodes import runs as runs_of
from eventsnn.engines.snapshot import put_guest, take_guest
from eventsnn.events import Key, Kind, kind_of_port, later
from eventsnn.plan import Cells, Synapses
from eventsnn.processes import Process

if TYPE_CHECKING:
    from eventsnn.engines.compiled import CompiledEngine
PLACE = 6  # fields of an entry that say where it stands in the order of events; what it carries follows


class Line(NamedTuple):
    """A projection as guests see it: where it leads, and its weights as they are now."""

    plan: Synapses
    weights: np.ndarray
    target: list[int]
    delay: list[float]

    def weight(self, j: int) -> float:
        """The weight of synapse j, now."""
        return float(self.weights[j])


class Parcel(NamedTuple):
    """A message on its way to a guest."""

    synapses: Line
    sender: int
    value: float
    back: bool


@dataclass(frozen=True)
class Sender:
    """Who sent a message."""

    index: int
    cells: Cells


class Mailbox:
    """Where a guest waits: it is resumed by whatever is delivered."""

    def __init__(self) -> None:
        self.life: Any = None

    def deliver(self, value: object) -> None:
        """Resume the guest, now."""
        self.life.send(value)


class Station:
    """A guest's place in the network."""

    def __init__(self, number: int, index: int, cells: Cells, stage: int) -> None:
        self.number, self.index, self.cells, self.rank, self.stage = number, index, cells, cells.rank, stage
        self.model: Any = cells.model
        self.mailbox = Mailbox()
        self.rows: dict[str, list[tuple[Line, list[tuple[float, int, int]]]]] = {}
        self.guest: Guest = None  # type: ignore[assignment]


class Senders:
    """All members of all populations, by number."""

    def __init__(self, cells: list[Cells]) -> None:
        self.cells, self.first = cells, [c.offset for c in cells]

    def __getitem__(self, number: int) -> Sender:
        k = int(np.searchsorted(self.first, number, side="right")) - 1
        return Sender(number - self.first[k], self.cells[k])


class Guests:
    """All guests of an engine; also what they take for their engine and for their environment."""

    def __init__(self, engine: "CompiledEngine") -> None:
        self.engine, self.recorder, self.width = engine, engine.recorder, engine.width
        plan = engine.plan
        self.nodes = Senders(plan.cells)
        self.instant = (0, 0.0)
        self.env = self
        self.alarms: dict[Key, Wake] = {}
        self.local: list[tuple[Any, ...]] = []  # the events of the turn at hand
        self.turn = (-1, -1)
        self.rows: list[tuple[int, ...]] = []  # entries to put on the kernel's agenda
        self.values: list[tuple[float, float]] = []
        self.stage_of = {c.index: k for k, c in enumerate(plan.stages)}
        self.lines: dict[int, Line] = {}
        self.stations = {
            c.offset + i: Station(c.offset + i, i, c, self.stage_of[c.index])
            for c in plan.cells
            if isinstance(c.model, Process)
            for i in range(c.size)
        }
        for s in plan.synapses:
            self._open(s)
        for station in self.stations.values():
            station.guest = Guest(self, station)  # type: ignore[arg-type]

    def _open(self, s: Synapses) -> None:
        guests = [isinstance(c.model, Process) for c in (s.pre, s.post)]
        if not any(guests):
            return
        line = self.lines[s.index] = Line(s, self.engine.arrays.weights(s.index), s.target.tolist(), s.delay.tolist())
        if guests[0]:
            for i in range(s.pre.size):
                runs = runs_of(line.delay, int(s.row[i]), int(s.row[i + 1]))
                self.stations[s.pre.offset + i].rows.setdefault(s.port, []).append((line, runs))

    @property
    def now(self) -> float:
        """The present time [s]."""
        window, offset = self.instant
        return window * self.width + offset

    # -- running --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let every guest run to its first wait."""
        self.instant = self.engine.instant
        for station in self.stations.values():
            station.mailbox.life = station.guest.live()
            next(station.mailbox.life)
        for station in self.stations.values():
            self.engine.arrays.net.lacking[station.stage] = 0  # until its first turn a guest looks at everything
        self._hand_over()

    def take_turn(self, stage: int, limit: float) -> None:
        """Let everything happen that came for the guests of a stage, up to the present window and before its limit."""
        net = self.engine.arrays.net
        held = int(net.i[loop.HELD])
        mine = net.inbox["stage"][:held] == stage
        rows, rest = net.inbox[:held][mine], net.inbox[:held][~mine]
        net.inbox[: len(rest)] = rest
        net.i[loop.HELD] = len(rest)
        columns = [name for name in ENTRY.names or () if name not in ("stage", "next")]
        self.turn = (int(net.i[loop.WINDOW]), stage)
        self.local = [
            (entry[:PLACE], entry[PLACE:]) for entry in zip(*(rows[name].tolist() for name in columns), strict=True)
        ]
        while self.local:
            place, what = self.local.pop(0)
            if place[:2] >= (self.turn[0], limit):  # an alarm set in this turn, for a time after the run's end
                self._set_off(place, stage)
                continue
            self.instant = place[:2]
            self._happen(place, what)
            net.i[loop.EVENTS] += 1
        self.turn = (-1, -1)
        net.lacking[stage] = min(s.guest.lacking() for s in self.stations.values() if s.stage == stage)
        self._hand_over()

    def settle(self) -> None:
        """Give the guests what has come for them but is not yet all they wait for."""
        for stage in np.unique(self.engine.arrays.net.inbox["stage"][: int(self.engine.arrays.net.i[loop.HELD])]):
            self.take_turn(int(stage), self.width)

    def _happen(self, place: tuple[Any, ...], what: tuple[Any, ...]) -> None:
        projection, start, stop, value, back = what
        if projection == loop.ALARM:
            wake = self.alarms.pop(self._alarm_key(place), None)
            if wake is not None:
                wake.happen()
            return
        line = self.lines[projection]
        ends, first = (line.plan.source, line.plan.pre.offset) if back else (line.target, line.plan.post.offset)
        net = self.engine.arrays.net
        self.engine.records.arrived(place, what, self.turn[1])
        for j in range(start, stop):
            net.counts[int(back), projection] += 1
            self.stations[first + int(ends[j])].mailbox.deliver((Parcel(line, place[3], value, back), j))

    # -- what a guest asks of its environment ---------------------------------------------------------------------

    def at(self, key: Key, wake: Wake) -> None:
        """Set an alarm."""
        self.alarms[key] = wake
        self._schedule_alarm(key)

    def cancel(self, key: Key) -> None:
        """Take an alarm back; its entry finds nothing when its time comes."""
        del self.alarms[key]

    def _alarm_key(self, place: tuple[Any, ...]) -> Key:
        window, offset, kind, sender = place[:4]
        return Key(window, offset, self.stations[sender].rank, kind, sender, 0, 0)

    def _schedule_alarm(self, key: Key) -> None:
        stage = self.stations[key.sender].stage
        place = (key.window, key.offset, int(Kind.WAKE), key.sender, 0, 0)
        if self.turn == (key.window, stage):
            insort(self.local, (place, (loop.ALARM, 0, 0, 0.0, False)))
            return
        self._set_off(place, stage)

    def send(self, station: Station, port: str, value: Any, to: int | None) -> None:
        """Put a message on the kernel's agenda, one entry per delay and payload."""
        net, kind = self.engine.arrays.net, int(kind_of_port(port))
        nth = int(net.nodes["sent"][station.number])
        for line, runs in station.rows[port]:
            stage = self.stage_of[line.plan.post.index]
            for delay, start, stop in runs:
                window, offset = later(*self.instant, delay, self.width)
                for a, b, payload in pieces(line.target, start, stop, value, to):
                    synapse = line.plan.first + a
                    self._entry(
                        window, offset, kind, station.number, synapse, nth, line.plan.index, a, b, payload, stage
                    )
        net.nodes["sent"][station.number] += 1

    def _set_off(self, place: tuple[Any, ...], stage: int) -> None:
        """Put an alarm on the kernel's agenda."""
        window, offset, kind, sender, synapse, nth = place
        self._entry(window, offset, kind, sender, synapse, nth, loop.ALARM, 0, 0, 0.0, stage)

    def _entry(
        self, window: int, offset: float, kind: int, sender: int, synapse: int, nth: int, projection: int,
        start: int, stop: int, value: float, stage: int,
    ) -> None:  # fmt: skip
        self.rows.append((window, kind, sender, synapse, nth, projection, start, stop, 0, stage))
        self.values.append((offset, value))

    def _hand_over(self) -> None:
        """Give the kernel what the guests sent."""
        if self.rows:
            a = self.engine.arrays
            while a.net.i[loop.FREE] <= len(self.rows) + a.net.i[loop.NEED]:
                a.grow_pool()
            self.engine.module.push_many(a.net, np.array(self.rows, np.int64), np.array(self.values))
            self.rows.clear()
            self.values.clear()

    # -- saving ---------------------------------------------------------------------------------------------------

    def take(self) -> list[dict[str, Any]]:
        """The state of every guest.

        Raises:
            EngineError: a user process that no file can keep.
        """
        if not self.engine.failed:
            for station in self.stations.values():
                refuse_unsavable(station.guest)
        return [take_guest(station.guest) for station in self.stations.values()]

    def put(self, saved: list[dict[str, Any]]) -> None:
        """Give every guest its state back."""
        for station, one in zip(self.stations.values(), saved, strict=True):
            put_guest(station.guest, one)
