"""Neuron models, one file each."""

from eventsnn.neurons.integrate_fire import IF
from eventsnn.neurons.lif import LIF
from eventsnn.neurons.sources import Latency, Poisson, Regular, SpikeTrain

__all__ = ["IF", "LIF", "Latency", "Poisson", "Regular", "SpikeTrain"]
