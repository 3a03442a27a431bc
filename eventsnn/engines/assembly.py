"""How Numba compiles a kernel: every function is written once, and all of them are optimised together, once.

Numba by itself optimises each function, then optimises it again inside every function that calls it, directly or not,
makes machine code of each of these, and wraps each so that Python could call it. A kernel has some 150 functions in a
dozen layers, and Python calls five of them. So a function that only others call stays as Numba wrote it (`Piece`),
and the functions that Python calls (`Whole`) bring what they need together, optimise it and make machine code of it.
Of Numba's passes only those are left that a kernel needs: it has no closures, exceptions, lists or `with`.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba import njit, types
from numba.core import typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.environment import Environment
from numba.core.types.functions import BaseFunction

from eventsnn.engines import shelf
from eventsnn.engines.shelf import Piece


class Whole(JITCodeLibrary):
    """A function that Python calls, with all that it needs."""

    def finalize(self) -> None:
        """Bring together, optimise, and make machine code."""
        found: dict[Any, None] = {}
        left = list(self._linking_libraries)
        while left:
            library = left.pop()
            if library not in found:
                found[library] = None
                if isinstance(library, Piece):
                    left += library._linking_libraries
        self._linking_libraries[:] = found
        super().finalize()


FIND = "get_call_type"  # of a function by which Numba knows several others


@contextmanager
def compiling() -> Iterator[None]:
    """What Numba compiles meanwhile takes less time.

    Numba finds out anew at each `<` which of its some thirty versions (of numbers, of sets, of strings, ...) is meant,
    twice. Here it remembers the answer. Python's collector of cycles finds nothing to free in the meantime.
    """
    known: dict[Any, Any] = {}

    def remember(function: Any, context: Any, given: Any, named: Any) -> Any:
        if all(isinstance(kind, types.Number) for kind in given):
            given = tuple(types.unliteral(kind) for kind in given)
        key = function, tuple(given), tuple(named.items())
        if key not in known:
            known[key] = find(function, context, given, named)
        return known[key]

    with global_compiler_lock:  # so nobody else compiles anything
        find, collects = getattr(BaseFunction, FIND), gc.isenabled()
        gc.disable()
        setattr(BaseFunction, FIND, remember)
        try:
            yield
        finally:
            setattr(BaseFunction, FIND, find)
            if collects:
                gc.enable()


@register_pass(mutates_CFG=True, analysis_only=False)
class Writing(typed_passes.NativeLowering):
    """Writes a function down for others to call."""

    _name = "eventsnn_writing"

    def run_pass(self, state: Any) -> bool:
        """Write, and let those that call it find it.

        Its environment, which only Python would need, is forgotten: a kernel on disk would name the module that the
        function was written for, and a later process may know another kernel alone.
        """
        super().run_pass(state)
        Environment._memo.pop(state["cr"].fndesc.env_name, None)
        state["cr"] = state["cr"]._replace(cfunc=(key := shelf.entry_point()))
        state.targetctx.insert_user_function(key, state["cr"].fndesc, [state.library])
        return True


class Compiler(CompilerBase):
    """Numba's way through a function that Python calls."""

    library: type[JITCodeLibrary] = Whole
    lowering: type[typed_passes.NativeLowering] = typed_passes.NativeLowering

    def define_pipelines(self) -> list[PassManager]:
        """The passes."""
        state = self.state
        state.library = self.library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        passes = PassManager("eventsnn")
        for kind in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.DeadBranchPrune,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.IRLegalization,
            self.lowering,
            typed_passes.NoPythonBackend,
        ):
            passes.add_pass(kind, kind.__name__)
        passes.finalize()
        return [passes]


class PieceCompiler(Compiler):
    """Numba's way through a function that others call."""

    library = Piece
    lowering = Writing

    def define_pipelines(self) -> list[PassManager]:
        """The passes."""
        state, flags, function = self.state, self.state.flags, self.state.func_id.func
        state.targetctx.mangler = shelf.namer(shelf.key_of(function, state.args), function)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        return super().define_pipelines()


RULES: dict[str, Any] = {"_nrt": False, "error_model": "numpy"}


def _piece(**options: Any) -> Callable[[Any], Any]:
    def make(function: Any) -> Any:
        function.options = options  # see `shelf`
        made = njit(pipeline_class=PieceCompiler, **RULES, **options)(function)
        if made is not function:  # Numba is on
            find = made.get_call_template
            made.get_call_template = lambda given, named: find(tuple(types.unliteral(kind) for kind in given), named)
            made._cache = shelf.Shelf(function)
        return made

    return make


entry = njit(cache=True, pipeline_class=Compiler, **RULES)  # Python calls it
part = njit(cache=True, nogil=True, pipeline_class=Compiler, **RULES)  # threads do
inner = _piece()  # others call it
inlined = _piece(forceinline=True)  # in one loop each, for every synapse
