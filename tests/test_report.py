"""The locality report: counted by hand, counted otherwise, and the same on both engines."""

import json
import math

import networks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import END, differences, outcome, random_network

import eventsnn as es
from eventsnn.relax import global_error, needs, weight_transport
from eventsnn.report import instrument, streams
from eventsnn.report.histogram import Histogram
from eventsnn.report.operations import ACCESSES, OPERATIONS

ENGINES = ("reference", "compiled")
EVENTS = 2000  # networks that run away are of no use here, and busy ones take long


class Toy(es.Rule):
    """Small enough to count on paper."""

    seen: es.State = 0.0  # spikes so far

    def on_pre(self, syn, post, msg):
        """1 addition, 1 comparison; 1 more addition if the neuron is excited."""
        syn.seen += 1.0
        if post.v > 0.5:
            syn.w += 0.25

    def on_post(self, syn, post, msg):
        """1 multiplication."""
        syn.w *= 0.5

    def on_error(self, syn, post, msg):
        """1 multiplication, 1 addition."""
        syn.w -= msg.value * syn.seen


def once(cell):
    """One error, to the first neuron only."""
    yield cell.until(5.0)
    cell.send("error", 0.125, to=0)


def toy(engine):
    net = es.Network(engine=engine)
    x = net.add(es.SpikeTrain([[1.0, 3.0], [2.0]]), name="x")
    y = net.add(es.IF(tau_syn=0.0, t_refractory=0.0), 2, name="y")
    teacher = net.add(once, name="teacher")
    net.connect(x, y, Toy(), weight=[[0.6, 0.2], [0.6, 0.2]], delay=0.5)
    net.connect(teacher, y, port="error", delay=0.25)
    return net


# On paper. Spikes arrive at both y at 1.5 (from x0), 2.5 (x1) and 3.5 (x0): 6 row visits.
# y0: v is 0 at 1.5, then 0.6. At 2.5 it is above 0.5, so w10 = 0.85; v = 1.45, it fires, w00 = 0.3, w10 = 0.425, v = 0.
#     At 3.5 v is 0, then 0.3. The error arrives at 5.25: w00 -= 0.125 * 2, w10 -= 0.125 * 1.
# y1: v is 0, 0.2, 0.4 when spikes arrive, and never above 0.5; it does not fire.
@pytest.mark.parametrize("engine", ENGINES)
def test_counted_by_hand(engine, plain_python):
    net = toy(engine).measure().run(6.0)
    assert np.allclose(net.matrix(net.projection("x->y")), [[0.05, 0.2], [0.3, 0.2]], rtol=0, atol=1e-15)
    report = net.report().to_dict()
    assert report["messages"] == {"error": 1 + 1, "spike": 6} or report["messages"] == {"error": 1, "spike": 6}
    row = report["projections"][0]
    assert (row["messages"], row["row_visits"], row["column_visits"]) == ({"spike": 6}, 6, {"post": 2, "error": 2})
    assert row["sweeps"] == 0
    done = {name: handler["done"] for name, handler in row["operations"].items()}
    assert {name: handler["runs"] for name, handler in row["operations"].items()} == {
        "on_pre": 6, "on_post": 2, "on_error": 2
    }  # fmt: skip
    assert {name: d["additions"] for name, d in done.items()} == {"on_pre": 6 + 1, "on_post": 0, "on_error": 2}
    assert {name: d["multiplications"] for name, d in done.items()} == {"on_pre": 0, "on_post": 2, "on_error": 2}
    assert {name: d["comparisons"] for name, d in done.items()} == {"on_pre": 6, "on_post": 0, "on_error": 0}
    assert row["accesses"] == {
        "weight reads": (1 + 2 + 2) + 6,  # to be changed, and to be transmitted
        "weight writes": 1 + 2 + 2,
        "synapse reads": 6 + 2,
        "synapse writes": 6,
        "neuron reads": 6,
        "neuron writes": 0,
        "epoch reads": 0,
        "epoch writes": 0,
    }
    assert row["per_event"]["additions"] == 9 / 6
    assert row["words"] == {"synapse": 1, "neuron": 0, "epoch": 0, "source": 0, "way_back": 0}
    assert row["bytes"] == {"weights": 32, "synapse": 32, "neuron": 0, "epoch": 0, "source": 0, "way_back": 0}
    assert row["state"] == [{"name": "syn.seen", "could_be": "source"}]  # as many for both targets of a source
    assert row["variables"] == {"syn.seen": {"reads": 8, "writes": 6}}
    # Changes: at 2.5 at once (x1, by its own spike and by y0's) and after 1 s (x0); at 5.25 after 1.75 and 2.75 s,
    # and between 2.5 and 5.25 the spike of 3.5 came to y0.
    lock = row["lock"]
    assert (lock["changes"], lock["without_spike"]) == (5, 0)
    assert (lock["seconds"]["zeros"], lock["seconds"]["max"], lock["seconds"]["mean"]) == (2, 2.75, 5.5 / 5)
    assert lock["seconds"]["histogram"] == [[0.0, 0.0, 2], [1.0, 2.0, 2], [2.0, 4.0, 1]]
    assert lock["messages"]["histogram"] == [[0.0, 0.0, 4], [1.0, 2.0, 1]]
    assert row["third_factor"] == {"error": {"granularity": "neuron", "messages": 1, "distinct_values": 1}}
    assert report["projections"][1]["payload_bytes"] == {"error": 8}


