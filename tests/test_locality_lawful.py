"""What is lawful passes, runs, and gives the same bits with the guard and without."""

import enum
import functools
import logging
import math
import types
from dataclasses import dataclass

import numpy as np
import pytest

import eventsnn as es

TABLE = (0.1, 0.2)
FROZEN = np.arange(3.0)
FROZEN.flags.writeable = False
RESULTS = []


class Nothing(es.Rule):
    """No handler at all."""


class Constant(es.Rule):
    """A number."""

    def on_pre(self, syn, post, msg):
        """Set the weight."""
        syn.w = 0.5


class Parameter(es.Rule):
    """A parameter of each type, and one derived from them."""

    lr: float = 0.1
    order: int = 2
    flip: bool = True
    mode: str = "fast"

    derived = ("rate",)

    def derive(self):
        """From text to a number, once."""
        return {"rate": self.lr if self.mode == "fast" else 0.5 * self.lr}

    def on_pre(self, syn, post, msg):
        """Add."""
        syn.w += self.rate * self.order if self.flip else 0.0


class Gate(es.Rule):
    """Looks at the neuron's voltage."""

    def on_pre(self, syn, post, msg):
        """Up where the neuron is excited."""
        if 0.1 < post.v < 0.9 and post.i != 0.0:
            syn.w += 0.01
        elif post.v <= 0.1 or post.slope > 0.0:
            syn.w -= 0.001


class Trace(es.Rule):
    """A declared trace at the synapse and one at the neuron."""

    x: es.State = 0.0
    t: es.State = 0.0
    y: es.PostState = 0.0

    def on_pre(self, syn, post, msg):
        """Decay, then count."""
        syn.x = syn.x * math.exp(-(msg.time - syn.t) / 0.02) + 1.0
        syn.t = msg.time
        syn.w -= 1e-3 * post.y

    def on_post(self, syn, post, msg):
        """Pair."""
        syn.w += 1e-3 * syn.x

    def at_post(self, post, msg):
        """Count."""
        post.y = 0.9 * post.y + 1.0
        return 1.0


class Begins(es.Rule):
    """Starts from what the network gives."""

    start: es.State = -math.inf
    total: es.PostState = 0.0

    def begin(self, syn, post):
        """Add up the weights."""
        syn.start = syn.w
        post.total += syn.w

    def on_pre(self, syn, post, msg):
        """Normalise."""
        syn.w = syn.start / max(post.total, 1e-9)


class Loop(es.Rule):
    """Loops over numbers."""

    def on_pre(self, syn, post, msg):
        """A Newton step or five."""
        x = 1.0
        for k in range(1, 6):
            if k == 5:
                break
            x = 0.5 * (x + 2.0 / x)
        while x > 1.0:
            x *= 0.5
        else:
            x += 0.1
        syn.w = x


class Helper(es.Rule):
    """Methods of its own, with scopes and without."""

    def on_pre(self, syn, post, msg):
        """Hand on."""
        a, b = self.both(msg.time, post.v)
        self.move(syn, post, a + b)

    def both(self, x, y):
        """Two numbers."""
        return math.sin(x), math.cos(y)

    def move(self, syn, post, change):
        """Bounded."""
        syn.w = min(9.0, max(0.0, syn.w + 0.01 * change))


class Annotated(es.Rule):
    """Annotations of arguments are for readers."""

    def on_pre(self, syn: object, post: object, msg: "es.Rule") -> None:
        """Unchanged."""
        syn.w = math.copysign(syn.w, 1.0)


class Mean(es.Part):
    """A piece with memory."""

    rate: float = 0.1
    mean: es.State = 0.0

    def take(self, syn, x):
        """The running mean."""
        syn.mean += self.rate * (x - syn.mean)
        return syn.mean


class WithPart(es.Rule):
    """A rule made with a piece."""

    mean: es.Part = Mean()

    def on_pre(self, syn, post, msg):
        """The piece's answer."""
        syn.w = self.mean.take(syn, post.v)


class Inherits(WithPart):
    """One more handler."""

    def on_post(self, syn, post, msg):
        """Down."""
        syn.w = 0.9 * syn.w


class Mixed:
    """A class that is no model, with a lawful method."""

    def halve(self, x):
        """Half."""
        return 0.5 * x


class WithMixin(Mixed, es.Rule):
    """Its method is checked like any other."""

    def on_pre(self, syn, post, msg):
        """Half."""
        syn.w = self.halve(syn.w)


class Psp(es.Rule):
    """Asks for the effect of a spike."""

    def on_pre(self, syn, post, msg):
        """A function of the neuron's model."""
        syn.w = post.psp(0.004) + 1e-3 * post.psp_slope(0.004)


class Late(es.Rule):
    """A declared history."""

    past: es.State = es.history(4)

    def on_pre(self, syn, post, msg):
        """The latest interval but two."""
        self.push_past(syn, msg.time)
        syn.w = syn.past_3 - syn.past_4


class Builtins(es.Rule):
    """Every builtin and some of math."""

    def on_pre(self, syn, post, msg):
        """Numbers to numbers."""
        n = int(10.0 * post.v) % 3 // 2
        syn.w = abs(float(n)) + bool(n) + math.floor(post.v) + math.fabs(-math.pi) / math.e


RULES = [
    Nothing, Constant, Parameter, Gate, Trace, Begins, Loop, Helper, Annotated, WithPart, Inherits, WithMixin, Psp,
    Late, Builtins, es.PairSTDP, es.SpikeTimeGradient,
]  # fmt: skip


