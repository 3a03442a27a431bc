"""Feedback weights that learn: what the synapse of the way back does with the change of its forward twin."""

import math

from eventsnn.model import Part, PostState, State


class NoMirror(Part):
    """The feedback weight is the forward one, or never changes."""

    def begin(self, syn, post):
        """The network is built."""

    def probe(self, post):
        """The neuron fired for the first time in a trial: 1.0 if its synapses shall hear of it."""
        return 0.0

    def hear(self, syn, post, slope):
        """A synapse hears of it; `slope` is psp' at the spike, by which the spike of its source moved it."""

    def follow(self, syn, post, dw):
        """The change of weight, given what the step asks for."""
        return dw

    def lift(self, syn, amount):
        """The change of weight, given what a remedy adds to all weights of the neuron."""
        return amount


class KolenPollack(Part):
    """Both weights of a pair change by the same local product, and both decay; so their difference decays.

        w += dw - decay w,     back += dw - decay back     at each change

    (Kolen and Pollack 1994, doi 10.1109/ICNN.1994.374486; in deep networks Akrout et al. 2019, arXiv 1904.05391.) The
    step `dw` follows from a product that both ends know: it goes back with the error, and neither weight is ever sent.
    Decay acts only together with a change, so a pair that does not learn forgets nothing. What a remedy adds to the
    weights of a neuron is added at both ends: a number that the neuron tells its sources. One record holds both ends
    here; a machine that keeps them apart keeps the variables of the step at either, and sends these numbers.

    Use it with `feedback="learned"`; `feedback_weight` is where `back` starts.
    """

    decay: float = 1e-3  # part of either weight that is lost with each change

    back: State = 0.0  # weight of the feedback synapse

    def begin(self, syn, post):
        """The network is built."""

    def probe(self, post):
        """Spikes are not probed."""
        return 0.0

    def hear(self, syn, post, slope):
        """Spikes are not probed."""

    def follow(self, syn, post, dw):
        """The change of weight, given what the step asks for."""
        syn.back += dw - self.decay * syn.back
        return dw - self.decay * syn.w

    def lift(self, syn, amount):
        """The change of weight, given what a remedy adds to all weights of the neuron."""
        syn.back += amount
        return amount


class Correlation(Part):
    """Estimates the forward weight from what comes out in front when spikes are imagined a little earlier or later.

    When a neuron fires, every synapse imagines its spike shifted by s seconds, s = 1 or -1 at random. The neuron adds
    up what these shifts together would do to its voltage, a derivative that nothing has to be disturbed for,

        d = sum_i w_i psp'(t_o - t_i) s_i

    a sum over its inputs as the voltage is one. Signs of different synapses have nothing to do with each other, so the
    mean of d s_i psp'_i is w_i psp'_i^2, whatever the other weights are. The feedback synapse therefore follows

        back += rate s_i psp'_i (d - back s_i psp'_i) / sum_j psp'_j^2     at each change of the forward weight

    It gets d and the sum from the neuron, one pair for all, and knows its own sign and delay; no weight is sent. As in
    SFDFA (Bacho and Chu 2024, arXiv 2403.08804), random directions are correlated with derivatives that run
    forward; there from the outputs to any layer and by a step rule of its own, here from layer to layer. What is left
    of the other weights is noise: a small `rate` takes it away and lets the estimate lag behind.

    Use it with `feedback="learned"`; `feedback_weight` is where `back` starts. Costs five words per synapse beside the
    weight, and a visit of every synapse of a neuron when it fires.
    """

    rate: float = 0.05  # part of the gap that is closed per change, of all synapses of a neuron together

    back: State = 0.0  # weight of the feedback synapse
    draw: State = 0.0  # the latest random number, a whole number below 2^31
    probed: State = 0.0  # sign times psp' at the latest spike [1/s]

    seed: PostState = 1.0  # of the synapse that was built last
    moved: PostState = 0.0  # d [1/s]
    power: PostState = 0.0  # sum of psp'^2 [1/s^2]

    def begin(self, syn, post):
        """Start the synapse's own random numbers, those of Lehmer 1951 with the constants of Park and Miller 1988."""
        post.seed = self.next(post.seed, 48271.0)
        syn.draw = post.seed

    def next(self, x, factor):
        """x times factor modulo 2^31 - 1, exact in float64."""
        y = x * factor
        return y - 2147483647.0 * math.floor(y / 2147483647.0)

    def probe(self, post):
        """The neuron fired for the first time in a trial: ask its synapses."""
        post.moved = 0.0
        post.power = 0.0
        return 1.0

    def hear(self, syn, post, slope):
        """What the shift of one spike, seen from its synapse, does to the voltage."""
        syn.draw = self.next(syn.draw, 16807.0)
        syn.probed = slope if syn.draw < 1073741824.0 else -slope
        post.moved += syn.w * syn.probed
        post.power += slope * slope

    def follow(self, syn, post, dw):
        """The change of weight as it is; the feedback weight moves towards what the neuron felt."""
        if post.power > 0.0:
            syn.back += self.rate * syn.probed * (post.moved - syn.back * syn.probed) / post.power
        return dw

    def lift(self, syn, amount):
        """What a remedy adds shows in what the neuron feels."""
        return amount
