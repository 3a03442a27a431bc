"""The law of locality, and where it is enforced.

- `source`: a handler's text, checked when its class is made: what it may name, call, read and write.
- `ways`: every number has a value where it is used, on all ways through a handler.
- `seal`: what the reference engine runs: the same code in a namespace of its own, with guarded scopes around it.
- `sharing` and `reach`: user processes that could talk without messages, found before a network runs.

Python has no walls. What is caught is what these can see: a text, a code object, a namespace, a scope, what a process's
code names. Files, the environment, the state that a library hides in itself, a C extension, another thread or a
debugger could still be ways around; nothing in Python stops those.
"""

from eventsnn.locality.source import (
    ENTRIES,
    MESSAGE_FIELDS,
    PURE_BUILTINS,
    PURE_MATH,
    SCOPES,
    Declared,
    Handler,
    check,
    parse,
    push_method,
)

__all__ = [
    "ENTRIES",
    "MESSAGE_FIELDS",
    "PURE_BUILTINS",
    "PURE_MATH",
    "SCOPES",
    "Declared",
    "Handler",
    "check",
    "parse",
    "push_method",
]
