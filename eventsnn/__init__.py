"""eventsnn: event-driven, asynchronous simulation and training of spiking neural networks."""

from typing import TYPE_CHECKING, Any

from eventsnn import datasets, rules
from eventsnn.clocks import Clock
from eventsnn.curves import TargetCurves
from eventsnn.distributions import exponential, lognormal, normal, uniform
from eventsnn.encode import latency, rate_trains
from eventsnn.errors import (
    EngineError,
    EventsnnError,
    Interrupted,
    LocalityError,
    NetworkError,
    RunawayError,
)
from eventsnn.faults import UnreliableLink
from eventsnn.linear import LinearNeuron
from eventsnn.model import EpochState, Neuron, Part, PostState, Rule, Source, State
from eventsnn.network import Network
from eventsnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    Axon,
    ErrorNeuron,
    EscapeLIF,
    LabelInput,
    Latency,
    Poisson,
    RateInput,
    Readout,
    Regular,
    SpikeTrain,
    TwoCompartment,
)
from eventsnn.paths import (
    adaptation,
    double_exponential,
    error,
    gate,
    hold,
    low_pass,
    memory,
    own_spikes,
    path,
    psp,
    spike,
    weight,
)
from eventsnn.patterns import all_to_all, edges, fixed_indegree, fixed_probability, one_to_one
from eventsnn.playback import Playback
from eventsnn.processes import Process
from eventsnn.recordings import Recordings
from eventsnn.relax import (
    Relaxation,
    barrier,
    exact_time,
    global_error,
    grid,
    history,
    instant,
    needs,
    neighbour,
    weight_transport,
)
from eventsnn.report import LocalityReport
from eventsnn.responder import Responder
from eventsnn.rules import (
    ERBP,
    ETLP,
    Adam,
    Adaptive,
    AdaptiveETLP,
    AnnealedAdam,
    Ask,
    AxonalDelay,
    Bump,
    ByMessage,
    Clip,
    Constant,
    Correlation,
    Falling,
    FixedDelays,
    KolenPollack,
    LabelDelta,
    LearnedDelays,
    LinearDecay,
    Momentum,
    MultiSpikeGradient,
    NeuronNorm,
    NoMirror,
    NoNorm,
    NoRemedy,
    OneTrial,
    PairSTDP,
    Penalty,
    Pseudospikes,
    RateTarget,
    RewardSTDP,
    Sgd,
    Sign,
    SpikeTimeGradient,
    Stairs,
    TripletSTDP,
    WeightSum,
    in_flight,
)
from eventsnn.rules.triplet_stdp import triplet_stdp
from eventsnn.sampled_error import SampledError
from eventsnn.stimulus import Stimulus
from eventsnn.surrogates import Boxcar, EscapeRate, Exponential, FastSigmoid, Quadratic, Sigmoid, Surrogate, Triangular
from eventsnn.teachers import FirstToSpike, MarginRace, TargetTimes
from eventsnn.trains import TargetTrains
from eventsnn.verdicts import LargestValue
from eventsnn.wiring import connect_erbp, connect_local_readout, connect_verdict, teach_readout

if TYPE_CHECKING:
    from eventsnn import plot
    from eventsnn.rules import (
        AdaptiveEProp,
        EProp,
        ErrorTriggered,
        EscapeGradient,
        LocalError,
        MultilayerSpiker,
        RMax,
        SuperSpike,
        van_rossum,
        wrong_spike_rate,
    )

    study: Any  # it imports this package's layers, so it cannot be named as an import here

ms = 1e-3
"""One millisecond in seconds."""

us = 1e-6
"""One microsecond in seconds."""

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What is slow to import is loaded when first used: `eventsnn.plot`, `eventsnn.study`, and rules that are paths."""
    if name in ("plot", "study"):
        import importlib

        return importlib.import_module(f"eventsnn.{name}")
    if name in rules.PATHS:
        return getattr(rules, name)
    raise AttributeError(f"module 'eventsnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "ERBP",
    "ETLP",
    "IF",
    "LIF",
    "Adam",
    "Adaptive",
    "AdaptiveEProp",
    "AdaptiveETLP",
    "AdaptiveLIF",
    "AnnealedAdam",
    "Ask",
    "Axon",
    "AxonalDelay",
    "Boxcar",
    "Bump",
    "ByMessage",
    "Clip",
    "Clock",
    "Constant",
    "Correlation",
    "EProp",
    "EngineError",
    "EpochState",
    "ErrorNeuron",
    "ErrorTriggered",
    "EscapeGradient",
    "EscapeLIF",
    "EscapeRate",
    "EventsnnError",
    "Exponential",
    "Falling",
    "FastSigmoid",
    "FirstToSpike",
    "FixedDelays",
    "Interrupted",
    "KolenPollack",
    "LabelDelta",
    "LabelInput",
    "LargestValue",
    "Latency",
    "LearnedDelays",
    "LinearDecay",
    "LinearNeuron",
    "LocalError",
    "LocalityError",
    "LocalityReport",
    "MarginRace",
    "Momentum",
    "MultiSpikeGradient",
    "MultilayerSpiker",
    "Network",
    "NetworkError",
    "Neuron",
    "NeuronNorm",
    "NoMirror",
    "NoNorm",
    "NoRemedy",
    "OneTrial",
    "PairSTDP",
    "Part",
    "Penalty",
    "Playback",
    "Poisson",
    "PostState",
    "Process",
    "Pseudospikes",
    "Quadratic",
    "RMax",
    "RateInput",
    "RateTarget",
    "Readout",
    "Recordings",
    "Regular",
    "Relaxation",
    "Responder",
    "RewardSTDP",
    "Rule",
    "RunawayError",
    "SampledError",
    "Sgd",
    "Sigmoid",
    "Sign",
    "Source",
    "SpikeTimeGradient",
    "SpikeTrain",
    "Stairs",
    "State",
    "Stimulus",
    "SuperSpike",
    "Surrogate",
    "TargetCurves",
    "TargetTimes",
    "TargetTrains",
    "Triangular",
    "TripletSTDP",
    "TwoCompartment",
    "UnreliableLink",
    "WeightSum",
    "adaptation",
    "all_to_all",
    "barrier",
    "connect_erbp",
    "connect_local_readout",
    "connect_verdict",
    "datasets",
    "double_exponential",
    "edges",
    "error",
    "exact_time",
    "exponential",
    "fixed_indegree",
    "fixed_probability",
    "gate",
    "global_error",
    "grid",
    "history",
    "hold",
    "in_flight",
    "instant",
    "latency",
    "lognormal",
    "low_pass",
    "memory",
    "ms",
    "needs",
    "neighbour",
    "normal",
    "one_to_one",
    "own_spikes",
    "path",
    "plot",
    "psp",
    "rate_trains",
    "spike",
    "study",
    "teach_readout",
    "triplet_stdp",
    "uniform",
    "us",
    "van_rossum",
    "weight",
    "weight_transport",
    "wrong_spike_rate",
]
