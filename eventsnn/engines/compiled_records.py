"""What a compiled kernel recorded, brought to the recorder in the order of events; see `logs` for the kernel's side."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn.engines import kernel, logs, loop
from eventsnn.engines.rows import zeros
from eventsnn.model import Neuron
from eventsnn.plan import Plan

if TYPE_CHECKING:
    from eventsnn.engines.compiled import CompiledEngine

PLACE = ("window", "offset", "kind", "sender", "synapse", "nth")
ARRIVAL = np.dtype(
    [
        ("window", "i8"), ("offset", "f8"), ("kind", "i8"), ("sender", "i8"), ("synapse", "i8"), ("nth", "i8"),
        ("stage", "i8"), ("projection", "i8"), ("start", "i8"), ("stop", "i8"), ("value", "f8"), ("back", "i8"),
    ],
    align=True,
)  # fmt: skip
CHANGE = np.dtype(
    [
        ("window", "i8"), ("offset", "f8"), ("kind", "i8"), ("node", "i8"), ("projection", "i8"), ("synapse", "i8"),
        ("weight", "f8"),
    ],
    align=True,
)  # fmt: skip
STATE = np.dtype([("node", "i8"), ("window", "i8"), ("offset", "f8")], align=True)
ROWS = 1 << 14  # of a buffer at first


def need(plan: Plan) -> int:
    """How many changes of weight one reaction may cause: those of one neuron's columns."""
    most = 0
    for c in plan.cells:
        columns = [s.column[0] for s in plan.synapses if s.post is c and logs.records_weights(s)]
        most = max(most, sum(int(np.diff(start).max(initial=0)) for start in columns))
    return 2 + most


def buffers(plan: Plan) -> dict[str, np.ndarray]:
    """Room for what a kernel writes down; as good as none for what is not recorded."""
    changes = max(ROWS, 4 * need(plan)) if any(logs.records_weights(s) for s in plan.synapses) else 2 + need(plan)
    recorded = [c for c in plan.cells if logs.records_state(c)]
    states = ROWS + sum(c.size for c in recorded) if recorded else 16
    widest = max((len(c.state) for c in recorded), default=1)
    return {
        "arrivals": zeros(1, ARRIVAL),
        "changes": zeros(changes + 1, CHANGE),
        "states": zeros(states, STATE),
        "values": np.zeros((states, widest)),
    }


