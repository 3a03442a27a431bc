"""The run-time guard of the reference engine: what a handler is handed, and what is left of it afterwards."""

import math
import subprocess
import sys

import numpy as np
import pytest

import eventsnn as es
from eventsnn.engines import guards
from eventsnn.engines.reference import ReferenceEngine
from eventsnn.events import Message
from eventsnn.locality import seal


class Trace(es.Rule):
    """Writes everything that it may."""

    lr: float = 0.1

    trace: es.State = 0.0
    mean: es.PostState = 0.0

    def on_pre(self, syn, post, msg):
        """A spike."""
        syn.trace = msg.time
        post.mean += self.lr * post.v

    def at_error(self, post, msg):
        """An error, once."""
        return msg.value

    def on_error(self, syn, post, msg):
        """An error, at each synapse."""
        syn.w += self.lr * msg.value
        return syn.trace + post.psp(0.01)


@pytest.fixture
def engine():
    """An engine with two synapses of `Trace` onto one neuron."""
    net = es.Network()
    net.connect(net.add(es.SpikeTrain([[0.1], [0.2]])), net.add(es.LIF()), Trace(), weight=0.5)
    return net.engine


@pytest.fixture
def call(engine):
    """Call a function in the place of `on_pre`, with guarded views of the records of one synapse."""
    learning = engine.nodes[2].learning[0]
    views = guards.rule_views(learning.rule, engine.nodes[2].model)

    def run(function, synapse=0):
        act = guards._with_synapse(function, views, learning.rule.handlers["on_pre"])
        return act(learning.synapses.records[synapse], learning.post, Message(1.0, 2.0))

    return run


def test_what_is_declared_is_there(call):
    seen = []

    def look(syn, post, msg):
        seen.extend([syn.w, syn.trace, post.mean, post.v, post.i, post.psp(0.01), msg.time, msg.value])

    call(look)
    assert seen == [0.5, 0.0, 0.0, 0.0, 0.0, es.LIF().psp(0.01), 1.0, 2.0]


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (0, "neighbour"),
        (0, "trace2"),
        (1, "c0_"),
        (1, "window"),
        (1, "offset"),
        (2, "sender"),
        (0, "_records"),
        (1, "_handlers"),
    ],
)
def test_what_is_not_declared_is_not(call, scope, name):
    with pytest.raises(es.LocalityError) as caught:
        call(lambda *scopes: getattr(scopes[scope], name))
    where = ("syn", "post", "msg")[scope]
    assert caught.value.variable == f"{where}.{name}"
    assert caught.value.owner == "Trace"
    assert caught.value.kind == "spatial"
    assert f"(spatial: {where}.{name}, of Trace)" in str(caught.value)
    assert any("in Trace.on_pre" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("scope", "name", "words"),
    [
        (1, "v", "belongs to the neuron; a rule may write only its own variables there"),
        (1, "psp", "belongs to the neuron"),
        (2, "value", "writes msg.value, which is given"),
        (0, "neighbour", "has no variable 'neighbour'; it has trace, w"),
        (1, "_of", "has no variable '_of'"),
    ],
)
def test_what_is_not_its_own_cannot_be_written(call, scope, name, words):
    with pytest.raises(es.LocalityError, match=words) as caught:
        call(lambda *scopes: setattr(scopes[scope], name, 1.0))
    assert caught.value.kind == "spatial"


def test_a_kept_scope_is_dead(call):
    kept = []
    call(lambda *scopes: kept.extend(scopes))
    for scope, name in zip(kept, ("w", "v", "value"), strict=True):
        for touch in (lambda s, n: getattr(s, n), lambda s, n: setattr(s, n, 1.0)):
            with pytest.raises(es.LocalityError) as caught:
                touch(scope, name)
            if scope is kept[0]:
                assert caught.value.kind == "temporal"
                assert "after its handler has returned" in str(caught.value)
    with pytest.raises(es.LocalityError) as caught:
        kept[1].psp(0.1)
    assert (caught.value.variable, caught.value.kind) == ("post.psp", "temporal")


def test_a_kept_scope_stays_dead_while_the_same_synapse_is_at_work(call):
    kept = []
    call(lambda syn, post, msg: kept.append(syn))

    def later(syn, post, msg):
        assert syn.w == 0.5
        return kept[0].w

    with pytest.raises(es.LocalityError, match=r"temporal: syn\.w, of Trace"):
        call(later)


def test_a_scope_is_dead_after_an_error_too(call):
    kept = []

    def fail(syn, post, msg):
        kept.append(syn)
        return 1.0 / 0.0

    with pytest.raises(ZeroDivisionError) as caught:
        call(fail)
    assert any("in Trace.on_pre" in note for note in caught.value.__notes__)
    with pytest.raises(es.LocalityError, match="temporal"):
        _ = kept[0].w


