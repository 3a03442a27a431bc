"""Inputs that go on spiking: intensities coded as rates, and labels as trains of their own."""

import math
from typing import ClassVar

from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, State
from eventsnn.neurons.chance import Chance

WORD = 4294967296.0  # 2^32


class RateInput(Chance):
    """An input neuron that turns a `value` message into a train: the payload is the time between two spikes [s].

    The train goes on until the next value, and `math.inf` means silence. A new value stretches what is left of the
    running interval, so no sample begins with a volley, and a Poisson train stays one. With `train="poisson"` the
    payload is the mean of the intervals, which are exponential; with `"regular"` it is each of them, and the first
    begins at a phase of its own. What is drawn is a hash of `stream`, which is drawn once for each neuron from the
    network's seed, and of the number of spikes so far; so it is the same on every engine.
    """

    train: str = "poisson"  # "poisson" or "regular"

    interval: State = math.inf  # (mean) time between two spikes [s]
    left: State = 1.0  # what is left until the next spike, in intervals
    fired: State = 0.0  # spikes so far
    stream: State = 0.0  # key of this neuron's draws, from 0 to 2^32

    initial: ClassVar[dict[str, object]] = {"stream": uniform(0.0, WORD)}
    derived = ("poisson",)

    def derive(self) -> dict[str, float]:
        """Check the parameter."""
        if self.train not in ("poisson", "regular"):
            raise NetworkError(f"RateInput.train is {self.train!r}; it is 'poisson' or 'regular'")
        return {"poisson": float(self.train == "poisson")}

    def begin(self, cell):
        """The first spike comes after an exponential part of an interval, or a uniform one."""
        x = 1.0 - self.hash(cell.stream, 0.0)
        cell.left = -math.log(x) if self.poisson > 0.0 else x

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        cell.left -= dt / cell.interval

    def receive(self, cell, w):
        """Spikes have no effect on an input neuron."""

    def on_value(self, cell, value):
        """Take the time between two spikes."""
        cell.interval = value

    def next_spike(self, cell):
        """Seconds from now until the spike."""
        return max(cell.left, 0.0) * cell.interval if cell.interval < math.inf else math.inf

    def fire(self, cell, t):
        """Begin the next interval."""
        cell.fired += 1.0
        cell.left = 1.0
        if self.poisson > 0.0:
            cell.left = -math.log(1.0 - self.hash(cell.stream, cell.fired))

    def rest(self, cell):
        """A reset silences it."""
        cell.interval = math.inf


class LabelInput(Neuron):
    """An input neuron that spikes every `interval` seconds while a `label` message has named its own class.

    The first spike comes one interval after the message.
    """

    interval: float = 10e-3  # time between two spikes [s]

    label: State = 0.0  # its class
    left: State = math.inf  # time until the next spike [s]

    def derive(self) -> dict[str, float]:
        """Check the parameter."""
        if not 0 < self.interval < math.inf:
            raise NetworkError(f"LabelInput.interval is {self.interval}; it must be positive and finite")
        return {}

    def advance(self, cell, dt):
        """Let dt seconds pass."""
        cell.left -= dt

    def receive(self, cell, w):
        """Spikes have no effect on an input neuron."""

    def on_label(self, cell, value):
        """Begin to spike if the class is this one, or else stop."""
        cell.left = self.interval if value == cell.label else math.inf

    def next_spike(self, cell):
        """Seconds from now until the spike."""
        return max(cell.left, 0.0)

    def fire(self, cell, t):
        """Begin the next interval."""
        cell.left = self.interval

    def rest(self, cell):
        """A reset silences it."""
        cell.left = math.inf
