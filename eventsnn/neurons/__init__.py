"""Neuron models, one file each."""

from eventsnn.neurons.adaptive_lif import AdaptiveLIF
from eventsnn.neurons.axon import Axon
from eventsnn.neurons.error_neuron import ErrorNeuron
from eventsnn.neurons.escape_lif import EscapeLIF
from eventsnn.neurons.integrate_fire import IF
from eventsnn.neurons.lif import LIF
from eventsnn.neurons.rate_input import LabelInput, RateInput
from eventsnn.neurons.readout import Readout
from eventsnn.neurons.sources import Latency, Poisson, Regular, SpikeTrain
from eventsnn.neurons.two_compartment import TwoCompartment

__all__ = [
    "IF",
    "LIF",
    "AdaptiveLIF",
    "Axon",
    "ErrorNeuron",
    "EscapeLIF",
    "LabelInput",
    "Latency",
    "Poisson",
    "RateInput",
    "Readout",
    "Regular",
    "SpikeTrain",
    "TwoCompartment",
]
