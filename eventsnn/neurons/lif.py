"""Leaky integrate-and-fire neuron with current-based exponential synapses, exact for any two time constants."""

import math

from eventsnn.errors import NetworkError
from eventsnn.linear import LinearNeuron
from eventsnn.model import State
from eventsnn.neurons.response import Response

NEAR = 0.1  # relative difference of the time constants below which a divided difference replaces two exponentials


class LIF(LinearNeuron, Response):
    """Leaky integrate-and-fire neuron, driven by synaptic currents that decay exponentially.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w

    With `tau_syn = 0` the current is a delta pulse: a spike of weight w makes v jump by w. When v reaches
    `v_threshold` the neuron fires; then v is set to `v_reset` (`reset="to_value"`) or lowered by
    `v_threshold - v_reset` (`reset="subtract"`). During `t_refractory` seconds v stays where the reset left it while
    the current goes on; delta pulses are lost. `t_refractory = math.inf` lasts until a `reset` message.

    The voltage is `v_inf + c0 exp(-s/tau_mem) + c1 phi(s)`, where `phi(s)` is `exp(-s/tau_syn)`, or, for time
    constants within a tenth of each other, the divided difference `(exp(-s/tau_mem) - exp(-s/tau_syn))/delta` with
    `delta = 1/tau_syn - 1/tau_mem`, which stays accurate down to equality, where it is `s exp(-s/tau_mem)`.

    With `tau_mem = tau_syn` an input is an alpha function, u exp(-u/tau)/tau: the alpha synapse of Comsa et al. 2020
    (arXiv 1907.13223). With `tau_mem = 2 tau_syn` a first spike is the root of a quadratic (Goeltz et al. 2021).

    Rotter and Diesmann 1999 (doi 10.1007/s004220050570) for exact integration; the crossing search is our own.
    """

    tau_mem: float = 20e-3  # membrane time constant [s]
    tau_syn: float = 5e-3  # synaptic time constant [s]; 0 for delta pulses
    v_threshold: float = 1.0  # firing threshold, in the unit of v
    v_reset: float = 0.0  # value after a spike, in the unit of v
    v_leak: float = 0.0  # leak level, in the unit of v
    t_refractory: float = 0.0  # refractory period [s]
    reset: str = "to_value"  # "to_value" or "subtract"

    v: State = math.nan  # membrane potential; starts at v_leak unless given
    i: State = 0.0  # synaptic current, in the unit of v
    i_bias: State = 0.0  # constant bias current, in the unit of v
    slope: State = 0.0  # dv/dt at the latest spike [1/s]
    hold: State = -1.0  # offset at which the refractory period ends; -1 when there is none
    v_hold: State = 0.0  # value of v during the refractory period

    kept = ("basis",)
    derived = ("delta", "tau_slow", "gap", "near", "pulse", "subtract", "unit", "v_safe", "moment", "turn", "top")

    def derive(self) -> dict[str, float]:
        """Check the parameters; constants of the closed forms."""
        name = type(self).__name__
        if not 0 < self.tau_mem < math.inf:
            raise NetworkError(f"{name}.tau_mem is {self.tau_mem}; it must be positive and finite (IF has no leak)")
        if not 0 <= self.tau_syn < math.inf:
            raise NetworkError(f"{name}.tau_syn is {self.tau_syn}; it must be finite, and 0 for delta pulses")
        if not self.v_reset < self.v_threshold:
            raise NetworkError(f"{name}.v_reset is {self.v_reset}; it must lie below v_threshold = {self.v_threshold}")
        if self.t_refractory < 0:
            raise NetworkError(f"{name}.t_refractory is {self.t_refractory}; it must not be negative")
        if self.reset not in ("to_value", "subtract"):
            raise NetworkError(f"{name}.reset is {self.reset!r}; it is 'to_value' or 'subtract'")
        for p in ("v_threshold", "v_reset", "v_leak"):
            if not math.isfinite(getattr(self, p)):
                raise NetworkError(f"{name}.{p} is {getattr(self, p)}; it must be finite")
        pulse = self.tau_syn == 0.0
        delta = 0.0 if pulse else 1.0 / self.tau_syn - 1.0 / self.tau_mem
        near = not pulse and abs(self.tau_mem - self.tau_syn) < NEAR * max(self.tau_mem, self.tau_syn)
        turn = 0.0
        if not pulse:
            turn = math.log(self.tau_mem / self.tau_syn) / delta if delta != 0.0 else self.tau_mem
        top = 1.0 if pulse else math.exp(-turn / self.tau_syn)  # where the psp is stationary it equals the current left
        return {
            "v_safe": self.v_threshold - 1e-9 * (self.v_threshold - self.v_reset),  # below: surely not at threshold
            "moment": 1e-12 * self.tau_mem,  # beyond any rounding of a crossing
            "turn": turn,  # when the psp is highest
            "top": top * 1.000001,  # the highest psp of a unit of current, and a little more
            "delta": delta,
            "gap": abs(delta),
            "tau_slow": max(self.tau_mem, self.tau_syn),
            "near": float(near),
            "pulse": float(pulse),
            "subtract": float(self.reset == "subtract"),
            # how much of the second coefficient one unit of current makes (dv/dt = i/tau_mem)
            "unit": 0.0 if pulse else (1.0 / self.tau_mem if near else -1.0 / (self.tau_mem * delta)),
        }

    def time_constants(self) -> tuple[float, ...]:
        """The time constants [s] of the exponentials."""
        return (self.tau_mem, self.tau_syn) if self.tau_syn > 0.0 else (self.tau_mem,)

    def begin(self, cell):
        """Coefficients from the initial v and i, at offset 0."""
        self.start_up(cell)

    def start_up(self, cell):
        """The same, for models that begin with more than that."""
        if math.isnan(cell.v):
            cell.v = self.v_leak
        cell.c1 = self.unit * cell.i
        cell.c0 = cell.v - self.v_leak - cell.i_bias - self.start(cell.c1)

    def rest(self, cell, s):
        """Back to rest at offset s: no current, no refractory period."""
        self.settle_down(cell, s)

    def settle_down(self, cell, s):
        """The same, for models that have more than that to put to rest."""
        cell.c0 = 0.0 - cell.i_bias * math.exp(s / self.tau_mem)
        cell.c1 = 0.0
        cell.hold = -1.0

    def start(self, c1):
        """What the second function contributes at offset 0."""
        return 0.0 if self.near > 0.0 else c1

    def phi(self, s):
        """The second function of time."""
        if self.pulse > 0.0:
            return 0.0
        if self.near == 0.0:
            return math.exp(-s / self.tau_syn)
        if self.gap == 0.0:
            return s * math.exp(-s / self.tau_slow)
        return math.exp(-s / self.tau_slow) * (-math.expm1(-self.gap * s) / self.gap)

    def factors(self, s):
        """What a unit weight arriving at offset s adds to the coefficients."""
        if self.pulse > 0.0:
            return math.exp(s / self.tau_mem), 0.0
        if self.near == 0.0:
            return -self.unit * math.exp(s / self.tau_mem), self.unit * math.exp(s / self.tau_syn)
        if self.gap == 0.0:
            e = self.unit * math.exp(s / self.tau_mem)
            return -e * s, e
        f0 = -self.unit * math.exp(s / self.tau_mem) * (math.expm1(self.delta * s) / self.delta)
        return f0, self.unit * math.exp(s / self.tau_syn)

    def decay(self, dt):
        """The linear map of the coefficients over dt: c0 becomes d00 c0 + d01 c1, and c1 becomes d11 c1."""
        if self.near > 0.0:
            return math.exp(-dt / self.tau_mem), self.phi(dt), math.exp(-dt / self.tau_syn)
        return math.exp(-dt / self.tau_mem), 0.0, self.phi(dt)

    def shift(self, cell, dt):
        """Move the origin of time by dt while no refractory period ends."""
        d00, d01, d11 = self.decay(dt)
        cell.c0 = cell.c0 * d00 + cell.c1 * d01
        cell.c1 = cell.c1 * d11

    def rebase(self, cell, dt):
        """Move the origin of time by dt; a refractory period that ends on the way releases the voltage."""
        if cell.hold < 0.0:
            self.shift(cell, dt)
        elif cell.hold > dt:
            self.shift(cell, dt)
            cell.hold -= dt
        else:
            rest = dt - cell.hold
            self.shift(cell, cell.hold)
            cell.c0 = cell.v_hold - self.v_leak - cell.i_bias - self.start(cell.c1)
            cell.hold = -1.0
            self.shift(cell, rest)

    def settle(self, cell, s):
        """End a refractory period that ended at or before s: from there the voltage moves on from where it was held."""
        if 0.0 <= cell.hold <= s:
            held = cell.v_hold - self.v_leak - cell.i_bias - cell.c1 * self.phi(cell.hold)
            cell.c0 = held * math.exp(cell.hold / self.tau_mem)
            cell.hold = -1.0

    def voltage(self, c0, c1, v_inf, s):
        """The voltage at offset s while not refractory."""
        return v_inf + c0 * math.exp(-s / self.tau_mem) + c1 * self.phi(s)

    def velocity(self, c0, c1, s):
        """The time derivative of the voltage at offset s while not refractory."""
        return self.rise(c0, c1, s, math.exp(-s / self.tau_mem), self.phi(s))

    def rise(self, c0, c1, s, e, p):
        """The same, given what the two functions of time are there."""
        if self.pulse > 0.0:
            return -c0 * e / self.tau_mem
        if self.near == 0.0:
            return -c0 * e / self.tau_mem - c1 * p / self.tau_syn
        return -c0 * e / self.tau_mem + c1 * (math.exp(-s / self.tau_syn) - p / self.tau_mem)

    def peak(self, c0, c1):
        """The offset at which the voltage is stationary; -inf if it never is, or only where all has faded."""
        if c1 == 0.0 or self.pulse > 0.0:
            return -math.inf
        if self.near > 0.0 and self.gap == 0.0:
            turn = self.tau_mem - c0 / c1
        elif self.near > 0.0:
            x = self.delta * (c0 / c1)
            turn = (math.log1p(self.delta * self.tau_mem) - math.log1p(x)) / self.delta if x > -1.0 else -math.inf
        else:
            x = -c1 * self.tau_mem / (c0 * self.tau_syn) if c0 != 0.0 else -1.0
            turn = math.log(x) / self.delta if x > 0.0 else -math.inf
        return turn if turn < math.inf else -math.inf

    def first(self, c0, c1, v_inf, s):
        """The first offset >= s at which a voltage that is not held reaches the threshold.

        The voltage has at most one stationary point, so on the interval left after the case distinction it rises. A
        peak that touches the threshold counts, as far as float64 can tell the two apart.
        """
        e = math.exp(-s / self.tau_mem)
        p = self.phi(s)
        if v_inf + c0 * e + c1 * p >= self.v_threshold:
            return s
        rises = self.rise(c0, c1, s, e, p) > 0.0
        if not rises and v_inf <= self.v_threshold:
            return math.inf
        turn = self.peak(c0, c1)
        if turn > s and rises:
            if self.voltage(c0, c1, v_inf, turn) < self.v_threshold:
                return math.inf
            return self.root(c0, c1, v_inf, s, turn)
        if v_inf <= self.v_threshold:
            return math.inf
        low = max(s, turn)
        step = self.tau_slow
        for _ in range(64):
            if self.voltage(c0, c1, v_inf, low + step) >= self.v_threshold:
                return self.root(c0, c1, v_inf, low, low + step)
            step = step + step
        return math.inf

    def root(self, c0, c1, v_inf, low, high):
        """The crossing on [low, high], where the voltage rises through the threshold.

        Newton's method from the left, which on a concave rise comes ever closer without passing the root; where it
        would leave the bracket, because the rise begins convex or the slope has vanished, the bracket is halved.
        """
        s = low
        for _ in range(200):
            e = math.exp(-s / self.tau_mem)
            p = self.phi(s)
            f = v_inf + c0 * e + c1 * p - self.v_threshold
            if f < 0.0:
                low = s
            else:
                high = s
            d = self.rise(c0, c1, s, e, p)
            new = s - f / d if d > 0.0 else high
            if abs(new - s) <= 2e-16 * abs(s):
                return s  # no float64 is closer
            if not low < new < high:
                new = low + 0.5 * (high - low)
                if not low < new < high:
                    return high
            s = new
        return s

    def crossing(self, cell, s):
        """The first offset >= s at which the voltage reaches the threshold."""
        v_inf = self.v_leak + cell.i_bias
        if cell.hold < 0.0:
            return self.first(cell.c0, cell.c1, v_inf, s)
        if cell.hold == math.inf:
            return math.inf
        c1 = cell.c1 * math.exp(-cell.hold / self.tau_syn) if self.pulse == 0.0 else 0.0
        c0 = cell.v_hold - v_inf - self.start(c1)
        return cell.hold + self.first(c0, c1, v_inf, 0.0)

    def fire(self, cell, s):
        """The reset, and the start of the refractory period."""
        v_inf = self.v_leak + cell.i_bias
        cell.slope = self.velocity(cell.c0, cell.c1, s)
        v = self.v_reset
        if self.subtract > 0.0:
            v = self.voltage(cell.c0, cell.c1, v_inf, s) - (self.v_threshold - self.v_reset)
        if self.t_refractory > 0.0:
            cell.hold = s + self.t_refractory
            cell.v_hold = v
        else:
            cell.c0 = (v - v_inf - cell.c1 * self.phi(s)) * math.exp(s / self.tau_mem)

    def observe(self, cell, s):
        """Write v and i as they are at offset s."""
        cell.v = self.potential(cell, s)
        cell.i = cell.c1 * math.exp(-s / self.tau_syn) / self.unit if self.pulse == 0.0 else 0.0

    def potential(self, cell, s):
        """The voltage at offset s, refractory or not."""
        v_inf = self.v_leak + cell.i_bias
        if cell.hold < 0.0:
            return self.voltage(cell.c0, cell.c1, v_inf, s)
        if s < cell.hold:
            return cell.v_hold
        c1 = cell.c1 * math.exp(-cell.hold / self.tau_syn) if self.pulse == 0.0 else 0.0
        return self.voltage(cell.v_hold - v_inf - self.start(c1), c1, v_inf, s - cell.hold)

    def course(self, cell, s):
        """(rest, leak, drive, lasts): for `lasts` seconds from offset s, v - v_threshold is rest + leak e + drive psp.

        Here e decays from 1 with tau_mem, and psp is the effect of a unit of current, both counted from s.
        """
        v_inf = self.v_leak + cell.i_bias
        if cell.hold >= 0.0 and s < cell.hold:
            return cell.v_hold - self.v_threshold, 0.0, 0.0, cell.hold - s
        b0, b1, g = self.basis(s)
        if cell.hold < 0.0:
            rest, leak, drive = self.open_course(v_inf, cell.c0, cell.c1, b0, b1, g)
            return rest, leak, drive, math.inf
        c1 = cell.c1 * math.exp(-cell.hold / self.tau_syn) if self.pulse == 0.0 else 0.0
        v = self.voltage(cell.v_hold - v_inf - self.start(c1), c1, 0.0, s - cell.hold)
        return v_inf - self.v_threshold, v, cell.c1 * g, math.inf

    def open_course(self, level, c0, c1, b0, b1, g):
        """(rest, leak, drive) of a voltage that is not held: its `level`, coefficients, and `basis` at the time."""
        return level - self.v_threshold, c0 * b0 + c1 * b1, c1 * g

    def level(self, cell):
        """The voltage that the neuron goes to without input."""
        return self.v_leak + cell.i_bias

    def basis(self, s):
        """(b0, b1, g): at offset s the voltage is level + c0 b0 + c1 b1, and the current c1 g."""
        if self.pulse > 0.0:
            return math.exp(-s / self.tau_mem), 0.0, 0.0
        e = math.exp(-s / self.tau_syn)
        return math.exp(-s / self.tau_mem), e if self.near == 0.0 else self.phi(s), e / self.unit

    def calm(self, level, v, i):
        """A time within which a voltage v with current i surely does not reach the threshold without input.

        The highest voltage is a maximum of linear functions of v and i, so it is convex: between v at its level, where
        it is `top` times i above that, and v where i holds it, it is at most in proportion. If that is too high, the
        voltage goes at most where the present current drives it to. The time that takes is tau_mem times a logarithm,
        of whose series all terms are positive: some of them are a bound.
        """
        drive = max(i, 0.0)
        room = self.v_safe - v
        if room <= 0.0:
            return 0.0
        high = max(v - level, 0.0)
        if level + high + max(drive - high, 0.0) * self.top < self.v_safe:
            return math.inf
        rise = level + drive - v
        if rise <= room:
            return math.inf
        x = room / rise
        return x * (1.0 + x * (0.5 + x * 0.33)) * self.tau_mem - self.moment

    def calm_after(self, cell):
        """Such a time after a refractory period."""
        i = cell.c1 * math.exp(-cell.hold / self.tau_syn) / self.unit if self.pulse == 0.0 else 0.0
        return self.calm(self.level(cell), cell.v_hold, i)

    def trend(self, level, v, i):
        """Which way the voltage goes."""
        return level + i - v

    def horizon(self, span):
        """(go, per): the part of the way to its level, and the excitation that raises the voltage by at most 1."""
        per = self.top if span >= self.turn else self.psp(span) * 1.000001
        return -math.expm1(-span / self.tau_mem), 1.0 / per

    def headroom(self, level, v, i, go, per):
        """How much excitation may arrive within a horizon while the voltage surely stays below the threshold.

        Of the present current, what holds a voltage above its level raises it no further; see `calm`.
        """
        return (self.v_safe - v - max(level - v, 0.0) * go) * per - max(i - max(v - level, 0.0), 0.0)

    def fade(self, u):
        """What is left of a voltage after u seconds."""
        return math.exp(-u / self.tau_mem)

    def slope_after(self, slope):
        """Slope of the voltage just after a reset, given that just before it [1/s]."""
        return slope + (self.v_threshold - self.v_reset) / self.tau_mem
