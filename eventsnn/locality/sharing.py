"""User processes that could talk without messages, found before a network runs.

A process reaches its own generator's variables and its handle. Whatever else its code can reach (closures, globals,
default arguments, attributes of its object or class, and all that the functions it calls can reach) is followed here.
What cannot change may be shared: numbers, text, tuples of such, functions, modules, frozen dataclasses, arrays that
are not writeable. What can change may be reached by one process only.
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import logging
import pathlib
import re
import sys
import types
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from eventsnn.errors import LocalityError
from eventsnn.locality.reach import CONTAINERS, Code, is_library, is_process, read

_ATOMS = (
    type(None), bool, int, float, complex, str, bytes, types.EllipsisType, types.NotImplementedType, np.generic,
    np.dtype, np.ufunc, range, slice, re.Pattern, datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo,
    pathlib.PurePath, decimal.Decimal, fractions.Fraction, logging.Logger, types.ModuleType,
)  # fmt: skip
_OURS = frozenset(  # set once, by us
    {
        "needs",
        "_given",
        "parameters",
        "state",
        "post_state",
        "epoch_state",
        "handlers",
        "histories",
        "initial",
        "_codes",
        "_checked",
        "line_state",
    }
)
_WRAPPERS = (staticmethod, classmethod)


class Access(NamedTuple):
    """One thing that a process can reach."""

    what: str  # such as "the global TABLE"
    where: str  # file:line of the code that reaches it
    changes: bool  # whether it can change, or is changed, there
    thing: object  # kept, so that nothing else gets its id


def check(processes: Iterable[tuple[str, int, Any]]) -> None:
    """Refuse two processes that share what can change, and one that reaches what is no process's business.

    Args:
        processes: name and size of each population of processes or sources, and its model.

    Raises:
        LocalityError: names the thing, file and line, and both processes.
    """
    taken: dict[Hashable, tuple[str, Access]] = {}
    for name, size, model in processes:
        if getattr(model, "only_reacts", bool)():  # its text shows that it shares nothing
            continue
        reach = Reach(f"process {name}[0]")
        reach.process(model)
        for key, access in reach.found.items():
            if size > 1 and access.changes:
                _refuse(f"{name}[0]", f"{name}[1]", access, access)
            other = taken.get(key)
            if other is not None and (access.changes or other[1].changes):
                _refuse(other[0], f"{name}[0]", other[1], access)
            if other is None or access.changes:
                taken[key] = (f"{name}[0]", access)


def _refuse(one: str, other: str, first: Access, second: Access) -> NoReturn:
    what = f"{second.where}: processes {one} and {other} share {second.what}"
    if first.where != second.where or first.what != second.what:
        what += f" (for {one}: {first.what}, {first.where})"
    remedy = (
        "what one writes the other could read without a message. Give each its own: make it inside the function, keep "
        "it in cell.state, or send it; what never changes may be a tuple, or an array with flags.writeable = False"
    )
    raise LocalityError(f"{what}: {remedy} (spatial: {second.what}, of {one})", second.what, one)


class Reach:
    """What one process can reach: `found`, by identity.

    Args:
        owner: the process, for messages.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.found: dict[Hashable, Access] = {}
        self.seen: dict[int, object] = {}

    def process(self, model: Any) -> None:
        """Follow a process from its object."""
        kind = type(model)
        arguments = getattr(model, "arguments", None)
        if arguments is not None and hasattr(model, "function"):
            place = _place(model.function)
            self.value(model.function, getattr(model.function, "__name__", "function"), place)
            for name, value in arguments.items():
                self.value(value, f"the argument {name}", place)
            return
        place = _place(kind.run if hasattr(kind, "run") else kind.times)
        self._keep(("object", id(model)), Access(f"its own {kind.__name__}", place, False, model))
        self.instance(model, place, "self")

    def instance(self, thing: Any, where: str, name: str) -> None:
        """Follow an object whose attributes count one by one: a process, a class, a module."""
        if not self._known(thing):
            self._follow(thing, where, name)

    def _follow(self, thing: Any, where: str, name: str) -> None:
        kind = thing if isinstance(thing, type) else type(thing)
        own = {} if thing is kind else dict(getattr(thing, "__dict__", {}))
        for attribute, value in own.items():
            if attribute not in _OURS:
                self.value(value, f"{name}.{attribute}", where)
        for klass in kind.__mro__:
            if is_library(sys.modules.get(klass.__module__)) and (klass is not kind or not hasattr(kind, "needs")):
                continue
            for attribute, value in vars(klass).items():
                self._class_attribute(thing, klass, attribute, value, where)

    def _class_attribute(self, thing: Any, klass: type, attribute: str, value: Any, where: str) -> None:
        if isinstance(value, _WRAPPERS):
            value = value.__func__
        if isinstance(value, (property, functools.cached_property)):
            value = value.fget if isinstance(value, property) else value.func
        if isinstance(value, types.FunctionType):
            generated = value.__code__.co_filename == "<string>" and attribute.startswith("__")  # of a dataclass
            if not generated and attribute not in ("__init__", "__post_init__", "__new__"):  # before there is a network
                self.function(value, thing)
        elif issubclass(klass, enum.Enum) and attribute.startswith("_"):
            return  # its own books
        elif not (attribute.startswith("__") or attribute.startswith("_abc_") or attribute in _OURS):
            self.value(value, f"{klass.__name__}.{attribute}", where)

    def value(self, value: Any, name: str, where: str) -> None:
        """Follow anything."""
        if _is_atom(value) or self._harmless(value, name, where):
            return
        if isinstance(value, types.FunctionType):
            self.function(value, None)
        elif isinstance(value, type):
            if not is_library(sys.modules.get(value.__module__)):
                self.instance(value, where, value.__name__)
        elif self._known(value):
            return
        elif isinstance(value, enum.Enum):
            self.value(value.value, f"{name}.value", where)
        elif isinstance(value, (tuple, frozenset)) and not hasattr(value, "__dict__"):
            for k, one in enumerate(value):
                self.value(one, f"{name}[{k}]", where)
        elif isinstance(value, types.MethodType):
            self.value(value.__self__, name, where)
            self.function(value.__func__, value.__self__)
        elif isinstance(value, functools.partial):
            for one in (value.func, *value.args, *value.keywords.values()):
                self.value(one, name, where)
        elif _is_frozen(value):
            for f in dataclasses.fields(value):
                self.value(getattr(value, f.name), f"{name}.{f.name}", where)
        else:
            self._keep(("object", id(value)), Access(name, where, True, value))
            self._inside(value, name, where)

    def _inside(self, value: Any, name: str, where: str) -> None:
        """Follow what something that can change holds now."""
        if isinstance(value, dict):
            for key, one in list(value.items()):
                self.value(one, f"{name}[{key!r}]", where)
        elif isinstance(value, (list, set, collections.deque)):
            for k, one in enumerate(list(value)):
                self.value(one, f"{name}[{k}]", where)
        else:
            self._follow(value, where, name)

    def _harmless(self, value: Any, name: str, where: str) -> bool:
        """Whether something of a kind that needs a closer look cannot change; refuses the network itself."""
        kind = type(value)
        if kind.__module__ == "eventsnn.network" and kind.__name__ == "Network":
            what = f"{where}: {self.owner} reaches {name}, the network itself"
            remedy = "a process knows what messages bring it: connect it to what it must know"
            raise LocalityError(f"{what}; {remedy} (spatial: {name}, of the network)", name, "the network")
        if kind.__module__ == "eventsnn.graph" or value is sys.stdout or value is sys.stderr:
            return True  # a description: its model is followed where code asks for it
        if isinstance(value, np.ndarray):
            return not _writeable(value)
        if isinstance(value, types.BuiltinFunctionType):
            if not isinstance(value.__self__, (types.ModuleType, type(None), type)):
                self.value(value.__self__, name, where)
            return True
        if _is_foreign_function(value):
            self.value(getattr(value, "py_func", None), name, where)  # Numba's: what it was compiled from
            return True
        return isinstance(value, (types.WrapperDescriptorType, types.MethodDescriptorType)) or hasattr(kind, "handlers")

    def function(self, function: Any, owner: Any) -> None:
        """Follow a function: what its code names, encloses and remembers.

        Args:
            owner: the object whose method it is, or None.
        """
        if self._known(function) or is_library(function):
            return
        place = _place(function)
        a = function.__code__.co_varnames[: function.__code__.co_argcount]
        defaults = function.__defaults__ or ()
        for name, value in [
            *zip(a[len(a) - len(defaults) :], defaults, strict=True),
            *(function.__kwdefaults__ or {}).items(),
        ]:
            self.value(value, f"the default argument {name}", place)
        for name, value in vars(function).items():
            if name not in ("needs", "__wrapped__"):
                self.value(value, f"{function.__name__}.{name}", place)
        self.code(read(function, owner, self.owner))

    def code(self, code: Code) -> None:
        """Take over what was read from the code of a function."""
        for key, (what, line, changes, thing) in code.names.items():
            self._keep(key, Access(what, f"{code.file}:{line}", changes, thing))
        for name, line, value in code.values:
            where = f"{code.file}:{line}"
            if isinstance(value, CONTAINERS) or is_process(value):
                if not isinstance(value, types.ModuleType) and not is_library(sys.modules.get(_module(value))):
                    self.instance(value, where, name)
            else:
                self.value(value, name, where)

    def _keep(self, key: Hashable, access: Access) -> None:
        if key not in self.found or (access.changes and not self.found[key].changes):
            self.found[key] = access

    def _known(self, thing: object) -> bool:
        if id(thing) in self.seen:
            return True
        self.seen[id(thing)] = thing
        return False


def _is_atom(value: Any) -> bool:
    """Whether a thing is plain and cannot change; what a user's own subclass of a number or text holds, can."""
    kind = type(value)
    return isinstance(value, _ATOMS) and kind is not np.void and is_library(sys.modules.get(kind.__module__))


def _is_foreign_function(value: Any) -> bool:
    """Whether something is a function of a package, of a kind of its own (Cython's, NumPy's dispatchers, Numba's)."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if not callable(value) or not hasattr(value, "__name__") or package in ("builtins", "functools"):
        return False
    return kind.__name__ == "cython_function_or_method" or is_library(sys.modules.get(kind.__module__))


def _is_frozen(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and bool(getattr(value, "__dataclass_params__").frozen)  # noqa: B009


def _module(value: Any) -> str:
    return str(getattr(value, "__module__", type(value).__module__))


def _writeable(array: Any) -> bool:
    """Whether an array, or what it is a view of, can be written."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable or array.dtype.hasobject:
            return True
        array = array.base
    return False


def _place(function: Any) -> str:
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else "?"
