"""Neurons that a spike reaches together: the same bits as one by one, and most of them are taken together."""

import functools
import sys

import numpy as np
import pytest

import eventsnn as es

RULES = [es.EProp, es.SuperSpike, es.LocalError, es.ErrorTriggered]


def layer(rule, engine, again=None, time=es.exact_time):
    """A dense layer whose neurons differ, fire, are refractory and get errors at times of their own.

    With another rule, the neurons also reach each other. On a grid, many spikes arrive at the same instant.
    """
    net = es.Network(seed=3, engine=engine, time=time)
    x = net.add(es.Poisson(rate=40.0), 6, name="x")
    y = net.add(es.LIF(t_refractory=2e-3), 10, name="y")
    plastic = net.connect(x, y, rule, weight=es.uniform(0.5, 2.0), delay=1e-3)
    if again is not None:
        net.connect(y, y, again, weight=es.uniform(-0.5, 0.5), delay=2e-3)
    voice = net.add(es.ErrorNeuron(), 10, name="voice")
    teacher = net.add(es.Poisson(rate=10.0), 10, name="teacher")
    net.connect(teacher, voice, weight=1.0, pattern=es.one_to_one())
    net.connect(voice, y, port="error", weight=0.5, delay=1e-3, pattern=es.one_to_one())
    net.run(0.2)
    return net, y, plastic


def same_synapses(one, p, two, p2):
    """All that two networks hold at the synapses of a projection is equal, to the last bit."""
    here, there = one.synapse_state(p), two.synapse_state(p2)
    assert all(np.array_equal(here[name], there[name]) for name in here)


@pytest.mark.parametrize("kind", RULES)
def test_the_same_bits_as_one_by_one(kind, plain_python):
    """Spike times, weights, and what is kept at neurons and synapses."""
    (one, y, p), (two, y2, p2) = (layer(kind(step=es.Sgd(lr=1e-2)), engine) for engine in ("reference", "compiled"))
    assert len(one.spikes(y)) > 10
    assert one.spikes(y).t.tobytes() == two.spikes(y2).t.tobytes()
    assert one.weights(p).tobytes() == two.weights(p2).tobytes()
    same_synapses(one, p, two, p2)


@pytest.mark.parametrize("kind", RULES)
def test_spikes_of_several_sources_at_one_instant(kind, plain_python):
    """The first brings the neurons there; the others find them brought, those that just fired included."""
    make = functools.partial(layer, kind(step=es.Sgd(lr=1e-2)), time=es.grid(4e-3))
    (one, y, p), (two, y2, p2) = make("reference"), make("compiled")
    assert len(one.spikes(y)) > 10
    assert one.spikes(y).t.tobytes() == two.spikes(y2).t.tobytes()
    same_synapses(one, p, two, p2)


PAIRS = [(es.EProp, es.SuperSpike), (es.SuperSpike, es.EProp), (es.EProp, es.PairSTDP)]


@pytest.mark.parametrize(("kind", "other"), PAIRS)
def test_two_rules_at_one_neuron(kind, other, plain_python):
    """Both take their steps for the same neurons, or neither does."""
    rule, again = kind(step=es.Sgd(lr=1e-2)), es.PairSTDP() if other is es.PairSTDP else other(step=es.Sgd(lr=1e-2))
    (one, y, _), (two, y2, _) = (layer(rule, engine, again) for engine in ("reference", "compiled"))
    assert len(one.spikes(y)) > 10
    assert one.spikes(y).t.tobytes() == two.spikes(y2).t.tobytes()
    for p, p2 in zip(one.description.projections[:2], two.description.projections[:2], strict=True):
        assert one.weights(p).tobytes() == two.weights(p2).tobytes()
        same_synapses(one, p, two, p2)
    assert "glide_" in two.kernel()


