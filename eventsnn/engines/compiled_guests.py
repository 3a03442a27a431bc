"""User processes as guests of the compiled engine: Python runs them at their turn within each window."""

from bisect import insort
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn.engines import loop
from eventsnn.engines.ahead import Ahead
from eventsnn.engines.arrays import ENTRY
from eventsnn.engines.compiled_responders import Responses
from eventsnn.engines.guests import Guest, Wake, refuse_unsavable
from eventsnn.engines.nodes import pieces
from eventsnn.engines.nodes import runs as runs_of
from eventsnn.engines.snapshot import put_guest, take_guest
from eventsnn.events import Instant, Key, Kind, kind_of_port, later, next_on_grid
from eventsnn.plan import Cells, Synapses
from eventsnn.processes import Process, Received

if TYPE_CHECKING:
    from eventsnn.engines.compiled import CompiledEngine
FIELDS = list(ENTRY.names or ())
PLACE = FIELDS.index("projection")  # fields before it say where an entry stands in the order of events
STAGE = FIELDS.index("stage")  # what it carries comes before this
WORDS, NUMBERS = Struct("10q"), Struct("2d")  # of an entry as the kernel's `push_many` takes it


class Line:
    """A projection as guests see it: where it leads, and its weights as they are now."""

    def __init__(self, plan: Synapses, weights: np.ndarray, stage: int) -> None:
        self.plan, self.weights, self.stage = plan, weights, stage
        self.source, self.target, self.delay = plan.source.tolist(), plan.target.tolist(), plan.delay.tolist()

    def weight(self, j: int) -> float:
        """The weight of synapse j, now."""
        return float(self.weights[j])

    def entries(self, start: int, stop: int, kind: int, sender: int) -> np.ndarray:
        """One entry for each of some synapses as `push_many` takes it, but for its window and number."""
        j = np.arange(start, stop)
        entries = np.zeros((len(j), 10), np.int64)
        entries[:, 1], entries[:, 2], entries[:, 3], entries[:, 5] = kind, sender, self.plan.first + j, self.plan.index
        entries[:, 6], entries[:, 7], entries[:, 9] = j, j + 1, self.stage
        return entries


class Mailbox:
    """Where a guest waits: it is resumed by a delivery."""

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
        self.ways: dict[tuple[str, int | None], list[tuple[Any, ...]]] = {}
        self.guest: Guest = None  # type: ignore[assignment]


