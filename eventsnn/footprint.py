"""How much memory a network will need, and a refusal of what cannot fit before anything is drawn."""

from contextlib import suppress
from pathlib import Path

from eventsnn.distributions import Distribution
from eventsnn.errors import NetworkError
from eventsnn.graph import Description, Projection
from eventsnn.model import Neuron

WHILE_DRAWN = 56  # bytes per synapse of the projection being drawn: edges, values, and the words that sort them
NEURON = 400  # bytes per neuron: its records and its places in the agenda, generously
OBJECT = 130  # bytes per synapse in the reference engine, where numbers are Python objects ...
VARIABLE = 40  # ... and per variable of a rule
CGROUP = Path("/sys/fs/cgroup")


def synapses(projection: Projection) -> float:
    """How many synapses a projection is expected to have; 0 if its pattern does not say."""
    count = getattr(projection.pattern, "count", None)
    return 0.0 if count is None else float(count(projection.pre.size, projection.post.size))


def bytes_per_synapse(projection: Projection, engine: str = "compiled") -> int:
    """What a synapse takes while the network runs.

    Target and weight are 12 bytes, a delay of its own 64 more (8, and the entry of the row that has it), the
    variables of a rule 8 each, with 20 for the source, the record's weight and the column, and 1 for a mark.
    """
    words = 0 if projection.rule is None else len(projection.rule.synapse_state)
    if engine == "reference":
        return OBJECT + VARIABLE * (words + (projection.rule is not None))
    shared = not isinstance(projection.delay, Distribution) and not hasattr(projection.delay, "__len__")
    feedback = 0 if projection.feedback is None else 16
    rule = 0 if projection.rule is None else 20 + 8 * words + ("only_marked" in projection.rule.handlers)
    return 12 + 64 * (not shared) + rule + feedback


def needed(description: Description, engine: str = "compiled") -> tuple[float, float]:
    """(bytes, synapses) that a network is expected to need while it is built and run."""
    counts = [synapses(p) for p in description.projections]
    kept = sum(n * bytes_per_synapse(p, engine) for n, p in zip(counts, description.projections, strict=True))
    neurons = sum(p.size for p in description.populations if isinstance(p.model, Neuron))
    return kept + NEURON * neurons + WHILE_DRAWN * max(counts, default=0.0), sum(counts)


def available() -> float:
    """Bytes that this process may still take, as far as the system says; inf if it says nothing."""
    limits = []
    with suppress(OSError, KeyError, ValueError):
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        limits.append(1024.0 * int(fields["MemAvailable"].split()[0]))
    with suppress(OSError, ValueError):  # no such limit, or the word "max"
        limits.append(float((CGROUP / "memory.max").read_text()) - float((CGROUP / "memory.current").read_text()))
    return min(limits, default=float("inf"))


def refuse_what_cannot_fit(description: Description, engine: str = "compiled") -> None:
    """Raise NetworkError if a network is expected to need more memory than there is."""
    need, n = needed(description, engine)
    there = available()
    if need > there:
        big = max(description.projections, key=lambda p: synapses(p) * bytes_per_synapse(p, engine), default=None)
        most = "" if big is None else f", most of them in {big.name}, {bytes_per_synapse(big, engine)} bytes each"
        raise NetworkError(
            f"the network needs about {need / 1e9:.3g} GB for {n:.3g} synapses{most}; {there / 1e9:.3g} GB are free. "
            "Connect less, make the network smaller, or take a machine with more memory"
            + (", or engine='compiled'" if engine == "reference" else "")
        )
