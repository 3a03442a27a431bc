"""The one total order of events: nothing depends on insertion, on where a run is split, or on who else is there."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn.engines.agenda import EventEnvironment
from eventsnn.engines.nodes import Fire

GRID = 1 / 64  # many things happen at the same instants
DURATION = 20.0  # two and a half samples
WHOLE = {}


def crowded(seed=3):
    """A learning network in which nearly every message shares its instant with others."""
    net = es.Network(seed=seed)
    stimulus = net.add(es.Stimulus([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5]], [0, 1], period=8.0), name="stimulus")
    x = net.add(es.Latency(), 3, name="x")
    h = net.add(es.IF(), 4, name="h")
    y = net.add(es.IF(), 2, name="y")
    rule = es.SpikeTimeGradient(mode="accumulate", cost=es.WeightSum(sum=1.2, rate=0.1))
    net.connect(stimulus, x, port="value")
    for p in (x, h, y):
        net.connect(stimulus, p, port="reset")
    for p in (h, y):
        net.connect(stimulus, p, port="apply")
    net.connect(x, h, rule, weight=es.uniform(0.3, 1.7), name="xh")
    net.connect(h, y, rule, weight=es.uniform(0.3, 1.3), feedback="symmetric", feedback_delay=GRID, name="hy")
    teacher = net.teach(y, es.FirstToSpike(outputs=2, patience=7.0), delay=GRID)
    net.connect(stimulus, teacher, port="label")
    beat = net.add(es.Regular(period=4 * GRID), 5, name="beat")
    noise = net.add(es.Poisson(rate=2.0), 5, name="noise")
    pulse = net.add(es.LIF(tau_mem=0.5, tau_syn=0.0, t_refractory=2 * GRID), 8, name="pulse")
    smooth = net.add(es.LIF(tau_mem=0.5, tau_syn=0.25, t_refractory=GRID), 8, name="smooth")
    for source in (beat, noise):
        net.connect(source, pulse, weight=es.uniform(-0.2, 0.9), name=f"{source.name}-pulse")
        net.connect(source, smooth, weight=es.uniform(-0.2, 1.5), delay=2 * GRID, name=f"{source.name}-smooth")
    net.connect(pulse, smooth, weight=es.normal(0.0, 1.0), name="pulse-smooth")
    net.connect(smooth, pulse, weight=es.normal(0.0, 0.3), delay=GRID, name="smooth-pulse")
    net.connect(pulse, pulse, weight=es.normal(0.0, 0.3), delay=GRID, name="pulse-pulse")
    return net


def result(net):
    """Every bit that a network has produced: spikes in their order, weights, messages."""
    spikes = {p.name: (net.spikes(p).t.tobytes(), net.spikes(p).i.tobytes()) for p in net.description.populations}
    weights = {p.name: net.weights(p).tobytes() for p in net.description.projections}
    return spikes, weights, net.message_counts()


def whole():
    """The undivided run, once."""
    if not WHOLE:
        net = crowded().run(DURATION)
        WHOLE["result"] = result(net)
        WHOLE["times"] = sorted({float(t) for p in net.description.populations for t in net.spikes(p).t})
    return WHOLE


def shuffle_insertion(monkeypatch, seed):
    """What is sent reaches the agenda only when it is due, in random order; returns how many at a time."""
    rng, together = random.Random(seed), []
    at, cancel, next_key = EventEnvironment.at, EventEnvironment.cancel, EventEnvironment.next_key
    late = {}

    def late_at(env, key, happening):
        assert key not in late
        late[key] = happening

    def late_cancel(env, key):
        if late.pop(key, None) is None:
            cancel(env, key)

    def late_next_key(env):
        first = next_key(env)
        due = min([key[:2] for key in late] + ([first[:2]] if first else []), default=None)
        entries = [(key, late.pop(key)) for key in list(late) if key[:2] == due]
        rng.shuffle(entries)
        together.append(len(entries))
        for key, happening in entries:
            at(env, key, happening)
        return next_key(env)

    monkeypatch.setattr(EventEnvironment, "at", late_at)
    monkeypatch.setattr(EventEnvironment, "cancel", late_cancel)
    monkeypatch.setattr(EventEnvironment, "next_key", late_next_key)
    return together


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_insertion_changes_no_bit(seed, monkeypatch):
    expected = whole()["result"]
    together = shuffle_insertion(monkeypatch, seed)
    net = crowded()
    rows = random.Random(seed)
    for node in net.engine.nodes:  # also send along the projections in another order, and along each row
        for port in node.rows.values():
            rows.shuffle(port)
            for _, runs in port:
                rows.shuffle(runs)
    assert result(net.run(DURATION)) == expected
    assert sum(n > 5 for n in together) > 50


def test_the_crowded_network_is_crowded():
    net = crowded()
    net.record_messages()
    net.run(DURATION)
    for name in ("h", "y", "pulse", "smooth"):
        assert len(net.spikes(net.population(name))) > 5
    t = net.messages().t
    assert (np.unique(t, return_counts=True)[1] > 1).sum() > 0.3 * len(np.unique(t))
    weights = net.weights(net.projection("xh"))
    assert not np.array_equal(weights, crowded().plan.synapses[net._synapses(net.projection("xh")).index].weight)


# -- half-open runs -----------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=15)
def test_split_runs_give_the_same_bits(data):
    at_events = st.sampled_from(whole()["times"])
    points = data.draw(st.lists(st.one_of(st.floats(0.0, DURATION), at_events), min_size=1, max_size=6))
    net = crowded()
    for t in sorted(points):
        net.run(until=t)
        assert net.now == t
    assert result(net.run(until=DURATION)) == whole()["result"]


def test_an_event_at_the_end_of_a_run_belongs_to_the_next():
    net = es.Network()
    x = net.add(es.SpikeTrain([[0.5, 1.0]]))
    y = net.add(es.LIF(tau_mem=1.0, tau_syn=0.0))
    net.connect(x, y, weight=2.0, delay=0.25)
    assert net.run(until=0.5).spikes(x).t.tolist() == []
    assert net.run(until=0.75).spikes(x).t.tolist() == [0.5]
    assert len(net.spikes(y)) == 0
    net.run(duration=0.0)
    assert len(net.spikes(y)) == 0
    assert net.run(until=math.nextafter(0.75, 1)).spikes(y).t.tolist() == [0.75]


# -- simultaneous events ------------------------------------------------------------------------------------------


def relay(net, name):
    return net.add(es.LIF(tau_mem=1.0, tau_syn=0.0, t_refractory=0.125), name=name)


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")])
def test_chains_without_delay_run_through_the_ranks(names):
    """c hears a directly and through b at the same instant, and decides when both have spoken."""
    for inhibition, fires in ((-1.5, []), (-0.5, [0.25])):
        net = es.Network()
        cells = {name: relay(net, name) for name in names}
        x = net.add(es.SpikeTrain([[0.25]]), name="x")
        net.connect(cells["b"], cells["c"], weight=inhibition)
        net.connect(cells["a"], cells["c"], weight=2.0)
        net.connect(cells["a"], cells["b"], weight=2.0)
        net.connect(x, cells["a"], weight=2.0)
        net.run(1.0)
        assert [net.plan.of(cells[n]).rank for n in "abc"] == [1, 2, 3]
        assert net.spikes(cells["a"]).t.tolist() == net.spikes(cells["b"]).t.tolist() == [0.25]
        assert net.spikes(cells["c"]).t.tolist() == fires


def test_a_crossing_comes_before_what_arrives_at_its_instant():
    def first_spike(*inputs):
        net = es.Network()
        y = net.add(es.LIF(tau_mem=1.0, tau_syn=0.0), i_bias=1.5)
        if inputs:
            net.connect(net.add(es.SpikeTrain([list(inputs)])), y, weight=-1.0)
        times = net.run(1.5).spikes(y).t
        return float(times[0]) if len(times) else None

    crossing = first_spike()
    assert crossing == pytest.approx(math.log(3.0), abs=1e-15)
    assert first_spike(crossing) == crossing
    assert first_spike(crossing - 1e-12) is None


def test_apply_reset_control_and_spikes_of_one_instant():
    """A reset comes before the spikes of its instant, whatever order they were sent in."""

    def conductor(cell):
        yield cell.until(0.5)
        cell.fire()
        yield cell.until(1.0)
        cell.fire()
        cell.send("reset")

    net = es.Network()
    c = net.add(conductor)
    y = net.add(es.IF(tau_syn=0.0), record=("spikes", "state"))
    net.connect(c, y, weight=0.75)
    net.connect(c, y, port="reset")
    net.run(2.0)
    assert len(net.spikes(y)) == 0
    assert net.state(y, 0, [0.75, 1.5])["v"].tolist() == [0.75, 0.75]


def test_a_planned_spike_is_taken_back_or_moved():
    """A neuron has at most one spike on the agenda; an input cancels it, another brings it forward."""
    net = es.Network()
    x = net.add(es.SpikeTrain([[0.25], [0.5], [4.0]]))
    y = net.add(es.LIF(tau_mem=1.0, tau_syn=1.0))
    net.connect(x, y, weight=[5.0, -9.0, 20.0])

    def planned():
        return [key for key, entry in net.engine.env.agenda.items() if isinstance(entry, Fire) and entry.node.cell]

    net.run(until=0.375)
    (first,) = planned()
    assert first.offset > 0.5
    net.run(until=0.75)
    assert planned() == []
    net.run(until=math.nextafter(4.0, 5.0))
    assert len(planned()) == 1
    times = net.run(until=4.5).spikes(y).t
    assert times[0] > 4.0


# -- independence of who else is there ----------------------------------------------------------------------------


def described(extra):
    """A network with randomness of every kind, and perhaps others before, between and after."""
    net = es.Network(seed=11)

    def others(k):
        if extra:
            z = net.add(es.Poisson(rate=20.0), 7, name=f"other {k}")
            q = net.add(es.LIF(tau_mem=1.0, tau_syn=0.5), 3, name=f"more {k}", v=es.uniform(0, 1))
            net.connect(z, q, weight=es.normal(0, 1), delay=es.uniform(1.0, 2.0), pattern=es.fixed_probability(0.5))

    others(0)
    x = net.add(es.Poisson(rate=3.0), 6, name="x")
    others(1)
    y = net.add(es.LIF(tau_mem=1.0, tau_syn=0.5), 5, name="y", v=es.uniform(0, 1), i_bias=es.normal(0.5, 0.3))
    net.connect(x, y, weight=es.normal(1, 0.5), delay=es.uniform(0.5, 1.0), pattern=es.fixed_indegree(4), name="xy")
    others(2)
    net.connect(
        y, y, weight=es.normal(0, 0.5), delay=es.uniform(0.5, 1.0), pattern=es.fixed_probability(0.4), name="yy"
    )
    others(3)
    return net


def test_others_shift_no_random_number():
    a, b = described(False), described(True)
    a.run(30.0)
    b.run(30.0)
    for name in ("x", "y"):
        mine, theirs = a.spikes(a.population(name)), b.spikes(b.population(name))
        assert len(mine) > 20
        np.testing.assert_array_equal(mine.t, theirs.t)
        np.testing.assert_array_equal(mine.i, theirs.i)
    for name in ("xy", "yy"):
        one, other = a._synapses(a.projection(name)), b._synapses(b.projection(name))
        for what in ("source", "target", "weight", "delay"):
            np.testing.assert_array_equal(getattr(one, what), getattr(other, what))


def test_another_seed_shifts_them_all():
    a, b = described(False), es.Network(seed=12)
    b.description.populations, b.description.projections = a.description.populations, a.description.projections
    for one, other in zip(a.plan.synapses, b.plan.synapses, strict=True):
        assert not np.array_equal(one.weight, other.weight)
        assert not np.array_equal(one.delay, other.delay)
    assert not np.array_equal(a.plan.cells[1].state["v"], b.plan.cells[1].state["v"])
    x = a.population("x")
    assert not np.array_equal(a.run(30.0).spikes(x).t, b.run(30.0).spikes(x).t)
