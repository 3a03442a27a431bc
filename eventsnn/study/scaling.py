"""`eventsnn study scaling`: how memory and work of each rule grow with the number of neurons and with time.

Each rule learns in a network of N neurons that are all connected, for T of their longest time constants, on the
reference engine, and the locality report counts. Beside them stand two methods that are not local, counted too
(`nonlocal_references`). Exponents are slopes of least squares in log-log coordinates.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from eventsnn.check import Caller, ports_of, strength, unit_of
from eventsnn.distributions import uniform
from eventsnn.errors import NetworkError
from eventsnn.model import Neuron, Rule
from eventsnn.network import Network
from eventsnn.neurons import IF, LIF, AdaptiveLIF, Poisson, Readout, TwoCompartment
from eventsnn.patterns import one_to_one
from eventsnn.study import costs, nonlocal_references, own
from eventsnn.study.runs import Study
from eventsnn.study.shipped import COMPARED
from eventsnn.study.tables import Results, aligned

STEPS = 10  # of a clocked network in a time constant
EVENTS = 2_000_000  # in a run; under a user's rule activity may explode
CLOCKED = {
    "backpropagation through time": nonlocal_references.backward,
    "real-time recurrent learning": nonlocal_references.forward,
}
REVIEW = {
    **dict.fromkeys(("backpropagation through time",), "N T"),
    **dict.fromkeys(("real-time recurrent learning",), "N^3"),
    **dict.fromkeys(("SuperSpike", "EProp", "AdaptiveEProp"), "N^2"),
    **dict.fromkeys(("LocalError", "ErrorTriggered", "ETLP", "AdaptiveETLP"), "N"),
}
"""Memory by the review (Neftci, Mostafa and Zenke 2019, arXiv 1901.09948, sections III-B and V-C)."""


class Sizes(NamedTuple):
    """N for one T, and T for one N."""

    neurons: tuple[int, ...]
    at_time: float
    times: tuple[float, ...]
    at_neurons: int

    def pairs(self) -> list[tuple[int, float]]:
        """Every N and T that is run, once."""
        both = [(n, self.at_time) for n in self.neurons] + [(self.at_neurons, t) for t in self.times]
        return list(dict.fromkeys(both))


FULL = Sizes((6, 12, 24, 48), 4.0, (2.0, 4.0, 8.0, 16.0), 12)
QUICK = Sizes((4, 8, 16), 3.0, (2.0, 4.0, 8.0), 6)


class Exponent(NamedTuple):
    """A power with its standard error, None where two points leave none."""

    power: float
    error: float | None

    def __str__(self) -> str:
        return f"{self.power:.2f}" + ("" if self.error is None else f" ± {self.error:.2f}")


def fit(x: Sequence[float], y: Sequence[float]) -> Exponent | None:
    """The exponent of y = c x^a by least squares of the logarithms; None where y is 0.

    Raises:
        NetworkError: fewer than two different x.
    """
    if len(set(x)) < 2:
        raise NetworkError(f"an exponent needs two different sizes; there are {sorted(set(x))}")
    if min(y) <= 0.0:
        return None
    u, v = np.log(x), np.log(y)
    u = u - u.mean()
    power = float(u @ v / (u @ u))
    rest = v - v.mean() - power * u
    error = math.sqrt(float(rest @ rest) / (len(u) - 2) / float(u @ u)) if len(u) > 2 else None
    return Exponent(power, error)


def network(rule: Rule, neurons: int, seed: int, engine: str = "reference") -> Network:
    """N neurons, all connected by synapses that learn, each with a Poisson input, and a caller of the rule's ports."""
    model = neuron_for(rule)
    unit = unit_of(model)
    net = Network(seed, engine, guard=False)
    x = net.add(Poisson(rate=4.0 / unit), neurons, name="input")
    y = net.add(model, neurons, name="neurons")
    high = strength(model, unit)
    net.connect(x, y, weight=1.2 * high, delay=0.05 * unit, pattern=one_to_one())
    net.connect(y, y, rule, weight=uniform(0.0, 0.2 * high / neurons), delay=0.05 * unit, name="recurrent")
    ports = ports_of(rule)
    caller = net.add(Caller(0.5 * unit, ports), name="caller")
    for port in (*ports, "reset"):
        net.connect(caller, y, port=port, weight=uniform(0.5, 1.5), delay=0.05 * unit)
    return net


def neuron_for(rule: Rule) -> Neuron:
    """The first neuron that publishes what a rule reads."""
    from eventsnn.synapses import published

    for kind in (LIF, IF, AdaptiveLIF, TwoCompartment, Readout):
        if rule.sees() <= published(kind()):
            unit = unit_of(kind())
            bounded = {"t_refractory": 0.2 * unit} if "t_refractory" in kind.parameters else {}
            return kind(**bounded)  # so that no rule can drive the rate, and with it the work, to extremes
    missing = ", ".join(sorted(rule.sees() - published(LIF())))
    raise NetworkError(f"{type(rule).__name__}: no neuron of eventsnn publishes {missing}, so it cannot be tried")


