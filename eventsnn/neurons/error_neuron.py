"""Error-coding neurons: they count what should have come and did not, and say so in spikes."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, State


class ErrorNeuron(Neuron):
    """Non-leaky accumulator that never falls below 0; at `v_threshold` it fires and is lowered by as much.

    A pair of them codes a signed error in spikes (Neftci et al. 2017, doi 10.3389/fnins.2017.00324, equation 4): one
    is excited by the label's spikes and inhibited by the output's, and fires for what the output lacks; the other has
    the signs the other way round. A spike of weight w: v = max(0, v + w).

    Its spike also travels as an error message along its projections of port "error", whose weights make it positive or
    negative, strong or weak, for whoever receives it. The message's value is 1; after `steady` labels have been told it
    falls in a straight line, to 0 `fading` labels later, so that what was learned settles in the end.

    A `label` message of a negative value closes it: it forgets what it holds and ignores spikes until one of another
    value opens it again. So nothing is taught while nobody knows the label; -1 is also how `Stimulus` says that.
    """

    v_threshold: float = 1.0  # firing threshold, in the unit of weights; weights should be smaller
    steady: float = math.inf  # labels told while errors are of value 1
    fading: float = 1.0  # labels told after that until errors are of value 0

    v: State = 0.0  # what is counted
    open: State = 1.0  # 0 while spikes are ignored
    told: State = 0.0  # `label` messages so far that named a class

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        if not 0 < self.v_threshold < math.inf:
            raise NetworkError(f"ErrorNeuron.v_threshold is {self.v_threshold}; it must be positive and finite")
        if not self.steady >= 0:
            raise NetworkError(f"ErrorNeuron.steady is {self.steady}; give a number of labels, from 0")
        if not 0 < self.fading < math.inf:
            raise NetworkError(f"ErrorNeuron.fading is {self.fading}; give a positive number of labels")
        return {}

    def advance(self, cell, dt):
        """Nothing changes by itself."""

    def receive(self, cell, w):
        """A spike of weight w arrives."""
        if cell.open > 0.0:
            cell.v = max(0.0, cell.v + w)

    def on_label(self, cell, value):
        """Whether there is a label now."""
        if value < 0.0:
            cell.open = 0.0
            cell.v = 0.0
        else:
            cell.open = 1.0
            cell.told += 1.0

    def next_spike(self, cell):
        """At once, or never without another input."""
        return 0.0 if cell.v >= self.v_threshold else math.inf

    def fire(self, cell, t):
        """What was said is taken off."""
        cell.v -= self.v_threshold

    def says(self, cell):
        """The value of an error message now."""
        return min(1.0, max(0.0, 1.0 - (cell.told - self.steady) / self.fading))

    def rest(self, cell):
        """Nothing is counted yet."""
        cell.v = 0.0
