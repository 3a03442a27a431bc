"""The arrays that a kernel works on, made from a plan; and what can be read from them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.engines import ahead, compiled_records, compiled_responders, kernel, lanes, loop, responders
from eventsnn.engines.bundles import Calls
from eventsnn.engines.handlers import prefix_of
from eventsnn.engines.rows import in_time, rows, zeros
from eventsnn.engines.snapshot import PENDING
from eventsnn.engines.sources import FEED, Sources
from eventsnn.epochs import EPOCH, EPOCHS
from eventsnn.errors import EngineError
from eventsnn.events import Instant, kind_of_port
from eventsnn.model import Model, Neuron
from eventsnn.plan import Cells, Plan, Synapses
from eventsnn.synapses import is_uniform

RING = 1024  # windows in buckets; those further ahead wait in a heap
ENTRIES = 1024  # room for at first
SPIKES = 1 << 16  # room for recorded spikes at first
LINE = 64  # bytes that a processor reads at once
ENTRY = np.dtype(  # a cache line each
    {
        "names": [
            "window", "offset", "kind", "sender", "synapse", "nth", "projection", "start", "stop", "value", "back",
            "stage",
        ],
        "formats": ["i8", "f8", "i1", "i4", "i8", "i8", "i4", "i4", "i4", "f8", "i1", "i2"],
        "offsets": [0, 8, 62, 48, 24, 32, 56, 40, 44, 16, 63, 60],
        "itemsize": LINE,
    }
)  # fmt: skip
RUN = np.dtype(
    [
        ("delay", "f8"), ("first", "i8"), ("start", "i8"), ("stop", "i8"), ("projection", "i8"), ("stage", "i8"),
        ("kind", "i8"),
    ],
    align=True,
)  # fmt: skip
NODE = np.dtype(
    [
        ("sent", "i8"), ("emitted", "i8"), ("fired_window", "i8"), ("fired_offset", "f8"),
        ("records", "i8"), ("run", "i8"), ("run_end", "i8"), ("relay", "i8"), ("relay_end", "i8"), ("alarm", "i8"),
    ],
    align=True,
)  # fmt: skip
SPIKE = np.dtype([("node", "i8"), ("window", "i8"), ("offset", "f8"), ("kind", "i8")], align=True)
HOT = np.dtype(  # a cache line each
    {
        "names": ["c0", "c1", "budget", "offset", "window", "safe", "level"],
        "formats": ["f8", "f8", "f8", "f8", "i8", "f8", "f8"],
        "itemsize": LINE,
    }
)
MIRROR = {"symmetric": loop.MIRRORS, "sign_symmetric": loop.SIGNS}  # how a way back follows the weights
OWN = [("window", "i8"), ("offset", "f8")]  # what the engine adds to a neuron's record, last


def record_type(names: Any, extra: list[tuple[str, str]]) -> np.dtype:
    """A record of float64 fields, and what the engine adds."""
    return np.dtype([*((name, "f8") for name in names), *extra], align=True)


class Arrays:
    """Everything a kernel needs: `net`, one record per population of neurons, one per projection onto neurons."""

    def __init__(self, plan: Plan, calls: Calls) -> None:
        self.plan, self.calls, self.module = plan, calls, calls.module
        refuse_what_no_entry_can_number(plan)
        self.stage_of = {c.index: k for k, c in enumerate(plan.stages)}
        self.population: dict[int, Any] = {c.index: self._population(c) for c in kernel.kernel_cells(plan)}
        self.projection = {s.index: self._projection(s) for s in kernel.kernel_synapses(plan)}
        self.loose = {s.index: s.weight.copy() for s in plan.synapses if s.index not in self.projection}
        self.net = self._net()
        self.sources = Sources(plan)

    @property
    def populations(self) -> list[Any]:
        """In the order in which the kernel takes them."""
        return list(self.population.values())

    @property
    def projections(self) -> list[Any]:
        """In the order in which the kernel takes them."""
        return list(self.projection.values())

    # -- building -------------------------------------------------------------------------------------------------

    def _population(self, c: Cells) -> Any:
        model = c.model
        if not isinstance(model, Neuron):
            return compiled_responders.record(self.module, self.plan, c, self.stage_of)
        cells = zeros(c.size, record_type(model.state, OWN))
        for name, values in c.state.items():
            cells[name] = values
        shared = (c.offset, self.stage_of[c.index], self._sends(c))
        constants = self._constants(model, None)
        if model.linear:
            return self.module.Linear(constants, cells, _on_cache_lines(c.size, HOT), np.zeros(loop.GRID), *shared)
        due = np.full(c.size, loop.NO_VISIT, np.int64), np.zeros(c.size)
        return self.module.General(constants, cells, *due, *shared)

    def _constants(self, model: Model, target: Neuron | None) -> Any:
        make = getattr(self.module, prefix_of(model, target))
        fields = kernel.model_fields(model)
        return make(*(self._constants(v, target) if isinstance(v, Model) else v for v in fields.values()))

    def _projection(self, s: Synapses) -> Any:
        if s.rule is None:
            return self.module.Static(s.target, np.ascontiguousarray(s.weight))
        keeps = s.rule.epoch_state
        # What parts declare comes first: where one record begins like another, Numba takes it for a subtype and warns.
        syn = zeros(len(s), record_type([*reversed(s.state), "w"], [("slot", "i8")] if keeps else []))
        syn["w"] = s.weight
        for name, values in s.state.items():
            syn[name] = values
        own_names = [*reversed(s.post_state)] or ["nothing"]
        own = zeros(s.post.size, record_type(own_names, [(n, "i8") for n in EPOCHS if keeps]))
        for name, values in s.post_state.items():
            own[name] = values
        epochs = zeros(int(s.first_epoch[-1]) if keeps else 0, record_type(keeps, [(n, "i8") for n in EPOCH]))
        if keeps:
            for name, column in s.epochs().items():
                epochs[name] = column
            for name, value in keeps.items():
                epochs[name] = value
            first = s.first_epoch[:-1]
            syn["slot"] = first[s.target]
            own["slot"], own["living"], own["vacant"] = first, -1, epochs["next"][first]
        start, order = s.column
        back_delay = back_weight = nothing = np.zeros(0)
        if s.back is not None:
            back_delay = np.ascontiguousarray(s.back.delay)
            back_weight = nothing if s.back.weight is None else np.ascontiguousarray(s.back.weight)
        assert isinstance(s.post.model, Neuron)
        marks = np.zeros((len(s) + 7) // 8 * 8 if s.marks else 0, np.int8)
        return self.module.Plastic(
            s.target, s.source, syn, own, self._constants(s.rule, s.post.model),
            start, np.append(order, np.zeros(loop.AHEAD, np.int64)), s.first, s.index, int(s.back is not None),
            0 if s.back is None else MIRROR.get(s.back.kind, loop.OWN), back_delay, back_weight,
            self.stage_of[s.pre.index], s.wait, epochs, np.zeros(s.post.size), np.zeros(s.post.size, np.int8),
            np.ones(s.post.size, np.int8), marks, marks.view(np.int64),
        )  # fmt: skip

    def _net(self) -> Any:
        plan, n = self.plan, self.plan.neurons
        runs, row = self._runs([s for s in plan.synapses if s.port == "spike"])
        carry = [s for s in plan.synapses if s.port == "error" and isinstance(s.pre.model, Neuron)]
        relays, relay_row = self._runs(carry)
        nodes = zeros(n, NODE)
        nodes["fired_window"] = -1
        nodes["run"], nodes["run_end"] = row[:-1], row[1:]
        nodes["relay"], nodes["relay_end"] = relay_row[:-1] + len(runs), relay_row[1:] + len(runs)
        for c in plan.cells:
            nodes["records"][c.offset : c.offset + c.size] = "spikes" in c.population.record
        columns = max((self._backs(c) for c in plan.cells), default=0)
        i = np.zeros(32, np.int64)
        i[loop.LOG_NEED] = compiled_records.need(plan)
        i[loop.NEED] = 8 + columns + int(np.diff(row).max(initial=0) + np.diff(relay_row).max(initial=0))
        for c in responders.of_plan(plan):
            i[loop.NEED] = max(i[loop.NEED], 8 + compiled_responders.need(plan, c))
        stages = len(plan.stages)
        buckets = np.full((RING, stages + 1), -1, np.int64)
        buckets[:, stages] = 0
        net = self.module.Net(
            width=plan.width, tick=plan.grid or 0.0, stages=stages, i=i, f=np.zeros(2), pool=zeros(0, ENTRY),
            lists=np.zeros((loop.VACANT + 1, 0), np.int64), buckets=buckets, bins=np.zeros(loop.BINS + 1, np.int64),
            nodes=nodes, touched=np.zeros(2 * n + 2, np.int64), is_touched=np.zeros(n, np.int8),
            visits=np.full(n, loop.NO_VISIT, np.int64), groups=np.full(n // loop.GROUP + 1, loop.NO_VISIT, np.int64),
            blocks=np.full(n // loop.BLOCK + 1, loop.NO_VISIT, np.int64), runs=np.concatenate((runs, relays)),
            spikes=zeros(SPIKES, SPIKE), feed=zeros(0, FEED), counts=np.zeros((2, len(plan.synapses)), np.int64),
            inbox=zeros(0, ENTRY), lacking=np.zeros(stages, np.int64), notes=compiled_responders.notes(plan),
            kept=lanes.rows(plan), **ahead.fields(), **compiled_records.buffers(plan),
        )  # fmt: skip
        return with_pool(net, int(max(ENTRIES, 2 * i[loop.NEED] + 2)))

    def _runs(self, synapses: list[Synapses]) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all members as runs of equal delay, and where each member's begin."""
        nodes, pieces = [], []
        for s in synapses:
            if not len(s):
                continue
            start = s.row[:-1][np.diff(s.row) > 0]
            if not is_uniform(s.delay):
                start = np.union1d(start, np.flatnonzero(np.diff(s.delay)) + 1)
            run = zeros(len(start), RUN)
            run["start"], run["stop"] = start, np.append(start[1:], len(s))
            run["delay"], run["first"], run["projection"] = s.delay[start], s.first, s.index
            run["stage"], run["kind"] = self.stage_of[s.post.index], kind_of_port(s.port)
            nodes.append(s.pre.offset + s.source_of(start))
            pieces.append(run)
        if not pieces:
            return zeros(0, RUN), np.zeros(self.plan.neurons + 1, np.int64)
        node = np.concatenate(nodes)
        order = np.argsort(node, kind="stable")
        row = np.zeros(self.plan.neurons + 1, np.int64)
        np.cumsum(np.bincount(node, minlength=self.plan.neurons), out=row[1:])
        return np.concatenate(pieces)[order], row

    def _backs(self, c: Cells) -> int:
        """How many errors a message to one neuron may send back."""
        backs = [s for s in self.plan.synapses if s.post is c and s.back is not None]
        return sum(int(np.diff(s.column[0]).max(initial=0)) for s in backs)

    def _sends(self, c: Cells) -> int:
        """How many entries an error or control message to one neuron may make, at least 1."""
        carry = [s for s in self.plan.synapses if s.pre is c and s.port == "error"]
        return max(1, self._backs(c) + sum(int(np.diff(s.row).max(initial=0)) for s in carry))

    # -- room -----------------------------------------------------------------------------------------------------

    def make_room(self) -> None:
        """Enlarge whatever is nearly full."""
        i = self.net.i
        if i[loop.FREE] <= 2 * i[loop.NEED]:
            self.grow_pool()
        if i[loop.SPIKES] + 2 >= len(self.net.spikes) // 2:
            self.grow_spikes(len(self.net.spikes))

    def grow_spikes(self, more: int) -> None:
        """Room for more recorded spikes."""
        self.net = with_spikes(self.net, more)

    def grow_pool(self) -> None:
        """Twice as many entries."""
        self.net = with_pool(self.net, 2 * len(self.net.pool))

    # -- sources --------------------------------------------------------------------------------------------------

    def feed_sources(self, end: Instant) -> None:
        """Hand the kernel every spike of the sources before an instant."""
        new = self.sources.until(end, self.net.nodes["emitted"], self.plan.width)
        if not len(new):
            return
        old = self.net.feed[int(self.net.i[loop.FEED]) :]
        self.net = self.net._replace(feed=np.concatenate((old, new)))
        self.net.i[loop.FEED] = 0

    # -- reading --------------------------------------------------------------------------------------------------

    def fetch_spikes(self, whole: bool) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Recorded spikes per population in the order of events; those of an unfinished window stay behind."""
        spikes = self.net.spikes[: int(self.net.i[loop.SPIKES])]
        done = np.ones(len(spikes), bool) if whole else spikes["window"] < self.net.i[loop.WINDOW]
        rest, spikes = spikes[~done], spikes[done]
        time = spikes["window"] * self.plan.width + spikes["offset"]
        order = in_time(time, spikes, ("window", "offset", "kind", "node"))
        time, member = time[order], spikes["node"][order]
        for c in self.plan.cells:
            own = (member >= c.offset) & (member < c.offset + c.size)
            if own.any():
                yield c.index, time[own], member[own] - c.offset
        self.net.spikes[: len(rest)] = rest
        self.net.i[loop.SPIKES] = len(rest)

    def weights(self, projection: int) -> np.ndarray:
        """The weights of a projection: a view, not a copy."""
        if projection in self.loose:
            return self.loose[projection]
        r = self.projection[projection]
        weights: np.ndarray = r.syn["w"] if hasattr(r, "syn") else r.weight
        return weights

    def synapse_arrays(self, projection: int) -> dict[str, Any]:
        """Weights, rule variables and counters of a projection."""
        messages, back = self.net.counts[:, projection]
        out: dict[str, Any] = {"messages": int(messages), "errors_back": int(back)}
        out["w"] = self.weights(projection).copy()
        s = self.plan.synapses[projection]
        if s.rule is not None:
            r = self.projection[projection]
            out.update({f"syn.{name}": r.syn[name].copy() for name in s.state})
            out.update({f"post.{name}": r.own[name].copy() for name in s.post_state})
            if s.marks:
                out["marks"] = r.marks[: len(s)].copy()
            if s.rule.epoch_state:
                out["syn.slot"] = r.syn["slot"].copy()
                out.update({f"post.{name}": r.own[name].copy() for name in EPOCHS})
                out.update({f"epoch.{name}": r.epochs[name].copy() for name in (*s.rule.epoch_state, *EPOCH)})
        return out

    def cell_arrays(self, population: int) -> dict[str, np.ndarray]:
        """State, window and offset of every neuron of a population."""
        model = self.plan.cells[population].model
        if not isinstance(model, Neuron):
            return {}
        p = self.population[population]
        out = {name: p.cells[name].copy() for name in (*model.state, "window", "offset")}
        if model.linear:
            out.update({name: p.hot[name].copy() for name in ("c0", "c1", "window", "offset")})
        return out

    def take(self) -> dict[str, Any]:
        """Everything that moves, beside time and guests."""
        net, plan = self.net, self.plan
        rank = np.array([c.rank for c in plan.stages], np.int64)
        used = np.zeros(len(net.pool), bool)
        for x in net.buckets[:, :-1].ravel():
            while x >= 0:
                used[x] = True
                x = net.lists[loop.NEXT, x]
        used[net.lists[loop.FARTHER, : int(net.i[loop.FAR])]] = True
        entries = net.pool[used]
        entries = entries[entries["projection"] >= 0]
        columns = {name: _wide(rank[entries["stage"]] if name == "rank" else entries[name]) for name in PENDING}
        order = np.lexsort([columns[name] for name in ("nth", "synapse", "sender", "kind", "rank", "offset", "window")])
        return {
            "nodes": {name: net.nodes[name].copy() for name in ("sent", "emitted", "fired_window", "fired_offset")},
            "cells": [self.cell_arrays(c.index) for c in plan.cells],
            "synapses": [self.synapse_arrays(s.index) for s in plan.synapses],
            "pending": {name: column[order] for name, column in columns.items()},
        }

    def put(self, state: dict[str, Any]) -> None:
        """Take over the state of another engine of the same plan."""
        net = self.net
        for name, values in state["nodes"].items():
            net.nodes[name] = values
        for c, columns in zip(self.plan.cells, state["cells"], strict=True):
            for name, values in columns.items():
                self.population[c.index].cells[name] = values
        for s, saved in zip(self.plan.synapses, state["synapses"], strict=True):
            net.counts[:, s.index] = saved["messages"], saved["errors_back"]
            if not np.array_equal(self.weights(s.index), saved["w"]):  # those of static synapses are the plan's own
                self.weights(s.index)[:] = saved["w"]
            for name, values in saved.items():
                if name.startswith("syn."):
                    self.projection[s.index].syn[name[4:]] = values
                elif name.startswith("post."):
                    self.projection[s.index].own[name[5:]] = values
                elif name == "marks":
                    self.projection[s.index].marks[: len(s)] = values
                    self.projection[s.index].aged[:] = 1  # some may be old
                elif name.startswith("epoch."):
                    self.projection[s.index].epochs[name[6:]] = values
        pending = state["pending"]
        n = len(pending["window"])
        while self.net.i[loop.FREE] <= n + self.net.i[loop.NEED]:
            self.grow_pool()
        ends = [
            self.plan.synapses[int(q)].pre.index if b else self.plan.synapses[int(q)].post.index
            for q, b in zip(pending["projection"], pending["back"], strict=True)
        ]
        stage = np.array([self.stage_of[k] for k in ends], np.int64)
        names = ("window", "kind", "sender", "synapse", "nth", "projection", "start", "stop", "back")
        whole = np.stack([*(np.asarray(pending[name], np.int64) for name in names), stage], axis=1)
        values = np.stack([pending["offset"], pending["value"]], axis=1).astype(np.float64)
        self.calls("push_many", self.net, whole.reshape(n, 10), values.reshape(n, 2))


def _wide(values: np.ndarray) -> np.ndarray:
    """A copy as files have it: numbers of eight bytes."""
    return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)


def refuse_what_no_entry_can_number(plan: Plan) -> None:
    """Raise EngineError if there is more of something than the numbers in an agenda entry reach."""
    numbers = [(s.name, len(s), "synapses", "start") for s in plan.synapses]
    numbers += [
        ("the network", plan.neurons, "neurons", "sender"),
        ("the network", len(plan.cells), "populations", "stage"),
    ]
    for name, number, what, field in numbers:
        most = int(np.iinfo(ENTRY[field]).max)
        if number > most:
            raise EngineError(
                f"{name} has {number:,} {what}, and engine='compiled' can number {most:,}; split it, or use "
                "engine='reference'"
            )


def _on_cache_lines(n: int, kind: np.dtype) -> np.ndarray:
    """n records of the length of a cache line, all zero, none of which lies across two."""
    raw = np.zeros((n + 1) * LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return rows(raw[start : start + n * LINE].view(kind))


def with_spikes(net: Any, more: int) -> Any:
    """The same agenda with room for more recorded spikes."""
    return net._replace(spikes=np.concatenate((net.spikes, zeros(more, SPIKE))))


def with_pool(net: Any, size: int) -> Any:
    """The same agenda with room for more entries."""
    old = len(net.pool)
    pool = _on_cache_lines(size, ENTRY)
    pool[:old] = net.pool
    lists = np.zeros((len(net.lists), size), np.int64)
    lists[:, :old] = net.lists
    vacant = int(net.i[loop.FREE])
    lists[loop.VACANT, vacant : vacant + size - old] = np.arange(size - 1, old - 1, -1)  # taken from the end
    net.i[loop.FREE] += size - old
    inbox = zeros(2 * size, ENTRY)
    inbox[: len(net.inbox)] = net.inbox
    return net._replace(pool=pool, lists=lists, inbox=inbox)
