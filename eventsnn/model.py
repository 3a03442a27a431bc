"""What a user extends: `Neuron`, `Rule`, `Source`, and `Part` (a piece that rules share).

A model is a class with parameters (annotated numbers with defaults), declared `State`, and handlers. Making the class
checks its handlers (see `locality`); making an object checks its parameters.
"""

import typing
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from eventsnn import locality
from eventsnn.errors import LocalityError, NetworkError
from eventsnn.locality import Declared, Handler, classes, questions, ways
from eventsnn.parameters import as_type_of, check_names, check_parameter
from eventsnn.relax import Relaxation, check_needs, hints

State = Annotated[float, "state"]
"""One float64 per neuron (in a Neuron) or per synapse (in a Rule)."""

PostState = Annotated[float, "post-state"]
"""One float64 that a Rule keeps at each postsynaptic neuron."""

EpochState = Annotated[float, "epoch-state"]
"""One float64 that a Rule keeps for each epoch of a postsynaptic neuron that a synapse of it still belongs to."""

COURSES = ("course", "adaptive_course")
FUNCTIONS = ("psp", "psp_slope", "fade", "slope_after", *COURSES)
"""What a neuron may publish beside its variables: functions that rules can call."""

PYTHON_ONLY = frozenset({"derive", "time_constants", "suits"})  # run by the framework, never inside a handler


