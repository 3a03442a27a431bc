"""Spike-timing-dependent plasticity of pairs of spikes, all to all, by one trace at each side of a synapse."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import PostState, Rule, State

AGE = 32.0  # time constants; exp(32) is far from overflow, and sums of positive numbers lose nothing


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
    doi 10.1007/s00422-008-0233-1, section 4.1). They are kept as sums of exp((t - origin)/tau), with an origin that all
    synapses share and that moves on every 32 time constants: so the decay is one factor for all synapses that a spike
    reaches, and a synapse costs a few multiplications.

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

    x: State = 0.0  # sum of exp((t - t_x)/tau_plus) over the spikes that arrived here
    t_x: State = 0.0  # [s]

    y: PostState = 0.0  # sum of exp((t - t_y)/tau_minus) over the neuron's spikes
    t_y: PostState = 0.0  # [s]

    kept = ("arriving",)
    derived = ("range", "age_plus", "age_minus")

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
        return {"range": self.w_max - self.w_min, "age_plus": AGE * self.tau_plus, "age_minus": AGE * self.tau_minus}

    def on_pre(self, syn, post, msg):
        """A spike arrives: it comes after every spike that the neuron has fired."""
        origin, left, origin_x, grown = self.arriving(msg.time)
        y = post.y * left
        if post.t_y != origin:
            y = y * math.exp((post.t_y - origin) / self.tau_minus)
        self.add(syn, -self.a_minus * y * self.room(syn.w - self.w_min, self.mu_minus))
        if syn.t_x != origin_x:
            syn.x = syn.x * math.exp((syn.t_x - origin_x) / self.tau_plus)
            syn.t_x = origin_x
        syn.x += grown

    def arriving(self, time):
        """For a spike that arrives: the origin of y and what is left of y, the origin of x and what is added to x."""
        origin, origin_x = self.origin(time, self.age_minus), self.origin(time, self.age_plus)
        return origin, math.exp((origin - time) / self.tau_minus), origin_x, math.exp((time - origin_x) / self.tau_plus)

    def at_post(self, post, msg):
        """The neuron fires; what goes to its synapses is how much their traces have decayed since the origin."""
        origin = self.origin(msg.time, self.age_minus)
        if post.t_y != origin:
            post.y = post.y * math.exp((post.t_y - origin) / self.tau_minus)
            post.t_y = origin
        post.y += math.exp((msg.time - origin) / self.tau_minus)
        return math.exp((self.origin(msg.time, self.age_plus) - msg.time) / self.tau_plus)

    def on_post(self, syn, post, msg):
        """The neuron has fired, seen from a synapse: after every spike that arrived there."""
        x = syn.x * msg.value
        origin = self.origin(msg.time, self.age_plus)
        if syn.t_x != origin:
            x = x * math.exp((syn.t_x - origin) / self.tau_plus)
        self.add(syn, self.a_plus * x * self.room(self.w_max - syn.w, self.mu_plus))

    def origin(self, time, age):
        """From when on the exponentials of a trace are counted."""
        return math.floor(time / age) * age

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
