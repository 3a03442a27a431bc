"""The error of a layer's own readout, looked up now and then: what layers with local errors learn from."""

import math
from dataclasses import dataclass

from eventsnn.errors import EngineError, NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator


@dataclass(frozen=True)
class SampledError(Process):
    """Compares a graded readout with what its class wants, every so often; one process for each class.

    Process k asks readout k for its value y and is told the present class by `label` messages. The error is that of
    DECOLLE (Kaiser, Mostafa and Neftci 2020, doi 10.3389/fnins.2020.00424): y - target if the class is k, else y,
    no further from 0 than `most`, which is the derivative of a smooth L1 loss. What it sends depends on `form`:

    - "change": what has been added since it last sent (for `LocalError`, which holds errors), if that is more than
      `threshold`; a readout with nothing new to say says nothing.
    - "event": whole multiples of `threshold`, of the error itself, every time (for `ErrorTriggered`; Payvand et al.
      2020, arXiv 1910.06152).

    After a negative label it takes back what it said and is silent until the next.

    Args:
        every: time from one look to the next [s].
        patience: within which an answer comes [s]; 0.0 is a value that readouts do not send.
        form: "change" or "event".
        threshold: see `form`; in the unit of the readout.
        target: value wanted from the readout of the class that is shown.
        most: largest error.
    """

    every: float = 1e-3
    patience: float = 2e-4
    form: str = "change"
    threshold: float = 0.0
    target: float = 1.0
    most: float = 1.0

    def __post_init__(self) -> None:
        if self.form not in ("change", "event"):
            raise NetworkError(f"SampledError.form is {self.form!r}; it is 'change' or 'event'")
        if not 0 < self.patience < self.every < math.inf:
            raise NetworkError(
                f"SampledError.every is {self.every} and patience {self.patience}; give 0 < patience < every [s]"
            )
        if not 0 <= self.threshold < math.inf or (self.form == "event" and self.threshold == 0):
            raise NetworkError(f"SampledError.threshold is {self.threshold}; it must be >= 0, and above 0 for events")
        if not self.most > 0:
            raise NetworkError(f"SampledError.most is {self.most}; it must be positive")

    def run(self, cell: Handle) -> ProcessGenerator:
        """Listen to labels; look, and tell."""
        while True:
            message = yield cell.receive(self.left(cell))
            state = cell.state
            if message is not None and message.port == "label":
                if message.value != int(message.value):
                    raise EngineError(
                        f"the label {message.value:g} came from {message.source}; labels are whole numbers"
                    )
                state["label"] = int(message.value)
                if message.value < 0:
                    self.tell(cell, 0.0)
            elif state.get("asked"):
                state["asked"] = False
                if state.get("label", -1) >= 0:
                    self.tell(cell, self.error(cell, 0.0 if message is None else message.value))
            elif message is None:
                state["looks"] = state.get("looks", 0) + 1
                if state.get("label", -1) >= 0:
                    state["asked"] = True
                    cell.send("ask")
            message = None

    def left(self, cell: Handle) -> float:
        """Time until it looks again, or gives up waiting for an answer [s]."""
        looks = int(cell.state.get("looks", 0))
        due = looks * self.every + self.patience if cell.state.get("asked") else (looks + 1) * self.every
        return max(0.0, due - cell.now)

    def error(self, cell: Handle, y: float) -> float:
        """The derivative of the loss by the value of the readout."""
        e = y - (self.target if cell.state["label"] == cell.index else 0.0)
        return max(-self.most, min(self.most, e))

    def tell(self, cell: Handle, e: float) -> None:
        """Send what there is to say about an error."""
        if self.form == "event":
            e = math.trunc(e / self.threshold) * self.threshold
            if e != 0.0:
                cell.send("error", e)
            return
        change = e - float(cell.state.get("said", 0.0))
        if abs(change) > (self.threshold if cell.state["label"] >= 0 else 0.0):
            cell.state["said"] = e
            cell.send("error", change)
