"""The likelihood gradient of stochastic neurons: make a target spike train as probable as can be."""

import math
from typing import Any

from eventsnn.paths import error, gate, hold, path, psp, spike, weight
from eventsnn.rules.steps import Sgd
from eventsnn.surrogates import EscapeRate

_Path: Any = path(
    "_Path",
    spike() >> psp() >> gate(EscapeRate(beta=10.0, height=100.0)) >> gate(error() >> hold()) >> weight(Sgd(lr=1e-3)),
)


class EscapeGradient(_Path):
    """Gradient of the likelihood of a target train at an `EscapeLIF` (Pfister et al. 2006, equation 9).

        -dw/dt = lr (hazard(v) - S_target) (psp * S_pre)/delta_u

    (doi 10.1162/neco.2006.18.6.1318), with * a convolution, psp the effect of a spike on the voltage, and S_pre and
    S_target the spike trains. Summed over time it is the derivative of

        -log P(S_target) = integral of hazard(v) dt - sum over target spikes of log hazard(v)

    by the weight, exactly, if v is what it would be had the neuron fired the target: a neuron with
    `reset="subtract", reset_by="target"`, whose after-potential does not depend on the weights. With `reset_by="own"` v
    follows the spikes that the neuron happened to fire, and the rule is an approximation, as in Gardner et al. 2015
    (doi 10.1162/NECO_a_00790), where it trains outputs. With `errors="return"` every error goes on through the
    synapses, divided by `delta_u`: that is the derivative of -log P by the voltage, which hidden neurons learn from by
    `MultilayerSpiker`.

    `surrogate` must be the neuron's hazard: `EscapeRate(beta=1/delta_u, height=rate)`. A target's spike is an error
    message below 0, as `TargetTrains` sends it; other errors are no part of this gradient and change nothing. Nothing
    else is needed, so a neuron learns on whether it fires or not.
    """

    derived = ("at_spikes", "returns", "steepness")

    def derive(self):
        """Check the parameters."""
        return {**super().derive(), "steepness": self.surrogate.beta}

    def begin(self, syn, post):
        """What the hazard is multiplied with, always."""
        post.e_0 = self.steepness

    def at_error(self, post, msg):
        """A spike of the target: what is psp now is due."""
        if msg.value < 0.0:
            e = msg.value * self.steepness
            post.p_2_0 += e * post.p_1_0
            post.p_2_1 += e * post.p_1_1
        return msg.value * self.steepness if self.returns > 0.0 else 0.0

    def at_reset(self, post, msg):
        """The neuron forgets its input, and so does all that was on its way."""
        post.p_0_0 = 0.0
        post.p_1_0 = 0.0
        post.p_1_1 = 0.0
        post.age = math.inf
        return 0.0
