"""Loss, true derivative and surrogate gradient on the straight line from the weights before learning to those after it.

After figure 1 of Neftci, Mostafa and Zenke 2019 (arXiv 1901.09948), but with exact spike times.
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD = 150 * ms
TARGET = [30 * ms, 70 * ms, 110 * ms]
RULE = {"surrogate": es.FastSigmoid(beta=5.0), "when": "apply"}


def network(weights, trains, step, periods, engine):
    """A neuron for each row of weights, all with the same inputs and the same target, learning once a period."""
    net = es.Network(0, engine, **({"guard": False} if engine == "reference" else {}))
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(periods)]) for t in trains]))
    y = net.add(es.LIF(tau_mem=10 * ms, tau_syn=5 * ms), len(weights), name="y")
    net.connect(x, y, es.SuperSpike(step=step, **RULE), weight=weights.T, delay=1 * ms, name="plastic")
    net.teach(y, es.TargetTrains([TARGET] * len(weights), period=PERIOD), delay=0.1 * ms)
    net.connect(net.add(es.Clock(PERIOD)), y, port="apply")
    return net.run(periods * PERIOD + 0.5 * ms)


def figure(seed=0, engine="reference", full=False):
    """Learn; then look at neurons whose weights lie between before and after."""
    rng, epochs, points = np.random.default_rng(seed), 150 if full else 60, 401 if full else 121
    trains = [np.sort(rng.uniform(0.0, 120 * ms, 3)) for _ in range(40)]
    before = rng.normal(0.25, 0.15, (1, 40))
    learned = network(before, trains, es.RMax(lr=0.02), epochs, engine)
    after = learned.matrix(learned.projection("plastic")).T
    part = np.linspace(-0.2, 1.2, points)
    weights = before + part[:, None] * (after - before)
    net = network(weights, trains, es.Sgd(lr=1.0), 1, engine)
    surrogate = (weights - net.matrix(net.projection("plastic")).T) @ (after - before)[0]
    spikes = net.spikes(net.population("y")).between(0.0, PERIOD).spike_trains()
    target = np.array(TARGET) + 0.1 * ms
    loss = np.array([es.van_rossum(spikes[k] + 0.1 * ms, target) for k in range(points)])
    step = np.diff([len(train) for train in spikes.values()]) != 0
    true = np.diff(loss) / np.diff(part)
    middle = (surrogate[1:] + surrogate[:-1]) / 2
    area = np.concatenate([[0.0], np.cumsum(middle * np.diff(part))])
    start, end = np.argmin(np.abs(part)), np.argmin(np.abs(part - 1.0))
    scale = (loss[end] - loss[start]) / (area[end] - area[start])  # a surrogate gradient has no scale of its own
    fig, axes = es.plot.panels(3, 1, size=(6.5, 6.0), sharex=True)
    axes[0].plot(part, loss, color=es.plot.COLORS[0], label="loss")
    axes[0].plot(part, scale * (area - area[start]) + loss[start], color=es.plot.COLORS[1], label="integral, scaled")
    axes[1].plot((part[1:] + part[:-1]) / 2, np.where(step, np.nan, true), ".-", color=es.plot.COLORS[0])
    axes[1].set_yscale("symlog", linthresh=10.0)
    axes[2].plot(part, surrogate, color=es.plot.COLORS[1])
    axes[0].legend(frameon=False)
    for ax, name in zip(axes, ["van Rossum loss [1/s]", "its derivative", "surrogate gradient"], strict=True):
        ax.set_ylabel(name)
    axes[2].set_xlabel("from the weights before learning (0) to those after it (1)")
    agree = float(np.mean((np.sign(true) == np.sign(middle))[~step]))  # between jumps
    found = {"loss": [float(loss[start]), float(loss[end])], "jumps": int(step.sum()), "same_sign": agree}
    return found | {"scale": float(scale), "points": points}, fig


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("surrogate_path.png")
