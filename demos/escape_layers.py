"""A target spike train through a hidden layer of stochastic neurons: MultilayerSpiker below, EscapeGradient above."""

import numpy as np

import eventsnn as es
from eventsnn import ms

PERIOD, TARGET = 200 * ms, [40 * ms, 95 * ms, 150 * ms]
RATE, DELTA_U = 100.0, 0.15  # hazard at threshold [1/s], and its softness
TAUS = {"tau_mem": 10 * ms, "tau_syn": 5 * ms}


def build(seed, engine, epochs, lr_hidden):
    """30 inputs that repeat every period, 12 hidden neurons, one output; both layers learn once in every period."""
    rng = np.random.default_rng(seed)
    trains = [np.sort(rng.uniform(0.0, PERIOD, 3)) for _ in range(30)]
    net = es.Network(seed, engine, guard=False)
    x = net.add(es.SpikeTrain([np.concatenate([k * PERIOD + t for k in range(epochs)]) for t in trains]), name="input")
    h = net.add(es.EscapeLIF(delta_u=DELTA_U, rate=RATE, **TAUS), 12, name="hidden")
    own = {"rate": RATE, "delta_u": DELTA_U, "reset": "subtract", "reset_by": "target", **TAUS}
    y = net.add(es.EscapeLIF(**own), name="output", record=["spikes", "state"])
    below = es.MultilayerSpiker(
        step=es.Adam(lr=lr_hidden), when="apply", tau_syn_out=TAUS["tau_syn"], tau_mem_out=TAUS["tau_mem"]
    )
    net.connect(x, h, below, weight=es.normal(0.4, 0.3), delay=1 * ms)
    hazard = es.EscapeRate(beta=1 / DELTA_U, height=RATE)
    above = es.EscapeGradient(surrogate=hazard, step=es.Adam(lr=0.02), when="apply", errors="return")
    way_back = {"feedback": "symmetric", "feedback_delay": 0.5 * ms}
    net.connect(h, y, above, weight=es.normal(0.3, 0.3), delay=0.5 * ms, **way_back)
    net.teach(y, es.TargetTrains([TARGET], period=PERIOD), delay=0.5 * ms)
    for layer in (h, y):
        net.connect(net.add(es.Clock(PERIOD)), layer, port="apply")
    return net


def log_likelihood(net, epochs):
    """Of the target, in every epoch, given what the hidden layer fired."""
    y, t = net.population("output"), np.arange(0.0, epochs * PERIOD, 0.2 * ms)
    hazard = np.minimum(RATE * np.exp((net.state(y, 0, t)["v"] - 1.0) / DELTA_U), 1e6)
    told = np.concatenate([k * PERIOD + np.array(TARGET) + 0.5 * ms for k in range(epochs)])
    at = (net.state(y, 0, told - 1e-9)["v"] - 1.0) / DELTA_U + np.log(RATE)
    return at.reshape(epochs, -1).sum(1) - hazard.reshape(epochs, -1).sum(1) * 0.2 * ms


def figure(seed=0, engine="compiled", full=False):
    """With a hidden layer that learns and with one that does not, from the same weights."""
    epochs, seeds, found = 300 if full else 100, range(seed, seed + (5 if full else 3)), {}
    for name, lr in {"both layers learn": 0.02, "only the output learns": 0.0}.items():
        found[name] = [log_likelihood(build(s, engine, epochs, lr).run(epochs * PERIOD), epochs) for s in seeds]
    smooth = {name: [np.convolve(one, np.ones(10) / 10, "valid") for one in rows] for name, rows in found.items()}
    ax = es.plot.curves(np.arange(9, epochs), smooth, xlabel="epoch", ylabel="log-likelihood of the target")
    late = {name: [round(float(one[-epochs // 5 :].mean()), 2) for one in rows] for name, rows in found.items()}
    return {"epochs": epochs, "log_likelihood": late}, ax.figure


if __name__ == "__main__":
    figure()[1].savefig("escape_layers.png")
