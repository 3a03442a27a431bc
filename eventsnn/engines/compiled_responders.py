"""Responders on the compiled engine: the arrays of their numbers, what they noted, and what they could not do."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn.engines import loop, responders
from eventsnn.engines.rows import zeros
from eventsnn.errors import EngineError, LocalityError
from eventsnn.events import Key, Kind, kind_of_port, seconds
from eventsnn.plan import Cells, Plan
from eventsnn.processes import Received
from eventsnn.responder import Responder, react

if TYPE_CHECKING:
    from eventsnn.engines.compiled_guests import Guests, Station

WAY = np.dtype(
    [
        ("to", "i8"), ("delay", "f8"), ("synapse", "i8"), ("j", "i8"), ("projection", "i8"), ("stage", "i8"),
        ("kind", "i8"),
    ],
    align=True,
)  # fmt: skip
NOTE = np.dtype([("node", "i8"), ("name", "i8"), ("window", "i8"), ("offset", "f8"), ("value", "f8")], align=True)
ROWS = 1 << 12  # of the buffer of notes at first
EXTRA = [  # the alarm: when it rings [s], when that is due, whether an entry waits for it, and since when for what
    ("alarm", "f8"), ("_due_window", "i8"), ("_due_offset", "f8"), ("_waits", "i8"), ("_set_window", "i8"),
    ("_set_offset", "f8"), ("_since", "f8"),
]  # fmt: skip
TWICE = 2  # a method may be called from two places


def notes(plan: Plan) -> np.ndarray:
    """Room for what is noted; as good as none where nobody does."""
    cells = responders.of_plan(plan)
    return zeros(max(ROWS, 2 * max(_notes(c) for c in cells)) if cells else 1, NOTE)


def _notes(c: Cells) -> int:
    """How much one message to a responder may make it note: each text of a note, for each of its lines, and more."""
    return TWICE * _program(c).calls * (c.lines + 1)


def _program(c: Cells) -> responders.Program:
    return responders.program(type(c.model))


def record(module: Any, plan: Plan, c: Cells, stage_of: dict[int, int]) -> Any:
    """What a kernel has of a population of responders."""
    model, program = c.model, _program(c)
    assert isinstance(model, Responder)
    cells = zeros(c.size, np.dtype([*((name, "f8") for name in model.state), *EXTRA], align=True))
    lines = zeros(c.size * c.lines, np.dtype([*((name, "f8") for name in model.line_state), ("index", "i8")]))
    lines["index"] = np.tile(np.arange(c.lines), c.size)
    fields = responders.fields(model)
    constants = getattr(module, class_of(c))(**fields)
    row, ways = _ways(plan, c, program.ports, stage_of)
    asks = np.zeros(max(1, c.size * len(program.ports)), np.int8)  # see `Responses`
    senders = np.array([(s.post if back else s.pre).offset for s, back in responders.ways(plan, c)], np.int64)
    return module.Responders(
        model=constants, cells=cells, lines=lines, count=c.lines, senders=senders, ports=len(program.ports), row=row,
        ways=ways, asks=asks, notes=_notes(c), first=c.offset, stage=stage_of[c.index],
    )  # fmt: skip


def class_of(c: Cells) -> str:
    """The name of the tuple of a population's numbers, which tables may make differ between two of a class."""
    return f"{_program(c).name}_{c.index}"


def need(plan: Plan, c: Cells) -> int:
    """How many entries one message to a responder may put on the agenda."""
    most = sum(int(np.diff(s.row).max(initial=0)) for s in plan.synapses if s.pre is c)
    program = _program(c)
    return 2 + TWICE * (program.sends * max(1, most) + program.calls) * (c.lines + 1)


