"""The compiled engine at its edges: ends of runs, long silences, far windows, ties, errors, saving, what it refuses."""

import functools
import math
import re

import networks
import numpy as np
import pytest

import eventsnn as es
from eventsnn.engines import arrays
from eventsnn.errors import EngineError, LocalityError, NetworkError
from eventsnn.events import end_of_run, instant, seconds
from eventsnn.model import Neuron, Rule, State

ENGINES = ("reference", "compiled")


pytestmark = pytest.mark.usefixtures("plain_python")  # `test_same_bits` compiles


def both(make, *ends):
    """The reference after some runs, with the same bits as the compiled engine after each."""
    nets = [make(engine) for engine in ENGINES]
    for end in ends:
        outcomes = [networks.outcome(net.run(until=end)) for net in nets]
        assert networks.differences(*outcomes) == []
    return nets[0]


# -- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [2.0**-30, 2.0**-10, 1.0, 8.0])
def test_a_run_ends_at_the_first_instant_that_is_recorded_as_its_end(width):
    rng = np.random.default_rng(1)
    edges = np.arange(1, 300) * width
    times = [0.0, *edges, *np.nextafter(edges, 0.0), *np.nextafter(edges, np.inf), *rng.uniform(0, 1e6, 300)]
    for time in map(float, [*times, *rng.uniform(0, 1, 300), *2.0 ** np.arange(-40, 20)]):
        window, offset = end = end_of_run(time, width)
        assert end <= instant(time, width)
        assert 0.0 <= offset < width
        assert seconds(window, offset, width) == time
        if end > (0, 0.0):
            before = (window, math.nextafter(offset, -1)) if offset > 0 else (window - 1, math.nextafter(width, 0))
            assert seconds(*before, width) < time


def test_a_run_covers_what_is_recorded_before_its_end():
    """A spike a little before `until` that is recorded at `until` belongs to the next run."""
    make = functools.partial(_pacemaker, start=4096.0)
    whole = both(make, 4097.0)
    times = whole.spikes(whole.population("y")).t
    late = [t for t in times if instant(t, whole.plan.width) != end_of_run(t, whole.plan.width)]
    assert len(late) > 5  # instants resolve more than the times that are recorded of them
    for t in late[:5]:
        half = both(make, t)
        assert half.spikes(half.population("y")).t.max(initial=0.0) < t
        assert half.now == t
        both(make, t, 4097.0)


def _pacemaker(engine, start):
    net = es.Network(engine=engine)
    x = net.add(es.Regular(period=0.0177, start=start), name="x")
    y = net.add(es.LIF(), 3, name="y")
    net.connect(x, y, weight=9.0, delay=es.uniform(0.001, 0.01))
    net.connect(y, y, weight=0.1, delay=0.0011)
    return net


@pytest.mark.parametrize("model", [es.LIF(), es.IF(t_refractory=0.001), networks.Ramp(rate=1.0), networks.Leak()])
@pytest.mark.parametrize("ends", [(0.2,), (0.02, 0.2), (0.03125, 0.2), (0.025, 0.0251, 0.03125, 0.04, 0.2)])
def test_a_window_is_worked_through_in_parts(model, ends):
    """What arrives in the rest of a window meets neurons that took part in its beginning; ends lie on arrivals."""

    def make(engine):
        net = es.Network(engine=engine)
        y, z = net.add(model, 2, name="y"), net.add(es.LIF(), name="z")
        for time, weight in ((0.0078125, 0.1), (0.03125, 9.0), (0.046875, 9.0)):
            net.connect(net.add(es.SpikeTrain([time])), y, weight=weight)
        net.connect(y, z, weight=9.0)
        return net

    net = both(make, *ends)
    assert len(net.spikes(net.population("z"))) > 0


def test_what_happens_at_the_very_end_of_a_run_is_left_to_the_next():
    """In the first window instants are times; arrivals and crossings at exactly the end wait."""

    def make(engine):
        net = es.Network(engine=engine)
        y = net.add(es.LIF(tau_syn=0.0), name="y")
        net.add(networks.Ramp(rate=32.0), name="ramp")
        x = net.add(es.SpikeTrain([0.0, 0.03125]), name="x")
        net.connect(x, y, weight=2.0, delay=0.03125)
        net.connect(x, net.add(networks.Ramp(rate=0.0), name="z"), weight=2.0, delay=0.03125)
        return net

    for end, spikes in ((0.03125, 0), (math.nextafter(0.03125, 1), 1)):
        net = both(make, end)
        assert [len(net.spikes(net.population(name))) for name in ("y", "ramp", "z")] == [spikes] * 3
    both(make, 0.03125, 0.5)


