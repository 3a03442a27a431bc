"""What the code of a function names outside itself, read from its instructions."""

import builtins
import dis
import inspect
import sys
import sysconfig
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import cache
from logging import Logger
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import eventsnn.errors
from eventsnn.errors import LocalityError

CONTAINERS = (ModuleType, type)  # things whose attributes count one by one
REACHES_OUT = frozenset(
    (  # noqa: SIM905  frames, namespaces, other objects, and what engines keep
        "_getframe _current_frames currentframe f_back f_locals f_globals f_builtins gi_frame cr_frame ag_frame "
        "tb_frame tb_next __globals__ __closure__ __builtins__ __subclasses__ __code__ __defaults__ __kwdefaults__ "
        "cell_contents get_objects get_referrers get_referents __setattr__ __delattr__ __dict__ agenda active_process "
        "_queue _world _WORLD settrace setprofile"
    ).split()
)
_BUILTINS = frozenset({"globals", "eval", "exec", "setattr", "delattr", "vars", "__import__", "breakpoint"})
_MODULES = frozenset({"gc", "ctypes", "inspect", "importlib", "multiprocessing", "threading", "socket", "shelve"})
_HERE = Path(eventsnn.errors.__file__).parent
_UNKNOWN = object()


@dataclass
class Code:
    """What a function's code reaches: names that are read or rebound, and values."""

    file: str
    names: dict[Hashable, tuple[str, int, bool, object]] = field(default_factory=dict)
    values: list[tuple[str, int, Any]] = field(default_factory=list)

    def name(self, key: Hashable, what: str, line: int, changes: bool, thing: object) -> None:
        """Note that a name is read, or rebound."""
        if key not in self.names or changes:
            self.names[key] = (what, line, changes, thing)


