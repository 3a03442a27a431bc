"""Event-driven random backpropagation: one addition and two comparisons per synaptic event."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Rule


class ERBP(Rule):
    """Event-driven random backpropagation (eRBP) at the synapses of two-compartment neurons.

    When a presynaptic spike arrives,

        w += post.error    if  i_min < post.i < i_max

    with the synaptic current and the dendrite of the neuron as they are at that moment: Neftci et al. 2017
    (doi 10.3389/fnins.2017.00324, equations 2 and 3). The boxcar stands for the derivative of the activation function.
    The learning rate lies in the weights of the error projections, so that no multiplication is left here; what
    reaches the dendrite is the change that is wanted, so it is added. A spike that is blanked out teaches nothing.

    Nothing but presynaptic spikes changes a weight, and no clock says when. `connect_erbp` builds whole networks. The
    rule works at any neuron that publishes `i` and `error`, such as `TwoCompartment`.
    """

    i_min: float = -1.15  # lower end of the boxcar, in the unit of weights
    i_max: float = 1.15  # upper end of the boxcar, in the unit of weights

    def derive(self) -> dict[str, float]:
        """Check the boxcar."""
        if not -math.inf <= self.i_min < self.i_max <= math.inf:
            raise NetworkError(f"ERBP.i_min is {self.i_min}; it must lie below i_max = {self.i_max}")
        return {}

    def on_pre(self, syn, post, msg):
        """A presynaptic spike arrives: two comparisons and an addition."""
        if self.i_min < post.i < self.i_max:
            syn.w += post.error
