"""`eventsnn report NAME`: runs a demo, or the network that a user's file builds, and reports what its rules needed."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventsnn.demo import runner
from eventsnn.demo.entries import DEMOS
from eventsnn.errors import EngineError
from eventsnn.network import Network
from eventsnn.report import LocalityReport


@dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    name: str  # of a demo, or path of a file
    seed: int = 0
    engine: str | None = None
    small: bool = False
    duration: float | None = None  # [s]
    progress: bool = True


def report(wanted: Wanted) -> tuple[dict[str, Any], LocalityReport]:
    """Build, measure, run and report.

    A file has a function `build`, which takes any of `seed`, `engine` and `small` and returns a network. It runs for
    `duration` seconds; without that, as long as the file's generator `learn(net)` goes on, or for its `DURATION`.

    Returns:
        What was run, and the report.

    Raises:
        EngineError: no such demo or file, or a file from which no network can be built.
    """
    file = module(wanted.name)
    net = call(file.build, seed=wanted.seed, engine=wanted.engine, small=wanted.small or None)
    if not isinstance(net, Network):
        raise EngineError(f"{wanted.name}: build() returned {net!r}; it has to return an eventsnn.Network")
    net.measure()
    if wanted.duration is not None:
        net.run(wanted.duration, progress=wanted.progress)
    elif hasattr(file, "learn"):
        follow(file.learn(net), net, wanted)
    elif hasattr(file, "DURATION"):
        net.run(file.DURATION, progress=wanted.progress)
    else:
        raise EngineError(f"{wanted.name} has neither learn(net) nor DURATION; say how long to run it with --duration")
    return {"name": wanted.name, "seed": net.description.seed, "engine": net.engine_name}, net.report()


def module(name: str) -> Any:
    """A demo's module, or that of a user's file."""
    if name in DEMOS:
        found = runner.module(DEMOS[name].file)
        if not hasattr(found, "build"):
            raise EngineError(f"the demo {name} runs many networks and has no build(); report one that has")
        return found
    path = Path(name)
    if not path.is_file():
        raise EngineError(f"there is no demo {name!r} and no such file; demos: {', '.join(DEMOS)}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise EngineError(f"{path} is no Python file; give one that defines build()")
    found = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, found)  # annotations of classes are looked up there
    try:
        spec.loader.exec_module(found)
    except SyntaxError as error:
        raise EngineError(f"{path}:{error.lineno}: {error.msg}") from error
    if not callable(getattr(found, "build", None)):
        raise EngineError(f"{path} defines no build(); write a function that returns a network")
    return found


def call(function: Callable[..., Any], **given: Any) -> Any:
    """Call a function with those of the arguments that it takes and that were given."""
    takes = inspect.signature(function).parameters
    for name, value in given.items():
        if value is not None and name not in takes and name != "seed":
            raise EngineError(f"{function.__name__}() takes no {name}; leave --{name} out")
    return function(**{name: value for name, value in given.items() if value is not None and name in takes})


def follow(steps: Iterable[Any], net: Network, wanted: Wanted) -> None:
    """Let a network learn, with a progress bar."""
    from tqdm import tqdm

    with tqdm(disable=not wanted.progress, file=sys.stderr, unit=" s simulated", unit_scale=True) as bar:
        for _ in steps:
            bar.update(net.now - bar.n)
