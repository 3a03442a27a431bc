"""Benchmarks of `eventsnn bench`, beside other simulators if wanted. Nothing here judges: it measures and reports."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eventsnn.bench.picture import bars
from eventsnn.bench.results import Result, machine, table
from eventsnn.bench.runners import Options


@dataclass(frozen=True)
class Benchmark:
    """An entry of `eventsnn bench`."""

    summary: str
    run: Callable[[Options], Iterator[Result]]
    peers: bool = False  # whether --peers means something


def later(module: str, name: str) -> Callable[[Options], Iterator[Result]]:
    """A function whose module is loaded when it runs: some load all rules, which takes time."""

    def run(options: Options) -> Iterator[Result]:
        results: Iterator[Result] = getattr(importlib.import_module(f"{__name__}.{module}"), name)(options)
        return results

    return run


BENCHMARKS = {
    "balanced": Benchmark(
        "recurrent networks of 4,000 and 20,000 neurons, one delay and many", later("static", "balanced"), peers=True
    ),
    "sparse": Benchmark(
        "activity from 20 Hz down to none, and the cost of an hour of silence", later("static", "sparse"), peers=True
    ),
    "plastic": Benchmark("each learning rule, in a network of useful size", later("learning", "plastic"), peers=True),
    "rules": Benchmark(
        "three-factor rules beside the same rules on a clock: time and accuracy",
        later("three_factor", "rules"),
        peers=True,
    ),
    "training": Benchmark(
        "handwritten digits, one at a time; an epoch of MNIST", later("learning", "training"), peers=True
    ),
    "startup": Benchmark("import, first start and warm start", later("startup", "startup")),
    "simpy": Benchmark("the compiled engine beside the reference engine", later("static", "simpy")),
    "threads": Benchmark("one thread of the compiled engine beside two", later("static", "threads")),
}

__all__ = ["BENCHMARKS", "Benchmark", "Options", "Result", "bars", "machine", "table"]
