"""SuperSpike: a voltage-based three-factor rule for spike trains, in continuous time."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eventsnn.errors import NetworkError
from eventsnn.model import Part, PostState, State
from eventsnn.paths import double_exponential, error, gate, path, psp, spike, weight
from eventsnn.rules.steps import Sgd
from eventsnn.surrogates import FastSigmoid


class RMax(Part):
    """Step divided by the root of the largest squared gradient, which is slowly forgotten: one word per synapse.

    The per-parameter rate of SuperSpike's published code, where a step is due every 0.5 s and `decay` is
    exp(-0.5 s/30 s).
    """

    lr: float = 1e-3  # learning rate
    decay: float = 0.9834714538216175  # of the largest square per step
    epsilon: float = 1e-12  # added to the root

    largest: State = 0.0  # the largest squared gradient

    def change(self, syn, g):
        """The change of weight for gradient g."""
        syn.largest = max(self.decay * syn.largest, g * g)
        return -self.lr * g / (math.sqrt(syn.largest) + self.epsilon)


_Path: Any = path(
    "_Path",
    spike()
    >> psp()
    >> gate(FastSigmoid(beta=10.0))
    >> double_exponential(5e-3, 10e-3)
    >> gate(error() >> double_exponential(5e-3, 10e-3))
    >> weight(Sgd(lr=1e-3)),
)


class SuperSpike(_Path):
    """SuperSpike (Zenke and Ganguli 2018, doi 10.1162/neco_a_01086).

        gradient = integral of  e(t) [alpha * (surrogate(v) (psp * S_pre))](t)  dt,     e = alpha * error messages

    with * a convolution, psp the effect of a spike on the voltage, alpha the double exponential of the van Rossum loss

        L = 1/2 integral of (alpha * (S - S_target))^2 dt,

    and S_pre, S, S_target the spike trains. So an output gets an error message of value +1 for each spike of its own
    and -1 for each spike of the target, and hidden neurons get those of the outputs, times a feedback weight: random,
    uniform, or symmetric (`errors="return"` at the outputs' synapses, and `feedback="symmetric"`). The reset has no
    derivative, and derivatives reach no further back than the synapse's own neuron.

    Errors are summed at the neuron; they visit no synapse. A synapse is visited by its own spikes, and by `apply`
    messages. `alpha` has area 1 here; in the paper's code it has not, which is a factor of the learning rate.

    `rate_cost` is the published penalty of high rates in hidden layers: w falls by lr rate_cost w z^4 per second,
    where z grows by 1 with each spike of the neuron and decays with `tau_rate`.
    """

    rate_cost: float = 0.0  # strength of the penalty [1/s]
    tau_rate: float = 0.1  # time constant of the rate's trace [s]

    paid: State = 0.0  # what of the neuron's costs this synapse has seen
    z: PostState = 0.0  # trace of the neuron's spikes, at time t_z
    t_z: PostState = 0.0  # [s]
    costs: PostState = 0.0  # integral of z^4 until t_z [s]

    def at_post(self, post, msg):
        """The neuron fires: its rate rises."""
        if self.rate_cost > 0.0:
            post.costs = self.until(post, msg.time)
            post.z = post.z * math.exp((post.t_z - msg.time) / self.tau_rate) + 1.0
            post.t_z = msg.time
        return 0.0

    def until(self, post, time):
        """The integral of z^4 until a time."""
        z2 = post.z * post.z
        return post.costs - 0.25 * self.tau_rate * z2 * z2 * math.expm1(4.0 * (post.t_z - time) / self.tau_rate)

    def cost(self, syn, post, time):
        """The gradient of the penalty since the synapse was last visited."""
        if self.rate_cost == 0.0:
            return 0.0
        costs = self.until(post, time)
        g = self.rate_cost * syn.w * (costs - syn.paid)
        syn.paid = costs
        return g


def van_rossum(times: ArrayLike, target: ArrayLike, rise: float = 5e-3, decay: float = 10e-3) -> float:
    """Van Rossum distance of two spike trains: half the integral of the squared difference after filtering [1/s].

    The filter is the double exponential of area 1; the integral is in closed form, over all time.

    Args:
        times: spike times [s].
        target: spike times [s].
        rise: its shorter time constant [s].
        decay: its longer time constant [s]; not equal to `rise`.

    Raises:
        NetworkError: equal time constants.
    """
    if rise == decay:
        raise NetworkError(f"van_rossum needs two different time constants; both are {rise} s")
    t = np.concatenate((np.asarray(times, float), np.asarray(target, float)))
    sign = np.concatenate((np.ones(np.size(times)), -np.ones(np.size(target))))
    apart = np.abs(t[:, None] - t[None, :])
    # the overlap of two filtered spikes, u apart
    overlap = (decay * np.exp(-apart / decay) - rise * np.exp(-apart / rise)) / (2.0 * (decay * decay - rise * rise))
    return float(0.5 * sign @ overlap @ sign)


def wrong_spike_rate(
    trains: Sequence[ArrayLike],
    targets: Sequence[ArrayLike],
    duration: float,
    rise: float = 5e-3,
    decay: float = 10e-3,
) -> float:
    """How far outputs are from their targets, as wrong spikes per second and output: the published scale.

    The mean van Rossum distance over the outputs, divided by the duration and by the distance of one spike from none.
    So it counts spikes that lack and spikes too many, were each far from all others; one at a wrong time is up to two
    (Zenke and Ganguli 2018, doi 10.1162/neco_a_01086).

    Args:
        trains: spike times of each output [s].
        targets: spike times wanted from each output [s], on the same clock.
        duration: over which they were collected [s].
        rise: shorter time constant of the filter [s].
        decay: its longer time constant [s].

    Raises:
        NetworkError: not as many trains as targets, none at all, or no duration.
    """
    if len(trains) != len(targets) or not len(trains) or not 0 < duration < math.inf:
        raise NetworkError(
            f"wrong_spike_rate got {len(trains)} trains, {len(targets)} targets and a duration of {duration} s; give "
            "a target for each train, at least one, and a time above 0"
        )
    apart = [van_rossum(train, target, rise, decay) for train, target in zip(trains, targets, strict=True)]
    return float(np.mean(apart)) / duration / van_rossum([0.0], [], rise, decay)
