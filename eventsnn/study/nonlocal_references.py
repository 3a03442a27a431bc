"""What no local rule can do, for comparison: exact forward and backward derivatives of a clocked recurrent network.

Nothing here obeys the locality of this package, and no network of it runs here: plain arrays, a step of time, one
hidden layer whose neurons are all connected, as in Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948, section II):

    I[n+1] = alpha I[n] + X[n] + V S[n],     U[n+1] = beta U[n] + I[n] - S[n],     S = spike(U - 1)

with the loss L = 1/2 sum over n of |S[n] - target[n]|^2. The derivative of `spike` is what is declared: that of a
smooth function, or a surrogate. Both ways give dL/dV, neurons x neurons, and count what they keep and what they do.

Forward: real-time recurrent learning (Williams and Zipser 1989, doi 10.1162/neco.1989.1.2.270). Backward:
backpropagation through time (Werbos 1990, doi 10.1109/5.58337).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass
class Tally:
    """Counts words and operations.

    Attributes:
        words: the most that was kept from one step to another; not counted are the weights, and their gradient, which
            both ways need and which is as large as they are.
        operations: additions, multiplications, comparisons, each element its own.
    """

    words: int = 0
    operations: int = 0

    def keep(self, *arrays: Array | list[Array]) -> None:
        """All that is kept at present."""
        flat = [a for one in arrays for a in (one if isinstance(one, list) else [one])]
        self.words = max(self.words, sum(int(a.size) for a in flat))

    def product(self, a: Array, b: Array) -> Array:
        """A matrix product: a multiplication and an addition for each pair that meets."""
        result: Array = a @ b
        self.operations += 2 * a.size * (b.size // b.shape[0])
        return result

    def each(self, result: Array, operations: int) -> Array:
        """So many operations for each element of a result."""
        self.operations += operations * int(result.size)
        return result


@dataclass(frozen=True)
class Spike:
    """A function of the voltage above threshold and the derivative that is declared for it."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _logistic(u: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-4.0 * u))


SURROGATE = Spike(lambda u: (u >= 0.0).astype(float), lambda u: 1.0 / (1.0 + 10.0 * np.abs(u)) ** 2)
SMOOTH = Spike(_logistic, lambda u: 4.0 * _logistic(u) * (1.0 - _logistic(u)))


@dataclass(frozen=True)
class Clocked:
    """The network.

    Args:
        v: weights, to x from.
        x: input currents, steps x neurons.
        target: wanted spikes, steps x neurons.
        alpha: decay of the current in a step.
        beta: decay of the voltage in a step.
    """

    v: Array
    x: Array
    target: Array
    alpha: float = math.exp(-0.2)
    beta: float = math.exp(-0.1)
    spike: Spike = SURROGATE

    def loss(self) -> Any:
        """The loss; of complex weights too, where the spike is smooth."""
        n = len(self.v)
        current, voltage, loss = np.zeros(n, self.v.dtype), np.zeros(n, self.v.dtype), 0.0
        for x, target in zip(self.x, self.target, strict=True):
            s = self.spike.value(voltage - 1.0)
            loss = loss + 0.5 * np.sum((s - target) ** 2)
            current, voltage = self.alpha * current + x + self.v @ s, self.beta * voltage + current - s
        return loss


def forward(net: Clocked, tally: Tally | None = None) -> Array:
    """dL/dV by real-time recurrent learning: the influence of every weight on every neuron is carried along."""
    tally = Tally() if tally is None else tally
    n = len(net.v)
    current, voltage, gradient = np.zeros(n), np.zeros(n), np.zeros(n * n)
    by_current, by_voltage = np.zeros((n, n * n)), np.zeros((n, n * n))  # derivatives of neuron k by weight (i, j)
    own = np.arange(n)
    for x, target in zip(net.x, net.target, strict=True):
        s, slope = tally.each(net.spike.value(voltage - 1.0), 1), tally.each(net.spike.slope(voltage - 1.0), 4)
        by_spike = tally.each(slope[:, None] * by_voltage, 1)
        gradient += tally.product(s - target, by_spike)
        later = tally.each(net.alpha * by_current, 2) + tally.product(net.v, by_spike)
        later.reshape(n, n, n)[own, own] += s
        by_voltage = tally.each(net.beta * by_voltage + by_current - by_spike, 3)
        by_current = later
        now = tally.each(net.alpha * current, 2) + x + tally.product(net.v, s)
        current, voltage = now, tally.each(net.beta * voltage + current - s, 3)
        tally.keep(by_current, by_voltage, current, voltage)
    return gradient.reshape(n, n)


def backward(net: Clocked, tally: Tally | None = None) -> Array:
    """dL/dV by backpropagation through time: all voltages are kept, then walked through backward."""
    tally = Tally() if tally is None else tally
    n = len(net.v)
    current, voltage, past = np.zeros(n), np.zeros(n), []
    for x in net.x:
        past.append(voltage)
        s = tally.each(net.spike.value(voltage - 1.0), 1)
        now = tally.each(net.alpha * current, 2) + x + tally.product(net.v, s)
        current, voltage = now, tally.each(net.beta * voltage + current - s, 3)
    gradient, to_current, to_voltage = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    tally.keep(past, to_current, to_voltage)
    for voltage, target in zip(reversed(past), net.target[::-1], strict=True):
        s, slope = tally.each(net.spike.value(voltage - 1.0), 1), tally.each(net.spike.slope(voltage - 1.0), 4)
        gradient += tally.each(np.outer(to_current, s), 2)
        to_spike = tally.each(s - target - to_voltage, 2) + tally.product(net.v.T, to_current)
        now = tally.each(slope * to_spike + net.beta * to_voltage, 3)
        to_current, to_voltage = tally.each(net.alpha * to_current + to_voltage, 2), now
    return gradient


def example(neurons: int, steps: int, seed: int, spike: Spike = SURROGATE) -> Clocked:
    """A network that spikes."""
    rng = np.random.default_rng(seed)
    v = rng.normal(0.0, 1.0 / math.sqrt(neurons), (neurons, neurons))
    x = rng.uniform(0.0, 0.4, (steps, neurons))
    return Clocked(v, x, (rng.random((steps, neurons)) < 0.2).astype(float), spike=spike)
