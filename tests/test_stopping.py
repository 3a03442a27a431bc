"""What stops a run: processes that misbehave, networks that run away, Ctrl-C. The state is kept."""

import math
import os
import re
import signal
import threading
import time

import numpy as np
import pytest

import eventsnn as es

NAN = math.nan


def message(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def contains(text, *words):
    for word in words:
        assert str(word) in text, f"{word!r} is not in: {text}"


# -- processes --------------------------------------------------------------------------------------------------------


def here(function, offset):
    """file:line within a function."""
    return f"{os.path.basename(function.__code__.co_filename)}:{function.__code__.co_firstlineno + offset}"


def yields_nonsense(cell):
    yield cell.wait(1.0)
    yield 42


def raises(cell):
    yield cell.wait(1.0)
    raise LookupError("no such animal")


def returns_nothing(cell):
    cell.note("x", 1.0)


def waits_backwards(cell):
    yield cell.wait(1.0)
    yield cell.until(0.5)


def waits_negative(cell):
    yield cell.wait(-1.0)


def waits_nan(cell):
    yield cell.receive(NAN)


def gathers_nothing(cell):
    yield cell.gather(0)


def sends_nowhere(cell):
    cell.send("gossip", 1.0)
    yield cell.receive()


def sends_nan(cell):
    cell.send("value", NAN)
    yield cell.receive()


def sends_text(cell):
    cell.send("value", "hello")
    yield cell.receive()


def sends_the_wrong_shape(cell):
    cell.send("value", np.zeros(3))
    yield cell.receive()


def sends_to_nobody(cell):
    cell.send("value", 1.0, to=5)
    yield cell.receive()


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (yields_nonsense, es.EngineError, [here(yields_nonsense, 2), "p[0]", "42", "cell.wait"]),
        (raises, LookupError, ["no such animal"]),
        (returns_nothing, es.NetworkError, ["returns_nothing", "None", "yield"]),
        (waits_backwards, es.EngineError, ["until(0.5)", "past", "1.0 s"]),
        (waits_negative, es.EngineError, ["-1.0", ">= 0"]),
        (waits_nan, es.EngineError, ["nan", ">= 0"]),
        (gathers_nothing, es.EngineError, ["gather(0)", "at least one"]),
        (sends_nowhere, es.EngineError, ["p[0]", "'gossip'", "value"]),
        (sends_nan, es.EngineError, ["p[0]", "nan", "number"]),
        (sends_text, es.EngineError, ["p[0]", "'hello'", "number"]),
        (sends_the_wrong_shape, es.EngineError, ["p[0]", "(3,)", "ear has 2"]),
        (sends_to_nobody, es.EngineError, ["p[0]", "to 5", "[0, 1]"]),
    ],
)
def test_processes(function, error, words, tmp_path):
    net = es.Network()
    p, ear = net.add(function, name="p"), net.add(es.Latency(), 2, name="ear")
    net.connect(p, ear, port="value")
    y = net.add(es.LIF(), name="y", i_bias=2.0)
    with pytest.raises(error) as caught:
        net.run(5.0)
    contains(str(caught.value), *words)
    # the process's own lines are in the traceback
    files = [str(entry.path) for entry in caught.traceback]
    if function not in (yields_nonsense, returns_nothing):
        assert any(f == __file__ for f in files[1:])
    # what was simulated is kept, can be looked at and saved, and is not run on as if nothing had happened
    assert net.now in (0.0, 1.0)
    assert len(net.spikes(y)) == len([t for t in net.spikes(y).t if t < 1.0])
    net.save(tmp_path / "state.npz")
    for broken in (net, es.Network.load(tmp_path / "state.npz")):
        contains(message(es.EngineError, lambda net=broken: net.run(1.0)), "cannot run on", "broke off", words[-1][:5])


def test_the_error_of_a_process_says_whose_it_is():
    net = es.Network()
    net.add(raises, 2, name="p")
    with pytest.raises(LookupError) as caught:
        net.run(5.0)
    assert caught.value.__notes__ == ["in process p[0], at 1.0 s"]


class NoGenerator(es.Process):
    def run(self, cell):
        return [1, 2, 3]


