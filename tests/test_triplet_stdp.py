"""The triplet rule against sums over all spikes, the frequency dependence it was made for, and NEST's synapse."""

import math

import numpy as np
import pytest
from test_stdp import ENGINES, plastic, trains

import eventsnn as es
from eventsnn.rules.triplet_stdp import PUBLISHED


def by_spikes(rule, w, arrivals, fired):
    """The weight after a direct evaluation of the paper's equations, at every spike from all that came before it."""

    def trace(times, t, tau, including):
        ages = [t - s for s in times if s < t or (including and s == t)]
        if rule.pairs == "nearest":
            ages = ages[-1:]
        return sum(math.exp(-age / tau) for age in ages)

    course = []
    for t, is_post in sorted([(t, 0) for t in arrivals] + [(t, 1) for t in fired]):
        if is_post:
            r1, o2 = trace(arrivals, t, rule.tau_plus, True), trace(fired, t, rule.tau_y, False)
            w += r1 * (rule.A2_plus + rule.A3_plus * o2)
        else:
            o1, r2 = trace(fired, t, rule.tau_minus, False), trace(arrivals, t, rule.tau_x, False)
            w -= o1 * (rule.A2_minus + rule.A3_minus * r2)
        w = min(rule.w_max, max(rule.w_min, w))
        course.append(w)
    return course


@pytest.mark.parametrize("key", PUBLISHED)
def test_every_weight_is_what_the_equations_say(key):
    rule = es.triplet_stdp(*key)
    x, drive = trains(3, 6, 30.0, 1.5), trains(103, 1, 60.0, 1.5)[0]
    nets = [plastic(e, x, drive, rule, size=3, delay=es.uniform(0.0, 0.02), strength=0.5).run(1.5) for e in ENGINES]
    net, xy = nets[0], nets[0].projection("xy")
    fired = net.spikes(net.population("y")).spike_trains()
    assert min(len(t) for t in fired.values()) > 30
    source, target = net.edges(xy)
    delay, changes = net._synapses(xy).delay, net.weight_changes(xy)
    for j, w in enumerate(net.weights(xy)):
        arrivals = [t for t in np.asarray(x[source[j]]) + delay[j] if t < 1.5]
        course = by_spikes(rule, 0.5, arrivals, fired[target[j]].tolist())
        assert abs(w - course[-1]) < 1e-13
        assert abs(course[-1] - 0.5) > 1e-3
        steps = [b for a, b in zip([0.5, *course], course, strict=False) if a != b]
        assert len(steps) > 30
        assert np.abs(changes.w[changes.k == j] - steps).max() < 1e-13
    others = nets[1].weight_changes(nets[1].projection("xy"))
    for name in ("t", "k", "w"):
        assert np.array_equal(getattr(changes, name), getattr(others, name))


def protocol(rate, lag):
    """Arrivals and spikes of the paper's pairing protocol: 60 pairs at a frequency."""
    start = 1.0 + np.arange(60) / rate
    return start, start + lag


MEASURED = {  # change of weight after pairs 10 ms apart, pre before post and post before pre (Sjöström et al. 2001)
    0.1: (-0.04, -0.29),
    10.0: (0.14, -0.41),
    20.0: (0.29, -0.34),
    40.0: (0.53, 0.56),
    50.0: (0.56, 0.75),
}


