"""What a handler may touch: every breach is refused when the class is made, with its line and the lawful way."""

import importlib.util
import math
import textwrap

import pytest

import eventsnn as es
from eventsnn.events import Message

HEAD = """\
import math
import functools
import numpy as np
from math import exp
import eventsnn as es

TABLE = [1.0, 2.0]
RATE = 0.5


def decorate(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner


def outside(x):
    return x


class Breach(es.Rule):
    lr: float = 0.1
    step: es.Part = es.Sgd()

    trace: es.State = 0.0
    mean: es.PostState = 0.0

"""


def make(tmp_path, body, head=HEAD, name="breach"):
    """Import a file that declares a rule with this body; give the class and the number of its first line."""
    path = tmp_path / f"{name}.py"
    path.write_text(head + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Breach


def on_error(*lines):
    return "def on_error(self, syn, post, msg):\n" + "\n".join(f"    {line}" for line in lines)


BREACHES = {  # name: (body, line within the body, words)
    "a global number": (on_error("syn.w += RATE"), 2, ["reads the global 'RATE'", "numbers and math"]),
    "a global list": (on_error("x = 1.0", "syn.w += TABLE[0]"), 3, ["indexes into something", "declare a State"]),
    "a global function": (on_error("return outside(syn.w)"), 2, ["calls outside()"]),
    "a function from math by name": (on_error("return exp(syn.w)"), 2, ["calls exp()"]),
    "numpy": (on_error("return np.exp(syn.w)"), 2, ["calls np.exp()"]),
    "an impure function of math": (on_error("return math.fsum(syn.w)"), 2, ["math.fsum", "among"]),
    "another attribute of the synapse": (
        on_error("return syn.other"),
        2, ["reads syn.other", "nobody declared", "trace, w"],
    ),
    "a neighbour of the synapse": (on_error("return syn.neighbour.w"), 2, ["reads syn.neighbour.w"]),
    "a private field": (on_error("return post._cell"), 2, ["reads post._cell", "declared"]),
    "the neuron behind its view": (on_error("return post._cell.v"), 2, ["post._cell.v"]),
    "an undeclared field of the message": (on_error("return msg.sender"), 2, ["reads msg.sender", "time, value"]),
    "writing the message": (on_error("msg.value = 0.0"), 2, ["writes msg.value", "nothing of msg"]),
    "writing the neuron": (on_error("post.v = 0.0"), 2, ["writes post.v", "it may write only post.mean"]),
    "adding to the neuron": (on_error("post.v += 1.0"), 2, ["writes post.v"]),
    "writing two at once": (on_error("syn.w, post.v = 1.0, 2.0"), 2, ["writes post.v"]),
    "writing an undeclared state": (on_error("syn.extra = 1.0"), 2, ["writes syn.extra", "syn.trace, syn.w"]),
    "writing a parameter": (on_error("self.lr = 0.5"), 2, ["writes self.lr", "declare a State"]),
    "an unknown parameter": (on_error("return self.rate"), 2, ["reads self.rate", "lr, step"]),
    "the dictionary of self": (on_error("return self.__dict__"), 2, ["self.__dict__"]),
    "the inside of a part": (on_error("return self.step.lr"), 2, ["reads self.step.lr"]),
    "a special method of a part": (on_error("return self.step.__init__()"), 2, ["calls self.step.__init__()"]),
    "a framework method of a part": (on_error("return self.step.derive()"), 2, ["calls self.step.derive()"]),
    "keeping a scope": (on_error("kept = syn", "return 0.0"), 2, ["passes syn on as an object"]),
    "returning a scope": (on_error("return post"), 2, ["passes post on as an object"]),
    "replacing a scope": (on_error("syn = 1.0"), 2, ["assigns to syn"]),
    "replacing self": (on_error("self = 1.0"), 2, ["assigns to self"]),
    "a scope under another name": (
        on_error("self.helper(post)") + "\ndef helper(self, syn):\n    syn.w = 0.0",
        2, ["passes post on as something else"],
    ),
    "a scope under no name": (
        on_error("self.helper(syn)") + "\ndef helper(self, x):\n    return 0.0", 2, ["passes syn on as something else"],
    ),
    "a breach in a helper": (
        on_error("return self.helper()") + "\ndef helper(self):\n    return RATE", 4, ["Breach.helper", "'RATE'"],
    ),
    "a neuron's scope in a rule": (on_error("return cell.v"), 2, ["uses cell.v"]),
    "a power": (on_error("return syn.w ** 2"), 2, ["**", "rounds differently"]),
    "a list": (on_error("x = [1.0, 2.0]"), 2, ["makes a list"]),
    "a dictionary": (on_error("x = {1: 2.0}"), 2, ["makes a dictionary"]),
    "a set": (on_error("x = {1.0}"), 2, ["makes a set"]),
    "a comprehension": (on_error("return sum(x for x in range(3))"), 2, ["calls sum()"]),
    "a generator expression": (on_error("return max(x for x in range(3))"), 2, ["loops over a collection"]),
    "a loop over something": (on_error("for x in post:", "    syn.w += 1.0"), 2, ["loops over a collection"]),
    "a function in a function": (on_error("def f():", "    return 1.0", "return 0.0"), 2, ["makes a function"]),
    "an async function": (on_error("async def f():", "    return 1.0", "return 0.0"), 2, ["makes a function"]),
    "a lambda inside": (on_error("f = lambda: 1.0"), 2, ["makes a function"]),
    "a class inside": (on_error("class Memory:", "    x = 1.0", "return 0.0"), 2, ["makes a class"]),
    "an import": (on_error("import os"), 2, ["imports a module", "top of the file"]),
    "an import from": (on_error("from os import path"), 2, ["imports a module"]),
    "a global statement": (on_error("global COUNT", "COUNT = 1.0"), 2, ["reaches a global"]),
    "catching": (on_error("try:", "    return syn.w", "except ValueError:", "    return 0.0"), 2, ["catches"]),
    "raising": (on_error("raise ValueError"), 2, ["raises"]),
    "asserting": (on_error("assert syn.w > 0.0"), 2, ["raises"]),
    "a context": (on_error("with open(syn.w):", "    return 0.0"), 2, ["opens a context"]),
    "a match": (on_error("match syn.w:", "    case 0.0:", "        return 1.0"), 2, ["matches a pattern"]),
    "deleting": (on_error("del syn.w"), 2, ["deletes"]),
    "yielding": (on_error("yield 1.0"), 2, ["yields", "net.add(function)"]),
    "unpacking": (on_error("return max(*syn.w)"), 2, ["unpacks"]),
    "a walrus": (on_error("if (x := syn.w) > 0.0:", "    return x"), 2, [":="]),
    "text": (on_error("return getattr(syn, 'w')"), 2, ["calls getattr()"]),
    "a string": (on_error("x = 'w'", "return 0.0"), 2, ["uses 'w'"]),
    "a formatted string": (on_error("x = f'{syn.w}'"), 2, ["makes a string"]),
    "a complex number": (on_error("return syn.w * 1j"), 2, ["1j", "numbers"]),
    "keyword arguments": (on_error("return self.step.change(syn, g=1.0)"), 2, ["keyword"]),
    "a computed callee": (on_error("return (math.exp)(1.0)(2.0)"), 2, ["calls a computed value"]),
    "an attribute of a number": (on_error("return (syn.w + 1.0).real"), 2, ["attribute of a computed value"]),
    "print": (on_error("print(syn.w)"), 2, ["calls print()"]),
    "open": (on_error("open(1)"), 2, ["calls open()"]),
    "globals": (on_error("globals()"), 2, ["calls globals()"]),
    "eval": (on_error("eval(1.0)"), 2, ["calls eval()"]),
    "a decorator": ("@decorate\n" + on_error("return 0.0"), 1, ["has a decorator"]),
    "a default argument": ("def helper(self, x=[]):\n    return x", 1, ["default or variable arguments"]),
    "variable arguments": ("def helper(self, *x):\n    return 0.0", 1, ["default or variable arguments"]),
    "keyword-only arguments": ("def helper(self, *, x):\n    return x", 1, ["default or variable arguments"]),
    "a lambda as handler": ("on_error = lambda self, syn, post, msg: TABLE", 1, ["not a plain method"]),
    "a partial as handler": ("on_error = functools.partial(outside, 1.0)", None, ["not a plain method", "def"]),
    "a class method": ("@classmethod\ndef on_pre(cls, syn, post, msg):\n    TABLE.append(syn.w)", 1, ["on_pre"]),
    "a static method": ("@staticmethod\ndef on_pre(self, syn, post, msg):\n    return 0.0", 2, ["has a decorator"]),
    "a property": ("@property\ndef on_pre(self):\n    return outside", None, ["on_pre", "not a plain method"]),
    "a captured variable": (
        "def make():\n    memory = 1.0\n    def on_error(self, syn, post, msg):\n        return memory\n"
        "    return on_error\n"
        "on_error = make()\ndel make", 3, ["captures 'memory'", "parameter"],
    ),
    "too many arguments": (
        "def on_error(self, syn, post, msg, net):\n    return 0.0", 1, ["must be on_error(self, syn, post, msg)"],
    ),
    "the wrong arguments": (
        "def on_error(self, post, syn, msg):\n    return 0.0", 1, ["must be on_error(self, syn, post, msg)"],
    ),
    "a synapse where there is none": (
        "def at_error(self, syn, msg):\n    return 0.0", 1, ["must be at_error(self, post, msg)"],
    ),
    "reading a synapse once per neuron": ("def at_error(self, post, msg):\n    return syn.w", 2, ["uses syn.w"]),
    "no self": ("def helper():\n    return 0.0", 1, ["must take self"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BREACHES)
def test_a_breach_is_refused(case, tmp_path):
    body, line, words = BREACHES[case]
    with pytest.raises(es.LocalityError) as caught:
        make(tmp_path, body)
    text = str(caught.value)
    for word in words:
        assert word in text, text
    if line is not None:
        assert text.startswith(f"{tmp_path / 'breach.py'}:{HEAD.count(chr(10)) + line}: Breach."), text


def test_there_are_many_breaches():
    assert len(BREACHES) >= 25


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("import math\n", "RATE"),
        ("import numpy as math\n", "a `math` that is not Python's"),
        ("import math\ndef abs(x):\n    return x\n", "abs"),
    ],
)
def test_names_that_are_not_what_they_seem(what, words, tmp_path):
    head = what + "import eventsnn as es\nRATE = 1.0\nclass Breach(es.Rule):\n"
    body = on_error("return math.exp(abs(syn.w)) + RATE")
    with pytest.raises(es.LocalityError, match=words):
        make(tmp_path, body, head)


def test_parameters_and_states_are_numbers(tmp_path):
    for body in ("table: object = np.zeros(3)", "trace: es.State = []", "names: tuple = ('a',)", "m: es.State = None"):
        with pytest.raises(es.NetworkError, match="starts from a number"):
            make(tmp_path, body)


def test_a_state_needs_a_start(tmp_path):
    with pytest.raises(es.NetworkError, match=r"Breach\.x has no default"):
        make(tmp_path, "x: es.State")


LAWFUL = """\
bound: float = 2.0
far: es.State = -math.inf

def begin(self, syn, post):
    '''Scopes, locals, branches, loops over numbers, helpers, parts.'''
    post.mean += syn.w

def on_pre(self, syn, post, msg):
    # a comment
    if syn.far == -math.inf or not msg.time > syn.far:
        syn.far = msg.time

def at_error(self, post, msg):
    post.mean = 0.5 * post.mean + 0.5 * msg.value
    return msg.value if abs(msg.value) < self.bound else math.copysign(self.bound, msg.value)

def on_error(self, syn, post, msg):
    a, b = msg.value, post.psp(0.1) if post.slope > 0.0 else 0.0
    total = 0.0
    for k in range(3):
        total += a * float(k) / (1.0 + b)
    while total > self.bound:
        total *= 0.5
    self.apply(syn, post, min(max(total, -1.0), 1.0))
    return int(total) % 2 + post.v

def apply(self, syn, post, g):
    dw = self.step.change(syn, g)
    syn.w += dw
    syn.trace, post.mean = math.exp(-syn.trace), post.mean + dw
"""


def test_a_lawful_rule_passes_and_says_what_it_touches(tmp_path):
    rule = make(tmp_path, LAWFUL)
    assert set(rule.handlers) == {"begin", "on_pre", "at_error", "on_error", "apply"}
    assert rule.handlers["on_error"].reads == {
        ("msg", "value"), ("post", "psp"), ("post", "slope"), ("post", "v"),
    }  # fmt: skip
    assert rule.handlers["apply"].writes == {("syn", "w"), ("syn", "trace"), ("post", "mean")}
    assert rule().sees() == {"psp", "slope", "v"}
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0, 1.0])), net.add(es.IF())
    xy = net.connect(x, y, rule(), weight=2.0)
    teacher = net.teach(y, es.TargetTimes([[0.1]]))

    def label(cell):
        cell.send("label", 0.0)
        yield cell.receive()

    net.connect(net.add(label), teacher, port="label")
    net.run(5.0)
    assert net.weights(xy)[0] != 2.0
    assert net.synapse_state(xy)["syn.far"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def advance(self, cell, dt):\n    cell.u = 1.0", ["writes cell.u", "cell.v"]),
        ("def advance(self, cell, dt):\n    cell.v = syn.w", ["uses syn.w"]),
        ("def advance(self, cell):\n    return 0.0", ["must be advance(self, cell, dt)"]),
        ("def on_label(self, cell):\n    return 0.0", ["must be on_label(self, cell, value)"]),
        ("def receive(self, cell, w):\n    cell.v += w * RATE", ["'RATE'"]),
    ],
)
def test_neurons_are_checked_too(body, words, tmp_path):
    head = "import math\nimport eventsnn as es\nRATE = 1.0\nclass Breach(es.Neuron):\n    v: es.State = 0.0\n"
    with pytest.raises(es.LocalityError) as caught:
        make(tmp_path, body, head)
    assert str(caught.value).startswith(f"{tmp_path / 'breach.py'}:")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def change(self, syn, g):\n    syn.w += g", ["writes syn.w", "syn.memory"]),
        ("def change(self, syn, g):\n    syn.trace = g", ["writes syn.trace"]),
        ("def change(self, syn, g):\n    return syn.trace", ["reads syn.trace", "memory, w"]),
    ],
)
def test_parts_own_only_their_own_state(body, words, tmp_path):
    head = "import eventsnn as es\nclass Breach(es.Part):\n    memory: es.State = 0.0\n"
    with pytest.raises(es.LocalityError) as caught:
        make(tmp_path, body, head)
    for word in words:
        assert word in str(caught.value)


