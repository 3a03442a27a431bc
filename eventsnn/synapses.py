"""The neurons and synapses of a network, drawn and sorted: one record of arrays per population and per projection."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from eventsnn import rng
from eventsnn.distributions import draw
from eventsnn.errors import EngineError, NetworkError
from eventsnn.graph import Description, Population, Projection, flat_values
from eventsnn.locality import ways
from eventsnn.locality.questions import COEFFICIENTS
from eventsnn.model import COURSES, FUNCTIONS, Neuron, Rule, Source
from eventsnn.patterns import sorting
from eventsnn.processes import Process

FRESH, OLD = 1, 2  # marks of a synapse: since its neuron's latest reset, and before


@dataclass(eq=False)
class Cells:
    """The plan of one population: its place in the numbering and its initial state."""

    index: int
    population: Population
    offset: int  # number of its first neuron in the network
    rank: int
    state: dict[str, np.ndarray]  # one array per State
    incoming: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # synapses that lead to each member
    learning: list[Rule] = field(default_factory=list)  # rules of the synapses that lead here
    lines: int = 0  # members of the largest population that speaks to it

    @property
    def name(self) -> str:
        return self.population.name

    @property
    def size(self) -> int:
        return self.population.size

    @property
    def model(self) -> Neuron | Source | Process:
        return self.population.model

    def refused(self, index: int, time: float) -> EngineError:
        """What is wrong with a spike time of a source."""
        what = f"{self.name}: {type(self.model).__name__}.times gives {time} for neuron {index}"
        return EngineError(f"{what}; times [s] are numbers from 0 that never decrease")


@dataclass(eq=False)
class WayBack:
    """The feedback of a projection, synapse by synapse in its order.

    `weight` is None where it is the forward one ("symmetric") or a variable of the rule ("learned"). For
    "sign_symmetric" it is the magnitude.
    """

    kind: str
    weight: np.ndarray | None
    delay: np.ndarray


@dataclass(eq=False)
class Synapses:
    """The plan of one projection. Synapses are sorted by source, delay and target; `row[i]:row[i+1]` are those of i."""

    index: int
    projection: Projection
    pre: Cells
    post: Cells
    first: int  # number of its first synapse in the network
    row: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    delay: np.ndarray  # a view of one number where all are equal
    back: WayBack | None
    state: dict[str, np.ndarray] = field(default_factory=dict)  # the rule's variables, beside the weight
    post_state: dict[str, np.ndarray] = field(default_factory=dict)  # the rule's variables at each target
    wait: float = 0.0  # least time that a spike waits at its synapse [s]; 0 where delays are fixed

    @property
    def name(self) -> str:
        return self.projection.name

    @property
    def rule(self) -> Rule | None:
        return self.projection.rule

    @property
    def port(self) -> str:
        return self.projection.port

    @property
    def marks(self) -> bool:
        """Whether the rule marks synapses that a spike has reached; see `Rule`."""
        return self.rule is not None and "only_marked" in self.rule.handlers

    def __len__(self) -> int:
        return len(self.target)

    @property
    def source(self) -> np.ndarray:
        """The source of every synapse, made when asked for: rows say the same in less memory."""
        return np.repeat(np.arange(self.pre.size, dtype=np.uint32), np.diff(self.row))

    def source_of(self, synapse: np.ndarray | int) -> np.ndarray:
        """The sources of some synapses."""
        return np.asarray(np.searchsorted(self.row, synapse, side="right") - 1)

    @cached_property
    def first_epoch(self) -> np.ndarray:
        """Where each target's records of epochs begin; it has one more than synapses (see `eventsnn.epochs`)."""
        fan_in = np.bincount(self.target, minlength=self.post.size)
        return np.concatenate(([0], np.cumsum(fan_in + 1)))

    def epochs(self) -> dict[str, np.ndarray]:
        """How the records of epochs begin: all synapses of a target in the first, the others in the chain of vacant."""
        first = self.first_epoch[:-1]
        users = np.zeros(int(self.first_epoch[-1]), np.int64)
        users[first] = np.bincount(self.target, minlength=self.post.size)
        follows = np.arange(1, len(users) + 1)
        follows[self.first_epoch[1:] - 1] = -1
        live = np.zeros_like(users)
        live[first] = 1
        return {"users": users, "next": follows, "live": live}

    @cached_property
    def column(self) -> tuple[np.ndarray, np.ndarray]:
        """(start, synapse): the synapses onto target j are `synapse[start[j]:start[j+1]]`, in their order."""
        order = sorting(self.target)
        start = np.zeros(self.post.size + 1, np.int64)
        np.cumsum(np.bincount(self.target, minlength=self.post.size), out=start[1:])
        return start, order


