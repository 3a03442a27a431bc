"""Leaky integrate-and-fire neuron whose threshold rises with every spike: the neuron of e-prop, in continuous time."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import State
from eventsnn.neurons.membrane import Membrane, threshold_constants


class AdaptiveLIF(Membrane):
    """Leaky integrate-and-fire neuron with an adaptive threshold.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w
        tau_adapt da/dt = -a,                        at each spike of its own: a += 1

    It fires when v first reaches `threshold = v_threshold + beta a`, both of which move. Then v is set to `v_reset`
    (`reset="to_value"`) or lowered by `v_threshold - v_reset` (`reset="subtract"`), and a jumps by exactly 1, so that
    `beta` is what one spike adds to the threshold. During `t_refractory` seconds v stays where the reset left it while
    i and a go on. With `tau_syn = 0` a spike of weight w makes v jump by w.

    With `tau_syn=0, reset="subtract"` this is the continuous limit of the neuron of Bellec et al. 2020
    (doi 10.1038/s41467-020-17236-y, equations 6, 8 and 11), where a is sampled on a grid and v_reset = 0.
    """

    tau_adapt: float = 200e-3  # time constant of the adaptation [s]
    beta: float = 0.2  # rise of the threshold by one spike, in the unit of v

    a: State = 0.0  # adaptation: spikes of its own, each fading with tau_adapt
    threshold: State = 0.0  # v_threshold + beta a, in the unit of v

    def derive(self) -> dict[str, float]:
        """Check the parameters; constants of the closed forms."""
        constants = super().derive()
        if not 0 < self.tau_adapt < math.inf:
            raise NetworkError(f"AdaptiveLIF.tau_adapt is {self.tau_adapt}; it must be positive and finite")
        if not math.isfinite(self.beta):
            raise NetworkError(f"AdaptiveLIF.beta is {self.beta}; it must be finite")
        return {**constants, **threshold_constants(self.tau_mem, self.tau_syn, self.tau_adapt)}

    def begin(self, cell):
        """The initial voltage and threshold."""
        self.start_up(cell)
        cell.threshold = self.v_threshold + self.beta * cell.a

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        self.relax(cell, dt)
        cell.a *= math.exp(-dt / self.tau_adapt)
        cell.threshold = self.v_threshold + self.beta * cell.a

    def receive(self, cell, w):
        """A spike of weight w arrives."""
        self.enter(cell, w)

    def next_spike(self, cell):
        """Seconds from now until the voltage first reaches the moving threshold."""
        return self.wait(cell, self.beta * cell.a)

    def adaptive_course(self, cell, u):
        """(rest, leak, drive, lift, lasts): how the voltage above the moving threshold goes on, u seconds from now."""
        v_inf = self.v_leak + cell.i_bias
        lift = self.beta * cell.a * math.exp(-u / self.tau_adapt)
        if u < cell.left:
            return cell.v - self.v_threshold, 0.0, 0.0, lift, cell.left - u
        free = u - cell.left
        i = cell.i * self.left_of_current(cell.left)
        em = math.exp(-free / self.tau_mem)
        es = self.left_of_current(free)
        leak = (cell.v - v_inf) * em + i * self.response(em, es, free)
        return v_inf - self.v_threshold, leak, i * es, lift, math.inf

    def fire(self, cell, t):
        """The reset; the threshold rises."""
        self.discharge(cell, self.beta * cell.a)
        cell.a += 1.0
        cell.threshold = self.v_threshold + self.beta * cell.a

    def rest(self, cell):
        """Back to rest: no current, no adaptation, no refractory period."""
        self.settle_down(cell)
        cell.a = 0.0
        cell.threshold = self.v_threshold