class Guests:
    """All guests of an engine; also what they take for their engine and for their environment."""

    def __init__(self, engine: "CompiledEngine") -> None:
        self.engine, self.recorder, self.width = engine, engine.recorder, engine.width
        plan = engine.plan
        self.instant = (0, 0.0)
        self.env = self
        self.alarms: dict[Key, Wake] = {}
        self.local: list[tuple[Any, ...]] = []  # the events of the turn at hand
        self.happened = 0  # how many of them have been
        self.turn = (-1, -1)
        self.stage_of = {c.index: k for k, c in enumerate(plan.stages)}
        self.lines: dict[int, Line] = {}
        self.routes: dict[tuple[int, int], tuple[Any, ...]] = {}  # by projection and way
        self.stations = {
            c.offset + i: Station(c.offset + i, i, c, self.stage_of[c.index])
            for c in plan.cells
            if isinstance(c.model, Process)
            for i in range(c.size)
        }
        for s in plan.synapses:
            self._open(s)
        self.of_stage: dict[int, list[Guest]] = {}
        for station in self.stations.values():
            station.guest = Guest(self, station)  # type: ignore[arg-type]
            self.of_stage.setdefault(station.stage, []).append(station.guest)
        self.entries, self.numbers = bytearray(), bytearray()  # to put on the kernel's agenda
        self.blocks: list[tuple[np.ndarray, np.ndarray]] = []  # likewise, many at a time
        self.forms: dict[tuple[int, int], np.ndarray] = {}  # of blocks
        self.serial = 0  # of the latest alarm
        self.ahead = Ahead(self)
        self.responses = Responses(self)

    def _open(self, s: Synapses) -> None:
        guests = [isinstance(c.model, Process) for c in (s.pre, s.post)]
        if not any(guests):
            return
        line = self.lines[s.index] = Line(s, self.engine.arrays.weights(s.index), self.stage_of[s.post.index])
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
        self.responses.put()
        self.hand_over()

    def take_turn(self, stage: int, limit: float) -> None:
        """Let everything happen that came for the guests of a stage, up to the present window and before its limit."""
        net = self.engine.arrays.net
        window = int(net.i[loop.WINDOW])
        self.turn, self.local, self.happened = (window, stage), self._empty_inbox(stage), 0
        try:
            while self.happened < len(self.local):
                entry = self.local[self.happened]
                self.happened += 1
                if entry[1] >= limit and entry[0] == window:  # an alarm set in this turn, for after the run's end
                    net.i[loop.EVENTS] -= 1
                    self._set_off(entry[:PLACE], stage, entry[PLACE + 3])
                    continue
                self.instant = entry[:2]
                self._happen(entry)
        finally:
            net.i[loop.EVENTS] += self.happened
        self.turn = (-1, -1)
        net.lacking[stage] = min(guest.lacking() for guest in self.of_stage[stage])
        self.hand_over()

    def _empty_inbox(self, stage: int) -> list[tuple[Any, ...]]:
        """What came for the guests of a stage, in the order of events."""
        net = self.engine.arrays.net
        inbox = net.inbox[: int(net.i[loop.HELD])]
        entries = inbox.tolist()
        mine = [entry[:STAGE] for entry in entries if entry[STAGE] == stage]
        rest = inbox[inbox["stage"] != stage] if len(mine) < len(entries) else inbox[:0]
        net.inbox[: len(rest)] = rest
        net.i[loop.HELD] = len(rest)
        return mine

    def settle(self) -> None:
        """Give the guests what has come for them but is not yet all they wait for."""
        for stage in np.unique(self.engine.arrays.net.inbox["stage"][: int(self.engine.arrays.net.i[loop.HELD])]):
            self.take_turn(int(stage), self.width)

    def _happen(self, entry: tuple[Any, ...]) -> None:
        projection, start, stop, value, back = entry[PLACE:]
        if projection == loop.ALARM:
            wake = self.alarms.pop(self._alarm_key(entry), None)
            if wake is not None:
                wake.happen()
            return
        line, port, first, source, reached = self.routes.get((projection, back)) or self._route(projection, back)
        counts, sender, time = self.engine.arrays.net.counts, entry[3] - first, self.now
        self.engine.records.arrived(entry, self.turn[1])
        for j in range(start, stop):
            counts[back, projection] += 1
            payload = value if back else value * line.weight(j)
            station = reached[j]
            if station.guest.hear(Received(time, port, payload, sender, source)):
                station.mailbox.deliver(None)

    def _route(self, projection: int, back: int) -> tuple[Any, ...]:
        """What all messages along a projection have in common, and whom each of its synapses reaches."""
        line = self.lines[projection]
        pre, post, ends, port = line.plan.pre, line.plan.post, line.target, line.plan.port
        if back:
            pre, post, ends, port = post, pre, line.source, "error"
        reached = [self.stations[post.offset + end] for end in ends]
        route = self.routes[projection, back] = line, port, pre.offset, pre.name, reached
        return route

    # -- what a guest asks of its environment ---------------------------------------------------------------------

    def at(self, key: Key, wake: Wake) -> None:
        """Set an alarm."""
        self.alarms[key] = wake
        if not self.ahead.owns(key.sender):
            self.ring(key)

    def cancel(self, key: Key) -> None:
        """Take an alarm back; its entry finds nothing when its time comes."""
        del self.alarms[key]
        self.engine.arrays.net.nodes["alarm"][key.sender] = 0

    def _alarm_key(self, place: tuple[Any, ...]) -> Key:
        window, offset, kind, sender = place[:4]
        return Key(window, offset, self.stations[sender].rank, kind, sender, 0, 0)

    def ring(self, key: Key) -> None:
        """See to it that an alarm is heard."""
        stage = self.stations[key.sender].stage
        self.serial += 1
        self.engine.arrays.net.nodes["alarm"][key.sender] = self.serial
        place = (key.window, key.offset, int(Kind.WAKE), key.sender, 0, 0)
        if self.turn == (key.window, stage):
            insort(self.local, (*place, loop.ALARM, 0, 0, float(self.serial), 0), lo=self.happened)
            return
        self._set_off(place, stage, float(self.serial))

    def send(self, station: Station, port: str, value: Any, to: int | None) -> None:
        """Put a message on the kernel's agenda, one entry per delay and payload."""
        sent, sender = self.engine.arrays.net.nodes["sent"], station.number
        nth = sent.item(sender)
        if isinstance(value, np.ndarray):
            self._send_each(station, port, value, to, nth)
        else:
            for delay, kind, synapse, projection, start, stop, stage in self._ways(station, port, to):
                window, offset = self._due(delay)
                self.entries += WORDS.pack(window, kind, sender, synapse, nth, projection, start, stop, 0, stage)
                self.numbers += NUMBERS.pack(offset, float(value))
        sent[sender] = nth + 1

    def _due(self, delay: float) -> Instant:
        """When a message arrives: after its delay, and on the network's grid if it has one."""
        due, step = later(*self.instant, delay, self.width), self.engine.plan.grid
        return due if step is None else next_on_grid(due, step, self.width)

    def _ways(self, station: Station, port: str, to: int | None) -> list[tuple[Any, ...]]:
        """What the entries of a message have in common with those of every other that goes the same way."""
        if (port, to) not in station.ways:
            station.ways[(port, to)] = [
                (delay, int(kind_of_port(port)), line.plan.first + a, line.plan.index, a, b, line.stage)
                for line, runs in station.rows[port]
                for delay, start, stop in runs
                for a, b, _ in pieces(line.target, start, stop, 0.0, to)
            ]
        return station.ways[(port, to)]

    def _send_each(self, station: Station, port: str, value: np.ndarray, to: int | None, nth: int) -> None:
        """One entry for each synapse, with a payload of its own."""
        for line, runs in station.rows[port]:
            for delay, start, stop in runs:
                place = (line.plan.index, start)
                if place not in self.forms:
                    self.forms[place] = line.entries(start, stop, int(kind_of_port(port)), station.number)
                window, offset = self._due(delay)
                entries, target = self.forms[place].copy(), line.plan.target[start:stop]
                entries[:, 0], entries[:, 4] = window, nth
                numbers = np.empty((stop - start, 2))
                numbers[:, 0], numbers[:, 1] = offset, value[target]
                only = slice(None) if to is None else target == to
                self.blocks.append((entries[only], numbers[only]))

    def _set_off(self, place: tuple[Any, ...], stage: int, serial: float) -> None:
        """Put an alarm on the kernel's agenda."""
        window, offset, kind, sender, synapse, nth = place
        self.entries += WORDS.pack(window, kind, sender, synapse, nth, loop.ALARM, 0, 0, 0, stage)
        self.numbers += NUMBERS.pack(offset, serial)

    def hand_over(self) -> None:
        """Give the kernel what the guests sent."""
        if self.entries:
            entries = np.frombuffer(self.entries, np.int64).reshape(-1, 10)
            self.blocks.append((entries, np.frombuffer(self.numbers).reshape(-1, 2)))
            self.entries, self.numbers = bytearray(), bytearray()
        a = self.engine.arrays
        for entries, numbers in self.blocks:
            while a.net.i[loop.FREE] <= len(entries) + a.net.i[loop.NEED]:
                a.grow_pool()
            self.engine.calls("push_many", a.net, entries, numbers)
        self.blocks.clear()

    # -- saving ---------------------------------------------------------------------------------------------------

    def take(self) -> list[dict[str, Any]]:
        """The state of every guest.

        Raises:
            EngineError: a user process that no file can keep.
        """
        self.responses.take()
        for station in self.stations.values():
            if not (self.engine.failed or self.responses.of(station)):
                refuse_unsavable(station.guest)
        return [take_guest(station.guest) for station in self.stations.values()]

    def put(self, saved: list[dict[str, Any]]) -> None:
        """Give every guest its state back."""
        for station, one in zip(self.stations.values(), saved, strict=True):
            put_guest(station.guest, one)
