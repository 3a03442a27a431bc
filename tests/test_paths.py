"""Signal paths: exact against brute force, to the same bits everywhere, at no cost while nothing happens."""

import math

import networks
import numpy as np
import pytest
from oracles.signal_path import Neurons, replay

import eventsnn as es
from eventsnn import paths
from eventsnn.paths import gauss
from eventsnn.report.operations import OPERATIONS

LIF = {"tau_mem": 10e-3, "tau_syn": 5e-3, "v_threshold": 1.0, "v_reset": 0.0, "t_refractory": 2e-3}

Twice = es.path(
    "Twice",
    es.spike()
    >> es.low_pass(8e-3, "tau_trace")
    >> es.gate(es.Exponential())
    >> es.low_pass(20e-3)
    >> es.gate(es.error())
    >> es.weight(es.Sgd(lr=1e-3)),
)


def tell(cell, times, values, targets):
    """A process that sends errors."""
    while cell.state.get("k", 0) < len(times):
        yield cell.until(times[cell.state.get("k", 0)])
        k = cell.state.get("k", 0)
        cell.state["k"] = k + 1
        cell.send("error", values[k], to=targets[k])
        del k


def network(rule, engine="reference", n=5, m=2, seed=1, duration=0.4, rate=30.0, model=es.LIF, **lif):
    """Random spikes and errors onto m recurrently connected neurons; returns (net, neurons, plastic projection)."""
    rng = np.random.default_rng(seed)
    k = int(25 * m * duration)
    lesson = {
        "times": np.sort(rng.uniform(0.0, duration, k)).tolist(),
        "values": rng.normal(size=k).tolist(),
        "targets": rng.integers(m, size=k).tolist(),
    }
    net = es.Network(seed=seed, engine=engine)
    x = net.add(es.Poisson(rate=rate), n, name="x")
    y = net.add(model(**{**LIF, **lif}), m, name="y")
    weight, delay = es.uniform(0.3, 12.0 / n), es.uniform(1e-3, 3e-3)
    plastic = net.connect(x, y, rule, weight=weight, delay=delay, record=["weights"])
    net.connect(y, y, weight=-0.3, delay=1.3e-3)
    net.connect(net.add(tell, name="teacher", **lesson), y, port="error", delay=1e-3)
    return net, y, plastic


def disagreement(rule, filters, error, trace=None, duration=0.4, adapt=None, **options):
    """Largest difference of any gradient at any arrival from the oracle's, relative to the largest gradient.

    A gradient is a change of weight divided by the learning rate, so that must not be small: weights have 16 digits.
    """
    net, y, plastic = network(rule, duration=duration, **options)
    net.record_messages()
    net.run(duration)
    lif = {name: getattr(y.model, name) for name in LIF}
    surrogate = (type(rule.surrogate).__name__, rule.surrogate.beta, rule.surrogate.height)
    oracle = Neurons(y.size, lif, net.edges(plastic)[1], surrogate, filters, error, trace, adapt)
    gradients = replay(net, plastic, oracle)
    assert len(gradients) > 50
    assert len(net.spikes(y)) > 5
    return np.abs(gradients[:, 0] - gradients[:, 1]).max() / np.abs(gradients[:, 1]).max()


@pytest.mark.parametrize(
    "surrogate", [es.FastSigmoid, es.Sigmoid, es.Exponential, es.Quadratic, es.Triangular, es.Boxcar, es.Surrogate]
)
def test_superspike_is_exact_with_every_surrogate(surrogate):
    """Also where the surrogate has kinks and jumps."""
    rule = es.SuperSpike(surrogate=surrogate(beta=4.0), tau_rise=3e-3, step=es.Sgd(lr=2e-2))
    assert disagreement(rule, (3e-3, 10e-3), (3e-3, 10e-3)) < 1e-10


@pytest.mark.parametrize("tau_syn", [0.0, 5e-3, 9.9e-3, 10e-3, 14e-3])
def test_eprop_is_exact_for_any_synapse(tau_syn):
    """Delta pulses, and time constants of current and membrane that are apart, near and equal."""
    rule = es.EProp(surrogate=es.Triangular(beta=1.1), step=es.Sgd(lr=1e-3))
    assert disagreement(rule, (20e-3,), (20e-3,), tau_syn=tau_syn) < 1e-10


