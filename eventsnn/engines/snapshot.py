"""Everything that moves in a reference engine, as arrays and plain values, and back again."""

from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from simpy.events import Initialize

from eventsnn.engines.guests import refuse_unsavable
from eventsnn.engines.nodes import Delivery, Node
from eventsnn.epochs import EPOCH, EPOCHS
from eventsnn.errors import EngineError
from eventsnn.events import Key
from eventsnn.processes import Received

if TYPE_CHECKING:
    from eventsnn.engines.guests import Guest
    from eventsnn.engines.reference import ReferenceEngine

PENDING = (
    "window",
    "offset",
    "rank",
    "kind",
    "sender",
    "synapse",
    "nth",
    "projection",
    "start",
    "stop",
    "value",
    "back",
)


def refuse_failed(engine: Any) -> None:
    """Raises EngineError if an event of an engine broke off, so that it cannot run on."""
    if engine.failed:
        raise EngineError(
            f"the network cannot run on: an event broke off at {engine.now} s ({engine.failed}). It can still be "
            "looked at and saved; mend the cause and start again, or load an earlier file"
        )


def take(engine: "ReferenceEngine") -> dict[str, Any]:
    """The complete dynamic state of an engine.

    Raises:
        EngineError: a user process, or an event of SimPy's own, that no file can keep.
    """
    if not engine.failed:  # what broke off cannot be run on, only looked at
        _refuse_unsavable(engine)
    guests = [take_guest(node.guest) for node in engine.nodes if node.guest is not None]
    pending = [(key, e) for key, e in engine.env.agenda.items() if isinstance(e, Delivery)]
    return {
        "instant": list(engine.env.instant),
        "events": engine.events,
        "ports": engine.ports,
        "failed": engine.failed,
        "nodes": {
            "sent": np.array([n.sent for n in engine.nodes], np.int64),
            "emitted": np.array([n.emitted for n in engine.nodes], np.int64),
            "fired_window": np.array([n.fired[0] if n.fired else -1 for n in engine.nodes], np.int64),
            "fired_offset": np.array([n.fired[1] if n.fired else 0.0 for n in engine.nodes]),
        },
        "cells": [cell_arrays(engine, c.index) for c in engine.plan.cells],
        "synapses": [synapse_arrays(engine, s.index) for s in engine.plan.synapses],
        "pending": {
            name: np.array(
                [_pending(key, e)[k] for key, e in pending], np.float64 if name in ("offset", "value") else np.int64
            )
            for k, name in enumerate(PENDING)
        },
        "guests": guests,
    }


def put(engine: "ReferenceEngine", state: dict[str, Any]) -> None:
    """Give a fresh engine the state that was taken from another."""
    window, offset = state["instant"]
    engine.env.instant = (int(window), float(offset))
    engine.events = int(state["events"])
    engine.ports, engine.failed = list(state["ports"]), state["failed"] or None
    for node, sent, emitted, w, o in zip(engine.nodes, *state["nodes"].values(), strict=True):
        node.sent, node.emitted = int(sent), int(emitted)
        node.fired = (int(w), float(o)) if w >= 0 else None
    for c in engine.plan.cells:
        for name, column in state["cells"][c.index].items():
            whole = name == "window"
            for node, value in zip(_members(engine, c.index), column, strict=True):
                setattr(node.cell, name, int(value) if whole else float(value))
    for synapses, arrays in zip(engine.synapses, state["synapses"], strict=True):
        _put_synapses(engine, synapses.plan.index, arrays)
    for row in zip(*state["pending"].values(), strict=True):
        window, offset, rank, kind, sender, synapse, nth, projection, start, stop, value, back = row
        key = Key(int(window), float(offset), int(rank), int(kind), int(sender), int(synapse), int(nth))
        synapses = engine.synapses[int(projection)]
        what = Delivery(engine, synapses, int(start), int(stop), float(value), bool(back), int(sender), int(nth))
        engine.env.at(key, what)
    for guest, saved in zip((n.guest for n in engine.nodes if n.guest is not None), state["guests"], strict=True):
        put_guest(guest, saved)