@pytest.mark.parametrize("key", [k for k in PUBLISHED if k[0] == "visual cortex"])
def test_frequency_dependence(key):
    """Pre before post: the more, the faster. Post before pre: depression, and above 30 Hz potentiation."""
    rule = es.triplet_stdp(*key)
    changes = {}
    for rate in MEASURED:
        for lag in (10e-3, -10e-3):
            arrivals, fired = protocol(rate, lag)
            net = plastic("reference", [arrivals], [], rule, weight=1.0, tau_syn=0.0)
            net.connect(net.add(es.SpikeTrain(fired)), net.population("y"), weight=3.0)
            net.connect(net.population("x"), net.population("y"), weight=-1.0)  # the plastic synapse drives nothing
            net.run(700.0)
            times = net.spikes(net.population("y")).t
            assert np.array_equal(times, fired)
            (w,) = net.weights(net.projection("xy"))
            assert abs(w - by_spikes(rule, 1.0, arrivals.tolist(), times.tolist())[-1]) < 1e-12
            changes[rate, lag] = w - 1.0
    for rate, measured in MEASURED.items():
        for lag, expected in zip((10e-3, -10e-3), measured, strict=True):
            assert abs(changes[rate, lag] - expected) < (0.45 if (rate, lag) == (40.0, -10e-3) else 0.22)
    up = [changes[rate, 10e-3] for rate in MEASURED]
    assert up == sorted(up)
    assert changes[10.0, -10e-3] < -0.2 < 0.2 < changes[50.0, -10e-3]


@pytest.mark.parametrize(
    "wrong",
    [{"tau_x": 0.0}, {"A2_plus": math.inf}, {"w_min": 11.0}, {"pairs": "some"}],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(es.NetworkError, match=f"TripletSTDP.{next(iter(wrong))} is"):
        es.TripletSTDP(**wrong)


def test_an_unknown_set_is_refused():
    with pytest.raises(es.NetworkError, match="there is no set 'cerebellum'"):
        es.triplet_stdp("cerebellum")


@pytest.mark.oracle
@pytest.mark.parametrize("key", [k for k in PUBLISHED if k[2] == "all"])
def test_against_nest(key):
    """NEST counts a delay as one of the dendrite, and works on a grid; here every spike lies on it."""
    nest = pytest.importorskip("nest")
    rule = es.triplet_stdp(*key)
    ticks = np.random.default_rng(8).permutation(np.arange(50, 9900))  # no two spikes at once
    arrivals, fired = np.sort(ticks[:40]) / 10, np.sort(ticks[40:80]) / 10  # [ms]
    arrivals = np.append(arrivals, 999.0)  # NEST brings a weight up to date when a presynaptic spike comes
    nest.ResetKernel()
    nest.resolution = 0.1
    dendrite, wire = 0.5, 1.0
    pre, post = nest.Create("parrot_neuron", 2)
    post.tau_minus, post.tau_minus_triplet = rule.tau_minus * 1e3, rule.tau_y * 1e3
    for parrot, times in ((pre, arrivals + dendrite), (post, fired)):
        generator = nest.Create("spike_generator", params={"spike_times": np.round(times - wire, 1)})
        nest.Connect(generator, parrot, syn_spec={"delay": wire})
    synapse = {
        "synapse_model": "stdp_triplet_synapse", "weight": 1.0, "delay": dendrite, "receptor_type": 1, "Wmax": 10.0,
        "tau_plus": rule.tau_plus * 1e3, "tau_plus_triplet": rule.tau_x * 1e3, "Aplus": rule.A2_plus,
        "Aminus": rule.A2_minus, "Aplus_triplet": rule.A3_plus, "Aminus_triplet": rule.A3_minus,
    }  # fmt: skip
    nest.Connect(pre, post, syn_spec=synapse)
    nest.Simulate(float(arrivals.max()) + 20.0)
    theirs = nest.GetConnections(synapse_model="stdp_triplet_synapse").get("weight")
    net = plastic("reference", [arrivals * 1e-3], [], rule, weight=1.0, tau_syn=0.0)
    y = net.population("y")
    net.connect(net.add(es.SpikeTrain(fired * 1e-3), name="exact"), y, weight=3.0)
    net.connect(net.population("x"), y, weight=-1.0)
    net.run(1.0)
    assert np.array_equal(net.spikes(y).t, fired * 1e-3)
    (w,) = net.weights(net.projection("xy"))
    assert abs(w - 1.0) > 1e-3
    assert abs(w - theirs) < 1e-12