class Model:
    """Parameters, state and handlers, collected when the class is made and checked against each other."""

    parameters: ClassVar[dict[str, Any]] = {}
    state: ClassVar[dict[str, float]] = {}
    post_state: ClassVar[dict[str, float]] = {}
    epoch_state: ClassVar[dict[str, float]] = {}
    handlers: ClassVar[dict[str, Handler]] = classes.Handlers()  # type: ignore[assignment]
    histories: ClassVar[dict[str, Relaxation]] = {}
    needs: ClassVar[tuple[Relaxation, ...]] = ()
    kept: ClassVar[tuple[str, ...]] = ()  # methods that follow from parameters and one number alone; see `Rule`
    _taken: ClassVar[tuple[str, ...]] = ()  # names of states that every engine adds itself
    _checked: ClassVar[dict[str, Handler] | None] = {}
    _codes: ClassVar[dict[str, Any]] = {}  # what the methods were when the class was made

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.parameters, cls.state, cls.post_state, cls.epoch_state, cls.histories = {}, {}, {}, {}, {}
        kinds = {"state": cls.state, "post-state": cls.post_state, "epoch-state": cls.epoch_state}
        cls.needs = check_needs(cls.needs, f"{cls.__name__}.needs")
        for name, hint in typing.get_type_hints(cls, include_extras=True).items():
            if name.startswith("_") or typing.get_origin(hint) is ClassVar:
                continue
            if not hasattr(cls, name):
                raise NetworkError(f"{cls.__name__}.{name} has no default; give it one: `{name}: ... = value`")
            kind = getattr(hint, "__metadata__", ("parameter",))[0]
            if kind != "parameter" and name in cls._taken:
                raise NetworkError(f"{cls.__name__}.{name}: a {kind} of that name is there already; choose another")
            value = getattr(cls, name)
            group = kinds.get(kind, cls.parameters)
            if kind != "parameter" and isinstance(value, Relaxation) and value.name == "history":
                cls._remember(name, value, "cell" if issubclass(cls, Neuron) else _SCOPE[kind], group)
                continue
            if not isinstance(value, (float, int) if kind != "parameter" else (float, int, str, Part)):
                raise NetworkError(f"{cls.__name__}.{name} is {value!r}; a {kind} starts from a number")
            group[name] = value
        cls._own_fields()
        cls._codes, wait = classes.codes(cls), cls.__module__.startswith("eventsnn.")
        cls._checked = {} if abstract else None if wait else cls._check()

    @classmethod
    def _check(cls) -> dict[str, Handler]:
        """Check all handlers."""
        found = classes.check_all(cls, cls._declare())
        if issubclass(cls, Neuron):
            questions.check(cls.__name__, found, cls._signatures, cls.linear)
        if issubclass(cls, Rule):
            ways.check_epochs(cls.__name__, found, cls.epoch_state)
            ways.check_marks(cls.__name__, found)
        ways.check_kept(cls.__name__, found, cls.kept, {*cls.post_state, *COURSES})
        return found

    @classmethod
    def _remember(cls, name: str, value: Relaxation, scope: str, group: dict[str, Any]) -> None:
        """Declare a history: a field for each of its values, and the method that moves them on."""
        depth = int(value.argument)  # type: ignore[arg-type]
        cls.histories[name] = value
        group.update({f"{name}_{k}": value.start for k in range(1, depth + 1)})
        setattr(cls, f"push_{name}", locality.push_method(cls.__name__, name, scope, depth))

    @classmethod
    def _own_fields(cls) -> None:
        """Fields that follow from what the class needs; none, unless a kind of model says so."""

    def __init__(self, *unnamed: Any, **parameters: Any) -> None:
        check_names(type(self).__name__, unnamed, parameters, self.parameters)
        for name, value in parameters.items():
            check_parameter(type(self).__name__, name, value, self.parameters[name], Part)
        for name, default in self.parameters.items():
            value = parameters.get(name, default)
            setattr(self, name, as_type_of(default, value))
        self._given = {name: getattr(self, name) for name in self.parameters}
        for name, value in self.derive().items():
            if not isinstance(value, (float, int)):
                raise NetworkError(f"{type(self).__name__}.derive gives {name} = {value!r}; handlers use numbers only")
            setattr(self, name, value + 0)  # a plain number, whatever class it was of

    def __setattr__(self, name: str, value: Any) -> None:
        if type(self)._codes.get(name) is not None:
            owner = type(self).__name__
            what = f"{owner}.{name} is replaced on an object; write a class of its own, so that its text is checked"
            raise LocalityError(what, name, owner)
        super().__setattr__(name, value)

    def derive(self) -> dict[str, float]:
        """Check the parameters against each other and return constants that handlers use; runs once, in Python."""
        return {}

    @property
    def given(self) -> dict[str, Any]:
        """The parameters with their values, without what was derived from them."""
        return dict(self._given)

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters that are numbers; those of a neuron are published, like its variables."""
        return {name: value for name, value in self._given.items() if isinstance(value, (int, float))}

    @property
    def parts(self) -> dict[str, "Part"]:
        """Those parameters that are pieces with state and handlers of their own."""
        return {name: value for name, value in self._given.items() if isinstance(value, Part)}

    def __repr__(self) -> str:
        changed = (f"{k}={v!r}" for k, v in self._given.items() if k not in self.parameters or v != self.parameters[k])
        return f"{type(self).__name__}({', '.join(changed)})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._given == getattr(other, "_given", None)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def _declare(cls) -> Declared:
        methods = set()
        for klass in cls.__mro__:
            if klass in (Model, object, typing.Generic, typing.Protocol):
                continue
            for name, value in vars(klass).items():
                if name in _INTERCEPTS and klass.__module__ != __name__:
                    what = f"{cls.__name__} defines {name}, which would run whenever a handler reads a parameter"
                    raise LocalityError(f"{what}; declare parameters", name, klass.__name__)
                if not (callable(value) or isinstance(value, (classmethod, staticmethod, property))):
                    continue
                if not name.startswith("__") and name not in PYTHON_ONLY and name not in _FRAMEWORK:
                    methods.add(name)
        numbers = {k for k, v in cls.parameters.items() if not isinstance(v, (Part, str))}
        parts = {k: v for k, v in cls.parameters.items() if isinstance(v, Part)}
        for name in getattr(cls, "derived", ()):
            if not name.isidentifier() or name.startswith("_") or name in methods or hasattr(Model, name):
                raise LocalityError(
                    f"{cls.__name__}.derived names {name!r}; name numbers that derive() returns", name, cls.__name__
                )
        signatures = {name: _arguments(getattr(cls, name)) for name in methods}
        for part, value in parts.items():
            signatures |= {f"{part}.{name}": _arguments(getattr(value, name)) for name in value.handlers}
        return Declared(
            cls.__name__, numbers | set(getattr(cls, "derived", ())), methods, set(parts), {}, {}, {}, signatures,
            hints(cls.histories),
        )  # fmt: skip

    @classmethod
    def _check_signature(cls, name: str) -> None:
        expected = cls._signature(name)
        code = getattr(getattr(cls, name), "__code__", None)
        if expected is None or code is None or hasattr(getattr(cls, name), "__wrapped__"):
            return
        found = code.co_varnames[: code.co_argcount]
        if found != expected:
            raise LocalityError(
                f"{code.co_filename}:{code.co_firstlineno}: {cls.__name__}.{name}({', '.join(found)}) "
                f"must be {name}({', '.join(expected)})"
            )

    @classmethod
    def _signature(cls, name: str) -> tuple[str, ...] | None:
        return None


def _arguments(function: Any) -> tuple[str, ...]:
    """The names of a method's arguments after self."""
    code = getattr(function, "__code__", None)
    return () if code is None else code.co_varnames[1 : code.co_argcount]