def calls(run):
    """How often a kernel's rows brought neurons to now together, and how often one by itself."""
    found = {"glide_": 0, "bring_": 0}

    def watch(frame, event, _):
        if event == "call" and frame.f_back and frame.f_back.f_code.co_name.startswith("row_LIF"):
            for name in found:
                found[name] += frame.f_code.co_name.startswith(name)

    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(None)
    return found["glide_"], found["bring_"]


def test_most_are_taken_together(plain_python):
    """A layer that every source reaches: less than half of the synaptic events find their neuron by itself."""
    made = []
    together, alone = calls(lambda: made.append(layer(es.EProp(step=es.Sgd(lr=1e-2)), "compiled")))
    assert together > 0
    assert alone < 0.5 * made[0][0].message_counts()["x->y"]


@pytest.mark.parametrize("kind", RULES)
def test_one_with_another_latest_event_is_left_out(kind, plain_python):
    """An error reaches one neuron between two spikes: it takes its step by itself, the others theirs together."""

    def between(engine):
        net = es.Network(seed=1, engine=engine)
        x = net.add(es.SpikeTrain([[0.001, 0.003]]), name="x")
        y = net.add(es.LIF(), 10, name="y")
        p = net.connect(x, y, kind(step=es.Sgd(lr=1e-2)), weight=es.uniform(0.1, 0.2), delay=1e-3)
        voice = net.add(es.ErrorNeuron(), name="voice")
        net.connect(net.add(es.SpikeTrain([[0.001]]), name="teacher"), voice, weight=1.0)
        net.connect(voice, y, port="error", weight=0.5, delay=2e-3, pattern=es.edges([0], [4]))
        net.run(0.0035)
        return net, p

    (one, p), (two, p2) = between("reference"), between("compiled")
    together, alone = calls(lambda: two.run(0.001))
    one.run(0.001)
    assert (together, alone) == (1, 1)
    same_synapses(one, p, two, p2)


@pytest.mark.parametrize("kind", RULES)
def test_a_neuron_that_a_spike_reaches_twice(kind, plain_python):
    """It takes one step, within a window and into the next one, and both synapses see what is true then."""

    def twice(engine):
        net = es.Network(seed=1, engine=engine)
        x = net.add(es.SpikeTrain([[0.001, 0.003, 0.006, 0.058, 0.064, 0.066]]), name="x")
        y = net.add(es.LIF(), 6, name="y")
        pattern = es.edges([0] * 9, [0, 1, 1, 2, 3, 4, 4, 4, 5])
        p = net.connect(x, y, kind(step=es.Sgd(lr=1e-2)), weight=es.uniform(0.1, 3.0), delay=1e-3, pattern=pattern)
        net.run(0.1)
        return net, y, p

    (one, y, p), (two, y2, p2) = twice("reference"), twice("compiled")
    assert len(one.spikes(y)) > 0
    assert 0.059 < one.plan.width < 0.065
    assert one.spikes(y).t.tobytes() == two.spikes(y2).t.tobytes()
    same_synapses(one, p, two, p2)


@pytest.mark.parametrize("kind", RULES)
def test_who_reaches_the_threshold_after_a_common_step_fires(kind, plain_python):
    """Between the last arrival of a window and its end, where the voltage is low again."""

    def pushed(engine):
        net = es.Network(seed=1, engine=engine)
        x = net.add(es.SpikeTrain([[0.001, 0.0015, 0.3]]), name="x")
        y = net.add(es.LIF(), 10, name="y")
        net.connect(x, y, kind(step=es.Sgd(lr=1e-2)), weight=es.uniform(2.0, 6.0), delay=1e-3)
        net.run(0.5)
        return net, y

    (one, y), (two, y2) = pushed("reference"), pushed("compiled")
    assert 0 < len(one.spikes(y)) < 10
    assert one.spikes(y).t.max() < 0.05 < two.plan.width
    assert one.spikes(y).t.tobytes() == two.spikes(y2).t.tobytes()
