"""Every number is there when it is used, on all ways through a handler; checked on its text.

Python finds out when it comes to such a place, and a compiler would read whatever lies in memory.
"""

import ast
from collections.abc import Collection, Mapping
from typing import Protocol

from eventsnn.errors import LocalityError
from eventsnn.locality.source import Handler

EPOCH_HANDLERS = ("stale", "fold", "renew", "follow")
ASKED = {"stale": "whether a new epoch is due", "fold": "whether the epoch still needs it"}


class Checked(Protocol):
    """A model or its class: handlers, and pieces with handlers of their own."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Its handlers by name."""

    @property
    def parts(self) -> Mapping[str, "Checked"]:
        """Its pieces by name."""


def check(handler: Handler, model: Checked) -> None:
    """Refuse a handler whose numbers are not always there.

    Raises:
        LocalityError: with the user's file and line.
    """
    owner = handler.owner
    _check_returns(handler, owner)
    _check_calls(handler, model.handlers, model.parts, owner)
    stored = {n.id for n in ast.walk(handler.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    _Ways(handler, owner, stored - set(handler.arguments)).follow(handler.tree.body, set())


def check_epochs(owner: str, handlers: Mapping[str, Handler], state: Mapping[str, float]) -> None:
    """Refuse a rule that has some of what epochs need, but not all; see `Rule`.

    Raises:
        LocalityError: with what is missing, or the place of what is too much.
    """
    missing = [name for name in EPOCH_HANDLERS if name not in handlers]
    if len(missing) == len(EPOCH_HANDLERS) and not state:
        return
    if missing or not state:
        what = f"lacks {missing[0]}()" if missing else "has epochs, but declares nothing to keep of one"
        why = f"epochs need an EpochState and the handlers {', '.join(EPOCH_HANDLERS)}"
        raise LocalityError(f"{owner} {what}; {why}", missing[0] if missing else "EpochState", owner)
    for name in ("stale", "fold"):
        if not returns_value(handlers[name]):
            what = f"returns nothing; it says 1.0 or 0.0, {ASKED[name]}"
            _refuse(handlers[name], owner, handlers[name].tree.args, what)
    for name in called("follow", handlers):
        if ("syn", "w") in handlers[name].writes:
            what = "writes syn.w on the way to another epoch, where no message is; let on_pre do that"
            _refuse(handlers[name], owner, ast.parse("syn.w", mode="eval").body, what)


def check_marks(owner: str, handlers: Mapping[str, Handler]) -> None:
    """Refuse a rule that asks for marks but never sets or never takes them away; see `Rule`.

    Raises:
        LocalityError: with what is missing.
    """
    needed = ("only_marked", "unmark", "on_pre")
    if not {"only_marked", "unmark"} & set(handlers):
        return
    for name in needed:
        if name not in handlers or not returns_value(handlers[name]):
            what = f"{'has no' if name not in handlers else 'returns nothing from'} {name}()"
            raise LocalityError(f"{owner} {what}; marks need {', '.join(needed)}, each with a number", name, owner)


def check_kept(owner: str, handlers: Mapping[str, Handler], names: tuple[str, ...], state: Collection[str]) -> None:
    """Refuse a method whose values an engine may keep, but which depends on more than parameters and its number.

    Args:
        owner: the class.
        handlers: its methods.
        names: those that it declares as `kept`.
        state: names of variables, which none of them may read; nor may any be written.

    Raises:
        LocalityError: with the place.
    """
    for name in names:
        if name not in handlers or not returns_value(handlers[name]):
            what = f"{owner}.kept names {name}; name methods that return numbers"
            raise LocalityError(what, name, owner)
        for handler in (handlers[one] for one in sorted(called(name, handlers))):
            moving = {
                f"{scope}.{variable}" for scope, variable in handler.reads if scope != "post" or variable in state
            }
            for variable in sorted(moving | {f"{scope}.{variable}" for scope, variable in handler.writes}):
                what = f"depends on {variable}; what is kept follows from parameters and one number alone"
                _refuse(handler, owner, ast.parse(variable, mode="eval").body, what)


def called(name: str, handlers: Mapping[str, Handler]) -> set[str]:
    """A method, and all methods of its own class that it may come to."""
    found, open_ = {name}, [name]
    while open_:
        for node in ast.walk(handlers[open_.pop()].tree):
            path = ast.unparse(node.func).split(".") if isinstance(node, ast.Call) else []
            if path[:1] == ["self"] and len(path) == 2 and path[1] in set(handlers) - found:
                found.add(path[1])
                open_.append(path[1])
    return found


def returns_value(handler: Handler) -> bool:
    """Whether a handler returns a number."""
    return any(isinstance(n, ast.Return) and not _nothing(n.value) for n in ast.walk(handler.tree))


def _nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _check_returns(handler: Handler, owner: str) -> None:
    """A number on all ways, or on none."""
    early = [n for n in ast.walk(handler.tree) if isinstance(n, ast.Return) and _nothing(n.value)]
    if returns_value(handler) and (early or not _always_returns(handler.tree.body)):
        raise LocalityError(
            f"{handler.file}:{handler.line}: {owner}.{handler.name} returns a number on some of its ways only; "
            "end it with `return 0.0`",
            "what it returns",
            owner,
        )


def _always_returns(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Return):
        return not _nothing(last.value)
    return (
        isinstance(last, ast.If) and bool(last.orelse) and _always_returns(last.body) and _always_returns(last.orelse)
    )


def _refuse(handler: Handler, owner: str, node: ast.AST, what: str) -> None:
    line = handler.line + getattr(node, "lineno", 1) - 1
    variable = ast.unparse(node)
    raise LocalityError(f"{handler.file}:{line}: {owner}.{handler.name} {what}", variable, owner, "temporal")


def _check_calls(handler: Handler, handlers: Mapping[str, Handler], parts: Mapping[str, Checked], owner: str) -> None:
    """No value is taken from a method that returns none."""
    alone = {id(n.value) for n in ast.walk(handler.tree) if isinstance(n, ast.Expr)}
    for call in ast.walk(handler.tree):
        if not isinstance(call, ast.Call) or id(call) in alone or not isinstance(call.func, ast.Attribute):
            continue
        name, place = call.func.attr, call.func.value
        called = None
        if isinstance(place, ast.Name) and place.id == "self":
            called = handlers.get(name)
        elif isinstance(place, ast.Attribute) and place.attr in parts:
            called = parts[place.attr].handlers.get(name)
        if called is not None and not returns_value(called):
            _refuse(handler, owner, call, f"uses the value of {ast.unparse(call.func)}(), which returns none")


class _Ways:
    """Follows all ways through a handler, and the names that have a value on every one of them."""

    def __init__(self, handler: Handler, owner: str, names: set[str]) -> None:
        self.handler, self.owner, self.names = handler, owner, names

    def follow(self, body: list[ast.stmt], known: set[str]) -> set[str] | None:
        """Names that have a value after these statements; None if they are never left at their end."""
        for statement in body:
            after = self.step(statement, known)
            if after is None:
                return None
            known = after
        return known

    def step(self, statement: ast.stmt, known: set[str]) -> set[str] | None:
        """The same for one statement."""
        if isinstance(statement, ast.If):
            known = self.use(statement.test, known)
            one, other = self.follow(statement.body, known), self.follow(statement.orelse, known)
            if one is None or other is None:
                return other if one is None else one
            return one & other
        if isinstance(statement, (ast.For, ast.While)):  # it may end before its first turn
            known = self.use(statement.iter if isinstance(statement, ast.For) else statement.test, known)
            inside = known | _stored(statement.target) if isinstance(statement, ast.For) else known
            self.follow(statement.body, inside)
            return self.follow(statement.orelse, known)
        if isinstance(statement, (ast.Break, ast.Continue)):
            return None
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            self.use(ast.copy_location(ast.Name(statement.target.id, ast.Load()), statement), known)
        known = self.use(statement, known)
        return None if isinstance(statement, ast.Return) else known

    def use(self, node: ast.AST, known: set[str]) -> set[str]:
        """See that all names used have a value; return the names that have one afterwards."""
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in self.names - known:
                _refuse(self.handler, self.owner, n, f"uses {n.id}, which has no value on some of the ways there")
        return known | _stored(node)


def _stored(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
