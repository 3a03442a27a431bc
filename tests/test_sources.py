"""Spikes that only Python knows: the compiled engine draws them in arrays, in pieces, and gets what was said."""

import math
from itertools import islice, takewhile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import rng
from eventsnn.engines.sources import Sources
from eventsnn.events import instant

SOURCES = [es.Poisson(rate=30.0, start=0.1, stop=4.0), es.Regular(period=0.25, spread=0.1), es.Poisson(rate=0.0)]
SOURCES += [es.SpikeTrain([[0.5, 1.0, 1.0 + 1e-12], [], [0.0, 2.5]]), es.Regular(period=3e-3, stop=2.5)]


class Told(es.Source):
    """Says one time after another, and how many."""

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "said", [0, 0, 0])

    def times(self, index, n, seed, name):
        """Every 20 ms, several at once."""
        for k in range(1000):
            self.said[index] += 1
            yield 0.02 * (k // (index + 1))


def networks(*models):
    """A network of sources alone."""
    net = es.Network(seed=4)
    for k, model in enumerate(models):
        net.add(model, 3, name=f"x{k}")
    return net


def said(plan, end):
    """Every spike before a time, in order: time and member."""
    found = []
    for c in plan.cells:
        for i in range(c.size):
            times = takewhile(lambda t: t < end, c.model.times(i, c.size, plan.seed, c.name))
            found += [(t, c.offset + i) for t in times]
    return sorted(found)


@given(st.lists(st.sampled_from([0.0, 0.02, 0.25, 0.5, 1.0, 2.5]) | st.floats(0.0, 3.0), min_size=1, max_size=6))
def test_pieces_give_what_was_said(ends):
    """In any pieces; a piece that ends at a spike leaves that for the next one."""
    plan = networks(*SOURCES, Told()).plan
    sources, found = Sources(plan), []
    for end in sorted(ends):
        new = sources.until(instant(end, plan.width), np.zeros(15 + 3, np.int64), plan.width)
        found += [(float(w * plan.width + o), int(n)) for w, o, n in new.tolist()]
    assert found == said(plan, max(ends))


def test_never_is_a_time():
    class Once(es.Source):
        def times(self, index, n, seed, name):
            """Then never."""
            return iter((0.25 * index, math.inf, math.inf))

    plan = networks(Once()).plan
    sources, sent = Sources(plan), np.zeros(3, np.int64)
    for end, members in ((0.25, [0]), (0.5, [1]), (9.0, [2]), (10.0, [])):
        assert sources.until(instant(end, plan.width), sent, plan.width)["node"].tolist() == members


def test_long_trains_fill_a_row_many_times():
    plan = networks(es.Regular(period=1e-4), Told()).plan
    new = Sources(plan).until(instant(1.5, plan.width), np.zeros(6, np.int64), plan.width)
    assert [(float(w * plan.width + o), int(n)) for w, o, n in new.tolist()] == said(plan, 1.5)


def test_after_a_stop_what_was_sent_is_left_out():
    plan = networks(*SOURCES[:2], Told()).plan
    sent = np.array([5, 0, 200, 3, 2, 1, 7, 0, 1])
    new = Sources(plan).until(instant(2.0, plan.width), sent, plan.width)
    for c in plan.cells:
        for i in range(c.size):
            times = c.model.times(i, c.size, plan.seed, c.name)
            left = list(takewhile(lambda t: t < 2.0, islice(times, int(sent[c.offset + i]), None)))
            assert (new["window"] * plan.width + new["offset"])[new["node"] == c.offset + i].tolist() == left


def test_a_source_that_says_one_time_after_another_is_asked_for_one_more_at_most():
    told = Told()
    plan = networks(told).plan
    Sources(plan).until(instant(0.1, plan.width), np.zeros(3, np.int64), plan.width)
    assert told.said == [6, 11, 16]  # those before 0.1 s, and the one that is not


def test_arrays_hold_the_sums_that_one_addition_after_another_gives():
    t, expected = 0.1, []
    for block in range(2):
        for interval in rng.stream(7, "x/spikes", 2, block).exponential(1.0 / 50.0, 256).tolist():
            t += interval
            expected.append(t)
    assert list(islice(es.Poisson(rate=50.0, start=0.1).times(2, 3, 7, "x"), 512)) == expected
    regular = es.Regular(period=0.1, spread=0.3).times(2, 3, 7, "x")
    assert list(islice(regular, 300)) == [0.3 * 2 / 3 + k * 0.1 for k in range(300)]


def test_times_that_a_class_writes_anew_are_those_that_count(plain_python):
    class Late(es.Poisson):
        def times(self, index, n, seed, name):
            """A second later."""
            return (t + 1.0 for t in super().times(index, n, seed, name))

    spikes = []
    for engine in ("reference", "compiled"):
        net = es.Network(seed=2, engine=engine)
        x = net.add(Late(rate=20.0), 4, name="x")
        net.run(2.0)
        spikes.append(net.spikes(x))
    assert len(spikes[0]) > 40
    assert spikes[0].t.min() > 1.0
    assert spikes[0].t.tobytes() == spikes[1].t.tobytes()


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize(("bad", "shown"), [((0.1, 0.3, 0.2), "0.2"), ((0.1, math.nan), "nan"), ((-0.1,), "-0.1")])
def test_times_that_decrease_or_are_none(bad, shown, engine, plain_python):
    class Odd(es.Source):
        def times(self, index, n, seed, name):
            """As given."""
            return iter(bad if index == 1 else ())

    net = es.Network(seed=1, engine=engine)
    net.add(Odd(), 3, name="x")
    with pytest.raises(es.EngineError, match=rf"x: Odd.times gives {shown} for neuron 1; times \[s\] are numbers"):
        net.run(1.0)
    with pytest.raises(es.EngineError, match="cannot run on"):  # spikes are missing now
        net.run(1.0)
