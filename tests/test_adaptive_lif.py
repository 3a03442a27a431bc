"""The adaptive neuron against 50 digits: spike times, states, crossings that graze, and its two simpler relatives."""

import math
from types import SimpleNamespace

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.adaptive import Oracle, solve

import eventsnn as es
from eventsnn.neurons import AdaptiveLIF


def run(model, inputs, until, engine="reference", bias=0.0, **initial):
    """One neuron with inputs (time, weight)."""
    net = es.Network(engine=engine)
    y = net.add(model, name="y", record=["spikes", "state"], i_bias=bias, **initial)
    trains = net.add(es.SpikeTrain([[t] for t, _ in inputs]), name="x")
    net.connect(trains, y, weight=[[w] for _, w in inputs])
    return net.run(until)


def inputs_of(seed, n, until, strength):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0.0, until, n))
    return [(float(t), float(w)) for t, w in zip(times, strength * rng.normal(0.5, 1.0, n), strict=True)]


CASES = [
    {},
    {"tau_syn": 0.0, "reset": "subtract"},
    {"tau_syn": 20e-3, "beta": 0.5},  # equal to the membrane
    {"tau_syn": 19.9e-3, "tau_adapt": 20e-3, "reset": "subtract"},
    {"tau_syn": 30e-3, "tau_adapt": 5e-3, "beta": 1.5},
    {"tau_syn": 30e-3, "tau_adapt": 30e-3, "t_refractory": 3e-3},
    {"tau_adapt": 2e-3, "beta": 3.0, "t_refractory": 1e-3},
    {"beta": -0.01, "v_reset": -0.5},
]


@pytest.mark.parametrize("k", range(len(CASES)))
@pytest.mark.parametrize("bias", [0.0, 1.4])
def test_spike_times_and_states_at_fifty_digits(k, bias):
    case = CASES[k]
    strength = {0.0: 0.6}.get(case.get("tau_syn"), 3.0)
    inputs = inputs_of(k, 40, 0.3, strength)
    net = run(AdaptiveLIF(**case), inputs, 0.3, bias=bias)
    oracle = Oracle(bias=bias, **case)
    found = oracle.simulate(inputs, 0.3)
    times = net.spikes(net.population("y")).t
    assert found.missed > 1e-10  # so that float64 can tell
    assert len(times) == len(found.times) > 3
    assert max(abs(float(mp.mpf(a) - b)) for a, b in zip(times, found.times, strict=True)) < 1e-13
    after = [s for s, then in zip(found.states, [*found.states[1:], (mp.inf,)], strict=True) if then[0] - s[0] > 2e-7]
    after = [s for s in after if s[0] > 0]
    ask = [t for t, *_ in after]
    state = net.state(net.population("y"), 0, [float(t) + 1e-7 for t in ask])
    for n, (t, v, i, a, release) in enumerate(after):
        u = mp.mpf(float(t) + 1e-7) - t
        want_v, want_i, want_a = oracle.move(v, i, a, u)
        want_v = v if release > t + u else want_v
        for name, want in (("v", want_v), ("i", want_i), ("a", want_a)):
            assert abs(state[name][n] - float(want)) < 1e-11
        assert state["threshold"][n] == 1.0 + case.get("beta", 0.2) * state["a"][n]


def crossing(model, v, i, a, v_inf=0.0):
    """What the model says, from a state."""
    cell = SimpleNamespace(v=v, i=i, i_bias=v_inf, left=0.0)
    return model.wait(cell, model.beta * a)


def peak(oracle, i, a):
    """Where the voltage comes nearest to the threshold, from rest with current i and adaptation a; and how near."""
    state = (mp.mpf(0), mp.mpf(i), mp.mpf(a))
    top = solve(lambda u: oracle.slope(*state, u), oracle.tau_syn / 4, mp.mpf("0.06"))
    return top, oracle.excess(*state, top)


