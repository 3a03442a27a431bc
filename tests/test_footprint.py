"""A network that cannot fit is refused before anything is drawn, and one that can takes no more than was said."""

import tracemalloc

import numpy as np
import pytest

import eventsnn as es
from eventsnn import footprint
from eventsnn.plan import make_plan


def network(n, pattern, rule=None, delay=1e-3, engine="compiled"):
    net = es.Network(engine=engine)
    p = net.add(es.LIF(), n, name="p")
    net.connect(p, p, rule, pattern=pattern, delay=delay, name="recurrent")
    return net


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_what_cannot_fit_is_refused_at_once(engine):
    net = network(10_000_000, es.all_to_all(), engine=engine)
    with pytest.raises(es.NetworkError, match=r"about [\d.e+]+ GB for 1e\+14 synapses, most .* in recurrent, \d+"):
        net.run(1e-3)


def test_the_remedy_depends_on_the_engine(monkeypatch):
    monkeypatch.setattr(footprint, "available", lambda: 1e6)
    with pytest.raises(es.NetworkError, match=r"0\.001 GB are free.*engine='compiled'"):
        network(1000, es.fixed_indegree(100), engine="reference").run(1e-3)


@pytest.mark.parametrize(
    "pattern",
    [
        es.all_to_all(),
        es.one_to_one(),
        es.fixed_probability(0.1),
        es.fixed_indegree(7),
        es.edges(np.arange(50), np.arange(50)),
    ],
)
def test_patterns_say_how_many_edges_to_expect(pattern):
    net = network(300, pattern)
    drawn = len(net.plan.synapses[0])
    assert abs(footprint.needed(net.description)[1] - drawn) <= 4 * np.sqrt(drawn)


def test_a_pattern_of_the_users_own_need_not_count():
    class ring:
        def edges(self, n_pre, n_post, rng):
            return np.arange(n_pre), (np.arange(n_pre) + 1) % n_post

    net = network(100, ring())
    assert footprint.needed(net.description)[1] == 0.0
    assert len(net.plan.synapses[0]) == 100


@pytest.mark.parametrize(
    ("rule", "delay", "most"),
    [(None, 1e-3, 16), (es.PairSTDP(), 1e-3, 16 + 8 * 2 + 32), (None, es.uniform(1e-3, 5e-3), 100)],
)
def test_bytes_per_synapse(rule, delay, most):
    """What stays allocated per synapse: at most 16 bytes for a static one with a shared delay."""
    from eventsnn.engines.arrays import Arrays
    from eventsnn.engines.bundles import Calls
    from eventsnn.engines.kernel import build

    net = network(2000, es.fixed_indegree(500), rule, delay)
    kernel = Calls(build(net.plan))
    tracemalloc.start()
    plan = make_plan(net.description)
    arrays = Arrays(plan, kernel)
    kept = tracemalloc.get_traced_memory()[0] / len(plan.synapses[0])
    tracemalloc.stop()
    said = footprint.bytes_per_synapse(net.description.projections[0])
    assert arrays.net.width == plan.width
    neurons = footprint.NEURON * 2000 / len(plan.synapses[0])
    assert 0.5 * said < kept < said + neurons + 6.0  # an empty agenda has 2 MB of its own
    assert kept - neurons < most
