"""Benchmarks of `eventsnn bench`, beside other simulators if wanted. Nothing here judges: it measures and reports."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eventsnn.bench.learning import plastic, training
from eventsnn.bench.picture import bars
from eventsnn.bench.results import Result, machine, table
from eventsnn.bench.runners import Options
from eventsnn.bench.startup import startup
from eventsnn.bench.static import balanced, simpy, sparse, threads
from eventsnn.bench.three_factor import rules


@dataclass(frozen=True)
class Benchmark:
    """An entry of `eventsnn bench`."""

    summary: str
    run: Callable[[Options], Iterator[Result]]
    peers: bool = False  # whether --peers means something


BENCHMARKS = {
    "balanced": Benchmark("recurrent networks of 4,000 and 20,000 neurons, one delay and many", balanced, peers=True),
    "sparse": Benchmark("activity from 20 Hz down to none, and the cost of an hour of silence", sparse, peers=True),
    "plastic": Benchmark("each learning rule, in a network of useful size", plastic, peers=True),
    "rules": Benchmark("three-factor rules beside the same rules on a clock: time and accuracy", rules, peers=True),
    "training": Benchmark("handwritten digits, one at a time; an epoch of MNIST", training, peers=True),
    "startup": Benchmark("import, first start and warm start", startup),
    "simpy": Benchmark("the compiled engine beside the reference engine", simpy),
    "threads": Benchmark("one thread of the compiled engine beside two", threads),
}

__all__ = ["BENCHMARKS", "Benchmark", "Options", "Result", "bars", "machine", "table"]
