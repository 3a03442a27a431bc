"""What the writers of a path's class share."""

from collections.abc import Iterable

from eventsnn.paths.chain import Circuit, Mode


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
