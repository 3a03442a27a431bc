"""Runs the demos for the command line: seeds, progress, pictures, saving, and what is reported of each.

A demo is a file of `demos/` that also runs by itself; in an installed package those files are in `eventsnn/_demos`.
"""

import hashlib
import importlib.util
import sys
import time as clock
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eventsnn.errors import EngineError, Interrupted
from eventsnn.network import Network

KEEP_EVERY = 10.0  # seconds of the wall clock from one autosave to the next, at least ...
KEEP_SHARE = 0.03  # ... and so many that saving takes no larger share of the time


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    seed: int | None = None
    seeds: int = 1
    engine: str | None = None
    small: bool = False
    progress: bool = True
    out: Path = Path()
    save: Path | None = None
    resume: Path | None = None
    feedback: str | None = None
    data: Path | None = None
    picture: Path | None = None
    full: bool = False
    rule: str | None = None


Report = dict[str, Any]


def digest(networks: Iterable[Network]) -> str:
    """SHA-256 of what networks did and learned, to compare engines bit by bit.

    Hashed as float64, little-endian, network after network: the spike times [s] of every neuron in their order,
    neuron after neuron, population after population as they were added; then the present weights of every projection
    with a learning rule, in the order of `net.weights`.
    """
    sha = hashlib.sha256()
    for net in networks:
        for population in net.description.populations:
            for train in net.spikes(population).spike_trains().values():
                sha.update(train.astype("<f8").tobytes())
        for projection in net.description.projections:
            if projection.rule is not None:
                sha.update(net.weights(projection).astype("<f8").tobytes())
    return sha.hexdigest()


def module(file: str) -> Any:
    """A demo's module, from the installed package or from the source tree."""
    here = Path(__file__).resolve().parent
    name = f"eventsnn_demo_{file}"
    if name in sys.modules:
        return sys.modules[name]
    for folder in (here / "_demos", here.parent / "demos"):
        path = folder / f"{file}.py"
        if path.is_file():
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            loaded = importlib.util.module_from_spec(spec)
            sys.modules[name] = loaded
            spec.loader.exec_module(loaded)
            return loaded
    raise EngineError(
        f"the demo {file}.py is not in {here / '_demos'} nor in {here.parent / 'demos'}; reinstall eventsnn"
    )


def start(options: Options, build: Callable[..., Network], engine: str = "reference", **settings: Any) -> Network:
    """A new network, on the engine that was asked for or else the demo's own, or the one to resume.

    Raises:
        EngineError: a file that holds another network than this demo's, or a folder that cannot be written to.
    """
    check_folders(options)
    if options.resume is None:
        return build(options.seed or 0, options.engine or engine, **settings)
    try:
        net = Network.load(options.resume, options.engine)
    except FileNotFoundError:
        raise EngineError(f"there is no file {options.resume} to resume from; --save FILE writes one") from None
    seed = net.description.seed
    if options.seed not in (None, seed):
        raise EngineError(f"{options.resume} was started with seed {seed}, not {options.seed}; leave --seed out")
    like = build(seed, net.engine_name, **settings)
    shape = [[(p.name, p.size) for p in n.description.populations] for n in (net, like)]
    if shape[0] != shape[1]:
        raise EngineError(f"{options.resume} holds {shape[0]}, but this demo needs {shape[1]}; give its own file")
    return net


def check_folders(options: Options) -> None:
    """Find out before the work, not after it, whether its results can be written."""
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"cannot make the folder {options.out} ({error}); give another with --out") from error
    if options.save is not None and (options.save.is_dir() or not options.save.absolute().parent.is_dir()):
        raise EngineError(f"cannot save to {options.save}; give the name of a file in a folder that exists")


