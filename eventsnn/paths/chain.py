"""Signal paths as plain data: which stages a spike runs through on its way into a weight."""

import keyword
from dataclasses import dataclass, field, replace

from eventsnn.errors import NetworkError
from eventsnn.model import Part
from eventsnn.surrogates import Surrogate


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a path.

    `kind` is "spike", "error", "own", "psp", "low_pass", "hold", "gate", "adaptation" or "weight"; `taus` are names and
    default values [s]
    of time constants; `part` is what a gate or the weight is made with; `inner` is the path of a gate's error.
    """

    kind: str
    label: str
    taus: tuple[tuple[str, float], ...] = ()
    part: Part | None = None
    inner: "Chain | None" = None


@dataclass(frozen=True, eq=False)
class Chain:
    """Stages in the order in which a signal runs through them; `a >> b` joins two."""

    stages: tuple[Stage, ...]

    def __rshift__(self, other: "Chain") -> "Chain":
        if not isinstance(other, Chain):
            raise NetworkError(f"a path goes on with a stage such as low_pass(20e-3), not with {other!r}")
        return Chain(self.stages + other.stages)

    def __repr__(self) -> str:
        return " >> ".join(stage.label for stage in self.stages)


def spike() -> Chain:
    """Where a path begins: a spike arrives at the synapse, as a pulse of area 1."""
    return Chain((Stage("spike", "spike"),))


def error() -> Chain:
    """Where the path of an error begins: an error message reaches the neuron, as a pulse of the area it carries.

    Without a filter the weight changes by the eligibility at that instant. With one the error lasts.
    """
    return Chain((Stage("error", "error"),))


def own_spikes() -> Chain:
    """A gate that opens when the neuron fires: what is there at that instant passes, as a pulse of that area.

    A filter has to come behind it, because what passes is gone at the next instant.
    """
    return Chain((Stage("own", "own_spikes"),))


def psp() -> Chain:
    """The voltage that the spike would make with weight 1: the synaptic current and the membrane of the neuron."""
    return Chain((Stage("psp", "psp"),))


def low_pass(tau: float, name: str = "tau_filter") -> Chain:
    """A low-pass filter, exp(-u/tau)/tau.

    Args:
        tau: time constant [s]; the default of the rule's parameter.
        name: of that parameter; filters of one name share it.
    """
    return Chain((Stage("low_pass", f"low_pass({name})", ((name, float(tau)),)),))


def double_exponential(rise: float, decay: float, names: tuple[str, str] = ("tau_rise", "tau_decay")) -> Chain:
    """Two low-pass filters in a row, (exp(-u/decay) - exp(-u/rise))/(decay - rise)."""
    both = tuple(zip(names, (float(rise), float(decay)), strict=True))
    return Chain((Stage("low_pass", f"double_exponential({names[0]}, {names[1]})", both),))


def hold() -> Chain:
    """Adds up what arrived, without decay: an error of which every message carries a change."""
    return Chain((Stage("hold", "hold"),))


def gate(by: Part | Chain) -> Chain:
    """Multiplies what passes by a signal of the neuron: a function of its voltage, its own spikes, or its error."""
    if isinstance(by, Chain):
        return Chain((Stage("gate", f"gate({by!r})", inner=by),))
    if isinstance(by, Surrogate):
        return Chain((Stage("gate", f"gate({type(by).__name__})", part=by),))
    raise NetworkError(
        f"gate({by!r}): a gate is a surrogate such as FastSigmoid(), own_spikes(), or an error such as error()"
    )


def adaptation() -> Chain:
    """How a threshold that rises with every spike weakens what passes: x becomes x - beta psi q.

    psi is the surrogate of the gate before it, and q what has passed so far, fading with `tau_adapt`; both that and
    `beta` are the neuron's. It comes right after the gate of a surrogate, behind psp().
    """
    return Chain((Stage("adaptation", "adaptation"),))


def weight(step: Part) -> Chain:
    """Where a path ends: what arrives is summed, and is the gradient that `step` turns into a change of weight."""
    if not isinstance(step, Part) or "change" not in step.handlers:
        raise NetworkError(f"weight({step!r}): give a step size such as Sgd(lr=0.01)")
    return Chain((Stage("weight", "weight", part=step),))


@dataclass
class Mode:
    """One variable of a synapse: dx/dt = (gates * input - x)/tau, where the input is the mode before it.

    `tau` is None for the last mode, which sums.
    """

    meaning: str
    tau: str | None
    surrogate: bool = False  # whether its input passes the surrogate derivative
    fires: bool = False  # whether its input passes when the neuron fires
    error: bool = False  # whether its input passes the error
    adapts: bool = False  # whether it takes off what passes


@dataclass
class Circuit:
    """A path taken apart: its modes, the filter of its error, and the parameters it needs."""

    modes: list[Mode]
    error: list[str] = field(default_factory=list)  # time constants of the error's filter, in order
    held: bool = False  # whether the error is summed instead
    taus: dict[str, float] = field(default_factory=dict)
    surrogate: Part | None = None
    step: Part | None = None
    pulses: bool = False  # whether errors act at their instant only
    psp: bool = False
    adaptive: bool = False  # whether the threshold moves


def circuit(chain: Chain) -> Circuit:
    """Take a path apart.

    Raises:
        NetworkError: stages that cannot follow each other; names the stage.
    """
    stages = chain.stages
    if stages[0].kind != "spike" or stages[-1].kind != "weight":
        raise NetworkError(f"the path {chain!r} must begin with spike() and end with weight(...)")
    c = Circuit([], step=stages[-1].part)
    waiting = Mode("", None)
    for stage in stages[1:]:
        waiting = _add(c, chain, stage, waiting)
    errors = [m for m in c.modes if m.error]
    if len(errors) > 1 or (errors and not c.modes[-1].error):
        raise NetworkError(f"the path {chain!r}: the gate of the error comes last, before weight(...)")
    if not errors:
        raise NetworkError(f"the path {chain!r} has no gate(error()), so nothing would tell it what to learn")
    _check_own(c, chain)
    if len(c.modes) < 2 or c.modes[0].surrogate:
        raise NetworkError(
            f"the path {chain!r} needs a psp() or a filter after spike(); a change that depends on the neuron at the "
            "instant of the spike alone is a rule with an on_pre of one line"
        )
    c.pulses = not c.error and not c.held
    if c.adaptive and len(c.modes) > 6:
        raise NetworkError(f"the path {chain!r}: behind adaptation() stand at most two filters")
    return c


def _check_own(c: Circuit, chain: Chain) -> None:
    """Refuse what a gate by the neuron's own spikes cannot stand with."""
    gates = [i for i, m in enumerate(c.modes) if m.fires]
    if not gates:
        return
    if c.surrogate is not None:
        raise NetworkError(f"the path {chain!r} has a gate by the voltage and one by own_spikes(); one is supported")
    if not 0 < gates[0] < len(c.modes) - 1 or max(gates[0], len(c.modes) - 1 - gates[0]) > 2:
        raise NetworkError(
            f"the path {chain!r}: on either side of gate(own_spikes()) stand one or two filters; psp() is two"
        )


