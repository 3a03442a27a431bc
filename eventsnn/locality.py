"""What a handler may touch, checked on its source when its class is made.

A handler is a pure function over its arguments: `self` (parameters), the scopes `cell`, `syn`, `post`, `msg`, and
plain numbers. The check reads the handler's text and refuses everything else. The same proof is what lets the
compiled engine move that text elsewhere: a function that sees only its arguments, numbers and `math` may run anywhere.
"""

import ast
import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from eventsnn.errors import LocalityError

SCOPES = ("cell", "syn", "post", "msg", "epoch")
PURE_BUILTINS = frozenset({"min", "max", "abs", "float", "int", "bool", "range"})
PURE_MATH = frozenset(
    "exp expm1 log log1p sqrt copysign sin cos tan tanh sinh cosh atan atan2 floor ceil fabs "  # noqa: SIM905
    "inf pi e isinf isnan".split()
)
_ARGUMENTS = {"atan2": (2, 2), "copysign": (2, 2), "min": (2, 99), "max": (2, 99), "range": (1, 3)}  # others take one
MESSAGE_FIELDS = frozenset({"time", "value"})

_REFUSED: dict[type, str] = {
    ast.Pow: "uses **, which rounds differently on the two engines; multiply, or use math.exp and math.log",
    ast.Lambda: "makes a function; write a method of the class instead",
    ast.FunctionDef: "makes a function; write a method of the class instead",
    ast.AsyncFunctionDef: "makes a function; write a method of the class instead",
    ast.ClassDef: "makes a class; a handler computes with numbers",
    ast.ListComp: "loops over a collection; a handler sees one element only",
    ast.SetComp: "loops over a collection; a handler sees one element only",
    ast.DictComp: "loops over a collection; a handler sees one element only",
    ast.GeneratorExp: "loops over a collection; a handler sees one element only",
    ast.Subscript: "indexes into something; a handler has scalars only, so declare a State for each number it needs",
    ast.List: "makes a list; declare a State for each number it needs",
    ast.Dict: "makes a dictionary; declare a State for each number it needs",
    ast.Set: "makes a set; declare a State for each number it needs",
    ast.JoinedStr: "makes a string; a handler computes with numbers",
    ast.Import: "imports a module; only math may be used, imported at the top of the file",
    ast.ImportFrom: "imports a module; only math may be used, imported at the top of the file",
    ast.Global: "reaches a global; keep what must be remembered in a State",
    ast.Nonlocal: "reaches an enclosing variable; keep what must be remembered in a State",
    ast.Try: "catches exceptions; test the numbers instead",
    ast.TryStar: "catches exceptions; test the numbers instead",
    ast.Raise: "raises; a handler always ends with a number or nothing",
    ast.Assert: "raises; a handler always ends with a number or nothing",
    ast.Match: "matches a pattern; write if and elif",
    ast.With: "opens a context; a handler computes with numbers",
    ast.Delete: "deletes something; a handler's variables are declared once",
    ast.Yield: "yields; a handler runs at one instant. A process that waits belongs in `net.add(function)`",
    ast.YieldFrom: "yields; a handler runs at one instant. A process that waits belongs in `net.add(function)`",
    ast.Await: "awaits; a handler runs at one instant",
    ast.Starred: "unpacks; a handler computes with scalars",
    ast.NamedExpr: "uses :=, write an assignment",
}


@dataclass
class Declared:
    """What one class declares, and so what its handlers may name."""

    owner: str
    parameters: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    reads: dict[str, set[str] | None] = field(default_factory=dict)  # per scope; None allows any name
    writes: dict[str, set[str]] = field(default_factory=dict)
    functions: dict[str, set[str]] = field(default_factory=dict)  # per scope, names that may be called
    signatures: dict[str, tuple[str, ...]] = field(default_factory=dict)  # arguments of "method" and "part.method"


@dataclass
class Handler:
    """A checked handler: its text, and what it touches."""

    name: str
    arguments: list[str]
    tree: ast.FunctionDef
    file: str
    line: int
    reads: set[tuple[str, str]] = field(default_factory=set)
    writes: set[tuple[str, str]] = field(default_factory=set)

    def uses(self, scope: str) -> bool:
        """Whether the scope occurs in its text."""
        return any(isinstance(n, ast.Name) and n.id == scope for part in self.tree.body for n in ast.walk(part))


