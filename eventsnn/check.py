"""`eventsnn check FILE`: whether a user's rules, neurons and processes are lawful, and what the rules need.

Each rule is tried on a small random network: what it keeps and does is counted, and both engines have to give the same
bits.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eventsnn import breaches
from eventsnn.distributions import normal, uniform
from eventsnn.errors import EventsnnError, RunawayError
from eventsnn.linear import LinearNeuron
from eventsnn.model import Model, Neuron, Rule
from eventsnn.network import ENGINES, Network
from eventsnn.neurons import IF, LIF, AdaptiveLIF, Poisson, TwoCompartment
from eventsnn.processes import Handle, Process, ProcessGenerator
from eventsnn.report import formats
from eventsnn.report.operations import OPERATIONS
from eventsnn.synapses import published

EVENTS = 20_000  # in a trial; a rule under which activity explodes is stopped there
LENGTHS = (40.0, 10.0, 2.5)  # of a trial, in the longest time constant of its neurons: the first that ends in time
SEEDS = (1, 2)


@dataclass
class Trial:
    """What was found out about one rule or neuron.

    Attributes:
        same_bits: whether both engines agreed to the last bit; None if the second was not tried.
        note: why not, or what stopped the trial.
        asks: the relaxations of locality that the class asks for.
        needs: the row of the locality report; empty for a neuron.
    """

    name: str
    kind: str
    neuron: str = ""
    same_bits: bool | None = None
    note: str = ""
    asks: list[str] = field(default_factory=list)
    needs: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        keep = ("name", "kind", "neuron", "same_bits", "note", "asks", "needs")
        return {name: getattr(self, name) for name in keep}


@dataclass
class Findings:
    """What `check` found in a file."""

    file: str
    breaches: list[str]
    trials: list[Trial] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)

    @property
    def lawful(self) -> bool:
        """Whether nothing is wrong."""
        return not self.breaches and all(t.same_bits is not False for t in self.trials)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "file": self.file,
            "lawful": self.lawful,
            "breaches": self.breaches,
            "trials": [trial.to_dict() for trial in self.trials],
            "processes": self.processes,
        }

    def __str__(self) -> str:
        if self.breaches:
            n = len(self.breaches)
            return "\n".join([*self.breaches, f"{self.file}: {n} breach{'es' * (n > 1)} of locality"])
        parts = [trial_in_words(trial) for trial in self.trials]
        if self.processes:
            parts.append(f"processes that share nothing: {', '.join(self.processes)}")
        return "\n\n".join([*(parts or ["no rules, neurons or processes are defined here"]), f"{self.file}: lawful"])


def check(path: Path, compiled: bool = True, say: Callable[[str], None] = lambda _: None) -> Findings:
    """Check a file, and try what it defines.

    Args:
        compiled: try the compiled engine too, which has to compile a kernel for each rule.
        say: is told what is being done.

    Raises:
        EventsnnError: the file cannot be run at all.
    """
    module, found = breaches.load(path)
    findings = Findings(str(path), sorted(found, key=_place))
    if found:
        return findings
    own = [m for m in vars(module).values() if inspect.isclass(m) and m.__module__ == module.__name__]
    neurons = [kind for kind in own if issubclass(kind, Neuron) and kind.handlers]
    for kind in own:
        if issubclass(kind, Rule) and kind.handlers:
            findings.trials.append(_try(kind, [*neurons, LIF, IF, AdaptiveLIF, TwoCompartment], compiled, say))
    findings.trials += [_try(kind, [kind], compiled, say) for kind in neurons]
    findings.processes = list(breaches.processes_of(module))
    return findings


def _place(message: str) -> tuple[int, str]:
    """The line that a message names."""
    parts = message.split(":")
    return next((int(part) for part in parts[1:3] if part.isdecimal()), 0), message


def _try(kind: type[Model], neurons: list[type[Neuron]], compiled: bool, say: Callable[[str], None]) -> Trial:
    trial = Trial(kind.__name__, "rule" if issubclass(kind, Rule) else "neuron")
    try:
        rule = kind() if issubclass(kind, Rule) else None
        model = _target(rule, neurons)
        trial.neuron = type(model).__name__
        say(f"{kind.__name__}: counting on the reference engine")
        measured, length = _measured(rule, model)
        if length < LENGTHS[0]:
            trial.note = f"tried for {length:g} time constants; more than {EVENTS} events come within {LENGTHS[0]:g}"
        report = measured.report().to_dict()
        rows = [row for row in report["projections"] if row["rule"]]
        trial.needs = rows[0] if rows else {}
        asked = [one for one in report["relaxations"] if f": {kind.__name__}" in one["owner"]]
        trial.asks = list(dict.fromkeys(one["relaxation"] for one in asked))
        if compiled:
            say(f"{kind.__name__}: the same on the compiled engine, which first compiles a kernel")
            trial.same_bits = all(same_bits(rule, model, seed, length) for seed in SEEDS)
    except RunawayError:
        trial.note = f"activity explodes on the random network: more than {EVENTS} events, however short the trial"
    except EventsnnError as error:
        trial.note = str(error)
    return trial


def _target(rule: Rule | None, neurons: list[type[Neuron]]) -> Neuron:
    """The first neuron that publishes what a rule reads."""
    lacking = []
    for kind in neurons:
        model = kind()
        missing = set() if rule is None else rule.sees() - published(model)
        if not missing:
            return model
        lacking.append(f"{kind.__name__} lacks {', '.join(sorted(missing))}")
    raise EventsnnError(f"there is no neuron here to try it with: {'; '.join(lacking)}")


@dataclass(frozen=True)
class Caller(Process):
    """Sends one number on each of its ports by turns, and now and then a reset."""

    period: float  # [s]
    ports: tuple[str, ...]

    def run(self, cell: Handle) -> ProcessGenerator:
        """For ever."""
        k = 0
        while True:
            yield cell.wait(self.period)
            for port in self.ports:
                cell.send(port, 0.1 * (1 + k % 3))
            if k % 4 == 3:
                cell.send("reset")
            k += 1


def trial_network(rule: Rule | None, model: Neuron, seed: int, engine: str = "reference") -> Network:
    """Two layers with the rule before each, a way back with weights of its own, and somebody who sends every port."""
    net = Network(seed, engine)
    unit = unit_of(model)
    x = net.add(Poisson(rate=5.0 / unit), 4, name="x")
    drive = net.add(Poisson(rate=8.0 / unit), 2, name="drive")
    h, y = net.add(model, 3, name="h"), net.add(model, 2, name="y")
    delay = uniform(0.02 * unit, 0.2 * unit)
    looks_back = rule is not None and bool(rule.neighbours())  # a source has nothing to look at
    net.connect(x, h, None if looks_back else rule, weight=uniform(0.2, 0.8), delay=delay)
    if rule is None:
        net.connect(h, y, weight=uniform(0.2, 0.8), delay=delay)
    else:
        back, late = normal(0.0, 1.0), 0.05 * unit
        net.connect(
            h, y, rule, weight=uniform(0.2, 0.8), delay=delay, feedback="random", feedback_weight=back,
            feedback_delay=late,
        )  # fmt: skip
    ports = ports_of(rule if rule is not None else model)
    caller = net.add(Caller(1.3 * unit, ports), name="caller")
    for layer in (h, y):
        net.connect(drive, layer, weight=0.6 * strength(model, unit), delay=delay)
        for port in (*ports, "reset"):
            net.connect(caller, layer, port=port, weight=uniform(0.5, 1.5), delay=delay)
    return net


def unit_of(model: Neuron) -> float:
    """The longest time constant of a neuron [s], as far as it has any by the name of tau; 1 s otherwise."""
    if isinstance(model, LinearNeuron):
        return max(model.time_constants(), default=1.0)
    return max((value for name, value in model.numbers.items() if name.startswith("tau") and value > 0.0), default=1.0)


def ports_of(model: Model) -> tuple[str, ...]:
    """The ports beside spikes and resets that a rule or a neuron reacts to."""
    named = {name[3:] for name in model.handlers if name[:3] in ("on_", "at_")}
    return tuple(sorted(named - {"pre", "post", "reset"}))


def strength(model: Neuron, unit: float) -> float:
    """A weight with which one spike lifts the voltage by about a unit, as far as the model says so."""
    if "psp" not in model.handlers:
        return 1.0
    highest = max(float(model.psp(0.05 * unit * k)) for k in range(1, 100))  # type: ignore[attr-defined]
    return 1.0 / highest if highest > 0.0 else 1.0


def _measured(rule: Rule | None, model: Neuron) -> tuple[Network, float]:
    """A measured trial, and how long it was."""
    *longer, shortest = LENGTHS
    for length in longer:
        with suppress(RunawayError):
            return run(rule, model, SEEDS[0], "reference", length, measured=True), length
    return run(rule, model, SEEDS[0], "reference", shortest, measured=True), shortest


def run(
    rule: Rule | None, model: Neuron, seed: int, engine: str, length: float = LENGTHS[0], measured: bool = False
) -> Network:
    """A trial."""
    net = trial_network(rule, model, seed, engine)
    return (net.measure() if measured else net).run(length * unit_of(model), max_events=EVENTS)


def same_bits(rule: Rule | None, model: Neuron, seed: int, length: float = LENGTHS[0]) -> bool:
    """Whether a trial leaves the same behind on both engines."""
    a, b = (run(rule, model, seed, engine, length) for engine in ENGINES)
    return all(one.tobytes() == other.tobytes() for one, other in zip(left_behind(a), left_behind(b), strict=True))


def left_behind(net: Network) -> Iterator[np.ndarray]:
    """Spikes, weights, and every variable of every rule."""
    for population in net.description.populations:
        spikes = net.spikes(population)
        yield from (spikes.t, spikes.i)
    for projection in net.description.projections:
        yield from (np.asarray(values) for values in net.synapse_state(projection).values())


# -- in words ---------------------------------------------------------------------------------------------------------


def trial_in_words(trial: Trial) -> str:
    """What a trial showed, in a few lines."""
    agree = {True: "the same bits on both engines", False: "the engines DIFFER", None: "tried on the reference engine"}
    lines = [f"{trial.name} ({trial.kind}), on {trial.neuron or 'no neuron'}: {agree[trial.same_bits]}"]
    if trial.note:
        lines.append(f"  but:         {trial.note}")
    if trial.asks:
        lines.append(f"  asks for:    {', '.join(trial.asks)}")
    if not trial.needs:
        return "\n".join(lines)
    words, accesses, visits = trial.needs["words"], trial.needs["accesses"], trial.needs["row_visits"]
    columns = ", ".join(f"{n} by {port}" for port, n in trial.needs["column_visits"].items()) or "none"
    lock = trial.needs["lock"]["seconds"]
    waits = (
        "never changed"
        if lock is None
        else f"median {formats.seconds(lock['q50'])}, 95 % {formats.seconds(lock['q95'])}"
    )
    lines += [
        f"  words:       {words['synapse']} per synapse beside the weight, {words['neuron']} per neuron"
        + (f", {words['epoch']} per epoch" if words["epoch"] else ""),
        f"  traffic:     {visits} row visits by spikes; column visits: {columns}",
        f"  weights:     {accesses['weight reads']} reads, {accesses['weight writes']} writes",
        f"  locks:       time from a spike to a change of its weight: {waits}",
        "  operations per run, fewest to most by the text (on average in the trial):",
    ]
    for name, handler in trial.needs["operations"].items():
        lines.append(f"    {name:<12} {_operations(handler)}")
    return "\n".join(lines)


def _operations(handler: dict[str, Any]) -> str:
    parts = []
    for kind in OPERATIONS:
        low, high = handler["fewest"][kind], handler["most"][kind]
        if high != 0:
            mean = f" ({handler['done'][kind] / handler['runs']:.2g})" if handler["runs"] else ""
            parts.append(f"{kind} {low}..{'any' if high is None else high}{mean}")
    return ", ".join(parts) or "none"
