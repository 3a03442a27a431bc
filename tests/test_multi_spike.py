"""Neurons that fire several times: gradients through the resets equal complex steps and an EventProp adjoint."""

import math
from itertools import pairwise

import numpy as np
import pytest
from networks import differences, outcome
from oracles import adjoint, multi_spike
from plain import STEP, IntegrateFire, Leaky
from test_gradients import NO_CLIP, by_edge, worst

import eventsnn as es

END = 10.0  # when the rounds begin [s]
TARGETS = (1.0, 2.5, 3.0, 6.0)  # of the first spikes of every output


def teacher(cell):
    """Hears the outputs; at the end, spike by spike, the errors of those that fired so often."""
    heard = cell.state.setdefault("heard", {})
    while cell.now < END:
        for message in (yield cell.gather(1, END - cell.now)):
            heard.setdefault(str(message.line), []).append(message.time)
    for k in range(1, 5):
        yield cell.until(END + k)
        cell.send("about", float(k))
        yield cell.until(END + k + 0.1)
        for line, times in heard.items():
            if len(times) >= k:
                cell.send("error", times[k - 1] - TARGETS[k - 1], to=int(line))


def rounds(cell, begin):
    """For one layer: say below which spike is next, and let the synapses answer for it."""
    for k in range(1, 5):
        yield cell.until(begin + k)
        if cell.reaches("about"):
            cell.send("about", float(k))
        cell.send("gather", float(k))


def apply(cell, at):
    """One message, at the end."""
    yield cell.until(at)
    cell.send("apply", 1.0)


def network(model, start, weights, delays, engine="reference", neuron=None, step=None):
    """The network in messages, after one trial and its rounds: itself and its projections."""
    net = es.Network(engine=engine)
    layers, projections = [net.add(es.SpikeTrain(start), name="layer0")], []
    rule = es.MultiSpikeGradient(step=step or es.Sgd(lr=0.0), clip=NO_CLIP)
    for k, (w, d) in enumerate(zip(weights, delays, strict=True)):
        kind = neuron or (
            es.IF(tau_syn=model.tau, t_refractory=0.0)
            if isinstance(model, IntegrateFire)
            else es.LIF(tau_mem=model.tau_mem, tau_syn=model.tau_syn, t_refractory=0.0)
        )
        layers.append(net.add(kind, w.shape[1], name=f"layer{k + 1}"))
        way_back = {"feedback": "symmetric", "feedback_delay": 0.01} if k else {}
        projections.append(net.connect(layers[-2], layers[-1], rule, weight=w, delay=d, **way_back))
    teaches = net.add(teacher, name="teacher")
    net.connect(layers[-1], teaches)
    net.connect(teaches, layers[-1], port="about", delay=0.001)
    net.connect(teaches, layers[-1], port="error", delay=0.001)
    for k in range(len(weights), 0, -1):
        clock = net.add(rounds, name=f"rounds{k}", begin=END + 5.0 + 5.0 * (len(weights) - k))
        net.connect(clock, layers[k], port="gather")
        if k > 1:
            net.connect(clock, layers[k - 1], port="about")
    if step is not None:
        end = net.add(apply, at=30.0)
        for layer in layers[1:]:
            net.connect(end, layer, port="apply", name=f"apply {layer.name}")
    return net, layers, projections


MODELS = {"no leak": (IntegrateFire(1.0), 2.0), "2:1": (Leaky(1.0, 0.5), 4.0), "1:1": (Leaky(1.0, 1.0), 2.5)}
MODELS["8:11"] = (Leaky(0.8, 1.1), 2.5)  # the model, and how strong weights are


def draw(seed, strength):
    """Two layers of up to three neurons with one or two spikes of each input."""
    rng = np.random.default_rng([seed, 5])
    sizes = [int(n) for n in rng.integers(2, 4, 3)]
    start = [np.sort(rng.uniform(0.0, 2.0, rng.integers(1, 3))) for _ in range(sizes[0])]
    weights = [strength * rng.uniform(-0.2, 1.0, (m, n)) for m, n in pairwise(sizes)]
    return start, weights, [rng.uniform(0.0, 0.4, w.shape) for w in weights]


def loss(outputs):
    """Half the sum of squares that `teacher` takes the derivative of."""
    return sum(0.5 * (t - g) ** 2 for train in outputs for t, g in zip(train, TARGETS, strict=False))


def usable(ratio, seeds):
    """Networks in which nobody fires more than four times, somebody more than once, away from the pole."""
    model, strength = MODELS[ratio]
    for seed in seeds:
        start, weights, delays = draw(seed, strength)
        layers, least = multi_spike.forward(model, start, weights, delays, END)
        counts = [len(train) for layer in layers[1:] for train in layer]
        if max(counts) <= 4 and min(max(map(len, layer)) for layer in layers[1:]) > 1 and least > 0.05:
            yield start, weights, delays, layers