def draw_cells(description: Description, k: int) -> Cells:
    """The plan of population k, with the initial state of its neurons; place and rank are set later."""
    population = description.populations[k]
    model, n = population.model, population.size
    missing = [name for name in getattr(model, "required", ()) if not model.handles(name)]  # type: ignore[union-attr]
    if missing:
        raise NetworkError(
            f"{population.name}: {type(model).__name__} has no handler {missing[0]!r}; it needs "
            f"{', '.join(model.required)}"  # type: ignore[union-attr]
        )
    known = model.state if isinstance(model, Neuron) else {}
    initial = {**model.initial, **population.initial} if isinstance(model, Neuron) else population.initial
    for name in population.initial:
        if name not in known:
            has = ", ".join(known) or "none"
            raise NetworkError(f"{population.name}: {type(model).__name__} has no state {name!r}; it has {has}")
    state = {}
    for name, default in known.items():
        if name in initial:
            stream = rng.stream(description.seed, f"{population.name}/{name}")
            state[name] = draw(initial[name], n, stream, f"{population.name}.{name}")
        else:
            state[name] = np.full(n, float(default))
    return Cells(k, population, 0, 0, state)


def draw_synapses(seed: int, projection: Projection, cells: list[Cells], index: int, first: int) -> Synapses:
    """The plan of a projection, which is the `index`-th and whose synapses are numbered from `first`."""
    name = projection.name
    pre = next(c for c in cells if c.population is projection.pre)
    post = next(c for c in cells if c.population is projection.post)
    source, target = projection.pattern.edges(pre.size, post.size, rng.stream(seed, f"{name}/edges"))

    def values(value: object, what: str) -> np.ndarray:
        flat = flat_values(value, pre.size, post.size, source, target)
        also = f" synapses, or a matrix (sources x targets) of shape ({pre.size}, {post.size})"
        return draw(flat, len(source), rng.stream(seed, f"{name}/{what}"), f"{name}: {what}", also)

    weight, delay = values(projection.weight, "weight"), values(projection.delay, "delay")
    _refuse_negative(delay, f"{name}: delay", source, target)
    learned, wait = None, 0.0
    if projection.rule is not None and "delay" in projection.rule.synapse_state:
        wait = 0.5 * _shortest(projection.rule, name)
        learned = _learned_part(delay, 2.0 * wait, f"{name}: delay", source, target)
        delay = np.broadcast_to(np.float64(wait), len(source))
    back = None
    if projection.feedback is not None and projection.feedback.kind != "broadcast":
        f = projection.feedback
        back_delay = values(f.delay, "feedback delay")
        _refuse_negative(back_delay, f"{name}: feedback delay", source, target)
        back_weight = None if f.kind == "symmetric" else values(f.weight, "feedback weight")
        back = WayBack(f.kind, back_weight, back_delay)
    row = np.zeros(pre.size + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=pre.size), out=row[1:])
    order = _in_rows(source, target, delay)
    if order is not None:
        target, weight, delay = target[order], _in_order(weight, order), _in_order(delay, order)
        learned = None if learned is None else _in_order(learned, order)
        if back is not None:
            feedback_weight = None if back.weight is None else _in_order(back.weight, order)
            back = WayBack(back.kind, feedback_weight, _in_order(back.delay, order))
    s = Synapses(index, projection, pre, post, first, row, target.astype(np.uint32), weight, delay, back, wait=wait)
    _check_rule(s)
    if s.rule is not None:
        s.state = {k: np.broadcast_to(np.float64(v), len(s)) for k, v in s.rule.synapse_state.items()}
        s.post_state = {k: np.full(post.size, float(v)) for k, v in s.rule.neuron_state.items()}
        if learned is not None:
            s.state["delay"] = learned
        if back is not None:
            _start_way_back(s, back)
    return s


def _shortest(rule: Rule, name: str) -> float:
    """The least delay of a rule that learns delays: the parameter `shortest` beside its State `delay`."""
    for model in (rule, *rule.parts.values()):
        if "delay" in model.state and "shortest" in model.parameters:
            return float(model.given["shortest"])
    raise NetworkError(
        f"{name}: {type(rule).__name__} keeps a State `delay`, which is added to the delay of its synapse; declare "
        "`shortest: float = 1e-3`, the least delay [s], beside it, or give the variable another name"
    )


