"""Pair STDP against a sum over all pairs of spikes, at ties, at its bounds, and against NEST's `stdp_synapse`."""

import math

import numpy as np
import pytest

import eventsnn as es

ENGINES = ["reference", "compiled"]


def plastic(engine, x, drive, rule, *, size=1, weight=0.5, delay=0.0, strength=0.0, record_messages=False, **neuron):
    """Inputs x with plastic synapses onto leaky neurons that a strong input drives; one structure for all tests."""
    net = es.Network(seed=5, engine=engine)
    inputs = net.add(es.SpikeTrain(x), name="x")
    strong = net.add(es.SpikeTrain([drive]), name="drive")
    bias = {"i_bias": neuron.pop("i_bias", 0.0)}
    y = net.add(es.LIF(**neuron), size, name="y", record=["spikes", "state"], **bias)
    net.connect(inputs, y, rule, weight=weight, delay=delay, name="xy", record=["weights"])
    net.connect(strong, y, weight=es.uniform(2.0, 6.0), delay=es.uniform(0.0, 5e-3), name="drive")
    net.connect(y, y, weight=strength, delay=es.uniform(3e-3, 9e-3), pattern=es.fixed_indegree(1), name="yy")
    if record_messages:
        net.record_messages()
    return net


def trains(seed, n, rate, duration):
    """n independent trains at any times [s]."""
    rng = np.random.default_rng(seed)
    return [np.sort(rng.uniform(0.0, duration, rng.poisson(rate * duration))) for _ in range(n)]


def by_pairs(rule, w, arrivals, fired):
    """The weights after each change by a direct sum over pairs, at every spike over all that came before it."""
    span = rule.w_max - rule.w_min
    events = sorted([(t, 0) for t in arrivals] + [(t, 1) for t in fired])
    weights = []
    for t, is_post in events:
        if is_post:
            total = sum(math.exp(-(t - a) / rule.tau_plus) for a in arrivals if a <= t)
            w += rule.a_plus * span * ((rule.w_max - w) / span) ** rule.mu_plus * total
        else:
            total = sum(math.exp(-(t - f) / rule.tau_minus) for f in fired if f < t)
            w -= rule.a_minus * span * ((w - rule.w_min) / span) ** rule.mu_minus * total
        w = min(rule.w_max, max(rule.w_min, w))
        weights.append(w)
    return w, weights


RULES = [
    es.PairSTDP(),
    es.PairSTDP(tau_plus=17e-3, tau_minus=34e-3, a_plus=0.1, a_minus=0.06, mu_plus=1.0, mu_minus=1.0),
    es.PairSTDP(a_plus=0.05, a_minus=0.08, mu_plus=0.4, mu_minus=0.02, w_min=-0.2, w_max=1.5),
    es.PairSTDP(a_plus=0.3, a_minus=0.2),  # comes to both bounds
    es.PairSTDP(a_plus=-0.02, a_minus=-0.01, w_min=-1.0, w_max=2.0),  # the wrong way round
]


