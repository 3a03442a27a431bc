"""Learning rules, one file each, and the pieces they share."""

from typing import TYPE_CHECKING, Any

from eventsnn.rules.ask import Ask
from eventsnn.rules.axonal_delay import AxonalDelay
from eventsnn.rules.delays import FixedDelays, LearnedDelays
from eventsnn.rules.erbp import ERBP
from eventsnn.rules.etlp import ETLP, AdaptiveETLP, LabelDelta
from eventsnn.rules.mirrors import Correlation, KolenPollack, NoMirror
from eventsnn.rules.multi_spike import MultiSpikeGradient
from eventsnn.rules.remedies import Bump, NoRemedy, Penalty, Pseudospikes, RateTarget, WeightSum
from eventsnn.rules.reward_stdp import RewardSTDP
from eventsnn.rules.schedules import ByMessage, Constant, Falling, LinearDecay, Stairs
from eventsnn.rules.spike_time import Clip, SpikeTimeGradient
from eventsnn.rules.stdp import PairSTDP
from eventsnn.rules.steps import Adam, Adaptive, AnnealedAdam, Momentum, NeuronNorm, NoNorm, Sgd, Sign
from eventsnn.rules.trials import OneTrial, in_flight
from eventsnn.rules.triplet_stdp import TripletSTDP

if TYPE_CHECKING:
    from eventsnn.rules.eprop import AdaptiveEProp, EProp
    from eventsnn.rules.escape_gradient import EscapeGradient
    from eventsnn.rules.local_error import ErrorTriggered, LocalError
    from eventsnn.rules.multilayer_spiker import MultilayerSpiker
    from eventsnn.rules.superspike import RMax, SuperSpike, van_rossum, wrong_spike_rate

PATHS = {  # what is loaded when first used, and its file: to write the class of a signal path takes time
    "AdaptiveEProp": "eprop",
    "EProp": "eprop",
    "ErrorTriggered": "local_error",
    "EscapeGradient": "escape_gradient",
    "LocalError": "local_error",
    "MultilayerSpiker": "multilayer_spiker",
    "RMax": "superspike",
    "SuperSpike": "superspike",
    "van_rossum": "superspike",
    "wrong_spike_rate": "superspike",
}


def __getattr__(name: str) -> Any:
    """Load what a file of `PATHS` defines."""
    if name not in PATHS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{PATHS[name]}"), name)


__all__ = [
    "ERBP",
    "ETLP",
    "Adam",
    "Adaptive",
    "AdaptiveEProp",
    "AdaptiveETLP",
    "AnnealedAdam",
    "Ask",
    "AxonalDelay",
    "Bump",
    "ByMessage",
    "Clip",
    "Constant",
    "Correlation",
    "EProp",
    "ErrorTriggered",
    "EscapeGradient",
    "Falling",
    "FixedDelays",
    "KolenPollack",
    "LabelDelta",
    "LearnedDelays",
    "LinearDecay",
    "LocalError",
    "Momentum",
    "MultiSpikeGradient",
    "MultilayerSpiker",
    "NeuronNorm",
    "NoMirror",
    "NoNorm",
    "NoRemedy",
    "OneTrial",
    "PairSTDP",
    "Penalty",
    "Pseudospikes",
    "RMax",
    "RateTarget",
    "RewardSTDP",
    "Sgd",
    "Sign",
    "SpikeTimeGradient",
    "Stairs",
    "SuperSpike",
    "TripletSTDP",
    "WeightSum",
    "in_flight",
    "van_rossum",
    "wrong_spike_rate",
]
