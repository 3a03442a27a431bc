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


def in_two(head: str, doc: str, lines: list[str]) -> str:
    """A method `name(self, post, h, ...)`, without what follows from parameters and h alone.

    That is a method of its own, `name_of(self, post, h)`, which the rule declares as `kept`.
    """
    name = head[: head.index("(")]
    body = ast.parse("\n".join(lines)).body
    stored = Counter(n.id for s in body for n in _names(s) if isinstance(n.ctx, ast.Store))
    found: dict[str, ast.stmt] = {}  # what follows from parameters and h, by the name that it gives

    def left(statements: list[ast.stmt]) -> list[ast.stmt]:
        """What does not."""
        others = []
        for s in statements:
            to = ast.unparse(s.targets[0]) if isinstance(s, ast.Assign) and len(s.targets) == 1 else ""
            if isinstance(s, ast.Assign) and stored[to] == 1 and _follows(s.value, {"h", *found}):
                found[to] = s
                continue
            if isinstance(s, ast.If):
                s.body = left(s.body) or [ast.Pass()]
            others.append(s)
        return others

    rest = left(body)
    used = {n.id for s in rest for n in _names(s)}
    names = ", ".join(to for to in found if to in used)
    of = [*map(ast.unparse, found.values()), f"return {names}"]
    after = "\n".join([f"{names} = self.{name}_of(post, h)", *map(ast.unparse, rest)]).split("\n")
    what = "What follows from the length of the step alone; see `kept`."
    return method(f"{name}_of(self, post, h)", what, *of) + "\n\n" + method(head, doc, *after)


def _names(node: ast.AST) -> list[ast.Name]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Name)]


def _follows(value: ast.expr, known: set[str]) -> bool:
    """Whether an expression follows from parameters and names that do."""
    own = [n.attr for n in ast.walk(value) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "post"]
    return {n.id for n in _names(value)} <= {"self", "post", "math", "abs"} | known and set(own) <= set(PARAMETERS)