def _learned_part(delay: np.ndarray, least: float, what: str, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """What of the delays lies above the least one."""
    bad = np.flatnonzero(delay < least)
    if bad.size:
        k = int(bad[0])
        raise NetworkError(
            f"{what} of {source[k]} -> {target[k]} is {delay[k]} s; learned delays start from `shortest` = {least} s on"
        )
    return np.asarray(delay - least)


def is_uniform(values: np.ndarray) -> bool:
    """Whether an array is a view of a single number."""
    return values.strides == (0,)


def _in_order(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    return values if is_uniform(values) else values[order]


def _in_rows(source: np.ndarray, target: np.ndarray, delay: np.ndarray) -> np.ndarray | None:
    """What brings edges into the order source, delay, target; None if they are in it."""
    if not is_uniform(delay):
        by_delay: np.ndarray = np.lexsort((target, delay, source))
        return by_delay
    same = source[1:] == source[:-1]
    if (source[1:] >= source[:-1]).all() and (target[1:] >= target[:-1])[same].all():
        return None
    order = sorting(target)
    rows: np.ndarray = order[sorting(source[order])]
    return rows


def _refuse_negative(delay: np.ndarray, what: str, source: np.ndarray, target: np.ndarray) -> None:
    bad = np.flatnonzero(delay < 0)
    if bad.size:
        k = int(bad[0])
        raise NetworkError(
            f"{what} of {source[k]} -> {target[k]} is {delay[k]} s; a message cannot arrive before it was sent, "
            "so give a delay >= 0"
        )


def _start_way_back(s: Synapses, back: WayBack) -> None:
    """Hand the weights of a learned feedback to the rule, and refuse what does not fit the kind of feedback."""
    assert s.rule is not None
    kind = type(s.rule).__name__
    if back.kind == "learned":
        if "back" not in s.state:
            raise NetworkError(
                f'{s.name}: feedback="learned" needs a rule that keeps the feedback weight in a State `back`, and '
                f"{kind} has none; give it one, such as SpikeTimeGradient(mirror=KolenPollack())"
            )
        assert back.weight is not None
        s.state["back"], back.weight = back.weight, None
    elif "back" in s.state:
        raise NetworkError(
            f"{s.name}: {kind} changes feedback weights, but feedback={back.kind!r} does not use them; "
            'give feedback="learned", or a rule without a State `back`'
        )
    if back.kind == "sign_symmetric" and back.weight is not None and back.weight.min(initial=0.0) < 0.0:
        raise NetworkError(
            f"{s.name}: a feedback_weight of {back.weight.min()} cannot be a magnitude; signs come from the forward "
            "weights, so give numbers >= 0"
        )


def published(model: Neuron) -> set[str]:
    """What rules can read of a neuron: its state, its numbers, and its functions.

    Coefficients are counted from the beginning of a window, which is nothing that a synapse could know.
    """
    state = set(model.state) - set(COEFFICIENTS if model.linear else ())
    return {*state, *model.numbers, *(set(FUNCTIONS) & set(model.handlers))}


def _check_rule(s: Synapses) -> None:
    model, rule = s.post.model, s.rule
    if isinstance(model, Source):
        raise NetworkError(f"{s.name}: {s.post.name} is a {type(model).__name__}, which receives nothing")
    if rule is None:
        if s.projection.feedback is not None:
            raise NetworkError(f"{s.name} has feedback but no rule whose errors could travel on it; give rule=")
        return
    if s.back is not None and isinstance(s.pre.model, Source):
        raise NetworkError(
            f"{s.name} has feedback, but {s.pre.name} is a {type(s.pre.model).__name__}, which receives nothing; "
            "leave feedback out"
        )
    if not isinstance(model, Neuron) or s.port != "spike":
        raise NetworkError(f"{s.name}: a rule belongs on spikes to neurons, not on {s.port!r} to {s.post.name}")
    missing = sorted(rule.sees() - published(model))
    if missing:
        raise NetworkError(
            f"{s.name}: {type(rule).__name__} reads post.{missing[0]}, which {type(model).__name__} does not publish; "
            f"it has {', '.join(sorted(published(model)))}"
        )
    ways.check_kept(type(rule).__name__, rule.handlers, rule.kept, {*rule.neuron_state, *model.state, *COURSES})
    if reason := rule.suits(model):
        raise NetworkError(f"{s.name}: {type(rule).__name__} does not suit {s.post.name}, which {reason}")
