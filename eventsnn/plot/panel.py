"""What every layer did in every trial: the panel of Figure 7 in Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eventsnn.errors import NetworkError
from eventsnn.plot.style import INK, STYLE, colors_for, dress, threshold_line, time_axis

# Heights in a row, in multiples of the usual range of a voltage.
ARROW = 0.45  # an arrow
LANE = 0.55  # the lane of the arrows of one neuron of the layer below
GAP = 0.6  # between two traces; holds the arrows of the lower one


@dataclass(frozen=True)
class Layer:
    """One layer in one trial, all times relative to the trial's start [s].

    Attributes:
        name: of the population.
        below: name of the layer below.
        t: sample times of the voltages, shape (times,).
        v: voltages, shape (neurons, times).
        spikes_in: spike times of each neuron of the layer below, as they were sent (delays are not added).
        spikes_out: spike times of each neuron of this layer.
        threshold: firing threshold, in the unit of v, or None.
    """

    name: str
    below: str
    t: np.ndarray
    v: np.ndarray
    spikes_in: Sequence[np.ndarray]
    spikes_out: Sequence[np.ndarray]
    threshold: float | None = None


@dataclass(frozen=True)
class Trial:
    """One column of the panel: a title, the trial's duration [s], and the layers from the first to the outputs."""

    title: str
    duration: float
    layers: Sequence[Layer]


def trials(
    net: Any,
    populations: Sequence[Any],
    windows: Sequence[tuple[float, float]],
    *,
    titles: Sequence[str] | None = None,
    samples: int = 400,
) -> list[Trial]:
    """Look up in a network that has run what `temporal_panel` draws.

    Args:
        net: gives `net.spikes(population)` and `net.state(population, i, times)["v"]`, as `Network` does.
        populations: inputs first, then the layers in order; all but the inputs need `record=["spikes", "state"]`.
        windows: start and end of each trial [s].
        titles: one per trial.
        samples: voltages per trial and neuron, beside those just before and at each of its spikes, which are exact.

    Raises:
        NetworkError: fewer than two populations, no trial, an empty window, or titles that do not match.
    """
    if len(populations) < 2:
        raise NetworkError(f"trials: got {len(populations)} populations; give the inputs and at least one layer")
    empty = [window for window in windows if not window[0] < window[1]]
    if empty or not len(windows):
        raise NetworkError(f"trials: the window {empty[0]} is empty" if empty else "trials: no windows; give (t0, t1)")
    titles = [f"trial {k + 1}" for k in range(len(windows))] if titles is None else titles
    if len(titles) != len(windows):
        raise NetworkError(f"trials: {len(titles)} titles for {len(windows)} windows; give one for each")
    spikes = [net.spikes(p) for p in populations]
    answer = []
    for (t0, t1), title in zip(windows, titles, strict=True):
        trains = [[train - t0 for train in s.between(t0, t1).spike_trains().values()] for s in spikes]
        layers = []
        for k, population in enumerate(populations[1:], start=1):
            own = trains[k]
            t = _sample_times(own, t0, t1, samples)
            v = np.array([net.state(population, i, t)["v"] for i in range(population.size)])
            threshold = getattr(population.model, "v_threshold", None)
            layers.append(Layer(population.name, populations[k - 1].name, t - t0, v, trains[k - 1], own, threshold))
        answer.append(Trial(title, t1 - t0, layers))
    return answer


def _sample_times(trains: Sequence[np.ndarray], t0: float, t1: float, samples: int) -> np.ndarray:
    """A grid over [t0, t1), and the last instant before each spike and the spike itself."""
    spikes = t0 + np.concatenate(trains)
    grid = np.linspace(t0, t1, samples, endpoint=False)
    before = np.maximum(t0, np.nextafter(spikes, -np.inf))
    return np.unique(np.concatenate([grid, before, spikes, [np.nextafter(t1, t0)]]))


