"""The pictures of the studies."""

from collections.abc import Mapping, Sequence
from typing import Any

from eventsnn.study.tables import Results

AXES = {
    "words": "words beside the weights",
    "messages": "messages per sample",
    "lock": "lock length [time constants]",
}


def ladder(results: Results, groups: Mapping[str, Sequence[str]], title: str, against: Mapping[str, str] = AXES) -> Any:
    """The accuracy of every setting, and the accuracy against three other metrics.

    Dots are single seeds; a bar is the mean over them, and one standard deviation to either side.

    Args:
        groups: for each group the names of its settings; each has a colour of its own.
        against: three metrics, and what to call them.
    """
    from matplotlib import pyplot as plt

    from eventsnn.plot.labels import label_points
    from eventsnn.plot.style import INK, STYLE, dress

    names = [name for group in groups.values() for name in group]
    with plt.rc_context(STYLE):
        height = max(3.6, 0.24 * len(names) + 1.0)
        figure, axes = plt.subplots(
            1, 4, figsize=(12.0, height), layout="constrained", width_ratios=[1.15, 1.0, 1.0, 1.0]
        )
        for ax in axes:
            dress(ax)
        _every_setting(axes[0], results, groups, names)
        there = []
        for ax, (metric, label) in zip(axes[1:], against.items(), strict=True):
            there.append(_against(ax, results, groups, names, metric))
            ax.set_xlabel(label)
            ax.set_ylabel("accuracy")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
        for ax, points in zip(axes[1:], there, strict=True):
            label_points(ax, points)
    return figure


def _colors(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    from eventsnn.plot.style import COLORS

    return {name: COLORS[k % len(COLORS)] for k, group in enumerate(groups.values()) for name in group}


def _every_setting(ax: Any, results: Results, groups: Mapping[str, Sequence[str]], names: Sequence[str]) -> None:
    colors = _colors(groups)
    for k, name in enumerate(names):
        values = results.values(name, "accuracy")
        ax.plot(values, [k] * len(values), ".", color=colors[name], alpha=0.35, markersize=5, markeredgewidth=0)
        found = results.number(name, "accuracy")
        if found.mean is not None:
            ax.errorbar(found.mean, k, xerr=found.sd or 0.0, color=colors[name], fmt="|", markersize=9, linewidth=1.4)
    ax.set_yticks(range(len(names)), [f"{name}  {k}" for k, name in enumerate(names, start=1)])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel("accuracy")


def _against(
    ax: Any, results: Results, groups: Mapping[str, Sequence[str]], names: Sequence[str], metric: str
) -> dict[str, tuple[float, float]]:
    """Draw settings; return where each lies, by its number."""
    colors = _colors(groups)
    points: dict[str, tuple[float, float]] = {}
    for k, name in enumerate(names, start=1):
        x, y = results.number(name, metric), results.number(name, "accuracy")
        if x.mean is None or y.mean is None:
            continue
        ax.errorbar(x.mean, y.mean, yerr=y.sd or 0.0, xerr=x.sd or 0.0, color=colors[name], linewidth=0.8, alpha=0.35)
        ax.plot(x.mean, y.mean, "o", color=colors[name], markersize=4)
        points[str(k)] = (x.mean, y.mean)
    if not points:
        return {}
    ax.margins(0.12, 0.05)
    across = [x for x, _ in points.values()]
    if min(across) > 0.0 and max(across) > 100.0 * min(across):
        ax.set_xscale("log")
    return points


def scaling(rows: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Memory and work against the number of neurons, and against time: one line for each rule.

    Args:
        rows: `rule`, `sizes` (N, words, work) and `durations` (T, words, work) of each; see `scaling.Law`.
    """
    from matplotlib import pyplot as plt

    from eventsnn.plot.style import COLORS, INK, STYLE, dress

    panels = [
        ("sizes", 1, "neurons N", "words of memory"),
        ("sizes", 2, "neurons N", "operations"),
        ("durations", 1, "duration T [time constants]", "words of memory"),
        ("durations", 2, "duration T [time constants]", "operations"),
    ]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 4, figsize=(12.0, 4.2), layout="constrained")
        for ax, (which, column, across, up) in zip(axes, panels, strict=True):
            dress(ax)
            for k, row in enumerate(rows):
                points = [point for point in row[which] if point[column] > 0]
                style = "-" if row["local"] else "--"
                marker = "os^Dv"[k // len(COLORS) % 5]
                ax.loglog(
                    [p[0] for p in points], [p[column] for p in points], style, marker=marker, markersize=3.5,
                    linewidth=1.1, color=COLORS[k % len(COLORS)], label=row["rule"],
                )  # fmt: skip
            at = sorted({point[0] for row in rows for point in row[which]})
            ax.set_xticks(at, [f"{x:g}" for x in at])
            ax.set_xlabel(across)
            ax.set_ylabel(up)
            ax.minorticks_off()
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False, labelcolor=INK)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
    return figure
