"""Connection patterns: which neuron reaches which. Each yields explicit edges, sorted by source, then target."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from eventsnn.errors import NetworkError

Edges = tuple[np.ndarray, np.ndarray]


class Pattern(Protocol):
    """Anything with `edges(n_pre, n_post, rng)`.

    A pattern may also have `count(n_pre, n_post)`: how many edges are to be expected, so that a network that cannot fit
    into memory is refused before anything is drawn.
    """

    def edges(self, n_pre: int, n_post: int, rng: np.random.Generator) -> Edges:
        """Arrays of source and target indices, one entry per synapse."""


def sorting(index: np.ndarray) -> np.ndarray:
    """The stable order of whole numbers from 0 to 2^32 - 1; sorting both halves of a word is faster than argsort."""
    if len(index) >= 1 << 32:
        return np.argsort(index, kind="stable")
    word = (index.astype(np.uint64) << np.uint64(32)) | np.arange(len(index), dtype=np.uint64)
    word.sort()
    return (word & np.uint64(0xFFFFFFFF)).astype(np.int64)


@dataclass(frozen=True)
class all_to_all:
    """Every source to every target. `self_connections=False` leaves out i -> i."""

    self_connections: bool = True

    def count(self, n_pre: int, n_post: int) -> float:
        """How many edges are to be expected."""
        return n_pre * n_post

    def edges(self, n_pre: int, n_post: int, rng: np.random.Generator) -> Edges:
        """Arrays of source and target indices, one entry per synapse."""
        pre = np.repeat(np.arange(n_pre), n_post)
        post = np.tile(np.arange(n_post), n_pre)
        keep = np.ones(len(pre), bool) if self.self_connections else pre != post
        return pre[keep], post[keep]


@dataclass(frozen=True)
class one_to_one:
    """Source i to target i; both sides have the same size."""

    def count(self, n_pre: int, n_post: int) -> float:
        """How many edges are to be expected."""
        return n_pre

    def edges(self, n_pre: int, n_post: int, rng: np.random.Generator) -> Edges:
        """Arrays of source and target indices, one entry per synapse."""
        if n_pre != n_post:
            raise NetworkError(f"one_to_one needs equal sizes; there are {n_pre} sources and {n_post} targets")
        return np.arange(n_pre), np.arange(n_post)


@dataclass(frozen=True)
class fixed_probability:
    """Each pair independently with probability p."""

    p: float
    self_connections: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise NetworkError(f"fixed_probability: p is {self.p}; it must lie in [0, 1]")

    def count(self, n_pre: int, n_post: int) -> float:
        """How many edges are to be expected."""
        return self.p * n_pre * n_post

    def edges(self, n_pre: int, n_post: int, rng: np.random.Generator) -> Edges:
        """Arrays of source and target indices, one entry per synapse."""
        counts = rng.binomial(n_post, self.p, n_pre)
        rows = [np.sort(rng.choice(n_post, int(k), replace=False)) for k in counts]
        pre = np.repeat(np.arange(n_pre), counts)
        post = np.concatenate(rows).astype(np.int64) if rows else np.empty(0, np.int64)
        keep = np.ones(len(pre), bool) if self.self_connections else pre != post
        return pre[keep], post[keep]


@dataclass(frozen=True)
class fixed_indegree:
    """Every target receives exactly k synapses from sources drawn at random."""

    k: int
    replace: bool = True  # may the same source be drawn twice for one target
    self_connections: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.k, (int, np.integer)) or self.k < 0:
            raise NetworkError(f"fixed_indegree: k is {self.k!r}; give a whole number from 0")

    def count(self, n_pre: int, n_post: int) -> float:
        """How many edges are to be expected."""
        return self.k * n_post

    def edges(self, n_pre: int, n_post: int, rng: np.random.Generator) -> Edges:
        """Arrays of source and target indices, one entry per synapse."""
        targets = np.arange(n_post)
        without_self = (targets < n_pre) & (not self.self_connections)
        others = n_pre - without_self  # how many sources each target can have
        least = int(others.min())
        if (self.k > 0 and least < 1) or (not self.replace and self.k > least):
            raise NetworkError(f"fixed_indegree: k is {self.k}, but only {least} sources can be drawn")
        post = np.repeat(targets, self.k)
        if self.replace:
            pre = rng.integers(0, least if least == others.max() else others[post], len(post))
        else:
            pre = np.concatenate([rng.choice(int(n), self.k, replace=False) for n in others])
        if without_self.any():
            pre += without_self[post] & (pre >= post)
        order = sorting(pre)  # the targets ascend already
        return pre[order], post[order]


@dataclass(frozen=True)
class edges:
    """Explicit synapses: source `pre[k]` to target `post[k]`. Values given per synapse keep this order."""

    pre: np.ndarray = field(repr=False)
    post: np.ndarray = field(repr=False)

    def count(self, n_pre: int, n_post: int) -> float:
        """How many edges there are."""
        return len(self.pre)

    def edges(self, n_pre: int, n_post: int, rng: np.random.Generator) -> Edges:
        """Arrays of source and target indices, one entry per synapse."""
        pre, post = np.asarray(self.pre), np.asarray(self.post)
        if pre.shape != post.shape or pre.ndim != 1:
            raise NetworkError(f"edges: pre has shape {pre.shape}, post {post.shape}; give two lists of equal length")
        for name, index, n in (("pre", pre, n_pre), ("post", post, n_post)):
            if index.dtype.kind not in "iu" and index.size:
                raise NetworkError(f"edges: {name} has type {index.dtype}; give whole numbers")
            bad = np.flatnonzero((index < 0) | (index >= n))
            if bad.size:
                raise NetworkError(f"edges: {name}[{bad[0]}] is {index[bad[0]]}; that side has neurons 0..{n - 1}")
        return (pre, post) if pre.size else (pre.astype(np.int64), post.astype(np.int64))  # [] is of floats
