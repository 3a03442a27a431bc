"""Responders: the same handlers on every engine, told apart from processes that wait; and what is refused."""

import importlib
import math
import re
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest
from networks import moving

import eventsnn as es

ENGINES = ["reference", "compiled"]


class Counter(es.Responder):
    """Uses all that a responder has: numbers, its own and of each sender, answers, notes, alarms of every kind."""

    state = {"heard": 0.0, "rung": 0.0}  # noqa: RUF012, nobody writes to it
    line_state = {"count": 0.0, "latest": -math.inf}  # noqa: RUF012

    def on_spike(self, cell, line, msg):
        cell.heard += 1.0
        line.count += 1.0
        line.latest = msg.time
        cell.note("heard", cell.heard)
        if cell.heard % 5.0 == 0.0:
            cell.wake(msg.time)  # at once
        elif cell.heard % 7.0 == 0.0:
            cell.wake(math.inf)  # not at all
        else:
            cell.wake(msg.time + 0.3)  # instead of the one before

    def on_alarm(self, cell):
        cell.rung += 1.0
        most, latest = 0, -math.inf
        for line in cell.lines:
            if line.latest > latest:
                most, latest = min(line.index, 3), line.latest
        cell.note("latest", most)
        self.tell(cell, most)
        if cell.rung % 3.0 == 0.0:
            cell.wake(latest + 0.05 * cell.rung)  # again, perhaps in the past

    def tell(self, cell, most):
        """To one, and to all."""
        cell.send("error", 0.1 * cell.rung, to=most)
        cell.send("told", min(cell.rung, 3.0))

    def on_error(self, cell, line, msg):
        cell.note("back", msg.value)


class Listens(es.IF):
    def on_told(self, cell, s, value):
        cell.c0 += 0.05 * value


def network(engine, members=2, **more):
    net = es.Network(3, engine, **more)
    x = net.add(es.Poisson(rate=2.0), 6, name="x")
    y = net.add(Listens(), 4, name="y")
    counter = net.add(Counter(), members, name="counter", record=())
    net.connect(x, y, weight=es.uniform(0.2, 0.8), delay=0.02)
    net.connect(x, counter, weight=es.uniform(0.5, 1.0), pattern=es.fixed_indegree(4))
    net.connect(y, counter, delay=es.uniform(0.0, 0.2))
    net.connect(counter, y, port="error", weight=es.uniform(0.5, 1.0), delay=0.1)
    net.connect(counter, y, port="told", delay=es.uniform(0.05, 0.1), pattern=es.fixed_indegree(1))
    return net


def outcome(net):
    counter = net.population("counter")
    spikes = net.spikes(net.population("y"))
    notes = [column for name in ("heard", "latest", "back") for column in net.notes(counter, name)[:2]]
    return [spikes.t, spikes.i, *notes, list(net.message_counts().values())]


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("grid", [None, 0.07])
def test_every_engine_does_the_same(grid):
    time = {} if grid is None else {"time": es.grid(grid)}
    runs = [network(engine, **time).run(30.0) for engine in ENGINES]
    found = [outcome(net) for net in runs]
    assert equal(*found)
    assert len(found[0][2]) > 200  # heard
    assert len(found[0][4]) > 50  # rung
    assert moving(runs[0]) == moving(runs[1])


def test_split_runs_give_the_same():
    whole, parts = network("compiled").run(20.0), network("compiled")
    for t in (0.5, 0.51, 3.0, 11.0, 20.0):
        parts.run(until=t)
    assert equal(outcome(whole), outcome(parts))


@pytest.mark.parametrize("before", ENGINES)
@pytest.mark.parametrize("after", ENGINES)
def test_a_saved_network_goes_on(before, after, tmp_path):
    whole, first = network(before).run(20.0), network(before).run(9.3)
    assert np.isfinite([guest["state"]["alarm"] for guest in first.engine.take()["guests"]]).any()  # one is set
    first.save(tmp_path / "net")
    assert equal(outcome(whole), outcome(es.Network.load(tmp_path / "net", engine=after).run(until=20.0)))


def test_messages_to_it_are_recorded():
    nets = [network(engine) for engine in ENGINES]
    found = []
    for net in nets:
        net.record_messages()
        found.append(net.run(10.0).messages())
    for name in ("t", "projection", "sender", "target", "value", "port", "synapse"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name)), name


def test_the_kernel_does_not_stop_for_it():
    net = network("compiled").run(1.0)
    calls, engine = [], net.engine
    call = engine.calls.__class__.__call__
    engine.calls.__class__.__call__ = lambda *given: calls.append(given[1]) or call(*given)
    try:
        net.run(20.0)
    finally:
        engine.calls.__class__.__call__ = call
    assert calls.count("run") <= 2


