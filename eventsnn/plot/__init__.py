"""Pictures of results: spikes, voltages, weights, learning, and what every layer does in every trial.

Every function takes plain results (arrays, `Spikes`, `WeightChanges`), draws into `ax` or into a figure of its own,
and returns the Axes, so `plot.raster(spikes).figure.savefig("raster.png")` writes a file. `temporal_panel` makes a
figure and returns it; so does `anatomy`, and `messages` returns a film.

Times are seconds; the axis says s, ms or µs, whichever suits the time span drawn, or what `unit` says: `"s"`, `"ms"` or
`"us"`. Colours are those of Okabe and Ito (2008), which the colour-blind can tell apart.
"""

from eventsnn.plot.activity import raster, voltage
from eventsnn.plot.anatomy import anatomy
from eventsnn.plot.curves import curves
from eventsnn.plot.messages import messages
from eventsnn.plot.panel import Layer, Trial, temporal_panel, trials
from eventsnn.plot.path import path, surrogates
from eventsnn.plot.style import COLORS, panels
from eventsnn.plot.training import decision_times, learning_curve, running_mean, weight_trace, weights

__all__ = [
    "COLORS",
    "Layer",
    "Trial",
    "anatomy",
    "curves",
    "decision_times",
    "learning_curve",
    "messages",
    "panels",
    "path",
    "raster",
    "running_mean",
    "surrogates",
    "temporal_panel",
    "trials",
    "voltage",
    "weight_trace",
    "weights",
]
