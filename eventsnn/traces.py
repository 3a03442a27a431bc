"""The history of one synapse of a signal path: every stage from the spike to the weight, at any time.

A synapse remembers only what is due at its next visit. What happened on the way can be told afterwards: the spikes and
errors were recorded, the voltage has a closed form, and the rule's own handlers say the rest. So they are run once more
for this one synapse, from event to event and to each time that is asked for, and nothing is interpolated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from eventsnn.engines.scopes import cell_class
from eventsnn.errors import NetworkError
from eventsnn.model import COURSES
from eventsnn.record import StateLog


@dataclass(frozen=True)
class Trace:
    """What happened at one synapse. Where something jumps, a time stands twice: before and after.

    Attributes:
        name: of the synapse.
        t: times [s].
        spikes: when spikes came to the synapse [s].
        fired: when its neuron fired [s].
        modes: what each variable of the path was, by its meaning, in the order of the path; the last is what is due.
        v: voltage of the neuron; above `threshold` it fires.
        threshold: of the neuron.
        surrogate: surrogate derivative at that voltage; None for a path without.
        eligibility: what the error is multiplied with.
        error: the filtered error; None for a path on which errors act at their instant.
        errors: when errors came to the neuron [s], and their values.
        w: the weight.
    """

    name: str
    t: np.ndarray
    spikes: np.ndarray
    fired: np.ndarray
    modes: dict[str, np.ndarray]
    v: np.ndarray
    threshold: np.ndarray
    surrogate: np.ndarray | None
    eligibility: np.ndarray
    error: np.ndarray | None
    errors: tuple[np.ndarray, np.ndarray]
    w: np.ndarray


class Course:
    """The neuron's closed form after its latest recorded event, for the rule to follow."""

    def __init__(self, model: Any, log: StateLog) -> None:
        self.model, self.log, self.rows = model, log, log.rows.arrays()
        self.row, self.now = -1, 0.0

    def at(self, time: float) -> None:
        """From now on count from this time."""
        row = int(np.searchsorted(self.rows["time"], time, side="right")) - 1
        self.now = time
        if row != self.row:
            self.row = row
            self.cell = cell_class(type(self.model).__name__, tuple(self.model.state))()
            for name in self.log.names:
                setattr(self.cell, name, float(self.rows[f"s_{name}"][row]))
            self.cell.window, self.cell.offset = int(self.rows["window"][row]), float(self.rows["offset"][row])

    def function(self, name: str) -> Callable[[float], Any]:
        """`course` or `adaptive_course`, from now on."""

        def course(u: float) -> Any:
            passed = self.now - float(self.rows["time"][self.row]) + u
            return getattr(self.model, name)(self.cell, self.cell.offset + passed if self.model.linear else passed)

        return course


class Replay:
    """The handlers of one rule at one synapse, run once more; between events P is 1, so y is x itself."""

    def __init__(self, rule: Any, model: Any, log: StateLog, w: float) -> None:
        self.rule, self.course = rule, Course(model, log)
        self.modes = rule.circuit.modes
        self.pairs = [(i, j) for i in range(len(self.modes)) for j in range(i + 1)]
        functions = {name: self.course.function(name) for name in COURSES if name in model.handlers}
        self.post = SimpleNamespace(**{**model.numbers, **rule.neuron_state, **functions})
        self.syn = SimpleNamespace(w=w, **rule.synapse_state)
        if "begin" in rule.handlers:
            rule.begin(self.syn, self.post)
        self.now = 0.0
        self.rebase()

    def rebase(self) -> None:
        """Let P be 1."""
        for i, j in self.pairs:
            setattr(self.post, f"p_{i}_{j}", 1.0 if i == j else 0.0)

    def go(self, time: float) -> None:
        """To a time with no event on the way."""
        if time <= self.now:
            return
        self.course.at(self.now)
        self.rule.flow(self.post, time - self.now)
        x = self.state()
        for i in range(len(x)):
            new = sum(getattr(self.post, f"p_{i}_{j}") * x[j] for j in range(i + 1))
            setattr(self.syn, f"y_{i}", new)
        self.rebase()
        self.now = time

    def state(self) -> list[float]:
        """The variables of the path, now."""
        return [getattr(self.syn, f"y_{i}") for i in range(len(self.modes))]

    def take(self, port: str, value: float, here: bool) -> None:
        """A message to the neuron; a spike only if it came through this synapse."""
        self.course.at(self.now)
        message = SimpleNamespace(time=self.now, value=value)
        at, on = f"at_{port}", f"on_{port}"
        if port == "spike":
            if here:
                self.rule.on_pre(self.syn, self.post, message)
        elif port == "post" or at in self.rule.handlers:
            if at in self.rule.handlers:
                getattr(self.rule, at)(self.post, message)
            self.rebase_after_jump()
        elif on in self.rule.handlers:
            getattr(self.rule, on)(self.syn, self.post, message)

    def rebase_after_jump(self) -> None:
        """An error that acts at its instant, and a reset, change P at once."""
        x = self.state()
        for i in reversed(range(len(x))):
            setattr(self.syn, f"y_{i}", sum(getattr(self.post, f"p_{i}_{j}") * x[j] for j in range(i + 1)))
        self.rebase()


