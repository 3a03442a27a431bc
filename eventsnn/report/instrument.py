"""The same rules with counters: every stretch of a handler that runs as a whole counts how often it ran.

    def on_pre(self, syn, post, msg):           def on_pre(self, syn, post, msg):
        if post.v > self.low:                       post.times_run_0 += 1.0
            syn.w -= post.e              ->         if post.v > self.low:
                                                        post.times_run_1 += 1.0
                                                        syn.w -= post.e

The counters are variables of the rule at the neuron, so they are numbers like any other: every engine runs the same
text and counts the same, and nothing else changes by a bit. `follow` does not see the neuron, so its counters are
variables of the synapse. What an expression does under a condition is counted by a
method that returns its argument. A method or part that several handlers call is copied for each of them, so that what
it does is told apart.
"""

import ast
import copy
import functools
import hashlib
import math
import types
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from eventsnn.errors import NetworkError
from eventsnn.graph import Description
from eventsnn.locality import Handler
from eventsnn.model import Model, Part, Rule
from eventsnn.report.operations import Cost, direct, is_entry, split

PREFIX = "times_run_"  # of the counters' names

Node = TypeVar("Node", bound=ast.AST)
Path = tuple[str, ...]  # from the rule to one of its parts, or to a part of a part


@dataclass
class Stretch:
    """What runs as a whole: on behalf of which handler, under which counter, and what it does each time."""

    root: str
    counter: str
    cost: Cost
    holder: str = "post"  # where the counter is
    first: bool = False  # whether it is the beginning of the handler itself


@dataclass
class Measured:
    """What was made of a rule's class with given parts."""

    kind: type[Rule]
    parts: dict[Path, type[Part]]
    stretches: list[Stretch] = field(default_factory=list)


def measured(description: Description) -> Description:
    """The same network with counting rules, and every change of weight recorded; the given one stays as it is."""
    projections = [
        p if p.rule is None else replace(p, rule=counting(p.rule), record=("weights",)) for p in description.projections
    ]
    return replace(description, projections=projections)


def counting(rule: Rule) -> Rule:
    """The same rule with counters."""
    found = stretches_of(rule)
    twin = _twin(rule, found, ())
    assert isinstance(twin, Rule)
    return twin


def stretches_of(rule: Rule) -> Measured:
    """What counts in a rule, or in its counting twin."""
    original = getattr(type(rule), "counts_for", None)
    return original if original is not None else _measure(type(rule), _part_kinds(rule, ()))  # type: ignore[arg-type]


def _part_kinds(model: Model, path: Path) -> tuple[tuple[Path, type], ...]:
    found: list[tuple[Path, type]] = []
    for name, part in model.parts.items():
        found.append(((*path, name), type(part)))
        found += _part_kinds(part, (*path, name))
    return tuple(found)


def _twin(model: Model, found: Measured, path: Path) -> Model:
    twin = copy.copy(model)
    twin.__class__ = found.parts[path] if path else found.kind
    twin._given = dict(model._given)
    for name, part in model.parts.items():
        twin._given[name] = _twin(part, found, (*path, name))
        setattr(twin, name, twin._given[name])
    return twin


@functools.cache
def _measure(kind: type[Rule], parts: tuple[tuple[Path, type[Part]], ...]) -> Measured:
    writer = _Writer({(): kind, **dict(parts)})
    for name in sorted(kind.handlers):
        if is_entry(name):
            writer.write((), name, name)
    counters: dict[str, dict[str, float]] = {"post": {}, "syn": {}}
    for stretch in writer.stretches:
        counters[stretch.holder][stretch.counter] = 0.0
    if taken := [name for name in (*kind.post_state, *kind.state) if name.startswith(PREFIX)]:
        raise NetworkError(f"{kind.__name__}.{taken[0]}: measuring needs names that begin so; call it something else")
    made: dict[Path, type[Any]] = {}
    pieces = repr([(path, part.__module__, part.__qualname__) for path, part in parts])
    mark = f"{kind.__name__}_{hashlib.sha256(pieces.encode()).hexdigest()[:8]}"  # one text for each set of parts
    for path, original in {(): kind, **dict(parts)}.items():
        made[path] = _make(original, writer.methods.get(path, {}), "_".join(("counting", mark, *path)))
    made[()].post_state = {**kind.post_state, **counters["post"]}
    made[()].state = {**kind.state, **counters["syn"]}
    found = Measured(made.pop(()), made, writer.stretches)
    found.kind.counts_for = found  # type: ignore[attr-defined]
    return found


