"""A user's own rule in a study: the file is checked as `eventsnn check` does, and its rules are found by name."""

import functools
import inspect
from pathlib import Path

from eventsnn import breaches
from eventsnn.errors import LocalityError, NetworkError
from eventsnn.model import Rule


@functools.cache
def rules_in(file: str) -> dict[str, type[Rule]]:
    """The rules that a file defines.

    Raises:
        LocalityError: the file breaches locality; says every line that does.
        NetworkError: no such file, or no rule in it.
    """
    path = Path(file)
    if not path.is_file():
        raise NetworkError(f"there is no file {file} to take a rule from; give a Python file that defines one")
    module, found = breaches.load(path)
    if found:
        raise LocalityError(f"{file} is not lawful: {'; '.join(found)}", owner=file)
    own = {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and issubclass(kind, Rule) and kind.handlers
    }
    if not own:
        raise NetworkError(f"{file} defines no rule; write a class that extends eventsnn.Rule")
    return own


def rule_in(file: str, name: str) -> type[Rule]:
    """One rule of a file."""
    return rules_in(file)[name]
