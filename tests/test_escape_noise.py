"""Escape noise: spikes have the distribution that their hazard says, and the rule is the gradient of the likelihood."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

import eventsnn as es

TAU = {"tau_mem": 10e-3, "tau_syn": 5e-3}


def integral(f, low, high, breaks=()):
    """Quadrature to 1e-12, between every two breaks."""
    ends = np.unique([low, high, *(b for b in breaks if low < b < high)])
    ends = np.unique(np.concatenate([np.linspace(a, b, 6) for a, b in pairwise(ends)]))
    return sum(quad(f, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in pairwise(ends))


def psp(u, tau_mem=10e-3, tau_syn=5e-3):
    """The textbook's."""
    if tau_syn == 0.0:
        return math.exp(-u / tau_mem) if u >= 0 else 0.0
    return tau_syn / (tau_mem - tau_syn) * (math.exp(-u / tau_mem) - math.exp(-u / tau_syn)) if u > 0 else 0.0


def driven(neuron, n=4, duration=1.5, engine="reference", record=("spikes",)):
    """15 Poisson inputs onto independent neurons."""
    net = es.Network(seed=5, engine=engine)
    x = net.add(es.Poisson(rate=30.0), 15, name="x")
    y = net.add(neuron, n, name="y", record=list(record))
    net.connect(x, y, weight=es.normal(0.45, 0.3), delay=1e-3)
    return net.run(duration), y


@pytest.mark.parametrize(("reset", "tau_syn"), [("subtract", 5e-3), ("to_value", 0.0)])
def test_rescaled_intervals_are_exponential(reset, tau_syn):
    """The hazard of an independently computed voltage, integrated from spike to spike, is a unit exponential."""
    net, y = driven(es.EscapeLIF(tau_mem=10e-3, tau_syn=tau_syn, reset=reset, delta_u=0.15))
    inputs, w, found = net.spikes(net.population("x")), net.matrix(net.projection("x->y")), []
    for k in range(y.size):
        own = net.spikes(y).spike_trains()[k]
        grid = np.sort(np.concatenate([np.arange(0.0, 1.5, 2e-4), inputs.t + 1e-3, own]))
        grid = np.unique(grid[grid < 1.5])
        v, i, total, last = 0.0, 0.0, 0.0, 0.0
        arrivals = {float(t) + 1e-3: float(w[j, k]) for t, j in zip(inputs.t, inputs.i, strict=True)}
        for a, b in pairwise(grid):  # the textbook propagator, Simpson's rule for the hazard
            i, v = (i + arrivals.get(a, 0.0), v) if tau_syn else (0.0, v + arrivals.get(a, 0.0))
            if a in own:
                found.append(total - last)
                last, v = total, v - 1.0 if reset == "subtract" else 0.0
            at = [v * math.exp(-u / 10e-3) + i * (psp(u) if tau_syn else 0.0) for u in (0.0, (b - a) / 2, b - a)]
            total += (b - a) / 6 * 100.0 * sum(c * math.exp((x - 1) / 0.15) for c, x in zip((1, 4, 1), at, strict=True))
            v, i = at[2], i * math.exp((a - b) / tau_syn) if tau_syn else 0.0
    assert len(found) > 120
    assert stats.kstest(found, "expon").pvalue > 0.05
    uniform = 1.0 - np.exp(-np.array(found))
    assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < 0.25  # and they are independent


def test_many_draws_are_exponential():
    """A constant hazard makes a Poisson source: 6,000 intervals, and counts of which mean and variance agree."""
    net = es.Network(seed=2)
    y = net.add(es.EscapeLIF(rate=50.0, reset_by="target"), 50, i_bias=1.0, v=1.0)
    s = net.run(2.4).spikes(y)
    intervals = np.concatenate([np.diff([0.0, *train]) for train in s.spike_trains().values()])
    assert len(s) == pytest.approx(6000, abs=4 * math.sqrt(6000))
    assert stats.kstest(50.0 * intervals, "expon").pvalue > 0.05
    counts = [len(train) for train in s.spike_trains().values()]
    assert np.var(counts, ddof=1) == pytest.approx(np.mean(counts), rel=0.6)


