"""Loss, true derivative and surrogate gradient on the straight line from the weights before learning to those after it.

After figure 1 of Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948), but with exact spike times.
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD = 150 * ms
TARGET = [30 * ms, 70 * ms, 110 * ms]


def network(weights, trains, step, periods, engine):
    """A neuron for each row of weights, all with the same inputs and the same target, learning once a period."""
    net = es.Network(0, engine, guard=False)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(periods)]) for t in trains]))
    y = net.add(es.LIF(tau_mem=10 * ms, tau_syn=5 * ms), len(weights))
    rule = es.SuperSpike(surrogate=es.FastSigmoid(beta=5.0), step=step, when="apply")
    plastic = net.connect(x, y, rule, weight=weights.T, delay=1 * ms)
    net.teach(y, es.TargetTrains([TARGET] * len(weights), period=PERIOD), delay=0.1 * ms)
    net.connect(net.add(es.Clock(PERIOD)), y, port="apply")
    net.run(periods * PERIOD + 0.5 * ms)
    return net.spikes(y), net.matrix(plastic).T


def figure(seed=0, engine="reference", full=False):
    """Learn; then look at neurons whose weights lie between before and after."""
    rng, epochs, points = np.random.default_rng(seed), 150 if full else 60, 401 if full else 121
    trains, before = [np.sort(rng.uniform(0.0, 120 * ms, 3)) for _ in range(40)], rng.normal(0.25, 0.15, (1, 40))
    after = network(before, trains, es.RMax(lr=0.02), epochs, engine)[1]
    part = np.linspace(-0.2, 1.2, points)
    weights = before + part[:, None] * (after - before)
    spikes, stepped = network(weights, trains, es.Sgd(lr=1.0), 1, engine)
    surrogate, spikes = (weights - stepped) @ (after - before)[0], spikes.between(0.0, PERIOD).spike_trains().values()
    loss = np.array([es.van_rossum(one + 0.1 * ms, np.array(TARGET) + 0.1 * ms) for one in spikes])
    step = np.diff([len(one) for one in spikes]) != 0
    true, middle = np.diff(loss) / np.diff(part), (surrogate[1:] + surrogate[:-1]) / 2
    area = np.concatenate([[0.0], np.cumsum(middle * np.diff(part))])
    start, end = (np.argmin(np.abs(part - x)) for x in (0.0, 1.0))
    scale = (loss[end] - loss[start]) / (area[end] - area[start])  # a surrogate gradient has no scale of its own
    fig, axes = es.plot.panels(3, 1, size=(6.5, 6.0), sharex=True)
    lines = {"loss": loss, "integral of the surrogate gradient, scaled": scale * (area - area[start]) + loss[start]}
    es.plot.curves(part, lines, ax=axes[0], ylabel="van Rossum loss [1/s]")
    axes[1].plot((part[1:] + part[:-1]) / 2, np.where(step, np.nan, true), ".-", color=es.plot.COLORS[0])
    axes[1].set_yscale("symlog", linthresh=10.0)
    axes[1].set_ylabel("its derivative")
    axes[2].plot(part, surrogate, color=es.plot.COLORS[1])
    axes[2].set(ylabel="surrogate gradient", xlabel="from the weights before learning (0) to those after it (1)")
    agree = float(np.mean((np.sign(true) == np.sign(middle))[~step]))  # between jumps
    found = {"loss": loss[[start, end]].tolist(), "jumps": int(step.sum()), "same_sign": agree, "scale": float(scale)}
    return found | {"points": points}, fig


if __name__ == "__main__":
    figure()[1].savefig("surrogate_path.png")
