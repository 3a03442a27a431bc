"""Compiled functions read from a bundle what is in the named tuple, and write to its arrays."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
from numba import njit

from eventsnn.engines.bundles import Bundle, Calls

Model = namedtuple("Model", "tau part")
Part = namedtuple("Part", "rate steps")
Net = namedtuple("Net", "width count table rows model places")
ROW = np.dtype([("t", "f8"), ("n", "i8")], align=True)


def run(net, other, factor):
    """Uses every kind of field."""
    net.rows[1].n += net.count
    net.table[1, 2] = net.model.tau + net.model.part.rate * net.model.part.steps
    net.places[0] = other.places[net.places.size - 1]
    column = net.table[:, 3]
    return net.width * factor + net.table[0, 1] + column[1] + net.rows[0].t + net.table.shape[0]


def made(seed):
    rng = np.random.default_rng(seed)
    rows = np.zeros(3, ROW)
    rows["t"], rows["n"] = rng.normal(size=3), rng.integers(0, 9, 3)
    model = Model(float(rng.normal()), Part(0.5, int(rng.integers(1, 9))))
    return Net(0.25, int(rng.integers(1, 9)), rng.normal(size=(2, 4)), rows, model, rng.integers(0, 9, 5, np.uint32))


def copied(net):
    return net._replace(table=net.table.copy(), rows=net.rows.copy(), places=net.places.copy())


@pytest.fixture(scope="module")
def calls():
    return Calls(SimpleNamespace(run=njit(_nrt=False)(run)))


@pytest.mark.parametrize("seed", range(5))
def test_a_bundle_is_as_good_as_the_tuple(calls, seed):
    net, other = made(seed), made(100 + seed)
    twin = copied(net)
    expected = run(SimpleNamespace(**{**twin._asdict(), "rows": twin.rows.view(np.recarray)}), other, 2.0)
    assert calls("run", net, calls.bundle(other), 2.0) == expected
    for field in ("table", "rows", "places"):
        np.testing.assert_array_equal(getattr(net, field), getattr(twin, field))


def test_another_tuple_is_another_bundle(calls):
    """As after an enlargement of the agenda: the old arrays are left alone."""
    first, other = made(1), calls.bundle(made(2))
    calls("run", first, other, 1.0)
    second, before = copied(first), first.rows.copy()
    calls("run", second, other, 1.0)
    np.testing.assert_array_equal(first.rows, before)
    assert second.rows["n"][1] == first.rows["n"][1] + first.count


def test_tuples_alike_have_one_type_and_others_another():
    """Kernels are kept on disk by the types of their arguments."""
    net = made(3)
    assert Bundle(net).type == Bundle(made(4)).type
    assert Bundle(net).type != Bundle(net._replace(table=net.table[0])).type
    assert Bundle(net).type.mangling_args != Bundle(net._replace(count=1.0)).type.mangling_args
