"""Additions, multiplications, comparisons, reads and writes of a handler, counted from its text.

An operation is counted where it is written: `a + b` is an addition, `max(a, b)` a comparison, `x += y` an addition, a
read and a write. Constants alone cost nothing, and neither do `and`, `or`, `not` and reading a parameter. What an
expression does only under a condition (`b` in `a and b`, either side of `x if c else y`, `b < c` in `a < b < c`) is
kept apart, so that it can be counted when it happens.
"""

import ast
import math
from collections import Counter
from collections.abc import Iterable

from eventsnn.locality import ENTRIES
from eventsnn.model import Model, Rule

Cost = Counter[str]

OPERATIONS = ("additions", "multiplications", "divisions", "comparisons", "signs", "functions")
ACCESSES = (
    "weight reads", "weight writes", "synapse reads", "synapse writes", "neuron reads", "neuron writes", "epoch reads",
    "epoch writes",
)  # fmt: skip

_BINARY: dict[type, str] = {
    ast.Add: "additions",
    ast.Sub: "additions",
    ast.Mult: "multiplications",
    ast.Div: "divisions",
    ast.FloorDiv: "divisions",
    ast.Mod: "divisions",
}
_SIGNS = frozenset({"abs", "fabs", "copysign"})
_TESTS = frozenset({"isinf", "isnan"})
_FREE = frozenset({"float", "int", "bool", "range"})


def simple(node: ast.expr) -> bool:
    """Whether an expression can stand twice without being computed twice."""
    return isinstance(node, (ast.Name, ast.Constant)) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )


def direct(node: ast.AST | None) -> tuple[Cost, list[ast.expr]]:
    """What an expression or simple statement does in any case, and those parts of it that it does only at times."""
    cost: Cost = Counter()
    parts: list[ast.expr] = []
    for n in [] if node is None else [node]:
        _add(n, cost, parts)
    return cost, parts


def _add(node: ast.AST, cost: Cost, parts: list[ast.expr]) -> None:
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.BoolOp):
        inner = node.values[:1]
        parts += node.values[1:]
    elif isinstance(node, ast.IfExp):
        inner = [node.test]
        parts += [node.body, node.orelse]
    elif isinstance(node, ast.Compare):
        chain = split(node)
        if len(chain) > 1:
            inner = chain[:1]
            parts += chain[1:]
        else:
            cost["comparisons"] += len(node.ops)
    elif isinstance(node, (ast.BinOp, ast.UnaryOp)):
        if not any(isinstance(n, ast.Call) or (isinstance(n, ast.Name) and n.id != "math") for n in ast.walk(node)):
            return  # a constant
        if isinstance(node, ast.BinOp):
            cost[_BINARY.get(type(node.op), "functions")] += 1
        elif isinstance(node.op, ast.USub):
            cost["signs"] += 1
    elif isinstance(node, ast.AugAssign):
        cost[_BINARY.get(type(node.op), "functions")] += 1
        if isinstance(node.target, ast.Attribute):
            _access(node.target, "reads", cost)
    elif isinstance(node, ast.Attribute):
        _access(node, "writes" if isinstance(node.ctx, ast.Store) else "reads", cost)
    elif isinstance(node, ast.Call):
        _call(node, cost)
        inner = node.args
    for n in inner:
        _add(n, cost, parts)


def split(node: ast.Compare) -> list[ast.expr]:
    """a < b < c as [a < b, b < c], of which the second is computed only if the first holds."""
    middle = node.comparators[:-1]
    if not all(simple(m) for m in middle):
        return [node]
    lefts = [node.left, *middle]
    pairs = zip(lefts, node.ops, node.comparators, strict=True)
    return [ast.copy_location(ast.Compare(a, [op], [b]), node) for a, op, b in pairs]


def _access(node: ast.Attribute, how: str, cost: Cost) -> None:
    if isinstance(node.value, ast.Name):
        if node.value.id == "syn":
            cost[f"weight {how}" if node.attr == "w" else f"synapse {how}"] += 1
        elif node.value.id in ("post", "epoch"):
            cost[f"{'neuron' if node.value.id == 'post' else 'epoch'} {how}"] += 1
        if node.value.id in ("syn", "post", "epoch"):
            cost[f"{how} {node.value.id}.{node.attr}"] += 1


def _call(node: ast.Call, cost: Cost) -> None:
    path = ast.unparse(node.func)
    name = path.rpartition(".")[2]
    if path.startswith("self."):
        cost[f"calls {path[5:]}"] += 1
    elif path in ("min", "max"):
        cost["comparisons"] += len(node.args) - 1
    elif name in _SIGNS:
        cost["signs"] += 1
    elif name in _TESTS:
        cost["comparisons"] += 1
    elif name not in _FREE:
        cost["functions"] += 1
        cost[f"function {name}"] += 1


# -- the fewest and the most that one visit can do --------------------------------------------------------------------

