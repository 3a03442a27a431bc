"""Which surrogate derivative, and how steep? A hidden layer learns target trains by SuperSpike with each of them."""

import itertools

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD = 200 * ms
SHAPES = ("fast sigmoid", "exponential", "triangular", "boxcar")


def final_loss(seed, engine, epochs, shape):
    """Van Rossum loss in the last tenth of the epochs, in units of that of an output which never fires."""
    rng = np.random.default_rng(seed)
    trains, targets = ([np.sort(rng.uniform(10 * ms, 190 * ms, 4)) for _ in range(n)] for n in (40, 3))
    net = es.Network(seed, engine, guard=False)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(epochs)]) for t in trains]), name="x")
    h, y = (net.add(es.LIF(tau_mem=10 * ms, tau_syn=5 * ms), n, name=name) for n, name in ((12, "h"), (3, "y")))
    rule, back = {"surrogate": shape, "step": es.RMax(lr=0.03), "when": "apply"}, {"feedback_delay": 1 * ms}
    net.connect(x, h, es.SuperSpike(**rule), weight=es.normal(0.3, 0.3), delay=1 * ms)
    rule = es.SuperSpike(errors="return", **rule)
    net.connect(h, y, rule, weight=es.normal(0.6, 0.6), delay=1 * ms, feedback="symmetric", **back)
    net.teach(y, es.TargetTrains(targets, period=PERIOD), delay=1 * ms)
    for layer in (h, y):
        net.connect(net.add(es.Clock(PERIOD)), layer, port="apply")
    spikes, rounds = net.run(epochs * PERIOD).spikes(y), range(epochs - epochs // 10, epochs)
    late = [spikes.between(k * PERIOD, (k + 1) * PERIOD).spike_trains() for k in rounds]
    found = [
        es.van_rossum(one[j] - k * PERIOD, targets[j]) for k, one in zip(rounds, late, strict=True) for j in range(3)
    ]
    return float(np.mean(found) / np.mean([es.van_rossum([], target) for target in targets]))


def figure(seed=0, engine="compiled", full=False):
    """The loss over the steepness, for each shape: mean and range of the seeds."""
    betas, seeds, epochs = ([0.5, 1, 2, 5, 10, 25, 50, 100], 5, 200) if full else ([1, 5, 25, 100], 3, 60)
    loss = {name: [[] for _ in range(seeds)] for name in SHAPES}
    for s, name, beta in itertools.product(range(seeds), SHAPES, betas):
        shape = es.study.AnyShape(shape=name, beta=float(beta))
        loss[name][s].append(round(final_loss(seed + s, engine, epochs, shape), 3))
    fig, (left, right) = es.plot.panels(1, 2, size=(8.0, 3.2))
    usual = np.mean(list(loss.values()), axis=(0, 2))[:, None]  # of a seed: tasks are not equally hard
    lines = {name: np.array(rows) - usual for name, rows in loss.items()}
    es.plot.curves(betas, lines, ".-", ax=left, xscale="log", xlabel="steepness beta", ylabel="loss - mean of the seed")
    es.plot.surrogates(*(es.study.AnyShape(shape=name, beta=2.0) for name in SHAPES), labels=SHAPES, ax=right)
    right.get_legend().remove()  # it is that on the left
    return {"loss": loss, "betas": betas, "epochs": epochs}, fig


if __name__ == "__main__":
    figure()[1].savefig("surrogate_shapes.png")
