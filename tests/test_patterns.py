"""Connection patterns, distributions and the randomness behind them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import rng
from eventsnn.distributions import draw

sizes = st.integers(1, 12)
seeds = st.integers(0, 2**32)


def edges_of(pattern, n_pre, n_post, seed=0):
    pre, post = pattern.edges(n_pre, n_post, rng.stream(seed, "test"))
    assert pre.dtype.kind == post.dtype.kind == "i"
    assert pre.shape == post.shape
    assert ((pre >= 0) & (pre < n_pre)).all()
    assert ((post >= 0) & (post < n_post)).all()
    return pre, post


def in_order(pre, post):
    return np.array_equal(np.lexsort((post, pre)), np.arange(len(pre)))


@given(sizes, sizes)
def test_all_to_all(n, m):
    pairs = set(zip(*edges_of(es.all_to_all(), n, m), strict=True))
    assert pairs == {(i, j) for i in range(n) for j in range(m)}
    others = list(zip(*edges_of(es.all_to_all(self_connections=False), n, m), strict=True))
    assert others == [(i, j) for i in range(n) for j in range(m) if i != j]


@given(sizes)
def test_one_to_one(n):
    pre, post = edges_of(es.one_to_one(), n, n)
    assert pre.tolist() == post.tolist() == list(range(n))


@given(sizes, sizes, st.integers(0, 8), st.booleans(), st.booleans(), seeds)
def test_fixed_indegree_is_exact(n, m, k, replace, self_connections, seed):
    least = n if self_connections else n - 1
    if (k > 0 and least < 1) or (not replace and k > least):
        with pytest.raises(es.NetworkError, match=f"k is {k}"):
            edges_of(es.fixed_indegree(k, replace, self_connections), n, m, seed)
        return
    pre, post = edges_of(es.fixed_indegree(k, replace, self_connections), n, m, seed)
    assert np.bincount(post, minlength=m).tolist() == [k] * m
    assert in_order(pre, post)
    if not self_connections:
        assert (pre != post).all()
    if not replace:
        assert len(set(zip(pre, post, strict=True))) == len(pre)


@given(sizes, sizes, st.floats(0, 1), st.booleans(), seeds)
def test_fixed_probability_has_no_pair_twice(n, m, p, self_connections, seed):
    pre, post = edges_of(es.fixed_probability(p, self_connections), n, m, seed)
    assert len(set(zip(pre, post, strict=True))) == len(pre)
    assert in_order(pre, post)
    if not self_connections:
        assert (pre != post).all()
    if p == 0:
        assert len(pre) == 0
    if p == 1:
        assert len(pre) == n * m - (0 if self_connections else min(n, m))


def chi_squared(counts, expected):
    return ((counts - expected) ** 2 / expected).sum()


@pytest.mark.parametrize("self_connections", [True, False])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.83])
def test_fixed_probability_connects_every_pair_with_its_probability(p, self_connections):
    n, m, runs = 6, 9, 3000
    counts = np.zeros((n, m))
    totals = []
    for seed in range(runs):
        pre, post = edges_of(es.fixed_probability(p, self_connections), n, m, seed)
        counts[pre, post] += 1
        totals.append(len(pre))
    lawful = np.ones((n, m), bool) if self_connections else ~np.eye(n, m, dtype=bool)
    assert counts[~lawful].sum() == 0
    cells = lawful.sum()
    z2 = ((counts[lawful] - runs * p) ** 2 / (runs * p * (1 - p))).sum()  # chi squared, one degree per pair
    assert abs(z2 - cells) < 5 * math.sqrt(2 * cells)
    # pairs are independent: the number of synapses is binomial
    assert np.mean(totals) == pytest.approx(cells * p, abs=5 * math.sqrt(cells * p * (1 - p) / runs))
    assert np.var(totals) == pytest.approx(cells * p * (1 - p), rel=5 * math.sqrt(2 / runs))


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize(("n", "m"), [(5, 5), (5, 9), (9, 5)])
def test_fixed_indegree_draws_every_lawful_source_equally_often(n, m, replace):
    """Also for targets beyond the number of sources, which have no source of their own number to leave out."""
    runs, k = 3000, 3
    counts = np.zeros((n, m))
    for seed in range(runs):
        pre, post = edges_of(es.fixed_indegree(k, replace, self_connections=False), n, m, seed)
        np.add.at(counts, (pre, post), 1)
    for j in range(m):
        lawful = np.arange(n) != j
        expected = runs * k / lawful.sum()
        assert counts[~lawful, j].sum() == 0
        freedom = lawful.sum() - 1
        assert chi_squared(counts[lawful, j], expected) < freedom + 6 * math.sqrt(2 * freedom)


@given(st.data(), sizes, sizes)
def test_explicit_edges_keep_their_values(data, n, m):
    count = data.draw(st.integers(0, 15))
    pre = data.draw(st.lists(st.integers(0, n - 1), min_size=count, max_size=count))
    post = data.draw(st.lists(st.integers(0, m - 1), min_size=count, max_size=count))
    net = es.Network()
    x, y = net.add(es.Poisson(), n), net.add(es.LIF(), m)
    weight, delay = np.arange(count) + 0.5, np.arange(count)[::-1] * 1e-3
    projection = net.connect(x, y, weight=weight, delay=delay, pattern=es.edges(pre, post))
    s, t = net.edges(projection)
    plan = net.plan.synapses[0]
    found = sorted(zip(s.tolist(), t.tolist(), plan.weight.tolist(), plan.delay.tolist(), strict=True))
    assert found == sorted(zip(pre, post, weight.tolist(), delay.tolist(), strict=True))
    assert np.array_equal(np.lexsort((plan.target, plan.delay, plan.source)), np.arange(count))
    assert plan.row.tolist() == np.searchsorted(plan.source, np.arange(n + 1)).tolist()


def values(pattern, weight, delay=0.0, n=4, m=3):
    net = es.Network(seed=9)
    x, y = net.add(es.Poisson(), n), net.add(es.LIF(), m)
    net.connect(x, y, weight=weight, delay=delay, pattern=pattern)
    return net.plan.synapses[0]


MATRIX = np.arange(12.0).reshape(4, 3) + 1.0


@pytest.mark.parametrize(
    "pattern",
    [
        es.all_to_all(),
        es.all_to_all(self_connections=False),
        es.fixed_probability(0.6),
        es.fixed_indegree(4),
        es.edges([3, 0, 3, 1], [2, 1, 0, 1]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("form", [np.array, np.ndarray.tolist, lambda a: tuple(map(tuple, a))])
def test_a_matrix_gives_every_synapse_the_entry_of_its_ends(pattern, form):
    s = values(pattern, weight=form(MATRIX), delay=form(MATRIX / 1000))
    assert len(s) > 0
    assert np.array_equal(s.weight, MATRIX[s.source, s.target])
    assert np.array_equal(s.delay, MATRIX[s.source, s.target] / 1000)


def test_a_weight_matrix_comes_back():
    net = es.Network()
    x, y = net.add(es.Poisson(), 4), net.add(es.LIF(), 3)
    projection = net.connect(x, y, weight=MATRIX, delay=es.uniform(0.0, 1.0))
    assert np.array_equal(net.matrix(projection), MATRIX)
    net = es.Network()
    x, y = net.add(es.Poisson(), 4), net.add(es.LIF(), 3)
    twice = net.connect(x, y, weight=[1.0, 2.0, 4.0], pattern=es.edges([0, 0, 1], [2, 2, 0]))
    expected = np.full((4, 3), np.nan)
    expected[0, 2], expected[1, 0] = 3.0, 4.0
    assert np.array_equal(net.matrix(twice), expected, equal_nan=True)


def test_spikes_arrive_after_the_delay_of_their_synapse():
    delays = np.array([[0.1, 0.25, 0.5], [0.3, 0.7, 0.2]])
    net = es.Network()
    x, y = net.add(es.SpikeTrain([[0.0], [1.0]])), net.add(es.LIF(tau_syn=0.0), 3)
    net.connect(x, y, weight=2.0, delay=delays)
    net.run(3.0)
    trains = net.spikes(y).spike_trains()
    for j in range(3):
        assert trains[j] == pytest.approx([delays[0, j], 1.0 + delays[1, j]], rel=1e-15)


# -- distributions ----------------------------------------------------------------------------------------------------

CASES = [
    (es.uniform(-1.0, 3.0), 1.0, 4 / math.sqrt(12), (-1.0, 3.0)),
    (es.normal(2.0, 0.5), 2.0, 0.5, (-math.inf, math.inf)),
    (es.normal(0.0, 1.0, low=0.0), math.sqrt(2 / math.pi), math.sqrt(1 - 2 / math.pi), (0.0, math.inf)),
    (es.lognormal(0.0, 0.5), math.exp(0.125), math.sqrt((math.exp(0.25) - 1) * math.exp(0.25)), (0.0, math.inf)),
    (es.exponential(0.7), 0.7, 0.7, (0.0, math.inf)),
]


@pytest.mark.parametrize(("distribution", "mean", "std", "bounds"), CASES, ids=repr)
def test_distributions_have_their_mean_spread_and_bounds(distribution, mean, std, bounds):
    n = 40_000
    sample = draw(distribution, n, rng.stream(1, repr(distribution)), "w")
    assert sample.mean() == pytest.approx(mean, abs=5 * std / math.sqrt(n))
    assert sample.std() == pytest.approx(std, rel=0.05)
    assert sample.min() >= bounds[0]
    assert sample.max() <= bounds[1]


def test_edge_cases_of_distributions():
    r = rng.stream(0, "edge")
    assert draw(es.uniform(2.0, 2.0), 3, r, "w").tolist() == [2.0] * 3
    assert draw(es.normal(2.0, 0.0), 3, r, "w").tolist() == [2.0] * 3
    assert draw(es.exponential(0.0), 2, r, "w").tolist() == [0.0] * 2
    assert draw(7, 2, r, "w").tolist() == [7.0, 7.0]
    assert draw([], 0, r, "w").tolist() == []
    tail = draw(es.normal(0.0, 1.0, low=3.0), 500, r, "w")  # one in 740 falls there, and still it ends
    assert tail.min() >= 3.0


def test_a_users_own_distribution():
    class Two:
        def sample(self, rng, n):
            return rng.choice([1.0, -1.0], n)

    assert set(values(es.all_to_all(), Two()).weight) == {1.0, -1.0}


def test_what_was_given_is_not_kept_by_reference():
    given_weights = np.ones(12)
    s = values(es.all_to_all(), given_weights)
    given_weights[:] = 5.0
    assert s.weight.tolist() == [1.0] * 12


# -- seeds ------------------------------------------------------------------------------------------------------------


def build(seed=1, extra=False, renamed=False):
    net = es.Network(seed=seed)
    if extra:
        before = net.add(es.Poisson(rate=50.0), 7, name="newcomer")
        other = net.add(es.LIF(), 5, name="other", v=es.uniform(0.0, 1.0))
        net.connect(before, other, weight=es.normal(0, 1), pattern=es.fixed_probability(0.5), name="new")
    x = net.add(es.Poisson(rate=30.0), 4, name="y" if renamed else "x")
    h = net.add(es.LIF(), 5, name="h", v=es.uniform(0.0, 0.9))
    xh = net.connect(
        x, h, weight=es.normal(4.0, 1.0), delay=es.uniform(0.0, 0.01), pattern=es.fixed_probability(0.7), name="p"
    )
    net.connect(h, h, weight=es.uniform(-3.0, 3.0), delay=0.002, pattern=es.fixed_indegree(2), name="q")
    net.run(1.0)
    q = net.projection("q")
    return [
        net.spikes(x).t, net.spikes(x).i, net.spikes(h).t, net.spikes(h).i, net.weights(xh), *net.edges(xh),
        net.weights(q), *net.edges(q), net._synapses(xh).delay,
    ]  # fmt: skip


def same(a, b):
    return [np.array_equal(x, y) for x, y in zip(a, b, strict=True)]


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    assert all(same(build(), build()))
    assert len(build()[2]) > 20
    assert not any(same(build(), build(seed=2))[:5])


def test_adding_a_population_shifts_nothing():
    assert all(same(build(), build(extra=True)))


def test_random_numbers_follow_from_the_name():
    a, b = build(), build(renamed=True)
    assert not np.array_equal(a[0], b[0])  # the spikes of the source that has another name
    assert np.array_equal(a[4], b[4])  # not the weights of the projection, whose name is the same


@given(seeds, st.text(max_size=10), st.integers(0, 10**6), st.integers(0, 1000))
def test_streams_depend_on_seed_name_index_and_counter_alone(seed, name, index, counter):
    one = rng.stream(seed, name, index, counter).random(4)
    assert np.array_equal(one, rng.stream(seed, name, index, counter).random(4))
    for other in ((seed + 1, name, index, counter), (seed, name + "x", index, counter),
                  (seed, name, index + 1, counter), (seed, name, index, counter + 1)):  # fmt: skip
        assert not np.array_equal(one, rng.stream(*other).random(4))


def test_blocks_of_a_stream_do_not_overlap():
    """A block of a Poisson source ends long before its counter reaches the next block's."""
    blocks = np.concatenate([rng.stream(1, "x", 0, k).random(1000) for k in range(50)])
    assert len(np.unique(blocks)) == len(blocks)


def test_poisson_trains_are_poisson():
    net = es.Network(seed=4)
    x = net.add(es.Poisson(rate=20.0, start=1.0, stop=41.0), 100)
    net.run(50.0)
    trains = net.spikes(x).spike_trains()
    counts = np.array([len(t) for t in trains.values()])
    assert counts.mean() == pytest.approx(800, abs=5 * math.sqrt(8.0))
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=5 * math.sqrt(2 / 100))
    gaps = np.concatenate([np.diff(t) for t in trains.values()])
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.02)
    assert np.concatenate(list(trains.values())).min() >= 1.0
    assert np.concatenate(list(trains.values())).max() < 41.0
