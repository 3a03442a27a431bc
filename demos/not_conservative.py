"""A surrogate gradient is the gradient of nothing: around closed loops of weights it does not cancel.

The gradient of exact spike times does, as long as no spike appears, vanishes or jumps (Gygax and Zenke 2024).
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

TARGET = [20 * ms, 45 * ms]
LIF = es.LIF(tau_mem=10 * ms, tau_syn=5 * ms)


def answer(cell):
    """The loss is the spike time itself: its derivative is 1."""
    while True:
        message = yield cell.receive()
        cell.send("error", 1.0, to=message.line)


def figure(seed=0, engine="reference", full=False):
    """Closed integrals over the size of the loop, and what is summed along the largest."""
    rng, points = np.random.default_rng(seed), 128 if full else 48
    trains = [np.sort(rng.uniform(0.0, 50 * ms, 4)) for _ in range(12)]
    center, radii = rng.uniform(0.25, 0.5, 12), np.geomspace(0.003, 0.3, 9 if full else 5)
    by_spikes = es.SuperSpike(surrogate=es.FastSigmoid(beta=5.0), step=es.Sgd(lr=1.0), when="apply")
    wanted = lambda net, y: net.teach(y, es.TargetTrains([TARGET] * y.size), delay=0.1 * ms)  # noqa: E731
    by_times, first = es.SpikeTimeGradient(step=es.Sgd(lr=1.0), mode="immediate"), [t[:1] / (10 * ms) for t in trains]
    answered = lambda net, y: net.teach(y, answer, delay=1e-3)  # noqa: E731
    fields = {
        "surrogate": es.study.rule_field(by_spikes, LIF, trains, wanted, 120 * ms, engine),
        "spike times": es.study.rule_field(by_times, es.IF(t_refractory=np.inf), first, answered, 30.0, engine),
    }
    loops = {name: es.study.closed_loops(field, center, radii, points, seed) for name, field in fields.items()}
    largest = {name: one.along[-1] / np.abs(one.along[-1]).max() for name, one in loops.items()}
    fig, (left, right) = es.plot.panels(1, 2, size=(8.0, 3.2))
    es.plot.curves(radii, {name: one.shares() for name, one in loops.items()}, "o-", ax=left)
    left.set(xscale="log", yscale="log", xlabel="radius of the loop", ylabel="|closed integral| / integral of |.|")
    es.plot.curves(np.arange(points) / points, largest, ax=right, xlabel="way around the largest loop")
    right.set_ylabel("gradient along the loop (scaled)")
    found = {"radii": radii.tolist(), "points": points}
    for name, one in loops.items():
        share, half = one.shares().tolist(), float(one.shares(every=2)[0])
        found[name.replace(" ", "_")] = {"shares": share, "smallest_loop": share[0], "half_the_points": half}
    return found, fig


if __name__ == "__main__":
    figure()[1].savefig("not_conservative.png")
