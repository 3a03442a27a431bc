"""Faults on purpose: what learning does when error messages are lost, late, or overtake each other."""

import math
from bisect import insort
from dataclasses import dataclass

from eventsnn import rng
from eventsnn.errors import NetworkError
from eventsnn.processes import Handle, Process, ProcessGenerator, Received


@dataclass(eq=False)
class UnreliableLink(Process):
    """Passes error messages on, but loses some, and holds each of the others back for a random time.

    Later messages may so overtake earlier ones. `Network.teach(..., through=UnreliableLink(...))` puts one between the
    teacher and every output. An error that arrives after the next `reset` finds a neuron that knows nothing of its
    trial any more: it counts as unused, or, if the neuron has fired again, is taken for one of the new trial.

    Notes kept: `lost` (the value of an error that was lost) and `late` (how late one was that was not [s]).

    Args:
        lost: fraction of the messages that are lost.
        late: longest extra delay [s]; each is drawn uniformly from [0, late).
        seed: of losses and delays.
    """

    lost: float = 0.0
    late: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.lost <= 1:
            raise NetworkError(f"UnreliableLink.lost is {self.lost}; it is a fraction of all messages, from 0 to 1")
        if not 0 <= self.late < math.inf:
            raise NetworkError(f"UnreliableLink.late is {self.late}; it must be finite and not negative")

    def run(self, cell: Handle) -> ProcessGenerator:
        """Hear, hold back, pass on."""
        held = cell.state.setdefault("held", [])  # (when it is due, its number, its value), soonest first
        while True:
            message: Received | None = yield cell.receive(max(0.0, held[0][0] - cell.now) if held else None)
            if message is not None:
                self.take(cell, message)
            held = cell.state["held"]
            while held and held[0][0] <= cell.now:
                cell.send("error", held.pop(0)[2])

    def take(self, cell: Handle, message: Received) -> None:
        """Draw what happens to a message."""
        number = cell.state.get("heard", 0)
        cell.state["heard"] = number + 1
        chance, wait = rng.stream(self.seed, "unreliable link", cell.index, number).random(2)
        if chance < self.lost:
            cell.note("lost", message.value)
            return
        cell.note("late", self.late * wait)
        insort(cell.state["held"], [message.time + self.late * float(wait), number, message.value])
