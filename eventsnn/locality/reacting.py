"""What a handler of a responder may say, checked on its text when its class is made.

It sees its arguments, the numbers that the class declares, its parameters, and `math`. So two responders share nothing,
and a kernel can run the same text.
"""

import ast
from types import ModuleType
from typing import Any, NoReturn

from eventsnn.errors import LocalityError
from eventsnn.locality.seal import verify_handlers
from eventsnn.locality.source import _REFUSED, PURE_BUILTINS, PURE_MATH, Handler, is_compiled_from, parse

ACTS = {  # what `cell` can do: how it is written
    "send": 'cell.send("port", value) or cell.send("port", value, to=index); what spikes is a neuron',
    "note": 'cell.note("name", value)',
    "wake": "cell.wake(time)",
}
_CALLED = PURE_BUILTINS | {"len"}
_THINGS = ("cell", "line", "msg")
_STATEMENTS = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.If, ast.For, ast.While, ast.Break, ast.Continue, ast.Pass,
)  # fmt: skip
_OTHERWISE = "or write a process with run(), for which the compiled engine stops"


def check(cls: Any) -> dict[str, Handler]:
    """The handlers of a class of responders and the methods that they call, by name.

    Raises:
        LocalityError: with file, line, what was tried, and the lawful way to do it.
    """
    found: dict[str, Handler] = {}
    wanted = sorted(name for name in dir(cls) if name.startswith("on_"))
    while wanted:
        name = wanted.pop(0)
        if name in found:
            continue
        function = getattr(cls, name)
        found[name] = handler = parse(function, cls.__name__, name)
        checker = _Checker(cls, handler)
        checker.shape()
        checker.block(handler.tree.body)
        wanted += checker.called
        code = function.__code__
        modules = (m for m in code.co_names if isinstance(function.__globals__.get(m), ModuleType))
        if not is_compiled_from(code, handler.text, tuple(modules)):
            checker.refuse(handler.tree, "does not run the text of its file; write it there, and import that")
    return found


def confirm(model: Any) -> None:
    """Refuse a responder whose methods are no longer those that were checked; before every run.

    Raises:
        LocalityError: names the method.
    """
    kind = type(model)
    verify_handlers(model, lambda name: name.startswith("on_"))
    for owner in kind.__mro__:
        for name in ("__getattribute__", "__getattr__"):
            if name in vars(owner) and owner is not object:
                what = f"{kind.__name__} has {name}, which would run whenever a handler reads a parameter"
                raise LocalityError(f"{what}; declare parameters", name, kind.__name__)


