"""A teacher of graded readouts: what they should be over time, and how far they are from it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.errors import NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator


@dataclass(frozen=True)
class TargetCurves(Process):
    """Every readout should follow a curve: looked at now and then, told as errors that rules filter with `tau`.

    Process k asks readout k for its value y, which `teach_readout` connects. The error is y - y*, what is wanted
    (Bellec et al. 2020, doi 10.1038/s41467-020-17236-y, equation 4). A rule such as `EProp` lets errors decay with a
    time constant, so what is sent is what brings the decayed error back to its present value: tau (e - e' exp(-u/tau))
    where e' is the error u seconds ago.

    Args:
        values: for each readout, what it should be at each look; NaN where nothing is wanted, and nothing asked.
        every: time from one look to the next, first after `every` [s].
        tau: time constant of the rule's filter, such as `EProp.tau_out` [s].

    After the last value the curves begin anew.
    """

    values: Any
    every: float = 1e-3
    tau: float = 20e-3

    def __post_init__(self) -> None:
        values = np.array(self.values, float)
        if values.ndim != 2 or not values.size or np.isinf(values).any():
            raise NetworkError(
                f"TargetCurves.values has shape {values.shape}; give a row of finite values, or NaN, for each readout"
            )
        for name in ("every", "tau"):
            if not 0 < getattr(self, name) < math.inf:
                raise NetworkError(f"TargetCurves.{name} is {getattr(self, name)}; it must be positive and finite")
        values.flags.writeable = False  # processes may share what never changes
        object.__setattr__(self, "values", values)

    def run(self, cell: Handle) -> ProcessGenerator:
        """Look, and tell."""
        state = cell.state
        while True:
            message = yield cell.receive(self.left(cell))
            if state.get("asked"):
                state["asked"] = False
                self.tell(cell, (0.0 if message is None else message.value) - self.wanted(cell))
            elif message is None:
                state["looks"] = state.get("looks", 0) + 1
                if math.isnan(self.wanted(cell)):
                    self.tell(cell, 0.0)
                else:
                    state["asked"] = True
                    cell.send("ask")
            message = None

    def wanted(self, cell: Handle) -> float:
        """What the readout should be at the latest look."""
        row = self.values[cell.index]
        return float(row[(int(cell.state["looks"]) - 1) % len(row)])

    def left(self, cell: Handle) -> float:
        """Time until it looks again, or gives up waiting for an answer [s]; 0.0 is a value that is not sent."""
        looks = int(cell.state.get("looks", 0))
        due = (looks + 0.25) * self.every if cell.state.get("asked") else (looks + 1) * self.every
        return max(0.0, due - cell.now)

    def tell(self, cell: Handle, error: float) -> None:
        """Send what brings the error at the rules to its present value."""
        before = float(cell.state.get("error", 0.0))
        if error != 0.0 or before != 0.0:
            left = before * math.exp((float(cell.state.get("told", 0.0)) - cell.now) / self.tau)
            cell.send("error", self.tau * (error - left))
        cell.state["error"], cell.state["told"] = error, cell.now
