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
from eventsnn.graph import Projection
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
    hidden: int | None = None
    passes: int | None = None
    data: Path | None = None
    picture: Path | None = None
    full: bool = False
    rule: str | None = None


Report = dict[str, Any]


def digest(networks: Iterable[Network]) -> str:
    """SHA-256 of what networks did and learned, to compare engines bit by bit.

    Hashed as float64, little-endian, network after network: the recorded spike times [s] of every neuron in order,
    neuron after neuron, population after population as they were added; then the present weights of every projection
    with a learning rule, in the order of `net.weights`.
    """
    sha = hashlib.sha256()
    for net in networks:
        for population in net.description.populations:
            if "spikes" not in population.record:
                continue
            for train in net.spikes(population).spike_trains().values():
                sha.update(train.astype("<f8").tobytes())
        for projection in net.description.projections:
            if projection.rule is not None:
                sha.update(net.weights(projection).astype("<f8").tobytes())
    return sha.hexdigest()


def module(file: str) -> Any:
    """A demo's module, from the installed package or from the source tree."""
    here = Path(__file__).resolve().parent.parent
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
        how += "".join(f" --{name} {n}" for name in ("hidden", "passes") if (n := getattr(options, name)))
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


def arrived(net: Network, projection: Projection) -> float:
    """Spikes that reached the synapses of a projection; one that waits for a learned delay is two messages."""
    waits = projection.rule is not None and "delay" in projection.rule.synapse_state
    return net.message_counts()[projection.name] / (2 if waits else 1)


def delivered(net: Network) -> int:
    """Spikes that reached the synapses of learning projections."""
    return int(sum(arrived(net, p) for p in net.description.projections if p.rule is not None))


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
    sizes: bool = False  # takes a number of hidden neurons
    repeats: bool = False  # takes a number of passes over the data
    has_full: bool = False  # --full takes longer and shows more
    rules: bool = False  # takes a kind of local error
    on_picture: bool = False  # takes any picture
