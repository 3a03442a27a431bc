"""Benchmarks of learning: `plastic` (each rule at work) and `training` (handwritten digits, one at a time)."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

import eventsnn
from eventsnn import datasets, rules
from eventsnn.bench import circuits
from eventsnn.bench.closed_form import BATCH, SLOPE, Batches
from eventsnn.bench.results import Result, Run, summary
from eventsnn.bench.runners import WARM_UP, Missing, Options, side_by_side, warn
from eventsnn.datasets import Samples
from eventsnn.distributions import uniform
from eventsnn.model import Rule
from eventsnn.network import Network
from eventsnn.neurons import IF, LIF, AdaptiveLIF, EscapeLIF, LabelInput, Latency, Poisson, RateInput, TwoCompartment
from eventsnn.patterns import fixed_indegree
from eventsnn.rules import ERBP, Adam, Clip, SpikeTimeGradient, WeightSum
from eventsnn.stimulus import Stimulus
from eventsnn.synapses import published
from eventsnn.teachers import FirstToSpike
from eventsnn.wiring import connect_erbp

LAYERS = ("hidden", "output")  # those that learn
PERIOD = 6.0  # time from one sample to the next, in time constants of the synapses
RATE = 0.0005  # learning rate
SHARPNESS = 3.0  # of the loss
EPOCH = 60_000  # samples, for MNIST
VERSION = f"eventsnn {eventsnn.__version__}"


def race(samples: Samples, hidden: int, options: Options, batch: int = 1) -> Network:
    """Inputs, hidden neurons and ten outputs, of which the first to spike names the class; as in the digits demo.

    With a `batch`, weights change after so many samples, and the gradient is that of `Batches`, with no remedy.
    """
    inputs = samples.times.shape[1]
    times = samples.times if samples.levels is None else samples.levels[samples.times]
    active = np.isfinite(times).sum(axis=1).mean()  # inputs that spike in a sample
    net = Network(options.seed, options.engine)
    x = net.add(Latency(), inputs, name="input", record=())
    h = net.add(IF(), hidden, name="hidden")
    y = net.add(IF(), 10, name="output")
    alone = batch == 1
    parts = {"step": Adam(lr=RATE), "clip": Clip(slope=SLOPE), "cost": WeightSum(sum=2.0, rate=0.01 * alone)}
    below, above = (SpikeTimeGradient(mode=m, **parts) for m in ("gather", "immediate" if alone else "accumulate"))
    net.connect(x, h, below, weight=uniform(0.0, 8.0 / active))
    net.connect(h, y, above, weight=uniform(0.0, 16.0 / hidden), feedback="symmetric")
    loss = FirstToSpike(outputs=10, patience=5.0, sharpness=SHARPNESS, tau=1.0 if alone else np.inf)
    teacher = net.teach(y, loss)
    stimulus = Stimulus(samples.times, samples.labels, PERIOD, levels=samples.levels, batch=batch)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher)
    return net


def measure_race(name: str, case: str, samples: Samples, hidden: int, options: Options) -> Result:
    """Learn from some samples at a time, again and again."""
    piece, repetitions = options.pick(full=(200, 7), quick=(50, 3), tiny=(2, 2))
    begun = time.perf_counter()
    net = race(samples, hidden, options)
    net.run(piece * PERIOD)
    build = time.perf_counter() - begun
    runs = [timed(net, piece * PERIOD, LAYERS) for _ in range(repetitions)]
    neurons = sum(net.population(layer).size for layer in LAYERS)
    synapses = sum(len(s) for s in net.plan.synapses if s.rule is not None)
    known = {"seed": options.seed, "neurons": neurons, "synapses": synapses, "build": build, "samples": piece}
    return summary(name, case, "eventsnn", VERSION, runs, **known)


def timed(net: Network, duration: float, layers: Sequence[str]) -> Run:
    """Let a network go on; spikes are those of some layers."""

    def counts() -> tuple[int, int]:
        return sum(net.message_counts().values()), sum(len(net.spikes(net.population(layer))) for layer in layers)

    messages, spikes = counts()
    begun = time.process_time()
    net.run(duration)
    seconds = time.process_time() - begun
    now = counts()
    return Run(seconds, now[0] - messages, now[1] - spikes)


def spike_time_gradient(options: Options) -> Iterator[Result]:
    """784 inputs, of which an eighth spikes in a sample, 400 hidden neurons, 10 outputs; random samples."""
    inputs, hidden = options.pick(full=(784, 400), quick=(784, 100), tiny=(20, 8))
    rng = np.random.default_rng(options.seed)
    times = np.where(rng.random((400, inputs)) < 1 / 8, rng.uniform(0.0, 2.0, (400, inputs)), np.inf)
    samples = Samples(times, rng.integers(0, 10, 400))
    case = f"SpikeTimeGradient, {inputs}-{hidden}-10, messages forth and back"
    yield measure_race("plastic", case, samples, hidden, options)


def pair_stdp(options: Options) -> Iterator[Result]:
    """The balanced network with STDP among its excitatory neurons, whose weights hardly move."""
    n, k, duration, repetitions = options.pick(
        full=(4000, 400, 0.5, 7), quick=(1000, 100, 0.2, 3), tiny=(50, 10, 0.05, 2)
    )
    c = circuits.with_stdp(circuits.balanced(n, k, WARM_UP + duration * repetitions, options.seed))
    yield from side_by_side("plastic", c, duration, repetitions, options)


def arriving(kind: type[Rule], options: Options) -> Iterator[Result]:
    """Poisson spikes at 10 Hz reach neurons through synapses with a rule; no errors, which cost something each."""
    n, k, piece, repetitions = options.pick(full=(1000, 100, 0.5, 5), quick=(300, 30, 0.2, 3), tiny=(10, 3, 0.02, 2))
    rule = kind()
    neuron = next(m for m in (LIF(), AdaptiveLIF(), TwoCompartment(), EscapeLIF()) if rule.sees() <= published(m))
    net = Network(options.seed, options.engine)
    x, y = net.add(Poisson(rate=10.0), n, name="x", record=()), net.add(neuron, n, name="y")
    net.connect(x, y, rule, weight=20.0 / k, delay=1e-3, pattern=fixed_indegree(k))
    begun = time.perf_counter()
    net.run(WARM_UP)
    build = time.perf_counter() - begun
    runs = [timed(net, piece, ["y"]) for _ in range(repetitions)]
    known = {"seed": options.seed, "neurons": n, "synapses": n * k, "build": build, "simulated": piece}
    yield summary("plastic", f"{kind.__name__}, {n:,} x {k:,}", "eventsnn", VERSION, runs, **known)


def erbp(options: Options) -> Iterator[Result]:
    """As the other rules; and two hidden layers that learn from a stream of random pictures and their labels.

    Settings are those of `demo erbp-mnist-deep`, with larger weights: so random pictures make hidden neurons fire
    about as often as digits do.
    """
    yield from arriving(ERBP, options)
    inputs, hidden, repetitions = options.pick(full=(784, 500, 7), quick=(784, 100, 3), tiny=(20, 8, 2))
    rng, period = np.random.default_rng(options.seed), 0.05
    begun = time.perf_counter()
    net = Network(options.seed, options.engine)
    x = net.add(RateInput(train="regular"), inputs, name="pixels", record=())
    labels = net.add(LabelInput(interval=4e-3), 10, name="labels", record=(), label=np.arange(10.0))
    between = np.where(rng.random((100, inputs)) < 1 / 4, 1.0 / rng.uniform(20.0, 200.0, (100, inputs)), np.inf)
    stimulus = net.stimulate(Stimulus(between, rng.integers(0, 10, 100), period), x, teacher=labels)
    rests = [TwoCompartment(tau_syn=2e-3, t_refractory=t, tau_error=12e-3) for t in (6e-3, 3e-3, 2.1e-3)]
    how: dict[str, Any] = {
        "neuron": rests,
        "lr": 2.5e-5,
        "hidden_lr": (0.04, 0.01),
        "init": 4.0,
        "error_weight": 0.77,
        "i_bias": 0.4,
    }
    layers = connect_erbp(net, x, labels, (hidden, hidden), told_by=stimulus, **how)
    net.run(10 * period)
    build = time.perf_counter() - begun
    runs = [timed(net, 10 * period, [layer.name for layer in layers.layers]) for _ in range(repetitions)]
    synapses = sum(len(s) for s in net.plan.synapses if s.rule is not None)
    known = {"seed": options.seed, "neurons": 2 * hidden + 10, "synapses": synapses, "build": build}
    case = f"ERBP, {inputs}-{hidden}-{hidden}-10, with errors"
    yield summary("plastic", case, "eventsnn", VERSION, runs, **known, simulated=10 * period)


SHIPPED = [kind for kind in (getattr(rules, name) for name in rules.__all__) if isinstance(kind, type)]
RULES: dict[str, Callable[[Options], Iterator[Result]]] = {
    **{kind.__name__: partial(arriving, kind) for kind in SHIPPED if issubclass(kind, Rule)},
    "SpikeTimeGradient": spike_time_gradient,
    "PairSTDP": pair_stdp,
    "ERBP": erbp,
}


def plastic(options: Options) -> Iterator[Result]:
    """Every rule that is shipped, in a network of useful size."""
    for measure in RULES.values():
        yield from measure(options)


def training(options: Options) -> Iterator[Result]:
    """Handwritten digits, one at a time: 64 pixels, 100 hidden neurons, 10 outputs; and an epoch of MNIST."""
    train, _ = datasets.digits(early=0.0, late=2.0, silent=True)
    hidden = options.pick(full=100, quick=100, tiny=8)
    yield measure_race("training", f"digits, 64-{hidden}-10, one at a time", train, hidden, options)
    try:
        yield from epoch(datasets.mnist()[0], options)
    except FileNotFoundError as error:
        warn(f"skipped MNIST: {error}")


def epoch(samples: Samples, options: Options) -> Iterator[Result]:
    """Seconds for 60,000 digits, from fewer: one at a time, and in batches; with `--peers` beside batches by PyTorch.

    All begin with the same weights, and learn from the same digits in the same order, a piece each by turns.
    """
    hidden, piece, repetitions = options.pick(full=(350, 500, 3), quick=(350, 100, 2), tiny=(8, 2, 2))
    inputs, times, begun = samples.times.shape[1], EPOCH / piece, time.perf_counter()
    ways = ["one at a time", f"in batches of {BATCH}"]
    nets = [race(samples, hidden, options, batch) for batch in (1, BATCH)]
    weights = [nets[0].matrix(p) for p in nets[0].description.projections if p.rule is not None]
    peer = batches(samples, weights) if options.peers else None
    for net in nets:
        net.run(piece * PERIOD)
    known = {"build": time.perf_counter() - begun, "synapses": sum(w.size for w in weights), "seed": options.seed}
    ours: list[list[Run]] = [[] for _ in nets]
    theirs = []
    if peer is not None:
        peer.run(piece)
    for _ in range(repetitions):
        for net, runs in zip(nets, ours, strict=True):
            run = timed(net, piece * PERIOD, LAYERS)
            runs.append(Run(run.seconds * times, round(run.events * times)))
        if peer is not None:
            theirs.append(Run(peer.run(piece) * times))
    known |= {"samples": EPOCH, "neurons": hidden + 10}
    cases = [f"MNIST, {inputs}-{hidden}-10, {EPOCH:,} digits, from {piece * repetitions:,}, {way}" for way in ways]
    for case, runs in zip(cases, ours, strict=True):
        yield summary("training", case, "eventsnn", VERSION, runs, **known)
    if peer is not None:
        yield summary("training", cases[-1], peer.engine, peer.version, theirs, **known)


def batches(samples: Samples, weights: list[np.ndarray]) -> Batches | None:
    """The peer, if PyTorch is there; or else a line on stderr."""
    try:
        return Batches(samples, weights, SHARPNESS, [RATE, RATE])
    except Missing as error:
        warn(f"skipped {Batches.engine}: {error}")
        return None
