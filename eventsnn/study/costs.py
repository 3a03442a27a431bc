"""What learning costs, read off a locality report: words of state, messages, operations, lock length."""

from collections.abc import Iterable
from typing import Any

from eventsnn.report.operations import OPERATIONS

WORD = 8  # bytes
Row = dict[str, Any]


def learners(report: Row) -> list[Row]:
    """The projections of a report that have a rule."""
    return [row for row in report["projections"] if row["rule"] is not None]


def words(report: Row) -> int:
    """Words of state beside the weights, of all plastic projections together, as the engine holds them."""
    held = (row["bytes"][place] for row in learners(report) for place in row["bytes"] if place != "weights")
    return int(sum(held)) // WORD


def words_needed(report: Row) -> int:
    """Words that are left where every variable is kept once for all synapses that hold the same value of it.

    A look at numbers at one moment (`could_be` of the report): a trace whose values are equal at all synapses of a
    source counts once per source, a variable that never changed not at all.
    """
    sizes = {population["name"]: population["size"] for population in report["populations"]}
    total = 0
    for row in learners(report):
        count = {
            "synapse": row["synapses"], "source": sizes[row["pre"]], "neuron": sizes[row["post"]],
            "one number for all": 1, "nowhere: it never changed": 0,
        }  # fmt: skip
        total += sum(count[v["could_be"]] for v in row["state"] if v["could_be"] != "epoch")
        total += (row["bytes"]["epoch"] + row["bytes"]["way_back"]) // WORD
    return total


def operations(report: Row, place: str | None = None) -> int:
    """Additions, multiplications, comparisons, functions and so on, of all handlers together.

    Args:
        place: "synapse" for those of handlers that run once per synapse, "neuron" for those that run once per neuron.
    """
    return sum(
        handler["done"][kind]
        for row in learners(report)
        for name, handler in row["operations"].items()
        for kind in OPERATIONS
        if place in (None, "synapse" if name.startswith("on_") or name == "follow" else "neuron")
    )


def visits(report: Row) -> int:
    """Visits of synapses: rows by spikes, columns by anything else."""
    return sum(row["row_visits"] + sum(row["column_visits"].values()) for row in learners(report))


def sweeps(report: Row) -> int:
    """Runs of handlers that no message accounts for."""
    return sum(row["sweeps"] or 0 for row in learners(report))


def messages(report: Row, ports: Iterable[str] | None = None) -> int:
    """Messages of some ports, or of all; an error on the way back counts under "error (back)"."""
    wanted = None if ports is None else set(ports)
    return sum(n for port, n in report["messages"].items() if wanted is None or port in wanted)


def errors(report: Row) -> int:
    """Error messages, from a teacher and on the way back."""
    return messages(report, ("error", "error (back)"))


def lock(report: Row, unit: str = "seconds", quantile: str = "q50") -> float | None:
    """How long changes of weight waited: the longest over the plastic projections of each one's median (or `quantile`).

    Args:
        unit: "seconds", or "messages" that the neuron received in between.
    """
    found = [row["lock"][unit][quantile] for row in learners(report) if row["lock"] and row["lock"][unit]]
    return max(found, default=None)


def transport(report: Row) -> str:
    """What the way back has of the forward weights: "memory", "values", "signs" ..., or "none"."""
    found = {row["found"] for row in report["weight_transport"]} - {"none"}
    return ", ".join(sorted(found)) or "none"


def third_factor(report: Row, projection: str) -> str:
    """How fine the errors, labels or rewards are that reach the neurons of a projection."""
    row = next(row for row in report["projections"] if row["name"] == projection)
    factors = row["third_factor"] or {}
    found = {factors[port]["granularity"] for port in ("error", "label", "reward") if port in factors} - {"none"}
    return ", ".join(sorted(found)) or "none"
