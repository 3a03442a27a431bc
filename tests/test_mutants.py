"""Whatever a neuron or a rule does, both engines do it: shipped ones with a number, an operator or a condition changed.

What only one engine asks is left alone: that it says the same once more is up to who writes it (`eventsnn check`).
"""

import ast
import importlib.util
import inspect
import random
import textwrap

import pytest

import eventsnn as es
from eventsnn import check
from eventsnn.linear import BOUNDS

NEURONS = [es.LIF, es.IF, es.TwoCompartment, es.AdaptiveLIF, es.EscapeLIF, es.ErrorNeuron]
RULES = [
    es.PairSTDP, es.TripletSTDP, es.RewardSTDP, es.ERBP, es.SuperSpike, es.EProp, es.AdaptiveEProp, es.LocalError,
    es.ErrorTriggered, es.ETLP, es.SpikeTimeGradient, es.MultiSpikeGradient,
]  # fmt: skip
TARGETS = [es.LIF, es.IF, es.AdaptiveLIF, es.TwoCompartment]
ONCE_MORE = {*BOUNDS, "basis", "level", "decay", "settle", "open_course", "glides"}
IMPORTS = "import math\nfrom typing import Any\nimport eventsnn as es"
LENGTH = 6.0  # of a trial, in the longest time constant of its neurons
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
FACTORS = (0.5, 0.9, 1.1, 1.5)


class Change(ast.NodeTransformer):
    """Changes the place of a given number, and counts the places."""

    def __init__(self, place, rng):
        self.place, self.rng, self.places = place, rng, 0

    def visit(self, node):
        """One place after the other, from the inside out."""
        node = self.generic_visit(node)
        changed = getattr(self, f"change_{type(node).__name__}", lambda n: None)(node)
        if changed is None:
            return node
        self.places += 1
        return changed if self.places - 1 == self.place else node

    def change_Constant(self, node):
        """Another number."""
        if not isinstance(node.value, float):
            return None
        return ast.Constant(self.rng.choice([0.0, 0.5, 1.0, 2.0, -node.value, 1.25 * node.value]))

    def change_BinOp(self, node):
        """Another operator."""
        return ast.BinOp(node.left, self.rng.choice(ARITHMETIC)(), node.right)

    def change_Compare(self, node):
        """Another comparison."""
        return ast.Compare(node.left, [self.rng.choice(COMPARISONS)(), *node.ops[1:]], node.comparators)

    def change_If(self, node):
        """The other way."""
        return ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)

    def change_AugAssign(self, node):
        """More or less of it."""
        return ast.AugAssign(node.target, node.op, ast.BinOp(node.value, ast.Mult(), ast.Constant(self.factor())))

    def change_Assign(self, node):
        """More or less of it, or nothing."""
        if not isinstance(node.targets[0], ast.Attribute):
            return None
        more = ast.BinOp(node.value, ast.Mult(), ast.Constant(self.factor()))
        return self.rng.choice([ast.Pass(), ast.Assign(node.targets, more)])

    def factor(self):
        """By which something is multiplied."""
        return self.rng.choice(FACTORS)


def mutated(kind, name, rng):
    """The text of a method with one change."""
    text = textwrap.dedent(inspect.getsource(inspect.getattr_static(kind, name)))
    count = Change(-1, random.Random(0))
    count.visit(ast.parse(text))
    changed = Change(rng.randrange(max(count.places, 1)), rng).visit(ast.parse(text))
    return ast.unparse(ast.fix_missing_locations(changed))


def mutants(kind, number, folder):
    """Lawful classes made from another one, each with one or two methods changed."""
    rng = random.Random(f"{kind.__name__} {number}")
    names = [name for name in sorted(kind.handlers) if name not in ONCE_MORE and not name.startswith("glide_")]
    for k in range(number):
        texts = [mutated(kind, name, rng) for name in rng.sample(names, min(rng.choice([1, 1, 2]), len(names)))]
        body = "\n\n".join(textwrap.indent(text, "    ") for text in texts)
        path = folder / f"mutant_{k}.py"
        path.write_text(f"{IMPORTS}\n\n\nclass Mutant(es.{kind.__name__}):\n{body}\n")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            made = module.Mutant()
        except es.EventsnnError:  # refused
            continue
        yield made, body, rng.choice(check.SEEDS)


def try_mutants(kind, number, folder):
    """Run each on both engines; one that divides by zero, sends into the past or explodes is no trial."""
    tried = 0
    for made, body, seed in mutants(kind, number, folder):
        rule = made if issubclass(kind, es.Rule) else None
        neuron = made if rule is None else check._target(rule, TARGETS)
        try:
            one = check.run(rule, neuron, seed, "reference", LENGTH)
        except (es.EventsnnError, ArithmeticError, ValueError):
            continue
        two = check.run(rule, neuron, seed, "compiled", LENGTH)
        pairs = zip(check.left_behind(one), check.left_behind(two), strict=True)
        assert all(a.tobytes() == b.tobytes() for a, b in pairs), f"the engines differ on {kind.__name__} with\n{body}"
        tried += 1
    assert tried >= number // 3


@pytest.mark.parametrize("kind", [*NEURONS, *RULES])
def test_both_engines_do_what_a_changed_text_says(kind, tmp_path, plain_python):
    try_mutants(kind, 3, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*NEURONS, *RULES])
def test_both_engines_do_what_many_changed_texts_say(kind, tmp_path, plain_python):
    try_mutants(kind, 60, tmp_path)
