"""What a user extends: `Neuron`, `LinearNeuron`, `Rule`, and `Part` (a piece that rules share).

A model is a class with parameters (annotated numbers with defaults), declared `State`, and handlers. Making the class
checks its handlers (see `locality`); making an object checks its parameters.
"""

import copy
import math
import typing
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from eventsnn import locality
from eventsnn.errors import LocalityError, NetworkError
from eventsnn.locality import Declared, Handler

State = Annotated[float, "state"]
"""One float64 per neuron (in a Neuron) or per synapse (in a Rule)."""

PostState = Annotated[float, "post-state"]
"""One float64 that a Rule keeps at each postsynaptic neuron."""

PYTHON_ONLY = frozenset({"derive", "time_constants"})  # run by the framework, never inside a handler


class Model:
    """Parameters, state and handlers, collected when the class is made and checked against each other."""

    parameters: ClassVar[dict[str, Any]] = {}
    state: ClassVar[dict[str, float]] = {}
    post_state: ClassVar[dict[str, float]] = {}
    handlers: ClassVar[dict[str, Handler]] = {}
    _taken: ClassVar[tuple[str, ...]] = ()  # names of states that every engine adds itself

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.parameters, cls.state, cls.post_state = {}, {}, {}
        for name, hint in typing.get_type_hints(cls, include_extras=True).items():
            if name.startswith("_") or typing.get_origin(hint) is ClassVar:
                continue
            if not hasattr(cls, name):
                raise NetworkError(f"{cls.__name__}.{name} has no default; give it one: `{name}: ... = value`")
            kind = getattr(hint, "__metadata__", ("parameter",))[0]
            if kind != "parameter" and name in cls._taken:
                raise NetworkError(f"{cls.__name__}.{name}: a {kind} of that name is there already; choose another")
            value = getattr(cls, name)
            if not isinstance(value, (float, int) if kind != "parameter" else (float, int, str, Part)):
                raise NetworkError(f"{cls.__name__}.{name} is {value!r}; a {kind} starts from a number")
            {"state": cls.state, "post-state": cls.post_state}.get(kind, cls.parameters)[name] = getattr(cls, name)
        cls.handlers = {}
        if abstract:
            return
        declared = cls._declare()
        for name in sorted(declared.methods):
            cls._check_signature(name)
            cls.handlers[name] = locality.check(getattr(cls, name), declared, name)

    def __init__(self, **parameters: Any) -> None:
        for name, value in parameters.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise NetworkError(f"{type(self).__name__} has no parameter {name!r}; it has {known}")
            _check_parameter(type(self).__name__, name, value, self.parameters[name])
        for name, default in self.parameters.items():
            value = parameters.get(name, default)
            setattr(self, name, _as_type_of(default, value))
        self._given = {name: getattr(self, name) for name in self.parameters}
        for name, value in self.derive().items():
            setattr(self, name, value)

    def derive(self) -> dict[str, float]:
        """Check the parameters against each other and return constants that handlers use; runs once, in Python."""
        return {}

    @property
    def given(self) -> dict[str, Any]:
        """The parameters with their values, without what was derived from them."""
        return dict(self._given)

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
        methods = {
            name
            for klass in cls.__mro__[:-1]
            if issubclass(klass, Model) and klass is not Model
            for name, value in vars(klass).items()
            if callable(value) or isinstance(value, (classmethod, property))
            if not name.startswith("__") and name not in PYTHON_ONLY and name not in _FRAMEWORK
        }
        numbers = {k for k, v in cls.parameters.items() if not isinstance(v, (Part, str))}
        parts = {k: v for k, v in cls.parameters.items() if isinstance(v, Part)}
        signatures = {name: _arguments(getattr(cls, name)) for name in methods}
        for part, value in parts.items():
            signatures |= {f"{part}.{name}": _arguments(getattr(value, name)) for name in value.handlers}
        return Declared(
            cls.__name__, numbers | set(getattr(cls, "derived", ())), methods, set(parts), {}, {}, {}, signatures
        )

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


_FRAMEWORK = frozenset(vars(Model)) | {
    "parameters",
    "state",
    "post_state",
    "handlers",
    "handles",
    "synapse_state",
    "neuron_state",
    "sees",
}