class Otherwise(Counter):
    """One with a life of its own is a process like any other."""

    def run(self, cell):
        while True:
            message = yield cell.receive()
            cell.note("heard", -message.time)


def test_one_that_runs_otherwise_is_a_guest():
    found = []
    for engine in ENGINES:
        net = es.Network(1, engine)
        other = net.add(Otherwise(), name="other")
        net.connect(net.add(es.Poisson(rate=5.0), 3), other)
        found.append(net.run(3.0).notes(other, "heard")[1])
    assert np.array_equal(*found)
    assert (found[0] < 0).all()
    assert len(found[0]) > 5


# -- what goes wrong --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong(es.Responder):
    what: int

    def on_spike(self, cell, line, msg):
        if self.what == 0:
            raise es.EngineError(f"{msg.source} should not speak at {msg.time} s")
        if self.what == 1:
            cell.send("error", math.inf - math.inf, to=0)
        if self.what == 2:
            cell.send("error", 1.0, to=7)
        if self.what == 3:
            cell.send("error", 1.0)
        if self.what == 4:
            cell.send("nowhere", 1.0)
        if self.what == 5:
            cell.wake(math.inf - math.inf)
        if self.what == 6:
            cell.wake(msg.time)

    def on_alarm(self, cell):
        raise es.EngineError("nobody came")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        (0, es.EngineError, ["x should not speak at 0.5 s"]),
        (1, es.EngineError, ["wrong[0]", "'error'", "nan"]),
        (2, es.EngineError, ["wrong[0]", "to 7", "[0, 1]"]),
        (3, es.LocalityError, ["wrong[0]", "one error to all 2 neurons of y", "global_error"]),
        (4, es.EngineError, ["wrong[0]", "'nowhere'", "it has error"]),
        (5, es.EngineError, ["cell.wake(nan)", "math.inf for never"]),
        (6, es.EngineError, ["nobody came"]),
    ],
)
def test_what_it_cannot_do(engine, what, kind, words):
    net = es.Network(1, engine)
    x, y = net.add(es.SpikeTrain([[0.5]]), name="x"), net.add(es.IF(), 2, name="y")
    wrong = net.add(Wrong(what), name="wrong")
    net.connect(x, y, es.SpikeTimeGradient(), weight=0.1)
    net.connect(x, wrong)
    net.connect(wrong, y, port="error")
    with pytest.raises(kind) as raised:
        net.run(1.0)
    for word in words:
        assert word in str(raised.value)
    assert raised.value.__notes__ == ["in process wrong[0], at 0.5 s"]
    assert net.now == 0.5


FILE = """
import math
import eventsnn as es
TABLE = [1.0]


class Bad(es.Responder):
    table = ((1.0, 2.0), (3.0, 4.0))
    state = {"heard": 0.0}
    line_state = {"latest": 0.0}

    def on_spike(self, cell, line, msg):
        u = self.table[0][line.index] + msg.time
        STATEMENT

    def help(self, cell, x):
        return x * cell.heard

    @property
    def secret(self):
        return TABLE[0]
"""


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("times = [u]", "makes a list"),
        ("with open('x'): pass", "opens a context"),
        ("cell.send('spike', 0.0)", "what spikes is a neuron"),
        ("cell.send(u, 0.0)", 'cell.send("port", value)'),
        ("cell.note(u)", 'cell.note("name", value)'),
        ("cell.fire()", "cell.wake(time)"),
        ("cell.memory = u", 'state = {"memory": 0.0}'),
        ("line.memory = u", 'line_state = {"memory": 0.0}'),
        ("for other in cell.lines: u += other.memory", 'line_state = {"memory": 0.0}'),
        ("self.table = u", "writes to the class"),
        ("self.table[0][0] = u", "changes a parameter"),
        ("u = TABLE[0]", "only a parameter may be a table"),
        ("u = TABLE", "reaches a global"),
        ("u = msg.source", "it has time and value"),
        ("u = u ** 2", "rounds differently"),
        ("u = math.gamma(u)", "both engines compute alike"),
        ("u = sum((u, u))", "calls something"),
        ("u = self.nothing(cell)", "no method of the class"),
        ("u = self.help(cell)", "takes cell, x"),
        ("u = self.help(u, cell)", "keeps that name"),
        ("u = self.help(cell, msg)", "keeps that name"),
        ("u = self.help(cell, TABLE)", "reaches a global"),
        ("u = self.help", "is no parameter"),
        ("u = self.state", "is no parameter"),
        ("u = self.__class__", "is no parameter"),
        ("u = self.secret", "is no parameter"),
        ("other = cell", "takes `cell` for a number"),
        ("for other in cell.lines: u = other", "takes `other` for a number"),
        ("u = cell.lines", "is for loops"),
        ("for cell in cell.lines: pass", "gives something else that name"),
        ("u = math", "takes `math` for a number"),
        ("u.real = 1.0", "looks into something"),
        ("u = self.help(cell, x=u)", "by their places"),
        ("u = cell.__class__", "is not declared"),
        ("u = msg.__class__.__mro__", "looks into something"),
        ("def inner(): pass", "makes a function"),
        ("import os", "only math"),
        ("yield u", "yields"),
        ("global TABLE", "global"),
    ],
)
def test_what_a_handler_may_not_say(statement, words, tmp_path, monkeypatch):
    (tmp_path / "bad.py").write_text(FILE.replace("STATEMENT", statement))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bad", raising=False)
    with pytest.raises(es.LocalityError) as raised:
        importlib.import_module("bad")
    for word in (f"{tmp_path / 'bad.py'}:14: Bad.on_spike", words, "process with run()"):
        assert word in str(raised.value)


