"""Guarded views of records: what the reference engine hands to handlers.

A view is made for one call of one handler. It shows what was declared, takes numbers where the handler may write, and
is dead when the handler has returned: whoever kept it gets a `LocalityError` of kind "temporal". A view of anything
else does not exist, so what a handler reaches for beyond it is refused as "spatial".
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NoReturn

from eventsnn.errors import LocalityError
from eventsnn.locality import ENTRIES, MESSAGE_FIELDS, Handler, seal
from eventsnn.model import COURSES, FUNCTIONS, Neuron, Rule

Record = Any
View = Any
Fields = tuple[tuple[str, str], ...]  # (name, where it is, seen from the record)


class _Dead:
    """What stands behind a view when its handler has returned."""

    __slots__ = ("_owner", "_scope")

    def __init__(self, owner: str, scope: str) -> None:
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_scope", scope)

    @property
    def _cell(self) -> "_Dead":
        return self

    _model = _given = _cell

    def __getattr__(self, name: str) -> NoReturn:
        raise _late("reads", self._owner, f"{self._scope}.{name}")

    def __setattr__(self, name: str, value: object) -> None:
        raise _late("writes", self._owner, f"{self._scope}.{name}")


def _late(does: str, owner: str, variable: str) -> LocalityError:
    what = f"{owner} {does} {variable} after its handler has returned; keep what must last in a State"
    return LocalityError(f"{what} (temporal: {variable}, of {owner})", variable, owner, "temporal")


@cache
def view_class(owner: str, scope: str, fields: Fields, writes: frozenset[str]) -> type:
    """The class of a handler's views of one scope.

    Args:
        owner: the class of the rule or neuron.
        scope: "syn", "post", "msg", "epoch" or "cell".
        fields: what can be read, and where it is.
        writes: what can be written.
    """
    known = ", ".join(name for name, _ in fields)

    def refuse_reading(_self: View, name: str) -> NoReturn:
        what = f"{owner}.{scope} has no variable {name!r}; it has {known}"
        raise LocalityError(f"{what} (spatial: {scope}.{name}, of {owner})", f"{scope}.{name}", owner)

    def write(self: View, name: str, value: Any) -> None:
        if name not in writes:
            _refuse_writing(owner, scope, name, known, any(name == field for field, _ in fields))
        if value.__class__ is not float:
            value = _number(value, owner, f"{scope}.{name}")
        setattr(self._of, name, value)

    body: dict[str, Any] = {"__slots__": ("_of",), "__getattr__": refuse_reading, "__setattr__": write}
    body |= {name: property(attrgetter(f"_of.{where}")) for name, where in fields}
    kind = type(f"{owner}.{scope}", (), body)
    kind._dead = _Dead(owner, scope)  # type: ignore[attr-defined]
    return kind


def _refuse_writing(owner: str, scope: str, name: str, known: str, there: bool) -> NoReturn:
    variable = f"{scope}.{name}"
    if not there:
        what = f"{owner}.{scope} has no variable {name!r}; it has {known}"
    elif scope == "post":
        what = f"{owner}.post: {variable} belongs to the neuron; a rule may write only its own variables there"
    else:
        what = f"{owner} writes {variable}, which is given and not made"
    raise LocalityError(f"{what} (spatial: {variable}, of {owner})", variable, owner)


def _number(value: Any, owner: str, variable: str) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    what = f"{owner} puts {value!r} into {variable}; a variable holds a number, so nothing else can be kept in it"
    raise LocalityError(f"{what} (temporal: {variable}, of {owner})", variable, owner, "temporal")


def _answer(value: Any, owner: str) -> Any:
    """What a handler returned, if it is a number, several, or nothing."""
    for one in value if isinstance(value, tuple) else (value,):
        if one is not None and not isinstance(one, (int, float)):
            what = f"{owner} returns {one!r}; a handler returns numbers, so nothing else can leave it"
            raise LocalityError(f"{what} (spatial: what it returns, of {owner})", "what it returns", owner)
    return value


def _plainly(fields: Iterable[str]) -> Fields:
    return tuple((name, name) for name in sorted(fields))


def cell_view(model: Neuron) -> type:
    """The class of views of a neuron's record that its own handlers get."""
    return view_class(type(model).__name__, "cell", _plainly(model.state), frozenset(model.state))