@pytest.mark.parametrize("tau_syn", [0.0, 5e-3])
def test_eprop_is_exact_for_a_threshold_that_adapts(tau_syn):
    """With an eligibility of the adaptation that weighs as much as that of the voltage."""
    rule = es.AdaptiveEProp(surrogate=es.Triangular(beta=1.1, height=100.0), step=es.Sgd(lr=1e-4))
    adaptive = {"model": es.AdaptiveLIF, "tau_adapt": 60e-3, "beta": 0.4, "adapt": (60e-3, 0.4)}
    assert disagreement(rule, (20e-3,), (20e-3,), tau_syn=tau_syn, **adaptive) < 1e-10


@pytest.mark.parametrize(
    ("behind", "error", "filters", "oracle"),
    [
        (es.double_exponential(5e-3, 10e-3), es.error() >> es.low_pass(20e-3), (5e-3, 10e-3), (20e-3,)),
        (None, es.error() >> es.hold(), (), "hold"),
        (None, es.error(), (), "pulse"),
    ],
)
def test_what_passes_an_adaptation_is_exact(behind, error, filters, oracle):
    """Two filters behind it, or none; errors that are filtered, that hold, and that are events."""
    chain = es.spike() >> es.psp() >> es.gate(es.FastSigmoid(beta=3.0, height=100.0)) >> es.adaptation()
    chain = chain >> behind if behind else chain
    rule = es.path("Adapting", chain >> es.gate(error) >> es.weight(es.Sgd(lr=1e-4)))()
    adaptive = {"model": es.AdaptiveLIF, "tau_adapt": 60e-3, "beta": 0.4, "adapt": (60e-3, 0.4)}
    assert disagreement(rule, filters, oracle, **adaptive) < 1e-10


def test_local_errors_are_exact():
    """Errors that last until the next message, and errors that are events."""
    fast = {"surrogate": es.FastSigmoid(beta=6.0), "step": es.Sgd(lr=3e-2)}
    assert disagreement(es.LocalError(**fast), (), "hold") < 1e-10
    assert disagreement(es.ErrorTriggered(**fast), (), "pulse") < 1e-10


def test_a_path_of_ones_own_is_exact():
    """Without the neuron's own psp in it; also where the neuron is faster than every filter of the path."""
    assert disagreement(Twice(surrogate=es.Exponential(beta=3.0)), (20e-3,), "pulse", trace=8e-3) < 1e-10
    slow = Twice(tau_trace=30e-3, surrogate=es.Exponential(beta=3.0))
    fast = {"tau_syn": 1e-3, "rate": 80.0, "v_threshold": 0.4}
    assert disagreement(slow, (20e-3,), "pulse", trace=30e-3, **fast) < 1e-10


def test_ten_neurons_with_a_hundred_synapses():
    """The size of the claim; weights that change by much on the way."""
    rule = es.SuperSpike(surrogate=es.FastSigmoid(beta=10.0), step=es.Sgd(lr=0.5))
    assert disagreement(rule, (5e-3, 10e-3), (5e-3, 10e-3), n=10, m=10, duration=0.25) < 1e-8


def test_the_quadrature_has_order_ten():
    """Polynomials of degree 9 are integrated exactly, one of degree 10 nearly; up to each point, degree 4."""
    points = np.array(gauss.NODES)
    off = [abs(np.dot(gauss.WEIGHTS, points**k) * (k + 1) - 1.0) for k in range(11)]
    assert max(off[:10]) < 1e-15
    assert 1e-6 < off[10] < 2e-5
    for k in range(5):
        np.testing.assert_allclose(np.array(gauss.UP_TO) @ points**k, points ** (k + 1) / (k + 1), atol=1e-16)
    to_next = [gauss.DISTANCES[gap] for gap in gauss.GAPS]
    np.testing.assert_allclose(np.cumsum([gauss.DISTANCES["first"], *to_next]), points, atol=1e-16)


