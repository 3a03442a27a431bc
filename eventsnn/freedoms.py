"""Which relaxations of locality a network asks for, and the refusal of what it takes without asking.

`requests` is what the locality report repeats. `check` runs before an engine is made: it refuses what was not asked
for or is not allowed, what the engine cannot do, processes that share memory, and handlers that nobody checked.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from eventsnn.errors import EngineError, LocalityError, NetworkError
from eventsnn.locality import reacting, seal, sharing
from eventsnn.model import Model, Neuron, Rule, Source
from eventsnn.plan import Plan, Synapses
from eventsnn.processes import Process
from eventsnn.relax import Relaxation, exact_time, instant, weight_transport
from eventsnn.responder import Responder, numbers_of

_REFERENCE_ONLY = {
    "neighbour": "a synapse cannot see its sender there",
}


class Request(NamedTuple):
    """A relaxation, and who asks for it.

    Attributes:
        relaxation: such as `history(4)`; its `name` and `argument` can be read by programs.
        owner: the projection, population or network, and the class: "x->y: MyRule.past".
        because: what in the description amounts to asking.
    """

    relaxation: Relaxation
    owner: str
    because: str

    def __str__(self) -> str:
        return f"{self.owner} needs {self.relaxation}: {self.because}"


def step_of(time: Any) -> float | None:
    """The step of a network's time [s], or None where it is exact.

    Raises:
        NetworkError: neither `exact_time` nor a grid.
    """
    if time == exact_time:
        return None
    if isinstance(time, Relaxation) and time.name == "grid":
        return float(time.argument)  # type: ignore[arg-type]
    raise NetworkError(f"time={time!r}; give exact_time or grid(dt)")


def requests(plan: Plan) -> tuple[Request, ...]:
    """Everything that a network asks for beyond locality, in the order of its description."""
    return tuple(_requests(plan))


def _requests(plan: Plan) -> Iterator[Request]:
    if plan.grid is not None:
        yield Request(Relaxation("grid", plan.grid), "network", f"time=grid({plan.grid!r})")
    for c in plan.cells:
        if isinstance(c.model, Process):
            for one in c.model.needs:
                yield Request(one, c.name, f"declared by {c.model!r}")
        else:
            yield from _of_model(c.model, c.name)
    for s in plan.synapses:
        for one in s.projection.needs:
            yield Request(one, s.name, "needs= of the projection")
        if s.back is not None and s.back.kind == "symmetric":
            yield Request(weight_transport, s.name, 'feedback="symmetric"')
        if s.back is not None and s.back.kind == "sign_symmetric":
            yield Request(Relaxation(weight_transport.name, "signs"), s.name, 'feedback="sign_symmetric"')
        if len(s) and float(s.delay.min()) == 0.0:
            yield Request(instant, s.name, "a delay of 0 s")
        if s.back is not None and len(s) and float(s.back.delay.min()) == 0.0:
            yield Request(instant, s.name, "a feedback delay of 0 s")
        if s.rule is not None:
            yield from _of_model(s.rule, s.name)


def _of_model(model: Model, owner: str) -> Iterator[Request]:
    kind = type(model).__name__
    for one in model.needs:
        yield Request(one, f"{owner}: {kind}", "needs of the class")
    for name, one in model.histories.items():
        yield Request(one, f"{owner}: {kind}.{name}", f"{one.argument} words of state")
    for part in model.parts.values():
        yield from _of_model(part, owner)


def history_used(model: Model) -> dict[str, int]:
    """For each declared history, how far back the handlers' text reaches; a report compares it with its depth."""
    reads = {name for handler in model.handlers.values() for _, name in handler.reads if handler.name[:5] != "push_"}
    used = {}
    for name, one in model.histories.items():
        depth = int(one.argument)  # type: ignore[arg-type]
        used[name] = max((k for k in range(1, depth + 1) if f"{name}_{k}" in reads), default=0)
    return used


def check(plan: Plan, allow: tuple[str, ...] | None, engine: str) -> None:
    """Refuse what a network takes without asking, and what its engine cannot do.

    Raises:
        LocalityError: names what was taken, by whom, and the relaxation to ask for.
        EngineError: a relaxation that this engine does not have.
    """
    for model in _models(plan):
        seal.verify(model)
    for s in plan.synapses:
        _check_weights(s, plan.synapses)
        _check_neighbours(s)
        if plan.grid is not None and s.rule is not None and exact_time in s.rule.needs:
            kind = type(s.rule).__name__
            what = f"{s.name}: {kind} needs exact_time, and the network keeps its time on grid({plan.grid!r})"
            raise LocalityError(f"{what}; leave time= out, or use another rule", "time", kind, "temporal")
    for request in requests(plan):
        name = request.relaxation.name
        if allow is not None and name not in allow:
            what = f"{request}, and the network allows {', '.join(allow) or 'nothing'}"
            raise LocalityError(f"{what}; do without it, or give Network(allow=({name!r}, ...))", name, request.owner)
        if engine != "reference" and name in _REFERENCE_ONLY:
            raise EngineError(
                f"{request}, which engine={engine!r} does not have: {_REFERENCE_ONLY[name]}; use engine='reference'"
            )
    sharing.check([(c.name, c.size, c.model) for c in plan.cells if isinstance(c.model, (Process, Source))])


