"""Relaxations by name: each does what it says where it was asked for, is reported, and is refused without."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import freedoms
from eventsnn.events import NEVER, instant, next_on_grid, seconds


class Late(es.Rule):
    """Remembers three arrivals at the synapse and two at the neuron."""

    past: es.State = es.history(3)
    seen: es.PostState = es.history(2, start=-1.0)

    def on_pre(self, syn, post, msg):
        """Move both on; the weight shows how long ago the last but one was."""
        self.push_past(syn, msg.time)
        self.push_seen(post, msg.time)
        syn.w = syn.past_1 - syn.past_2


class Spy(es.Rule):
    """Keeps the sender's voltage at delivery."""

    needs = (es.neighbour("v"),)

    got: es.State = -1.0

    def on_pre(self, syn, post, msg):
        """A spike."""
        syn.got = syn.pre_v


def late(engine, **options):
    net = es.Network(engine=engine, **options)
    x, y = net.add(es.SpikeTrain([[0.1, 0.2, 0.4, 0.5], [0.3]])), net.add(es.LIF())
    return net, net.connect(x, y, Late(), delay=0.01)


def names(net):
    return [str(r.relaxation) for r in net.relaxations()]


def test_a_history_holds_what_was_pushed_latest_first():
    net, xy = late("reference")
    net.run(1.0)
    state = net.synapse_state(xy)
    assert np.allclose([state[f"syn.past_{k}"][0] for k in (1, 2, 3)], [0.51, 0.41, 0.21])
    assert [state[f"syn.past_{k}"][1] for k in (2, 3)] == [0.0, 0.0]
    assert np.allclose([state[f"post.seen_{k}"][0] for k in (1, 2)], [0.51, 0.41])
    assert names(net) == ["history(3)", "history(2)"]
    assert net.relaxations()[0].owner.endswith("Late.past")
    assert freedoms.history_used(Late()) == {"past": 2, "seen": 0}


def test_a_history_is_the_same_on_the_compiled_engine(tmp_path, plain_python):
    (one, a), (other, b) = late("reference"), late("compiled")
    one.run(1.0)
    other.run(1.0)
    for name, values in one.synapse_state(a).items():
        assert np.array_equal(values, other.synapse_state(b)[name]), name


@pytest.mark.parametrize("depth", [0, -1, 1.5, True, 5000, "3"])
def test_a_history_has_a_depth(depth):
    with pytest.raises(es.NetworkError, match="whole number from 1"):
        es.history(depth)


def test_a_neuron_can_have_a_history():
    class Remembers(es.Latency):
        """Keeps its last two values."""

        value: es.State = es.history(2)

        def on_value(self, cell, value):
            """Take the latency of the next spike."""
            self.push_value(cell, value)
            cell.left = cell.value_1 + cell.value_2

    def values(cell):
        for latency in (0.1, 0.2):
            cell.send("value", latency)
            yield cell.wait(1.0)

    net = es.Network()
    y = net.add(Remembers())
    net.connect(net.add(values), y, port="value")
    net.run(2.0)
    assert net.spikes(y).t.tolist() == [0.1, 1.0 + (0.2 + 0.1)]


def test_a_neighbour_shows_the_sender_as_it_is_at_delivery():
    net = es.Network()
    x, h, y = (
        net.add(es.SpikeTrain([0.1])),
        net.add(es.LIF(v_reset=0.25), record=["spikes", "state"]),
        net.add(es.LIF()),
    )
    net.connect(x, h, weight=60.0)
    hy = net.connect(h, y, Spy(), delay=2e-3)
    net.run(0.11)
    arrivals = net.spikes(h).t + 2e-3
    got = net.synapse_state(hy)["syn.got"][0]
    assert len(arrivals) > 1
    assert got == net.state(h, 0, arrivals[arrivals < 0.11][-1:])["v"][0]
    assert names(net) == ["instant", "neighbour('v')"]


def test_a_neighbour_must_publish_it():
    net = es.Network()
    net.connect(net.add(es.SpikeTrain([0.1])), net.add(es.LIF()), Spy())
    with pytest.raises(es.NetworkError, match=r"Spy needs neighbour\('v'\), which spiketrain does not publish"):
        net.run(1.0)


@pytest.mark.parametrize("dt", [1e-3, 0.3e-3, 2.0**-9])
def test_on_a_grid_messages_arrive_at_its_next_point(dt):
    runs = {}
    for time in (es.exact_time, es.grid(dt)):
        net = es.Network(seed=4, time=time)
        net.connect(net.add(es.Poisson(rate=80.0), 4), net.add(es.IF()), delay=1.3e-3, weight=0.0)
        net.record_messages()
        net.run(0.5)
        runs[time] = net.messages().t
    exact, gridded = runs.values()
    assert len(exact) > 50
    steps = np.round(gridded / dt)
    assert np.allclose(gridded, steps * dt, rtol=0, atol=1e-15)
    late = gridded - exact[: len(gridded)]
    assert late.min() >= 0.0
    assert late.max() < dt * (1 + 1e-9)


@given(
    time=st.floats(0.0, 1e4),
    dt=st.floats(1e-6, 1.0),
    width=st.integers(-12, 2).map(lambda k: 2.0**k),
)
def test_the_next_point_of_a_grid_is_never_before_and_never_late(time, dt, width):
    at = instant(time, width)
    tick = next_on_grid(at, dt, width)
    assert tick >= at
    late = seconds(*tick, width) - time
    assert late <= dt * (1 + 1e-9) + 1e-11 * max(1.0, time)
    assert next_on_grid(tick, dt, width) == tick


