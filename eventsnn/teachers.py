"""Teachers: processes that hear the output neurons, know the label, and answer each with an error message.

An error is the derivative of a loss by the output's spike time, dL/dt [1/s]. A teacher starts a trial when a `label`
message reaches it; a label of -1 asks for an answer only and teaches nothing.

Notes kept for every trial: `decision` (the output that fired first, -1 for none), `correct` (1 or 0, only with a
label), `latency` (of the decision, from the label) and `loss` where it is defined.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from eventsnn.errors import EngineError, NetworkError
from eventsnn.relax import barrier
from eventsnn.responder import Responder

LONGEST = 300.0  # largest exponent of e in a loss


def _check(owner: str, **positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise NetworkError(f"{owner}.{name} is {value}; it must be positive")


def _unknown(label: Any, classes: float) -> str:
    known = "whole numbers" if classes == math.inf else f"0..{classes - 1}"
    return f"the label {label.value:g} came from {label.source}; labels are {known}, or -1 for none"


class Teacher(Responder):
    """What all teachers do: begin a trial with a label, hear every output once, and note how it ended."""

    state: ClassVar[dict[str, float]] = {
        "label": -1.0,
        "start": 0.0,  # when the trial began [s]
        "open": 0.0,  # 1 from the label to the answer
        "heard": 0.0,  # outputs that have fired
        "decision": -1.0,  # the first of them
        "earliest": math.inf,  # when that was [s]
        "tie": 0.0,  # 1 if another fired at the same time
    }
    line_state: ClassVar[dict[str, float]] = {"time": math.inf}  # of its first spike in this trial [s]

    def begin(self, cell: Any, msg: Any, classes: float) -> None:
        """Start a trial; labels are below `classes`."""
        if msg.value % 1.0 != 0.0 or msg.value >= classes:
            raise EngineError(_unknown(msg, classes))
        cell.label = msg.value
        cell.start = msg.time
        cell.open = 1.0
        cell.heard = 0.0
        cell.decision = -1.0
        cell.earliest = math.inf
        cell.tie = 0.0
        for line in cell.lines:
            line.time = math.inf

    def hear(self, cell: Any, line: Any, msg: Any) -> float:
        """Note an output's first spike; return 1 if it was that, and the trial is open."""
        if cell.open == 0.0 or line.time < math.inf:
            return 0.0
        line.time = msg.time
        cell.heard += 1.0
        if cell.heard == 1.0:
            cell.decision = line.index
            cell.earliest = msg.time
        elif msg.time == cell.earliest:
            cell.tie = 1.0
            cell.decision = min(cell.decision, line.index)
        return 1.0

    def close(self, cell: Any) -> None:
        """Write down how the trial ended, if one was open."""
        if cell.open == 0.0:
            return
        cell.open = 0.0
        cell.note("decision", cell.decision)
        cell.note("latency", cell.earliest - cell.start)
        if cell.label >= 0.0:
            cell.note("correct", 1.0 if cell.decision == cell.label and cell.tie == 0.0 else 0.0)


