"""What a parameter may be, and of which type it is kept: a number, a word, or a piece with handlers of its own."""

import copy
import math
from typing import Any

from eventsnn.errors import NetworkError


def as_type_of(default: Any, value: Any) -> Any:
    """One numeric type per parameter, whatever was given, so that every engine computes with the same."""
    if hasattr(value, "handlers"):
        return copy.copy(value)
    if isinstance(default, (bool, str)):
        return value
    return int(value) if isinstance(default, int) else float(value)


def check_names(owner: str, unnamed: tuple[Any, ...], given: dict[str, Any], known: dict[str, Any]) -> None:
    """Refuse values without a name, and names that are no parameters."""
    if unnamed:
        first = next(iter(known), None)
        how = f"give it by name, such as {owner}({first}={unnamed[0]!r})" if first else "it has no parameters"
        raise NetworkError(f"{owner}({unnamed[0]!r}) does not say which parameter this is; {how}")
    for name in given:
        if name not in known:
            raise NetworkError(f"{owner} has no parameter {name!r}; it has {', '.join(known) or 'none'}")


def check_parameter(owner: str, name: str, value: Any, default: Any, piece: type) -> None:
    """Refuse a value that is not what the default is; `piece` is the class of pieces with handlers of their own.

    Raises:
        NetworkError: names the parameter and the value.
    """
    if isinstance(default, piece):
        if not isinstance(value, piece):
            raise NetworkError(f"{owner}.{name} is {value!r}; give a Part such as {default!r}")
    elif isinstance(default, str):
        if not isinstance(value, str):
            raise NetworkError(f"{owner}.{name} is {value!r}; give a string such as {default!r}")
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            raise NetworkError(f"{owner}.{name} is {value!r}; give True or False")
    elif isinstance(default, (int, float)):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise NetworkError(f"{owner}.{name} is {value!r}; give one number, which all share") from None
        if math.isnan(number):
            raise NetworkError(f"{owner}.{name} is nan; give a number")