def run(rule, guard):
    net = es.Network(seed=5, guard=guard)
    x, y = net.add(es.Poisson(rate=60.0), 3), net.add(es.LIF(), 2)
    xy = net.connect(x, y, rule(), weight=es.uniform(1.0, 3.0), delay=1e-3)
    net.run(0.4)
    assert len(net.spikes(x)) > 10
    return net.synapse_state(xy)


@pytest.mark.parametrize("rule", RULES)
def test_a_lawful_rule_passes_and_runs(rule):
    guarded, plain = run(rule, guard=True), run(rule, guard=False)
    for name in guarded:
        assert np.array_equal(guarded[name], plain[name], equal_nan=True), name
    if rule not in (Nothing, Annotated, es.SpikeTimeGradient):
        assert not 1.0 <= guarded["w"].min() <= guarded["w"].max() <= 3.0 or len(set(guarded["w"])) > 1


def test_there_are_enough():
    assert len(RULES) >= 15


# -- processes that share what cannot change, or nothing --------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What cannot change."""

    gap: float = 0.1
    names: tuple = ("a", "b")


SETTINGS = Settings()


def helper(x):
    return x * math.pi + TABLE[0] + SETTINGS.gap + FROZEN[1]


def shares_what_cannot_change(cell, view=FROZEN[1:], table=TABLE):
    mine, text = [], {"k": 1}
    while len(mine) < 3:
        mine.append(helper(view[0] + table[1]) + np.sqrt(2.0) + np.dot(view, view) + text["k"])
        yield cell.wait(SETTINGS.gap)
    cell.note("sum", sum(mine))


class Remembers(es.Process):
    """Its members share an object that nobody writes while the network runs."""

    names = ("a", "b")

    def __init__(self, gap):
        self.gap, self.codes = gap, (1, 2)

    @functools.cached_property
    def twice(self):
        """A number."""
        return 2 * self.gap

    def run(self, cell):
        """Wait."""
        local = [self.gap]
        yield cell.wait(local[0] + self.codes[0] + len(self.names))


def collects(cell):
    yield cell.wait(0.1)
    RESULTS.append(cell.now)


LOG = logging.getLogger(__name__)


class Kind(enum.Enum):
    """What a message may mean."""

    GO = 1.0


class Message:
    """A process's own object."""


def logs(cell):
    mine = Message()
    mine.value, mine.text = Kind.GO.value, "its own"
    LOG.debug("waits %s %s", mine.value, type(mine).__name__)
    yield cell.wait(mine.value)


def own_generator(cell, seed):
    rng = np.random.default_rng([seed, cell.index])
    yield cell.wait(rng.random())
    cell.note("late", cell.now)


def test_processes_may_share_what_cannot_change():
    net = es.Network()
    for k in range(2):
        net.add(shares_what_cannot_change, 3, name=f"share{k}")
        net.add(own_generator, 2, name=f"own{k}", seed=1)
        net.add(logs, 2, name=f"log{k}")
    net.add(Remembers(0.1), 4)
    net.run(1.0)
    assert net.message_counts() == {}


def test_one_process_may_fill_a_list_that_the_script_reads():
    RESULTS.clear()
    log = []

    def fills(cell, table):
        yield cell.wait(0.2)
        log.append(cell.now)
        table[0] = 1.0

    net, table = es.Network(), np.zeros(2)
    net.add(collects)
    net.add(fills, table=table)
    net.run(1.0)
    assert (RESULTS, log, table[0]) == ([0.1], [0.2], 1.0)


def test_a_payload_is_frozen_when_it_leaves():
    heard = []

    def sends(cell):
        payload = np.array([1.0, 2.0])
        cell.send("value", payload)
        payload[:] = 9.0
        rest = [3.0, 4.0]
        cell.send("value", rest)
        rest[0] = 9.0
        yield cell.wait(1.0)

    class Hears(es.Process):
        """Keeps what it got."""

        def run(self, cell):
            """Two messages."""
            for _ in range(2):
                message = yield cell.receive()
                with pytest.raises(AttributeError):
                    message.value = 0.0
                heard.append(message.value)

    net = es.Network()
    one, two = net.add(sends), net.add(es.Latency(), 2)
    net.connect(one, two, port="value", delay=0.1)
    net.record_messages()
    net.run(1.0)
    assert sorted(net.messages().value) == [1.0, 2.0, 3.0, 4.0]
    net = es.Network()
    one, two = net.add(es.SpikeTrain([0.1, 0.2])), net.add(Hears())
    net.connect(one, two, weight=3.0)
    net.run(1.0)
    assert heard == [0.0, 0.0]


def test_a_derived_number_is_a_plain_number():
    class Sly(float):
        """A float with a life of its own."""

        def __mul__(self, other):
            """Never called."""
            raise AssertionError

    class Rule(es.Rule):
        """Derives it."""

        lr: float = 0.5
        derived = ("rate",)

        def derive(self):
            """A number, it seems."""
            return {"rate": Sly(self.lr)}

    rule = Rule(lr=Sly(0.25))
    assert (type(rule.lr), type(rule.rate), rule.rate) == (float, float, 0.25)
    for wrong in ([1.0], "text", math.exp, types.SimpleNamespace()):
        made = type("Wrong", (Rule,), {"derive": lambda self, wrong=wrong: {"rate": wrong}, "__module__": __name__})
        with pytest.raises(es.NetworkError, match="handlers use numbers only"):
            made()
