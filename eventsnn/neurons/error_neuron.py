"""Error-coding neurons: they count what should have come and did not, and say so in spikes."""

import math
from typing import ClassVar

from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, State


class ErrorNeuron(Neuron):
    """Non-leaky accumulator that never falls below 0; at `v_threshold` it fires and is lowered by as much.

    A pair of them codes a signed error in spikes (Neftci et al. 2017, doi 10.3389/fnins.2017.00324, equation 4): one
    is excited by the label's spikes and inhibited by the output's, and fires for what the output lacks; the other has
    the signs the other way round. A spike of weight w: v = max(0, v + w).

    Its spike also travels as an error message of value 1 along its projections of port "error", whose weights make it
    positive or negative, strong or weak, for whoever receives it.

    A `label` message of a negative value closes it: it forgets what it holds and ignores spikes until one of another
    value opens it again. So nothing is taught while nobody knows the label; -1 is also how `Stimulus` says that.
    """

    speaks_error: ClassVar[bool] = True

    v_threshold: float = 1.0  # firing threshold, in the unit of weights; weights should be smaller

    v: State = 0.0  # what is counted
    open: State = 1.0  # 0 while spikes are ignored

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        if not 0 < self.v_threshold < math.inf:
            raise NetworkError(f"ErrorNeuron.v_threshold is {self.v_threshold}; it must be positive and finite")
        return {}

    def advance(self, cell, dt):
        """Nothing changes by itself."""

    def receive(self, cell, w):
        """A spike of weight w arrives."""
        if cell.open > 0.0:
            cell.v = max(0.0, cell.v + w)

    def on_label(self, cell, value):
        """Whether there is a label now."""
        cell.open = 1.0
        if value < 0.0:
            cell.open = 0.0
            cell.v = 0.0

    def next_spike(self, cell):
        """At once, or never without another input."""
        return 0.0 if cell.v >= self.v_threshold else math.inf

    def fire(self, cell, t):
        """What was said is taken off."""
        cell.v -= self.v_threshold

    def rest(self, cell):
        """Nothing is counted yet."""
        cell.v = 0.0
