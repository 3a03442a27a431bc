"""What a three-factor rule sees: the whole path of one synapse, from the spikes that come in to the weight."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from eventsnn.errors import NetworkError
from eventsnn.plot.style import COLORS, FAINT, INK, STYLE, dress, threshold_line, time_axis

PRE, POST, ERROR, SYNAPSE = COLORS[0], COLORS[2], COLORS[1], COLORS[3]
HEIGHTS = {
    "spikes": 0.35,
    "psp": 0.8,
    "voltage": 1.2,
    "surrogate": 0.6,
    "eligibility": 1.0,
    "error": 0.9,
    "weight": 1.1,
}


def anatomy(trace: Any, *, unit: str | None = None) -> Figure:
    """Every stage of a signal path above each other, over time: how a synapse comes to change its weight.

    From the top: spikes that come to the synapse, the psp that one of them would make with weight 1, the voltage of the
    neuron, the surrogate derivative at that voltage, the eligibility (what became of psp times surrogate), the error
    that reached the neuron, and the weight. In the last row the area is the gradient that is due: the integral of
    eligibility times error since the synapse was last visited. The steps are the weight, which changes at visits only.

    Colours say where a quantity lives: at the sender, at the neuron, in the messages of the error, or at the synapse.

    Args:
        trace: what `net.trace(projection, synapse)` returned.
        unit: "s", "ms" or "us".

    Raises:
        NetworkError: something else than a trace.
    """
    if not hasattr(trace, "eligibility"):
        raise NetworkError(
            f"plot.anatomy got {type(trace).__name__}; give what net.trace(projection, synapse) returned"
        )
    rows = [name for name in HEIGHTS if name != "surrogate" or trace.surrogate is not None]
    rows = [name for name in rows if name != "psp" or "psp" in trace.modes]
    heights = [HEIGHTS[name] for name in rows]
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(7.0, 1.0 + 0.95 * sum(heights)))
        figure.set_layout_engine("constrained", h_pad=0.01, hspace=0.0)
        axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        span = float(np.ptp(trace.t))
        for name, ax in zip(rows, axes, strict=True):
            dress(ax)
            scale = time_axis(ax, span, unit)
            for s in trace.spikes:
                ax.axvline(s * scale, color=PRE, linewidth=0.5, alpha=0.25, zorder=0)
            _ROWS[name](ax, trace, scale)
            ax.label_outer()
            if ax is not axes[-1]:
                ax.spines["bottom"].set_visible(False)
                ax.tick_params(axis="x", length=0)
        axes[0].set_title(f"synapse {trace.name}", color=INK, loc="left")
        axes[0].set_xlim(trace.t[0] * scale, trace.t[-1] * scale)
        figure.align_ylabels(axes)
    return figure


def _name(ax: Axes, text: str, color: str) -> None:
    """A row's name, in the colour of where it lives."""
    ax.set_ylabel(text, rotation=0, ha="right", va="center", color=color)
    ax.yaxis.set_major_locator(MaxNLocator(2, prune="upper"))


def _fill(ax: Axes, t: np.ndarray, y: np.ndarray, color: str) -> None:
    ax.fill_between(t, y, color=color, alpha=0.22, linewidth=0)
    ax.plot(t, y, color=color, linewidth=1.2)
    ax.axhline(0.0, color=FAINT, linewidth=0.5, zorder=0)


def _spikes(ax: Axes, trace: Any, scale: float) -> None:
    ax.vlines(trace.spikes * scale, 0.0, 1.0, color=PRE, linewidth=1.6)
    _name(ax, "spikes\nthat come in", PRE)
    ax.set_ylim(-0.05, 1.1)
    ax.set_yticks([])


def _psp(ax: Axes, trace: Any, scale: float) -> None:
    _fill(ax, trace.t * scale, trace.modes["psp"], PRE)
    _name(ax, "psp", PRE)


def _voltage(ax: Axes, trace: Any, scale: float) -> None:
    t = trace.t * scale
    if np.ptp(trace.threshold) == 0.0:
        threshold_line(ax, float(trace.threshold[0]), "threshold")
    else:
        ax.plot(t, trace.threshold, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    ax.plot(t, trace.v, color=POST, linewidth=1.2)
    top = float(np.max(trace.threshold))
    height = 0.35 * (top - min(0.0, float(np.min(trace.v))))
    foot = np.interp(trace.fired, trace.t, trace.threshold)
    ax.vlines(trace.fired * scale, foot, top + height, color=POST, linewidth=1.6)
    _name(ax, "voltage", POST)


def _surrogate(ax: Axes, trace: Any, scale: float) -> None:
    _fill(ax, trace.t * scale, trace.surrogate, POST)
    _name(ax, "surrogate\nderivative", POST)


def _eligibility(ax: Axes, trace: Any, scale: float) -> None:
    _fill(ax, trace.t * scale, trace.eligibility, SYNAPSE)
    _name(ax, "eligibility", SYNAPSE)


def _error(ax: Axes, trace: Any, scale: float) -> None:
    times, values = trace.errors
    if trace.error is not None:
        _fill(ax, trace.t * scale, trace.error, ERROR)
        size = (
            0.5 * float(np.max(np.abs(trace.error), initial=0.0)) / (float(np.max(np.abs(values), initial=0.0)) or 1.0)
        )
    else:
        size = 1.0
        ax.axhline(0.0, color=FAINT, linewidth=0.5)
    for time, value in zip(times * scale, values * (size or 1.0), strict=True):
        look = {"arrowstyle": "-|>", "color": ERROR, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.1, "mutation_scale": 7}
        ax.annotate("", (time, value), (time, 0.0), arrowprops=look)
    ax.update_datalim([(t * scale, v * (size or 1.0)) for t, v in zip(times, values, strict=True)])
    ax.autoscale_view()
    _name(ax, "error", ERROR)


def _weight(ax: Axes, trace: Any, scale: float) -> None:
    t, due = trace.t * scale, list(trace.modes.values())[-1]
    ax.plot(t, trace.w, color=INK, linewidth=1.4)
    ax.ticklabel_format(axis="y", useOffset=False)
    _name(ax, "weight", INK)
    beside = ax.twinx()
    beside.spines[["top", "left", "right", "bottom"]].set_visible(False)
    beside.fill_between(t, -due, color=SYNAPSE, alpha=0.22, linewidth=0)
    beside.plot(t, -due, color=SYNAPSE, linewidth=0.9)
    most = 1.15 * float(np.max(np.abs(due), initial=0.0)) or 1.0
    beside.set_ylim(-most, most)
    beside.set_yticks([0.0], ["change\nthat is due"], color=SYNAPSE, fontsize=8)
    beside.tick_params(axis="y", length=0)


_ROWS = {
    "spikes": _spikes,
    "psp": _psp,
    "voltage": _voltage,
    "surrogate": _surrogate,
    "eligibility": _eligibility,
    "error": _error,
    "weight": _weight,
}