_SCOPE = {"state": "syn", "post-state": "post"}
_INTERCEPTS = ("__getattribute__", "__getattr__", "__setattr__", "__delattr__")
_FRAMEWORK = frozenset(vars(Model)) | {
    "parameters", "state", "post_state", "epoch_state", "handlers", "handles", "kept", "synapse_state", "neuron_state",
    "sees", "neighbours",
}  # fmt: skip


class Neuron(Model, abstract=True):
    """A neuron between whose messages nothing needs computing, because its state has a closed form in time.

    Write `advance(cell, dt)`, `receive(cell, w)`, `next_spike(cell)` (seconds from now, `math.inf` = never) and
    `fire(cell, t)`. Optional: `begin(cell)`, `rest(cell)` (what a `reset` message does), `on_<port>(cell, value)` for
    control messages, also `on_error`, and `psp(u)`, `psp_slope(u)` (effect of a unit input after u seconds, and its
    derivative), which spike-time rules use; also `fade(u)` (what is left of a voltage), `slope_after(slope)` (a reset).

    For rules that follow the voltage between events: `course(cell, u)` gives (rest, leak, drive, lasts), with which the
    voltage above `v_threshold`, u + x seconds after the last event, is `rest + leak exp(-x/tau_mem) + drive psp(x)` as
    long as x < lasts and nothing else comes. Where the threshold itself moves, `adaptive_course(cell, u)` gives (rest,
    leak, drive, lift, lasts), and `lift exp(-x/tau_adapt)` is subtracted.

    `initial` names states that start from a distribution unless `net.add` says otherwise. With `says(cell)` a spike
    also leaves as an error message of that value along the neuron's projections of port "error".
    """

    linear: ClassVar[bool] = False
    required: ClassVar[tuple[str, ...]] = ("advance", "receive", "next_spike", "fire")
    initial: ClassVar[dict[str, object]] = {}
    _taken: ClassVar[tuple[str, ...]] = ("window", "offset")
    _signatures: ClassVar[dict[str, tuple[str, ...]]] = {
        "advance": ("self", "cell", "dt"),
        "receive": ("self", "cell", "w"),
        "next_spike": ("self", "cell"),
        "fire": ("self", "cell", "t"),
        "rest": ("self", "cell"),
        "begin": ("self", "cell"),
        "says": ("self", "cell"),
        "psp": ("self", "u"),
        "psp_slope": ("self", "u"),
        "fade": ("self", "u"),
        "slope_after": ("self", "slope"),
        "course": ("self", "cell", "u"),
        "adaptive_course": ("self", "cell", "u"),
    }

    @classmethod
    def _declare(cls) -> Declared:
        declared = super()._declare()
        declared.reads = {"cell": set(cls.state)}
        declared.writes = {"cell": set(cls.state)}
        return declared

    @classmethod
    def _signature(cls, name: str) -> tuple[str, ...] | None:
        return cls._signatures.get(name) or (("self", "cell", "value") if name.startswith("on_") else None)

    @classmethod
    def handles(cls, name: str) -> bool:
        """Whether this model has a handler of that name."""
        return name in cls.handlers


