"""`LinearNeuron`: neurons whose voltage is a sum of two fixed functions of time, which makes an input two additions."""

from typing import Any, ClassVar

from eventsnn.errors import NetworkError
from eventsnn.locality import classes, questions, ways
from eventsnn.model import Neuron, State

# What spares the compiled engine a look at a neuron, and what else each is made with.
BOUNDS = {"calm": (), "calm_after": (), "trend": (), "horizon": (), "headroom": ("horizon",)}
EXACT = ("factors", "crossing", "settle", "rebase", "basis", "level", "decay")  # what they are bounds of


class LinearNeuron(Neuron, abstract=True):
    """A neuron whose voltage is a sum of two fixed functions of window-relative time, with coefficients c0 and c1.

    An input of weight w at offset s adds `w * f0` to c0 and `w * f1` to c1 with `(f0, f1) = factors(s)`: the factors
    depend on the source spike alone, so a synaptic event costs two multiply-adds. A model gives

    - `begin(cell)`: coefficients from the initial state, at offset 0;
    - `basis(s)`: (b0, b1, g) with v = level + c0 b0 + c1 b1 and i = c1 g at offset s; `level(cell)`;
    - `decay(dt)`: (d00, d01, d11), the coefficients after dt: d00 c0 + d01 c1 and d11 c1;
    - `factors(s)`;
    - `rebase(cell, dt)`: move the origin of time by dt, in one step;
    - `settle(cell, s)`: end a refractory period that ended at or before s;
    - `crossing(cell, s)`: the first offset >= s at which the voltage reaches the threshold, or `math.inf`;
    - `fire(cell, s)`: the reset;
    - `observe(cell, s)`: write the published state (`cell.v`, ...) as it is at offset s, changing nothing else;
    - `rest(cell, s)`: back to rest at offset s;
    - optional, for rules that follow the voltage: `course(cell, s)`, as in `Neuron`, but from offset s on.

    A model with a refractory period keeps the offset of its end in `hold`: while it is 0 or more, the voltage is not
    the sum of the two functions, and `calm` is not asked. A model without one leaves `hold` alone.

    For speed a model may also give bounds, which spare the compiled engine a look at the neuron; those here know
    nothing:

    - `calm(level, v, i)`: a time within which a voltage v with current i surely stays below threshold;
    - `horizon(span)`: (go, per): within a span the voltage goes by itself at most the part `go` of the way to its
      level, and `per` units of excitation raise it by at most 1;
    - `headroom(level, v, i, go, per)`: how much excitation may arrive within such a span while the voltage surely stays
      below threshold; inputs that stay within that are summed without a further look;
    - `trend` and `calm_after`, which spare searches for crossings that are not there.

    A class that writes `crossing` anew, or anything else that these are bounds of or are made with, does not inherit
    them. One for which they still hold says so: `calm = LIF.calm`.

    A model that keeps more than a voltage, such as a dendrite, may also give

    - `carry(cell, dt)`: what else moves when the origin of time does, right after `rebase`;
    - `admit(cell)`: which part of an arriving weight enters;
    - `shared(s)`: two numbers that follow from the offset alone, and `sense(cell, c1, a, b)`: write those published
      variables that follow from c1 and these. Rules that see no others then pay no `observe` at each synapse;
    - `on_<port>(cell, s, value)`: with the offset, where a plain neuron has `on_<port>(cell, value)`.
    """

    linear: ClassVar[bool] = True
    required: ClassVar[tuple[str, ...]] = ("factors", "rebase", "settle", "crossing", "fire", "observe")
    c0: State = 0.0  # coefficient of the first function
    c1: State = 0.0  # coefficient of the second function
    hold: State = -1.0  # offset at which the refractory period ends; -1 when there is none
    _signatures: ClassVar[dict[str, tuple[str, ...]]] = {
        "begin": ("self", "cell"),
        "basis": ("self", "s"),
        "level": ("self", "cell"),
        "decay": ("self", "dt"),
        "calm": ("self", "level", "v", "i"),
        "calm_after": ("self", "cell"),
        "trend": ("self", "level", "v", "i"),
        "horizon": ("self", "span"),
        "headroom": ("self", "level", "v", "i", "go", "per"),
        "factors": ("self", "s"),
        "rebase": ("self", "cell", "dt"),
        "settle": ("self", "cell", "s"),
        "crossing": ("self", "cell", "s"),
        "fire": ("self", "cell", "s"),
        "says": ("self", "cell"),
        "observe": ("self", "cell", "s"),
        "rest": ("self", "cell", "s"),
        "psp": ("self", "u"),
        "psp_slope": ("self", "u"),
        "course": ("self", "cell", "s"),
        "carry": ("self", "cell", "dt"),
        "admit": ("self", "cell"),
        "shared": ("self", "s"),
        "sense": ("self", "cell", "c1", "a", "b"),
    }

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        for bound, others in BOUNDS.items():
            if not classes.newest(cls, bound, (*EXACT, bound, *others)):
                setattr(cls, bound, vars(LinearNeuron)[bound])
        if "decay" in dir(cls) and not classes.newest(cls, "decay", ("rebase",)):
            raise NetworkError(
                f"{cls.__name__} has a rebase() of its own, but the decay() of another class, and both move the "
                "coefficients; give it a decay() that does the same, and put what else moves with time into carry()"
            )
        super().__init_subclass__(abstract, **kwargs)

    @classmethod
    def _signature(cls, name: str) -> tuple[str, ...] | None:
        code = getattr(getattr(cls, name), "__code__", None)
        if name.startswith("on_") and code is not None and "s" in code.co_varnames[: code.co_argcount]:
            return "self", "cell", "s", "value"
        return super()._signature(name)

    def time_constants(self) -> tuple[float, ...]:
        """The time constants [s] of the exponentials; they bound the width of a window."""
        raise NotImplementedError

    def calm(self, level: float, v: float, i: float) -> float:
        """A time within which a voltage v with current i surely stays below threshold without input: 0 if not known."""
        return 0.0

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

    def calm_after(self, cell: Any) -> float:
        """A time within which the voltage surely stays below threshold after a refractory period: 0 if not known."""
        return 0.0

    def trend(self, level: float, v: float, i: float) -> float:
        """A number with the sign of the voltage's slope, if that changes at most once without input; or else -1."""
        return -1.0

    def carry(self, cell: Any, dt: float) -> None:
        """What else moves when the origin of time moves by dt: nothing."""

    def admit(self, cell: Any) -> float:
        """The part of an arriving weight that enters: all of it."""
        return 1.0


def senses(model: Any, names: set[str]) -> bool:
    """Whether a model has a `sense` that brings to now whatever of these variables changes with time."""
    if "sense" not in model.handlers or not classes.newest(type(model), "sense", ("observe",)):
        return False
    moving, written = ({variable for _, variable in model.handlers[name].writes} for name in ("observe", "sense"))
    return names & moving <= written


def spares_voltage(model: Neuron, name: str) -> bool:
    """Whether a handler leaves alone whatever the voltage depends on; one that calls others is taken not to."""
    soma = set(questions.COEFFICIENTS)
    for reader in ("level", "crossing", "fire", "settle", "rebase"):
        for called in ways.called(reader, model.handlers):
            soma |= {variable for _, variable in model.handlers[called].reads}
    alone = ways.called(name, model.handlers) == {name}
    return alone and not soma & {variable for _, variable in model.handlers[name].writes}


def sums_only(model: Neuron) -> bool:
    """Whether an arrival does nothing but add to the coefficients, so that they are all there is to move in time."""
    return type(model).carry is LinearNeuron.carry and type(model).admit is LinearNeuron.admit  # type: ignore[attr-defined]