def _ways(plan: Plan, c: Cells, ports: list[str], stage_of: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Every synapse that a member's message of a port leaves by, sorted by targets; and where those begin."""
    parts, places = [], []
    for s in plan.synapses:
        if s.pre is c and s.port in ports:
            way = zeros(len(s), WAY)
            way["to"], way["delay"], way["j"] = s.target, s.delay, np.arange(len(s))
            way["synapse"], way["projection"] = s.first + way["j"], s.index
            way["stage"], way["kind"] = stage_of[s.post.index], kind_of_port(s.port)
            parts.append(way)
            places.append(s.source.astype(np.int64) * len(ports) + ports.index(s.port))
    ways, place = (np.concatenate(parts), np.concatenate(places)) if parts else (zeros(0, WAY), np.zeros(0, np.int64))
    row = np.zeros(c.size * len(ports) + 1, np.int64)
    np.cumsum(np.bincount(place, minlength=c.size * len(ports)), out=row[1:])
    return row, ways[np.lexsort([ways["synapse"], ways["to"], place])]


class Responses:
    """Brings the numbers of responders to where guests have theirs, and back; says what went wrong."""

    def __init__(self, guests: "Guests") -> None:
        self.guests, self.engine = guests, guests.engine
        self.cells = {c.index: c for c in responders.of_plan(self.engine.plan)}
        self.stations = [station for station in guests.stations.values() if self.of(station)]
        for station in self.stations:
            self._ask(station)

    def _ask(self, station: "Station") -> None:
        """Have the kernel ask before it sends one error to many who learn from it, where nobody asked for that."""
        ports = _program(station.cells).ports
        r = self.engine.arrays.population[station.cells.index]
        try:
            station.guest.check_global(station.rows.get("error", []))
        except LocalityError:
            r.asks[station.index * len(ports) + ports.index("error")] = "error" in ports

    def of(self, station: "Station") -> bool:
        """Whether a station is a responder's."""
        return station.cells.index in self.cells

    def put(self) -> None:
        """The numbers that guests were given or began with become the kernel's."""
        for station in self.stations:
            cell, lines, state = *self._numbers(station), station.guest.handle.state
            for name in (*station.model.state, "alarm"):
                cell[name] = state[name]
            for name, values in state["lines"].items():
                lines[name] = values
            due = station.guest.due
            cell["_waits"] = bool(due)
            for name in ("due", "set"):
                cell[f"_{name}_window"], cell[f"_{name}_offset"] = due[:2] if due else (0, 0.0)
            cell["_since"] = station.guest.since

    def take(self) -> None:
        """The other way round."""
        for station in self.stations:
            guest = station.guest
            cell, lines = self._numbers(station)
            state = guest.handle.state
            state.update({name: float(cell[name]) for name in (*station.model.state, "alarm")})
            state["lines"] = {name: lines[name].tolist() for name in station.model.line_state}
            guest.since, guest.due = float(cell["_since"]), None
            if cell["alarm"] < math.inf:
                at = int(cell["_due_window"]), float(cell["_due_offset"])
                guest.due = Key(*at, station.rank, Kind.WAKE, station.number, 0, 0)

    def _numbers(self, station: "Station") -> tuple[Any, Any]:
        r, n, count = self.engine.arrays.population[station.cells.index], station.index, station.cells.lines
        return np.asarray(r.cells)[n], np.asarray(r.lines)[n * count : (n + 1) * count]

    def fetch(self) -> None:
        """Hand on what was noted, which is in the order of events for each population."""
        net = self.engine.arrays.net
        rows = np.array(net.notes[: int(net.i[loop.NOTES])])
        net.i[loop.NOTES] = 0
        for c in self.cells.values() if len(rows) else ():
            own = rows[(rows["node"] >= c.offset) & (rows["node"] < c.offset + c.size)]
            time = own["window"] * self.engine.width + own["offset"]
            for k, name in enumerate(_program(c).notes):
                if (which := own["name"] == k).any():
                    columns = self.engine.recorder.note_columns(c.index, name)
                    columns.extend(t=time[which], i=own["node"][which] - c.offset, value=own["value"][which])

    def fail(self) -> None:
        """Raise what a responder raised, or what it tried to send."""
        i, f = self.engine.arrays.net.i, self.engine.arrays.net.f
        self.take()
        window, offset = int(i[loop.FAULT_WINDOW]), float(f[0])
        self.guests.instant = (window, offset)
        time, value = seconds(window, offset, self.engine.width), float(f[1])
        station = self.guests.stations[int(i[loop.FAULT_A])]
        to, which = int(i[loop.TO]), int(i[loop.FAULT_B])
        try:
            if i[loop.FAULT] == loop.UNSENT:
                port = _program(station.cells).ports[which]
                station.guest.send(station.number, port, value, None if to < 0 else to)
            elif which == loop.ALARM:
                react(station.model, station.guest.handle, None)
            else:
                s = self.engine.plan.synapses[which]
                source, port = (s.pre, s.port) if s.post is station.cells else (s.post, "error")
                react(station.model, station.guest.handle, Received(time, port, value, to, source.name))
        except Exception as error:
            error.add_note(f"in process {station.guest.name}, at {time} s")
            raise
        raise EngineError(
            f"process {station.guest.name} sends or notes more at {time} s than a kernel has room for; write it as a "
            "process with run()"
        )
