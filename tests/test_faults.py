"""Faults on purpose: nothing happens to reliable messages, and what is drawn is what happens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn.demo import runner
from eventsnn.demo.runner import digest

demo = runner.module("yin_yang")


def trained(link, samples=12, engine="reference", feedback="symmetric"):
    train, _, _ = demo.samples()
    stimulus = es.Stimulus(train.times[:samples], train.labels[:samples], demo.PERIOD, passes=1)
    net = demo.network(stimulus, 1, engine, feedback, link=link)
    net.record_messages()
    return net.run(samples * demo.PERIOD)


def learned(net):
    return np.concatenate([net.weights(net.projection(name)) for name in ("input->hidden", "hidden->output")])


def test_a_reliable_link_changes_nothing():
    assert np.array_equal(learned(trained(es.UnreliableLink())), learned(trained(None)))


def test_with_every_error_lost_nothing_is_learned():
    net = trained(es.UnreliableLink(lost=1.0))
    values = net.notes(net.population("teacher link"), "lost")[1]
    assert len(values) > 10
    assert net.message_counts()["teacher link->output"] == 0
    plain = trained(None)
    drawn = np.concatenate([p.weight for p in plain.plan.synapses if p.name in ("input->hidden", "hidden->output")])
    assert np.array_equal(learned(net), drawn)
    assert not np.array_equal(learned(plain), drawn)


@settings(max_examples=30)
@given(st.floats(0.0, 3.0), st.floats(0.0, 1.0), st.integers(0, 5))
def test_every_error_is_lost_or_late_and_never_changed(late, lost, seed):
    net = trained(es.UnreliableLink(lost, late, seed), samples=3)
    link, errors = net.population("teacher link"), net.messages()
    cells = net.plan.of(link)
    inside = (errors.port == "error") & (cells.offset <= errors.target) & (errors.target < cells.offset + 3)
    outside = (errors.port == "error") & (cells.offset <= errors.sender) & (errors.sender < cells.offset + 3)
    gone, (_, waits) = len(net.notes(link, "lost")[1]), net.notes(link, "late")
    assert gone + len(waits) == inside.sum()
    assert np.all((waits >= 0) & (waits <= late))
    assert outside.sum() <= len(waits)  # the last may still be held back


def test_the_same_faults_on_both_engines_and_after_loading(tmp_path, plain_python):
    link = es.UnreliableLink(lost=0.2, late=4.0)
    nets = [trained(link, 20, engine) for engine in ("reference", "compiled")]
    assert digest([nets[0]]) == digest([nets[1]])
    half = demo.network(nets[0].population("stimulus").model, 1, "reference", link=link).run(9.4 * demo.PERIOD)
    half.save(tmp_path / "net")
    assert digest([es.Network.load(tmp_path / "net").run(until=20 * demo.PERIOD)]) == digest([nets[0]])


def test_late_errors_overtake_each_other():
    net = es.Network()

    @es.needs(es.global_error)
    def source(cell):
        for value in range(1, 21):
            cell.send("error", float(value))
            yield cell.wait(0.1)

    def sink(cell):
        while True:
            message = yield cell.receive()
            cell.note("heard", message.value)

    a, link, b = net.add(source), net.add(es.UnreliableLink(late=1.0)), net.add(sink, name="sink")
    net.connect(a, link, port="error")
    net.connect(link, b, port="error", delay=0.01)
    heard = net.run(5.0).notes(b, "heard")[1]
    assert sorted(heard) == list(range(1, 21))
    assert list(heard) != sorted(heard)


@pytest.mark.parametrize("bad", [{"lost": -0.1}, {"lost": 1.1}, {"late": -1.0}, {"late": np.inf}, {"lost": np.nan}])
def test_faults_that_cannot_be(bad):
    with pytest.raises(es.NetworkError, match="UnreliableLink"):
        es.UnreliableLink(**bad)
