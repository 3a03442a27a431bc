"""Learning by errors of the neuron's own layer: nothing crosses layers, and nothing goes back in time."""

from typing import Any

from eventsnn.paths import error, gate, hold, path, psp, spike, weight
from eventsnn.rules.steps import Sgd
from eventsnn.surrogates import FastSigmoid

_Path: Any = path(
    "_Path", spike() >> psp() >> gate(FastSigmoid(beta=10.0)) >> gate(error() >> hold()) >> weight(Sgd(lr=1e-3))
)
_Triggered: Any = path(
    "_Triggered", spike() >> psp() >> gate(FastSigmoid(beta=10.0)) >> gate(error()) >> weight(Sgd(lr=1e-3))
)


class LocalError(_Path):
    """Local errors, as in DCLL and DECOLLE (Kaiser, Mostafa and Neftci 2020, doi 10.3389/fnins.2020.00424).

        gradient = integral of  e(t) surrogate(v(t)) (psp * S_pre)(t)  dt

    A layer has a readout of its own with fixed random weights; its errors, times the same fixed weights, are what the
    layer's neurons learn from. An error message carries a *change* of e, so e is what all readouts last said, and a
    readout that has nothing new to say says nothing. `reset` messages set e to 0.

    The authors' networks are clocked and their errors change at every step; in continuous time the integral is exact
    however rarely they change.
    """


class ErrorTriggered(_Triggered):
    """Local errors that are events (Payvand et al. 2020, arXiv 1910.06152): the weight changes at each error message.

        gradient = sum over errors  e_k surrogate(v(t_k)) (psp * S_pre)(t_k)

    Nothing happens at the synapses when an error comes: what is due is summed at the neuron, in O(1), and reaches a
    synapse with its next spike or with an `apply` message. `ErrorNeuron` is a source of such errors.
    """