def parse(function: Callable[..., object], owner: str, name: str) -> Handler:
    """Read a method's source. Raises LocalityError if it has none, or is not a plain method."""
    plain = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    if code is None:
        raise LocalityError(f"{owner}.{name} is not a plain method; write it with def, without decorators")
    file, line = code.co_filename, code.co_firstlineno
    if plain is not function:
        raise LocalityError(f"{file}:{line}: {owner}.{name} has a decorator; a handler is a plain method")
    try:
        text = textwrap.dedent("".join(inspect.getsourcelines(function)[0]))
    except OSError as error:
        raise LocalityError(f"{file}:{line}: {owner}.{name} has no source to check; put the class in a file") from error
    try:
        tree = ast.parse(text).body[0]
    except SyntaxError:  # a lambda in the midst of something else
        raise LocalityError(f"{file}:{line}: {owner}.{name} is not a plain method; write it with def") from None
    if not isinstance(tree, ast.FunctionDef):
        raise LocalityError(f"{file}:{line}: {owner}.{name} is not a plain method; write it with def")
    return Handler(tree.name, [a.arg for a in tree.args.args], tree, file, line)


def check(function: Callable[..., object], declared: Declared, name: str) -> Handler:
    """Check one handler, the attribute `name` of its class, and return what it touches.

    Raises:
        LocalityError: with file, line, what was tried, and the lawful way to do it.
    """
    handler = parse(function, declared.owner, name)
    checker = _Checker(handler, declared, function)
    checker.check_shape()
    for statement in handler.tree.body:
        checker.visit(statement)
    return handler


