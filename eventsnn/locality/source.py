"""What a handler may touch, checked on its source when its class is made.

A handler is a pure function over its arguments: `self` (parameters), the scopes `cell`, `syn`, `post`, `msg`, and
plain numbers. The check reads the handler's text and refuses everything else. The same proof is what lets the
compiled engine move that text elsewhere: a function that sees only its arguments, numbers and `math` may run anywhere.
"""

import __future__

import ast
import builtins
import inspect
import linecache
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType
from typing import NoReturn

from eventsnn.errors import LocalityError

SCOPES = ("cell", "syn", "post", "msg", "epoch")
ENTRIES = ("begin", "flow", "stale", "fold", "renew", "follow", "only_marked", "unmark")  # beside on_ and at_
PURE_BUILTINS = frozenset({"min", "max", "abs", "float", "int", "bool", "range"})
PURE_MATH = frozenset(
    "exp expm1 log log1p sqrt copysign sin cos tan tanh sinh cosh atan atan2 floor ceil fabs "  # noqa: SIM905
    "inf pi e isinf isnan".split()
)
_CALLABLE = "only math, min, max, abs and the class's own methods are called"
_ARGUMENTS = {"atan2": (2, 2), "copysign": (2, 2), "min": (2, 99), "max": (2, 99), "range": (1, 3)}  # others take one
MESSAGE_FIELDS = frozenset({"time", "value"})

_FUNCTION = "makes a function; write a method of the class instead"
_COLLECTION = "loops over a collection; a handler sees one element only"
_RAISES = "raises; a handler always ends with a number or nothing"
_MEMORY = "; keep what must be remembered in a State"
_WAITS = "a handler runs at one instant. A process that waits belongs in `net.add(function)`"
_ONLY_MATH = "imports a module; only math may be used, imported at the top of the file"

_REFUSED: dict[str, str] = {  # by the name of the node, so that nodes of newer Pythons can be named too
    "Pow": "uses **, which rounds differently on the two engines; multiply, or use math.exp and math.log",
    "Lambda": _FUNCTION,
    "FunctionDef": _FUNCTION,
    "AsyncFunctionDef": _FUNCTION,
    "ClassDef": "makes a class; a handler computes with numbers",
    "ListComp": _COLLECTION,
    "SetComp": _COLLECTION,
    "DictComp": _COLLECTION,
    "GeneratorExp": _COLLECTION,
    "AsyncFor": _COLLECTION,
    "Subscript": "indexes into something; a handler has scalars only, so declare a State for each number it needs",
    "List": "makes a list; declare a State for each number it needs",
    "Dict": "makes a dictionary; declare a State for each number it needs",
    "Set": "makes a set; declare a State for each number it needs",
    "JoinedStr": "makes a string; a handler computes with numbers",
    "TemplateStr": "makes a string; a handler computes with numbers",
    "Import": _ONLY_MATH,
    "ImportFrom": _ONLY_MATH,
    "Global": "reaches a global" + _MEMORY,
    "Nonlocal": "reaches an enclosing variable" + _MEMORY,
    "Try": "catches exceptions; test the numbers instead",
    "TryStar": "catches exceptions; test the numbers instead",
    "Raise": _RAISES,
    "Assert": _RAISES,
    "Match": "matches a pattern; write if and elif",
    "With": "opens a context; a handler computes with numbers",
    "AsyncWith": "opens a context; a handler computes with numbers",
    "Delete": "deletes something; a handler's variables are declared once",
    "Yield": "yields; " + _WAITS,
    "YieldFrom": "yields; " + _WAITS,
    "Await": "awaits; " + _WAITS,
    "Starred": "unpacks; a handler computes with scalars",
    "NamedExpr": "uses :=, write an assignment",
    "AnnAssign": "annotates a variable; every number is a float, so write a plain assignment",
    "Is": "compares objects with `is`; compare numbers with ==",
    "IsNot": "compares objects with `is not`; compare numbers with !=",
    "In": "looks into a collection; compare numbers with ==",
    "NotIn": "looks into a collection; compare numbers with !=",
}
_LAWFUL = (  # everything else is refused, whatever a newer Python may bring
    ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.If, ast.IfExp, ast.For, ast.While, ast.Break, ast.Continue,
    ast.Pass, ast.BoolOp, ast.And, ast.Or, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.BitAnd, ast.BitOr, ast.BitXor, ast.RShift, ast.UnaryOp, ast.Not, ast.UAdd, ast.USub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Call,
    ast.Constant, ast.Attribute, ast.Name, ast.Tuple, ast.Load, ast.Store,
)  # fmt: skip
_REMEMBERS = frozenset({"Global", "Nonlocal", "Yield", "YieldFrom", "Await"})  # breaches in time rather than space
LARGEST = 2**53  # whole numbers beyond it are not exact as floats, and engines would differ


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
    relaxed: dict[str, str] = field(default_factory=dict)  # beginnings of names of variables: what would allow them


