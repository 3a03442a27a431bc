"""Marks: synapses that have nothing to do with a message are left out, and nothing changes by a bit."""

import numpy as np
import pytest
from networks import differences, moving, outcome

import eventsnn as es
from eventsnn.errors import LocalityError
from eventsnn.model import Rule, State

SAMPLES = 6
KINDS = {
    "at once": {"mode": "immediate", "step": es.Adam(lr=0.02)},
    "kept": {"mode": "accumulate", "step": es.Momentum(lr=0.05), "bound": 0.3},
    "gathered": {"mode": "gather", "step": es.Sgd(lr=0.05), "norm": es.NeuronNorm()},
    "delays": {"mode": "gather", "step": es.Sgd(lr=0.05), "delays": es.LearnedDelays(lr=0.01, longest=0.5)},
    "lifted": {"mode": "gather", "step": es.Adam(lr=0.02), "cost": es.WeightSum(sum=2.5, rate=0.01)},
    "mirrored": {"mode": "immediate", "step": es.Sgd(lr=0.05), "mirror": es.KolenPollack()},
    "in flight": {"mode": "accumulate", "step": es.Sgd(lr=0.05), "trials": es.in_flight(3, after=0.5)},
}


class Everywhere(es.SpikeTimeGradient):
    """The same without leaving anything out."""

    def only_marked(self, post):
        """All synapses hear of everything."""
        return 0.0


def network(kind, engine="reference", rule=es.SpikeTimeGradient, batch=1):
    """Two layers that learn to tell samples in which half of the inputs stay silent."""
    rng = np.random.default_rng(5)
    times = np.where(rng.random((SAMPLES, 8)) < 0.5, rng.uniform(0.0, 1.5, (SAMPLES, 8)), np.inf)
    feedback = "learned" if kind == "mirrored" else "symmetric"
    options = {"feedback_weight": 0.3} if kind == "mirrored" else {}
    net = es.Network(4, engine, guard=False) if engine == "reference" else es.Network(4, engine)
    x = net.add(es.Latency(), 8, name="x", record=())
    h, y = net.add(es.IF(), 5, name="h"), net.add(es.IF(), 3, name="y")
    net.connect(x, h, rule(**KINDS[kind]), weight=es.uniform(0.1, 0.9), delay=0.05)
    at_once = {**KINDS[kind], "mode": "immediate"} if KINDS[kind]["mode"] == "gather" else KINDS[kind]
    net.connect(h, y, rule(**at_once), weight=es.uniform(0.2, 0.9), delay=0.05, feedback=feedback, **options)
    teacher = net.teach(y, es.FirstToSpike(outputs=3, patience=3.0))
    stimulus = es.Stimulus(times, rng.integers(0, 3, SAMPLES), period=4.0, batch=batch)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher)
    return net


def learned(net):
    """Everything at the synapses, but for what only says who is marked."""
    return {k: v for k, v in outcome(net).items() if k[-1] != "marks"}


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changes_where_synapses_are_left_out(kind, batch):
    a, b = network(kind, batch=batch).run(60.0), network(kind, rule=Everywhere, batch=batch).run(60.0)
    assert differences(learned(a), learned(b)) == []
    first, fresh = a.description.projections[0], network(kind)
    assert not np.array_equal(a.weights(first), fresh.weights(fresh.description.projections[0]))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_mark_the_same(kind, batch, plain_python, tmp_path):
    a, b = network(kind, batch=batch).run(30.1), network(kind, "compiled", batch=batch).run(30.1)
    assert differences(outcome(a), outcome(b)) == []
    b.save(tmp_path / "net")
    a.run(60.0)
    for engine in ("reference", "compiled"):
        c = es.Network.load(tmp_path / "net", engine=engine).run(60.0)
        assert differences(outcome(a), outcome(c)) == []
        assert differences(moving(a), moving(c)) == []


@pytest.mark.parametrize("kind", ["at once", "gathered"])
def test_what_is_left_out_is_not_visited(kind):
    """Half of the inputs are silent, so half of the synapses are not visited."""
    visits = []
    for rule in (es.SpikeTimeGradient, Everywhere):
        net = network(kind, rule=rule)
        net.measure()
        net.run(60.0)
        row = net.report().data["projections"][0]
        visits.append(sum(n for port, n in row["column_visits"].items()))
    assert 0 < visits[0] < 0.7 * visits[1]


class Older(es.SpikeTimeGradient):
    """Errors are for all synapses with a mark, however old."""

    def only_marked(self, post):
        """Whatever the age."""
        return 1.0 if post.lift == 0.0 else 0.0


def test_an_error_leaves_out_what_was_marked_in_earlier_trials():
    """In a batch marks stay for the `apply`; errors visit those of the present trial, and the weights are the same."""
    visits, weights = [], []
    for rule in (es.SpikeTimeGradient, Older):
        net = network("gathered", rule=rule, batch=3)
        net.measure()
        net.run(60.0)
        visits.append(net.report().data["projections"][0]["column_visits"])
        weights.append(net.weights(net.description.projections[0]))
    assert visits[0]["apply"] == visits[1]["apply"]
    assert 0 < visits[0]["gather"] < 0.9 * visits[1]["gather"]
    np.testing.assert_array_equal(*weights)


class Marks(Rule):
    """Marks every second synapse at most."""

    seen: State = 0.0

    def on_pre(self, syn, post, msg):
        """Marks a synapse of positive weight."""
        return 1.0 if syn.w > 0.0 else 0.0

    def only_marked(self, post):
        """Always."""
        return 1.0

    def unmark(self, post):
        """At every reset."""
        return 1.0

    def on_tell(self, syn, post, msg):
        """Heard."""
        syn.seen += 1.0


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_marks_are_set_by_spikes_and_taken_away_by_resets(engine, plain_python):
    net = es.Network(1, engine)
    x, y = net.add(es.SpikeTrain([[0.1], [0.1], []]), name="x"), net.add(es.LIF(), 12, name="y")

    def voice(cell):
        for time, port in ((0.2, "tell"), (0.3, "reset"), (0.4, "tell")):
            yield cell.until(time)
            cell.send(port, 1.0)

    teller = net.add(voice, name="teller")
    p = net.connect(x, y, Marks(), weight=np.repeat([[0.01], [-0.01], [0.01]], 12, axis=1))
    for port in ("tell", "reset"):
        net.connect(teller, y, port=port)
    net.run(0.25)
    assert net.synapse_state(p)["marks"].tolist() == [1] * 12 + [0] * 24
    net.run(0.25)
    assert net.synapse_state(p)["marks"].tolist() == [0] * 36
    assert net.synapse_state(p)["syn.seen"].tolist() == [1.0] * 12 + [0.0] * 24


@pytest.mark.parametrize("name", ["only_marked", "unmark", "on_pre"])
def test_a_rule_that_marks_says_everything(name):
    """Each of the three handlers is needed, and each has to give a number."""

    def silent(self, post):
        """Gives nothing."""

    def silent_pre(self, syn, post, msg):
        """Gives nothing."""

    with pytest.raises(LocalityError, match=name):
        type("Bad", (Marks,), {name: silent_pre if name == "on_pre" else silent, "__module__": __name__})
