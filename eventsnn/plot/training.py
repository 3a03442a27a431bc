"""Weights, weights over training, and learning curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colorbar import make_axes, make_axes_gridspec
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from eventsnn.errors import NetworkError
from eventsnn.plot.style import COLORS, FAINT, INK, canvas, colors_for, dress, legend, names_for, time_axis
from eventsnn.record import WeightChanges

NAMED_UP_TO = 6  # weights told apart by colour and named; above that, all are thin and alike
TRACES_UP_TO = 200  # weights drawn one by one


def weights(w: Any, *, ax: Axes | None = None, bins: int | None = None) -> Axes:
    """The distribution of weights; for a matrix also the matrix, whose colour scale the histogram then is.

    Args:
        w: weights of any number of synapses, or a matrix (sources x targets) as `net.matrix(projection)` returns it,
            NaN (grey) where there is no synapse.
        ax: where the matrix goes (the histogram takes the right part of it), or the histogram if there is no matrix.
        bins: of the histogram; by default twice the square root of the number of synapses, from 8 to 40.

    Returns:
        The axes of the matrix (the histogram is `figure.axes[-1]` then), or of the histogram if there is no matrix.

    Raises:
        NetworkError: no weights, more than two dimensions, or an infinite weight.
    """
    w = np.asarray(w, dtype=np.float64)
    known = w[~np.isnan(w)]
    if w.ndim not in (1, 2) or not known.size or np.isinf(known).any():
        raise NetworkError(
            f"weights: got shape {w.shape} with {known.size} numbers; give finite weights, 1-D or a matrix"
        )
    mixed = known.min() < 0 < known.max()
    low, high = float(known.min()), float(known.max())
    norm = Normalize(-max(-low, high), max(-low, high)) if mixed else Normalize(low, high)
    color_map = plt.get_cmap("RdBu_r" if mixed else "viridis").with_extremes(bad="#dddddd")
    with canvas(ax, (6.0, 3.6) if w.ndim == 2 else (6.0, 3.2)) as ax:
        counts, edges = np.histogram(known, bins or int(np.clip(2 * np.sqrt(known.size), 8, 40)))
        middles, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
        if w.ndim == 1:
            ax.bar(middles, counts, widths, color=COLORS[0], edgecolor="white", linewidth=0.5)
            ax.set(xlabel="weight", ylabel="synapses")
            return ax
        ax.imshow(w.T, cmap=color_map, norm=norm, aspect="auto", origin="lower", interpolation="nearest")
        ax.set(xlabel="source neuron", ylabel="target neuron")
        ax.spines[["left", "bottom"]].set_visible(False)
        if known.size < w.size:
            ax.set_title("grey: no synapse", loc="right", color=FAINT)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        scale = _strip(ax)
        scale.barh(middles, counts, widths, color=color_map(norm(middles)), edgecolor=INK, linewidth=0.4)
        scale.yaxis.tick_right()
        scale.yaxis.set_label_position("right")
        scale.spines["left"].set_visible(False)
        scale.set(xlabel="synapses", ylabel="weight")
    return ax


def _strip(ax: Axes) -> Axes:
    """New axes that take the right part of the given ones, under whatever layout the figure has."""
    engine = ax.get_figure(root=True).get_layout_engine()  # type: ignore[union-attr]
    grid = ax.get_subplotspec() is not None and (engine is None or engine.colorbar_gridspec)
    strip = (make_axes_gridspec if grid else make_axes)(ax, location="right", fraction=0.28, aspect=3.0, pad=0.04)[0]
    strip.set_box_aspect(None)
    dress(strip)
    return strip


def weight_trace(
    changes: WeightChanges,
    *,
    synapses: Sequence[int] | None = None,
    start: float = 0.0,
    end: float | None = None,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    unit: str | None = None,
) -> Axes:
    """Weights over training, as the steps they are.

    Args:
        changes: what `net.weight_changes(projection)` returned.
        synapses: which to draw; by default all, or 200 evenly spaced ones of more, which the picture then says.
        start: where the picture begins [s].
        end: where it ends [s]; the last change by default.
        colors: one per synapse drawn, like `labels`. Without, more than six are coloured by their first weight.
        unit: "s", "ms" or "us".

    Raises:
        NetworkError: no such synapse, an empty time span, or labels that do not match.
    """
    n = len(changes.initial)
    which = _which(synapses, n)
    if labels is None and synapses is None and n <= NAMED_UP_TO:
        labels = [f"synapse {k}" for k in which]
    names = names_for(labels, len(which), "synapses")
    if end is None:
        end = float(changes.t[-1]) if len(changes.t) else start
    if not start < end:
        raise NetworkError(f"weight_trace: nothing changes between {start} s and {end} s; give an `end` after `start`")
    first, width = changes.at(start), 1.3 if len(which) <= NAMED_UP_TO else 0.9
    if colors is None and len(which) > NAMED_UP_TO:
        order = np.argsort(np.argsort(first[which]))
        colors = list(plt.get_cmap("viridis")(0.85 * order / max(order)))
    with canvas(ax) as ax:
        scale = time_axis(ax, end - start, unit)
        for k, name, color in zip(which, names, colors_for(colors, len(which)), strict=True):
            own = (changes.k == k) & (changes.t > start) & (changes.t <= end)
            t, w = [start, *changes.t[own], end], [first[k], *changes.w[own]]
            ax.plot(np.array(t) * scale, [*w, w[-1]], drawstyle="steps-post", color=color, linewidth=width, label=name)
        if labels is not None:
            legend(ax)
        if synapses is None and len(which) < n:
            ax.set_title(f"{len(which)} of {n} synapses", loc="right", color=FAINT)
        ax.set_ylabel("weight")
        ax.margins(x=0.0)
    return ax


def _which(synapses: Sequence[int] | None, n: int) -> list[int]:
    """The synapses to draw, of n."""
    if synapses is None:
        return np.unique(np.linspace(0, n - 1, min(n, TRACES_UP_TO)).astype(int)).tolist()  # type: ignore[no-any-return]
    outside = [k for k in synapses if not 0 <= k < n]
    if outside or not len(synapses):
        raise NetworkError(f"weight_trace: there is no synapse {outside or 'given'}; the projection has {n}")
    return list(synapses)


def learning_curve(
    *values: Any,
    window: int = 100,
    name: str = "accuracy",
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """Accuracy or loss over samples: the mean of the last `window` of them, from where there are as many.

    Args:
        values: one number per sample, such as `net.notes(teacher, "correct")` (times are ignored) or an array; one or
            several runs. Infinite values (the loss of an output that stayed silent) are left out of the mean and
            marked at the upper edge.
        window: samples in the mean; no more than a quarter of those there are.
        name: of the y axis.
        colors: one per run.
        labels: one per run.

    Raises:
        NetworkError: no values, NaN, more than one dimension, a window below 1, or labels that do not match.
    """
    runs = [np.asarray(v[1] if isinstance(v, tuple) else v, dtype=np.float64) for v in values]
    for run in runs:
        if run.ndim != 1 or not run.size or np.isnan(run).any():
            raise NetworkError(f"learning_curve: got shape {run.shape}; give one number, not NaN, per sample")
    if not runs or window < 1:
        raise NetworkError(
            f"learning_curve: {len(runs)} runs, window {window}; give at least one run and a window from 1"
        )
    names = names_for(labels, len(runs), "runs")
    window = min(window, max(1, min(len(run) for run in runs) // 4))
    with canvas(ax) as ax:
        for run, color, label in zip(runs, colors_for(colors, len(runs)), names, strict=True):
            _curve(ax, run, window, color, label)
        if all(np.isin(run, (0.0, 1.0)).all() for run in runs):
            ax.set_ylim(0.0, 1.02)
        if labels is not None:
            legend(ax)
        ax.set(xlabel="sample", ylabel=f"{name} (mean of last {window})")
        ax.set_xlim(0, max(len(run) for run in runs))
    return ax


def _curve(ax: Axes, run: np.ndarray, window: int, color: Any, label: str | None) -> None:
    """One run: the values themselves unless they are only 0 and 1, their mean, and where they were infinite."""
    samples, finite = np.arange(1, len(run) + 1), np.isfinite(run)
    if not np.isin(run, (0.0, 1.0)).all():
        ax.plot(samples[finite], run[finite], ".", color=color, markersize=3, alpha=0.35, markeredgewidth=0)
    ax.plot(samples[window - 1 :], running_mean(run, window)[window - 1 :], color=color, linewidth=1.4, label=label)
    if not finite.all():
        edge = ax.get_xaxis_transform()
        ax.plot(samples[~finite], np.ones((~finite).sum()), "^", color=color, ms=3, transform=edge, clip_on=False)


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of the last `window` values, or of as many as there are; infinite ones do not count (NaN if all are)."""
    finite = np.isfinite(values)
    total = np.cumsum([0.0, *np.where(finite, values, 0.0)])
    count = np.cumsum([0, *finite])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(0, last - window)
    known = count[last] - count[first]
    return np.where(known > 0, (total[last] - total[first]) / np.maximum(known, 1), np.nan)


