"""A study: every setting with every seed, one JSON line per run, resumable, in parallel processes or over MPI."""

import json
import math
import re
import sys
import time as clock
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from eventsnn.errors import EngineError, Interrupted, NetworkError
from eventsnn.study.tables import Results

Run = dict[str, Any]
Metrics = Mapping[str, Callable[[Any], Any]] | Callable[[Any], Mapping[str, Any]]


class Study:
    """Networks that differ in a setting and a seed, each run to its end, and what is measured of each.

    With more than one process all functions have to be importable or self-contained, and on many machines
    (`pool=MPIPoolExecutor()`) importable.

    Args:
        build: makes the network from a setting and a seed.
        settings: for each setting its name and what `build` is given; a relaxation of locality is one entry of it.
        metrics: for each number its name and a function of the finished network; or one function that returns a
            mapping of them. None stands for a number that a run does not have.
        run: how long to run [s], or a function that runs the network to its end.
        name: what the lines of the file are marked with.

    Examples:
        >>> import eventsnn as es
        >>> def build(setting, seed):
        ...     net = es.Network(seed)
        ...     x, y = net.add(es.Poisson(rate=setting["rate"]), 5, name="x"), net.add(es.LIF(), name="y")
        ...     net.connect(x, y, weight=2.0)
        ...     return net
        >>> settings = {f"{rate} Hz": {"rate": float(rate)} for rate in (10, 40)}
        >>> metrics = {"spikes": lambda net: len(net.spikes(net.population("x")))}
        >>> results = Study(build, settings, metrics, run=1.0).run(seeds=range(3), progress=False)
        >>> print(results.csv().splitlines()[0])
        setting,runs,failed,spikes_mean,spikes_sd,spikes_n
    """

    def __init__(
        self,
        build: Callable[[Mapping[str, Any], int], Any],
        settings: Mapping[str, Mapping[str, Any]],
        metrics: Metrics,
        run: float | Callable[[Any], Any],
        name: str = "study",
    ) -> None:
        if not settings or not all(isinstance(one, Mapping) for one in settings.values()):
            raise NetworkError(f"Study: settings is {settings!r}; give {{name: {{...}}, ...}}, at least one")
        if not callable(run) and not 0 <= run < math.inf:
            raise NetworkError(f"Study: run is {run!r}; give seconds, or a function that runs the network")
        self.build, self.settings, self.metrics, self.run_to, self.name = build, dict(settings), metrics, run, name

    def run(
        self,
        seeds: Iterable[int] = range(3),
        file: str | Path | None = None,
        jobs: int = 1,
        pool: Executor | None = None,
        progress: bool = True,
    ) -> Results:
        """Run whatever is not in the file yet, and return the results of all.

        Args:
            file: gets one JSON line per run as it ends. What is there already is not run again, also not a run that
                failed; a last line without its end, as a kill leaves it, is dropped.
            jobs: processes on this machine; more than 1 needs joblib (`pip install 'eventsnn[study]'`).
            pool: an executor in place of `jobs`, such as `mpi4py.futures.MPIPoolExecutor()`.
            progress: show a bar.

        Raises:
            NetworkError: a number of jobs below 1, or a file of another study.
            Interrupted: Ctrl-C; what ended is in the file.
        """
        seeds = [int(seed) for seed in seeds]
        if not isinstance(jobs, int) or jobs < 1:
            raise NetworkError(f"jobs is {jobs!r}; give a whole number of processes from 1")
        if not seeds or len(set(seeds)) < len(seeds):
            raise NetworkError(f"seeds is {seeds}; give at least one, each once")
        wanted = [(name, seed) for name in self.settings for seed in seeds]
        done = {} if file is None else self._done(Path(file))
        left = [one for one in wanted if one not in done]
        try:
            self._work(left, done, file, _ends(self, left, jobs, pool), progress)
        except KeyboardInterrupt as stop:
            kept = "nothing was kept; give a file" if file is None else f"{file} has the others; run it again to go on"
            raise Interrupted(f"stopped after {len(done)} of {len(wanted)} runs; {kept}") from stop
        return Results(self.name, list(self.settings), [done[one] for one in wanted])

    def _work(
        self,
        left: Sequence[Any],
        done: dict[Any, Run],
        file: str | Path | None,
        ends: Generator[Run, None, None],
        progress: bool,
    ) -> None:
        from tqdm import tqdm

        failed = 0
        with tqdm(total=len(left), unit="run", disable=not progress, file=sys.stderr) as bar, closing(ends):
            for run in ends:
                if file is not None:
                    with Path(file).open("a", encoding="utf-8") as out:
                        out.write(json.dumps(run, allow_nan=False) + "\n")
                done[run["setting"], run["seed"]] = run
                failed += run["error"] is not None
                bar.set_postfix_str(f"{run['setting']}" + f", {failed} failed" * bool(failed), refresh=False)
                bar.update()

    def one(self, name: str, seed: int) -> Run:
        """Build, run and measure one network. An error becomes part of the result."""
        begun = clock.process_time()
        run: Run = {
            "study": self.name, "setting": name, "given": plain(self.settings[name]), "seed": seed, "metrics": {},
            "error": None,
        }  # fmt: skip
        try:
            net = self.build(self.settings[name], seed)
            if callable(self.run_to):
                self.run_to(net)
            else:
                net.run(self.run_to)
            measure = self.metrics
            run["metrics"] = plain(measure(net) if callable(measure) else {k: f(net) for k, f in measure.items()})
        except Exception as error:  # whatever it is, the other runs go on
            place = traceback.extract_tb(error.__traceback__)[-1]
            run["error"] = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        run["cpu"] = round(clock.process_time() - begun, 3)
        return run

    def _done(self, file: Path) -> dict[tuple[str, int], Run]:
        """The runs that a file has; a last line without its end is taken off."""
        if not file.exists():
            if not file.absolute().parent.is_dir():
                raise NetworkError(f"there is no folder for {file}; make it first")
            return {}
        content = file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with file.open("r+b") as out:
                out.truncate(len(whole))
        done = {}
        for number, line in enumerate(whole.decode("utf-8").splitlines(), start=1):
            try:
                run = json.loads(line)
                key, mark = (run["setting"], run["seed"]), (run["study"], run["given"])
            except (ValueError, KeyError, TypeError) as error:
                raise NetworkError(f"{file}:{number} is no run of a study; give another file, or mend it") from error
            if key[0] in self.settings and mark != (self.name, plain(self.settings[key[0]])):
                raise NetworkError(
                    f"{file}:{number} is a run of {mark[0]!r} with {key[0]} = {mark[1]}, but here it is {self.name!r} "
                    f"with {plain(self.settings[key[0]])}; give another file"
                )
            done[key] = run
        return done


def _ends(
    study: Study, left: Sequence[tuple[str, int]], jobs: int, pool: Executor | None
) -> Generator[Run, None, None]:
    """The runs as they end."""
    if pool is not None:
        for future in as_completed([pool.submit(study.one, *one) for one in left]):
            yield future.result()
    elif jobs == 1 or len(left) < 2:
        for one in left:
            yield study.one(*one)
    else:
        try:
            from joblib import Parallel, delayed
        except ImportError as error:
            raise EngineError("more than one process needs joblib: pip install 'eventsnn[study]'") from error
        parallel = Parallel(n_jobs=min(jobs, len(left)), return_as="generator_unordered")
        yield from parallel(delayed(study.one)(*one) for one in left)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers that are not finite become None, other objects their text."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, str) else re.sub(r" at 0x[0-9a-f]+", "", repr(value))