def test_two_pieces_cannot_share_a_variable():
    class Other(es.Part):
        gradient: es.State = 0.0

        def change(self, syn, g):
            """Nothing."""
            return 0.0

    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0])), net.add(es.IF())
    net.connect(x, y, es.SpikeTimeGradient(step=Other()))
    with pytest.raises(es.NetworkError, match=r"step \(Other\) declares 'gradient' again"):
        net.run(1.0)


class Curious(es.Rule):
    trace: es.State = 0.0

    def on_pre(self, syn, post, msg):
        """Read what only some neurons publish."""
        syn.trace = post.calcium


def test_a_rule_needs_what_its_neurons_publish():
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0])), net.add(es.LIF())
    net.connect(x, y, Curious(), name="xy")
    with pytest.raises(es.NetworkError, match=r"xy: Curious reads post\.calcium, which LIF does not publish; it has"):
        net.run(1.0)


# -- at run time: what the reference engine hands to a handler is guarded ---------------------------------------------


@pytest.fixture
def scopes():
    """The scopes of one synapse, as the reference engine hands them out."""
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0])), net.add(es.LIF())
    net.connect(x, y, es.SpikeTimeGradient())
    learning = net.engine.nodes[1].learning[0]
    return learning.synapses.records[0], learning.post


def test_a_message_cannot_be_written():
    message = Message(1.0, 2.0)
    for name in ("time", "value", "extra"):
        with pytest.raises(AttributeError):
            setattr(message, name, 0.0)
    assert message == (1.0, 2.0)


def test_the_neurons_variables_can_be_read_and_not_written(scopes):
    _, post = scopes
    for name in ("v", "i", "slope", "c0"):
        assert isinstance(getattr(post, name), float)
        with pytest.raises(es.LocalityError, match=rf"SpikeTimeGradient\.post: post\.{name} belongs to the neuron"):
            setattr(post, name, 1.0)
    with pytest.raises(es.LocalityError, match=r"post\.psp belongs"):
        post.psp = math.exp
    post.t_reset = 3.0  # its own
    assert post.t_reset == 3.0


def test_what_nobody_declared_cannot_be_read_or_made(scopes):
    for scope in scopes:
        with pytest.raises(es.LocalityError, match="has no variable 'neighbour'; it has"):
            _ = scope.neighbour
        with pytest.raises(AttributeError):
            scope.neighbour = 1.0