class Domain(es.Rule):
    """Leaves the domain of a function, or divides by zero."""

    which: int = 0

    def on_pre(self, syn, post, msg):
        """One of four ways."""
        zero = 0.0 * self.which
        if self.which == 0:
            syn.w = 1.0 / zero
        elif self.which == 1:
            syn.w = math.log(zero - 1.0)
        elif self.which == 2:
            syn.w = math.sqrt(zero - 1.0)
        else:
            syn.w = math.exp(zero + 1000.0)


FAILING = (ZeroDivisionError, ValueError, ValueError, OverflowError)


@pytest.mark.parametrize(("which", "error"), list(enumerate(FAILING)))
def test_arithmetic_that_fails_says_in_which_handler(which, error):
    net = es.Network()
    net.connect(net.add(es.SpikeTrain([0.1])), net.add(es.LIF()), Domain(which=which))
    with pytest.raises(error) as caught:
        net.run(1.0)
    assert any("in Domain.on_pre, " in note and "test_locality_guard.py:" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("thing", [[1.0], "text", None, np.zeros(2), object(), (1.0,)])
def test_only_numbers_can_be_kept(call, thing):
    with pytest.raises(es.LocalityError, match=r"into syn\.trace; a variable holds a number") as caught:
        call(lambda syn, post, msg: setattr(syn, "trace", thing))
    assert caught.value.kind == "temporal"


def test_only_numbers_leave(call):
    assert call(lambda syn, post, msg: 3) == 3
    for answer in (lambda syn, post, msg: syn, lambda syn, post, msg: (1.0, post), lambda syn, post, msg: [syn.w]):
        with pytest.raises(es.LocalityError, match="a handler returns numbers"):
            call(answer)


def test_whole_numbers_become_floats_as_in_compiled_code(engine, call):
    call(lambda syn, post, msg: setattr(syn, "trace", 3))
    value = engine.nodes[2].learning[0].synapses.records[0].trace
    assert (type(value), value) == (float, 3.0)


def test_a_sealed_self_has_numbers_and_methods_and_no_more():
    rule = es.SpikeTimeGradient()
    sealed = seal.seal(rule, {"w", *rule.synapse_state, *rule.neuron_state, "psp", "psp_slope", *es.IF.state})
    assert sealed.bound == math.inf
    assert sealed.clip.slope == rule.clip.slope
    for name in ("mode", "given", "handlers", "nobody"):
        with pytest.raises(es.LocalityError, match=f"reads self.{name}"):
            getattr(sealed, name)
    for thing, name in ((sealed, "bound"), (sealed, "nobody"), (sealed.clip, "slope")):
        with pytest.raises(es.LocalityError, match=f"writes self.{name}"):
            setattr(thing, name, 1.0)
    math_ = sealed.on_error.__func__.__globals__["math"]
    with pytest.raises(es.LocalityError, match=r"writes math\.pi"):
        math_.pi = 3.0
    assert math_.exp is math.exp
    assert set(sealed.on_error.__func__.__builtins__) == {"min", "max", "abs", "float", "int", "bool", "range"}


def nine(self, syn, post, msg):
    syn.w = 9.0


def test_a_handler_patched_while_it_runs_changes_nothing():
    """The engine runs what was sealed; the next run refuses."""

    class Patched(es.Rule):
        """Lawful at first."""

        def on_pre(self, syn, post, msg):
            """A spike."""
            syn.w = 0.25

    def patch(cell):
        yield cell.wait(0.05)
        Patched.on_pre = nine

    net = es.Network()
    xy = net.connect(net.add(es.SpikeTrain([0.01, 0.2])), net.add(es.LIF()), Patched())
    net.add(patch)
    net.run(0.5)
    assert net.weights(xy).tolist() == [0.25]
    with pytest.raises(es.LocalityError, match=r"Patched\.on_pre was replaced after its class was made"):
        net.run(0.5)


def learning_network(guard):
    net = es.Network(seed=3, guard=guard)
    x, y = net.add(es.Poisson(rate=40.0), 6), net.add(es.LIF(), 3)
    xy = net.connect(x, y, es.PairSTDP(w_max=4.0), weight=es.uniform(0.0, 4.0), delay=1e-3)
    net.run(0.5)
    return net.weights(xy), net.spikes(y).t


def test_the_guard_changes_no_bit():
    for guarded, plain in zip(learning_network(True), learning_network(False), strict=True):
        assert len(guarded) > 3
        assert np.array_equal(guarded, plain)


def test_without_guard_handlers_get_the_records():
    net = es.Network(guard=False)
    net.connect(net.add(es.SpikeTrain([0.1])), net.add(es.LIF()), Trace())
    assert not net.engine.guard
    node = net.engine.nodes[1]
    assert node.acts is node.model
    assert ReferenceEngine(net.plan, es.Network().recorder).nodes[1].acts is not node.model


# -- what follows a neuron, and epochs --------------------------------------------------------------------------------


class Epochs(es.Rule):
    """Has all handlers of that kind."""

    held: es.EpochState = 0.0
    seen: es.State = 0.0
    area: es.PostState = 0.0

    def flow(self, post, dt):
        """Time passes."""
        post.area += dt

    def stale(self, post):
        """Always."""
        return 1.0

    def fold(self, epoch, post):
        """Once more."""
        epoch.held += post.area
        return 1.0

    def renew(self, epoch, post):
        """Anew."""
        epoch.held = 0.0

    def follow(self, syn, epoch):
        """To the present."""
        syn.seen += epoch.held

    def on_pre(self, syn, post, msg):
        """A spike."""
        syn.w += self.slope * syn.seen

    slope: float = 0.1


SCOPES_OF = {"flow": ("post",), "stale": ("post",), "fold": ("epoch", "post"), "follow": ("syn", "epoch")}


def call_handler(name, function):
    """Call a function in the place of a handler of `Epochs`, with views of the records of a running network."""
    net = es.Network()
    net.connect(net.add(es.SpikeTrain([[0.1], [0.2]])), net.add(es.LIF()), Epochs(), weight=0.5)
    learning = net.engine.nodes[2].learning[0]
    views = guards.rule_views(learning.rule, net.engine.nodes[2].model)
    act = guards._with_scopes(function, views, learning.rule.handlers[name])
    records = {"post": learning.post, "syn": learning.synapses.records[0], "epoch": learning.synapses.epochs[0]}
    given = [records[scope] for scope in SCOPES_OF[name]]
    return act(*given, 0.5) if name == "flow" else act(*given)


@pytest.mark.parametrize("name", SCOPES_OF)
def test_followers_see_what_is_declared_and_no_more(name):
    declared = {"post": "area", "epoch": "held", "syn": "seen"}

    def look(*scopes):
        for scope, one in zip(SCOPES_OF[name], scopes, strict=False):
            assert getattr(one, declared[scope]) == 0.0
            for hidden in ("users", "next", "live", "slot", "living", "vacant", "_cell", "window"):
                with pytest.raises(es.LocalityError) as caught:
                    getattr(one, hidden)
                assert caught.value.kind == "spatial"
                with pytest.raises(es.LocalityError):
                    setattr(one, hidden, 1.0)
        return 1.0

    assert call_handler(name, look) == 1.0


@pytest.mark.parametrize("name", SCOPES_OF)
def test_a_scope_kept_by_a_follower_is_dead(name):
    kept = []
    call_handler(name, lambda *scopes: kept.extend(scopes))
    for scope, one in zip(SCOPES_OF[name], kept, strict=False):
        with pytest.raises(es.LocalityError) as caught:
            getattr(one, {"post": "area", "epoch": "held", "syn": "seen"}[scope])
        assert caught.value.kind == "temporal"


def test_only_numbers_stay_in_an_epoch_and_only_numbers_leave():
    def keep(epoch, post):
        epoch.held = post

    with pytest.raises(es.LocalityError, match="a variable holds a number"):
        call_handler("fold", keep)
    with pytest.raises(es.LocalityError, match="a handler returns numbers"):
        call_handler("stale", lambda post: post)
    with pytest.raises(es.LocalityError, match="belongs to the neuron"):
        call_handler("flow", lambda post, dt: setattr(post, "v", dt))


LATER = """
import eventsnn as es

assert es.SuperSpike._checked is None, "importing eventsnn checks a class that nobody asked for"


def cheat(self, syn, post, msg):
    syn.w = 9.0


es.PairSTDP.on_pre = cheat
try:
    es.PairSTDP.handlers
except es.LocalityError as error:
    assert "PairSTDP.on_pre was replaced after its class was made" in str(error), error
else:
    raise AssertionError("a handler that was replaced before its class was checked")


def every_kind(kind):
    return {one for sub in kind.__subclasses__() for one in (sub, *every_kind(sub))}


for name in es.__all__:
    getattr(es, name)  # loaded when first asked for
kinds = every_kind(es.Rule) | every_kind(es.Neuron) | every_kind(es.model.Part)
checked = [kind for kind in kinds if kind is not es.PairSTDP and kind.handlers]
assert len(checked) > 60, len(checked)
"""


def test_classes_of_ours_are_checked_when_they_are_first_asked_for():
    subprocess.run([sys.executable, "-c", LATER], check=True)
