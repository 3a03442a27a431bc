"""From the description to numbers: one plan for every engine.

The plan fixes the numbering of neurons and synapses, the ranks (depth along zero-delay projections), the rows and
columns of every projection, the lookahead and the width of a window. It refuses what no engine may run.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eventsnn.errors import NetworkError
from eventsnn.footprint import needed
from eventsnn.graph import Description, Population
from eventsnn.linear import LinearNeuron
from eventsnn.synapses import Cells, Synapses, draw_cells, draw_synapses

__all__ = ["Cells", "Plan", "Synapses", "make_plan"]

WIDEST = 16.0  # widest window, in units of the shortest time constant: exp(16) costs no precision


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
        """The plan of a population.

        Raises:
            NetworkError: it is not one of this network.
        """
        for c in self.cells:
            if c.population is population:
                return c
        raise NetworkError(
            f"{population!r} is no population of this network; give what net.add or net.population returned"
        )


def make_plan(description: Description, progress: bool = False) -> Plan:
    """Number, draw and check everything.

    Args:
        progress: show a bar with the synapses drawn so far.

    Raises:
        NetworkError: what no engine may run; names the value, the place and the remedy.
    """
    cells = [draw_cells(description, k) for k in range(len(description.populations))]
    offset = 0
    for c in cells:
        c.offset = offset
        offset += c.size
    synapses = _draw_all(description, cells, progress)
    for c in cells:
        onto = [s for s in synapses if s.post is c]
        c.incoming = sum((np.bincount(s.target, minlength=c.size) for s in onto), np.zeros(c.size, np.int64))
        c.learning = [s.rule for s in onto if s.rule is not None]
        answering = [s.post.size for s in synapses if s.pre is c and s.back is not None]
        c.lines = max([s.pre.size for s in onto] + answering, default=0)
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


def _draw_all(description: Description, cells: list[Cells], progress: bool) -> list[Synapses]:
    bar = None
    if progress:
        from tqdm import tqdm

        bar = tqdm(total=needed(description)[1], unit=" synapses", unit_scale=True, desc="building")
    synapses: list[Synapses] = []
    first = 0
    for projection in description.projections:
        s = draw_synapses(description.seed, projection, cells, len(synapses), first)
        synapses.append(s)
        first += len(s)
        if bar is not None:
            bar.update(len(s))
    if bar is not None:
        bar.close()
    return synapses


def _links(synapses: list[Synapses]) -> list[tuple[int, int, float]]:
    """(from, to, smallest delay) for every way a message can take between populations."""
    links = []
    for s in synapses:
        if len(s):
            links.append((s.pre.index, s.post.index, float(s.delay.min())))
            if s.back is not None:
                links.append((s.post.index, s.pre.index, float(s.back.delay.min())))
            if s.wait > 0.0:  # a spike that waits at its synapse is a message of the target to itself
                links.append((s.post.index, s.post.index, s.wait))
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
