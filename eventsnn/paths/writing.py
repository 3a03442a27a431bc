"""What the writers of a path's class share."""

import ast
from collections import Counter
from collections.abc import Iterable

from eventsnn.paths.chain import Circuit, Mode

PARAMETERS = ("tau_mem", "tau_syn", "tau_adapt", "beta")  # of the neurons that paths follow


def pairs(n: int) -> list[tuple[int, int]]:
    """The entries of P that are kept: the lower triangle without its last corner, which is 1."""
    return [(i, j) for i in range(n) for j in range(min(i + 1, n - 1))]


def indented(*lines: str, depth: int = 2) -> str:
    """Lines of a method's body."""
    return "\n".join("    " * depth + line if line else "" for line in lines)


def method(head: str, doc: str, *lines: str) -> str:
    """A method with its docstring."""
    return "\n".join([f"    def {head}:", f'        """{doc}"""', indented(*lines)])


def weighted(rows: Iterable[Iterable[float]]) -> list[str]:
    """For each row of weights, the sum of values at the points of a quadrature, `u_0` and so on, as text."""
    return [" + ".join(f"{w} * u_{m}" for m, w in enumerate(row)).replace("+ -", "- ") for row in rows]


def taus(c: Circuit) -> list[str]:
    """The time constants of the decaying modes, as text."""
    return [tau_of(m) for m in c.modes[:-1]]


def tau_of(m: Mode) -> str:
    """The time constant of a decaying mode, as text."""
    assert m.tau is not None
    named = {"tau_membrane": "post.tau_mem", "tau_current": "self.current(post)", "tau_adaptation": "post.tau_adapt"}
    return named.get(m.tau, f"self.{m.tau}")


Writing = tuple[str, str, list[str]]  # a method's head, its docstring, its lines


def in_parts(*methods: Writing) -> str:
    """Methods `name(self, post, h, ...)`, without what follows from parameters and h alone, or from parameters.

    These are methods of their own, `name_of(self, post, h)` and `name_for(self, post)`, which the rule has as `kept`;
    the name is that of the first method, and the others need the same of them.
    """
    name = methods[0][0][: methods[0][0].index("(")]
    fixed: dict[str, ast.stmt] = {}
    of_h: dict[str, ast.stmt] = {}
    rests = []
    for _, _, lines in methods:
        body = ast.parse("\n".join(lines)).body
        stored = Counter(n.id for s in body for n in _names(s) if isinstance(n.ctx, ast.Store))
        rests.append(_left(_left(body, fixed, set(), stored), of_h, {"h", *fixed}, stored))
    constants = _used(fixed, [*of_h.values(), *(s for rest in rests for s in rest)])
    shared = _used([*fixed, *of_h], [s for rest in rests for s in rest])
    ask, get = f"{shared} = self.{name}_of(post, h)", f"{constants} = self.{name}_for(post)" if constants else ""
    texts = [
        _method(f"{name}_for(self, post)", "What follows from parameters alone.", fixed.values(), "", constants),
        _method(f"{name}_of(self, post, h)", "What follows from a step's length alone.", of_h.values(), get, shared),
        *(_method(head, doc, rest, ask, "") for (head, doc, _), rest in zip(methods, rests, strict=True)),
    ]
    return "\n\n".join(texts[not constants :])  # rates may all be numbers that the rule has already


def _left(
    statements: list[ast.stmt], found: dict[str, ast.stmt], known: set[str], stored: Counter[str]
) -> list[ast.stmt]:
    """What does not follow from parameters and `known`; `found` gets what does, by the names of the results."""
    others = []
    for s in statements:
        to = ast.unparse(s.targets[0]) if isinstance(s, ast.Assign) and len(s.targets) == 1 else ""
        if isinstance(s, ast.Assign) and stored[to] == 1 and _follows(s.value, {*known, *found}):
            found[to] = s
            continue
        if isinstance(s, ast.If):
            s.body = _left(s.body, found, known, stored) or [ast.Pass()]
        others.append(s)
    return others


def _used(names: Iterable[str], statements: Iterable[ast.stmt]) -> str:
    """Those of the names that statements use."""
    there = {n.id for s in statements for n in _names(s)}
    return ", ".join(to for to in names if to in there)


def _method(head: str, doc: str, body: Iterable[ast.stmt], begin: str, returned: str) -> str:
    """A method of statements."""
    texts = [begin, *map(ast.unparse, body), f"return {returned}" if returned else ""]
    return method(head, doc, *(line for text in texts for line in text.split("\n") if line))


def _names(node: ast.AST) -> list[ast.Name]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Name)]


def _follows(value: ast.expr, known: set[str]) -> bool:
    """Whether an expression follows from parameters and names that do."""
    own = [n.attr for n in ast.walk(value) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "post"]
    return {n.id for n in _names(value)} <= {"self", "post", "math", "abs"} | known and set(own) <= set(PARAMETERS)