@dataclass(frozen=True)
class FirstToSpike(Teacher):
    """The class is the output that fires first; the loss is a softmax over spike times.

        L = -ln( exp(-b z_g) / sum_o exp(-b z_o) ),   z = exp((t - t_0)/tau),   t_0 the arrival of the label

    (Mostafa 2018, equation 12). With `tau = math.inf` it is the softmax of the spike times themselves, z = t - t_0.
    A softmax needs every spike time: this teacher waits until all `outputs` have fired or `patience` seconds have
    passed since the label, and then answers those that did; a silent output counts as infinitely late.

    Args:
        outputs: number of output neurons.
        patience: how long it waits [s]; shorter than the time to the next label.
        sharpness: b, in 1/(unit of z).
        tau: time constant of z [s].
    """

    outputs: int
    patience: float
    sharpness: float = 1.0
    tau: float = 1.0
    needs = (barrier,)  # it waits for all outputs, though not for ever

    state: ClassVar[dict[str, float]] = {
        **Teacher.state,
        "best": 0.0,  # z of the first output
        "total": 0.0,  # sum of the weights of those that fired
    }
    line_state: ClassVar[dict[str, float]] = {
        **Teacher.line_state,
        "z": 0.0,
        "weight": 0.0,  # exp(-b (z - z of the first))
    }

    def __post_init__(self) -> None:
        _check("FirstToSpike", outputs=self.outputs, patience=self.patience, sharpness=self.sharpness, tau=self.tau)
        if self.patience / self.tau > LONGEST:
            raise NetworkError(
                f"FirstToSpike: patience is {self.patience / self.tau:g} times tau, and exp of more than {LONGEST:g} "
                "is not a number; be less patient, or use tau=math.inf"
            )

    def on_label(self, cell: Any, line: Any, msg: Any) -> None:
        """A new trial; one that is still open ends with what there is."""
        self.answer(cell)
        self.begin(cell, msg, self.outputs)
        cell.total = 0.0
        cell.wake(cell.start + self.patience)

    def on_spike(self, cell: Any, line: Any, msg: Any) -> None:
        """Hear an output, and answer when all have been heard."""
        if self.hear(cell, line, msg) == 0.0:
            return
        u = msg.time - cell.start
        line.z = u if self.tau == math.inf else math.exp(u / self.tau)
        if cell.heard == 1.0:
            cell.best = line.z
        line.weight = math.exp(-self.sharpness * (line.z - cell.best))
        cell.total += line.weight
        if cell.heard == self.outputs:
            self.answer(cell)

    def on_alarm(self, cell: Any) -> None:
        """Patience is at an end."""
        self.answer(cell)

    def answer(self, cell: Any) -> None:
        """Send every output that fired the derivative of the loss by its spike time."""
        if cell.open == 0.0:
            return
        self.close(cell)
        cell.wake(math.inf)
        if cell.label < 0.0:
            return
        own = 0.0
        for line in cell.lines:
            if line.index == cell.label and line.time < math.inf:
                own = line.weight / cell.total
        cell.note("loss", -math.log(own) if own > 0.0 else math.inf)
        for line in cell.lines:
            if line.time < math.inf:
                slope = 1.0 if self.tau == math.inf else line.z / self.tau
                error = self.sharpness * ((1.0 if line.index == cell.label else 0.0) - line.weight / cell.total) * slope
                if error != 0.0:
                    cell.send("error", error, to=line.index)


@dataclass(frozen=True)
class MarginRace(Teacher):
    """The class is the output that fires first, and it should win by `margin`; nobody is waited for.

        L = sum over o != g of max(0, margin - (t_o - t_g))

    The moment the second of a pair (g, o) fires, the pair's error is known and sent; a pair of which one stays
    silent costs nothing. If o has fired and the label's neuron is later than that by `margin`, it learns when it
    fires. The decision is noted when the next label arrives.
    """

    margin: float

    def __post_init__(self) -> None:
        _check("MarginRace", margin=self.margin)

    def on_label(self, cell: Any, line: Any, msg: Any) -> None:
        """A new trial."""
        self.close(cell)
        self.begin(cell, msg, math.inf)

    def on_spike(self, cell: Any, line: Any, msg: Any) -> None:
        """Send the errors of every pair that this spike completes."""
        if self.hear(cell, line, msg) == 0.0 or cell.label < 0.0:
            return
        own = math.inf
        for each in cell.lines:
            if each.index == cell.label:
                own = each.time
        late = 0.0
        for each in cell.lines:
            completes = each.index != cell.label and (line.index == cell.label or line.index == each.index)
            if completes and own < math.inf and each.time < math.inf and each.time - own < self.margin:
                cell.send("error", -1.0, to=each.index)
                late += 1.0
        if late > 0.0:
            cell.send("error", late, to=int(cell.label))


@dataclass(frozen=True)
class TargetTimes(Teacher):
    """Every output should fire at a given time after the label; the answer comes at its spike.

        L = sum_o (t_o - t_0 - target[g][o])^2 / 2,   g the label

    Args:
        targets: one row of target times [s] per class, one entry per output; `math.inf` for "do not care".
    """

    targets: Any

    def __post_init__(self) -> None:
        try:
            rows = tuple(tuple(float(v) for v in row) for row in self.targets)
        except TypeError:
            rows = ()
        if not rows or any(len(row) != len(rows[0]) or any(not v >= 0 for v in row) for row in rows):
            raise NetworkError(f"TargetTimes: targets is {self.targets!r}; give rows of equal length, times >= 0")
        object.__setattr__(self, "targets", rows)

    def on_label(self, cell: Any, line: Any, msg: Any) -> None:
        """A new trial."""
        self.close(cell)
        self.begin(cell, msg, len(self.targets))

    def on_spike(self, cell: Any, line: Any, msg: Any) -> None:
        """Send the error of an output that fired for the first time."""
        if self.hear(cell, line, msg) == 0.0 or cell.label < 0.0:
            return
        if line.index >= len(self.targets[0]):
            raise EngineError(
                f"output {line.index} of {msg.source} fired, but TargetTimes has times for {len(self.targets[0])} "
                "outputs; give one per output"
            )
        target = self.targets[int(cell.label)][line.index]
        if target < math.inf:
            cell.send("error", msg.time - cell.start - target, to=line.index)
