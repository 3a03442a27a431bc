"""A file is complete or refused, the old one is never lost, and what no file can keep is not saved."""

import errno
import functools
import json
import os

import numpy as np
import pytest
from busy import everything, fingerprint, pacemaker, plain_values, same
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import store


@pytest.fixture
def file(tmp_path):
    everything().run(until=10.0).save(tmp_path / "net.npz")
    return tmp_path / "net.npz"


def test_a_file_cut_short_anywhere_is_refused(file):
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    cuts = {0, 1, 2, 22, len(whole) // 2, len(whole) - 1, len(whole) - 2, len(whole) - 22}
    cuts |= set(rng.integers(0, len(whole), 60).tolist())
    for cut in sorted(cuts):
        file.write_bytes(whole[:cut])
        with pytest.raises(es.EngineError, match=r"net\.npz is not a complete eventsnn file.*cut short"):
            es.Network.load(file)
    file.write_bytes(whole)
    assert es.Network.load(file).now == 10.0


def test_a_file_with_a_wrong_byte_is_refused_or_harmless(file):
    """The archive's checksums cover what matters; a flipped bit elsewhere (a date) changes nothing."""
    whole = file.read_bytes()
    good = json.dumps(plain_values(store.read(file)))
    refused = 0
    for place in np.random.default_rng(1).integers(0, len(whole), 80):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(place % 8)
        file.write_bytes(bytes(broken))
        try:
            content = store.read(file)
        except es.EngineError:
            refused += 1
        else:
            assert json.dumps(plain_values(content)) == good
    assert refused > 40


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY", b"\x00" * 1000])
def test_something_else_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(es.EngineError, match="not a complete eventsnn file"):
        es.Network.load(tmp_path / "x.npz")


def test_another_archive_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros(3))
    np.save(tmp_path / "y.npy", np.zeros(3))
    for name in ("x.npz", "y.npy"):
        with pytest.raises(es.EngineError, match="not a complete eventsnn file"):
            es.Network.load(tmp_path / name)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        es.Network.load(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("version", [0, store.FORMAT + 1, "later"])
def test_another_version_is_refused(file, monkeypatch, version):
    content = store.read(file)
    monkeypatch.setattr(store, "FORMAT", version)
    store.write(file, content)
    monkeypatch.undo()
    with pytest.raises(es.EngineError, match=f"has format {version}; this eventsnn reads format {store.FORMAT}"):
        es.Network.load(file)


def test_a_file_that_names_something_else_makes_nothing(file, tmp_path):
    content = store.read(file)
    made = tmp_path / "made"
    content["description"]["populations"][0]["model"] = {"$class": "os:mkdir", "fields": {"path": str(made)}}
    store.write(file, content)
    with pytest.raises(es.EngineError, match=r"os:mkdir, which is no part of a network"):
        es.Network.load(file)
    assert not made.exists()


def test_a_file_that_names_what_is_gone_says_so(file):
    content = store.read(file)
    content["description"]["populations"][0]["model"]["$class"] = "gone_module:Gone"
    store.write(file, content)
    with pytest.raises(es.EngineError, match="needs gone_module:Gone, which cannot be imported"):
        es.Network.load(file)


@pytest.mark.parametrize("failure", ["write", "sync", "rename"])
def test_the_old_file_is_never_lost(file, monkeypatch, failure):
    old = file.read_bytes()
    net = es.Network.load(file).run(until=12.0)
    before = fingerprint(net)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    target = {"write": (np, "savez_compressed"), "sync": (os, "fsync"), "rename": (os, "replace")}[failure]
    monkeypatch.setattr(*target, full)
    with pytest.raises(OSError, match="No space"):
        net.save(file)
    monkeypatch.undo()
    assert file.read_bytes() == old
    assert [p.name for p in file.parent.iterdir()] == [file.name]  # and no half of the new one
    same(fingerprint(net), before)
    net.save(file)
    assert es.Network.load(file).now == 12.0


def test_a_file_is_never_seen_half_written(file, monkeypatch):
    """Whenever the new file is being written, the old one is still complete under its name."""
    net = es.Network.load(file).run(until=12.0)
    seen = []
    sync = os.fsync

    def look(number):
        seen.append(store.read(file)["state"]["events"])
        sync(number)

    events = store.read(file)["state"]["events"]
    monkeypatch.setattr(os, "fsync", look)
    net.save(file)
    assert seen == [events]
    assert store.read(file)["state"]["events"] > events


# -- what cannot be saved ---------------------------------------------------------------------------------------------


def wanderer(cell):
    yield cell.wait(1.0)
    yield cell.wait(2.0)


def looper(cell, gaps):
    for gap in gaps:
        yield cell.wait(gap)


def dreamer(cell):
    yield cell.env.timeout(5.0)


def dice(cell):
    rng = np.random.default_rng(1)
    while True:
        yield cell.wait(0.5)
        cell.note("throw", float(rng.random()))


def hoarder(cell):
    cell.state["things"] = {1, 2, 3}
    yield cell.receive()


def numberer(cell):
    cell.state["seen"] = {0: 1.0}
    yield cell.receive()


def hasty(cell):
    """Computes its wait from a memory that it then changes."""
    while True:
        pause = 1.0 + cell.state.get("n", 0)
        cell.state["n"] = cell.state.get("n", 0) + (cell.now >= 1.0)
        yield cell.wait(pause)


def alone(function, until=2.5, **arguments):
    net = es.Network()
    net.add(function, name="p", **arguments)
    net.add(es.LIF(), name="y", i_bias=2.0)
    return net.run(until=until)


class Callable:
    def __call__(self, cell):
        yield cell.receive()

    def method(self, cell):
        yield cell.receive()


def local_process():
    def inner(cell):
        yield cell.receive()

    return inner


def cases():
    return [
        (lambda cell: (yield cell.receive()), ["<lambda>", "top of a file"]),
        (local_process(), ["local_process.<locals>.inner", "top of a file"]),
        (functools.partial(looper, gaps=[1.0]), ["partial", "top of a file"]),
        (Callable(), ["Callable object", "top of a file"]),
        (Callable().method, ["Callable.method", "top of a file"]),
        (wanderer, ["p[0]", "test_files.py", "comes first to", "cell.state"]),
        (functools.wraps(pacemaker)(lambda cell: (yield cell.receive())), ["pacemaker", "top of a file"]),
        (dreamer, ["p[0]", "SimPy", "cell.wait"]),
        (dice, ["p[0]", "rng =", "cell.state"]),
        (hoarder, ["{1, 2, 3}", "set", "numbers, strings, lists, arrays"]),
        (numberer, ["key 0", "strings"]),
    ]


@pytest.mark.parametrize("case", range(len(cases())))
def test_processes_that_no_file_can_keep(tmp_path, case):
    function, words = cases()[case]
    path = tmp_path / "net.npz"
    path.write_bytes(b"old")
    net = alone(function)
    with pytest.raises(es.EngineError) as caught:
        net.save(path)
    for word in words:
        assert word in str(caught.value)
    assert path.read_bytes() == b"old"
    other = alone(function, until=5.0)  # and the network goes on as if nothing had happened
    a, b = (n.spikes(n.population("y")).t for n in (net.run(until=5.0), other))
    assert np.array_equal(a, b)
    assert len(a) > 50


def test_a_loop_over_times_cannot_be_saved_in_its_midst(tmp_path):
    """Nothing tells two equal gaps apart, so a loop is refused wherever it stands."""
    net = alone(looper, until=1.5, gaps=[1.0, 1.0, 3.0])
    with pytest.raises(es.EngineError, match="begins its `for` loop again; use `while` with a counter"):
        net.save(tmp_path / "net.npz")


def test_a_wait_that_would_be_another_is_refused(tmp_path):
    net = alone(hasty, until=0.5)
    net.save(tmp_path / "net.npz")
    with pytest.raises(es.EngineError, match=r"has pause = 2\.0, not 1\.0"):
        net.run(until=1.5).save(tmp_path / "net.npz")


def test_a_description_with_an_unknown_object_cannot_be_saved(tmp_path):
    class Odd:
        def sample(self, rng, n):
            return np.ones(n)

    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0])), net.add(es.LIF())
    net.connect(x, y, weight=Odd())
    net.run(1.0)
    with pytest.raises(es.EngineError, match=r"Odd object .* cannot be saved"):
        net.save(tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
@settings(max_examples=60)
def test_plain_values_come_back_bit_for_bit(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.npz"
    store.write(path, {"value": value, "array": np.array([0.0, -0.0, np.nan, np.inf, 5e-324])})
    back = store.read(path)
    assert repr(back["value"]) == repr(value)
    assert back["array"].tobytes() == np.array([0.0, -0.0, np.nan, np.inf, 5e-324]).tobytes()
