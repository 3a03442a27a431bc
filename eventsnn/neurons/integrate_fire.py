"""Non-leaky integrate-and-fire neuron with exponential synaptic current: the neuron of exact spike-time learning."""

import math

from eventsnn.errors import NetworkError
from eventsnn.linear import LinearNeuron
from eventsnn.model import State


class IF(LinearNeuron):
    """Integrate-and-fire neuron without leak, constant work per message and two numbers of state.

        dv/dt = i / tau_syn,     tau_syn di/dt = -i,     a spike of weight w: i += w

    so an input of weight w raises v by w (1 - exp(-u/tau_syn)) after u seconds, and by w in the end. With
    `z = exp(t/tau_syn)`, S the sum of the weights and A the sum of w z over the inputs so far, the threshold is
    reached at `z = A / (S - v_threshold)` (Mostafa 2018, doi 10.1109/TNNLS.2017.2726060, equation 6). Here S is c0
    and -A is c1, with times relative to the window so that nothing overflows. With `tau_syn = 0` v jumps by w.

    `t_refractory = math.inf` gives a neuron that fires once and then waits for a `reset` message (first-spike code).
    """

    tau_syn: float = 1.0  # synaptic time constant [s]; 0 for delta pulses
    v_threshold: float = 1.0  # firing threshold, in the unit of v
    v_reset: float = 0.0  # value after a spike, in the unit of v
    t_refractory: float = math.inf  # refractory period [s]; infinite: until a `reset` message
    reset: str = "to_value"  # "to_value" or "subtract"

    v: State = 0.0  # membrane potential
    i: State = 0.0  # synaptic current, in the unit of v
    slope: State = 0.0  # dv/dt at the latest spike [1/s]
    hold: State = -1.0  # offset at which the refractory period ends; -1 when there is none
    v_hold: State = 0.0  # value of v during the refractory period

    derived = ("pulse", "subtract", "v_safe", "moment")

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        name = type(self).__name__
        if not 0 <= self.tau_syn < math.inf:
            raise NetworkError(f"{name}.tau_syn is {self.tau_syn}; it must be finite, and 0 for delta pulses")
        if not -math.inf < self.v_reset < self.v_threshold < math.inf:
            raise NetworkError(f"{name}.v_reset is {self.v_reset}; it must lie below v_threshold = {self.v_threshold}")
        if self.t_refractory < 0:
            raise NetworkError(f"{name}.t_refractory is {self.t_refractory}; it must not be negative")
        if self.reset not in ("to_value", "subtract"):
            raise NetworkError(f"{name}.reset is {self.reset!r}; it is 'to_value' or 'subtract'")
        return {
            "pulse": float(self.tau_syn == 0.0),
            "subtract": float(self.reset == "subtract"),
            "v_safe": self.v_threshold - 1e-9 * (self.v_threshold - self.v_reset),  # below: surely not at threshold
            "moment": 1e-12 * self.tau_syn,  # beyond any rounding of a crossing
        }

    def time_constants(self) -> tuple[float, ...]:
        """The time constants [s] of the exponentials."""
        return (self.tau_syn,) if self.tau_syn > 0.0 else ()

    def begin(self, cell):
        """Coefficients from the initial v and i, at offset 0."""
        cell.c0 = cell.v + cell.i
        cell.c1 = -cell.i

    def rest(self, cell, s):
        """Back to rest at offset s: no current, no refractory period."""
        cell.c0 = 0.0
        cell.c1 = 0.0
        cell.hold = -1.0

    def left(self, u):
        """What is left after u seconds of a unit of current."""
        return math.exp(-u / self.tau_syn) if self.pulse == 0.0 else 0.0

    def factors(self, s):
        """What a unit weight arriving at offset s adds to the coefficients."""
        if self.pulse > 0.0:
            return 1.0, 0.0
        return 1.0, -math.exp(s / self.tau_syn)

    def rebase(self, cell, dt):
        """Move the origin of time by dt; a refractory period that ends on the way releases the voltage."""
        if 0.0 <= cell.hold <= dt:
            rest = dt - cell.hold
            cell.c1 = cell.c1 * self.left(cell.hold)
            cell.c0 = cell.v_hold - cell.c1
            cell.c1 = cell.c1 * self.left(rest)
            cell.hold = -1.0
        else:
            cell.c1 = cell.c1 * self.left(dt)
            if cell.hold > dt:
                cell.hold -= dt

    def settle(self, cell, s):
        """End a refractory period that ended at or before s: from there the voltage moves on from where it was held."""
        if 0.0 <= cell.hold <= s:
            cell.c0 = cell.v_hold - cell.c1 * self.left(cell.hold)
            cell.hold = -1.0

    def first(self, c0, c1, s):
        """The first offset >= s at which a voltage that is not held reaches the threshold, in closed form."""
        if c0 + c1 * self.left(s) >= self.v_threshold:
            return s
        if c0 <= self.v_threshold or c1 >= 0.0:
            return math.inf
        return max(s, self.tau_syn * math.log(c1 / (self.v_threshold - c0)))

    def crossing(self, cell, s):
        """The first offset >= s at which the voltage reaches the threshold."""
        if cell.hold < 0.0:
            return self.first(cell.c0, cell.c1, s)
        if cell.hold == math.inf:
            return math.inf
        c1 = cell.c1 * self.left(cell.hold)
        return cell.hold + self.first(cell.v_hold - c1, c1, 0.0)

    def fire(self, cell, s):
        """The reset, and the start of the refractory period."""
        e = cell.c1 * self.left(s)
        cell.slope = -e / self.tau_syn if self.pulse == 0.0 else 0.0
        v = cell.c0 + e - (self.v_threshold - self.v_reset) if self.subtract > 0.0 else self.v_reset
        if self.t_refractory > 0.0:
            cell.hold = s + self.t_refractory
            cell.v_hold = v
        else:
            cell.c0 = v - e

    def observe(self, cell, s):
        """Write v and i as they are at offset s."""
        if cell.hold < 0.0:
            cell.v = cell.c0 + cell.c1 * self.left(s)
        elif s < cell.hold:
            cell.v = cell.v_hold
        else:
            c1 = cell.c1 * self.left(cell.hold)
            cell.v = cell.v_hold - c1 + c1 * self.left(s - cell.hold)
        cell.i = -cell.c1 * self.left(s)

    def decay(self, dt):
        """The linear map of the coefficients over dt: c0 becomes d00 c0 + d01 c1, and c1 becomes d11 c1."""
        return 1.0, 0.0, self.left(dt)

    def level(self, cell):
        """A non-leaky neuron goes nowhere by itself."""
        return 0.0

    def basis(self, s):
        """(b0, b1, g): at offset s the voltage is c0 b0 + c1 b1, and the current c1 g."""
        e = self.left(s)
        return 1.0, e, -e

    def calm(self, level, v, i):
        """A time within which a voltage v with current i surely does not reach the threshold without input."""
        room = self.v_safe - v
        if room <= 0.0:
            return 0.0
        return room * self.tau_syn / i - self.moment if i >= room else math.inf

    def calm_after(self, cell):
        """Such a time after a refractory period."""
        return self.calm(0.0, cell.v_hold, -cell.c1 * self.left(cell.hold))

    def trend(self, level, v, i):
        """Which way the voltage goes."""
        return i

    def horizon(self, span):
        """(go, per): it goes nowhere by itself, and this much excitation raises the voltage by at most 1."""
        return 0.0, 1.0 / (self.psp(span) * 1.000001)

    def headroom(self, level, v, i, go, per):
        """How much excitation may arrive within a horizon while the voltage surely stays below the threshold."""
        return (self.v_safe - v) * per - max(i, 0.0)

    def psp(self, u):
        """Voltage u seconds after a spike of weight 1 arrived at rest."""
        if u < 0.0:
            return 0.0
        if self.pulse > 0.0:
            return 1.0
        left = math.exp(-u / self.tau_syn)  # the exponential of `psp_slope`, so that both cost one
        return 1.0 - left if left < 0.9 else -math.expm1(-u / self.tau_syn)  # where digits would cancel

    def psp_slope(self, u):
        """Time derivative of `psp` [1/s]."""
        if u < 0.0 or self.pulse > 0.0:
            return 0.0
        return math.exp(-u / self.tau_syn) / self.tau_syn

    def fade(self, u):
        """What is left of a voltage after u seconds: all of it."""
        return 1.0

    def slope_after(self, slope):
        """Slope of the voltage just after a reset, given that just before it [1/s]: the current is the same."""
        return slope
