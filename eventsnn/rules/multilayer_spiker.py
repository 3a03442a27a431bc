"""The likelihood gradient taken through a hidden layer of stochastic neurons: MultilayerSpiker."""

from typing import Any

from eventsnn.paths import double_exponential, error, gate, own_spikes, path, psp, spike, weight
from eventsnn.rules.steps import Sgd

_Path: Any = path(
    "_Path",
    spike()
    >> psp()
    >> gate(own_spikes())
    >> double_exponential(5e-3, 10e-3, names=("tau_syn_out", "tau_mem_out"))
    >> gate(error())
    >> weight(Sgd(lr=1e-3)),
)


class MultilayerSpiker(_Path):
    """Rule of hidden neurons with escape noise that send to outputs which learn a target train by `EscapeGradient`.

        -dw/dt = lr e_h (psp_o * (S_h (psp_h * S_pre)))/delta_u,   e_h = sum_o w_ho (hazard_o - S_target)/delta_u_o

    with * a convolution, psp_h and psp_o the effects of a spike on the voltages of the hidden neuron and of the output,
    S_pre, S_h and S_target the spike trains (Gardner, Sporea and Gruening 2015, doi 10.1162/NECO_a_00790: the rule for
    hidden weights). The hazard of the hidden neuron has a derivative by its weights, hazard_h psp_h / delta_u; what it
    fired, S_h, stands for hazard_h. So a neuron that does not fire does not learn.

    The error comes as messages: -1/delta_u_o for a spike of the target, and 1/delta_u_o for a spike of the output
    itself, which `TargetTrains` sends and `EscapeGradient(errors="return")` hands on, through the weights w_ho or
    others. That is S_o in the place of hazard_o. An output with `reset_by="target"` fires S_o with just that hazard,
    whatever happened before, so the mean of the gradient over its spikes is that of the formula; what it has more is
    variance. The eligibility is exact at every message, and costs a synapse nothing until it is touched.

    It is no gradient of the likelihood: a hidden spike multiplies an output's hazard, and here it counts in first
    order; and the hidden neuron's reset has no derivative. Delays are not undone: an error that comes late by the delay
    of the way there and that of the way back meets an eligibility which has gone on for as long, so keep both short
    beside `tau_mem_out`.

    `tau_syn_out` and `tau_mem_out` are the time constants of the outputs, which have a synaptic current.
    """

    def at_error(self, post, msg):
        """An error of the outputs: what is eligible now is due."""
        e = msg.value * self.tau_syn_out / post.delta_u
        post.p_4_0 += e * post.p_3_0
        post.p_4_1 += e * post.p_3_1
        post.p_4_2 += e * post.p_3_2
        post.p_4_3 += e * post.p_3_3
        return msg.value if self.returns > 0.0 else 0.0
