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


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh process has loaded after some code."""
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def test_import_is_cheap():
    loaded = loaded_by("import eventsnn")
    assert "numpy" not in loaded
    assert [name for name in loaded if name.startswith("eventsnn.")] == []


def test_names_load_what_they_need():
    loaded = loaded_by("from eventsnn import LIF, Network, SpikeTimeGradient, SpikeTrain, all_to_all")
    assert "eventsnn.rules.spike_time" in loaded
    assert {"numba", "matplotlib", "h5py", "mpi4py", "tqdm", "simpy"} & loaded == set()
    assert {
        "eventsnn.paths",
        "eventsnn.datasets",
        "eventsnn.report",
        "eventsnn.store",
        "eventsnn.rules.stdp",
    } & loaded == set()


def test_the_command_line_loads_no_rule_that_takes_time_to_write():
    loaded = loaded_by("import eventsnn.cli")
    assert "eventsnn.bench" in loaded
    assert {"numba", "matplotlib", "eventsnn.rules.superspike", "eventsnn.rules.eprop"} & loaded == set()
