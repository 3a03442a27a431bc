"""Engines that run one circuit: this package's in this process, peers in processes of their own, by turns."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

import eventsnn
from eventsnn.bench import circuits
from eventsnn.bench.circuits import Circuit
from eventsnn.bench.results import Result, Run, summary
from eventsnn.errors import EngineError
from eventsnn.graph import Population
from eventsnn.network import Network
from eventsnn.neurons import LIF, SpikeTrain
from eventsnn.patterns import edges
from eventsnn.rules import PairSTDP

WARM_UP = 0.1  # [s] of model time before anything is measured
PEERS = ("nest iaf_psc_exp", "nest iaf_psc_exp_ps_lossless", "brian2")


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    size: str = "full"  # "full", "quick" (a minute or less), or "tiny" (to see that it works)
    peers: bool = False
    python: dict[str, str] = field(default_factory=dict)  # the interpreter that has a peer, where it is not this one
    seed: int = 1
    engine: str = "compiled"  # "reference" is for tests

    def pick(self, full: Any, quick: Any, tiny: Any) -> Any:
        """What belongs to the size."""
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]


class Missing(EngineError):
    """A peer that is not installed."""


def warn(message: str) -> None:
    """A line on stderr."""
    print("eventsnn:", message, file=sys.stderr)


class Runner(Protocol):
    """Something that runs one circuit in equal pieces."""

    engine: str
    version: str
    build: float  # wall time until all was ready [s]

    def run(self) -> tuple[float, np.ndarray]:
        """CPU time [s] of a piece, and the neurons that fired in it, once for each spike."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def network(c: Circuit, engine: str, threads: int = 1) -> tuple[Network, Population]:
    """A circuit in this package: the network and its neurons."""
    net = Network(c.seed, engine, threads=threads)
    model = LIF(
        tau_mem=circuits.TAU_MEM,
        tau_syn=circuits.TAU_SYN,
        t_refractory=circuits.T_REFRACTORY,
        v_threshold=circuits.THRESHOLD,
    )
    cells = net.add(model, c.size, name="cells", v=c.v, i_bias=c.i_bias)
    sources = net.add(SpikeTrain([train.tolist() for train in c.trains()]), name="sources", record=())
    net.connect(sources, cells, weight=c.input_weight, delay=circuits.DELAY, pattern=edges(c.input_pre, c.input_post))
    plastic = c.plastic if c.plastic.size else np.zeros(len(c.pre), bool)
    step, w_max = circuits.STEP_STDP, circuits.W_MAX
    stdp = PairSTDP(tau_plus=circuits.TAU_STDP, tau_minus=circuits.TAU_STDP, a_plus=step, a_minus=step, w_max=w_max)
    for which, rule in ((plastic, stdp), (~plastic, None)):
        if which.any():
            delay = c.delay[which] if c.delay.ndim else float(c.delay)
            pattern = edges(c.pre[which], c.post[which])
            net.connect(cells, cells, rule, weight=c.weight[which], delay=delay, pattern=pattern)
    return net, cells


