"""What signal paths are made with and used for: surrogates, the van Rossum loss, a target train, pictures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.signal_path import SURROGATES

import eventsnn as es

KINDS = [es.FastSigmoid, es.Sigmoid, es.Exponential, es.Quadratic, es.Triangular, es.Boxcar, es.Surrogate]
voltages = st.floats(-3.0, 3.0)


@given(x=voltages, beta=st.floats(0.1, 50.0), kind=st.sampled_from(KINDS))
def test_surrogates_are_their_formulas(x, beta, kind):
    """Times their height."""
    wanted = 2.5 * SURROGATES[kind.__name__](x, beta)
    assert kind(beta=beta, height=2.5).at(x) == pytest.approx(float(wanted), rel=1e-12, abs=1e-300)
    assert kind(beta=beta).reach(x) > 0.0


@given(x=voltages, y=voltages, beta=st.floats(0.1, 50.0), kind=st.sampled_from(KINDS))
def test_kinks_are_met_in_order(x, y, beta, kind):
    """From x to y, every kink between them once, each strictly on the way."""
    surrogate, found, at = kind(beta=beta), [], x
    while (level := surrogate.edge(at, y)) != y:
        found.append(level)
        at = level
    centre, edges = kind.kinks
    kinks = [-1 / beta] * edges + [0.0] * centre + [1 / beta] * edges
    wanted = [k for k in kinks if min(x, y) < k < max(x, y)]
    assert found == (wanted if x < y else wanted[::-1])


@given(x=voltages, beta=st.floats(0.1, 50.0), kind=st.sampled_from(KINDS), further=st.floats(0.0, 3.0))
def test_what_is_said_to_be_absent_is(x, beta, kind, further):
    """Where a surrogate says that it is 0 from here down, it is; and compact ones say so below their window."""
    surrogate = kind(beta=beta)
    if surrogate.absent_below(x) > 0.0:
        assert surrogate.at(x - further) == 0.0
    assert surrogate.absent_below(-1.01 / beta) == float(kind in (es.Quadratic, es.Triangular, es.Boxcar))


@pytest.mark.parametrize("kind", KINDS)
def test_a_surrogate_is_smooth_between_its_kinks(kind):
    """Over a tenth of its reach a cubic through four points meets it to 0.1 %, wherever no kink lies between."""
    surrogate = kind(beta=4.0)
    for x in np.linspace(-1.0, 1.0, 41):
        h = min(0.1 * surrogate.reach(x), 0.02)
        if surrogate.edge(x, x + h) != x + h:
            continue
        points = x + h * np.array([1.0, 2.0, 3.0, 4.0]) / 5.0
        middle = x + h / 2.0
        cubic = np.polyval(np.polyfit(points - x, [surrogate.at(p) for p in points], 3), h / 2.0)
        assert cubic == pytest.approx(surrogate.at(middle), rel=1e-3, abs=1e-9)


def test_surrogates_refuse_what_cannot_be():
    """A steepness of 0 and a height that is no number."""
    with pytest.raises(es.NetworkError, match="beta"):
        es.Boxcar(beta=0.0)
    with pytest.raises(es.NetworkError, match="height"):
        es.Sigmoid(height=math.inf)


@given(
    a=st.lists(st.floats(0.0, 0.1), max_size=4),
    b=st.lists(st.floats(0.0, 0.1), max_size=4),
    rise=st.floats(1e-3, 8e-3),
)
def test_van_rossum_is_its_integral(a, b, rise):
    """The closed form against the filtered trains on a fine grid."""
    decay = 10e-3
    t = np.arange(0.0, 0.4, 2e-5) + 1e-5
    f = np.zeros_like(t)
    for times, sign in ((a, 1.0), (b, -1.0)):
        for s in times:
            u = np.maximum(t - s, 0.0)
            f += sign * (np.exp(-u / decay) - np.exp(-u / rise)) / (decay - rise)
    wanted = 0.5 * float(np.sum(f * f)) * 2e-5
    assert es.van_rossum(a, b, rise, decay) == pytest.approx(wanted, rel=2e-3, abs=1e-3)


def clock(cell, period):
    """Says when to learn."""
    while True:
        yield cell.wait(period)
        cell.send("apply")


def test_wrong_spikes_are_counted():
    """Far from all others each is one; the mean over outputs, per second."""
    trains, targets = [[0.2, 0.5], [], [1.0]], [[0.5, 1.9], [0.3], [1.0]]
    assert es.wrong_spike_rate(trains, targets, 2.0) == pytest.approx((2 + 1 + 0) / 3 / 2.0, rel=1e-9)
    assert es.wrong_spike_rate([[0.5]], [[0.501]], 1.0) < 0.1
    for bad in (([[0.1]], [], 1.0), ([], [], 1.0), ([[0.1]], [[0.1]], 0.0)):
        with pytest.raises(es.NetworkError, match="wrong_spike_rate got"):
            es.wrong_spike_rate(*bad)


def test_superspike_learns_a_target_train():
    """One neuron, frozen inputs, four wanted spikes: the van Rossum loss falls by a third and more."""
    rng, period, epochs = np.random.default_rng(0), 0.5, 60
    inputs = [np.sort(rng.uniform(0.0, period, 4)) for _ in range(40)]
    target = [0.1, 0.22, 0.35, 0.43]
    net = es.Network(seed=2)
    x = net.add(es.SpikeTrain([np.concatenate([k * period + t for k in range(epochs)]) for t in inputs]), 40)
    y = net.add(es.LIF(tau_mem=10e-3, tau_syn=5e-3, t_refractory=5e-3))
    rule = es.SuperSpike(step=es.RMax(lr=0.02), when="apply")
    net.connect(x, y, rule, weight=es.normal(0.3, 0.2), delay=1e-3)
    net.teach(y, es.TargetTrains([target], period=period), delay=1e-4)
    net.connect(net.add(clock, period=period), y, port="apply")
    t = net.run(epochs * period).spikes(y).t
    losses = [es.van_rossum(t[(t >= k * period) & (t < (k + 1) * period)] - k * period, target) for k in range(epochs)]
    assert np.mean(losses[-10:]) < 0.67 * np.mean(losses[:3])


def test_a_high_rate_costs():
    """The penalty alone lowers weights by w z^4, summed over time, exactly."""
    net = es.Network(seed=1)
    x = net.add(es.SpikeTrain([[0.0, 0.3]]))
    y = net.add(es.LIF(tau_mem=10e-3, tau_syn=5e-3))
    drive = net.add(es.SpikeTrain([[0.05, 0.1]]))
    rule = es.SuperSpike(rate_cost=2.0, step=es.Sgd(lr=0.1))
    plastic = net.connect(x, y, rule, weight=0.01, delay=1e-3)
    net.connect(drive, y, weight=9.0)
    net.run(0.4)
    s = net.spikes(y).t
    assert len(s) >= 2
    z4, z, last = 0.0, 0.0, 0.0
    for t in [*s, 0.301]:
        z4 += z**4 * 0.1 / 4 * (1 - math.exp(-4 * (t - last) / 0.1))
        z, last = z * math.exp(-(t - last) / 0.1) + 1.0, t
    assert net.weights(plastic)[0] == pytest.approx(0.01 - 0.1 * 2.0 * 0.01 * z4, rel=1e-12)


def test_a_target_train_is_checked():
    """Times within the period, and an output for every train."""
    with pytest.raises(es.NetworkError, match="below the"):
        es.TargetTrains([[0.3]], period=0.2)
    net = es.Network()
    y = net.add(es.LIF(), 2)
    net.connect(net.add(es.SpikeTrain([0.0])), y, weight=9.0)
    net.teach(y, es.TargetTrains([[0.1]]))
    with pytest.raises(es.EngineError, match="one per output"):
        net.run(0.2)


@pytest.mark.parametrize("rule", [es.SuperSpike, es.EProp, es.AdaptiveEProp, es.LocalError, es.ErrorTriggered])
def test_every_path_is_drawn_with_its_words(rule):
    """Of the rule as of its class: as many words of memory as its stages and what is due have."""
    for drawn in (rule, rule()):
        shown = [t.get_text() for t in es.plot.path(drawn).texts]
        words = sum(int(text.split()[0]) for text in shown if text.endswith(("word", "words")))
        assert words == len(rule.circuit.modes) + 1  # and the weight


def test_pictures():
    """Every stage is in the diagram, and every surrogate is 1 at threshold."""
    texts = {t.get_text().split("\n")[0] for t in es.plot.path(es.SuperSpike(surrogate=es.Boxcar())).texts}
    assert {"spike", "psp", "Boxcar", "double", "error", "weight"} <= texts
    lines = es.plot.surrogates(*(kind(beta=3.0, height=0.3) for kind in KINDS)).lines[1:]
    assert [float(np.interp(0.0, line.get_xdata(), line.get_ydata())) for line in lines] == [1.0] * len(KINDS)
    for call in (lambda: es.plot.path(es.PairSTDP()), lambda: es.plot.surrogates(), lambda: es.plot.surrogates(3)):
        with pytest.raises(es.NetworkError, match="plot"):
            call()
