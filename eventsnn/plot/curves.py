"""Lines over one axis, for whatever has no picture of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from eventsnn.errors import NetworkError
from eventsnn.plot.style import INK, canvas, colors_for


def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    style: str = "-",
    *,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    **settings: Any,
) -> Axes:
    """A line for each name, with a legend; where a line has several rows, their mean and a band of all of them.

    Args:
        x: of all lines.
        lines: for each name one number per x, or rows of them, such as one for each seed.
        style: Matplotlib's, such as ".-".
        colors: one each.
        settings: what `ax.set` takes: `xlabel`, `ylabel`, `title`, `xscale`, ...

    Raises:
        NetworkError: no line, or one of another length.
    """
    at = np.asarray(x, dtype=np.float64)
    found = {name: np.atleast_2d(np.asarray(y, dtype=np.float64)) for name, y in lines.items()}
    for name, rows in found.items() or [("", np.zeros((0, 0)))]:
        if rows.ndim != 2 or rows.shape[1:] != at.shape or not len(rows):
            raise NetworkError(f"curves: {name!r} has shape {rows.shape}; give one number for each of {at.size} x")
    with canvas(ax) as ax:
        for (name, rows), color in zip(found.items(), colors_for(colors, len(found)), strict=True):
            ax.plot(at, rows.mean(axis=0), style, color=color, label=name, linewidth=1.3)
            if len(rows) > 1:
                ax.fill_between(at, rows.min(axis=0), rows.max(axis=0), color=color, alpha=0.15, linewidth=0.0)
        ax.set(**settings)
        ax.legend(edgecolor="none", framealpha=0.8, fontsize=7, handlelength=1.4, labelcolor=INK)  # over other lines
    return ax