@dataclass
class Counted:
    """What one run of the study makes and measures."""

    setting: Mapping[str, Any]
    seed: int

    def run(self) -> "Counted":
        """Run, and count."""
        s = self.setting
        if s["rule"] in CLOCKED:
            tally = nonlocal_references.Tally()
            steps = round(STEPS * s["time"])
            CLOCKED[s["rule"]](nonlocal_references.example(s["neurons"], steps, self.seed), tally)
            self.found = {"words": tally.words, "needed": tally.words, "synapses": tally.operations, "neurons": 0}
            return self
        kind = COMPARED[s["rule"]] if s["file"] is None else own.rule_in(s["file"], s["rule"])
        net = network(kind(), s["neurons"], self.seed).measure()
        unit = unit_of(net.population("neurons").model)  # type: ignore[arg-type]
        report = net.run(s["time"] * unit, max_events=EVENTS).report().to_dict()
        self.found = {
            "words": costs.words(report),
            "needed": costs.words_needed(report),
            "synapses": costs.operations(report, "synapse"),
            "neurons": costs.operations(report, "neuron"),
        }
        return self


def settings(sizes: Sizes, file: str | None = None) -> dict[str, dict[str, Any]]:
    """Every rule at every size."""
    entries: list[tuple[str, str | None]] = [(name, None) for name in (*CLOCKED, *COMPARED)]
    entries += [(name, file) for name in (own.rules_in(file) if file is not None else ())]
    return {
        label(name, n, t): {"rule": name, "file": path, "neurons": n, "time": t}
        for name, path in entries
        for n, t in sizes.pairs()
    }


def label(rule: str, neurons: int, time: float) -> str:
    """The name of a setting."""
    return f"{rule}, N={neurons}, T={time:g}"


def study(quick: bool, file: str | None = None) -> Study:
    """The study that the command line asks for."""
    sizes = QUICK if quick else FULL
    return Study(
        Counted, settings(sizes, file), lambda counted: counted.found, run=Counted.run,
        name=f"scaling{' quick' * quick}",
    )  # fmt: skip


@dataclass(frozen=True)
class Law:
    """How one rule scales.

    Attributes:
        review: memory by the review; None where it says nothing.
        memory: exponents of the words that are held, by N and by T.
        needed: exponent by N of the words that are left if each is kept once for all that share its value.
        synapses: exponents of the operations of handlers that run once per synapse, by N and by T.
        neurons: the same of handlers that run once per neuron; None where a rule has none that does anything.
        sizes: N, words, all operations at one T; means over seeds.
        durations: T, words, operations at one N.
    """

    rule: str
    local: bool
    review: str | None
    memory: tuple[Exponent | None, Exponent | None]
    needed: Exponent | None
    synapses: tuple[Exponent | None, Exponent | None]
    neurons: tuple[Exponent | None, Exponent | None]
    sizes: list[tuple[float, float, float]]
    durations: list[tuple[float, float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def laws(results: Results, sizes: Sizes, names: Sequence[str]) -> list[Law]:
    """The exponents of every rule that ran at every size."""
    found = []
    for name in names:
        by_n = [(n, label(name, n, sizes.at_time)) for n in sizes.neurons]
        by_t = [(t, label(name, sizes.at_neurons, t)) for t in sizes.times]
        if any(run["error"] is not None for run in results.runs if run["given"]["rule"] == name):
            continue
        points = [
            [(x, mean(results, one, "words"), mean(results, one, "synapses", "neurons")) for x, one in group]
            for group in (by_n, by_t)
        ]
        found.append(
            Law(
                name,
                name not in CLOCKED,
                REVIEW.get(name),
                (exponent(results, by_n, "words"), exponent(results, by_t, "words")),
                exponent(results, by_n, "needed"),
                (exponent(results, by_n, "synapses"), exponent(results, by_t, "synapses")),
                (exponent(results, by_n, "neurons"), exponent(results, by_t, "neurons")),
                *points,
            )
        )
    return found


def mean(results: Results, setting: str, *metrics: str) -> float:
    """The sum of the means of some metrics."""
    return sum(results.number(setting, metric).mean or 0.0 for metric in metrics)


def exponent(results: Results, group: Sequence[tuple[float, str]], metric: str) -> Exponent | None:
    """The exponent of a metric over all seeds of a group of sizes."""
    points = [(x, value) for x, name in group for value in results.values(name, metric)]
    return fit([x for x, _ in points], [value for _, value in points])


HEADER = [
    "rule", "review: memory", "memory ~ N^", "~ T^", "shared once ~ N^", "work at synapses ~ N^", "~ T^",
    "work at neurons ~ N^",
]  # fmt: skip


def rows(found: Sequence[Law]) -> list[list[str]]:
    """The table: what the review says beside what was measured."""

    def shown(one: Exponent | None) -> str:
        return "0" if one is None else str(one)

    table = [HEADER]
    for law in found:
        exponents = (*law.memory, law.needed, *law.synapses, law.neurons[0])
        table.append([law.rule, f"O({law.review})" if law.review else "-", *map(shown, exponents)])
    return table


def table(found: Sequence[Law]) -> str:
    """The table for a terminal."""
    return aligned(rows(found), 2)
