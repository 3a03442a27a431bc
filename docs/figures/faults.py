"""Makes pages/images/faults.png: Yin-Yang learned while errors are lost or late, and answered while neurons are dead.

Five passes over the training samples and accuracy on the validation samples, mean and range of the seeds.

python docs/figures/faults.py 0 1 2
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import eventsnn as es

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "demos"))
import yin_yang as demo  # noqa: E402

PASSES = 5
LOST, LATE, DEAD = (0.0, 0.01, 0.1, 0.3, 0.6), (0.0, 2.0, 4.0, 8.0, 16.0), (0, 1, 3, 6, 9)


def train(seed: int, lost: float = 0.0, late: float = 0.0) -> es.Network:
    """A network taught through unreliable links."""
    samples, _, _ = demo.samples()
    stimulus = es.Stimulus(samples.times, samples.labels, demo.PERIOD, shuffle=True, passes=PASSES, seed=seed)
    net = demo.network(stimulus, seed, link=es.UnreliableLink(lost, late, seed))
    return net.run(until=stimulus.end)


def accuracy(net: es.Network, dead: int = 0, seed: int = 0) -> float:
    """On the validation samples, with some hidden neurons whose spikes reach nobody."""
    _, validation, _ = demo.samples()
    unseen = validation.without_labels()
    stimulus = es.Stimulus(unseen.times, unseen.labels, demo.PERIOD, passes=1)
    asked = demo.network(stimulus, trained=net, link=es.UnreliableLink())
    last = asked.projection("hidden->output")
    last.weight = np.array(last.weight)
    last.weight[np.random.default_rng(seed).permutation(30)[:dead]] = 0.0
    asked.run(until=stimulus.end)
    return float(np.mean(asked.notes(asked.population("teacher"), "decision")[1] == validation.labels))


def main() -> None:
    seeds = [int(word) for word in sys.argv[1:]] or [0]
    found: dict[str, list[list[float]]] = {"lost": [], "late": [], "dead": []}
    for seed in seeds:
        sound = train(seed)
        first = accuracy(sound)
        found["lost"].append([first, *(accuracy(train(seed, lost=value)) for value in LOST[1:])])
        found["late"].append([first, *(accuracy(train(seed, late=value)) for value in LATE[1:])])
        found["dead"].append([first, *(accuracy(sound, dead, seed) for dead in DEAD[1:])])
        print(json.dumps({"seed": seed, **{what: rows[-1] for what, rows in found.items()}}), flush=True)
    draw(found)


def draw(found: dict[str, list[list[float]]]) -> None:
    """One panel for each kind of fault."""
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.6), sharey=True, layout="constrained")
    names = ["fraction of errors lost", "longest extra delay of an error", "dead hidden neurons of 30, not retrained"]
    for ax, x, rows, name in zip(axes, (LOST, LATE, DEAD), found.values(), names, strict=True):
        table = np.array(rows)
        ax.fill_between(x, table.min(axis=0), table.max(axis=0), alpha=0.2, color="#0072b2", linewidth=0)
        ax.plot(x, table.mean(axis=0), "o-", color="#0072b2", markersize=3)
        ax.set_xlabel(name, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("validation accuracy")
    figure.savefig(ROOT / "docs" / "pages" / "images" / "faults.png", dpi=130)


if __name__ == "__main__":
    main()
