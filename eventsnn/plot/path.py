"""Signal paths and the surrogate derivatives that gate them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from eventsnn.errors import NetworkError
from eventsnn.plot.style import FAINT, INK, canvas, colors_for, legend, names_for

WORDS = {
    "spike": "spike",
    "psp": "psp",
    "low_pass": "low-pass",
    "double": "double\nexponential",
    "hold": "sum",
    "adaptation": "adaptation",
    "gate": "×",
    "weight": "weight",
    "error": "error",
    "own": "own\nspikes",
}
STEP = 1.5  # from one stage to the next


def path(rule: Any, *, ax: Axes | None = None) -> Axes:
    """The diagram of a signal path: stages from the spike to the weight, and above each gate what it is gated by.

    Below every stage that remembers stands what a synapse keeps for it; what is above is kept once per neuron.

    Args:
        rule: a rule made with `path`, or its class.

    Raises:
        NetworkError: a rule that is not a signal path.
    """
    chain = getattr(rule, "chain", None)
    if chain is None or not getattr(chain, "stages", ()):
        raise NetworkError(f"plot.path got {rule!r}; give a rule that was made with path(), such as SuperSpike()")
    stages = chain.stages
    values = rule if not isinstance(rule, type) else None
    gates = [(k, stage) for k, stage in enumerate(stages) if stage.kind == "gate"]
    high = any(stage.inner is not None and len(stage.inner.stages) > 1 for _, stage in gates)
    with canvas(ax, (max(4.0, 1.05 * len(stages)), 2.6 if high else 2.1)) as ax:
        boxes = _row(ax, stages, values)
        for k, stage in gates:
            _gate(ax, stage, boxes[k], values)
        ax.text(-0.6, -1.1, "synapse", color=FAINT, ha="left", va="center", fontsize=8)
        ax.text(-0.6, 1.2, "neuron", color=FAINT, ha="left", va="center", fontsize=8)
        ax.axhline(0.62, color=FAINT, linewidth=0.6, linestyle=(0, (2, 3)))
        ax.set_xlim(-0.8, (len(stages) - 1) * STEP + 0.8)
        ax.set_ylim(-1.3, 3.3 if high else 2.4)
        ax.set_axis_off()
    return ax


def _gate(ax: Axes, stage: Any, gate: Text, values: Any) -> None:
    """What a gate multiplies by."""
    x = gate.get_position()[0]
    if stage.inner is None:
        part = getattr(values, "surrogate", None) or stage.part
        last = _box(ax, x, 1.35, type(part).__name__)
        ax.text(x, 1.95, "voltage", ha="center", va="center", fontsize=8, color=INK)
    else:
        inner = stage.inner.stages
        last = _box(ax, x, 1.35 + 1.3 * (len(inner) - 1), _name(inner[0], values))
        for k, one in enumerate(inner[1:], start=2):
            box = _box(ax, x, 1.35 + 1.3 * (len(inner) - k), _name(one, values))
            _arrow(ax, last, box)
            last = box
    _arrow(ax, last, gate)


def _row(ax: Axes, stages: Sequence[Any], values: Any) -> list[Text]:
    """The stages and the arrows between them."""
    boxes: list[Text] = []
    words = {"psp": 2, "weight": 2, "low_pass": 1, "hold": 1, "adaptation": 1}
    for k, stage in enumerate(stages):
        place = k * STEP
        boxes.append(_box(ax, place, 0.0, _name(stage, values), round_=stage.kind == "gate"))
        if k:
            _arrow(ax, boxes[-2], boxes[-1])
        count = len(stage.taus) or words.get(stage.kind, 0)
        if count:
            ax.text(place, -0.72, f"{count} word{'s' * (count > 1)}", ha="center", fontsize=7, color=INK)
    return boxes


def _name(stage: Any, values: Any) -> str:
    """A stage's name, with its time constants."""
    name = WORDS["double" if len(stage.taus) > 1 else stage.kind]
    taus = [getattr(values, tau, default) for tau, default in stage.taus]
    return name + ("\n" + ", ".join(f"{1e3 * tau:g}" for tau in taus) + " ms" if taus else "")


def _box(ax: Axes, x: float, y: float, text: str, round_: bool = False) -> Text:
    shape = "circle,pad=0.25" if round_ else "round,pad=0.3,rounding_size=0.2"
    frame = {"boxstyle": shape, "facecolor": "white", "edgecolor": INK, "linewidth": 0.8}
    return ax.text(x, y, text, ha="center", va="center", fontsize=7.5, color=INK, bbox=frame)


def _arrow(ax: Axes, start: Text, end: Text) -> None:
    """From the edge of one box to that of another."""
    look: Any = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.8, "shrinkA": 2, "shrinkB": 2}
    ends = {"patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch()}
    ax.annotate("", end.get_position(), start.get_position(), arrowprops={**look, **ends})


def surrogates(
    *given: Any,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    span: float = 1.0,
) -> Axes:
    """Surrogate derivatives beside each other, scaled to 1 at threshold.

    With those in common use this is figure 3 of Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948).

    Args:
        given: surrogates, such as `FastSigmoid()`.
        colors: one each.
        labels: names; by default those of the classes.
        span: how far from threshold, in the unit of the voltage.

    Raises:
        NetworkError: no surrogate, or something else.
    """
    wrong = [s for s in given if not hasattr(s, "at")]
    if wrong or not given:
        got = repr(wrong[0]) if wrong else "nothing"
        raise NetworkError(f"plot.surrogates got {got}; give surrogates such as FastSigmoid(beta=10.0)")
    x = np.linspace(-span, span, 1201)
    names = names_for(labels or [type(s).__name__ for s in given], len(given), "surrogates")
    with canvas(ax) as ax:
        ax.axvline(0.0, color=FAINT, linewidth=0.8)
        for s, name, color in zip(given, names, colors_for(colors, len(given)), strict=True):
            ax.plot(x, np.array([s.at(v) for v in x.tolist()]) / s.at(0.0), color=color, linewidth=1.3, label=name)
        ax.set_xlabel("voltage above threshold")
        ax.set_ylabel("surrogate derivative")
        ax.set_ylim(bottom=0.0)
        legend(ax)
    return ax
