"""Feedback weights estimated by correlation: they find the forward weights, on both engines."""

import numpy as np
import pytest
from networks import differences, outcome

import eventsnn as es

LENGTH = 10.0  # of a trial [s]
LEAKY = es.LIF(tau_mem=1.0, tau_syn=0.5, t_refractory=np.inf, v_threshold=0.2)


def trial_by_trial(cell):
    """A reset and a label at the begin of every trial."""
    while True:
        n = cell.state.setdefault("n", 0)
        yield cell.until(LENGTH * n)
        cell.send("reset")
        cell.send("label", 0.0)
        cell.state["n"] = n + 1


def one_layer(trials, lr=0.0, rate=0.1, engine="reference", model=None):
    """Eight inputs at other times in every trial, two outputs, feedback to relays."""
    net = es.Network(seed=2, engine=engine)
    rng = np.random.default_rng(5)
    times = rng.uniform(0.1, 1.5, (trials, 8)) + LENGTH * np.arange(trials)[:, None]
    x = net.add(es.SpikeTrain(list(times.T)), name="x")
    h, y = net.add(es.Axon(), 8, name="h"), net.add(model or es.IF(), 2, name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=lr), mirror=es.Correlation(rate=rate), clip=es.Clip(slope=1e-9))
    net.connect(x, h, pattern=es.one_to_one(), delay=0.01)
    weight = np.random.default_rng(3).uniform(-0.2, 0.9, (8, 2))
    net.connect(h, y, rule, weight=weight, feedback="learned", feedback_weight=0.0, name="hy")
    clock, teacher = net.add(trial_by_trial, name="clock"), net.teach(y, es.TargetTimes([[2.0, 2.5]]))
    net.connect(clock, y, port="reset")
    net.connect(clock, teacher, port="label")
    return net.run(LENGTH * trials), times


def test_estimates_find_the_forward_weights():
    few, many = one_layer(3)[0], one_layer(700, rate=0.05)[0]
    assert few.feedback_angle(few.projection("hy")) > 40.0
    assert many.feedback_angle(many.projection("hy")) < 15.0
    w, back = many.weights(many.projection("hy")), many.feedback_weights(many.projection("hy"))
    assert np.polyfit(w, back, 1)[0] == pytest.approx(1.0, abs=0.15)  # their size, too, not only their direction


def test_estimates_follow_their_formula():
    """Signs are Lehmer's numbers; what arrived after the spike is not probed."""
    trials, rate, modulus = 6, 0.1, 2**31 - 1
    net, times = one_layer(trials, rate=rate)
    w = net.matrix(net.projection("hy"))
    fired = net.spikes(net.population("y"))
    back = np.zeros((8, 2))
    draws = np.array([[pow(48271, k + 1, modulus)] * 2 for k in range(8)], dtype=object)
    for n in range(trials):
        draws = draws * 16807 % modulus
        for j in range(2):
            t = fired.t[(fired.i == j) & (fired.t // LENGTH == n)]
            u = t[0] - times[n] - 0.01
            slope = np.where(u >= 0.0, np.exp(-np.maximum(u, 0.0)), 0.0)
            probed = np.where(draws[:, j] < 2**30, slope, -slope)
            gap = probed @ w[:, j] - back[:, j] * probed
            back[:, j] += np.where(u >= 0.0, rate * probed * gap / (slope**2).sum(), 0.0)
    assert np.abs(back).max() > 0.05
    found = net.feedback_weights(net.projection("hy")).reshape(8, 2)
    assert found == pytest.approx(back, rel=1e-9, abs=1e-12)


def test_both_engines_give_the_same_bits(plain_python):
    nets = [one_layer(30, lr=0.01, engine=engine, model=LEAKY)[0] for engine in ("reference", "compiled")]
    assert np.ptp(nets[0].feedback_weights(nets[0].projection("hy"))) > 0.01
    assert differences(*(outcome(net) for net in nets)) == []


def test_it_is_refused_where_feedback_does_not_learn():
    net = es.Network()
    h, y = net.add(es.Axon(), 2), net.add(es.IF(), 2)
    net.connect(h, y, es.SpikeTimeGradient(mirror=es.Correlation()), feedback="symmetric")
    with pytest.raises(es.NetworkError, match='give feedback="learned"'):
        net.run(1.0)