def decision_times(
    times: Any,
    right: Any,
    *,
    bins: int = 40,
    unit: str | None = None,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
) -> Axes:
    """How long after its first possible input each sample was decided, as a histogram: right answers on wrong ones.

    Args:
        times: of the decisions, from the start of the sample [s]; finite.
        right: whether each was right, of the same shape.
        bins: of the histogram.
        unit: "s", "ms" or "us"; chosen from the latest of them unless given.
        colors: of right and of wrong answers.

    Raises:
        NetworkError: no times, a time that is not finite, or shapes that do not match.
    """
    t, good = np.asarray(times, dtype=np.float64), np.asarray(right, dtype=bool)
    if t.ndim != 1 or t.shape != good.shape or not t.size or not np.isfinite(t).all():
        raise NetworkError(
            f"decision_times: {t.shape} times and {good.shape} answers; give as many of both, and finite times"
        )
    with canvas(ax) as ax:
        scale = time_axis(ax, float(t.max()), unit)
        ax.set_xlabel(ax.get_xlabel().replace("time", "time to decision"))
        labels = [f"{g.sum()} {name}" for g, name in ((good, "right"), (~good, "wrong"))]
        both = [t[good] * scale, t[~good] * scale]
        ax.hist(both, bins, stacked=True, color=colors_for(colors, 2), edgecolor="white", linewidth=0.3, label=labels)
        legend(ax)
        ax.set_ylabel("samples")
    return ax
