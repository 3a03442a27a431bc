"""The description of a network: populations and projections as plain data. `plan` turns it into numbers."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, Rule, Source
from eventsnn.patterns import Pattern, all_to_all
from eventsnn.processes import Process
from eventsnn.relax import Relaxation

FEEDBACKS = ("symmetric", "sign_symmetric", "random", "learned", "broadcast")


@dataclass(eq=False)
class Population:
    """`size` neurons (or sources, or user processes) of one model.

    `initial` holds initial values of the model's state: numbers, arrays or distributions.
    """

    name: str
    model: Neuron | Source | Process
    size: int
    initial: dict[str, object] = field(default_factory=dict)
    record: tuple[str, ...] = ("spikes",)  # what is recorded: "spikes", "state"

    def __repr__(self) -> str:
        return f"<{self.name}: {self.size} x {self.model!r}>"


@dataclass(eq=False)
class Feedback:
    """The way back of a projection's errors: one synapse for each of its own, in the other direction.

    `kind` is "symmetric" (the same memory as the forward weights: weight transport, and exact), "sign_symmetric"
    (fixed magnitudes of its own with the signs of the forward weights, as they are), "random" (fixed weights of its
    own) or "learned" (weights of its own that the rule changes: its variable `back`). "broadcast" means that the errors
    of the teacher reach the sources directly.
    """

    kind: str
    weight: object = None  # number, array or distribution; None for symmetric
    delay: object = 1e-3  # [s]


@dataclass(eq=False)
class Projection:
    """Synapses from `pre` to `post` that carry messages of one port.

    `weight` and `delay` [s] are numbers, one value per edge of the pattern, matrices (sources x targets; an edge
    takes its entry), or distributions.
    """

    name: str
    pre: Population
    post: Population
    port: str = "spike"
    rule: Rule | None = None
    weight: object = 1.0
    delay: object = 0.0
    pattern: Pattern = field(default_factory=all_to_all)
    feedback: Feedback | None = None
    record: tuple[str, ...] = ()  # what is recorded: "weights"
    needs: tuple[Relaxation, ...] = ()  # what it asks for beyond locality

    def __post_init__(self) -> None:
        if isinstance(self.pattern, type) or not hasattr(self.pattern, "edges"):
            raise NetworkError(f"pattern is {self.pattern!r}; give an object such as fixed_probability(0.1)")

    def __repr__(self) -> str:
        rule = f", {self.rule!r}" if self.rule else ""
        return f"<{self.name}: {self.pre.name} -> {self.post.name} ({self.port}{rule})>"


@dataclass
class Description:
    """Everything a user said about a network. Two equal descriptions make the same network, bit for bit."""

    seed: int = 0
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    grid: float | None = None  # messages arrive at multiples of it [s]; None: at exact times
    allow: tuple[str, ...] | None = None  # names of relaxations that may be used; None: all that are asked for


def flat_values(value: object, n_pre: int, n_post: int, source: np.ndarray, target: np.ndarray) -> object:
    """A matrix of values (sources x targets) as one value per edge of any pattern; anything else unchanged."""
    if isinstance(value, (list, tuple, np.ndarray)):
        try:
            array = np.asarray(value)
        except ValueError:  # rows of unequal length: `draw` refuses them with the name of what was given
            return value
        if array.shape == (n_pre, n_post):
            return array[source, target]
    return value


def check_record(record: tuple[str, ...] | list[str], known: tuple[str, ...], who: str) -> None:
    """Refuse what cannot be recorded, and a word in the place of a list of words."""
    if isinstance(record, str):
        raise NetworkError(f"record is {record!r}; give a list, such as record=[{known[0]!r}]")
    for what in record:
        if what not in known:
            raise NetworkError(f"{who} cannot record {what!r}; it can record {' and '.join(map(repr, known))}")


def way_back(kind: str | None, weight: Any, delay: Any) -> Feedback | None:
    """How errors travel back along a projection, as `Network.connect` was told."""
    if kind is None:
        return None
    if kind not in FEEDBACKS:
        raise NetworkError(f"there is no feedback {kind!r}; there are {', '.join(FEEDBACKS)}")
    if kind != "symmetric" and weight is None:
        raise NetworkError(f"{kind} feedback needs feedback_weight, such as normal(0, 1)")
    return Feedback(kind, weight, delay)


def find(things: list[Any], name: str, what: str) -> Any:
    """The thing of that name."""
    for thing in things:
        if thing.name == name:
            return thing
    raise NetworkError(f"there is no {what} {name!r}; there are {', '.join(t.name for t in things)}")
