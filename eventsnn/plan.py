"""From the description to numbers: one plan for every engine.

The plan fixes the numbering of neurons and synapses, the ranks (depth along zero-delay projections), the rows and
columns of every projection, the lookahead and the width of a window. It refuses what no engine may run.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from eventsnn import rng
from eventsnn.distributions import draw
from eventsnn.errors import NetworkError
from eventsnn.graph import Description, Population, Projection, flat_values
from eventsnn.model import LinearNeuron, Neuron, Rule, Source
from eventsnn.processes import Process

WIDEST = 16.0  # widest window, in units of the shortest time constant: exp(16) costs no precision


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

    @property
    def name(self) -> str:
        return self.population.name

    @property
    def size(self) -> int:
        return self.population.size

    @property
    def model(self) -> Neuron | Source | Process:
        return self.population.model


@dataclass(eq=False)
class WayBack:
    """The feedback of a projection, synapse by synapse in its order. `weight` is None where it is the forward one."""

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
    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    back: WayBack | None
    state: dict[str, np.ndarray] = field(default_factory=dict)  # the rule's variables, beside the weight
    post_state: dict[str, np.ndarray] = field(default_factory=dict)  # the rule's variables at each target

    @property
    def name(self) -> str:
        return self.projection.name

    @property
    def rule(self) -> Rule | None:
        return self.projection.rule

    @property
    def port(self) -> str:
        return self.projection.port

    def __len__(self) -> int:
        return len(self.target)

    @cached_property
    def column(self) -> tuple[np.ndarray, np.ndarray]:
        """(start, synapse): the synapses onto target j are `synapse[start[j]:start[j+1]]`, in their order."""
        order = np.argsort(self.target, kind="stable")
        start = np.zeros(self.post.size + 1, np.int64)
        np.cumsum(np.bincount(self.target, minlength=self.post.size), out=start[1:])
        return start, order


@dataclass(eq=False)
class Plan:
    """The whole network in numbers."""

    seed: int
    cells: list[Cells]
    synapses: list[Synapses]
    lookahead: float  # smallest delay on any path back [s]
    width: float  # of a window [s], a power of two
    grid: float | None = None  # messages arrive at multiples of it [s]; None: at exact times

    @property
    def neurons(self) -> int:
        return sum(c.size for c in self.cells)

    @cached_property
    def stages(self) -> list[Cells]:
        """The populations in the order in which a window is worked through.

        A message that arrives within the window in which it was sent goes to a later stage: populations without a
        way back come in the direction of their links, those that form a loop by rank.
        """
        links = _links(self.synapses)
        reach = _reach(len(self.cells), links)
        ahead = reach & ~reach.T  # a before b, and never b before a
        return sorted(self.cells, key=lambda c: (int(ahead[:, c.index].sum()), c.rank, c.index))

    def of(self, population: Population) -> Cells:
        """The plan of a population."""
        return next(c for c in self.cells if c.population is population)


def make_plan(description: Description) -> Plan:
    """Number, draw and check everything.

    Raises:
        NetworkError: what no engine may run; names the value, the place and the remedy.
    """
    cells = [_cells(description, k) for k in range(len(description.populations))]
    offset = 0
    for c in cells:
        c.offset = offset
        offset += c.size
    synapses: list[Synapses] = []
    first = 0
    for projection in description.projections:
        s = _synapses(description.seed, projection, cells, len(synapses), first)
        synapses.append(s)
        first += len(s)
    for c in cells:
        onto = [s for s in synapses if s.post is c]
        c.incoming = sum((np.bincount(s.target, minlength=c.size) for s in onto), np.zeros(c.size, np.int64))
        c.learning = [s.rule for s in onto if s.rule is not None]
    constants = [tau for c in cells if isinstance(c.model, LinearNeuron) for tau in c.model.time_constants()]
    links = _links(synapses)
    unresolved = 0.0
    for _ in range(2):  # a delay too short to be told from none counts as none
        links = [(a, b, 0.0 if delay <= unresolved else delay) for a, b, delay in links]
        for c, rank in zip(cells, _ranks(cells, links), strict=True):
            c.rank = rank
        lookahead = _lookahead(cells, links)
        width = _width(lookahead, constants)
        unresolved = width * 2.0**-52
    return Plan(description.seed, cells, synapses, lookahead, width, description.grid)


def _cells(description: Description, k: int) -> Cells:
    population = description.populations[k]
    model, n = population.model, population.size
    known = model.state if isinstance(model, Neuron) else {}
    for name in population.initial:
        if name not in known:
            has = ", ".join(known) or "none"
            raise NetworkError(f"{population.name}: {type(model).__name__} has no state {name!r}; it has {has}")
    state = {}
    for name, default in known.items():
        if name in population.initial:
            stream = rng.stream(description.seed, f"{population.name}/{name}")
            state[name] = draw(population.initial[name], n, stream, f"{population.name}.{name}")
        else:
            state[name] = np.full(n, float(default))
    return Cells(k, population, 0, 0, state)


def _synapses(seed: int, projection: Projection, cells: list[Cells], index: int, first: int) -> Synapses:
    name = projection.name
    pre = next(c for c in cells if c.population is projection.pre)
    post = next(c for c in cells if c.population is projection.post)
    source, target = projection.pattern.edges(pre.size, post.size, rng.stream(seed, f"{name}/edges"))

    def values(value: object, what: str) -> np.ndarray:
        flat = flat_values(value, pre.size, post.size, source, target)
        return draw(flat, len(source), rng.stream(seed, f"{name}/{what}"), f"{name}: {what}")

    weight, delay = values(projection.weight, "weight"), values(projection.delay, "delay")
    _refuse_negative(delay, f"{name}: delay", source, target)
    back = None
    if projection.feedback is not None and projection.feedback.kind != "broadcast":
        f = projection.feedback
        back_delay = values(f.delay, "feedback delay")
        _refuse_negative(back_delay, f"{name}: feedback delay", source, target)
        back = WayBack(None if f.kind == "symmetric" else values(f.weight, "feedback weight"), back_delay)
    order = np.lexsort((target, delay, source))
    row = np.zeros(pre.size + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=pre.size), out=row[1:])
    if back is not None:
        back = WayBack(None if back.weight is None else back.weight[order], back.delay[order])
    s = Synapses(
        index, projection, pre, post, first, row, source[order].astype(np.int32), target[order].astype(np.int32),
        weight[order], delay[order], back,
    )  # fmt: skip
    _check_rule(s)
    if s.rule is not None:
        s.state = {k: np.full(len(s), float(v)) for k, v in s.rule.synapse_state.items()}
        s.post_state = {k: np.full(post.size, float(v)) for k, v in s.rule.neuron_state.items()}
    return s


def _refuse_negative(delay: np.ndarray, what: str, source: np.ndarray, target: np.ndarray) -> None:
    bad = np.flatnonzero(delay < 0)
    if bad.size:
        k = int(bad[0])
        raise NetworkError(
            f"{what} of {source[k]} -> {target[k]} is {delay[k]} s; a message cannot arrive before it was sent, "
            "so give a delay >= 0"
        )


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
    published = {*model.state, *({"psp", "psp_slope"} & set(model.handlers))}
    missing = sorted(rule.sees() - published)
    if missing:
        raise NetworkError(
            f"{s.name}: {type(rule).__name__} reads post.{missing[0]}, which {type(model).__name__} does not publish; "
            f"it has {', '.join(sorted(published))}"
        )


def _links(synapses: list[Synapses]) -> list[tuple[int, int, float]]:
    """(from, to, smallest delay) for every way a message can take between populations."""
    links = []
    for s in synapses:
        if len(s):
            links.append((s.pre.index, s.post.index, float(s.delay.min())))
            if s.back is not None:
                links.append((s.post.index, s.pre.index, float(s.back.delay.min())))
    return links


def _ranks(cells: list[Cells], links: list[tuple[int, int, float]]) -> list[int]:
    """Depth along zero-delay links. Raises NetworkError naming the populations of a cycle without delay."""
    after: list[list[int]] = [[] for _ in cells]
    for a, b, delay in links:
        if delay == 0.0:
            after[a].append(b)
    rank, state = [0] * len(cells), [0] * len(cells)
    path: list[int] = []

    def visit(a: int) -> int:
        """Longest zero-delay path starting at a."""
        if state[a] == 1:
            cycle = [cells[k].name for k in [*path[path.index(a) :], a]]
            raise NetworkError(
                f"the cycle {' -> '.join(cycle)} has no delay, so its events have no order; "
                "give at least one of its projections (or feedbacks) a delay above 0"
            )
        if state[a] == 0:
            state[a] = 1
            path.append(a)
            rank[a] = 1 + max((visit(b) for b in after[a]), default=-1)
            path.pop()
            state[a] = 2
        return rank[a]

    for a in range(len(cells)):
        visit(a)
    depth = [0] * len(cells)
    for a in sorted(range(len(cells)), key=lambda k: -rank[k]):  # sources of long paths first
        for b in after[a]:
            depth[b] = max(depth[b], depth[a] + 1)
    return depth


def _lookahead(cells: list[Cells], links: list[tuple[int, int, float]]) -> float:
    """Smallest delay with which a message can return to its own or an earlier population along some path."""
    reach = _reach(len(cells), links)
    place = [(c.rank, c.index) for c in cells]
    back = [d for a, b, d in links if reach[b, a] and place[b] <= place[a]]
    return min(back, default=math.inf)


def _reach(n: int, links: list[tuple[int, int, float]]) -> np.ndarray:
    """reach[a, b]: whether some path of links leads from a to b."""
    reach = np.eye(n, dtype=bool)
    for a, b, _ in links:
        reach[a, b] = True
    for k in range(n):
        reach |= np.outer(reach[:, k], reach[k])
    return reach


def _width(lookahead: float, constants: list[float]) -> float:
    """The largest power of two within the lookahead and a fixed number of the shortest time constant."""
    bound = min([lookahead, *(WIDEST * tau for tau in constants)])
    if bound == math.inf:
        return 1.0
    return math.ldexp(1.0, math.frexp(bound)[1] - 1)
