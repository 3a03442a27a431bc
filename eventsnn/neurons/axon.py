"""An axon as a process of its own: a relay that sends on every spike it gets."""

import math

from eventsnn.model import Neuron, State


class Axon(Neuron):
    """Sends on every spike at once; what a spike takes on its way here is the delay of all synapses behind.

    One axon per neuron, connected one to one with the rule `AxonalDelay`, gives each neuron a delay of its own that
    learns. The weight of a spike that arrives says nothing.
    """

    waiting: State = 0.0  # 1 while a spike has to be sent on

    def advance(self, cell, dt):
        """Nothing changes by itself."""

    def receive(self, cell, w):
        """A spike arrives."""
        cell.waiting = 1.0

    def next_spike(self, cell):
        """At once, or never without another spike."""
        return 0.0 if cell.waiting > 0.0 else math.inf

    def fire(self, cell, t):
        """It has been sent on."""
        cell.waiting = 0.0

    def rest(self, cell):
        """Nothing to send."""
        cell.waiting = 0.0