@dataclass
class Handler:
    """A checked handler: its text, and what it touches."""

    name: str
    arguments: list[str]
    tree: ast.FunctionDef
    file: str
    line: int
    owner: str = ""
    code: CodeType | None = None  # what was checked; anything else in its place is a breach
    text: str = ""
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
        raise LocalityError(f"{owner}.{name} is not a plain method; write it with def, without decorators", name, owner)
    file, line = code.co_filename, code.co_firstlineno
    where = f"{file}:{line}: {owner}.{name}"
    if plain is not function:
        raise LocalityError(f"{where} has a decorator; a handler is a plain method", name, owner)
    try:
        lines = inspect.getsourcelines(function)[0]
    except OSError as error:
        raise LocalityError(f"{where} has no source to check; put the class in a file", name, owner) from error
    text = "".join(lines)
    try:
        tree = ast.parse(textwrap.dedent(text)).body[0]
    except SyntaxError:  # a lambda in the midst of something else
        tree = ast.Pass()
    if not isinstance(tree, ast.FunctionDef):
        raise LocalityError(f"{where} is not a plain method; write it with def", name, owner)
    return Handler(tree.name, [a.arg for a in tree.args.args], tree, file, line, owner, code, text)


def push_method(owner: str, name: str, scope: str, depth: int) -> Callable[..., None]:
    """The method `push_<name>(self, scope, value)` of a history, made from a text that is checked like any other."""
    moves = [f"    {scope}.{name}_{k} = {scope}.{name}_{k - 1}" for k in range(depth, 1, -1)]
    lines = [f"def push_{name}(self, {scope}, value):", *moves, f"    {scope}.{name}_1 = value", ""]
    text, file = "\n".join(lines), f"<history {name} of {owner}, {depth} deep at {scope}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    made: dict[str, Callable[..., None]] = {}
    exec(compile(text, file, "exec"), made)
    return made[f"push_{name}"]


def is_compiled_from(code: CodeType, text: str, modules: tuple[str, ...] = ("math",)) -> bool:
    """Whether a function's code is what its text compiles to, where these modules are imported.

    Made by `exec` or replaced, it may be anything.
    """
    parts = code.co_qualname.split(".")
    around = f"class {parts[-2]}:\n" if len(parts) > 1 and parts[-2].isidentifier() else "class _:\n"
    inside = text if text[:1] in " \t" else textwrap.indent(text, " ")
    flags = code.co_flags & sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
    for head in (
        "".join(f"import {name}\n" for name in modules),
        "",
    ):  # CPython compiles `math.exp(x)` differently where it sees the import
        module = compile(head + around + inside, code.co_filename, "exec", flags=flags, dont_inherit=True)
        body = next(c for c in module.co_consts if isinstance(c, CodeType))
        if any(isinstance(c, CodeType) and _bare(c) == _bare(code) for c in body.co_consts):
            return True
    return False


def _bare(code: CodeType) -> CodeType:
    """A code object without where it stands, and without its docstring, whose indentation may differ."""
    constants = tuple(None if isinstance(c, str) else c for c in code.co_consts)
    flags = code.co_flags & ~inspect.CO_NESTED
    return code.replace(
        co_filename="", co_firstlineno=1, co_linetable=b"", co_qualname="", co_consts=constants, co_flags=flags
    )


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
    if not is_compiled_from(function.__code__, handler.text):
        what = "does not run the text of its file; write it there, and import that"
        raise LocalityError(f"{handler.file}:{handler.line}: {declared.owner}.{name} {what}", name, declared.owner)
    return handler


