"""Gradients of every neuron equal the published closed forms, 50 digits, and an independent EventProp adjoint."""

import itertools
import math
from itertools import islice

import mpmath as mp
import numpy as np
import pytest
from oracles import adjoint
from plain import Leaky
from scipy.special import lambertw
from test_gradients import TARGET, by_edge, errors_back, first_spikes, network, usable, worst

import eventsnn as es

NO_CLIP = es.Clip(slope=1e-300)


def one_error(cell):
    yield cell.until(90.0)
    cell.send("error", 1.0)


def fire_once(model, times, weights):
    """First spike of a neuron, and its derivatives by weight and by arrival, from one error message of 1."""
    net = es.Network(guard=False)
    x, y = net.add(es.SpikeTrain([[t] for t in times])), net.add(model)
    delays = es.LearnedDelays(shortest=2.0**-20, longest=50.0)  # exact in binary, so that arrivals are, too
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.0), mode="accumulate", clip=NO_CLIP, delays=delays)
    xy = net.connect(x, y, rule, weight=weights, delay=2.0**-20)
    net.connect(net.add(one_error), y, port="error")
    net.run(91.0)
    t = net.spikes(y).t
    state = net.synapse_state(xy)
    return (float(t[0]) - 2.0**-20 if len(t) else math.inf), state["syn.gradient"], state["syn.delay_gradient"]


def draw(seed, n=5, strength=6.0):
    """Times that are exact in binary, and weights."""
    rng = np.random.default_rng([seed, 11])
    return np.floor(rng.uniform(0.0, 2.0, n) * 2**20) / 2**20, strength * rng.uniform(-0.3, 1.0, n) / math.sqrt(n)


def leaky(tau_mem, tau_syn):
    return es.LIF(tau_mem=tau_mem, tau_syn=tau_syn, t_refractory=math.inf)


