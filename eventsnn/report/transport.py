"""Weight transport, found by looking at what errors are multiplied with: at its memory, and at its values.

Errors go from the targets of a plastic projection to its sources, through the projection's own way back or through a
projection that carries errors. If what they are multiplied with on the way is the forward weights, or mirrors them,
then two distant synapses know of each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eventsnn.plan import Plan, Synapses

CHANCE = 0.01  # equal signs count as mirrored if unrelated signs were all equal less often than this
FEWEST = 3  # pairs from which numbers can be seen to be in proportion
NEAR = 1e-9  # relative deviation that rounding may cause


@dataclass(frozen=True)
class Transport:
    """How a way back compares with the forward weights.

    Attributes:
        found: "memory" (the same memory), "equal", "proportional", "signs" (all signs equal, more than chance would
            do, or taken from the forward weights), or "none".
        cosine: of the angle between the two, as vectors of all pairs; NaN where one is zero.
        same_signs: part of the pairs, of those where neither is 0, that have equal signs.
    """

    forward: str
    back: str
    pairs: int
    found: str
    cosine: float
    same_signs: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        numbers = {name: None if np.isnan(value := getattr(self, name)) else value for name in ("cosine", "same_signs")}
        return {"forward": self.forward, "back": self.back, "pairs": self.pairs, "found": self.found, **numbers}


def find(plan: Plan, engine: Any) -> list[Transport]:
    """Every way back of every plastic projection, compared with its weights as they are now."""
    found = []
    for s in plan.synapses:
        if s.rule is None:
            continue
        weights, way_back = memories(engine, s)
        if way_back is not None:
            same = np.shares_memory(weights, way_back)
            one = compare(s.name, f"{s.name} (back)", np.array(weights), np.array(way_back), same)
            takes_signs = s.back is not None and s.back.kind == "sign_symmetric" and one.found == "none"
            found.append(replace(one, found="signs") if takes_signs else one)
        for other in carriers(plan, s):
            a, b = paired(s, other, np.array(weights), np.asarray(engine.synapse_arrays(other.index)["w"]))
            if len(a):
                found.append(compare(s.name, other.name, a, b, np.shares_memory(weights, memories(engine, other)[0])))
    return found


def memories(engine: Any, s: Synapses) -> tuple[np.ndarray, np.ndarray | None]:
    """The memory of a projection's weights, and the memory of what its errors are multiplied with.

    An array of the compiled engine is what its kernel works on. The reference engine keeps a record for each synapse;
    the identities of those records stand for them here.
    """
    if engine.name == "compiled":
        if s.index not in engine.arrays.projection:
            return engine.arrays.weights(s.index), None
        whole = engine.arrays.projection[s.index]
        if s.rule is None:
            return whole.weight, None
        weights = whole.syn["w"]
        return weights, _way_back(s, weights, whole.syn["back"] if "back" in s.state else None, whole.back_weight)
    synapses = engine.synapses[s.index]
    weights = np.array([synapses.weight(j) for j in range(len(s))])
    learned = np.array([r.back for r in synapses.records]) if "back" in s.state else None
    return weights, _way_back(s, weights, learned, np.array(synapses.back_weight))


def _way_back(s: Synapses, weights: np.ndarray, learned: np.ndarray | None, fixed: np.ndarray) -> np.ndarray | None:
    """What errors are multiplied with, by the kind of feedback."""
    if s.back is None:
        return None
    if s.back.kind == "symmetric":
        return weights
    if s.back.kind == "sign_symmetric":
        return np.asarray(np.sign(weights) * fixed)
    return learned if s.back.kind == "learned" else fixed


def carriers(plan: Plan, s: Synapses) -> Iterator[Synapses]:
    """Projections of errors that lead from as many as a projection has targets to its sources."""
    for other in plan.synapses:
        if other.port == "error" and other.post is s.pre and other.pre.size == s.post.size:
            yield other


def paired(s: Synapses, other: Synapses, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of two projections of opposite direction, pair by pair of neurons that both connect."""
    there = {(int(i), int(j)): k for k, (i, j) in enumerate(zip(other.target, other.source, strict=True))}
    ends = zip(s.source.tolist(), s.target.tolist(), strict=True)
    pairs = np.array([(k, there[end]) for k, end in enumerate(ends) if end in there], np.int64).reshape(-1, 2)
    return a[pairs[:, 0]], b[pairs[:, 1]]


def compare(forward: str, back: str, a: np.ndarray, b: np.ndarray, same_memory: bool) -> Transport:
    """How two arrays of weights, pair by pair, compare."""
    lengths = float(np.sqrt((a * a).sum()) * np.sqrt((b * b).sum()))
    cosine = float((a * b).sum()) / lengths if lengths > 0 else np.nan
    both = (a != 0) & (b != 0)
    signs = np.sign(a[both]) == np.sign(b[both])
    same_signs = float(signs.mean()) if len(signs) else np.nan
    varied = len(a) > 1 and bool(np.ptp(a) > 0) and bool(np.ptp(b) > 0)
    if same_memory:
        found = "memory"
    elif varied and np.array_equal(a, b):
        found = "equal"
    elif varied and len(a) >= FEWEST and _in_proportion(a, b):
        found = "proportional"
    elif len(signs) and signs.all() and _chance(a[both], b[both]) < CHANCE:
        found = "signs"
    else:
        found = "none"
    return Transport(forward, back, len(a), found, cosine, same_signs)


def _in_proportion(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether b is a times one number that is not 0, but for rounding."""
    factor = float((a * b).sum() / (a * a).sum())
    return factor != 0.0 and bool(np.all(np.abs(b - factor * a) <= NEAR * np.abs(factor * a)))


def _chance(a: np.ndarray, b: np.ndarray) -> float:
    """How likely unrelated signs, as many of each kind, would all be equal."""
    p, q = float((a > 0).mean()), float((b > 0).mean())
    return float((p * q + (1 - p) * (1 - q)) ** len(a))
