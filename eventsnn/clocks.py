"""A clock: a process that says something again and again, at regular times."""

import math
from dataclasses import dataclass

from eventsnn.errors import NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator


@dataclass(frozen=True)
class Clock(Process):
    """Sends a message every `period`, first at `period`: `apply` by default, so that synapses learn in batches.

    Args:
        period: [s].
        port: of the messages.
        value: that they carry.
    """

    period: float
    port: str = "apply"
    value: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.period < math.inf:
            raise NetworkError(f"Clock.period is {self.period}; it must be positive and finite")

    def run(self, cell: Handle) -> ProcessGenerator:
        """Wait, send; the k-th time is k periods, without rounding errors that add up."""
        while True:
            k = cell.state.get("k", 0) + 1
            yield cell.until(k * self.period)
            cell.send(self.port, self.value)
            cell.state["k"] = k