def _make(original: type[Any], methods: dict[str, Handler], mark: str) -> type[Any]:
    """A subclass with these methods in place of its own; they were checked before they were copied."""
    body: dict[str, Any] = {"__module__": original.__module__, "__doc__": original.__doc__}
    body["kept"] = ()  # what counts depends on more than its arguments
    for name, handler in methods.items():
        tree = copy.deepcopy(handler.tree)
        ast.increment_lineno(tree, handler.line - 1)  # a traceback shows the user's own line
        space: dict[str, Any] = {"math": math}
        exec(compile(ast.Module([tree], []), handler.file, "exec"), space)
        body[name] = space[name]
        handler.code, handler.owner = space[name].__code__, original.__name__
    made: type[Any] = types.new_class(original.__name__, (original,), {"abstract": True}, lambda s: s.update(body))
    made.__qualname__ = f"{original.__qualname__}_{mark}"
    made.handlers = methods
    return made


class _Writer:
    """Copies methods with counters, from the handlers to everything that they call."""

    def __init__(self, kinds: dict[Path, type[Model]]) -> None:
        self.kinds = kinds
        self.methods: dict[Path, dict[str, Handler]] = {}
        self.stretches: list[Stretch] = []

    def write(self, path: Path, name: str, root: str) -> str:
        """Copy a method of the rule or of a part for one handler; give the copy's name."""
        here = self.methods.setdefault(path, {})
        copied = name if (path, name) == ((), root) and name not in here else f"{name}_in_{root}"
        if copied in here:
            return copied
        original = self.kinds[path].handlers[name]
        holder = holder_of(root)
        arguments = original.arguments if holder in original.arguments else [*original.arguments, holder]
        tree = copy.deepcopy(original.tree)
        here[copied] = Handler(copied, arguments, tree, original.file, original.line)
        here[copied].reads, here[copied].writes = set(original.reads), set(original.writes)
        tree.name, tree.returns = copied, None
        tree.args.args = [ast.arg(a, lineno=tree.lineno, col_offset=0) for a in arguments]
        begun = len(self.stretches)
        tree.body = self.body(tree.body, path, root, copied == root)
        if name.removeprefix("push_") in getattr(self.kinds[path], "histories", ()):
            for stretch in self.stretches[begun:]:  # moving a history on is no use of it
                stretch.cost = Counter({k: n for k, n in stretch.cost.items() if not k.startswith("reads ")})
        ast.fix_missing_locations(tree)
        return copied

    def stretch(self, root: str, first: bool = False) -> Stretch:
        """A new counter."""
        found = Stretch(root, f"{PREFIX}{len(self.stretches)}", Counter(), holder_of(root), first)
        self.stretches.append(found)
        return found

    def body(self, body: list[ast.stmt], path: Path, root: str, first: bool = False) -> list[ast.stmt]:
        """Statements with a counter before them, and another after each place from which they may leave."""
        here = self.stretch(root, first)
        written: list[ast.stmt] = [placed(ast.parse(f"{here.holder}.{here.counter} += 1.0").body[0], body[0])]
        for k, statement in enumerate(body):
            written.append(self.statement(statement, here, path, root))
            if k + 1 < len(body) and _may_leave(statement):
                return written + self.body(body[k + 1 :], path, root)
        return written

    def statement(self, node: ast.stmt, here: Stretch, path: Path, root: str) -> ast.stmt:
        """One statement, what it does in any case added to the counter before it."""
        if isinstance(node, ast.If):
            node.test = self.expression(node.test, here, path, root)
            node.body = self.body(node.body, path, root)
            node.orelse = self.body(node.orelse, path, root) if node.orelse else []
        elif isinstance(node, ast.While):
            turn = self.stretch(root)  # the test is made once more than the body
            node.test = self.counted(node.test, turn, path, root)
            node.body = self.body(node.body, path, root)
        elif isinstance(node, ast.For):
            node.iter = self.expression(node.iter, here, path, root)
            node.body = self.body(node.body, path, root)
        else:
            here.cost.update(direct(node)[0])
            _Conditions(self, path, root).visit(node)
        return node

    def expression(self, node: ast.expr, here: Stretch, path: Path, root: str) -> ast.expr:
        """An expression, what it does in any case added to a counter, and the rest counted when it is done."""
        here.cost.update(direct(node)[0])
        written: ast.expr = _Conditions(self, path, root).visit(node)
        return written

    def counted(self, node: ast.expr, turn: Stretch, path: Path, root: str) -> ast.expr:
        """An expression that counts how often it was computed."""
        inner = self.expression(node, turn, path, root)
        name = self.tick(path, turn)
        call = ast.Call(
            ast.Attribute(ast.Name("self", ast.Load()), name, ast.Load()),
            [inner, ast.Name(turn.holder, ast.Load())],
            [],
        )
        return placed(call, node)

    def tick(self, path: Path, turn: Stretch) -> str:
        """A method that counts and returns its argument."""
        name = f"count_{turn.counter}"
        holder = turn.holder
        text = f"def {name}(self, value, {holder}):\n    {holder}.{turn.counter} += 1.0\n    return value"
        tree = ast.parse(text).body[0]
        assert isinstance(tree, ast.FunctionDef)
        self.methods[path][name] = Handler(name, ["self", "value", holder], tree, "<counters>", 1)
        return name


