"""Event-based three-factor local plasticity: a label event is the third factor and the moment of learning."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Part, Rule, State
from eventsnn.surrogates import Surrogate, Triangular


class ETLP(Rule):
    """ETLP at a hidden neuron: when a `label` message of value e comes,

        w += lr e psi(v - v_threshold) x,     tau dx/dt = -x,     a spike arrives: x += 1

    for every synapse of the neuron: a trace of the synapse's own spikes, a surrogate derivative of the neuron's voltage
    at that moment, and the label, projected through the fixed weights of the projection that brings it. No error is
    computed. Quintana et al. 2024 (doi 10.1088/2634-4386/ad6733). The projected label is that of direct random target
    projection (Frenkel, Lefebvre and Bol 2021, doi 10.3389/fnins.2021.629892); its sign is that of the fixed weights.

    Between label events a synapse only counts spikes. `tau` should be the neuron's membrane time constant, which makes
    x the derivative of v by w for delta synapses without reset. With an adaptive threshold use `AdaptiveETLP`.
    """

    lr: float = 1e-3  # learning rate
    tau: float = 20e-3  # time constant of the trace [s]
    surrogate: Part = Triangular(beta=1.0)  # psi, of the voltage above threshold

    x: State = 0.0  # trace of the spikes that arrived, at time t
    t: State = 0.0  # [s]

    kept = ("left",)

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        _check(self)
        if not isinstance(self.surrogate, Surrogate):
            raise NetworkError(f"{type(self).__name__}.surrogate is {self.surrogate!r}; give one such as Triangular()")
        return {}

    def on_pre(self, syn, post, msg):
        """A spike arrives."""
        syn.x = syn.x * self.left(msg.time - syn.t) + 1.0
        syn.t = msg.time

    def at_label(self, post, msg):
        """A label: what the neuron makes of it, for all its synapses."""
        return self.lr * msg.value * self.surrogate.at(self.distance(post))

    def on_label(self, syn, post, msg):
        """The label, seen from a synapse."""
        syn.w += msg.value * syn.x * self.left(msg.time - syn.t)

    def left(self, u):
        """What is left of a trace after u seconds."""
        return math.exp(-u / self.tau)

    def distance(self, post):
        """The voltage above threshold."""
        return post.v - post.v_threshold


class AdaptiveETLP(ETLP):
    """`ETLP` where psi is a function of the distance from a threshold that adapts, as in `AdaptiveLIF`.

    The trace is the same: that a spike also changes the threshold later is not traced back to the synapse.
    """

    def distance(self, post):
        """The voltage above the present threshold."""
        return post.v - post.threshold


class LabelDelta(Rule):
    """The delta rule at a graded readout: when a `label` message brings the wanted value y,

        w += lr (y - v) x,     tau dx/dt = -x,     a spike arrives: x += 1

    (Widrow and Hoff 1960, at label events.) It trains the last layer of a network whose hidden layers learn by `ETLP`.
    With `tau` the readout's membrane time constant and delta pulses, x is the derivative of v by w.
    """

    lr: float = 1e-2  # learning rate
    tau: float = 20e-3  # time constant of the trace [s]

    x: State = 0.0  # trace of the spikes that arrived, at time t
    t: State = 0.0  # [s]

    kept = ("left",)

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        _check(self)
        return {}

    def on_pre(self, syn, post, msg):
        """A spike arrives."""
        syn.x = syn.x * self.left(msg.time - syn.t) + 1.0
        syn.t = msg.time

    def at_label(self, post, msg):
        """The wanted value: how far the readout is from it."""
        return self.lr * (msg.value - post.v)

    def on_label(self, syn, post, msg):
        """The error, seen from a synapse."""
        syn.w += msg.value * syn.x * self.left(msg.time - syn.t)

    def left(self, u):
        """What is left of a trace after u seconds."""
        return math.exp(-u / self.tau)


def _check(rule: Rule) -> None:
    name = type(rule).__name__
    lr, tau = rule.given["lr"], rule.given["tau"]
    if not math.isfinite(lr):
        raise NetworkError(f"{name}.lr is {lr}; it must be finite")
    if not 0 < tau < math.inf:
        raise NetworkError(f"{name}.tau is {tau}; it must be positive and finite")
