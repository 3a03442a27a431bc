"""Feedback weights that learn: what the synapse of the way back does with the change of its forward twin."""

from eventsnn.model import Part, State


class NoMirror(Part):
    """The feedback weight is the forward one, or never changes."""

    def follow(self, syn, dw):
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

    def follow(self, syn, dw):
        """The change of weight, given what the step asks for."""
        syn.back += dw - self.decay * syn.back
        return dw - self.decay * syn.w

    def lift(self, syn, amount):
        """The change of weight, given what a remedy adds to all weights of the neuron."""
        syn.back += amount
        return amount
