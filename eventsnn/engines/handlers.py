"""Handlers as functions of a module: the same text, with the calls of methods resolved and `self` made an argument.

    def on_error(self, syn, post, msg):           def Gradient__LIF__on_error(self, syn, own, cell, neuron, msg):
        ... self.step.change(syn, g)        ->        ... Adam__LIF__change(self.step, syn, g)
        ... post.psp(u) ... post.error                ... LIF__psp(neuron, u) ... own.error

`post` becomes three arguments: the rule's own variables at the neuron, the neuron's record, and its model.
"""

import ast
import copy
import inspect
import re
from types import ModuleType
from typing import Any

from eventsnn.engines import kept, lanes
from eventsnn.locality.ways import check
from eventsnn.model import COURSES, Model, Neuron, Rule

POST = ("own", "cell", "neuron")


def class_name(model: Model) -> str:
    """A name for a class, with the pieces it was made with, that two different ones of a network never share."""
    kind = type(model)
    own = kind.__qualname__ if kind.__module__.startswith("eventsnn.") else f"{kind.__module__}.{kind.__qualname__}"
    names = [re.sub(r"\W+", "_", own), *(class_name(part) for part in model.parts.values())]
    return "_".join(names)


class _Resolve(ast.NodeTransformer):
    def __init__(
        self, model: Model, prefix: str, target: Neuron | None, own: set[str], kinds: dict[str, str],
        keeping: bool = False,
    ) -> None:  # fmt: skip
        self.model, self.prefix, self.target, self.own, self.kinds = model, prefix, target, own, kinds
        self.keepers = kept.keepers(model, target) if keeping else set()
        self.far = kept.keepers(target) if keeping and target is not None else set()

    def visit_Call(self, node: ast.Call) -> Any:
        function = node.func
        arguments: list[ast.expr] = []
        for a in node.args:
            if isinstance(a, ast.Name) and a.id == "post" and self.target is not None:
                arguments += [ast.Name(name, ast.Load()) for name in POST]
            else:
                arguments.append(self.visit(a))
        if isinstance(function, ast.Name) and function.id in ("min", "max"):
            return extreme(function.id, arguments)
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            owner, name = function.value.id, function.attr
            if owner == "self":
                return self._call(self.model, f"{self.prefix}__{name}", name, [ast.Name("self"), *arguments])
            if owner == "post" and self.target is not None:
                if name in COURSES:  # of the neuron's state; a linear one counts time from its window's start
                    u = ast.BinOp(ast.parse("cell.offset", mode="eval").body, ast.Add(), arguments[0])
                    arguments = [ast.Name("cell", ast.Load()), u if self.target.linear else arguments[0]]
                function_name = f"{class_name(self.target)}__{name}"
                return self._call(self.target, function_name, name, [ast.Name("neuron"), *arguments])
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Attribute):
            part, name = function.value.attr, function.attr
            if name in getattr(self.model.parts[part], "fixed", ()):  # so that what it excludes is never compiled
                return ast.Constant(getattr(self.model.parts[part], name)())
            return ast.Call(ast.Name(f"{self.kinds[part]}__{name}"), [function.value, *arguments], [])
        return ast.Call(self.visit(function), arguments, [])

    def _call(self, owner: Model, function: str, name: str, arguments: list[ast.expr]) -> ast.Call:
        """A call of a method of the model or of its neuron; of its second text, where the row is at hand."""
        if name in (self.keepers if owner is self.model else self.far):
            function, arguments = f"{function}_{_second(owner, name)}", [ast.Name("kept", ast.Load()), *arguments]
        return ast.Call(ast.Name(function), arguments, [])

    def visit_Name(self, node: ast.Name) -> Any:
        return ast.Name(_apart(node.id, self.target), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "post" and self.target is not None:
            assert self.target is not None
            of_neuron = "cell" if node.attr in self.target.state else "neuron"
            owner = "own" if node.attr in self.own else of_neuron
            return ast.Attribute(ast.Name(owner, ast.Load()), node.attr, node.ctx)
        return self.generic_visit(node)


def _second(model: Model, name: str) -> str:
    """How the name of the second text of a method ends; see `kept`."""
    return "known" if name in model.kept else "keeping"


def _apart(name: str, target: Neuron | None) -> str:
    """A user's own name for a number, told apart from what `post` is made of."""
    return f"{name}_" if target is not None and name in POST else name


def extreme(name: str, arguments: list[ast.expr]) -> ast.expr:
    """min and max as CPython computes them, also for zeros of both signs and for NaN."""
    result = arguments[0]
    for other in arguments[1:]:
        result = ast.Call(ast.Name(f"python_{name}"), [result, other], [])
    return result


def text_of(model: Model, target: Neuron | None = None, rule: Rule | None = None) -> str:
    """All handlers of a model as module functions.

    Args:
        model: a neuron, a rule, or a part of a rule.
        target: for rules and parts: the neuron at whose synapses they work.
        rule: for parts: the rule they belong to.
    """
    models = [one for one in (model, target, rule) if one is not None]
    made_of = [kind for one in models for kind in (type(one), *(type(part) for part in one.parts.values()))]
    handlers = [handler for kind in made_of for handler in kind.handlers.values()]
    key = (*map(repr, models), len(models), *made_of, *map(id, handlers))
    if key not in _TEXTS:
        _TEXTS[key] = _write(model, target, rule), handlers
    return _TEXTS[key][0]


_TEXTS: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}  # with the handlers, so that no other gets the id of one