def test_a_process_whose_run_is_no_generator():
    net = es.Network()
    net.add(NoGenerator(), name="p")
    contains(message(es.EngineError, lambda: net.run(1.0)), "p[0]", "NoGenerator.run", "[1, 2, 3]", "yield")


def teach(teacher, label, outputs=2):
    net = es.Network()

    def tell(cell):
        cell.send("label", label)
        yield cell.receive()

    y = net.add(es.SpikeTrain([[1.0]] * outputs), name="y")
    t = net.add(teacher, name="t")
    net.connect(y, t)
    net.connect(net.add(tell, name="tell"), t, port="label")
    net.connect(t, net.add(es.IF(), outputs), port="error")
    return net


@pytest.mark.parametrize(
    ("teacher", "label", "outputs", "words"),
    [
        (es.FirstToSpike(2, 3.0), 2.0, 2, ["label 2", "tell", "0..1", "-1"]),
        (es.FirstToSpike(2, 3.0), 0.5, 2, ["label 0.5", "0..1"]),
        (es.MarginRace(1.0), 0.5, 2, ["label 0.5", "whole numbers"]),
        (es.TargetTimes([[1.0, 2.0]]), 1.0, 2, ["label 1", "0..0"]),
        (es.TargetTimes([[1.0]]), 0.0, 2, ["output 1 of y", "1 outputs", "one per output"]),
    ],
)
def test_labels_that_the_teacher_does_not_know(teacher, label, outputs, words):
    net = teach(teacher, label, outputs)
    contains(message(es.EngineError, lambda: net.run(5.0)), *words)


# -- running away -----------------------------------------------------------------------------------------------------


def test_a_neuron_that_fires_again_at_the_same_instant(tmp_path):
    net = es.Network()
    x = net.add(es.SpikeTrain([0.25, 0.5]))
    y = net.add(es.LIF(tau_syn=0.0, reset="subtract"), name="wild")
    z = net.add(es.LIF(), name="calm", i_bias=2.0)
    net.connect(x, y, weight=2.5)
    text = message(es.RunawayError, lambda: net.run(1.0))
    contains(text, "wild[0]", "0.25 s", "refractory", "weights")
    assert net.now == 0.25
    assert net.spikes(y).t.tolist() == [0.25]
    assert len(net.spikes(z)) > 5
    net.save(tmp_path / "kept.npz")
    again = es.Network.load(tmp_path / "kept.npz")
    assert np.array_equal(again.spikes(again.population("calm")).t, net.spikes(z).t)
    contains(message(es.EngineError, lambda: again.run(1.0)), "cannot run on", "wild[0]")


def test_a_network_that_runs_away_is_stopped_and_can_go_on(tmp_path):
    def build():
        net = es.Network()
        a = net.add(es.LIF(tau_syn=0.0), 5, v=0.9)
        x = net.add(es.SpikeTrain([0.001]))
        net.connect(x, a, weight=2.0)
        net.connect(a, a, weight=2.0, delay=1e-3)
        return net, a

    net, a = build()
    text = message(es.RunawayError, lambda: net.run(10.0, max_events=300))
    contains(text, "300 events", "max_events", "kept", "until=10.0")
    assert 0.01 < net.now < 0.1
    net.save(tmp_path / "kept.npz")
    loaded = es.Network.load(tmp_path / "kept.npz")
    whole, b = build()
    whole.run(until=0.2)
    for cut in (net, loaded):
        cut.run(until=0.2)
        assert np.array_equal(cut.spikes(cut.population("lif")).t, whole.spikes(b).t)
    assert len(net.spikes(a)) > 50


def test_a_weight_that_becomes_infinite_says_where():
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0]), name="x"), net.add(es.IF(), name="y")
    net.connect(x, y, es.SpikeTimeGradient(step=es.Sgd(lr=1e308)), weight=2.0, name="x->y")
    teacher = net.teach(y, es.TargetTimes([[1e3]]))

    def label(cell):
        cell.send("label", 0.0)
        yield cell.receive()

    net.connect(net.add(label), teacher, port="label")
    text = message(es.EngineError, lambda: net.run(5.0))
    contains(text, "x->y", "0 -> 0", "inf", "it was 2.0", "learning rate")


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------


