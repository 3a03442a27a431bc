"""SimPy's environment with absolute scheduling in the one total order of events.

SimPy schedules by delay, and `now + (t - now)` is not always `t`; and its ties are broken by insertion. Here every
event has a `Key`, the agenda is a sorted dictionary, and an event can be taken back.
"""

from typing import Any, Protocol

import simpy
from simpy.events import NORMAL
from sortedcontainers import SortedDict

from eventsnn.errors import EngineError
from eventsnn.events import Instant, Key, later, seconds

SIMPY_RANK = 2**31  # SimPy's own events come after all messages of their instant, in the order of their making
START_RANK = -1  # but processes start before anything else


class Happening(Protocol):
    """An entry of the agenda that is not a SimPy event."""

    def happen(self) -> None:
        """Do what is due now."""


class EventEnvironment(simpy.Environment):
    """SimPy environment whose clock is an instant (window, offset) and whose agenda is in total order."""

    def __init__(self, width: float, start: Instant = (0, 0.0)) -> None:
        super().__init__()
        self.width = width
        self.instant = start
        self.agenda: SortedDict = SortedDict()
        self._count = 0

    @property
    def now(self) -> float:
        """The present time [s]."""
        return seconds(*self.instant, self.width)

    def at(self, key: Key, happening: Happening | simpy.Event) -> None:
        """Put an entry on the agenda.

        Raises:
            EngineError: its time has passed, or its place is taken.
        """
        if key[:2] < self.instant:
            raise EngineError(f"a message for {seconds(*key[:2], self.width)} s would go into the past of {self.now} s")
        if key in self.agenda:
            raise EngineError(f"two events have the same place {key} in the order of events; this is a defect")
        self.agenda[key] = happening

    def cancel(self, key: Key) -> None:
        """Take an entry back."""
        del self.agenda[key]

    def schedule(self, event: simpy.Event, priority: Any = NORMAL, delay: float = 0) -> None:
        """SimPy's own way to schedule; a process that failed stops the run here and now."""
        if not event._ok and isinstance(event, simpy.Process):
            raise event._value
        self._count += 1
        if isinstance(event, simpy.events.Initialize):
            self.agenda[Key(-1, 0.0, START_RANK, 0, self._count, 0, 0)] = event
            return
        window, offset = later(*self.instant, float(delay), self.width)
        self.at(Key(window, offset, SIMPY_RANK, int(priority), self._count, 0, 0), event)

    def start(self) -> None:
        """Let every process that was made but not begun run to its first wait, now."""
        while self.agenda and self.agenda.peekitem(0)[0].rank == START_RANK:
            _, event = self.agenda.popitem(0)
            _call_back(event)

    def next_key(self) -> Key | None:
        """The place of the next entry in the order of events."""
        return self.agenda.peekitem(0)[0] if self.agenda else None

    def step(self) -> None:
        """Let the next entry happen."""
        key, entry = self.agenda.popitem(0)
        self.instant = key[:2]
        if isinstance(entry, simpy.Event):
            _call_back(entry)
        else:
            entry.happen()


def _call_back(event: simpy.Event) -> None:
    callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
    for callback in callbacks:
        callback(event)


class Mailbox(simpy.Event):
    """What a process waits at: an event that happens again and again, at once, whenever something is delivered."""

    def deliver(self, value: object) -> None:
        """Resume the process that waits here with this value, now."""
        self._ok, self._value = True, value
        waiting, self.callbacks = self.callbacks, []
        for resume in waiting:
            resume(self)