def test_what_needs_no_measuring():
    row = toy("reference").run(6.0).report().to_dict()["projections"][0]
    assert (row["messages"], row["words"]["synapse"], row["lock"]) == ({"spike": 6}, 1, None)
    on_pre = row["operations"]["on_pre"]
    assert (on_pre["fewest"]["additions"], on_pre["most"]["additions"], on_pre["done"]) == (1, 2, None)


def test_work_that_no_message_asked_for_is_counted():
    net = toy("reference").measure().run(6.0)
    node = net.engine.nodes[net.plan.of(net.population("y")).offset]
    net.engine.sweep(node, node.learning[0], "error", 1.0)
    assert net.report().to_dict()["projections"][0]["sweeps"] == 2  # the two synapses of its column


class Delayed(es.Rule):
    """Remembers more than it reads."""

    past: es.State = es.history(4)

    def on_pre(self, syn, post, msg):
        """Looks two spikes back."""
        if syn.past_1 > 0.0:
            syn.w += 0.001 * (msg.time - syn.past_2)
        self.push_past(syn, msg.time)

    def on_error(self, syn, post, msg):
        """Would look further back, but no error comes."""
        syn.w += syn.past_4


@pytest.mark.parametrize("engine", ENGINES)
def test_history_is_counted_as_it_is_read(engine, plain_python):
    net = es.Network(engine=engine)
    x, y = net.add(es.SpikeTrain([0.1, 0.2, 0.3])), net.add(es.IF(), name="y")
    net.connect(x, y, Delayed(), name="x->y", delay=0.01)
    report = net.measure().run(1.0).report().to_dict()
    assert report["projections"][0]["words"]["synapse"] == 4
    asked = [(r["relaxation"], r["owner"], r["used"]) for r in report["relaxations"]]
    assert asked == [("history(4)", "x->y: Delayed.past", 2)]


# -- the same on both engines -----------------------------------------------------------------------------------------


def allowed(monkeypatch):
    """The processes of the random networks ask for what they take."""
    for process in (networks.burst, networks.nag, networks.patient):
        if not hasattr(process, "needs"):
            monkeypatch.setattr(process, "needs", (global_error,), raising=False)


