"""User processes: Python generators that wait, receive and send, on any engine.

    def burst(cell):
        while True:
            message = yield cell.receive()
            cell.fire()
            yield cell.wait(2e-3)

A process sees its own generator's state, its inbox and its handle `cell`; nothing else of the network. Two processes
that share something that can change are refused before a network runs (`locality.sharing`).
"""

import inspect
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from eventsnn.errors import EngineError, NetworkError
from eventsnn.relax import Relaxation, barrier, check_needs


class Received(NamedTuple):
    """A message as a process gets it."""

    time: float  # when it arrived [s]
    port: str
    value: float  # payload, times the weight of the synapse it came through
    line: int  # index of the sender within its population
    source: str  # name of the sender's population


@dataclass(frozen=True)
class Waiting:
    """What a process waits for: `count` messages, or a time, whichever comes first."""

    count: int  # 0: only for the time
    duration: float | None = None  # [s] from now
    at: float | None = None  # absolute [s]
    many: bool = False  # the answer is a list
    interrupt: str | None = None  # a message of this port ends the wait at once


ProcessGenerator = Generator[Waiting, Any, None]


@dataclass(frozen=True, eq=False)
class Program:
    """What a process that listens to nobody will send and note at its next times.

    Attributes:
        times: when [s], shape (n,), never decreasing.
        sends: port, payloads of shape (n,) or (n, targets), and at which of the times it is sent, shape (n,); in the
            order in which they are sent.
        notes: numbers to note, shape (n,), by name.
        following: the time after these [s].
        state: what `cell.state` has to hold when so many of these times are over.
    """

    times: np.ndarray
    sends: list[tuple[str, np.ndarray, np.ndarray]]
    notes: dict[str, np.ndarray]
    following: float
    state: Callable[[int], dict[str, Any]]