def test_what_a_handler_may_say(tmp_path, monkeypatch):
    (tmp_path / "good.py").write_text(FILE.replace("STATEMENT", "cell.note('u', self.help(cell, u) + abs(u))"))
    monkeypatch.syspath_prepend(tmp_path)
    kind = importlib.import_module("good").Bad
    found = []
    for engine in ENGINES:
        net = es.Network(1, engine)
        good = net.add(kind(), 2, name="good")  # two of one object, which holds what never changes
        net.connect(net.add(es.SpikeTrain([[0.5], [0.7]])), good)
        found.append(net.run(1.0).notes(good, "u")[1])
    assert found[0].tolist() == found[1].tolist() == [1.5, 1.5, 2.7, 2.7]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [("self, cell, message", "(self, cell, line, msg)"), ("self, cell, line, msg=[]", "without defaults")],
)
def test_the_arguments_of_a_handler(arguments, words, tmp_path, monkeypatch):
    text = FILE.replace("self, cell, line, msg", arguments).replace("STATEMENT", "pass")
    (tmp_path / "odd.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(es.LocalityError, match=re.escape(words)):
        importlib.import_module("odd")


class Replaced(es.Responder):
    def on_spike(self, cell, line, msg):
        cell.note("time", msg.time)


def cheat(self, cell, line, msg):
    SEEN.append(msg.time)


SEEN = []


class Intercepts(Replaced):
    def __getattribute__(self, name):
        SEEN.append(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_handler_that_is_replaced_later(engine, monkeypatch):
    def run(kind):
        net = es.Network(1, engine)
        net.connect(net.add(es.SpikeTrain([[0.5]])), net.add(kind, name="r"))
        with pytest.raises(es.LocalityError) as raised:
            net.run(1.0)
        return str(raised.value)

    assert "Intercepts has __getattribute__" in run(Intercepts())
    one = Replaced()
    one.on_spike = cheat.__get__(one)
    assert "Replaced.on_spike was replaced" in run(one)
    net = es.Network(1, engine)
    net.connect(net.add(es.SpikeTrain([[0.5]])), net.add(Replaced(), name="r"))
    net.run(0.1)
    monkeypatch.setattr(Replaced, "on_error", cheat, raising=False)
    with pytest.raises(es.LocalityError, match=r"Replaced\.on_error was added"):
        net.run(0.1)
    monkeypatch.delattr(Replaced, "on_error")
    monkeypatch.setattr(Replaced, "on_spike", cheat)
    with pytest.raises(es.LocalityError, match=r"Replaced\.on_spike was replaced"):
        net.run(0.1)
    assert "Replaced.on_spike was replaced" in run(Replaced())


@dataclass
class Louder(es.Responder):
    factor: float = 2.0
    table: np.ndarray = field(default_factory=lambda: np.array([1.0, 3.0]))

    def on_spike(self, cell, line, msg):
        cell.note("heard", self.factor * self.table[int(line.index)])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["factor", "table"])
def test_a_parameter_that_changes_between_runs(name, engine, plain_python):
    one = Louder()
    net = es.Network(1, engine)
    net.connect(net.add(es.SpikeTrain([[0.5], [0.6]])), net.add(one, name="r"))
    net.run(0.1)
    net.run(0.1)
    if name == "factor":
        one.factor = 3.0
    else:
        one.table[1] = 4.0
    with pytest.raises(es.LocalityError, match=rf"Louder\.{name} was .* and is now .* use a new network"):
        net.run(1.0)


def handlers(**made):
    return type("Made", (es.Responder,), made)


@pytest.mark.parametrize("name", ["send", "alarm", "_own", "two words"])
def test_names_that_are_taken(name):
    with pytest.raises(es.NetworkError, match=name):
        handlers(state={name: 0.0})
    with pytest.raises(es.NetworkError, match="starts from a number"):
        handlers(line_state={"fine": "text"})