class Records:
    """Empties a kernel's buffers."""

    def __init__(self, engine: "CompiledEngine") -> None:
        self.engine, self.plan, self.recorder = engine, engine.plan, engine.recorder
        self.ports = list(kernel.port_codes(self.plan))
        for c in self.plan.cells:
            if logs.records_state(c):
                assert isinstance(c.model, Neuron)
                for i in range(c.size):
                    self.recorder.state_log(c.index, i, list(c.model.state))

    def begin(self) -> None:
        """Before a run: messages may have been asked for since the last."""
        if self.recorder.messages is not None and len(self.engine.arrays.net.arrivals) == 1:
            self._enlarge("arrivals", ROWS)

    def arrived(self, entry: tuple[Any, ...], stage: int) -> None:
        """Write down messages to the guests of a stage."""
        net = self.engine.arrays.net
        if len(net.arrivals) == 1:
            return
        k, i = int(net.i[loop.ARRIVALS]), net.i
        if k == len(net.arrivals):
            self._enlarge("arrivals", 2 * k)
        self.engine.arrays.net.arrivals[k : k + 1] = np.array(
            [(*entry[: len(PLACE)], stage, *entry[len(PLACE) :])], ARRIVAL
        )
        i[loop.ARRIVALS] = k + 1

    def make_room(self) -> None:
        """Enlarge the buffers that are still half full after they were emptied."""
        net = self.engine.arrays.net
        for name, place in (("arrivals", loop.ARRIVALS), ("changes", loop.CHANGES)):
            size = len(getattr(net, name))
            if 2 * net.i[place] >= size > 1:
                self._enlarge(name, 2 * size)

    def _enlarge(self, name: str, size: int) -> None:
        arrays = self.engine.arrays
        old = getattr(arrays.net, name)
        new = zeros(size, old.dtype)
        new[: len(old)] = old
        arrays.net = arrays.net._replace(**{name: new})

    # -- fetching -------------------------------------------------------------------------------------------------

    def fetch(self, whole: bool) -> None:
        """Hand everything to the recorder but, unless `whole`, what belongs to an unfinished window."""
        self._fetch_states()
        self._fetch_changes(whole)
        self._fetch_arrivals(whole)

    def _take(self, name: str, place: int, whole: bool) -> np.ndarray:
        net = self.engine.arrays.net
        n = int(net.i[place])
        rows = np.array(getattr(net, name)[:n])
        unseen = net.inbox["window"][: int(net.i[loop.HELD])]  # what the guests will be shown later
        horizon = min(int(net.i[loop.WINDOW]), int(unseen.min(initial=loop.NO_VISIT)))
        done = np.ones(n, bool) if whole else rows["window"] < horizon
        rest = rows[~done]
        getattr(net, name)[: len(rest)] = rest
        net.i[place] = len(rest)
        return rows[done]

    def _seconds(self, rows: np.ndarray) -> np.ndarray:
        time: np.ndarray = rows["window"] * self.plan.width + rows["offset"]
        return time

    def _fetch_states(self) -> None:
        """A neuron's rows were written in the order of its events, whatever other neurons did in between."""
        net = self.engine.arrays.net
        n = int(net.i[loop.STATES])
        rows, values = np.array(net.states[:n]), net.values[:n]
        order = np.argsort(rows["node"], kind="stable")
        rows, values = rows[order], values[order]
        time = self._seconds(rows)
        for node, start, stop in _groups(rows["node"]):
            c = next(c for c in self.plan.cells if c.offset <= node < c.offset + c.size)
            log = self.recorder.states[(c.index, node - c.offset)]
            own = rows[start:stop]
            columns = {f"s_{name}": values[start:stop, k] for k, name in enumerate(log.names)}
            log.rows.extend(time=time[start:stop], window=own["window"], offset=own["offset"], **columns)
        net.i[loop.STATES] = 0

    def _fetch_changes(self, whole: bool) -> None:
        """Spikes of an instant come before or after what arrives then; arrivals were written in their order."""
        rows = self._take("changes", loop.CHANGES, whole)
        keys = ("node", "kind", "offset", "window", "projection")
        rows = rows[np.lexsort([rows[name] for name in keys])]
        time = self._seconds(rows)
        for projection, a, b in _groups(rows["projection"]):
            columns = self.recorder.weight_columns(projection)
            columns.extend(t=time[a:b], k=rows["synapse"][a:b], w=rows["weight"][a:b])

    def _fetch_arrivals(self, whole: bool) -> None:
        """Entries in the order of events, each spread out over the synapses that it reached."""
        if self.recorder.messages is None:
            return
        rows = self._take("arrivals", loop.ARRIVALS, whole)
        rank = np.array([c.rank for c in self.plan.stages])[rows["stage"]]
        keys = [rows[name] for name in PLACE]
        keys.insert(2, rank)
        rows = rows[np.lexsort(keys[::-1])]
        length = rows["stop"] - rows["start"]
        each = np.repeat(np.arange(len(rows)), length)
        synapse = rows["start"][each] + np.arange(len(each)) - np.repeat(np.cumsum(length) - length, length)
        projection, back = rows["projection"][each], rows["back"][each]
        target, port = np.zeros(len(each), np.int64), np.zeros(len(each), np.int64)
        for q in np.unique(projection):
            s = self.plan.synapses[int(q)]
            forth = (projection == q) & (back == 0)
            target[forth], port[forth] = s.post.offset + s.target[synapse[forth]], self._port(s.port)
            way_back = (projection == q) & (back == 1)
            target[way_back], port[way_back] = s.pre.offset + s.source_of(synapse[way_back]), self._port("error")
        self.recorder.messages.extend(
            t=self._seconds(rows)[each], projection=projection, sender=rows["sender"][each], target=target,
            value=rows["value"][each], port=port, synapse=synapse,
        )  # fmt: skip

    def _port(self, name: str) -> int:
        if name not in self.ports:  # those of a saved network may be numbered otherwise
            self.ports.append(name)
        return self.ports.index(name)


def _groups(values: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(value, start, stop) for each stretch of equal values."""
    if len(values):
        start = np.concatenate(([0], np.flatnonzero(np.diff(values)) + 1, [len(values)]))
        yield from zip(values[start[:-1]].tolist(), start[:-1].tolist(), start[1:].tolist(), strict=True)