MODELS = {
    "non-leaky": (lambda: es.IF(tau_syn=0.8), lambda u: 1 - mp.exp(-u / mp.mpf(0.8))),
    "equal": (lambda: leaky(0.75, 0.75), lambda u: u / mp.mpf(0.75) * mp.exp(-u / mp.mpf(0.75))),
    "two to one": (lambda: leaky(1.0, 0.5), lambda u: mp.exp(-u) - mp.exp(-2 * u)),
    "slow synapse": (
        lambda: leaky(0.5, 1.5),
        lambda u: mp.mpf(1.5) / (mp.mpf(1.5) - mp.mpf(0.5)) * (mp.exp(-u / mp.mpf(1.5)) - mp.exp(-u / mp.mpf(0.5))),
    ),
    "nearly equal": (
        lambda: leaky(1.0, 1.0 - 2.0**-30),
        lambda u: (1 - mp.mpf(2) ** -30) / mp.mpf(2) ** -30 * (mp.exp(-u) - mp.exp(-u / (1 - mp.mpf(2) ** -30))),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_times_and_gradients_equal_fifty_digits(name):
    make, psp = MODELS[name]
    checked = 0
    with mp.workdps(50):
        for seed in range(30):
            times, weights = draw(seed)
            t, by_weight, by_arrival = fire_once(make(), times, weights)
            if t == math.inf:
                continue
            inside = [i for i in range(len(times)) if times[i] < t]

            def first(w, at, t=t, inside=inside):
                return mp.findroot(lambda s: sum(w[i] * psp(s - at[i]) for i in inside) - 1, mp.mpf(t))

            w, at = [mp.mpf(float(x)) for x in weights], [mp.mpf(float(x)) for x in times]
            slope = mp.diff(lambda s, w=w, at=at, i=inside: sum(w[k] * psp(s - at[k]) for k in i), first(w, at))
            if slope < 0.05:
                continue
            assert abs(t - first(w, at)) < 1e-12
            step = mp.mpf(10) ** -18
            for i in range(len(times)):
                for array, found in ((w, by_weight), (at, by_arrival)):
                    moved = [[x + sign * step * (k == i) for k, x in enumerate(array)] for sign in (1, -1)]
                    up, down = (first(m, at) if array is w else first(w, m) for m in moved)
                    true = (up - down) / (2 * step) if i in inside else mp.mpf(0)
                    assert abs(found[i] - true) <= 1e-9 * max(1, abs(true))
            checked += 1
    assert checked >= 10


def test_the_alpha_synapse_is_the_leaky_neuron_with_equal_time_constants():
    """Comsa et al. 2020 (arXiv 1907.13223): V = sum w (t - t_i) exp(tau (t_i - t)), solved by Lambert's W."""
    tau, checked = 1.25, 0  # a rate, 1/s; a weight of ours is w/tau of theirs
    for seed in range(100, 160):
        times, weights = draw(seed, strength=8.0)
        t, by_weight, by_arrival = fire_once(leaky(1 / tau, 1 / tau), times, weights)
        if t == math.inf:
            continue
        i = times < t
        w, e = weights[i] * tau, np.exp(tau * times[i])
        a, b = (w * e).sum(), (w * times[i] * e).sum()
        branch = float(lambertw(-tau / a * math.exp(tau * b / a)).real)
        if 1.0 + branch < 0.05:
            continue
        assert t == pytest.approx(b / a - branch / tau, rel=1e-11)
        assert by_weight[i] / tau == pytest.approx(e * (times[i] - b / a + branch / tau) / (a * (1 + branch)), rel=1e-9)
        by_time = w * e * (tau * (times[i] - b / a) + branch + 1) / (a * (1 + branch))
        assert by_arrival[i] == pytest.approx(by_time, rel=1e-9, abs=1e-12)
        checked += 1
    assert checked > 25


def test_two_to_one_is_the_quadratic_closed_form():
    """Goeltz et al. 2021 (doi 10.1038/s42256-021-00388-x), equations for tau_mem = 2 tau_syn, g_l (threshold) = 1."""
    tau_mem, tau_syn, checked = 1.5, 0.75, 0
    for seed in range(200, 260):
        times, weights = draw(seed, strength=8.0)
        t, by_weight, by_arrival = fire_once(leaky(tau_mem, tau_syn), times, weights)
        if t == math.inf:
            continue
        i = times < t
        w, s, m = weights[i], np.exp(times[i] / tau_syn), np.exp(times[i] / tau_mem)
        a1, a2 = (w * s).sum(), (w * m).sum()
        x = math.sqrt(a2 * a2 - 4.0 * a1)
        if x < 0.05 * abs(a2):
            continue
        end = 2.0 * tau_syn * math.log(2.0 * a1 / (a2 + x))
        assert t == pytest.approx(end, rel=1e-11)
        common = 1.0 + math.exp(end / tau_mem) / x
        assert by_weight[i] == pytest.approx(tau_mem * (common * s / a1 - m / x), rel=1e-9, abs=1e-12)
        assert by_arrival[i] == pytest.approx(w * (2.0 * common * s / a1 - m / x), rel=1e-9, abs=1e-12)
        checked += 1
    assert checked > 25


def compare_with_adjoint(plain):
    """Relative errors of gradients by weight and by delay against EventProp, at the network's own spike times."""
    net, layers, projections = network(plain)
    net.record_messages()
    net.run(200.0)
    times = [first_spikes(net, layer) for layer in layers]
    model = plain.model
    M = adjoint.leaky(model.tau_mem, model.tau_syn) if isinstance(model, Leaky) else adjoint.integrate_fire(model.tau)
    by_weight, by_delay = adjoint.gradients(M, times, plain.weights, plain.delays, times[-1] - TARGET)
    weight = worst([by_edge(net, p, "syn.gradient") for p in projections], by_weight)
    back = [errors_back(net, layers, k) for k in range(1, len(projections))]
    return weight, worst(back, by_delay[1:]) if back and np.abs(by_delay[1]).max() > 0 else 0.0


RATIOS = [None, (1.0, 0.3), (0.4, 1.1), (1.0, 1.0), (1.0, 0.5), (1.0, 0.97)]


def drawn(seeds, ratio):
    how = {} if ratio is None else {"model": Leaky(*ratio), "strength": 7.0, "most": 3}
    return usable(seeds, **how)


@pytest.mark.parametrize(("ratio", "count"), [(None, 100), *((ratio, 20) for ratio in RATIOS[1:])], ids=str)
def test_gradients_equal_an_eventprop_adjoint(ratio, count):
    errors = [compare_with_adjoint(plain) for plain in islice(drawn(itertools.count(3000), ratio), count)]
    assert np.max(errors) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_gradients_equal_an_eventprop_adjoint_in_ten_thousand_networks(ratio):
    errors = [compare_with_adjoint(plain) for plain in islice(drawn(itertools.count(10_000), ratio), 1667)]
    assert np.max(errors) < 1e-9
