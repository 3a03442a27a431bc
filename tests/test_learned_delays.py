"""Learned delays: their gradients are exact, their steps follow the formula, both engines agree to the last bit."""

import math

import numpy as np
import pytest
from networks import differences, outcome
from plain import Leaky, random_plain
from test_gradients import (
    NO_CLIP,
    TARGET,
    by_edge,
    first_spikes,
    half_squares,
    label_zero,
    model_of,
    steepness,
    worst,
)

import eventsnn as es
from eventsnn.engines import threads

SHORTEST = 0.01


def learning_delays(plain, mode="accumulate", delays=None):
    """The same network in messages, with delays that learn."""
    net = es.Network()
    layers = [net.add(es.SpikeTrain([[t] if np.isfinite(t) else [] for t in plain.start]), name="layer0")]
    projections = []
    for k, (w, d) in enumerate(zip(plain.weights, plain.delays, strict=True)):
        layers.append(net.add(model_of(plain), w.shape[1], name=f"layer{k + 1}"))
        part = delays or es.LearnedDelays(shortest=SHORTEST, longest=5.0)
        rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.0), mode=mode, clip=NO_CLIP, delays=part)
        feedback = {"feedback": "symmetric", "feedback_delay": 0.003} if k > 0 else {}
        projections.append(net.connect(layers[-2], layers[-1], rule, weight=w, delay=d, **feedback))
    outputs = plain.weights[-1].shape[1]
    teacher = net.teach(layers[-1], es.TargetTimes([[TARGET] * outputs]), delay=0.002)
    net.connect(net.add(label_zero), teacher, port="label")
    return net, layers, projections


def networks(seeds, **how):
    for seed in seeds:
        plain = random_plain(seed, **how)
        plain.delays = [d + SHORTEST for d in plain.delays]
        if np.isfinite(plain.outputs().real).any() and steepness(plain) > 0.02:
            yield plain


@pytest.mark.parametrize("model", [None, Leaky(1.0, 0.5), Leaky(1.0, 1.0), Leaky(0.7, 0.4)])
def test_gradients_by_delay_equal_complex_steps(model):
    checked = 0
    for plain in networks(range(60 if model is None else 20), model=model, strength=2.2 if model is None else 7.0):
        net, layers, projections = learning_delays(plain)
        net.run(200.0)
        times, _ = plain.forward()
        for layer, t in zip(layers, times, strict=True):
            there = np.isfinite(t)
            assert first_spikes(net, layer)[there] == pytest.approx(t[there], rel=1e-11, abs=1e-11)
        true = plain.derivatives(half_squares)
        assert worst([by_edge(net, p, "syn.delay_gradient") for p in projections], true["delays"]) < 1e-9
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], true["weights"]) < 1e-9
        checked += 1
    assert checked >= (30 if model is None else 8)


def at_the_start(cell):
    """A new trial every 10 s, taught and applied."""
    while True:
        k = cell.state.setdefault("k", 0)
        yield cell.until(10.0 * k)
        cell.send("reset")
        cell.send("label", 0.0)
        cell.state["k"] = k + 1


def one_synapse(delays, n_trials, target, start=0.5, weight=2.0):
    """One synapse whose delay alone learns; its neuron fires ln 2 after the spike arrives."""
    net = es.Network()
    x, y = net.add(es.SpikeTrain([10.0 * k for k in range(n_trials)]), name="x"), net.add(es.IF(), name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.0), delays=delays)
    xy = net.connect(x, y, rule, weight=weight, delay=start)
    stimulus = net.add(at_the_start, name="stimulus")
    net.connect(stimulus, y, port="reset")
    net.connect(stimulus, net.teach(y, es.TargetTimes([[target]])), port="label")
    net.run(10.0 * n_trials)
    return net.synapse_state(xy), net.spikes(y).t % 10.0


def test_a_delay_alone_learns_when_to_fire():
    state, fired = one_synapse(es.LearnedDelays(lr=0.02, shortest=SHORTEST), 60, target=1.5)
    assert fired[0] == pytest.approx(0.5 + math.log(2.0))
    assert abs(fired[-1] - 1.5) < 0.02
    assert state["syn.delay"] == pytest.approx(1.5 - math.log(2.0) - SHORTEST, abs=0.02)
    assert state["w"].tolist() == [2.0]


def test_steps_of_delays_follow_their_formula():
    part = es.LearnedDelays(lr=0.05, shortest=SHORTEST, square_decay=0.9)
    _, fired = one_synapse(part, 8, target=1.0)
    delay, square = 0.5 - SHORTEST, 0.0
    for n, t in enumerate(fired, start=1):
        assert t == pytest.approx(SHORTEST + delay + math.log(2.0), rel=1e-12)
        g = t - 1.0  # dt/d(delay) = 1
        square = 0.9 * square + 0.1 * g**2
        delay -= 0.05 * g / (math.sqrt(square / (1 - 0.9**n)) + 1e-8)


def test_delays_stay_within_their_bounds():
    for target, end in ((0.0, 0.0), (9.0, 0.8 - SHORTEST)):
        state, _ = one_synapse(es.LearnedDelays(lr=0.1, shortest=SHORTEST, longest=0.8), 12, target=target)
        assert state["syn.delay"].tolist() == [end]


def errors(cell):
    """Errors of either sign for two outputs in turn, and resets."""
    while True:
        k = cell.state.setdefault("k", 0)
        yield cell.until(1.0 + 0.7 * k)
        cell.send("error", 0.5 if k % 2 else -0.3, to=k % 2)
        if k % 4 == 3:
            cell.send("reset")
        cell.state["k"] = k + 1