def test_messages_of_one_sender_at_one_instant_keep_their_order():
    def twice(cell):
        yield cell.wait(1.0)
        for value in (0.5, 0.25, 0.75):
            cell.send("value", value)

    def make(engine):
        net = es.Network(engine=engine)
        y = net.add(es.Latency(), name="y")
        net.connect(net.add(twice), y, port="value", delay=0.125)
        return net

    net = both(make, 1.0, 1.125, 3.0)
    assert net.spikes(net.population("y")).t.tolist() == [1.875]


def test_long_silence_between_events():
    """Times far apart, with a refractory period and a current on the way; nothing happens in between."""

    def make(engine):
        net = es.Network(seed=3, engine=engine)
        x = net.add(es.SpikeTrain([0.5, 1e5, 1e5 + 1e-3, 3e8]), name="x")
        y = net.add(es.LIF(t_refractory=0.02), 4, name="y", v=es.uniform(-1.0, 0.9))
        z = net.add(es.IF(t_refractory=1e6, tau_syn=0.5), 3, name="z")
        net.connect(x, y, weight=es.uniform(7.0, 12.0), delay=es.uniform(0.0, 0.01))
        net.connect(y, z, weight=es.uniform(0.2, 0.9), delay=es.uniform(0.0, 2e4))
        net.connect(y, y, weight=-0.3, delay=1e-3)
        return net

    net = both(make, 4e8)
    assert len(net.spikes(net.population("y"))) > 8
    assert len(net.spikes(net.population("z"))) > 2


def test_delays_of_thousands_of_windows(monkeypatch):
    """Entries wait in the heap, in the ring, and in places of the ring that are used again."""

    def make(engine):
        net = es.Network(seed=5, engine=engine)
        x = net.add(es.Poisson(rate=80.0), 2, name="x")
        y = net.add(es.LIF(t_refractory=2e-3), 8, name="y")
        net.connect(x, y, weight=es.uniform(0.0, 9.0), delay=es.uniform(0.0, 3.0))
        net.connect(y, y, weight=es.normal(0.0, 2.0), delay=es.uniform(1e-3, 3.0), pattern=es.fixed_indegree(4))
        net.connect(y, y, weight=-0.1, delay=1e-3, pattern=es.fixed_indegree(1))
        return net

    for ring in (1, 3, 64, 1024):
        monkeypatch.setattr(arrays, "RING", ring)
        net = both(make, 0.7, 4.0)
        assert net.plan.synapses[1].delay.max() > 2500 * net.plan.width
        assert len(net.spikes(net.population("y"))) > 300


def test_numbers_beyond_the_horizon():
    """Spikes and arrivals that no run reaches overflow no window number."""

    class Slow(networks.Ramp):
        """Reaches its threshold in ages."""

        rate: float = 1e-280

    def make(engine):
        net = es.Network(engine=engine)
        x, y = net.add(es.SpikeTrain([0.3, 0.6]), name="x"), net.add(Slow(), 2, name="y")
        net.connect(x, y, weight=0.3, delay=0.0)
        net.connect(x, y, weight=0.3, delay=1e300)
        net.connect(x, net.add(es.LIF(v_leak=1.0 - 1e-15), name="z"), weight=0.1)
        return net

    net = both(make, 4.0, 1e6)
    assert [len(net.spikes(net.population(name))) for name in "xyz"] == [2, 0, 2]


def test_a_delay_too_short_to_be_told_from_none():
    """Whatever happens at one instant has one order, also along delays that vanish when they are added."""

    def make(engine, delay):
        net = es.Network(seed=2, engine=engine)
        late = net.add(es.IF(tau_syn=0.0, t_refractory=0.1), 2, name="late")
        first = net.add(es.IF(tau_syn=0.0, t_refractory=0.1), 2, name="first")
        x = net.add(es.SpikeTrain([0.7, 1.4, 2.1]), name="x")
        net.connect(x, first, weight=1.5)
        net.connect(x, late, networks.Watch(), weight=1.25, delay=delay)
        net.connect(first, late, networks.Watch(), weight=-0.5, delay=delay)
        return net

    for delay in (0.0, 1e-300, 1e-17, 1e-16, 1e-15, 1e-9):
        both(functools.partial(make, delay=delay), 3.0)


