"""Spike-timing-dependent plasticity of pairs of spikes, all to all, by one trace at each side of a synapse."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import PostState, Rule, State


class PairSTDP(Rule):
    """Pair-based STDP: every pair of an arriving and a fired spike changes the weight by the time between them.

    A pair whose presynaptic spike arrives `u` seconds before the neuron fires, or after it, changes the weight by

        before: +a_plus (w_max - w_min) ((w_max - w)/(w_max - w_min))^mu_plus exp(-u/tau_plus)
        after:  -a_minus (w_max - w_min) ((w - w_min)/(w_max - w_min))^mu_minus exp(-u/tau_minus)

    With both exponents 0 the rule is additive with hard bounds (Song, Miller and Abbott 2000,
    doi 10.1038/78829); with 1 the bounds are soft; values between are those of Gütig et al. 2003. The window is that
    of Bi and Poo 1998. Parameters have the names and units of PyNN's `SpikePairRule` and weight dependences.

    All pairs count. Their sums are traces that decay exponentially and grow by 1 with each spike, one per synapse for
    its own spikes and one per neuron for the neuron's (Morrison, Diesmann and Gerstner 2008,
    doi 10.1007/s00422-008-0233-1, section 4.1), brought up to date only when a spike needs them.

    A presynaptic spike counts when it arrives, after its delay; the neuron's own spikes are known to its synapses at
    once. At one and the same instant the order of events decides, so each pair counts once: a spike that makes the
    neuron fire at the instant of its arrival came before, and one that arrives as the neuron fires anyway came after.
    """

    tau_plus: float = 20e-3  # time constant of potentiation [s]
    tau_minus: float = 20e-3  # time constant of depression [s]
    a_plus: float = 0.01  # largest potentiation by one pair, in units of w_max - w_min
    a_minus: float = 0.012  # largest depression by one pair, in units of w_max - w_min
    w_min: float = 0.0  # least weight
    w_max: float = 1.0  # largest weight
    mu_plus: float = 0.0  # how potentiation depends on the room left above: 0 not at all, 1 in proportion
    mu_minus: float = 0.0  # how depression depends on the room left below

    x: State = 0.0  # trace of the spikes that arrived here, at the time of the latest
    t: State = 0.0  # when that was [s]

    y: PostState = 0.0  # trace of the neuron's spikes, at the time of the latest
    t_fired: PostState = 0.0  # when that was [s]

    derived = ("range",)

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        for name in ("tau_plus", "tau_minus"):
            if not 0 < getattr(self, name) < math.inf:
                raise NetworkError(f"PairSTDP.{name} is {getattr(self, name)}; it must be positive and finite")
        if not -math.inf < self.w_min < self.w_max < math.inf:
            raise NetworkError(
                f"PairSTDP keeps weights from w_min = {self.w_min} to w_max = {self.w_max}; both must be finite, and "
                "w_min the smaller"
            )
        for name in ("a_plus", "a_minus"):
            if not math.isfinite(getattr(self, name)):
                raise NetworkError(f"PairSTDP.{name} is {getattr(self, name)}; it must be finite")
        for name in ("mu_plus", "mu_minus"):
            if not 0 <= getattr(self, name) < math.inf:
                raise NetworkError(f"PairSTDP.{name} is {getattr(self, name)}; it must be finite and not negative")
        return {"range": self.w_max - self.w_min}

    def on_pre(self, syn, post, msg):
        """A spike arrives: it comes after every spike that the neuron has fired."""
        y = post.y * math.exp((post.t_fired - msg.time) / self.tau_minus)
        self.add(syn, -self.a_minus * y * self.room(syn.w - self.w_min, self.mu_minus))
        syn.x = syn.x * math.exp((syn.t - msg.time) / self.tau_plus) + 1.0
        syn.t = msg.time

    def at_post(self, post, msg):
        """The neuron fires."""
        post.y = post.y * math.exp((post.t_fired - msg.time) / self.tau_minus) + 1.0
        post.t_fired = msg.time
        return 1.0

    def on_post(self, syn, post, msg):
        """The neuron has fired, seen from a synapse: after every spike that arrived there."""
        x = syn.x * math.exp((syn.t - msg.time) / self.tau_plus)
        self.add(syn, self.a_plus * x * self.room(self.w_max - syn.w, self.mu_plus))

    def add(self, syn, change):
        """Change the weight within its bounds."""
        syn.w = min(self.w_max, max(self.w_min, syn.w + change))

    def room(self, distance, mu):
        """What a change is multiplied with, at a distance from the bound that it moves towards."""
        if mu == 0.0:
            return self.range
        if mu == 1.0 or distance <= 0.0:
            return max(0.0, distance)
        return self.range * math.exp(mu * math.log(distance / self.range))