@pytest.mark.parametrize("tau_syn", [1e-3, 60e-3])
def test_a_step_of_any_length_is_closed_where_nothing_passes(tau_syn):
    """A neuron outside a compact window: after seconds, and when an error comes much later."""
    rule = es.SuperSpike(surrogate=es.Boxcar(beta=3.0), step=es.Sgd(lr=1.0))

    def learned(panel, rule):
        net = es.Network(seed=1)
        x = net.add(es.SpikeTrain([0.0, 0.012, 3.0]))
        y = net.add(es.LIF(**{**LIF, "tau_syn": tau_syn}))
        plastic = net.connect(x, y, rule.__class__(surrogate=rule.surrogate, step=rule.step, panel=panel), weight=1.6)
        strong = net.add(es.SpikeTrain([0.004]))
        net.connect(strong, y, weight=9.0)
        lesson = {"times": [0.006, 0.03, 2.0], "values": [1.0, -2.0, 1.0], "targets": [0, 0, 0]}
        net.connect(net.add(tell, **lesson), y, port="error", delay=1e-3)
        return float(net.run(3.1).weights(plastic)[0]) - 1.6

    coarse, fine = learned(0.15, rule), learned(0.01, rule)
    assert abs(coarse) > 1e-6
    assert coarse == pytest.approx(fine, rel=1e-11)


def test_the_error_falls_with_the_tenth_power_of_the_stretch():
    """The order of the quadrature, by halving `panel`; the finest stands for the truth."""

    def gradients(panel):
        """What is due at every synapse, before anything has been learned."""
        rule = es.SuperSpike(surrogate=es.FastSigmoid(beta=40.0), panel=panel, when="apply")
        net, _, plastic = network(rule, rate=10.0)
        net.run(0.4)
        state = net.synapse_state(plastic)
        last = [state[f"post.p_4_{j}"][net.edges(plastic)[1]] * state[f"syn.y_{j}"] for j in range(4)]
        return sum(last) + state["syn.y_4"]

    truth = gradients(0.03)
    errors = [np.abs(gradients(panel) - truth).max() for panel in (0.4, 0.2)]
    assert errors[1] > 0.0
    assert 8.5 < math.log2(errors[0] / errors[1]) < 12.0


SHAPES = {
    "SuperSpike": (es.SuperSpike, {"surrogate": es.FastSigmoid(beta=5.0), "rate_cost": 0.1, "step": es.RMax(lr=0.01)}),
    "Twice": (Twice, {"surrogate": es.Exponential(beta=3.0), "when": "apply"}),
}


def lively(engine, name, seed=3):
    """A network in which paths are used for everything: recurrence, resets, `apply`, errors passed back."""
    kind, options = SHAPES[name]
    net, y, _ = network(kind(**options), engine, n=8, m=3, seed=seed, duration=2.0)
    if name == "Twice":  # two rules at one neuron
        net.connect(y, y, kind(**options), weight=0.2, delay=es.uniform(1e-3, 4e-3))
    out = net.add(es.LIF(**LIF), 2, name="out")
    back = {"feedback": "symmetric", "record": ["weights"]}
    net.connect(y, out, kind(**options, errors="return"), weight=0.9, delay=1e-3, **back)
    net.connect(net.add(tell, times=[0.3, 0.8, 1.4], values=[1.0, -1.0, 2.0], targets=[0, 1, 0]), out, port="error")
    for port, every in (("reset", 0.37), ("apply", 0.23)):
        net.connect(net.add(clock, name=port, port=port, every=every), y, port=port, delay=1e-3)
    return net


def clock(cell, port, every):
    """Sends a message of a port over and over."""
    while True:
        yield cell.until(cell.state.get("k", 1) * every)
        cell.send(port, 1.0)
        cell.state["k"] = cell.state.get("k", 1) + 1


@pytest.mark.parametrize("name", ["SuperSpike", pytest.param("Twice", marks=pytest.mark.slow)])
def test_same_bits_on_both_engines(name, tmp_path):
    """And when runs are split, saved and loaded between, on either."""
    whole = lively("reference", name).run(2.0)
    compiled = lively("compiled", name).run(0.7).run(1.3)
    assert networks.differences(networks.outcome(whole), networks.outcome(compiled)) == []
    parts = lively("compiled", name).run(0.9)
    parts.save(tmp_path / "part")
    loaded = es.Network.load(tmp_path / "part", engine="reference").run(1.1)
    assert networks.moving(loaded) == networks.moving(whole)
    w = loaded.synapse_state(loaded.description.projections[0])
    assert w["post.age"].max() < 0.2  # epochs have turned


