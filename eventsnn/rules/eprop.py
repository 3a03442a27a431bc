"""e-prop: eligibility traces for recurrent networks, in continuous time."""

from typing import Any

from eventsnn.paths import adaptation, error, gate, low_pass, path, psp, spike, weight
from eventsnn.rules.steps import Sgd
from eventsnn.surrogates import Triangular

_Path: Any = path(
    "_Path",
    spike()
    >> psp()
    >> gate(Triangular(beta=1.0, height=0.3))
    >> low_pass(20e-3, "tau_out")
    >> gate(error() >> low_pass(20e-3, "tau_out"))
    >> weight(Sgd(lr=1e-3)),
)


class EProp(_Path):
    """e-prop 1 for leaky neurons without adaptation (Bellec et al. 2020, doi 10.1038/s41467-020-17236-y).

        gradient = integral of  L(t) [kappa * (surrogate(v) (psp * S_pre))](t)  dt,     L = kappa * error messages

    kappa is the low-pass filter of the readouts (`tau_out`, area 1), * a convolution, and L the learning signal: a
    readout is the filtered spikes of the network, so its error rises by a known amount with each of them, and falls by
    the target's. Each such change is an error message that reaches the neurons through fixed weights, random or
    symmetric, and is filtered there.

    The paper's surrogate is the triangle, `height` 0.3 over the threshold; with threshold 1 it is `Triangular(1, 0.3)`.
    In continuous time it is a rate, so `height` takes the place of 0.3 per step of 1 ms if it is 300.
    """


_Adaptive: Any = path(
    "_Adaptive",
    spike()
    >> psp()
    >> gate(Triangular(beta=1.0, height=300.0))
    >> adaptation()
    >> low_pass(20e-3, "tau_out")
    >> gate(error() >> low_pass(20e-3, "tau_out"))
    >> weight(Sgd(lr=1e-3)),
)


class AdaptiveEProp(_Adaptive):
    """e-prop 1 for neurons whose threshold adapts (Bellec et al. 2020, doi 10.1038/s41467-020-17236-y): `AdaptiveLIF`.

        eligibility e = psi (psp * S_pre - beta q),     dq/dt = e - q/tau_adapt
        gradient      = integral of  L(t) (kappa * e)(t)  dt

    psi is the surrogate of the voltage above the moving threshold, q the eligibility of the adaptation, `beta` and
    `tau_adapt` those of the neuron; kappa and L as in `EProp`. psi stands for a rate of spikes here, so its height
    matters for q: 300 per second and unit of voltage is the paper's 0.3 in steps of 1 ms.
    """