class _Checker(ast.NodeVisitor):
    def __init__(self, handler: Handler, declared: Declared, function: Callable[..., object]) -> None:
        self.handler, self.declared = handler, declared
        self.globals = getattr(function, "__globals__", {})
        self.closure = function.__code__.co_freevars
        self.near: ast.AST = handler.tree  # the latest node that has a line
        self.locals = {
            node.id for node in ast.walk(handler.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }

    def refuse(self, node: ast.AST, what: str) -> None:
        node = node if hasattr(node, "lineno") else self.near
        line = self.handler.line + getattr(node, "lineno", 1) - 1
        raise LocalityError(f"{self.handler.file}:{line}: {self.declared.owner}.{self.handler.name} {what}")

    def check_shape(self) -> None:
        tree = self.handler.tree
        if tree.decorator_list:
            self.refuse(tree, "has a decorator; a handler is a plain method")
        a = tree.args
        if a.defaults or a.kw_defaults or a.vararg or a.kwarg or a.kwonlyargs:
            self.refuse(tree, "has default or variable arguments, where state could hide; declare parameters and State")
        if not self.handler.arguments or self.handler.arguments[0] != "self":
            self.refuse(tree, "must take self, its parameters, first")
        if self.closure:
            self.refuse(tree, f"captures {self.closure[0]!r} from around its class; make it a parameter")

    def generic_visit(self, node: ast.AST) -> None:
        if hasattr(node, "lineno"):
            self.near = node
        for kind, why in _REFUSED.items():
            if isinstance(node, kind):
                self.refuse(node, why)
        super().generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return  # a docstring
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if node.value is not None and not isinstance(node.value, (int, float)):
            self.refuse(node, f"uses {node.value!r}; a handler computes with numbers")

    def visit_For(self, node: ast.For) -> None:
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
            self.refuse(node, "loops over a collection; only `for _ in range(...)` over numbers is possible")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        name = node.id
        if isinstance(node.ctx, ast.Store):
            if name in self.handler.arguments and (name == "self" or name in SCOPES):
                self.refuse(node, f"assigns to {name}; its scopes are given, not made")
            return
        if name == "self" or (name in SCOPES and name in self.handler.arguments):
            self.refuse(node, f"passes {name} on as an object; only its declared fields can be used")
        if name in self.handler.arguments or name in self.locals:
            return
        if name in PURE_BUILTINS and name not in self.globals:
            return
        self.refuse(node, f"reads the global {name!r}; a handler sees only its arguments, numbers and math")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = _path(node)
        if path is None:
            self.refuse(node, "takes an attribute of a computed value; only fields of its scopes can be used")
            return
        root, names = path[0], path[1:]
        store = not isinstance(node.ctx, ast.Load)
        if root == "math":
            self._math(node, names)
        elif root == "self":
            self._parameter(node, names, store)
        elif root in SCOPES and root in self.handler.arguments:
            self._field(node, root, names, store)
        else:
            self.refuse(node, f"uses {'.'.join(path)}; a handler sees only its arguments, numbers and math")

    def _math(self, node: ast.AST, names: list[str]) -> None:
        if self.globals.get("math") is not math:
            self.refuse(node, "uses a `math` that is not Python's; write `import math` at the top of the file")
        if len(names) != 1 or names[0] not in PURE_MATH:
            self.refuse(node, f"uses math.{'.'.join(names)}, which is not among {', '.join(sorted(PURE_MATH))}")

    def _parameter(self, node: ast.AST, names: list[str], store: bool) -> None:
        d = self.declared
        if store:
            self.refuse(node, f"writes self.{names[0]}; parameters are shared by all, so declare a State instead")
        if len(names) != 1 or names[0] not in d.parameters:
            known = ", ".join(sorted(d.parameters | d.parts)) or "none"
            self.refuse(node, f"reads self.{'.'.join(names)}; its parameters are {known}")

    def _field(self, node: ast.AST, scope: str, names: list[str], store: bool) -> None:
        name = names[0]
        if len(names) != 1 or name.startswith("_"):
            self.refuse(node, f"reads {scope}.{'.'.join(names)}; only declared fields can be used")
        may_write = self.declared.writes.get(scope, set())
        if store:
            if name not in may_write:
                lawful = ", ".join(f"{scope}.{w}" for w in sorted(may_write)) or f"nothing of {scope}"
                self.refuse(node, f"writes {scope}.{name}; it may write only {lawful}")
            self.handler.writes.add((scope, name))
            return
        may_read = self.declared.reads.get(scope, set())
        if may_read is not None and name not in may_read:
            known = ", ".join(sorted(may_read)) or "nothing"
            self.refuse(node, f"reads {scope}.{name}, which nobody declared; {scope} has {known}")
        self.handler.reads.add((scope, name))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Attribute):  # x += 1 reads x as well
            self.visit(ast.copy_location(ast.Attribute(node.target.value, node.target.attr, ast.Load()), node.target))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if node.keywords:
            self.refuse(node, "calls with keyword arguments; pass them in order")
        signature = self._callee(node)
        for place, argument in enumerate(node.args):
            if isinstance(argument, ast.Name) and argument.id in SCOPES and argument.id in self.handler.arguments:
                if signature[place : place + 1] == (argument.id,):
                    continue
                if signature:
                    self.refuse(node, f"passes {argument.id} on as something else; a scope keeps its name")
            self.visit(argument)
        self._count(node, signature)

    def _callee(self, node: ast.Call) -> tuple[str, ...]:
        """Check what is called; give the names of its arguments if scopes may be handed to it."""
        d, path = self.declared, _path(node.func)
        if path is None:
            self.refuse(node, "calls a computed value; only math, min, max, abs and the class's own methods are called")
            return ()
        called = ".".join(path)
        if len(path) == 1:
            if path[0] not in PURE_BUILTINS or path[0] in self.globals or path[0] in self.locals:
                self.refuse(node, f"calls {called}(); only math, min, max, abs and the class's own methods are called")
            return ()
        if path[0] == "math":
            self._math(node, path[1:])
            return ()
        if path[0] == "self" and ".".join(path[1:]) in d.signatures:
            return d.signatures[".".join(path[1:])]
        if len(path) == 2 and path[1] in d.functions.get(path[0], set()):
            self.handler.reads.add((path[0], path[1]))
            return ()
        self.refuse(node, f"calls {called}(); only math, min, max, abs and the class's own methods are called")
        return ()

    def _count(self, node: ast.Call, signature: tuple[str, ...]) -> None:
        """Check how many arguments are passed."""
        path = _path(node.func) or ["?"]
        exactly = len(signature) if path[0] == "self" else 1
        least, most = _ARGUMENTS.get(path[-1], (exactly, exactly)) if path[0] != "self" else (exactly, exactly)
        if not least <= len(node.args) <= most:
            takes = str(least) if least == most else f"at least {least}"
            self.refuse(node, f"calls {'.'.join(path)}() with {len(node.args)} arguments; it takes {takes}")


def _path(node: ast.expr) -> list[str] | None:
    """a.b.c as its names, or None for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None
