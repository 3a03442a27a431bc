"""Threads share the neurons of a stage, and nobody can tell from the results: the same bits for any number."""

import numpy as np
import pytest
from networks import differences, moving, outcome

import eventsnn as es
from eventsnn.engines import arrays, threads

BLOCK = 256  # neurons that stay together


@pytest.fixture(autouse=True)
def sharing(monkeypatch, plain_python):
    """Share from the first message on."""
    monkeypatch.setattr(threads, "SHARE_FROM", 1)


def recurrent(seed, engine="compiled", number=1, record=()):
    """Three blocks of leaky neurons with plastic, static and delayed synapses among them."""
    net = es.Network(seed=seed, engine=engine, threads=number)
    x = net.add(es.Poisson(rate=100.0), 10, name="x")
    y = net.add(es.LIF(t_refractory=2e-3), 3 * BLOCK + 10, name="y", v=es.uniform(0.0, 0.9))
    sparse = es.fixed_probability(0.004)
    net.connect(x, y, weight=es.uniform(1.0, 6.0), delay=1e-3, pattern=es.fixed_probability(0.3))
    net.connect(y, y, es.PairSTDP(), weight=0.5, delay=1.5e-3, pattern=sparse, name="plastic", record=record)
    net.connect(y, y, weight=es.uniform(-0.5, 0.3), delay=es.uniform(1e-3, 40e-3), pattern=sparse)
    return net


def scolded(seed, engine="compiled", number=1):
    """A layer of three blocks that gets errors from a process, changes its weights and passes the errors back."""
    net = es.Network(seed=seed, engine=engine, threads=number)
    x = net.add(es.Poisson(rate=400.0), 6, name="x")
    h = net.add(es.LIF(), 2 * BLOCK + 30, name="h")
    y = net.add(es.LIF(), 3 * BLOCK, name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.01))
    sparse = es.fixed_probability(0.006)
    net.connect(x, h, rule, weight=es.uniform(2.0, 5.0), delay=1e-3, pattern=es.fixed_probability(0.5), name="xh")
    net.connect(
        h, y, rule, weight=es.uniform(2.0, 5.0), delay=1e-3, pattern=sparse, name="hy", feedback="random",
        feedback_weight=es.normal(0.0, 1.0), feedback_delay=2e-3,
    )  # fmt: skip

    def scold(cell):
        while True:
            yield cell.wait(4e-3)
            cell.send("error", 0.1)

    critic = net.add(scold, name="critic")
    net.connect(critic, y, port="error", weight=es.uniform(-1.0, 1.0), delay=1e-3)
    return net


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("make", [recurrent, scolded])
def test_any_number_of_threads_gives_the_same_bits(make, seed):
    whole = make(seed, "reference").run(0.012)
    assert len(whole.spikes(whole.population("y"))) > 100
    changed = [s for s in whole.plan.synapses if not np.array_equal(whole.weights(s.projection), s.weight)]
    assert len(changed) == (1 if make is recurrent else 2)
    for number in (2, 3):
        net = make(seed, number=number)
        for until in (0.0071, 0.012):
            net.run(until=until)
        assert differences(outcome(whole), outcome(net)) == []
        assert differences(moving(whole), moving(net)) == []


def test_threads_are_used(monkeypatch):
    """Each part of a population gets arrivals of its own, and does them."""
    taken = []
    share = threads.Threads._bounds

    def bounds(self, c):
        taken.append(share(self, c))
        return taken[-1]

    monkeypatch.setattr(threads.Threads, "_bounds", bounds)
    recurrent(0, number=3).run(0.01)
    assert len(taken) > 3
    y = 10  # the number of the first neuron of y: blocks are counted in the whole network
    assert all(np.array_equal(b, [0, BLOCK - y, 2 * BLOCK - y, 3 * BLOCK + 10]) for b in taken)


def test_buffers_that_fill_up_in_a_part(monkeypatch):
    monkeypatch.setattr(arrays, "ENTRIES", 1)
    monkeypatch.setattr(arrays, "SPIKES", 4)
    monkeypatch.setattr(threads, "SPIKES", 4)
    monkeypatch.setattr(arrays, "RING", 2)
    monkeypatch.setattr(threads, "RING", 2)
    whole = recurrent(5, "reference").run(0.012)
    assert differences(outcome(whole), outcome(recurrent(5, number=2).run(0.012))) == []


def test_what_is_recorded_is_recorded_by_one_thread():
    """Recording weights keeps the order of events, so the stages are not shared out then."""
    net = recurrent(1, number=2, record=("weights",)).run(0.01)
    assert net.engine.arrays.net.i[21] == 0
    whole = recurrent(1, "reference", record=("weights",)).run(0.01)
    assert differences(outcome(whole), outcome(net)) == []


def test_a_fault_in_a_part_is_told():
    net = es.Network(engine="compiled", threads=2)
    x = net.add(es.SpikeTrain([0.0]), name="x")
    y = net.add(es.LIF(tau_syn=0.0, reset="subtract"), 3 * BLOCK, name="y")
    net.connect(x, y, weight=50.0, delay=1e-3)
    with pytest.raises(es.RunawayError, match=r"y\[\d+\] would fire again at the same instant"):
        net.run(0.01)


@pytest.mark.parametrize(("number", "engine"), [(0, "compiled"), (2.0, "compiled"), (2, "reference")])
def test_bad_numbers(number, engine):
    with pytest.raises(es.EngineError, match=f"threads is {number!r}"):
        es.Network(engine=engine, threads=number)
