"""Functions of parameters and one number alone, whose latest values a kernel keeps; see `Model.kept`.

A spike reaches its targets one after another, and most of them were last reached by the same spike before. So what
follows from the length of that step, or from the time of that spike, is the same for them: exponentials, and what is
made of them. A kernel works it out once, for the first of them. It keeps two values of each function, in a row of
`net.kept` for each projection with a rule; threads have rows of their own. A function of the same number gives the same
bits, so nobody can tell.

A method that comes to such a function has a second text, `..._keeping`, which is handed the row.
"""

import ast

from eventsnn.locality.ways import called
from eventsnn.model import Model, Neuron

Place = tuple[int, int]  # where the values of a function begin in a row, and how many there are


def keepers(model: Model, target: Neuron | None = None) -> set[str]:
    """The methods of a model that come to a function whose values are kept, its own or its neuron's, and these."""
    far = keepers(target) if target is not None else set()
    direct = {name for name, handler in model.handlers.items() if _asks(handler.tree, far)} | set(model.kept)
    return {name for name in model.handlers if called(name, model.handlers) & direct}


def _asks(tree: ast.AST, far: set[str]) -> bool:
    """Whether a text calls one of these functions of the neuron."""
    calls = (ast.unparse(node.func).split(".") for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(path[0] == "post" and path[-1] in far for path in calls)


def places(model: Model, target: Neuron | None = None) -> dict[str, Place]:
    """Where each of the functions that a model keeps has its values; those of its neuron come first."""
    found, free = {}, width(target) if target is not None else 0
    for name in model.kept:
        returned = next(n.value for n in ast.walk(model.handlers[name].tree) if isinstance(n, ast.Return))
        words = len(returned.elts) if isinstance(returned, ast.Tuple) else 1
        found[name] = free, words
        free += 2 * (words + 1) + 1
    return found


def width(model: Model, target: Neuron | None = None) -> int:
    """Words of a row."""
    ends = [place + 2 * (words + 1) + 1 for place, words in places(model, target).values()]
    return max(ends, default=width(target) if target is not None else 0)


def known(call: str, arguments: list[str], place: Place) -> str:
    """The text of a kept function: its value for a number, worked out only if that is none of the latest two.

    Args:
        call: the name of the plain function.
        arguments: their names; the last is the number, but for a function of parameters alone.
        place: see `places`.
    """
    first, words = place
    head = f'def {call}_known(kept, {", ".join(arguments)}):\n    """Its value, kept from before or worked out."""\n'
    values = ", ".join(f"kept[at + {k + 1}]" for k in range(words))
    found = f"{values} = {call}({', '.join(arguments)})"
    if (number := arguments[-1]) in ("self", "neuron"):
        return f"""{head}    at = {first}
    if kept[at] != 0.0:
        {found}
        kept[at] = 0.0
    return {values}"""
    second, latest = first + words + 1, first + 2 * (words + 1)
    return f"""{head}    at = {first}
    if kept[{first}] != {number}:
        at = {second}
        if kept[{second}] != {number}:
            at = {first} if kept[{latest}] > 0.0 else {second}  # the place that was not asked for last
            {found}
            kept[at] = {number}
    kept[{latest}] = at - {first}
    return {values}"""
