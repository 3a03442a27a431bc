"""eventsnn: event-driven, asynchronous simulation and training of spiking neural networks."""

from typing import TYPE_CHECKING, Any

from eventsnn import datasets
from eventsnn.distributions import exponential, lognormal, normal, uniform
from eventsnn.encode import latency
from eventsnn.errors import (
    EngineError,
    EventsnnError,
    Interrupted,
    LocalityError,
    NetworkError,
    RunawayError,
)
from eventsnn.faults import UnreliableLink
from eventsnn.model import LinearNeuron, Neuron, Part, PostState, Rule, Source, State
from eventsnn.network import Network
from eventsnn.neurons import IF, LIF, Latency, Poisson, Regular, SpikeTrain
from eventsnn.patterns import all_to_all, edges, fixed_indegree, fixed_probability, one_to_one
from eventsnn.processes import Process
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
from eventsnn.rules import (
    Adam,
    Adaptive,
    AnnealedAdam,
    Bump,
    ByMessage,
    Clip,
    Constant,
    Falling,
    FixedDelays,
    KolenPollack,
    LearnedDelays,
    Momentum,
    NeuronNorm,
    NoMirror,
    NoNorm,
    NoRemedy,
    PairSTDP,
    Penalty,
    Pseudospikes,
    RateTarget,
    Sgd,
    Sign,
    SpikeTimeGradient,
    Stairs,
    WeightSum,
)
from eventsnn.stimulus import Stimulus
from eventsnn.teachers import FirstToSpike, MarginRace, TargetTimes

if TYPE_CHECKING:
    from eventsnn import plot

ms = 1e-3
"""One millisecond in seconds."""

us = 1e-6
"""One microsecond in seconds."""

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`eventsnn.plot` is loaded when it is first used, because Matplotlib is slow to import."""
    if name == "plot":
        import importlib

        return importlib.import_module("eventsnn.plot")
    raise AttributeError(f"module 'eventsnn' has no attribute {name!r}")


__all__ = [
    "IF",
    "LIF",
    "Adam",
    "Adaptive",
    "AnnealedAdam",
    "Bump",
    "ByMessage",
    "Clip",
    "Constant",
    "EngineError",
    "EventsnnError",
    "Falling",
    "FirstToSpike",
    "FixedDelays",
    "Interrupted",
    "KolenPollack",
    "Latency",
    "LearnedDelays",
    "LinearNeuron",
    "LocalityError",
    "LocalityReport",
    "MarginRace",
    "Momentum",
    "Network",
    "NetworkError",
    "Neuron",
    "NeuronNorm",
    "NoMirror",
    "NoNorm",
    "NoRemedy",
    "PairSTDP",
    "Part",
    "Penalty",
    "Poisson",
    "PostState",
    "Process",
    "Pseudospikes",
    "RateTarget",
    "Regular",
    "Relaxation",
    "Rule",
    "RunawayError",
    "Sgd",
    "Sign",
    "Source",
    "SpikeTimeGradient",
    "SpikeTrain",
    "Stairs",
    "State",
    "Stimulus",
    "TargetTimes",
    "UnreliableLink",
    "WeightSum",
    "all_to_all",
    "barrier",
    "datasets",
    "edges",
    "exact_time",
    "exponential",
    "fixed_indegree",
    "fixed_probability",
    "global_error",
    "grid",
    "history",
    "instant",
    "latency",
    "lognormal",
    "ms",
    "needs",
    "neighbour",
    "normal",
    "one_to_one",
    "plot",
    "uniform",
    "us",
    "weight_transport",
]