Bounds = tuple[dict[str, float], dict[str, float]]


def bounds(model: Model, name: str) -> Bounds:
    """The fewest and the most of everything that a handler can do in one run, with the methods that it calls."""
    return _Bounds().method(model, name)


class _Bounds:
    """Follows all ways through a handler; each kind of operation is bounded by itself."""

    def __init__(self) -> None:
        self.within: list[tuple[int, str]] = []

    def method(self, model: Model, name: str) -> Bounds:
        """Of one method."""
        key = (id(model), name)
        if key in self.within:  # it calls itself
            return {}, dict.fromkeys((*OPERATIONS, *ACCESSES), math.inf)
        self.within.append(key)
        through, left = self.body(model, model.handlers[name].tree.body)
        self.within.pop()
        return _either(*(way for way in (through, left) if way is not None))

    def body(self, model: Model, body: list[ast.stmt]) -> tuple[Bounds | None, Bounds | None]:
        """Of statements: of the ways to their end, and of those that leave before. None: there is no such way."""
        through: Bounds = ({}, {})
        left: Bounds | None = None
        for statement in body:
            more, gone = self.statement(model, statement)
            if gone is not None:
                gone = _then(through, gone)
                left = gone if left is None else _either(left, gone)
            if more is None:
                return None, left
            through = _then(through, more)
        return through, left

    def statement(self, model: Model, node: ast.stmt) -> tuple[Bounds | None, Bounds | None]:
        """Of one statement, in the same way."""
        if isinstance(node, ast.If):
            test = self.expression(model, node.test)
            ways = [self.body(model, node.body), self.body(model, node.orelse)]
            through = [_then(test, way) for way, _ in ways if way is not None]
            left = [_then(test, way) for _, way in ways if way is not None]
            return (_either(*through) if through else None), (_either(*left) if left else None)
        if isinstance(node, (ast.For, ast.While)):
            return self.loop(model, node)
        done = self.expression(model, node)
        return (None, done) if isinstance(node, (ast.Return, ast.Break, ast.Continue)) else (done, None)

    def loop(self, model: Model, node: ast.For | ast.While) -> tuple[Bounds | None, Bounds | None]:
        """Of a loop: how often it turns is known only if it says so, and it may be left in any turn."""
        head = self.expression(model, node.iter if isinstance(node, ast.For) else node.test)
        through, left = self.body(model, node.body)
        turn = _either(*(way for way in (through, left) if way is not None))
        turns = _turns(node)
        most = {kind: turns * n for kind, n in turn[1].items() if n} if turns else {}
        if isinstance(node, ast.While):
            most = _then(({}, most), ({}, {kind: math.inf for kind, n in head[1].items() if n}))[1]
        always = turns < math.inf and left is None
        fewest = {kind: turns * n for kind, n in turn[0].items() if n} if always else {}
        whole = _then(head, (fewest, most))
        leaves = any(isinstance(n, ast.Return) for n in ast.walk(node))
        return whole, (whole if leaves else None)

    def expression(self, model: Model, node: ast.AST) -> Bounds:
        """Of an expression or simple statement."""
        cost, parts = direct(node)
        found: Bounds = ({}, {})
        for kind, n in cost.items():
            if kind.startswith("calls "):
                owner, method = _callee(model, kind[6:])
                inner = self.method(owner, method)
                for _ in range(n):
                    found = _then(found, inner)
            else:
                found = _then(found, ({kind: n}, {kind: n}))
        for part in parts:
            found = _then(found, ({}, self.expression(model, part)[1]))
        return found


def _turns(node: ast.For | ast.While) -> float:
    """How often a loop over constants turns."""
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Call):
        try:
            return len(range(*(ast.literal_eval(a) for a in node.iter.args)))
        except (ValueError, TypeError):
            pass
    return math.inf


def _callee(model: Model, path: str) -> tuple[Model, str]:
    part, _, name = path.rpartition(".")
    return (model.parts[part] if part else model), name


def _then(a: Bounds, b: Bounds) -> Bounds:
    fewest, most = dict(a[0]), dict(a[1])
    for total, more in ((fewest, b[0]), (most, b[1])):
        for kind, n in more.items():
            total[kind] = total.get(kind, 0) + n
    return fewest, most


def _either(*ways: Bounds) -> Bounds:
    kinds = {kind for way in ways for kind in way[1]}
    fewest = {kind: min(way[0].get(kind, 0) for way in ways) for kind in kinds}
    return fewest, {kind: max(way[1].get(kind, 0) for way in ways) for kind in kinds}


def entries(rule: Rule) -> list[str]:
    """The handlers of a rule that run while a network runs, in the order of their names."""
    return [name for name in sorted(rule.handlers) if is_entry(name) and name != "begin"]


def is_entry(name: str) -> bool:
    """Whether engines call a rule's handler of that name, so that it is no mere method of others."""
    return name[:3] in ("on_", "at_") or name in ENTRIES