def trace(net: Any, projection: Any, synapse: int, start: float, end: float, samples: int) -> Trace:
    """See `Network.trace`."""
    rule, post = projection.rule, projection.post
    name, index = _check(net, projection, synapse, start, end)
    log = net.recorder.states.get((net.plan.of(post).index, index))
    if log is None:
        raise NetworkError(f"{post.name}[{index}] records no state; add it with record=['spikes', 'state']")
    events = _events(net, projection, synapse, index)
    times = np.unique([0.0, *np.linspace(start, end, samples), *(e[0] for e in events if e[0] <= end)])
    replay = Replay(rule, post.model, log, float(net.plan.synapses[_number(net, projection)].weight[synapse]))
    rows: list[list[float]] = []
    waiting = iter([*events, (np.inf, "", 0.0, False)])
    event = next(waiting)
    for time in times.tolist():
        replay.go(time)
        rows.append(_row(replay, rule))
        if event[0] <= time:
            while event[0] <= time:
                replay.take(*event[1:])
                event = next(waiting)
            rows.append(_row(replay, rule))
    table = np.array([row for row in rows if row[0] >= start])
    return _result(net, projection, name, index, table, events, (start, end))


def _check(net: Any, projection: Any, synapse: int, start: float, end: float) -> tuple[str, int]:
    rule = projection.rule
    if not getattr(getattr(rule, "chain", None), "stages", ()):
        raise NetworkError(f"{projection.name} learns by {rule!r}; only a rule made with path() can be traced")
    source, target = net.edges(projection)
    if not 0 <= synapse < len(source):
        raise NetworkError(f"{projection.name} has no synapse {synapse}; it has {len(source)}, see net.edges")
    if not 0 <= start < end <= net.now:
        raise NetworkError(f"cannot trace from {start} s to {end} s; the network has run until {net.now} s")
    if net.recorder.messages is None:
        raise NetworkError("a trace needs every message; call net.record_messages() before the first run")
    pre, post = projection.pre.name, projection.post.name
    return f"{pre} {source[synapse]} → {post} {target[synapse]}", int(target[synapse])


def _number(net: Any, projection: Any) -> int:
    return int(net.description.projections.index(projection))


def _events(net: Any, projection: Any, synapse: int, index: int) -> list[tuple[float, str, float, bool]]:
    """Everything that reached the neuron, or that it did: when, port, value, and whether through the synapse."""
    cells, log = net.plan.of(projection.post), net.messages()
    member = cells.offset + index
    mine = (log.projection == _number(net, projection)) & (log.synapse == synapse) & (log.target == member)
    found = [(float(t), 0, "post", 0.0, False) for t in _own(net, projection.post, index)]
    those = np.flatnonzero(log.target == member)
    found += [(float(log.t[k]), 1, str(log.port[k]), float(log.value[k]), bool(mine[k])) for k in those]
    found.sort(key=lambda e: e[:2])
    return [(t, port, value, here) for t, _, port, value, here in found]


def _own(net: Any, population: Any, index: int) -> np.ndarray:
    spikes = net.spikes(population)
    return np.asarray(spikes.t[spikes.i == index])


def _row(replay: Replay, rule: Any) -> list[float]:
    circuit = rule.circuit
    error = 0.0 if circuit.pulses else rule.error_at(replay.post, 0.0)
    return [replay.now, error, replay.syn.w, *replay.state()]


def _result(
    net: Any, projection: Any, name: str, index: int, table: np.ndarray, events: Any, span: tuple[float, float]
) -> Trace:
    rule, model, circuit = projection.rule, projection.post.model, projection.rule.circuit
    t, error, w, *modes = table.T
    before = np.append(t[1:] == t[:-1], False)  # the first of two equal times is the last instant before
    state = net.state(projection.post, index, np.where(before & (t > 0.0), np.nextafter(t, -np.inf), t))
    threshold = state.get("threshold", np.full(len(t), getattr(model, "v_threshold", np.inf)))
    gate = None
    if circuit.surrogate is not None:
        gate = np.array([rule.surrogate.at(x) for x in (state["v"] - threshold).tolist()])
    last = circuit.modes[-1]
    eligible = modes[-2] * gate if last.surrogate and gate is not None else modes[-2]
    inside = [e for e in events if span[0] <= e[0] <= span[1]]
    told = np.array([(e[0], e[2]) for e in inside if e[1] == "error"]).reshape(-1, 2)
    return Trace(
        name, t, np.array([e[0] for e in inside if e[3] and e[1] == "spike"]),
        np.array([e[0] for e in inside if e[1] == "post"]),
        {mode.meaning: x for mode, x in zip(circuit.modes, modes, strict=True)},
        state["v"], threshold, gate, eligible, None if circuit.pulses else error, (told[:, 0], told[:, 1]), w,
    )  # fmt: skip