def follow(
    net: Network,
    steps: Iterable[int],
    options: Options,
    total: int,
    unit: str,
    name: str,
    say: Callable[[Network], str] | None = None,
) -> None:
    """Let a network learn, step by step, with a progress bar that says how well, and keep what it has learned.

    Raises:
        Interrupted: Ctrl-C; the message says how to go on.
    """
    saved, wait = clock.monotonic(), KEEP_EVERY
    try:
        for _ in counted(steps, options, total, unit, lambda: (say or learned)(net)):
            if options.save is not None and (begun := clock.monotonic()) - saved > wait:
                net.save(options.save)
                saved = clock.monotonic()
                wait = max(KEEP_EVERY, (saved - begun) / KEEP_SHARE)
    except KeyboardInterrupt as stop:
        if options.save is None:
            raise Interrupted(f"stopped at {net.now:g} s; nothing was saved, --save FILE would have") from stop
        net.save(options.save)
        how = " --small" * options.small + " --full" * options.full + f" --rule {options.rule}" * bool(options.rule)
        again = f"eventsnn demo {name}{how} --resume {options.save} --save {options.save}"
        raise Interrupted(f"stopped at {net.now:g} s and saved; go on with: {again}") from stop
    if options.save is not None:
        net.save(options.save)


def counted(
    steps: Iterable[int], options: Options, total: int, unit: str, say: Callable[[], str] = str
) -> Iterator[int]:
    """The steps, with a progress bar on stderr; a step is the number of things done so far."""
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, disable=not options.progress, file=sys.stderr) as bar:
        for done in steps:
            bar.update(done - bar.n)
            bar.set_postfix_str(say(), refresh=False)
            yield done


def learned(net: Network) -> str:
    """How many of the latest answers were right, where somebody keeps count."""
    judges = [p for p in net.description.populations if p.name == "teacher" or p.name.startswith("verdict")]
    right = net.notes(judges[-1], "correct")[1][-200:] if judges else ()
    return f"{np.mean(right):.0%} of the latest {len(right)} right" if len(right) else ""


def save_picture(figure: Any, options: Options, name: str) -> str:
    """Write a picture and give its path."""
    path = options.out / f"{name}.png"
    try:
        figure.savefig(path, dpi=150, bbox_inches="tight")
    except OSError as error:
        raise EngineError(f"cannot write the picture {path} ({error}); give another folder with --out") from error
    return str(path)


def pictures() -> Any:
    """`eventsnn.plot`, drawing into files only, so that no screen is needed."""
    import matplotlib

    matplotlib.use("Agg")
    from eventsnn import plot

    return plot


# -- temporal XOR -----------------------------------------------------------------------------------------------------

MOST_EPOCHS = 1000


