"""What a run leaves behind: spikes, states at any time, weights over time, messages, notes. Plain arrays throughout."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.errors import NetworkError


@dataclass(frozen=True)
class Spikes:
    """The spikes of one population, in the order of events: times `t` [s] and neurons `i`."""

    t: np.ndarray
    i: np.ndarray
    size: int
    name: str = ""

    def spike_trains(self) -> dict[int, np.ndarray]:
        """Spike times of every neuron, also of those that stayed silent."""
        return {k: self.t[self.i == k] for k in range(self.size)}

    def between(self, t0: float, t1: float) -> "Spikes":
        """Those with t0 <= t < t1."""
        keep = (self.t >= t0) & (self.t < t1)
        return Spikes(self.t[keep], self.i[keep], self.size, self.name)

    def rate(self, duration: float) -> float:
        """Mean rate of a neuron over `duration` seconds [1/s]."""
        return len(self.t) / (self.size * duration)

    def __len__(self) -> int:
        return len(self.t)


@dataclass(frozen=True)
class Messages:
    """Every message that arrived, one entry per synapse: when, on which projection, from, to, with which payload.

    `projection` counts projections as they were connected, `synapse` the synapses within one (see `Network.edges`),
    `sender` and `target` all members of the network. On a way back, a message comes from the synapse's target.
    """

    t: np.ndarray
    projection: np.ndarray
    sender: np.ndarray
    target: np.ndarray
    value: np.ndarray
    port: np.ndarray
    synapse: np.ndarray


@dataclass(frozen=True)
class WeightChanges:
    """Every change of a weight: time `t` [s], synapse number `k` within the projection, weight `w` from then on."""

    t: np.ndarray
    k: np.ndarray
    w: np.ndarray
    initial: np.ndarray

    def at(self, time: float) -> np.ndarray:
        """All weights as they were just after `time` [s]."""
        w = self.initial.copy()
        n = int(np.searchsorted(self.t, time, side="right"))
        w[self.k[:n]] = self.w[:n]
        return w


class Columns:
    """Rows of numbers that grow without a Python object per entry."""

    def __init__(self, **types: str) -> None:
        self.types = types
        self.columns = {name: array(code) for name, code in types.items()}

    def append(self, *values: float) -> None:
        """Add one row."""
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)  # type: ignore[arg-type]

    def extend(self, **values: np.ndarray) -> None:
        """Add many rows."""
        for name, column in self.columns.items():
            column.frombytes(np.ascontiguousarray(values[name], dtype=column.typecode).tobytes())

    def arrays(self) -> dict[str, np.ndarray]:
        """Copies as NumPy arrays."""
        return {name: np.array(c, dtype=c.typecode) for name, c in self.columns.items()}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


class StateLog:
    """A neuron's state after each of its events; between them it follows its closed form.

    Attributes:
        read: (model, state values, seconds since that event) -> published state, given by the engine that recorded.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        types = {"time": "d", "window": "q", "offset": "d", **{f"s_{n}": "d" for n in names}}
        self.rows = Columns(**types)

    def add(self, time: float, window: int, offset: float, values: list[float]) -> None:
        """Keep the state after an event."""
        self.rows.append(time, window, offset, *values)


Reader = Callable[[dict[str, float], int, float, float], dict[str, float]]


class Recorder:
    """Everything recorded so far, filled by the engine."""

    def __init__(self) -> None:
        self.spikes: dict[int, Columns] = {}  # per population
        self.states: dict[tuple[int, int], StateLog] = {}  # per (population, neuron)
        self.weights: dict[int, Columns] = {}  # per projection
        self.notes: dict[tuple[int, str], Columns] = {}  # per (population, name)
        self.messages: Columns | None = None
        self.keeps_messages = False  # whether the user wants them, or only whoever counts them

    def spike_columns(self, population: int) -> Columns:
        """The buffer of one population's spikes."""
        if population not in self.spikes:
            self.spikes[population] = Columns(t="d", i="i")
        return self.spikes[population]

    def weight_columns(self, projection: int) -> Columns:
        """The buffer of one projection's weight changes."""
        return self.weights.setdefault(projection, Columns(t="d", k="i", w="d"))

    def state_log(self, population: int, neuron: int, names: list[str]) -> StateLog:
        """The buffer of one neuron's states."""
        return self.states.setdefault((population, neuron), StateLog(names))

    def log_messages(self) -> Columns:
        """Start to keep every message."""
        if self.messages is None:
            self.messages = Columns(t="d", projection="i", sender="i", target="i", value="d", port="i", synapse="q")
        return self.messages

    def note(self, population: int, index: int, name: str, time: float, value: float) -> None:
        """Keep a number that a process noted."""
        self.note_columns(population, name).append(time, index, value)

    def note_columns(self, population: int, name: str) -> Columns:
        """The buffer of what the processes of a population noted under one name."""
        if (population, name) not in self.notes:
            self.notes[(population, name)] = Columns(t="d", i="i", value="d")
        return self.notes[(population, name)]

    def pack(self) -> dict[str, Any]:
        """Everything as plain values and arrays, for saving."""
        messages = None if self.messages is None else self.messages.arrays()
        buffers = [self.spikes, self.weights, self.notes]
        packed = [[[k, b.types, b.arrays()] for k, b in group.items()] for group in buffers]  # type: ignore[attr-defined]
        states = [[list(k), log.names, log.rows.arrays()] for k, log in self.states.items()]
        return {"buffers": packed, "states": states, "messages": messages}

    def unpack(self, packed: dict[str, Any]) -> None:
        """Take back what `pack` gave."""
        for group, entries in zip((self.spikes, self.weights, self.notes), packed["buffers"], strict=True):
            for key, types, arrays in entries:
                columns = Columns(**types)
                columns.extend(**arrays)
                group[tuple(key) if isinstance(key, list) else key] = columns  # type: ignore[index]
        for key, names, arrays in packed["states"]:
            log = self.states[tuple(key)] = StateLog(names)
            log.rows.extend(**arrays)
        if packed["messages"] is not None:
            self.log_messages().extend(**packed["messages"])


def read_states(
    log: StateLog, times: np.ndarray, width: float, read: Reader, names: list[str]
) -> dict[str, np.ndarray]:
    """The published state at any times [s], from the state after the last event at or before each.

    Raises:
        NetworkError: a time before recording began.
    """
    rows = log.rows.arrays()
    times = np.atleast_1d(np.asarray(times, dtype=np.float64))
    place = np.searchsorted(rows["time"], times, side="right") - 1
    if len(place) and place.min() < 0:
        raise NetworkError(f"the state at {times.min()} s was not recorded; recording began at {rows['time'][0]} s")
    out = {name: np.empty(len(times)) for name in names}
    for k, (row, time) in enumerate(zip(place, times, strict=True)):
        values = {name: float(rows[f"s_{name}"][row]) for name in log.names}
        state = read(values, int(rows["window"][row]), float(rows["offset"][row]), float(time))
        for name in names:
            out[name][k] = state[name]
    return out