def _write(model: Model, target: Neuron | None, rule: Rule | None) -> str:
    """The text of `text_of`."""
    whole = rule or (model if isinstance(model, Rule) else None)
    own = set(whole.neuron_state) if whole is not None else set()
    prefix = prefix_of(model, target)
    kinds = {name: prefix_of(part, target) for name, part in model.parts.items()}
    functions, places, keepers = [], kept.places(model, target), kept.keepers(model, target)
    for name, handler in model.handlers.items():
        check(handler, model)
        arguments: list[str] = []
        for a in handler.tree.args.args:
            arguments += POST if a.arg == "post" and target is not None else (_apart(a.arg, target),)
        for keeping in (False, True)[: 1 + (name in keepers)]:
            if keeping and name in places:
                functions.append(kept.known(f"{prefix}__{name}", arguments, places[name]))
                continue
            tree = copy.deepcopy(handler.tree)
            tree.name = f"{prefix}__{name}" + "_keeping" * keeping
            tree.args.args = [ast.arg(a) for a in ["kept"] * keeping + arguments]
            tree.returns = None
            tree = _Resolve(model, prefix, target, own, kinds, keeping).visit(tree)
            functions.append(ast.unparse(ast.fix_missing_locations(tree)))
            if keeping and isinstance(model, Rule) and target and name == lanes.glider(model, target):
                functions.append(lanes.glide_text(f"{prefix}__glide_lanes", tree, lanes.places(model, target)))
    return "\n\n".join(functions)


def epochs_text(module: ModuleType, rule: Rule, target: Neuron) -> str:
    """The functions of `epochs` for one rule at the synapses onto one neuron model; see `text_of`."""
    prefix, own = prefix_of(rule, target), {*rule.neuron_state, *module.EPOCHS}
    functions = []
    for tree in ast.parse(inspect.getsource(module)).body:
        if isinstance(tree, ast.FunctionDef):
            tree.name = f"{prefix}__{tree.name}"
            names = [a.arg for a in tree.args.args]
            tree.args.args = [ast.arg(n) for a in names for n in (POST if a == "post" else (a,))]
            tree = _Resolve(rule, prefix, target, own, {}).visit(tree)
            functions.append(ast.unparse(ast.fix_missing_locations(tree)))
    return "\n\n".join(functions)


def prefix_of(model: Model, target: Neuron | None) -> str:
    """What the names of a model's functions begin with."""
    return class_name(model) if target is None else f"{class_name(model)}__{class_name(target)}"


def step_text(module: ModuleType, model: Neuron) -> str:
    """The functions of `step` for one neuron model: `bring` becomes `LIF__bring`, and what it calls is resolved."""
    wanted = ("bring_linear", "look_linear") if model.linear else ("bring", "due")
    functions = []
    for tree in ast.parse(inspect.getsource(module)).body:
        if isinstance(tree, ast.FunctionDef) and tree.name in wanted:
            tree.name = f"{class_name(model)}__{tree.name}"
            functions.append(ast.unparse(ast.fix_missing_locations(_Methods(class_name(model)).visit(tree))))
    return "\n\n".join(functions)


class _Methods(ast.NodeTransformer):
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        function = node.func
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == "neuron"
        ):
            return ast.Call(ast.Name(f"{self.prefix}__{function.attr}"), [function.value, *node.args], [])
        return node
