"""The package's neuron for an oracle's `Cell`, and its spike times to full precision."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

import eventsnn as es
from eventsnn.graph import Population
from oracles.exact import Cell


def model(cell: Cell) -> es.LIF | es.IF:
    """The neuron model with a cell's parameters."""
    parameters: dict[str, Any] = {
        "tau_syn": cell.tau_syn,
        "v_threshold": cell.v_threshold,
        "v_reset": cell.v_reset,
        "t_refractory": cell.t_refractory,
        "reset": "subtract" if cell.subtract else "to_value",
    }
    return es.LIF(tau_mem=cell.tau_mem, v_leak=cell.v_leak, **parameters) if cell.leaky else es.IF(**parameters)


def network(cell: Cell, inputs: Sequence[tuple[float, float]]) -> tuple[es.Network, Population]:
    """One neuron and one source for each of its inputs (time, weight)."""
    net = es.Network()
    initial = {"i_bias": cell.i_bias} if cell.leaky else {}
    y = net.add(model(cell), name="y", record=("spikes", "state"), **initial)
    if inputs:
        x = net.add(es.SpikeTrain([[t] for t, _ in inputs]), name="x")
        net.connect(x, y, weight=[w for _, w in inputs])
    return net, y


def spike_times(cell: Cell, inputs: Sequence[tuple[float, float]], until: float) -> np.ndarray:
    """Spikes of one neuron in [0, until)."""
    net, y = network(cell, inputs)
    return net.run(until=until).spikes(y).t


def instants(net: es.Network, population: Population, index: int = 0) -> list[Fraction]:
    """Spike times of a neuron that records its state, without the rounding of a float64 in seconds."""
    log = net.recorder.states[net.plan.of(population).index, index]
    rows = log.rows.arrays()
    mine = net.spikes(population)
    exact = {}
    for t, window, offset in zip(rows["time"], rows["window"], rows["offset"], strict=True):
        exact[t] = Fraction(int(window)) * Fraction(net.plan.width) + Fraction(float(offset))
    return [exact[t] for t in mine.t[mine.i == index]]
