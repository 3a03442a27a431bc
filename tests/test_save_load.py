"""Stopped, saved, loaded and continued, a network gives the same bits."""

import hashlib
import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from busy import END, everything, fingerprint, plain_values, same, uninterrupted
from hypothesis import example, given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import store
from eventsnn.engines import snapshot


@settings(max_examples=15)
@example(times=[5.1, 5.28, 5.4])  # errors on their way back, gradients accumulated, then applied
@given(times=st.lists(st.floats(0.0, END), min_size=1, max_size=4).map(sorted))
def test_stopped_anywhere_saved_loaded_and_continued_gives_the_same_bits(tmp_path_factory, times):
    path = tmp_path_factory.mktemp("save") / "net.npz"
    net = everything()
    for time in times:
        net.run(until=time)
        net.save(path)
        net = es.Network.load(path)
    same(fingerprint(net.run(until=END)), uninterrupted())


@pytest.mark.parametrize("count", [1, 2, 17, 100, 333, 800, 1234])
def test_stopped_between_two_events_of_one_instant(tmp_path, count):
    net = everything()
    with pytest.raises(es.RunawayError):
        net.run(until=END, max_events=count)
    net.save(tmp_path / "net.npz")
    same(fingerprint(es.Network.load(tmp_path / "net.npz").run(until=END)), uninterrupted())
    same(fingerprint(net.run(until=END)), uninterrupted())  # saving changed nothing


@pytest.mark.slow
def test_stopped_after_every_single_event(tmp_path):
    net = everything()
    for _ in range(400):
        with pytest.raises(es.RunawayError):
            net.run(until=END, max_events=7)
        net.save(tmp_path / "net.npz")
        net = es.Network.load(tmp_path / "net.npz")
    same(fingerprint(net.run(until=END)), uninterrupted())


def test_everything_was_there_to_be_saved(tmp_path):
    """The network of these tests has, at some moment, every kind of thing that could be forgotten."""
    net = everything()
    seen = set()
    for time in np.sort([*np.arange(0.5, 40.0, 0.75), *(5.0 * np.arange(1, 8) + 0.28)]):
        net.run(until=float(time))
        state = snapshot.take(net.engine)
        seen |= {"pending"} if len(state["pending"]["value"]) else set()
        seen |= {"pending errors"} if state["pending"]["back"].any() else set()
        seen |= {"guest with an alarm"} if any(g["due"] for g in state["guests"]) else set()
        seen |= {"guest with an inbox"} if any(g["inbox"] for g in state["guests"]) else set()
        seen |= {"guest with a memory"} if any(g["state"] for g in state["guests"]) else set()
        leaky = next(c for c in state["cells"] if "i_bias" in c)
        seen |= {"refractory"} if (leaky["hold"] >= 0).any() else set()
        latency = next(c for c in state["cells"] if "left" in c)
        seen |= {"latency pending"} if np.isfinite(latency["left"]).any() else set()
        xh = net.synapse_state(net.projection("xh"))
        hy = net.synapse_state(net.projection("hy"))
        seen |= {"accumulated"} if xh["syn.gradient"].any() else set()
        seen |= {"adam"} if xh["syn.square"].any() else set()
        seen |= {"momentum"} if hy["syn.velocity"].any() else set()
        seen |= {"gathered"} if hy["post.error"].any() else set()
    assert seen == {
        "pending", "pending errors", "guest with an alarm", "guest with an inbox", "guest with a memory", "refractory",
        "latency pending", "accumulated", "adam", "momentum", "gathered",
    }  # fmt: skip


def test_a_network_can_be_saved_before_it_ever_ran(tmp_path):
    net = everything()
    net.save(tmp_path / "net.npz")
    same(fingerprint(es.Network.load(tmp_path / "net.npz").run(until=END)), uninterrupted())


def test_saved_again_without_running_the_file_says_the_same(tmp_path):
    net = everything().run(until=23.4)
    net.save(tmp_path / "a.npz")
    es.Network.load(tmp_path / "a.npz").save(tmp_path / "b.npz")
    es.Network.load(tmp_path / "b.npz").save(tmp_path / "c.npz")
    a, b, c = (json.dumps(plain_values(store.read(tmp_path / f"{n}.npz")), sort_keys=True) for n in "abc")
    assert a == b == c


def test_another_process_can_go_on(tmp_path):
    everything().run(until=20.0).save(tmp_path / "net.npz")
    code = (
        "import sys; import eventsnn as es; from busy import fingerprint\n"
        "net = es.Network.load(sys.argv[1]).run(until=float(sys.argv[2]))\n"
        "import hashlib; print(hashlib.sha256(repr(fingerprint(net)).encode()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "net.npz"), str(END)],
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == hashlib.sha256(repr(uninterrupted()).encode()).hexdigest()


def test_descriptions_come_back_as_they_were(tmp_path):
    net = everything()
    net.save(tmp_path / "net.npz")
    back = es.Network.load(tmp_path / "net.npz")
    assert back.description.seed == net.description.seed
    for a, b in zip(net.description.populations, back.description.populations, strict=True):
        assert (a.name, a.size, a.record, repr(a.model)) == (b.name, b.size, b.record, repr(b.model))
    for a, b in zip(net.description.projections, back.description.projections, strict=True):
        assert repr(a) == repr(b)
        assert (a.weight, a.delay, a.pattern, a.record, a.rule) == (b.weight, b.delay, b.pattern, b.record, b.rule)


def test_the_run_to_compare_with_did_something():
    t = np.frombuffer(uninterrupted()["leaky"][0])
    assert len(t) > 20
    assert all(a <= b for a, b in pairwise(t))
    changes = uninterrupted()["xh", "changes"]
    assert len(np.frombuffer(changes[0])) > 20
