"""Gradients through messages equal complex steps, central differences and the textbook recursion."""

import math

import numpy as np
import pytest
from plain import Collect, IntegrateFire, Leaky, Plain, random_plain

import eventsnn as es

TARGET = 2.5
NO_CLIP = es.Clip(slope=1e-300)


def label_zero(cell):
    cell.send("label", 0.0)
    yield cell.receive()


def apply_at(cell, times):
    for time in times:
        yield cell.until(time)
        cell.send("apply", 1.0)


def model_of(plain, threshold=1.0):
    if isinstance(plain.model, IntegrateFire):
        return es.IF(tau_syn=plain.model.tau, v_threshold=threshold)
    return es.LIF(
        tau_mem=plain.model.tau_mem, tau_syn=plain.model.tau_syn, t_refractory=math.inf, v_threshold=threshold
    )


def network(plain, mode="accumulate", back=None, broadcast=None, teacher=None, step=None, clip=NO_CLIP, inputs=None):
    """The same network in messages: its layers, its projections, and itself."""
    net = es.Network()
    trains = [[t] if np.isfinite(t) else [] for t in plain.start]
    layers = [net.add(es.SpikeTrain(trains), name="layer0") if inputs is None else inputs(net)]
    projections = []
    for k, (w, d) in enumerate(zip(plain.weights, plain.delays, strict=True)):
        layers.append(net.add(model_of(plain), w.shape[1], name=f"layer{k + 1}"))
        rule = es.SpikeTimeGradient(step=step or es.Sgd(lr=0.1), mode=mode, clip=clip)
        feedback = {}
        if k > 0 or inputs is not None:
            feedback = {"feedback": "symmetric", "feedback_delay": 0.003}
        if k > 0 and back is not None:
            feedback |= {"feedback": "random", "feedback_weight": back[k]}
        if k > 0 and broadcast is not None:
            feedback |= {"feedback": "broadcast", "feedback_weight": broadcast[k], "feedback_delay": 0.003}
        projections.append(net.connect(layers[-2], layers[-1], rule, weight=w, delay=d, **feedback))
    outputs = plain.weights[-1].shape[1]
    teacher = net.teach(layers[-1], teacher or es.TargetTimes([[TARGET] * outputs]), delay=0.002)
    net.connect(net.add(label_zero), teacher, port="label")
    return net, layers, projections


def by_edge(net, projection, name):
    """A synapse variable as a matrix (sources x targets)."""
    matrix = np.zeros((projection.pre.size, projection.post.size))
    matrix[net.edges(projection)] = net.synapse_state(projection)[name]
    return matrix


def first_spikes(net, layer):
    trains = net.spikes(layer).spike_trains()
    return np.array([train[0] if len(train) else np.inf for train in trains.values()])


def half_squares(times):
    """The loss of TargetTimes: only outputs that fire count."""
    times = np.asarray(times)
    return (0.5 * (times[np.isfinite(times.real)] - TARGET) ** 2).sum()


def steepness(plain):
    """The least slope at threshold of all neurons that fire: near 0 a gradient has its pole, and no digits are left."""
    times, causal = plain.forward()
    least = math.inf
    for k, inside in enumerate(causal):
        for j in range(inside.shape[1]):
            i = np.flatnonzero(inside[:, j])
            if len(i):
                u = times[k + 1][j] - times[k][i] - plain.delays[k][i, j]
                least = min(least, float((plain.weights[k][i, j] * plain.model.effect(u)[1]).sum()))
    return least


def usable(seeds, least=0.02, **how):
    """Random networks in which an output fires, away from the pole of the gradient."""
    for seed in seeds:
        plain = random_plain(seed, **how)
        if np.isfinite(plain.outputs().real).any() and steepness(plain) > least:
            yield plain


def worst(found, expected):
    """Largest difference in units of the largest true value."""
    scale = max(max(np.abs(e).max(initial=0.0) for e in expected), 1e-300)
    return max(np.abs(f - e).max(initial=0.0) for f, e in zip(found, expected, strict=True)) / scale


def compare_with_complex_step(plain):
    """Relative errors of times, gradients by weight and gradients by delay."""
    net, layers, projections = network(plain)
    net.record_messages()
    net.run(200.0)
    times, _ = plain.forward()
    for layer, t in zip(layers, times, strict=True):
        found = first_spikes(net, layer)
        assert np.array_equal(np.isfinite(found), np.isfinite(t))
        assert found[np.isfinite(t)] == pytest.approx(t[np.isfinite(t)], rel=1e-11, abs=1e-11)
    true = plain.derivatives(half_squares)
    gradients = [by_edge(net, p, "syn.gradient") for p in projections]
    by_delay = [errors_back(net, layers, k) for k in range(1, len(projections))]
    delays = worst(by_delay, true["delays"][1:]) if by_delay and np.abs(true["delays"][1]).max() > 0 else 0.0
    return worst(gradients, true["weights"]), delays


