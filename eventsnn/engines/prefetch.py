"""Asking the processor for memory before it is needed. No result depends on it."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload


def prefetch(array: Any, place: int) -> None:
    """Say that a record of an array is needed soon; without Numba nothing happens. `place` may be any number."""


@intrinsic
def _prefetch(_: Any, array: Any, place: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        records = context.make_array(kind)(context, builder, arguments[0])
        word, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        address = builder.bitcast(builder.gep(records.data, [arguments[1]]), pointer)
        ask = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer] + [word] * 3)
        )
        write, keep, data = (ir.Constant(word, number) for number in (1, 3, 1))
        builder.call(ask, [address, write, keep, data])
        return context.get_dummy_value()

    return types.void(array, place), generate


@overload(prefetch)
def _compiled(array: Any, place: Any) -> Callable[..., None]:
    def ask(array: Any, place: Any) -> None:
        _prefetch(array, place)  # type: ignore[call-arg]

    return ask