@pytest.mark.parametrize("adaptive", [False, True])
def test_an_error_leaves_the_same_bits_at_any_neuron(adaptive, plain_python):
    """A neuron that an error or `apply` found between two spikes fires at the same instant on both engines."""

    def run(engine):
        rule, model = (es.AdaptiveEProp, es.AdaptiveLIF) if adaptive else (es.EProp, es.LIF)
        net, y, _ = network(rule(step=es.Sgd(lr=0.1)), engine, m=3, model=model, duration=1.0, rate=80.0)
        y.record = ("spikes", "state")
        for port, every in (("reset", 0.31), ("apply", 0.023)):
            net.connect(net.add(clock, name=port, port=port, every=every), y, port=port, delay=1e-3)
        return net.run(1.0)

    a, b = run("reference"), run("compiled")
    assert networks.differences(networks.outcome(a), networks.outcome(b)) == []
    assert networks.moving(a) == networks.moving(b)
    y = a.description.populations[1]
    assert len(a.spikes(y)) > 20
    times, other = np.linspace(0.0, 0.999, 500), b.description.populations[1]
    for index in range(3):
        one, two = a.state(y, index, times), b.state(other, index, times)
        assert [name for name in one if one[name].tobytes() != two[name].tobytes()] == []


def test_looking_changes_nothing():
    """Reading weights and states on the way, and stopping, leaves every bit as it was."""
    net, other = lively("reference", "SuperSpike"), lively("reference", "SuperSpike").run(2.0)
    for k in range(1, 41):
        net.run(until=k / 20)
        net.synapse_state(net.description.projections[0])
    assert networks.differences(networks.outcome(net), networks.outcome(other)) == []


@pytest.mark.slow
def test_hours_lose_nothing():
    """A synapse that is silent for hours, while others turn thousands of epochs, finds all that it is due."""

    def learned(busy, wait):
        rule = es.SuperSpike(surrogate=es.Boxcar(beta=0.5), step=es.Sgd(lr=1.0))
        net = es.Network(seed=1, engine="compiled")
        first = net.add(es.SpikeTrain([[0.0, 0.011, wait], [0.004, wait]]), 2)
        others = net.add(es.Poisson(rate=20.0, start=2.0, stop=max(2.0, busy)), 3)
        y = net.add(es.LIF(**LIF, v_leak=0.0), 1)
        plastic = net.connect(first, y, rule, weight=0.3, delay=1e-3)
        more = net.connect(others, y, rule, weight=0.1, delay=1e-3)
        net.connect(net.add(tell, times=[0.005, 0.02], values=[1.0, -2.0], targets=[0, 0]), y, port="error")
        net.run(wait + 0.01)
        return net.weights(plastic) - 0.3, net.synapse_state(more)["epoch.users"]

    short, _ = learned(0.0, 1.5)
    long, users = learned(3600.0, 7200.0)
    assert np.abs(short).min() > 1e-6
    np.testing.assert_allclose(long, short, rtol=1e-12)
    assert len(users) == 4  # never more records than synapses, and one
    assert users.sum() == 3


def work(net, projection=0):
    """How often each handler of a measured network has run, and how many operations it took."""
    handlers = net.report().to_dict()["projections"][projection]["operations"]
    return {name: (h["runs"], sum(h["done"][kind] for kind in OPERATIONS)) for name, h in handlers.items()}


def test_silence_costs_nothing():
    """No event, no work; and an event after an hour costs no more than one after a second."""
    net = es.Network(seed=1)
    x = net.add(es.SpikeTrain([0.0, 1.0, 3601.0]))
    y = net.add(es.LIF(**LIF), 50)
    net.connect(x, y, es.SuperSpike(), weight=0.1, delay=1e-3)
    net.measure().run(0.5)
    begun, first = work(net)["flow"]
    net.run(until=1.01)
    second = work(net)["flow"]
    net.run(until=3600.0)
    assert work(net)["flow"] == second == (begun + 50, second[1])
    net.run(until=3602.0)
    assert work(net)["flow"][1] - second[1] == second[1] - first > 0


def test_errors_visit_no_synapse():
    """A synapse is touched by its own spikes and by `apply`, and by nothing else."""
    rule = es.SuperSpike(surrogate=es.FastSigmoid(beta=5.0))
    net, y, plastic = network(rule, n=8, m=3, duration=1.0)
    net.connect(net.add(clock, port="apply", every=0.4), y, port="apply")
    net.measure().run(1.0)
    arrived = net.synapse_state(plastic)["messages"]
    runs = {name: n for name, (n, _) in work(net).items()}
    assert runs["at_error"] > 10
    assert runs["on_error"] == 0
    assert runs["on_pre"] == arrived > 100
    assert runs["on_apply"] == 2 * 24
    assert 0 < runs["follow"] <= runs["on_pre"] + runs["on_apply"]


