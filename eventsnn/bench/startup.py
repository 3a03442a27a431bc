"""The benchmark `startup`: how long until the first spikes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import eventsnn
from eventsnn.bench.results import Result, Run, summary
from eventsnn.bench.runners import Options

IMPORT = "import eventsnn"
XOR = """
from eventsnn.demo_runner import module
demo = module("temporal_xor")
net = demo.build(engine={engine!r})
net.run(demo.EPOCH)
"""


def startup(options: Options) -> Iterator[Result]:
    """Wall time of whole processes: nothing, the import, and temporal XOR with and without a kernel from before."""
    xor = XOR.format(engine=options.engine)
    with tempfile.TemporaryDirectory(prefix="eventsnn-bench-") as cache:
        yield measure("Python alone", "pass", cache, options.pick(7, 3, 1))
        yield measure("import eventsnn", IMPORT, cache, options.pick(7, 3, 1))
        yield measure("temporal XOR, four trials, first start ever", xor, cache, 1)
        yield measure("temporal XOR, four trials, warm start", xor, cache, options.pick(7, 3, 1))


def measure(case: str, code: str, cache: str, repetitions: int) -> Result:
    """Wall time from the start of an interpreter to its end."""
    environment = {**os.environ, "EVENTSNN_CACHE": cache}
    runs = []
    for _ in range(repetitions):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        runs.append(Run(time.perf_counter() - begun))
    return summary("startup", case, "eventsnn", f"eventsnn {eventsnn.__version__}", runs)
