"""What a spike of weight 1 does to a leaky voltage that is driven by an exponential current."""

import math

from eventsnn.model import Neuron


class Response(Neuron, abstract=True):
    """The postsynaptic potential of a neuron with `tau_mem` and `tau_syn`, and derived from them `pulse`, `gap` (the
    distance of the two rates [1/s]) and `tau_slow` (the longer of the two [s]).
    """

    def psp(self, u):
        """Voltage u seconds after a spike of weight 1 arrived at rest."""
        if u < 0.0:
            return 0.0
        if self.pulse > 0.0:
            return math.exp(-u / self.tau_mem)
        if self.gap == 0.0:
            return u / self.tau_mem * math.exp(-u / self.tau_mem)
        return math.exp(-u / self.tau_slow) * (-math.expm1(-self.gap * u) / (self.gap * self.tau_mem))

    def psp_slope(self, u):
        """Time derivative of `psp` [1/s]."""
        if u < 0.0:
            return 0.0
        if self.pulse > 0.0:
            return -math.exp(-u / self.tau_mem) / self.tau_mem
        return (math.exp(-u / self.tau_syn) - self.psp(u)) / self.tau_mem
