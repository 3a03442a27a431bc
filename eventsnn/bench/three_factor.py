"""The benchmark `rules`: three-factor rules, exact and at events, beside the same rules on a clock.

Poisson spikes of `rate` reach every neuron from every source, and each neuron gets errors of either sign. Both engines
get the same spikes and errors, on a grid of 0.1 ms, which does the clock a favour. Weights do not change on the way, so
that gradients can be compared; a synaptic event is a spike that reaches a synapse, and all time is divided by these.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import eventsnn
from eventsnn.bench.circuits import STEP, poisson_on_grid
from eventsnn.bench.results import Result, Run, summary
from eventsnn.bench.runners import Options, peers
from eventsnn.model import Rule
from eventsnn.network import Network
from eventsnn.neurons import LIF, AdaptiveLIF, ErrorNeuron, SpikeTrain
from eventsnn.patterns import one_to_one
from eventsnn.rules import AdaptiveEProp, EProp, ErrorTriggered, LocalError, Sgd, SuperSpike

DELAY = 10 * STEP  # of spikes and of errors [s]
ERRORS = 5.0  # error messages to each neuron [1/s]
ON_A_CLOCK = (SuperSpike, EProp, LocalError, ErrorTriggered)
CLOCKED = "clocked 0.1 ms"
PEERS = ("nest eprop_iaf, 0.1 ms", "nest eprop_iaf, 1 ms")  # of EProp; see `worker`
VERSION = f"eventsnn {eventsnn.__version__}"


@dataclass(frozen=True)
class Lesson:
    """The spikes and errors of a network: sources or neurons, and steps, in order of time."""

    neurons: int
    sources: int
    rate: float
    duration: float
    seed: int
    source: np.ndarray = field(init=False)
    at: np.ndarray = field(init=False)
    wrong: np.ndarray = field(init=False)
    wrong_at: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        source, t = poisson_on_grid(rng, self.sources, self.rate, self.duration)
        wrong, wrong_t = poisson_on_grid(rng, self.neurons, ERRORS, self.duration)
        for name, value in (("source", source), ("wrong", wrong)):
            object.__setattr__(self, name, value)
        for name, value in (("at", t), ("wrong_at", wrong_t)):
            object.__setattr__(self, name, np.rint(value / STEP).astype(np.int64))

    @property
    def weight(self) -> float:
        """What brings neurons to their threshold."""
        return 200.0 / (self.sources * self.rate)

    @property
    def sign(self) -> np.ndarray:
        """Of the errors of each neuron."""
        return 1.0 - 2.0 * (np.arange(self.neurons) % 2)

    def arrays(self) -> dict[str, np.ndarray]:
        """What a peer is told, whose delta pulses bring as much voltage as a current of 5 ms does in 20 ms."""
        numbers = {"neurons": self.neurons, "sources": self.sources, "weight": 0.25 * self.weight}
        return {name: np.asarray(value) for name, value in numbers.items()} | {"source": self.source, "at": self.at}

    def drive(self, begin: float, end: float) -> Any:
        """What arrives in [begin, end), for the clocked twin."""
        from eventsnn.bench.clocked import Drive

        first, steps, late = round(begin / STEP), round((end - begin) / STEP), round(DELAY / STEP)
        places = [first - late + np.arange(steps + 1)] * 2
        s, e = (np.searchsorted(at, k) for at, k in zip((self.at, self.wrong_at), places, strict=True))
        return Drive(self.source, s, self.wrong, self.sign[self.wrong], e)


def network(lesson: Lesson, rule: Rule, engine: str) -> Network:
    """The sources, the neurons with the rule, a source of errors for each; at the end all that is due is learned."""
    net = Network(lesson.seed, engine)
    neuron = AdaptiveLIF() if isinstance(rule, AdaptiveEProp) else LIF()
    x = net.add(SpikeTrain(trains(lesson.source, lesson.at, lesson.sources)), name="x", record=())
    y = net.add(neuron, lesson.neurons, name="y")
    net.connect(x, y, rule, weight=lesson.weight, delay=DELAY)
    teacher = net.add(SpikeTrain(trains(lesson.wrong, lesson.wrong_at, lesson.neurons)), name="teacher", record=())
    voice = net.add(ErrorNeuron(), lesson.neurons, name="voice", record=())
    net.connect(teacher, voice, weight=1.0, pattern=one_to_one())
    net.connect(voice, y, port="error", weight=lesson.sign, delay=DELAY, pattern=one_to_one())
    judge = net.add(tell_once, name="judge", at=lesson.duration - 1e-9)
    net.connect(judge, y, port="apply")
    return net


def tell_once(cell: Any, at: float) -> Any:
    """A process that says once when to learn."""
    yield cell.until(at)
    cell.send("apply")


def trains(who: np.ndarray, at: np.ndarray, size: int) -> list[list[float]]:
    """The spike times [s] of each."""
    order = np.argsort(who, kind="stable")
    ends = np.cumsum(np.bincount(who, minlength=size))[:-1]
    return [(STEP * train).tolist() for train in np.split(at[order], ends)]


def arrivals(lesson: Lesson, begin: float, end: float) -> int:
    """Synaptic events in [begin, end)."""
    low, high = (round((t - DELAY) / STEP) for t in (begin, end))
    return lesson.neurons * int(np.searchsorted(lesson.at, high) - np.searchsorted(lesson.at, low))


def measure(lesson: Lesson, kind: Any, piece: float, options: Options, case: str = "") -> Iterator[Result]:
    """A rule at events, and on a clock where there is such a twin: a piece each by turns, after the rest as warm-up."""
    rule: Any = kind(step=Sgd(lr=1e-12))
    repetitions = options.pick(full=5, quick=3, tiny=2)
    warm = lesson.duration - repetitions * piece
    begun = time.perf_counter()
    net = network(lesson, rule, options.engine)
    net.run(until=warm)
    builds, runs = {"eventsnn": time.perf_counter() - begun}, {"eventsnn": list[Run]()}
    twin = None
    if kind in ON_A_CLOCK and not case:
        begun = time.perf_counter()
        twin = on_a_clock(lesson, rule)
        twin.run(lesson.drive(0.0, warm))
        builds[CLOCKED], runs[CLOCKED] = time.perf_counter() - begun, []
    with ExitStack() as stack:
        others = peers(lesson, piece, options, PEERS, warm) if kind is EProp and not case else []
        for peer in others:
            stack.enter_context(peer)
            builds[peer.engine], runs[peer.engine] = peer.build, []
        for k in range(repetitions):
            begin, end = warm + k * piece, warm + (k + 1) * piece
            events, before = arrivals(lesson, begin, end), len(net.spikes(net.population("y")))
            begun = time.process_time()
            net.run(until=end)
            seconds, spikes = time.process_time() - begun, len(net.spikes(net.population("y"))) - before
            runs["eventsnn"].append(Run(seconds, events, spikes))
            if twin is not None:
                drive = lesson.drive(begin, end)
                begun = time.process_time()
                twin.run(drive)
                runs[CLOCKED].append(Run(time.process_time() - begun, events))
            for peer in others:
                seconds, fired = peer.run()
                runs[peer.engine].append(Run(seconds, events, len(fired)))
        versions = {"eventsnn": VERSION, CLOCKED: "numba"} | {peer.engine: peer.version for peer in others}
    errors = disagreement(lesson, kind, options) if twin is not None else {}
    size = f"{kind.__name__}, {lesson.neurons:,} x {lesson.sources:,}, {lesson.rate:g} Hz"
    known = {"seed": lesson.seed, "neurons": lesson.neurons, "synapses": lesson.neurons * lesson.sources}
    for engine, done in runs.items():
        about = {**known, "simulated": piece, "build": builds[engine], "error": errors.get(engine)}
        about["neurons"] = None if engine == CLOCKED else known["neurons"]  # the twin's spikes are not recorded
        yield summary("rules", size + case, engine, versions[engine], done, **about)


def on_a_clock(lesson: Lesson, rule: Any) -> Any:
    """The clocked twin."""
    from eventsnn.bench.clocked import Twin

    return Twin(rule, LIF(), np.full((lesson.neurons, lesson.sources), lesson.weight), STEP)


def disagreement(lesson: Lesson, kind: Any, options: Options) -> dict[str, float]:
    """How far gradients are from those of finer steps: the largest difference, relative to the largest gradient."""
    end = options.pick(full=0.4, quick=0.3, tiny=0.05)
    short = Lesson(min(lesson.neurons, 20), lesson.sources, lesson.rate, end, lesson.seed)

    def exact(finer: float) -> np.ndarray:
        net = network(short, kind(step=Sgd(lr=1.0), when="apply", panel=finer * kind.panel), options.engine)
        plastic = net.description.projections[0]
        net.run(until=end)
        pre, post = net.edges(plastic)
        gradient = np.zeros((short.neurons, short.sources))
        gradient[post, pre] = short.weight - net.weights(plastic)
        return gradient

    truth, ours = exact(0.25), exact(1.0)
    twin = on_a_clock(short, kind(step=Sgd(lr=1.0)))
    twin.run(short.drive(0.0, end))
    found = {"eventsnn": ours, CLOCKED: twin.gradient}
    if np.array_equal(ours, truth):  # steps are closed, so finer ones say nothing; the tests have 50 digits
        del found["eventsnn"]
    scale = float(np.abs(truth).max()) or 1.0
    return {engine: float(np.abs(gradient - truth).max()) / scale for engine, gradient in found.items()}


def silence(options: Options) -> Result:
    """An hour in which nothing arrives, at neurons whose synapses are due a change."""
    neurons, sources, duration = options.pick(full=(1000, 100, 3600.0), quick=(1000, 100, 3600.0), tiny=(10, 3, 10.0))
    lesson = Lesson(neurons, sources, 10.0, 0.2, options.seed)
    begun = time.perf_counter()
    net = network(lesson, SuperSpike(step=Sgd(lr=1e-12)), options.engine)
    net.run(0.3)
    build, runs = time.perf_counter() - begun, []
    for _ in range(3):
        begun = time.process_time()
        net.run(duration)
        runs.append(Run(time.process_time() - begun))
    known = {"seed": options.seed, "neurons": neurons, "synapses": neurons * sources, "simulated": duration}
    case = f"SuperSpike, {neurons:,} x {sources:,}, silent for {duration:g} s"
    return summary("rules", case, "eventsnn", VERSION, runs, build=build, **known)


def rules(options: Options) -> Iterator[Result]:
    """Each rule; then how the cost grows with inputs, neurons, activity and simulated time; then silence."""
    n, k, piece, many, usual, long = options.pick(
        full=(100, 100, 2.0, 1000, 2.0, 60.0), quick=(100, 100, 1.0, 1000, 2.0, 20.0), tiny=(4, 5, 0.02, 8, 0.04, 0.1)
    )
    # A piece is long beside what it takes to begin a run; `usual` is a warm-up after which neurons have as many epochs
    # as they get.
    count = options.pick(full=5, quick=3, tiny=2)

    def lesson(neurons: int, sources: int, rate: float, piece: float, warm: float = usual) -> Lesson:
        return Lesson(neurons, sources, rate, warm + count * piece, options.seed)

    for kind in (SuperSpike, EProp, AdaptiveEProp, LocalError, ErrorTriggered):
        yield from measure(lesson(n, k, 10.0, piece), kind, piece, options)
    for kind in (SuperSpike, EProp):
        yield from measure(lesson(n, many, 10.0, piece / 4), kind, piece / 4, options)
    yield from measure(lesson(n, k, 1.0, 4 * piece), SuperSpike, 4 * piece, options)
    if options.size != "quick":
        yield from measure(lesson(10 * n, k, 10.0, piece), SuperSpike, piece, options)
    yield from measure(lesson(n, k, 10.0, piece, long), SuperSpike, piece, options, f" after {long:g} s")
    yield silence(options)
