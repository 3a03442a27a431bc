"""All handlers of a class, checked together: at once where a user makes a class, for ours when first asked for."""

import inspect
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


def check_all(cls: Any, declared: Declared, parts: dict[str, Any], made_with: dict[str, Any]) -> dict[str, Handler]:
    """Check every handler of a class, and all of them together.

    Args:
        cls: the class.
        declared: what it declares.
        parts: the pieces that it has by default.
        made_with: its methods when it was made, see `codes`.

    Raises:
        LocalityError: what a handler may not do, or one that was replaced since; names it.
    """
    found, now = {}, codes(cls)
    for name in sorted(declared.methods):
        cls._check_signature(name)
        if now.get(name) is not made_with.get(name):
            what = f"{cls.__name__}.{name} was replaced after its class was made; write a class of its own"
            raise LocalityError(f"{what}, so that its text is checked", name, cls.__name__)
        found[name] = check(getattr(cls, name), declared, name)
    for handler in found.values():
        ways.check(handler, SimpleNamespace(handlers=found, parts=parts))
    return found