@pytest.mark.parametrize("ratio", MODELS)
def test_gradients_equal_complex_steps(ratio):
    model = MODELS[ratio][0]
    checked = 0
    for start, weights, delays, layers in usable(ratio, range(120)):
        net, populations, projections = network(model, start, weights, delays)
        net.run(30.0)
        for population, trains in zip(populations[1:], layers[1:], strict=True):
            for found, t in zip(net.spikes(population).spike_trains().values(), trains, strict=True):
                assert found == pytest.approx(np.real(t), rel=1e-10, abs=1e-10)
        true = []
        for w in weights:
            true.append(np.zeros(w.shape))
            for index in np.ndindex(w.shape):
                stepped = w.astype(complex)
                stepped[index] += 1j * STEP
                changed = [stepped if v is w else v for v in weights]
                outputs = multi_spike.forward(model, start, changed, delays, END)[0][-1]
                true[-1][index] = loss(outputs).imag / STEP
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], true) < 1e-9
        checked += 1
        if checked == 3:
            break
    assert checked == 3


@pytest.mark.parametrize("ratio", MODELS)
def test_gradients_equal_an_eventprop_adjoint(ratio):
    model = MODELS[ratio][0]
    leaky = isinstance(model, Leaky)
    M = adjoint.leaky(model.tau_mem, model.tau_syn) if leaky else adjoint.integrate_fire(model.tau)
    checked = 0
    for start, weights, delays, layers in usable(ratio, range(200, 320)):
        net, _, projections = network(model, start, weights, delays)
        net.run(30.0)
        errors = [[t.real - g for t, g in zip(train, TARGETS, strict=False)] for train in layers[-1]]
        true = []
        for k in (1, 0):
            dw, below = np.zeros(weights[k].shape), [np.zeros(len(train)) for train in layers[k]]
            for j, train in enumerate(layers[k + 1]):
                edges = [(i, m, np.real(t)) for i, source in enumerate(layers[k]) for m, t in enumerate(source)]
                arrivals = np.array([t + delays[k][i, j] for i, _, t in edges])
                each = np.array([weights[k][i, j] for i, _, _ in edges])
                by_weight, by_arrival = multi_spike.adjoint_neuron(M, arrivals, each, np.real(train), errors[j])
                for (i, m, _), g, e in zip(edges, by_weight, by_arrival, strict=True):
                    dw[i, j] += g
                    below[i][m] += e
            true.insert(0, dw)
            errors = below
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], true) < 1e-9
        checked += 1
        if checked == 5:
            break
    assert checked == 5


def first_usable():
    return next(usable("2:1", range(25)))[:3]


def test_both_engines_give_the_same_bits(plain_python):
    nets = [
        network(MODELS["2:1"][0], *first_usable(), engine=engine, step=es.Sgd(lr=0.1))[0].run(31.0)
        for engine in ("reference", "compiled")
    ]
    assert differences(*(outcome(net) for net in nets)) == []


def test_subtraction_is_the_same_as_a_reset_to_the_value():
    gradients = []
    for reset in ("to_value", "subtract"):
        kind = es.LIF(tau_mem=1.0, tau_syn=0.5, t_refractory=0.0, reset=reset)
        net, _, projections = network(MODELS["2:1"][0], *first_usable(), neuron=kind)
        net.run(30.0)
        gradients.append([by_edge(net, p, "syn.gradient") for p in projections])
    assert worst(*gradients) < 1e-10


def test_apply_changes_weights_by_the_gradient_once():
    net, _, projections = network(MODELS["2:1"][0], *first_usable(), step=es.Sgd(lr=0.1))
    before = [net.run(until=29.0).matrix(p) for p in projections]
    gradients = [by_edge(net, p, "syn.gradient") for p in projections]
    net.run(until=31.0)
    for p, w, g in zip(projections, before, gradients, strict=True):
        assert np.array_equal(net.matrix(p), w + -0.1 * g)
        assert not by_edge(net, p, "syn.gradient").any()


def test_what_there_is_no_memory_for_is_counted():
    net = es.Network()
    x = net.add(es.SpikeTrain([0.1 * k for k in range(1, 9)]), name="x")
    y = net.add(es.LIF(tau_mem=1.0, tau_syn=0.5, t_refractory=0.0), name="y")
    weak = net.connect(x, y, es.MultiSpikeGradient(), weight=0.1)
    net.connect(x, y, weight=9.0)
    net.run(5.0)
    state, fired = net.synapse_state(weak), net.spikes(y).t
    late = int((np.arange(1, 9) * 0.1 < fired[3]).sum()) - 4
    assert len(fired) > 6
    assert state["post.missed"] == len(fired) - 4 + max(late, 0)


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (es.LIF(t_refractory=0.002), "t_refractory = 0.002"),
        (es.LIF(t_refractory=0.0, tau_syn=0.0), "tau_syn = 0"),
        (es.Axon(), "does not publish"),
    ],
)
def test_neurons_for_which_it_would_not_be_exact_are_refused(model, match):
    net = es.Network()
    net.connect(net.add(es.SpikeTrain([0.1])), net.add(model), es.MultiSpikeGradient())
    with pytest.raises(es.NetworkError, match=match):
        net.run(1.0)


def test_a_neuron_that_fires_once_is_taken():
    net = es.Network()
    net.connect(net.add(es.SpikeTrain([0.1])), net.add(es.IF(t_refractory=math.inf)), es.MultiSpikeGradient())
    net.run(1.0)