class Neuron(Model, abstract=True):
    """A neuron between whose messages nothing needs computing, because its state has a closed form in time.

    Write `advance(cell, dt)`, `receive(cell, w)`, `next_spike(cell)` (seconds from now, `math.inf` = never) and
    `fire(cell, t)`. Optional: `begin(cell)`, `rest(cell)` (what a `reset` message does), `on_<port>(cell, value)` for
    control messages, and `psp(u)`, `psp_slope(u)` (effect of a unit input after u seconds, and its derivative), which
    spike-time rules use.
    """

    linear: ClassVar[bool] = False
    _taken: ClassVar[tuple[str, ...]] = ("window", "offset")
    _signatures: ClassVar[dict[str, tuple[str, ...]]] = {
        "advance": ("self", "cell", "dt"),
        "receive": ("self", "cell", "w"),
        "next_spike": ("self", "cell"),
        "fire": ("self", "cell", "t"),
        "rest": ("self", "cell"),
        "begin": ("self", "cell"),
        "psp": ("self", "u"),
        "psp_slope": ("self", "u"),
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


class LinearNeuron(Neuron, abstract=True):
    """A neuron whose voltage is a sum of two fixed functions of window-relative time, with coefficients c0 and c1.

    An input of weight w at offset s adds `w * f0` to c0 and `w * f1` to c1 with `(f0, f1) = factors(s)`: the factors
    depend on the source spike alone, so a synaptic event costs two multiply-adds. A model gives

    - `begin(cell)`: coefficients from the initial state, at offset 0;
    - `basis(s)`: (b0, b1, g) with v = level + c0 b0 + c1 b1 and i = c1 g at offset s; `level(cell)`;
    - `decay(dt)`: (d00, d01, d11), the coefficients after dt: d00 c0 + d01 c1 and d11 c1;
    - `calm(level, v, i)`: a time within which a voltage v with current i surely stays below threshold;
    - `factors(s)`;
    - `rebase(cell, dt)`: move the origin of time by dt, in one step;
    - `settle(cell, s)`: end a refractory period that ended at or before s;
    - `crossing(cell, s)`: the first offset >= s at which the voltage reaches the threshold, or `math.inf`;
    - `fire(cell, s)`: the reset;
    - `observe(cell, s)`: write the published state (`cell.v`, ...) as it is at offset s, changing nothing else;
    - `rest(cell, s)`: back to rest at offset s.

    A model with a refractory period keeps the offset of its end in `hold`: while it is 0 or more, the voltage is not
    the sum of the two functions, and `calm` is not asked. A model without one leaves `hold` alone.

    For speed a model may also give `horizon` and `headroom`: how much input surely leaves it below threshold for a
    while. The compiled engine then sums inputs that stay within that without a further look.
    """

    linear: ClassVar[bool] = True
    c0: State = 0.0  # coefficient of the first function
    c1: State = 0.0  # coefficient of the second function
    hold: State = -1.0  # offset at which the refractory period ends; -1 when there is none
    _signatures: ClassVar[dict[str, tuple[str, ...]]] = {
        "begin": ("self", "cell"),
        "basis": ("self", "s"),
        "level": ("self", "cell"),
        "decay": ("self", "dt"),
        "calm": ("self", "level", "v", "i"),
        "horizon": ("self", "span"),
        "headroom": ("self", "level", "v", "i", "go", "per"),
        "factors": ("self", "s"),
        "rebase": ("self", "cell", "dt"),
        "settle": ("self", "cell", "s"),
        "crossing": ("self", "cell", "s"),
        "fire": ("self", "cell", "s"),
        "observe": ("self", "cell", "s"),
        "rest": ("self", "cell", "s"),
        "psp": ("self", "u"),
        "psp_slope": ("self", "u"),
    }

    def time_constants(self) -> tuple[float, ...]:
        """The time constants [s] of the exponentials; they bound the width of a window."""
        raise NotImplementedError

    def horizon(self, span: float) -> tuple[float, float]:
        """(go, per): within a span the voltage goes by itself at most the part `go` of the way to its level.

        And `per` units of excitation raise it by at most 1.
        """
        return 1.0, 1.0

    def headroom(self, level: float, v: float, i: float, go: float, per: float) -> float:
        """How much excitation may arrive within such a span while the voltage surely stays below threshold.

        Less than 0 if that is not known.
        """
        return -1.0


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
    """

    _taken: ClassVar[tuple[str, ...]] = ("w",)
    _once: ClassVar[tuple[str, ...]] = ("self", "post", "msg")
    _each: ClassVar[tuple[str, ...]] = ("self", "syn", "post", "msg")

    @classmethod
    def _declare(cls) -> Declared:
        declared = super()._declare()
        parts = [value for value in cls.parameters.values() if isinstance(value, Part)]
        state = {"w", *cls.state}.union(*(part.state for part in parts))
        declared.reads = {"syn": state, "post": None, "msg": set(locality.MESSAGE_FIELDS)}
        declared.writes = {"syn": {"w", *cls.state}, "post": set(cls.post_state)}
        declared.functions = {"post": {"psp", "psp_slope"}}
        return declared

    @classmethod
    def _signature(cls, name: str) -> tuple[str, ...] | None:
        if name == "begin":
            return ("self", "syn", "post")
        return {"on_": cls._each, "at_": cls._once}.get(name[:3])

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


def _as_type_of(default: Any, value: Any) -> Any:
    """One numeric type per parameter, whatever was given, so that every engine computes with the same."""
    if isinstance(value, Model):
        return copy.copy(value)
    if isinstance(default, (bool, str)):
        return value
    return int(value) if isinstance(default, int) else float(value)


def _check_parameter(owner: str, name: str, value: Any, default: Any) -> None:
    if isinstance(default, Part):
        if not isinstance(value, Part):
            raise NetworkError(f"{owner}.{name} is {value!r}; give a Part such as {default!r}")
    elif isinstance(default, str):
        if not isinstance(value, str):
            raise NetworkError(f"{owner}.{name} is {value!r}; give a string such as {default!r}")
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            raise NetworkError(f"{owner}.{name} is {value!r}; give True or False")
    elif isinstance(default, (int, float)):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise NetworkError(f"{owner}.{name} is {value!r}; give a number (arrays go to net.add)") from None
        if math.isnan(number):
            raise NetworkError(f"{owner}.{name} is nan; give a number")