def test_never_stays_never_on_a_grid():
    assert next_on_grid(NEVER, 1e-3, 0.5) == NEVER


def test_the_compiled_engine_says_what_it_does_not_have():
    net = es.Network(engine="compiled")
    net.connect(net.add(es.LIF()), net.add(es.LIF()), Spy())
    with pytest.raises(es.EngineError, match=r"neighbour\('v'\).*a synapse cannot see its sender there"):
        net.run(1.0)


@es.needs(es.barrier)
def waits(cell):
    messages = yield cell.barrier()
    cell.note("all", len(messages))


@es.needs(es.global_error)
def blames(cell):
    yield cell.wait(0.01)
    cell.send("error", 1.0)


@pytest.mark.parametrize("engine", ["reference"])
def test_a_barrier_waits_for_all(engine):
    net = es.Network(engine=engine)
    x, p = net.add(es.SpikeTrain([[0.1], [0.2], [0.7]])), net.add(waits)
    net.connect(x, p, delay=0.01)
    net.run(1.0)
    times, counts = net.notes(p, "all")
    assert times.tolist() == [0.7 + 0.01]
    assert counts.tolist() == [3.0]
    assert names(net) == ["barrier"]


def test_a_global_error_can_be_asked_for_by_process_projection_or_rule():
    class Blamed(es.Rule):
        """Says that it learns from a global error."""

        needs = (es.global_error,)

        def on_error(self, syn, post, msg):
            """An error."""
            syn.w += msg.value
            return 0.0

    def quiet(cell):
        yield cell.wait(0.01)
        cell.send("error", 1.0)

    gradient = es.SpikeTimeGradient()
    for process, rule, asked in ((blames, gradient, ()), (quiet, Blamed(), ()), (quiet, gradient, (es.global_error,))):
        net = es.Network()
        x, y, p = net.add(es.IF(), 2), net.add(es.IF(), 2), net.add(process)
        net.connect(x, y, rule, delay=0.1)
        py = net.connect(p, y, port="error", delay=0.1, needs=asked)
        net.run(0.5)
        assert net.message_counts()[py.name] == 2
        assert names(net) == ["global_error"]


def test_one_error_for_one_neuron_or_different_weights_is_no_global_error():
    def quiet(cell):
        yield cell.wait(0.01)
        cell.send("error", 1.0, to=0)
        cell.send("error", [1.0, 2.0])

    net = es.Network()
    x, y, p = net.add(es.IF(), 2), net.add(es.IF(), 2), net.add(quiet)
    net.connect(x, y, es.SpikeTimeGradient(), delay=0.1)
    net.connect(p, y, port="error", delay=0.1)
    net.run(0.5)
    assert names(net) == []


def test_symmetric_feedback_is_weight_transport():
    net = es.Network()
    x, y = net.add(es.IF(), 2), net.add(es.IF(), 2)
    net.connect(x, y, es.SpikeTimeGradient(), weight=es.uniform(0, 1), delay=0.1, feedback="symmetric")
    net.run(0.1)
    (request,) = net.relaxations()
    assert request.relaxation == es.weight_transport
    assert 'feedback="symmetric"' in str(request)


def test_weights_that_mirror_each_other_can_be_asked_for():
    weight = np.arange(4.0).reshape(2, 2)
    net = es.Network()
    x, y = net.add(es.IF(), 2), net.add(es.IF(), 2)
    net.connect(x, y, es.SpikeTimeGradient(), weight=weight, delay=0.1)
    net.connect(y, x, weight=weight.T, port="error", delay=0.1, needs=(es.weight_transport,))
    net.run(0.1)
    assert names(net) == ["weight_transport"]


def test_allow_is_a_list_of_names(tmp_path):
    net, _ = late("reference", allow=("history", es.instant))
    net.run(0.5)
    net.save(tmp_path / "net")
    again = es.Network.load(tmp_path / "net")
    assert again.description.allow == ("history", "instant")
    assert again.relaxations() == net.relaxations()
    net, _ = late("reference", allow=["instant"])
    with pytest.raises(
        es.LocalityError, match=r"Late\.past needs history\(3\).*allows instant.*allow=\('history', \.\.\.\)"
    ):
        net.run(0.5)
    with pytest.raises(es.NetworkError, match="no relaxation 'magic'"):
        es.Network(allow=("magic",))


def test_a_grid_is_saved(tmp_path):
    net, _ = late("reference", time=es.grid(1e-3))
    net.run(0.3)
    net.save(tmp_path / "net")
    again = es.Network.load(tmp_path / "net")
    assert names(again) == ["grid(0.001)", "history(3)", "history(2)"]
    net.record_messages()
    again.record_messages()
    assert np.array_equal(net.run(0.3).messages().t, again.run(0.3).messages().t)


@pytest.mark.parametrize("wrong", [("history",), (es.ms,), "barrier"])
def test_needs_are_relaxations(wrong):
    with pytest.raises(es.NetworkError, match="is no relaxation; there are weight_transport"):
        type("Wrong", (es.Rule,), {"needs": wrong, "__module__": __name__})
    with pytest.raises(es.NetworkError, match="is no relaxation"):
        es.needs(*wrong if isinstance(wrong, tuple) else (wrong,))