@pytest.mark.parametrize("k", range(len(RULES)))
def test_every_weight_is_the_sum_over_all_pairs(k):
    rule = RULES[k]
    x, drive = trains(k, 6, 30.0, 1.5), trains(100 + k, 1, 60.0, 1.5)[0]
    runs = []
    for engine in ENGINES:
        net = plastic(engine, x, drive, rule, size=3, delay=es.uniform(0.0, 0.02), strength=0.5)
        net.run(1.5)
        runs.append(net)
    net = runs[0]
    xy, fired = net.projection("xy"), net.spikes(net.population("y")).spike_trains()
    source, target = net.edges(xy)
    delay, changes = net._synapses(xy).delay, net.weight_changes(xy)
    assert min(len(t) for t in fired.values()) > 30
    reached = []
    for j, w in enumerate(net.weights(xy)):
        arrivals = [t for t in np.asarray(x[source[j]]) + delay[j] if t < 1.5]
        expected, course = by_pairs(rule, 0.5, arrivals, fired[target[j]])
        assert abs(w - expected) < 1e-12
        seen = changes.w[changes.k == j]
        assert len(seen) > 30
        steps = np.array([b for a, b in zip([0.5, *course], course, strict=False) if a != b])
        assert np.abs(seen - steps).max() < 1e-12
        reached += course
    if k == 3:
        assert {rule.w_min, rule.w_max} < set(reached)
    for p in net.description.projections:
        other = runs[1].projection(p.name)
        assert np.array_equal(net.weights(p), runs[1].weights(other))
    for name in ("t", "k", "w"):
        assert np.array_equal(getattr(changes, name), getattr(runs[1].weight_changes(runs[1].projection("xy")), name))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_spike_that_makes_the_neuron_fire_came_before(engine):
    rule = es.PairSTDP(w_max=2.0)
    net = plastic(engine, [[0.01]], [], rule, weight=1.5, tau_syn=0.0)
    net.run(0.02)
    assert net.spikes(net.population("y")).t.tolist() == [0.01]
    assert net.weights(net.projection("xy")).tolist() == [1.5 + 0.01 * 2.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_spike_that_arrives_as_the_neuron_fires_anyway_came_after(engine):
    """In the first window, where a time in seconds names an instant exactly."""
    alone = plastic("reference", [[]], [], es.PairSTDP(), i_bias=12.0).run(0.003)
    (time,) = alone.spikes(alone.population("y")).t
    net = plastic(engine, [[time]], [], es.PairSTDP(), i_bias=12.0)
    net.run(0.003)
    assert net.spikes(net.population("y")).t.tolist() == [time]
    assert net.weights(net.projection("xy")).tolist() == [0.5 - 0.012]


def test_a_spike_counts_when_it_arrives():
    """Sent before the neuron fires, it arrives after: depression."""
    net = plastic("reference", [[0.010]], [], es.PairSTDP(), i_bias=2.0, delay=0.01).run(0.024)
    (fired,) = net.spikes(net.population("y")).t
    assert 0.010 < fired < 0.020
    (w,) = net.weights(net.projection("xy"))
    assert abs(w - (0.5 - 0.012 * math.exp(-(0.020 - fired) / 20e-3))) < 1e-15


@pytest.mark.parametrize(
    "wrong",
    [
        {"tau_plus": 0.0},
        {"tau_minus": math.inf},
        {"w_min": 1.0},
        {"w_max": math.inf},
        {"a_plus": math.inf},
        {"mu_plus": -1.0},
        {"mu_minus": math.inf},
    ],
)
def test_parameters_that_cannot_be_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(es.NetworkError, match=name):
        es.PairSTDP(**wrong)


def nest_weight(rule, arrivals, fired, w):
    """What NEST's `stdp_synapse` makes of the same spikes [ms]; it counts a delay as one of the dendrite."""
    nest = pytest.importorskip("nest")
    nest.ResetKernel()
    nest.resolution = 0.1
    dendrite, wire = 0.5, 1.0
    pre, post = nest.Create("parrot_neuron", 2)
    post.tau_minus = rule.tau_minus * 1e3
    for parrot, times in ((pre, arrivals + dendrite), (post, fired)):
        generator = nest.Create("spike_generator", params={"spike_times": np.round(times - wire, 1)})
        nest.Connect(generator, parrot, syn_spec={"delay": wire})
    synapse = {
        "synapse_model": "stdp_synapse", "weight": w, "delay": dendrite, "receptor_type": 1, "Wmax": rule.w_max,
        "tau_plus": rule.tau_plus * 1e3, "lambda": rule.a_plus, "alpha": rule.a_minus / rule.a_plus,
        "mu_plus": rule.mu_plus, "mu_minus": rule.mu_minus,
    }  # fmt: skip
    nest.Connect(pre, post, syn_spec=synapse)
    nest.Simulate(float(arrivals.max()) + 20.0)
    return nest.GetConnections(synapse_model="stdp_synapse").get("weight")


@pytest.mark.oracle
@pytest.mark.parametrize(("mu_plus", "mu_minus"), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.3, 0.6)])
def test_against_nest(mu_plus, mu_minus):
    rng = np.random.default_rng(8)
    ticks = rng.permutation(np.arange(50, 9900))  # no two spikes at once
    arrivals, fired = np.sort(ticks[:40]) / 10, np.sort(ticks[40:80]) / 10
    arrivals = np.append(arrivals, 999.0)  # NEST brings a weight up to date when a presynaptic spike comes
    settings = {"a_plus": 0.02, "a_minus": 0.01, "tau_plus": 15e-3, "tau_minus": 30e-3, "w_max": 0.01}
    rule = es.PairSTDP(mu_plus=mu_plus, mu_minus=mu_minus, **settings)
    net = plastic("reference", [arrivals * 1e-3], [], rule, weight=0.005, tau_syn=0.0)
    spikes = net.add(es.SpikeTrain(fired * 1e-3), name="exact")
    net.connect(spikes, net.population("y"), weight=2.0)
    net.run(1.0)
    assert np.array_equal(net.spikes(net.population("y")).t, fired * 1e-3)
    (w,) = net.weights(net.projection("xy"))
    assert 0.0 < w < 0.01
    assert abs(w - 0.005) > 1e-5
    assert abs(w / nest_weight(rule, arrivals, fired, 0.005) - 1.0) < 1e-12
