"""The package keeps its shape: arrows point down, files and functions stay short, importing it is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "eventsnn").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_import_contracts(monkeypatch, capfd):
    linter = pytest.importorskip("importlinter.cli")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", sys.path[:])  # the linter prepends the working directory
    exit_code = linter.lint_imports(no_cache=True, no_logo=True)
    assert exit_code == 0, capfd.readouterr().out


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_file_is_short(path):
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST_FILE, f"{relative(path)} has {length} lines; split it"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_functions_are_short(path):
    too_long = [
        f"{relative(path)}:{node.lineno}: {node.name} has {length} lines"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not too_long, "\n".join(too_long)


def test_import_is_cheap():
    code = "import sys, eventsnn; print(*{'numba', 'matplotlib', 'h5py', 'mpi4py'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [], "import eventsnn loads these; import them where they are used"
