"""Feedback alignment, honestly: the angle between what a hidden layer follows and the true gradient, and its worth.

Yin-Yang as in the demo yin_yang, with every kind of feedback; the angle is that of gradients summed over samples.
"""

import numpy as np

import eventsnn as es

PERIOD = 7.0  # time from one sample to the next, in time constants of the synapses
KINDS = ("symmetric", "sign_symmetric", "learned", "random", "broadcast")


def build(seed=0, engine="compiled", kind="symmetric", samples=None, weights=None, back=None, lr=None):
    """5 inputs, 30 hidden neurons, 3 outputs; with `lr` it takes tiny plain steps, which are the gradient."""
    samples = es.datasets.yin_yang()[0] if samples is None else samples
    parts = {"clip": es.Clip(slope=0.1), "cost": es.WeightSum(sum=1.2, rate=0.01)}
    parts |= (
        {"step": es.AnnealedAdam(lr=0.01, half=3000.0)}
        if lr is None
        else {"step": es.Sgd(lr=lr), "cost": es.NoRemedy()}
    )
    mirror = {"mirror": es.KolenPollack(decay=1e-3)} if kind == "learned" else {}
    w = weights or [es.uniform(1 / 5, 5 / 5), es.uniform(1 / 30, 5 / 30)]
    net = es.Network(seed, engine, **({"guard": False} if engine == "reference" else {}))
    x = net.add(es.Latency(), 5, name="input", record=())
    h, y = (net.add(es.IF(), n, name=name, record=()) for n, name in ((30, "hidden"), (3, "output")))
    net.connect(x, h, es.SpikeTimeGradient(mode="gather", **parts), weight=w[0])
    way = {} if kind == "symmetric" else {"feedback_weight": es.uniform(0.0, 0.5) if back is None else back}
    rule = es.SpikeTimeGradient(mode="immediate", **parts, **mirror)
    net.connect(h, y, rule, weight=w[1], feedback=kind, feedback_delay=0.05, **way)
    stimulus = es.Stimulus(samples.times, samples.labels, PERIOD, passes=1)
    teacher = net.teach(y, es.FirstToSpike(outputs=3, patience=6.0, sharpness=4.0), delay=0.05)
    net.stimulate(stimulus, x, layers=[h, y], teacher=teacher)
    return net


def hidden_gradient(net, kind, back, samples):
    """What the hidden layer would follow with a kind of feedback, summed over some samples."""
    w = [net.matrix(net.projection(name)) for name in ("input->hidden", "hidden->output")]
    probe = build(0, "reference", kind, samples, w, back, lr=1e-7).run(len(samples) * PERIOD)
    return (w[0] - probe.matrix(probe.projection("input->hidden"))).ravel() / 1e-7


def angle(net, kind, back, samples):
    """Between that and the true gradient [degrees]; feedback that changes is taken as it is now."""
    way = net.projection("hidden->output")
    if kind in ("sign_symmetric", "learned"):
        kind, back = "random", net.feedback_weights(way).reshape(30, 3)
    true, own = (hidden_gradient(net, k, b, samples) for k, b in (("symmetric", None), (kind, back)))
    return np.degrees(np.arccos(np.clip(true @ own / np.linalg.norm(true) / np.linalg.norm(own), -1.0, 1.0)))


def figure(seed=0, engine="reference", full=False):
    """Each kind learns the same samples once; so every answer is about a sample that it has not seen."""
    train, validation, _ = es.datasets.yin_yang()
    total, seeds = (len(train), 3) if full else (1500, 1)
    looks = np.linspace(0, total, 11 if full else 6).astype(int)
    fig, (left, right) = es.plot.panels(1, 2, size=(8.0, 3.2))
    found = {"angles": {}, "accuracies": {}, "samples": total}
    for kind, color in zip(KINDS, es.plot.COLORS, strict=False):
        angles, rights = [], []
        for s in range(seed, seed + seeds):
            back = np.random.default_rng(s).uniform(0.0, 0.5, (3, 30) if kind == "broadcast" else (30, 3))
            order = np.random.default_rng([s, 1]).permutation(len(train))[:total]
            net = build(s, engine, kind, train[order], back=back)
            angles.append([angle(net.run(until=k * PERIOD), kind, back, validation[:100]) for k in looks])
            rights.append(net.notes(net.population("teacher"), "correct")[1][: total - 1])
        left.plot(looks, np.mean(angles, axis=0), ".-", color=color, label=kind)
        es.plot.learning_curve(
            (np.arange(len(rights[0])), np.mean(rights, axis=0)), window=300, ax=right, colors=[color]
        )
        found["angles"][kind] = [round(float(a[-1]), 1) for a in angles]
        found["accuracies"][kind] = [round(float(np.mean(r[-500:])), 3) for r in rights]
    left.axhline(90.0, color="0.6", linewidth=0.8)
    left.set(xlabel="samples learned", ylabel="angle to the true gradient [degrees]")
    left.legend(frameon=False, fontsize=7)
    return found, fig


if __name__ == "__main__":
    found, picture = figure()
    print(found)
    picture.savefig("feedback_alignment.png")