def epochs_needed(net: Network) -> int | None:
    """The first epoch in which all four patterns, one after another, were answered rightly; None if there was none."""
    correct = net.notes(net.population("teacher"), "correct")[1]
    epochs = correct[: len(correct) // 4 * 4].reshape(-1, 4).all(axis=1)
    return int(epochs.argmax()) + 1 if epochs.any() else None


def run_temporal_xor(options: Options) -> Report:
    """Learn temporal XOR from one seed, or from many."""
    demo = module("temporal_xor")
    begun = clock.monotonic()
    record = ("spikes", "state")  # for the picture
    settings: Report = {"record": record, "feedback": options.feedback or "symmetric"}
    net = start(options, demo.build, **settings)
    seed, engine = net.description.seed, net.engine_name
    needed: list[int | None] = []

    def trained() -> Iterator[Network]:
        if options.seeds == 1:
            if epochs_needed(net) is None:
                epochs = (k for k, _ in enumerate(demo.learn(net, MOST_EPOCHS), start=int(net.now // demo.EPOCH) + 1))
                follow(net, epochs, options, MOST_EPOCHS, "epoch", "temporal-xor")
            needed.append(epochs_needed(net))
            yield net
            return
        for k in counted(range(1, options.seeds + 1), options, options.seeds, "seed"):
            one = net if k == 1 else demo.build(seed + k - 1, engine, **settings)
            for _ in demo.learn(one, MOST_EPOCHS):
                pass
            needed.append(epochs_needed(one))
            yield one

    hashed = digest(trained())
    good = [n for n in needed if n is not None]
    return {
        "seeds": options.seeds,
        "converged": len(good),
        "epochs_median": float(np.median(good)) if good else None,
        "epochs_p95": float(np.percentile(good, 95)) if good else None,
        "hidden": net.population("hidden").size,
        "digest": hashed,
        **describe_xor(net),
        "first_seed": seed,
        "seconds": round(clock.monotonic() - begun, 2),
        "picture": save_picture(picture_of_xor(net, demo), options, "temporal_xor"),
    }


def describe_xor(net: Network) -> Report:
    """The settings on which convergence depends, read from the network itself."""
    hidden, output = (net.projection(name) for name in ("input->hidden", "hidden->output"))
    rule, teacher = output.rule, net.population("teacher").model
    assert rule is not None
    assert output.feedback is not None
    return {
        "engine": net.engine_name,
        "feedback": output.feedback.kind,
        "bound": rule.given["bound"],
        "initialisation": {p.name: repr(p.weight) for p in (hidden, output)},
        "step": repr(rule.given["step"]),
        "cost": repr(rule.given["cost"]),
        "loss": repr(teacher),
        "epochs_most": MOST_EPOCHS,
        "criterion": "all four patterns right in one epoch, presented one by one while learning; a tie is wrong",
    }


def picture_of_xor(net: Network, demo: Any) -> Any:
    """What every neuron did for each pattern in the latest epoch."""
    begin = net.now - demo.EPOCH
    starts = [begin + k * demo.PERIOD for k in range(4)]
    windows = [(start, start + 5.0) for start in starts]  # in the rest of a period nothing happens
    layers = [net.population(name) for name in ("input", "hidden", "output")]
    titles = ["together, early: 0", "second late: 1", "first late: 1", "together, late: 0"]
    plot = pictures()
    return plot.temporal_panel(plot.trials(net, layers, windows, titles=titles))


# -- handwritten digits -----------------------------------------------------------------------------------------------


def run_digits(options: Options) -> Report:
    """Learn handwritten digits, one at a time, and name others that were never trained on."""
    demo = module("first_to_spike_digits")
    begun = clock.monotonic()
    net = start(options, demo.build, "compiled", small=options.small)
    labels = net.population("stimulus").model.labels  # type: ignore[union-attr]
    follow(net, demo.learn(net), options, len(labels), "sample", "digits")
    counts = net.message_counts()
    hidden, output = (net.synapse_state(net.projection(n)) for n in ("pixels->hidden", "hidden->output"))
    correct = net.notes(net.population("teacher"), "correct")
    plot = pictures()
    return {
        "accuracy": round(demo.accuracy(net), 4),
        "samples": int((labels >= 0).sum()),
        "test_samples": int((labels < 0).sum()),
        "hidden": net.population("hidden").size,
        "seconds": round(clock.monotonic() - begun, 2),
        "seed": net.description.seed,
        "engine": net.engine_name,
        "feedback": "symmetric",
        "messages": {"total": sum(counts.values()), **counts},
        "slopes_raised": int(hidden["post.floored"].sum() + output["post.floored"].sum()),
        "sums_lifted": int(hidden["post.sum_lifts"].sum() + output["post.sum_lifts"].sum()),
        "digest": digest([net]),
        "picture": save_picture(plot.learning_curve(correct, window=200).figure, options, "digits"),
    }


def run_erbp_digits(options: Options) -> Report:
    """Learn handwritten digits as Poisson spikes by event-driven random backpropagation."""
    demo = module("erbp_digits")
    begun = clock.monotonic()
    net = start(options, demo.build, "compiled", small=options.small)
    labels = net.population("stimulus").model.labels  # type: ignore[union-attr]
    follow(net, demo.learn(net), options, len(labels), "sample", "erbp-digits")
    right, told = demo.right(net), labels >= 0
    counts = net.message_counts()
    onto = sum(n for name, n in counts.items() if name in ("pixels->hidden 1", "hidden 1->output"))
    times = demo.PERIOD * np.flatnonzero(told)
    curve = pictures().learning_curve((times, right[told].astype(float)), window=200)
    return {
        "accuracy": round(float(right[~told].mean()), 4),
        "samples": int(told.sum()),
        "test_samples": int((~told).sum()),
        "hidden": net.population("hidden 1").size,
        "seconds": round(clock.monotonic() - begun, 2),
        "seed": net.description.seed,
        "engine": net.engine_name,
        "synaptic_events": onto,
        "error_spikes": sum(len(net.spikes(net.population(name))) for name in ("lacking", "too many")),
        "messages": {"total": sum(counts.values()), **counts},
        "digest": digest([net]),
        "picture": save_picture(curve.figure, options, "erbp_digits"),
    }


# -- processes of one's own -------------------------------------------------------------------------------------------


def run_custom_process(options: Options) -> Report:
    """Run processes that a user wrote, for half a second."""
    demo = module("custom_process")
    net = start(options, demo.build)
    try:
        net.run(demo.DURATION, progress=options.progress)
    except KeyboardInterrupt as stop:
        raise Interrupted(f"stopped at {net.now:g} s") from stop
    names = ["input", "burst", "neuron", "ann", "ben"]
    spikes = [net.spikes(net.population(name)) for name in names]
    return {
        "said": demo.said(net),
        "spikes": {name: len(s) for name, s in zip(names, spikes, strict=True)},
        "seed": net.description.seed,
        "engine": net.engine_name,
        "digest": digest([net]),
        "picture": save_picture(pictures().raster(*spikes).figure, options, "custom_process"),
    }


@dataclass(frozen=True)
class Demo:
    """An entry of `eventsnn demo`."""

    summary: str
    file: str  # of the demo, without .py; it defines build() and learn(net) or DURATION
    run: Callable[[Options], Report]
    says: str  # the result in words, a format string over the report
    learns: bool = True
    many_seeds: bool = False
    on_data: bool = False  # learns a data set that may be in a folder
    feedbacks: bool = False  # takes a kind of feedback
    has_full: bool = False  # --full takes longer and shows more
    rules: bool = False  # takes a kind of local error
    on_picture: bool = False  # takes any picture


DEMOS = {
    "temporal-xor": Demo(
        "four hidden neurons learn whether two spikes come together or apart",
        "temporal_xor",
        run_temporal_xor,
        "{converged} of {seeds} networks with {hidden} hidden neurons learned temporal XOR; epochs needed: "
        "median {epochs_median:g}, 95 % within {epochs_p95:g} ({seconds} s)",
        many_seeds=True,
        feedbacks=True,
    ),
    "digits": Demo(
        "handwritten digits as spike times, learned one sample at a time without phases",
        "first_to_spike_digits",
        run_digits,
        "{accuracy:.1%} of {test_samples} digits never trained on are named rightly, after {samples} presentations "
        "({hidden} hidden neurons, {seconds} s)",
    ),
    "erbp-digits": Demo(
        "handwritten digits as Poisson spikes, learned by event-driven random backpropagation without a pause",
        "erbp_digits",
        run_erbp_digits,
        "{accuracy:.1%} of {test_samples} digits never trained on are named rightly, after {samples} presentations "
        "and {synaptic_events} synaptic events ({hidden} hidden neurons, {seconds} s)",
    ),
    "custom-process": Demo(
        "processes of your own: a burst that answers spikes, and two that count by turns",
        "custom_process",
        run_custom_process,
        "ann and ben said {said}; spikes: {spikes}",
        learns=False,
    ),
}