@cache
def _library_roots() -> tuple[Path, ...]:
    paths = {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(Path(path).resolve() for path in paths)


@cache
def _in_library(file: str) -> bool:
    path = Path(file)
    if file.startswith("<frozen"):
        return True
    roots = _library_roots()
    return path.is_relative_to(_HERE) or any(path.is_relative_to(root) for root in roots)


def is_library(thing: ModuleType | FunctionType | None) -> bool:
    """Whether a module or function is Python's, an installed package's or our own; such are not followed."""
    if isinstance(thing, FunctionType):
        return _in_library(thing.__code__.co_filename) and not _is_process_of_ours(thing)
    if thing is None:
        return False
    file = getattr(thing, "__file__", None)
    return thing.__name__ != "__main__" and (file is None or _in_library(file))


def _is_process_of_ours(function: FunctionType) -> bool:
    return _HERE in Path(function.__code__.co_filename).parents and function.__qualname__.count(".") == 1


def read(function: FunctionType, owner: Any, process: str) -> Code:
    """Everything that a function's code reaches by name.

    Args:
        function: a plain function.
        owner: the object whose method it is, or None.
        process: whose code this is, for messages.

    Raises:
        LocalityError: code that reaches into frames, namespaces or other processes.
    """
    found = Code(function.__code__.co_filename)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for code in _codes(function.__code__):
        _refuse_reaching_out(code, process)
        locals_ = {code.co_varnames[0]: owner} if owner is not None and code is function.__code__ else {}
        _Reader(found, function.__globals__, cells, locals_, process).follow(code)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _refuse_reaching_out(code: CodeType, process: str) -> None:
    texts = {c for c in code.co_consts if isinstance(c, str)}
    for name in sorted(REACHES_OUT & {*code.co_names, *texts}):
        _refuse(process, name, f"{code.co_filename}:{code.co_firstlineno}")


def _refuse(process: str, name: str, where: str) -> None:
    what = f"{where}: {process} uses {name}, which reaches what is not its own; it has its variables and its handle"
    raise LocalityError(f"{what} (spatial: {name}, of {process})", name, process)


class _Reader:
    """Follows the instructions of one code object; `at` is the thing that the latest ones came to, if it is known."""

    def __init__(
        self, found: Code, globals_: dict[str, Any], cells: dict[str, CellType], locals_: dict[str, Any], process: str
    ) -> None:
        self.found, self.globals, self.cells, self.locals, self.process = found, globals_, cells, locals_, process
        self.at: Any = _UNKNOWN
        self.path = ""
        self.line = 0
        self.loaded: dict[str, list[tuple[Any, str]]] = {}  # per attribute: of which things it was read
        self.swapped = False
        self.containers: dict[int, tuple[Any, str]] = {}  # all that it came to
        self.blind: dict[str, int] = {}  # attributes written of things that are not known, and where

    def follow(self, code: CodeType) -> None:
        """Go through all instructions."""
        self.line = code.co_firstlineno
        for name, thing in self.locals.items():
            self._met(thing, name)
        for instruction in dis.get_instructions(code):
            line = getattr(instruction.positions, "lineno", None)
            self.line = line or self.line
            self.step(instruction.opname, instruction.argval)
        for name, where in self.blind.items():  # it may have been any of them
            for thing, path in self.containers.values():
                if not (is_process(thing) or hasattr(thing, "run") or hasattr(thing, name)):
                    continue
                self.found.name(("attribute", id(thing), name), f"{path}.{name}", where, True, thing)

    def step(self, kind: str, name: Any) -> None:
        """One instruction."""
        if kind in ("CACHE", "COPY", "PUSH_NULL", "NOP", "RESUME", "PRECALL"):
            return
        swapped, self.swapped = self.swapped, kind == "SWAP"
        if kind in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"):
            self._global(name, changes=not kind.startswith("LOAD"))
        elif kind in ("LOAD_DEREF", "LOAD_CLASSDEREF", "STORE_DEREF", "DELETE_DEREF", "LOAD_FROM_DICT_OR_DEREF"):
            self._cell(name, changes=not kind.startswith("LOAD"))
        elif kind in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            self._attribute(name)
        elif kind in ("STORE_ATTR", "DELETE_ATTR"):
            self._write_attribute(name, swapped)
        elif kind == "IMPORT_NAME":
            self._import(name)
        elif kind == "STORE_FAST":
            self.locals[name] = self.at
            self.at = _UNKNOWN
        elif kind.startswith("LOAD_FAST") and isinstance(name, str):
            self.at, self.path = self.locals.get(name, _UNKNOWN), name
        else:
            self.at = _UNKNOWN

    def _global(self, name: str, changes: bool) -> None:
        self.path = f"the global {name}"
        if name in self.globals or changes:
            self.found.name(("global", id(self.globals), name), self.path, self.line, changes, self.globals)
        self.at = self.globals.get(name, getattr(builtins, name, _UNKNOWN))
        if name in _BUILTINS and name not in self.globals:
            _refuse(self.process, f"{name}()", f"{self.found.file}:{self.line}")
        self._come_to(self.at)

    def _cell(self, name: str, changes: bool) -> None:
        cell = self.cells.get(name)
        self.at, self.path = _UNKNOWN, f"the closure variable {name}"
        if cell is None:
            return
        self.found.name(("cell", id(cell)), self.path, self.line, changes, cell)
        try:
            self.at = cell.cell_contents
        except ValueError:  # not bound yet
            return
        self._come_to(self.at)

    def _import(self, name: str) -> None:
        self.at, self.path = sys.modules.get(name.partition(".")[0], _UNKNOWN), name
        self._come_to(self.at)

    def _met(self, thing: Any, path: str) -> None:
        if _is_container(thing):
            self.containers[id(thing)] = (thing, path)
            if is_process(thing):
                self.containers[id(type(thing))] = (type(thing), type(thing).__name__)

    def _come_to(self, thing: Any) -> None:
        self._met(thing, self.path)
        if isinstance(thing, ModuleType) and thing.__name__.partition(".")[0] in _MODULES:
            _refuse(self.process, f"the module {thing.__name__}", f"{self.found.file}:{self.line}")
        if thing is not _UNKNOWN:
            self.found.values.append((self.path, self.line, thing))

    def _attribute(self, name: str) -> None:
        thing, self.path = self.at, f"{self.path}.{name}"
        self.at = _UNKNOWN
        if not _is_container(thing):
            return
        self.loaded.setdefault(name, []).append((thing, self.path))
        if name == "__class__":
            self.at = type(thing)
            self._met(self.at, self.path)
            return
        for one in (thing, type(thing)) if is_process(thing) else (thing,):
            self.found.name(("attribute", id(one), name), self.path, self.line, False, one)
        if thing is sys and name == "modules":
            _refuse(self.process, "sys.modules", f"{self.found.file}:{self.line}")
        if isinstance(thing, ModuleType):
            self.at = getattr(thing, name, _UNKNOWN)
        else:
            self.at = getattr(thing, "__dict__", {}).get(name, inspect.getattr_static(thing, name, _UNKNOWN))
        self._come_to(self.at)

    def _write_attribute(self, name: str, augmented: bool) -> None:
        targets = self.loaded.get(name, []) if augmented else [(self.at, f"{self.path}.{name}")]
        if not targets or self.at is _UNKNOWN:
            self.blind.setdefault(name, self.line)
        for thing, path in targets:
            if _is_container(thing):
                self.found.name(("attribute", id(thing), name), path, self.line, True, thing)
        self.at = _UNKNOWN


def _is_container(thing: Any) -> bool:
    """Whether the attributes of a thing count one by one: a module, a class, a function, a process, a description."""
    if thing is _UNKNOWN:
        return False
    described = type(thing).__module__ == "eventsnn.graph"
    return described or is_process(thing) or isinstance(thing, (*CONTAINERS, FunctionType, Logger))


def is_process(thing: Any) -> bool:
    """Whether a thing is a user process's object."""
    return hasattr(type(thing), "run") and hasattr(type(thing), "needs")