def test_reset_ends_what_was_on_its_way():
    """After a reset nothing of earlier spikes is learned, and what was due before is kept."""

    def learned(reset, error):
        net = es.Network(seed=1)
        x = net.add(es.SpikeTrain([0.0, 0.5]))
        y = net.add(es.LIF(**LIF))
        plastic = net.connect(x, y, es.ErrorTriggered(step=es.Sgd(lr=1.0)), weight=0.3, delay=1e-3)
        net.connect(net.add(tell, times=error, values=[1.0] * len(error), targets=[0] * len(error)), y, port="error")
        net.connect(net.add(tell_reset, at=reset), y, port="reset")
        return float(net.run(0.6).weights(plastic)[0])

    assert learned(0.006, [0.005]) == learned(0.1, [0.005]) != 0.3
    assert learned(0.006, [0.007]) == 0.3 != learned(0.1, [0.007])


def tell_reset(cell, at):
    """One reset."""
    yield cell.until(at)
    cell.send("reset")


def test_memory_is_counted_by_stages():
    """A word per mode and the weight, and where the synapse stands."""
    assert es.memory(es.SuperSpike)["synapse"] == 1 + 5 + 1 + 1  # weight, modes, cost of the rate, epoch
    assert es.memory(es.LocalError)["synapse"] == 1 + 3 + 1
    assert es.memory(es.PairSTDP) == {"synapse": 3, "neuron": 2, "epoch": 0}


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        (lambda: es.psp() >> es.weight(es.Sgd()), r"must begin with spike\(\) and end with weight"),
        (lambda: es.spike() >> es.psp() >> es.weight(es.Sgd()), r"has no gate\(error\(\)\)"),
        (lambda: es.spike() >> es.gate(es.error()) >> es.weight(es.Sgd()), "needs a psp"),
        (
            lambda: es.spike() >> es.low_pass(1.0) >> es.psp() >> es.gate(es.error()) >> es.weight(es.Sgd()),
            "right after",
        ),
        (
            lambda: es.spike() >> es.psp() >> es.gate(es.error()) >> es.low_pass(1.0) >> es.weight(es.Sgd()),
            "comes last",
        ),
        (
            lambda: (
                es.spike()
                >> es.psp()
                >> es.gate(es.Triangular())
                >> es.adaptation()
                >> es.low_pass(1.0, "a")
                >> es.double_exponential(1.0, 2.0)
                >> es.gate(es.error())
                >> es.weight(es.Sgd())
            ),
            "at most two filters",
        ),
        (lambda: es.spike() >> es.low_pass(1.0) >> es.low_pass(2.0) >> es.weight(es.Sgd()), "give one another name"),
        (lambda: es.spike() >> 3, "goes on with a stage"),
        (lambda: es.spike() >> es.gate(es.Sgd()), "a gate is a surrogate"),
        (lambda: es.weight(es.Boxcar()), "give a step size"),
    ],
)
def test_what_is_no_path_is_refused(chain, says):
    """With the path and the remedy."""
    with pytest.raises(es.NetworkError, match=says):
        es.path("Wrong", chain())


def test_parameters_are_checked():
    """Named with their values."""
    for wrong in ({"tau_rise": 0.0}, {"panel": 0.5}, {"when": "now"}, {"w_min": 2.0, "w_max": 1.0}, {"errors": "go"}):
        with pytest.raises(es.NetworkError, match=next(iter(wrong))):
            es.SuperSpike(**wrong)
    net = es.Network()
    net.connect(net.add(es.Poisson(rate=1.0)), net.add(es.IF()), es.SuperSpike(), delay=1e-3)
    with pytest.raises(es.NetworkError, match="course"):
        net.run(0.1)


def test_the_made_class_is_an_ordinary_one():
    """It can be read, and made to fit by its parameters."""
    assert "class Twice(Path):" in Twice.text
    assert "def on_pre(self, syn, post, msg):" in Twice.text
    assert Twice.__module__ == __name__
    assert repr(Twice(tau_filter=0.03)) == "Twice(tau_filter=0.03)"
    assert issubclass(Twice, paths.Path)
