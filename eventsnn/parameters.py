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
            raise NetworkError(f"{owner}.{name} is {value!r}; give a number (arrays go to net.add)") from None
        if math.isnan(number):
            raise NetworkError(f"{owner}.{name} is nan; give a number")