@pytest.mark.parametrize("first", [15, *(pytest.param(k, marks=pytest.mark.slow) for k in (0, *range(30, 120, 15)))])
def test_both_engines_count_the_same_and_counting_changes_no_bit(first, plain_python, monkeypatch, tmp_path):
    allowed(monkeypatch)
    monkeypatch.setattr(streams, "CHUNK", 1 + 7 * first)
    compared = 0
    for seed in range(first, first + 15):
        whole = random_network(seed)
        if whole.plan.width < 1e-12:
            continue
        try:
            whole.run(END, max_events=EVENTS)
        except es.RunawayError:
            continue
        a, b = (random_network(seed, engine).measure() for engine in ENGINES)
        a.run(END)
        b.run(0.4 * END)
        if seed % 2:
            b.save(tmp_path / "net")
            b = es.Network.load(tmp_path / "net", engine=ENGINES[seed % 4 == 1])
        b.run(until=END)
        assert (seed, differences(outcome(whole), outcome(a))) == (seed, [])
        assert (seed, differences(outcome(whole), outcome(b))) == (seed, [])
        one, other = a.report().to_dict(), b.report().to_dict()
        assert {key: one[key] for key in one if one[key] != other[key]} == {}
        within_bounds(one)
        compared += 1
    assert compared > 7


def within_bounds(report):
    """No handler did more, or less, than its text allows; nothing ran without a message."""
    for row in report["projections"]:
        if row["rule"] is None:
            continue
        assert row["sweeps"] == 0
        assert sum(row["lock"]["seconds"]["count"] for _ in [0] if row["lock"]["seconds"]) <= row["lock"]["changes"]
        for handler in row["operations"].values():
            for kind in (*OPERATIONS, *ACCESSES):
                low, high = handler["fewest"][kind], handler["most"][kind]
                assert low * handler["runs"] <= handler["done"][kind]
                assert high is None or handler["done"][kind] <= high * handler["runs"]


def test_what_the_user_records_stays(plain_python):
    def build():
        net = toy("reference")
        net.record_messages()
        net.projection("x->y").record = ("weights",)
        return net

    a, b = build().run(6.0), build().measure().run(6.0)
    assert np.array_equal(a.messages().t, b.messages().t)
    assert np.array_equal(a.weight_changes(a.projection("x->y")).w, b.weight_changes(b.projection("x->y")).w)
    assert a.synapse_state(a.projection("x->y")).keys() == b.synapse_state(b.projection("x->y")).keys()


def test_memory_does_not_grow(monkeypatch):
    monkeypatch.setattr(streams, "CHUNK", 100)
    net = es.Network(seed=1)
    x, y = net.add(es.Poisson(rate=200.0), 10, name="x"), net.add(es.LIF(), name="y")
    xy = net.connect(x, y, es.PairSTDP(), weight=0.3)
    most = []
    net.measure()
    for _ in range(10):
        net.run(0.5)
        most.append(len(net.recorder.messages) + len(net.recorder.weight_columns(0)))
    assert max(most) == 0
    assert net.report().to_dict()["projections"][0]["messages"]["spike"] > 8000
    with pytest.raises(es.NetworkError, match="does not record its weights"):
        net.weight_changes(xy)


def test_measuring_begins_before_the_first_run():
    with pytest.raises(es.NetworkError, match="begin to measure after the network has run"):
        toy("reference").run(1.0).measure()


# -- distributions ----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.0, 1e6), min_size=1), st.integers(0, 100))
def test_a_histogram_does_not_depend_on_how_it_is_filled(values, cut):
    whole, pieces = Histogram(), Histogram()
    whole.add(np.array(values))
    pieces.add(np.array(values[cut:]))
    pieces.add(np.array(values[:cut]))
    loaded = Histogram()
    loaded.unpack(json.loads(json.dumps(pieces.pack())))
    assert whole.to_dict() == pieces.to_dict() == loaded.to_dict()
    assert whole.mean == pytest.approx(math.fsum(values) / len(values), rel=1e-15, abs=0.0)
    for q in (0.05, 0.5, 0.95):
        exact = np.quantile(values, q, method="inverted_cdf")
        assert exact <= whole.quantile(q) <= exact * (1 + 1 / 8) + 5e-324


# -- weight transport -------------------------------------------------------------------------------------------------


