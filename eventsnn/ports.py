"""Ports that nobody speaks or hears, which are nearly always misspelled: refused before a network runs."""

from eventsnn.errors import NetworkError
from eventsnn.graph import Description, Population
from eventsnn.model import Neuron, Source
from eventsnn.processes import Process

FOR_ALL = {"spike", "error", "reset", "apply", "gather"}  # sent to whole layers, whatever their rules make of them


def check_ports(description: Description) -> None:
    """Refuse messages that cannot be sent, and those that no neuron or rule at their end listens to.

    A process may send on every port, and hears every port.

    Raises:
        NetworkError: names the projection and the port.
    """
    for projection in description.projections:
        pre, post, port = projection.pre, projection.post, projection.port
        sent = {"spike"} if isinstance(pre.model, Source) else {"spike", "error"}
        if not isinstance(pre.model, Process) and port not in sent:
            raise NetworkError(
                f"{projection.name}: {pre.name} is a {type(pre.model).__name__}, which never sends {port!r}; "
                f"it sends {_words(sent)}"
            )
        if isinstance(post.model, Neuron) and port not in heard(post, description):
            raise NetworkError(
                f"{projection.name}: nobody at {post.name} listens to {port!r}: {type(post.model).__name__} has no "
                f"on_{port}, nor has a rule of its synapses; what is heard there: {_words(heard(post, description))}"
            )
        if projection.rule is not None and {"on_spike", "at_spike"} & set(projection.rule.handlers):
            raise NetworkError(
                f"{projection.name}: {type(projection.rule).__name__}.on_spike would never run; on_pre is for spikes "
                "that arrive, on_post for those of the neuron"
            )


def heard(population: Population, description: Description) -> set[str]:
    """The ports of a population of neurons: those that its model or the rules of its synapses have handlers for."""
    rules = [p.rule for p in description.projections if p.post is population and p.rule is not None]
    names = [name for model in (population.model, *rules) for name in getattr(model, "handlers", {})]
    return FOR_ALL | {name[3:] for name in names if name.startswith(("on_", "at_"))} - {"pre", "post"}


def _words(ports: set[str]) -> str:
    return ", ".join(map(repr, sorted(ports)))