def errors_back(net, layers, k):
    """What travelled back along every synapse from layer k to the next, added up."""
    m = net.messages()
    numbers = np.cumsum([0, *(p.size for p in net.description.populations)])
    order = {p.name: int(numbers[n]) for n, p in enumerate(net.description.populations)}
    total = np.zeros((layers[k].size, layers[k + 1].size))
    number = [(p.pre, p.post) for p in net.description.projections].index((layers[k], layers[k + 1]))
    mine = (m.projection == number) & (m.port == "error")
    sources = m.target[mine] - order[layers[k].name]
    np.add.at(total, (sources, m.sender[mine] - order[layers[k + 1].name]), m.value[mine])
    return total


def test_gradients_equal_complex_steps():
    checked, silent, depths = 0, 0, set()
    for plain in usable(range(250)):
        weight, delay = compare_with_complex_step(plain)
        assert weight < 1e-9
        assert delay < 1e-9
        checked += 1
        silent += any(not np.isfinite(t).all() for t in plain.forward()[0][1:])
        depths.add(len(plain.weights))
    assert checked > 120
    assert silent > 40  # silent neurons were among them
    assert depths == {1, 2, 3, 4}


@pytest.mark.slow
def test_gradients_equal_complex_steps_in_thousands_of_networks():
    errors = [compare_with_complex_step(plain) for plain in usable(range(1000, 6000))]
    assert len(errors) > 2000
    assert np.max(errors) < 1e-9


@pytest.mark.parametrize(("tau_mem", "tau_syn"), [(1.0, 0.3), (0.4, 1.1), (1.0, 1.0), (1.0, 0.5), (1.0, 0.97)])
def test_gradients_of_leaky_neurons_equal_complex_steps(tau_mem, tau_syn):
    checked = 0
    for plain in usable(range(60), model=Leaky(tau_mem, tau_syn), strength=7.0, most=3):
        if len(plain.weights) > 3:
            continue
        weight, delay = compare_with_complex_step(plain)
        assert weight < 1e-9
        assert delay < 1e-9
        checked += 1
    assert checked > 12


def test_gradients_equal_central_differences_inside_a_causal_set():
    compared, left_out = 0, 0
    for plain in usable(range(100), least=0.3):
        net, _, projections = network(plain)
        net.run(200.0)
        gradients = [by_edge(net, p, "syn.gradient") for p in projections]
        scale = max(np.abs(g).max() for g in gradients)
        for g, w in zip(gradients, plain.weights, strict=True):
            for index in np.ndindex(w.shape):
                difference = plain.central(w, index, half_squares)
                if difference is None:
                    left_out += 1
                else:
                    assert abs(g[index] - difference) < 1e-9 * scale
                    compared += 1
    assert compared > 350
    assert left_out < 0.1 * compared


def test_gradients_equal_the_textbook_recursion():
    checked = 0
    for plain in usable(range(300, 420)):
        net, _, projections = network(plain)
        net.run(200.0)
        outputs = plain.outputs()
        expected, _ = plain.backward(np.where(np.isfinite(outputs), outputs - TARGET, 0.0))
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], expected) < 1e-9
        checked += 1
    assert checked > 50


@pytest.mark.parametrize("kind", ["random", "broadcast"])
def test_other_feedback_equals_its_own_recursion(kind):
    checked = 0
    for plain in usable(range(500, 600)):
        rng = np.random.default_rng(len(plain.weights))
        back = [rng.normal(size=w.shape) for w in plain.weights]
        outputs = plain.weights[-1].shape[1]
        direct = [rng.normal(size=(outputs, w.shape[0])) for w in plain.weights]
        if kind == "random":
            net, _, projections = network(plain, back=back)
        else:
            net, _, projections = network(plain, broadcast=direct)  # errors arrive 2 + 3 ms after an output's spike
        net.run(200.0)
        t = plain.outputs()
        errors = np.where(np.isfinite(t), t - TARGET, 0.0)
        ways = {"back": back} if kind == "random" else {"broadcast": direct, "lag": 0.005}
        expected, _ = plain.backward(errors, **ways)
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], expected) < 1e-9
        checked += len(plain.weights) > 1
    assert checked > 30


