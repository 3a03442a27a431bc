"""Learning rules, one file each, and the pieces they share."""

from eventsnn.rules.delays import FixedDelays, LearnedDelays
from eventsnn.rules.mirrors import KolenPollack, NoMirror
from eventsnn.rules.remedies import Bump, NoRemedy, Penalty, Pseudospikes, RateTarget, WeightSum
from eventsnn.rules.schedules import ByMessage, Constant, Falling, Stairs
from eventsnn.rules.spike_time import Clip, SpikeTimeGradient
from eventsnn.rules.stdp import PairSTDP
from eventsnn.rules.steps import Adam, Adaptive, AnnealedAdam, Momentum, NeuronNorm, NoNorm, Sgd, Sign

__all__ = [
    "Adam",
    "Adaptive",
    "AnnealedAdam",
    "Bump",
    "ByMessage",
    "Clip",
    "Constant",
    "Falling",
    "FixedDelays",
    "KolenPollack",
    "LearnedDelays",
    "Momentum",
    "NeuronNorm",
    "NoMirror",
    "NoNorm",
    "NoRemedy",
    "PairSTDP",
    "Penalty",
    "Pseudospikes",
    "RateTarget",
    "Sgd",
    "Sign",
    "SpikeTimeGradient",
    "Stairs",
    "WeightSum",
]
