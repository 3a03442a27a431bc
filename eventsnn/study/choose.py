"""`eventsnn study rules`: every shipped rule on one small task that all can do, each taught as it wants to be.

Three patterns, one spike in each of a random half of 20 inputs, drawn anew for every seed, are shown with a jitter of
2 ms, one every 200 ms; three neurons learn which is which, without a hidden layer. Afterwards a network with the
learned weights and without a rule is asked. The rates of learning were chosen on seeds from 100 on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn import rng, rules
from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.graph import Population, Projection
from eventsnn.model import Neuron, Rule
from eventsnn.network import Network
from eventsnn.neurons import LIF, AdaptiveLIF, Readout, SpikeTrain, TwoCompartment
from eventsnn.patterns import one_to_one
from eventsnn.processes import Handle, Process, ProcessGenerator
from eventsnn.study import costs
from eventsnn.study.runs import Study
from eventsnn.study.shipped import COMPARED
from eventsnn.surrogates import Triangular
from eventsnn.teachers import FirstToSpike
from eventsnn.trains import TargetTrains
from eventsnn.wiring import connect_erbp

CLASSES, INPUTS = 3, 20
PERIOD, TOLD = 0.2, 0.06  # [s] from one sample to the next, and when in it the label is told
JITTER = 2e-3  # [s]
SAMPLES = {False: (150, 60), True: (100, 30)}  # to learn from, and to be asked

GROUPS = {
    "errors in spike times": ["SpikeTimeGradient"],
    "errors on signal paths": ["SuperSpike", "EProp", "AdaptiveEProp", "ErrorTriggered", "LocalError"],
    "labels": ["ETLP", "AdaptiveETLP", "LabelDelta"],
    "error spikes": ["ERBP"],
    "reward": ["RewardSTDP"],
    "forced spikes": ["PairSTDP", "TripletSTDP"],
}
AGAINST = {
    "words_shared": "words, each kept once for all that share it",
    "operations": "operations per sample",
    "lock_ms": "lock length [ms]",
}


@dataclass(frozen=True)
class Coach(Process):
    """Knows the labels, and says so in the way that a rule wants.

    Args:
        labels: of the samples in their order.
        way: "count" (errors: how many spikes too many an output has fired in this sample, as changes; then a `reset`),
            "label" (1 for the label's output, -0.5 for the others), "value" (1 and 0), or "reward" (1 and -0.5).
    """

    labels: tuple[int, ...]
    way: str

    def run(self, cell: Handle) -> ProcessGenerator:
        """One sample after another."""
        for k, label in enumerate(self.labels):
            if self.way == "count":
                yield from self.counting(cell, k, label)
                continue
            yield cell.until(k * PERIOD + TOLD)
            others = 0.0 if self.way == "value" else -0.5
            values = np.full(CLASSES, others)
            values[label] = 1.0
            cell.send("reward" if self.way == "reward" else "label", values)

    def counting(self, cell: Handle, k: int, label: int) -> ProcessGenerator:
        """Errors of one sample."""
        yield cell.until(k * PERIOD)
        cell.send("error", -2.0, to=label)
        end = k * PERIOD + 0.75 * PERIOD
        while cell.now < end:
            message = yield cell.receive(end - cell.now)
            if message is not None:
                cell.send("error", 1.0, to=message.line)
        cell.send("reset")


@dataclass(frozen=True)
class Way:
    """How a rule is taught.

    Attributes:
        teach: "count", "label", "value" or "reward" (see `Coach`), "trains" (see `TargetTrains`), "forced" (a strong
            spike makes the label's output fire), "race" (see `FirstToSpike`), or "pairs" (pairs of error neurons).
    """

    rule: Rule
    teach: str
    neuron: Neuron
    weight: tuple[float, float] = (0.6, 2.0)


def ways() -> dict[str, Way]:
    """Every rule that is compared, and how it is taught."""
    lif, adaptive = LIF(), AdaptiveLIF(tau_adapt=50e-3)
    wide, largest = Triangular(beta=0.5, height=1.0), rules.RMax(lr=0.03)
    race = rules.SpikeTimeGradient(step=rules.Adam(lr=0.02), clip=rules.Clip(slope=5.0), cost=rules.WeightSum(sum=8.0))
    pulse = rules.RewardSTDP(tau_reward=0.0, tau_eligibility=50e-3, a_minus=0.0, lr=0.5, w_max=4.0)
    pairs = rules.PairSTDP(a_plus=0.02, a_minus=0.01, w_max=1.8)
    triplets = rules.TripletSTDP(A2_plus=0.04, A3_plus=6.5e-3, A2_minus=0.0, w_max=1.8)
    return {
        "SpikeTimeGradient": Way(race, "race", LIF(t_refractory=np.inf)),
        "SuperSpike": Way(rules.SuperSpike(step=largest), "trains", lif),
        "EProp": Way(rules.EProp(step=largest), "trains", lif),
        "AdaptiveEProp": Way(rules.AdaptiveEProp(step=largest), "trains", adaptive),
        "ErrorTriggered": Way(rules.ErrorTriggered(step=largest), "trains", lif),
        "LocalError": Way(rules.LocalError(step=rules.Sgd(lr=50.0)), "count", lif),
        "ETLP": Way(rules.ETLP(lr=0.15, surrogate=wide), "label", lif),
        "AdaptiveETLP": Way(rules.AdaptiveETLP(lr=0.15, surrogate=wide), "label", adaptive),
        "LabelDelta": Way(rules.LabelDelta(lr=0.02), "value", Readout(), (0.0, 0.0)),
        "ERBP": Way(rules.ERBP(), "pairs", TwoCompartment()),
        "RewardSTDP": Way(pulse, "reward", lif, (1.0, 2.4)),
        "PairSTDP": Way(pairs, "forced", lif, (0.0, 0.3)),
        "TripletSTDP": Way(triplets, "forced", lif, (0.0, 0.3)),
    }


def patterns(seed: int, n: int, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Latencies [s], samples x inputs, `inf` for none, and labels."""
    drawn = rng.stream(seed, "patterns")
    base = drawn.uniform(5e-3, 50e-3, (CLASSES, INPUTS))
    for row in base:
        row[drawn.permutation(INPUTS)[INPUTS // 2 :]] = np.inf
    stream = rng.stream(seed, f"patterns/{part}")
    labels = stream.integers(0, CLASSES, n)
    return np.maximum(1e-3, base[labels] + stream.normal(0.0, JITTER, (n, INPUTS))), labels


@dataclass
class Pupil:
    """A network that learns the patterns by one rule."""

    setting: Mapping[str, Any]
    seed: int

    def __post_init__(self) -> None:
        self.way = ways()[self.setting["rule"]]
        learn, self.asked = SAMPLES[self.setting["quick"]]
        self.times, self.labels = patterns(self.seed, learn, "learn")
        self.net = Network(self.seed, guard=False).measure()
        self.synapses = self.make(self.net)

    def inputs(self, net: Network, times: np.ndarray) -> Population:
        """The samples, one after another."""
        at = times + PERIOD * np.arange(len(times))[:, None]
        return net.add(SpikeTrain([row[np.isfinite(row)].tolist() for row in at.T]), name="x", record=())

    def make(self, net: Network) -> Projection:
        """The network, and who teaches it."""
        way, labels = self.way, tuple(int(label) for label in self.labels)
        x = self.inputs(net, self.times)
        if way.teach == "pairs":
            return self.by_pairs(net, x)
        y = net.add(way.neuron, CLASSES, name="y")
        xy = net.connect(x, y, way.rule, weight=uniform(*way.weight) if way.weight[1] > 0.0 else 0.0, delay=1e-3)
        teachers = {"trains": self.by_trains, "forced": self.by_force, "race": self.by_race}
        teachers.get(way.teach, self.by_coach)(net, y, labels)
        return xy

    def by_pairs(self, net: Network, x: Population) -> Projection:
        """Pairs of error neurons compare the label's spikes with the output's."""
        assert isinstance(self.way.neuron, TwoCompartment)
        assert isinstance(self.way.rule, rules.ERBP)
        starts = [PERIOD * np.flatnonzero(self.labels == g)[:, None] for g in range(CLASSES)]
        told = net.add(SpikeTrain([(s + np.arange(10e-3, 0.1, 10e-3)).ravel().tolist() for s in starts]), name="labels")
        made = connect_erbp(net, x, told, [], neuron=self.way.neuron, rule=self.way.rule, lr=0.2, init=150.0)
        return made.plastic[0]

    def by_trains(self, net: Network, y: Population, labels: tuple[int, ...]) -> None:
        """Two spikes of the label's output, none of the others."""
        starts = [PERIOD * np.flatnonzero(np.array(labels) == g)[:, None] for g in range(CLASSES)]
        net.teach(y, TargetTrains([(start + np.array([45e-3, 60e-3])).ravel() for start in starts]))

    def by_force(self, net: Network, y: Population, labels: tuple[int, ...]) -> None:
        """The label's output has to fire."""
        trains = [[k * PERIOD + TOLD for k in range(len(labels)) if labels[k] == g] for g in range(CLASSES)]
        net.connect(net.add(SpikeTrain(trains), name="force"), y, weight=20.0, pattern=one_to_one())

    def by_coach(self, net: Network, y: Population, labels: tuple[int, ...]) -> None:
        """Errors, labels or rewards."""
        coach = net.add(Coach(labels, self.way.teach), name="coach")
        if self.way.teach == "count":
            net.connect(y, coach)
            net.connect(coach, y, port="reset", delay=1e-3)
        port = {"count": "error", "reward": "reward"}.get(self.way.teach, "label")
        net.connect(coach, y, port=port, delay=1e-3)

    def by_race(self, net: Network, y: Population, labels: tuple[int, ...]) -> None:
        """The label's output should fire first."""
        teacher = net.teach(y, FirstToSpike(CLASSES, patience=0.1, sharpness=4.0, tau=20e-3))
        referee = net.add(Referee(labels), name="referee")
        for port in ("reset", "apply"):
            net.connect(referee, y, port=port)
        net.connect(referee, teacher, port="label")

    def learn(self) -> "Pupil":
        """All samples once."""
        self.net.run(len(self.labels) * PERIOD)
        return self

    def accuracy(self) -> float:
        """The part of new samples that a network with the same weights and no rule names rightly.

        The answer is the output that fires most, or first, or of a readout the largest value when labels are told; a
        tie is wrong.
        """
        times, labels = patterns(self.seed, self.asked, "ask")
        net = Network(self.seed, guard=False)
        x = self.inputs(net, times)
        graded = isinstance(self.way.neuron, Readout)
        y = net.add(self.way.neuron, CLASSES, name="y", record=("state",) if graded else ("spikes",))
        net.connect(x, y, weight=self.net.matrix(self.synapses), delay=1e-3)
        if self.way.teach == "race":
            net.connect(net.add(Referee((-1,) * len(labels)), name="referee"), y, port="reset")
        net.run(len(labels) * PERIOD)
        score = np.zeros((len(labels), CLASSES))
        if graded:
            at = PERIOD * np.arange(len(labels)) + TOLD
            score = np.array([net.state(y, i, at)["v"] for i in range(CLASSES)]).T
        else:
            spikes = net.spikes(y)
            sample = (spikes.t // PERIOD).astype(int)
            first = 1.0 - spikes.t % PERIOD if self.way.teach == "race" else np.ones(len(spikes))
            np.add.at(score, (sample, spikes.i), first)
        best = score.argmax(axis=1)
        alone = (score == score.max(axis=1, keepdims=True)).sum(axis=1) == 1
        return float(np.mean((best == labels) & alone))

    def measure(self) -> dict[str, Any]:
        """How well it learned, and what that cost."""
        report, n = self.net.report().to_dict(), len(self.labels)
        row = costs.learners(report)[0]
        told = sum(m for port, m in report["messages"].items() if port != "spike")
        return {
            "accuracy": self.accuracy(),
            "words": costs.words(report),
            "words_shared": costs.words_needed(report),
            "told": told / n,
            "row_visits": row["row_visits"] / n,
            "column_visits": sum(row["column_visits"].values()) / n,
            "operations": costs.operations(report) / n,
            "lock_ms": None if row["lock"]["seconds"] is None else 1e3 * row["lock"]["seconds"]["q50"],
        }


@dataclass(frozen=True)
class Referee(Process):
    """Begins and ends the trials of a race; a label of -1 asks only."""

    labels: tuple[int, ...]

    def run(self, cell: Handle) -> ProcessGenerator:
        """One sample after another."""
        for k, label in enumerate(self.labels):
            yield cell.until(k * PERIOD)
            for port, value in (("apply", 1.0), ("reset", 0.0), ("label", float(label))):
                if cell.reaches(port) and (port != "apply" or k > 0):
                    cell.send(port, value)


def study(quick: bool = False) -> Study:
    """The study that the command line asks for."""
    settings = {name: {"rule": name, "quick": quick} for name in ways()}
    if lacking := COMPARED.keys() - settings:
        raise NetworkError(f"study rules does not say how {', '.join(sorted(lacking))} is taught; add it to `ways`")
    return Study(Pupil, settings, Pupil.measure, run=Pupil.learn, name=f"rules{' quick' * quick}")
