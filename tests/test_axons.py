"""Axonal delays: their gradients are the sums over the synapses behind, both engines agree to the last bit."""

import math

import numpy as np
import pytest
from networks import differences, outcome
from plain import IntegrateFire, Leaky, random_plain
from test_gradients import NO_CLIP, TARGET, by_edge, half_squares, label_zero, model_of, steepness, worst

import eventsnn as es

SHORTEST = 0.01
BACK = {"feedback": "random", "feedback_weight": 1.0, "feedback_delay": 0.002}


def with_axons(plain):
    """The same network in messages: behind every neuron that has targets an axon whose delay learns."""
    net = es.Network()
    axons, projections = [], []
    layer = net.add(es.SpikeTrain([[t] if np.isfinite(t) else [] for t in plain.start]), name="layer0")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.0), mode="accumulate", clip=NO_CLIP)
    slow = es.AxonalDelay(delays=es.LearnedDelays(shortest=SHORTEST, longest=5.0), mode="accumulate")
    for k, (w, d) in enumerate(zip(plain.weights, plain.delays, strict=True)):
        axon = net.add(es.Axon(), len(w), name=f"axon{k}")
        way_back = BACK if k > 0 else {}  # a source receives nothing
        axons.append(net.connect(layer, axon, slow, delay=d[:, 0], pattern=es.one_to_one(), **way_back))
        layer = net.add(model_of(plain), w.shape[1], name=f"layer{k + 1}")
        projections.append(net.connect(axon, layer, rule, weight=w, feedback="symmetric", feedback_delay=0.003))
    teacher = net.teach(layer, es.TargetTimes([[TARGET] * layer.size]), delay=0.002)
    net.connect(net.add(label_zero), teacher, port="label")
    return net.run(200.0), axons, projections


@pytest.mark.parametrize("model", [IntegrateFire(1.0), Leaky(1.0, 0.5), Leaky(1.0, 1.0)])
def test_gradients_equal_complex_steps(model):
    leaky = isinstance(model, Leaky)
    checked, deep = 0, 0
    for seed in range(20 if leaky else 60):
        plain = random_plain(seed, model=model, strength=7.0 if leaky else 2.2, most=3 if leaky else 4)
        plain.delays = [np.repeat(d[:, :1] + SHORTEST, d.shape[1], axis=1) for d in plain.delays]
        if not np.isfinite(plain.outputs().real).any() or steepness(plain) < 0.02:
            continue
        net, axons, projections = with_axons(plain)
        true = plain.derivatives(half_squares)
        by_neuron = [g.sum(axis=1) for g in true["delays"]]
        assert worst([net.synapse_state(p)["syn.delay_gradient"] for p in axons], by_neuron) < 1e-9
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], true["weights"]) < 1e-9
        checked += 1
        deep += len(plain.weights) > 1
    assert checked > (7 if leaky else 25)
    assert deep > 3


def trials(cell, every=2.0):
    """A reset and a label every few seconds, and apply before it."""
    while True:
        k = cell.state.setdefault("k", 0)
        yield cell.until(every * k)
        cell.send("apply")
        cell.send("reset")
        cell.send("label", float(k % 2))
        cell.state["k"] = k + 1


def two_layers(engine, stop=30.0, mode="immediate", **delays):
    """Inputs and hidden neurons with axons, two spikes of an input within a delay now and then."""
    net = es.Network(seed=4, engine=engine)
    x = net.add(es.Poisson(rate=1.5), 4, name="x")
    h, y = net.add(es.IF(), 5, name="h"), net.add(es.IF(), 2, name="y")
    far = net.add(es.Axon(), 4, name="far"), net.add(es.Axon(), 5, name="near")
    slow = es.AxonalDelay(
        delays=es.LearnedDelays(shortest=SHORTEST, **({"lr": 0.02} | delays)), mode=mode, schedule=es.Falling(half=20.0)
    )
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.02))
    start, pairs = es.uniform(SHORTEST, 0.5), es.one_to_one()
    net.connect(x, far[0], slow, delay=start, pattern=pairs, name="x axons")
    net.connect(far[0], h, rule, weight=es.uniform(0.2, 1.0), feedback="symmetric", name="xh")
    net.connect(h, far[1], slow, delay=start, pattern=pairs, name="h axons", **BACK)
    net.connect(far[1], y, rule, weight=es.uniform(0.2, 1.0), feedback="symmetric", name="hy")
    teacher = net.teach(y, es.TargetTimes([[0.8, 1.5], [1.5, 0.8]]))
    clock = net.add(trials, name="clock")
    for post in (*far, h, y):
        for port in ("apply", "reset"):
            net.connect(clock, post, port=port, name=f"{port} {post.name}")
    net.connect(clock, teacher, port="label")
    return net.run(stop)


@pytest.mark.parametrize("mode", ["immediate", "accumulate"])
def test_both_engines_give_the_same_bits(mode, plain_python):
    nets = [two_layers(engine, mode=mode) for engine in ("reference", "compiled")]
    before = two_layers("reference", 0.0, mode)
    for name in ("x axons", "h axons"):
        moved = nets[0].synapse_state(nets[0].projection(name))["syn.delay"]
        assert np.abs(moved - before.synapse_state(before.projection(name))["syn.delay"]).min() > 0.004
        assert nets[0].weights(nets[0].projection(name)).tolist() == [1.0] * len(moved)
    assert differences(*(outcome(net) for net in nets)) == []


def test_a_saved_run_goes_on_with_the_same_bits(tmp_path):
    whole = two_layers("reference", 20.0)
    two_layers("reference", 11.3).save(tmp_path / "net")
    again = es.Network.load(tmp_path / "net").run(until=20.0)
    assert differences(outcome(whole), outcome(again)) == []


def test_delays_stay_within_their_bounds():
    net = two_layers("reference", lr=0.3, longest=0.6)
    delays = np.concatenate([net.synapse_state(net.projection(n))["syn.delay"] for n in ("x axons", "h axons")])
    assert delays.min() >= 0.0
    assert delays.max() <= 0.6 - SHORTEST
    assert {0.0, 0.6 - SHORTEST} & set(delays.tolist())


def test_an_error_for_no_spike_is_counted_and_ends_there():
    net = es.Network()
    x, axon = net.add(es.Latency(), 2, name="x"), net.add(es.Axon(), 2, name="axon")
    pairs = es.one_to_one()
    xa = net.connect(x, axon, es.AxonalDelay(), delay=0.5, pattern=pairs, **BACK)
    stimulus = net.add(es.Stimulus([[0.1, math.inf]], [-1], period=10.0))

    def errors(cell):
        yield cell.until(2.0)
        for line in range(2):
            cell.send("error", 1.0, to=line)

    net.connect(stimulus, x, port="value")
    net.connect(net.add(errors, name="errors"), axon, port="error")
    net.run(5.0)
    state = net.synapse_state(xa)
    assert state["post.unused"].tolist() == [0.0, 1.0]
    assert state["errors_back"] == 1
    assert state["syn.delay"][0] < state["syn.delay"][1] == 0.499
    assert net.spikes(axon).t.tolist() == [0.6]


def test_only_its_modes_are_taken():
    with pytest.raises(es.NetworkError, match="'immediate' or 'accumulate'"):
        es.AxonalDelay(mode="gather")
