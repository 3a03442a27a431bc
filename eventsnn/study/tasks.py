"""Two tasks to study constraints on: temporal XOR and Yin-Yang, each learned by one network in which one thing differs.

A network is described by a setting, a dictionary of what is not as usual (see `USUAL`).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn import datasets
from eventsnn.datasets import Samples
from eventsnn.distributions import Distribution, normal, uniform
from eventsnn.errors import NetworkError
from eventsnn.faults import UnreliableLink
from eventsnn.model import Part, Rule
from eventsnn.network import Network
from eventsnn.neurons import IF, Latency
from eventsnn.relax import exact_time, grid
from eventsnn.rules import AnnealedAdam, Clip, KolenPollack, Sgd, SpikeTimeGradient, WeightSum, in_flight
from eventsnn.stimulus import Stimulus
from eventsnn.study import costs, own
from eventsnn.teachers import FirstToSpike

USUAL: dict[str, Any] = {
    "feedback": "symmetric",  # or a key of WAYS_BACK
    "depth": 0,  # of the history: by how many trials errors are taken to be late
    "late": 0,  # by how many trials they are
    "delay": None,  # of an error from the teacher to the outputs [time constants]; None: the task's own
    "lost": 0.0,  # fraction of error messages that are lost
    "grid": None,  # step of time [time constants]; None: exact
    "rule": None,  # the file of a user's rule, and its name
    "rule_name": None,
}

WAYS_BACK = ("frozen", "scalar", "broadcast", "random", "sign_symmetric", "learned", "symmetric")


@dataclass(frozen=True)
class Task:
    """What is learned, and by what network.

    Attributes:
        rules: mode, step and cost of the hidden and the output rule.
        weights: initial, onto the hidden and the output layer.
        back: size of weights that bring errors back and are none of the forward ones.
        passes: how often all samples are presented, in full and in brief.
        brief: how many samples there are in brief; None: all.
        engine: in full; in brief it is the reference engine, because that compiles nothing.
    """

    name: str
    sizes: tuple[int, int, int]
    period: float  # from one sample to the next, in time constants of the synapses
    delay: float  # of errors
    modes: tuple[str, str]
    parts: tuple[tuple[str, Part | float], ...]
    weights: tuple[Distribution, Distribution]
    loss: tuple[float, float]  # patience and sharpness of the teacher
    back: float
    passes: tuple[int, int]
    brief: int | None
    engine: str
    shuffle: bool

    def samples(self, data: str | None = None) -> tuple[Samples, Samples, Samples]:
        """For training, for choosing settings, and for the end."""
        if self.name == "xor":
            patterns = datasets.temporal_xor()
            return patterns, patterns, patterns
        return _yin_yang(data)


@functools.cache
def _yin_yang(data: str | None) -> tuple[Samples, Samples, Samples]:
    train, validation, test = datasets.yin_yang(data)
    return train, validation, test


TASKS = {
    "xor": Task(
        "xor",
        sizes=(2, 4, 2),
        period=8.0,
        delay=1e-3,
        modes=("accumulate", "accumulate"),
        parts=(("step", Sgd(lr=0.1)), ("cost", WeightSum(sum=1.2, rate=0.1)), ("bound", 5.0)),
        weights=(uniform(2 / 2, 5 / 2), uniform(2 / 4, 5 / 4)),
        loss=(7.0, 2.0),
        back=1.0,
        passes=(150, 60),
        brief=None,
        engine="reference",
        shuffle=False,
    ),
    "yin-yang": Task(
        "yin-yang",
        sizes=(5, 30, 3),
        period=7.0,
        delay=0.05,
        modes=("gather", "immediate"),
        parts=(
            ("step", AnnealedAdam(lr=0.01, half=10_000.0)),
            ("clip", Clip(slope=0.1)),
            ("cost", WeightSum(sum=1.2, rate=0.01)),
        ),
        weights=(uniform(1 / 5, 5 / 5), uniform(1 / 30, 5 / 30)),
        loss=(6.0, 4.0),
        back=0.25,
        passes=(6, 1),
        brief=300,
        engine="compiled",
        shuffle=True,
    ),
}


def task_of(name: str) -> Task:
    """The task of a name. Raises NetworkError if there is none."""
    if name not in TASKS:
        raise NetworkError(f"there is no task {name!r}; there are {', '.join(TASKS)}")
    return TASKS[name]


@dataclass
class Candidate:
    """A network that learns one task under one setting."""

    net: Network
    task: Task
    setting: Mapping[str, Any]
    seed: int
    quick: bool
    data: str | None = None

    def learn(self) -> "Candidate":
        """Present all samples."""
        end = self.net.population("stimulus").model.end  # type: ignore[union-attr]
        self.net.run(until=end)
        return self

    def accuracy(self, which: str = "test") -> float:
        """The part of samples answered rightly: of XOR in the last ten epochs of learning, of Yin-Yang afterwards."""
        if self.task.name == "xor":
            return float(self.right()[-40:].mean())
        samples = self.task.samples(self.data)[1 if which == "validation" else 2]
        samples = (samples[:200] if self.quick else samples).without_labels()
        stimulus = Stimulus(samples.times, samples.labels, self.task.period, passes=1)
        asked = network(self.task, self.setting, self.seed, stimulus, self.net.engine_name, self.net)
        asked.run(len(samples) * self.task.period)
        decisions = asked.notes(asked.population("teacher"), "decision")[1]
        known = self.task.samples(self.data)[1 if which == "validation" else 2].labels[: len(decisions)]
        return float(np.mean(decisions == known))

    def right(self) -> np.ndarray:
        """For every sample presented, whether it was answered rightly then."""
        return np.asarray(self.net.notes(self.net.population("teacher"), "correct")[1])


def network(
    task: Task,
    setting: Mapping[str, Any],
    seed: int,
    stimulus: Stimulus,
    engine: str,
    trained: Network | None = None,
) -> Network:
    """The network of a task under a setting; with new weights, or with those of a trained one."""
    s = {**USUAL, **setting}
    net = Network(seed, engine, time=exact_time if s["grid"] is None else grid(s["grid"]), guard=False)
    x = net.add(Latency(), task.sizes[0], name="input", record=())
    h = net.add(IF(), task.sizes[1], name="hidden", record=())
    y = net.add(IF(), task.sizes[2], name="output", record=())
    hidden_rule, output_rule = rules(task, s)
    weights: list[Any] = list(task.weights)
    if trained is not None:
        weights = [trained.matrix(trained.projection(name)) for name in ("input->hidden", "hidden->output")]
    net.connect(x, h, hidden_rule, weight=weights[0])
    net.connect(h, y, output_rule, weight=weights[1], **way_back(task, s["feedback"]))
    patience, sharpness = task.loss
    loss = FirstToSpike(outputs=task.sizes[2], patience=patience, sharpness=sharpness)
    link = UnreliableLink(lost=s["lost"], seed=seed) if s["lost"] > 0.0 else None
    delay = (task.delay if s["delay"] is None else s["delay"]) + s["late"] * task.period
    teacher = net.teach(y, loss, delay=delay, through=link)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher)
    return net


def rules(task: Task, s: Mapping[str, Any]) -> tuple[Rule | None, Rule]:
    """The rules of the hidden and of the output layer; a frozen hidden layer has none."""
    if s["rule"] is not None:
        kind = own.rule_in(s["rule"], s["rule_name"])
        return (None if s["feedback"] == "frozen" else kind()), kind()
    trials = in_flight(s["depth"] + 1, after=s["depth"] * task.period)
    given: dict[str, Any] = {**dict(task.parts), "trials": trials}
    mirror = {"mirror": KolenPollack(decay=1e-5)} if s["feedback"] == "learned" else {}
    hidden = None if s["feedback"] == "frozen" else SpikeTimeGradient(mode=task.modes[0], **given)
    return hidden, SpikeTimeGradient(mode=task.modes[1], **given, **mirror)


def way_back(task: Task, kind: str) -> dict[str, Any]:
    """How the errors of the outputs reach the hidden layer."""
    if kind not in WAYS_BACK:
        raise NetworkError(f"there is no way back {kind!r}; there are {', '.join(WAYS_BACK)}")
    if kind == "frozen":
        return {}
    weight: dict[str, Any] = {"feedback_weight": normal(0.0, task.back)}
    if kind == "scalar":
        kind, weight = "broadcast", {"feedback_weight": task.back}  # the same weight for all: one number for all
    elif kind == "sign_symmetric":
        weight = {"feedback_weight": uniform(0.0, 2.0 * task.back)}
    elif kind == "symmetric":
        weight = {}
    return {"feedback": kind, "feedback_delay": task.delay, **weight}


def build(setting: Mapping[str, Any], seed: int, task: str, quick: bool = False, data: str | None = None) -> Candidate:
    """What a study builds for a setting and a seed."""
    t = task_of(task)
    return Candidate(_teach(t, setting, seed, quick, data), t, setting, seed, quick, data)


def _teach(task: Task, setting: Mapping[str, Any], seed: int, quick: bool, data: str | None) -> Network:
    train = task.samples(data)[0]
    if quick and task.brief is not None:
        train = train[: task.brief]
    stimulus = Stimulus(
        train.times, train.labels, task.period, shuffle=task.shuffle, passes=task.passes[quick], seed=seed
    )
    return network(task, setting, seed, stimulus, "reference" if quick else task.engine)


COUNTED = 100  # samples of which every message, visit and change is counted


def measure(candidate: Candidate) -> dict[str, Any]:
    """The numbers of a run: how well it learned, and what that cost, by the locality report of its first samples."""
    report, samples = counted(candidate)
    epochs = candidate.right()[: len(candidate.right()) // 4 * 4].reshape(-1, 4).all(axis=1)
    return {
        "accuracy": candidate.accuracy(),
        **({"epochs": int(epochs.argmax()) + 1 if epochs.any() else None} if candidate.task.name == "xor" else {}),
        "words": costs.words(report),
        "messages": costs.messages(report) / samples,
        "errors": costs.errors(report) / samples,
        "operations": costs.operations(report) / samples,
        "lock": costs.lock(report),
        "lock_messages": costs.lock(report, "messages"),
    }


def counted(candidate: Candidate) -> tuple[dict[str, Any], int]:
    """The locality report of the same network over its first samples, and how many they were.

    The reference engine runs them again from the start, and counts: the bits are the same.
    """
    twin = _teach(candidate.task, candidate.setting, candidate.seed, candidate.quick, candidate.data)
    twin.engine_name = "reference"
    samples = min(COUNTED, len(candidate.right()))
    twin.measure().run(samples * candidate.task.period)
    return twin.report().to_dict(), samples
