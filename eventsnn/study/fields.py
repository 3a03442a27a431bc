"""Fields over weights, such as a gradient or what a rule would change: around closed loops, and the angle of two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eventsnn.clocks import Clock
from eventsnn.errors import NetworkError
from eventsnn.graph import Population
from eventsnn.model import Neuron, Rule
from eventsnn.network import Network
from eventsnn.neurons import SpikeTrain


def angle(one: ArrayLike, other: ArrayLike) -> float:
    """The angle between two changes of the same weights [degrees]; below 90 they agree on what is downhill.

    Raises:
        NetworkError: arrays of different sizes, or one that is 0.
    """
    a, b = np.ravel(one), np.ravel(other)
    if a.shape != b.shape or not a.any() or not b.any():
        raise NetworkError(f"angle: got {a.size} and {b.size} numbers; give two arrays of one size that are not 0")
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


@dataclass(frozen=True)
class Loops:
    """What a field does along circles of weights.

    Attributes:
        radii: of the circles.
        along: the part of the field along the circle, times its length; circles x points at equal distances.
    """

    radii: np.ndarray
    along: np.ndarray

    def shares(self, every: int = 1) -> np.ndarray:
        """Of every circle, how much of the integral of the absolute value the closed integral leaves, from 0 to 1.

        Args:
            every: take only so many of the points; a value that changes with it is not to be trusted.
        """
        return np.array([abs(np.mean(e[::every])) / np.mean(np.abs(e[::every])) for e in self.along])


def closed_loops(
    field: Callable[[np.ndarray], np.ndarray], center: ArrayLike, radii: ArrayLike, points: int = 64, seed: int = 0
) -> Loops:
    """Follow a field around circles in a random plane of weights. Around none of them a gradient leaves anything.

    Args:
        field: takes weights, points x n, and returns as many numbers; such as that of `rule_field`.
        center: n weights.
        radii: of the circles.
        points: on each.
        seed: of the plane.
    """
    middle, sizes = np.asarray(center, dtype=np.float64), np.asarray(radii, dtype=np.float64)
    if middle.ndim != 1 or len(middle) < 2 or sizes.ndim != 1 or not (sizes > 0).all() or points < 3:
        raise NetworkError(
            f"closed_loops: got {middle.shape} weights, radii {radii!r} and {points} points; give at least 2 weights, "
            "radii above 0, and at least 3 points"
        )
    one, other = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(middle), 2)))[0].T
    turn = 2 * np.pi * np.arange(points)[:, None] / points
    way = np.cos(turn) * other - np.sin(turn) * one
    rows = []
    for radius in sizes:
        weights = middle + radius * (np.cos(turn) * one + np.sin(turn) * other)
        rows.append(2 * np.pi * radius * np.sum(field(weights) * way, axis=1))
    return Loops(sizes, np.array(rows))


def rule_field(
    rule: Rule,
    neuron: Neuron,
    trains: Sequence[Any],
    teach: Callable[[Network, Population], Any],
    end: float,
    engine: str = "reference",
) -> Callable[[np.ndarray], np.ndarray]:
    """What a rule takes from the weights of one neuron, as a function of them; with steps of `Sgd(lr=1.0)` a gradient.

    The function takes weights, points x inputs, and builds a network with one neuron for each row. All of them get the
    same spikes; at `end` the rule is told to `apply` what it has gathered, and what is missing from the weights is
    the result.

    Args:
        trains: spike times of each input [s].
        teach: is given the network and the neurons, and adds whoever sends them errors.
        end: of the task [s].
    """

    def field(weights: np.ndarray) -> np.ndarray:
        net = Network(0, engine, guard=False)
        x, y = net.add(SpikeTrain(trains)), net.add(neuron, len(weights))
        plastic = net.connect(x, y, rule, weight=weights.T)
        teach(net, y)
        net.connect(net.add(Clock(end)), y, port="apply")
        net.run(1.01 * end)
        return np.asarray(weights - net.matrix(plastic).T)

    return field
