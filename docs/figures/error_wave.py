"""Makes pages/images/error-wave.png: one trial of temporal XOR, spikes forth and errors back."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import eventsnn as es

DELAY = 0.25  # of every projection and of its feedback, so that arrows lean
FORTH, BACK = "0.35", "#d55e00"


def train() -> es.Network:
    """One trial with a class 1 pattern, every message kept."""
    data = es.datasets.temporal_xor()[[1]]
    net = es.Network(seed=4)
    x = net.add(es.Latency(), 2, name="x")
    h = net.add(es.IF(), 4, name="h")
    y = net.add(es.IF(), 2, name="y")
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.1))
    net.connect(x, h, rule, weight=es.uniform(1.0, 2.5), delay=DELAY)
    net.connect(h, y, rule, weight=es.uniform(0.4, 1.4), delay=DELAY, feedback="symmetric", feedback_delay=DELAY)
    teacher = net.teach(y, es.FirstToSpike(outputs=2, patience=7.0), delay=DELAY)
    net.stimulate(es.Stimulus(data.times, data.labels, period=8.0), x, layers=[h, y], teacher=teacher)
    net.record_messages()
    net.run(7.9)
    return net


def main() -> None:
    net = train()
    drawn = net.plan.cells[:-1]  # without the stimulus
    rows = [f"{c.name} {i}" if c.size > 1 else c.name for c in drawn for i in range(c.size)]
    figure, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    log = net.messages()
    for t, sender, target, port in zip(log.t, log.sender, log.target, log.port, strict=True):
        if port not in ("spike", "error"):
            continue
        delay = 0.0 if port == "spike" and rows[target] == "teacher" else DELAY
        look = {"arrowstyle": "-|>", "color": BACK if port == "error" else FORTH, "linewidth": 0.7}
        axis.annotate("", (t, target), (t - delay, sender), arrowprops={**look, "shrinkA": 0, "shrinkB": 1})
    for cells in drawn[:-1]:
        spikes = net.spikes(cells.population)
        axis.plot(spikes.t, cells.offset + spikes.i, "o", color="#0072b2", markersize=5, zorder=3)
    axis.set_yticks(np.arange(len(rows)), rows)
    axis.set_xlabel("time, in time constants")
    axis.set_xlim(-0.1, 2.9)
    axis.set_ylim(-0.4, len(rows) - 0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.plot([], [], "o", color="#0072b2", label="spike")
    axis.plot([], [], color=FORTH, label="spike on its way")
    axis.plot([], [], color=BACK, label="error on its way")
    axis.legend(frameon=False, loc="upper left", fontsize=8, bbox_to_anchor=(0.1, 1.0))
    path = Path(__file__).parents[1] / "pages" / "images" / "error-wave.png"
    figure.savefig(path, dpi=130)
    print(path, net.message_counts())


if __name__ == "__main__":
    main()
