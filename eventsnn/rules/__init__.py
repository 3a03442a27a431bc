"""Learning rules, one file each, and the pieces they share."""

from eventsnn.rules.ask import Ask
from eventsnn.rules.eprop import AdaptiveEProp, EProp
from eventsnn.rules.erbp import ERBP
from eventsnn.rules.etlp import ETLP, AdaptiveETLP, LabelDelta
from eventsnn.rules.local_error import ErrorTriggered, LocalError
from eventsnn.rules.remedies import Bump, NoRemedy, WeightSum
from eventsnn.rules.reward_stdp import RewardSTDP
from eventsnn.rules.spike_time import Clip, SpikeTimeGradient
from eventsnn.rules.stdp import PairSTDP
from eventsnn.rules.steps import Adam, Adaptive, AnnealedAdam, Momentum, Sgd
from eventsnn.rules.superspike import RMax, SuperSpike, van_rossum
from eventsnn.rules.triplet_stdp import TripletSTDP

__all__ = [
    "ERBP",
    "ETLP",
    "Adam",
    "Adaptive",
    "AdaptiveEProp",
    "AdaptiveETLP",
    "AnnealedAdam",
    "Ask",
    "Bump",
    "Clip",
    "EProp",
    "ErrorTriggered",
    "LabelDelta",
    "LocalError",
    "Momentum",
    "NoRemedy",
    "PairSTDP",
    "RMax",
    "RewardSTDP",
    "Sgd",
    "SpikeTimeGradient",
    "SuperSpike",
    "TripletSTDP",
    "WeightSum",
    "van_rossum",
]
