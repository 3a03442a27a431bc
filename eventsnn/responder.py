"""Processes that only react: declared numbers, and a handler for each port that every engine runs, compiled or not.

    class Echo(es.Responder):
        state = {"heard": 0.0}

        def on_spike(self, cell, line, msg):
            cell.heard += 1.0
            cell.send("error", cell.heard, to=line.index)

A `Process` may wait wherever it likes, so the compiled engine has to stop for it. What a responder does between two
messages is known, nothing; so its handlers become part of the kernel, like those of neurons and rules.
"""

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from eventsnn.errors import EngineError, NetworkError
from eventsnn.locality import Handler, classes, reacting
from eventsnn.processes import Handle, Process, ProcessGenerator, Received, Waiting, lines

RESERVED = frozenset({"alarm", "index", "lines", "send", "note", "wake"})


class Responder(Process):
    """Something that answers messages: its numbers, and what it does when a message comes or its alarm rings.

    Write `on_<port>(self, cell, line, msg)` for every port that it listens to, and `on_alarm(self, cell)`. A message of
    another port changes nothing. `msg.time` [s] and `msg.value` (the payload times the weight of its synapse) are the
    message's; `line` has the numbers that are kept of its sender, and `line.index`, the sender's place in its
    population. `cell` has the responder's own numbers, and

    - `cell.lines`, to loop over the numbers of every sender that there may be,
    - `cell.send(port, value)`, or with `to=index` to one target only: an error or a control message,
    - `cell.note(name, value)`, as for every process,
    - `cell.wake(time)`: have the alarm ring at a time [s], at once if that has passed, never if it is `math.inf`; one
      that was set before rings no more.

    Handlers compute with numbers, `math`, and the class's parameters (numbers, or tables of them), and call other
    methods of the class, handing `cell` on. They may `raise` an error where a message makes no sense. All numbers are
    floats, and saved with the network. What a handler may not do is refused when its class is made (`LocalityError`).

    Attributes:
        state: the responder's numbers, with their values at the start.
        line_state: what it keeps of each sender, likewise.
    """

    state: ClassVar[dict[str, float]] = {}
    line_state: ClassVar[dict[str, float]] = {}
    handlers: ClassVar[dict[str, Handler]] = classes.Handlers()  # type: ignore[assignment]
    _checked: ClassVar[dict[str, Handler] | None] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for kind in ("state", "line_state"):
            for name, value in getattr(cls, kind).items():
                if not name.isidentifier() or name.startswith("_") or name in RESERVED:
                    raise NetworkError(f"{cls.__name__}.{kind} names {name!r}; choose another name")
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise NetworkError(f"{cls.__name__}.{kind}[{name!r}] is {value!r}; it starts from a number")
        cls._checked = None if cls.__module__.startswith("eventsnn.") else cls._check()

    @classmethod
    def _check(cls) -> dict[str, Handler]:
        """Check all handlers."""
        return reacting.check(cls) if cls.only_reacts() else {}

    @classmethod
    def only_reacts(cls) -> bool:
        """Whether it does nothing between messages; one with a `run` of its own is a process like any other."""
        return cls.run is Responder.run

    def run(self, cell: Handle) -> ProcessGenerator:
        """Wait, and react."""
        if not cell.state:
            count = lines(cell)
            cell.state.update(
                {name: float(value) for name, value in self.state.items()},
                alarm=math.inf,
                lines={name: [float(value)] * count for name, value in self.line_state.items()},
            )
        while True:
            message: Received | None = yield Waiting(1, at=alarm(cell))
            react(self, cell, message)


def alarm(cell: Handle) -> float | None:
    """When a responder's alarm rings [s]; None for never."""
    due: float = cell.state["alarm"]
    return due if due < math.inf else None


def react(responder: Responder, handle: Handle, message: Received | None) -> None:
    """Have a responder handle a message; None is its alarm."""
    cell = Cell(handle)
    if message is None:
        handle.state["alarm"] = math.inf
        getattr(responder, "on_alarm", _ignore)(cell)
        return
    handler = getattr(responder, f"on_{message.port}", _ignore)
    handler(cell, Line(handle.state["lines"], message.line), message)


def _ignore(*message: object) -> None:
    """What a responder does about what it has no handler for."""


class Cell:
    """A responder's own numbers, and what it can do; for its handlers, whose text names nothing else."""

    __slots__ = ("_handle", "note", "send")
    _handle: Handle

    def __init__(self, handle: Handle) -> None:
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "send", handle.send)
        object.__setattr__(self, "note", handle.note)

    def __getattr__(self, name: str) -> Any:
        return self._handle.state[name]

    def __setattr__(self, name: str, value: float) -> None:
        self._handle.state[name] = float(value)

    @property
    def lines(self) -> "Iterator[Line]":
        """Every sender that there may be."""
        return (Line(self._handle.state["lines"], k) for k in range(lines(self._handle)))

    def wake(self, time: float) -> None:
        """Have the alarm ring at a time [s]."""
        if time != time:
            raise EngineError(f"cell.wake({time}): give a time [s], or math.inf for never")
        self._handle.state["alarm"] = float(time)


class Line:
    """What a responder keeps of one sender; for its handlers."""

    __slots__ = ("_numbers", "index")
    _numbers: dict[str, list[float]]
    index: int

    def __init__(self, numbers: dict[str, list[float]], index: int) -> None:
        object.__setattr__(self, "_numbers", numbers)
        object.__setattr__(self, "index", index)

    def __getattr__(self, name: str) -> float:
        return self._numbers[name][self.index]

    def __setattr__(self, name: str, value: float) -> None:
        self._numbers[name][self.index] = float(value)


def numbers_of(model: Responder) -> dict[str, Any]:
    """The numbers and tables that a responder's handlers read as `self.name`, as they are now."""
    found: dict[str, Any] = {}
    for name in {**vars(type(model)), **vars(model)}:
        if name.startswith("_") or isinstance(getattr(type(model), name, None), property):
            continue
        value = getattr(model, name, None)
        if isinstance(value, (bool, int, float)):
            found[name] = value + 0
        elif isinstance(value, (tuple, np.ndarray)):
            table = np.array(value)
            if table.dtype.kind in "fiu" and table.size:
                found[name] = np.ascontiguousarray(table)
    return found