def verify(plan: Plan, parameters: list[Any]) -> None:
    """See that models are what they were when the engine was made.

    Raises:
        LocalityError: a handler that was replaced, or a parameter that was changed.
    """
    for model, before in zip([*_models(plan), *_responders(plan)], parameters, strict=True):
        if isinstance(model, Responder):
            reacting.confirm(model)
        else:
            seal.verify(model)
        _compare(type(model).__name__, before, _values(model))


def _compare(owner: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    for name, old in before.items():
        new = now[name]
        if isinstance(old, dict):
            _compare(f"{owner}.{name}", old, new)
        elif new is not old and not np.array_equal(old, new, equal_nan=not isinstance(old, str)):
            what = f"{owner}.{name} was {old!r} and is now {new!r}; every engine took it over when the network began"
            raise LocalityError(
                f"{what}, so use a new network, or a State that a message sets", name, owner, "temporal"
            )


def parameters_of(plan: Plan) -> list[dict[str, Any]]:
    """The parameters of every neuron, rule and responder, to be compared later."""
    return [_values(model) for model in [*_models(plan), *_responders(plan)]]


def _values(model: Model | Responder) -> dict[str, Any]:
    if isinstance(model, Responder):
        return numbers_of(model)
    values = {name: getattr(model, name) for name in model.parameters}
    return {name: _values(value) if isinstance(value, Model) else value for name, value in values.items()}


def _models(plan: Plan) -> list[Neuron | Rule]:
    neurons = [c.model for c in plan.cells if isinstance(c.model, Neuron)]
    return [*neurons, *(s.rule for s in plan.synapses if s.rule is not None)]


def _responders(plan: Plan) -> list[Responder]:
    return [c.model for c in plan.cells if isinstance(c.model, Responder) and c.model.only_reacts()]


def _check_neighbours(s: Synapses) -> None:
    for variable in () if s.rule is None else s.rule.neighbours().values():
        published = s.pre.model.state if isinstance(s.pre.model, Neuron) else {}
        if variable not in published:
            raise NetworkError(
                f"{s.name}: {type(s.rule).__name__} needs neighbour({variable!r}), which {s.pre.name} does not "
                f"publish; it has {', '.join(published) or 'nothing'}"
            )


def _check_weights(s: Synapses, others: list[Synapses]) -> None:
    """Refuse feedback weights that are the forward ones, unless somebody asked for weight transport."""
    if weight_transport in s.projection.needs:
        return
    name = None
    way_back = None if s.back is None else s.state.get("back") if s.back.kind == "learned" else s.back.weight
    if way_back is not None and _mirrors(s, way_back):
        name = f"the feedback weights of {s.name} are its forward weights"
    for other in others:
        if other.port == "error" and weight_transport not in other.projection.needs and _transposed(s, other):
            name = f"the weights of {other.name} (error) are those of {s.name} the other way round"
    if name is not None:
        raise LocalityError(
            f"{name}, which no neuron there can know: ask for it by name, with needs=(weight_transport,) or "
            'feedback="symmetric", or draw weights of their own',
            "w",
            s.name,
        )


def _mirrors(s: Synapses, weight: np.ndarray) -> bool:
    forward = s.weight if s.back is None or s.back.kind != "sign_symmetric" else np.abs(s.weight)
    return len(s) > 1 and bool(np.array_equal(weight, forward)) and bool(np.ptp(forward) > 0)


def _transposed(s: Synapses, other: Synapses) -> bool:
    if s.rule is None or (other.pre, other.post, len(other)) != (s.post, s.pre, len(s)) or len(s) < 2:
        return False
    there, back = np.lexsort((s.target, s.source)), np.lexsort((other.source, other.target))
    same = np.array_equal(s.source[there], other.target[back]) and np.array_equal(s.target[there], other.source[back])
    return same and bool(np.array_equal(s.weight[there], other.weight[back])) and bool(np.ptp(s.weight) > 0)
