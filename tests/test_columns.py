"""Messages to many neurons go through the synapses in the order of memory; every neuron learns what it would alone."""

import numpy as np
import pytest
from networks import differences, moving, outcome

import eventsnn as es
from eventsnn.engines import arrays
from eventsnn.model import PostState, Rule, State

END = 1.6
SIZE = 24  # neurons that learn


class Heeds(Rule):
    """Counts what it hears, neuron by neuron; every other neuron lets its synapses know, and they answer."""

    heard: State = 0.0
    sum: State = 0.0
    asked: PostState = 0.0
    felt: PostState = 0.0

    def at_apply(self, post, msg):
        """Every second and third time."""
        post.asked += 1.0
        return 0.0 if post.asked == 1.0 else msg.value + post.asked

    def on_apply(self, syn, post, msg):
        """The order of the synapses of a neuron is in the sums."""
        syn.heard += 1.0
        post.felt = 0.5 * post.felt + syn.w
        syn.sum = syn.sum * 1.5 + post.felt
        syn.w += 0.01 * post.felt * msg.value
        return post.felt

    def on_error(self, syn, post, msg):
        """What comes back to the neurons before."""
        syn.w += 1e-3 * msg.value


def speaker(cell):
    """Speaks to everybody, again and again."""
    while True:
        k = cell.state.get("k", 0)
        yield cell.until(0.25 * (k + 1))
        cell.send("apply", 0.5 + k)
        cell.state["k"] = k + 1


def network(engine="compiled", reached=SIZE, twice=False, record=()):
    """Two layers that learn; a process speaks to the first `reached` of the second, to some of them twice."""
    net = es.Network(3, engine)
    x = net.add(es.Poisson(rate=4.0), 7, name="x")
    h = net.add(es.IF(t_refractory=0.1), 9, name="h")
    y = net.add(es.LIF(tau_mem=0.5, tau_syn=0.2), SIZE, name="y")
    voice = net.add(speaker, name="voice")
    net.connect(x, h, Heeds(), weight=es.uniform(0.1, 0.6))
    pattern, way_back = es.fixed_indegree(6), {"feedback": "symmetric", "feedback_delay": 0.01}
    net.connect(h, y, Heeds(), weight=es.uniform(-0.2, 0.8), pattern=pattern, name="hy", record=record, **way_back)
    targets = np.sort(np.concatenate((np.arange(reached), np.arange(0, reached, 3 if twice else SIZE)[1:])))
    pattern = es.edges(np.zeros(len(targets), int), targets)
    net.connect(voice, y, port="apply", weight=es.uniform(0.5, 1.5), pattern=pattern)
    return net


@pytest.fixture(autouse=True)
def plain(plain_python):
    """No compilation."""


def learning(net):
    """The kernel's arrays of the projection that hears."""
    s = next(s for s in net.plan.synapses if s.name == "hy")
    return s, net.engine.arrays.projection[s.index]


def visits(net, monkeypatch):
    """The synapses that hear something, one list for each instant."""
    found = {}
    (name,) = (name for name in vars(net.engine.module) if name.startswith("each_LIF") and name.endswith("_apply"))
    visit = getattr(net.engine.module, name)

    def noted(net_, P, R, n, j, window, offset, *rest):
        found.setdefault((window, offset), []).append(j)
        visit(net_, P, R, n, j, window, offset, *rest)

    monkeypatch.setattr(net.engine.module, name, noted)
    return found


@pytest.mark.parametrize("case", [{}, {"reached": 20}, {"reached": 2}, {"twice": True}, {"record": ("weights",)}])
@pytest.mark.parametrize("entries", [1, 1024])
def test_same_bits(case, entries, monkeypatch):
    """However many neurons hear it, once or twice, and however little room there is for what they send back."""
    monkeypatch.setattr(arrays, "ENTRIES", entries)
    a, b = (network(engine, **case).run(END) for engine in ("reference", "compiled"))
    assert differences(outcome(a), outcome(b)) == []
    assert differences(moving(a), moving(b)) == []
    s, _ = learning(b)
    assert b.engine.arrays.net.counts[1, s.index] > 10, "nothing was sent back"


def test_many_columns_are_gone_through_in_the_order_of_memory(monkeypatch):
    net = network()
    found = visits(net, monkeypatch)
    net.run(END)
    assert len(found) == 5  # of six, of which the first stays at the neurons
    s, _ = learning(net)
    for order in found.values():
        assert order == list(range(len(s)))


def test_few_columns_are_gone_through_one_by_one(monkeypatch):
    """Two in 24 do not make it worth while to look at all synapses."""
    net = network(reached=2)
    found = visits(net, monkeypatch)
    net.run(END)
    s, _ = learning(net)
    columns = [j for n in range(2) for j in np.flatnonzero(s.target == n)]
    assert list(found.values()) == [columns] * 5


def test_what_other_threads_do_is_left_alone(monkeypatch):
    """A neuron that the message does not reach hears something at the same time, in another thread."""
    net = network(reached=20)
    _, r = learning(net)
    r.hears[SIZE - 1], r.heard[SIZE - 1] = 1, 1.0
    net.run(END)
    assert r.hears.tolist() == [0] * (SIZE - 1) + [1]
    assert differences(outcome(network("reference", reached=20).run(END)), outcome(net)) == []
