"""Where a surrogate gradient is the expected gradient of a stochastic network: for one neuron, and no longer for two.

A neuron with escape noise and without reset fires n times, and E[n] = integral of the hazard. Its gradient has the
derivative of the hazard where a surrogate stands. In a second layer a spike multiplies the hazard by exp(x), so the
expectation over the spikes (Campbell's theorem) has exp(x) - 1 where backpropagation with surrogates has x.
"""

import numpy as np

import eventsnn as es
from eventsnn import ms

END, DT = 120 * ms, 0.1 * ms
RATE, DELTA_U = 100.0, 0.2
NEURON = es.EscapeLIF(tau_mem=10 * ms, tau_syn=5 * ms, rate=RATE, delta_u=DELTA_U, reset_by="target")  # never reset
STEEP = es.EscapeRate(beta=1 / DELTA_U, height=RATE / DELTA_U)  # the derivative of its hazard


@es.needs(es.global_error)
def say_one(cell):
    """The derivative of the number of spikes by the number of spikes."""
    cell.send("error", 1.0)
    yield cell.until(END)


def build(seed=0, engine="reference", trains=((0.01,),), w=(1.0,), copies=1, strengths=()):
    """Hidden neurons that fire by chance, each onto a few outputs of its own; what one learns is minus its gradient."""
    net = es.Network(seed, engine, **({"guard": False} if engine == "reference" else {}))
    x = net.add(es.SpikeTrain(trains))
    h = net.add(NEURON, copies, name="hidden")
    rule = es.LocalError(surrogate=STEEP, step=es.Sgd(lr=1.0), when="apply")
    net.connect(x, h, rule, weight=np.repeat(np.array(w)[:, None], copies, axis=1), name="plastic")
    net.connect(net.add(say_one), h, port="error")
    net.connect(net.add(es.Clock(END)), h, port="apply")
    for a in strengths:
        net.connect(h, net.add(NEURON, copies, name=f"output {a:g}"), weight=a * DELTA_U, pattern=es.one_to_one())
    return net.run(END + DT)


def figure(seed=0, engine="reference", full=False):
    """Both gradients over the strength of a hidden spike, and the expectation that they belong to, simulated."""
    rng, copies = np.random.default_rng(seed), 1000 if full else 100
    trains, w = [np.sort(rng.uniform(0.0, 80 * ms, 3)) for _ in range(10)], rng.uniform(0.3, 0.7, 10)
    t = np.arange(DT / 2, END, DT)
    psp = np.vectorize(NEURON.psp)
    inputs = np.array([psp(t[:, None] - train).sum(axis=1) for train in trains])
    kernel = psp(t[:, None] - t)
    hazard = RATE * np.exp((w @ inputs - 1.0) / DELTA_U)
    simulated = np.array([1.0, 2.0, 3.0])
    net = build(seed, engine, trains, w, copies, simulated)
    surrogate, expected = w - net.matrix(net.projection("plastic"))[:, 0], inputs @ hazard * DT / DELTA_U
    counts = [np.bincount(net.spikes(net.population(f"output {a:g}")).i, minlength=copies) for a in simulated]
    strengths, ratio, degrees, outputs = np.linspace(0.25, 6.0, 24), [], [], []
    for a in strengths:
        out = RATE * np.exp(-1.0 / DELTA_U + np.expm1(a * kernel) @ hazard * DT)  # its hazard, on average
        true, backward = ((out @ through * hazard) @ inputs.T for through in (np.expm1(a * kernel), a * kernel))
        ratio.append(np.linalg.norm(backward) / np.linalg.norm(true))
        degrees.append(np.degrees(np.arccos(true @ backward / np.linalg.norm(true) / np.linalg.norm(backward))))
        outputs.append(out.sum() * DT)
    fig, axes = es.plot.panels(1, 3, size=(9.0, 3.0))
    axes[0].plot(expected, surrogate, "o", color=es.plot.COLORS[0])
    axes[0].axline((0, 0), slope=1, color="0.6", linewidth=0.8)
    axes[0].set(xlabel="expected gradient", ylabel="surrogate gradient", title="one neuron, ten weights")
    axes[1].plot(strengths, ratio, color=es.plot.COLORS[1], label="length: surrogate / expected")
    axes[1].plot(strengths, np.array(degrees) / 90.0, color=es.plot.COLORS[2], label="angle between them / 90°")
    axes[1].set(xlabel="strength of a hidden spike [delta_u]", title="two layers")
    axes[2].semilogy(strengths, outputs, color=es.plot.COLORS[0], label="Campbell's theorem")
    error = [c.std() / np.sqrt(copies) for c in counts]
    axes[2].errorbar(simulated, [c.mean() for c in counts], error, fmt="o", color=es.plot.COLORS[1], label="simulated")
    axes[2].set(xlabel="strength of a hidden spike [delta_u]", title="spikes of the output")
    for ax in axes[1:]:
        ax.legend(frameon=False, fontsize=7)
    found = {"one": float(np.linalg.norm(surrogate) / np.linalg.norm(expected)), "copies": copies}
    found["two"] = {float(a): round(r, 3) for a, r in list(zip(strengths, ratio, strict=True))[3::10]}
    exact = np.interp(simulated, strengths, outputs)
    found["simulated_minus_exact_in_errors"] = [
        float((c.mean() - m) / e) for c, m, e in zip(counts, exact, error, strict=True)
    ]
    return found, fig


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("expected_gradient.png")
