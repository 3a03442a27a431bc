"""Benchmarks of fixed weights: `balanced`, `sparse`, `simpy`, `threads`."""

import time
from collections.abc import Iterator
from dataclasses import replace

import eventsnn
from eventsnn.bench import circuits
from eventsnn.bench.results import Result, Run, summary
from eventsnn.bench.runners import WARM_UP, Options, Ours, side_by_side
from eventsnn.network import Network
from eventsnn.neurons import LIF
from eventsnn.patterns import fixed_indegree


def balanced(options: Options) -> Iterator[Result]:
    """Recurrent networks in balance, with one delay and with many."""
    sizes = options.pick(
        full=[(4000, 400, 0.5, 7), (20000, 1000, 0.2, 5)], quick=[(4000, 400, 0.2, 3)], tiny=[(50, 10, 0.05, 2)]
    )
    for n, k, duration, repetitions in sizes:
        for spread in (False, True):
            c = circuits.balanced(n, k, WARM_UP + duration * repetitions, options.seed, spread)
            yield from side_by_side("balanced", c, duration, repetitions, options)


def sparse(options: Options) -> Iterator[Result]:
    """Activity going down, simulated time going up, and silence."""
    n, k, repetitions = options.pick(full=(4000, 400, 5), quick=(4000, 100, 2), tiny=(50, 10, 2))
    durations = options.pick(
        full={20.0: 0.5, 10.0: 0.5, 5.0: 1.0, 2.0: 1.0, 0.5: 2.0, 0.1: 4.0, 0.0: 4.0},
        quick={20.0: 0.2, 0.5: 1.0, 0.0: 1.0},
        tiny={20.0: 0.1, 0.0: 0.1},
    )
    for rate, duration in durations.items():
        c = circuits.driven(n, k, rate, WARM_UP + duration * repetitions, options.seed)
        yield from side_by_side("sparse", c, duration, repetitions, options)
    yield silence(options)


def silence(options: Options) -> Result:
    """What it costs to simulate neurons that nothing happens to."""
    n, duration = options.pick(full=(1_000_000, 3600.0), quick=(100_000, 3600.0), tiny=(100, 10.0))
    begun = time.perf_counter()
    net = Network(options.seed, options.engine)
    cells = net.add(LIF(), n)
    net.connect(cells, cells, delay=circuits.DELAY, pattern=fixed_indegree(10))
    net.run(WARM_UP)
    build = time.perf_counter() - begun
    runs = []
    for _ in range(3):
        begun = time.process_time()
        net.run(duration)
        runs.append(Run(time.process_time() - begun))
    known = {"seed": options.seed, "neurons": n, "synapses": 10 * n, "simulated": duration, "build": build}
    case = f"{n:,} x 10, silent for {duration:g} s"
    return summary("sparse", case, "eventsnn", f"eventsnn {eventsnn.__version__}", runs, **known)


def simpy(options: Options) -> Iterator[Result]:
    """The compiled engine and the reference engine, which runs on SimPy, side by side on one network."""
    n, k, duration, repetitions = options.pick(
        full=(1000, 100, 0.1, 5), quick=(500, 50, 0.1, 2), tiny=(50, 10, 0.05, 2)
    )
    c = circuits.balanced(n, k, WARM_UP + duration * repetitions, options.seed)
    ours = [Ours(c, duration, engine, engine) for engine in (options.engine, "reference")]
    yield from side_by_side("simpy", c, duration, repetitions, options, ours)


def threads(options: Options) -> Iterator[Result]:
    """One thread of the compiled engine and two, side by side on one network: wall time, not CPU time."""
    n, k, duration, repetitions = options.pick(
        full=(20000, 1000, 0.2, 5), quick=(4000, 400, 0.2, 3), tiny=(50, 10, 0.05, 2)
    )
    c = circuits.balanced(n, k, WARM_UP + duration * repetitions, options.seed)
    c = replace(c, name=f"{c.name}, wall time")
    numbers = (1, 2) if options.engine == "compiled" else (1,)
    ours = [Ours(c, duration, options.engine, f"threads={m}", m, time.perf_counter) for m in numbers]
    yield from side_by_side("threads", c, duration, repetitions, options, ours)