@pytest.mark.parametrize("tau_syn", [5e-3, 20e-3, 50e-3])
@pytest.mark.parametrize("a", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("miss", [1e-3, 1e-6, 1e-9, 1e-12, 1e-14])
def test_crossings_that_graze(tau_syn, a, miss):
    """A current a little stronger or weaker than the one that just touches the threshold."""
    model = AdaptiveLIF(tau_syn=tau_syn, tau_adapt=0.06, beta=0.4)
    oracle = Oracle(tau_syn=tau_syn, tau_adapt=0.06, beta=0.4)
    just = mp.findroot(lambda i: peak(oracle, i, a)[1], (3, 12), solver="anderson", tol=1e-80, verify=False)
    below, above = float(just * (1 - mp.mpf(miss))), float(just * (1 + mp.mpf(miss)))
    assert crossing(model, 0.0, below, a) == math.inf
    found = crossing(model, 0.0, above, a)
    state = (mp.mpf(0), mp.mpf(above), mp.mpf(a))
    exact = solve(lambda u: oracle.excess(*state, u), mp.mpf(0), peak(oracle, above, a)[0])
    steep = float(oracle.slope(*state, exact))
    assert abs(found - float(exact)) < 2e-15 / steep + 1e-16  # as near as the rounding of a voltage allows


@settings(max_examples=150, deadline=None)
@given(
    st.floats(-1.0, 1.5), st.floats(-30.0, 30.0), st.floats(0.0, 8.0), st.floats(-0.5, 1.5),
    st.sampled_from([0.0, 2e-3, 19.5e-3, 20e-3, 60e-3]), st.sampled_from([1e-3, 20e-3, 0.1, 1.0]),
)  # fmt: skip
def test_no_crossing_is_missed_and_none_is_late(v, i, a, v_inf, tau_syn, tau_adapt):
    """From any state: the voltage stays below the threshold up to the time found, and is there then."""
    model = AdaptiveLIF(tau_syn=tau_syn, tau_adapt=tau_adapt, beta=0.3)
    i = i if tau_syn else 0.0
    found = crossing(model, v, i, a, v_inf)
    end = min(found, 3.0)
    grid = np.unique(np.concatenate([np.geomspace(1e-7, max(end, 1e-6), 400), np.linspace(0, end, 400)]))
    grid = grid[grid < end * (1 - 1e-9)]
    em, slow = np.exp(-grid / 20e-3), np.exp(-grid / tau_adapt)
    psp = np.zeros_like(grid)
    if tau_syn == 20e-3:
        psp = grid / 20e-3 * em
    elif tau_syn:
        psp = tau_syn / (20e-3 - tau_syn) * (em - np.exp(-grid / tau_syn))
    assert np.all(v_inf + (v - v_inf) * em + i * psp < 1.0 + 0.3 * a * slow + 1e-12)
    if 0.0 < found < math.inf:
        assert abs(float(Oracle(tau_syn=tau_syn, tau_adapt=tau_adapt, beta=0.3, bias=v_inf).excess(
            mp.mpf(v), mp.mpf(i), mp.mpf(a), mp.mpf(found)))) < 1e-13  # fmt: skip


def test_without_adaptation_it_is_a_lif():
    inputs = inputs_of(3, 60, 0.5, 3.0)
    a = run(AdaptiveLIF(beta=0.0, t_refractory=2e-3), inputs, 0.5, bias=0.4)
    b = run(es.LIF(t_refractory=2e-3), inputs, 0.5, bias=0.4)
    times = [net.spikes(net.population("y")).t for net in (a, b)]
    assert len(times[0]) > 5
    np.testing.assert_allclose(*times, rtol=0, atol=1e-13)


def test_a_long_silence_costs_no_accuracy():
    """Each spike of a sparse train meets a threshold that has not quite come back."""
    inputs = [(t, 9.0) for t in (0.0, 0.5, 1000.0, 1000.3)]
    model = {"tau_adapt": 2.0, "beta": 0.4}
    net = run(AdaptiveLIF(**model), inputs, 1001.0)
    found = Oracle(**model).simulate(inputs, 1001.0)
    times = net.spikes(net.population("y")).t
    assert len(times) == len(found.times) >= 4
    assert max(abs(float(mp.mpf(a) - b)) for a, b in zip(times, found.times, strict=True)) < 3e-13


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tau_adapt": 0.0}, "tau_adapt is 0.0"),
        ({"beta": math.inf}, "beta is inf"),
        ({"v_reset": 1.0}, "v_reset is 1.0"),
        ({"reset": "never"}, "reset is 'never'"),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(es.NetworkError, match=says):
        AdaptiveLIF(**wrong)