def two_layers(engine, stop):
    net = es.Network(seed=5, engine=engine)
    x = net.add(es.Poisson(rate=3.0), 6, name="x")
    h, y = net.add(es.IF(t_refractory=0.3), 5, name="h"), net.add(es.IF(t_refractory=0.2), 2, name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.02), delays=es.LearnedDelays(shortest=SHORTEST, lr=0.01))
    far = es.uniform(SHORTEST, 0.5)
    net.connect(x, h, rule, weight=es.uniform(0.1, 0.7), delay=far, name="xh")
    net.connect(
        h, y, rule, weight=es.uniform(0.1, 0.7), delay=far, feedback="symmetric", feedback_delay=0.004, name="hy"
    )
    e = net.add(errors, name="e")
    for post, port in ((y, "error"), (y, "reset"), (h, "reset")):
        net.connect(e, post, port=port, name=f"{port} {post.name}")
    net.record_messages()
    net.run(stop)
    return net


def everything(net):
    found = {f"{p}.{k}": v for p in ("xh", "hy") for k, v in net.synapse_state(net.projection(p)).items()}
    found["spikes"] = net.spikes(net.population("y")).t
    m = net.messages()
    return found | {name: getattr(m, name) for name in ("t", "projection", "sender", "target", "value", "synapse")}


def test_both_engines_and_a_saved_run_give_the_same_bits(tmp_path, plain_python):
    whole = everything(two_layers("reference", 16.0))
    assert len(whole["spikes"]) > 10
    assert np.ptp(whole["xh.syn.delay"]) > 0.1
    compiled = two_layers("compiled", 7.3)
    compiled.save(tmp_path / "net")
    for engine in ("compiled", "reference"):
        net = es.Network.load(tmp_path / "net", engine=engine).run(until=16.0)
        for name, value in everything(net).items():
            assert np.array_equal(value, whole[name]), (engine, name)


class Waiting(es.Rule):
    """Keeps a delay, and does not say how short it may get."""

    delay: es.State = 0.0  # of the synapse


def test_delays_that_cannot_be_are_refused():
    with pytest.raises(es.NetworkError, match="0 < shortest < longest"):
        es.LearnedDelays(shortest=0.0)
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0]), name="x"), net.add(es.IF(), name="y")
    net.connect(x, y, es.SpikeTimeGradient(delays=es.LearnedDelays(shortest=0.1)), delay=0.05)
    with pytest.raises(es.NetworkError, match=r"delay of 0 -> 0 is 0.05 s; learned delays start from"):
        net.run(1.0)
    other = es.Network()
    x, y = other.add(es.SpikeTrain([0.0]), name="x"), other.add(es.IF(), name="y")
    other.connect(x, y, Waiting(), delay=0.05)
    with pytest.raises(es.NetworkError, match="declare `shortest"):
        other.run(1.0)


def early_errors(cell):
    for k in range(4):
        yield cell.until(0.2 + 0.05 * k)
        cell.send("error", 0.5 - k, to=k % 2)


def crowd(engine, number=1):
    """A layer of more than one block of neurons, whose synapses learn their delays from errors of a process."""
    net = es.Network(seed=9, engine=engine, threads=number)
    x, h, y = (
        net.add(es.Poisson(rate=15.0), 2, name="x"),
        net.add(es.IF(tau_syn=0.05, t_refractory=0.1), 520),
        net.add(es.IF(tau_syn=0.05), 2),
    )
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.02), delays=es.LearnedDelays(shortest=SHORTEST, lr=0.01))
    net.connect(x, h, rule, weight=es.uniform(0.8, 3.0), delay=es.uniform(SHORTEST, 0.05), name="xh")
    few = es.fixed_probability(0.05)
    net.connect(h, y, rule, weight=0.3, delay=es.uniform(SHORTEST, 0.05), pattern=few, feedback="symmetric", name="hy")
    net.connect(net.add(early_errors, name="e"), y, port="error")
    return net.run(0.5)


def beside_another_rule(engine, time):
    """Synapses that learn their delays; on the same neurons a rule that follows them."""
    net = es.Network(seed=3, engine=engine, time=time)
    x, y = net.add(es.Poisson(rate=60.0), 6, name="x"), net.add(es.LIF(), 5, name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.01), delays=es.LearnedDelays(shortest=1e-3, longest=0.1))
    net.connect(x, y, rule, weight=4.0, delay=es.uniform(2e-3, 2e-2), name="delays")
    if time == es.exact_time:
        net.connect(x, y, es.SuperSpike(), weight=0.5, delay=1e-3, name="beside")
    return net.run(0.5)


@pytest.mark.parametrize("time", [es.exact_time, es.grid(3e-3)])
def test_same_bits_on_a_grid_and_beside_another_rule(time, plain_python):
    nets = [beside_another_rule(engine, time) for engine in ("reference", "compiled")]
    assert len(nets[0].spikes(nets[0].population("y"))) > 500
    assert differences(*(outcome(net) for net in nets)) == []


def test_threads_give_the_same_bits(monkeypatch, plain_python):
    monkeypatch.setattr(threads, "SHARE_FROM", 1)
    nets = [crowd("reference"), crowd("compiled"), crowd("compiled", 2)]
    states = [[net.synapse_state(net.projection(p)) for p in ("xh", "hy")] for net in nets]
    assert np.ptp(states[0][0]["syn.delay"]) > 0.0
    assert states[0][1]["errors_back"] > 3
    for other in states[1:]:
        for one, two in zip(states[0], other, strict=True):
            for name, value in one.items():
                assert np.array_equal(value, two[name]), name
