"""What engines do not do equally often, or not to every neuron, must not make a difference to it.

One engine asks a neuron for its next spike after every event, another only when one may be near; one looks at voltages
that another need not know. So questions change nothing, and nothing depends on who looked last.
"""

import ast
from collections.abc import Collection, Mapping
from typing import NoReturn

from eventsnn.errors import LocalityError
from eventsnn.locality import ways
from eventsnn.locality.source import Handler

QUESTIONS = ("next_spike", "crossing", "level", "calm_after", "course", "adaptive_course")
LOOKS = ("observe", "sense")  # of linear neurons, as what follows
MOVES = ("rebase", "settle")
COEFFICIENTS = ("c0", "c1", "hold")


def check(owner: str, handlers: Mapping[str, Handler], entries: Collection[str], linear: bool) -> None:
    """Refuse a neuron to which it would make a difference.

    Args:
        owner: the neuron's class.
        handlers: its methods.
        entries: the names of those that engines call; they also call `on_<port>`.
        linear: whether it is a `LinearNeuron`.

    Raises:
        LocalityError: with the user's file and line.
    """
    for name in QUESTIONS:
        for handler, variable in _writes(name, handlers):
            what = f"engines ask {name}() as often as they like, so it changes nothing"
            _refuse(owner, handler, variable, f"writes cell.{variable}; {what}")
    if not linear:
        return
    for name in MOVES:
        for handler, variable in _writes(name, handlers):
            if variable not in COEFFICIENTS:
                what = f"{name}() moves {', '.join(COEFFICIENTS)} and nothing else, because engines also do without it"
                _refuse(owner, handler, variable, f"writes cell.{variable}; {what}. carry() is for what else moves")
    shown = {variable for name in LOOKS for _, variable in _writes(name, handlers)}
    for name in sorted(handlers):
        if (name in entries or name.startswith("on_")) and name not in (*LOOKS, "begin"):
            for handler, variable in _reads(name, handlers):
                if variable in shown:
                    what = "which is what observe() found when somebody looked last; work out what it is now"
                    _refuse(owner, handler, variable, f"reads cell.{variable}, {what}")


def _writes(name: str, handlers: Mapping[str, Handler]) -> list[tuple[Handler, str]]:
    """The neuron's variables that a method and those it calls write, with the one that does."""
    found = [handlers[called] for called in sorted(ways.called(name, handlers))] if name in handlers else []
    return [(handler, variable) for handler in found for scope, variable in sorted(handler.writes) if scope == "cell"]


def _reads(name: str, handlers: Mapping[str, Handler]) -> list[tuple[Handler, str]]:
    """The same for those that they read."""
    found = [handlers[called] for called in sorted(ways.called(name, handlers))]
    return [(handler, variable) for handler in found for scope, variable in sorted(handler.reads) if scope == "cell"]


def _refuse(owner: str, handler: Handler, variable: str, what: str) -> NoReturn:
    lines = (n.lineno for n in ast.walk(handler.tree) if isinstance(n, ast.Attribute) and n.attr == variable)
    place = f"{handler.file}:{handler.line + min(lines) - 1}"
    raise LocalityError(f"{place}: {owner}.{handler.name} {what}", f"cell.{variable}", owner, "temporal")
