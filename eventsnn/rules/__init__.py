"""Learning rules, one file each, and the pieces they share."""

from eventsnn.rules.remedies import Bump, NoRemedy, WeightSum
from eventsnn.rules.spike_time import Clip, SpikeTimeGradient
from eventsnn.rules.stdp import PairSTDP
from eventsnn.rules.steps import Adam, Adaptive, AnnealedAdam, Momentum, Sgd

__all__ = [
    "Adam",
    "Adaptive",
    "AnnealedAdam",
    "Bump",
    "Clip",
    "Momentum",
    "NoRemedy",
    "PairSTDP",
    "Sgd",
    "SpikeTimeGradient",
    "WeightSum",
]