def test_noise_fades_into_the_threshold():
    """With little noise the first spikes are those of `LIF`, but for some tens of microseconds."""
    exact, y = driven(es.LIF(**TAU), duration=0.5)
    noisy, z = driven(es.EscapeLIF(delta_u=2e-3, rate=1e4, **TAU), duration=0.5)
    first = [(exact.spikes(y).spike_trains()[k][:1], noisy.spikes(z).spike_trains()[k][:1]) for k in range(4)]
    assert all(len(a) == len(b) for a, b in first)
    assert max(abs(float(a[0] - b[0])) for a, b in first if len(a)) < 1e-4


def test_draws_belong_to_the_neuron_alone():
    """The same neuron fires the same spikes, whoever else is in the network."""
    alone = es.Network(seed=4)
    a = alone.add(es.EscapeLIF(), 2, name="a", i_bias=0.9)
    more = es.Network(seed=4)
    more.add(es.EscapeLIF(), 5, name="others", i_bias=0.9)
    b = more.add(es.EscapeLIF(), 2, name="a", i_bias=0.9)
    assert np.array_equal(alone.run(2.0).spikes(a).t, more.run(2.0).spikes(b).t)
    assert len(alone.spikes(a)) > 20
    assert set(alone.spikes(a).t).isdisjoint(more.spikes(more.population("others")).t)


def clock(cell, at):
    """Learns once."""
    yield cell.until(at)
    cell.send("apply")


def taught(reset_by="target", tau_syn=5e-3, target=(0.02, 0.05, 0.081)):
    """Six inputs, a target train, and the gradient that was learned at the end."""
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0.0, 0.09, 3)) for _ in range(6)]
    net = es.Network(seed=3)
    x = net.add(es.SpikeTrain(trains))
    neuron = es.EscapeLIF(tau_mem=10e-3, tau_syn=tau_syn, delta_u=0.2, reset="subtract", reset_by=reset_by)
    y = net.add(neuron, name="y")
    surrogate = es.EscapeRate(beta=5.0, height=100.0)
    rule = es.EscapeGradient(surrogate=surrogate, step=es.Sgd(lr=1.0), when="apply")
    w = np.linspace(0.2, 1.2, 6)
    plastic = net.connect(x, y, rule, weight=w, delay=1e-3)
    net.teach(y, es.TargetTrains([list(target)]), delay=1e-3)
    net.connect(net.add(clock, at=0.0999), y, port="apply")
    net.run(0.1)
    return net, w - net.weights(plastic), w, [t + 1e-3 for t in trains], [t + 1e-3 for t in target]


def minus_log_likelihood(w, trains, target, tau_syn):
    """Of the target, by quadrature."""

    def excess(t):
        drive = sum(wj * psp(t - s, tau_syn=tau_syn) for wj, train in zip(w, trains, strict=True) for s in train)
        return drive - sum(math.exp(-(t - f) / 10e-3) for f in target if f < t) - 1.0

    breaks = [*target, *(s for train in trains for s in train)]
    hazard = integral(lambda t: 100.0 * math.exp(excess(t) / 0.2), 0.0, 0.0999, breaks)
    return hazard - sum(math.log(100.0) + excess(t) / 0.2 for t in target)


@pytest.mark.parametrize("tau_syn", [5e-3, 0.0])
def test_the_rule_is_the_gradient_of_the_likelihood(tau_syn):
    """Of every weight, against central differences of the likelihood itself, which is smooth."""
    net, gradient, w, trains, target = taught(tau_syn=tau_syn)
    assert len(net.spikes(net.population("y"))) > 0
    for k in (0, 3, 5):
        step = np.where(np.arange(6) == k, 1e-5, 0.0)
        up, down = (minus_log_likelihood(w + s * step, trains, target, tau_syn) for s in (1.0, -1.0))
        assert gradient[k] == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-6)


def test_own_spikes_change_the_gradient_only_without_forcing():
    """Forced, it does not matter what the neuron fired; otherwise it does."""
    forced, free = taught("target"), taught("own")
    assert not np.allclose(forced[1], free[1], rtol=0.02)
    other = taught("target")
    assert np.array_equal(forced[1], other[1])


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"rate": 0.0}, "EscapeLIF.rate is 0.0"),
        ({"delta_u": -1.0}, "EscapeLIF.delta_u is -1.0"),
        ({"t_refractory": 1e-3}, "t_refractory is 0.001; it must be 0"),
        ({"reset_by": "me"}, "reset_by is 'me'"),
    ],
)
def test_parameters_are_checked(parameters, says):
    """Named with their values."""
    with pytest.raises(es.NetworkError, match=says):
        es.EscapeLIF(**parameters)
