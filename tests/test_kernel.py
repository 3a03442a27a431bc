"""The agenda of the compiled engine by itself: buckets, the ring of windows, the heap behind it, sorting, visits."""

import ast
import importlib
import random
from types import SimpleNamespace
from typing import NamedTuple

import networks
import numpy as np
import pytest

from eventsnn.engines import arrays, kernel, loop, rows, sources, visits
from eventsnn.errors import EngineError

STAGES = 3


class Net(NamedTuple):
    """The part of a kernel's `net` that the agenda needs."""

    width: float
    stages: int
    i: np.ndarray
    pool: np.ndarray
    lists: np.ndarray
    bins: np.ndarray
    buckets: np.ndarray
    visits: np.ndarray
    groups: np.ndarray
    blocks: np.ndarray
    feed: np.ndarray
    nodes: np.ndarray
    touched: np.ndarray
    is_touched: np.ndarray


def make_net(ring, entries=400, neurons=10):
    """An empty agenda."""

    def zeros(n, kind):
        return np.zeros(n, kind).view(rows.Rows)

    i = np.zeros(32, np.int64)
    i[loop.KNOWN_END] = loop.NO_VISIT
    i[loop.FREE] = entries
    pool = zeros(entries, arrays.ENTRY)
    lists = np.zeros((loop.VACANT + 1, entries), np.int64)
    lists[loop.VACANT] = np.arange(entries)
    buckets = np.full((ring, STAGES + 1), -1, np.int64)
    buckets[:, STAGES] = 0
    due = [np.full(n, loop.NO_VISIT) for n in (neurons, neurons // loop.GROUP + 1, neurons // loop.BLOCK + 1)]
    feed, nodes = zeros(0, sources.FEED), zeros(neurons, arrays.NODE)
    return Net(
        1.0, STAGES, i, pool, lists, np.zeros(loop.BINS + 1, np.int64), buckets, *due, feed, nodes,
        np.zeros(2 * neurons + 2, np.int64), np.zeros(neurons, np.int8),
    )  # fmt: skip


def push(net, window, stage, offset=0.0, kind=5, sender=0, synapse=0, nth=0):
    loop.push(net, window, offset, kind, sender, synapse, nth, 0, 0, 1, 0.0, 0, stage)


def place(entry):
    return entry.offset, entry.kind, entry.sender, entry.synapse, entry.nth


@pytest.mark.parametrize("ring", [1, 2, 7, 64])
@pytest.mark.parametrize("seed", range(4))
def test_entries_come_out_in_the_total_order(ring, seed):
    """Every entry comes out once, in its window and stage, as a plain sort has it; new ones are put in meanwhile."""
    rng = random.Random(seed)
    net, waiting, seen = make_net(ring), [], 0
    now = 0

    def put(n):
        for _ in range(n):
            key = (
                now + rng.choice([0, 1, 2, 5, 63, 64, 65, 1000, 10**9]), rng.randrange(STAGES),
                rng.choice([0.0, 0.25, 0.5]), rng.choice([0, 3, 5]), rng.randrange(3), rng.randrange(3), len(waiting),
            )  # fmt: skip
            push(net, *key)
            waiting.append(key)

    put(60)
    while waiting:
        found = loop.next_window(net, now, 10**12)
        assert found == min(key[0] for key in waiting)
        now = found
        for stage in range(STAGES):
            count = loop.collect(net, now, stage)
            out = [place(net.pool[x]) for x in net.lists[loop.ORDER, :count]]
            assert out == sorted(key[2:] for key in waiting if key[:2] == (now, stage))
            for x in net.lists[loop.ORDER, :count]:
                loop.release(net, x)
            waiting[:] = [key for key in waiting if key[:2] != (now, stage)]
            seen += count
        now += 1
        if seen < 250:
            put(rng.randrange(6))
    assert net.i[loop.FREE] == len(net.pool)
    assert net.i[loop.NEAR] == net.i[loop.FAR] == 0


@pytest.mark.parametrize("n", [0, 1, 2, 16, 17, loop.SPREAD_FROM - 1, loop.SPREAD_FROM, 33, 100, 399])
@pytest.mark.parametrize("times", [[0.0, 0.5], [0.3], np.linspace(0.0, 1.0, 5000, endpoint=False).tolist()])
def test_sorting(n, times):
    rng = random.Random(n)
    net = make_net(1)
    keys = [(rng.choice(times), rng.randrange(2), rng.randrange(2), rng.randrange(2), k) for k in range(n)]
    rng.shuffle(keys)
    for key in keys:
        push(net, 0, 1, *key)
    count = loop.collect(net, 0, 1)
    assert [place(net.pool[x]) for x in net.lists[loop.ORDER, :count]] == sorted(keys)


def test_what_is_put_back_comes_again():
    net = make_net(4)
    for k in range(20):
        push(net, 0, 0, offset=k / 32)
    count = loop.collect(net, 0, 0)
    for k in range(5):
        loop.release(net, net.lists[loop.ORDER, k])
    loop.put_back(net, 5, count)
    assert loop.next_window(net, 0, 9) == 0
    assert loop.collect(net, 0, 0) == 15
    assert [net.pool[x].offset for x in net.lists[loop.ORDER, :15]] == [k / 32 for k in range(5, 20)]


def test_an_empty_agenda_ends_at_the_end():
    net = make_net(8)
    assert loop.next_window(net, 3, 10) == 11
    assert net.i[loop.WINDOW] == 10


def test_visits_come_when_they_are_due():
    neurons = 3 * loop.BLOCK + 5
    net, rng = make_net(8, neurons=neurons), random.Random(1)
    due = {}
    for _ in range(2000):
        node, window = rng.randrange(neurons), rng.randrange(40)
        visits.visit(net, node, window)
        due[node] = window
    for window in range(41):
        found = loop.next_window(net, window, 100)
        assert found == min(due.values(), default=101) or found < min(due.values(), default=101)
        for first, size in ((0, loop.BLOCK + 7), (loop.BLOCK + 7, neurons - loop.BLOCK - 7)):
            visits.wake(net, first, size, window)
            woken = sorted(int(n) for n in net.touched[: net.i[loop.TOUCHED]])
            assert woken == sorted(n for n, w in due.items() if w <= window and first <= n < first + size)
            for node in woken:
                due.pop(node)
                net.is_touched[node] = 0
            net.i[loop.TOUCHED] = 0
    assert not due
    assert loop.next_window(net, 41, 100) == 101


def test_extremes_are_those_of_python():
    nan, values = float("nan"), [0.0, -0.0, 1.0, -1.0, float("inf")]
    for a in [*values, nan]:
        for b in [*values, nan]:
            assert repr(loop.python_max(a, b)) == repr(max(a, b))
            assert repr(loop.python_min(a, b)) == repr(min(a, b))


@pytest.mark.parametrize("windows", [0.0, 0.5, 1.0, 1e18, 2.0**61, 1e300, float("inf")])
def test_no_number_of_windows_overflows(windows):
    assert loop.whole(windows) == int(min(windows, 2.0**61))


@pytest.mark.parametrize("seed", range(8))
def test_a_kernel_is_readable_python(seed):
    """One module, that parses, in which every function is compiled and named once."""
    text = kernel.text(networks.random_network(seed).plan)
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    names = [f.name for f in functions]
    assert sorted(names) == sorted(set(names))
    assert all(len(f.decorator_list) == 1 for f in functions)
    assert {"run", "start", "push_many"} <= set(names)
    assert "**" not in text.replace("2.0**61", "")
    assert "fastmath" not in text


def test_two_runs_give_one_text():
    """The text, whose hash names the compiled module, does not depend on anything but the network's shape."""
    for shape in (3, 32):
        first, second = (kernel.text(networks.random_network(seed, shape=shape).plan) for seed in (1, 2))
        importlib.invalidate_caches()
        assert first == second


@pytest.mark.parametrize(
    ("what", "words"), [("synapses", "x->y has"), ("neurons", "network has"), ("populations", "network has")]
)
def test_more_than_an_entry_can_number_is_refused(what, words):
    class Many:
        name = "x->y"

        def __len__(self):
            return 2**31 if what == "synapses" else 2**31 - 1

    cells = range(2**15 if what == "populations" else 2**15 - 1)
    plan = SimpleNamespace(synapses=[Many()], neurons=2**31 - (what != "neurons"), cells=cells)
    with pytest.raises(EngineError, match=f"{words} .* {what}, and engine='compiled' can number"):
        arrays.refuse_what_no_entry_can_number(plan)