def _add(c: Circuit, chain: Chain, stage: Stage, waiting: Mode) -> Mode:
    """Add a stage; return the gates that wait for the next mode."""
    for name, tau in stage.taus:
        _add_tau(c, name, tau)
    if stage.kind == "gate" and stage.inner is not None and stage.inner.stages[0].kind == "own":
        if waiting.fires or any(m.fires for m in c.modes) or len(stage.inner.stages) > 1:
            raise NetworkError(f"the path {chain!r}: gate(own_spikes()) stands there once, with nothing behind it")
        return replace(waiting, fires=True)
    if stage.kind == "gate" and stage.inner is not None:
        if waiting.error:
            raise NetworkError(f"the path {chain!r} has two gates of an error in a row; one is enough")
        _add_error(c, chain, stage.inner)
        return replace(waiting, error=True)
    if stage.kind == "gate":
        if c.surrogate is not None:
            raise NetworkError(f"the path {chain!r} has two surrogates; one is supported, so write that rule by hand")
        c.surrogate = stage.part
        return replace(waiting, surrogate=True)
    if stage.kind == "psp":
        if c.modes:
            raise NetworkError(f"the path {chain!r}: psp() comes right after spike()")
        c.psp = True
        c.modes += [replace(waiting, meaning="current", tau="tau_current"), Mode("psp", "tau_membrane")]
    elif stage.kind == "low_pass":
        for k, (name, _) in enumerate(stage.taus):
            c.modes.append(replace(waiting if k == 0 else Mode("", None), meaning=f"filter of {name}", tau=name))
    elif stage.kind == "adaptation":
        if not (c.psp and len(c.modes) == 2 and waiting.surrogate and not waiting.error):
            raise NetworkError(f"the path {chain!r}: adaptation() comes right after psp() and gate(surrogate)")
        c.adaptive = True
        c.modes.append(replace(waiting, meaning="adaptation", tau="tau_adaptation", adapts=True))
    elif stage.kind == "weight":
        c.modes.append(replace(waiting, meaning="change that is due", tau=None))
    else:
        raise NetworkError(f"the path {chain!r}: {stage.label} cannot stand there")
    return Mode("", None)


def _add_error(c: Circuit, chain: Chain, inner: Chain) -> None:
    first, *rest = inner.stages
    if first.kind != "error" or len(rest) > 1 or any(s.kind not in ("low_pass", "hold") for s in rest):
        raise NetworkError(
            f"the path {chain!r}: the path of an error is error(), or error() >> low_pass(...), "
            "double_exponential(...) or hold()"
        )
    for stage in rest:
        c.held = stage.kind == "hold"
        c.error = [name for name, _ in stage.taus]
        for name, tau in stage.taus:
            _add_tau(c, name, tau)


def _add_tau(c: Circuit, name: str, tau: float) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise NetworkError(f"{name!r} cannot name a time constant; give an identifier such as 'tau_filter'")
    if c.taus.setdefault(name, tau) != tau:
        raise NetworkError(
            f"two filters share the time constant {name!r} but give it {c.taus[name]} and {tau}; give one another name"
        )
