"""The records that the reference engine keeps: slotted objects that hold what was declared, and no more.

Handlers get guarded views of them (see `guards`), unless the network runs with `guard=False`.
"""

from functools import cache
from operator import attrgetter
from typing import Any

from eventsnn import step
from eventsnn.epochs import EPOCH, EPOCHS
from eventsnn.errors import LocalityError
from eventsnn.events import instant
from eventsnn.model import COURSES, FUNCTIONS, Neuron, Rule
from eventsnn.record import Reader

Record = Any  # an object with one float attribute per declared variable


def _refuse(self: object, name: str, *_: object) -> None:
    known = ", ".join(getattr(self, "published", ()))
    owner = type(self).__name__
    raise LocalityError(f"{owner} has no variable {name!r}; it has {known}", name, owner)


@cache
def cell_class(owner: str, names: tuple[str, ...]) -> type:
    """A neuron's record: its State, and the window and offset of its own last event."""
    return type(owner, (), {"__slots__": (*names, "window", "offset"), "published": names, "__getattr__": _refuse})


@cache
def synapse_class(owner: str, names: tuple[str, ...]) -> type:
    """A synapse's record: its weight and its rule's State."""
    return type(owner, (), {"__slots__": ("w", *names, "slot"), "published": ("w", *names), "__getattr__": _refuse})


@cache
def post_class(
    owner: str,
    own: tuple[str, ...],
    published: tuple[str, ...],
    parameters: tuple[str, ...],
    functions: tuple[str, ...],
    linear: bool,
) -> type:
    """A rule's view of a neuron: its own variables there to read and write, the neuron's to read only."""
    body: dict[str, Any] = {
        "__slots__": (*own, *EPOCHS, "_cell", "_model", "_given"),
        "published": (*own, *published, *parameters, *functions),
        "__getattr__": _refuse,
    }
    for name in parameters:
        if name not in own:
            body[name] = property(attrgetter(f"_given.{name}"), _read_only(owner, name))
    for name in published:
        if name not in own:
            body[name] = property(attrgetter(f"_cell.{name}"), _read_only(owner, name))
    for name in functions:
        found = _course(name, linear) if name in COURSES else attrgetter(f"_model.{name}")
        body[name] = property(found, _read_only(owner, name))
    return type(owner, (), body)


def _course(name: str, linear: bool) -> Any:
    """The neuron's function of its state and of the seconds since its last event, with the state filled in."""

    def course(post: Any) -> Any:
        model, cell = post._model, post._cell
        function = getattr(model, name)
        return lambda u: function(cell, cell.offset + u if linear else u)

    return course


def _read_only(owner: str, name: str) -> Any:
    def refuse(_self: object, _value: float) -> None:
        raise LocalityError(
            f"{owner}: post.{name} belongs to the neuron; a rule may write only its own variables there",
            f"post.{name}",
            owner,
        )

    return refuse


def make_cell(model: Neuron, acts: Any, values: dict[str, float]) -> Record:
    """A neuron's record at time 0."""
    cell = cell_class(type(model).__name__, tuple(model.state))()
    for name, value in values.items():
        setattr(cell, name, value)
    cell.window, cell.offset = 0, 0.0
    if "begin" in model.handlers:
        acts.begin(cell)
    return cell


@cache
def epoch_class(owner: str, names: tuple[str, ...]) -> type:
    """What a rule keeps of one epoch of a neuron."""
    return type(owner, (), {"__slots__": (*names, *EPOCH), "published": names, "__getattr__": _refuse})


def make_epochs(rule: Rule, count: int) -> list[Record]:
    """Room for so many epochs."""
    kind = epoch_class(f"{type(rule).__name__}.epoch", tuple(rule.epoch_state))
    table = [kind() for _ in range(count)]
    for epoch in table:
        for name, value in rule.epoch_state.items():
            setattr(epoch, name, value)
    return table


def make_synapse(rule: Rule, w: float, values: dict[str, float]) -> Record:
    """A plastic synapse's record."""
    synapse = synapse_class(f"{type(rule).__name__}.syn", tuple(rule.synapse_state))()
    synapse.w, synapse.slot = w, 0
    for name, value in values.items():
        setattr(synapse, name, value)
    return synapse


def make_post(rule: Rule, model: Neuron, acts: Any, cell: Record, values: dict[str, float]) -> Record:
    """A rule's view of one neuron; `acts` has the neuron's handlers, guarded or as they are."""
    functions = tuple(name for name in FUNCTIONS if name in model.handlers)
    owner, own, parameters = f"{type(rule).__name__}.post", tuple(rule.neuron_state), tuple(model.numbers)
    post = post_class(owner, own, tuple(model.state), parameters, functions, model.linear)()
    post._cell, post._model, post._given = cell, acts, model
    for name, value in values.items():
        setattr(post, name, value)
    return post


def reader(model: Neuron, width: float) -> Reader:
    """How to get from a recorded state to the published state at a later time, without touching the network."""

    def read(values: dict[str, float], window: int, offset: float, time: float) -> dict[str, float]:
        cell = cell_class(type(model).__name__, tuple(model.state))()
        for name, value in values.items():
            setattr(cell, name, value)
        cell.window, cell.offset = window, offset
        look = step.look_linear if model.linear else step.bring
        look(model, cell, *instant(time, width), width)
        return {name: getattr(cell, name) for name in model.state}

    return read