def two_layers(engine="reference", lr=0.01, **back):
    net = es.Network(seed=2, engine=engine)
    x, h = net.add(es.Latency(), 4, name="x"), net.add(es.IF(), 5, name="h")
    y = net.add(es.IF(), 3, name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=lr))
    net.connect(x, h, rule, weight=es.uniform(0.4, 0.9))
    net.connect(h, y, rule, weight=FORTH, **back)
    teacher = net.teach(y, es.TargetTimes([[1.0, 1.5, 2.0]]))
    stimulus = es.Stimulus(np.array([[0.0, 0.1, 0.2, 0.3]]), np.array([0]), period=8.0)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher)
    return net


FORTH = np.random.default_rng(1).normal(0.3, 0.6, (5, 3))
OTHER = np.abs(np.random.default_rng(2).normal(1.0, 0.5, (5, 3)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("back", "found"),
    [
        ({"feedback": "symmetric"}, "memory"),
        ({"feedback": "random", "feedback_weight": es.normal(0.0, 1.0)}, "none"),
        ({"feedback": "random", "feedback_weight": FORTH, "lr": 0.0}, "equal"),
        ({"feedback": "random", "feedback_weight": -2.5 * FORTH, "lr": 0.0}, "proportional"),
        ({"feedback": "random", "feedback_weight": np.sign(FORTH) * OTHER, "lr": 1e-4}, "signs"),
    ],
)
def test_transport_is_found_in_memory_and_values(engine, back, found, plain_python):
    asked = () if found != "equal" else (weight_transport,)
    net = two_layers(engine, needs=asked, **back).run(40.0)
    assert [t["found"] for t in net.report().to_dict()["weight_transport"]] == [found]


def test_weights_mirrored_in_a_projection_of_ones_own_are_found():
    net = two_layers()
    y, h = net.population("y"), net.population("h")
    net.connect(y, h, port="error", weight=2.0 * FORTH.T, delay=1.0, name="mirror")
    random = es.normal(0.0, 1.0)
    net.connect(y, h, port="error", weight=random, delay=1.0, name="random")
    found = {t["back"]: t["found"] for t in net.run(0.1).report().to_dict()["weight_transport"]}
    assert found == {"mirror": "proportional", "random": "none"}
    found = {t["back"]: t for t in net.run(80.0).report().to_dict()["weight_transport"]}
    assert found["mirror"]["cosine"] > 0.9 > abs(found["random"]["cosine"])


# -- third factors ----------------------------------------------------------------------------------------------------


class Reward(es.Rule):
    """Learns from a reward."""

    def on_reward(self, syn, post, msg):
        """Grow."""
        syn.w += 0.01 * msg.value


@pytest.mark.parametrize(
    ("values", "granularity"),
    [
        ((1.0, 1.0), "network"),
        ((1.0, 2.0), "population"),
        (((1.0, 2.0), (1.0, 2.0)), "neuron"),
        (((1.0, 1.0), (1.0, 1.0)), "network"),
        ((), "none"),
    ],
)
def test_granularity_is_what_arrives(values, granularity):
    @needs(global_error)
    def judge(cell):
        yield cell.wait(0.3)
        for value in values[cell.index : cell.index + 1]:
            cell.send("reward", np.array(value) if isinstance(value, tuple) else value)

    net = es.Network()
    x, judges = net.add(es.Poisson(), name="x"), net.add(judge, 2, name="judges")
    for k in range(2):
        y = net.add(es.IF(), 2, name=f"y{k}")
        net.connect(x, y, Reward(), name=f"learning {k}")
        net.connect(judges, y, port="reward", pattern=es.edges([k, k], [0, 1]))
    rows = [r for r in net.measure().run(1.0).report().to_dict()["projections"] if r["rule"]]
    assert [r["third_factor"]["reward"]["granularity"] for r in rows] == [granularity] * 2


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_every_form_shows_every_number():
    report = toy("reference").measure().run(6.0).report()
    for shown in (str(report), report.markdown(), report.html(), report._repr_html_()):
        for word in ("x-&gt;y" if "</" in shown else "x->y", "Toy.on_pre", "2.75 s", "a number for each neuron"):
            assert word in shown
    assert json.loads(report.json()) == report.to_dict()
    assert instrument.PREFIX not in report.json()
