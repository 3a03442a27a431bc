"""Reward-modulated STDP against numerical integration of its equations, and its two limits."""

import itertools
import math

import numpy as np
import pytest
from test_stdp import ENGINES, plastic, trains

import eventsnn as es

RULES = [
    es.RewardSTDP(lr=0.5),
    es.RewardSTDP(tau_eligibility=0.1, tau_reward=0.5, tau_plus=10e-3, tau_minus=40e-3, lr=3.0),
    es.RewardSTDP(tau_reward=0.0, tau_eligibility=0.3, lr=0.2),
    es.RewardSTDP(lr=8.0, w_max=0.7, w_min=0.4),  # comes to both bounds
]
END = 1.5


def rewarded(engine, rule, x, drive, rewards, **neuron):
    """`plastic`, with rewards (time, value) and a last `apply`."""
    net = plastic(engine, x, drive, rule, **neuron)

    def critic(cell):
        while True:
            k = cell.state.get("k", 0)
            if k == len(rewards):
                break
            yield cell.until(rewards[k][0])
            cell.send("reward", rewards[k][1])
            cell.state["k"] = k + 1
        yield cell.until(END)
        cell.send("apply")

    critics = net.add(critic, name="critic")
    for port in ("reward", "apply"):
        net.connect(critics, net.population("y"), port=port)
    return net


def integrated(rule, w, arrivals, fired, rewards):
    """The weight at END: Gauss's rule with eight points on each interval in which nothing happens, never a closed form.

    c and d themselves follow from their definitions as sums over all that came before.
    """
    trace = [(t, -rule.a_minus * sum(math.exp((f - t) / rule.tau_minus) for f in fired if f < t)) for t in arrivals]
    trace += [(t, rule.a_plus * sum(math.exp((a - t) / rule.tau_plus) for a in arrivals if a <= t)) for t in fired]
    points, weights = np.polynomial.legendre.leggauss(8)

    def eligibility(t):
        return sum(jump * math.exp((s - t) / rule.tau_eligibility) for s, jump in trace if s <= t)

    events = sorted({0.0, END, *arrivals, *fired, *(t for t, _ in rewards)})
    for a, b in itertools.pairwise(events):
        if rule.tau_reward == 0.0:
            w += rule.lr * sum(r for t, r in rewards if t == b) * (eligibility(b) if b < END else 0.0)
        else:
            times = a + 0.5 * (b - a) * (points + 1.0)
            d = [sum(r * math.exp((s - t) / rule.tau_reward) for s, r in rewards if s <= a) for t in times]
            c = [sum(jump * math.exp((s - t) / rule.tau_eligibility) for s, jump in trace if s <= a) for t in times]
            w += rule.lr * 0.5 * (b - a) * float(np.dot(weights, np.multiply(c, d)))
        w = min(rule.w_max, max(rule.w_min, w))
    return w


@pytest.mark.parametrize("k", range(len(RULES)))
def test_every_weight_is_the_integral_of_eligibility_and_neuromodulator(k):
    rule = RULES[k]
    x, drive = trains(k, 4, 20.0, END), trains(100 + k, 1, 30.0, END)[0]
    rewards = [(0.3, 1.0), (0.55, -2.0), (0.9, 0.5), (0.9001, 1.5), (1.3, -0.25)]
    if k == 3:
        rewards = [(0.3, 4.0), (0.9, -12.0)]
    nets = []
    for engine in ENGINES:
        net = rewarded(engine, rule, x, drive, rewards, size=2, delay=es.uniform(0.0, 0.02))
        nets.append(net.run(END + 1e-9))
    net, xy = nets[0], nets[0].projection("xy")
    fired = net.spikes(net.population("y")).spike_trains()
    source, target = net.edges(xy)
    delay, changes = net._synapses(xy).delay, net.weight_changes(xy)
    for j, w in enumerate(changes.w[np.array([np.flatnonzero(changes.k == j)[-1] for j in range(len(source))])]):
        arrivals = [t for t in (np.asarray(x[source[j]]) + delay[j]).tolist() if t < END]
        expected = integrated(rule, 0.5, arrivals, [t for t in fired[target[j]].tolist() if t < END], rewards)
        assert abs(net.weights(xy)[j] - expected) < 1e-11
        assert w == net.weights(xy)[j]
        assert k == 3 or abs(w - 0.5) > 1e-4
    if k == 3:
        assert {0.4, 0.7} <= set(changes.w)
    others = nets[1].weight_changes(nets[1].projection("xy"))
    for name in ("t", "k", "w"):
        assert np.array_equal(getattr(changes, name), getattr(others, name))


def test_nothing_is_learned_without_reward():
    x, drive = trains(1, 4, 20.0, END), trains(101, 1, 30.0, END)[0]
    net = rewarded("reference", es.RewardSTDP(), x, drive, [(0.7, 0.0)]).run(END + 1e-9)
    xy = net.projection("xy")
    assert np.all(net.weights(xy) == 0.5)
    assert np.any(net.synapse_state(xy)["syn.c"] != 0.0)


def test_a_short_neuromodulator_is_a_pulse():
    """d of area lr_pulse: the limit of tau_reward to 0 at constant lr tau_reward."""
    x, drive = trains(2, 4, 20.0, END), trains(102, 1, 30.0, END)[0]
    rewards = [(0.4, 1.0), (0.8, -1.0), (1.2, 2.0)]
    pulse = rewarded("reference", es.RewardSTDP(tau_reward=0.0, lr=0.1), x, drive, rewards).run(END + 1e-9)
    (limit,) = (pulse.weights(pulse.projection("xy")),)
    gaps = []
    for tau in (1e-3, 1e-4, 1e-5):
        net = rewarded("reference", es.RewardSTDP(tau_reward=tau, lr=0.1 / tau), x, drive, rewards).run(END + 1e-9)
        gaps.append(np.abs(net.weights(net.projection("xy")) - limit).max())
    assert gaps[0] > 5 * gaps[1] > 25 * gaps[2] > 0


@pytest.mark.parametrize("wrong", [{"tau_eligibility": 0.0}, {"tau_reward": -1.0}, {"lr": math.inf}, {"w_min": 5.0}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(es.NetworkError, match=f"RewardSTDP.{next(iter(wrong))} is"):
        es.RewardSTDP(**wrong)
