"""Teachers: processes that hear the output neurons, know the label, and answer each with an error message.

An error is the derivative of a loss by the output's spike time, dL/dt [1/s]. A teacher starts a trial when a `label`
message reaches it; a label of -1 asks for an answer only and teaches nothing.

Notes kept for every trial: `decision` (the output that fired first, -1 for none), `correct` (1 or 0, only with a
label), `latency` (of the decision, from the label) and `loss` where it is defined.
"""

import math
from dataclasses import dataclass
from typing import Any

from eventsnn.errors import EngineError, NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator, Received
from eventsnn.relax import barrier

LONGEST = 300.0  # largest exponent of e in a loss


def _open(cell: Handle, message: Received, classes: int | None = None) -> None:
    """Start a trial."""
    if message.value != int(message.value) or (classes is not None and message.value >= classes):
        known = "whole numbers" if classes is None else f"0..{classes - 1}"
        raise EngineError(f"the label {message.value:g} came from {message.source}; labels are {known}, or -1 for none")
    cell.state.update(label=int(message.value), start=message.time, times={}, open=True)


def _hear(cell: Handle, message: Received) -> bool:
    """Note an output's first spike; say whether it was new."""
    times = cell.state.get("times")
    if times is None or str(message.line) in times:
        return False
    times[str(message.line)] = message.time
    return True


def _close(cell: Handle, loss: float | None = None) -> None:
    """Write down how the trial ended."""
    state = cell.state
    if not state.get("open"):
        return
    state["open"] = False
    order = sorted((t, int(i)) for i, t in state["times"].items())
    decision = order[0][1] if order else -1
    cell.note("decision", decision)
    cell.note("latency", order[0][0] - state["start"] if order else math.inf)
    if state["label"] >= 0:
        tie = len(order) > 1 and order[0][0] == order[1][0]
        cell.note("correct", float(decision == state["label"] and not tie))
        if loss is not None:
            cell.note("loss", loss)


def _check(owner: str, **positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise NetworkError(f"{owner}.{name} is {value}; it must be positive")


@dataclass(frozen=True)
class FirstToSpike(Process):
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

    def __post_init__(self) -> None:
        _check("FirstToSpike", outputs=self.outputs, patience=self.patience, sharpness=self.sharpness, tau=self.tau)
        if self.patience / self.tau > LONGEST:
            raise NetworkError(
                f"FirstToSpike: patience is {self.patience / self.tau:g} times tau, and exp of more than {LONGEST:g} "
                "is not a number; be less patient, or use tau=math.inf"
            )

    def run(self, cell: Handle) -> ProcessGenerator:
        """Hear, wait, answer."""
        state = cell.state
        while True:
            wanted, left = 1, None
            if state.get("open"):
                wanted = self.outputs - len(state["times"])
                left = max(0.0, state["start"] + self.patience - cell.now)
            messages: list[Received] = yield cell.gather(wanted, left, interrupt="label")
            late = len(messages) < wanted
            for message in messages:
                if message.port == "label":
                    self.answer(cell)  # an impatient stimulus: answer with what there is
                    _open(cell, message, self.outputs)
                    late = False
                else:
                    _hear(cell, message)
            if state.get("open") and (late or len(state["times"]) == self.outputs):
                self.answer(cell)

    def answer(self, cell: Handle) -> None:
        """Send every output that fired the derivative of the loss by its spike time."""
        state = cell.state
        if not state.get("open"):
            return
        label, start, times = state["label"], state["start"], state["times"]
        if label < 0:
            _close(cell)
            return
        z, dz = {}, {}
        for i, t in times.items():
            e = t - start if self.tau == math.inf else math.exp((t - start) / self.tau)
            z[i], dz[i] = e, 1.0 if self.tau == math.inf else e / self.tau
        best = min(z.values(), default=0.0)
        weights = {i: math.exp(-self.sharpness * (value - best)) for i, value in z.items()}
        total = sum(weights.values())
        p = {i: weight / total for i, weight in weights.items()}
        own = p.get(str(label), 0.0)
        _close(cell, -math.log(own) if own > 0.0 else math.inf)
        for i in times:
            error = self.sharpness * ((1.0 if int(i) == label else 0.0) - p[i]) * dz[i]
            if error != 0.0:
                cell.send("error", error, to=int(i))


@dataclass(frozen=True)
class MarginRace(Process):
    """The class is the output that fires first, and it should win by `margin`; nobody is waited for.

        L = sum over o != g of max(0, margin - (t_o - t_g))

    The moment the second of a pair (g, o) fires, the pair's error is known and sent; a pair of which one stays
    silent costs nothing. If o has fired and the label's neuron is later than that by `margin`, it learns when it
    fires. The decision is noted when the next label arrives.
    """

    margin: float

    def __post_init__(self) -> None:
        _check("MarginRace", margin=self.margin)

    def run(self, cell: Handle) -> ProcessGenerator:
        """Hear and answer at once."""
        while True:
            message: Received = yield cell.receive()
            if message.port == "label":
                _close(cell)
                _open(cell, message)
            elif _hear(cell, message) and cell.state["label"] >= 0:
                self.answer(cell, message.line)

    def answer(self, cell: Handle, line: int) -> None:
        """Send the errors of every pair that this spike completes."""
        label, times = cell.state["label"], cell.state["times"]
        own = times.get(str(label))
        if own is None:
            return
        others = [i for i in times if int(i) != label] if line == label else [str(line)]
        late = [i for i in others if times[i] - own < self.margin]
        for i in late:
            cell.send("error", -1.0, to=int(i))
        if late:
            cell.send("error", float(len(late)), to=label)


@dataclass(frozen=True)
class TargetTimes(Process):
    """Every output should fire at a given time after the label; the answer comes at its spike.

        L = sum_o (t_o - t_0 - target[g][o])^2 / 2,   g the label

    Args:
        targets: one row of target times [s] per class, one entry per output; `math.inf` for "do not care".
    """

    targets: Any

    def __post_init__(self) -> None:
        rows = tuple(tuple(float(v) for v in row) for row in self.targets)
        if not rows or any(len(row) != len(rows[0]) or any(not v >= 0 for v in row) for row in rows):
            raise NetworkError(f"TargetTimes: targets is {self.targets!r}; give rows of equal length, times >= 0")
        object.__setattr__(self, "targets", rows)

    def run(self, cell: Handle) -> ProcessGenerator:
        """Hear and answer at once."""
        while True:
            message: Received = yield cell.receive()
            if message.port == "label":
                _close(cell)
                _open(cell, message, len(self.targets))
            elif _hear(cell, message) and cell.state["label"] >= 0:
                if message.line >= len(self.targets[0]):
                    raise EngineError(
                        f"output {message.line} of {message.source} fired, but TargetTimes has times for "
                        f"{len(self.targets[0])} outputs; give one per output"
                    )
                target = self.targets[cell.state["label"]][message.line]
                if target < math.inf:
                    cell.send("error", message.time - cell.state["start"] - target, to=message.line)
