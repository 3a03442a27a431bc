"""Which class a layer's readout names: its largest value, on average over the time a sample is shown."""

import math
from dataclasses import dataclass

from eventsnn.errors import EngineError, NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator, Received


@dataclass(frozen=True)
class LargestValue(Process):
    """Names the class whose graded readout is largest on average over a sample.

    A sample begins when its `label` message arrives. The process then asks the readouts for their values `looks` times,
    in the middle of each of so many stretches of `every` seconds, and decides. It teaches nothing; a label of -1 only
    asks for a decision.

    Notes kept for every sample: `decision` (a tie is won by the lowest class), `correct` (1 or 0) and `loss` (half the
    squared distance from 1 for the class that is shown and 0 for the others, on average; both only with a label).

    Args:
        classes: how many readouts there are.
        looks: how often it asks in a sample.
        every: time from one look to the next [s].
        patience: within which an answer comes [s]; 0.0 is a value that readouts do not send.
    """

    classes: int
    looks: int = 30
    every: float = 10e-3
    patience: float = 1e-3

    def __post_init__(self) -> None:
        if self.classes < 1 or self.looks < 1:
            raise NetworkError(f"LargestValue: {self.classes} classes and {self.looks} looks; give at least 1 of each")
        if not 0 < 2 * self.patience < self.every < math.inf:
            raise NetworkError(
                f"LargestValue.every is {self.every} and patience {self.patience}; give 0 < 2 patience < every [s]"
            )

    def run(self, cell: Handle) -> ProcessGenerator:
        """Hear when a sample begins; look, add up, and decide."""
        state = cell.state
        while True:
            message: Received | None = yield cell.receive(self.left(cell))
            if message is not None and message.port == "label":
                self.decide(cell)  # a sample that was shorter than expected
                self.open(cell, message)
            elif message is not None and state.get("open"):
                if message.line >= self.classes:
                    raise EngineError(
                        f"readout {message.line} of {message.source} answered, but there are {self.classes} classes"
                    )
                state["values"][message.line] = message.value
            elif message is None and state["asked"]:
                self.add(cell)
                if state["looked"] == self.looks:
                    self.decide(cell)
            elif message is None:
                state.update(asked=True, values=[0.0] * self.classes)
                cell.send("ask")

    def open(self, cell: Handle, message: Received) -> None:
        """A sample begins."""
        if message.value != int(message.value) or message.value >= self.classes:
            raise EngineError(
                f"the label {message.value:g} came from {message.source}; labels are 0..{self.classes - 1}, or -1"
            )
        cell.state.update(label=int(message.value), start=message.time, open=True, asked=False)
        cell.state.update(looked=0, sums=[0.0] * self.classes, loss=0.0)

    def left(self, cell: Handle) -> float | None:
        """Time until it looks again, or has all answers [s]; None between samples."""
        state = cell.state
        if not state.get("open"):
            return None
        due: float = state["start"] + (state["looked"] + 0.5) * self.every + (self.patience if state["asked"] else 0.0)
        return max(0.0, due - cell.now)

    def add(self, cell: Handle) -> None:
        """All answers of a look are there."""
        state = cell.state
        for k, value in enumerate(state["values"]):
            state["sums"][k] += value
            state["loss"] += 0.5 * (value - (1.0 if k == state["label"] else 0.0)) ** 2
        state.update(asked=False, looked=state["looked"] + 1)

    def decide(self, cell: Handle) -> None:
        """Note which class the sample was, if one was shown."""
        state = cell.state
        if not state.get("open"):
            return
        state["open"] = False
        decision = max(range(self.classes), key=lambda k: (state["sums"][k], -k))
        cell.note("decision", decision)
        if state["label"] >= 0:
            cell.note("correct", float(decision == state["label"]))
            cell.note("loss", state["loss"] / max(1, state["looked"]))
