"""Distributions of durations and counts that never grow, and do not depend on the order in which they are filled."""

from fractions import Fraction
from typing import Any

import numpy as np

PARTS = 16  # bins from one power of two to the next: a quantile is known to 1/16 of itself
BITS = 53


class Histogram:
    """Numbers from 0 on, in bins that are `PARTS` to an octave; count, least, largest and mean are exact.

    Args:
        whole: they are whole numbers, and so are their quantiles.
    """

    def __init__(self, whole: bool = False) -> None:
        self.whole, self.zeros = whole, 0
        self.bins: dict[int, tuple[int, int]] = {}  # per bin: how many, and the sum of their mantissas
        self.least, self.most = np.inf, 0.0

    def add(self, values: np.ndarray) -> None:
        """Add numbers >= 0."""
        if not len(values):
            return
        self.least, self.most = min(self.least, float(values.min())), max(self.most, float(values.max()))
        above = values[values > 0.0]
        self.zeros += len(values) - len(above)
        mantissa, exponent = np.frexp(above)
        place = exponent.astype(np.int64) * PARTS + ((mantissa - 0.5) * 2 * PARTS).astype(np.int64)
        whole = (mantissa * 2.0**BITS).astype(np.int64)
        kinds, which = np.unique(place, return_inverse=True)
        count = np.bincount(which, minlength=len(kinds))
        low, high = np.zeros(len(kinds), np.int64), np.zeros(len(kinds), np.int64)
        np.add.at(low, which, whole & ((1 << 27) - 1))  # in halves, so that no sum overflows
        np.add.at(high, which, whole >> 27)
        for k, kind in enumerate(kinds.tolist()):
            n, total = self.bins.get(kind, (0, 0))
            self.bins[kind] = (n + int(count[k]), total + int(low[k]) + (int(high[k]) << 27))

    def __len__(self) -> int:
        return self.zeros + sum(n for n, _ in self.bins.values())

    @property
    def mean(self) -> float:
        """The exact mean, rounded once."""
        total = sum(
            (Fraction(s) * Fraction(2) ** (place // PARTS - BITS) for place, (_, s) in self.bins.items()), Fraction()
        )
        return float(total / len(self)) if len(self) else float("nan")

    def quantile(self, q: float) -> float:
        """A number that the part q of all do not exceed, to the width of a bin."""
        left = q * len(self) - self.zeros
        if left <= 0:
            return 0.0
        for place in sorted(self.bins):
            left -= self.bins[place][0]
            if left <= 0:
                edge = _edge(place + 1)
                return max(self.least, min(self.most, np.ceil(edge) - 1 if self.whole else edge))
        return self.most

    def octaves(self) -> list[tuple[float, float, int]]:
        """(from, to, how many) with edges at powers of two; zeros first, as from 0 to 0."""
        found: dict[int, int] = {}
        for place, (n, _) in self.bins.items():
            found[place // PARTS] = found.get(place // PARTS, 0) + n
        rows = [(0.0, 0.0, self.zeros)] if self.zeros else []
        return rows + [(2.0 ** (e - 1), 2.0**e, found[e]) for e in sorted(found)]

    def to_dict(self) -> dict[str, Any] | None:
        """Plain numbers; None where there is nothing."""
        if not len(self):
            return None
        quantiles = {f"q{round(100 * q):02d}": self.quantile(q) for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
        return {
            "count": len(self),
            "zeros": self.zeros,
            "min": self.least,
            "max": self.most,
            "mean": self.mean,
            **quantiles,
            "histogram": [list(row) for row in self.octaves()],
        }

    def pack(self) -> dict[str, Any]:
        """Everything, for saving."""
        bins = [[place, n, str(total)] for place, (n, total) in sorted(self.bins.items())]
        return {"zeros": self.zeros, "bins": bins, "least": self.least, "most": self.most}

    def unpack(self, packed: dict[str, Any]) -> None:
        """Take back what `pack` gave."""
        self.zeros, self.least, self.most = packed["zeros"], packed["least"], packed["most"]
        self.bins = {int(place): (int(n), int(total)) for place, n, total in packed["bins"]}


def _edge(place: int) -> float:
    """The lower end of a bin."""
    octave, part = divmod(place, PARTS)
    return float(np.ldexp(0.5 + part / (2 * PARTS), octave))
