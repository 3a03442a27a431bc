"""Where a surrogate gradient is the expected gradient of a stochastic network: for one neuron, and no longer for two.

Behind a second layer, Campbell's theorem has exp(x) - 1 where backpropagation with surrogates has x.
"""

import numpy as np
from numpy.linalg import norm

import eventsnn as es

END, DT, RATE, DELTA_U = 0.12, 1e-4, 100.0, 0.2
NEURON = es.EscapeLIF(tau_mem=10e-3, tau_syn=5e-3, rate=RATE, delta_u=DELTA_U, reset_by="target")  # never reset


def build(seed, engine, trains, w, copies, strengths):
    """Hidden neurons that fire by chance, each onto a few outputs of its own; what one learns is minus its gradient."""
    net = es.Network(seed, engine, guard=False)
    x, h = net.add(es.SpikeTrain(trains)), net.add(NEURON, copies, name="hidden")
    steep = es.EscapeRate(beta=1 / DELTA_U, height=RATE / DELTA_U)  # the derivative of the hazard
    rule = es.LocalError(surrogate=steep, step=es.Sgd(lr=1.0), when="apply")
    net.connect(x, h, rule, weight=np.repeat(w[:, None], copies, axis=1), name="plastic")
    net.connect(net.add(es.SpikeTrain([[0.0]])), one := net.add(es.ErrorNeuron()), weight=1.0)
    net.connect(one, h, port="error")  # the derivative of the number of spikes by itself
    net.connect(net.add(es.Clock(END)), h, port="apply")
    for a in strengths:
        net.connect(h, net.add(NEURON, copies, name=f"output {a:g}"), weight=a * DELTA_U, pattern=es.one_to_one())
    return net.run(END + DT)


def figure(seed=0, engine="reference", full=False):
    """Both gradients over the strength of a hidden spike, and the expectation that they belong to, simulated."""
    rng, copies, simulated = np.random.default_rng(seed), 1000 if full else 100, np.array([1.0, 2.0, 3.0])
    trains, w = [np.sort(rng.uniform(0.0, 80e-3, 3)) for _ in range(10)], rng.uniform(0.3, 0.7, 10)
    net = build(seed, engine, trains, w, copies, simulated)
    t, psp = np.arange(DT / 2, END, DT)[:, None], np.vectorize(NEURON.psp)
    inputs, kernel = np.array([psp(t - one).sum(axis=1) for one in trains]), psp(t - t.T)
    hazard = RATE * np.exp((w @ inputs - 1.0) / DELTA_U)
    surrogate, expected = w - net.matrix(net.projection("plastic"))[:, 0], inputs @ hazard * DT / DELTA_U
    strengths, theory = np.linspace(0.25, 6.0, 24), []
    for a in strengths:
        out = RATE * np.exp(-1.0 / DELTA_U + np.expm1(a * kernel) @ hazard * DT)  # its hazard, on average
        true, backward = ((out @ through * hazard) @ inputs.T for through in (np.expm1(a * kernel), a * kernel))
        theory.append([norm(backward) / norm(true), es.study.angle(true, backward) / 90.0, out.sum() * DT])
    ratio, degrees, outputs = np.array(theory).T
    counts = [np.bincount(net.spikes(net.population(f"output {a:g}")).i, minlength=copies) for a in simulated]
    mean, error = np.mean(counts, axis=1), np.std(counts, axis=1) / np.sqrt(copies)
    fig, axes = es.plot.panels(1, 3, size=(9.0, 3.0), subplot_kw={"xlabel": "strength of a hidden spike [delta_u]"})
    es.plot.curves(expected, {"surrogate gradient": surrogate}, "o", ax=axes[0], xlabel="expected gradient")
    axes[0].axline((0, 0), slope=1, color="0.6")
    es.plot.curves(strengths, {"surrogate / expected": ratio, "angle / 90°": degrees}, ax=axes[1], title="two layers")
    axes[2].errorbar(simulated, mean, error, fmt="o", color=es.plot.COLORS[1], label="simulated")
    es.plot.curves(strengths, {"Campbell's theorem": outputs}, ax=axes[2], yscale="log", title="spikes of the output")
    off = ((mean - np.interp(simulated, strengths, outputs)) / error).tolist()
    two = {"two": dict(np.array([strengths, ratio.round(3)]).T[3::10].tolist()), "simulated_minus_exact_in_errors": off}
    return {"one": float(norm(surrogate) / norm(expected)), "copies": copies, **two}, fig


if __name__ == "__main__":
    figure()[1].savefig("expected_gradient.png")