class Ours:
    """This package.

    Args:
        label: what results call it. threads: of the compiled engine; with several of them, CPU time tells little.
        clock: what reads the time [s].
    """

    version = f"eventsnn {eventsnn.__version__}"

    def __init__(
        self,
        c: Circuit,
        duration: float,
        engine: str,
        label: str = "eventsnn",
        threads: int = 1,
        clock: Callable[[], float] = time.process_time,
    ):
        begun = time.perf_counter()
        self.engine, self.duration, self.clock = label, duration, clock
        self.net, self.cells = network(c, engine, threads)
        self.net.run(WARM_UP)
        self.build = time.perf_counter() - begun

    def run(self) -> tuple[float, np.ndarray]:
        """Go on for another piece."""
        before = len(self.net.spikes(self.cells))
        begun = self.clock()
        self.net.run(self.duration)
        seconds = self.clock() - begun
        return seconds, self.net.spikes(self.cells).i[before:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Explicit(Protocol):
    """What a peer is told: a network as arrays by name."""

    def arrays(self) -> dict[str, np.ndarray]: ...


class Peer:
    """Another simulator, in a process of its own.

    Raises:
        Missing: its interpreter does not have it.
        EngineError: it failed; the message has its last line.
    """

    def __init__(self, c: Explicit, duration: float, engine: str, python: str, warm_up: float = WARM_UP):
        begun = time.perf_counter()
        self.engine = engine
        self.home = tempfile.TemporaryDirectory(prefix="eventsnn-bench-")
        self.folder = Path(self.home.name)
        np.savez(self.folder / "circuit.npz", **c.arrays())  # type: ignore[arg-type]
        worker = str(Path(__file__).with_name("worker.py"))
        command = [python, worker, engine, str(self.folder), str(warm_up), str(duration)]
        self.log = self.folder / "log"
        try:
            with self.log.open("w") as log:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
                )
        except OSError as error:
            self.home.cleanup()
            raise EngineError(f"cannot start {python} for {engine}: {error}") from error
        try:
            self.version = self._answer()["version"]
        except BaseException:
            self.__exit__()
            raise
        self.build = time.perf_counter() - begun

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            lines = self.log.read_text(errors="replace").strip().splitlines()
            raise EngineError(f"{self.engine} failed: {lines[-1] if lines else 'it said nothing'}")
        answer: dict[str, Any] = json.loads(line)
        if "missing" in answer:
            raise Missing(answer["missing"])
        return answer

    def run(self) -> tuple[float, np.ndarray]:
        """Another piece."""
        assert self.process.stdin is not None
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        seconds = float(self._answer()["seconds"])
        return seconds, self.spikes()[1]

    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Times [s] and neurons of the spikes of the latest piece; of the warm-up if there was none."""
        with np.load(self.folder / "spikes.npz") as kept:
            return kept["t"], kept["i"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()  # nothing more to do: it ends
        self.process.terminate()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.home.cleanup()


def peers(
    c: Explicit, duration: float, options: Options, engines: Sequence[str] = PEERS, warm_up: float = WARM_UP
) -> list[Peer]:
    """The peers that are there, each ready to run; for the others a line on stderr."""
    found = []
    for engine in engines if options.peers else ():
        name = engine.split()[0]
        python = options.python.get(name, sys.executable)
        try:
            found.append(Peer(c, duration, engine, python, warm_up))
        except Missing as error:
            warn(f"skipped {engine}: {error} ({python})")
        except EngineError as error:
            warn(f"skipped {engine}: {error}")
    return found


def side_by_side(
    name: str, c: Circuit, duration: float, repetitions: int, options: Options, ours: Sequence[Ours] = ()
) -> list[Result]:
    """Every engine runs the circuit, a piece each by turns.

    Args:
        ours: this package in several ways; by default the engine of the options, and the peers.
    """
    with ExitStack() as stack:
        runners: list[Runner] = [*ours] or [Ours(c, duration, options.engine), *peers(c, duration, options)]
        for runner in runners:
            stack.enter_context(runner)
        pieces: list[list[Run]] = [[] for _ in runners]
        for k in range(repetitions):
            begin = WARM_UP + k * duration
            for runner, piece in zip(runners, pieces, strict=True):
                seconds, spikes = runner.run()
                begin_of = WARM_UP if runner.engine == "brian2" else begin  # which runs the same piece again and again
                piece.append(Run(seconds, c.events(spikes, begin_of, begin_of + duration), len(spikes)))
        known = {"seed": c.seed, "neurons": c.size, "synapses": c.synapses, "simulated": duration}
        return [
            summary(name, c.name, r.engine, r.version, piece, build=r.build, **known)
            for r, piece in zip(runners, pieces, strict=True)
        ]
