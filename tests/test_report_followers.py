"""Rules that follow their neuron and keep epochs: counted like any other, with the same bits and counts everywhere."""

import networks
import pytest
from test_erbp import circuit
from test_operations import executed
from test_paths import lively
from test_paths import network as path_network
from test_report import ENGINES, within_bounds

import eventsnn as es
from eventsnn.report.operations import ACCESSES, OPERATIONS


class Clock(es.Rule):
    """Counts the time of its neuron, in epochs of 50 ms; small enough to count on paper."""

    area: es.PostState = 0.0
    seen: es.State = 0.0
    held: es.EpochState = 0.0

    def flow(self, post, dt):
        """1 addition."""
        post.area += dt

    def stale(self, post):
        """1 comparison."""
        return 1.0 if post.area > 0.05 else 0.0

    def fold(self, epoch, post):
        """1 addition."""
        epoch.held += post.area
        return 1.0

    def renew(self, epoch, post):
        """Nothing but writes."""
        epoch.held = 0.0
        post.area = 0.0

    def follow(self, syn, epoch):
        """1 comparison; 1 more, a multiplication and an addition if the first holds, or if the second does."""
        if syn.seen > 5.0 or epoch.held > 0.09:
            syn.seen += self.twice(epoch.held)

    def twice(self, x):
        """1 multiplication."""
        return 2.0 * x

    def on_pre(self, syn, post, msg):
        """1 addition, 1 multiplication."""
        syn.w += 0.5 * syn.seen


def silent(engine):
    """Three spikes onto one neuron that never fires, 0.125 s apart, by two synapses."""
    net = es.Network(engine=engine)
    x, y = net.add(es.SpikeTrain([[0.125, 0.375], [0.25]])), net.add(es.LIF(v_threshold=1e9))
    net.connect(x, y, Clock(), weight=0.5, name="x->y")
    return net


# On paper. Each of the three spikes finds 0.125 s gone by, so each begins an epoch. At 0.125: the first is folded (held
# 0.125), and synapse 0 comes from it: 0.125 > 0.09, seen = 0.25. At 0.25: the first (0.25) and the second (0.125) are
# folded; synapse 1 comes from the first: seen = 0.5, and nobody is left there. At 0.375: the second (0.25) and the
# third (0.125) are folded; synapse 0 comes from the second: seen = 0.75.
@pytest.mark.parametrize("engine", ENGINES)
def test_counted_by_hand(engine, plain_python):
    net = silent(engine).measure().run(1.0)
    row = net.report().to_dict()["projections"][0]
    done = {name: handler["done"] for name, handler in row["operations"].items()}
    runs = {name: handler["runs"] for name, handler in row["operations"].items()}
    assert runs == {"flow": 3, "stale": 3, "fold": 1 + 2 + 2, "renew": 3, "follow": 3, "on_pre": 3}
    assert {name: d["additions"] for name, d in done.items() if d["additions"]} == {
        "flow": 3, "fold": 5, "follow": 3, "on_pre": 3
    }  # fmt: skip
    assert {name: d["comparisons"] for name, d in done.items() if d["comparisons"]} == {"stale": 3, "follow": 6}
    assert {name: d["multiplications"] for name, d in done.items() if d["multiplications"]} == {
        "follow": 3, "on_pre": 3
    }  # fmt: skip
    assert (row["accesses"]["epoch reads"], row["accesses"]["epoch writes"]) == (5 + 3 + 3, 5 + 3)
    assert row["words"] == {"synapse": 2, "neuron": 1 + 3, "epoch": 1 + 3, "source": 0, "way_back": 0}
    assert row["bytes"]["epoch"] == 8 * 4 * (2 + 1)  # as many epochs as synapses, and one
    assert row["words"] == {**row["words"], **{k: n for k, n in es.memory(Clock).items() if k in ("neuron", "epoch")}}
    assert row["variables"]["epoch.held"] == {"reads": 11, "writes": 8}
    assert (row["sweeps"], row["column_visits"]) == (0, {})
    assert net.synapse_state(net.projection("x->y"))["syn.seen"].tolist() == [0.75, 0.5]


def test_counters_agree_with_the_instructions_that_python_runs():
    def build():
        net, _, _ = path_network(Clock(), n=8, m=3, duration=1.0)
        return net

    rule = Clock()
    wanted = executed(build(), [rule], 1.0)
    row = next(r for r in build().measure().run(1.0).report().to_dict()["projections"] if r["rule"])
    got = {kind: sum(h["done"][kind] for h in row["operations"].values()) for kind in OPERATIONS}
    assert got == wanted
    assert row["operations"]["follow"]["runs"] > 50


def errors_in_spikes(engine):
    """Event-driven random backpropagation."""
    return circuit(engine)[0]


def adaptive(engine):
    """A threshold that moves."""
    return path_network(es.AdaptiveEProp(), engine, n=4, m=2, model=es.AdaptiveLIF)[0]


NETWORKS = {
    "SuperSpike": lambda engine: lively(engine, "SuperSpike"),
    "EProp": lambda engine: path_network(es.EProp(), engine, n=4, m=2)[0],
    "AdaptiveEProp": adaptive,
    "LocalError": lambda engine: path_network(es.LocalError(), engine, n=4, m=2)[0],
    "ERBP": errors_in_spikes,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_both_engines_count_the_same_and_counting_changes_no_bit(name, plain_python, tmp_path):
    build, end = NETWORKS[name], 0.25
    whole = build("reference").run(end)
    a, b = build("reference").measure().run(end), build("compiled").measure().run(0.4 * end)
    b.save(tmp_path / "net")
    b = es.Network.load(tmp_path / "net", engine="compiled").run(until=end)
    assert networks.differences(networks.outcome(whole), networks.outcome(a)) == []
    assert networks.differences(networks.outcome(whole), networks.outcome(b)) == []
    one, other = a.report().to_dict(), b.report().to_dict()
    assert {key: one[key] for key in one if one[key] != other[key]} == {}
    within_bounds(one)
    rows = [row for row in one["projections"] if row["rule"]]
    assert all(row["operations"]["on_pre"]["runs"] > 10 for row in rows[:1])
    if name != "ERBP":
        assert rows[0]["operations"]["flow"]["done"]["multiplications"] > 1000


def test_an_event_of_erbp_costs_an_addition_and_two_comparisons():
    """As published, and no word beside the weight."""
    row = next(r for r in errors_in_spikes("reference").measure().run(0.2).report().to_dict()["projections"])
    handler = row["operations"]["on_pre"]
    assert {kind: n for kind, n in handler["most"].items() if n and kind in OPERATIONS} == {
        "additions": 1, "comparisons": 2
    }  # fmt: skip
    assert handler["done"]["comparisons"] > handler["runs"] > 100
    assert 0 < handler["done"]["additions"] <= handler["runs"]
    assert set(row["operations"]) == {"on_pre"}
    assert row["words"] == {"synapse": 0, "neuron": 0, "epoch": 0, "source": 0, "way_back": 0}
    assert not any(handler["done"][kind] for kind in ACCESSES if kind.startswith(("synapse", "epoch")))


def test_a_report_shows_epochs():
    net, _, _ = path_network(es.EProp(), n=4, m=2)
    report = net.measure().run(0.2).report()
    for shown in (str(report), report.markdown(), report.html()):
        for word in ("per epoch", "EProp.flow", "EProp.follow"):
            assert word in shown
    row = next(r for r in report.to_dict()["projections"] if r["rule"])
    kept = es.memory(es.EProp)
    assert {place: row["words"][place] + (place == "synapse") for place in kept} == kept  # and the weight