class _Conditions(ast.NodeTransformer):
    """Counts what an expression does under a condition, and leads calls to the copies."""

    def __init__(self, writer: _Writer, path: Path, root: str) -> None:
        self.writer, self.path, self.root = writer, path, root

    def at_times(self, node: ast.expr) -> ast.expr:
        """What is computed only at times."""
        return self.writer.counted(node, self.writer.stretch(self.root), self.path, self.root)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        node.values = [self.visit(node.values[0]), *(self.at_times(v) for v in node.values[1:])]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        node.test, node.body, node.orelse = self.visit(node.test), self.at_times(node.body), self.at_times(node.orelse)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        chain = split(node)
        if len(chain) == 1:
            self.generic_visit(node)
            return node
        return placed(ast.BoolOp(ast.And(), [self.visit(chain[0]), *(self.at_times(c) for c in chain[1:])]), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(a) for a in node.args]
        path = ast.unparse(node.func).split(".")
        if path[0] != "self":
            return node
        owner = (*self.path, *path[1:-1])
        handler = self.writer.kinds[owner].handlers[path[-1]]
        name = self.writer.write(owner, path[-1], self.root)
        assert isinstance(node.func, ast.Attribute)
        node.func.attr = name
        holder = holder_of(self.root)
        if holder not in handler.arguments:
            node.args.append(placed(ast.Name(holder, ast.Load()), node))
        return node


def without_counters(arrays: dict[str, Any]) -> dict[str, Any]:
    """What a projection holds, as it is without counting."""
    mine = (f"post.{PREFIX}", f"syn.{PREFIX}")
    return {name: values for name, values in arrays.items() if not name.startswith(mine)}


def holder_of(root: str) -> str:
    """Whose variables the counters of a handler are: those of the one scope that is always there."""
    return "syn" if root == "follow" else "post"


def _may_leave(node: ast.stmt) -> bool:
    kinds = (ast.Return, ast.Break, ast.Continue)
    return isinstance(node, (ast.If, ast.For, ast.While)) and any(isinstance(n, kinds) for n in ast.walk(node))


def placed(new: Node, old: ast.AST) -> Node:
    """A new node with all of its parts, at the line of an old one."""
    for n in ast.walk(new):
        ast.copy_location(n, old)
    return new
