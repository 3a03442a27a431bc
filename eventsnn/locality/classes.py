"""All handlers of a class, checked together: at once where a user makes a class, for ours when first asked for."""

import inspect
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

from eventsnn.errors import LocalityError
from eventsnn.locality import ways
from eventsnn.locality.source import Declared, Handler, check


class Handlers:
    """The attribute `handlers` of a class of models or responders. Checking all shipped ones takes a second."""

    def __get__(self, _: object, cls: Any) -> dict[str, Handler]:
        if cls._checked is None:
            cls._checked = cls._check()
        found: dict[str, Handler] = cls._checked
        return found


def codes(cls: type) -> dict[str, Any]:
    """What the methods of a class are now."""
    names = [name for klass in cls.__mro__ for name in vars(klass) if not name.startswith("_")]
    return {name: getattr(inspect.getattr_static(cls, name), "__code__", None) for name in names}


def check_all(cls: Any, declared: Declared) -> dict[str, Handler]:
    """Check every handler of a class, and all of them together.

    Args:
        cls: the class; its `_codes` are those of when it was made.
        declared: what it declares.

    Raises:
        LocalityError: what a handler may not do, or one that was replaced since; names it.
    """
    found, now = {}, codes(cls)
    for name in sorted(declared.methods):
        cls._check_signature(name)
        if now.get(name) is not cls._codes.get(name):
            what = f"{cls.__name__}.{name} was replaced after its class was made; write a class of its own"
            raise LocalityError(f"{what}, so that its text is checked", name, cls.__name__)
        found[name] = check(getattr(cls, name), declared, name)
    parts = {name: cls.parameters[name] for name in declared.parts}
    for handler in found.values():
        ways.check(handler, SimpleNamespace(handlers=found, parts=parts))
    return found


def newest(cls: type, shortcut: str, stands_for: Collection[str]) -> bool:
    """Whether no class below the one that wrote a shortcut has written anew what it stands for, or what that calls."""
    written = [vars(klass) for klass in cls.__mro__]

    def age(name: str) -> int:
        return next((k for k, found in enumerate(written) if name in found), len(written))

    seen, ahead = set[str](), list(stands_for)
    while ahead:
        name = ahead.pop()
        code = getattr(inspect.getattr_static(cls, name, None), "__code__", None)
        if code is not None and name not in seen:
            seen.add(name)
            ahead += code.co_names
    return all(age(shortcut) <= age(name) for name in seen)