class Process:
    """Something with behaviour of its own: `run(cell)` returns a generator, one for every member of the population.

    Attributes:
        needs: the relaxations of locality that it asks for, such as `(barrier,)`.
    """

    needs: ClassVar[tuple[Relaxation, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if isinstance(cls.__dict__.get("needs", ()), (tuple, list, Relaxation)):
            cls.needs = check_needs(cls.needs, f"{cls.__name__}.needs")

    def run(self, cell: "Handle") -> ProcessGenerator:
        """The life of one process."""
        raise NotImplementedError

    def program(self, state: dict[str, Any], count: int) -> Program | None:
        """What `run` would do at its next `count` times, or fewer, given `cell.state`; none left: no times, or None.

        For processes that listen to nobody and wait with `cell.until` only: the compiled engine then need not stop for
        them. Where `run` has to come after the last of them is its own affair.
        """
        return None


class FunctionProcess(Process):
    """A process made from a generator function and its keyword arguments."""

    def __init__(self, function: Callable[..., ProcessGenerator], **arguments: Any) -> None:
        if not callable(function):
            raise NetworkError(f"{function!r} is not a generator function; write `def f(cell): ... yield ...`")
        signature = inspect.signature(function, follow_wrapped=False)
        try:
            signature.bind(None, **arguments)
        except TypeError as error:
            name = getattr(function, "__name__", repr(function))
            raise NetworkError(
                f"process {name} takes {signature}: {error}; "
                "the first argument is the cell, the others come from net.add(function, argument=value)"
            ) from None
        self.function, self.arguments = function, arguments

    @property
    def needs(self) -> tuple[Relaxation, ...]:  # type: ignore[override]
        """What the function declared with `@needs(...)`."""
        return getattr(self.function, "needs", ())

    def run(self, cell: "Handle") -> ProcessGenerator:
        """The life of one process."""
        generator = self.function(cell, **self.arguments)
        if not hasattr(generator, "send"):
            name = getattr(self.function, "__name__", repr(self.function))
            raise NetworkError(f"process {name} returned {generator!r}; it must be a generator, so it needs a `yield`")
        return generator

    def __repr__(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


class Host(Protocol):
    """What an engine does for a process."""

    @property
    def now(self) -> float:
        """The present time [s]."""

    def reaches(self, process: int, port: str) -> bool:
        """Whether a projection of that port leaves the process."""

    def send(self, process: int, port: str, value: Any, to: int | None) -> None:
        """Send along the process's projections of that port."""

    def note(self, process: int, name: str, value: float) -> None:
        """Keep a number with the present time."""

    def senders(self, process: int) -> int:
        """How many synapses lead to the process."""

    def lines(self, process: int) -> int:
        """How many members the largest population has that speaks to the process."""

    def demand(self, process: int, relaxation: Relaxation, what: str) -> None:
        """Raise LocalityError, saying what was tried, unless the process asked for a relaxation."""


class Handle:
    """A process's only access to the world.

    Attributes:
        index: which member of its population this is.
        state: a dictionary of numbers and lists that is saved with the network. A process that shall survive a save
            keeps here what it must remember: after loading it is run afresh to its first `yield`, and what it sends
            on the way there is not sent again. A network is not saved while that would lead to another wait.
        env: SimPy's `now`, `timeout` and `event` (reference engine only); `a & b` waits for two events.
    """

    __slots__ = ("_world", "env", "index", "state")
    _world: tuple[Host, int]

    def __init__(self, host: Host, number: int, index: int, env: Any = None) -> None:
        _WORLD.__set__(self, (host, number))
        self.index, self.env = index, env
        self.state: dict[str, Any] = {}

    @property
    def now(self) -> float:
        """The present time [s]."""
        return _world(self)[0].now

    def receive(self, timeout: float | None = None) -> Waiting:
        """Wait for the next message; the answer is a `Received`, or None when `timeout` seconds went by first."""
        return Waiting(1, _duration(timeout))

    def gather(self, count: int, timeout: float | None = None, interrupt: str | None = None) -> Waiting:
        """Wait for `count` messages; the answer is the list of those that came within `timeout` seconds.

        A message of the port `interrupt` ends the wait at once; it is then the last of the list.
        """
        if count < 1:
            raise EngineError(f"gather({count}): wait for at least one message")
        host, number = _world(self)
        if timeout is None and interrupt is None and 1 < host.senders(number) <= count:
            host.demand(number, barrier, f"gather({count}) waits for as many messages as synapses lead here")
        return Waiting(count, _duration(timeout), many=True, interrupt=interrupt)

    def barrier(self, timeout: float | None = None) -> Waiting:
        """Wait until as many messages have come as synapses lead here, so for all that can send; a relaxation.

        The answer is the list of those that came within `timeout` seconds.

        Raises:
            LocalityError: the process did not ask for `barrier` by name.
        """
        host, number = _world(self)
        host.demand(number, barrier, "barrier() waits for all that can send")
        return Waiting(max(1, host.senders(number)), _duration(timeout), many=True)

    def wait(self, duration: float) -> Waiting:
        """Wait `duration` seconds; messages that arrive meanwhile are kept."""
        return Waiting(0, _duration(duration))

    def until(self, time: float) -> Waiting:
        """Wait until an absolute time [s], which must not lie in the past."""
        if not time >= self.now:
            raise EngineError(f"until({time}) lies in the past: it is {self.now} s")
        return Waiting(0, at=time)

    def reaches(self, port: str) -> bool:
        """Whether a projection of that port leaves this process, so that it can send there."""
        host, number = _world(self)
        return host.reaches(number, port)

    def send(self, port: str, value: float | np.ndarray = 0.0, to: int | None = None) -> None:
        """Send a message along every projection of this port.

        Args:
            port: "spike", "error", or a control port such as "reset", "label", "value".
            value: the payload; an array gives every target its own.
            to: index of the only target; None for all.

        Raises:
            EngineError: no such projection, no synapse that leads to that target, a payload that is NaN, or an array
                of the wrong length.
        """
        host, number = _world(self)
        host.send(number, port, value, to)

    def fire(self) -> None:
        """Send a spike."""
        host, number = _world(self)
        host.send(number, "spike", 0.0, None)

    def note(self, name: str, value: float) -> None:
        """Record a number with the present time; `net.notes(population, name)` gives them back."""
        host, number = _world(self)
        host.note(number, name, float(value))


_WORLD: Any = Handle.__dict__["_world"]
del Handle._world  # type: ignore[misc]  # a process has its handle, and no attribute of it leads on


def _world(cell: Handle) -> tuple[Host, int]:
    """What stands behind a handle: its engine's side, and its number there."""
    found: tuple[Host, int] = _WORLD.__get__(cell)
    return found


def lines(cell: Handle) -> int:
    """How many members the largest population has that speaks to a process: its messages' `line` is below that."""
    host, number = _world(cell)
    return host.lines(number)


def _duration(value: float | None) -> float | None:
    if value is not None and not (isinstance(value, (int, float, np.integer, np.floating)) and value >= 0):
        raise EngineError(f"a process cannot wait {value!r} s; give a duration >= 0")
    return value


def place(generator: ProcessGenerator) -> str:
    """Where a suspended generator stands, as file:line."""
    frame, code = getattr(generator, "gi_frame", None), getattr(generator, "gi_code", None)
    if code is None:
        return "?"
    return f"{code.co_filename}:{frame.f_lineno if frame else code.co_firstlineno}"


def check_yield(answer: object, generator: ProcessGenerator, name: str) -> Waiting:
    """What a process yielded, if it makes sense.

    Raises:
        EngineError: with the file and line of the process.
    """
    if isinstance(answer, Waiting):
        return answer
    raise EngineError(
        f"{place(generator)}: process {name} yields {answer!r}; it can yield cell.receive(), cell.gather(n), "
        "cell.wait(seconds) or cell.until(time)"
    )
