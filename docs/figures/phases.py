"""Makes pages/images/phases.png: the same network taught with a pause for every error, and without."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import eventsnn as es

TRAVEL = 3.0  # from layer to layer and back, in time constants
COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
SPAN = 44.0


def train(period: float) -> es.Network:
    """Temporal XOR, a new sample every `period`, every message kept."""
    data = es.datasets.temporal_xor()
    net = es.Network(seed=3)
    stimulus = net.add(es.Stimulus(data.times, data.labels, period), name="stimulus")
    x = net.add(es.Latency(), 2, name="inputs")
    h = net.add(es.IF(), 4, name="hidden")
    y = net.add(es.IF(), 2, name="outputs")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.01), clip=es.Clip(slope=0.05, error=2.0))
    net.connect(x, h, rule, weight=es.uniform(1.0, 2.5), delay=TRAVEL, record=["weights"])
    net.connect(h, y, rule, weight=es.uniform(0.5, 1.3), delay=TRAVEL, feedback="symmetric", feedback_delay=TRAVEL)
    teacher = net.teach(y, es.FirstToSpike(outputs=2, patience=2.0 * TRAVEL), delay=0.5)
    for port, target, delay in (("value", x, 0.0), ("reset", x, 0.0), ("label", teacher, 2 * TRAVEL)):
        net.connect(stimulus, target, port=port, delay=delay)
    for depth, layer in enumerate((h, y), start=1):
        net.connect(stimulus, layer, port="apply", delay=depth * TRAVEL)
        net.connect(stimulus, layer, port="reset", delay=depth * TRAVEL)
    net.record_messages()
    return net.run(SPAN)


def draw(ax: plt.Axes, net: es.Network, period: float) -> None:
    """Every spike and error between layers, in the colour of its sample."""
    layer = {}
    for cells in net.plan.cells:
        layer.update(dict.fromkeys(range(cells.offset, cells.offset + cells.size), cells.population.name))
    row, log = {"inputs": 0, "hidden": 1, "outputs": 2}, net.messages()
    sample_of: dict[int, int] = {}  # of the latest spike of every neuron
    for t, sender, target, port in zip(log.t, log.sender, log.target, log.port, strict=True):
        if port not in ("spike", "error") or not {layer[sender], layer[target]} <= set(row):
            continue
        if port == "spike":
            begun = int((t - TRAVEL * row[layer[target]]) // period)
            sample_of[target] = begun
        else:
            begun = sample_of.get(sender, 0)
        style = {"linewidth": 0.8, "alpha": 0.8} if port == "spike" else {"linewidth": 1.1, "linestyle": (0, (2, 1.5))}
        ends = row[layer[sender]], row[layer[target]]
        ax.plot([t - TRAVEL, t], ends, color=COLORS[begun % len(COLORS)], **style)
    changes = np.unique(net.weight_changes(net.projection("inputs->hidden")).t)
    ax.plot(changes, np.full(len(changes), 1.0), "v", color="black", markersize=4, zorder=3)
    ax.set_yticks(list(row.values()), list(row))
    ax.set_xlim(0, SPAN)
    ax.set_ylim(-0.2, 2.2)
    ax.spines[["top", "right"]].set_visible(False)


def main() -> None:
    figure, axes = plt.subplots(2, 1, figsize=(8, 4.4), sharex=True, layout="constrained")
    says = {13.0: "a sample waits for every error of the one before", 9.5: "a sample waits for nobody"}
    for ax, (period, title) in zip(axes, says.items(), strict=True):
        net = train(period)
        draw(ax, net, period)
        ax.set_title(title, loc="left", fontsize=9)
        print(period, net.message_counts())
    axes[1].set_xlabel("time, in time constants")
    lines = [plt.Line2D([], [], color="0.3", linewidth=0.8), plt.Line2D([], [], color="0.3", linestyle=(0, (2, 1.5)))]
    mark = plt.Line2D([], [], color="black", marker="v", linestyle="", markersize=4)
    names = ["spike", "error", "first-layer weights change"]
    figure.legend([*lines, mark], names, loc="outside upper right", ncols=3, frameon=False, fontsize=8)
    path = Path(__file__).parents[1] / "pages" / "images" / "phases.png"
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
