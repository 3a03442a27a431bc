"""The functions of kernels on disk, each as Numba wrote it, for every kernel that has the same function.

A new network has other populations and projections, but mostly neurons and rules that were there before. What is kept
is not machine code, as each kernel is still optimised as a whole; it spares Numba's work in Python, which takes longer.
"""

import dis
import hashlib
import os
import pickle
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from llvmlite import binding
from numba import types
from numba.core import serialize
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import compile_result
from numba.core.funcdesc import FunctionDescriptor, default_mangler, qualifying_prefix
from numba.core.typing.templates import signature

from eventsnn.engines import cache

PLAIN = (
    types.Number,
    types.Boolean,
    types.NoneType,
    types.UniTuple,
    types.Tuple,
    types.Record,
)  # of what a function returns
ENVIRONMENT = ".NumbaEnv."


class Piece(JITCodeLibrary):
    """What Numba wrote for a function that only others call. It is optimised where it is used."""

    key: str | None = None  # on the shelf

    def finalize(self) -> None:
        """Leave it as it is, with what it needs of Numba's own."""
        module, needs = self._final_module, self.needs
        for library in dict.fromkeys(self._linking_libraries):
            if library not in needs:
                module.link_in(library._get_module_for_linking(), preserve=True)
        for function in module.functions:  # other processes have other functions under Numba's names
            if function.linkage == binding.Linkage.linkonce_odr and not function.is_declaration:
                function.linkage = binding.Linkage.internal
        self._linking_libraries[:] = needs
        self._finalized = True

    @property
    def needs(self) -> "list[Piece]":
        """The others that it calls."""
        return [library for library in dict.fromkeys(self._linking_libraries) if isinstance(library, Piece)]


def key_of(function: Any, given: Any) -> str:
    """What a function's text, all that it calls, and the types it is given make of it."""
    return _hash((_text(function), *(f"{type(kind).__name__} {kind}" for kind in given)))


def namer(key: str, function: Any) -> Any:
    """What names a function and its environment in what Numba writes: the same in every process and every kernel."""
    own = qualifying_prefix(function.__module__, function.__qualname__)

    def name(called: str, given: Any, **more: Any) -> Any:
        if called.removeprefix(ENVIRONMENT) != own:  # one of Numba's own that is needed
            return default_mangler(called, given, **more)
        return default_mangler(called.replace(own, f"eventsnn.{key}"), ())

    return name


class Shelf:
    """Where a function, as it is for some types, is looked for before it is compiled; what Numba calls a cache."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def load_overload(self, given: Any, context: Any) -> Any:
        """The function for some types, or None."""
        key = key_of(self.function, given)
        try:
            piece, returned = _read(key, context.codegen())
        except FileNotFoundError:
            return None
        described = FunctionDescriptor(
            True, self.function.__module__, self.function.__qualname__, key, "", None, returned, None,
            self.function.__code__.co_varnames[: len(given)], (), namer(key, self.function), given,
        )  # fmt: skip
        return compile_result(
            typing_context=context.typing_context, target_context=context, entry_point=entry_point(), library=piece,
            signature=signature(returned, *given), objectmode=False, fndesc=described, lifted=(), reload_init=[],
        )  # fmt: skip

    def save_overload(self, given: Any, made: Any) -> None:
        """Keep a function."""
        piece, returned = made.library, made.signature.return_type
        piece._ensure_finalized()
        if isinstance(returned, PLAIN) and all(other.key for other in piece.needs):
            piece.key = key_of(self.function, given)
            kept = returned, [other.key for other in piece.needs], piece._final_module.as_bitcode()
            path = _path(piece.key)
            beside = path.with_suffix(f".{os.getpid()}.part")
            beside.write_bytes(serialize.dumps(kept))
            os.replace(beside, path)


def entry_point() -> Any:
    """Stands for what Python would call: a built-in function that equals no other, and raises if it is called."""
    return [].remove


@lru_cache(maxsize=4096)
def _read(key: str, codegen: Any) -> tuple[Piece, Any]:
    returned, needs, bitcode = pickle.loads(_path(key).read_bytes())
    piece = Piece(codegen, key)
    piece._linking_libraries[:] = [_read(other, codegen)[0] for other in needs]
    piece._final_module = binding.parse_bitcode(bitcode)
    piece._finalized, piece.key = True, key
    return piece, returned


def _path(key: str) -> Path:
    folder = cache.folder() / "pieces"
    folder.mkdir(exist_ok=True)
    return folder / key


def _text(function: Any) -> str:
    found: dict[Any, str] = {}
    left = [function]
    while left:
        one = left.pop()
        if one not in found:
            found[one], calls = _own_text(one)
            left += calls
    return _hash((found.pop(function), sorted(found.values())))


@lru_cache(maxsize=4096)
def _own_text(function: Any) -> tuple[str, list[Any]]:
    """What a function says by itself, and which others of its module it calls."""
    code, calls = function.__code__, []
    said = [code.co_name, code.co_argcount, function.__defaults__, getattr(function, "options", {})]
    said += [code.co_code, code.co_consts, code.co_names, code.co_varnames]
    for name in sorted({i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}):
        value = function.__globals__.get(name)
        if hasattr(value, "py_func"):
            calls.append(value.py_func)
        said.append((name, value if isinstance(value, int | float) else getattr(value, "_fields", "")))
    return _hash(said), calls


def _hash(said: Any) -> str:
    return hashlib.sha256(f"{_how()}{said!r}".encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def _how() -> str:
    return repr(
        (cache.how(), sys.version, binding.get_host_cpu_name(), sorted(binding.get_host_cpu_features().items()))
    )