def learner():
    """A stream that is learned from, for ever."""
    net = es.Network(seed=2)
    rng = np.random.default_rng(1)
    stimulus = net.add(es.Stimulus(rng.uniform(0, 1, (20, 3)), rng.integers(0, 2, 20), period=8.0))
    x, h, y = net.add(es.Latency(), 3), net.add(es.IF(), 4), net.add(es.IF(), 2)
    for p in (x, h, y):
        net.connect(stimulus, p, port="reset")
    net.connect(stimulus, x, port="value")
    xh = net.connect(x, h, es.SpikeTimeGradient(), weight=es.uniform(0.3, 1.0))
    net.connect(h, y, es.SpikeTimeGradient(), weight=es.uniform(0.3, 1.0), feedback="symmetric", feedback_delay=0.01)
    teacher = net.teach(y, es.MarginRace(0.5))
    net.connect(stimulus, teacher, port="label")
    return net, xh, y


def interrupt_after(seconds):
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


def test_ctrl_c_keeps_what_was_learned_and_says_how_to_go_on():
    net, xh, y = learner()
    before = net.weights(xh)
    interrupt_after(0.3)
    with pytest.raises(KeyboardInterrupt) as caught:
        net.run(1e7)
    assert isinstance(caught.value, es.Interrupted)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    stopped = net.now
    assert 0 < stopped < 1e7
    assert not np.array_equal(net.weights(xh), before)
    contains(str(caught.value), f"{stopped} s", "net.run(until=10000000.0)", "net.save")
    end = stopped + 200.0
    net.run(until=end)
    whole, whole_xh, whole_y = learner()
    whole.run(until=end)
    assert np.array_equal(net.weights(xh), whole.weights(whole_xh))
    assert np.array_equal(net.spikes(y).t, whole.spikes(whole_y).t)
    assert net.engine.events == whole.engine.events


def stuck(cell):
    cell.note("here", 1.0)
    end = time.monotonic() + 20.0
    while time.monotonic() < end:
        pass
    yield cell.receive()


def test_a_second_ctrl_c_leaves_an_event_that_does_not_end():
    net = es.Network()
    net.add(stuck)
    start = time.monotonic()
    interrupt_after(0.1)
    interrupt_after(0.3)
    with pytest.raises(KeyboardInterrupt):
        net.run(1.0)
    assert time.monotonic() - start < 10.0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    contains(message(es.EngineError, lambda: net.run(1.0)), "cannot run on", "KeyboardInterrupt")


def test_a_run_outside_the_main_thread_leaves_signals_alone():
    net, _, y = learner()
    thread = threading.Thread(target=lambda: net.run(100.0))
    thread.start()
    thread.join()
    assert len(net.spikes(y)) > 5


def test_progress_does_not_change_the_run(capsys):
    a, _, ya = learner()
    b, _, yb = learner()
    a.run(100.0)
    b.run(100.0, progress=True)
    assert np.array_equal(a.spikes(ya).t, b.spikes(yb).t)
    assert re.search(r"simulated.*100", capsys.readouterr().err)


def test_an_unknown_engine():
    contains(message(es.EngineError, lambda: es.Network(engine="steam")), "'steam'", "reference")


class Lost(es.Neuron):
    """Loses count of its own time with the second spike that arrives."""

    n: es.State = 0.0

    def advance(self, cell, dt):
        """Nothing moves."""

    def receive(self, cell, w):
        """A spike arrives."""
        cell.n += 1.0

    def next_spike(self, cell):
        """It cannot tell."""
        return math.inf - math.inf if cell.n > 1.5 else math.inf

    def fire(self, cell, t):
        """It never fires."""


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_neuron_that_cannot_tell_when_it_fires_is_named(engine, plain_python):
    net = es.Network(engine=engine)
    x, y = net.add(es.SpikeTrain([[0.25, 0.5, 0.75]])), net.add(Lost(), 2, name="y")
    net.connect(x, y, delay=0.25)
    with pytest.raises(es.EngineError, match=r"y\[0\]: Lost.next_spike gave nan at 0\.75 s"):
        net.run(2.0)
