"""Leaky integrate-and-fire neuron that fires by chance: escape noise, in continuous time."""

import math
from typing import ClassVar

from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.model import State
from eventsnn.neurons.chance import Chance
from eventsnn.neurons.membrane import Membrane

WORD = 4294967296.0  # 2^32
HIGHEST_POWER = 60.0  # largest exponent of the hazard: by then it fires at once


class EscapeLIF(Membrane, Chance):
    """Leaky integrate-and-fire neuron with escape noise: the higher the voltage, the sooner it fires.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w
        hazard(v) = rate exp((v - v_threshold)/delta_u)

    is the probability per second that it fires, given that it has not (Gerstner and Kistler 2002, section 5.3; Jolivet
    et al. 2006, doi 10.1007/s00422-006-0068-3, and Pfister et al. 2006, doi 10.1162/neco.2006.18.6.1318, use this
    form). As `delta_u` goes to 0 it becomes `LIF`, and as it grows a Poisson source of rate `rate`.

    Spikes come by time rescaling: after each spike a unit exponential is drawn, and the next one is due when the
    integral of the hazard has reached it. That is exact in distribution, without a grid and without rejected trials.
    The draw is a hash of `stream`, which is drawn once for each neuron from the network's seed, and of the number of
    spikes so far; so it is the same on every engine. The integral is taken by Gauss-Legendre quadrature with eight
    points on stretches on which the exponent changes by at most 1.5; its relative error is about 1e-11, and below 1e-8.

    After a spike the voltage is set to `v_reset`, or, with `reset="subtract"`, lowered by `v_threshold - v_reset`: then
    v is the sum of the psps and of an after-potential of each spike, the spike response model. There is no absolute
    refractory period, because the hazard after a reset is low; `t_refractory` must be 0.

    With `reset_by="target"` a spike of its own has no effect on the voltage, and an error message below 0, a spike that
    a teacher wanted (`TargetTrains`), resets it: so it follows the target's history, and its hazard is that of the
    likelihood of the target.
    """

    rate: float = 100.0  # hazard at threshold [1/s]
    delta_u: float = 0.1  # voltage over which the hazard grows by a factor e, in the unit of v
    reset_by: str = "own"  # whose spikes reset it: its "own", or those of the "target"

    need: State = 0.0  # how much hazard is still to come until the next spike
    fired: State = 0.0  # spikes so far
    stream: State = 0.0  # key of this neuron's draws, from 0 to 2^32

    initial: ClassVar[dict[str, object]] = {"stream": uniform(0.0, WORD)}
    derived = (*Membrane.derived, "by_target", "faded", "steepness", "highest_power")  # type: ignore[assignment]

    def derive(self) -> dict[str, float]:
        """Check the parameters; constants of the closed forms."""
        constants = super().derive()
        for p in ("rate", "delta_u"):
            if not 0 < getattr(self, p) < math.inf:
                raise NetworkError(f"EscapeLIF.{p} is {getattr(self, p)}; it must be positive and finite")
        if self.t_refractory != 0.0:
            raise NetworkError(
                f"EscapeLIF.t_refractory is {self.t_refractory}; it must be 0, a reset lowers the hazard"
            )
        if self.reset_by not in ("own", "target"):
            raise NetworkError(f"EscapeLIF.reset_by is {self.reset_by!r}; it is 'own' or 'target'")
        return {
            **constants,
            "by_target": float(self.reset_by == "target"),
            "faded": 44.0 * constants["tau_slow"],  # exp(-44) = 8e-20 of a voltage is left
            "steepness": 1.0 / self.delta_u,
            "highest_power": HIGHEST_POWER,
        }

    def begin(self, cell):
        """The initial voltage, and the first draw."""
        self.start_up(cell)
        self.draw(cell)

    def draw(self, cell):
        """A unit exponential, from 64 bits."""
        u = self.hash(cell.stream, 2.0 * cell.fired) + self.hash(cell.stream, 2.0 * cell.fired + 1.0) / 4294967296.0
        cell.need = -math.log1p(-min(u, 0.9999999999999999))

    # -- between messages -----------------------------------------------------------------------------------------

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        cell.need -= self.hazard_until(cell, dt)
        self.relax(cell, dt)

    def receive(self, cell, w):
        """A spike of weight w arrives."""
        self.enter(cell, w)

    def hazard(self, cell, t):
        """The hazard t seconds from now, if nothing comes [1/s]."""
        v_inf = self.v_leak + cell.i_bias
        em = math.exp(-t * self.rate_mem)
        u = v_inf - self.v_threshold + (cell.v - v_inf) * em
        if cell.i != 0.0:
            u += cell.i * self.response(em, self.left_of_current(t), t)
        return self.rate * math.exp(min(u * self.steepness, self.highest_power))

    def over(self, cell, t, h):
        """Integral of the hazard from t to t + h seconds from now: Gauss-Legendre quadrature with eight points.

        Nodes and weights were computed with 40 digits from the zeros of the Legendre polynomial.
        """
        part = 0.18134189168918099148 * self.pair(cell, t, h, 0.40828267875217509753)
        part += 0.15685332293894364367 * self.pair(cell, t, h, 0.23723379504183550709)
        part += 0.11119051722668723527 * self.pair(cell, t, h, 0.1016667612931866302)
        part += 0.050614268145188129576 * self.pair(cell, t, h, 0.019855071751231884158)
        return h * part

    def pair(self, cell, t, h, x):
        """The hazard at two points that lie symmetrically on a stretch."""
        return self.hazard(cell, t + x * h) + self.hazard(cell, t + h - x * h)

    def stretch(self, cell, t, most):
        """How long a stretch from t on may be for the quadrature: at most `most`, and the longer the more has faded.

        The exponent changes by at most 1.5 or so on it, unless hardly anything is to be integrated.
        """
        h = min(most, max(self.tau_fast, 0.5 * t))
        here = self.hazard(cell, t)
        for _ in range(60):
            there = self.hazard(cell, t + h)
            early = self.hazard(cell, t + 0.3 * h)
            late = self.hazard(cell, t + 0.7 * h)
            top = max(here, early, late, there)
            if top <= 4.5 * min(here, early, late, there) or top * h <= 1e-16:
                return h
            h = 0.5 * h
        return h

    def hazard_until(self, cell, dt):
        """Integral of the hazard over the next dt seconds."""
        t = 0.0
        sum = 0.0
        while t < dt:
            if t >= self.faded:
                return sum + (dt - t) * self.hazard(cell, t)
            h = self.stretch(cell, t, dt - t)
            sum += self.over(cell, t, h)
            t = t + h if h < dt - t else dt
        return sum

    # -- spikes ---------------------------------------------------------------------------------------------------

    def next_spike(self, cell):
        """Seconds from now until the integral of the hazard reaches what was drawn."""
        t = 0.0
        need = cell.need
        if need <= 0.0:
            return 0.0
        while t < self.faded:
            h = self.stretch(cell, t, self.faded)
            part = self.over(cell, t, h)
            if part >= need:
                return t + self.reach(cell, t, h, need)
            need -= part
            t += h
        constant = self.hazard(cell, t)
        return t + need / constant if constant > 0.0 else math.inf

    def reach(self, cell, t, h, need):
        """When, from t on, the integral reaches what is needed: Newton's method, held in a bracket."""
        low = 0.0
        high = h
        x = min(h, need / self.hazard(cell, t))
        for _ in range(100):
            f = self.over(cell, t, x) - need
            if f < 0.0:
                low = x
            else:
                high = x
            new = x - f / self.hazard(cell, t + x)
            if abs(new - x) <= 4e-16 * (t + x):
                return x
            if not low < new < high:
                new = low + 0.5 * (high - low)
                if not low < new < high:
                    return high
            x = new
        return x

    def fire(self, cell, t):
        """The reset, and the next draw."""
        if self.by_target == 0.0:
            self.discharge(cell, 0.0)
        cell.fired += 1.0
        self.draw(cell)

    def on_error(self, cell, value):
        """A spike of the target resets a neuron that follows it."""
        if self.by_target > 0.0 and value < 0.0:
            self.discharge(cell, 0.0)

    def rest(self, cell):
        """Back to rest: no current; what was drawn stays."""
        self.settle_down(cell)

    def course(self, cell, u):
        """(rest, leak, drive, lasts): how the voltage above `v_threshold` goes on, u seconds from now."""
        v_inf = self.v_leak + cell.i_bias
        em = math.exp(-u * self.rate_mem)
        es = self.left_of_current(u)
        leak = (cell.v - v_inf) * em + cell.i * self.response(em, es, u)
        return v_inf - self.v_threshold, leak, cell.i * es, math.inf
