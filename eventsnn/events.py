"""Messages, the instants at which they happen, and the one total order of events.

An instant is a pair (window, offset): windows of equal width lie on an absolute grid, and the offset is the time
within one. The width is a power of two, so that a time in seconds and its pair convert without rounding, and so that
the offset keeps its resolution however long a run has lasted (a float64 alone resolves only 0.1 ns after 10^6 s).

Events are ordered by (instant, rank, kind, sender, synapse, nth). See `docs`: "Time and order".
"""

import math
from enum import IntEnum
from typing import NamedTuple

Instant = tuple[int, float]

NEVER: Instant = (2**62, 0.0)


class Kind(IntEnum):
    """What happens first when several things happen to neurons of one rank at one instant."""

    CROSSING = 0  # a threshold reached by motion, decided by what came before this instant
    APPLY = 1  # learning takes stock of what went before ...
    RESET = 2  # ... then the state starts anew ...
    CONTROL = 3  # ... then label, value and every other control port
    ERROR = 4
    SPIKE = 5
    JUMP = 6  # a threshold reached because of what arrived at this very instant
    WAKE = 7  # the clock of a user process


class Key(NamedTuple):
    """The place of one event in the total order."""

    window: int
    offset: float
    rank: int
    kind: int
    sender: int
    synapse: int
    nth: int


class Message(NamedTuple):
    """What a handler sees of the message that woke it; nobody can write it."""

    time: float  # when it arrived [s]
    value: float  # its payload; 0 for a spike


_KINDS = {"spike": Kind.SPIKE, "error": Kind.ERROR, "apply": Kind.APPLY, "reset": Kind.RESET}


def kind_of_port(port: str) -> Kind:
    """The kind of event that a message of this port makes."""
    return _KINDS.get(port, Kind.CONTROL)


def later(window: int, offset: float, duration: float, width: float) -> Instant:
    """The instant `duration` seconds after (window, offset). Only the sum rounds; splitting it does not."""
    if duration == math.inf:
        return NEVER
    total = offset + duration
    windows = math.floor(total / width)
    return window + windows, total - windows * width


def instant(time: float, width: float) -> Instant:
    """The instant of a time in seconds, without rounding."""
    return later(0, 0.0, time, width)


def seconds(window: int, offset: float, width: float) -> float:
    """The time of an instant in seconds, rounded once to float64."""
    return window * width + offset