@pytest.mark.parametrize("model", [es.LIF(), es.LIF(tau_syn=0.0), es.LIF(t_refractory=0.01), networks.Ramp(rate=50.0)])
def test_a_crossing_comes_before_what_arrives_at_its_instant(model):
    """A neuron that reaches its threshold by itself fires, however it is inhibited at that very instant."""
    bias = {"i_bias": 2.0} if isinstance(model, es.LIF) else {}

    def make(engine, times):
        net = es.Network(engine=engine)
        y = net.add(model, name="y", **bias)
        net.connect(net.add(es.SpikeTrain(times)), y, weight=-50.0)
        return net

    alone = both(functools.partial(make, times=[]), 0.05)
    first = float(alone.spikes(alone.population("y")).t[0])
    assert first < alone.plan.width  # so that its time is its instant
    net = both(functools.partial(make, times=[first]), 0.05)
    assert net.spikes(net.population("y")).t[0] == first


@pytest.mark.parametrize("lookahead", [math.inf, 0.03, 0.004])
@pytest.mark.parametrize(
    "model", [es.LIF(t_refractory=0.002), es.LIF(t_refractory=0.05), es.IF(tau_syn=0.02, t_refractory=0.01)]
)
def test_no_search_for_a_crossing_is_spared_that_would_find_one(model, lookahead):
    """Neurons that fire by themselves, soon after they may; inputs whose effect rises and falls within a window."""

    def make(engine):
        net = es.Network(1, engine)
        bias = {"i_bias": np.geomspace(0.5, 50.0, 20)} if isinstance(model, es.LIF) else {}
        y = net.add(model, 20, name="y", **bias)
        net.connect(net.add(es.Poisson(rate=2.0), 10, name="x"), y, weight=es.uniform(-6.0, 12.0))
        if lookahead < math.inf:  # then windows are short
            net.connect(y, y, weight=es.uniform(-0.2, 0.2), delay=lookahead)
        return net

    net = both(make, 0.2, 0.5)
    assert len(net.spikes(net.population("y")).t) > 100


def test_windows_too_short_for_the_run_are_refused():
    net = es.Network(engine="compiled")
    a, b = net.add(es.LIF(), name="a"), net.add(es.LIF(), name="b")
    net.connect(a, b, delay=1e-200)
    net.connect(b, a, delay=1e-200)
    with pytest.raises(EngineError, match=r"cannot run until 1.0 s in windows of .* smallest delay"):
        net.run(1.0)


# -- errors -----------------------------------------------------------------------------------------------------------


class Burst(Rule):
    """A rule whose weight becomes infinite at a time."""

    at: float = 0.5
    on_arrival: float = 1.0

    def on_pre(self, syn, post, msg):
        """Grow."""
        if msg.time > self.at and self.on_arrival > 0.0:
            syn.w *= math.inf

    def on_post(self, syn, post, msg):
        """Grow."""
        if msg.time > self.at:
            syn.w *= math.inf


def failing(engine, what):
    net = es.Network(engine=engine)
    x = net.add(es.Regular(period=0.1), name="x")
    if what == "again":
        y = net.add(es.IF(tau_syn=0.0, t_refractory=0.0, reset="subtract"), 2, name="y")
        net.connect(x, y, weight=3.0, delay=0.05)
    elif what == "again, by itself":
        y = net.add(networks.Ramp(threshold=0.0), name="y")
    elif what == "process":
        y = net.add(breaks, name="y")
        net.connect(x, y, delay=0.01)
    else:
        y = net.add(es.LIF(), name="y")  # of several that fail at one instant either engine may name another
        net.connect(x, y, Burst(on_arrival=float(what == "arrival")), weight=9.0)
    return net


def breaks(cell):
    """A process that breaks at its third message."""
    for _ in range(2):
        yield cell.receive()
    yield cell.receive()
    raise ValueError("the third")


def test_what_arrives_together_decides_whether_a_neuron_fires_again():
    """A neuron that fired is pushed above threshold and down again at that very instant."""

    def make(engine, inhibition=-2.0):
        net = es.Network(engine=engine)
        y = net.add(networks.Ramp(rate=1.0), name="y")
        for weight in (1.5, inhibition):
            net.connect(net.add(es.SpikeTrain([1.0])), y, weight=weight)
        return net

    net = both(make, 2.5)
    assert net.spikes(net.population("y")).t.tolist() == [1.0, 2.0]
    for engine in ENGINES:
        with pytest.raises(es.RunawayError, match=r"y\[0\] would fire again at the same instant, 1.0 s"):
            make(engine, -0.25).run(2.5)


