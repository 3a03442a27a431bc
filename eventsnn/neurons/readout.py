"""Graded readout: a leaky integrator that never fires, and whose value is exact whenever somebody asks."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import State
from eventsnn.neurons.response import Response


class Readout(Response):
    """Leaky integrator without threshold, reset or events of its own.

        tau_mem dv/dt = v_leak + i_bias + i - v,     tau_syn di/dt = -i,     a spike of weight w: i += w

    With `tau_syn = 0` a spike of weight w makes v jump by w. Between messages the two have closed forms, so `v` is
    exact at any time: for a learning rule at its synapses, in `net.state`, and for a process that asks with the rule
    `Ask`. The output neurons of e-prop are of this kind (Bellec et al. 2020, doi 10.1038/s41467-020-17236-y,
    equation 11, with `tau_syn=0`).
    """

    tau_mem: float = 20e-3  # membrane time constant [s]
    tau_syn: float = 0.0  # synaptic time constant [s]; 0 for delta pulses
    v_leak: float = 0.0  # leak level, in the unit of v

    v: State = math.nan  # the value; starts at v_leak unless given
    i: State = 0.0  # synaptic current, in the unit of v
    i_bias: State = 0.0  # constant bias current, in the unit of v

    derived = ("gap", "tau_slow", "pulse")

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        if not 0 < self.tau_mem < math.inf:
            raise NetworkError(f"Readout.tau_mem is {self.tau_mem}; it must be positive and finite")
        if not 0 <= self.tau_syn < math.inf:
            raise NetworkError(f"Readout.tau_syn is {self.tau_syn}; it must be finite, and 0 for delta pulses")
        if not math.isfinite(self.v_leak):
            raise NetworkError(f"Readout.v_leak is {self.v_leak}; it must be finite")
        pulse = self.tau_syn == 0.0
        gap = math.inf if pulse else abs(1.0 / self.tau_syn - 1.0 / self.tau_mem)
        return {"gap": gap, "tau_slow": max(self.tau_mem, self.tau_syn), "pulse": float(pulse)}

    def begin(self, cell):
        """The initial value, where none was given."""
        if math.isnan(cell.v):
            cell.v = self.v_leak

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        v_inf = self.v_leak + cell.i_bias
        cell.v = v_inf + (cell.v - v_inf) * math.exp(-dt / self.tau_mem)
        if cell.i != 0.0:
            cell.v += cell.i * self.psp(dt)
            cell.i *= math.exp(-dt / self.tau_syn)

    def receive(self, cell, w):
        """A spike of weight w arrives."""
        if self.pulse > 0.0:
            cell.v += w
        else:
            cell.i += w

    def next_spike(self, cell):
        """It never fires."""
        return math.inf

    def fire(self, cell, t):
        """It never fires."""

    def rest(self, cell):
        """Back to rest: no current."""
        cell.v = self.v_leak
        cell.i = 0.0