def test_the_three_modes_agree_on_the_first_gradient():
    checked = 0
    for plain in usable(range(700, 760)):
        found = {}
        for mode in ("immediate", "accumulate", "gather"):
            net, layers, projections = network(plain, mode=mode, step=Collect())
            for k, layer in enumerate(reversed(layers[1:])):  # the apply of a layer comes after its errors
                net.connect(net.add(apply_at, times=[100.0 + k]), layer, port="apply")
            net.run(200.0)
            found[mode] = [by_edge(net, p, "syn.total") for p in projections]
        assert worst(found["accumulate"], found["immediate"]) < 1e-12
        assert worst(found["gather"], found["immediate"]) < 1e-12
        expected = plain.derivatives(half_squares)["weights"]
        assert worst(found["immediate"], expected) < 1e-9
        checked += 1
    assert checked > 25


def test_gathered_errors_are_applied_once():
    plain = Plain(IntegrateFire(), np.array([0.0, 0.2]), [np.array([[1.0], [1.0]])], [np.zeros((2, 1))])
    totals = []
    for times in ([50.0], [50.0, 60.0, 70.0]):
        net, layers, (projection,) = network(plain, mode="gather", step=Collect())
        net.connect(net.add(apply_at, times=times), layers[1], port="apply")
        net.run(100.0)
        totals.append(by_edge(net, projection, "syn.total"))
    assert np.abs(totals[0]).min() > 0
    assert np.array_equal(*totals)


class Latencies:
    """Inputs that can receive: their errors are the derivatives by the times of the inputs."""

    def __init__(self, start):
        self.start = start

    def __call__(self, net):
        x = net.add(es.Latency(), len(self.start), name="layer0")
        stimulus = net.add(es.Stimulus([self.start], [0], period=500.0))
        net.connect(stimulus, x, port="value")
        return x


class UnitErrors(es.Process):
    """Answers every output with an error of 1: the loss is the sum of the outputs' times."""

    def run(self, cell):
        while True:
            message = yield cell.receive()
            if message.port == "spike":
                cell.send("error", 1.0, to=message.line)


def test_shifting_all_inputs_shifts_the_outputs():
    checked = 0
    for plain in usable(range(800, 860)):
        net, layers, _ = network(plain, teacher=UnitErrors(), inputs=Latencies(plain.start))
        net.record_messages()
        net.run(200.0)
        fired = np.isfinite(plain.outputs()).sum()
        by_start = errors_back(net, layers, 0).sum(axis=1)
        assert by_start.sum() == pytest.approx(fired, rel=1e-10)
        true = plain.derivatives(lambda t: t[np.isfinite(t.real)].sum())["start"][0]
        assert worst([by_start], [true]) < 1e-9
        later = Plain(plain.model, plain.start + 0.75, plain.weights, plain.delays)
        net, layers, _ = network(later, teacher=UnitErrors())
        net.run(200.0)
        shifted, before = first_spikes(net, layers[-1]), plain.outputs()
        assert shifted[np.isfinite(before)] == pytest.approx(before[np.isfinite(before)] + 0.75, abs=1e-11)
        checked += 1
    assert checked > 20


def forward(plain, factor):
    """Output times of one layer with weights and threshold times a factor."""
    net = es.Network()
    x = net.add(es.SpikeTrain([[t] if np.isfinite(t) else [] for t in plain.start]))
    y = net.add(model_of(plain, threshold=factor), plain.weights[0].shape[1])
    net.connect(x, y, weight=factor * plain.weights[0], delay=plain.delays[0])
    return first_spikes(net.run(200.0), y)


@pytest.mark.parametrize("model", [IntegrateFire(0.7), Leaky(1.0, 0.4)])
def test_scaling_weights_and_threshold_together_changes_no_time(model):
    """t(c w, c threshold) = t(w, threshold), so sum_i w_i dt/dw_i = -threshold/slope (Euler)."""
    checked = 0
    for plain in usable(range(30), model=model, depth=1, strength=2.2 if isinstance(model, IntegrateFire) else 7.0):
        net, _, (projection,) = network(plain, teacher=UnitErrors())
        net.run(200.0)
        fired = np.isfinite(plain.outputs())
        slope = net.synapse_state(projection)["post.slope_spike"]
        g = by_edge(net, projection, "syn.gradient")
        assert (plain.weights[0] * g).sum(axis=0)[fired] == pytest.approx(-1.0 / slope[fired], rel=1e-10)
        assert np.array_equal(forward(plain, 2.0), forward(plain, 1.0))  # 2 is exact in binary
        checked += 1
    assert checked > 10
