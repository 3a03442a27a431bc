"""`Network`: describe, run, look, save. The one object that a user holds."""

import importlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eventsnn import freedoms
from eventsnn.errors import EngineError, NetworkError
from eventsnn.footprint import refuse_what_cannot_fit
from eventsnn.graph import Description, Population, Projection, check_record, find, way_back
from eventsnn.looking import Looking
from eventsnn.model import Neuron, Rule, Source
from eventsnn.neurons.sources import SpikeTrain
from eventsnn.patterns import Pattern, all_to_all, one_to_one
from eventsnn.plan import Plan, make_plan
from eventsnn.playback import Playback
from eventsnn.ports import check_ports
from eventsnn.processes import FunctionProcess, Process
from eventsnn.record import Recorder
from eventsnn.relax import Relaxation, check_allowed, check_needs, exact_time
from eventsnn.stopwatch import stopwatch

if TYPE_CHECKING:
    from eventsnn.report import Measurement

ENGINES = {"reference": "ReferenceEngine", "compiled": "CompiledEngine"}


class Network(Looking):
    """Populations, projections, and an engine that runs them.

    Args:
        seed: everything random follows from it and from names.
        engine: "reference" (SimPy, plain Python) or "compiled" (Numba, fast); both give the same bits.
        threads: with "compiled", how many threads share the neurons of a population whenever many messages wait for
            them; the bits do not depend on it.
        time: `exact_time`, or `grid(dt)`: messages arrive at multiples of dt.
        allow: names of the relaxations of locality that may be used; None allows all that are asked for.
        guard: on the reference engine, seal handlers and guard what they see (see `relaxations` and the background
            pages); without it a run is up to twice as fast, and gives the same bits.

    Examples:
        >>> net = Network(seed=1)
        >>> x = net.add(SpikeTrain([0.0, 0.01]), name="x")
        >>> y = net.add(LIF(), name="y")
        >>> xy = net.connect(x, y, weight=8.0, delay=0.001)
        >>> len(net.run(0.1).spikes(y))
        3
    """

    def __init__(
        self,
        seed: int = 0,
        engine: str = "reference",
        *,
        threads: int = 1,
        time: Relaxation = exact_time,
        allow: Iterable[str | Relaxation] | None = None,
        guard: bool = True,
    ) -> None:
        if engine not in ENGINES:
            raise EngineError(f"there is no engine {engine!r}; there are {', '.join(ENGINES)}")
        if not isinstance(threads, int) or threads < 1 or (threads > 1 and engine != "compiled"):
            raise EngineError(f"threads is {threads!r}; give a whole number from 1; more than 1 needs 'compiled'")
        if not isinstance(seed, (int, np.integer)):
            raise NetworkError(f"seed is {seed!r}; give a whole number")
        self.description = Description(seed=int(seed), grid=freedoms.step_of(time), allow=check_allowed(allow))
        self.engine_name, self.guard, self.threads = engine, bool(guard), threads
        self.recorder = Recorder()
        self._plan: Plan | None = None
        self._engine: Any = None
        self._parameters: list[Any] = []
        self._measurement: Measurement | None = None

    def __repr__(self) -> str:
        d = self.description
        return (
            f"<Network: {len(d.populations)} populations, {len(d.projections)} projections, "
            f"{self.engine_name} engine, at {self.now:g} s>"
        )

    # -- describing -----------------------------------------------------------------------------------------------

    def add(
        self,
        model: Neuron | Source | Process | Callable[..., Any],
        size: int | None = None,
        *,
        name: str | None = None,
        record: tuple[str, ...] | list[str] = ("spikes",),
        **initial: Any,
    ) -> Population:
        """Add a population.

        Args:
            model: a neuron or source model, a `Process`, or a generator function `f(cell)`.
            size: number of members; 1 unless the model says otherwise.
            name: unique; random numbers follow from it.
            record: "spikes", "state" (every neuron's state at any time), or nothing.
            initial: initial state: numbers, arrays or distributions. For a generator function: its arguments.

        Raises:
            NetworkError: a name used twice, a size below 1, an unknown state or record.
        """
        self._refuse_if_running("add a population")
        if isinstance(model, type):
            raise NetworkError(f"{model.__name__} is a class; give an object: {model.__name__}()")
        if not isinstance(model, (Neuron, Source, Process)):
            model, initial = FunctionProcess(model, **initial), {}
        if size is None:
            size = model.size() if isinstance(model, (SpikeTrain, Playback)) else 1
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise NetworkError(f"a population of {size!r} members cannot be; give a whole number from 1")
        check_record(record, ("spikes", "state"), "a population")
        label = repr(model) if isinstance(model, FunctionProcess) else type(model).__name__
        name = self._name(name, label.lower(), [p.name for p in self.description.populations])
        population = Population(name, model, int(size), dict(initial), tuple(record))
        self.description.populations.append(population)
        self._plan = None
        return population

    def connect(
        self,
        pre: Population,
        post: Population,
        rule: Rule | None = None,
        *,
        weight: Any = 1.0,
        delay: Any = 0.0,
        pattern: Pattern | None = None,
        port: str = "spike",
        feedback: str | None = None,
        feedback_weight: Any = None,
        feedback_delay: Any = 1e-3,
        name: str | None = None,
        record: tuple[str, ...] | list[str] = (),
        needs: tuple[Relaxation, ...] = (),
    ) -> Projection:
        """Connect two populations; messages of `port` then travel from `pre` to `post`.

        Args:
            rule: learning rule of the synapses; None for fixed weights.
            weight: number, one value per edge, matrix (sources x targets), or distribution.
            delay: [s], given like weight.
            pattern: which neuron reaches which; all to all by default.
            port: "spike", "error", or a control port ("reset", "label", "apply", "value", ...).
            feedback: how errors travel back: "symmetric" (the same weights), "sign_symmetric" (their signs), "random"
                (fixed weights of its own), "learned" (see `KolenPollack`), "broadcast" (see `teach`), or None.
            feedback_delay: [s], above 0 wherever the way forth has no delay.
            record: "weights" keeps every change.
            needs: relaxations of locality that this projection asks for, such as `(weight_transport,)`.

        Raises:
            NetworkError: a population of another network, an unknown feedback, or values that cannot be.
        """
        self._refuse_if_running("connect")
        for end in (pre, post):
            if end not in self.description.populations:
                raise NetworkError(f"{end!r} does not belong to this network; give what net.add returned")
        if rule is not None and not isinstance(rule, Rule):
            raise NetworkError(f"rule is {rule!r}; give an object such as SpikeTimeGradient()")
        check_record(record, ("weights",), "a projection")
        name = self._name(name, f"{pre.name}->{post.name}", [p.name for p in self.description.projections])
        way, asked = way_back(feedback, feedback_weight, feedback_delay), check_needs(needs, f"{name}: needs")
        projection = Projection(
            name, pre, post, port, rule, weight, delay, pattern or all_to_all(), way, tuple(record), asked
        )
        self.description.projections.append(projection)
        self._plan = None
        return projection

    def teach(
        self,
        outputs: Population,
        teacher: Process,
        *,
        delay: Any = 1e-3,
        name: str = "teacher",
        through: Process | None = None,
    ) -> Population:
        """Let a teacher hear the outputs' spikes and answer each with an error message after `delay` [s].

        Projections made with `feedback="broadcast"` get their errors from here: whatever error reaches an output
        travels on to their sources, through weights of its own. With `through`, such as an `UnreliableLink`, every
        output gets its errors from a process of its own, which gets them from the teacher.

        Raises:
            NetworkError: a teacher made for another number of outputs.
        """
        expected = getattr(teacher, "outputs", outputs.size)
        if isinstance(expected, int) and expected != outputs.size:
            raise NetworkError(
                f"teach: {outputs.name} has {outputs.size} neurons, but {type(teacher).__name__} is made for "
                f"{expected}; give it outputs={outputs.size}"
            )
        population = self.add(teacher, name=name)
        self.connect(outputs, population)
        if through is None:
            self.connect(population, outputs, port="error", delay=delay)
        else:
            links = self.add(through, outputs.size, name=f"{name} link")
            self.connect(population, links, port="error")
            self.connect(links, outputs, port="error", delay=delay, pattern=one_to_one())
        for projection in list(self.description.projections):
            f = projection.feedback
            if f is not None and f.kind == "broadcast":
                self.connect(outputs, projection.pre, port="error", weight=f.weight, delay=f.delay)
        return population

    def stimulate(
        self,
        stimulus: Process,
        inputs: Population,
        *,
        layers: Sequence[Population] = (),
        teacher: Population | None = None,
        name: str = "stimulus",
        apply_delays: Sequence[float] = (),
    ) -> Population:
        """Let a stimulus present samples: give it its ways out, one projection without delay per port and target.

        `value` (a latency for each neuron) goes to the inputs, `reset` to the inputs and the layers, `apply` (learn
        from the sample before), or `gather` within a batch, to the layers, and `label` to the teacher. `apply_delays`
        [s], one for each layer, are for rules with several trials `in_flight`.
        """
        if isinstance(layers, Population):
            raise NetworkError(f"stimulate: layers is {layers!r}; give a list, such as layers=[{layers.name}]")
        population = self.add(stimulus, name=name)
        taught = [] if teacher is None else [teacher]
        targets = {"value": [inputs], "reset": [inputs, *layers], "apply": layers, "label": taught}
        targets |= {"gather": layers} if getattr(stimulus, "batch", 1) > 1 else {}
        if len(apply_delays) not in (0, len(layers)):
            raise NetworkError(
                f"stimulate: {len(apply_delays)} apply_delays for {len(layers)} layers; give one for each"
            )
        for port, those in targets.items():
            delays = apply_delays if port in ("apply", "gather") and apply_delays else [0.0] * len(those)
            for target, delay in zip(those, delays, strict=True):
                self.connect(population, target, port=port, delay=delay, name=f"{name}->{target.name} ({port})")
        return population

    def _name(self, name: str | None, default: str, taken: list[str]) -> str:
        if name is None:
            free = (f"{default}-{k}" if k > 1 else default for k in itertools.count(1))
            return next(candidate for candidate in free if candidate not in taken)
        if name in taken:
            raise NetworkError(f"the name {name!r} is taken; names are unique, because random numbers follow from them")
        return name

    def _refuse_if_running(self, what: str) -> None:
        if self._engine is not None:
            raise NetworkError(f"cannot {what} after the network has run; describe it completely first")

    # -- running --------------------------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """The numbering, ranks, rows and windows that every engine uses. Raises NetworkError for what none may run."""
        return self._make_plan()

    def _make_plan(self, progress: bool = False) -> Plan:
        if self._plan is None:
            refuse_what_cannot_fit(self.description, self.engine_name)
            measured = self._measurement
            description = self.description if measured is None else measured.counting(self.description)
            plan = make_plan(description, progress)
            check_ports(self.description)
            self._plan = plan
        return self._plan

    @property
    def engine(self) -> Any:
        """The engine, made at the first run."""
        if self._engine is None:
            module = importlib.import_module(f"eventsnn.engines.{self.engine_name}")
            freedoms.check(self.plan, self.description.allow, self.engine_name)
            options = {"guard": self.guard} if self.engine_name == "reference" else {"threads": self.threads}
            self._engine = getattr(module, ENGINES[self.engine_name])(self.plan, self.recorder, **options)
            self._parameters = freedoms.parameters_of(self.plan)
            if self._measurement is not None:
                self._measurement.watch(self._engine, self.description)
        return self._engine

    @property
    def now(self) -> float:
        """The present time [s]."""
        return 0.0 if self._engine is None else float(self._engine.now)

    def kernel(self) -> str:
        """The program that engine="compiled" runs this network as: readable Python made from the models' handlers."""
        from eventsnn.engines.kernel import text

        return text(self.plan)

    def run(
        self,
        duration: float | None = None,
        *,
        until: float | None = None,
        progress: bool = False,
        max_events: int | None = None,
    ) -> "Network":
        """Run for `duration` seconds, or until a time: everything in [now, until) happens.

        Args:
            progress: show a bar with simulated time and events per second, and before it one while synapses are drawn.
            max_events: stop with RunawayError after that many events.

        Raises:
            RunawayError: a neuron that fires again at the same instant, or too many events. The state is kept.
            Interrupted: Ctrl-C; the event at hand was finished, and `run` goes on from there.
        """
        if (duration is None) == (until is None):
            raise NetworkError("give either a duration or until=")
        end = self.now + duration if duration is not None else float(until)  # type: ignore[arg-type]
        if not self.now <= end < np.inf:
            raise NetworkError(f"cannot run until {end} s: it is {self.now} s, and runs end at a finite later time")
        self._make_plan(progress)
        engine = self.engine
        freedoms.verify(self.plan, self._parameters)
        with stopwatch(engine, end, progress, max_events) as control:
            run = engine.run if self._measurement is None else self._measurement.run
            run(end, control, max_events)
        return self

    def measure(self) -> "Network":
        """Count everything that happens at synapses, for `report`; call it before the first run.

        The bits stay the same. A run takes longer, and the compiled engine needs another kernel.
        """
        from eventsnn.report import Measurement

        self._refuse_if_running("begin to measure")
        self._measurement, self._plan = self._measurement or Measurement(), None
        return self

    def population(self, name: str) -> Population:
        """The population of that name."""
        found: Population = find(self.description.populations, name, "population")
        return found

    def projection(self, name: str) -> Projection:
        """The projection of that name."""
        found: Projection = find(self.description.projections, name, "projection")
        return found

    # -- saving ---------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write description, dynamic state and recordings to one file; an older file is replaced only when complete.

        Raises:
            EngineError: a user process whose place cannot be found again from its `cell.state`, or something in the
                network that is no number, string, list or array. The older file stays.
        """
        from eventsnn import store

        content = {
            "description": store.pack(self.description),
            "engine": self.engine_name,
            "state": self.engine.take(),
            "records": self.recorder.pack(),
            "measured": None if self._measurement is None else self._measurement.pack(),
        }
        store.write(path, content)

    @classmethod
    def load(cls, path: str | Path, engine: str | None = None) -> "Network":
        """Read a network that `save` wrote; running on gives the same bits as if it had never stopped.

        Raises:
            EngineError: a file cut short, of another version, or naming a class that cannot be imported.
        """
        from eventsnn import store
        from eventsnn.report import Measurement

        content = store.read(path)
        net = cls(engine=engine or content["engine"])
        net.description = store.unpack(content["description"])
        if content.get("measured") is not None:
            net._measurement = Measurement(content["measured"])
        net.recorder.unpack(content["records"])
        net.engine.put(content["state"])
        return net
