"""Escape noise: a stochastic neuron learns to make a target spike train likely, by the gradient of its likelihood."""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD = 200 * ms
TARGET = [40 * ms, 95 * ms, 150 * ms]
RATE, DELTA_U = 100.0, 0.15  # hazard at threshold [1/s], and its softness


def build(seed=0, engine="reference", epochs=40):
    """60 inputs that repeat every period; one neuron that follows the target, and learns once in every period."""
    rng = np.random.default_rng(seed)
    trains = [np.sort(rng.uniform(0.0, PERIOD, 3)) for _ in range(60)]
    net = es.Network(seed, engine)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(epochs)]) for t in trains]), name="input")
    own = {"rate": RATE, "delta_u": DELTA_U, "reset": "subtract", "reset_by": "target"}
    y = net.add(es.EscapeLIF(tau_mem=10 * ms, tau_syn=5 * ms, **own), name="neuron", record=["spikes", "state"])
    hazard = es.EscapeRate(beta=1 / DELTA_U, height=RATE)
    rule = es.EscapeGradient(surrogate=hazard, step=es.Adam(lr=0.02), when="apply")
    net.connect(x, y, rule, weight=es.normal(0.15, 0.1), delay=1 * ms)
    net.teach(y, es.TargetTrains([TARGET], period=PERIOD), delay=1 * ms)
    net.connect(net.add(es.Clock(PERIOD)), y, port="apply")
    return net


def figure(seed=0, engine="reference", full=False):
    """Its spikes in every epoch, and the log-likelihood of the target."""
    epochs = 200 if full else 50
    net = build(seed, engine, epochs).run(epochs * PERIOD)
    y = net.population("neuron")
    t = np.arange(0.0, epochs * PERIOD, 0.1 * ms)
    hazard = np.minimum(RATE * np.exp((net.state(y, 0, t)["v"] - 1.0) / DELTA_U), 1e6)
    told = np.concatenate([k * PERIOD + np.array(TARGET) + 1 * ms for k in range(epochs)])
    at = RATE * np.exp((net.state(y, 0, told - 1e-9)["v"] - 1.0) / DELTA_U)
    likelihood = np.log(at).reshape(epochs, -1).sum(1) - hazard.reshape(epochs, -1).sum(1) * 0.1 * ms
    s = net.spikes(y).t
    fig, (left, right) = es.plot.panels(1, 2, size=(8.0, 3.2))
    left.vlines((np.array(TARGET) + 1 * ms) / ms, -0.5, epochs, color=es.plot.COLORS[1], linewidth=4, alpha=0.3)
    left.plot(s % PERIOD / ms, s // PERIOD, ".", color=es.plot.COLORS[0], markersize=3)
    left.set(xlabel="time [ms]", ylabel="epoch", title="its spikes, and the target")
    right.plot(likelihood, color=es.plot.COLORS[0])
    right.set(xlabel="epoch", title="log-likelihood of the target")
    return {"epochs": epochs, "log_likelihood": [float(likelihood[:5].mean()), float(likelihood[-5:].mean())]}, fig


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("escape_noise.png")
