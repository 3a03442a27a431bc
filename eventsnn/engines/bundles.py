"""Named tuples of arrays and numbers as compiled code takes them: behind one address each.

Numba copies a whole tuple at each call from one compiled function to another; that of a network holds some hundred
words, and copying them took most of the time of a small network, and half of its compilation. A `Bundle` is a block of
memory with the tuple's content, of which compiled code has the address. `net.pool` reads the same from either, so a
kernel's text knows nothing of this; without Numba it gets the tuples themselves.
"""

import hashlib
from types import ModuleType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import populate_array

from eventsnn.engines.assembly import compiling

WORD = 8  # bytes
ADDRESS = ir.IntType(8).as_pointer()


class Calls:
    """Calls the compiled functions of a module; `net`, their first argument, may be another tuple at every call."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.compiles = hasattr(module.run, "compile")  # or else Numba is off
        self.net: Any = None
        self.compiled: dict[str, Any] = {}

    def bundle(self, content: Any) -> Any:
        """A named tuple as the functions take it."""
        return Bundle(content) if self.compiles else content

    def __call__(self, name: str, net: Any, *arguments: Any) -> Any:
        """Call a function, which the first time compiles it or reads it from disk."""
        if not self.compiles:
            return getattr(self.module, name)(net, *arguments)
        if self.net is None or self.net.content is not net:
            self.net = Bundle(net, self.net and self.net.type)
        if name not in self.compiled:  # kept, as Numba would look up the types of all arguments at every call
            kinds = (typeof(a) for a in (self.net, *arguments))
            with compiling():
                self.compiled[name] = getattr(self.module, name).compile(tuple(kinds))
        return self.compiled[name](self.net, *arguments)


class Bundle:
    """The content of a named tuple in one block of memory: numbers, and where arrays begin and how long they are.

    Args:
        content: the tuple.
        kind: its type, if that is known from another tuple alike.
    """

    def __init__(self, content: Any, kind: "BundleType | None" = None) -> None:
        self.content = content  # its arrays live as long as this
        self.type = kind or BundleType(content)
        self.words = np.array(_words(content), np.int64)
        self.address = self.words.ctypes.data


class BundleType(types.Type):
    """The names of a bundle's fields, their types, and the word at which each begins."""

    def __init__(self, content: Any) -> None:
        self.title, place, fields = type(content).__name__, 0, []
        for name, value in zip(content._fields, content, strict=True):
            kind = BundleType(value) if isinstance(value, tuple) else typeof(value)
            fields.append((name, kind, place))
            place += len(_words((value,)))
        self.fields = tuple(fields)
        super().__init__(f"{self.title}({', '.join(f'{name}: {kind}' for name, kind, _ in fields)})")

    @property
    def mangling_args(self) -> tuple[str, tuple[Any, ...]]:
        """What stands for it in the names of compiled functions: something short."""
        return f"{self.title}_{hashlib.sha256(self.name.encode()).hexdigest()[:16]}", ()

    def field(self, name: str) -> tuple[Any, int] | None:
        """Type and place of a field."""
        return next(((kind, place) for known, kind, place in self.fields if known == name), None)


def _words(content: tuple[Any, ...]) -> list[int]:
    words: list[int] = []
    for value in content:
        if isinstance(value, tuple):
            words += _words(value)
        elif isinstance(value, np.ndarray):
            assert value.flags.c_contiguous, "compiled code takes the elements of an array to be next to each other"
            words += [value.__array_interface__["data"][0], *value.shape]
        else:
            number = np.float64(value) if isinstance(value, float) else np.int64(value)
            words.append(int(number.view(np.int64)))
    return words


# -- what Numba has to know of them -----------------------------------------------------------------------------------


@typeof_impl.register(Bundle)
def _type_of(value: Bundle, _: Any) -> BundleType:
    return value.type


@register_model(BundleType)
class BundleModel(models.PrimitiveModel):
    """In compiled code: an address."""

    def __init__(self, manager: Any, kind: BundleType) -> None:
        super().__init__(manager, kind, ADDRESS)


@infer_getattr
class BundleAttributes(AttributeTemplate):
    """The types of fields."""

    key = BundleType

    def generic_resolve(self, kind: BundleType, name: str) -> Any:  # type: ignore[override]
        """The type of a field, or None."""
        found = kind.field(name)
        return found and found[0]


@unbox(BundleType)  # type: ignore[untyped-decorator]
def _address(_: BundleType, value: Any, c: Any) -> NativeValue:
    number = c.pyapi.object_getattr_string(value, "address")
    address = c.pyapi.long_as_longlong(number)
    c.pyapi.decref(number)
    return NativeValue(c.builder.inttoptr(address, ADDRESS))


@lower_getattr_generic(BundleType)  # type: ignore[untyped-decorator]
def _read(context: Any, builder: Any, bundle: BundleType, address: Any, name: str) -> Any:
    found = bundle.field(name)
    assert found is not None
    kind, place = found

    def at(word: int) -> Any:
        return builder.gep(address, [ir.Constant(ir.IntType(64), WORD * word)])

    def load(word: int, of: Any) -> Any:
        value = builder.load(builder.bitcast(at(word), of.as_pointer()))
        value.set_metadata("invariant.load", builder.module.add_metadata([]))  # no kernel writes into a bundle
        return value

    if isinstance(kind, BundleType):
        return at(place)
    if not isinstance(kind, types.Array):
        return load(place, context.get_value_type(kind))
    item = context.get_data_type(kind.dtype)
    size = context.get_constant(types.intp, context.get_abi_sizeof(item))
    shape = [load(place + 1 + k, context.get_value_type(types.intp)) for k in range(kind.ndim)]
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = context.make_array(kind)(context, builder)
    data = load(place, item.as_pointer())
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()
