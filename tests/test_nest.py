"""Spike times against NEST's `iaf_psc_exp_ps_lossless`: single neurons and recurrent networks with delays."""

import numpy as np
import pytest

import eventsnn as es

pytest.importorskip("nest")

from oracles import lossless
from oracles.lossless import STEP, Circuit

pytestmark = pytest.mark.oracle

LIMIT = 1e-9  # [ms], that is 1e-12 s; the promise is 1e-10 s
CONSTANTS = [(20.0, 5.0), (10.0, 20.0), (20.0, 10.0), (20.0, 18.5), (10.0, 9.999), (10.0, 0.5)]


def ours(c, duration):
    """The same circuit here: times [ms] and neurons in order of time."""
    net = es.Network()
    model = es.LIF(tau_mem=c.tau_mem, tau_syn=c.tau_syn, t_refractory=max(c.t_refractory, STEP))
    y = net.add(model, len(c.v), i_bias=c.i_bias, v=c.v)
    if len(c.pre):
        net.connect(y, y, weight=c.weight, delay=c.delay, pattern=es.edges(c.pre, c.post))
    if c.inputs:
        x = net.add(es.SpikeTrain(c.inputs))
        net.connect(x, y, weight=c.input_weight, delay=c.input_delay)
    spikes = net.run(duration).spikes(y)
    order = np.lexsort((spikes.i, spikes.t))
    return spikes.t[order], spikes.i[order]


def compare(a, b):
    """The largest difference of two spike records [ms], neuron by neuron."""
    (t, i), (t_other, i_other) = a, b
    assert np.bincount(i).tolist() == np.bincount(i_other).tolist()
    k, k_other = np.lexsort((t, i)), np.lexsort((t_other, i_other))
    return float(np.abs(t[k] - t_other[k_other]).max())


def train(rng, duration, n):
    """n spikes at arbitrary times [ms], each after the first step."""
    return np.sort(rng.uniform(2 * STEP, duration, n))


def single(tau_mem, tau_syn, t_refractory, duration, seed):
    """One neuron with bias and a dense, mixed input of excitation and inhibition."""
    rng = np.random.default_rng(seed)
    strong = 2.5 * max(1.0, tau_mem / (4 * tau_syn))
    weight = np.array([[strong], [1.5 * strong], [-0.8 * strong]])
    inputs = [train(rng, duration, int(duration / 8)) for _ in weight]
    none = np.empty(0)
    empty = none.astype(int)
    return Circuit(
        tau_mem, tau_syn, t_refractory, np.array([0.8]), np.zeros(1), empty, empty, none, none, inputs, weight, 1.0
    )


def recurrent(tau_mem, tau_syn, t_refractory, seed, n=60, k=10, duration=400.0):
    """Neurons driven by bias and spikes, of which four fifths excite weakly and one fifth inhibits strongly."""
    rng = np.random.default_rng(seed)
    post = np.repeat(np.arange(n), k)
    pre = rng.integers(0, n, n * k)
    scale = tau_mem / tau_syn / k
    weight = np.where(pre < 0.8 * n, 0.15, -0.7) * scale * rng.uniform(0.5, 1.5, n * k)
    delay = STEP * rng.integers(8, 40, n * k)
    inputs = [train(rng, duration, 60) for _ in range(10)]
    onto = np.where(rng.random((10, n)) < 0.2, 3 * scale, 0.0)
    return Circuit(
        tau_mem, tau_syn, t_refractory, rng.uniform(1.02, 1.3, n), rng.uniform(0, 0.9, n),
        pre, post, weight, delay, inputs, onto, 1.5,
    )  # fmt: skip


@pytest.mark.parametrize(("tau_mem", "tau_syn"), CONSTANTS)
@pytest.mark.parametrize("t_refractory", [STEP, 2.0, 11.25])
def test_single_neuron(tau_mem, tau_syn, t_refractory):
    c = single(tau_mem, tau_syn, t_refractory, 4000.0, 3)
    mine, theirs = ours(c, 4000.0), lossless.simulate(c, 4000.0)
    assert len(mine[0]) > 100
    assert compare(mine, theirs) < LIMIT


@pytest.mark.parametrize(("tau_mem", "tau_syn"), CONSTANTS)
@pytest.mark.parametrize("t_refractory", [STEP, 2.0])
def test_recurrent_network_with_distributed_delays(tau_mem, tau_syn, t_refractory):
    c = recurrent(tau_mem, tau_syn, t_refractory, 7)
    mine, theirs = ours(c, 400.0), lossless.simulate(c, 400.0)
    assert len(mine[0]) > 400
    assert compare(mine, theirs) < LIMIT


def test_equal_time_constants():
    """NEST has no case for them; the mean of two runs just beside is right up to the square of the distance."""
    c = single(10.0, 10.0, 2.0, 2000.0, 4)
    mine = ours(c, 2000.0)
    below, above = (lossless.simulate(c, 2000.0, 10.0 * (1 + side)) for side in (-1e-8, 1e-8))
    assert len(mine[0]) > 100
    assert compare(mine, below) > 10 * LIMIT  # so that the mean says something
    assert compare(mine, ((below[0] + above[0]) / 2, below[1])) < LIMIT


def test_the_comparison_can_fail():
    c = single(20.0, 5.0, 2.0, 500.0, 3)
    theirs = lossless.simulate(c, 500.0)
    moved = ours(c, 500.0)
    moved[0][-1] += 2 * LIMIT
    assert compare(moved, theirs) > LIMIT
