"""Integrate-and-fire neuron with a second compartment for errors: the neuron of event-driven random backpropagation."""

import math
from typing import ClassVar

from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.model import State
from eventsnn.neurons.chance import Chance
from eventsnn.neurons.lif import LIF

WORD = 4294967296.0  # 2^32


class TwoCompartment(LIF, Chance):
    """A soma that integrates spikes and a dendrite that integrates errors, which never drives the soma.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w
        tau_error du/dt = -u,                        an error message of value e: u += e

    The soma fires when v reaches `v_threshold`, in continuous time, like `LIF`. A learning rule sees the current `i`
    and the dendrite's `error`: Neftci et al. 2017 (doi 10.3389/fnins.2017.00324, equations 3 and 5), whose authors'
    constants are the defaults here, with the threshold as unit of voltage.

    **Blank-out.** With `p_transmit < 1` every spike that arrives is lost with probability 1 - p_transmit, for each
    synapse apart, and then teaches nothing. Whether the next one will be lost is drawn when the one before has
    arrived; while it will, `error` is 0 (the dendrite is not), and so is what a rule that adds `error` to the weight
    adds. The draw is a hash of `stream`, which is drawn once for each neuron from the network's seed, and of the number
    of spikes that have arrived; so it is the same on every engine.
    """

    tau_mem: float = 1e-3  # membrane time constant [s]
    tau_syn: float = 4e-3  # synaptic time constant [s]; 0 for delta pulses
    t_refractory: float = 3.9e-3  # refractory period [s]
    tau_error: float = 5e-3  # time constant of the dendrite [s]
    p_transmit: float = 1.0  # probability that an arriving spike is not lost

    u: State = 0.0  # coefficient of the dendrite, which is u exp(-s/tau_error) at offset s, in the unit of weight
    error: State = 0.0  # the dendrite as the next spike to arrive will see it: 0 if that one is to be lost
    hears: State = 1.0  # 1 if the next spike to arrive will not be lost, else 0
    arrived: State = 0.0  # spikes that have arrived, lost or not
    stream: State = 0.0  # key of this neuron's draws, from 0 to 2^32

    initial: ClassVar[dict[str, object]] = {"stream": uniform(0.0, WORD)}

    def derive(self) -> dict[str, float]:
        """Check the parameters; constants of the closed forms."""
        constants = super().derive()
        if not 0 < self.tau_error < math.inf:
            raise NetworkError(f"TwoCompartment.tau_error is {self.tau_error}; it must be positive and finite")
        if not 0 < self.p_transmit <= 1:
            raise NetworkError(f"TwoCompartment.p_transmit is {self.p_transmit}; it must lie in (0, 1]")
        return constants

    def time_constants(self) -> tuple[float, ...]:
        """The time constants [s] of the exponentials."""
        return (*super().time_constants(), self.tau_error)

    def begin(self, cell):
        """The initial voltage, and whether the first spike will be lost."""
        self.start_up(cell)
        self.draw(cell)

    def carry(self, cell, dt):
        """Move the dendrite's origin of time by dt."""
        if cell.u != 0.0:
            cell.u *= math.exp(-dt / self.tau_error)

    def shared(self, s):
        """What a unit of the current's coefficient, and of the dendrite's, is worth at offset s."""
        current = math.exp(-s / self.tau_syn) / self.unit if self.pulse == 0.0 else 0.0
        return current, math.exp(-s / self.tau_error)

    def sense(self, cell, c1, a, b):
        """Write the current and the error, as a rule sees them."""
        cell.i = c1 * a
        cell.error = cell.u * b * cell.hears

    def observe(self, cell, s):
        """Write v, i and the error as they are at offset s."""
        a, b = self.shared(s)
        cell.v = self.potential(cell, s)
        cell.i = cell.c1 * a
        cell.error = cell.u * b * cell.hears

    def admit(self, cell):
        """A spike arrives at the soma, 1, or is lost, 0."""
        heard = cell.hears
        if self.p_transmit < 1.0:
            cell.arrived += 1.0
            self.draw(cell)
        return heard

    def on_error(self, cell, s, value):
        """An error arrives at the dendrite."""
        cell.u += value * math.exp(s / self.tau_error)

    def rest(self, cell, s):
        """Back to rest: no current, no error, no refractory period."""
        self.settle_down(cell, s)
        cell.u = 0.0

    def draw(self, cell):
        """Whether the next spike to arrive will be heard."""
        cell.hears = 1.0
        if self.p_transmit < 1.0 and self.hash(cell.stream, cell.arrived) >= self.p_transmit:
            cell.hears = 0.0
