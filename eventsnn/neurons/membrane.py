"""What neurons share whose voltage is driven by an exponential current and meets a threshold that may itself decay."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, State

NEAR = 0.1  # relative difference of the time constants below which a divided difference replaces two exponentials
LONGEST = 750.0  # time constants after which an exponential is 0 in float64


class Membrane(Neuron, abstract=True):
    """Leaky membrane with an exponential synaptic current, and an exact search for its first threshold crossing.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w

    With `tau_syn = 0` a spike of weight w makes v jump by w. The threshold is `v_threshold + b exp(-t/tau)`; a model
    hands the present b to `wait` and derives the constants of tau; b = 0 is a threshold at rest.

    What has to be found is the first zero of a sum of a constant and three exponentials, the distance f of the voltage
    from the threshold. Its slope times exp(t/tau_mem) has at most one stationary point, `turn`, which is a logarithm;
    so on either side of it the slope changes sign at most once, and f is bracketed by its own extrema. Nothing is
    missed, also when the voltage rises above the threshold and falls again before the next message.
    """

    tau_mem: float = 20e-3  # membrane time constant [s]
    tau_syn: float = 5e-3  # synaptic time constant [s]; 0 for delta pulses
    v_threshold: float = 1.0  # firing threshold at rest, in the unit of v
    v_reset: float = 0.0  # value after a spike, in the unit of v
    v_leak: float = 0.0  # leak level, in the unit of v
    t_refractory: float = 0.0  # refractory period [s]
    reset: str = "to_value"  # "to_value", or "subtract" to lower v by v_threshold - v_reset

    v: State = math.nan  # membrane potential; starts at v_leak unless given
    i: State = 0.0  # synaptic current, in the unit of v
    i_bias: State = 0.0  # constant bias current, in the unit of v
    slope: State = 0.0  # d(v - threshold)/dt at the latest spike [1/s]
    left: State = 0.0  # what is left of the refractory period [s]

    derived = (
        "gap", "delta", "log_ratio", "tau_slow", "near", "pulse", "subtract", "unit", "top", "v_safe", "spread", "bend",
        "rate_mem", "rate_syn", "rate_third", "longest", "tau_fast",
    )  # fmt: skip

    def derive(self) -> dict[str, float]:
        """Check the parameters; constants of the closed forms."""
        name = type(self).__name__
        if not 0 < self.tau_mem < math.inf:
            raise NetworkError(f"{name}.tau_mem is {self.tau_mem}; it must be positive and finite")
        if not 0 <= self.tau_syn < math.inf:
            raise NetworkError(f"{name}.tau_syn is {self.tau_syn}; it must be finite, and 0 for delta pulses")
        for p in ("v_threshold", "v_reset", "v_leak"):
            if not math.isfinite(getattr(self, p)):
                raise NetworkError(f"{name}.{p} is {getattr(self, p)}; it must be finite")
        if not self.v_reset < self.v_threshold:
            raise NetworkError(f"{name}.v_reset is {self.v_reset}; it must lie below v_threshold = {self.v_threshold}")
        if self.t_refractory < 0:
            raise NetworkError(f"{name}.t_refractory is {self.t_refractory}; it must not be negative")
        if self.reset not in ("to_value", "subtract"):
            raise NetworkError(f"{name}.reset is {self.reset!r}; it is 'to_value' or 'subtract'")
        return {
            **psp_constants(self.tau_mem, self.tau_syn),
            **threshold_constants(self.tau_mem, self.tau_syn, self.tau_mem),
            "subtract": float(self.reset == "subtract"),
            "v_safe": self.v_threshold - 1e-9 * (self.v_threshold - self.v_reset),  # below: surely not at threshold
        }

    # -- between messages -----------------------------------------------------------------------------------------

    def relax(self, cell, dt):
        """Let voltage and current move for dt seconds, the voltage from the end of a refractory period on."""
        free = dt
        if cell.left > 0.0:
            held = min(cell.left, dt)
            cell.left -= held
            cell.i *= self.left_of_current(held)
            free = dt - held
        if free > 0.0:
            v_inf = self.v_leak + cell.i_bias
            em = math.exp(-free * self.rate_mem)
            es = self.left_of_current(free)
            cell.v = v_inf + (cell.v - v_inf) * em + cell.i * self.response(em, es, free)
            cell.i *= es

    def left_of_current(self, u):
        """What is left of a unit of current after u seconds."""
        return math.exp(-u * self.rate_syn) if self.pulse == 0.0 else 0.0

    def response(self, em, es, u):
        """Voltage that a unit of current has caused after u seconds; em and es are what is left of either."""
        if self.near == 0.0:
            return self.unit * (em - es)
        if self.gap == 0.0:
            return u / self.tau_mem * em
        return math.exp(-u / self.tau_slow) * (-math.expm1(-self.gap * u) / (self.gap * self.tau_mem))

    def enter(self, cell, w):
        """A spike of weight w arrives; delta pulses of a refractory period are lost."""
        if self.pulse == 0.0:
            cell.i += w
        elif cell.left == 0.0:
            cell.v += w

    def discharge(self, cell, b):
        """The reset, and the start of the refractory period."""
        cell.slope = (self.v_leak + cell.i_bias + cell.i - cell.v) / self.tau_mem + b * self.rate_third
        cell.v = cell.v - (self.v_threshold - self.v_reset) if self.subtract > 0.0 else self.v_reset
        cell.left = self.t_refractory

    def settle_down(self, cell):
        """Back to rest: no current, no refractory period."""
        cell.v = self.v_leak
        cell.i = 0.0
        cell.left = 0.0

    def start_up(self, cell):
        """The initial voltage, where none was given."""
        if math.isnan(cell.v):
            cell.v = self.v_leak

    # -- the first crossing ---------------------------------------------------------------------------------------

    def wait(self, cell, b):
        """Seconds from now until the voltage first reaches a threshold of v_threshold + b exp(-t/tau)."""
        v_inf = self.v_leak + cell.i_bias
        v, i, left = cell.v, cell.i, cell.left
        least = self.v_safe + min(b, 0.0)
        if left == math.inf or self.highest(v_inf, v, i) < least:
            return math.inf
        if left > 0.0:
            i *= self.left_of_current(left)
            b *= math.exp(-left * self.rate_third) if b != 0.0 else 0.0
            if self.highest(v_inf, v, i) < least:
                return math.inf
        if v - b >= self.v_threshold:
            return left
        if b == 0.0:
            return left + self.first_at_rest(v_inf, v, i)
        return left + self.first(v_inf, v, i, b)

    def highest(self, v_inf, v, i):
        """A bound on the voltage from now on: where it turns it is what the present current drives it to, or less."""
        top = max(v, v_inf)
        return max(top, min(v_inf + i, top + i * self.top)) if i > 0.0 else top

    def shape(self, v_inf, v, i, b, t):
        """The excess of the voltage over the threshold after t seconds, and its first and second derivatives.

        From voltage v, current i and a threshold raised by b.
        """
        em = math.exp(-t * self.rate_mem)
        part = (v - v_inf) * em
        excess = v_inf - self.v_threshold + part
        rise = -part * self.rate_mem
        curve = -rise * self.rate_mem
        if i != 0.0:
            es = self.left_of_current(t)
            psp = self.response(em, es, t)
            slope = (es - psp) * self.rate_mem
            excess += i * psp
            rise += i * slope
            curve -= i * (es * self.rate_syn + slope) * self.rate_mem
        if b != 0.0:
            part = b * math.exp(-t * self.rate_third)
            excess -= part
            part *= self.rate_third
            rise += part
            curve -= part * self.rate_third
        return excess, rise, curve

    def first_at_rest(self, v_inf, v, i):
        """Seconds until a voltage below a threshold at rest first reaches it; `math.inf` for never."""
        if i > 0.0 and v_inf + i > v:
            x = self.delta * self.tau_mem * (v - v_inf) / i
            if self.gap == 0.0:
                peak = self.tau_mem - self.tau_mem * (v - v_inf) / i
            elif x > -1.0:
                peak = (self.log_ratio - math.log1p(x)) / self.delta
            else:
                peak = math.inf
            if 0.0 < peak < self.longest:
                excess, _, _ = self.shape(v_inf, v, i, 0.0, peak)
                return self.root(v_inf, v, i, 0.0, 0.0, peak) if excess >= 0.0 else math.inf
        return self.beyond(v_inf, v, i, 0.0, 0.0, 0.0)

    def first(self, v_inf, v, i, b):
        """Seconds until the excess is first not negative; it is now. `math.inf` for never."""
        # d/dt (tau_mem rise exp(t/tau_mem)) = q exp(t/tau_mem - t/tau) - p exp(t/tau_mem - t/tau_syn)
        p, q = i * self.rate_syn, b * self.bend
        turn = 0.0
        if self.spread != 0.0 and q != 0.0 and 0.0 < p / q < math.inf:
            turn = min(max(0.0, math.log(p / q) / self.spread), self.longest)
        if turn > 0.0:
            found = self.within(v_inf, v, i, b, 0.0, turn)
            if found < math.inf:
                return found
        later = q - p
        if turn > 0.0 or later == 0.0:
            later = q if self.spread > 0.0 else -p
        return self.beyond(v_inf, v, i, b, turn, later)

    def within(self, v_inf, v, i, b, low, high):
        """The first zero of the excess on a stretch that begins below it and holds at most one extremum."""
        _, rise, _ = self.shape(v_inf, v, i, b, low)
        excess, fall, _ = self.shape(v_inf, v, i, b, high)
        if rise > 0.0 and fall < 0.0:
            high = self.summit(v_inf, v, i, b, low, high)
            excess, _, _ = self.shape(v_inf, v, i, b, high)
        return self.root(v_inf, v, i, b, low, high) if excess >= 0.0 else math.inf

    def beyond(self, v_inf, v, i, b, low, later):
        """The same from `low` on for ever; `later` has the sign of how the slope, freed of the leak, changes there."""
        if v_inf > self.v_threshold:
            step = self.tau_slow
            for _ in range(64):
                excess, _, _ = self.shape(v_inf, v, i, b, low + step)
                if excess >= 0.0:
                    return self.within(v_inf, v, i, b, low, low + step)
                step = step + step
            return math.inf
        _, rise, _ = self.shape(v_inf, v, i, b, low)
        if later >= 0.0 or rise <= 0.0:
            return math.inf  # it rises for ever, or not at all, and stays below its limit
        step = self.tau_fast
        while step < self.longest:
            excess, rise, _ = self.shape(v_inf, v, i, b, low + step)
            if rise < 0.0 or excess >= 0.0:
                return self.within(v_inf, v, i, b, low, low + step)
            step = step + step
        return math.inf

    def summit(self, v_inf, v, i, b, low, high):
        """Where the excess is highest on a stretch at whose ends it rises and falls."""
        t = low
        for _ in range(200):
            _, rise, curve = self.shape(v_inf, v, i, b, t)
            if rise > 0.0:
                low = t
            else:
                high = t
            new = t - rise / curve if curve < 0.0 else high
            if abs(new - t) <= 1e-12 * abs(t):
                return t  # so near the top that no float64 tells the heights apart
            if not low < new < high:
                new = low + 0.5 * (high - low)
                if not low < new < high:
                    return t
            t = new
        return t

    def root(self, v_inf, v, i, b, low, high):
        """The crossing on a stretch at whose ends the excess is negative and not negative, to the last bit.

        Newton's method from the left; where it would leave the bracket, the bracket is halved.
        """
        t = low
        for _ in range(200):
            excess, rise, _ = self.shape(v_inf, v, i, b, t)
            if excess < 0.0:
                low = t
            else:
                high = t
            new = t - excess / rise if rise > 0.0 else high
            if abs(new - t) <= 2e-16 * abs(t):
                return t  # no float64 is closer
            if not low < new < high:
                new = low + 0.5 * (high - low)
                if not low < new < high:
                    return high
            t = new
        return t

    # -- what a single input does ---------------------------------------------------------------------------------

    def psp(self, u):
        """Voltage u seconds after a spike of weight 1 arrived at rest."""
        if u < 0.0:
            return 0.0
        if self.pulse > 0.0:
            return math.exp(-u * self.rate_mem)
        if self.gap == 0.0:
            return u / self.tau_mem * math.exp(-u * self.rate_mem)
        return math.exp(-u / self.tau_slow) * (-math.expm1(-self.gap * u) / (self.gap * self.tau_mem))

    def psp_slope(self, u):
        """Time derivative of `psp` [1/s]."""
        if u < 0.0:
            return 0.0
        if self.pulse > 0.0:
            return -math.exp(-u * self.rate_mem) / self.tau_mem
        return (math.exp(-u * self.rate_syn) - self.psp(u)) / self.tau_mem


def psp_constants(tau_mem: float, tau_syn: float) -> dict[str, float]:
    """Constants of the voltage that a unit of current causes."""
    pulse = tau_syn == 0.0
    delta = 0.0 if pulse else 1.0 / tau_syn - 1.0 / tau_mem
    near = not pulse and abs(tau_mem - tau_syn) < NEAR * max(tau_mem, tau_syn)
    top = 0.4 if near else 0.0  # exp(-1) at equality
    if not pulse and not near:
        top = math.exp(-math.log(tau_mem / tau_syn) / delta / tau_syn)  # where stationary it equals the current
    return {
        "gap": abs(delta),
        "delta": delta,
        "log_ratio": math.log1p(delta * tau_mem),  # log(tau_mem/tau_syn), true to this delta near equality
        "tau_slow": max(tau_mem, tau_syn),
        "near": float(near),
        "pulse": float(pulse),
        "unit": 0.0 if pulse or near else 1.0 / (tau_mem * delta),
        "top": top * 1.000001,  # the highest psp of a unit of current, and a little more
        "rate_mem": 1.0 / tau_mem,
        "rate_syn": 0.0 if pulse else 1.0 / tau_syn,
    }


def threshold_constants(tau_mem: float, tau_syn: float, tau: float) -> dict[str, float]:
    """Constants of a threshold that decays with `tau` [s]."""
    constants = [tau, tau_mem, *([tau_syn] if tau_syn > 0.0 else [])]
    return {
        "rate_third": 1.0 / tau,
        "spread": 0.0 if tau_syn == 0.0 else 1.0 / tau_syn - 1.0 / tau,
        "bend": (1.0 - tau_mem / tau) / tau,
        "longest": LONGEST * max(constants),
        "tau_fast": min(constants),
    }
