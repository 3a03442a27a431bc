"""A clock: a process that says something again and again, at regular times."""

import math
from dataclasses import dataclass

from eventsnn.errors import NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator


@dataclass(frozen=True)
class Clock(Process):
    """Sends a message every `period`: `apply` by default, so that synapses learn in batches.

    Args:
        period: [s].
        port: of the messages.
        value: that they carry.
        start: time of the first [s]; `period` unless given.
    """

    period: float
    port: str = "apply"
    value: float = 1.0
    start: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.period < math.inf:
            raise NetworkError(f"Clock.period is {self.period}; it must be positive and finite")
        if self.start is not None and not 0 <= self.start < math.inf:
            raise NetworkError(f"Clock.start is {self.start}; it must be at least 0 and finite")

    def run(self, cell: Handle) -> ProcessGenerator:
        """Wait, send; the k-th time is k periods, without rounding errors that add up."""
        late = 0.0 if self.start is None else self.start - self.period
        while True:
            k = cell.state.get("k", 0) + 1
            yield cell.until(k * self.period + late)
            cell.send(self.port, self.value)
            cell.state["k"] = k
