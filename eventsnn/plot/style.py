"""One look for all pictures: colours, axes, units of time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from eventsnn.errors import NetworkError

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, FAINT = "#333333", "#999999"
STYLE: Any = {"font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 8, "figure.dpi": 150}
UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}


@contextmanager
def canvas(ax: Axes | None, size: tuple[float, float] = (6.0, 3.2)) -> Iterator[Axes]:
    """The given axes or new ones, in our style while drawing."""
    with plt.rc_context(STYLE):
        if ax is None:
            ax = plt.subplots(figsize=size, layout="constrained")[1]
        dress(ax)
        yield ax


def panels(rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (8.0, 3.2), **options: Any) -> Any:
    """A figure and its axes in our style, for pictures of one's own; `options` are those of matplotlib's `subplots`."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", **options)
    for ax in np.ravel(axes):
        dress(ax)
    return figure, axes


def dress(ax: Axes) -> None:
    """Quiet axes; set on the axes themselves, because ticks are made only when the picture is written."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=FAINT, linewidth=0.8)
    ax.tick_params(color=FAINT, labelcolor=INK, width=0.8, length=3, labelsize=8)
    ax.xaxis.label.set_color(INK)
    ax.yaxis.label.set_color(INK)


def time_axis(ax: Axes, span: float, unit: str | None) -> float:
    """Name the time axis; the factor from seconds to its unit, chosen from the time span [s] unless given."""
    if unit is None:
        unit = "s" if span >= 1.0 or span == 0.0 else "ms" if span >= 1e-3 else "us"
    if unit not in UNITS:
        raise NetworkError(f"there is no unit of time {unit!r}; there are {', '.join(UNITS)}")
    ax.set_xlabel(f"time [{unit.replace('us', 'µs')}]")
    return UNITS[unit]


def colors_for(colors: Sequence[Any] | None, n: int) -> list[Any]:
    """A colour for each of n things, over and over. Raises NetworkError for an empty list of colours."""
    if colors is not None and not len(colors):
        raise NetworkError("colors is empty; give at least one, or None for ours")
    return list(islice(cycle(COLORS if colors is None else colors), n))


def names_for(labels: Sequence[str] | None, n: int, what: str) -> list[Any]:
    """The labels of n things, or None for each. Raises NetworkError if there are more or fewer."""
    if labels is None:
        return [None] * n
    if len(labels) != n:
        raise NetworkError(f"{len(labels)} labels for {n} {what}; give one for each")
    return list(labels)


def legend(ax: Axes) -> None:
    """A legend above the axes, where it hides nothing."""
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 4, "borderaxespad": 0.2}
    ax.legend(frameon=False, handlelength=1.2, labelcolor=INK, **place)


def threshold_line(ax: Axes, level: float, name: str = "") -> None:
    """A dashed line, named at its right end."""
    ax.axhline(level, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    if name:
        place = ax.get_yaxis_transform()
        ax.text(1.01, level, name, transform=place, ha="left", va="center", fontsize=8, color=INK)
