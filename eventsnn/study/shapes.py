"""Surrogate derivatives of all shapes in one class, for studies that compare them."""

import math

from eventsnn.errors import NetworkError
from eventsnn.surrogates import Surrogate

SHAPES = ("fast sigmoid", "sigmoid", "exponential", "quadratic", "triangular", "boxcar")


class AnyShape(Surrogate):
    """`FastSigmoid`, `Sigmoid`, `Exponential`, `Quadratic`, `Triangular` or `Boxcar`: the shape is a parameter.

    So networks that differ in it share a compiled kernel, where classes of their own would each cost a compilation. The
    values are those of these classes. It takes somewhat longer, because kinks are looked for where there may be none.
    """

    shape: str = "fast sigmoid"  # one of SHAPES

    derived = (*Surrogate.derived, "which")  # type: ignore[assignment]

    kinks = (1, 1)

    def derive(self) -> dict[str, float]:
        """Check the parameters; the shape as a number."""
        if self.shape not in SHAPES:
            raise NetworkError(f"AnyShape.shape is {self.shape!r}; it is one of {', '.join(SHAPES)}")
        return {**super().derive(), "which": float(SHAPES.index(self.shape))}

    def at(self, x):
        """The value at x above threshold."""
        z = self.beta * abs(x)
        if self.which == 0.0:
            return self.height / ((1.0 + z) * (1.0 + z))
        if self.which < 3.0:
            e = math.exp(-z)
            return self.height * (e if self.which == 2.0 else 4.0 * e / ((1.0 + e) * (1.0 + e)))
        if self.which == 5.0:
            return self.height if abs(x) < self.edge_at else 0.0
        return self.height * max(0.0, 1.0 - (z * z if self.which == 3.0 else z))

    def reach(self, x):
        """The voltage over which the function stays close to a polynomial."""
        if self.which == 0.0:
            return 1.0 / self.beta + abs(x)
        return self.which / self.beta if self.which < 3.0 else math.inf
