"""Relaxations of locality: each is asked for by name, where it is needed, and reported.

A class says what it needs, a projection what it is given, a network how its time is kept:

    class Mine(es.Rule):
        needs = (es.neighbour("v"),)        # and reads syn.pre_v in on_pre
        past: es.State = es.history(4)      # and reads syn.past_1 ... syn.past_4, after self.push_past(syn, value)

    net.connect(x, y, needs=(es.weight_transport,), ...)
    es.Network(time=es.grid(0.1e-3), allow=("history", "instant"))

What the field calls them, and why each is a departure from locality: Neftci, Mostafa and Zenke 2019
(arXiv 1901.09948, box in section V.A), Lillicrap et al. 2016 (weight transport), Jaderberg et al. 2017 (locking).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from eventsnn.errors import NetworkError

DEEPEST = 1024  # of a history: deeper ones belong into neurons of their own, such as a delay line
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Relaxation:
    """One freedom beyond locality, by its name and what it is about.

    Attributes:
        name: "weight_transport", "history", "barrier", "global_error", "neighbour", "instant", "exact_time" or "grid".
        argument: the depth of a history, the variable of a neighbour, the step of a grid [s]; otherwise None.
        start: what a history holds before anything was pushed.
    """

    name: str
    argument: float | str | None = None
    start: float = 0.0

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name}({self.argument!r})"


weight_transport = Relaxation("weight_transport")
"""A projection's errors travel through weights that mirror those of another; `feedback="symmetric"` asks for it."""

barrier = Relaxation("barrier")
"""A process waits until every sender that reaches it has sent (`cell.barrier()`): nobody goes on before all have."""

global_error = Relaxation("global_error")
"""One value reaches every synapse: an error that a process sends to several learning neurons at once."""

instant = Relaxation("instant")
"""A channel of zero delay."""

exact_time = Relaxation("exact_time")
"""A rule that means something only where messages arrive at exact times, and so not on a grid."""

NAMES = ("weight_transport", "history", "barrier", "global_error", "neighbour", "instant", "exact_time", "grid")


def history(depth: int, start: float = 0.0) -> Any:
    """A declared buffer of the latest `depth` values that a handler pushed, each a word of state.

    `past: es.State = es.history(3)` declares the fields `past_1` (the latest), `past_2`, `past_3`, and the method
    `self.push_past(syn, value)` that moves them on; with `PostState` it is `post`, in a neuron `cell`.

    Args:
        depth: how many values, 1 to 1024.
        start: what they are before anything was pushed.
    """
    if isinstance(depth, bool) or not isinstance(depth, int) or not 1 <= depth <= DEEPEST:
        raise NetworkError(f"history({depth!r}): the depth is a whole number from 1 to {DEEPEST}")
    return Relaxation("history", depth, float(start))


def neighbour(variable: str) -> Relaxation:
    """`on_pre` of a rule reads the sender's `variable` as it is at delivery, as `syn.pre_<variable>`.

    A synapse cannot know it: the message left one delay ago and carries no payload. Reference engine only.
    """
    if not isinstance(variable, str) or not variable.isidentifier() or variable.startswith("_"):
        raise NetworkError(f"neighbour({variable!r}): give the name of a variable that the sender publishes, as text")
    return Relaxation("neighbour", variable)


def grid(dt: float) -> Relaxation:
    """Every message arrives at a multiple of `dt` [s]: its time is rounded up. Reference engine only.

    Neurons fire at exact times still; what is on the grid is all that anybody else can know of it.
    """
    if not 0 < dt < float("inf"):
        raise NetworkError(f"grid({dt!r}): give a step in seconds above 0")
    return Relaxation("grid", float(dt))


def needs(*relaxations: Relaxation) -> Callable[[_Function], _Function]:
    """What a generator function needs as a process: write `@es.needs(es.barrier)` above it."""
    checked = check_needs(relaxations, "needs")

    def declare(function: _Function) -> _Function:
        function.needs = checked  # type: ignore[attr-defined]
        return function

    return declare


def check_needs(relaxations: Any, where: str) -> tuple[Relaxation, ...]:
    """What was declared as needed, if it is a tuple of relaxations.

    Raises:
        NetworkError: something else; names the place.
    """
    found = tuple(relaxations) if isinstance(relaxations, (tuple, list)) else (relaxations,)
    for one in found:
        if not isinstance(one, Relaxation) or one.name not in NAMES:
            raise NetworkError(f"{where}: {one!r} is no relaxation; there are {', '.join(NAMES)}")
    return found


def check_allowed(allow: Any) -> tuple[str, ...] | None:
    """The names of relaxations that a network allows; None allows whatever is asked for by name.

    Raises:
        NetworkError: no relaxation of that name.
    """
    if allow is None:
        return None
    names = tuple(one.name if isinstance(one, Relaxation) else one for one in allow)
    for name in names:
        if name not in NAMES:
            raise NetworkError(f"allow: there is no relaxation {name!r}; there are {', '.join(NAMES)}")
    return names


def hints(histories: dict[str, Relaxation]) -> dict[str, str]:
    """What would allow names of fields that begin so, for the messages of the check."""
    hints = {
        "pre_": "the sender's variables are not at the synapse; ask for one: needs = (neighbour('v'),)",
        "past_": "a value of the past needs a declared buffer: past: State = history(2)",
    }
    for name, value in histories.items():
        hints[f"{name}_"] = f"{name} is a {value}; declare a deeper one"
    return hints
