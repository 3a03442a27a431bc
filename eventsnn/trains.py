"""A teacher of spike trains: it wants every output to fire at given times, and says at once where they differ."""

import math
from dataclasses import dataclass
from typing import Any

from eventsnn.errors import EngineError, NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator


@dataclass(frozen=True)
class TargetTrains(Process):
    """Every output should fire at the target's times: each spike of an output is answered by an error of +1, and each
    spike of its target is an error of -1.

    Filtered by the rule (`SuperSpike`, `EProp`), this is the derivative of the van Rossum loss by the output's filtered
    spike train. A spike that comes at its target's time cancels it.

    Args:
        trains: for each output, the times [s] at which it should fire, not decreasing.
        period: after which the targets begin anew [s]; `math.inf` for once.
    """

    trains: Any
    period: float = math.inf

    def __post_init__(self) -> None:
        rows = [[float(t) for t in row] for row in self.trains]
        if not rows or not self.period > 0 or any(not 0 <= t < self.period for row in rows for t in row):
            raise NetworkError(
                f"TargetTrains(trains={self.trains!r}, period={self.period}): give a row of times from 0 to below the "
                "period for each output"
            )
        object.__setattr__(self, "trains", rows)

    def run(self, cell: Handle) -> ProcessGenerator:
        """Wait for whichever comes first, a spike or its target."""
        wanted = sorted((t, i) for i, row in enumerate(self.trains) for t in row)
        while True:
            message = yield cell.receive(self.patience(cell, wanted))
            if message is None:
                k = cell.state.get("k", 0)
                cell.state["k"] = k + 1
                cell.send("error", -1.0, to=wanted[k % len(wanted)][1])
            elif message.line >= len(self.trains):
                raise EngineError(
                    f"output {message.line} of {message.source} fired, but TargetTrains has trains for "
                    f"{len(self.trains)} outputs; give one per output"
                )
            else:
                cell.send("error", 1.0, to=message.line)
            message = k = None

    def patience(self, cell: Handle, wanted: list[tuple[float, int]]) -> float | None:
        """How long until the next spike of a target [s]; None if there is none."""
        round_, k = divmod(cell.state.get("k", 0), len(wanted)) if wanted else (1, 0)
        if round_ and (self.period == math.inf or not wanted):
            return None
        return max(0.0, (round_ * self.period if round_ else 0.0) + wanted[k][0] - cell.now)