class Source(Model, abstract=True):
    """A population that only sends: its spike times follow from the description and the seed.

    Write `times(index, n, seed, name)`: an iterator over the spike times [s] of neuron `index` of n, never
    decreasing. It runs in Python on every engine; it must always give the same times for the same arguments.
    """

    def times(self, index: int, n: int, seed: int, name: str) -> Iterator[float]:
        """The spike times [s] of one neuron, in order."""
        raise NotImplementedError

    @classmethod
    def _declare(cls) -> Declared:
        return Declared(cls.__name__)  # no handlers: `times` runs in Python


class Part(Model, abstract=True):
    """A piece that a rule is made with (a step size, a cost, a clip): its state and methods become the rule's own."""

    @classmethod
    def _declare(cls) -> Declared:
        declared = super()._declare()
        declared.reads = {"syn": {*cls.state, "w"}, "post": None, "msg": set(locality.MESSAGE_FIELDS)}
        declared.writes = {"syn": set(cls.state), "post": set(cls.post_state)}
        return declared


class Rule(Model, abstract=True):
    """A learning rule: what happens at one synapse when a message reaches it.

    Once per synapse: `on_pre` (a spike arrives, before it is transmitted), `on_post` (the neuron fired), `on_error`,
    and `on_<port>` for control messages; each takes `(self, syn, post, msg)`. What `on_error` or `on_<port>` returns
    travels on along the feedback; return 0.0 for nothing.

    Once per neuron, before its synapses: `at_post`, `at_error`, `at_<port>`, each `(self, post, msg)`. What it
    returns becomes `msg.value` for the synapses; 0.0 stops there and visits none.

    `begin(self, syn, post)` runs once per synapse when the network is built. `syn.w` is the weight.

    What follows the neuron through time, between events: `flow(self, post, dt)` is called whenever something is about
    to happen to the neuron, a message of any kind or a spike of its own, dt > 0 seconds after the last such event. It
    brings the rule's variables at the neuron to now, and may ask the neuron where its voltage was on the way
    (`post.course(u)`).

    Epochs: variables that synapses share at a neuron may have to be started anew now and then, without visiting the
    synapses. `EpochState` declares what is kept of each past epoch; `stale(self, post)` says, when a spike arrives,
    whether a new one is due; then `fold(self, epoch, post)` brings every past epoch up to date (0.0: it needs that no
    more) and `renew(self, epoch, post)` begins the new one. `follow(self, syn, epoch)` brings a synapse from its epoch
    to the present one, before any other handler sees it. An epoch is forgotten when no synapse belongs to it.

    Kept: what follows from parameters and one number alone, such as the length of a step, is the same for many neurons
    that one spike reaches. A rule, or a neuron, names such methods in `kept`: `(self, post, u)` or `(self, post)`,
    `(self, u)` at a neuron. The compiled engine keeps their latest values and works them out for new numbers only.

    Gliding: `gliders` names the methods that take one step between events, `(self, post, h, rest, leak, drive)`, or
    `(self, post, h)`; see `engines.lanes`. One that may not be smooth ends before it has changed anything, by
    `if ...: return 0.0, leak, drive`. `glides(self, post, dt)` says how many of one length `flow` tries, or 0.0.

    Marks: a rule that has nothing to do where no spike came may spare the engine those synapses. `on_pre` returns 1.0
    to mark its synapse; `only_marked(self, post)` says, after an `at_...`, whether all synapses hear of it (0.0), the
    marked (1.0) or those marked since the latest `reset` (2.0); `unmark(self, post)`, after it, whether marks go away.

    A handler must not divide by zero or leave the domain of a function: the reference engine raises Python's error with
    the handler's place, compiled code goes on with inf or nan. Either refuses a weight that is not finite.
    """

    gliders: ClassVar[tuple[str, ...]] = ()  # methods that take a smooth step at once
    _taken: ClassVar[tuple[str, ...]] = ("w",)
    _once: ClassVar[tuple[str, ...]] = ("self", "post", "msg")
    _each: ClassVar[tuple[str, ...]] = ("self", "syn", "post", "msg")
    _others: ClassVar[dict[str, tuple[str, ...]]] = {
        "begin": ("self", "syn", "post"),
        "flow": ("self", "post", "dt"),
        "stale": ("self", "post"),
        "fold": ("self", "epoch", "post"),
        "renew": ("self", "epoch", "post"),
        "follow": ("self", "syn", "epoch"),
        "only_marked": ("self", "post"),
        "unmark": ("self", "post"),
    }

    @classmethod
    def _declare(cls) -> Declared:
        declared = super()._declare()
        parts = [value for value in cls.parameters.values() if isinstance(value, Part)]
        state = {"w", *cls.state}.union(*(part.state for part in parts))
        declared.reads = {"syn": state, "post": None, "msg": set(locality.MESSAGE_FIELDS)}
        declared.reads["epoch"] = set(cls.epoch_state)
        declared.writes = {
            "syn": {"w", *cls.state}.difference(cls.neighbours()), "post": set(cls.post_state),
            "epoch": set(cls.epoch_state),
        }  # fmt: skip
        declared.functions = {"post": set(FUNCTIONS)}
        return declared

    @classmethod
    def neighbours(cls) -> dict[str, str]:
        """Fields of a synapse that show a variable of the sender, which the rule asked for by name: its variable."""
        return {f"pre_{one.argument}": str(one.argument) for one in cls.needs if one.name == "neighbour"}

    @classmethod
    def _own_fields(cls) -> None:
        for name in cls.neighbours():
            cls.state[name] = 0.0

    @classmethod
    def _signature(cls, name: str) -> tuple[str, ...] | None:
        if name in cls._others:
            return cls._others[name]
        return {"on_": cls._each, "at_": cls._once}.get(name[:3])

    def suits(self, neuron: Any) -> str:
        """Why this rule does not work with that neuron, or nothing. Runs in Python."""
        return ""

    @property
    def synapse_state(self) -> dict[str, float]:
        """Every variable of a synapse beside its weight, with its initial value: the rule's and its parts'."""
        return _merge(self, "state")

    @property
    def neuron_state(self) -> dict[str, float]:
        """Every variable that the rule and its parts keep at a postsynaptic neuron, with its initial value."""
        return _merge(self, "post_state")

    def sees(self) -> set[str]:
        """Names of the neuron's own variables and functions that the rule or its parts read."""
        own = set(self.neuron_state)
        models: list[Model] = [self, *self.parts.values()]
        reads = {name for m in models for h in m.handlers.values() for scope, name in h.reads if scope == "post"}
        return reads - own


def _merge(rule: Rule, kind: str) -> dict[str, float]:
    merged: dict[str, float] = dict(getattr(rule, kind))
    for name, part in rule.parts.items():
        for variable, initial in getattr(part, kind).items():
            if variable in merged:
                raise NetworkError(f"{type(rule).__name__}: {name} ({type(part).__name__}) declares {variable!r} again")
            merged[variable] = initial
    return merged
