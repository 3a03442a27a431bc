"""ETLP and the delta rule at label events, against sums over spikes."""

import math

import networks
import numba
import numpy as np
import pytest

import eventsnn as es
from eventsnn.engines import cache
from eventsnn.surrogates import FastSigmoid, Triangular

ENGINES = ("reference", "compiled")
TIMES = [0.051, 0.1003, 0.1004, 0.31, 0.45]


@pytest.fixture(autouse=True)
def plain_python(monkeypatch):
    """Run the text of kernels without compiling it."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    cache.load.cache_clear()
    yield
    cache.load.cache_clear()


def tell(cell, values):
    """Sends label k's row of values at the k-th time."""
    while (k := cell.state.get("k", 0)) < len(TIMES):
        yield cell.until(TIMES[k])
        cell.send("label", np.asarray(values[k]))
        cell.state["k"] = k + 1


def taught(engine, model, rule, values, size=3):
    """Inputs onto some neurons, and a process that tells them labels."""
    net = es.Network(2, engine)
    x = net.add(es.Poisson(rate=50.0), 5, name="x")
    y = net.add(model, size, name="y", record=["spikes", "state"], i_bias=0.6)
    net.connect(x, y, rule, weight=es.uniform(-1.0, 3.0), delay=es.uniform(0.0, 0.01), name="xy", record=["weights"])
    net.connect(net.add(tell, values=values, name="teacher"), y, port="label")
    return net.run(0.5)


def traces(net, rule, t):
    """The trace of every synapse at a time, from all spikes that have arrived."""
    xy = net.projection("xy")
    source, _ = net.edges(xy)
    trains, delay = net.spikes(net.population("x")).spike_trains(), net._synapses(xy).delay
    return np.array(
        [
            sum(math.exp(-(t - s - d) / rule.tau) for s in trains[i] if s + d < t)
            for i, d in zip(source, delay, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        (es.LIF(), es.ETLP(lr=0.05)),
        (es.LIF(tau_syn=0.0), es.ETLP(lr=0.05, tau=10e-3, surrogate=FastSigmoid(beta=3.0))),
        (es.AdaptiveLIF(), es.AdaptiveETLP(lr=0.05)),
    ],
)
def test_a_label_changes_weights_by_trace_surrogate_and_projection(model, rule):
    values = np.random.default_rng(4).normal(size=(len(TIMES), 3))
    nets = [taught(engine, model, rule, values) for engine in ENGINES]
    assert networks.differences(*(networks.outcome(net) for net in nets)) == []
    net, xy = nets[0], nets[0].projection("xy")
    _, target = net.edges(xy)
    y, w = net.population("y"), net._synapses(xy).weight.copy()
    assert len(net.spikes(y)) > 10
    changed = 0
    for t, row in zip(TIMES, values, strict=True):
        states = [net.state(y, j, [t]) for j in range(3)]
        adaptive = isinstance(model, es.AdaptiveLIF)
        v = np.array([s["v"][0] - (s["threshold"][0] if adaptive else 1.0) for s in states])
        if isinstance(rule.surrogate, Triangular):
            psi = np.maximum(0.0, 1.0 - np.abs(v))
        else:
            psi = 1.0 / (1.0 + 3.0 * np.abs(v)) ** 2
        w += rule.lr * (row * psi)[target] * traces(net, rule, t)
        at = net.weight_changes(xy)
        for j in range(len(w)):
            mine = (at.k == j) & (at.t <= t)
            if mine.any():
                changed += 1
                assert abs(at.w[mine][-1] - w[j]) < 1e-13
    assert changed > 50
    assert set(net.weight_changes(xy).t) <= set(TIMES)  # nothing else changes a weight


def test_a_readout_learns_the_wanted_value_by_the_delta_rule():
    rule = es.LabelDelta(lr=0.1, tau=30e-3)
    values = np.random.default_rng(5).integers(0, 2, (len(TIMES), 3)).astype(float)
    nets = [taught(engine, es.Readout(tau_mem=30e-3), rule, values) for engine in ENGINES]
    assert networks.differences(*(networks.outcome(net) for net in nets)) == []
    net, xy = nets[0], nets[0].projection("xy")
    _, target = net.edges(xy)
    y, w = net.population("y"), net._synapses(xy).weight.copy()
    for t, row in zip(TIMES, values, strict=True):
        v = np.array([net.state(y, j, [t])["v"][0] for j in range(3)])
        w += rule.lr * (row - v)[target] * traces(net, rule, t)
    assert np.abs(net.weights(xy) - w).max() < 1e-13
