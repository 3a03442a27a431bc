"""What the reference engine runs: each handler's code in a namespace of its own, and a `self` of what it declares.

A sealed handler finds `math`, a few pure functions, and its arguments; its `self` holds numbers, pieces and methods,
and can be written by nobody. Before that its code object is read once more: whatever the check of the source was told,
a code that names anything else, keeps anything, or makes anything is refused.
"""

import builtins
import dis
import inspect
import math
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType, MethodType
from typing import Any, NoReturn

from eventsnn.errors import LocalityError
from eventsnn.locality.source import ENTRIES, MESSAGE_FIELDS, PURE_BUILTINS, PURE_MATH

_BUILTINS = {name: getattr(builtins, name) for name in sorted(PURE_BUILTINS)}
_FORBIDDEN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_FORBIDDEN |= inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_KEEPS = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME", "DELETE_NAME", "IMPORT_NAME", "DELETE_ATTR"})


class _Math:
    """The pure part of Python's `math`, which nobody can write."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        what = f"a handler writes math.{name}, which all would see; keep it in a State"
        raise LocalityError(f"{what} (spatial: math.{name}, of everybody)", f"math.{name}", "everybody")


for _name in PURE_MATH:
    setattr(_Math, _name, getattr(math, _name))
_MATH = _Math()


def verify(model: Any) -> None:
    """See that the handlers in force are those that were checked.

    Raises:
        LocalityError: a handler that was replaced, added or taken away on the class or on the object.
    """
    kind = type(model)
    owner = kind.__name__
    follows = ENTRIES if hasattr(model, "neuron_state") else ()
    verify_handlers(model, lambda name: name.startswith(("on_", "at_")) or name in follows)
    for name in kind.parameters:
        value = getattr(model, name)
        if type(value) not in (float, int, bool, str) and not hasattr(value, "handlers"):
            what = f"{owner}.{name} is {value!r}, an object with a life of its own; give a number: {owner}({name}=...)"
            raise LocalityError(what, name, owner)
    for part in model.parts.values():
        verify(part)


def verify_handlers(model: Any, is_entry: Callable[[str], bool]) -> None:
    """See that a model's methods are those that were checked, and that none was added that would be called.

    Raises:
        LocalityError: names the method.
    """
    kind = type(model)
    owner, checked = kind.__name__, kind.handlers
    known: dict[str, Any] = {}  # what `inspect.getattr_static` would find: this comes before every run
    for klass in reversed(kind.__mro__):
        known.update(vars(klass))
    known.update(vars(model))
    for name, handler in checked.items():
        if getattr(known.get(name), "__code__", None) is not handler.code:
            where = f"{handler.file}:{handler.line}: {owner}.{name}"
            what = "was replaced after its class was made; write a class of its own, so that its text is checked"
            raise LocalityError(f"{where} {what}", name, owner)
    for name, value in known.items():
        if name not in checked and is_entry(name) and callable(value):
            what = f"{owner}.{name} was added after its class was made; write it in the class, so that it is checked"
            raise LocalityError(what, name, owner)


def seal(model: Any, fields: Iterable[str]) -> Any:
    """A model's handlers and numbers as an object that handlers get as `self`.

    Args:
        model: a neuron, a rule or a piece of one.
        fields: every name that a scope of its handlers has, such as `w`, `v`, `psp`.

    Raises:
        LocalityError: code that is none of what a handler may be.
    """
    kind = type(model)
    parts = model.parts
    values = {name: getattr(model, name) for name in (*kind.parameters, *getattr(kind, "derived", ()))}
    values = {name: value for name, value in values.items() if name not in parts and not isinstance(value, str)}
    fields = set(fields)
    names = {*values, *parts, *kind.handlers, *fields, *MESSAGE_FIELDS}
    names |= {name for part in parts.values() for name in part.handlers}
    sealed = _self_class(kind.__name__, (*values, *parts, *kind.handlers))()
    put = object.__setattr__
    for name, value in values.items():
        put(sealed, name, value)
    for name, part in parts.items():
        put(sealed, name, seal(part, fields))
    for name in kind.handlers:
        put(sealed, name, MethodType(_sealed(inspect.getattr_static(kind, name), kind.__name__, names, fields), sealed))
    return sealed


def _self_class(owner: str, names: tuple[str, ...]) -> type:
    def refuse_reading(_self: object, name: str) -> NoReturn:
        what = f"{owner} reads self.{name}; self has {', '.join(sorted(names)) or 'nothing'}"
        raise LocalityError(f"{what} (spatial: self.{name}, of {owner})", f"self.{name}", owner)

    def refuse_writing(_self: object, name: str, _value: object) -> NoReturn:
        what = f"{owner} writes self.{name}; parameters are shared by all, so declare a State instead"
        raise LocalityError(f"{what} (spatial: self.{name}, of {owner})", f"self.{name}", owner)

    body = {"__slots__": names, "__getattr__": refuse_reading, "__setattr__": refuse_writing}
    return type(owner, (), body)


def _sealed(function: FunctionType, owner: str, names: set[str], fields: set[str]) -> FunctionType:
    code = function.__code__
    what = _breach(code, names | PURE_MATH | PURE_BUILTINS | {"math"}, fields)
    if what is not None:
        variable, why, kind = what
        where = f"{code.co_filename}:{code.co_firstlineno}: {owner}.{function.__name__}"
        raise LocalityError(f"{where} {why} ({kind}: {variable}, of {owner})", variable, owner, kind)
    return FunctionType(code, {"math": _MATH, "__builtins__": dict(_BUILTINS)}, function.__name__)


def _breach(code: CodeType, allowed: set[str], fields: set[str]) -> tuple[str, str, str] | None:
    """(variable, what it does, kind of breach), if a code object does what no handler may do."""
    if code.co_freevars:
        return code.co_freevars[0], f"captures {code.co_freevars[0]!r} from around it", "temporal"
    if code.co_kwonlyargcount or code.co_flags & _FORBIDDEN:
        return code.co_name, "is no plain function of scopes and numbers", "temporal"
    if any(isinstance(c, CodeType) for c in code.co_consts):
        return code.co_name, "makes a function or a class", "temporal"
    for name in code.co_names:
        if name not in allowed or name.startswith("_"):
            return name, f"uses {name!r}, which is none of its fields, parameters or functions", "spatial"
    for instruction in dis.get_instructions(code):
        if instruction.opname in _KEEPS or (instruction.opname == "STORE_ATTR" and instruction.argval not in fields):
            return str(instruction.argval), f"keeps or removes {instruction.argval!r} outside its scopes", "temporal"
    return None
