"""Spike times of one neuron at 50 digits, found by scanning: an answer that shares no formula with the package.

Between two events the neuron is (v, i) with the textbook propagators in mpmath. A crossing is looked for on a fine
grid of each interval; every local maximum of the grid is refined by bisection of the slope, so that a voltage which
rises above the threshold and falls again between two grid points is seen as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import mpmath as mp
import numpy as np

mp.mp.dps = 50
ZERO, ONE = mp.mpf(0), mp.mpf(1)


@dataclass(frozen=True)
class Cell:
    """Parameters as in `eventsnn.LIF`; `tau_mem = inf` is `eventsnn.IF`, driven by i / tau_syn."""

    tau_mem: float
    tau_syn: float
    v_threshold: float = 1.0
    v_reset: float = 0.0
    v_leak: float = 0.0
    t_refractory: float = 0.0
    subtract: bool = False
    i_bias: float = 0.0

    @property
    def leaky(self) -> bool:
        return self.tau_mem < np.inf

    def decays(self, u: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
        """What is left of voltage and current after u seconds."""
        em = mp.exp(-u / mp.mpf(self.tau_mem)) if self.leaky else ONE
        es = mp.exp(-u / mp.mpf(self.tau_syn)) if self.tau_syn > 0 else ZERO
        return em, es

    def psp(self, u: mp.mpf) -> mp.mpf:
        """Voltage that a current of 1 at time 0 has caused after u seconds."""
        if self.tau_syn == 0:
            return ZERO
        em, es = self.decays(u)
        if not self.leaky:
            return ONE - es
        tm, ts = mp.mpf(self.tau_mem), mp.mpf(self.tau_syn)
        return u / tm * em if tm == ts else ts / (tm - ts) * (em - es)


@dataclass
class Piece:
    """The neuron from `start` on, until the next event: free from v and i, or held at v while i decays."""

    cell: Cell
    start: mp.mpf
    v: mp.mpf
    i: mp.mpf
    held: bool

    def at(self, u: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
        """v and i after u seconds."""
        c = self.cell
        em, es = c.decays(u)
        if self.held:
            return self.v, self.i * es
        v_inf = mp.mpf(c.v_leak) + mp.mpf(c.i_bias) if c.leaky else ZERO
        return v_inf + (self.v - v_inf) * em + self.i * c.psp(u), self.i * es

    def slope(self, u: mp.mpf) -> mp.mpf:
        """dv/dt after u seconds."""
        c = self.cell
        v, i = self.at(u)
        if self.held:
            return ZERO
        if not c.leaky:
            return i / mp.mpf(c.tau_syn) if c.tau_syn > 0 else ZERO
        return (mp.mpf(c.v_leak) + mp.mpf(c.i_bias) + i - v) / mp.mpf(c.tau_mem)

    def crossing(self, length: mp.mpf, points: int = 160) -> tuple[mp.mpf | None, mp.mpf]:
        """The first time the voltage reaches the threshold within `length`, and how far the highest peak missed it."""
        threshold = mp.mpf(self.cell.v_threshold)
        if self.held or length <= 0:
            return None, mp.inf
        if self.v >= threshold:
            return ZERO, mp.inf
        grid = self._grid(float(length), points)
        rough = self._rough(grid)
        inner = np.flatnonzero((rough[1:-1] >= rough[:-2]) & (rough[1:-1] >= rough[2:])) + 1
        missed = mp.inf
        ends = [mp.mpf(u) for u in grid]
        ends[-1] = length
        for k in sorted({*inner.tolist(), *np.flatnonzero(rough[1:] > self.cell.v_threshold - 1e-6).tolist()}):
            a, b = ends[max(k - 1, 0)], ends[min(k + 1, len(ends) - 1)]
            top = self._top(a, b)
            excess = self.at(top)[0] - threshold
            missed = min(missed, abs(excess))
            if excess >= 0:
                return self._root(a, top), missed
        return None, missed

    def _grid(self, length: float, points: int) -> np.ndarray:
        shortest = min(t for t in (self.cell.tau_mem, self.cell.tau_syn) if t > 0)
        fine = np.geomspace(min(1e-9 * shortest, length / 2), length, points)
        return np.unique(np.concatenate([[0.0], fine, np.linspace(0, length, points)]))

    def _rough(self, u: np.ndarray) -> np.ndarray:
        """The voltage on a grid in float64, only to know where to look closely."""
        c, v, i = self.cell, float(self.v), float(self.i)
        es = np.exp(-u / c.tau_syn) if c.tau_syn > 0 else np.zeros_like(u)
        if not c.leaky:
            return v + i * (1 - es)
        em = np.exp(-u / c.tau_mem)
        apart = c.tau_mem - c.tau_syn
        if abs(apart) > 1e-3 * c.tau_mem:
            psp = c.tau_syn / apart * (em - es)
        else:
            psp = em * u / c.tau_mem * (1 - u * apart / (2 * c.tau_mem * c.tau_syn))
        return c.v_leak + c.i_bias + (v - c.v_leak - c.i_bias) * em + i * psp

    def _top(self, a: mp.mpf, b: mp.mpf) -> mp.mpf:
        """Where the voltage is highest on [a, b], which holds at most one peak."""
        if self.slope(b) >= 0:
            return b
        if self.slope(a) <= 0:
            return a
        return _solve(self.slope, a, b)

    def _root(self, a: mp.mpf, b: mp.mpf) -> mp.mpf:
        threshold = mp.mpf(self.cell.v_threshold)

        def f(u: mp.mpf) -> mp.mpf:
            return self.at(u)[0] - threshold

        if f(b) == 0:
            return b
        return _solve(f, a, b)


def _solve(f: Callable[[mp.mpf], mp.mpf], a: mp.mpf, b: mp.mpf) -> mp.mpf:
    """The zero of f on [a, b], which it brackets, to more than 40 digits."""
    return mp.findroot(f, (a, b), solver="anderson", tol=mp.mpf(10) ** -48 * b, maxsteps=500, verify=False)


@dataclass
class Run:
    """What the oracle found."""

    times: list[mp.mpf] = field(default_factory=list)
    slopes: list[mp.mpf] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    missed: mp.mpf = mp.inf  # the smallest distance between any peak and the threshold

    def at(self, t: float) -> tuple[mp.mpf, mp.mpf]:
        """v and i at a time, just after the events of that time."""
        piece = [p for p in self.pieces if p.start <= t][-1]
        return piece.at(mp.mpf(t) - piece.start)


def simulate(cell: Cell, inputs: list[tuple[float, float]], until: float, v0: float | None = None) -> Run:
    """Spikes of one neuron in [0, until).

    Args:
        inputs: (time, weight), in order of time.
    """
    run = Run()
    queue = [(mp.mpf(t), mp.mpf(w)) for t, w in inputs]
    piece = Piece(cell, ZERO, mp.mpf(cell.v_leak if v0 is None else v0), ZERO, False)
    release = mp.inf
    end = mp.mpf(until)
    while True:
        piece, queue = _enter(piece, queue)
        run.pieces.append(piece)
        event = min([release, end, *(t for t, _ in queue[:1])])
        u, missed = piece.crossing(event - piece.start)
        run.missed = min(run.missed, missed)
        if u is not None:
            piece, release = _fire(run, piece, u)
            continue
        if event >= end:
            return run
        v, i = piece.at(event - piece.start)
        piece = Piece(cell, event, v, i, piece.held and event < release)
        if event == release:
            release = mp.inf


def _enter(piece: Piece, queue: list[tuple[mp.mpf, mp.mpf]]) -> tuple[Piece, list[tuple[mp.mpf, mp.mpf]]]:
    """Everything that arrives at the start of a piece enters."""
    while queue and queue[0][0] == piece.start:
        w = queue[0][1]
        if piece.cell.tau_syn > 0:
            piece = Piece(piece.cell, piece.start, piece.v, piece.i + w, piece.held)
        elif not piece.held:
            piece = Piece(piece.cell, piece.start, piece.v + w, piece.i, False)
        queue = queue[1:]
    return piece, queue


def _fire(run: Run, piece: Piece, u: mp.mpf) -> tuple[Piece, mp.mpf]:
    cell = piece.cell
    v, i = piece.at(u)
    t = piece.start + u
    run.times.append(t)
    run.slopes.append(piece.slope(u))
    distance = mp.mpf(cell.v_threshold) - mp.mpf(cell.v_reset)
    after = v - distance if cell.subtract else mp.mpf(cell.v_reset)
    release = t + mp.mpf(cell.t_refractory) if cell.t_refractory > 0 else mp.inf
    return Piece(cell, t, after, i, cell.t_refractory > 0), release


def superposition(cell: Cell, inputs: list[tuple[float, float]], t: float) -> mp.mpf:
    """The voltage at t of a neuron that has not fired, as a sum over its inputs."""
    v = mp.mpf(cell.v_leak)
    if cell.leaky:
        v += mp.mpf(cell.i_bias) * (1 - cell.decays(mp.mpf(t))[0])
    return v + sum((mp.mpf(w) * cell.psp(mp.mpf(t) - mp.mpf(s)) for s, w in inputs if s <= t), ZERO)
