"""Imports a user's file and finds every breach of locality in it, not only the first.

A class with a breach cannot be made. So the file is run with the statement in question taken out, line by line as it
stands, and again, until it runs: what was said on the way is the list.
"""

import ast
import inspect
import linecache
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

from eventsnn.errors import EventsnnError, LocalityError
from eventsnn.locality import sharing
from eventsnn.processes import FunctionProcess, Process

MOST = 200  # breaches


def load(path: Path) -> tuple[ModuleType, list[str]]:
    """A file as a module, without the statements that breach locality, and what was wrong with them.

    Raises:
        EventsnnError: the file cannot be read or run for another reason; says where.
    """
    name = f"checked_{path.stem}"
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found: list[str] = []
    dropped: set[str] = set()
    for _ in range(MOST):
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module  # annotations of classes are looked up there
        source = "\n".join(lines) + "\n"
        linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
        try:
            exec(compile(source, str(path), "exec"), module.__dict__)
            break
        except EventsnnError as error:
            line = _line(error, path)
            message = str(error) if str(error).startswith(f"{path}:") else f"{path}:{line}: {error}"
            if message in found:
                break
            found.append(message)
            lines = _mended(lines, line, str(error), dropped)
        except Exception as error:
            if isinstance(error, NameError) and error.name in dropped:  # it needs a class that could not be made
                lines = _mended(lines, _line(error, path), "", dropped)
                continue
            said = error.msg if isinstance(error, SyntaxError) else error
            what = f"{path}:{_line(error, path)}: {type(error).__name__}: {said}"
            if found:
                break  # what follows from the breaches is of no interest
            raise EventsnnError(f"{what}; the file has to run by itself before it can be checked") from error
    linecache.checkcache(str(path))
    linecache.cache.pop(str(path), None)
    return module, found + shared(module)


def shared(module: ModuleType) -> list[str]:
    """What the processes of a module share with each other, or with another member of their own population."""
    found: list[str] = []
    processes = [(p, 2, processes_of(module)[p]) for p in processes_of(module)]
    for group in (*([one] for one in processes), [(name, 1, one) for name, _, one in processes]):
        try:
            sharing.check(group)
        except LocalityError as error:
            if str(error) not in found:
                found.append(str(error))
    return found


def processes_of(module: ModuleType) -> dict[str, Process]:
    """The user processes that a module defines: generator functions, and classes that can be made without arguments."""
    found: dict[str, Process] = {}
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isgeneratorfunction(thing):
            parameters = list(inspect.signature(thing).parameters.values())[1:]
            given = {
                p.name: 1.0
                for p in parameters
                if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            }
            found[name] = FunctionProcess(thing, **given)
        elif inspect.isclass(thing) and issubclass(thing, Process):
            try:
                found[name] = thing()
            except TypeError:  # it needs arguments, so it is checked in a network only
                continue
    return found


def _line(error: Exception, path: Path) -> int:
    """Where in the file an error arose: as it says itself, or the innermost line of the file on the way to it."""
    said = re.match(re.escape(str(path)) + r":(\d+): ", str(error))
    if said:
        return int(said[1])
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return error.lineno
    places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line: int = (places or [1])[-1] or 1
    named = re.match(r"(\w+)\.(\w+)\b", str(error))  # such as `Rule.tau has no default`
    for node in ast.walk(ast.parse("".join(linecache.getlines(str(path))))) if named else ():
        if isinstance(node, ast.ClassDef) and named and node.name == named[1]:
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == named[2]:
                    line = int(part.lineno)
    return line


def _mended(lines: list[str], line: int, message: str, dropped: set[str]) -> list[str]:
    """The lines without the statement of one of them; everything else stays where it is."""
    tree = ast.parse("\n".join(lines))
    around = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and _first(n) <= line <= (n.end_lineno or 0)]
    if not around:
        return ["" for _ in lines]
    node = max(around, key=lambda n: (_first(n), -(n.end_lineno or 0)))
    end = node.end_lineno or node.lineno
    text = "pass"
    if isinstance(node, (ast.FunctionDef, ast.If, ast.While, ast.For)) and node.body[0].lineno > node.lineno:
        head = _head(node, message)
        if head is not None:
            text, end = head, node.body[0].lineno - 1
    elif isinstance(node, ast.ClassDef):
        dropped.add(node.name)
    elif isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, (ast.Yield, ast.YieldFrom)):
        # A process that waits unlawfully waits lawfully instead: without any wait its loop would never end.
        names = [ast.unparse(t) for t in node.targets] if isinstance(node, ast.Assign) else []
        text = " = ".join([*names, f"yield {_handle(tree, node)}.receive()"])
    elif isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
        text = " = ".join([*(ast.unparse(t) for t in node.targets), "0.0"])
    elif isinstance(node, ast.AnnAssign) and not isinstance(node.value, ast.Constant):
        text = f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)} = 0.0"
    elif isinstance(node, ast.Return) and node.value is not None:
        text = "return 0.0"
    start = _first(node)
    indent = " " * node.col_offset
    return [*lines[: start - 1], indent + text, *[""] * (end - start), *lines[end:]]


def _handle(tree: ast.Module, node: ast.stmt) -> str:
    """The name of the handle in the process that a statement belongs to."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and node in ast.walk(n)]
    names = [a.arg for a in functions[-1].args.args] if functions else []
    return next((name for name in names if name != "self"), "cell")


def _first(node: ast.stmt) -> int:
    """The first line of a statement, with its decorators."""
    starts: list[int] = [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]
    return min(starts)


def _head(node: ast.FunctionDef | ast.If | ast.While | ast.For, message: str) -> str | None:
    """The first line of a compound statement without what was wrong with it; None if it stays wrong."""
    if isinstance(node, ast.For):
        return f"for {ast.unparse(node.target)} in range(1):"
    if isinstance(node, (ast.If, ast.While)):
        return "if 0.0 < 1.0:" if isinstance(node, ast.If) else "while 1.0 < 0.0:"
    wanted = re.search(r"must be (\w+\([\w, ]*\))", message)
    plain = f"{node.name}({', '.join(a.arg for a in node.args.args)})"
    wanted_head = wanted[1] if wanted else plain
    same = ast.unparse(node.args) == ", ".join(a.arg for a in node.args.args) and not node.decorator_list
    return None if same and wanted_head == plain else f"def {wanted_head}:"
