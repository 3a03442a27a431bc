"""Puts the locality report together: from the description, from what an engine holds, and from what was counted."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from eventsnn.graph import Description, Projection
from eventsnn.model import Model, Neuron, Rule
from eventsnn.plan import Plan, Synapses
from eventsnn.report import formats, transport
from eventsnn.report.instrument import stretches_of, without_counters
from eventsnn.report.measurement import Measurement
from eventsnn.report.operations import ACCESSES, OPERATIONS, bounds, entries
from eventsnn.report.streams import Streams, ports_of

WORD = 8  # bytes of a float64, and of a place in a table
HOMES = {"syn": "synapse", "post": "neuron", "epoch": "epoch"}
Row = dict[str, Any]


@dataclass(frozen=True)
class LocalityReport:
    """What the learning rules of a network needed, as a table (`print(report)`), Markdown, HTML and plain values.

    Attributes:
        data: everything, as dictionaries, lists, strings and numbers; None stands for what was not measured.
    """

    data: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return dict(json.loads(self.json()))

    def json(self, indent: int | None = None) -> str:
        """Everything as JSON."""
        return json.dumps(self.data, indent=indent, allow_nan=False)

    def markdown(self) -> str:
        """Tables for a Markdown page."""
        return formats.markdown(self.data)

    def html(self) -> str:
        """One HTML page that needs nothing else."""
        return formats.html(self.data)

    def __str__(self) -> str:
        return formats.text(self.data)

    def _repr_html_(self) -> str:
        return formats.html_body(self.data)


def describe(
    description: Description,
    plan: Plan,
    engine: Any,
    measurement: Measurement | None,
    relaxations: Iterable[Any] = (),
) -> LocalityReport:
    """The report of a network as it stands.

    Args:
        relaxations: what the network asks for beyond locality, each with `relaxation`, `owner` and `because`.
    """
    streams = None if measurement is None else measurement.streams
    projections = [
        _projection(p, s, engine, streams) for p, s in zip(description.projections, plan.synapses, strict=True)
    ]
    ports: Counter[str] = Counter()
    for row in projections:
        ports.update(row["messages"])
    factors = _third_factors(plan, streams)
    for row, s in zip(projections, plan.synapses, strict=True):
        row["third_factor"] = factors.get(s.post.index) if row["rule"] is not None else None
    data = {
        "measured": streams is not None,
        "time": engine.now,
        "messages": dict(sorted(ports.items())),
        "payload_bytes": {port: _payload(port, n) for port, n in sorted(ports.items())},
        "populations": [_population(c, streams) for c in plan.cells],
        "projections": projections,
        "weight_transport": [found.to_dict() for found in transport.find(plan, engine)],
        "relaxations": [_request(one, projections) for one in relaxations],
    }
    return LocalityReport(data)


def _request(one: Any, projections: list[Row]) -> Row:
    """A relaxation that was asked for; of a history, how deep it was read."""
    histories = {f"{row['name']}: {h['owner']}": h["used"] for row in projections for h in row.get("history", ())}
    return {
        "relaxation": str(one.relaxation),
        "owner": one.owner,
        "because": one.because,
        "used": histories.get(one.owner) if one.relaxation.name == "history" else None,
    }


def _payload(port: str, messages: int) -> int:
    """Bytes of payload: a spike carries none, every other message one number."""
    return 0 if port == "spike" else WORD * messages


def _population(c: Any, streams: Streams | None) -> Row:
    """One population: its size, what a neuron remembers, and how many messages it received."""
    received = None if streams is None else int(streams.received[c.offset : c.offset + c.size].sum())
    words = len(c.model.state) if isinstance(c.model, Neuron) else None
    return {
        "name": c.name, "size": c.size, "model": _name(c.model), "words_per_neuron": words, "received": received,
    }  # fmt: skip


def _name(model: Any) -> str:
    return type(model).__name__ if isinstance(model, Model) else repr(model).split("(")[0]


def _projection(p: Projection, s: Synapses, engine: Any, streams: Streams | None) -> Row:
    """One projection: traffic, and what its rule keeps and does."""
    arrays = engine.synapse_arrays(s.index)
    messages = {p.port: int(arrays["messages"])}
    if s.back is not None:
        messages["error (back)"] = int(arrays["errors_back"])
    row: Row = {
        "name": p.name,
        "pre": p.pre.name,
        "post": p.post.name,
        "port": p.port,
        "synapses": len(s),
        "rule": None if p.rule is None else _name(p.rule),
        "messages": messages,
        "payload_bytes": {port: _payload(port, n) for port, n in messages.items()},
        "row_visits": messages[p.port] if p.port == "spike" else None,
    }
    if p.rule is None:
        return row
    row |= _memory(p.rule, s, without_counters(arrays))
    row["operations"] = {name: _bounds(p.rule, name) for name in entries(p.rule)}
    unmeasured = ("column_visits", "sweeps", "accesses", "per_event", "variables", "lock")
    return row | dict.fromkeys(unmeasured) if streams is None else row | _measured(p, s, arrays, streams, row, engine)


# -- memory -----------------------------------------------------------------------------------------------------------


def _memory(rule: Rule, s: Synapses, arrays: dict[str, Any]) -> Row:
    """Words and bytes beside the weight, as the engine holds them, and where each could be kept."""
    variables = []
    for name, values in arrays.items():
        place, _, variable = name.partition(".")
        if variable:
            start = {"syn": s.state, "post": s.post_state}.get(place, {}).get(variable)
            found = HOMES[place] if start is None else _could_be(s, place, values, start)  # epochs stay where they are
            variables.append({"name": name, "could_be": found})
    synapse = [arrays[v["name"]] for v in variables if v["name"].startswith("syn.")]
    neuron = [arrays[v["name"]] for v in variables if v["name"].startswith("post.")]
    epoch = [arrays[v["name"]] for v in variables if v["name"].startswith("epoch.")]
    own_way_back = int(s.back is not None and s.back.weight is not None)
    words = {"synapse": len(synapse), "neuron": len(neuron), "epoch": len(epoch), "source": 0, "way_back": own_way_back}
    return {
        "words": words,
        "bytes": {
            "weights": int(arrays["w"].nbytes),
            "synapse": sum(int(a.nbytes) for a in synapse),
            "neuron": sum(int(a.nbytes) for a in neuron),
            "epoch": sum(int(a.nbytes) for a in epoch),
            "source": 0,
            "way_back": own_way_back * WORD * len(s),
        },
        "state": variables,
        "history": _histories(rule),
    }


def _could_be(s: Synapses, place: str, values: np.ndarray, start: np.ndarray) -> str:
    """Where the values of a variable, as they are now, could be kept without losing any of them."""
    if np.array_equal(values, start):
        return "nowhere: it never changed"
    if len(values) > 1 and np.all(values == values[0]):
        return "one number for all"
    if place == "post":
        return "neuron"
    for ends, where in ((s.source, "source"), (s.target, "neuron")):
        first = np.full(int(ends.max()) + 1, -1, np.int64)
        first[ends[::-1]] = np.arange(len(ends))[::-1]
        if np.bincount(ends).max() > 1 and np.array_equal(values, values[first[ends]]):
            return where
    return "synapse"


def _histories(rule: Rule) -> list[Row]:
    """Declared histories: how deep they are."""
    found = []
    for model in (rule, *rule.parts.values()):
        for name, value in model.histories.items():
            depth = int(value.argument)  # type: ignore[arg-type]
            found.append({"owner": f"{_name(model)}.{name}", "name": name, "depth": depth, "used": None})
    return found


# -- work -------------------------------------------------------------------------------------------------------------


def _bounds(rule: Rule, name: str) -> Row:
    """What one run of a handler can do, by its text."""
    fewest, most = bounds(rule, name)
    kinds = (*OPERATIONS, *ACCESSES)
    return {
        "runs": None,
        "fewest": {kind: _whole(fewest.get(kind, 0)) for kind in kinds},
        "most": {kind: _whole(most.get(kind, 0)) for kind in kinds},
        "done": None,
    }


def _whole(n: float) -> int | None:
    """A number of operations; None where there is no bound."""
    return None if n == math.inf else int(n)


def _measured(p: Projection, s: Synapses, arrays: dict[str, Any], streams: Streams, row: Row, engine: Any) -> Row:
    """What the counters of a rule say."""
    assert s.rule is not None
    assert p.rule is not None
    done: dict[str, Counter[str]] = {name: Counter() for name in (*entries(p.rule), "begin")}
    runs: dict[str, np.ndarray] = {}
    functions: Counter[str] = Counter()
    for stretch in stretches_of(s.rule).stretches:
        times = arrays[f"{stretch.holder}.{stretch.counter}"]
        total = int(times.sum())
        done[stretch.root].update({kind: n * total for kind, n in stretch.cost.items()})
        if stretch.first:
            runs[stretch.root] = times
    del done["begin"]  # before anything happens
    operations = {}
    for name, counted in done.items():
        operations[name] = {
            **row["operations"][name],
            "runs": int(runs[name].sum()),
            "done": {kind: counted[kind] for kind in (*OPERATIONS, *ACCESSES)},
        }
        functions.update({kind: n for kind, n in counted.items() if kind.startswith("function ")})
    whole = sum(done.values(), Counter())
    visits = int(arrays["messages"])
    shared = s.back is not None and s.back.kind in ("symmetric", "sign_symmetric")
    elsewhere = {"weight reads": visits + (int(arrays["errors_back"]) if shared else 0)}  # to transmit, and to mirror
    accesses = {kind: whole[kind] + elsewhere.get(kind, 0) for kind in ACCESSES}
    variables = {
        v["name"]: {"reads": whole[f"reads {v['name']}"], "writes": whole[f"writes {v['name']}"]} for v in row["state"]
    }
    lock = streams.locks[s.index]
    return {
        "operations": operations,
        "functions": {kind.split()[1]: n for kind, n in sorted(functions.items()) if n},
        "column_visits": {name[3:]: int(runs[name].sum()) for name in runs if name[:3] == "on_" and name != "on_pre"},
        "sweeps": _sweeps(s, streams, runs, engine),
        "accesses": accesses,
        "per_event": {kind: whole[kind] / visits for kind in (*OPERATIONS, *ACCESSES)} if visits else None,
        "variables": variables,
        "history": [{**h, "used": _used(h, variables)} for h in row["history"]],
        "lock": {
            "changes": lock.changes,
            "without_spike": lock.without_spike,
            "seconds": lock.time.to_dict(),
            "messages": lock.events.to_dict(),
        },
    }


def _used(history: Row, variables: dict[str, Row]) -> int:
    """The deepest value of a history that was read."""
    read = {variable for variable, counted in variables.items() if counted["reads"]}
    name = history["name"]
    return max((k for k in range(1, history["depth"] + 1) if {f"syn.{name}_{k}", f"post.{name}_{k}"} & read), default=0)


def _sweeps(s: Synapses, streams: Streams, runs: dict[str, np.ndarray], engine: Any) -> int | None:
    """Runs of handlers that no message and no spike accounts for; None if the neurons' spikes are not recorded."""
    size, found = s.post.size, 0.0
    column = np.diff(s.column[0])
    for port in ports_of(s):
        if port == "pre":
            events = streams.arrived[s.index]
        elif port == "post":
            if "spikes" not in s.post.population.record:
                return None
            fired = engine.recorder.spike_columns(s.post.index).arrays()["i"]
            events = np.bincount(fired, minlength=size)
        else:
            events = sum(
                (streams.arrived[o.index] for o in streams.plan.synapses if o.post is s.post and o.port == port),
                np.zeros(size, np.int64),
            )
            if port == "error":
                events = events + streams.returned[s.post.offset : s.post.offset + size]
        for name, most in ((f"at_{port}", events), (f"on_{port}", events * (1 if port == "pre" else column))):
            if name in runs:
                found += float(np.maximum(runs[name] - most, 0).sum())
    return int(found)


def _third_factors(plan: Plan, streams: Streams | None) -> dict[int, Row]:
    """How fine the messages are that reach the synapses of each population, by port."""
    found: dict[int, Row] = {}
    if streams is None:
        return found
    for (population, port), factor in streams.factors.items():
        alike = [f for (_, other), f in streams.factors.items() if other == port and f.messages]
        granularity = factor.granularity
        if granularity == "population" and all(f.granularity == "population" and f.sums == factor.sums for f in alike):
            granularity = "network"
        values = len(factor.values)
        found.setdefault(population, {})[port] = {
            "granularity": granularity,
            "messages": factor.messages,
            "distinct_values": values if values <= 64 else None,
        }
    return found
