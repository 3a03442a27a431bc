"""Makes the rule of a signal path: its text as a class, which passes the same checks as one written by hand."""

import hashlib
import linecache
import math
import sys
from typing import Any

from eventsnn.epochs import EPOCH, EPOCHS
from eventsnn.errors import NetworkError
from eventsnn.model import Rule
from eventsnn.paths.chain import Chain, Circuit, circuit
from eventsnn.paths.text import class_text

WHEN = ("spike", "apply")


class Path(Rule, abstract=True):
    """What the rules of all signal paths share: their checks, and what they say about themselves."""

    chain = Chain(())  # the stages
    circuit = Circuit([])  # and its variables
    text = ""  # the module that defines the rule


def check_path(rule: Any) -> None:
    """Check the parameters of a path's rule.

    Raises:
        NetworkError: with the value and what it should be.
    """
    name = type(rule).__name__
    for tau in rule.circuit.taus:
        if not 0 < getattr(rule, tau) < math.inf:
            raise NetworkError(f"{name}.{tau} is {getattr(rule, tau)}; it must be positive and finite")
    if not 0 < rule.panel <= 0.4:
        raise NetworkError(f"{name}.panel is {rule.panel}; it must lie in (0, 0.4]")
    if rule.when not in WHEN:
        raise NetworkError(f"{name}.when is {rule.when!r}; it is 'spike' or 'apply'")
    if rule.errors not in ("stop", "return"):
        raise NetworkError(f"{name}.errors is {rule.errors!r}; it is 'stop' or 'return'")
    if not rule.w_min < rule.w_max:
        raise NetworkError(f"{name}.w_min is {rule.w_min}; it must lie below w_max = {rule.w_max}")


def memory(rule: Rule | type[Rule]) -> dict[str, int]:
    """How many numbers a rule keeps: for each synapse with its weight, for each neuron, and for each of its epochs.

    A neuron has as many epochs at a time as its synapses belong to, and no more than it has synapses, and one.
    """
    made = rule() if isinstance(rule, type) else rule
    epochs = bool(made.epoch_state)
    return {
        "synapse": 1 + len(made.synapse_state) + epochs,
        "neuron": len(made.neuron_state) + len(EPOCHS) * epochs,
        "epoch": len(made.epoch_state) + len(EPOCH) * epochs,
    }


def path(name: str, chain: Chain) -> Any:
    """The rule of a signal path, as a class: a subclass of `Rule`.

        DelayedReward = path("DelayedReward", spike() >> psp() >> low_pass(0.1) >> gate(error()) >> weight(Sgd(0.01)))

    Its parameters are the time constants, `surrogate` (if it has one), `step`, `when`, `w_min`, `w_max` and `panel`.
    Its text is an ordinary class, `DelayedReward.text`, and is checked and compiled as such.

    Args:
        name: of the class; an identifier. To save a network with the rule, assign it to that name at the top of a
            file, as with `namedtuple`.
        chain: the stages, joined by `>>`.

    Raises:
        NetworkError: stages that cannot follow each other.
    """
    if not name.isidentifier():
        raise NetworkError(f"{name!r} cannot name a class; give an identifier such as 'DelayedReward'")
    if not isinstance(chain, Chain):
        raise NetworkError(f"{chain!r} is no path; join stages by >>, beginning with spike()")
    parts = circuit(chain)
    text = class_text(name, repr(chain), parts)
    file = f"<signal path {name} {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)  # where `inspect` finds sources
    module = sys._getframe(1).f_globals.get("__name__", "__main__")
    names: dict[str, Any] = {
        "__name__": module,
        "default_surrogate": parts.surrogate,
        "default_step": parts.step,
    }
    exec(compile(text, file, "exec"), names)
    made = names[name]
    made.chain, made.circuit, made.text = chain, parts, text
    return made