def temporal_panel(trials: Sequence[Trial], *, colors: Sequence[Any] | None = None, unit: str | None = None) -> Figure:
    """Every trial a column, every layer a row: the voltage of each neuron, and arrows for spikes in and out.

    The first layer is the top row. Traces are set off from each other, neuron 0 at the bottom, each with its own
    threshold dashed. Arrows below a row are the spikes that came in, one lane per neuron of the layer below; arrows
    on a trace are its own spikes. A neuron has the same colour wherever its spikes are
    drawn. Made for up to about ten neurons a layer.

    Args:
        trials: what `trials` returned, or made by hand.
        colors: of the neurons, layer after layer, over and over. The inputs are dark.
        unit: "s", "ms" or "us".

    Raises:
        NetworkError: no trial, no layer, or shapes that do not match.
    """
    _check(trials)
    rows = [_Row([trial.layers[k] for trial in trials]) for k in range(len(trials[0].layers))]
    palette = _palette(colors, [len(layer.v) for layer in trials[0].layers])
    duration = max(trial.duration for trial in trials)
    size = (min(14.0, 1.0 + 2.0 * max(len(trials), 2)), min(10.0, 1.0 + 0.45 * sum(row.height for row in rows)))
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=size, layout="constrained")
        ratios = [row.height for row in rows]
        axes = figure.subplots(
            len(rows), len(trials), squeeze=False, sharex=True, sharey="row", gridspec_kw={"height_ratios": ratios}
        )
        for trial, column in zip(trials, axes.T, strict=True):
            column[0].set_title(trial.title, color=INK)
            below: list[Any] = [INK] * len(trial.layers[0].spikes_in)
            for layer, row, own, ax in zip(trial.layers, rows, palette, column, strict=True):
                dress(ax)
                scale = time_axis(ax, duration, unit)
                row.draw(ax, layer, scale, below, own, "threshold" if trial is trials[-1] else "")
                ax.label_outer()
                below = own
            column[0].set_xlim(-0.02 * duration * scale, duration * scale)
    return figure


def _palette(colors: Sequence[Any] | None, sizes: Sequence[int]) -> list[list[Any]]:
    """A colour for each neuron of each layer; no two alike while there are enough."""
    ends = np.cumsum([0, *sizes])
    every = colors_for(colors, int(ends[-1]))
    return [every[a:b] for a, b in pairwise(ends)]


class _Row:
    """Where the traces and lanes of one layer go, the same in every trial."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        v = np.concatenate([layer.v for layer in layers], axis=1)
        level = layers[0].threshold
        low = v.min(axis=1)
        self.level = v.max(axis=1) if level is None else np.full(len(v), level)
        room = np.maximum(v.max(axis=1), self.level) - low
        self.unit = float(np.median(room)) or 1.0
        self.lanes = -self.unit * LANE * np.arange(len(layers[0].spikes_in), 0, -1)
        starts = np.cumsum([0.45 * self.unit, *(room[:-1] + GAP * self.unit)])
        self.offsets = starts - low
        self.middles = starts + (self.level - low) / 2
        self.bottom = float(self.lanes.min(initial=0.0))
        self.top = float(starts[-1] + room[-1] + ARROW * self.unit)
        self.height = (self.top - self.bottom) / self.unit

    def draw(self, ax: Axes, layer: Layer, scale: float, below: list[Any], own: list[Any], name: str) -> None:
        """One layer in one trial."""
        arrow = ARROW * self.unit
        for v, train, offset, level, color in zip(
            layer.v, layer.spikes_out, self.offsets, self.level, own, strict=True
        ):
            ax.plot(layer.t * scale, v + offset, color=color, linewidth=1.3)
            if layer.threshold is not None:
                threshold_line(ax, level + offset, name if offset == self.offsets[-1] else "")
            for t in train:
                _arrow(ax, t * scale, level + offset, arrow, color)
        for train, lane, color in zip(layer.spikes_in, self.lanes, below, strict=True):
            for t in train:
                _arrow(ax, t * scale, lane, arrow, color)
        names = [f"{layer.below} {i}" for i in range(len(self.lanes))]
        names += [f"{layer.name} {i}" for i in range(len(self.offsets))]
        ax.set_yticks([*(self.lanes + arrow / 2), *self.middles], names)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(self.bottom - 0.2 * self.unit, self.top + 0.2 * self.unit)


def _arrow(ax: Axes, t: float, foot: float, length: float, color: Any) -> None:
    """An arrow up at time t."""
    look = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.1, "mutation_scale": 7}
    ax.annotate("", (t, foot + length), (t, foot), arrowprops=look)


def _check(trials: Sequence[Trial]) -> None:
    if not len(trials) or not len(trials[0].layers):
        raise NetworkError("temporal_panel: nothing to draw; give at least one trial with at least one layer")
    first = trials[0]
    for trial in trials:
        if len(trial.layers) != len(first.layers):
            n, m = len(trial.layers), len(first.layers)
            raise NetworkError(
                f"temporal_panel: {trial.title!r} has {n} layers, {first.title!r} {m}; give all the same"
            )
        for layer, model in zip(trial.layers, first.layers, strict=True):
            where = f"temporal_panel: {trial.title!r}, {layer.name}"
            shape, times, n = np.shape(layer.v), np.shape(layer.t), len(model.v)
            if len(times) != 1 or shape != (n, *times) or not np.size(layer.v):
                raise NetworkError(f"{where}: v has shape {shape}, t {times}; give ({n} neurons, times) and (times,)")
            trains = len(layer.spikes_in), len(layer.spikes_out)
            if trains != (len(model.spikes_in), n):
                raise NetworkError(
                    f"{where}: spikes of {trains[0]} neurons come in and of {trains[1]} go out; "
                    f"{len(model.spikes_in)} and {n} are expected"
                )
