"""Surrogate derivatives: smooth stand-ins for the derivative of a spike by the voltage, which is zero or infinite.

Each is a `Part` with methods of x, the voltage above threshold:

- `at(x)`: its value;
- `edge(x, y)`: the first of its kinks that a voltage passes on the way from x to y, or y if there is none;
- `reach(x)`: how far the voltage may move from x before the function is no longer close to a polynomial.

One that is a straight line between its kinks says so by `piece(x)`: then it is integrated in closed form.

With `edge` and `reach`, what is integrated over time is split where it is not smooth and stepped finely where it is
steep, so integrals of it keep the order of the quadrature (see `eventsnn.paths`).

Surrogates in use are collected by Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948), figure 3. All are given here
with their value at threshold, `height`, and with `beta` as the inverse of the voltage over which they fall.
"""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Part


class Surrogate(Part):
    """What surrogate derivatives share; on its own it is the constant `height` (as if the neuron were linear)."""

    beta: float = 10.0  # steepness [1/(unit of v)]
    height: float = 1.0  # value at threshold

    derived = ("kink", "edge_at", "line", "width")
    fixed = ("straight",)  # what it answers follows from the class alone

    kinks = (0, 0)  # whether there is a kink at threshold, and whether there are two at 1/beta above and below it

    def derive(self) -> dict[str, float]:
        """Check the parameters; where the kinks are."""
        name = type(self).__name__
        if not 0 < self.beta < math.inf:
            raise NetworkError(f"{name}.beta is {self.beta}; it must be positive and finite")
        if not math.isfinite(self.height):
            raise NetworkError(f"{name}.height is {self.height}; it must be finite")
        centre, edges = self.kinks
        at, piece = (next(c for c in type(self).__mro__ if m in vars(c)) for m in ("at", "piece"))
        return {
            "kink": 0.0 if centre else math.inf,
            "edge_at": 1.0 / self.beta if edges else math.inf,
            "width": 1.0 / self.beta,
            "line": float(at is piece),  # whether the class that says what it is also says that it is straight
        }

    def at(self, x):
        """The value at x above threshold."""
        return self.height

    def straight(self):
        """1 if the function is a straight line between its kinks; else 0."""
        return self.line

    def piece(self, x):
        """(a, b): between the kinks around x the value is a + b x; to be given together with `at`, or not at all."""
        return self.height, 0.0

    def edge(self, x, y):
        """The first kink strictly between x and y on the way to y; y if there is none."""
        up = 1.0 if x < y else -1.0
        low = up * x
        high = up * y
        if low < -self.edge_at < high:
            return -up * self.edge_at
        if low < self.kink < high:
            return 0.0
        if low < self.edge_at < high:
            return up * self.edge_at
        return y

    def reach(self, x):
        """The voltage over which the function stays close to a polynomial."""
        return math.inf

    def absent_below(self, x):
        """1 if the function is surely 0 at x and everywhere below; else 0."""
        return 0.0


class Compact(Surrogate):
    """What surrogates share that are 0 beyond 1/beta from threshold."""

    def absent_below(self, x):
        """1 if the function is surely 0 at x and everywhere below; else 0."""
        return 1.0 if x <= -self.edge_at else 0.0


class FastSigmoid(Surrogate):
    """1/(1 + beta |x|)^2, of SuperSpike (Zenke and Ganguli 2018, doi 10.1162/neco_a_01086): heavy tails."""

    kinks = (1, 0)

    def at(self, x):
        """The value at x above threshold."""
        d = 1.0 + self.beta * abs(x)
        return self.height / (d * d)

    def reach(self, x):
        """How far the pole is."""
        return self.width + abs(x)


class Sigmoid(Surrogate):
    """4 s (1 - s) with s = 1/(1 + exp(-beta x)): the derivative of a logistic function."""

    def at(self, x):
        """The value at x above threshold."""
        e = math.exp(-self.beta * abs(x))
        return self.height * 4.0 * e / ((1.0 + e) * (1.0 + e))

    def reach(self, x):
        """A third of the way to the poles at i pi/beta."""
        return self.width


class Exponential(Surrogate):
    """exp(-beta |x|), of SLAYER (Shrestha and Orchard 2018, arXiv 1810.08646)."""

    kinks = (1, 0)

    def at(self, x):
        """The value at x above threshold."""
        return self.height * math.exp(-self.beta * abs(x))

    def reach(self, x):
        """The voltage over which it falls."""
        return 2.0 * self.width


class Quadratic(Compact):
    """max(0, 1 - (beta x)^2): a truncated quadratic, as Bohte 2011 used (doi 10.1007/978-3-642-21735-7_8)."""

    kinks = (0, 1)

    def at(self, x):
        """The value at x above threshold."""
        z = self.beta * x
        return self.height * max(0.0, 1.0 - z * z)


class Triangular(Compact):
    """max(0, 1 - beta |x|), of e-prop (Bellec et al. 2020, doi 10.1038/s41467-020-17236-y), with beta = 1/threshold."""

    kinks = (1, 1)

    def at(self, x):
        """The value at x above threshold."""
        return self.height * max(0.0, 1.0 - self.beta * abs(x))

    def piece(self, x):
        """One of two slopes, or nothing."""
        if abs(x) >= self.edge_at:
            return 0.0, 0.0
        return self.height, self.height * (self.beta if x < 0.0 else -self.beta)


class Boxcar(Compact):
    """1 within 1/beta of the threshold, and 0 elsewhere, as in Neftci et al. 2017 (doi 10.3389/fnins.2017.00324)."""

    kinks = (0, 1)

    def at(self, x):
        """The value at x above threshold."""
        return self.height if abs(x) < self.edge_at else 0.0

    def piece(self, x):
        """All or nothing."""
        return self.height if abs(x) < self.edge_at else 0.0, 0.0


class EscapeRate(Surrogate):
    """exp(beta x): the hazard of a neuron with escape noise, or its derivative; it has no centre and no width.

    With `beta = 1/delta_u` and `height = rate` it is the hazard of `EscapeLIF`, and with `height = rate/delta_u` the
    derivative of that: the surrogate whose gradient is the expected one (Gygax and Zenke 2024, arXiv 2404.14964).
    """

    def at(self, x):
        """The value at x above threshold."""
        return self.height * math.exp(min(self.beta * x, 60.0))

    def reach(self, x):
        """The voltage over which it grows by a factor e."""
        return self.width
