"""Texts beside points that do not cover each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from eventsnn.plot.style import FAINT, INK

SIZE = 6.5  # of the font [pt]
TOGETHER = 3.0  # points nearer than this are one [pt]
MARKER = 3.0  # half the size of a marker [pt]
WAYS = [(np.cos(a), np.sin(a)) for a in np.pi / 8.0 * np.array([0, 1, -1, 8, 7, -7, 2, -2, 4, -4, 6, -6, 3, -3, 5, -5])]
FAR = [5.0, 9.0, 14.0, 20.0, 27.0, 35.0, 45.0]  # from a point to its text [pt]
PER_LINE = 4  # names of points that lie at one place


def label_points(ax: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write the name of every point beside it, where there is room; a line leads to those that stand farther off.

    Points that lie at one place share a text. Call it when all else is drawn: the figure is laid out for that.

    Args:
        points: for each name the x and y of its point.
    """
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    scale = 72.0 / figure.dpi
    places = {name: ax.transData.transform(point) * scale for name, point in points.items()}
    together: list[list[str]] = []
    for name, place in places.items():
        near = (g for g in together if np.hypot(*(place - places[g[0]])) < TOGETHER)
        found = next(near, None)
        if found is None:
            together.append([name])
        else:
            found.append(name)
    corners = ax.bbox.get_points() * scale
    boxes = [_box(place, (2.0 * MARKER, 2.0 * MARKER)) for place in places.values()]
    for names in together:
        lines = [" ".join(names[i : i + PER_LINE]) for i in range(0, len(names), PER_LINE)]
        size = 0.58 * SIZE * max(map(len, lines)) + 1.0, 1.2 * SIZE * len(lines)
        middle, far = _room(places[names[0]], size, boxes, corners)
        boxes.append(_box(middle, size))
        lead = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
        ax.annotate(
            "\n".join(lines), points[names[0]], middle - places[names[0]], textcoords="offset points", ha="center",
            va="center", fontsize=SIZE, color=INK, arrowprops=lead if far else None, annotation_clip=False,
        )  # fmt: skip


def _room(place: Any, size: tuple[float, float], boxes: list[Any], corners: Any) -> tuple[Any, bool]:
    """The middle of the nearest free place for a text of a size, and whether it is far from its point."""
    for far in FAR:
        for way in WAYS:
            middle = place + far * np.array(way) + 0.5 * np.array(size) * np.sign(np.round(way, 6))
            box = _box(middle, size)
            inside = (box[:2] >= corners[0]).all() and (box[2:] <= corners[1] + [30.0, 0.0]).all()
            if inside and not any((box[:2] < b[2:]).all() and (b[:2] < box[2:]).all() for b in boxes):
                return middle, far > FAR[1]
    return place + np.array([FAR[0] + 0.5 * size[0], 0.0]), False


def _box(middle: Any, size: tuple[float, float]) -> Any:
    """Left, bottom, right, top."""
    half = 0.5 * np.array(size)
    return np.concatenate([middle - half, middle + half])
