"""Spike times of one neuron with an adaptive threshold at 50 digits, found by scanning, without code of eventsnn.

Between two events the state (v, i, a) is advanced by the textbook propagators in mpmath. The distance of the voltage
from the threshold is looked at on a fine grid of each interval; every maximum of the grid is refined through the zero
of the slope, so that a crossing which is undone before the next grid point is seen as well.
"""

from dataclasses import dataclass, field

import mpmath as mp
import numpy as np

mp.mp.dps = 50


def solve(f, a, b):
    """The zero of f on [a, b], which it brackets, by bisection, which does not mind a double zero."""
    up = f(b) > 0
    for _ in range(150):
        middle = (a + b) / 2
        a, b = (a, middle) if (f(middle) > 0) == up else (middle, b)
    return b


@dataclass
class Run:
    """What the oracle found."""

    times: list = field(default_factory=list)
    states: list = field(default_factory=list)  # (time, v, i, a, held until) after every event
    missed: mp.mpf = mp.inf  # the smallest distance of any maximum that stayed below the threshold


class Oracle:
    """The neuron; parameters as in `eventsnn.AdaptiveLIF`, `bias` in the unit of v."""

    def __init__(self, bias=0.0, **given):
        names = ("tau_mem", "tau_syn", "tau_adapt", "beta", "v_threshold", "v_reset", "v_leak", "t_refractory")
        defaults = (20e-3, 5e-3, 200e-3, 0.2, 1.0, 0.0, 0.0, 0.0)
        for name, value in zip(names, defaults, strict=True):
            setattr(self, name, mp.mpf(given.pop(name, value)))
        self.subtract = given.pop("reset", "to_value") == "subtract"
        self.v_inf = self.v_leak + mp.mpf(bias)
        assert not given

    def move(self, v, i, a, u):
        """State after u free seconds."""
        tm, ts = self.tau_mem, self.tau_syn
        em, left = mp.exp(-u / tm), mp.exp(-u / ts) if ts else mp.mpf(0)
        psp = 0 if ts == 0 else u / tm * em if tm == ts else ts / (tm - ts) * (em - left)
        return self.v_inf + (v - self.v_inf) * em + i * psp, i * left, a * mp.exp(-u / self.tau_adapt)

    def excess(self, v, i, a, u):
        """Voltage minus threshold after u free seconds."""
        v, _, a = self.move(v, i, a, u)
        return v - self.v_threshold - self.beta * a

    def slope(self, v, i, a, u):
        """Its derivative."""
        v, i, a = self.move(v, i, a, u)
        return (self.v_inf + i - v) / self.tau_mem + self.beta * a / self.tau_adapt

    def crossing(self, state, length, run):
        """The first zero of the excess in [0, length), or None."""
        if self.excess(*state, mp.mpf(0)) >= 0:
            return mp.mpf(0)
        ends = [mp.mpf(0), *map(mp.mpf, self.grid(float(length))[1:-1]), length]
        rough, slope = self.rough(state, np.array(ends, float))
        peaks = (slope[:-1] > -1e-6) & (slope[1:] < 1e-6)
        for k in np.flatnonzero(peaks | (rough[1:] > -1e-9)):
            a, b = ends[k], ends[k + 1]
            top = b
            if self.slope(*state, a) > 0 > self.slope(*state, b):
                top = solve(lambda u: self.slope(*state, u), a, b)
                height = self.excess(*state, top)
                if height < 0:
                    run.missed = min(run.missed, -height)
            if self.excess(*state, top) >= 0:
                return solve(lambda u: self.excess(*state, u), a, top)
        return None

    def grid(self, length):
        """Times to look at, close together after the last event."""
        return np.unique(np.concatenate([[0.0], np.geomspace(1e-9 * length, length, 200), np.linspace(0, length, 400)]))

    def rough(self, state, u):
        """Excess and slope in float64, only to know where to look closely."""
        tm, ts, ta, beta, v_inf = (
            float(x) for x in (self.tau_mem, self.tau_syn, self.tau_adapt, self.beta, self.v_inf)
        )
        v, i, a = (float(x) for x in state)
        em, slow = np.exp(-u / tm), beta * a * np.exp(-u / ta)
        left = np.exp(-u / ts) if ts else 0 * u
        psp = 0 * u if ts == 0 else u / tm * em if tm == ts else ts / (tm - ts) * (em - left)
        v, i = v_inf + (v - v_inf) * em + i * psp, i * left
        return v - float(self.v_threshold) - slow, (v_inf + i - v) / tm + slow / ta

    def simulate(self, inputs, until, v=None):
        """Spikes in [0, until) for inputs (time, weight) in order of time."""
        run, now, until = Run(), mp.mpf(0), mp.mpf(until)
        state = (self.v_leak if v is None else mp.mpf(v), mp.mpf(0), mp.mpf(0))
        queue, release = [(mp.mpf(t), mp.mpf(w)) for t, w in inputs], mp.mpf(0)
        while True:
            while queue and queue[0][0] <= now:
                w = queue.pop(0)[1]
                v, i, a = state
                state = (v, i + w, a) if self.tau_syn else (v + w * (now >= release), i, a)
            run.states.append((now, *state, release))
            held = now < release
            event = min([until, *(t for t, _ in queue[:1]), *([release] if held else [])])
            u = None if held else self.crossing(state, event - now, run)
            if u is None:
                if event >= until:
                    return run
                moved = self.move(*state, event - now)
                state = (state[0] if held else moved[0], *moved[1:])
                now = event
                continue
            v, i, a = self.move(*state, u)
            now += u
            run.times.append(now)
            v = v - (self.v_threshold - self.v_reset) if self.subtract else self.v_reset
            state, release = (v, i, a + 1), now + self.t_refractory