def cell_arrays(engine: "ReferenceEngine", population: int) -> dict[str, np.ndarray]:
    """State, window and offset of every neuron of a population."""
    nodes = [n for n in _members(engine, population) if n.cell is not None]
    names = [*nodes[0].model.state, "window", "offset"] if nodes else []
    return {
        name: np.array([getattr(n.cell, name) for n in nodes], np.int64 if name == "window" else np.float64)
        for name in names
    }


def synapse_arrays(engine: "ReferenceEngine", projection: int) -> dict[str, Any]:
    """Weights, rule variables and counters of a projection."""
    synapses = engine.synapses[projection]
    rule = synapses.plan.rule
    arrays: dict[str, Any] = {"messages": synapses.messages, "errors_back": synapses.errors_back}
    arrays["w"] = np.array([synapses.weight(j) for j in range(len(synapses.target))])
    if rule is not None:
        for name in rule.synapse_state:
            arrays[f"syn.{name}"] = np.array([getattr(r, name) for r in synapses.records])
        for name in rule.neuron_state:
            arrays[f"post.{name}"] = np.array([getattr(p, name) for p in _posts(engine, projection)])
        if synapses.marks:
            arrays["marks"] = np.array(synapses.marks, np.int8)
        if synapses.epochs:
            arrays["syn.slot"] = np.array([r.slot for r in synapses.records], np.int64)
            for name in EPOCHS:
                arrays[f"post.{name}"] = np.array([getattr(p, name) for p in _posts(engine, projection)], np.int64)
            for name in rule.epoch_state:
                arrays[f"epoch.{name}"] = np.array([getattr(e, name) for e in synapses.epochs])
            for name in EPOCH:
                arrays[f"epoch.{name}"] = np.array([getattr(e, name) for e in synapses.epochs], np.int64)
    return arrays


def _put_synapses(engine: "ReferenceEngine", projection: int, arrays: dict[str, Any]) -> None:
    synapses = engine.synapses[projection]
    synapses.messages, synapses.errors_back = int(arrays["messages"]), int(arrays["errors_back"])
    if synapses.plan.rule is None:
        synapses.w = np.asarray(arrays["w"]).tolist()
        return
    if synapses.marks:
        synapses.marks[:] = np.asarray(arrays["marks"], np.int8).tobytes()
    owners = {"syn": synapses.records, "post": _posts(engine, projection), "epoch": synapses.epochs}
    for name, column in arrays.items():
        owner, _, field = name.rpartition(".")
        if name == "w" or owner:
            for record, value in zip(owners[owner or "syn"], np.asarray(column).tolist(), strict=True):
                setattr(record, field, value)


def _members(engine: "ReferenceEngine", population: int) -> list[Node]:
    c = engine.plan.cells[population]
    return engine.nodes[c.offset : c.offset + c.size]


def _posts(engine: "ReferenceEngine", projection: int) -> list[Any]:
    synapses = engine.synapses[projection]
    members = _members(engine, synapses.plan.post.index)
    return [one.post for node in members for one in node.learning if one.synapses is synapses]


def _pending(key: Key, e: Delivery) -> tuple[Any, ...]:
    return (*key, e.synapses.plan.index, e.start, e.stop, e.value, e.back)


def _refuse_unsavable(engine: "ReferenceEngine") -> None:
    for node in engine.nodes:
        if node.guest is not None:
            refuse_unsavable(node.guest)
    for event in engine.env.agenda.values():
        if isinstance(event, simpy.Event) and not isinstance(event, Initialize) and event.callbacks:
            raise EngineError(f"{event!r} is still to come, and an event of SimPy's own cannot be saved; run past it")


def take_guest(guest: "Guest") -> dict[str, Any]:
    due = guest.due[:2] if guest.due else guest.resume_at
    return {
        "state": guest.handle.state,
        "inbox": [list(m) for m in guest.inbox],
        "due": list(due) if due else None,
        "begun": guest.begun,
        "since": guest.since,
        "ended": guest.ended,
    }


def put_guest(guest: "Guest", saved: dict[str, Any]) -> None:
    guest.handle.state = saved["state"]
    guest.inbox = [Received(*m) for m in saved["inbox"]]
    guest.begun, guest.since, guest.ended = saved["begun"], saved["since"], saved["ended"]
    if saved["due"] is not None:
        guest.resume_at = (int(saved["due"][0]), float(saved["due"][1]))