@pytest.mark.parametrize("what", ["again", "again, by itself", "arrival", "post", "process"])
def test_what_breaks_off_says_the_same(what, tmp_path):
    said = []
    for engine in ENGINES:
        net = failing(engine, what)
        with pytest.raises((EngineError, ValueError)) as first:
            net.run(1.0)
        with pytest.raises(EngineError, match="cannot run on") as second:
            net.run(1.0)
        net.save(tmp_path / "net")
        for other in ENGINES:
            loaded = es.Network.load(tmp_path / "net", engine=other)
            with pytest.raises(EngineError, match="cannot run on") as third:
                loaded.run(1.0)
            assert str(third.value) == str(second.value)
        said.append((type(first.value), str(first.value), str(second.value), net.now))
    assert said[0] == said[1]


def test_a_process_that_no_file_can_keep_is_not_saved(tmp_path):
    for engine in ENGINES:
        net = es.Network(engine=engine)
        x, y = net.add(es.Regular(period=0.1), name="x"), net.add(breaks, name="y")
        net.connect(x, y)
        net.run(0.05)
        with pytest.raises(EngineError, match="cannot be saved"):
            net.save(tmp_path / "net")


def test_saved_before_the_first_event_it_starts_once(tmp_path):
    """What a rule adds up when it begins is added once."""
    for first in ENGINES:
        for second in ENGINES:
            net = es.Network(engine=first)
            x, y = net.add(es.SpikeTrain([1.0]), name="x"), net.add(es.LIF(), name="y", v=0.25)
            xy = net.connect(x, y, es.SpikeTimeGradient(), weight=0.5)
            assert net.synapse_state(xy)["post.weight_sum"] == [0.5]
            net.run(0.0)
            net.save(tmp_path / "net")
            again = es.Network.load(tmp_path / "net", engine=second).run(0.5)
            assert again.synapse_state(again.projection(xy.name))["post.weight_sum"] == [0.5]


# -- what a user writes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "name"), [(Neuron, "window"), (Neuron, "offset"), (Rule, "w")])
def test_names_that_engines_use_are_refused(base, name):
    with pytest.raises(NetworkError, match=rf"Mine\.{name}: a state of that name is there already"):
        type("Mine", (base,), {"__annotations__": {name: State}, name: 0.0, "__module__": __name__})


def make_sometimes():
    class Sometimes(Rule):
        """Returns a number now and then."""

        def on_error(self, syn, post, msg):
            """One way only."""
            if msg.value > 0.0:
                return 1.0


def make_nothing():
    class Nothing(Rule):
        """Returns None now and then."""

        def on_error(self, syn, post, msg):
            """None, or a number."""
            if msg.value > 0.0:
                return None
            return 1.0


def make_unset():
    class Unset(Rule):
        """Uses a number that is not always there."""

        def on_pre(self, syn, post, msg):
            """No value before 0.5 s."""
            if msg.time > 0.5:
                a = 1.0
            syn.w = a  # here


def make_unset2():
    class Unset2(Rule):
        """Uses a number of a loop that may have no turn."""

        def on_pre(self, syn, post, msg):
            """No value for few."""
            for k in range(int(msg.time)):
                a = 1.0 * k
            a += 1.0  # here
            syn.w = a


