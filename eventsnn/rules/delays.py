"""Delays that learn: the derivative of a loss by a spike's arrival is its derivative by the delay."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Part, State


class FixedDelays(Part):
    """Delays stay what they are."""

    def feel(self, syn, g):
        """The gradient by the delay."""

    def act(self, syn, factor):
        """Change the delay."""


class LearnedDelays(Part):
    """A delay of every synapse's own, which follows its gradient: four words per synapse.

    A message takes `shortest + syn.delay` seconds, where `syn.delay` is what it waits at the synapse, looked up when it
    gets there; half of `shortest` lies before that and half behind. What `delay=` of a projection says is where the
    delays start. The gradient is that of the arrival time, dL/d(delay) = dL/dt_i (Goeltz, Weber, Kriener et al. 2025,
    arXiv 2404.19165). Steps are divided by the root of a running mean of squared gradients.
    """

    lr: float = 1e-3  # learning rate [s]
    shortest: float = 1e-3  # least delay [s]; the engines' windows are at most half as wide
    longest: float = 1.0  # largest delay [s]
    square_decay: float = 0.99  # of the mean square per step
    epsilon: float = 1e-8  # added to the root

    delay: State = 0.0  # learned part of the delay [s]
    delay_gradient: State = 0.0  # sum since the last step
    delay_square: State = 0.0  # running mean of squared gradients, before its correction
    delay_power: State = 1.0  # square_decay to the number of steps

    derived = ("most",)

    def derive(self) -> dict[str, float]:
        """Check the bounds."""
        if not 0.0 < self.shortest < self.longest < math.inf:
            raise NetworkError(
                f"LearnedDelays.shortest is {self.shortest} and longest {self.longest}; give 0 < shortest < longest [s]"
            )
        return {"most": self.longest - self.shortest}

    def feel(self, syn, g):
        """The gradient by the delay."""
        syn.delay_gradient += g

    def act(self, syn, factor):
        """Change the delay by a step times `factor`, which a schedule gives."""
        g = syn.delay_gradient
        if g != 0.0:
            syn.delay_gradient = 0.0
            syn.delay_power *= self.square_decay
            syn.delay_square = self.square_decay * syn.delay_square + (1.0 - self.square_decay) * g * g
            root = math.sqrt(syn.delay_square / (1.0 - syn.delay_power)) + self.epsilon
            syn.delay = min(max(syn.delay - factor * self.lr * g / root, 0.0), self.most)
