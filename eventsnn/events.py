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


_KINDS = {"spike": Kind.SPIKE, "error": Kind.ERROR, "apply": Kind.APPLY, "gather": Kind.APPLY, "reset": Kind.RESET}


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


def next_on_grid(at: Instant, dt: float, width: float) -> Instant:
    """The first multiple of `dt` seconds at or after an instant; never before it, whatever rounds."""
    if at == NEVER:
        return NEVER
    nth = math.floor(seconds(*at, width) / dt)
    while (tick := instant(nth * dt, width)) < at:
        nth += 1
    return tick


def end_of_run(time: float, width: float) -> Instant:
    """The first instant that is not before a time, as times are recorded: rounded to float64 seconds.

    An instant resolves more than a float64, so some instants a little before `time` are recorded as `time`; a run
    until `time`, which covers what happens before it, must leave them to the next.
    """
    window, offset = instant(time, width)
    low, high = math.nextafter(time, -math.inf), time
    start = max(0.0, offset - (high - low))  # surely recorded before `time`, unless the window begins later
    if start == 0.0 and window > 0 and seconds(window, 0.0, width) >= time:
        window, start, offset = window - 1, width - (high - low), width
        if seconds(window, math.nextafter(width, 0.0), width) < time:
            return window + 1, 0.0
    if seconds(window, start, width) >= time:
        return window, start
    while math.nextafter(start, offset) < offset:  # seconds(start) < time <= seconds(offset)
        middle = start + 0.5 * (offset - start)
        if seconds(window, middle, width) >= time:
            offset = middle
        else:
            start = middle
    return window, offset


def seconds(window: int, offset: float, width: float) -> float:
    """The time of an instant in seconds, rounded once to float64."""
    return window * width + offset