def make_worthless():
    class Worthless(Rule):
        """Uses the value of a method that has none."""

        def on_pre(self, syn, post, msg):
            """Nothing to add."""
            syn.w = self.helper(2.0) + 1.0  # here

        def helper(self, x):
            """Returns nothing."""
            x += 1.0


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (make_sometimes, r"Sometimes.on_error returns a number on some of its ways only"),
        (make_nothing, r"Nothing.on_error returns a number on some of its ways only"),
        (make_unset, r"Unset.on_pre uses a, which has no value on some of the ways there"),
        (make_unset2, r"Unset2.on_pre uses a, which has no value on some of the ways there"),
        (make_worthless, r"Worthless.on_pre uses the value of self.helper\(\), which returns none"),
    ],
)
def test_a_typing_problem_is_reported_in_the_users_file(make, what):
    """When the class is made, so no engine ever runs it."""
    with pytest.raises(LocalityError, match=what) as caught:
        make()
    file, line = re.match(r"(.*?):(\d+): ", str(caught.value)).groups()
    assert file == __file__
    with open(__file__) as text:
        lines = text.read().split("\n")
    wanted = lines.index(f"def {make.__name__}():")
    place = next(k for k in range(wanted, len(lines)) if "# here" in lines[k] or "def on_error" in lines[k])
    assert int(line) == place + 1


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("self.helper()", "with 0 arguments; it takes 1"),
        ("self.helper(1.0, 2.0)", "with 2 arguments; it takes 1"),
        ("math.exp(1.0, 2.0)", "with 2 arguments; it takes 1"),
        ("math.copysign(1.0)", "with 1 arguments; it takes 2"),
        ("max(1.0)", "with 1 arguments; it takes at least 2"),
        ("post.psp(1.0, 2.0)", "with 2 arguments; it takes 1"),
        ("post.nothing", None),
    ],
)
def test_calls_with_other_arguments_are_refused(call, what, tmp_path):
    (tmp_path / "mine.py").write_text(
        f"import math\nfrom eventsnn.model import Rule\n\n\nclass Mine(Rule):\n"
        f"    def on_pre(self, syn, post, msg):\n        syn.w = {call}\n\n"
        f"    def helper(self, x):\n        return x\n"
    )
    scope = {"__name__": "mine"}
    code = compile((tmp_path / "mine.py").read_text(), tmp_path / "mine.py", "exec")
    if what is None:  # only known where the rule stands
        exec(code, scope)
        net = es.Network(engine="compiled")
        net.connect(net.add(es.Regular()), net.add(es.LIF()), scope["Mine"]())
        with pytest.raises(NetworkError, match=r"Mine reads post.nothing, which LIF does not publish"):
            net.run(1.0)
        return
    with pytest.raises(LocalityError, match=rf"mine\.py:7: Mine\.on_pre calls .* {what}"):
        exec(code, scope)


def test_what_numba_does_not_compile_is_blamed_on_its_handler():
    from eventsnn.engines import kernel

    net = es.Network(engine="compiled")
    net.connect(net.add(es.Regular()), net.add(es.LIF()), Burst())
    said = "Failed in nopython mode pipeline\n\x1b[1mCannot unify a and b\n\x1b[1mdef {}(R, x):\n\ndef run(net):\n"
    name = next(iter(re.findall(r"def (\w+__on_post)\(", kernel.text(net.plan))))
    blamed = kernel.blame(net.plan, said.format(name))
    assert blamed.startswith(f"{__file__}:")
    assert blamed.endswith("Burst.on_post cannot be compiled: Cannot unify a and b")
    assert kernel.blame(net.plan, said.format("other")) == "this network cannot be compiled: Cannot unify a and b"


def test_too_many_events_are_noticed_soon():
    """Both engines stop, keep the state, and go on to the same spikes."""

    def make(engine):
        net = es.Network(engine=engine)
        x, y = net.add(es.Poisson(rate=1000.0), 10, name="x"), net.add(es.LIF(), 3, name="y")
        net.connect(x, y, weight=1.0, delay=1e-3)
        with pytest.raises(es.RunawayError, match=r"1000 events happened by 0\.0"):
            net.run(5.0, max_events=1000)
        return net

    both(make, 1.0)


# -- errors back to processes -----------------------------------------------------------------------------------------


def teller(cell, first, every):
    """Fires, and notes whatever comes back."""
    yield cell.wait(first)
    cell.fire()
    while True:
        message = yield cell.receive()
        cell.note(f"{message.port} from {message.source}", message.value)
        yield cell.wait(every)
        cell.fire()


def scolder(cell):
    """Says every now and then that it was wrong."""
    while True:
        yield cell.wait(0.7)
        cell.send("error", 0.5 - cell.index)


def test_errors_go_back_to_the_processes_whose_spikes_they_are_about():
    def make(engine):
        net = es.Network(3, engine)
        tell = net.add(teller, 3, name="tell", first=0.25, every=0.5)
        out = net.add(es.IF(t_refractory=0.1), 2, name="out")
        weights = np.array([[1.5, 1.2], [1.4, 2.5], [2.0, 1.7]])
        rule = es.SpikeTimeGradient(mode="immediate", step=es.Sgd(lr=1e-3))
        net.connect(tell, out, rule, weight=weights, delay=0.125, feedback="symmetric", feedback_delay=0.25)
        net.connect(net.add(scolder, 2, name="scolder"), out, port="error", pattern=es.one_to_one(), delay=0.125)
        return net

    net = both(make, 1.5, 4.0)
    notes = net.notes(net.population("tell"), "error from out")[1]
    assert len(notes) >= 6
