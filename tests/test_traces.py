"""The trace of a synapse is what the engine did: its weight changes, to rounding, by the integral that it shows."""

import numpy as np
import pytest

import eventsnn as es

NEURON = {"tau_mem": 10e-3, "tau_syn": 5e-3}
RULES = [
    (es.SuperSpike(step=es.Sgd(lr=0.01)), es.LIF(**NEURON)),
    (es.SuperSpike(step=es.RMax(lr=0.02), when="apply", rate_cost=1.0), es.LIF(t_refractory=3e-3, **NEURON)),
    (es.SuperSpike(step=es.Sgd(lr=0.01)), es.LIF(tau_mem=10e-3, tau_syn=0.0)),
    (es.ErrorTriggered(step=es.Sgd(lr=0.01)), es.LIF(**NEURON)),
    (es.LocalError(step=es.Sgd(lr=0.01)), es.LIF(**NEURON)),
    (es.AdaptiveEProp(step=es.Sgd(lr=1e-4)), es.AdaptiveLIF(**NEURON)),
]


def clock(cell, period, port="apply"):
    """Says when to learn."""
    while True:
        yield cell.wait(period)
        cell.send(port)


def network(rule, neuron, resets=False):
    """12 inputs onto two neurons, with target trains."""
    rng = np.random.default_rng(3)
    net = es.Network(seed=1)
    x = net.add(es.SpikeTrain([np.sort(rng.uniform(0.0, 0.2, 6)) for _ in range(12)]), name="x")
    y = net.add(neuron, 2, name="y", record=["spikes", "state"])
    plastic = net.connect(x, y, rule, weight=es.normal(0.8, 0.2), delay=1e-3, record=["weights"])
    net.teach(y, es.TargetTrains([[0.05, 0.15]] * 2, period=0.2), delay=1e-3)
    net.connect(net.add(clock, name="apply", period=0.09), y, port="apply")
    if resets:
        net.connect(net.add(clock, name="reset", period=0.11, port="reset"), y, port="reset")
    net.record_messages()
    return net.run(0.2), plastic


@pytest.mark.parametrize(("rule", "neuron"), RULES, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("resets", [False, True])
def test_the_weight_of_a_trace_is_the_recorded_one(rule, neuron, resets):
    """Every change, though the trace integrates in other steps."""
    net, plastic = network(rule, neuron, resets)
    changes = net.weight_changes(plastic)
    for k in (0, 5, 20):
        trace = net.trace(plastic, k, samples=40)
        steps, recorded = trace.w[1:][np.diff(trace.w) != 0], changes.w[changes.k == k]
        moved = np.abs(np.diff([changes.initial[k], *recorded])).max()
        assert len(recorded) > 0
        np.testing.assert_allclose(steps, recorded, rtol=0, atol=1e-8 * moved)


def test_a_trace_shows_every_stage():
    """The psp in closed form, the voltage as it was, spikes and errors, and what was due at its visit."""
    net, plastic = network(*RULES[0])
    trace = net.trace(plastic, 4, samples=60)
    source, target = (ends[4] for ends in net.edges(plastic))
    arrivals = net.spikes(net.population("x")).spike_trains()[source] + 1e-3
    np.testing.assert_allclose(trace.spikes, arrivals[arrivals < 0.2], rtol=1e-15)
    after = np.append(trace.t[1:] != trace.t[:-1], True)
    psp = sum(np.array([plastic.post.model.psp(t - s) for t in trace.t]) for s in arrivals)
    np.testing.assert_allclose(trace.modes["psp"], psp, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(trace.v[after], net.state(plastic.post, int(target), trace.t[after])["v"])
    assert len(trace.fired) > 2
    np.testing.assert_allclose(trace.v[np.isin(trace.t, trace.fired) & ~after], 1.0, rtol=1e-9)
    own = net.spikes(plastic.post)
    assert np.array_equal(trace.fired, own.t[own.i == target])
    assert sorted(trace.errors[1])[:2] == [-1.0, -1.0]
    assert len(trace.errors[1]) == 2 + np.sum(trace.fired + 1e-3 < 0.2)
    product = trace.eligibility * trace.error
    quiet = trace.t <= arrivals[0] + 1e-3
    assert product[quiet].max() == 0.0
    assert trace.name == f"x {source} → y {target}"


def test_a_trace_is_refused_with_the_remedy():
    """Another rule, a synapse that is not there, nothing recorded, a time that has not come."""
    net, plastic = network(*RULES[0])
    for call, says in (
        (lambda: net.trace(plastic, 99), "no synapse 99"),
        (lambda: net.trace(plastic, 0, end=1.0), "has run until 0.2"),
        (lambda: net.trace(net.projection("apply->y"), 0), "made with path"),
    ):
        with pytest.raises(es.NetworkError, match=says):
            call()
    bare = es.Network()
    y = bare.add(es.LIF())
    plastic = bare.connect(bare.add(es.SpikeTrain([0.01])), y, es.SuperSpike(), delay=1e-3)
    with pytest.raises(es.NetworkError, match="record_messages"):
        bare.run(0.1).trace(plastic, 0)


def test_pictures_of_a_synapse_and_of_messages(tmp_path):
    """A row for every stage; a dot for every message that is on its way."""
    net, plastic = network(*RULES[0])
    figure = es.plot.anatomy(net.trace(plastic, 0, samples=50))
    names = [ax.get_ylabel().split("\n")[0] for ax in figure.axes[:7]]
    assert names == ["spikes", "psp", "voltage", "surrogate", "eligibility", "error", "weight"]
    film = es.plot.messages(net, 0.0, 0.2, frames=50)
    dots, log = film._func(25)[1], net.messages()
    now, gap = 25 * 0.2 / 49, 0.2 / 49
    assert len(dots.get_offsets()) == np.sum((log.t >= now) & (log.t - np.maximum(1e-3, 3 * gap) <= now))
    for call in (lambda: es.plot.anatomy(3), lambda: es.plot.messages(net, 1.0, 0.5), lambda: _many()):
        with pytest.raises(es.NetworkError, match="plot"):
            call()
    film.save(tmp_path / "film.gif", writer="pillow", dpi=30)
    assert (tmp_path / "film.gif").read_bytes().startswith(b"GIF89a")


def _many():
    net = es.Network()
    net.add(es.Poisson(), 500)
    net.record_messages()
    return es.plot.messages(net.run(0.1), 0.0, 0.1)
