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
        rests.append(_rest(body, fixed, of_h, Counter(_stored(body))))
    by_rest = _names(s for rest in rests for s in rest)
    by_any = by_rest | _names(of_h.values())
    constants = ", ".join(to for to in fixed if to in by_any)
    shared = ", ".join(to for to in [*fixed, *of_h] if to in by_rest)
    ask, get = f"{shared} = self.{name}_of(post, h)", f"{constants} = self.{name}_for(post)" if constants else ""
    texts = [
        _method(f"{name}_for(self, post)", "What follows from parameters alone.", fixed.values(), "", constants),
        _method(f"{name}_of(self, post, h)", "What follows from a step's length alone.", of_h.values(), get, shared),
        *(_method(head, doc, rest, ask, "") for (head, doc, _), rest in zip(methods, rests, strict=True)),
    ]
    return "\n\n".join(texts[not constants :])  # rates may all be numbers that the rule has already


def _rest(
    statements: list[ast.stmt], fixed: dict[str, ast.stmt], of_h: dict[str, ast.stmt], stored: Counter[str]
) -> list[ast.stmt]:
    """What follows neither from parameters nor from them and h; `fixed` and `of_h` get what does, by its name."""
    others = []
    for s in statements:
        to = ast.unparse(s.targets[0]) if isinstance(s, ast.Assign) and len(s.targets) == 1 else ""
        if isinstance(s, ast.Assign) and stored[to] == 1:
            needed = _needed(s.value)
            if needed <= fixed.keys():
                fixed[to] = s
                continue
            if needed <= {"h", *fixed, *of_h}:
                of_h[to] = s
                continue
        if isinstance(s, ast.If):
            s.body = _rest(s.body, fixed, of_h, stored) or [ast.Pass()]
        others.append(s)
    return others


def _needed(value: ast.expr) -> set[str]:
    """What an expression follows from, but for parameters: variables, and states of the neuron."""
    needed = _names([value]) - {"self", "post", "math", "abs"}
    for n in ast.walk(value):
        if isinstance(n, ast.Attribute) and n.attr not in PARAMETERS and ast.unparse(n.value) == "post":
            needed.add(f"post.{n.attr}")
    return needed


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    """The variables that are named."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _stored(nodes: Iterable[ast.AST]) -> list[str]:
    """The variables that are stored to, as often as they are."""
    named = (n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name))
    return [n.id for n in named if isinstance(n.ctx, ast.Store)]


def _method(head: str, doc: str, body: Iterable[ast.stmt], begin: str, returned: str) -> str:
    """A method of statements."""
    texts = [begin, *map(ast.unparse, body), f"return {returned}" if returned else ""]
    return method(head, doc, *(line for text in texts for line in text.split("\n") if line))
