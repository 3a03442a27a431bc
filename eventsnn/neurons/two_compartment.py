"""Integrate-and-fire neuron with a second compartment for errors: the neuron of event-driven random backpropagation."""

import math
from typing import ClassVar

from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.model import State
from eventsnn.neurons.chance import Chance
from eventsnn.neurons.membrane import Membrane

WORD = 4294967296.0  # 2^32


class TwoCompartment(Membrane, Chance):
    """A soma that integrates spikes and a dendrite that integrates errors, which never drives the soma.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w
        tau_error du/dt = -u,                        an error message of value e: u += e

    The soma fires when v reaches `v_threshold`, in continuous time, like `LIF`. A learning rule sees the current `i`
    and the dendrite's `error`: Neftci et al. 2017 (doi 10.3389/fnins.2017.00324, equations 3 and 5), whose authors'
    constants are the defaults here, with the threshold as unit of voltage.

    **Blank-out.** With `p_transmit < 1` every spike that arrives is lost with probability 1 - p_transmit, for each
    synapse apart, and then teaches nothing. Whether the next one will be lost is drawn when the one before has
    arrived; while it will, `error` is 0 (`u` is not), and so is what a rule that adds `error` to the weight adds. The
    draw is a hash of `stream`, which is drawn once for each neuron from the network's seed, and of the number of
    spikes that have arrived; so it is the same on every engine.
    """

    tau_mem: float = 1e-3  # membrane time constant [s]
    tau_syn: float = 4e-3  # synaptic time constant [s]; 0 for delta pulses
    t_refractory: float = 3.9e-3  # refractory period [s]
    tau_error: float = 5e-3  # time constant of the dendrite [s]
    p_transmit: float = 1.0  # probability that an arriving spike is not lost

    u: State = 0.0  # of the dendrite, in the unit of weight
    error: State = 0.0  # u as the next spike to arrive will see it: 0 if it is to be lost
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

    def begin(self, cell):
        """The initial voltage, and whether the first spike will be lost."""
        self.start_up(cell)
        self.draw(cell)

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        self.relax(cell, dt)
        if cell.u != 0.0:
            cell.u *= math.exp(-dt / self.tau_error)
            cell.error = cell.u * cell.hears

    def receive(self, cell, w):
        """A spike of weight w arrives at the soma, or is lost."""
        if cell.hears > 0.0:
            self.enter(cell, w)
        if self.p_transmit < 1.0:
            cell.arrived += 1.0
            self.draw(cell)

    def on_error(self, cell, value):
        """An error arrives at the dendrite."""
        cell.u += value
        cell.error = cell.u * cell.hears

    def next_spike(self, cell):
        """Seconds from now until the voltage first reaches the threshold."""
        return self.wait(cell, 0.0)

    def fire(self, cell, t):
        """The reset of the soma."""
        self.discharge(cell, 0.0)

    def rest(self, cell):
        """Back to rest: no current, no error, no refractory period."""
        self.settle_down(cell)
        cell.u = 0.0
        cell.error = 0.0

    def draw(self, cell):
        """Whether the next spike to arrive will be heard."""
        cell.hears = 1.0
        if self.p_transmit < 1.0 and self.hash(cell.stream, cell.arrived) >= self.p_transmit:
            cell.hears = 0.0
        cell.error = cell.u * cell.hears
