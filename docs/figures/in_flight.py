"""Makes pages/images/in_flight.png: Yin-Yang learned with 1 to 16 samples in flight.

An error takes the same time, 112 time constants from the sample's beginning, whatever the number of samples in flight;
what changes is how soon the next sample follows. Settings are those of the demo. Prints a line of JSON for each
network; with a file of such lines, draws them.

python docs/figures/in_flight.py 0 1 2 > found.jsonl
python docs/figures/in_flight.py found.jsonl
"""

import json
import math
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import eventsnn as es

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "demos"))
import yin_yang as demo  # noqa: E402

IN_FLIGHT = (1, 2, 4, 8, 16)
JOURNEY = 112.0  # from a sample's beginning to the changes of the first layer, in time constants
LATE = JOURNEY - demo.PERIOD  # of which so much passes on the way: half before the outputs, half behind


def memory(late: float, period: float, remember: bool) -> tuple[es.Part, float]:
    """What a layer remembers whose errors are late, and when it learns from a sample that is over."""
    after = max(0.0, late - (period - demo.PERIOD))
    trials = math.ceil(after / period) + 1
    return (es.in_flight(trials, after) if remember else es.OneTrial()), after


def network(stimulus: es.Stimulus, seed: int, remember: bool) -> es.Network:
    """The network of the demo, with a slow teacher and a slow way back."""
    parts = {
        "step": es.AnnealedAdam(lr=0.01, half=10_000.0),
        "clip": es.Clip(slope=0.1),
        "cost": es.WeightSum(sum=1.2, rate=0.01),
    }
    (hidden, after_hidden), (output, after_output) = (
        memory(late, stimulus.period, remember) for late in (LATE, LATE / 2)
    )
    gather = es.SpikeTimeGradient(mode="gather", trials=hidden, **parts)
    at_once = es.SpikeTimeGradient(mode="immediate", trials=output, **parts)
    net = es.Network(seed, "compiled")
    x = net.add(es.Latency(), 5, name="input", record=())
    h = net.add(es.IF(), 30, name="hidden", record=())
    y = net.add(es.IF(), 3, name="output", record=())
    net.connect(x, h, gather, weight=es.uniform(1 / 5, 5 / 5))
    net.connect(h, y, at_once, weight=es.uniform(1 / 30, 5 / 30), feedback="symmetric", feedback_delay=LATE / 2)
    teacher = net.teach(y, es.FirstToSpike(outputs=3, patience=6.0, sharpness=4.0), delay=LATE / 2)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher, apply_delays=[after_hidden, after_output])
    return net


def learn(k: int, seed: int, passes: int = demo.PASSES, remember: bool = True) -> dict[str, float]:
    """How well and how fast a network with k samples in flight learns."""
    train, validation, test = demo.samples()
    stimulus = es.Stimulus(train.times, train.labels, JOURNEY / k, shuffle=True, passes=passes, seed=seed)
    net = network(stimulus, seed, remember).run(JOURNEY)  # compiles
    begun = time.process_time()
    net.run(until=stimulus.end + JOURNEY)
    seconds = time.process_time() - begun
    found = {"k": k, "seed": seed, "remember": remember, "passes": passes, "cpu": seconds}
    for name, samples in (("val", validation), ("test", test)):
        asked = demo.asked(net, samples)
        decisions = asked.notes(asked.population("teacher"), "decision")[1]
        found[name] = float(np.mean(decisions == samples.labels))
    return found


def draw(rows: list[dict[str, float]]) -> None:
    """Accuracy and throughput against the number of samples in flight."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
    samples = len(demo.samples()[0])
    each = {k: [r for r in rows if r["k"] == k and r["remember"]] for k in sorted({r["k"] for r in rows})}
    for what, name, color in (("val", "validation", "#009e73"), ("test", "test", "#0072b2")):
        left.plot(list(each), [100 * np.mean([r[what] for r in each[k]]) for k in each], "-", color=color, label=name)
        for k in each:
            left.plot([k] * len(each[k]), [100 * r[what] for r in each[k]], ".", color=color, alpha=0.6)
    left.legend(frameon=False, loc="lower left")
    left.set_ylabel("accuracy, %")
    left.set_ylim(95, 100)
    right.plot(list(each), [1000 * k / JOURNEY for k in each], "o-", color="#0072b2", markersize=3)
    right.set_ylabel("samples per 1000 $\\tau_{syn}$")
    right.set_ylim(0, 160)
    cost = right.twinx()
    cpu = [1e6 * np.median([r["cpu"] / (r["passes"] * samples) for r in each[k]]) for k in each]
    cost.plot(list(each), cpu, "s--", color="#d55e00", markersize=3)
    cost.set_ylabel("CPU per sample, µs", color="#d55e00")
    cost.set_ylim(0, 1.3 * max(cpu))
    for ax in (left, right):
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(each), [str(k) for k in each])
        ax.set_xlabel("samples in flight")
        ax.spines["top"].set_visible(False)
    cost.spines["top"].set_visible(False)
    left.spines["right"].set_visible(False)
    figure.savefig(ROOT / "docs" / "pages" / "images" / "in_flight.png", dpi=130)


def main() -> None:
    words = sys.argv[1:] or ["0"]
    if words[0].isdecimal():
        for k, seed in ((k, int(word)) for word in words for k in IN_FLIGHT):
            print(json.dumps(learn(k, seed)), flush=True)
    else:
        draw([json.loads(line) for line in Path(words[0]).read_text().splitlines()])


if __name__ == "__main__":
    main()
