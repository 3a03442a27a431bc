"""The names of the package: each is loaded when first used, whichever comes first, and type checkers know them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import eventsnn as es

ROOT = Path(__file__).parents[1]
STUBS = sorted((ROOT / "eventsnn").rglob("*.pyi"))

FIRST = """
import importlib, sys

def fresh(package):
    for name in [name for name in sys.modules if name.partition(".")[0] == "eventsnn"]:
        del sys.modules[name]
    return importlib.import_module(package)

for package in ("eventsnn", "eventsnn.neurons", "eventsnn.rules"):
    for name in fresh(package).__all__:
        getattr(fresh(package), name)
        print(package, name)
"""

USER = """
import eventsnn as es
from eventsnn.rules import SuperSpike

reveal_type(es.LIF(tau_mem=0.01))
reveal_type(SuperSpike())
reveal_type(es.ms)
reveal_type(es.study.Study)
es.Netwrok
"""


def test_any_name_can_be_the_first():
    done = subprocess.run([sys.executable, "-c", FIRST], cwd=ROOT, capture_output=True, text=True)
    last = done.stdout.splitlines()[-1:]
    assert done.returncode == 0, f"the name after {last}: {done.stderr}"
    assert len(done.stdout.splitlines()) == len(es.__all__) + len(es.neurons.__all__) + len(es.rules.__all__)


def test_all_names_can_be_listed():
    assert {"LIF", "Network", "SuperSpike", "datasets", "ms", "plot", "study"} <= set(es.__all__)
    assert set(dir(es)) >= set(es.__all__)
    assert set(es.rules.__all__) | set(es.neurons.__all__) <= set(es.__all__)


def test_a_name_that_is_not_there_is_missed_with_a_suggestion():
    done = subprocess.run([sys.executable, "-c", "import eventsnn; eventsnn.Netwrok"], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("AttributeError"), last
    assert last.endswith("Did you mean: 'Network'?"), last


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.relative_to(ROOT).as_posix())
def test_type_checkers_see_what_is_loaded(stub):
    """In a stub `import X` is for its own use; only `import X as X` offers a name."""
    imports = [
        node for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
    ]
    names = [name for node in imports for name in node.names]
    assert names
    assert [name.name for name in names if name.asname != name.name] == []


@pytest.mark.slow
def test_a_file_of_a_user_is_checked_against_the_real_classes(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(USER)
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", "--config-file=", *options, str(tmp_path / "user.py")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    found = re.findall(r'Revealed type is "(.*)"$', said, flags=re.MULTILINE)
    assert found[:3] == ["eventsnn.neurons.lif.LIF", "eventsnn.rules.superspike.SuperSpike", "float"], said
    assert found[3].endswith("-> eventsnn.study.runs.Study"), said
    assert 'Module has no attribute "Netwrok"' in said
    assert said.count("error:") == 1, said
