"""Whole networks in one call, made with nothing but `net.add` and `net.connect`."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn import rng
from eventsnn.curves import TargetCurves
from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.graph import Population, Projection
from eventsnn.network import Network
from eventsnn.neurons import ErrorNeuron, Readout, TwoCompartment
from eventsnn.patterns import one_to_one
from eventsnn.rules import ERBP, Ask
from eventsnn.sampled_error import SampledError
from eventsnn.verdicts import LargestValue


@dataclass(frozen=True)
class ErrorLayers:
    """What `connect_erbp` made.

    Attributes:
        layers: hidden layers and, last, the output.
        plastic: the projections that learn, from the inputs on.
        errors: the two populations of error neurons: for spikes that lack, and for those too many.
    """

    layers: list[Population]
    plastic: list[Projection]
    errors: tuple[Population, Population]

    @property
    def output(self) -> Population:
        """The output layer."""
        return self.layers[-1]


def connect_erbp(
    net: Network,
    inputs: Population,
    labels: Population,
    hidden: Sequence[int] = (100,),
    *,
    neuron: TwoCompartment | Sequence[TwoCompartment] | None = None,
    error_neuron: ErrorNeuron | None = None,
    rule: ERBP | None = None,
    lr: float = 1e-3,
    hidden_lr: float | Sequence[float] | None = None,
    init: float = 7.0,
    error_weight: float = 0.9,
    delay: float = 1e-3,
    told_by: Population | None = None,
    weights: Sequence[Any] | None = None,
    record: tuple[str, ...] = ("spikes",),
    **initial: Any,
) -> ErrorLayers:
    """Build a network that learns by event-driven random backpropagation (Neftci et al. 2017).

    Layers of two-compartment neurons follow the inputs, each fully connected to the one before with plastic synapses;
    the last has one neuron per label. A pair of error neurons per label compares the label's spikes with the output's.
    Their spikes reach the output's dendrites one to one, and those of hidden layers through a fixed random matrix,
    whose mean over the labels is 0 for each neuron, as in the authors' code. Weights are from U(-s, s),
    s = sqrt(init/(n_pre + n_post)), and so is the feedback, times `lr`.

    Args:
        inputs: where spikes come from.
        labels: one member for each class; it spikes while its class is shown.
        hidden: sizes of the hidden layers; none is possible.
        neuron: model of all layers, or of each with the output as the last; `TwoCompartment()` unless given.
        error_neuron: model of the pairs; `ErrorNeuron()` unless given. Its `fading` is that of all steps.
        rule: `ERBP()` unless given.
        lr: by how much one error spike changes the weight of a synapse whose own spike follows at once.
        hidden_lr: the same in hidden layers, or in each, per unit of their feedback; `lr` unless given.
        init: scale of the initial weights.
        error_weight: of spikes onto the error neurons, in units of their threshold; below 1.
        delay: of every error [s]; above 0.
        told_by: a process, such as a `Stimulus`, whose negative `label` messages silence the error neurons for a while.
        weights: of the projections that learn, from the inputs on, instead of random ones; such as learned ones.
        record: what is kept of the hidden layers and of the error neurons; of the outputs their spikes are.
        initial: initial state of the neurons of all layers, such as `i_bias=0.2`.
    """
    sizes = [*hidden, labels.size]
    learners = [(model, rule or ERBP()) for model in _each("neuron", neuron or TwoCompartment(), len(sizes))]
    layers, plastic = _forward(net, inputs, sizes, learners, _weights(weights, inputs, sizes, init), record, initial)
    errors = _compare(net, labels, layers[-1], error_neuron or ErrorNeuron(), error_weight, lr, delay, record, told_by)
    _feed_back(net, errors, layers[:-1], labels.size, init, lr if hidden_lr is None else hidden_lr, delay)
    return ErrorLayers(layers, plastic, errors)


def _each(name: str, given: Any, layers: int) -> list[Any]:
    """What was given for all layers, or for each of them."""
    if not isinstance(given, Sequence):
        return [given] * layers
    if len(given) != layers:
        raise NetworkError(f"connect_erbp: {len(given)} values of {name} for {layers} layers; give one or one for each")
    return list(given)


def _feed_back(
    net: Network,
    errors: tuple[Population, Population],
    hidden: list[Population],
    classes: int,
    init: float,
    lr: float | Sequence[float],
    delay: float,
) -> None:
    """The fixed random projections by which the error neurons tell the hidden layers."""
    for layer, rate in zip(hidden, _each("hidden_lr", lr, len(hidden)), strict=True):
        g = random_feedback(net.description.seed, layer.name, classes, layer.size, init)
        for sign, error in zip((1.0, -1.0), errors, strict=True):
            net.connect(error, layer, port="error", weight=sign * rate * g, delay=delay)


def _weights(given: Sequence[Any] | None, inputs: Population, sizes: list[int], init: float) -> list[Any]:
    """Of the projections from each layer to the next: those given, or random ones."""
    if given is None:
        scales = [float(np.sqrt(init / sum(pair))) for pair in itertools.pairwise([inputs.size, *sizes])]
        return [uniform(-s, s) for s in scales]
    if len(given) != len(sizes):
        raise NetworkError(f"connect_erbp: {len(given)} weights for {len(sizes)} projections; give one for each")
    return list(given)


def _forward(
    net: Network,
    inputs: Population,
    sizes: list[int],
    learners: Sequence[tuple[TwoCompartment, ERBP]],
    weights: Sequence[Any],
    record: tuple[str, ...],
    initial: dict[str, Any],
) -> tuple[list[Population], list[Projection]]:
    """The layers, and the projections that learn."""
    layers: list[Population] = []
    plastic = []
    for k, (size, (model, rule)) in enumerate(zip(sizes, learners, strict=True), start=1):
        name, kept = ("output", ("spikes",)) if k == len(sizes) else (f"hidden {k}", record)
        pre, layer = layers[-1] if layers else inputs, net.add(model, size, name=name, record=kept, **initial)
        plastic.append(net.connect(pre, layer, rule, weight=weights[k - 1]))
        layers.append(layer)
    return layers, plastic


def _compare(
    net: Network,
    labels: Population,
    output: Population,
    neuron: ErrorNeuron,
    weight: float,
    lr: float,
    delay: float,
    record: tuple[str, ...],
    told_by: Population | None,
) -> tuple[Population, Population]:
    """The pairs of error neurons that compare the spikes of labels and outputs, and tell the outputs."""
    if not 0 < delay < np.inf:
        raise NetworkError(f"connect_erbp: delay is {delay}; an error needs a finite delay above 0")
    errors = (
        net.add(neuron, labels.size, name="lacking", record=record),
        net.add(neuron, labels.size, name="too many", record=record),
    )
    for sign, error in zip((1.0, -1.0), errors, strict=True):
        net.connect(labels, error, weight=sign * weight, pattern=one_to_one())
        net.connect(output, error, weight=-sign * weight, pattern=one_to_one())
        net.connect(error, output, port="error", weight=sign * lr, pattern=one_to_one(), delay=delay)
    if told_by is not None:
        for error in errors:
            net.connect(told_by, error, port="label", name=f"{told_by.name}->{error.name} (label)")
    return errors


def random_feedback(seed: int, name: str, classes: int, size: int, init: float = 7.0) -> np.ndarray:
    """Fixed feedback, shape (classes, size), from U(-s, s), s = sqrt(init/(classes + size)), with mean 0 over classes.

    Without that, a neuron whose feedback has mostly one sign drifts with the sum of all errors.
    """
    s = float(np.sqrt(init / (classes + size)))
    g: np.ndarray = rng.stream(seed, f"{name}/feedback").uniform(-s, s, (classes, size))
    g -= g.mean(axis=0)
    return g


@dataclass(frozen=True)
class LocalReadout:
    """What `connect_local_readout` made.

    Attributes:
        readout: graded neurons, one for each class.
        critic: the processes that compare them with the class that is shown.
        weights: fixed random weights, shape (neurons of the layer, classes), of the way there and of the way back.
    """

    readout: Population
    critic: Population
    weights: np.ndarray


def connect_local_readout(
    net: Network,
    layer: Population,
    told_by: Population,
    classes: int,
    *,
    sampled: SampledError | None = None,
    tau: float = 20e-3,
    amplitude: float = 1.0,
    delay: float = 1e-3,
    record: tuple[str, ...] | list[str] = (),
) -> LocalReadout:
    """Give a layer a readout of its own, whose errors its neurons learn from (DCLL, DECOLLE).

    The spikes of the layer reach one graded readout per class through fixed random weights; the readouts' errors come
    back to each neuron through the same weights, so that nothing is transported that learns. Connect the inputs of the
    layer with `LocalError`, or with `ErrorTriggered` and `sampled=SampledError(form="event", threshold=...)`. Layers
    can be stacked, each with a readout of its own; no error crosses layers.

    Kaiser, Mostafa and Neftci 2020 (doi 10.3389/fnins.2020.00424). Weights are from U(-s, s), s = amplitude/sqrt(size
    of the layer).

    Args:
        layer: neurons that learn.
        told_by: a process, such as a `Stimulus`, that sends `label` messages: a class, or -1 where it is not told.
        classes: how many there are.
        sampled: when and how errors are told; `SampledError()` unless given.
        tau: time constant of the readouts [s].
        amplitude: of the weights.
        delay: of every error [s].
        record: what is kept of the readouts, such as `["state"]`.
    """
    critic = sampled or SampledError()
    if not isinstance(classes, (int, np.integer)) or classes < 1:
        raise NetworkError(f"connect_local_readout: classes is {classes!r}; give a whole number from 1")
    if not 0 < amplitude < np.inf:
        raise NetworkError(f"connect_local_readout: amplitude is {amplitude}; it must be positive and finite")
    if not 0 < delay < np.inf:
        raise NetworkError(f"connect_local_readout: delay is {delay}; an error needs a finite delay above 0")
    s = amplitude / float(np.sqrt(layer.size))
    g = rng.stream(net.description.seed, f"{layer.name}/readout").uniform(-s, s, (layer.size, classes))
    readout = net.add(Readout(tau_mem=tau), classes, name=f"{layer.name} readout", record=record)
    judge = net.add(critic, classes, name=f"{layer.name} critic", record=())
    net.connect(layer, readout, weight=g)
    answer: dict[str, Any] = {"feedback": "random", "feedback_weight": 1.0, "feedback_delay": 0.5 * critic.patience}
    net.connect(judge, readout, Ask(), weight=0.0, pattern=one_to_one(), **answer)
    net.connect(judge, readout, port="ask", pattern=one_to_one(), name=f"{judge.name}->{readout.name} (ask)")
    net.connect(judge, layer, port="error", weight=g.T.copy(), delay=delay)
    net.connect(told_by, judge, port="label", name=f"{told_by.name}->{judge.name} (label)")
    return LocalReadout(readout, judge, g)


def connect_verdict(
    net: Network,
    readout: Population,
    told_by: Population,
    *,
    looks: int = 30,
    every: float = 10e-3,
    patience: float = 1e-3,
    name: str = "verdict",
) -> Population:
    """Add a `LargestValue` process that names a class for each sample, by the graded readouts of its classes.

    Args:
        readout: one graded neuron for each class, such as `connect_local_readout` makes.
        told_by: a process, such as a `Stimulus`, whose `label` messages say when a sample begins, and its class or -1.
        looks: how often the readouts are asked in a sample.
        every: time from one look to the next [s].
        patience: within which they answer [s].
        name: of the process; `net.notes(process, "correct")` tells how it went.
    """
    judge = net.add(LargestValue(readout.size, looks, every, patience), name=name, record=())
    answer: dict[str, Any] = {"feedback": "random", "feedback_weight": 1.0, "feedback_delay": 0.5 * patience}
    net.connect(judge, readout, Ask(), weight=0.0, **answer)
    net.connect(judge, readout, port="ask", name=f"{name}->{readout.name} (ask)")
    net.connect(told_by, judge, port="label", name=f"{told_by.name}->{name} (label)")
    return judge


def teach_readout(
    net: Network, readout: Population, curves: TargetCurves, *, delay: float = 1e-4, name: str = "teacher"
) -> Population:
    """Let a process for each graded readout look at it, and tell it how far it is from what it should be.

    Errors reach the readouts, where synapses with `errors="return"` send them on to the neurons before, as with any
    teacher.

    Args:
        curves: what is wanted, one row for each readout.
        delay: of errors [s].
        name: of the population of processes.

    Returns:
        The processes.

    Raises:
        NetworkError: more or fewer curves than readouts.
    """
    if len(curves.values) != readout.size:
        raise NetworkError(f"teach_readout: {len(curves.values)} curves for {readout.size} readouts; give one for each")
    teacher = net.add(curves, readout.size, name=name, record=())
    answer: dict[str, Any] = {"feedback": "random", "feedback_weight": 1.0, "feedback_delay": curves.every / 8}
    net.connect(teacher, readout, Ask(), weight=0.0, pattern=one_to_one(), **answer)
    net.connect(teacher, readout, port="ask", pattern=one_to_one(), name=f"{name}->{readout.name} (ask)")
    net.connect(
        teacher, readout, port="error", delay=delay, pattern=one_to_one(), name=f"{name}->{readout.name} (error)"
    )
    return teacher