class _Checker(ast.NodeVisitor):
    def __init__(self, handler: Handler, declared: Declared, function: Callable[..., object]) -> None:
        self.handler, self.declared = handler, declared
        self.globals = getattr(function, "__globals__", {})
        self.builtins = getattr(function, "__builtins__", {})
        self.closure = function.__code__.co_freevars
        self.near: ast.AST = handler.tree  # the latest node that has a line
        self.locals = {
            node.id for node in ast.walk(handler.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }

    def refuse(self, node: ast.AST, what: str, kind: str = "spatial") -> NoReturn:
        node = node if hasattr(node, "lineno") else self.near
        line = self.handler.line + getattr(node, "lineno", 1) - 1
        owner = f"{self.declared.owner}.{self.handler.name}"
        variable = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else type(node).__name__
        raise LocalityError(f"{self.handler.file}:{line}: {owner} {what}", variable, owner, kind)

    def check_shape(self) -> None:
        tree = self.handler.tree
        if tree.decorator_list:
            self.refuse(tree, "has a decorator; a handler is a plain method")
        a = tree.args
        if a.defaults or a.kw_defaults or a.vararg or a.kwarg or a.kwonlyargs:
            what = "has default or variable arguments, where state could hide; declare parameters and State"
            self.refuse(tree, what, "temporal")
        if a.posonlyargs or getattr(tree, "type_params", None):
            self.refuse(tree, "has arguments of a special kind; write plain ones: (self, ...)")
        if not self.handler.arguments or self.handler.arguments[0] != "self":
            self.refuse(tree, "must take self, its parameters, first")
        if self.closure:
            what = f"captures {self.closure[0]!r} from around its class; make it a parameter"
            self.refuse(tree, what, "temporal")

    def generic_visit(self, node: ast.AST) -> None:
        if hasattr(node, "lineno"):
            self.near = node
        if not isinstance(node, _LAWFUL):
            kind = type(node).__name__
            why = _REFUSED.get(kind, f"uses {kind}; a handler computes with numbers")
            self.refuse(node, why, "temporal" if kind in _REMEMBERS else "spatial")
        super().generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return  # a docstring
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if node.value is not None and not isinstance(node.value, (int, float)):
            self.refuse(node, f"uses {node.value!r}; a handler computes with numbers")
        if isinstance(node.value, int) and abs(node.value) > LARGEST:
            self.refuse(node, f"uses {node.value}, which is not exact as a float; write it with a decimal point")

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
        if name in PURE_BUILTINS:
            self.refuse(node, f"uses {name} as an object; call it: {name}(x)")
        what = f"reads the global {name!r}; a handler sees only its arguments, numbers and math"
        self.refuse(node, what, "temporal" if name in self.globals else "spatial")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = _path(node)
        if path is None:
            self.refuse(node, "takes an attribute of a computed value; only fields of its scopes can be used")
        root, names = path[0], path[1:]
        store = not isinstance(node.ctx, ast.Load)
        if root == "math":
            if store:
                self.refuse(node, f"writes math.{'.'.join(names)}, which all would see; keep it in a State")
            self._math(node, names)
            if callable(getattr(math, names[0])):
                self.refuse(node, f"uses math.{names[0]} as an object; call it: math.{names[0]}(x)")
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
            self.refuse(node, f"reads self.{'.'.join(names)}; its parameters (`name: float = 0.0`) are {known}")

    def _field(self, node: ast.AST, scope: str, names: list[str], store: bool) -> None:
        name = names[0]
        if len(names) != 1 or name.startswith("_"):
            self.refuse(node, f"reads {scope}.{'.'.join(names)}; only declared fields can be used")
        may_write = self.declared.writes.get(scope, set())
        if store:
            if name not in may_write:
                only = "only " + ", ".join(f"{scope}.{w}" for w in sorted(may_write))
                self.refuse(node, f"writes {scope}.{name}; it may write {only if may_write else f'nothing of {scope}'}")
            self.handler.writes.add((scope, name))
            return
        may_read = self.declared.reads.get(scope, set())
        for beginning, lawful in self.declared.relaxed.items():
            if name.startswith(beginning) and name not in (may_write if may_read is None else may_read):
                self.refuse(node, f"reads {scope}.{name}, which nobody declared; {lawful}", "temporal")
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
            wanted = signature[place] if place < len(signature) else ""
            given = argument.id if isinstance(argument, ast.Name) and argument.id in self.handler.arguments else ""
            if given in SCOPES and given == wanted:
                continue
            if given in SCOPES and signature:
                self.refuse(node, f"passes {given} on as something else; a scope keeps its name")
            if wanted in SCOPES:
                self.refuse(node, f"passes something else as {wanted}; only the scope of that name can be passed there")
            self.visit(argument)
        self._count(node, signature)

    def _callee(self, node: ast.Call) -> tuple[str, ...]:
        """Check what is called; give the names of its arguments if scopes may be handed to it."""
        d, path = self.declared, _path(node.func)
        if path is None:
            self.refuse(node, f"calls a computed value; {_CALLABLE}")
        called = ".".join(path)
        if len(path) == 1:
            if path[0] not in PURE_BUILTINS or path[0] in self.locals or not self._is_builtin(path[0]):
                self.refuse(node, f"calls {called}(); {_CALLABLE}")
            return ()
        if path[0] == "math":
            self._math(node, path[1:])
            if not callable(getattr(math, path[1])):
                self.refuse(node, f"calls math.{path[1]}, which is a number")
            return ()
        if path[0] == "self" and ".".join(path[1:]) in d.signatures:
            return d.signatures[".".join(path[1:])]
        if len(path) == 2 and path[1] in d.functions.get(path[0], set()):
            self.handler.reads.add((path[0], path[1]))
            return ()
        self.refuse(node, f"calls {called}(); {_CALLABLE}")

    def _is_builtin(self, name: str) -> bool:
        """Whether a name still means Python's own function, here and in the builtins that this module sees."""
        return name not in self.globals and self.builtins.get(name) is getattr(builtins, name)

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
