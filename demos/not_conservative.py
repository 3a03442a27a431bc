"""A surrogate gradient is the gradient of nothing: around closed loops of weights it does not cancel.

The gradient of exact spike times does, as long as no spike appears, vanishes or jumps (Gygax and Zenke 2024).
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

INPUTS = 12
TARGET = [20 * ms, 45 * ms]


def answer(cell):
    """The loss is the spike time itself: its derivative is 1."""
    while True:
        message = yield cell.receive()
        cell.send("error", 1.0, to=message.line)


def surrogate_gradient(weights, trains, engine):
    """Of the van Rossum loss: a neuron for each row of weights, which SuperSpike would change by minus that."""
    net = es.Network(0, engine, **({"guard": False} if engine == "reference" else {}))
    x = net.add(es.SpikeTrain(trains))
    y = net.add(es.LIF(tau_mem=10 * ms, tau_syn=5 * ms), len(weights))
    rule = es.SuperSpike(surrogate=es.FastSigmoid(beta=5.0), step=es.Sgd(lr=1.0), when="apply")
    plastic = net.connect(x, y, rule, weight=weights.T)
    net.teach(y, es.TargetTrains([TARGET] * len(weights)), delay=0.1 * ms)
    net.connect(net.add(es.Clock(120 * ms)), y, port="apply")
    return weights - net.run(121 * ms).matrix(plastic).T


def spike_time_gradient(weights, trains, engine):
    """Of the time of the first spike, in units of the synaptic time constant; exact."""
    net = es.Network(0, engine)
    x = net.add(es.SpikeTrain([train[:1] / (10 * ms) for train in trains]))
    y = net.add(es.IF(t_refractory=np.inf), len(weights))
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=1.0), mode="immediate")
    plastic = net.connect(x, y, rule, weight=weights.T)
    teacher = net.add(answer)
    net.connect(y, teacher)
    net.connect(teacher, y, port="error", delay=1e-3)
    return weights - net.run(30.0).matrix(plastic).T


def around(field, center, radius, points, seed):
    """What a field does along a circle of weights: its part along the circle, times 2 pi radius."""
    one, other = np.linalg.qr(np.random.default_rng(seed).normal(size=(INPUTS, 2)))[0].T
    angle = 2 * np.pi * np.arange(points)[:, None] / points
    weights = center + radius * (np.cos(angle) * one + np.sin(angle) * other)
    along = np.cos(angle) * other - np.sin(angle) * one
    return 2 * np.pi * radius * np.sum(field(weights) * along, axis=1)


def figure(seed=0, engine="reference", full=False):
    """Closed integrals over the size of the loop, and what is summed along the largest."""
    rng, points = np.random.default_rng(seed), 128 if full else 48
    trains = [np.sort(rng.uniform(0.0, 50 * ms, 4)) for _ in range(INPUTS)]
    center, radii = rng.uniform(0.25, 0.5, INPUTS), np.geomspace(0.003, 0.3, 9 if full else 5)
    fields = {"surrogate": surrogate_gradient, "spike times": spike_time_gradient}
    fig, (left, right) = es.plot.panels(1, 2, size=(8.0, 3.2))
    found = {"radii": radii.tolist(), "points": points}
    for (name, field), color in zip(fields.items(), es.plot.COLORS, strict=False):
        each = [around(lambda w: field(w, trains, engine), center, r, points, seed) for r in radii]  # noqa: B023
        share = [abs(np.mean(e)) / np.mean(np.abs(e)) for e in each]
        left.loglog(radii, share, "o-", color=color, label=name)
        right.plot(np.arange(points) / points, each[-1] / np.abs(each[-1]).max(), color=color, label=name)
        half = abs(np.mean(each[0][::2])) / np.mean(np.abs(each[0][::2]))  # the same, had there been half the points
        found[name.replace(" ", "_")] = {"shares": share, "smallest_loop": share[0], "half_the_points": half}
    left.set(xlabel="radius of the loop", ylabel="|closed integral| / integral of |.|")
    right.set(xlabel="way around the largest loop", ylabel="gradient along the loop (scaled)")
    left.legend(frameon=False)
    return found, fig


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("not_conservative.png")
