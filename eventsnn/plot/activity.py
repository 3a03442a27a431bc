"""Spikes and voltages over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from eventsnn.errors import NetworkError
from eventsnn.plot.style import FAINT, canvas, colors_for, legend, names_for, threshold_line, time_axis
from eventsnn.record import Spikes

TICKS_UP_TO = 100  # rows of a raster drawn with a tick per spike; above that, ticks are too short and dots show more


def raster(
    *spikes: Spikes,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    unit: str | None = None,
) -> Axes:
    """Every spike of one or several populations: time to the right, the first population at the bottom, neuron 0 first.

    Args:
        spikes: what `net.spikes(population)` returned; a silent population keeps its rows.
        colors: one per population.
        labels: names on the y axis; by default the populations' own, with their sizes.
        unit: "s", "ms" or "us".

    Raises:
        NetworkError: no population, something else than `Spikes`, or labels that do not match.
    """
    wrong = [s for s in spikes if not isinstance(s, Spikes)]
    if wrong or not spikes:
        got = type(wrong[0]).__name__ if wrong else "nothing"
        raise NetworkError(f"raster got {got}; give Spikes, such as net.spikes(population)")
    names = names_for(labels or [f"{s.name} ({s.size})" for s in spikes], len(spikes), "populations")
    bottoms = np.cumsum([0, *(s.size for s in spikes)])
    rows = int(bottoms[-1])
    times = np.concatenate([s.t for s in spikes])
    with canvas(ax, (6.0, min(4.5, 1.6 + 0.12 * rows))) as ax:
        scale = time_axis(ax, float(np.ptp(times)) if len(times) else 0.0, unit)
        for s, bottom, color in zip(spikes, bottoms, colors_for(colors, len(spikes)), strict=False):
            row = bottom + s.i
            if rows <= TICKS_UP_TO:
                ax.vlines(s.t * scale, row - 0.38, row + 0.38, color=color, linewidth=1.2)
            else:
                ax.plot(s.t * scale, row, ".", color=color, markersize=2.5, markeredgewidth=0, rasterized=True)
            if bottom > 0:
                ax.axhline(bottom - 0.5, color=FAINT, linewidth=0.5)
        ax.set_yticks(bottoms[:-1] + (np.diff(bottoms) - 1) / 2, names)
        ax.set_ylim(-0.6, rows - 0.4)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.01)
    return ax


def voltage(
    t: Any,
    v: Any,
    *,
    threshold: float | None = None,
    spikes: Any = None,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    unit: str | None = None,
) -> Axes:
    """One or several voltage traces over time.

    Args:
        t: times [s], shape (times,).
        v: voltages, shape (times,) or (traces, times), such as `net.state(population, 0, t)["v"]`.
        threshold: drawn as a dashed line.
        spikes: spike times [s] of the trace, or one array of them per trace, or the `Spikes` of exactly the neurons
            drawn; each spike becomes a vertical stroke above the threshold (above the highest voltage without one).
        colors: one per trace.
        labels: one per trace.
        unit: "s", "ms" or "us".

    Raises:
        NetworkError: no times, or shapes that do not match.
    """
    t, v = np.asarray(t, dtype=np.float64), np.asarray(v, dtype=np.float64)
    if t.ndim != 1 or not t.size or v.ndim not in (1, 2) or not v.size or v.shape[-1] != len(t):
        raise NetworkError(
            f"voltage: t has shape {t.shape}, v {v.shape}; give (times,), and (times,) or (traces, times)"
        )
    v = np.atleast_2d(v)
    trains = _trains(spikes, len(v))
    names = names_for(labels, len(v), "traces")
    with canvas(ax) as ax:
        scale = time_axis(ax, float(np.ptp(t)), unit)
        top = float(np.nanmax(v)) if threshold is None else threshold
        stroke = 0.35 * (max(top, float(np.nanmax(v))) - min(0.0, float(np.nanmin(v))) or 1.0)
        for trace, train, color, name in zip(v, trains, colors_for(colors, len(v)), names, strict=True):
            ax.plot(t * scale, trace, color=color, linewidth=1.2, label=name)
            ax.vlines(train * scale, top, top + stroke, color=color, linewidth=1.2)
        if threshold is not None:
            threshold_line(ax, threshold, "threshold")
        if labels is not None:
            legend(ax)
        ax.set_ylabel("membrane potential")
        ax.margins(x=0.01)
    return ax


def _trains(spikes: Any, n: int) -> list[np.ndarray]:
    """Spike times per trace."""
    if spikes is None:
        return [np.empty(0)] * n
    if isinstance(spikes, Spikes):
        spikes = list(spikes.spike_trains().values())
    elif n == 1 and all(np.ndim(s) == 0 for s in spikes):
        spikes = [spikes]
    if len(spikes) != n:
        raise NetworkError(
            f"voltage: spikes of {len(spikes)} neurons for {n} traces; give one array of times per trace"
        )
    return [np.asarray(train, dtype=np.float64) for train in spikes]