def rule_views(rule: Rule, target: Neuron) -> dict[str, type]:
    """The classes of views that a rule's handlers get at the synapses of a neuron: of `syn`, `post` and `msg`."""
    owner, own = type(rule).__name__, rule.neuron_state
    post = dict.fromkeys(target.numbers, "_given.{}") | dict.fromkeys(target.state, "_cell.{}")
    post |= dict.fromkeys(own, "{}")
    post |= {name: "{}" if name in COURSES else "_model.{}" for name in FUNCTIONS if name in target.handlers}
    seen = tuple((name, where.format(name)) for name, where in sorted(post.items()))
    synapse = {"w", *rule.synapse_state}
    return {
        "syn": view_class(owner, "syn", _plainly(synapse), frozenset(synapse.difference(rule.neighbours()))),
        "post": view_class(owner, "post", seen, frozenset(own)),
        "msg": view_class(owner, "msg", _plainly(MESSAGE_FIELDS), frozenset()),
        "epoch": view_class(owner, "epoch", _plainly(rule.epoch_state), frozenset(rule.epoch_state)),
    }


def guard_neuron(model: Neuron) -> Any:
    """The handlers of a neuron as its engine calls them, each with a view of its record in the record's place."""
    sealed = seal.seal(model, model.state)
    view = cell_view(model)
    acts = SimpleNamespace()
    for name, handler in model.handlers.items():
        call = getattr(sealed, name)
        if handler.arguments[1:2] == ["cell"]:
            call = _with_cell(call, view, handler)
        setattr(acts, name, call)
    return acts


def guard_rule(rule: Rule, target: Neuron) -> Any:
    """The handlers of a rule as its engine calls them, each with views in the place of records and message."""
    views = rule_views(rule, target)
    fields = {name for view in views.values() for name in vars(view) if not name.startswith("_")}
    sealed = seal.seal(rule, fields)
    acts = SimpleNamespace()
    for name, handler in rule.handlers.items():
        if name in ENTRIES or name.startswith(("on_", "at_")):
            wrap = _with_synapse if handler.arguments[1:] == ["syn", "post", "msg"] else _with_scopes
            setattr(acts, name, wrap(getattr(sealed, name), views, handler))
    return acts


def _with_scopes(call: Any, views: dict[str, type], handler: Handler) -> Callable[..., Any]:
    opened = [_opened(views[name]) if name in views else None for name in handler.arguments[1:]]
    owner = f"{handler.owner}.{handler.name}"

    def act(*given: Any) -> Any:
        seen = [one if view is None else view[0]() for one, view in zip(given, opened, strict=True)]
        for one, view, shown in zip(given, opened, seen, strict=True):
            if view is not None:
                view[1](shown, one)
        try:
            answer = call(*seen)
        except Exception as error:
            _explain(error, handler)
            raise
        finally:
            for view, shown in zip(opened, seen, strict=True):
                if view is not None:
                    view[1](shown, view[2])
        return answer if answer is None or answer.__class__ is float else _answer(answer, owner)

    return act


def _explain(error: BaseException, handler: Handler) -> None:
    error.add_note(f"in {handler.owner}.{handler.name}, {handler.file}:{handler.line}")


def _opened(view: type) -> tuple[type, Callable[[View, Record], None], _Dead]:
    return view, view._of.__set__, view._dead  # type: ignore[attr-defined]


def _with_cell(call: Any, view: type, handler: Handler) -> Callable[..., Any]:
    new, put, dead = _opened(view)
    owner = f"{handler.owner}.{handler.name}"

    def act(cell: Record, *rest: float) -> Any:
        seen = new()
        put(seen, cell)
        try:
            answer = call(seen, *rest)
        except Exception as error:
            _explain(error, handler)
            raise
        finally:
            put(seen, dead)
        return answer if answer is None or answer.__class__ is float else _answer(answer, owner)

    return act


def _with_synapse(call: Any, views: dict[str, type], handler: Handler) -> Callable[..., Any]:
    # What _with_scopes does, written out for the handlers that are called most.
    new_syn, put_syn, dead_syn = _opened(views["syn"])
    new_post, put_post, dead_post = _opened(views["post"])
    new_msg, put_msg, dead_msg = _opened(views["msg"])
    owner = f"{handler.owner}.{handler.name}"

    def act(syn: Record, post: Record, msg: Record) -> Any:
        a, b, c = new_syn(), new_post(), new_msg()
        put_syn(a, syn)
        put_post(b, post)
        put_msg(c, msg)
        try:
            answer = call(a, b, c)
        except Exception as error:
            _explain(error, handler)
            raise
        finally:
            put_syn(a, dead_syn)
            put_post(b, dead_post)
            put_msg(c, dead_msg)
        return answer if answer is None or answer.__class__ is float else _answer(answer, owner)

    return act
