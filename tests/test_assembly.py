"""How kernels are compiled: what is compiled once, what is kept on disk, and what it depends on."""

import gc
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from numba import types
from numba.core.types.functions import BaseFunction

from eventsnn.engines.assembly import PieceCompiler, compiling
from eventsnn.engines.cache import load

KERNEL = """
import math
from eventsnn.engines.assembly import entry, inlined, inner

OFFSET = {offset}


@inner
def shift(x):
    return x {sign} OFFSET


@inlined
def root(x):
    return math.sqrt(shift(x))


@entry
def run(x):
    return root(x) + {times} * root({literal})
"""


@pytest.fixture
def compile_run(tmp_path, monkeypatch):
    """A function that makes a kernel in an empty folder, and gives its module and its compiled `run`."""
    monkeypatch.setenv("EVENTSNN_CACHE", str(tmp_path))
    load.cache_clear()

    def make(kind=types.float64, offset=2, sign="+", times=1, literal=7.0):
        module = load(KERNEL.format(offset=offset, sign=sign, times=times, literal=literal))
        with compiling():
            return module, module.run.compile((kind,))

    return make


def test_it_computes_what_python_does(compile_run):
    _, run = compile_run()
    assert run(2.0) == math.sqrt(2.0 + 2) + 1 * math.sqrt(7.0 + 2)


def test_a_literal_compiles_nothing_once_more(compile_run):
    module, run = compile_run(types.int64, literal=7)
    assert run(2) == 5.0
    assert list(module.root.overloads) == [(types.int64,)]


def test_other_types_are_other_functions(compile_run):
    module, run = compile_run(types.int64, literal=7.5)
    assert run(2) == 2.0 + math.sqrt(9.5)
    assert set(module.root.overloads) == {(types.int64,), (types.float64,)}


def test_other_kernels_have_it_from_disk(compile_run, monkeypatch):
    compile_run()
    monkeypatch.setattr(PieceCompiler, "define_pipelines", lambda _: pytest.fail("was compiled again"))
    _, run = compile_run(times=2)
    assert run(2.0) == 8.0


RUN = """
import sys
from numba import types
from eventsnn.engines.assembly import compiling
from eventsnn.engines.cache import load

for text in sys.argv[1:]:
    with compiling():
        run = load(text).run.compile((types.float64,))
print(run(2.0))
"""


def test_a_later_process_needs_only_its_own_kernel(tmp_path):
    """Though the function was written for another kernel."""
    texts = [KERNEL.format(offset=2, sign="+", times=times, literal=7.0) for times in (1, 2)]
    for known in (texts, texts[1:]):
        command = [sys.executable, "-c", RUN, *known]
        found = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "EVENTSNN_CACHE": str(tmp_path)}
        )
        assert found.stdout == "8.0\n", found.stderr


@pytest.mark.parametrize(("change", "result"), [({"offset": 9.0}, 8.0), ({"sign": "*"}, 2 * math.sqrt(14.0))])
def test_not_if_anything_that_it_calls_has_changed(compile_run, change, result):
    _, run = compile_run()
    assert run(7.0) == 6.0
    _, run = compile_run(**change)
    assert run(7.0) == result


def test_what_python_cannot_call_raises(compile_run):
    module, _ = compile_run()
    with pytest.raises(ValueError, match="not in list"):
        module.root(2.0)


def test_numba_is_as_before_afterwards():
    find = BaseFunction.get_call_type

    def compile_badly(_):
        with compiling():
            assert BaseFunction.get_call_type is not find
            assert not gc.isenabled()
            raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        assert [type(one.exception()) for one in [pool.submit(compile_badly, k) for k in range(8)]] == [
            ZeroDivisionError
        ] * 8
    assert BaseFunction.get_call_type is find
    assert gc.isenabled()
