"""Breaches injected into all that is shipped, neurons, rules and pieces, at random statements: none gets through.

Each mutant is the file of a shipped model with one statement put into one handler. It has to be refused when its class
is made; and once more, with that check switched off, when a network is made of it: the run-time guard stands alone.
"""

import ast
import importlib.util
import inspect
import itertools
import random

import pytest

import eventsnn as es
from eventsnn import locality, model, surrogates
from eventsnn.neurons import (
    adaptive_lif,
    chance,
    error_neuron,
    escape_lif,
    integrate_fire,
    lif,
    readout,
    sources,
    two_compartment,
)
from eventsnn.rules import (
    ask,
    delays,
    erbp,
    etlp,
    mirrors,
    remedies,
    reward_stdp,
    schedules,
    spike_time,
    stdp,
    steps,
    superspike,
    triplet_stdp,
)

MUTANTS = 40  # of each class
FILES = [delays, integrate_fire, lif, mirrors, remedies, schedules, sources, spike_time, stdp, steps]
FILES += [adaptive_lif, error_neuron, readout, two_compartment, surrogates]
FILES += [chance, escape_lif]
FILES += [ask, erbp, etlp, reward_stdp, superspike, triplet_stdp]
SHIPPED = {  # name: (text of its file, name of the class there, class)
    name: (inspect.getsource(module), name, kind)
    for module in FILES
    for name, kind in vars(module).items()
    if isinstance(kind, type)
    and issubclass(kind, model.Model)
    and kind.__module__ == module.__name__
    and set(kind.handlers) & set(vars(kind))
    and name != "_Path"
}
for path in (es.SuperSpike, es.AdaptiveEProp, es.ErrorTriggered):  # what was written for them
    made = path.__bases__[0]
    start = f"default_surrogate, default_step = es.{made.circuit.surrogate!r}, es.{made.circuit.step!r}\n\n\nclass "
    text = made.text.replace("class ", f"import eventsnn as es\n{start}", 1)
    SHIPPED[f"{path.__name__}, as written"] = text, made.__name__, made
NEURONS = [es.LIF, es.AdaptiveLIF, es.TwoCompartment, es.EscapeLIF]

PLACES = {  # which parameter of a rule a piece is for, by its first handler
    "lift": "cost", "divide": "clip", "change": "step", "scaled": "norm", "follow": "mirror", "act": "delays",
    "advance": "schedule", "begin": "mirror",
}  # fmt: skip

REACHES = [  # expressions that leave the scopes; $ is a scope of the handler, or self
    "$.nobody", "$.w.real.real", "$._of", "$._cell", "$.__class__", "$.__dict__", "$.__class__.__mro__", "$.__slots__",
    "self.nobody", "self.handlers", "self.given", "self._given", "self.__class__", "self.__init__", "self.derive()",
    "(0.0).__class__", "().__class__", "math.__dict__", "math.fsum((1.0,))", "math.perm(3)", "math.exp.__self__",
    "NOBODY", "eventsnn", "State", "Part", "__name__", "__builtins__", "TABLE", "TABLE[0]", "np.zeros(3)", "W.mean()",
    "getattr($, 'w')", "vars($)", "globals()", "locals()", "eval('1')", "exec('1')", "open('x')", "print($)", "id($)",
    "type($)", "isinstance($, float)", "__import__('os')", "super()", "input()", "hash($)", "repr($)", "list($)",
    "sum((1.0, 2.0))", "(lambda: 1.0)()", "[x.v for x in TABLE]", "{x for x in TABLE}", "{x: x for x in TABLE}",
    "(x for x in TABLE)", "max(x for x in TABLE)", "(yield)", "(yield 1.0)", "f'{$.__class__}'",
]  # fmt: skip
STATEMENTS = [  # statements that leave the scopes
    "$.nobody = 1.0", "$.nobody += 1.0", "$._of = 1.0", "self.nobody = 1.0", "self.kept = $", "math.pi = 1.0",
    "math.pi += 1.0", "math.exp = $", "math.memory = $", "del math.pi", "for math.pi in (1.0,):\n    pass",
    "global abs\nabs = 1.0", "global NOTE\nNOTE = 1.0", "import os", "from os import path",
    "import math as m\nm.pi = 1.0", "def f():\n    return $", "async def f():\n    await $", "class C:\n    x = 1.0",
    "del $.w", "with TABLE:\n    pass", "with $ as self.nobody:\n    pass", "TABLE.append($)", "TABLE[0] = 1.0",
    "nobody.x = 1.0", "@TABLE\ndef f():\n    pass", "math.pi: float = 1.0", "(self.nobody, y) = (1.0, 2.0)",
    "[*self.nobody] = (1.0,)", "from math import fsum\nfsum((1.0,))", "raise TABLE", "type X = TABLE",
]  # fmt: skip
KEEPS = [
    "kept = $",
    "return $",
    "return ($, 1.0)",
    "x = ($,)",
    "if (kept := $):\n    pass",
    "x = [$]",
    "x = {1: $}",
    "assert $",
]
OPENS = [  # what is refused although nothing is reached by it: compiled text could not hold it
    "x = 2.0 ** 0.5", "x = [1.0]", "x = {}", "x = {1.0}", "x = f'{1.0}'", "x = 'text'", "x = b'text'", "x = 1j",
    "x = ...",
    "try:\n    pass\nexcept Exception:\n    pass", "match 1.0:\n    case 2.0:\n        pass", "assert True",
    "x: float = 1.0", "if (x := 1.0) > 2.0:\n    pass", "f = abs", "f = math.exp", "x = math.pi is None",
    "x = math.pi in (1.0,)", "x = 1 << 3", "x = ~1", "raise ValueError", "x = math.pi[0]", "x = abs(1.0, 2.0)",
    "x = max(*(1.0, 2.0))", "x = abs(x=1.0)",
]  # fmt: skip
AROUND = [  # where an expression may hide
    "x = @", "x = 1.0 + (@)", "if @:\n    pass", "while @:\n    break", "x = abs(@)", "x = 1.0 if @ else 2.0",
    "x = (1.0, @)", "@", "x = -(@)", "x = 0.0 < (@) < 2.0", "x = not (@)", "for k in range(@):\n    pass",
    "x = y = @", "x = math.pi and (@)", "x = min(1.0, max(2.0, @))", "return @",
]  # fmt: skip