class _Checker:
    def __init__(self, cls: Any, handler: Handler) -> None:
        self.cls, self.handler = cls, handler
        self.called: list[str] = []
        self.lines = {"line"}  # names of what is kept of a sender
        self.known = set(handler.arguments)
        for node in ast.walk(handler.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.known.add(node.id)
            if isinstance(node, ast.For) and _dotted(node.iter) == "cell.lines" and isinstance(node.target, ast.Name):
                self.lines.add(node.target.id)

    def shape(self) -> None:
        """Check its arguments."""
        h, name = self.handler, self.handler.name
        wanted = ["self", "cell"] if name == "on_alarm" else ["self", "cell", "line", "msg"]
        if name.startswith("on_") and h.arguments != wanted:
            self.refuse(h.tree, f"must have the arguments ({', '.join(wanted)})")
        given = h.tree.args
        if given.defaults or given.kwonlyargs or given.vararg or given.kwarg or given.posonlyargs:
            self.refuse(h.tree, "must have plain arguments, without defaults")

    def block(self, statements: list[ast.stmt]) -> None:
        """Check some statements."""
        for one in statements:
            if isinstance(one, ast.Raise):
                continue  # whatever an error says
            if not isinstance(one, _STATEMENTS):
                self.refuse(one, _REFUSED.get(type(one).__name__, "is no statement that a handler may have"))
            for name in ("body", "orelse"):
                self.block(getattr(one, name, []))
            skipped = self.loop(one) if isinstance(one, ast.For) else ()
            for child in ast.iter_child_nodes(one):
                if not isinstance(child, ast.stmt) and child not in skipped:
                    self.expression(child, one)

    def loop(self, node: ast.For) -> tuple[ast.AST, ...]:
        """What of a loop need not be checked: its head, if it goes over the lines."""
        if _dotted(node.iter) != "cell.lines":
            return ()
        if not isinstance(node.target, ast.Name) or node.target.id in ("cell", "msg", "self"):
            self.refuse(node, "gives something else that name; write `for line in cell.lines:`")
        return node.target, node.iter

    def expression(self, node: ast.AST, within: ast.AST) -> None:
        """Check what is computed, or an operator, which has no text without what it stands in."""
        kind = type(node).__name__
        if isinstance(node, ast.Subscript):
            if not (_dotted(_inner(node)) or "").startswith("self."):
                self.refuse(node, "indexes into something; only a parameter may be a table: self.targets[i]")
            if not isinstance(node.ctx, ast.Load):
                self.refuse(node, "changes a parameter; declare a number in `state` or `line_state`")
        elif isinstance(node, (ast.operator, ast.cmpop)) and kind in _REFUSED:
            self.refuse(within, _REFUSED[kind])
        elif kind in _REFUSED:
            self.refuse(node, _REFUSED[kind])
        elif isinstance(node, ast.Call):
            self.call(node)
            return
        elif isinstance(node, ast.Attribute):
            self.attribute(node)
            return
        elif isinstance(node, ast.Name) and node.id in (*_THINGS, "self", "math", *_CALLED, *self.lines):
            self.refuse(within, f"takes `{node.id}` for a number")
        elif isinstance(node, ast.Name) and node.id not in self.known:
            self.refuse(node, "reaches a global; make it a parameter of the class")
        for child in ast.iter_child_nodes(node):
            self.expression(child, node)

    def attribute(self, node: ast.Attribute) -> None:
        """Check a name after a dot."""
        owner = node.value.id if isinstance(node.value, ast.Name) else None
        written = not isinstance(node.ctx, ast.Load)
        if owner == "self":
            if written:
                self.refuse(node, "writes to the class; declare a number in `state` or `line_state`")
            known = node.attr in {name for kind in self.cls.__mro__ for name in getattr(kind, "__annotations__", {})}
            known &= node.attr not in ("state", "line_state", "handlers", "needs")
            plain = isinstance(getattr(self.cls, node.attr, None), (bool, int, float, tuple))
            if node.attr.startswith("_") or not (known or plain):
                self.refuse(node, "is no parameter of the class; it is a number, or a table of them")
        elif owner == "math":
            if node.attr not in PURE_MATH:
                self.refuse(node, "is no function of math that both engines compute alike")
        elif owner == "cell":
            if node.attr == "lines":
                self.refuse(node, "is for loops: for line in cell.lines:")
            if node.attr not in self.cls.state:
                self.refuse(node, f'is not declared; write state = {{"{node.attr}": 0.0}}')
        elif owner in self.lines:
            if node.attr not in self.cls.line_state and (written or node.attr != "index"):
                self.refuse(node, f'is not declared; write line_state = {{"{node.attr}": 0.0}}')
        elif owner != "msg" or written:
            self.refuse(node, "looks into something; a handler has cell, line, msg and self")
        elif node.attr not in ("time", "value"):
            self.refuse(node, "is not in a message; it has time and value")

    def call(self, node: ast.Call) -> None:
        """Check a call."""
        path = _dotted(node.func) or ""
        owner, _, name = path.rpartition(".")
        if owner == "cell":
            if name not in ACTS or not _acts(name, node):
                self.refuse(node, f"write {ACTS.get(name, ', '.join(ACTS.values()))}")
        elif owner == "self":
            self.method(node, name)
        elif owner == "math":
            self.expression(node.func, node)
        elif path not in _CALLED or node.keywords:
            self.refuse(node, f"calls something; there are math, the class's methods, {', '.join(sorted(_CALLED))}")
        for argument in (*node.args, *(k.value for k in node.keywords)):
            if not (owner == "self" and isinstance(argument, ast.Name)):  # see `method`
                self.expression(argument, node)

    def method(self, node: ast.Call, name: str) -> None:
        """Check a call of a method of the class."""
        function = getattr(self.cls, name, None)
        code = getattr(function, "__code__", None)
        if code is None:
            self.refuse(node, "calls what is no method of the class")
        if node.keywords:
            self.refuse(node, "hand arguments over by their places")
        names = code.co_varnames[1 : code.co_argcount]
        if len(names) != len(node.args):
            self.refuse(node, f"hands over {len(node.args)} arguments; {name} takes {', '.join(names) or 'none'}")
        for argument, taken in zip(node.args, names, strict=True):
            given = argument.id if isinstance(argument, ast.Name) else ""
            given = "line" if given in self.lines else given
            if (given in _THINGS or taken in _THINGS) and given != taken:
                self.refuse(node, f"{name} takes {', '.join(names)}: what is `cell`, `line` or `msg` keeps that name")
            if given and given not in _THINGS:
                self.expression(argument, node)
        self.called.append(name)

    def refuse(self, node: ast.AST, what: str) -> NoReturn:
        """Raise, naming the place."""
        h = self.handler
        line = h.line + getattr(node, "lineno", 1) - 1
        text = ast.unparse(node).splitlines()[0]
        where = f"{h.file}:{line}: {h.owner}.{h.name}"
        raise LocalityError(f"{where}: `{text}` {what}, {_OTHERWISE}", text, h.owner)


def _acts(name: str, node: ast.Call) -> bool:
    """Whether a call of something that `cell` can do is written as it must be."""
    named = [k.arg for k in node.keywords]
    if name == "wake":
        return len(node.args) == 1 and not named
    first = node.args[0] if node.args else None
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)) or len(node.args) != 2:
        return False
    return not named if name == "note" else named in ([], ["to"]) and first.value != "spike"


def _inner(node: ast.expr) -> ast.expr:
    """What is indexed into, once or several times."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _dotted(node: ast.expr) -> str | None:
    """A name, or two with a dot between them, as text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None
