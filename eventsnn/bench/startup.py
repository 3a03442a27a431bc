"""The benchmark `startup`: how long until the first spikes."""

import compileall
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import eventsnn
from eventsnn.bench.results import Result, Run, summary
from eventsnn.bench.runners import Options

NAMES = "from eventsnn import LIF, Network, Poisson, SpikeTimeGradient, all_to_all, uniform"
XOR = """
from eventsnn.demo.runner import module
demo = module("temporal_xor")
net = demo.build(engine={engine!r}, feedback={feedback!r})
net.run(demo.EPOCH)
"""


def startup(options: Options) -> Iterator[Result]:
    """CPU time of whole processes: nothing, imports, and temporal XOR with and without a kernel from before.

    Names are imported when first used, so the import alone says little; beside it are those that a first script uses,
    and NumPy, which they need. One kernel has to be compiled that shares most of its functions with one from before:
    weights of the way back are learned there.
    """
    xor, other = (XOR.format(engine=options.engine, feedback=way) for way in ("symmetric", "learned"))
    with tempfile.TemporaryDirectory(prefix="eventsnn-bench-") as cache:
        compileall.compile_dir(Path(eventsnn.__file__).parent, quiet=2)  # whoever installs a package has the bytecode
        yield measure("Python alone", "pass", cache, options.pick(7, 3, 1))
        yield measure("import numpy", "import numpy", cache, options.pick(7, 3, 1))
        yield measure("import eventsnn", "import eventsnn", cache, options.pick(7, 3, 1))
        yield measure("import eventsnn, and what a first script uses of it", NAMES, cache, options.pick(7, 3, 1))
        yield measure("temporal XOR, four trials, first start ever", xor, cache, 1)
        yield measure("temporal XOR, four trials, learned feedback, its first start", other, cache, 1)
        yield measure("temporal XOR, four trials, warm start", xor, cache, options.pick(7, 3, 1))


def measure(case: str, code: str, cache: str, repetitions: int) -> Result:
    """CPU time from the start of an interpreter to its end; without other load, that is how long it takes.

    Python may keep the bytecode of modules, whatever is set here.
    """
    environment = {**os.environ, "EVENTSNN_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    runs = []
    for _ in range(repetitions):
        begun = children()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        runs.append(Run(children() - begun))
    return summary("startup", case, "eventsnn", f"eventsnn {eventsnn.__version__}", runs)


def children() -> float:
    """CPU time [s] of all processes that this one has started and seen end."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
