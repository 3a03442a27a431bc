"""User processes on the reference engine: each is a SimPy process around the user's generator."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from eventsnn.errors import EngineError
from eventsnn.events import Instant, Key, Kind, instant, later
from eventsnn.processes import Handle, Received, Waiting, check_yield, place

if TYPE_CHECKING:
    from eventsnn.engines.nodes import Node
    from eventsnn.engines.reference import ReferenceEngine


class Wake:
    """An entry of the agenda: the time a process waits for has come."""

    __slots__ = ("guest",)

    def __init__(self, guest: "Guest") -> None:
        self.guest = guest

    def happen(self) -> None:
        """Resume the process with whatever it has got."""
        self.guest.due = None
        self.guest.resume()


class Guest:
    """A user process: its generator, its inbox, and what it waits for."""

    def __init__(self, engine: "ReferenceEngine", node: "Node") -> None:
        self.engine, self.node = engine, node
        self.name = f"{node.cells.name}[{node.index}]"
        self.handle = Handle(self, node.number, node.index, engine.env)
        self.inbox: list[Received] = []
        self.waiting: Waiting | None = None
        self.due: Key | None = None
        self.first_place: str | None = None  # where it waits first: the only place where it can be saved
        self.place = ""
        self.resume_at: Instant | None = None  # set when restored: the instant its saved wait ends
        self.ended = False

    # -- what the handle asks for ---------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The present time [s]."""
        return self.engine.now

    def send(self, process: int, port: str, value: Any, to: int | None) -> None:
        """Check and send a message."""
        rows = self.node.rows.get(port)
        if not rows:
            has = ", ".join(sorted(self.node.rows)) or "none"
            raise EngineError(
                f"process {self.name} sends {port!r}, but no projection of that port leaves it; it has {has}"
            )
        if isinstance(value, (list, tuple, np.ndarray)):
            value = np.array(value, dtype=np.float64)  # a frozen copy
            for synapses, _ in rows:
                if value.shape != (synapses.plan.post.size,):
                    raise EngineError(
                        f"process {self.name} sends {port!r} with a payload of shape {value.shape}; "
                        f"{synapses.plan.post.name} has {synapses.plan.post.size} targets"
                    )
        if np.isnan(value).any():
            raise EngineError(f"process {self.name} sends {port!r} with payload {value}; a payload is a number")
        if port == "spike" and "spikes" in self.node.cells.population.record:
            self.engine.recorder.spike_columns(self.node.cells.index).append(self.engine.now, self.node.index)
        self.engine.send(self.node, port, value, to)

    def note(self, process: int, name: str, value: float) -> None:
        """Keep a number with the present time."""
        self.engine.recorder.note(self.node.cells.index, self.node.index, name, self.engine.now, value)

    # -- its life -------------------------------------------------------------------------------------------------

    def live(self) -> Generator[simpy.Event, Any, None]:
        """The process: run the user's generator from wait to wait, and receive in between."""
        generator = self.node.model.run(self.handle)
        answer: Any = None
        mailbox = self.node.mailbox
        while not self.ended:
            try:
                wanted = generator.send(answer)
            except StopIteration:
                self.ended = True
                break
            if isinstance(wanted, simpy.Event):
                answer = yield wanted
                continue
            self.waiting = check_yield(wanted, generator, self.name)
            self.place = place(generator)
            self.first_place = self.first_place or self.place
            if self._enough():
                answer = self._take()
                continue
            self._set_alarm(self.waiting)
            while (delivery := (yield mailbox)) is not None:
                self.receive(*delivery)
                if self._enough():
                    break
            self._cancel_alarm()
            answer = self._take()
        while True:
            yield mailbox  # messages to a process that has ended are lost

    def resume(self) -> None:
        """Go on although not everything waited for has come."""
        self.node.mailbox.deliver(None)

    def receive(self, delivery: Any, j: int) -> None:
        """Put a message into the inbox."""
        synapses = delivery.synapses
        sender = self.engine.nodes[delivery.sender]
        port = "error" if delivery.back else synapses.plan.port
        value = delivery.value if delivery.back else delivery.value * synapses.weight(j)
        self.inbox.append(Received(self.engine.now, port, value, sender.index, sender.cells.name))

    def _enough(self) -> bool:
        assert self.waiting is not None
        return 0 < self.waiting.count <= len(self.inbox)

    def _take(self) -> Any:
        assert self.waiting is not None
        if self.waiting.count == 0:
            return None
        taken, self.inbox = self.inbox[: self.waiting.count], self.inbox[self.waiting.count :]
        if self.waiting.many:
            return taken
        return taken[0] if taken else None

    def _set_alarm(self, waiting: Waiting) -> None:
        env, at = self.engine.env, self.resume_at
        self.resume_at = None
        if at is None:
            if waiting.at is not None:
                at = max(instant(waiting.at, env.width), env.instant)
            elif waiting.duration is not None:
                at = later(*env.instant, waiting.duration, env.width)
            else:
                return
        self.due = Key(*at, self.node.rank, Kind.WAKE, self.node.number, 0, 0)
        env.at(self.due, Wake(self))

    def _cancel_alarm(self) -> None:
        if self.due is not None:
            self.engine.env.cancel(self.due)
            self.due = None
