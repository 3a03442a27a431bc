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
COEFFICIENTS = ("c0", "c1", "hold")  # of linear neurons, as what follows
MOVES = ("rebase", "settle")
ASIDE = ("carry", "admit", "sense")
LOOKS = ("observe", "sense")


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
        for handler, variable in _touched(name, handlers, "writes"):
            what = f"engines ask {name}() as often as they like, so it changes nothing"
            _refuse(owner, handler, variable, f"writes cell.{variable}; {what}")
    if linear:
        _check_coefficients(owner, handlers)
        shown = {variable for name in LOOKS for _, variable in _touched(name, handlers, "writes")}
        named = {name for name in handlers if name in entries or name.startswith("on_")} - {*LOOKS, "begin"}
        for name in sorted(named):
            for handler, variable in _touched(name, handlers, "reads"):
                if variable in shown:
                    what = "which is what observe() found when somebody looked last; work out what it is now"
                    _refuse(owner, handler, variable, f"reads cell.{variable}, {what}")


def _check_coefficients(owner: str, handlers: Mapping[str, Handler]) -> None:
    """What moves the coefficients moves nothing else, and what is done aside knows nothing of them."""
    for name in MOVES:
        for handler, variable in _touched(name, handlers, "writes"):
            if variable not in COEFFICIENTS:
                what = f"{name}() moves {', '.join(COEFFICIENTS)} and nothing else, because engines also do without it"
                _refuse(owner, handler, variable, f"writes cell.{variable}; {what}. carry() is for what else moves")
    for name in ASIDE:
        for how in ("reads", "writes"):
            for handler, variable in _touched(name, handlers, how):
                if variable in COEFFICIENTS and (how == "writes" or variable != "hold"):
                    what = f"{how} cell.{variable}, which engines keep elsewhere; {name}() is for the other variables"
                    _refuse(owner, handler, variable, what)


def _touched(name: str, handlers: Mapping[str, Handler], how: str) -> list[tuple[Handler, str]]:
    """The neuron's variables that a method and those it calls read or write, with the one that does."""
    called = sorted(ways.called(name, handlers)) if name in handlers else ()
    touched = ((handlers[one], place) for one in called for place in sorted(getattr(handlers[one], how)))
    return [(handler, variable) for handler, (scope, variable) in touched if scope == "cell"]


def _refuse(owner: str, handler: Handler, variable: str, what: str) -> NoReturn:
    lines = (n.lineno for n in ast.walk(handler.tree) if isinstance(n, ast.Attribute) and n.attr == variable)
    place = f"{handler.file}:{handler.line + min(lines) - 1}"
    raise LocalityError(f"{place}: {owner}.{handler.name} {what}", f"cell.{variable}", owner, "temporal")