def mutate(name, seed, groups):
    """The text of a file in which one handler of one class got one statement more, and that statement."""
    text, own, kind = SHIPPED[name]
    draw = random.Random(f"{name} {seed}")
    tree = ast.parse(text)
    cls = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == own)
    handler = draw.choice([n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name in kind.handlers])
    scopes = [a.arg for a in handler.args.args if a.arg in locality.SCOPES]
    statements = None
    while statements is None:
        group = draw.choice(groups)
        text = draw.choice(group)
        if group is REACHES:
            text = draw.choice(AROUND).replace("@", text)
        text = text.replace("$", draw.choice([*scopes, "self"]))
        statements = parsed(text)
    bodies = [body for node in ast.walk(handler) for body in bodies_of(node)]
    body = draw.choice(bodies)
    ends = [k for k, n in enumerate(body) if isinstance(n, (ast.Return, ast.Break, ast.Continue))]
    at = draw.randint(0, min([*ends, len(body)]))  # behind its end nothing runs, and the compiler drops it
    body[at:at] = statements
    tree.body[1:1] = ast.parse("TABLE = [1.0]").body
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n", f"{name}.{handler.name}: {text}"


def parsed(text):
    """Statements, or None where this Python does not know them."""
    lines = "\n".join(f"    {line}" for line in text.split("\n"))
    try:
        return ast.parse(f"def f():\n{lines}").body[0].body
    except SyntaxError:
        return None


def bodies_of(node):
    """The lists of statements of a node."""
    return [found for name in ("body", "orelse") if isinstance(found := getattr(node, name, None), list) and found]


counter = itertools.count()


def load(tmp_path, text):
    """Import a file with this text, under a name of its own."""
    path = tmp_path / f"mutant_{next(counter)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def network(kind):
    """A small network that uses a class: as its neurons, its rule, or a piece of its rule."""
    neuron, rule = es.LIF(), es.PairSTDP()
    if issubclass(kind, model.Neuron):
        neuron = kind()
    elif issubclass(kind, model.Rule):
        rule = kind()
        published = {one: {*one.state, *one.parameters, *one.handlers} for one in NEURONS}
        neuron = next((one() for one in NEURONS if rule.sees() <= published[one]), neuron)
    elif issubclass(kind, es.Part) and "at" in kind.handlers:
        rule = es.SuperSpike(surrogate=kind())
    else:
        place = PLACES[next(iter(kind.handlers))]
        rule = es.SpikeTimeGradient(**{place: kind()})
    if issubclass(kind, model.Neuron) and ("psp" not in neuron.handlers or "v" not in neuron.state):
        rule = None
    net = es.Network()
    net.connect(net.add(es.Regular(period=0.01), 2), net.add(neuron, 2), rule, weight=0.45, delay=1e-3)
    return net


def survivors(name, tmp_path, groups):
    """The injected statements of those mutants whose network runs, and how many different ones there were."""
    through, tried = [], set()
    for seed in range(MUTANTS):
        text, what = mutate(name, seed, groups)
        tried.add(what)
        try:
            network(getattr(load(tmp_path, text), SHIPPED[name][1])).run(0.05)
        except es.LocalityError:
            continue
        except es.NetworkError as error:
            if "reads post.nobody, which" not in str(error):  # what no neuron publishes is refused by the network
                raise
            continue
        through.append(what)
    return through, len(tried)


@pytest.mark.parametrize("name", SHIPPED)
def test_no_mutant_gets_through(name, tmp_path):
    through, tried = survivors(name, tmp_path, [REACHES, STATEMENTS, KEEPS, OPENS])
    assert not through
    assert tried > MUTANTS // 2


def every_kind(kind):
    """All classes made from a class."""
    return {one for sub in kind.__subclasses__() for one in (sub, *every_kind(sub))}


@pytest.mark.parametrize("name", SHIPPED)
def test_no_mutant_gets_through_the_guard_alone(name, tmp_path, monkeypatch):
    def unchecked(function, declared, name):
        return locality.parse(function, declared.owner, name)

    for kind in every_kind(model.Model):
        assert isinstance(kind.handlers, dict)  # what is not mutated is checked as ever, and keeps what was found
    monkeypatch.setattr(locality.classes, "check", unchecked)
    monkeypatch.setattr(locality.ways, "check", lambda handler, model: None)
    through, tried = survivors(name, tmp_path, [REACHES, REACHES, STATEMENTS])
    assert not through
    assert tried > MUTANTS // 2


@pytest.mark.parametrize("name", SHIPPED)
def test_what_was_not_mutated_passes(name, tmp_path):
    text, own, _ = SHIPPED[name]
    network(getattr(load(tmp_path, text), own)).run(0.05)
