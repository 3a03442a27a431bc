"""The bar picture of a benchmark."""

import math
from collections.abc import Sequence
from typing import Any

from eventsnn.bench.results import Result, brief
from eventsnn.demo.runner import pictures


def bars(results: Sequence[Result]) -> Any:
    """A group of bars for each case, a colour for each engine: the median, and a line from least to most."""
    pictures()
    from matplotlib import pyplot as plt
    from matplotlib.patches import Patch

    from eventsnn.plot.style import COLORS, INK, STYLE, dress

    engines = list(dict.fromkeys(r.engine for r in results))
    per_event = any(r.ns_per_event_median for r in results)
    shown = [r for r in results if r.ns_per_event_median] if per_event else list(results)
    places, ticks, y = {}, [], 0.0
    for case in dict.fromkeys(r.case for r in shown):
        group = [r for r in shown if r.case == case]
        for r in group:
            places[id(r)] = y
            y -= 1.0
        ticks.append((case, y + (len(group) + 1) / 2))
        y -= 0.6
    with plt.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(7.0, 0.9 + 0.24 * -y), layout="constrained")
        dress(ax)
        for r in shown:
            low, middle, high = values(r, per_event)
            color = COLORS[engines.index(r.engine) % len(COLORS)]
            ax.barh(places[id(r)], middle, color=color, height=0.85)
            ax.plot([low, high], [places[id(r)]] * 2, color=INK, linewidth=1.0)
            words = (f"{middle:,.0f} ns" if middle >= 100 else f"{middle:.3g} ns") if per_event else brief(middle)
            ax.annotate(words, (high, places[id(r)]), (4, 0), textcoords="offset points", va="center", fontsize=8)
        most, least = (f(values(r, per_event)[k] for r in shown) for f, k in ((max, 2), (min, 0)))
        ax.set_xlim(0.0, most * 1.15)
        if most > 100 * least:  # lengths of bars then say nothing, only their ends do
            ax.set_xscale("log")
            ax.set_xlim(10.0 ** math.floor(math.log10(least)), most * 3)
        ax.set_yticks([place for _, place in ticks], [case for case, _ in ticks])
        ax.set_xlabel("CPU time per synaptic event [ns]" if per_event else "CPU time [s]")
        ax.set_title(f"{results[0].name}: median, and least to most", loc="left", color=INK)
        if len(engines) > 1:
            handles = [Patch(color=COLORS[k % len(COLORS)], label=name) for k, name in enumerate(engines)]
            figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def values(r: Result, per_event: bool) -> tuple[float, float, float]:
    """Least, median, most."""
    if per_event:
        assert r.min is not None
        assert r.ns_per_event_median is not None
        assert r.max is not None
        return r.min, r.ns_per_event_median, r.max
    return tuple(max(x, 1e-6) for x in (r.seconds_min, r.seconds, r.seconds_max))  # type: ignore[return-value]
