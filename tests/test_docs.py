"""The documentation tells the truth: its code runs, its output is what it says, no public name is missing."""

import contextlib
import importlib.util
import inspect
import io
import re
import sys
import traceback
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import eventsnn
import eventsnn.neurons
import eventsnn.rules

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "pages").rglob("*.md"))]
RULE_PAGES = sorted((ROOT / "docs" / "pages" / "rules").glob("*.md"))
PUBLIC = sorted(name for name in eventsnn.__all__ if not name.startswith("__"))


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    info: str  # the words after the opening fence
    first: int  # line of its first line, counted from 1
    lines: tuple[str, ...]
    follows: int  # lines other than blank ones between it and the block before

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def fenced_blocks(page: Path) -> list[Block]:
    blocks = []
    fence, indent, first, info, between = "", 0, 0, "", 0
    body: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        opening = re.match(r"( *)(`{3,})(.*)", line)
        if not fence and opening:
            indent, fence, info = len(opening[1]), opening[2], opening[3].strip()
            first, body = number + 1, []
        elif fence and line.strip() == fence:
            blocks.append(Block(info, first, tuple(body), between))
            fence, between = "", 0
        elif fence:
            body.append(line[indent:])
        else:
            between += bool(line.strip())
    assert not fence, f"{page.name}:{first - 1}: this block is never closed"
    return blocks


def executable(page: Path) -> list[tuple[Block, str | None]]:
    """The page's Python blocks, each with the output that the page says it has."""
    pairs = []
    for block, after in pairwise([*fenced_blocks(page), None]):
        words = block.info.split()
        if words[:1] == ["python"] and "no-run" not in words:
            says_output = after is not None and after.info == "text" and after.follows == 0
            pairs.append((block, after.text if says_output else None))
    return pairs


def module_of(page: Path, folder: Path, blocks: list[Block]) -> ModuleType:
    """An empty module whose file holds the page's code at the page's own line numbers, so that tracebacks
    name them and `inspect.getsource` finds the rules and processes that a page declares."""
    lines = [""] * len(page.read_text(encoding="utf-8").splitlines())
    for block in blocks:
        lines[block.first - 1 : block.first - 1 + len(block.lines)] = block.lines
    file = folder / f"{page.stem.replace('-', '_')}_page.py"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    module = ModuleType(file.stem)
    module.__file__ = str(file)
    return module


def run(block: Block, module: ModuleType, page: str) -> str:
    """What the block prints. A failure names the page and its line."""
    file = module.__file__
    printed = io.StringIO()
    try:
        code = compile("\n" * (block.first - 1) + block.text, file, "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, module.__dict__)
    except Exception as error:
        at = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        line = error.lineno if isinstance(error, SyntaxError) else at[-1]
        raise AssertionError(f"{page}:{line}: {type(error).__name__}: {error}") from error
    return printed.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_runs(page, tmp_path, monkeypatch):
    pairs = executable(page)
    module = module_of(page, tmp_path, [block for block, _ in pairs])
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    name = page.relative_to(ROOT).as_posix()
    for block, expected in pairs:
        printed = run(block, module, name)
        if expected is not None:
            assert printed == expected, f"{name}:{block.first}: prints something else than the page says"
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module")
def figures():
    """The module that measures what the pages about rules say."""
    spec = importlib.util.spec_from_file_location("figures_of_rules", ROOT / "docs" / "figures" / "rules.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its processes are found
    spec.loader.exec_module(module)
    return module


SHIPPED = [cls for kind in (eventsnn.neurons, eventsnn.rules) for cls in (getattr(kind, name) for name in kind.__all__)]
MODELS = [cls for cls in SHIPPED if hasattr(cls, "post_state")]
MEASURED = [page for page in RULE_PAGES if "<!-- measured:" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.stem)
def test_what_a_rule_needed_is_what_it_needs(page, figures):
    """Otherwise run docs/figures/rules.py, and look at what has changed."""
    text = page.read_text(encoding="utf-8")
    assert figures.filled(text) == text


def test_every_rule_has_a_page(figures):
    """With a table, and in the navigation."""
    text = {page.stem: page.read_text(encoding="utf-8") for page in RULE_PAGES}
    rules = [cls.__name__ for cls in MODELS if issubclass(cls, eventsnn.Rule) and cls is not eventsnn.Ask]
    assert len(rules) > 10
    named = set(re.findall(r"(?:eventsnn|es)\.(\w+)[\](]", "".join(text.values())))
    assert [name for name in rules if name not in named] == []
    assert len(MEASURED) == len(RULE_PAGES) - 1
    shown = {
        name
        for page in MEASURED
        for found in figures.MARK.finditer(text[page.stem])
        for name in found[2].split(" and ")
    }
    assert shown == set(figures.RULES)
    nav = (ROOT / "docs" / "mkdocs.yml").read_text(encoding="utf-8")
    assert [stem for stem in text if f"rules/{stem}.md" not in nav] == []


@pytest.fixture(scope="module")
def package():
    griffe = pytest.importorskip("griffe")  # as on the reference page, constants have docstrings too
    return griffe.load("eventsnn", search_paths=[ROOT])


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_has_a_docstring(name, package):
    member = package[name]
    found = member.final_target if member.is_alias else member
    assert found.docstring, f"{found.path} ({found.relative_filepath}:{found.lineno}) has no docstring"


def test_reference_page_has_every_public_name():
    page = (ROOT / "docs" / "pages" / "reference.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: eventsnn\.(\w+)$", page, flags=re.MULTILINE))
    modules = {name for name in PUBLIC if isinstance(getattr(eventsnn, name), ModuleType)}
    shown |= modules & set(re.findall(r"^::: eventsnn\.(\w+)\.\w+$", page, flags=re.MULTILINE))
    shown |= {name for name in ("neurons", "rules") if set(getattr(eventsnn, name).__all__) <= set(PUBLIC)}
    missing = [f"::: eventsnn.{name}" for name in PUBLIC if name not in shown]
    assert not missing, "add to docs/pages/reference.md:\n" + "\n".join(missing)


def test_reference_lists_every_method_of_a_network():
    """They stand in the order in which they are used, so each is named."""
    page = (ROOT / "docs" / "pages" / "reference.md").read_text(encoding="utf-8")
    entry = page.split("::: eventsnn.Network\n", 1)[1].split(":::", 1)[0]
    listed = re.findall(r"^ +- (\w+)$", entry, flags=re.MULTILINE)
    assert sorted(listed) == [name for name in dir(eventsnn.Network) if not name.startswith("_")]


def test_ci_runs_the_readme_test_command():
    shell = [block.text for block in fenced_blocks(ROOT / "README.md") if block.info in ("sh", "bash")]
    commands = [line for text in shell for line in text.splitlines() if "pytest" in line]
    assert len(commands) == 1, "the README gives one test command, on one line"
    assert commands[0].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_readme_names_tests_that_exist():
    named = set(re.findall(r"`(test_\w+\.py)`", (ROOT / "README.md").read_text(encoding="utf-8")))
    there = {path.name for path in (ROOT / "tests").glob("test_*.py")}
    assert named
    assert named <= there, f"the README names tests that are not there: {sorted(named - there)}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_a_model_declares_is_described_beside_it(model):
    source = inspect.getsource(model)
    declared = [*vars(model).get("parameters", {}), *model.state, *model.post_state]
    own = [name for name in declared if name in vars(model).get("__annotations__", {})]
    lacking = [name for name in own if not re.search(rf"^    {name}: .*  # \S", source, flags=re.MULTILINE)]
    assert not lacking, f"{model.__name__}: a comment behind each says what it is and in which unit: {lacking}"
